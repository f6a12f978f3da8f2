package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/mod/sumdb/note"
)

// TypeRequestPack is the type of a pack, TypeRequest that of the demand in it.
const (
	TypeRequestPack = "kelisim-pack/1"
	TypeRequest     = "kelisim-request/1"
)

// RequestPack is all evidence about one demand of a subject in one file: the demand
// with its answers, signed; the entries of the journal with their receipts; the
// consents with theirs.
type RequestPack struct {
	Type     string    `json:"type"`
	Request  Signed    `json:"request"` // a [PackedRequest]
	Journal  []Receipt `json:"journal"`
	Consents []Signed  `json:"consents"`
}

// PackedRequest is what of the signed document in a pack is checked. Body is the
// very text of the demand and its answer; Last, the newest entry about the demand,
// holds its SHA-256.
type PackedRequest struct {
	Type string `json:"type"` // TypeRequest: what is signed says itself what it is
	ID   string `json:"id"`
	Last []byte `json:"last"` // id of the entry
	Body []byte `json:"body"`
}

// ErrPack is returned where the parts of a pack do not belong together.
var ErrPack = errors.New("the parts of the pack do not belong together")

// Check verifies every part of the pack by the log's key and the keys of
// /.well-known/jwks.json, and that the demand is the one that the journal tells
// of: nobody can put another answer in its place. It returns the entries.
func (p *RequestPack) Check(key note.Verifier, keys *jose.JSONWebKeySet) ([]*Entry, error) {
	if p.Type != TypeRequestPack || p.Request.Type != TypeRequest {
		return nil, ErrFormat
	}
	if err := p.Request.Check(keys); err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	var r PackedRequest
	if err := json.Unmarshal(p.Request.Document, &r); err != nil || r.ID == "" {
		return nil, ErrFormat
	}
	for i := range p.Consents {
		if err := p.Consents[i].Check(keys); err != nil {
			return nil, fmt.Errorf("consents[%d]: %w", i, err)
		}
	}
	var entries []*Entry
	for i := range p.Journal {
		e, err := p.entry(i, key)
		if err != nil {
			return nil, fmt.Errorf("journal[%d]: %w", i, err)
		}
		if e != nil {
			entries = append(entries, e)
		}
	}
	if !r.told(entries) {
		return nil, ErrPack
	}
	return entries, nil
}

// told reports whether the entries tell of the demand from its receipt to the
// newest step, and the newest step of this very text.
func (r *PackedRequest) told(entries []*Entry) bool {
	sum := sha256.Sum256(r.Body)
	var last *Entry
	received, newest := false, int64(0)
	for _, e := range entries {
		if e.Reference != r.ID || !strings.HasPrefix(e.Action, "request.") {
			continue
		}
		received, newest = received || e.Action == "request.receive", max(newest, e.At)
		if bytes.Equal(e.ID[:], r.Last) {
			last = e
		}
	}
	return received && last != nil && last.At == newest && bytes.Equal(last.Digest, sum[:])
}

// entry checks one receipt; nil for a blind one, which tells of nothing.
func (p *RequestPack) entry(i int, key note.Verifier) (*Entry, error) {
	if p.Journal[i].Type == TypeBlindReceipt {
		_, _, err := p.Journal[i].CheckBlind(key)
		return nil, err
	}
	e, _, err := p.Journal[i].Check(key)
	return e, err
}
