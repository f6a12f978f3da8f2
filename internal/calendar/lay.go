package calendar

import (
	"slices"
	"time"

	"kelisim/internal/law"
)

// Kind is what a day is.
type Kind uint8

// The kinds of days.
const (
	Plain   Kind = iota // works by the week
	Weekend             // rests by the week
	Public              // a holiday
	Rest                // rests and is no holiday: 7 January, Kurban Ait
	Moved               // rests for a holiday that fell on a day off
	Given               // rests by a decision for this year
	Taken               // works by a decision for this year
)

var kindNames = [...]string{"working", "weekend", "holiday", "rest", "moved", "given", "taken"}

// String is the name of the kind, calendar.kind.<name> its text.
func (k Kind) String() string { return kindNames[k] }

// TextKey is the key of what the kind is in package locale; plain days have no
// text.
func (k Kind) TextKey() string { return "calendar.kind." + k.String() }

// Works reports whether days of the kind work.
func (k Kind) Works() bool { return k == Plain || k == Taken }

// cell is a day in one week, cells in both.
type (
	cell struct {
		kind Kind
		weak weakness
		fact *Fact // whose day it is, nil for none
	}
	cells [2]cell
)

func (c *cell) set(k Kind, f *Fact) { c.kind, c.fact, c.weak = k, f, weaknessOf(f.Certainty) }

// turn is set for what is no surer than the day was.
func (c *cell) turn(k Kind, f *Fact) {
	weak := c.weak
	c.set(k, f)
	c.weak = max(c.weak, weak)
}

func (c *cell) weaken(m law.Certainty) { c.weak = max(c.weak, weaknessOf(m)) }

func (c *cell) bits() uint8 {
	if c.kind.Works() {
		return uint8(c.weak) | workBit
	}
	return uint8(c.weak)
}

func (c *cells) pair() pair { return pair(c[0].bits() | c[1].bits()<<halfBits) }

var weeks = [2]Week{FiveDays, SixDays}

// reach is how far a day may lie from what decides on it: days of rest move on
// past weekends and other holidays, a week or so.
const reach = 31

// field is a stretch of days while it is laid out.
type field struct {
	c     *Calendar
	from  Day
	cells []cells
}

// lay works out the days from … to-1: first the week, then what was decided for
// single years, then holidays, then the rest that they move.
func (c *Calendar) lay(from, to Day) []cells {
	f := &field{c: c, from: from - reach, cells: make([]cells, to-from+reach)}
	f.byWeek()
	for i := range c.decrees {
		f.decide(&c.decrees[i])
	}
	f.move(f.celebrate(f.occasions()))
	for _, d := range c.doubts {
		f.each(d.day, func(x *cell, _ Week) { x.weaken(d.mark) })
	}
	return f.cells[reach:]
}

// each calls fn for both weeks of a day of the field; others are passed over.
func (f *field) each(d Day, fn func(x *cell, w Week)) {
	if i := int(d - f.from); i >= 0 && i < len(f.cells) {
		for n, w := range weeks {
			fn(&f.cells[i][n], w)
		}
	}
}

func (f *field) byWeek() {
	for i := range f.cells {
		d := f.from + Day(i)
		weak := weaknessOf(f.c.Known(d.Year()))
		f.each(d, func(x *cell, w Week) {
			if x.weak = weak; d.weekend(w) {
				x.kind = Weekend
			}
		})
	}
}

// Known is how sure we are of an ordinary day of a year. One beyond the base is
// known once somebody has said when its Kurban Ait is.
func (c *Calendar) Known(y int) law.Certainty {
	if mark, ok := c.years[y]; ok {
		return mark
	}
	if d := c.kurban[y]; d != nil {
		return d.Certainty
	}
	return law.Unknown
}

// decide applies what a decree says of single days. A rest is moved only from a
// day that rests: in the week of six days there is none on a Saturday.
func (f *field) decide(d *Decree) {
	for _, m := range d.Moves {
		for _, w := range weeks {
			if m.Works.weekend(w) {
				f.set(m.Works, w, Taken, &d.Fact)
				f.set(m.Rests, w, Given, &d.Fact)
			} else {
				f.one(m.Rests, w, func(x *cell) { x.weaken(f.c.rules["six-day-swap"].Certainty) })
			}
		}
	}
	for _, w := range weeks {
		for _, day := range d.Works {
			f.set(day, w, Taken, &d.Fact)
		}
		for _, day := range d.Rests {
			f.set(day, w, Given, &d.Fact)
		}
	}
}

func (f *field) one(d Day, w Week, fn func(x *cell)) {
	f.each(d, func(x *cell, of Week) {
		if of == w {
			fn(x)
		}
	})
}

func (f *field) set(d Day, w Week, k Kind, fact *Fact) {
	f.one(d, w, func(x *cell) { x.set(k, fact) })
}

// occasion is a day that is celebrated.
type occasion struct {
	day   Day
	kind  Kind
	moves bool // its rest, where it falls on a day off
	moon  bool // seen a day earlier or later, it would be another day
	fact  *Fact
}

// occasions lists what is celebrated in the field, by day; those whose rest
// moves come first.
func (f *field) occasions() []occasion {
	var all []occasion
	last := f.from + Day(len(f.cells))
	for y := f.from.Year(); y <= last.Year(); y++ {
		for i := range f.c.holidays {
			all = append(all, f.c.holidays[i].in(y)...)
		}
		if d := f.c.kurban[y]; d != nil {
			all = append(all, occasion{day: d.KurbanAit, kind: Rest, moon: true, fact: &d.kurban})
		}
	}
	slices.SortStableFunc(all, func(a, b occasion) int {
		if a.day != b.day || a.moves == b.moves {
			return int(a.day - b.day)
		}
		if a.moves {
			return -1
		}
		return 1
	})
	return all
}

// in lists the days of a holiday in a year.
func (h *Holiday) in(y int) []occasion {
	var days []occasion
	for i := range h.Days {
		d := dayOf(y, h.Month, h.Day+i)
		if d < h.From || h.To != 0 && d > h.To {
			continue
		}
		o := occasion{day: d, kind: Public, moves: h.Moves && d >= h.MovesFrom, fact: &h.Fact}
		if !h.Moves {
			o.kind = Rest
		}
		days = append(days, o)
	}
	return days
}

// owed is a rest that a holiday on a day off moves on, in one week.
type owed struct {
	occasion
	week Week
}

// celebrate lets the occasions rest and returns the rest that is owed for them.
// The moon may be seen a day earlier or later than was said, so the days beside
// Kurban Ait are as sure as its date.
func (f *field) celebrate(all []occasion) (rest []owed) {
	for _, o := range all {
		f.each(o.day, func(x *cell, w Week) {
			free := x.kind == Weekend || x.kind == Given
			if o.moves && free {
				rest = append(rest, owed{o, w})
			}
			if x.kind.Works() || free {
				x.turn(o.kind, o.fact)
			}
		})
		if o.moon {
			for _, beside := range []Day{o.day - 1, o.day + 1} {
				f.each(beside, func(x *cell, _ Week) { x.weaken(o.fact.Certainty) })
			}
		}
	}
	return rest
}

// move gives each rest that is owed the next day that works.
func (f *field) move(rest []owed) {
	for _, o := range rest {
		for d, given := o.day+1, false; !given && d < f.from+Day(len(f.cells)); d++ {
			f.one(d, o.week, func(x *cell) {
				if given = x.kind.Works(); given {
					x.turn(Moved, o.fact)
				}
			})
		}
	}
}

// Info is a day that the week alone does not explain.
type Info struct {
	Day  Day
	Kind Kind
	Fact
}

// Year lists the days of a year that the week alone does not explain.
func (c *Calendar) Year(y int, w Week) []Info {
	var list []Info
	from := dayOf(y, time.January, 1)
	for i, x := range c.lay(from, dayOf(y+1, time.January, 1)) {
		if cell := x[w.index()]; cell.fact != nil {
			info := Info{Day: from + Day(i), Kind: cell.kind, Fact: *cell.fact}
			info.Certainty = marks[cell.weak]
			list = append(list, info)
		}
	}
	return list
}

// Working counts the working days of each month of a year.
func (c *Calendar) Working(y int, w Week) (months [12]int) {
	for m := range months {
		for d, end := dayOf(y, time.Month(m+1), 1), dayOf(y, time.Month(m+2), 1); d < end; d++ {
			if c.works(d, w) {
				months[m]++
			}
		}
	}
	return months
}
