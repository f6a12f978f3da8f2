package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/proof"
	"kelisim/internal/publish"
	"kelisim/internal/represent"
	"kelisim/internal/request"
)

// desk are those of an organization who answer subjects.
var desk = []account.Role{account.Staff, account.Officer}

// maxDemand is the largest body of a demand: eight documents in base64, and what
// is written around them.
const maxDemand = request.MaxDocuments*request.MaxDocument/3*4 + 1<<20

// rightsRoutes are what subjects demand, and what is done about it.
func rightsRoutes() []route {
	const me, org = "Me", "Requests"
	return []route{
		post("/v1/me/requests", me, "Demand something of an organization (Art. 24)", subjects, http.StatusCreated, (*call).askMine).upTo(maxDemand).onBehalf(represent.Request),
		get("/v1/me/requests", me, "What I demanded, newest first", subjects, (*call).myDemands, page...).onBehalf(represent.Request),
		get("/v1/me/requests/terms", me, "By when an answer would be due, before it is sent", subjects, (*call).termsOfDemand,
			param{"kind", "of the request"}, param{"organization", "BIN"}, param{"cause", "of a destruction: without-consent; of a removal: unlawful, withdrawn"}).onBehalf(represent.Request),
		get("/v1/me/requests/{id}", me, "One request with its answer: what was done, what was kept and on which provision", subjects, (*call).myDemand).onBehalf(represent.Request),
		get("/v1/me/requests/{id}/copy", me, "The copy that was granted, until its link expires", subjects, (*call).fetchCopy,
			param{"format", "json, csv or pdf; what Accept says, if absent"}).onBehalf(represent.Request | represent.Data),
		get("/v1/me/requests/{id}/documents/{n}", me, "A document that came with it", subjects, (*call).myDocument).onBehalf(represent.Request),
		get("/v1/me/requests/{id}/pack", me, "All evidence about it in one file that verifies", subjects, (*call).myPack).onBehalf(represent.Request | represent.Read),
		post("/v1/me/requests/{id}/appeal", me, "Appeal to the authorised body", subjects, http.StatusCreated, (*call).appealMine).onBehalf(represent.Request),

		post("/v1/requests", org, "Write down what a subject demanded on paper or by mail", people, http.StatusCreated, (*call).askFor).upTo(maxDemand),
		get("/v1/requests", org, "Requests in the order of the time that is left; without a status, those that wait for an answer", desk, (*call).listDemands,
			append([]param{{"status", "open, approval, working, fulfilled, refused"}, {"dueBefore", "RFC 3339: those that wait for an answer due before it"}}, page...)...),
		get("/v1/requests/{id}", org, "One request, with what fulfilling it would do", desk, (*call).getDemand),
		get("/v1/requests/{id}/documents/{n}", org, "A document that came with it", desk, (*call).demandDocument),
		post("/v1/requests/{id}/fulfil", org, "Do it and answer; where it destroys, a second person may have to agree", desk, http.StatusOK, (*call).fulfil),
		post("/v1/requests/fulfil", org, "Fulfil a group of like requests, each journaled apart", desk, http.StatusOK, (*call).fulfilAll),
		post("/v1/requests/{id}/refuse", org, "Refuse, with reasons and a provision", desk, http.StatusOK, (*call).refuseDemand),
		post("/v1/requests/{id}/extend", org, "Extend the term, where the edition lets it", desk, http.StatusOK, (*call).extendDemand),
		post("/v1/requests/{id}/assign", org, "Hand over to a colleague", desk, http.StatusOK, (*call).assignDemand),

		get("/v1/appeals", "Appeals", "Appeals of subjects, oldest first", authorities, (*call).listAppeals,
			append([]param{{"status", "lodged, upheld, dismissed"}, {"organization", "BIN"}}, page...)...),
		get("/v1/appeals/{id}", "Appeals", "One appeal with the request; the look is journaled", authorities, (*call).lookAppeal),
		post("/v1/appeals/{id}/decide", "Appeals", "Decide: upheld opens the request again", authorities, http.StatusOK, (*call).decideAppeal),
	}
}

// demandIn is a demand as it comes in. Details are a text or an object, documents
// names or files.
type demandIn struct {
	Subject      ident.ID          `json:"subject,omitzero"` // of the organization, not of the subject itself
	Kind         string            `json:"kind"`
	Organization string            `json:"organization,omitempty"` // BIN
	Details      json.RawMessage   `json:"details,omitempty"`
	Documents    []json.RawMessage `json:"documents,omitempty"`
}

type detailsIn struct {
	Text       string                     `json:"text"`
	Values     map[string]json.RawMessage `json:"values"`
	Categories []string                   `json:"categories"`
	Consent    ident.ID                   `json:"consent"`
	Scopes     []string                   `json:"scopes"`
	Cause      string                     `json:"cause"`
	Contact    string                     `json:"contact"`
}

type documentIn struct {
	Name    string `json:"name"`
	Content []byte `json:"content"` // base64
}

// demand reads what a person demands.
func (c *call) demand(in *demandIn) (*request.New, error) {
	k, err := request.ParseKind(in.Kind)
	if err != nil {
		return nil, err
	}
	n := &request.New{Kind: k, Language: c.lang}
	if n.Details, err = details(in.Details); err != nil {
		return nil, err
	}
	if len(n.Details.Scopes) > 0 {
		if err := knownScopes(n.Details.Scopes); err != nil {
			return nil, err
		}
	}
	if len(in.Documents) > request.MaxDocuments {
		return nil, fault.Bad("documents", "too-many-items", "max", request.MaxDocuments)
	}
	for i, raw := range in.Documents {
		d, err := document(raw)
		if err != nil {
			return nil, under("documents["+strconv.Itoa(i)+"]", err)
		}
		n.Documents = append(n.Documents, d)
	}
	return n, nil
}

func knownScopes(scopes []string) error {
	known := []string{"process", "transfer", "crossBorder", "publicSources"}
	for _, s := range scopes {
		if !slices.Contains(known, s) {
			return fault.Bad("details.scopes", "bad-enum", "allowed", strings.Join(known, ", "))
		}
	}
	return nil
}

func details(raw json.RawMessage) (request.Details, error) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return request.Details{}, nil
	case raw[0] == '"':
		var text string
		err := decode(raw, &text)
		return request.Details{Text: text}, under("details", err)
	}
	var d detailsIn
	if err := decode(raw, &d); err != nil {
		return request.Details{}, under("details", err)
	}
	return request.Details{
		Text: d.Text, Values: d.Values, Categories: d.Categories, Consent: d.Consent, Scopes: d.Scopes, Cause: d.Cause, Contact: d.Contact,
	}, nil
}

// document is a file, or only the name of a paper that lies elsewhere.
func document(raw json.RawMessage) (request.Document, error) {
	if len(raw) > 0 && raw[0] == '"' {
		var name string
		err := decode(raw, &name)
		return request.Document{Name: name}, err
	}
	var d documentIn
	err := decode(raw, &d)
	return request.Document{Name: d.Name, Content: d.Content}, err
}

type demandMade struct {
	ID        ident.ID       `json:"id"`
	Status    request.Status `json:"status"`
	Due       time.Time      `json:"due"`
	Provision law.Provision  `json:"provision"` // of the term
	Right     law.Provision  `json:"right"`     // to demand it
}

func (c *call) made(r *request.Request, o *party.Organization) (*demandMade, error) {
	right, err := c.right(r, o)
	return &demandMade{ID: r.ID, Status: r.Status, Due: r.Term.Due, Provision: r.Term.Provision, Right: right}, err
}

func (c *call) right(r *request.Request, o *party.Organization) (law.Provision, error) {
	b, err := c.Requests.Body(c.ctx(), r)
	if err != nil {
		return "", err
	}
	return r.Right(o, b), nil
}

// askMine is a demand of the subject, or of who acts for the subject. Whether an
// organization that the subject may not know of exists never shows.
func (c *call) askMine(in *demandIn) (*demandMade, error) {
	if !in.Subject.IsZero() {
		return nil, fault.Bad("subject", "unknown-field")
	}
	n, err := c.demand(in)
	if err != nil {
		return nil, err
	}
	o, err := c.holderOf(in.Organization)
	if err != nil {
		return nil, err
	}
	n.Actor = c.acting(o)
	r, err := c.Requests.Receive(c.ctx(), o, c.person(), n)
	if err != nil {
		return nil, err
	}
	return c.made(r, o)
}

// holderOf is an organization that holds something of the caller and that the
// caller may know to.
func (c *call) holderOf(bin string) (*party.Organization, error) {
	if bin == "" {
		return nil, fault.Bad("organization", "missing-field")
	}
	o, err := c.Parties.Organization(c.ctx(), bin)
	if err == nil && !c.way.Sees(o.ID) {
		err = fault.New(fault.NotFound, "organization-unknown")
	}
	if err == nil {
		_, err = c.Parties.Store.Holding(c.ctx(), c.person(), o.ID)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			err = fault.New(fault.NotFound, "organization-unknown")
		}
	}
	if err == nil {
		err = c.known(o.ID)
	}
	if err != nil {
		return nil, under("organization", err)
	}
	return o, nil
}

// askFor is a demand that the organization took in on the subject's behalf.
func (c *call) askFor(in *demandIn) (*demandMade, error) {
	if in.Subject.IsZero() {
		return nil, fault.Bad("subject", "missing-field")
	}
	if in.Organization != "" && in.Organization != c.org.BIN {
		return nil, &fault.Error{Kind: fault.Forbidden, Code: "forbidden", Field: "organization"}
	}
	n, err := c.demand(in)
	if err != nil {
		return nil, err
	}
	n.Actor = c.actor()
	r, err := c.Requests.Receive(c.ctx(), c.org, c.inside(in.Subject), n)
	if err != nil {
		return nil, err
	}
	return c.made(r, c.org)
}

type dueBody struct {
	Kind         string        `json:"kind"`
	Organization string        `json:"organization"`
	Due          time.Time     `json:"due"`
	Provision    law.Provision `json:"provision"` // of the term
	Right        law.Provision `json:"right"`
	Certainty    law.Certainty `json:"certainty"`
	Edition      string        `json:"edition"`
	AtOnce       law.Provision `json:"atOnce,omitempty"` // it takes effect the moment it arrives
	Cost         *costBody     `json:"cost,omitempty"`   // who bears the cost of a removal from public sources
}

func (c *call) termsOfDemand() (*dueBody, error) {
	q := c.r.URL.Query()
	k, err := request.ParseKind(q.Get("kind"))
	if err != nil {
		return nil, err
	}
	d := request.Details{Cause: q.Get("cause")}
	if d.Cause != "" && k != request.PublicRemoval && (d.Cause != request.Unconsented || k != request.Destroy) {
		return nil, fault.Bad("cause", "bad-enum", "allowed", request.Unconsented)
	}
	o, err := c.holderOf(q.Get("organization"))
	if err != nil {
		return nil, err
	}
	if e := o.Edition(c.Now()); k == request.PublicRemoval && d.Cause != "" {
		if _, ok := e.Cost(d.Cause); !ok {
			return nil, fault.Bad("cause", "bad-enum", "allowed", publish.Causes(e))
		}
	}
	due, err := c.Requests.Due(c.ctx(), o, k, &d)
	if err != nil {
		return nil, err
	}
	b := &dueBody{string(k), o.BIN, due.Term.Due, due.Term.Provision, due.Right, due.Certainty, due.Term.Edition, due.AtOnce, nil}
	if x := due.Cost; x != nil {
		b.Cost = &costBody{x.Bearer, string(x.Provision), x.Disputed, ""}
	}
	return b, nil
}

// DemandHead is a demand in a list.
type DemandHead struct {
	ID           ident.ID       `json:"id"`
	Kind         request.Kind   `json:"kind"`
	Status       request.Status `json:"status"`
	Organization string         `json:"organization"`
	Subject      ident.ID       `json:"subject,omitzero"` // to the organization
	CreatedAt    time.Time      `json:"createdAt"`
	Due          time.Time      `json:"due"`
	Provision    law.Provision  `json:"provision"`
	Edition      string         `json:"edition"`
	Overdue      bool           `json:"overdue"`
	Stage        string         `json:"stage"` // calm, half, last-day, late, very-late
	Assignee     string         `json:"assignee,omitempty"`
	EndedAt      *time.Time     `json:"endedAt,omitempty"`
}

func (c *call) toDemand(r *request.Request) (DemandHead, error) {
	o, err := c.Parties.ByID(c.ctx(), r.Org)
	if err != nil {
		return DemandHead{}, err
	}
	cal, err := c.Terms.Calendars.Current(c.ctx())
	if err != nil {
		return DemandHead{}, err
	}
	b := DemandHead{
		ID: r.ID, Kind: r.Kind, Status: r.Status, Organization: o.BIN, CreatedAt: r.Created, Due: r.Term.Due, Provision: r.Term.Provision,
		Edition: r.Term.Edition, Overdue: !r.Status.Closed() && r.Term.Overdue(c.Now()), Stage: c.Terms.Stage(cal, &r.Term).String(),
	}
	if c.caller.Role != account.Subject {
		b.Assignee = r.Assignee
		if c.caller.Role != account.Authority {
			b.Subject = o.Outside(r.Subject)
		}
	}
	if !r.Ended.IsZero() {
		b.EndedAt = &r.Ended
	}
	return b, nil
}

func (c *call) demandPage(f request.Filter) (*paged[DemandHead], error) {
	want := f.Limit
	f.Limit++
	list, err := c.Requests.Store.Demands(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[DemandHead]{Items: []DemandHead{}}
	for i := range list {
		if i == want {
			out.Next = list[i-1].ID.String()
			break
		}
		b, err := c.toDemand(&list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

func (c *call) myDemands() (*paged[DemandHead], error) {
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	return c.demandPage(request.Filter{Subject: c.person(), Orgs: c.way.Limits(), After: after, Limit: limit})
}

func (c *call) listDemands() (*paged[DemandHead], error) {
	q := c.r.URL.Query()
	f := request.Filter{Org: c.org.ID, Status: request.Status(q.Get("status"))}
	if f.Status != "" && !slices.Contains(request.Statuses, f.Status) {
		return nil, fault.Bad("status", "bad-enum", "allowed", "open, approval, working, fulfilled, refused")
	}
	f.Undone = f.Status == ""
	var err error
	if f.DueBefore, err = queryTime("dueBefore", q.Get("dueBefore")); err != nil {
		return nil, err
	}
	if f.Limit, f.After, err = c.cursor(); err != nil {
		return nil, err
	}
	if !f.After.IsZero() {
		if _, err := c.Requests.Of(c.ctx(), c.org, f.After); err != nil {
			return nil, fault.Bad("after", "bad-id")
		}
	}
	return c.demandPage(f)
}

// demandWhole is a demand with all that was written.
type demandWhole struct {
	DemandHead
	Right     law.Provision    `json:"right"`
	Details   request.Details  `json:"details"`
	Documents []request.Paper  `json:"documents"`
	Steps     []request.Step   `json:"steps"`
	Notes     []request.Note   `json:"notes"` // reasons of extensions
	Answer    *request.Answer  `json:"answer,omitempty"`
	Before    []request.Answer `json:"answersBefore,omitempty"` // that an appeal overturned
	Preview   *previewBody     `json:"preview,omitempty"`
	Appeals   []AppealHead     `json:"appeals,omitempty"`
}

type previewBody struct {
	State        string         `json:"state"` // of what is held
	Found        []foundBody    `json:"found"`
	Counts       countsBody     `json:"counts"`
	Acts         []request.Act  `json:"acts"`
	Kept         []request.Kept `json:"kept"`
	Destroys     bool           `json:"destroys"`
	SecondPerson bool           `json:"secondPerson"`
	Lacking      []string       `json:"lacking"`
	Answer       string         `json:"answer"` // as drafted, in the subject's language
	Language     locale.Lang    `json:"language"`
}

type countsBody struct {
	Found   int `json:"found"`
	Changes int `json:"changes"`
	Kept    int `json:"kept"`
}

type foundBody struct {
	Category string    `json:"category"`
	Purpose  string    `json:"purpose"`
	Since    time.Time `json:"since"`
	Versions int       `json:"versions"`
}

func (c *call) whole(r *request.Request, o *party.Organization) (*demandWhole, error) {
	head, err := c.toDemand(r)
	if err != nil {
		return nil, err
	}
	b, err := c.Requests.Body(c.ctx(), r)
	if err != nil {
		return nil, err
	}
	return &demandWhole{
		DemandHead: head, Right: r.Right(o, b), Details: b.Details, Documents: append([]request.Paper{}, b.Documents...),
		Steps: append([]request.Step{}, r.Steps...), Notes: append([]request.Note{}, b.Notes...), Answer: b.Answer, Before: b.Before,
	}, nil
}

func (c *call) getDemand() (*demandWhole, error) {
	r, err := c.ours()
	if err != nil {
		return nil, err
	}
	w, err := c.whole(r, c.org)
	if err != nil || r.Status.Closed() {
		return w, err
	}
	p, err := c.Requests.Preview(c.ctx(), c.org, r, nil)
	if err != nil {
		return nil, err
	}
	w.Preview = toPreview(p)
	return w, nil
}

func toPreview(p *request.Preview) *previewBody {
	out := &previewBody{
		State: p.State, Found: []foundBody{}, Acts: p.Acts, Kept: p.Kept, Destroys: p.Destroys, SecondPerson: p.Second,
		Lacking: append([]string{}, p.Lacking...), Answer: p.Answer.Text, Language: p.Answer.Language,
		Counts: countsBody{Found: len(p.Found.Held), Changes: len(p.Acts)},
	}
	for _, h := range p.Found.Held {
		out.Found = append(out.Found, foundBody{h.Category, h.Purpose, h.Since, h.Versions})
	}
	for _, k := range p.Kept {
		out.Counts.Kept += len(k.Categories)
	}
	return out
}

// ours is a demand to the caller's organization.
func (c *call) ours() (*request.Request, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.Requests.Of(c.ctx(), c.org, id)
}

// own is a demand of the caller, or of whom the caller acts for.
func (c *call) own() (*request.Request, *party.Organization, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, nil, err
	}
	r, err := c.Requests.By(c.ctx(), c.person(), id, c.way.Limits())
	if err != nil {
		return nil, nil, err
	}
	o, err := c.Parties.ByID(c.ctx(), r.Org)
	return r, o, err
}

func (c *call) myDemand() (*demandWhole, error) {
	r, o, err := c.own()
	if err != nil {
		return nil, err
	}
	w, err := c.whole(r, o)
	if err != nil {
		return nil, err
	}
	list, err := c.Requests.Store.Appeals(c.ctx(), request.AppealFilter{Subject: r.Subject, Demand: r.ID, Limit: 100})
	for i := 0; i < len(list) && err == nil; i++ {
		var b AppealHead
		if b, err = c.toAppeal(&list[i], true); err == nil {
			w.Appeals = append(w.Appeals, b)
		}
	}
	return w, err
}

// attached hands a document out as bytes to keep, never as something to show: it
// may hold anything.
func (c *call) attached(r *request.Request) (*raw, error) {
	n, err := strconv.Atoi(c.r.PathValue("n"))
	if err != nil || n < 0 || n >= request.MaxDocuments {
		return nil, fault.New(fault.NotFound, "not-found")
	}
	b, err := c.Requests.Document(c.ctx(), r, n)
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Content-Disposition", "attachment")
	return &raw{"application/octet-stream", b}, nil
}

func (c *call) demandDocument() (*raw, error) {
	r, err := c.ours()
	if err != nil {
		return nil, err
	}
	return c.attached(r)
}

func (c *call) myDocument() (*raw, error) {
	r, _, err := c.own()
	if err != nil {
		return nil, err
	}
	return c.attached(r)
}

func (c *call) fetchCopy() (*raw, error) {
	format := c.r.URL.Query().Get("format")
	if format != "" && format != "json" && format != "csv" && format != "pdf" {
		return nil, fault.Bad("format", "bad-enum", "allowed", "json, csv, pdf")
	}
	r, o, err := c.own()
	if err != nil {
		return nil, err
	}
	f, err := c.Requests.Fetch(c.ctx(), r, c.acting(o))
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	if format == "pdf" || format == "" && c.wantsPDF() {
		b, err := proof.CopyPDF(f)
		c.w.Header().Set("Content-Disposition", `attachment; filename="copy.pdf"`)
		return &raw{typePDF, b}, err
	}
	if format == "csv" {
		b, err := f.CSV()
		c.w.Header().Set("Content-Disposition", `attachment; filename="copy.csv"`)
		return &raw{"text/csv; charset=utf-8", b}, err
	}
	b, err := json.Marshal(f)
	return &raw{"application/json", b}, err
}

func (c *call) myPack() (*raw, error) {
	r, _, err := c.own()
	if err != nil {
		return nil, err
	}
	b, err := c.Requests.Pack(c.ctx(), r, c.way.Limits())
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Content-Disposition", `attachment; filename="request-`+r.ID.String()+`.json"`)
	return &raw{"application/json", b}, nil
}
