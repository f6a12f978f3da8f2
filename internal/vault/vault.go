// Package vault keeps the data of subjects: each value sealed under the data
// key of its subject and organization, by category and version. It decides
// nothing: the gate is the only way to it. Destroying deletes the rows and the
// key; a tombstone and a signed act of destruction stay, and, where the register
// has it so, what is left when data is depersonalised.
package vault

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/depersonal"
	"kelisim/internal/ident"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/internal/term"
)

// Value is one version of one category of a subject's data.
type Value struct {
	Category string
	Version  int64
	Purpose  string // that it was collected for
	At       time.Time
	Sealed   []byte // JSON under the data key
}

// MaxValue is the longest value of a category, in bytes of JSON.
const MaxValue = 64 << 10

func valuePlace(subject, org ident.ID, category string, version int64) []byte {
	return seal.Place("value", subject[:], org[:], []byte(category), seal.Uint(version))
}

// Seal seals raw JSON as the version of a category.
func Seal(key *seal.Key, subject, org ident.ID, v Value, raw json.RawMessage) Value {
	v.Sealed = key.Seal(nil, raw, valuePlace(subject, org, v.Category, v.Version))
	return v
}

// Open opens a value. A row moved from another person, category or version
// does not open.
func Open(key *seal.Key, subject, org ident.ID, v *Value) (json.RawMessage, error) {
	return key.Open(v.Sealed, valuePlace(subject, org, v.Category, v.Version))
}

// Latest keeps the newest version of each category.
func Latest(all []Value) []Value {
	out := all[:0:0]
	for _, v := range all {
		i := slices.IndexFunc(out, func(o Value) bool { return o.Category == v.Category })
		switch {
		case i < 0:
			out = append(out, v)
		case out[i].Version < v.Version:
			out[i] = v
		}
	}
	slices.SortFunc(out, func(a, b Value) int { return strings.Compare(a.Category, b.Category) })
	return out
}

// Change is what happens to a holding in one write. The store carries it out
// whole or not at all, together with its journal entry.
type Change struct {
	Subject ident.ID
	Org     ident.ID
	Put     []Value
	// State moves the holding; empty leaves it.
	State string
	// Person is what the organization was told of the person (party.Alive …), and
	// Bans what the person has forbidden it, as JSON; nil leaves them.
	Person *string
	Bans   *string
	// Drop destroys all versions of these categories; Destroy everything: values,
	// profile and data key, leaving a tombstone.
	Drop    []string
	Destroy bool
	// Depersonalised is what is left of what is destroyed, tied to nobody.
	Depersonalised []depersonal.Row
	// Consents are moved to their new versions.
	Consents []*consent.Consent
	// DestroyAt, where not nil, is the new moment at which retention looks at
	// the holding; zero time for never.
	DestroyAt *time.Time
	Act       *Destruction
	// Terms begin with the change: what it obliges to.
	Terms []*term.Term
	At    time.Time
}

// Destruction is the act of destroying (Art. 18): what, why, when, and which
// entry of the journal proves it. It names no person and no value.
type Destruction struct {
	ID         ident.ID  `json:"id"`
	Subject    ident.ID  `json:"-"`
	Org        ident.ID  `json:"-"`
	Categories []string  `json:"categories"`
	Versions   int       `json:"versions"` // rows destroyed
	Whole      bool      `json:"whole"`    // the data key too: nothing can be restored from any copy without it
	Provision  string    `json:"provision"`
	Method     string    `json:"method"`
	At         time.Time `json:"at"`
	Entry      ident.ID  `json:"entry"`
	Signed     []byte    `json:"-"` // verify.Signed of the certificate
	// Depersonalised is what was taken over before, and how; empty where nothing
	// was. It has no value of anybody.
	Depersonalised []depersonal.Taken `json:"depersonalised,omitempty"`
}

// need says what keeps data: a purpose with its basis.
type need struct {
	purpose *register.Entry
	until   time.Time // zero: while the consent lasts
}

// Retention says what of a holding is past its term at now and when to look
// next (zero: never). Data stays while any purpose that lists its category has
// a consent in force, or until that purpose's retention after the consent
// ended (Art. 12(2), 18(1)), and in any case for that of the purpose it was
// collected for after its collection: it may have come in on a ground.
func Retention(reg *register.Register, held []Value, consents []consent.Consent, now time.Time) (drop []string, next time.Time) {
	needs := needsOf(reg, consents, now)
	for _, v := range Latest(held) {
		keep, forever := keptUntil(reg, needs, v)
		switch {
		case forever:
		case !now.Before(keep):
			drop = append(drop, v.Category)
		case next.IsZero() || keep.Before(next):
			next = keep
		}
	}
	for i := range consents { // a consent's own end is a moment to look at too
		if u := consents[i].Until; consents[i].StatusAt(now) == consent.Active && !u.IsZero() && (next.IsZero() || u.Before(next)) {
			next = u
		}
	}
	return drop, next
}

func needsOf(reg *register.Register, consents []consent.Consent, now time.Time) []need {
	var out []need
	for i := range consents {
		c := &consents[i]
		for _, left := range c.Left() { // taken out of the consent, which goes on for the rest
			if p := reg.Purpose(left.ID); p != nil {
				out = append(out, need{p, p.Retention.Add(left.At)})
			}
		}
		for _, id := range c.Terms.Purposes {
			p := reg.Purpose(id)
			if p == nil {
				continue
			}
			n := need{purpose: p}
			if end := c.EndedAt(now); !end.IsZero() {
				n.until = p.Retention.Add(end)
			}
			out = append(out, n)
		}
	}
	return out
}

// keptUntil is when the last need for a value ends; forever while one is open.
func keptUntil(reg *register.Register, needs []need, v Value) (until time.Time, forever bool) {
	until = v.At
	if p := reg.Purpose(v.Purpose); p != nil {
		until = p.Retention.Add(v.At)
	}
	for _, n := range needs {
		if !slices.Contains(n.purpose.Categories, v.Category) {
			continue
		}
		if n.until.IsZero() {
			return time.Time{}, true
		}
		if n.until.After(until) {
			until = n.until
		}
	}
	return until, false
}
