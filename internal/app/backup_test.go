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
