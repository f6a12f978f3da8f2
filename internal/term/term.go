// Package term is the engine of terms: what an organization owes by when, by
// which provision of which edition, counted by which calendar. A [Term] begins
// with an act and lands with it, in one write; it ends when somebody says that
// it is done, with an entry of its own. When the calendar changes, open terms
// are computed anew, and each that moved lands with an entry that says from
// what day to what day, and by which decree.
//
// [Calendars] knows the calendar in force; [Terms] the terms. A term holds no
// personal data: whose it is, what it concerns by kind and id, and dates.
package term

import (
	"slices"
	"time"

	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
)

// Status is where a term is in its life.
type Status string

// The statuses.
const (
	Open      Status = "open"
	Done      Status = "done"
	Cancelled Status = "cancelled"
)

// Term is something owed by a day.
type Term struct {
	ID      ident.ID
	Subject ident.ID // internal; zero where it concerns no person
	Org     ident.ID // that owes
	Version int64    // grows with each change, so that of two at one moment one is told
	Status  Status

	Key       string        // of the edition's term, such as "transfer-notice"
	Provision law.Provision // behind it
	Edition   string        // of the Law, on the day it began
	Week      calendar.Week // of the organization, on that day
	About     About

	Start  time.Time
	Due    time.Time // its last moment; while it is paused, what it was
	Paused time.Time // since when it stands still, zero while it runs
	Ended  time.Time // done or cancelled
	// CalendarVersion is what Due was computed by: an older one than that in
	// force means that it has yet to be computed anew.
	CalendarVersion calendar.Version
	Entry           ident.ID // that it landed with
	History         []Change
	// Told is the last stage that somebody was reminded of, and ToldDue the end
	// that the term had then: see [Term.Untold].
	Told    Stage
	ToldDue time.Time
}

// About is what a term concerns: the kind of a record and its id. It names
// nobody.
type About struct {
	Kind string
	ID   ident.ID
}

// The kinds of records that a term ends with an act of their own: saying that it
// is done would hide that the act was not.
const (
	OfRequest     = "request"     // its answer
	OfOrder       = "order"       // carrying it out
	OfAppeal      = "appeal"      // of an answer, or of none: the decision
	OfHold        = "hold"        // the decision on the appeal of it
	OfExamination = "examination" // it is over by itself
	OfDelivery    = "delivery"    // the acknowledgement
	OfPublication = "publication" // its removal
)

// acts are all of them. Every other kind ends when somebody says so, and needs no
// code here to be listed and reminded of.
var acts = []string{OfRequest, OfOrder, OfAppeal, OfHold, OfExamination, OfDelivery, OfPublication}

// EndsByAct reports whether the term ends with an act and not by saying so.
func (t *Term) EndsByAct() bool { return slices.Contains(acts, t.About.Kind) }

// What can happen to a term.
const (
	Extended   = "extended"
	PausedAt   = "paused"
	Resumed    = "resumed"
	Recomputed = "recomputed"
	Ended      = "ended"
)

// Change is one thing that happened to a term.
type Change struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`
	Reason string    `json:"reason,omitempty"` // a key, never a text of somebody's
	Amount int       `json:"amount,omitzero"`  // of an extension
	Unit   law.Unit  `json:"unit,omitempty"`
	Was    time.Time `json:"was,omitzero"` // due before
	Due    time.Time `json:"due,omitzero"` // and after
	Entry  ident.ID  `json:"entry,omitzero"`
}

// Overdue reports whether the term has run out and nobody did what it asks.
func (t *Term) Overdue(now time.Time) bool {
	return t.Status == Open && t.Paused.IsZero() && now.After(t.Due)
}

// count works out when the term ends by a calendar, from its beginning and all
// that happened since. The days that it stood still do not count, so they are
// added at the end: from the day on which it was paused, of which a part is left, to
// the one before that on which it went on. So it never ends before it goes on.
func (t *Term) count(c *calendar.Calendar, rule law.Term) time.Time {
	if rule.Dated {
		return t.Due
	}
	due := c.Due(t.Start, rule.Amount, rule.Unit, t.Week)
	var stood time.Time
	for _, h := range t.History {
		switch h.What {
		case Extended:
			due = c.Due(due, h.Amount, h.Unit, t.Week)
		case PausedAt:
			stood = h.At
		case Resumed:
			if rule.Unit == law.WorkingDay {
				from, to := max(calendar.DayOf(stood), calendar.DayOf(t.Start)+1)-1, calendar.DayOf(h.At)-1
				due = c.Due(due, c.WorkingDays(from.End(), to.End(), t.Week), law.WorkingDay, t.Week)
			} else {
				due = c.Due(due, int(calendar.DayOf(h.At)-calendar.DayOf(stood)), law.CalendarDay, t.Week)
			}
		}
	}
	return due
}

// next is a copy of the term that a change leads to.
func (t *Term) next(h Change) *Term {
	n := *t
	n.Version++
	n.History = append(t.History[:len(t.History):len(t.History)], h)
	return &n
}

// Close is the term as it stands once nothing is owed for it any more, to land
// with the act that ends it. It may be late: then that shows.
func (t *Term) Close(to Status, reason string, entry ident.ID, now time.Time) (*Term, error) {
	if t.Status != Open {
		return nil, fault.New(fault.Conflict, "term-not-open")
	}
	n := t.next(Change{At: now, What: Ended, Reason: reason, Entry: entry})
	n.Status, n.Ended = to, now
	return n, nil
}

// Stage is how near the end of a term is.
type Stage uint8

// The stages. Each is a reason to remind of the term once.
const (
	Calm Stage = iota
	Half
	LastDay
	Late     // it has run out: the officer has to know
	VeryLate // and a working day later it still has not been done: so has the head
)

// String names the stage.
func (s Stage) String() string {
	return [...]string{"calm", "half", "last-day", "late", "very-late"}[s]
}

// Stage is where an open term stands at a moment; calm while it stands still and
// once it ended. Half is half of the time that it ran, since days are what people
// have. grace is for how many working days after the end the officer is left alone
// with it.
func (t *Term) Stage(c *calendar.Calendar, now time.Time, grace int) Stage {
	if t.Status != Open || !t.Paused.IsZero() {
		return Calm
	}
	stood := t.stood()
	switch {
	case now.After(c.Due(t.Due, grace, law.WorkingDay, t.Week)):
		return VeryLate
	case now.After(t.Due):
		return Late
	case calendar.DayOf(now) == calendar.DayOf(t.Due):
		return LastDay
	case now.Sub(t.Start)-stood >= (t.Due.Sub(t.Start)-stood)/2:
		return Half
	default:
		return Calm
	}
}

// stood is for how long the term stood still: that is no time that ran.
func (t *Term) stood() (d time.Duration) {
	var since time.Time
	for _, h := range t.History {
		switch h.What {
		case PausedAt:
			since = h.At
		case Resumed:
			d += h.At.Sub(since)
		}
	}
	return d
}

// Untold lists what is to be said of a term at a stage and was not: the half of a
// term once, whatever becomes of its end; its last day, and that it is late, once
// of each end that it has had. The head is not told before the officer, even where
// nobody looked for days.
func (t *Term) Untold(at Stage) (list []Stage) {
	told := t.Told
	if at > Half && !t.ToldDue.Equal(t.Due) {
		told = Calm // of another end
	}
	if at <= told {
		return nil
	}
	if at == VeryLate && told < Late {
		list = append(list, Late)
	}
	return append(list, at)
}

// running refuses what only an open term that has not run out can have done.
func (t *Term) running(now time.Time) error {
	if t.Status != Open || t.Overdue(now) {
		return fault.New(fault.Conflict, "term-not-open")
	}
	return nil
}

// extended is by how much the term was extended already, in the unit of what
// it may be.
func (t *Term) extended(unit law.Unit) (amount int) {
	for _, h := range t.History {
		if h.What == Extended && h.Unit == unit {
			amount += h.Amount
		}
	}
	return amount
}
