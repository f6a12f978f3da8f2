package term

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Filter selects terms; zero fields do not. What is due first comes first.
type Filter struct {
	Org       ident.ID
	Subject   ident.ID
	Status    Status
	DueBefore time.Time // those that run and end before it
	About     string    // the kind of what they concern
	AboutID   ident.ID
	After     ident.ID // the last of the page before
	Limit     int
}

// Store keeps terms.
type Store interface {
	// InsertTerm lands a term with its entry, which becomes the term's.
	InsertTerm(ctx context.Context, t *Term, r *journal.Record) error
	// UpdateTerm lands the next version of a term with its entry; stale reports
	// that another has landed meanwhile, and nothing was written.
	UpdateTerm(ctx context.Context, t *Term, r *journal.Record) (stale bool, err error)
	// Term returns a fault.NotFound when there is none.
	Term(ctx context.Context, id ident.ID) (*Term, error)
	Terms(ctx context.Context, f Filter) ([]Term, error)
	// OutdatedTerms lists open terms that were computed by an older calendar, max
	// at most.
	OutdatedTerms(ctx context.Context, v calendar.Version, max int) ([]Term, error)
	// LandCounts lands what computing anew came to, in one write: each term that
	// moved with its entry, and of the others the calendar's version. One that
	// somebody else has changed meanwhile is left for the next time. It returns
	// how many moved.
	LandCounts(ctx context.Context, list []Count) (moved int, err error)
	// CountTerms counts those that are open, and those of them that have run out.
	CountTerms(ctx context.Context, now time.Time) (open, overdue int64, err error)
}

// Count is a term computed anew. Record is nil where its end stayed: then only
// the version of the calendar is noted, which is no act.
type Count struct {
	Term   *Term
	Record *journal.Record
}

// Terms is the service.
type Terms struct {
	Store     Store
	Calendars *Calendars
	Parties   *party.Parties
	Now       func() time.Time
	// HeadAfter is for how many working days after the end of a term the officer
	// alone is told; then the head is. 1 where it is 0.
	HeadAfter int
	// Rule finds the term of an edition by its key; ByEdition, but for tests.
	Rule func(edition, key string) (law.Term, bool)

	mu      sync.Mutex
	counted time.Time
	figures Figures
}

// ByEdition finds the term of an edition of the Law.
func ByEdition(edition, key string) (law.Term, bool) {
	e, ok := law.ByID(edition)
	if !ok {
		return law.Term{}, false
	}
	return e.Term(key)
}

const maxTries = 8

var errContended = fault.New(fault.Unavailable, "contended")

// Of is what a new term is of.
type Of struct {
	Edition string // of the Law, on the day of Start
	Key     string // of its term
	Org     *party.Organization
	Subject ident.ID // internal; zero where it concerns no person
	About   About
	Start   time.Time // the event; now where it is zero
	Until   time.Time // of a term that ends on a date of its own, and of no other
}

// New makes a term ready to land with the act that begins it: see vault.Change
// and [Store.InsertTerm]. It asks the store once in seconds at most.
func (s *Terms) New(ctx context.Context, of Of) (*Term, error) {
	rule, ok := s.Rule(of.Edition, of.Key)
	if !ok {
		return nil, fault.Bad("key", "term-key-unknown")
	}
	c, err := s.Calendars.Current(ctx)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if of.Start.IsZero() {
		of.Start = now
	}
	t := &Term{
		ID: ident.NewID(now), Subject: of.Subject, Org: of.Org.ID, Version: 1, Status: Open,
		Key: of.Key, Provision: rule.Provision, Edition: of.Edition, Week: WeekOf(of.Org), About: of.About,
		Start: of.Start, Due: of.Until, CalendarVersion: c.Version,
	}
	if rule.Dated == of.Until.IsZero() {
		return nil, fault.Bad("until", "missing-field")
	}
	t.Due = t.count(c, rule)
	return t, nil
}

// WeekOf is the week that an organization declared.
func WeekOf(o *party.Organization) calendar.Week {
	if o.Register != nil && o.Register.Description.Organization.Week == int(calendar.SixDays) {
		return calendar.SixDays
	}
	return calendar.FiveDays
}

// Start is New for a term that begins with nothing but itself.
func (s *Terms) Start(ctx context.Context, by verify.Actor, of Of) (*Term, error) {
	t, err := s.New(ctx, of)
	if err != nil {
		return nil, err
	}
	rec, err := s.record(ctx, t, by, "term.start", told{due: t.Due})
	if err != nil {
		return nil, err
	}
	return t, s.Store.InsertTerm(ctx, t, rec)
}

// List returns terms, those due first coming first.
func (s *Terms) List(ctx context.Context, f Filter) ([]Term, error) { return s.Store.Terms(ctx, f) }

// Overdue returns the terms of an organization that have run out.
func (s *Terms) Overdue(ctx context.Context, org ident.ID, limit int) ([]Term, error) {
	return s.List(ctx, Filter{Org: org, Status: Open, DueBefore: s.Now(), Limit: limit})
}

// Of finds the open term of something of a subject; nil where none runs.
func (s *Terms) Of(ctx context.Context, subject ident.ID, about About) (*Term, error) {
	list, err := s.List(ctx, Filter{Subject: subject, Status: Open, About: about.Kind, AboutID: about.ID, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Consider is what the authorised body owes a subject who puts something before
// it: a decision in the term of that key. Nil where no authority is here.
func (s *Terms) Consider(ctx context.Context, key string, subject ident.ID, about About, since time.Time) (*Term, error) {
	by, err := s.Parties.Authority(ctx)
	if err != nil || by == nil {
		return nil, err
	}
	return s.New(ctx, Of{Edition: by.Edition(since).ID, Key: key, Org: by, Subject: subject, About: about, Start: since})
}

// Catch begins the term of what was put before the authorised body while no
// authority was here, or by a release that knew no such term.
func (s *Terms) Catch(ctx context.Context, key string, subject ident.ID, about About, since time.Time) error {
	t, err := s.Of(ctx, subject, about)
	if err != nil || t != nil {
		return err
	}
	if t, err = s.Consider(ctx, key, subject, about, since); err != nil || t == nil {
		return err
	}
	rec, err := s.record(ctx, t, service, "term.start", told{due: t.Due})
	if err != nil {
		return err
	}
	return s.Store.InsertTerm(ctx, t, rec)
}

// service is who begins terms that should have begun before.
var service = verify.Actor{Kind: "service", ID: "terms"}

// Stage is where a term stands now, by a calendar. A term that bounds something
// and asks for nothing is never late: it is over.
func (s *Terms) Stage(c *calendar.Calendar, t *Term) Stage {
	at := t.Stage(c, s.Now(), max(s.HeadAfter, 1))
	if at >= Late {
		if rule, ok := s.Rule(t.Edition, t.Key); ok && rule.Limit {
			return Calm
		}
	}
	return at
}

// One returns a term of an organization.
func (s *Terms) One(ctx context.Context, org, id ident.ID) (*Term, error) {
	t, err := s.Store.Term(ctx, id)
	if err == nil && t.Org != org {
		err = fault.New(fault.NotFound, "term-unknown")
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Done says that what the term asks for was done. It may be late: then that
// shows.
func (s *Terms) Done(ctx context.Context, org, id ident.ID, by verify.Actor) (*Term, error) {
	return s.end(ctx, org, id, by, Done, "term.done", "")
}

// Cancel ends a term that nothing is owed for any more.
func (s *Terms) Cancel(ctx context.Context, org, id ident.ID, reason string, by verify.Actor) (*Term, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return s.end(ctx, org, id, by, Cancelled, "term.cancel", reason)
}

func (s *Terms) end(ctx context.Context, org, id ident.ID, by verify.Actor, to Status, action, reason string) (*Term, error) {
	return s.change(ctx, org, id, by, action, func(t *Term, now time.Time) (*Term, error) {
		return t.Close(to, reason, ident.ID{}, now)
	})
}

// Extend makes a term longer, as far as its edition allows.
func (s *Terms) Extend(ctx context.Context, org, id ident.ID, amount int, reason string, by verify.Actor) (*Term, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return s.bend(ctx, org, id, by, "term.extend", func(t *Term, rule law.Term, now time.Time) (*Term, error) {
		return t.longer(rule, amount, reason, now)
	})
}

func (t *Term) longer(rule law.Term, amount int, reason string, now time.Time) (*Term, error) {
	x := rule.Extendable
	if x == nil || amount < 1 || amount > x.Amount-t.extended(x.Unit) {
		return nil, refusal("term-not-extendable", x)
	}
	return t.next(Change{At: now, What: Extended, Reason: reason, Amount: amount, Unit: x.Unit}), nil
}

// Longer is Extend for whoever lands the term with an act of its own.
func (s *Terms) Longer(ctx context.Context, t *Term, amount int, reason string) (*Term, error) {
	c, err := s.Calendars.Current(ctx)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if err := t.running(now); err != nil {
		return nil, err
	}
	rule, ok := s.Rule(t.Edition, t.Key)
	if !ok {
		return nil, fault.Bad("key", "term-key-unknown")
	}
	n, err := t.longer(rule, amount, reason, now)
	if err != nil {
		return nil, err
	}
	n.recount(c, rule)
	return n, nil
}

func refusal(code string, x *law.Extension) error {
	err := fault.New(fault.Denied, code)
	if x != nil {
		err.Provisions = []string{string(x.Provision)}
	}
	return err
}

// Pause lets a term stand still, where its edition allows.
func (s *Terms) Pause(ctx context.Context, org, id ident.ID, reason string, by verify.Actor) (*Term, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return s.bend(ctx, org, id, by, "term.pause", func(t *Term, rule law.Term, now time.Time) (*Term, error) {
		switch {
		case rule.Pausable == "":
			return nil, refusal("term-not-pausable", nil)
		case !t.Paused.IsZero():
			return nil, fault.New(fault.Conflict, "term-paused")
		}
		n := t.next(Change{At: now, What: PausedAt, Reason: reason})
		n.Paused = now
		return n, nil
	})
}

// Resume lets it run again; the days between do not count.
func (s *Terms) Resume(ctx context.Context, org, id ident.ID, by verify.Actor) (*Term, error) {
	return s.bend(ctx, org, id, by, "term.resume", func(t *Term, _ law.Term, now time.Time) (*Term, error) {
		if t.Paused.IsZero() {
			return nil, fault.New(fault.Conflict, "term-not-paused")
		}
		n := t.next(Change{At: now, What: Resumed})
		n.Paused = time.Time{}
		return n, nil
	})
}

// bend is change for what moves the end of a term that has not run out.
func (s *Terms) bend(ctx context.Context, org, id ident.ID, by verify.Actor, action string, step func(*Term, law.Term, time.Time) (*Term, error)) (*Term, error) {
	c, err := s.Calendars.Current(ctx)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, org, id, by, action, func(t *Term, now time.Time) (*Term, error) {
		if err := t.running(now); err != nil {
			return nil, err
		}
		rule, ok := s.Rule(t.Edition, t.Key)
		if !ok {
			return nil, fault.Bad("key", "term-key-unknown")
		}
		n, err := step(t, rule, now)
		if err != nil {
			return nil, err
		}
		n.recount(c, rule)
		return n, nil
	})
}

// recount computes the end anew and notes it in the newest change.
func (t *Term) recount(c *calendar.Calendar, rule law.Term) {
	last := &t.History[len(t.History)-1]
	last.Was = t.Due
	t.Due, t.CalendarVersion = t.count(c, rule), c.Version
	last.Due = t.Due
}

// change moves a term under compare-and-swap.
func (s *Terms) change(ctx context.Context, org, id ident.ID, by verify.Actor, action string, step func(*Term, time.Time) (*Term, error)) (*Term, error) {
	for range maxTries {
		t, err := s.One(ctx, org, id)
		if err != nil {
			return nil, err
		}
		n, err := step(t, s.Now())
		if err != nil {
			return nil, err
		}
		last := &n.History[len(n.History)-1]
		say := told{due: n.Due, reason: last.Reason}
		if !last.Was.Equal(last.Due) {
			say.was = last.Was
		}
		rec, err := s.record(ctx, n, by, action, say)
		if err != nil {
			return nil, err
		}
		last.Entry = rec.ID
		stale, err := s.Store.UpdateTerm(ctx, n, rec)
		if err != nil {
			return nil, err
		}
		if !stale {
			return n, nil
		}
	}
	return nil, errContended
}

// told is what an entry says of a term beside whose it is.
type told struct {
	was, due time.Time
	reason   string
	calendar calendar.Version // that moved it
	digest   []byte           // of the decree that did
}

// detail writes it as name=value, apart by spaces: the days are those of Almaty
// that the term ends with.
func (w told) detail(t *Term) string {
	parts := []string{"key=" + t.Key, "term=" + t.ID.String()}
	if !w.was.IsZero() {
		parts = append(parts, "was="+calendar.DayOf(w.was).String())
	}
	parts = append(parts, "due="+calendar.DayOf(w.due).String())
	if w.reason != "" {
		parts = append(parts, "reason="+w.reason)
	}
	if w.calendar != 0 {
		parts = append(parts, "calendar="+w.calendar.String(), fmt.Sprintf("decree=%d", w.calendar.Decree()))
	}
	return strings.Join(parts, " ")
}

// record prepares the entry of something that happened to a term.
func (s *Terms) record(ctx context.Context, t *Term, by verify.Actor, action string, say told) (*journal.Record, error) {
	org, err := s.Parties.ByID(ctx, t.Org)
	if err != nil {
		return nil, err
	}
	key, err := s.Parties.JournalKey(ctx, t.Subject)
	if err != nil {
		return nil, err
	}
	return s.prepare(t, org, &key, by, action, say)
}

func (s *Terms) prepare(t *Term, org *party.Organization, key *seal.Key, by verify.Actor, action string, say told) (*journal.Record, error) {
	e := &verify.Entry{
		Organization: org.BIN, Actor: by, Action: action, Edition: t.Edition, Detail: say.detail(t), Digest: say.digest,
	}
	if !t.Subject.IsZero() {
		e.Subject = verify.ID(org.Outside(t.Subject))
	}
	return journal.Prepare(e, t.Subject, t.Org, key, s.Now())
}

// checkReason takes a key: a text that somebody wrote might name a person.
func checkReason(reason string) error {
	if reason == "" || len(reason) > 64 || strings.Trim(reason, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return fault.Bad("reason", "term-reason")
	}
	return nil
}

// Figures are how many terms are open, and how many of them have run out.
type Figures struct{ Open, Overdue int64 }

// figuresFor is how long figures are good for: whoever asks for metrics must not
// make the database count again and again.
const figuresFor = 15 * time.Second

// Figures counts terms, seconds ago at most.
func (s *Terms) Figures(ctx context.Context) (Figures, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if age := now.Sub(s.counted); age >= 0 && age < figuresFor {
		return s.figures, nil
	}
	open, overdue, err := s.Store.CountTerms(ctx, now)
	if err != nil {
		return Figures{}, err
	}
	s.figures, s.counted = Figures{open, overdue}, now
	return s.figures, nil
}
