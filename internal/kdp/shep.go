package kdp

import (
	"context"
	"slices"
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
	body, err := c.exchange(ctx, message)
	if err != nil {
		return nil, err
	}
	return c.set.answer(body, &c.set.SHEP.Answer)
}

func (c *shep) Status(ctx context.Context, q *Question) (*Answer, error) { return c.Ask(ctx, q) }

// History asks what the service keeps of a person. The answer is a text, and what it
// is made of nobody has said: it is handed on as it is.
func (c *shep) History(ctx context.Context, p *Period) (string, error) {
	set, now := &c.set.SHEP.History, c.now()
	account, ok := c.set.Accounts[p.BIN]
	if !ok {
		return "", Refused
	}
	l := c.letter(&account, ident.NewID(now), &set.Kind)
	l.fill(set.Fields, map[string]string{
		"iin": p.IIN, "from": p.From.In(almaty).Format(set.Time), "to": p.To.In(almaty).Format(set.Time),
	})
	message, err := l.seal(c.set, &account)
	if err != nil {
		return "", Garbled
	}
	body, err := c.exchange(ctx, message)
	if err != nil {
		return "", err
	}
	if child(body, "Fault") != nil {
		return "", Faulty
	}
	data := find(body, &Places{In: set.Answer.In, Status: set.Answer.Text})
	if data == nil || text(data, set.Answer.IIN) != p.IIN { // of another person it is no answer
		return "", Garbled
	}
	return plain(text(data, set.Answer.Text)), nil
}

func (c *shep) Withdrawn(ctx context.Context, q *Question) error {
	set := &c.set.SHEP.Withdraw
	account, ok := c.set.Accounts[q.Initiator.BIN]
	if !ok {
		return Refused
	}
	l := c.letter(&account, q.Number, &set.Kind)
	l.fill(set.Fields, c.set.values(q, c.set.SHEP.Between))
	message, err := l.seal(c.set, &account)
	if err != nil {
		return Garbled
	}
	body, err := c.exchange(ctx, message)
	if err != nil {
		return err
	}
	return taken(body)
}

// exchange sends a message and returns the body that came back, or the part of it
// that the gateway signed.
func (c *shep) exchange(ctx context.Context, message []byte) (*etree.Element, error) {
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
	return body, nil
}

// letter is a message of the channel before its data is filled in.
type letter struct {
	doc          *etree.Document
	header, body *etree.Element
	data         *etree.Element
	prefix       string // of the fields
}

func (c *shep) letter(account *Account, number ident.ID, kind *Kind) *letter {
	set, now := &c.set.SHEP, c.now()
	l := &letter{}
	l.doc, l.header, l.body = envelope()
	send := l.body.CreateElement("ch:" + set.Message)
	send.CreateAttr("xmlns:ch", set.Namespace)
	request := send.CreateElement("request")
	info := request.CreateElement("requestInfo")
	fields(info, []Field{{"message", "messageId"}, {"number", "correlationId"}, {"service", "serviceId"}, {"date", "messageDate"}}, map[string]string{
		"message": ident.NewID(now).String(), "number": number.String(), "service": kind.ServiceID,
		"date": now.In(almaty).Format("2006-01-02T15:04:05.000-07:00"),
	})
	fields(info.CreateElement("sender"), []Field{{"sender", "senderId"}, {"password", "password"}}, map[string]string{
		"sender": account.Sender, "password": account.Password,
	})
	info.CreateElement("sessionId").SetText(ident.NewID(now).String())
	l.data = request.CreateElement("requestData").CreateElement("data")
	if kind.Payload != "" {
		l.prefix = "kdp:"
		l.data.CreateAttr("xmlns:kdp", kind.Payload)
	}
	l.data.CreateAttr("xmlns:xsi", xsiNS)
	l.data.CreateAttr("xsi:type", l.prefix+kind.Type)
	if !kind.Qualified {
		l.prefix = ""
	}
	return l
}

func (l *letter) fill(list []Field, values map[string]string) {
	for _, f := range list {
		fields(l.data, []Field{{f.Is, l.prefix + f.Element}}, values)
	}
}

// seal signs the body and writes the message.
func (l *letter) seal(s *Settings, account *Account) ([]byte, error) {
	if err := Sign(l.header, l.body, account.Key, account.Cert, s.SHEP.BodyID, s.SHEP.KeyInfo); err != nil {
		return nil, err
	}
	l.doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	return l.doc.WriteToBytes()
}

func (c *shep) message(q *Question, account *Account) ([]byte, error) {
	set, now := &c.set.SHEP, c.now()
	l := c.letter(account, q.Number, &Kind{ServiceID: set.ServiceID, Payload: set.Payload, Type: set.Type, Qualified: set.Qualified})
	values := c.set.values(q, set.Between)
	list := set.Fields
	if q.Check != "" {
		ovt, err := c.ovt(q, account, now)
		if err != nil {
			return nil, err
		}
		values["ovt"] = ovt
	} else {
		list = slices.DeleteFunc(slices.Clone(list), func(f Field) bool { return f.Is == "ovt" })
	}
	l.fill(list, values)
	return l.seal(c.set, account)
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
