package consent

import (
	"context"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// Demand is a withdrawal as it is demanded.
type Demand struct {
	Part
	Reason string
	// Arrived is when the operator got the written demand; now where it is zero.
	Arrived time.Time
}

// WithdrawPart takes a part of a consent back; all of it where none is named. A
// *BarredError means that an obligation named beforehand stands against it; that is
// written down.
func (s *Consents) WithdrawPart(ctx context.Context, id ident.ID, d *Demand, by verify.Actor) (*Consent, error) {
	if len(d.Reason) > 2000 {
		return nil, fault.Bad("reason", "too-long", "max", 2000)
	}
	if d.Arrived.After(s.Now().Add(time.Minute)) {
		return nil, fault.Bad("evidence.obtainedAt", "time-future")
	}
	part, arrived := d.Part, d.Arrived
	if part.empty() {
		part.Scopes = AllScopes
	}
	if arrived.IsZero() { // once: a hold that lands while this one tries again came later
		arrived = s.Now()
	}
	c, err := s.change(ctx, id, by, represent.Withdraw, "consent.withdraw", s.taking(ctx, &part, (*Consent).Take, arrived, by), d.Reason)
	return c, s.refused(ctx, err, &HeldDemand{arrived, part, d.Reason}, by)
}

// Narrow keeps what is named and takes the rest out, by the subject's own will:
// no new consent is needed for less.
func (s *Consents) Narrow(ctx context.Context, id ident.ID, stay *Part, by verify.Actor) (*Consent, error) {
	c, err := s.Store.Consent(ctx, id)
	if err != nil {
		return nil, err
	}
	gone, err := c.Kept(stay)
	if err != nil {
		return nil, err
	}
	arrived := s.Now()
	c, err = s.change(ctx, id, by, represent.Withdraw, "consent.narrow", s.taking(ctx, gone, (*Consent).Narrow, arrived, by), "")
	return c, s.refused(ctx, err, &HeldDemand{At: arrived, Part: *gone}, by)
}

// Extend lets a consent last longer; for another only who may consent.
func (s *Consents) Extend(ctx context.Context, id ident.ID, until time.Time, by verify.Actor) (*Consent, error) {
	if until.IsZero() {
		return nil, fault.Bad("validUntil", "missing-field")
	}
	return s.change(ctx, id, by, represent.Consent, "consent.extend", func(c *Consent, _ *verify.Entry, entry ident.ID) (*Consent, error) {
		return c.Extend(until, s.Now(), by.Kind, entry)
	}, "")
}

type taking func(c *Consent, p *Part, reg *register.Register, now time.Time, by string, entry ident.ID) (*Consent, error)

// taking is a step that takes a part out where no hold stands against it. The
// holds are read after the subject's version, which setting one moves.
func (s *Consents) taking(ctx context.Context, part *Part, take taking, arrived time.Time, by verify.Actor) step {
	return func(c *Consent, e *verify.Entry, entry ident.ID) (*Consent, error) {
		org, err := s.Parties.ByID(ctx, c.Org)
		if err != nil {
			return nil, err
		}
		reg, err := s.registerOf(ctx, org, c.Register)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		n, err := take(c, part, reg, s.Now(), by.Kind, entry)
		if err != nil {
			return nil, err
		}
		whole := *part
		if n.Status == Withdrawn {
			whole.Scopes = AllScopes
		}
		return n, s.refuseHeld(ctx, c, &whole, arrived)
	}
}
