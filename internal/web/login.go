package web

import (
	"net/http"

	"kelisim/internal/fault"
)

// loginForm asks before it spends a link: messengers open links to draw a
// preview, and a link works once.
func (p *Pages) loginForm(w http.ResponseWriter, v *visit) error {
	keepOut(w)
	return p.render(w, v, "login", "", nil)
}

func (p *Pages) login(w http.ResponseWriter, v *visit) error {
	keepOut(w)
	token, err := p.Accounts.Login(v.Context(), v.PathValue("link"))
	if fault.KindOf(err) == fault.Unauthenticated && err != nil {
		return errLink
	}
	if err != nil {
		return err
	}
	p.setSession(w, token)
	return see(w, v, "/me")
}

// keepOut keeps a page whose address is a secret out of every cache.
func keepOut(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }
