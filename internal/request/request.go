// Package request is what subjects demand of an operator (Art. 24, 25(2)6-9):
// to know, to have a copy, to have data corrected, blocked, destroyed, to have a
// consent taken back, to complain. Each demand has a term of the edition that
// begins with it, in one write, and ends with the answer, in one write.
//
//	open ─▶ (approval) ─▶ working ─▶ fulfilled
//	  └──────────▶ refused            appeal: lodged ─▶ upheld (open again) · dismissed
//
// A demand is worked in steps: find, preview, approve where it destroys, do,
// check, answer. Each step is an entry of the journal. What is done goes through
// the gate, each act under a number of its own, so that after a crash it is seen
// which of them landed: nothing is lost and nothing done twice.
//
// What a person wrote, and every answer, is sealed under the subject's journal
// key: it is evidence and outlives the data.
package request

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Kind is what is demanded.
type Kind string

// The kinds.
const (
	Confirm           Kind = "confirm" // that data is held, and why
	Copy              Kind = "copy"
	Correct           Kind = "correct"
	Supplement        Kind = "supplement"
	Block             Kind = "block"
	Unblock           Kind = "unblock"
	Destroy           Kind = "destroy"
	Withdraw          Kind = "withdraw"
	PublicRemoval     Kind = "public-removal"
	StopDissemination Kind = "stop-dissemination"
	Unsubscribe       Kind = "unsubscribe"
	Complaint         Kind = "complaint"
)

// Kinds are all of them, in the order in which people are offered them.
var Kinds = []Kind{
	Confirm, Copy, Correct, Supplement, Block, Unblock, Destroy, Withdraw, PublicRemoval, StopDissemination, Unsubscribe, Complaint,
}

// Unconsented is the cause of a demand to destroy what was collected without
// consent, which is a case of its own in the Law (Art. 18(3-1)).
const Unconsented = "without-consent"

// ParseKind reads the name of a kind.
func ParseKind(s string) (Kind, error) {
	if s == "" {
		return "", fault.Bad("kind", "missing-field")
	}
	if !slices.Contains(Kinds, Kind(s)) {
		names := make([]string, len(Kinds))
		for i, k := range Kinds {
			names[i] = string(k)
		}
		return "", fault.Bad("kind", "bad-enum", "allowed", strings.Join(names, ", "))
	}
	return Kind(s), nil
}

// Status is where a demand stands.
type Status string

// The statuses.
const (
	Open      Status = "open"
	Approval  Status = "approval" // a second person has to agree
	Working   Status = "working"  // begun; whoever comes next goes on
	Fulfilled Status = "fulfilled"
	Refused   Status = "refused"
)

// Statuses are all of them.
var Statuses = []Status{Open, Approval, Working, Fulfilled, Refused}

// Closed reports whether an answer was given.
func (s Status) Closed() bool { return s == Fulfilled || s == Refused }

// Request is one demand.
type Request struct {
	ID      ident.ID
	Subject ident.ID // internal
	Org     ident.ID
	Version int64 // grows with each step, so that of two at one moment one is told
	Kind    Kind
	Status  Status
	Created time.Time
	Ended   time.Time // answered; zero before
	// Until is how long whoever works on it is left alone: after a crash another
	// goes on then.
	Until    time.Time
	Assignee string // a pseudonym, empty for nobody
	Steps    []Step
	Term     term.Term // the one that runs, or the last that did
	Sealed   []byte    // Body under the subject's journal key
}

// Step is one thing that happened to a demand. It names nobody.
type Step struct {
	At    time.Time `json:"at"`
	What  string    `json:"what"`
	By    string    `json:"by,omitempty"` // kind of the actor, and the pseudonym of a person
	Entry ident.ID  `json:"entry"`
}

// The steps.
const (
	Received  = "receive"
	Begun     = "begin"   // found, previewed and confirmed by the first person
	Approved  = "approve" // by the second
	Resumed   = "resume"  // after a crash
	Halted    = "halt"    // it could not be done so; open again
	Checked   = "check"   // all that was to be done is so
	Answered  = "answer"
	Declined  = "refuse"
	Extended  = "extend"
	Assigned  = "assign"
	Appealed  = "appeal"
	Decided   = "decide"
	LookedAt  = "look" // by the authorised body
	immediate = "at-once"
)

// last is the newest step of a name.
func (r *Request) last(what string) (Step, bool) {
	for i := len(r.Steps) - 1; i >= 0; i-- {
		if r.Steps[i].What == what {
			return r.Steps[i], true
		}
	}
	return Step{}, false
}

// Key is what an edition calls the demand.
func (b *Body) key(k Kind) string {
	if k == Destroy && b.Details.Cause == Unconsented {
		return "destroy-unconsented"
	}
	return string(k)
}

// Body is what a demand says, and what was answered.
type Body struct {
	By        verify.Actor `json:"by"`
	Role      string       `json:"role,omitempty"` // where a representative asked
	Language  locale.Lang  `json:"language"`       // of the answer
	Details   Details      `json:"details"`
	Documents []Paper      `json:"documents,omitempty"`
	Plan      *Plan        `json:"plan,omitempty"`    // as it was confirmed
	Stopped   []Did        `json:"stopped,omitempty"` // consents to publication that ended as it arrived
	Given     *Fulfilment  `json:"given,omitempty"`
	No        *No          `json:"no,omitempty"` // a refusal on its way: the block is being lifted
	Answer    *Answer      `json:"answer,omitempty"`
	Before    []Answer     `json:"before,omitempty"` // answers that an appeal overturned
	Notes     []Note       `json:"notes,omitempty"`
}

// Details are what is demanded in particular.
type Details struct {
	Text       string                     `json:"text,omitempty"`
	Values     map[string]json.RawMessage `json:"values,omitempty"`     // correct, supplement: how it should be
	Categories []string                   `json:"categories,omitempty"` // the list of the data
	Consent    ident.ID                   `json:"consent,omitzero"`     // withdraw: this one alone
	Scopes     []string                   `json:"scopes,omitempty"`     // withdraw: these alone
	Cause      string                     `json:"cause,omitempty"`      // destroy: without-consent; public-removal: a cause of law.Cost
	Contact    string                     `json:"contact,omitempty"`
}

// Paper is a document that came with a demand, without what is in it.
type Paper struct {
	Name   string `json:"name"`
	Size   int    `json:"size,omitempty"`
	Digest string `json:"digest,omitempty"` // SHA-256, hex; empty where it is only named
}

// Note is a reason that somebody of the staff gave.
type Note struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Text string    `json:"text"`
}

// Document is a paper with its content.
type Document struct {
	Name    string
	Content []byte // sealed, once it is kept
}

// Limits of what a demand may hold.
const (
	MaxDocuments = 8
	MaxDocument  = 5 << 20
	maxText      = 4000 // bytes
	maxName      = 200
	maxList      = 50
)

// Answer is what the subject was told.
type Answer struct {
	At        time.Time     `json:"at"`
	Outcome   Status        `json:"outcome"` // fulfilled, refused
	Language  locale.Lang   `json:"language"`
	Text      string        `json:"text"`
	Provision law.Provision `json:"provision"`
	Done      []Did         `json:"done"`
	Kept      []Kept        `json:"kept"`
	Facts     *Facts        `json:"facts,omitempty"`     // of a confirmation or copy
	CopyUntil time.Time     `json:"copyUntil,omitzero"`  // until when the copy can be fetched
	Cost      string        `json:"cost,omitempty"`      // who bears the cost of a removal from public sources
	CostBy    law.Provision `json:"costBy,omitempty"`    // that says so
	Disputed  string        `json:"disputed,omitempty"`  // who decides where the parties do not agree on it
	Sources   []Source      `json:"sources,omitempty"`   // that the data was taken out of
	Reasons   string        `json:"reasons,omitempty"`   // of a refusal
	Act       *ident.ID     `json:"act,omitempty"`       // of destruction
	Confirmed *bool         `json:"confirmed,omitempty"` // of a block: whether the breach was
}

// Source is a public source that data was taken out of.
type Source struct {
	Publication ident.ID  `json:"publication"`
	Name        string    `json:"name"`
	Categories  []string  `json:"categories"`
	Removed     time.Time `json:"removed"`
}

// Did is one thing that was done, and the entry that proves it.
type Did struct {
	What       string   `json:"what"`
	Categories []string `json:"categories,omitempty"`
	Purposes   []string `json:"purposes,omitempty"`
	Consent    ident.ID `json:"consent,omitzero"`
	Entry      ident.ID `json:"entry,omitzero"`
}

// Kept is what had to stay, by which provision and until when.
type Kept struct {
	Categories []string      `json:"categories"`
	Provision  law.Provision `json:"provision"`
	Purpose    string        `json:"purpose"`
	Until      time.Time     `json:"until"`
}

// Facts are what Art. 24(1)1 lets a subject know.
type Facts struct {
	Held     bool          `json:"held"`
	State    string        `json:"state"`
	Data     []Datum       `json:"data"`
	Purposes []PurposeFact `json:"purposes"`
}

// Datum is a category that is held, without its value.
type Datum struct {
	Category string    `json:"category"`
	Name     string    `json:"name"`
	Purpose  string    `json:"purpose"` // that it was collected for
	Source   string    `json:"source"`  // where it came from, in words
	Since    time.Time `json:"since"`
	Versions int       `json:"versions"`
}

// PurposeFact is what the data is processed for, how, how long, and who gets it.
type PurposeFact struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Basis      law.Provision `json:"basis,omitempty"` // empty: consent
	Methods    []string      `json:"methods"`         // actions, by name
	Categories []string      `json:"categories"`
	Until      *time.Time    `json:"until,omitempty"` // of the consent, where it has an end
	Storage    string        `json:"storage"`         // period after the end, ISO 8601
	Recipients []string      `json:"recipients"`      // with their numbers
}

// check refuses details that cannot be meant, before anything lands.
func (d *Details) check(k Kind, reg *register.Register) error {
	switch {
	case len(d.Text) > maxText:
		return fault.Bad("details.text", "too-long", "max", maxText)
	case len(d.Contact) > maxName:
		return fault.Bad("details.contact", "too-long", "max", maxName)
	case len(d.Categories) > maxList:
		return fault.Bad("details.categories", "too-many-items", "max", maxList)
	case len(d.Values) > maxList:
		return fault.Bad("details.values", "too-many-items", "max", maxList)
	case d.Cause != "" && k != PublicRemoval && (d.Cause != Unconsented || k != Destroy):
		return fault.Bad("details.cause", "bad-enum", "allowed", Unconsented)
	case len(d.Values) > 0 && k != Correct && k != Supplement:
		return fault.Bad("details.values", "values-unexpected")
	case (len(d.Scopes) > 0 || !d.Consent.IsZero()) && k != Withdraw:
		return fault.Bad("details.scopes", "request-detail-unexpected")
	}
	if reg == nil {
		return fault.New(fault.Conflict, "register-absent")
	}
	for _, c := range d.Categories {
		if _, ok := reg.Category(c); !ok {
			return fault.Bad("details.categories", "category-absent")
		}
	}
	for c := range d.Values {
		if _, ok := reg.Category(c); !ok {
			return fault.Bad("details.values", "category-absent")
		}
	}
	return d.needs(k)
}

// needs refuses a demand that leaves out what the Law wants it to say.
func (d *Details) needs(k Kind) error {
	switch k {
	case Correct, Supplement:
		if len(d.Values) == 0 && d.Text == "" {
			return fault.Bad("details", "request-values")
		}
	case Block, Complaint: // word of a breach
		if d.Text == "" {
			return fault.Bad("details", "request-text")
		}
	case StopDissemination: // "with name, contact and the list of data"
		if len(d.Categories) == 0 && d.Text == "" {
			return fault.Bad("details.categories", "request-list")
		}
	default:
	}
	return nil
}

// checkPapers refuses what is too much, and names that mean anything to a file
// system or a page.
func checkPapers(docs []Document) error {
	if len(docs) > MaxDocuments {
		return fault.Bad("documents", "too-many-items", "max", MaxDocuments)
	}
	for i := range docs {
		switch d := &docs[i]; {
		case d.Name == "" || len(d.Name) > maxName || hostile(d.Name):
			return fault.Bad(place("documents", i)+".name", "request-document-name")
		case len(d.Content) > MaxDocument:
			return &fault.Error{Kind: fault.TooLarge, Code: "request-document-size", Field: place("documents", i), Args: []any{"mebibytes", MaxDocument >> 20}}
		}
	}
	return nil
}

func hostile(name string) bool {
	if name[0] == '.' || strings.TrimSpace(name) != name {
		return true
	}
	return strings.ContainsFunc(name, func(r rune) bool {
		switch {
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xfffd:
			return true // controls
		case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
			return true // what is not seen, or turns the rest round
		}
		return strings.ContainsRune(`/\:*?"<>|`, r)
	})
}
