package calendar

import (
	"time"
	_ "time/tzdata" // a static binary in an empty container has no zone database
)

// almaty is the zone whose days terms are counted by. It is read from the zone
// database, since its offset changes: it was +6 until 1 March 2024 and is +5
// since.
var almaty = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		panic(err) // embedded: it cannot be missing
	}
	return zone
}()

// Day is a day of the calendar, as days since 1 January 1970. That day itself
// stands for none.
type Day int

const daySeconds = 24 * 60 * 60

// DayOf is the day of a moment in Almaty.
func DayOf(t time.Time) Day {
	_, offset := t.In(almaty).Zone()
	return floor(t.Unix() + int64(offset))
}

func dayOf(y int, m time.Month, d int) Day {
	return floor(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix())
}

func floor(seconds int64) Day {
	d := seconds / daySeconds
	if seconds%daySeconds < 0 {
		d--
	}
	return Day(d)
}

// ParseDay reads YYYY-MM-DD and reports whether there is such a day.
func ParseDay(s string) (Day, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return floor(t.Unix()), err == nil
}

func (d Day) utc() time.Time { return time.Unix(int64(d)*daySeconds, 0).UTC() }

// Year is the year of the day.
func (d Day) Year() int { return d.utc().Year() }

// String is YYYY-MM-DD.
func (d Day) String() string { return d.utc().Format(time.DateOnly) }

// MarshalText writes YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// End is the last millisecond of the day in Almaty: the store keeps no less. It
// is found from the next midnight: when the clock was set back in 2024, the last
// hour of 29 February came twice, and package time does not promise which it means.
func (d Day) End() time.Time {
	y, m, day := d.utc().Date()
	return time.Date(y, m, day+1, 0, 0, 0, 0, almaty).Add(-time.Millisecond).UTC()
}

// months moves the day by months. A month without such a day ends on its last.
func (d Day) months(n int) Day {
	y, m, day := d.utc().Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return dayOf(y, m+time.Month(n), min(day, last))
}

// weekend reports whether the day rests by the week alone.
func (d Day) weekend(w Week) bool {
	switch (d%7 + 11) % 7 { // 1 January 1970 was a Thursday
	case Day(time.Sunday):
		return true
	case Day(time.Saturday):
		return w != SixDays
	default:
		return false
	}
}
