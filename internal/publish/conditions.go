package publish

import (
	"context"
	"slices"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Conditions and bans of a subject are published within the term of policy 5.13.
// They are the subject's word to everybody who meets the data, so they are told
// where the data is: each publication has a page of its own, whose address the
// operator puts beside the data. The address is the number of the publication as
// nobody but this organization makes it (see party.Organization.Outside): it tells
// nothing of the person, is in no list, and cannot be guessed. Whoever has not met
// the data does not find the page; whoever has knows no more than the subject
// wanted everybody to know.

// Told is what the page of a publication says.
type Told struct {
	Purpose    string
	Kind       Kind
	Categories []ToldCategory
}

// ToldCategory is a kind of data with what its subject asks of everybody.
type ToldCategory struct {
	ID        string
	Ban       bool
	Condition string
}

// Token is the address of a publication's conditions.
func Token(org *party.Organization, p *Publication) ident.ID { return org.Outside(p.ID) }

// Conditions are what the page of a token says. What is public no longer has no
// page: its subject asks nothing of anybody any more.
func (s *Publications) Conditions(ctx context.Context, org *party.Organization, token ident.ID) (*Told, error) {
	p, err := s.Of(ctx, org, org.Inside(token))
	if err == nil && p.Status == Removed {
		err = errUnknown
	}
	if err != nil {
		return nil, err
	}
	return s.Told(ctx, p)
}

// Told is what everybody is told of a publication.
func (s *Publications) Told(ctx context.Context, p *Publication) (*Told, error) {
	out := &Told{Purpose: p.Purpose, Kind: p.Kind}
	var said []consent.Said
	if !p.Consent.IsZero() {
		c, err := s.Store.Consent(ctx, p.Consent)
		if err != nil {
			return nil, err
		}
		proof, err := s.Consents.Proof(ctx, c)
		if err != nil {
			return nil, err
		}
		said = c.SaidOf(proof)
	}
	for _, id := range p.Categories {
		x := ToldCategory{ID: id}
		if i := slices.IndexFunc(said, func(y consent.Said) bool { return y.Category == id }); i >= 0 {
			x.Ban, x.Condition = said[i].Ban, said[i].Text
		}
		out.Categories = append(out.Categories, x)
	}
	return out, nil
}

// PublishConditions writes down that the conditions of a consent, or that there
// are none, are published, and ends the term: here, on the operator's page of
// conditions, which tells of each consent from the moment it is given on.
func (s *Publications) PublishConditions(ctx context.Context, org *party.Organization, id ident.ID, by verify.Actor) (*term.Term, error) {
	for range maxTries {
		c, err := s.Store.Consent(ctx, id)
		if err == nil && c.Org != org.ID {
			err = fault.New(fault.NotFound, "consent-unknown")
		}
		if err != nil {
			return nil, err
		}
		t, err := s.owed(ctx, org.ID, c.Subject, c.ID)
		if err == nil && t == nil {
			err = fault.New(fault.Conflict, "conditions-published")
		}
		if err != nil {
			return nil, err
		}
		n, stale, err := s.publishConditions(ctx, org, c, t, by)
		if err != nil || !stale {
			return n, err
		}
	}
	return nil, errContended
}

func (s *Publications) publishConditions(ctx context.Context, org *party.Organization, c *consent.Consent, t *term.Term, by verify.Actor) (*term.Term, bool, error) {
	key, err := s.Parties.JournalKey(ctx, c.Subject)
	if err != nil {
		return nil, false, err
	}
	now := s.Now()
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(c.Subject)), Organization: org.BIN, Actor: by, Action: "publication.conditions",
		Consent: verify.ID(c.ID), Reference: t.ID.String(), Edition: t.Edition,
	}
	for _, x := range c.Terms.Conditions {
		e.Categories = append(e.Categories, x.Category)
	}
	if org.Register != nil {
		e.Register = org.Register.Version
	}
	rec, err := journal.Prepare(e, c.Subject, org.ID, &key, now)
	if err != nil {
		return nil, false, err
	}
	n, err := closed(t, rec.ID, now)
	if err != nil {
		return nil, false, err
	}
	stale, err := s.Store.UpdateTerm(ctx, n, rec)
	return n, stale, err
}

// owed is the term in which the conditions of a consent are to be published, while
// it runs; nil once they were.
func (s *Publications) owed(ctx context.Context, org, subject, c ident.ID) (*term.Term, error) {
	list, err := s.Store.Terms(ctx, term.Filter{Org: org, Subject: subject, Status: term.Open, About: "consent"})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Key == consent.ConditionsTerm && list[i].About.ID == c {
			return &list[i], nil
		}
	}
	return nil, nil
}

// Owed lists the terms in which an organization is to publish conditions, those
// due first coming first.
func (s *Publications) Owed(ctx context.Context, org ident.ID, limit int) ([]term.Term, error) {
	list, err := s.Store.Terms(ctx, term.Filter{Org: org, Status: term.Open, About: "consent", Limit: limit})
	return slices.DeleteFunc(list, func(t term.Term) bool { return t.Key != consent.ConditionsTerm }), err
}

// ConditionsTerm is the term in which the conditions of a publication's consent are
// to be published, or were; nil where there is no consent.
func (s *Publications) ConditionsTerm(ctx context.Context, p *Publication) (*term.Term, error) {
	if p.Consent.IsZero() {
		return nil, nil
	}
	list, err := s.Store.Terms(ctx, term.Filter{Org: p.Org, Subject: p.Subject, About: "consent"})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(t term.Term) bool { return t.Key == consent.ConditionsTerm && t.About.ID == p.Consent })
	if i < 0 {
		return nil, nil
	}
	return &list[i], nil
}

// PagePath is the page of a publication's conditions.
func PagePath(org *party.Organization, p *Publication) string {
	return "/o/" + org.BIN + "/dissemination/" + Token(org, p).String()
}
