package signature_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"kelisim/internal/ident"
	. "kelisim/internal/signature"
	"kelisim/internal/signature/pkitest"
)

// Every algorithm, attached and not, in every wrapping, with a stamp and without.
func TestGoodSignatures(t *testing.T) {
	t.Parallel()
	for kind, name := range map[string]string{
		"ECDSA": "ECDSA-SHA256", "RSA": "RSA-SHA256", "GOST": "GOST 34.10-2015-512", "short": "GOST 34.10-2015-256",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, kind)
			w := newWeb(a)
			v := w.verifier()
			person := a.issue("somebody", a.person())
			stamped := sign(person)
			stamped.Attached = true
			stamped.Unsigned = pkitest.Stamp(a.tsa, noon.Add(-30*time.Second))
			plain := sign(person).DER()
			for how, cms := range map[string][]byte{
				"DER":      plain,
				"attached": (&pkitest.CMS{By: person, Text: text, At: noon, Attached: true}).DER(),
				"base64":   []byte(base64.StdEncoding.EncodeToString(plain)),
				"lines":    []byte("\r\n" + lines(base64.StdEncoding.EncodeToString(plain)) + "\r\n"),
				"PEM":      pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: plain}),
				"BER":      pkitest.Open(plain),
				"stamped":  stamped.DER(),
			} {
				got, err := v.Verify(t.Context(), cms, text)
				if err != nil {
					t.Errorf("%s: %v", how, err)
					continue
				}
				if got.IIN != a.iin || got.BIN != "" || got.Name != "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ" || got.Algorithm != name ||
					!slices.Equal(got.Roles, []Role{Person}) || got.Revocation.By != ByOCSP || got.Serial != person.SerialNumber.Text(16) {
					t.Errorf("%s: %+v", how, got)
				}
				if (how == "stamped") != got.StampedAt.Equal(noon.Add(-30*time.Second)) {
					t.Errorf("%s: stamped at %v", how, got.StampedAt)
				}
				if d := noon.Sub(got.SignedAt); d < 0 || d > time.Minute {
					t.Errorf("%s: signed at %v", how, got.SignedAt)
				}
			}
		})
	}
}

// lines breaks base64 as PEM does.
func lines(s string) string {
	var b bytes.Buffer
	for chunk := range slices.Chunk([]byte(s), 64) {
		b.Write(chunk)
		b.WriteString("\r\n")
	}
	return b.String()
}

// The variants of RFC 5652 that programs use.
func TestOtherSpellings(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	v := newWeb(a).verifier()
	tmpl := a.person()
	tmpl.Extra = [][]byte{pkitest.Ext("2.5.29.14", false, pkitest.Octets([]byte("a key")))}
	person := a.issue("somebody", tmpl)
	for how, change := range map[string]func(*pkitest.CMS){
		"pointed to by key":     func(c *pkitest.CMS) { c.KeyID = true },
		"key's own algorithm":   func(c *pkitest.CMS) { c.Algorithm = "1.2.840.10045.2.1" },
		"version 3":             func(c *pkitest.CMS) { c.Version = 3 },
		"the chain inside":      func(c *pkitest.CMS) { c.Certs = certs(person, a.ca, a.root) },
		"the certificate twice": func(c *pkitest.CMS) { c.Certs = certs(person, person) },
		"another digest beside": func(c *pkitest.CMS) {
			c.Digests = [][]byte{pkitest.AlgorithmID("1.3.14.3.2.26"), pkitest.AlgorithmID(pkitest.SHA256)}
		},
		"digest without NULL":     func(c *pkitest.CMS) { c.Digests = [][]byte{pkitest.Seq(pkitest.OID(pkitest.SHA256))} },
		"an attribute we pass by": func(c *pkitest.CMS) { c.SignedAttrs = add(pkitest.Attr("1.2.3.4", pkitest.Int(1))) },
		"names its certificate":   func(c *pkitest.CMS) { c.SignedAttrs = add(signingCert(person, person)) },
		"names it with a digest": func(c *pkitest.CMS) {
			c.SignedAttrs = add(signingCertBy(pkitest.Streebog512, pkitest.GOST("x").Hash(person.Raw)))
		},
		"generalized time": func(c *pkitest.CMS) {
			c.SignedAttrs = replace(1, pkitest.Attr(pkitest.OIDTime, pkitest.LongTime(noon)))
		},
	} {
		c := sign(person)
		change(c)
		if got, err := v.Verify(t.Context(), c.DER(), text); err != nil || got.IIN != a.iin {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// Whose signature it is.
func TestSigners(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	v := newWeb(a).verifier()
	human := pkitest.Human("СЕРІКОВА", "АЙГҮЛ", "БОЛАТҚЫЗЫ", a.iin)
	for _, tt := range []struct {
		name     string
		subject  pkitest.Name
		purposes []string
		want     *Signer // nil: signature-subject
	}{
		{"a person", human, []string{pkitest.PersonRole}, &Signer{IIN: a.iin, Name: "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ", Roles: []Role{Person}}},
		{
			"without a patronymic",
			pkitest.Name{{"2.5.4.3", "СЕРІКОВА АЙГҮЛ"}, {"2.5.4.5", "IIN" + a.iin}},
			nil,
			&Signer{IIN: a.iin, Name: "СЕРІКОВА АЙГҮЛ"},
		},
		{
			"the head of an organization", human.Of("ЖШС «Бестам»", a.bin),
			[]string{pkitest.OrgRole, pkitest.HeadRole},
			&Signer{IIN: a.iin, BIN: a.bin, Name: "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ", Organization: "ЖШС «Бестам»", Roles: []Role{Organization, Head}},
		},
		{
			"an employee, with a department", append(human.Of("ЖШС", a.bin), [2]string{"2.5.4.11", "Қабылдау"}),
			[]string{pkitest.OrgRole, pkitest.EmployeeRole, "1.2.3"},
			&Signer{IIN: a.iin, BIN: a.bin, Name: "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ", Organization: "ЖШС", Roles: []Role{Organization, Employee}},
		},
		{
			"an information system",
			pkitest.Name{{"2.5.4.3", "Жүйе"}, {"2.5.4.5", "BIN" + a.bin}, {"2.5.4.10", "ЖШС"}},
			[]string{pkitest.OrgRole},
			&Signer{BIN: a.bin, Name: "Жүйе", Organization: "ЖШС", Roles: []Role{Organization}},
		},
		{
			"the same BIN in both places",
			pkitest.Name{{"2.5.4.3", "Жүйе"}, {"2.5.4.5", "BIN" + a.bin}, {"2.5.4.11", "BIN" + a.bin}},
			nil,
			&Signer{BIN: a.bin, Name: "Жүйе"},
		},
		{
			"a sole trader", human.Of("ДК Серікова", a.iin),
			[]string{pkitest.OrgRole},
			&Signer{IIN: a.iin, BIN: a.iin, Name: "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ", Organization: "ДК Серікова", Roles: []Role{Organization}},
		},
		{"a number of nobody", pkitest.Human("С", "А", "Б", "900101300018"), nil, nil},
		{"a test number", pkitest.Human("ТЕСТОВ", "ТЕСТ", "ТЕСТОВИЧ", "123456789011"), nil, nil},
		{"no number", pkitest.Name{{"2.5.4.3", "СЕРІКОВА АЙГҮЛ"}}, nil, nil},
		{"a number of something else", pkitest.Name{{"2.5.4.3", "С"}, {"2.5.4.5", "PAS" + a.iin}}, nil, nil},
		{"a number in lower case", pkitest.Name{{"2.5.4.3", "С"}, {"2.5.4.5", "iin" + a.iin}}, nil, nil},
		{"two names", append(slices.Clone(human), [2]string{"2.5.4.3", "ДРУГАЯ"}), nil, nil},
		{"two patronymics", append(slices.Clone(human), [2]string{"2.5.4.42", "ДРУГОЙ"}), nil, nil},
		{"two numbers", append(slices.Clone(human), [2]string{"2.5.4.5", "IIN" + a.iin}), nil, nil},
		{"two organizations", append(human.Of("ЖШС", a.bin), [2]string{"2.5.4.11", "BIN" + a.bin}), nil, nil},
		{"another BIN in each place", pkitest.Name{{"2.5.4.5", "BIN" + a.bin}, {"2.5.4.11", "BIN" + a.iin}}, nil, nil},
		{"a wrong BIN", human.Of("ЖШС", "150340000008"), nil, nil},
	} {
		tmpl := a.person()
		tmpl.Subject, tmpl.Purposes = tt.subject, append([]string{pkitest.ForSigning}, tt.purposes...)
		got, err := v.Verify(t.Context(), sign(a.issue("somebody", tmpl)).DER(), text)
		if tt.want == nil {
			wantCode(t, tt.name, got, err, "signature-subject")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got.IIN != tt.want.IIN || got.BIN != tt.want.BIN || got.Name != tt.want.Name || got.Organization != tt.want.Organization || !slices.Equal(got.Roles, tt.want.Roles) {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

// The certificates of the authority's own tests have numbers that nobody has.
func TestTestNumbersOnlyWhereAllowed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	v := newWeb(a).verifier()
	tmpl := a.person()
	tmpl.Subject = pkitest.Human("ТЕСТОВ", "ТЕСТ", "ТЕСТОВИЧ", "123456789011")
	cms := sign(a.issue("somebody", tmpl)).DER()
	got, err := v.Verify(t.Context(), cms, text)
	wantCode(t, "where real people are", got, err, "signature-subject")
	v.Rules = ident.Rules{AllowTest: true}
	if got, err := v.Verify(t.Context(), cms, text); err != nil || got.IIN != "123456789011" {
		t.Errorf("where tests are allowed: %v", err)
	}
}

func TestWhoseSignature(t *testing.T) {
	t.Parallel()
	s := &Signer{IIN: "900101300017", BIN: "150340000007"}
	if err := s.Of("900101300017"); err != nil {
		t.Error(err)
	}
	if err := s.For("150340000007"); err != nil {
		t.Error(err)
	}
	wantCode(t, "of another", nil, s.Of("900101300027"), "signature-other-person")
	wantCode(t, "of nobody", nil, s.Of(""), "signature-other-person")
	wantCode(t, "without a number", nil, (&Signer{}).Of(""), "signature-other-person")
	wantCode(t, "for another", nil, s.For("1"), "signature-other-organization")
	wantCode(t, "for nobody", nil, (&Signer{}).For(""), "signature-other-organization")
}

// Certificates that are not for this, not of this time, or not of this authority.
func TestCertificatesThatDoNotDo(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ECDSA", "GOST"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, kind)
			w := newWeb(a)
			v := w.verifier()
			const usage = pkitest.DigitalSignature | pkitest.NonRepudiation
			for _, tt := range []struct {
				name   string
				change func(*pkitest.Template)
				code   string
			}{
				{"a key for signing in", func(t *pkitest.Template) { t.Purposes = []string{pkitest.ForSigningIn, pkitest.PersonRole} }, "signature-authentication-key"},
				{"a key for both", func(t *pkitest.Template) { t.Purposes = []string{pkitest.ForSigningIn, pkitest.ForSigning} }, "signature-authentication-key"},
				{"a key for stamps", func(t *pkitest.Template) { t.Purposes = []string{pkitest.ForStamps} }, "signature-usage"},
				{"a key for nothing", func(t *pkitest.Template) { t.Purposes = nil }, "signature-usage"},
				{"no non-repudiation", func(t *pkitest.Template) { t.Usage = pkitest.DigitalSignature }, "signature-usage"},
				{"no signing", func(t *pkitest.Template) { t.Usage = pkitest.NonRepudiation | pkitest.KeyEncipherment }, "signature-usage"},
				{"no usage", func(t *pkitest.Template) { t.Usage = 0 }, "signature-usage"},
				{"an authority", func(t *pkitest.Template) { t.CA = true; t.Usage = usage | pkitest.CertSign }, "signature-usage"},
				{"what we do not understand", func(t *pkitest.Template) { t.Extra = [][]byte{pkitest.Ext("1.2.3.4", true, pkitest.Int(1))} }, "signature-usage"},
				{"expired a second ago", func(t *pkitest.Template) { t.NotBefore, t.Until = noon.Add(-year), noon.Add(-time.Second) }, "signature-expired"},
				{"good from the next second", func(t *pkitest.Template) { t.NotBefore, t.Until = noon.Add(time.Second), noon.Add(year) }, "signature-early"},
				{"signed with SHA-1", func(t *pkitest.Template) { t.SignedWith = "1.2.840.10045.4.1" }, "signature-unknown-issuer"},
				{"signed with the old GOST", func(t *pkitest.Template) { t.SignedWith = "1.2.398.3.10.1.1.1.2" }, "signature-unknown-issuer"},
				{"signed with no named digest", func(t *pkitest.Template) { t.SignedWith = "1.2.840.10045.2.1" }, "signature-unknown-issuer"},
				{"what a person has", func(*pkitest.Template) {}, ""},
				{"also for encryption, as older ones", func(t *pkitest.Template) { t.Usage = usage | pkitest.KeyEncipherment }, ""},
				{"good to this second", func(t *pkitest.Template) { t.NotBefore, t.Until = noon.Add(-year), noon }, ""},
				{"what we may pass by", func(t *pkitest.Template) { t.Extra = [][]byte{pkitest.Ext("1.2.3.4", false, pkitest.Int(1))} }, ""},
			} {
				tmpl := a.person()
				tt.change(tmpl)
				got, err := v.Verify(t.Context(), sign(a.issue("somebody", tmpl)).DER(), text)
				switch {
				case tt.code != "":
					wantCode(t, tt.name, got, err, tt.code)
				case err != nil:
					t.Errorf("%s: %v", tt.name, err)
				}
			}
		})
	}
}

// The way from the signer to a root.
func TestChains(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	ca := func(issuer *pkitest.Cert, name string, change func(*pkitest.Template)) *pkitest.Cert {
		tmpl := &pkitest.Template{
			Subject: pkitest.Name{{"2.5.4.3", name}}, NotBefore: noon.Add(-year), Until: noon.Add(year),
			CA: true, PathLen: -1, Usage: pkitest.CertSign | pkitest.CRLSign, CRL: rootList,
		}
		if change != nil {
			change(tmpl)
		}
		return pkitest.Issue(issuer, pkitest.ECDSA(), tmpl)
	}
	person := func(issuer *pkitest.Cert) *pkitest.Cert {
		tmpl := a.person()
		tmpl.NotBefore, tmpl.Until = noon.Add(-day), noon.Add(day)
		return pkitest.Issue(issuer, pkitest.ECDSA(), tmpl)
	}
	other := newAuthority(t, "ECDSA") // the same names, other keys
	notCA := a.issue("not a CA", a.person())
	for _, tt := range []struct {
		name  string
		chain []*pkitest.Cert
		good  bool
	}{
		{"straight", []*pkitest.Cert{person(a.ca), a.ca}, true},
		{"from the root itself", []*pkitest.Cert{person(a.root)}, true},
		{"of another authority with the same name", []*pkitest.Cert{person(other.ca), other.ca, other.root}, false},
		{"its own root inside", []*pkitest.Cert{person(other.ca), other.root}, false},
		{"below a person", []*pkitest.Cert{person(notCA), notCA, a.ca}, false},
		{"below an authority that may have none below", chain(ca(a.ca, "below", nil), person), false},
		{"an expired authority", chain(ca(a.root, "old", func(t *pkitest.Template) { t.Until = noon.Add(-day) }), person), false},
		{"an authority of tomorrow", chain(ca(a.root, "new", func(t *pkitest.Template) { t.NotBefore = noon.Add(day) }), person), false},
		{"an authority that may not sign certificates", chain(ca(a.root, "x", func(t *pkitest.Template) { t.Usage = pkitest.CRLSign }), person), false},
		{"an authority without basic constraints", chain(ca(a.root, "x", func(t *pkitest.Template) { t.CA = false }), person), false},
		{"an authority for some names only", chain(ca(a.root, "x", func(t *pkitest.Template) {
			t.Extra = [][]byte{pkitest.Ext("2.5.29.30", true, pkitest.Seq(pkitest.Part(0, pkitest.Seq(pkitest.Field(2, []byte("kz"))))))}
		}), person), false},
	} {
		c := sign(tt.chain[0])
		c.Certs = certs(tt.chain...)
		w := newWeb(a)
		tolerant(w, tt.chain)
		got, err := w.verifier().Verify(t.Context(), c.DER(), text)
		switch {
		case !tt.good:
			wantCode(t, tt.name, got, err, "signature-unknown-issuer")
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func chain(ca *pkitest.Cert, person func(*pkitest.Cert) *pkitest.Cert) []*pkitest.Cert {
	return []*pkitest.Cert{person(ca), ca}
}

// tolerant lets the responder of each issuer answer, so that only the chain can be
// what is wrong.
func tolerant(w *web, chain []*pkitest.Cert) {
	w.ocsp = func(r *pkitest.Response) []byte {
		r.By, r.Certs = w.authority.root, nil
		if chain[0].CheckSignatureFrom(w.ca.Certificate) == nil {
			r.By = w.ca
		}
		return r.DER()
	}
}

// Many certificates with the issuer's name cost a bounded number of checks.
func TestManyCertificates(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	all := []*pkitest.Cert{person}
	for range 15 {
		all = append(all, newAuthority(t, "ECDSA").ca)
	}
	c := sign(person)
	c.Certs = certs(all...)
	if _, err := newWeb(a).verifier().Verify(t.Context(), c.DER(), text); err != nil {
		t.Errorf("sixteen: %v", err)
	}
	c.Certs = certs(append(all, all[1])...)
	got, err := newWeb(a).verifier().Verify(t.Context(), c.DER(), text)
	wantCode(t, "seventeen", got, err, "signature-format")
}
