package signature

import (
	"bytes"
	"crypto/subtle"
	"crypto/x509"
	asn1oid "encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Identifiers of RFC 5652, RFC 5035 and RFC 3161.
const (
	oidData          = "1.2.840.113549.1.7.1"
	oidSignedData    = "1.2.840.113549.1.7.2"
	oidStampInfo     = "1.2.840.113549.1.9.16.1.4"
	oidContentType   = "1.2.840.113549.1.9.3"
	oidMessageDigest = "1.2.840.113549.1.9.4"
	oidSigningTime   = "1.2.840.113549.1.9.5"
	oidSigningCert2  = "1.2.840.113549.1.9.16.2.47"
	oidStamp         = "1.2.840.113549.1.9.16.2.14"
)

// Bounds of what is read at all. A CMS may hold the text.
const (
	maxSize  = 4 << 20
	maxCerts = 16
)

// Bare takes the base64 or PEM off a signature and leaves its bytes as they are;
// false where there is none.
func Bare(cms []byte) ([]byte, bool) { return unarmour(cms) }

// decode brings DER, base64 or PEM to DER.
func decode(cms []byte) ([]byte, error) {
	b, ok := unarmour(cms)
	if !ok {
		return nil, bad("signature-format")
	}
	der, err := toDER(b)
	if err != nil {
		return nil, bad("signature-format")
	}
	return der, nil
}

func unarmour(cms []byte) ([]byte, bool) {
	trimmed := bytes.TrimSpace(cms)
	switch {
	case len(trimmed) == 0 || len(cms) > maxSize:
		return nil, false
	case cms[0] == 0x30:
		return cms, true
	case trimmed[0] == '-':
		block, rest := pem.Decode(trimmed)
		if block == nil || len(bytes.TrimSpace(rest)) > 0 {
			return nil, false
		}
		return block.Bytes, true
	default:
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(trimmed)), ""))
		return b, err == nil
	}
}

// signedData is a SignedData of RFC 5652 with one signer.
type signedData struct {
	kind     string // of the content
	content  []byte
	attached bool
	digests  []string
	certs    []*x509.Certificate
	signer   signerInfo
}

type signerInfo struct {
	issuer, serial []byte // of the certificate, as bytes, or
	keyID          []byte
	digest         string
	algorithm      string
	signed         attributes
	signedBytes    []byte // the same, as they were signed
	signature      []byte
	unsigned       attributes
}

// attributes are values by type: each the content of a SET.
type attributes map[string]cryptobyte.String

// one returns the only value of an attribute.
func (a attributes) one(oid string) (cryptobyte.String, bool) {
	set, ok := a[oid]
	var v cryptobyte.String
	var tag asn1.Tag
	return v, ok && set.ReadAnyASN1Element(&v, &tag) && set.Empty()
}

// field and part are the tags [n] of a value and of a structure.
func field(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }

func part(n uint8) asn1.Tag { return field(n).Constructed() }

// parseSignedData reads a ContentInfo that holds a SignedData.
func parseSignedData(der []byte) (*signedData, error) {
	var info, body, sd cryptobyte.String
	in := cryptobyte.String(der)
	if !in.ReadASN1(&info, asn1.SEQUENCE) || !in.Empty() || !isOID(&info, oidSignedData) ||
		!info.ReadASN1(&body, part(0)) || !info.Empty() ||
		!body.ReadASN1(&sd, asn1.SEQUENCE) || !body.Empty() {
		return nil, bad("signature-format")
	}
	d := &signedData{}
	var version int
	var signers cryptobyte.String
	if !sd.ReadASN1Integer(&version) || !d.readDigests(&sd) || !d.readContent(&sd) ||
		!d.readCerts(&sd) || !sd.SkipOptionalASN1(part(1)) || // lists of revoked certificates, which we take elsewhere
		!sd.ReadASN1(&signers, asn1.SET) || !sd.Empty() {
		return nil, bad("signature-format")
	}
	var one cryptobyte.String
	if !signers.ReadASN1(&one, asn1.SEQUENCE) {
		return nil, bad("signature-format")
	}
	if !signers.Empty() {
		return nil, bad("signature-signers")
	}
	if !d.signer.read(&one) || !slices.Contains(d.digests, d.signer.digest) {
		return nil, bad("signature-format")
	}
	return d, nil
}

func (d *signedData) readDigests(s *cryptobyte.String) bool {
	var set cryptobyte.String
	if !s.ReadASN1(&set, asn1.SET) {
		return false
	}
	for !set.Empty() {
		oid, ok := readAlgorithm(&set)
		if !ok {
			return false
		}
		d.digests = append(d.digests, oid)
	}
	return true
}

func (d *signedData) readContent(s *cryptobyte.String) bool {
	var info, outer, content cryptobyte.String
	if !s.ReadASN1(&info, asn1.SEQUENCE) {
		return false
	}
	var ok bool
	if d.kind, ok = readOID(&info); !ok || !info.ReadOptionalASN1(&outer, &d.attached, part(0)) || !info.Empty() {
		return false
	}
	if d.attached && (!outer.ReadASN1(&content, asn1.OCTET_STRING) || !outer.Empty()) {
		return false
	}
	d.content = content
	return true
}

func (d *signedData) readCerts(s *cryptobyte.String) bool {
	var set cryptobyte.String
	return s.ReadOptionalASN1(&set, nil, part(0)) && d.parseCerts(set)
}

// parseCerts reads certificates, one after another.
func (d *signedData) parseCerts(set cryptobyte.String) bool {
	for !set.Empty() {
		var raw cryptobyte.String
		if len(d.certs) == maxCerts || !set.ReadASN1Element(&raw, asn1.SEQUENCE) {
			return false
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil { // it may quote the certificate, so it goes no further
			return false
		}
		d.certs = append(d.certs, cert)
	}
	return true
}

func (si *signerInfo) read(s *cryptobyte.String) bool {
	var version int
	var signed, signature, unsigned cryptobyte.String
	var hasSigned, hasUnsigned, ok bool
	if !s.ReadASN1Integer(&version) || !si.readID(s) {
		return false
	}
	if si.digest, ok = readAlgorithm(s); !ok || !s.ReadOptionalASN1(&signed, &hasSigned, part(0)) {
		return false
	}
	if si.algorithm, ok = readAlgorithm(s); !ok || !s.ReadASN1(&signature, asn1.OCTET_STRING) ||
		!s.ReadOptionalASN1(&unsigned, &hasUnsigned, part(1)) || !s.Empty() || !hasSigned {
		return false
	}
	si.signature = signature
	si.signedBytes = encode(0x31, signed) // they are signed under the tag of a SET
	if si.signed, ok = readAttributes(signed); !ok {
		return false
	}
	si.unsigned, ok = readAttributes(unsigned)
	return ok
}

// readID reads whose certificate it is: issuer and serial number, or the
// identifier of the key.
func (si *signerInfo) readID(s *cryptobyte.String) bool {
	if s.PeekASN1Tag(field(0)) {
		var id cryptobyte.String
		ok := s.ReadASN1(&id, field(0))
		si.keyID = id
		return ok && len(id) > 0
	}
	var id, issuer, serial cryptobyte.String
	ok := s.ReadASN1(&id, asn1.SEQUENCE) && id.ReadASN1Element(&issuer, asn1.SEQUENCE) &&
		id.ReadASN1(&serial, asn1.INTEGER) && id.Empty()
	si.issuer, si.serial = issuer, serial
	return ok
}

// readAttributes refuses a type that comes twice: which of them counts would
// depend on who reads.
func readAttributes(s cryptobyte.String) (attributes, bool) {
	all := attributes{}
	for !s.Empty() {
		var a, set cryptobyte.String
		if !s.ReadASN1(&a, asn1.SEQUENCE) {
			return nil, false
		}
		oid, ok := readOID(&a)
		if _, twice := all[oid]; !ok || twice || !a.ReadASN1(&set, asn1.SET) || !a.Empty() || set.Empty() {
			return nil, false
		}
		all[oid] = set
	}
	return all, true
}

// readAlgorithm reads an AlgorithmIdentifier without parameters.
func readAlgorithm(s *cryptobyte.String) (string, bool) {
	var id cryptobyte.String
	if !s.ReadASN1(&id, asn1.SEQUENCE) {
		return "", false
	}
	oid, ok := readOID(&id)
	if !id.Empty() {
		var null cryptobyte.String
		ok = ok && id.ReadASN1(&null, asn1.NULL) && null.Empty() && id.Empty()
	}
	return oid, ok
}

func readOID(s *cryptobyte.String) (string, bool) {
	var oid asn1oid.ObjectIdentifier
	ok := s.ReadASN1ObjectIdentifier(&oid)
	return oid.String(), ok
}

func isOID(s *cryptobyte.String, want string) bool {
	got, ok := readOID(s)
	return ok && got == want
}

// check establishes that the content is this one, of this kind, and that the key
// of a certificate inside signed it. Whether to trust the certificate is not said.
func (d *signedData) check(kind string, content []byte) (*x509.Certificate, error) {
	si := &d.signer
	if d.kind != kind || !si.says(oidContentType, kind) {
		return nil, bad("signature-format")
	}
	digest, scheme, ok := si.scheme()
	if !ok {
		return nil, bad("signature-algorithm")
	}
	if d.attached && !bytes.Equal(d.content, content) || !si.covers(digest, content) {
		return nil, bad("signature-other-text")
	}
	cert := d.find()
	if cert == nil {
		return nil, bad("signature-no-certificate")
	}
	if !si.names(cert) || !scheme.verify(cert, digest, si.signedBytes, si.signature) {
		return nil, bad("signature-broken")
	}
	return cert, nil
}

// find returns the certificate that the signer points to; nil if there is none,
// or more than one.
func (d *signedData) find() *x509.Certificate {
	var found *x509.Certificate
	for _, c := range d.certs {
		if !d.signer.pointsTo(c) || found != nil && found.Equal(c) {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

func (si *signerInfo) pointsTo(c *x509.Certificate) bool {
	if si.keyID != nil {
		return bytes.Equal(si.keyID, c.SubjectKeyId)
	}
	var serial cryptobyte.Builder
	serial.AddASN1BigInt(c.SerialNumber)
	b, err := serial.Bytes()
	return err == nil && bytes.Equal(si.issuer, c.RawIssuer) && bytes.Equal(encode(0x02, si.serial), b)
}

// says reports whether a signed attribute is this identifier.
func (si *signerInfo) says(attribute, oid string) bool {
	v, ok := si.signed.one(attribute)
	return ok && isOID(&v, oid) && v.Empty()
}

// covers reports whether the signed digest is that of the content.
func (si *signerInfo) covers(digest *digestAlgorithm, content []byte) bool {
	v, ok := si.signed.one(oidMessageDigest)
	var want cryptobyte.String
	return ok && v.ReadASN1(&want, asn1.OCTET_STRING) && v.Empty() &&
		subtle.ConstantTimeCompare(want, digest.sum(content)) == 1
}

// names reports whether the certificate is the one that the signed attributes
// name, if they do (RFC 5035): another one over the same key will not pass.
func (si *signerInfo) names(c *x509.Certificate) bool {
	if _, there := si.signed[oidSigningCert2]; !there {
		return true
	}
	v, ok := si.signed.one(oidSigningCert2)
	var all, list, first, hash cryptobyte.String
	if !ok || !v.ReadASN1(&all, asn1.SEQUENCE) || !all.ReadASN1(&list, asn1.SEQUENCE) || !list.ReadASN1(&first, asn1.SEQUENCE) {
		return false
	}
	digest := digests[oidSHA256]
	if first.PeekASN1Tag(asn1.SEQUENCE) {
		oid, ok := readAlgorithm(&first)
		if digest = digests[oid]; !ok || digest == nil {
			return false
		}
	}
	return first.ReadASN1(&hash, asn1.OCTET_STRING) && bytes.Equal(hash, digest.sum(c.Raw))
}

// signingTime is when the signer says it was.
func (si *signerInfo) signingTime() (time.Time, error) {
	v, ok := si.signed.one(oidSigningTime)
	t, read := readTime(&v)
	if !ok || !read || !v.Empty() {
		return time.Time{}, bad("signature-format")
	}
	return t, nil
}

// stamp returns the time stamp over the signature, where there is one.
func (si *signerInfo) stamp() (token []byte, ok bool, err error) {
	if _, ok := si.unsigned[oidStamp]; !ok {
		return nil, false, nil
	}
	v, ok := si.unsigned.one(oidStamp)
	if !ok {
		return nil, false, bad("signature-stamp")
	}
	return v, true, nil
}
