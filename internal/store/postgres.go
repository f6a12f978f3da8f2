package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

// postgres is a PostgreSQL database, shared by any number of nodes. A write is
// a transaction. Decisions, which write nothing but their entry, are gathered
// per node as on SQLite and landed by one statement: the round trip and the
// sync to the disk serve all that wait.
type postgres struct {
	pool    *pgxpool.Pool
	db      *sql.DB
	records chan *op
	workers sync.WaitGroup
	stop    sync.Once
}

// recorders is how many statements land decisions at once: one waits for the
// disk while the other is built.
const recorders = 2

var postgresTypes = strings.NewReplacer(" /*table*/", "")

// OpenPostgres opens a database by its address (postgres://…).
func OpenPostgres(ctx context.Context, address string) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the database address is not a valid postgres:// address") // the error would show the password
	}
	cfg.MaxConns = max(cfg.MaxConns, 16)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &postgres{pool: pool, db: stdlib.OpenDBFromPool(pool), records: make(chan *op, 4*maxGroup)}
	if err := migrate(ctx, s.db, goose.DialectPostgres, "postgres", postgresTypes); err != nil {
		return nil, errors.Join(err, s.close())
	}
	for range recorders {
		s.workers.Go(s.recorder)
	}
	return &Store{s}, nil
}

func (s *postgres) close() error {
	err := s.db.Close()
	s.pool.Close()
	return err
}

// Close lets the waiting decisions land, then closes.
func (s *postgres) Close() error {
	s.stop.Do(func() { close(s.records) })
	s.workers.Wait()
	return s.close()
}

func (s *postgres) read() querier { return pgQuerier{s.db} }

// pgConn is what *sql.DB and *sql.Tx have in common.
type pgConn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type pgQuerier struct{ c pgConn }

var (
	placeRE = regexp.MustCompile(`\?(\d+)`)
	dollars sync.Map // query with ?1 → with $1
)

// dollar turns ?1 into $1. Statements are few and constant, so each is turned
// once.
func dollar(query string) string {
	if q, ok := dollars.Load(query); ok {
		return q.(string) //nolint:errcheck,forcetypeassert // only strings are stored
	}
	q := placeRE.ReplaceAllString(query, `$$$1`)
	dollars.Store(query, q)
	return q
}

func (q pgQuerier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := q.c.ExecContext(ctx, dollar(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q pgQuerier) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return q.c.QueryContext(ctx, dollar(query), args...) //nolint:sqlclosecheck // the caller closes
}

func (q pgQuerier) row(ctx context.Context, query string, args ...any) *sql.Row {
	return q.c.QueryRowContext(ctx, dollar(query), args...)
}

// pgTx is one write.
type pgTx struct {
	pgQuerier
	group *journal.Group
}

const insertEntryPostgres = `INSERT INTO entry (subject_id, org_id, id, action, sealed, commitment)
	SELECT ?1, ?2, ?3, ?4, ?5, ?6
	WHERE (?7::bigint = 0 OR EXISTS (SELECT 1 FROM subject WHERE id = ?1 AND version = ?7))
	  AND (?8::bigint = 0 OR EXISTS (SELECT 1 FROM organization WHERE id = ?2 AND version = ?8))`

func (t *pgTx) enter(ctx context.Context, r *journal.Record) error {
	n, err := t.exec(ctx, insertEntryPostgres, r.Subject[:], r.Org[:], r.ID[:], r.Action, r.Sealed, r.Commitment[:],
		r.Guard.Subject, r.Guard.Org)
	if err == nil && n == 0 {
		return errStale
	}
	if err == nil {
		t.group.Add(r.Commitment)
	}
	return err
}

// maxRetries bounds how often an operation that lost against another is run
// again.
const maxRetries = 20

func (s *postgres) write(ctx context.Context, alone bool, fn func(ctx context.Context, t tx) error) (journal.Landed, error) {
	opts := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	if alone {
		opts.Isolation = sql.LevelSerializable
	}
	for try := 0; ; try++ {
		group := &journal.Group{}
		err := s.transact(ctx, opts, func(c *sql.Tx) error {
			return fn(ctx, &pgTx{pgQuerier{c}, group})
		})
		switch {
		case err == nil && group.Len() > 0:
			return journal.Landed{Group: group, Index: group.Len() - 1}, nil
		case err == nil || !lost(err) || try == maxRetries:
			return journal.Landed{}, wrap(err)
		}
		select {
		case <-time.After(time.Duration(try+1) * time.Millisecond):
		case <-ctx.Done():
			return journal.Landed{}, ctx.Err()
		}
	}
}

func (s *postgres) transact(ctx context.Context, opts *sql.TxOptions, fn func(*sql.Tx) error) error {
	c, err := s.db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	if err := fn(c); err != nil {
		return errors.Join(err, c.Rollback())
	}
	return c.Commit()
}

// lost reports whether a transaction lost against another and may be run again.
func lost(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "23505")
}

func (s *postgres) record(ctx context.Context, recs []*journal.Record) ([]gate.Outcome, error) {
	o := &op{ctx: ctx, recs: recs, outs: make([]gate.Outcome, len(recs)), done: make(chan struct{})}
	if err := s.submit(o); err != nil {
		return nil, err
	}
	<-o.done
	return o.outs, o.err
}

func (s *postgres) submit(o *op) (err error) {
	defer func() {
		if recover() != nil { // the channel is closed: the store is closing
			err = errClosed
		}
	}()
	select {
	case s.records <- o:
		return nil
	case <-o.ctx.Done():
		return o.ctx.Err()
	}
}

// recorder lands what waits, as much as there is at one time.
func (s *postgres) recorder() {
	for first := range s.records {
		batch := []*op{first}
		for n := len(first.recs); n < maxGroup; {
			select {
			case o, ok := <-s.records:
				if !ok {
					n = maxGroup
					break
				}
				batch = append(batch, o)
				n += len(o.recs)
				continue
			default:
			}
			break
		}
		err := s.landAll(batch)
		for _, o := range batch {
			o.err = wrap(err)
			close(o.done)
		}
	}
}

// recordAll lands many entries. The rows of their subjects are locked FOR SHARE
// until the commit: a withdrawal that is under way is waited for, and then the
// version no longer holds; one that comes later waits for us. So no permit that
// read an older snapshot overtakes a withdrawal that was answered.
const recordAll = `WITH held AS (
		SELECT id, version FROM subject WHERE id = ANY ($1) ORDER BY id FOR SHARE
	)
	INSERT INTO entry (subject_id, org_id, id, action, sealed, commitment)
	SELECT w.subject_id, w.org_id, w.id, w.action, w.sealed, w.commitment
	FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::bytea[], $7::bigint[], $8::bigint[])
		AS w (subject_id, org_id, id, action, sealed, commitment, subject_version, org_version)
	WHERE (w.subject_version = 0 OR EXISTS (SELECT 1 FROM held h WHERE h.id = w.subject_id AND h.version = w.subject_version))
	  AND (w.org_version = 0 OR EXISTS (SELECT 1 FROM organization o WHERE o.id = w.org_id AND o.version = w.org_version))
	RETURNING id`

func (s *postgres) landAll(batch []*op) error {
	ctx := context.Background()
	var subjects, orgs, ids, sealed, commitments [][]byte
	var actions []string
	var sv, ov []int64
	for _, o := range batch {
		for _, r := range o.recs {
			subjects, orgs, ids = append(subjects, r.Subject[:]), append(orgs, r.Org[:]), append(ids, r.ID[:])
			actions, sealed, commitments = append(actions, r.Action), append(sealed, r.Sealed), append(commitments, r.Commitment[:])
			sv, ov = append(sv, r.Guard.Subject), append(ov, r.Guard.Org)
		}
	}
	var rows pgx.Rows
	landed := make(map[ident.ID]bool, len(ids))
	for try := 0; ; try++ {
		var err error
		if rows, err = s.pool.Query(ctx, recordAll, subjects, orgs, ids, actions, sealed, commitments, sv, ov); err == nil {
			for rows.Next() {
				var b []byte
				if err = rows.Scan(&b); err != nil {
					break
				}
				landed[ident.ID(b)] = true
			}
			rows.Close()
			err = errors.Join(err, rows.Err())
		}
		if err == nil {
			break
		}
		if !lost(err) || try == maxRetries {
			return err
		}
		clear(landed)
	}
	group := &journal.Group{}
	for _, o := range batch {
		for i, r := range o.recs {
			if !landed[r.ID] {
				o.outs[i].Stale = true
				continue
			}
			o.outs[i].Landed = journal.Landed{Group: group, Index: group.Add(r.Commitment)}
		}
	}
	return nil
}

// unsealed: whatever is committed and has no number. What commits later gets a
// later one.
func (s *postgres) unsealed(ctx context.Context, _ int64, max int) ([]journal.Leaf, error) {
	rows, err := s.read().query(ctx, `SELECT subject_id, id, commitment FROM entry WHERE leaf IS NULL ORDER BY id LIMIT ?1`, max)
	return collect(rows, err, func(r *sql.Rows) (journal.Leaf, error) {
		var l journal.Leaf
		return l, r.Scan(id{&l.Row.Subject}, id{&l.Row.ID}, hash{(*[32]byte)(&l.Commitment)})
	})
}

func (s *postgres) number(ctx context.Context, q querier, x *journal.Extension) error {
	var subjects, ids [][]byte
	var leaves []int64
	for i := range x.Leaves {
		l := &x.Leaves[i]
		subjects, ids, leaves = append(subjects, l.Row.Subject[:]), append(ids, l.Row.ID[:]), append(leaves, x.From+int64(i))
	}
	n, err := q.exec(ctx, `UPDATE entry SET leaf = w.leaf
		FROM unnest(?1::bytea[], ?2::bytea[], ?3::bigint[]) AS w (subject_id, id, leaf)
		WHERE entry.subject_id = w.subject_id AND entry.id = w.id AND entry.leaf IS NULL`, subjects, ids, leaves)
	if err == nil && n != int64(len(leaves)) {
		err = fault.New(fault.Conflict, "log-moved")
	}
	return err
}
