package govstack

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kelisim/internal/seal"
)

func keyring(t testing.TB) *seal.Keyring {
	t.Helper()
	m, err := seal.CreateFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := seal.NewSecrets(m)
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.OpenKeyring(m, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func chainOf(t *testing.T, keys *seal.Keyring, n int) []Revision {
	t.Helper()
	var out []Revision
	for i := range n {
		now := time.Date(2026, 11, 26, 9, 0, i, 0, time.UTC)
		s := &Snapshot{SchemaName: "Policy", ObjectID: "p", Timestamp: stamp(now), AuthorizedByOther: "system x"}
		r, err := revise(keys, now, "p", s, &Policy{ID: "p", Name: "x", Version: string(rune('1' + i))}, last(out))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, *r)
	}
	return out
}

// Whatever is changed in a chain, taken out of it, put in or moved, shows with the
// public keys alone.
func TestChainCannotBeForged(t *testing.T) {
	t.Parallel()
	keys, others := keyring(t), keyring(t)
	good := chainOf(t, keys, 4)
	if err := CheckChain(good, keys.JWKS); err != nil {
		t.Fatal(err)
	}
	if err := CheckChain(good, others.JWKS); err == nil {
		t.Error("the keys of another installation took it")
	}
	foreign := chainOf(t, others, 4)
	for name, forge := range map[string]func(l []Revision) []Revision{
		"a snapshot": func(l []Revision) []Revision { l[1].SerializedSnapshot += " "; return l },
		"a hash":     func(l []Revision) []Revision { l[1].SerializedHash = l[2].SerializedHash; return l },
		"snapshot, hash": func(l []Revision) []Revision {
			l[1].SerializedSnapshot += " "
			l[1].SerializedHash = Hash(l[1].SerializedSnapshot)
			return l
		},
		"a time":          func(l []Revision) []Revision { l[1].Timestamp = l[2].Timestamp; return l },
		"an object":       func(l []Revision) []Revision { l[1].ObjectID = "q"; return l },
		"an id":           func(l []Revision) []Revision { l[1].ID = l[2].ID; return l },
		"a schema":        func(l []Revision) []Revision { l[1].SchemaName = "Webhook"; return l },
		"a predecessor":   func(l []Revision) []Revision { l[1].PredecessorHash = ""; return l },
		"its signature":   func(l []Revision) []Revision { l[2].PredecessorSignature = l[2].Signature; return l },
		"no signature":    func(l []Revision) []Revision { l[1].Signature = ""; return l },
		"signature moved": func(l []Revision) []Revision { l[1].Signature = l[2].Signature; return l },
		"one out":         func(l []Revision) []Revision { return slices.Delete(l, 1, 2) },
		"one twice":       func(l []Revision) []Revision { return slices.Insert(l, 1, l[0]) },
		"two swapped":     func(l []Revision) []Revision { l[1], l[2] = l[2], l[1]; return l },
		"a foreign one":   func(l []Revision) []Revision { l[1] = foreign[1]; return l },
	} {
		if err := CheckChain(forge(slices.Clone(good)), keys.JWKS); err == nil {
			t.Errorf("forged (%s), and taken", name)
		}
	}
}
