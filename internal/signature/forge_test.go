package signature_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/gost"
	. "kelisim/internal/signature"
	"kelisim/internal/signature/pkitest"
)

func certs(list ...*pkitest.Cert) (out []*x509.Certificate) {
	for _, c := range list {
		out = append(out, c.Certificate)
	}
	return out
}

// add, replace and without change the signed attributes before they are signed.
func add(attr []byte) func([][]byte) [][]byte {
	return func(good [][]byte) [][]byte { return append(good, attr) }
}

func replace(i int, attr []byte) func([][]byte) [][]byte {
	return func(good [][]byte) [][]byte {
		good[i] = attr
		return good
	}
}

func without(i int) func([][]byte) [][]byte {
	return func(good [][]byte) [][]byte { return slices.Delete(good, i, i+1) }
}

func signingCert(named, _ *pkitest.Cert) []byte {
	return signingCertBy("", pkitest.ECDSA().Hash(named.Raw))
}

func signingCertBy(digest string, hash []byte) []byte {
	parts := [][]byte{pkitest.Octets(hash)}
	if digest != "" {
		parts = [][]byte{pkitest.AlgorithmID(digest), pkitest.Octets(hash)}
	}
	return pkitest.Attr(pkitest.OIDSigningCert, pkitest.Seq(pkitest.Seq(pkitest.Seq(parts...))))
}

// forgeries change a good signature into one that must not pass. At least 60 of
// them are tried, most with each algorithm.
type forgery struct {
	name  string
	make  func(f *forger) []byte
	codes []string
}

type forger struct {
	*authority
	person, another, stranger *pkitest.Cert
}

func (f *forger) sign(change func(*pkitest.CMS)) []byte {
	c := sign(f.person)
	change(c)
	return c.DER()
}

// of makes a forgery out of a change to a good signature.
func of(change func(f *forger, c *pkitest.CMS)) func(*forger) []byte {
	return func(f *forger) []byte { return f.sign(func(c *pkitest.CMS) { change(f, c) }) }
}

// raw makes a forgery out of the bytes of a good signature.
func raw(change func(f *forger, der []byte) []byte) func(*forger) []byte {
	return func(f *forger) []byte { return change(f, sign(f.person).DER()) }
}

func attrs(change func([][]byte) [][]byte) func(*forger) []byte {
	return of(func(_ *forger, c *pkitest.CMS) { c.SignedAttrs = change })
}

func signature(change func([]byte) []byte) func(*forger) []byte {
	return of(func(_ *forger, c *pkitest.CMS) { c.Signature = change })
}

var (
	format    = []string{"signature-format"}
	broken    = []string{"signature-broken"}
	otherText = []string{"signature-other-text"}
	algorithm = []string{"signature-algorithm"}
)

var otherDigest = bytes.Repeat([]byte{7}, 32)

// forgeries of the container and of what is signed.
var forgeries = []forgery{
	{"nothing", func(*forger) []byte { return nil }, format},
	{"spaces", func(*forger) []byte { return []byte(" \n\t ") }, format},
	{"words", func(*forger) []byte { return []byte("I agree") }, format},
	{"a zero byte", func(*forger) []byte { return []byte{0} }, format},
	{"an empty SEQUENCE", func(*forger) []byte { return []byte{0x30, 0} }, format},
	{"a length without end", func(*forger) []byte { return []byte{0x30, 0x80} }, format},
	{"a length of 4 GiB", func(*forger) []byte { return []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff} }, format},
	{"nested a thousand times", func(*forger) []byte { return bytes.Repeat([]byte{0x30, 0x80}, 1000) }, format},
	{"a PEM of a certificate's words", func(*forger) []byte { return []byte("-----BEGIN CMS-----\n") }, format},
	{"two PEM blocks", raw(func(_ *forger, der []byte) []byte {
		p := pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der})
		return append(p, p...)
	}), format},
	{"base64 with a letter too many", raw(func(_ *forger, der []byte) []byte {
		return []byte(base64.StdEncoding.EncodeToString(der) + "A")
	}), format},
	{"cut at the end", raw(func(_ *forger, der []byte) []byte { return der[:len(der)-1] }), format},
	{"cut in the middle", raw(func(_ *forger, der []byte) []byte { return der[:len(der)/2] }), format},
	{"a byte more", raw(func(_ *forger, der []byte) []byte { return append(der, 0) }), format},
	{"twice in a row", raw(func(_ *forger, der []byte) []byte { return append(der, der...) }), format},
	{"longer than is read", raw(func(_ *forger, der []byte) []byte { return append(der, make([]byte, 5<<20)...) }), format},
	{"the certificate alone", func(f *forger) []byte { return f.person.Raw }, format},
	{"another type of content info", raw(func(_ *forger, der []byte) []byte {
		return bytes.Replace(der, pkitest.OID(pkitest.OIDSignedData), pkitest.OID("1.2.840.113549.1.7.3"), 1)
	}), format},
	{"another kind of content", of(func(_ *forger, c *pkitest.CMS) { c.Kind = pkitest.OIDStampInfo }), format},
	{"another kind of content, signed as data", of(func(_ *forger, c *pkitest.CMS) {
		c.Kind = pkitest.OIDStampInfo
		c.SignedAttrs = replace(0, pkitest.Attr(pkitest.OIDContentType, pkitest.OID(pkitest.OIDData)))
	}), format},
	{"content type not signed alike", attrs(replace(0, pkitest.Attr(pkitest.OIDContentType, pkitest.OID(pkitest.OIDStampInfo)))), format},
	{"content type twice in one", attrs(replace(0, pkitest.Attr(pkitest.OIDContentType, pkitest.OID(pkitest.OIDData), pkitest.OID(pkitest.OIDData)))), format},
	{"no content type", attrs(without(0)), format},
	{"no signing time", attrs(without(1)), format},
	{"signing time is a number", attrs(replace(1, pkitest.Attr(pkitest.OIDTime, pkitest.Int(5)))), format},
	{"no digest", attrs(without(2)), otherText},
	{"no attributes", of(func(_ *forger, c *pkitest.CMS) { c.NoAttrs = true }), format},
	{"attributes without one", attrs(func([][]byte) [][]byte { return nil }), format},
	{"a second content type", attrs(add(pkitest.Attr(pkitest.OIDContentType, pkitest.OID(pkitest.OIDData)))), format},
	{"the digest twice", attrs(func(good [][]byte) [][]byte { return append(good, good[2]) }), format},
	{"a second digest", attrs(add(pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(otherDigest)))), format},
	{"a second digest in one", attrs(func(good [][]byte) [][]byte {
		good[2] = pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(otherDigest), pkitest.Octets(otherDigest))
		return good
	}), otherText},
	{"the time twice", attrs(func(good [][]byte) [][]byte { return append(good, good[1]) }), format},
	{"an attribute without values", attrs(add(pkitest.Attr("1.2.3.4"))), format},
	{"another digest", attrs(replace(2, pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(otherDigest)))), otherText},
	{"an empty digest", attrs(replace(2, pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(nil)))), otherText},
	{"half of the digest", attrs(func(good [][]byte) [][]byte {
		h := pkitest.ECDSA().Hash(text)
		good[2] = pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(h[:16]))
		return good
	}), otherText},
	{"the digest is a number", attrs(replace(2, pkitest.Attr(pkitest.OIDDigest, pkitest.Int(1)))), otherText},
	{"names another certificate", of(func(f *forger, c *pkitest.CMS) { c.SignedAttrs = add(signingCert(f.another, f.person)) }), broken},
	{"names a certificate by half a hash", of(func(f *forger, c *pkitest.CMS) {
		c.SignedAttrs = add(signingCertBy("", pkitest.ECDSA().Hash(f.person.Raw)[:16]))
	}), broken},
	{"names it by an unknown hash", of(func(f *forger, c *pkitest.CMS) {
		c.SignedAttrs = add(signingCertBy("1.3.14.3.2.26", make([]byte, 20)))
	}), broken},
	{"another text", of(func(_ *forger, c *pkitest.CMS) { c.Text = []byte("another text") }), otherText},
	{"a space more", of(func(_ *forger, c *pkitest.CMS) { c.Text = append(slices.Clone(text), ' ') }), otherText},
	{"another text inside, signed", of(func(_ *forger, c *pkitest.CMS) { c.Text, c.Attached = []byte("another"), true }), otherText},
	{"another text inside, the digest of ours", of(func(_ *forger, c *pkitest.CMS) { c.Content, c.Attached = []byte("another"), true }), otherText},
	{"our text inside, another signed", of(func(_ *forger, c *pkitest.CMS) {
		c.Text, c.Content, c.Attached = []byte("another"), text, true
	}), otherText},
	{"an empty text inside", of(func(_ *forger, c *pkitest.CMS) { c.Content, c.Attached = []byte{}, true }), otherText},
	{"two signers", of(func(_ *forger, c *pkitest.CMS) {
		c.Signers = func(good []byte) [][]byte { return [][]byte{good, good} }
	}), []string{"signature-signers"}},
	{"a stranger beside the signer", of(func(f *forger, c *pkitest.CMS) {
		c.Certs = certs(f.person, f.stranger)
		c.Signers = func(good []byte) [][]byte { return [][]byte{good, pkitest.Seq(pkitest.Int(1))} }
	}), []string{"signature-signers"}},
	{"no signer", of(func(_ *forger, c *pkitest.CMS) { c.Signers = func([]byte) [][]byte { return nil } }), format},
	{"no certificate", of(func(_ *forger, c *pkitest.CMS) { c.Certs = []*x509.Certificate{} }), []string{"signature-no-certificate"}},
	{"the certificate of another", of(func(f *forger, c *pkitest.CMS) { c.Certs = certs(f.another) }), []string{"signature-no-certificate"}},
	{"the certificate of another, pointed to", raw(func(f *forger, _ []byte) []byte {
		by := &pkitest.Cert{Certificate: f.another.Certificate, Key: f.person.Key}
		return sign(by).DER()
	}), broken},
	{"two certificates with one number", of(func(f *forger, c *pkitest.CMS) {
		tmpl := f.authority.person()
		tmpl.Serial = f.person.SerialNumber.Int64()
		c.Certs = certs(f.person, f.issue("twin", tmpl))
	}), []string{"signature-no-certificate"}},
	{"the number of another", raw(func(f *forger, der []byte) []byte {
		i := bytes.LastIndex(der, f.person.SerialNumber.Bytes())
		der[i+len(f.person.SerialNumber.Bytes())-1] ^= 1
		return der
	}), []string{"signature-no-certificate"}},
	{"signed by a stranger", func(f *forger) []byte { return sign(f.stranger).DER() }, []string{"signature-unknown-issuer"}},
	{"signed by the authority", func(f *forger) []byte { return sign(f.ca).DER() }, []string{"signature-usage"}},
	{"signed by the root", func(f *forger) []byte { return sign(f.root).DER() }, []string{"signature-usage"}},
	{"signed by the time-stamping authority", func(f *forger) []byte { return sign(f.tsa).DER() }, []string{"signature-usage"}},
	{"digest said to be SHA-1", of(func(_ *forger, c *pkitest.CMS) { c.Digest = "1.3.14.3.2.26" }), algorithm},
	{"digest said to be SHA-512", of(func(_ *forger, c *pkitest.CMS) { c.Digest = "2.16.840.1.101.3.4.2.3" }), algorithm},
	{"digest said to be the old GOST", of(func(_ *forger, c *pkitest.CMS) { c.Digest = "1.2.398.3.10.1.3.1" }), algorithm},
	{"digest not announced", of(func(_ *forger, c *pkitest.CMS) { c.Digests = [][]byte{pkitest.AlgorithmID("1.3.14.3.2.26")} }), format},
	{"no digest announced", of(func(_ *forger, c *pkitest.CMS) { c.Digests = [][]byte{} }), format},
	{"digest with parameters", of(func(f *forger, c *pkitest.CMS) {
		c.Digests = [][]byte{pkitest.Seq(pkitest.OID(f.person.Key.Digest), pkitest.Int(1))}
	}), format},
	{"algorithm said to be none", of(func(_ *forger, c *pkitest.CMS) { c.Algorithm = "1.2.3.4" }), algorithm},
	{"algorithm said to be the old GOST", of(func(_ *forger, c *pkitest.CMS) { c.Algorithm = "1.2.398.3.10.1.1.1.2" }), algorithm},
	{"algorithm said to be RSA with SHA-1", of(func(_ *forger, c *pkitest.CMS) { c.Algorithm = "1.2.840.113549.1.1.5" }), algorithm},
	{"algorithm said to be RSA without digest", of(func(f *forger, c *pkitest.CMS) {
		c.Digest, c.Algorithm = pkitest.SHA256, "1.2.840.113549.1.1.1"
		c.SignedAttrs = replace(2, pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(pkitest.ECDSA().Hash(text))))
		c.Signature = func([]byte) []byte { return make([]byte, 256) }
	}), broken},
	{"algorithm said to be ECDSA, the key another", of(func(f *forger, c *pkitest.CMS) {
		c.Digest, c.Algorithm = pkitest.SHA256, pkitest.ECDSASHA256
		c.SignedAttrs = replace(2, pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(pkitest.ECDSA().Hash(text))))
		c.Signature = func([]byte) []byte { return pkitest.Seq(pkitest.Int(1), pkitest.Int(1)) }
	}), broken},
	{"algorithm said to be GOST, with its own digest", of(func(f *forger, c *pkitest.CMS) {
		c.Digest, c.Algorithm = pkitest.Streebog512, pkitest.GOST512
		c.SignedAttrs = replace(2, pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(pkitest.GOST("x").Hash(text))))
		c.Signature = func([]byte) []byte { return make([]byte, 128) }
	}), broken},
	{"algorithm said to be GOST of the other size", of(func(f *forger, c *pkitest.CMS) {
		other := pkitest.Short("x")
		if f.person.Key.Algorithm == pkitest.GOST256 {
			other = pkitest.GOST("x")
		}
		c.Digest, c.Algorithm = other.Digest, other.Algorithm
		c.SignedAttrs = replace(2, pkitest.Attr(pkitest.OIDDigest, pkitest.Octets(other.Hash(text))))
	}), broken},
	{"no signature", signature(func([]byte) []byte { return nil }), broken},
	{"a signature of zeros", signature(func(s []byte) []byte { return make([]byte, len(s)) }), broken},
	{"a signature of ones", signature(func(s []byte) []byte { return bytes.Repeat([]byte{0xff}, len(s)) }), broken},
	{"a byte less", signature(func(s []byte) []byte { return s[1:] }), broken},
	{"a byte more in the signature", signature(func(s []byte) []byte { return append(slices.Clone(s), 0) }), broken},
	{"the last bit", signature(func(s []byte) []byte { return flip(s, 8*len(s)-1) }), broken},
	{"the first bit", signature(func(s []byte) []byte { return flip(s, 7) }), broken},
	{"halves exchanged", signature(func(s []byte) []byte { return slices.Concat(s[len(s)/2:], s[:len(s)/2]) }), broken},
	{"the signature of another message", of(func(f *forger, c *pkitest.CMS) {
		c.Signature = func([]byte) []byte { return f.person.Key.Sign([]byte("another")) }
	}), broken},
	{"signed in the future", of(func(_ *forger, c *pkitest.CMS) { c.At = noon.Add(time.Hour) }), []string{"signature-time"}},
	{"signed before the certificate", of(func(_ *forger, c *pkitest.CMS) { c.At = noon.Add(-101 * day) }), []string{"signature-time"}},
	{"unsigned attributes of nonsense", of(func(_ *forger, c *pkitest.CMS) {
		c.Unsigned = func([]byte) [][]byte { return [][]byte{pkitest.Int(1)} }
	}), format},
}

func TestForgeries(t *testing.T) {
	t.Parallel()
	if len(forgeries) < 60 {
		t.Errorf("%d forgeries", len(forgeries))
	}
	for kind := range keys {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := newForger(t, kind)
			v := newWeb(f.authority).verifier()
			if _, err := v.Verify(t.Context(), sign(f.person).DER(), text); err != nil {
				t.Fatalf("the good one: %v", err)
			}
			for _, fo := range forgeries {
				cms := fo.make(f)
				got, err := v.Verify(t.Context(), cms, text)
				wantCode(t, fo.name, got, err, fo.codes...)
				saysNothing(t, f, fo.name, err)
			}
		})
	}
}

func newForger(t *testing.T, kind string) *forger {
	t.Helper()
	a := newAuthority(t, kind)
	f := &forger{authority: a, person: a.issue("somebody", a.person()), another: a.issue("another", a.person())}
	b := newAuthority(t, "ECDSA")
	f.stranger = b.issue("stranger", b.person())
	return f
}

// saysNothing fails if an error carries what stands in the certificate.
func saysNothing(t *testing.T, f *forger, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, private := range []string{f.iin, "СЕРІКОВА", "АЙГҮЛ", "БОЛАТҚЫЗЫ", f.person.SerialNumber.Text(16)} {
		if strings.Contains(err.Error(), private) {
			t.Errorf("%s: the error carries what is private", what)
		}
	}
}

func flip(b []byte, bit int) []byte {
	c := slices.Clone(b)
	c[bit/8] ^= 1 << (bit % 8)
	return c
}

// Numbers of GOST that satisfy something else than the equation.
func TestForgedGOST(t *testing.T) {
	t.Parallel()
	f := newForger(t, "GOST")
	v := newWeb(f.authority).verifier()
	q := gost.CurveOf("1.2.398.3.10.1.1.2.2.1").Q
	pad := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 64)) }
	zero, one := make([]byte, 64), pad(big.NewInt(1))
	for name, change := range map[string]func(s []byte) []byte{
		"r = 0, big-endian": func(s []byte) []byte { return slices.Concat(s[64:], zero) },
		"s = 0":             func(s []byte) []byte { return slices.Concat(s[:64], zero) },
		"r = 0":             func(s []byte) []byte { return slices.Concat(zero, s[64:]) },
		"r = s = 1":         func([]byte) []byte { return slices.Concat(one, one) },
		"r = q":             func(s []byte) []byte { return slices.Concat(backwards(pad(q)), s[64:]) },
		"s = q":             func(s []byte) []byte { return slices.Concat(s[:64], backwards(pad(q))) },
		"r = q, big-endian": func(s []byte) []byte { return slices.Concat(backwards(s[64:]), pad(q)) },
		"s = q - s": func(s []byte) []byte {
			return slices.Concat(s[:64], backwards(pad(new(big.Int).Sub(q, new(big.Int).SetBytes(backwards(s[64:]))))))
		},
		"half little, half big": func(s []byte) []byte { return slices.Concat(s[:64], backwards(s[64:])) },
		"s, r little-endian":    func(s []byte) []byte { return slices.Concat(s[64:], s[:64]) },
	} {
		got, err := v.Verify(t.Context(), signature(change)(f), text)
		wantCode(t, name, got, err, "signature-broken")
	}
	if got, err := v.Verify(t.Context(), signature(backwards)(f), text); err != nil || got.IIN != f.iin {
		t.Errorf("the other order of RFC 9215: %v", err)
	}
}

func backwards(b []byte) []byte {
	c := slices.Clone(b)
	slices.Reverse(c)
	return c
}

// Keys of GOST in certificates that are none: the authority signed them, and
// nothing verifies by them.
func TestBadKeysOfGOST(t *testing.T) {
	t.Parallel()
	f := newForger(t, "GOST")
	v := newWeb(f.authority).verifier()
	good := pkitest.GOST("somebody")
	point := good.SPKI[len(good.SPKI)-128:]
	const kind, set = "1.2.398.3.10.1.1.2.2", "1.2.398.3.10.1.1.2.2.1"
	for name, spki := range map[string][]byte{
		"off the curve":             pkitest.GOSTSPKI(kind, set, pkitest.Streebog512, flip(point, 0)),
		"zero":                      pkitest.GOSTSPKI(kind, set, pkitest.Streebog512, make([]byte, 128)),
		"short":                     pkitest.GOSTSPKI(kind, set, pkitest.Streebog512, point[1:]),
		"big-endian":                pkitest.GOSTSPKI(kind, set, pkitest.Streebog512, backwards(point)),
		"of no curve":               pkitest.GOSTSPKI(kind, "1.2.3.4", pkitest.Streebog512, point),
		"of another curve":          pkitest.GOSTSPKI(kind, "1.2.643.7.1.2.1.2.2", pkitest.Streebog512, point),
		"of a short curve":          pkitest.GOSTSPKI(kind, "1.2.398.3.10.1.1.2.1.1", pkitest.Streebog512, point),
		"of the short kind":         pkitest.GOSTSPKI("1.2.398.3.10.1.1.2.1", set, pkitest.Streebog512, point),
		"of the old kind":           pkitest.GOSTSPKI("1.2.398.3.10.1.1.1.1", set, pkitest.Streebog512, point),
		"the right one, to compare": good.SPKI,
	} {
		key := *good
		key.SPKI = spki
		tmpl := f.authority.person()
		tmpl.NotBefore, tmpl.Until = noon.Add(-day), noon.Add(day)
		got, err := v.Verify(t.Context(), sign(pkitest.Issue(f.ca, &key, tmpl)).DER(), text)
		if bytes.Equal(spki, good.SPKI) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wantCode(t, name, got, err, "signature-broken")
	}
}

// TestEveryBitCounts turns over a bit of each byte of a signature with a stamp. Only
// what nobody signs may differ: the versions of the formats, and the type of the
// attribute with the stamp, for anybody can take a stamp away.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	v := newWeb(a).verifier()
	person := a.issue("somebody", a.person())
	c := sign(person)
	c.Attached = true
	c.Unsigned = pkitest.Stamp(a.tsa, noon)
	der := c.DER()
	if _, err := v.Verify(t.Context(), der, text); err != nil {
		t.Fatal(err)
	}
	for i := range der {
		bit := 8*i + i%8
		if got, err := v.Verify(t.Context(), flip(der, bit), text); err == nil && !isVersion(der, i) && !got.StampedAt.IsZero() {
			t.Errorf("byte %d (%x) does not count: %+v", i, der[max(0, i-8):i+1], got)
		} else if err != nil && got != nil {
			t.Errorf("byte %d: a signer beside the error", i)
		}
	}
}

// isVersion reports whether the byte is the number of an INTEGER 1 or 3.
func isVersion(der []byte, i int) bool {
	return i > 1 && der[i-2] == 2 && der[i-1] == 1 && (der[i] == 1 || der[i] == 3)
}

// The same for the bytes that GOST signed: a sample, because each takes a while.
func TestSomeBitsOfGOST(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "short")
	v := newWeb(a).verifier()
	der := sign(a.issue("somebody", a.person())).DER()
	for i := 5; i < len(der); i += 23 {
		if got, err := v.Verify(t.Context(), flip(der, 8*i+i%8), text); err == nil && !isVersion(der, i) {
			t.Errorf("byte %d does not count: %+v", i, got)
		}
	}
}

// FuzzCMS looks for bytes that crash the reader, or that pass and are not the
// signature that was made.
func FuzzCMS(f *testing.F) {
	a := newAuthorityWith(f, pkitest.Fixed)
	v := newWeb(a).verifier()
	tmpl := a.person()
	tmpl.Serial = 4711
	person := a.issue("somebody", tmpl)
	stamped := sign(person)
	stamped.Unsigned = pkitest.Stamp(a.tsa, noon)
	for _, seed := range [][]byte{
		sign(person).DER(), stamped.DER(), pkitest.Open(stamped.DER()), person.Raw, []byte("MIIB"), []byte("-----BEGIN CMS-----"), {0x30, 0x80, 0, 0},
	} {
		f.Add(seed, []byte("another text"))
	}
	f.Fuzz(func(t *testing.T, cms, other []byte) {
		if bytes.Equal(other, text) {
			return
		}
		if got, err := v.Verify(t.Context(), cms, other); err == nil {
			t.Errorf("%s passes over %q: %+v", hex.EncodeToString(cms), other, got)
		}
		if got, err := v.Verify(t.Context(), cms, text); err == nil && got.IIN != a.iin {
			t.Errorf("%s is of %+v", hex.EncodeToString(cms), got)
		}
	})
}

var _ Checker = (*Verifier)(nil)
