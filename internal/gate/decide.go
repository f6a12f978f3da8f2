// Package gate is the only way to a subject's data. Decide is the Law as a pure
// function: facts in, a decision with its provisions out. Guard loads the
// facts, decides, lands the journal entry under the condition that the facts
// still hold, and only then acts and answers. An error anywhere is a refusal.
//
// facts.go is what a decision may rest on, decide.go the rules in their order,
// rules.go and basis.go one function a rule, explain.go the same rules told to
// a person.
package gate

import (
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/register"
)

// Rule is one rule of the Law that a request is held against.
type Rule uint8

// The rules, in the order in which they are asked.
const (
	RuleScope         Rule = iota // Art. 3(3): outside the force of the Law
	RuleOwnData                   // 24(1)1, 25(2)9: the subject sees own data
	RuleObligations               // 10(1), 20: who takes on what the Law asks
	RuleIntegration               // 8-1(1): state systems, through the state service
	RuleHolding                   // 1(3), 1(6): destroyed is gone, blocked is only stored
	RuleProtective                // 18, 25(2)8: duties that need no basis
	RuleRetention                 // 12(2), 18(1): the term of storage
	RuleDeath                     // 7(2): the dead, the missing
	RulePurpose                   // 7(8), 14: declared before, and in force
	RuleAction                    // 14: and by a declared action
	RuleAmount                    // 7(9), 12(1): necessary and sufficient
	RuleSpecial                   // policy 5.9: special and biometric data
	RuleMerging                   // policy 6.3: bases of incompatible purposes
	RuleLocation                  // 12(2): the base lies in Kazakhstan
	RuleUndertaking               // 11(2): who sees restricted data has undertaken
	RuleResearch                  // 17(1): depersonalised
	RuleCrossing                  // 16: over the border
	RuleBasis                     // 7(1), 9: consent, or a ground without it
	RuleRecipient                 // 7(6), 8(4)4: each third party is named
	RuleCompatibility             // 7(8): the purpose of collection
	RuleDissemination             // 15(1): nobody else is hurt
	RuleBan                       // policy 10.7: what the subject has forbidden
	ruleCount
)

// Decide judges one request by all rules. It reads as the Law does: what the Law
// reaches, who may act at all, whose data it is and in what state, for what, how
// much, where to, and on what basis. A refusal carries every reason that spoke; a
// permit the one it rests on. It is pure and allocates nothing.
func Decide(f *Facts) Decision {
	h := hear(f)
	for r := range ruleCount {
		if h.judge(r) {
			break
		}
	}
	return h.verdict()
}

// hearing is a request before the rules.
type hearing struct {
	*Facts
	purpose *register.Entry // nil: not declared
	base    *register.Base  // nil: not declared, or none named

	// What is claimed, sorted: a ground that only stands in for consent to the
	// crossing of the border permits nothing by itself.
	ground, crossing           law.Provision
	groundPaper, crossingPaper string
	crossed                    bool // the border is open on the crossing claimed

	d Decision
}

func hear(f *Facts) hearing {
	h := hearing{
		Facts: f, ground: f.Ground, groundPaper: f.Document, crossing: f.Crossing, crossingPaper: f.Permission,
	}
	if f.Ground != "" {
		if g, ok := f.Edition.Ground(f.Ground); ok && g.CrossBorder {
			h.ground, h.groundPaper, h.crossing, h.crossingPaper = "", "", f.Ground, f.Document
		}
	}
	if f.Register == nil {
		return h
	}
	h.purpose = f.Register.Purpose(f.Purpose)
	h.base = f.Register.Base(f.Base)
	if h.base == nil && f.Base == "" && h.purpose != nil {
		h.base = h.purpose.In
	}
	return h
}

// judge asks one rule; end means that no further one need be asked. It is a
// switch and no table, because what is called through a table escapes to the
// heap.
func (h *hearing) judge(r Rule) (end bool) {
	switch r {
	case RuleScope:
		return h.scope()
	case RuleOwnData:
		return h.ownData()
	case RuleObligations:
		return h.obligations()
	case RuleIntegration:
		h.integration()
	case RuleHolding:
		h.holding()
	case RuleProtective:
		return h.protective()
	case RuleRetention:
		h.retention()
	case RuleDeath:
		h.death()
	case RulePurpose:
		h.declared()
	case RuleAction:
		h.action()
	case RuleAmount:
		h.amount()
	case RuleSpecial:
		h.special()
	case RuleMerging:
		h.merging()
	case RuleLocation:
		h.location()
	case RuleUndertaking:
		h.undertaking()
	case RuleResearch:
		h.research()
	case RuleCrossing:
		h.border()
	case RuleBasis:
		h.basis()
	case RuleRecipient:
		h.recipient()
	case RuleCompatibility:
		h.compatibility()
	case RuleDissemination:
		h.dissemination()
	case RuleBan:
		h.ban()
	case ruleCount:
	}
	return false
}

// verdict sums up: a permit is one reason to permit and nothing against.
func (h *hearing) verdict() Decision {
	d := &h.d
	d.Permit = d.n == 1 && d.codes[0].Permits()
	if !d.Permit {
		d.refuse()
		return *d
	}
	h.owe()
	return *d
}

// Decision is the outcome with every reason that spoke. It is a value without
// pointers into the heap, so that deciding allocates nothing.
type Decision struct {
	Permit  bool
	Consent ident.ID      // that permits
	Ground  law.Provision // that permits
	Owed    Owed          // what follows from a permit
	codes   [12]law.ReasonCode
	n       int
}

// Owed are duties towards the subject that follow from a permit.
type Owed uint8

// The duties.
const (
	// TellInitiator: the subject learns who asked for the data (Art. 8-1(3)).
	TellInitiator Owed = 1 << iota
	// TellTransfer: the subject is told of the transfer in the term of Art. 19(1).
	TellTransfer
)

// Names lists the duties: "tell-initiator", "tell-transfer".
func (o Owed) Names() []string {
	names := []string{}
	if o&TellInitiator != 0 {
		names = append(names, "tell-initiator")
	}
	if o&TellTransfer != 0 {
		names = append(names, "tell-transfer")
	}
	return names
}

// Codes lists the reasons in the order in which the rules spoke.
func (d *Decision) Codes() []law.ReasonCode { return d.codes[:d.n] }

// add notes a reason, once.
func (d *Decision) add(c law.ReasonCode) {
	for _, have := range d.codes[:d.n] {
		if have == c {
			return
		}
	}
	if d.n < len(d.codes) {
		d.codes[d.n] = c
		d.n++
	}
}

// refuse drops what would have permitted: a refusal names only what speaks
// against.
func (d *Decision) refuse() {
	kept := 0
	for _, c := range d.codes[:d.n] {
		if !c.Permits() {
			d.codes[kept] = c
			kept++
		}
	}
	d.n, d.Consent, d.Ground, d.Owed = kept, ident.ID{}, "", 0
}
