package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/locale"
	"kelisim/internal/publish"
)

// The desk records where data is public; the subject reads it, everybody who met it
// reads the conditions, and the removal is shown to both.
//
// duty: P5.13, L6.2, L6.3
func TestPublicationPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const words = "Только со ссылкой"
	c := w.agree(w.shop, w.asel.shop, consent.Terms{Purposes: []string{"reviews"}, PublicSources: true}, func(n *consent.New) {
		n.Conditions = []consent.Said{{Condition: consent.Condition{Category: "name"}, Text: words}, {Condition: consent.Condition{Category: "email", Ban: true}}}
	})
	staff := w.seatedAt(locale.RU, account.Staff, w.shop)
	if page := staff.want(http.StatusOK, "/console/publications"); !strings.Contains(page, "/console/consents/"+c.ID.String()+"/conditions") {
		t.Error("the conditions that are owed are not on the page")
	}
	form := url.Values{
		"subject": {w.asel.shop.String()}, "purpose": {"reviews"}, "data": {"name", "email"}, "kind": {"site"}, "name": {"Отзывы покупателей"},
		"address": {"https://reviews.example/asel?id=5"}, "since": {locale.FormDay(w.now)},
	}
	a := staff.post("/console/publications", form)
	if a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	path, _, _ := strings.Cut(a.header.Get("Location"), "?")
	list, err := w.Publications.List(t.Context(), publish.Filter{Subject: w.asel.inside, Org: w.shop.ID})
	w.must(err)
	told := publish.PagePath(w.shop, &list[0])
	for _, lang := range locale.All {
		golden(t, "console-publications."+string(lang)+".html", normalise(w.seatedAt(lang, account.Officer, w.shop).want(http.StatusOK, "/console/publications")))
		golden(t, "console-publication."+string(lang)+".html", normalise(w.seatedAt(lang, account.Officer, w.shop).want(http.StatusOK, path)))
		golden(t, "publications."+string(lang)+".html", normalise(w.signedIn(lang, w.asel).want(http.StatusOK, "/me/publications")))
		page := w.visitor(lang).want(http.StatusOK, told)
		golden(t, "publication-told."+string(lang)+".html", normalise(page))
		if !strings.Contains(page, words) || strings.Contains(page, "reviews.example") || strings.Contains(page, "Асель") {
			t.Error("everybody is told too little or too much: ", page)
		}
	}

	// What is not permitted is told with its reasons, and what is wrong too.
	form.Set("subject", w.daniyar.shop.String())
	if a := staff.post("/console/publications", form); a.status != http.StatusForbidden || !strings.Contains(a.body, "Публиковать нельзя") {
		t.Error(a.status, a.body)
	}
	for field, bad := range map[string]string{"subject": "x", "since": "yesterday", "address": "javascript:alert(1)", "kind": "tavern", "name": ""} {
		in := url.Values{}
		for k, v := range form {
			in[k] = v
		}
		in.Set("subject", w.asel.shop.String())
		in.Set("address", "https://reviews.example/other")
		in.Set(field, bad)
		if a := staff.post("/console/publications", in); a.status != http.StatusBadRequest {
			t.Error(field, a.status)
		}
	}
	w.seatedAt(locale.RU, account.Officer, w.bestam).want(http.StatusNotFound, path)
	w.visitor(locale.RU).want(http.StatusNotFound, "/o/"+w.bestam.BIN+"/dissemination/"+list[0].ID.String())

	// The subject stops it; the desk has a task, is late, and brings the proof.
	b := w.signedIn(locale.RU, w.asel)
	if page := b.want(http.StatusOK, "/me/requests/new?kind=stop-dissemination&org="+w.shop.BIN); !strings.Contains(page, "Расходы несёт оператор") || !strings.Contains(page, "решит суд") {
		t.Error("who bears the cost is not told before")
	}
	for i, x := range []*consent.Consent{c, w.delivery} { // the other consent lets it be public too, until it ends
		if a := b.post("/me/consents/"+x.ID.String()+"/withdraw", url.Values{"scope": {"process"}}); a.status != http.StatusSeeOther {
			t.Fatal(a.status, a.body)
		}
		now, err := w.Publications.Of(t.Context(), w.shop, list[0].ID)
		w.must(err)
		if want := []publish.Status{publish.Public, publish.Removing}[i]; now.Status != want {
			t.Errorf("%s, want %s", now.Status, want)
		}
	}
	w.later(7 * 24 * time.Hour) // sessions end, and people sign in again
	staff, b = w.seatedAt(locale.RU, account.Staff, w.shop), w.signedIn(locale.RU, w.asel)
	officer := w.seatedAt(locale.RU, account.Officer, w.shop)
	for _, page := range []string{officer.want(http.StatusOK, "/console/publications"), b.want(http.StatusOK, "/me/publications")} {
		if !strings.Contains(page, "срок прошёл") {
			t.Error("it is not seen that it is overdue")
		}
	}
	if a := staff.post(path+"/removed", url.Values{"how": {""}, "document": {"x"}}); a.status != http.StatusBadRequest {
		t.Error(a.status)
	}
	if a := staff.post(path+"/removed", url.Values{"how": {"Удалено редакцией"}, "document": {"письмо 5"}}); a.status != http.StatusSeeOther {
		t.Error(a.status, a.body)
	}
	if a := staff.post(path+"/cost", url.Values{"bearer": {"subject"}, "document": {"дело 7"}}); a.status != http.StatusForbidden {
		t.Error(a.status)
	}
	if a := officer.post(path+"/cost", url.Values{"bearer": {"subject"}, "document": {"дело 7"}}); a.status != http.StatusSeeOther {
		t.Error(a.status, a.body)
	}
	if page := b.want(http.StatusOK, "/me/publications"); !strings.Contains(page, "Удалено редакцией") || !strings.Contains(page, "дело 7") {
		t.Error("the subject does not read how it was removed")
	}
	w.visitor(locale.RU).want(http.StatusNotFound, told)
	if strings.Contains(w.log.String(), "reviews.example") {
		t.Error("the log has an address")
	}
}
