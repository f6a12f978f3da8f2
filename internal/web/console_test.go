package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// seatedAt is a browser at the console of an organization.
func (w *world) seatedAt(lang locale.Lang, role account.Role, o *party.Organization) *guest {
	w.t.Helper()
	b := w.visitor(lang)
	link, err := w.Accounts.ConsoleLink(w.t.Context(), role, o.ID, "Айгүл", time.Hour)
	w.must(err)
	if a := b.post(ConsoleLogin+link, nil); a.status != http.StatusSeeOther || a.header.Get("Location") != "/console" {
		w.t.Fatal(a.status, a.header, a.body)
	}
	return b
}

// refused is the newest refusal in an organization's journal.
func (w *world) refused(o *party.Organization) ident.ID {
	w.t.Helper()
	_, list, err := w.Journal.List(w.t.Context(), journal.Filter{Org: o.ID, Limit: 100})
	w.must(err)
	i := slices.IndexFunc(list, func(e *journal.Opened) bool { return e.Decision == "deny" })
	return ident.ID(list[i].ID)
}

// widen applies a description that the officer has not approved.
func (w *world) widen(replace ...string) {
	w.t.Helper()
	source, err := os.ReadFile("../../examples/bestam/operator.yaml")
	w.must(err)
	d, err := register.Parse([]byte(strings.NewReplacer(replace...).Replace(string(source))), w.Parties.Rules)
	w.must(err)
	_, err = w.Parties.Apply(w.t.Context(), crm, d, false)
	w.must(err)
}

// duty: L25.3.1
func TestConsolePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.widen("categories: [name, email, phone]", "categories: [name, email, phone, address]", "retention: P1Y", "retention: P6M")
	entry := w.refused(w.bestam).String()
	for _, lang := range locale.All {
		b := w.seatedAt(lang, account.Officer, w.bestam)
		for name, path := range map[string]string{
			"today": "/console", "journal": "/console/journal?decision=deny&from=2026-11-19", "entry": "/console/journal/" + entry, "register": "/console/register",
		} {
			golden(t, "console-"+name+"."+string(lang)+".html", normalise(b.want(http.StatusOK, path)))
		}
		golden(t, "console-login."+string(lang)+".html", normalise(w.visitor(lang).want(http.StatusOK, ConsoleLogin+"x")))
	}
}

// console is each page of the console that there is, by a browser that may see
// it, beside those who may not.
func (w *world) console(lang locale.Lang) map[string]string {
	officer, staff, nobody := w.seatedAt(lang, account.Officer, w.bestam), w.seatedAt(lang, account.Staff, w.bestam), w.visitor(lang)
	pages := map[string]string{
		"/console, nobody":         nobody.want(http.StatusUnauthorized, "/console"),
		"/console/login":           nobody.want(http.StatusOK, ConsoleLogin+"x"),
		"/console/login, used":     nobody.post(ConsoleLogin+"x", nil).body,
		"/console, staff":          staff.want(http.StatusOK, "/console"),
		"/console/register, staff": staff.want(http.StatusForbidden, "/console/register"),
		"/console/nothing":         officer.want(http.StatusNotFound, "/console/nothing"),
		"bad filter":               officer.want(http.StatusBadRequest, "/console/journal?from=x&to=2026-02-30&wrong=subject"),
		"approve, done before":     officer.post("/console/register/versions/1/approve", nil).body,
	}
	w.order(order.Inquiry, order.Content{Document: "act 1", Details: "Which measures?"})
	for _, path := range []string{
		"/console/publications", "/console/orders", "/console/orders/" + w.order(order.Clarify, order.Content{Document: "act 2"}), "/console", "/console/due", "/console/due?only=overdue", "/console/journal", "/console/journal?action=destroy", "/console/journal/" + w.refused(w.bestam).String(),
		"/console/register", "/console/register?done=approved",
		"/console/depersonalised", "/console/depersonalised?purpose=visit-statistics",
	} {
		pages[path] = officer.want(http.StatusOK, path)
	}
	return pages
}

func TestConsoleLogin(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"", "https://kelisim.example"} {
		w := newWorld(t, func(p *Pages) { p.PublicURL = public })
		link, err := w.Accounts.ConsoleLink(t.Context(), account.Officer, w.bestam.ID, "", time.Hour)
		w.must(err)
		b := w.visitor(locale.RU)
		for range 3 { // a messenger draws its preview
			b.want(http.StatusOK, ConsoleLogin+link)
		}
		a := b.post(ConsoleLogin+link, nil)
		if a.status != http.StatusSeeOther || a.header.Get("Location") != "/console" {
			t.Fatal(a.status, a.header)
		}
		cookie := a.header.Get("Set-Cookie")
		for attribute, want := range map[string]bool{
			"HttpOnly": true, "SameSite=Strict": true, "Path=/console;": true, "Max-Age=28800": true, "Secure": public != "", consoleCookie + "=kls_": true,
		} {
			if strings.Contains(cookie, attribute) != want {
				t.Errorf("public URL %q: %s in %q: want %v", public, attribute, cookie, want)
			}
		}
		b.want(http.StatusOK, "/console")
		second := w.visitor(locale.RU)
		if a := second.post(ConsoleLogin+link, nil); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "больше не действует") || len(second.cookies) > 0 {
			t.Errorf("a link worked twice: %d %v", a.status, second.cookies)
		}
		session := b.cookies[consoleCookie]
		if a := b.post("/console/logout", nil); a.status != http.StatusSeeOther || len(b.cookies) > 0 {
			t.Error(a.status, b.cookies)
		}
		b.cookies[consoleCookie] = session // kept by somebody
		if body := b.want(http.StatusUnauthorized, "/console"); !strings.Contains(body, "Войдите в консоль") {
			t.Error(body)
		}
		late := w.seatedAt(locale.RU, account.Staff, w.bestam)
		w.later(account.ConsoleLife - time.Second)
		late.want(http.StatusOK, "/console")
		w.later(time.Second)
		late.want(http.StatusUnauthorized, "/console")
		if strings.Contains(w.log.String(), link) || strings.Contains(w.log.String(), session) {
			t.Error("the log has a link or a session")
		}
	}
}

// A session opens its own side and no other, whatever cookie it is put into; a
// link opens its own door and stays good when it was tried at the other.
func TestConsoleAndCabinetAreApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	subject, officer := w.signedIn(locale.RU, w.asel), w.seatedAt(locale.RU, account.Officer, w.bestam)
	system, err := w.Accounts.Issue(t.Context(), account.Token{Role: account.Operator, Org: w.bestam.ID}, "")
	w.must(err)
	admin, err := w.Accounts.Issue(t.Context(), account.Token{Role: account.Admin}, "")
	w.must(err)
	console := []string{"/console", "/console/journal", "/console/journal/" + w.refused(w.bestam).String(), "/console/register", "/console/nothing"}
	subject.want(http.StatusOK, "/me")
	for name, token := range map[string]string{"a subject's": subject.cookies[sessionCookie], "a system's": system, "the administrator's": admin, "nobody's": "kls_x"} {
		b := w.visitor(locale.RU)
		b.cookies[sessionCookie], b.cookies[consoleCookie] = token, token
		for _, path := range console {
			if body := b.want(http.StatusUnauthorized, path); strings.Contains(body, "Bestam") || strings.Contains(body, "/console/journal") {
				t.Errorf("%s session: GET %s shows something", name, path)
			}
		}
		if a := b.post("/console/register/versions/1/approve", nil); a.status != http.StatusUnauthorized {
			t.Errorf("%s session approves: %d", name, a.status)
		}
	}
	b := w.visitor(locale.RU)
	b.cookies[sessionCookie] = officer.cookies[consoleCookie]
	for _, path := range []string{"/me", "/me/consents", "/me/journal", "/me/data"} {
		b.want(http.StatusUnauthorized, path)
	}
	mine, err := w.Accounts.LoginLink(t.Context(), w.asel.inside, time.Hour)
	w.must(err)
	theirs, err := w.Accounts.ConsoleLink(t.Context(), account.Staff, w.bestam.ID, "", time.Hour)
	w.must(err)
	b = w.visitor(locale.RU)
	for _, path := range []string{ConsoleLogin + mine, "/login/" + theirs} {
		if a := b.post(path, nil); a.status != http.StatusUnauthorized || len(b.cookies) > 0 {
			t.Errorf("a link at the wrong door: %d %v", a.status, b.cookies)
		}
	}
	for _, path := range []string{"/login/" + mine, ConsoleLogin + theirs} {
		if a := b.post(path, nil); a.status != http.StatusSeeOther {
			t.Errorf("a link was spent at the wrong door: %d", a.status)
		}
	}
}

// Each organization sees its own journal and description.
func TestConsoleOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.seatedAt(locale.RU, account.Officer, w.shop)
	entry := w.refused(w.bestam).String()
	for _, path := range []string{"/console/journal/" + entry, "/console/journal/" + entry + "/receipt", "/console/journal/x"} {
		if body := b.want(http.StatusNotFound, path); strings.Contains(body, "Bestam") {
			t.Errorf("GET %s tells of another organization", path)
		}
	}
	for _, path := range []string{"/console", "/console/journal", "/console/journal?subject=" + w.asel.bestam.String(), "/console/register"} {
		if body := b.want(http.StatusOK, path); strings.Contains(body, "Bestam") || strings.Contains(body, "Заключение договоров") {
			t.Errorf("GET %s tells of another organization", path)
		}
	}
}

func TestStaffSeesNoRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.widen("retention: P1Y", "retention: P6M")
	b := w.seatedAt(locale.RU, account.Staff, w.bestam)
	body := b.want(http.StatusOK, "/console")
	if !strings.Contains(body, `href="/console/journal"`) || strings.Contains(body, `href="/console/register"`) {
		t.Error("the navigation is not that of the staff")
	}
	if body := b.want(http.StatusForbidden, "/console/register"); !strings.Contains(body, "ответственн") || strings.Contains(body, "P6M") {
		t.Error(body)
	}
	if a := b.post("/console/register/versions/2/approve", nil); a.status != http.StatusForbidden {
		t.Error("staff approves:", a.status)
	}
	if o, err := w.Parties.Reload(t.Context(), w.bestam.ID); err != nil || o.Register.Version != 1 {
		t.Error("a version is in force that nobody approved", err)
	}
}

// The officer approves what was shown: it is in force at once, binds the next
// decision, and is journaled under a code.
//
// duty: L25.2.1
func TestApprove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.widen("categories: [name, email, phone]", "categories: [name, email, phone, address]")
	excessive := func() bool {
		o, err := w.Parties.Organization(t.Context(), w.bestam.BIN)
		w.must(err)
		ans := w.ask(o, w.asel.bestam, crm, gate.Request{Action: register.View, Purpose: "services", Categories: []string{"address"}})
		return slices.Contains(ans.Codes(), law.CategoryExcessive)
	}
	if !excessive() {
		t.Error("what nobody approved is on the list")
	}
	b := w.seatedAt(locale.RU, account.Officer, w.bestam)
	body := b.want(http.StatusOK, "/console/register")
	for _, want := range []string{"Версия 1", "Ждёт вашего утверждения", `action="/console/register/versions/2/approve"`, "Данные: адрес", "нужны новые согласия"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	w.widen("categories: [name, email, phone]", "categories: [name, email, phone, address, salary]") // meanwhile
	if a := b.post("/console/register/versions/2/approve", nil); a.status != http.StatusConflict {
		t.Error("approved what is not the newest:", a.status)
	}
	a := b.post("/console/register/versions/3/approve", nil)
	if a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	body = b.want(http.StatusOK, a.header.Get("Location"))
	if !strings.Contains(body, "Версия утверждена") || strings.Contains(body, "/approve") || !strings.Contains(body, "не утверждалась") {
		t.Error(body)
	}
	if o, err := w.Parties.Reload(t.Context(), w.bestam.ID); err != nil || o.Register.Version != 3 {
		t.Error("not in force", err)
	}
	if excessive() {
		t.Error("what was approved does not bind")
	}
	_, list, err := w.Journal.List(t.Context(), journal.Filter{Org: w.bestam.ID, Action: "register.approve", Limit: 9})
	if err != nil || len(list) != 1 || list[0].Register != 3 || list[0].Actor.Kind != "person" || list[0].Actor.ID == "" {
		t.Errorf("%v: %v", list, err)
	}
	for _, n := range []string{"3", "9"} {
		if a := b.post("/console/register/versions/"+n+"/approve", nil); a.status != http.StatusConflict {
			t.Errorf("version %s approved: %d", n, a.status)
		}
	}
	if a := b.post("/console/register/versions/x/approve", nil); a.status != http.StatusNotFound {
		t.Error(a.status)
	}
}

// A form of another site does nothing at the console.
func TestConsoleForeignForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *Pages) { p.PublicURL = "https://kelisim.example" })
	w.widen("retention: P1Y", "retention: P6M")
	b := w.seatedAt(locale.RU, account.Officer, w.bestam)
	for name, mark := range map[string]func(http.Header){
		"site":   func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site") },
		"origin": func(h http.Header) { h.Del("Sec-Fetch-Site"); h.Set("Origin", "https://evil.example") },
	} {
		for _, path := range []string{"/console/register/versions/2/approve", "/console/logout", ConsoleLogin + "x"} {
			a := b.do(http.MethodPost, path, nil, func(r *http.Request) { mark(r.Header) })
			if a.status != http.StatusForbidden || !strings.Contains(a.body, "с другого сайта") {
				t.Errorf("%s, %s: %d", name, path, a.status)
			}
		}
	}
	if body := b.want(http.StatusOK, "/console/register"); !strings.Contains(body, "versions/2/approve") {
		t.Error("a foreign form approved")
	}
}

func TestConsoleJournalFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.seatedAt(locale.RU, account.Staff, w.bestam)
	count := func(body string) int { return strings.Count(body, `<td role="cell" class="act">`) }
	for query, want := range map[string]int{
		"": 9, "?decision=deny": 1, "?decision=permit": 2, "?action=view": 2, "?action=view&decision=deny": 1, "?action=consent.give": 2,
		"?subject=" + w.asel.bestam.String(): 6, "?subject=" + w.daniyar.bestam.String(): 1, "?subject=" + w.asel.shop.String(): 0,
		"?from=2026-11-20": 2, "?to=2026-11-18": 7, "?from=2026-11-18&to=2026-11-18": 7, "?from=2026-11-21": 0, "?from=2026-11-20&to=2026-11-18": 0,
		"?action=nonsense&decision=maybe": 9,
	} {
		if got := count(b.want(http.StatusOK, "/console/journal"+query)); got != want {
			t.Errorf("%s: %d lines, want %d", query, got, want)
		}
	}
	for query, says := range map[string]string{
		"from=x": "такого дня нет", "to=2026-02-30": "такого дня нет", "wrong=subject": "Это не идентификатор человека",
	} {
		body := b.want(http.StatusBadRequest, "/console/journal?"+query)
		if !strings.Contains(body, says) || count(body) > 0 {
			t.Errorf("%s: %s", query, body)
		}
	}
	// A number of a person, written for an id, is gone from the address at once.
	if a := b.get("/console/journal?decision=deny&subject=900101300017"); a.status != http.StatusSeeOther || a.header.Get("Location") != "/console/journal?decision=deny&wrong=subject" {
		t.Error(a.status, a.header)
	}
	clerk := verify.Actor{Kind: "person", ID: "17"}
	for range 120 {
		w.ask(w.bestam, w.asel.bestam, clerk, gate.Request{Action: register.Use, Purpose: "contracts", Categories: []string{"name"}})
	}
	seen, path := 0, "/console/journal?action=use&subject="+w.asel.bestam.String()
	for pages := 0; path != "" && pages < 9; pages++ {
		body := b.want(http.StatusOK, path)
		seen += count(body)
		_, rest, found := strings.Cut(body, `href="/console/journal?action=use&amp;before=`)
		if path = ""; found {
			next, _, _ := strings.Cut(rest, `"`)
			path = "/console/journal?action=use&before=" + strings.ReplaceAll(next, "&amp;", "&")
		}
	}
	if seen != 120 {
		t.Errorf("%d lines on all pages, want 120", seen)
	}
}

// Nothing of a person stands at the console: no name, no identifier, no value.
func TestConsoleShowsNoPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, body := range w.console(locale.RU) {
		for _, planted := range []string{"Асель", "Данияр", "900101300017", "850315400124", "77011112233", "Ромашка", "Айгүл"} {
			if strings.Contains(body, planted) {
				t.Errorf("%s shows %q", name, planted)
			}
		}
	}
}

func TestToday(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.seatedAt(locale.EN, account.Staff, w.bestam)
	figures := func() (out []string) {
		body := b.want(http.StatusOK, "/console")
		for _, part := range strings.Split(body, `<p class="figure">`)[1:] {
			n, _, _ := strings.Cut(part, "<")
			out = append(out, n)
		}
		for _, part := range strings.Split(body, "<dd>")[1:] {
			n, _, _ := strings.Cut(part, "<")
			out = append(out, n)
		}
		return out
	}
	if got := figures(); !slices.Equal(got, []string{"2", "21", "1", "1", "2", "0"}) { // decisions, log; permitted, refused, given, withdrawn
		t.Error(got)
	}
	look := gate.Request{Action: register.View, Purpose: "contracts", Categories: []string{"name"}}
	w.ask(w.bestam, w.asel.bestam, crm, look)
	_, err := w.Consents.Withdraw(t.Context(), w.contracts.ID, w.contracts.Scopes, "", self)
	w.must(err)
	w.ask(w.bestam, w.asel.bestam, crm, look)
	w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name"}}) // another's
	if got := figures(); !slices.Equal(got, []string{"4", "21", "2", "2", "2", "1"}) {
		t.Error(got)
	}
	body := b.want(http.StatusOK, "/console")
	if !strings.Contains(body, "The subject has withdrawn the consent.") || strings.Count(body, `class="denied"`) != 2 {
		t.Error("the refusals are not told")
	}
	if !strings.Contains(body, "Sealing stands still") {
		t.Error("an entry waits for minutes and nobody is told")
	}
	w.seal()
	if body := b.want(http.StatusOK, "/console"); !strings.Contains(body, "Everything is sealed") {
		t.Error("what is sealed is not told")
	}
	w.later(24 * time.Hour)
	b = w.seatedAt(locale.EN, account.Staff, w.bestam)
	if got := figures(); !slices.Equal(got, []string{"0", "25", "0", "0", "2", "1"}) {
		t.Error(got)
	}
	if !strings.Contains(b.want(http.StatusOK, "/console"), "Nothing was refused today.") {
		t.Error("a day without refusals does not say so")
	}
}

func TestConsoleReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.seatedAt(locale.RU, account.Staff, w.bestam)
	id := w.refused(w.bestam)
	a := b.get("/console/journal/" + id.String() + "/receipt")
	var receipt verify.Receipt
	if err := json.Unmarshal([]byte(a.body), &receipt); err != nil {
		t.Fatal(a.status, err)
	}
	if e, _, err := receipt.Check(w.Keys.Checker); err != nil || ident.ID(e.ID) != id || e.Decision != "deny" {
		t.Error(e, err)
	}
	if d := a.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment; filename=") {
		t.Error(d)
	}
	young := w.ask(w.bestam, w.asel.bestam, crm, gate.Request{Action: register.View, Purpose: "contracts", Categories: []string{"name"}})
	path := "/console/journal/" + young.ID.String()
	if body := b.want(http.StatusOK, path); !strings.Contains(body, "Скоро будет запечатано") {
		t.Error("a young entry is shown as sealed")
	}
	b.want(http.StatusConflict, path+"/receipt")
}

// Every entry of a life is told in every language: no text is missing, whatever
// the act.
func TestConsoleTellsEveryEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.Consents.Withdraw(t.Context(), w.delivery.ID, 2, "", self)
	w.must(err)
	w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.View, Ground: "9(5)", Document: "Запрос № 4", Categories: []string{"name"}})
	for _, o := range []*party.Organization{w.bestam, w.shop} {
		_, list, err := w.Journal.List(t.Context(), journal.Filter{Org: o.ID, Limit: 100})
		w.must(err)
		for _, lang := range locale.All {
			b := w.seatedAt(lang, account.Officer, o)
			for _, e := range list {
				if body := b.want(http.StatusOK, "/console/journal/"+ident.ID(e.ID).String()); strings.Contains(body, "⟦") {
					t.Errorf("%s, %s: a text is missing", lang, e.Action)
				}
			}
		}
	}
	for _, lang := range locale.All {
		for _, a := range acts(lang) {
			if strings.ContainsAny(a.Name, ".⟦") { // as ids of events have
				t.Errorf("%s: the act %s has no name", lang, a.ID)
			}
		}
		for _, s := range sections {
			if !locale.Has("page.console.tab." + s.Name) {
				t.Errorf("no text for the section %s", s.Name)
			}
		}
	}
}

// A difference is told in words, whatever part of a description it is in.
func TestChangesInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, o := range []*party.Organization{w.bestam, w.shop} {
		nothing := register.Compile(&register.Description{}, 0)
		for _, lang := range locale.All {
			for _, c := range changes(lang, nothing, o.Register) {
				for _, part := range []string{c.Where, c.What} {
					if strings.ContainsAny(part, "[]_⟦") {
						t.Errorf("%s: %+v", lang, c)
					}
				}
			}
		}
	}
	for path, want := range map[string]change{
		"purposes[contracts].actions[view]":                  {Where: "Purpose: Contracts for state procurement of services", What: "action: viewing"},
		"purposes[payment].recipients[180340022918].country": {Where: "Purpose: Online payment", What: "Third party: Example Payment Organization LLP, Country"},
		"purposes[news]":                  {Where: "Purpose: Messages about new products and services, special offers and events"},
		"purposes[gone].basis":            {Where: "Purpose: gone", What: "ground"},
		"categories[education]":           {Where: "Data: education, with details of its documents"},
		"organization.name.kk":            {Where: "Organization", What: "name kk"},
		"organization.officer":            {Where: "Organization", What: "officer"},
		"mail.subjects.withdraw":          {Where: "Letters", What: "subject line withdraw"},
		"bases[site].holds":               {Where: "Base: Database of the site", What: "Kept"},
		"purposes":                        {Where: "Purposes"},
		"purposes[news].unheard":          {Where: "Purpose: Messages about new products and services, special offers and events", What: "unheard"},
		"policy.published":                {Where: "Policy", What: "published"},
		"purposes[news].cross_border[DE]": {Where: "Purpose: Messages about new products and services, special offers and events", What: "country: Germany"},
	} {
		if got := changeOf(locale.EN, register.Difference{Path: path}, w.bestam.Register); got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

// A chart shows what is there at all, and nothing stands out of it.
func TestBars(t *testing.T) {
	t.Parallel()
	var hours [24]journal.Hour
	hours[3], hours[9], hours[23] = journal.Hour{Permits: 99_999, Denials: 1}, journal.Hour{Denials: 1}, journal.Hour{Permits: 50_000, Denials: 50_000}
	got := bars(&hours)
	want := []bar{
		{Hour: 3, X: 31, Permits: 99_999, Denials: 1, PermitTop: 2, PermitHit: 58, DenyTop: 0, DenyHit: 2},
		{Hour: 9, X: 91, Denials: 1, PermitTop: 60, DenyTop: 58, DenyHit: 2},
		{Hour: 23, X: 231, Permits: 50_000, Denials: 50_000, PermitTop: 30, PermitHit: 30, DenyTop: 0, DenyHit: 30},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if len(bars(&[24]journal.Hour{})) > 0 {
		t.Error("an empty day has bars")
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]string{"0": "0", "999": "999", "1000": "1\u00a0000", "1234567": "1\u00a0234\u00a0567"} {
		if got := number(locale.KK, digits); got != want {
			t.Errorf("%s is %q", digits, got)
		}
		if got := number(locale.EN, digits); got != strings.ReplaceAll(want, "\u00a0", ",") {
			t.Errorf("%s is %q", digits, got)
		}
	}
}

// The console loads its styles; the cabinet does not.
func TestConsoleStyles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at, home := w.seatedAt(locale.KK, account.Staff, w.bestam).want(http.StatusOK, "/console"), w.signedIn(locale.KK, w.asel).want(http.StatusOK, "/me")
	if !strings.Contains(at, loaded().address["console.css"]) || strings.Contains(home, "console") {
		t.Error("the styles are not where they should be")
	}
	if a := w.visitor(locale.KK).do(http.MethodGet, "/console?lang=ru", url.Values{}); a.header.Get("Location") != "/console" {
		t.Error("the language cannot be switched:", a.status, a.header)
	}
}
