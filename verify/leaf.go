package verify

import (
	"crypto/sha256"
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// SaltSize is the length of the salt before an entry in its commitment.
const SaltSize = 16

// Commitment is what the public log holds of an entry: SHA-256 over a fresh
// salt and the encoded entry. Without the salt nobody can guess the entry from
// it, so it is not personal data and outlives the entry's destruction.
type Commitment [32]byte

// Commit returns the commitment of a salted entry.
func Commit(salt, entry []byte) Commitment {
	h := sha256.New()
	h.Write(salt)
	h.Write(entry)
	var c Commitment
	h.Sum(c[:0])
	return c
}

// Leaf returns the hash of the log's leaf that carries the commitment, as in
// RFC 6962: SHA-256(0x00, commitment).
func (c Commitment) Leaf() tlog.Hash { return tlog.RecordHash(c[:]) }

// Proof leads from a leaf to the root of a tree.
type Proof []tlog.Hash

// ErrProof is returned when an inclusion or consistency proof does not hold.
var ErrProof = errors.New("the proof does not lead to the signed root")

// CheckInclusion reports whether the leaf stands at index in the tree of the
// size and root.
func CheckInclusion(p Proof, size, index int64, root tlog.Hash, c Commitment) error {
	if index < 0 || index >= size {
		return ErrProof
	}
	if err := tlog.CheckRecord(tlog.RecordProof(p), size, root, index, c.Leaf()); err != nil {
		return ErrProof
	}
	return nil
}
