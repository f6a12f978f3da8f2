package web

import (
	"context"
	"net/http"

	"kelisim/verify"
)

// startPage is what anybody sees first.
type startPage struct {
	SignedIn bool
	LogSize  int64 // entries under the newest checkpoint
}

func (p *Pages) start(w http.ResponseWriter, v *visit) error {
	size, err := p.logSize(v.Context())
	if err != nil {
		return err
	}
	return p.render(w, v, "start", "", startPage{!v.Me.IsZero(), size})
}

// logSize is the number of entries under the newest checkpoint.
func (p *Pages) logSize(ctx context.Context) (int64, error) {
	note, err := p.Journal.Store.Checkpoint(ctx)
	if err != nil || note == "" {
		return 0, err
	}
	c, err := verify.OpenCheckpoint(note, p.Journal.Keys.Checker)
	return c.Size, err
}
