package web

import "net/http"

// pause stops a consent without ending it.
func (p *Pages) pause(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	if _, err := p.Consents.Pause(v.Context(), c.ID, by); err != nil {
		return p.refusedHeld(w, v, c, err)
	}
	return see(w, v, v.to("/me/consents/"+c.ID.String(), "done", "paused"))
}

func (p *Pages) resume(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	if _, err := p.Consents.Resume(v.Context(), c.ID, by); err != nil {
		return err
	}
	return see(w, v, v.to("/me/consents/"+c.ID.String(), "done", "resumed"))
}
