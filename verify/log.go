package verify

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tileWidth is how many hashes or entries a tile of C2SP tlog-tiles has.
const tileWidth = 256

// CheckLog replays a log in the form of C2SP tlog-tiles: it fetches the
// checkpoint and every bundle of entries under it and reports whether they make
// the tree that was signed. fetch reads a path such as /log/checkpoint.
func CheckLog(key note.Verifier, fetch func(path string) ([]byte, error)) (Checkpoint, error) {
	signed, err := fetch("/log/checkpoint")
	if err != nil {
		return Checkpoint{}, fmt.Errorf("fetch checkpoint: %w", err)
	}
	c, err := OpenCheckpoint(string(signed), key)
	if err != nil {
		return c, err
	}
	var h fold
	for n := int64(0); n*tileWidth < c.Size; n++ {
		width := min(c.Size-n*tileWidth, tileWidth)
		list, err := fetchBundle(fetch, n, width)
		if err != nil {
			return c, fmt.Errorf("entries %d: %w", n, err)
		}
		for _, x := range list {
			h.add(x.Leaf())
		}
	}
	root, err := h.root()
	if err != nil {
		return c, err
	}
	if root != c.Root {
		return c, fmt.Errorf("the entries do not make the signed tree of size %d: %w", c.Size, ErrProof)
	}
	return c, nil
}

var errBundle = errors.New("not a bundle of commitments")

func fetchBundle(fetch func(string) ([]byte, error), n, width int64) ([]Commitment, error) {
	path := "/log/tile/entries/" + tileNumber(n)
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	b, err := fetch(path)
	if err != nil {
		return nil, err
	}
	const size = 2 + len(Commitment{})
	if int64(len(b)) != width*int64(size) {
		return nil, errBundle
	}
	out := make([]Commitment, width)
	for i := range out {
		part := b[i*size:]
		if part[0] != 0 || int(part[1]) != len(Commitment{}) {
			return nil, errBundle
		}
		copy(out[i][:], part[2:])
	}
	return out, nil
}

// tileNumber writes 1234067 as x001/x234/067.
func tileNumber(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

// fold is a tree kept as the roots of its full subtrees, from large to small.
type fold struct {
	size  int64
	roots []tlog.Hash
}

func (f *fold) add(leaf tlog.Hash) {
	f.roots = append(f.roots, leaf)
	for n := f.size; n&1 == 1; n >>= 1 {
		k := len(f.roots)
		f.roots = append(f.roots[:k-2], tlog.NodeHash(f.roots[k-2], f.roots[k-1]))
	}
	f.size++
}

func (f *fold) root() (tlog.Hash, error) {
	if f.size == 0 {
		return tlog.TreeHash(0, nil)
	}
	h := f.roots[len(f.roots)-1]
	for i := len(f.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.roots[i], h)
	}
	return h, nil
}
