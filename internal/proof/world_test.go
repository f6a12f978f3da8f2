package proof_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/proof"
	"kelisim/verify"
)

const here = proof.Place("https://kelisim.example")

// world is an installation with one person, who answered a question of the example
// operator.
type world struct {
	*app.App
	t     *testing.T
	clock *apptest.Clock
	org   *party.Organization
	who   ident.ID // as the operator knows the person
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		test(&world{a, t, clock, org, apptest.Subject(t, a, org, 1)})
	})
}

func one(t *testing.T) *world {
	t.Helper()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	return &world{a, t, clock, org, apptest.Subject(t, a, org, 1)}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) ctx() context.Context { return w.t.Context() }

func (w *world) keys() verify.Keys { return verify.Keys{Log: w.Keys.Checker, Sign: w.Keys.JWKS} }

func (w *world) seal() {
	w.t.Helper()
	w.must(w.Sealer.All(w.ctx()))
}

func (w *world) office() proof.Journal {
	return proof.Office{Reader: w.Journal, Filter: journal.Filter{Org: w.org.ID}}
}

func (w *world) mine() proof.Journal {
	w.t.Helper()
	v, err := w.Journal.ForSubject(w.ctx(), w.org.Inside(w.who))
	w.must(err)
	return v
}

// scan is the smallest PDF that passes for one.
var scan = append([]byte("%PDF-1.4\n"), "a page that somebody signed"...)

// onPaper is a consent with everything in it: two files, a term, third parties,
// what the operator set besides; narrowed since.
func (w *world) onPaper() *consent.Consent {
	w.t.Helper()
	until := w.clock.Now().AddDate(1, 0, 0)
	c, err := w.Consents.Record(w.ctx(), w.org, &consent.New{
		Subject: w.who, Terms: consent.Terms{Purposes: []string{"payment", "contracts"}, ThirdParties: []string{"180340022918"}},
		Until: until, Language: locale.KK, Name: "Әсел Қайратқызы Ғұмарова", Actor: apptest.System,
		Proof: consent.Proof{Channel: "paper", Document: "№ 7", Other: map[string]string{"қала": "Өскемен"}},
		Files: []consent.NewFile{{Name: "scan.pdf", Content: scan}, {Name: "акт.png", Content: []byte("\x89PNG\r\n\x1a\nact")}},
	})
	w.must(err)
	w.clock.Add(time.Hour)
	c, err = w.Consents.Withdraw(w.ctx(), c.ID, consent.Transfer, "", apptest.Person)
	w.must(err)
	w.clock.Add(time.Hour)
	return c
}

// answered is a consent that the person gave to a question, after reading it in
// two languages.
func (w *world) answered() *consent.Consent {
	w.t.Helper()
	r, _, err := w.Consents.Ask(w.ctx(), w.org, w.org, &consent.NewRequest{
		Subject: w.who, Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"news"}}}, Actor: apptest.System,
	})
	w.must(err)
	for _, lang := range []locale.Lang{locale.RU, locale.KK} {
		w.clock.Add(time.Minute)
		_, _, err = w.Consents.Show(w.ctx(), r.ID, lang, apptest.Person)
		w.must(err)
	}
	c, err := w.Consents.Give(w.ctx(), r.ID, &consent.Choice{}, locale.KK, consent.Proof{Channel: consent.Cabinet}, nil, apptest.Person)
	w.must(err)
	return c
}

func clone(b []byte) []byte { return slices.Clone(b) }
