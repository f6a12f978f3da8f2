package consent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/register"
)

// RequestStatus is where a question put to a subject stands.
//
//	pending ─▶ given · refused · expired (nobody answered) · cancelled (by who asked)
type RequestStatus string

// The statuses of a request.
const (
	Pending        RequestStatus = "pending"
	Given          RequestStatus = "given"
	Refused        RequestStatus = "refused"
	ExpiredRequest RequestStatus = "expired"
	Cancelled      RequestStatus = "cancelled"
)

// Request is a question put to a subject: may this be done with your data? The
// subject sees all of it, can narrow it, gives or refuses. A refusal is kept.
type Request struct {
	ID      ident.ID
	Subject ident.ID // internal
	Org     ident.ID // whose consent it would be
	Asker   ident.ID // who asks: the same organization, or a third party
	Version int64
	Status  RequestStatus
	Ask     Asked
	Created time.Time
	Expires time.Time // nobody answers later
	Ended   time.Time // answered, expired or cancelled; zero while pending
	Shown   []Shown
	Consent ident.ID // that was given
	// Register is the version of the description that the question was put by.
	Register int
	// Sealed is Note under the subject's journal key.
	Sealed []byte
}

// Asked is what is asked for. It names ids of the register and no data.
type Asked struct {
	Terms
	Optional []string  `json:"optional,omitempty"` // categories that may be left out; unticked at first
	Until    time.Time `json:"until,omitzero"`     // of the consent; zero: until the purposes are reached
	// Evidence is the least evidence of the answer, beside what the description
	// demands: register.ByCode, register.BySignature; empty for any.
	Evidence string `json:"evidence,omitempty"`
	// Replaces is the consent that is asked for again, wider; zero for none.
	Replaces ident.ID `json:"replaces,omitzero"`
	// Counter: the subject stands before a clerk. Number is the one that the clerk
	// sees, among those that the subject is shown.
	Number  int   `json:"number,omitempty"`
	Choices []int `json:"choices,omitempty"`
	Missed  int   `json:"missed,omitempty"` // times that another number was chosen
	// Entry tells in the journal that it was asked.
	Entry ident.ID `json:"entry,omitzero"`
}

// Note is what of a request may tell of the person or the asker's affairs.
type Note struct {
	Message  string `json:"message,omitempty"`
	Callback string `json:"callback,omitempty"`
	Reason   string `json:"reason,omitempty"` // of a refusal
	// Code waits to be typed in; nil for none.
	Code *SentCode `json:"code,omitempty"`
}

// Shown is that the text was before the subject: apart from what the subject
// then chose.
type Shown struct {
	At       time.Time `json:"at"`
	Language string    `json:"language"`
	TextHash string    `json:"textHash"`
	Entry    ident.ID  `json:"entry"`
}

// StatusAt is the status at a moment: a request past its term is expired before
// anybody writes that down.
func (r *Request) StatusAt(now time.Time) RequestStatus {
	if r.Status == Pending && !now.Before(r.Expires) {
		return ExpiredRequest
	}
	return r.Status
}

// shown reports whether a text was before the subject.
func (r *Request) shown(hash string) bool {
	return slices.ContainsFunc(r.Shown, func(x Shown) bool { return x.TextHash == hash })
}

// Same reports whether another question asks for the same.
func (a *Asked) Same(b *Asked) bool {
	x, y := *a, *b
	x.Number, x.Choices, x.Missed, y.Number, y.Choices, y.Missed = 0, nil, 0, 0, nil, 0
	x.Entry, y.Entry = ident.ID{}, ident.ID{}
	p, errP := json.Marshal(x)
	q, errQ := json.Marshal(y)
	return errP == nil && errQ == nil && bytes.Equal(p, q)
}

// move takes a pending request to its end. A fault.Conflict means that it has
// ended already.
func (r *Request) move(to RequestStatus, by string, now time.Time) (*Request, error) {
	from := r.StatusAt(now)
	if to == ExpiredRequest {
		from = r.Status // the step that writes it down
	}
	if err := RequestMachine.next("", from, to, by, "request-answered"); err != nil {
		return nil, err
	}
	n := *r
	n.Version++
	n.Status, n.Ended = to, now
	return &n, nil
}

// Choice is what the subject gives of what was asked. What is nil is given as it
// was asked, but for optional data, which is given only where it is named.
type Choice struct {
	Purposes      []string
	Categories    []string
	ThirdParties  []string
	Countries     []string
	PublicSources *bool
	Until         time.Time // earlier than asked, or zero
	Conditions    []Said    // on dissemination, where the subject sets any
	// Fit: what only a purpose that was taken out would need goes with it. A form
	// has it ticked still.
	Fit bool
}

// narrow is what is left of a question after the subject's choice. It never
// widens; a category that a chosen purpose cannot do without is not left out.
func (a *Asked) narrow(c *Choice, reg *register.Register, now time.Time) (Terms, time.Time, error) {
	t := a.Terms
	until := a.Until
	for _, part := range []struct {
		field  string
		asked  *[]string
		chosen []string
	}{
		{"purposes", &t.Purposes, c.Purposes}, {"thirdParties", &t.ThirdParties, c.ThirdParties}, {"countries", &t.Countries, c.Countries},
	} {
		if part.chosen == nil {
			continue
		}
		if i := outside(part.chosen, *part.asked); i >= 0 {
			return t, until, fault.Bad(fmt.Sprintf("%s[%d]", part.field, i), "not-asked")
		}
		*part.asked = sorted(part.chosen)
	}
	if len(t.Purposes) == 0 {
		return t, until, fault.Bad("purposes", "choice-empty")
	}
	if c.Fit || c.ThirdParties == nil {
		t.ThirdParties = only(t, reg, t.ThirdParties, func(p *register.Entry, bin string) bool { return p.Recipient(bin) != nil })
	}
	if c.Fit || c.Countries == nil {
		t.Countries = only(t, reg, t.Countries, func(p *register.Entry, code string) bool { return slices.Contains(p.CrossBorder, code) })
	}
	var err error
	if t.Categories, err = a.categories(c.Categories, t.Purposes, reg); err != nil {
		return t, until, err
	}
	if c.PublicSources != nil {
		if *c.PublicSources && !a.PublicSources {
			return t, until, fault.Bad("publicSources", "not-asked")
		}
		t.PublicSources = *c.PublicSources
	}
	if c.Fit || c.PublicSources == nil {
		t.PublicSources = t.PublicSources && len(only(t, reg, []string{""}, func(p *register.Entry, _ string) bool { return p.Public })) > 0
	}
	if !c.Until.IsZero() {
		if !until.IsZero() && c.Until.After(until) {
			return t, until, fault.Bad("validUntil", "not-asked")
		}
		if !c.Until.After(now) {
			return t, until, fault.Bad("validUntil", "time-past")
		}
		until = c.Until
	}
	return t, until, nil
}

// only keeps what one of the chosen purposes declares.
func only(t Terms, reg *register.Register, list []string, declares func(p *register.Entry, id string) bool) []string {
	var out []string
	for _, id := range list {
		if slices.ContainsFunc(t.Purposes, func(purpose string) bool {
			p := reg.Purpose(purpose)
			return p != nil && declares(p, id)
		}) {
			out = append(out, id)
		}
	}
	return out
}

// categories are those of the chosen purposes: all that were asked, without the
// optional ones that the subject did not tick.
func (a *Asked) categories(chosen, purposes []string, reg *register.Register) ([]string, error) {
	if i := outside(chosen, a.Categories); i >= 0 {
		return nil, fault.Bad(fmt.Sprintf("categories[%d]", i), "not-asked")
	}
	var out []string
	for _, id := range a.Categories {
		if !neededBy(id, purposes, reg) {
			continue
		}
		ticked := slices.Contains(chosen, id)
		switch optional := slices.Contains(a.Optional, id); {
		case ticked, chosen == nil && !optional:
			out = append(out, id)
		case !optional:
			return nil, fault.Bad("categories", "category-required", "id", id)
		}
	}
	return out, nil
}

func neededBy(category string, purposes []string, reg *register.Register) bool {
	for _, id := range purposes {
		if p := reg.Purpose(id); p != nil {
			if _, ok := p.Category(category); ok {
				return true
			}
		}
	}
	return false
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
