package api

import (
	"log/slog"
	"net/http"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/represent"
	"kelisim/internal/term"
)

// publicationIn is what an operator made public, or is about to.
type publicationIn struct {
	Subject    ident.ID  `json:"subject"`
	Purpose    string    `json:"purpose"`
	Categories []string  `json:"categories"`
	Source     sourceIn  `json:"source"`
	Since      time.Time `json:"since,omitzero"`     // now if absent
	Ground     string    `json:"ground,omitempty"`   // a provision; the consent to dissemination if absent
	Document   string    `json:"document,omitempty"` // of the ground
}

type sourceIn struct {
	Kind    string `json:"kind"` // site, social-network, open-data, directory, phone-book, address-book, mass-media, other
	Name    string `json:"name"`
	Address string `json:"address"`
}

type publicationBody struct {
	ID           ident.ID       `json:"id"`
	Organization string         `json:"organization"`
	Subject      ident.ID       `json:"subject,omitzero"`
	Status       publish.Status `json:"status"` // public, removing, removed
	Purpose      string         `json:"purpose"`
	Categories   []string       `json:"categories"`
	Source       sourceIn       `json:"source"`
	Since        time.Time      `json:"since"`
	RecordedAt   time.Time      `json:"recordedAt"`
	Consent      ident.ID       `json:"consent,omitzero"`
	Ground       law.Provision  `json:"ground,omitempty"`
	Document     string         `json:"document,omitempty"`
	Conditions   []toldBody     `json:"conditions"`          // what the subject asks of everybody, by kind of data
	Page         string         `json:"page,omitempty"`      // that tells them: to be put beside the data
	Published    *time.Time     `json:"published,omitempty"` // when the conditions were; absent while they are owed
	Removal      *removalBody   `json:"removal,omitempty"`
	Entries      []ident.ID     `json:"entries"` // of the journal
}

// toldBody is a kind of data with what its subject asks of everybody.
type toldBody struct {
	Category  string `json:"category"`
	Ban       bool   `json:"ban"`
	Condition string `json:"condition,omitempty"`
}

type removalBody struct {
	Cause      string     `json:"cause"` // unlawful, withdrawn
	From       string     `json:"from"`  // subject, order, consent, operator
	Reference  string     `json:"reference,omitempty"`
	DemandedAt *time.Time `json:"demandedAt,omitempty"`
	Due        *time.Time `json:"due,omitempty"`
	Overdue    bool       `json:"overdue"`
	Provision  string     `json:"provision,omitempty"` // of the term
	Cost       costBody   `json:"cost"`
	RemovedAt  *time.Time `json:"removedAt,omitempty"`
	How        string     `json:"how,omitempty"`
	Document   string     `json:"document,omitempty"` // that shows it
}

// costBody is who bears the cost of a removal.
type costBody struct {
	Bearer    string `json:"bearer"`             // operator, subject, court: it has yet to say
	Provision string `json:"provision"`          // that says so
	Disputed  string `json:"disputed,omitempty"` // who decides where the parties do not agree
	Document  string `json:"document,omitempty"` // of a court that decided
}

func (c *call) toPublication(p *publish.Publication, o *party.Organization) (*publicationBody, error) {
	said, err := c.Publications.Content(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	told, err := c.Publications.Told(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	b := &publicationBody{
		ID: p.ID, Organization: o.BIN, Status: p.Status, Purpose: p.Purpose, Categories: p.Categories, Since: p.Since.UTC(), RecordedAt: p.Recorded.UTC(),
		Source: sourceIn{string(p.Kind), said.Source.Name, said.Source.Address}, Consent: p.Consent, Ground: p.Ground, Document: said.Document,
		Entries: said.Entries, Conditions: []toldBody{},
	}
	for _, x := range told.Categories {
		b.Conditions = append(b.Conditions, toldBody{x.ID, x.Ban, x.Condition})
	}
	if p.Status != publish.Removed {
		b.Page = c.Public + publish.PagePath(o, p)
	}
	if c.caller.Role != account.Subject {
		b.Subject = o.Outside(p.Subject)
	}
	t, err := c.Publications.ConditionsTerm(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	if t != nil && t.Status == term.Done {
		at := t.Ended.UTC()
		b.Published = &at
	}
	b.Removal, err = c.removal(p, said.Removal)
	return b, err
}

func (c *call) removal(p *publish.Publication, r *publish.Removal) (*removalBody, error) {
	if r == nil {
		return nil, nil
	}
	b := &removalBody{
		Cause: r.Cause, From: r.From, Reference: r.Reference, How: r.How, Document: r.Document,
		Cost: costBody{r.Bearer, r.Provision, r.Disputed, r.Judgment},
	}
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		t = t.UTC()
		return &t
	}
	b.DemandedAt, b.RemovedAt = at(p.Demanded), at(r.At)
	if p.Term.IsZero() {
		return b, nil
	}
	t, err := c.Terms.One(c.ctx(), p.Org, p.Term)
	if err != nil {
		return nil, err
	}
	b.Due, b.Overdue, b.Provision = at(t.Due), t.Overdue(c.Now()), string(t.Provision)
	return b, nil
}

// postPublication decides whether data may be public in a source and records that
// it is. A refusal is journaled, and nothing is recorded.
func (c *call) postPublication(in *publicationIn) (*publicationBody, error) {
	if in.Subject.IsZero() {
		return nil, fault.Bad("subject", "missing-field")
	}
	if in.Source.Kind == "" {
		return nil, fault.Bad("source.kind", "missing-field")
	}
	p, ans, err := c.Publications.Publish(c.ctx(), c.org, &publish.New{
		Subject: in.Subject, Purpose: in.Purpose, Categories: in.Categories, Kind: publish.Kind(in.Source.Kind),
		Source: publish.Source{Name: in.Source.Name, Address: in.Source.Address}, Since: in.Since,
		Ground: law.Provision(in.Ground), Document: in.Document, Actor: c.actor(),
	})
	if err != nil {
		return nil, err
	}
	if !ans.Permit {
		b, err := c.decisionBody(ans)
		if err != nil {
			return nil, err
		}
		return nil, c.denied(b)
	}
	return c.toPublication(p, c.org)
}

func (c *call) listPublications() (*paged[*publicationBody], error) {
	q := c.r.URL.Query()
	f := publish.Filter{Org: c.org.ID}
	var err error
	if f.Status, err = publish.ParseStatus(q.Get("status")); err != nil {
		return nil, err
	}
	if v := q.Get("subject"); v != "" {
		id, err := ident.ParseID(v)
		if err != nil {
			return nil, under("subject", err)
		}
		f.Subject = c.inside(id)
	}
	return c.publications(f)
}

// myPublications is where the caller's data, or that of whom the caller acts for,
// is public.
func (c *call) myPublications() (*paged[*publicationBody], error) {
	return c.publications(publish.Filter{Subject: c.person(), Orgs: c.way.Limits()})
}

func (c *call) publications(f publish.Filter) (*paged[*publicationBody], error) {
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	f.Limit, f.After = limit+1, after
	list, err := c.Publications.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[*publicationBody]{Items: []*publicationBody{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].ID.String()
			break
		}
		o, err := c.Parties.ByID(c.ctx(), list[i].Org)
		if err != nil {
			return nil, err
		}
		b, err := c.toPublication(&list[i], o)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

func (c *call) getPublication() (*publicationBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.moved(c.Publications.Of(c.ctx(), c.org, id))
}

func (c *call) moved(p *publish.Publication, err error) (*publicationBody, error) {
	if err != nil {
		return nil, err
	}
	return c.toPublication(p, c.org)
}

type removeIn struct {
	Cause      string   `json:"cause"`                // unlawful, withdrawn
	Categories []string `json:"categories,omitempty"` // these alone; all if absent
}

// demandRemoval begins the term in which data has to be out of a source.
func (c *call) demandRemoval(in *removeIn) (*publicationBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	if in.Cause == "" {
		return nil, fault.Bad("cause", "missing-field")
	}
	return c.moved(c.Publications.RemoveOne(c.ctx(), c.org, id, &publish.Demand{
		Categories: in.Categories, Cause: in.Cause, From: publish.FromOperator, By: c.actor(),
	}))
}

type removedIn struct {
	At       time.Time `json:"at,omitzero"` // now if absent
	How      string    `json:"how"`
	Document string    `json:"document"` // that shows it
}

// removedPublication is the proof that data is out of a source.
func (c *call) removedPublication(in *removedIn) (*publicationBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.moved(c.Publications.Done(c.ctx(), c.org, id, &publish.Report{At: in.At, How: in.How, Document: in.Document, Actor: c.actor()}))
}

type costIn struct {
	Bearer   string `json:"bearer"`   // operator, subject
	Document string `json:"document"` // of the court
}

// judgeCost records that a court said who bears the cost.
func (c *call) judgeCost(in *costIn) (*publicationBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.moved(c.Publications.Judge(c.ctx(), c.org, id, in.Bearer, in.Document, c.actor()))
}

type conditionsDone struct {
	Consent     ident.ID      `json:"consent"`
	Term        ident.ID      `json:"term"`
	PublishedAt time.Time     `json:"publishedAt"`
	Due         time.Time     `json:"due"`
	Provision   law.Provision `json:"provision"`
	Page        string        `json:"page"` // of the operator's conditions
}

// publishConditions says that the conditions of a consent are published, which
// ends the term of policy 5.13.
func (c *call) publishConditions(*nothing) (*conditionsDone, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	t, err := c.Publications.PublishConditions(c.ctx(), c.org, x.ID, c.actor())
	if err != nil {
		return nil, err
	}
	return &conditionsDone{x.ID, t.ID, t.Ended.UTC(), t.Due.UTC(), t.Provision, c.Public + "/o/" + c.org.BIN + "/dissemination"}, nil
}

type toldPublication struct {
	Purpose    string     `json:"purpose"`
	Categories []toldBody `json:"categories"`
}

// conditions are what everybody who met a publication is told of it.
func (c *call) conditions() (*toldPublication, error) {
	o, err := c.Parties.Organization(c.ctx(), c.r.PathValue("bin"))
	if err != nil {
		return nil, err
	}
	token, err := ident.ParseID(c.r.PathValue("token"))
	if err != nil {
		return nil, fault.New(fault.NotFound, "publication-unknown")
	}
	told, err := c.Publications.Conditions(c.ctx(), o, token)
	if err != nil {
		return nil, err
	}
	out := &toldPublication{Purpose: told.Purpose, Categories: []toldBody{}}
	for _, x := range told.Categories {
		out.Categories = append(out.Categories, toldBody{x.ID, x.Ban, x.Condition})
	}
	return out, nil
}

// settle demands the removal of what a consent no longer covers. The withdrawal has
// landed: what fails here is made up for by the work that runs by itself.
func (c *call) settle(subject, org ident.ID) {
	o, err := c.Parties.ByID(c.ctx(), org)
	if err == nil {
		_, err = c.Publications.Settle(c.ctx(), o, subject)
	}
	if err != nil {
		c.Log.LogAttrs(c.ctx(), slog.LevelError, "publications are settled later", slog.Any("error", err))
	}
}

// publicationRoutes are public sources: what is where, and how it leaves.
func publicationRoutes() []route {
	const tag = "Publications"
	return []route{
		post("/v1/publications", tag, "Decide whether data may be public in a source, and record that it is", people, http.StatusCreated, (*call).postPublication),
		get("/v1/publications", tag, "What is public, and was, newest first", people, (*call).listPublications,
			append([]param{{"status", "public, removing, removed"}, {"subject", "id"}}, page...)...),
		get("/v1/publications/{id}", tag, "One publication", people, (*call).getPublication),
		post("/v1/publications/{id}/demand", tag, "Begin the term in which data has to leave a source (Art. 6)", people, http.StatusOK, (*call).demandRemoval),
		post("/v1/publications/{id}/removed", tag, "Record that data is out of a source, with the proof", people, http.StatusOK, (*call).removedPublication),
		post("/v1/publications/{id}/cost", tag, "Record that a court said who bears the cost", holders, http.StatusOK, (*call).judgeCost),
		post("/v1/consents/{id}/conditions", tag, "Record that the conditions of a consent are published (policy 5.13)", people, http.StatusOK, (*call).publishConditions),
		get("/v1/me/publications", "Me", "Where my data is public, under which conditions", subjects, (*call).myPublications, page...).onBehalf(represent.Read),
		get("/v1/organizations/{bin}/dissemination/{token}", "Organizations", "The conditions and bans on one publication, for whoever met it", nil, (*call).conditions),
	}
}
