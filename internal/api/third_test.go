package api

import "testing"

// A third party asks for what another organization holds: by name, under its
// own id of the person, and only what a consent that names it covers. The
// person sees it, and the holder's officer; what was taken back is denied.
//
// duty: L7.6, L8-2.2.3, L24.1.5
func TestThirdParty(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.give(t, "payment")
		w.do(t, "operator", "POST", "/v1/access",
			`{"subject":"$subject","action":"collect","purpose":"payment","values":{"name":"$name","phone":"$phone"}}`).want(t, 200)
		for _, s := range notNamed {
			s.run(t, w)
		}
		w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"],"categories":["name","email"]`)
		for _, s := range thirdNamed {
			s.run(t, w)
		}
		w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{"scopes":["transfer"]}`).want(t, 200)
		for _, s := range takenBack {
			s.run(t, w)
		}
	})
}

func thirdAsks(what string) string {
	return `{"subject":"$payerSubject","organization":"$bin","purpose":"payment",` + what + `}`
}

var notNamed = []scenario{
	{
		name: "decision", as: "third-party", method: "POST", url: "/v1/decisions", body: thirdAsks(`"action":"view","categories":["name"]`),
		wantStatus: 200, wantContains: []string{`"deny"`, `"not-covered"`},
	},
	{
		name: "access", as: "third-party", method: "POST", url: "/v1/access", body: thirdAsks(`"action":"view","categories":["name"]`),
		wantStatus: 403, wantContains: []string{`"denied"`, `"not-covered"`}, wantNot: []string{"$name", `"data"`},
	},
	{
		name: "by the holder's id", as: "third-party", method: "POST", url: "/v1/decisions",
		body: `{"subject":"$subject","organization":"$bin","purpose":"payment","action":"view"}`, wantStatus: 404, wantContains: []string{"subject-unknown"},
	},
	{
		name: "in the holder's own name", as: "third-party", method: "POST", url: "/v1/decisions",
		body: thirdAsks(`"action":"view","categories":["name"],"recipient":"$bin"`), wantStatus: 200, wantContains: []string{`"deny"`},
	},
	{
		name: "not to collect", as: "third-party", method: "POST", url: "/v1/access", body: thirdAsks(`"action":"collect","values":{"name":"x"}`),
		wantStatus: 400, wantContains: []string{"third-party-action"},
	},
	{
		name: "not to destroy", as: "third-party", method: "POST", url: "/v1/access", body: thirdAsks(`"action":"destroy"`),
		wantStatus: 400, wantContains: []string{"third-party-action"},
	},
}

var thirdNamed = []scenario{
	{
		name: "decision", as: "third-party", method: "POST", url: "/v1/decisions", body: thirdAsks(`"action":"view","categories":["name"]`),
		wantStatus: 200, wantContains: []string{`"permit"`, "$consent"}, keep: "entry",
	},
	{
		name: "access", as: "third-party", method: "POST", url: "/v1/access", body: thirdAsks(`"action":"view","categories":["name"]`),
		wantStatus: 200, wantContains: []string{`"data":{"name":"$name"}`},
	},
	{
		name: "the recipient is who asks", as: "third-party", method: "POST", url: "/v1/decisions",
		body: thirdAsks(`"action":"view","categories":["name"],"recipient":"$other"`), wantStatus: 200, wantContains: []string{`"permit"`},
	},
	{
		name: "no category beyond", as: "third-party", method: "POST", url: "/v1/access", body: thirdAsks(`"action":"view","categories":["name","phone"]`),
		wantStatus: 403, wantContains: []string{`"not-covered"`}, wantNot: []string{"$name", "$phone"},
	},
	{
		name: "no purpose beyond", as: "third-party", method: "POST", url: "/v1/decisions",
		body:       `{"subject":"$payerSubject","organization":"$bin","purpose":"news","action":"view","categories":["name"]}`,
		wantStatus: 200, wantContains: []string{`"deny"`, `"not-covered"`},
	},
	{
		name: "not another's base", as: "third-party", method: "POST", url: "/v1/decisions",
		body: `{"subject":"$payerSubject","organization":"$other","purpose":"payment","action":"view","categories":["name"]}`, wantStatus: 200, wantContains: []string{`"deny"`},
	},
	{
		name: "the consent", as: "third-party", method: "GET", url: "/v1/consents/$consent",
		wantStatus: 200, wantContains: []string{"$payerSubject"}, wantNot: []string{`"$subject"`},
	},
	{
		name: "the person is told", as: "subject", method: "GET", url: "/v1/me/journal?organization=$bin&action=view",
		wantStatus: 200, wantContains: []string{"$entry", `"recipient":"$payer"`}, wantNot: []string{`"recipient":"$other"`, `"recipient":"$bin"`},
	},
	{
		name: "the inbox", as: "subject", method: "GET", url: "/v1/me/notifications?limit=20",
		wantStatus: 200, wantContains: []string{"$entry"},
	},
	{
		name: "the holder's officer", as: "officer", method: "GET", url: "/v1/journal?subject=$subject&action=view",
		wantStatus: 200, wantContains: []string{"$entry", `"recipient":"$payer"`}, wantNot: []string{"$payerSubject"},
	},
	{
		name: "the person is told by the provision of the service", as: "subject", method: "GET", url: "/v1/me/notifications",
		wantStatus: 200, wantContains: []string{`"notice":"8-2(2)3"`},
	},
}

var takenBack = []scenario{
	{
		name: "decision", as: "third-party", method: "POST", url: "/v1/decisions", body: thirdAsks(`"action":"view","categories":["name"]`),
		wantStatus: 200, wantContains: []string{`"deny"`}, wantNot: []string{`"permit"`},
	},
	{
		name: "access", as: "third-party", method: "POST", url: "/v1/access", body: thirdAsks(`"action":"view","categories":["name"]`),
		wantStatus: 403, wantNot: []string{"$name"},
	},
	{name: "the consent", as: "third-party", method: "GET", url: "/v1/consents/$consent", wantStatus: 404},
	{
		name: "the operator still may", as: "operator", method: "POST", url: "/v1/access",
		body: `{"subject":"$subject","action":"view","purpose":"payment","categories":["name"]}`, wantStatus: 200, wantContains: []string{"$name"},
	},
	{
		name: "but not hand over", as: "operator", method: "POST", url: "/v1/access",
		body: `{"subject":"$subject","action":"transfer","purpose":"payment","categories":["name"],"recipient":"$payer"}`, wantStatus: 403, wantNot: []string{"$name"},
	},
}
