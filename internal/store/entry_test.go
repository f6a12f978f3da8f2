package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/store"
	"kelisim/internal/store/storetest"
	"kelisim/verify"
)

// Each entry lands under its own guard: one that is stale does not keep back
// the others, and writes nothing.
func TestRecordLandsEachUnderItsOwnGuard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.subject("1"), w.subject("2")
		recs := make([]*journal.Record, 6)
		for i := range recs {
			recs[i] = w.record(a, w.org)
			recs[i].Guard = journal.Guard{Subject: w.version(a), Org: 1}
		}
		recs[1].Guard.Subject--         // changed since
		recs[2].Guard.Org = 9           // another description since
		recs[3].Guard = journal.Guard{} // whatever they are
		recs[4].Subject = b             // somebody else, at the same version
		recs[5].Subject = newID()       // nobody
		recs[5].Guard = journal.Guard{Subject: 1}
		outs := must(w.Record(t.Context(), recs))(t)
		for i, want := range []bool{false, true, true, false, false, true} {
			if outs[i].Stale != want {
				t.Errorf("record %d: stale %v", i, outs[i].Stale)
			}
		}
		stayed := w.entries()
		for i, r := range recs {
			if slices.Contains(stayed, r.ID) == outs[i].Stale {
				t.Errorf("record %d: stale %v, there %v", i, outs[i].Stale, slices.Contains(stayed, r.ID))
			}
		}
		if err := checkGroup(outs, recs); err != nil {
			t.Error(err)
		}
	})
}

// checkGroup checks that each promise is over the record that it was given for.
func checkGroup(outs []gate.Outcome, recs []*journal.Record) error {
	for i, out := range outs {
		if out.Stale {
			continue
		}
		p, err := out.Promise(signer)
		if err != nil {
			return err
		}
		if p.Leaf != recs[i].Commitment {
			return fmt.Errorf("record %d: the promise is of another", i)
		}
		if err := p.Check(checker); err != nil {
			return err
		}
	}
	return nil
}

func TestNoEntryNoRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		n := len(w.entries())
		empty := w.record(ident.ID{}, w.org)
		empty.Sealed = nil
		_, err := w.Record(t.Context(), []*journal.Record{w.record(ident.ID{}, w.org), empty})
		wantFault(t, err, fault.Internal, "internal")
		if len(w.entries()) != n {
			t.Fatal("the one beside it landed")
		}
	})
}

// What a write changes and the next decision: one of the two sees the other.
func TestStaleAfterEveryChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		c := w.given(sub, now, "news")
		for name, change := range map[string]func(){
			"a consent":                func() { w.insert(c) },
			"another organization too": func() { must(w.join(w.newOrg("050140000017"), strong(ident.IIN, "1")))(t) },
		} {
			r := w.guarded(sub)
			change()
			if outs := must(w.Record(t.Context(), []*journal.Record{r}))(t); !outs[0].Stale {
				t.Errorf("%s changed nothing for a decision on the facts before", name)
			}
		}
	})
}

func TestCancelledCallerGetsAnAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		done := make(chan error, 1)
		go func() {
			_, err := w.Record(ctx, []*journal.Record{w.record(ident.ID{}, w.org)})
			done <- err
		}()
		select {
		case <-done: // landed or not: it is one of the two
		case <-time.After(2 * time.Minute):
			t.Fatal("a caller that gave up waits for ever")
		}
	})
}

func TestEntriesPageByPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b, other := w.subject("1"), w.subject("2"), w.newOrg("050140000017")
		must(w.join(other, strong(ident.IIN, "1")))(t)
		names := map[ident.ID]string{}
		for i, x := range []struct {
			subject, org ident.ID
			action       string
		}{{a, w.org, "view"}, {b, w.org, "view"}, {a, other, "view"}, {a, w.org, "use"}, {ident.ID{}, w.org, "apply"}, {a, w.org, "view"}} {
			r := w.record(x.subject, x.org)
			r.ID, r.Action = ident.NewID(now.Add(time.Duration(i+1)*time.Minute)), x.action
			names[r.ID] = fmt.Sprint(i)
			must(w.Record(t.Context(), []*journal.Record{r}))(t)
		}
		since := ident.FirstID(now.Add(time.Minute))
		for name, c := range map[string]struct {
			f    journal.Filter
			want []string
		}{
			"of a subject":                  {journal.Filter{BySubject: true, Subject: a}, []string{"5", "3", "2", "0"}},
			"with one organization":         {journal.Filter{BySubject: true, Subject: a, Org: w.org}, []string{"5", "3", "0"}},
			"of an organization":            {journal.Filter{Org: w.org}, []string{"5", "4", "3", "1", "0"}},
			"of one action":                 {journal.Filter{Org: w.org, Action: "view"}, []string{"5", "1", "0"}},
			"since":                         {journal.Filter{Org: w.org, Since: ident.FirstID(now.Add(4 * time.Minute))}, []string{"5", "4", "3"}},
			"the subject of another filter": {journal.Filter{Org: w.org, Subject: b}, []string{"5", "4", "3", "1", "0"}},
		} {
			if c.f.Since.IsZero() {
				c.f.Since = since
			}
			for limit := 1; limit <= 6; limit++ { // the same, whatever the page
				var got []string
				f := c.f
				f.Limit = limit
				for {
					rows := must(w.Entries(t.Context(), f))(t)
					for i := range rows {
						got = append(got, names[rows[i].ID])
						f.Before = rows[i].ID
					}
					if len(rows) < limit {
						break
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s by %d: %v, want %v", name, limit, got, c.want)
				}
			}
		}
	})
}

func TestEntryIsFoundOnlyByWhomItConcerns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.subject("1"), w.subject("2")
		r := w.record(a, w.org)
		must(w.Record(t.Context(), []*journal.Record{r}))(t)
		for name, c := range map[string]struct {
			f    journal.Filter
			want bool
		}{
			"the subject": {journal.Filter{BySubject: true, Subject: a}, true}, "somebody else": {journal.Filter{BySubject: true, Subject: b}, false},
			"the organization": {journal.Filter{Org: w.org}, true}, "another": {journal.Filter{Org: newID()}, false},
		} {
			row, err := w.Entry(t.Context(), c.f, r.ID)
			if c.want && (err != nil || row.Commitment != r.Commitment || row.Action != r.Action) {
				t.Errorf("%s: %v %v", name, row, err)
			}
			if !c.want && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s finds it: %v", name, err)
			}
			for _, other := range []ident.ID{{}, ident.NewID(now.Add(-time.Hour)), newID(), ident.NewID(now.Add(time.Hour))} {
				if _, err := w.Entry(t.Context(), c.f, other); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s finds another: %v", name, err)
				}
			}
		}
	})
}

// On PostgreSQL, where many write at once, a decision waits for a withdrawal
// that is under way and then does not land on the facts before: it never
// overtakes one that was answered.
//
// duty: L24.1.5
func TestRecordWaitsForAWithdrawal(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t)
	s, err := store.OpenPostgres(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := &world{Store: s, t: t}
	w.org = w.newOrg("150940018738")
	r := w.guarded(w.subject("1"))
	withdrawal, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer withdrawal.Close(context.Background())
	tx, err := withdrawal.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "UPDATE subject SET version = version + 1 WHERE id = $1", r.Subject[:]); err != nil {
		t.Fatal(err)
	}
	landed := make(chan []gate.Outcome, 1)
	go func() {
		outs, err := w.Record(context.Background(), []*journal.Record{r})
		if err != nil {
			t.Error(err)
		}
		landed <- outs
	}()
	select {
	case <-landed:
		t.Fatal("answered while the withdrawal was under way")
	case <-time.After(300 * time.Millisecond):
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if outs := <-landed; !outs[0].Stale {
		t.Fatal("landed on the facts before the withdrawal")
	}
}

// An entry is given to the sealer once, in the order of commits, and what comes
// later comes after.
func TestUnsealedInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var size int64
		var sealed []verify.Commitment
		seal := func(max int) int {
			leaves := must(w.Unsealed(t.Context(), size, max))(t)
			if len(leaves) == 0 {
				return 0
			}
			if err := w.Extend(t.Context(), w.extension(size, leaves)); err != nil {
				t.Fatal(err)
			}
			size += int64(len(leaves))
			sealed = append(sealed, commitments(leaves)...)
			return len(leaves)
		}
		for seal(100) > 0 {
		}
		from := len(sealed)
		var want []verify.Commitment
		for range 7 {
			r := w.record(ident.ID{}, w.org)
			must(w.Record(t.Context(), []*journal.Record{r}))(t)
			want = append(want, r.Commitment)
		}
		for seal(3) > 0 {
		}
		late := w.record(ident.ID{}, w.org)
		late.ID = ident.NewID(now.Add(-time.Hour)) // another node's clock is behind
		must(w.Record(t.Context(), []*journal.Record{late}))(t)
		seal(100)
		got := sealed[from:]
		if len(got) != 8 || got[7] != late.Commitment {
			t.Fatalf("%d leaves, the late one not at the end", len(got))
		}
		for _, c := range want {
			if !slices.Contains(got, c) {
				t.Error("an entry was not given")
			}
		}
		if all := must(w.Commitments(t.Context(), 0, size))(t); !slices.Equal(all, sealed) {
			t.Error("the leaves are not in the order that they were sealed in")
		}
		if n := must(w.LogSize(t.Context()))(t); n != size {
			t.Errorf("the log says %d, want %d", n, size)
		}
	})
}

// Two sealers at one moment: one step lands, the other does nothing.
func TestExtendLetsOneSealerThrough(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := &world{Store: open(), t: t}
		other := open() // another node
		w.org = w.newOrg("150940018738")
		for round := range 5 {
			must(w.Record(t.Context(), []*journal.Record{w.record(ident.ID{}, w.org)}))(t)
			size := must(w.LogSize(t.Context()))(t)
			leaves := must(w.Unsealed(t.Context(), size, 100))(t)
			errs := make([]error, 6)
			var wg sync.WaitGroup
			for i := range errs {
				wg.Go(func() {
					s := w.Store
					if i%2 == 1 {
						s = other
					}
					errs[i] = s.Extend(t.Context(), w.extension(size, leaves))
				})
			}
			wg.Wait()
			landed := 0
			for _, err := range errs {
				if err == nil {
					landed++
				} else if !fault.Is(err, "log-moved") {
					t.Error(err)
				}
			}
			if landed != 1 {
				t.Fatalf("round %d: %d of them landed", round, landed)
			}
		}
		if points := must(w.Checkpoints(t.Context()))(t); len(points) != 5 {
			t.Errorf("%d checkpoints", len(points))
		}
	})
}

// A step that cannot land whole does not land: no number, tile or checkpoint.
func TestExtendIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		leaves := must(w.Unsealed(t.Context(), 0, 100))(t)
		for name, spoil := range map[string]func(*journal.Extension){
			"another size": func(x *journal.Extension) { x.From++ },
			"tile twice":   func(x *journal.Extension) { x.Tiles[0].Data = nil },
		} {
			x := w.extension(0, leaves)
			spoil(x)
			if err := w.Extend(t.Context(), x); err == nil {
				t.Errorf("%s: landed", name)
			}
			if n := must(w.LogSize(t.Context()))(t); n != 0 {
				t.Errorf("%s: the log says %d", name, n)
			}
			if c := must(w.Checkpoint(t.Context()))(t); c != "" {
				t.Errorf("%s: a checkpoint stayed", name)
			}
			if got := must(w.Unsealed(t.Context(), 0, 100))(t); len(got) != len(leaves) {
				t.Errorf("%s: %d of %d leaves are left", name, len(got), len(leaves))
			}
		}
		if err := w.Extend(t.Context(), w.extension(0, leaves)); err != nil {
			t.Fatal(err)
		}
		if tile := must(w.Tile(t.Context(), 0, 0))(t); len(tile) != 32*len(leaves) {
			t.Errorf("a tile of %d bytes", len(tile))
		}
		if tile := must(w.Tile(t.Context(), 1, 0))(t); tile != nil {
			t.Error("a tile that is not there")
		}
	})
}

// Rows come back in the order of leaves, those without one last, and an error
// of the reader ends it.
func TestScan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		if err := w.Extend(t.Context(), w.extension(0, must(w.Unsealed(t.Context(), 0, 100))(t))); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			must(w.Record(t.Context(), []*journal.Record{w.record(ident.ID{}, w.org)}))(t)
		}
		size := must(w.LogSize(t.Context()))(t)
		n := 0
		if err := w.Scan(t.Context(), func(r *journal.Row) error {
			if int64(n) < size && r.Leaf != int64(n) || int64(n) >= size && r.Leaf >= 0 && r.Leaf < size {
				t.Errorf("row %d has leaf %d", n, r.Leaf)
			}
			if got := must(w.Copies(t.Context(), r))(t); got != 1 {
				t.Errorf("%d copies", got)
			}
			n++
			return nil
		}); err != nil || n != int(size)+3 {
			t.Fatal(n, err)
		}
		if err := w.Scan(t.Context(), func(*journal.Row) error { return errWanted }); err == nil {
			t.Fatal("an error of the reader was lost")
		}
		tiles := 0
		if err := w.Tiles(t.Context(), func(int, int64, []byte) error { tiles++; return nil }); err != nil || tiles != 1 {
			t.Fatal(tiles, err)
		}
	})
}

// A store that is closed while callers write answers each of them.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := &world{Store: open(), t: t}
		other := open()
		org := w.newOrg("150940018738")
		var wg sync.WaitGroup
		var mu sync.Mutex
		answered := map[ident.ID]bool{}
		for range 16 {
			wg.Go(func() {
				for {
					r := w.record(ident.ID{}, org)
					if _, err := w.Record(context.Background(), []*journal.Record{r}); err != nil {
						wantUnavailable(t, err)
						return
					}
					mu.Lock()
					answered[r.ID] = true
					mu.Unlock()
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		for _, r := range must(other.Entries(t.Context(), journal.Filter{Org: org, Limit: 1 << 30}))(t) {
			delete(answered, r.ID)
		}
		if len(answered) > 0 {
			t.Errorf("%d answered entries are not there", len(answered))
		}
		if err := w.Close(); err != nil {
			t.Error("closed twice: ", err)
		}
	})
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v, want it to be unavailable", err)
	}
}

// Consents given and withdrawn are counted by organization and time, through an
// index of their own.
func TestConsentActs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		other := w.newOrg("990140000018")
		for _, x := range []struct {
			org    ident.ID
			action string
			age    time.Duration
		}{
			{w.org, "consent.give", 0},
			{w.org, "consent.give", time.Hour},
			{w.org, "consent.give", 2 * time.Hour},
			{w.org, "consent.give", 49 * time.Hour},
			{w.org, "consent.withdraw", time.Hour},
			{w.org, "consent.withdraw", 50 * time.Hour},
			{w.org, "consent.pause", 0},
			{w.org, "view", 0},
			{other, "consent.give", 0},
		} {
			r := w.record(newID(), x.org)
			r.Action, r.ID = x.action, ident.NewID(now.Add(-x.age))
			must(w.Record(t.Context(), []*journal.Record{r}))(t)
		}
		given, withdrawn, err := w.ConsentActs(t.Context(), w.org, now.Add(-48*time.Hour))
		if err != nil || given != 3 || withdrawn != 1 {
			t.Errorf("%d given, %d withdrawn: %v", given, withdrawn, err)
		}
		if plan := must(w.PlanOfConsentActs(t.Context()))(t); plan != "" && !strings.Contains(plan, "entry_consent") {
			t.Errorf("counted without the index: %s", plan)
		}
	})
}
