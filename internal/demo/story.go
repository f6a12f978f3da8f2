package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/intake"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// write writes what everybody is going to do, and when the stage stops.
func (w *world) write() error {
	for i, p := range w.showcase {
		w.star(i, p)
	}
	w.family()
	old := w.people[len(w.showcase):][:40] // patients since before the Law
	for i, p := range w.people[len(w.showcase):] {
		switch {
		case i < len(old):
			w.clinicLife(w.tie(p, w.clinic), w.start.Add(time.Hour), true)
		case w.chance(45):
			w.clinicLife(w.tie(p, w.clinic), w.arrival(), false)
		}
		if len(p.ties) == 0 || w.chance(55) {
			w.bestamLife(w.tie(p, w.bestam), w.arrival())
		}
		if w.chance(40) {
			w.paymentsLife(w.tie(p, w.payments), w.arrival())
		}
	}
	w.rights()
	cards, err := w.cards(old)
	if err != nil {
		return err
	}
	w.stops = append(w.stops, stop{w.start.AddDate(0, 0, -1).Add(time.Hour), w.visitors}, stop{w.start.Add(10 * time.Minute), cards})
	for day := w.start; day.Before(w.now); day = day.AddDate(0, 0, 1) {
		w.day(day)
	}
	w.stops = slices.DeleteFunc(w.stops, func(s stop) bool { return !s.at.Before(w.now) })
	w.stops = append(w.stops, stop{at: w.now})
	return nil
}

// arrival is when somebody new comes: most soon.
func (w *world) arrival() time.Time {
	span := min(w.IntN(days*24), w.IntN(days*24))
	return w.office(w.start.Add(2*time.Hour + time.Duration(span)*time.Hour))
}

// day is what happens to many at once: retention at night, and on some days of
// the week a mailing.
func (w *world) day(t time.Time) {
	y, mo, d := t.In(w.zone).Date()
	clock := func(hour int) time.Time { return time.Date(y, mo, d, hour, 0, 0, 0, w.zone) }
	w.stops = append(w.stops, stop{clock(2), retention}, stop{at: clock(11)}, stop{at: clock(15)}, stop{at: clock(20)})
	switch t.In(w.zone).Weekday() {
	case time.Tuesday:
		w.stops = append(w.stops, stop{clock(12), w.mailing(w.bestam, "news", "name", "email")})
	case time.Thursday:
		w.stops = append(w.stops, stop{clock(16), w.mailing(w.payments, "offers", "name", "phone")})
	default:
	}
}

// mailing asks for everybody who was ever asked for consent to it, in one go.
func (w *world) mailing(org *party.Organization, purpose string, categories ...string) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		var asks []*gate.Ask
		for _, p := range w.people {
			for _, t := range p.ties {
				if t.org != org || t.gone || t.consents[purpose].IsZero() {
					continue
				}
				asks = append(asks, &gate.Ask{
					Holder: org, Asker: org, Subject: t.id, Actor: verify.Actor{Kind: "bulk", ID: "mailing"},
					Reference: purpose + m.now.Format("-2006-01-02"),
					Request: gate.Request{
						Base: org.Register.Purpose(purpose).Base, Action: register.Use, Purpose: purpose, Categories: slices.Clone(categories),
					},
				})
			}
		}
		if len(asks) == 0 {
			return nil
		}
		_, err := m.guard.DecideAll(ctx, asks)
		return err
	}
}

// cards brings in the cards of patients that the clinic kept before the Law.
func (w *world) cards(old []*person) (func(context.Context, *moment) error, error) {
	var file bytes.Buffer
	out := csv.NewWriter(&file)
	rows := [][]string{{"ИИН", "ФИО", "Телефон", "Адрес"}}
	for _, p := range old {
		rows = append(rows, []string{p.iin, p.name, p.phone, p.values["address"]})
	}
	if err := out.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write the cards: %w", err)
	}
	return func(ctx context.Context, m *moment) error {
		_, err := intake.Run(ctx, &intake.Options{
			Store: w.Store, Parties: m.parties, Org: w.clinic, Purpose: "treatment", File: bytes.NewReader(file.Bytes()), By: staff("registry-1"),
			Map: &intake.Map{
				Encoding: intake.UTF8, Language: locale.KK,
				Origin: "Карточки пациентов, заведённые до 25 ноября 2013 года",
				Ground: verify.Ground{Provision: "31(3)", Document: "Акт приёма архива картотеки № 4"},
				Columns: []intake.Column{
					{Column: "ИИН", Identifier: ident.IIN, Category: "iin"},
					{Column: "ФИО", Name: true, Category: "name"},
					{Column: "Телефон", Identifier: ident.Phone, Category: "phone"},
					{Column: "Адрес", Category: "address"},
				},
			},
		})
		return err
	}, nil
}

func (w *world) tie(p *person, org *party.Organization) *tie {
	t := &tie{p: p, org: org, consents: map[string]ident.ID{}}
	p.ties = append(p.ties, t)
	return t
}

// recipient is the third party that a purpose names.
func recipient(org *party.Organization, purpose string) string {
	return org.Register.Purpose(purpose).Recipients[0].BIN
}

// opening is the first minutes of a tie: the person is registered and data is
// collected for what the person agreed to, or for what needs no agreement.
func (w *world) opening(t *tie, when time.Time, by verify.Actor, terms []term, data map[string][]string) {
	t.on(when, func(ctx context.Context, m *moment) error { return t.register(ctx, m, by) })
	when = when.Add(40 * time.Second)
	for _, g := range terms {
		if len(g.purposes) > 0 && g.by.Kind != "" {
			t.on(when, func(ctx context.Context, m *moment) error { return t.agree(ctx, m, g) })
		}
		for _, purpose := range g.purposes {
			if categories := data[purpose]; len(categories) > 0 {
				when = when.Add(20 * time.Second)
				t.on(when, func(ctx context.Context, m *moment) error { return t.collect(ctx, m, purpose, by, categories...) })
			}
		}
		when = when.Add(30 * time.Second)
	}
}

var whys = map[locale.Lang]string{
	locale.KK: "Хабарламалар керек емес", locale.RU: "Сообщения больше не нужны", locale.EN: "I no longer need this",
}

// changes are what people do with a consent that they can do without.
func (w *world) changes(t *tie, purpose string, j time.Time) {
	when := w.after(j, w.any)
	switch {
	case w.chance(22):
		t.on(when, func(ctx context.Context, m *moment) error {
			return t.withdraw(ctx, m, purpose, consent.AllScopes, whys)
		})
	case w.chance(12):
		t.on(when, func(ctx context.Context, m *moment) error { return t.pause(ctx, m, purpose) })
		if w.chance(35) {
			t.on(w.after(when.Add(time.Hour), w.any), func(ctx context.Context, m *moment) error { return t.resume(ctx, m, purpose) })
		}
	}
}

// own is the person looking at own data.
func (w *world) own(t *tie, j time.Time) {
	if w.chance(20) {
		t.on(w.after(j, w.any), t.look)
	}
}

// tries are attempts, most of which the gate refuses.
func (w *world) tries(t *tie, j time.Time, list []deed) {
	if w.chance(45) {
		t.will(w.after(j, w.office), pick(w.Rand, list))
	}
}

// trouble is what seldom happens: a check during which the data is blocked, and
// a demand to destroy it, after which somebody still asks.
func (w *world) trouble(t *tie, j time.Time, by verify.Actor) {
	switch {
	case w.chance(3):
		when := w.after(j, w.office)
		t.will(when, deed{action: register.Block, by: by, ref: "check"})
		t.will(when.Add(3*time.Hour), deed{action: register.View, purpose: pick(w.Rand, t.org.Register.Description.Purposes).ID, data: []string{"name"}, by: by})
		if w.chance(70) {
			t.will(w.office(when.AddDate(0, 0, 1)), deed{action: register.Unblock, by: by, ref: "check"})
		}
	case w.chance(5):
		when := w.after(j, w.office)
		t.will(when, deed{action: register.Destroy, by: by, ref: "demand"})
		t.will(when.AddDate(0, 0, 2), deed{action: register.View, purpose: pick(w.Rand, t.org.Register.Description.Purposes).ID, data: []string{"name"}, by: by, late: true})
	}
}
