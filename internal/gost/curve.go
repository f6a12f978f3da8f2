package gost

import "math/big"

// Curve is y² = x³ + Ax + B modulo P with a base point (X, Y) of prime order Q.
type Curve struct {
	Name string
	// OIDs are the identifiers of the parameters in certificates: Russia's,
	// and Kazakhstan's where the national certification authority uses the curve.
	OIDs []string
	// Size is the length of a coordinate, of a half of a signature and of the
	// digest that goes with them, in bytes.
	Size             int
	P, A, B, Q, X, Y *big.Int
	// Cofactor is how many times Q the curve has points. Where it is not 1, a
	// key must be shown to lie in the subgroup.
	Cofactor int
}

// curves are the sets of RFC 7836 and RFC 4357. 256-A and 512-C are given there
// as twisted Edwards curves too; this is their other form, which certificates use.
var curves = []*Curve{
	{
		Name: "tc26-512-A", Size: 64, Cofactor: 1,
		OIDs: []string{"1.2.643.7.1.2.1.2.1", "1.2.398.3.10.1.1.2.2.1"},
		P:    number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffdc7"),
		A:    number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffdc4"),
		B:    number("e8c2505dedfc86ddc1bd0b2b6667f1da34b82574761cb0e879bd081cfd0b6265ee3cb090f30d27614cb4574010da90dd862ef9d4ebee4761503190785a71c760"),
		Q:    number("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff27e69532f48d89116ff22b8d4e0560609b4b38abfad2b85dcacdb1411f10b275"),
		X:    number("3"),
		Y:    number("7503cfe87a836ae3a61b8816e25450e6ce5e1c93acf1abc1778064fdcbefa921df1626be4fd036e93d75e6a50e3a41e98028fe5fc235f5b889a589cb5215f2a4"),
	},
	{
		Name: "tc26-512-B", Size: 64, Cofactor: 1,
		OIDs: []string{"1.2.643.7.1.2.1.2.2"},
		P:    number("8000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006f"),
		A:    number("8000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006c"),
		B:    number("687d1b459dc841457e3e06cf6f5e2517b97c7d614af138bcbf85dc806c4b289f3e965d2db1416d217f8b276fad1ab69c50f78bee1fa3106efb8ccbc7c5140116"),
		Q:    number("800000000000000000000000000000000000000000000000000000000000000149a1ec142565a545acfdb77bd9d40cfa8b996712101bea0ec6346c54374f25bd"),
		X:    number("2"),
		Y:    number("1a8f7eda389b094c2c071e3647a8940f3c123b697578c213be6dd9e6c8ec7335dcb228fd1edf4a39152cbcaaf8c0398828041055f94ceeec7e21340780fe41bd"),
	},
	{
		Name: "tc26-512-C", Size: 64, Cofactor: 4,
		OIDs: []string{"1.2.643.7.1.2.1.2.3"},
		P:    number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffdc7"),
		A:    number("dc9203e514a721875485a529d2c722fb187bc8980eb866644de41c68e143064546e861c0e2c9edd92ade71f46fcf50ff2ad97f951fda9f2a2eb6546f39689bd3"),
		B:    number("b4c4ee28cebc6c2c8ac12952cf37f16ac7efb6a9f69f4b57ffda2e4f0de5ade038cbc2fff719d2c18de0284b8bfef3b52b8cc7a5f5bf0a3c8d2319a5312557e1"),
		Q:    number("3fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc98cdba46506ab004c33a9ff5147502cc8eda9e7a769a12694623cef47f023ed"),
		X:    number("e2e31edfc23de7bdebe241ce593ef5de2295b7a9cbaef021d385f7074cea043aa27272a7ae602bf2a7b9033db9ed3610c6fb85487eae97aac5bc7928c1950148"),
		Y:    number("f5ce40d95b5eb899abbccff5911cb8577939804d6527378b8c108c3d2090ff9be18e2d33e3021ed2ef32d85822423b6304f726aa854bae07d0396e9a9addc40f"),
	},
	{
		Name: "tc26-256-A", Size: 32, Cofactor: 4,
		OIDs: []string{"1.2.643.7.1.2.1.1.1", "1.2.398.3.10.1.1.2.1.1"},
		P:    number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd97"),
		A:    number("c2173f1513981673af4892c23035a27ce25e2013bf95aa33b22c656f277e7335"),
		B:    number("295f9bae7428ed9ccc20e7c359a9d41a22fccd9108e17bf7ba9337a6f8ae9513"),
		Q:    number("400000000000000000000000000000000fd8cddfc87b6635c115af556c360c67"),
		X:    number("91e38443a5e82c0d880923425712b2bb658b9196932e02c78b2582fe742daa28"),
		Y:    number("32879423ab1a0375895786c4bb46e9565fde0b5344766740af268adb32322e5c"),
	},
	{
		Name: "CryptoPro-A", Size: 32, Cofactor: 1,
		OIDs: []string{"1.2.643.2.2.35.1", "1.2.643.7.1.2.1.1.2"},
		P:    number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd97"),
		A:    number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd94"),
		B:    number("a6"),
		Q:    number("ffffffffffffffffffffffffffffffff6c611070995ad10045841b09b761b893"),
		X:    number("1"),
		Y:    number("8d91e471e0989cda27df505a453f2b7635294f2ddf23e3b122acc99c9e9f1e14"),
	},
}

// CurveOf returns the curve with the identifier, nil if there is none.
func CurveOf(oid string) *Curve {
	for _, c := range curves {
		for _, o := range c.OIDs {
			if o == oid {
				return c
			}
		}
	}
	return nil
}

// number reads a constant of this package.
func number(hex string) *big.Int {
	n, ok := new(big.Int).SetString(hex, 16)
	if !ok {
		panic("gost: a constant is not a number")
	}
	return n
}

// has reports whether (x, y) satisfies the equation.
func (c *Curve) has(x, y *big.Int) bool {
	right := c.mul(x, x)
	right.Add(right, c.A)
	right = c.mul(right, x)
	right.Add(right, c.B).Mod(right, c.P)
	return c.mul(y, y).Cmp(right) == 0
}

func (c *Curve) mul(a, b *big.Int) *big.Int {
	m := new(big.Int).Mul(a, b)
	return m.Mod(m, c.P)
}

func (c *Curve) sub(a, b *big.Int) *big.Int {
	m := new(big.Int).Sub(a, b)
	return m.Mod(m, c.P)
}

func (c *Curve) times(n int64, a *big.Int) *big.Int { return c.mul(big.NewInt(n), a) }

// A point is (x/z², y/z³); z is 0 at infinity.
type point struct{ x, y, z *big.Int }

func affine(x, y *big.Int) point { return point{x, y, big.NewInt(1)} }

func (p point) infinite() bool { return p.z.Sign() == 0 }

func (c *Curve) double(p point) point {
	if p.infinite() {
		return p
	}
	xx, yy, zz := c.mul(p.x, p.x), c.mul(p.y, p.y), c.mul(p.z, p.z)
	s := c.times(4, c.mul(p.x, yy))
	m := c.times(3, xx)
	m.Add(m, c.mul(c.A, c.mul(zz, zz)))
	x := c.sub(c.mul(m, m), new(big.Int).Lsh(s, 1))
	y := c.sub(c.mul(m, c.sub(s, x)), c.times(8, c.mul(yy, yy)))
	return point{x, y, c.times(2, c.mul(p.y, p.z))}
}

func (c *Curve) add(p, q point) point {
	if p.infinite() {
		return q
	}
	if q.infinite() {
		return p
	}
	pz, qz := c.mul(p.z, p.z), c.mul(q.z, q.z)
	u, s := c.mul(p.x, qz), c.mul(p.y, c.mul(q.z, qz))
	h := c.sub(c.mul(q.x, pz), u)
	r := c.sub(c.mul(q.y, c.mul(p.z, pz)), s)
	if h.Sign() == 0 {
		if r.Sign() == 0 {
			return c.double(p)
		}
		return point{r, r, h} // opposite points: h is 0
	}
	hh := c.mul(h, h)
	hhh, v := c.mul(h, hh), c.mul(u, hh)
	x := c.sub(c.mul(r, r), new(big.Int).Add(hhh, new(big.Int).Lsh(v, 1)))
	y := c.sub(c.mul(r, c.sub(v, x)), c.mul(s, hhh))
	return point{x, y, c.mul(h, c.mul(p.z, q.z))}
}

// combine returns mp + nq, in one walk over the bits of both.
func (c *Curve) combine(m *big.Int, p point, n *big.Int, q point) point {
	choice := [4]point{1: p, 2: q, 3: c.add(p, q)}
	sum := point{new(big.Int), new(big.Int), new(big.Int)}
	for i := max(m.BitLen(), n.BitLen()) - 1; i >= 0; i-- {
		sum = c.double(sum)
		if k := m.Bit(i) | n.Bit(i)<<1; k != 0 {
			sum = c.add(sum, choice[k])
		}
	}
	return sum
}
