package gate_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// race is a crowd of callers that decide while consents are withdrawn.
type race struct {
	nodes    []*app.App // of one installation
	subjects []*raced
	started  time.Time
	now      atomic.Int32 // the subject whose consent goes next

	mu       sync.Mutex
	answered map[ident.ID]bool // every entry that was answered
}

type raced struct {
	id, inside ident.ID
	consent    ident.ID
	withdrawn  atomic.Int64 // when the withdrawal was answered, from the start; 0 before

	mu      sync.Mutex
	permits []permit
}

type permit struct {
	entry ident.ID
	asked int64 // when it was asked for, from the start
}

// No decision that was asked for after the withdrawal was answered permits on
// the consent withdrawn, on one node or on two, and no answer lacks its entry.
//
// duty: L24.1.5
func TestNoPermitAfterTheWithdrawal(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		r := newRace(t, a)
		if a.Database != "" {
			r.nodes = append(r.nodes, apptest.Reopen(t, a)) // with a cache of its own
		}
		r.run(t)
		permits := 0
		for _, s := range r.subjects {
			for _, p := range s.permits {
				if p.asked > s.withdrawn.Load() {
					t.Errorf("permitted %s after the withdrawal was answered", time.Duration(p.asked-s.withdrawn.Load()))
				}
			}
			permits += len(s.permits)
		}
		t.Logf("%d decisions, %d permits, %d withdrawals", r.answers()-len(r.subjects), permits, len(r.subjects))
		if permits < len(r.subjects) {
			t.Error("hardly anything was permitted: the race shows nothing")
		}
		apptest.Clean(t, a)
		r.checkLog(t, a)
	})
}

func newRace(t *testing.T, a *app.App) *race {
	n := 60
	if testing.Short() {
		n = 20
	}
	r := &race{nodes: []*app.App{a}, answered: map[ident.ID]bool{}, started: time.Now()}
	org := apptest.Org(t, a, "")
	for i := range n {
		id := apptest.Subject(t, a, org, i)
		r.subjects = append(r.subjects, &raced{id: id, inside: org.Inside(id), consent: apptest.Consent(t, a, org, id, "news").ID})
	}
	return r
}

func (r *race) run(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	sealing := make(chan struct{})
	go func() {
		defer close(sealing)
		r.nodes[0].Sealer.Run(ctx)
	}()
	var callers sync.WaitGroup
	for i := range 16 {
		node := r.nodes[i%len(r.nodes)]
		org := apptest.Org(t, node, "")
		callers.Go(func() { r.decide(ctx, t, node, org) })
	}
	for i, s := range r.subjects {
		r.now.Store(int32(i))
		for n := r.answers() + 50; r.answers() < n && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		c, err := r.nodes[0].Consents.Withdraw(t.Context(), s.consent, consent.AllScopes, "", apptest.Person)
		s.withdrawn.Store(int64(time.Since(r.started)))
		if err != nil {
			t.Error(err)
			continue
		}
		r.answer(c.History[len(c.History)-1].Entry)
	}
	time.Sleep(50 * time.Millisecond) // nobody has a consent any more
	stop()
	callers.Wait()
	<-sealing
}

// decide asks again and again, mostly about whoever withdraws just now.
func (r *race) decide(ctx context.Context, t *testing.T, node *app.App, org *party.Organization) {
	for ctx.Err() == nil {
		s := r.subjects[rand.IntN(len(r.subjects))]
		if rand.IntN(4) > 0 {
			s = r.subjects[r.now.Load()]
		}
		asked := int64(time.Since(r.started))
		ans, err := node.Guard.Decide(context.WithoutCancel(ctx), &gate.Ask{
			Request: gate.Request{Action: register.Use, Purpose: "news", Categories: []string{"email"}},
			Holder:  org, Asker: org, Subject: s.id, Actor: apptest.System,
		})
		if err != nil {
			t.Error(err)
			return
		}
		r.answer(ans.ID)
		if ans.Permit {
			s.mu.Lock()
			s.permits = append(s.permits, permit{ans.ID, asked})
			s.mu.Unlock()
		}
	}
}

func (r *race) answer(entry ident.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered[entry] = true
}

func (r *race) answers() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.answered)
}

// checkLog finds every answer in the log, and on SQLite, where leaves stand in
// the order of commits, no permit behind the withdrawal.
func (r *race) checkLog(t *testing.T, a *app.App) {
	bySubject := map[ident.ID]*raced{}
	for _, s := range r.subjects {
		bySubject[s.inside] = s
	}
	permitted := map[ident.ID]bool{}
	for _, s := range r.subjects {
		for _, p := range s.permits {
			permitted[p.entry] = true
		}
	}
	gone := map[ident.ID]bool{}
	if err := a.Store.Scan(t.Context(), func(row *journal.Row) error {
		delete(r.answered, row.ID)
		switch {
		case row.Action == "consent.withdraw":
			gone[row.Subject] = true
		case a.Database == "" && gone[row.Subject] && permitted[row.ID]:
			t.Errorf("leaf %d permits after the withdrawal's leaf", row.Leaf)
		case row.Leaf < 0:
			t.Errorf("entry %s was not sealed", row.ID)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(r.answered) > 0 {
		t.Errorf("%d answers are not in the log", len(r.answered))
	}
}
