package api

import (
	"kelisim/internal/consent"
	"kelisim/internal/fault"
)

// conditionBody is a ban on doing more with published data than reading it, or a
// condition in the subject's words, or both.
type conditionBody struct {
	Category  string `json:"category"`
	Ban       bool   `json:"ban,omitzero"`
	Condition string `json:"condition,omitempty"`
}

func toConditions(list []conditionBody) []consent.Said {
	var out []consent.Said
	for _, c := range list {
		out = append(out, consent.Said{Condition: consent.Condition{Category: c.Category, Ban: c.Ban}, Text: c.Condition})
	}
	return out
}

type stopRequest struct {
	Organization string   `json:"organization"`
	Categories   []string `json:"categories,omitempty"` // these alone; all if absent
	Reason       string   `json:"reason,omitempty"`
}

// stopDissemination ends all consent to publication at once; nothing bars it.
func (c *call) stopDissemination(in *stopRequest) (*paged[summary], error) {
	if in.Organization == "" {
		return nil, fault.Bad("organization", "missing-field")
	}
	if len(in.Categories) > maxList {
		return nil, fault.Bad("categories", "too-many-items", "max", maxList)
	}
	o, err := c.Parties.Organization(c.ctx(), in.Organization)
	if err != nil {
		return nil, under("organization", err)
	}
	if c.way != nil && !c.way.Sees(o.ID) {
		return nil, under("organization", fault.New(fault.NotFound, "organization-unknown"))
	}
	list, err := c.Consents.StopDissemination(c.ctx(), c.person(), o.ID, in.Categories, in.Reason, c.acting(o))
	if err != nil {
		return nil, err
	}
	c.settle(c.person(), o.ID)
	out := &paged[summary]{Items: []summary{}}
	for _, x := range list {
		s, err := c.summarize(x, true)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, s)
	}
	return out, nil
}

type publishedBody struct {
	Purpose    string                  `json:"purpose"`
	Categories []publishedCategoryBody `json:"categories"`
}

type publishedCategoryBody struct {
	ID         string `json:"id"`
	Bans       bool   `json:"bans"`
	Conditions bool   `json:"conditions"`
}

// dissemination is what everybody is told of conditions and bans: that there are
// some, never whose.
func (c *call) dissemination() (*paged[publishedBody], error) {
	o, err := c.Parties.Organization(c.ctx(), c.r.PathValue("bin"))
	if err != nil {
		return nil, err
	}
	list, err := c.Consents.Publish(c.ctx(), o)
	if err != nil {
		return nil, err
	}
	out := &paged[publishedBody]{Items: []publishedBody{}}
	for _, p := range list {
		b := publishedBody{Purpose: p.Purpose, Categories: []publishedCategoryBody{}}
		for _, x := range p.Categories {
			b.Categories = append(b.Categories, publishedCategoryBody(x))
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}
