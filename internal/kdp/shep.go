package kdp

import (
	"context"
	"time"

	"github.com/beevik/etree"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"kelisim/internal/ident"
)

// shep asks over the gateway of e-government: a message of the synchronous channel
// whose body is signed with the organization's key. Every message has a number of
// its own, for the gateway takes none twice; the number of the request is what ties
// them together.
type shep struct {
	*wire
	set *Settings
	now func() time.Time
}

const xsiNS = "http://www.w3.org/2001/XMLSchema-instance"

func (c *shep) Ask(ctx context.Context, q *Question) (*Answer, error) {
	account, ok := c.set.Accounts[q.Initiator.BIN]
	if !ok {
		return nil, Refused
	}
	message, err := c.message(q, &account)
	if err != nil {
		return nil, Garbled
	}
	root, err := c.post(ctx, c.set.SHEP.URL, c.set.SHEP.ContentType, c.set.SHEP.Action, message, nil)
	if err != nil {
		return nil, err
	}
	body := child(root, "Body")
	if c.set.SHEP.gateway != nil {
		if body != nil && child(body, "Fault") != nil {
			return nil, Faulty // signed or not, it brings nothing
		}
		// From here on only what the signature covers is looked at.
		if body, err = Verify(root, c.set.SHEP.gateway); err != nil {
			return nil, Unsigned
		}
	}
	if body == nil {
		return nil, Garbled
	}
	return c.set.answer(body, &c.set.SHEP.Answer)
}

func (c *shep) Status(ctx context.Context, q *Question) (*Answer, error) { return c.Ask(ctx, q) }

func (c *shep) message(q *Question, account *Account) ([]byte, error) {
	set, now := &c.set.SHEP, c.now()
	doc, header, body := envelope()
	send := body.CreateElement("ch:" + set.Message)
	send.CreateAttr("xmlns:ch", set.Namespace)
	request := send.CreateElement("request")
	info := request.CreateElement("requestInfo")
	fields(info, []Field{{"message", "messageId"}, {"number", "correlationId"}, {"service", "serviceId"}, {"date", "messageDate"}}, map[string]string{
		"message": ident.NewID(now).String(), "number": q.Number.String(), "service": set.ServiceID,
		"date": now.In(almaty).Format("2006-01-02T15:04:05.000-07:00"),
	})
	fields(info.CreateElement("sender"), []Field{{"sender", "senderId"}, {"password", "password"}}, map[string]string{
		"sender": account.Sender, "password": account.Password,
	})
	info.CreateElement("sessionId").SetText(ident.NewID(now).String())
	data := request.CreateElement("requestData").CreateElement("data")
	prefix := ""
	if set.Payload != "" {
		prefix = "kdp:"
		data.CreateAttr("xmlns:kdp", set.Payload)
	}
	data.CreateAttr("xmlns:xsi", xsiNS)
	data.CreateAttr("xsi:type", prefix+set.Type)
	if !set.Qualified {
		prefix = ""
	}
	values := c.set.values(q, set.Between)
	if q.Check != "" {
		ovt, err := c.ovt(q, account, now)
		if err != nil {
			return nil, err
		}
		values["ovt"] = ovt
	}
	for _, f := range set.Fields {
		if f.Is != "ovt" || values["ovt"] != "" {
			fields(data, []Field{{f.Is, prefix + f.Element}}, values)
		}
	}
	if err := Sign(header, body, account.Key, account.Cert, set.BodyID, set.KeyInfo); err != nil {
		return nil, err
	}
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	return doc.WriteToBytes()
}

// almaty is the zone that messages are dated in; the country has one.
var almaty = time.FixedZone("", 5*60*60)

// ovt is the proof that the person was checked, which lets the message to the person
// be left out.
func (c *shep) ovt(q *Question, account *Account, now time.Time) (string, error) {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: account.Key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	set := &c.set.SHEP.OVT
	return jwt.Signed(s).Claims(map[string]any{
		set.BIN: q.Initiator.BIN, set.Check: q.Check, "iat": now.Unix(), "exp": now.Add(set.Life).Unix(),
	}).Serialize()
}
