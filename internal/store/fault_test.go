package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/store"
)

// house is an installation whose disk may fail.
type house struct {
	*app.App
	t   testing.TB
	fs  *faultFS
	org *party.Organization
	sub ident.ID
	// done are checks of what was answered as done, to be made once the disk is
	// well again.
	done []func(a *app.App) error
	errs []error
}

// seed is a directory to copy: an operator, a person with a consent, a sealed
// log.
type seed struct {
	dir     string
	app     *app.App
	sub     ident.ID
	consent ident.ID
}

func newSeed(t *testing.T) *seed {
	t.Helper()
	a, _ := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	s := &seed{dir: a.Data, app: a, sub: apptest.Subject(t, a, org, 1)}
	s.consent = apptest.Consent(t, a, org, s.sub, "contracts").ID
	apptest.Clean(t, a)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens a copy of the seed through a file system.
func (s *seed) open(t *testing.T, disk *faultFS) *house {
	t.Helper()
	c := s.app.Config
	c.Data = t.TempDir()
	if err := os.CopyFS(c.Data, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(c.Data, "master.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Log = slog.New(slog.DiscardHandler)
	st, err := store.OpenSQLiteThrough(t.Context(), filepath.Join(c.Data, "kelisim.db"), disk.name)
	if err != nil {
		t.Fatal(err)
	}
	a := &app.App{Config: c, Store: st, Keys: s.app.Keys}
	a.Accounts = &account.Accounts{Store: st, Keys: a.Keys, Now: c.Now}
	a.Parties = &party.Parties{Store: st, Keys: a.Keys, Now: c.Now}
	a.Consents = &consent.Consents{Store: st, Parties: a.Parties, Keys: a.Keys, Now: c.Now}
	a.Guard = &gate.Guard{Store: st, Parties: a.Parties, Keys: a.Keys, Now: c.Now, Cache: gate.NewCache(10)}
	a.Journal = &journal.Reader{Store: st, Keys: a.Keys, KeyOf: a.Parties.JournalKey}
	a.Sealer = &journal.Sealer{Store: st, Keys: a.Keys, Now: c.Now, Log: c.Log, Every: time.Second}
	h := &house{App: a, t: t, fs: disk, sub: s.sub}
	h.org = apptest.Org(t, a, "")
	return h
}

// step does one thing. If it is answered as done, check must hold for ever; if
// not, the answer must be that it could not be done.
func (h *house) step(what string, do func(ctx context.Context) (check func(a *app.App) error, err error)) {
	h.t.Helper()
	check, err := do(context.Background())
	h.errs = append(h.errs, err)
	if err == nil {
		h.done = append(h.done, func(a *app.App) error {
			if err := check(a); err != nil {
				return fmt.Errorf("%s was answered as done: %w", what, err)
			}
			return nil
		})
		return
	}
	if fault.KindOf(err) != fault.Unavailable {
		h.t.Errorf("%s: answered %v, want that it is unavailable", what, err)
	}
}

func (h *house) ask(action register.Action, values map[string]json.RawMessage) *gate.Ask {
	a := &gate.Ask{
		Request: gate.Request{Action: action, Purpose: "contracts"}, Holder: h.org, Asker: h.org, Subject: h.sub, Actor: apptest.System, Values: values,
	}
	if action == register.View || action == register.Use {
		a.Categories = []string{"name"}
	}
	return a
}

func hasEntry(org, id ident.ID) func(*app.App) error {
	return func(a *app.App) error {
		_, _, err := a.Journal.One(context.Background(), journal.Filter{Org: org}, id)
		return err
	}
}

func (h *house) decide() {
	h.t.Helper()
	h.step("a decision", func(ctx context.Context) (func(*app.App) error, error) {
		ans, err := h.Guard.Decide(ctx, h.ask(register.Use, nil))
		if err != nil {
			return nil, err
		}
		return hasEntry(h.org.ID, ans.ID), nil
	})
}

func (h *house) seal() {
	h.t.Helper()
	h.step("a sealing", func(ctx context.Context) (func(*app.App) error, error) {
		if _, err := h.Sealer.Step(ctx); err != nil {
			return nil, err
		}
		size, err := h.Store.LogSize(ctx)
		if err != nil {
			return nil, err
		}
		return func(a *app.App) error {
			if n, err := a.Store.LogSize(context.Background()); err != nil || n < size {
				return fmt.Errorf("%d leaves of %d: %w", n, size, err)
			}
			return nil
		}, nil
	})
}

// live is a day of everything that is written.
func (h *house) live(withdraw ident.ID) {
	h.t.Helper()
	h.decide()
	h.step("a registration", func(ctx context.Context) (func(*app.App) error, error) {
		iin := party.Identifier{Kind: ident.IIN, Value: apptest.IIN(2)}
		id, _, err := h.Parties.Register(ctx, h.org, apptest.System, party.NewSubject{Identifiers: []party.Identifier{iin}})
		if err != nil {
			return nil, err
		}
		return func(a *app.App) error {
			if got, err := a.Parties.Lookup(context.Background(), h.org, iin); err != nil || got != id {
				return fmt.Errorf("looked up: %w", err)
			}
			return nil
		}, nil
	})
	h.step("a collection", func(ctx context.Context) (func(*app.App) error, error) {
		ans, err := h.Guard.Access(ctx, h.ask(register.Collect, map[string]json.RawMessage{"name": []byte(`"Асыл"`)}))
		if err != nil {
			return nil, err
		}
		return hasEntry(h.org.ID, ans.ID), nil
	})
	h.depersonalise()
	h.seal()
	h.decide()
	h.step("a withdrawal", func(ctx context.Context) (func(*app.App) error, error) {
		c, err := h.Consents.Withdraw(ctx, withdraw, consent.AllScopes, "", apptest.Person)
		if fault.Is(err, "consent-not-active") { // the name was not collected, and the consent ended with all the rest
			return nil, fault.New(fault.Unavailable, "storage-failed")
		}
		if err != nil {
			return nil, err
		}
		return func(a *app.App) error {
			if got, err := a.Store.Consent(context.Background(), c.ID); err != nil || got.Status != consent.Withdrawn {
				return fmt.Errorf("the consent: %w", err)
			}
			return nil
		}, nil
	})
	h.decide()
	h.seal()
	h.decide()
}

// depersonalise collects a value and makes a count of it.
func (h *house) depersonalise() {
	h.t.Helper()
	h.step("a collection of what can be counted", func(ctx context.Context) (func(*app.App) error, error) {
		ans, err := h.Guard.Access(ctx, h.ask(register.Collect, map[string]json.RawMessage{"iin": fmt.Appendf(nil, "%q", apptest.IIN(1))}))
		if err != nil {
			return nil, err
		}
		return hasEntry(h.org.ID, ans.ID), nil
	})
	h.step("a depersonalisation", func(ctx context.Context) (func(*app.App) error, error) {
		ask := h.ask(register.Depersonalise, nil)
		ask.Categories = []string{"iin"}
		ans, err := h.Guard.Access(ctx, ask)
		if fault.Is(err, "depersonal-nothing") { // the step before failed
			return nil, fault.New(fault.Unavailable, "storage-failed")
		}
		if err != nil {
			return nil, err
		}
		return func(a *app.App) error {
			if n := counted(a, h.org.ID, "contracts"); n != 1 {
				return fmt.Errorf("%d are counted in", n)
			}
			return hasEntry(h.org.ID, ans.ID)(a)
		}, nil
	})
}

// counted is how many records are counted in.
func counted(a *app.App, org ident.ID, purpose string) (n int) {
	all, err := a.Store.Depersonalised(context.Background(), org, purpose)
	if err != nil {
		return -1
	}
	for _, g := range all {
		n += g.Records
	}
	return n
}

// judge opens the directory with a disk that is well and checks everything.
func (h *house) judge(what string) {
	h.t.Helper()
	a, err := app.Open(context.Background(), h.Config)
	if err != nil {
		h.t.Fatalf("%s: it does not open: %v", what, err)
	}
	defer a.Close()
	for _, check := range h.done {
		if err := check(a); err != nil {
			h.t.Errorf("%s: %v", what, err)
		}
	}
	h.halves(a, what)
	for {
		n, err := a.Sealer.Step(context.Background())
		if err != nil {
			h.t.Fatalf("%s: the sealer does not go on: %v", what, err)
		}
		if n == 0 {
			break
		}
	}
	r, err := a.Audit(context.Background(), nil)
	if err != nil {
		h.t.Fatalf("%s: %v", what, err)
	}
	for _, f := range r.Findings {
		h.t.Errorf("%s: audit: %s", what, f)
	}
	h.org = apptest.Org(h.t, a, "")
	if _, err := a.Guard.Decide(context.Background(), h.ask(register.Use, nil)); err != nil {
		h.t.Errorf("%s: it does not go on: %v", what, err)
	}
}

// halves checks that of each thing with its entry both are there or neither.
func (h *house) halves(a *app.App, what string) {
	h.t.Helper()
	ctx := context.Background()
	entries := map[string]int{}
	rows, err := a.Store.Entries(ctx, journal.Filter{Org: h.org.ID, Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	for i := range rows {
		entries[rows[i].Action]++
	}
	holdings := 0
	for n := 1; n <= 2; n++ {
		if _, err := a.Parties.Lookup(ctx, h.org, party.Identifier{Kind: ident.IIN, Value: apptest.IIN(n)}); err == nil {
			holdings++
		}
	}
	values, err := a.Store.Values(ctx, h.org.Inside(h.sub), h.org.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	gone, err := a.Store.Consents(ctx, consent.Filter{Org: h.org.ID, Status: consent.Withdrawn})
	if err != nil {
		h.t.Fatal(err)
	}
	left := counted(a, h.org.ID, "contracts")
	acts, err := a.Store.Destructions(ctx, h.org.Inside(h.sub), h.org.ID)
	if err != nil || len(acts) != left {
		h.t.Errorf("%s: %d acts for %d counted in (%v)", what, len(acts), left, err)
	}
	for action, n := range map[string]int{
		"subject.register": holdings, "collect": len(values) + left, "depersonalise": left, "consent.withdraw": len(gone),
	} {
		if entries[action] != n {
			h.t.Errorf("%s: %d times done, %d entries of %s", what, n, entries[action], action)
		}
	}
}

// Whatever write, truncation, deletion or sync of the disk fails, in whatever
// way: what was answered as done is there, nothing is half there, the log is
// whole, and the sealer goes on.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	s := newSeed(t)
	well := newFaultFS(t)
	h := s.open(t, well)
	opened := well.n
	h.live(s.consent)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range h.errs {
		if err != nil {
			t.Fatal("with a disk that is well: ", err)
		}
	}
	h.judge("a disk that is well")
	t.Logf("%d changes of the disk, %d of them while it opens", well.n, opened)
	stride := 1
	if testing.Short() {
		stride = 5
	}
	for i, d := range []damage{before, after, torn, full, powerCut} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			for n := opened + 1 + i%stride; n <= well.n; n += stride {
				s.fail(t, d, n)
			}
		})
	}
}

// fail lives through one failure.
func (s *seed) fail(t *testing.T, d damage, n int) {
	t.Helper()
	what := fmt.Sprintf("change %d %s", n, d)
	disk := newFaultFS(t)
	h := s.open(t, disk)
	disk.mu.Lock()
	disk.at, disk.damage = n, d
	disk.mu.Unlock()
	h.live(s.consent)
	disk.mu.Lock()
	fired, synced, dead := disk.fired, disk.synced, disk.dead
	disk.mu.Unlock()
	if d == full {
		disk.mend()
		if fired {
			h.errs = nil
			h.decide()
			if h.errs[0] != nil {
				t.Errorf("%s: there is space again, and yet: %v", what, h.errs[0])
			}
		}
	}
	if synced && !dead && d != full {
		h.errs = nil
		h.decide()
		if h.errs[0] == nil {
			t.Errorf("%s: a sync failed, and it goes on before a restart", what)
		}
	}
	closed := h.Close()
	if d == powerCut && disk.dead {
		disk.cut(t, rand.New(rand.NewPCG(uint64(n), 0)))
		if err := os.Remove(filepath.Join(h.Data, "kelisim.db-shm")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	} else if closed != nil && !disk.fired {
		t.Errorf("%s: closing: %v", what, closed)
	}
	h.judge(what)
}
