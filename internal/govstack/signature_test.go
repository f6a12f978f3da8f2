package govstack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Whatever is sent as a signature, it is refused or says what was signed.
func FuzzSignature(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	by, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		f.Fatal(err)
	}
	jwk, err := json.Marshal(&jose.JSONWebKey{Key: &key.PublicKey})
	if err != nil {
		f.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	statement, err := (&Snapshot{SchemaName: "ConsentRecord", SignedWithoutObjectID: true, Timestamp: stamp(at), AuthorizedByIndividual: "i"}).
		text(&snapshotData{AgreementID: "a", AgreementRev: "r", AgreementHash: "h", IndividualID: "i", OptIn: true, State: Unsigned})
	if err != nil {
		f.Fatal(err)
	}
	sig, err := blank(statement, at, "", asIndividual)
	if err != nil {
		f.Fatal(err)
	}
	jws, err := by.Sign([]byte(statement))
	if err != nil {
		f.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	sig.Signature, sig.VerificationSignedBy = compact, string(jwk)
	if st, _, err := sig.check(); err != nil || !st.optIn || st.individual != "i" || !st.at.Equal(at) {
		f.Fatal(st, err)
	}
	for _, s := range []*Signature{sig, {}, {Signature: "..", VerificationSignedBy: string(jwk)}, {Signature: compact, VerificationSignedBy: `{"kty":"RSA","n":"AQ","e":"AQAB"}`, Payload: "{}"}} {
		b, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Signature
		if json.Unmarshal(b, &s) != nil {
			return
		}
		st, _, err := s.check()
		if err == nil && s.VerificationSignedBy == string(jwk) && *st != statementOf(statement, t) {
			t.Errorf("taken as %v: %s", st, b)
		}
	})
}

func statementOf(text string, t *testing.T) statement {
	t.Helper()
	s, err := readStatement([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return *s
}
