package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"

	"kelisim/internal/signature"
	"kelisim/internal/signature/fetch"
	"kelisim/internal/signature/pkitest"
	"kelisim/verify"
)

// offer makes an authority whose signatures the world takes, as a server does that
// was given a folder of roots.
func (w *world) offer(t *testing.T, key func(string) *pkitest.Key) *pkitest.Authority {
	t.Helper()
	var a *pkitest.Authority
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { a.ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	a = pkitest.NewAuthority(srv.URL, w.Now(), key)
	folder := func(c *pkitest.Cert) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ca.pem"), c.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	config := signature.Config{Roots: folder(a.Root), Intermediates: folder(a.CA)}
	var err error
	if w.Consents.Signatures, err = config.Checker(fetch.New(nil), w.Now, w.Parties.Rules); err != nil {
		t.Fatal(err)
	}
	return a
}

var aisulu = pkitest.Human("ТӨЛЕГЕН", "АЙСҰЛУ", "ТӨЛЕГЕНҚЫЗЫ", plantedIIN)

// question asks the person for consent and shows the text of it.
func (w *world) question(t *testing.T) (text string) {
	t.Helper()
	w.clock.Add(1e9)
	w.names["request"] = w.do(t, "operator", "POST", "/v1/consents/requests",
		`{"subject":"$subject","purposes":["payment","contracts"],"thirdParties":["$payer"],"validUntil":"`+w.Now().AddDate(1, 0, 0).UTC().Format("2006-01-02T15:04:05Z")+`"}`).want(t, 201).str(t, "id")
	w.do(t, "subject", "GET", "/v1/me/consents/requests/$request", "", "Accept-Language", "ru").want(t, 200)
	return w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/text", `{"purposes":["payment"],"thirdParties":[]}`, "Accept-Language", "kk").want(t, 200).str(t, "text")
}

// answerWith gives what was left of the question, with a signature.
func (w *world) answerWith(t *testing.T, cms []byte) *answer {
	t.Helper()
	body := map[string]any{"answer": "give", "purposes": []string{"payment"}, "thirdParties": []string{}, "signature": cms}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return w.fail(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", string(b))
}

func (w *world) sign(by *pkitest.Cert, text string) *pkitest.CMS {
	return &pkitest.CMS{By: by, Text: []byte(text), At: w.Now()}
}

// The subject signs the text of exactly what is given, in GOST, RSA and ECDSA; who
// signed and how that was checked is kept, and the signature itself is in the pack.
//
// duty: L8.1
func TestSignedAnswer(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.question(t)
		if a := w.answerWith(t, []byte("x")); a.status != 400 || a.str(t, "code") != "signature-absent" {
			t.Errorf("no roots: %s", a.body)
		}
		for name, key := range map[string]func(string) *pkitest.Key{
			"GOST": pkitest.GOST, "RSA": func(string) *pkitest.Key { return pkitest.RSA(1) }, "ECDSA": func(string) *pkitest.Key { return pkitest.ECDSA() },
		} {
			a := w.offer(t, key)
			text := w.question(t)
			if strings.Contains(text, plantedIIN) || !strings.Contains(text, "БСН") {
				t.Errorf("the text: %s", text)
			}
			who := a.Issue("Айсұлу", a.Person(aisulu.Of("ЖШС СЫНАҚ", payer)))
			cms := w.sign(who, text)
			cms.Attached = name == "RSA"
			w.names["consent"] = w.answerWith(t, cms.DER()).want(t, 200).str(t, "consent")
			v := w.do(t, "subject", "GET", "/v1/consents/$consent", "").want(t, 200)
			if v.str(t, "evidence", "channel") != "signature" || v.str(t, "evidence", "signature", "serial") != who.SerialNumber.Text(16) ||
				v.str(t, "evidence", "signature", "name") != "ТӨЛЕГЕН АЙСҰЛУ ТӨЛЕГЕНҚЫЗЫ" || v.str(t, "evidence", "signature", "bin") != payer ||
				v.str(t, "evidence", "signature", "roles", 0) != "person" || v.str(t, "evidence", "signature", "revocation") != "ocsp" ||
				v.str(t, "evidence", "text") != text {
				t.Errorf("%s: %s", name, v.body)
			}
			w.seal(t)
			pack := w.do(t, "subject", "GET", "/v1/consents/$consent/pack", "").want(t, 200)
			p, err := verify.CheckPack(pack.body, verify.Keys{Log: w.Keys.Checker, Sign: w.Keys.JWKS})
			if err != nil || p.Evidence != 1 {
				t.Errorf("%s: %+v %v", name, p, err)
			}
		}
		for _, by := range []string{"operator", "officer"} {
			if v := w.do(t, by, "GET", "/v1/consents/$consent", "").want(t, 200); v.at(t, "evidence", "signature") == nil {
				t.Errorf("%s does not see how it was signed", by)
			}
		}
		apptest.Clean(t, w.App)
	})
}

// Whatever is wrong with a signature, it is refused with the reason and the way
// out in three languages, and nothing is given.
func TestSignedAnswerRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.offer(t, pkitest.GOST)
	foreign := pkitest.NewAuthority("http://127.0.0.1:1", w.Now(), func(string) *pkitest.Key { return pkitest.ECDSA() })
	text := w.question(t)
	whole := w.do(t, "subject", "GET", "/v1/me/consents/requests/$request", "", "Accept-Language", "kk").want(t, 200).str(t, "text")
	good := a.Issue("Айсұлу", a.Person(aisulu))
	person := func(change func(*pkitest.Template)) *pkitest.Cert {
		p := a.Person(aisulu)
		change(p)
		return a.Issue("Айсұлу", p)
	}
	expired := person(func(p *pkitest.Template) { p.NotBefore, p.Until = w.Now().AddDate(-2, 0, 0), w.Now().AddDate(-1, 0, 0) })
	revoked := person(func(*pkitest.Template) {})
	a.Revoke(revoked)
	forSigningIn := person(func(p *pkitest.Template) { p.Purposes = []string{pkitest.ForSigningIn, pkitest.PersonRole} })
	another := person(func(p *pkitest.Template) { p.Subject = pkitest.Human("АСЫЛ", "АСЫЛ", "", apptest.IIN(7)) })
	stranger := foreign.Issue("Айсұлу", foreign.Person(aisulu))
	for _, c := range []struct {
		name   string
		cms    []byte
		status int
		code   string
	}{
		{"expired", w.sign(expired, text).DER(), 400, "signature-expired"},
		{"revoked", w.sign(revoked, text).DER(), 400, "signature-revoked"},
		{"a key for signing in", w.sign(forSigningIn, text).DER(), 400, "signature-authentication-key"},
		{"another person", w.sign(another, text).DER(), 403, "signature-other-person"},
		{"another text", w.sign(good, text+" ").DER(), 400, "signature-other-text"},
		{"the text of all that was asked", w.sign(good, whole).DER(), 400, "signature-other-text"},
		{"an unknown authority", w.sign(stranger, text).DER(), 400, "signature-unknown-issuer"},
		{"no signature", []byte("hello"), 400, "signature-format"},
		{"nothing", []byte{}, 400, "signature-format"},
		{"too long", bytes.Repeat([]byte{0x30}, 200_000), 400, "too-long"},
	} {
		titles := map[string]bool{}
		for _, lang := range []string{"kk", "ru", "en"} {
			body, err := json.Marshal(map[string]any{"answer": "give", "purposes": []string{"payment"}, "thirdParties": []string{}, "signature": c.cms, "language": "kk"})
			if err != nil {
				t.Fatal(err)
			}
			got := w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", string(body), "Accept-Language", lang)
			if got.status != c.status || got.str(t, "code") != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.body)
			}
			titles[got.str(t, "title")] = true
		}
		if len(titles) != 3 {
			t.Errorf("%s: not in three languages: %v", c.name, titles)
		}
	}
	a.Down(true)
	if got := w.answerWith(t, w.sign(good, text).DER()); got.status != 503 || got.str(t, "code") != "signature-revocation-unchecked" {
		t.Errorf("the authority is silent: %d %s", got.status, got.body)
	}
	a.Down(false)
	if got := w.do(t, "operator", "GET", "/v1/consents/requests/$request", ""); got.str(t, "status") != "pending" {
		t.Errorf("answered by a bad signature: %s", got.body)
	}
	if got := w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", `{"answer":"give","signature":"###"}`); got.status != 400 || got.str(t, "field") != "signature" {
		t.Errorf("not base64: %s", got.body)
	}
	// A text that was never before the person.
	body, _ := json.Marshal(map[string]any{"answer": "give", "purposes": []string{"contracts"}, "thirdParties": []string{}, "signature": w.sign(good, text).DER()})
	if got := w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", string(body)); got.status != 409 || got.str(t, "code") != "request-not-shown" {
		t.Errorf("a choice that was not read: %s", got.body)
	}
	w.answerWith(t, w.sign(good, text).DER()).want(t, 200)
}

// NCANode by its address, in place of roots.
func TestSignedAnswerByNCANode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := pkitest.NewAuthority("http://127.0.0.1:1", w.Now(), pkitest.GOST)
	who := a.Issue("Айсұлу", a.Person(aisulu))
	revoked := false
	node := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cms/verify" {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		json.NewEncoder(rw).Encode(map[string]any{"valid": !revoked, "signers": []any{map[string]any{"certificates": []any{map[string]any{
			"valid": !revoked, "serialNumber": who.SerialNumber.Text(16), "keyUsage": "SIGN", "revocations": []any{map[string]any{"revoked": revoked, "by": "OCSP"}},
		}}}}})
	}))
	t.Cleanup(node.Close)
	config := signature.Config{NCANode: node.URL}
	var err error
	if w.Consents.Signatures, err = config.Checker(fetch.New(nil), w.Now, w.Parties.Rules); err != nil {
		t.Fatal(err)
	}
	text := w.question(t)
	revoked = true
	if got := w.answerWith(t, w.sign(who, text).DER()); got.status != 400 || got.str(t, "code") != "signature-revoked" {
		t.Errorf("%s", got.body)
	}
	revoked = false
	w.names["consent"] = w.answerWith(t, w.sign(who, text).DER()).want(t, 200).str(t, "consent")
	if v := w.do(t, "subject", "GET", "/v1/consents/$consent", ""); v.str(t, "evidence", "signature", "revocation") != "ncanode" {
		t.Errorf("%s", v.body)
	}
}

// A scan and an act come with a consent on paper, and an electronic signature with
// one that was signed elsewhere.
func TestEvidence(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		b64 := base64.StdEncoding.EncodeToString
		body := `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"paper","document":"№ 7","files":[` +
			`{"name":"scan.pdf","content":"` + b64([]byte("%PDF-1.7 "+planted)) + `"},{"name":"act.jpg","content":"` + b64([]byte("\xff\xd8\xff act")) + `"}]}}`
		w.names["consent"] = w.do(t, "staff", "POST", "/v1/consents", body).want(t, 201).str(t, "id")
		v := w.do(t, "operator", "GET", "/v1/consents/$consent", "").want(t, 200)
		if v.str(t, "evidence", "files", 1, "type") != "image/jpeg" || v.str(t, "evidence", "files", 0, "name") != "scan.pdf" {
			t.Errorf("%s", v.body)
		}
		db := apptest.Raw(t, w.App)
		rows, err := db.Query(`SELECT sealed FROM consent_file`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var sealed []byte
			if err := rows.Scan(&sealed); err != nil || bytes.Contains(sealed, []byte("PDF")) || bytes.Contains(sealed, []byte(planted)) {
				t.Errorf("the scan lies open (%v)", err)
			}
		}
		if n != 2 {
			t.Errorf("%d files", n)
		}
		w.seal(t)
		pack := w.do(t, "officer", "GET", "/v1/consents/$consent/pack", "").want(t, 200)
		if p, err := verify.CheckPack(pack.body, verify.Keys{Log: w.Keys.Checker, Sign: w.Keys.JWKS}); err != nil || p.Evidence != 2 {
			t.Errorf("%+v %v", p, err)
		}

		a := w.offer(t, func(string) *pkitest.Key { return pkitest.ECDSA() })
		cms := b64(w.sign(a.Issue("Айсұлу", a.Person(aisulu)), "I agree.").DER())
		signed := `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"signature","text":"I agree.","signature":"` + cms + `"}}`
		w.do(t, "operator", "POST", "/v1/consents", signed).want(t, 201)
		w.do(t, "operator", "POST", "/v1/consents", strings.Replace(signed, "I agree.", "I disagree.", 1)).want(t, 400)
		w.do(t, "operator", "POST", "/v1/consents", strings.Replace(signed, `"channel":"signature"`, `"channel":"form"`, 1)).want(t, 400)
	})
}

// The same receipt as JSON and on paper, by what is accepted; the act of
// destruction too.
func TestPapers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"]`)
	for accept, want := range map[string]string{
		"": typeJSON, "*/*": typeJSON, "application/json": typeJSON, "application/pdf": typePDF, "application/json;q=0.5, application/pdf": typePDF,
		"application/*, application/pdf;q=0.1": typeJSON, "text/html": typeJSON, "garbage;;": typeJSON,
	} {
		a := w.do(t, "subject", "GET", "/v1/consents/$consent/receipt", "", "Accept", accept).want(t, 200)
		if a.header.Get("Content-Type") != want {
			t.Errorf("%s: %s", accept, a.header.Get("Content-Type"))
		}
		if want != typePDF {
			continue
		}
		if s, err := verify.OpenSeal(a.body, w.Keys.JWKS); err != nil || s.ID != w.names["consent"] {
			t.Errorf("%+v %v", s, err)
		}
	}
	w.do(t, "subject", "GET", "/v1/consents/$consent/receipt?lang=de", "", "Accept", typePDF).want(t, 400)
	w.do(t, "third-party", "GET", "/v1/consents/$consent/pack", "").want(t, 403)
	w.do(t, "other-operator", "GET", "/v1/consents/$consent/pack", "").want(t, 404)

	w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"collect","purpose":"payment","values":{"name":"$name"}}`).want(t, 200)
	w.names["act"] = w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"destroy"}`).want(t, 200).str(t, "id")
	act := w.do(t, "staff", "GET", "/v1/subjects/$subject/destructions/$act", "").want(t, 200)
	if _, err := verify.OpenSigned(act.body, w.Keys.JWKS); err != nil {
		t.Error(err)
	}
	for _, lang := range []string{"kk", "ru", "en"} {
		paper := w.do(t, "staff", "GET", "/v1/subjects/$subject/destructions/$act", "", "Accept", typePDF, "Accept-Language", lang).want(t, 200)
		if s, err := verify.OpenSeal(paper.body, w.Keys.JWKS); err != nil || s.ID != w.names["act"] || s.Of != verify.TypeDestruction {
			t.Errorf("%+v %v", s, err)
		}
		if dir := os.Getenv("KEEP"); dir != "" {
			os.WriteFile(filepath.Join(dir, "act."+lang+".pdf"), paper.body, 0o600)
		}
	}
	w.do(t, "other-operator", "GET", "/v1/subjects/$subject/destructions/$act", "").want(t, 404)
}

// What a receipt tells a third party that is an operator itself: not how the
// holder proved the consent.
func TestReceiptForAThirdParty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["consent"] = w.do(t, "operator", "POST", "/v1/consents",
		`{"subject":"$subject","purposes":["payment"],"thirdParties":["$payer"],"evidence":{"channel":"paper","document":"договор 7","files":[{"name":"a.pdf","content":"JVBERi0xLjc="}]}}`).want(t, 201).str(t, "id")
	w.tokens["payer"] = w.issue(t, account.Token{Role: account.Operator, Org: apptest.Org(t, w.App, payer).ID})
	w.seal(t)
	for _, a := range []*answer{
		w.do(t, "third-party", "GET", "/v1/consents/$consent", ""), w.do(t, "payer", "GET", "/v1/consents/$consent", ""),
		w.do(t, "payer", "GET", "/v1/consents/$consent/receipt", ""),
	} {
		a.want(t, 200)
		for _, not := range []string{"договор 7", "a.pdf", w.names["subject"]} {
			if bytes.Contains(a.body, []byte(not)) {
				t.Errorf("a third party is told %s: %s", not, a.body)
			}
		}
	}
	w.do(t, "payer", "GET", "/v1/consents/$consent/pack", "").want(t, 404)
	w.do(t, "operator", "GET", "/v1/consents/$consent/pack", "").want(t, 200)
}

// Who acts for a child signs with the own key; the child's key, another parent's or
// a stranger's is not that of who acts.
//
// duty: L7.1, L8.1
func TestSignedForAChild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.family(t)
	a := w.offer(t, pkitest.GOST)
	w.names["request"] = w.do(t, "operator", "POST", "/v1/consents/requests", `{"subject":"$child","purposes":["contracts"]}`).want(t, 201).str(t, "id")
	text := w.do(t, "mother", "POST", "/v1/me/consents/requests/$request/text?for=$forChild", `{}`, "Accept-Language", "kk").want(t, 200).str(t, "text")
	for _, c := range []struct {
		name, iin string
		status    int
	}{{"the child", w.names["childIIN"], 403}, {"somebody else", apptest.IIN(3), 403}, {"nobody here", apptest.IIN(999), 403}, {"the mother", apptest.IIN(1), 200}} {
		key := a.Issue(c.name, a.Person(pkitest.Human("АНА", "АНА", "", c.iin)))
		body, err := json.Marshal(map[string]any{"answer": "give", "signature": w.sign(key, text).DER()})
		if err != nil {
			t.Fatal(err)
		}
		got := w.do(t, "mother", "POST", "/v1/me/consents/requests/$request/answer?for=$forChild", string(body))
		if got.status != c.status {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
	}
}
