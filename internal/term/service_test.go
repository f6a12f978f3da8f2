package term_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/term"
)

// One working day from Friday evening ends on Monday; where Saturday is worked,
// on Saturday.
func TestStart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Set(almaty(t, "2023-11-24 19:30"))
		sub := w.person()
		got := w.start("block", sub)
		want := &term.Term{
			ID: got.ID, Subject: sub, Org: w.org.ID, Version: 1, Status: term.Open, Key: "block", Provision: "25(2)8", Edition: edition,
			Week: calendar.FiveDays, About: got.About, Start: w.Now().UTC(), Due: calendar.DayOf(almaty(t, "2023-11-27 00:00")).End(),
			CalendarVersion: calendar.Base().Version, Entry: got.Entry,
		}
		stored := w.stored(got.ID)
		if stored.Entry.IsZero() || !stored.Start.Equal(want.Start) || !stored.Due.Equal(want.Due) || len(stored.History) != 0 {
			t.Fatalf("stored as %+v", stored)
		}
		stored.Start, stored.History = want.Start, nil
		if !equal(stored, want) {
			t.Errorf("stored as %+v\nwant      %+v", stored, want)
		}
		e := w.entries("term.start", &sub)
		if len(e) != 1 || ident.ID(e[0].ID) != got.Entry || !strings.HasPrefix(e[0].Detail, "key=block term="+got.ID.String()+" due=2023-11-27") {
			t.Errorf("the entry: %+v", e)
		}

		saturday := apptest.Apply(t, w.App, sixDays(other))
		six, err := w.Terms.New(t.Context(), term.Of{Edition: edition, Key: "block", Org: saturday, Start: w.Now()})
		if err != nil || six.Week != calendar.SixDays || day(six.Due) != "2023-11-25" {
			t.Errorf("in the week of six days: %+v, %v", six, err)
		}
		if _, err := w.Terms.New(t.Context(), term.Of{Edition: edition, Key: "no-such", Org: w.org}); !fault.Is(err, "term-key-unknown") {
			t.Error(err)
		}
		if _, err := w.Terms.New(t.Context(), term.Of{Edition: "1999-01", Key: "block", Org: w.org}); !fault.Is(err, "term-key-unknown") {
			t.Error(err)
		}
		apptest.Clean(t, w.App)
	})
}

const other = "180340022918"

func equal(a, b *term.Term) bool {
	return a.Subject == b.Subject && a.Org == b.Org && a.Version == b.Version && a.Status == b.Status && a.Key == b.Key &&
		a.Provision == b.Provision && a.Edition == b.Edition && a.Week == b.Week && a.About == b.About && a.Start.Equal(b.Start) &&
		a.Due.Equal(b.Due) && a.Paused.Equal(b.Paused) && a.Ended.Equal(b.Ended) && a.CalendarVersion == b.CalendarVersion && a.Entry == b.Entry
}

// A term may concern no person: what is owed to the authorised body.
func TestTermOfNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := w.start("authority-answer", ident.ID{})
		if _, err := w.Terms.Done(t.Context(), w.org.ID, got.ID, officer); err != nil {
			t.Fatal(err)
		}
		if n := len(w.entries("term.done", nil)); n != 1 {
			t.Errorf("%d entries", n)
		}
		apptest.Clean(t, w.App)
	})
}

func TestDoneAndCancel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sub := w.person()
		a, b := w.start("block", sub), w.start("change", sub)
		w.clock.Add(5 * 24 * time.Hour) // late, which is no reason to refuse that it was done
		done, err := w.Terms.Done(t.Context(), w.org.ID, a.ID, officer)
		if err != nil || done.Status != term.Done || !done.Ended.Equal(w.Now()) || done.Overdue(w.Now()) {
			t.Fatal(done, err)
		}
		e := w.entries("term.done", &sub)
		if len(e) != 1 || e[0].Actor != officer || !strings.Contains(e[0].Detail, "key=block ") {
			t.Errorf("%+v", e)
		}
		cancelled, err := w.Terms.Cancel(t.Context(), w.org.ID, b.ID, "request-withdrawn", officer)
		if err != nil || w.stored(b.ID).Status != term.Cancelled || cancelled.History[0].Reason != "request-withdrawn" {
			t.Fatal(cancelled, err)
		}
		if e := w.entries("term.cancel", &sub); len(e) != 1 || !strings.Contains(e[0].Detail, " reason=request-withdrawn") {
			t.Errorf("%+v", e)
		}
		for _, id := range []ident.ID{a.ID, b.ID} {
			if _, err := w.Terms.Done(t.Context(), w.org.ID, id, officer); !fault.Is(err, "term-not-open") || fault.KindOf(err) != fault.Conflict {
				t.Error("an ended term ended again: ", err)
			}
		}
		if _, err := w.Terms.Cancel(t.Context(), w.org.ID, a.ID, "Асыл просил", officer); !fault.Is(err, "term-reason") {
			t.Error("a reason is a key, not a text: ", err)
		}
		stranger := apptest.Apply(t, w.App, sixDays(other))
		for _, id := range []ident.ID{a.ID, ident.NewID(w.Now())} {
			if _, err := w.Terms.Done(t.Context(), stranger.ID, id, officer); fault.KindOf(err) != fault.NotFound {
				t.Error("somebody else's term: ", err)
			}
		}
		apptest.Clean(t, w.App)
	})
}

// Extensions and pauses only as the edition allows, which the one of 2023 does not.
func TestBend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, sub := t.Context(), w.person()
		w.clock.Set(almaty(t, "2023-11-23 10:00")) // a Thursday
		plain := w.start("inform-subject", sub)
		if _, err := w.Terms.Extend(ctx, w.org.ID, plain.ID, 1, "many-documents", officer); !fault.Is(err, "term-not-extendable") {
			t.Error(err)
		}
		if _, err := w.Terms.Pause(ctx, w.org.ID, plain.ID, "documents-missing", officer); !fault.Is(err, "term-not-pausable") {
			t.Error(err)
		}
		w.Terms.Rule = bending
		tt := w.start("inform-subject", sub) // 3 working days: until Tuesday the 28th
		for _, step := range []struct {
			amount int
			code   string
			due    string
		}{{0, "term-not-extendable", ""}, {6, "term-not-extendable", ""}, {2, "", "2023-11-30"}, {4, "term-not-extendable", ""}, {3, "", "2023-12-05"}, {1, "term-not-extendable", ""}} {
			n, err := w.Terms.Extend(ctx, w.org.ID, tt.ID, step.amount, "many-documents", officer)
			if step.code != "" && !fault.Is(err, step.code) || step.code == "" && (err != nil || day(n.Due) != step.due) {
				t.Fatalf("extended by %d: %+v, %v", step.amount, n, err)
			}
		}
		w.clock.Set(almaty(t, "2023-11-24 10:00")) // Friday: stands still
		if n, err := w.Terms.Pause(ctx, w.org.ID, tt.ID, "documents-missing", officer); err != nil || n.Paused.IsZero() {
			t.Fatal(n, err)
		}
		if _, err := w.Terms.Pause(ctx, w.org.ID, tt.ID, "documents-missing", officer); !fault.Is(err, "term-paused") {
			t.Error(err)
		}
		w.clock.Set(almaty(t, "2024-02-01 10:00"))
		if w.stored(tt.ID).Overdue(w.Now()) {
			t.Error("a paused term does not run out")
		}
		w.clock.Set(almaty(t, "2023-11-29 10:00")) // Wednesday: three working days later
		if n, err := w.Terms.Resume(ctx, w.org.ID, tt.ID, officer); err != nil || day(n.Due) != "2023-12-08" || !n.Paused.IsZero() {
			t.Fatal(n, err)
		}
		if _, err := w.Terms.Resume(ctx, w.org.ID, tt.ID, officer); !fault.Is(err, "term-not-paused") {
			t.Error(err)
		}
		got := w.stored(tt.ID)
		if whats := whatsOf(got); !slices.Equal(whats, []string{"extended", "extended", "paused", "resumed"}) || got.History[3].Entry.IsZero() || day(got.History[3].Was) != "2023-12-05" {
			t.Errorf("history %+v", got.History)
		}
		for action, n := range map[string]int{"term.extend": 2, "term.pause": 1, "term.resume": 1} {
			if e := w.entries(action, &sub); len(e) != n {
				t.Errorf("%d entries of %s, want %d", len(e), action, n)
			}
		}
		if e := w.entries("term.resume", &sub)[0]; !strings.Contains(e.Detail, " was=2023-12-05 due=2023-12-08") {
			t.Error(e.Detail)
		}
		w.clock.Set(almaty(t, "2023-12-11 10:00"))
		if _, err := w.Terms.Pause(ctx, w.org.ID, tt.ID, "documents-missing", officer); !fault.Is(err, "term-not-open") {
			t.Error("a term that has run out was paused: ", err)
		}
		apptest.Clean(t, w.App)
	})
}

// A pause of a term in calendar days adds calendar days.
func TestPauseOfCalendarDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Terms.Rule = bending
		w.clock.Set(almaty(t, "2023-11-24 10:00"))
		tt := w.start("authority-answer", ident.ID{}) // 30 days: a Sunday, so Monday 25 December
		if _, err := w.Terms.Pause(t.Context(), w.org.ID, tt.ID, "documents-missing", officer); err != nil {
			t.Fatal(err)
		}
		w.clock.Set(almaty(t, "2023-12-04 10:00"))
		n, err := w.Terms.Resume(t.Context(), w.org.ID, tt.ID, officer)
		if err != nil || day(n.Due) != "2024-01-04" {
			t.Fatal(n, err)
		}
	})
}

func whatsOf(t *term.Term) (whats []string) {
	for _, h := range t.History {
		whats = append(whats, h.What)
	}
	return whats
}

func TestList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, a, b := t.Context(), w.person(), w.person()
		late, soon := w.start("transfer-notice", a), w.start("block", b)
		also := w.start("change", a)
		foreign := apptest.Apply(t, w.App, sixDays(other))
		if _, err := w.Terms.Start(ctx, apptest.System, term.Of{Edition: edition, Key: "block", Org: foreign, Start: w.Now()}); err != nil {
			t.Fatal(err)
		}
		done := w.start("block", b)
		if _, err := w.Terms.Done(ctx, w.org.ID, done.ID, officer); err != nil {
			t.Fatal(err)
		}
		list := func(f term.Filter) (ids []ident.ID) {
			t.Helper()
			found, err := w.Terms.List(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			for i := range found {
				ids = append(ids, found[i].ID)
			}
			return ids
		}
		early := []ident.ID{soon.ID, also.ID}
		slices.SortFunc(early, func(a, b ident.ID) int { return strings.Compare(a.String(), b.String()) })
		for name, tt := range map[string]struct {
			f    term.Filter
			want []ident.ID
		}{
			"open, what is due first":   {term.Filter{Org: w.org.ID, Status: term.Open}, []ident.ID{early[0], early[1], late.ID}},
			"a page":                    {term.Filter{Org: w.org.ID, Status: term.Open, Limit: 2}, early},
			"the next":                  {term.Filter{Org: w.org.ID, Status: term.Open, Limit: 2, After: early[1]}, []ident.ID{late.ID}},
			"of a person":               {term.Filter{Org: w.org.ID, Subject: a}, []ident.ID{also.ID, late.ID}},
			"done":                      {term.Filter{Org: w.org.ID, Status: term.Done}, []ident.ID{done.ID}},
			"due before":                {term.Filter{Org: w.org.ID, Status: term.Open, DueBefore: late.Due}, early},
			"due before is not due at":  {term.Filter{Org: w.org.ID, Status: term.Open, DueBefore: soon.Due}, nil},
			"after what there is not":   {term.Filter{Org: w.org.ID, After: ident.NewID(w.Now())}, nil},
			"of everybody's, the first": {term.Filter{Status: term.Cancelled}, nil},
		} {
			if got := list(tt.f); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
			}
		}
		if over, err := w.Terms.Overdue(ctx, w.org.ID, 10); err != nil || len(over) != 0 {
			t.Error(over, err)
		}
		w.clock.Set(soon.Due)
		if over, err := w.Terms.Overdue(ctx, w.org.ID, 10); err != nil || len(over) != 0 {
			t.Error("the last moment is in time: ", over, err)
		}
		w.clock.Add(time.Millisecond)
		if over, err := w.Terms.Overdue(ctx, w.org.ID, 10); err != nil || len(over) != 2 || !over[0].Overdue(w.Now()) {
			t.Error(over, err)
		}
	})
}

func TestFigures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sub := w.person()
		want := func(open, overdue int64) {
			t.Helper()
			if f, err := w.Terms.Figures(t.Context()); err != nil || f != (term.Figures{Open: open, Overdue: overdue}) {
				t.Errorf("%+v, %v, want %d and %d", f, err, open, overdue)
			}
		}
		want(0, 0)
		first := w.start("block", sub)
		w.start("transfer-notice", sub)
		want(0, 0) // counted a moment ago
		w.clock.Add(15 * time.Second)
		want(2, 0)
		w.clock.Set(first.Due.Add(time.Hour))
		want(2, 1)
		if _, err := w.Terms.Done(t.Context(), w.org.ID, first.ID, officer); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(time.Minute)
		want(1, 0)
	})
}

// The texts of terms never name a reason of somebody's own, and rules come from
// the edition.
func TestByEdition(t *testing.T) {
	t.Parallel()
	if r, ok := term.ByEdition(edition, "transfer-notice"); !ok || r.Amount != 10 || r.Unit != law.WorkingDay {
		t.Errorf("%+v", r)
	}
	if _, ok := term.ByEdition("1999-01", "transfer-notice"); ok {
		t.Error("an edition that is none")
	}
}
