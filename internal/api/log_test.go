package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"kelisim/verify"
)

// tiles reads the log as a client of C2SP tlog-tiles does: by HTTP alone, with
// the tile reader of the Go project.
type tiles struct {
	get   func(path string) (*http.Response, []byte)
	asked map[string]bool
}

func (r *tiles) Height() int { return 8 }

func (r *tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, x := range list {
		path := "/log/" + strings.Replace(x.Path(), "tile/8/", "tile/", 1)
		res, b := r.get(path)
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, res.Status)
		}
		r.asked[path] = true
		out[i] = b
	}
	return out, nil
}

func (r *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// grow adds decisions and returns the checkpoint after them.
func (w *world) grow(t *testing.T, n int) verify.Checkpoint {
	t.Helper()
	one := `{"subject":"$subject","action":"view","purpose":"news"},`
	w.do(t, "operator", "POST", "/v1/decisions/batch", `{"decisions":[`+strings.Repeat(one, n-1)+one[:len(one)-1]+`]}`).want(t, 200)
	w.seal(t)
	c, err := verify.OpenCheckpoint(string(w.do(t, "", "GET", "/log/checkpoint", "").want(t, 200).body), logVerifier(t, w))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A client nobody here wrote checks by HTTP that every leaf is under the newest
// checkpoint and that each checkpoint only adds to the one before.
func TestLogByTileReader(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		get := w.live(t)
		r := &tiles{get, map[string]bool{}}
		sizes := []verify.Checkpoint{w.grow(t, 5), w.grow(t, 250), w.grow(t, 300)}
		newest := sizes[len(sizes)-1]
		hashes := tlog.TileHashReader(tlog.Tree{N: newest.Size, Hash: newest.Root}, r)
		for i, old := range sizes[:len(sizes)-1] {
			proof, err := tlog.ProveTree(newest.Size, old.Size, hashes)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(proof, newest.Size, newest.Root, old.Size, old.Root); err != nil {
				t.Errorf("checkpoint %d is not continued: %v", i, err)
			}
		}
		commitments := bundles(t, get, newest.Size)
		for _, leaf := range []int64{0, 1, 255, 256, 257, 511, newest.Size - 1} {
			proof, err := tlog.ProveRecord(newest.Size, leaf, hashes)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(proof, newest.Size, newest.Root, leaf, tlog.RecordHash(commitments[leaf])); err != nil {
				t.Errorf("leaf %d: %v", leaf, err)
			}
		}
		if !r.asked["/log/tile/0/000"] || !r.asked[fmt.Sprintf("/log/tile/0/002.p/%d", newest.Size-512)] || !r.asked["/log/tile/1/000.p/2"] {
			t.Error("the reader did not need what it should have: ", r.asked)
		}
		c, err := verify.CheckLog(logVerifier(t, w), func(path string) ([]byte, error) {
			res, b := get(path)
			if res.StatusCode != http.StatusOK {
				return nil, io.ErrUnexpectedEOF
			}
			return b, nil
		})
		if err != nil || c != newest {
			t.Error(c, err)
		}
	})
}

// bundles reads the tiles of entries.
func bundles(t *testing.T, get func(string) (*http.Response, []byte), size int64) [][]byte {
	t.Helper()
	var out [][]byte
	for n := int64(0); n*256 < size; n++ {
		path := fmt.Sprintf("/log/tile/entries/%03d", n)
		if rest := size - n*256; rest < 256 {
			path += fmt.Sprintf(".p/%d", rest)
		}
		_, b := get(path)
		for len(b) >= 2 {
			k := int(b[0])<<8 | int(b[1])
			out, b = append(out, b[2:2+k]), b[2+k:]
		}
	}
	if int64(len(out)) != size {
		t.Fatalf("%d commitments, want %d", len(out), size)
	}
	return out
}

// A full tile never changes and may be kept for ever; a partial one and the
// checkpoint may not.
func TestLogCaching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.grow(t, 300)
	full := w.do(t, "", "GET", "/log/tile/0/000", "").want(t, 200)
	w.grow(t, 300)
	if again := w.do(t, "", "GET", "/log/tile/0/000", ""); string(again.body) != string(full.body) || len(full.body) != 256*32 {
		t.Error("a full tile changed")
	}
	for path, immutable := range map[string]bool{
		"/log/tile/0/000": true, "/log/tile/entries/000": true, "/log/tile/0/001": true,
		"/log/tile/0/000.p/9": false, fmt.Sprintf("/log/tile/0/001.p/%d", first.Size-256): false, "/log/tile/1/000.p/1": false,
		"/log/tile/entries/000.p/3": false, "/log/checkpoint": false,
	} {
		a := w.do(t, "", "GET", path, "").want(t, 200)
		if got := strings.Contains(a.header.Get("Cache-Control"), "immutable"); got != immutable {
			t.Errorf("%s: %s", path, a.header.Get("Cache-Control"))
		}
	}
	if b := w.do(t, "", "GET", "/log/tile/0/000.p/9", "").body; string(b) != string(full.body[:9*32]) {
		t.Error("a partial tile is not the beginning of the full one")
	}
}

// What is no tile of this tree is not found, however it is written.
func TestLogRubbish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, "", "GET", "/log/checkpoint", "").want(t, 404) // before the first
	w.grow(t, 300)
	for _, path := range []string{
		"", "0", "0/", "/000", "0/0", "0/00", "0/0000", "0/000/", "0/+00", "0/-01", "0/x000", "0/00a", "0/000.p", "0/000.p/", "0/000.p/0",
		"0/000.p/256", "0/000.p/-1", "0/000.p/01", "0/000.p/1/2", "0/000.p/9x", "8/000", "-1/000", "00/000", "0x/000", "entries", "entries/",
		"entries/x", "data/000", "64/000", "99999999999999999999/000", "0/001", "0/001.p/250", "1/000", "entries/001", "0/x001/000",
		"0/x000/000", "entries/x000/000", "0/x999/x999/x999/x999/x999/999", "0/x000/x000/x000/x000/x000/x000/000",
		"entries/x072/x057/x594/x037/x927/936", "entries/x036/x028/x797/x018/x963/968",
		"0/000%00", "0/%FF00", "../checkpoint%2f",
	} {
		a := w.do(t, "", "GET", "/log/tile/"+path, "")
		if a.status < 300 || a.status >= 500 {
			t.Errorf("%s: %d, %d bytes", path, a.status, len(a.body))
		}
	}
}

func FuzzTilePath(f *testing.F) {
	for _, s := range []string{"000", "x001/234", "000.p/5", "x999/x999/x999/x999/x999/999", "x000/000", "000.p/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, width, ok := parseTile(s)
		if !ok {
			return
		}
		tile := tlog.Tile{H: 8, N: n, W: width}
		if width == 0 {
			tile.W = 256
		}
		if path := strings.TrimPrefix(tile.Path(), "tile/8/0/"); path != s || n<<8>>8 != n {
			t.Errorf("%q was read as %q", s, path)
		}
	})
}
