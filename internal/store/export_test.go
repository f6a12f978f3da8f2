package store

import (
	"context"
	"database/sql"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/order"
	"kelisim/internal/request"
	"kelisim/internal/term"
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
	return s.plan(ctx)(consentActs, []any{make([]byte, 16), make([]byte, 16)})
}

// PlanOfConsents is how SQLite finds consents by a filter.
func (s *Store) PlanOfConsents(ctx context.Context, f consent.Filter) (string, error) {
	return s.plan(ctx)(consentQuery(&f))
}

// PlanOfDemands is how SQLite finds demands by a filter.
func (s *Store) PlanOfDemands(ctx context.Context, f request.Filter) (string, error) {
	return s.plan(ctx)(demandQuery(&f))
}

// PlanOfOrders is how SQLite finds orders by a filter.
func (s *Store) PlanOfOrders(ctx context.Context, f order.Filter) (string, error) {
	return s.plan(ctx)(orderQuery(&f))
}

// PlanOfTerms is how SQLite finds terms by a filter.
func (s *Store) PlanOfTerms(ctx context.Context, f term.Filter) (string, error) {
	return s.plan(ctx)(termQuery(&f))
}

func (s *Store) plan(ctx context.Context) func(query string, args []any) (string, error) {
	return func(query string, args []any) (string, error) {
		rows, err := s.read().query(ctx, `EXPLAIN QUERY PLAN `+query, args...)
		list, err := collect(rows, err, func(r *sql.Rows) (string, error) {
			var id, parent, unused int
			var detail string
			return detail, r.Scan(&id, &parent, &unused, &detail)
		})
		return strings.Join(list, "; "), err
	}
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
