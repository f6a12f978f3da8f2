package term_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Kurban Ait of 2024 was announced as 17 June and changed to the 16th nine days
// before; here it happens the other way round.
const kurbanMoves = "year: 2024\nsource: announcement of 7 June 2024\ncertainty: P\nkurban_ait: 2024-06-17\n"

// A decree moves the end of open terms, and each that moved says so: from what
// day to what day, and by which decree. Others stay and have no entry.
func TestDecreeMovesTerms(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Set(almaty(t, "2024-06-14 15:00")) // a Friday
		a, b := w.person(), w.person()
		moves, stays, ended := w.start("block", a), w.start("transfer-notice", b), w.start("block", b)
		if _, err := w.Terms.Done(t.Context(), w.org.ID, ended.ID, officer); err != nil {
			t.Fatal(err)
		}
		if day(moves.Due) != "2024-06-17" {
			t.Fatal(moves.Due)
		}
		added := w.add(kurbanMoves)
		if !added.Changed || added.Number != 1 || added.Version.String() != "1.1" || w.stored(moves.ID).Due != moves.Due {
			t.Fatalf("%+v", added)
		}
		if r := w.recompute(); r != (term.Result{Seen: 2, Moved: 2}) {
			t.Fatalf("%+v", r)
		}
		got := w.stored(moves.ID)
		if day(got.Due) != "2024-06-18" || got.CalendarVersion != added.Version || got.Version != 2 {
			t.Errorf("%+v", got)
		}
		if h := got.History; len(h) != 1 || h[0].What != term.Recomputed || !h[0].Was.Equal(moves.Due) || !h[0].Due.Equal(got.Due) {
			t.Errorf("%+v", h)
		}
		if s := w.stored(stays.ID); day(s.Due) != "2024-07-01" { // ten working days end a day later too
			t.Errorf("%+v", s)
		}
		if s := w.stored(ended.ID); s.Due != ended.Due || s.CalendarVersion.Decree() != 0 {
			t.Error("an ended term was touched")
		}
		sum := sha256.Sum256([]byte(kurbanMoves))
		e := w.entries("term.recompute", &a)
		if len(e) != 1 || !bytes.Equal(e[0].Digest, sum[:]) || ident.ID(e[0].ID) != got.History[0].Entry || e[0].Actor.Kind != "service" {
			t.Fatalf("%+v", e)
		}
		want := fmt.Sprintf("key=block term=%s was=2024-06-17 due=2024-06-18 calendar=1.1 decree=1", moves.ID)
		if e[0].Detail != want {
			t.Errorf("%s, want %s", e[0].Detail, want)
		}
		if r := w.recompute(); r != (term.Result{}) {
			t.Errorf("the second time there is nothing to do: %+v", r)
		}
		decrees := opened(t, w, "calendar.decree")
		if len(decrees) != 1 || !bytes.Equal(decrees[0].Digest, sum[:]) || decrees[0].Actor != officer || decrees[0].Detail != "decree=1 year=2024" {
			t.Errorf("%+v", decrees)
		}
		apptest.Clean(t, w.App)
	})
}

// opened reads entries that concern no organization.
func opened(t *testing.T, w *world, action string) (found []*verify.Entry) {
	t.Helper()
	err := w.Store.Scan(t.Context(), func(r *journal.Row) error {
		if r.Action != action {
			return nil
		}
		o, err := r.Open(&w.Keys.Journal)
		if err == nil {
			found = append(found, o.Entry)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A term that ends where it ended only notes the calendar, which is no act.
func TestTermsThatStayHaveNoEntry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sub := w.person()
		stays := w.start("block", sub)
		w.add(kurbanMoves) // of another year
		if r := w.recompute(); r != (term.Result{Seen: 1}) {
			t.Fatalf("%+v", r)
		}
		got := w.stored(stays.ID)
		if got.CalendarVersion.Decree() != 1 || got.Version != 1 || len(got.History) != 0 || len(w.entries("term.recompute", &sub)) != 0 {
			t.Errorf("%+v", got)
		}
		apptest.Clean(t, w.App)
	})
}

// Cut short between two batches, it goes on where it stopped: each term moves
// once and has one entry.
func TestRecomputeGoesOnAfterACrash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Set(almaty(t, "2024-06-14 15:00"))
		const n = 7
		people := make([]ident.ID, n)
		terms := make([]*term.Term, n)
		for i := range people {
			people[i] = w.person()
			terms[i] = w.start("block", people[i])
		}
		w.add(kurbanMoves)
		if r, err := w.Terms.Step(t.Context(), 3); err != nil || r != (term.Result{Seen: 3, Moved: 3, Left: true}) {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := w.Close(); err != nil { // the rest of the batches never ran
			t.Fatal(err)
		}
		w.App = apptest.Reopen(t, w.App)
		w.org = apptest.Org(t, w.App, "")
		if r := w.recompute(); r != (term.Result{Seen: 4, Moved: 4}) {
			t.Fatalf("%+v", r)
		}
		if r := w.recompute(); r != (term.Result{}) {
			t.Errorf("%+v", r)
		}
		for i := range people {
			if e := w.entries("term.recompute", &people[i]); len(e) != 1 || day(w.stored(terms[i].ID).Due) != "2024-06-18" {
				t.Errorf("term %d: %d entries, due %s", i, len(e), day(w.stored(terms[i].ID).Due))
			}
		}
		apptest.Clean(t, w.App)
	})
}

// Between reading and landing somebody else changed the term: neither the change
// nor its entry lands, and the next time the term is not open any more.
func TestRecomputeYieldsToOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Set(almaty(t, "2024-06-14 15:00"))
		sub := w.person()
		moves := w.start("block", sub)
		added := w.add(kurbanMoves)
		old := *w.stored(moves.ID)
		if _, err := w.Terms.Done(t.Context(), w.org.ID, moves.ID, officer); err != nil {
			t.Fatal(err)
		}
		next := old
		next.Version, next.CalendarVersion = old.Version+1, added.Version
		key, err := w.Parties.JournalKey(t.Context(), sub)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := journal.Prepare(&verify.Entry{Organization: w.org.BIN, Action: "term.recompute"}, sub, w.org.ID, &key, w.Now())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := w.Store.LandCounts(t.Context(), []term.Count{{Term: &next, Record: rec}}); err != nil || n != 0 {
			t.Errorf("%d moved, %v", n, err)
		}
		if got := w.stored(moves.ID); got.Status != term.Done || len(w.entries("term.recompute", &sub)) != 0 {
			t.Errorf("%+v", got)
		}
		if r := w.recompute(); r != (term.Result{}) {
			t.Errorf("%+v", r)
		}
		if _, err := w.Store.LandCounts(t.Context(), []term.Count{{Term: &next, Record: &journal.Record{}}}); err == nil {
			t.Error("a term moved without an entry")
		}
		apptest.Clean(t, w.App)
	})
}

// Another node sees a decree within seconds. What it began by the older calendar
// meanwhile is found and computed anew.
func TestNodesAgreeOnTheCalendar(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Set(almaty(t, "2024-06-14 15:00"))
		sub := w.person()
		b := apptest.Reopen(t, w.App)
		if c, err := b.Terms.Calendars.Current(t.Context()); err != nil || c.Version.Decree() != 0 {
			t.Fatal(c, err)
		}
		w.add(kurbanMoves)
		w.recompute()
		late, err := b.Terms.Start(t.Context(), apptest.System, term.Of{Edition: edition, Key: "block", Org: w.org, Subject: sub, Start: w.Now()})
		if err != nil || day(late.Due) != "2024-06-17" {
			t.Fatal("this node has not heard of it yet: ", late, err)
		}
		w.clock.Add(2 * time.Second)
		c, err := b.Terms.Calendars.Current(t.Context())
		if err != nil || c.Version.Decree() != 1 || c.IsWorking(almaty(t, "2024-06-17 12:00"), calendar.FiveDays) {
			t.Fatal(c.Version, err)
		}
		if r, err := b.Terms.Recompute(t.Context(), 0); err != nil || r.Moved != 1 || day(w.stored(late.ID).Due) != "2024-06-18" {
			t.Errorf("%+v, %v", r, err)
		}
		apptest.Clean(t, w.App)
	})
}

func TestDecreeTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.add(kurbanMoves)
		again := w.add(kurbanMoves)
		if again.Changed || again.Number != first.Number || again.Version != first.Version || again.Entry != first.Entry {
			t.Errorf("%+v, then %+v", first, again)
		}
		w.add("{year: 2024, source: changed again, certainty: P, kurban_ait: 2024-06-16}")
		list, err := w.Terms.Calendars.Decrees(t.Context())
		if err != nil || len(list) != 2 || list[1].Number != 2 || string(list[0].Document) != kurbanMoves || list[0].At.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		if c, err := w.Terms.Calendars.Current(t.Context()); err != nil || c.Version.String() != "1.2" || !c.IsWorking(almaty(t, "2024-06-17 12:00"), 0) {
			t.Error("the newest word counts", err)
		}
		if n := apptest.Clean(t, w.App); n != 2+2 { // the operator's two, two decrees
			t.Errorf("%d leaves", n)
		}
	})
}

// A decree that does not fit says where, and nothing of it stays.
func TestBadDecreeLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := apptest.Clean(t, w.App)
		for document, code := range map[string]string{
			"year: 2024\nsource: s\ncertainty: P\nworks: [2024-02-30]\n": "date-form",
			"year: 2024\nsource: s\ncertainty: P\nrests: [2024-06-23]\n": "decree-rests-already",
			"year: 2024\nsource: s\ncertainty: P\nrest: [2024-06-14]\n":  "decree-key",
		} {
			_, err := w.Terms.Calendars.Add(t.Context(), officer, []byte(document))
			var list fault.List
			if !errors.As(err, &list) || list[0].Code != code || list[0].Line != 4 {
				t.Errorf("%v, want %s on line 4", err, code)
			}
		}
		if list, err := w.Terms.Calendars.Decrees(t.Context()); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		if after := apptest.Clean(t, w.App); after != before {
			t.Errorf("%d leaves, %d before", after, before)
		}
	})
}

// Two administrators at one moment: both decrees are there, in an order.
func TestDecreesAtOneMoment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := apptest.Reopen(t, w.App)
		const n = 8
		errs := make(chan error, n)
		for i := range n {
			calendars := w.Terms.Calendars
			if i%2 == 1 {
				calendars = b.Terms.Calendars
			}
			go func() {
				_, err := calendars.Add(t.Context(), officer, []byte(strings.Replace(kurbanMoves, "06-17", fmt.Sprintf("06-%d", 10+i), 1)))
				errs <- err
			}()
		}
		landed := 0
		for range n {
			if err := <-errs; err == nil {
				landed++
			} else if !fault.Is(err, "calendar-changed") {
				t.Error(err)
			}
		}
		list, err := w.Terms.Calendars.Decrees(t.Context())
		if err != nil || len(list) != landed || landed == 0 {
			t.Errorf("%d decrees, %d landed, %v", len(list), landed, err)
		}
		for i := range list {
			if list[i].Number != int64(i)+1 {
				t.Errorf("decree %d has number %d", i+1, list[i].Number)
			}
		}
		apptest.Clean(t, w.App)
	})
}

// A term whose edition does not know it any more stays as it is, and does not
// stop the others.
func TestRecomputePassesOverTheUnknown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Set(almaty(t, "2024-06-14 15:00"))
		a := w.start("change", w.person())
		b := w.start("block", w.person())
		w.add(kurbanMoves)
		w.Terms.Rule = func(edition, key string) (law.Term, bool) {
			if key == "change" {
				return law.Term{}, false
			}
			return term.ByEdition(edition, key)
		}
		if r := w.recompute(); r != (term.Result{Seen: 2, Moved: 1, Unknown: 1}) {
			t.Errorf("%+v", r)
		}
		if day(w.stored(a.ID).Due) != "2024-06-17" || day(w.stored(b.ID).Due) != "2024-06-18" {
			t.Error(w.stored(a.ID).Due, w.stored(b.ID).Due)
		}
	})
}

// What bends a term counts when it is computed anew.
func TestRecomputeKeepsExtensions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Terms.Rule = bending
		w.clock.Set(almaty(t, "2024-06-12 15:00")) // Wednesday; 3 working days: Monday
		tt := w.start("inform-subject", w.person())
		if n, err := w.Terms.Extend(t.Context(), w.org.ID, tt.ID, 1, "many-documents", officer); err != nil || day(n.Due) != "2024-06-18" {
			t.Fatal(n, err)
		}
		w.add(kurbanMoves)
		w.recompute()
		if got := w.stored(tt.ID); day(got.Due) != "2024-06-19" || len(got.History) != 2 {
			t.Errorf("%+v", got)
		}
	})
}
