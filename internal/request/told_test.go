package request_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/request"
)

// Whoever has the data hears of its correction, block and destruction, each once:
// the recipient that a consent names, and the one that got it on a ground of the
// Law. Who got nothing hears nothing, and nobody hears a value.
//
// duty: L25.2.8a, L25.2.8b
func TestRecipientsAreTold(t *testing.T) {
	const payer, auditor, stranger = "180340022918", "090640031710", "050640011808"
	apptest.EachTold(t, app.Word{PrivateHooks: true}, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		w := &world{App: a, t: t, clock: clock}
		w.org = apptest.Apply(t, a, describe(t, "    actions: [collect, store, use, view]\n    retention: P5Y\n",
			"    actions: [collect, store, use, view, transfer]\n    retention: P5Y\n    recipients: [{bin: '"+auditor+"', name: {ru: Аудитор}, country: KZ}]\n"))
		var mu sync.Mutex
		var bodies []string
		box := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			bodies = append(bodies, string(b))
		}))
		t.Cleanup(box.Close)
		others := map[string]*party.Organization{}
		for _, bin := range []string{payer, auditor, stranger} {
			others[bin] = apptest.Apply(t, a, "organization: {bin: '"+bin+"', name: {ru: Получатель}, roles: [third-party]}")
			if _, _, err := a.Outbox.AddWebhook(t.Context(), others[bin], box.URL+"/"+bin, []string{"data.*"}, apptest.System); err != nil {
				t.Fatal(err)
			}
		}
		who := w.person("services")
		if _, err := a.Consents.Record(t.Context(), w.org, &consent.New{
			Subject: w.org.Outside(who), Terms: consent.Terms{Purposes: []string{"payment"}, ThirdParties: []string{payer}},
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		}); err != nil {
			t.Fatal(err)
		}
		w.collect(who, "ledger", "name", "Асыл Үлгі")
		w.collect(who, "services", "email", "old@mail.example", "phone", "+77010000001")
		ans, err := a.Guard.Access(t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.Transfer, Purpose: "ledger", Categories: []string{"name"}, Recipient: auditor},
			Holder:  w.org, Asker: w.org, Subject: w.org.Outside(who), Actor: apptest.System,
		})
		if err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		told := func() string {
			t.Helper()
			mu.Lock()
			bodies = nil
			mu.Unlock()
			if _, err := a.Deliverer("").Round(t.Context()); err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, b := range bodies {
				var e struct {
					Type, Subject string
					Data          struct{ Categories []string }
				}
				if err := json.Unmarshal([]byte(b), &e); err != nil {
					t.Fatal(err)
				}
				for bin, o := range others {
					if e.Subject == o.Outside(who).String() {
						out = append(out, map[string]string{payer: "payer", auditor: "auditor", stranger: "stranger"}[bin]+" "+
							strings.TrimPrefix(e.Type, "kz.kelisim.data.")+" "+strings.Join(e.Data.Categories, ","))
					}
				}
				for _, value := range []string{"mail.example", "Асыл", "7701"} {
					if strings.Contains(b, value) {
						t.Errorf("%s is told a value", b)
					}
				}
			}
			slices.Sort(out)
			return strings.Join(out, "; ")
		}
		want := func(what, list string) {
			t.Helper()
			if got := told(); got != list {
				t.Errorf("%s: told %q, want %q", what, got, list)
			}
		}
		// What changes in life is nobody's business but theirs.
		if ans, err := a.Guard.Access(t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.Change, Purpose: "services"}, Holder: w.org, Asker: w.org, Subject: w.org.Outside(who),
			Actor: apptest.System, Values: map[string]json.RawMessage{"phone": json.RawMessage(`"+77010000002"`)},
		}); err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		want("changed", "")
		mail := map[string]json.RawMessage{"email": json.RawMessage(`"new@mail.example"`)}
		w.fulfil(w.ask(who, request.Correct, request.Details{Values: mail}), nil)
		want("corrected", "payer corrected email")
		block := w.ask(who, request.Block, request.Details{Text: "утечка"})
		want("blocked", "auditor blocked ; payer blocked ")
		w.fulfil(block, nil)
		want("confirmed", "")
		w.fulfil(w.ask(who, request.Unblock, request.Details{}), nil)
		want("unblocked", "auditor unblocked ; payer unblocked ")
		w.fulfil(w.ask(who, request.Destroy, request.Details{}), nil)
		want("destroyed", "payer destroyed email,phone")
		apptest.Clean(t, a)
	})
}
