package journal

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// DeferralStatus is where a deferral stands.
type DeferralStatus string

// The statuses. One that was approved ends by itself at its date; lifted is
// ended before.
const (
	Pending  DeferralStatus = "pending"
	Approved DeferralStatus = "approved"
	Refused  DeferralStatus = "refused"
	Lifted   DeferralStatus = "lifted"
)

// Step is who did something with a deferral, and when.
type Step struct {
	At time.Time // zero: not yet
	By ident.ID  // token
}

// Deferral puts off what a subject is shown of an organization's entries: of one
// case, or of all. It needs a ground, a document, a date and two people; at the
// date everything shows by itself. The entries are in the journal all the while,
// and everybody else reads them.
type Deferral struct {
	ID        ident.ID
	Subject   ident.ID // internal
	Org       ident.ID
	Status    DeferralStatus
	Provision string // the ground
	Until     time.Time
	Requested Step
	Decided   Step // approved or refused
	Lifted    Step
	// Sealed is all of it under the subject's journal key: what people wrote may
	// name anybody, and whoever has the disk must not hide entries by a row.
	Sealed []byte `json:"-"`

	Reference string // the case number that entries carry; empty: every entry
	Role      string // of the subject in the case, as entries have it
	Document  string
}

func (d *Deferral) place() []byte { return seal.Place("deferral", d.Subject[:], d.ID[:]) }

// Seal puts the deferral under the subject's journal key. Times are kept to the
// millisecond.
func (d *Deferral) Seal(key *Key) error {
	for _, t := range []*time.Time{&d.Until, &d.Requested.At, &d.Decided.At, &d.Lifted.At} {
		*t = t.UTC().Truncate(time.Millisecond)
	}
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("seal deferral: %w", err)
	}
	d.Sealed = key.Seal(nil, b, d.place())
	return nil
}

// Open opens a deferral as the store keeps it and checks that the columns beside
// what is sealed say the same.
func (d *Deferral) Open(key *Key) error {
	b, err := key.Open(d.Sealed, d.place())
	if err != nil {
		return fmt.Errorf("deferral %s: %w", d.ID, err)
	}
	got := Deferral{Sealed: d.Sealed}
	if err := json.Unmarshal(b, &got); err != nil {
		return fmt.Errorf("deferral %s: %w", d.ID, err)
	}
	if !got.says(d) {
		return fmt.Errorf("deferral %s: %w", d.ID, errColumns)
	}
	*d = got
	return nil
}

// says reports whether a deferral says what the columns of another do.
func (d *Deferral) says(o *Deferral) bool {
	same := func(a, b Step) bool { return a.By == b.By && a.At.Equal(b.At) }
	return d.ID == o.ID && d.Subject == o.Subject && d.Org == o.Org && d.Status == o.Status && d.Provision == o.Provision &&
		d.Until.Equal(o.Until) && same(d.Requested, o.Requested) && same(d.Decided, o.Decided) && same(d.Lifted, o.Lifted)
}

// End is when the deferral is over.
func (d *Deferral) End() time.Time {
	if d.Status == Lifted {
		return d.Lifted.At
	}
	return d.Until
}

// InForce reports whether the deferral hides anything at a moment.
func (d *Deferral) InForce(now time.Time) bool { return d.Status == Approved && now.Before(d.Until) }

// deferralActs is what the names of acts on deferrals begin with.
const deferralActs = "disclosure."

// Detail is what an entry about the deferral says of it: which one, and the date.
func (d *Deferral) Detail() string { return d.ID.String() + " " + d.Until.UTC().Format(time.RFC3339) }

// tells reports whether an entry is about this deferral: that it was asked for,
// approved, refused.
func (d *Deferral) tells(e *verify.Entry) bool {
	return strings.HasPrefix(e.Action, deferralActs) && strings.HasPrefix(e.Detail, d.ID.String()+" ")
}

// touches reports whether the deferral was made for such an entry. What tells of
// it is put off with it whether it was approved or not: a request would warn as
// well as the act itself, and a refused one is mended and asked for again.
func (d *Deferral) touches(e *verify.Entry) bool {
	if d.tells(e) {
		return true
	}
	made := d.Status == Approved || d.Status == Lifted
	return made && (d.Reference == "" || d.Reference == e.Reference)
}
