package represent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// complete checks a new representation and fills in what follows from it.
func (s *Representatives) complete(ctx context.Context, org *party.Organization, in *New) (*Representation, error) {
	now := s.Now()
	r := &Representation{
		ID: ident.NewID(now), Subject: org.Inside(in.Subject), Representative: org.Inside(in.Representative), Org: org.ID,
		Kind: in.Kind, Acts: in.Acts, From: now, Status: Active, Since: now,
	}
	if !slices.Contains(Kinds, in.Kind) {
		return nil, fault.Bad("kind", "bad-enum", "allowed", "parent, guardian, attorney")
	}
	if r.Subject == r.Representative {
		return nil, fault.Bad("representative", "representation-self")
	}
	for _, who := range []struct {
		field string
		id    ident.ID
	}{{"subject", r.Subject}, {"representative", r.Representative}} {
		if err := s.known(ctx, org, who.id); err != nil {
			return nil, under(who.field, err)
		}
	}
	if r.Acts == 0 {
		if !r.Kind.OfChild() { // a power of attorney says for what
			return nil, fault.Bad("acts", "missing-field")
		}
		r.Acts = AllActs
	}
	var err error
	if r.Organizations, err = s.reach(org, in.Organizations); err != nil {
		return nil, err
	}
	if err := in.Document.check(now); err != nil {
		return nil, under("document", err)
	}
	r.Until, err = s.until(ctx, org, in, now)
	return r, err
}

// known checks that the organization knows a person, who lives (Art. 7(2)).
func (s *Representatives) known(ctx context.Context, org *party.Organization, who ident.ID) error {
	if _, err := s.Parties.Store.Holding(ctx, who, org.ID); err != nil {
		return err
	}
	state, err := s.Store.SubjectState(ctx, who)
	if err == nil && state != party.Alive {
		err = fault.New(fault.Conflict, "representation-dead")
	}
	return err
}

// reach is with whom a representation is good. An organization vouches for what
// it was shown before itself alone: otherwise one could open to a stranger what
// all others hold of a person. Only an authority, a role that the
// administrator gives, may name others, or leave it open.
func (s *Representatives) reach(org *party.Organization, bins []string) ([]string, error) {
	if len(bins) > maxOrganizations {
		return nil, fault.Bad("organizations", "too-many-items", "max", maxOrganizations)
	}
	var out []string
	for i, bin := range bins {
		n, err := s.Parties.Rules.NormaliseOrg(bin)
		if err != nil {
			return nil, under(fmt.Sprintf("organizations[%d]", i), err)
		}
		out = append(out, n)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	switch {
	case org.Register != nil && slices.Contains(org.Register.Description.Organization.Roles, register.RoleAuthority):
		return out, nil
	case len(out) > 1 || len(out) == 1 && out[0] != org.BIN:
		return nil, &fault.Error{Kind: fault.Forbidden, Code: "representation-reach", Field: "organizations"}
	default:
		return []string{org.BIN}, nil
	}
}

// check brings the digest to hex.
func (d *Document) check(now time.Time) error {
	switch {
	case strings.TrimSpace(d.Kind) == "":
		return fault.Bad("kind", "missing-field")
	case len(d.Kind) > maxText:
		return fault.Bad("kind", "too-long", "max", maxText)
	case len(d.Number) > maxText:
		return fault.Bad("number", "too-long", "max", maxText)
	case later(d.Issued, 0).After(now):
		return fault.Bad("issued", "time-future")
	}
	if d.Digest == "" {
		return nil
	}
	sum, err := hex.DecodeString(strings.TrimPrefix(d.Digest, "sha256:"))
	if err != nil || len(sum) != sha256.Size {
		return fault.Bad("digest", "text-hash")
	}
	d.Digest = hex.EncodeToString(sum)
	return nil
}

// until is when a representation ends: of a child by age, or earlier where the
// document says so; by power of attorney at its term, and where it names none a
// year after it was issued.
func (s *Representatives) until(ctx context.Context, org *party.Organization, in *New, now time.Time) (time.Time, error) {
	until := in.Until
	e := org.Edition(now)
	switch {
	case in.Kind.OfChild():
		born, err := s.born(ctx, org, in)
		if err != nil {
			return until, err
		}
		if later(born, 0).After(now) {
			return until, fault.Bad("birthdate", "time-future")
		}
		of := Majority(e, born)
		if !of.After(now) {
			return until, fault.New(fault.Conflict, "representation-age")
		}
		if until.IsZero() || until.After(of) {
			until = of
		}
	case until.IsZero() && in.Document.Issued.IsZero():
		return until, fault.Bad("until", "representation-term")
	case until.IsZero():
		until = later(in.Document.Issued, years(e, "power-of-attorney"))
	}
	if !until.After(now) {
		return until, fault.Bad("until", "time-past")
	}
	return until, nil
}

// born is a child's day of birth: of the IIN, which has to be the child's, or
// as the document says. It goes no further than this.
func (s *Representatives) born(ctx context.Context, org *party.Organization, in *New) (time.Time, error) {
	if in.IIN == "" {
		if in.Born.IsZero() {
			return in.Born, fault.Bad("birthdate", "representation-birth")
		}
		return in.Born, nil
	}
	found, err := s.Parties.Lookup(ctx, org, party.Identifier{Kind: ident.IIN, Value: in.IIN})
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil, err == nil && found != in.Subject:
		return in.Born, fault.Bad("iin", "representation-iin")
	case err != nil:
		return in.Born, under("iin", err)
	}
	iin, err := s.Parties.Rules.Normalise(ident.IIN, in.IIN)
	if err != nil {
		return in.Born, under("iin", err)
	}
	born, told := ident.BirthDate(iin)
	switch {
	case !told && in.Born.IsZero():
		return born, fault.Bad("birthdate", "representation-birth")
	case !told:
		return in.Born, nil
	case !in.Born.IsZero() && !in.Born.Equal(born):
		return born, fault.Bad("birthdate", "representation-iin")
	}
	return born, nil
}

// under puts a fault under a field.
func under(field string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.At(field)
	}
	return err
}
