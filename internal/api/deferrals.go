package api

import (
	"time"

	"kelisim/internal/account"
	"kelisim/internal/disclosure"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
)

type deferralRequest struct {
	Subject   ident.ID  `json:"subject"`
	Reference string    `json:"reference,omitempty"` // the case; absent: all that the organization does with the subject
	Role      string    `json:"role,omitempty"`      // primary, or incidental: the case is another person's
	Provision string    `json:"provision"`
	Document  string    `json:"document"`
	Until     time.Time `json:"until"`
}

// stepBody is who did something with a deferral: a token, never a name.
type stepBody struct {
	At time.Time `json:"at"`
	By ident.ID  `json:"by"`
}

type deferralBody struct {
	ID           ident.ID               `json:"id"`
	Organization string                 `json:"organization"`
	Subject      ident.ID               `json:"subject"`
	Reference    string                 `json:"reference,omitempty"`
	Role         string                 `json:"role,omitempty"`
	Provision    string                 `json:"provision"`
	Document     string                 `json:"document"`
	Until        time.Time              `json:"until"`
	Status       journal.DeferralStatus `json:"status"`
	InForce      bool                   `json:"inForce"` // hides something now
	Requested    stepBody               `json:"requested"`
	Approved     *stepBody              `json:"approved,omitempty"`
	Refused      *stepBody              `json:"refused,omitempty"`
	Lifted       *stepBody              `json:"lifted,omitempty"`
}

func (c *call) deferralBody(o *party.Organization, d *journal.Deferral) deferralBody {
	b := deferralBody{
		ID: d.ID, Organization: o.BIN, Subject: o.Outside(d.Subject), Reference: d.Reference, Role: d.Role, Provision: d.Provision,
		Document: d.Document, Until: d.Until, Status: d.Status, InForce: d.InForce(c.Now()), Requested: stepBody(d.Requested),
	}
	if !d.Decided.At.IsZero() {
		decided := stepBody(d.Decided)
		if d.Status == journal.Refused {
			b.Refused = &decided
		} else {
			b.Approved = &decided
		}
	}
	if !d.Lifted.At.IsZero() {
		lifted := stepBody(d.Lifted)
		b.Lifted = &lifted
	}
	return b
}

func (c *call) deferral(d *journal.Deferral, err error) (*deferralBody, error) {
	if err != nil {
		return nil, err
	}
	o, err := c.Parties.ByID(c.ctx(), d.Org)
	if err != nil {
		return nil, err
	}
	b := c.deferralBody(o, d)
	return &b, nil
}

func (c *call) requestDeferral(in *deferralRequest) (*deferralBody, error) {
	return c.deferral(c.Deferrals.Request(c.ctx(), c.caller, disclosure.New(*in)))
}

// moveDeferral makes the handler of a next status.
func moveDeferral(move func(c *call, id ident.ID) (*journal.Deferral, error)) func(c *call, _ *nothing) (*deferralBody, error) {
	return func(c *call, _ *nothing) (*deferralBody, error) {
		id, err := c.pathID()
		if err != nil {
			return nil, err
		}
		return c.deferral(move(c, id))
	}
}

var (
	approveDeferral = moveDeferral(func(c *call, id ident.ID) (*journal.Deferral, error) {
		return c.Deferrals.Approve(c.ctx(), c.caller, id)
	})
	refuseDeferral = moveDeferral(func(c *call, id ident.ID) (*journal.Deferral, error) {
		return c.Deferrals.Refuse(c.ctx(), c.caller, id)
	})
	liftDeferral = moveDeferral(func(c *call, id ident.ID) (*journal.Deferral, error) { return c.Deferrals.Lift(c.ctx(), c.caller, id) })
)

func (c *call) listDeferrals() (*paged[deferralBody], error) {
	q := c.r.URL.Query()
	o, err := c.observed(q.Get("organization"))
	if err != nil {
		return nil, err
	}
	f := disclosure.Filter{Org: o.ID, Status: journal.DeferralStatus(q.Get("status"))}
	switch f.Status {
	case "", journal.Pending, journal.Approved, journal.Refused, journal.Lifted:
	default:
		return nil, fault.Bad("status", "bad-enum", "allowed", "pending, approved, refused, lifted")
	}
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	f.Limit, f.After = limit+1, after
	list, err := c.Deferrals.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[deferralBody]{Items: []deferralBody{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].ID.String()
			break
		}
		out.Items = append(out.Items, c.deferralBody(o, &list[i]))
	}
	return out, c.looked(o, ident.ID{}, "deferrals")
}

// countDeferrals is for the authorised body: how much is shown later, by whom
// and on which ground, and nobody's name.
func (c *call) countDeferrals() (*paged[disclosure.Count], error) {
	list, err := c.Deferrals.Counts(c.ctx())
	if list == nil {
		list = []disclosure.Count{}
	}
	if err != nil {
		return nil, err
	}
	return &paged[disclosure.Count]{Items: list}, c.looked(c.org, ident.ID{}, "deferral-counts")
}

// Who asks, and who sees all counts.
var (
	deferrers   = []account.Role{account.Officer, account.Authority}
	authorities = []account.Role{account.Authority}
)
