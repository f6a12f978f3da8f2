package web

import (
	"encoding/json"
	"net/http"
	"slices"

	"kelisim/internal/disclosure"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/verify"
)

// entryPage is one entry whole.
type entryPage struct {
	told
	Rules   []rule
	Consent ident.ID // zero where none is named
	Leaf    int64    // its number in the log
	Sealed  bool     // a checkpoint covers it
	Blind   bool     // its receipt does not show it
}

func (p *Pages) entry(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	mine, err := p.mine(v)
	if err != nil {
		return err
	}
	e, err := mine.One(v.Context(), id)
	if err != nil {
		return err
	}
	size, err := p.Journal.Size(v.Context())
	if err != nil {
		return err
	}
	b := entryPage{
		Leaf: e.Leaf, Sealed: e.Leaf >= 0 && e.Leaf < size, Blind: e.Role == verify.RoleIncidental, Consent: ident.ID(e.Consent),
	}
	if b.told, err = p.tell(v, &disclosure.Line{Shown: *e}); err != nil {
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
	mine, err := p.mine(v)
	if err != nil {
		return err
	}
	receipt, err := mine.Receipt(v.Context(), id)
	if err != nil {
		return err
	}
	return downloadReceipt(w, id, receipt)
}

func downloadReceipt(w http.ResponseWriter, id ident.ID, receipt any) error {
	file, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	return download(w, "kelisim-receipt-"+id.String()+".json", file)
}
