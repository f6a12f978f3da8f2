package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/kdp"
	"kelisim/internal/kdp/kdpsim"
	"kelisim/internal/locale"
	"kelisim/verify"
)

// connect lets the operator ask a simulated state service.
func (w *world) connect(t *testing.T) *kdpsim.Service {
	t.Helper()
	sim, err := kdpsim.New("secret", w.Now)
	w.must(err)
	srv := httptest.NewServer(sim)
	t.Cleanup(srv.Close)
	set := kdp.Standard()
	set.Form, set.SHEP.URL, set.SHEP.History.On = kdp.FormSHEP, srv.URL+kdpsim.PathSHEP, true
	sim.Organizations[w.bestam.BIN] = kdpsim.Organization{Sender: "bestam", Cert: sim.Cert}
	set.Accounts[w.bestam.BIN] = kdp.Account{Sender: "bestam", Password: "secret", Key: sim.Key, Cert: sim.Cert}
	w.StateService.Settings, w.StateService.Client = set, set.Client(w.Now)
	sim.Add("900101300017", kdpsim.AtOnce)
	return sim
}

// questioned has the operator ask about the person.
func (w *world) questioned(t *testing.T) {
	t.Helper()
	_, _, err := w.StateService.Ask(t.Context(), w.bestam, crm, &kdp.New{
		Subject: w.asel.bestam, IIN: "900101300017", Purpose: "contracts", Services: []string{"GBDFL_FamilyInfoToken"}, Data: []string{"ФИО", "семейное положение"}, ValidFor: "P30D",
	})
	w.must(err)
	w.later(time.Hour)
}

// Whoever acts for a person sees of it what is of the organizations that it may see,
// and asks the service nothing: what others did is for the person alone.
func TestStatePageForAnother(t *testing.T) {
	t.Parallel()
	k := newKin(t)
	k.connect(t)
	k.questioned(t)
	b := k.signedIn(locale.RU, k.daniyar)
	if page := b.want(http.StatusOK, in(k.attorney, "/me/state")); strings.Contains(page, "GBDFL_FamilyInfoToken") || strings.Contains(page, "<form class=\"card") {
		t.Error(page)
	}
	if a := b.post(in(k.attorney, "/me/state"), url.Values{"org": {k.bestam.BIN}, "iin": {"900101300017"}, "from": {"2026-11-01"}, "to": {"2026-11-20"}}); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A person finds what organizations asked the state service, and asks it what it keeps
// itself; the number is not shown again, and what is wrong is said beside the form.
//
// duty: L8-1.1
func TestStatePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sim := w.connect(t)
	if page := w.signedIn(locale.RU, w.asel).want(http.StatusOK, "/me/state"); !strings.Contains(page, "Ни одна организация") {
		t.Error(page)
	}
	w.questioned(t)
	for _, lang := range locale.All {
		b := w.signedIn(lang, w.asel)
		golden(t, "state."+string(lang)+".html", normalise(b.want(http.StatusOK, "/me/state")))
		if page := b.want(http.StatusOK, "/me/journal"); !strings.Contains(page, `href="/me/state"`) {
			t.Error("the journal does not lead there")
		}
	}
	b := w.signedIn(locale.RU, w.asel)
	ask := func(change ...string) *answer {
		t.Helper()
		form := url.Values{"org": {w.bestam.BIN}, "iin": {"900101300017"}, "from": {"2026-11-01"}, "to": {w.Now().In(locale.Zone()).Format(time.DateOnly)}}
		for i := 0; i+1 < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		a := b.post("/me/state", form)
		return &a
	}
	if a := ask(); a.status != http.StatusOK || !strings.Contains(a.body, "GBDFL_FamilyInfoToken&#34;") || strings.Contains(a.body, "900101300017") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := ask("from", "2025-01-01", "to", "2025-02-01"); a.status != http.StatusOK || !strings.Contains(a.body, "ничего не хранит") {
		t.Errorf("%d %s", a.status, a.body)
	}
	for name, a := range map[string]*answer{
		"another's number": ask("iin", "900101300025"), "none": ask("iin", ""), "no day": ask("from", "x"), "back to front": ask("from", "2026-11-20", "to", "2026-11-01"),
		"years": ask("from", "2010-01-01"),
	} {
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, `role="alert"`) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	sim.Add("900101300017", kdpsim.Down)
	if a := ask(); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "не дал ответа") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := ask("org", w.shop.BIN); a.status != http.StatusConflict {
		t.Errorf("an operator without an account: %d", a.status)
	}
	if page := w.signedIn(locale.RU, w.daniyar).want(http.StatusOK, "/me/state"); strings.Contains(page, "GBDFL_FamilyInfoToken") {
		t.Error("another person sees it")
	}
	if strings.Contains(w.log.String(), "900101300017") {
		t.Error("the log has the number")
	}
	_, err := w.Consents.Withdraw(t.Context(), w.contracts.ID, consent.AllScopes, "", verify.Actor{Kind: "subject"})
	w.must(err)
	if page := b.want(http.StatusOK, "/me/state"); !strings.Contains(page, "больше не действует") {
		t.Error("a withdrawal does not show")
	}
}
