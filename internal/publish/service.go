package publish

import (
	"context"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Filter selects publications, newest first; zero fields do not.
type Filter struct {
	Subject  ident.ID
	Org      ident.ID
	Orgs     []ident.ID // only those of these; nil: all
	Status   Status
	Standing bool     // not removed
	After    ident.ID // the last of the page before
	Limit    int
}

// Store keeps publications.
type Store interface {
	// InsertPublication lands a publication with its entry and moves the subject's
	// version, so that of two the same at one moment the second looks again; met is
	// a term that it ends, or nil. stale: the guard did not hold.
	InsertPublication(ctx context.Context, p *Publication, met *term.Term, r *journal.Record) (stale bool, err error)
	// UpdatePublication lands the next version of a publication: split is a part
	// of it that stands for itself from now on, begun the term of a removal, met the
	// one that ended; each may be nil. stale: another came first.
	UpdatePublication(ctx context.Context, p, split *Publication, begun, met *term.Term, r *journal.Record) (stale bool, err error)
	// Publication returns a fault.NotFound when there is none.
	Publication(ctx context.Context, id ident.ID) (*Publication, error)
	Publications(ctx context.Context, f Filter) ([]Publication, error)
	// Unfounded lists publications that are public on a consent which is not in
	// force as it was, by id: some of those may still be founded.
	Unfounded(ctx context.Context, now time.Time, after ident.ID, limit int) ([]Publication, error)

	Consent(ctx context.Context, id ident.ID) (*consent.Consent, error)
	Consents(ctx context.Context, f consent.Filter) ([]consent.Consent, error)
	SubjectVersion(ctx context.Context, subject ident.ID) (version int64, journalKey []byte, err error)
	Terms(ctx context.Context, f term.Filter) ([]term.Term, error)
	Term(ctx context.Context, id ident.ID) (*term.Term, error)
	UpdateTerm(ctx context.Context, t *term.Term, r *journal.Record) (stale bool, err error)
}

// Journal knows who was handed data.
type Journal interface {
	Given(ctx context.Context, subject, org ident.ID, categories []string) ([]string, error)
}

// Publications is the service.
type Publications struct {
	Store    Store
	Parties  *party.Parties
	Guard    *gate.Guard
	Consents *consent.Consents
	Terms    *term.Terms
	Journal  Journal
	Outbox   *outbox.Outbox
	Now      func() time.Time
}

const maxTries = 8

var (
	errContended = fault.New(fault.Unavailable, "contended")
	errUnknown   = fault.New(fault.NotFound, "publication-unknown")
)

// RemovalTerm is the key of the term in which data leaves a public source.
const RemovalTerm = "public-removal"

// maxStanding is how many publications of one person one organization may have at
// a time: all of them are looked at when one is added.
const maxStanding = 500

// New is a publication as the operator records it.
type New struct {
	Subject    ident.ID // as the organization knows it
	Purpose    string
	Categories []string
	Kind       Kind
	Source     Source
	Since      time.Time     // now where it is zero
	Ground     law.Provision // consent, where it is empty
	Document   string        // of the ground
	Actor      verify.Actor
}

// Publish decides whether data may be public in a source and, where it may, writes
// down that it is, under the facts that this was decided on. A refusal is
// journaled and returned as the answer, without a publication.
//
// With the first publication on a consent its conditions are published: the page
// of the publication tells them from then on.
func (s *Publications) Publish(ctx context.Context, org *party.Organization, in *New) (*Publication, *gate.Answer, error) {
	if err := in.check(org.Register, s.Now()); err != nil {
		return nil, nil, err
	}
	subject := org.Inside(in.Subject)
	var p *Publication
	ans, err := s.Guard.Under(ctx, &gate.Ask{
		Request: gate.Request{Action: register.Disseminate, Purpose: in.Purpose, Categories: in.Categories, Ground: in.Ground, Document: in.Document},
		Holder:  org, Asker: org, Subject: in.Subject, Actor: in.Actor,
	}, func(ans *gate.Answer, guard journal.Guard) (stale bool, err error) {
		p, stale, err = s.insert(ctx, org, subject, in, ans, guard)
		return stale, err
	})
	if err != nil || !ans.Permit {
		return nil, ans, err
	}
	return p, ans, nil
}

func (in *New) check(reg *register.Register, now time.Time) error {
	if reg == nil {
		return fault.New(fault.Conflict, "register-absent")
	}
	slices.Sort(in.Categories)
	in.Categories = slices.Compact(in.Categories)
	switch {
	case in.Purpose == "" && in.Ground == "":
		return fault.Bad("purpose", "missing-field")
	case len(in.Categories) == 0:
		return fault.Bad("categories", "missing-field")
	case len(in.Categories) > maxList:
		return fault.Bad("categories", "too-many-items", "max", maxList)
	case in.Since.After(now):
		return fault.Bad("since", "time-future")
	case len(in.Ground) > maxName:
		return fault.Bad("ground", "too-long", "max", maxName)
	case len(in.Document) > maxDocument:
		return fault.Bad("document", "too-long", "max", maxDocument)
	case in.Document != "" && in.Ground == "":
		return fault.Bad("document", "publication-document")
	}
	for _, c := range in.Categories {
		if _, ok := reg.Category(c); !ok {
			return fault.Bad("categories", "category-absent")
		}
	}
	return in.Source.check(in.Kind)
}

// insert makes a publication ready and lands it. The entry is that of the act
// itself, so the subject's journal tells of it like of any other.
func (s *Publications) insert(ctx context.Context, org *party.Organization, subject ident.ID, in *New, ans *gate.Answer, guard journal.Guard) (*Publication, bool, error) {
	key, err := s.Parties.JournalKey(ctx, subject)
	if err != nil {
		return nil, false, err
	}
	if err := s.once(ctx, org, subject, in, &key); err != nil {
		return nil, false, err
	}
	now := s.Now()
	p := &Publication{
		ID: ident.NewID(now), Subject: subject, Org: org.ID, Version: 1, Status: Public, Kind: in.Kind, Purpose: in.Purpose, Categories: in.Categories,
		Consent: ans.Consent, Ground: ans.Ground, Since: in.Since, Recorded: now,
	}
	if p.Since.IsZero() {
		p.Since = now
	}
	var met *term.Term
	if !p.Consent.IsZero() {
		if err := s.letsReuse(ctx, p); err != nil {
			return nil, false, err
		}
		if met, err = s.owed(ctx, org.ID, subject, p.Consent); err != nil {
			return nil, false, err
		}
	}
	e := s.entry(org, p, in.Actor, "disseminate")
	e.Decision, e.Edition = "permit", ans.Edition.ID
	for _, c := range ans.Codes() {
		e.Reasons = append(e.Reasons, verify.Reason{Code: c.String(), Provisions: ans.ProvisionsOf(c)})
	}
	if p.Ground != "" {
		e.Ground = &verify.Ground{Provision: string(p.Ground), Document: in.Document}
	}
	rec, err := journal.Prepare(e, subject, org.ID, &key, now)
	if err != nil {
		return nil, false, err
	}
	rec.Guard, ans.ID = guard, rec.ID
	if met, err = closed(met, rec.ID, now); err != nil {
		return nil, false, err
	}
	if err := p.seal(&key, &Content{Source: in.Source, By: in.Actor, Document: in.Document, Entries: []ident.ID{rec.ID}}); err != nil {
		return nil, false, err
	}
	if err := s.tellSubject(ctx, org, p, outbox.Transfers, "transfer", &key, rec); err != nil {
		return nil, false, err
	}
	stale, err := s.Store.InsertPublication(ctx, p, met, rec)
	return p, stale, err
}

// once refuses what is recorded already: the same data at the same address.
func (s *Publications) once(ctx context.Context, org *party.Organization, subject ident.ID, in *New, key *seal.Key) error {
	have, err := s.Store.Publications(ctx, Filter{Subject: subject, Org: org.ID, Standing: true, Limit: maxStanding})
	if err != nil {
		return err
	}
	if len(have) >= maxStanding {
		return fault.New(fault.Conflict, "publications-too-many", "max", maxStanding)
	}
	for i := range have {
		if have[i].Kind != in.Kind || !have[i].Has(in.Categories) {
			continue
		}
		c, err := have[i].open(key)
		if err != nil {
			return err
		}
		if same(c.Source.Address, in.Source.Address) {
			return fault.New(fault.Conflict, "publication-known")
		}
	}
	return nil
}

// letsReuse refuses to put data out for others to work with where the subject has
// forbidden everything but reading it.
func (s *Publications) letsReuse(ctx context.Context, p *Publication) error {
	if p.Kind != OpenData {
		return nil
	}
	c, err := s.Store.Consent(ctx, p.Consent)
	if err != nil {
		return err
	}
	for _, x := range c.Terms.Conditions {
		if x.Ban && slices.Contains(p.Categories, x.Category) {
			return &fault.Error{Kind: fault.Denied, Code: "publication-ban", Field: "source.kind", Provisions: []string{"policy 5.13"}}
		}
	}
	return nil
}

// entry is one of the journal about a publication.
func (s *Publications) entry(org *party.Organization, p *Publication, by verify.Actor, action string) *verify.Entry {
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(p.Subject)), Organization: org.BIN, Actor: by, Action: action, Purpose: p.Purpose,
		Categories: p.Categories, Consent: verify.ID(p.Consent), Reference: p.ID.String(), Edition: org.Edition(s.Now()).ID, Detail: "source=" + string(p.Kind),
	}
	if org.Register != nil {
		e.Register = org.Register.Version
	}
	return e
}

// closed is a term that is met with an act; nil stays nil.
func closed(t *term.Term, entry ident.ID, now time.Time) (*term.Term, error) {
	if t == nil {
		return nil, nil
	}
	return t.Close(term.Done, "", entry, now)
}

// tellSubject adds a letter to the subject who wants word of such news.
func (s *Publications) tellSubject(ctx context.Context, org *party.Organization, p *Publication, kind outbox.Choice, event string, key *seal.Key, rec *journal.Record) error {
	return s.Outbox.TellSubject(ctx, rec, &outbox.News{
		Kind: kind, Event: event, Subject: p.Subject, By: org, About: p.ID, Path: "/me/publications", Key: key,
	})
}

// Of returns a publication of an organization; another's is told like none.
func (s *Publications) Of(ctx context.Context, org *party.Organization, id ident.ID) (*Publication, error) {
	p, err := s.Store.Publication(ctx, id)
	if err == nil && p.Org != org.ID {
		err = errUnknown
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Content opens what is said of a publication.
func (s *Publications) Content(ctx context.Context, p *Publication) (*Content, error) {
	key, err := s.Parties.JournalKey(ctx, p.Subject)
	if err != nil {
		return nil, err
	}
	return p.open(&key)
}

// List returns publications, newest first; without a limit all of them, of one
// person in practice.
func (s *Publications) List(ctx context.Context, f Filter) ([]Publication, error) {
	if f.Limit > 0 {
		return s.Store.Publications(ctx, f)
	}
	var all []Publication
	for f.Limit = maxStanding; ; {
		list, err := s.Store.Publications(ctx, f)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(list) < f.Limit {
			return all, nil
		}
		f.After = list[len(list)-1].ID
	}
}
