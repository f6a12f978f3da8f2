package api

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
)

// Personal data goes only where it was asked for: it is in no log line, no
// metric, no part of the public tree, no problem, no header, and nowhere open
// on the disk. Problems and headers are looked through in every test.
//
// duty: L21
func TestNoDataWhereNoneBelongs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["deputy"] = w.person(t, apptest.IIN(1), planted)
	w.names["email"], w.names["document"], w.names["value"] = plantedEmail, plantedDoc, plantedValue
	for _, s := range everything {
		s.headers = append(s.headers, keyed, s.name)
		s.run(t, w)
	}
	w.do(t, "operator", "GET", "/v1/consents?subject=$iin", "").want(t, 400)
	w.do(t, "operator", "GET", "/v1/consents/$email", "").want(t, 404)
	w.do(t, "officer", "GET", "/v1/journal?action=$phone", "").want(t, 200)
	w.do(t, plantedIIN, "GET", "/v1/me", "").want(t, 401)
	w.seal(t)
	size := w.leaves(t)
	for _, path := range []string{
		"/metrics", "/log/checkpoint", "/log/key", "/openapi.json", "/docs", "/.well-known/jwks.json", "/healthz", "/readyz",
		fmt.Sprintf("/log/tile/0/000.p/%d", size), fmt.Sprintf("/log/tile/entries/000.p/%d", size),
	} {
		clean(t, path, string(w.do(t, "", "GET", path, "").want(t, 200).body))
	}
	clean(t, "log", w.log.String())
	w.onDisk(t, plants...)
}

var everything = []scenario{
	{
		name: "register", as: "operator", method: "POST", url: "/v1/subjects", wantStatus: 200,
		body: `{"identifiers":[{"kind":"iin","value":"$iin"},{"kind":"email","value":"$email"},{"kind":"document","value":"$document"},{"kind":"external","value":"$value"}],` +
			`"name":"$name","contacts":{"home":"$phone"}}`,
	},
	{name: "webhook", as: "operator", method: "POST", url: "/v1/webhooks", body: `{"url":"https://receiver.example/$iin"}`, wantStatus: 201},
	{name: "contact", as: "subject", method: "POST", url: "/v1/me/contacts", body: `{"kind":"email","value":"$email"}`, wantStatus: 201, wantContains: []string{"$email"}},
	{name: "request", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$subject","purposes":["news"],"message":"$name","contact":{"kind":"email","value":"$email"}}`, wantStatus: 201},
	{name: "request to nowhere", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$subject","purposes":["news"],"contact":{"kind":"email","value":"$name"}}`, wantStatus: 400, wantContains: []string{`"field":"contact.value"`}},
	{name: "wrong contact", as: "subject", method: "POST", url: "/v1/me/contacts", body: `{"kind":"$name","value":"$phone"}`, wantStatus: 400},
	{
		name: "consent", as: "operator", method: "POST", url: "/v1/consents", wantStatus: 201, keep: "consent",
		body: `{"subject":"$subject","purposes":["contracts"],"name":"$name","message":"$value","other":{"note":"$email"},` +
			`"evidence":{"channel":"paper","document":"$document"}}`,
	},
	{
		name: "collect", as: "operator", method: "POST", url: "/v1/access", wantStatus: 200,
		body: `{"subject":"$subject","action":"collect","purpose":"contracts","reference":"$iin","actor":{"kind":"person","id":"$email"},` +
			`"values":{"name":"$name","iin":"$iin","phone":"$phone","email":"$email","employer":"$value"}}`,
	},
	{
		name: "view", as: "operator", method: "POST", url: "/v1/access", wantStatus: 200, wantContains: []string{"$iin"},
		body: `{"subject":"$subject","action":"view","purpose":"contracts","categories":["name","iin","phone","email","employer"]}`,
	},
	{
		name: "denied", as: "operator", method: "POST", url: "/v1/access", wantStatus: 403,
		body: `{"subject":"$subject","action":"collect","purpose":"news","reference":"$name","values":{"iin":"$iin"}}`,
	},
	{
		name: "documented ground", as: "operator", method: "POST", url: "/v1/decisions", wantStatus: 200,
		body: `{"subject":"$subject","action":"view","purpose":"contracts","ground":{"provision":"9(5)","document":"$name $iin"}}`,
	},
	{name: "wrong purpose", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"view","purpose":"$name"}`, wantStatus: 400},
	{name: "wrong action", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"$email"}`, wantStatus: 400},
	{name: "wrong actor", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"view","actor":{"kind":"$name"}}`, wantStatus: 400},
	{name: "wrong country", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"view","country":"$iin"}`, wantStatus: 400},
	{name: "wrong recipient", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"view","recipient":"$phone"}`, wantStatus: 400},
	{name: "data for a name", as: "operator", method: "POST", url: "/v1/decisions", body: `{"$email":"$iin"}`, wantStatus: 400},
	{name: "data for a value", as: "operator", method: "POST", url: "/v1/access", body: `{"subject":"$subject","action":"collect","purpose":"contracts","values":{"iin":"$phone","$iin":"$name"}}`, wantStatus: 400},
	{name: "data twice", as: "operator", method: "POST", url: "/v1/subjects", body: `{"contacts":{"$iin":"a","$iin":"b"}}`, wantStatus: 400},
	{name: "data for an identifier", as: "operator", method: "POST", url: "/v1/subjects", body: `{"identifiers":[{"kind":"$name","value":"$iin"}]}`, wantStatus: 400},
	{name: "broken", as: "operator", method: "POST", url: "/v1/subjects", body: `{"name":"$name","identifiers":[{"kind":"iin","value":"$iin"`, wantStatus: 400},
	{name: "token", as: "admin", method: "POST", url: "/v1/organizations/$bin/tokens", body: `{"role":"staff","label":"$name $iin"}`, wantStatus: 201},
	{name: "wrong role", as: "admin", method: "POST", url: "/v1/organizations/$bin/tokens", body: `{"role":"$name"}`, wantStatus: 400},
	{
		name: "deferral", as: "officer", method: "POST", url: "/v1/journal/deferrals", wantStatus: 201, keep: "deferral",
		body: `{"subject":"$subject","reference":"$iin","provision":"9(1)","document":"$name, $document","until":"2024-01-01T00:00:00Z"}`,
	},
	{name: "approval", as: "second", method: "POST", url: "/v1/journal/deferrals/$deferral/approve", body: `{}`, wantStatus: 200},
	{name: "wrong ground", as: "officer", method: "POST", url: "/v1/journal/deferrals", body: `{"subject":"$subject","provision":"$name","document":"$iin","until":"2024-01-01T00:00:00Z"}`, wantStatus: 400},
	{name: "wrong role of a person", as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":"view","role":"$iin"}`, wantStatus: 400},
	{
		name: "representative", as: "operator", method: "POST", url: "/v1/representatives", wantStatus: 201, wantContains: []string{"$document"},
		body: `{"subject":"$subject","representative":"$deputy","kind":"attorney","acts":["read"],"until":"2024-06-01T00:00:00Z","document":{"kind":"$name","number":"$document"}}`,
	},
	{name: "a parent of an adult", as: "operator", method: "POST", url: "/v1/representatives", body: `{"subject":"$subject","representative":"$deputy","kind":"parent","iin":"$iin","document":{"kind":"$name"}}`, wantStatus: 409},
	{name: "wrong acts", as: "operator", method: "POST", url: "/v1/representatives", body: `{"subject":"$subject","representative":"$deputy","kind":"$name","acts":["$iin"],"birthdate":"$iin"}`, wantStatus: 400},
	{name: "wrong birth", as: "operator", method: "POST", url: "/v1/representatives", body: `{"subject":"$subject","representative":"$deputy","kind":"parent","birthdate":"$phone"}`, wantStatus: 400},
	{
		name: "hold", as: "officer", method: "POST", url: "/v1/consents/$consent/holds", wantStatus: 201, wantContains: []string{"$document"}, keep: "hold",
		body: `{"provision":"$iin","obligation":"$name owes $value","document":"$document","until":"2024-06-01T00:00:00Z"}`,
	},
	{name: "a hold for nothing", as: "officer", method: "POST", url: "/v1/consents/$consent/holds", body: `{"purposes":["$name"],"obligation":"$iin","document":"$document","until":"2024-06-01T00:00:00Z"}`, wantStatus: 400},
	{name: "appeal", as: "subject", method: "POST", url: "/v1/consents/$consent/holds/$hold/appeal", body: `{"reason":"$name paid by $email"}`, wantStatus: 200},
	{name: "decision", as: "authority", method: "POST", url: "/v1/holds/$hold/decide", body: `{"decision":"lift","reason":"$name paid"}`, wantStatus: 200, wantContains: []string{"$email"}},
	{name: "narrowed to strange things", as: "subject", method: "POST", url: "/v1/consents/$consent/narrow", body: `{"purposes":["$name"],"categories":["$iin"]}`, wantStatus: 400},
	{
		name: "withdraw", as: "operator", method: "POST", url: "/v1/consents/$consent/withdraw", wantStatus: 200,
		body: `{"reason":"$name","evidence":{"channel":"paper","document":"$document"}}`,
	},
}

// A confirmation says that there is a consent, not whose name stands in it.
func TestConfirmationNamesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["consent"] = w.give(t, "payment", `,"name":"$name","thirdParties":["$payer"]`)
	token := string(w.do(t, "third-party", "GET", "/v1/consents/$consent/confirmation", "").want(t, 200).body)
	for _, part := range strings.Split(token, ".") {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		clean(t, "confirmation", string(b))
	}
}
