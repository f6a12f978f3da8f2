package kdp_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/kdp"
	"kelisim/internal/kdp/kdpsim"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// desk is an installation whose example operator asks a simulated state service.
type desk struct {
	*app.App
	t     *testing.T
	clock *apptest.Clock
	sim   *state
	org   *party.Organization
	log   *lines
}

// lines is a log that is written to from many sides.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// each runs a test on each engine and in each form: the service in between is the
// same.
func each(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	for i, form := range forms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			engines := apptest.Each
			if i > 0 { // the second form on one engine: what differs is the wire
				engines = func(t *testing.T, test func(*testing.T, *app.App, *apptest.Clock)) {
					t.Helper()
					a, clock := apptest.SQLite(t)
					apptest.Apply(t, a, apptest.Bestam(t))
					test(t, a, clock)
				}
			}
			engines(t, func(t *testing.T, a *app.App, clock *apptest.Clock) { test(t, open(t, a, clock, form)) })
		})
	}
}

func open(t *testing.T, a *app.App, clock *apptest.Clock, form string) *desk {
	t.Helper()
	d := &desk{App: a, t: t, clock: clock, sim: simulated(t, form, clock.Now), org: apptest.Org(t, a, ""), log: &lines{}}
	a.StateService.Settings, a.StateService.Client = d.sim.set, d.sim.set.Client(clock.Now)
	a.StateService.Log = slog.New(slog.NewTextHandler(d.log, nil))
	return d
}

// person is the n-th one, with a consent to contracts, who answers in a way.
func (d *desk) person(n int, p kdpsim.Person) (subject ident.ID, given *consent.Consent) {
	d.t.Helper()
	d.sim.Add(apptest.IIN(n), p)
	subject = apptest.Subject(d.t, d.App, d.org, n)
	return subject, apptest.Consent(d.t, d.App, d.org, subject, "contracts")
}

func about(subject ident.ID, n int) *kdp.New {
	return &kdp.New{Subject: subject, IIN: apptest.IIN(n), Purpose: "contracts", Services: []string{"A_token"}, ValidFor: "P30D"}
}

func (d *desk) ask(in *kdp.New) *kdp.Request {
	d.t.Helper()
	r, created, err := d.StateService.Ask(d.t.Context(), d.org, apptest.System, in)
	if err != nil || !created {
		d.t.Fatalf("created %t: %v", created, err)
	}
	return r
}

// is fails the test unless a request has a status.
func (d *desk) is(r *kdp.Request, want kdp.Status) *kdp.Request {
	d.t.Helper()
	got, err := d.Store.KDP(d.t.Context(), r.ID)
	if err != nil || got.Status != want {
		d.t.Fatalf("%+v, want %s: %v", got, want, err)
	}
	if (len(got.Secret) == 0) != (want != kdp.Pending && want != kdp.Valid) {
		d.t.Errorf("%s keeps %d secret bytes", want, len(got.Secret))
	}
	return got
}

func (d *desk) work() {
	d.t.Helper()
	if err := d.StateService.Work(d.t.Context(), 100); err != nil {
		d.t.Error(err)
	}
}

func (d *desk) use(r *kdp.Request) (string, error) {
	d.t.Helper()
	tok, refused, err := d.StateService.Use(d.t.Context(), d.org, r.ID, apptest.System)
	switch {
	case err != nil:
		return "", err
	case refused != nil:
		return "", fmt.Errorf("refused: %v", refused.Codes())
	}
	return tok.Token, nil
}

// What is pending is asked again by itself, less and less often, until there is an
// answer; the token ends with its term.
func TestByItself(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.Yes)
		r := d.is(d.ask(about(subject, 1)), kdp.Pending)
		d.work() // it is too early
		if n := len(d.sim.Asked()); n != 1 {
			t.Errorf("asked %d times", n)
		}
		d.clock.Add(30 * time.Second)
		d.work()
		d.is(r, kdp.Valid)
		token, err := d.use(r)
		if err != nil || !d.sim.Opens(token, apptest.IIN(1), apptest.BIN, "A_token") {
			t.Error(err)
		}
		d.clock.Set(r.Created.Add(30*24*time.Hour - time.Second))
		if _, err := d.use(r); err != nil {
			t.Error(err)
		}
		d.clock.Add(time.Second)
		if _, err := d.use(r); !fault.Is(err, "kdp-not-valid") {
			t.Error(err)
		}
		d.work()
		d.is(r, kdp.Invalid)
		d.work()
		if n := len(d.sim.Asked()); n != 2 {
			t.Errorf("asked %d times", n)
		}
		apptest.Clean(t, d.App)
	})
}

// Whom nobody hears of is given up; a service that is down is asked less and less
// often, and the log says why without a word about the person.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.Never)
		down, _ := d.person(2, kdpsim.Down)
		never, silent := d.ask(about(subject, 1)), d.ask(about(down, 2))
		if silent.Trouble != kdp.NoAnswer || silent.Status != kdp.Pending {
			t.Errorf("%+v", silent)
		}
		for range 20 {
			d.clock.Add(30 * time.Second)
			d.work()
		}
		if tries := d.is(silent, kdp.Pending).Tries; tries < 4 || tries > 8 {
			t.Errorf("%d tries in ten minutes", tries)
		}
		d.sim.Add(apptest.IIN(2), kdpsim.AtOnce)
		d.clock.Add(72 * time.Hour)
		d.work()
		d.is(never, kdp.Timeout)
		d.is(silent, kdp.Timeout)
		if log := d.log.String(); !strings.Contains(log, "trouble=no-answer") || strings.Contains(log, apptest.IIN(2)) || strings.Contains(log, "http") {
			t.Error(log)
		}
	})
}

// Equal questions are one, also of many at one moment; another unit, service, purpose
// or term over is another.
func TestEqualQuestions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.AtOnce)
		apptest.Consent(t, d.App, d.org, subject, "payment")
		var wg sync.WaitGroup
		found := make([]ident.ID, 6)
		for i := range found {
			wg.Go(func() {
				r, _, err := d.StateService.Ask(t.Context(), d.org, apptest.System, about(subject, 1))
				if err != nil {
					t.Error(err)
					return
				}
				found[i] = r.ID
			})
		}
		wg.Wait()
		for _, id := range found {
			if id != found[0] {
				t.Fatalf("asked more than once: %v", found)
			}
		}
		if n := len(d.sim.Asked()); n != 1 {
			t.Errorf("asked %d times", n)
		}
		for name, change := range map[string]func(*kdp.New){
			"another unit":    func(n *kdp.New) { n.Responsible = "архив" },
			"another service": func(n *kdp.New) { n.Services = []string{"B_token"} },
			"another purpose": func(n *kdp.New) { n.Purpose = "payment" },
			"other data":      func(n *kdp.New) { n.Data = []string{"адрес"} },
		} {
			n := about(subject, 1)
			change(n)
			if r := d.ask(n); r.ID == found[0] {
				t.Errorf("%s is the same", name)
			}
		}
		d.clock.Add(31 * 24 * time.Hour)
		if r := d.ask(about(subject, 1)); r.ID == found[0] {
			t.Error("a token whose term is over is open")
		}
	})
}

// A withdrawal takes the token away, in its own write; one that comes while the
// service is asked wins. A consent to another purpose leaves it alone.
//
// duty: L8-1.2.2
func TestWithdrawalEndsTheToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, given := d.person(1, kdpsim.AtOnce)
		other := apptest.Consent(t, d.App, d.org, subject, "news")
		r := d.ask(about(subject, 1))
		withdraw := func(c *consent.Consent) {
			t.Helper()
			if _, err := d.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
				t.Error(err)
			}
		}
		withdraw(other)
		if _, err := d.use(r); err != nil {
			t.Error(err)
		}
		withdraw(given)
		d.is(r, kdp.Invalid)
		if _, err := d.use(r); !fault.Is(err, "kdp-not-valid") {
			t.Error(err)
		}
		// A new consent does not bring it back.
		given = apptest.Consent(t, d.App, d.org, subject, "contracts")
		if _, err := d.use(r); !fault.Is(err, "kdp-not-valid") {
			t.Error(err)
		}
		d.StateService.Client = meanwhile{d.StateService.Client, func() { withdraw(given) }}
		late := d.ask(about(subject, 1))
		if late.Status != kdp.Invalid {
			t.Errorf("%+v", late)
		}
		d.is(late, kdp.Invalid)
		apptest.Clean(t, d.App)
	})
}

// A consent that is paused while the token is handed out is judged anew.
func TestUseIsUnderItsFacts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, given := d.person(1, kdpsim.AtOnce)
		r := d.ask(about(subject, 1))
		d.StateService.Store = &justBefore{Store: d.StateService.Store, happens: func() {
			if _, err := d.Consents.Pause(t.Context(), given.ID, apptest.Person); err != nil {
				t.Error(err)
			}
		}}
		if token, err := d.use(r); err == nil || !strings.Contains(err.Error(), "consent-paused") {
			t.Errorf("%s %v", token, err)
		}
		apptest.Clean(t, d.App)
	})
}

// justBefore lets something happen once, before a use lands.
type justBefore struct {
	kdp.Store
	once    sync.Once
	happens func()
}

func (s *justBefore) UseKDP(ctx context.Context, r *kdp.Request, rec *journal.Record) (bool, error) {
	s.once.Do(s.happens)
	return s.Store.UseKDP(ctx, r, rec)
}

// meanwhile lets something happen between the answer and its being written down.
type meanwhile struct {
	kdp.Client
	happens func()
}

func (m meanwhile) Ask(ctx context.Context, q *kdp.Question) (*kdp.Answer, error) {
	a, err := m.Client.Ask(ctx, q)
	m.happens()
	return a, err
}

// If power fails before the service was asked, or before its answer was written down,
// the question is there, and is put once more.
func TestPowerFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.AtOnce)
		lit := d.StateService.Client
		d.StateService.Client = dark{}
		func() {
			defer func() { _ = recover() }()
			_, _, err := d.StateService.Ask(t.Context(), d.org, apptest.System, about(subject, 1))
			t.Errorf("the power did not fail: %v", err)
		}()
		list, err := d.StateService.List(t.Context(), d.org, kdp.Filter{Subject: subject, Limit: 10})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		d.is(&list[0], kdp.Pending)
		d.StateService.Client = lit
		d.clock.Add(time.Minute)
		d.work()
		d.is(&list[0], kdp.Valid)
		apptest.Clean(t, d.App)
	})
}

// dark stands for a process that dies while it asks.
type dark struct{}

func (dark) Ask(context.Context, *kdp.Question) (*kdp.Answer, error)    { panic("dark") }
func (dark) Status(context.Context, *kdp.Question) (*kdp.Answer, error) { panic("dark") }
func (dark) History(context.Context, *kdp.Period) (string, error)       { panic("dark") }
func (dark) Withdrawn(context.Context, *kdp.Question) error             { panic("dark") }

func (d *desk) destroy(subject ident.ID) {
	d.t.Helper()
	ans, err := d.Guard.Access(d.t.Context(), &gate.Ask{
		Holder: d.org, Asker: d.org, Subject: subject, Actor: apptest.System, Request: gate.Request{Action: register.Destroy},
	})
	if err != nil || !ans.Permit {
		d.t.Fatal(err)
	}
}

// With the data goes what is asked and the token; nobody is asked about any more.
func TestDestroyedDataIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.Never)
		r := d.ask(about(subject, 1))
		d.destroy(subject)
		d.clock.Add(time.Minute)
		d.work()
		got := d.is(r, kdp.Invalid)
		if n := len(d.sim.Asked()); n != 1 || got.Services != nil {
			t.Errorf("asked %d times: %+v", n, got)
		}
		// Registered anew, the person is asked anew, and nothing stands in the way.
		apptest.Subject(t, d.App, d.org, 1)
		d.ask(about(subject, 1))
		apptest.Clean(t, d.App)
	})
}
