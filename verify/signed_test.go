package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"kelisim/verify"
)

var now = time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)

type keyPair struct {
	signer jose.Signer
	public *jose.JSONWebKeySet
}

func newKeyPair(t testing.TB) keyPair {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{s, &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &private.PublicKey, KeyID: "k", Algorithm: "ES256"}}}}
}

func (k keyPair) sign(t testing.TB, payload string) string {
	t.Helper()
	sig, err := k.signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	out, err := sig.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSignedDocument(t *testing.T) {
	t.Parallel()
	k, other := newKeyPair(t), newKeyPair(t)
	doc := `{"purposes": ["news"], "n": 1}`
	for name, c := range map[string]struct {
		signed verify.Signed
		want   bool
	}{
		"as it should be": {verify.Signed{Document: json.RawMessage(doc), JWS: k.sign(t, doc)}, true},
		"in another form": {verify.Signed{Document: json.RawMessage("{\n \"purposes\":[\"news\"],\"n\":1}"), JWS: k.sign(t, doc)}, true},
		"another value":   {verify.Signed{Document: json.RawMessage(strings.Replace(doc, "1", "2", 1)), JWS: k.sign(t, doc)}, false},
		"a key more":      {verify.Signed{Document: json.RawMessage(strings.Replace(doc, "{", `{"x":1,`, 1)), JWS: k.sign(t, doc)}, false},
		"another key":     {verify.Signed{Document: json.RawMessage(doc), JWS: other.sign(t, doc)}, false},
		"no signature":    {verify.Signed{Document: json.RawMessage(doc)}, false},
		"no document":     {verify.Signed{JWS: k.sign(t, doc)}, false},
		"signed nothing":  {verify.Signed{Document: json.RawMessage(doc), JWS: k.sign(t, "")}, false},
		"none for a signature": {
			verify.Signed{Document: json.RawMessage(doc), JWS: "eyJhbGciOiJub25lIiwia2lkIjoiayJ9.eyJwdXJwb3NlcyI6IFsibmV3cyJdLCAibiI6IDF9."}, false,
		},
	} {
		if err := c.signed.Check(k.public); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&verify.Signed{Document: json.RawMessage(doc), JWS: k.sign(t, doc)}).Check(&jose.JSONWebKeySet{}); !errors.Is(err, verify.ErrSignature) {
		t.Errorf("no keys: %v", err)
	}
}

func TestConfirmationIsShortLived(t *testing.T) {
	t.Parallel()
	k, other := newKeyPair(t), newKeyPair(t)
	token := func(k keyPair, issued, expires *jwt.NumericDate) string {
		t.Helper()
		s, err := jwt.Signed(k.signer).Claims(verify.Confirmation{
			Claims: jwt.Claims{IssuedAt: issued, NotBefore: issued, Expiry: expires}, Organization: "150940018738",
		}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	at := func(d time.Duration) *jwt.NumericDate { return jwt.NewNumericDate(now.Add(d)) }
	for name, c := range map[string]struct {
		token string
		want  bool
	}{
		"as it should be":   {token(k, at(0), at(15*time.Minute)), true},
		"a second too long": {token(k, at(0), at(15*time.Minute+time.Second)), false},
		"over":              {token(k, at(-20*time.Minute), at(-5*time.Minute)), false},
		"not yet":           {token(k, at(5*time.Minute), at(10*time.Minute)), false},
		"without an end":    {token(k, at(0), nil), false},
		"without a start":   {token(k, nil, at(time.Minute)), false},
		"another key":       {token(other, at(0), at(time.Minute)), false},
		"no token":          {"a.b.c", false},
		"nothing":           {"", false},
	} {
		got, err := verify.OpenConfirmation(c.token, k.public, now)
		if (err == nil) != c.want || c.want && got.Organization != "150940018738" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		`{"type":"kelisim-receipt/1"}`: verify.TypeReceipt, `{"a":1,"type":"kelisim-destruction/1"}`: verify.TypeDestruction,
		`{"type":"kelisim-consent-receipt/1"}`: verify.TypeConsentReceipt1, `{"type":"kelisim-consent-receipt/2"}`: verify.TypeConsentReceipt, `{"type":"x"}`: "", `{}`: "", `[]`: "", ``: "", `{"type":1}`: "",
	} {
		if got, err := verify.KindOf([]byte(file)); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", file, got, err)
		}
	}
}

// Receipts that were issued before still hold, and no document passes for one of
// another kind.
func TestOpenSigned(t *testing.T) {
	t.Parallel()
	k := newKeyPair(t)
	for _, c := range []struct {
		kind, doc string
		want      bool
	}{
		{verify.TypeConsentReceipt1, `{"id":"1","elements":{},"evidence":{}}`, true},
		{verify.TypeConsentReceipt1, `{"id":"1","method":"rows deleted"}`, false},
		{verify.TypeConsentReceipt1, `{"type":"kelisim-consent-receipt/2","elements":{}}`, false},
		{verify.TypeConsentReceipt, `{"type":"kelisim-consent-receipt/2","kz":{}}`, true},
		{verify.TypeConsentReceipt, `{"elements":{}}`, false},
		{verify.TypeConsentReceipt, `{"type":"kelisim-paper/1"}`, false},
		{verify.TypeDestruction, `{"id":"1","method":"rows deleted"}`, true},
		{verify.TypeDestruction, `{"id":"1","elements":{}}`, false},
		{verify.TypePaper, `{"type":"kelisim-paper/1"}`, false},
		{"", `{}`, false},
	} {
		file, err := json.Marshal(verify.Signed{Type: c.kind, Document: json.RawMessage(c.doc), JWS: k.sign(t, c.doc)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify.OpenSigned(file, k.public); (err == nil) != c.want {
			t.Errorf("%s as %s: %v", c.doc, c.kind, err)
		}
	}
}
