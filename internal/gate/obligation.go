package gate

import (
	"time"

	"kelisim/internal/law"
)

// Obligation is what a permit obliges the organization to, by when.
type Obligation struct {
	Kind      string // "initiator-notice", "transfer-notice"
	Provision law.Provision
	Due       time.Time
}

// InitiatorNotice is the key of the term in which the subject learns who asked.
const InitiatorNotice = "initiator-notice"

// obligations are the terms that a permit sets running. Who asked is told by the
// entry itself, which is in the subject's inbox the moment it lands.
func (g *Guard) obligations(ans *Answer, at time.Time) []Obligation {
	var out []Obligation
	for _, o := range [...]struct {
		bit Owed
		key string
	}{{TellInitiator, InitiatorNotice}, {TellTransfer, TransferNotice}} {
		t, ok := ans.Edition.Term(o.key)
		if ans.Owed&o.bit == 0 || !ok {
			continue
		}
		out = append(out, Obligation{Kind: o.key, Provision: t.Provision, Due: at})
	}
	return out
}
