package demo

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"kelisim/internal/app"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/represent"
	"kelisim/internal/request"
	owing "kelisim/internal/term" // term is what somebody agrees to here
)

// act is something that somebody does at a moment.
type act struct {
	at time.Time
	do func(ctx context.Context, m *moment) error
}

// stop is a moment at which the whole stage waits: what was done before it is
// sealed, and work that concerns many is done.
type stop struct {
	at   time.Time
	work func(ctx context.Context, m *moment) error // may be nil
}

// moment is the services as they are at one time: the real ones, with a clock
// that stands.
type moment struct {
	*app.App
	now      time.Time
	parties  *party.Parties
	consents *consent.Consents
	guard    *gate.Guard
	// represent is who may act for whom.
	represent *represent.Representatives
	owed      *owing.Terms
	requests  *request.Requests
	orders    *order.Orders
	// publications is what is public, and where.
	publications *publish.Publications
}

func at(a *app.App, t time.Time) *moment {
	now := func() time.Time { return t }
	m := &moment{
		App: a, now: t,
		parties: &party.Parties{Store: a.Parties.Store, Keys: a.Keys, Now: now, Rules: a.Parties.Rules},
	}
	consents, guard, rep := *a.Consents, *a.Guard, *a.Represent
	consents.Now, guard.Now, rep.Now = now, now, now
	m.consents, m.guard, m.represent = &consents, &guard, &rep
	consents.Represent, guard.Represent = m.represent, m.represent
	m.owed = &owing.Terms{Store: a.Terms.Store, Calendars: a.Terms.Calendars, Parties: a.Parties, Now: now, Rule: a.Terms.Rule}
	consents.Terms = m.owed
	public := *a.Publications
	public.Guard, public.Consents, public.Terms, public.Now = m.guard, m.consents, m.owed, now
	m.publications = &public
	q := a.Requests
	m.requests = &request.Requests{
		Store: q.Store, Parties: q.Parties, Guard: m.guard, Consents: m.consents, Terms: m.owed, Journal: q.Journal, Represent: m.represent,
		Keys: q.Keys, Base: q.Base, Publications: m.publications, Now: now,
	}
	orders := *a.Orders
	orders.Guard, orders.Terms, orders.Now = m.guard, m.owed, now
	orders.Consents, orders.Publications = m.consents, m.publications
	m.orders = &orders
	return m
}

// abreast is how many people act at one time, so that what they do becomes
// durable together.
const abreast = 64

// orderly is for how long before the end all acts land in the order of time, as
// they do in life: the newest are those that people look at.
const orderly = 48 * time.Hour

// play lets everybody act, stop by stop. Within a stretch people act side by
// side, each in the order of time; between stretches the log is sealed.
func play(ctx context.Context, a *app.App, people []*person, stops []stop) error {
	for _, p := range people {
		slices.SortStableFunc(p.acts, func(x, y act) int { return x.at.Compare(y.at) })
	}
	slices.SortStableFunc(stops, func(x, y stop) int { return x.at.Compare(y.at) })
	end := stops[len(stops)-1].at
	for _, s := range stops {
		side := abreast
		if s.at.After(end.Add(-orderly)) {
			side = 1
		}
		if err := stretch(ctx, a, people, s.at, side); err != nil {
			return err
		}
		if s.work != nil {
			if err := s.work(ctx, at(a, s.at)); err != nil {
				return err
			}
		}
		if err := sealAll(ctx, a, s.at); err != nil {
			return err
		}
	}
	return nil
}

// stretch does all that is left to do before a moment, so many at one time. One
// at a time means in the order of time.
func stretch(ctx context.Context, a *app.App, people []*person, until time.Time, side int) error {
	var turns [][]act
	for _, p := range people {
		n := 0
		for n < len(p.acts) && !p.acts[n].at.After(until) {
			n++
		}
		if n > 0 {
			turns = append(turns, p.acts[:n])
		}
		p.acts = p.acts[n:]
	}
	if side == 1 {
		all := slices.Concat(turns...)
		slices.SortStableFunc(all, func(x, y act) int { return x.at.Compare(y.at) })
		turns = [][]act{all}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(side)
	for _, due := range turns {
		group.Go(func() error {
			for _, x := range due {
				if err := x.do(ctx, at(a, x.at)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func sealAll(ctx context.Context, a *app.App, now time.Time) error {
	sealer := *a.Sealer
	sealer.Now = func() time.Time { return now }
	for {
		if n, err := sealer.Step(ctx); err != nil || n == 0 {
			return err
		}
	}
}

// retention does the nightly work: what is past its term is written down as
// expired, or destroyed.
func retention(ctx context.Context, m *moment) error {
	due, err := m.Store.DueHoldings(ctx, m.now, 10_000)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(abreast)
	for i := range due {
		group.Go(func() error {
			_, err := m.guard.Expire(ctx, due[i].Subject, due[i].Org)
			return err
		})
	}
	return group.Wait()
}
