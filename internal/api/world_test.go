package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/term"
)

// Personal data of the person whom every test is about. None of it may stand in
// a problem, a header, a log line, a metric or the public tree: each answer of
// each test is looked through for it.
const (
	planted      = "Айсұлу Төлегенқызы"
	plantedPhone = "+77015550142"
	plantedEmail = "aisulu.tolegen@mail.example"
	plantedDoc   = "N04817263"
	plantedValue = "ТОО «Жасыл алма»"
)

var plantedIIN = apptest.IIN(4242)

var plants = []string{
	planted, plantedPhone, plantedPhone[1:], "8" + plantedPhone[2:], plantedEmail, "aisulu.tolegen", plantedDoc, plantedValue, plantedIIN,
}

// payer is the organization that the example operator names as a recipient.
const payer = "180340022918"

// other is an organization that declares what the example operator does.
var other = func() string {
	bin, _ := ident.MakeBIN(2016, 3, 7)
	return bin
}()

// world is an installation behind its HTTP interface with the example operator,
// the other organization and the payer, who all know one person.
type world struct {
	*app.App
	clock *apptest.Clock
	api   *API
	http.Handler
	log    *lines
	tokens map[string]string // by role; of the other organization: other-operator, …
	names  map[string]string // what $name stands for in URLs and bodies
}

// lines is a log that is written to from many sides.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve puts the HTTP interface before an installation.
func serve(t testing.TB, a *app.App, clock *apptest.Clock) *world {
	t.Helper()
	w := &world{App: a, clock: clock, log: &lines{}, tokens: map[string]string{}, names: map[string]string{}}
	w.api = &API{
		Store: a.Store, Accounts: a.Accounts, Parties: a.Parties, Represent: a.Represent, Requests: a.Requests, Consents: a.Consents, Guard: a.Guard, Terms: a.Terms, Due: a.Due, Orders: a.Orders, StateService: a.StateService, Journal: a.Journal,
		Deferrals: a.Deferrals, Outbox: a.Outbox, Publications: a.Publications, GovStack: a.GovStack, Proofs: a.Proofs, Keys: a.Keys, Now: a.Now, Log: slog.New(slog.NewJSONHandler(w.log, nil)), Public: "https://kelisim.example", Version: "test",
	}
	w.Handler = w.api.Handler()
	a.Outbox.Mail = true // there are letters, see letters
	w.tokens["admin"] = w.issue(t, account.Token{Role: account.Admin})
	return w
}

// bare is a world without anybody in it.
func bare(t testing.TB) *world {
	t.Helper()
	a, clock := apptest.SQLite(t)
	return serve(t, a, clock)
}

// newWorld is a world on SQLite.
func newWorld(t testing.TB) *world {
	t.Helper()
	a, clock := apptest.SQLite(t)
	apptest.Apply(t, a, apptest.Bestam(t))
	return populate(t, a, clock)
}

// eachWorld runs a test on a world of each engine.
func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) { test(t, populate(t, a, clock)) })
}

func populate(t testing.TB, a *app.App, clock *apptest.Clock) *world {
	t.Helper()
	w := serve(t, a, clock)
	operator := apptest.Org(t, a, "")
	second := apptest.Apply(t, a, strings.Replace(apptest.Bestam(t), apptest.BIN, other, 1))
	third := apptest.Apply(t, a, "organization: {bin: '"+payer+"', name: {ru: Плательщик}, roles: [third-party]}")
	for _, r := range []account.Role{account.Operator, account.Staff, account.Officer, account.Authority, account.Examiner} {
		w.tokens[string(r)] = w.issue(t, account.Token{Role: r, Org: operator.ID})
		w.tokens["other-"+string(r)] = w.issue(t, account.Token{Role: r, Org: second.ID})
	}
	w.tokens["second"] = w.issue(t, account.Token{Role: account.Officer, Org: operator.ID})
	w.tokens["third-party"] = w.issue(t, account.Token{Role: account.ThirdParty, Org: third.ID})
	w.names["bin"], w.names["other"], w.names["payer"], w.names["stranger"] = apptest.BIN, other, payer, ident.NewID(w.Now()).String()
	w.names["iin"], w.names["name"], w.names["phone"] = plantedIIN, planted, plantedPhone
	w.names["subject"], w.names["otherSubject"], w.names["payerSubject"] = w.register(t, operator), w.register(t, second), w.register(t, third)
	subject, err := ident.ParseID(w.names["subject"])
	if err != nil {
		t.Fatal(err)
	}
	w.tokens["subject"] = w.issue(t, account.Token{Role: account.Subject, Subject: operator.Inside(subject)})
	return w
}

func (w *world) issue(t testing.TB, k account.Token) string {
	t.Helper()
	text, err := w.Accounts.Issue(t.Context(), k, "")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (w *world) register(t testing.TB, org *party.Organization) string {
	t.Helper()
	id, _, err := w.Parties.Register(t.Context(), org, apptest.System, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.IIN, Value: plantedIIN}, {Kind: ident.Phone, Value: plantedPhone}},
		Profile:     party.Profile{Name: planted},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// give records a consent of the person to a purpose and returns its id.
func (w *world) give(t testing.TB, purpose string, more ...string) string {
	t.Helper()
	body := `{"subject":"$subject","purposes":["` + purpose + `"],"evidence":{"channel":"form"}` + strings.Join(more, "") + `}`
	return w.do(t, "operator", "POST", "/v1/consents", body).want(t, 201).str(t, "id")
}

// owe begins a term of the example operator about the person and returns its id.
func (w *world) owe(t testing.TB, key string) string {
	t.Helper()
	org := apptest.Org(t, w.App, "")
	subject, err := ident.ParseID(w.names["subject"])
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Terms.Start(t.Context(), apptest.System, term.Of{
		Edition: law.At(w.Now()).ID, Key: key, Org: org, Subject: org.Inside(subject), Start: w.Now(),
		About: term.About{Kind: "entry", ID: subject},
	})
	if err != nil {
		t.Fatal(err)
	}
	return got.ID.String()
}

// seal puts all that happened under a checkpoint.
func (w *world) seal(t testing.TB) {
	t.Helper()
	if _, err := w.Sealer.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// leaves seals and counts.
func (w *world) leaves(t testing.TB) int64 {
	t.Helper()
	w.seal(t)
	n, err := w.Store.LogSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// expand fills in $names.
func (w *world) expand(s string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return os.Expand(s, func(name string) string {
		if v, ok := w.names[name]; ok {
			return v
		}
		return "$" + name
	})
}

// do makes one call as a role (none for ""), with headers as name, value pairs.
// Whatever is asked, we do not fail.
func (w *world) do(t testing.TB, as, method, url, body string, headers ...string) *answer {
	t.Helper()
	a := w.fail(t, as, method, url, body, headers...)
	if a.status >= 500 {
		t.Errorf("%s %.200s: %d %s\n%s", method, url, a.status, a.body, w.log)
	}
	return a
}

// fail is do where we may fail. What holds of every answer is checked here.
func (w *world) fail(t testing.TB, as, method, url, body string, headers ...string) *answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, w.expand(url), strings.NewReader(w.expand(body)))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token, ok := w.tokens[as]; ok {
		as = token
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	a := &answer{rec.Code, rec.Header(), rec.Body.Bytes()}
	a.check(t)
	return a
}

// check is what holds of every answer.
func (a *answer) check(t testing.TB) {
	t.Helper()
	for name, values := range a.header {
		for _, v := range values {
			clean(t, "header "+name, v)
		}
	}
	if a.status < 400 {
		return
	}
	clean(t, "problem", string(a.body))
	var p struct {
		Title, Code string
		Status      int
	}
	if err := json.Unmarshal(a.body, &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d is not a problem: %s %q", a.status, a.header.Get("Content-Type"), a.body)
	}
	if p.Status != a.status || p.Code == "" || p.Title == "" || bytes.Contains(a.body, []byte("⟦")) {
		t.Errorf("a problem lacks something: %d %s", a.status, a.body)
	}
}

// clean fails the test if the person shows in a text.
func clean(t testing.TB, what, text string) {
	t.Helper()
	for _, p := range plants {
		if strings.Contains(text, p) {
			t.Errorf("%s has %q in it: %.600s", what, p, text)
		}
	}
}

func (a *answer) want(t testing.TB, status int) *answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// at returns what stands at a path of names and list indexes, nil if nothing.
func (a *answer) at(t testing.TB, path ...any) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	for _, step := range path {
		switch at := v.(type) {
		case map[string]any:
			name, _ := step.(string)
			v = at[name]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (a *answer) str(t testing.TB, path ...any) string {
	t.Helper()
	s, ok := a.at(t, path...).(string)
	if !ok {
		t.Fatalf("no text at %v: %s", path, a.body)
	}
	return s
}

func (a *answer) items(t testing.TB) []any {
	t.Helper()
	list, _ := a.at(t, "items").([]any)
	return list
}

// scenario is one call and what must and must not come back.
type scenario struct {
	name, method, url, body, as string
	headers                     []string
	wantStatus                  int
	wantContains, wantNot       []string
	keep                        string // name under which the answer's id is kept for later scenarios
}

func (s *scenario) run(t *testing.T, w *world) *answer {
	t.Helper()
	a := w.do(t, s.as, s.method, s.url, s.body, s.headers...)
	if a.status != s.wantStatus {
		t.Errorf("%s: status %d, want %d: %s", s.name, a.status, s.wantStatus, a.body)
	}
	for _, want := range s.wantContains {
		if !strings.Contains(string(a.body), w.expand(want)) {
			t.Errorf("%s: no %s in %s", s.name, w.expand(want), a.body)
		}
	}
	for _, not := range s.wantNot {
		if strings.Contains(string(a.body), w.expand(not)) {
			t.Errorf("%s: %s in %s", s.name, w.expand(not), a.body)
		}
	}
	if s.keep != "" {
		w.names[s.keep] = a.str(t, "id")
	}
	return a
}

// live serves a world over a real connection.
func (w *world) live(t *testing.T) (get func(path string) (*http.Response, []byte)) {
	t.Helper()
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	return func(path string) (*http.Response, []byte) {
		t.Helper()
		res, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, b
	}
}

// allRoles are those that a token may have.
var allRoles = []string{"admin", "operator", "staff", "officer", "third-party", "authority", "examiner", "subject"}

func names(roles []account.Role) []string {
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	slices.Sort(out)
	return out
}
