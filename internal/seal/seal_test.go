package seal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

// duty: L20, L21, L22.1.1
func TestSealedOpensOnlyInItsPlaceUnchanged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := NewKey()
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		place := rapid.SliceOf(rapid.Byte()).Draw(t, "place")
		sealed := k.Seal(nil, plain, place)
		got, err := k.Open(sealed, place)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("does not open: %v", err)
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "i")
		sealed[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := k.Open(sealed, place); err == nil {
			t.Fatal("opens after a bit was changed")
		}
		sealed = k.Seal(nil, plain, place)
		if _, err := k.Open(sealed, append([]byte{1}, place...)); err == nil {
			t.Fatal("opens in another place")
		}
	})
}

func TestPlacesDoNotCollide(t *testing.T) {
	t.Parallel()
	a := Place("v", []byte("ab"), []byte("c"))
	b := Place("v", []byte("a"), []byte("bc"))
	if bytes.Equal(a, b) {
		t.Fatal("two places share a name")
	}
}

func TestAliasIsPairwise(t *testing.T) {
	t.Parallel()
	a, b := NewAlias(NewKey()), NewAlias(NewKey())
	rapid.Check(t, func(t *rapid.T) {
		var id [16]byte
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if a.Inside(a.Outside(id)) != id {
			t.Fatal("an alias does not lead back")
		}
		if a.Outside(id) == b.Outside(id) {
			t.Fatal("two organizations see one id")
		}
	})
}

func TestMasterFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	m, err := CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateFile(path); err == nil {
		t.Fatal("a second creation overwrote the master key")
	}
	secrets, err := NewSecrets(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := OpenKeyring(again, secrets)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: "x\n"}, ring.Log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(ring.Checker)); err != nil {
		t.Fatalf("the public key does not match the log's key: %v", err)
	}
	other, err := CreateFile(filepath.Join(t.TempDir(), "other.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeyring(other, secrets); err == nil {
		t.Fatal("another master key opens the secrets")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path); err == nil {
		t.Fatal("a master key that others may read was accepted")
	}
}

func BenchmarkSeal(b *testing.B) {
	k := NewKey()
	plain := make([]byte, 300)
	place := Place("entry", make([]byte, 16), make([]byte, 16))
	b.ReportAllocs()
	for b.Loop() {
		k.Seal(nil, plain, place)
	}
}
