package store

import (
	"context"
	"time"

	"kelisim/internal/form"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

// InsertForm keeps a form with the letter that confirms it.
func (s *Store) InsertForm(ctx context.Context, f *form.Submission, letter *journal.Tell) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		if _, err := q.exec(ctx, `INSERT INTO form (id, org_id, created_at, until_at, code_hash, address, sealed) VALUES `+places(1, 7),
			f.ID[:], f.Org[:], millis(f.Created), millis(f.Until), f.CodeHash[:], f.Address[:], f.Sealed); err != nil {
			return err
		}
		return putTells(ctx, q, []*journal.Tell{letter})
	})
	return err
}

// FormByCode returns one by the hash of its secret.
func (s *Store) FormByCode(ctx context.Context, sum [32]byte) (*form.Submission, error) {
	var f form.Submission
	var created, until int64
	err := s.read().row(ctx, `SELECT id, org_id, created_at, until_at, code_hash, address, sealed FROM form WHERE code_hash = ?1`, sum[:]).
		Scan(id{&f.ID}, id{&f.Org}, &created, &until, hash{&f.CodeHash}, hash{&f.Address}, &f.Sealed)
	f.Created, f.Until = moment(created), moment(until)
	return &f, none(err, "form-code")
}

// CountForms counts those that wait for an address.
func (s *Store) CountForms(ctx context.Context, address [32]byte, now time.Time) (n int, err error) {
	err = s.read().row(ctx, `SELECT COUNT(*) FROM form WHERE address = ?1 AND until_at > ?2`, address[:], millis(now)).Scan(&n)
	return n, wrap(err)
}

// DeleteForm forgets one.
func (s *Store) DeleteForm(ctx context.Context, which ident.ID) error {
	return s.forgetForm(ctx, `DELETE FROM form WHERE id = ?1`, which[:])
}

// ForgetForms forgets those that nobody confirmed in time.
func (s *Store) ForgetForms(ctx context.Context, now time.Time) error {
	return s.forgetForm(ctx, `DELETE FROM form WHERE until_at <= ?1`, millis(now))
}

func (s *Store) forgetForm(ctx context.Context, query string, arg any) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		_, err := q.exec(ctx, query, arg)
		return err
	})
	return err
}
