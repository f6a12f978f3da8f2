package order

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/seal"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Filter selects orders; zero fields do not. The newest come first.
type Filter struct {
	Org    ident.ID
	Issuer ident.ID
	Status Status
	Kind   Kind
	After  ident.ID // the last of the page before
	Limit  int
}

// Store keeps orders.
type Store interface {
	// InsertOrder lands an order with its entry and, where one runs, its term.
	InsertOrder(ctx context.Context, o *Order, t *term.Term, r *journal.Record) error
	// MoveOrder lands the next version of an order with its entry and, where it ends
	// one, the next version of its term; suspend, where it is not nil, puts the
	// organization out of or back in work with it, and a term
	// that is not nil begins with it. stale reports that somebody else
	// moved either meanwhile, and nothing was written.
	MoveOrder(ctx context.Context, o *Order, ended *term.Term, suspend *bool, begun *term.Term, r *journal.Record) (stale bool, err error)
	// Order returns a fault.NotFound when there is none.
	Order(ctx context.Context, id ident.ID) (*Order, error)
	Orders(ctx context.Context, f Filter) ([]Order, error)
	// Values are the newest of what an organization holds: see gate.Store.
	gate.Store
}

// Guard is the way to the data.
type Guard interface {
	Access(ctx context.Context, a *gate.Ask) (*gate.Answer, error)
}

// Journal is where it is seen which acts landed.
type Journal interface {
	List(ctx context.Context, f journal.Filter) ([]journal.Row, []*journal.Opened, error)
}

// Orders is the service.
type Orders struct {
	Store   Store
	Parties *party.Parties
	Guard   Guard
	Terms   *term.Terms
	Journal Journal
	// Consents and Publications carry out an order to unpublish.
	Consents     Consents
	Publications Publications
	Now          func() time.Time
}

// Consents ends what was agreed to be public.
type Consents interface {
	StopGiven(ctx context.Context, subject, org ident.ID, until time.Time, categories []string, reason string, by verify.Actor) ([]*consent.Consent, error)
}

// Publications is what is public.
type Publications interface {
	Remove(ctx context.Context, org *party.Organization, subject ident.ID, d *publish.Demand) ([]publish.Publication, error)
	List(ctx context.Context, f publish.Filter) ([]publish.Publication, error)
}

// New is an order as it is put.
type New struct {
	Organization string // BIN
	Kind         Kind
	Source       Source
	Subject      ident.ID         // as the organization knows the person
	Identifier   party.Identifier // instead of it
	Until        time.Time
	Content
}

const (
	maxText    = 500
	maxDetails = 20_000
	maxValues  = 50
	maxLooking = 366 * 24 * time.Hour // of an examination
)

// Issue puts an order down. The authority orders anybody; an officer enters what
// the own organization got on paper, or asks for an integration; the State
// Technical Service asks to be let in.
func (s *Orders) Issue(ctx context.Context, by account.Caller, in *New) (*Order, error) {
	org, err := s.ordered(ctx, by, in)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	ed := org.Edition(now)
	rule, err := s.check(ed, by, in, now)
	if err != nil {
		return nil, err
	}
	o := &Order{
		ID: ident.NewID(now), Org: org.ID, Issuer: by.Org, Version: 1, Kind: in.Kind, Source: in.Source, Status: Open,
		Provision: rule.Provision, Issued: now, Until: in.Until, Content: in.Content,
	}
	if o.Subject, err = s.person(ctx, org, in); err != nil {
		return nil, err
	}
	if o.Kind == Examination && by.Role == account.Authority {
		o.Status, o.Outcome = Executed, Admitted
	}
	t, err := s.looking(ctx, o)
	if err != nil {
		return nil, err
	}
	if rule.Term != "" {
		if t, err = s.Terms.New(ctx, term.Of{
			Edition: ed.ID, Key: rule.Term, Org: org, Subject: o.Subject, About: term.About{Kind: "order", ID: o.ID}, Start: now,
		}); err != nil {
			return nil, err
		}
		o.Term = t.ID
	}
	rec, err := s.land(ctx, o, org, actorOf(by), "order.issue")
	if err != nil {
		return nil, err
	}
	if err := s.Store.InsertOrder(ctx, o, t, rec); err != nil || o.Kind != Unpublish {
		return o, err
	}
	// It is in, whatever becomes of the rest just now: see Resume.
	_ = s.demandRemoval(ctx, o, org, actorOf(by)) //nolint:errcheck // see above
	return o, nil
}

// ordered is the organization that an order goes to.
func (s *Orders) ordered(ctx context.Context, by account.Caller, in *New) (*party.Organization, error) {
	if by.Role == account.Officer {
		own, err := s.Parties.ByID(ctx, by.Org)
		if err == nil && in.Organization != "" && in.Organization != own.BIN {
			err = &fault.Error{Kind: fault.Forbidden, Code: "forbidden", Field: "organization"}
		}
		return own, err
	}
	if in.Organization == "" {
		return nil, fault.Bad("organization", "missing-field")
	}
	org, err := s.Parties.Organization(ctx, in.Organization)
	if err != nil {
		return nil, at("organization", err)
	}
	return org, nil
}

// check refuses an order that cannot be meant, and finds its rule.
func (s *Orders) check(ed *law.Edition, by account.Caller, in *New, now time.Time) (law.OrderRule, error) {
	if in.Source == "" {
		in.Source = usual(by.Role, in.Kind)
	}
	switch {
	case !slices.Contains(Kinds, in.Kind):
		return law.OrderRule{}, fault.Bad("kind", "bad-enum", "allowed", list(Kinds))
	case !slices.Contains(Sources, in.Source):
		return law.OrderRule{}, fault.Bad("source", "bad-enum", "allowed", list(Sources))
	}
	rule, ok := ed.Order(string(in.Kind), string(in.Source))
	if !ok || !mayPut(by.Role, in.Source) {
		return rule, fault.Bad("source", "order-not-theirs")
	}
	return rule, in.check(now)
}

func list[S ~string](all []S) string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

// usual is the source where none is named.
func usual(r account.Role, k Kind) Source {
	switch {
	case k == Examination:
		return TechnicalService
	case k == Integration:
		return Operator
	case r == account.Authority:
		return AuthorisedBody
	default:
		return ""
	}
}

// mayPut: the authority puts what it orders and lets the State Technical Service
// in; that service asks for itself; an officer enters what came on paper, and
// asks.
func mayPut(r account.Role, from Source) bool {
	switch r {
	case account.Authority:
		return from != Operator
	case account.Examiner:
		return from == TechnicalService
	case account.Officer:
		return from != TechnicalService
	default:
		return false
	}
}

func (in *New) check(now time.Time) error {
	named := !in.Subject.IsZero() || in.Identifier.Value != ""
	switch {
	case strings.TrimSpace(in.Document) == "":
		return fault.Bad("document", "missing-field")
	case len(in.Document) > maxText:
		return fault.Bad("document", "too-long", "max", maxText)
	case len(in.Details) > maxDetails:
		return fault.Bad("details", "too-long", "max", maxDetails)
	case in.Kind == Inquiry && in.Details == "" && in.File == nil:
		return fault.Bad("details", "missing-field")
	case in.Kind.ofPerson() && !named:
		return fault.Bad("subject", "missing-field")
	case named && !in.Kind.ofPerson() && in.Kind != Inquiry:
		return fault.Bad("subject", "order-no-person")
	case len(in.Categories) > 0 && in.Kind != Destroy && in.Kind != Unpublish:
		return fault.Bad("categories", "order-only-destroy")
	case len(in.Values) > 0 && in.Kind != Clarify:
		return fault.Bad("values", "values-unexpected")
	case len(in.Values) > maxValues:
		return fault.Bad("values", "too-many-items", "max", maxValues)
	}
	if err := in.span(now); err != nil || in.File == nil {
		return err
	}
	return in.File.check("file")
}

// span checks until when an examination lasts.
func (in *New) span(now time.Time) error {
	switch {
	case in.Kind != Examination && !in.Until.IsZero():
		return fault.Bad("until", "order-no-until")
	case in.Kind != Examination:
		return nil
	case in.Until.IsZero():
		return fault.Bad("until", "missing-field")
	case !in.Until.After(now):
		return fault.Bad("until", "time-past")
	case in.Until.Sub(now) > maxLooking:
		return fault.Bad("until", "order-too-long")
	}
	return nil
}

// person finds whom the order is about, among those whom the organization knows.
func (s *Orders) person(ctx context.Context, org *party.Organization, in *New) (ident.ID, error) {
	id := in.Subject
	if id.IsZero() && in.Identifier.Value == "" {
		return ident.ID{}, nil
	}
	if id.IsZero() {
		var err error
		if id, err = s.Parties.Lookup(ctx, org, in.Identifier); err != nil {
			return ident.ID{}, at("identifier", err)
		}
	}
	inside := org.Inside(id)
	if _, err := s.Parties.Store.Holding(ctx, inside, org.ID); err != nil {
		return ident.ID{}, at("subject", err)
	}
	return inside, nil
}

// Cancel takes an order back; only whoever issued it can.
func (s *Orders) Cancel(ctx context.Context, by account.Caller, id ident.ID) (*Order, error) {
	o, org, err := s.own(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if o.Issuer != by.Org {
		return nil, fault.New(fault.Forbidden, "forbidden")
	}
	if o.Status != Open {
		return nil, errMoved
	}
	o.Status, o.Ended, o.Values = Cancelled, s.Now(), nil
	return o, s.move(ctx, o, org, &step{ends: term.Cancelled, reason: "withdrawn"}, actorOf(by), "order.cancel")
}

var (
	errMoved   = fault.New(fault.Conflict, "order-moved")
	errUnknown = fault.New(fault.NotFound, "order-unknown")
)

// step is what moves with an order.
type step struct {
	suspend *bool
	begun   *term.Term  // that begins
	ends    term.Status // what its own term comes to; empty: it goes on
	reason  string
}

const maxTries = 8

// move lands the next version of an order. Where only its term moved meanwhile,
// with the calendar, it is tried again.
func (s *Orders) move(ctx context.Context, o *Order, org *party.Organization, m *step, by verify.Actor, action string) error {
	o.Version++
	rec, err := s.land(ctx, o, org, by, action)
	if err != nil {
		return err
	}
	for range maxTries {
		ended, err := s.endOfTerm(ctx, o, m, rec.ID)
		if err != nil {
			return err
		}
		stale, err := s.Store.MoveOrder(ctx, o, ended, m.suspend, m.begun, rec)
		if err != nil {
			return err
		}
		if !stale {
			if m.suspend != nil {
				_, err = s.Parties.Reload(ctx, org.ID)
			}
			return err
		}
		now, err := s.Store.Order(ctx, o.ID)
		if err != nil {
			return err
		}
		if now.Version != o.Version-1 {
			return errMoved
		}
	}
	return fault.New(fault.Unavailable, "contended")
}

// endOfTerm is the term of an order as it stands once that has ended; nil where
// none runs.
func (s *Orders) endOfTerm(ctx context.Context, o *Order, m *step, entry ident.ID) (*term.Term, error) {
	if o.Term.IsZero() || m.ends == "" {
		return nil, nil //nolint:nilnil // none is an answer
	}
	t, err := s.Terms.One(ctx, o.Org, o.Term)
	if err != nil || t.Status != term.Open {
		return nil, err
	}
	return t.Close(m.ends, m.reason, entry, s.Now())
}

// land prepares the entry of something that was done with an order, and seals
// what the order says.
func (s *Orders) land(ctx context.Context, o *Order, org *party.Organization, by verify.Actor, action string) (*journal.Record, error) {
	key, err := s.Parties.JournalKey(ctx, o.Subject)
	if err != nil {
		return nil, err
	}
	e := &verify.Entry{
		Organization: org.BIN, Actor: by, Action: action, Ground: &verify.Ground{Provision: string(o.Provision), Document: o.Document},
		Reference: o.ID.String(), Edition: org.Edition(s.Now()).ID, Detail: string(o.Kind) + " " + string(o.Source), Categories: o.Categories,
	}
	if !o.Subject.IsZero() {
		e.Subject = verify.ID(org.Outside(o.Subject))
	}
	rec, err := journal.Prepare(e, o.Subject, org.ID, &key, s.Now())
	if err != nil {
		return nil, err
	}
	o.Entries = append(o.Entries, rec.ID)
	return rec, o.seal(&key)
}

func (o *Order) place() []byte { return seal.Place("order", o.Subject[:], o.ID[:]) }

func (o *Order) seal(key *seal.Key) error {
	body, err := json.Marshal(&o.Content)
	if err == nil {
		o.Sealed = key.Seal(nil, body, o.place())
	}
	return err
}

func (s *Orders) open(ctx context.Context, o *Order) error {
	key, err := s.Parties.JournalKey(ctx, o.Subject)
	if err != nil {
		return err
	}
	body, err := key.Open(o.Sealed, o.place())
	if err == nil {
		err = json.Unmarshal(body, &o.Content)
	}
	return err
}

// One returns an order as the caller may see it.
func (s *Orders) One(ctx context.Context, by account.Caller, id ident.ID) (*Order, *party.Organization, error) {
	return s.own(ctx, by, id)
}

// own finds an order that the caller has to do with: the authority with all, an
// examiner with its own, an officer with those to the own organization.
// Another's is told like none.
func (s *Orders) own(ctx context.Context, by account.Caller, id ident.ID) (*Order, *party.Organization, error) {
	o, err := s.Store.Order(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	switch by.Role {
	case account.Authority:
	case account.Examiner:
		if o.Issuer != by.Org {
			return nil, nil, errUnknown
		}
	default:
		if o.Org != by.Org {
			return nil, nil, errUnknown
		}
	}
	org, err := s.Parties.ByID(ctx, o.Org)
	if err != nil {
		return nil, nil, err
	}
	return o, org, s.open(ctx, o)
}

// List lists orders, opened, newest first.
func (s *Orders) List(ctx context.Context, f Filter) ([]Order, error) {
	all, err := s.Store.Orders(ctx, f)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := s.open(ctx, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// actorOf is how the caller stands in the journal: a pseudonym.
func actorOf(by account.Caller) verify.Actor {
	a := verify.Actor{Kind: "person", ID: by.Token.String()}
	switch by.Role {
	case account.Authority:
		a.Kind = "authority"
	case account.Examiner:
		a.Kind = "examiner"
	}
	return a
}

// at puts a fault under a field.
func at(field string, err error) error {
	if e, ok := err.(*fault.Error); ok { //nolint:errorlint // never wrapped where it is made
		return e.At(field)
	}
	return err
}

// Check refuses a filter that names what is none.
func (f *Filter) Check() error {
	if f.Status != "" && f.Status != Open && f.Status != Executed && f.Status != Cancelled {
		return fault.Bad("status", "bad-enum", "allowed", "open, executed, cancelled")
	}
	if f.Kind != "" && !slices.Contains(Kinds, f.Kind) {
		return fault.Bad("kind", "bad-enum", "allowed", list(Kinds))
	}
	return nil
}
