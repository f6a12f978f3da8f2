package signature

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"slices"
	"time"

	asn1oid "encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The part of RFC 6960 that asks about one certificate. It is our own because the
// answers are signed by GOST, too, and because a question has to have a nonce.

var (
	ocspBasic = asn1oid.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	ocspNonce = asn1oid.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	sha256OID = asn1oid.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// askResponders asks the addresses that the certificate names, in their order.
func (r *Revocation) askResponders(ctx context.Context, c, issuer *x509.Certificate, at, now time.Time) (answer, error) {
	addresses := c.OCSPServer
	if r.OCSP != "" && len(addresses) > 0 {
		addresses = []string{r.OCSP}
	}
	err := errUnknown
	for _, address := range addresses[:min(len(addresses), 2)] {
		var a answer
		if a, err = r.askResponder(ctx, address, c, issuer, at, now); err == nil {
			return a, nil
		}
	}
	return answer{}, err
}

func (r *Revocation) askResponder(ctx context.Context, address string, c, issuer *x509.Certificate, at, now time.Time) (answer, error) {
	q, err := newQuestion(c, issuer)
	if err != nil {
		return answer{}, err
	}
	got, err := r.ask(ctx, address, "application/ocsp-request", q.bytes)
	if err != nil {
		return answer{}, err
	}
	der, err := toDER(got)
	if err != nil {
		return answer{}, errUnknown
	}
	b, ok := parseBasic(der)
	if !ok || !r.mayAnswer(b, issuer, now) {
		return answer{}, errUnknown
	}
	a, ok := b.about(q)
	if !ok || !a.covers(c, at, now) {
		return answer{}, errUnknown
	}
	return a, nil
}

// question is a request about one certificate.
type question struct {
	bytes             []byte
	name, key, serial []byte // of the issuer, of its key: SHA-256; DER of the number
	nonce             []byte
}

func newQuestion(c, issuer *x509.Certificate) (*question, error) {
	spki := cryptobyte.String(issuer.RawSubjectPublicKeyInfo)
	var all cryptobyte.String
	var bits []byte
	if !spki.ReadASN1(&all, asn1.SEQUENCE) || !all.SkipASN1(asn1.SEQUENCE) || !all.ReadASN1BitStringAsBytes(&bits) {
		return nil, errUnknown
	}
	q := &question{name: sha256.sum(issuer.RawSubject), key: sha256.sum(bits), nonce: make([]byte, 16)}
	_, _ = rand.Read(q.nonce) // never fails
	var serial cryptobyte.Builder
	serial.AddASN1BigInt(c.SerialNumber)
	q.serial = serial.BytesOrPanic()
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { // OCSPRequest
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { // TBSRequest
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { // requestList
				b.AddASN1(asn1.SEQUENCE, q.add)
			})
			b.AddASN1(part(2), q.addNonce)
		})
	})
	var err error
	q.bytes, err = b.Bytes()
	return q, err
}

// add writes the CertID.
func (q *question) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(sha256OID)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(q.name)
		b.AddASN1OctetString(q.key)
		b.AddBytes(q.serial)
	})
}

func (q *question) addNonce(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(ocspNonce)
			b.AddASN1(asn1.OCTET_STRING, func(b *cryptobyte.Builder) {
				b.AddASN1OctetString(q.nonce)
			})
		})
	})
}

// isIt reports whether a CertID is the one that was asked about.
func (q *question) isIt(id cryptobyte.String) bool {
	var name, key, serial cryptobyte.String
	oid, ok := readAlgorithm(&id)
	return ok && oid == oidSHA256 && id.ReadASN1(&name, asn1.OCTET_STRING) && id.ReadASN1(&key, asn1.OCTET_STRING) &&
		id.ReadASN1Element(&serial, asn1.INTEGER) && id.Empty() &&
		bytes.Equal(name, q.name) && bytes.Equal(key, q.key) && bytes.Equal(serial, q.serial)
}

// basic is a BasicOCSPResponse.
type basic struct {
	tbs       []byte
	algorithm string
	signature []byte
	certs     []*x509.Certificate
}

// parseBasic reads a successful OCSPResponse.
func parseBasic(der []byte) (*basic, bool) {
	in := cryptobyte.String(der)
	var all, outer, typed, octets, body cryptobyte.String
	var status int
	if !in.ReadASN1(&all, asn1.SEQUENCE) || !in.Empty() || !all.ReadASN1Enum(&status) || status != 0 ||
		!all.ReadASN1(&outer, part(0)) || !outer.ReadASN1(&typed, asn1.SEQUENCE) || !isOID(&typed, ocspBasic.String()) ||
		!typed.ReadASN1(&octets, asn1.OCTET_STRING) || !octets.ReadASN1(&body, asn1.SEQUENCE) || !octets.Empty() {
		return nil, false
	}
	b := &basic{}
	var tbs, certs cryptobyte.String
	var there, ok bool
	if !body.ReadASN1Element(&tbs, asn1.SEQUENCE) {
		return nil, false
	}
	b.tbs = tbs
	if b.algorithm, ok = readAlgorithm(&body); !ok || !body.ReadASN1BitStringAsBytes(&b.signature) ||
		!body.ReadOptionalASN1(&certs, &there, part(0)) || !body.Empty() {
		return nil, false
	}
	if there {
		d := signedData{}
		var list cryptobyte.String
		if !certs.ReadASN1(&list, asn1.SEQUENCE) || !d.parseCerts(list) {
			return nil, false
		}
		b.certs = d.certs
	}
	return b, true
}

// mayAnswer reports whether the response is signed by one who may: the issuer,
// whom the issuer made its responder, or one of the configuration.
func (r *Revocation) mayAnswer(b *basic, issuer *x509.Certificate, now time.Time) bool {
	who := append([]*x509.Certificate{issuer}, r.Responders...)
	for _, c := range b.certs {
		if isResponder(c, issuer, now) {
			who = append(who, c)
		}
	}
	return slices.ContainsFunc(who, func(c *x509.Certificate) bool {
		return signedBy(c, b.algorithm, b.tbs, b.signature)
	})
}

func isResponder(c, issuer *x509.Certificate, now time.Time) bool {
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) && !c.IsCA && bytes.Equal(c.RawIssuer, issuer.RawSubject) &&
		validAt(c, now) && understandable(c) && issuedBy(c, issuer)
}

// about returns what the response says to the question.
func (b *basic) about(q *question) (answer, bool) {
	in := cryptobyte.String(b.tbs)
	var data, list, exts cryptobyte.String
	var there bool
	if !in.ReadASN1(&data, asn1.SEQUENCE) || !data.SkipOptionalASN1(part(0)) {
		return answer{}, false
	}
	var who cryptobyte.String
	var tag asn1.Tag
	var produced time.Time
	if !data.ReadAnyASN1(&who, &tag) || !data.ReadASN1GeneralizedTime(&produced) || !data.ReadASN1(&list, asn1.SEQUENCE) ||
		!data.ReadOptionalASN1(&exts, &there, part(1)) || !data.Empty() || there && !q.nonceFits(exts) {
		return answer{}, false
	}
	for !list.Empty() {
		var one, id cryptobyte.String
		if !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1(&id, asn1.SEQUENCE) {
			return answer{}, false
		}
		if q.isIt(id) {
			return readStatus(one)
		}
	}
	return answer{}, false
}

// nonceFits refuses an answer to another question. A responder may leave the
// nonce out; then the term of the answer is what keeps it from being old.
func (q *question) nonceFits(exts cryptobyte.String) bool {
	var list cryptobyte.String
	if !exts.ReadASN1(&list, asn1.SEQUENCE) {
		return false
	}
	for !list.Empty() {
		var e, value, nonce cryptobyte.String
		if !list.ReadASN1(&e, asn1.SEQUENCE) {
			return false
		}
		oid, ok := readOID(&e)
		if !ok || !e.SkipOptionalASN1(asn1.BOOLEAN) || !e.ReadASN1(&value, asn1.OCTET_STRING) {
			return false
		}
		if oid == ocspNonce.String() && (!value.ReadASN1(&nonce, asn1.OCTET_STRING) || !bytes.Equal(nonce, q.nonce)) {
			return false
		}
	}
	return true
}

// readStatus reads what follows the CertID of a SingleResponse.
func readStatus(s cryptobyte.String) (a answer, ok bool) {
	var status, next cryptobyte.String
	var there bool
	switch {
	case s.PeekASN1Tag(field(0)): // good
		ok = s.ReadASN1(&status, field(0)) && status.Empty()
	case s.PeekASN1Tag(part(1)):
		a.revoked = true
		ok = s.ReadASN1(&status, part(1)) && status.ReadASN1GeneralizedTime(&a.since)
	case s.PeekASN1Tag(field(2)):
		a.unknown = true
		ok = s.ReadASN1(&status, field(2))
	}
	ok = ok && s.ReadASN1GeneralizedTime(&a.thisUpdate) && s.ReadOptionalASN1(&next, &there, part(0))
	if ok && there {
		ok = next.ReadASN1GeneralizedTime(&a.nextUpdate)
	}
	return a, ok
}
