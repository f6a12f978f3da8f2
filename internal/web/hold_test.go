package web

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/verify"
)

// hold names an obligation on a consent.
func (w *world) hold(c *consent.Consent, scopes consent.Scope) ident.ID {
	w.t.Helper()
	h, err := w.Consents.SetHold(w.t.Context(), c.ID, &consent.NewHold{
		HoldNote: consent.HoldNote{Obligation: "Оплата по рассрочке, договор 7", Document: "договор 7 от 3 мая 2026 года"},
		Scopes:   scopes, Until: time.Date(2027, 5, 3, 0, 0, 0, 0, time.UTC), Actor: verify.Actor{Kind: "person", ID: "9"},
	})
	w.must(err)
	w.later(time.Minute)
	return h.ID
}

// The page shows what bars a withdrawal from the first moment, leads a refused
// withdrawal to it, and takes the appeal; a lift lets the withdrawal through.
//
// duty: L8.2
func TestHeldPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hold := w.hold(w.delivery, consent.Process)
	path := "/me/consents/" + w.delivery.ID.String()
	for _, lang := range locale.All {
		golden(t, "held."+string(lang)+".html", normalise(w.signedIn(lang, w.asel).want(http.StatusOK, path)))
	}
	b := w.signedIn(locale.RU, w.asel)
	lands := func(where string, form url.Values, done string) {
		t.Helper()
		if a := b.post(path+where, form); a.status != http.StatusSeeOther || a.header.Get("Location") != path+"?"+done {
			t.Fatalf("%s: %d %v %s", where, a.status, a.header, a.body)
		}
	}
	lands("/withdraw", url.Values{"scope": {"process"}, "reason": {"Оплачено"}}, "barred="+hold.String())
	lands("/pause", nil, "barred="+hold.String())
	for _, lang := range locale.All {
		golden(t, "barred."+string(lang)+".html", normalise(w.signedIn(lang, w.asel).want(http.StatusOK, path+"?barred="+hold.String())))
	}
	if page := b.want(http.StatusOK, path+"?barred="+w.news.ID.String()); strings.Contains(page, "В отзыве отказано") {
		t.Error("a refusal is told that never was")
	}
	lands("/withdraw", url.Values{"scope": {"publicSources"}}, "done=part")
	appeal := "/holds/" + hold.String() + "/appeal"
	if a := w.signedIn(locale.RU, w.daniyar).post(path+appeal, url.Values{"reason": {"x"}}); a.status != http.StatusNotFound {
		t.Errorf("a stranger's appeal: %d", a.status)
	}
	if a := b.post("/me/consents/"+w.news.ID.String()+appeal, url.Values{"reason": {"x"}}); a.status != http.StatusNotFound {
		t.Errorf("an appeal at another consent: %d", a.status)
	}
	lands(appeal, url.Values{"reason": {"Всё оплачено в марте"}}, "done=appealed")
	if page := b.want(http.StatusOK, path); !strings.Contains(page, "Всё оплачено в марте") || strings.Contains(page, appeal) {
		t.Error("the appeal does not show, or can be made again")
	}
	w.later(time.Minute)
	_, err := w.Consents.DecideHold(t.Context(), hold, true, "Банк подтвердил оплату", verify.Actor{Kind: "authority", ID: "1"})
	w.must(err)
	if page := b.want(http.StatusOK, path); !strings.Contains(page, "Банк подтвердил оплату") || !strings.Contains(page, `class="status withdrawn"`) {
		t.Error("the decision does not show, or what was demanded is not done")
	}
	if look := w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name"}}); look.Permit {
		t.Error("permitted after the decision")
	}
}

// Less, sooner and longer from the page; the gate follows.
//
// duty: L24.1.5
func TestNarrowAndExtendPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.RU, w.asel)
	path := "/me/consents/" + w.delivery.ID.String()
	hand := gate.Request{Action: register.Transfer, Purpose: "delivery", Categories: []string{"name"}, Recipient: "170540056788"}
	if ans := w.ask(w.shop, w.asel.shop, crm, hand); !ans.Permit {
		t.Fatal("not permitted before")
	}
	form := url.Values{"purpose": {"delivery", "reviews"}, "data": w.delivery.Terms.Categories, "country": {"DE"}}
	if a := b.post(path+"/narrow", form); a.header.Get("Location") != path+"?done=narrowed" {
		t.Fatal(a.status, a.body)
	}
	if ans := w.ask(w.shop, w.asel.shop, crm, hand); ans.Permit {
		t.Error("a recipient that was unticked still gets data")
	}
	if a := b.post(path+"/narrow", url.Values{}); a.status != http.StatusConflict {
		t.Errorf("narrowed to nothing: %d", a.status)
	}
	c, err := w.Store.Consent(t.Context(), w.delivery.ID)
	w.must(err)
	if len(c.Terms.Purposes) != 2 || len(c.Terms.ThirdParties) != 0 || c.Terms.PublicSources && c.Scopes&consent.PublicSources != 0 || c.Scopes&consent.CrossBorder == 0 {
		t.Errorf("left with %+v %v", c.Terms, c.Scopes.Names())
	}
	page := b.want(http.StatusOK, path)
	if !strings.Contains(page, "сужено") || strings.Contains(page, `action="`+path+`/extend"`) {
		t.Error("the history does not tell, or what has no end can be extended")
	}

	path = "/me/consents/" + w.news.ID.String()
	if a := b.post(path+"/extend", url.Values{"until": {"2027-06-01"}}); a.status != http.StatusBadRequest {
		t.Errorf("extended to sooner: %d", a.status)
	}
	if a := b.post(path+"/extend", url.Values{"until": {"2028-06-30"}}); a.header.Get("Location") != path+"?done=extended" {
		t.Fatal(a.status, a.body)
	}
	if page := b.want(http.StatusOK, path); !strings.Contains(page, "продлено") || !strings.Contains(page, "2028") {
		t.Error("the new term does not show")
	}
	if a := b.post(path+"/narrow", url.Values{"purpose": {"news", "inform"}, "data": w.news.Terms.Categories, "until": {"2027-01-31"}}); a.header.Get("Location") != path+"?done=narrowed" {
		t.Fatal(a.status, a.body)
	}
}

// Asked again, a person sees what is new beside what was given.
func TestAskedAgainPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source, err := os.ReadFile("testdata/shop.yaml")
	w.must(err)
	text := strings.Replace(string(source), "categories: [name, phone, address]", "categories: [name, phone, address, iin]", 1)
	text = strings.Replace(text, "actions: [collect, view, use, change, transfer]", "actions: [collect, view, use, change, supplement, transfer]", 1)
	w.later(time.Minute)
	w.shop = w.applyText(text)
	w.must(w.Consents.AskByItself(t.Context(), w.shop))
	runs, err := w.Store.OpenAskRuns(t.Context())
	w.must(err)
	for i := range runs {
		w.must(w.Consents.StepAsking(t.Context(), &runs[i]))
	}
	list, err := w.Store.Requests(t.Context(), consent.RequestFilter{Subject: w.asel.inside, Limit: 10})
	w.must(err)
	if len(list) != 1 {
		t.Fatalf("%d questions", len(list))
	}
	for _, lang := range locale.All {
		page := w.signedIn(lang, w.asel).want(http.StatusOK, "/me/asked/"+list[0].ID.String())
		golden(t, "again."+string(lang)+".html", normalise(page))
	}
	page := w.signedIn(locale.EN, w.asel).want(http.StatusOK, "/me/asked/"+list[0].ID.String())
	if got := strings.Count(page, `class="added-mark"`); got != 2 { // the IIN, and to supplement
		t.Errorf("%d things are marked new", got)
	}
	for _, want := range []string{"You are asked again", "/me/consents/" + w.delivery.ID.String(), `supplementing (for “Delivery of orders”)`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// Everybody is told that there are conditions and bans, and nothing of whose; the
// subject sets them with the answer and reads them with the consent.
//
// duty: P5.11, P5.13
func TestDisseminationPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, _, err := w.Consents.Ask(t.Context(), w.shop, w.shop, &consent.NewRequest{
		Subject: w.daniyar.shop, Actor: crm, Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"reviews"}, PublicSources: true}},
	})
	w.must(err)
	b := w.signedIn(locale.RU, w.daniyar)
	path := "/me/asked/" + r.ID.String()
	if page := b.want(http.StatusOK, path); !strings.Contains(page, `name="ban:email"`) {
		t.Error("no place for conditions")
	}
	const words = "Только со ссылкой, Данияр"
	a := b.post(path, url.Values{"answer": {"give"}, "purpose": {"reviews"}, "public": {"yes"}, "ban:email": {"yes"}, "condition:name": {words}})
	if a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	got, err := w.Store.Request(t.Context(), r.ID)
	w.must(err)
	if page := b.want(http.StatusOK, "/me/consents/"+got.Consent.String()); !strings.Contains(page, words) || !strings.Contains(page, "только читать") {
		t.Error("the conditions do not stand with the consent")
	}
	for _, lang := range locale.All {
		page := w.visitor(lang).want(http.StatusOK, "/o/"+w.shop.BIN+"/dissemination")
		golden(t, "dissemination."+string(lang)+".html", normalise(page))
		if strings.Contains(page, words) || strings.Contains(page, "Данияр") {
			t.Error("the public page tells of a person")
		}
	}
}
