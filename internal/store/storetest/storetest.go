// Package storetest opens stores for tests: a SQLite file in the test's own
// directory, and a database of a private PostgreSQL server. What holds of one
// engine has to hold of the other, so a test of the store is written once and
// runs through Each.
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"kelisim/internal/store"
)

// Each runs a test on both engines. open opens the test's database, at each
// call anew, as another process would; what it opened is closed at the end.
func Each(t *testing.T, test func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	run := func(name string, where func(testing.TB) string, open func(context.Context, string) (*store.Store, error)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := where(t)
			test(t, func() *store.Store {
				t.Helper()
				s, err := open(t.Context(), at)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
				return s
			})
		})
	}
	run("sqlite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "kelisim.db") }, store.OpenSQLite)
	run("postgres", Postgres, store.OpenPostgres)
}
