package web

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/signature/pkitest"
	"kelisim/verify"
)

// world is an installation with two operators and two people. Асель has
// consents, a history of accesses, and news; Данияр is somebody else.
type world struct {
	*app.App
	t    testing.TB
	mux  *http.ServeMux
	log  *strings.Builder
	now  time.Time
	asel person
	// daniyar is only there to be somebody else.
	daniyar                   person
	bestam, shop              *party.Organization
	contracts, news, delivery *consent.Consent
	ca                        *pkitest.Authority // after trust
}

// person is a subject by the id inside, and as each operator sees it.
type person struct{ inside, bestam, shop ident.ID }

var crm = verify.Actor{Kind: "system", ID: "crm"}

func newWorld(t testing.TB, change ...func(*Pages)) *world {
	t.Helper()
	w := &world{t: t, mux: http.NewServeMux(), log: &strings.Builder{}, now: time.Date(2026, 11, 18, 4, 0, 0, 0, time.UTC)}
	a, err := app.Init(t.Context(), app.Config{Data: t.TempDir(), Now: func() time.Time { return w.now }})
	w.must(err)
	t.Cleanup(func() { a.Close() }) //nolint:errcheck // the directory goes with the test
	w.App = a
	pages := &Pages{
		Accounts: a.Accounts, Parties: a.Parties, Consents: a.Consents, Guard: a.Guard, Represent: a.Represent, Journal: a.Journal, Office: a.Journal,
		Store: a.Store, Requests: a.Store, Rights: a.Requests, Publications: a.Publications, Outbox: a.Outbox, Orders: a.Orders, Terms: a.Terms, Due: a.Due, Forms: a.Forms, StateService: a.StateService, Proofs: a.Proofs, Keys: verify.Keys{Log: a.Keys.Checker, Sign: a.Keys.JWKS}, Now: a.Now, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, c := range change {
		c(pages)
	}
	pages.Routes(w.mux)
	w.bestam = w.apply("../../examples/bestam/operator.yaml")
	w.shop = w.apply("testdata/shop.yaml")
	w.asel = w.register("900101300017", "Асель Қайратқызы")
	w.daniyar = w.register("850315400124", "Данияр Ержанұлы")
	w.live()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) later(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) apply(file string) *party.Organization {
	w.t.Helper()
	source, err := os.ReadFile(file)
	w.must(err)
	return w.applyText(string(source))
}

func (w *world) applyText(source string) *party.Organization {
	w.t.Helper()
	d, err := register.Parse([]byte(source), w.Parties.Rules)
	w.must(err)
	_, err = w.Parties.Apply(w.t.Context(), crm, d, true)
	w.must(err)
	o, err := w.Parties.Organization(w.t.Context(), d.Organization.BIN)
	w.must(err)
	return o
}

func (w *world) register(iin, name string) person {
	w.t.Helper()
	in := party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.IIN, Value: iin}},
		Profile:     party.Profile{Name: name, Language: locale.KK},
	}
	var p person
	var err error
	p.bestam, _, err = w.Parties.Register(w.t.Context(), w.bestam, crm, in)
	w.must(err)
	w.later(time.Second)
	p.shop, _, err = w.Parties.Register(w.t.Context(), w.shop, crm, in)
	w.must(err)
	w.later(time.Second)
	p.inside = w.bestam.Inside(p.bestam)
	return p
}

func (w *world) agree(o *party.Organization, subject ident.ID, terms consent.Terms, change ...func(*consent.New)) *consent.Consent {
	w.t.Helper()
	in := &consent.New{
		Subject: subject, Terms: terms, Language: locale.RU, Actor: crm, Proof: consent.Proof{Channel: "form"},
		Text: "Я согласна на обработку моих персональных данных.\nЦель и перечень данных мне показаны.",
	}
	for _, c := range change {
		c(in)
	}
	c, err := w.Consents.Record(w.t.Context(), o, in)
	w.must(err)
	w.later(time.Minute)
	return c
}

// ask is an access by an operator; values are given for what takes them.
func (w *world) ask(o *party.Organization, subject ident.ID, by verify.Actor, r gate.Request, values ...string) *gate.Answer {
	w.t.Helper()
	a := &gate.Ask{Request: r, Holder: o, Asker: o, Subject: subject, Actor: by}
	if len(values) > 0 {
		a.Values = map[string]json.RawMessage{}
		for i, v := range values {
			a.Values[r.Categories[i]] = json.RawMessage(v)
		}
	}
	ans, err := w.Guard.Access(w.t.Context(), a)
	w.must(err)
	w.later(time.Minute)
	return ans
}

func (w *world) seal() {
	w.t.Helper()
	_, err := w.Sealer.Step(w.t.Context())
	w.must(err)
}

// live is what happened before the tests begin.
func (w *world) live() {
	clerk := verify.Actor{Kind: "person", ID: "17"}
	w.contracts = w.agree(w.bestam, w.asel.bestam, consent.Terms{Purposes: []string{"contracts"}})
	w.news = w.agree(w.bestam, w.asel.bestam, consent.Terms{Purposes: []string{"inform", "news"}}, func(n *consent.New) {
		n.Until = time.Date(2027, 6, 30, 19, 0, 0, 0, time.UTC)
	})
	w.delivery = w.agree(w.shop, w.asel.shop, consent.Terms{
		Purposes: []string{"delivery", "reviews"}, ThirdParties: []string{"170540056788"}, Countries: []string{"DE"}, PublicSources: true,
	})
	w.ask(w.bestam, w.asel.bestam, crm, gate.Request{Action: register.Collect, Purpose: "contracts", Categories: []string{"name", "phone", "employer"}},
		`"Асель Қайратқызы"`, `"+77011112233"`, `{"name":"ТОО Ромашка","bin":"161140012348"}`)
	w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.Collect, Purpose: "delivery", Categories: []string{"name", "address"}},
		`"Асель"`, `"Алматы, <b>Абай</b> 10"`)
	w.later(25 * time.Hour)
	for range 5 {
		w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name", "address"}})
		w.later(11 * time.Minute)
	}
	w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.Transfer, Purpose: "delivery", Categories: []string{"name", "address"}, Recipient: "170540056788"})
	w.later(23 * time.Hour)
	w.ask(w.bestam, w.asel.bestam, clerk, gate.Request{Action: register.View, Purpose: "contracts", Categories: []string{"name", "phone"}})
	w.ask(w.bestam, w.asel.bestam, clerk, gate.Request{Action: register.View, Purpose: "payment", Categories: []string{"name", "phone"}})
	w.later(time.Hour)
	w.seal()
}

// guest is somebody at the pages: it keeps cookies and follows nothing.
type guest struct {
	w       *world
	lang    locale.Lang
	cookies map[string]string
}

func (w *world) visitor(lang locale.Lang) *guest {
	return &guest{w, lang, map[string]string{}}
}

// signedIn is a browser of a person.
func (w *world) signedIn(lang locale.Lang, who person) *guest {
	w.t.Helper()
	b := w.visitor(lang)
	token, err := w.Accounts.Issue(w.t.Context(), account.Token{Role: account.Subject, Subject: who.inside, Expires: w.now.Add(time.Hour)}, "")
	w.must(err)
	b.cookies[sessionCookie] = token
	return b
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *guest) get(path string) answer { return b.do(http.MethodGet, path, nil) }

func (b *guest) post(path string, form url.Values) answer { return b.do(http.MethodPost, path, form) }

func (b *guest) do(method, path string, form url.Values, change ...func(*http.Request)) answer {
	b.w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept-Language", string(b.lang))
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	b.w.mux.ServeHTTP(rec, r)
	res := rec.Result()
	body, err := io.ReadAll(res.Body)
	b.w.must(err)
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// want is get that insists on a status.
func (b *guest) want(status int, path string) string {
	b.w.t.Helper()
	a := b.get(path)
	if a.status != status {
		b.w.t.Fatalf("GET %s: %d, want %d\n%s", path, a.status, status, a.body)
	}
	return a.body
}
