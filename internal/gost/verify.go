package gost

import (
	"errors"
	"math/big"
	"slices"
)

// Key is a public key: a point of its curve.
type Key struct {
	Curve *Curve
	x, y  *big.Int
}

// NewKey reads a key as certificates carry it: x, then y, each little-endian
// and of the curve's size. A point off the curve or outside of the subgroup is
// refused: over it, signatures could be made by anybody.
func NewKey(c *Curve, key []byte) (*Key, error) {
	if len(key) != 2*c.Size {
		return nil, errors.New("gost: a key of the wrong length")
	}
	k := &Key{c, littleEndian(key[:c.Size]), littleEndian(key[c.Size:])}
	if k.x.Cmp(c.P) >= 0 || k.y.Cmp(c.P) >= 0 || !c.has(k.x, k.y) {
		return nil, errors.New("gost: a key off the curve")
	}
	if c.Cofactor != 1 && !c.combine(c.Q, affine(k.x, k.y), new(big.Int), affine(c.X, c.Y)).infinite() {
		return nil, errors.New("gost: a key outside of the subgroup")
	}
	return k, nil
}

// Verify reports whether the signature is over the digest by this key.
//
// The numbers r and s of a signature are written in two ways, one the other back
// to front: s, then r, big-endian (RFC 9215), or r, then s, little-endian, as the
// library of Kazakhstan's authority does it in CMS and in certificates. Both are
// tried. That weakens nothing: whichever reading passes is a pair that satisfies
// the equation for this key and this digest, and who could find bytes that pass
// either reading could forge for one of the two. It only means that a signature
// has more than one spelling, so never take its bytes for an identifier.
func (k *Key) Verify(digest, signature []byte) bool {
	n := k.Curve.Size
	if len(digest) != n || len(signature) != 2*n {
		return false
	}
	e := littleEndian(digest)
	return k.holds(e, littleEndian(signature[:n]), littleEndian(signature[n:])) ||
		k.holds(e, bigEndian(signature[n:]), bigEndian(signature[:n]))
}

// holds is the check of RFC 7091, section 6.2, over the digest as a number.
func (k *Key) holds(digest, r, s *big.Int) bool {
	c := k.Curve
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(c.Q) >= 0 || s.Cmp(c.Q) >= 0 {
		return false
	}
	e := new(big.Int).Mod(digest, c.Q)
	if e.Sign() == 0 {
		e.SetInt64(1)
	}
	e.ModInverse(e, c.Q)
	m := new(big.Int).Mul(s, e)
	n := new(big.Int).Mul(r, e)
	n.Neg(n)
	p := c.combine(m.Mod(m, c.Q), affine(c.X, c.Y), n.Mod(n, c.Q), affine(k.x, k.y))
	if p.infinite() {
		return false
	}
	z := new(big.Int).ModInverse(p.z, c.P)
	x := c.mul(p.x, c.mul(z, z))
	return x.Mod(x, c.Q).Cmp(r) == 0
}

func bigEndian(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

func littleEndian(b []byte) *big.Int {
	r := slices.Clone(b)
	slices.Reverse(r)
	return bigEndian(r)
}
