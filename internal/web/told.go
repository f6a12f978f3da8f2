package web

import (
	"strings"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/verify"
)

// told is an entry in words, as a list shows it.
type told struct {
	notify.Message
	ID   ident.ID
	For  string
	At   time.Time
	Law  *law.Edition // that it was judged by
	Same []told       // other acts of the same day that differ in nothing but the time

	machine bool
	sort    string // equal for acts that a list may show as one
}

// day is the entries of one day, newest first.
type day struct {
	Date  time.Time
	Items []told
}

func (p *Pages) tell(v *visit, e *verify.Entry) (told, error) {
	o, err := p.Parties.Organization(v.Context(), e.Organization)
	if err != nil {
		return told{}, err
	}
	reg, err := p.registerOf(v.Context(), o, e.Register)
	if err != nil {
		return told{}, err
	}
	m, at := notify.Words(v.Lang, e, reg), time.UnixMilli(e.At).UTC()
	edition, ok := law.ByID(e.Edition)
	if !ok { // of a program that knew more editions than this one
		edition = o.Edition(at)
	}
	return told{
		Message: m, ID: ident.ID(e.ID), For: v.For(), At: at, Law: edition,
		machine: e.Actor.Kind == "system" || e.Actor.Kind == "bulk",
		sort:    strings.Join([]string{e.Organization, e.Action, e.Purpose, m.Text}, "\n"),
	}, nil
}

// tellAll puts entries, newest first, into days. What machines did again and
// again in one day becomes one line with the others folded into it; what a
// person did always stands alone.
func (p *Pages) tellAll(v *visit, entries []*journal.Opened) ([]day, error) {
	var days []day
	for _, e := range entries {
		t, err := p.tell(v, e.Entry)
		if err != nil {
			return nil, err
		}
		date := locale.Date(v.Lang, t.At)
		if n := len(days); n == 0 || locale.Date(v.Lang, days[n-1].Date) != date {
			days = append(days, day{Date: t.At})
		}
		days[len(days)-1].add(t)
	}
	return days, nil
}

func (d *day) add(t told) {
	for i := range d.Items {
		if first := &d.Items[i]; t.machine && first.machine && first.sort == t.sort {
			first.Same = append(first.Same, t)
			return
		}
	}
	d.Items = append(d.Items, t)
}

// Count is how many acts a line stands for.
func (t told) Count() int { return 1 + len(t.Same) }

// All lists them, newest first.
func (t told) All() []told { return append([]told{t}, t.Same...) }
