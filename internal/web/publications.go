package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/term"
)

// shownPublication is a publication as a page tells of it.
type shownPublication struct {
	*publish.Publication
	For      string // in the cabinet
	Operator locale.String
	BIN      string
	Whom     ident.ID // the subject as the organization knows it
	Said     *publish.Content
	Data     []string
	Purposed string
	Asks     []said    // conditions and bans
	Owed     time.Time // by when they are to be published; zero where they were
	Page     string    // that tells them
	Due      time.Time // of the removal
	Late     bool
	Law      law.Provision // of the removal's term
}

func (p *Pages) toPublication(v *visit, x *publish.Publication) (*shownPublication, error) {
	o, err := p.Parties.ByID(v.Context(), x.Org)
	if err != nil {
		return nil, err
	}
	name := func(id string) string { return dataName(o.Register, v.Lang, id) }
	s := &shownPublication{Publication: x, Operator: orgName(o), BIN: o.BIN, Whom: o.Outside(x.Subject), Data: each(x.Categories, name), Page: publish.PagePath(o, x)}
	if o.Register != nil && x.Purpose != "" {
		s.Purposed = purposeName(o.Register, v.Lang, x.Purpose)
	}
	if s.Said, err = p.Publications.Content(v.Context(), x); err != nil {
		return nil, err
	}
	told, err := p.Publications.Told(v.Context(), x)
	if err != nil {
		return nil, err
	}
	for _, c := range told.Categories {
		if c.Ban || c.Condition != "" {
			s.Asks = append(s.Asks, said{name(c.ID), c.Ban, c.Condition})
		}
	}
	t, err := p.Publications.ConditionsTerm(v.Context(), x)
	if err != nil {
		return nil, err
	}
	if t != nil && t.Status == term.Open {
		s.Owed = t.Due
	}
	return s, p.dueOf(v, s)
}

func (p *Pages) dueOf(v *visit, s *shownPublication) error {
	if s.Term.IsZero() {
		return nil
	}
	t, err := p.Terms.One(v.Context(), s.Org, s.Term)
	if err != nil {
		return err
	}
	s.Due, s.Late, s.Law = t.Due, t.Overdue(p.Now()), t.Provision
	return nil
}

// publicationsPage is where the subject's data is public.
type publicationsPage struct {
	For     string
	MayAsk  bool // requests may be made
	By      string
	Current []*shownPublication
	Past    []*shownPublication
}

func (p *Pages) publications(w http.ResponseWriter, v *visit) error {
	list, err := p.Publications.List(v.Context(), publish.Filter{Subject: v.Me, Orgs: v.way().Limits(), Limit: maxShown})
	if err != nil {
		return err
	}
	b := publicationsPage{For: v.For(), MayAsk: v.behalf == nil || v.behalf.MayRequest()}
	if v.behalf != nil {
		b.By = v.by()
	}
	for i := range list {
		s, err := p.toPublication(v, &list[i])
		if err != nil {
			return err
		}
		s.For = b.For
		if s.Status == publish.Removed {
			b.Past = append(b.Past, s)
		} else {
			b.Current = append(b.Current, s)
		}
	}
	return p.render(w, v, "publications", "data", b)
}

// toldPage is what everybody who met a publication is told of it. It names nobody.
type toldPage struct {
	Operator locale.String
	BIN      string
	Purpose  string
	Data     []said
}

func (p *Pages) toldPublication(w http.ResponseWriter, v *visit) error {
	o, err := p.Parties.Organization(v.Context(), v.PathValue("bin"))
	if err != nil {
		return err
	}
	token, err := ident.ParseID(v.PathValue("token"))
	if err != nil {
		return errAbsent
	}
	told, err := p.Publications.Conditions(v.Context(), o, token)
	if err != nil {
		return err
	}
	b := toldPage{Operator: orgName(o), BIN: o.BIN}
	if o.Register != nil && told.Purpose != "" {
		b.Purpose = purposeName(o.Register, v.Lang, told.Purpose)
	}
	for _, x := range told.Categories {
		b.Data = append(b.Data, said{dataName(o.Register, v.Lang, x.ID), x.Ban, x.Condition})
	}
	return p.render(w, v, "publication-told", "", b)
}

// publicPage is the register of public sources at the desk: what is late or due
// first, the conditions that are to be published, and a form.
type publicPage struct {
	Done     string
	BIN      string
	Items    []*shownPublication
	More     bool
	Late     int
	Owed     []owedConditions
	Kinds    []publish.Kind
	Purposes []option
	Data     []option
	Today    string
	Refused  []string // why what was just asked may not be published
}

type owedConditions struct {
	Consent ident.ID
	Due     time.Time
	Late    bool
}

func (p *Pages) consolePublications(w http.ResponseWriter, v *visit) error {
	return p.publicList(w, v, http.StatusOK, nil)
}

func (p *Pages) publicList(w http.ResponseWriter, v *visit, status int, refused []string) error {
	o := v.Desk.Org
	b := publicPage{
		Done: v.URL.Query().Get("done"), BIN: o.BIN, Kinds: publish.Kinds, Data: ownCategories(o, v.Lang), Today: locale.FormDay(p.Now()), Refused: refused,
	}
	list, err := p.Publications.List(v.Context(), publish.Filter{Org: o.ID, Limit: maxShown + 1})
	if err != nil {
		return err
	}
	b.More = len(list) > maxShown
	for i := range list[:min(len(list), maxShown)] {
		s, err := p.toPublication(v, &list[i])
		if err != nil {
			return err
		}
		if s.Late {
			b.Late++
		}
		b.Items = append(b.Items, s)
	}
	slices.SortStableFunc(b.Items, func(x, y *shownPublication) int { return x.rank() - y.rank() })
	terms, err := p.Publications.Owed(v.Context(), o.ID, maxShown)
	if err != nil {
		return err
	}
	for i := range terms {
		b.Owed = append(b.Owed, owedConditions{terms[i].About.ID, terms[i].Due, terms[i].Overdue(p.Now())})
	}
	if o.Register != nil {
		for i := range o.Register.Description.Purposes {
			if x := &o.Register.Description.Purposes[i]; x.Public {
				b.Purposes = append(b.Purposes, option{ID: x.ID, Name: x.Name.In(v.Lang)})
			}
		}
	}
	return p.write(w, v, status, "console-publications", "publications", &b)
}

// rank puts what is late first, then what is to be removed, and what is gone last.
func (s *shownPublication) rank() int {
	switch {
	case s.Late:
		return 0
	case s.Status == publish.Removing:
		return 1
	case s.Status == publish.Public:
		return 2
	default:
		return 3
	}
}

// recordPublication decides and records. A refusal is told on the page, with the
// reasons; it stands in the journal.
func (p *Pages) recordPublication(w http.ResponseWriter, v *visit) error {
	if err := v.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "bad-request")
	}
	form := v.PostForm
	in := &publish.New{
		Purpose: form.Get("purpose"), Categories: chosen(form["data"]), Kind: publish.Kind(form.Get("kind")),
		Source: publish.Source{Name: form.Get("name"), Address: form.Get("address")}, Actor: v.Desk.actor(),
		Ground: law.Provision(strings.TrimSpace(form.Get("ground"))), Document: strings.TrimSpace(form.Get("law")),
	}
	var err error
	if in.Subject, err = ident.ParseID(form.Get("subject")); err != nil {
		return fault.Bad("subject", "bad-id")
	}
	if day := form.Get("since"); day != "" {
		var ok bool
		if in.Since, ok = locale.ParseDay(day); !ok {
			return fault.Bad("since", "bad-date")
		}
	}
	x, ans, err := p.Publications.Publish(v.Context(), v.Desk.Org, in)
	if err != nil {
		return err
	}
	if !ans.Permit {
		return p.publicList(w, v, http.StatusForbidden, whyNot(v, ans))
	}
	return see(w, v, "/console/publications/"+x.ID.String()+"?done=recorded")
}

// whyNot are the reasons of a refusal in words.
func whyNot(v *visit, ans *gate.Answer) []string {
	var out []string
	for _, c := range ans.Codes() {
		out = append(out, locale.Text(v.Lang, ans.Edition.Reason(c).TextKey))
	}
	return out
}

// conditionsDone writes down that the conditions of a consent are published.
func (p *Pages) conditionsDone(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := p.Publications.PublishConditions(v.Context(), v.Desk.Org, id, v.Desk.actor()); err != nil {
		return err
	}
	return see(w, v, "/console/publications?done=conditions")
}

// publicationPage is one publication with what can be done about it.
type publicationPage struct {
	*shownPublication
	Done   string
	Public string // the address that others reach us by
	Causes []string
	Judge  bool
}

func (p *Pages) consolePublication(w http.ResponseWriter, v *visit) error {
	x, err := p.ourPublication(v)
	if err != nil {
		return err
	}
	s, err := p.toPublication(v, x)
	if err != nil {
		return err
	}
	b := &publicationPage{shownPublication: s, Done: v.URL.Query().Get("done"), Public: p.PublicURL}
	for _, c := range v.Desk.Org.Edition(p.Now()).Costs() {
		b.Causes = append(b.Causes, c.Cause)
	}
	b.Judge = s.Said.Removal != nil && slices.Contains(officers, v.Desk.Role)
	return p.render(w, v, "console-publication", "publications", b)
}

func (p *Pages) ourPublication(v *visit) (*publish.Publication, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	return p.Publications.Of(v.Context(), v.Desk.Org, id)
}

func (p *Pages) demandRemoval(w http.ResponseWriter, v *visit) error {
	return p.step(w, v, "demanded", func(o *party.Organization, id ident.ID) error {
		_, err := p.Publications.RemoveOne(v.Context(), o, id, &publish.Demand{Cause: v.PostFormValue("cause"), From: publish.FromOperator, By: v.Desk.actor()})
		return err
	})
}

func (p *Pages) publicationRemoved(w http.ResponseWriter, v *visit) error {
	return p.step(w, v, "removed", func(o *party.Organization, id ident.ID) error {
		_, err := p.Publications.Done(v.Context(), o, id, &publish.Report{How: v.PostFormValue("how"), Document: v.PostFormValue("document"), Actor: v.Desk.actor()})
		return err
	})
}

func (p *Pages) judgeCost(w http.ResponseWriter, v *visit) error {
	return p.step(w, v, "judged", func(o *party.Organization, id ident.ID) error {
		_, err := p.Publications.Judge(v.Context(), o, id, v.PostFormValue("bearer"), v.PostFormValue("document"), v.Desk.actor())
		return err
	})
}

func (p *Pages) step(w http.ResponseWriter, v *visit, done string, do func(o *party.Organization, id ident.ID) error) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := do(v.Desk.Org, id); err != nil {
		return err
	}
	return see(w, v, "/console/publications/"+id.String()+"?done="+done)
}

// settle demands the removal of what a consent no longer covers. The withdrawal has
// landed: what fails here is made up for by the work that runs by itself.
func (p *Pages) settle(v *visit, org ident.ID) {
	o, err := p.Parties.ByID(v.Context(), org)
	if err == nil {
		_, err = p.Publications.Settle(v.Context(), o, v.Me)
	}
	if err != nil {
		p.Log.LogAttrs(v.Context(), slog.LevelError, "publications are settled later", slog.Any("error", err))
	}
}
