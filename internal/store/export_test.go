package store

import "context"

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
