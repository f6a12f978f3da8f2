package api

import (
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
)

// publicBestam is the example's description with a purpose that is public.
func publicBestam(t testing.TB) string {
	text := apptest.Bestam(t)
	at := strings.Index(text, "  - id: services")
	rest := strings.Replace(text[at:], "view, access,", "view, access, disseminate,", 1)
	return text[:at] + strings.Replace(rest, "    retention: P1Y\n", "    retention: P1Y\n    public: true\n", 1)
}

// Consent to public dissemination is apart from all others, with the subject's
// own conditions; that there are such is published and a term to publish them
// runs; it ends the moment that is demanded, and nothing holds it.
//
// duty: P5.11, P5.13, P5.14, P5.15, L24.1.6
func TestDissemination(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Add(time.Second)
		apptest.Apply(t, w.App, publicBestam(t))
		w.names["words"] = "only with a link to " + planted // a person's own words, which tell of the person
		publish := `{"subject":"$subject","action":"disseminate","purpose":"services","categories":["name"]}`
		for _, s := range []scenario{
			{name: "joined with another", as: "operator", method: "POST", url: "/v1/consents", body: `{"subject":"$subject","purposes":["services","news"],"publicSources":true,"evidence":{"channel":"form"}}`, wantStatus: 400, wantContains: []string{"dissemination-apart", `"field":"purposes[`, "policy 5.11"}},
			{name: "asked with another", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$subject","purposes":["services","news"],"publicSources":true}`, wantStatus: 400, wantContains: []string{"dissemination-apart"}},
			{name: "conditions on nothing", as: "operator", method: "POST", url: "/v1/consents", body: `{"subject":"$subject","purposes":["news"],"conditions":[{"category":"email","ban":true}],"evidence":{"channel":"form"}}`, wantStatus: 400, wantContains: []string{`"field":"conditions[0]"`, "conditions-unpublished"}},
			{name: "nothing to tell of yet", method: "GET", url: "/v1/organizations/$bin/dissemination", wantStatus: 200, wantContains: []string{`"purpose":"services"`, `{"id":"name","bans":false,"conditions":false}`}, wantNot: []string{`true`}},
			{name: "asked", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$subject","purposes":["services"],"publicSources":true}`, wantStatus: 201, keep: "request"},
			{name: "read", as: "subject", method: "GET", url: "/v1/me/consents/requests/$request", wantStatus: 200},
			{name: "a condition on what is not published", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"give","conditions":[{"category":"iin","ban":true}]}`, wantStatus: 400, wantContains: []string{`"field":"conditions[0].category"`}},
			{name: "neither ban nor words", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"give","conditions":[{"category":"name"}]}`, wantStatus: 400, wantContains: []string{`"field":"conditions[0].condition"`}},
			{name: "given", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"give","conditions":[{"category":"name","condition":"$words"},{"category":"phone","ban":true}]}`, wantStatus: 200, wantContains: []string{`"given"`}},
			{name: "published", as: "operator", method: "POST", url: "/v1/decisions", body: publish, wantStatus: 200, wantContains: []string{`"permit"`}},
			{name: "told to everybody", method: "GET", url: "/v1/organizations/$bin/dissemination", wantStatus: 200, wantContains: []string{`{"id":"name","bans":false,"conditions":true}`, `{"id":"phone","bans":true,"conditions":false}`, `{"id":"email","bans":false,"conditions":false}`}, wantNot: []string{"link"}},
			{name: "to be published in three working days", as: "officer", method: "GET", url: "/v1/terms?organization=$bin", wantStatus: 200, wantContains: []string{`"key":"dissemination-conditions"`, `"provision":"policy 5.13"`, `"due":"2023-11-28`, `"kind":"consent"`}},
		} {
			s.run(t, w)
		}
		w.names["consent"] = w.do(t, "operator", "GET", "/v1/consents?subject=$subject&purpose=services", "").want(t, 200).str(t, "items", 0, "id")
		for _, s := range []scenario{
			{name: "shown to the operator, who shows them on", as: "operator", method: "GET", url: "/v1/consents/$consent", wantStatus: 200, wantContains: []string{`"conditions":[{"category":"name","condition":"only with a link`, `{"category":"phone","ban":true}`}},
			{name: "not held", as: "officer", method: "POST", url: "/v1/consents/$consent/holds", body: `{"obligation":"a debt","document":"contract 1","until":"2024-06-01T00:00:00Z"}`, wantStatus: 409, wantContains: []string{"hold-publication"}},
			{name: "by nobody", as: "subject", method: "POST", url: "/v1/me/dissemination/stop", body: `{}`, wantStatus: 400, wantContains: []string{`"field":"organization"`}},
			{name: "one kind of data", as: "subject", method: "POST", url: "/v1/me/dissemination/stop", body: `{"organization":"$bin","categories":["phone","iin"]}`, wantStatus: 200, wantContains: []string{`"$consent"`, `"status":"active"`, `"categories":["email","name"]`}},
			{name: "goes on for the rest", as: "operator", method: "POST", url: "/v1/decisions", body: publish, wantStatus: 200, wantContains: []string{`"permit"`}},
			{name: "not for that", as: "operator", method: "POST", url: "/v1/decisions", body: strings.Replace(publish, `"name"`, `"phone"`, 1), wantStatus: 200, wantContains: []string{`"deny"`}},
			{name: "and its ban is no longer told", method: "GET", url: "/v1/organizations/$bin/dissemination", wantStatus: 200, wantContains: []string{`{"id":"phone","bans":false,"conditions":false}`}},
			{name: "stopped", as: "subject", method: "POST", url: "/v1/me/dissemination/stop", body: `{"organization":"$bin","reason":"enough"}`, wantStatus: 200, wantContains: []string{`"$consent"`, `"status":"withdrawn"`}},
			{name: "at once", as: "operator", method: "POST", url: "/v1/decisions", body: publish, wantStatus: 200, wantContains: []string{`"deny"`}},
			{name: "twice", as: "subject", method: "POST", url: "/v1/me/dissemination/stop", body: `{"organization":"$bin"}`, wantStatus: 200, wantContains: []string{`"items":[]`}},
			{name: "and no longer told", method: "GET", url: "/v1/organizations/$bin/dissemination", wantStatus: 200, wantNot: []string{`true`}},
		} {
			s.run(t, w)
		}
		if !t.Failed() {
			apptest.Clean(t, w.App)
		}
	})
}
