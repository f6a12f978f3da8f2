package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

func (w *world) question(change ...func(*consent.NewRequest)) *consent.Request {
	w.t.Helper()
	in := &consent.NewRequest{
		Subject: w.asel.shop, Message: "Жеткізу үшін", Actor: crm,
		Ask: consent.Asked{
			Terms: consent.Terms{Purposes: []string{"delivery", "reviews"}, ThirdParties: []string{"170540056788"}, Countries: []string{"DE"}, PublicSources: true},
		},
	}
	for _, c := range change {
		c(in)
	}
	r, _, err := w.Consents.Ask(w.t.Context(), w.shop, w.shop, in)
	w.must(err)
	w.later(1e9)
	return r
}

func (w *world) asked(id ident.ID) *consent.Request {
	w.t.Helper()
	r, err := w.Store.Request(w.t.Context(), id)
	w.must(err)
	return r
}

func optional(id string) func(*consent.NewRequest) {
	return func(n *consent.NewRequest) { n.Ask.Optional = []string{id} }
}

// The screen of a question, as it is asked, in each language.
func TestAskPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.question(optional("address"))
	for _, lang := range locale.All {
		b := w.signedIn(lang, w.asel)
		golden(t, "ask."+string(lang)+".html", normalise(b.want(http.StatusOK, "/me/asked/"+r.ID.String())))
		if home := b.want(http.StatusOK, "/me"); !strings.Contains(home, "/me/asked/"+r.ID.String()) {
			t.Errorf("%s: the first page does not name the question", lang)
		}
	}
	if n := len(w.asked(r.ID).Shown); n != 3 {
		t.Errorf("shown in %d texts", n)
	}
	w.signedIn(locale.KK, w.daniyar).want(http.StatusNotFound, "/me/asked/"+r.ID.String())
	w.visitor(locale.KK).want(http.StatusUnauthorized, "/me/asked/"+r.ID.String())
}

// What the subject takes out is not given: an optional item unticked at first, a
// third party, a country, publication, a purpose.
func TestAskNarrowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.question(optional("address"))
	path := "/me/asked/" + r.ID.String()
	b := w.signedIn(locale.RU, w.asel)
	b.want(http.StatusOK, path)
	if a := b.post(path, url.Values{"answer": {"maybe"}}); a.status != http.StatusBadRequest {
		t.Errorf("an answer that is none: %d", a.status)
	}
	if a := b.post(path, url.Values{"answer": {"give"}}); a.status != http.StatusBadRequest {
		t.Errorf("no purpose: %d", a.status)
	}
	a := b.post(path, url.Values{"answer": {"give"}, "purpose": {"delivery"}, "until": {"2027-01-31"}})
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", a.status, a.body)
	}
	got := w.asked(r.ID)
	c, err := w.Store.Consent(t.Context(), got.Consent)
	w.must(err)
	if got.Status != consent.Given || !slices.Equal(c.Terms.Purposes, []string{"delivery"}) || slices.Contains(c.Terms.Categories, "address") ||
		len(c.Terms.ThirdParties) > 0 || len(c.Terms.Countries) > 0 || c.Terms.PublicSources {
		t.Errorf("given %+v", c.Terms)
	}
	if day := locale.Date(locale.EN, c.Until); day != "1 February 2027" { // its first moment: the end of January
		t.Errorf("until %s", day)
	}
	if body := b.want(http.StatusOK, path); !strings.Contains(body, c.ID.String()) || strings.Contains(body, `name="answer"`) {
		t.Error("answered, the page still asks")
	}
}

// To refuse is one press, as to give; it is kept, and the page says what follows.
func TestAskRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.question()
	path := "/me/asked/" + r.ID.String()
	b := w.signedIn(locale.EN, w.asel)
	body := b.want(http.StatusOK, path)
	give, refuse := strings.Index(body, `value="give"`), strings.Index(body, `value="refuse"`)
	if class := `<button class="button second" name="answer"`; give < 0 || refuse < 0 || strings.Count(body, class) != 2 {
		t.Error("the two answers do not weigh the same")
	}
	if a := b.post(path, url.Values{"answer": {"refuse"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d", a.status)
	}
	if s := w.asked(r.ID).Status; s != consent.Refused {
		t.Errorf("%s", s)
	}
}

// At the counter the right number gives; a wrong one does not.
func TestAskAtTheCounter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.question(func(n *consent.NewRequest) { n.Counter = true })
	path := "/me/asked/" + r.ID.String()
	b := w.signedIn(locale.KK, w.asel)
	body := b.want(http.StatusOK, path)
	for _, n := range r.Ask.Choices {
		if !strings.Contains(body, `value="`+strconv.Itoa(n)+`"`) {
			t.Errorf("the page does not show %d", n)
		}
	}
	form := url.Values{"answer": {"give"}, "purpose": {"delivery"}}
	if a := b.post(path, form); a.status != http.StatusBadRequest {
		t.Errorf("without a number: %d", a.status)
	}
	form.Set("number", strconv.Itoa(r.Ask.Number))
	if a := b.post(path, form); a.status != http.StatusSeeOther {
		t.Errorf("with the right one: %d %s", a.status, a.body)
	}
}
