package api

import (
	"bytes"
	"net/http"

	"kelisim/internal/govstack"
	"kelisim/internal/represent"
)

// Bodies and answers about consent records.
type (
	signedIn struct {
		ConsentRecord govstack.Record    `json:"consentRecord"`
		Signature     govstack.Signature `json:"signature"`
	}
	recordIn struct {
		ConsentRecord govstack.Record `json:"consentRecord"`
	}
	signatureIn struct {
		Signature govstack.Signature `json:"signature"`
	}
	draftRecord struct {
		ConsentRecord *govstack.Record    `json:"consentRecord"`
		Signature     *govstack.Signature `json:"signature"`
	}
	oneRecord struct {
		ConsentRecord *govstack.Record   `json:"consentRecord"`
		Revision      *govstack.Revision `json:"revision,omitempty"`
	}
	signedRecord struct {
		ConsentRecord *govstack.Record    `json:"consentRecord"`
		Revision      *govstack.Revision  `json:"revision"`
		Signature     *govstack.Signature `json:"signature"`
	}
	// signatureMade has the record and its revision beside the signature where one
	// was put under them; to a blank signature they do not belong.
	signatureMade struct {
		Signature     *govstack.Signature `json:"signature"`
		ConsentRecord *govstack.Record    `json:"consentRecord,omitempty"`
		Revision      *govstack.Revision  `json:"revision,omitempty"`
	}
	recordList struct {
		ConsentRecords []govstack.Record `json:"consentRecords"`
	}
	agreementsList struct {
		DataAgreements []govstack.Agreement `json:"dataAgreements"`
	}
	auditedRecord struct {
		ConsentRecord *govstack.Record    `json:"consentRecord"`
		Revisions     []govstack.Revision `json:"revisions"`
	}
	auditedAgreement struct {
		DataAgreement *govstack.Agreement `json:"dataAgreement"`
		Revisions     []govstack.Revision `json:"revisions"`
	}
)

var ofAgreement = param{"dataAgreementId", "only records of this agreement"}

func faceServiceRoutes() []route {
	return []route{
		faced[individualIn](http.MethodPost, "/service/individual/", "Register an individual", systems, createIndividual),
		faced[nothing](http.MethodGet, "/service/individual/{individualId}/", "Read an individual", systems, readIndividual),
		faced[individualIn](http.MethodPut, "/service/individual/{individualId}/", "Change what is told of an individual", systems, updateIndividual),
		faced[nothing](http.MethodGet, "/service/individuals/", "Individuals", systems, listIndividuals, listed...),

		faced[nothing](http.MethodGet, "/service/data-agreement/{dataAgreementId}/", "Read a data agreement", individuals, readAgreement).onBehalf(represent.Read),
		faced[nothing](http.MethodGet, "/service/policy/{policyId}/", "Read a policy", individuals, readPolicy, revisionOf).onBehalf(represent.Read),

		faced[nothing](http.MethodGet, "/service/verification/data-agreements/", "Data agreements", systems, verifiedAgreements, listed...),
		faced[nothing](http.MethodGet, "/service/verification/consent-records/", "Is there a consent? Records, with the header of an individual only those", systems, verifiedRecords,
			append([]param{personal, ofAgreement}, listed...)...),
		faced[nothing](http.MethodGet, "/service/verification/consent-record/{consentRecordId}/", "One record", systems, readRecord),

		faced[nothing](http.MethodPost, "/service/individual/record/data-agreement/{dataAgreementId}/", "Consent to an agreement, without a signature", individuals, createRecord,
			personal, delegated, param{"revisionId", "of the agreement: the current one"}).onBehalf(represent.Consent),
		faced[nothing](http.MethodGet, "/service/individual/record/data-agreement/{dataAgreementId}/", "The record of an individual and an agreement", individuals, currentRecord, personal).onBehalf(represent.Read),
		faced[nothing](http.MethodPost, "/service/individual/record/consent-record/draft/", "A record and signature that are kept nowhere yet", individuals, draftOfRecord, append([]param{delegated}, drafted...)...).onBehalf(represent.Consent),
		faced[signedIn](http.MethodPost, "/service/individual/record/consent-record/", "A record paired with its signature", individuals, createSigned, personal, delegated).onBehalf(represent.Consent),
		faced[nothing](http.MethodGet, "/service/individual/record/consent-record/", "Records of an individual", individuals, myRecords, append([]param{personal}, listed...)...).onBehalf(represent.Read),
		faced[recordIn](http.MethodPut, "/service/individual/record/consent-record/{consentRecordId}/", "Opt in or out", individuals, updateRecord, personal, delegated).onBehalf(represent.Read),
		faced[signatureIn](http.MethodPost, "/service/individual/record/consent-record/{consentRecordId}/signature/", "Sign a record; without a signature, what there is to sign", individuals, createSignature, personal, delegated).onBehalf(represent.Consent),
		faced[signatureIn](http.MethodPut, "/service/individual/record/consent-record/{consentRecordId}/signature/", "Sign a record", individuals, updateSignature, personal, delegated).onBehalf(represent.Consent),
		faced[nothing](http.MethodGet, "/service/individual/record/data-agreement/{dataAgreementId}/all/", "All records of an individual and an agreement", individuals, allRecords,
			append([]param{personal}, listed...)...).onBehalf(represent.Read),
		faced[nothing](http.MethodDelete, "/service/individual/record/", "Take back every consent, and forget what need not be kept", individuals, deleteRecords, personal, delegated).onBehalf(represent.Withdraw),
	}
}

func faceAuditRoutes() []route {
	return []route{
		faced[nothing](http.MethodGet, "/audit/consent-records/", "Records", overseers, auditRecords, append([]param{ofAgreement}, listed...)...),
		faced[nothing](http.MethodGet, "/audit/consent-record/{consentRecordId}/", "A record and the chain of its revisions", overseers, auditRecord),
		faced[nothing](http.MethodGet, "/audit/data-agreements/", "Data agreements", overseers, verifiedAgreements, listed...),
		faced[nothing](http.MethodGet, "/audit/data-agreement/{dataAgreementId}/", "A data agreement and the chain of its revisions", overseers, auditAgreement),
	}
}

func verifiedAgreements(c *call, who *govstack.Who) (*agreementsList, error) {
	l, err := listAgreements(c, who)
	if err != nil {
		return nil, err
	}
	return &agreementsList{l.DataAgreements}, nil
}

// records lists records as the call selects them.
func (c *call) records(who *govstack.Who, q govstack.Records) (*recordList, error) {
	var err error
	if q.Offset, q.Limit, err = c.slice(); err != nil {
		return nil, err
	}
	list, err := c.GovStack.Records(c.ctx(), who, q)
	return &recordList{list}, err
}

func verifiedRecords(c *call, who *govstack.Who) (*recordList, error) {
	h, err := c.owner(who)
	if err != nil {
		return nil, err
	}
	return c.records(who, govstack.Records{Holder: h, Agreement: c.r.URL.Query().Get("dataAgreementId")})
}

func readRecord(c *call, who *govstack.Who) (*oneRecord, error) {
	r, rev, err := c.GovStack.Record(c.ctx(), who, govstack.Holder{}, c.r.PathValue("consentRecordId"))
	return &oneRecord{r, rev}, err
}

func createRecord(c *call, who *govstack.Who) (*oneRecord, error) {
	id, err := c.named(who)
	if err != nil {
		return nil, err
	}
	r, rev, err := c.GovStack.Create(c.ctx(), who, id, c.r.PathValue("dataAgreementId"), c.r.URL.Query().Get("revisionId"))
	return &oneRecord{r, rev}, err
}

// ofOne is the records of one individual.
func (c *call) ofOne(who *govstack.Who) (govstack.Records, error) {
	id, err := c.named(who)
	return govstack.Records{Holder: govstack.Holder{Subject: c.person(), Individual: id}}, err
}

func currentRecord(c *call, who *govstack.Who) (*oneRecord, error) {
	q, err := c.ofOne(who)
	if err != nil {
		return nil, err
	}
	if q.Agreement, err = c.pathOf("dataAgreementId"); err != nil {
		return nil, err
	}
	r, rev, err := c.GovStack.Current(c.ctx(), who, q)
	return &oneRecord{r, rev}, err
}

func draftOfRecord(c *call, who *govstack.Who) (*draftRecord, error) {
	id, err := c.named(who)
	if err != nil {
		return nil, err
	}
	q := c.r.URL.Query()
	r, sig, err := c.GovStack.Draft(c.ctx(), who, id, q.Get("dataAgreementId"), q.Get("revisionId"))
	return &draftRecord{r, sig}, err
}

func createSigned(c *call, who *govstack.Who) (*signedRecord, error) {
	in, err := wrapped[govstack.Record](c, "consentRecord")
	if err != nil {
		return nil, err
	}
	sig, err := wrapped[govstack.Signature](c, "signature")
	if err != nil {
		return nil, err
	}
	h, err := c.owner(who)
	if err != nil {
		return nil, err
	}
	r, rev, err := c.GovStack.CreateSigned(c.ctx(), who, h, in, sig)
	if err != nil {
		return nil, err
	}
	return &signedRecord{r, rev, r.Signature}, nil
}

func myRecords(c *call, who *govstack.Who) (*recordList, error) {
	q, err := c.ofOne(who)
	if err != nil {
		return nil, err
	}
	return c.records(who, q)
}

func updateRecord(c *call, who *govstack.Who) (*oneRecord, error) {
	in, err := wrapped[govstack.Record](c, "consentRecord")
	if err != nil {
		return nil, err
	}
	h, err := c.owner(who)
	if err != nil {
		return nil, err
	}
	r, rev, err := c.GovStack.Update(c.ctx(), who, h, c.r.PathValue("consentRecordId"), in)
	return &oneRecord{r, rev}, err
}

func createSignature(c *call, who *govstack.Who) (*signatureMade, error) {
	if string(bytes.TrimSpace(c.body)) != "{}" { // nothing sent: a blank one is wanted
		sig, err := wrapped[govstack.Signature](c, "signature")
		if err != nil || sig.Signature != "" {
			return c.sign(who, sig, err)
		}
	}
	h, err := c.owner(who)
	if err != nil {
		return nil, err
	}
	sig, err := c.GovStack.Blank(c.ctx(), who, h, c.r.PathValue("consentRecordId"))
	return &signatureMade{Signature: sig}, err
}

func updateSignature(c *call, who *govstack.Who) (*signatureMade, error) {
	sig, err := wrapped[govstack.Signature](c, "signature")
	return c.sign(who, sig, err)
}

func (c *call) sign(who *govstack.Who, sig *govstack.Signature, err error) (*signatureMade, error) {
	if err != nil {
		return nil, err
	}
	h, err := c.owner(who)
	if err != nil {
		return nil, err
	}
	r, rev, err := c.GovStack.Sign(c.ctx(), who, h, c.r.PathValue("consentRecordId"), sig)
	if err != nil {
		return nil, err
	}
	return &signatureMade{r.Signature, r, rev}, nil
}

func allRecords(c *call, who *govstack.Who) (*recordList, error) {
	q, err := c.ofOne(who)
	if err != nil {
		return nil, err
	}
	if q.Agreement, err = c.pathOf("dataAgreementId"); err != nil {
		return nil, err
	}
	return c.records(who, q)
}

func deleteRecords(c *call, who *govstack.Who) (*done, error) {
	id, err := c.named(who)
	if err != nil {
		return nil, err
	}
	return &done{}, c.GovStack.DeleteAll(c.ctx(), who, id)
}

func auditRecords(c *call, who *govstack.Who) (*recordList, error) {
	return c.records(who, govstack.Records{Agreement: c.r.URL.Query().Get("dataAgreementId")})
}

func auditRecord(c *call, who *govstack.Who) (*auditedRecord, error) {
	id := c.r.PathValue("consentRecordId")
	r, _, err := c.GovStack.Record(c.ctx(), who, govstack.Holder{}, id)
	if err != nil {
		return nil, err
	}
	list, err := c.GovStack.Revisions(c.ctx(), who, id)
	return &auditedRecord{r, list}, err
}

func auditAgreement(c *call, who *govstack.Who) (*auditedAgreement, error) {
	a, list, err := c.GovStack.Agreement(c.ctx(), who, c.r.PathValue("dataAgreementId"))
	return &auditedAgreement{a, list}, err
}
