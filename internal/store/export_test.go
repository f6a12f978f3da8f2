package store

import (
	"context"
	"database/sql"
	"strings"

	"kelisim/internal/consent"
)

// OpenSQLiteThrough is OpenSQLite through a file system of a test.
var OpenSQLiteThrough = openSQLite

// Flush writes the newest entry of everybody to the database, as happens now
// and then.
func (s *Store) Flush(ctx context.Context) error {
	if q, ok := s.engine.(*sqlite); ok {
		return q.flush(ctx)
	}
	return nil
}

// PlanOfConsentActs is how SQLite answers ConsentActs; PostgreSQL weighs the size
// of the table and is not asked.
func (s *Store) PlanOfConsentActs(ctx context.Context) (string, error) {
	if _, ok := s.engine.(*sqlite); !ok {
		return "", nil
	}
	rows, err := s.read().query(ctx, `EXPLAIN QUERY PLAN `+consentActs, make([]byte, 16), make([]byte, 16))
	list, err := collect(rows, err, func(r *sql.Rows) (string, error) {
		var id, parent, unused int
		var detail string
		return detail, r.Scan(&id, &parent, &unused, &detail)
	})
	return strings.Join(list, "; "), err
}

// PlanOfConsents is how SQLite finds consents by a filter.
func (s *Store) PlanOfConsents(ctx context.Context, f consent.Filter) (string, error) {
	query, args := consentQuery(&f)
	rows, err := s.read().query(ctx, `EXPLAIN QUERY PLAN `+query, args...)
	list, err := collect(rows, err, func(r *sql.Rows) (string, error) {
		var id, parent, unused int
		var detail string
		return detail, r.Scan(&id, &parent, &unused, &detail)
	})
	return strings.Join(list, "; "), err
}

// Exec runs a statement in a write of its own, to fill a table by the many.
func (s *Store) Exec(ctx context.Context, query string, rows [][]any) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		for _, args := range rows {
			if _, err := q.exec(ctx, query, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}
