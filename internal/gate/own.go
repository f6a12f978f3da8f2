package gate

import (
	"context"
	"errors"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// OwnData shows a subject what an organization holds, free of charge
// (Art. 24(1)1, 25(2)9), or whoever looks for the subject. The look is journaled
// like any other, as the look of whoever it was.
func (g *Guard) OwnData(ctx context.Context, subject, org ident.ID, by verify.Actor) (*Answer, error) {
	o, err := g.Parties.ByID(ctx, org)
	if err != nil {
		return nil, err
	}
	return g.Access(ctx, &Ask{
		Request: Request{Action: register.View, OwnData: true},
		Holder:  o, Asker: o, Subject: o.Outside(subject),
		Actor: by,
	})
}

// onBehalf checks that whoever looks for the subject may, after the facts were
// loaded: with a representation revoked since, the entry is stale. For another
// nothing is done here but to look at the subject's own data.
func (g *Guard) onBehalf(ctx context.Context, k known) error {
	if k.Actor.Kind != represent.ActorKind {
		return nil
	}
	if g.Represent == nil || !k.OwnData {
		return fault.New(fault.NotFound, "representation-unknown")
	}
	r, err := g.Represent.Check(ctx, k.subject, k.Holder, k.Actor, represent.Data)
	if err == nil {
		k.Ask.Role = r.Role()
	}
	return err
}

// under puts a fault under a field.
func under(field string, err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}
