package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// EndRelation writes down that an organization's relation with a person has ended
// for purposes, with the document that shows it (Art. 18(2)). Consents to nothing
// but them end, and with that the storage term that the description declares for
// after the purpose begins; what has none is destroyed before this returns. Data
// that came in on a ground keeps the term that runs since its collection: an end
// makes nothing longer.
//
// If power fails between the two, the holding is due and retention finishes.
func (g *Guard) EndRelation(ctx context.Context, o *party.Organization, subject ident.ID, by verify.Actor, purposes []string, document string) (*party.Holding, error) {
	if err := checkEnd(o.Register, purposes, document); err != nil {
		return nil, err
	}
	err := g.note(ctx, o, subject, by, func(k known, at time.Time) (*vault.Change, *journal.Record, error) {
		rec, err := g.event(k, "relation.end", func(e *verify.Entry) {
			e.Purpose, e.Detail, e.Reference = single(purposes), strings.Join(purposes, ","), document
		})
		if err != nil {
			return nil, nil, err
		}
		ended, err := g.endFor(ctx, k, purposes, rec.ID)
		if err == nil {
			err = g.tellConsents(ctx, &k, ended, rec)
		}
		return &vault.Change{Consents: ended, DestroyAt: &at}, rec, err
	})
	if err == nil {
		_, err = g.Expire(ctx, subject, o.ID)
	}
	if err != nil {
		return nil, err
	}
	l, err := g.Store.Facts(ctx, subject, o.ID)
	if err != nil {
		return nil, err
	}
	return &l.Holding, nil
}

func checkEnd(r *register.Register, purposes []string, document string) error {
	switch {
	case r == nil:
		return fault.New(fault.Conflict, "register-absent")
	case len(purposes) == 0:
		return fault.Bad("purposes", "missing-field")
	case len(purposes) > 100:
		return fault.Bad("purposes", "too-many-items", "max", 100)
	case document == "":
		return fault.Bad("document", "missing-field")
	case len(document) > 500:
		return fault.Bad("document", "too-long", "max", 500)
	}
	for i, id := range purposes {
		if r.Purpose(id) == nil {
			return fault.Bad(fmt.Sprintf("purposes[%d]", i), "purpose-unknown")
		}
	}
	return nil
}

// endFor ends the consents to these purposes. One that goes on for others is not
// the organization's to cut: a fault.Conflict "relation-wider".
func (g *Guard) endFor(ctx context.Context, k known, purposes []string, entry ident.ID) ([]*consent.Consent, error) {
	all, err := g.consents(ctx, k)
	if err != nil {
		return nil, err
	}
	var out []*consent.Consent
	for i := range all {
		c := &all[i]
		if s := c.StatusAt(k.at); s != consent.Active && s != consent.Paused {
			continue
		}
		ends := func(id string) bool { return slices.Contains(purposes, id) }
		if !slices.ContainsFunc(c.Terms.Purposes, ends) {
			continue
		}
		if slices.ContainsFunc(c.Terms.Purposes, func(id string) bool { return !ends(id) }) {
			return nil, fault.New(fault.Conflict, "relation-wider")
		}
		n, err := c.Move(consent.Ended, k.at, "service", entry)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}
