package due_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/term"
)

const (
	ministry = "180340022918"
	officer  = "officer@bestam.example"
	head     = "sale@gos24.kz"
)

// word is an installation with a mail server that is never called: letters go to
// a postbox.
var word = app.Word{SMTP: "smtp://127.0.0.1:1", MailFrom: "kelisim@consent.example", PrivateHooks: true}

// postbox keeps letters. How one gets to a mail server is tested in outbox.
type postbox []outbox.Letter

func (b *postbox) Send(_ context.Context, l *outbox.Letter) error {
	*b = append(*b, *l)
	return nil
}

type world struct {
	*app.App
	t      *testing.T
	clock  *apptest.Clock
	org    *party.Organization
	people int
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	apptest.EachTold(t, word, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		test(t, &world{App: a, t: t, clock: clock, org: apptest.Org(t, a, "")})
	})
}

// authority describes one, with addresses of its own.
func (w *world) authority() *party.Organization {
	w.t.Helper()
	return apptest.Apply(w.t, w.App, "organization: {bin: '"+ministry+"', name: {ru: Министерство}, roles: [authority], "+
		"officer: {name: Айгүл, email: officer@ministry.example}, contact: {email: minister@ministry.example}}")
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) person() ident.ID {
	w.t.Helper()
	w.people++
	return w.org.Inside(apptest.Subject(w.t, w.App, w.org, w.people))
}

// begin is a term of a kind that nothing here knows by name.
func (w *world) begin(kind, key string) *term.Term {
	w.t.Helper()
	t, err := w.Terms.Start(w.t.Context(), apptest.System, term.Of{
		Edition: "2023-04", Key: key, Org: w.org, Subject: w.person(), About: term.About{Kind: kind, ID: ident.NewID(w.Now())},
	})
	w.must(err)
	return t
}

// look reminds, sends, and returns the letters: to whom, and what each says.
func (w *world) look(a *app.App) []outbox.Letter {
	w.t.Helper()
	w.must(a.Due.Remind(w.t.Context()))
	return w.sent(a)
}

func (w *world) sent(a *app.App) []outbox.Letter {
	w.t.Helper()
	box := &postbox{}
	d := a.Deliverer("https://kelisim.example")
	d.Mailer = box
	_, err := d.Round(w.t.Context())
	w.must(err)
	return *box
}

// told is to whom letters went, sorted, with the first of the words that each has.
func told(list []outbox.Letter) []string {
	out := []string{}
	for _, l := range list {
		stage := "?"
		for _, x := range [][2]string{ // the first that it has
			{"ответственному лицу", "head"}, {"Срок истёк", "late"}, {"Половина срока", "half"}, {"последний день", "last-day"},
		} {
			if strings.Contains(strings.ReplaceAll(l.Text, "Ответственному", "ответственному"), x[0]) {
				stage = x[1]
				break
			}
		}
		out = append(out, l.To+" "+stage)
	}
	slices.Sort(out)
	return out
}

func (w *world) at(s string) {
	w.t.Helper()
	zone, err := time.LoadLocation("Asia/Almaty")
	w.must(err)
	at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	w.must(err)
	w.clock.Set(at)
}
