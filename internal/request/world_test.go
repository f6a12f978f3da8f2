package request_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/request"
	"kelisim/verify"
)

var (
	officer = verify.Actor{Kind: "person", ID: "17"}
	second  = verify.Actor{Kind: "person", ID: "18"}
)

// world is an installation with the example operator, which also has to keep
// some of the data by a law, and people who gave it theirs.
type world struct {
	*app.App
	t      testing.TB
	clock  *apptest.Clock
	org    *party.Organization
	people int
}

// keeping is a purpose that rests on a provision of the Law.
const keeping = `purposes:
  - id: ledger
    name: {kk: Бухгалтерлік есеп, ru: Бухгалтерский учёт, en: Book-keeping}
    base: site
    categories: [name, iin]
    actions: [collect, store, use, view]
    retention: P5Y
    compatible: [contracts]
    basis: {provision: "9(10)", document: law on accounting}
  - id: board
    name: {kk: Құрмет тақтасы, ru: Доска почёта, en: Board of honour}
    base: site
    categories: [name]
    actions: [collect, store, disseminate]
    retention: P1Y
    public: true
`

func describe(t testing.TB, change ...string) string {
	text := strings.Replace(apptest.Bestam(t), "purposes:\n", keeping, 1)
	return strings.NewReplacer(change...).Replace(text)
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		test(t, &world{App: a, t: t, clock: clock, org: apptest.Apply(t, a, describe(t))})
	})
}

func sqlite(t testing.TB) *world {
	a, clock := apptest.SQLite(t)
	return &world{App: a, t: t, clock: clock, org: apptest.Apply(t, a, describe(t))}
}

// person registers one more, with consent to the purposes, and returns the
// internal id.
func (w *world) person(purposes ...string) ident.ID {
	w.t.Helper()
	w.people++
	outside := apptest.Subject(w.t, w.App, w.org, w.people)
	if len(purposes) > 0 {
		apptest.Consent(w.t, w.App, w.org, outside, purposes...)
	}
	return w.org.Inside(outside)
}

// collect puts data into the vault, as the operator's system does.
func (w *world) collect(who ident.ID, purpose string, values ...string) {
	w.t.Helper()
	ask := &gate.Ask{
		Request: gate.Request{Action: register.Collect, Purpose: purpose},
		Holder:  w.org, Asker: w.org, Subject: w.org.Outside(who), Actor: apptest.System, Values: map[string]json.RawMessage{},
	}
	for i := 0; i < len(values); i += 2 {
		ask.Values[values[i]] = json.RawMessage(`"` + values[i+1] + `"`)
	}
	ans, err := w.Guard.Access(w.t.Context(), ask)
	if err != nil || !ans.Permit {
		w.t.Fatal(ans, err)
	}
}

// view is what the operator sees of a person for a purpose; nil where the gate
// refuses.
func (w *world) view(who ident.ID, purpose string, categories ...string) map[string]json.RawMessage {
	w.t.Helper()
	ans, err := w.Guard.Access(w.t.Context(), &gate.Ask{
		Request: gate.Request{Action: register.View, Purpose: purpose, Categories: categories},
		Holder:  w.org, Asker: w.org, Subject: w.org.Outside(who), Actor: apptest.System,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if !ans.Permit {
		return nil
	}
	return ans.Data
}

func (w *world) ask(who ident.ID, k request.Kind, d request.Details) *request.Request {
	w.t.Helper()
	r, err := w.Requests.Receive(w.t.Context(), w.org, who, &request.New{Kind: k, Details: d, Language: "ru", Actor: apptest.Person})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) fulfil(r *request.Request, in *request.Fulfilment) *request.Request {
	w.t.Helper()
	n, err := w.Requests.Fulfil(w.t.Context(), w.org, r.ID, in, officer)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) stored(id ident.ID) *request.Request {
	w.t.Helper()
	r, err := w.Requests.Of(w.t.Context(), w.org, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) body(r *request.Request) *request.Body {
	w.t.Helper()
	b, err := w.Requests.Body(w.t.Context(), w.stored(r.ID))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) state(who ident.ID) string {
	w.t.Helper()
	h, err := w.Parties.Store.Holding(w.t.Context(), who, w.org.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return h.State
}

// held are the categories in the vault.
func (w *world) held(who ident.ID) string {
	w.t.Helper()
	f, err := w.Requests.Base.Find(w.t.Context(), w.org, who)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, h := range f.Held {
		out = append(out, h.Category)
	}
	return strings.Join(out, " ")
}

// acts are the entries of a person by action, oldest first.
func (w *world) acts(who ident.ID, action string) []*journal.Opened {
	w.t.Helper()
	_, list, err := w.Journal.List(w.t.Context(), journal.Filter{BySubject: true, Subject: who, Org: w.org.ID, Action: action, Limit: 10000})
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

func day(t time.Time) string {
	zone, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		return err.Error()
	}
	return t.In(zone).Format("2006-01-02")
}

func consentsOf(who, org ident.ID) consent.Filter { return consent.Filter{Subject: who, Org: org} }
