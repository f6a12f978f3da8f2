package store

import (
	"context"
	"database/sql"
	"time"

	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/vault"
)

// Put is a value on its way into the vault.
type Put = vault.Value

func putValue(ctx context.Context, q querier, subject, org ident.ID, v Put) error {
	_, err := q.exec(ctx, `INSERT INTO value (subject_id, org_id, category, version, purpose, at, sealed)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`, subject[:], org[:], v.Category, v.Version, v.Purpose, millis(v.At), v.Sealed)
	return err
}

// Values reads all versions of all categories of a holding.
func (s *Store) Values(ctx context.Context, subject, org ident.ID) ([]vault.Value, error) {
	return s.values(ctx, subject, org)
}

// Change carries out a change of a holding whole or not at all.
func (s *Store) Change(ctx context.Context, c *vault.Change, r *journal.Record) (gate.Outcome, error) {
	return s.land(ctx, r, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, r); err != nil {
			return err
		}
		for _, v := range c.Put {
			if err := putValue(ctx, q, c.Subject, c.Org, v); err != nil {
				return err
			}
		}
		if err := addRows(ctx, q, c.Org, c.Depersonalised); err != nil {
			return err
		}
		for _, cat := range c.Drop {
			if _, err := q.exec(ctx, `DELETE FROM value WHERE subject_id = ?1 AND org_id = ?2 AND category = ?3`,
				c.Subject[:], c.Org[:], cat); err != nil {
				return err
			}
		}
		for _, n := range c.Consents {
			if err := updateConsent(ctx, q, n); err != nil {
				return err
			}
		}
		for _, t := range c.Terms {
			if err := insertTerm(ctx, q, t, r); err != nil {
				return err
			}
		}
		if err := moveHolding(ctx, q, c); err != nil {
			return err
		}
		return keepAct(ctx, q, c.Act)
	})
}

func moveHolding(ctx context.Context, q querier, c *vault.Change) error {
	if c.Destroy {
		return destroyHolding(ctx, q, c)
	}
	if c.State != "" {
		if _, err := q.exec(ctx, `UPDATE holding SET state = ?1, since = ?2 WHERE subject_id = ?3 AND org_id = ?4`,
			c.State, millis(c.At), c.Subject[:], c.Org[:]); err != nil {
			return err
		}
	}
	if c.Person != nil {
		if _, err := q.exec(ctx, `UPDATE holding SET person = ?1 WHERE subject_id = ?2 AND org_id = ?3`,
			*c.Person, c.Subject[:], c.Org[:]); err != nil {
			return err
		}
	}
	if c.Bans != nil {
		if _, err := q.exec(ctx, `UPDATE holding SET bans = ?1 WHERE subject_id = ?2 AND org_id = ?3`,
			*c.Bans, c.Subject[:], c.Org[:]); err != nil {
			return err
		}
	}
	if c.DestroyAt == nil {
		return nil
	}
	_, err := q.exec(ctx, `UPDATE holding SET destroy_at = ?1 WHERE subject_id = ?2 AND org_id = ?3`,
		millis(*c.DestroyAt), c.Subject[:], c.Org[:])
	return err
}

// destroyHolding deletes rows and key; the tombstone stays, and so do the hashes
// of the identifiers: without them a restored copy could bring the person back.
func destroyHolding(ctx context.Context, q querier, c *vault.Change) error {
	for _, stmt := range []string{
		`DELETE FROM value WHERE subject_id = ?1 AND org_id = ?2`,
		`DELETE FROM data_key WHERE subject_id = ?1 AND org_id = ?2`,
		`DELETE FROM govstack_object WHERE subject_id = ?1 AND org_id = ?2 AND kind = 'individual'`,
	} {
		if _, err := q.exec(ctx, stmt, c.Subject[:], c.Org[:]); err != nil {
			return err
		}
	}
	_, err := q.exec(ctx, `UPDATE holding SET state = ?1, since = ?2, profile = NULL, destroy_at = 0
		WHERE subject_id = ?3 AND org_id = ?4`, party.Destroyed, millis(c.At), c.Subject[:], c.Org[:])
	return err
}

func keepAct(ctx context.Context, q querier, act *vault.Destruction) error {
	if act == nil {
		return nil
	}
	_, err := q.exec(ctx, `INSERT INTO destruction (subject_id, org_id, id, at, act) VALUES (?1, ?2, ?3, ?4, ?5)`,
		act.Subject[:], act.Org[:], act.ID[:], millis(act.At), act.Signed)
	return err
}

// Destructions returns the signed acts of destruction of a holding.
func (s *Store) Destructions(ctx context.Context, subject, org ident.ID) ([][]byte, error) {
	rows, err := s.read().query(ctx, `SELECT act FROM destruction WHERE subject_id = ?1 AND org_id = ?2 ORDER BY at`, subject[:], org[:])
	return collect(rows, err, func(r *sql.Rows) ([]byte, error) {
		var b []byte
		return b, r.Scan(&b)
	})
}

// Acts calls fn for every signed act of destruction there is.
func (s *Store) Acts(ctx context.Context, fn func(act ident.ID, signed []byte) error) error {
	rows, err := s.read().query(ctx, `SELECT id, act FROM destruction`)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var act ident.ID
		var signed []byte
		if err := rows.Scan(id{&act}, &signed); err != nil {
			return wrap(err)
		}
		if err := fn(act, signed); err != nil {
			return err
		}
	}
	return wrap(rows.Err())
}

// Backup writes a consistent copy of the database to a new file, durable on
// return, while others write. A fault.Conflict "backup-own-tools" on PostgreSQL,
// which has its own.
func (s *Store) Backup(ctx context.Context, path string) error { return s.backup(ctx, path) }

// InboxRead returns how far a subject has read the inbox.
func (s *Store) InboxRead(ctx context.Context, subject ident.ID) (ident.ID, error) {
	rows, err := s.read().query(ctx, `SELECT read_until FROM inbox WHERE subject_id = ?1`, subject[:])
	list, err := collect(rows, err, func(r *sql.Rows) (ident.ID, error) {
		var v ident.ID
		return v, r.Scan(id{&v})
	})
	if err != nil || len(list) == 0 {
		return ident.ID{}, err
	}
	return list[0], nil
}

// MarkInbox notes how far a subject has read. It is a bookmark, not an act on
// anybody's data, so it has no entry.
func (s *Store) MarkInbox(ctx context.Context, subject, until ident.ID) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		_, err := q.exec(ctx, `INSERT INTO inbox (subject_id, read_until) VALUES (?1, ?2)
			ON CONFLICT (subject_id) DO UPDATE SET read_until = excluded.read_until`, subject[:], until[:])
		return err
	})
	return err
}

// TakeLease gives the lease of a name to holder until a moment, if it is free,
// over, or the holder's own.
func (s *Store) TakeLease(ctx context.Context, name string, holder ident.ID, now, until time.Time) (bool, error) {
	var n int64
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		var err error
		n, err = q.exec(ctx, `INSERT INTO lease (name, holder, until) VALUES (?1, ?2, ?3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE lease.until <= ?4 OR lease.holder = excluded.holder`, name, holder[:], millis(until), millis(now))
		return err
	})
	return n == 1, err
}
