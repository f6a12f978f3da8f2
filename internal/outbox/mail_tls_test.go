package outbox_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"kelisim/internal/outbox"
)

// anyHost is an address that is this machine and that a mail client must not take
// for it: the documentation of package net promises that it dials here. To 127.0.0.1
// letters may go in the clear.
const anyHost = "0.0.0.0"

const secretWord = "құпия-password"

// authority makes certificates for mail servers.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Test root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

func (a *authority) issue(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	}
	parent, by := c, key
	if a.cert != nil {
		parent, by = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, key
}

// server is a certificate of a mail server.
func (a *authority) server(change func(*x509.Certificate)) *tls.Config {
	a.t.Helper()
	c := &x509.Certificate{
		Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.ParseIP(anyHost)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(c)
	}
	made, key := a.issue(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{made.Raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

func (a *authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// wire is what went over a connection to the server, as somebody in between reads
// it.
type wire struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *wire) read() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.b.Bytes())
}

type tapped struct {
	net.Listener
	wire *wire
}

func (l tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return tap{c, l.wire}, err
}

type tap struct {
	net.Conn
	wire *wire
}

func (c tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.mu.Lock()
	c.wire.b.Write(b[:n])
	c.wire.mu.Unlock()
	return n, err
}

// post is a mail server out in the open that asks for a password. It lets one sign
// in whether encrypted or not: that is the client's to refuse.
type post struct {
	*mailbox
	wire *wire
}

// newPost listens with TLS from the first byte, or with STARTTLS where there is a
// configuration, or with neither.
func newPost(t testing.TB, config *tls.Config, fromTheStart bool) *post {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	p := &post{&mailbox{t: t, address: net.JoinHostPort(anyHost, port), users: map[string]string{"kelisim": secretWord}}, &wire{}}
	s := smtp.NewServer(p.mailbox)
	s.AllowInsecureAuth, s.Domain = true, "mail.example"
	var listen net.Listener = tapped{l, p.wire}
	if fromTheStart && config != nil {
		listen = tls.NewListener(listen, config)
	} else {
		s.TLSConfig = config
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listen)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // where the server had not begun to serve yet
		<-done
	})
	return p
}

// A letter leaves this machine by TLS alone: the server has to be who it says, by an
// authority that is trusted, and neither the letter nor the password is said before.
//
// duty: L22.1.1
func TestMailOverTLS(t *testing.T) {
	t.Parallel()
	a, stranger := newAuthority(t), newAuthority(t)
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	}
	elsewhere := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }
	for name, x := range map[string]struct {
		scheme       string
		config       *tls.Config
		fromTheStart bool
		arrives      bool
		anybody      bool // nobody need sign in
	}{
		"STARTTLS":                                    {"smtp", a.server(nil), false, true, false},
		"TLS from the first byte":                     {"smtps", a.server(nil), true, true, false},
		"STARTTLS, an unknown authority":              {"smtp", stranger.server(nil), false, false, false},
		"TLS, an unknown authority":                   {"smtps", stranger.server(nil), true, false, false},
		"STARTTLS, expired":                           {"smtp", a.server(expired), false, false, false},
		"TLS, of another server":                      {"smtps", a.server(elsewhere), true, false, false},
		"STARTTLS, of another server":                 {"smtp", a.server(elsewhere), false, false, false},
		"STARTTLS taken out on the way":               {"smtp", nil, false, false, false},
		"TLS asked for, the server speaks plain":      {"smtps", nil, false, false, false},
		"STARTTLS asked for, the server speaks TLS":   {"smtp", a.server(nil), true, false, false},
		"STARTTLS taken out, and no password to keep": {"smtp", nil, false, false, true},
		"STARTTLS, no password":                       {"smtp", a.server(nil), false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, x.config, x.fromTheStart)
			at := &url.URL{Scheme: x.scheme, User: url.UserPassword("kelisim", secretWord), Host: p.address}
			if x.anybody {
				p.users, at.User = nil, nil
			}
			m, err := outbox.NewSMTP(at.String(), sender)
			if err != nil {
				t.Fatal(err)
			}
			m.Roots = a.roots()
			err = m.Send(t.Context(), &outbox.Letter{ID: "1", To: plantedMail, Subject: "код", Text: "Асыл құпия\n"})
			got := p.all()
			if x.arrives && (err != nil || len(got) != 1 || got[0].to != plantedMail || got[0].text != "Асыл құпия\n") {
				t.Errorf("%v, %+v", err, got)
			}
			if !x.arrives && (err == nil || len(got) > 0) {
				t.Errorf("it went out: %v, %+v", err, got)
			}
			if err != nil && (strings.Contains(err.Error(), plantedMail) || strings.Contains(err.Error(), secretWord)) {
				t.Errorf("the error tells too much: %v", err)
			}
			p.silent(t)
		})
	}
}

// silent checks that nobody in between read password, address or letter, or saw
// them asked for.
func (p *post) silent(t *testing.T) {
	t.Helper()
	seen := p.wire.read()
	for _, word := range []string{
		"AUTH", "MAIL FROM", "RCPT", secretWord, plantedMail, "Асыл", base64.StdEncoding.EncodeToString([]byte("\x00kelisim\x00" + secretWord)),
		base64.StdEncoding.EncodeToString([]byte(secretWord)),
	} {
		if bytes.Contains(seen, []byte(word)) {
			t.Errorf("in the clear: %q", word)
		}
	}
}

// A password that the server does not know: no letter, and the error keeps quiet.
func TestMailWrongPasswordOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	p := newPost(t, a.server(nil), false)
	m, err := outbox.NewSMTP("smtp://kelisim:other@"+p.address, sender)
	if err != nil {
		t.Fatal(err)
	}
	m.Roots = a.roots()
	err = m.Send(t.Context(), &outbox.Letter{ID: "1", To: plantedMail, Subject: "x", Text: "x\n"})
	if err == nil || len(p.all()) > 0 || strings.Contains(err.Error(), "other") || strings.Contains(err.Error(), plantedMail) {
		t.Errorf("%v, %d letters", err, len(p.all()))
	}
	p.silent(t)
}
