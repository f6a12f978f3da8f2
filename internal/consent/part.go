package consent

import (
	"fmt"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/register"
)

// Part is what is taken out of a consent: whole scopes, or single purposes,
// kinds of data, recipients and countries (Art. 24(1)5).
type Part struct {
	Scopes       Scope     `json:"scopes,omitempty"`
	Purposes     []string  `json:"purposes,omitempty"`
	Categories   []string  `json:"categories,omitempty"`
	ThirdParties []string  `json:"thirdParties,omitempty"` // BINs
	Countries    []string  `json:"countries,omitempty"`
	Until        time.Time `json:"until,omitzero"` // an earlier end; zero: not
}

// Names lists the part as an entry of the journal does: scopes by name, ids
// behind the name of what they are.
func (p *Part) Names(taken Scope) []string {
	out := taken.Names()
	for _, l := range p.lists() {
		for _, id := range *l.list {
			out = append(out, l.what+":"+id)
		}
	}
	return out
}

type partList struct {
	field, what string
	list        *[]string
}

func (p *Part) lists() []partList {
	return []partList{
		{"purposes", "purpose", &p.Purposes},
		{"categories", "category", &p.Categories},
		{"thirdParties", "recipient", &p.ThirdParties},
		{"countries", "country", &p.Countries},
	}
}

// of is the terms' side of each list of a part, in its order.
func (t *Terms) of() []*[]string {
	return []*[]string{&t.Purposes, &t.Categories, &t.ThirdParties, &t.Countries}
}

// empty reports whether nothing is named.
func (p *Part) empty() bool {
	return p.Scopes == 0 && p.Until.IsZero() && !slices.ContainsFunc(p.lists(), func(l partList) bool { return len(*l.list) > 0 })
}

// Kept turns what shall stay of a consent into the part that goes. A list that
// is nil stays whole; it cannot name what the consent does not have.
func (c *Consent) Kept(stay *Part) (*Part, error) {
	gone := &Part{Until: stay.Until}
	if stay.Scopes != 0 {
		gone.Scopes = c.Scopes &^ stay.Scopes
	}
	has, to := c.Terms.of(), gone.lists()
	for i, l := range stay.lists() {
		if *l.list == nil {
			continue
		}
		if k := outside(*l.list, *has[i]); k >= 0 {
			return nil, fault.Bad(fmt.Sprintf("%s[%d]", l.field, k), "not-in-consent")
		}
		*to[i].list = missing(*has[i], *l.list)
	}
	return gone, nil
}

func missing(list, without []string) []string {
	var out []string
	for _, v := range list {
		if !slices.Contains(without, v) {
			out = append(out, v)
		}
	}
	return out
}

// without is what is left of the terms, and the scopes that are left with them.
// With a purpose goes what only that purpose needed, as far as the description
// tells.
func (c *Consent) without(p *Part, reg *register.Register) (Terms, Scope, error) {
	t := *c.Terms
	has := t.of()
	for i, l := range p.lists() {
		if k := outside(*l.list, *has[i]); k >= 0 {
			return t, 0, fault.Bad(fmt.Sprintf("%s[%d]", l.field, k), "not-in-consent")
		}
		if len(*l.list) > 0 {
			*has[i] = missing(*has[i], *l.list)
		}
	}
	if len(p.Purposes) > 0 && reg != nil {
		t.prune(reg)
	}
	if len(t.Conditions) > 0 {
		t.Conditions = slices.DeleteFunc(slices.Clone(t.Conditions), func(x Condition) bool { return !slices.Contains(t.Categories, x.Category) })
	}
	return t, c.Scopes &^ p.Scopes & granted(&t), nil
}

// prune takes out what none of the purposes asks for.
func (t *Terms) prune(reg *register.Register) {
	needs := func(has func(p *register.Entry) bool) bool {
		return slices.ContainsFunc(t.Purposes, func(id string) bool { p := reg.Purpose(id); return p == nil || has(p) })
	}
	keep := func(list []string, has func(p *register.Entry, id string) bool) (out []string) {
		for _, id := range list {
			if needs(func(p *register.Entry) bool { return has(p, id) }) {
				out = append(out, id)
			}
		}
		return out
	}
	t.Categories = keep(t.Categories, func(p *register.Entry, id string) bool { return slices.Contains(p.Categories, id) })
	t.ThirdParties = keep(t.ThirdParties, func(p *register.Entry, bin string) bool { return p.Recipient(bin) != nil })
	t.Countries = keep(t.Countries, func(p *register.Entry, code string) bool { return slices.Contains(p.CrossBorder, code) })
	t.PublicSources = t.PublicSources && needs(func(p *register.Entry) bool { return p.Public })
}

// Take takes a part out. What is left without a purpose, without data or
// without the processing itself is withdrawn whole. The consent given is not
// touched; the step keeps what the terms were. reg is the description that the
// consent was given under, nil where it is not known.
func (c *Consent) Take(p *Part, reg *register.Register, now time.Time, by string, entry ident.ID) (*Consent, error) {
	return c.take("consent.withdraw", p, reg, now, by, entry)
}

// Narrow is Take for a subject who wants to keep the rest: it never ends the
// consent.
func (c *Consent) Narrow(p *Part, reg *register.Register, now time.Time, by string, entry ident.ID) (*Consent, error) {
	return c.take("consent.narrow", p, reg, now, by, entry)
}

func (c *Consent) take(action string, p *Part, reg *register.Register, now time.Time, by string, entry ident.ID) (*Consent, error) {
	from := c.StatusAt(now)
	if err := ConsentMachine.next(action, from, from, by, "consent-not-active"); err != nil {
		return nil, err
	}
	terms, scopes, err := c.without(p, reg)
	if err != nil {
		return nil, err
	}
	if scopes&Process == 0 || len(terms.Purposes) == 0 || len(terms.Categories) == 0 {
		if action == "consent.narrow" {
			return nil, fault.New(fault.Conflict, "narrow-empty")
		}
		return c.Withdraw(AllScopes, now, by, entry)
	}
	until, err := c.sooner(p.Until, now)
	if err != nil {
		return nil, err
	}
	same := sameTerms(&terms, c.Terms) && until.Equal(c.Until)
	if same && scopes == c.Scopes {
		return nil, fault.New(fault.Conflict, "scope-not-given")
	}
	ch := Change{At: now, Status: from, Scopes: (c.Scopes &^ scopes).Names(), By: by, Entry: entry}
	if !same {
		ch.Was = &Revision{*c.Terms, c.Until}
	}
	n := *c
	n.Terms, n.Scopes, n.Until = &terms, scopes, until
	return n.step(ch), nil
}

// sooner is the end of the consent after a narrowing.
func (c *Consent) sooner(at, now time.Time) (time.Time, error) {
	switch {
	case at.IsZero():
		return c.Until, nil
	case !at.After(now):
		return at, fault.Bad("validUntil", "time-past")
	case !c.Until.IsZero() && at.After(c.Until):
		return at, fault.Bad("validUntil", "narrow-later")
	}
	return at, nil
}

// Extend lets the consent last longer, by the will of its subject. It widens
// nothing else.
func (c *Consent) Extend(until, now time.Time, by string, entry ident.ID) (*Consent, error) {
	from := c.StatusAt(now)
	if err := ConsentMachine.next("consent.extend", from, from, by, "consent-not-active"); err != nil {
		return nil, err
	}
	if c.Until.IsZero() {
		return nil, fault.Bad("validUntil", "extend-open")
	}
	if !until.After(c.Until) {
		return nil, fault.Bad("validUntil", "extend-sooner")
	}
	n := *c
	n.Until = until
	return n.step(Change{At: now, Status: from, By: by, Entry: entry, Was: &Revision{*c.Terms, c.Until}}), nil
}

func sameTerms(a, b *Terms) bool {
	x, y := a.of(), b.of()
	for i := range x {
		if !slices.Equal(*x[i], *y[i]) {
			return false
		}
	}
	return a.PublicSources == b.PublicSources
}

// lastNames lists what the newest step took out, as an entry of the journal does.
func (c *Consent) lastNames() []string {
	last := c.History[len(c.History)-1]
	names := slices.Clone(last.Scopes)
	if last.Was == nil {
		return names
	}
	had, has := last.Was.of(), c.Terms.of()
	gone := Part{}
	for i, l := range gone.lists() {
		*l.list = missing(*had[i], *has[i])
	}
	return append(names, gone.Names(0)...)
}
