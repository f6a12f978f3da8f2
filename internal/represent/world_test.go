package represent_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// second is an organization that declares what the example operator does.
const second = "140440000041"

// world is an installation where one operator knows a mother, her child, another
// child, an old man and somebody else; another operator knows them too.
type world struct {
	*app.App
	t     testing.TB
	clock *apptest.Clock
	org   *party.Organization
	other *party.Organization
	// cast is which people these are: each has a mother and so on of its own.
	cast int
}

// The people, by number.
const (
	mother = 1 + iota
	child
	sibling
	elder
	stranger
)

// born is when the children were; the clock starts on 23 November 2023.
var born = time.Date(2012, 5, 14, 0, 0, 0, 0, time.UTC)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		w := &world{App: a, t: t, clock: clock, org: apptest.Org(t, a, "")}
		w.other = apptest.Apply(t, a, strings.Replace(apptest.Bestam(t), apptest.BIN, second, 1))
		test(t, w)
	})
}

// id is the example operator's id of a person.
func (w *world) id(n int) ident.ID { return w.of(w.org, n) }

func (w *world) of(org *party.Organization, n int) ident.ID {
	w.t.Helper()
	id, _, err := w.Parties.Register(w.t.Context(), org, apptest.System, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.IIN, Value: w.iin(n)}},
		Profile:     party.Profile{Name: fmt.Sprintf("Асыл %d", n)},
	})
	w.must(err)
	return id
}

// inside is the internal id of a person.
func (w *world) inside(n int) ident.ID { return w.org.Inside(w.id(n)) }

// iin is of a person; the children's say when they were born.
func (w *world) iin(n int) string {
	if n != child && n != sibling {
		return apptest.IIN(10*w.cast + n)
	}
	day := born.AddDate(0, 0, -w.cast/200)
	for serial := 40*(w.cast%200) + 10*n; ; serial++ {
		if v, ok := ident.MakeIIN(day, false, serial); ok {
			return v
		}
	}
}

// everybody makes all of them known, so that what is counted after is not that.
func (w *world) everybody() {
	w.t.Helper()
	for n := mother; n <= stranger; n++ {
		w.id(n)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) register(change func(*represent.New)) (*represent.Representation, error) {
	n := &represent.New{
		Subject: w.id(child), Representative: w.id(mother), Kind: represent.Parent, IIN: w.iin(child),
		Document: represent.Document{Kind: "birth certificate", Number: "No. 417"}, Actor: apptest.System,
	}
	if change != nil {
		change(n)
	}
	return w.Represent.Register(w.t.Context(), w.org, n)
}

// parent registers the mother for a child.
func (w *world) parent(of int) *represent.Representation {
	w.t.Helper()
	r, err := w.register(func(n *represent.New) { n.Subject, n.IIN = w.id(of), w.iin(of) })
	w.must(err)
	return r
}

// attorney registers the mother for the old man, for a year.
func (w *world) attorney(acts represent.Acts) *represent.Representation {
	w.t.Helper()
	r, err := w.register(func(n *represent.New) {
		n.Subject, n.IIN, n.Kind, n.Acts, n.Until = w.id(elder), "", represent.Attorney, acts, w.clock.Now().AddDate(1, 0, 0)
	})
	w.must(err)
	return r
}

// authority registers for all organizations, or those named.
func (w *world) authority() *party.Organization {
	w.t.Helper()
	text := strings.Replace(apptest.Bestam(w.t), "roles: [owner, operator]", "roles: [owner, operator, authority]", 1)
	bin, _ := ident.MakeBIN(2016, time.March, 48)
	o := apptest.Apply(w.t, w.App, strings.Replace(text, apptest.BIN, bin, 1))
	if !slices.Contains(o.Register.Description.Organization.Roles, register.RoleAuthority) {
		w.t.Fatal("the description was not replaced")
	}
	return o
}

func (w *world) withdraw(c *consent.Consent, by verify.Actor) error {
	_, err := w.Consents.Withdraw(w.t.Context(), c.ID, consent.Transfer, "", by)
	if fault.Is(err, "scope-not-given") { // it came as far as that
		return nil
	}
	return err
}

// agreed is a consent of a person to an organization.
func (w *world) agreed(org *party.Organization, n int) *consent.Consent {
	w.t.Helper()
	return apptest.Consent(w.t, w.App, org, w.of(org, n), "news")
}

// ask puts a question to a person, already shown.
func (w *world) ask(org *party.Organization, n int) *consent.Request {
	w.t.Helper()
	r, _, err := w.Consents.Ask(w.t.Context(), org, org, &consent.NewRequest{
		Subject: w.of(org, n), Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"inform"}}}, Actor: apptest.System,
	})
	w.must(err)
	if n != child || org != w.org {
		_, _, err = w.Consents.Show(w.t.Context(), r.ID, locale.RU, apptest.Person)
	}
	w.must(err)
	return r
}

func (w *world) look(n int, org *party.Organization, by verify.Actor) (*gate.Answer, error) {
	return w.Guard.OwnData(w.t.Context(), w.inside(n), org.ID, by)
}

// entries are a person's, newest first.
func (w *world) entries(n int, action string) []journal.Shown {
	w.t.Helper()
	mine, err := w.Journal.ForSubject(w.t.Context(), w.inside(n))
	w.must(err)
	list, err := mine.List(w.t.Context(), journal.Filter{Action: action, Limit: 1000})
	w.must(err)
	return list
}

func wantFault(t testing.TB, what string, err error, field, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Field != field {
		t.Errorf("%s: %v, want %s at %q", what, err, code, field)
	}
}
