package api

import (
	"encoding/json"
	"strings"
	"testing"

	"kelisim/internal/govstack"
)

// From the agreement to the audit: what GovStack's clients do, end to end, and
// what the core makes of it.
//
// duty: L8.1
func TestGovStackThread(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "letters-1", "news")
		b.know(t, "A-1", `,"externalId":"$iin","externalIdType":"iin"`)
		me := newSigner(t)
		record, sig := b.draft(t, "A-1", "letters-1")
		if record["state"] != "unsigned" || record["individualId"] != "A-1" || record["dataAgreementId"] != "letters-1" || record["id"] != "" {
			t.Errorf("the draft is %v", record)
		}
		a := b.ask(t, "operator", "POST", "/service/individual/record/consent-record/", text(t, object{
			"consentRecord": record, "signature": me.fill(t, sig),
		})).want(t, 200)
		id := a.str(t, "consentRecord", "id")
		if a.at(t, "consentRecord", "optIn") != true || a.str(t, "consentRecord", "state") != "signed" {
			t.Errorf("the record is %s", a.body)
		}
		if a.str(t, "revision", "serializedSnapshot") != sig["verificationPayload"] || a.at(t, "revision", "signedWithoutObjectId") != true {
			t.Errorf("the revision is not what was signed: %s", a.body)
		}
		// The core has the consent, with the person of the identifier, and gives.
		list := b.do(t, "operator", "GET", "/v1/consents?subject=$subject&status=active&purpose=news", "").want(t, 200).items(t)
		if len(list) != 1 {
			t.Fatalf("the core has %v", list)
		}
		consent := a.str(t, "consentRecord", "consentId")
		v := b.do(t, "operator", "GET", "/v1/consents/"+consent, "").want(t, 200)
		if v.str(t, "evidence", "channel") != "signature" || v.str(t, "elements", "subject", "name") != planted {
			t.Errorf("the core's consent is %s", v.body)
		}
		read := b.ask(t, "operator", "GET", "/service/individual/record/data-agreement/letters-1", "", "X-ConsentIndividualId", "A-1").want(t, 200)
		if read.str(t, "consentRecord", "id") != id {
			t.Errorf("read %s", read.body)
		}
		// What the person takes back in the cabinet shows here at once.
		b.do(t, "subject", "POST", "/v1/consents/"+consent+"/withdraw", `{}`).want(t, 200)
		read = b.ask(t, "operator", "GET", "/service/verification/consent-record/"+id+"/", "").want(t, 200)
		if read.at(t, "consentRecord", "optIn") != false {
			t.Errorf("still opted in: %s", read.body)
		}
		b.audited(t, id, 1)
	})
}

// audited checks the chain of a record as an auditor does, with public keys alone.
func (b *block) audited(t testing.TB, id string, revisions int) []govstack.Revision {
	t.Helper()
	a := b.ask(t, "examiner", "GET", "/audit/consent-record/"+id+"/?organization=$bin", "").want(t, 200)
	var got struct{ Revisions []govstack.Revision }
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Revisions) != revisions {
		t.Errorf("%d revisions, want %d", len(got.Revisions), revisions)
	}
	if err := govstack.CheckChain(got.Revisions, b.published(t)); err != nil {
		t.Error(err)
	}
	return got.Revisions
}

// step is one call of a client, and what it is answered.
type step struct {
	as, call, body string
	status         int
	keep           string // names of what is kept: name=path.to.it
}

func (b *block) walk(t *testing.T, steps []step) {
	t.Helper()
	for _, s := range steps {
		method, url, _ := strings.Cut(s.call, " ")
		a := b.ask(t, s.as, method, url, s.body)
		if a.status != s.status {
			t.Errorf("%s %s: %d, want %d: %s", s.as, b.expand(s.call), a.status, s.status, a.body)
			continue
		}
		for _, k := range strings.Fields(s.keep) {
			name, path, _ := strings.Cut(k, "=")
			var at []any
			for p := range strings.SplitSeq(path, ".") {
				at = append(at, p)
			}
			b.names[name] = a.str(t, at...)
		}
	}
}

const good2 = `{"name":"Policy","version":"$v","url":"https://x.example/p","jurisdiction":"KZ","industrySector":"x","dataRetentionPeriodDays":0,"geographicRestriction":"x","storageLocation":"x"}`

// Every operation of the document is there, answers in its form, and answers 400
// to an id that nobody has, to none, and to one that is none.
func TestGovStackEveryOperation(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.names["long"] = strings.Repeat("x", 129)
		b.walk(t, []step{
			{"operator", "POST /config/policy/", `{"policy":` + strings.Replace(good2, "{", `{"id":"p/1 №",`, 1) + `}`, 200, "p=policy.id prev=revision.id"},
			{"operator", "POST /config/policy/", `{"policy":` + strings.Replace(good2, "{", `{"id":"p/1 №",`, 1) + `}`, 400, ""},
			{"operator", "POST /config/policy", good2, 200, "bare=policy.id"},
			{"operator", "POST /config/policy/", `{"policy":{"name":"x"}}`, 400, ""},
			{"operator", "GET /config/policy/p%2F1%20%E2%84%96", "", 200, ""},
			{"operator", "PUT /config/policy/p%2F1%20%E2%84%96/", `{"policy":` + good2 + `}`, 200, "prev2=revision.id"},
			{"operator", "PUT /config/policy/nobody/", `{"policy":` + good2 + `}`, 400, ""},
			{"operator", "PUT /config/policy/$bare/", `{"policy":{"id":"other","name":"x","version":"1","url":"x"}}`, 400, ""},
			{"operator", "GET /config/policy/p%2F1%20%E2%84%96/?revisionId=$prev", "", 200, ""},
			{"operator", "GET /config/policy/p%2F1%20%E2%84%96/?revisionId=nobody", "", 400, ""},
			{"operator", "GET /config/policy/p%2F1%20%E2%84%96/revisions/?limit=1&offset=1", "", 200, ""},
			{"operator", "GET /config/policy/nobody/revisions/", "", 400, ""},
			{"operator", "GET /config/policies/?offset=0&limit=2", "", 200, ""},
			{"operator", "GET /config/policies/?revisionId=$prev2", "", 200, ""},
			{"operator", "GET /config/policies/?limit=0", "", 400, ""},
			{"operator", "GET /config/policies/?offset=-1", "", 400, ""},
			{"operator", "GET /config/policies/?limit=x", "", 400, ""},
			{"operator", "DELETE /config/policy/$bare/", "", 200, ""},
			{"operator", "DELETE /config/policy/$bare/", "", 400, ""},
			{"operator", "GET /config/policy/$bare/", "", 400, ""},
			{"operator", "GET /config/policy/", "", 400, ""},
			{"operator", "GET /config/policy/register-1/", "", 200, ""},
			{"operator", "GET /service/policy/register-1/", "", 200, ""},

			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"id":"a-1","version":"1","purpose":"news","lawfulBasis":"consent","dpia":"x","dataUse":"data_using_service","active":true,"forgettable":true,"policyId":"p/1 №"}}`, 200, "a=dataAgreement.id"},
			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"id":"a-2","version":"1","purpose":"inform","lawfulBasis":"consent","dpia":"","policy":{"id":"nobody"}}}`, 400, ""},
			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"id":"a-2","version":"1","purpose":"inform","lawfulBasis":"whim","dpia":""}}`, 400, ""},
			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"id":"a-2","version":"1","purpose":"inform","lawfulBasis":"consent","dpia":"","controller":{"id":"x","name":"x","url":"x"},"signature":null}}`, 200, ""},
			{"operator", "GET /config/data-agreement/a-1", "", 200, ""},
			{"operator", "GET /config/data-agreement/123!@", "", 400, ""},
			{"operator", "GET /config/data-agreement/$long/", "", 400, ""},
			{"operator", "GET /config/data-agreement/", "", 400, ""},
			{"operator", "PUT /config/data-agreement/a-1/", `{"dataAgreement":{"version":"2","purpose":"news","lawfulBasis":"consent","dpia":"x","forgettable":true,"policy":{"id":"p/1 №","name":"x","version":"x","url":"x"}}}`, 200, "rev=revision.id hash=revision.serializedHash"},
			{"operator", "PUT /config/data-agreement/nobody/", `{"dataAgreement":{"version":"2","purpose":"news","lawfulBasis":"consent","dpia":"x"}}`, 400, ""},
			{"operator", "GET /config/data-agreements/", "", 200, ""},
			{"operator", "GET /config/data-agreements/?limit=1001", "", 400, ""},
			{"operator", "DELETE /config/policy/p%2F1%20%E2%84%96/", "", 400, ""},
			{"operator", "GET /service/data-agreement/a-1/", "", 200, ""},
			{"operator", "GET /service/data-agreement/nobody/", "", 400, ""},
			{"operator", "GET /service/policy/nobody/", "", 400, ""},

			{"operator", "POST /config/individual/", `{"individual":{"id":"i-1","externalId":"$iin","externalIdType":"IIN","identityProviderId":"x"}}`, 200, ""},
			{"operator", "POST /config/individual/", `{"individual":{"id":"i-1"}}`, 400, ""},
			{"operator", "POST /service/individual/", `{"individual":{"id":"i-2","externalId":"900101300018","externalIdType":"iin"}}`, 400, ""},
			{"operator", "POST /service/individual/", `{"id":"i-2","externalId":"n-2"}`, 200, ""},
			{"operator", "POST /service/individual/", `{"individual":{"id":"i-3"}}`, 200, ""},
			{"operator", "GET /config/individual/i-1/", "", 200, ""},
			{"operator", "GET /config/individual/nobody/", "", 400, ""},
			{"operator", "GET /config/individuals/?offset=1&limit=1", "", 200, ""},
			{"operator", "GET /config/individuals/?offset=x", "", 400, ""},
			{"operator", "GET /service/individual/i-1/", "", 200, ""},
			{"operator", "GET /service/individual/", "", 400, ""},
			{"operator", "GET /service/individual/%01/", "", 400, ""},
			{"operator", "PUT /service/individual/i-2/", `{"individual":{"id":"i-2","externalId":"$iin","externalIdType":"iin"}}`, 400, ""},
			{"operator", "PUT /service/individual/i-2/", `{"individual":{"id":"i-2","identityProviderId":"y"}}`, 200, ""},
			{"operator", "PUT /service/individual/nobody/", `{"individual":{"identityProviderId":"y"}}`, 400, ""},
			{"operator", "GET /service/individuals/", "", 200, ""},
			{"operator", "GET /service/individuals/?limit=-1", "", 400, ""},

			{"operator", "POST /config/webhook/", `{"webhook":{"id":"w-1","payloadUrl":"https://x.example","contentType":"application/json","disabled":true,"secretKey":"k"}}`, 200, ""},
			{"operator", "POST /config/webhook/", `{"webhook":{"payloadUrl":"file:///etc","contentType":"application/json","disabled":true,"secretKey":"k"}}`, 400, ""},
			{"operator", "GET /config/webhook/w-1/", "", 200, ""},
			{"operator", "GET /config/webhook/w-1/?revisionId=nobody", "", 400, ""},
			{"operator", "PUT /config/webhook/w-1/", gsWebhookBody, 200, ""},
			{"operator", "PUT /config/webhook/nobody/", gsWebhookBody, 400, ""},
			{"operator", "GET /config/webhooks/", "", 200, ""},
			{"operator", "GET /config/webhooks/?revisionId=nobody", "", 400, ""},
			{"operator", "DELETE /config/webhook/w-1/", "", 200, ""},
			{"operator", "DELETE /config/webhook/w-1/", "", 400, ""},

			{"operator", "POST /service/individual/record/data-agreement/a-1/?individualId=i-1&revisionId=$rev", "", 200, "r=consentRecord.id"},
			{"operator", "POST /service/individual/record/data-agreement/a-1/?individualId=i-1&revisionId=nobody", "", 400, ""},
			{"operator", "POST /service/individual/record/data-agreement/a-1/?individualId=nobody", "", 400, ""},
			{"operator", "POST /service/individual/record/data-agreement/a-1/", "", 400, ""},
			{"operator", "POST /service/individual/record/data-agreement/nobody/?individualId=i-1", "", 400, ""},
			{"operator", "POST /service/individual/record/data-agreement/?individualId=i-1", "", 400, ""},
			{"operator", "GET /service/individual/record/data-agreement/a-1/?individualId=i-1", "", 200, ""},
			{"operator", "GET /service/individual/record/data-agreement/a-2/?individualId=i-1", "", 400, ""},
			{"operator", "GET /service/individual/record/data-agreement/a-1/all/?individualId=i-1", "", 200, ""},
			{"operator", "GET /service/individual/record/data-agreement/nobody/all/?individualId=i-1", "", 400, ""},
			{"operator", "POST /service/individual/record/consent-record/draft/?individualId=i-1&dataAgreementId=a-2", "", 200, ""},
			{"operator", "POST /service/individual/record/consent-record/draft/?individualId=i-1&dataAgreementId=nobody", "", 400, ""},
			{"operator", "POST /service/individual/record/consent-record/draft/?individualId=i-1", "", 400, ""},
			{"operator", "GET /service/individual/record/consent-record/?individualId=i-1", "", 200, ""},
			{"operator", "GET /service/individual/record/consent-record/", "", 400, ""},
			{"operator", "PUT /service/individual/record/consent-record/$r/", `{"optIn":false}`, 200, ""},
			{"operator", "PUT /service/individual/record/consent-record/$r/", `{"consentRecord":{"optIn":true,"dataAgreementId":"a-2"}}`, 400, ""},
			{"operator", "PUT /service/individual/record/consent-record/$r/", `{"consentRecord":{"optIn":true,"dataAgreementRevisionHash":"$hash","individual":{"id":"i-1"}}}`, 200, ""},
			{"operator", "PUT /service/individual/record/consent-record/$r/", `{"consentRecord":{}}`, 400, ""},
			{"operator", "PUT /service/individual/record/consent-record/nobody/", `{"optIn":false}`, 400, ""},
			{"operator", "POST /service/individual/record/consent-record/$r/signature/", "", 200, ""},
			{"operator", "POST /service/individual/record/consent-record/nobody/signature/", "", 400, ""},
			{"operator", "PUT /service/individual/record/consent-record/$r/signature/", `{"signature":{}}`, 400, ""},
			{"operator", "GET /service/verification/data-agreements/?limit=1", "", 200, ""},
			{"operator", "GET /service/verification/data-agreements/?limit=x", "", 400, ""},
			{"operator", "GET /service/verification/consent-records/", "", 200, ""},
			{"operator", "GET /service/verification/consent-records/?individualId=nobody", "", 400, ""},
			{"operator", "GET /service/verification/consent-record/$r/", "", 200, ""},
			{"operator", "GET /service/verification/consent-record/nobody/", "", 400, ""},
			{"officer", "GET /audit/consent-records/?limit=1&dataAgreementId=a-1", "", 200, ""},
			{"authority", "GET /audit/consent-records/?organization=$bin", "", 200, ""},
			{"authority", "GET /audit/consent-records/", "", 400, ""},
			{"officer", "GET /audit/consent-records/?offset=1000000000000", "", 400, ""},
			{"examiner", "GET /audit/consent-record/$r/?organization=$bin", "", 200, ""},
			{"officer", "GET /audit/consent-record/nobody/", "", 400, ""},
			{"officer", "GET /audit/data-agreements/", "", 200, ""},
			{"officer", "GET /audit/data-agreements/?limit=x", "", 400, ""},
			{"officer", "GET /audit/data-agreement/a-1/", "", 200, ""},
			{"officer", "GET /audit/data-agreement/nobody/", "", 400, ""},
			{"operator", "DELETE /service/individual/record/?individualId=i-1", "", 200, ""},
			{"operator", "DELETE /service/individual/record/", "", 400, ""},
			{"operator", "GET /service/verification/consent-record/$r/", "", 400, ""}, // forgettable
			{"operator", "DELETE /config/data-agreement/a-1/", "", 200, ""},
			{"operator", "DELETE /config/data-agreement/a-1/", "", 400, ""},
		})
		me := newSigner(t)
		record, sig := b.draft(t, "i-2", "a-2")
		body := text(t, object{"consentRecord": record, "signature": me.fill(t, sig)})
		b.ask(t, "operator", "POST", "/service/individual/record/consent-record/", body).want(t, 200)
		b.ask(t, "operator", "POST", "/service/individual/record/consent-record/", `{"consentRecord":{},"signature":{}}`).want(t, 400)
		b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/a-2/", "", "X-ConsentBB-IndividualId", "i-3").want(t, 200)
		made := b.ask(t, "operator", "GET", "/service/individual/record/data-agreement/a-2/", "", "X-ConsentIndividualId", "i-3").want(t, 200)
		at := "/service/individual/record/consent-record/" + made.str(t, "consentRecord", "id") + "/signature/"
		blank, _ := b.ask(t, "operator", "POST", at, "").want(t, 200).at(t, "signature").(object)
		mine := newSigner(t).fill(t, blank)
		b.ask(t, "operator", "POST", at, text(t, object{"signature": mine})).want(t, 200)
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": mine})).want(t, 200)
		b.complete(t)
	})
}

// complete: each operation of the document answered well once, and refused once.
func (b *block) complete(t *testing.T) {
	t.Helper()
	n := 0
	for path, item := range b.doc.Paths.Map() {
		for method, op := range item.Operations() {
			n++
			if b.seen[op.OperationID][200] == 0 || b.seen[op.OperationID][400] == 0 {
				t.Errorf("%s %s (%s): answered %v", method, path, op.OperationID, b.seen[op.OperationID])
			}
		}
	}
	if n != 42 {
		t.Errorf("%d operations", n)
	}
}
