package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// holdRequest is an obligation that bars withdrawal, named beforehand.
type holdRequest struct {
	Provision  string    `json:"provision,omitempty"`  // of the law that a withdrawal would contradict
	Obligation string    `json:"obligation,omitempty"` // that is outstanding; one of the two
	Document   string    `json:"document"`             // that shows it
	File       *fileBody `json:"file,omitempty"`       // the document itself: PDF, PNG, JPEG or TIFF, at most 3 MiB
	Until      time.Time `json:"until"`
	Scopes     []string  `json:"scopes,omitempty"`   // that cannot be taken back: process, transfer, crossBorder; all three if absent
	Purposes   []string  `json:"purposes,omitempty"` // that cannot; all of the consent if absent
}

type holdBody struct {
	ID           ident.ID           `json:"id"`
	Consent      ident.ID           `json:"consent"`
	Organization string             `json:"organization"`
	Subject      ident.ID           `json:"subject,omitzero"`
	Status       consent.HoldStatus `json:"status"`
	Provision    string             `json:"provision,omitempty"`
	Obligation   string             `json:"obligation,omitempty"`
	Document     string             `json:"document,omitempty"`
	File         *consent.File      `json:"file,omitempty"`
	Scopes       []string           `json:"scopes"`
	Purposes     []string           `json:"purposes"`
	SetAt        time.Time          `json:"setAt"`
	Until        time.Time          `json:"until"`
	DemandedAt   *time.Time         `json:"demandedAt,omitempty"` // the first withdrawal that it barred
	AppealedAt   *time.Time         `json:"appealedAt,omitempty"`
	Appeal       string             `json:"appeal,omitempty"`
	Reply        string             `json:"reply,omitempty"`       // of the operator to the appeal
	DecisionDue  *time.Time         `json:"decisionDue,omitempty"` // while the appeal waits for it
	Decision     string             `json:"decision,omitempty"`
	DecidedBy    string             `json:"decidedBy,omitempty"` // authority, or who of the operator ended it
	MovedAt      time.Time          `json:"movedAt"`             // into the status
}

// holdHead is a hold without what it says.
func (c *call) holdHead(h *consent.Hold) (*holdBody, error) {
	o, err := c.Parties.ByID(c.ctx(), h.Org)
	if err != nil {
		return nil, err
	}
	b := &holdBody{
		ID: h.ID, Consent: h.Consent, Organization: o.BIN, Status: h.StatusAt(c.Now()),
		Scopes: h.Scopes.Names(), Purposes: append([]string{}, h.Purposes...), SetAt: h.Set, Until: h.Until, MovedAt: h.Moved,
	}
	if c.caller.Role != account.Subject {
		b.Subject = o.Outside(h.Subject)
	}
	if !h.Demanded.IsZero() {
		b.DemandedAt = &h.Demanded
	}
	if !h.Appealed.IsZero() {
		b.AppealedAt = &h.Appealed
	}
	t, err := c.Consents.DueOf(c.ctx(), h)
	if err == nil && t != nil {
		b.DecisionDue = &t.Due
	}
	return b, err
}

func (c *call) holdBody(h *consent.Hold) (*holdBody, error) {
	b, err := c.holdHead(h)
	if err != nil {
		return nil, err
	}
	n, err := c.Consents.HoldNote(c.ctx(), h)
	if err != nil {
		return nil, err
	}
	b.Provision, b.Obligation, b.Document, b.File = n.Provision, n.Obligation, n.Document, n.File
	b.Appeal, b.Reply, b.Decision, b.DecidedBy = n.Appeal, n.Reply, n.Decision, n.DecidedBy
	return b, nil
}

// barred puts what stands against a withdrawal into the refusal.
func (c *call) barred(err error) error {
	var b *consent.BarredError
	if !errors.As(err, &b) {
		return err
	}
	p := c.toProblem(err)
	p.Provision, p.Obligation, p.Document = b.Note.Provision, b.Note.Obligation, b.Note.Document
	p.Hold, p.Until = b.Hold.ID.String(), &b.Hold.Until
	if p.Provision == "" {
		p.Provision = "8(2)"
	}
	return p
}

func (c *call) setHold(in *holdRequest) (*holdBody, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	if len(in.Purposes) > maxList {
		return nil, fault.Bad("purposes", "too-many-items", "max", maxList)
	}
	n := &consent.NewHold{
		HoldNote: consent.HoldNote{Provision: in.Provision, Obligation: in.Obligation, Document: in.Document},
		Purposes: in.Purposes, Until: in.Until, Actor: c.actor(),
	}
	if in.File != nil {
		n.Scan = &consent.NewFile{Name: in.File.Name, Content: in.File.Content}
	}
	if len(in.Scopes) > 0 {
		if n.Scopes, err = consent.ParseScopes(in.Scopes); err != nil {
			return nil, err
		}
	}
	h, err := c.Consents.SetHold(c.ctx(), x.ID, n)
	if err != nil {
		return nil, err
	}
	return c.holdBody(h)
}

func (c *call) consentHolds() (*paged[*holdBody], error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	list, err := c.Consents.HoldsOf(c.ctx(), x.ID)
	if err != nil {
		return nil, err
	}
	out := &paged[*holdBody]{Items: []*holdBody{}}
	for i := range list {
		b, err := c.holdBody(&list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

// hold finds the hold of the path on the consent of the path.
func (c *call) hold() (*consent.Consent, *consent.Hold, error) {
	x, err := c.consent()
	if err != nil {
		return nil, nil, err
	}
	id, err := ident.ParseID(c.r.PathValue("hold"))
	if err != nil {
		return nil, nil, fault.New(fault.NotFound, "hold-unknown")
	}
	h, err := c.Consents.HoldStore.Hold(c.ctx(), id)
	if err == nil && h.Consent != x.ID {
		err = fault.New(fault.NotFound, "hold-unknown")
	}
	return x, h, err
}

type reasonBody struct {
	Reason string `json:"reason,omitempty"`
}

func (c *call) liftHold(in *reasonBody) (*holdBody, error) {
	_, h, err := c.hold()
	if err != nil {
		return nil, err
	}
	return c.movedHold(c.Consents.LiftHold(c.ctx(), h.ID, in.Reason, c.actor()))
}

func (c *call) appealHold(in *reasonBody) (*holdBody, error) {
	x, h, err := c.hold()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(x.Org)
	if err != nil {
		return nil, err
	}
	return c.movedHold(c.Consents.AppealHold(c.ctx(), h.ID, in.Reason, by))
}

func (c *call) movedHold(h *consent.Hold, err error) (*holdBody, error) {
	if err != nil {
		return nil, err
	}
	return c.holdBody(h)
}

// holdFile hands out the document of a hold to both sides.
func (c *call) holdFile() (*raw, error) {
	_, h, err := c.hold()
	if err != nil {
		return nil, err
	}
	return c.document(h)
}

func (c *call) document(h *consent.Hold) (*raw, error) {
	f, content, err := c.Consents.HoldFile(c.ctx(), h)
	if err != nil {
		return nil, err
	}
	return &raw{f.Type, content}, nil
}

type replyBody struct {
	Reply string `json:"reply"`
}

func (c *call) replyHold(in *replyBody) (*holdBody, error) {
	_, h, err := c.hold()
	if err != nil {
		return nil, err
	}
	return c.movedHold(c.Consents.ReplyHold(c.ctx(), h.ID, in.Reply, c.actor()))
}

// reviewed is an appealed hold before the authorised body; that it looked is
// journaled first.
func (c *call) reviewed() (*consent.Hold, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.Consents.ReviewHold(c.ctx(), id, verify.Actor{Kind: "authority", ID: c.caller.Token.String()})
}

func (c *call) reviewHold() (*holdBody, error) {
	return c.movedHold(c.reviewed())
}

func (c *call) reviewFile() (*raw, error) {
	h, err := c.reviewed()
	if err != nil {
		return nil, err
	}
	return c.document(h)
}

// listHolds lists holds: of every organization to the authorised body, and to it
// not what they say, which takes a look that is journaled; else the own.
func (c *call) listHolds() (*paged[*holdBody], error) {
	q := c.r.URL.Query()
	f := consent.HoldFilter{All: c.caller.Role == account.Authority}
	if bin := q.Get("organization"); bin != "" || !f.All {
		o, err := c.observed(bin)
		if err != nil {
			return nil, err
		}
		f.Org = o.ID
	}
	switch v := q.Get("appealed"); v {
	case "", "false":
	case "true":
		f.Status = consent.HoldAppealed
	default:
		return nil, fault.Bad("appealed", "bad-enum", "allowed", "true, false")
	}
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	f.Limit, f.After = limit+1, after
	list, err := c.Consents.HoldStore.Holds(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[*holdBody]{Items: []*holdBody{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].ID.String()
			break
		}
		show := c.holdBody
		if c.caller.Role == account.Authority {
			show = c.holdHead
		}
		b, err := show(&list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

type decideHoldRequest struct {
	Decision string `json:"decision"` // uphold, lift
	Reason   string `json:"reason"`
}

func (c *call) decideHold(in *decideHoldRequest) (*holdBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	if in.Decision != "uphold" && in.Decision != "lift" {
		return nil, fault.Bad("decision", "bad-enum", "allowed", "uphold, lift")
	}
	by := verify.Actor{Kind: "authority", ID: c.caller.Token.String()}
	return c.movedHold(c.Consents.DecideHold(c.ctx(), id, in.Decision == "lift", in.Reason, by))
}

// narrowRequest is what stays of a consent; what is left out stays as it is.
type narrowRequest struct {
	Purposes     []string  `json:"purposes,omitempty"`
	Categories   []string  `json:"categories,omitempty"`
	ThirdParties *[]string `json:"thirdParties,omitempty"` // an empty list: none
	Countries    *[]string `json:"countries,omitempty"`    // an empty list: none
	Scopes       []string  `json:"scopes,omitempty"`
	ValidUntil   time.Time `json:"validUntil,omitzero"` // sooner
}

func (c *call) narrowConsent(in *narrowRequest) (*summary, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	stay := &consent.Part{Purposes: in.Purposes, Categories: in.Categories, Until: in.ValidUntil}
	for _, l := range []struct {
		from *[]string
		to   *[]string
	}{{in.ThirdParties, &stay.ThirdParties}, {in.Countries, &stay.Countries}} {
		if l.from != nil {
			*l.to = append([]string{}, *l.from...)
		}
	}
	if len(in.Scopes) > 0 {
		if stay.Scopes, err = consent.ParseScopes(in.Scopes); err != nil {
			return nil, err
		}
	}
	by, err := c.actingWith(x.Org)
	if err != nil {
		return nil, err
	}
	n, err := c.Consents.Narrow(c.ctx(), x.ID, stay, by)
	if err != nil {
		return nil, c.barred(err)
	}
	c.settle(x.Subject, x.Org)
	return c.withdrawn(x, n)
}

type extendRequest struct {
	ValidUntil time.Time `json:"validUntil"`
}

func (c *call) extendConsent(in *extendRequest) (*summary, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(x.Org)
	if err != nil {
		return nil, err
	}
	return c.changed(c.Consents.Extend(c.ctx(), x.ID, in.ValidUntil, by))
}

// stopsBody is what is forbidden from this moment on.
type stopsBody struct {
	Scopes       []string `json:"scopes"`
	Purposes     []string `json:"purposes"`
	Categories   []string `json:"categories"`
	ThirdParties []string `json:"thirdParties"`
	Countries    []string `json:"countries"`
}

// goesOnBody is a purpose that does not rest on consent, or what of the data is
// kept for its term.
type goesOnBody struct {
	Purpose   string `json:"purpose"`
	Provision string `json:"provision"`
	Document  string `json:"document,omitempty"`
	Retention string `json:"retention,omitempty"` // ISO 8601, from the withdrawal on: kept, and destroyed then
}

// withdrawn is a consent after a part of it was taken back, with what stops by
// that and what the operator may go on with all the same.
func (c *call) withdrawn(before, after *consent.Consent) (*summary, error) {
	s, err := c.summarize(after, c.caller.Role == account.Subject)
	if err != nil {
		return nil, err
	}
	o, err := c.Parties.ByID(c.ctx(), after.Org)
	if err != nil {
		return nil, err
	}
	e := before.Effect(after, o.Register)
	s.Stops = &stopsBody{
		Scopes: e.Scopes.Names(), Purposes: e.Purposes, Categories: e.Categories, ThirdParties: e.ThirdParties, Countries: e.Countries,
	}
	s.GoesOn = []goesOnBody{}
	for _, l := range []*[]string{&s.Stops.Purposes, &s.Stops.Categories, &s.Stops.ThirdParties, &s.Stops.Countries} {
		*l = slices.Concat([]string{}, *l)
	}
	for _, g := range e.GoesOn {
		s.GoesOn = append(s.GoesOn, goesOnBody{g.Purpose, g.Provision, g.Document, g.Retention})
	}
	return &s, nil
}

// Who names what bars a withdrawal, and who sees it.
var (
	holders   = []account.Role{account.Officer}
	reviewers = []account.Role{account.Officer, account.Authority}
)

// holdRoutes are changes of a consent by its subject, and what stands against
// them.
func holdRoutes() []route {
	return []route{
		post("/v1/consents/{id}/narrow", "Consents", "Keep a part, without a new consent", subjects, http.StatusOK, (*call).narrowConsent).onBehalf(represent.Withdraw),
		post("/v1/consents/{id}/extend", "Consents", "Let it last longer", subjects, http.StatusOK, (*call).extendConsent).onBehalf(represent.Consent),
		post("/v1/consents/{id}/holds", "Consents", "Name beforehand what bars a withdrawal (Art. 8(2))", holders, http.StatusCreated, (*call).setHold).upTo(5 << 20),
		get("/v1/consents/{id}/holds", "Consents", "What bars a withdrawal", sides, (*call).consentHolds).onBehalf(represent.Read),
		post("/v1/consents/{id}/holds/{hold}/lift", "Consents", "End a hold before its date", holders, http.StatusOK, (*call).liftHold),
		post("/v1/consents/{id}/holds/{hold}/appeal", "Consents", "Appeal a hold to the authorised body", subjects, http.StatusOK, (*call).appealHold).onBehalf(represent.Withdraw),
		get("/v1/holds", "Consents", "Holds, of every organization to the authorised body", reviewers, (*call).listHolds,
			append([]param{{"appealed", "true: those that wait for a decision"}, {"organization", "BIN"}}, page...)...),
		post("/v1/me/dissemination/stop", "Me", "End all consent to public dissemination by an organization, at once", subjects, http.StatusOK, (*call).stopDissemination).onBehalf(represent.Withdraw),
		get("/v1/organizations/{bin}/dissemination", "Organizations", "Whether there are conditions and bans on what is published", nil, (*call).dissemination),
		post("/v1/organizations/{bin}/versions/{n}/ask", "Organizations", "Ask again those whose consents the version in force has outgrown", governors, http.StatusAccepted, (*call).askAgain),
		get("/v1/organizations/{bin}/versions/{n}/ask", "Organizations", "How far the asking again has come", governors, (*call).askedAgain),
		post("/v1/holds/{id}/decide", "Consents", "Decide an appeal; lifted, the withdrawal that was refused is carried out", authorities, http.StatusOK, (*call).decideHold),
		get("/v1/consents/{id}/holds/{hold}/file", "Consents", "The document of a hold", sides, (*call).holdFile).onBehalf(represent.Read),
		post("/v1/consents/{id}/holds/{hold}/reply", "Consents", "Answer an appeal before it is decided", holders, http.StatusOK, (*call).replyHold),
		get("/v1/holds/{id}", "Consents", "An appealed hold with what both sides said; the look is journaled", authorities, (*call).reviewHold),
		get("/v1/holds/{id}/file", "Consents", "Its document; the look is journaled", authorities, (*call).reviewFile),
	}
}
