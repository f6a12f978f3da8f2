package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/pressly/goose/v3"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/journal"
)

// SQLite is one file with a write-ahead log. One goroutine writes: it takes the
// operations that wait, runs each in a savepoint, and commits them together, so
// that one sync to the disk serves all. It never waits for more to come. If
// power fails before the sync, none of the group was answered; after it, all of
// the group is there.
type sqlite struct {
	readers *pool
	writer  *sql.Conn
	raw     *sqlite3.Conn // of writer
	db      *sql.DB       // that writer is of
	ops     chan *op
	done    chan struct{}
	walked  chan int // frames in the write-ahead log
	stop    sync.Once

	insert *sqlite3.Stmt
	stmts  map[string]*sql.Stmt
	group  *journal.Group
	next   int64 // leaf number of the next entry
	frames int
	broken error // a failed sync: what is on the disk is unknown until a restart
}

// op is a write that waits for its commit.
type op struct {
	ctx  context.Context //nolint:containedctx // of the caller that waits
	fn   func(ctx context.Context, t tx) error
	recs []*journal.Record

	outs   []gate.Outcome
	landed journal.Landed
	err    error
	done   chan struct{}
}

const (
	// maxGroup bounds a group, so that the first in it does not wait long.
	maxGroup = 512
	// checkpointAt is how many pages the write-ahead log gathers before they
	// are moved into the file: 128 MiB.
	checkpointAt = 32 << 10
)

var sqliteTypes = strings.NewReplacer("BYTEA", "BLOB", "BIGINT", "INTEGER", ") /*table*/", ") STRICT, WITHOUT ROWID")

// OpenSQLite opens or creates the database file.
func OpenSQLite(ctx context.Context, path string) (*Store, error) {
	s := &sqlite{
		ops: make(chan *op, 4*maxGroup), done: make(chan struct{}), walked: make(chan int, 1), stmts: map[string]*sql.Stmt{},
	}
	var err error
	dsn := func(pragmas ...string) string {
		q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	if s.db, err = driver.Open(dsn("journal_mode(wal)", "synchronous(full)", "wal_autocheckpoint(0)",
		"journal_size_limit(67108864)", "cache_size(-65536)", "foreign_keys(on)")); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := migrate(ctx, s.db, goose.DialectSQLite3, "sqlite", sqliteTypes); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	if err := s.openWriter(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	readers, err := driver.Open(dsn("query_only(on)", "cache_size(-4096)"))
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	readers.SetMaxOpenConns(8)
	readers.SetMaxIdleConns(8)
	s.readers = &pool{db: readers}
	go s.run()
	go s.checkpoint(path, dsn)
	return &Store{s}, nil
}

// openWriter takes the one connection that writes.
func (s *sqlite) openWriter(ctx context.Context) (err error) {
	if s.writer, err = s.db.Conn(ctx); err != nil {
		return err
	}
	return s.writer.Raw(func(c any) error {
		conn, ok := c.(driver.Conn)
		if !ok {
			return errors.New("not the driver of this package")
		}
		s.raw = conn.Raw()
		s.raw.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
			s.frames = pages
			return nil
		})
		s.insert, _, err = s.raw.PrepareFlags(insertEntrySQLite, sqlite3.PREPARE_PERSISTENT)
		return err
	})
}

const insertEntrySQLite = `INSERT INTO entry (leaf, subject_id, org_id, id, action, sealed, commitment)
	SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
	WHERE (?8 = 0 OR EXISTS (SELECT 1 FROM subject WHERE id = ?2 AND version = ?8))
	  AND (?9 = 0 OR EXISTS (SELECT 1 FROM organization WHERE id = ?3 AND version = ?9))`

func (s *sqlite) read() querier { return s.readers }

// Close lets the waiting writes end, then closes.
func (s *sqlite) Close() error {
	s.stop.Do(func() { close(s.ops) })
	<-s.done
	return errors.Join(s.readers.db.Close(), s.writer.Close(), s.db.Close())
}

var errClosed = fault.New(fault.Unavailable, "unavailable")

func (s *sqlite) submit(o *op) (err error) {
	defer func() {
		if recover() != nil { // the channel is closed: the store is closing
			err = errClosed
		}
	}()
	o.done = make(chan struct{})
	select {
	case s.ops <- o:
	case <-o.ctx.Done():
		return o.ctx.Err()
	}
	<-o.done // once queued it may take effect: wait for what became of it
	return o.err
}

func (s *sqlite) write(ctx context.Context, _ bool, fn func(ctx context.Context, t tx) error) (journal.Landed, error) {
	o := &op{ctx: ctx, fn: fn}
	err := s.submit(o)
	return o.landed, err
}

func (s *sqlite) record(ctx context.Context, recs []*journal.Record) ([]gate.Outcome, error) {
	o := &op{ctx: ctx, recs: recs, outs: make([]gate.Outcome, len(recs))}
	err := s.submit(o)
	return o.outs, err
}

// run is the writer.
func (s *sqlite) run() {
	defer close(s.done)
	waiting := make([]*op, 0, maxGroup)
	for first := range s.ops {
		waiting = s.commit(first, waiting[:0])
		for _, o := range waiting {
			close(o.done)
		}
		s.settle()
	}
}

// commit runs first and all that wait with it in one transaction.
func (s *sqlite) commit(first *op, group []*op) []*op {
	group = append(group, first)
	err := s.broken
	if err == nil {
		err = s.begin()
	}
	if err == nil {
		err = s.apply(first)
	}
	for n := 1; err == nil && n < maxGroup; n++ {
		select {
		case o, ok := <-s.ops:
			if !ok {
				n = maxGroup
				break
			}
			group = append(group, o)
			err = s.apply(o)
			continue
		default:
		}
		break
	}
	if err == nil {
		err = s.raw.Exec("COMMIT")
	}
	if err != nil {
		s.fail(group, err)
	}
	return group
}

func (s *sqlite) begin() error {
	if err := s.raw.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	// Another process (a command beside a server) may have written: ask.
	s.group = &journal.Group{}
	var last sql.NullInt64
	if err := s.row(context.Background(), `SELECT MAX(leaf) FROM entry`).Scan(&last); err != nil {
		return err
	}
	s.next = 0
	if last.Valid {
		s.next = last.Int64 + 1
	}
	return nil
}

// fail ends a group without effect: every operation of it gets the error.
func (s *sqlite) fail(group []*op, cause error) {
	if errors.Is(cause, sqlite3.IOERR_FSYNC) {
		// The kernel may have dropped pages it reported as written: nothing we
		// read back proves what is on the disk. Refuse until a restart recovers
		// from the log.
		s.broken = cause
	}
	if !s.raw.GetAutocommit() {
		if err := s.raw.Exec("ROLLBACK"); err != nil {
			s.broken = errors.Join(cause, err)
		}
	}
	for _, o := range group {
		o.err = wrap(cause)
	}
}

// apply runs one operation. The error it returns dooms the group; what is the
// operation's own stays in it.
func (s *sqlite) apply(o *op) error {
	if err := o.ctx.Err(); err != nil {
		o.err = err
		return nil
	}
	if o.fn == nil {
		return s.applyRecords(o)
	}
	n, next := s.group.Len(), s.next
	if err := s.raw.Exec("SAVEPOINT op"); err != nil {
		return err
	}
	o.err = wrap(o.fn(context.WithoutCancel(o.ctx), s))
	if s.raw.GetAutocommit() { // a full disk ends the transaction by itself
		return errors.Join(o.err, errLost)
	}
	if o.err != nil {
		s.group.Truncate(n)
		s.next = next
		return s.raw.Exec("ROLLBACK TO op; RELEASE op")
	}
	if s.group.Len() > n {
		o.landed = journal.Landed{Group: s.group, Index: s.group.Len() - 1}
	}
	return s.raw.Exec("RELEASE op")
}

var errLost = errors.New("the database ended the transaction")

func (s *sqlite) applyRecords(o *op) error {
	for i, r := range o.recs {
		ok, err := s.insertEntry(r)
		if err != nil {
			return err
		}
		if !ok {
			o.outs[i].Stale = true
			continue
		}
		o.outs[i].Landed = journal.Landed{Group: s.group, Index: s.group.Len() - 1}
	}
	return nil
}

// insertEntry is the hottest statement there is, so it goes past database/sql.
func (s *sqlite) insertEntry(r *journal.Record) (bool, error) {
	st := s.insert
	err := errors.Join(
		st.BindInt64(1, s.next), st.BindBlob(2, r.Subject[:]), st.BindBlob(3, r.Org[:]), st.BindBlob(4, r.ID[:]),
		st.BindText(5, r.Action), st.BindBlob(6, r.Sealed), st.BindBlob(7, r.Commitment[:]),
		st.BindInt64(8, r.Guard.Subject), st.BindInt64(9, r.Guard.Org),
	)
	if err != nil {
		return false, err
	}
	st.Step()
	if err := errors.Join(st.Err(), st.Reset()); err != nil {
		return false, err
	}
	if s.raw.Changes() == 0 {
		return false, nil
	}
	s.next++
	s.group.Add(r.Commitment)
	return true, nil
}

func (s *sqlite) enter(_ context.Context, r *journal.Record) error {
	ok, err := s.insertEntry(r)
	if err == nil && !ok {
		err = errStale
	}
	return err
}

func (s *sqlite) exec(ctx context.Context, query string, args ...any) (int64, error) {
	st, err := s.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *sqlite) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...) //nolint:sqlclosecheck // the caller closes
}

func (s *sqlite) row(ctx context.Context, query string, args ...any) *sql.Row {
	st, err := s.prepare(ctx, query)
	if err != nil {
		return s.writer.QueryRowContext(ctx, query, args...) // carries the error
	}
	return st.QueryRowContext(ctx, args...)
}

func (s *sqlite) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	st, err := s.writer.PrepareContext(ctx, query)
	if err == nil {
		s.stmts[query] = st
	}
	return st, err
}

// settle runs between groups. When the log has grown it lets the checkpointer
// work beside the writer; once that has moved nearly all, the writer moves the
// rest itself, so that the next write starts the log anew.
func (s *sqlite) settle() {
	if s.frames < checkpointAt {
		return
	}
	select {
	case s.walked <- s.frames:
	default:
	}
	if s.frames >= 2*checkpointAt || s.frames > checkpointAt && len(s.ops) == 0 {
		_, _, _ = s.raw.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE) // tried again at the next size
	}
}

// checkpoint moves pages from the log into the file beside the writer.
func (s *sqlite) checkpoint(path string, dsn func(...string) string) {
	db, err := driver.Open(dsn("wal_autocheckpoint(0)"))
	if err != nil {
		return // the writer then does it alone
	}
	defer db.Close() //nolint:errcheck // nothing is written through it
	for {
		select {
		case <-s.done:
			return
		case <-s.walked:
			_, _ = db.Exec("PRAGMA wal_checkpoint(PASSIVE)")
		}
	}
}

// unsealed: numbers were given at the insert, in the order of commits.
func (s *sqlite) unsealed(ctx context.Context, size int64, max int) ([]journal.Leaf, error) {
	rows, err := s.read().query(ctx, `SELECT commitment FROM entry WHERE leaf >= ?1 ORDER BY leaf LIMIT ?2`, size, max)
	return collect(rows, err, func(r *sql.Rows) (journal.Leaf, error) {
		var l journal.Leaf
		return l, r.Scan(hash{(*[32]byte)(&l.Commitment)})
	})
}

func (s *sqlite) number(context.Context, querier, *journal.Extension) error { return nil }

// pool is a querier over connections that only read.
type pool struct {
	db    *sql.DB
	stmts sync.Map // query → *sql.Stmt
}

func (p *pool) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := p.stmts.Load(query); ok {
		return st.(*sql.Stmt), nil //nolint:errcheck,forcetypeassert // only statements are stored
	}
	st, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if was, loaded := p.stmts.LoadOrStore(query, st); loaded {
		return was.(*sql.Stmt), st.Close() //nolint:errcheck,forcetypeassert // only statements are stored
	}
	return st, nil
}

func (p *pool) exec(context.Context, string, ...any) (int64, error) {
	return 0, errors.New("a reader cannot write")
}

func (p *pool) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := p.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...) //nolint:sqlclosecheck // the caller closes
}

func (p *pool) row(ctx context.Context, query string, args ...any) *sql.Row {
	st, err := p.prepare(ctx, query)
	if err != nil {
		return p.db.QueryRowContext(ctx, query, args...) // carries the error
	}
	return st.QueryRowContext(ctx, args...)
}
