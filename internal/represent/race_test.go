package represent_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/represent"
)

// race is representatives who act while they are revoked.
type race struct {
	*world
	nodes   []*app.App
	started time.Time
	people  []*raced
	done    atomic.Int64 // acts
}

type raced struct {
	*represent.Representation
	consent ident.ID
	revoked atomic.Int64 // when the revocation was answered, from the start; 0 before
	late    atomic.Int64 // acts that were asked for after and went through
	acts    atomic.Int64
}

// When a revocation has answered, no act by the representation lands, on one
// node or on two: not a withdrawal, not a look.
func TestNoActAfterTheRevocation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		r := &race{world: w, nodes: []*app.App{w.App}, started: time.Now()}
		if w.Database != "" {
			r.nodes = append(r.nodes, apptest.Reopen(t, w.App)) // with caches of its own
		}
		for range 12 {
			w.cast++
			r.people = append(r.people, &raced{Representation: w.attorneyOf(mother), consent: w.agreed(w.org, elder).ID})
		}
		r.run()
		acts := int64(0)
		for _, p := range r.people {
			acts += p.acts.Load()
			if n := p.late.Load(); n > 0 {
				t.Errorf("%d acts after the revocation was answered", n)
			}
		}
		if acts < int64(len(r.people)) {
			t.Errorf("only %d acts: the race shows nothing", acts)
		}
		apptest.Clean(t, w.App)
		r.checkLog()
	})
}

func (r *race) run() {
	ctx, stop := context.WithCancel(r.t.Context())
	var callers sync.WaitGroup
	for i := range 8 {
		node := r.nodes[i%len(r.nodes)]
		org := apptest.Org(r.t, node, "")
		callers.Go(func() { r.act(ctx, node, org) })
	}
	for _, p := range r.people {
		until := r.done.Load() + 20
		for deadline := time.Now().Add(2 * time.Minute); r.done.Load() < until && time.Now().Before(deadline) && !r.t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		_, err := r.Represent.RevokeOwn(r.t.Context(), p.Subject, p.ID)
		for fault.Is(err, "contended") { // so many act that it loses again and again: it is asked for again
			_, err = r.Represent.RevokeOwn(r.t.Context(), p.Subject, p.ID)
		}
		p.revoked.Store(int64(time.Since(r.started)))
		if err != nil {
			r.t.Error(err)
		}
	}
	time.Sleep(20 * time.Millisecond) // nobody may any more
	stop()
	callers.Wait()
}

// act tries again and again: a look, a pause, the end of a pause.
func (r *race) act(ctx context.Context, node *app.App, org *party.Organization) {
	for n := 0; ctx.Err() == nil; n++ {
		p := r.people[rand.IntN(len(r.people))]
		by, asked := p.Actor(org), int64(time.Since(r.started))
		live := context.WithoutCancel(ctx)
		var err error
		switch n % 3 {
		case 0:
			_, err = node.Guard.OwnData(live, p.Subject, org.ID, by)
		case 1:
			_, err = node.Consents.Pause(live, p.consent, by)
		default:
			_, err = node.Consents.Resume(live, p.consent, by)
		}
		r.done.Add(1)
		switch {
		case err == nil:
			p.acts.Add(1)
			if at := p.revoked.Load(); at > 0 && asked > at {
				p.late.Add(1)
			}
		case !fault.Is(err, "representation-unknown") && !fault.Is(err, "consent-not-active") && !fault.Is(err, "contended"):
			r.t.Error(err)
			return
		}
	}
}

// checkLog finds, on SQLite, where leaves stand in the order of commits, no act
// of a representative behind the revocation.
func (r *race) checkLog() {
	if r.Database != "" {
		return
	}
	gone := map[ident.ID]bool{}
	err := r.Store.Scan(r.t.Context(), func(row *journal.Row) error {
		switch {
		case row.Action == "representation.revoke":
			gone[row.Subject] = true
		case gone[row.Subject]:
			r.t.Errorf("leaf %d, %s, stands behind the revocation", row.Leaf, row.Action)
		}
		return nil
	})
	r.must(err)
	if len(gone) != len(r.people) {
		r.t.Errorf("%d of %d revocations are in the log", len(gone), len(r.people))
	}
}
