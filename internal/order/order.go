// Package order is what the authorised body, a court or a prosecutor orders of an
// operator, and how it is carried out: data clarified, blocked, unblocked or
// destroyed, an organization suspended, an inquiry answered. An examination of
// the State Technical Service and an integration that the authorised body is to
// agree to take the same way.
//
// Who may order what, on which provision and by which term, is data of the
// edition ([law.Edition.Order]). An order lands with its term; it is carried out
// through the gate, step by step, each with an entry of its own, and only then
// called executed: if power fails in between, it is still open, and carrying it
// out again does nothing twice.
package order

import (
	"encoding/json"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/law"
)

// Kind is what is ordered.
type Kind string

// The kinds.
const (
	Clarify     Kind = "clarify"
	Block       Kind = "block"
	Unblock     Kind = "unblock"
	Destroy     Kind = "destroy"
	Unpublish   Kind = "unpublish"   // take data out of public sources (Art. 6)
	Suspend     Kind = "suspend"     // the organization: nothing of it is permitted
	Resume      Kind = "resume"      // and permitted again
	Inquiry     Kind = "inquiry"     // a question to be answered (Art. 25(2)3-1)
	Examination Kind = "examination" // the State Technical Service looks, until a date (Art. 22(1)4)
	Integration Kind = "integration" // of a non-state system with state ones (Art. 27-1(1)7-3)
)

// Kinds are all of them.
var Kinds = []Kind{Clarify, Block, Unblock, Destroy, Unpublish, Suspend, Resume, Inquiry, Examination, Integration}

// ofPerson reports whether the order is about the data of one person.
func (k Kind) ofPerson() bool {
	return k == Clarify || k == Block || k == Unblock || k == Destroy || k == Unpublish
}

// Source is whose order it is.
type Source string

// The sources. Operator is one that asks, and orders nothing.
const (
	AuthorisedBody   Source = "authorised-body"
	Prosecutor       Source = "prosecutor"
	Court            Source = "court"
	TechnicalService Source = "technical-service"
	Operator         Source = "operator"
)

// Sources are all of them.
var Sources = []Source{AuthorisedBody, Prosecutor, Court, TechnicalService, Operator}

// Status is where an order stands.
//
//	open ─▶ executed · cancelled (by whoever issued it)
type Status string

// The statuses.
const (
	Open      Status = "open"
	Executed  Status = "executed"
	Cancelled Status = "cancelled"
)

// Order is one.
type Order struct {
	ID        ident.ID
	Org       ident.ID // that is to carry it out
	Subject   ident.ID // internal; zero where it concerns no person
	Issuer    ident.ID // the organization that put it: the authority's own, or Org for one that came on paper
	Version   int64
	Kind      Kind
	Source    Source
	Status    Status
	Provision law.Provision // that it rests on
	Term      ident.ID      // zero where none runs
	Issued    time.Time
	Until     time.Time // of an examination
	Ended     time.Time
	// Entries are those of the journal that tell of it, oldest first: the proof
	// that it was carried out.
	Entries []ident.ID
	// Sealed is Content.
	Sealed []byte

	Content
}

// Content is what an order and the answer to it say. It may tell of a person.
type Content struct {
	Document string `json:"document"` // number and date of the act
	Details  string `json:"details,omitempty"`
	File     *File  `json:"file,omitempty"`
	// Categories of an order to destroy or to unpublish; none: all.
	Categories []string `json:"categories,omitempty"`
	// Values of an order to clarify. They leave the order when it is carried out:
	// what is evidence outlives the data.
	Values map[string]json.RawMessage `json:"values,omitempty"`

	// First is who confirmed an order to destroy, where two people have to.
	First string `json:"first,omitempty"`

	Outcome    Outcome `json:"outcome,omitempty"`
	Answer     string  `json:"answer,omitempty"`
	AnswerFile *File   `json:"answerFile,omitempty"`
}

// Outcome is what came of it.
type Outcome string

// The outcomes.
const (
	Done        Outcome = "done"
	NothingHeld Outcome = "nothing-held" // the data was destroyed before
	Answered    Outcome = "answered"
	Admitted    Outcome = "admitted" // of an examination
	Agreed      Outcome = "agreed"   // of an integration
	Refused     Outcome = "refused"
)

// Examines reports whether the order lets somebody look now.
func (o *Order) Examines(now time.Time) bool {
	return o.Kind == Examination && o.Status == Executed && now.Before(o.Until)
}
