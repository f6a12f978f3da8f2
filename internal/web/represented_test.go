package web

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/internal/represent"
)

// kin is a family beside the world: Данияр acts for his daughter as a parent and
// for Асель by a power that lets him only read.
type kin struct {
	*world
	child            person
	parent, attorney *represent.Representation
	consent          *consent.Consent // the child's to the shop
	asked            *consent.Request // of the child, by the shop
}

func newKin(t testing.TB) *kin {
	t.Helper()
	k := &kin{world: newWorld(t)}
	iin, _ := ident.MakeIIN(time.Date(2017, 3, 9, 0, 0, 0, 0, time.UTC), false, 3)
	k.child = k.register(iin, "Аяжан Даниярқызы")
	k.parent = k.registered(&represent.New{
		Subject: k.child.shop, Representative: k.daniyar.shop, Kind: represent.Parent, IIN: iin,
		Document: represent.Document{Kind: "Туу туралы куәлік", Number: "№ 0417"},
	})
	k.attorney = k.registered(&represent.New{
		Subject: k.asel.shop, Representative: k.daniyar.shop, Kind: represent.Attorney, Acts: represent.Read, Until: k.now.AddDate(0, 6, 0),
		Document: represent.Document{Kind: "Доверенность", Number: "№ 2-18", Issued: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)},
	})
	k.consent = k.agree(k.shop, k.child.shop, consent.Terms{
		Purposes: []string{"delivery"}, ThirdParties: []string{"170540056788"},
	}, func(n *consent.New) { n.Actor, n.Recorder = k.parent.Actor(k.shop), crm })
	k.agree(k.bestam, k.child.bestam, consent.Terms{Purposes: []string{"news"}}) // nothing of which concerns the shop
	k.ask(k.shop, k.child.shop, crm, gate.Request{Action: register.Collect, Purpose: "delivery", Categories: []string{"name"}}, `"Аяжан"`)
	k.asked = k.question(k.child.shop)
	k.question(k.asel.shop)
	return k
}

func (k *kin) question(subject ident.ID) *consent.Request {
	k.t.Helper()
	r, _, err := k.Consents.Ask(k.t.Context(), k.shop, k.shop, &consent.NewRequest{
		Subject: subject, Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"reviews"}}}, Actor: crm,
	})
	k.must(err)
	return r
}

func (k *kin) registered(n *represent.New) *represent.Representation {
	k.t.Helper()
	n.Actor = crm
	r, err := k.Represent.Register(k.t.Context(), k.shop, n)
	k.must(err)
	k.later(time.Minute)
	return r
}

// in is the address in the cabinet of whom a representation is for.
func in(r *represent.Representation, path string) string { return path + "?for=" + r.ID.String() }

// pages are those of a cabinet.
func (k *kin) pages(r *represent.Representation, c *consent.Consent) map[string]string {
	_, list, err := k.Journal.List(k.t.Context(), journal.Filter{BySubject: true, Subject: r.Subject, Org: k.shop.ID, Limit: 1})
	k.must(err)
	return map[string]string{
		"home": in(r, "/me"), "consents": in(r, "/me/consents"), "consent": in(r, "/me/consents/"+c.ID.String()),
		"journal": in(r, "/me/journal"), "entry": in(r, "/me/journal/"+ident.ID(list[0].ID).String()), "data": in(r, "/me/data"),
		"question": in(r, "/me/asked/"+k.asked.ID.String()),
	}
}

func TestRepresentedPages(t *testing.T) {
	t.Parallel()
	k := newKin(t)
	for _, lang := range locale.All {
		b := k.signedIn(lang, k.daniyar)
		golden(t, "represented."+string(lang)+".html", normalise(b.want(http.StatusOK, "/me/represented")))
		golden(t, "representatives."+string(lang)+".html", normalise(k.signedIn(lang, k.asel).want(http.StatusOK, "/me/represented")))
		golden(t, "behalf."+string(lang)+".html", normalise(b.want(http.StatusOK, in(k.parent, "/me/consents/"+k.consent.ID.String()))))
	}
}

var (
	links   = regexp.MustCompile(`(?:href|action)="(/me[^"#]*)"`)
	forms   = regexp.MustCompile(`(?s)<form class="filters" method="get" action="/me/journal">.*?</form>`)
	leaving = []string{"/me", "/me/represented"} // the mark, and the way back
)

// In another's cabinet every link and form stays there, every page says whose it
// is, and nothing of other organizations shows.
func TestLinksStayInTheCabinet(t *testing.T) {
	t.Parallel()
	k := newKin(t)
	for _, lang := range locale.All {
		b := k.signedIn(lang, k.daniyar)
		for name, path := range k.pages(k.parent, k.consent) {
			body := b.want(http.StatusOK, path)
			for _, m := range links.FindAllStringSubmatch(body, -1) {
				form := strings.Contains(forms.FindString(body), m[0])
				if !slices.Contains(leaving, m[1]) && !form && !strings.Contains(m[1], "for="+k.parent.ID.String()) {
					t.Errorf("%s, %s leads out of the cabinet: %s", lang, name, m[1])
				}
			}
			if f := forms.FindString(body); f != "" && !strings.Contains(f, `name="for" value="`+k.parent.ID.String()) {
				t.Errorf("%s, %s: the form leads out of the cabinet", lang, name)
			}
			for _, want := range []string{locale.Text(lang, "page.behalf.name", "name", "Аяжан Даниярқызы"), locale.Text(lang, "page.behalf.parent", "date", locale.Date(lang, k.parent.Until)), `href="/me/represented"`} {
				if !strings.Contains(body, template.HTMLEscapeString(want)) && !strings.Contains(body, want) {
					t.Errorf("%s, %s does not say %q", lang, name, want)
				}
			}
			if strings.Contains(body, "Bestam") {
				t.Errorf("%s, %s tells of an organization that the representation is not good with", lang, name)
			}
			if strings.Contains(body, "⟦") {
				t.Errorf("%s, %s: a text is missing", lang, name)
			}
			if name == "question" { // its headings are no matter of whose cabinet it is in
				continue
			}
			for _, fault := range faults(t, body) {
				t.Errorf("%s, %s: %s", lang, name, fault)
			}
		}
		shown := b.post(in(k.parent, "/me/data"), url.Values{"org": {k.shop.BIN}})
		if !strings.Contains(shown.body, "Аяжан") || !strings.Contains(shown.body, "lang=") || !strings.Contains(shown.body, "for="+k.parent.ID.String()+"&amp;lang=") {
			t.Errorf("%s: data, %d\n%s", lang, shown.status, shown.body)
		}
		if a := b.post(in(k.parent, "/me/data"), url.Values{"org": {k.bestam.BIN}}); a.status != http.StatusNotFound {
			t.Errorf("%s: data of another organization, %d", lang, a.status)
		}
	}
}

// A parent withdraws for a child in the cabinet, and it is the parent who did.
//
// duty: L8.1, L24.1.5
func TestWithdrawForAChild(t *testing.T) {
	t.Parallel()
	k := newKin(t)
	b := k.signedIn(locale.RU, k.daniyar)
	path := "/me/consents/" + k.consent.ID.String()
	for _, step := range []struct {
		act, done string
		form      url.Values
	}{
		{"/pause", "paused", nil}, {"/resume", "resumed", nil}, {"/withdraw", "part", url.Values{"scope": {"transfer"}}}, {"/withdraw", "withdrawn", url.Values{"scope": {"process"}}},
	} {
		a := b.post(in(k.parent, path+step.act), step.form)
		want := path + "?" + url.Values{"done": {step.done}, "for": {k.parent.ID.String()}}.Encode()
		if a.status != http.StatusSeeOther || a.header.Get("Location") != want {
			t.Fatalf("%s: %d %s\n%s", step.act, a.status, a.header.Get("Location"), a.body)
		}
		b.want(http.StatusOK, want)
		k.later(time.Second)
	}
	if got := k.ask(k.shop, k.child.shop, crm, gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name"}}).Codes()[0]; got != law.ConsentWithdrawn {
		t.Error("permitted after the withdrawal:", got)
	}
	body := k.signedIn(locale.RU, k.child).want(http.StatusOK, "/me/journal?kind=consent")
	if n := strings.Count(body, "Ваш представитель (родитель)"); n != 5 || strings.Contains(body, "Вы отозвали") {
		t.Errorf("the child's journal tells of %d acts of the parent", n)
	}
	mine, err := k.Journal.ForSubject(t.Context(), k.child.inside)
	k.must(err)
	list, err := mine.List(t.Context(), journal.Filter{Action: "consent.withdraw", Limit: 1})
	k.must(err)
	if entry := k.signedIn(locale.RU, k.child).want(http.StatusOK, "/me/journal/"+ident.ID(list[0].ID).String()); !strings.Contains(entry, "<td>Данияр Ержанұлы</td>") || !strings.Contains(entry, "ребёнок, за которого действует родитель") {
		t.Error("the entry does not say which representative acted")
	}
	if own := k.signedIn(locale.RU, k.daniyar).want(http.StatusOK, "/me/journal"); strings.Contains(own, "отозвал") {
		t.Error("the parent's own journal tells of acts on the child's consent")
	}
}

// A parent answers a question put to a child, and the answer is the parent's.
func TestAnswerForAChild(t *testing.T) {
	t.Parallel()
	k := newKin(t)
	b := k.signedIn(locale.RU, k.daniyar)
	path := in(k.parent, "/me/asked/"+k.asked.ID.String())
	if !strings.Contains(b.want(http.StatusOK, in(k.parent, "/me")), path) {
		t.Error("the first page does not show the question")
	}
	b.want(http.StatusOK, path)
	a := b.post(path, url.Values{"answer": {"give"}, "purpose": {"reviews"}})
	if a.status != http.StatusSeeOther || a.header.Get("Location") != path {
		t.Fatal(a.status, a.header.Get("Location"), a.body)
	}
	list, err := k.Store.Consents(t.Context(), consent.Filter{Subject: k.child.inside, Org: k.shop.ID, Purpose: "reviews"})
	if err != nil || len(list) != 1 || list[0].History[0].By != represent.ActorKind {
		t.Fatalf("%+v (%v)", list, err)
	}
	proof, err := k.Consents.Proof(t.Context(), &list[0])
	if err != nil || proof.Name != "Аяжан Даниярқызы" || proof.Representative == nil || proof.Representative.Name != "Данияр Ержанұлы" || proof.Representative.Recorder != "" {
		t.Errorf("%+v (%v)", proof, err)
	}
	body := k.signedIn(locale.RU, k.child).want(http.StatusOK, "/me/journal?kind=consent")
	for _, want := range []string{"показан вашему представителю (родитель)", "Ваш представитель (родитель) дал за вас оператору"} {
		if !strings.Contains(body, want) {
			t.Errorf("the child's journal does not say %q", want)
		}
	}
}

// What is beyond the scope is not offered, and is refused where it is forced.
func TestBeyondTheScopeInTheCabinet(t *testing.T) {
	t.Parallel()
	k := newKin(t)
	b := k.signedIn(locale.RU, k.daniyar)
	path := "/me/consents/" + k.delivery.ID.String()
	body := b.want(http.StatusOK, in(k.attorney, path))
	for _, not := range []string{"/withdraw", "/pause", "/resume", "/me/data", "Отозвать согласие", `href="#withdraw"`} {
		if strings.Contains(body, not) {
			t.Errorf("the page offers %s", not)
		}
	}
	if home := b.want(http.StatusOK, in(k.attorney, "/me")); strings.Contains(home, "/me/read") || strings.Contains(home, "Кто за кого действует") || strings.Contains(home, "/me/asked/") {
		t.Error("the home page offers what is the represented's alone")
	}
	for _, act := range []string{"/withdraw", "/pause", "/resume"} {
		if a := b.post(in(k.attorney, path+act), url.Values{"scope": {"process"}}); a.status != http.StatusForbidden || !strings.Contains(a.body, "не распространяется") {
			t.Errorf("POST %s: %d", act, a.status)
		}
	}
	b.want(http.StatusForbidden, in(k.attorney, "/me/data"))
	if a := b.post(in(k.attorney, "/me/data"), url.Values{"org": {k.shop.BIN}}); a.status != http.StatusForbidden {
		t.Errorf("data: %d", a.status)
	}
	for _, barred := range []string{"/me/read", "/me/representatives/" + k.attorney.ID.String() + "/revoke"} {
		if a := b.post(in(k.parent, barred), url.Values{"until": {k.consent.ID.String()}}); a.status != http.StatusForbidden || !strings.Contains(a.body, "нельзя") {
			t.Errorf("POST %s: %d", barred, a.status)
		}
	}
	b.want(http.StatusForbidden, in(k.parent, "/me/represented"))
	if c, err := k.Store.Consent(t.Context(), k.delivery.ID); err != nil || c.Status != consent.Active || len(c.History) != 1 {
		t.Errorf("%+v (%v)", c, err)
	}
	if read, err := k.Store.InboxRead(t.Context(), k.child.inside); err != nil || !read.IsZero() {
		t.Error("a representative marked the inbox read", err)
	}
}

// Nobody gets into a cabinet by a representation that is not theirs, or over, and
// all get the same page.
func TestNoWayIntoTheCabinet(t *testing.T) {
	t.Parallel()
	k := newKin(t)
	said := func(body string) string { return body[strings.Index(body, "<main"):] } // around it are links to the same address
	want := said(k.signedIn(locale.RU, k.daniyar).want(http.StatusNotFound, "/me?for="+ident.NewID(k.now).String()))
	same := func(what string, b *guest, path string) {
		t.Helper()
		if got := said(b.want(http.StatusNotFound, path)); got != want {
			t.Errorf("%s: another page: %s", what, got)
		}
	}
	same("another's", k.signedIn(locale.RU, k.asel), in(k.parent, "/me"))
	same("the child's own", k.signedIn(locale.RU, k.child), in(k.parent, "/me"))
	same("no id", k.signedIn(locale.RU, k.daniyar), "/me?for=x")
	same("two", k.signedIn(locale.RU, k.daniyar), in(k.parent, "/me")+"&for="+k.attorney.ID.String())
	k.visitor(locale.RU).want(http.StatusUnauthorized, in(k.parent, "/me"))

	path := "/me/representatives/" + k.attorney.ID.String() + "/revoke"
	asel := k.signedIn(locale.RU, k.asel)
	if a := k.signedIn(locale.RU, k.daniyar).post(path, nil); a.status != http.StatusNotFound {
		t.Errorf("revoked by the representative: %d", a.status)
	}
	if !strings.Contains(asel.want(http.StatusOK, "/me/represented"), `action="`+path+`"`) {
		t.Fatal("the page does not offer to revoke")
	}
	a := asel.post(path, nil)
	if a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	if body := asel.want(http.StatusOK, a.header.Get("Location")); !strings.Contains(body, "Представитель отозван") || strings.Contains(body, path) {
		t.Error("the page does not say that the representative is revoked")
	}
	same("revoked", k.signedIn(locale.RU, k.daniyar), in(k.attorney, "/me"))
	if a := k.signedIn(locale.RU, k.child).post("/me/representatives/"+k.parent.ID.String()+"/revoke", nil); a.status != http.StatusForbidden {
		t.Errorf("a child revoked a parent: %d", a.status)
	}
	k.now = k.parent.Until
	same("of age", k.signedIn(locale.RU, k.daniyar), in(k.parent, "/me"))
	if body := k.signedIn(locale.RU, k.child).want(http.StatusOK, "/me/represented"); !strings.Contains(body, "Прежние") {
		t.Error("the child that came of age does not see who acted")
	}
}
