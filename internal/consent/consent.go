// Package consent is the subject's agreement to what an operator does with the
// data (Art. 8): what it covers, how it was obtained and proven, and how it
// ends. A consent holds all eight elements of Art. 8(4). It never widens: a
// wider need is a new consent. Its life is the table in machine.go.
//
//	active ⇄ paused ─▶ withdrawn (whole, or part by part) · expired · superseded · ended
package consent

import (
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/represent"
)

// Status is where a consent stands.
type Status string

// The statuses of a consent that was given.
const (
	Active     Status = "active"
	Paused     Status = "paused"
	Withdrawn  Status = "withdrawn"
	Expired    Status = "expired"
	Superseded Status = "superseded" // a later consent to the same purposes took its place
	Ended      Status = "ended"      // the data was destroyed, the subject or the organization is gone
)

// Statuses are all of them.
var Statuses = []Status{Active, Paused, Withdrawn, Expired, Superseded, Ended}

// Scope is what a consent extends to; each can be withdrawn on its own
// (Art. 24(1)5).
type Scope uint8

// The scopes.
const (
	Process Scope = 1 << iota
	Transfer
	CrossBorder
	PublicSources
)

// AllScopes is a whole consent.
const AllScopes = Process | Transfer | CrossBorder | PublicSources

var scopeNames = []string{"process", "transfer", "crossBorder", "publicSources"}

// Names lists the scopes in the set.
func (s Scope) Names() []string {
	out := []string{}
	for i, n := range scopeNames {
		if s&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// ParseScopes reads a list of scopes; an empty one is all of them.
func ParseScopes(names []string) (Scope, error) {
	if len(names) == 0 {
		return AllScopes, nil
	}
	var s Scope
	for _, n := range names {
		i := slices.Index(scopeNames, n)
		if i < 0 {
			return 0, fault.Bad("scopes", "bad-enum", "allowed", strings.Join(scopeNames, ", "))
		}
		s |= 1 << i
	}
	return s, nil
}

// Terms are what the subject agreed to: elements 4 to 7 of Art. 8(4). Values
// are ids of the operator's register, never a person's data.
type Terms struct {
	Purposes      []string `json:"purposes"`
	Categories    []string `json:"categories"`
	ThirdParties  []string `json:"thirdParties,omitempty"` // BINs, element 4
	Countries     []string `json:"countries,omitempty"`    // element 5
	PublicSources bool     `json:"publicSources,omitempty"`
	// Conditions are what the subject has set on what everybody may do with
	// published data; their words are sealed with the proof.
	Conditions []Condition `json:"conditions,omitempty"`
}

// Covers reports whether the consent is to the purpose.
func (t *Terms) Covers(purpose string) bool { return slices.Contains(t.Purposes, purpose) }

// Consent is one agreement.
type Consent struct {
	ID      ident.ID
	Subject ident.ID // internal
	Org     ident.ID
	Version int64
	Status  Status
	Scopes  Scope // what is left of it
	Given   time.Time
	Until   time.Time // zero: until the purposes are reached (element 3)
	Terms   *Terms
	History []Change
	// Language and TextHash name the text that was shown.
	Language string
	TextHash string
	Register int // version of the operator's description it was given under
	// Sealed is Proof under the subject's journal key: it outlives the data.
	Sealed []byte
	// Files are what proves it besides, each sealed in its place. They are given
	// with a new consent and read apart: see [Store].
	Files [][]byte
}

// StatusAt is the status at a moment: a consent past its term is expired even
// before the nightly work writes it down.
func (c *Consent) StatusAt(now time.Time) Status {
	if (c.Status == Active || c.Status == Paused) && !c.Until.IsZero() && !now.Before(c.Until) {
		return Expired
	}
	return c.Status
}

// At is the consent as it was at a moment; false where it had not been given.
func (c *Consent) At(t time.Time) (*Consent, bool) {
	if c.Given.After(t) {
		return nil, false
	}
	n := *c
	n.Scopes, n.Status = AllScopes, Active
	n.Terms, n.Until = c.before(t)
	for i, step := range c.History {
		if step.At.After(t) {
			n.History = c.History[:i:i]
			break
		}
		n.Status = step.Status
		if s, err := ParseScopes(step.Scopes); err == nil && len(step.Scopes) > 0 {
			n.Scopes &^= s
		}
	}
	n.Scopes &= granted(n.Terms)
	return &n, true
}

// before is what the terms were at a moment: each step that changed them keeps
// those that were before it.
func (c *Consent) before(t time.Time) (*Terms, time.Time) {
	for _, step := range c.History {
		if step.Was != nil && step.At.After(t) {
			return &step.Was.Terms, step.Was.Until
		}
	}
	return c.Terms, c.Until
}

// Original is what was given at first.
func (c *Consent) Original() (*Terms, time.Time) { return c.before(time.Time{}) }

// Left lists purposes that a step took out of the consent, with when: what was
// collected for them stays for its term.
func (c *Consent) Left() []LeftPurpose {
	var out []LeftPurpose
	for i, step := range c.History {
		if step.Was == nil {
			continue
		}
		after := c.Terms
		for _, later := range c.History[i+1:] {
			if later.Was != nil {
				after = &later.Was.Terms
				break
			}
		}
		for _, id := range step.Was.Purposes {
			if !after.Covers(id) {
				out = append(out, LeftPurpose{id, step.At})
			}
		}
	}
	return out
}

// ExtendedBy reports whether a step let the consent last longer.
func (c *Consent) ExtendedBy(step int) bool {
	was := c.History[step].Was
	if was == nil || was.Until.IsZero() {
		return false
	}
	_, until := c.before(c.History[step].At)
	return until.After(was.Until)
}

// LeftPurpose is a purpose that a consent no longer covers, since when.
type LeftPurpose struct {
	ID string
	At time.Time
}

// EndedAt is when the consent stopped to cover processing; zero while it does.
func (c *Consent) EndedAt(now time.Time) time.Time {
	switch c.StatusAt(now) {
	case Active, Paused:
		return time.Time{}
	case Expired:
		return c.Until
	default:
		return c.History[len(c.History)-1].At
	}
}

// Change is one step in a consent's life.
type Change struct {
	At     time.Time `json:"at"`
	Status Status    `json:"status"`
	Scopes []string  `json:"scopes,omitempty"` // withdrawn by this step
	By     string    `json:"by"`               // subject, representative, operator, service
	Entry  ident.ID  `json:"entry"`            // in the journal
	// Was is what the terms were before a step that changed them.
	Was *Revision `json:"was,omitempty"`
}

// Revision is what a consent said for a time.
type Revision struct {
	Terms
	Until time.Time `json:"until,omitzero"`
}

// Proof is how the receipt of a consent is confirmed (Art. 8(1), 25(2)5). It
// names the person and stays sealed.
type Proof struct {
	Name     string            `json:"name"` // element 2
	Channel  string            `json:"channel"`
	TextHash string            `json:"textHash,omitempty"` // of the text the operator showed, as it told us
	Document string            `json:"document,omitempty"`
	Obtained time.Time         `json:"obtained"`
	Other    map[string]string `json:"other,omitempty"` // element 8
	Reasons  []string          `json:"reasons,omitempty"`
	// Conditions are the subject's own words on dissemination, by category.
	Conditions map[string]string `json:"conditions,omitempty"`
	// Representative gave the consent for the subject, nil for none.
	Representative *Representative `json:"representative,omitempty"`
	// Signature is what was found of an electronic signature under the text.
	Signature *Signature `json:"signature,omitempty"`
	// Standing is whose word all this is.
	Standing Standing `json:"standing,omitempty"`
	// Code is the one-time code that confirmed it; nil for none.
	Code *Code `json:"code,omitempty"`
	// Files are told of here; their content is sealed beside the consent.
	Files []File `json:"files,omitempty"`
}

// Representative is who gave a consent for its subject.
type Representative struct {
	ID       ident.ID       `json:"id"`   // of the representation, as the operator knows it
	Kind     represent.Kind `json:"kind"` // parent, guardian, attorney
	Name     string         `json:"name,omitempty"`
	Recorder string         `json:"recordedBy,omitempty"` // kind and token of who wrote it down
}

// StateService is the channel of a consent that the state service confirmed: the
// only one for data in state systems (Art. 8(1), 10(4)).
const StateService = "state-service"

// Channels are the ways a consent may have been obtained.
var Channels = []string{"form", "paper", "email", Signed, OneTime, "api", StateService, Cabinet}

// Signed is the channel of a consent with an electronic signature under its text.
const Signed = "signature"

// Cabinet is the channel of a consent that the subject gave here, signed in.
const Cabinet = "cabinet"

// Withdraw takes scopes back (Art. 8(1), 24(1)5). Without process the consent
// is withdrawn whole. The consent given is not touched; a fault.Conflict means
// that there is nothing left to withdraw.
func (c *Consent) Withdraw(s Scope, now time.Time, by string, entry ident.ID) (*Consent, error) {
	from, to := c.StatusAt(now), c.StatusAt(now)
	if s&Process != 0 {
		to = Withdrawn
	}
	if err := ConsentMachine.next("consent.withdraw", from, to, by, "consent-not-active"); err != nil {
		return nil, err
	}
	if c.Scopes&s == 0 {
		return nil, fault.New(fault.Conflict, "scope-not-given")
	}
	n := *c
	taken := c.Scopes & s
	if s&Process != 0 {
		taken = c.Scopes
	}
	n.Status = to
	n.Scopes &^= taken
	return n.step(Change{At: now, Status: n.Status, Scopes: taken.Names(), By: by, Entry: entry}), nil
}

// Move takes the consent to a status: pause, resume, expire, supersede, end.
func (c *Consent) Move(to Status, now time.Time, by string, entry ident.ID) (*Consent, error) {
	from := c.StatusAt(now)
	if to == Expired {
		from = c.Status // the step that writes the expiry down
	}
	if to == Withdrawn || from == to { // not by this way
		return nil, fault.New(fault.Conflict, "consent-not-active", "status", string(from))
	}
	if err := ConsentMachine.next("", from, to, by, "consent-not-active"); err != nil {
		return nil, err
	}
	n := *c
	n.Status = to
	return n.step(Change{At: now, Status: to, By: by, Entry: entry}), nil
}

func (c *Consent) step(ch Change) *Consent {
	c.Version++
	c.History = append(slices.Clip(c.History), ch)
	return c
}
