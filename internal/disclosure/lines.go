package disclosure

import (
	"context"
	"slices"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/verify"
)

// Line is what a list shows as one: an act, or what machines did again and again
// in one day.
type Line struct {
	journal.Shown                 // the newest
	Same          []journal.Shown // the others, newest first
}

// Count is how many acts the line stands for.
func (l *Line) Count() int { return 1 + len(l.Same) }

// First and Last are when the acts of the line began and ended.
func (l *Line) First() time.Time {
	if n := len(l.Same); n > 0 {
		return at(&l.Same[n-1])
	}
	return l.Last()
}

// Last is when the newest happened.
func (l *Line) Last() time.Time { return at(&l.Shown) }

func at(s *journal.Shown) time.Time { return time.UnixMilli(s.At).UTC() }

// Whole is the newest entry with the data of all: what the line tells, it tells
// of every act in it.
func (l *Line) Whole() *verify.Entry {
	if len(l.Same) == 0 {
		return l.Entry
	}
	e := *l.Entry
	e.Categories = slices.Clone(e.Categories)
	for i := range l.Same {
		for _, c := range l.Same[i].Categories {
			if !slices.Contains(e.Categories, c) {
				e.Categories = append(e.Categories, c)
			}
		}
	}
	return &e
}

// sort is equal for acts that differ in nothing but the time and the data.
type sort struct {
	org                                                       ident.ID
	day                                                       string // in Almaty
	action, purpose, base, decision, recipient, country, role string
	ground, reasons, late, detail                             string
	fromConsent                                               bool
}

// sortOf returns the sort of an access by a machine or in bulk; false for what
// stands alone: events, and what a person did. Where the subject is only beside
// another, who acted does not show, so all of one sort are one.
func sortOf(s *journal.Shown) (sort, bool) {
	if s.Decision == "" || !s.Machine && s.Role != verify.RoleIncidental {
		return sort{}, false
	}
	k := sort{
		org: s.Org, day: locale.Date(locale.EN, at(s)), action: s.Action, purpose: s.Purpose, base: s.Base, decision: s.Decision,
		recipient: s.Recipient, country: s.Country, role: s.Role, fromConsent: !s.Consent.IsZero(), detail: s.Detail,
	}
	if s.Ground != nil {
		k.ground = s.Ground.Provision
	}
	for _, r := range s.Reasons {
		k.reasons += r.Code + " "
	}
	if s.Deferred != nil {
		k.late = s.Deferred.Until.String() + s.Deferred.Provision
	}
	return k, true
}

// Lines puts entries, newest first, into lines. A line stands where its newest
// entry does.
func Lines(list []journal.Shown) []Line {
	p := page{}
	for i := range list {
		p.add(&list[i], len(list))
	}
	return p.lines
}

// page is lines as they are gathered.
type page struct {
	lines []Line
	at    map[sort]int
	apart bool // each entry is a line
}

// add puts an entry into its line, and reports whether it found a place among
// at most so many.
func (p *page) add(s *journal.Shown, limit int) bool {
	k, groups := sortOf(s)
	groups = groups && !p.apart
	if i, ok := p.at[k]; groups && ok {
		p.lines[i].Same = append(p.lines[i].Same, *s)
		return true
	}
	if len(p.lines) == limit {
		return false
	}
	if groups {
		if p.at == nil {
			p.at = map[sort]int{}
		}
		p.at[k] = len(p.lines)
	}
	p.lines = append(p.lines, Line{Shown: *s})
	return true
}

// Lister lists entries, newest first; [journal.View] is one.
type Lister interface {
	List(ctx context.Context, f journal.Filter) ([]journal.Shown, error)
}

// A page is looked for in chunks, and over no more than this many entries at
// once: the next page goes on where this one stopped.
const (
	chunk    = 200
	maxChunk = 15
)

// Page returns a page of lines over the entries that are wanted, and where the
// next one begins: zero if this was the last. A line that reaches over the end of
// a page goes on as a line of the next, so that over all pages each entry stands
// once.
func Page(ctx context.Context, from Lister, f journal.Filter, limit int, want func(*journal.Shown) bool) ([]Line, ident.ID, error) {
	var p page
	next, err := p.fill(ctx, from, f, limit, want)
	return p.lines, next, err
}

// Each returns a page of the acts of one line, each as a line of its own: the
// newest, and those before it.
func Each(ctx context.Context, from Lister, f journal.Filter, limit int, newest *journal.Shown) ([]Line, ident.ID, error) {
	k, groups := sortOf(newest)
	if !groups {
		return []Line{{Shown: *newest}}, ident.ID{}, nil
	}
	p := page{apart: true}
	f.Org, f.Since = newest.Org, ident.FirstID(at(newest).Add(-24*time.Hour)) // a day goes no further back
	if f.Before.IsZero() {
		f.Before = ident.ID(newest.ID)
		p.add(newest, limit)
	}
	next, err := p.fill(ctx, from, f, limit, func(s *journal.Shown) bool {
		x, ok := sortOf(s)
		return ok && x == k
	})
	return p.lines, next, err
}

func (p *page) fill(ctx context.Context, from Lister, f journal.Filter, limit int, want func(*journal.Shown) bool) (ident.ID, error) {
	f.Limit = chunk
	for range maxChunk {
		some, err := from.List(ctx, f)
		if err != nil {
			return ident.ID{}, err
		}
		for i := range some {
			if want(&some[i]) && !p.add(&some[i], limit) {
				return f.Before, nil
			}
			f.Before = ident.ID(some[i].ID)
		}
		if len(some) < chunk {
			return ident.ID{}, nil
		}
	}
	return f.Before, nil
}
