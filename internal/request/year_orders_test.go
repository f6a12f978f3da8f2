package request_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/term"
)

// desk is where orders come in: of the authorised body, of courts and prosecutors,
// on the data of the same people whose demands are worked on. Suspended is another
// organization, so that the year goes on.
type desk struct {
	branch    *party.Organization
	authority account.Caller
	examiner  account.Caller
	officers  map[ident.ID]account.Caller // by organization
	orders    map[ident.ID]*ordering      // that are open
	kept      []*ordering                 // all that were put
	issued    int
}

// ordering is an order as the test knows it.
type ordering struct {
	id   ident.ID
	who  ident.ID
	org  *party.Organization
	kind order.Kind
	at   int64  // when it was put
	due  string // by the slow count; empty where no term runs
	act  string // the day on which somebody sees to it
	end  order.Status
	by   account.Caller // who put it
}

// madeUp is the n-th BIN that is nobody's.
func madeUp(n int) string {
	bin, _ := ident.MakeBIN(2017, time.Month(n), n)
	return bin
}

func newDesk(t *testing.T, w *world) *desk {
	t.Helper()
	bare := func(bin, more string) *party.Organization {
		return apptest.Apply(t, w.App, "organization: {bin: '"+bin+"', name: {ru: Орган}"+more+"}")
	}
	d := &desk{branch: bare(madeUp(1), ", roles: [operator]"), orders: map[ident.ID]*ordering{}}
	caller := func(r account.Role, o *party.Organization) account.Caller {
		return account.Caller{Token: ident.NewID(w.Now()), Role: r, Org: o.ID}
	}
	d.authority = caller(account.Authority, bare(madeUp(2), ", roles: [authority], sector: state"))
	d.examiner = caller(account.Examiner, bare(madeUp(3), ", roles: [technical-service], sector: state"))
	d.officers = map[ident.ID]account.Caller{w.org.ID: caller(account.Officer, w.org), d.branch.ID: caller(account.Officer, d.branch)}
	return d
}

// dyingOrders is a store under the power.
type dyingOrders struct {
	order.Store
	*power
}

func (d *dyingOrders) InsertOrder(ctx context.Context, o *order.Order, t *term.Term, r *journal.Record) error {
	_, err := write(d.power, func() (bool, error) { return false, d.Store.InsertOrder(ctx, o, t, r) })
	return err
}

func (d *dyingOrders) MoveOrder(ctx context.Context, o *order.Order, ended *term.Term, suspend *bool, begun *term.Term, r *journal.Record) (bool, error) {
	return write(d.power, func() (bool, error) { return d.Store.MoveOrder(ctx, o, ended, suspend, begun, r) })
}

func ordersOf(a *app.App, p *power) *order.Orders {
	o := a.Orders
	return &order.Orders{
		Store: &dyingOrders{o.Store, p}, Guard: &dyingGuard{a.Guard, p}, Parties: o.Parties, Terms: o.Terms, Journal: o.Journal, Now: o.Now,
		Consents: o.Consents, Publications: o.Publications,
	}
}

// issue puts the next order.
func (y *year) issue(p *power) {
	y.t.Helper()
	n := y.issued
	y.issued++
	kind := order.Kinds[n%len(order.Kinds)]
	source := []order.Source{order.AuthorisedBody, order.Court, order.Prosecutor}[y.rnd.IntN(3)]
	o := &ordering{who: y.people[y.rnd.IntN(len(y.people))], org: y.org, kind: kind, at: y.Now().UnixMilli(), by: y.authority}
	if source != order.AuthorisedBody && y.rnd.IntN(2) == 0 {
		o.by = y.officers[y.org.ID] // it came on paper
	}
	in := &order.New{Organization: y.org.BIN, Kind: kind, Content: order.Content{Document: fmt.Sprint("act ", n)}}
	switch kind {
	case order.Clarify:
		in.Values = map[string]json.RawMessage{"name": raw(fmt.Sprint("Осыл ", n))}
	case order.Destroy:
		if n%2 == 0 {
			in.Categories = []string{"email"}
		}
	case order.Suspend, order.Resume:
		o.who, o.org, o.by, in.Organization = ident.ID{}, y.branch, y.authority, y.branch.BIN
	case order.Inquiry:
		in.Details = "Which measures do you take?"
		if n%2 == 0 {
			o.who = ident.ID{}
		}
	case order.Examination:
		o.who, o.by, source, in.Until = ident.ID{}, y.examiner, order.TechnicalService, y.Now().AddDate(0, 0, 30)
	case order.Integration:
		o.who, o.by, source = ident.ID{}, y.officers[y.org.ID], order.Operator
	default:
	}
	in.Source = source
	if !o.who.IsZero() {
		in.Subject = y.org.Outside(o.who)
	}
	got, err := ordersOf(y.App, p).Issue(y.t.Context(), o.by, in)
	if p.off {
		got, err = y.putAgain(o, in)
	}
	if err != nil {
		y.t.Fatal(kind, err)
	}
	o.id = got.ID
	o.act = day(y.Now().AddDate(0, 0, []int{0, 0, 0, 1, 4, 20, 100}[y.rnd.IntN(7)])) // in time, late, much too late
	y.orders[o.id], y.kept = o, append(y.kept, o)
	y.checkOrder(o)
}

// putAgain: whoever got no answer puts the order again, unless it is there.
func (y *year) putAgain(o *ordering, in *order.New) (*order.Order, error) {
	y.t.Helper()
	list, err := y.Store.Orders(y.t.Context(), order.Filter{Org: o.org.ID, Limit: 1})
	if err != nil || len(list) == 1 && list[0].Issued.UnixMilli() == o.at {
		return &list[0], err
	}
	return y.Orders.Issue(y.t.Context(), o.by, in)
}

// checkOrder compares the term of an open order with the slow count.
func (y *year) checkOrder(o *ordering) {
	y.t.Helper()
	got, err := y.Store.Order(y.t.Context(), o.id)
	if err != nil {
		y.t.Fatal(err)
	}
	switch start := got.Issued.In(y.zone); o.kind {
	case order.Examination, order.Integration:
		o.due = ""
	case order.Inquiry:
		o.due = y.before.month(start)
	default:
		o.due = y.before.due(start, 1)
	}
	if got.Term.IsZero() != (o.due == "") {
		y.t.Errorf("%s: a term is there: %t", o.kind, !got.Term.IsZero())
	}
	if o.due == "" {
		return
	}
	t, err := y.Terms.One(y.t.Context(), o.org.ID, got.Term)
	if err != nil || day(t.Due) != o.due || t.Status != term.Open {
		y.t.Errorf("order to %s of %s: due %v, want %s (%v)", o.kind, got.Issued.In(y.zone), t, o.due, err)
	}
}

// atHand are the orders that somebody sees to now.
func (y *year) atHand() (list []*ordering) {
	y.mu.Lock()
	defer y.mu.Unlock()
	today := day(y.Now())
	for _, o := range y.kept {
		if y.orders[o.id] != nil && o.act <= today {
			list = append(list, o)
		}
	}
	return list
}

// carryOut makes ready to carry an order out; whoever put it takes it back where
// that cannot be.
func (y *year) carryOut(o *ordering, p *power) func() {
	in := &order.Report{}
	by := y.officers[o.org.ID]
	switch o.kind {
	case order.Inquiry:
		in.Answer = "All of them."
	case order.Examination:
		by = y.authority
	case order.Integration:
		by, in.Decision = y.authority, order.Agreed
	default:
	}
	s := ordersOf(y.App, p)
	return func() {
		_, err := s.Execute(y.t.Context(), by, o.id, in)
		if cannotBe(err) {
			_, err = s.Cancel(y.t.Context(), o.by, o.id)
		}
		if err != nil && !p.off && !cannotBe(err) {
			y.t.Error(o.kind, err)
			return
		}
		y.see(o)
	}
}

// see takes an order that is over off the list of those that wait.
func (y *year) see(o *ordering) {
	got, err := y.Store.Order(context.Background(), o.id)
	if err != nil {
		y.t.Error(err)
		return
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if o.end = got.Status; o.end != order.Open {
		delete(y.orders, o.id)
		if o.kind == order.Destroy && o.end == order.Executed {
			y.gone[o.who] = true
		}
	}
}

// overdueOrders compares what is listed as overdue with the slow count, before and
// after what protects people was done by itself.
func (y *year) overdueOrders(today string) {
	y.t.Helper()
	var late, byItself []ident.ID
	for _, o := range y.orders {
		if o.due == "" || o.due >= today {
			continue
		}
		late = append(late, o.id)
		if slices.Contains([]order.Kind{order.Block, order.Unblock, order.Suspend, order.Resume}, o.kind) {
			byItself = append(byItself, o.id)
		}
	}
	y.listed(today, late)
	n, err := y.Orders.Enforce(y.t.Context(), 3)
	if err != nil || n != len(byItself) {
		y.t.Errorf("%s: %d orders were carried out by themselves, want %d: %v", today, n, len(byItself), err)
	}
	for _, id := range byItself {
		y.see(y.orders[id])
		late = slices.DeleteFunc(late, func(x ident.ID) bool { return x == id })
	}
	y.listed(today, late)
}

func (y *year) listed(today string, want []ident.ID) {
	y.t.Helper()
	list, err := y.Terms.List(y.t.Context(), term.Filter{Status: term.Open, DueBefore: y.Now(), About: "order"})
	if err != nil {
		y.t.Fatal(err)
	}
	for i := range list {
		if !slices.Contains(want, list[i].About.ID) {
			y.t.Errorf("%s: an order is listed as overdue and is not", today)
		}
	}
	if len(list) != len(want) {
		y.t.Errorf("%s: %d orders are overdue, want %d", today, len(list), len(want))
	}
}
