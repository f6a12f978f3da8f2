package api

import (
	"net/http"
	"reflect"
	"slices"

	"kelisim/internal/account"
	"kelisim/internal/represent"
)

// Who may call.
var (
	admins    = []account.Role{account.Admin}
	governors = []account.Role{account.Admin, account.Officer}
	systems   = []account.Role{account.Operator}
	askers    = []account.Role{account.Operator, account.ThirdParty}
	people    = []account.Role{account.Operator, account.Staff, account.Officer}
	parties   = []account.Role{account.Operator, account.Staff, account.Officer, account.ThirdParty, account.Subject}
	overseers = []account.Role{account.Officer, account.Authority, account.Examiner}
	provers   = []account.Role{account.Officer, account.Authority, account.Examiner, account.Operator}
	subjects  = []account.Role{account.Subject}
	// both sides of a consent: a third party that it names is neither
	sides = []account.Role{account.Subject, account.Operator, account.Staff, account.Officer}
)

var edition = param{"edition", "id of an edition; the one that binds if absent"}

var page = []param{{"limit", "items a page, 1 to 200, 50 if absent"}, {"after", "cursor: the next of the page before"}}

// routes lists every endpoint.
func (a *API) routes() []route {
	described := route{
		method: http.MethodPut, path: "/v1/organizations/{bin}", tag: "Organizations", roles: governors, status: http.StatusOK,
		summary: "Apply a description (JSON or YAML)", limit: 1 << 20, yaml: true,
		in: reflect.TypeFor[organizationBody](), out: reflect.TypeFor[appliedBody](),
		query: []param{{"approve", "true: put it in force at once"}},
		serve: func(c *call) (any, error) { return c.putOrganization() },
	}
	return slices.Concat(limitRoutes(), requestRoutes(), codeRoutes(), holdRoutes(), rightsRoutes(), termRoutes(), dueRoutes(), orderRoutes(), webhookRoutes(), contactRoutes(), faceRoutes(), kdpRoutes(), depersonalRoutes(), publicationRoutes(), myKDPRoutes(), []route{
		described,
		get("/v1/organizations/{bin}", "Organizations", "The description in force", governors, (*call).getOrganization),
		get("/v1/organizations/{bin}/versions", "Organizations", "All versions, newest first", governors, (*call).listVersions),
		post("/v1/organizations/{bin}/versions/{n}/approve", "Organizations", "Put a version in force", governors, http.StatusOK, (*call).approveVersion),
		post("/v1/organizations/{bin}/tokens", "Organizations", "Issue a token; its text is shown this once", admins, http.StatusCreated, (*call).issueToken),

		post("/v1/subjects", "Subjects", "Register a subject, or find the same one", askers, http.StatusCreated, (*call).registerSubject),
		post("/v1/subjects/lookup", "Subjects", "Find a subject by one identifier", askers, http.StatusOK, (*call).lookupSubject).reading(func([]byte) bool { return true }),
		get("/v1/subjects/{id}/destructions", "Subjects", "Signed acts of destruction", people, (*call).listDestructions),
		get("/v1/subjects/{id}/destructions/{act}", "Subjects", "One act of destruction: signed JSON, or a PDF by Accept", people, (*call).getDestruction, paperLanguage),

		post("/v1/consents", "Consents", "Record a consent already obtained", people, http.StatusCreated, (*call).recordConsent).upTo(17 << 20),
		get("/v1/consents", "Consents", "Consents of your subjects", people, (*call).listConsents,
			append([]param{{"subject", "id"}, {"status", "active, paused, withdrawn, expired, superseded, ended"}, {"purpose", "id"}}, page...)...),
		get("/v1/consents/{id}", "Consents", "One consent: all eight elements, evidence, history", parties, (*call).getConsent).onBehalf(represent.Read),
		post("/v1/consents/{id}/withdraw", "Consents", "Withdraw: whole, by scope, by purpose, by recipient or by country", sides, http.StatusOK, (*call).withdrawConsent).onBehalf(represent.Withdraw),
		post("/v1/consents/{id}/pause", "Consents", "Pause", subjects, http.StatusOK, (*call).pauseConsent).onBehalf(represent.Withdraw),
		post("/v1/consents/{id}/resume", "Consents", "Resume", subjects, http.StatusOK, (*call).resumeConsent).onBehalf(represent.Consent),
		get("/v1/consents/{id}/receipt", "Consents", "The signed receipt: JSON, or a PDF by Accept", sides, (*call).consentReceipt, paperLanguage).onBehalf(represent.Read),
		get("/v1/consents/{id}/pack", "Consents", "All the proof in one ZIP", sides, (*call).consentPack).onBehalf(represent.Read),
		get("/v1/consents/{id}/confirmation", "Consents", "A JWT that the consent is in force", askers, (*call).consentConfirmation),

		post("/v1/decisions", "Decisions", "Decide one access and journal it", askers, http.StatusOK, (*call).decide),
		post("/v1/decisions/batch", "Decisions", "Decide up to 1,000 accesses, each journaled", systems, http.StatusOK, (*call).decideBatch).upTo(4 << 20),
		post("/v1/access", "Decisions", "Decide and perform an action on the vault", askers, http.StatusOK, (*call).access).upTo(2 << 20).reading(unchanging),

		asked("/access/v1/evaluation", "One evaluation of OpenID AuthZEN 1.0: decided and journaled", (*call).evaluate),
		asked("/access/v1/evaluations", "Up to 1,000 evaluations, each that is made journaled", (*call).evaluateAll).upTo(4 << 20),
		get("/.well-known/authzen-configuration", "AuthZEN", "Where this Policy Decision Point is", nil, (*call).authzenConfiguration),
		post("/v1/representatives", "Representatives", "Register who may act for a subject", people, http.StatusCreated, (*call).registerRepresentative),
		get("/v1/representatives", "Representatives", "Those you registered for a subject", people, (*call).listRepresentatives, param{"subject", "id"}),
		post("/v1/representatives/{id}/revoke", "Representatives", "Take a representation back", people, http.StatusOK, (*call).revokeRepresentative),

		get("/v1/me", "Me", "Who I am here", subjects, (*call).me),
		get("/v1/me/consents", "Me", "My consents", subjects, (*call).myConsents,
			append([]param{{"status", "active, paused, withdrawn, expired, superseded, ended"}}, page...)...).onBehalf(represent.Read),
		get("/v1/me/holders", "Me", "Who holds my data and consents", subjects, (*call).myHolders).onBehalf(represent.Read),
		get("/v1/me/journal", "Me", "Who used my data", subjects, (*call).myJournal,
			append([]param{
				{"action", "name"},
				{"organization", "BIN"},
				{"from", "RFC 3339"},
				{"to", "RFC 3339"},
				{"grouped", "true: what machines did again and again in a day stands as one, with a count"},
			}, page...)...).onBehalf(represent.Read),
		get("/v1/me/journal/{id}", "Me", "One entry", subjects, (*call).myEntry).onBehalf(represent.Read),
		get("/v1/me/journal/{id}/receipt", "Me", "Proof of one entry; blind where it is about another person", subjects, (*call).myReceipt).onBehalf(represent.Read),
		get("/v1/me/data", "Me", "What is held of me, by organization", subjects, (*call).myData).onBehalf(represent.Data),
		get("/v1/me/notifications", "Me", "The inbox", subjects, (*call).myNotifications, page...),
		post("/v1/me/notifications/read", "Me", "Mark the inbox read", subjects, http.StatusOK, (*call).readNotifications),
		get("/v1/me/represented", "Me", "For whom I may act", subjects, (*call).myRepresented),
		get("/v1/me/representatives", "Me", "Who may act for me", subjects, (*call).myRepresentatives),
		post("/v1/me/representatives/{id}/revoke", "Me", "Take back a power that I gave", subjects, http.StatusOK, (*call).revokeMyRepresentative),

		get("/v1/journal", "Journal", "Entries", overseers, (*call).listJournal,
			append([]param{{"subject", "id"}, {"organization", "BIN"}, {"from", "RFC 3339"}, {"to", "RFC 3339"}, {"action", "name"}}, page...)...),
		get("/v1/journal/{id}/receipt", "Journal", "Proof of one entry", provers, (*call).journalReceipt),
		post("/v1/journal/deferrals", "Journal", "Ask that a subject be shown entries later", deferrers, http.StatusCreated, (*call).requestDeferral),
		get("/v1/journal/deferrals", "Journal", "Deferrals of an organization", overseers, (*call).listDeferrals,
			append([]param{{"status", "pending, approved, refused, lifted"}, {"organization", "BIN"}}, page...)...),
		get("/v1/journal/deferrals/counts", "Journal", "Deferrals by organization and ground", authorities, (*call).countDeferrals),
		post("/v1/journal/deferrals/{id}/approve", "Journal", "Approve, as a second person", deferrers, http.StatusOK, approveDeferral),
		post("/v1/journal/deferrals/{id}/refuse", "Journal", "Refuse", deferrers, http.StatusOK, refuseDeferral),
		post("/v1/journal/deferrals/{id}/lift", "Journal", "Show everything before the date", deferrers, http.StatusOK, liftDeferral),

		get("/v1/law", "Law", "An edition of the Law, provision by provision", nil, (*call).showLaw, edition),
		get("/v1/law/{provision}", "Law", "What a provision says, and all that rests on it", nil, (*call).showProvision, edition),

		get("/log/checkpoint", "Log", "The newest signed checkpoint", nil, (*call).checkpoint),
		get("/log/key", "Log", "The log's verifier key", nil, (*call).logKey),
		get("/log/tile/{path...}", "Log", "Tiles in the form of C2SP tlog-tiles", nil, (*call).tile),
		get("/.well-known/jwks.json", "Log", "Keys of receipts and confirmations", nil, (*call).jwks),

		get("/healthz", "Operations", "The process lives", nil, (*call).healthz),
		get("/readyz", "Operations", "It can serve", nil, (*call).readyz),
		get("/metrics", "Operations", "Prometheus", nil, (*call).showMetrics),
		get("/openapi.json", "Operations", "This interface", nil, (*call).openapiJSON),
		get("/openapi.yaml", "Operations", "This interface", nil, (*call).openapiYAML),
		get("/docs", "Operations", "This interface, to read", nil, (*call).docs),
	})
}

func (r route) upTo(limit int64) route {
	r.limit = limit
	return r
}

func (r route) reading(reads func(body []byte) bool) route {
	r.reads = reads
	return r
}

// onBehalf opens a route to whoever acts for a subject within the scope.
func (r route) onBehalf(act represent.Acts) route {
	r.behalf = act
	r.query = append(r.query, param{"for", "id of the representation by which you act for somebody"})
	return r
}
