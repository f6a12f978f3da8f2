package demo

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// tie is a person with an organization, and what the two do at a moment. The
// acts of one person follow each other, so a tie needs no lock.
type tie struct {
	p        *person
	org      *party.Organization
	id       ident.ID            // as the organization knows the person
	consents map[string]ident.ID // the newest by purpose
	held     []string            // categories collected
	gone     bool                // all of it was destroyed on demand; few still ask
}

// The actors of the demo.
func system(id string) verify.Actor { return verify.Actor{Kind: "system", ID: id} }
func staff(id string) verify.Actor  { return verify.Actor{Kind: "person", ID: id} }

var subject = verify.Actor{Kind: "subject"}

// register makes the person known to the organization.
func (t *tie) register(ctx context.Context, m *moment, by verify.Actor) (err error) {
	p := t.p
	t.id, _, err = m.parties.Register(ctx, t.org, by, party.NewSubject{
		Identifiers: []party.Identifier{
			{Kind: ident.IIN, Value: p.iin}, {Kind: ident.Phone, Value: p.phone}, {Kind: ident.Email, Value: p.email},
		},
		Profile: party.Profile{Name: p.name, Language: p.language, Contacts: map[string]string{"email": p.email}},
	})
	return err
}

// term is a consent as it is given.
type term struct {
	purposes  []string
	to        []string // third parties
	countries []string
	public    bool
	said      []consent.Said // conditions on what is public
	days      int            // 0: until the purposes are reached
	channel   string
	by        verify.Actor
}

func (t *tie) agree(ctx context.Context, m *moment, g term) error {
	if t.gone {
		return nil
	}
	n := &consent.New{
		Subject: t.id, Language: t.p.language, Actor: g.by, Proof: consent.Proof{Channel: g.channel},
		Terms:      consent.Terms{Purposes: g.purposes, ThirdParties: g.to, Countries: g.countries, PublicSources: g.public},
		Conditions: g.said,
	}
	if g.days > 0 {
		n.Until = m.now.AddDate(0, 0, g.days)
	}
	if g.channel == "paper" {
		n.Proof.Document = "№ " + m.now.Format("02-15/0405")
	}
	c, err := m.consents.Record(ctx, t.org, n)
	if err != nil {
		return pass(err)
	}
	for _, purpose := range g.purposes {
		t.consents[purpose] = c.ID
	}
	return nil
}

// collect takes what of a purpose's data the organization does not hold yet.
func (t *tie) collect(ctx context.Context, m *moment, purpose string, by verify.Actor, categories ...string) error {
	categories = slices.DeleteFunc(categories, func(c string) bool { return slices.Contains(t.held, c) })
	if len(categories) == 0 {
		return nil
	}
	ok, err := t.do(ctx, m, deed{action: register.Collect, purpose: purpose, data: categories, by: by})
	if ok {
		t.held = append(t.held, categories...)
	}
	return err
}

// deed is something done with the person's data, or tried.
type deed struct {
	action    register.Action
	purpose   string
	data      []string // categories
	by        verify.Actor
	to        string // a third party's BIN
	country   string
	provision law.Provision // claimed instead of consent
	document  string
	ref       string
	asker     *party.Organization // where it is not the holder itself
	late      bool                // is tried even after all was destroyed
}

// do goes through the gate and reports whether it was permitted.
func (t *tie) do(ctx context.Context, m *moment, d deed) (bool, error) {
	if t.gone && !d.late {
		return false, nil
	}
	t.gone = t.gone || d.action == register.Destroy
	a := &gate.Ask{
		Holder: t.org, Asker: t.org, Subject: t.id, Actor: d.by, Reference: d.ref,
		Request: gate.Request{
			Action: d.action, Purpose: d.purpose, Categories: slices.Clone(d.data), Recipient: d.to, Country: d.country,
			Ground: d.provision, Document: d.document,
		},
	}
	if d.asker != nil {
		a.Asker, a.Subject = d.asker, d.asker.Outside(t.org.Inside(t.id))
	}
	if p := t.org.Register.Purpose(d.purpose); p != nil {
		a.Base = p.Base
	}
	switch d.action {
	case register.Collect, register.Change, register.Supplement:
		a.Values = map[string]json.RawMessage{}
		for _, c := range d.data {
			a.Values[c] = t.p.value(c)
		}
	default:
	}
	ans, err := m.guard.Access(ctx, a)
	if err != nil {
		return false, pass(err)
	}
	return ans.Permit, nil
}

// pass lets people go on after answers that they get in life too: what was to
// change was destroyed meanwhile, and so was the name of who agrees; what was to
// be taken back is over.
func pass(err error) error {
	for _, code := range []string{"value-absent", "value-present", "consent-name", "consent-not-active", "scope-not-given"} {
		if fault.Is(err, code) {
			return nil
		}
	}
	return err
}

func (t *tie) withdraw(ctx context.Context, m *moment, purpose string, scopes consent.Scope, reason map[locale.Lang]string) error {
	return t.change(purpose, func(id ident.ID) (*consent.Consent, error) {
		return m.consents.Withdraw(ctx, id, scopes, reason[t.p.language], subject)
	})
}

func (t *tie) pause(ctx context.Context, m *moment, purpose string) error {
	return t.change(purpose, func(id ident.ID) (*consent.Consent, error) { return m.consents.Pause(ctx, id, subject) })
}

func (t *tie) resume(ctx context.Context, m *moment, purpose string) error {
	return t.change(purpose, func(id ident.ID) (*consent.Consent, error) { return m.consents.Resume(ctx, id, subject) })
}

// change is the person's own step with a consent that was given.
func (t *tie) change(purpose string, step func(ident.ID) (*consent.Consent, error)) error {
	id, given := t.consents[purpose]
	if !given || t.gone {
		return nil
	}
	_, err := step(id)
	return pass(err)
}

// look is the person's own.
func (t *tie) look(ctx context.Context, m *moment) error {
	if t.gone {
		return nil
	}
	_, err := m.guard.OwnData(ctx, t.org.Inside(t.id), t.org.ID, subject)
	return err
}

// on puts an act into the person's life.
func (t *tie) on(when time.Time, do func(ctx context.Context, m *moment) error) {
	t.p.acts = append(t.p.acts, act{when, do})
}

// will is on with a deed.
func (t *tie) will(when time.Time, d deed) {
	t.on(when, func(ctx context.Context, m *moment) error {
		_, err := t.do(ctx, m, d)
		return err
	})
}
