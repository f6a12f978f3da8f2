package vault_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/depersonal"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// visitor is somebody of a made-up crowd, with all that could give them away.
type visitor struct {
	sub     ident.ID // as the operator knows the person
	secrets []string
	cells   depersonal.Cells
}

// crowd lets people come, each with values that stand nowhere by chance.
func crowd(t *testing.T, a *app.App, org *party.Organization, n int) []*visitor {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // the same people each time
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var all []*visitor
	for i := range n {
		v := &visitor{sub: apptest.Subject(t, a, org, 100+i), cells: depersonal.Cells{"section": pick("help", "news"), "device": pick("phone", "tablet"), "pages": "5-9"}}
		cookie, page := fmt.Sprintf("qupiya%016x", r.Uint64()), fmt.Sprintf("/jasyryn/%d", r.Uint64())
		v.secrets = []string{cookie, page, apptest.IIN(100 + i), fmt.Sprintf("+7701%07d", 100+i)}
		for _, c := range []*consent.Consent{apptest.Consent(t, a, org, v.sub, "visit-statistics"), apptest.Consent(t, a, org, v.sub, "contracts")} {
			purpose, values := c.Terms.Purposes[0], map[string]json.RawMessage{}
			if purpose == "contracts" {
				values["iin"], values["name"] = quoted(v.secrets[2]), quoted("Құпия "+cookie)
			} else {
				values["visit-data"] = fmt.Appendf(nil, `{"section":%q,"device":%q,"pages":%d,"cookie":%q,"last":%q}`, v.cells["section"], v.cells["device"], 5+r.IntN(5), cookie, page)
			}
			ask := &gate.Ask{Request: gate.Request{Action: register.Collect, Purpose: purpose}, Holder: org, Asker: org, Subject: v.sub, Actor: apptest.System, Values: values}
			if ans, err := a.Guard.Access(t.Context(), ask); err != nil || !ans.Permit {
				t.Fatal(ans, err)
			}
			if _, err := a.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, v)
	}
	return all
}

// After depersonalisation nothing that was planted and no id of anybody stands in
// the table or, with the database checkpointed, anywhere on the disk; and what is
// given out, joined with all that is known of the people, fits at least k of them.
//
// duty: L1.7, P6.7, L22.1.1
func TestDepersonalisedDataLeadsToNobody(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		people := crowd(t, a, org, 24)
		clock.Set(clock.Now().AddDate(1, 0, 1))
		due, err := a.Store.DueHoldings(t.Context(), clock.Now(), 1000)
		if err != nil || len(due) != len(people) {
			t.Fatal(len(due), err)
		}
		for i := range due { // and once more when the contracts' term is over
			if _, err := a.Guard.Expire(t.Context(), due[i].Subject, org.ID); err != nil {
				t.Fatal(err)
			}
		}
		clock.Set(clock.Now().AddDate(2, 0, 1))
		for i := range due {
			if _, err := a.Guard.Expire(t.Context(), due[i].Subject, org.ID); err != nil {
				t.Fatal(err)
			}
		}
		searchTable(t, a, org, people)
		searchDisk(t, a, people)
		clock.Set(clock.Now().AddDate(0, 2, 0))
		for _, purpose := range []string{"visit-statistics", "contracts"} {
			all, err := a.Store.Depersonalised(t.Context(), org.ID, purpose)
			counted := 0
			for _, g := range all {
				counted += g.People
			}
			if err != nil || counted != len(people) {
				t.Fatalf("%s: %d are counted in (%v)", purpose, counted, err)
			}
		}
		r, _, err := a.Guard.Statistics(t.Context(), org, "visit-statistics", apptest.System)
		if err != nil || r.Records == 0 {
			t.Fatal(r, err)
		}
		join(t, r, people)
		apptest.Clean(t, a)
	})
}

// searchTable looks through all columns of the table, as it is written out.
func searchTable(t *testing.T, a *app.App, org *party.Organization, people []*visitor) {
	t.Helper()
	rows, err := apptest.Raw(t, a).QueryContext(t.Context(), `SELECT purpose, month, sum, cells, people FROM depersonalised ORDER BY purpose, month, sum`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var text strings.Builder
	for rows.Next() {
		var purpose, month, cells string
		var sum []byte
		var n int
		if err := rows.Scan(&purpose, &month, &sum, &cells, &n); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s %s %s %x %s %d\n", purpose, month, sum, sum, cells, n)
	}
	if err := rows.Err(); err != nil || text.Len() == 0 {
		t.Fatal(text.Len(), err)
	}
	for _, v := range people {
		inside := org.Inside(v.sub)
		for _, trace := range append(slices.Clone(v.secrets), v.sub.String(), inside.String(), string(v.sub[:]), string(inside[:]), hex.EncodeToString(v.sub[:]), hex.EncodeToString(inside[:])) {
			if strings.Contains(text.String(), trace) {
				t.Errorf("the table holds %q", trace)
			}
		}
	}
}

// searchDisk reads every file of the data directory after a checkpoint.
func searchDisk(t *testing.T, a *app.App, people []*visitor) {
	t.Helper()
	if a.Database == "" {
		if _, err := apptest.Raw(t, a).ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
			t.Fatal(err)
		}
	}
	var traces []string
	for _, v := range people {
		for _, s := range v.secrets {
			traces = append(traces, s, hex.EncodeToString([]byte(s)))
		}
	}
	err := filepath.WalkDir(a.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, trace := range traces {
			if strings.Contains(string(b), trace) {
				t.Errorf("the file %s holds %q", d.Name(), trace)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// join asks, of everybody, whom the groups that fit could be.
func join(t *testing.T, r *depersonal.Released, people []*visitor) {
	t.Helper()
	columns := r.Columns()
	for mask := range 1 << len(columns) {
		fits := func(g *depersonal.Group, v *visitor) bool {
			for i, c := range columns {
				if mask&(1<<i) != 0 && g.Cells[c] != v.cells[c] {
					return false
				}
			}
			return true
		}
		for i := range r.Groups {
			n := 0
			for _, v := range people {
				if fits(&r.Groups[i], v) {
					n++
				}
			}
			if n < r.K {
				t.Errorf("by columns %b the group %v fits %d people", mask, slices.Sorted(maps.Keys(r.Groups[i].Cells)), n)
			}
		}
	}
}
