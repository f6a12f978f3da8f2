package consent

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/seal"
)

// HoldStatus is where a hold stands.
type HoldStatus string

// The statuses of a hold.
const (
	HoldActive   HoldStatus = "active"
	HoldAppealed HoldStatus = "appealed" // bars until it is decided
	HoldUpheld   HoldStatus = "upheld"
	HoldLifted   HoldStatus = "lifted"
	HoldOver     HoldStatus = "over" // past its date
)

// HoldStatuses are all of them.
var HoldStatuses = []HoldStatus{HoldActive, HoldAppealed, HoldUpheld, HoldLifted, HoldOver}

// HoldMachine is the life of a hold.
var HoldMachine = Machine[HoldStatus]{
	{"consent.hold", nil, HoldActive, []Who{ByOperator}, "8(2)"},
	{"consent.barred", []HoldStatus{HoldActive, HoldAppealed, HoldUpheld}, "", anyParty, "8(2)"}, // a demand was refused by it
	{"consent.appeal", []HoldStatus{HoldActive}, HoldAppealed, person, "24(1)7"},
	{"consent.reply", []HoldStatus{HoldAppealed}, "", []Who{ByOperator}, "24(1)7"}, // the operator's word on the appeal
	{"consent.review", []HoldStatus{HoldAppealed, HoldUpheld, HoldLifted, HoldOver}, "", []Who{ByAuthority}, "27-1(1)3"},
	{"consent.uphold", []HoldStatus{HoldAppealed}, HoldUpheld, []Who{ByAuthority}, "8(2)"},
	{"consent.lift", []HoldStatus{HoldActive, HoldAppealed, HoldUpheld}, HoldLifted, []Who{ByOperator, ByAuthority}, "8(2)"},
}

// Hold is an obligation or a law that a withdrawal would break, named by the
// operator beforehand with its document (Art. 8(2)). It bars what it names until
// its date, is shown to the subject from the first moment, and can be appealed
// to the authorised body. One that is set after a demand has arrived does not
// count against that demand.
type Hold struct {
	ID       ident.ID
	Subject  ident.ID // internal
	Org      ident.ID
	Consent  ident.ID
	Version  int64
	Status   HoldStatus
	Scopes   Scope    // that cannot be taken back
	Purposes []string // that cannot; empty: none of the consent
	Set      time.Time
	Until    time.Time // never zero
	Demanded time.Time // the first withdrawal that it barred, zero for none
	Appealed time.Time // zero for never
	Moved    time.Time // into the status
	// Sealed is HoldNote under the subject's journal key: an obligation tells of
	// a person.
	Sealed []byte
}

// HoldNote is what a hold says, and what was said about it.
type HoldNote struct {
	Provision  string `json:"provision,omitempty"`  // of the law that a withdrawal would contradict
	Obligation string `json:"obligation,omitempty"` // that is outstanding
	Document   string `json:"document"`             // that shows it
	File       *File  `json:"file,omitempty"`       // the document itself, where it was given
	Appeal     string `json:"appeal,omitempty"`     // why the subject holds it for wrong, where that was said
	Reply      string `json:"reply,omitempty"`      // of the operator to the appeal
	Decision   string `json:"decision,omitempty"`   // why it was upheld or lifted
	DecidedBy  string `json:"decidedBy,omitempty"`  // authority, or who else ended it
	// Demands are the withdrawals that it barred: what an appeal is about, and what
	// is carried out where the appeal is right.
	Demands []HeldDemand `json:"demands,omitempty"`
}

// HeldDemand is a withdrawal that was refused.
type HeldDemand struct {
	At     time.Time `json:"at"`
	Part   Part      `json:"part"`
	Reason string    `json:"reason,omitempty"`
}

// Holdable are the scopes that a hold may bar. Publication is not one: it ends
// the moment the demand arrives (policy 5.15).
const Holdable = Process | Transfer | CrossBorder

// StatusAt is the status at a moment: past its date a hold bars nothing.
func (h *Hold) StatusAt(now time.Time) HoldStatus {
	if h.Status != HoldLifted && !now.Before(h.Until) {
		return HoldOver
	}
	return h.Status
}

// inForce reports whether the hold bars anything at a moment.
func (h *Hold) inForce(now time.Time) bool {
	st := h.StatusAt(now)
	return st != HoldLifted && st != HoldOver
}

// bars reports whether a part of a consent cannot be taken out for the hold.
func (h *Hold) bars(p *Part) bool {
	switch {
	case p.Scopes&h.Scopes != 0:
		return true
	case len(p.ThirdParties) > 0 && h.Scopes&Transfer != 0, len(p.Countries) > 0 && h.Scopes&CrossBorder != 0:
		return true
	case h.Scopes&Process == 0:
		return false
	case len(p.Categories) > 0 || !p.Until.IsZero():
		return true
	}
	return slices.ContainsFunc(p.Purposes, func(id string) bool { return len(h.Purposes) == 0 || slices.Contains(h.Purposes, id) })
}

// barring finds the hold that a demand runs against: one in force, that was
// there when the demand arrived, and no later than an earlier demand that was
// refused.
func barring(holds []Hold, p *Part, arrived, now time.Time) *Hold {
	for i := range holds {
		if d := holds[i].Demanded; !d.IsZero() && d.Before(arrived) {
			arrived = d
		}
	}
	for i := range holds {
		h := &holds[i]
		if h.inForce(now) && h.bars(p) && !h.Set.After(arrived) {
			return h
		}
	}
	return nil
}

// move takes a hold to a status.
func (h *Hold) move(action string, to HoldStatus, by string, now time.Time) (*Hold, error) {
	from := h.StatusAt(now)
	if err := HoldMachine.next(action, from, to, by, "hold-moved"); err != nil {
		return nil, err
	}
	n := *h
	n.Version++
	if from != to {
		n.Status, n.Moved = to, now
	}
	return &n, nil
}

// BarredError is a withdrawal that a hold does not let through: the hold, opened, for
// the answer that names it. It is a fault of code withdrawal-barred.
type BarredError struct {
	Hold  *Hold
	Note  *HoldNote
	fault *fault.Error
}

// Error names no obligation: it may end in a log.
func (b *BarredError) Error() string { return b.fault.Error() }

// Unwrap gives the fault.
func (b *BarredError) Unwrap() error { return b.fault }

func barredBy(h *Hold, n *HoldNote) *BarredError {
	f := fault.New(fault.Conflict, "withdrawal-barred")
	f.Provisions = []string{"8(2)"}
	return &BarredError{h, n, f}
}

// limits of texts of a hold, in bytes.
const (
	maxProvision  = 200
	maxObligation = 1000
	maxHoldPaper  = 500
	maxHoldReason = 2000
)

func (n *HoldNote) check() error {
	for _, x := range []struct {
		field, text string
		max         int
	}{{"provision", n.Provision, maxProvision}, {"obligation", n.Obligation, maxObligation}, {"document", n.Document, maxHoldPaper}} {
		if len(x.text) > x.max {
			return fault.Bad(x.field, "too-long", "max", x.max)
		}
	}
	if strings.TrimSpace(n.Provision) == "" && strings.TrimSpace(n.Obligation) == "" {
		e := fault.Bad("obligation", "hold-ground")
		e.Provisions = []string{"8(2)"}
		return e
	}
	if strings.TrimSpace(n.Document) == "" {
		return fault.Bad("document", "missing-field")
	}
	return nil
}

func holdPlace(h *Hold) []byte { return seal.Place("hold", h.Subject[:], h.Org[:], h.ID[:]) }

func holdFilePlace(h *Hold) []byte {
	return seal.Place("hold-file", h.Subject[:], h.Org[:], h.ID[:])
}

func (h *Hold) seal(jkey *seal.Key, n *HoldNote) error {
	b, err := json.Marshal(n)
	if err == nil {
		h.Sealed = jkey.Seal(nil, b, holdPlace(h))
	}
	return err
}

func (h *Hold) open(jkey *seal.Key) (*HoldNote, error) {
	b, err := jkey.Open(h.Sealed, holdPlace(h))
	if err != nil {
		return nil, err
	}
	var n HoldNote
	return &n, json.Unmarshal(b, &n)
}
