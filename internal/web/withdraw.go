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
	done, scopes := "withdrawn", consent.AllScopes
	if part := v.PostFormValue("scope"); part != "process" {
		if part == "" {
			return errChoice
		}
		if scopes, err = consent.ParseScopes([]string{part}); err != nil {
			return errChoice
		}
		done = "part"
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	if _, err := p.Consents.Withdraw(v.Context(), c.ID, scopes, v.PostFormValue("reason"), by); err != nil {
		return err
	}
	return see(w, v, v.to("/me/consents/"+c.ID.String(), "done", done))
}
