package web

import (
	"strings"
	"time"

	"kelisim/internal/disclosure"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
)

// told is a line of the journal in words, as a list shows it.
type told struct {
	notify.Message
	Law   *law.Edition // that it was judged by
	ID    ident.ID
	For   string    // what keeps a link in the cabinet of whom one acts for
	At    time.Time // of the newest act
	First time.Time // of the oldest
	Count int
	Each  []moment // the acts of the line, newest first, some of them
	More  bool     // and there are others
	Late  string   // that it was shown later, empty where it was not
}

// moment is one act of a line.
type moment struct {
	ID ident.ID
	At time.Time
}

// day is the lines of one day, newest first.
type day struct {
	Date  time.Time
	Items []told
}

// eachMost is how many acts of a line are listed in it. All of them are a page of
// their own.
const eachMost = 24

func (p *Pages) tell(v *visit, l *disclosure.Line) (told, error) {
	o, err := p.Parties.Organization(v.Context(), l.Organization)
	if err != nil {
		return told{}, err
	}
	reg, err := p.registerOf(v.Context(), o, l.Register)
	if err != nil {
		return told{}, err
	}
	edition, ok := law.ByID(l.Edition)
	if !ok { // of a program that knew more editions than this one, or not told
		edition = o.Edition(l.Last())
	}
	t := told{
		Message: notify.Words(v.Lang, l.Whole(), reg), Law: edition, ID: ident.ID(l.ID), For: v.For(),
		At: l.Last(), First: l.First(), Count: l.Count(),
	}
	if d := l.Deferred; d != nil && !strings.HasPrefix(l.Action, "disclosure.") { // whose own words say it
		t.Late = notify.Late(v.Lang, d.Until, d.Provision)
	}
	if t.Count == 1 {
		return t, nil
	}
	t.Each, t.More = []moment{{t.ID, t.At}}, t.Count > eachMost
	for i := range l.Same[:min(len(l.Same), eachMost-1)] {
		t.Each = append(t.Each, moment{ident.ID(l.Same[i].ID), time.UnixMilli(l.Same[i].At).UTC()})
	}
	return t, nil
}

// tellAll puts lines, newest first, into days.
func (p *Pages) tellAll(v *visit, lines []disclosure.Line) ([]day, error) {
	var days []day
	for i := range lines {
		t, err := p.tell(v, &lines[i])
		if err != nil {
			return nil, err
		}
		date := locale.Date(v.Lang, t.At)
		if n := len(days); n == 0 || locale.Date(v.Lang, days[n-1].Date) != date {
			days = append(days, day{Date: t.At})
		}
		days[len(days)-1].Items = append(days[len(days)-1].Items, t)
	}
	return days, nil
}
