// Package represent is who may act for whom: a parent or a guardian for a child
// until the child comes of age, an attorney for whoever gave the power, for its
// term and within its scope. The Law lets "the subject or the legal
// representative" consent, withdraw, ask and see (Art. 7(1), 8(1), 10(2), 24).
//
//	active ─▶ revoked · ended (by age or term)
//
// Whoever acts for another is never taken for that other: the entry names the
// representative, as what the subject was represented, and nothing passes
// without Check, which those who land the act call.
package represent

import (
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/verify"
)

// Kind is what makes somebody a representative.
type Kind string

// The kinds.
const (
	Parent   Kind = "parent"
	Guardian Kind = "guardian" // or trustee of a child
	Attorney Kind = "attorney" // by power of attorney
)

// Kinds are all of them.
var Kinds = []Kind{Parent, Guardian, Attorney}

// OfChild reports whether only a child is so represented.
func (k Kind) OfChild() bool { return k == Parent || k == Guardian }

// roles are what the subject is in an event in which somebody else acted.
var roles = map[Kind]string{Parent: "child", Guardian: "ward", Attorney: "principal"}

// Acts are what a representative may do.
type Acts uint8

// The acts. What nobody else may do for a person has no act here: to represent
// further, to manage who represents, sessions and settings.
const (
	Read     Acts = 1 << iota // consents, their receipts, holders, the journal
	Consent                   // give or refuse consent, end a pause
	Withdraw                  // withdraw, pause
	Request                   // requests of Art. 24
	Data                      // see the data itself
)

// AllActs is what a parent or guardian may do where nothing else was said.
const AllActs = Read | Consent | Withdraw | Request | Data

var actNames = []string{"read", "consent", "withdraw", "request", "data"}

// Names lists the acts in the set.
func (a Acts) Names() []string {
	out := []string{}
	for i, n := range actNames {
		if a&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// ParseActs reads a list of acts; an empty one is none.
func ParseActs(names []string) (Acts, error) {
	var a Acts
	for _, n := range names {
		i := slices.Index(actNames, n)
		if i < 0 {
			return 0, fault.Bad("acts", "bad-enum", "allowed", strings.Join(actNames, ", "))
		}
		a |= 1 << i
	}
	return a, nil
}

// Status is where a representation stands.
type Status string

// The statuses.
const (
	Active  Status = "active"
	Revoked Status = "revoked"
	Ended   Status = "ended" // by age or term
)

// Representation is the right of one person to act for another.
type Representation struct {
	ID             ident.ID
	Subject        ident.ID // who is represented, internal
	Representative ident.ID // who acts, internal
	Org            ident.ID // that registered it and answers for the document
	Kind           Kind
	Acts           Acts
	Organizations  []string // BINs of those it is good with; empty: all
	From           time.Time
	Until          time.Time // never zero
	Status         Status
	Since          time.Time // of the status
	Looked         time.Time // the last look that was journaled, zero for none
	// Sealed is Basis under the subject's journal key.
	Sealed []byte
}

// Basis is what the representation rests on. It may name people and stays
// sealed.
type Basis struct {
	Document Document     `json:"document"`
	By       verify.Actor `json:"by"` // who registered it: a token
}

// Document shows the representation: a birth certificate, an order of
// guardianship, a power of attorney.
type Document struct {
	Kind   string    `json:"kind"`
	Number string    `json:"number,omitempty"`
	Issued time.Time `json:"issued,omitzero"`  // the day
	Digest string    `json:"digest,omitempty"` // SHA-256 of the document, hex
}

// StatusAt is the status at a moment, and since when it is: a representation
// past its term has ended even before that is written down.
func (r *Representation) StatusAt(now time.Time) (Status, time.Time) {
	if r.Status == Active && !now.Before(r.Until) {
		return Ended, r.Until
	}
	return r.Status, r.Since
}

// activeAt reports whether the representation is in force at a moment.
func (r *Representation) activeAt(now time.Time) bool {
	status, _ := r.StatusAt(now)
	return status == Active
}

// Role is what the subject is in an event in which the representative acted:
// child, ward or principal. Of no representation it is empty, as in an entry of
// an act of the subject.
func (r *Representation) Role() string {
	if r == nil {
		return ""
	}
	return roles[r.Kind]
}

// covers reports whether the representation is good with an organization.
func (r *Representation) covers(o *party.Organization) bool {
	return len(r.Organizations) == 0 || slices.Contains(r.Organizations, o.BIN)
}

// ActorKind is how a representative stands in the journal.
const ActorKind = "representative"

// Actor is a representative in the journal of an organization: by the
// representation as this organization knows it, so that two organizations
// cannot join their records by it.
func (r *Representation) Actor(o *party.Organization) verify.Actor {
	return Actor(o.Outside(r.ID))
}

// Actor is a representative by the id of the representation that the
// organization has.
func Actor(outside ident.ID) verify.Actor {
	return verify.Actor{Kind: ActorKind, ID: outside.String()}
}
