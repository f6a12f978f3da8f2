package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
)

// A purpose that an agreement names is the register's; one that it describes goes
// into the description and waits for the officer; one of which nothing is told
// stays a draft, and nobody consents to it.
//
// duty: L25.2.1
func TestGovStackAgreementsArePurposes(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		consent := func(id string, status int) *answer {
			return b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/"+id, "", "X-ConsentIndividualId", "i-1").want(t, status)
		}
		agreement := func(id string) *answer {
			return b.ask(t, "operator", "GET", "/config/data-agreement/"+id, "").want(t, 200)
		}
		reg := apptest.Org(t, b.App, "").Register
		b.agree(t, "news", "Our letters")
		b.agree(t, "by-id", "inform")
		b.agree(t, "by-name", reg.Purpose("services").Name.KK)
		for id, purpose := range map[string]string{"news": "news", "by-id": "inform", "by-name": "services"} {
			if a := agreement(id); a.str(t, "dataAgreement", "purposeId") != purpose || a.at(t, "dataAgreement", "active") != true {
				t.Errorf("%s: %s", id, a.body)
			}
			got := consent(id, 200).str(t, "consentRecord", "consentId")
			if v := b.do(t, "operator", "GET", "/v1/consents/"+got, "").want(t, 200); v.at(t, "purposes", 0) != purpose {
				t.Errorf("%s: the consent is %s", id, v.body)
			}
		}
		// Two purposes are none: nobody reads of one and consents to the other.
		b.agree(t, "visit-statistics", "payment")
		if a := consent("visit-statistics", 400); a.str(t, "code") != "govstack-unbound" {
			t.Errorf("%s", a.body)
		}
		// Nothing is told of the data: a draft.
		b.agree(t, "dreams", "Interpretation of dreams")
		if a := agreement("dreams"); a.at(t, "dataAgreement", "active") != false || a.str(t, "dataAgreement", "lifecycle", "name") != "Draft" {
			t.Errorf("%s", a.body)
		}
		consent("dreams", 400)
		// The data is told: a purpose that waits for the officer.
		body := `{"dataAgreement":{"id":"loyalty","version":"1","purpose":"Loyalty programme","lawfulBasis":"consent","dpia":"",` +
			`"attributes":[{"id":"1","name":"name","sensitivity":"","category":""},{"id":"2","name":"Mail","sensitivity":"","category":"email"}]}}`
		versions := func() int {
			return len(b.do(t, "officer", "GET", "/v1/organizations/$bin/versions", "").want(t, 200).items(t))
		}
		before := versions()
		a := b.ask(t, "operator", "POST", "/config/data-agreement/", body).want(t, 200)
		if a.at(t, "dataAgreement", "registerVersion") != float64(before+1) || a.at(t, "dataAgreement", "active") != false || versions() != before+1 {
			t.Errorf("not waiting: %s", a.body)
		}
		consent("loyalty", 400)
		b.do(t, "officer", "POST", "/v1/organizations/$bin/versions/2/approve", "{}").want(t, 200)
		if a := agreement("loyalty"); a.at(t, "dataAgreement", "active") != true || a.str(t, "dataAgreement", "purposeId") != "loyalty" {
			t.Errorf("not active: %s", a.body)
		}
		consent("loyalty", 200)
		// The officer puts it in force by the same call; the data has to be known.
		a = b.ask(t, "officer", "POST", "/config/data-agreement/", strings.ReplaceAll(body, "loyalty", "Raffle №1")).want(t, 200)
		if a.at(t, "dataAgreement", "active") != true {
			t.Errorf("not active: %s", a.body)
		}
		b.ask(t, "operator", "POST", "/config/data-agreement/", strings.NewReplacer("loyalty", "other", "Loyalty", "Other", `"email"`, `"blood"`).Replace(body)).want(t, 400)
		// What a purpose does not need nobody is asked for; what is named is what is given.
		letters := `{"dataAgreement":{"version":"2","purpose":"Our letters","lawfulBasis":"consent","dpia":"","attributes":[{"id":"1","name":"$a","sensitivity":"","category":""}]}}`
		b.ask(t, "operator", "PUT", "/config/data-agreement/news", strings.Replace(letters, "$a", "iin", 1)).want(t, 400)
		b.ask(t, "operator", "PUT", "/config/data-agreement/news", strings.Replace(letters, "$a", "Email", 1)).want(t, 200)
		given := b.do(t, "operator", "GET", "/v1/consents/"+consent("news", 200).str(t, "consentRecord", "consentId"), "").want(t, 200)
		if given.str(t, "categories", 0) != "email" || given.at(t, "categories", 1) != nil {
			t.Errorf("%s", given.body)
		}
		// Another basis than consent takes no consent.
		b.ask(t, "operator", "PUT", "/config/data-agreement/by-id", `{"dataAgreement":{"version":"2","purpose":"inform","lawfulBasis":"contract","dpia":""}}`).want(t, 200)
		if a := consent("by-id", 400); a.str(t, "code") != "govstack-inactive" {
			t.Errorf("%s", a.body)
		}
		// A consent reaches others only where the agreement says so.
		b.agree(t, "pay", "payment")
		v := b.do(t, "operator", "GET", "/v1/consents/"+consent("pay", 200).str(t, "consentRecord", "consentId"), "").want(t, 200)
		if v.at(t, "elements", "thirdParties", 0) != nil {
			t.Errorf("handed on: %s", v.body)
		}
		b.ask(t, "operator", "PUT", "/config/data-agreement/pay", `{"dataAgreement":{"version":"2","purpose":"payment","lawfulBasis":"consent","dpia":"","dataUse":"data_source"}}`).want(t, 200)
		v = b.do(t, "operator", "GET", "/v1/consents/"+consent("pay", 200).str(t, "consentRecord", "consentId"), "").want(t, 200)
		if v.str(t, "elements", "thirdParties", 0, "id") != payer {
			t.Errorf("not handed on: %s", v.body)
		}
	})
}

// What the core decides follows what GovStack's client recorded, and the other way.
func TestGovStackIsTheCore(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		decide := func(want string) {
			t.Helper()
			a := b.do(t, "operator", "POST", "/v1/decisions", `{"subject":"$subject","base":"site","action":"view","purpose":"news","categories":["name"]}`).want(t, 200)
			if a.str(t, "decision") != want {
				t.Errorf("%s, want %s", a.str(t, "decision"), want)
			}
		}
		shows := func(want bool) *answer {
			t.Helper()
			a := b.ask(t, "subject", "GET", "/service/individual/record/data-agreement/a-1?organization=$bin", "").want(t, 200)
			if a.at(t, "consentRecord", "optIn") != want {
				t.Errorf("opted in: %v, want %v", a.at(t, "consentRecord", "optIn"), want)
			}
			return a
		}
		decide("deny")
		a := b.ask(t, "subject", "POST", "/service/individual/record/data-agreement/a-1?organization=$bin", "").want(t, 200)
		id, consent := a.str(t, "consentRecord", "id"), a.str(t, "consentRecord", "consentId")
		decide("permit")
		b.do(t, "subject", "POST", "/v1/consents/"+consent+"/pause", "{}").want(t, 200)
		decide("deny")
		shows(false)
		// A no ends it, paused or not: it does not come back by resuming.
		b.ask(t, "subject", "PUT", "/service/individual/record/consent-record/"+id+"?organization=$bin", `{"consentRecord":{"optIn":false}}`).want(t, 200)
		b.do(t, "subject", "POST", "/v1/consents/"+consent+"/resume", "{}").want(t, 409)
		decide("deny")
		b.ask(t, "operator", "PUT", "/service/individual/record/consent-record/"+id, `{"optIn":true}`).want(t, 200)
		decide("permit")
		// A consent to the same that took its place counts, and a no reaches it.
		b.names["consent"] = b.give(t, "news")
		shows(true)
		b.ask(t, "operator", "PUT", "/service/individual/record/consent-record/"+id, `{"optIn":false}`).want(t, 200)
		decide("deny")
		shows(false)
		if v := b.do(t, "operator", "GET", "/v1/consents/$consent", "").want(t, 200); v.str(t, "status") != "withdrawn" {
			t.Errorf("the later consent is %s", v.str(t, "status"))
		}
		// The subject reads all of it in the journal.
		acts := map[string]bool{}
		for _, e := range b.do(t, "subject", "GET", "/v1/me/journal?limit=200", "").want(t, 200).items(t) {
			act, _ := e.(object)["action"].(string)
			acts[act] = true
		}
		for _, act := range []string{"govstack.individual", "consent.give", "consent.withdraw"} {
			if !acts[act] {
				t.Errorf("the journal has no %s: %v", act, acts)
			}
		}
		b.audited(t, id, 4)
		b.seal(t)
		if r, err := b.Audit(t.Context(), nil); err != nil || len(r.Findings) > 0 {
			t.Error(r, err)
		}
	})
}

// A no to what was never given is a refusal, and is kept.
func TestGovStackRefusal(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		record, sig := b.draft(t, "i-1", "a-1")
		no := newSigner(t).fill(t, told(t, sig, func(_, d object) { d["optIn"] = false }))
		a := b.ask(t, "operator", "POST", paired, text(t, object{"consentRecord": merge(record, "optIn", false), "signature": no})).want(t, 200)
		if a.at(t, "consentRecord", "optIn") != false || a.str(t, "consentRecord", "state") != "signed" || a.at(t, "consentRecord", "consentId") != nil {
			t.Errorf("%s", a.body)
		}
		list := b.do(t, "officer", "GET", "/v1/journal?action=consent.refuse&subject=$subject", "").want(t, 200).items(t)
		if len(list) != 1 {
			t.Errorf("the journal has %v", list)
		}
	})
}

// One organization sees nothing of another's, by whatever id.
func TestGovStackKeepsOrganizationsApart(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		id := b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/a-1?individualId=i-1", "").want(t, 200).str(t, "consentRecord", "id")
		b.ask(t, "operator", "POST", "/config/policy/", `{"id":"p-1","name":"x","version":"1","url":"x"}`).want(t, 200)
		for _, call := range []string{
			"GET /config/data-agreement/a-1", "GET /config/policy/p-1", "DELETE /config/policy/p-1", "GET /config/individual/i-1",
			"GET /service/individual/i-1", "GET /service/verification/consent-record/" + id, "DELETE /service/individual/record/?individualId=i-1",
			"POST /service/individual/record/data-agreement/a-1?individualId=i-1", "POST /service/individual/record/consent-record/" + id + "/signature",
		} {
			method, url, _ := strings.Cut(call, " ")
			b.ask(t, "other-operator", method, url, "").want(t, 400)
		}
		b.ask(t, "other-operator", "PUT", "/service/individual/record/consent-record/"+id, `{"optIn":false}`).want(t, 400)
		b.ask(t, "other-officer", "GET", "/audit/consent-record/"+id, "").want(t, 400)
		b.ask(t, "other-officer", "GET", "/audit/consent-records/?organization=$bin", "").want(t, 403)
		if a := b.ask(t, "other-officer", "GET", "/audit/consent-records/", "").want(t, 200); a.at(t, "consentRecords", 0) != nil {
			t.Errorf("%s", a.body)
		}
		// The same ids are theirs to take, and are another's person and records.
		b.ask(t, "other-operator", "POST", "/service/individual/", `{"individual":{"id":"i-1","externalId":"$iin","externalIdType":"iin"}}`).want(t, 200)
		b.ask(t, "subject", "GET", "/service/individual/record/consent-record/?organization=$other", "").want(t, 200)
		// Nor does a subject see another's: a record, or under another's name.
		b.know(t, "i-2", "")
		theirs := b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/a-1?individualId=i-2", "").want(t, 200).str(t, "consentRecord", "id")
		b.ask(t, "subject", "PUT", "/service/individual/record/consent-record/"+theirs+"?organization=$bin", `{"optIn":false}`).want(t, 400)
		b.ask(t, "subject", "GET", "/service/individual/record/consent-record/?organization=$bin", "", "X-ConsentIndividualId", "i-2").want(t, 400)
		b.ask(t, "subject", "POST", "/service/individual/record/consent-record/"+theirs+"/signature?organization=$bin", "").want(t, 400)
		b.ask(t, "subject", "GET", "/service/individual/record/consent-record/", "").want(t, 400) // of whom of the three?
		b.ask(t, "subject", "GET", "/service/individual/record/consent-record/?organization=1", "").want(t, 400)
	})
}

// Both wordings: what the document says and what its example clients look for.
func TestGovStackBothWordings(t *testing.T) {
	t.Parallel()
	b := blockOf(t, newWorld(t))
	b.agree(t, "a-1", "news")
	b.know(t, "i-1", "")
	list := b.ask(t, "operator", "GET", "/config/data-agreements", "").want(t, 200)
	if list.str(t, "dataAgreement", 0, "id") != "a-1" || list.str(t, "dataAgreements", 0, "id") != "a-1" {
		t.Errorf("%s", list.body)
	}
	r := b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/a-1?individualId=i-1", "").want(t, 200)
	for _, pair := range [][2][]any{
		{{"dataAgreement", "id"}, {"dataAgreementId"}},
		{{"dataAgreementRevision", "id"}, {"dataAgreementRevisionId"}},
		{{"dataAgreementRevision", "serializedHash"}, {"dataAgreementRevisionHash"}},
		{{"individual", "id"}, {"individualId"}},
	} {
		nested, flat := r.str(t, append([]any{"consentRecord"}, pair[0]...)...), r.str(t, append([]any{"consentRecord"}, pair[1]...)...)
		if nested != flat || flat == "" {
			t.Errorf("%v: %q and %q", pair, nested, flat)
		}
	}
	if p := r.str(t, "consentRecord", "dataAgreement", "controller", "id"); p != apptest.BIN {
		t.Errorf("the controller is %s", p)
	}
	gone := b.ask(t, "operator", "DELETE", "/config/data-agreement/a-1", "").want(t, 200)
	if gone.str(t, "id") == "" || gone.str(t, "id") != gone.str(t, "revision", "id") || gone.str(t, "objectId") != "a-1" {
		t.Errorf("%s", gone.body)
	}
	// A key is told as a token or as these clients do.
	for scheme, status := range map[string]int{"Bearer": 200, "ApiKey": 200, "apikey": 200, "Basic": 401} {
		b.ask(t, "", "GET", "/config/policies/", "", "Authorization", scheme+" "+b.tokens["operator"]).want(t, status)
	}
	b.do(t, "", "GET", "/v1/consents", "", "Authorization", "ApiKey "+b.tokens["operator"]).want(t, 401)
	b.ask(t, "", "GET", "/config/policies/", "").want(t, 401)
	// With and without the slash; nothing redirects.
	for _, url := range []string{"/govstack/config/policies", "/govstack/config/policies/"} {
		req := httptest.NewRequest(http.MethodGet, url, nil)
		req.Header.Set("Authorization", "Bearer "+b.tokens["operator"])
		rec := httptest.NewRecorder()
		if b.ServeHTTP(rec, req); rec.Code != 200 {
			t.Errorf("%s: %d", url, rec.Code)
		}
	}
	b.do(t, "operator", "GET", "/govstack/config/nothing/", "").want(t, 404)
	b.do(t, "operator", "PATCH", "/govstack/config/policies/", "").want(t, 405)
}

// A policy changed later does not reach the agreements that are under it; a page
// holds still; a webhook's secret is told once.
func TestGovStackConfiguration(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.ask(t, "operator", "POST", "/config/policy/", `{"policy":{"id":"p-1","name":"one","version":"1","url":"https://x.example/1"}}`).want(t, 200)
		b.ask(t, "operator", "POST", "/config/data-agreement/", `{"dataAgreement":{"id":"a-1","version":"1","purpose":"news","lawfulBasis":"consent","dpia":"","policyId":"p-1"}}`).want(t, 200)
		b.ask(t, "operator", "PUT", "/config/policy/p-1", `{"policy":{"name":"two","version":"2","url":"https://x.example/2"}}`).want(t, 200)
		a := b.ask(t, "operator", "GET", "/config/data-agreement/a-1", "").want(t, 200)
		if a.str(t, "dataAgreement", "policy", "name") != "one" {
			t.Errorf("the policy moved: %s", a.body)
		}
		h := b.ask(t, "operator", "GET", "/config/policy/p-1/revisions/", "").want(t, 200)
		if h.str(t, "policy", "name") != "two" || h.str(t, "revisions", 0, "successor", "id") != h.str(t, "revisions", 1, "id") ||
			h.str(t, "revisions", 1, "predecessorHash") != h.str(t, "revisions", 0, "serializedHash") || h.at(t, "revisions", 1, "successor") != nil {
			t.Errorf("%s", h.body)
		}
		// Under none, an agreement is under the organization's own policy.
		b.agree(t, "a-2", "inform")
		a = b.ask(t, "operator", "GET", "/service/data-agreement/a-2", "").want(t, 200)
		if a.str(t, "dataAgreement", "policy", "url") != "https://kelisim.example/o/"+apptest.BIN+"/policy/1" {
			t.Errorf("%s", a.body)
		}
		for i, id := range []string{"register-1", "p-1"} {
			l := b.ask(t, "operator", "GET", "/config/policies/?limit=1&offset="+string(rune('0'+i)), "").want(t, 200)
			if l.str(t, "policies", 0, "id") != id || l.at(t, "policies", 1) != nil {
				t.Errorf("page %d: %s", i, l.body)
			}
		}
		if l := b.ask(t, "operator", "GET", "/config/policies/?offset=9", "").want(t, 200); l.at(t, "policies", 0) != nil {
			t.Errorf("%s", l.body)
		}
		// Its secret: told where it was written, masked after, kept when written back so.
		w := b.ask(t, "operator", "POST", "/config/webhook/", gsWebhookBody).want(t, 200)
		id := w.str(t, "webhook", "id")
		if w.str(t, "webhook", "secretKey") != "s3cret" {
			t.Errorf("%s", w.body)
		}
		b.ask(t, "operator", "PUT", "/config/webhook/"+id, strings.Replace(gsWebhookBody, "s3cret", "********", 1)).want(t, 200)
		for _, call := range []string{"GET /config/webhook/" + id, "GET /config/webhooks/"} {
			method, url, _ := strings.Cut(call, " ")
			if a := b.ask(t, "operator", method, url, "").want(t, 200); strings.Contains(string(a.body), "s3cret") {
				t.Errorf("%s tells the secret: %s", call, a.body)
			}
		}
		if b.Database == "" {
			b.onDisk(t, "s3cret", "https://x.example/hook")
		}
	})
}
