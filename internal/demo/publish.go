package demo

import (
	"context"
	"fmt"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/publish"
	"kelisim/verify"
)

// poster is data that an organization makes public.
type poster struct {
	purpose   string
	data      []string
	kind      publish.Kind
	name      string
	address   string
	provision law.Provision // consent, where it is empty
	document  string
	by        verify.Actor
}

// publishes makes data public, where the gate permits it.
func (t *tie) publishes(ctx context.Context, m *moment, x poster) error {
	if t.gone || t.id.IsZero() {
		return nil
	}
	_, _, err := m.publications.Publish(ctx, t.org, &publish.New{
		Subject: t.id, Purpose: x.purpose, Categories: x.data, Kind: x.kind, Source: publish.Source{Name: x.name, Address: x.address},
		Ground: x.provision, Document: x.document, Actor: x.by,
	})
	return err
}

// takeDown demands the removal of what is public without a ground, and of all else
// for a cause where one is named.
func (t *tie) takeDown(cause string) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		if t.id.IsZero() {
			return nil
		}
		if cause != "" {
			_, err := m.publications.Remove(ctx, t.org, t.org.Inside(t.id), &publish.Demand{Cause: cause, From: publish.FromOperator, By: staff("officer"), Grounds: true})
			return err
		}
		_, err := m.publications.Settle(ctx, t.org, t.org.Inside(t.id))
		return err
	}
}

// tookDown brings the proof that what was demanded is out of its source.
func (t *tie) tookDown(how, document string, by verify.Actor) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		if t.id.IsZero() {
			return nil
		}
		list, err := m.publications.List(ctx, publish.Filter{Subject: t.org.Inside(t.id), Org: t.org.ID, Status: publish.Removing})
		for i := 0; i < len(list) && err == nil; i++ {
			_, err = m.publications.Done(ctx, t.org, list[i].ID, &publish.Report{How: how, Document: document, Actor: by})
			if fault.KindOf(err) == fault.Conflict {
				err = nil
			}
		}
		return err
	}
}

// review is published with its conditions, and sometimes taken down again.
func (w *world) review(t *tie, when time.Time, stays bool) {
	t.on(when, func(ctx context.Context, m *moment) error {
		return t.agree(ctx, m, term{
			purposes: []string{"reviews"}, public: true, channel: "form", by: system("site"),
			said: []consent.Said{{Condition: consent.Condition{Category: "name", Ban: true}}},
		})
	})
	t.on(when.Add(time.Minute), func(ctx context.Context, m *moment) error {
		return t.collect(ctx, m, "reviews", system("site"), "name", "opinion")
	})
	x := poster{
		purpose: "reviews", data: []string{"name", "opinion"}, kind: publish.Site, name: "Пікірлер · Отзывы",
		address: fmt.Sprintf("https://clinic.example/reviews/%05d", w.IntN(100_000)), by: system("site"),
	}
	t.on(w.office(when.AddDate(0, 0, 1)), func(ctx context.Context, m *moment) error { return t.publishes(ctx, m, x) })
	if !w.chance(50) || stays {
		return
	}
	end := w.after(when.AddDate(0, 0, 2), w.any)
	t.on(end, func(ctx context.Context, m *moment) error {
		return t.withdraw(ctx, m, "reviews", consent.PublicSources, whys)
	})
	t.on(end.Add(time.Minute), t.takeDown(""))
	t.on(w.office(end.AddDate(0, 0, 1)), t.tookDown("Пікір сайттан өшірілді · Отзыв удалён с сайта", "беттің суреті · снимок страницы", staff("registry-1")))
	t.on(w.office(end.AddDate(0, 0, 1)).Add(time.Minute), func(ctx context.Context, m *moment) error { return t.publishes(ctx, m, x) })
}

// listed is what the law on state procurement has an operator make public: one is
// there, one has to leave and is late, one has left.
func (w *world) listed(i int, t *tie) {
	t.on(w.worked(20, 11, 15), func(ctx context.Context, m *moment) error {
		return t.publishes(ctx, m, poster{
			data: []string{"name"}, kind: publish.OpenData, name: "Мемлекеттік сатып алу · Госзакупки", address: fmt.Sprintf("https://procurement.example/contract/%d", 4100+i),
			provision: "9(7)", document: "ҚР «Мемлекеттік сатып алу туралы» заңы · Закон РК «О государственных закупках»", by: staff("manager-2"),
		})
	})
	if i == 0 {
		return
	}
	t.on(w.worked(6, 10, 30), t.takeDown(law.CostUnlawful))
	if i == 2 {
		t.on(w.worked(5, 15, 10), t.tookDown("Портал әкімшісі жазбаны өшірді · Администратор портала удалил запись", "хат № 212 · письмо № 212", staff("manager-2")))
	}
}
