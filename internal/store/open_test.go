package store_test

import (
	"testing"

	"kelisim/internal/store"
	"kelisim/internal/store/storetest"
)

func TestOpen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		open()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
