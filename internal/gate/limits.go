package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// ReadBans reads what the store keeps of a subject's bans; mostly nothing.
func ReadBans(text []byte) ([]Ban, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var list []Ban
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read bans: %w", err)
	}
	return list, nil
}

// Told takes in what the organization was told of the person: it counts where
// nobody knows worse.
func (l *Loaded) Told(person string) {
	if l.State == party.Alive {
		l.State = person
	}
}

// SetPerson writes down what an organization was told of a person, with the
// document that shows it (Art. 7(2)). Consents of the dead to it end. It counts for that organization alone: one
// that errs, or lies, stops nobody else.
func (g *Guard) SetPerson(ctx context.Context, o *party.Organization, subject ident.ID, by verify.Actor, state, document string) error {
	if !slices.Contains(party.States, state) {
		return fault.Bad("state", "bad-enum", "allowed", strings.Join(party.States, ", "))
	}
	if document == "" {
		return fault.Bad("document", "missing-field")
	}
	if len(document) > 500 {
		return fault.Bad("document", "too-long", "max", 500)
	}
	return g.note(ctx, o, subject, by, func(k known, at time.Time) (*vault.Change, *journal.Record, error) {
		rec, err := g.event(k, "subject.state", func(e *verify.Entry) { e.Detail, e.Reference = state, document })
		if err != nil {
			return nil, nil, err
		}
		ch := &vault.Change{Person: &state}
		if state == party.Deceased { // whose consent it was is no more; the heirs give their own
			ch.Consents, err = g.endConsents(ctx, k, rec.ID)
		}
		return ch, rec, err
	})
}

// maxBans bounds the bans of one person towards one organization.
const maxBans = 50

// SetBan puts down what a subject forbids an organization (policy 10.7), or that
// somebody who may act for the subject does. No later decision permits it.
func (g *Guard) SetBan(ctx context.Context, o *party.Organization, subject ident.ID, by verify.Actor, b Ban) (*Ban, error) {
	if err := checkBan(o.Register, &b); err != nil {
		return nil, err
	}
	err := g.note(ctx, o, subject, by, func(k known, at time.Time) (*vault.Change, *journal.Record, error) {
		if len(k.held.Bans) >= maxBans {
			return nil, nil, fault.New(fault.Conflict, "bans-too-many", "max", maxBans)
		}
		b.ID, b.At = ident.NewID(at), at
		return g.bans(k, "ban.set", &b, append(slices.Clip(k.held.Bans), b))
	})
	return &b, err
}

// LiftBan takes a ban back.
func (g *Guard) LiftBan(ctx context.Context, o *party.Organization, subject ident.ID, by verify.Actor, id ident.ID) error {
	return g.note(ctx, o, subject, by, func(k known, at time.Time) (*vault.Change, *journal.Record, error) {
		i := slices.IndexFunc(k.held.Bans, func(b Ban) bool { return b.ID == id && b.Lifted.IsZero() })
		if i < 0 {
			return nil, nil, fault.New(fault.NotFound, "ban-unknown")
		}
		all := slices.Clone(k.held.Bans)
		all[i].Lifted = at
		return g.bans(k, "ban.lift", &all[i], all)
	})
}

// Bans are what a subject forbids an organization at this time.
func (g *Guard) Bans(ctx context.Context, o *party.Organization, subject ident.ID) ([]Ban, error) {
	l, err := g.Store.Facts(ctx, subject, o.ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(l.Bans), func(b Ban) bool { return !b.Lifted.IsZero() }), nil
}

func (g *Guard) bans(k known, action string, b *Ban, all []Ban) (*vault.Change, *journal.Record, error) {
	text := ""
	if len(all) > 0 {
		out, err := json.Marshal(all)
		if err != nil {
			return nil, nil, err
		}
		text = string(out)
	}
	rec, err := g.event(k, action, func(e *verify.Entry) {
		e.Categories, e.Purpose, e.Recipient = b.Categories, single(b.Purposes), single(b.Recipients)
		names := make([]string, len(b.Actions))
		for i, a := range b.Actions {
			names[i] = a.String()
		}
		e.Detail = strings.Join(names, ",")
	})
	return &vault.Change{Bans: &text}, rec, err
}

func single(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return ""
}

// checkBan refuses what names nothing that the organization does.
func checkBan(r *register.Register, b *Ban) error {
	if r == nil {
		return fault.New(fault.Conflict, "register-absent")
	}
	for i, a := range b.Actions {
		if a == register.Block || a == register.Unblock || a == register.Destroy || a == register.Store {
			return fault.Bad(fmt.Sprintf("actions[%d]", i), "ban-duty")
		}
	}
	for i, id := range b.Categories {
		if _, ok := r.Category(id); !ok {
			return fault.Bad(fmt.Sprintf("categories[%d]", i), "category-absent")
		}
	}
	for i, id := range b.Purposes {
		if r.Purpose(id) == nil {
			return fault.Bad(fmt.Sprintf("purposes[%d]", i), "purpose-unknown")
		}
	}
	if len(b.Recipients) > 20 {
		return fault.Bad("recipients", "too-many-items", "max", 20)
	}
	return nil
}

// note lands a change that is no decision, under the version of the subject.
func (g *Guard) note(ctx context.Context, o *party.Organization, subject ident.ID, by verify.Actor,
	make func(k known, at time.Time) (*vault.Change, *journal.Record, error),
) error {
	a := &Ask{Holder: o, Asker: o, Subject: o.Outside(subject), Actor: by}
	for range maxTries {
		k, err := g.load(ctx, a)
		if err != nil {
			return err
		}
		ch, rec, err := make(k, k.at)
		if err != nil {
			return err
		}
		ch.Subject, ch.Org, ch.At = k.subject, k.Holder.ID, k.at
		out, err := g.Store.Change(ctx, ch, rec)
		if err != nil {
			return err
		}
		g.Cache.drop(cacheKey{k.subject, k.Holder.ID})
		if !out.Stale {
			return nil
		}
		if err := g.forget(ctx, a); err != nil {
			return err
		}
	}
	return errContended
}
