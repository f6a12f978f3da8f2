package request_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/request"
	"kelisim/internal/term"
)

var (
	demands = flag.Int("demands", 300, "how many requests TestYear takes in")
	ordered = flag.Int("orders", 80, "how many orders come in TestYear")
	crashes = flag.Int("crashes", 3, "how often power fails in TestYear")
)

// rests and works are the days of 2024 that are otherwise than the days of the
// week say, written down from the decisions of that year and not from the data
// that the calendar is made of.
var (
	rests = []string{
		"2024-01-01", "2024-01-02", "2024-03-08", "2024-03-21", "2024-03-22", "2024-03-25", "2024-05-01", "2024-05-07", "2024-05-08", "2024-05-09",
		"2024-07-08", "2024-08-30", "2024-10-25", "2024-12-16", "2025-01-01", "2025-01-02", "2025-01-03", "2025-01-07",
	}
	works = []string{"2024-05-04", "2025-01-05"}
)

// The decree of June moves Kurban Ait to a Monday nine days before, and a day of
// rest from one week into another.
const (
	decree  = "year: 2024\nsource: a decree of 7 June 2024\ncertainty: P\nkurban_ait: 2024-06-17\nmoves: [{works: 2024-06-22, rests: 2024-06-18}]\n"
	decreed = "2024-06-07 10:00"
)

// almanac counts days one by one, in the slowest way there is.
type almanac map[string]bool // day → works, where it is otherwise than the week says

func (a almanac) works(d time.Time) bool {
	if w, ok := a[d.Format(time.DateOnly)]; ok {
		return w
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// due is the last day of n working days after a moment in Almaty.
func (a almanac) due(start time.Time, n int) string {
	d := start
	for n > 0 {
		d = d.AddDate(0, 0, 1)
		if a.works(d) {
			n--
		}
	}
	return d.Format(time.DateOnly)
}

// month is the last of 30 days after a moment, or the first day after them that
// works.
func (a almanac) month(start time.Time) string {
	d := start.AddDate(0, 0, 30)
	for !a.works(d) {
		d = d.AddDate(0, 0, 1)
	}
	return d.Format(time.DateOnly)
}

// days are the working days of each kind's term, as the Law and the rules have it.
var days = map[request.Kind]int{
	request.Confirm: 3, request.Copy: 3, request.Correct: 1, request.Supplement: 1, request.Block: 1, request.Unblock: 1, request.Destroy: 1,
	request.Withdraw: 3, request.PublicRemoval: 1, request.StopDissemination: 3, request.Unsubscribe: 3, request.Complaint: 3,
}

// year is a year of demands and orders.
type year struct {
	*world
	rnd    *rand.Rand
	zone   *time.Location
	people []ident.ID // of whom something is held
	all    []ident.ID // and those of whom nothing is any more
	before almanac
	after  almanac
	*desk
	copied string // where the copy of the middle of the year is

	mu    sync.Mutex // over what follows
	open  map[ident.ID]*asked
	gone  map[ident.ID]bool
	done  int
	fails int
}

type asked struct {
	who  ident.ID
	kind request.Kind
	at   time.Time
	due  string
}

// A year of demands and orders across all holidays, with a decree in the middle of
// it and power that fails now and then: no term is computed wrong, each demand is
// answered and each order carried out once, and what was destroyed is, on a copy
// of the middle of the year too.
//
// duty: L1.6
// duty: L24.1.1
// duty: L27-1.5
func TestYear(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a while")
	}
	each(t, func(t *testing.T, w *world) {
		y := newYear(t, w)
		y.live()
		y.p("%d demands taken in, %d answered, %d open; %d orders, %d open; power failed %d times",
			*demands, y.done, len(y.open), y.issued, len(y.orders), y.fails)
		y.finish()
		y.count()
		y.tombstones()
		apptest.Clean(t, y.App)
	})
}

// live is the year, day by day or, of many demands, hour by hour.
func (y *year) live() {
	block := min(16, max(1, *demands/300)) // how many demands come in at one moment
	step := time.Duration(block) * 365 * 24 * time.Hour / time.Duration(*demands)
	every := max(*demands/max(*crashes, 1), block)
	fell, today := false, ""
	for i := 0; i < *demands; {
		y.clock.Add(step)
		if !fell && !y.Now().Before(almaty(y.t, decreed)) {
			fell = true
			y.decree()
			y.copy()
		}
		if now := day(y.Now()); now != today {
			today = now
			y.morning(today)
		}
		if i%every < block { // one that meets a power failure
			y.fail(i)
			i++
		}
		n := min(block, *demands-i)
		acts := []func(){}
		for j := range n {
			acts = append(acts, y.ask(i+j, &power{}))
		}
		y.together(acts)
		i += n
		acts = nil
		for _, id := range y.due(y.rnd.IntN(block + 1)) {
			acts = append(acts, y.answer(id, &power{}))
		}
		for _, o := range y.atHand() {
			acts = append(acts, y.carryOut(o, &power{}))
		}
		y.together(acts)
		for y.issued < *ordered*i / *demands {
			y.issue(&power{})
		}
		y.renew()
	}
}

// together does what comes at one moment.
func (y *year) together(acts []func()) {
	var wg sync.WaitGroup
	for _, do := range acts {
		wg.Go(do)
	}
	wg.Wait()
}

// fail lets power fail while a demand comes in, others are answered, or an order
// comes or is carried out, and goes on.
func (y *year) fail(i int) {
	y.t.Helper()
	p := &power{at: 1 + y.rnd.IntN(16), after: y.rnd.IntN(2) == 0}
	y.ask(i, p)()
	y.issue(p)
	for _, id := range y.due(2) {
		y.answer(id, p)()
	}
	for _, o := range y.atHand() {
		y.carryOut(o, p)()
	}
	for _, id := range y.due(4) {
		y.answer(id, p)()
	}
	if !p.off {
		y.p("no power failure: nothing was left to write")
		return
	}
	y.fails++
	y.restart()
	y.clock.Add(2 * time.Minute)
	y.resume()
}

// restart opens the installation anew, as the next start of the program does.
func (y *year) restart() {
	y.t.Helper()
	y.reopen()
	if err := y.Settle(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
}

func (y *year) p(format string, args ...any) { y.t.Logf(format, args...) }

func newYear(t *testing.T, w *world) *year {
	t.Helper()
	y := &year{
		world: w, rnd: rand.New(rand.NewPCG(1, 2)), open: map[ident.ID]*asked{}, gone: map[ident.ID]bool{}, before: almanac{}, after: almanac{}, //nolint:gosec // a test
	}
	y.zone = almaty(t, "2024-01-01 00:00").Location()
	for _, d := range rests {
		y.before[d], y.after[d] = false, false
	}
	for _, d := range works {
		y.before[d], y.after[d] = true, true
	}
	y.after["2024-06-17"], y.after["2024-06-18"], y.after["2024-06-22"] = false, false, true
	w.clock.Set(almaty(t, "2024-01-01 00:10"))
	y.desk = newDesk(t, w)
	for range max(30, *demands/50) {
		y.come()
	}
	return y
}

// come brings one more person.
func (y *year) come() {
	y.t.Helper()
	who := y.person("contracts")
	y.collect(who, "contracts", "name", "Асыл", "email", "a@example.kz")
	y.people, y.all = append(y.people, who), append(y.all, who)
}

// renew brings others for those of whom nothing is held any more.
func (y *year) renew() {
	y.t.Helper()
	for i, who := range y.people {
		if y.gone[who] && y.rnd.IntN(4) > 0 { // some go on asking
			y.people[i] = y.people[len(y.people)-1]
			y.people = y.people[:len(y.people)-1]
			y.come()
			return
		}
	}
}

func (y *year) decree() {
	y.t.Helper()
	if _, err := y.Terms.Calendars.Add(y.t.Context(), officer, []byte(decree)); err != nil {
		y.t.Fatal(err)
	}
	if _, err := y.Terms.Recompute(y.t.Context(), 0); err != nil {
		y.t.Fatal(err)
	}
	y.before = y.after
	for id, a := range y.open { // those on their way end where the decree puts them
		y.check(y.stored(id), a)
	}
	for _, o := range y.orders {
		y.checkOrder(o)
	}
}

// check compares an end with the slow count.
func (y *year) check(r *request.Request, a *asked) {
	a.due = y.before.due(a.at.In(y.zone), days[a.kind])
	if want := map[bool]term.Status{false: term.Open, true: term.Done}[r.Status.Closed()]; day(r.Term.Due) != a.due || r.Term.Status != want {
		y.t.Errorf("%s of %s: due %s, want %s (%s)", a.kind, a.at.In(y.zone), day(r.Term.Due), a.due, r.Term.Status)
	}
}

// morning looks at what is overdue, and lets what protects people be done by
// itself.
func (y *year) morning(today string) {
	y.t.Helper()
	late := int64(0)
	for _, a := range y.open {
		if a.due < today {
			late++
		}
	}
	if n, err := y.Store.OverdueDemands(y.t.Context(), y.Now()); n != late || err != nil {
		y.t.Errorf("%s: %d demands are overdue, want %d: %v", today, n, late, err)
	}
	y.overdueOrders(today)
}

// ask makes ready to take a demand in: what is left to chance is drawn now.
func (y *year) ask(i int, p *power) func() {
	k, who := request.Kinds[i%len(request.Kinds)], y.people[y.rnd.IntN(len(y.people))]
	if k == request.Destroy && y.rnd.IntN(3) > 0 {
		k = request.Copy
	}
	in := &request.New{Kind: k, Language: "kk", Actor: apptest.Person, Details: request.Details{Text: fmt.Sprint("№ ", i)}}
	switch k {
	case request.Correct:
		in.Details.Values = map[string]json.RawMessage{"name": raw(fmt.Sprint("Асыл ", i))}
	case request.Supplement:
		in.Details.Values = map[string]json.RawMessage{"employer": raw("Жер")}
	case request.StopDissemination:
		in.Details.Categories = []string{"email"}
	default:
	}
	q := wired(y.App, p)
	return func() {
		r, err := q.Receive(y.t.Context(), y.org, who, in)
		if p.off { // whoever got no answer asks again, unless it is there
			r, err = y.again(who, in)
		}
		if err != nil {
			y.t.Error(err)
			return
		}
		y.mu.Lock()
		y.open[r.ID] = &asked{who: who, kind: k, at: y.Now()}
		y.check(r, y.open[r.ID])
		y.mu.Unlock()
		y.settle(r.ID) // some take effect at once, and nothing is left to answer
	}
}

func (y *year) again(who ident.ID, in *request.New) (*request.Request, error) {
	list, err := y.Store.Demands(y.t.Context(), request.Filter{Subject: who, Limit: 1})
	if err != nil || len(list) == 1 && list[0].Created.Equal(y.Now()) {
		return &list[0], err
	}
	return y.Requests.Receive(y.t.Context(), y.org, who, in)
}

// due are the demands that are due first.
func (y *year) due(n int) (ids []ident.ID) {
	y.t.Helper()
	if n == 0 {
		return nil
	}
	list, err := y.Store.Demands(y.t.Context(), request.Filter{Org: y.org.ID, Undone: true, Limit: n})
	if err != nil {
		y.t.Fatal(err)
	}
	of := map[ident.ID]int{}
	for i := range list {
		if list[i].Status == request.Working {
			continue
		}
		// Each write about a person sends the others about that person round again,
		// eight times at most: more than two at one moment may give up.
		if of[list[i].Subject]++; of[list[i].Subject] <= 2 {
			ids = append(ids, list[i].ID)
		}
	}
	return ids
}

// answer makes ready to answer a demand: with a refusal now and then, and where it
// cannot be done so.
func (y *year) answer(id ident.ID, p *power) func() {
	no, q := y.rnd.IntN(5) == 0, wired(y.App, p)
	return func() {
		var err error
		if !no {
			_, err = q.Fulfil(y.t.Context(), y.org, id, &request.Fulfilment{Answer: "иә"}, officer)
		}
		if no || cannotBe(err) {
			_, err = q.Refuse(y.t.Context(), y.org, id, "жоқ", "25(2)7", officer)
		}
		if err != nil && !p.off && !cannotBe(err) { // begun by another: gone on with later
			y.t.Error(err)
			return
		}
		y.settle(id)
	}
}

// cannotBe reports whether something was refused, and nothing is out of order.
func cannotBe(err error) bool {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Denied, fault.Invalid, fault.NotFound:
		return err != nil
	default:
		return false
	}
}

// settle takes what was answered off the list of those that wait.
func (y *year) settle(id ident.ID) {
	r, err := y.Requests.Of(y.t.Context(), y.org, id)
	if err != nil {
		y.t.Error(err)
		return
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if _, open := y.open[id]; open && r.Status.Closed() {
		y.done++
		delete(y.open, id)
		if r.Kind == request.Destroy && r.Status == request.Fulfilled {
			y.gone[r.Subject] = true
		}
	}
}

func (y *year) resume() {
	y.t.Helper()
	left, err := y.Store.Unfinished(y.t.Context(), y.Now(), 100)
	if err != nil {
		y.t.Fatal(err)
	}
	for i := range left {
		if _, err := y.Requests.Resume(y.t.Context(), left[i].ID); err != nil && !cannotBe(err) {
			y.t.Fatal(err)
		}
		y.settle(left[i].ID)
	}
}

// finish does all that is left, demands by a thousand in one act.
func (y *year) finish() {
	y.t.Helper()
	y.clock.Add(2 * time.Minute)
	y.resume()
	for len(y.orders) > 0 {
		for _, o := range y.orders {
			y.carryOut(o, &power{})()
		}
	}
	var group, rest []ident.ID
	for id, a := range y.open {
		switch a.kind {
		case request.Complaint, request.Block, request.Correct, request.Supplement:
			rest = append(rest, id)
		default:
			group = append(group, id)
		}
	}
	start := time.Now() //nolint:forbidigo // a measurement
	for len(group) > 0 {
		n := min(len(group), request.MaxGroup)
		for _, x := range y.Requests.FulfilAll(y.t.Context(), y.org, group[:n], officer) {
			if cannotBe(x.Err) {
				rest = append(rest, x.ID)
			} else if x.Err != nil {
				y.t.Fatal(x.Err)
			}
		}
		group = group[n:]
	}
	y.p("what was left took %s by the group", time.Since(start)) //nolint:forbidigo // a measurement
	for _, id := range rest {
		if _, err := y.Requests.Fulfil(y.t.Context(), y.org, id, &request.Fulfilment{Answer: "иә"}, officer); cannotBe(err) {
			_, err = y.Requests.Refuse(context.Background(), y.org, id, "жоқ", "25(2)7", officer)
			if err != nil {
				y.t.Fatal(err)
			}
		} else if err != nil {
			y.t.Fatal(err)
		}
	}
}
