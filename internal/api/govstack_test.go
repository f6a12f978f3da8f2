package api

import (
	"encoding/json"
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
