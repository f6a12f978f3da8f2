// Package pkitest issues certificates, signatures, time stamps, revocation lists and
// answers of responders for tests, in the shapes of Kazakhstan's national authority:
// by RSA, ECDSA and GOST 34.10-2015. Nothing signed by it means anything. Only tests
// may import it.
package pkitest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"kelisim/internal/gost"
	"kelisim/internal/gost/gosttest"
)

// Key signs, and says how others check it.
type Key struct {
	SPKI      []byte // SubjectPublicKeyInfo
	Algorithm string // of signatures
	Digest    string
	Sign      func(message []byte) []byte
	Hash      func(message []byte) []byte
}

// OIDs that tests exchange.
const (
	SHA256      = "2.16.840.1.101.3.4.2.1"
	RSASHA256   = "1.2.840.113549.1.1.11"
	ECDSASHA256 = "1.2.840.10045.4.3.2"
	Streebog512 = "1.2.398.3.10.1.3.3"
	GOST512     = "1.2.398.3.10.1.1.2.3.2"
	Streebog256 = "1.2.398.3.10.1.3.2"
	GOST256     = "1.2.398.3.10.1.1.2.3.1"
)

// GOST returns a key of GOST 34.10-2015 with 512 bits, the same for a name.
func GOST(name string) *Key {
	return gostKey(name, "1.2.398.3.10.1.1.2.2", "1.2.398.3.10.1.1.2.2.1", GOST512, Streebog512)
}

// Short returns a key of GOST 34.10-2015 with 256 bits, the same for a name.
func Short(name string) *Key {
	return gostKey(name, "1.2.398.3.10.1.1.2.1", "1.2.398.3.10.1.1.2.1.1", GOST256, Streebog256)
}

func gostKey(name, kind, set, algorithm, digest string) *Key {
	s := gosttest.New(gost.CurveOf(set), name)
	hash := func(m []byte) []byte {
		h := s.Hash()
		h.Write(m)
		return h.Sum(nil)
	}
	return &Key{
		SPKI: GOSTSPKI(kind, set, digest, s.Key()), Algorithm: algorithm, Digest: digest,
		Sign: func(m []byte) []byte { return s.Sign(hash(m)) }, Hash: hash,
	}
}

// GOSTSPKI writes a key of GOST, which may be no key at all.
func GOSTSPKI(kind, set, digest string, point []byte) []byte {
	return Seq(
		Seq(OID(kind), Seq(OID(set), OID(digest))),
		build(func(b *cryptobyte.Builder) { b.AddASN1BitString(TLV(tag.OCTET_STRING, point)) }),
	)
}

// ECDSA returns a new key.
func ECDSA() *Key {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return fromSigner(k, err, ECDSASHA256)
}

// Fixed returns a key of ECDSA, the same for a name, that signs the same each time:
// a fuzzer's processes have to agree.
func Fixed(name string) *Key {
	seed := sha256.Sum256([]byte(name))
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	must(err)
	fixed := fromSigner(k, nil, ECDSASHA256)
	fixed.Sign = func(m []byte) []byte {
		sig, err := k.Sign(nil, fixed.Hash(m), crypto.SHA256)
		must(err)
		return sig
	}
	return fixed
}

// RSA returns a key for each n, made once, because that takes long.
func RSA(n int) *Key {
	rsaMu.Lock()
	defer rsaMu.Unlock()
	if rsaKeys[n] == nil {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		rsaKeys[n] = fromSigner(k, err, RSASHA256)
	}
	return rsaKeys[n]
}

var (
	rsaMu   sync.Mutex
	rsaKeys = map[int]*Key{}
)

func fromSigner(s crypto.Signer, err error, algorithm string) *Key {
	must(err)
	spki, err := x509.MarshalPKIXPublicKey(s.Public())
	must(err)
	hash := func(m []byte) []byte {
		h := sha256.Sum256(m)
		return h[:]
	}
	return &Key{SPKI: spki, Algorithm: algorithm, Digest: SHA256, Hash: hash, Sign: func(m []byte) []byte {
		sig, err := s.Sign(rand.Reader, hash(m), crypto.SHA256)
		must(err)
		return sig
	}}
}

// Bits is the content of the BIT STRING in the key.
func (k *Key) Bits() []byte {
	in := cryptobyte.String(k.SPKI)
	var all cryptobyte.String
	var b []byte
	if !in.ReadASN1(&all, tag.SEQUENCE) || !all.SkipASN1(tag.SEQUENCE) || !all.ReadASN1BitStringAsBytes(&b) {
		panic("pkitest: not a key")
	}
	return b
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// The bricks of DER.

func build(f func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	f(&b)
	return b.BytesOrPanic()
}

// TLV is an element with the tag.
func TLV(t tag.Tag, parts ...[]byte) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(t, func(b *cryptobyte.Builder) {
			for _, p := range parts {
				b.AddBytes(p)
			}
		})
	})
}

// Seq is a SEQUENCE.
func Seq(parts ...[]byte) []byte { return TLV(tag.SEQUENCE, parts...) }

// Set is a SET.
func Set(parts ...[]byte) []byte { return TLV(tag.SET, parts...) }

// Octets is an OCTET STRING.
func Octets(parts ...[]byte) []byte { return TLV(tag.OCTET_STRING, parts...) }

// Part is the structure [n].
func Part(n uint8, parts ...[]byte) []byte {
	return TLV(tag.Tag(n).ContextSpecific().Constructed(), parts...)
}

// Field is the value [n].
func Field(n uint8, parts ...[]byte) []byte { return TLV(tag.Tag(n).ContextSpecific(), parts...) }

// Int is an INTEGER.
func Int(n int64) []byte { return build(func(b *cryptobyte.Builder) { b.AddASN1Int64(n) }) }

// OID is an OBJECT IDENTIFIER.
func OID(dotted string) []byte {
	var o asn1.ObjectIdentifier
	for p := range strings.SplitSeq(dotted, ".") {
		n, err := strconv.Atoi(p)
		must(err)
		o = append(o, n)
	}
	return build(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(o) })
}

// AlgorithmID is an AlgorithmIdentifier with NULL, as the national authority
// writes it.
func AlgorithmID(oid string) []byte { return Seq(OID(oid), TLV(tag.NULL)) }
