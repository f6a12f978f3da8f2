package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/kdp/kdpsim"
	"kelisim/internal/outbox"
)

// accessRow is who may call what, written down a second time: a route that is not
// here fails the test, and so does a role that the code adds or drops. An empty
// allow is anyone.
type accessRow struct{ route, url, body, allow string }

var access = []accessRow{
	{"PUT /v1/organizations/{bin}", "/v1/organizations/$bin", "$description", "admin officer"},
	{"GET /v1/organizations/{bin}", "/v1/organizations/$bin", "", "admin officer"},
	{"GET /v1/organizations/{bin}/versions", "/v1/organizations/$bin/versions", "", "admin officer"},
	{"POST /v1/organizations/{bin}/versions/{n}/approve", "/v1/organizations/$bin/versions/1/approve", "", "admin officer"},
	{"POST /v1/organizations/{bin}/tokens", "/v1/organizations/$bin/tokens", `{"role":"staff"}`, "admin"},

	{"GET /v1/organizations/{bin}/dissemination", "/v1/organizations/$bin/dissemination", "", ""},
	{"POST /v1/me/dissemination/stop", "/v1/me/dissemination/stop", `{"organization":"$bin"}`, "subject"},
	{"POST /v1/organizations/{bin}/versions/{n}/ask", "/v1/organizations/$bin/versions/1/ask", "", "admin officer"},
	{"GET /v1/organizations/{bin}/versions/{n}/ask", "/v1/organizations/$bin/versions/1/ask", "", "admin officer"},

	{"POST /v1/subjects", "/v1/subjects", `{"identifiers":[{"kind":"iin","value":"$freshIIN"}]}`, "operator third-party"},
	{"POST /v1/subjects/lookup", "/v1/subjects/lookup", `{"kind":"iin","value":"$iin"}`, "operator third-party"},
	{"GET /v1/subjects/{id}/destructions", "/v1/subjects/$subject/destructions", "", "operator staff officer"},

	{"GET /v1/subjects/{id}/destructions/{act}", "/v1/subjects/$subject/destructions/$act", "", "operator staff officer"},

	{"POST /v1/subjects/{id}/state", "/v1/subjects/$subject/state", `{"state":"alive","document":"certificate 1"}`, "operator staff officer"},
	{"POST /v1/subjects/{id}/relation-end", "/v1/subjects/$subject/relation-end", `{"purposes":["inform"],"document":"act 1"}`, "operator staff officer"},
	{"POST /v1/subjects/{id}/bans", "/v1/subjects/$subject/bans", `{"purposes":["news"],"document":"demand 1"}`, "operator staff officer"},
	{"GET /v1/me/bans", "/v1/me/bans", "", "subject"},
	{"POST /v1/me/bans", "/v1/me/bans", `{"organization":"$bin","actions":["transfer"]}`, "subject"},
	{"POST /v1/me/bans/{id}/lift", "/v1/me/bans/$ban/lift", `{"organization":"$bin"}`, "subject"},
	{"GET /v1/undertakings", "/v1/undertakings", "", "operator staff officer"},
	{"POST /v1/undertakings", "/v1/undertakings", `{"actor":"clerk-7","document":"undertaking 1"}`, "operator staff officer"},
	{"GET /v1/countries", "/v1/countries", "", ""},
	{"POST /v1/countries", "/v1/countries", `{"country":"DE","protects":true,"document":"list 1"}`, "admin"},
	{"POST /v1/countries/{id}/end", "/v1/countries/$country/end", "", "admin"},

	{"POST /v1/consents", "/v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form"}}`, "operator staff officer"},
	{"POST /v1/consents/requests", "/v1/consents/requests", `{"subject":"$mine","organization":"$bin","purposes":["payment"],"thirdParties":["$payer"]}`, "operator third-party"},
	{"GET /v1/consents/requests/{id}", "/v1/consents/requests/$request", "", "operator third-party"},
	{"GET /v1/consents/requests/{id}/qr", "/v1/consents/requests/$request/qr", "", "operator third-party"},
	{"POST /v1/consents/requests/{id}/cancel", "/v1/consents/requests/$request/cancel", "", "operator third-party"},
	{"GET /v1/me/consents/requests", "/v1/me/consents/requests", "", "subject"},
	{"GET /v1/me/consents/requests/{id}", "/v1/me/consents/requests/$request", "", "subject"},
	{"POST /v1/me/consents/requests/{id}/text", "/v1/me/consents/requests/$request/text", `{}`, "subject"},
	{"POST /v1/me/consents/requests/{id}/answer", "/v1/me/consents/requests/$request/answer", `{"answer":"refuse"}`, "subject"},
	{"POST /v1/me/consents/requests/{id}/code", "/v1/me/consents/requests/$request/code", `{"contact":"$reached"}`, "subject"},

	{"GET /v1/consents", "/v1/consents?subject=$subject", "", "operator staff officer"},
	{"GET /v1/consents/{id}", "/v1/consents/$consent", "", "operator staff officer third-party subject"},
	{"POST /v1/consents/{id}/withdraw", "/v1/consents/$consent/withdraw", `{"evidence":{"channel":"paper","document":"demand 1"}}`, "operator staff officer subject"},
	{"POST /v1/consents/{id}/pause", "/v1/consents/$consent/pause", "", "subject"},
	{"POST /v1/consents/{id}/resume", "/v1/consents/$paused/resume", "", "subject"},
	{"GET /v1/consents/{id}/receipt", "/v1/consents/$consent/receipt", "", "operator staff officer subject"},
	{"GET /v1/consents/{id}/pack", "/v1/consents/$sealed/pack", "", "operator staff officer subject"},
	{"GET /v1/consents/{id}/confirmation", "/v1/consents/$consent/confirmation", "", "operator third-party"},

	{"POST /v1/consents/{id}/narrow", "/v1/consents/$consent/narrow", `{"thirdParties":[]}`, "subject"},
	{"POST /v1/consents/{id}/extend", "/v1/consents/$lasting/extend", `{"validUntil":"2026-01-01T00:00:00Z"}`, "subject"},
	{"POST /v1/consents/{id}/holds", "/v1/consents/$consent/holds", `{"obligation":"a debt","document":"contract 1","until":"2024-06-01T00:00:00Z"}`, "officer"},
	{"GET /v1/consents/{id}/holds", "/v1/consents/$consent/holds", "", "operator staff officer subject"},
	{"POST /v1/consents/{id}/holds/{hold}/lift", "/v1/consents/$held/holds/$hold/lift", "", "officer"},
	{"POST /v1/consents/{id}/holds/{hold}/appeal", "/v1/consents/$held/holds/$hold/appeal", `{"reason":"it was paid"}`, "subject"},
	{"GET /v1/holds", "/v1/holds?appealed=true", "", "officer authority"},
	{"POST /v1/holds/{id}/decide", "/v1/holds/$disputed/decide", `{"decision":"lift","reason":"it was paid"}`, "authority"},
	{"GET /v1/consents/{id}/holds/{hold}/file", "/v1/consents/$held/holds/$hold/file", "", "operator staff officer subject"},
	{"POST /v1/consents/{id}/holds/{hold}/reply", "/v1/consents/$held/holds/$disputed/reply", `{"reply":"it was not"}`, "officer"},
	{"GET /v1/holds/{id}", "/v1/holds/$disputed", "", "authority"},
	{"GET /v1/holds/{id}/file", "/v1/holds/$disputed/file", "", "authority"},

	{"POST /v1/decisions", "/v1/decisions", `{"subject":"$mine","organization":"$bin","action":"view","purpose":"payment","categories":["name"]}`, "operator third-party"},
	{"POST /v1/decisions/batch", "/v1/decisions/batch", `{"decisions":[{"subject":"$subject","action":"view","purpose":"payment"}]}`, "operator"},
	{"POST /v1/access", "/v1/access", `{"subject":"$mine","organization":"$bin","action":"view","purpose":"payment","categories":["name"]}`, "operator third-party"},

	{"POST /access/v1/evaluation", "/access/v1/evaluation", `{` + askedOf + `}`, "operator third-party"},
	{"POST /access/v1/evaluations", "/access/v1/evaluations", `{` + askedOf + `,"evaluations":[{},{}]}`, "operator third-party"},
	{"GET /.well-known/authzen-configuration", "/.well-known/authzen-configuration", "", ""},
	{"POST /v1/representatives", "/v1/representatives", `{"subject":"$freshSubject","representative":"$subject","kind":"attorney","acts":["read"],"until":"2024-06-01T00:00:00Z","document":{"kind":"power of attorney","issued":"2023-11-01"}}`, "operator staff officer"},
	{"GET /v1/representatives", "/v1/representatives?subject=$subject", "", "operator staff officer"},
	{"POST /v1/representatives/{id}/revoke", "/v1/representatives/$representation/revoke", "", "operator staff officer"},

	{"GET /v1/me", "/v1/me", "", "subject"},
	{"GET /v1/me/consents", "/v1/me/consents", "", "subject"},
	{"GET /v1/me/holders", "/v1/me/holders", "", "subject"},
	{"GET /v1/me/journal", "/v1/me/journal", "", "subject"},
	{"GET /v1/me/journal/{id}", "/v1/me/journal/$entry", "", "subject"},
	{"GET /v1/me/journal/{id}/receipt", "/v1/me/journal/$entry/receipt", "", "subject"},
	{"GET /v1/me/data", "/v1/me/data", "", "subject"},
	{"GET /v1/me/notifications", "/v1/me/notifications", "", "subject"},
	{"POST /v1/me/notifications/read", "/v1/me/notifications/read", `{"until":"$entry"}`, "subject"},
	{"GET /v1/me/represented", "/v1/me/represented", "", "subject"},
	{"GET /v1/me/representatives", "/v1/me/representatives", "", "subject"},
	{"POST /v1/me/representatives/{id}/revoke", "/v1/me/representatives/$own/revoke", "", "subject"},

	{"POST /v1/me/requests", "/v1/me/requests", `{"kind":"copy","organization":"$bin"}`, "subject"},
	{"GET /v1/me/requests", "/v1/me/requests", "", "subject"},
	{"GET /v1/me/requests/terms", "/v1/me/requests/terms?kind=copy&organization=$bin", "", "subject"},
	{"GET /v1/me/requests/{id}", "/v1/me/requests/$answered", "", "subject"},
	{"GET /v1/me/requests/{id}/copy", "/v1/me/requests/$answered/copy", "", "subject"},
	{"GET /v1/me/requests/{id}/documents/{n}", "/v1/me/requests/$answered/documents/0", "", "subject"},
	{"GET /v1/me/requests/{id}/pack", "/v1/me/requests/$answered/pack", "", "subject"},
	{"POST /v1/me/requests/{id}/appeal", "/v1/me/requests/$answered/appeal", `{"text":"it is not all"}`, "subject"},
	{"POST /v1/requests", "/v1/requests", `{"subject":"$subject","kind":"copy","details":"by letter"}`, "operator staff officer"},
	{"GET /v1/requests", "/v1/requests", "", "staff officer"},
	{"GET /v1/requests/{id}", "/v1/requests/$asked", "", "staff officer"},
	{"GET /v1/requests/{id}/documents/{n}", "/v1/requests/$asked/documents/0", "", "staff officer"},
	{"POST /v1/requests/{id}/fulfil", "/v1/requests/$asked/fulfil", `{}`, "staff officer"},
	{"POST /v1/requests/fulfil", "/v1/requests/fulfil", `{"ids":["$asked"]}`, "staff officer"},
	{"POST /v1/requests/{id}/refuse", "/v1/requests/$asked/refuse", `{"reasons":"a secret","provision":"25(2)7"}`, "staff officer"},
	{"POST /v1/requests/{id}/extend", "/v1/requests/$asked/extend", `{"amount":1,"reason":"it is long"}`, "staff officer"},
	{"POST /v1/requests/{id}/assign", "/v1/requests/$asked/assign", `{"to":"clerk-7"}`, "staff officer"},
	{"GET /v1/appeals", "/v1/appeals", "", "authority"},
	{"GET /v1/appeals/{id}", "/v1/appeals/$appeal", "", "authority"},
	{"POST /v1/appeals/{id}/decide", "/v1/appeals/$appeal/decide", `{"decision":"upheld","reasons":"it is not all"}`, "authority"},

	{"GET /v1/journal", "/v1/journal?organization=$bin", "", "officer authority examiner"},
	{"GET /v1/journal/{id}/receipt", "/v1/journal/$entry/receipt?organization=$bin", "", "operator officer authority examiner"},
	{"POST /v1/journal/deferrals", "/v1/journal/deferrals", deferral, "officer authority"},
	{"GET /v1/journal/deferrals", "/v1/journal/deferrals?organization=$bin", "", "officer authority examiner"},
	{"GET /v1/journal/deferrals/counts", "/v1/journal/deferrals/counts", "", "authority"},
	{"POST /v1/journal/deferrals/{id}/approve", "/v1/journal/deferrals/$pending/approve", "", "officer authority"},
	{"POST /v1/journal/deferrals/{id}/refuse", "/v1/journal/deferrals/$pending/refuse", "", "officer authority"},
	{"POST /v1/journal/deferrals/{id}/lift", "/v1/journal/deferrals/$approved/lift", "", "officer authority"},

	{"POST /v1/orders", "/v1/orders", `{"organization":"$bin","kind":"$orderKind","source":"$orderSource","document":"act 1","details":"x","until":"$orderUntil"}`, "officer authority examiner"},
	{"GET /v1/orders", "/v1/orders", "", "officer authority examiner"},
	{"GET /v1/orders/{id}", "/v1/orders/$order", "", "officer authority examiner"},
	{"GET /v1/orders/{id}/file", "/v1/orders/$order/file", "", "officer authority examiner"},
	{"GET /v1/orders/{id}/answer", "/v1/orders/$order/answer", "", "officer authority examiner"},
	{"GET /v1/orders/{id}/extract", "/v1/orders/$order/extract", "", "officer authority examiner"},
	{"POST /v1/orders/{id}/execute", "/v1/orders/$openOrder/execute", `{"answer":"x"}`, "officer authority"},
	{"POST /v1/orders/{id}/cancel", "/v1/orders/$openOrder/cancel", "", "officer authority examiner"},
	{"POST /v1/webhooks", "/v1/webhooks", `{"url":"https://receiver.example/$n","events":["consent.*"]}`, "operator third-party officer"},
	{"GET /v1/webhooks", "/v1/webhooks", "", "operator third-party officer"},
	{"DELETE /v1/webhooks/{id}", "/v1/webhooks/$webhook", "", "operator third-party officer"},
	{"GET /v1/webhooks/deliveries", "/v1/webhooks/deliveries?status=sent", "", "operator third-party officer"},
	{"POST /v1/webhooks/deliveries/{id}/ack", "/v1/webhooks/deliveries/$delivery/ack", "", "operator third-party officer"},
	{"POST /v1/webhooks/deliveries/{id}/retry", "/v1/webhooks/deliveries/$failed/retry", "", "operator third-party officer"},
	{"GET /v1/me/contacts", "/v1/me/contacts", "", "subject"},
	{"POST /v1/me/contacts", "/v1/me/contacts", `{"kind":"email","value":"someone@mail.example"}`, "subject"},
	{"POST /v1/me/contacts/{id}/confirm", "/v1/me/contacts/$contact/confirm", `{"code":"$code"}`, "subject"},
	{"POST /v1/me/contacts/{id}/choices", "/v1/me/contacts/$contact/choices", `{"choices":["requests"]}`, "subject"},
	{"DELETE /v1/me/contacts/{id}", "/v1/me/contacts/$contact", "", "subject"},

	{"POST /v1/kdp/requests", "/v1/kdp/requests", `{"subject":"$subject","iin":"$iin","purpose":"payment","services":["S-$freshIIN"],"validFor":"P1Y"}`, "operator staff officer"},
	{"GET /v1/kdp/requests", "/v1/kdp/requests?subject=$subject", "", "operator staff officer"},
	{"GET /v1/kdp/requests/{id}", "/v1/kdp/requests/$kdp", "", "operator staff officer"},
	{"GET /v1/me/kdp/requests", "/v1/me/kdp/requests", "", "subject"},
	{"POST /v1/me/kdp/history", "/v1/me/kdp/history", `{"organization":"$bin","iin":"$iin","from":"2023-11-01T00:00:00Z","to":"2023-11-23T00:00:00Z"}`, "subject"},
	{"POST /v1/kdp/requests/{id}/token", "/v1/kdp/requests/$kdp/token", "", "operator"},

	{"GET /v1/depersonalised", "/v1/depersonalised?purpose=visit-statistics", "", "operator staff officer"},

	{"POST /v1/publications", "/v1/publications", `{"subject":"$subject","categories":["name"],"source":{"kind":"site","name":"List","address":"https://list.example/$n/$iin"},"ground":"9(7)","document":"law 1"}`, "operator staff officer"},
	{"GET /v1/publications", "/v1/publications", "", "operator staff officer"},
	{"GET /v1/publications/{id}", "/v1/publications/$publication", "", "operator staff officer"},
	{"POST /v1/publications/{id}/demand", "/v1/publications/$publication/demand", `{"cause":"unlawful"}`, "operator staff officer"},
	{"POST /v1/publications/{id}/removed", "/v1/publications/$publication/removed", `{"how":"deleted","document":"act 1"}`, "operator staff officer"},
	{"POST /v1/publications/{id}/cost", "/v1/publications/$leaving/cost", `{"bearer":"subject","document":"case 7"}`, "officer"},
	{"POST /v1/consents/{id}/conditions", "/v1/consents/$public/conditions", "", "operator staff officer"},
	{"GET /v1/me/publications", "/v1/me/publications", "", "subject"},
	{"GET /v1/organizations/{bin}/dissemination/{token}", "/v1/organizations/$bin/dissemination/$token", "", ""},

	{"GET /v1/terms", "/v1/terms?organization=$bin", "", "operator staff officer authority"},
	{"POST /v1/terms/{id}/done", "/v1/terms/$term/done", "", "operator officer"},
	{"GET /v1/due", "/v1/due", "", "operator staff officer authority examiner"},
	{"POST /v1/terms/{id}/extend", "/v1/terms/$bending/extend", `{"amount":1,"reason":"x"}`, "operator officer authority"},
	{"POST /v1/terms/{id}/pause", "/v1/terms/$bending/pause", `{"reason":"x"}`, "operator officer authority"},
	{"POST /v1/terms/{id}/resume", "/v1/terms/$still/resume", "", "operator officer authority"},
	{"GET /v1/calendar", "/v1/calendar?year=2026", "", ""},
	{"GET /v1/calendar/decrees", "/v1/calendar/decrees", "", ""},
	{"POST /v1/calendar/decrees", "/v1/calendar/decrees", `{"year":2027,"source":"a test","certainty":"P","kurban_ait":"2027-05-17"}`, "admin"},

	{"GET /v1/law", "/v1/law", "", ""},
	{"GET /v1/law/{provision}", "/v1/law/8(2)?edition=2026-08", "", ""},
	{"GET /log/checkpoint", "/log/checkpoint", "", ""},
	{"GET /log/key", "/log/key", "", ""},
	{"GET /log/tile/{path...}", "/log/tile/0/000.p/1", "", ""},
	{"GET /.well-known/jwks.json", "/.well-known/jwks.json", "", ""},
	{"GET /healthz", "/healthz", "", ""},
	{"GET /readyz", "/readyz", "", ""},
	{"GET /metrics", "/metrics", "", ""},
	{"GET /openapi.json", "/openapi.json", "", ""},
	{"GET /openapi.yaml", "/openapi.yaml", "", ""},
	{"GET /docs", "/docs", "", ""},
}

// askedOf is an evaluation that both sides may ask for.
const askedOf = `"subject":{"type":"user","id":"e-77"},"action":{"name":"view"},"context":{"purpose":"payment"},` +
	`"resource":{"type":"personal-data","id":"$mine","properties":{"organization":"$bin","categories":["name"]}}`

// Every route by every role. What an allowed call answers is of the form that
// the interface's description promises.
func TestRoutesByRole(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	apptest.Apply(t, a, publicBestam(t))
	w := populate(t, a, clock)
	w.names["description"] = string(apptest.Org(t, w.App, "").Register.Description.Canonical())
	w.past(t)
	w.give(t, "contracts")
	w.stateService(t).Add(plantedIIN, kdpsim.AtOnce)
	routes := w.api.routes()
	access := slices.Concat(access, faceAccess)
	if len(routes) != len(access) {
		t.Errorf("%d routes, %d rows", len(routes), len(access))
	}
	for i := range routes {
		r := &routes[i]
		name := r.method + " " + r.path
		k := slices.IndexFunc(access, func(row accessRow) bool { return row.route == name })
		if k < 0 {
			t.Errorf("%s has no row", name)
			continue
		}
		row := access[k]
		allow := strings.Fields(row.allow)
		slices.Sort(allow)
		if got := names(r.roles); !slices.Equal(got, allow) {
			t.Errorf("%s is open to %v, want %v", name, got, allow)
		}
		if r.path == "/v1/requests/{id}/extend" { // no edition lets it: see TestExtend
			w.Terms.Rule = bent
		}
		for _, role := range allRoles {
			if len(allow) > 0 && !slices.Contains(allow, role) {
				s := scenario{name: name + " " + role, as: role, method: r.method, url: row.url, body: row.body, wantStatus: 403, wantContains: []string{`"code":"forbidden"`}}
				s.run(t, w)
				continue
			}
			w.fresh(t, role, row.url+row.body)
			s := scenario{name: name + " " + role, as: role, method: r.method, url: row.url, body: row.body, wantStatus: r.status}
			w.documented(t, r, s.run(t, w))
		}
		w.strangers(t, r, row.url, row.body)
	}
}

// strangers are callers without a token that works. They are all told the same.
func (w *world) strangers(t *testing.T, r *route, url, body string) {
	t.Helper()
	status, contains := 401, []string{`"code":"unauthenticated"`}
	if r.roles == nil {
		status, contains = r.status, nil
	}
	for _, token := range []string{
		"", "kls_", "kls_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", w.tokens["operator"] + "x", "Иванов", strings.Repeat("k", 4000),
	} {
		s := scenario{name: r.method + " " + r.path + " " + token, as: token, method: r.method, url: url, body: body, wantStatus: status, wantContains: contains}
		s.run(t, w)
	}
}

// fresh prepares what a call of a role may use up.
func (w *world) fresh(t *testing.T, role, call string) {
	t.Helper()
	w.names["n"] += "i"
	w.names["freshIIN"] = apptest.IIN(len(w.names["n"]))
	w.names["mine"] = w.names["subject"]
	if role == "third-party" {
		w.names["mine"] = w.names["payerSubject"]
	}
	if strings.Contains(call, "$freshSubject") {
		w.names["freshSubject"] = w.person(t, w.names["freshIIN"], "")
	}
	if strings.Contains(call, "$representation") || strings.Contains(call, "$own") {
		w.names["deputy"] = w.person(t, w.names["freshIIN"], "")
		w.names["representation"] = w.represent(t, "$subject", "$deputy", `"kind":"attorney","acts":["read"],"until":"2024-06-01T00:00:00Z"`)
		outside, err := ident.ParseID(w.names["representation"])
		if err != nil {
			t.Fatal(err)
		}
		w.names["own"] = apptest.Org(t, w.App, "").Inside(outside).String()
	}
	if strings.Contains(call, "rder") {
		w.asked(t, role)
	}
	if strings.Contains(call, "$kdp") {
		w.names["kdp"] = w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf(`,"responsible":"unit $freshIIN"`)).want(t, 201).str(t, "id")
	}
	if strings.Contains(call, "$paused") {
		w.names["paused"] = w.give(t, "news")
		w.do(t, "subject", "POST", "/v1/consents/$paused/pause", "").want(t, 200)
	}
	if strings.Contains(call, "$request") {
		as, asker := "operator", `"subject":"$subject"`
		if role == "third-party" {
			as, asker = role, `"subject":"$payerSubject","organization":"$bin"`
		}
		w.names["n"] += "i"
		until := w.Now().AddDate(1, 0, len(w.names["n"])).UTC().Format(time.RFC3339) // a question of its own
		w.names["request"] = w.do(t, as, "POST", "/v1/consents/requests", `{`+asker+`,"purposes":["payment"],"validUntil":"`+until+`"}`).want(t, 201).str(t, "id")
	}
	if strings.Contains(call, "$ban") {
		w.names["ban"] = w.do(t, "subject", "POST", "/v1/me/bans", `{"organization":"$bin","purposes":["news"]}`).want(t, 201).str(t, "id")
	}
	if strings.Contains(call, "$country") {
		w.names["country"] = w.do(t, "admin", "POST", "/v1/countries", `{"country":"US","forbidden":true,"document":"law 1"}`).want(t, 201).str(t, "id")
	}
	if strings.Contains(call, "$pending") {
		w.names["pending"] = w.do(t, "second", "POST", "/v1/journal/deferrals", deferral).want(t, 201).str(t, "id")
	}
	if strings.Contains(call, "$approved") {
		w.names["approved"] = w.deferred(t, "A-1")
	}
	if strings.Contains(call, "$consent") {
		w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"]`)
	}
	if strings.Contains(call, "$lasting") {
		w.names["lasting"] = w.give(t, "news", `,"validUntil":"2025-01-01T00:00:00Z"`)
	}
	if strings.Contains(call, "$held") || strings.Contains(call, "$disputed") {
		w.names["held"] = w.give(t, "payment")
		w.names["hold"] = w.hold(t, "$held", `,"file":{"name":"contract.pdf","content":"JVBERi0xLjc="}`)
		w.names["disputed"] = w.names["hold"]
	}
	if strings.Contains(call, "$disputed") {
		w.do(t, "subject", "POST", "/v1/consents/$held/holds/$hold/appeal", `{"reason":"it was paid"}`).want(t, 200)
	}
	if strings.Contains(call, "$asked") || strings.Contains(call, "$answered") || strings.Contains(call, "$appeal") {
		w.names["asked"] = w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"copy","organization":"$bin","documents":[{"name":"a.txt","content":"eA=="}]}`).want(t, 201).str(t, "id")
	}
	if strings.Contains(call, "$answered") || strings.Contains(call, "$appeal") {
		w.names["answered"] = w.names["asked"]
		w.do(t, "officer", "POST", "/v1/requests/$answered/fulfil", `{}`).want(t, 200)
		w.seal(t)
	}
	if strings.Contains(call, "$appeal") {
		w.names["appeal"] = w.do(t, "subject", "POST", "/v1/me/requests/$answered/appeal", `{"text":"it is not all"}`).want(t, 201).str(t, "id")
	}
	for name, status := range map[string]outbox.Status{"webhook": "", "delivery": outbox.Sent, "failed": outbox.Failed} {
		if strings.Contains(call, "$"+name) {
			w.names["webhook"], w.names[name] = w.told(t, role, status)
		}
	}
	if strings.Contains(call, "$contact") {
		w.names["contact"], w.names["code"] = w.reach(t, "email", fmt.Sprintf("me%d@mail.example", len(w.names["n"])))
	}
	if strings.Contains(call, "$reached") && role == "subject" {
		w.reachable(t, fmt.Sprintf("me%d@mail.example", len(w.names["n"])))
		w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/text", `{}`).want(t, 200)
	}
	if strings.Contains(call, "$sealed") {
		w.names["sealed"] = w.give(t, "payment")
		w.seal(t)
	}
	if strings.Contains(call, "$publication") || strings.Contains(call, "$leaving") || strings.Contains(call, "$token") {
		w.published(t)
	}
	if strings.Contains(call, "$leaving") {
		w.names["leaving"] = w.names["publication"]
		w.do(t, "officer", "POST", "/v1/publications/$leaving/demand", `{"cause":"withdrawn"}`).want(t, 200)
	}
	if strings.Contains(call, "$public/") {
		w.names["public"] = w.give(t, "services", `,"publicSources":true`)
	}
	if strings.Contains(call, "$term") {
		w.names["term"] = w.owe(t, "block")
	}
	if strings.Contains(call, "$bending") {
		w.names["bending"] = w.owe(t, "inform-subject")
	}
	if strings.Contains(call, "$still") {
		w.names["still"] = w.owe(t, "inform-subject")
		w.do(t, "officer", "POST", "/v1/terms/$still/pause", `{"reason":"x"}`).want(t, 200)
	}
	if strings.Contains(call, "$gov") {
		w.governed(t)
	}
}

// asked puts an inquiry, and another that is answered.
func (w *world) asked(t *testing.T, role string) {
	t.Helper()
	const file = `"file":{"name":"a.txt","type":"text/plain","content":"dGV4dA=="}`
	inquiry := `{"organization":"$bin","kind":"inquiry","document":"act 1","details":"x",` + file + `}`
	for _, name := range []string{"order", "openOrder"} {
		w.names[name] = w.do(t, "authority", "POST", "/v1/orders", inquiry).want(t, 201).str(t, "id")
	}
	w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{"answer":"y",`+file+`}`).want(t, 200)
	w.seal(t)
	w.names["orderKind"], w.names["orderSource"], w.names["orderUntil"] = "inquiry", "court", "0001-01-01T00:00:00Z"
	if role == string(account.Examiner) {
		w.names["orderKind"], w.names["orderSource"], w.names["orderUntil"] = "examination", "technical-service", "2023-12-01T00:00:00Z"
	}
}

// live through what leaves something to read on every route: data held, data
// destroyed, an entry under a checkpoint.
func (w *world) past(t *testing.T) {
	t.Helper()
	w.give(t, "payment")
	collect := `{"subject":"$subject","action":"collect","purpose":"payment","values":{"name":"$name"}}`
	w.names["entry"] = w.do(t, "operator", "POST", "/v1/access", collect).want(t, 200).str(t, "id")
	w.names["act"] = w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"destroy"}`).want(t, 200).str(t, "id")
	w.register(t, apptest.Org(t, w.App, ""))
	w.give(t, "payment")
	w.do(t, "operator", "POST", "/v1/access", collect).want(t, 200)
	w.seal(t)
}

// documented compares an answer with the schema of the route.
func (w *world) documented(t *testing.T, r *route, a *answer) {
	t.Helper()
	w.api.spec.once.Do(w.api.spec.make)
	doc := w.api.spec.doc
	var body any
	op := doc.Paths[placeholder.ReplaceAllString(r.path, "{$1}")]
	content := map[string]*huma.Operation{"GET": op.Get, "PUT": op.Put, "POST": op.Post, "DELETE": op.Delete}[r.method].Responses[fmt.Sprint(a.status)]
	if content == nil || content.Content["application/json"] == nil || a.header.Get("Content-Type") != "application/json" {
		return
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Fatal(err)
	}
	res := &huma.ValidateResult{}
	huma.Validate(doc.Components.Schemas, content.Content["application/json"].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, body, res)
	for _, err := range res.Errors {
		t.Errorf("%s %s: not as described: %v", r.method, r.path, err)
	}
}

// What a token is refused for never shows: expired, spent, of a login link, of
// another scheme.
func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	org := apptest.Org(t, w.App, "")
	w.tokens["short"] = w.issue(t, account.Token{Role: account.Operator, Org: org.ID, Expires: w.Now().Add(1e9)})
	link, err := w.Accounts.LoginLink(t.Context(), org.ID, account.LoginLife)
	if err != nil {
		t.Fatal(err)
	}
	w.tokens["link"] = link
	w.do(t, "short", "GET", "/v1/consents", "").want(t, 200)
	w.clock.Add(1e9)
	refusal := w.do(t, "", "GET", "/v1/consents", "").want(t, 401)
	if refusal.header.Get("WWW-Authenticate") != "Bearer" {
		t.Error("no WWW-Authenticate")
	}
	for _, as := range []string{"short", "link"} {
		if a := w.do(t, as, "GET", "/v1/consents/$stranger", "").want(t, 401); string(a.body) != string(refusal.body) {
			t.Errorf("%s: %s", as, a.body)
		}
	}
	w.do(t, "", "GET", "/v1/consents", "", "Authorization", "Basic "+w.tokens["operator"]).want(t, 401)
	w.do(t, "", "GET", "/v1/consents", "", "Authorization", "bearer "+w.tokens["operator"]).want(t, 200)
	w.do(t, "", "GET", "/v1/consents?access_token="+w.tokens["operator"], "").want(t, 401)
}
