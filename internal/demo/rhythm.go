package demo

import "time"

// How many of a hundred things happen in an hour of the day, from 0 to 23.
var (
	officeHours = [24]int{9: 13, 10: 17, 11: 16, 12: 10, 13: 4, 14: 12, 15: 13, 16: 10, 17: 5}
	anyHours    = [24]int{7: 3, 8: 5, 9: 6, 10: 7, 11: 7, 12: 8, 13: 8, 14: 6, 15: 6, 16: 6, 17: 6, 18: 7, 19: 8, 20: 7, 21: 6, 22: 3, 23: 1}
)

// office is a moment of the working day of t, or of the next one.
func (w *world) office(t time.Time) time.Time {
	t = t.In(w.zone)
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, 1)
	}
	return w.on(t, &officeHours)
}

// any is a moment of the day of t, in the evening as likely as at noon.
func (w *world) any(t time.Time) time.Time { return w.on(t.In(w.zone), &anyHours) }

func (w *world) on(day time.Time, hours *[24]int) time.Time {
	at, hour := w.IntN(100), 0
	for ; hour < 23 && at >= hours[hour]; hour++ {
		at -= hours[hour]
	}
	y, mo, d := day.Date()
	return time.Date(y, mo, d, hour, w.IntN(60), w.IntN(60), w.IntN(1000)*int(time.Millisecond), w.zone)
}

// after is a moment that rhythm makes of some day from a moment on until now.
func (w *world) after(from time.Time, rhythm func(time.Time) time.Time) time.Time {
	span := max(w.now.Sub(from), time.Hour)
	t := rhythm(from.Add(time.Duration(w.Int64N(int64(span)))))
	if t.Before(from) {
		t = from.Add(time.Duration(5+w.IntN(90)) * time.Minute)
	}
	return t
}

// ago is a moment so many days ago on the clock of Almaty.
func (w *world) ago(days, hour, minute int) time.Time {
	y, mo, d := w.now.In(w.zone).AddDate(0, 0, -days).Date()
	return time.Date(y, mo, d, hour, minute, w.IntN(60), 0, w.zone)
}

// worked is ago on a working day.
func (w *world) worked(days, hour, minute int) time.Time {
	t := w.ago(days, hour, minute)
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		if t = t.AddDate(0, 0, 1); t.After(w.now) {
			t = t.AddDate(0, 0, -3)
		}
	}
	return t
}
