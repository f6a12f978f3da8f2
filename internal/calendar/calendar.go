// Package calendar knows which days work in Kazakhstan and when a term ends.
//
// A day works or rests by a rule and by facts: the week (of five days or six),
// holidays with the years they hold in, the rest that a holiday on a day off
// moves to the next working day, days of rest that never move (7 January, the
// first day of Kurban Ait), and what the Government decides for a single year.
// The facts are data with a source and a mark of certainty: the base is
// embedded (calendar.yaml), and an administrator adds a [Decree] without a
// release. Nothing here is a constant of the flow.
//
// A term is counted by the days of Almaty. The day of the event does not count.
// A term of N working days ends with the N-th working day after it; a term in
// calendar days, months or years whose last day rests ends with the next
// working day. It ends with that day's last millisecond, 23:59:59.999 on the
// clock of Almaty: whatever was done by then is in time.
//
// Of a year that no data speaks of, the week and the holidays that last are
// known and the rest is not: [Calendar.Certainty] says so. In doubt a day
// works, so that a term ends a day early rather than late.
//
// The package is pure: no clock, no store. Which decrees there are is for
// package term to know.
package calendar

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"kelisim/internal/law"
)

// Week is how many days of a week an organization works: Monday to Friday, or
// Monday to Saturday. Any other number, and so the zero value, counts as five.
type Week int

// The weeks.
const (
	FiveDays Week = 5
	SixDays  Week = 6
)

// index is the place of w where both weeks stand side by side.
func (w Week) index() int {
	if w == SixDays {
		return 1
	}
	return 0
}

// Version grows whenever days may have changed: by the revision of the base,
// then by each decree. A term remembers the one it was computed by.
type Version int64

const perRevision = 1_000_000

// String is revision and decree: "1.3".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v/perRevision, v%perRevision) }

// Decree is the number of the newest decree, 0 for none.
func (v Version) Decree() int64 { return int64(v) % perRevision }

// Calendar is the base with decrees on top. It never changes, so any number of
// callers read it at once.
type Calendar struct {
	Version Version

	rules    map[string]Rule
	years    map[int]law.Certainty
	doubts   []doubt
	decrees  []Decree
	holidays []Holiday       // in force, the newest word on each
	kurban   map[int]*Decree // by year: who said the newest word
	table    []pair          // of the days from first on
}

// The days that are worked out ahead. Others are worked out when they are asked
// for, which is slow and happens to nobody.
var first, past = dayOf(2000, time.January, 1), dayOf(2100, time.January, 1)

// Covers reports whether a year is one that the calendar can list: decrees are of
// such years too.
func Covers(year int) bool { return year >= first.Year() && year < past.Year() }

// Base is the embedded calendar. The file is part of the program and the tests
// read it: a program whose calendar is broken does not start.
func Base() *Calendar { return base() }

var base = sync.OnceValue(func() *Calendar {
	c, err := loadBase()
	if err != nil {
		panic(err)
	}
	return c
})

// With returns the calendar with decrees on top, each checked against what was
// there before it; a later one has the last word. What is wrong comes back as a
// fault.List with lines, and no calendar then.
func (c *Calendar) With(decrees ...Decree) (*Calendar, error) {
	for i := range decrees {
		if err := c.check(&decrees[i]).OrNil(); err != nil {
			return nil, err
		}
		c = c.Replay(decrees[i])
	}
	return c, nil
}

// Replay is With for decrees that were accepted before. It checks nothing: a
// newer base may know by itself what a decree had to say.
func (c *Calendar) Replay(decrees ...Decree) *Calendar {
	n := &Calendar{
		Version: c.Version + Version(len(decrees)), rules: c.rules, years: c.years, doubts: c.doubts,
		decrees: append(slices.Clip(c.decrees), decrees...),
	}
	n.settle()
	return n
}

// settle works out what the decrees come to.
func (c *Calendar) settle() {
	c.kurban = map[int]*Decree{}
	for i := range c.decrees {
		d := &c.decrees[i]
		if d.KurbanAit != 0 {
			c.kurban[d.Year] = d
		}
		for _, h := range d.Holidays {
			c.holidays = slices.DeleteFunc(c.holidays, func(old Holiday) bool { return old.ID == h.ID })
			c.holidays = append(c.holidays, h)
		}
	}
	cells := c.lay(first, past)
	c.table = make([]pair, len(cells))
	for i := range cells {
		c.table[i] = cells[i].pair()
	}
}

// Rule is one of the rules that terms and days follow, with its source.
type Rule struct {
	Key string // calendar.rule.<key> is its text
	Fact
}

// TextKey is the key of what the rule says in package locale.
func (r Rule) TextKey() string { return "calendar.rule." + r.Key }

// Rules lists the rules by their keys.
func (c *Calendar) Rules() []Rule {
	all := make([]Rule, 0, len(c.rules))
	for _, r := range c.rules {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Rule) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// IsWorking reports whether the day of a moment works.
func (c *Calendar) IsWorking(at time.Time, w Week) bool { return c.works(DayOf(at), w) }

func (c *Calendar) works(d Day, w Week) bool { return c.at(d).works(w) }

func (c *Calendar) at(d Day) pair {
	if d >= first && d < past {
		return c.table[d-first]
	}
	return c.lay(d, d+1)[0].pair()
}

// pair is a day in both weeks: for each, whether it works and how sure that is,
// in four bits.
type pair uint8

const (
	halfBits = 4
	workBit  = 1 << 3
)

func (p pair) of(w Week) uint8       { return uint8(p) >> (halfBits * w.index()) & 0xf }
func (p pair) works(w Week) bool     { return p.of(w)&workBit != 0 }
func (p pair) doubt(w Week) weakness { return weakness(p.of(w) &^ workBit) }

// weakness orders the marks of certainty, the surest first.
type weakness uint8

var marks = [...]law.Certainty{law.Primary, law.Verified, law.Code, law.Secondary, law.Memory, law.Unknown}

func weaknessOf(m law.Certainty) weakness {
	for w := range weakness(len(marks)) {
		if marks[w] == m {
			return w
		}
	}
	return weakness(len(marks) - 1)
}

// Weaker is the less sure of two marks.
func Weaker(a, b law.Certainty) law.Certainty { return marks[max(weaknessOf(a), weaknessOf(b))] }
