package api

import (
	"encoding/json"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/request"
)

// What the staff and the officer do with a demand: fulfil it, alone or with its
// like, refuse it, extend its term, hand it over.

type fulfilIn struct {
	Values  map[string]json.RawMessage `json:"values,omitempty"`
	Instead string                     `json:"instead,omitempty"` // destroy, what cannot be corrected; depersonalise, what was to be destroyed, where the purpose lets it
	Answer  string                     `json:"answer,omitempty"`  // in place of the drafted one
	Cost    string                     `json:"cost,omitempty"`    // of a removal from public sources: operator, court
}

func (c *call) fulfil(in *fulfilIn) (*demandWhole, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Requests.Fulfil(c.ctx(), c.org, id, &request.Fulfilment{Values: in.Values, Instead: in.Instead, Answer: in.Answer, Cost: in.Cost}, c.actor())
	if err != nil {
		return nil, err
	}
	return c.done(r)
}

func (c *call) done(r *request.Request) (*demandWhole, error) {
	w, err := c.whole(r, c.org)
	return w, err
}

type groupIn struct {
	IDs []ident.ID `json:"ids"`
}

type resultsBody struct {
	Items []resultBody `json:"items"`
}

type resultBody struct {
	ID     ident.ID       `json:"id"`
	Status request.Status `json:"status,omitempty"`
	Code   string         `json:"code,omitempty"` // why not
	Detail string         `json:"detail,omitempty"`
}

func (c *call) fulfilAll(in *groupIn) (*resultsBody, error) {
	if len(in.IDs) == 0 {
		return nil, fault.Bad("ids", "missing-field")
	}
	if len(in.IDs) > request.MaxGroup {
		return nil, fault.Bad("ids", "too-many-items", "max", request.MaxGroup)
	}
	out := &resultsBody{Items: []resultBody{}}
	for _, x := range c.Requests.FulfilAll(c.ctx(), c.org, in.IDs, c.actor()) {
		item := resultBody{ID: x.ID}
		if x.Err != nil {
			p := c.toProblem(x.Err)
			item.Code, item.Detail = p.Code, p.Title
		} else {
			item.Status = x.Request.Status
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

type refuseIn struct {
	Reasons   string `json:"reasons"`
	Provision string `json:"provision"`
}

func (c *call) refuseDemand(in *refuseIn) (*demandWhole, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Requests.Refuse(c.ctx(), c.org, id, in.Reasons, in.Provision, c.actor())
	if err != nil {
		return nil, err
	}
	return c.done(r)
}

type extendIn struct {
	Amount int    `json:"amount"` // in the unit that the edition extends by
	Reason string `json:"reason"`
}

func (c *call) extendDemand(in *extendIn) (*demandWhole, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Requests.Extend(c.ctx(), c.org, id, in.Amount, in.Reason, c.actor())
	if err != nil {
		return nil, err
	}
	return c.done(r)
}

type assignIn struct {
	To string `json:"to"` // a pseudonym; empty takes it back
}

func (c *call) assignDemand(in *assignIn) (*demandWhole, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Requests.Assign(c.ctx(), c.org, id, in.To, c.actor())
	if err != nil {
		return nil, err
	}
	return c.done(r)
}
