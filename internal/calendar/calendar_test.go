package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/law"
	"kelisim/internal/locale"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	for _, form := range []string{"2006-01-02 15:04", time.DateOnly} {
		if v, err := time.ParseInLocation(form, s, almaty); err == nil {
			return v
		}
	}
	t.Fatalf("not a time: %s", s)
	return time.Time{}
}

func day(t testing.TB, s string) Day {
	t.Helper()
	d, ok := ParseDay(s)
	if !ok {
		t.Fatalf("not a day: %s", s)
	}
	return d
}

// The days that a holiday on a day off makes rest come out of the rule.
func TestExtraDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		year int
		week Week
		want string
	}{
		{2023, FiveDays, "01-03 05-08 12-18"},
		{2024, FiveDays, "03-25 07-08"},
		{2025, FiveDays, "03-10 03-24 03-25 07-07 09-01 10-27"},
		{2026, FiveDays, "03-09 03-24 03-25 05-11 10-26"},
		{2026, SixDays, "03-09 03-24 10-26"},
	} {
		var got []string
		for _, info := range Base().Year(tt.year, tt.week) {
			if info.Kind == Moved {
				got = append(got, info.Day.String()[5:])
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%d, %d days: %s, want %s", tt.year, tt.week, s, tt.want)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		day       string
		five, six Kind
		why       string
	}{
		{"2022-10-22", Taken, Plain, "works for the Monday after"},
		{"2022-10-24", Given, Plain, "in the week of six days there is no Saturday to move"},
		{"2022-10-25", Public, Public, "Republic Day, the first"},
		{"2021-10-25", Plain, Plain, "not yet"},
		{"2023-01-07", Rest, Rest, "a Saturday, never moved"},
		{"2023-01-09", Plain, Plain, "nor is its rest"},
		{"2023-06-28", Rest, Rest, "Kurban Ait"},
		{"2023-07-01", Taken, Plain, ""},
		{"2023-07-07", Given, Plain, ""},
		{"2024-05-04", Taken, Plain, ""},
		{"2024-05-08", Given, Plain, ""},
		{"2024-06-16", Rest, Rest, "Kurban Ait on a Sunday"},
		{"2024-06-17", Plain, Plain, "is not moved"},
		{"2025-01-05", Taken, Taken, "a Sunday works in both weeks"},
		{"2025-01-03", Given, Given, ""},
		{"2025-06-06", Rest, Rest, "Kurban Ait"},
		{"2025-08-30", Public, Public, "Constitution Day, the last of 1995"},
		{"2026-03-15", Public, Public, "Constitution Day, a Sunday"},
		{"2026-03-16", Plain, Plain, "whose rest did not move"},
		{"2026-05-27", Rest, Rest, "Kurban Ait"},
		{"2026-08-30", Weekend, Weekend, "an ordinary Sunday"},
		{"2026-08-31", Plain, Plain, ""},
		{"2027-03-15", Public, Public, "a Monday"},
		{"2027-08-30", Plain, Plain, "a Monday"},
		{"2026-03-14", Weekend, Plain, "a Saturday"},
	} {
		x := Base().lay(day(t, tt.day), day(t, tt.day)+1)[0]
		if x[0].kind != tt.five || x[1].kind != tt.six {
			t.Errorf("%s is %s and %s, want %s and %s: %s", tt.day, x[0].kind, x[1].kind, tt.five, tt.six, tt.why)
		}
		for i, w := range weeks {
			if got := Base().IsWorking(at(t, tt.day+" 12:00"), w); got != x[i].kind.Works() {
				t.Errorf("%s, %d days: works %v", tt.day, w, got)
			}
		}
	}
}

// due writes a due moment as people read it in Almaty.
func due(t time.Time) string { return t.In(almaty).Format("2006-01-02 15:04:05") }

func TestDue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		start  string
		amount int
		unit   law.Unit
		week   Week
		want   string
	}{
		// One working day from Friday evening.
		{"2023-11-24 19:30", 1, law.WorkingDay, FiveDays, "2023-11-27"},
		{"2023-11-24 19:30", 1, law.WorkingDay, SixDays, "2023-11-25"},
		{"2023-11-24 00:00", 1, law.WorkingDay, FiveDays, "2023-11-27"},
		{"2023-11-25 10:00", 1, law.WorkingDay, FiveDays, "2023-11-27"},
		{"2023-11-26 23:59", 1, law.WorkingDay, FiveDays, "2023-11-27"},
		{"2023-11-27 00:00", 1, law.WorkingDay, FiveDays, "2023-11-28"},
		{"2023-11-24 19:30", 1, law.WorkingDay, 0, "2023-11-27"}, // five is the default
		// Over the new year, over Nauryz with its moved days.
		{"2022-12-30 18:00", 1, law.WorkingDay, FiveDays, "2023-01-04"},
		{"2024-12-31 18:00", 1, law.WorkingDay, FiveDays, "2025-01-05"}, // a Sunday that works
		{"2024-12-31 18:00", 2, law.WorkingDay, FiveDays, "2025-01-06"},
		{"2025-03-20 18:00", 3, law.WorkingDay, FiveDays, "2025-03-28"},
		{"2025-03-20 18:00", 3, law.WorkingDay, SixDays, "2025-03-27"},
		{"2024-05-03 18:00", 2, law.WorkingDay, FiveDays, "2024-05-06"},
		{"2024-05-06 18:00", 1, law.WorkingDay, FiveDays, "2024-05-10"},
		{"2024-05-06 18:00", 1, law.WorkingDay, SixDays, "2024-05-08"},
		// Ten working days of Art. 19(1), over Kurban Ait.
		{"2026-05-20 12:00", 10, law.WorkingDay, FiveDays, "2026-06-04"},
		// Calendar units: the last day moves off a day of rest.
		{"2023-11-24 12:00", 30, law.CalendarDay, FiveDays, "2023-12-25"}, // 24 December is a Sunday
		{"2023-11-23 12:00", 30, law.CalendarDay, FiveDays, "2023-12-25"}, // a Saturday
		{"2023-11-23 12:00", 30, law.CalendarDay, SixDays, "2023-12-23"},
		{"2023-11-30 12:00", 1, law.CalendarDay, FiveDays, "2023-12-01"},
		{"2024-01-31 12:00", 1, law.Month, FiveDays, "2024-02-29"}, // there is no 31 February
		{"2023-01-31 12:00", 1, law.Month, FiveDays, "2023-02-28"},
		{"2022-12-22 12:00", 3, law.Month, FiveDays, "2023-03-24"}, // Nauryz
		{"2024-02-29 12:00", 1, law.Year, FiveDays, "2025-02-28"},
		{"2023-03-08 12:00", 3, law.Year, FiveDays, "2026-03-10"}, // a Sunday, its rest moved
		// Nothing ends with its own day, whatever that is.
		{"2023-11-25 12:00", 0, law.WorkingDay, FiveDays, "2023-11-25"},
		{"2023-11-25 12:00", -5, law.Month, FiveDays, "2023-11-25"},
		// The evening in London is the next day in Almaty.
		{"2023-11-23 23:59", 1, law.WorkingDay, FiveDays, "2023-11-24"},
		// Where nobody knows: the week and the holidays that last.
		{"2031-03-20 12:00", 1, law.WorkingDay, FiveDays, "2031-03-26"},
		{"1995-07-05 12:00", 1, law.WorkingDay, FiveDays, "1995-07-07"},
		{"2150-12-15 12:00", 1, law.WorkingDay, FiveDays, "2150-12-17"},
	} {
		got := Base().Due(at(t, tt.start), tt.amount, tt.unit, tt.week)
		if due(got) != tt.want+" 23:59:59" {
			t.Errorf("%d %s from %s, %d days: %s, want %s", tt.amount, tt.unit, tt.start, tt.week, due(got), tt.want)
		}
		if got.Location() != time.UTC || got.Nanosecond() != 999_000_000 {
			t.Errorf("%s is not the last millisecond in UTC", got)
		}
	}
}

// The offset of Almaty changed on 1 March 2024, when the last hour of 29 February
// came twice. A fixed offset would be an hour off on one side.
func TestZoneChanges(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{
		"2024-02-28": "2024-02-28T17:59:59.999Z",
		"2024-02-29": "2024-02-29T18:59:59.999Z",
		"2024-03-01": "2024-03-01T18:59:59.999Z",
	} {
		d, _ := ParseDay(day)
		if got := d.End().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s ends %s, want %s", day, got, want)
		}
	}
	for utc, want := range map[string]string{
		"2024-02-28T18:00:00Z": "2024-02-29", // +6
		"2024-02-29T17:59:00Z": "2024-02-29",
		"2024-02-29T18:30:00Z": "2024-02-29", // +5, the hour that comes again
		"2024-02-29T19:00:00Z": "2024-03-01",
		"2024-03-01T18:30:00Z": "2024-03-01",
	} {
		v, err := time.Parse(time.RFC3339, utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := DayOf(v).String(); got != want {
			t.Errorf("%s is %s, want %s", utc, got, want)
		}
	}
}

func TestCertainty(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		week     Week
		want     law.Certainty
	}{
		{"2023-11-24", "2023-11-27", FiveDays, law.Secondary},
		{"2026-03-13", "2026-03-17", FiveDays, law.Memory}, // 16 March 2026 may have rested
		{"2026-08-28", "2026-08-31", FiveDays, law.Memory},
		{"2023-07-05", "2023-07-07", FiveDays, law.Secondary},
		{"2023-07-05", "2023-07-07", SixDays, law.Memory}, // nothing to move, most say
		{"2026-12-30", "2027-01-05", FiveDays, law.Memory},
		{"2028-05-01", "2028-05-02", FiveDays, law.Unknown},
		{"2021-12-30", "2022-01-05", FiveDays, law.Unknown}, // begins in a year that nobody described
		{"1890-12-30", "1891-01-05", SixDays, law.Unknown},
		{"2023-11-24", "2023-11-24", FiveDays, law.Secondary}, // no days between
	} {
		if got := Base().Certainty(at(t, tt.from), at(t, tt.to), tt.week); got != tt.want {
			t.Errorf("%s to %s, %d days: %s, want %s", tt.from, tt.to, tt.week, got, tt.want)
		}
	}
	moved := Base().Reckon(at(t, "2023-11-24"), 30, law.CalendarDay, FiveDays)
	plain := Base().Reckon(at(t, "2023-11-24"), 28, law.CalendarDay, FiveDays)
	if !moved.Moved || moved.Certainty != law.Memory || plain.Moved || plain.Certainty != law.Secondary {
		t.Errorf("a last day that moves is as sure as the rule that moves it: %+v %+v", moved, plain)
	}
}

func TestWeaker(t *testing.T) {
	t.Parallel()
	if Weaker(law.Primary, law.Secondary) != law.Secondary || Weaker(law.Memory, law.Code) != law.Memory || Weaker("new", law.Primary) != law.Unknown {
		t.Error("the less sure mark must win")
	}
}

// What a year has: each day that the week does not explain has a name or is of a
// decree, and always a source.
func TestYearsAreExplained(t *testing.T) {
	t.Parallel()
	for y := 2022; y <= 2027; y++ {
		for _, w := range weeks {
			for _, info := range Base().Year(y, w) {
				if (info.Kind == Public || info.Kind == Rest || info.Kind == Moved) && (info.Name.KK == "" || info.Name.RU == "" || info.Name.EN == "") {
					t.Errorf("%s has no name in each language", info.Day)
				}
				if info.Source.KK == "" || info.Source.RU == "" || info.Source.EN == "" || info.Certainty == "" {
					t.Errorf("%s has no source", info.Day)
				}
			}
		}
	}
	for _, r := range Base().Rules() {
		if r.Source.KK == "" || r.Source.RU == "" || r.Source.EN == "" || r.Certainty == law.Primary {
			t.Errorf("rule %s: %+v", r.Key, r)
		}
	}
	sum := 0
	for _, n := range Base().Working(2026, FiveDays) {
		sum += n
	}
	if got := Base().WorkingDays(at(t, "2025-12-31"), at(t, "2026-12-31"), FiveDays); sum != got {
		t.Errorf("the months of 2026 have %d working days, the year %d", sum, got)
	}
}

// Open terms are computed anew when the revision grows: whoever changes the file
// and not its revision leaves them as they were.
func TestRevisionGrowsWithTheFile(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256(baseYAML)
	known := map[Version]string{1 * perRevision: "9f388fbcb34dcc74"}
	if got := hex.EncodeToString(sum[:8]); known[Base().Version] != got {
		t.Errorf("calendar.yaml is %s now: raise its revision and write both here", got)
	}
	if v := Base().Version; v.String() != "1.0" || v.Decree() != 0 || Version(2*perRevision+7).String() != "2.7" || Version(2*perRevision+7).Decree() != 7 {
		t.Error(v)
	}
}

// anyMoment draws one, mostly in the years that are known.
func anyMoment(t *rapid.T, name string) time.Time {
	years := rapid.SampledFrom([][2]int{{2021, 2028}, {2021, 2028}, {2021, 2028}, {1950, 2200}}).Draw(t, name+" era")
	from, to := time.Date(years[0], 1, 1, 0, 0, 0, 0, almaty).Unix(), time.Date(years[1], 1, 1, 0, 0, 0, 0, almaty).Unix()
	return time.Unix(rapid.Int64Range(from, to).Draw(t, name), 0)
}

// anyCalendar draws one with or without a decree.
func anyCalendar(t *rapid.T) *Calendar {
	if rapid.Bool().Draw(t, "decree") {
		return moved
	}
	return Base()
}

var moved = func() *Calendar {
	d, err := ParseDecree([]byte("{year: 2027, source: a test, certainty: M, kurban_ait: 2027-05-17, " +
		"moves: [{works: 2027-07-03, rests: 2027-07-05}], holidays: [{id: x, name: x, day: 12-31, days: 2}]}"))
	if err != nil {
		panic(err)
	}
	c, err := Base().With(*d)
	if err != nil {
		panic(err)
	}
	return c
}()

var units = []law.Unit{law.WorkingDay, law.CalendarDay, law.Month, law.Year}

func TestDueIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, w, unit := anyCalendar(t), rapid.SampledFrom(weeks[:]).Draw(t, "week"), rapid.SampledFrom(units).Draw(t, "unit")
		a, b := anyMoment(t, "a"), anyMoment(t, "b")
		n, m := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(0, 60).Draw(t, "m")
		if b.Before(a) {
			a, b = b, a
		}
		if c.Due(b, n, unit, w).Before(c.Due(a, n, unit, w)) {
			t.Fatalf("%d %s from %s ends after that from %s", n, unit, a, b)
		}
		if c.Due(a, max(n, m), unit, w).Before(c.Due(a, min(n, m), unit, w)) {
			t.Fatalf("%d %s from %s end after %d", min(n, m), unit, a, max(n, m))
		}
		if c.Due(a, n, unit, w).Before(a) {
			t.Fatalf("%d %s from %s end before they began", n, unit, a)
		}
	})
}

func TestDueNeverRests(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, w, unit := anyCalendar(t), rapid.SampledFrom(weeks[:]).Draw(t, "week"), rapid.SampledFrom(units).Draw(t, "unit")
		start, n := anyMoment(t, "start"), rapid.IntRange(1, 60).Draw(t, "n")
		end := c.Due(start, n, unit, w)
		if !c.IsWorking(end, w) {
			t.Fatalf("%d %s from %s end on %s, a day of rest", n, unit, start, due(end))
		}
		if unit == law.WorkingDay && c.WorkingDays(start, end, w) != n {
			t.Fatalf("%d working days from %s to %s, want %d", c.WorkingDays(start, end, w), start, due(end), n)
		}
	})
}

func TestWorkingDaysAdd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, w := anyCalendar(t), rapid.SampledFrom(weeks[:]).Draw(t, "week")
		start := anyMoment(t, "start")
		n, m := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(0, 60).Draw(t, "m")
		whole := c.Due(start, n+m, law.WorkingDay, w)
		if parts := c.Due(c.Due(start, n, law.WorkingDay, w), m, law.WorkingDay, w); !parts.Equal(whole) {
			t.Fatalf("%d and then %d working days from %s: %s, %d at once: %s", n, m, start, due(parts), n+m, due(whole))
		}
	})
}

// Two centuries of days: each ends on itself, and is written and read as itself.
func TestDaysAndEndsAgree(t *testing.T) {
	t.Parallel()
	for d := dayOf(1920, 1, 1); d < dayOf(2120, 1, 1); d++ {
		if got := DayOf(d.End()); got != d {
			t.Fatalf("%s ends on %s", d, got)
		}
		if got := DayOf(d.End().Add(time.Millisecond)); got != d+1 {
			t.Fatalf("after %s comes %s", d, got)
		}
		if back, ok := ParseDay(d.String()); !ok || back != d {
			t.Fatalf("%s is read as %s", d, back)
		}
		if want := d.utc().Weekday() == time.Sunday; d.weekend(SixDays) != want {
			t.Fatalf("%s is a %s", d, d.utc().Weekday())
		}
	}
}

// What is worked out ahead is what is worked out on demand.
func TestTableIsWhatTheRuleSays(t *testing.T) {
	t.Parallel()
	for _, c := range []*Calendar{Base(), moved} {
		for d := dayOf(2021, 12, 1); d < dayOf(2029, 1, 1); d++ {
			if got := c.lay(d, d+1)[0].pair(); got != c.at(d) {
				t.Errorf("%s: %08b in the table, %08b by the rule", d, c.at(d), got)
			}
		}
	}
}

// Whatever is asked, the answer comes and comes soon.
func TestDueIsBounded(t *testing.T) {
	t.Parallel()
	for _, start := range []time.Time{{}, time.Unix(1<<40, 0), time.Unix(-1<<40, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		for _, unit := range append(slices.Clone(units), "fortnight") {
			if end := Base().Due(start, 1<<40, unit, FiveDays); end.Before(start) {
				t.Errorf("%s from %s ends %s", unit, start, end)
			}
		}
	}
}

func BenchmarkDue(b *testing.B) {
	start := time.Date(2026, 3, 6, 9, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		Base().Due(start, 10, law.WorkingDay, FiveDays)
	}
}

func ExampleCalendar_Due() {
	friday := time.Date(2023, 11, 24, 19, 30, 0, 0, almaty)
	fmt.Println(due(Base().Due(friday, 1, law.WorkingDay, FiveDays)))
	// Output: 2023-11-27 23:59:59
}

func TestKindsAndRulesHaveTexts(t *testing.T) {
	t.Parallel()
	for k := Public; k <= Taken; k++ {
		if !locale.Has(k.TextKey()) {
			t.Errorf("no text for %s", k.TextKey())
		}
	}
	for _, r := range Base().Rules() {
		if !locale.Has(r.TextKey()) {
			t.Errorf("no text for %s", r.TextKey())
		}
	}
}
