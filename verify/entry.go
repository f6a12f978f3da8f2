// Package verify is all that an auditor who does not trust Kelisim needs to
// check what it hands out: how a journal entry is encoded, how it becomes a
// leaf of the public log, what a checkpoint, a promise, a receipt, a consent
// receipt and a consent confirmation are and when they hold. It is pure: no
// clock, no network, no database. The journal that writes uses the same code.
//
// The formats are public ones: deterministic CBOR (RFC 8949 §4.2), the Merkle
// tree of RFC 6962 as in golang.org/x/mod/sumdb/tlog, signed notes and
// checkpoints of C2SP, JWS and JWT.
package verify

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Entry is one act of the journal: who did what with whose data, when, for
// what, on which ground, and what was decided. It never holds the data itself.
// The numbers are the CBOR keys; they are never reused.
type Entry struct {
	ID           ID       `cbor:"1,keyasint"`
	At           int64    `cbor:"2,keyasint"`           // when it happened, milliseconds since 1970, UTC
	Recorded     int64    `cbor:"3,keyasint,omitempty"` // when it was recorded, where that differs
	Subject      ID       `cbor:"4,keyasint"`           // the subject as the organization knows it (pairwise); zero: no person
	Organization string   `cbor:"5,keyasint"`           // BIN
	Base         string   `cbor:"6,keyasint,omitempty"`
	Actor        Actor    `cbor:"7,keyasint"`
	Action       string   `cbor:"8,keyasint"`
	Purpose      string   `cbor:"9,keyasint,omitempty"`
	Categories   []string `cbor:"10,keyasint,omitempty"`
	Decision     string   `cbor:"11,keyasint,omitempty"` // permit, deny; absent for an event that was not a decision
	Reasons      []Reason `cbor:"12,keyasint,omitempty"`
	Ground       *Ground  `cbor:"13,keyasint,omitempty"`
	Consent      ID       `cbor:"14,keyasint,omitzero"`
	Recipient    string   `cbor:"15,keyasint,omitempty"` // BIN
	Country      string   `cbor:"16,keyasint,omitempty"` // ISO 3166-1 alpha-2
	Reference    string   `cbor:"17,keyasint,omitempty"` // the caller's own number of the case
	Role         string   `cbor:"18,keyasint,omitempty"` // of the subject in the event: primary (absent), incidental; child, ward or principal where a representative acted
	Edition      string   `cbor:"19,keyasint,omitempty"` // of the Law
	Register     int      `cbor:"20,keyasint,omitempty"` // version of the organization's description
	Detail       string   `cbor:"21,keyasint,omitempty"` // of an event: scopes withdrawn, origin of an import
	Digest       []byte   `cbor:"22,keyasint,omitempty"` // SHA-256 of a document the event rests on
}

// ID is a 16-byte identifier.
type ID [16]byte

// String is the identifier as people write it.
func (id ID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// IsZero reports whether the identifier is absent.
func (id ID) IsZero() bool { return id == ID{} }

// RoleIncidental is the role of a subject who only stands beside another in the
// event: a relative in a notary's act. Absent is the primary one.
const RoleIncidental = "incidental"

// General is what of an entry is told to a subject who only stands beside
// another in the event: which organization did what sort of thing, and when. The
// rest is the other person's matter.
func (e *Entry) General() *Entry {
	return &Entry{
		ID: e.ID, At: e.At, Subject: e.Subject, Organization: e.Organization, Action: e.Action, Decision: e.Decision,
		Role: e.Role, Register: e.Register,
	}
}

// Actor is who acted: a person of the staff by a pseudonym, a system by its
// token, the subject, a representative by the representation as the organization
// knows it, the authorised body or a court, or Kelisim itself.
type Actor struct {
	Kind string `cbor:"1,keyasint"` // person, system, subject, representative, bulk, authority, service
	ID   string `cbor:"2,keyasint,omitempty"`
}

// Reason is one rule of the Law that spoke in the decision.
type Reason struct {
	Code       string   `cbor:"1,keyasint"`
	Provisions []string `cbor:"2,keyasint,omitempty"`
}

// Ground is the basis other than consent that an access claims.
type Ground struct {
	Provision string `cbor:"1,keyasint"`
	Document  string `cbor:"2,keyasint,omitempty"`
}

var (
	encoding = must(cbor.CoreDetEncOptions().EncMode())
	decoding = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   8,
		MaxArrayElements:  4096,
		MaxMapPairs:       64,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // options are constants: a wrong one fails every test
	}
	return v
}

// Encode returns the one encoding of the entry.
func (e *Entry) Encode() ([]byte, error) {
	b, err := encoding.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	return b, nil
}

// ErrEncoding is returned for bytes that are not the one encoding of an entry.
var ErrEncoding = errors.New("not the deterministic encoding of an entry")

// DecodeEntry parses an encoded entry and accepts only the bytes that Encode
// would give, so that one entry has one leaf.
func DecodeEntry(b []byte) (*Entry, error) {
	var e Entry
	if err := decoding.Unmarshal(b, &e); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	again, err := e.Encode()
	if err != nil || string(again) != string(b) {
		return nil, ErrEncoding
	}
	return &e, nil
}

// Head is what stands of an entry beside it in a store, to be compared.
type Head struct {
	ID           ID     `cbor:"1,keyasint"`
	Organization string `cbor:"5,keyasint"`
	Action       string `cbor:"8,keyasint"`
}

var headDecoding = must(cbor.DecOptions{MaxNestedLevels: 8, IndefLength: cbor.IndefLengthForbidden}.DecMode())

// DecodeHead reads only the head of bytes that are known to be an entry, such
// as those that match a commitment.
func DecodeHead(b []byte) (Head, error) {
	var h Head
	if err := headDecoding.Unmarshal(b, &h); err != nil {
		return h, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return h, nil
}
