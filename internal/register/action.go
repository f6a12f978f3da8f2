package register

import (
	"strings"

	"kelisim/internal/fault"
)

// Action is something done with personal data that the gate knows by name
// (Art. 1(12), 8-1(2)3). The zero value is none.
type Action uint8

// The actions.
const (
	Collect Action = 1 + iota
	Accumulate
	Store
	View
	Use
	Change
	Supplement
	Transfer
	Disseminate
	CrossBorder
	Depersonalise
	Block
	Unblock
	Destroy
	Access
)

var actionNames = [...]string{
	Collect: "collect", Accumulate: "accumulate", Store: "store", View: "view", Use: "use",
	Change: "change", Supplement: "supplement", Transfer: "transfer", Disseminate: "disseminate",
	CrossBorder: "crossBorder", Depersonalise: "depersonalise", Block: "block", Unblock: "unblock",
	Destroy: "destroy", Access: "access",
}

// actionAliases are words of operators' policies for the same actions.
var actionAliases = map[string]Action{
	"record": Accumulate, "systematise": Accumulate, "clarify": Change,
	"extract": Use, "delete": Destroy, "cross-border": CrossBorder,
}

var actionsByName = func() map[string]Action {
	m := map[string]Action{}
	for _, a := range AllActions() {
		m[a.String()] = a
	}
	for name, a := range actionAliases {
		m[name] = a
	}
	return m
}()

// AllActions lists the actions in the order of the Law.
func AllActions() []Action {
	all := make([]Action, 0, len(actionNames)-1)
	for a := Collect; int(a) < len(actionNames); a++ {
		all = append(all, a)
	}
	return all
}

// ParseAction reads the name of an action or one of its aliases.
func ParseAction(name string) (Action, bool) {
	a, ok := actionsByName[name]
	return a, ok
}

// String is the name of the action, "none" where it is not one.
func (a Action) String() string {
	if a == 0 || int(a) >= len(actionNames) {
		return "none"
	}
	return actionNames[a]
}

// MarshalText writes the name.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a name or an alias.
func (a *Action) UnmarshalText(text []byte) error {
	found, ok := ParseAction(string(text))
	if !ok {
		return fault.New(fault.Invalid, "action-unknown", "near", Nearest(string(text), actionNames[1:]))
	}
	*a = found
	return nil
}

// Actions is a set of actions.
type Actions uint16

// Duties are the actions that need no declaring: an operator owes them to the
// subject (Art. 12(2), 18, 25(2)8), so no description can take them away.
const Duties = Actions(1<<Store | 1<<Block | 1<<Unblock | 1<<Destroy)

// ActionSet is the set of the actions listed.
func ActionSet(list ...Action) Actions {
	var s Actions
	for _, a := range list {
		s |= 1 << a
	}
	return s
}

// Has reports whether a is in the set.
func (s Actions) Has(a Action) bool { return a != 0 && s&(1<<a) != 0 }

// List is the set in the order of the Law.
func (s Actions) List() []Action {
	var list []Action
	for _, a := range AllActions() {
		if s.Has(a) {
			list = append(list, a)
		}
	}
	return list
}

// String lists the names, for people who debug.
func (s Actions) String() string {
	var names []string
	for _, a := range s.List() {
		names = append(names, a.String())
	}
	return strings.Join(names, ",")
}
