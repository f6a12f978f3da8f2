package law

import (
	"slices"
	"strings"

	"kelisim/internal/fault"
)

// About is a rule of an edition with all that rests on it, or on what lies in it.
type About struct {
	Rule
	Change  ChangeKind // what the edition did here; empty for nothing
	Was     *Rule      // of the edition before, where this one amends it
	Ground  *Ground    // that the provision itself gives; nil for none
	Terms   []Term
	Sizes   []SizeClass
	Reasons []Reason
	Duties  []Duty
	Within  []Rule
}

// About is what the edition says of a provision; false where it has none such.
func (e *Edition) About(p Provision) (About, bool) {
	rule, ok := e.Provision(p)
	if !ok {
		return About{}, false
	}
	a := About{Rule: rule, Change: e.Change(p)}
	if e.before != nil && a.Change == Amended {
		if was, ok := e.before.Provision(p); ok && was.Text != rule.Text {
			a.Was = &was
		}
	}
	if g, ok := e.Ground(p); ok {
		a.Ground = &g
	}
	a.Terms = those(e.terms, func(t Term) bool { return t.Provision.Within(p) })
	a.Sizes = those(e.sizes, func(s SizeClass) bool { return s.Provision.Within(p) })
	a.Reasons = those(e.Reasons(), func(r Reason) bool {
		return slices.ContainsFunc(r.Provisions, func(q Provision) bool { return q.Within(p) })
	})
	a.Duties = those(Duties(), func(d Duty) bool { return d.Provision.Within(p) })
	a.Within = those(e.rules, func(r Rule) bool { return r.ID != p && r.ID.Within(p) })
	return a, true
}

func those[V any](all []V, keep func(V) bool) (kept []V) {
	for _, v := range all {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// Find is the provision that a person asks for: by its own name, or by the id of
// a duty that stands in it. The edition may not have it.
func Find(asked string) Provision {
	asked = strings.TrimSpace(asked)
	if i := slices.IndexFunc(Duties(), func(d Duty) bool { return d.ID == asked }); i >= 0 {
		return Duties()[i].Provision
	}
	return Provision(asked)
}

// Having lists the editions that have a provision, oldest first.
func Having(p Provision) []*Edition {
	return those(Editions(), func(e *Edition) bool {
		_, ok := e.Provision(p)
		return ok
	})
}

// Absent is the fault of asking an edition for a provision that it has not. It
// names the editions that have it.
func Absent(p Provision) *fault.Error {
	var ids []string
	for _, e := range Having(p) {
		ids = append(ids, e.ID)
	}
	if ids == nil {
		return fault.New(fault.NotFound, "provision-unknown")
	}
	return fault.New(fault.NotFound, "provision-elsewhere", "editions", strings.Join(ids, ", "))
}

// Near lists what may have been meant by a name that the edition has not: the
// provision with the same numbers ("9.4", "25-2-8"), else what it would lie in.
func (e *Edition) Near(asked string) []Rule {
	inPolicy := strings.HasPrefix(strings.TrimSpace(asked), strings.TrimSpace(policyPrefix))
	for want := digits(asked); len(want) > 0; want = want[:len(want)-1] {
		near := those(e.rules, func(r Rule) bool {
			return strings.HasPrefix(string(r.ID), policyPrefix) == inPolicy && slices.Equal(digits(string(r.ID)), want)
		})
		if near != nil {
			return near
		}
	}
	return nil
}

// digits are the numbers of a name, whatever stands between them.
func digits(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' })
}
