// Package store keeps everything in SQLite or PostgreSQL. It is the only
// package that speaks SQL. Each write is one named operation, atomic, durable
// on return, and lands with the journal entry that tells of it; the operations
// are the small interfaces that the domain packages declare.
//
// The SQL is written once, with ?1-style places. What differs between the
// engines stands in sqlite.go and postgres.go alone: how a write is grouped and
// made durable, and how the journal gets its numbers.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/vault"
)

// Store is an open database.
type Store struct{ engine }

// engine is the seam between the two databases.
type engine interface {
	// read is for statements outside a write.
	read() querier
	// write runs fn in one atomic operation, durable on return, and returns
	// where the last entry of it landed. fn may run more than once. Of two
	// operations with a claim in common one sees what the other wrote.
	write(ctx context.Context, claims [][]byte, fn func(ctx context.Context, t tx) error) (journal.Landed, error)
	// record lands entries that come with no other change, each under its own
	// guard: the way of every decision.
	record(ctx context.Context, recs []*journal.Record) ([]gate.Outcome, error)
	// facts and values are the reads on the way of a decision.
	facts(ctx context.Context, subject, org ident.ID) (*gate.Loaded, error)
	values(ctx context.Context, subject, org ident.ID) ([]vault.Value, error)
	// entries, entry and copies find entries without an index or with one.
	entries(ctx context.Context, f journal.Filter) ([]journal.Row, error)
	entry(ctx context.Context, f journal.Filter, entry ident.ID) (*journal.Row, error)
	copies(ctx context.Context, r *journal.Row) (int, error)
	// pointers and heads are the columns by which entries are chained.
	pointers() string
	heads() string
	indexed(ctx context.Context) (int64, error)
	// unsealed and number differ: see Unsealed and Extend.
	unsealed(ctx context.Context, size int64, max int) ([]journal.Leaf, error)
	number(ctx context.Context, q querier, x *journal.Extension) error
	// backup writes a consistent copy beside the work, where the engine can.
	backup(ctx context.Context, path string) error
	Close() error
}

// querier is what an operation speaks SQL through.
type querier interface {
	exec(ctx context.Context, query string, args ...any) (int64, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	row(ctx context.Context, query string, args ...any) *sql.Row
}

// tx is a querier inside a write.
type tx interface {
	querier
	// enter inserts an entry, or returns errStale when its guard does not hold.
	enter(ctx context.Context, r *journal.Record) error
}

// errStale makes an operation end without effect: its guard did not hold.
var errStale = errors.New("stale")

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, dir string, rewrite *strings.Replacer) error {
	merged := fstest.MapFS{}
	for _, d := range []string{"migrations", "migrations/" + dir} {
		files, err := fs.ReadDir(migrations, d)
		if err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
		for _, f := range files {
			if f.IsDir() {
				continue
			}
			b, err := fs.ReadFile(migrations, d+"/"+f.Name())
			if err != nil {
				return fmt.Errorf("read migrations: %w", err)
			}
			merged[f.Name()] = &fstest.MapFile{Data: []byte(rewrite.Replace(string(b)))}
		}
	}
	p, err := goose.NewProvider(dialect, db, merged)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// millis is how times are kept: milliseconds since 1970, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// id scans a 16-byte identifier.
type id struct{ to *ident.ID }

func (s id) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(s.to) {
		return fmt.Errorf("not an identifier: %d bytes", len(b))
	}
	copy(s.to[:], b)
	return nil
}

// hash scans 32 bytes.
type hash struct{ sum *[32]byte }

func (s hash) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != 32 {
		return fmt.Errorf("not a hash: %d bytes", len(b))
	}
	copy(s.sum[:], b)
	return nil
}

// none turns "no rows" into a fault of the code.
func none(err error, code string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, code)
	}
	return wrap(err)
}

// wrap marks what is the database's own failure as such: nothing was done.
func wrap(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) || errors.Is(err, errStale) || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Wrap(fault.Unavailable, "unavailable", err)
}

// collect scans all rows.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, wrap(err)
		}
		out = append(out, v)
	}
	return out, wrap(rows.Err())
}
