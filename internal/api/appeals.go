package api

import (
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/request"
)

type appealIn struct {
	Text string `json:"text"`
}

// AppealHead is an appeal as its subject or the authorised body sees it.
type AppealHead struct {
	ID           ident.ID             `json:"id"`
	Request      ident.ID             `json:"request"`
	Organization string               `json:"organization"`
	Status       request.AppealStatus `json:"status"`
	CreatedAt    time.Time            `json:"createdAt"`
	Due          *time.Time           `json:"due,omitempty"` // of the decision, while the appeal waits for it
	Overdue      bool                 `json:"overdue,omitempty"`
	DecidedAt    *time.Time           `json:"decidedAt,omitempty"`
	Text         string               `json:"text,omitempty"`
	Reasons      string               `json:"reasons,omitempty"` // of the decision
	Provision    law.Provision        `json:"provision,omitempty"`
}

// toAppeal shows an appeal; opened, with what was written.
func (c *call) toAppeal(a *request.Appeal, opened bool) (AppealHead, error) {
	o, err := c.Parties.ByID(c.ctx(), a.Org)
	if err != nil {
		return AppealHead{}, err
	}
	b := AppealHead{ID: a.ID, Request: a.Demand, Organization: o.BIN, Status: a.Status, CreatedAt: a.Created}
	if !a.Ended.IsZero() {
		b.DecidedAt = &a.Ended
	}
	t, err := c.Requests.DueOf(c.ctx(), a)
	if err != nil {
		return b, err
	}
	if t != nil {
		b.Due, b.Overdue = &t.Due, t.Overdue(c.Now())
	}
	if !opened {
		return b, nil
	}
	p, err := c.Requests.Plea(c.ctx(), a)
	if err == nil {
		b.Text, b.Reasons, b.Provision = p.Text, p.Reasons, p.Provision
	}
	return b, err
}

func (c *call) appealMine(in *appealIn) (*AppealHead, error) {
	r, o, err := c.own()
	if err != nil {
		return nil, err
	}
	a, err := c.Requests.Appeal(c.ctx(), r, in.Text, c.acting(o))
	if err != nil {
		return nil, err
	}
	b, err := c.toAppeal(a, true)
	return &b, err
}

// listAppeals names nobody and tells nothing of what was written: that takes a
// look, which is journaled.
func (c *call) listAppeals() (*paged[AppealHead], error) {
	q := c.r.URL.Query()
	f := request.AppealFilter{Status: request.AppealStatus(q.Get("status"))}
	if f.Status != "" && !slices.Contains(request.AppealStatuses, f.Status) {
		return nil, fault.Bad("status", "bad-enum", "allowed", "lodged, upheld, dismissed")
	}
	var err error
	if bin := q.Get("organization"); bin != "" {
		o, err := c.Parties.Organization(c.ctx(), bin)
		if err != nil {
			return nil, under("organization", err)
		}
		f.Org = o.ID
	}
	if f.Limit, f.After, err = c.cursor(); err != nil {
		return nil, err
	}
	want := f.Limit
	f.Limit++
	list, err := c.Requests.Store.Appeals(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[AppealHead]{Items: []AppealHead{}}
	for i := range list {
		if i == want {
			out.Next = list[i-1].ID.String()
			break
		}
		b, err := c.toAppeal(&list[i], false)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

// appealWhole is an appeal with the demand that it is about.
type appealWhole struct {
	AppealHead
	Demand demandWhole `json:"demand"`
}

func (c *call) lookAppeal() (*appealWhole, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	a, _, r, _, err := c.Requests.Look(c.ctx(), c.caller, id)
	if err != nil {
		return nil, err
	}
	b, err := c.toAppeal(a, true)
	if err != nil {
		return nil, err
	}
	o, err := c.Parties.ByID(c.ctx(), r.Org)
	if err != nil {
		return nil, err
	}
	w, err := c.whole(r, o)
	if err != nil {
		return nil, err
	}
	return &appealWhole{b, *w}, nil
}

type decideIn struct {
	Decision  string `json:"decision"` // upheld, dismissed
	Reasons   string `json:"reasons"`
	Provision string `json:"provision,omitempty"`
}

func (c *call) decideAppeal(in *decideIn) (*AppealHead, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	a, err := c.Requests.Decide(c.ctx(), c.caller, id, request.AppealStatus(in.Decision), in.Reasons, in.Provision)
	if err != nil {
		return nil, err
	}
	b, err := c.toAppeal(a, true)
	return &b, err
}
