package api

import "testing"

// A question over HTTP: asked, found again, read with its text, narrowed and
// given; the asker polls what became of it, and nobody else learns of it.
func TestRequestForConsent(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		ask := `{"subject":"$subject","purposes":["payment"],"optional":["phone"],"thirdParties":["$payer"],"message":"договор 7","callback":"https://crm.example.kz/hook"}`
		a := w.do(t, "operator", "POST", "/v1/consents/requests", ask).want(t, 201)
		w.names["request"] = a.str(t, "id")
		if a.str(t, "status") != "pending" || a.str(t, "link") == "" || a.str(t, "expiresAt") == "" {
			t.Errorf("asked: %s", a.body)
		}
		if again := w.do(t, "operator", "POST", "/v1/consents/requests", ask).want(t, 200); again.str(t, "id") != w.names["request"] {
			t.Error("an equal question is another one")
		}
		for _, s := range []scenario{
			{name: "not the third party's", as: "third-party", method: "GET", url: "/v1/consents/requests/$request", wantStatus: 404, wantContains: []string{"request-unknown"}},
			{name: "given before it was read", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"give"}`, wantStatus: 409, wantContains: []string{"request-not-shown"}},
			{name: "read", as: "subject", method: "GET", url: "/v1/me/consents/requests/$request", wantStatus: 200, wantContains: []string{`"text":`, "договор 7", `"optional":["phone"]`}},
			{name: "an answer that is none", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"maybe"}`, wantStatus: 400, wantContains: []string{`"field":"answer"`}},
			{name: "more than was asked", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"give","purposes":["payment","news"]}`, wantStatus: 400, wantContains: []string{`"field":"purposes[1]"`, "not-asked"}},
			{name: "less than is needed", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"give","categories":["phone"]}`, wantStatus: 400, wantContains: []string{"category-required"}},
			{name: "given without the third party", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"give","thirdParties":[]}`, wantStatus: 200, wantContains: []string{`"status":"given"`}},
			{name: "given again", as: "subject", method: "POST", url: "/v1/me/consents/requests/$request/answer", body: `{"answer":"refuse"}`, wantStatus: 409, wantContains: []string{"request-answered"}},
			{name: "polled", as: "operator", method: "GET", url: "/v1/consents/requests/$request", wantStatus: 200, wantContains: []string{`"status":"given"`, `"consent":`}},
			{name: "no consent to hand on", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"transfer","purpose":"payment","categories":["name"],"recipient":"$payer"}`, wantStatus: 200, wantContains: []string{`"deny"`}},
			{name: "nor for what was optional", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"use","purpose":"payment","categories":["phone"]}`, wantStatus: 200, wantContains: []string{`"deny"`}},
			{name: "the third party asks", as: "third-party", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$payerSubject","organization":"$bin","purposes":["payment"]}`, wantStatus: 201, wantContains: []string{`"pending"`}},
			{name: "a callback nobody can call", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$subject","purposes":["news"],"callback":"file:///etc/passwd"}`, wantStatus: 400, wantContains: []string{`"field":"callback"`}},
			{name: "of a stranger", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$payerSubject","purposes":["news"]}`, wantStatus: 404, wantContains: []string{"subject-unknown"}},
		} {
			s.run(t, w)
		}
	})
}
