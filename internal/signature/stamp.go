package signature

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"kelisim/internal/fault"
)

// stamped checks a time-stamp token (RFC 3161) over a signature and returns its
// time. A stamp that does not hold spoils the signature: who added it wanted it to
// count.
func (v *Verifier) stamped(ctx context.Context, token, signature []byte, now time.Time) (time.Time, error) {
	t, err := v.stampedAt(ctx, token, signature, now)
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return time.Time{}, bad("signature-stamp")
	}
	return t, err
}

func (v *Verifier) stampedAt(ctx context.Context, token, signature []byte, now time.Time) (time.Time, error) {
	data, err := parseSignedData(token)
	if err != nil {
		return time.Time{}, err
	}
	data.certs = append(data.certs, v.Intermediates...) // a token may come without its certificate
	cert, err := data.check(oidStampInfo, data.content)
	if err != nil {
		return time.Time{}, err
	}
	at, ok := readStamp(data.content, signature)
	if !ok || at.After(now.Add(skew)) || !forStamping(cert) || !validAt(cert, at) {
		return time.Time{}, bad("signature-stamp")
	}
	_, err = v.trusted(ctx, cert, data.certs, at, now)
	return at, err
}

// forStamping reports whether the key may make stamps.
func forStamping(c *x509.Certificate) bool {
	const either = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageTimeStamping) && c.KeyUsage&either != 0 &&
		!c.IsCA && understandable(c)
}

// readStamp reads a TSTInfo over the message and returns its time.
func readStamp(content, message []byte) (time.Time, bool) {
	in := cryptobyte.String(content)
	var info, imprint, hash, serial cryptobyte.String
	var version int
	if !in.ReadASN1(&info, asn1.SEQUENCE) || !in.Empty() || !info.ReadASN1Integer(&version) || version != 1 {
		return time.Time{}, false
	}
	if _, ok := readOID(&info); !ok || !info.ReadASN1(&imprint, asn1.SEQUENCE) || !info.ReadASN1(&serial, asn1.INTEGER) {
		return time.Time{}, false
	}
	oid, ok := readAlgorithm(&imprint)
	digest := digests[oid]
	if !ok || digest == nil || !imprint.ReadASN1(&hash, asn1.OCTET_STRING) || !imprint.Empty() ||
		!bytes.Equal(hash, digest.sum(message)) {
		return time.Time{}, false
	}
	return readTime(&info)
}

// readTime reads a UTCTime or a GeneralizedTime, which in a stamp may have parts
// of a second.
func readTime(s *cryptobyte.String) (time.Time, bool) {
	var t time.Time
	var text cryptobyte.String
	switch {
	case s.PeekASN1Tag(asn1.UTCTime):
		ok := s.ReadASN1UTCTime(&t)
		return t.UTC(), ok
	case s.ReadASN1(&text, asn1.GeneralizedTime):
		whole, ok := strings.CutSuffix(string(text), "Z")
		t, err := time.Parse("20060102150405", whole) // takes a fraction too
		return t, ok && err == nil
	default:
		return t, false
	}
}
