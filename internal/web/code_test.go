package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
)

// reach makes an address of Асель that a code can be sent to.
func (w *world) reach(address string) *outbox.Contact {
	w.t.Helper()
	w.Outbox.Mail = true
	c, err := w.Outbox.AddContact(w.t.Context(), w.asel.inside, ident.Email, address, 0, locale.RU)
	w.must(err)
	sent := w.deliver()
	_, code, _ := strings.Cut(sent[len(sent)-1].Text, outbox.ConfirmPath)
	code, _, _ = strings.Cut(code, "\n")
	_, err = w.Outbox.ConfirmContact(w.t.Context(), code)
	w.must(err)
	w.later(time.Second)
	return c
}

var inLetter = regexp.MustCompile(`(?m)^\d{6}$`)

// code is that of the newest letter.
func (w *world) code() string {
	w.t.Helper()
	sent := w.deliver()
	if len(sent) == 0 || inLetter.FindString(sent[len(sent)-1].Text) == "" {
		w.t.Fatalf("no code in %d letters", len(sent))
	}
	return inLetter.FindString(sent[len(sent)-1].Text)
}

// hiddenIn are the fields that a form of a page carries on.
func hiddenIn(page string) url.Values {
	out := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		out.Add(m[1], strings.NewReplacer("&#43;", "+", "&#34;", `"`, "&amp;", "&").Replace(m[2]))
	}
	return out
}

// A choice is read, a code sent and typed in; what the pages say in each language.
func TestCodePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.question(optional("address"))
	path := "/me/asked/" + r.ID.String()
	form := url.Values{"purpose": {"delivery"}, "recipient": {"170540056788"}, "until": {"2027-01-31"}}
	if page := w.signedIn(locale.RU, w.asel).want(http.StatusOK, path); strings.Contains(page, `/code"`) {
		t.Error("a code is offered, and there is no way to send one")
	}
	w.Outbox.Mail = true
	if a := w.signedIn(locale.RU, w.asel).post(path+"/code", form); a.status != http.StatusOK || !strings.Contains(a.body, "/me/settings") {
		t.Errorf("nobody is told where to add an address: %d", a.status)
	}
	place := w.reach("asel@mail.example")
	var last url.Values
	for _, lang := range locale.All {
		b := w.signedIn(lang, w.asel)
		if page := b.want(http.StatusOK, path); !strings.Contains(page, `formaction="`+path+`/code"`) {
			t.Errorf("%s: a code is not offered", lang)
		}
		first := b.post(path+"/code", form)
		golden(t, "code."+string(lang)+".html", normalise(first.body))
		next := hiddenIn(first.body)
		if next.Get("contact") != place.ID.String() || next.Get("language") != string(lang) || next.Get("until") != "2027-01-31" {
			t.Errorf("%s: carried on %v", lang, next)
		}
		sent := b.post(path+"/code", next)
		golden(t, "code-sent."+string(lang)+".html", normalise(sent.body))
		if sent.status != http.StatusOK || strings.Contains(sent.body, "asel@") {
			t.Errorf("%s: %d, or the address whole", lang, sent.status)
		}
		last = next
	}
	code, b := w.code(), w.signedIn(locale.EN, w.asel)
	last.Set("answer", "give")
	last.Del("contact")
	try := func(code string) answer {
		last.Set("code", code)
		return b.post(path, last)
	}
	if a := try("12"); a.status != http.StatusBadRequest || !strings.Contains(a.body, "six digits") || !strings.Contains(a.body, `name="code"`) {
		t.Errorf("not a code: %d", a.status)
	}
	wrong := "000000"
	if wrong == code {
		wrong = "000001"
	}
	if a := try(wrong); a.status != http.StatusBadRequest || !strings.Contains(a.body, "4 tries are left") || !strings.Contains(a.body, `name="code"`) {
		t.Errorf("a wrong code: %d %s", a.status, a.body)
	}
	last.Set("recipient", "") // another tab
	last.Del("recipient")
	if a := try(code); a.status != http.StatusConflict || strings.Contains(a.body, `name="code"`) || !strings.Contains(a.body, "Send another code") {
		t.Errorf("another choice: %d", a.status)
	}
	last.Set("recipient", "170540056788")
	if a := try(code[:3] + " " + code[3:]); a.status != http.StatusSeeOther || strings.Contains(a.header.Get("Location"), code) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	c, err := w.Store.Consent(t.Context(), w.asked(r.ID).Consent)
	w.must(err)
	for _, lang := range locale.All {
		page := w.signedIn(lang, w.asel).want(http.StatusOK, "/me/consents/"+c.ID.String())
		if !strings.Contains(page, "a•••@mail.example") || !strings.Contains(page, locale.Text(lang, "standing.confirmed")) {
			t.Errorf("%s: the page does not say how it was confirmed", lang)
		}
	}
	if p := w.signedIn(locale.KK, w.daniyar); p.post(path+"/code", form).status != http.StatusNotFound {
		t.Error("another person's question")
	}
	if strings.Contains(w.log.String(), code) {
		t.Error("the log has the code")
	}
}

// What the subject set as conditions is carried to the page of the code, and the
// consent has it.
func TestCodeCarriesConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	place := w.reach("asel@mail.example")
	r := w.question(func(n *consent.NewRequest) {
		n.Ask.Purposes, n.Ask.ThirdParties, n.Ask.Countries = []string{"reviews"}, nil, nil
	})
	path, b := "/me/asked/"+r.ID.String(), w.signedIn(locale.RU, w.asel)
	b.want(http.StatusOK, path)
	form := url.Values{"purpose": {"reviews"}, "public": {"yes"}, "ban:name": {"yes"}, "condition:name": {"+ «только» & имя"}}
	next := hiddenIn(b.post(path+"/code", form).body)
	if next.Get("condition:name") != form.Get("condition:name") || next.Get("contact") != place.ID.String() {
		t.Fatalf("carried on %v", next)
	}
	sent := b.post(path+"/code", next)
	if sent.status != http.StatusOK {
		t.Fatalf("%d %s", sent.status, sent.body)
	}
	next = hiddenIn(sent.body)
	next.Set("code", w.code())
	if a := b.post(path, next); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	c, err := w.Store.Consent(t.Context(), w.asked(r.ID).Consent)
	w.must(err)
	p, err := w.Consents.Proof(t.Context(), c)
	w.must(err)
	if p.Code == nil || p.Conditions["name"] != form.Get("condition:name") || len(c.Terms.Conditions) != 1 || !c.Terms.Conditions[0].Ban {
		t.Errorf("%+v of %+v", p, c.Terms)
	}
}

// Where a code or a signature is demanded, the one button to give leads to it, and
// to refuse stays as easy.
func TestLeastEvidenceOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reach("asel@mail.example")
	for least, want := range map[string]string{"otp": "/code", "signature": "/sign"} {
		r := w.question(func(n *consent.NewRequest) { n.Ask.Evidence = least })
		path, b := "/me/asked/"+r.ID.String(), w.signedIn(locale.EN, w.asel)
		page := b.want(http.StatusOK, path)
		if !strings.Contains(page, `value="give" formaction="`+path+want+`"`) || strings.Contains(page, `value="refuse" formaction`) ||
			!strings.Contains(page, locale.Text(locale.EN, "page.ask.least."+least)) {
			t.Errorf("%s: the page does not lead there", least)
		}
		if a := b.post(path, url.Values{"answer": {"give"}, "purpose": {"delivery"}}); a.status != http.StatusConflict {
			t.Errorf("%s: given without: %d", least, a.status)
		}
		if a := b.post(path, url.Values{"answer": {"refuse"}}); a.status != http.StatusSeeOther {
			t.Errorf("%s: refused: %d", least, a.status)
		}
		w.later(time.Hour)
	}
}

// The way by a code in a browser, on a telephone's screen.
func TestCodeInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starting a browser takes seconds")
	}
	w := newWorld(t)
	w.reach("asel@mail.example")
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	b := newTab(t, server.URL)
	for _, lang := range locale.All {
		r := w.question(func(n *consent.NewRequest) { n.Ask.Until, n.Ask.Evidence = w.now.AddDate(1, 0, 0), "otp" })
		link, err := w.Accounts.LoginLink(t.Context(), w.asel.inside, time.Hour)
		w.must(err)
		b.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(b.base+"/login/"+link+"?lang="+string(lang)))
		b.press("main form button", "#holders")
		b.do(chromedp.Navigate(b.base + "/me/asked/" + r.ID.String()))
		b.do(chromedp.Click(chromedp.CSS(`input[name="purpose"][value="reviews"]`)))
		b.picture("ask-" + string(lang))
		b.press(`button[formaction$="/code"]`, `form[action*="/code"] button`)
		b.picture("code-" + string(lang))
		b.press(`form[action*="/code"] button`, `input[name="code"]`)
		b.picture("code-sent-" + string(lang))
		code := w.code()
		b.do(chromedp.SendKeys(chromedp.CSS(`input[name="code"]`), "12"))
		b.press(`form:has(input[name="code"]) button`, `[role="alert"]`)
		b.picture("code-wrong-" + string(lang))
		b.do(chromedp.SendKeys(chromedp.CSS(`input[name="code"]`), code))
		b.press(`form:has(input[name="code"]) button`, `.done[role="status"]`)
		b.picture("code-given-" + string(lang))
		c, err := w.Store.Consent(t.Context(), w.asked(r.ID).Consent)
		w.must(err)
		p, err := w.Consents.Proof(t.Context(), c)
		w.must(err)
		if p.Channel != consent.OneTime || p.Code == nil || c.Terms.Covers("reviews") {
			t.Errorf("%+v of %+v", p, c.Terms)
		}
		b.do(chromedp.Navigate(b.base + "/me/consents/" + c.ID.String()))
		b.picture("consent-" + string(lang))
		w.later(time.Hour)
	}
	if left := b.leaves(); len(left) > 0 {
		t.Errorf("asked others: %v", left)
	}
}
