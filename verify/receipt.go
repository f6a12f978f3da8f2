package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Receipt types, in the "type" field of a file.
const (
	TypeReceipt      = "kelisim-receipt/1"
	TypeBlindReceipt = "kelisim-blind-receipt/1"
	TypePromise      = "kelisim-promise/1"
	// TypeConsentReceipt has the structure of ISO/IEC TS 27560. The first form,
	// before it, is no longer issued and still holds.
	TypeConsentReceipt  = "kelisim-consent-receipt/2"
	TypeConsentReceipt1 = "kelisim-consent-receipt/1"
	TypeDestruction     = "kelisim-destruction/1"
)

// Receipt proves one entry of the journal: the entry itself, the salt that
// opens its commitment, and the way from its leaf to a signed checkpoint. It
// is handed only to those the entry concerns.
//
// A blind receipt has the commitment in place of entry and salt: it proves that
// the entry stands in the log and tells nothing of it. That is for those who may
// know no more than that. Whoever later shows them an entry for it can show no
// other than the one that was committed to.
type Receipt struct {
	Type       string `json:"type"`
	Key        string `json:"key"`                  // the log's verifier key, to compare with the published one
	Entry      []byte `json:"entry,omitempty"`      // CBOR
	Salt       []byte `json:"salt,omitempty"`       // before the entry in its commitment
	Commitment []byte `json:"commitment,omitempty"` // of a blind receipt alone
	Index      int64  `json:"index"`
	Proof      Proof  `json:"proof"`
	Checkpoint string `json:"checkpoint"`
}

// ErrKey is returned for a receipt that names another key than it is checked by.
var ErrKey = errors.New("the receipt is of another log: it names another key")

// ErrFormat is returned for a file that is none of the kinds this package reads.
var ErrFormat = errors.New("not a receipt of a known form")

// ReadReceipt reads the file of a receipt, strictly: nothing stands in it that the
// check does not cover.
func ReadReceipt(file []byte) (*Receipt, error) {
	var r Receipt
	if err := strict(file, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// Check verifies the receipt against the log's key and returns its entry. A
// blind one has none and does not pass.
func (r *Receipt) Check(key note.Verifier) (*Entry, Checkpoint, error) {
	if r.Type != TypeReceipt || len(r.Salt) != SaltSize || len(r.Commitment) > 0 {
		return nil, Checkpoint{}, ErrFormat
	}
	e, err := DecodeEntry(r.Entry)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	c, err := r.included(key, Commit(r.Salt, r.Entry))
	if err != nil {
		return nil, Checkpoint{}, err
	}
	return e, c, nil
}

// CheckBlind verifies a blind receipt against the log's key and returns the
// commitment that stands in the log. A receipt with an entry does not pass: what
// it shows would go unchecked.
func (r *Receipt) CheckBlind(key note.Verifier) (Commitment, Checkpoint, error) {
	var x Commitment
	if r.Type != TypeBlindReceipt || len(r.Commitment) != len(x) || len(r.Entry) > 0 || len(r.Salt) > 0 {
		return Commitment{}, Checkpoint{}, ErrFormat
	}
	copy(x[:], r.Commitment)
	c, err := r.included(key, x)
	if err != nil {
		return Commitment{}, Checkpoint{}, err
	}
	return x, c, nil
}

// included opens the checkpoint and leads the commitment to its root.
func (r *Receipt) included(key note.Verifier, x Commitment) (Checkpoint, error) {
	// The key that the file shows to be compared is the one that it holds by.
	_, err := note.NewVerifier(r.Key)
	if err != nil || !strings.HasPrefix(r.Key, fmt.Sprintf("%s+%08x+", key.Name(), key.KeyHash())) {
		return Checkpoint{}, ErrKey
	}
	c, err := OpenCheckpoint(r.Checkpoint, key)
	if err != nil {
		return Checkpoint{}, err
	}
	return c, CheckInclusion(r.Proof, c.Size, r.Index, c.Root, x)
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
	case TypeReceipt, TypeBlindReceipt, TypePromise, TypeConsentReceipt, TypeConsentReceipt1, TypeDestruction, TypeRequestPack:
		return head.Type, nil
	}
	return "", ErrFormat
}
