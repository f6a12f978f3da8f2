package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/store"
	"kelisim/internal/store/storetest"
)

// listed walks a list page by page, as a caller does, and stops where it would
// go round in circles.
func (w *world) listed(f journal.Filter) (out []ident.ID) {
	w.t.Helper()
	f.Limit = 3
	for range 1000 {
		rows := must(w.Entries(w.t.Context(), f))(w.t)
		for i := range rows {
			out = append(out, rows[i].ID)
			f.Before = rows[i].ID
		}
		if len(rows) < f.Limit {
			return out
		}
	}
	w.t.Fatal("the list has no end")
	return nil
}

// Lists are whole whatever was written down of them, by this process or by
// another, and after a crash.
func TestListsSurvive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := &world{Store: open(), t: t}
		w.org = w.newOrg("150940018738")
		a, b := w.subject("1"), w.subject("2")
		want := map[string]int{"a": 1, "b": 1, "org": 3}
		add := func(s *store.Store) {
			t.Helper()
			for _, who := range []ident.ID{a, a, b, {}} {
				must(s.Record(t.Context(), []*journal.Record{w.record(who, w.org)}))(t)
			}
			want["a"], want["b"], want["org"] = want["a"]+2, want["b"]+1, want["org"]+4
		}
		check := func(when string, s *store.Store) {
			t.Helper()
			x := &world{Store: s, t: t}
			for name, f := range map[string]journal.Filter{
				"a": {BySubject: true, Subject: a}, "b": {BySubject: true, Subject: b}, "org": {Org: w.org},
			} {
				list := x.listed(f)
				slices.SortFunc(list, func(p, q ident.ID) int { return slices.Compare(p[:], q[:]) })
				if n := len(slices.Compact(list)); n != want[name] || len(list) != n {
					t.Errorf("%s: %s has %d entries listed, %d of them different, want %d", when, name, len(list), n, want[name])
				}
			}
		}
		flush := func(s *store.Store) {
			t.Helper()
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		check("at first", w.Store)
		flush(w.Store)
		check("written down", w.Store)
		add(w.Store)
		check("added after that", w.Store)
		other := open()
		check("in another process", other)
		add(other)
		check("what another process added", w.Store)
		flush(w.Store)
		add(other)
		check("added over what was written down", w.Store)
		check("the same there", other)
		flush(other)
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		add(w.Store)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		check("opened again", open())
	})
}

// Clocks are set back, and disks hang: ids are then not in the order of commits.
// Nothing gets lost by that.
func TestListsWhenTheClockJumps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, other := w.subject("1"), w.newOrg("050140000017")
		must(w.join(other, strong(ident.IIN, "1")))(t)
		var ids []ident.ID
		for i, jump := range []time.Duration{
			0, time.Second, -time.Hour, -time.Hour + time.Second, -30 * time.Minute, 2 * time.Second, time.Hour, 3 * time.Second, -24 * time.Hour, 4 * time.Second,
		} {
			batch := make([]*journal.Record, 1500) // more than lies near anything
			for k := range batch {
				batch[k] = w.record(a, other)
				if k%700 == 0 {
					batch[k].Org = w.org
				}
				batch[k].ID = ident.NewID(now.Add(jump).Add(time.Duration(i)*time.Minute + time.Duration(k)*time.Millisecond))
				if batch[k].Org == w.org {
					ids = append(ids, batch[k].ID)
				}
			}
			must(w.Record(t.Context(), batch))(t)
		}
		for i, id := range ids {
			if _, err := w.Entry(t.Context(), journal.Filter{Org: w.org}, id); err != nil {
				t.Errorf("entry %d: %v", i, err)
			}
		}
		for name, f := range map[string]journal.Filter{"subject": {BySubject: true, Subject: a, Org: w.org}, "organization": {Org: w.org}} {
			list := w.listed(f)
			seen := map[ident.ID]int{}
			for _, id := range list {
				seen[id]++
			}
			for i, id := range ids {
				if seen[id] != 1 {
					t.Errorf("of the %s, entry %d is listed %d times", name, i, seen[id])
				}
			}
		}
	})
}

// A list can begin at a moment and go back to one.
func TestListsOfAPeriod(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := w.subject("1")
		names := map[ident.ID]string{}
		at := func(n int) time.Time { return now.AddDate(0, 0, n) }
		for i := range 10 {
			r := w.record(a, w.org)
			r.ID = ident.NewID(at(i + 1))
			names[r.ID] = fmt.Sprint(i + 1)
			must(w.Record(t.Context(), []*journal.Record{r}))(t)
		}
		f := journal.Filter{BySubject: true, Subject: a, Since: ident.FirstID(at(4)), Before: ident.FirstID(at(8))}
		var got []string
		for _, id := range w.listed(f) {
			got = append(got, names[id])
		}
		if !slices.Equal(got, []string{"7", "6", "5", "4"}) {
			t.Errorf("listed %v", got)
		}
	})
}
