package api

import (
	"encoding/json"
	"net/http"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/verify"
)

// Who has to do with orders.
var orderers = []account.Role{account.Officer, account.Authority, account.Examiner}

// maxOrder bounds the body of an order: a document and some text, in base64.
const maxOrder = 8 << 20

// orderRoutes are those of orders, examinations and integrations.
func orderRoutes() []route {
	return []route{
		post("/v1/orders", "Orders", "Put an order of the authorised body, a court or a prosecutor", orderers, http.StatusCreated, (*call).putOrder).upTo(maxOrder),
		get("/v1/orders", "Orders", "Orders, newest first", orderers, (*call).listOrders,
			append([]param{{"organization", "BIN"}, {"status", "open, executed, cancelled"}, {"kind", "clarify, block, unblock, destroy, suspend, resume, inquiry, examination, integration"}}, page...)...),
		get("/v1/orders/{id}", "Orders", "One order, with what came of it", orderers, (*call).getOrder),
		get("/v1/orders/{id}/file", "Orders", "The document of an order", orderers, (*call).orderFile),
		get("/v1/orders/{id}/answer", "Orders", "The document of the answer", orderers, (*call).answerFile),
		get("/v1/orders/{id}/extract", "Orders", "The order with proofs of all that was done by it, for a case (Art. 29)", orderers, (*call).orderExtract),
		post("/v1/orders/{id}/execute", "Orders", "Carry an order out", deferrers, http.StatusOK, (*call).executeOrder).upTo(maxOrder),
		post("/v1/orders/{id}/cancel", "Orders", "Take an order back", orderers, http.StatusOK, (*call).cancelOrder),
	}
}

type paperBody struct {
	Name    string `json:"name"`
	Type    string `json:"type"`    // application/pdf, image/jpeg, image/png, text/plain
	Content []byte `json:"content"` // base64, at most 5 MiB
}

func (b *paperBody) file() *order.File {
	if b == nil {
		return nil
	}
	return &order.File{Name: b.Name, Type: b.Type, Content: b.Content}
}

type orderRequest struct {
	Organization string                     `json:"organization,omitempty"` // BIN; an officer's own if absent
	Kind         string                     `json:"kind"`
	Source       string                     `json:"source,omitempty"` // authorised-body, prosecutor, court, technical-service, operator
	Subject      ident.ID                   `json:"subject,omitzero"` // as the organization knows the person
	Identifier   *identifierBody            `json:"identifier,omitempty"`
	Document     string                     `json:"document"` // number and date of the act
	Details      string                     `json:"details,omitempty"`
	File         *paperBody                 `json:"file,omitempty"`
	Categories   []string                   `json:"categories,omitempty"` // to destroy; all if absent
	Values       map[string]json.RawMessage `json:"values,omitempty"`     // to clarify
	Until        time.Time                  `json:"until,omitzero"`       // of an examination
}

type fileNote struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

type orderBody struct {
	ID           ident.ID      `json:"id"`
	Organization string        `json:"organization"`
	Kind         order.Kind    `json:"kind"`
	Source       order.Source  `json:"source"`
	Provision    law.Provision `json:"provision"`
	Status       order.Status  `json:"status"`
	Outcome      order.Outcome `json:"outcome,omitempty"` // done, nothing-held, answered, admitted, agreed, refused
	Subject      ident.ID      `json:"subject,omitzero"`
	Document     string        `json:"document"`
	Details      string        `json:"details,omitempty"`
	Categories   []string      `json:"categories,omitempty"`
	File         *fileNote     `json:"file,omitempty"`
	IssuedAt     time.Time     `json:"issuedAt"`
	Due          *time.Time    `json:"due,omitempty"`
	Overdue      bool          `json:"overdue"`
	Until        *time.Time    `json:"until,omitempty"`
	EndedAt      *time.Time    `json:"endedAt,omitempty"`
	Waits        string        `json:"waits,omitempty"` // second-person: one has confirmed, and another has to
	Answer       string        `json:"answer,omitempty"`
	AnswerFile   *fileNote     `json:"answerFile,omitempty"`
	Entries      []ident.ID    `json:"entries"` // of the journal
}

func noted(f *order.File) *fileNote {
	if f == nil {
		return nil
	}
	return &fileNote{f.Name, f.Type, len(f.Content), f.Sum()}
}

func (c *call) toOrder(o *order.Order, org *party.Organization) (*orderBody, error) {
	b := &orderBody{
		ID: o.ID, Organization: org.BIN, Kind: o.Kind, Source: o.Source, Provision: o.Provision, Status: o.Status, Outcome: o.Outcome,
		Document: o.Document, Details: o.Details, Categories: o.Categories, File: noted(o.File), IssuedAt: o.Issued,
		Answer: o.Answer, AnswerFile: noted(o.AnswerFile), Entries: o.Entries,
	}
	if !o.Subject.IsZero() {
		b.Subject = org.Outside(o.Subject)
	}
	if !o.Until.IsZero() {
		b.Until = &o.Until
	}
	if !o.Ended.IsZero() {
		b.EndedAt = &o.Ended
	}
	if o.Status == order.Open && o.First != "" {
		b.Waits = "second-person"
	}
	if o.Term.IsZero() {
		return b, nil
	}
	t, err := c.Terms.One(c.ctx(), o.Org, o.Term)
	if err != nil {
		return nil, err
	}
	b.Due, b.Overdue = &t.Due, t.Overdue(c.Now())
	return b, nil
}

func (c *call) putOrder(in *orderRequest) (*orderBody, error) {
	if len(in.Categories) > maxList {
		return nil, fault.Bad("categories", "too-many-items", "max", maxList)
	}
	n := &order.New{
		Organization: in.Organization, Kind: order.Kind(in.Kind), Source: order.Source(in.Source), Subject: in.Subject, Until: in.Until,
		Content: order.Content{Document: in.Document, Details: in.Details, File: in.File.file(), Categories: in.Categories, Values: in.Values},
	}
	if in.Identifier != nil {
		id, err := in.Identifier.identifier()
		if err != nil {
			return nil, under("identifier", err)
		}
		n.Identifier = id
	}
	o, err := c.Orders.Issue(c.ctx(), c.caller, n)
	if err != nil {
		return nil, err
	}
	org, err := c.Parties.ByID(c.ctx(), o.Org)
	if err != nil {
		return nil, err
	}
	return c.toOrder(o, org)
}

// ownOrder is an order that the caller has to do with.
func (c *call) ownOrder() (*order.Order, *party.Organization, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, nil, err
	}
	return c.Orders.One(c.ctx(), c.caller, id)
}

func (c *call) getOrder() (*orderBody, error) {
	o, org, err := c.ownOrder()
	if err != nil {
		return nil, err
	}
	return c.toOrder(o, org)
}

func (c *call) listOrders() (*paged[*orderBody], error) {
	q := c.r.URL.Query()
	f := order.Filter{Status: order.Status(q.Get("status")), Kind: order.Kind(q.Get("kind"))}
	if c.caller.Role == account.Officer {
		f.Org = c.caller.Org
	}
	if c.caller.Role == account.Examiner {
		f.Issuer = c.caller.Org
	}
	if bin := q.Get("organization"); bin != "" {
		o, err := c.Parties.Organization(c.ctx(), bin)
		if err == nil && c.caller.Role == account.Officer && o.ID != c.caller.Org {
			err = fault.New(fault.Forbidden, "forbidden")
		}
		if err != nil {
			return nil, under("organization", err)
		}
		f.Org = o.ID
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	f.Limit, f.After = limit+1, after
	list, err := c.Orders.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[*orderBody]{Items: []*orderBody{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].ID.String()
			break
		}
		org, err := c.Parties.ByID(c.ctx(), list[i].Org)
		if err != nil {
			return nil, err
		}
		b, err := c.toOrder(&list[i], org)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

func (c *call) orderFile() (*raw, error) {
	o, _, err := c.ownOrder()
	if err != nil {
		return nil, err
	}
	return handed(o.File)
}

func (c *call) answerFile() (*raw, error) {
	o, _, err := c.ownOrder()
	if err != nil {
		return nil, err
	}
	return handed(o.AnswerFile)
}

// handed gives a document out as what it was checked to be.
func handed(f *order.File) (*raw, error) {
	if f == nil {
		return nil, fault.New(fault.NotFound, "not-found")
	}
	return &raw{f.Type, f.Content}, nil
}

type executeRequest struct {
	Values   map[string]json.RawMessage `json:"values,omitempty"`   // to clarify, where the order brought none
	Answer   string                     `json:"answer,omitempty"`   // to an inquiry; why an integration is refused
	File     *paperBody                 `json:"file,omitempty"`     // of the answer
	Decision string                     `json:"decision,omitempty"` // on an integration: agreed, refused
}

func (c *call) executeOrder(in *executeRequest) (*orderBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	o, err := c.Orders.Execute(c.ctx(), c.caller, id, &order.Report{
		Values: in.Values, Answer: in.Answer, File: in.File.file(), Decision: order.Outcome(in.Decision),
	})
	if err != nil {
		return nil, err
	}
	org, err := c.Parties.ByID(c.ctx(), o.Org)
	if err != nil {
		return nil, err
	}
	return c.toOrder(o, org)
}

func (c *call) cancelOrder(*nothing) (*orderBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	o, err := c.Orders.Cancel(c.ctx(), c.caller, id)
	if err != nil {
		return nil, err
	}
	org, err := c.Parties.ByID(c.ctx(), o.Org)
	if err != nil {
		return nil, err
	}
	return c.toOrder(o, org)
}

// extractBody is what a case needs: the order, and the proof of each entry that
// tells of it.
type extractBody struct {
	Order    *orderBody        `json:"order"`
	Receipts []*verify.Receipt `json:"receipts"`
}

func (c *call) orderExtract() (*extractBody, error) {
	o, org, err := c.ownOrder()
	if err != nil {
		return nil, err
	}
	b, err := c.toOrder(o, org)
	if err != nil {
		return nil, err
	}
	out := &extractBody{Order: b, Receipts: []*verify.Receipt{}}
	for _, e := range o.Entries {
		r, err := c.Journal.Receipt(c.ctx(), journal.Filter{Org: o.Org}, e)
		if err != nil {
			return nil, err
		}
		out.Receipts = append(out.Receipts, r)
	}
	return out, c.looked(org, o.Subject, "extract")
}

// looked journals that somebody who oversees has read what an organization keeps;
// others leave no trace by looking at their own.
func (c *call) looked(org *party.Organization, subject ident.ID, at string) error {
	if c.caller.Role != account.Authority && c.caller.Role != account.Examiner {
		return nil
	}
	return c.Orders.Look(c.ctx(), c.caller, org, subject, at)
}
