package cli

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
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
		wg.Go(func() { every(ctx, askEvery, func() { askService(ctx, a) }) })
		wg.Go(func() { every(ctx, remindEvery, func() { remind(ctx, a) }) })
		return
	}
	wg.Go(func() { leased(ctx, a, public, wg) })
}

// askEvery is how often questions to the state service are looked at, apart from the
// rest: that service may be slow.
const askEvery = 15 * time.Second

// remindEvery is how often it is looked whose term comes near its end: terms are
// days, and all that is open is read.
const remindEvery = 15 * time.Minute

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
			wg.Go(func() { every(work, askEvery, func() { askService(work, a) }) })
			wg.Go(func() { every(work, remindEvery, func() { remind(work, a) }) })
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

// What is due by the many, as consents that all end on one day, is worked on by
// a few at a time: their writes go into the groups that decisions are committed
// in, and leave room there.
const (
	dueBatch   = 500
	dueWorkers = 4
)

// few runs do for each of n, a few at a time, until ctx ends.
func few(ctx context.Context, n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(dueWorkers, n) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// expire lets retention work on what is due: consents past their term are
// written down as expired, data past its own is destroyed. What fails is due
// again the next time.
func expire(ctx context.Context, a *app.App) {
	for ctx.Err() == nil {
		due, err := a.Store.DueHoldings(ctx, a.Now(), dueBatch)
		if err != nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "retention could not look", slog.Any("error", err))
			return
		}
		var done atomic.Int64
		few(ctx, len(due), func(i int) {
			did, err := a.Guard.Expire(ctx, due[i].Subject, due[i].Org)
			if err != nil {
				a.Log.LogAttrs(ctx, slog.LevelError, "retention failed for a holding", slog.Any("error", err))
			}
			if did {
				done.Add(1)
			}
		})
		if len(due) < dueBatch || done.Load() == 0 {
			return
		}
	}
}

// closeRequests writes down which questions nobody answered in time.
func closeRequests(ctx context.Context, a *app.App) {
	for ctx.Err() == nil {
		due, err := a.Store.DueRequests(ctx, a.Now(), dueBatch)
		if err != nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "requests could not be looked at", slog.Any("error", err))
			return
		}
		var failed atomic.Bool
		few(ctx, len(due), func(i int) {
			if err := a.Consents.Unanswered(ctx, due[i].ID); err != nil && fault.KindOf(err) != fault.Conflict {
				failed.Store(true)
				a.Log.LogAttrs(ctx, slog.LevelError, "a request could not be closed", slog.Any("error", err))
			}
		})
		if len(due) < dueBatch || failed.Load() {
			return
		}
	}
}

// askAgain puts new questions to those whose consents a description has
// outgrown, batch by batch, and goes on where it was cut short.
func askAgain(ctx context.Context, a *app.App) {
	fail := func(err error) {
		if ctx.Err() == nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "subjects could not be asked again, will be tried again", slog.Any("error", err))
		}
	}
	if !a.AskByHand {
		orgs, err := a.Store.Orgs(ctx)
		if err != nil {
			fail(err)
			return
		}
		for i := range orgs {
			o, err := a.Parties.ByID(ctx, orgs[i].ID)
			if err == nil {
				err = a.Consents.AskByItself(ctx, o)
			}
			if err != nil {
				fail(err)
			}
		}
	}
	runs, err := a.Store.OpenAskRuns(ctx)
	if err != nil {
		fail(err)
		return
	}
	for i := range runs {
		for r := &runs[i]; r.Ended.IsZero() && ctx.Err() == nil; {
			if err := a.Consents.StepAsking(ctx, r); err != nil {
				fail(err)
				break
			}
			if !r.Ended.IsZero() && r.Asked+r.Skipped > 0 {
				a.Log.LogAttrs(ctx, slog.LevelInfo, "subjects were asked again", slog.Int("asked", r.Asked), slog.Int("skipped", r.Skipped))
			}
		}
	}
}

// resumeRequests goes on with demands that were begun and left, by a crash or a
// database that was away.
func resumeRequests(ctx context.Context, a *app.App) {
	left, err := a.Store.Unfinished(ctx, a.Now(), 500)
	if err != nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "requests of subjects could not be looked at", slog.Any("error", err))
		return
	}
	for i := range left {
		if _, err := a.Requests.Resume(ctx, left[i].ID); err != nil && fault.KindOf(err) != fault.Conflict && ctx.Err() == nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "a request of a subject could not be gone on with", slog.Any("error", err))
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

// tend lets retention work on what is due, writes down which questions and
// representations ended, asks again, and forgets kept answers. What fails is due
// again the next time.
func tend(ctx context.Context, a *app.App) {
	if err := a.CatchUp(ctx); err != nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "destructions could not be noted beside the database, will be tried again", slog.Any("error", err))
	}
	expire(ctx, a)
	closeRequests(ctx, a)
	askAgain(ctx, a)
	resumeRequests(ctx, a)
	recount(ctx, a)
	endRepresentations(ctx, a)
	if _, err := a.Orders.Enforce(ctx, 500); err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "an order could not be carried out", slog.Any("error", err))
	}
	if err := a.Orders.Resume(ctx, 500); err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "an order to unpublish could not be begun, will be tried again", slog.Any("error", err))
	}
	if _, err := a.Publications.SettleAll(ctx, 500); err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "what is public without consent could not be looked at, will be tried again", slog.Any("error", err))
	}
	if err := a.Store.ForgetForms(ctx, a.Now()); err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "forms that nobody confirmed could not be forgotten", slog.Any("error", err))
	}
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
