package gate

import (
	"context"
	"time"

	"kelisim/internal/law"
	"kelisim/internal/term"
	"kelisim/internal/vault"
)

// Obligation is what a permit obliges the organization to, by when.
type Obligation struct {
	Kind      string // key of the edition's term: "initiator-notice", "transfer-notice"
	Provision law.Provision
	Due       time.Time
	// Term runs until somebody says that it is done; nil where the entry itself is
	// all that is owed.
	Term *term.Term
}

// InitiatorNotice is the key of the term in which the subject learns who asked.
const InitiatorNotice = "initiator-notice"

// Terms makes the terms that permits set running.
type Terms interface {
	// New counts a term by the calendar in force and writes nothing.
	New(ctx context.Context, of term.Of) (*term.Term, error)
}

// obligations are the terms that a permit sets running. Who asked is told by the
// entry itself, which is in the subject's inbox the moment it lands (Art. 8-1(3));
// a transfer is told in the term of Art. 19(1), which lands with the entry.
func (g *Guard) obligations(ctx context.Context, k known, ans *Answer) ([]Obligation, error) {
	var out []Obligation
	if t, ok := ans.Edition.Term(InitiatorNotice); ok && ans.Owed&TellInitiator != 0 {
		out = append(out, Obligation{Kind: t.Key, Provision: t.Provision, Due: k.at})
	}
	if ans.Owed&TellTransfer == 0 {
		return out, nil
	}
	t, err := g.Terms.New(ctx, term.Of{
		Edition: ans.Edition.ID, Key: TransferNotice, Org: k.Holder, Subject: k.subject,
		About: term.About{Kind: "entry", ID: ans.ID}, Start: k.at,
	})
	if err != nil {
		return nil, err
	}
	return append(out, Obligation{Kind: t.Key, Provision: t.Provision, Due: t.Due, Term: t}), nil
}

// terms are those of the obligations that run.
func (a *Answer) terms() (out []*term.Term) {
	for _, o := range a.Owes {
		if o.Term != nil {
			out = append(out, o.Term)
		}
	}
	return out
}

// owing is the change that lands terms with an entry and leaves the vault as it
// is.
func owing(k known, ans *Answer) *vault.Change {
	return &vault.Change{Subject: k.subject, Org: k.Holder.ID, At: k.at, Terms: ans.terms()}
}
