package web

import (
	"flag"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
)

var update = flag.Bool("update", false, "write golden files")

// denied is the newest refusal in a person's journal.
func (w *world) denied(who person) ident.ID {
	w.t.Helper()
	mine, err := w.Journal.ForSubject(w.t.Context(), who.inside)
	w.must(err)
	list, err := mine.List(w.t.Context(), journal.Filter{Limit: 300})
	w.must(err)
	for _, e := range list {
		if e.Decision == "deny" {
			return ident.ID(e.ID)
		}
	}
	w.t.Fatal("nothing was refused")
	return ident.ID{}
}

const bestamPolicy = "/o/150940018738/policy"

// duty: L8-1.2.4, L8-1.2.3, L8.4.1, L8.4.3, L8.4.4, L8.4.5, L8.4.6, L8.4.7
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, path := range map[string]string{
		"home": "/me", "consents": "/me/consents", "consent": "/me/consents/" + w.delivery.ID.String(),
		"journal": "/me/journal", "entry": "/me/journal/" + w.denied(w.asel).String(), "policy": bestamPolicy,
		"law": "/law?edition=2026-01", "provision": "/law/25(2)8?edition=2024-07", "absent": "/law/19-1",
	} {
		for _, lang := range locale.All {
			status := http.StatusOK
			if name == "absent" {
				status = http.StatusNotFound
			}
			body := w.signedIn(lang, w.asel).want(status, path)
			golden(t, name+"."+string(lang)+".html", normalise(body))
		}
	}
}

var (
	someID    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	someIcon  = regexp.MustCompile(`(?s)<svg( class="\w+").*?</svg>`)
	someAsset = regexp.MustCompile(`/static/(\w+)\.[0-9a-f]{8}\.`)
	article   = regexp.MustCompile(`(?s)<article class="policy".*</article>`)
)

// normalise takes out what differs from run to run, and the text of the policy,
// which has a golden file of its own.
func normalise(body string) string {
	seen := map[string]string{}
	var order []string
	body = someID.ReplaceAllStringFunc(body, func(id string) string {
		if seen[id] == "" {
			seen[id] = "id-" + string(rune('a'+len(seen)))
			order = append(order, id)
		}
		return seen[id]
	})
	for _, id := range order { // and where only its beginning stands, which ids of one minute share
		body = strings.ReplaceAll(body, id[:8], seen[id])
	}
	body = someIcon.ReplaceAllString(body, "<svg$1/>")
	body = someAsset.ReplaceAllString(body, "/static/$1.HASH.")
	return article.ReplaceAllString(body, "<article>…</article>")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-update writes it anew):\n%s", path, diff)
	}
	if strings.Contains(got, "г..") { // a Russian date ends with a stop of its own
		t.Errorf("%s: two stops after a date", path)
	}
}

// every is each page that there is, by a browser that may see it.
func (w *world) every(lang locale.Lang) map[string]string {
	b, stranger := w.signedIn(lang, w.asel), w.visitor(lang)
	pages := map[string]string{
		"/": stranger.want(http.StatusOK, "/"), "/login/x": stranger.want(http.StatusOK, "/login/x"),
		"/me, nobody":  stranger.want(http.StatusUnauthorized, "/me"),
		"/login, used": stranger.post("/login/x", nil).body,
		"/me/data, of": b.post("/me/data", url.Values{"org": {w.shop.BIN}}).body,
		"withdraw":     b.post("/me/consents/"+w.delivery.ID.String()+"/withdraw", nil).body,
		"empty":        w.signedIn(lang, w.daniyar).want(http.StatusOK, "/me/consents"),
	}
	for _, path := range []string{
		"/me", "/me/consents", "/me/consents/" + w.delivery.ID.String(), "/me/consents/" + w.delivery.ID.String() + "?done=withdrawn",
		"/me/journal", "/me/journal?kind=denied&org=" + w.shop.BIN, "/me/journal/" + w.denied(w.asel).String(), "/me/data", "/me/publications", "/me/requests/new?kind=public-removal&org=" + w.shop.BIN, "/me/represented", "/me/settings", "/contact/x", bestamPolicy,
		"/me/journal", "/me/journal?kind=denied&org=" + w.shop.BIN, "/me/journal/" + w.denied(w.asel).String(), "/me/data", "/me/represented", bestamPolicy, "/o/" + w.shop.BIN + "/dissemination", "/o/150940018738/dissemination",
		"/law", "/law?edition=2026-07", "/law/9(9-4)", "/law/25-1?edition=2026-08", "/law/policy%205.9", "/law/18?edition=2026-08",
	} {
		pages[path] = b.want(http.StatusOK, path)
	}
	for _, path := range []string{"/law/99", "/law/10-1", "/law/9.4", "/law?edition=2025-01"} {
		pages[path] = stranger.want(http.StatusNotFound, path)
	}
	pages["/me/nothing"] = b.want(http.StatusNotFound, "/me/nothing")
	maps.Copy(pages, w.console(lang))
	maps.Copy(pages, w.demanded(lang))
	return pages
}

var elsewhere = regexp.MustCompile(`(?:https?:)?//[\w-]+(?:\.[\w-]+)+`)

// No page names another host but where the operator's policy links to its own
// site; all are whole, in their language, and well formed.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, lang := range locale.All {
		for name, body := range w.every(lang) {
			if strings.Contains(body, "⟦") || strings.Contains(body, "ZgotmplZ") {
				t.Errorf("%s, %s: a text is missing:\n%s", lang, name, body)
			}
			if !strings.Contains(body, `<html lang="`+string(lang)+`">`) {
				t.Errorf("%s, %s: the language is not told", lang, name)
			}
			for _, host := range elsewhere.FindAllString(body, -1) {
				if name != bestamPolicy || host != "https://casinomontana.kz" {
					t.Errorf("%s, %s: names %s", lang, name, host)
				}
			}
			for _, fault := range faults(t, body) {
				t.Errorf("%s, %s: %s", lang, name, fault)
			}
		}
	}
	for name, asset := range loaded().content {
		if hosts := elsewhere.FindAllString(string(asset), -1); strings.HasSuffix(name, ".css") && len(hosts) > 0 {
			t.Errorf("%s names %v", name, hosts)
		}
	}
}

// faults checks what a person with a screen reader hangs on: one h1, no level
// of headings left out, names for every form field, ids used once.
func faults(t *testing.T, body string) (out []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ids, level, h1 := map[string]bool{}, 0, 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "id" && ids[a.Val] {
				out = append(out, "id "+a.Val+" is there twice")
			}
			ids[a.Val] = ids[a.Val] || a.Key == "id"
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				out = append(out, "an attribute that the content policy refuses: "+a.Key)
			}
		}
		switch n.Data {
		case "h1", "h2", "h3", "h4":
			now := int(n.Data[1] - '0')
			if now > level+1 {
				out = append(out, "a heading "+n.Data+" skips a level")
			}
			if level = now; now == 1 {
				h1++
			}
		case "script", "iframe", "img":
			out = append(out, "a "+n.Data)
		case "select", "textarea":
			if n.Parent.Data != "label" {
				out = append(out, "a field without a label")
			}
		case "input":
			kind := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "type" })
			if n.Parent.Data != "label" && n.Attr[kind].Val != "hidden" {
				out = append(out, "a field without a label")
			}
		}
	}
	if h1 != 1 {
		out = append(out, "there is not exactly one h1")
	}
	return out
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.EN, w.asel)
	for path, cache := range map[string]string{
		"/me": "no-store", "/console": "no-store", ConsoleLogin + "x": "no-store", "/me/nothing": "no-store", "/login/x": "no-store", "/": "no-cache", bestamPolicy: "no-cache",
	} {
		h := b.get(path).header
		for name, want := range map[string]string{
			"Content-Security-Policy": csp, "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Cache-Control": cache,
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
}

// duty: L8-1.2.4
func TestOthersAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	entry, c := w.denied(w.asel).String(), w.delivery.ID.String()
	b := w.signedIn(locale.RU, w.daniyar)
	for _, path := range []string{
		"/me/consents/" + c, "/me/consents/" + c + "/receipt", "/me/journal/" + entry, "/me/journal/" + entry + "/receipt",
		"/me/consents/" + ident.NewID(w.now).String(), "/me/consents/x", "/me/journal/x",
	} {
		if body := b.want(http.StatusNotFound, path); strings.Contains(body, "Самал") || strings.Contains(body, "Bestam") {
			t.Errorf("GET %s tells of another person", path)
		}
	}
	for _, path := range []string{"/withdraw", "/pause", "/resume"} {
		if a := b.post("/me/consents/"+c+path, url.Values{"scope": {"process"}}); a.status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, a.status)
		}
	}
	got, err := w.Store.Consent(t.Context(), w.delivery.ID)
	if err != nil || got.Status != consent.Active {
		t.Error("another person moved a consent", err)
	}
	if strings.Contains(b.want(http.StatusOK, "/me/journal"), "Курьер") {
		t.Error("the journal of one shows the acts on another")
	}
}

func TestNobodySeesTheCabinet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	operator := w.visitor(locale.RU)
	operator.cookies[sessionCookie] = w.token(w.bestam)
	for name, b := range map[string]*guest{"nobody": w.visitor(locale.RU), "an operator's token": operator} {
		for _, path := range []string{"/me", "/me/consents", "/me/journal", "/me/data", "/me/consents/" + w.delivery.ID.String()} {
			if body := b.want(http.StatusUnauthorized, path); strings.Contains(body, "Самал") {
				t.Errorf("%s: GET %s shows data", name, path)
			}
		}
		if a := b.post("/me/data", url.Values{"org": {w.shop.BIN}}); a.status != http.StatusUnauthorized {
			t.Errorf("%s: data shown, %d", name, a.status)
		}
	}
	b := w.signedIn(locale.RU, w.asel)
	w.later(2 * time.Hour)
	b.want(http.StatusUnauthorized, "/me") // the session has ended
}
