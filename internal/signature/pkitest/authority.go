package pkitest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"sync"
	"time"
)

// Authority is a hierarchy like the national one, with its servers: a root, below
// it the authority that issues to people, its responder and its lists. Serve it
// over HTTP at the address that it was made with.
type Authority struct {
	Root, CA, Responder *Cert
	address             string
	now                 time.Time
	key                 func(name string) *Key

	mu      sync.Mutex
	revoked map[string]time.Time // by DER of the serial number
	down    bool
}

// NewAuthority makes an authority whose keys are made by a function such as [GOST].
func NewAuthority(address string, now time.Time, key func(name string) *Key) *Authority {
	a := &Authority{address: address, now: now, key: key, revoked: map[string]time.Time{}}
	const year = 365 * 24 * time.Hour
	a.Root = Issue(nil, key("the root"), &Template{
		Subject: Name{{"2.5.4.3", "НЕГІЗГІ ОРТАЛЫҚ (СЫНАҚ)"}, {"2.5.4.6", "KZ"}}, NotBefore: now.Add(-5 * year), Until: now.Add(15 * year),
		CA: true, PathLen: -1, Usage: CertSign | CRLSign,
	})
	a.CA = Issue(a.Root, key("a CA"), &Template{
		Subject: Name{{"2.5.4.3", "ҰЛТТЫҚ ОРТАЛЫҚ (СЫНАҚ)"}, {"2.5.4.6", "KZ"}}, NotBefore: now.Add(-2 * year), Until: now.Add(8 * year),
		CA: true, PathLen: 0, Usage: CertSign | CRLSign, CRL: address + "/root.crl",
	})
	a.Responder = a.Issue("OCSP responder", &Template{Subject: Name{{"2.5.4.3", "OCSP"}}, Purposes: []string{ForResponses}, Usage: DigitalSignature})
	return a
}

// Issue issues to a new key; a term that is not given is that of a year around now.
func (a *Authority) Issue(name string, t *Template) *Cert {
	if t.Until.IsZero() {
		t.NotBefore, t.Until = a.now.AddDate(0, -3, 0), a.now.AddDate(0, 9, 0)
	}
	return Issue(a.CA, a.key(name), t)
}

// Person is what the certificate of a person for signing documents says.
func (a *Authority) Person(subject Name) *Template {
	return &Template{
		Subject: subject, Usage: DigitalSignature | NonRepudiation, Purposes: []string{ForSigning, PersonRole},
		OCSP: a.address + "/ocsp", CRL: a.address + "/nca.crl",
	}
}

// Revoke takes a certificate back.
func (a *Authority) Revoke(c *Cert) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked[string(Number(c.SerialNumber))] = a.now.Add(-time.Hour)
}

// Down switches the servers off and on.
func (a *Authority) Down(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
}

// ServeHTTP answers as the authority's servers do.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	const day = 24 * time.Hour
	body, err := io.ReadAll(r.Body)
	switch {
	case a.down || err != nil:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/ocsp":
		answer := &Response{By: a.Responder, Request: body, From: a.now.Add(-time.Hour), Next: a.now.Add(time.Hour), Certs: []*x509.Certificate{a.Responder.Certificate}}
		answer.Since = a.revoked[string(SerialOf(body))]
		w.Write(answer.DER()) //nolint:errcheck // of a test
	case r.URL.Path == "/nca.crl":
		w.Write((&List{By: a.CA, From: a.now.Add(-time.Hour), Next: a.now.Add(day)}).DER()) //nolint:errcheck // of a test
	case r.URL.Path == "/root.crl":
		w.Write((&List{By: a.Root, From: a.now.Add(-30 * day), Next: a.now.Add(30 * day)}).DER()) //nolint:errcheck // of a test
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// PEM is a certificate as a file.
func (c *Cert) PEM() []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) }
