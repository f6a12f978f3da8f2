package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Signed is a JSON document with its signature: a consent receipt or an act of
// destruction. What is signed is the document inside the JWS; Document repeats
// it for people and must be equal.
type Signed struct {
	Type     string          `json:"type"`
	Document json.RawMessage `json:"document"`
	JWS      string          `json:"jws"` // compact, ES256, its payload is the document
}

// ErrSignature is returned when a signature does not hold or covers another text.
var ErrSignature = errors.New("the signature does not cover this document")

// OpenSigned reads a file of a signed document and verifies it. The file is read
// strictly: nothing may stand in it that the signature does not cover, because a
// person who reads it would take that for signed too.
func OpenSigned(file []byte, keys *jose.JSONWebKeySet) (*Signed, error) {
	var s Signed
	if err := strict(file, &s); err != nil {
		return nil, err
	}
	if kind, err := KindOf(file); err != nil || kind != s.Type {
		return nil, ErrFormat
	}
	if err := s.Check(keys); err != nil {
		return nil, err
	}
	return &s, nil
}

// Check verifies the signature by the keys of /.well-known/jwks.json and that
// the readable document is the signed one, and one of its type.
func (s *Signed) Check(keys *jose.JSONWebKeySet) error {
	payload, err := openJWS(s.JWS, keys)
	if err != nil {
		return err
	}
	var shown, signed bytes.Buffer
	if json.Compact(&shown, s.Document) != nil || json.Compact(&signed, payload) != nil {
		return ErrFormat
	}
	if !bytes.Equal(shown.Bytes(), signed.Bytes()) || !fits(s.Type, signed.Bytes()) {
		return ErrSignature
	}
	return nil
}

// fits reports whether a signed document is one of the type that its file claims.
// Those of today say so themselves; the first ones did not and are told by what
// stands in them, so that none passes for another.
func fits(kind string, document []byte) bool {
	var d struct {
		Type     string          `json:"type"`
		Elements json.RawMessage `json:"elements"`
		Method   json.RawMessage `json:"method"`
	}
	if json.Unmarshal(document, &d) != nil {
		return false
	}
	switch kind {
	case TypeConsentReceipt1:
		return d.Type == "" && d.Elements != nil
	case TypeDestruction:
		return d.Type == "" && d.Elements == nil && d.Method != nil
	default:
		return d.Type == kind
	}
}

// openJWS verifies a compact JWS by the keys and returns its payload. One
// signature has one text: base64 with stray bits is refused.
func openJWS(text string, keys *jose.JSONWebKeySet) ([]byte, error) {
	for part := range strings.SplitSeq(text, ".") {
		if strings.ContainsAny(part, "\r\n") {
			return nil, ErrSignature
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return nil, ErrSignature
		}
	}
	sig, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if len(sig.Signatures) != 1 {
		return nil, ErrSignature
	}
	for _, k := range keys.Key(sig.Signatures[0].Header.KeyID) {
		if payload, err := sig.Verify(k.Key); err == nil {
			return payload, nil
		}
	}
	return nil, ErrSignature
}

// strict reads JSON that has one form but for the order of its names and the
// space between them: names that are unknown, repeated or spelled otherwise, and
// base64 with stray bits, are refused.
func strict(file []byte, into any) error {
	if jsonv2.Unmarshal(file, into, jsonv2.RejectUnknownMembers(true)) != nil {
		return ErrFormat
	}
	again, err := jsonv2.Marshal(into, jsonv2.FormatNilSliceAsNull(true), jsonv2.FormatNilMapAsNull(true))
	if err != nil {
		return ErrFormat
	}
	a, b := jsontext.Value(bytes.Clone(file)), jsontext.Value(again)
	if a.Canonicalize() != nil || b.Canonicalize() != nil || !bytes.Equal(a, b) {
		return ErrFormat
	}
	return nil
}

// Confirmation is a short-lived statement that a consent is in force, which a
// third party checks without asking us again (Art. 10(4)).
type Confirmation struct {
	jwt.Claims
	Organization string   `json:"organization"` // BIN of the operator
	Consent      string   `json:"consent"`
	Purposes     []string `json:"purposes"`
	Categories   []string `json:"categories"`
	Scopes       []string `json:"scopes"`
	ThirdParties []string `json:"thirdParties,omitempty"`
	Countries    []string `json:"countries,omitempty"`
}

// MaxConfirmation is the longest life of a confirmation that is accepted: a
// withdrawal must not be outlived by a token for longer.
const MaxConfirmation = 15 * time.Minute

// OpenConfirmation checks a confirmation's signature and times at now.
func OpenConfirmation(token string, keys *jose.JSONWebKeySet, now time.Time) (*Confirmation, error) {
	if _, err := openJWS(token, keys); err != nil {
		return nil, err
	}
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	var c Confirmation
	err = ErrSignature
	for _, k := range keys.Key(t.Headers[0].KeyID) {
		if err = t.Claims(k.Key, &c); err == nil {
			break
		}
	}
	if err != nil {
		return nil, ErrSignature
	}
	if c.Expiry == nil || c.IssuedAt == nil || c.Expiry.Time().Sub(c.IssuedAt.Time()) > MaxConfirmation {
		return nil, fmt.Errorf("%w: lives longer than %s", ErrSignature, MaxConfirmation)
	}
	if err := c.ValidateWithLeeway(jwt.Expected{Time: now}, time.Minute); err != nil {
		return nil, fmt.Errorf("confirmation: %w", err)
	}
	return &c, nil
}
