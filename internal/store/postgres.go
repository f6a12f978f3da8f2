package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/vault"
)

// postgres is a PostgreSQL database, shared by any number of nodes. A write is
// a transaction. Decisions, which write nothing but their entry, are gathered
// per node as on SQLite and landed by one statement: the round trip and the
// sync to the disk serve all that wait.
type postgres struct {
	pool    *pgxpool.Pool
	db      *sql.DB
	records *queue
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
	s := &postgres{pool: pool, db: stdlib.OpenDBFromPool(pool), records: newQueue()}
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
	s.stop.Do(func() { s.records.close() })
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
	if err != nil {
		return err
	}
	t.group.Add(r.Commitment)
	return putTells(ctx, t, r.Tell)
}

// maxRetries bounds how often an operation that lost against another is run
// again.
const maxRetries = 20

func (s *postgres) write(ctx context.Context, claims [][]byte, fn func(ctx context.Context, t tx) error) (journal.Landed, error) {
	for try := 0; ; try++ {
		group := &journal.Group{}
		err := s.transact(ctx, func(c *sql.Tx) error {
			if len(claims) > 0 { // sorted by the caller, so that two never wait for each other
				if _, err := c.ExecContext(ctx, `INSERT INTO claim (hash) SELECT unnest($1::bytea[])
					ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash`, claims); err != nil {
					return err
				}
			}
			return fn(ctx, &pgTx{pgQuerier{c}, group})
		})
		switch {
		case err == nil && group.Len() > 0:
			return journal.Landed{Group: group, Index: group.Len() - 1}, nil
		case err == nil || !lost(err) || try == maxRetries:
			return journal.Landed{}, wrap(err)
		}
		select {
		case <-time.After(time.Millisecond << min(try, 6)):
		case <-ctx.Done():
			return journal.Landed{}, ctx.Err()
		}
	}
}

func (s *postgres) transact(ctx context.Context, fn func(*sql.Tx) error) error {
	c, err := s.db.BeginTx(ctx, nil)
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
	o := newOp(ctx, recs...)
	if err := s.records.put(o); err != nil {
		return nil, err
	}
	<-o.done
	return o.outs, o.err
}

// recorder lands what waits, as much as there is at one time.
func (s *postgres) recorder() {
	for first := range s.records.waiting {
		batch := []*op{first}
		for n := len(first.recs); n < maxGroup; {
			select {
			case o, ok := <-s.records.waiting:
				if ok {
					batch = append(batch, o)
					n += len(o.recs)
					continue
				}
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

func (s *postgres) facts(ctx context.Context, subject, org ident.ID) (*gate.Loaded, error) {
	l := &gate.Loaded{Holding: party.Holding{Subject: subject, Org: org}}
	h := &l.Holding
	var since, destroy int64
	var person, bans string
	err := s.read().row(ctx, factsQuery, subject[:], org[:]).
		Scan(&l.Version, &l.State, &l.JournalKey, &h.State, &since, &destroy, &h.DataKey, &person, &bans, &l.Notices)
	if err != nil {
		return nil, none(err, "subject-unknown")
	}
	l.Told(person)
	if l.Bans, err = gate.ReadBans([]byte(bans)); err != nil {
		return nil, err
	}
	h.Since, h.DestroyAt = moment(since), moment(destroy)
	rows, err := s.read().query(ctx, leanConsents, subject[:], org[:])
	l.Consents, err = collect(rows, err, func(r *sql.Rows) (consent.Consent, error) {
		c := consent.Consent{Subject: subject, Org: org}
		var given, until int64
		var terms []byte
		if err := r.Scan(id{&c.ID}, &c.Status, &c.Scopes, &given, &until, &terms, &c.Register); err != nil {
			return c, err
		}
		var err error
		c.Given, c.Until = moment(given), moment(until)
		c.Terms, err = internTerms(terms)
		return c, err
	})
	return l, err
}

func (s *postgres) values(ctx context.Context, subject, org ident.ID) ([]vault.Value, error) {
	rows, err := s.read().query(ctx, valuesQuery, subject[:], org[:])
	return collect(rows, err, func(r *sql.Rows) (vault.Value, error) {
		var v vault.Value
		var at int64
		err := r.Scan(&v.Category, &v.Version, &v.Purpose, &at, &v.Sealed)
		v.At = moment(at)
		return v, err
	})
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

func (s *postgres) entries(ctx context.Context, f journal.Filter) ([]journal.Row, error) {
	before := f.Before
	if before.IsZero() {
		for i := range before {
			before[i] = 0xff
		}
	}
	where, who := `org_id = ?1`, f.Org
	if f.BySubject {
		where, who = `subject_id = ?1`, f.Subject
	}
	args := []any{who[:], before[:], f.Since[:], f.Limit, f.Action}
	if f.BySubject && !f.Org.IsZero() {
		where += ` AND org_id = ?6`
		args = append(args, f.Org[:])
	}
	if f.Orgs != nil {
		args = append(args, bytesOf(f.Orgs))
		where += ` AND org_id = ANY (?` + strconv.Itoa(len(args)) + `)`
	}
	rows, err := s.read().query(ctx, `SELECT `+entryColumns+s.pointers()+` FROM entry
		WHERE `+where+` AND id < ?2 AND id >= ?3 AND (?5 = '' OR action = ?5) AND sealed IS NOT NULL
		ORDER BY id DESC LIMIT ?4`, args...)
	return collect(rows, err, scanEntry)
}

func bytesOf(ids []ident.ID) [][]byte {
	out := make([][]byte, len(ids))
	for i := range ids {
		out[i] = ids[i][:]
	}
	return out
}

func (s *postgres) entry(ctx context.Context, f journal.Filter, entry ident.ID) (*journal.Row, error) {
	where, who := `org_id = ?1`, f.Org
	if f.BySubject {
		where, who = `subject_id = ?1`, f.Subject
	}
	rows, err := s.read().query(ctx, `SELECT `+entryColumns+s.pointers()+` FROM entry WHERE `+where+` AND id = ?2`, who[:], entry[:])
	list, err := collect(rows, err, scanEntry)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "entry-unknown")
	}
	return &list[0], nil
}

func (s *postgres) copies(ctx context.Context, r *journal.Row) (int, error) {
	var n int
	err := s.read().row(ctx, `SELECT COUNT(*) FROM entry WHERE id = ?1`, r.ID[:]).Scan(&n)
	return n, err
}

// There are indexes here, and no chain.
func (s *postgres) pointers() string                       { return `-2, -2` }
func (s *postgres) heads() string                          { return `-2` }
func (s *postgres) indexed(context.Context) (int64, error) { return 0, nil }

// backup: PostgreSQL has pg_dump and pg_basebackup, which know more of it.
func (s *postgres) backup(context.Context, string) error {
	return fault.New(fault.Conflict, "backup-own-tools")
}
