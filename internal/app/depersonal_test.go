package app_test

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/depersonal"
	"kelisim/internal/gate"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// A copy from before a depersonalisation has the data and not what was left of it:
// the restore destroys the one and counts in the other, by the methods of the act and
// in its month, once.
//
// duty: L1.6, L1.7
func TestARestoreDepersonalisesAgain(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		apptest.Consent(t, a, org, sub, "visit-statistics")
		ask := func(r gate.Request, values map[string]json.RawMessage) {
			t.Helper()
			r.Purpose = "visit-statistics"
			ans, err := a.Guard.Access(t.Context(), &gate.Ask{Request: r, Holder: org, Asker: org, Subject: sub, Actor: apptest.System, Values: values})
			if err != nil || !ans.Permit {
				t.Fatal(ans, err)
			}
		}
		ask(gate.Request{Action: register.Collect}, map[string]json.RawMessage{"visit-data": json.RawMessage(`{"device":"phone","pages":3}`)})
		db := apptest.Raw(t, a)
		exec := func(stmts ...string) {
			t.Helper()
			for _, s := range stmts {
				if _, err := db.ExecContext(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
		}
		tables := []string{"value", "data_key", "holding", "consent", "depersonalised"}
		for _, x := range tables {
			exec("CREATE TABLE old_" + x + " AS SELECT * FROM " + x)
		}
		ask(gate.Request{Action: register.Depersonalise, Categories: []string{"visit-data"}}, nil)
		month := depersonal.Month(clock.Now())
		for _, x := range tables {
			exec("DELETE FROM "+x, "INSERT INTO "+x+" SELECT * FROM old_"+x)
		}
		exec("DELETE FROM destruction")
		clock.Add(90 * 24 * time.Hour)
		restore(t, a, 1)
		restore(t, a, 0)
		all, err := a.Store.Depersonalised(t.Context(), org.ID, "visit-statistics")
		if err != nil || len(all) != 1 || all[0].People != 1 || all[0].Month != month || !maps.Equal(all[0].Cells, depersonal.Cells{"device": "phone", "pages": "2-4"}) {
			t.Fatalf("%+v %v", all, err)
		}
		h, err := a.Store.Holding(t.Context(), org.Inside(sub), org.ID)
		if err != nil || h.State != party.Destroyed || h.DataKey != nil {
			t.Fatal(h, err)
		}
		if left, err := a.Store.Values(t.Context(), org.Inside(sub), org.ID); err != nil || len(left) > 0 {
			t.Fatal(left, err)
		}
		apptest.Clean(t, a)
	})
}
