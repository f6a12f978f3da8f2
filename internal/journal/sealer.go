package journal

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kelisim/internal/seal"
	"kelisim/verify"
)

// SealBatch is how many leaves one step of the sealer takes at most.
const SealBatch = 16384

// Leaf is an entry that is not under a checkpoint yet.
type Leaf struct {
	Row        Row // only what the store needs to number it
	Commitment verify.Commitment
}

// Extension is one step of the log: what must land together.
type Extension struct {
	From   int64 // size of the tree before: the step is void unless it still is
	Leaves []Leaf
	Tiles  []Tile
	Size   int64
	Root   tlog.Hash
	Note   string // the signed checkpoint
	At     time.Time
}

// LogStore is what the sealer needs of the store.
type LogStore interface {
	TileReader
	// LogSize returns the number of leaves under the newest checkpoint.
	LogSize(ctx context.Context) (int64, error)
	// Unsealed returns committed entries that have no place in the tree of
	// the size yet, in the order they are to take, max at most. An entry that
	// commits later comes in a later call, never before one that was given.
	Unsealed(ctx context.Context, size int64, max int) ([]Leaf, error)
	// Extend lands leaf numbers, tiles and checkpoint in one write, only if
	// the tree still has the size From; otherwise a fault.Conflict.
	Extend(ctx context.Context, x *Extension) error
}

// Sealer extends the tree with new entries and signs checkpoints. One runs at a
// time (a lease elsewhere); if two did, Extend lets only one through. If power
// fails between two steps nothing is lost: what was not sealed still is
// unsealed, what was is durable with its checkpoint.
type Sealer struct {
	Store LogStore
	Keys  *seal.Keyring
	Now   func() time.Time
	Log   *slog.Logger
	// Every is the longest time an entry waits for its checkpoint.
	Every time.Duration
	// Published is called with each new checkpoint, to keep it outside too.
	Published func(note string)
}

// Run seals until ctx ends, then once more, so that an orderly stop leaves
// nothing unsealed.
func (s *Sealer) Run(ctx context.Context) {
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			s.all(last)
			return
		case <-tick.C:
			s.all(ctx)
		}
	}
}

func (s *Sealer) all(ctx context.Context) {
	err := s.All(ctx)
	if err != nil && ctx.Err() == nil { // when stopping, the last round is yet to come
		s.Log.LogAttrs(ctx, slog.LevelError, "sealing failed, will be tried again", slog.Any("error", err))
	}
}

// All seals everything that is committed.
func (s *Sealer) All(ctx context.Context) error {
	for {
		n, err := s.Step(ctx)
		if err != nil || n < SealBatch {
			return err
		}
	}
}

// Step seals one batch and returns how many leaves it took.
func (s *Sealer) Step(ctx context.Context) (int, error) {
	size, err := s.Store.LogSize(ctx)
	if err != nil {
		return 0, fmt.Errorf("read log size: %w", err)
	}
	leaves, err := s.Store.Unsealed(ctx, size, SealBatch)
	if err != nil || len(leaves) == 0 {
		return 0, err
	}
	e, err := loadEdge(ctx, size, s.Store)
	if err != nil {
		return 0, fmt.Errorf("load the tree's edge: %w", err)
	}
	for i := range leaves {
		e.add(leaves[i].Commitment.Leaf())
	}
	root, err := tlog.TreeHash(e.size, newHashes(ctx, e.overlay(s.Store)))
	if err != nil {
		return 0, fmt.Errorf("hash the tree: %w", err)
	}
	signed, err := verify.Checkpoint{Origin: s.Keys.Log.Name(), Size: e.size, Root: root}.Sign(s.Keys.Log)
	if err != nil {
		return 0, err
	}
	x := &Extension{From: size, Leaves: leaves, Tiles: e.changed(), Size: e.size, Root: root, Note: signed, At: s.Now()}
	if err := s.Store.Extend(ctx, x); err != nil {
		return 0, fmt.Errorf("extend the log: %w", err)
	}
	if s.Published != nil {
		s.Published(signed)
	}
	return len(leaves), nil
}
