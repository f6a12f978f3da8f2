package consent

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
	"kelisim/internal/term"
	"kelisim/verify"
)

// HoldFilter selects holds; zero fields do not.
type HoldFilter struct {
	Subject ident.ID
	Consent ident.ID
	Org     ident.ID
	Status  HoldStatus // as it is kept
	All     bool       // of everybody: for the authorised body
	// Appealed selects those that were ever appealed; Oldest puts the longest
	// waiting appeal first.
	Appealed, Oldest bool
	After            ident.ID // the last of the page before; newest come first
	Limit            int
}

// HoldStore keeps holds.
type HoldStore interface {
	// InsertHold lands a hold with its entry and moves the subject's version: a
	// withdrawal under way looks again.
	// file is its document, sealed; nil for none.
	InsertHold(ctx context.Context, h *Hold, file []byte, r *journal.Record) (stale bool, err error)
	// UpdateHold lands the next version of a hold, and in the same write the term in
	// which its appeal is decided, as it begins and as it ends, and what the hold let
	// through; nil for nothing.
	UpdateHold(ctx context.Context, h *Hold, begun, ended *term.Term, r *journal.Record, let *Let) (stale bool, err error)
	// HoldFile is the sealed document of a hold, or a fault.NotFound.
	HoldFile(ctx context.Context, subject, id ident.ID) ([]byte, error)
	// Hold returns a fault.NotFound when there is none.
	Hold(ctx context.Context, id ident.ID) (*Hold, error)
	Holds(ctx context.Context, f HoldFilter) ([]Hold, error)
}

// Let is a withdrawal that a hold barred and bars no longer, with its entry.
type Let struct {
	Consent *Consent
	Record  *journal.Record
}

// NewHold is a hold as an operator sets it.
type NewHold struct {
	HoldNote
	Scan     *NewFile // the document itself; nil for none
	Scopes   Scope    // zero: all that may be held
	Purposes []string // of the consent; empty: all
	Until    time.Time
	Actor    verify.Actor
}

// SetHold names an obligation before anybody demands a withdrawal (Art. 8(2)).
// The subject learns of it by its entry.
func (s *Consents) SetHold(ctx context.Context, consent ident.ID, in *NewHold) (*Hold, error) {
	now := s.Now()
	if err := HoldMachine.begin("consent.hold", in.Actor.Kind); err != nil {
		return nil, err
	}
	if err := in.checkAll(); err != nil {
		return nil, err
	}
	switch {
	case in.Until.IsZero():
		return nil, fault.Bad("until", "missing-field")
	case !in.Until.After(now):
		return nil, fault.Bad("until", "time-past")
	case in.Scopes&^Holdable != 0:
		e := fault.Bad("scopes", "hold-publication")
		e.Provisions = []string{"24(1)6"}
		return nil, e
	}
	if in.Scopes == 0 {
		in.Scopes = Holdable
	}
	for range maxTries {
		h, stale, err := s.setHold(ctx, consent, in)
		if err != nil || !stale {
			return h, err
		}
		if _, err := s.Parties.Reload(ctx, h.Org); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

func (s *Consents) setHold(ctx context.Context, consent ident.ID, in *NewHold) (*Hold, bool, error) {
	c, err := s.Store.Consent(ctx, consent)
	if err != nil {
		return nil, false, err
	}
	version, jkey, err := s.open(ctx, c.Subject)
	if err != nil {
		return nil, false, err
	}
	c, org, err := s.given(ctx, consent) // as it is under that version: it may have been withdrawn just now
	if err != nil {
		return nil, false, err
	}
	now := s.Now()
	if err := ConsentMachine.next("consent.withdraw", c.StatusAt(now), Withdrawn, string(ByOperator), "consent-not-active"); err != nil {
		return nil, false, err // nothing to hold
	}
	if i := outside(in.Purposes, c.Terms.Purposes); i >= 0 {
		return nil, false, fault.Bad("purposes", "not-in-consent")
	}
	if s.disseminates(org, c) {
		return nil, false, fault.New(fault.Conflict, "hold-publication")
	}
	h := &Hold{
		ID: ident.NewID(now), Subject: c.Subject, Org: c.Org, Consent: c.ID, Version: 1, Status: HoldActive,
		Scopes: in.Scopes, Purposes: sorted(in.Purposes), Set: now, Until: in.Until, Moved: now,
	}
	if err := h.seal(&jkey, &in.HoldNote); err != nil {
		return nil, false, err
	}
	var file []byte
	if in.Scan != nil {
		file = jkey.Seal(nil, in.Scan.Content, holdFilePlace(h))
	}
	rec, err := s.holdEvent(org, c, &in.HoldNote, &jkey, version, in.Actor, "consent.hold", "")
	if err == nil {
		err = s.tellHold(ctx, h, org, &jkey, rec)
	}
	if err != nil {
		return nil, false, err
	}
	stale, err := s.HoldStore.InsertHold(ctx, h, file, rec)
	return h, stale, err
}

// checkAll checks what is said and the document. The file is kept as evidence of a
// consent is: under the subject's journal key.
func (in *NewHold) checkAll() error {
	in.File = nil
	if err := in.check(); err != nil || in.Scan == nil {
		return err
	}
	files, err := checkFiles([]NewFile{*in.Scan})
	if err != nil {
		return under("file", err)
	}
	in.File = &files[0]
	return nil
}

// under names the field of a hold's only file.
func under(field string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	n := *f
	n.Field = field + strings.TrimPrefix(f.Field, "evidence.files[0]")
	return &n
}

// LiftHold ends a hold before its date, by the operator that set it. Where it was
// appealed, the appeal was right: the withdrawal that it barred is carried out.
func (s *Consents) LiftHold(ctx context.Context, id ident.ID, reason string, by verify.Actor) (*Hold, error) {
	return s.moveHold(ctx, id, reason, &holdStep{action: "consent.lift", to: HoldLifted, by: by, say: decided(reason, by)})
}

// AppealHold lets the subject, or who may withdraw for the subject, ask the
// authorised body whether a hold is right. A reason may be given and need not: it
// is the operator that has to show the obligation.
func (s *Consents) AppealHold(ctx context.Context, id ident.ID, reason string, by verify.Actor) (*Hold, error) {
	reason = strings.TrimSpace(reason)
	return s.moveHold(ctx, id, reason, &holdStep{
		action: "consent.appeal", to: HoldAppealed, by: by, say: func(n *HoldNote) { n.Appeal = reason },
		touch: func(h *Hold) { h.Appealed = s.Now() },
	})
}

// ReplyHold is the operator's word on an appeal, before it is decided; a later one
// takes its place.
func (s *Consents) ReplyHold(ctx context.Context, id ident.ID, text string, by verify.Actor) (*Hold, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, fault.Bad("reply", "missing-field")
	}
	if len(text) > maxHoldReason {
		return nil, fault.Bad("reply", "too-long", "max", maxHoldReason)
	}
	return s.moveHold(ctx, id, "", &holdStep{action: "consent.reply", by: by, say: func(n *HoldNote) { n.Reply = text }})
}

// ReviewHold opens an appealed hold for the authorised body. Its look is journaled
// like anybody's, before anything is shown (Art. 27-1(2)).
func (s *Consents) ReviewHold(ctx context.Context, id ident.ID, by verify.Actor) (*Hold, error) {
	h, err := s.HoldStore.Hold(ctx, id)
	if err == nil && h.Appealed.IsZero() { // it is nobody's to decide
		err = fault.New(fault.NotFound, "hold-unknown")
	}
	if err != nil {
		return nil, err
	}
	return s.moveHold(ctx, id, "", &holdStep{action: "consent.review", by: by})
}

// DecideHold is the authorised body's decision on an appeal. Lifted, a hold bars
// nothing from that moment, and the withdrawal that it barred is carried out in the
// same write.
func (s *Consents) DecideHold(ctx context.Context, id ident.ID, lift bool, reason string, by verify.Actor) (*Hold, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, fault.Bad("reason", "missing-field")
	}
	step := &holdStep{action: "consent.uphold", to: HoldUpheld, by: by, say: decided(reason, by)}
	if lift {
		step.action, step.to = "consent.lift", HoldLifted
	}
	return s.moveHold(ctx, id, reason, step)
}

func decided(reason string, by verify.Actor) func(*HoldNote) {
	return func(n *HoldNote) { n.Decision, n.DecidedBy = strings.TrimSpace(reason), by.Kind }
}

// holdStep is one step of a hold.
type holdStep struct {
	action string
	to     HoldStatus // empty: it stays where it is
	by     verify.Actor
	say    func(*HoldNote)
	touch  func(*Hold) // what is not said
}

func (s *Consents) moveHold(ctx context.Context, id ident.ID, reason string, step *holdStep) (*Hold, error) {
	if len(reason) > maxHoldReason {
		return nil, fault.Bad("reason", "too-long", "max", maxHoldReason)
	}
	for range maxTries {
		h, err := s.HoldStore.Hold(ctx, id)
		if err != nil {
			return nil, err
		}
		n, stale, err := s.landHold(ctx, h, step)
		if err != nil || !stale {
			return n, err
		}
		if _, err := s.Parties.Reload(ctx, h.Org); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

// landHold lands one step of a hold.
func (s *Consents) landHold(ctx context.Context, h *Hold, step *holdStep) (*Hold, bool, error) {
	version, jkey, err := s.open(ctx, h.Subject)
	if err != nil {
		return nil, false, err
	}
	c, org, err := s.given(ctx, h.Consent) // as it is under that version
	if err != nil {
		return nil, false, err
	}
	rep, err := s.onBehalf(ctx, h.Subject, org, step.by, represent.Withdraw)
	if err != nil {
		return nil, false, err
	}
	to := step.to
	if to == "" {
		to = h.StatusAt(s.Now())
	}
	n, err := h.move(step.action, to, step.by.Kind, s.Now())
	if err != nil {
		return nil, false, err
	}
	note, err := h.open(&jkey)
	if err != nil {
		return nil, false, err
	}
	if step.say != nil {
		step.say(note)
	}
	if step.touch != nil {
		step.touch(n)
	}
	if err := n.seal(&jkey, note); err != nil {
		return nil, false, err
	}
	rec, err := s.holdEvent(org, c, note, &jkey, version, step.by, step.action, rep.Role())
	if err == nil && n.Status != h.Status {
		err = s.tellHold(ctx, n, org, &jkey, rec)
	}
	if err != nil {
		return nil, false, err
	}
	begun, ended, err := s.considered(ctx, h, n, step.by, rec.ID)
	if err != nil {
		return nil, false, err
	}
	var let *Let
	if n.Status == HoldLifted && h.Status == HoldAppealed {
		if let, err = s.letThrough(ctx, org, c, n, note, &jkey, version+1); err != nil {
			return nil, false, err
		}
	}
	stale, err := s.HoldStore.UpdateHold(ctx, n, begun, ended, rec, let)
	if let != nil {
		s.Published.drop(n.Org)
	}
	return n, stale, err
}

// letThrough is the withdrawal that a hold barred, now that the hold is gone: what
// was demanded, as far as it is still in the consent and nothing else bars it; nil
// for nothing. version is the subject's after the hold's own step.
func (s *Consents) letThrough(ctx context.Context, org *party.Organization, c *Consent, h *Hold, note *HoldNote, jkey *seal.Key, version int64) (*Let, error) {
	now := s.Now()
	if st := c.StatusAt(now); st != Active && st != Paused {
		return nil, nil
	}
	part := demanded(note.Demands, c)
	if !part.Until.IsZero() && !part.Until.After(now) { // the day that it was to end on is over
		part.Scopes, part.Until = c.Scopes, time.Time{}
	}
	if part.empty() {
		return nil, nil
	}
	reg, err := s.registerOf(ctx, org, c.Register)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	by := verify.Actor{Kind: string(ByService), ID: "appeal"} // it goes on with what the subject demanded
	probe, err := c.Take(part, reg, now, by.Kind, ident.ID{})
	if err != nil {
		return nil, err
	}
	holds, err := s.holdsOn(ctx, c)
	if err != nil {
		return nil, err
	}
	holds = slices.DeleteFunc(holds, func(x Hold) bool { return x.ID == h.ID })
	whole := *part
	if probe.Status == Withdrawn {
		whole.Scopes = AllScopes
	}
	if barring(holds, &whole, h.Demanded, now) != nil {
		return nil, nil // something else does: the demand stays refused, by that
	}
	rec, err := s.event(org, c, jkey, version, by, "consent.withdraw", func(e *verify.Entry) {
		e.Categories, e.Detail = c.Terms.Categories, strings.Join(probe.lastNames(), ",")
	})
	if err != nil {
		return nil, err
	}
	n, err := c.Take(part, reg, now, by.Kind, rec.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range note.Demands {
		if d.Reason == "" {
			continue
		}
		if n.Sealed, err = s.addReason(jkey, n, d.Reason); err != nil {
			return nil, err
		}
	}
	return &Let{n, rec}, Tell(ctx, s.Outbox, n, org, jkey, rec)
}

// demanded is all that was demanded of a consent and is still in it.
func demanded(list []HeldDemand, c *Consent) *Part {
	all := &Part{}
	for i := range list {
		d := &list[i].Part
		all.Scopes |= d.Scopes & c.Scopes
		if !d.Until.IsZero() && (c.Until.IsZero() || d.Until.Before(c.Until)) && (all.Until.IsZero() || d.Until.Before(all.Until)) {
			all.Until = d.Until
		}
		has, from := c.Terms.of(), d.lists()
		for k, l := range all.lists() {
			for _, id := range *from[k].list {
				if slices.Contains(*has[k], id) && !slices.Contains(*l.list, id) {
					*l.list = append(*l.list, id)
				}
			}
		}
	}
	return all
}

// holdEvent is the entry of a step: it names the obligation and its document, so
// that the subject reads them in the inbox.
func (s *Consents) holdEvent(org *party.Organization, c *Consent, n *HoldNote, jkey *seal.Key, version int64, by verify.Actor, action, role string) (*journal.Record, error) {
	return s.event(org, c, jkey, version, by, action, func(e *verify.Entry) {
		e.Role, e.Detail = role, n.Bar()
		e.Ground = &verify.Ground{Provision: "8(2)", Document: n.Document}
	})
}

// Bar is what stands against a withdrawal, in one line.
func (n *HoldNote) Bar() string {
	parts := slices.DeleteFunc([]string{strings.TrimSpace(n.Obligation), strings.TrimSpace(n.Provision)}, func(p string) bool { return p == "" })
	return strings.Join(parts, "; ")
}

// HoldsOf lists the holds of a consent, newest first.
func (s *Consents) HoldsOf(ctx context.Context, consent ident.ID) ([]Hold, error) {
	c, err := s.Store.Consent(ctx, consent)
	if err != nil {
		return nil, err
	}
	return s.holdsOn(ctx, c)
}

func (s *Consents) holdsOn(ctx context.Context, c *Consent) ([]Hold, error) {
	if s.HoldStore == nil {
		return nil, nil
	}
	return s.HoldStore.Holds(ctx, HoldFilter{Subject: c.Subject, Consent: c.ID, Limit: maxHolds})
}

// maxHolds is how many holds of one consent are looked at, the newest: nobody
// sets so many.
const maxHolds = 1000

// HoldNote opens what a hold says.
func (s *Consents) HoldNote(ctx context.Context, h *Hold) (*HoldNote, error) {
	_, jkey, err := s.open(ctx, h.Subject)
	if err != nil {
		return nil, err
	}
	return h.open(&jkey)
}

// refuseHeld is a *BarredError where a hold stands against taking a part out.
func (s *Consents) refuseHeld(ctx context.Context, c *Consent, p *Part, arrived time.Time) error {
	holds, err := s.holdsOn(ctx, c)
	if err != nil {
		return err
	}
	h := barring(holds, p, arrived, s.Now())
	if h == nil {
		return nil
	}
	note, err := s.HoldNote(ctx, h)
	if err != nil {
		return err
	}
	return barredBy(h, note)
}

// refused writes down that a demand was refused and by what: the reasoned
// refusal of Art. 8(2). A hold set later does not stand against that demand. It
// returns the refusal, or why it could not be written down.
func (s *Consents) refused(ctx context.Context, err error, d *HeldDemand, by verify.Actor) error {
	var b *BarredError
	if !errors.As(err, &b) {
		return err
	}
	for range maxTries {
		h, err := s.HoldStore.Hold(ctx, b.Hold.ID)
		if err != nil {
			return err
		}
		if !h.inForce(s.Now()) { // lifted meanwhile: the demand is to be made again
			return b
		}
		_, stale, err := s.landHold(ctx, h, &holdStep{
			action: "consent.barred", by: by, say: func(n *HoldNote) { n.keep(d) },
			touch: func(n *Hold) {
				if n.Demanded.IsZero() || d.At.Before(n.Demanded) {
					n.Demanded = d.At
				}
			},
		})
		if err != nil {
			return err
		}
		if !stale {
			return b
		}
		if _, err := s.Parties.Reload(ctx, h.Org); err != nil {
			return err
		}
	}
	return errContended
}

// maxDemands is how many refused withdrawals a hold remembers, the first: who
// presses the button again demands nothing new.
const maxDemands = 20

// keep remembers a withdrawal that was refused. A pause is none: it is over by
// itself when the subject wants it to be.
func (n *HoldNote) keep(d *HeldDemand) {
	if d.Part.empty() || len(n.Demands) >= maxDemands {
		return
	}
	if !slices.ContainsFunc(n.Demands, func(o HeldDemand) bool { return reflect.DeepEqual(o.Part, d.Part) && o.Reason == d.Reason }) {
		n.Demands = append(n.Demands, *d)
	}
}

// HoldFile opens the document of a hold, a fault.NotFound where there is none.
func (s *Consents) HoldFile(ctx context.Context, h *Hold) (*File, []byte, error) {
	_, jkey, err := s.open(ctx, h.Subject)
	if err != nil {
		return nil, nil, err
	}
	n, err := h.open(&jkey)
	if err != nil {
		return nil, nil, err
	}
	if n.File == nil {
		return nil, nil, fault.New(fault.NotFound, "hold-file-absent")
	}
	sealed, err := s.HoldStore.HoldFile(ctx, h.Subject, h.ID)
	if err != nil {
		return nil, nil, err
	}
	content, err := jkey.Open(sealed, holdFilePlace(h))
	return n.File, content, err
}

// given is a consent and the organization that it was given to.
func (s *Consents) given(ctx context.Context, id ident.ID) (*Consent, *party.Organization, error) {
	c, err := s.Store.Consent(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	org, err := s.Parties.ByID(ctx, c.Org)
	return c, org, err
}
