package signature_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kelisim/internal/fault"
	. "kelisim/internal/signature"
	"kelisim/internal/signature/pkitest"
)

const (
	revoked   = "signature-revoked"
	unchecked = "signature-revocation-unchecked"
)

// What a responder may answer, and what becomes of it. Where its answer does not
// count, the list does; here the list is down.
func TestResponder(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ECDSA", "short"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, kind)
			person := a.issue("somebody", a.person())
			other := a.issue("another", a.person())
			otherCA := newAuthority(t, "ECDSA") // GOST has one key for a name
			resp := func(change func(*pkitest.Response)) func(*pkitest.Response) []byte {
				return func(r *pkitest.Response) []byte {
					change(r)
					return r.DER()
				}
			}
			for _, tt := range []struct {
				name string
				ocsp func(*pkitest.Response) []byte
				code string
			}{
				{"good", resp(func(*pkitest.Response) {}), ""},
				{"of the authority itself", resp(func(r *pkitest.Response) { r.By, r.Certs = a.ca, nil }), ""},
				{"without a nonce", resp(func(r *pkitest.Response) { r.NoNonce = true }), ""},
				{"without an end, of this minute", resp(func(r *pkitest.Response) { r.From, r.Next = noon, time.Time{} }), ""},
				{"revoked", resp(func(r *pkitest.Response) { r.Since = noon.Add(-day) }), revoked},
				{"revoked this second", resp(func(r *pkitest.Response) { r.Since = noon }), revoked},
				{"revoked by a clock that is ahead", resp(func(r *pkitest.Response) { r.Since = noon.Add(time.Minute) }), revoked},
				{"unknown", resp(func(r *pkitest.Response) { r.Unknown = true }), unchecked},
				{"with another nonce", resp(func(r *pkitest.Response) { r.Nonce = make([]byte, 16) }), unchecked},
				{"about another certificate", resp(func(r *pkitest.Response) { r.ID = certID(a.ca, other) }), unchecked},
				{"about the same, spelled by us", resp(func(r *pkitest.Response) { r.ID = certID(a.ca, person) }), ""},
				{"about the same number of another authority", resp(func(r *pkitest.Response) { r.ID = certID(a.root, person) }), unchecked},
				{"of yesterday", resp(func(r *pkitest.Response) { r.From, r.Next = noon.Add(-2*day), noon.Add(-day) }), unchecked},
				{"of tomorrow", resp(func(r *pkitest.Response) { r.From, r.Next = noon.Add(day), noon.Add(2*day) }), unchecked},
				{"without an end, of an hour ago", resp(func(r *pkitest.Response) { r.Next = time.Time{} }), unchecked},
				{"of a stranger", resp(func(r *pkitest.Response) { r.By, r.Certs = otherCA.responder, certs(otherCA.responder) }), unchecked},
				{"of a person", resp(func(r *pkitest.Response) { r.By, r.Certs = other, certs(other) }), unchecked},
				{"of the root", resp(func(r *pkitest.Response) { r.By, r.Certs = a.root, certs(a.root) }), unchecked},
				{"without its certificate", resp(func(r *pkitest.Response) { r.Certs = nil }), unchecked},
				{"of an expired responder", resp(func(r *pkitest.Response) {
					r.By = a.issue("an old responder", &pkitest.Template{
						Purposes: []string{pkitest.ForResponses}, Usage: pkitest.DigitalSignature, NotBefore: noon.Add(-2 * day), Until: noon.Add(-day),
					})
					r.Certs = certs(r.By)
				}), unchecked},
				{"with a broken signature", resp(func(r *pkitest.Response) { r.Signature = func(s []byte) []byte { return flip(s, 100) } }), unchecked},
				{"with another algorithm", resp(func(r *pkitest.Response) { r.Algorithm = "1.2.840.113549.1.1.5" }), unchecked},
				{"try later", resp(func(r *pkitest.Response) { r.Status = 3 }), unchecked},
				{"not authorized", resp(func(r *pkitest.Response) { r.Status = 6 }), unchecked},
				{"try later, with an answer all the same", func(r *pkitest.Response) []byte {
					return bytes.Replace(r.DER(), []byte{10, 1, 0}, []byte{10, 1, 3}, 1)
				}, unchecked},
				{"empty", func(*pkitest.Response) []byte { return nil }, unchecked},
				{"a page", func(*pkitest.Response) []byte { return []byte("<html>") }, unchecked},
				{"cut", func(r *pkitest.Response) []byte { d := r.DER(); return d[:len(d)-9] }, unchecked},
			} {
				w := newWeb(a)
				w.ocsp = tt.ocsp
				w.down[crlAddress] = true
				got, err := w.verifier().Verify(t.Context(), sign(person).DER(), text)
				switch {
				case tt.code != "":
					wantCode(t, tt.name, got, err, tt.code)
					if tt.code == unchecked && fault.KindOf(err) != fault.Unavailable {
						t.Errorf("%s: %v", tt.name, fault.KindOf(err))
					}
				case err != nil:
					t.Errorf("%s: %v", tt.name, err)
				case got.Revocation.By != ByOCSP || got.Revocation.As.IsZero():
					t.Errorf("%s: %+v", tt.name, got.Revocation)
				}
			}
		})
	}
}

// certID is what a question about the certificate has.
func certID(issuer, c *pkitest.Cert) []byte {
	h := pkitest.ECDSA().Hash
	return pkitest.Seq(pkitest.AlgorithmID(pkitest.SHA256), pkitest.Octets(h(issuer.RawSubject)), pkitest.Octets(h(issuer.Key.Bits())), pkitest.Number(c.SerialNumber))
}

// One who answers for several authorities has to be configured.
func TestConfiguredResponder(t *testing.T) {
	t.Parallel()
	a, b := newAuthority(t, "ECDSA"), newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	w := newWeb(a)
	w.down[crlAddress] = true
	w.ocsp = func(r *pkitest.Response) []byte {
		r.By, r.Certs = b.responder, nil
		return r.DER()
	}
	v := w.verifier()
	got, err := v.Verify(t.Context(), sign(person).DER(), text)
	wantCode(t, "not configured", got, err, unchecked)
	v.Revocation.Responders = certs(b.responder)
	if _, err := v.Verify(t.Context(), sign(person).DER(), text); err != nil {
		t.Errorf("configured: %v", err)
	}
}

// When the responder is down the list counts, by the same rules.
func TestLists(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ECDSA", "short"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, kind)
			person := a.issue("somebody", a.person())
			other := a.issue("another", a.person())
			point := func(parts ...[]byte) [][]byte {
				return [][]byte{pkitest.Ext("2.5.29.28", true, pkitest.Seq(parts...))}
			}
			yes := []byte{0xff}
			for _, tt := range []struct {
				name   string
				change func(*pkitest.List)
				code   string
			}{
				{"good", func(*pkitest.List) {}, ""},
				{"with another on it", func(l *pkitest.List) { l.Revoked = on(other) }, ""},
				{"of people only", func(l *pkitest.List) { l.Extra = point(pkitest.Field(1, yes)) }, ""},
				{"with its address", func(l *pkitest.List) {
					l.Extra = point(pkitest.Part(0, pkitest.Part(0, pkitest.Field(6, []byte(crlAddress)))))
				}, ""},
				{"revoked", func(l *pkitest.List) { l.Revoked = on(other, person) }, revoked},
				{"of yesterday", func(l *pkitest.List) { l.From, l.Next = noon.Add(-2*day), noon.Add(-day) }, unchecked},
				{"of tomorrow", func(l *pkitest.List) { l.From, l.Next = noon.Add(day), noon.Add(2*day) }, unchecked},
				{"without an end", func(l *pkitest.List) { l.Next = time.Time{} }, unchecked},
				{"without an end, of this minute", func(l *pkitest.List) { l.From, l.Next = noon, time.Time{} }, unchecked},
				{"of the root", func(l *pkitest.List) { l.By = a.root }, unchecked},
				{"of the root in the authority's name", func(l *pkitest.List) { l.By, l.Issuer = a.root, a.ca.RawSubject }, unchecked},
				{"of another authority", func(l *pkitest.List) { l.By = newAuthority(t, "ECDSA").ca }, unchecked},
				{"of authorities only", func(l *pkitest.List) { l.Extra = point(pkitest.Field(2, yes)) }, unchecked},
				{"of some reasons only", func(l *pkitest.List) { l.Extra = point(pkitest.Field(3, []byte{1, 2})) }, unchecked},
				{"of several authorities", func(l *pkitest.List) { l.Extra = point(pkitest.Field(4, yes)) }, unchecked},
				{"of attributes", func(l *pkitest.List) { l.Extra = point(pkitest.Field(5, yes)) }, unchecked},
				{"of changes only", func(l *pkitest.List) { l.Extra = [][]byte{pkitest.Ext("2.5.29.27", true, pkitest.Int(1))} }, unchecked},
				{"with what we do not understand", func(l *pkitest.List) { l.Extra = [][]byte{pkitest.Ext("1.2.3.4", true, pkitest.Int(1))} }, unchecked},
				{"with such entries", func(l *pkitest.List) {
					l.Revoked, l.EntryExtra = on(other), [][]byte{pkitest.Ext("2.5.29.29", true, pkitest.Seq())}
				}, unchecked},
			} {
				w := newWeb(a)
				w.down[ocspAddress] = true
				w.crl = func(l *pkitest.List) []byte {
					tt.change(l)
					return l.DER()
				}
				got, err := w.verifier().Verify(t.Context(), sign(person).DER(), text)
				switch {
				case tt.code != "":
					wantCode(t, tt.name, got, err, tt.code)
				case err != nil:
					t.Errorf("%s: %v", tt.name, err)
				case got.Revocation.By != ByCRL:
					t.Errorf("%s: %+v", tt.name, got.Revocation)
				}
			}
		})
	}
}

// on is a list of those, revoked yesterday.
func on(list ...*pkitest.Cert) map[*x509.Certificate]time.Time {
	m := map[*x509.Certificate]time.Time{}
	for _, c := range list {
		m[c.Certificate] = noon.Add(-day)
	}
	return m
}

// An authority that is revoked takes everybody along.
func TestRevokedAuthority(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	cms := sign(a.issue("somebody", a.person())).DER()
	w := newWeb(a)
	w.root = func(l *pkitest.List) []byte {
		l.Revoked = on(a.ca)
		return l.DER()
	}
	got, err := w.verifier().Verify(t.Context(), cms, text)
	wantCode(t, "revoked", got, err, revoked)
	w = newWeb(a)
	w.down[rootList] = true
	got, err = w.verifier().Verify(t.Context(), cms, text)
	wantCode(t, "not known", got, err, unchecked)
}

// An authority that may sign certificates and no lists.
func TestAuthorityWithoutLists(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	w := newWeb(a)
	w.down[ocspAddress] = true
	v := w.verifier()
	v.Intermediates = certs(pkitest.Issue(a.root, a.ca.Key, &pkitest.Template{
		Subject: pkitest.Name{{"2.5.4.3", "ҰЛТТЫҚ ОРТАЛЫҚ (СЫНАҚ)"}, {"2.5.4.6", "KZ"}}, NotBefore: noon.Add(-day), Until: noon.Add(day),
		CA: true, Usage: pkitest.CertSign, CRL: rootList,
	}))
	got, err := v.Verify(t.Context(), sign(person).DER(), text)
	wantCode(t, "its list", got, err, unchecked)
	w.down[ocspAddress] = false
	if _, err := v.Verify(t.Context(), sign(person).DER(), text); err != nil {
		t.Errorf("its responder: %v", err)
	}
}

// Nothing can be established without anybody to ask.
func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	tmpl := a.person()
	tmpl.OCSP, tmpl.CRL = "", ""
	for name, r := range map[string]*Revocation{"no revocation": nil, "no web": {}, "no addresses": {Web: newWeb(a)}} {
		v := newWeb(a).verifier()
		v.Revocation = r
		got, err := v.Verify(t.Context(), sign(a.issue("somebody", tmpl)).DER(), text)
		wantCode(t, name, got, err, unchecked)
	}
}

// The responder of the configuration is asked where a certificate names one, and
// not for authorities, which have none.
func TestOtherResponder(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	tmpl := a.person()
	tmpl.OCSP = "http://gone.example.kz/"
	w := newWeb(a)
	v := w.verifier()
	v.Revocation.OCSP = ocspAddress
	got, err := v.Verify(t.Context(), sign(a.issue("somebody", tmpl)).DER(), text)
	if err != nil || got.Revocation.By != ByOCSP {
		t.Fatalf("%+v, %v", got, err)
	}
	if w.asked["http://gone.example.kz/"] != 0 || w.asked[ocspAddress] != 1 || w.asked[rootList] != 1 {
		t.Errorf("asked %v", w.asked)
	}
}

// A list that is still good is not fetched again.
func TestListsAreKept(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	cms := sign(a.issue("somebody", a.person())).DER()
	w := newWeb(a)
	w.down[ocspAddress] = true
	folder := t.TempDir()
	now := noon
	open := func() *Verifier {
		v := w.verifier()
		v.Revocation.Folder = folder
		v.Now = func() time.Time { return now }
		return v
	}
	v := open()
	verify := func(v *Verifier, fetched int) {
		t.Helper()
		if _, err := v.Verify(t.Context(), cms, text); err != nil {
			t.Fatal(err)
		}
		if w.asked[crlAddress] != fetched {
			t.Errorf("fetched %d times, want %d", w.asked[crlAddress], fetched)
		}
	}
	verify(v, 1)
	verify(v, 1)
	verify(open(), 1) // after a restart
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(files) != 2 { // of the authority and of the root, and no half-written one
		t.Errorf("the folder has %v", files)
	}
	now = noon.Add(2 * day) // the list has ended
	w.crl = func(l *pkitest.List) []byte {
		l.From, l.Next = now.Add(-time.Hour), now.Add(day)
		return l.DER()
	}
	verify(v, 2)
	verify(open(), 2)
}

// Many at once share what was fetched.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	cms := sign(a.issue("somebody", a.person())).DER()
	w := newWeb(a)
	w.down[ocspAddress] = true
	v := w.verifier()
	v.Revocation.Folder = t.TempDir()
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if _, err := v.Verify(t.Context(), cms, text); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if files, _ := filepath.Glob(filepath.Join(v.Revocation.Folder, "*")); len(files) != 2 {
		t.Errorf("the folder has %v", files)
	}
}

// Without the network, lists come into the folder by hand: DER or PEM. What is no
// list, or a list of nobody, changes nothing.
func TestListsByHand(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	cms := sign(person).DER()
	v := newWeb(a).verifier()
	folder := t.TempDir()
	v.Revocation = &Revocation{Folder: folder, Lists: [][]byte{[]byte("junk"), (&pkitest.List{By: a.root, From: noon.Add(-day), Next: noon.Add(day)}).DER()}}
	put := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("junk.crl", []byte("not a list"))
	put("other.crl", (&pkitest.List{By: newAuthority(t, "ECDSA").ca, From: noon.Add(-day), Next: noon.Add(day)}).DER())
	got, err := v.Verify(t.Context(), cms, text)
	wantCode(t, "no list", got, err, unchecked)
	put("nca.crl", (&pkitest.List{By: a.ca, From: noon.Add(-2 * day), Next: noon.Add(day)}).DER())
	if got, err := v.Verify(t.Context(), cms, text); err != nil || got.Revocation.By != ByCRL {
		t.Errorf("a list: %v", err)
	}
	put("newer.crl", pem.EncodeToMemory(&pem.Block{
		Type: "X509 CRL", Bytes: (&pkitest.List{By: a.ca, From: noon.Add(-day), Next: noon.Add(day), Revoked: on(person)}).DER(),
	}))
	got, err = v.Verify(t.Context(), cms, text)
	wantCode(t, "a newer list beside the older", got, err, revoked)
}

// With a stamp the moment of the stamp counts: what was revoked later, or expired
// later, was good then.
func TestStampDecidesTheMoment(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	tmpl := a.person()
	tmpl.NotBefore, tmpl.Until = noon.Add(-20*day), noon.Add(-5*day)
	expired := a.issue("expired", tmpl)
	person := a.issue("somebody", a.person())
	stamped := func(by *pkitest.Cert, at time.Time) []byte {
		c := &pkitest.CMS{By: by, Text: text, At: at, Unsigned: pkitest.Stamp(a.tsa, at)}
		return c.DER()
	}
	good := func(r *pkitest.Response) []byte { return r.DER() }
	since := func(t time.Time) func(*pkitest.Response) []byte {
		return func(r *pkitest.Response) []byte {
			if string(pkitest.SerialOf(r.Request)) == string(pkitest.Number(person.SerialNumber)) {
				r.Since = t
			}
			return r.DER()
		}
	}
	then := func(from, next time.Time) func(*pkitest.Response) []byte {
		return func(r *pkitest.Response) []byte {
			if string(pkitest.SerialOf(r.Request)) == string(pkitest.Number(expired.SerialNumber)) {
				r.From, r.Next = from, next
			}
			return r.DER()
		}
	}
	for _, tt := range []struct {
		name string
		cms  []byte
		ocsp func(*pkitest.Response) []byte
		code string
	}{
		{"stamped ten days ago", stamped(person, noon.Add(-10*day)), good, ""},
		{"revoked after the stamp", stamped(person, noon.Add(-10*day)), since(noon.Add(-9 * day)), ""},
		{"revoked before the stamp", stamped(person, noon.Add(-10*day)), since(noon.Add(-11 * day)), revoked},
		{"revoked at the stamp", stamped(person, noon.Add(-10*day)), since(noon.Add(-10 * day)), revoked},
		{"revoked, without a stamp", (&pkitest.CMS{By: person, Text: text, At: noon.Add(-10 * day)}).DER(), since(noon.Add(-9 * day)), revoked},
		{"expired after the stamp, and nothing of that time", stamped(expired, noon.Add(-10*day)), good, unchecked},
		{"expired after the stamp, and an answer of that time", stamped(expired, noon.Add(-10*day)), then(noon.Add(-9*day), noon.Add(-8*day)), ""},
		{"expired after the stamp, and an answer from before", stamped(expired, noon.Add(-10*day)), then(noon.Add(-12*day), noon.Add(-11*day)), unchecked},
		{"expired before the stamp", stamped(expired, noon.Add(-4*day)), good, "signature-expired"},
		{"expired, without a stamp", (&pkitest.CMS{By: expired, Text: text, At: noon.Add(-10 * day)}).DER(), good, "signature-expired"},
		{"stamped before the certificate", stamped(person, noon.Add(-120*day)), good, "signature-stamp"}, // before the TSA's, too
	} {
		w := newWeb(a)
		w.down[crlAddress] = true
		w.ocsp = tt.ocsp
		w.root = func(l *pkitest.List) []byte {
			l.From = noon.Add(-30 * day)
			return l.DER()
		}
		got, err := w.verifier().Verify(t.Context(), tt.cms, text)
		if tt.code != "" {
			wantCode(t, tt.name, got, err, tt.code)
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// Stamps that do not hold, each over a good signature.
func TestBadStamps(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	b := newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	tsa := func(change func(*pkitest.Template)) *pkitest.Cert {
		tmpl := &pkitest.Template{Subject: pkitest.Name{{"2.5.4.3", "TSA"}}, Purposes: []string{pkitest.ForStamps}, Usage: pkitest.DigitalSignature, OCSP: ocspAddress}
		change(tmpl)
		return a.issue("a TSA", tmpl)
	}
	revokedTSA := tsa(func(*pkitest.Template) {})
	info := func(signature []byte) []byte {
		return pkitest.StampInfo(pkitest.SHA256, a.tsa.Key.Hash(signature), noon)
	}
	token := func(change func(c *pkitest.CMS, signature []byte)) func([]byte) [][]byte {
		return func(s []byte) [][]byte {
			c := &pkitest.CMS{By: a.tsa, Text: info(s), Attached: true, Kind: pkitest.OIDStampInfo, At: noon, Version: 3}
			change(c, s)
			return [][]byte{pkitest.Attr(pkitest.OIDStamp, c.DER())}
		}
	}
	good := token(func(*pkitest.CMS, []byte) {})
	for _, tt := range []struct {
		name  string
		stamp func([]byte) [][]byte
		code  string
	}{
		{"good", good, ""},
		{"by Streebog", token(func(c *pkitest.CMS, s []byte) {
			c.Text = pkitest.StampInfo(pkitest.Streebog512, pkitest.GOST("x").Hash(s), noon)
		}), ""},
		{"over another signature", token(func(c *pkitest.CMS, _ []byte) { c.Text = info([]byte("another")) }), "signature-stamp"},
		{"over half of the hash", token(func(c *pkitest.CMS, s []byte) {
			c.Text = pkitest.StampInfo(pkitest.SHA256, a.tsa.Key.Hash(s)[:16], noon)
		}), "signature-stamp"},
		{"by SHA-1", token(func(c *pkitest.CMS, _ []byte) { c.Text = pkitest.StampInfo("1.3.14.3.2.26", make([]byte, 20), noon) }), "signature-stamp"},
		{"of the future", token(func(c *pkitest.CMS, s []byte) {
			c.Text = pkitest.StampInfo(pkitest.SHA256, a.tsa.Key.Hash(s), noon.Add(time.Hour))
		}), "signature-stamp"},
		{"before the signing time", token(func(c *pkitest.CMS, s []byte) {
			c.Text = pkitest.StampInfo(pkitest.SHA256, a.tsa.Key.Hash(s), noon.Add(-time.Hour))
		}), "signature-time"},
		{"of junk", token(func(c *pkitest.CMS, _ []byte) { c.Text = []byte("junk") }), "signature-stamp"},
		{"of data", token(func(c *pkitest.CMS, _ []byte) { c.Kind = pkitest.OIDData }), "signature-stamp"},
		{"of a text apart", token(func(c *pkitest.CMS, _ []byte) { c.Attached = false }), "signature-stamp"},
		{"with another content", token(func(c *pkitest.CMS, _ []byte) { c.Content = info([]byte("x")) }), "signature-stamp"},
		{"with a broken signature", token(func(c *pkitest.CMS, _ []byte) { c.Signature = func(s []byte) []byte { return flip(s, 90) } }), "signature-stamp"},
		{"by the signer", token(func(c *pkitest.CMS, _ []byte) { c.By = person }), "signature-stamp"},
		{"by a stranger", token(func(c *pkitest.CMS, _ []byte) { c.By = b.tsa }), "signature-stamp"},
		{"by the authority", token(func(c *pkitest.CMS, _ []byte) { c.By = a.ca }), "signature-stamp"},
		{"by an expired authority of stamps", token(func(c *pkitest.CMS, _ []byte) {
			c.By = tsa(func(t *pkitest.Template) { t.NotBefore, t.Until = noon.Add(-9*day), noon.Add(-day) })
		}), "signature-stamp"},
		{"by one without the usage", token(func(c *pkitest.CMS, _ []byte) {
			c.By = tsa(func(t *pkitest.Template) { t.Usage = pkitest.KeyEncipherment })
		}), "signature-stamp"},
		{"by a revoked one", token(func(c *pkitest.CMS, _ []byte) { c.By = revokedTSA }), "signature-stamp"},
		{"by one that nobody can check", token(func(c *pkitest.CMS, _ []byte) { c.By = tsa(func(t *pkitest.Template) { t.OCSP = "" }) }), unchecked},
		{"without the certificate", token(func(c *pkitest.CMS, _ []byte) { c.Certs = certs(a.root) }), "signature-stamp"},
		{"junk", func([]byte) [][]byte { return [][]byte{pkitest.Attr(pkitest.OIDStamp, pkitest.Octets([]byte("x")))} }, "signature-stamp"},
		{"two in one", func(s []byte) [][]byte {
			one := pkitest.Token(a.tsa, info(s), noon)
			return [][]byte{pkitest.Attr(pkitest.OIDStamp, one, one)}
		}, "signature-stamp"},
		{"two", func(s []byte) [][]byte { return append(good(s), good(s)...) }, "signature-format"},
	} {
		w := newWeb(a)
		w.revoked[string(pkitest.Number(revokedTSA.SerialNumber))] = noon.Add(-day)
		c := sign(person)
		c.Unsigned = tt.stamp
		got, err := w.verifier().Verify(t.Context(), c.DER(), text)
		if tt.code != "" {
			wantCode(t, tt.name, got, err, tt.code)
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	// A token without its certificate, which the installation has.
	c := sign(person)
	c.Unsigned = token(func(c *pkitest.CMS, _ []byte) { c.Certs = certs(a.root) })
	v := newWeb(a).verifier()
	v.Intermediates = append(v.Intermediates, a.tsa.Certificate)
	if got, err := v.Verify(t.Context(), c.DER(), text); err != nil || got.StampedAt.IsZero() {
		t.Errorf("with the certificate at hand: %v", err)
	}
}
