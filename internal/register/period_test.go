package register

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParsePeriod(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Period{
		"P3Y": {Years: 3}, "P1Y6M": {Years: 1, Months: 6}, "P30D": {Days: 30}, "P2W": {Days: 14},
		"P1Y2M3W4D": {1, 2, 25}, "P0D": {}, "P0Y0M": {}, "P12M": {Months: 12}, "P100Y": {Years: 100},
	} {
		if got, ok := ParsePeriod(s); !ok || got != want {
			t.Errorf("%s reads as %+v, %v", s, got, ok)
		}
	}
	for _, s := range []string{
		"", "P", "3Y", "P3", "PY", "p3y", "P-1Y", "P1.5Y", "P1Y1Y", "P1D1Y", "PT1H", "P1YT1H", "P 1Y", "P1Y ",
		"P101Y", "P1201M", "P36601D", "P6000W", "P99999999999999999999Y", "P+1Y", "P1S", "P٣Y",
	} {
		if got, ok := ParsePeriod(s); ok {
			t.Errorf("%q reads as %+v", s, got)
		}
	}
}

func TestPeriodAdd(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct{ from, period, want string }{
		{"2026-01-31", "P1M", "2026-02-28"},
		{"2024-01-31", "P1M", "2024-02-29"},
		{"2024-02-29", "P1Y", "2025-02-28"},
		{"2024-02-29", "P4Y", "2028-02-29"},
		{"2026-10-31", "P13M", "2027-11-30"},
		{"2026-01-31", "P1M1D", "2026-03-01"},
		{"2026-05-15", "P3Y", "2029-05-15"},
		{"2026-12-31", "P30D", "2027-01-30"},
		{"2026-05-15", "P0D", "2026-05-15"},
	} {
		p, _ := ParsePeriod(tt.period)
		if got := p.Add(day(tt.from)).Format(time.DateOnly); got != tt.want {
			t.Errorf("%s and %s make %s, want %s", tt.from, tt.period, got, tt.want)
		}
	}
}

func periods() *rapid.Generator[Period] {
	return rapid.Custom(func(t *rapid.T) Period {
		return Period{
			rapid.IntRange(0, longest.Years).Draw(t, "years"),
			rapid.IntRange(0, longest.Months).Draw(t, "months"),
			rapid.IntRange(0, longest.Days).Draw(t, "days"),
		}
	})
}

// A period reads back from its text, never goes backwards, and keeps the order
// of the moments it is added to.
func TestPeriodLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := periods().Draw(t, "period")
		if back, ok := ParsePeriod(p.String()); !ok || back != p {
			t.Fatalf("%s reads as %+v", p, back)
		}
		at := func(name string) time.Time { return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, name), 0).UTC() }
		a, b := at("a"), at("b")
		if a.After(b) {
			a, b = b, a
		}
		if p.Add(a).Before(a) || p.Add(a).Truncate(24*time.Hour).After(p.Add(b)) {
			t.Fatalf("%s: %s → %s, %s → %s", p, a, p.Add(a), b, p.Add(b))
		}
		if p.longerThan(p) || !(Period{p.Years, p.Months, p.Days + 1}).longerThan(p) {
			t.Fatalf("%s: longerThan", p)
		}
	})
}

func TestLongerThan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		p, q string
		want bool
	}{
		{"P1Y", "P12M", false},
		{"P12M", "P1Y", false},
		{"P1M", "P30D", true},
		{"P30D", "P1M", true},
		{"P1M", "P31D", false},
		{"P366D", "P1Y", true},
		{"P1Y", "P365D", true},
		{"P0D", "P1D", false},
	} {
		p, _ := ParsePeriod(tt.p)
		q, _ := ParsePeriod(tt.q)
		if got := p.longerThan(q); got != tt.want {
			t.Errorf("%s longer than %s: %v", tt.p, tt.q, got)
		}
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"P3Y", "P1Y6M", "P30D", "P2W", "P0D", "P1Y2M3W4D", "PT1H", "P", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := ParsePeriod(s)
		if !ok {
			return
		}
		if back, ok := ParsePeriod(p.String()); !ok || back != p {
			t.Fatalf("%q is %+v, which reads back as %+v", s, p, back)
		}
	})
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	if d, ok := ParseDate("2026-01-01"); !ok || d != (Date{2026, time.January, 1}) || d.String() != "2026-01-01" {
		t.Error(d, ok)
	}
	for _, s := range []string{"", "2026-02-30", "2026-1-1", "01.01.2026", "2026-01-01T00:00:00Z"} {
		if _, ok := ParseDate(s); ok {
			t.Errorf("%q reads as a date", s)
		}
	}
}
