package store_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/store"
)

// BenchmarkRecord lands decisions of 64 callers at once.
func BenchmarkRecord(b *testing.B) {
	s, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "kelisim.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	w := &world{Store: s}
	subjects := make([]ident.ID, 100_000)
	for i := range subjects {
		subjects[i] = newID()
	}
	org := newID()
	var n atomic.Int64
	sealed := make([]byte, 300)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			r := w.record(subjects[int(i*7919)%len(subjects)], org)
			r.ID, r.Sealed = ident.NewID(now.Add(time.Duration(i)*time.Millisecond/20)), sealed
			if _, err := s.Record(context.Background(), []*journal.Record{r}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
