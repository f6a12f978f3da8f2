package represent

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Filter selects representations; zero fields do not.
type Filter struct {
	ID             ident.ID
	Subject        ident.ID
	Representative ident.ID
	Org            ident.ID // that registered them
}

// Store keeps representations. Each belongs to the person who is represented,
// and so does the entry of each write: a write never spans two people.
type Store interface {
	// InsertRepresentation and EndRepresentation land with the entry, under the
	// record's guard, and move the subject's version: an act on behalf that was
	// checked before does not land after. stale reports that the guard did not
	// hold, or that the representation was not active any more.
	InsertRepresentation(ctx context.Context, r *Representation, rec *journal.Record) (stale bool, err error)
	EndRepresentation(ctx context.Context, r *Representation, rec *journal.Record) (stale bool, err error)
	// MarkLook lands the entry of the first look since a moment, and nothing
	// where there was one.
	MarkLook(ctx context.Context, r *Representation, since time.Time, rec *journal.Record) (stale bool, err error)
	// Representations lists them, newest first.
	Representations(ctx context.Context, f Filter) ([]Representation, error)
	// DueRepresentations lists active ones that are past their term, at most max.
	DueRepresentations(ctx context.Context, now time.Time, max int) ([]Representation, error)
	// SubjectState is party.Alive or not, or a fault.NotFound.
	SubjectState(ctx context.Context, subject ident.ID) (string, error)
	// SubjectVersion is the version that guards a subject's facts, and the
	// wrapped journal key.
	SubjectVersion(ctx context.Context, subject ident.ID) (version int64, journalKey []byte, err error)
}

// Representatives is the service.
type Representatives struct {
	Store   Store
	Parties *party.Parties
	Keys    *seal.Keyring
	Now     func() time.Time
}

// New is a representation as an organization registers it, having seen the
// document.
type New struct {
	Subject        ident.ID // as the organization knows them
	Representative ident.ID
	Kind           Kind
	Acts           Acts     // none: all, for a parent or guardian
	Organizations  []string // none: all it may vouch for
	// IIN or Born says when a child comes of age. Neither is kept.
	IIN  string
	Born time.Time
	// Until may be left out of a parent's or guardian's, and of an attorney's
	// where the document says when it was issued.
	Until    time.Time
	Document Document
	Actor    verify.Actor
}

const (
	maxTries         = 8
	maxText          = 400
	maxOrganizations = 100
)

var errContended = fault.New(fault.Unavailable, "contended")

// Register writes down that somebody represents a subject.
func (s *Representatives) Register(ctx context.Context, org *party.Organization, in *New) (*Representation, error) {
	for range maxTries {
		r, err := s.complete(ctx, org, in)
		if err != nil {
			return nil, err
		}
		stale, err := s.insert(ctx, org, r, in)
		if err != nil || !stale {
			return r, err
		}
		if org, err = s.Parties.Reload(ctx, org.ID); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

func (s *Representatives) insert(ctx context.Context, org *party.Organization, r *Representation, in *New) (bool, error) {
	version, jkey, err := s.open(ctx, r.Subject)
	if err != nil {
		return false, err
	}
	before, err := s.Store.Representations(ctx, Filter{Subject: r.Subject, Representative: r.Representative, Org: org.ID})
	if err != nil {
		return false, err
	}
	for i := range before {
		if b := &before[i]; b.Kind == r.Kind && b.activeAt(r.From) {
			return false, fault.New(fault.Conflict, "representation-exists")
		}
	}
	if err := s.seal(&jkey, r, &Basis{in.Document, in.Actor}); err != nil {
		return false, err
	}
	rec, err := s.event(org, r, &jkey, version, in.Actor, "representation.register", func(e *verify.Entry) {
		e.Detail = strings.Join(r.Acts.Names(), ",")
		e.Digest, _ = hex.DecodeString(in.Document.Digest) // checked
	})
	if err != nil {
		return false, err
	}
	return s.Store.InsertRepresentation(ctx, r, rec)
}

// Revoke takes a representation back: the organization that registered it does,
// for what it was shown no longer holds.
func (s *Representatives) Revoke(ctx context.Context, org *party.Organization, id ident.ID, by verify.Actor) (*Representation, error) {
	r, err := s.one(ctx, Filter{Org: org.ID, ID: org.Inside(id)})
	if err != nil {
		return nil, err
	}
	return s.end(ctx, r, Revoked, by, "representation.revoke")
}

// RevokeOwn takes back a power that the subject gave. A child takes nothing
// back: that representation ends by age.
func (s *Representatives) RevokeOwn(ctx context.Context, subject, id ident.ID) (*Representation, error) {
	r, err := s.one(ctx, Filter{Subject: subject, ID: id})
	if err != nil {
		return nil, err
	}
	if r.Kind.OfChild() {
		return nil, fault.New(fault.Forbidden, "representation-by-age")
	}
	return s.end(ctx, r, Revoked, verify.Actor{Kind: "subject"}, "representation.revoke")
}

// Expire writes down that a representation ended by age or term. Running it
// twice does nothing more.
func (s *Representatives) Expire(ctx context.Context, r *Representation) error {
	if r.activeAt(s.Now()) {
		return nil
	}
	_, err := s.end(ctx, r, Ended, verify.Actor{Kind: "service", ID: "representation"}, "representation.end")
	if fault.Is(err, "representation-over") {
		return nil
	}
	return err
}

// end moves a representation to its last status. When it returns, no act by it
// lands any more.
func (s *Representatives) end(ctx context.Context, r *Representation, to Status, by verify.Actor, action string) (*Representation, error) {
	for range maxTries {
		now := s.Now()
		if r.Status != Active || to == Revoked && !r.activeAt(now) {
			return nil, fault.New(fault.Conflict, "representation-over")
		}
		org, err := s.Parties.ByID(ctx, r.Org)
		if err != nil {
			return nil, err
		}
		version, jkey, err := s.open(ctx, r.Subject)
		if err != nil {
			return nil, err
		}
		rec, err := s.event(org, r, &jkey, version, by, action, nil)
		if err != nil {
			return nil, err
		}
		n := *r
		n.Status, n.Since = to, now
		stale, err := s.Store.EndRepresentation(ctx, &n, rec)
		if err != nil || !stale {
			return &n, err
		}
		if _, err := s.Parties.Reload(ctx, r.Org); err != nil {
			return nil, err
		}
		if r, err = s.one(ctx, Filter{Subject: r.Subject, ID: r.ID}); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

func (s *Representatives) one(ctx context.Context, f Filter) (*Representation, error) {
	list, err := s.Store.Representations(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fault.New(fault.NotFound, "representation-unknown")
	}
	return &list[0], nil
}

func (s *Representatives) open(ctx context.Context, subject ident.ID) (int64, seal.Key, error) {
	version, wrapped, err := s.Store.SubjectVersion(ctx, subject)
	if err != nil {
		return 0, seal.Key{}, err
	}
	k, err := party.OpenJournalKey(s.Keys, subject, wrapped)
	return version, k, err
}

// event prepares the entry of what happened to a representation. It is the
// represented person's: the representative sees the same in the list.
func (s *Representatives) event(org *party.Organization, r *Representation, jkey *seal.Key, version int64, by verify.Actor, action string, fill func(*verify.Entry)) (*journal.Record, error) {
	now := s.Now()
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(r.Subject)), Organization: org.BIN, Actor: by, Action: action,
		Role: r.Role(), Reference: org.Outside(r.ID).String(), Edition: org.Edition(now).ID,
	}
	if org.Register != nil {
		e.Register = org.Register.Version
	}
	if fill != nil {
		fill(e)
	}
	rec, err := journal.Prepare(e, r.Subject, org.ID, jkey, now)
	if err != nil {
		return nil, err
	}
	rec.Guard = journal.Guard{Subject: version, Org: org.Version}
	return rec, nil
}

func basisPlace(r *Representation) []byte {
	return seal.Place("representation", r.Subject[:], r.Org[:], r.ID[:])
}

func (s *Representatives) seal(jkey *seal.Key, r *Representation, b *Basis) error {
	plain, err := json.Marshal(b)
	if err != nil {
		return err
	}
	r.Sealed = jkey.Seal(nil, plain, basisPlace(r))
	return nil
}

// Basis opens what a representation rests on.
func (s *Representatives) Basis(ctx context.Context, r *Representation) (*Basis, error) {
	_, jkey, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	plain, err := jkey.Open(r.Sealed, basisPlace(r))
	if err != nil {
		return nil, err
	}
	var b Basis
	return &b, json.Unmarshal(plain, &b)
}

// Registered lists what an organization registered of a subject, newest first.
func (s *Representatives) Registered(ctx context.Context, org *party.Organization, subject ident.ID) ([]Representation, error) {
	return s.Store.Representations(ctx, Filter{Org: org.ID, Subject: org.Inside(subject)})
}

// Of lists who may and who might act for a subject, newest first.
func (s *Representatives) Of(ctx context.Context, subject ident.ID) ([]Representation, error) {
	return s.Store.Representations(ctx, Filter{Subject: subject})
}

// By lists those for whom somebody may act now.
func (s *Representatives) By(ctx context.Context, representative ident.ID) ([]Representation, error) {
	list, err := s.Store.Representations(ctx, Filter{Representative: representative})
	if err != nil {
		return nil, err
	}
	var errs error
	list = slices.DeleteFunc(list, func(r Representation) bool {
		err := s.holds(ctx, &r)
		if err != nil && !fault.Is(err, "representation-unknown") {
			errs = errors.Join(errs, err)
		}
		return err != nil
	})
	return list, errs
}

// Name is what the organization that registered a representation calls one of
// the two; empty where it no longer knows.
func (s *Representatives) Name(ctx context.Context, r *Representation, who ident.ID) (string, error) {
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return "", err
	}
	h, err := s.Parties.Store.Holding(ctx, who, org.ID)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	p, err := s.Parties.Profile(org, h)
	return p.Name, err
}
