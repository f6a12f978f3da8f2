package consent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// A one-time code confirms an answer where there is no electronic signature: it
// goes to an address that the person has confirmed, and comes back by the page on
// which the person is signed in and has read the text of exactly what is given.
//
//	SendCode ─ one write: the question with the code's hash, entry, letter
//	         ─▶ typed in ─ GiveByCode ─ one write: answer, consent, entry
//
// Nothing stands between the two but the code in the person's hands, so power may
// fail anywhere: a code whose write did not land was not sent, and one that
// confirmed is gone with the answer. It belongs to one question, one person, one
// address, one text and one choice, and is kept by nothing but a hash of all that
// under the subject's journal key, in the sealed note of the question: who has the
// database without the master key cannot try out a million of them. A newer code
// takes the place of the former. No code is ever dictated: whoever asks for one on
// the phone is no one of ours, and every letter says so.

// OneTime is the channel of a consent that a one-time code confirmed, and of one
// that an operator says was confirmed so by its own.
const OneTime = "otp"

// CodeRules are how one-time codes are used here. The Law names none of these
// figures, so they are the installation's.
type CodeRules struct {
	Life   time.Duration // for how long a code is good
	Tries  int           // so many wrong ones, and it is good no more
	Hourly int           // so many are sent to one person within an hour
}

// StandardCodes are the rules where nothing else is set: of a million codes five
// are tried, of each of five letters an hour.
var StandardCodes = CodeRules{Life: 10 * time.Minute, Tries: 5, Hourly: 5}

// ErrCodeRules refuses what is good for a day, or can be tried a thousand times: it
// confirms nothing.
var ErrCodeRules = errors.New("one-time codes are good for a minute to an hour, for 1 to 10 tries, and 1 to 20 are sent within an hour")

// Check refuses rules under which a code would confirm nothing.
func (r CodeRules) Check() error {
	if r.Life < time.Minute || r.Life > time.Hour || r.Tries < 1 || r.Tries > 10 || r.Hourly < 1 || r.Hourly > 20 {
		return ErrCodeRules
	}
	return nil
}

// codePause is for how long the same code is not sent again: a page that is loaded
// anew is no wish for another letter.
const codePause = time.Minute

// Code is what a proof tells of the one-time code that confirmed it.
type Code struct {
	Contact     ident.Kind `json:"contact"` // to which it went: email, phone
	Masked      string     `json:"masked"`  // the address, most of it hidden
	SentAt      time.Time  `json:"sentAt"`
	ConfirmedAt time.Time  `json:"confirmedAt,omitzero"`
	TextHash    string     `json:"textHash"`
	Choice      string     `json:"choice"` // SHA-256 over all that was left ticked
	Entry       ident.ID   `json:"entry"`  // of the journal, that it was sent
}

// SentCode is a code that waits to be typed in.
type SentCode struct {
	Code
	Hash      []byte    `json:"hash"`
	Person    ident.ID  `json:"person"` // who answers: the subject, or who acts
	ContactID ident.ID  `json:"contactId"`
	Until     time.Time `json:"until"`
	Tries     int       `json:"tries,omitempty"` // wrong ones so far
}

var errCodeAbsent = fault.New(fault.Conflict, "code-absent")

// codePerson is who answers, and by which representation.
func (s *Consents) codePerson(ctx context.Context, r *Request, org *party.Organization, by verify.Actor) (ident.ID, error) {
	rep, err := s.onBehalf(ctx, r.Subject, org, by, represent.Consent)
	if err != nil || rep == nil {
		return r.Subject, err
	}
	return rep.Representative, nil
}

// CodeContacts are those to which a code for an answer can be sent: of the person
// who answers, and not of the person for whom.
func (s *Consents) CodeContacts(ctx context.Context, r *Request, by verify.Actor) ([]outbox.Contact, error) {
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return nil, err
	}
	who, err := s.codePerson(ctx, r, org, by)
	if err != nil {
		return nil, err
	}
	return s.Outbox.CodeContacts(ctx, who)
}

// answer is a choice as it would be given, ready to be confirmed.
type answer struct {
	full *New
	text *Text
}

// draft completes a choice for a question. Nothing is written.
func (s *Consents) draft(ctx context.Context, holder *party.Organization, r *Request, choice *Choice, lang locale.Lang, proof Proof, cms []byte, by verify.Actor) (*answer, error) {
	full, err := s.chosen(holder, r, choice, lang)
	if err != nil {
		return nil, err
	}
	if proof.Channel == Signed && cms == nil {
		return nil, fault.Bad("signature", "signature-missing")
	}
	full.Proof, full.CMS, full.Actor = proof, cms, by
	full.Proof.Standing = Confirmed
	h, err := s.Parties.Store.Holding(ctx, r.Subject, holder.ID)
	if err != nil {
		return nil, err
	}
	if err := s.complete(holder, h, full); err != nil {
		return nil, err
	}
	return &answer{full, textOf(holder.Register, full)}, nil
}

// digest is what a code is for: text, terms, end and the subject's conditions in
// their very words.
func (a *answer) digest() (string, error) {
	b, err := json.Marshal(struct {
		Text       string
		Terms      Terms
		Until      time.Time
		Conditions map[string]string
	}{a.text.Hash, a.full.Terms, a.full.Until.UTC(), a.full.Proof.Conditions})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

// hash is the keyed hash of a code, bound to all that it is for.
func (c *SentCode) hash(jkey *seal.Key, r *Request, code string) []byte {
	scope := seal.Place("consent-code", r.Subject[:], r.ID[:], c.Person[:], c.ContactID[:], []byte(c.TextHash), []byte(c.Choice))
	sum := jkey.Blind("consent-code", scope, code)
	return sum[:]
}

// same reports whether a code was sent for the very same, so lately that another
// would be one too many.
func (c *SentCode) same(d *SentCode) bool {
	return c != nil && c.Choice == d.Choice && c.Person == d.Person && c.ContactID == d.ContactID && c.Tries == 0 &&
		d.SentAt.Before(c.SentAt.Add(codePause)) && d.SentAt.Before(c.Until)
}

// newCode is six digits, each as likely as any other.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

// SendCode sends a code that confirms one choice, to a confirmed contact of the
// person who answers. The text of that choice has to have been shown: see
// [Consents.Draft]. Asked for the same again within a minute, it sends nothing and
// returns what was sent.
func (s *Consents) SendCode(ctx context.Context, id ident.ID, choice *Choice, contact ident.ID, lang locale.Lang, by verify.Actor) (*SentCode, error) {
	for range maxTries {
		r, holder, err := s.requested(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := RequestMachine.next("consent.code", r.StatusAt(s.Now()), Pending, by.Kind, "request-answered"); err != nil {
			return nil, err
		}
		a, err := s.draft(ctx, holder, r, choice, lang, Proof{Channel: OneTime}, nil, by)
		if err != nil {
			return nil, err
		}
		if !r.shown(a.text.Hash) { // nobody confirms what was not before them
			return nil, fault.New(fault.Conflict, "request-not-shown")
		}
		sent, stale, err := s.putCode(ctx, r, holder, a, contact, by)
		if err != nil || !stale {
			return sent, err
		}
	}
	return nil, errContended
}

func (s *Consents) putCode(ctx context.Context, r *Request, holder *party.Organization, a *answer, contact ident.ID, by verify.Actor) (sent *SentCode, stale bool, err error) {
	version, jkey, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, false, err
	}
	note, err := openNote(&jkey, r)
	if err != nil {
		return nil, false, err
	}
	who, err := s.codePerson(ctx, r, holder, by)
	if err != nil {
		return nil, false, err
	}
	to, masked, err := s.Outbox.CodeContact(ctx, who, contact)
	if err != nil {
		return nil, false, err
	}
	now := s.Now().UTC()
	n := &SentCode{Code: Code{Contact: to.Kind, Masked: masked, SentAt: now, TextHash: a.text.Hash}, Person: who, ContactID: to.ID, Until: now.Add(s.Codes.Life)}
	if n.Choice, err = a.digest(); err != nil {
		return nil, false, err
	}
	if note.Code.same(n) {
		return note.Code, false, nil
	}
	if err := s.mayMail(ctx, who, now); err != nil {
		return nil, false, err
	}
	code, err := newCode()
	if err != nil {
		return nil, false, err
	}
	n.Hash = n.hash(&jkey, r, code)
	rec, err := s.requestEvent(ctx, holder, r, &jkey, version, by, "consent.code", a.text.sum())
	if err != nil {
		return nil, false, err
	}
	n.Entry, note.Code = rec.ID, n
	asker, err := s.Parties.ByID(ctx, r.Asker)
	if err != nil {
		return nil, false, err
	}
	err = s.Outbox.TellCode(ctx, rec, &outbox.CodeLetter{To: to, By: asker, About: r.ID, Path: "/me/asked/" + r.ID.String(), Code: code, Until: n.Until})
	if err != nil {
		return nil, false, err
	}
	stale, err = s.putNote(ctx, r, note, &jkey, rec)
	return n, stale, err
}

// mayMail refuses a letter too many: nobody is to be buried in codes, or have as
// many to guess at as there are letters.
func (s *Consents) mayMail(ctx context.Context, who ident.ID, now time.Time) error {
	n, err := s.Outbox.CountCodes(ctx, who, now.Add(-time.Hour))
	if err == nil && n >= s.Codes.Hourly {
		err = fault.New(fault.Conflict, "codes-too-often", "max", s.Codes.Hourly)
	}
	return err
}

// putNote lands the next version of a question that changed in its note alone.
func (s *Consents) putNote(ctx context.Context, r *Request, note *Note, jkey *seal.Key, rec *journal.Record) (stale bool, err error) {
	n := *r
	n.Version++
	if n.Sealed, err = sealNote(jkey, &n, note); err != nil {
		return false, err
	}
	return s.Requests.UpdateRequest(ctx, &n, nil, rec)
}

// GiveByCode is Give for who confirms the choice by the code that was sent for it.
// A wrong one is counted before it is answered.
func (s *Consents) GiveByCode(ctx context.Context, id ident.ID, choice *Choice, lang locale.Lang, code string, by verify.Actor) (*Consent, error) {
	code, ok := readCode(code)
	if !ok {
		return nil, fault.Bad("code", "code-form")
	}
	return s.giveBy(ctx, id, choice, lang, Proof{Channel: OneTime}, nil, func(r *Request, holder *party.Organization, a *answer) (stale bool, err error) {
		version, jkey, err := s.open(ctx, r.Subject)
		if err != nil {
			return false, err
		}
		note, err := openNote(&jkey, r)
		if err != nil {
			return false, err
		}
		if err := s.checkCode(ctx, r, holder, a, note.Code, by); err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare(note.Code.Hash, note.Code.hash(&jkey, r, code)) == 1 {
			c := note.Code.Code
			c.ConfirmedAt = s.Now().UTC()
			a.full.Proof.Code = &c
			return false, nil
		}
		return s.miss(ctx, r, holder, note, version, &jkey, by)
	}, by)
}

// readCode takes a code as people type it in, in groups or not.
func readCode(s string) (string, bool) {
	s = strings.NewReplacer(" ", "", "\u00a0", "", "-", "").Replace(s)
	return s, len(s) == 6 && strings.Trim(s, "0123456789") == ""
}

// checkCode refuses where no code that was typed in could be right.
func (s *Consents) checkCode(ctx context.Context, r *Request, holder *party.Organization, a *answer, c *SentCode, by verify.Actor) error {
	if c == nil {
		return errCodeAbsent
	}
	who, err := s.codePerson(ctx, r, holder, by)
	if err != nil {
		return err
	}
	choice, err := a.digest()
	if err != nil {
		return err
	}
	switch {
	case c.Person != who:
		return errCodeAbsent
	case c.Choice != choice:
		return fault.New(fault.Conflict, "code-other-choice")
	case c.Tries >= s.Codes.Tries:
		return fault.New(fault.Conflict, "code-spent")
	case !s.Now().Before(c.Until):
		return fault.New(fault.Conflict, "code-late")
	}
	_, _, err = s.Outbox.CodeContact(ctx, who, c.ContactID)
	if k := fault.KindOf(err); err != nil && (k == fault.NotFound || k == fault.Conflict) { // it was taken out since
		err = fault.New(fault.Conflict, "code-contact")
	}
	return err
}

// miss counts a wrong code. It is durable before it is answered: whoever guesses
// cannot outrun it.
func (s *Consents) miss(ctx context.Context, r *Request, holder *party.Organization, note *Note, version int64, jkey *seal.Key, by verify.Actor) (stale bool, err error) {
	if err := RequestMachine.next("consent.code-wrong", r.StatusAt(s.Now()), Pending, by.Kind, "request-answered"); err != nil {
		return false, err
	}
	rec, err := s.requestEvent(ctx, holder, r, jkey, version, by, "consent.code-wrong", nil)
	if err != nil {
		return false, err
	}
	note.Code.Tries++
	stale, err = s.putNote(ctx, r, note, jkey, rec)
	switch left := s.Codes.Tries - note.Code.Tries; {
	case err != nil || stale:
		return stale, err
	case left < 1:
		return false, fault.New(fault.Conflict, "code-spent")
	default:
		return false, fault.Bad("code", "code-wrong", "count", left)
	}
}
