package pkitest

import (
	"crypto/x509"
	"math/big"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Purposes of keys.
const (
	ForSigning   = "1.3.6.1.5.5.7.3.4"
	ForSigningIn = "1.3.6.1.5.5.7.3.2"
	ForStamps    = "1.3.6.1.5.5.7.3.8"
	ForResponses = "1.3.6.1.5.5.7.3.9"

	PersonRole   = "1.2.398.3.3.4.1.1"
	OrgRole      = "1.2.398.3.3.4.1.2"
	HeadRole     = "1.2.398.3.3.4.1.2.1"
	EmployeeRole = "1.2.398.3.3.4.1.2.5"
)

// Bits of key usage.
const (
	DigitalSignature = 0x80
	NonRepudiation   = 0x40
	KeyEncipherment  = 0x20
	CertSign         = 0x04
	CRLSign          = 0x02
)

// A Name is parts by OID, in order.
type Name [][2]string

// Human is the subject of a person's certificate, in the authority's order.
func Human(surname, given, patronymic, iin string) Name {
	return Name{
		{"2.5.4.3", surname + " " + given},
		{"2.5.4.4", surname},
		{"2.5.4.5", "IIN" + iin},
		{"2.5.4.6", "KZ"},
		{"2.5.4.42", patronymic},
	}
}

// Of adds the organization that a person signs for.
func (n Name) Of(organization, bin string) Name {
	return append(slices.Clone(n), [2]string{"2.5.4.10", organization}, [2]string{"2.5.4.11", "BIN" + bin})
}

func (n Name) der() []byte {
	var parts [][]byte
	for _, p := range n {
		t := tag.UTF8String
		if p[0] == "2.5.4.6" || p[0] == "2.5.4.5" {
			t = tag.PrintableString
		}
		parts = append(parts, Set(Seq(OID(p[0]), TLV(t, []byte(p[1])))))
	}
	return Seq(parts...)
}

// Template is what a certificate says. Zero fields are left out.
type Template struct {
	Subject           Name
	NotBefore, Until  time.Time
	Usage             byte
	Purposes          []string
	CA                bool
	PathLen           int // -1 for no limit
	OCSP, CRL         string
	Extra             [][]byte // whole extensions
	Serial            int64
	SignedWith        string // another algorithm than the issuer's key has, in both places
	SignedWithOutside string // and in the outer place alone
}

// Cert is a certificate with its key.
type Cert struct {
	*x509.Certificate
	Key *Key
}

var serials atomic.Int64

// Issue makes a certificate over the key; a root where the issuer is nil.
func Issue(issuer *Cert, key *Key, t *Template) *Cert {
	raw := IssueRaw(issuer, key, t)
	c, err := x509.ParseCertificate(raw)
	must(err)
	return &Cert{c, key}
}

// IssueRaw is Issue for what may be no certificate.
func IssueRaw(issuer *Cert, key *Key, t *Template) []byte {
	signer, by := key, t.Subject.der()
	if issuer != nil {
		signer, by = issuer.Key, issuer.RawSubject
	}
	serial := big.NewInt(t.Serial)
	if t.Serial == 0 {
		serial.SetInt64(0x7ad24b1b<<16 + serials.Add(1))
	}
	inside := signer.Algorithm
	if t.SignedWith != "" {
		inside = t.SignedWith
	}
	outside := inside
	if t.SignedWithOutside != "" {
		outside = t.SignedWithOutside
	}
	tbs := Seq(
		Part(0, Int(2)),
		build(func(b *cryptobyte.Builder) { b.AddASN1BigInt(serial) }),
		AlgorithmID(inside), by,
		Seq(Time(t.NotBefore), Time(t.Until)),
		t.Subject.der(), key.SPKI,
		Part(3, Seq(t.extensions()...)),
	)
	return Signed(tbs, outside, signer.Sign(tbs))
}

// Signed puts what was signed, the algorithm and the signature together.
func Signed(tbs []byte, algorithm string, signature []byte) []byte {
	return Seq(tbs, AlgorithmID(algorithm), bits(signature))
}

func bits(b []byte) []byte { return build(func(x *cryptobyte.Builder) { x.AddASN1BitString(b) }) }

// Ext is an extension.
func Ext(oid string, critical bool, value []byte) []byte {
	parts := [][]byte{OID(oid)}
	if critical {
		parts = append(parts, TLV(tag.BOOLEAN, []byte{0xff}))
	}
	return Seq(append(parts, Octets(value))...)
}

func (t *Template) extensions() [][]byte {
	exts := slices.Clone(t.Extra)
	if t.CA {
		basic := [][]byte{TLV(tag.BOOLEAN, []byte{0xff})}
		if t.PathLen >= 0 {
			basic = append(basic, Int(int64(t.PathLen)))
		}
		exts = append(exts, Ext("2.5.29.19", true, Seq(basic...)))
	}
	if t.Usage != 0 {
		exts = append(exts, Ext("2.5.29.15", true, TLV(tag.BIT_STRING, []byte{0, t.Usage})))
	}
	if t.Purposes != nil {
		var oids [][]byte
		for _, p := range t.Purposes {
			oids = append(oids, OID(p))
		}
		exts = append(exts, Ext("2.5.29.37", false, Seq(oids...)))
	}
	if t.OCSP != "" {
		exts = append(exts, Ext("1.3.6.1.5.5.7.1.1", false, Seq(Seq(OID("1.3.6.1.5.5.7.48.1"), Field(6, []byte(t.OCSP))))))
	}
	if t.CRL != "" {
		exts = append(exts, Ext("2.5.29.31", false, Seq(Seq(Part(0, Part(0, Field(6, []byte(t.CRL))))))))
	}
	return exts
}

// Time is a UTCTime.
func Time(t time.Time) []byte {
	return TLV(tag.UTCTime, []byte(t.UTC().Format("060102150405Z")))
}

// LongTime is a GeneralizedTime.
func LongTime(t time.Time) []byte {
	return TLV(tag.GeneralizedTime, []byte(t.UTC().Format("20060102150405Z")))
}
