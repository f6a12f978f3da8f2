package verify

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// Receipt types, in the "type" field of a file.
const (
	TypeReceipt        = "kelisim-receipt/1"
	TypePromise        = "kelisim-promise/1"
	TypeConsentReceipt = "kelisim-consent-receipt/1"
	TypeDestruction    = "kelisim-destruction/1"
)

// Receipt proves one entry of the journal: the entry itself, the salt that
// opens its commitment, and the way from its leaf to a signed checkpoint. It
// is handed only to those the entry concerns.
type Receipt struct {
	Type       string `json:"type"`
	Key        string `json:"key"`   // the log's verifier key, to compare with the published one
	Entry      []byte `json:"entry"` // CBOR
	Salt       []byte `json:"salt"`
	Index      int64  `json:"index"`
	Proof      Proof  `json:"proof"`
	Checkpoint string `json:"checkpoint"`
}

// ErrFormat is returned for a file that is none of the kinds this package reads.
var ErrFormat = errors.New("not a receipt of a known form")

// Check verifies the receipt against the log's key and returns its entry.
func (r *Receipt) Check(key note.Verifier) (*Entry, Checkpoint, error) {
	if r.Type != TypeReceipt || len(r.Salt) != SaltSize {
		return nil, Checkpoint{}, ErrFormat
	}
	e, err := DecodeEntry(r.Entry)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	c, err := OpenCheckpoint(r.Checkpoint, key)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	if err := CheckInclusion(r.Proof, c.Size, r.Index, c.Root, Commit(r.Salt, r.Entry)); err != nil {
		return nil, Checkpoint{}, err
	}
	return e, c, nil
}

// Promise is what an answer carries at once: the commitment of the entry that
// landed with it, and the log's signature over the group it was committed in.
// Whoever holds it can later demand the receipt: a log without that leaf is
// proven to have lost it.
type Promise struct {
	Leaf  Commitment `json:"-"`
	Index int64      `json:"index"` // in the group
	Proof Proof      `json:"proof"`
	Note  string     `json:"note"` // signed: origin, "promise", size of the group, its root, time
}

// promiseOrigin keeps a promise from passing for a checkpoint of the log.
func promiseOrigin(origin string) string { return origin + "/promise" }

// PromiseText is the body of a promise's note.
func PromiseText(origin string, group Checkpoint) string {
	group.Origin = promiseOrigin(origin)
	return group.Text()
}

// Check verifies the promise against the log's key.
func (p *Promise) Check(key note.Verifier) error {
	n, err := note.Open([]byte(p.Note), note.VerifierList(key))
	if err != nil {
		return fmt.Errorf("promise: %w", err)
	}
	c, err := parseCheckpoint(n.Text, promiseOrigin(key.Name()))
	if err != nil {
		return err
	}
	return CheckInclusion(p.Proof, c.Size, p.Index, c.Root, p.Leaf)
}

// KindOf tells the kind of a JSON file by its type field.
func KindOf(file []byte) (string, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(file, &head); err != nil {
		return "", ErrFormat
	}
	switch head.Type {
	case TypeReceipt, TypePromise, TypeConsentReceipt, TypeDestruction:
		return head.Type, nil
	}
	return "", ErrFormat
}
