package web

import "net/http"

func (p *Pages) logout(w http.ResponseWriter, v *visit) error {
	if c, err := v.Cookie(sessionCookie); err == nil {
		if err := p.Accounts.Logout(v.Context(), c.Value); err != nil {
			return err
		}
	}
	p.dropSession(w)
	return see(w, v, "/")
}
