package kdp

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"

	"github.com/beevik/etree"

	"kelisim/internal/ident"
)

// scb asks through the state credit bureau: SOAP, HTTP Basic of the organization,
// and in the header on whose behalf. One method puts the question and tells what
// became of it.
type scb struct {
	*wire
	set *Settings
}

func (c *scb) Ask(ctx context.Context, q *Question) (*Answer, error) {
	account, ok := c.set.Accounts[q.Initiator.BIN]
	if !ok {
		return nil, Refused
	}
	message, err := c.message(q, &account)
	if err != nil {
		return nil, Garbled
	}
	root, err := c.post(ctx, c.set.SCB.URL, c.set.SCB.ContentType, c.set.SCB.Action, message, func(r *http.Request) {
		r.SetBasicAuth(account.User, account.Password)
	})
	if err != nil {
		return nil, err
	}
	body := child(root, "Body")
	if body == nil {
		return nil, Garbled
	}
	return c.set.answer(body, &c.set.SCB.Answer)
}

func (c *scb) Status(ctx context.Context, q *Question) (*Answer, error) { return c.Ask(ctx, q) }

// History: the credit bureau has no such call that is known.
func (*scb) History(context.Context, *Period) (string, error) { return "", Refused }

func (c *scb) Withdrawn(ctx context.Context, q *Question) error {
	account, ok := c.set.Accounts[q.Initiator.BIN]
	if !ok {
		return Refused
	}
	message, err := c.call(q, &account, c.set.SCB.Withdraw.Name, c.set.SCB.Withdraw.Fields)
	if err != nil {
		return Garbled
	}
	root, err := c.post(ctx, c.set.SCB.URL, c.set.SCB.ContentType, c.set.SCB.Action, message, func(r *http.Request) {
		r.SetBasicAuth(account.User, account.Password)
	})
	if err != nil {
		return err
	}
	return taken(child(root, "Body"))
}

func (c *scb) message(q *Question, account *Account) ([]byte, error) {
	return c.call(q, account, c.set.SCB.Method, c.set.SCB.Fields)
}

func (c *scb) call(q *Question, account *Account, method string, list []Field) ([]byte, error) {
	doc, header, body := envelope()
	header.CreateElement(c.set.SCB.UserElement).SetText(account.UserID)
	call := body.CreateElement("data:" + method)
	call.CreateAttr("xmlns:data", c.set.SCB.Namespace)
	values := c.set.values(q, c.set.SCB.Between)
	if c.set.SCB.Number == "digits" {
		values["number"] = digits(q.Number)
	}
	fields(call, list, values)
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true}
	return doc.WriteToBytes()
}

// digits is a number of fifteen digits that is the same each time.
func digits(id ident.ID) string {
	return fmt.Sprintf("%015d", binary.BigEndian.Uint64(id[8:])%1_000_000_000_000_000)
}
