package demo

import (
	"context"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/represent"
)

// relatives are a daughter of the first in the showcase and the father of the
// second: the clinic knows them, and the two act for them.
func (w *world) relatives() {
	y, m, d := w.now.AddDate(-9, -4, 0).Date()
	daughter := &person{name: "Сәрсенова Аяжан Дарханқызы", language: locale.KK, birth: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	father := &person{name: "Ким Сергей Павлович", language: locale.RU, male: true, birth: time.Date(1948, 3, 19, 0, 0, 0, 0, time.UTC)}
	w.finish(daughter, "sarsenova.ayazhan")
	w.finish(father, "kim.sergey")
	w.kin = []*person{daughter, father}
}

// family is what the two do at the clinic for those they represent: a mother
// consents and looks, a son withdraws by power of attorney.
func (w *world) family() {
	registry := staff("registry-1")
	daughter, father := w.tie(w.kin[0], w.clinic), w.tie(w.kin[1], w.clinic)
	for _, t := range []*tie{daughter, father} {
		w.opening(t, w.worked(27, 9, 10), registry, []term{{purposes: []string{"treatment"}}}, map[string][]string{
			"treatment": {"name", "iin", "birthdate", "phone", "address"},
		})
	}
	var mother, son deputy
	daughter.on(w.worked(26, 9, 30), mother.register(w.showcase[0].at(w.clinic), daughter, func(n *represent.New) {
		n.Kind, n.IIN = represent.Parent, daughter.p.iin
		n.Document = represent.Document{Kind: "Туу туралы куәлік", Number: "№ 0000417"}
	}))
	daughter.on(w.worked(26, 9, 40), mother.agrees(term{purposes: []string{"appointments"}, channel: "paper", by: registry}))
	daughter.on(w.now.Add(-50*time.Minute), mother.looks)

	father.on(w.worked(26, 10, 5), func(ctx context.Context, m *moment) error {
		return father.agree(ctx, m, term{purposes: []string{"appointments"}, channel: "paper", by: registry})
	})
	father.on(w.worked(26, 10, 20), son.register(w.showcase[1].at(w.clinic), father, func(n *represent.New) {
		n.Kind, n.Acts = represent.Attorney, represent.Read|represent.Withdraw|represent.Data
		n.Document = represent.Document{Kind: "Нотариальная доверенность", Number: "№ 2-118", Issued: w.ago(40, 0, 0)}
	}))
	father.on(w.ago(9, 20, 15), son.withdraws("appointments"))
}

// at is the tie of a person with an organization.
func (p *person) at(org *party.Organization) *tie {
	for _, t := range p.ties {
		if t.org == org {
			return t
		}
	}
	return nil
}

// deputy is one person acting for another.
type deputy struct {
	by, of *tie
	*represent.Representation
}

func (d *deputy) register(by, of *tie, fill func(*represent.New)) func(context.Context, *moment) error {
	d.by, d.of = by, of
	return func(ctx context.Context, m *moment) (err error) {
		n := &represent.New{Subject: of.id, Representative: by.id, Actor: staff("registry-1")}
		fill(n)
		d.Representation, err = m.represent.Register(ctx, of.org, n)
		return err
	}
}

// agrees consents for the other.
func (d *deputy) agrees(g term) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		t := d.of
		c, err := m.consents.Record(ctx, t.org, &consent.New{
			Subject: t.id, Language: t.p.language, Actor: d.Actor(t.org), Recorder: g.by, Proof: consent.Proof{Channel: g.channel},
			Terms: consent.Terms{Purposes: g.purposes},
		})
		if err == nil {
			t.consents[g.purposes[0]] = c.ID
		}
		return err
	}
}

// enters opens the cabinet of the other.
func (d *deputy) enters(ctx context.Context, m *moment, act represent.Acts) error {
	_, err := m.represent.Enter(ctx, d.Representative, d.ID, act)
	return err
}

func (d *deputy) looks(ctx context.Context, m *moment) error {
	if err := d.enters(ctx, m, represent.Data); err != nil {
		return err
	}
	_, err := m.guard.OwnData(ctx, d.Subject, d.of.org.ID, d.Actor(d.of.org))
	return err
}

func (d *deputy) withdraws(purpose string) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		if err := d.enters(ctx, m, represent.Withdraw); err != nil {
			return err
		}
		return d.of.change(purpose, func(id ident.ID) (*consent.Consent, error) {
			return m.consents.Withdraw(ctx, id, consent.AllScopes, whys[d.of.p.language], d.Actor(d.of.org))
		})
	}
}
