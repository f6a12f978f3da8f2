package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
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

// Check verifies the signature by the keys of /.well-known/jwks.json and that
// the readable document is the signed one.
func (s *Signed) Check(keys *jose.JSONWebKeySet) error {
	sig, err := jose.ParseSigned(s.JWS, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	payload, err := openWith(sig, keys)
	if err != nil {
		return err
	}
	var shown, signed bytes.Buffer
	if json.Compact(&shown, s.Document) != nil || json.Compact(&signed, payload) != nil {
		return ErrFormat
	}
	if !bytes.Equal(shown.Bytes(), signed.Bytes()) {
		return ErrSignature
	}
	return nil
}

func openWith(sig *jose.JSONWebSignature, keys *jose.JSONWebKeySet) ([]byte, error) {
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
