package api

import "testing"

// faceAccess are the rows of GovStack's operations.
var faceAccess = []accessRow{
	{"POST /govstack/config/policy/", "/govstack/config/policy/", `{"policy":{"name":"x","version":"1","url":"https://x.example/p"}}`, "operator officer"},
	{"GET /govstack/config/policy/{policyId}/", "/govstack/config/policy/$govPolicy/", "", "operator officer"},
	{"PUT /govstack/config/policy/{policyId}/", "/govstack/config/policy/$govPolicy/", `{"policy":{"name":"x","version":"2","url":"https://x.example/p"}}`, "operator officer"},
	{"DELETE /govstack/config/policy/{policyId}/", "/govstack/config/policy/$govPolicy/", "", "operator officer"},
	{"GET /govstack/config/policy/{policyId}/revisions/", "/govstack/config/policy/$govPolicy/revisions/", "", "operator officer"},
	{"GET /govstack/config/policies/", "/govstack/config/policies/", "", "operator officer"},
	{"GET /govstack/config/data-agreement/{dataAgreementId}/", "/govstack/config/data-agreement/$govAgreement/", "", "operator officer"},
	{"PUT /govstack/config/data-agreement/{dataAgreementId}/", "/govstack/config/data-agreement/$govAgreement/", `{"dataAgreement":{"version":"2","purpose":"news","lawfulBasis":"consent","dpia":""}}`, "operator officer"},
	{"DELETE /govstack/config/data-agreement/{dataAgreementId}/", "/govstack/config/data-agreement/$govAgreement/", "", "operator officer"},
	{"POST /govstack/config/data-agreement/", "/govstack/config/data-agreement/", `{"dataAgreement":{"version":"1","purpose":"news","lawfulBasis":"consent","dpia":""}}`, "operator officer"},
	{"GET /govstack/config/data-agreements/", "/govstack/config/data-agreements/", "", "operator officer"},
	{"POST /govstack/config/individual/", "/govstack/config/individual/", `{"individual":{}}`, "operator officer"},
	{"GET /govstack/config/individual/{individualId}/", "/govstack/config/individual/$govPerson/", "", "operator officer"},
	{"GET /govstack/config/individuals/", "/govstack/config/individuals/?limit=3", "", "operator officer"},
	{"POST /govstack/config/webhook/", "/govstack/config/webhook/", gsWebhookBody, "operator officer"},
	{"GET /govstack/config/webhook/{webhookId}/", "/govstack/config/webhook/$govHook/", "", "operator officer"},
	{"PUT /govstack/config/webhook/{webhookId}/", "/govstack/config/webhook/$govHook/", gsWebhookBody, "operator officer"},
	{"DELETE /govstack/config/webhook/{webhookId}/", "/govstack/config/webhook/$govHook/", "", "operator officer"},
	{"GET /govstack/config/webhooks/", "/govstack/config/webhooks/", "", "operator officer"},

	{"POST /govstack/service/individual/", "/govstack/service/individual/", `{"individual":{"identityProviderId":"x"}}`, "operator"},
	{"GET /govstack/service/individual/{individualId}/", "/govstack/service/individual/$govPerson/", "", "operator"},
	{"PUT /govstack/service/individual/{individualId}/", "/govstack/service/individual/$govPerson/", `{"individual":{"identityProviderId":"x"}}`, "operator"},
	{"GET /govstack/service/individuals/", "/govstack/service/individuals/", "", "operator"},
	{"GET /govstack/service/data-agreement/{dataAgreementId}/", "/govstack/service/data-agreement/$govAgreement/?organization=$bin", "", "operator subject"},
	{"GET /govstack/service/policy/{policyId}/", "/govstack/service/policy/$govPolicy/?organization=$bin", "", "operator subject"},
	{"GET /govstack/service/verification/data-agreements/", "/govstack/service/verification/data-agreements/", "", "operator"},
	{"GET /govstack/service/verification/consent-records/", "/govstack/service/verification/consent-records/?limit=3", "", "operator"},
	{"GET /govstack/service/verification/consent-record/{consentRecordId}/", "/govstack/service/verification/consent-record/$govRecord/", "", "operator"},
	{"POST /govstack/service/individual/record/data-agreement/{dataAgreementId}/", "/govstack/service/individual/record/data-agreement/$govOther/?organization=$bin&individualId=$govPerson", "", "operator subject"},
	{"GET /govstack/service/individual/record/data-agreement/{dataAgreementId}/", "/govstack/service/individual/record/data-agreement/$govAgreement/?organization=$bin&individualId=$govPerson", "", "operator subject"},
	{"POST /govstack/service/individual/record/consent-record/draft/", "/govstack/service/individual/record/consent-record/draft/?organization=$bin&individualId=$govPerson&dataAgreementId=$govAgreement", "", "operator subject"},
	{"POST /govstack/service/individual/record/consent-record/", "/govstack/service/individual/record/consent-record/?organization=$bin", "$govPaired", "operator subject"},
	{"GET /govstack/service/individual/record/consent-record/", "/govstack/service/individual/record/consent-record/?organization=$bin&individualId=$govPerson", "", "operator subject"},
	{"PUT /govstack/service/individual/record/consent-record/{consentRecordId}/", "/govstack/service/individual/record/consent-record/$govRecord/?organization=$bin", `{"optIn":false}`, "operator subject"},
	{"POST /govstack/service/individual/record/consent-record/{consentRecordId}/signature/", "/govstack/service/individual/record/consent-record/$govRecord/signature/?organization=$bin&individualId=$govPerson", "", "operator subject"},
	{"PUT /govstack/service/individual/record/consent-record/{consentRecordId}/signature/", "/govstack/service/individual/record/consent-record/$govRecord/signature/?organization=$bin", "$govSignature", "operator subject"},
	{"GET /govstack/service/individual/record/data-agreement/{dataAgreementId}/all/", "/govstack/service/individual/record/data-agreement/$govAgreement/all/?organization=$bin&individualId=$govPerson", "", "operator subject"},
	{"DELETE /govstack/service/individual/record/", "/govstack/service/individual/record/?organization=$bin&individualId=$govPerson", "", "operator subject"},

	{"GET /govstack/audit/consent-records/", "/govstack/audit/consent-records/?organization=$bin&limit=3", "", "officer authority examiner"},
	{"GET /govstack/audit/consent-record/{consentRecordId}/", "/govstack/audit/consent-record/$govRecord/?organization=$bin", "", "officer authority examiner"},
	{"GET /govstack/audit/data-agreements/", "/govstack/audit/data-agreements/?organization=$bin", "", "officer authority examiner"},
	{"GET /govstack/audit/data-agreement/{dataAgreementId}/", "/govstack/audit/data-agreement/$govAgreement/?organization=$bin", "", "officer authority examiner"},
}

const gsWebhookBody = `{"webhook":{"payloadUrl":"https://x.example/hook","contentType":"application/json","disabled":false,"secretKey":"s3cret"}}`

// governed makes an object of each kind of GovStack's, each of its own: of one
// person, with a record, and with what it takes to make another.
func (w *world) governed(t *testing.T) {
	t.Helper()
	b, me := blockOf(t, w), newSigner(t)
	w.names["govPolicy"] = b.ask(t, "operator", "POST", "/config/policy/", `{"policy":{"name":"x","version":"1","url":"https://x.example/p"}}`).want(t, 200).str(t, "policy", "id")
	for _, hook := range w.do(t, "operator", "GET", "/v1/webhooks", "").want(t, 200).items(t) { // there may be so many and no more
		id, _ := hook.(object)["id"].(string)
		w.do(t, "operator", "DELETE", "/v1/webhooks/"+id, "").want(t, 200)
	}
	w.names["govHook"] = b.ask(t, "operator", "POST", "/config/webhook/", gsWebhookBody).want(t, 200).str(t, "webhook", "id")
	w.names["govAgreement"], w.names["govOther"] = b.agree(t, "", "news"), b.agree(t, "", "inform")
	w.names["govPerson"] = b.know(t, "", `,"externalId":"$iin","externalIdType":"iin"`)
	a := b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/$govAgreement/", "", "X-ConsentIndividualId", w.names["govPerson"]).want(t, 200)
	w.names["govRecord"] = a.str(t, "consentRecord", "id")
	blank := b.ask(t, "operator", "POST", "/service/individual/record/consent-record/$govRecord/signature/", "").want(t, 200)
	sig, _ := blank.at(t, "signature").(object)
	w.names["govSignature"] = text(t, object{"signature": me.fill(t, sig)})
	record, sig := b.draft(t, w.names["govPerson"], w.names["govOther"])
	w.names["govPaired"] = text(t, object{"consentRecord": record, "signature": me.fill(t, sig)})
}
