package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"kelisim/internal/due"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/term"
)

// Due is what an organization owes, of every kind.
type Due interface {
	List(ctx context.Context, org ident.ID, f due.Filter) ([]due.Item, error)
	Owed(ctx context.Context, org ident.ID) ([]due.Count, error)
}

// dueToday is how much an organization owes, over all kinds.
type dueToday struct{ Open, Today, Late int64 }

// Any reports whether there is anything to say on the first page.
func (d dueToday) Any() bool { return d.Today+d.Late > 0 }

func (p *Pages) dueToday(v *visit) (d dueToday, err error) {
	list, err := p.Due.Owed(v.Context(), v.Desk.Org.ID)
	for _, c := range list {
		d.Open, d.Today, d.Late = d.Open+c.Open, d.Today+c.Today, d.Late+c.Overdue
	}
	return d, err
}

// duty is something owed as the desk reads it.
type duty struct {
	*due.Item
	What string // what to do, never what somebody demands
	Path string // of where it is done; empty where it is done by saying so here
	Done bool   // it can be said here that it was done
}

// State names how near the end is, for the text and the colour of it.
func (d *duty) State() string {
	if !d.Paused.IsZero() {
		return "paused"
	}
	return d.Stage.String()
}

// Overdue reports whether the term has run out.
func (d *duty) Overdue() bool { return d.Stage >= term.Late }

// duePage is all that an organization owes, what is due first first.
type duePage struct {
	dueToday
	Now   time.Time
	Only  bool // what has run out
	Items []duty
	Next  string // of the address, empty for none
}

func (p *Pages) consoleDue(w http.ResponseWriter, v *visit) error {
	b := duePage{Now: p.Now(), Only: v.URL.Query().Get("only") == "overdue"}
	f := due.Filter{Overdue: b.Only, Limit: maxShown + 1}
	var err error
	if s := v.URL.Query().Get("after"); s != "" {
		if f.After, err = due.ParsePlace(s); err != nil {
			return errAbsent
		}
	}
	if b.dueToday, err = p.dueToday(v); err != nil {
		return err
	}
	list, err := p.Due.List(v.Context(), v.Desk.Org.ID, f)
	if err != nil {
		return err
	}
	if len(list) > maxShown {
		list = list[:maxShown]
		b.Next = list[maxShown-1].After().String()
	}
	for i := range list {
		b.Items = append(b.Items, dutyOf(v, &list[i]))
	}
	return p.render(w, v, "console-due", "due", &b)
}

func dutyOf(v *visit, x *due.Item) duty {
	d := duty{Item: x, What: kindOwed(v.Lang, x.About.Kind)}
	officer := slices.Contains(officers, v.Desk.Role)
	switch {
	case x.About.Kind == term.OfOrder && !officer: // the page is not theirs
	case x.Path() != due.ListPath:
		d.Path = x.Path()
	case x.About.Kind == term.OfDelivery: // by the system that was told
	case !x.Entry.IsZero():
		d.Path = "/console/journal/" + x.Entry.String()
	}
	d.Done = officer && !x.EndsByAct()
	return d
}

// kindOwed names what is owed; a kind without a name of its own has the common one.
func kindOwed(lang locale.Lang, kind string) string {
	if key := "due.kind." + kind; locale.Has(key) {
		return locale.Text(lang, key)
	}
	return locale.Text(lang, "due.kind")
}

// doneDue says that what a term asks for was done.
func (p *Pages) doneDue(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	t, err := p.Terms.One(v.Context(), v.Desk.Org.ID, id)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return errAbsent
	}
	if err != nil {
		return err
	}
	if t.EndsByAct() {
		return fault.New(fault.Conflict, "term-ends-by-act")
	}
	if _, err := p.Terms.Done(v.Context(), v.Desk.Org.ID, id, v.Desk.actor()); err != nil {
		return err
	}
	return see(w, v, due.ListPath)
}
