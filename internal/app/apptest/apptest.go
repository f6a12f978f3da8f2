// Package apptest opens whole installations for tests, with the example operator
// and a clock that the test moves.
package apptest

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/ncruces/go-sqlite3/driver"

	"kelisim/internal/app"
	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/store/storetest"
	"kelisim/verify"
)

// System is the actor of what a test does.
var System = verify.Actor{Kind: "system", ID: "test"}

// Person is the actor of what a subject does.
var Person = verify.Actor{Kind: "subject"}

// Clock stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts on a working day, at nine in London and at three in Almaty.
func NewClock() *Clock { return &Clock{now: time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)} }

// Now is the moment.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to a moment.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Add moves the clock on.
func (c *Clock) Add(d time.Duration) { c.Set(c.Now().Add(d)) }

// Each runs a test on an installation of each engine, with the example operator
// applied.
func Each(t *testing.T, test func(t *testing.T, a *app.App, clock *Clock)) {
	t.Helper()
	EachTold(t, app.Word{}, test)
}

// EachTold is Each where people and other systems are told.
func EachTold(t *testing.T, w app.Word, test func(t *testing.T, a *app.App, clock *Clock)) {
	t.Helper()
	for _, engine := range []struct {
		name     string
		database func(testing.TB) string
	}{{"sqlite", func(testing.TB) string { return "" }}, {"postgres", storetest.Postgres}} {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			a, clock := start(t, app.Config{Database: engine.database(t), Word: w})
			Apply(t, a, Bestam(t))
			test(t, a, clock)
		})
	}
}

// SQLite makes an installation in the test's own directory.
func SQLite(t testing.TB) (*app.App, *Clock) {
	t.Helper()
	return start(t, app.Config{})
}

// Postgres makes an installation on a fresh database.
func Postgres(t testing.TB) (*app.App, *Clock) {
	t.Helper()
	return start(t, app.Config{Database: storetest.Postgres(t)})
}

func start(t testing.TB, c app.Config) (*app.App, *Clock) {
	t.Helper()
	clock := NewClock()
	c.Data, c.Now, c.Log = t.TempDir(), clock.Now, slog.New(slog.NewTextHandler(t.Output(), nil))
	a, err := app.Init(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, a)
	return a, clock
}

func closeAtEnd(t testing.TB, a *app.App) {
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Reopen opens the installation once more, as another process would; closing
// the first before is the test's to do.
func Reopen(t testing.TB, a *app.App) *app.App {
	t.Helper()
	b, err := app.Open(t.Context(), a.Config)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, b)
	return b
}

// Bestam is the text of the example operator's description.
func Bestam(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "examples", "bestam", "operator.yaml")); err == nil {
			return string(text)
		}
	}
	t.Fatal("examples/bestam/operator.yaml is not above the test")
	return ""
}

// Apply applies a description and puts it in force.
func Apply(t testing.TB, a *app.App, description string) *party.Organization {
	t.Helper()
	d, err := register.Parse([]byte(description), a.Parties.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Parties.Apply(t.Context(), System, d, true); err != nil {
		t.Fatal(err)
	}
	return Org(t, a, d.Organization.BIN)
}

// BIN is the example operator's.
const BIN = "150940018738"

// Org returns an organization by its BIN; the example operator for none.
func Org(t testing.TB, a *app.App, bin string) *party.Organization {
	t.Helper()
	if bin == "" {
		bin = BIN
	}
	org, err := a.Parties.Organization(t.Context(), bin)
	if err != nil {
		t.Fatal(err)
	}
	return org
}

// IIN is the n-th made-up one: of somebody born on one of so many days, and where
// those are used up, of one more.
func IIN(n int) string {
	const days, apart = 18_000, 20 // of twenty serial numbers in a row one has a check digit
	for serial := n / days * apart; ; serial++ {
		if iin, ok := ident.MakeIIN(time.Date(1950, 1, 1+n%days, 0, 0, 0, 0, time.UTC), n%2 == 0, serial); ok {
			return iin
		}
	}
}

// Subject registers the n-th made-up person with an organization and returns
// the organization's id of the person.
func Subject(t testing.TB, a *app.App, org *party.Organization, n int) ident.ID {
	t.Helper()
	id, _, err := a.Parties.Register(t.Context(), org, System, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.IIN, Value: IIN(n)}, {Kind: ident.Phone, Value: fmt.Sprintf("+7701%07d", n)}},
		Profile:     party.Profile{Name: fmt.Sprintf("Асыл %d", n)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Consent records the consent of a subject to purposes, open-ended.
func Consent(t testing.TB, a *app.App, org *party.Organization, subject ident.ID, purposes ...string) *consent.Consent {
	t.Helper()
	c, err := a.Consents.Record(t.Context(), org, &consent.New{
		Subject: subject, Terms: consent.Terms{Purposes: purposes}, Proof: consent.Proof{Channel: "form"}, Actor: System,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Clean seals what is unsealed and fails the test if the log has a fault. It
// returns the number of leaves.
func Clean(t testing.TB, a *app.App) int64 {
	t.Helper()
	for {
		n, err := a.Sealer.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	r, err := a.Audit(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Error("audit: ", f)
	}
	return r.Size
}

// Raw opens the database of an installation past the store, as whoever has the
// disk can. Bytes are X'…' on SQLite and '\x…' on PostgreSQL; see [Bytes].
func Raw(t testing.TB, a *app.App) *sql.DB {
	t.Helper()
	var db *sql.DB
	if a.Database == "" {
		var err error
		if db, err = driver.Open("file:" + filepath.Join(a.Data, "kelisim.db") + "?_pragma=busy_timeout(10000)"); err != nil {
			t.Fatal(err)
		}
	} else {
		c, err := pgx.ParseConfig(a.Database)
		if err != nil {
			t.Fatal(err)
		}
		db = stdlib.OpenDB(*c)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Bytes is a literal of bytes in the SQL of the installation's engine.
func Bytes(a *app.App, b []byte) string {
	if a.Database == "" {
		return fmt.Sprintf("X'%x'", b)
	}
	return fmt.Sprintf(`'\x%x'::bytea`, b)
}
