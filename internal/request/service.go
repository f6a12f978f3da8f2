package request

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
	"kelisim/internal/term"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Filter selects demands; zero fields do not. Those of an organization come in
// the order of the time that is left, those of a subject newest first.
type Filter struct {
	Subject   ident.ID
	Org       ident.ID
	Orgs      []ident.ID // of a subject's only those to these; nil: all
	Status    Status
	Undone    bool      // without an answer
	DueBefore time.Time // those that run and end before it
	After     ident.ID  // the last of the page before
	Limit     int
}

// Store keeps demands.
type Store interface {
	// InsertDemand lands a demand with its term, its documents and the entry under
	// the record's guard; stale reports that the guard did not hold.
	InsertDemand(ctx context.Context, r *Request, docs []Document, rec *journal.Record) (stale bool, err error)
	// UpdateDemand lands the next version of a demand with the entry, and the next
	// version of its term where it moved, or a term that begins; stale reports
	// that another came first, and nothing was written.
	UpdateDemand(ctx context.Context, r *Request, moved, begun *term.Term, rec *journal.Record) (stale bool, err error)
	// Demand returns a fault.NotFound when there is none.
	Demand(ctx context.Context, id ident.ID) (*Request, error)
	Demands(ctx context.Context, f Filter) ([]Request, error)
	// DemandDocument is one document, sealed; a fault.NotFound for none.
	DemandDocument(ctx context.Context, subject, demand ident.ID, number int) ([]byte, error)
	// Unfinished lists demands that were begun and are worked on by nobody.
	Unfinished(ctx context.Context, now time.Time, limit int) ([]Request, error)
	// OverdueDemands counts those without an answer whose term has run out.
	OverdueDemands(ctx context.Context, now time.Time) (int64, error)
	// InsertAppeal and UpdateAppeal land an appeal with the demand it is about, and
	// with the term in which it is decided, as it begins and as it ends; nil: none.
	InsertAppeal(ctx context.Context, a *Appeal, r *Request, t *term.Term, rec *journal.Record) (stale bool, err error)
	UpdateAppeal(ctx context.Context, a *Appeal, r *Request, begun, ended *term.Term, rec *journal.Record) (stale bool, err error)
	// Appeal returns a fault.NotFound when there is none.
	Appeal(ctx context.Context, id ident.ID) (*Appeal, error)
	Appeals(ctx context.Context, f AppealFilter) ([]Appeal, error)

	SubjectVersion(ctx context.Context, subject ident.ID) (version int64, journalKey []byte, err error)
	Consents(ctx context.Context, f consent.Filter) ([]consent.Consent, error)
	Values(ctx context.Context, subject, org ident.ID) ([]vault.Value, error)
}

// Guard is the way to the data: every act goes through it.
type Guard interface {
	Access(ctx context.Context, a *gate.Ask) (*gate.Answer, error)
	OwnData(ctx context.Context, subject, org ident.ID, by verify.Actor) (*gate.Answer, error)
	SetBan(ctx context.Context, o *party.Organization, subject ident.ID, by verify.Actor, b gate.Ban) (*gate.Ban, error)
	Bans(ctx context.Context, o *party.Organization, subject ident.ID) ([]gate.Ban, error)
}

// Consents is what is done with consents.
type Consents interface {
	Withdraw(ctx context.Context, id ident.ID, scopes consent.Scope, reason string, by verify.Actor) (*consent.Consent, error)
	StopDissemination(ctx context.Context, subject, org ident.ID, categories []string, reason string, by verify.Actor) ([]*consent.Consent, error)
	StopGiven(ctx context.Context, subject, org ident.ID, until time.Time, categories []string, reason string, by verify.Actor) ([]*consent.Consent, error)
	Receipt(ctx context.Context, c *consent.Consent) ([]byte, error)
}

// Publications is what is public of a subject.
type Publications interface {
	List(ctx context.Context, f publish.Filter) ([]publish.Publication, error)
	Content(ctx context.Context, p *publish.Publication) (*publish.Content, error)
	RemoveOne(ctx context.Context, org *party.Organization, id ident.ID, d *publish.Demand) (*publish.Publication, error)
}

// Journal is where it is seen which acts landed.
type Journal interface {
	List(ctx context.Context, f journal.Filter) ([]journal.Row, []*journal.Opened, error)
	ForSubject(ctx context.Context, subject ident.ID, orgs ...ident.ID) (*journal.View, error)
	Given(ctx context.Context, subject, org ident.ID, categories []string) ([]string, error)
}

// Requests is the service.
type Requests struct {
	Store     Store
	Parties   *party.Parties
	Guard     Guard
	Consents  Consents
	Terms     *term.Terms
	Journal   Journal
	Represent *represent.Representatives
	Keys      *seal.Keyring
	Base      Base
	// Publications is what is to be taken out of public sources.
	Publications Publications
	Now          func() time.Time

	mu      sync.Mutex
	counted time.Time
	overdue int64
}

// countedFor is how long a count is good for: whoever asks for metrics must not
// make the database count again and again.
const countedFor = 15 * time.Second

// Overdue is how many demands wait for an answer whose term has run out, seconds
// ago at most.
func (s *Requests) Overdue(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if age := now.Sub(s.counted); !s.counted.IsZero() && age >= 0 && age < countedFor {
		return s.overdue, nil
	}
	n, err := s.Store.OverdueDemands(ctx, now)
	if err == nil {
		s.overdue, s.counted = n, now
	}
	return n, err
}

const maxTries = 8

var errContended = fault.New(fault.Unavailable, "contended")

// New is a demand as it comes in.
type New struct {
	Kind      Kind
	Details   Details
	Documents []Document
	Language  locale.Lang // of the answer, where the operator does not know better
	Actor     verify.Actor
}

// Due is by when, and by which provision, a demand made now would have to be
// answered: what a person sees before sending it.
type Due struct {
	Right     law.Provision
	Term      *term.Term
	Certainty law.Certainty
	AtOnce    law.Provision // it takes effect the moment it arrives
	Cost      *law.Cost     // who bears the cost of a removal from public sources; nil for what costs nothing
}

// Due says when a demand made now would be due. It writes nothing.
func (s *Requests) Due(ctx context.Context, org *party.Organization, k Kind, d *Details) (*Due, error) {
	b := &Body{}
	if d != nil {
		b.Details = *d
	}
	now := s.Now()
	e := org.Edition(now)
	rule, ok := e.Request(b.key(k))
	if !ok {
		return nil, fault.Bad("kind", "request-kind-absent")
	}
	t, err := s.Terms.New(ctx, term.Of{Edition: e.ID, Key: rule.Term, Org: org, Start: now})
	if err != nil {
		return nil, err
	}
	out := &Due{Right: rule.Right, Term: t, AtOnce: rule.AtOnce}
	if x, ok := e.Term(rule.Term); ok {
		out.Certainty = x.Certainty
	}
	if ofPublic(k) {
		if c, ok := e.Cost(b.cause(k)); ok {
			out.Cost = &c
		}
	}
	return out, nil
}

// Receive takes a demand in. What has to take effect the moment it arrives does
// so before this returns; if power fails in between, [Requests.Resume] does it.
func (s *Requests) Receive(ctx context.Context, org *party.Organization, subject ident.ID, in *New) (*Request, error) {
	h, err := s.Parties.Store.Holding(ctx, subject, org.ID)
	if err != nil {
		return nil, err
	}
	if err := in.Details.check(in.Kind, org.Register); err != nil {
		return nil, err
	}
	if err := checkCause(in, org.Edition(s.Now())); err != nil {
		return nil, err
	}
	if err := checkPapers(in.Documents); err != nil {
		return nil, err
	}
	if err := s.notTooMany(ctx, org, subject); err != nil {
		return nil, err
	}
	b := &Body{By: in.Actor, Language: s.language(org, h, in.Language), Details: in.Details}
	for i := range in.Documents {
		b.Documents = append(b.Documents, paper(&in.Documents[i]))
	}
	if ofPublic(in.Kind) {
		if b.Stopped, err = s.stop(ctx, org, subject, in); err != nil {
			return nil, err
		}
	}
	r, err := s.insert(ctx, org, subject, in, b)
	if err != nil || r.Status != Working {
		return r, err
	}
	// It is in: whoever asked hears so, whatever becomes of the rest just now.
	if done, err := s.run(ctx, org, r, verify.Actor{Kind: "service", ID: "request"}); err == nil {
		return done, nil
	}
	if now, err := s.Of(ctx, org, r.ID); err == nil {
		r = now
	}
	return r, nil
}

// maxOpen is how many demands of one person to one organization may wait for an
// answer: each may bring megabytes along.
const maxOpen = 100

func (s *Requests) notTooMany(ctx context.Context, org *party.Organization, subject ident.ID) error {
	list, err := s.Store.Demands(ctx, Filter{Subject: subject, Org: org.ID, Undone: true, Limit: maxOpen})
	if err == nil && len(list) == maxOpen {
		err = fault.New(fault.Conflict, "demands-too-many", "max", maxOpen)
	}
	return err
}

// language is that of the subject as the organization knows it, else the one
// that was asked in.
func (s *Requests) language(org *party.Organization, h *party.Holding, asked locale.Lang) locale.Lang {
	prof, err := s.Parties.Profile(org, h)
	if err != nil { // the answer is told in some language even so
		prof = party.Profile{}
	}
	return cmp.Or(prof.Language, asked, locale.KK)
}

func paper(d *Document) Paper {
	p := Paper{Name: d.Name, Size: len(d.Content)}
	if d.Content != nil {
		sum := sha256.Sum256(d.Content)
		p.Digest = hex.EncodeToString(sum[:])
	}
	return p
}

func (s *Requests) insert(ctx context.Context, org *party.Organization, subject ident.ID, in *New, b *Body) (*Request, error) {
	for range maxTries {
		version, key, err := s.open(ctx, subject)
		if err != nil {
			return nil, err
		}
		rep, err := s.onBehalf(ctx, subject, org, in.Actor)
		if err != nil {
			return nil, err
		}
		b.Role = rep.Role()
		r, err := s.begin(ctx, org, subject, in.Kind, b)
		if err != nil {
			return nil, err
		}
		docs := make([]Document, len(in.Documents))
		for i, d := range in.Documents {
			docs[i] = Document{d.Name, key.Seal(nil, d.Content, documentPlace(r, i))}
		}
		rec, err := s.record(org, r, b, &key, in.Actor, Received, func(e *verify.Entry) { e.Role = b.Role })
		if err != nil {
			return nil, err
		}
		rec.Guard.Subject = version
		r.Term.Entry = rec.ID
		stale, err := s.Store.InsertDemand(ctx, r, docs, rec)
		if err != nil || !stale {
			return r, err
		}
	}
	return nil, errContended
}

// begin makes a demand with its term, ready to land.
func (s *Requests) begin(ctx context.Context, org *party.Organization, subject ident.ID, k Kind, b *Body) (*Request, error) {
	now := s.Now()
	due, err := s.Due(ctx, org, k, &b.Details)
	if err != nil {
		return nil, err
	}
	r := &Request{ID: ident.NewID(now), Subject: subject, Org: org.ID, Version: 1, Kind: k, Status: Open, Created: now, Term: *due.Term}
	r.Term.Subject, r.Term.About = subject, term.About{Kind: "request", ID: r.ID}
	if due.AtOnce != "" {
		if b.Plan, err = s.plan(ctx, org, r, b, nil); err != nil {
			return nil, err
		}
		r.Status, r.Until = Working, now.Add(claim)
	}
	return r, nil
}

// onBehalf checks that whoever asks for the subject may. It is asked after the
// subject's version was read: with a representation revoked since, the write is
// stale.
func (s *Requests) onBehalf(ctx context.Context, subject ident.ID, org *party.Organization, by verify.Actor) (*represent.Representation, error) {
	if by.Kind != represent.ActorKind {
		return nil, nil
	}
	return s.Represent.Check(ctx, subject, org, by, represent.Request)
}

// Of returns a demand to an organization; another's is told like none.
func (s *Requests) Of(ctx context.Context, org *party.Organization, id ident.ID) (*Request, error) {
	r, err := s.Store.Demand(ctx, id)
	if err == nil && r.Org != org.ID {
		err = errUnknown
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

var errUnknown = fault.New(fault.NotFound, "demand-unknown")

// By returns a demand of a subject to one of the organizations; another's is
// told like none.
func (s *Requests) By(ctx context.Context, subject, id ident.ID, orgs []ident.ID) (*Request, error) {
	r, err := s.Store.Demand(ctx, id)
	if err == nil && (r.Subject != subject || orgs != nil && !slices.Contains(orgs, r.Org)) {
		err = errUnknown
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Document opens one document of a demand.
func (s *Requests) Document(ctx context.Context, r *Request, number int) ([]byte, error) {
	_, key, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	sealed, err := s.Store.DemandDocument(ctx, r.Subject, r.ID, number)
	if err != nil {
		return nil, err
	}
	return key.Open(sealed, documentPlace(r, number))
}

// Body opens what a demand says.
func (s *Requests) Body(ctx context.Context, r *Request) (*Body, error) {
	_, key, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	return openBody(&key, r)
}

func (s *Requests) open(ctx context.Context, subject ident.ID) (int64, seal.Key, error) {
	version, wrapped, err := s.Store.SubjectVersion(ctx, subject)
	if err != nil {
		return 0, seal.Key{}, err
	}
	k, err := party.OpenJournalKey(s.Keys, subject, wrapped)
	return version, k, err
}

func bodyPlace(r *Request) []byte { return seal.Place("demand", r.Subject[:], r.Org[:], r.ID[:]) }

func documentPlace(r *Request, number int) []byte {
	return seal.Place("demand-document", r.Subject[:], r.ID[:], seal.Uint(int64(number)))
}

func openBody(key *seal.Key, r *Request) (*Body, error) {
	plain, err := key.Open(r.Sealed, bodyPlace(r))
	if err != nil {
		return nil, fmt.Errorf("open a demand: %w", err)
	}
	b := &Body{}
	return b, json.Unmarshal(plain, b)
}

// record seals the demand as it is to be and prepares the entry of the step that
// leads there. The entry's digest is that of what was sealed: a demand or an
// answer that is put in its place later is another one.
func (s *Requests) record(org *party.Organization, r *Request, b *Body, key *seal.Key, by verify.Actor, what string, fill func(*verify.Entry)) (*journal.Record, error) {
	plain, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	r.Sealed = key.Seal(nil, plain, bodyPlace(r))
	sum := sha256.Sum256(plain)
	now := s.Now()
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(r.Subject)), Organization: org.BIN, Actor: by, Action: "request." + what,
		Reference: r.ID.String(), Edition: org.Edition(now).ID, Detail: "kind=" + string(r.Kind), Digest: sum[:],
	}
	if org.Register != nil {
		e.Register = org.Register.Version
	}
	if fill != nil {
		fill(e)
	}
	rec, err := journal.Prepare(e, r.Subject, org.ID, key, now)
	if err != nil {
		return nil, err
	}
	step := Step{At: now, What: what, By: by.Kind, Entry: rec.ID}
	if by.Kind == "person" {
		step.By += " " + by.ID
	}
	r.Steps = append(slices.Clip(r.Steps), step)
	return rec, nil
}

// move is one step: the next version of a demand with what moves with it.
type move struct {
	what  string
	by    verify.Actor
	next  func(n *Request, b *Body) error // what the step changes
	fill  func(e *verify.Entry)
	close bool       // the term ends with it
	moved *term.Term // the term as it will be
	begun *term.Term // one that begins with it
}

// step lands one step of a demand that is still as it was read. Whoever finds
// that it is not reads it again and thinks anew.
func (s *Requests) step(ctx context.Context, org *party.Organization, r *Request, m *move) (n *Request, stale bool, err error) {
	_, key, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, false, err
	}
	n, rec, err := s.prepare(org, r, &key, m)
	if err != nil {
		return nil, false, err
	}
	stale, err = s.Store.UpdateDemand(ctx, n, m.moved, m.begun, rec)
	return n, stale, err
}

// prepare makes the next version of a demand and the entry that it lands with.
func (s *Requests) prepare(org *party.Organization, r *Request, key *seal.Key, m *move) (*Request, *journal.Record, error) {
	b, err := openBody(key, r)
	if err != nil {
		return nil, nil, err
	}
	c := *r
	n := &c
	n.Version++
	if m.next != nil {
		if err := m.next(n, b); err != nil {
			return nil, nil, err
		}
	}
	rec, err := s.record(org, n, b, key, m.by, m.what, m.fill)
	if err != nil {
		return nil, nil, err
	}
	if m.close && n.Term.Status == term.Open {
		if m.moved, err = n.Term.Close(term.Done, "", rec.ID, s.Now()); err != nil {
			return nil, nil, err
		}
	}
	if m.moved != nil {
		m.moved.History[len(m.moved.History)-1].Entry = rec.ID
		n.Term = *m.moved
	}
	if m.begun != nil {
		m.begun.Entry = rec.ID
		n.Term = *m.begun
	}
	return n, rec, nil
}

// change does one step on the newest state of a demand.
func (s *Requests) change(ctx context.Context, org *party.Organization, id ident.ID, make func(r *Request) (*move, error)) (*Request, error) {
	for range maxTries {
		r, err := s.Of(ctx, org, id)
		if err != nil {
			return nil, err
		}
		m, err := make(r)
		if err != nil {
			return nil, err
		}
		n, stale, err := s.step(ctx, org, r, m)
		if err != nil || !stale {
			return n, err
		}
	}
	return nil, errContended
}

func place(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func categoryName(reg *register.Register, lang locale.Lang, id string) string {
	if reg != nil {
		if c, ok := reg.Category(id); ok {
			return c.Name.In(lang)
		}
	}
	return id
}
