package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/locale"
)

// A decision of the journal is explained rule by rule, and a case that the
// officer writes down is judged by the description in force.
func TestConsoleExplain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	denied := w.denied(w.asel)
	for _, lang := range locale.All {
		b := w.seatedAt(lang, account.Officer, w.bestam)
		body := b.want(http.StatusOK, "/console/journal/"+denied.String()+"/explain")
		golden(t, "console-explain."+string(lang)+".html", normalise(body))
		if !strings.Contains(body, locale.Text(lang, "explain.replayed")) {
			t.Errorf("%s: the replay says otherwise than the journal", lang)
		}
	}
	b := w.seatedAt(locale.EN, account.Officer, w.bestam)
	b.want(http.StatusOK, "/console/explain")
	before := w.count()
	a := b.post("/console/explain", url.Values{"case": {"ask: {action: view, purpose: contracts, categories: [name]}"}})
	if a.status != http.StatusOK || !strings.Contains(a.body, "no consent") && !strings.Contains(a.body, "not consented") {
		t.Errorf("%d: %s", a.status, a.body)
	}
	if w.count() != before {
		t.Error("a case left an entry")
	}
	for _, bad := range []string{"", "ask: {shoes: red}", "- ask: {action: view}\n- ask: {action: use}", "ask: {action: fly}", strings.Repeat("#", maxCase+1), "ask: ["} {
		if a := b.post("/console/explain", url.Values{"case": {bad}}); a.status != http.StatusBadRequest {
			t.Errorf("%.20q: %d", bad, a.status)
		}
	}
	staff := w.seatedAt(locale.EN, account.Staff, w.bestam)
	staff.want(http.StatusForbidden, "/console/explain")
	w.seatedAt(locale.EN, account.Officer, w.shop).want(http.StatusNotFound, "/console/journal/"+w.denied(w.asel).String()+"/explain")
}

// count is how many entries there are.
func (w *world) count() int64 {
	w.t.Helper()
	w.seal()
	n, err := w.Store.LogSize(w.t.Context())
	w.must(err)
	return n
}
