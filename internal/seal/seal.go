// Package seal is the only place with ciphers. It seals bytes under keys, keys
// under keys, turns identifiers into blind indexes and subjects' ids into the
// ids that one organization sees.
//
//	master (file, or a key service)
//	└─ system keys: journal, index, labels, signing     table secret
//	└─ organization key                                  table organization
//	   └─ data key per subject and organization          table data_key
//	journal ─ journal key per subject                    table subject
//
// Whoever holds the database without the master key reads nothing. Destroying
// a data key destroys what it sealed in every backup that does not hold the
// key; nothing here keeps a second copy of a key.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Overhead is how much longer a sealed value is than the plain one.
const Overhead = 12 + 16

// Key is a 256-bit key. It seals with AES-256-GCM under a random nonce, which
// is safe for 2^32 values under one key.
type Key [32]byte

// ErrOpen is returned for a value that was changed, cut, or sealed under
// another key or for another place.
var ErrOpen = errors.New("sealed value does not open: changed, or not sealed here")

// NewKey returns a fresh key.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) //nolint:errcheck // since Go 1.24 it never fails: the program stops instead
	return k
}

func (k *Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // the length is fixed by the type
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // the block size is fixed by AES
	}
	return a
}

// Seal appends the sealed plain to dst. The same place must be given to open:
// it binds a value to where it belongs, so that rows cannot be swapped.
func (k *Key) Seal(dst, plain, place []byte) []byte {
	return k.aead().Seal(dst, nil, plain, place)
}

// Open returns what was sealed, or ErrOpen.
func (k *Key) Open(sealed, place []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrOpen
	}
	plain, err := k.aead().Open(nil, nil, sealed, place)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// Wrap seals a key under k.
func (k *Key) Wrap(inner Key, place []byte) []byte { return k.Seal(nil, inner[:], place) }

// Unwrap opens a key that was wrapped under k.
func (k *Key) Unwrap(wrapped, place []byte) (Key, error) {
	var inner Key
	plain, err := k.Open(wrapped, place)
	if err != nil || len(plain) != len(inner) {
		return inner, ErrOpen
	}
	copy(inner[:], plain)
	return inner, nil
}

// Blind returns the keyed hash by which an identifier is looked up. The space
// of identifiers is small: without the key the hash would be reversible.
func (k *Key) Blind(kind string, scope []byte, value string) [32]byte {
	h := hmac.New(sha256.New, k[:])
	for _, part := range [][]byte{[]byte(kind), scope, []byte(value)} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part))) //nolint:gosec // parts are short
		h.Write(n[:])
		h.Write(part)
	}
	var out [32]byte
	h.Sum(out[:0])
	return out
}

// Alias turns internal ids into the ids that one organization sees, and back:
// one AES block under that organization's key. No table is needed, two
// organizations cannot join their ids, and a made-up id turns into one that
// nobody has.
type Alias struct{ block cipher.Block }

// NewAlias returns the alias of an organization's key.
func NewAlias(k Key) Alias {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // the length is fixed by the type
	}
	return Alias{block}
}

// Outside returns the id that the organization sees.
func (a Alias) Outside(id [16]byte) (out [16]byte) {
	a.block.Encrypt(out[:], id[:])
	return out
}

// Inside returns the internal id of one that the organization sees.
func (a Alias) Inside(id [16]byte) (in [16]byte) {
	a.block.Decrypt(in[:], id[:])
	return in
}

// Place joins parts to the name of a place that a value is bound to. Each part
// is preceded by its length, so that no two places share a name.
func Place(kind string, parts ...[]byte) []byte {
	b := make([]byte, 0, len(kind)+1+len(parts)*20)
	b = append(b, kind...)
	b = append(b, 0)
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

// Uint returns n as a part of a place.
func Uint(n int64) []byte { return fmt.Appendf(nil, "%d", n) }
