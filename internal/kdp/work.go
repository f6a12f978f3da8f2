package kdp

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// What waits for the state service is asked for again here, and ended in time.

// workers bounds how many questions are under way at once: a slow service holds up
// nobody else.
const workers = 4

// Work looks at what is due: it asks again what is pending, and empties tokens
// whose term is over. What fails is due again later.
func (s *Requests) Work(ctx context.Context, limit int) error {
	due, err := s.Store.DueKDPs(ctx, s.Now(), limit)
	if err != nil {
		return err
	}
	todo := make(chan *Request)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for range min(workers, len(due)) {
		wg.Go(func() {
			for r := range todo {
				if err := s.tend(ctx, r); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for i := range due {
		if ctx.Err() != nil {
			break
		}
		todo <- &due[i]
	}
	close(todo)
	wg.Wait()
	return errors.Join(errs...)
}

func (s *Requests) tend(ctx context.Context, r *Request) error {
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return err
	}
	if r.Status == Valid {
		_, err := s.end(ctx, org, r, nil, "kdp.end", &Answer{Status: Invalid})
		return err
	}
	if r.Status != Pending {
		return s.tellWithdrawn(ctx, org, r)
	}
	if s.Client == nil {
		return nil
	}
	n, err := s.again(ctx, org, r)
	if err == nil && n.Trouble != "" {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "the state service gave no answer, will be asked again",
			slog.String("request", n.ID.String()), slog.String("trouble", string(n.Trouble)), slog.Int("tries", n.Tries))
	}
	return err
}
