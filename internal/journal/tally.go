package journal

import (
	"context"
	"sync"
	"time"

	"kelisim/internal/ident"
)

// Tally is what was decided for an organization on one day.
type Tally struct {
	// From is where counting began: the day, or later where there was more than
	// is worth reading for a figure.
	From             time.Time
	Permits, Denials int
	Hours            [24]Hour  // since the day began
	Denied           []*Opened // the newest refusals, newest first
}

// Hour is what was decided within an hour.
type Hour struct{ Permits, Denials int }

// Counter tallies the day of organizations for those who look at it again and
// again. Decisions are sealed, so counting is reading; what was read once is
// remembered, and a look reads what came since. It knows nothing that the
// journal does not: a restart counts anew. The zero Counter is ready.
type Counter struct {
	mu   sync.Mutex
	kept map[ident.ID]*counted
}

// counted is what is remembered of an organization's day: all entries before
// until, which no late commit can add to any more.
type counted struct {
	sync.Mutex
	day   time.Time
	until ident.ID
	tally Tally
}

const (
	// deniedKept is how many refusals a tally names.
	deniedKept = 10
	// A look reads no more than maxCount entries, countChunk at a time.
	maxCount   = 10_000
	countChunk = 500
	// settled is how old an entry is before all of its time have landed: longer
	// than any write takes.
	settled = 2 * time.Minute
)

// Count tallies the decisions of an organization since day began.
func (c *Counter) Count(ctx context.Context, r *Reader, org ident.ID, day, now time.Time) (*Tally, error) {
	k := c.of(org)
	k.Lock()
	defer k.Unlock()
	if !k.day.Equal(day) {
		k.day, k.until, k.tally = day, ident.FirstID(day), Tally{From: day}
	}
	line := now.Add(-settled)
	var old, young Tally
	oldest, whole, err := r.each(ctx, Filter{Org: org, Since: k.until}, func(e *Opened) {
		if at := ident.ID(e.ID).Time(); at.Before(line) {
			old.add(e, at.Sub(day))
		} else {
			young.add(e, at.Sub(day))
		}
	})
	if err != nil {
		return nil, err
	}
	if !whole { // what lies between this and what was counted before is not read
		k.tally, k.until = Tally{From: oldest}, ident.FirstID(oldest)
	}
	k.tally = old.and(&k.tally)
	if line.After(k.until.Time()) {
		k.until = ident.FirstID(line)
	}
	all := young.and(&k.tally)
	return &all, nil
}

func (c *Counter) of(org ident.ID) *counted {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[ident.ID]*counted{}
	}
	if c.kept[org] == nil {
		c.kept[org] = &counted{}
	}
	return c.kept[org]
}

// each calls fn for the entries of a filter, newest first, maxCount at most. It
// returns the moment of the last and whether it came to the end.
func (r *Reader) each(ctx context.Context, f Filter, fn func(*Opened)) (oldest time.Time, whole bool, err error) {
	f.Limit = countChunk
	for range maxCount / countChunk {
		_, list, err := r.List(ctx, f)
		if err != nil {
			return oldest, false, err
		}
		for _, e := range list {
			fn(e)
		}
		if len(list) < countChunk {
			return oldest, true, nil
		}
		f.Before = ident.ID(list[len(list)-1].ID)
		oldest = f.Before.Time()
	}
	return oldest, false, nil
}

// add counts a decision; events are none.
func (t *Tally) add(e *Opened, after time.Duration) {
	var h Hour
	switch e.Decision {
	case "permit":
		h.Permits = 1
	case "deny":
		h.Denials = 1
		if len(t.Denied) < deniedKept {
			t.Denied = append(t.Denied, e)
		}
	default:
		return
	}
	t.Permits += h.Permits
	t.Denials += h.Denials
	if i := int(after / time.Hour); i >= 0 && i < len(t.Hours) {
		t.Hours[i].Permits += h.Permits
		t.Hours[i].Denials += h.Denials
	}
}

// and is the sum with what was before.
func (t *Tally) and(before *Tally) Tally {
	sum := *before
	sum.Permits += t.Permits
	sum.Denials += t.Denials
	for i, h := range t.Hours {
		sum.Hours[i].Permits += h.Permits
		sum.Hours[i].Denials += h.Denials
	}
	sum.Denied = append(append([]*Opened{}, t.Denied...), before.Denied...)
	sum.Denied = sum.Denied[:min(len(sum.Denied), deniedKept)]
	return sum
}
