package store_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/order"
	"kelisim/internal/request"
	"kelisim/internal/store"
	"kelisim/internal/store/storetest"
	"kelisim/internal/term"
)

// A subject's consents are found by the subject's own rows, whatever else is
// asked: an organization has millions beside them.
func TestPlanOfConsents(t *testing.T) {
	t.Parallel()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "kelisim.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sub, org := newID(), newID()
	for name, f := range map[string]consent.Filter{
		"all":             {Subject: sub},
		"of one":          {Subject: sub, Org: org},
		"of some":         {Subject: sub, Orgs: []ident.ID{org, newID()}, Limit: 50},
		"a page":          {Subject: sub, After: newID(), Limit: 50},
		"active":          {Subject: sub, Status: consent.Active, Now: now, Limit: 50},
		"to a purpose":    {Subject: sub, Org: org, Purpose: "news", Limit: 50},
		"standing":        {Subject: sub, Org: org, Standing: true, Limit: 200},
		"of one, a page":  {Subject: sub, Org: org, After: newID(), Limit: 50},
		"expired, of one": {Subject: sub, Org: org, Status: consent.Expired, Now: now, Limit: 50},
	} {
		plan, err := s.PlanOfConsents(t.Context(), f)
		if err != nil || !strings.Contains(plan, "PRIMARY KEY (subject_id=?") || strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s (%v)", name, plan, err)
		}
	}
	plan, err := s.PlanOfConsents(t.Context(), consent.Filter{Org: org, Standing: true, After: newID(), Limit: 200})
	if err != nil || !strings.Contains(plan, "consent_org (org_id=? AND id<?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("of an organization: %s (%v)", plan, err)
	}
}

// What waits is read off an index in the order of what is due first, by the page,
// however much waits or was answered: an operator with 50,000 demands a year must
// not wait longer than one with five.
func TestPlanOfWhatIsDue(t *testing.T) {
	t.Parallel()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "kelisim.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sub, org := newID(), newID()
	for _, x := range []struct {
		name, want string
		plan       func() (string, error)
	}{
		{"that wait", "demand_open (org_id=?)", func() (string, error) {
			return s.PlanOfDemands(t.Context(), request.Filter{Org: org, Undone: true, Limit: 50})
		}},
		{"that wait, a page", "demand_open (org_id=? AND (due,id)>(?,?))", func() (string, error) {
			return s.PlanOfDemands(t.Context(), request.Filter{Org: org, Undone: true, After: newID(), Limit: 50})
		}},
		{"that a second has to agree to", "demand_open (org_id=?)", func() (string, error) {
			return s.PlanOfDemands(t.Context(), request.Filter{Org: org, Status: request.Approval, Limit: 50})
		}},
		{"that are late", "demand_open (org_id=? AND due<?)", func() (string, error) {
			return s.PlanOfDemands(t.Context(), request.Filter{Org: org, DueBefore: now, Limit: 50})
		}},
		{"all, a page", "demand_org (org_id=? AND (due,id)>(?,?))", func() (string, error) {
			return s.PlanOfDemands(t.Context(), request.Filter{Org: org, After: newID(), Limit: 50})
		}},
		{"of a subject", "PRIMARY KEY (subject_id=?)", func() (string, error) {
			return s.PlanOfDemands(t.Context(), request.Filter{Subject: sub, Orgs: []ident.ID{org}, Limit: 50})
		}},
		{"open orders", "orders_open (org_id=?)", func() (string, error) {
			return s.PlanOfOrders(t.Context(), order.Filter{Org: org, Status: order.Open, Limit: 50})
		}},
		{"examinations", "orders_looking (org_id=?)", func() (string, error) {
			return s.PlanOfOrders(t.Context(), order.Filter{Org: org, Kind: order.Examination, Status: order.Executed, Limit: 50})
		}},
		{"late orders of all", "term_order (due<?)", func() (string, error) {
			return s.PlanOfTerms(t.Context(), term.Filter{Status: term.Open, About: "order", DueBefore: now, Limit: 50})
		}},
	} {
		plan, err := x.plan()
		if err != nil || !strings.Contains(plan, x.want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s (%v)", x.name, plan, err)
		}
	}
	// Those of a subject with one organization are a few, and sorted.
	plan, err := s.PlanOfDemands(t.Context(), request.Filter{Subject: sub, Org: org, Undone: true, Limit: 50})
	if err != nil || !strings.Contains(plan, "PRIMARY KEY (subject_id=?)") {
		t.Errorf("of a subject with one organization: %s (%v)", plan, err)
	}
}

var manyConsents = flag.Int("consents", 20_000, "how many consents there are in BenchmarkFindConsents")

// BenchmarkFindConsents lists the consents of one person among many, three each,
// and finds one by its id.
func BenchmarkFindConsents(b *testing.B) {
	for name, open := range map[string]func() (*store.Store, error){
		"sqlite": func() (*store.Store, error) {
			return store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "kelisim.db"))
		},
		"postgres": func() (*store.Store, error) { return store.OpenPostgres(b.Context(), storetest.Postgres(b)) },
	} {
		b.Run(name, func(b *testing.B) {
			s, err := open()
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			org := newID()
			subjects, ids := fillConsents(b, s, org)
			for _, bench := range []struct {
				name string
				find func(i int) (int, error)
			}{
				{"list", func(i int) (int, error) {
					list, err := s.Consents(b.Context(), consent.Filter{Subject: subjects[i%len(subjects)], Org: org, Status: consent.Active, Now: now, Limit: 50})
					return len(list) - 2, err
				}},
				{"find", func(i int) (int, error) {
					c, err := s.Consent(b.Context(), ids[i%len(ids)])
					if err != nil {
						return 0, err
					}
					return int(c.Version), nil
				}},
			} {
				b.Run(bench.name, func(b *testing.B) {
					took := make([]time.Duration, 0, b.N)
					for i := range b.N {
						start := time.Now() //nolint:forbidigo // a measurement
						n, err := bench.find(i * 7919)
						if err != nil || n != 1 {
							b.Fatal(n, err)
						}
						took = append(took, time.Since(start)) //nolint:forbidigo // a measurement
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				})
			}
		})
	}
}

func fillConsents(b *testing.B, s *store.Store, org ident.ID) (subjects, ids []ident.ID) {
	b.Helper()
	const batch = 3000
	for range *manyConsents / batch {
		var args []any
		var values []string
		for range batch / 3 {
			sub := newID()
			subjects = append(subjects, sub)
			for range 3 {
				c := newID()
				ids = append(ids, c)
				values = append(values, fmt.Sprintf("(?%d, ?%d, ?1, 1, 'active', 1, ?2, 0, ?3, ?4, 'kk', 'hash', 1, ?5)", 6+len(args), 7+len(args)))
				args = append(args, sub[:], c[:])
			}
		}
		args = append([]any{
			org[:], now.UnixMilli(), `{"purposes":["news"],"categories":["email","name"]}`,
			`[{"at":"2023-11-23T09:00:00Z","status":"active","by":"subject","entry":"018bfb68-5280-7000-8000-000000000000"}]`, make([]byte, 200),
		}, args...)
		err := s.Exec(b.Context(), `INSERT INTO consent (subject_id, id, org_id, version, status, scopes, given_at, valid_until, terms, history,
			language, text_hash, register, sealed) VALUES `+strings.Join(values, ", "), [][]any{args})
		if err != nil {
			b.Fatal(err)
		}
	}
	return subjects, ids
}
