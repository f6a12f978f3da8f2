// Package kdp asks the state service of control over access to personal data
// (Art. 8-1; KDP for short) for a person's consent, so that an operator may take
// data from state systems: the service asks the person, by SMS, in the cabinet or
// the phone, and hands out a token that a state system takes for the consent.
//
// Nobody has published how the service is called. What is known comes from others
// who call it, so each detail is a setting with a mark of how sure it is
// (settings.yaml), and two forms stand behind one [Client]: through the state
// credit bureau (scb.go), and through the gateway of e-government (shep.go). A
// simulator of both is in kdpsim.
//
//	pending ─▶ valid · invalid · timeout · not_found · error
//
// A question is journaled before it is put; if power fails after that it is
// pending, and is put once more. The token opens state systems: it is sealed under
// the key of the person and the organization, stands in no log and no entry, and is
// handed out only while the gate would permit to collect. A withdrawal of the
// consent here takes it away in the same write.
package kdp

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"kelisim/internal/ident"
)

// Status is where a request stands.
type Status string

// The statuses: those that others name of the service.
const (
	Pending  Status = "pending"
	Valid    Status = "valid"
	Invalid  Status = "invalid" // refused, withdrawn, or its term is over
	Timeout  Status = "timeout" // the person did not answer
	NotFound Status = "not_found"
	Failed   Status = "error"
)

// Statuses are all of them.
var Statuses = []Status{Pending, Valid, Invalid, Timeout, NotFound, Failed}

// Initiator is who asks, as the person is told.
type Initiator struct {
	Name        string `json:"name"`
	BIN         string `json:"bin"`
	Responsible string `json:"responsible,omitempty"` // unit or person
	Employee    string `json:"employee,omitempty"`
}

// Request is one question to the state service.
type Request struct {
	ID      ident.ID
	Subject ident.ID // internal
	Org     ident.ID
	Version int64
	Status  Status
	Purpose string // of the register: whose consent lets the token be used
	Created time.Time
	Ended   time.Time // answered, withdrawn or given up; zero while pending
	Expires time.Time // of the token
	Asked   time.Time // the last time that the service was asked
	Next    time.Time // when to look again: at the answer, or at the end of the token
	Tries   int
	Trouble Trouble // why the last try brought no answer

	// Sealed is Content, Secret is Secrets; both under the data key of the subject
	// and the organization, which is under the organization's: they go with the data.
	Sealed []byte
	Secret []byte
	Content
}

// Content is what is asked.
type Content struct {
	Initiator Initiator     `json:"initiator"`
	Services  []string      `json:"services"` // keys of the services that the token is for
	Data      []string      `json:"data,omitempty"`
	ValidFor  time.Duration `json:"validFor"`
	OmitSMS   bool          `json:"omitSms,omitempty"`
	Check     string        `json:"check,omitempty"`   // how the person was checked instead
	Message   string        `json:"message,omitempty"` // of the service, to the answer
}

// secrets are of use to whoever steals them: the IIN only as long as it is asked
// about, the token only as long as it is valid.
type secrets struct {
	IIN       string `json:"iin,omitempty"`
	Token     string `json:"token,omitempty"`
	PublicKey string `json:"publicKey,omitempty"`
}

// StatusAt is the status at a moment: a token past its term is none, before
// anybody writes that down.
func (r *Request) StatusAt(now time.Time) Status {
	if r.Status == Valid && !now.Before(r.Expires) {
		return Invalid
	}
	return r.Status
}

// open reports whether a request still has something to come of it.
func (r *Request) open(now time.Time) bool {
	s := r.StatusAt(now)
	return s == Pending || s == Valid
}

// same reports whether two requests ask the same of the same person. State systems
// look a token up by subject, service, initiator and department.
func (r *Request) same(o *Request) bool {
	return r.Purpose == o.Purpose && r.Initiator.Responsible == o.Initiator.Responsible &&
		slices.Equal(r.Services, o.Services) && slices.Equal(r.Data, o.Data)
}

// sum is what of a token stands in the journal: whoever holds the token can show
// that it was this one, and nobody gets it from there.
func sum(token string) []byte {
	s := sha256.Sum256([]byte(token))
	return s[:]
}

// Question is a request as it goes out.
type Question struct {
	Number ident.ID // of the request: the same each time it is put
	IIN    string
	Content
}

// Answer is what came back.
type Answer struct {
	Status    Status
	Token     string
	PublicKey string
	Message   string // may tell of the person
}

// Client is a form in which the state service is asked. An error is a [Trouble]:
// there was no answer, and it is asked again later.
type Client interface {
	// Ask puts a question.
	Ask(ctx context.Context, q *Question) (*Answer, error)
	// Status asks what became of it. Both forms that are known do that by the same
	// call once more.
	Status(ctx context.Context, q *Question) (*Answer, error)
	// History asks what the service keeps of a person in a period, as it tells it. A
	// form that has no such call refuses.
	History(ctx context.Context, p *Period) (string, error)
	// Withdrawn tells that a consent that was asked for was taken back here, where the
	// settings name a call; the number of the question ties the two together.
	Withdrawn(ctx context.Context, q *Question) error
}

// Period is what the history of a person is asked for.
type Period struct {
	BIN      string // who asks
	IIN      string
	From, To time.Time
}

// Trouble is why there is no answer. It names no data and nothing that a stranger
// sent.
type Trouble string

// The troubles.
const (
	NoAnswer Trouble = "no-answer" // unreachable, or too slow
	Refused  Trouble = "refused"   // our account or signature is not taken
	Faulty   Trouble = "fault"     // the service answered with a fault of SOAP
	Garbled  Trouble = "garbled"   // what came back is no answer
	Unsigned Trouble = "unsigned"  // or not signed by the gateway
)

func (t Trouble) Error() string { return "kdp: " + string(t) }
