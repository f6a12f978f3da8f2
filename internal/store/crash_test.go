package store_test

import (
	"bufio"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// The process that gets killed is this one, run once more with a data directory and
// a database in its environment.
const crashEnv = "KELISIM_TEST_CRASH"

func TestMain(m *testing.M) {
	if c := os.Getenv(crashEnv); c != "" {
		if err := crashing(c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// crashing serves under load until it is killed, and writes the id of each
// entry that was answered to its output.
func crashing(config string) error {
	data, database, _ := strings.Cut(config, "\n")
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Data: data, Database: database, SealEvery: 5 * time.Millisecond})
	if err != nil {
		return err
	}
	org, err := a.Parties.Organization(ctx, apptest.BIN)
	if err != nil {
		return err
	}
	go a.Sealer.Run(ctx)
	failed := make(chan error)
	for range 32 {
		go func() { failed <- serve(ctx, a, org) }()
	}
	return <-failed
}

// serve is one caller: decisions mostly, now and then data and consents.
func serve(ctx context.Context, a *app.App, org *party.Organization) error {
	sub, _, err := a.Parties.Register(ctx, org, apptest.System, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.External, Value: crand.Text()}}, Profile: party.Profile{Name: "Асыл"},
	})
	if err != nil {
		return err
	}
	var c *consent.Consent
	for i := 0; ; i++ {
		if i%50 == 0 {
			if c, err = a.Consents.Record(ctx, org, &consent.New{
				Subject: sub, Terms: consent.Terms{Purposes: []string{"contracts"}}, Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
			}); err != nil {
				return err
			}
			answered(c.History[0].Entry)
		}
		ask := &gate.Ask{
			Request: gate.Request{Action: register.Use, Purpose: "contracts", Categories: []string{"name"}},
			Holder:  org, Asker: org, Subject: sub, Actor: apptest.System,
		}
		if i%10 == 3 {
			ask.Action, ask.Values = register.Collect, map[string]json.RawMessage{"name": []byte(`"Асыл"`)}
		}
		switch i % 50 {
		case 25:
			ask.Action, ask.Values, ask.Categories = register.Collect, map[string]json.RawMessage{"iin": fmt.Appendf(nil, "%q", apptest.IIN(1))}, nil
		case 26:
			ask.Action, ask.Categories = register.Depersonalise, []string{"iin"}
		}
		ans, err := a.Guard.Access(ctx, ask)
		if err != nil {
			return err
		}
		answered(ans.ID)
		if i%50 == 49 {
			if c, err = a.Consents.Withdraw(ctx, c.ID, consent.AllScopes, "", apptest.Person); err != nil {
				return err
			}
			answered(c.History[len(c.History)-1].Entry)
		}
	}
}

// answered writes a line in one piece, past any buffer.
func answered(id ident.ID) {
	_, _ = os.Stdout.WriteString(id.String() + "\n")
}

// Killed at any moment under load, it opens again: every answered entry is in
// the log and in the lists, none is doubled, the log is whole and goes on.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		kills := 20
		if testing.Short() || a.Database != "" { // there the database itself is not killed
			kills = 3
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		all := map[ident.ID]bool{}
		for i := range kills {
			lived := time.Duration(rand.IntN(150)) * time.Millisecond
			n := killed(t, a.Config, i%5 == 4, lived, all)
			if i%5 != 4 && n == 0 {
				t.Errorf("kill %d: nothing was answered before", i)
			}
			afterKill(t, a, all)
		}
		t.Logf("%d answers before %d kills", len(all), kills)
	})
}

// killed runs a process and kills it a while after its first answer, or after
// its start. What it answered is added to all.
func killed(t *testing.T, c app.Config, early bool, lived time.Duration, all map[ident.ID]bool) (n int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashEnv+"="+c.Data+"\n"+c.Database)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	kill := func() { once.Do(func() { time.AfterFunc(lived, func() { _ = cmd.Process.Kill() }) }) }
	if early {
		kill()
	}
	lines := bufio.NewScanner(io.LimitReader(out, 1<<30))
	for lines.Scan() {
		kill()
		id, err := ident.ParseID(lines.Text())
		if err != nil {
			t.Fatalf("answered %q", lines.Text())
		}
		all[id] = true
		n++
	}
	_ = cmd.Wait() // it was killed
	return n
}

func afterKill(t *testing.T, a *app.App, all map[ident.ID]bool) {
	t.Helper()
	b, err := app.Open(t.Context(), a.Config)
	if err != nil {
		t.Fatal("it does not open: ", err)
	}
	defer b.Close()
	apptest.Clean(t, b)
	seen, leaves := map[ident.ID]bool{}, map[int64]bool{}
	if err := b.Store.Scan(t.Context(), func(r *journal.Row) error {
		if seen[r.ID] || leaves[r.Leaf] {
			t.Errorf("leaf %d stands twice", r.Leaf)
		}
		seen[r.ID], leaves[r.Leaf] = true, true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	listed := map[ident.ID]bool{}
	rows, err := b.Store.Entries(t.Context(), journal.Filter{Org: apptest.Org(t, b, "").ID, Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	for i := range rows {
		listed[rows[i].ID] = true
		if rows[i].Action == "depersonalise" {
			entries++
		}
	}
	if n := counted(b, apptest.Org(t, b, "").ID, "contracts"); n != entries {
		t.Errorf("%d are counted in by %d entries", n, entries)
	}
	for id := range all {
		if !seen[id] {
			t.Errorf("entry %s was answered and is not in the log", id)
		} else if !listed[id] {
			t.Errorf("entry %s was answered and is not in its list", id)
		}
	}
}
