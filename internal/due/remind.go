package due

import (
	"context"
	"errors"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
	"kelisim/internal/term"
	"kelisim/verify"
)

// service is who ends terms that are over by themselves.
var service = verify.Actor{Kind: "service", ID: "terms"}

// batch is how many terms one step takes.
const batch = 500

// maxTries is how often a page is read anew at once, because something on it moved
// just then. After that it is told of the next time.
const maxTries = 3

// apart is how many of one kind and stage are told of in letters of their own;
// more of them at once are one letter that says how many, and where they are.
const apart = 5

// Remind lets letters be sent of all that comes near its end or has passed it, of
// every organization. What fails for one is done for the others even so, and is
// tried again the next time.
func (d *Due) Remind(ctx context.Context) error {
	if d.Outbox == nil || !d.Outbox.Mail {
		return nil // the console shows it
	}
	var errs []error
	errs = append(errs, d.pages(ctx, func(after Place) ([]Item, error) {
		list, err := d.Store.RemindableTerms(ctx, d.Now(), after, batch)
		return d.items(list, nil), err
	}))
	errs = append(errs, d.pages(ctx, func(after Place) ([]Item, error) {
		list, err := d.Store.RemindableDeliveries(ctx, d.Now(), after, batch)
		return d.items(nil, list), err
	}))
	return errors.Join(errs...)
}

// pages tells of one page after another, each organization's part by itself.
func (d *Due) pages(ctx context.Context, read func(after Place) ([]Item, error)) error {
	var after Place
	var errs []error
	tries := 0
	for ctx.Err() == nil {
		list, err := read(after)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		overtaken := false
		for from := 0; from < len(list); {
			to := from
			for to < len(list) && list[to].Org == list[from].Org {
				to++
			}
			stale, err := d.remind(ctx, list[from:to])
			if err != nil {
				errs = append(errs, err)
			}
			overtaken = overtaken || stale
			from = to
		}
		if tries++; overtaken && tries < maxTries {
			continue // the page is read anew
		}
		tries = 0
		if len(list) < batch {
			break
		}
		last := &list[len(list)-1]
		after = Place{last.Org, last.Due, last.ID}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// news is what is said in one letter, or in one each: so many of a kind are at a
// stage.
type news struct {
	to    ident.ID // the organization that is written to
	kind  string
	stage term.Stage
}

// remind tells one organization of what is new. stale reports that something of
// it moved just now, or that another node was faster, and nothing was told.
func (d *Due) remind(ctx context.Context, list []Item) (stale bool, err error) {
	said, order, err := d.untold(ctx, list)
	if err != nil || len(order) == 0 {
		return false, err
	}
	var letters []*journal.Tell
	told := map[*Item]bool{}
	for _, n := range order {
		add, err := d.letters(ctx, n, said[n])
		if err != nil {
			return false, err
		}
		for _, x := range said[n] {
			told[x] = told[x] || len(add) > 0
		}
		letters = append(letters, add...)
	}
	var marks []Mark
	for i := range list {
		if x := &list[i]; told[x] { // who has no address is told nothing, and finds it on the list
			marks = append(marks, Mark{!x.Holder.IsZero(), x.Subject, x.ID, x.Told, x.Stage, x.Due})
		}
	}
	if len(marks) == 0 {
		return false, nil
	}
	return d.Store.Tell(ctx, marks, letters)
}

// untold sorts what was not said yet by whom it is said to, in the order of the
// time that is left.
func (d *Due) untold(ctx context.Context, list []Item) (said map[news][]*Item, order []news, err error) {
	c, err := d.Terms.Calendars.Current(ctx)
	if err != nil {
		return nil, nil, err
	}
	said = map[news][]*Item{}
	for i := range list {
		x := &list[i]
		x.Stage = d.Terms.Stage(c, &x.Term)
		for _, stage := range x.Untold(x.Stage) {
			for _, to := range x.readers(stage) {
				n := news{to, x.About.Kind, stage}
				if said[n] == nil {
					order = append(order, n)
				}
				said[n] = append(said[n], x)
			}
		}
	}
	return said, order, nil
}

// readers are who owes it, and, once it is late, who waits for it.
func (x *Item) readers(at term.Stage) []ident.ID {
	if at < term.Late || x.Holder.IsZero() || x.Holder == x.Org {
		return []ident.ID{x.Org}
	}
	return []ident.ID{x.Holder, x.Org}
}

// letters are those of one piece of news; none to who has no address.
func (d *Due) letters(ctx context.Context, n news, list []*Item) ([]*journal.Tell, error) {
	to, err := d.Parties.ByID(ctx, n.to)
	if err != nil {
		return nil, err
	}
	debtor := to
	if list[0].Org != n.to {
		if debtor, err = d.Parties.ByID(ctx, list[0].Org); err != nil {
			return nil, err
		}
	}
	var out []*journal.Tell
	add := func(r *outbox.Reminder) error {
		r.Debtor, r.Kind, r.Stage, r.Head = debtor.BIN, n.kind, n.stage.String(), n.stage == term.VeryLate
		t, err := d.Outbox.Reminder(to, r)
		if t != nil {
			out = append(out, t)
		}
		return err
	}
	if len(list) > apart {
		return out, add(&outbox.Reminder{Count: len(list), Path: ListPath})
	}
	for _, x := range list {
		if err := add(&outbox.Reminder{About: x.About.ID, Due: x.Due, Path: x.Path()}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ListPath is the page of all that is due.
const ListPath = "/console/due"

// Path is the page where it is done: its own, or that of all that is due.
func (x *Item) Path() string {
	switch x.About.Kind {
	case term.OfRequest:
		return "/console/requests/" + x.About.ID.String()
	case term.OfOrder:
		return "/console/orders/" + x.About.ID.String()
	case term.OfPublication:
		return "/console/publications/" + x.About.ID.String()
	default:
		return ListPath
	}
}

// moved reports whether something was done by another just now.
func moved(err error) bool { return fault.KindOf(err) == fault.Conflict }
