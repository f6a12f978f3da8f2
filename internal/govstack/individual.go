package govstack

import (
	"context"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
)

// person is an individual with the row and the subject behind it.
type person struct {
	*Row
	told    Individual
	holding *party.Holding
}

// identifiers are by whom an individual is known: its own id, and the external id
// in the kind that it says it is of.
func identifiers(in *Individual) []party.Identifier {
	list := []party.Identifier{{Kind: ident.External, Value: in.ID}}
	if in.ExternalID == "" {
		return list
	}
	kind := in.kind()
	if kind == ident.External && in.ExternalID == in.ID {
		return list
	}
	return append(list, party.Identifier{Kind: kind, Value: in.ExternalID})
}

// kind is what sort of identifier the external id is.
func (in *Individual) kind() ident.Kind {
	switch k := ident.Kind(strings.ToLower(in.ExternalIDType)); k {
	case ident.IIN, ident.Phone, ident.Email, ident.Document:
		return k
	}
	return ident.External
}

// CreateIndividual registers a person, or finds the one whom the organization
// knows by the external id, and keeps the id that the caller chose. The person
// lands first: if power fails between, the same call once more finishes it.
func (f *Face) CreateIndividual(ctx context.Context, who *Who, in *Individual) error {
	if err := f.fresh(ctx, who, KindIndividual, &in.ID); err != nil {
		return err
	}
	mark, err := f.checkIndividual(who, in)
	if err != nil {
		return err
	}
	outside, _, err := f.Parties.Register(ctx, who.Org, who.By, party.NewSubject{Identifiers: identifiers(in)})
	if err != nil {
		return external(err)
	}
	o := &Row{
		Subject: who.Org.Inside(outside), Org: who.Org.ID, ID: ident.NewID(f.Now()), Kind: KindIndividual, Version: 1,
		Sum: f.sum(who.Org.ID, KindIndividual, in.ID), Mark: mark,
	}
	stale, err := f.putIndividual(ctx, who, o, in)
	if err == nil && stale {
		err = errContended
	}
	return err
}

// external puts a fault of an identifier where its value was written.
func external(err error) error {
	if fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.Conflict {
		return err
	}
	for _, code := range []string{"external-length", "external-empty", "external-character"} {
		if fault.Is(err, code) {
			return fault.Bad("id", "govstack-id")
		}
	}
	return fault.Bad("externalId", "govstack-external")
}

func (f *Face) checkIndividual(who *Who, in *Individual) (mark []byte, err error) {
	if err := texts(map[string]string{
		"externalId": in.ExternalID, "externalIdType": in.ExternalIDType, "identityProviderId": in.IdentityProviderID,
	}); err != nil {
		return nil, err
	}
	if in.ExternalID != "" {
		ids := identifiers(in)
		if _, err := f.Parties.Hashes(who.Org, ids[len(ids)-1:]); err != nil {
			return nil, fault.Bad("externalId", "govstack-external")
		}
	}
	if in.PublicKey == "" {
		return nil, nil
	}
	_, thumb, err := readKey(in.PublicKey)
	if err != nil {
		return nil, fault.Bad("publicKey", "govstack-key")
	}
	return f.mark(who.Org, thumb), nil
}

// mark is the keyed hash of a key, by which it is known again.
func (f *Face) mark(org *party.Organization, thumb string) []byte {
	sum := f.Keys.Index.Blind("govstack key", org.ID[:], thumb)
	return sum[:]
}

// putIndividual lands an individual. A number of the organization's own is kept; an
// IIN, a phone, an address of mail or a document is not: it is known by its keyed
// hash, as everywhere, and read only from the vault, by a decision.
func (f *Face) putIndividual(ctx context.Context, who *Who, o *Row, in *Individual) (stale bool, err error) {
	kept := *in
	if in.kind() != ident.External {
		kept.ExternalID = ""
	}
	if err := f.close(ctx, who.Org, o, &kept); err != nil {
		return false, err
	}
	rec, err := f.record(ctx, who, o, "govstack.individual", nil)
	if err != nil {
		return false, err
	}
	return f.Store.PutObject(ctx, o, nil, rec)
}

// individual finds the person behind an id of the caller's.
func (f *Face) individual(ctx context.Context, who *Who, id string) (*person, error) {
	o, err := f.find(ctx, who.Org, KindIndividual, "individualId", id)
	if err != nil {
		return nil, err
	}
	return f.person(ctx, who, o)
}

func (f *Face) person(ctx context.Context, who *Who, o *Row) (*person, error) {
	p := &person{Row: o}
	var err error
	if p.holding, err = f.Parties.Store.Holding(ctx, o.Subject, o.Org); err != nil {
		return nil, err
	}
	return p, f.open(ctx, who.Org, o, &p.told)
}

// Individual reads one.
func (f *Face) Individual(ctx context.Context, who *Who, id string) (*Individual, error) {
	p, err := f.individual(ctx, who, id)
	if err != nil {
		return nil, err
	}
	return &p.told, nil
}

// IndividualOf is the id of the individual that a subject is with an organization:
// the first, or the one named, if it is the subject's.
func (f *Face) IndividualOf(ctx context.Context, who *Who, subject ident.ID, id string) (string, error) {
	q := Filter{Org: who.Org.ID, Kind: KindIndividual, Subject: subject, Limit: 1}
	if id != "" {
		sum := f.sum(who.Org.ID, KindIndividual, id)
		q.Sum = &sum
	}
	list, err := f.Store.Objects(ctx, q)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: "individualId"}
	}
	p, err := f.person(ctx, who, &list[0])
	if err != nil {
		return "", err
	}
	return p.told.ID, nil
}

// Individuals lists them, the oldest first.
func (f *Face) Individuals(ctx context.Context, who *Who, offset, limit int) ([]Individual, error) {
	rows, err := f.Store.Objects(ctx, Filter{Org: who.Org.ID, Kind: KindIndividual, Offset: offset, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := []Individual{}
	for i := range rows {
		p, err := f.person(ctx, who, &rows[i])
		if err != nil {
			return nil, err
		}
		out = append(out, p.told)
	}
	return out, nil
}

// UpdateIndividual changes what is told of an individual; who the person is stays.
func (f *Face) UpdateIndividual(ctx context.Context, who *Who, id string, in *Individual) error {
	for range maxTries {
		p, err := f.individual(ctx, who, id)
		if err != nil {
			return err
		}
		if err := same(id, &in.ID); err != nil {
			return err
		}
		mark, err := f.checkIndividual(who, in)
		if err != nil {
			return err
		}
		if err := f.stays(ctx, who, p, in); err != nil {
			return err
		}
		next := *p.Row
		next.Version++
		if mark != nil {
			next.Mark = mark
		} else {
			in.PublicKey = p.told.PublicKey
		}
		stale, err := f.putIndividual(ctx, who, &next, in)
		if err != nil || !stale {
			return err
		}
	}
	return errContended
}

// stays refuses an external id by which the organization knows somebody else.
func (f *Face) stays(ctx context.Context, who *Who, p *person, in *Individual) error {
	ids := identifiers(in)
	if len(ids) == 1 {
		return nil
	}
	other, err := f.Parties.Lookup(ctx, who.Org, ids[1])
	switch {
	case err == nil && who.Org.Inside(other) != p.Subject:
		return fault.Bad("externalId", "govstack-external")
	case err == nil || fault.KindOf(err) == fault.NotFound:
		return nil
	}
	return external(err)
}

// pin ties the key of a first signature to its individual; a signature by any
// other key is a foreign one.
func (f *Face) pin(ctx context.Context, who *Who, id, thumb, key string) error {
	for range maxTries {
		p, err := f.individual(ctx, who, id)
		if err != nil {
			return err
		}
		mark := f.mark(who.Org, thumb)
		if p.Mark != nil {
			if string(p.Mark) != string(mark) {
				return fault.Bad("signature.verificationSignedBy", "govstack-key-foreign")
			}
			return nil
		}
		next := *p.Row
		next.Version++
		next.Mark, p.told.PublicKey = mark, key
		stale, err := f.putIndividual(ctx, who, &next, &p.told)
		if err != nil || !stale {
			return err
		}
	}
	return errContended
}
