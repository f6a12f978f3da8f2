package journal

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is that of C2SP tlog-tiles: 256 hashes a tile.
const TileHeight = 8

const tileWidth = 1 << TileHeight

// Tile is a row of the tree: up to 256 hashes of one level. The right-most of a
// level is partial and grows in place.
type Tile struct {
	Level int
	N     int64
	Data  []byte
}

// TileReader reads stored tiles.
type TileReader interface {
	// Tile returns the hashes stored so far, nil where there are none.
	Tile(ctx context.Context, level int, n int64) ([]byte, error)
}

// hashes reads single hashes out of tiles, for tlog's proofs. It keeps what it
// read: a proof asks for neighbours.
type hashes struct {
	ctx   context.Context //nolint:containedctx // lives for one proof: tlog's interface has no place for it
	tiles TileReader
	seen  map[[2]int64][]byte
}

func newHashes(ctx context.Context, t TileReader) *hashes {
	return &hashes{ctx, t, map[[2]int64][]byte{}}
}

func (h *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		t := tlog.TileForIndex(TileHeight, x)
		data, err := h.read(t.L, t.N)
		if err != nil {
			return nil, err
		}
		if len(data) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %d/%d is shorter than the tree", t.L, t.N)
		}
		t.W = len(data) / tlog.HashSize
		if out[i], err = tlog.HashFromTile(t, data, x); err != nil {
			return nil, fmt.Errorf("tile %d/%d: %w", t.L, t.N, err)
		}
	}
	return out, nil
}

func (h *hashes) read(level int, n int64) ([]byte, error) {
	key := [2]int64{int64(level), n}
	if data, ok := h.seen[key]; ok {
		return data, nil
	}
	data, err := h.tiles.Tile(h.ctx, level, n)
	if err != nil {
		return nil, err
	}
	h.seen[key] = data
	return data, nil
}

// edge is the right side of a tree: the last tile of each level, to which
// leaves are added. Adding costs one hash a leaf on average.
type edge struct {
	size   int64
	levels []Tile
	dirty  map[[2]int64]Tile
}

// loadEdge reads the right side of the tree of a size.
func loadEdge(ctx context.Context, size int64, t TileReader) (*edge, error) {
	e := &edge{size: size, dirty: map[[2]int64]Tile{}}
	for level, n := 0, size; n > 0; level, n = level+1, n>>TileHeight {
		tile := Tile{Level: level, N: n >> TileHeight}
		if w := int(n & (tileWidth - 1)); w > 0 {
			data, err := t.Tile(ctx, level, tile.N)
			if err != nil {
				return nil, err
			}
			if len(data) < w*tlog.HashSize {
				return nil, fmt.Errorf("tile %d/%d is shorter than the tree", level, tile.N)
			}
			tile.Data = append([]byte(nil), data[:w*tlog.HashSize]...)
		}
		e.levels = append(e.levels, tile)
	}
	return e, nil
}

func (e *edge) add(leaf tlog.Hash) {
	e.size++
	e.push(0, leaf)
}

func (e *edge) push(level int, h tlog.Hash) {
	if level == len(e.levels) {
		e.levels = append(e.levels, Tile{Level: level})
	}
	t := &e.levels[level]
	t.Data = append(t.Data, h[:]...)
	full := len(t.Data) == tileWidth*tlog.HashSize
	e.dirty[[2]int64{int64(level), t.N}] = *t
	if full {
		root := tileRoot(t.Data)
		*t = Tile{Level: level, N: t.N + 1}
		e.push(level+1, root)
	}
}

// tileRoot is the hash of a full tile's subtree.
func tileRoot(data []byte) tlog.Hash {
	row := make([]tlog.Hash, tileWidth)
	for i := range row {
		copy(row[i][:], data[i*tlog.HashSize:])
	}
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0]
}

// Tile lets proofs read what was added and is not stored yet.
func (e *edge) overlay(t TileReader) TileReader { return overlay{e.dirty, t} }

type overlay struct {
	dirty map[[2]int64]Tile
	below TileReader
}

func (o overlay) Tile(ctx context.Context, level int, n int64) ([]byte, error) {
	if t, ok := o.dirty[[2]int64{int64(level), n}]; ok {
		return t.Data, nil
	}
	return o.below.Tile(ctx, level, n)
}

func (e *edge) changed() []Tile {
	out := make([]Tile, 0, len(e.dirty))
	for _, t := range e.dirty {
		out = append(out, t)
	}
	return out
}
