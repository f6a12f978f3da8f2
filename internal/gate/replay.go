package gate

import (
	"context"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// Replay is a decision of the journal, with the facts as they were.
type Replay struct {
	Facts *Facts
	Entry *verify.Entry
	// Agrees: the rules say today what the journal says.
	Agrees bool
}

// Journal is what a replay reads of the journal.
type Journal interface {
	One(ctx context.Context, f journal.Filter, entry ident.ID) (*journal.Row, *journal.Opened, error)
	List(ctx context.Context, f journal.Filter) ([]journal.Row, []*journal.Opened, error)
}

// Replay puts together the facts that a decision of an organization was taken
// on: consents and description as they were, blocks and the state of the person
// from the journal. What nobody keeps (the age and the origin of values that are
// gone, undertakings that were replaced) is taken from the reasons that the entry
// gives. A fault.Conflict "entry-no-decision" means that
// the entry tells of no decision.
func (g *Guard) Replay(ctx context.Context, j Journal, o *party.Organization, entry ident.ID) (*Replay, error) {
	row, e, err := j.One(ctx, journal.Filter{Org: o.ID}, entry)
	if err != nil {
		return nil, err
	}
	if e.Decision == "" || row.Subject.IsZero() { // of an event, or about nobody's own data
		return nil, fault.New(fault.Conflict, "entry-no-decision")
	}
	action, _ := register.ParseAction(e.Action)
	at := time.UnixMilli(e.At).UTC()
	ed, ok := law.ByID(e.Edition)
	if !ok {
		ed = o.Edition(at)
	}
	f := &Facts{
		Now: at, Edition: ed, Suspended: said(e, law.OrganizationSuspended), Countries: g.Parties.Countries(),
		Request: Request{
			Base: e.Base, Action: action, Purpose: e.Purpose, Categories: e.Categories, Recipient: e.Recipient, Country: e.Country,
			OwnData: e.Actor.Kind == "subject" || said(e, law.OwnData), Person: e.Actor.Kind == "person",
		},
	}
	f.readBeside(e.Detail)
	if f.Register, err = g.registerAt(ctx, o, e.Register); err != nil {
		return nil, err
	}
	f.claimed(e)
	if err := g.asker(ctx, f, e); err != nil {
		return nil, err
	}
	f.Undertaken = f.Person && !said(e, law.NoUndertaking)
	if said(e, law.RetentionOver) {
		f.Over = e.Categories
	}
	if saidVariant(e, law.IncompatiblePurpose) {
		for _, c := range e.Categories {
			f.Collected = append(f.Collected, Collected{Category: c, Purpose: "?", At: at})
		}
	}
	f.HurtsOther = saidVariant(e, law.NotCoveredOthers)
	if err := g.past(ctx, j, f, row, o); err != nil {
		return nil, err
	}
	if said(e, law.DataDestroyed) {
		f.Holding = party.Destroyed
	}
	d := Decide(f)
	return &Replay{f, e.Entry, agrees(&d, e.Entry)}, nil
}

// claimed takes over what was claimed. A permit on the ground of its purpose
// names the ground too, without a document.
func (f *Facts) claimed(e *journal.Opened) {
	if e.Ground == nil {
		return
	}
	at := law.Provision(e.Ground.Provision)
	if e.Decision == "permit" && e.Ground.Document == "" && f.Register != nil {
		p := f.Register.Purpose(e.Purpose)
		b := f.Register.Base(e.Base)
		if p != nil && p.Basis.Provision == string(at) || b != nil && b.Outside.Provision == string(at) {
			return
		}
	}
	f.Ground, f.Document = at, e.Ground.Document
	if g, ok := f.Edition.Ground(at); ok && g.ReachBack > 0 && !said(e, law.GroundUndocumented) {
		f.Dated, f.Since = f.Now, f.Now // within reach, unless the entry says otherwise
		if saidVariant(e, law.GroundTooFarBack) {
			f.Since = f.Now.AddDate(-g.ReachBack-1, 0, 0)
		}
	}
}

func (g *Guard) registerAt(ctx context.Context, o *party.Organization, version int) (*register.Register, error) {
	if version == 0 || o.Register != nil && o.Register.Version == version {
		return o.Register, nil
	}
	versions, err := g.Parties.Store.Versions(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(versions, func(v party.Version) bool { return v.Number == version })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "version-unknown")
	}
	d, err := register.Parse(versions[i].Canonical, g.Parties.Rules)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "internal", err)
	}
	r := register.Compile(d, version)
	return r, party.RememberAll(r, versions)
}

// asker is the holder, or the third party that asked and so is the recipient.
func (g *Guard) asker(ctx context.Context, f *Facts, e *journal.Opened) error {
	f.Asker = f.Register
	if e.Recipient == "" || e.Recipient == e.Organization {
		return nil
	}
	third, err := g.Parties.Organization(ctx, e.Recipient)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if f.Ground != "" || f.Action != register.Transfer {
		f.Asker = third.Register
	}
	return nil
}

// past brings consents, holding, bans and the person's state back to their
// state at the moment.
func (g *Guard) past(ctx context.Context, j Journal, f *Facts, row *journal.Row, o *party.Organization) error {
	now, err := g.Store.Facts(ctx, row.Subject, o.ID)
	if err != nil {
		return err
	}
	f.Bans = now.Bans // they carry their own dates
	all, err := g.Store.Consents(ctx, consent.Filter{Subject: row.Subject, Org: o.ID})
	if err != nil {
		return err
	}
	for i := range all {
		if c, was := all[i].At(f.Now); was {
			f.Consents = append(f.Consents, *c)
		}
	}
	f.Holding, f.Subject = party.Held, party.Alive
	filter := journal.Filter{BySubject: true, Subject: row.Subject, Org: o.ID, Before: row.ID, Limit: 500}
	for {
		_, entries, err := j.List(ctx, filter)
		if err != nil {
			return err
		}
		if f.rewind(entries) || len(entries) < filter.Limit {
			break
		}
		filter.Before = ident.ID(entries[len(entries)-1].ID)
	}
	return nil
}

// rewind reads entries from the newest back, and reports whether the state of
// the holding is known: a registration begins everything.
func (f *Facts) rewind(entries []*journal.Opened) bool {
	holding, person := false, false
	for _, e := range entries {
		switch {
		case e.Action == "subject.state" && !person:
			f.Subject, person = e.Detail, true
		case e.Action == "subject.register" || e.Action == "subject.import":
			return true
		case holding || e.Decision == "deny":
		case e.Action == register.Block.String():
			f.Holding, holding = party.Blocked, true
		case e.Action == register.Unblock.String():
			holding = true
		}
	}
	return false
}

func said(e *journal.Opened, c law.ReasonCode) bool {
	return slices.ContainsFunc(e.Reasons, func(r verify.Reason) bool { return r.Code == c.String() })
}

// saidVariant tells reasons of one code apart by what they rest on.
func saidVariant(e *journal.Opened, c law.ReasonCode) bool {
	ed, ok := law.ByID(e.Edition)
	if !ok {
		return false
	}
	return slices.ContainsFunc(e.Reasons, func(r verify.Reason) bool {
		return r.Code == c.String() && slices.EqualFunc(r.Provisions, ed.Reason(c).Provisions, func(a string, b law.Provision) bool { return a == string(b) })
	})
}

func agrees(d *Decision, e *verify.Entry) bool {
	if d.Permit != (e.Decision == "permit") || len(d.Codes()) != len(e.Reasons) {
		return false
	}
	for i, c := range d.Codes() {
		if e.Reasons[i].Code != c.String() {
			return false
		}
	}
	return true
}
