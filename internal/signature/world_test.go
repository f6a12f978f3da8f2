package signature_test

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"testing"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	. "kelisim/internal/signature"
	"kelisim/internal/signature/pkitest"
)

// text is what was shown and signed.
var text = []byte("Мен дербес деректерімді өңдеуге келісім беремін.")

// noon is when everything in these tests happens.
var noon = time.Date(2024, 5, 14, 12, 0, 0, 0, time.UTC)

const (
	day  = 24 * time.Hour
	year = 365 * day

	ocspAddress = "http://ocsp.example.kz/"
	crlAddress  = "http://crl.example.kz/nca.crl"
	rootList    = "http://crl.example.kz/root.crl"
)

// authority is a hierarchy as the national one is: a root, below it the authority
// that issues to people, its responder and its time stamps.
type authority struct {
	root, ca, responder, tsa *pkitest.Cert
	key                      func(name string) *pkitest.Key
	iin, bin                 string
}

// keys make a new kind of authority each.
var keys = map[string]func(name string) *pkitest.Key{
	"ECDSA": func(string) *pkitest.Key { return pkitest.ECDSA() },
	"RSA":   func(name string) *pkitest.Key { return pkitest.RSA(len(name) % 3) },
	"GOST":  pkitest.GOST,
	"short": pkitest.Short,
}

func newAuthority(t testing.TB, kind string) *authority {
	t.Helper()
	return newAuthorityWith(t, keys[kind])
}

func newAuthorityWith(t testing.TB, key func(name string) *pkitest.Key) *authority {
	t.Helper()
	a := &authority{key: key}
	var ok1, ok2 bool
	a.iin, ok1 = ident.MakeIIN(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), true, 1)
	a.bin, ok2 = ident.MakeBIN(2015, time.March, 7)
	if !ok1 || !ok2 {
		t.Fatal("no numbers")
	}
	a.root = pkitest.Issue(nil, a.key("the root"), &pkitest.Template{
		Subject: pkitest.Name{{"2.5.4.3", "НЕГІЗГІ ОРТАЛЫҚ (СЫНАҚ)"}, {"2.5.4.6", "KZ"}}, NotBefore: noon.Add(-5 * year), Until: noon.Add(15 * year),
		CA: true, PathLen: -1, Usage: pkitest.CertSign | pkitest.CRLSign,
	})
	a.ca = pkitest.Issue(a.root, a.key("a CA"), &pkitest.Template{
		Subject: pkitest.Name{{"2.5.4.3", "ҰЛТТЫҚ ОРТАЛЫҚ (СЫНАҚ)"}, {"2.5.4.6", "KZ"}}, NotBefore: noon.Add(-2 * year), Until: noon.Add(8 * year),
		CA: true, PathLen: 0, Usage: pkitest.CertSign | pkitest.CRLSign, CRL: rootList,
	})
	a.responder = a.issue("OCSP responder", &pkitest.Template{Subject: pkitest.Name{{"2.5.4.3", "OCSP"}}, Purposes: []string{pkitest.ForResponses}, Usage: pkitest.DigitalSignature})
	a.tsa = a.issue("TSA", &pkitest.Template{Subject: pkitest.Name{{"2.5.4.3", "TSA"}}, Purposes: []string{pkitest.ForStamps}, Usage: pkitest.DigitalSignature, OCSP: ocspAddress})
	return a
}

// issue fills in the times, and issues to a new key.
func (a *authority) issue(name string, t *pkitest.Template) *pkitest.Cert {
	if t.Until.IsZero() {
		t.NotBefore, t.Until = noon.Add(-100*day), noon.Add(265*day)
	}
	return pkitest.Issue(a.ca, a.key(name), t)
}

// person is what the certificate of a person says.
func (a *authority) person() *pkitest.Template {
	return &pkitest.Template{
		Subject: pkitest.Human("СЕРІКОВА", "АЙГҮЛ", "БОЛАТҚЫЗЫ", a.iin), Usage: pkitest.DigitalSignature | pkitest.NonRepudiation,
		Purposes: []string{pkitest.ForSigning, pkitest.PersonRole}, OCSP: ocspAddress, CRL: crlAddress,
	}
}

// web answers like the authority's servers. What tests change is behind the lock.
type web struct {
	*authority
	mu      sync.Mutex
	revoked map[string]time.Time // by DER of the serial number
	ocsp    func(*pkitest.Response) []byte
	crl     func(*pkitest.List) []byte
	root    func(*pkitest.List) []byte
	down    map[string]bool
	asked   map[string]int
}

func newWeb(a *authority) *web {
	return &web{authority: a, revoked: map[string]time.Time{}, down: map[string]bool{}, asked: map[string]int{}}
}

var errDown = errors.New("no route")

// Ask implements Web.
func (w *web) Ask(ctx context.Context, address, _ string, body []byte) (int, []byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[address]++
	if w.down[address] || ctx.Err() != nil {
		return 0, nil, errDown
	}
	switch address {
	case ocspAddress:
		r := &pkitest.Response{By: w.responder, Request: body, From: noon.Add(-time.Hour), Next: noon.Add(time.Hour), Certs: []*x509.Certificate{w.responder.Certificate}}
		r.Since = w.revoked[string(pkitest.SerialOf(body))]
		if w.ocsp != nil {
			return 200, w.ocsp(r), nil
		}
		return 200, r.DER(), nil
	case crlAddress:
		l := &pkitest.List{By: w.ca, From: noon.Add(-time.Hour), Next: noon.Add(day)}
		if w.crl != nil {
			return 200, w.crl(l), nil
		}
		return 200, l.DER(), nil
	case rootList:
		l := &pkitest.List{By: w.authority.root, From: noon.Add(-30 * day), Next: noon.Add(30 * day)}
		if w.root != nil {
			return 200, w.root(l), nil
		}
		return 200, l.DER(), nil
	}
	return 404, nil, nil
}

func (w *web) verifier() *Verifier {
	return &Verifier{
		Roots: []*x509.Certificate{w.authority.root.Certificate}, Intermediates: []*x509.Certificate{w.ca.Certificate},
		Revocation: &Revocation{Web: w}, Now: func() time.Time { return noon },
	}
}

// sign is a good signature of the person, a minute ago.
func sign(by *pkitest.Cert) *pkitest.CMS {
	return &pkitest.CMS{By: by, Text: text, At: noon.Add(-time.Minute)}
}

// wantCode fails unless err is the fault, which must have a text in each language.
func wantCode(t *testing.T, what string, got *Signer, err error, codes ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted: %+v", what, got)
		return
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Errorf("%s: not a fault: %v", what, err)
		return
	}
	fits := len(codes) == 0
	for _, c := range codes {
		fits = fits || f.Code == c
	}
	if !fits {
		t.Errorf("%s: %v, want %v", what, err, codes)
	}
	if got != nil {
		t.Errorf("%s: a signer beside the error", what)
	}
	if !locale.Has("error." + f.Code) {
		t.Errorf("%s: %s has no text", what, f.Code)
	}
}
