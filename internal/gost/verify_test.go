package gost_test

import (
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	. "kelisim/internal/gost"
	"kelisim/internal/gost/gosttest"
)

func num(hex string) *big.Int {
	n, ok := new(big.Int).SetString(hex, 16)
	if !ok {
		panic(hex)
	}
	return n
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func backwards(b []byte) []byte {
	c := slices.Clone(b)
	slices.Reverse(c)
	return c
}

func pad(n *big.Int, size int) []byte { return n.FillBytes(make([]byte, size)) }

// oids are the curves of certificates.
var oids = []string{
	"1.2.398.3.10.1.1.2.2.1", "1.2.643.7.1.2.1.2.1", "1.2.643.7.1.2.1.2.2", "1.2.643.7.1.2.1.2.3",
	"1.2.398.3.10.1.1.2.1.1", "1.2.643.7.1.2.1.1.1", "1.2.643.2.2.35.1", "1.2.643.7.1.2.1.1.2",
}

// TestRFC7091 repeats both examples, number by number: the curves are those of
// the standard's text, which no certificate uses.
func TestRFC7091(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		curve            *Curve
		d, x, y, e, k    string
		wantR, wantS     string
		wantSizeOfDigest int
	}{
		{
			&Curve{
				Name: "example 1", Size: 32, Cofactor: 1,
				P: num("8000000000000000000000000000000000000000000000000000000000000431"),
				A: num("7"),
				B: num("5fbff498aa938ce739b8e022fbafef40563f6e6a3472fc2a514c0ce9dae23b7e"),
				Q: num("8000000000000000000000000000000150fe8a1892976154c59cfc193accf5b3"),
				X: num("2"),
				Y: num("8e2a8a0e65147d4bd6316030e16d19c85c97f0a9ca267122b96abbcea7e8fc8"),
			},
			"7a929ade789bb9be10ed359dd39a72c11b60961f49397eee1d19ce9891ec3b28",
			"7f2b49e270db6d90d8595bec458b50c58585ba1d4e9b788f6689dbd8e56fd80b",
			"26f1b489d6701dd185c8413a977b3cbbaf64d1c593d26627dffb101a87ff77da",
			"2dfbc1b372d89a1188c09c52e0eec61fce52032ab1022e8e67ece6672b043ee5",
			"77105c9b20bcd3122823c8cf6fcc7b956de33814e95b7fe64fed924594dceab3",
			"41aa28d2f1ab148280cd9ed56feda41974053554a42767b83ad043fd39dc0493",
			"01456c64ba4642a1653c235a98a60249bcd6d3f746b631df928014f6c5bf9c40", 32,
		},
		{
			&Curve{
				Name: "example 2", Size: 64, Cofactor: 1,
				P: num("4531acd1fe0023c7550d267b6b2fee80922b14b2ffb90f04d4eb7c09b5d2d15df1d852741af4704a0458047e80e4546d35b8336fac224dd81664bbf528be6373"),
				A: num("7"),
				B: num("1cff0806a31116da29d8cfa54e57eb748bc5f377e49400fdd788b649eca1ac4361834013b2ad7322480a89ca58e0cf74bc9e540c2add6897fad0a3084f302adc"),
				Q: num("4531acd1fe0023c7550d267b6b2fee80922b14b2ffb90f04d4eb7c09b5d2d15da82f2d7ecb1dbac719905c5eecc423f1d86e25edbe23c595d644aaf187e6e6df"),
				X: num("24d19cc64572ee30f396bf6ebbfd7a6c5213b3b3d7057cc825f91093a68cd762fd60611262cd838dc6b60aa7eee804e28bc849977fac33b4b530f1b120248a9a"),
				Y: num("2bb312a43bd2ce6e0d020613c857acddcfbf061e91e5f2c3f32447c259f39b2c83ab156d77f1496bf7eb3351e1ee4e43dc1a18b91b24640b6dbb92cb1add371e"),
			},
			"0ba6048aadae241ba40936d47756d7c93091a0e8514669700ee7508e508b102072e8123b2200a0563322dad2827e2714a2636b7bfd18aadfc62967821fa18dd4",
			"115dc5bc96760c7b48598d8ab9e740d4c4a85a65be33c1815b5c320c854621dd5a515856d13314af69bc5b924c8b4ddff75c45415c1d9dd9dd33612cd530efe1",
			"37c7c90cd40b0f5621dc3ac1b751cfa0e2634fa0503b3d52639f5d7fb72afd61ea199441d943ffe7f0c70a2759a3cdb84c114e1f9339fdf27f35eca93677beec",
			"3754f3cfacc9e0615c4f4a7c4d8dab531b09b6f9c170c533a71d147035b0c5917184ee536593f4414339976c647c5d5a407adedb1d560c4fc6777d2972075b8c",
			"0359e7f4b1410feacc570456c6801496946312120b39d019d455986e364f365886748ed7a44b3e794434006011842286212273a6d14cf70ea3af71bb1ae679f1",
			"2f86fa60a081091a23dd795e1e3c689ee512a3c82ee0dcc2643c78eea8fcacd35492558486b20f1c9ec197c90699850260c93bcbcd9c5c3317e19344e173ae36",
			"1081b394696ffe8e6585e7a9362d26b6325f56778aadbc081c0bfbe933d52ff5823ce288e8c4f362526080df7f70ce406a6eeb1f56919cb92a9853bde73e5b4a", 64,
		},
	} {
		signer := gosttest.WithKey(tt.curve, num(tt.d))
		public := append(backwards(pad(num(tt.x), tt.curve.Size)), backwards(pad(num(tt.y), tt.curve.Size))...)
		if !slices.Equal(signer.Key(), public) {
			t.Errorf("%s: the key is %x", tt.curve.Name, signer.Key())
		}
		digest := backwards(pad(num(tt.e), tt.wantSizeOfDigest))
		r, s := signer.Numbers(digest, num(tt.k))
		if r.Cmp(num(tt.wantR)) != 0 || s.Cmp(num(tt.wantS)) != 0 {
			t.Errorf("%s: r %x, s %x", tt.curve.Name, r, s)
		}
		key, err := NewKey(tt.curve, public)
		if err != nil {
			t.Fatal(err)
		}
		signature := append(pad(s, tt.curve.Size), pad(r, tt.curve.Size)...)
		if !key.Verify(digest, signature) {
			t.Errorf("%s: the signature does not verify", tt.curve.Name)
		}
		digest[0] ^= 1
		if key.Verify(digest, signature) {
			t.Errorf("%s: verifies over another digest", tt.curve.Name)
		}
	}
}

// TestOtherImplementations checks what others signed: another library on each of
// the curves, in the spelling of RFC 9215, and the library of Kazakhstan's
// authority with one of its published test keys, over the attributes of a CMS.
func TestOtherImplementations(t *testing.T) {
	t.Parallel()
	word := hex.EncodeToString([]byte("kelisim"))
	for _, tt := range []struct{ oid, message, key, signature string }{
		{
			"1.2.643.7.1.2.1.2.1", word,
			"c0dd41b1599fd6466d7d39a81be431e5b3b5fd5f6589005bb21738c63b46a285d7bd3b51ab4b16709f0352ff7b8a8c0a14fd4758c4853951a834f7bd78775a55cb698ae41901a4b1957684d38017c4896109591dbdfd31bdab0a133163b266caf174a9b956fed3969ae9fd927f7fd2f86ff6a510c74c5a7cbbed0fbbd2e70165",
			"ee64657462f989117674102ebb557837c7448d75a9cb3d652cf15fecd11ebac064f853f238f39ef4eb9bb2cebe35b8dc7773b1bbc26d63be2ac838973244fc575603d611148d8c6b45617137c95fbd5722b364fd82bba716d21af4c5570b2a1547238c0fc7378086b6b840a44bcd1a852072296d438a8a35d52a337bbcf16a3f",
		},
		{
			"1.2.643.7.1.2.1.2.2", word,
			"7273f437c516931c41eb77f14ab897d6c4c436b488dc23bac21a0b9c45aa298c322aea67ca0d644633c2db3834efdd798a98266e444e8d68c1f69802337a6022ccd18f87bd30879a1bcc1cd26148ccc5b6033a4d8cfe476faf86dba73ce9f1cf73d3bad048acb0ecac7be1c526986a8f38a11a58a978425f772aa59b96b7123b",
			"617d3f6a55d4a09ae4ca137ebc17fd547fa999d8364c5a9b33c3094e634ce0d387d0bd9ea78a85047e5f63eae9de2d6a21aed0aaa7dca11651baab5655a0c3497cbc7620324e639ed2f1c149ceda74248088e117f3fea4637956ef762c2a01f7e4d4bda8564ab9a0929351a1f3ac35ac2a1b86c0d8873b134c9e22178a90518a",
		},
		{
			"1.2.643.7.1.2.1.2.3", word,
			"533daa0c1cbcafe3c198b5ebe4481f9e5a74b168447b6c8158f6d936b886b702558d9231a863933ae82eaf4b71bf33416856da58a960ed76ff8502d1a07cfb50c50c9203109e855b107d35df863edd6fcb3c09723e6140c151206f9b9ff42392b1229a066e3b5e4819f57ab05908a0bc54079ce7fea6977c8a46e5d16f0c1486",
			"12e37bbb080765f71092dce495fdcb0b6f696a3a3a1325cf7358695e4bd02ff8e7195e198397133b561fe070eb72820b801198431604c49693956630c0a103dd13a270b534f6f6dd55e0033b8c758d88c026f9127e8ab48d9af81ef7773b39d8749f7e1e1929c78e3db7e431c5e9e13dd58b87f6ce239227edb2ec46593c7200",
		},
		{
			"1.2.643.7.1.2.1.1.1", word,
			"6d64380279ffdc9880552ec24c6a7e66ca0758d239f31701df1505fd982a562384a79f3599f52ab87d01465f8531e4592b459823f49f3d15ee8efeab71774988",
			"38f5e27ab253d69d640c747247d535cbbeedf20fb0d82c9d1fa443cd97c8506b170a5ba61dc9f0e54d949b25e911dff3148f80a4b415f7b71fe3375ab5c8ab25",
		},
		{
			"1.2.643.2.2.35.1", word,
			"b0d4436df628bd3ba9e2e13c767f52ca8f2c6a9f434cd196e44c92f37404eb6a1e047cdc5a1c59f7145a0cdae96245b4aff52d276b9c18cd77308c232254ffc6",
			"02dd2c9553dc319ceaa3938c3b69033c76a4f2915fda881f70bcde5c86524e03ec9cbd600972321c8f561f7f865a0a07519a858c0812825260d7f951edd331ee",
		},
		{
			"1.2.398.3.10.1.1.2.2.1",
			"318189301806092a864886f70d010903310b06092a864886f70d010701301c06092a864886f70d010905310f170d3232303932373231313735395a304f06092a864886f70d01090431420440f0afdd66f832bb219c87cf0136baf552a0fb66306f4f2a173626f11e14a7ef2552d4b2087fd8e94f6044fe5595dc681e02f92b34bf93fbd1590910e376b12990",
			"b38e5c735b030981757335954add0cd3828413f58eec4ea2e6550aea56220c811aef36ad26d4dc2169202fe3f4a2dbb3ca94873f59904a4b52ad14d13cfa5cb2090ecee398081635daa8591a3f6b3db820b801d9717d43b71bd2cfd1f8d7f7df7cf120a7ef8c6981cd9454d1e9a141d1c441ec4dcb4aaf512faf9f105a0af13b",
			"aac864195f3192da20fe3ec90afcb1f4ad5f168c27732ff61b8e9587971f820baec43d88f981955d65b81d1f45d13affe31642b0dd89bd14c272b7cef04bb81ce4addfd42622767c3e34de6803f1bbf883ff32c60bb223624630e3a3772add59aa53883c924e3f8bbd0d7e66a25167fc2d10abdf79c5cfcb71ebabc9646deb70",
		},
	} {
		curve := CurveOf(tt.oid)
		key, err := NewKey(curve, unhex(t, tt.key))
		if err != nil {
			t.Fatalf("%s: %v", tt.oid, err)
		}
		h := gosttest.WithKey(curve, nil).Hash()
		h.Write(unhex(t, tt.message))
		signature := unhex(t, tt.signature)
		digest := h.Sum(nil)
		if !key.Verify(digest, signature) || !key.Verify(digest, backwards(signature)) {
			t.Errorf("%s: the signature does not verify", tt.oid)
		}
		if key.Verify(backwards(digest), signature) {
			t.Errorf("%s: the digest is read from either end", tt.oid)
		}
		halves := append(slices.Clone(signature[curve.Size:]), signature[:curve.Size]...)
		if key.Verify(digest, halves) {
			t.Errorf("%s: r and s may be exchanged", tt.oid)
		}
	}
}

// Each curve has a prime field, a base point of prime order, and as many points
// as Hasse's bound allows.
func TestCurves(t *testing.T) {
	t.Parallel()
	for _, oid := range oids {
		c := CurveOf(oid)
		if c == nil {
			t.Fatalf("no curve %s", oid)
		}
		if !c.P.ProbablyPrime(8) || !c.Q.ProbablyPrime(8) {
			t.Errorf("%s: the field or the order is not prime", c.Name)
		}
		key := append(backwards(pad(c.X, c.Size)), backwards(pad(c.Y, c.Size))...)
		if _, err := NewKey(c, key); err != nil {
			t.Errorf("%s: the base point: %v", c.Name, err)
		}
		if gosttest.Times(c, c.Q, gosttest.Point{X: c.X, Y: c.Y}).X != nil {
			t.Errorf("%s: the base point has another order", c.Name)
		}
		trace := new(big.Int).Mul(c.Q, big.NewInt(int64(c.Cofactor)))
		trace.Sub(trace, c.P).Sub(trace, big.NewInt(1))
		if trace.Mul(trace, trace).Cmp(new(big.Int).Lsh(c.P, 2)) > 0 {
			t.Errorf("%s: the cofactor is wrong", c.Name)
		}
	}
	if CurveOf("1.2.643.7.1.2.1.2") != nil || CurveOf("") != nil {
		t.Error("a curve without parameters")
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	for _, oid := range oids {
		c := CurveOf(oid)
		good := gosttest.New(c, "somebody").Key()
		over := new(big.Int).Add(new(big.Int).SetBytes(backwards(good[:c.Size])), c.P)
		bad := map[string][]byte{
			"empty":         nil,
			"short":         good[1:],
			"long":          append(slices.Clone(good), 0),
			"off the curve": append(slices.Clone(good[:2*c.Size-1]), good[2*c.Size-1]^1),
			"zero":          make([]byte, 2*c.Size),
			"big-endian":    append(backwards(good[:c.Size]), backwards(good[c.Size:])...),
			"y, then x":     append(slices.Clone(good[c.Size:]), good[:c.Size]...),
		}
		if over.BitLen() <= 8*c.Size {
			bad["not reduced"] = append(backwards(pad(over, c.Size)), good[c.Size:]...)
		}
		for name, key := range bad {
			if _, err := NewKey(c, key); err == nil {
				t.Errorf("%s: a key that is %s passes", c.Name, name)
			}
		}
	}
}

// Where a curve has more points than the order of its base, one outside of the
// subgroup satisfies the equation and must still not pass.
func TestKeyOutsideOfTheSubgroup(t *testing.T) {
	t.Parallel()
	for _, oid := range []string{"1.2.643.7.1.2.1.2.3", "1.2.398.3.10.1.1.2.1.1"} {
		c := CurveOf(oid)
		tried := 0
		for x := int64(1); tried < 4; x++ {
			p, ok := lift(c, big.NewInt(x))
			if !ok || gosttest.Times(c, c.Q, p).X == nil {
				continue
			}
			tried++
			key := append(backwards(pad(p.X, c.Size)), backwards(pad(p.Y, c.Size))...)
			if _, err := NewKey(c, key); err == nil {
				t.Errorf("%s: the point over x = %d passes", c.Name, x)
			}
		}
	}
}

// lift finds a point over x, where there is one.
func lift(c *Curve, x *big.Int) (gosttest.Point, bool) {
	y := new(big.Int).Mul(x, x)
	y.Add(y, c.A).Mul(y, x).Add(y, c.B).Mod(y, c.P)
	root := new(big.Int).ModSqrt(y, c.P)
	return gosttest.Point{X: x, Y: root}, root != nil
}

// small is the curve of the tests that check much.
func small() *Curve { return CurveOf("1.2.643.2.2.35.1") }

func TestForgedNumbers(t *testing.T) {
	t.Parallel()
	c := small()
	signer := gosttest.New(c, "somebody")
	key, err := NewKey(c, signer.Key())
	if err != nil {
		t.Fatal(err)
	}
	digest := pad(big.NewInt(1234567), c.Size)
	r, s := signer.Numbers(digest, big.NewInt(99))
	zero, one := new(big.Int), big.NewInt(1)
	for _, tt := range []struct {
		name string
		r, s *big.Int
		want bool
	}{
		{"as signed", r, s, true},
		{"r is 0", zero, s, false},
		{"s is 0", r, zero, false},
		{"both are 0", zero, zero, false},
		{"both are 1", one, one, false},
		{"r is q", c.Q, s, false},
		{"s is q", r, c.Q, false},
		{"both are q", c.Q, c.Q, false},
		{"s negated", r, new(big.Int).Sub(c.Q, s), false},
		{"r negated", new(big.Int).Sub(c.Q, r), s, false},
		{"s one more", r, new(big.Int).Add(s, one), false},
		{"r one more", new(big.Int).Add(r, one), s, false},
		{"exchanged", s, r, false},
		{"r of the base point", c.X, s, false},
		{"r all ones", pow(c.Size), s, false},
		{"s all ones", r, pow(c.Size), false},
	} {
		big := append(pad(tt.s, c.Size), pad(tt.r, c.Size)...)
		if got := key.Verify(digest, big); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
		if got := key.Verify(digest, backwards(big)); got != tt.want {
			t.Errorf("%s, back to front: %v", tt.name, got)
		}
	}
	for _, n := range []int{0, 1, 2*c.Size - 1, 2*c.Size + 1} {
		if key.Verify(digest, make([]byte, n)) {
			t.Errorf("a signature of %d bytes passes", n)
		}
		if key.Verify(make([]byte, n), append(pad(s, c.Size), pad(r, c.Size)...)) {
			t.Errorf("a digest of %d bytes passes", n)
		}
	}
}

// A number that was reduced modulo q has a second spelling above q, which fits
// into the bytes on this curve's neighbour with a short order. It must not pass.
func TestUnreducedNumbers(t *testing.T) {
	t.Parallel()
	c := CurveOf("1.2.398.3.10.1.1.2.1.1") // q is a quarter of what 32 bytes hold
	signer := gosttest.New(c, "somebody")
	key, err := NewKey(c, signer.Key())
	if err != nil {
		t.Fatal(err)
	}
	digest := make([]byte, c.Size)
	r, s := signer.Numbers(digest, big.NewInt(7))
	if !key.Verify(digest, append(pad(s, c.Size), pad(r, c.Size)...)) {
		t.Error("a digest of 0 counts as 1, and the signature does not verify")
	}
	for name, pair := range map[string][2]*big.Int{
		"r": {new(big.Int).Add(r, c.Q), s},
		"s": {r, new(big.Int).Add(s, c.Q)},
	} {
		if key.Verify(digest, append(pad(pair[1], c.Size), pad(pair[0], c.Size)...)) {
			t.Errorf("%s + q passes for %s", name, name)
		}
	}
}

// On a curve whose base point has x = 0 (as tc26-256-D, which we do not use, has),
// r = 0 with s = e satisfies the equation for every key and every digest.
func TestZeroIsForEverybody(t *testing.T) {
	t.Parallel()
	c := &Curve{
		Name: "tc26-256-D", Size: 32, Cofactor: 1,
		P: num("9b9f605f5a858107ab1ec85e6b41c8aacf846e86789051d37998f7b9022d759b"),
		A: num("9b9f605f5a858107ab1ec85e6b41c8aacf846e86789051d37998f7b9022d7598"),
		B: num("805a"),
		Q: num("9b9f605f5a858107ab1ec85e6b41c8aa582ca3511eddfb74f02f3a6598980bb9"),
		X: num("0"),
		Y: num("41ece55743711a8c3cbf3783cd08c0ee4d4dc440d4641a8f366e550dfdb3bb67"),
	}
	key, err := NewKey(c, gosttest.New(c, "somebody").Key())
	if err != nil {
		t.Fatal(err)
	}
	e := big.NewInt(1234567)
	digest := backwards(pad(e, c.Size))
	if key.Verify(digest, append(pad(e, c.Size), make([]byte, c.Size)...)) {
		t.Error("r = 0 passes")
	}
}

func pow(size int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(8*size))
	return n.Sub(n, big.NewInt(1))
}

// Every bit counts: of the signature, of the digest and of the key.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	c := small()
	signer := gosttest.New(c, "somebody")
	key, err := NewKey(c, signer.Key())
	if err != nil {
		t.Fatal(err)
	}
	digest := pad(big.NewInt(987654321), c.Size)
	signature := signer.Sign(digest)
	if !key.Verify(digest, signature) {
		t.Fatal("the signature does not verify")
	}
	for bit := 0; bit < 8*len(signature); bit += 7 {
		if key.Verify(digest, flip(signature, bit)) {
			t.Errorf("bit %d of the signature does not count", bit)
		}
		if bit < 8*len(digest) && key.Verify(flip(digest, bit), signature) {
			t.Errorf("bit %d of the digest does not count", bit)
		}
		if k, err := NewKey(c, flip(signer.Key(), bit)); err == nil && k.Verify(digest, signature) {
			t.Errorf("bit %d of the key does not count", bit)
		}
	}
	other, err := NewKey(c, gosttest.New(c, "somebody else").Key())
	if err != nil {
		t.Fatal(err)
	}
	if other.Verify(digest, signature) {
		t.Error("another's key verifies it")
	}
}

func flip(b []byte, bit int) []byte {
	c := slices.Clone(b)
	c[bit/8] ^= 1 << (bit % 8)
	return c
}

// FuzzVerify looks for bytes that pass and are not the signature, in one of its
// two spellings.
func FuzzVerify(f *testing.F) {
	c := small()
	signer := gosttest.New(c, "somebody")
	digest := pad(big.NewInt(987654321), c.Size)
	good := signer.Sign(digest)
	f.Add(signer.Key(), digest, good)
	f.Add(signer.Key(), digest, backwards(good))
	f.Add(signer.Key(), digest, make([]byte, 2*c.Size))
	f.Add(make([]byte, 2*c.Size), digest, good)
	f.Fuzz(func(t *testing.T, k, d, s []byte) {
		key, err := NewKey(c, k)
		if err != nil || !key.Verify(d, s) {
			return
		}
		if !slices.Equal(k, signer.Key()) || !slices.Equal(d, digest) || !slices.Equal(s, good) && !slices.Equal(s, backwards(good)) {
			t.Errorf("key %x, digest %x, signature %x", k, d, s)
		}
	})
}
