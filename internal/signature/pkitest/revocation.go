package pkitest

import (
	"crypto/x509"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// List is a revocation list to make.
type List struct {
	By         *Cert
	From, Next time.Time
	Revoked    map[*x509.Certificate]time.Time
	Extra      [][]byte // extensions
	EntryExtra [][]byte // extensions of each entry
	Issuer     []byte   // named instead of the signer
}

// DER makes the list.
func (l *List) DER() []byte {
	issuer := l.By.RawSubject
	if l.Issuer != nil {
		issuer = l.Issuer
	}
	parts := [][]byte{Int(1), AlgorithmID(l.By.Key.Algorithm), issuer, Time(l.From)}
	if !l.Next.IsZero() {
		parts = append(parts, Time(l.Next))
	}
	var entries [][]byte
	for c, since := range l.Revoked {
		e := [][]byte{Number(c.SerialNumber), Time(since)}
		if l.EntryExtra != nil {
			e = append(e, Seq(l.EntryExtra...))
		}
		entries = append(entries, Seq(e...))
	}
	if entries != nil {
		parts = append(parts, Seq(entries...))
	}
	exts := append([][]byte{Ext("2.5.29.20", false, Int(7))}, l.Extra...)
	parts = append(parts, Part(0, Seq(exts...)))
	tbs := Seq(parts...)
	return Signed(tbs, l.By.Key.Algorithm, l.By.Key.Sign(tbs))
}

// Response is an answer of a responder to make.
type Response struct {
	By         *Cert
	Request    []byte
	From, Next time.Time
	Since      time.Time // of the revocation; zero: good
	Unknown    bool
	Certs      []*x509.Certificate
	Nonce      []byte // instead of that of the request
	NoNonce    bool
	ID         []byte // CertID instead of that of the request
	Status     byte
	Algorithm  string
	Signature  func(good []byte) []byte
}

// DER makes the answer.
func (r *Response) DER() []byte {
	if r.Status != 0 {
		return Seq(TLV(tag.ENUM, []byte{r.Status}))
	}
	id, nonce := readRequest(r.Request)
	if r.ID != nil {
		id = r.ID
	}
	if r.Nonce != nil {
		nonce = r.Nonce
	}
	status := Field(0)
	if !r.Since.IsZero() {
		status = Part(1, LongTime(r.Since))
	}
	if r.Unknown {
		status = Field(2)
	}
	one := [][]byte{id, status, LongTime(r.From)}
	if !r.Next.IsZero() {
		one = append(one, Part(0, LongTime(r.Next)))
	}
	data := [][]byte{Part(1, r.By.RawSubject), LongTime(r.From), Seq(Seq(one...))}
	if !r.NoNonce {
		data = append(data, Part(1, Seq(Ext("1.3.6.1.5.5.7.48.1.2", false, Octets(nonce)))))
	}
	tbs := Seq(data...)
	signature := r.By.Key.Sign(tbs)
	if r.Signature != nil {
		signature = r.Signature(signature)
	}
	basic := [][]byte{tbs, AlgorithmID(or(r.Algorithm, r.By.Key.Algorithm)), bits(signature)}
	if r.Certs != nil {
		var raw [][]byte
		for _, c := range r.Certs {
			raw = append(raw, c.Raw)
		}
		basic = append(basic, Part(0, Seq(raw...)))
	}
	return Seq(TLV(tag.ENUM, []byte{0}), Part(0, Seq(OID("1.3.6.1.5.5.7.48.1.1"), Octets(Seq(basic...)))))
}

// readRequest returns the CertID and the nonce of a request.
func readRequest(raw []byte) (id, nonce []byte) {
	in := cryptobyte.String(raw)
	var all, tbs, list, one, cert, exts, ext, value, n cryptobyte.String
	ok := in.ReadASN1(&all, tag.SEQUENCE) && all.ReadASN1(&tbs, tag.SEQUENCE) && tbs.ReadASN1(&list, tag.SEQUENCE) &&
		list.ReadASN1(&one, tag.SEQUENCE) && one.ReadASN1Element(&cert, tag.SEQUENCE) &&
		tbs.ReadASN1(&exts, tag.Tag(2).ContextSpecific().Constructed()) && exts.ReadASN1(&exts, tag.SEQUENCE) &&
		exts.ReadASN1(&ext, tag.SEQUENCE) && ext.SkipASN1(tag.OBJECT_IDENTIFIER) &&
		ext.ReadASN1(&value, tag.OCTET_STRING) && value.ReadASN1(&n, tag.OCTET_STRING)
	if !ok {
		panic("pkitest: not a request with a nonce")
	}
	return cert, n
}

// SerialOf reads the number of the certificate that a request is about.
func SerialOf(request []byte) []byte {
	id, _ := readRequest(request)
	in := cryptobyte.String(id)
	var all, serial cryptobyte.String
	if !in.ReadASN1(&all, tag.SEQUENCE) || !all.SkipASN1(tag.SEQUENCE) || !all.SkipASN1(tag.OCTET_STRING) ||
		!all.SkipASN1(tag.OCTET_STRING) || !all.ReadASN1Element(&serial, tag.INTEGER) {
		panic("pkitest: not a CertID")
	}
	return serial
}
