// Package gosttest makes keys and signatures of GOST R 34.10-2012 for tests. Its
// arithmetic is the plainest there is and shares nothing with that of package
// gost, so each is a second opinion on the other. Its numbers follow from a
// seed: nothing signed by it is a secret, and only tests may import it.
package gosttest

import (
	"hash"
	"math/big"
	"slices"

	"kelisim/internal/gost"
)

// A Signer holds a private key.
type Signer struct {
	Curve   *gost.Curve
	private *big.Int
}

// New returns the signer of a seed.
func New(c *gost.Curve, seed string) *Signer { return WithKey(c, scalar(c, "key", []byte(seed))) }

// WithKey returns the signer with the private key.
func WithKey(c *gost.Curve, private *big.Int) *Signer { return &Signer{c, private} }

// Key is the public key as certificates carry it.
func (s *Signer) Key() []byte {
	q := Times(s.Curve, s.private, Point{s.Curve.X, s.Curve.Y})
	return append(little(q.X, s.Curve.Size), little(q.Y, s.Curve.Size)...)
}

// Hash is the hash function that goes with the curve.
func (s *Signer) Hash() hash.Hash {
	if s.Curve.Size == gost.Size512 {
		return gost.New512()
	}
	return gost.New256()
}

// Sign returns r and s, both little-endian, as the national authority's library
// writes a signature.
func (s *Signer) Sign(digest []byte) []byte {
	r, t := s.Numbers(digest, scalar(s.Curve, "once", slices.Concat(s.private.Bytes(), digest)))
	return append(little(r, s.Curve.Size), little(t, s.Curve.Size)...)
}

// Numbers returns r and s for the number k that must not be used twice.
func (s *Signer) Numbers(digest []byte, k *big.Int) (r, t *big.Int) {
	q := s.Curve.Q
	b := slices.Clone(digest)
	slices.Reverse(b)
	e := new(big.Int).Mod(new(big.Int).SetBytes(b), q)
	if e.Sign() == 0 {
		e.SetInt64(1)
	}
	r = new(big.Int).Mod(Times(s.Curve, k, Point{s.Curve.X, s.Curve.Y}).X, q)
	t = new(big.Int).Mul(r, s.private)
	t.Add(t, new(big.Int).Mul(k, e))
	return r, t.Mod(t, q)
}

func scalar(c *gost.Curve, use string, seed []byte) *big.Int {
	h := gost.New512()
	h.Write([]byte(use))
	h.Write(seed)
	n := new(big.Int).SetBytes(h.Sum(nil))
	return n.Mod(n, new(big.Int).Sub(c.Q, big.NewInt(1))).Add(n, big.NewInt(1))
}

func little(n *big.Int, size int) []byte {
	b := n.FillBytes(make([]byte, size))
	slices.Reverse(b)
	return b
}

// A Point of a curve; X is nil at infinity.
type Point struct{ X, Y *big.Int }

// Add adds two points as on paper: a slope, and where its line meets the curve.
func Add(c *gost.Curve, a, b Point) Point {
	if a.X == nil {
		return b
	}
	if b.X == nil {
		return a
	}
	rise, run := new(big.Int).Sub(b.Y, a.Y), new(big.Int).Sub(b.X, a.X)
	if run.Sign() == 0 {
		if rise.Sign() != 0 || a.Y.Sign() == 0 {
			return Point{}
		}
		rise.Mul(a.X, a.X).Mul(rise, big.NewInt(3)).Add(rise, c.A)
		run.Lsh(a.Y, 1)
	}
	slope := rise.Mul(rise, run.ModInverse(run.Mod(run, c.P), c.P))
	slope.Mod(slope, c.P)
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, a.X).Sub(x, b.X).Mod(x, c.P)
	y := new(big.Int).Sub(a.X, x)
	y.Mul(y, slope).Sub(y, a.Y).Mod(y, c.P)
	return Point{x, y}
}

// Times adds a point n times.
func Times(c *gost.Curve, n *big.Int, p Point) Point {
	var sum Point
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum = Add(c, sum, sum)
		if n.Bit(i) == 1 {
			sum = Add(c, sum, p)
		}
	}
	return sum
}
