package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/pressly/goose/v3"

	"kelisim/internal/gate"
	"kelisim/internal/ident"
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
	ops     *queue
	reads   chan *readOp
	chain   *chain
	closing chan struct{}
	done    chan struct{}
	grown   chan struct{} // the write-ahead log is to be moved into the file
	moved   atomic.Bool   // it was, but for what came meanwhile
	mover   sync.WaitGroup
	stop    sync.Once
	closed  error // of Close

	insert *sqlite3.Stmt
	hot    hotReads
	stmts  map[string]*sql.Stmt
	group  *journal.Group
	owners map[ident.ID]bool // organizations seen
	next   int64             // leaf number of the next entry
	frames int
	broken error // a failed sync: what is on the disk is unknown until a restart
}

const (
	// maxGroup bounds a group, so that the first in it does not wait long.
	maxGroup = 512
	// checkpointAt is how many pages the write-ahead log gathers before they
	// are moved into the file: 64 MiB.
	checkpointAt = 16 << 10
)

var sqliteTypes = strings.NewReplacer("BYTEA", "BLOB", "BIGINT", "INTEGER", ") /*table*/", ") STRICT, WITHOUT ROWID")

// OpenSQLite opens or creates the database file.
func OpenSQLite(ctx context.Context, path string) (*Store, error) {
	return openSQLite(ctx, path, "")
}

// openSQLite takes the name of the file system to go through, empty for the
// system's own.
func openSQLite(ctx context.Context, path, vfs string) (*Store, error) {
	s := &sqlite{
		ops: newQueue(), reads: make(chan *readOp, 4*maxGroup), chain: newChain(),
		closing: make(chan struct{}), done: make(chan struct{}), grown: make(chan struct{}, 1),
		stmts: map[string]*sql.Stmt{}, owners: map[ident.ID]bool{},
	}
	if vfs == "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it readable to others
		if err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
	}
	var err error
	dsn := func(pragmas ...string) string {
		q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
		if vfs != "" {
			q.Set("vfs", vfs)
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	// 64 MiB of cache: the whole memory of a connection is bounded to 256 MiB,
	// and each commit after a split of a page looks through all of the cache.
	if s.db, err = driver.Open(dsn("journal_mode(wal)", "synchronous(full)", "wal_autocheckpoint(0)",
		"journal_size_limit(67108864)", "secure_delete(on)", "cache_size(-65536)", "foreign_keys(on)"), stablePlans); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := migrate(ctx, s.db, goose.DialectSQLite3, "sqlite", sqliteTypes); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	if err := s.openWriter(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	readers, err := driver.Open(dsn("query_only(on)", "cache_size(-4096)"), stablePlans)
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	readers.SetMaxOpenConns(8)
	readers.SetMaxIdleConns(8)
	s.readers = &pool{db: readers}
	if err := s.openChain(ctx); err != nil {
		return nil, errors.Join(err, readers.Close(), s.db.Close())
	}
	go s.run()
	s.mover.Go(s.flusher)
	s.mover.Go(func() { s.checkpoint(dsn) })
	return &Store{s}, nil
}

// stablePlans keeps SQLite from looking at the values that are bound when it plans:
// it would then plan a statement anew each time that another is bound, as of a
// LIMIT, which costs more than most of what is asked here. What an index is to be
// found by is spelled out.
func stablePlans(c *sqlite3.Conn) error {
	_, err := c.Config(sqlite3.DBCONFIG_ENABLE_QPSG, true)
	return err
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
		return errors.Join(err, s.hot.prepare(s.raw))
	})
}

const insertEntrySQLite = `INSERT INTO entry (leaf, before, org_before, subject_id, org_id, id, action, sealed, commitment)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`

// openChain reads the heads that were not written when the store was last open.
func (s *sqlite) openChain(ctx context.Context) error {
	if err := s.row(ctx, `SELECT indexed FROM log WHERE id = 1`).Scan(&s.chain.next); err != nil {
		return err
	}
	s.chain.indexed = s.chain.next
	return errors.Join(s.begin(), step(s.hot.commit))
}

func (s *sqlite) read() querier { return s.readers }

// Close lets the waiting writes end, then closes.
func (s *sqlite) Close() error {
	s.stop.Do(func() {
		close(s.closing)
		_ = s.flush(context.Background()) // what fails here is read again at the next start
		s.ops.close()
		<-s.done
		s.mover.Wait()
		s.closed = errors.Join(s.readers.db.Close(), s.closeWriter(), s.db.Close())
	})
	return s.closed
}

// closeWriter closes the statements first: a connection with one left stays
// open, and with it the write-ahead log.
func (s *sqlite) closeWriter() error {
	err := errors.Join(s.insert.Close(), s.hot.close())
	for _, st := range s.stmts {
		err = errors.Join(err, st.Close())
	}
	return errors.Join(err, s.writer.Close())
}

// submit queues an operation and waits for what became of it: once queued it
// may take effect, whether the caller still waits or not.
func (s *sqlite) submit(o *op) error {
	if err := s.ops.put(o); err != nil {
		return err
	}
	<-o.done
	return o.err
}

func (s *sqlite) write(ctx context.Context, _ [][]byte, fn func(ctx context.Context, t tx) error) (journal.Landed, error) {
	o := newOp(ctx)
	o.fn = fn
	err := s.submit(o)
	return o.landed, err
}

func (s *sqlite) record(ctx context.Context, recs []*journal.Record) ([]gate.Outcome, error) {
	o := newOp(ctx, recs...)
	err := s.submit(o)
	return o.outs, err
}

// run is the writer. Between two groups it also serves the hottest reads: its
// page cache is the only one that no commit empties.
func (s *sqlite) run() {
	defer close(s.done)
	waiting := make([]*op, 0, maxGroup)
	for {
		select {
		case r := <-s.reads:
			r.serve()
			continue
		default:
		}
		select {
		case r := <-s.reads:
			r.serve()
		case first, ok := <-s.ops.waiting:
			if !ok {
				s.refuseReads()
				return
			}
			waiting = s.commit(first, waiting[:0])
			for _, o := range waiting {
				close(o.done)
			}
			s.settle()
		}
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
	for n := first.size(); err == nil && n < maxGroup; {
		select {
		case o, ok := <-s.ops.waiting:
			if ok {
				group = append(group, o)
				err = s.apply(o)
				n += o.size()
				continue
			}
		default:
		}
		break
	}
	if err == nil {
		err = step(s.hot.commit)
	}
	if err == nil {
		s.chain.commit(s.next, func(id ident.ID) bool { return s.owners[id] })
	}
	if err != nil {
		s.fail(group, err)
	}
	return group
}

func (s *sqlite) begin() error {
	if err := step(s.hot.begin); err != nil {
		return err
	}
	s.group = &journal.Group{}
	// Another process (a command beside a server) may have written: ask.
	st := s.hot.next
	if st.Step() {
		s.next = st.ColumnInt64(0)
	}
	if err := errors.Join(st.Err(), st.Reset()); err != nil {
		return err
	}
	if s.next == s.chain.next {
		return nil
	}
	return s.chain.catchUp(s.next, s.hot.tail)
}

// fail ends a group without effect: every operation of it gets the error.
func (s *sqlite) fail(group []*op, cause error) {
	s.chain.rollback(0)
	if errors.Is(cause, sqlite3.IOERR_FSYNC) || errors.Is(cause, sqlite3.IOERR_DIR_FSYNC) {
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
	n, next, moves := s.group.Len(), s.next, len(s.chain.moves)
	if err := s.raw.Exec("SAVEPOINT op"); err != nil {
		return err
	}
	o.err = wrap(o.fn(context.WithoutCancel(o.ctx), s))
	if s.raw.GetAutocommit() { // a full disk ends the transaction by itself
		return errors.Join(o.err, errLost)
	}
	if o.err != nil {
		s.group.Truncate(n)
		s.chain.rollback(moves)
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

// insertEntry checks the guard and adds the entry to the end of the journal: the
// hottest statements there are, so they go past database/sql.
func (s *sqlite) insertEntry(r *journal.Record) (bool, error) {
	before, ok, err := s.guard(s.hot.subject, s.chain.subjects, r.Subject, r.Guard.Subject)
	if err != nil || !ok {
		return false, err
	}
	orgBefore, ok, err := s.guard(s.hot.org, s.chain.orgs, r.Org, r.Guard.Org)
	if err != nil || !ok {
		return false, err
	}
	st := s.insert
	err = errors.Join(
		st.BindInt64(1, s.next), st.BindInt64(2, before), st.BindInt64(3, orgBefore),
		st.BindBlob(4, r.Subject[:]), st.BindBlob(5, r.Org[:]), st.BindBlob(6, r.ID[:]),
		st.BindText(7, r.Action), st.BindBlob(8, r.Sealed), st.BindBlob(9, r.Commitment[:]),
	)
	if err != nil {
		return false, err
	}
	if err := step(st); err != nil {
		return false, err
	}
	s.chain.move(r.Subject, s.next)
	s.chain.move(r.Org, s.next)
	s.owners[r.Org] = true
	s.next++
	s.group.Add(r.Commitment)
	return true, nil
}

// guard reads the version and the newest entry of a subject or organization; ok
// is whether the version is the wanted one, 0 for any.
func (s *sqlite) guard(st *sqlite3.Stmt, heads map[ident.ID]int64, who ident.ID, want int64) (before int64, ok bool, err error) {
	if err := st.BindBlob(1, who[:]); err != nil {
		return 0, false, err
	}
	version, stored := int64(0), int64(-1)
	if st.Step() {
		version, stored = st.ColumnInt64(0), st.ColumnInt64(1)
	}
	if err := errors.Join(st.Err(), st.Reset()); err != nil {
		return 0, false, err
	}
	return s.chain.last(heads, who, stored), want == 0 || version == want, nil
}

func (s *sqlite) enter(ctx context.Context, r *journal.Record) error {
	ok, err := s.insertEntry(r)
	if err == nil && !ok {
		err = errStale
	}
	if err != nil {
		return err
	}
	return putTells(ctx, s, r.Tell)
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

// settle runs between groups. When the log has grown, the checkpointer moves it
// into the file beside the writer; what came meanwhile is little, and the writer
// moves that itself, so that the next write starts the log anew. Only a log that
// the checkpointer cannot keep up with makes the callers wait.
func (s *sqlite) settle() {
	if s.frames < checkpointAt {
		return
	}
	if s.moved.Swap(false) || s.frames >= 8*checkpointAt {
		_, _, _ = s.raw.WALCheckpoint("main", sqlite3.CHECKPOINT_PASSIVE) // tried again at the next size
		return
	}
	select {
	case s.grown <- struct{}{}:
	default:
	}
}

// checkpoint moves pages from the log into the file beside the writer.
func (s *sqlite) checkpoint(dsn func(...string) string) {
	db, err := driver.Open(dsn("wal_autocheckpoint(0)"))
	if err != nil {
		return // the writer then does it alone
	}
	defer db.Close() //nolint:errcheck // nothing is written through it
	for {
		select {
		case <-s.done:
			return
		case <-s.grown:
			if _, err := db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)"); err == nil {
				s.moved.Store(true)
			}
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

// backup copies what is committed, on a connection of its own: in a write-ahead
// log it holds nobody up. VACUUM does not sync what it writes, and a power cut
// after "done" would leave a copy that is none; so that is done here. The file is
// made first, because SQLite would make it readable to others.
func (s *sqlite) backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `VACUUM INTO ?1`, path)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// CopyCheckpoint reads the newest checkpoint of a copy and how many leaves are
// under it. The copy is not changed.
func (s *Store) CopyCheckpoint(ctx context.Context, path string) (note string, size int64, err error) {
	db, err := driver.Open("file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro")
	if err != nil {
		return "", 0, err
	}
	err = db.QueryRowContext(ctx, `SELECT note, size FROM checkpoint ORDER BY size DESC LIMIT 1`).Scan(&note, &size)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return note, size, errors.Join(err, db.Close())
}

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
