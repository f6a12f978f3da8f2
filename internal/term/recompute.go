package term

import (
	"context"

	"kelisim/internal/calendar"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Result is what computing anew came to.
type Result struct {
	Seen    int  // terms that an older calendar had computed
	Moved   int  // of them those that end on another day now
	Unknown int  // and those whose edition has no such term any more: they stay
	Left    bool // there may be more
}

// Batch is how many terms one step takes, and so how many entries one write
// lands with.
const Batch = 100

// by is who computes anew.
var by = verify.Actor{Kind: "service", ID: "calendar"}

// Recompute brings open terms to the calendar in force, steps batches at most,
// 0 for all. A term knows what it was computed by, so after a crash it goes on
// where it stopped, and a second run finds nothing to do.
func (s *Terms) Recompute(ctx context.Context, steps int) (Result, error) {
	var all Result
	for n := 0; steps == 0 || n < steps; n++ {
		r, err := s.Step(ctx, Batch)
		all.Seen, all.Moved, all.Unknown, all.Left = all.Seen+r.Seen, all.Moved+r.Moved, all.Unknown+r.Unknown, r.Left
		if err != nil || !r.Left {
			return all, err
		}
	}
	return all, nil
}

// Step does one batch, in one write.
func (s *Terms) Step(ctx context.Context, max int) (r Result, err error) {
	c, err := s.Calendars.Current(ctx)
	if err != nil {
		return r, err
	}
	list, err := s.Store.OutdatedTerms(ctx, c.Version, max)
	if err != nil || len(list) == 0 {
		return r, err
	}
	digest, err := s.digest(ctx, c.Version)
	if err != nil {
		return r, err
	}
	counts := make([]Count, len(list))
	keys := map[ident.ID]seal.Key{}
	for i := range list {
		rule, ok := s.Rule(list[i].Edition, list[i].Key)
		if !ok {
			r.Unknown++
		}
		if counts[i], err = s.recount(ctx, &list[i], c, rule, ok, digest, keys); err != nil {
			return r, err
		}
	}
	r.Seen, r.Left = len(list), true
	r.Moved, err = s.Store.LandCounts(ctx, counts)
	return r, err
}

// digest is that of the newest decree of a calendar, nil where the base alone
// has changed.
func (s *Terms) digest(ctx context.Context, v calendar.Version) ([]byte, error) {
	list, err := s.Calendars.Decrees(ctx)
	if n := int(v.Decree()); err == nil && n > 0 && n <= len(list) {
		return list[n-1].Digest[:], nil
	}
	return nil, err
}

// recount computes one term. keys are the opened journal keys of the batch.
func (s *Terms) recount(ctx context.Context, t *Term, c *calendar.Calendar, rule law.Term, known bool, digest []byte, keys map[ident.ID]seal.Key) (Count, error) {
	now := s.Now()
	same := *t
	same.CalendarVersion = c.Version
	if !known || t.count(c, rule).UnixMilli() == t.Due.UnixMilli() {
		return Count{Term: &same}, nil
	}
	n := t.next(Change{At: now, What: Recomputed, Reason: "calendar"})
	n.recount(c, rule)
	org, err := s.Parties.ByID(ctx, t.Org)
	if err != nil {
		return Count{}, err
	}
	key, ok := keys[t.Subject]
	if !ok {
		if key, err = s.Parties.JournalKey(ctx, t.Subject); err != nil {
			return Count{}, err
		}
		keys[t.Subject] = key
	}
	rec, err := s.prepare(n, org, &key, by, "term.recompute", told{was: t.Due, due: n.Due, calendar: c.Version, digest: digest})
	if err != nil {
		return Count{}, err
	}
	n.History[len(n.History)-1].Entry = rec.ID
	return Count{n, rec}, nil
}
