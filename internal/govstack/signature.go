package govstack

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kelisim/internal/fault"
)

// algorithms are those of signatures taken: none that share a secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
}

// What is wrong with a signature. Why it does not fit is not told in more detail:
// whoever makes one from the draft never meets these.
var (
	errSignature = fault.Bad("signature.signature", "govstack-signature")
	errPayload   = fault.Bad("signature.verificationPayload", "govstack-payload")
)

// readKey reads the public key of a signer, and the thumbprint it is known by.
func readKey(text string) (*jose.JSONWebKey, string, error) {
	var k jose.JSONWebKey
	if len(text) > maxText {
		return nil, "", errSignature
	}
	if err := k.UnmarshalJSON([]byte(text)); err != nil || !k.Valid() || !k.IsPublic() {
		return nil, "", errSignature
	}
	if r, ok := k.Key.(*rsa.PublicKey); ok && r.N.BitLen() < 2048 {
		return nil, "", errSignature
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	return &k, hex.EncodeToString(sum), err
}

// statement is what a person signs of a record: which agreement, by the hash of
// its revision, for whom, yes or no, and when.
type statement struct {
	object, agreement, revision, hash, individual string
	by, other                                     string // who authorized it: the individual, or a delegate
	optIn                                         bool
	at                                            time.Time
}

// reference is an object that is referred to, by id alone or nested.
type reference struct{ id string }

func (r *reference) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		r.id = s
		return nil
	}
	var o struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(b, &o)
	r.id = o.ID
	return err
}

// readStatement reads a snapshot of a consent record strictly: a name that stands
// twice could be read by one as this and by another as that. References may be
// flat or nested, and the data of the object itself or a text of it, as the
// document's wording and its example clients have it.
func readStatement(text []byte) (*statement, error) {
	var s struct {
		Schema       string         `json:"schemaName"`
		Object       string         `json:"objectId"`
		At           string         `json:"timestamp"`
		Individual   reference      `json:"authorizedByIndividual"`
		IndividualID string         `json:"authorizedByIndividualId"`
		Other        string         `json:"authorizedByOther"`
		Data         jsontext.Value `json:"objectData"`
	}
	var d struct {
		ID           string    `json:"id"`
		Agreement    reference `json:"dataAgreement"`
		AgreementID  string    `json:"dataAgreementId"`
		Revision     reference `json:"dataAgreementRevision"`
		RevisionID   string    `json:"dataAgreementRevisionId"`
		Hash         string    `json:"dataAgreementRevisionHash"`
		Individual   reference `json:"individual"`
		IndividualID string    `json:"individualId"`
		OptIn        *bool     `json:"optIn"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	data := []byte(s.Data)
	if s.Data.Kind() == '"' {
		var inner string
		if err := json.Unmarshal(data, &inner); err != nil {
			return nil, err
		}
		data = []byte(inner)
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	out := &statement{hash: d.Hash, other: s.Other}
	one := func(to *string, all ...string) bool {
		for _, v := range all {
			if v != "" && *to != "" && v != *to {
				return false
			}
			if v != "" {
				*to = v
			}
		}
		return true
	}
	agree := one(&out.object, s.Object, d.ID) && one(&out.agreement, d.AgreementID, d.Agreement.id) &&
		one(&out.revision, d.RevisionID, d.Revision.id) && one(&out.individual, d.IndividualID, d.Individual.id) &&
		one(&out.by, s.IndividualID, s.Individual.id)
	at, err := time.Parse(time.RFC3339, s.At)
	if err != nil || !agree || d.OptIn == nil || s.Schema != schemaNames[KindRecord] {
		return nil, errPayload
	}
	if out.individual == "" {
		out.individual = out.by
	}
	if out.by == "" && out.other == "" {
		out.by = out.individual
	}
	out.optIn, out.at = *d.OptIn, at
	return out, nil
}

// says reports whether two statements are of the same thing; the moment is judged
// apart.
func (s *statement) says(o *statement) bool {
	return s.object == o.object && s.agreement == o.agreement && s.revision == o.revision && s.hash == o.hash &&
		s.individual == o.individual && s.by == o.by && s.other == o.other && s.optIn == o.optIn
}

// check checks a signature and returns what was signed, and the thumbprint of the
// key. Only what is under the signature counts; what stands beside it has to say
// the same.
func (s *Signature) check() (*statement, string, error) {
	if err := s.measure(); err != nil {
		return nil, "", err
	}
	key, thumb, err := readKey(s.VerificationSignedBy)
	if err != nil {
		return nil, "", fault.Bad("signature.verificationSignedBy", "govstack-key")
	}
	if as := s.VerificationSignedAs; as != "" && as != asIndividual && as != asDelegate {
		return nil, "", fault.Bad("signature.verificationSignedAs", "bad-enum", "allowed", asIndividual+", "+asDelegate)
	}
	signed, err := s.verify(key)
	if err != nil {
		return nil, "", errSignature
	}
	text, err := s.stated(signed)
	if err != nil {
		return nil, "", errPayload
	}
	st, err := readStatement(text)
	if err != nil {
		return nil, "", errPayload
	}
	return st, thumb, nil
}

// measure bounds what is kept of a signature.
func (s *Signature) measure() error {
	for field, x := range map[string]struct {
		text string
		max  int
	}{
		"id": {s.ID, maxID}, "payload": {s.Payload, maxSignature}, "signature": {s.Signature, maxSignature},
		"verificationMethod": {s.VerificationMethod, maxID}, "verificationPayload": {s.VerificationPayload, maxSignature},
		"verificationArtifact": {s.VerificationArtifact, maxArtifact}, "verificationJwsHeader": {s.VerificationJWSHeader, maxText},
		"timestamp": {s.Timestamp, maxID},
	} {
		if len(x.text) > x.max {
			return fault.Bad("signature."+field, "too-long", "max", x.max)
		}
	}
	return nil
}

// verify returns what is under the signature: a compact JWS, whole or without its
// payload, or a bare signature with its header beside it.
func (s *Signature) verify(key *jose.JSONWebKey) ([]byte, error) {
	compact, detached := s.Signature, s.Payload
	if detached == "" {
		detached = s.VerificationPayload
	}
	if h := s.VerificationJWSHeader; h != "" && !strings.Contains(compact, ".") {
		if strings.HasPrefix(h, "{") {
			h = base64.RawURLEncoding.EncodeToString([]byte(h))
		}
		compact = h + ".." + compact
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, errSignature
	}
	if parts[1] == "" {
		jws, err := jose.ParseDetached(compact, []byte(detached), algorithms)
		if err != nil {
			return nil, err
		}
		return []byte(detached), jws.DetachedVerify([]byte(detached), key)
	}
	jws, err := jose.ParseSignedCompact(compact, algorithms)
	if err != nil {
		return nil, err
	}
	return jws.Verify(key)
}

// stated is the snapshot that was signed, by itself or inside a payload, and
// refuses members beside the signature that say something else.
func (s *Signature) stated(signed []byte) ([]byte, error) {
	var p struct {
		Verification string `json:"verificationPayload"`
	}
	if err := json.Unmarshal(signed, &p); err != nil {
		return nil, err
	}
	text := signed
	if p.Verification != "" {
		text = []byte(p.Verification)
	}
	if s.VerificationPayload != "" && !sameJSON([]byte(s.VerificationPayload), text) {
		return nil, errPayload
	}
	if s.VerificationPayloadHash != "" && s.VerificationPayloadHash != Hash(s.VerificationPayload) {
		return nil, errPayload
	}
	if s.Payload == "" {
		return text, nil
	}
	var inner, outer map[string]jsontext.Value
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal([]byte(s.Payload), &inner) != nil || json.Unmarshal(b, &outer) != nil {
		return nil, errPayload
	}
	for name, v := range inner {
		if name == "objectType" || name == "timestamp" { // told in several ways, and no part of what is signed
			continue
		}
		if o, ok := outer[name]; ok && !sameJSON(o, v) {
			return nil, errPayload
		}
	}
	return text, nil
}

// sameJSON reports whether two texts say the same JSON.
func sameJSON(a, b []byte) bool {
	x, y := jsontext.Value(bytes.Clone(a)), jsontext.Value(bytes.Clone(b))
	return x.Canonicalize() == nil && y.Canonicalize() == nil && bytes.Equal(x, y)
}

// blank is a signature that is still to be made: what to sign, and what of it is
// known.
func blank(text string, at time.Time, reference, as string) (*Signature, error) {
	s := &Signature{
		VerificationPayload: text, VerificationPayloadHash: Hash(text), VerificationSignedAs: as, Timestamp: stamp(at),
		SignedWithoutObjectReference: reference == "", ObjectType: "revision", ObjectReference: reference,
	}
	payload := map[string]any{
		"verificationPayload": text, "verificationPayloadHash": s.VerificationPayloadHash, "verificationSignedAs": s.VerificationSignedAs,
		"timestamp": s.Timestamp, "signedWithoutObjectReference": s.SignedWithoutObjectReference, "objectType": s.ObjectType,
	}
	if reference != "" {
		payload["objectReference"] = reference
	}
	b, err := json.Marshal(payload, json.Deterministic(true))
	s.Payload = string(b)
	return s, err
}
