package outbox

import (
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// Reminder is that the term of something which an organization owes comes near its
// end, or has passed it.
type Reminder struct {
	Debtor string   // BIN of who owes it, where that is another than who is told
	Kind   string   // of what it is about
	About  ident.ID // zero where it is Count of them
	Count  int
	// Stage picks the words: half, last-day, late, very-late.
	Stage string
	Due   time.Time
	Path  string // of the page where it is done
	Head  bool   // it goes to the organization itself, over the officer's head
}

// Reminder is the letter that tells an organization of it, to land with the note
// that it was told. Nil where nobody can be written to.
func (o *Outbox) Reminder(to *party.Organization, r *Reminder) (*journal.Tell, error) {
	if officerOf(to.Register) == "" {
		return nil, nil //nolint:nilnil // none is an answer
	}
	now := o.Now()
	t := &journal.Tell{
		ID: ident.NewID(now), Org: to.ID, Holder: to.ID, Channel: Mail, Event: remindEvent, About: r.About, At: now, Due: now,
	}
	p := parcel{BIN: r.Debtor, Path: r.Path, Count: r.Count, Remind: &remindWords{Kind: r.Kind, Stage: r.Stage, Due: r.Due, Head: r.Head}}
	return t, sealParcel(&to.Key, t, &p)
}

// remindEvent is what reminders are called in the outbox.
const remindEvent = "remind"

// remindWords are what a letter that reminds says.
type remindWords struct {
	Kind  string    `json:"kind,omitempty"`
	Stage string    `json:"stage"`
	Due   time.Time `json:"due"`
	Head  bool      `json:"head,omitempty"`
}

// headOf is where the organization itself is written to: who answers for the
// officer. Where the description has no such address, the officer is.
func headOf(reg *register.Register) string {
	if reg != nil && reg.Description.Organization.Contact.Email != "" {
		return reg.Description.Organization.Contact.Email
	}
	return officerOf(reg)
}
