package web

import (
	"net/http"

	"kelisim/internal/consent"
)

// withdraw takes a consent back, whole or in part. When the browser has the
// answer, nothing more is permitted on what was taken back.
func (p *Pages) withdraw(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	part, err := chosenPart(v.PostFormValue("scope"))
	if err != nil {
		return err
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	n, err := p.Consents.WithdrawPart(v.Context(), c.ID, &consent.Demand{Part: part, Reason: v.PostFormValue("reason")}, by)
	if err != nil {
		return p.refusedHeld(w, v, c, err)
	}
	p.settle(v, c.Org)
	done := "part"
	if n.Status == consent.Withdrawn {
		done = "withdrawn"
	}
	return see(w, v, v.to("/me/consents/"+c.ID.String(), "done", done))
}
