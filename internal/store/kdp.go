package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/kdp"
)

const kdpColumns = `subject_id, id, org_id, version, status, purpose, created_at, ended_at, expires_at, asked_at, next_at, tries, trouble, sealed, secret`

func scanKDP(rows *sql.Rows) (kdp.Request, error) {
	var r kdp.Request
	var created, ended, expires, asked, next int64
	err := rows.Scan(id{&r.Subject}, id{&r.ID}, id{&r.Org}, &r.Version, &r.Status, &r.Purpose,
		&created, &ended, &expires, &asked, &next, &r.Tries, &r.Trouble, &r.Sealed, &r.Secret)
	r.Created, r.Ended, r.Expires, r.Asked, r.Next = moment(created), moment(ended), moment(expires), moment(asked), moment(next)
	return r, err
}

// InsertKDP lands a question to the state service.
func (s *Store) InsertKDP(ctx context.Context, r *kdp.Request, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, rec); err != nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO kdp_request (`+kdpColumns+`) VALUES `+places(1, 15),
			r.Subject[:], r.ID[:], r.Org[:], r.Version, string(r.Status), r.Purpose, millis(r.Created), millis(r.Ended), millis(r.Expires),
			millis(r.Asked), millis(r.Next), r.Tries, string(r.Trouble), r.Sealed, r.Secret)
		return err
	})
	return out.Stale, err
}

// EndKDP lands the next version of a question.
func (s *Store) EndKDP(ctx context.Context, r *kdp.Request, rec *journal.Record) (bool, error) {
	secret := r.Secret
	if secret == nil {
		secret = []byte{}
	}
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE kdp_request SET version = ?1, status = ?2, ended_at = ?3, expires_at = ?4, asked_at = ?5, next_at = ?6,
			trouble = ?7, sealed = ?8, secret = ?9 WHERE subject_id = ?10 AND id = ?11 AND version = ?12`,
			r.Version, string(r.Status), millis(r.Ended), millis(r.Expires), millis(r.Asked), millis(r.Next),
			string(r.Trouble), r.Sealed, secret, r.Subject[:], r.ID[:], r.Version-1)
		return one(n, err)
	})
	return out.Stale, err
}

// UseKDP lands the entry of a use of a token.
func (s *Store) UseKDP(ctx context.Context, r *kdp.Request, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := hold(ctx, q, rec); err != nil { // a withdrawal may be under way
			return err
		}
		n, err := q.exec(ctx, `UPDATE kdp_request SET version = version WHERE subject_id = ?1 AND id = ?2 AND version = ?3`,
			r.Subject[:], r.ID[:], r.Version)
		return one(n, err)
	})
	return out.Stale, err
}

// one is errStale where not one row was met.
func one(n int64, err error) error {
	if err == nil && n != 1 {
		err = errStale
	}
	return err
}

// PutOffKDP writes down when to ask again.
func (s *Store) PutOffKDP(ctx context.Context, r *kdp.Request) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		_, err := q.exec(ctx, `UPDATE kdp_request SET asked_at = ?1, next_at = ?2, tries = ?3, trouble = ?4
			WHERE subject_id = ?5 AND id = ?6 AND version = ?7`,
			millis(r.Asked), millis(r.Next), r.Tries, string(r.Trouble), r.Subject[:], r.ID[:], r.Version)
		return err
	})
	return err
}

// endKDPs makes the tokens for the purposes of a consent that was withdrawn
// invalid, and forgets them: it is part of the write of the withdrawal.
func endKDPs(ctx context.Context, q querier, c *consent.Consent) error {
	args := []any{millis(c.History[len(c.History)-1].At), []byte{}, c.Subject[:], c.Org[:]}
	for _, p := range c.Terms.Purposes {
		args = append(args, p)
	}
	_, err := q.exec(ctx, `UPDATE kdp_request SET version = version + 1, status = 'invalid', ended_at = ?1, next_at = ?1, tries = 0, trouble = '', secret = ?2
		WHERE subject_id = ?3 AND org_id = ?4 AND status IN ('pending', 'valid') AND purpose IN `+places(5, len(c.Terms.Purposes)), args...)
	return err
}

// KDP returns one.
func (s *Store) KDP(ctx context.Context, which ident.ID) (*kdp.Request, error) {
	rows, err := s.read().query(ctx, `SELECT `+kdpColumns+` FROM kdp_request WHERE id = ?1`, which[:])
	list, err := collect(rows, err, scanKDP)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "kdp-unknown")
	}
	return &list[0], nil
}

// KDPs lists questions, newest first.
func (s *Store) KDPs(ctx context.Context, f kdp.Filter) ([]kdp.Request, error) {
	where, args := []string{`1 = 1`}, []any{}
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, cond+strconv.Itoa(len(args)))
	}
	if !f.Org.IsZero() {
		add(`org_id = ?`, f.Org[:])
	}
	if f.Orgs != nil {
		if len(f.Orgs) == 0 {
			return nil, nil
		}
		where = append(where, `org_id IN `+places(len(args)+1, len(f.Orgs)))
		for i := range f.Orgs {
			args = append(args, f.Orgs[i][:])
		}
	}
	if !f.Subject.IsZero() {
		add(`subject_id = ?`, f.Subject[:])
	}
	if !f.After.IsZero() {
		add(`id < ?`, f.After[:])
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+kdpColumns+` FROM kdp_request WHERE `+strings.Join(where, ` AND `)+
		` ORDER BY id DESC LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanKDP)
}

// DueKDPs lists those to look at again.
func (s *Store) DueKDPs(ctx context.Context, now time.Time, limit int) ([]kdp.Request, error) {
	rows, err := s.read().query(ctx, `SELECT `+kdpColumns+` FROM kdp_request
		WHERE next_at > 0 AND next_at <= ?1 ORDER BY next_at LIMIT ?2`, millis(now), limit)
	return collect(rows, err, scanKDP)
}
