package consent

import (
	"slices"

	"kelisim/internal/fault"
	"kelisim/internal/register"
)

// Standing is whose word a proof is: two consents with the same channel are not
// worth the same where Kelisim saw one confirmed and was told of the other.
type Standing string

// The standings of a proof.
const (
	// Confirmed: Kelisim saw it itself, by the session of who answered here, by a
	// code that it sent, by the link of a letter, or by a signature that it checked.
	Confirmed Standing = "confirmed"
	// Stated: the operator says so, and answers for it (Art. 25(2)5).
	Stated Standing = "stated"
	// Unproven: the operator says that there is an electronic signature, of before
	// it came here, and has shown none.
	Unproven Standing = "unproven"
)

// standing is whose word the proof of a consent is. Proofs of before it was written
// down say it by what they hold.
func (p *Proof) standing(c *Consent) Standing {
	given := len(c.History) > 0 && c.History[0].By == string(BySubject)
	switch {
	case p.Standing != "":
		return p.Standing
	case p.Signature != nil, p.Channel == Cabinet && given:
		return Confirmed
	case p.Channel == Signed:
		return Unproven
	default:
		return Stated
	}
}

// setStanding says whose word a new proof is. What is given here is Kelisim's own;
// forms and signatures of another kind say so themselves. An operator can state
// neither a signature without showing it nor what only Kelisim can see.
func (n *New) setStanding() error {
	p := &n.Proof
	switch {
	case n.CMS != nil:
		p.Standing = Confirmed
	case p.Standing != "":
	case p.Channel == Signed && n.Earlier:
		p.Standing = Unproven
	case p.Channel == Signed:
		return fault.Bad("evidence.signature", "signature-missing")
	default:
		p.Standing = Stated
	}
	return nil
}

// stateable are the channels of what is recorded for somebody: not the cabinet,
// where one gives oneself.
func (n *New) stateable() []string {
	if n.Proof.Standing == Confirmed || whoOf(n.Actor.Kind) == BySubject {
		return Channels
	}
	return slices.DeleteFunc(slices.Clone(Channels), func(c string) bool { return c == Cabinet })
}

// The weight of evidence, by which a description or a question may demand more.
var weights = map[string]int{"": 0, register.ByCode: 1, register.BySignature: 2}

// weight is what the evidence of a new consent comes up to. A scan of the signed
// paper, and a code of the operator's own as far as its word goes, are worth a code;
// the state service asks for its own.
func (n *New) weight() int {
	p := &n.Proof
	switch {
	case n.CMS != nil, p.Channel == StateService:
		return weights[register.BySignature]
	case p.Channel == OneTime, p.Channel == Signed, p.Channel == "paper" && len(n.Files) > 0:
		return weights[register.ByCode]
	default:
		return 0
	}
}

// Least is the least evidence that is demanded for purposes, by the description or
// by a question; empty for any.
func Least(reg *register.Register, purposes []string, asked string) string {
	least := asked
	for _, id := range purposes {
		if p := reg.Purpose(id); p != nil && weights[p.Evidence] > weights[least] {
			least = p.Evidence
		}
	}
	return least
}

// enough refuses evidence below what is demanded. What was obtained before the
// organization came here was obtained by the rules of then.
func (n *New) enough(reg *register.Register) error {
	least := Least(reg, n.Terms.Purposes, n.Least)
	if n.Earlier || n.weight() >= weights[least] {
		return nil
	}
	e := &fault.Error{Kind: fault.Conflict, Code: "evidence-code", Field: "code"}
	if least == register.BySignature {
		e = &fault.Error{Kind: fault.Conflict, Code: "evidence-signature", Field: "signature"}
	}
	if n.Proof.Standing != Confirmed { // recorded, not answered here
		e.Field = "evidence.channel"
	}
	return e
}
