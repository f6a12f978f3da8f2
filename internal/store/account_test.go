package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		tok := &account.Token{
			ID: newID(), Hash: sum("a"), Role: account.Operator, Org: w.org, Label: []byte("label"), Created: now, Expires: now.Add(time.Hour),
		}
		if err := w.InsertToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		if got := must(w.TokenByHash(t.Context(), tok.Hash))(t); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tok) {
			t.Fatalf("read back %+v", got)
		}
		_, err := w.TokenByHash(t.Context(), sum("b"))
		wantFault(t, err, fault.NotFound, "token-unknown")
		var deleted atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if mine, err := w.DeleteToken(t.Context(), tok.Hash); err != nil {
					t.Error(err)
				} else if mine {
					deleted.Add(1)
				}
			})
		}
		wg.Wait()
		if n := deleted.Load(); n != 1 {
			t.Fatalf("%d callers spent one token", n)
		}
	})
}

func TestIdempotencyKeyIsReservedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		caller, key, body := newID(), sum("key"), sum("body")
		var first atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				switch kept, err := w.Reserve(t.Context(), caller, key, body, now); {
				case err != nil:
					t.Error(err)
				case kept == nil:
					first.Add(1)
				case kept.Status != 0 || kept.Body != body:
					t.Errorf("kept %+v before an answer", kept)
				}
			})
		}
		wg.Wait()
		if n := first.Load(); n != 1 {
			t.Fatalf("%d callers have the key", n)
		}
		if kept := must(w.Reserve(t.Context(), newID(), key, body, now))(t); kept != nil {
			t.Fatal("another caller's key")
		}
		if err := w.Keep(t.Context(), caller, key, &account.Kept{Status: 201, Headers: "h", Answer: []byte("answer")}); err != nil {
			t.Fatal(err)
		}
		kept := must(w.Reserve(t.Context(), caller, key, sum("other"), now.Add(time.Hour)))(t)
		if kept == nil || kept.Status != 201 || kept.Headers != "h" || string(kept.Answer) != "answer" || kept.Body != body || kept.At != now {
			t.Fatalf("kept %+v", kept)
		}
		if err := w.Keep(t.Context(), caller, key, &account.Kept{}); err != nil {
			t.Fatal(err)
		}
		if kept := must(w.Reserve(t.Context(), caller, key, body, now))(t); kept != nil {
			t.Fatal("given back, and not free")
		}
		if err := w.ForgetKept(t.Context(), now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if kept := must(w.Reserve(t.Context(), caller, key, body, now))(t); kept != nil {
			t.Fatal("forgotten, and not free")
		}
	})
}

func TestLease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := newID(), newID()
		for i, c := range []struct {
			holder byte
			at     int
			want   bool
		}{{'a', 0, true}, {'b', 1, false}, {'a', 5, true}, {'b', 14, false}, {'b', 15, true}, {'a', 16, false}} {
			holder := a
			if c.holder == 'b' {
				holder = b
			}
			at := now.Add(time.Duration(c.at) * time.Second)
			if got := must(w.TakeLease(t.Context(), "sealer", holder, at, at.Add(10*time.Second)))(t); got != c.want {
				t.Errorf("%d: %c at second %d: %v", i, c.holder, c.at, got)
			}
		}
		if !must(w.TakeLease(t.Context(), "deliverer", b, now, now.Add(time.Second)))(t) {
			t.Error("another lease is not free")
		}
		var holders atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if ok, err := w.TakeLease(t.Context(), "raced", newID(), now, now.Add(time.Second)); err != nil {
					t.Error(err)
				} else if ok {
					holders.Add(1)
				}
			})
		}
		wg.Wait()
		if n := holders.Load(); n != 1 {
			t.Errorf("%d holders of one lease", n)
		}
	})
}
