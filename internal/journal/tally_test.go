package journal_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// shelf is a journal in memory, of one organization.
type shelf struct {
	journal.ReadStore
	mu   sync.Mutex
	rows []journal.Row // newest first
	read int
}

func (s *shelf) Entries(_ context.Context, f journal.Filter) (out []journal.Row, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.rows {
		id := s.rows[i].ID
		if len(out) < f.Limit && (f.Before.IsZero() || slices.Compare(id[:], f.Before[:]) < 0) && slices.Compare(id[:], f.Since[:]) >= 0 {
			out = append(out, s.rows[i])
		}
	}
	s.read += len(out)
	return out, nil
}

func (s *shelf) add(t testing.TB, key *seal.Key, at time.Time, decision string) ident.ID {
	row := prepared(t, key, &verify.Entry{Action: "view", Decision: decision}, at)
	s.rows = append(s.rows, row)
	slices.SortFunc(s.rows, func(a, b journal.Row) int { return slices.Compare(b.ID[:], a.ID[:]) })
	return row.ID
}

func counting() (*shelf, *journal.Reader, *seal.Key) {
	s, key := &shelf{}, seal.NewKey()
	return s, &journal.Reader{Store: s, KeyOf: func(context.Context, ident.ID) (journal.Key, error) { return key, nil }}, &key
}

// Whenever somebody looks, what is told is what is there, however late an entry
// of within two minutes lands.
func TestTallyIsWhatIsThere(t *testing.T) {
	t.Parallel()
	day := start.Add(-9 * time.Hour)
	rapid.Check(t, func(rt *rapid.T) {
		s, r, key := counting()
		var c journal.Counter
		now := day
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 900).Draw(rt, "seconds")) * time.Second)
			if rapid.Bool().Draw(rt, "look") {
				got, err := c.Count(rt.Context(), r, ident.ID{1}, day, now)
				if err != nil {
					rt.Fatal(err)
				}
				same(rt, s, key, day, got)
				continue
			}
			late := time.Duration(rapid.IntRange(0, 119).Draw(rt, "late")) * time.Second
			s.add(t, key, now.Add(-late), rapid.SampledFrom([]string{"permit", "deny", ""}).Draw(rt, "decision"))
		}
	})
}

// same counts all over again.
func same(t *rapid.T, s *shelf, key *seal.Key, day time.Time, got *journal.Tally) {
	want := journal.Tally{From: day}
	for i := range s.rows {
		e, err := s.rows[i].Open(key)
		if err != nil {
			t.Fatal(err)
		}
		after := s.rows[i].ID.Time().Sub(day)
		switch {
		case after < 0:
		case e.Decision == "permit":
			want.Permits++
			want.Hours[after/time.Hour].Permits++
		case e.Decision == "deny":
			want.Denials++
			want.Hours[after/time.Hour].Denials++
			if len(want.Denied) < 10 {
				want.Denied = append(want.Denied, e)
			}
		}
	}
	if got.Permits != want.Permits || got.Denials != want.Denials || got.Hours != want.Hours || !got.From.Equal(want.From) {
		t.Fatalf("told %+v, there is %+v", got, want)
	}
	if !slices.EqualFunc(got.Denied, want.Denied, func(a, b *journal.Opened) bool { return a.ID == b.ID }) {
		t.Fatalf("%d refusals told, %d there", len(got.Denied), len(want.Denied))
	}
}

// A look reads what is new, not the day again; a new day begins at nothing.
func TestTallyReadsOnce(t *testing.T) {
	t.Parallel()
	s, r, key := counting()
	var c journal.Counter
	day := start.Add(-9 * time.Hour)
	for i := range 700 {
		s.add(t, key, start.Add(time.Duration(i)*time.Second), "permit")
	}
	now := start.Add(time.Hour)
	look := func(want, most int) {
		t.Helper()
		s.read = 0
		got, err := c.Count(t.Context(), r, ident.ID{1}, day, now)
		if err != nil || got.Permits != want || s.read > most {
			t.Errorf("told %+v after reading %d entries: %v", got, s.read, err)
		}
	}
	look(700, 700)
	look(700, 0)
	s.add(t, key, now, "permit")
	look(701, 1)
	now, day = now.Add(24*time.Hour), day.Add(24*time.Hour)
	look(0, 0)
}

// Many look at one time, and all are told the same.
func TestTallyForMany(t *testing.T) {
	t.Parallel()
	s, r, key := counting()
	for i := range 50 {
		s.add(t, key, start.Add(time.Duration(i)*time.Second), "deny")
	}
	var c journal.Counter
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			got, err := c.Count(t.Context(), r, ident.ID{byte(1 + i%2)}, start, start.Add(time.Hour))
			if err != nil || got.Denials != 50 || len(got.Denied) != 10 {
				t.Errorf("told %+v: %v", got, err)
			}
		})
	}
	wg.Wait()
}

// Where there is more than is worth reading, the tally says since when it
// counted, and goes on from there.
func TestTallyOfTooMany(t *testing.T) {
	t.Parallel()
	s, r, key := counting()
	day := start.Add(-9 * time.Hour)
	for i := range 10_600 {
		s.rows = append(s.rows, prepared(t, key, &verify.Entry{Action: "view", Decision: "permit"}, start.Add(time.Duration(-i)*time.Second)))
	}
	var c journal.Counter
	got, err := c.Count(t.Context(), r, ident.ID{1}, day, start.Add(time.Hour))
	if err != nil || got.Permits != 10_000 || !got.From.Equal(start.Add(-9_999*time.Second)) {
		t.Fatalf("%d since %v: %v", got.Permits, got.From, err)
	}
	s.add(t, key, start.Add(time.Hour), "deny")
	if got, err = c.Count(t.Context(), r, ident.ID{1}, day, start.Add(time.Hour)); err != nil || got.Permits != 10_000 || got.Denials != 1 || got.From.Equal(day) {
		t.Fatalf("%d and %d since %v: %v", got.Permits, got.Denials, got.From, err)
	}
}

func TestTallyOfEachEngine(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		other := apptest.Subject(t, a, org, 2)
		sub := apptest.Subject(t, a, org, 1)
		apptest.Consent(t, a, org, sub, "contracts")
		day := clock.Now().Add(-9 * time.Hour)
		var c journal.Counter
		var want [2]int
		for i := range 7 {
			clock.Add(time.Hour)
			subject := sub
			if i%3 == 0 {
				subject = other
			}
			ans, err := a.Guard.Decide(t.Context(), &gate.Ask{
				Request: gate.Request{Action: register.View, Purpose: "contracts", Categories: []string{"name"}},
				Holder:  org, Asker: org, Subject: subject, Actor: apptest.System,
			})
			if err != nil {
				t.Fatal(err)
			}
			if ans.Permit {
				want[0]++
			} else {
				want[1]++
			}
			got, err := c.Count(t.Context(), a.Journal, org.ID, day, clock.Now())
			if err != nil || got.Permits != want[0] || got.Denials != want[1] || len(got.Denied) != want[1] || got.Hours[10+i].Permits+got.Hours[10+i].Denials != 1 {
				t.Fatalf("told %+v, want %v: %v", got, want, err)
			}
		}
	})
}
