package outbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/seal"
)

// Choice is what a subject wants word of by a contact.
type Choice uint8

// The choices.
const (
	Requests  Choice = 1 << iota // being asked for consent
	Changes                      // of the own consents
	Transfers                    // data went to somebody else, or somebody else saw it
	Edits                        // data was changed, blocked or destroyed
	Views                        // data was looked at or used
)

// Usual is what is chosen where nothing is said: looks come by the hundred, and
// are in the inbox.
const Usual = Requests | Changes | Transfers | Edits

// often are told once an hour at most.
const often = Transfers | Edits | Views

var choiceNames = []string{"requests", "consents", "transfers", "changes", "views"}

// Names lists the choices in the set.
func (c Choice) Names() []string {
	out := []string{}
	for i, n := range choiceNames {
		if c&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// ChoiceNames are all of them.
func ChoiceNames() []string { return slices.Clone(choiceNames) }

// ParseChoices reads a list of choices.
func ParseChoices(names []string) (Choice, error) {
	var c Choice
	for _, n := range names {
		i := slices.Index(choiceNames, n)
		if i < 0 {
			return 0, fault.Bad("choices", "bad-enum", "allowed", strings.Join(choiceNames, ", "))
		}
		c |= 1 << i
	}
	return c, nil
}

// The statuses of a contact.
const (
	Pending   = "pending" // the link that confirms it was not opened yet
	Confirmed = "confirmed"
	Removed   = "removed"
)

// Contact is an address of a subject that the subject named here, apart from
// what any operator has.
type Contact struct {
	ID        ident.ID
	Subject   ident.ID
	Kind      ident.Kind // ident.Email, ident.Phone
	Status    string
	Language  locale.Lang
	Choices   Choice
	Created   time.Time
	Confirmed time.Time
	CodeHash  [32]byte // of the secret in the link
	CodeUntil time.Time
	Sealed    []byte // the address, under the subject's journal key
}

func channelOf(kind ident.Kind) string {
	if kind == ident.Phone {
		return SMS
	}
	return Mail
}

// reaches reports whether there is a channel to addresses of a kind.
func (o *Outbox) reaches(kind ident.Kind) bool {
	return kind == ident.Phone && o.SMS || kind == ident.Email && o.Mail
}

// How many contacts there may be, how many may be added in a day, and how long a
// link confirms: nobody is to send letters to strangers through us.
const (
	maxContacts = 5
	maxADay     = 10
	linkLife    = 24 * time.Hour
)

// AddContact keeps an address and sends a link to it. Until somebody opened the
// link and said yes, nothing else is sent there. The link does it: no code is to
// be read out to anybody.
func (o *Outbox) AddContact(ctx context.Context, subject ident.ID, kind ident.Kind, value string, choices Choice, lang locale.Lang) (*Contact, error) {
	to, err := o.CheckAddress(&Address{Kind: kind, Value: value})
	if err != nil {
		return nil, err
	}
	now := o.Now()
	c := &Contact{
		ID: ident.NewID(now), Subject: subject, Kind: kind, Status: Pending, Language: lang, Choices: choices, Created: now,
		CodeUntil: now.Add(linkLife),
	}
	key, err := o.Parties.JournalKey(ctx, subject)
	if err != nil {
		return nil, err
	}
	if err := o.room(ctx, &key, c, to.Value); err != nil {
		return nil, err
	}
	c.Sealed = key.Seal(nil, []byte(to.Value), contactPlace(c))
	secret := make([]byte, 16)
	rand.Read(secret) //nolint:errcheck // since Go 1.24 it never fails: the program stops instead
	code := base64.RawURLEncoding.EncodeToString(secret)
	c.CodeHash = sha256.Sum256([]byte(code))
	letter := &journal.Tell{
		ID: ident.NewID(now), Subject: subject, Channel: channelOf(kind), Target: c.ID, Event: "contact", At: now, Due: now,
	}
	if err := sealParcel(&key, letter, &parcel{Secret: code}); err != nil {
		return nil, err
	}
	return c, o.Store.PutContact(ctx, c, letter)
}

// room refuses a contact that is there already, or one too many.
func (o *Outbox) room(ctx context.Context, key *seal.Key, c *Contact, address string) error {
	have, err := o.Store.Contacts(ctx, c.Subject)
	if err != nil {
		return err
	}
	live, today := 0, 0
	for i := range have {
		h := &have[i]
		if h.Created.After(c.Created.Add(-24 * time.Hour)) {
			today++
		}
		if h.Status == Removed || h.Status == Pending && !c.Created.Before(h.CodeUntil) {
			continue
		}
		live++
		same, err := key.Open(h.Sealed, contactPlace(h))
		if err != nil {
			return err
		}
		if h.Kind == c.Kind && string(same) == address {
			return fault.New(fault.Conflict, "contact-exists")
		}
	}
	switch {
	case live >= maxContacts:
		return fault.New(fault.Conflict, "contacts-too-many", "max", maxContacts)
	case today >= maxADay:
		return fault.New(fault.Conflict, "contacts-too-often", "max", maxADay)
	}
	return nil
}

var errCode = fault.Bad("code", "contact-code")

// ConfirmContact takes the secret of a link. Whoever has it reads what comes to
// the address, which is all that is to be shown; it works once.
func (o *Outbox) ConfirmContact(ctx context.Context, code string) (*Contact, error) {
	c, err := o.Store.ContactByCode(ctx, sha256.Sum256([]byte(code)))
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil, errCode
	}
	if err != nil {
		return nil, err
	}
	now := o.Now()
	if c.Status != Pending || !now.Before(c.CodeUntil) {
		return nil, errCode
	}
	c.Status, c.Confirmed, c.CodeHash = Confirmed, now, [32]byte{}
	return c, o.Store.PutContact(ctx, c, nil)
}

// ConfirmOwn is ConfirmContact for the subject who is signed in.
func (o *Outbox) ConfirmOwn(ctx context.Context, subject, id ident.ID, code string) (*Contact, error) {
	c, err := o.contact(ctx, subject, id)
	if err != nil {
		return nil, err
	}
	if c.CodeHash != sha256.Sum256([]byte(code)) {
		return nil, errCode
	}
	return o.ConfirmContact(ctx, code)
}

// ChooseNotices sets what the subject wants word of by a contact.
func (o *Outbox) ChooseNotices(ctx context.Context, subject, id ident.ID, choices Choice) (*Contact, error) {
	c, err := o.contact(ctx, subject, id)
	if err != nil {
		return nil, err
	}
	c.Choices = choices
	return c, o.Store.PutContact(ctx, c, nil)
}

// RemoveContact forgets an address. What still waits for it is dropped.
func (o *Outbox) RemoveContact(ctx context.Context, subject, id ident.ID) (*Contact, error) {
	c, err := o.contact(ctx, subject, id)
	if err != nil {
		return nil, err
	}
	c.Status, c.Sealed, c.CodeHash = Removed, []byte{}, [32]byte{}
	return c, o.Store.PutContact(ctx, c, nil)
}

// Contacts lists what a subject has, without what was removed.
func (o *Outbox) Contacts(ctx context.Context, subject ident.ID) ([]Contact, error) {
	all, err := o.Store.Contacts(ctx, subject)
	return slices.DeleteFunc(all, func(c Contact) bool { return c.Status == Removed }), err
}

func (o *Outbox) contact(ctx context.Context, subject, id ident.ID) (*Contact, error) {
	all, err := o.Contacts(ctx, subject)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(c Contact) bool { return c.ID == id })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "contact-unknown")
	}
	return &all[i], nil
}

// Address opens the address of a contact, for its subject and for sending.
func (o *Outbox) Address(ctx context.Context, c *Contact) (string, error) {
	key, err := o.Parties.JournalKey(ctx, c.Subject)
	if err != nil {
		return "", err
	}
	b, err := key.Open(c.Sealed, contactPlace(c))
	return string(b), err
}

func contactPlace(c *Contact) []byte { return seal.Place("contact", c.Subject[:], c.ID[:]) }

// at puts a fault under a field.
func at(field string, err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}
