package pkitest

import (
	"crypto/x509"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// CMS is a signature to make: the zero value of each field is what a good one has.
// Tests change fields to forge.
type CMS struct {
	By       *Cert
	Text     []byte
	Attached bool
	At       time.Time

	Content     []byte              // attached instead of the text
	Certs       []*x509.Certificate // inside instead of the signer's own
	Kind        string              // of the content; data
	Digest      string              // named instead of the key's own
	Algorithm   string
	KeyID       bool // points to the certificate by the key's identifier
	SignedAttrs func(good [][]byte) [][]byte
	NoAttrs     bool
	Signature   func(good []byte) []byte
	Unsigned    func(signature []byte) [][]byte
	Signers     func(good []byte) [][]byte
	Digests     [][]byte
	Version     int64
}

// Attribute types.
const (
	OIDContentType = "1.2.840.113549.1.9.3"
	OIDDigest      = "1.2.840.113549.1.9.4"
	OIDTime        = "1.2.840.113549.1.9.5"
	OIDData        = "1.2.840.113549.1.7.1"
	OIDSignedData  = "1.2.840.113549.1.7.2"
	OIDStamp       = "1.2.840.113549.1.9.16.2.14"
	OIDStampInfo   = "1.2.840.113549.1.9.16.1.4"
	OIDSigningCert = "1.2.840.113549.1.9.16.2.47"
)

// Attr is an attribute.
func Attr(oid string, values ...[]byte) []byte { return Seq(OID(oid), Set(values...)) }

// DER makes the signature.
func (c *CMS) DER() []byte {
	kind := or(c.Kind, OIDData)
	digest := or(c.Digest, c.By.Key.Digest)
	info := c.signerInfo(kind, digest)
	signers := [][]byte{info}
	if c.Signers != nil {
		signers = c.Signers(info)
	}
	content := [][]byte{OID(kind)}
	if c.Attached {
		text := c.Text
		if c.Content != nil {
			text = c.Content
		}
		content = append(content, Part(0, Octets(text)))
	}
	certs := c.Certs
	if certs == nil {
		certs = []*x509.Certificate{c.By.Certificate}
	}
	var raw [][]byte
	for _, x := range certs {
		raw = append(raw, x.Raw)
	}
	algorithms := c.Digests
	if algorithms == nil {
		algorithms = [][]byte{AlgorithmID(digest)}
	}
	version := c.Version
	if version == 0 {
		version = 1
	}
	return Seq(OID(OIDSignedData), Part(0, Seq(
		Int(version), Set(algorithms...), Seq(content...), Part(0, raw...), Set(signers...),
	)))
}

func (c *CMS) signerInfo(kind, digest string) []byte {
	attrs := [][]byte{
		Attr(OIDContentType, OID(kind)),
		Attr(OIDTime, Time(c.At)),
		Attr(OIDDigest, Octets(c.By.Key.Hash(c.Text))),
	}
	if c.SignedAttrs != nil {
		attrs = c.SignedAttrs(attrs)
	}
	signature := c.By.Key.Sign(Set(attrs...))
	if c.NoAttrs {
		signature = c.By.Key.Sign(c.Text)
	}
	if c.Signature != nil {
		signature = c.Signature(signature)
	}
	id := Seq(c.By.RawIssuer, Number(c.By.SerialNumber))
	if c.KeyID {
		id = Field(0, c.By.SubjectKeyId)
	}
	parts := [][]byte{Int(1), id, AlgorithmID(digest)}
	if !c.NoAttrs {
		parts = append(parts, Part(0, attrs...))
	}
	parts = append(parts, AlgorithmID(or(c.Algorithm, c.By.Key.Algorithm)), Octets(signature))
	if c.Unsigned != nil {
		parts = append(parts, Part(1, c.Unsigned(signature)...))
	}
	return Seq(parts...)
}

// Number is an INTEGER, such as a serial number.
func Number(n *big.Int) []byte { return build(func(b *cryptobyte.Builder) { b.AddASN1BigInt(n) }) }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// StampInfo is a TSTInfo over the message.
func StampInfo(digest string, hash []byte, at time.Time) []byte {
	return Seq(
		Int(1), OID("1.2.398.3.3.2.6.1"), Seq(AlgorithmID(digest), Octets(hash)), Int(4711),
		TLV(tag.GeneralizedTime, []byte(at.UTC().Format("20060102150405.000Z"))),
	)
}

// Stamp returns the attribute with a time stamp over a signature.
func Stamp(tsa *Cert, at time.Time) func(signature []byte) [][]byte {
	return func(signature []byte) [][]byte {
		return [][]byte{Attr(OIDStamp, Token(tsa, StampInfo(tsa.Key.Digest, tsa.Key.Hash(signature), at), at))}
	}
}

// Token is a time-stamp token with the content.
func Token(tsa *Cert, info []byte, at time.Time) []byte {
	return (&CMS{By: tsa, Text: info, Attached: true, Kind: OIDStampInfo, At: at, Version: 3}).DER()
}

// Open writes the same in BER as some programs do: lengths left open, and the
// content in pieces.
func Open(der []byte) []byte {
	in := cryptobyte.String(der)
	var out []byte
	for !in.Empty() {
		var body cryptobyte.String
		var t tag.Tag
		if !in.ReadAnyASN1(&body, &t) {
			panic("not DER")
		}
		switch {
		case byte(t)&0x20 != 0 && t != tag.SET:
			out = slices.Concat(out, []byte{byte(t), 0x80}, Open(body), []byte{0, 0})
		case t == tag.OCTET_STRING && len(body) > 1:
			out = slices.Concat(out, []byte{0x24, 0x80}, Octets(body[:1]), Octets(body[1:]), []byte{0, 0})
		default:
			out = append(out, TLV(t, body)...)
		}
	}
	return out
}
