package consent

import (
	"fmt"
	"slices"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/represent"
)

// The life of a question and of a consent, each as one table. Every change goes
// through it: a step that has no line here does not happen, whoever asks for it.
// The drawing in docs/consent.md is made from the tables.

// Who may take a step.
type Who string

// Those who may.
const (
	BySubject        Who = "subject"
	ByRepresentative Who = "representative" // of the subject, within the scope of the representation
	ByOperator       Who = "operator"       // its systems and staff, on what the subject gave in writing
	ByAuthority      Who = "authority"      // the authorised body
	ByService        Who = "service"        // Kelisim itself, when a term ends or a fact makes it so
)

// whoOf is who an actor of the journal is.
func whoOf(actor string) Who {
	switch actor {
	case string(BySubject), string(ByAuthority), string(ByService):
		return Who(actor)
	case represent.ActorKind:
		return ByRepresentative
	default:
		return ByOperator
	}
}

//go:generate go test -run TestDrawing -update

// Transition is a step: what the journal calls it, whence and where to, who may
// take it, and the provision of the Law that it rests on.
type Transition[S ~string] struct {
	Action    string
	From      []S // none: it begins here
	To        S   // empty: it stays where it is
	Who       []Who
	Provision string
}

// Machine is all steps there are.
type Machine[S ~string] []Transition[S]

var (
	person   = []Who{BySubject, ByRepresentative}
	anyParty = []Who{BySubject, ByRepresentative, ByOperator}
	// Kelisim itself goes on with what a subject has demanded: see package request.
	withdrawers = []Who{BySubject, ByRepresentative, ByOperator, ByService}
	service     = []Who{ByService}
	standing    = []Status{Active, Paused}
	waiting     = []RequestStatus{Pending}
)

// RequestMachine is the life of a question.
var RequestMachine = Machine[RequestStatus]{
	{"consent.ask", nil, Pending, []Who{ByOperator, ByService}, "8(4)"}, // by itself: when a purpose has widened
	{"consent.show", waiting, "", person, "8(4)"},
	{"consent.mismatch", waiting, "", person, "8(1)"},   // another number than the clerk's was chosen
	{"consent.code", waiting, "", person, "8(1)"},       // a one-time code was sent
	{"consent.code-wrong", waiting, "", person, "8(1)"}, // and another was typed in
	{"consent.give", waiting, Given, person, "8(1)"},
	{"consent.refuse", waiting, Refused, person, "7(1)"},
	{"consent.cancel", waiting, Cancelled, anyParty, "8(1)"}, // by a person: after the third wrong number
	{"consent.unanswered", waiting, ExpiredRequest, service, "8(4)3"},
}

// ConsentMachine is the life of a consent.
var ConsentMachine = Machine[Status]{
	{"consent.give", nil, Active, anyParty, "8(1)"},
	{"consent.pause", []Status{Active}, Paused, person, "24(1)5"},
	{"consent.resume", []Status{Paused}, Active, person, "8(1)"},
	{"consent.withdraw", standing, "", withdrawers, "24(1)5"}, // a part of it
	{"consent.withdraw", standing, Withdrawn, withdrawers, "8(1)"},
	{"consent.narrow", standing, "", person, "24(1)5"},
	{"consent.extend", standing, "", person, "8(4)3"},
	{"consent.expire", standing, Expired, service, "8(4)3"},
	{"consent.supersede", standing, Superseded, service, "8(1)"}, // lands with the consent that takes its place
	{"consent.end", standing, Ended, service, "18(1)"},           // data destroyed, subject or organization gone
}

// next checks that somebody may go from one status to another by an action; any
// action where none is named. A fault.Conflict means that nobody may; closed is
// its code.
func (m Machine[S]) next(action string, from, to S, actor, closed string) error {
	who, known := whoOf(actor), false
	for i := range m {
		t := &m[i]
		if action != "" && t.Action != action || !slices.Contains(t.From, from) || t.To != to && (t.To != "" || from != to) {
			continue
		}
		if slices.Contains(t.Who, who) {
			return nil
		}
		known = true
	}
	if known {
		return fault.New(fault.Forbidden, "forbidden")
	}
	return fault.New(fault.Conflict, closed, "status", string(from))
}

// begin checks that somebody may take a step that begins a life.
func (m Machine[S]) begin(action, actor string) error {
	who := whoOf(actor)
	for i := range m {
		if m[i].Action == action && m[i].From == nil && slices.Contains(m[i].Who, who) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "forbidden")
}

// Draw is the machine as a Mermaid diagram and as a table.
func (m Machine[S]) Draw() string {
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	leads := map[S]bool{}
	for _, t := range m {
		from := t.From
		if from == nil {
			from = []S{"[*]"}
		}
		for _, f := range from {
			leads[f] = true
			to := t.To
			if to == "" {
				to = f
			}
			fmt.Fprintf(&b, "    %s --> %s: %s\n", f, to, short(t.Action))
		}
	}
	seen := map[S]bool{}
	for _, t := range m {
		if t.To != "" && !leads[t.To] && !seen[t.To] {
			seen[t.To] = true
			fmt.Fprintf(&b, "    %s --> [*]\n", t.To)
		}
	}
	b.WriteString("```\n\n| step | from | to | who may | provision |\n|---|---|---|---|---|\n")
	for _, t := range m {
		from, to := joined(t.From), string(t.To)
		if from == "" {
			from = "–"
		}
		if to == "" {
			to = "the same"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", t.Action, from, to, joined(t.Who), t.Provision)
	}
	return b.String()
}

func short(action string) string { return strings.TrimPrefix(action, "consent.") }

func joined[S ~string](list []S) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return strings.Join(out, ", ")
}
