package consent

import (
	"slices"

	"kelisim/internal/register"
)

// Effect is what a step changed: what stops, and what the operator may go on
// with all the same.
type Effect struct {
	Part          // what was taken out
	GoesOn []Goes // by law or for a term
}

// Goes is what goes on: a purpose that rests on a provision of its own, or the
// keeping of what was collected until its term ends.
type Goes struct {
	Purpose   string
	Provision string
	Document  string
	Retention string // ISO 8601; empty where the purpose itself goes on
}

// retained is the provision that lets data stay for its term (Art. 12(2)).
const retained = "12(2)"

// Effect compares a consent with what it became. reg is the description in
// force; without one nothing goes on.
func (c *Consent) Effect(after *Consent, reg *register.Register) *Effect {
	e := &Effect{Part: Part{Scopes: c.Scopes &^ after.Scopes}}
	whole := after.Scopes&Process == 0
	had, has := c.Terms.of(), after.Terms.of()
	for i, l := range e.lists() {
		if *l.list = missing(*had[i], *has[i]); whole {
			*l.list = *had[i]
		}
	}
	if e.Scopes&Transfer != 0 {
		e.ThirdParties = c.Terms.ThirdParties
	}
	if e.Scopes&CrossBorder != 0 {
		e.Countries = c.Terms.Countries
	}
	if reg == nil {
		return e
	}
	for _, id := range e.Purposes {
		if p := reg.Purpose(id); p != nil && p.Retention.String() != "" {
			e.GoesOn = append(e.GoesOn, Goes{Purpose: id, Provision: retained, Retention: p.Retention.String()})
		}
	}
	e.GoesOn = append(e.GoesOn, byLaw(reg, c.Terms.Categories)...)
	return e
}

// Newest is what the newest step took out and what goes on all the same, nil where
// it took nothing. reg is the description in force.
func (c *Consent) Newest(reg *register.Register) *Effect {
	last := &c.History[len(c.History)-1]
	before := *c
	if last.Was != nil {
		before.Terms, before.Until = &last.Was.Terms, last.Was.Until
	}
	if taken, err := ParseScopes(last.Scopes); err == nil && len(last.Scopes) > 0 {
		before.Scopes |= taken
	}
	e := before.Effect(c, reg)
	if e.empty() {
		return nil
	}
	return e
}

// byLaw lists the purposes of an operator that rest on a provision and touch the
// same data: no withdrawal stops them.
func byLaw(reg *register.Register, categories []string) []Goes {
	var out []Goes
	for i := range reg.Description.Purposes {
		p := &reg.Description.Purposes[i]
		touches := slices.ContainsFunc(p.Categories, func(id string) bool { return slices.Contains(categories, id) })
		if !p.Basis.Consent() && touches {
			out = append(out, Goes{Purpose: p.ID, Provision: p.Basis.Provision, Document: p.Basis.Document})
		}
	}
	return out
}

// ByLaw lists the purposes that go on whatever of the consent is taken back.
func (c *Consent) ByLaw(reg *register.Register) []Goes {
	if reg == nil {
		return nil
	}
	return byLaw(reg, c.Terms.Categories)
}
