package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/verify"
)

// Record lands entries, each under its own guard.
func (s *Store) Record(ctx context.Context, recs []*journal.Record) ([]gate.Outcome, error) {
	for _, r := range recs {
		if len(r.Sealed) == 0 || len(r.Tell) > 0 { // word lands by Note: here it would be lost
			return nil, fault.New(fault.Internal, "internal")
		}
	}
	return s.engine.record(ctx, recs)
}

// land runs fn and enters the record in one operation; it refuses a change
// without an entry before anything else.
func (s *Store) land(ctx context.Context, r *journal.Record, fn func(ctx context.Context, q querier) error) (gate.Outcome, error) {
	if r == nil || len(r.Sealed) == 0 {
		return gate.Outcome{}, fault.New(fault.Internal, "internal")
	}
	landed, err := s.write(ctx, nil, func(ctx context.Context, t tx) error {
		if err := t.enter(ctx, r); err != nil {
			return err
		}
		return fn(ctx, t)
	})
	if errors.Is(err, errStale) {
		return gate.Outcome{Stale: true}, nil
	}
	return gate.Outcome{Landed: landed}, err
}

// Note lands an entry that somebody is to have word of, and nothing else.
func (s *Store) Note(ctx context.Context, r *journal.Record) (gate.Outcome, error) {
	return s.land(ctx, r, func(context.Context, querier) error { return nil })
}

const entryColumns = `COALESCE(leaf, -1), subject_id, org_id, id, action, sealed, commitment, `

func scanEntry(rows *sql.Rows) (journal.Row, error) {
	var r journal.Row
	err := rows.Scan(&r.Leaf, id{&r.Subject}, id{&r.Org}, id{&r.ID}, &r.Action, &r.Sealed, hash{(*[32]byte)(&r.Commitment)}, &r.Before, &r.OrgBefore)
	return r, err
}

// Entries lists entries of a subject, of an organization, or of both, newest
// first.
func (s *Store) Entries(ctx context.Context, f journal.Filter) ([]journal.Row, error) {
	list, err := s.entries(ctx, f)
	return list, wrap(err)
}

// Entry returns one entry of a subject, or of an organization.
func (s *Store) Entry(ctx context.Context, f journal.Filter, entry ident.ID) (*journal.Row, error) {
	r, err := s.entry(ctx, f, entry)
	if err == nil && !f.Sees(r.Org) {
		return nil, fault.New(fault.NotFound, "entry-unknown")
	}
	return r, wrap(err)
}

// consentActs repeats the condition of the index entry_consent word for word:
// without it the index is not used.
const consentActs = `SELECT action, COUNT(*) FROM entry
	WHERE org_id = ?1 AND id >= ?2 AND action IN ('consent.give', 'consent.withdraw') GROUP BY action`

// ConsentActs counts the consents to an organization that were recorded and
// withdrawn, in whole or in part, since a moment.
func (s *Store) ConsentActs(ctx context.Context, org ident.ID, since time.Time) (given, withdrawn int, err error) {
	first := ident.FirstID(since)
	rows, err := s.read().query(ctx, consentActs, org[:], first[:])
	_, err = collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var action string
		var n int
		err := r.Scan(&action, &n)
		if action == "consent.give" {
			given = n
		} else {
			withdrawn = n
		}
		return struct{}{}, err
	})
	return given, withdrawn, err
}

// Commitments returns those of the leaves from … to-1.
func (s *Store) Commitments(ctx context.Context, from, to int64) ([]verify.Commitment, error) {
	rows, err := s.read().query(ctx, `SELECT commitment FROM entry WHERE leaf >= ?1 AND leaf < ?2 ORDER BY leaf`, from, to)
	return collect(rows, err, func(r *sql.Rows) (verify.Commitment, error) {
		var c verify.Commitment
		return c, r.Scan(hash{(*[32]byte)(&c)})
	})
}

// Scan calls fn for each entry in the order of leaves, those without one last.
func (s *Store) Scan(ctx context.Context, fn func(*journal.Row) error) error {
	rows, err := s.read().query(ctx, `SELECT `+entryColumns+s.pointers()+` FROM entry ORDER BY leaf`)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		r, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if err := fn(&r); err != nil {
			return err
		}
	}
	return wrap(rows.Err())
}

// LogSize is the number of leaves under the newest checkpoint.
func (s *Store) LogSize(ctx context.Context) (int64, error) {
	var n int64
	err := s.read().row(ctx, `SELECT size FROM log WHERE id = 1`).Scan(&n)
	return n, wrap(err)
}

// Tile returns the stored hashes of a tile, nil where there are none.
func (s *Store) Tile(ctx context.Context, level int, n int64) ([]byte, error) {
	var data []byte
	err := s.read().row(ctx, `SELECT data FROM tile WHERE level = ?1 AND n = ?2`, level, n).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return data, wrap(err)
}

// Unsealed returns entries without a place in the tree yet.
func (s *Store) Unsealed(ctx context.Context, size int64, max int) ([]journal.Leaf, error) {
	return s.engine.unsealed(ctx, size, max)
}

// Extend lands a step of the log. It tells of entries that are there already,
// so it is the one write without an entry of its own.
func (s *Store) Extend(ctx context.Context, x *journal.Extension) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		n, err := q.exec(ctx, `UPDATE log SET size = ?1 WHERE id = 1 AND size = ?2`, x.Size, x.From)
		if err != nil {
			return err
		}
		if n != 1 {
			return fault.New(fault.Conflict, "log-moved")
		}
		if err := s.number(ctx, q, x); err != nil {
			return err
		}
		for _, t := range x.Tiles {
			if _, err := q.exec(ctx, `INSERT INTO tile (level, n, data) VALUES (?1, ?2, ?3)
				ON CONFLICT (level, n) DO UPDATE SET data = excluded.data`, t.Level, t.N, t.Data); err != nil {
				return err
			}
		}
		_, err = q.exec(ctx, `INSERT INTO checkpoint (size, at, note) VALUES (?1, ?2, ?3)`, x.Size, millis(x.At), x.Note)
		return err
	})
	return err
}

// Checkpoint is the newest one; empty before the first.
func (s *Store) Checkpoint(ctx context.Context) (string, error) {
	var note string
	err := s.read().row(ctx, `SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1`).Scan(&note)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return note, wrap(err)
}

// Checkpoints lists all, oldest first.
func (s *Store) Checkpoints(ctx context.Context) ([]string, error) {
	rows, err := s.read().query(ctx, `SELECT note FROM checkpoint ORDER BY size`)
	return collect(rows, err, func(r *sql.Rows) (string, error) {
		var n string
		return n, r.Scan(&n)
	})
}

// Tiles calls fn for every stored tile.
func (s *Store) Tiles(ctx context.Context, fn func(level int, n int64, data []byte) error) error {
	rows, err := s.read().query(ctx, `SELECT level, n, data FROM tile ORDER BY level, n`)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var t journal.Tile
		if err := rows.Scan(&t.Level, &t.N, &t.Data); err != nil {
			return err
		}
		if err := fn(t.Level, t.N, t.Data); err != nil {
			return err
		}
	}
	return wrap(rows.Err())
}

// Copies is how many rows there are of one entry.
func (s *Store) Copies(ctx context.Context, r *journal.Row) (int, error) {
	n, err := s.copies(ctx, r)
	return n, wrap(err)
}

// JournalKeys calls fn for every subject's wrapped journal key and newest entry.
func (s *Store) JournalKeys(ctx context.Context, fn func(subject ident.ID, wrapped []byte, head int64) error) error {
	rows, err := s.read().query(ctx, `SELECT id, journal_key, `+s.heads()+` FROM subject`)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var v ident.ID
		var key []byte
		var head int64
		if err := rows.Scan(id{&v}, &key, &head); err != nil {
			return wrap(err)
		}
		if err := fn(v, key, head); err != nil {
			return err
		}
	}
	return wrap(rows.Err())
}

// Heads returns up to which leaf the newest entries are noted, and those of
// organizations.
func (s *Store) Heads(ctx context.Context) (upTo int64, orgs map[ident.ID]int64, err error) {
	if upTo, err = s.indexed(ctx); err != nil {
		return 0, nil, wrap(err)
	}
	orgs = map[ident.ID]int64{}
	rows, err := s.read().query(ctx, `SELECT id, `+s.heads()+` FROM organization`)
	_, err = collect(rows, err, func(r *sql.Rows) (head int64, err error) {
		var v ident.ID
		err = r.Scan(id{&v}, &head)
		orgs[v] = head
		return head, err
	})
	return upTo, orgs, err
}
