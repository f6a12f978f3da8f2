package locale

import "time"

// Day is where the day of t begins in Almaty.
func Day(t time.Time) time.Time {
	y, m, d := t.In(almaty).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, almaty)
}

// Week is where the week of t begins in Almaty: on its Monday.
func Week(t time.Time) time.Time {
	day := Day(t)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// ParseDay reads a day as a form of a browser sends it, 2026-11-23, and returns
// where it begins in Almaty.
func ParseDay(s string) (time.Time, bool) {
	t, err := time.ParseInLocation(time.DateOnly, s, almaty)
	return t, err == nil
}

// FormDay writes the day of t for a form.
func FormDay(t time.Time) string { return t.In(almaty).Format(time.DateOnly) }

// LastDay is the last day of what ends at t: that before, where t is where a day
// begins. Whoever chose the 30th must not read the 31st.
func LastDay(t time.Time) time.Time { return t.Add(-time.Nanosecond) }
