package term_test

import (
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/term"
	"kelisim/verify"
)

const edition = "2023-04"

var officer = verify.Actor{Kind: "person", ID: "17"}

// world is an installation with the example operator and some people.
type world struct {
	*app.App
	t      *testing.T
	clock  *apptest.Clock
	org    *party.Organization
	people int
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		test(t, &world{App: a, t: t, clock: clock, org: apptest.Org(t, a, "")})
	})
}

// person registers one more and returns the internal id.
func (w *world) person() ident.ID {
	w.t.Helper()
	w.people++
	return w.org.Inside(apptest.Subject(w.t, w.App, w.org, w.people))
}

// start begins a term of somebody.
func (w *world) start(key string, subject ident.ID) *term.Term {
	w.t.Helper()
	t, err := w.Terms.Start(w.t.Context(), apptest.System, term.Of{
		Edition: edition, Key: key, Org: w.org, Subject: subject, Start: w.Now(),
		About: term.About{Kind: "request", ID: ident.NewID(w.Now())},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) stored(id ident.ID) *term.Term {
	w.t.Helper()
	t, err := w.Terms.One(w.t.Context(), w.org.ID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) add(document string) *term.Added {
	w.t.Helper()
	out, err := w.Terms.Calendars.Add(w.t.Context(), officer, []byte(document))
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) recompute() term.Result {
	w.t.Helper()
	r, err := w.Terms.Recompute(w.t.Context(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// entries are those of an action that somebody can read, the newest first; of
// the organization's where subject is nil.
func (w *world) entries(action string, subject *ident.ID) []*journal.Opened {
	w.t.Helper()
	f := journal.Filter{Org: w.org.ID, Action: action, Limit: 1000}
	if subject != nil {
		f.BySubject, f.Subject = true, *subject
	}
	_, list, err := w.Journal.List(w.t.Context(), f)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func almaty(t testing.TB, s string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		t.Fatal(err)
	}
	v, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// day is the day in Almaty that a term ends with.
func day(t time.Time) string {
	zone, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		return err.Error()
	}
	return t.In(zone).Format("2006-01-02")
}

// bending are the rules of an edition that lets a term be extended and paused.
func bending(edition, key string) (law.Term, bool) {
	t, ok := term.ByEdition(edition, key)
	if key == "inform-subject" || key == "authority-answer" {
		t.Extendable, t.Pausable = &law.Extension{Amount: 5, Unit: t.Unit, Provision: "25(2)6"}, "25(2)7"
	}
	return t, ok
}

// sixDays describes an organization that works on Saturdays.
func sixDays(bin string) string {
	return strings.Join([]string{"organization: {bin: '", "', name: {ru: Пример}, roles: [operator], week: 6}"}, bin)
}
