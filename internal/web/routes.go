package web

import (
	"net/http"
	"net/url"

	"kelisim/internal/account"
)

// Routes lists every page. Those under /me are the subject's own, those under
// /console the organization's; each needs a session of its kind.
func (p *Pages) Routes(mux *http.ServeMux) {
	ours := p.sameOrigin()
	public := func(pattern string, h handler) { mux.Handle(pattern, ours(p.page(h, false))) }
	private := func(pattern string, h handler) { mux.Handle(pattern, ours(p.page(h, true))) }
	door := func(pattern string, h handler) { mux.Handle(pattern, ours(p.show(true, h))) }
	desk := func(pattern string, h handler, roles []account.Role) { mux.Handle(pattern, ours(p.console(h, roles))) }
	absent := func(http.ResponseWriter, *visit) error { return errAbsent }

	public("GET /{$}", p.start)
	public("GET /login/{link}", p.loginForm)
	public("POST /login/{link}", p.login)
	public("POST /logout", p.logout)
	public("GET /o/{bin}/policy", p.policy)
	public("GET /o/{bin}/policy/{version}", p.policy)
	public("GET /law", p.law)
	public("GET /law/{provision}", p.provision)
	mux.HandleFunc("GET /static/{name}", serveAsset)

	private("GET /me", p.home)
	private("POST /me/read", p.markRead)
	private("GET /me/asked/{id}", p.ask)
	private("POST /me/asked/{id}", p.answer)
	private("GET /me/consents", p.consents)
	private("GET /me/consents/{id}", p.consent)
	private("GET /me/consents/{id}/receipt", p.consentReceipt)
	private("POST /me/consents/{id}/withdraw", p.withdraw)
	private("POST /me/consents/{id}/pause", p.pause)
	private("POST /me/consents/{id}/resume", p.resume)
	private("GET /me/journal", p.journal)
	private("GET /me/journal/{id}", p.entry)
	private("GET /me/journal/{id}/receipt", p.entryReceipt)
	private("GET /me/data", p.data)
	private("POST /me/data", p.showData)
	private("GET /me/", absent)

	door("GET "+ConsoleLogin+"{link}", p.consoleLoginForm)
	door("POST "+ConsoleLogin+"{link}", p.consoleLogin)
	door("POST /console/logout", p.consoleLogout)
	desk("GET /console", p.today, office)
	desk("GET /console/journal", p.consoleJournal, office)
	desk("GET /console/journal/{id}", p.consoleEntry, office)
	desk("GET /console/journal/{id}/receipt", p.consoleReceipt, office)
	desk("GET /console/journal/{id}/explain", p.explainEntry, office)
	desk("GET /console/explain", p.explainForm, officers)
	desk("POST /console/explain", p.explainCase, officers)
	desk("GET /console/register", p.register, officers)
	desk("POST /console/register/versions/{number}/approve", p.approve, officers)
	desk("GET /console/", absent, office)
}

// NotFound is the page for an address that is none of ours.
func (p *Pages) NotFound() http.Handler {
	return p.page(func(http.ResponseWriter, *visit) error { return errAbsent }, false)
}

// sameOrigin refuses forms that another site sends in the subject's name. The
// cookie's SameSite does too; browsers differ in which of the two they know.
func (p *Pages) sameOrigin() func(http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if u, err := url.Parse(p.PublicURL); err == nil && u.Host != "" {
		guard.AddTrustedOrigin(u.Scheme + "://" + u.Host) //nolint:errcheck // made of a parsed address
	}
	guard.SetDenyHandler(p.page(func(http.ResponseWriter, *visit) error { return errCrossOrigin }, false))
	return guard.Handler
}
