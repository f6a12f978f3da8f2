package disclosure

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/verify"
)

// book is a journal in memory, newest first.
type book []journal.Shown

func (b book) List(_ context.Context, f journal.Filter) ([]journal.Shown, error) {
	var out []journal.Shown
	for i := range b {
		id := ident.ID(b[i].ID)
		past := f.Before.IsZero() || bytes.Compare(id[:], f.Before[:]) < 0
		if past && bytes.Compare(id[:], f.Since[:]) >= 0 && (f.Org.IsZero() || f.Org == b[i].Org) && len(out) < f.Limit {
			out = append(out, b[i])
		}
	}
	return out, nil
}

var noon = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC) // in Almaty

func anyBook(t *rapid.T, most int) book {
	var b book
	at := noon
	for range rapid.IntRange(0, most).Draw(t, "entries") {
		at = at.Add(-time.Duration(rapid.IntRange(1, 200).Draw(t, "minutes")) * time.Minute)
		e := &verify.Entry{ID: verify.ID(ident.NewID(at)), At: at.UnixMilli(), Decision: rapid.SampledFrom([]string{"permit", "permit", "deny", ""}).Draw(t, "decision")}
		e.Action = rapid.SampledFrom([]string{"view", "view", "use"}).Draw(t, "action")
		e.Purpose = rapid.SampledFrom([]string{"news", "news", "payment"}).Draw(t, "purpose")
		e.Base = rapid.SampledFrom([]string{"", "site"}).Draw(t, "base")
		e.Categories = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "iin", "phone"}), 0, 2, rapid.ID).Draw(t, "categories")
		e.Role = rapid.SampledFrom([]string{"", "", verify.RoleIncidental}).Draw(t, "role")
		s := journal.Shown{Entry: e, Org: ident.ID{rapid.Byte().Draw(t, "org") % 2}, Machine: rapid.IntRange(0, 3).Draw(t, "machine") > 0}
		if e.Role != "" {
			s.Entry = e.General()
		}
		b = append(b, s)
	}
	return b
}

func all(*journal.Shown) bool { return true }

// By pages of lines of any length every entry stands once, in order within its
// line; no line holds what it should not; and only the end of a page parts what
// belongs together.
func TestLinesHoldEachOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := anyBook(rt, 60)
		limit := rapid.IntRange(1, 8).Draw(rt, "limit")
		want := all
		if rapid.Bool().Draw(rt, "narrowed") {
			want = func(s *journal.Shown) bool { return s.Action == "view" }
		}
		var got []ident.ID
		for f := (journal.Filter{}); ; {
			lines, next, err := Page(t.Context(), b, f, limit, want)
			if err != nil || len(lines) > limit || len(lines) == 0 && !next.IsZero() {
				rt.Fatal(len(lines), next, err)
			}
			for i := range lines {
				got = append(got, holds(rt, &lines[i], lines[:i])...)
			}
			if next.IsZero() {
				break
			}
			f.Before = next
		}
		slices.SortFunc(got, func(a, b ident.ID) int { return bytes.Compare(b[:], a[:]) })
		var expect []ident.ID
		for i := range b {
			if want(&b[i]) {
				expect = append(expect, ident.ID(b[i].ID))
			}
		}
		if !slices.Equal(got, expect) {
			rt.Fatalf("%d entries in lines, want %d", len(got), len(expect))
		}
	})
}

// holds checks a line and returns its entries.
func holds(t *rapid.T, l *Line, before []Line) []ident.ID {
	ids := []ident.ID{ident.ID(l.ID)}
	k, groups := sortOf(&l.Shown)
	for i := range l.Same {
		x, ok := sortOf(&l.Same[i])
		id := ident.ID(l.Same[i].ID)
		if !ok || x != k || bytes.Compare(id[:], ids[len(ids)-1][:]) >= 0 {
			t.Fatalf("stands in a line of others: %+v", l.Same[i].Entry)
		}
		ids = append(ids, id)
	}
	for i := range before {
		if x, ok := sortOf(&before[i].Shown); groups && ok && x == k {
			t.Fatal("two lines of one sort on a page")
		}
	}
	if l.Count() != len(ids) || l.First().After(l.Last()) || !l.Last().Equal(time.UnixMilli(l.At)) {
		t.Fatalf("%d acts from %s to %s", l.Count(), l.First(), l.Last())
	}
	return ids
}

// A line says of all its acts what it says: whatever differs stands apart, but
// for the data, which is told together.
func TestWhatStandsTogether(t *testing.T) {
	t.Parallel()
	base := func() journal.Shown {
		return journal.Shown{
			Org: ident.ID{1}, Machine: true,
			Entry: &verify.Entry{
				At: noon.UnixMilli(), Action: "view", Purpose: "news", Base: "site", Decision: "permit", Categories: []string{"name"},
				Reasons: []verify.Reason{{Code: "consent"}}, Consent: verify.ID{7},
			},
		}
	}
	for name, c := range map[string]struct {
		change func(*journal.Shown)
		lines  int
	}{
		"the same":              {func(*journal.Shown) {}, 1},
		"other data":            {func(s *journal.Shown) { s.Categories = []string{"iin"} }, 1},
		"another consent":       {func(s *journal.Shown) { s.Consent = verify.ID{8} }, 1},
		"another case":          {func(s *journal.Shown) { s.Reference = "B" }, 1},
		"an hour before":        {func(s *journal.Shown) { s.At -= time.Hour.Milliseconds() }, 1},
		"the day before":        {func(s *journal.Shown) { s.At -= 13 * time.Hour.Milliseconds() }, 2},
		"another organization":  {func(s *journal.Shown) { s.Org = ident.ID{2} }, 2},
		"another action":        {func(s *journal.Shown) { s.Action = "use" }, 2},
		"another purpose":       {func(s *journal.Shown) { s.Purpose = "payment" }, 2},
		"another base":          {func(s *journal.Shown) { s.Base = "crm" }, 2},
		"refused":               {func(s *journal.Shown) { s.Decision = "deny" }, 2},
		"another recipient":     {func(s *journal.Shown) { s.Recipient = "180340022918" }, 2},
		"another country":       {func(s *journal.Shown) { s.Country = "DE" }, 2},
		"on a ground":           {func(s *journal.Shown) { s.Ground = &verify.Ground{Provision: "9(1)"} }, 2},
		"without consent":       {func(s *journal.Shown) { s.Consent = verify.ID{} }, 2},
		"for another reason":    {func(s *journal.Shown) { s.Reasons = []verify.Reason{{Code: "ground"}} }, 2},
		"shown later":           {func(s *journal.Shown) { s.Deferred = &journal.Deferred{Until: noon} }, 2},
		"by a person":           {func(s *journal.Shown) { s.Machine = false }, 2},
		"an event":              {func(s *journal.Shown) { s.Decision = "" }, 2},
		"beside another person": {func(s *journal.Shown) { s.Role = verify.RoleIncidental }, 2},
	} {
		other := base()
		c.change(&other)
		lines := Lines([]journal.Shown{base(), other})
		if len(lines) != c.lines {
			t.Errorf("%s: %d lines, want %d", name, len(lines), c.lines)
		}
		if name == "other data" && !slices.Equal(lines[0].Whole().Categories, []string{"name", "iin"}) {
			t.Errorf("the line tells of %v", lines[0].Whole().Categories)
		}
	}
	one := base()
	one.Machine, one.Role, one.Entry = false, verify.RoleIncidental, one.General()
	one.Role = verify.RoleIncidental
	if lines := Lines([]journal.Shown{one, one}); len(lines) != 1 {
		t.Error("what one is only beside shows who acted")
	}
}

// The acts of one line are listed from its newest to the end of its day.
func TestEachOfALine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := anyBook(rt, 60)
		for _, l := range Lines(b) {
			var got []ident.ID
			for f := (journal.Filter{}); ; {
				lines, next, err := Each(t.Context(), b, f, 3, &l.Shown)
				if err != nil {
					rt.Fatal(err)
				}
				for i := range lines {
					if lines[i].Count() != 1 {
						rt.Fatal("not each apart")
					}
					got = append(got, ident.ID(lines[i].ID))
				}
				if next.IsZero() {
					break
				}
				f.Before = next
			}
			if want := holds(rt, &l, nil); !slices.Equal(got, want) {
				rt.Fatalf("%d acts, want %d", len(got), len(want))
			}
		}
	})
}

// A person whom a machine looks at all day waits for a page no longer than it
// takes to read so much, and the next one goes on.
func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	var b book
	for i := range chunk*maxChunk + 10 {
		at := noon.Add(-time.Duration(i) * time.Second)
		b = append(b, journal.Shown{Machine: true, Entry: &verify.Entry{ID: verify.ID(ident.NewID(at)), At: at.UnixMilli(), Action: "view", Decision: "permit"}})
	}
	lines, next, err := Page(t.Context(), b, journal.Filter{}, 30, all)
	if err != nil || len(lines) != 1 || lines[0].Count() != chunk*maxChunk || next != ident.ID(b[chunk*maxChunk-1].ID) {
		t.Fatal(len(lines), next, err)
	}
	lines, next, err = Page(t.Context(), b, journal.Filter{Before: next}, 30, all)
	if err != nil || len(lines) != 1 || lines[0].Count() != 10 || !next.IsZero() {
		t.Error(len(lines), next, err)
	}
}
