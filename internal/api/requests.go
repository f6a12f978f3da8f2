package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/skip2/go-qrcode"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/represent"
)

// askRequest is a question to a subject: may this be done with your data?
type askRequest struct {
	Subject       ident.ID  `json:"subject"`
	Organization  string    `json:"organization,omitempty"` // BIN of the holder, for a third party
	Purposes      []string  `json:"purposes"`
	Categories    []string  `json:"categories,omitempty"` // all that the purposes need, if absent
	Optional      []string  `json:"optional,omitempty"`   // of them, what may be left out
	ThirdParties  []string  `json:"thirdParties,omitempty"`
	Countries     []string  `json:"countries,omitempty"`
	PublicSources bool      `json:"publicSources,omitempty"`
	ValidUntil    time.Time `json:"validUntil,omitzero"`
	Message       string    `json:"message,omitempty"`
	Callback      string    `json:"callback,omitempty"`
	// Counter: the subject stands before a clerk and finds the clerk's number on
	// the own phone.
	Counter bool `json:"counter,omitempty"`
	// Contact is where to tell the subject who named none here.
	Contact *addressBody `json:"contact,omitempty"`
	// Evidence is the least that may confirm the answer: otp, signature.
	Evidence string `json:"evidence,omitempty"`
}

type addressBody struct {
	Kind  ident.Kind `json:"kind"` // email, phone
	Value string     `json:"value"`
}

type askedBody struct {
	ID         ident.ID              `json:"id"`
	Status     consent.RequestStatus `json:"status"`
	Link       string                `json:"link"` // for the subject, who signs in there
	ExpiresAt  time.Time             `json:"expiresAt"`
	Number     int                   `json:"number,omitempty"` // for the clerk's eyes
	AnsweredAt *time.Time            `json:"answeredAt,omitempty"`
	Consent    ident.ID              `json:"consent,omitzero"`
}

func (c *call) toAsked(r *consent.Request) *askedBody {
	b := &askedBody{
		ID: r.ID, Status: r.StatusAt(c.Now()), Link: c.Public + "/me/asked/" + r.ID.String(), ExpiresAt: r.Expires,
		Number: r.Ask.Number, Consent: r.Consent,
	}
	if !r.Ended.IsZero() {
		b.AnsweredAt = &r.Ended
	}
	return b
}

func (c *call) askConsent(in *askRequest) (*askedBody, error) {
	if in.Subject.IsZero() {
		return nil, fault.Bad("subject", "missing-field")
	}
	for field, n := range map[string]int{
		"purposes": len(in.Purposes), "categories": len(in.Categories), "optional": len(in.Optional),
		"thirdParties": len(in.ThirdParties), "countries": len(in.Countries),
	} {
		if n > maxList {
			return nil, fault.Bad(field, "too-many-items", "max", maxList)
		}
	}
	holder, err := c.asksOf(in.Organization)
	if err != nil {
		return nil, err
	}
	var contact *outbox.Address
	if in.Contact != nil {
		contact = &outbox.Address{Kind: in.Contact.Kind, Value: in.Contact.Value}
	}
	r, created, err := c.Consents.Ask(c.ctx(), holder, c.org, &consent.NewRequest{
		Contact: contact, Subject: in.Subject, Message: in.Message, Callback: in.Callback, Counter: in.Counter, Actor: c.actor(),
		Ask: consent.Asked{
			Terms: consent.Terms{
				Purposes: in.Purposes, Categories: in.Categories, ThirdParties: in.ThirdParties, Countries: in.Countries, PublicSources: in.PublicSources,
			},
			Optional: in.Optional, Until: in.ValidUntil, Evidence: in.Evidence,
		},
	})
	if err != nil {
		return nil, err
	}
	if !created {
		c.status = http.StatusOK
	}
	return c.toAsked(r), nil
}

// asksOf is whose consent is asked for: the own one, or the holder that a third
// party names.
func (c *call) asksOf(bin string) (*party.Organization, error) {
	if c.caller.Role != account.ThirdParty {
		if bin != "" && bin != c.org.BIN {
			return nil, &fault.Error{Kind: fault.Forbidden, Code: "forbidden", Field: "organization"}
		}
		return c.org, nil
	}
	if bin == "" {
		return nil, fault.Bad("organization", "missing-field")
	}
	o, err := c.Parties.Organization(c.ctx(), bin)
	if err != nil {
		return nil, under("organization", err)
	}
	return o, nil
}

// ownRequest is a request that the caller asked; another's is told like none.
func (c *call) ownRequest() (*consent.Request, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Consents.Requests.Request(c.ctx(), id)
	if err == nil && r.Asker != c.caller.Org {
		err = fault.New(fault.NotFound, "request-unknown")
	}
	return r, err
}

func (c *call) getRequest() (*askedBody, error) {
	r, err := c.ownRequest()
	if err != nil {
		return nil, err
	}
	return c.toAsked(r), nil
}

// requestQR is for the counter: the subject reads it with the own phone.
func (c *call) requestQR() (*raw, error) {
	r, err := c.ownRequest()
	if err != nil {
		return nil, err
	}
	png, err := qrcode.Encode(c.toAsked(r).Link, qrcode.Medium, 512)
	if err != nil {
		return nil, err
	}
	return &raw{"image/png", png}, nil
}

func (c *call) cancelRequest(*nothing) (*askedBody, error) {
	r, err := c.ownRequest()
	if err != nil {
		return nil, err
	}
	if r, err = c.Consents.Cancel(c.ctx(), r.ID, c.actor()); err != nil {
		return nil, err
	}
	return c.toAsked(r), nil
}

// myRequestBody is a question as its subject reads it.
type myRequestBody struct {
	ID            ident.ID              `json:"id"`
	Status        consent.RequestStatus `json:"status"`
	Organization  string                `json:"organization"`
	Asker         string                `json:"asker"`
	Purposes      []string              `json:"purposes"`
	Categories    []string              `json:"categories"`
	Optional      []string              `json:"optional"`
	ThirdParties  []string              `json:"thirdParties"`
	Countries     []string              `json:"countries"`
	PublicSources bool                  `json:"publicSources"`
	ValidUntil    *time.Time            `json:"validUntil,omitempty"`
	Message       string                `json:"message,omitempty"`
	CreatedAt     time.Time             `json:"createdAt"`
	ExpiresAt     time.Time             `json:"expiresAt"`
	Choices       []int                 `json:"choices,omitempty"`  // find the one that the clerk sees
	Evidence      string                `json:"evidence,omitempty"` // the least that confirms the answer: otp, signature
	Text          string                `json:"text,omitempty"`
	TextHash      string                `json:"textHash,omitempty"`
	Difference    *differenceOf         `json:"difference,omitempty"` // from the consent that stands; absent where none does
	Consent       ident.ID              `json:"consent,omitzero"`
}

func (c *call) toMyRequest(r *consent.Request) (*myRequestBody, error) {
	b := &myRequestBody{
		ID: r.ID, Status: r.StatusAt(c.Now()), Purposes: r.Ask.Purposes, Categories: r.Ask.Categories, Optional: r.Ask.Optional,
		ThirdParties: r.Ask.ThirdParties, Countries: r.Ask.Countries, PublicSources: r.Ask.PublicSources,
		CreatedAt: r.Created, ExpiresAt: r.Expires, Choices: r.Ask.Choices, Consent: r.Consent,
	}
	if !r.Ask.Until.IsZero() {
		b.ValidUntil = &r.Ask.Until
	}
	for _, x := range []struct {
		id  ident.ID
		bin *string
	}{{r.Org, &b.Organization}, {r.Asker, &b.Asker}} {
		o, err := c.Parties.ByID(c.ctx(), x.id)
		if err != nil {
			return nil, err
		}
		*x.bin = o.BIN
		if x.id == r.Org && o.Register != nil {
			b.Evidence = consent.Least(o.Register, r.Ask.Purposes, r.Ask.Evidence)
		}
	}
	note, err := c.Consents.Note(c.ctx(), r)
	if err == nil {
		b.Message = note.Message
	}
	return b, err
}

func (c *call) myRequests() (*paged[myRequestBody], error) {
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	list, err := c.Consents.Requests.Requests(c.ctx(), consent.RequestFilter{Subject: c.person(), Orgs: c.way.Limits(), After: after, Limit: limit + 1})
	if err != nil {
		return nil, err
	}
	out := &paged[myRequestBody]{Items: []myRequestBody{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].ID.String()
			break
		}
		b, err := c.toMyRequest(&list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, *b)
	}
	return out, nil
}

// mine is a request put to the caller, or to whom the caller acts for; another
// person's is told like none.
func (c *call) mine() (*consent.Request, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Consents.Requests.Request(c.ctx(), id)
	if err == nil && (r.Subject != c.person() || !c.way.Sees(r.Org)) {
		err = fault.New(fault.NotFound, "request-unknown")
	}
	return r, err
}

// myRequest shows a question with its text: that it was shown is journaled.
func (c *call) myRequest() (*myRequestBody, error) {
	r, err := c.mine()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(r.Org)
	if err != nil {
		return nil, err
	}
	r, text, err := c.Consents.Show(c.ctx(), r.ID, c.lang, by)
	if err != nil {
		return nil, err
	}
	b, err := c.toMyRequest(r)
	if err != nil {
		return nil, err
	}
	b.Text, b.TextHash = text.Body, text.Hash
	d, err := c.Consents.Difference(c.ctx(), r)
	b.Difference = toDifference(d)
	return b, err
}

// choiceBody is what the subject leaves of a question.
type choiceBody struct {
	Purposes      []string  `json:"purposes,omitempty"`
	Categories    []string  `json:"categories,omitempty"`
	ThirdParties  []string  `json:"thirdParties,omitempty"`
	Countries     []string  `json:"countries,omitempty"`
	PublicSources *bool     `json:"publicSources,omitempty"`
	ValidUntil    time.Time `json:"validUntil,omitzero"`
	// Conditions are the subject's own on what everybody may do with published data.
	Conditions []conditionBody `json:"conditions,omitempty"`
}

func (b *choiceBody) choice() *consent.Choice {
	return &consent.Choice{
		Purposes: b.Purposes, Categories: b.Categories, ThirdParties: b.ThirdParties, Countries: b.Countries,
		PublicSources: b.PublicSources, Until: b.ValidUntil, Conditions: toConditions(b.Conditions),
	}
}

type answerRequest struct {
	Answer string `json:"answer"` // give, refuse
	choiceBody
	Number int    `json:"number,omitempty"` // that the clerk sees
	Reason string `json:"reason,omitempty"` // of a refusal
	// Signature is a CMS under the text of exactly what is given, see …/text, in
	// that language; that of the text shown last if absent.
	Signature []byte      `json:"signature,omitempty"`
	Language  locale.Lang `json:"language,omitempty"`
	Code      string      `json:"code,omitempty"` // one-time, see …/code: for this choice in this language
}

type draftBody struct {
	Text     string      `json:"text"`
	TextHash string      `json:"textHash"`
	Language locale.Lang `json:"language"`
}

// draftMine is the text of what a choice would give, to be read and signed: that it
// was shown is journaled.
func (c *call) draftMine(in *choiceBody) (*draftBody, error) {
	r, err := c.mine()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(r.Org)
	if err != nil {
		return nil, err
	}
	t, err := c.Consents.Draft(c.ctx(), r.ID, in.choice(), c.lang, by)
	if err != nil {
		return nil, err
	}
	return &draftBody{t.Body, t.Hash, t.Language}, nil
}

type answeredBody struct {
	Status  consent.RequestStatus `json:"status"`
	Consent ident.ID              `json:"consent,omitzero"`
}

// answerMine gives, whole or narrowed, or refuses.
func (c *call) answerMine(in *answerRequest) (*answeredBody, error) {
	r, err := c.mine()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(r.Org)
	if err != nil {
		return nil, err
	}
	switch in.Answer {
	case "refuse":
		_, err := c.Consents.Refuse(c.ctx(), r.ID, in.Reason, by)
		return &answeredBody{Status: consent.Refused}, err
	case "give":
		if len(in.Conditions) > maxList {
			return nil, fault.Bad("conditions", "too-many-items", "max", maxList)
		}
		if err := c.Consents.Choose(c.ctx(), r.ID, in.Number, by); err != nil {
			return nil, err
		}
		lang, err := in.language(r, c.lang)
		if err != nil {
			return nil, err
		}
		got, err := c.give(r, in, lang)
		if err != nil {
			return nil, err
		}
		return &answeredBody{Status: consent.Given, Consent: got.ID}, nil
	default:
		return nil, fault.Bad("answer", "bad-enum", "allowed", "give, refuse")
	}
}

func (in *answerRequest) language(r *consent.Request, otherwise locale.Lang) (locale.Lang, error) {
	switch {
	case in.Language != "":
		if !slices.Contains(locale.All[:], in.Language) {
			return "", fault.Bad("language", "bad-enum", "allowed", "kk, ru, en")
		}
		return in.Language, nil
	case len(r.Shown) > 0:
		return locale.Lang(r.Shown[len(r.Shown)-1].Language), nil
	}
	return otherwise, nil
}

// requestRoutes are questions to subjects and their answers.
func requestRoutes() []route {
	return []route{
		post("/v1/consents/requests", "Consents", "Ask a subject for consent", askers, http.StatusCreated, (*call).askConsent),
		get("/v1/consents/requests/{id}", "Consents", "What became of a question", askers, (*call).getRequest),
		get("/v1/consents/requests/{id}/qr", "Consents", "The link to a question as a QR code: PNG", askers, (*call).requestQR),
		post("/v1/consents/requests/{id}/cancel", "Consents", "Take a question back", askers, http.StatusOK, (*call).cancelRequest),
		get("/v1/me/consents/requests", "Me", "What I am asked", subjects, (*call).myRequests, page...).onBehalf(represent.Read),
		get("/v1/me/consents/requests/{id}", "Me", "One question with its text; that it was shown is journaled", subjects, (*call).myRequest).onBehalf(represent.Consent),
		post("/v1/me/consents/requests/{id}/text", "Me", "The text of what a choice would give, to be signed", subjects, http.StatusOK, (*call).draftMine).onBehalf(represent.Consent),
		post("/v1/me/consents/requests/{id}/answer", "Me", "Give, whole or narrowed, with or without a signature, or refuse", subjects, http.StatusOK, (*call).answerMine).onBehalf(represent.Consent),
	}
}
