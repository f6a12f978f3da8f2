package web

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// token is a credential of an operator's system.
func (w *world) token(o *party.Organization) string {
	w.t.Helper()
	text, err := w.Accounts.Issue(w.t.Context(), account.Token{Role: account.Operator, Org: o.ID}, "")
	w.must(err)
	return text
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"", "https://kelisim.example"} {
		w := newWorld(t, func(p *Pages) { p.PublicURL = public })
		link, err := w.Accounts.LoginLink(t.Context(), w.asel.inside, time.Hour)
		w.must(err)
		b := w.visitor(locale.RU)
		for range 3 { // a messenger draws its preview
			b.want(http.StatusOK, "/login/"+link)
		}
		a := b.post("/login/"+link, nil)
		if a.status != http.StatusSeeOther || a.header.Get("Location") != "/me" {
			t.Fatal(a.status, a.header)
		}
		cookie := a.header.Get("Set-Cookie")
		for attribute, want := range map[string]bool{"HttpOnly": true, "SameSite=Lax": true, "Path=/": true, "Secure": public != ""} {
			if strings.Contains(cookie, attribute) != want {
				t.Errorf("public URL %q: %s in %q: want %v", public, attribute, cookie, want)
			}
		}
		b.want(http.StatusOK, "/me")
		second := w.visitor(locale.RU)
		if a := second.post("/login/"+link, nil); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "больше не действует") || len(second.cookies) > 0 {
			t.Errorf("a link worked twice: %d %v", a.status, second.cookies)
		}
		if a := b.post("/logout", nil); a.status != http.StatusSeeOther || len(b.cookies) > 0 {
			t.Error(a.status, b.cookies)
		}
		b.want(http.StatusUnauthorized, "/me")
		if strings.Contains(w.log.String(), link) {
			t.Error("the log has a login link")
		}
	}
}

// duty: L8.1, L8-1.2.2, L24.1.5
func TestWithdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.asel)
	look := gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name"}}
	hand := gate.Request{Action: register.Transfer, Purpose: "delivery", Categories: []string{"name"}, Recipient: "170540056788"}
	path := "/me/consents/" + w.delivery.ID.String()
	decide := func(r gate.Request) law.ReasonCode {
		t.Helper()
		return w.ask(w.shop, w.asel.shop, crm, r).Codes()[0]
	}

	if a := b.post(path+"/withdraw", url.Values{"scope": {"everything"}}); a.status != http.StatusBadRequest {
		t.Error("no choice is a choice:", a.status)
	}
	a := b.post(path+"/withdraw", url.Values{"scope": {"transfer"}})
	if a.status != http.StatusSeeOther || a.header.Get("Location") != path+"?done=part" {
		t.Fatal(a.status, a.header, a.body)
	}
	if got := []law.ReasonCode{decide(look), decide(hand)}; !slices.Equal(got, []law.ReasonCode{law.ByConsent, law.NotCoveredRecipient}) {
		t.Error("after the transfer was withdrawn:", got)
	}
	if body := b.want(http.StatusOK, path); !strings.Contains(body, "(отозвано вами)") || strings.Contains(body, "Только передачу третьим лицам") {
		t.Error("the page does not show what was withdrawn")
	}

	a = b.post(path+"/withdraw", url.Values{"scope": {"process"}, "reason": {"не нужно"}})
	if a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	if got := decide(look); got != law.ConsentWithdrawn {
		t.Error("permitted after the withdrawal:", got)
	}
	body := b.want(http.StatusOK, a.header.Get("Location"))
	for _, want := range []string{"Согласие отозвано", "отозвано"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(body, `action="`+path) {
		t.Error("the page offers to withdraw again")
	}
	if a := b.post(path+"/withdraw", url.Values{"scope": {"process"}}); a.status != http.StatusConflict || !strings.Contains(a.body, "уже не действует") {
		t.Error(a.status, a.body)
	}
	if !strings.Contains(b.want(http.StatusOK, "/me/journal?kind=consent"), "Вы отозвали согласие") {
		t.Error("the journal does not tell of the withdrawal")
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.KK, w.asel)
	path := "/me/consents/" + w.contracts.ID.String()
	look := gate.Request{Action: register.View, Purpose: "contracts", Categories: []string{"name"}}
	for _, step := range []struct {
		act  string
		code law.ReasonCode
		says string
	}{{"/pause", law.ConsentPaused, "Келісім тоқтата тұрылды"}, {"/resume", law.ByConsent, "Келісім қайтадан қолданыста"}} {
		a := b.post(path+step.act, nil)
		if a.status != http.StatusSeeOther {
			t.Fatal(step.act, a.status, a.body)
		}
		if !strings.Contains(b.want(http.StatusOK, a.header.Get("Location")), step.says) {
			t.Errorf("after %s the page does not say %q", step.act, step.says)
		}
		if got := w.ask(w.bestam, w.asel.bestam, crm, look).Codes()[0]; got != step.code {
			t.Errorf("after %s: %s", step.act, got)
		}
	}
}

// A form of another site does nothing, however the browser marks it.
func TestForeignForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *Pages) { p.PublicURL = "https://kelisim.example" })
	b := w.signedIn(locale.RU, w.asel)
	path := "/me/consents/" + w.delivery.ID.String() + "/withdraw"
	form := url.Values{"scope": {"process"}}
	for name, mark := range map[string]func(http.Header){
		"site":   func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site") },
		"origin": func(h http.Header) { h.Del("Sec-Fetch-Site"); h.Set("Origin", "https://evil.example") },
	} {
		a := b.do(http.MethodPost, path, form, func(r *http.Request) { mark(r.Header) })
		if a.status != http.StatusForbidden || !strings.Contains(a.body, "с другого сайта") {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	c, err := w.Store.Consent(t.Context(), w.delivery.ID)
	if err != nil || c.Status != consent.Active {
		t.Error("a foreign form withdrew a consent", err)
	}
	// Our own page behind a proxy, in a browser that knows no Sec-Fetch-Site.
	a := b.do(http.MethodPost, path, form, func(r *http.Request) {
		r.Header.Del("Sec-Fetch-Site")
		r.Header.Set("Origin", "https://kelisim.example")
	})
	if a.status != http.StatusSeeOther {
		t.Error("our own form is refused:", a.status)
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor("fr")
	if !strings.Contains(b.want(http.StatusOK, "/"), `<html lang="kk">`) {
		t.Error("a browser of no language of ours gets no Kazakh")
	}
	a := b.get("/o/150940018738/policy?lang=en&x=1")
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/o/150940018738/policy?x=1" {
		t.Error(a.status, a.header)
	}
	if !strings.Contains(b.want(http.StatusOK, "/"), `<html lang="en">`) {
		t.Error("the choice is not kept")
	}
	b.get("/?lang=xx")
	if !strings.Contains(b.want(http.StatusOK, "/"), `<html lang="en">`) {
		t.Error("a language that there is not was kept")
	}
	// Where no mux cleans the address, two slashes would name another host.
	r := httptest.NewRequest(http.MethodGet, "/?lang=ru", http.NoBody)
	r.URL.Path = "//evil.example/"
	rec := httptest.NewRecorder()
	(&Pages{}).NotFound().ServeHTTP(rec, r)
	if to := rec.Header().Get("Location"); to != "/evil.example/" {
		t.Errorf("the switch leads to %q", to)
	}
}

// duty: L8-1.2.3
func TestJournalFiltersAndPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.asel)
	entry := func(body string) int { return strings.Count(body, `<h3><a href="/me/journal/`) }
	for query, want := range map[string]int{
		"?kind=denied": 1, "?kind=hand": 1, "?kind=protect": 0, "?kind=look&org=" + w.shop.BIN: 1, "?org=" + w.shop.BIN: 5,
		"?kind=nonsense&org=nobody": 11,
	} {
		if got := entry(b.want(http.StatusOK, "/me/journal"+query)); got != want {
			t.Errorf("%s: %d lines, want %d", query, got, want)
		}
	}
	if body := b.want(http.StatusOK, "/me/journal?kind=look"); !strings.Contains(body, "5 раз") || strings.Count(body, `<ul class="times">`) != 1 {
		t.Error("five looks of a machine are not one line")
	}
	clerk := verify.Actor{Kind: "person", ID: "17"}
	for range 40 { // of a person: each stands alone
		w.ask(w.shop, w.asel.shop, clerk, gate.Request{Action: register.Use, Purpose: "delivery", Categories: []string{"name"}})
	}
	seen, path := 0, "/me/journal?kind=look&org="+w.shop.BIN
	for path != "" && seen < 100 {
		body := b.want(http.StatusOK, path)
		seen += entry(body)
		_, rest, found := strings.Cut(body, `href="/me/journal?before=`)
		if path = ""; found {
			next, _, _ := strings.Cut(rest, `"`)
			path = "/me/journal?before=" + strings.ReplaceAll(next, "&amp;", "&")
		}
	}
	if seen != 41 {
		t.Errorf("%d lines on all pages, want 41", seen)
	}
}

func TestNewsUntilRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.asel)
	body := b.want(http.StatusOK, "/me")
	if !strings.Contains(body, "Отказ") {
		t.Fatal("no news")
	}
	_, rest, _ := strings.Cut(body, `name="until" value="`)
	until, _, _ := strings.Cut(rest, `"`)
	if a := b.post("/me/read", url.Values{"until": {until}}); a.status != http.StatusSeeOther {
		t.Fatal(a.status)
	}
	if body := b.want(http.StatusOK, "/me"); !strings.Contains(body, "Ничего нового") {
		t.Error("what was read is still news")
	}
	b.post("/me/consents/"+w.news.ID.String()+"/pause", nil)
	if body := b.want(http.StatusOK, "/me"); !strings.Contains(body, "Ничего нового") {
		t.Error("the subject's own act is news")
	}
	w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name"}})
	if body := b.want(http.StatusOK, "/me"); !strings.Contains(body, `<span class="badge">1</span>`) {
		t.Error("a new act is no news")
	}
}

// duty: L24.1.1, L25.2.9
func TestData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.asel)
	count := func() int { return strings.Count(b.want(http.StatusOK, "/me/journal"), "Вы посмотрели") }
	if body := b.want(http.StatusOK, "/me/data"); strings.Contains(body, "Алматы") || count() != 0 {
		t.Error("data was shown before it was asked for")
	}
	a := b.post("/me/data", url.Values{"org": {w.shop.BIN}})
	for _, want := range []string{"Алматы, &lt;b&gt;Абай&lt;/b&gt; 10", "адрес", "в собственных системах или на бумаге"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if count() != 1 {
		t.Error("the look is not in the journal")
	}
	if a := b.post("/me/data", url.Values{"org": {w.bestam.BIN}}); !strings.Contains(a.body, "bin: 161140012348\nname: ТОО Ромашка") {
		t.Error("a value of parts cannot be read", a.body)
	}
	if a := b.post("/me/data", url.Values{"org": {"990640043217"}}); a.status != http.StatusNotFound {
		t.Error("an operator that does not know the subject:", a.status)
	}
	w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.Destroy})
	if a := b.post("/me/data", url.Values{"org": {w.shop.BIN}}); a.status != http.StatusOK || !strings.Contains(a.body, "уничтожены, показать нечего") {
		t.Error("destroyed data:", a.status)
	}
}

func TestValuesInText(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"+77011112233"`: "+77011112233", `12345678901234567890`: "12345678901234567890", `true`: "true",
		`["a","b"]`: "a, b", `{"to":["x, y","z"],"n":1}`: "n: 1\nto: x, y; z", `broken`: "broken",
	} {
		if got := inText(json.RawMessage(raw)); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.asel)
	a := b.get("/me/journal/" + w.denied(w.asel).String() + "/receipt")
	var receipt verify.Receipt
	if err := json.Unmarshal([]byte(a.body), &receipt); err != nil {
		t.Fatal(a.status, err)
	}
	if e, _, err := receipt.Check(w.Keys.Checker); err != nil || e.Decision != "deny" {
		t.Error(e, err)
	}
	if d := a.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment; filename=") {
		t.Error(d)
	}
	var signed verify.Signed
	a = b.get("/me/consents/" + w.delivery.ID.String() + "/receipt")
	if err := json.Unmarshal([]byte(a.body), &signed); err != nil || signed.Type != verify.TypeConsentReceipt {
		t.Fatal(a.status, err, signed.Type)
	}

	young := w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name"}})
	path := "/me/journal/" + young.ID.String()
	if body := b.want(http.StatusOK, path); !strings.Contains(body, "Скоро будет запечатано") {
		t.Error("a young entry is shown as sealed")
	}
	if body := b.want(http.StatusConflict, path+"/receipt"); !strings.Contains(body, "ещё не запечатана") {
		t.Error("no friendly answer before the seal")
	}
	w.seal()
	if body := b.want(http.StatusOK, path); !strings.Contains(body, "под номером 21") {
		t.Error("the number in the log is not told")
	}
	b.want(http.StatusOK, path+"/receipt")
}

// duty: L25.2.1-1
// duty: P3.2.5
func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor(locale.RU)
	b.want(http.StatusNotFound, "/o/161140012348/policy") // not published
	b.want(http.StatusNotFound, "/o/990640043217/policy") // nobody
	b.want(http.StatusNotFound, bestamPolicy+"/2")
	source, err := os.ReadFile("../../examples/bestam/operator.yaml")
	w.must(err)
	changed := strings.ReplaceAll(string(source), "Информирование электронными письмами", "Письма о заказе")
	d, err := register.Parse([]byte(changed), w.Parties.Rules)
	w.must(err)
	_, err = w.Parties.Apply(t.Context(), crm, d, false)
	w.must(err)
	b.want(http.StatusNotFound, bestamPolicy+"/2") // not approved
	w.must(w.Parties.Approve(t.Context(), crm, w.bestam.ID, 2))
	if body := b.want(http.StatusOK, bestamPolicy); !strings.Contains(body, "Письма о заказе") || strings.Contains(body, "Сейчас действует другая") {
		t.Error("the version in force is not shown")
	}
	if body := b.want(http.StatusOK, bestamPolicy+"/1"); !strings.Contains(body, "Информирование электронными письмами") || !strings.Contains(body, "Сейчас действует другая") {
		t.Error("the version before is not shown as one")
	}
	// What happened under the first version is told in its words.
	if body := w.signedIn(locale.RU, w.asel).want(http.StatusOK, "/me/consents"); !strings.Contains(body, "Информирование электронными письмами") {
		t.Error("a consent is told in words that were not there when it was given")
	}
	w.applyText(strings.ReplaceAll(changed, "published: true", "published: false"))
	b.want(http.StatusNotFound, bestamPolicy)
}

// broken fails as a database does that has gone.
type broken struct{ Store }

func (broken) Holders(context.Context, ident.ID) ([]party.Holding, error) {
	return nil, errors.New("dial tcp 10.0.0.7: connection refused")
}

func TestFailureShowsNothingOfTheInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *Pages) { p.Store = broken{p.Store} })
	for _, lang := range locale.All {
		body := w.signedIn(lang, w.asel).want(http.StatusInternalServerError, "/me/data")
		failure := someID.FindString(body)
		if strings.Contains(body, "10.0.0.7") || failure == "" {
			t.Errorf("%s: %s", lang, body)
		}
		if !strings.Contains(w.log.String(), failure) || !strings.Contains(w.log.String(), "connection refused") {
			t.Error("the log does not have the cause under the code that the page shows")
		}
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, size := w.visitor(locale.KK), 0
	for name, address := range loaded().address {
		a := b.get(address)
		if a.status != http.StatusOK || a.header.Get("Content-Type") == "" || !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
		size += len(a.body)
		if strings.HasSuffix(name, ".css") && strings.Contains(a.body, "url(text.woff2)") {
			t.Error("the styles name a font by an address that nobody serves")
		}
	}
	if size > 250<<10 {
		t.Errorf("styles and fonts weigh %d bytes", size)
	}
	if a := b.get("/static/nothing.css"); a.status != http.StatusNotFound {
		t.Error(a.status)
	}
}

// A list of one page must not cost a person with many entries of other kinds
// more than it should, nor miss what lies far back.
func TestEntriesFarBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 250 {
		w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.Use, Purpose: "delivery", Categories: []string{"name"}})
	}
	body := w.signedIn(locale.EN, w.asel).want(http.StatusOK, "/me/journal?kind=denied")
	if n := strings.Count(body, "Refused"); n == 0 || !strings.Contains(body, w.denied(w.asel).String()) || strings.Contains(body, "before=") {
		t.Errorf("%d refusals:\n%s", n, body)
	}
}

// Every drawing that a page or an entry asks for is there.
func TestIcons(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	acts := []string{
		"consent.give", "consent.withdraw", "consent.pause", "consent.expire", "subject.register", "subject.import",
		"retention.schedule", "register.apply", "unheard of",
	}
	for _, a := range register.AllActions() {
		acts = append(acts, a.String())
	}
	for _, a := range acts {
		asked[notify.Words(locale.KK, &verify.Entry{Action: a}, nil).Icon] = true
		asked[notify.Words(locale.KK, &verify.Entry{Action: a, Decision: "deny"}, nil).Icon] = true
	}
	for _, name := range stepIcons {
		asked[name] = true
	}
	for _, s := range sections {
		asked[s.Icon] = true
	}
	err := fs.WalkDir(templates, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		source, err := templates.ReadFile(path)
		for _, m := range regexp.MustCompile(`icon "(\w+)"`).FindAllSubmatch(source, -1) {
			asked[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range asked {
		if icons[name] == "" {
			t.Errorf("there is no icon %q", name)
		}
	}
	for name := range icons {
		if !asked[name] {
			t.Errorf("nobody asks for the icon %q", name)
		}
	}
}
