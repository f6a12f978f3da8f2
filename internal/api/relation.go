package api

import "time"

type relationEnd struct {
	Purposes []string `json:"purposes"`
	Document string   `json:"document"` // that shows it: an act, a letter, its number and date
}

type relationEnded struct {
	State     string    `json:"state"`              // of what is held now: held, blocked, destroyed
	DestroyAt time.Time `json:"destroyAt,omitzero"` // when the next of it is destroyed
}

// endRelation: the relation with the person has ended for purposes (Art. 18(2)).
func (c *call) endRelation(in *relationEnd) (*relationEnded, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	h, err := c.Guard.EndRelation(c.ctx(), c.org, c.inside(id), c.actor(), in.Purposes, in.Document)
	if err != nil {
		return nil, err
	}
	return &relationEnded{h.State, h.DestroyAt}, nil
}
