package journal_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/seal"
	"kelisim/verify"
)

var start = time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)

// memory is a log store that forgets everything at the end.
type memory struct {
	leaves []verify.Commitment // committed, sealed or not
	size   int64
	tiles  map[[2]int64][]byte
	notes  []string
	fail   error // of the next Extend
}

func (m *memory) add(n int) {
	for range n {
		var c verify.Commitment
		binary.BigEndian.PutUint64(c[:], uint64(len(m.leaves))+1)
		m.leaves = append(m.leaves, c)
	}
}

func (m *memory) LogSize(context.Context) (int64, error) { return m.size, nil }

func (m *memory) Unsealed(_ context.Context, size int64, limit int) ([]journal.Leaf, error) {
	var out []journal.Leaf
	for _, c := range m.leaves[size:min(size+int64(limit), int64(len(m.leaves)))] {
		out = append(out, journal.Leaf{Commitment: c})
	}
	return out, nil
}

func (m *memory) Tile(_ context.Context, level int, n int64) ([]byte, error) {
	return m.tiles[[2]int64{int64(level), n}], nil
}

func (m *memory) Extend(_ context.Context, x *journal.Extension) error {
	if m.fail != nil {
		return m.fail
	}
	if x.From != m.size {
		return fault.New(fault.Conflict, "log-moved")
	}
	if m.tiles == nil {
		m.tiles = map[[2]int64][]byte{}
	}
	for _, t := range x.Tiles {
		m.tiles[[2]int64{int64(t.Level), t.N}] = slices.Clone(t.Data)
	}
	m.size, m.notes = x.Size, append(m.notes, x.Note)
	return nil
}

func (m *memory) Checkpoint(context.Context) (string, error) {
	if len(m.notes) == 0 {
		return "", nil
	}
	return m.notes[len(m.notes)-1], nil
}

func (m *memory) Commitments(_ context.Context, from, to int64) ([]verify.Commitment, error) {
	return m.leaves[from:to], nil
}

func (m *memory) Entries(context.Context, journal.Filter) ([]journal.Row, error) { return nil, nil }

func (m *memory) Entry(context.Context, journal.Filter, ident.ID) (*journal.Row, error) {
	return nil, fault.New(fault.NotFound, "entry-unknown")
}

func (m *memory) DeferralsOf(context.Context, ident.ID) ([]journal.Deferral, error) { return nil, nil }

func (m *memory) ConsentEntries(context.Context, ident.ID) ([]ident.ID, error) { return nil, nil }

func (m *memory) TermEntries(context.Context, ident.ID) ([]journal.TermEntry, error) { return nil, nil }

func newSealer(t testing.TB, m *memory) *journal.Sealer {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "kelisim/test")
	if err != nil {
		t.Fatal(err)
	}
	keys := &seal.Keyring{}
	if keys.Log, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	if keys.Checker, err = note.NewVerifier(public); err != nil {
		t.Fatal(err)
	}
	return &journal.Sealer{Store: m, Keys: keys, Now: func() time.Time { return start }, Log: slog.New(slog.DiscardHandler), Every: time.Millisecond}
}

// root is that of the leaves, by code that is not ours.
func root(leaves []verify.Commitment) tlog.Hash {
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, c := range leaves {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(c[:]), nil); err != nil {
			panic(err)
		}
	}
	if len(leaves) == 0 {
		return tlog.Hash(rfc6962.DefaultHasher.EmptyRoot())
	}
	h, err := r.GetRootHash(nil)
	if err != nil {
		panic(err)
	}
	return tlog.Hash(h)
}

// tiles reads the log as a client does: by the paths of C2SP tlog-tiles.
type tiles struct {
	r    *journal.Reader
	read int
}

func (c *tiles) Height() int { return journal.TileHeight }

func (c *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (c *tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range list {
		data, err := fetch(c.r, fmt.Sprintf("/log/tile/%d/%s", t.L, number(t)))
		if err != nil {
			return nil, err
		}
		c.read++
		out = append(out, data)
	}
	return out, nil
}

// number is N[.p/W] of a tile.
func number(t tlog.Tile) string {
	s := fmt.Sprintf("%03d", t.N%1000)
	for n := t.N / 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if t.W < 256 {
		s += fmt.Sprintf(".p/%d", t.W)
	}
	return s
}

// fetch answers a path of the log.
func fetch(r *journal.Reader, path string) ([]byte, error) {
	ctx := context.Background()
	if path == "/log/checkpoint" {
		s, err := r.Store.Checkpoint(ctx)
		return []byte(s), err
	}
	level, rest, _ := strings.Cut(strings.TrimPrefix(path, "/log/tile/"), "/")
	digits, partial, _ := strings.Cut(rest, ".p/")
	n, err := strconv.ParseInt(strings.NewReplacer("x", "", "/", "").Replace(digits), 10, 64)
	if err != nil {
		return nil, err
	}
	width := 0
	if partial != "" {
		if width, err = strconv.Atoi(partial); err != nil {
			return nil, err
		}
	}
	if level == "entries" {
		return r.Bundle(ctx, n, width)
	}
	l, err := strconv.Atoi(level)
	if err != nil {
		return nil, err
	}
	return r.Tile(ctx, l, n, width)
}

// check holds the stored log against its leaves with three clients that nobody
// here wrote: transparency-dev's tree, the tile reader of the Go checksum
// database, and our own replay by bundles.
func check(t testing.TB, m *memory, s *journal.Sealer) {
	t.Helper()
	signed, err := m.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := verify.OpenCheckpoint(signed, s.Keys.Checker)
	if err != nil || c.Size != m.size {
		t.Fatalf("a checkpoint of %d leaves, the log has %d: %v", c.Size, m.size, err)
	}
	if want := root(m.leaves[:m.size]); c.Root != want {
		t.Fatalf("the signed root of %d leaves is not theirs", m.size)
	}
	r := &journal.Reader{Store: m, Keys: s.Keys}
	checkTiles(t, r, c, m.leaves)
	if got, err := verify.CheckLog(s.Keys.Checker, func(path string) ([]byte, error) { return fetch(r, path) }); err != nil || got != c {
		t.Fatalf("replayed to %+v: %v", got, err)
	}
}

// checkTiles reads leaves and proofs by the tile reader of the Go checksum
// database.
func checkTiles(t testing.TB, r *journal.Reader, c verify.Checkpoint, leaves []verify.Commitment) {
	t.Helper()
	client := &tiles{r: r}
	hashes := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, client)
	for _, i := range []int64{0, c.Size / 2, c.Size - 1} {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		if err != nil || leaf[0] != leaves[i].Leaf() {
			t.Fatalf("leaf %d of %d is read as another: %v", i, c.Size, err)
		}
		p, err := tlog.ProveRecord(c.Size, i, hashes)
		if err != nil {
			t.Fatalf("leaf %d of %d: %v", i, c.Size, err)
		}
		if err := verify.CheckInclusion(verify.Proof(p), c.Size, i, c.Root, leaves[i]); err != nil {
			t.Fatalf("leaf %d of %d: %v", i, c.Size, err)
		}
	}
	if client.read == 0 {
		t.Fatal("no tile was read")
	}
}

// However the leaves come in, the tree is theirs, every checkpoint leads to the
// next, and its tiles serve clients that nobody here wrote.
func TestSealerGrowsOneTree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &memory{}
		s := newSealer(t, m)
		var points []verify.Checkpoint
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			n := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(250, 260), rapid.IntRange(0, 700)).Draw(rt, "leaves")
			m.add(n)
			took, err := s.Step(t.Context())
			if err != nil || took != n {
				rt.Fatalf("took %d of %d: %v", took, n, err)
			}
			if n == 0 {
				continue
			}
			check(t, m, s)
			c, err := verify.OpenCheckpoint(m.notes[len(m.notes)-1], s.Keys.Checker)
			if err != nil {
				rt.Fatal(err)
			}
			points = append(points, c)
		}
		consistent(rt, m, s, points)
	})
}

// consistent proves that each checkpoint leads to each later one.
func consistent(t *rapid.T, m *memory, s *journal.Sealer, points []verify.Checkpoint) {
	for i, old := range points {
		for _, c := range points[i:] {
			p, err := tlog.ProveTree(c.Size, old.Size, tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, &tiles{r: &journal.Reader{Store: m, Keys: s.Keys}}))
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(p, c.Size, c.Root, old.Size, old.Root); err != nil {
				t.Fatalf("from %d to %d: %v", old.Size, c.Size, err)
			}
		}
	}
}

// Past 65,536 leaves the tree has a third level of tiles, past one batch a
// sealing has several steps.
func TestSealerGrowsALargeTree(t *testing.T) {
	t.Parallel()
	m := &memory{}
	m.add(256*256 + 300)
	s := newSealer(t, m)
	for steps := 0; ; steps++ {
		n, err := s.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if steps != 5 {
				t.Errorf("%d steps", steps)
			}
			break
		}
	}
	check(t, m, s)
	if m.tiles[[2]int64{2, 0}] == nil {
		t.Fatal("there is no third level")
	}
}

// A step that did not land is taken again: no leaf is lost and none is doubled.
func TestSealerTriesAgain(t *testing.T) {
	t.Parallel()
	m := &memory{}
	s := newSealer(t, m)
	published := 0
	s.Published = func(string) { published++ }
	m.add(300)
	m.fail = errors.New("wanted by the test")
	if n, err := s.Step(t.Context()); err == nil || n != 0 || published != 0 {
		t.Fatalf("took %d, published %d: %v", n, published, err)
	}
	m.fail = nil
	m.add(1)
	if n, err := s.Step(t.Context()); err != nil || n != 301 || published != 1 {
		t.Fatalf("took %d, published %d: %v", n, published, err)
	}
	check(t, m, s)
}

// A stored tile that is not what it was stops the sealer: it signs nothing over
// a tree that it cannot read.
func TestSealerRefusesABrokenEdge(t *testing.T) {
	t.Parallel()
	m := &memory{}
	s := newSealer(t, m)
	m.add(300)
	if _, err := s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.tiles[[2]int64{0, 1}] = m.tiles[[2]int64{0, 1}][:32]
	m.add(1)
	if _, err := s.Step(t.Context()); err == nil {
		t.Fatal("sealed over a tile that is shorter than the tree")
	}
	if len(m.notes) != 1 {
		t.Fatal("signed something")
	}
}

// Run seals once more when it is stopped.
func TestSealerStopsWithNothingLeft(t *testing.T) {
	t.Parallel()
	m := &memory{}
	s := newSealer(t, m)
	s.Every = time.Hour
	m.add(5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Run(ctx)
	if m.size != 5 {
		t.Fatalf("%d of 5 leaves are sealed", m.size)
	}
}

// What a log does not have, it does not serve.
func TestTileAndBundleEnds(t *testing.T) {
	t.Parallel()
	m := &memory{}
	s := newSealer(t, m)
	m.add(300)
	if _, err := s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.add(10) // not sealed: nobody sees them
	r := &journal.Reader{Store: m, Keys: s.Keys}
	for path, size := range map[string]int{
		"/log/tile/0/000": 256 * 32, "/log/tile/0/000.p/7": 7 * 32, "/log/tile/0/001.p/44": 44 * 32, "/log/tile/1/000.p/1": 32,
		"/log/tile/0/001.p/45": -1, "/log/tile/0/001": -1, "/log/tile/0/002.p/1": -1, "/log/tile/1/000.p/2": -1, "/log/tile/2/000.p/1": -1,
		"/log/tile/entries/000": 256 * 34, "/log/tile/entries/001.p/44": 44 * 34, "/log/tile/entries/001.p/45": -1, "/log/tile/entries/001": -1,
	} {
		b, err := fetch(r, path)
		if size < 0 && fault.KindOf(err) != fault.NotFound || size >= 0 && (err != nil || len(b) != size) {
			t.Errorf("%s: %d bytes, %v", path, len(b), err)
		}
	}
}

// One signature serves a group: each of its promises holds for its own record
// and for no other.
func TestPromisesOfAGroup(t *testing.T) {
	t.Parallel()
	s := newSealer(t, &memory{})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "records")
		m := &memory{}
		m.add(n + 1)
		g := &journal.Group{}
		for i := range n {
			if at := g.Add(m.leaves[i]); at != i {
				t.Fatalf("record %d stands at %d", i, at)
			}
		}
		for i := range n {
			p, err := journal.Landed{Group: g, Index: i}.Promise(s.Keys.Log)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(s.Keys.Checker); err != nil || p.Leaf != m.leaves[i] {
				t.Fatalf("record %d: %v", i, err)
			}
			p.Leaf = m.leaves[(i+1)%(n+1)]
			if p.Check(s.Keys.Checker) == nil {
				t.Fatalf("record %d: the promise holds for another", i)
			}
			if _, err := verify.OpenCheckpoint(p.Note, s.Keys.Checker); err == nil {
				t.Fatal("a promise passes for a checkpoint of the log")
			}
		}
	})
}
