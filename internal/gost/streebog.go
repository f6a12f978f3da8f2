// Package gost checks signatures of GOST R 34.10-2012, which Kazakhstan's
// national certification authority issues as GOST 34.10-2015, and hashes by
// GOST R 34.11-2012 (Streebog). Sources: RFC 6986, RFC 7091, RFC 7836.
//
// It only verifies. There are no private keys and no secrets here, so nothing
// has to be constant in time, and math/big will do. It knows no certificates
// and no containers: those who parse them hand over a curve, the bytes of a key,
// a digest and the bytes of a signature.
package gost

import (
	"encoding/binary"
	"hash"
)

// Sizes of Streebog, in bytes.
const (
	Size256   = 32
	Size512   = 64
	BlockSize = 64
)

// A block is 512 bits as eight words. Word 0 holds the bytes that come first.
type block [8]uint64

type digest struct {
	h, n, sum block // the state, the bits so far, the sum of the blocks so far
	buf       [BlockSize]byte
	held      int // bytes in buf
	size      int
}

// New512 returns Streebog with 512 bits of output.
func New512() hash.Hash { return fresh(Size512) }

// New256 returns Streebog with 256 bits of output.
func New256() hash.Hash { return fresh(Size256) }

func fresh(size int) *digest {
	d := &digest{size: size}
	d.Reset()
	return d
}

func (d *digest) Size() int      { return d.size }
func (d *digest) BlockSize() int { return BlockSize }

// Reset puts the state back to the start, which tells the two sizes apart.
func (d *digest) Reset() {
	*d = digest{size: d.size}
	if d.size == Size256 {
		for i := range d.h {
			d.h[i] = 0x0101010101010101
		}
	}
}

func (d *digest) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		n := copy(d.buf[d.held:], p)
		d.held += n
		p = p[n:]
		if d.held == BlockSize {
			d.absorb()
			d.held = 0
		}
	}
	return written, nil
}

// Sum works on a copy, so that writing may go on after it.
func (d *digest) Sum(in []byte) []byte {
	c := *d
	clear(c.buf[c.held:])
	c.buf[c.held] = 1
	c.absorb()
	c.h = compress(block{}, c.h, c.n)
	c.h = compress(block{}, c.h, c.sum)
	var out [Size512]byte
	for i, w := range c.h {
		binary.LittleEndian.PutUint64(out[8*i:], w)
	}
	return append(in, out[Size512-c.size:]...)
}

// absorb takes the block in buf, of which held bytes are the message's.
func (d *digest) absorb() {
	var m block
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(d.buf[8*i:])
	}
	d.h = compress(d.n, d.h, m)
	d.n = add(d.n, block{8 * uint64(d.held)}) //nolint:gosec // held is 64 at most
	d.sum = add(d.sum, m)
}

// compress is the function g of RFC 6986, section 8.
func compress(n, h, m block) block {
	k := lps(xor(h, n))
	e := m
	for _, c := range rounds {
		e = lps(xor(k, e))
		k = lps(xor(k, c))
	}
	return xor(xor(k, e), xor(h, m))
}

// lps substitutes bytes, transposes them and multiplies by the matrix, in one
// pass over tables.
func lps(b block) block {
	var out block
	for i := range out {
		for j, w := range b {
			out[i] ^= tables[j][w>>(8*i)&0xff]
		}
	}
	return out
}

func xor(a, b block) block {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

// add is addition modulo 2^512.
func add(a, b block) block {
	var carry uint64
	for i := range a {
		s := a[i] + b[i]
		t := s + carry
		carry = 0
		if s < a[i] || t < s {
			carry = 1
		}
		a[i] = t
	}
	return a
}
