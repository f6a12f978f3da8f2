package consent

import (
	"context"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// onBehalf checks that whoever acts for the subject may, and returns by which
// representation; nil where nobody acts for another. It is asked after the
// subject's version was read: with a representation revoked since, the write is
// stale.
func (s *Consents) onBehalf(ctx context.Context, subject ident.ID, org *party.Organization, by verify.Actor, act represent.Acts) (*represent.Representation, error) {
	if by.Kind != represent.ActorKind {
		return nil, nil
	}
	if s.Represent == nil {
		return nil, fault.New(fault.NotFound, "representation-unknown")
	}
	return s.Represent.Check(ctx, subject, org, by, act)
}

// named is a representative as the proof of a consent names one: with the name
// that the operator itself has, and with who wrote the consent down.
func (s *Consents) named(ctx context.Context, org *party.Organization, rep *represent.Representation, in *New) (*Representative, error) {
	if rep == nil {
		return nil, nil
	}
	out := &Representative{ID: org.Outside(rep.ID), Kind: rep.Kind}
	if in.Recorder.Kind != "" {
		out.Recorder = in.Recorder.Kind + " " + in.Recorder.ID
	}
	h, err := s.Parties.Store.Holding(ctx, rep.Representative, org.ID)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	prof, err := s.Parties.Profile(org, h)
	out.Name = prof.Name
	return out, err
}
