package consent

import (
	"context"
	"errors"
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
	After   ident.ID   // the last of the page before; newest come first
	Limit   int
}

// HoldStore keeps holds.
type HoldStore interface {
	// InsertHold lands a hold with its entry and moves the subject's version: a
	// withdrawal under way looks again.
	InsertHold(ctx context.Context, h *Hold, r *journal.Record) (stale bool, err error)
	// UpdateHold lands the next version of a hold, with the term in which its appeal
	// is decided, as it begins and as it ends; nil: none.
	UpdateHold(ctx context.Context, h *Hold, begun, ended *term.Term, r *journal.Record) (stale bool, err error)
	// Hold returns a fault.NotFound when there is none.
	Hold(ctx context.Context, id ident.ID) (*Hold, error)
	Holds(ctx context.Context, f HoldFilter) ([]Hold, error)
}

// NewHold is a hold as an operator sets it.
type NewHold struct {
	HoldNote
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
	if err := in.check(); err != nil {
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
	rec, err := s.holdEvent(org, c, &in.HoldNote, &jkey, version, in.Actor, "consent.hold", "")
	if err != nil {
		return nil, false, err
	}
	stale, err := s.HoldStore.InsertHold(ctx, h, rec)
	return h, stale, err
}

// LiftHold ends a hold before its date, by the operator that set it.
func (s *Consents) LiftHold(ctx context.Context, id ident.ID, reason string, by verify.Actor) (*Hold, error) {
	return s.moveHold(ctx, id, "consent.lift", HoldLifted, by, func(n *HoldNote) { n.Decision = reason }, reason)
}

// AppealHold lets the subject, or who may withdraw for the subject, ask the
// authorised body whether a hold is right.
func (s *Consents) AppealHold(ctx context.Context, id ident.ID, reason string, by verify.Actor) (*Hold, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, fault.Bad("reason", "missing-field")
	}
	return s.moveHold(ctx, id, "consent.appeal", HoldAppealed, by, func(n *HoldNote) { n.Appeal = reason }, reason)
}

// DecideHold is the authorised body's decision on an appeal. Lifted, a hold bars
// nothing from that moment.
func (s *Consents) DecideHold(ctx context.Context, id ident.ID, lift bool, reason string, by verify.Actor) (*Hold, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, fault.Bad("reason", "missing-field")
	}
	action, to := "consent.uphold", HoldUpheld
	if lift {
		action, to = "consent.lift", HoldLifted
	}
	return s.moveHold(ctx, id, action, to, by, func(n *HoldNote) { n.Decision = reason }, reason)
}

func (s *Consents) moveHold(ctx context.Context, id ident.ID, action string, to HoldStatus, by verify.Actor, say func(*HoldNote), reason string) (*Hold, error) {
	if len(reason) > maxHoldReason {
		return nil, fault.Bad("reason", "too-long", "max", maxHoldReason)
	}
	for range maxTries {
		h, err := s.HoldStore.Hold(ctx, id)
		if err != nil {
			return nil, err
		}
		n, stale, err := s.landHold(ctx, h, action, to, by, say, nil)
		if err != nil || !stale {
			return n, err
		}
		if _, err := s.Parties.Reload(ctx, h.Org); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

// landHold lands one step of a hold. touch changes what is not said.
func (s *Consents) landHold(ctx context.Context, h *Hold, action string, to HoldStatus, by verify.Actor, say func(*HoldNote), touch func(*Hold)) (*Hold, bool, error) {
	c, org, err := s.given(ctx, h.Consent)
	if err != nil {
		return nil, false, err
	}
	version, jkey, err := s.open(ctx, h.Subject)
	if err != nil {
		return nil, false, err
	}
	rep, err := s.onBehalf(ctx, h.Subject, org, by, represent.Withdraw)
	if err != nil {
		return nil, false, err
	}
	n, err := h.move(action, to, by.Kind, s.Now())
	if err != nil {
		return nil, false, err
	}
	note, err := h.open(&jkey)
	if err != nil {
		return nil, false, err
	}
	if say != nil {
		say(note)
	}
	if touch != nil {
		touch(n)
	}
	if err := n.seal(&jkey, note); err != nil {
		return nil, false, err
	}
	rec, err := s.holdEvent(org, c, note, &jkey, version, by, action, rep.Role())
	if err != nil {
		return nil, false, err
	}
	begun, ended, err := s.considered(ctx, h, n, by, rec.ID)
	if err != nil {
		return nil, false, err
	}
	stale, err := s.HoldStore.UpdateHold(ctx, n, begun, ended, rec)
	return n, stale, err
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
func (s *Consents) refused(ctx context.Context, err error, arrived time.Time, by verify.Actor) error {
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
		_, stale, err := s.landHold(ctx, h, "consent.barred", h.StatusAt(s.Now()), by, nil, func(n *Hold) {
			if n.Demanded.IsZero() || arrived.Before(n.Demanded) {
				n.Demanded = arrived
			}
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

// given is a consent and the organization that it was given to.
func (s *Consents) given(ctx context.Context, id ident.ID) (*Consent, *party.Organization, error) {
	c, err := s.Store.Consent(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	org, err := s.Parties.ByID(ctx, c.Org)
	return c, org, err
}
