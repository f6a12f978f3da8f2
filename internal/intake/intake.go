// Package intake brings in people whose data an organization collected before
// it came here (Art. 31(3)): from a CSV or an XLSX and a map that says what its
// columns mean. Each row is checked, decided on as a collection like any other,
// and lands whole: the person, the sealed values and a journal entry that names
// where the data came from and on which ground it is kept. Rows that do not pass
// go to a file with the reason for each.
//
// It never changes what the organization already holds: whoever it knows is
// passed over, so that running the same file again adds nothing, and so is
// whoever's data it had destroyed. Rows land in whole batches; cut short at any
// moment, another run goes on where the first stopped.
package intake

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Store is what bringing people in needs of the store.
type Store interface {
	// JoinAll lands many people in one write, all or nothing; durable on return.
	// admit gives what lands with a person who is new to the organization or
	// whose data it had destroyed, no holding to leave that one out. It may be
	// called more than once. A conflict of identifiers stands in refused. A
	// fault.Conflict "register-changed" means that a record's guard no longer
	// held and nothing was written.
	JoinAll(ctx context.Context, regs []*party.Registration,
		admit func(i int, j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error),
	) (joined []party.Joined, refused []error, err error)
}

// Options say what to bring in and how.
type Options struct {
	Store   Store
	Parties *party.Parties
	// Consents writes down those that were given before; nil where the map has
	// none.
	Consents Consents
	Org      *party.Organization
	Purpose  string // of the organization's register, that all of it is kept for
	Map      *Map
	File     io.ReadSeeker // an XLSX also needs io.ReaderAt; *os.File has both
	By       verify.Actor
	// Bad gets the rows that did not pass, as CSV in UTF-8: their own cells, the
	// row's number and the reason. It holds personal data. Nil for nowhere.
	Bad      io.Writer
	Language locale.Lang // of the reasons
	// Progress is called after each batch with the rows done and about how many
	// there are, 0 where that is unknown. Nil for nobody.
	Progress func(done, total int64)
	// Workers seal rows at one time; 0 for two.
	Workers int
}

// Result counts the rows. Every row is one of the last five.
type Result struct {
	Rows      int64
	Added     int64
	Known     int64 // the organization knows the person already
	Repeated  int64 // the person stands in a row before
	Destroyed int64 // the organization had destroyed the person's data: it is not brought back
	Bad       int64

	Consents int64 // given before, and written down
}

// batchSize is how many rows land in one write.
const batchSize = 500

// Run brings a file in. An error ends it; what landed before stays, and the
// result tells of it.
func Run(ctx context.Context, o *Options) (Result, error) {
	rows, err := open(o.File, o.Map)
	if err != nil {
		return Result{}, err
	}
	r := &run{Options: o, table: rows, seen: map[ident.ID]bool{}}
	if err = r.start(); err == nil {
		err = r.all(ctx)
	}
	return r.result, errors.Join(err, rows.close())
}

// run is one run.
type run struct {
	*Options
	table  table
	plan   atomic.Pointer[plan] // that rows are decided by
	bad    badRows
	seen   map[ident.ID]bool // who stood in a row before
	result Result
}

// start reads the first row and asks whether such data may come in at all, so
// that what is wrong with every row is said once.
func (r *run) start() error {
	first, err := r.table.next()
	switch {
	case errors.Is(err, io.EOF):
		return fault.New(fault.Invalid, "file-empty")
	case err != nil:
		return err
	case first.fault != nil:
		return &fault.Error{Kind: fault.Invalid, Code: first.fault.Code, Line: first.number}
	}
	place, err := places(first.cells, r.Map, r.Parties.Rules)
	if err != nil {
		return err
	}
	r.bad = badRows{to: r.Bad, lang: r.Language, header: first.cells, comma: ';'}
	if t, ok := r.table.(*csvTable); ok {
		r.bad.comma = t.csv.Comma
	}
	p := &plan{Options: r.Options, place: place, width: len(first.cells)}
	if p, err = p.under(r.Org); err == nil {
		r.plan.Store(p)
	}
	return err
}

// batch is rows on their way; ready is closed when each is a person or has a
// fault.
type batch struct {
	rows   []row
	people []*person // nil where the row has a fault
	err    error     // that comes after these rows
	ready  chan struct{}
}

// all reads, prepares and lands at the same time: one goroutine reads, some
// prepare, and batches land in the order in which they were read.
func (r *run) all(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	work, order := make(chan *batch), make(chan *batch, 4)
	group.Go(func() error {
		defer close(work)
		defer close(order)
		return r.read(ctx, work, order)
	})
	for range max(r.Workers, 2) {
		group.Go(func() error {
			for b := range work {
				r.plan.Load().prepare(b)
				close(b.ready)
			}
			return nil
		})
	}
	group.Go(func() error {
		for b := range order {
			select {
			case <-b.ready:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := r.land(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

func (r *run) read(ctx context.Context, work, order chan<- *batch) error {
	for {
		b := &batch{ready: make(chan struct{})}
		for len(b.rows) < batchSize && b.err == nil {
			var next row
			if next, b.err = r.table.next(); b.err == nil {
				b.rows = append(b.rows, next)
			}
		}
		for _, to := range []chan<- *batch{order, work} {
			select {
			case to <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if b.err != nil {
			return nil // told in its turn
		}
	}
}

// maxTries bounds how often a batch is prepared anew because the register
// changed under it.
const maxTries = 8

// land brings a batch in and counts what became of its rows.
func (r *run) land(ctx context.Context, b *batch) error {
	for try := 1; ; try++ {
		err := r.join(ctx, b)
		if err == nil {
			break
		}
		if !fault.Is(err, "register-changed") || try == maxTries {
			return err
		}
		org, err := r.Parties.Reload(ctx, r.Org.ID)
		if err != nil {
			return err
		}
		p, err := r.plan.Load().under(org)
		if err != nil {
			return err
		}
		r.plan.Store(p)
		p.prepare(b)
	}
	r.result.Rows += int64(len(b.rows))
	if r.Progress != nil {
		r.Progress(r.result.Rows, max(r.table.rows()-1, 0))
	}
	if err := r.bad.write(b.rows); err != nil {
		return err
	}
	if errors.Is(b.err, io.EOF) {
		return nil
	}
	return b.err
}

// join lands the people of a batch in one write.
func (r *run) join(ctx context.Context, b *batch) error {
	regs, rows := make([]*party.Registration, 0, len(b.rows)), make([]*row, 0, len(b.rows))
	people := make([]*person, 0, len(b.rows))
	for i, p := range b.people {
		if p != nil {
			regs, rows, people = append(regs, p.reg), append(rows, &b.rows[i]), append(people, p)
		}
	}
	if len(rows) == 0 {
		r.result.Bad += int64(len(b.rows))
		return nil
	}
	plan := r.plan.Load()
	joined, refused, err := r.Store.JoinAll(ctx, regs, func(i int, j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error) {
		if j.Tombstone { // destroyed is destroyed: an old file must not bring it back
			return nil, nil, nil, nil
		}
		l := people[i].landing
		if j.Subject != regs[i].Subject { // known to others already: sealed for that subject
			var err error
			if l, err = plan.seal(people[i], j); err != nil {
				return nil, nil, nil, err
			}
		}
		return l.holding, l.values, l.record, nil
	})
	if err != nil {
		return err
	}
	r.result.Bad += int64(len(b.rows) - len(rows))
	subjects := make([]ident.ID, len(rows)) // who may have a consent brought in
	for i := range rows {
		if refused[i] == nil && !joined[i].Tombstone {
			subjects[i] = joined[i].Subject
		}
	}
	if err := r.agreeAll(ctx, rows, people, subjects); err != nil {
		return err
	}
	for i := range rows {
		r.count(rows[i], joined[i], refused[i])
	}
	return nil
}

func (r *run) count(w *row, j party.Joined, refused error) {
	switch {
	case w.fault != nil: // the person is in, the consent is not
		r.result.Bad++
	case refused != nil:
		w.fault = fault.New(fault.Conflict, "conflict")
		errors.As(refused, &w.fault)
		r.result.Bad++
	case r.seen[j.Subject]:
		r.result.Repeated++
	case j.Tombstone:
		r.result.Destroyed++
	case j.Known:
		r.result.Known++
	default:
		r.result.Added++
	}
	if refused == nil {
		r.seen[j.Subject] = true
	}
}
