package order_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/term"
)

// model is what orders on one person's data, and on the organization, come to, as
// anybody would think of it.
type model struct {
	state     string // of the data
	suspended bool
	orders    []*ordered
}

type ordered struct {
	id     ident.ID
	kind   order.Kind
	status order.Status
	acted  bool // what is ordered was done, and power failed before it was called so
}

// life is the model beside what it is a model of.
type life struct {
	*model
	a       *app.App
	t       *testing.T
	org     *party.Organization
	by      account.Caller
	clock   *apptest.Clock
	subject ident.ID
}

var modelled = []order.Kind{order.Clarify, order.Block, order.Unblock, order.Destroy, order.Suspend, order.Resume}

// Whatever is done with orders, in whatever order, and wherever power fails: each
// is where a simple model says, its term runs exactly while it is open, the data is
// in the state that the model says, and what is refused changes nothing.
func TestOrdersFollowTheModel(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Apply(t, a, apptest.Bestam(t))
		by := account.Caller{Token: ident.NewID(a.Now()), Role: account.Authority, Org: org.ID}
		people := 0
		rapid.Check(t, func(rt *rapid.T) {
			people++
			l := &life{model: &model{state: party.Held, suspended: org.Suspended}, a: a, t: t, org: org, by: by, clock: clock}
			l.drain(rt)
			l.subject = apptest.Subject(t, a, org, people)
			l.collect(rt)
			for range rapid.IntRange(2, 12).Draw(rt, "steps") {
				l.clock.Add(time.Second)
				l.step(rt)
				l.compare(rt)
			}
			l.close(rt)
			org = l.org
		})
		apptest.Clean(t, a)
	})
}

// drain takes back what a try before this one left open: it failed.
func (l *life) drain(rt *rapid.T) {
	list, err := l.a.Orders.List(l.t.Context(), order.Filter{Org: l.org.ID, Status: order.Open, Limit: 100})
	for i := 0; i < len(list) && err == nil; i++ {
		_, err = l.a.Orders.Cancel(l.t.Context(), l.by, list[i].ID)
	}
	if err != nil {
		rt.Fatal(err)
	}
}

func (l *life) collect(rt *rapid.T) {
	apptest.Consent(l.t, l.a, l.org, l.subject, "contracts")
	ans, err := l.a.Guard.Access(l.t.Context(), &gate.Ask{
		Request: gate.Request{Action: register.Collect, Purpose: "contracts"}, Holder: l.org, Asker: l.org, Subject: l.subject,
		Actor: apptest.System, Values: map[string]json.RawMessage{"name": json.RawMessage(`"Асыл"`)},
	})
	if err != nil || !ans.Permit {
		rt.Fatal(ans, err)
	}
}

// step does something with one of the orders, or puts one more.
func (l *life) step(rt *rapid.T) {
	op := rapid.SampledFrom([]string{"issue", "execute", "cut-before", "cut-after", "cancel", "days"}).Draw(rt, "step")
	switch {
	case op == "days":
		l.days(rt)
		return
	case op == "issue" || len(l.orders) == 0:
		l.issue(rt)
		return
	}
	o := l.orders[rapid.IntRange(0, len(l.orders)-1).Draw(rt, "which")]
	before := l.stored(rt, o)
	want := ""
	switch {
	case o.status != order.Open:
		want = "order-moved"
	case op == "cancel":
		o.status = order.Cancelled
	default:
		if want = l.act(o); want == "" && op != "cut-before" {
			o.status = order.Executed
		}
	}
	err := l.try(op, o)
	if cut := want == "" && (op == "cut-before" || op == "cut-after"); cut != errors.Is(err, errPower) || !cut && (want == "") != (err == nil) ||
		want != "" && !fault.Is(err, want) {
		rt.Fatalf("%s of an order to %s, %s: %v, want %q", op, o.kind, before.Status, err, want)
	}
	if now := l.stored(rt, o); want != "" && now.Version != before.Version {
		rt.Fatalf("%s was refused and changed something", op)
	}
}

func (l *life) issue(rt *rapid.T) {
	kind := rapid.SampledFrom(modelled).Draw(rt, "kind")
	in := &order.New{Organization: l.org.BIN, Kind: kind, Content: order.Content{Document: "act 1"}}
	if kind != order.Suspend && kind != order.Resume {
		in.Subject = l.subject
	}
	if kind == order.Clarify {
		in.Values = map[string]json.RawMessage{"name": json.RawMessage(`"Осыл"`)}
	}
	o, err := l.a.Orders.Issue(l.t.Context(), l.by, in)
	if err != nil {
		rt.Fatal(err)
	}
	l.orders = append(l.orders, &ordered{id: o.ID, kind: kind, status: order.Open})
}

// act takes the model along with what is ordered; it returns the code that it is
// refused with.
func (m *model) act(o *ordered) string {
	gone := m.state == party.Destroyed
	switch o.kind {
	case order.Clarify:
		switch {
		case gone:
			return "value-absent"
		case o.acted:
		case m.state == party.Blocked || m.suspended:
			return "order-barred"
		}
	case order.Block:
		if !gone {
			m.state = party.Blocked
		}
	case order.Unblock:
		switch {
		case o.acted && m.state == party.Held: // found in the journal
		case !gone:
			m.state = party.Held
		}
	case order.Destroy:
		m.state = party.Destroyed
	case order.Suspend, order.Resume:
		return "" // with the last step, see try
	default:
	}
	o.acted = true
	return ""
}

func (l *life) try(op string, o *ordered) error {
	whole := l.a.Orders.Store
	defer func() { l.a.Orders.Store = whole }()
	switch op {
	case "cancel":
		_, err := l.a.Orders.Cancel(l.t.Context(), l.by, o.id)
		return err
	case "cut-before":
		l.a.Orders.Store = &broken{whole, true, false}
	case "cut-after":
		l.a.Orders.Store = &broken{whole, false, true}
	}
	_, err := l.a.Orders.Execute(l.t.Context(), l.by, o.id, &order.Report{})
	if op != "cut-before" && (err == nil || errors.Is(err, errPower)) {
		l.landed(o)
	}
	return err
}

// landed is what the last step of an order does with the organization.
func (l *life) landed(o *ordered) {
	if o.kind == order.Suspend || o.kind == order.Resume {
		l.suspended = o.kind == order.Suspend
		org, err := l.a.Parties.Reload(l.t.Context(), l.org.ID) // as after a start
		if err != nil {
			l.t.Fatal(err)
		}
		l.org = org
	}
}

// days lets time pass: what protects people is then done by itself, and what is
// barred hides nothing else.
func (l *life) days(rt *rapid.T) {
	l.clock.Add(5 * 24 * time.Hour)
	want, barred := 0, false
	due, err := l.a.Terms.List(l.t.Context(), term.Filter{Status: term.Open, DueBefore: l.a.Now(), About: "order"})
	if err != nil {
		rt.Fatal(err)
	}
	for i := range due { // in the order in which they are done
		for _, o := range l.orders {
			if o.id != due[i].About.ID || o.kind == order.Clarify || o.kind == order.Destroy {
				continue
			}
			if l.act(o) != "" {
				barred = true
				continue
			}
			o.status = order.Executed
			l.landed(o)
			want++
		}
	}
	n, err := l.a.Orders.Enforce(l.t.Context(), 2)
	if (err != nil) != barred || n != want {
		rt.Fatalf("%d orders were carried out by themselves, want %d: %v", n, want, err)
	}
	if l.org, err = l.a.Parties.Reload(l.t.Context(), l.org.ID); err != nil {
		rt.Fatal(err)
	}
}

func (l *life) stored(rt *rapid.T, o *ordered) *order.Order {
	got, _, err := l.a.Orders.One(l.t.Context(), l.by, o.id)
	if err != nil {
		rt.Fatal(err)
	}
	return got
}

func (l *life) compare(rt *rapid.T) {
	for _, o := range l.orders {
		got := l.stored(rt, o)
		tm, err := l.a.Terms.One(l.t.Context(), l.org.ID, got.Term)
		if err != nil || got.Status != o.status || (tm.Status == term.Open) != (o.status == order.Open) || got.Ended.IsZero() != (o.status == order.Open) {
			rt.Fatalf("order to %s: %s with its term %v, the model says %s: %v", o.kind, got.Status, tm, o.status, err)
		}
	}
	inside := l.org.Inside(l.subject)
	h, err := l.a.Store.Holding(l.t.Context(), inside, l.org.ID)
	if err != nil || h.State != l.state || l.org.Suspended != l.suspended {
		rt.Fatalf("data is %v, suspended %t; the model says %+v: %v", h, l.org.Suspended, l.model, err)
	}
	acts, err := l.a.Store.Destructions(l.t.Context(), inside, l.org.ID)
	if err != nil || (len(acts) == 1) != (l.state == party.Destroyed) {
		rt.Fatalf("%d acts of destruction of data that is %s: %v", len(acts), l.state, err)
	}
}

// close takes back what is open, lets the organization work, and reads the journal
// of the person: nothing was done twice.
func (l *life) close(rt *rapid.T) {
	if l.suspended {
		l.orders = append(l.orders, &ordered{kind: order.Resume, status: order.Open})
		o, err := l.a.Orders.Issue(l.t.Context(), l.by, &order.New{Organization: l.org.BIN, Kind: order.Resume, Content: order.Content{Document: "act 2"}})
		if err != nil {
			rt.Fatal(err)
		}
		last := l.orders[len(l.orders)-1]
		last.id = o.ID
		if err := l.try("execute", last); err != nil {
			rt.Fatal(err)
		}
		last.status = order.Executed
	}
	for _, o := range l.orders {
		if o.status == order.Open {
			o.status = order.Cancelled
			if err := l.try("cancel", o); err != nil {
				rt.Fatal(err)
			}
		}
	}
	l.compare(rt)
	_, list, err := l.a.Journal.List(l.t.Context(), journal.Filter{BySubject: true, Subject: l.org.Inside(l.subject), Org: l.org.ID, Limit: 1000})
	if err != nil {
		rt.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range list {
		if e.Decision != "deny" {
			count[e.Reference+" "+e.Action]++
		}
	}
	for _, o := range l.orders {
		for _, what := range []string{"order.issue", "order.execute", "order.cancel", "change", "destroy"} {
			if n := count[o.id.String()+" "+what]; n > 1 {
				rt.Fatalf("order to %s: %d times %s", o.kind, n, what)
			}
		}
	}
}
