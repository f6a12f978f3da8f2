package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/mod/sumdb/note"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/verify"
)

// The main job by the interface alone: an operator describes itself, takes a
// consent, collects, views; the person sees it and withdraws; the next access
// is denied; whoever wants checks the log.
//
// duty: L7.1, L8.1, L8-1.2.2, L8-1.2.3, L8-1.2.4, L24.1.1
func TestMainJob(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		w := serve(t, a, clock)
		w.names["bin"], w.names["iin"], w.names["phone"], w.names["name"] = other, plantedIIN, plantedPhone, planted
		describe(t, w)
		for _, s := range collecting {
			s.run(t, w)
		}
		w.tokens["subject"] = token(t, w, `{"role":"subject","subject":"$subject"}`)
		for _, s := range looking {
			s.run(t, w)
		}
		entry := w.do(t, "operator", "POST", "/v1/decisions",
			`{"subject":"$subject","action":"view","purpose":"contracts","categories":["name"]}`).want(t, 200)
		promised(t, w, entry)
		w.names["entry"] = entry.str(t, "id")
		w.seal(t)
		proven(t, w)
		if n := apptest.Clean(t, a); n == 0 {
			t.Error("no leaves")
		}
	})
}

// describe applies the description, lets the officer approve it and issues the
// operator's token.
func describe(t *testing.T, w *world) {
	t.Helper()
	text := strings.Replace(apptest.Bestam(t), apptest.BIN, other, 1)
	w.do(t, "admin", "PUT", "/v1/organizations/$bin", text, "Content-Type", "application/yaml").want(t, 201)
	w.tokens["officer"] = token(t, w, `{"role":"officer","label":"Айгүл"}`)
	w.tokens["operator"] = token(t, w, `{"role":"operator","expiresAt":"2024-01-01T00:00:00Z"}`)
	(&scenario{
		name: "nothing before approval", as: "officer", method: "GET", url: "/v1/organizations/$bin", wantStatus: 409,
		wantContains: []string{"register-absent"},
	}).run(t, w)
	(&scenario{
		name: "approve", as: "officer", method: "POST", url: "/v1/organizations/$bin/versions/1/approve", wantStatus: 200,
		wantContains: []string{`"in-force"`},
	}).run(t, w)
	(&scenario{
		name: "in force", as: "officer", method: "GET", url: "/v1/organizations/$bin", wantStatus: 200,
		wantContains: []string{`"visit-statistics"`},
	}).run(t, w)
}

func token(t *testing.T, w *world, body string) string {
	t.Helper()
	return w.do(t, "admin", "POST", "/v1/organizations/$bin/tokens", body).want(t, 201).str(t, "token")
}

var collecting = []scenario{
	{
		name: "register", as: "operator", method: "POST", url: "/v1/subjects",
		body:       `{"identifiers":[{"kind":"iin","value":"$iin"},{"kind":"phone","value":"8 701 555 01 42"}],"name":"$name","language":"kk"}`,
		wantStatus: 201, keep: "subject",
	},
	{
		name: "look up", as: "operator", method: "POST", url: "/v1/subjects/lookup", body: `{"kind":"phone","value":"$phone"}`,
		wantStatus: 200, wantContains: []string{"$subject"},
	},
	{
		name: "no consent yet", as: "operator", method: "POST", url: "/v1/access",
		body:       `{"subject":"$subject","action":"collect","purpose":"contracts","values":{"name":"$name"}}`,
		wantStatus: 403, wantContains: []string{`"decision":"deny"`, `"no-consent"`, `"provision":"7(1)"`},
	},
	{
		name: "consent", as: "operator", method: "POST", url: "/v1/consents",
		body:       `{"subject":"$subject","purposes":["contracts"],"message":"the reason","evidence":{"channel":"form","document":"form 7"}}`,
		wantStatus: 201, wantContains: []string{`"active"`}, keep: "consent",
	},
	{
		name: "collect", as: "operator", method: "POST", url: "/v1/access",
		body:       `{"subject":"$subject","action":"collect","purpose":"contracts","values":{"name":"$name","phone":"8(701)5550142"}}`,
		wantStatus: 200, wantContains: []string{`"permit"`, `"consent":"$consent"`},
	},
	{
		name: "view", as: "operator", method: "POST", url: "/v1/access",
		body:       `{"subject":"$subject","action":"view","purpose":"contracts","categories":["name","phone","iin"]}`,
		wantStatus: 200, wantContains: []string{`"data":{`, `"name":"$name"`, `"phone":"$phone"`}, wantNot: []string{`"iin":`},
	},
	{
		name: "more than the purpose needs", as: "operator", method: "POST", url: "/v1/access",
		body:       `{"subject":"$subject","action":"view","purpose":"contracts","categories":["name","visit-data"]}`,
		wantStatus: 403, wantContains: []string{`"category-excessive"`}, wantNot: []string{`"data"`},
	},
}

var looking = []scenario{
	{
		name: "me", as: "subject", method: "GET", url: "/v1/me", wantStatus: 200,
		wantContains: []string{`"name":"$name"`, `"holders":1`, `"organizations":["$bin"]`, `"unread":6`},
	},
	{
		name: "my consents", as: "subject", method: "GET", url: "/v1/me/consents", wantStatus: 200,
		wantContains: []string{`"id":"$consent"`, `"organization":"$bin"`, `"active"`}, wantNot: []string{"$subject"},
	},
	{
		name: "one consent, eight elements", as: "subject", method: "GET", url: "/v1/consents/$consent", wantStatus: 200,
		wantContains: []string{
			`"operator":{"id":"$bin"`, `"name":"$name"`, `"term":{"from"`, `"thirdParties":[]`, `"crossBorder":[]`,
			`"publicSources":false`, `"data":[`, `"extra":{"message":"the reason"}`,
		},
		wantNot: []string{"$subject"},
	},
	{
		name: "holders", as: "subject", method: "GET", url: "/v1/me/holders", wantStatus: 200,
		wantContains: []string{`"organization":"$bin"`, `"id":"$consent"`}, wantNot: []string{"$subject"},
	},
	{
		name: "my journal", as: "subject", method: "GET", url: "/v1/me/journal?action=view&organization=$bin", wantStatus: 200,
		wantContains: []string{`"permit"`, `"deny"`}, wantNot: []string{"$subject", `"consent.give"`},
	},
	{
		name: "my data", as: "subject", method: "GET", url: "/v1/me/data", wantStatus: 200,
		wantContains: []string{`"organization":"$bin"`, `"name":"$name"`, `"phone":"$phone"`},
	},
	{
		name: "my inbox", as: "subject", method: "GET", url: "/v1/me/notifications", headers: []string{"Accept-Language", "kk"}, wantStatus: 200,
		wantContains: []string{`"denied":true`, `"read":false`}, wantNot: []string{"⟦"},
	},
	{
		name: "withdraw", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"reason":"enough"}`, wantStatus: 200,
		wantContains: []string{`"withdrawn"`, `"scopes":[]`, `"by":"subject"`},
	},
	{
		name: "withdraw again", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{}`, wantStatus: 409,
		wantContains: []string{"consent-not-active"},
	},
	{
		name: "denied", as: "operator", method: "POST", url: "/v1/access",
		body:       `{"subject":"$subject","action":"view","purpose":"contracts","categories":["name"]}`,
		wantStatus: 403, wantContains: []string{`"denied"`, `"consent-withdrawn"`}, wantNot: []string{"$name"},
	},
	{
		name: "the officer's journal", as: "officer", method: "GET", url: "/v1/journal?subject=$subject&action=view", wantStatus: 200,
		wantContains: []string{`"consent-withdrawn"`, `"subject":"$subject"`},
	},
}

// promised: what an answer carries at once is signed.
func promised(t *testing.T, w *world, a *answer) {
	t.Helper()
	var body struct {
		Receipt struct {
			Leaf    string
			Promise verify.Promise
		}
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Fatal(err)
	}
	p := body.Receipt.Promise
	if _, err := base64.StdEncoding.Decode(p.Leaf[:], []byte(body.Receipt.Leaf)); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(logVerifier(t, w)); err != nil {
		t.Error(err)
	}
	p.Leaf[0] ^= 1
	if p.Check(logVerifier(t, w)) == nil {
		t.Error("a promise holds for another leaf")
	}
}

func logVerifier(t *testing.T, w *world) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(strings.TrimSpace(string(w.do(t, "", "GET", "/log/key", "").want(t, 200).body)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// proven: receipts of entry and consent hold by the published keys alone, and so
// does the whole log.
func proven(t *testing.T, w *world) {
	t.Helper()
	key := logVerifier(t, w)
	for role, url := range map[string]string{"officer": "/v1/journal/$entry/receipt", "subject": "/v1/me/journal/$entry/receipt"} {
		var r verify.Receipt
		if err := json.Unmarshal(w.do(t, role, "GET", url, "").want(t, 200).body, &r); err != nil {
			t.Fatal(err)
		}
		e, c, err := r.Check(key)
		if err != nil || e.Decision != "deny" || e.Action != "view" || c.Size == 0 {
			t.Error(role, e, c, err)
		}
		r.Entry[len(r.Entry)-1] ^= 1
		if _, _, err := r.Check(key); err == nil {
			t.Error("a receipt holds for another entry")
		}
	}
	var s verify.Signed
	if err := json.Unmarshal(w.do(t, "subject", "GET", "/v1/consents/$consent/receipt", "").want(t, 200).body, &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(jwks(t, w)); err != nil || s.Type != verify.TypeConsentReceipt {
		t.Error(s.Type, err)
	}
	if _, err := verify.CheckLog(key, w.fetch(t)); err != nil {
		t.Error(err)
	}
}

// fetch reads a path as a client without a token does.
func (w *world) fetch(t *testing.T) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		a := w.do(t, "", "GET", path, "")
		if a.status != 200 {
			return nil, fmt.Errorf("%s: %d", path, a.status)
		}
		return a.body, nil
	}
}

func jwks(t *testing.T, w *world) *jose.JSONWebKeySet {
	t.Helper()
	var keys jose.JSONWebKeySet
	a := w.do(t, "", "GET", "/.well-known/jwks.json", "").want(t, 200)
	if err := json.Unmarshal(a.body, &keys); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(a.body), `"d"`) {
		t.Error("the private key is published")
	}
	return &keys
}
