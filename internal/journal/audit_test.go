package journal_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/register"
	"kelisim/verify"
)

// forger is somebody with the database's disk and without the keys.
type forger struct {
	*app.App
	t   *testing.T
	db  *sql.DB
	now *apptest.Clock
	sub ident.ID

	second  ident.ID // an organization that has nothing to do with it
	outside []byte
}

// exec runs a statement, with {n} for the literal of the n-th argument.
func (f *forger) exec(statement string, args ...[]byte) {
	f.t.Helper()
	for i, a := range args {
		statement = strings.ReplaceAll(statement, fmt.Sprintf("{%d}", i), apptest.Bytes(f.App, a))
	}
	res, err := f.db.ExecContext(f.t.Context(), statement)
	if err != nil {
		f.t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err == nil && n == 0 && !strings.HasPrefix(statement, "CREATE") {
		f.t.Fatalf("nothing was forged by %s", statement)
	}
}

// row reads one value.
func (f *forger) row(query string) (out []byte) {
	f.t.Helper()
	if err := f.db.QueryRowContext(f.t.Context(), query).Scan(&out); err != nil {
		f.t.Fatal(err)
	}
	return out
}

// decide adds n entries and seals them.
func (f *forger) decide(n int) {
	f.t.Helper()
	org := apptest.Org(f.t, f.App, "")
	for range n {
		f.now.Add(time.Second)
		if _, err := f.Guard.Decide(f.t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.Use, Purpose: "news", Categories: []string{"email"}},
			Holder:  org, Asker: org, Subject: f.sub, Actor: apptest.System,
		}); err != nil {
			f.t.Fatal(err)
		}
	}
	for {
		n, err := f.Sealer.Step(f.t.Context())
		if err != nil {
			f.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func flipped(b []byte) []byte {
	out := append([]byte(nil), b...)
	out[len(out)/2] ^= 1
	return out
}

// The log has 30 leaves: 0 to 9, 10 to 19 and 20 to 29 were sealed together.
// Each forgery is named.
//
// duty: L22.1.2
func TestAuditNamesWhatWasForged(t *testing.T) {
	t.Parallel()
	flip := func(table, column, where string) func(*forger) {
		return func(f *forger) {
			was := f.row("SELECT " + column + " FROM " + table + " WHERE " + where)
			f.exec("UPDATE "+table+" SET "+column+" = {0} WHERE "+where, flipped(was))
		}
	}
	run := func(statements ...string) func(*forger) {
		return func(f *forger) {
			for _, st := range statements {
				f.exec(st, make([]byte, 16), make([]byte, 32), f.second[:], f.inside())
			}
		}
	}
	forgeries := []struct {
		name  string
		forge func(f *forger)
		want  string // in some finding
	}{
		{"one byte of an entry", flip("entry", "sealed", "leaf = 12"), "leaf 12: entry"},
		{"one byte of a commitment", flip("entry", "commitment", "leaf = 12"), "leaf 12: entry"},
		{"an entry deleted", run("DELETE FROM entry WHERE leaf = 12"), "leaf 12: the entry is missing"},
		{"several deleted", run("DELETE FROM entry WHERE leaf BETWEEN 12 AND 14"), "leaf 12: the entries 12 to 14 are missing"},
		{"the first deleted", run("DELETE FROM entry WHERE leaf = 0"), "leaf 0: the entry is missing"},
		{"the newest cut off", run("DELETE FROM entry WHERE leaf >= 25"), "leaf 25: the newest entries are missing: a checkpoint was signed for 30, 25 are there"},
		{"all deleted", run("DELETE FROM entry"), "the newest entries are missing"},
		{"an entry without its body", run("UPDATE entry SET sealed = NULL WHERE leaf = 12"), "leaf 12: the entry is gone"},
		{"an entry moved to nobody", run("UPDATE entry SET subject_id = {0} WHERE leaf = 12"), "leaf 12: entry"},
		{"to another organization", run("UPDATE entry SET org_id = {2} WHERE leaf = 12"), "leaf 12: entry"},
		{"to no organization", run("UPDATE entry SET org_id = {0} WHERE leaf = 12"), "leaf 12: entry"},
		{"another action", run("UPDATE entry SET action = 'view' WHERE leaf = 12"), "leaf 12: entry"},
		{"an entry added", func(f *forger) { f.copy(12, "30") }, "entry"},
		{"added in place of another", func(f *forger) { f.exec("DELETE FROM entry WHERE leaf = 12"); f.copy(13, "12") }, "leaf 12: entry"},
		{"two entries swapped", func(f *forger) { f.swap(11, 12) }, "the tree of size 20 is not the one that was signed"},
		{"a checkpoint forged", run("UPDATE checkpoint SET note = replace(note, '20', '21') WHERE size = 20"), "a checkpoint is not signed by this log's key"},
		{"a checkpoint unsigned", run("UPDATE checkpoint SET note = 'kelisim' WHERE size = 20"), "a checkpoint is not signed by this log's key"},
		{"the newest taken away", func(f *forger) { run("DELETE FROM checkpoint WHERE size = 30")(f); f.forget() }, "the log says 30 leaves, the newest checkpoint 20"},
		{"the log made shorter", run("UPDATE log SET size = 20"), "the log says 20 leaves, the newest checkpoint 30"},
		{"and longer", run("UPDATE log SET size = 40"), "the log says 40 leaves, the newest checkpoint 30"},
		{"a tile changed", flip("tile", "data", "level = 0 AND n = 0"), "tile 0/0 does not match the entries"},
		{"a tile emptied", run("UPDATE tile SET data = {0} WHERE level = 0 AND n = 0"), "tile 0/0 does not match the entries"},
		{"a tile deleted", run("DELETE FROM tile WHERE level = 0 AND n = 0"), "tile 0/0 is missing"},
		{"a tile added", run("INSERT INTO tile (level, n, data) VALUES (1, 0, {1})"), "tile 1/0 does not match the entries"},
		{"a person deleted", run("DELETE FROM subject WHERE id = {3}"), "its subject has no journal key"},
		{"a journal key replaced", run("UPDATE subject SET journal_key = {1}"), "a subject's journal key does not open"},
	}
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		f := newForger(t, a, clock)
		f.keep()
		for _, c := range forgeries {
			c.forge(f)
			f.wantFinding(c.name, c.want)
			f.putBack()
		}
		f.wantFinding("nothing", "")
	})
}

// What was cut off stays missing: the log goes on behind the hole, lists show
// what is left, and the audit still names what is gone.
func TestLogGoesOnBehindAHole(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		f := newForger(t, a, clock)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		f.exec("DELETE FROM entry WHERE leaf = 12 OR leaf >= 25")
		f.App = apptest.Reopen(t, a)
		f.decide(5)
		f.wantFinding("a hole", "leaf 25: the entries 25 to 29 are missing")
		f.wantFinding("a hole", "leaf 12: the entry is missing")
		if size, err := f.Store.LogSize(t.Context()); err != nil || size != 35 {
			t.Fatalf("%d leaves: %v", size, err)
		}
		org := apptest.Org(t, f.App, "")
		for name, filter := range map[string]journal.Filter{
			"subject": {BySubject: true, Subject: org.Inside(f.sub), Limit: 100}, "organization": {Org: org.ID, Limit: 100},
		} {
			var leaves []int64
			rows, err := f.Store.Entries(t.Context(), filter)
			for i := range rows {
				if rows[i].Leaf >= 10 {
					leaves = append(leaves, rows[i].Leaf)
				}
			}
			slices.Sort(leaves)
			want := []int64{10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 30, 31, 32, 33, 34}
			if err != nil || !slices.Equal(leaves, want) {
				t.Errorf("of the %s, leaves %v are listed, want %v (%v)", name, leaves, want, err)
			}
		}
	})
}

// Nor can an entry be hidden from the list of whom it concerns, though it stays
// in the log.
func TestAuditNamesWhatWasHidden(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t) // PostgreSQL lists by indexes
	apptest.Apply(t, a, apptest.Bestam(t))
	f := newForger(t, a, clock)
	if err := a.Close(); err != nil { // notes the newest entry of everybody
		t.Fatal(err)
	}
	f.App = apptest.Reopen(t, a)
	f.keep()
	for _, c := range []struct{ statement, want string }{
		{"UPDATE entry SET before = 10 WHERE leaf = 15", "leaf 15: points to entry 10 as the one before it, which is 14"},
		{"UPDATE entry SET org_before = -1 WHERE leaf = 15", "leaf 15: points to entry -1 as the one before it, which is 14"},
		{"UPDATE subject SET head = 20", "leaf 29: is somebody's newest entry, and 20 is noted"},
		{"UPDATE organization SET head = 20 WHERE head = 29", "leaf 29: is somebody's newest entry, and 20 is noted"},
		{"UPDATE organization SET head = -1 WHERE head = 29", "leaf 29: is somebody's newest entry, and -1 is noted"},
	} {
		f.exec(c.statement)
		f.wantFinding(c.statement, c.want)
		f.putBack()
	}
}

// wantFinding audits and looks for a finding; none at all for an empty one.
func (f *forger) wantFinding(forgery, want string) {
	f.t.Helper()
	r, err := f.Audit(f.t.Context(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	var all []string
	for _, x := range r.Findings {
		all = append(all, x.String())
	}
	if (want == "") != (len(all) == 0) || !strings.Contains(strings.Join(all, "\n"), want) {
		f.t.Errorf("%s: found %q, want %q", forgery, all, want)
	}
	if len(all) > 60 {
		f.t.Errorf("%s: %d findings for one forgery", forgery, len(all))
	}
}

// A database put back to what it was yesterday is whole in itself: the
// checkpoint that is kept outside tells.
func TestAuditNoticesAnOlderCopy(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		f := newForger(t, a, clock)
		f.keep()
		f.decide(5)
		f.restore()
		f.wantFinding("put back", "leaf 30: the newest entries are missing: a checkpoint was signed for 35, 30 are there")
	})
}

// Nor can it be replaced by another installation's, whole as that is.
func TestAuditNoticesAnotherLog(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		f := newForger(t, a, clock)
		open := apptest.SQLite
		if a.Database != "" {
			open = apptest.Postgres
		}
		b, clock := open(t)
		apptest.Apply(t, b, apptest.Bestam(t))
		other := newForger(t, b, clock)
		for _, table := range []string{"entry", "tile", "checkpoint"} {
			f.exec("DELETE FROM " + table)
			f.load(table, dump(t, other.db, table))
		}
		f.wantFinding("another log", "a checkpoint is not signed by this log's key")
	})
}

var kept = []string{"entry", "tile", "checkpoint", "log", "subject", "organization"}

// keep takes a copy of the log, restore puts it back, putBack the checkpoint
// outside too.
func (f *forger) keep() {
	f.t.Helper()
	for _, table := range kept {
		f.exec("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table)
	}
	var err error
	if f.outside, err = os.ReadFile(f.Data + "/checkpoint"); err != nil {
		f.t.Fatal(err)
	}
}

func (f *forger) restore() {
	f.t.Helper()
	for _, table := range kept {
		if _, err := f.db.ExecContext(f.t.Context(), "DELETE FROM "+table); err != nil {
			f.t.Fatal(err)
		}
		f.exec("INSERT INTO " + table + " SELECT * FROM kept_" + table)
	}
}

func (f *forger) putBack() {
	f.t.Helper()
	f.restore()
	if err := os.WriteFile(f.Data+"/checkpoint", f.outside, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func newForger(t *testing.T, a *app.App, clock *apptest.Clock) *forger {
	t.Helper()
	org := apptest.Org(t, a, "")
	f := &forger{App: a, t: t, db: apptest.Raw(t, a), now: clock, sub: apptest.Subject(t, a, org, 1)}
	apptest.Consent(t, a, org, f.sub, "news")
	f.second = apptest.Apply(t, a, strings.Replace(apptest.Bestam(t), "150940018738", "140440000041", 1)).ID
	f.decide(4) // with what was before, ten
	f.decide(10)
	f.decide(10)
	if r, err := a.Audit(t.Context(), nil); err != nil || len(r.Findings) > 0 || r.Size != 30 || r.Entries != 30 {
		t.Fatalf("%+v: %v", r, err)
	}
	return f
}

// copy adds a row like that of a leaf, under another id and a leaf number.
func (f *forger) copy(leaf int, as string) {
	f.t.Helper()
	id := ident.NewID(f.now.Now())
	names := columns(f.t, f.db, "entry")
	values := slices.Clone(names)
	values[slices.Index(names, "leaf")] = as
	values[slices.Index(names, "id")] = "{0}"
	f.exec(fmt.Sprintf("INSERT INTO entry (%s) SELECT %s FROM entry WHERE leaf = %d",
		strings.Join(names, ", "), strings.Join(values, ", "), leaf), id[:])
}

// columns lists those of a table.
func columns(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" WHERE 1 = 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func (f *forger) swap(a, b int) {
	f.t.Helper()
	f.exec(fmt.Sprintf("UPDATE entry SET leaf = 1000 WHERE leaf = %d", a))
	f.exec(fmt.Sprintf("UPDATE entry SET leaf = %d WHERE leaf = %d", a, b))
	f.exec(fmt.Sprintf("UPDATE entry SET leaf = %d WHERE leaf = 1000", b))
}

// forget takes the checkpoint beside the database away.
func (f *forger) forget() {
	f.t.Helper()
	if err := os.Remove(f.Data + "/checkpoint"); err != nil {
		f.t.Fatal(err)
	}
}

func (f *forger) inside() []byte {
	id := apptest.Org(f.t, f.App, "").Inside(f.sub)
	return id[:]
}

// dump reads a table as literals.
func dump(t *testing.T, db *sql.DB, table string) (out [][]any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := len(columns(t, db, table))
	for rows.Next() {
		values, at := make([]any, n), make([]any, n)
		for i := range values {
			at[i] = &values[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		out = append(out, values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func (f *forger) load(table string, rows [][]any) {
	f.t.Helper()
	for _, row := range rows {
		var list []string
		for _, v := range row {
			switch v := v.(type) {
			case []byte:
				list = append(list, apptest.Bytes(f.App, v))
			case string:
				list = append(list, "'"+v+"'")
			default:
				list = append(list, fmt.Sprint(v))
			}
		}
		f.exec("INSERT INTO " + table + " VALUES (" + strings.Join(list, ", ") + ")")
	}
}

// An audit beside a server at work finds nothing wrong with what is right.
func TestAuditBesideTheSealer(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		f := newForger(t, a, clock)
		org := apptest.Org(t, a, "")
		const most = 3000 // so that an audit, which takes longer the more there is, gets to its end
		ctx, stop := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		busy.Go(func() {
			for i := 0; i < most && ctx.Err() == nil; i++ {
				clock.Add(time.Millisecond)
				if _, err := a.Guard.Decide(t.Context(), &gate.Ask{
					Request: gate.Request{Action: register.Use, Purpose: "news"}, Holder: org, Asker: org, Subject: f.sub, Actor: apptest.System,
				}); err != nil {
					t.Error(err)
					return
				}
				if i%3 == 0 {
					if _, err := a.Sealer.Step(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
		busy.Go(func() {
			for i := 0; i < most && ctx.Err() == nil; i++ {
				apptest.Subject(t, a, org, 100+i)
			}
		})
		audits := 20
		if testing.Short() {
			audits = 5
		}
		var last int64
		for ; audits > 0 || last < 100; audits-- {
			r, err := a.Audit(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range r.Findings {
				t.Error(x)
			}
			last = r.Entries
		}
		stop()
		busy.Wait()
		apptest.Clean(t, a)
	})
}

// A receipt proves an entry to whoever has the log's public key and nothing
// else; before the entry is sealed there is none.
func TestReceipt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		f := newForger(t, a, clock)
		org := apptest.Org(t, a, "")
		rows, list, err := a.Journal.List(t.Context(), journal.Filter{Org: org.ID, BySubject: true, Subject: org.Inside(f.sub), Limit: 100})
		if err != nil || len(rows) != 26 {
			t.Fatal(len(rows), err)
		}
		for i := range rows {
			r, err := a.Journal.Receipt(t.Context(), journal.Filter{Org: org.ID}, rows[i].ID)
			if err != nil {
				t.Fatal(err)
			}
			e, c, err := r.Check(a.Keys.Checker)
			if err != nil || e.ID != list[i].ID || c.Size != 30 {
				t.Fatalf("leaf %d: %v", rows[i].Leaf, err)
			}
		}
		ans, err := a.Guard.Decide(t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.Use, Purpose: "news"}, Holder: org, Asker: org, Subject: f.sub, Actor: apptest.System,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Journal.Receipt(t.Context(), journal.Filter{Org: org.ID}, ans.ID); err == nil || !strings.Contains(err.Error(), "not-sealed-yet") {
			t.Fatalf("a receipt of what is not sealed: %v", err)
		}
		if _, err := a.Journal.Receipt(t.Context(), journal.Filter{Org: ident.NewID(clock.Now())}, rows[0].ID); err == nil {
			t.Fatal("a receipt for an organization that the entry does not concern")
		}
	})
}

// The log that a real store keeps serves clients that nobody here wrote.
func TestStoredLogServesOtherClients(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		f := newForger(t, a, clock)
		f.decide(300)
		signed, err := a.Store.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := verify.OpenCheckpoint(signed, a.Keys.Checker)
		if err != nil || c.Size != 330 {
			t.Fatal(c, err)
		}
		leaves, err := a.Store.Commitments(t.Context(), 0, c.Size)
		if err != nil || root(leaves) != c.Root {
			t.Fatalf("the signed root is not that of the leaves: %v", err)
		}
		if got, err := verify.CheckLog(a.Keys.Checker, func(path string) ([]byte, error) { return fetch(a.Journal, path) }); err != nil || got != c {
			t.Fatalf("replayed to %+v: %v", got, err)
		}
		checkTiles(t, a.Journal, c, leaves)
		if r, err := a.Audit(t.Context(), nil); err != nil || r.Root != hex.EncodeToString(c.Root[:]) {
			t.Fatal(r, err)
		}
	})
}
