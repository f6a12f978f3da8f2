package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/disclosure"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// deferred puts off what is shown of a case of an operator, by two people.
func (w *world) deferred(o *party.Organization, subject ident.ID, reference string, until time.Duration) {
	w.t.Helper()
	officer := func() account.Caller {
		return account.Caller{Token: ident.NewID(w.now), Role: account.Officer, Org: o.ID}
	}
	x, err := w.Deferrals.Request(w.t.Context(), officer(), disclosure.New{
		Subject: subject, Reference: reference, Provision: "9(1)", Document: "ПОСТАНОВЛЕНИЕ-17", Until: w.now.Add(until),
	})
	w.must(err)
	w.later(time.Second)
	_, err = w.Deferrals.Approve(w.t.Context(), officer(), x.ID)
	w.must(err)
	w.later(time.Second)
}

// look is a view of what the shop holds of Асель.
func (w *world) look(by verify.Actor, change ...func(*gate.Ask)) ident.ID {
	w.t.Helper()
	a := &gate.Ask{
		Request: gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name", "address"}},
		Holder:  w.shop, Asker: w.shop, Subject: w.asel.shop, Actor: by,
	}
	for _, c := range change {
		c(a)
	}
	ans, err := w.Guard.Decide(w.t.Context(), a)
	w.must(err)
	w.later(time.Minute)
	return ans.ID
}

// whole is every page of the cabinet that shows anything of the journal.
func (b *guest) whole() map[string]string {
	b.w.t.Helper()
	out := map[string]string{}
	for _, path := range []string{
		"/me", "/me/journal", "/me/journal?kind=look", "/me/journal?org=" + b.w.shop.BIN, "/me/consents", "/me/data",
		"/me/consents/" + b.w.delivery.ID.String(), "/me/consents/" + b.w.contracts.ID.String(),
	} {
		out[path] = b.want(http.StatusOK, path)
	}
	return out
}

// No page shows that something is deferred: each is what it was, and the address
// of a hidden entry is that of none. At the date it is there, as new, and it is
// told that it was not shown before.
//
// duty: L8-2.2.2
func TestDeferredIsOnNoPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.asel)
	b.post("/me/read", url.Values{"until": {w.look(crm).String()}})
	before := b.whole()
	w.deferred(w.shop, w.asel.shop, "МЕТКА-4711", 30*time.Minute)
	hidden := w.look(crm, func(a *gate.Ask) { a.Reference = "МЕТКА-4711" })
	w.seal()
	for path, was := range before {
		if now := b.whole()[path]; now != was {
			t.Errorf("%s is not what it was:\n%s\n%s", path, was, now)
		}
	}
	absent := ident.NewID(w.now).String()
	for _, path := range []string{"/me/journal/%s", "/me/journal/%s/receipt", "/me/journal?like=%s"} {
		a, none := b.get(fmt.Sprintf(path, hidden)), b.get(fmt.Sprintf(path, absent))
		if a.status != http.StatusNotFound || a.status != none.status || strings.ReplaceAll(a.body, hidden.String(), absent) != none.body {
			t.Errorf("%s: %d, of what does not exist %d", path, a.status, none.status)
		}
	}
	w.later(time.Hour)
	b = w.signedIn(locale.RU, w.asel)
	home := b.want(http.StatusOK, "/me")
	if !strings.Contains(home, hidden.String()) || !strings.Contains(home, `<span class="badge">3</span>`) {
		t.Errorf("at the date it is not new:\n%s", home)
	}
	entry := b.want(http.StatusOK, "/me/journal/"+hidden.String())
	for _, want := range []string{"МЕТКА-4711", "Вам это не показывали до 20 ноября 2026 г.", "норма 9(1) Закона"} {
		if !strings.Contains(entry, want) {
			t.Errorf("the entry does not tell %q:\n%s", want, entry)
		}
	}
	if journal := b.want(http.StatusOK, "/me/journal"); !strings.Contains(journal, "Отсрочка показа одобрена") || !strings.Contains(journal, "Вам это не показывали до") {
		t.Errorf("the journal does not tell that it was deferred:\n%s", journal)
	}
	until := regexp.MustCompile(`name="until" value="([^"]+)"`).FindStringSubmatch(home)
	b.post("/me/read", url.Values{"until": {until[1]}})
	if home := b.want(http.StatusOK, "/me"); strings.Contains(home, `class="badge"`) {
		t.Errorf("new after it was read:\n%s", home)
	}
}

// A relative sees that something was done, in general words, and has a receipt
// that proves it without showing it.
func TestPageOfWhatOneIsBeside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.look(crm, func(a *gate.Ask) {
		a.Role, a.Reference, a.Base = verify.RoleIncidental, "АКТ-1184", "shop"
		a.Ground, a.Document = "9(5)", "АКТ-1184"
	})
	w.seal()
	for lang, says := range map[locale.Lang]string{
		locale.KK: "сіз басқа адаммен қатар аталған деректермен жұмыс істеді", locale.RU: "с данными, где вы упомянуты рядом с другим человеком",
		locale.EN: "data in which you are mentioned beside another person",
	} {
		b := w.signedIn(lang, w.asel)
		pages := b.whole()
		pages["entry"] = b.want(http.StatusOK, "/me/journal/"+id.String())
		for path, body := range pages {
			if strings.Contains(body, "АКТ-1184") || strings.Contains(body, "9(5)") {
				t.Errorf("%s, %s tells of the act:\n%s", lang, path, body)
			}
		}
		if !strings.Contains(pages["entry"], says) || !strings.Contains(pages["/me/journal"], says) {
			t.Errorf("%s: not told in general words:\n%s", lang, pages["entry"])
		}
		for _, more := range faults(t, pages["entry"]) {
			t.Errorf("%s: %s", lang, more)
		}
		var r verify.Receipt
		if err := json.Unmarshal([]byte(b.want(http.StatusOK, "/me/journal/"+id.String()+"/receipt")), &r); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.CheckBlind(w.Keys.Checker); err != nil || r.Entry != nil {
			t.Errorf("%+v %v", r, err)
		}
	}
}

var listed = regexp.MustCompile(`<li><a href="/me/journal/[0-9a-f-]{36}">|<h3><a href="/me/journal/[0-9a-f-]{36}">`)

// What machines did again and again in a day is one line: how often, from when
// to when; a few of it unfold, and all are on pages of their own.
func TestMachineAccessesAreOneLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	for range 70 {
		w.look(crm)
	}
	person := w.look(verify.Actor{Kind: "person", ID: "17"})
	b := w.signedIn(locale.EN, w.asel)
	body := b.want(http.StatusOK, "/me/journal")
	for _, want := range []string{"70 times", "08:00–09:09", person.String(), "Show them all"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if n := len(listed.FindAllString(body, -1)); n > 60 {
		t.Errorf("%d acts are listed", n)
	}
	seen := map[string]bool{}
	path := "/me/journal" + regexp.MustCompile(`\?like=[0-9a-f-]{36}`).FindString(body)
	for pages := 0; path != ""; pages++ {
		if pages > 4 {
			t.Fatal("the pages do not end")
		}
		body := b.want(http.StatusOK, path)
		for _, id := range listed.FindAllString(body, -1) {
			if seen[id] {
				t.Errorf("%s is there twice", id)
			}
			seen[id] = true
		}
		if strings.Contains(body, person.String()) || !strings.Contains(body, "each apart") {
			t.Errorf("%s:\n%s", path, body)
		}
		path = strings.ReplaceAll(regexp.MustCompile(`/me/journal\?before=[^"]+`).FindString(body), "&amp;", "&")
	}
	if len(seen) != 70 {
		t.Errorf("%d acts of the line, want 70", len(seen))
	}
	if home := b.want(http.StatusOK, "/me"); !strings.Contains(home, "70 times") {
		t.Errorf("the home page lists them apart:\n%s", home)
	}
}

// An operator that is deferred whole, and known from nowhere else, is in no list
// of operators, and its data is not shown for the asking.
func TestHiddenOperatorIsOnNoPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.daniyar)
	if body := b.want(http.StatusOK, "/me/journal"); !strings.Contains(body, w.shop.BIN) {
		t.Fatalf("not there at first:\n%s", body)
	}
	w.deferred(w.shop, w.daniyar.shop, "", time.Hour)
	for _, path := range []string{"/me", "/me/journal", "/me/data", "/me/consents", "/me/journal?org=" + w.shop.BIN} {
		if body := b.want(http.StatusOK, path); strings.Contains(body, w.shop.BIN) && !strings.Contains(path, w.shop.BIN) || strings.Contains(body, "Самал") {
			t.Errorf("%s shows the operator:\n%s", path, body)
		}
	}
	if a := b.post("/me/data", url.Values{"org": {w.shop.BIN}}); a.status != http.StatusNotFound {
		t.Errorf("its data: %d", a.status)
	}
	w.later(time.Hour)
	b = w.signedIn(locale.RU, w.daniyar)
	if body := b.want(http.StatusOK, "/me/data"); !strings.Contains(body, w.shop.BIN) {
		t.Errorf("not there at the date:\n%s", body)
	}
}
