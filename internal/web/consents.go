package web

import "net/http"

// consentsPage is the subject's consents: those that hold, and what was.
type consentsPage struct{ Current, Past []card }

func (p *Pages) consents(w http.ResponseWriter, v *visit) error {
	all, err := p.cards(v)
	if err != nil {
		return err
	}
	var b consentsPage
	for _, k := range all {
		if k.open() {
			b.Current = append(b.Current, k)
		} else {
			b.Past = append(b.Past, k)
		}
	}
	return p.render(w, v, "consents", "consents", b)
}
