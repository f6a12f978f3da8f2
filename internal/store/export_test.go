package store

import (
	"context"
	"database/sql"
	"strings"
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
