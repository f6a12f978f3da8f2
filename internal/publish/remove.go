package publish

import (
	"context"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/seal"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Demand is that data leaves public sources.
type Demand struct {
	Categories []string // these alone; all where there are none
	Cause      string   // law.CostUnlawful, law.CostWithdrawn
	From       string
	Reference  string    // id of the demand or the order
	Arrived    time.Time // the term begins then; now where it is zero
	By         verify.Actor
	// Grounds: also what rests on a provision and on no consent.
	Grounds bool
	// Before: what was recorded after it is not meant; all where it is zero.
	Before time.Time
}

// Remove demands the removal of what a subject has public by an organization: each
// publication gets a term and an entry of its own, and whoever was handed the data
// has word. What is being removed already stays as it is, so it may be called
// again. It returns what it demanded.
func (s *Publications) Remove(ctx context.Context, org *party.Organization, subject ident.ID, d *Demand) ([]Publication, error) {
	list, err := s.List(ctx, Filter{Subject: subject, Org: org.ID, Status: Public})
	if err != nil {
		return nil, err
	}
	var out []Publication
	for i := range list {
		if p := &list[i]; !p.Has(d.Categories) || !d.Grounds && p.Ground != "" || !d.Before.IsZero() && p.Recorded.After(d.Before) {
			continue
		}
		p, err := s.RemoveOne(ctx, org, list[i].ID, d)
		if fault.Is(err, "publication-removing") || fault.Is(err, "publication-removed") { // by another, just now
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, *p)
	}
	return out, nil
}

// RemoveOne demands the removal of one publication, or of some of its data.
func (s *Publications) RemoveOne(ctx context.Context, org *party.Organization, id ident.ID, d *Demand) (*Publication, error) {
	return s.change(ctx, org, id, func(p *Publication, key *seal.Key) (*step, error) {
		if p.Status != Public {
			return nil, fault.New(fault.Conflict, "publication-"+string(p.Status))
		}
		return s.demand(ctx, org, p, key, d)
	})
}

func (s *Publications) demand(ctx context.Context, org *party.Organization, p *Publication, key *seal.Key, d *Demand) (*step, error) {
	now := s.Now()
	at := d.Arrived
	if at.IsZero() {
		at = now
	}
	e := org.Edition(at)
	cost, ok := e.Cost(d.Cause)
	if !ok {
		return nil, fault.Bad("cause", "bad-enum", "allowed", Causes(e))
	}
	c, err := p.open(key)
	if err != nil {
		return nil, err
	}
	gone, stay := p.split(d.Categories)
	if len(gone) == 0 {
		return nil, fault.Bad("categories", "publication-without")
	}
	st := &step{action: "publication.demand", by: d.By, event: "publication.demanded"}
	n := *p
	if len(stay) > 0 { // the rest stays public, under the number that it has
		n.Categories = stay
		part := *p
		part.ID, part.Version = ident.NewID(now), 1
		part.Categories = gone
		st.split = &part
	}
	st.next = &n
	x := st.subject()
	x.Status, x.Demanded = Removing, now
	if st.begun, err = s.Terms.New(ctx, term.Of{
		Edition: e.ID, Key: RemovalTerm, Org: org, Subject: p.Subject, About: term.About{Kind: term.OfPublication, ID: x.ID}, Start: at,
	}); err != nil {
		return nil, err
	}
	x.Term = st.begun.ID
	c.Removal = &Removal{
		Cause: d.Cause, From: d.From, Reference: d.Reference, Bearer: cost.Bearer, Provision: string(cost.Provision), Disputed: cost.Disputed,
	}
	st.content = c
	st.fill = func(v *verify.Entry) { v.Detail += ";cause=" + d.Cause + ";from=" + d.From + ";cost=" + cost.Bearer }
	return st, nil
}

// Causes are the causes of a removal that an edition knows, for a message.
func Causes(e *law.Edition) string {
	var out []string
	for _, c := range e.Costs() {
		out = append(out, c.Cause)
	}
	return strings.Join(out, ", ")
}

// Report is how data was taken out of a source.
type Report struct {
	At       time.Time // now where it is zero
	How      string
	Document string // that shows it: an act, a letter of the editors, a picture of the page
	Actor    verify.Actor
}

// Done writes down that data is no longer in a source, with the proof of it, and
// ends the term. It may be late: then that shows.
func (s *Publications) Done(ctx context.Context, org *party.Organization, id ident.ID, in *Report) (*Publication, error) {
	in.How, in.Document = strings.TrimSpace(in.How), strings.TrimSpace(in.Document)
	switch {
	case in.How == "":
		return nil, fault.Bad("how", "missing-field")
	case len(in.How) > maxHow:
		return nil, fault.Bad("how", "too-long", "max", maxHow)
	case in.Document == "":
		return nil, fault.Bad("document", "missing-field")
	case len(in.Document) > maxDocument:
		return nil, fault.Bad("document", "too-long", "max", maxDocument)
	case in.At.After(s.Now()):
		return nil, fault.Bad("at", "time-future")
	}
	return s.change(ctx, org, id, func(p *Publication, key *seal.Key) (*step, error) {
		return s.done(ctx, org, p, key, in)
	})
}

func (s *Publications) done(ctx context.Context, org *party.Organization, p *Publication, key *seal.Key, in *Report) (*step, error) {
	now := s.Now()
	at := in.At
	if at.IsZero() {
		at = now
	}
	switch {
	case p.Status == Removed:
		return nil, fault.New(fault.Conflict, "publication-removed")
	case at.Before(p.Since):
		return nil, fault.Bad("at", "publication-before")
	}
	c, err := p.open(key)
	if err != nil {
		return nil, err
	}
	n := *p
	n.Status, n.Ended = Removed, now
	st := &step{action: "publication.remove", by: in.Actor, event: "publication.removed", next: &n, content: c}
	if c.Removal == nil { // nobody demanded it
		c.Removal = &Removal{Cause: law.CostWithdrawn, From: FromOperator}
		if cost, ok := org.Edition(now).Cost(law.CostWithdrawn); ok {
			c.Removal.Bearer, c.Removal.Provision = cost.Bearer, string(cost.Provision)
		}
	}
	c.Removal.By, c.Removal.At, c.Removal.How, c.Removal.Document = in.Actor, at, in.How, in.Document
	if !p.Term.IsZero() {
		t, err := s.Store.Term(ctx, p.Term)
		if err != nil {
			return nil, err
		}
		if t.Status == term.Open { // an officer may have ended it by hand
			st.met = t
		}
	}
	return st, nil
}

// Judge writes down that a court said who bears the cost of a removal.
func (s *Publications) Judge(ctx context.Context, org *party.Organization, id ident.ID, bearer, judgment string, by verify.Actor) (*Publication, error) {
	judgment = strings.TrimSpace(judgment)
	switch {
	case !slices.Contains(law.Bearers, bearer) || bearer == "court":
		return nil, fault.Bad("bearer", "bad-enum", "allowed", "operator, subject")
	case judgment == "":
		return nil, fault.Bad("document", "missing-field")
	case len(judgment) > maxDocument:
		return nil, fault.Bad("document", "too-long", "max", maxDocument)
	}
	return s.change(ctx, org, id, func(p *Publication, key *seal.Key) (*step, error) {
		c, err := p.open(key)
		if err != nil {
			return nil, err
		}
		if c.Removal == nil {
			return nil, fault.New(fault.Conflict, "publication-public")
		}
		n := *p
		c.Removal.Bearer, c.Removal.Judgment = bearer, judgment
		return &step{action: "publication.cost", by: by, next: &n, content: c, fill: func(v *verify.Entry) {
			v.Detail += ";cost=" + bearer
			v.Ground = &verify.Ground{Provision: c.Removal.Provision, Document: judgment}
		}}, nil
	})
}

// step is the next version of a publication with all that lands with it.
type step struct {
	action string
	by     verify.Actor
	event  string // that others are told of; empty for none
	next   *Publication
	split  *Publication // a part that stands for itself from now on
	// content is of the split where there is one, else of next.
	content    *Content
	begun, met *term.Term
	fill       func(*verify.Entry)
}

// subject is what the step is about: the part, where one was split off.
func (st *step) subject() *Publication {
	if st.split != nil {
		return st.split
	}
	return st.next
}

// change does one step on the newest state of a publication.
func (s *Publications) change(ctx context.Context, org *party.Organization, id ident.ID, make func(p *Publication, key *seal.Key) (*step, error)) (*Publication, error) {
	for range maxTries {
		p, err := s.Of(ctx, org, id)
		if err != nil {
			return nil, err
		}
		key, err := s.Parties.JournalKey(ctx, p.Subject)
		if err != nil {
			return nil, err
		}
		st, err := make(p, &key)
		if err != nil {
			return nil, err
		}
		stale, err := s.land(ctx, org, st, &key)
		if err != nil || !stale {
			return st.subject(), err
		}
	}
	return nil, errContended
}

func (s *Publications) land(ctx context.Context, org *party.Organization, st *step, key *seal.Key) (stale bool, err error) {
	now := s.Now()
	st.next.Version++
	x := st.subject()
	e := s.entry(org, x, st.by, st.action)
	if st.fill != nil {
		st.fill(e)
	}
	rec, err := journal.Prepare(e, x.Subject, org.ID, key, now)
	if err != nil {
		return false, err
	}
	st.content.Entries = append(st.content.Entries, rec.ID)
	if err := x.seal(key, st.content); err != nil {
		return false, err
	}
	if st.met, err = closed(st.met, rec.ID, now); err != nil {
		return false, err
	}
	if st.event != "" {
		if err := s.tell(ctx, org, x, st.event, key, rec); err != nil {
			return false, err
		}
	}
	return s.Store.UpdatePublication(ctx, st.next, st.split, st.begun, st.met, rec)
}

// tell adds word of a step for the operator, for everyone who was handed the data
// and may have it public too, and for the subject.
func (s *Publications) tell(ctx context.Context, org *party.Organization, p *Publication, event string, key *seal.Key, rec *journal.Record) error {
	to, err := s.Journal.Given(ctx, p.Subject, org.ID, p.Categories)
	if err != nil {
		return err
	}
	id := p.ID
	if err := s.Outbox.Tell(ctx, rec, &outbox.Event{
		Type: event, Subject: p.Subject, Holder: org, To: slices.DeleteFunc(to, func(bin string) bool { return bin == org.BIN }),
		Data: outbox.Data{Publication: &id, Status: string(p.Status), Purposes: []string{p.Purpose}, Categories: p.Categories, Version: p.Version},
	}); err != nil {
		return err
	}
	return s.tellSubject(ctx, org, p, outbox.Edits, event, key, rec)
}

// service is who acts by itself.
var service = verify.Actor{Kind: "service", ID: "publications"}

// Settle demands the removal of what a subject has public by an organization on a
// consent that no longer covers it. The term runs from when the consent ended, so
// whoever calls this late takes nothing from the subject.
func (s *Publications) Settle(ctx context.Context, org *party.Organization, subject ident.ID) (int, error) {
	list, err := s.List(ctx, Filter{Subject: subject, Org: org.ID, Status: Public})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	all, err := s.Store.Consents(ctx, consent.Filter{Subject: subject, Org: org.ID})
	if err != nil {
		return 0, err
	}
	done := 0
	for i := range list {
		p := &list[i]
		lost := p.unfounded(all, s.Now())
		if p.Ground != "" || len(lost) == 0 {
			continue
		}
		_, err := s.RemoveOne(ctx, org, p.ID, &Demand{
			Categories: lost, Cause: law.CostWithdrawn, From: FromConsent, Arrived: p.lostAt(all, s.Now()), By: service,
		})
		if fault.KindOf(err) == fault.Conflict && err != nil {
			continue
		}
		if err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// unfounded are the categories of a publication that no consent lets be public.
// One that is paused still does: nothing new is published on it, and what is there
// stays.
func (p *Publication) unfounded(all []consent.Consent, now time.Time) []string {
	var out []string
	for _, c := range p.Categories {
		if !slices.ContainsFunc(all, func(x consent.Consent) bool {
			st := x.StatusAt(now)
			return (st == consent.Active || st == consent.Paused) && x.Scopes&consent.PublicSources != 0 && x.Terms.PublicSources &&
				x.Terms.Covers(p.Purpose) && slices.Contains(x.Terms.Categories, c)
		}) {
			out = append(out, c)
		}
	}
	return out
}

// lostAt is when the consent that a publication rested on stopped to cover it.
func (p *Publication) lostAt(all []consent.Consent, now time.Time) time.Time {
	i := slices.IndexFunc(all, func(c consent.Consent) bool { return c.ID == p.Consent })
	if i < 0 {
		return now
	}
	at := all[i].EndedAt(now)
	if at.IsZero() { // a part was taken out
		at = all[i].History[len(all[i].History)-1].At
	}
	if at.After(now) || at.Before(p.Recorded) { // it was founded when it was recorded
		return now
	}
	return at
}

// SettleAll looks for publications whose consent ended without anybody asking for
// their removal: it expired, was withdrawn by another way, or power failed between
// the two. It returns how many it demanded.
func (s *Publications) SettleAll(ctx context.Context, page int) (done int, err error) {
	var after ident.ID
	for {
		list, err := s.Store.Unfounded(ctx, s.Now(), after, page)
		if err != nil {
			return done, err
		}
		for i := range list {
			org, err := s.Parties.ByID(ctx, list[i].Org)
			if err != nil {
				return done, err
			}
			n, err := s.Settle(ctx, org, list[i].Subject)
			if err != nil {
				return done, err
			}
			done += n
		}
		if len(list) < page {
			return done, nil
		}
		after = list[len(list)-1].ID
	}
}
