package law

import (
	"slices"
	"strings"
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
