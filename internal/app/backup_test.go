package app_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// collected is a person of whom a name and an address were collected.
func collected(t *testing.T, a *app.App, org *party.Organization, n int) ident.ID {
	t.Helper()
	sub := apptest.Subject(t, a, org, n)
	apptest.Consent(t, a, org, sub, "contracts")
	access(t, a, org, sub, gate.Request{Base: "site", Action: register.Collect, Purpose: "contracts"}, `"Асыл"`)
	return sub
}

func access(t *testing.T, a *app.App, org *party.Organization, sub ident.ID, r gate.Request, name string) {
	t.Helper()
	ask := &gate.Ask{Request: r, Holder: org, Asker: org, Subject: sub, Actor: apptest.System}
	if name != "" {
		ask.Values = map[string]json.RawMessage{"name": json.RawMessage(name), "email": json.RawMessage(`"a@example.kz"`)}
	}
	if ans, err := a.Guard.Access(t.Context(), ask); err != nil || !ans.Permit {
		t.Fatal(ans, err)
	}
}

// A database that is put back by its own tools under a directory that lived on is
// not served before what was destroyed since is destroyed again: rows, key, consent
// and all, on every engine.
//
// duty: L1.6
func TestADatabasePutBackIsNotServed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		whole, part := collected(t, a, org, 1), collected(t, a, org, 2)
		db := apptest.Raw(t, a)
		exec := func(stmts ...string) {
			t.Helper()
			for _, s := range stmts {
				if _, err := db.Exec(s); err != nil {
					t.Fatal(err)
				}
			}
		}
		tables := []string{"value", "data_key", "holding", "consent"}
		for _, x := range tables {
			exec("CREATE TABLE old_" + x + " AS SELECT * FROM " + x)
		}
		access(t, a, org, whole, gate.Request{Action: register.Destroy}, "")
		access(t, a, org, part, gate.Request{Action: register.Destroy, Categories: []string{"email"}}, "")
		if err := a.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, x := range tables {
			exec("DELETE FROM "+x, "INSERT INTO "+x+" SELECT * FROM old_"+x)
		}
		exec("DELETE FROM destruction")
		if err := a.Settle(t.Context()); !fault.Is(err, "replay-needed") {
			t.Fatal(err)
		}
		restore(t, a, 2)
		restore(t, a, 0)
		if err := a.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		h, err := a.Store.Holding(t.Context(), org.Inside(whole), org.ID)
		if err != nil || h.State != party.Destroyed || h.DataKey != nil {
			t.Fatal(h, err)
		}
		left, err := a.Store.Values(t.Context(), org.Inside(part), org.ID)
		if err != nil || len(left) != 1 || left[0].Category != "name" {
			t.Fatal(left, err)
		}
		list, err := a.Store.Consents(t.Context(), consent.Filter{Subject: org.Inside(whole), Org: org.ID})
		if err != nil || list[0].Status != consent.Ended {
			t.Fatal(list, err)
		}
		apptest.Clean(t, a)
	})
}

// restore replays and checks how many destructions were done again.
func restore(t *testing.T, a *app.App, want int) {
	t.Helper()
	done, err := app.Restore(t.Context(), app.Config{Data: a.Data, Database: a.Database, Now: a.Now}, app.Restoring{})
	if err != nil || done.Done != want {
		t.Fatalf("%+v, %v; want %d", done, err, want)
	}
}

// Power may fail between a destruction and its line, or inside the line: the next
// start makes up for both. A line that somebody changed is not made up for.
func TestTheLedgerFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	a, _ := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	for n := range 2 {
		access(t, a, org, collected(t, a, org, n+1), gate.Request{Action: register.Destroy}, "")
	}
	path := filepath.Join(a.Data, "destroyed")
	b, err := os.ReadFile(path)
	if err != nil || strings.Count(string(b), "\n") != 2 {
		t.Fatal(string(b), err)
	}
	for _, cut := range []int{0, len(b) / 4, len(b) / 2, len(b) - 1} {
		if err := os.WriteFile(path, b[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := a.Settle(t.Context()); err != nil {
			t.Fatal(cut, err)
		}
		lines, err := a.Ledger.Lines()
		if err != nil || len(lines) != 2 {
			t.Fatalf("cut at %d: %d lines, %v", cut, len(lines), err)
		}
	}
	if err := os.WriteFile(path, append([]byte("{}\n"), b...), 0o600); err != nil {
		t.Fatal(err)
	}
	var f *fault.Error
	if err := a.Settle(t.Context()); !errors.As(err, &f) || f.Code != "destroyed-unreadable" || f.Line != 1 {
		t.Fatal(err)
	}
}

// The end of the ledger that was cut off is noticed, though each line is signed by
// itself: by its count when the program starts on a database that was put back as
// well, and by a restore; and so is a ledger older than the backup.
//
// duty: L1.6
func TestACutLedgerIsNoticed(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	var people []ident.ID
	for n := range 4 {
		people = append(people, collected(t, a, org, n+1))
	}
	access(t, a, org, people[0], gate.Request{Action: register.Destroy}, "")
	copied := filepath.Join(t.TempDir(), "copy")
	if _, err := a.Backup(t.Context(), copied, "test", true); err != nil {
		t.Fatal(err)
	}
	for _, p := range people[1:] {
		access(t, a, org, p, gate.Request{Action: register.Destroy}, "")
	}
	whole, err := os.ReadFile(a.Ledger.Path)
	if err != nil {
		t.Fatal(err)
	}
	count, err := os.ReadFile(a.Ledger.CountFile())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for name, x := range map[string]struct {
		ledger string
		count  bool
		lost   bool
		code   string
		done   int
	}{
		"whole":               {string(whole), true, false, "", 3},
		"cut":                 {strings.Join(lines[:3], ""), true, false, "destroyed-cut", 0},
		"cut to nothing":      {"", true, false, "destroyed-cut", 0},
		"a line in it gone":   {lines[0] + lines[1] + lines[3], true, false, "destroyed-cut", 0},
		"cut, and said so":    {strings.Join(lines[:3], ""), true, true, "", 2},
		"whole, not counted":  {string(whole), false, false, "", 3},
		"older than the copy": {lines[1], false, false, "destroyed-cut", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := app.Config{Data: t.TempDir(), Now: clock.Now}
			ledger := filepath.Join(t.TempDir(), "destroyed")
			write(t, ledger, []byte(x.ledger))
			if x.count {
				write(t, ledger+".count", count)
			}
			done, err := app.Restore(t.Context(), c, app.Restoring{From: copied, Destroyed: []string{ledger}, Lost: x.lost})
			if x.code != "" {
				if !fault.Is(err, x.code) || !fault.Is(app.ReplayNeeded(c.Data), "replay-needed") {
					t.Fatalf("%+v, %v", done, err)
				}
				done, err = app.Restore(t.Context(), c, app.Restoring{Destroyed: []string{ledger, a.Ledger.Path}}) // the whole one is found
				x.done = 3
			}
			if err != nil || done.Done != x.done || (len(done.Uncounted) == 0) != x.count && x.code == "" {
				t.Fatalf("%+v, %v", done, err)
			}
		})
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, a.Ledger.Path, []byte(strings.Join(lines[:1], "")))
	old, err := os.ReadFile(filepath.Join(copied, "kelisim.db"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(a.Data, "kelisim.db"), old)
	a = apptest.Reopen(t, a)
	if err := a.Settle(t.Context()); !fault.Is(err, "destroyed-cut") {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A disk that takes no line does not undo the destruction; the line comes later.
func TestALineThatCouldNotBeWrittenComesLater(t *testing.T) {
	t.Parallel()
	a, _ := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	sub := collected(t, a, org, 1)
	good := a.Ledger.Path
	a.Ledger.Path = filepath.Join(a.Data, "nowhere", "destroyed")
	access(t, a, org, sub, gate.Request{Action: register.Destroy}, "")
	a.Ledger.Path = good
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines, err := a.Ledger.Lines(); err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
}
