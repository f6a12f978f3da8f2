package web

import (
	"net/http"
	"net/url"

	"kelisim/internal/account"
	"kelisim/internal/due"
	"kelisim/internal/form"
	"kelisim/internal/outbox"
	"kelisim/internal/represent"
)

// Routes lists every page. Those under /me are the subject's own, and some of
// them also serve whoever may act for the subject; those under /console are the
// organization's; each needs a session of its kind.
func (p *Pages) Routes(mux *http.ServeMux) {
	ours := p.sameOrigin()
	public := func(pattern string, h handler) { mux.Handle(pattern, ours(p.page(h, false, 0))) }
	private := func(pattern string, h handler) { mux.Handle(pattern, ours(p.page(h, true, 0))) }
	// Those who may do the act for a subject do it under ?for=.
	behalf := func(pattern string, act represent.Acts, h handler) { mux.Handle(pattern, ours(p.page(h, true, act))) }
	door := func(pattern string, h handler) { mux.Handle(pattern, ours(p.show(true, h))) }
	desk := func(pattern string, h handler, roles []account.Role) { mux.Handle(pattern, ours(p.console(h, roles))) }
	absent := func(http.ResponseWriter, *visit) error { return errAbsent }

	public("GET /{$}", p.start)
	public("GET /login/{link}", p.loginForm)
	public("POST /login/{link}", p.login)
	public("POST /logout", p.logout)
	public("GET "+outbox.ConfirmPath+"{code}", p.contactForm)
	public("POST "+outbox.ConfirmPath+"{code}", p.confirmContact)
	public("GET /o/{bin}/policy", p.policy)
	public("GET /o/{bin}/policy/{version}", p.policy)
	public("GET /o/{bin}/form/{purpose}", p.form)
	public("POST /o/{bin}/form/{purpose}", p.submit)
	public("GET "+form.ConfirmPath+"{code}", p.formLetter)
	public("POST "+form.ConfirmPath+"{code}", p.confirmForm)
	public("GET /o/{bin}/dissemination", p.dissemination)
	public("GET /o/{bin}/dissemination/{token}", p.toldPublication)
	public("GET /law", p.law)
	public("GET /law/{provision}", p.provision)
	public("GET /verify", p.verifyForm)
	public("POST /verify", p.verifyFile)
	public("GET /verify/{mark}", p.verifyMark)
	mux.HandleFunc("GET /static/{name}", serveAsset)

	behalf("GET /me", represent.Read, p.home)
	private("POST /me/read", p.markRead)
	behalf("GET /me/asked/{id}", represent.Consent, p.ask)
	behalf("POST /me/asked/{id}", represent.Consent, p.answer)
	behalf("POST /me/asked/{id}/sign", represent.Consent, p.sign)
	behalf("GET /me/asked/{id}/sign", represent.Consent, p.unsigned)
	behalf("POST /me/asked/{id}/code", represent.Consent, p.code)
	behalf("GET /me/asked/{id}/code", represent.Consent, p.unsigned)
	behalf("GET /me/consents", represent.Read, p.consents)
	behalf("GET /me/consents/{id}", represent.Read, p.consent)
	behalf("GET /me/consents/{id}/receipt", represent.Read, p.consentReceipt)
	behalf("GET /me/consents/{id}/receipt.pdf", represent.Read, p.consentPDF)
	behalf("GET /me/consents/{id}/pack", represent.Read, p.consentPack)
	behalf("POST /me/consents/{id}/withdraw", represent.Withdraw, p.withdraw)
	behalf("POST /me/consents/{id}/narrow", represent.Withdraw, p.narrow)
	behalf("POST /me/consents/{id}/extend", represent.Consent, p.extend)
	behalf("POST /me/consents/{id}/holds/{hold}/appeal", represent.Withdraw, p.appealHold)
	behalf("GET /me/consents/{id}/holds/{hold}/file", represent.Read, p.holdFile)
	behalf("POST /me/consents/{id}/pause", represent.Withdraw, p.pause)
	behalf("POST /me/consents/{id}/resume", represent.Consent, p.resume)
	behalf("GET /me/journal", represent.Read, p.journal)
	behalf("GET /me/journal/{id}", represent.Read, p.entry)
	behalf("GET /me/journal/{id}/receipt", represent.Read, p.entryReceipt)
	behalf("GET /me/state", represent.Read, p.state)
	private("POST /me/state", p.askState)
	behalf("GET /me/data", represent.Data, p.data)
	behalf("POST /me/data", represent.Data, p.showData)
	behalf("GET /me/publications", represent.Read, p.publications)
	private("GET /me/settings", p.settings)
	private("POST /me/settings", p.addContact)
	private("POST /me/settings/{id}", p.chooseNotices)
	private("POST /me/settings/{id}/remove", p.removeContact)
	behalf("GET /me/requests", represent.Request, p.requests)
	behalf("GET /me/requests/new", represent.Request, p.newRequest)
	behalf(uploads, represent.Request, p.makeRequest)
	behalf("GET /me/requests/{id}", represent.Request, p.request)
	behalf("POST /me/requests/{id}/copy", represent.Request|represent.Data, p.fetchCopy)
	behalf("GET /me/requests/{id}/documents/{n}", represent.Request, p.myDocument)
	behalf("GET /me/requests/{id}/pack", represent.Request|represent.Read, p.requestPack)
	behalf("POST /me/requests/{id}/appeal", represent.Request, p.appeal)
	private("GET /me/represented", p.represented)
	private("POST /me/representatives/{id}/revoke", p.revokeRepresentative)
	private("GET /me/", absent)

	door("GET "+ConsoleLogin+"{link}", p.consoleLoginForm)
	door("POST "+ConsoleLogin+"{link}", p.consoleLogin)
	door("POST /console/logout", p.consoleLogout)
	desk("GET /console", p.today, seats)
	desk("GET /console/requests", p.consoleRequests, office)
	desk("POST /console/requests/fulfil", p.fulfilGroup, office)
	desk("GET /console/requests/{id}", p.consoleRequest, office)
	desk("GET /console/requests/{id}/documents/{n}", p.consoleDocument, office)
	desk("POST /console/requests/{id}/fulfil", p.fulfilRequest, office)
	desk("POST /console/requests/{id}/refuse", p.refuseRequest, office)
	desk("POST /console/requests/{id}/assign", p.assignRequest, office)
	desk("GET "+due.ListPath, p.consoleDue, office)
	desk("POST "+due.ListPath+"/{id}/done", p.doneDue, officers)
	desk("GET /console/journal", p.consoleJournal, office)
	desk("GET /console/journal/{id}", p.consoleEntry, office)
	desk("GET /console/journal/{id}/receipt", p.consoleReceipt, office)
	desk("GET /console/journal/{id}/explain", p.explainEntry, office)
	desk("GET /console/consents/{id}/pack", p.consolePack, officers)
	desk("GET /console/explain", p.explainForm, officers)
	desk("POST /console/explain", p.explainCase, officers)
	desk("GET /console/orders", p.orders, officers)
	desk("GET /console/orders/{id}", p.order, officers)
	desk("GET /console/orders/{id}/file", p.orderFile, officers)
	desk("POST /console/orders/{id}/execute", p.executeOrder, officers)
	desk("GET /console/publications", p.consolePublications, office)
	desk("POST /console/publications", p.recordPublication, office)
	desk("POST /console/consents/{id}/conditions", p.conditionsDone, office)
	desk("GET /console/publications/{id}", p.consolePublication, office)
	desk("POST /console/publications/{id}/demand", p.demandRemoval, office)
	desk("POST /console/publications/{id}/removed", p.publicationRemoved, office)
	desk("POST /console/publications/{id}/cost", p.judgeCost, officers)
	desk("GET /console/register", p.register, officers)
	desk("POST /console/register/versions/{number}/approve", p.approve, officers)
	desk("GET /console/holds", p.holds, officers)
	desk("GET /console/holds/new", p.newHold, officers)
	desk(holdPapers, p.setHold, officers)
	desk("GET /console/holds/{id}", p.hold, officers)
	desk("GET /console/holds/{id}/file", p.consoleHoldFile, officers)
	desk("POST /console/holds/{id}/lift", p.liftHold, officers)
	desk("POST /console/holds/{id}/reply", p.replyHold, officers)
	desk("GET /console/asked", p.askedList, office)
	desk("GET /console/asked/{id}", p.askedOne, office)
	desk("GET /console/appeals", p.appeals, inspectors)
	desk("GET /console/appeals/holds/{id}", p.holdAppeal, inspectors)
	desk("GET /console/appeals/holds/{id}/file", p.holdAppealFile, inspectors)
	desk("POST /console/appeals/holds/{id}/decide", p.decideHold, inspectors)
	desk("GET /console/appeals/requests/{id}", p.requestAppeal, inspectors)
	desk("GET /console/appeals/requests/{id}/documents/{n}", p.requestAppealDocument, inspectors)
	desk("POST /console/appeals/requests/{id}/decide", p.decideRequest, inspectors)
	desk("GET /console/depersonalised", p.depersonalised, officers)
	desk("GET /console/", absent, seats)
}

// NotFound is the page for an address that is none of ours.
func (p *Pages) NotFound() http.Handler {
	return p.page(func(http.ResponseWriter, *visit) error { return errAbsent }, false, 0)
}

// sameOrigin refuses forms that another site sends in the subject's name. The
// cookie's SameSite does too; browsers differ in which of the two they know.
func (p *Pages) sameOrigin() func(http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if u, err := url.Parse(p.PublicURL); err == nil && u.Host != "" {
		guard.AddTrustedOrigin(u.Scheme + "://" + u.Host) //nolint:errcheck // made of a parsed address
	}
	guard.SetDenyHandler(p.page(func(http.ResponseWriter, *visit) error { return errCrossOrigin }, false, 0))
	return guard.Handler
}
