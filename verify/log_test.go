package verify_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"kelisim/verify"
)

// tree is a small log with everything in memory.
type tree struct {
	signer  note.Signer
	public  string
	key     note.Verifier
	entries [][]byte
	salts   [][]byte
	leaves  []verify.Commitment
	hashes  []tlog.Hash // as tlog stores them
}

func (l *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// newTree is a log of n entries.
func newTree(t testing.TB, n int) *tree {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "kelisim/test")
	if err != nil {
		t.Fatal(err)
	}
	l := &tree{}
	l.public = public
	if l.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	if l.key, err = note.NewVerifier(public); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := verify.Entry{ID: verify.ID{byte(i)}, At: int64(i), Organization: "150940018738", Actor: verify.Actor{Kind: "system"}, Action: "view"}
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		salt := make([]byte, verify.SaltSize)
		rand.Read(salt)
		l.entries, l.salts = append(l.entries, b), append(l.salts, salt)
		l.leaves = append(l.leaves, verify.Commit(salt, b))
		more, err := tlog.StoredHashesForRecordHash(int64(i), l.leaves[i].Leaf(), l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, more...)
	}
	return l
}

func (l *tree) checkpoint(t testing.TB, size int64) (string, verify.Checkpoint) {
	t.Helper()
	root, err := tlog.TreeHash(size, l)
	if err != nil {
		t.Fatal(err)
	}
	c := verify.Checkpoint{Origin: l.key.Name(), Size: size, Root: root}
	signed, err := c.Sign(l.signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed, c
}

func (l *tree) receipt(t testing.TB, i, size int64) *verify.Receipt {
	t.Helper()
	p, err := tlog.ProveRecord(size, i, l)
	if err != nil {
		t.Fatal(err)
	}
	signed, _ := l.checkpoint(t, size)
	return &verify.Receipt{
		Type: verify.TypeReceipt, Key: l.public, Entry: l.entries[i], Salt: l.salts[i], Index: i, Proof: verify.Proof(p), Checkpoint: signed,
	}
}

func (l *tree) promise(t testing.TB, i int64) *verify.Promise {
	t.Helper()
	size := int64(len(l.leaves))
	p, err := tlog.ProveRecord(size, i, l)
	if err != nil {
		t.Fatal(err)
	}
	_, c := l.checkpoint(t, size)
	signed, err := note.Sign(&note.Note{Text: verify.PromiseText(l.key.Name(), c)}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	return &verify.Promise{Leaf: l.leaves[i], Index: i, Proof: verify.Proof(p), Note: string(signed)}
}

// Our proofs hold by code that is not ours, and the other way about.
func TestProofsHoldIndependently(t *testing.T) {
	t.Parallel()
	l := newTree(t, 70)
	h := rfc6962.DefaultHasher
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Int64Range(1, 70).Draw(rt, "size")
		i := rapid.Int64Range(0, size-1).Draw(rt, "index")
		r := l.receipt(t, i, size)
		_, c := l.checkpoint(t, size)
		if _, got, err := r.Check(l.key); err != nil || got != c {
			rt.Fatal(got, err)
		}
		var hashes [][]byte
		for _, p := range r.Proof {
			hashes = append(hashes, p[:])
		}
		leaf := h.HashLeaf(l.leaves[i][:])
		if err := proof.VerifyInclusion(h, uint64(i), uint64(size), leaf, hashes, c.Root[:]); err != nil {
			rt.Fatalf("leaf %d of %d: %v", i, size, err)
		}
		older := rapid.Int64Range(1, size).Draw(rt, "older")
		_, was := l.checkpoint(t, older)
		p, err := tlog.ProveTree(size, older, l)
		if err != nil {
			rt.Fatal(err)
		}
		hashes = nil
		for _, x := range p {
			hashes = append(hashes, x[:])
		}
		if err := proof.VerifyConsistency(h, uint64(older), uint64(size), hashes, was.Root[:], c.Root[:]); err != nil {
			rt.Fatalf("from %d to %d: %v", older, size, err)
		}
	})
}

// A receipt with one bit changed, of the entry, the salt, the place, the proof
// or the checkpoint, does not hold.
func TestChangedReceiptDoesNotHold(t *testing.T) {
	t.Parallel()
	l := newTree(t, 37)
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Int64Range(2, 37).Draw(rt, "size")
		i := rapid.Int64Range(0, size-1).Draw(rt, "index")
		r := l.receipt(t, i, size)
		flip := func(b []byte) {
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		}
		r.Entry, r.Salt, r.Proof = slices.Clone(r.Entry), slices.Clone(r.Salt), slices.Clone(r.Proof)
		switch what := rapid.SampledFrom([]string{"entry", "salt", "proof", "checkpoint", "index", "longer", "shorter", "type", "another's"}).Draw(rt, "what"); what {
		case "entry":
			flip(r.Entry)
		case "salt":
			flip(r.Salt)
		case "proof":
			flip(r.Proof[rapid.IntRange(0, len(r.Proof)-1).Draw(rt, "hash")][:])
		case "checkpoint":
			r.Checkpoint = flipNote(rt, r.Checkpoint)
		case "index":
			r.Index ^= 1 << rapid.IntRange(0, 62).Draw(rt, "bit")
		case "longer":
			r.Proof = append(r.Proof, tlog.Hash{})
		case "shorter":
			r.Proof = r.Proof[1:]
		case "type":
			r.Type = verify.TypePromise
		case "another's":
			o := (i + 1) % size
			r.Entry, r.Salt = l.entries[o], l.salts[o]
		}
		if _, _, err := r.Check(l.key); err == nil {
			rt.Fatal("holds")
		}
	})
}

// blind is the receipt of a leaf without what stands in it.
func (l *tree) blind(t testing.TB, i, size int64) *verify.Receipt {
	t.Helper()
	r := l.receipt(t, i, size)
	r.Type, r.Entry, r.Salt, r.Commitment = verify.TypeBlindReceipt, nil, nil, l.leaves[i][:]
	return r
}

// A blind receipt proves a leaf, tells nothing of the entry, and does not pass
// for a receipt; with anything in it changed it does not hold.
func TestBlindReceipt(t *testing.T) {
	t.Parallel()
	l := newTree(t, 37)
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Int64Range(2, 37).Draw(rt, "size")
		i := rapid.Int64Range(0, size-1).Draw(rt, "index")
		r := l.blind(t, i, size)
		_, want := l.checkpoint(t, size)
		if x, c, err := r.CheckBlind(l.key); err != nil || x != l.leaves[i] || c != want {
			rt.Fatal(x, c, err)
		}
		if _, _, err := r.Check(l.key); err == nil {
			rt.Fatal("passes for a receipt of an entry")
		}
		file, err := json.Marshal(r)
		if kind, _ := verify.KindOf(file); err != nil || kind != verify.TypeBlindReceipt {
			rt.Fatal(kind, err)
		}
		if strings.Contains(string(file), `"entry"`) || strings.Contains(string(file), `"salt"`) {
			rt.Fatalf("tells of the entry: %s", file)
		}
		r.Commitment, r.Proof = slices.Clone(r.Commitment), slices.Clone(r.Proof)
		flip := func(b []byte) {
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		}
		switch rapid.SampledFrom([]string{"commitment", "proof", "checkpoint", "index", "longer", "shorter", "type", "entry", "salt", "another's", "cut", "none"}).Draw(rt, "what") {
		case "commitment":
			flip(r.Commitment)
		case "proof":
			flip(r.Proof[rapid.IntRange(0, len(r.Proof)-1).Draw(rt, "hash")][:])
		case "checkpoint":
			r.Checkpoint = flipNote(rt, r.Checkpoint)
		case "index":
			r.Index ^= 1 << rapid.IntRange(0, 62).Draw(rt, "bit")
		case "longer":
			r.Proof = append(r.Proof, tlog.Hash{})
		case "shorter":
			r.Proof = r.Proof[1:]
		case "type":
			r.Type = verify.TypeReceipt
		case "entry":
			r.Entry = l.entries[i]
		case "salt":
			r.Salt = l.salts[i]
		case "another's":
			r.Commitment = l.leaves[(i+1)%size][:]
		case "cut":
			r.Commitment = r.Commitment[:31]
		case "none":
			r.Commitment = nil
		}
		if _, _, err := r.CheckBlind(l.key); err == nil {
			rt.Fatal("holds")
		}
	})
}

// Nor does a receipt that shows an entry pass with a commitment beside it.
func TestReceiptHasNoCommitment(t *testing.T) {
	t.Parallel()
	l := newTree(t, 3)
	r := l.receipt(t, 1, 3)
	r.Commitment = l.leaves[1][:]
	if _, _, err := r.Check(l.key); err == nil {
		t.Error("two ways to say what is proven")
	}
}

func TestChangedPromiseDoesNotHold(t *testing.T) {
	t.Parallel()
	l := newTree(t, 21)
	signed, _ := l.checkpoint(t, 21)
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.Int64Range(0, 20).Draw(rt, "index")
		p := l.promise(t, i)
		if err := p.Check(l.key); err != nil {
			rt.Fatal(err)
		}
		flip := func(b []byte) {
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		}
		switch what := rapid.SampledFrom([]string{"leaf", "proof", "note", "index", "a checkpoint"}).Draw(rt, "what"); what {
		case "leaf":
			flip(p.Leaf[:])
		case "proof":
			flip(p.Proof[rapid.IntRange(0, len(p.Proof)-1).Draw(rt, "hash")][:])
		case "note":
			p.Note = flipNote(rt, p.Note)
		case "index":
			p.Index ^= 1 << rapid.IntRange(0, 62).Draw(rt, "bit")
		case "a checkpoint":
			p.Note = signed
		}
		if p.Check(l.key) == nil {
			rt.Fatal("holds")
		}
	})
}

// flipNote changes one bit of what a note says or of its signature. The last
// character of base64 has bits that mean nothing: those are left alone.
func flipNote(t *rapid.T, signed string) string {
	b := []byte(signed)
	end := strings.LastIndexAny(strings.TrimRight(signed, "=\n"), "+/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	b[rapid.IntRange(0, end-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	return string(b)
}

func TestCheckpointForm(t *testing.T) {
	t.Parallel()
	l := newTree(t, 3)
	root := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"as it should be":      {"kelisim/test\n3\n" + root + "\n", true},
		"with an extension":    {"kelisim/test\n3\n" + root + "\nmore\n", true},
		"empty":                {"kelisim/test\n0\n" + root + "\n", true},
		"of another log":       {"kelisim/other\n3\n" + root + "\n", false},
		"a promise":            {"kelisim/test/promise\n3\n" + root + "\n", false},
		"two lines":            {"kelisim/test\n3\n", false},
		"a size with a zero":   {"kelisim/test\n03\n" + root + "\n", false},
		"a size with a plus":   {"kelisim/test\n+3\n" + root + "\n", false},
		"a negative size":      {"kelisim/test\n-3\n" + root + "\n", false},
		"a size beyond bounds": {"kelisim/test\n9223372036854775808\n" + root + "\n", false},
		"a short root":         {"kelisim/test\n3\n" + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n", false},
		"no root":              {"kelisim/test\n3\nx\n", false},
	} {
		signed, err := note.Sign(&note.Note{Text: c.text}, l.signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify.OpenCheckpoint(string(signed), l.key); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := newTree(t, 1)
	signed, _ := other.checkpoint(t, 1)
	if _, err := verify.OpenCheckpoint(signed, l.key); err == nil {
		t.Error("signed by another key of the same name")
	}
}

// fetch serves the log as C2SP tlog-tiles does.
func (l *tree) fetch(t testing.TB, change func(path string, b []byte) []byte) func(string) ([]byte, error) {
	signed, _ := l.checkpoint(t, int64(len(l.leaves)))
	return func(path string) ([]byte, error) {
		b := []byte(signed)
		if n, ok := strings.CutPrefix(path, "/log/tile/entries/"); ok {
			var tile, width int
			if _, err := fmt.Sscanf(n, "%d.p/%d", &tile, &width); err != nil {
				width = 256
			}
			b = nil
			for _, c := range l.leaves[tile*256:][:width] {
				b = append(append(b, 0, 32), c[:]...)
			}
		}
		return change(path, b), nil
	}
}

func TestCheckLog(t *testing.T) {
	t.Parallel()
	same := func(_ string, b []byte) []byte { return b }
	for _, n := range []int{0, 1, 255, 256, 257, 700} {
		l := newTree(t, n)
		_, want := l.checkpoint(t, int64(n))
		if c, err := verify.CheckLog(l.key, l.fetch(t, same)); err != nil || c != want {
			t.Errorf("%d leaves: %+v, %v", n, c, err)
		}
	}
	l := newTree(t, 300)
	rapid.Check(t, func(rt *rapid.T) {
		what := rapid.SampledFrom([]string{"/log/checkpoint", "/log/tile/entries/000", "/log/tile/entries/001.p/44"}).Draw(rt, "path")
		_, err := verify.CheckLog(l.key, l.fetch(t, func(path string, b []byte) []byte {
			if path != what {
				return b
			}
			if path == "/log/checkpoint" {
				return []byte(flipNote(rt, string(b)))
			}
			if rapid.Bool().Draw(rt, "cut") {
				return b[:rapid.IntRange(0, len(b)-1).Draw(rt, "length")]
			}
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			return b
		}))
		if err == nil {
			rt.Fatalf("whole with %s changed", what)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	l := newTree(f, 5)
	signed, c := l.checkpoint(f, 5)
	f.Add(signed)
	f.Add(strings.Replace(signed, "5", "6", 1))
	f.Add("kelisim/test\n5\n\n— kelisim/test AAAA\n")
	f.Fuzz(func(t *testing.T, msg string) {
		if got, err := verify.OpenCheckpoint(msg, l.key); err == nil && got != c {
			t.Fatalf("opened %+v, which nobody signed", got)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	l := newTree(f, 9)
	for i := range int64(3) {
		b, err := json.Marshal(l.receipt(f, i*4, 9))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		if b, err = json.Marshal(l.blind(f, i*4, 9)); err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"type":"kelisim-receipt/1","salt":"AAAAAAAAAAAAAAAAAAAAAA==","index":-1,"proof":[null]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		var r verify.Receipt
		if json.Unmarshal(file, &r) != nil {
			return
		}
		if x, c, err := r.CheckBlind(l.key); err == nil && (c.Size != 9 || x != l.leaves[r.Index]) {
			t.Fatal("a receipt of a leaf that is not in the log")
		}
		e, c, err := r.Check(l.key)
		if err != nil {
			return
		}
		want, err := verify.DecodeEntry(l.entries[r.Index])
		if err != nil || c.Size != 9 || !reflect.DeepEqual(e, want) {
			t.Fatalf("a receipt of what is not in the log: %+v", e)
		}
	})
}

func FuzzPromise(f *testing.F) {
	l := newTree(f, 9)
	for i := range int64(3) {
		b, err := json.Marshal(l.promise(f, i*4))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, l.leaves[i*4][:])
	}
	f.Add([]byte(`{"index":9223372036854775807,"proof":[],"note":""}`), []byte{})
	f.Fuzz(func(t *testing.T, file, leaf []byte) {
		var p verify.Promise
		if json.Unmarshal(file, &p) != nil {
			return
		}
		copy(p.Leaf[:], leaf)
		if p.Check(l.key) == nil && !slices.Contains(l.leaves, p.Leaf) {
			t.Fatal("a promise of what was never given")
		}
	})
}
