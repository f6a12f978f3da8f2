package register

import (
	"strconv"
	"strings"
	"time"
)

// Period is a length of time in calendar units, as ISO 8601 writes it: P3Y,
// P1Y6M, P30D. Weeks are read as seven days; hours have no place in retention.
type Period struct{ Years, Months, Days int }

// No retention term exceeds this: it is a typing error.
var longest = Period{Years: 100, Months: 1200, Days: 36600}

// ParsePeriod reads the ISO form, each unit once and in order. It reports
// whether s is one.
func ParsePeriod(s string) (Period, bool) {
	var p Period
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" {
		return p, false
	}
	units := "YMWD"
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.Atoi(rest[:digits])
		if err != nil || digits == len(rest) || n > longest.Days {
			return Period{}, false
		}
		unit := strings.IndexByte(units, rest[digits])
		if unit < 0 {
			return Period{}, false
		}
		switch units[unit] {
		case 'Y':
			p.Years = n
		case 'M':
			p.Months = n
		case 'W':
			p.Days = 7 * n
		case 'D':
			p.Days += n
		}
		units, rest = units[unit+1:], rest[digits+1:]
	}
	if p.Years > longest.Years || p.Months > longest.Months || p.Days > longest.Days {
		return Period{}, false
	}
	return p, true
}

// String is the ISO form; P0D where there is nothing to add.
func (p Period) String() string {
	if p == (Period{}) {
		return "P0D"
	}
	s := "P"
	for _, unit := range []struct {
		n    int
		name string
	}{{p.Years, "Y"}, {p.Months, "M"}, {p.Days, "D"}} {
		if unit.n != 0 {
			s += strconv.Itoa(unit.n) + unit.name
		}
	}
	return s
}

// MarshalText writes the ISO form.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Add returns t moved by the period on the calendar of t's zone. A month that
// has no such day ends the term on its last day, as terms in civil law do: a
// month after 31 January is 28 or 29 February, never 3 March.
func (p Period) Add(t time.Time) time.Time {
	months := 12*p.Years + p.Months
	moved := t.AddDate(0, months, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved.AddDate(0, 0, p.Days)
}

// longerThan reports whether p can end later than q: for some day to start
// from. A month and thirty days take turns.
func (p Period) longerThan(q Period) bool {
	start := time.Date(2024, time.January, 31, 0, 0, 0, 0, time.UTC)
	for month := range 48 {
		from := Period{Months: month}.Add(start)
		if p.Add(from).After(q.Add(from)) {
			return true
		}
	}
	return false
}

// Date is a day of the calendar, without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD and reports whether there is such a day.
func ParseDate(s string) (Date, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, false
	}
	return Date{t.Year(), t.Month(), t.Day()}, true
}

// In is the first moment of the day in a zone.
func (d Date) In(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

// Before reports whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.In(time.UTC).Before(e.In(time.UTC)) }

// String is YYYY-MM-DD.
func (d Date) String() string { return d.In(time.UTC).Format(time.DateOnly) }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
