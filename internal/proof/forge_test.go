package proof_test

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/mod/sumdb/note"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/internal/signature"
	"kelisim/internal/signature/fetch"
	"kelisim/internal/signature/pkitest"
	"kelisim/verify"
)

// thing is a file that proves something, and how it is checked.
type thing struct {
	name  string
	file  []byte
	check func(file []byte) error
}

// evidence is one of each kind of file that anybody is handed, and a signature.
func (w *world) evidence() []thing {
	w.t.Helper()
	c := w.signed()
	w.seal()
	keys := w.keys()
	receipt, err := w.Proofs.Receipt(w.ctx(), c, nil)
	w.must(err)
	paper, err := w.Proofs.ReceiptPDF(w.ctx(), c, nil, w.office(), here, locale.RU)
	w.must(err)
	pack, err := w.Proofs.Pack(w.ctx(), c, w.office(), here, apptest.System)
	w.must(err)
	entry, err := w.office().Receipt(w.ctx(), c.History[0].Entry)
	w.must(err)
	proven, err := json.Marshal(entry)
	w.must(err)
	token, err := w.Consents.Confirmation(w.ctx(), c, w.org)
	w.must(err)
	files, err := w.Consents.OpenFiles(w.ctx(), c)
	w.must(err)
	text, err := w.Consents.Store.Text(w.ctx(), c.TextHash)
	w.must(err)
	act := w.destroyed()
	signed := func(kind string) func(b []byte) error {
		return func(b []byte) error {
			s, err := verify.OpenSigned(b, keys.Sign)
			if err == nil && s.Type != kind {
				err = verify.ErrFormat
			}
			return err
		}
	}
	sealed := func(b []byte) error {
		s, err := verify.OpenSeal(b, keys.Sign)
		if err == nil && s.Type != verify.TypePaper {
			err = verify.ErrFormat
		}
		return err
	}
	return []thing{
		{"receipt", receipt, signed(verify.TypeConsentReceipt)},
		{"act of destruction", act, signed(verify.TypeDestruction)},
		{"receipt on paper", paper, sealed},
		{"pack", pack, func(b []byte) error { _, err := verify.CheckPack(b, keys); return err }},
		{"entry", proven, func(b []byte) error {
			r, err := verify.ReadReceipt(b)
			if err == nil {
				_, _, err = r.Check(keys.Log)
			}
			return err
		}},
		{"confirmation", []byte(token), func(b []byte) error {
			_, err := verify.OpenConfirmation(string(b), keys.Sign, w.clock.Now())
			return err
		}},
		{"signature", files[0].Content, func(b []byte) error {
			_, err := w.Consents.Signatures.Verify(w.ctx(), b, []byte(text.Body))
			return err
		}},
	}
}

// signed is a consent under whose text the person put an electronic signature.
func (w *world) signed() *consent.Consent {
	w.t.Helper()
	var a *pkitest.Authority
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { a.ServeHTTP(rw, r) }))
	w.t.Cleanup(srv.Close)
	a = pkitest.NewAuthority(srv.URL, w.clock.Now(), func(string) *pkitest.Key { return pkitest.ECDSA() })
	roots, between := w.t.TempDir(), w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(roots, "a.pem"), a.Root.PEM(), 0o600))
	w.must(os.WriteFile(filepath.Join(between, "a.pem"), a.CA.PEM(), 0o600))
	config := signature.Config{Roots: roots, Intermediates: between}
	var err error
	w.Consents.Signatures, err = config.Checker(fetch.New(nil), w.Now, w.Parties.Rules)
	w.must(err)
	key := a.Issue("Асыл", a.Person(pkitest.Human("АСЫЛ", "АСЫЛ", "", apptest.IIN(1))))
	const text = "Мен келісемін."
	c, err := w.Consents.Record(w.ctx(), w.org, &consent.New{
		Subject: w.who, Terms: consent.Terms{Purposes: []string{"news"}}, Text: text, Proof: consent.Proof{Channel: consent.Signed}, Actor: apptest.System,
		CMS: (&pkitest.CMS{By: key, Text: []byte(text), At: w.clock.Now()}).DER(),
	})
	w.must(err)
	return c
}

// destroyed is the act of destroying what was held of somebody else.
func (w *world) destroyed() []byte {
	w.t.Helper()
	who := apptest.Subject(w.t, w.App, w.org, 2)
	apptest.Consent(w.t, w.App, w.org, who, "news")
	_, err := w.Guard.Access(w.ctx(), &gate.Ask{
		Request: gate.Request{Action: register.Destroy}, Holder: w.org, Asker: w.org, Subject: who, Actor: apptest.System,
	})
	w.must(err)
	list, err := w.Store.Destructions(w.ctx(), w.org.Inside(who), w.org.ID)
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("%d acts", len(list))
	}
	return list[0]
}

// forgeries are changes that anybody can make to a file without a key.
func forgeries(t thing, others []thing) map[string][]byte {
	out := map[string][]byte{}
	put := func(name string, b []byte) {
		if !bytes.Equal(b, t.file) {
			out[name] = b
		}
	}
	n := len(t.file)
	for i := range 60 {
		at := i * (n - 1) / 59
		b := clone(t.file)
		b[at] ^= 1 << (i % 7)
		put(fmt.Sprintf("bit of byte %d", at), b)
		b = clone(t.file)
		b[at] = t.file[(at+n/3)%n]
		put(fmt.Sprintf("byte %d from elsewhere", at), b)
		b = clone(t.file)
		b[(at+n/117)%n] ^= 0x20
		put(fmt.Sprintf("another letter at byte %d", (at+n/117)%n), b)
	}
	for i := range 12 {
		put(fmt.Sprintf("the first %d twelfths", i), t.file[:i*n/12])
		put(fmt.Sprintf("without twelfth %d", i), slices.Concat(t.file[:i*n/12], t.file[(i+1)*n/12:]))
	}
	for i := range 4 {
		put(fmt.Sprintf("without the last %d", i+1), t.file[:n-i-1])
	}
	put("twice", slices.Concat(t.file, t.file))
	put("more at the end", slices.Concat(t.file, []byte("x")))
	put("a line more", slices.Concat(t.file, []byte("\n%more\n")))
	put("more before", slices.Concat([]byte("x"), t.file))
	for _, o := range others {
		if o.name != t.name {
			put("this is the "+o.name, o.file)
		}
	}
	return out
}

// forgeJSON are changes to a file of JSON that keep it JSON.
func forgeJSON(file []byte) map[string][]byte {
	out := map[string][]byte{}
	s := string(file)
	out["a name more"] = []byte(strings.Replace(s, "{", `{"note":"trust me",`, 1))
	out["a name twice"] = []byte(strings.Replace(s, "{", `{"type":"kelisim-receipt/1",`, 1))
	out["names in capitals"] = []byte(strings.Replace(s, `"type"`, `"Type"`, 1))
	for _, kind := range []string{verify.TypeConsentReceipt, verify.TypeConsentReceipt1, verify.TypeDestruction, verify.TypeReceipt, verify.TypeBlindReceipt, verify.TypePromise, "x"} {
		var v map[string]json.RawMessage
		if json.Unmarshal(file, &v) == nil && string(v["type"]) != `"`+kind+`"` {
			v["type"] = json.RawMessage(`"` + kind + `"`)
			b, _ := json.Marshal(v)
			out["as "+kind] = b
		}
	}
	var v map[string]json.RawMessage
	if json.Unmarshal(file, &v) == nil {
		for name := range v {
			w := maps.Clone(v)
			delete(w, name)
			b, _ := json.Marshal(w)
			out["without "+name] = b
			w[name] = json.RawMessage(`null`)
			b, _ = json.Marshal(w)
			out["no "+name] = b
		}
	}
	return out
}

// Two hundred forged and damaged files of each kind, and none is accepted.
//
// duty: L25.2.5
func TestForgeries(t *testing.T) {
	t.Parallel()
	w := one(t)
	things := w.evidence()
	total := 0
	for _, x := range things {
		if err := x.check(x.file); err != nil {
			t.Fatalf("%s: the good one: %v", x.name, err)
		}
		all := forgeries(x, things)
		if x.file[0] == '{' {
			maps.Copy(all, forgeJSON(x.file))
		}
		for name, b := range all {
			if err := x.check(b); err == nil {
				t.Errorf("%s, %s: accepted", x.name, name)
			}
		}
		t.Logf("%s: %d", x.name, len(all))
		total += len(all)
	}
	if total < 200*len(things) {
		t.Errorf("only %d", total)
	}
}

// forger has keys of an own installation, and may have one of ours.
type forger struct {
	*world
	sign func([]byte) (string, error)
}

func (w *world) forger() *forger {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	// The number of our key, as whoever forges would write it.
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: w.Keys.JWKS.Keys[0].KeyID}}, nil)
	w.must(err)
	return &forger{w, func(b []byte) (string, error) {
		sig, err := s.Sign(b)
		if err != nil {
			return "", err
		}
		return sig.CompactSerialize()
	}}
}

// repack puts a pack together again with something changed, sealed by a key.
func repack(t *testing.T, files map[string][]byte, id string, sign func([]byte) (string, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(files[name])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := verify.SealFile(out.Bytes(), verify.Seal{Of: verify.TypeConsentReceipt, ID: id, Issued: time.Unix(1_700_000_000, 0).UTC()}, sign)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whoever has even the key of receipts cannot make a pack about steps that the log
// does not have, leave evidence out or exchange what lies in it.
func TestForgedPacks(t *testing.T) {
	t.Parallel()
	w := one(t)
	c, other := w.onPaper(), w.answered()
	w.seal()
	file, err := w.Proofs.Pack(w.ctx(), c, w.office(), here, apptest.System)
	w.must(err)
	foreign, err := w.Proofs.Pack(w.ctx(), other, w.office(), here, apptest.System)
	w.must(err)
	good, theirs := unpack(t, file), unpack(t, foreign)
	if _, err := verify.CheckPack(repack(t, good, c.ID.String(), w.Keys.JWS), w.keys()); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	f := w.forger()
	name := func(prefix string) string {
		for _, n := range slices.Sorted(maps.Keys(good)) {
			if strings.HasPrefix(n, prefix) {
				return n
			}
		}
		t.Fatalf("no %s", prefix)
		return ""
	}
	theirEntry := theirs[slices.Sorted(maps.Keys(theirs))[slices.IndexFunc(slices.Sorted(maps.Keys(theirs)), func(n string) bool { return strings.HasPrefix(n, "journal/") })]]
	strange, _, err := note.GenerateKey(rand.Reader, w.Keys.Checker.Name())
	w.must(err)
	signer, err := note.NewSigner(strange)
	w.must(err)
	for what, change := range map[string]func(files map[string][]byte){
		"no receipt":         func(m map[string][]byte) { delete(m, verify.PackReceipt) },
		"another's receipt":  func(m map[string][]byte) { m[verify.PackReceipt] = theirs[verify.PackReceipt] },
		"another's paper":    func(m map[string][]byte) { m["receipt.ru.pdf"] = theirs["receipt.ru.pdf"] },
		"a paper not sealed": func(m map[string][]byte) { m["receipt.ru.pdf"] = []byte("%PDF-1.4\n%%EOF\n") },
		"no text":            func(m map[string][]byte) { delete(m, name("texts/")) },
		"another text":       func(m map[string][]byte) { m[name("texts/")] = []byte("I agree to everything.") },
		"another text by its own hash": func(m map[string][]byte) {
			delete(m, name("texts/"))
			m["texts/5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9.kk.txt"] = []byte("0")
		},
		"no scan":           func(m map[string][]byte) { delete(m, name("evidence/1")) },
		"another scan":      func(m map[string][]byte) { m[name("evidence/1")] = []byte("%PDF-1.4 another") },
		"a step not proven": func(m map[string][]byte) { delete(m, name("journal/001")) },
		"another's step":    func(m map[string][]byte) { m[name("journal/001")] = theirEntry },
		"a step of no log":  func(m map[string][]byte) { m[name("journal/001")] = []byte(`{}`) },
		"a step in a strange log": func(m map[string][]byte) {
			r, err := verify.ReadReceipt(m[name("journal/001")])
			w.must(err)
			e := verify.Commit(r.Salt, r.Entry)
			point, err := verify.Checkpoint{Origin: signer.Name(), Size: 1, Root: e.Leaf()}.Sign(signer)
			w.must(err)
			r.Index, r.Proof, r.Checkpoint = 0, nil, point
			m[name("journal/001")], err = json.Marshal(r)
			w.must(err)
		},
	} {
		m := maps.Clone(good)
		change(m)
		if _, err := verify.CheckPack(repack(t, m, c.ID.String(), w.Keys.JWS), w.keys()); err == nil {
			t.Errorf("%s: accepted, sealed by our key", what)
		}
		if _, err := verify.CheckPack(repack(t, m, c.ID.String(), f.sign), w.keys()); err == nil {
			t.Errorf("%s: accepted, sealed by another key", what)
		}
	}
	if _, err := verify.CheckPack(repack(t, good, other.ID.String(), w.Keys.JWS), w.keys()); err == nil {
		t.Error("accepted as another consent's")
	}
	if _, err := verify.CheckPack(repack(t, good, c.ID.String(), f.sign), w.keys()); err == nil {
		t.Error("a whole pack sealed by another key")
	}
	plain := repack(t, good, c.ID.String(), f.sign)
	if _, err := verify.CheckPack(plain[:len(plain)-1024], w.keys()); err == nil {
		t.Error("a pack without a seal")
	}
}

// Documents and tokens that another key signed, though they name ours, and tokens
// of other times.
func TestForgedKeys(t *testing.T) {
	t.Parallel()
	w := one(t)
	f := w.forger()
	c := w.answered()
	file, err := w.Proofs.Receipt(w.ctx(), c, nil)
	w.must(err)
	var s verify.Signed
	w.must(json.Unmarshal(file, &s))
	s.JWS, err = f.sign(s.Document)
	w.must(err)
	forged, err := json.Marshal(&s)
	w.must(err)
	if _, err := verify.OpenSigned(forged, w.Keys.JWKS); err == nil {
		t.Error("a receipt signed by another key")
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+w.Keys.JWKS.Keys[0].KeyID+`"}`)) + "." + base64.RawURLEncoding.EncodeToString(s.Document) + "."
	s.JWS = none
	forged, err = json.Marshal(&s)
	w.must(err)
	if _, err := verify.OpenSigned(forged, w.Keys.JWKS); err == nil {
		t.Error("a receipt that nobody signed")
	}
	token, err := w.Consents.Confirmation(w.ctx(), c, w.org)
	w.must(err)
	parts := strings.Split(token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	w.must(err)
	now := w.clock.Now()
	for what, x := range map[string]struct {
		token string
		at    time.Time
	}{
		"another key":   {must(f.sign(claims))(t), now},
		"nobody's":      {strings.Join([]string{strings.Split(none, ".")[0], parts[1], ""}, "."), now},
		"over":          {token, now.Add(verify.MaxConfirmation + 2*time.Minute)},
		"not yet":       {token, now.Add(-2 * time.Minute)},
		"a receipt":     {must(w.Keys.JWS(s.Document))(t), now},
		"without a sig": {parts[0] + "." + parts[1] + ".", now},
	} {
		if _, err := verify.OpenConfirmation(x.token, w.Keys.JWKS, x.at); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	if _, err := verify.OpenConfirmation(token, w.Keys.JWKS, now); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func must(s string, err error) func(t *testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}
