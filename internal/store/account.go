package store

import (
	"context"
	"database/sql"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// InsertToken keeps a token.
func (s *Store) InsertToken(ctx context.Context, t *account.Token) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		_, err := q.exec(ctx, `INSERT INTO token (hash, id, role, org_id, subject_id, label, created_at, expires_at)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
			t.Hash[:], t.ID[:], string(t.Role), t.Org[:], t.Subject[:], t.Label, millis(t.Created), millis(t.Expires))
		return err
	})
	return err
}

// TokenByHash returns a token.
func (s *Store) TokenByHash(ctx context.Context, sum [32]byte) (*account.Token, error) {
	rows, err := s.read().query(ctx, `SELECT hash, id, role, org_id, subject_id, label, created_at, expires_at
		FROM token WHERE hash = ?1`, sum[:])
	list, err := collect(rows, err, func(r *sql.Rows) (*account.Token, error) {
		t := &account.Token{}
		var created, expires int64
		err := r.Scan(hash{&t.Hash}, id{&t.ID}, &t.Role, id{&t.Org}, id{&t.Subject}, &t.Label, &created, &expires)
		t.Created, t.Expires = moment(created), moment(expires)
		return t, err
	})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "token-unknown")
	}
	return list[0], nil
}

// DeleteToken takes a token back.
func (s *Store) DeleteToken(ctx context.Context, sum [32]byte) (bool, error) {
	var n int64
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		var err error
		n, err = q.exec(ctx, `DELETE FROM token WHERE hash = ?1`, sum[:])
		return err
	})
	return n == 1, err
}

// Reserve takes an idempotency key for a call, or returns what is kept for it.
func (s *Store) Reserve(ctx context.Context, caller ident.ID, key, body [32]byte, now time.Time) (*account.Kept, error) {
	var kept *account.Kept
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		kept = nil
		n, err := q.exec(ctx, `INSERT INTO idempotency (caller, key, body, at, status, headers) VALUES (?1, ?2, ?3, ?4, 0, '')
			ON CONFLICT (caller, key) DO NOTHING`, caller[:], key[:], body[:], millis(now))
		if err != nil || n == 1 {
			return err
		}
		kept = &account.Kept{}
		var at int64
		err = q.row(ctx, `SELECT body, status, headers, answer, at FROM idempotency WHERE caller = ?1 AND key = ?2`, caller[:], key[:]).
			Scan(hash{&kept.Body}, &kept.Status, &kept.Headers, &kept.Answer, &at)
		kept.At = moment(at)
		return err
	})
	return kept, err
}

// Keep keeps the answer of a reserved key; a status of 0 gives the key back.
func (s *Store) Keep(ctx context.Context, caller ident.ID, key [32]byte, k *account.Kept) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		var err error
		if k.Status == 0 {
			_, err = q.exec(ctx, `DELETE FROM idempotency WHERE caller = ?1 AND key = ?2`, caller[:], key[:])
		} else {
			_, err = q.exec(ctx, `UPDATE idempotency SET status = ?1, headers = ?2, answer = ?3 WHERE caller = ?4 AND key = ?5`,
				k.Status, k.Headers, k.Answer, caller[:], key[:])
		}
		return err
	})
	return err
}

// ForgetKept drops answers kept before a moment.
func (s *Store) ForgetKept(ctx context.Context, before time.Time) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		_, err := q.exec(ctx, `DELETE FROM idempotency WHERE at < ?1`, millis(before))
		return err
	})
	return err
}
