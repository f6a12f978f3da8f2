package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/order"
	"kelisim/internal/request"
	"kelisim/internal/term"
	"kelisim/verify"
)

// owe begins a term that ends when somebody says so.
func (w *world) owe(kind string) *term.Term {
	w.t.Helper()
	t, err := w.Terms.Start(w.t.Context(), apptest.System, term.Of{
		Edition: "2023-04", Key: "transfer-notice", Org: w.bestam, Subject: w.asel.inside, About: term.About{Kind: kind, ID: ident.NewID(w.Now())},
	})
	w.must(err)
	return t
}

// All that is due stands on one page, in the order of the time left, and what is
// overdue cannot be missed: on it, on the first page, in every language.
//
// duty: L25.3.3
func TestConsoleDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	notice := w.owe("entry")
	w.later(time.Minute) // of two due at one moment the older is first
	strange := w.owe("never-heard-of")
	w.demand(request.Copy, request.Details{})
	inquiry := w.order(order.Inquiry, order.Content{Document: "запрос 6", Details: "?"})
	w.later(6 * 24 * time.Hour)
	for _, lang := range locale.All {
		golden(t, "console-due."+string(lang)+".html", normalise(w.seatedAt(lang, account.Officer, w.bestam).want(http.StatusOK, "/console/due")))
	}
	b := w.seatedAt(locale.RU, account.Officer, w.bestam)
	page := b.want(http.StatusOK, "/console/due?only=overdue")
	if !strings.Contains(page, "Просрочено 1 дело") || strings.Count(page, `<tr class="overdue">`) != 1 || strings.Contains(page, inquiry) {
		t.Error(page)
	}
	staff := w.seatedAt(locale.RU, account.Staff, w.bestam)
	if page := staff.want(http.StatusOK, "/console/due"); strings.Contains(page, "/console/orders/") || strings.Contains(page, "<button class=\"button second\">") {
		t.Error("staff are offered what is not theirs")
	}
	staff.want(http.StatusNotFound, "/console/due?after=x")
	done := func(b *guest, id ident.ID) int {
		return b.post("/console/due/"+id.String()+"/done", url.Values{}).status
	}
	if got := done(staff, notice.ID); got != http.StatusForbidden {
		t.Error(got)
	}
	if got := done(w.seatedAt(locale.RU, account.Officer, w.shop), notice.ID); got != http.StatusNotFound {
		t.Error(got)
	}
	for _, x := range []*term.Term{notice, strange} {
		if got := done(b, x.ID); got != http.StatusSeeOther {
			t.Error(got)
		}
		if got := done(b, x.ID); got != http.StatusConflict {
			t.Error("done twice: ", got)
		}
	}
	list, err := w.Terms.List(t.Context(), term.Filter{Org: w.bestam.ID, Status: term.Open, About: term.OfRequest, Limit: 10})
	w.must(err)
	if got := done(b, list[0].ID); got != http.StatusConflict {
		t.Error("the request was ended without an answer: ", got)
	}
}

// Two people carry out an order to destroy where the organization wants it so.
func TestConsoleSecondPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.widen("sector: private", "sector: private\n  second_person: true")
	versions, err := w.Parties.Store.Versions(t.Context(), w.bestam.ID)
	w.must(err)
	w.must(w.Parties.Approve(t.Context(), verify.Actor{Kind: "person", ID: "17"}, w.bestam.ID, versions[0].Number))
	id := w.order(order.Destroy, order.Content{Document: "акт 5"})
	path := "/console/orders/" + id
	first, second := w.seatedAt(locale.RU, account.Officer, w.bestam), w.seatedAt(locale.RU, account.Officer, w.bestam)
	button := regexp.MustCompile(`<button class="button danger"`)
	if a := first.post(path+"/execute", url.Values{}); a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	if page := first.want(http.StatusOK, path+"?done=executed"); !strings.Contains(page, "Ждёт второго человека") || button.MatchString(page) || strings.Contains(page, "Предписание исполнено") {
		t.Error(page)
	}
	if a := first.post(path+"/execute", url.Values{}); a.status != http.StatusConflict || !strings.Contains(a.body, "два человека") {
		t.Error(a.status, a.body)
	}
	if page := second.want(http.StatusOK, path); !strings.Contains(page, "Первый сотрудник подтвердил") || !button.MatchString(page) {
		t.Error(page)
	}
	if a := second.post(path+"/execute", url.Values{}); a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	if page := second.want(http.StatusOK, path+"?done=executed"); !strings.Contains(page, "Предписание исполнено") {
		t.Error(page)
	}
}
