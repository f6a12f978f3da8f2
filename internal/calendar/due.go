package calendar

import (
	"time"

	"kelisim/internal/law"
)

// maxAmount bounds a term: none is longer, and nothing here runs for long.
const maxAmount = 36_600

// Due is the last moment of a term that began with an event. A term of nothing
// ends with the day of the event.
func (c *Calendar) Due(start time.Time, amount int, unit law.Unit, w Week) time.Time {
	d, _ := c.last(DayOf(start), amount, unit, w)
	return d.End()
}

// last is the last day of a term, and whether it is another than the count says
// because that one rests.
func (c *Calendar) last(start Day, amount int, unit law.Unit, w Week) (d Day, moved bool) {
	amount = min(max(amount, 0), maxAmount)
	switch {
	case amount == 0:
		return start, false
	case unit == law.WorkingDay:
		return c.nth(start, amount, w), false
	case unit == law.Month:
		d = start.months(amount)
	case unit == law.Year:
		d = start.months(12 * amount)
	default:
		d = start + Day(amount)
	}
	on := d
	for !c.works(on, w) {
		on++
	}
	return on, on != d
}

// nth is the n-th working day after d.
func (c *Calendar) nth(d Day, n int, w Week) Day {
	for n > 0 {
		if d++; c.works(d, w) {
			n--
		}
	}
	return d
}

// WorkingDays counts the working days after the day of one moment, up to and
// with that of another.
func (c *Calendar) WorkingDays(from, to time.Time, w Week) int {
	n := 0
	for d, end := DayOf(from)+1, DayOf(to); d <= end; d++ {
		if c.works(d, w) {
			n++
		}
	}
	return n
}

// Certainty is how sure the days after one moment, up to another, are: as sure
// as the least sure of them.
func (c *Calendar) Certainty(from, to time.Time, w Week) law.Certainty {
	weak := weakness(0)
	for d, end := DayOf(from)+1, max(DayOf(to), DayOf(from)+1); d <= end; d++ {
		weak = max(weak, c.at(d).doubt(w))
	}
	return marks[weak]
}

// Reckoned is a term worked out.
type Reckoned struct {
	Due       time.Time
	Certainty law.Certainty // of the days, and of the rule where one moved the end
	Moved     bool          // the last day rests, and the term ends with the next working day
}

// Reckon is Due with how sure it is.
func (c *Calendar) Reckon(start time.Time, amount int, unit law.Unit, w Week) Reckoned {
	d, moved := c.last(DayOf(start), amount, unit, w)
	r := Reckoned{Due: d.End(), Moved: moved}
	if r.Certainty = c.Certainty(start, r.Due, w); moved {
		r.Certainty = Weaker(r.Certainty, c.rules["rest-end"].Certainty)
	}
	return r
}
