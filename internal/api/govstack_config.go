package api

import (
	"net/http"
	"slices"

	"kelisim/internal/govstack"
)

// What bodies of the face look like.
type (
	policyIn struct {
		Policy govstack.Policy `json:"policy"`
	}
	agreementIn struct {
		DataAgreement govstack.Agreement `json:"dataAgreement"`
	}
	individualIn struct {
		Individual govstack.Individual `json:"individual"`
	}
	webhookIn struct {
		Webhook govstack.Webhook `json:"webhook"`
	}
)

// Answers about the configuration. An object is named by its own name and, for
// clients that look there, by its id beside it.
type (
	onePolicy struct {
		ID       string             `json:"id"`
		Policy   *govstack.Policy   `json:"policy"`
		Revision *govstack.Revision `json:"revision,omitempty"`
	}
	policyHistory struct {
		Policy    *govstack.Policy    `json:"policy"`
		Revisions []govstack.Revision `json:"revisions"`
	}
	policyList struct {
		Policies []govstack.Policy `json:"policies"`
	}
	oneAgreement struct {
		ID            string              `json:"id"`
		DataAgreement *govstack.Agreement `json:"dataAgreement"`
		Revision      *govstack.Revision  `json:"revision,omitempty"`
	}
	// agreementList: the document says dataAgreement here and dataAgreements
	// elsewhere.
	agreementList struct {
		DataAgreement  []govstack.Agreement `json:"dataAgreement"`
		DataAgreements []govstack.Agreement `json:"dataAgreements"`
	}
	oneWebhook struct {
		Webhook *govstack.Webhook `json:"webhook"`
	}
	webhookList struct {
		Webhooks []govstack.Webhook `json:"webhooks"`
	}
	// removed is the last revision of an object, wrapped and bare.
	removed struct {
		govstack.Revision
		Wrapped *govstack.Revision `json:"revision"`
	}
	done struct{}
)

func faceConfigRoutes() []route {
	return []route{
		faced[policyIn](http.MethodPost, "/config/policy/", "Create a policy", configurers, createPolicy),
		faced[nothing](http.MethodGet, "/config/policy/{policyId}/", "Read a policy", configurers, readPolicy, revisionOf),
		faced[policyIn](http.MethodPut, "/config/policy/{policyId}/", "Change a policy", configurers, updatePolicy),
		faced[nothing](http.MethodDelete, "/config/policy/{policyId}/", "Delete a policy that no active agreement is under", configurers, deletePolicy),
		faced[nothing](http.MethodGet, "/config/policy/{policyId}/revisions/", "A policy and all its revisions", configurers, policyRevisions, listed...),
		faced[nothing](http.MethodGet, "/config/policies/", "Policies", configurers, listPolicies, append([]param{revisionOf}, listed...)...),

		faced[nothing](http.MethodGet, "/config/data-agreement/{dataAgreementId}/", "Read a data agreement", configurers, readAgreement),
		faced[agreementIn](http.MethodPut, "/config/data-agreement/{dataAgreementId}/", "Change a data agreement", configurers, updateAgreement),
		faced[nothing](http.MethodDelete, "/config/data-agreement/{dataAgreementId}/", "Delete a data agreement", configurers, deleteAgreement),
		faced[agreementIn](http.MethodPost, "/config/data-agreement/", "Create a data agreement: a purpose of the register", configurers, createAgreement),
		faced[nothing](http.MethodGet, "/config/data-agreements/", "Data agreements", configurers, listAgreements, listed...),

		faced[individualIn](http.MethodPost, "/config/individual/", "Register an individual", configurers, createIndividual),
		faced[nothing](http.MethodGet, "/config/individual/{individualId}/", "Read an individual", configurers, readIndividual),
		faced[nothing](http.MethodGet, "/config/individuals/", "Individuals", configurers, listIndividuals, listed...),

		faced[webhookIn](http.MethodPost, "/config/webhook/", "Create a webhook", configurers, createWebhook),
		faced[nothing](http.MethodGet, "/config/webhook/{webhookId}/", "Read a webhook, its secret masked", configurers, readWebhook, revisionOf),
		faced[webhookIn](http.MethodPut, "/config/webhook/{webhookId}/", "Change a webhook", configurers, updateWebhook),
		faced[nothing](http.MethodDelete, "/config/webhook/{webhookId}/", "Delete a webhook", configurers, deleteWebhook),
		faced[nothing](http.MethodGet, "/config/webhooks/", "Webhooks", configurers, listWebhooks, append([]param{revisionOf}, listed...)...),
	}
}

func createPolicy(c *call, who *govstack.Who) (*onePolicy, error) { return c.putPolicy(who, "") }

func updatePolicy(c *call, who *govstack.Who) (*onePolicy, error) {
	id, err := c.pathOf("policyId")
	if err != nil {
		return nil, err
	}
	return c.putPolicy(who, id)
}

func (c *call) putPolicy(who *govstack.Who, id string) (*onePolicy, error) {
	in, err := wrapped[govstack.Policy](c, "policy")
	if err != nil {
		return nil, err
	}
	rev, err := c.GovStack.PutPolicy(c.ctx(), who, id, in)
	return &onePolicy{in.ID, in, rev}, err
}

func readPolicy(c *call, who *govstack.Who) (*onePolicy, error) {
	p, _, rev, err := c.GovStack.Policy(c.ctx(), who, c.r.PathValue("policyId"), c.r.URL.Query().Get("revisionId"))
	if err != nil {
		return nil, err
	}
	return &onePolicy{p.ID, p, rev}, nil
}

func deletePolicy(c *call, who *govstack.Who) (*removed, error) {
	return toRemoved(c.GovStack.DeletePolicy(c.ctx(), who, c.r.PathValue("policyId")))
}

func toRemoved(rev *govstack.Revision, err error) (*removed, error) {
	if err != nil {
		return nil, err
	}
	return &removed{*rev, rev}, nil
}

func policyRevisions(c *call, who *govstack.Who) (*policyHistory, error) {
	offset, limit, err := c.slice()
	if err != nil {
		return nil, err
	}
	p, list, _, err := c.GovStack.Policy(c.ctx(), who, c.r.PathValue("policyId"), "")
	return &policyHistory{p, govstack.Page(list, offset, limit)}, err
}

func listPolicies(c *call, who *govstack.Who) (*policyList, error) {
	offset, limit, err := c.slice()
	if err != nil {
		return nil, err
	}
	list, err := c.GovStack.Policies(c.ctx(), who, c.r.URL.Query().Get("revisionId"))
	return &policyList{govstack.Page(list, offset, limit)}, err
}

func createAgreement(c *call, who *govstack.Who) (*oneAgreement, error) {
	return c.putAgreement(who, "")
}

func updateAgreement(c *call, who *govstack.Who) (*oneAgreement, error) {
	id, err := c.pathOf("dataAgreementId")
	if err != nil {
		return nil, err
	}
	return c.putAgreement(who, id)
}

func (c *call) putAgreement(who *govstack.Who, id string) (*oneAgreement, error) {
	in, err := wrapped[govstack.Agreement](c, "dataAgreement")
	if err != nil {
		return nil, err
	}
	rev, err := c.GovStack.PutAgreement(c.ctx(), who, id, in)
	return &oneAgreement{in.ID, in, rev}, err
}

func readAgreement(c *call, who *govstack.Who) (*oneAgreement, error) {
	a, list, err := c.GovStack.Agreement(c.ctx(), who, c.r.PathValue("dataAgreementId"))
	if err != nil {
		return nil, err
	}
	return &oneAgreement{a.ID, a, &list[len(list)-1]}, nil
}

func deleteAgreement(c *call, who *govstack.Who) (*removed, error) {
	return toRemoved(c.GovStack.DeleteAgreement(c.ctx(), who, c.r.PathValue("dataAgreementId")))
}

func listAgreements(c *call, who *govstack.Who) (*agreementList, error) {
	offset, limit, err := c.slice()
	if err != nil {
		return nil, err
	}
	list, err := c.GovStack.Agreements(c.ctx(), who)
	list = govstack.Page(list, offset, limit)
	return &agreementList{list, slices.Clone(list)}, err
}

func createWebhook(c *call, who *govstack.Who) (*oneWebhook, error) { return c.putWebhook(who, "") }

func updateWebhook(c *call, who *govstack.Who) (*oneWebhook, error) {
	id, err := c.pathOf("webhookId")
	if err != nil {
		return nil, err
	}
	return c.putWebhook(who, id)
}

// putWebhook answers with the secret only where it was just written.
func (c *call) putWebhook(who *govstack.Who, id string) (*oneWebhook, error) {
	in, err := wrapped[govstack.Webhook](c, "webhook")
	if err != nil {
		return nil, err
	}
	told := in.SecretKey
	err = c.GovStack.PutWebhook(c.ctx(), who, id, in)
	in.SecretKey = told
	return &oneWebhook{in}, err
}

func readWebhook(c *call, who *govstack.Who) (*oneWebhook, error) {
	w, err := c.GovStack.Webhook(c.ctx(), who, c.r.PathValue("webhookId"), c.r.URL.Query().Get("revisionId"))
	return &oneWebhook{w}, err
}

func deleteWebhook(c *call, who *govstack.Who) (*done, error) {
	return &done{}, c.GovStack.DeleteWebhook(c.ctx(), who, c.r.PathValue("webhookId"))
}

func listWebhooks(c *call, who *govstack.Who) (*webhookList, error) {
	offset, limit, err := c.slice()
	if err != nil {
		return nil, err
	}
	list, err := c.GovStack.Webhooks(c.ctx(), who, c.r.URL.Query().Get("revisionId"))
	return &webhookList{govstack.Page(list, offset, limit)}, err
}
