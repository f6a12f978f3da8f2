// Package due is all that anybody here owes by a day, in the order of the time
// that is left: one list, one count, and one round of reminders over every kind of
// term. What has a term registers it in [term.Terms] with the act that begins it,
// and ends it with the act that was owed; nothing else reminds. A kind that is new
// needs no code here: its terms are listed, counted and reminded of like all.
//
// Word that an organization has yet to acknowledge carries its term in the outbox,
// where it lands with its entry; here it is one kind among the others.
//
// Each stage of a term is told of once: half of it, its last day, that it has run
// out (the officer), and that nobody has done it yet so many working days later
// (the head). What was told is noted in the write that puts the letters into the
// outbox. If power fails before it, nothing was told and all is told the next time;
// after it, nothing is told again, by no other node and after no restart. Without a
// mail server nothing is noted, and the list and the metric are all there is.
package due

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/term"
)

// Item is something owed, and how near its end is.
type Item struct {
	term.Term
	Stage term.Stage
	// Holder waits for it, where it is word to be acknowledged; zero for all else.
	Holder ident.ID
}

// Place is where a list goes on: after the one that is due then and has the id.
type Place struct {
	Org ident.ID // of a list over all organizations
	Due time.Time
	ID  ident.ID
}

// Mark is what was told of an item.
type Mark struct {
	Delivery    bool // it is one of the outbox
	Subject, ID ident.ID
	Was         term.Stage // as it was read: another who told meanwhile is seen by it
	Told        term.Stage
	Due         time.Time
}

// Count is how much of a kind is owed.
type Count struct {
	Kind                 string // of what it is about
	Open, Today, Overdue int64
}

// Store reads what is owed.
type Store interface {
	// RemindableTerms lists open terms of which something may have to be told now, by
	// organization and the time left; RemindableDeliveries the same of word that was
	// not acknowledged.
	RemindableTerms(ctx context.Context, now time.Time, after Place, max int) ([]term.Term, error)
	RemindableDeliveries(ctx context.Context, now time.Time, after Place, max int) ([]outbox.Delivery, error)
	// Tell notes what was told and adds the letters that tell it, in one write; stale
	// reports that another told something of it meanwhile, and nothing was written.
	Tell(ctx context.Context, marks []Mark, letters []*journal.Tell) (stale bool, err error)
	// OwedTerms and OwedDeliveries are what an organization owes and has not done,
	// what is due first coming first; before is the end of what is wanted, zero for
	// all.
	OwedTerms(ctx context.Context, org ident.ID, before time.Time, after Place, max int) ([]term.Term, error)
	OwedDeliveries(ctx context.Context, org ident.ID, before time.Time, after Place, max int) ([]outbox.Delivery, error)
	// CountOwed counts by kind: all, of organization org unless it is zero.
	CountOwed(ctx context.Context, org ident.ID, now, tonight time.Time) ([]Count, error)
}

// Due is the service.
type Due struct {
	Store   Store
	Terms   *term.Terms
	Outbox  *outbox.Outbox
	Parties *party.Parties
	Now     func() time.Time

	counts cached
}

// Acknowledge is the key of the term in which word is acknowledged. The Law sets
// none, so it is the installation's and of no edition.
const Acknowledge = "acknowledge"

// itemOf is word that has yet to be acknowledged, as something owed.
func itemOf(d *outbox.Delivery) Item {
	return Item{Holder: d.Holder, Term: term.Term{
		ID: d.ID, Subject: d.Subject, Org: d.Org, Status: term.Open, Key: Acknowledge,
		About: term.About{Kind: term.OfDelivery, ID: d.ID}, Start: d.At, Due: d.Term, Entry: d.Entry,
		Week: calendar.FiveDays, Told: term.Stage(min(d.Escalated, int(term.VeryLate))), ToldDue: d.Term, //nolint:gosec // no more than the last stage
	}}
}

// Filter selects what an organization owes.
type Filter struct {
	Overdue bool // only what has run out
	After   Place
	Limit   int
}

// List is what an organization owes, what is due first coming first. It reads
// nothing of anybody's data.
func (d *Due) List(ctx context.Context, org ident.ID, f Filter) ([]Item, error) {
	var before time.Time
	if f.Overdue {
		before = d.Now()
	}
	terms, err := d.Store.OwedTerms(ctx, org, before, f.After, f.Limit)
	if err != nil {
		return nil, err
	}
	words, err := d.Store.OwedDeliveries(ctx, org, before, f.After, f.Limit)
	if err != nil {
		return nil, err
	}
	c, err := d.Terms.Calendars.Current(ctx)
	if err != nil {
		return nil, err
	}
	list := d.items(terms, words)
	slices.SortFunc(list, func(a, b Item) int {
		return cmp.Or(a.Due.Compare(b.Due), slices.Compare(a.ID[:], b.ID[:]))
	})
	list = list[:min(len(list), f.Limit)]
	for i := range list {
		list[i].Stage = d.Terms.Stage(c, &list[i].Term)
	}
	return list, nil
}

func (d *Due) items(terms []term.Term, words []outbox.Delivery) []Item {
	list := make([]Item, 0, len(terms)+len(words))
	for i := range terms {
		list = append(list, Item{Term: terms[i]})
	}
	for i := range words {
		list = append(list, itemOf(&words[i]))
	}
	return list
}

// Close ends the examinations that are past their date: nobody has to do anything
// for that. It returns how many.
func (d *Due) Close(ctx context.Context) (done int, err error) {
	f := term.Filter{Status: term.Open, DueBefore: d.Now(), About: term.OfExamination, Limit: batch}
	for {
		list, err := d.Terms.List(ctx, f)
		if err != nil {
			return done, err
		}
		for i := range list {
			if _, err := d.Terms.Done(ctx, list[i].Org, list[i].ID, service); err != nil && !moved(err) {
				return done, err
			}
			done++
		}
		if len(list) < batch {
			return done, nil
		}
		f.After = list[len(list)-1].ID
	}
}

// String writes a place for an address.
func (p Place) String() string { return fmt.Sprintf("%d-%s", p.Due.UnixMilli(), p.ID) }

// ParsePlace reads what String wrote.
func ParsePlace(s string) (Place, error) {
	ms, rest, _ := strings.Cut(s, "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n < 0 {
		return Place{}, fault.Bad("after", "bad-id")
	}
	id, err := ident.ParseID(rest)
	if err != nil {
		return Place{}, fault.Bad("after", "bad-id")
	}
	return Place{Due: time.UnixMilli(n).UTC(), ID: id}, nil
}

// After is the place that a list goes on at after an item.
func (x *Item) After() Place { return Place{Due: x.Due, ID: x.ID} }
