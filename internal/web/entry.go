package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// entryPage is one entry whole.
type entryPage struct {
	told
	Rules   []rule
	Edition locale.String
	Consent ident.ID // zero where none is named
	Leaf    int64    // its number in the log
	Sealed  bool     // a checkpoint covers it
}

// rule is a provision with what it says, in words that explain it.
type rule struct {
	id     law.Provision
	Number string
	Policy bool // of the operator's policy and not of the Law
	Text   locale.String
}

func newRule(r law.Rule) rule {
	number, policy := strings.CutPrefix(string(r.ID), "policy ")
	return rule{r.ID, number, policy, r.Text}
}

func mine(v *visit) journal.Filter { return journal.Filter{BySubject: true, Subject: v.Me} }

func (p *Pages) entry(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	row, e, err := p.Journal.One(v.Context(), mine(v), id)
	if err != nil {
		return err
	}
	size, err := p.logSize(v.Context())
	if err != nil {
		return err
	}
	b := entryPage{Leaf: row.Leaf, Sealed: row.Leaf >= 0 && row.Leaf < size, Consent: ident.ID(e.Consent)}
	if b.told, err = p.tell(v.Context(), v.Lang, e.Entry); err != nil {
		return err
	}
	edition, ok := law.ByID(e.Edition)
	if !ok {
		edition = law.At(b.At)
	}
	b.Edition = edition.Name
	for _, id := range b.Provisions {
		if r, ok := edition.Provision(law.Provision(id)); ok {
			b.Rules = append(b.Rules, newRule(r))
		}
	}
	slices.SortFunc(b.Rules, func(a, b rule) int { return a.id.Compare(b.id) })
	return p.render(w, v, "entry", "journal", b)
}

func (b entryPage) title() string { return b.Title }

// entryReceipt is the proof of the entry, to be checked by anybody, offline.
func (p *Pages) entryReceipt(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	receipt, err := p.Journal.Receipt(v.Context(), mine(v), id)
	if err != nil {
		return err
	}
	file, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	return download(w, "kelisim-receipt-"+id.String()+".json", file)
}
