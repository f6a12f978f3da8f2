package store

import (
	"context"
	"sync"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/journal"
)

// op is a write that waits for its commit.
type op struct {
	ctx  context.Context //nolint:containedctx // of the caller that waits
	fn   func(ctx context.Context, t tx) error
	recs []*journal.Record

	outs   []gate.Outcome
	landed journal.Landed
	err    error
	done   chan struct{} // closed once the rest is set
}

func newOp(ctx context.Context, recs ...*journal.Record) *op {
	return &op{ctx: ctx, recs: recs, outs: make([]gate.Outcome, len(recs)), done: make(chan struct{})}
}

// size is about how many rows the operation writes.
func (o *op) size() int { return max(len(o.recs), 1) }

// queue is how operations reach the goroutines that run them. After close none
// enters any more; those that did are run.
type queue struct {
	waiting chan *op

	mu     sync.RWMutex // held for reading by each that enters
	closed bool
}

func newQueue() *queue { return &queue{waiting: make(chan *op, 4*maxGroup)} }

var errClosed = fault.New(fault.Unavailable, "unavailable")

// put queues an operation, unless its caller gives up or the queue is closed.
func (q *queue) put(o *op) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return errClosed
	}
	select {
	case q.waiting <- o:
		return nil
	case <-o.ctx.Done():
		return o.ctx.Err()
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	close(q.waiting)
}
