package due

import (
	"context"
	"sync"
	"time"

	"kelisim/internal/calendar"
	"kelisim/internal/ident"
)

// cached is a count that was made a moment ago.
type cached struct {
	mu   sync.Mutex
	at   time.Time
	list []Count
}

// countedFor is how long a count is good for: whoever asks for metrics must not
// make the database count again and again.
const countedFor = 15 * time.Second

// Counts is how much of each kind is owed here by anybody, seconds ago at most. It
// says nothing of anybody.
func (d *Due) Counts(ctx context.Context) ([]Count, error) {
	d.counts.mu.Lock()
	defer d.counts.mu.Unlock()
	now := d.Now()
	if age := now.Sub(d.counts.at); !d.counts.at.IsZero() && age >= 0 && age < countedFor {
		return d.counts.list, nil
	}
	list, err := d.Store.CountOwed(ctx, ident.ID{}, now, calendar.DayOf(now).End())
	if err == nil {
		d.counts.list, d.counts.at = list, now
	}
	return list, err
}

// Owed is how much an organization owes of each kind now.
func (d *Due) Owed(ctx context.Context, org ident.ID) ([]Count, error) {
	now := d.Now()
	return d.Store.CountOwed(ctx, org, now, calendar.DayOf(now).End())
}
