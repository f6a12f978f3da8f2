package consent

import (
	"context"
	"fmt"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/internal/signature"
	"kelisim/verify"
)

// MaxCMS is the longest electronic signature that is taken: one with a stamp, the
// certificates on the way and the text inside.
const MaxCMS = 128 << 10

// signed checks the electronic signature under a text. The signer has to be the
// subject, or the representative who acts; who that is, the installation knows by
// the blind index of the IIN alone.
func (s *Consents) signed(ctx context.Context, org *party.Organization, subject ident.ID, rep *represent.Representation, cms, text []byte) (*Signature, error) {
	if s.Signatures == nil {
		return nil, fault.Bad("signature", "signature-absent")
	}
	if len(cms) > MaxCMS {
		return nil, fault.Bad("signature", "too-long", "max", MaxCMS)
	}
	who, err := s.Signatures.Verify(ctx, cms, text)
	if err != nil {
		return nil, err
	}
	signer, at := subject, org
	if rep != nil {
		signer = rep.Representative
		if at, err = s.Parties.ByID(ctx, rep.Org); err != nil { // that identified the representative
			return nil, err
		}
	}
	if err := s.Parties.Known(ctx, at, signer, ident.IIN, who.IIN); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			err = fault.New(fault.Forbidden, "signature-other-person")
		}
		return nil, err
	}
	return s.found(who), nil
}

func (s *Consents) found(who *signature.Signer) *Signature {
	f := &Signature{
		Name: who.Name, Organization: who.Organization, BIN: who.BIN, Serial: who.Serial, Algorithm: who.Algorithm,
		SignedAt: who.SignedAt.UTC(), Revocation: who.Revocation.By, CheckedAt: s.Now().UTC(),
	}
	for _, r := range who.Roles {
		f.Roles = append(f.Roles, string(r))
	}
	if !who.StampedAt.IsZero() {
		at := who.StampedAt.UTC()
		f.StampedAt = &at
	}
	return f
}

// OpenFiles opens the files that prove a consent, in the order in which its proof
// tells of them. One that is missing or was exchanged is an error.
func (s *Consents) OpenFiles(ctx context.Context, c *Consent) ([]NewFile, error) {
	p, err := s.Proof(ctx, c)
	if err != nil || len(p.Files) == 0 {
		return nil, err
	}
	_, jkey, err := s.open(ctx, c.Subject)
	if err != nil {
		return nil, err
	}
	sealed, err := s.Store.ConsentFiles(ctx, c.Subject, c.ID)
	if err != nil {
		return nil, err
	}
	if len(sealed) != len(p.Files) {
		return nil, fmt.Errorf("consent %s: %d files of %d", c.ID, len(sealed), len(p.Files))
	}
	out := make([]NewFile, len(sealed))
	for i := range sealed {
		content, err := jkey.Open(sealed[i], filePlace(c, i))
		if err != nil {
			return nil, err
		}
		out[i] = NewFile{p.Files[i].Name, content}
	}
	return out, nil
}

// Proven writes down that somebody takes the proof of a consent, with what confirms
// it opened. Nothing of it may be handed out before.
func (s *Consents) Proven(ctx context.Context, c *Consent, by verify.Actor) error {
	for range maxTries {
		org, err := s.Parties.ByID(ctx, c.Org)
		if err != nil {
			return err
		}
		version, jkey, err := s.open(ctx, c.Subject)
		if err != nil {
			return err
		}
		rep, err := s.onBehalf(ctx, c.Subject, org, by, represent.Read)
		if err != nil {
			return err
		}
		rec, err := s.event(org, c, &jkey, version, by, "consent.prove", func(e *verify.Entry) { e.Role = rep.Role() })
		if err != nil {
			return err
		}
		stale, err := s.Store.NoteConsent(ctx, rec)
		if err != nil || !stale {
			return err
		}
		if _, err := s.Parties.Reload(ctx, c.Org); err != nil {
			return err
		}
	}
	return errContended
}
