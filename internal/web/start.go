package web

import (
	"net/http"
)

// startPage is what anybody sees first.
type startPage struct {
	SignedIn bool
	LogSize  int64 // entries under the newest checkpoint
}

func (p *Pages) start(w http.ResponseWriter, v *visit) error {
	size, err := p.Journal.Size(v.Context())
	if err != nil {
		return err
	}
	return p.render(w, v, "start", "", startPage{!v.Me.IsZero(), size})
}
