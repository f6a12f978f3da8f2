package web

import (
	"net/http"

	"kelisim/internal/account"
	"kelisim/internal/fault"
)

// consoleLoginForm asks before it spends a link, as the cabinet's does.
func (p *Pages) consoleLoginForm(w http.ResponseWriter, v *visit) error {
	return p.render(w, v, "console-login", "", nil)
}

func (p *Pages) consoleLogin(w http.ResponseWriter, v *visit) error {
	token, err := p.Accounts.LoginConsole(v.Context(), v.PathValue("link"))
	if fault.KindOf(err) == fault.Unauthenticated && err != nil {
		return errLink
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, p.consoleSession(token, int(account.ConsoleLife.Seconds())))
	return see(w, v, "/console")
}

func (p *Pages) consoleLogout(w http.ResponseWriter, v *visit) error {
	if c, err := v.Cookie(consoleCookie); err == nil {
		if err := p.Accounts.Logout(v.Context(), c.Value); err != nil {
			return err
		}
	}
	http.SetCookie(w, p.consoleSession("", -1))
	return see(w, v, "/")
}
