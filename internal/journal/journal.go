// Package journal is the record of every act: who did what with whose data,
// when and on which ground. An act and its entry land together or not at all,
// no answer is given before, and nobody, the administrator included, can
// rewrite one unnoticed.
//
//	verify.Entry ─ Prepare ─▶ Record ─ store, one write ─▶ row ─ Sealer ─▶ leaf, tiles, checkpoint
//
// An entry is sealed under the journal key of its subject; the public log holds
// only its commitment. Promise is what an answer carries at once, Receipt what
// proves the entry once it is under a checkpoint.
package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Record is an entry made ready to land with the change that it tells of. The
// store refuses a change without one.
type Record struct {
	Subject    ident.ID // internal id; zero for an act that concerns no person
	Org        ident.ID
	ID         ident.ID // UUIDv7 of the recording
	Action     string
	Sealed     []byte // salt and entry under the subject's journal key
	Commitment verify.Commitment
	Guard      Guard
	// Tell is who is to have word of it. Mostly nobody.
	Tell []*Tell
}

// Guard names the versions of the facts that the act was decided on. The write
// takes effect only if they still hold; otherwise the caller loads them again.
// Zero means that the version does not matter.
type Guard struct {
	Subject int64
	Org     int64
}

// Landed says where a record was committed: the group of records that became
// durable together, and its place there.
type Landed struct {
	Group *Group
	Index int
}

// Key is the opened journal key of a subject.
type Key = seal.Key

// place binds a sealed entry to its subject and id: a row put under another
// person or id does not open.
func place(subject, id ident.ID) []byte { return seal.Place("entry", subject[:], id[:]) }

// Prepare seals an entry for its subject. The entry's id and recording time
// are set from now.
func Prepare(e *verify.Entry, subject, org ident.ID, key *Key, now time.Time) (*Record, error) {
	r := &Record{Subject: subject, Org: org, ID: ident.NewID(now), Action: e.Action}
	e.ID = verify.ID(r.ID)
	if e.At == 0 {
		e.At = now.UnixMilli()
	} else if e.At != now.UnixMilli() {
		e.Recorded = now.UnixMilli()
	}
	body, err := e.Encode()
	if err != nil {
		return nil, fmt.Errorf("prepare entry: %w", err)
	}
	salted := make([]byte, verify.SaltSize, verify.SaltSize+len(body))
	rand.Read(salted) //nolint:errcheck // since Go 1.24 it never fails: the program stops instead
	r.Commitment = verify.Commit(salted, body)
	r.Sealed = key.Seal(make([]byte, 0, len(salted)+len(body)+seal.Overhead), append(salted, body...), place(subject, r.ID))
	return r, nil
}

// Row is an entry as the store keeps it.
type Row struct {
	Leaf       int64 // number of the leaf, -1 while it has none
	Subject    ident.ID
	Org        ident.ID
	ID         ident.ID
	Action     string
	Sealed     []byte // nil once the journal key was destroyed
	Commitment verify.Commitment
	// Before and OrgBefore are the leaves of the entries before this one of the
	// same subject and organization, -1 for none, NoChain where the store has an
	// index instead.
	Before, OrgBefore int64
}

// NoChain is in place of a leaf where a store does not chain entries.
const NoChain = -2

// Opened is an entry with the salt that opens its commitment.
type Opened struct {
	*verify.Entry
	Bytes []byte // as encoded
	Salt  []byte
	Leaf  int64
}

// Open opens a row with its subject's journal key and checks that the columns
// beside the sealed entry say the same as the entry.
func (r *Row) Open(key *Key) (*Opened, error) {
	salt, body, err := r.unseal(key)
	if err != nil {
		return nil, err
	}
	e, err := verify.DecodeEntry(body)
	if err != nil {
		return nil, err
	}
	if ident.ID(e.ID) != r.ID || e.Action != r.Action {
		return nil, errColumns
	}
	return &Opened{Entry: e, Bytes: body, Salt: salt, Leaf: r.Leaf}, nil
}

// check is Open for an audit: it reads no more of the entry than it compares.
func (r *Row) check(key *Key, org string) error {
	_, body, err := r.unseal(key)
	if err != nil {
		return err
	}
	h, err := verify.DecodeHead(body)
	if err != nil {
		return err
	}
	if ident.ID(h.ID) != r.ID || h.Action != r.Action || h.Organization != org {
		return errColumns
	}
	return nil
}

var errColumns = errors.New("the columns beside the entry say something else")

// unseal opens the row and checks it against its commitment.
func (r *Row) unseal(key *Key) (salt, body []byte, err error) {
	plain, err := key.Open(r.Sealed, place(r.Subject, r.ID))
	if err != nil {
		return nil, nil, err
	}
	if len(plain) < verify.SaltSize {
		return nil, nil, verify.ErrEncoding
	}
	salt, body = plain[:verify.SaltSize], plain[verify.SaltSize:]
	if verify.Commit(salt, body) != r.Commitment {
		return nil, nil, fmt.Errorf("entry does not match its commitment: %w", verify.ErrProof)
	}
	return salt, body, nil
}

// Filter selects entries: of a subject where BySubject is set, else of an
// organization.
type Filter struct {
	BySubject bool
	Subject   ident.ID
	Org       ident.ID
	Orgs      []ident.ID // of a subject's entries only these organizations'; nil: all
	Action    string
	Since     ident.ID // the first id wanted, see ident.FirstID
	Before    ident.ID // ids before this one; zero: from the newest
	Limit     int
}

// Sees reports whether entries of an organization are among those of the filter.
func (f *Filter) Sees(org ident.ID) bool { return f.Orgs == nil || slices.Contains(f.Orgs, org) }
