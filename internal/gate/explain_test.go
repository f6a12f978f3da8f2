package gate_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kelisim/internal/gate"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// What is explained is what was decided: the same outcome, and each reason from
// the rule that is said to give it.
func TestExplainSaysWhatWasDecided(t *testing.T) {
	t.Parallel()
	op := operator(t)
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t, op)
		d := gate.Decide(f)
		steps, e := gate.Explain(f)
		if e != d {
			t.Fatalf("explained %v %v, decided %v %v", e.Permit, e.Codes(), d.Permit, d.Codes())
		}
		if len(steps) != len(gate.Rules()) {
			t.Fatalf("%d steps for %d rules", len(steps), len(gate.Rules()))
		}
		var said []law.ReasonCode
		for i, s := range steps {
			if s.Rule != gate.Rules()[i] {
				t.Fatal("rules out of order")
			}
			if s.Said == gate.NotAsked && len(s.Codes)+len(s.Looked) > 0 {
				t.Fatal("a rule that was not asked said something")
			}
			said = append(said, s.Codes...)
		}
		for _, c := range d.Codes() {
			if !slices.Contains(said, c) {
				t.Fatalf("no rule is said to have given %s", c)
			}
		}
	})
}

// Every rule gives the reasons that it is listed with and no others, rests on a
// provision, and has words; every reason has its rule.
func TestRulesGiveTheirReasons(t *testing.T) {
	t.Parallel()
	op := operator(t)
	given := map[law.ReasonCode]bool{}
	for _, file := range []string{"consent", "ground", "limits", "onward", "purpose", "state"} {
		for _, c := range readCases(t, file) {
			steps, _ := gate.Explain(facts(t, &c, op))
			for _, s := range steps {
				for _, code := range s.Codes {
					given[code] = true
					if !slices.Contains(s.Rule.Codes(), code) {
						t.Errorf("%s: %s gives %s, with which it is not listed", c.Name, s.Rule.TextKey(), code)
					}
				}
			}
		}
	}
	listed := map[law.ReasonCode]bool{}
	for _, r := range gate.Rules() {
		if len(r.Provisions(edition)) == 0 || !locale.Has(r.TextKey()) {
			t.Errorf("%s rests on nothing or has no words", r.TextKey())
		}
		for _, c := range r.Codes() {
			listed[c] = true
			if !given[c] {
				t.Errorf("%s is listed with %s, and no case shows it", r.TextKey(), gate.CodeName(edition, c))
			}
		}
	}
	for _, r := range edition.Reasons() {
		if !listed[r.Code] && r.Code != law.NotCovered {
			t.Errorf("no rule gives %s", gate.CodeName(edition, r.Code))
		}
	}
}

// Everything that a rule may say it looked at has words in every language.
func TestLooksHaveWords(t *testing.T) {
	t.Parallel()
	op := operator(t)
	for _, file := range []string{"consent", "ground", "limits", "onward", "purpose", "state"} {
		for _, c := range readCases(t, file) {
			steps, _ := gate.Explain(facts(t, &c, op))
			for _, s := range steps {
				for _, l := range s.Looked {
					if !locale.Has(l.Name) || l.Word && !locale.Has(l.Value) {
						t.Errorf("%s: no words for %s: %s", s.Rule.TextKey(), l.Name, l.Value)
					}
				}
			}
		}
	}
}
