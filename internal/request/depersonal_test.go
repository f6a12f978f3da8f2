package request_test

import (
	"encoding/json"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/register"
	"kelisim/internal/request"
)

// A demand to destroy is a destruction unless the staff chooses otherwise, and it can
// choose so only where a purpose and the edition let it; the answer says what was
// left and on which provision.
//
// duty: P6.7, L17.1, L24.1.4
func TestDestructionMayLeaveDepersonalisedData(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const visit = `{"section":"help","device":"tablet","pages":3,"visitor":"8c1f"}`
		people := func() int {
			n := 0
			all, err := w.Store.Depersonalised(t.Context(), w.org.ID, "visit-statistics")
			for _, g := range all {
				n += g.People
			}
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		demand := func(purpose, category, value, cause string) *request.Request {
			t.Helper()
			who := w.person(purpose)
			ans, err := w.Guard.Access(t.Context(), &gate.Ask{
				Request: gate.Request{Action: register.Collect, Purpose: purpose}, Holder: w.org, Asker: w.org, Subject: w.org.Outside(who),
				Actor: apptest.System, Values: map[string]json.RawMessage{category: json.RawMessage(value)},
			})
			if err != nil || !ans.Permit {
				t.Fatal(ans, err)
			}
			return w.ask(who, request.Destroy, request.Details{Cause: cause})
		}
		plain := demand("visit-statistics", "visit-data", visit, "")
		if p, err := w.Requests.Preview(t.Context(), w.org, plain, nil); err != nil || !p.Leaves || p.Acts[0].Do != "destroy" {
			t.Fatalf("%+v %v", p, err)
		}
		done := w.fulfil(plain, nil)
		if b := w.body(done); b.Answer.Done[0].What != "destroy" || people() != 0 {
			t.Fatalf("by default it is a destruction: %+v", b.Answer)
		}
		for name, r := range map[string]*request.Request{
			"no research":             demand("contracts", "phone", `"87011112233"`, ""),
			"collected unlawfully":    demand("visit-statistics", "visit-data", visit, request.Unconsented),
			"nothing is left of this": demand("visit-statistics", "visit-data", `"x"`, ""),
		} {
			if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, &request.Fulfilment{Instead: "depersonalise"}, officer); !fault.Is(err, "depersonal-nothing") {
				t.Errorf("%s: %v", name, err)
			}
			if n, err := w.Requests.Of(t.Context(), w.org, r.ID); err != nil || n.Status != request.Open {
				t.Errorf("%s: %+v %v", name, n, err)
			}
		}
		r := demand("visit-statistics", "visit-data", visit, "")
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, &request.Fulfilment{Instead: "destroy"}, officer); !fault.Is(err, "bad-enum") {
			t.Error(err)
		}
		done = w.fulfil(r, &request.Fulfilment{Instead: "depersonalise"})
		a := w.body(done).Answer
		if done.Status != request.Fulfilled || people() != 1 || a.Act == nil || a.Done[0].What != "depersonalise" ||
			!strings.Contains(a.Text, "больше нельзя связать с вами") || !strings.Contains(a.Text, "17(1)") || !strings.Contains(a.Text, "24(1)4") {
			t.Fatalf("%+v", a)
		}
		acts, err := w.Store.Destructions(t.Context(), r.Subject, w.org.ID)
		if err != nil || len(acts) != 1 || !strings.Contains(string(acts[0]), `"depersonalised"`) {
			t.Fatalf("%s %v", acts, err)
		}
	})
}
