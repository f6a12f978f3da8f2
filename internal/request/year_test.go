package request_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/request"
	"kelisim/internal/term"
)

var (
	demands = flag.Int("demands", 5000, "how many requests TestYear takes in")
	crashes = flag.Int("crashes", 10, "how often power fails in TestYear")
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

// days are the working days of each kind's term, as the Law and the rules have it.
var days = map[request.Kind]int{
	request.Confirm: 3, request.Copy: 3, request.Correct: 1, request.Supplement: 1, request.Block: 1, request.Unblock: 1, request.Destroy: 1,
	request.Withdraw: 3, request.PublicRemoval: 1, request.StopDissemination: 3, request.Unsubscribe: 3, request.Complaint: 3,
}

// year is a year of demands.
type year struct {
	*world
	rnd    *rand.Rand
	zone   *time.Location
	people []ident.ID
	before almanac
	after  almanac
	open   map[ident.ID]asked
	mu     sync.Mutex // over open and done
	done   int
	fails  int
}

type asked struct {
	who  ident.ID
	kind request.Kind
	at   time.Time
}

// A year of demands across all holidays, with a decree in the middle of it and
// power that fails now and then: no term is computed wrong, and each demand is
// answered once.
func TestYear(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	y := newYear(t)
	step := 365 * 24 * time.Hour / time.Duration(*demands)
	fell, every := false, max(*demands/max(*crashes, 1), block)
	for i := 0; i < *demands; {
		y.clock.Add(block * step)
		if !fell && !y.Now().Before(almaty(t, decreed)) {
			fell = true
			y.decree()
		}
		if i%every < block { // one that meets a power failure
			y.fail(i)
			i++
		}
		n := min(block, *demands-i)
		y.together(n, func(j int) func() { return y.ask(i+j, &power{}) })
		i += n
		due := y.due(y.rnd.IntN(block + 1))
		y.together(len(due), func(j int) func() { return y.answer(due[j], &power{}) })
	}
	y.p("%d demands taken in, %d answered, %d open, power failed %d times", *demands, y.done, len(y.open), y.fails)
	y.finish()
	y.count()
	apptest.Clean(t, y.App)
}

// block is how many demands come in at one moment.
const block = 16

// together does n things at one moment.
func (y *year) together(n int, do func(j int) func()) {
	var wg sync.WaitGroup
	for j := range n {
		wg.Go(do(j))
	}
	wg.Wait()
}

// fail takes a demand in and answers another while power fails, and goes on.
func (y *year) fail(i int) {
	p := &power{at: 1 + y.rnd.IntN(6), after: y.rnd.IntN(2) == 0}
	y.ask(i, p)()
	for _, id := range y.due(3) {
		y.answer(id, p)()
	}
	if p.off {
		y.fails++
		y.reopen()
		y.clock.Add(2 * time.Minute)
		y.resume()
	}
}

func (y *year) p(format string, args ...any) { y.t.Logf(format, args...) }

func newYear(t *testing.T) *year {
	w := sqlite(t)
	y := &year{world: w, rnd: rand.New(rand.NewPCG(1, 2)), open: map[ident.ID]asked{}, before: almanac{}, after: almanac{}} //nolint:gosec // a test
	y.zone = almaty(t, "2024-01-01 00:00").Location()
	for _, d := range rests {
		y.before[d], y.after[d] = false, false
	}
	for _, d := range works {
		y.before[d], y.after[d] = true, true
	}
	y.after["2024-06-17"], y.after["2024-06-18"], y.after["2024-06-22"] = false, false, true
	w.clock.Set(almaty(t, "2024-01-01 00:10"))
	for range max(50, *demands/50) {
		who := w.person("contracts")
		w.collect(who, "contracts", "name", "Асыл")
		y.people = append(y.people, who)
	}
	return y
}

func (y *year) decree() {
	y.t.Helper()
	if _, err := y.Terms.Calendars.Add(y.t.Context(), officer, []byte(decree)); err != nil {
		y.t.Fatal(err)
	}
	if _, err := y.Terms.Recompute(y.t.Context(), 0); err != nil {
		y.t.Fatal(err)
	}
	for id, a := range y.open { // those on their way end where the decree puts them
		y.check(y.stored(id), a, y.after)
	}
	y.before = y.after
}

// check compares an end with the slow count.
func (y *year) check(r *request.Request, a asked, by almanac) {
	y.t.Helper()
	if want := by.due(a.at.In(y.zone), days[a.kind]); day(r.Term.Due) != want || r.Term.Status != term.Open {
		y.t.Errorf("%s of %s: due %s, want %s (%s)", a.kind, a.at.In(y.zone), day(r.Term.Due), want, r.Term.Status)
	}
}

// ask makes ready to take a demand in: what is left to chance is drawn now.
func (y *year) ask(i int, p *power) func() {
	kinds := []request.Kind{request.Confirm, request.Copy, request.Unblock, request.Withdraw, request.PublicRemoval, request.Unsubscribe, request.Complaint}
	k, who := kinds[i%len(kinds)], y.people[y.rnd.IntN(len(y.people))]
	in := &request.New{Kind: k, Language: "kk", Actor: apptest.Person, Details: request.Details{Text: fmt.Sprint("№ ", i)}}
	return func() {
		r, err := wired(y.App, p).Receive(y.t.Context(), y.org, who, in)
		if p.off { // whoever got no answer asks again, unless it is there
			r, err = y.again(who, in)
		}
		if err != nil {
			y.t.Error(err)
			return
		}
		y.mu.Lock()
		defer y.mu.Unlock()
		y.open[r.ID] = asked{who, k, y.Now()}
		y.check(r, y.open[r.ID], y.before)
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

func (y *year) answer(id ident.ID, p *power) func() {
	no := y.rnd.IntN(5) == 0
	return func() {
		var err error
		if no {
			_, err = wired(y.App, p).Refuse(y.t.Context(), y.org, id, "жоқ", "25(2)7", officer)
		} else {
			_, err = wired(y.App, p).Fulfil(y.t.Context(), y.org, id, &request.Fulfilment{Answer: "иә"}, officer)
		}
		if err != nil && !p.off {
			y.t.Error(err)
			return
		}
		y.settle(id)
	}
}

// settle takes what was answered off the list of those that wait.
func (y *year) settle(id ident.ID) {
	r, err := y.Requests.Of(y.t.Context(), y.org, id)
	if err != nil {
		y.t.Error(err)
	} else if r.Status.Closed() {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.done++
		delete(y.open, id)
	}
}

func (y *year) resume() {
	y.t.Helper()
	left, err := y.Store.Unfinished(y.t.Context(), y.Now(), 100)
	if err != nil {
		y.t.Fatal(err)
	}
	for i := range left {
		if _, err := y.Requests.Resume(y.t.Context(), left[i].ID); err != nil {
			y.t.Fatal(err)
		}
		y.settle(left[i].ID)
	}
}

// finish answers all that is left, in one act for each thousand.
func (y *year) finish() {
	y.t.Helper()
	var ids []ident.ID
	for id, a := range y.open {
		if a.kind != request.Complaint {
			ids = append(ids, id)
			continue
		}
		if _, err := y.Requests.Fulfil(y.t.Context(), y.org, id, &request.Fulfilment{Answer: "иә"}, officer); err != nil {
			y.t.Fatal(err)
		}
	}
	for _, x := range y.Requests.FulfilAll(y.t.Context(), y.org, ids, officer) {
		if x.Err != nil {
			y.t.Fatal(x.Err)
		}
	}
}

// count reads the whole journal: each demand was taken in once and answered once.
func (y *year) count() {
	y.t.Helper()
	in, out := map[string]int{}, map[string]int{}
	for _, who := range y.people {
		for _, e := range y.acts(who, "") {
			switch e.Action {
			case "request.receive":
				in[e.Reference]++
			case "request.answer", "request.refuse":
				out[e.Reference]++
			}
		}
	}
	if len(in) != *demands || len(out) != *demands {
		y.t.Errorf("%d demands in the journal and %d answers, want %d", len(in), len(out), *demands)
	}
	for ref := range in {
		if in[ref] != 1 || out[ref] != 1 {
			y.t.Errorf("a demand was taken in %d times and answered %d times", in[ref], out[ref])
		}
	}
	if n, err := y.Store.OverdueDemands(y.t.Context(), y.Now().AddDate(1, 0, 0)); n != 0 || err != nil {
		y.t.Errorf("%d are overdue, %v", n, err)
	}
}
