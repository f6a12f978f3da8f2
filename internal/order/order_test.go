package order_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/term"
)

// broken is a store that fails the last step of an order, before or after it took
// effect.
type broken struct {
	order.Store
	before, after bool
}

var errPower = errors.New("the power failed")

func (b *broken) MoveOrder(ctx context.Context, o *order.Order, ended *term.Term, suspend *bool, begun *term.Term, r *journal.Record) (bool, error) {
	if b.before {
		return false, errPower
	}
	stale, err := b.Store.MoveOrder(ctx, o, ended, suspend, begun, r)
	if b.after {
		return false, errPower
	}
	return stale, err
}

// Cut short between what was done and saying so, an order is still open, and
// carrying it out again does nothing twice; cut short after it, it is done.
func TestOrderCutShort(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		org := apptest.Apply(t, a, apptest.Bestam(t))
		by := account.Caller{Token: ident.NewID(a.Now()), Role: account.Authority, Org: org.ID}
		for n, kind := range []order.Kind{order.Block, order.Unblock, order.Destroy, order.Suspend, order.Resume} {
			subject := apptest.Subject(t, a, org, n)
			in := &order.New{Organization: org.BIN, Kind: kind, Content: order.Content{Document: "act 1"}}
			if kind != order.Suspend && kind != order.Resume {
				in.Subject = subject
			}
			o, err := a.Orders.Issue(t.Context(), by, in)
			if err != nil {
				t.Fatal(kind, err)
			}
			whole := a.Orders.Store
			for _, cut := range []*broken{{whole, true, false}, {whole, false, true}} {
				a.Orders.Store = cut
				if _, err := a.Orders.Execute(t.Context(), by, o.ID, &order.Report{}); !errors.Is(err, errPower) {
					t.Fatal(kind, err)
				}
				a.Orders.Store = whole
				got, _, err := a.Orders.One(t.Context(), by, o.ID)
				if err != nil || (got.Status == order.Executed) != cut.after {
					t.Errorf("%s: %+v %v", kind, got, err)
				}
			}
			tm, err := a.Terms.One(t.Context(), org.ID, o.Term)
			if err != nil || tm.Status != term.Done {
				t.Errorf("%s: %+v %v", kind, tm, err)
			}
			if org, err = a.Parties.Reload(t.Context(), org.ID); err != nil || org.Suspended != (kind == order.Suspend) {
				t.Errorf("%s: suspended %v %v", kind, org.Suspended, err)
			}
			held(t, a, org, subject, kind)
			once(t, a, org, o)
		}
		apptest.Clean(t, a)
	})
}

// together lets two into the vault at one moment.
type together struct {
	order.Guard
	in sync.WaitGroup
}

func (g *together) Access(ctx context.Context, a *gate.Ask) (*gate.Answer, error) {
	g.in.Done()
	g.in.Wait()
	return g.Guard.Access(ctx, a)
}

// Two who carry out one order at one moment do it once: one of them finds done what
// the other did, or hears that the order has moved on.
func TestOrderCarriedOutByTwoAtOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		org := apptest.Apply(t, a, apptest.Bestam(t))
		by := account.Caller{Token: ident.NewID(a.Now()), Role: account.Authority, Org: org.ID}
		whole := a.Orders.Guard
		for n, kind := range []order.Kind{order.Block, order.Destroy} {
			o, err := a.Orders.Issue(t.Context(), by, &order.New{
				Organization: org.BIN, Kind: kind, Subject: apptest.Subject(t, a, org, n), Content: order.Content{Document: "act 1"},
			})
			if err != nil {
				t.Fatal(kind, err)
			}
			both := &together{Guard: whole}
			both.in.Add(2)
			a.Orders.Guard = both
			errs := make(chan error, 2)
			for range 2 {
				go func() {
					_, err := a.Orders.Execute(t.Context(), by, o.ID, &order.Report{})
					errs <- err
				}()
			}
			for range 2 {
				if err := <-errs; err != nil && !fault.Is(err, "order-moved") {
					t.Error(kind, err)
				}
			}
			a.Orders.Guard = whole
			once(t, a, org, o)
		}
		apptest.Clean(t, a)
	})
}

// held checks what became of the data, and that it was destroyed once.
func held(t *testing.T, a *app.App, org *party.Organization, subject ident.ID, kind order.Kind) {
	t.Helper()
	want := map[order.Kind]string{order.Block: party.Blocked, order.Destroy: party.Destroyed}[kind]
	if want == "" {
		want = party.Held
	}
	h, err := a.Store.Holding(t.Context(), org.Inside(subject), org.ID)
	if err != nil || h.State != want {
		t.Errorf("%s: %q, want %q: %v", kind, h.State, want, err)
	}
	acts, err := a.Store.Destructions(t.Context(), org.Inside(subject), org.ID)
	if err != nil || (len(acts) == 1) != (kind == order.Destroy) {
		t.Errorf("%s: %d acts of destruction, %v", kind, len(acts), err)
	}
}

// once checks that the order tells of what was done, and the journal of it once,
// though it was cut short in between.
func once(t *testing.T, a *app.App, org *party.Organization, o *order.Order) {
	t.Helper()
	_, list, err := a.Journal.List(t.Context(), journal.Filter{Org: org.ID, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range list {
		if e.Reference == o.ID.String() {
			count[e.Action]++
		}
	}
	if person := !o.Subject.IsZero(); count["order.execute"] != 1 || person && count[string(o.Kind)] != 1 {
		t.Errorf("%s: %v", o.Kind, count)
	}
	by := account.Caller{Role: account.Authority}
	if got, _, err := a.Orders.One(t.Context(), by, o.ID); err != nil || got.Outcome != order.Done {
		t.Errorf("%s: outcome %s, %v", o.Kind, got.Outcome, err)
	}
}

// What an order says is sealed: it may tell of a person.
func TestOrderIsSealed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		org := apptest.Apply(t, a, apptest.Bestam(t))
		by := account.Caller{Token: ident.NewID(a.Now()), Role: account.Authority, Org: org.ID}
		const secret = "ЖАСЫРЫН-4711"
		if _, err := a.Orders.Issue(t.Context(), by, &order.New{
			Organization: org.BIN, Kind: order.Inquiry, Content: order.Content{Document: secret, Details: secret},
		}); err != nil {
			t.Fatal(err)
		}
		var sealed []byte
		if err := apptest.Raw(t, a).QueryRowContext(t.Context(), `SELECT sealed FROM orders`).Scan(&sealed); err != nil || bytes.Contains(sealed, []byte(secret)) {
			t.Errorf("in plain: %v", err)
		}
	})
}

// Every edition says of each kind who can order it, and its term runs to the day
// that the calendar gives.
func TestEveryKindCanBeOrdered(t *testing.T) {
	t.Parallel()
	for _, e := range law.Editions() {
		for _, k := range order.Kinds {
			n := 0
			for _, s := range order.Sources {
				if _, ok := e.Order(string(k), string(s)); ok {
					n++
				}
			}
			if n == 0 {
				t.Errorf("%s: nobody can order to %s", e.ID, k)
			}
		}
	}
	if len(law.Editions()[0].Orders()) == 0 || register.Block.String() != string(order.Block) {
		t.Error("the names of orders and of actions differ")
	}
}
