package party

import (
	"context"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Undertaking is a promise of confidentiality by somebody of the staff
// (Art. 11(2)). The person is known by the pseudonym that stands in the journal,
// and only its keyed hash is looked for.
type Undertaking struct {
	Sum    [32]byte // of the actor's id, within the organization
	Sealed []byte   // actor and document, under the organization's key
	Signed time.Time
	Until  time.Time // zero: while the person works there
}

// NewUndertaking is one as the organization files it.
type NewUndertaking struct {
	Actor    string
	Document string
	Signed   time.Time // now where absent
	Until    time.Time
}

// FiledUndertaking is one opened, for the officer.
type FiledUndertaking struct {
	Actor, Document string
	Signed, Until   time.Time
}

// UndertakingStore keeps undertakings.
type UndertakingStore interface {
	// PutUndertaking lands one, in the place of an earlier one of the same person,
	// and moves the version of the organization.
	PutUndertaking(ctx context.Context, org ident.ID, u *Undertaking, r *journal.Record) error
	// Undertakings lists those of an organization.
	Undertakings(ctx context.Context, org ident.ID) ([]Undertaking, error)
}

// maxActor bounds the pseudonym of an actor, in bytes.
const maxActor = 100

// File puts an undertaking on file, or ends the one of the same person where
// Until has come. From its return on decisions go by it.
func (p *Parties) File(ctx context.Context, org *Organization, by verify.Actor, in NewUndertaking) error {
	now := p.Now()
	if in.Signed.IsZero() {
		in.Signed = now
	}
	switch {
	case strings.TrimSpace(in.Actor) == "":
		return fault.Bad("actor", "missing-field")
	case len(in.Actor) > maxActor:
		return fault.Bad("actor", "too-long", "max", maxActor)
	case in.Document == "":
		return fault.Bad("document", "missing-field")
	case len(in.Document) > maxDocument:
		return fault.Bad("document", "too-long", "max", maxDocument)
	case in.Signed.After(now.Add(time.Minute)):
		return fault.Bad("signedAt", "time-future")
	case !in.Until.IsZero() && in.Until.Before(in.Signed):
		return fault.Bad("until", "undertaking-ends")
	}
	u := &Undertaking{Sum: p.actorSum(org, in.Actor), Signed: in.Signed, Until: in.Until}
	u.Sealed = org.Key.Seal(nil, []byte(in.Actor+"\x00"+in.Document), undertakingPlace(org, u))
	e := &verify.Entry{Organization: org.BIN, Actor: by, Action: "undertaking.file", Reference: in.Actor}
	e.Edition = org.Edition(now).ID
	rec, err := journal.Prepare(e, ident.ID{}, org.ID, &p.Keys.Journal, now)
	if err != nil {
		return err
	}
	if err := p.Store.PutUndertaking(ctx, org.ID, u, rec); err != nil {
		return err
	}
	_, err = p.Reload(ctx, org.ID)
	return err
}

// Undertakings lists what is on file, for those who answer for it.
func (p *Parties) Undertakings(ctx context.Context, org *Organization) ([]FiledUndertaking, error) {
	list, err := p.Store.Undertakings(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	out := make([]FiledUndertaking, len(list))
	for i := range list {
		plain, err := org.Key.Open(list[i].Sealed, undertakingPlace(org, &list[i]))
		if err != nil {
			return nil, err
		}
		f := FiledUndertaking{Signed: list[i].Signed, Until: list[i].Until}
		f.Actor, f.Document, _ = strings.Cut(string(plain), "\x00")
		out[i] = f
	}
	return out, nil
}

// Undertaken reports whether an undertaking of the actor is on file and holds.
func (p *Parties) Undertaken(org *Organization, actor string, now time.Time) bool {
	if len(org.undertakings) == 0 {
		return false
	}
	span, ok := org.undertakings[p.actorSum(org, actor)]
	return ok && !now.Before(span.from) && (span.until.IsZero() || now.Before(span.until))
}

func (p *Parties) actorSum(org *Organization, actor string) [32]byte {
	return p.Keys.Index.Blind("actor", org.ID[:], actor)
}

func undertakingPlace(org *Organization, u *Undertaking) []byte {
	return seal.Place("undertaking", org.ID[:], u.Sum[:])
}

type span struct{ from, until time.Time }

// loadUndertakings reads them where the organization has them checked.
func (p *Parties) loadUndertakings(ctx context.Context, o *Organization) error {
	if o.Register == nil || !o.Register.Description.Organization.Undertakings {
		return nil
	}
	list, err := p.Store.Undertakings(ctx, o.ID)
	if err != nil {
		return err
	}
	o.undertakings = make(map[[32]byte]span, len(list))
	for i := range list {
		o.undertakings[list[i].Sum] = span{list[i].Signed, list[i].Until}
	}
	return nil
}
