package calendar

import (
	"fmt"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// Fact is where something is known from. Name is empty for what has none.
type Fact struct {
	Name      locale.String
	Source    locale.String
	Certainty law.Certainty
}

// Decree is what was decided for a year: which days of rest are moved, when
// Kurban Ait is, which holidays there are from now on. A later decree has the
// last word on a day, on the Kurban Ait of a year and on a holiday of one id.
type Decree struct {
	Fact
	Year  int
	Moves []Move
	// Works and Rests are days that work or rest in both weeks, whatever else.
	Works, Rests []Day
	KurbanAit    Day // its first day, 0 for none
	Holidays     []Holiday

	kurban Fact
	lines  map[string]int // by field, for errors
}

// Move makes a day of rest work and another rest for it.
type Move struct{ Works, Rests Day }

// Holiday is a day, or some days in a row, of every year from one on.
type Holiday struct {
	Fact
	ID    string
	Month time.Month
	Day   int
	Days  int
	// From and To bound the days that are celebrated, 0 where open.
	From, To Day
	// Moves: where it falls on a day off, the next working day rests. Without it
	// the day is no holiday but a day of rest.
	Moves     bool
	MovesFrom Day
}

// doubt is a day that may be otherwise than the calendar says.
type doubt struct {
	day  Day
	mark law.Certainty
}

// KurbanAit is what the first day of Kurban Ait is called.
var kurbanAit = locale.String{KK: "Құрбан айттың бірінші күні", RU: "первый день Курбан айта", EN: "first day of Kurban Ait"}

// check finds what a decree says against the calendar before it, or against
// itself.
func (c *Calendar) check(d *Decree) fault.List {
	k := &checker{c: c, d: d, seen: map[Day]bool{}}
	for i, m := range d.Moves {
		k.works(fmt.Sprintf("moves[%d].works", i), m.Works)
		k.rests(fmt.Sprintf("moves[%d].rests", i), m.Rests)
	}
	for i, day := range d.Works {
		k.works(fmt.Sprintf("works[%d]", i), day)
	}
	for i, day := range d.Rests {
		k.rests(fmt.Sprintf("rests[%d]", i), day)
	}
	if d.KurbanAit != 0 {
		k.ofYear("kurban_ait", d.KurbanAit)
	}
	return k.faults
}

type checker struct {
	c      *Calendar
	d      *Decree
	seen   map[Day]bool
	faults fault.List
}

func (k *checker) fail(field, code string, args ...any) {
	k.faults = append(k.faults, &fault.Error{Kind: fault.Invalid, Code: code, Field: field, Line: k.d.lines[field], Args: args})
}

// ofYear reports whether a day is fit to be looked at further.
func (k *checker) ofYear(field string, day Day) bool {
	if day.Year() != k.d.Year {
		k.fail(field, "decree-other-year", "year", k.d.Year)
		return false
	}
	return true
}

func (k *checker) once(field string, day Day) bool {
	if !k.ofYear(field, day) {
		return false
	}
	if k.seen[day] {
		k.fail(field, "decree-day-twice")
		return false
	}
	k.seen[day] = true
	return true
}

// works: a day that rests, and not because something is celebrated.
func (k *checker) works(field string, day Day) {
	if !k.once(field, day) {
		return
	}
	x := k.c.lay(day, day+1)[0]
	switch {
	case x[0].kind.Works() && x[1].kind.Works():
		k.fail(field, "decree-works-already")
	case x[1].kind == Public || x[1].kind == Rest:
		k.fail(field, "decree-works-holiday")
	}
}

func (k *checker) rests(field string, day Day) {
	if !k.once(field, day) {
		return
	}
	if x := k.c.lay(day, day+1)[0]; !x[0].kind.Works() && !x[1].kind.Works() {
		k.fail(field, "decree-rests-already")
	}
}
