package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/register"
)

// depersonalise lets n people come and be counted in.
func (w *world) depersonalise(n int) {
	w.t.Helper()
	for i := range n {
		who := apptest.Subject(w.t, w.App, w.bestam, 300+i)
		w.agree(w.bestam, who, consent.Terms{Purposes: []string{"visit-statistics"}})
		section, device := "catalogue", "phone"
		if i%3 == 2 {
			section, device = "jobs", "computer"
		}
		visit := fmt.Sprintf(`{"section":%q,"device":%q,"pages":%d,"visitor":"jasyryn-%d"}`, section, device, 1500+i, i)
		w.ask(w.bestam, who, crm, gate.Request{Action: register.Collect, Purpose: "visit-statistics", Categories: []string{"visit-data"}}, visit)
		w.ask(w.bestam, who, crm, gate.Request{Action: register.Depersonalise, Purpose: "visit-statistics", Categories: []string{"visit-data"}})
	}
}

// An officer sees what is left of depersonalised data once the month is over, as a
// page and as CSV; each look stands in the journal. Staff do not.
func TestConsoleDepersonalised(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.depersonalise(15)
	const page = "/console/depersonalised?purpose=visit-statistics"
	b := w.seatedAt(locale.EN, account.Officer, w.bestam)
	if text := b.want(http.StatusOK, page); !strings.Contains(text, "Nothing is given out yet") || !strings.Contains(text, "Of 15 records") {
		t.Error(text)
	}
	w.now = time.Date(2026, 12, 2, 6, 0, 0, 0, time.UTC)
	for _, lang := range locale.All {
		text := w.seatedAt(lang, account.Officer, w.bestam).want(http.StatusOK, page)
		golden(t, "console-depersonalised."+string(lang)+".html", normalise(text))
		if strings.Contains(text, "jasyryn") {
			t.Error("a value is shown")
		}
	}
	b = w.seatedAt(locale.EN, account.Officer, w.bestam)
	if csv := b.want(http.StatusOK, page+"&format=csv"); csv != "device,pages,section,records\nphone,1000-1999,catalogue,10\ncomputer,1000-1999,other,5\n" {
		t.Error(csv)
	}
	if text := b.want(http.StatusOK, "/console/depersonalised"); !strings.Contains(text, "purpose=contracts") {
		t.Error(text)
	}
	b.want(http.StatusNotFound, "/console/depersonalised?purpose=war")
	w.seatedAt(locale.EN, account.Staff, w.bestam).want(http.StatusForbidden, page)
	_, looks, err := w.Journal.List(t.Context(), journal.Filter{Org: w.bestam.ID, Action: "depersonalised.read", Limit: 100})
	if err != nil || len(looks) != 5 || looks[0].Actor.Kind != "person" {
		t.Errorf("%d looks: %v", len(looks), err)
	}
}
