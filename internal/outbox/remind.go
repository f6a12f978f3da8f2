package outbox

import (
	"context"
	"crypto/sha256"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// Reminder is that the term of something which an organization owes comes near its
// end, or has passed it.
type Reminder struct {
	Key   string   // the same for the same reminder: it is sent once
	About ident.ID // what is owed
	// Stage picks the words: half, last-day, late, very-late; of a removal from public
	// sources with "publication." before it.
	Stage string
	Due   time.Time
	Path  string // of the page where it is done
	Head  bool   // it goes to the organization itself, over the officer's head
}

// Remind lets letters of an organization's reminders be sent, each once: whoever
// reminds says them all again, and those that were said are passed over. If power
// fails here nothing was said, and all is said the next time. Without a mail server
// the console shows them, and nothing waits.
func (o *Outbox) Remind(ctx context.Context, org *party.Organization, list []Reminder) error {
	if o == nil || !o.Mail || len(list) == 0 || officerOf(org.Register) == "" {
		return nil
	}
	now := o.Now()
	letters := make([]*journal.Tell, len(list))
	for i := range list {
		r := &list[i]
		t := &journal.Tell{
			ID: r.id(), Org: org.ID, Holder: org.ID, Channel: Mail, Event: remindEvent, About: r.About, At: now, Due: now,
		}
		p := parcel{BIN: org.BIN, Path: r.Path, Remind: &remindWords{Stage: r.Stage, Due: r.Due, Head: r.Head}}
		if err := sealParcel(&org.Key, t, &p); err != nil {
			return err
		}
		letters[i] = t
	}
	return o.Store.AddLetters(ctx, letters)
}

// remindEvent is what reminders are called in the outbox.
const remindEvent = "remind"

// remindWords are what a letter that reminds says.
type remindWords struct {
	Stage string    `json:"stage"`
	Due   time.Time `json:"due"`
	Head  bool      `json:"head,omitempty"`
}

// id begins with the moment of what is owed, as every id does, and is made of the
// key: the store keeps one of a key, whoever says it and however often.
func (r *Reminder) id() (id ident.ID) {
	sum := sha256.Sum256([]byte("remind/" + r.Key))
	copy(id[:6], r.About[:6])
	copy(id[6:], sum[:])
	return id
}

// headOf is where the organization itself is written to: who answers for the
// officer. Where the description has no such address, the officer is.
func headOf(reg *register.Register) string {
	if reg != nil && reg.Description.Organization.Contact.Email != "" {
		return reg.Description.Organization.Contact.Email
	}
	return officerOf(reg)
}
