package cli

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/fault"
)

// startJobs runs what happens by itself: sealing, retention, forgetting kept
// answers, sending what others are to be told. On PostgreSQL the node that holds the lease does it; on SQLite there
// is one node.
func startJobs(ctx context.Context, a *app.App, public string, wg *sync.WaitGroup) {
	if a.Database == "" {
		wg.Go(func() { a.Sealer.Run(ctx) })
		wg.Go(func() { a.Deliverer(public).Run(ctx) })
		wg.Go(func() { every(ctx, time.Minute, func() { tend(ctx, a) }) })
		return
	}
	wg.Go(func() { leased(ctx, a, public, wg) })
}

// leaseTerm is how long the work rests after the node that did it died.
const leaseTerm = 15 * time.Second

// leased works while this node holds the lease.
func leased(ctx context.Context, a *app.App, public string, wg *sync.WaitGroup) {
	var stop context.CancelFunc
	end := func() {
		if stop != nil {
			stop()
			stop = nil
		}
	}
	defer end()
	every(ctx, leaseTerm/3, func() {
		now := a.Now()
		held, err := a.Store.TakeLease(ctx, "work", a.Node, now, now.Add(leaseTerm))
		if err != nil || !held {
			end()
			return
		}
		if stop == nil {
			var work context.Context
			work, stop = context.WithCancel(ctx)
			wg.Go(func() { a.Sealer.Run(work) })
			wg.Go(func() { a.Deliverer(public).Run(work) })
			wg.Go(func() { every(work, time.Minute, func() { tend(work, a) }) })
		}
	})
}

// every calls fn now and then at each interval until ctx ends.
func every(ctx context.Context, d time.Duration, fn func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		fn()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// closeRequests writes down which questions nobody answered in time.
func closeRequests(ctx context.Context, a *app.App) {
	for ctx.Err() == nil {
		due, err := a.Store.DueRequests(ctx, a.Now(), 500)
		if err != nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "requests could not be looked at", slog.Any("error", err))
			return
		}
		for i := range due {
			if err := a.Consents.Unanswered(ctx, due[i].ID); err != nil && fault.KindOf(err) != fault.Conflict {
				a.Log.LogAttrs(ctx, slog.LevelError, "a request could not be closed", slog.Any("error", err))
				return
			}
		}
		if len(due) < 500 {
			return
		}
	}
}

// recount goes on with computing terms anew where a decree, or a release with a
// new base of the calendar, left them behind.
func recount(ctx context.Context, a *app.App) {
	r, err := a.Terms.Recompute(ctx, 0)
	if err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "terms could not be computed anew, will be tried again", slog.Any("error", err))
	}
	if r.Moved > 0 || r.Unknown > 0 {
		a.Log.LogAttrs(ctx, slog.LevelInfo, "open terms were computed anew", slog.Int("moved", r.Moved), slog.Int("unknown", r.Unknown))
	}
}

// keepLetters is how long it is known that a subject was written to.
const keepLetters = 30 * 24 * time.Hour

// keepAnswers is how long an answer is kept for a repeated call.
const keepAnswers = 24 * time.Hour

// tend lets retention work on what is due, writes down which representations
// ended, and forgets kept answers. What fails
// is due again the next time.
func tend(ctx context.Context, a *app.App) {
	for ctx.Err() == nil {
		due, err := a.Store.DueHoldings(ctx, a.Now(), 500)
		if err != nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "retention could not look", slog.Any("error", err))
			break
		}
		done := 0
		for i := range due {
			did, err := a.Guard.Expire(ctx, due[i].Subject, due[i].Org)
			if err != nil {
				a.Log.LogAttrs(ctx, slog.LevelError, "retention failed for a holding", slog.Any("error", err))
			}
			if did {
				done++
			}
		}
		if len(due) < 500 || done == 0 {
			break
		}
	}
	closeRequests(ctx, a)
	recount(ctx, a)
	endRepresentations(ctx, a)
	if err := a.Store.ForgetLetters(ctx, a.Now().Add(-keepLetters)); err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "letters could not be forgotten", slog.Any("error", err))
	}
	if err := a.Store.ForgetKept(ctx, a.Now().Add(-keepAnswers)); err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "kept answers could not be forgotten", slog.Any("error", err))
	}
}

// endRepresentations writes down those that ended by age or term; they were over
// by then already.
func endRepresentations(ctx context.Context, a *app.App) {
	due, err := a.Store.DueRepresentations(ctx, a.Now(), 500)
	if err != nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "representations could not be looked at", slog.Any("error", err))
		return
	}
	for i := range due {
		if err := a.Represent.Expire(ctx, &due[i]); err != nil && ctx.Err() == nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "the end of a representation could not be written down", slog.Any("error", err))
		}
	}
}
