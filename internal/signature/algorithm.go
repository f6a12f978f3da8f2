package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"crypto/x509"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"kelisim/internal/gost"
)

// digestAlgorithm is a hash function. SHA-1 and GOST 34.311-95 are not among them.
type digestAlgorithm struct {
	name  string
	new   func() hash.Hash
	known crypto.Hash // to the standard library; 0 for Streebog
}

func (d *digestAlgorithm) sum(b []byte) []byte {
	h := d.new()
	h.Write(b)
	return h.Sum(nil)
}

var (
	sha256      = &digestAlgorithm{"SHA256", crypto.SHA256.New, crypto.SHA256}
	sha384      = &digestAlgorithm{"SHA384", crypto.SHA384.New, crypto.SHA384}
	sha512      = &digestAlgorithm{"SHA512", crypto.SHA512.New, crypto.SHA512}
	streebog256 = &digestAlgorithm{"256", gost.New256, 0}
	streebog512 = &digestAlgorithm{"512", gost.New512, 0}
)

const oidSHA256 = "2.16.840.1.101.3.4.2.1"

var digests = map[string]*digestAlgorithm{
	oidSHA256:                sha256,
	"2.16.840.1.101.3.4.2.2": sha384,
	"2.16.840.1.101.3.4.2.3": sha512,
	"1.2.398.3.10.1.3.2":     streebog256, // Kazakhstan's numbers
	"1.2.398.3.10.1.3.3":     streebog512,
	"1.2.643.7.1.1.2.2":      streebog256, // and Russia's
	"1.2.643.7.1.1.2.3":      streebog512,
}

// scheme is a way to sign.
type scheme struct {
	name   string
	digest *digestAlgorithm // nil where it is said apart, as a CMS may
	holds  func(cert *x509.Certificate, d *digestAlgorithm, digest, signature []byte) bool
}

var schemes = map[string]scheme{
	"1.2.840.113549.1.1.1":  {"RSA", nil, rsaHolds},
	"1.2.840.113549.1.1.11": {"RSA", sha256, rsaHolds},
	"1.2.840.113549.1.1.12": {"RSA", sha384, rsaHolds},
	"1.2.840.113549.1.1.13": {"RSA", sha512, rsaHolds},
	"1.2.840.10045.2.1":     {"ECDSA", nil, ecdsaHolds},
	"1.2.840.10045.4.3.2":   {"ECDSA", sha256, ecdsaHolds},
	"1.2.840.10045.4.3.3":   {"ECDSA", sha384, ecdsaHolds},
	"1.2.840.10045.4.3.4":   {"ECDSA", sha512, ecdsaHolds},
	// GOST 34.10-2015 by Kazakhstan's numbers, and GOST R 34.10-2012.
	"1.2.398.3.10.1.1.2.1":   {gostName, streebog256, gostHolds},
	"1.2.398.3.10.1.1.2.2":   {gostName, streebog512, gostHolds},
	"1.2.398.3.10.1.1.2.3.1": {gostName, streebog256, gostHolds},
	"1.2.398.3.10.1.1.2.3.2": {gostName, streebog512, gostHolds},
	"1.2.643.7.1.1.1.1":      {gostName, streebog256, gostHolds},
	"1.2.643.7.1.1.1.2":      {gostName, streebog512, gostHolds},
	"1.2.643.7.1.1.3.2":      {gostName, streebog256, gostHolds},
	"1.2.643.7.1.1.3.3":      {gostName, streebog512, gostHolds},
}

const gostName = "GOST 34.10-2015"

// scheme returns how the attributes are signed. The digest of the content and
// that of the signature must be one.
func (si *signerInfo) scheme() (*digestAlgorithm, scheme, bool) {
	s, ok := schemes[si.algorithm]
	d := digests[si.digest]
	return d, s, ok && d != nil && (s.digest == nil && d.known != 0 || s.digest == d)
}

// algorithmName is for people: "GOST 34.10-2015-512", "RSA-SHA256".
func (si *signerInfo) algorithmName() string {
	d, s, _ := si.scheme()
	return s.name + "-" + d.name
}

// verify reports whether the key of the certificate signed the message. What the
// algorithm is comes from the message, what the key is from the certificate: they
// must agree.
func (s scheme) verify(cert *x509.Certificate, d *digestAlgorithm, message, signature []byte) bool {
	return s.holds(cert, d, d.sum(message), signature)
}

// signedBy checks a certificate, a list or an answer: tbs under the algorithm.
func signedBy(cert *x509.Certificate, algorithm string, tbs, signature []byte) bool {
	s, ok := schemes[algorithm]
	return ok && s.digest != nil && s.verify(cert, s.digest, tbs, signature)
}

// algorithmOf returns the algorithm of a certificate or list of revoked ones: of
// SEQUENCE { what is signed, algorithm, signature }.
func algorithmOf(raw []byte) string {
	in := cryptobyte.String(raw)
	var all, tbs cryptobyte.String
	if !in.ReadASN1(&all, asn1.SEQUENCE) || !all.ReadASN1Element(&tbs, asn1.SEQUENCE) {
		return ""
	}
	oid, ok := readAlgorithm(&all)
	if !ok {
		return ""
	}
	return oid
}

func rsaHolds(cert *x509.Certificate, d *digestAlgorithm, digest, signature []byte) bool {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() >= 2048 && rsa.VerifyPKCS1v15(key, d.known, digest, signature) == nil
}

func ecdsaHolds(cert *x509.Certificate, _ *digestAlgorithm, digest, signature []byte) bool {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	return ok && key.Curve.Params().BitSize >= 256 && ecdsa.VerifyASN1(key, digest, signature)
}

func gostHolds(cert *x509.Certificate, _ *digestAlgorithm, digest, signature []byte) bool {
	key := gostKey(cert.RawSubjectPublicKeyInfo)
	return key != nil && key.Verify(digest, signature)
}

// gostKeys are the identifiers of keys, with the size of their curves.
var gostKeys = map[string]int{
	"1.2.398.3.10.1.1.2.1": gost.Size256,
	"1.2.398.3.10.1.1.2.2": gost.Size512,
	"1.2.643.7.1.1.1.1":    gost.Size256,
	"1.2.643.7.1.1.1.2":    gost.Size512,
}

// gostKey reads a key of GOST 34.10 from a SubjectPublicKeyInfo (RFC 9215): the
// standard library passes over what it does not know. It returns nil for others.
func gostKey(spki []byte) *gost.Key {
	in := cryptobyte.String(spki)
	var all, id, params, point cryptobyte.String
	if !in.ReadASN1(&all, asn1.SEQUENCE) || !all.ReadASN1(&id, asn1.SEQUENCE) {
		return nil
	}
	kind, ok := readOID(&id)
	if !ok || !id.ReadASN1(&params, asn1.SEQUENCE) {
		return nil
	}
	set, ok := readOID(&params)
	curve := gost.CurveOf(set)
	if !ok || curve == nil || curve.Size != gostKeys[kind] {
		return nil
	}
	var bits []byte
	if !all.ReadASN1BitStringAsBytes(&bits) || !all.Empty() {
		return nil
	}
	inner := cryptobyte.String(bits)
	if !inner.ReadASN1(&point, asn1.OCTET_STRING) || !inner.Empty() {
		return nil
	}
	key, err := gost.NewKey(curve, point)
	if err != nil {
		return nil
	}
	return key
}
