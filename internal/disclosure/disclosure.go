// Package disclosure says when and how subjects are shown what the journal has
// of them. An event is written down first and always; what is decided here is
// only when its subject sees it: at once, or, on a ground of the edition, at a
// date that two people set. Then it shows by itself: nothing has to be done, and
// nobody can forget it.
//
// That nothing shows before is enforced in one place, [journal.View]; the
// deferrals that it reads are made here. Lines puts what machines did again and
// again into one line.
package disclosure

import (
	"context"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// Filter selects deferrals of an organization; zero fields do not.
type Filter struct {
	Org    ident.ID
	Status journal.DeferralStatus
	After  ident.ID // the last of the page before; newest come first
	Limit  int
}

// Count is how many deferrals an organization has on a ground: what the
// authorised body sees of all of them, without anybody's name.
type Count struct {
	Organization string `json:"organization"` // BIN
	Provision    string `json:"provision"`
	Pending      int    `json:"pending"`
	Approved     int    `json:"approved"` // hiding something now
	Ended        int    `json:"ended"`    // at their date, or lifted before
	Refused      int    `json:"refused"`  // or never decided
}

// Store keeps deferrals.
type Store interface {
	// InsertDeferral lands a deferral with its entry.
	InsertDeferral(ctx context.Context, d *journal.Deferral, r *journal.Record) error
	// MoveDeferral lands the next status of a deferral with its entry; a
	// fault.Conflict when it is not in the one before any more.
	MoveDeferral(ctx context.Context, d *journal.Deferral, from journal.DeferralStatus, r *journal.Record) error
	// Deferral returns a fault.NotFound when there is none.
	Deferral(ctx context.Context, id ident.ID) (*journal.Deferral, error)
	Deferrals(ctx context.Context, f Filter) ([]journal.Deferral, error)
	CountDeferrals(ctx context.Context, now time.Time) ([]Count, error)
}

// Deferrals is the service.
type Deferrals struct {
	Store   Store
	Parties *party.Parties
	Now     func() time.Time
}

// New is a deferral as it is asked for.
type New struct {
	Subject   ident.ID // as the organization knows it
	Reference string   // the case; empty for all that the organization does with the subject
	Role      string   // primary or empty; incidental: the case is another person's
	Provision string
	Document  string
	Until     time.Time
}

// limits of texts, in bytes, as decisions have them.
const (
	maxReference = 200
	maxDocument  = 500
)

// Request asks for a deferral. It hides nothing before another person approves
// it, but what tells of the request itself.
func (s *Deferrals) Request(ctx context.Context, by account.Caller, in New) (*journal.Deferral, error) {
	now := s.Now()
	org, err := s.organization(ctx, by)
	if err != nil {
		return nil, err
	}
	if err := in.check(org.Edition(now), now); err != nil {
		return nil, err
	}
	subject := org.Inside(in.Subject)
	if _, err := s.Parties.Store.Holding(ctx, subject, org.ID); err != nil {
		return nil, err
	}
	d := &journal.Deferral{
		ID: ident.NewID(now), Subject: subject, Org: org.ID, Status: journal.Pending, Provision: in.Provision, Until: in.Until,
		Requested: journal.Step{At: now, By: by.Token}, Reference: in.Reference, Document: in.Document,
	}
	if in.Role == verify.RoleIncidental {
		d.Role = in.Role
	}
	rec, err := s.land(ctx, d, org, by, "disclosure.defer")
	if err != nil {
		return nil, err
	}
	return d, s.Store.InsertDeferral(ctx, d, rec)
}

func (in *New) check(edition *law.Edition, now time.Time) error {
	switch {
	case in.Subject.IsZero():
		return fault.Bad("subject", "missing-field")
	case len(in.Reference) > maxReference:
		return fault.Bad("reference", "too-long", "max", maxReference)
	case in.Role != "" && in.Role != "primary" && in.Role != verify.RoleIncidental:
		return fault.Bad("role", "bad-enum", "allowed", "primary, incidental")
	case in.Provision == "":
		return fault.Bad("provision", "missing-field")
	case strings.TrimSpace(in.Document) == "":
		return fault.Bad("document", "missing-field")
	case len(in.Document) > maxDocument:
		return fault.Bad("document", "too-long", "max", maxDocument)
	case in.Until.IsZero():
		return fault.Bad("until", "missing-field")
	case !in.Until.After(now):
		return fault.Bad("until", "time-past")
	}
	g, _ := edition.Ground(law.Provision(in.Provision))
	if g.Defer == nil {
		return fault.Bad("provision", "deferral-ground", "allowed", grounds(edition))
	}
	longest, ok := register.ParsePeriod(g.Defer.Max)
	if !ok || in.Until.After(longest.Add(now)) {
		return fault.Bad("until", "deferral-too-long", "max", g.Defer.Max)
	}
	return nil
}

// grounds are those of an edition that allow a deferral.
func grounds(e *law.Edition) string {
	var all []string
	for _, g := range e.Grounds() {
		if g.Defer != nil {
			all = append(all, string(g.Provision))
		}
	}
	return strings.Join(all, ", ")
}

// Approve puts a deferral in force: from now on nothing of it is shown to the
// subject. It takes another person than the one who asked.
func (s *Deferrals) Approve(ctx context.Context, by account.Caller, id ident.ID) (*journal.Deferral, error) {
	d, org, err := s.own(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if d.Requested.By == by.Token {
		return nil, fault.New(fault.Forbidden, "deferral-second-person")
	}
	return s.move(ctx, by, d, org, journal.Approved)
}

// Refuse ends a request. One person is enough, the one who asked too: nothing is
// hidden by that.
func (s *Deferrals) Refuse(ctx context.Context, by account.Caller, id ident.ID) (*journal.Deferral, error) {
	d, org, err := s.own(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return s.move(ctx, by, d, org, journal.Refused)
}

// Lift shows everything before the date. One person is enough, and the
// authorised body or a court may lift any organization's.
func (s *Deferrals) Lift(ctx context.Context, by account.Caller, id ident.ID) (*journal.Deferral, error) {
	find := s.own
	if by.Role == account.Authority {
		find = s.any
	}
	d, org, err := find(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return s.move(ctx, by, d, org, journal.Lifted)
}

// move lands the next status of a deferral.
func (s *Deferrals) move(ctx context.Context, by account.Caller, d *journal.Deferral, org *party.Organization, to journal.DeferralStatus) (*journal.Deferral, error) {
	from, now := d.Status, s.Now()
	step := journal.Step{At: now, By: by.Token}
	var action string
	switch {
	case from == journal.Pending && to == journal.Approved:
		d.Decided, action = step, "disclosure.approve"
	case from == journal.Pending && to == journal.Refused:
		d.Decided, action = step, "disclosure.refuse"
	case from == journal.Approved && to == journal.Lifted:
		d.Lifted, action = step, "disclosure.lift"
	default:
		return nil, fault.New(fault.Conflict, "deferral-moved")
	}
	if to != journal.Refused && !now.Before(d.Until) {
		return nil, fault.New(fault.Conflict, "deferral-over")
	}
	d.Status = to
	rec, err := s.land(ctx, d, org, by, action)
	if err != nil {
		return nil, err
	}
	return d, s.Store.MoveDeferral(ctx, d, from, rec)
}

// land seals a deferral and prepares the entry that tells of what was done with
// it.
func (s *Deferrals) land(ctx context.Context, d *journal.Deferral, org *party.Organization, by account.Caller, action string) (*journal.Record, error) {
	key, err := s.Parties.JournalKey(ctx, d.Subject)
	if err != nil {
		return nil, err
	}
	if err := d.Seal(&key); err != nil {
		return nil, err
	}
	now := s.Now()
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(d.Subject)), Organization: org.BIN, Actor: verify.Actor{Kind: "person", ID: by.Token.String()},
		Action: action, Ground: &verify.Ground{Provision: d.Provision, Document: d.Document}, Reference: d.Reference,
		Role: d.Role, Edition: org.Edition(now).ID, Detail: d.Detail(),
	}
	if by.Role == account.Authority {
		e.Actor.Kind = "authority"
	}
	if org.Register != nil {
		e.Register = org.Register.Version
	}
	return journal.Prepare(e, d.Subject, org.ID, &key, now)
}

// organization is the one for which the caller may defer.
func (s *Deferrals) organization(ctx context.Context, by account.Caller) (*party.Organization, error) {
	if by.Role != account.Officer && by.Role != account.Authority || by.Org.IsZero() {
		return nil, fault.New(fault.Forbidden, "forbidden")
	}
	return s.Parties.ByID(ctx, by.Org)
}

var errUnknown = fault.New(fault.NotFound, "deferral-unknown")

// own finds a deferral of the caller's organization. Another's is not told from
// one that does not exist.
func (s *Deferrals) own(ctx context.Context, by account.Caller, id ident.ID) (*journal.Deferral, *party.Organization, error) {
	if _, err := s.organization(ctx, by); err != nil {
		return nil, nil, err
	}
	d, org, err := s.any(ctx, by, id)
	if err == nil && d.Org != by.Org {
		return nil, nil, errUnknown
	}
	return d, org, err
}

func (s *Deferrals) any(ctx context.Context, _ account.Caller, id ident.ID) (*journal.Deferral, *party.Organization, error) {
	d, err := s.Store.Deferral(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if err := s.open(ctx, d); err != nil {
		return nil, nil, err
	}
	org, err := s.Parties.ByID(ctx, d.Org)
	return d, org, err
}

func (s *Deferrals) open(ctx context.Context, d *journal.Deferral) error {
	key, err := s.Parties.JournalKey(ctx, d.Subject)
	if err != nil {
		return err
	}
	return d.Open(&key)
}

// List lists deferrals of an organization, newest first.
func (s *Deferrals) List(ctx context.Context, f Filter) ([]journal.Deferral, error) {
	list, err := s.Store.Deferrals(ctx, f)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := s.open(ctx, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Counts counts all deferrals by organization and ground.
func (s *Deferrals) Counts(ctx context.Context) ([]Count, error) {
	return s.Store.CountDeferrals(ctx, s.Now())
}

// Holdings is what holders are read from.
type Holdings interface {
	Holders(ctx context.Context, subject ident.ID) ([]party.Holding, error)
}

// Holders lists who holds something of a subject, as the subject may see it:
// without organizations all of whose acts are deferred and of which the subject
// knows from nowhere else.
func Holders(ctx context.Context, from Holdings, subject ident.ID, mine *journal.View) ([]party.Holding, error) {
	list, err := from.Holders(ctx, subject)
	if err != nil {
		return nil, err
	}
	out := list[:0]
	for i := range list {
		known, err := mine.Knows(ctx, list[i].Org)
		if err != nil {
			return nil, err
		}
		if known {
			out = append(out, list[i])
		}
	}
	return out, nil
}
