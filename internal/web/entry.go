package web

import (
	"encoding/json"
	"net/http"
	"slices"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
)

// entryPage is one entry whole.
type entryPage struct {
	told
	Rules   []rule
	Consent ident.ID // zero where none is named
	Leaf    int64    // its number in the log
	Sealed  bool     // a checkpoint covers it
}

// mine selects the entries of the subject.
func mine(v *visit) journal.Filter {
	return journal.Filter{BySubject: true, Subject: v.Me, Orgs: v.way().Limits()}
}

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
	if b.told, err = p.tell(v, e.Entry); err != nil {
		return err
	}
	if err := p.nameRepresentative(v, e.Entry, &b); err != nil {
		return err
	}
	for _, id := range b.Provisions {
		if r, ok := b.Law.Provision(law.Provision(id)); ok {
			b.Rules = append(b.Rules, newRule(r, b.Law.ID))
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
