// Package demo fills a fresh installation with a month of life: three operators
// who do not exist, and people who do not either, with consents in every state
// and everything that happens to data. All of it goes through the real services
// with a clock that is moved from a month ago to now, so a demo shows what the
// program does and nothing else. The same seed makes the same people do the
// same things.
//
// It never adds made-up people to an installation that is in use.
package demo

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"time"

	"kelisim/examples"
	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// Result says who is there.
type Result struct {
	// Filled is false where the installation had been filled before and nothing
	// was added.
	Filled bool
	// Showcase is one person a language, each with a rich history everywhere.
	Showcase      []Person
	Organizations []Organization // the operators
	// Authority is the authorised body, which orders and decides on appeals.
	Authority Organization
}

// Person is somebody whose cabinet is worth a look.
type Person struct {
	Name     string
	Language locale.Lang
	Subject  ident.ID // internal, for a login link
}

// Organization is one of the demo.
type Organization struct {
	ID   ident.ID
	BIN  string
	Name locale.String
}

// The folders of examples that the demo plays: the operators, and who watches them.
var folders = []string{"bestam", "clinic", "payments", watching}

const watching = "authority"

const (
	days   = 31
	guests = 297 // with the showcase 300 people, and two of their kin
)

// Fill fills an installation that has no organizations yet, and finds the way
// about one that it filled before. A fault.Conflict "demo-in-use" means that
// the installation is neither, "demo-unfinished" that a Fill was cut short. It
// takes seconds.
func Fill(ctx context.Context, a *app.App, now time.Time, seed uint64) (*Result, error) {
	w := &world{App: a, now: now, zone: almaty()}
	w.maker.Rand = rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // made-up people need no secrets
	w.start = w.ago(days, 8, 0)
	w.cast()
	there, err := a.Store.Orgs(ctx)
	if err != nil {
		return nil, err
	}
	if len(there) > 0 {
		return w.result(ctx)
	}
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	if err := w.write(); err != nil {
		return nil, err
	}
	if err := play(ctx, a, slices.Concat(w.people, w.kin), w.stops); err != nil {
		return nil, err
	}
	r, err := w.result(ctx)
	if err == nil {
		r.Filled = true
	}
	return r, err
}

// world is everything that the demo is made of.
type world struct {
	*app.App
	maker
	now, start time.Time
	zone       *time.Location

	bestam, clinic, payments *party.Organization
	authority                *party.Organization
	showcase, people, kin    []*person
	stops                    []stop
}

func almaty() *time.Location {
	zone, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		return time.FixedZone("+05", 5*60*60)
	}
	return zone
}

// cast makes the people up. The showcase comes first and keeps its numbers
// whatever the seed, so that it is found again.
func (w *world) cast() {
	for _, p := range []struct {
		person
		mailbox string
	}{
		{person{name: "Сәрсенова Айгерім Қайратқызы", language: locale.KK, birth: time.Date(1991, 5, 14, 0, 0, 0, 0, time.UTC)}, "sarsenova.aigerim"},
		{person{name: "Ким Виктор Сергеевич", language: locale.RU, male: true, birth: time.Date(1984, 9, 2, 0, 0, 0, 0, time.UTC)}, "kim.viktor"},
		{person{name: "Emily Carter", language: locale.EN, birth: time.Date(1988, 2, 23, 0, 0, 0, 0, time.UTC)}, "emily.carter"},
	} {
		w.finish(&p.person, p.mailbox)
		w.showcase = append(w.showcase, &p.person)
	}
	w.people = slices.Clone(w.showcase)
	for range guests {
		w.people = append(w.people, w.person())
	}
	w.relatives()
}

// describe reads the description of an example.
func (w *world) describe(folder string) (*register.Description, error) {
	text, err := fs.ReadFile(examples.Files, folder+"/operator.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the example: %w", err)
	}
	return register.Parse(text, w.Parties.Rules)
}

// open lets the operators in, the day before all begins.
func (w *world) open(ctx context.Context) error {
	m := at(w.App, w.start.AddDate(0, 0, -1))
	for i, to := range []**party.Organization{&w.bestam, &w.clinic, &w.payments, &w.authority} {
		d, err := w.describe(folders[i])
		if err != nil {
			return err
		}
		d.Organization.SecondPerson = i == 0 // so that a demand waits for one: see rights.go
		if _, err := m.parties.Apply(ctx, verify.Actor{Kind: "person", ID: "admin"}, d, true); err != nil {
			return err
		}
		if *to, err = w.Parties.Organization(ctx, d.Organization.BIN); err != nil {
			return err
		}
	}
	return nil
}

// result finds who is there.
func (w *world) result(ctx context.Context) (*Result, error) {
	r := &Result{}
	var first *party.Organization
	for _, folder := range folders {
		d, err := w.describe(folder)
		if err != nil {
			return nil, err
		}
		org, err := w.Parties.Organization(ctx, d.Organization.BIN)
		if fault.KindOf(err) == fault.NotFound {
			return nil, fault.New(fault.Conflict, "demo-in-use")
		}
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = org
		}
		there := Organization{ID: org.ID, BIN: org.BIN, Name: d.Organization.Name}
		if folder == watching {
			r.Authority = there
		} else {
			r.Organizations = append(r.Organizations, there)
		}
	}
	for _, p := range w.showcase {
		id, err := w.Parties.Lookup(ctx, first, party.Identifier{Kind: ident.IIN, Value: p.iin})
		if fault.KindOf(err) == fault.NotFound {
			return nil, fault.New(fault.Conflict, "demo-unfinished")
		}
		if err != nil {
			return nil, err
		}
		r.Showcase = append(r.Showcase, Person{Name: p.name, Language: p.language, Subject: first.Inside(id)})
	}
	return r, w.finished(ctx, r)
}

// finished looks for what comes last: that the people of the showcase looked at
// their own data. Without it the demo was cut short.
func (w *world) finished(ctx context.Context, r *Result) error {
	for _, p := range r.Showcase {
		mine, err := w.Journal.ForSubject(ctx, p.Subject)
		if err != nil {
			return err
		}
		views, err := mine.List(ctx, journal.Filter{Action: register.View.String(), Limit: 1000})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(views, func(e journal.Shown) bool { return e.Actor == subject }) {
			return fault.New(fault.Conflict, "demo-unfinished")
		}
	}
	return nil
}
