package outbox

import (
	"context"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
)

// CodeEvent names a letter with a one-time code. It is the one letter whose
// content must not outlive its sending: the store forgets what is sealed of it
// with the try that ends it, and with the letter that takes its place.
const CodeEvent = "code"

// atOnce is before everything else that is due: a code is good for minutes, and a
// night's letters would outlast it.
var atOnce = time.UnixMilli(1)

// CodeContact is a contact that a one-time code can be sent to, with its address
// masked. One that was not confirmed is a fault.Conflict: nobody has shown that
// it is the subject's.
func (o *Outbox) CodeContact(ctx context.Context, subject, id ident.ID) (c *Contact, masked string, err error) {
	if o == nil {
		return nil, "", fault.New(fault.NotFound, "contact-unknown")
	}
	if c, err = o.contact(ctx, subject, id); err != nil {
		return nil, "", err
	}
	switch {
	case c.Status != Confirmed:
		return nil, "", &fault.Error{Kind: fault.Conflict, Code: "contact-unconfirmed", Field: "contact"}
	case !o.reaches(c.Kind):
		return nil, "", &fault.Error{Kind: fault.Conflict, Code: "channel-absent", Field: "contact"}
	}
	address, err := o.Address(ctx, c)
	return c, ident.Mask(c.Kind, address), err
}

// CodeContacts lists those that a code can be sent to.
func (o *Outbox) CodeContacts(ctx context.Context, subject ident.ID) ([]Contact, error) {
	if o == nil {
		return nil, nil
	}
	list, err := o.Contacts(ctx, subject)
	var out []Contact
	for i := range list {
		if list[i].Status == Confirmed && o.reaches(list[i].Kind) {
			out = append(out, list[i])
		}
	}
	return out, err
}

// CodeLetter is a one-time code on its way to a person.
type CodeLetter struct {
	To    *Contact
	By    *party.Organization // who asks for what the code confirms
	About ident.ID            // the request
	Path  string              // of the one page that the code is typed into
	Code  string
	Until time.Time // it is not sent later
}

// TellCode adds the letter to the record that it lands with. A code for the same
// request that still waits is not sent any more. The letter tells of no entry: it
// is a means of the act and no word of it, and a deferral does not hold it back.
func (o *Outbox) TellCode(ctx context.Context, rec *journal.Record, l *CodeLetter) error {
	now := o.Now()
	t := &journal.Tell{
		ID: ident.NewID(now), Subject: l.To.Subject, Holder: l.By.ID, Channel: channelOf(l.To.Kind), Target: l.To.ID,
		Event: CodeEvent, About: l.About, At: now, Due: atOnce, Replaces: true,
	}
	key, err := o.Parties.JournalKey(ctx, l.To.Subject)
	if err != nil {
		return err
	}
	rec.Tell = append(rec.Tell, t)
	return sealParcel(&key, t, &parcel{BIN: l.By.BIN, Path: l.Path, Code: l.Code, Until: l.Until})
}

// CountCodes counts the codes that were sent to a person since a moment.
func (o *Outbox) CountCodes(ctx context.Context, subject ident.ID, since time.Time) (int, error) {
	return o.Store.CountLetters(ctx, subject, CodeEvent, since)
}
