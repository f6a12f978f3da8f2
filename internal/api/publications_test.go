package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
)

// published records that the person's name is public by a law, at an address of its
// own.
func (w *world) published(t *testing.T) {
	t.Helper()
	body := fmt.Sprintf(`{"subject":"$subject","categories":["name"],"source":{"kind":"site","name":"List","address":"https://list.example/%d"},"ground":"9(7)","document":"law 1"}`, len(w.names["n"]))
	a := w.do(t, "officer", "POST", "/v1/publications", body).want(t, 201)
	w.names["publication"] = a.str(t, "id")
	page := strings.Split(a.str(t, "page"), "/")
	w.names["token"] = page[len(page)-1]
	w.names["n"] += "i"
}

const (
	published = `{"subject":"$subject","purpose":"services","categories":["name","phone"],"source":{"kind":"site","name":"Board","address":"https://board.example/$secret?iin=$iin"}}`
	tookOut   = `{"how":"deleted by the editors","document":"letter $secret"}`
)

// The register of public sources from the first publication to the last removal, as
// systems, staff, the subject and everybody see it.
//
// duty: P5.13, P5.14, P5.15, L6.1, L6.2, L6.3, L24.1.6
func TestPublications(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Add(time.Second)
		apptest.Apply(t, w.App, publicBestam(t))
		w.names["secret"] = planted
		publish := published
		for _, s := range []scenario{
			{name: "nobody agreed", as: "operator", method: "POST", url: "/v1/publications", body: publish, wantStatus: 403, wantContains: []string{`"code":"denied"`, `"decision":"deny"`, `"receipt"`}, wantNot: []string{"board"}},
			{name: "nothing is recorded", as: "officer", method: "GET", url: "/v1/publications", wantStatus: 200, wantContains: []string{`"items":[]`}},
			{name: "agreed", as: "operator", method: "POST", url: "/v1/consents", body: `{"subject":"$subject","purposes":["services"],"publicSources":true,"conditions":[{"category":"phone","ban":true},{"category":"name","condition":"with a link"}],"evidence":{"channel":"form"}}`, wantStatus: 201, keep: "consent"},
			{name: "published", as: "operator", method: "POST", url: "/v1/publications", body: publish, wantStatus: 201, keep: "publication", wantContains: []string{`"status":"public"`, `"consent":"$consent"`, `{"category":"name","ban":false,"condition":"with a link"},{"category":"phone","ban":true}`, `"page":"https://kelisim.example/o/$bin/dissemination/`, `"published":"2023-11-23`}},
			{name: "conditions are owed no more", as: "officer", method: "POST", url: "/v1/consents/$consent/conditions", wantStatus: 409, wantContains: []string{"conditions-published"}},
			{name: "twice", as: "operator", method: "POST", url: "/v1/publications", body: publish, wantStatus: 409, wantContains: []string{"publication-known"}, wantNot: []string{"board"}},
			{name: "the subject sees", as: "subject", method: "GET", url: "/v1/me/publications", wantStatus: 200, wantContains: []string{`"id":"$publication"`, `"address":"https://board.example/`, `"condition":"with a link"`}, wantNot: []string{`"subject"`}},
			{name: "others do not", as: "other-operator", method: "GET", url: "/v1/publications/$publication", wantStatus: 404, wantContains: []string{"publication-unknown"}},
			{name: "nor take it out", as: "other-operator", method: "POST", url: "/v1/publications/$publication/removed", body: tookOut, wantStatus: 404, wantContains: []string{"publication-unknown"}},
			{name: "nor list it", as: "other-operator", method: "GET", url: "/v1/publications?subject=$subject", wantStatus: 200, wantContains: []string{`"items":[]`}},
			{name: "the cost is told before", as: "subject", method: "GET", url: "/v1/me/requests/terms?kind=public-removal&organization=$bin", wantStatus: 200, wantContains: []string{`"cost":{"bearer":"operator","provision":"6"}`, `"provision":"6"`, `"due":"2023-11-24`}},
			{name: "and what is disputed", as: "subject", method: "GET", url: "/v1/me/requests/terms?kind=public-removal&cause=withdrawn&organization=$bin", wantStatus: 200, wantContains: []string{`"cost":{"bearer":"operator","provision":"6","disputed":"court"}`}},
			{name: "a cause nobody knows", as: "subject", method: "GET", url: "/v1/me/requests/terms?kind=public-removal&cause=whim&organization=$bin", wantStatus: 400, wantContains: []string{`"field":"cause"`, "unlawful, withdrawn"}},
		} {
			s.run(t, w)
		}
		page := strings.Split(w.do(t, "operator", "GET", "/v1/publications/$publication", "").want(t, 200).str(t, "page"), "/")
		w.names["token"] = page[len(page)-1]
		for _, s := range []scenario{
			{name: "everybody who met it", method: "GET", url: "/v1/organizations/$bin/dissemination/$token", wantStatus: 200, wantContains: []string{`{"category":"name","ban":false,"condition":"with a link"}`}, wantNot: []string{"board", "subject"}},
			{name: "not at another operator", method: "GET", url: "/v1/organizations/$other/dissemination/$token", wantStatus: 404, wantContains: []string{"publication-unknown"}},
			{name: "not by a number", method: "GET", url: "/v1/organizations/$bin/dissemination/$publication", wantStatus: 404, wantContains: []string{"publication-unknown"}},
			{name: "stopped", as: "subject", method: "POST", url: "/v1/me/dissemination/stop", body: `{"organization":"$bin"}`, wantStatus: 200, wantContains: []string{`"withdrawn"`}},
			{name: "a task at once", as: "officer", method: "GET", url: "/v1/publications?status=removing", wantStatus: 200, wantContains: []string{`"id":"$publication"`, `"from":"consent"`, `"cause":"withdrawn"`, `"due":"2023-11-24`, `"overdue":false`, `"cost":{"bearer":"operator","provision":"6","disputed":"court"}`}},
			{name: "demanded again", as: "officer", method: "POST", url: "/v1/publications/$publication/demand", body: `{"cause":"unlawful"}`, wantStatus: 409, wantContains: []string{"publication-removing"}},
			{name: "and the subject demands", as: "subject", method: "POST", url: "/v1/me/requests", body: `{"kind":"stop-dissemination","organization":"$bin","details":{"categories":["name"]}}`, wantStatus: 201, keep: "request", wantContains: []string{`"status":"open"`}},
			{name: "not answered yet", as: "officer", method: "POST", url: "/v1/requests/$request/fulfil", body: `{}`, wantStatus: 409, wantContains: []string{"publication-left", "1 publication"}},
			{name: "in the list of terms", as: "officer", method: "GET", url: "/v1/terms?organization=$bin", wantStatus: 200, wantContains: []string{`"key":"public-removal"`, `"kind":"publication"`}},
			{name: "removed", as: "officer", method: "POST", url: "/v1/publications/$publication/removed", body: tookOut, wantStatus: 200, wantContains: []string{`"status":"removed"`, `"how":"deleted by the editors"`, `"removedAt":"2023-11-23`}, wantNot: []string{`"page"`}},
			{name: "removed twice", as: "officer", method: "POST", url: "/v1/publications/$publication/removed", body: tookOut, wantStatus: 409, wantContains: []string{"publication-removed"}},
			{name: "answered", as: "officer", method: "POST", url: "/v1/requests/$request/fulfil", body: `{}`, wantStatus: 200, wantContains: []string{`"status":"fulfilled"`, `"sources":[{"publication":"$publication","name":"Board"`, `"cost":"operator"`, `"disputed":"court"`}},
			{name: "disputed", as: "subject", method: "POST", url: "/v1/me/requests/$request/appeal", body: `{"text":"they want me to pay"}`, wantStatus: 201},
			{name: "the court shifts it", as: "officer", method: "POST", url: "/v1/publications/$publication/cost", body: `{"bearer":"subject","document":"case 7"}`, wantStatus: 200, wantContains: []string{`"cost":{"bearer":"subject","provision":"6","disputed":"court","document":"case 7"}`}},
			{name: "the page is gone", method: "GET", url: "/v1/organizations/$bin/dissemination/$token", wantStatus: 404, wantContains: []string{"publication-unknown"}},
			{name: "the subject reads how", as: "subject", method: "GET", url: "/v1/me/publications", wantStatus: 200, wantContains: []string{`"status":"removed"`, `"how":"deleted by the editors"`}},
			{name: "publishing again is refused", as: "operator", method: "POST", url: "/v1/publications", body: publish, wantStatus: 403, wantContains: []string{`"code":"denied"`}},
		} {
			s.run(t, w)
		}
		if log := w.log.String(); strings.Contains(log, planted) || strings.Contains(log, "board.example") {
			t.Error("the log has an address or a document")
		}
		if !t.Failed() {
			apptest.Clean(t, w.App)
		}
	})
}

// An answer that got lost is the same when it is asked for again, and one
// publication is recorded.
func TestPublicationIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"subject":"$subject","categories":["name"],"source":{"kind":"site","name":"List","address":"https://list.example/a"},"ground":"9(7)","document":"law 1"}`
	first := w.do(t, "operator", "POST", "/v1/publications", body, "Idempotency-Key", "p-1").want(t, 201)
	again := w.do(t, "operator", "POST", "/v1/publications", body, "Idempotency-Key", "p-1").want(t, 201)
	if string(first.body) != string(again.body) {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	if list := w.do(t, "operator", "GET", "/v1/publications", "").want(t, 200); strings.Count(string(list.body), `"source"`) != 1 {
		t.Errorf("%s", list.body)
	}
}

func publishing(more string) string {
	return `{"subject":"$subject","purpose":"services","categories":["name"],"source":{"kind":"site","name":"Board","address":"https://board.example/$name"}` + more + `}`
}

var badPublications = []bad{
	{"nobody's", "operator", "POST /v1/publications", `{}`, 400, "missing-field", "subject", ""},
	{"in no source", "operator", "POST /v1/publications", `{"subject":"$subject","purpose":"services","categories":["name"]}`, 400, "missing-field", "source.kind", ""},
	{"in an unknown source", "operator", "POST /v1/publications", `{"subject":"$subject","purpose":"services","categories":["name"],"source":{"kind":"tavern","name":"$name","address":"$name"}}`, 400, "bad-enum", "source.kind", "site, social-network"},
	{"at a script", "operator", "POST /v1/publications", `{"subject":"$subject","purpose":"services","categories":["name"],"source":{"kind":"site","name":"x","address":"javascript:alert(1)"}}`, 400, "publication-address", "source.address", ""},
	{"at an address too long", "operator", "POST /v1/publications", `{"subject":"$subject","purpose":"services","categories":["name"],"source":{"kind":"site","name":"x","address":"https://x.example/$x2001"}}`, 400, "too-long", "source.address", "500"},
	{"of data nobody declared", "operator", "POST /v1/publications", `{"subject":"$subject","purpose":"services","categories":["$name"],"source":{"kind":"site","name":"x","address":"https://x.example"}}`, 400, "category-absent", "categories", ""},
	{"of nothing", "operator", "POST /v1/publications", `{"subject":"$subject","purpose":"services","source":{"kind":"site","name":"x","address":"https://x.example"}}`, 400, "missing-field", "categories", ""},
	{"for nothing", "operator", "POST /v1/publications", `{"subject":"$subject","categories":["name"],"source":{"kind":"site","name":"x","address":"https://x.example"}}`, 400, "missing-field", "purpose", ""},
	{"since tomorrow", "operator", "POST /v1/publications", publishing(`,"since":"2099-01-01T00:00:00Z"`), 400, "time-future", "since", ""},
	{"since a word", "operator", "POST /v1/publications", publishing(`,"since":"yesterday"`), 400, "wrong-type", "since", "RFC 3339"},
	{"with a document of nothing", "operator", "POST /v1/publications", publishing(`,"document":"law"`), 400, "publication-document", "document", ""},
	{"on a ground too long", "operator", "POST /v1/publications", publishing(`,"ground":"$x201"`), 400, "too-long", "ground", "200"},
	{"of nobody", "operator", "POST /v1/publications", strings.Replace(publishing(""), "$subject", "$stranger", 1), 404, "subject-unknown", "", ""},
	{"of another's", "operator", "POST /v1/publications", strings.Replace(publishing(""), "$subject", "$otherSubject", 1), 404, "subject-unknown", "", ""},
	{"an unknown field", "operator", "POST /v1/publications", publishing(`,"colour":"red"`), 400, "unknown-field", "colour", ""},
	{"one that is none", "officer", "GET /v1/publications/$stranger", ``, 404, "publication-unknown", "", ""},
	{"one of no id", "officer", "GET /v1/publications/$iin", ``, 404, "not-found", "", ""},
	{"a status nobody has", "officer", "GET /v1/publications?status=gone", ``, 400, "bad-enum", "status", "public, removing, removed"},
	{"publications of no subject", "officer", "GET /v1/publications?subject=1", ``, 400, "bad-id", "subject", ""},
	{"removed without a proof", "officer", "POST /v1/publications/$stranger/removed", `{"how":"deleted"}`, 400, "missing-field", "document", ""},
	{"removed from nowhere", "officer", "POST /v1/publications/$stranger/removed", `{"how":"x","document":"y"}`, 404, "publication-unknown", "", ""},
	{"demanded for nothing", "officer", "POST /v1/publications/$stranger/demand", `{}`, 400, "missing-field", "cause", ""},
	{"a cost for the court", "officer", "POST /v1/publications/$stranger/cost", `{"bearer":"court","document":"x"}`, 400, "bad-enum", "bearer", "operator, subject"},
	{"conditions of another consent", "officer", "POST /v1/consents/$theirs/conditions", ``, 404, "consent-unknown", "", ""},
	{"conditions of what is not published", "officer", "POST /v1/consents/$consent/conditions", ``, 409, "conditions-published", "", ""},
	{"conditions of no publication", "officer", "GET /v1/organizations/$bin/dissemination/$stranger", ``, 404, "publication-unknown", "", ""},
	{"conditions of no id", "officer", "GET /v1/organizations/$bin/dissemination/1", ``, 404, "publication-unknown", "", ""},
}
