package gate

import (
	"context"
	"errors"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/register"
	"kelisim/verify"
)

// OwnData shows a subject what an organization holds, free of charge
// (Art. 24(1)1, 25(2)9). The look is journaled like any other.
func (g *Guard) OwnData(ctx context.Context, subject, org ident.ID) (*Answer, error) {
	o, err := g.Parties.ByID(ctx, org)
	if err != nil {
		return nil, err
	}
	return g.Access(ctx, &Ask{
		Request: Request{Action: register.View, OwnData: true},
		Holder:  o, Asker: o, Subject: o.Outside(subject),
		Actor: verify.Actor{Kind: "subject"},
	})
}

// under puts a fault under a field.
func under(field string, err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}
