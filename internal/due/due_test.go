package due_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/due"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/order"
	"kelisim/internal/outbox"
	"kelisim/internal/request"
	"kelisim/internal/term"
	"kelisim/verify"
)

var staff = verify.Actor{Kind: "person", ID: "17"}

// Whatever registers a term is listed, counted and reminded of, without a line of
// code about it here: half of it, its last day, that it ran out, and then the head
// of the organization. Each once, however often it is looked, over restarts, and by
// whoever looks.
//
// duty: L25.3.3
func TestEveryKind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// Of ten working days from Thursday the 23rd of November: until the 7th of December.
		for _, kind := range []string{"entry", "publication", "something-new"} {
			w.begin(kind, "transfer-notice")
		}
		for _, step := range []struct {
			at   string
			want []string // each three times
		}{
			{"2023-11-23 18:00", nil},
			{"2023-11-28 10:00", nil},
			{"2023-11-30 23:00", []string{officer + " half"}},
			{"2023-12-06 10:00", nil},
			{"2023-12-07 00:01", []string{officer + " last-day"}},
			{"2023-12-07 23:59", nil},
			{"2023-12-08 00:01", []string{officer + " late"}},
			{"2023-12-08 23:59", nil},
			{"2023-12-11 00:01", []string{head + " head"}}, // a working day later; a weekend is none
			{"2024-03-01 10:00", nil},
		} {
			w.at(step.at)
			got := told(w.look(w.App))
			got = append(got, told(w.look(w.App))...)
			b := apptest.Reopen(t, w.App)
			got = append(got, told(w.look(b))...)
			w.must(w.Store.ForgetLetters(t.Context(), w.Now()))
			got = append(got, told(w.look(w.App))...)
			var want []string
			for _, s := range step.want {
				want = append(want, s, s, s)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", step.at, got, want)
			}
		}
	})
}

// broken is a store that fails while it notes what is told, before it took effect
// or after.
type broken struct {
	due.Store
	before, after bool
}

var errPower = errors.New("the power failed")

func (b *broken) Tell(ctx context.Context, marks []due.Mark, letters []*journal.Tell) (bool, error) {
	if b.before {
		return false, errPower
	}
	stale, err := b.Store.Tell(ctx, marks, letters)
	if b.after {
		return false, errPower
	}
	return stale, err
}

// If power fails before it is noted that something was told, nothing was told; if
// it fails after, it is not told again.
func TestCutShort(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.begin("entry", "transfer-notice")
		for _, stage := range []struct{ at, want string }{
			{"2023-12-02 10:00", officer + " half"},
			{"2023-12-07 10:00", officer + " last-day"},
			{"2023-12-08 10:00", officer + " late"},
			{"2023-12-12 10:00", head + " head"},
		} {
			w.at(stage.at)
			whole := w.Due.Store
			for range 3 {
				w.Due.Store = &broken{Store: whole, before: true}
				if err := w.Due.Remind(t.Context()); !errors.Is(err, errPower) {
					t.Error(err)
				}
			}
			if got := told(w.sent(w.App)); len(got) != 0 {
				t.Errorf("%s: %v was sent and not noted", stage.at, got)
			}
			w.Due.Store = &broken{Store: whole, after: true}
			if err := w.Due.Remind(t.Context()); !errors.Is(err, errPower) {
				t.Error(err)
			}
			w.Due.Store = whole
			got := told(w.look(apptest.Reopen(t, w.App)))
			if got = append(got, told(w.look(w.App))...); !slices.Equal(got, []string{stage.want}) {
				t.Errorf("%s: %v, want %s", stage.at, got, stage.want)
			}
		}
	})
}

// Many nodes that look at one moment tell once.
func TestManyNodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.begin("entry", "transfer-notice")
		w.at("2023-12-07 10:00")
		nodes := []*app.App{w.App}
		for range 4 {
			nodes = append(nodes, apptest.Reopen(t, w.App))
		}
		var wg sync.WaitGroup
		errs := make([]error, len(nodes))
		for i, a := range nodes {
			wg.Go(func() { errs[i] = a.Due.Remind(t.Context()) })
		}
		wg.Wait()
		w.must(errors.Join(errs...))
		if got := told(w.look(w.App)); !slices.Equal(got, []string{officer + " last-day"}) {
			t.Error(got)
		}
	})
}

// A decree that moves the end of a term moves what is told of it: half is told of
// once whatever becomes of the end, a last day once of each end, and nobody hears
// that something is late which is not.
func TestDecreeMovesReminders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.at("2024-06-03 10:00")
		x := w.begin("entry", "transfer-notice") // ten working days: Tuesday the 18th, with Kurban Ait on Sunday the 16th
		w.at("2024-06-12 10:00")
		if got := told(w.look(w.App)); !slices.Equal(got, []string{officer + " half"}) {
			t.Fatal(got)
		}
		due0 := w.stored(x.ID).Due
		w.clock.Set(due0.Add(-time.Hour))
		if got := told(w.look(w.App)); !slices.Equal(got, []string{officer + " last-day"}) {
			t.Fatal(got)
		}
		_, err := w.Terms.Calendars.Add(t.Context(), staff, []byte("year: 2024\nsource: {kk: хабар, ru: сообщение, en: announcement}\ncertainty: P\nkurban_ait: 2024-06-17\n"))
		w.must(err)
		w.clock.Add(time.Minute)
		_, err = w.Terms.Recompute(t.Context(), 0)
		w.must(err)
		moved := w.stored(x.ID)
		if !moved.Due.After(due0) {
			t.Fatal("the decree moved nothing: ", moved.Due)
		}
		if got := told(w.look(w.App)); len(got) != 0 {
			t.Error("told again of what moved: ", got)
		}
		w.clock.Set(due0.Add(time.Minute))
		if got := w.look(apptest.Reopen(t, w.App)); !slices.Equal(told(got), []string{officer + " last-day"}) {
			t.Error(told(got))
		}
		w.clock.Set(moved.Due.Add(time.Minute))
		if got := told(append(w.look(w.App), w.look(w.App)...)); !slices.Equal(got, []string{officer + " late"}) {
			t.Error(got)
		}
		apptest.Clean(t, w.App)
	})
}

func (w *world) stored(id ident.ID) *term.Term {
	w.t.Helper()
	t, err := w.Store.Term(w.t.Context(), id)
	w.must(err)
	return t
}

// While a term stands still nobody is reminded, and the time that it stood still
// is none of the half.
func TestPauseStopsReminders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Terms.Rule = func(edition, key string) (law.Term, bool) {
			r, ok := term.ByEdition(edition, key)
			r.Pausable = "25(2)7"
			return r, ok
		}
		x := w.begin("entry", "transfer-notice")
		w.at("2023-11-27 10:00") // two of ten working days ran
		_, err := w.Terms.Pause(t.Context(), w.org.ID, x.ID, "documents-missing", staff)
		w.must(err)
		for _, at := range []string{"2023-12-01 10:00", "2023-12-07 10:00", "2024-02-01 10:00"} {
			w.at(at)
			if got := told(w.look(w.App)); len(got) != 0 {
				t.Errorf("%s: %v of what stands still", at, got)
			}
		}
		_, err = w.Terms.Resume(t.Context(), w.org.ID, x.ID, staff)
		w.must(err)
		if got := told(w.look(w.App)); len(got) != 0 {
			t.Error("the time that it stood still counts: ", got)
		}
		w.at("2024-02-08 10:00")
		if got := told(w.look(w.App)); !slices.Equal(got, []string{officer + " half"}) {
			t.Error(got)
		}
	})
}

// What is at one stage by the hundred is one letter; each is told of even so, and
// once.
func TestManyAreOneLetter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 6 {
			w.begin("entry", "transfer-notice")
		}
		w.begin("publication", "transfer-notice")
		w.at("2023-12-07 10:00")
		got := w.look(w.App)
		if len(got) != 2 {
			t.Fatalf("%d letters", len(got))
		}
		i := slices.IndexFunc(got, func(l outbox.Letter) bool { return strings.Contains(l.Text, "для 6 дел") })
		if i < 0 || !strings.Contains(got[i].Text, "https://kelisim.example/console/due") || !strings.Contains(got[i].Text, "6 істің") {
			t.Errorf("%+v", got)
		}
		if again := w.look(w.App); len(again) != 0 {
			t.Errorf("%+v", again)
		}
	})
}

// A server that slept through everything tells the officer as well as the head,
// and nobody of a half that is long gone.
func TestAfterSleep(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.begin("entry", "transfer-notice")
		w.at("2024-02-01 10:00")
		if got := told(w.look(w.App)); !slices.Equal(got, []string{officer + " late", head + " head"}) {
			t.Error(got)
		}
	})
}

// How long the officer alone is told is a setting.
func TestHeadDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Terms.HeadAfter = 3
		w.begin("entry", "transfer-notice") // until Thursday the 7th
		w.at("2023-12-12 10:00")
		if got := told(w.look(w.App)); !slices.Equal(got, []string{officer + " late"}) {
			t.Error(got)
		}
		w.at("2023-12-13 00:01")
		if got := told(w.look(w.App)); !slices.Equal(got, []string{head + " head"}) {
			t.Error(got)
		}
	})
}

// What a subject puts before the authorised body has to be decided in a term of
// another law, and it is the body's own staff that is reminded of it. It runs from
// the appeal to the decision, and no longer.
//
// duty: L27-1.3, L30
func TestAppealsOfRequests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		body := w.authority()
		who := w.person()
		r, err := w.Requests.Receive(t.Context(), w.org, who, &request.New{Kind: request.Copy, Actor: apptest.Person})
		w.must(err)
		_, err = w.Requests.Refuse(t.Context(), w.org, r.ID, "жоқ", "25(2)7", staff)
		w.must(err)
		a, err := w.Requests.Appeal(t.Context(), r, "келіспеймін", apptest.Person)
		w.must(err)
		x, err := w.Requests.DueOf(t.Context(), a)
		w.must(err)
		// Fifteen working days from Thursday the 23rd of November: 18 December, since the
		// 16th and 17th rest for Independence Day and it falls on a weekend.
		if x == nil || x.Org != body.ID || x.Key != request.AppealTerm || x.Provision != "27-1(1)3" || !x.Due.Equal(w.slowly(x.Start, 15)) {
			t.Fatalf("%+v", x)
		}
		rule, _ := w.Terms.Rule(x.Edition, x.Key)
		if rule.Certainty != law.Secondary || !strings.Contains(rule.Source.EN, "another law") || rule.Extendable == nil {
			t.Errorf("%+v", rule)
		}
		w.clock.Set(x.Due.Add(-time.Hour))
		if got := told(w.look(w.App)); !slices.Equal(got, []string{"officer@ministry.example last-day"}) {
			t.Error(got)
		}
		w.clock.Set(x.Due.Add(time.Hour))
		if got := told(w.look(w.App)); !slices.Equal(got, []string{"officer@ministry.example late"}) {
			t.Error(got)
		}
		list, err := w.Due.List(t.Context(), body.ID, due.Filter{Overdue: true, Limit: 10})
		if err != nil || len(list) != 1 || list[0].ID != x.ID || list[0].Stage != term.Late {
			t.Error(list, err)
		}
		if list, err := w.Due.List(t.Context(), w.org.ID, due.Filter{Limit: 10}); err != nil || len(list) != 0 {
			t.Error("the operator owes no decision: ", list, err)
		}
		by := account.Caller{Token: ident.NewID(w.Now()), Role: account.Authority, Org: body.ID}
		_, err = w.Requests.Decide(t.Context(), by, a.ID, request.Dismissed, "негізсіз", "25(2)7")
		w.must(err)
		if got := w.stored(x.ID); got.Status != term.Done || got.History[0].Entry.IsZero() {
			t.Errorf("%+v", got)
		}
		w.clock.Add(10 * 24 * time.Hour)
		if got := told(w.look(w.App)); len(got) != 0 {
			t.Error("after the decision: ", got)
		}
		apptest.Clean(t, w.App)
	})
}

// slowly counts working days day by day, with what it knows of that winter: the
// weekends, Independence Day on 16 December 2023, a Saturday, whose rest moves to
// Monday the 18th, and the first days of January.
func (w *world) slowly(from time.Time, days int) time.Time {
	zone, err := time.LoadLocation("Asia/Almaty")
	w.must(err)
	rest := map[string]bool{"2023-12-18": true, "2024-01-01": true, "2024-01-02": true, "2024-01-08": true}
	y, m, d := from.In(zone).Date()
	day := time.Date(y, m, d, 12, 0, 0, 0, zone)
	for days > 0 {
		day = day.AddDate(0, 0, 1)
		if wd := day.Weekday(); wd != time.Saturday && wd != time.Sunday && !rest[day.Format(time.DateOnly)] {
			days--
		}
	}
	y, m, d = day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).Add(-time.Millisecond).UTC()
}

// held sets a hold on a consent and appeals it.
func (w *world) held(until time.Time) *consent.Hold {
	w.t.Helper()
	w.people++
	given := apptest.Consent(w.t, w.App, w.org, apptest.Subject(w.t, w.App, w.org, w.people), "payment")
	h, err := w.Consents.SetHold(w.t.Context(), given.ID, &consent.NewHold{
		HoldNote: consent.HoldNote{Obligation: "бөліп төлеу", Document: "шарт 1"}, Until: until, Actor: staff,
	})
	w.must(err)
	h, err = w.Consents.AppealHold(w.t.Context(), h.ID, "төленген", apptest.Person)
	w.must(err)
	return h
}

// The appeal of a hold is decided in the same term: it ends with the decision, with
// the operator's lifting, and with the hold itself.
//
// duty: L8.2
func TestAppealsOfHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		early := w.held(w.Now().AddDate(1, 0, 0)) // before an authority is here
		if x, err := w.Consents.DueOf(t.Context(), early); x != nil || err != nil {
			t.Fatal("nobody is here who owes it: ", x, err)
		}
		body := w.authority()
		w.clock.Add(time.Hour)
		w.must(w.Consents.CatchAppeals(t.Context()))
		w.must(w.Consents.CatchAppeals(t.Context()))
		by := verify.Actor{Kind: "authority", ID: "1"}
		cases := []struct {
			name string
			hold *consent.Hold
			end  func(*consent.Hold) error
			want term.Status
		}{
			{"caught up", early, func(h *consent.Hold) error {
				_, err := w.Consents.DecideHold(t.Context(), h.ID, false, "дұрыс", by)
				return err
			}, term.Done},
			{"lifted by the authority", w.held(w.Now().AddDate(1, 0, 0)), func(h *consent.Hold) error {
				_, err := w.Consents.DecideHold(t.Context(), h.ID, true, "төленген", by)
				return err
			}, term.Done},
			{"lifted by the operator", w.held(w.Now().AddDate(1, 0, 0)), func(h *consent.Hold) error {
				_, err := w.Consents.LiftHold(t.Context(), h.ID, "төленді", staff)
				return err
			}, term.Cancelled},
			{"over", w.held(w.Now().Add(time.Hour)), func(*consent.Hold) error {
				w.clock.Add(2 * time.Hour)
				return w.Consents.CatchAppeals(t.Context())
			}, term.Cancelled},
		}
		for _, c := range cases {
			x, err := w.Consents.DueOf(t.Context(), c.hold)
			w.must(err)
			if x == nil || x.Org != body.ID || x.Key != consent.HoldTerm || !x.Start.Equal(c.hold.Moved) {
				t.Fatalf("%s: %+v", c.name, x)
			}
			w.must(c.end(c.hold))
			if got := w.stored(x.ID); got.Status != c.want {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
		if n, err := w.Due.Owed(t.Context(), body.ID); err != nil || len(n) != 0 {
			t.Error(n, err)
		}
		apptest.Clean(t, w.App)
	})
}

// An examination is on the list of who examines until its date, is reminded of
// before, and then is over by itself: nobody is late.
//
// duty: L22.1.4
func TestExaminations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		body := w.authority()
		by := account.Caller{Token: ident.NewID(w.Now()), Role: account.Authority, Org: body.ID}
		o, err := w.Orders.Issue(t.Context(), by, &order.New{
			Organization: w.org.BIN, Kind: order.Examination, Until: w.Now().AddDate(0, 0, 10), Content: order.Content{Document: "1"},
		})
		w.must(err)
		list, err := w.Due.List(t.Context(), body.ID, due.Filter{Limit: 10})
		if err != nil || len(list) != 1 || list[0].About != (term.About{Kind: term.OfExamination, ID: o.ID}) || !list[0].Due.Equal(o.Until) {
			t.Fatal(list, err)
		}
		w.clock.Set(o.Until.AddDate(0, 0, -4))
		if got := told(w.look(w.App)); !slices.Equal(got, []string{"officer@ministry.example half"}) {
			t.Error(got)
		}
		w.clock.Set(o.Until.Add(-time.Minute))
		if got := told(w.look(w.App)); !slices.Equal(got, []string{"officer@ministry.example last-day"}) {
			t.Error(got)
		}
		w.clock.Set(o.Until.AddDate(0, 0, 7))
		if got := told(w.look(w.App)); len(got) != 0 {
			t.Error("it is late: ", got)
		}
		for _, want := range []int{1, 0} {
			if n, err := w.Due.Close(t.Context()); n != want || err != nil {
				t.Error(n, err)
			}
		}
		if got := w.stored(list[0].ID); got.Status != term.Done {
			t.Errorf("%+v", got)
		}
		apptest.Clean(t, w.App)
	})
}

// The list is in the order of the time left, over all kinds, page by page, and
// each page goes on where the one before ended.
func TestList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for i := range 7 {
			kind := fmt.Sprintf("kind-%d", i)
			w.begin(kind, []string{"transfer-notice", "block"}[i%2])
		}
		whole, err := w.Due.List(t.Context(), w.org.ID, due.Filter{Limit: 100})
		w.must(err)
		for i := range whole {
			want = append(want, whole[i].About.Kind)
			if i > 0 && whole[i].Due.Before(whole[i-1].Due) {
				t.Error("not in the order of the time left")
			}
		}
		for _, limit := range []int{1, 2, 3, 7} {
			var got []string
			f := due.Filter{Limit: limit}
			for {
				page, err := w.Due.List(t.Context(), w.org.ID, f)
				w.must(err)
				if len(page) == 0 {
					break
				}
				for i := range page {
					got = append(got, page[i].About.Kind)
				}
				if f.After, err = due.ParsePlace(page[len(page)-1].After().String()); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, want) || len(got) != 7 {
				t.Errorf("by %d: %v, want %v", limit, got, want)
			}
		}
		for _, s := range []string{"x", "-", "1-x", "-1-" + ident.NewID(w.Now()).String()} {
			if _, err := due.ParsePlace(s); err == nil {
				t.Errorf("%q is a place", s)
			}
		}
		w.at("2023-11-25 10:00") // the three of one working day are late
		counts, err := w.Due.Owed(t.Context(), w.org.ID)
		w.must(err)
		late := int64(0)
		for _, c := range counts {
			late += c.Overdue
		}
		over, err := w.Due.List(t.Context(), w.org.ID, due.Filter{Overdue: true, Limit: 10})
		if err != nil || late != 3 || len(over) != 3 || len(counts) != 7 {
			t.Error(late, len(over), counts, err)
		}
	})
}

// Whatever an address says, it is a place that is written the same, or none.
func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{"", "-", "1700000000000-018bfb68-5280-7993-9152-b416a101067a", "9223372036854775807-x", "-5-018bfb68-5280-7993-9152-b416a101067a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := due.ParsePlace(s)
		if err != nil {
			return
		}
		if again, err := due.ParsePlace(p.String()); err != nil || again != p {
			t.Errorf("%q is %v, then %v, %v", s, p, again, err)
		}
	})
}
