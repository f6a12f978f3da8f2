package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/locale"
)

// signIn opens the cabinet of the first person in a browser.
func (w *world) signIn(b *tab, lang locale.Lang) {
	w.t.Helper()
	link, err := w.Accounts.LoginLink(w.t.Context(), w.asel.inside, time.Hour)
	w.must(err)
	b.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(b.base+"/login/"+link+"?lang="+string(lang)))
	b.press("main form button", "#holders")
}

// A person does with a consent all that can be done, on a phone: pauses, resumes,
// narrows, takes back a recipient and a purpose, and the whole; before each press the
// page says what stops and what goes on, and after it what did.
//
// duty: L8.1, L24.1.5
func TestConsentLifeInABrowser(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	b := newTab(t, server.URL)
	w.signIn(b, locale.RU)
	path := "/me/consents/" + w.delivery.ID.String()
	open := func() {
		t.Helper()
		b.do(chromedp.Navigate(b.base+path), chromedp.WaitVisible(chromedp.CSS("#withdraw")))
	}
	check := func(what string, ok func(c *consent.Consent) bool) {
		t.Helper()
		c, err := w.Store.Consent(t.Context(), w.delivery.ID)
		w.must(err)
		if !ok(c) {
			t.Errorf("%s: %s %v %+v", what, c.Status, c.Scopes.Names(), c.Terms)
		}
	}
	open()
	b.says("Что прекратится")
	b.says("Доставка заказов – 1 год после отзыва") // and what goes on
	b.press(`form[action$="/pause"] button`, `.done`)
	b.says("приостановлено")
	check("paused", func(c *consent.Consent) bool { return c.Status == consent.Paused })
	b.press(`form[action$="/resume"] button`, `form[action$="/pause"]`)
	check("resumed", func(c *consent.Consent) bool { return c.Status == consent.Active })

	open()
	b.do(chromedp.Click(chromedp.CSS(`section[aria-labelledby="narrow"] summary`)), chromedp.WaitVisible(chromedp.CSS(`input[name="country"]`)),
		chromedp.Click(chromedp.CSS(`input[name="country"]`)))
	b.press(`form[action$="/narrow"] button`, ".done")
	b.says("Согласие сужено")
	b.says("Прекращено")
	b.says("передача за рубеж (Германия)")
	check("narrowed", func(c *consent.Consent) bool { return len(c.Terms.Countries) == 0 && c.Status == consent.Active })

	take := func(value string) {
		t.Helper()
		open()
		b.do(chromedp.Click(chromedp.CSS(`input[name="scope"][value="` + value + `"]`)))
		b.press(".decide button", ".done") // which the page before does not have
	}
	take("transfer") // the only recipient
	b.says("передача третьим лицам")
	check("the recipient", func(c *consent.Consent) bool { return c.Scopes&consent.Transfer == 0 && c.Status == consent.Active })
	take("purpose:reviews")
	b.says("для цели «Отзывы и рейтинги»")
	b.says("данные хранятся 30 календарных дней после отзыва")
	check("the purpose", func(c *consent.Consent) bool { return !c.Terms.Covers("reviews") && c.Status == consent.Active })
	open()
	b.press(".decide button", ".done") // which the page before does not have
	b.says("всё, что держалось на согласии")
	b.says("данные хранятся 1 год после отзыва")
	check("the whole", func(c *consent.Consent) bool { return c.Status == consent.Withdrawn })

	path = "/me/consents/" + w.news.ID.String()
	open()
	b.says("по 30 июня 2027 г. включительно")
	b.do(chromedp.SetValue(chromedp.CSS(`form[action$="/extend"] input[name="until"]`), "2028-06-30"))
	b.press(`form[action$="/extend"] button`, ".done")
	b.says("30 июня 2028 г. включительно")
	if left := b.leaves(); len(left) > 0 {
		t.Errorf("the pages asked other hosts: %v", left)
	}
}

// A withdrawal that an obligation bars, on a phone: the refusal says what and why, the
// document is there, and one press appeals.
//
// duty: L8.2
func TestBarredInABrowser(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	w.seatedAt(locale.RU, account.Officer, w.shop).sendHold(debt(w.delivery), "dogovor-7.pdf", contract)
	w.later(time.Minute)
	b := newTab(t, server.URL)
	w.signIn(b, locale.KK)
	b.do(chromedp.Navigate(b.base + "/me/consents/" + w.delivery.ID.String()))
	b.says("Оплата по рассрочке, договор 7") // before anybody demands anything
	b.press(".decide button", `.done[role="alert"]`)
	b.says("Кері қайтарып алудан бас тартылды")
	b.says("dogovor-7.pdf")
	b.press(`.done form button`, `.done[role="status"]`)
	b.says("Шағымыңыз берілді")
	list, err := w.Store.Holds(t.Context(), consent.HoldFilter{Org: w.shop.ID, Limit: 10})
	if err != nil || len(list) != 1 || list[0].Status != consent.HoldAppealed {
		t.Errorf("%+v %v", list, err)
	}
}

// At the counter the office sees the code and a number; the subject picks that one.
// Another number gives nothing.
func TestCounter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *Pages) { p.PublicURL = "https://kelisim.example" })
	r := w.question(func(n *consent.NewRequest) { n.Counter = true })
	path := "/console/asked/" + r.ID.String()
	for _, lang := range locale.All {
		b := w.seatedAt(lang, account.Staff, w.shop)
		for name, page := range map[string]string{"console-asked": b.want(http.StatusOK, path), "console-asked-list": b.want(http.StatusOK, "/console/asked")} {
			whom := brief(w.asel.shop)
			page = strings.NewReplacer(" "+whom+" ", " whom ", `class="number">`+fmt.Sprint(r.Ask.Number), `class="number">42`).Replace(page)
			golden(t, name+"."+string(lang)+".html", normalise(page))
			for _, fault := range faults(t, page) {
				t.Errorf("%s, %s: %s", lang, name, fault)
			}
		}
	}
	clerk := w.seatedAt(locale.RU, account.Staff, w.shop)
	page := clerk.want(http.StatusOK, path)
	if !strings.Contains(page, fmt.Sprintf(`<p class="number">%d</p>`, r.Ask.Number)) || !strings.Contains(page, "https://kelisim.example/me/asked/"+r.ID.String()) || strings.Count(page, "h1v1h-1z") < 200 {
		t.Errorf("no number, no link or no code: %s", page)
	}
	w.seatedAt(locale.RU, account.Staff, w.bestam).want(http.StatusNotFound, path)
	w.seatedAt(locale.RU, account.Authority, w.bestam).want(http.StatusForbidden, path)
	clerk.want(http.StatusNotFound, "/console/asked/x")
	me := w.signedIn(locale.RU, w.asel)
	mine := "/me/asked/" + r.ID.String()
	if body := me.want(http.StatusOK, mine); strings.Count(body, `name="number"`) != 3 {
		t.Error("there are not three numbers to choose from")
	}
	give := url.Values{"answer": {"give"}, "purpose": {"delivery"}, "number": {fmt.Sprint(r.Ask.Number + 1)}}
	if a := me.post(mine, give); a.status != http.StatusBadRequest && a.status != http.StatusConflict {
		t.Errorf("a wrong number: %d %s", a.status, a.body)
	}
	give.Set("number", fmt.Sprint(r.Ask.Number))
	if a := me.post(mine, give); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if page := clerk.want(http.StatusOK, path); strings.Contains(page, "h1v1h-1z") || !strings.Contains(page, "дано") {
		t.Error("the clerk does not see the answer")
	}
}
