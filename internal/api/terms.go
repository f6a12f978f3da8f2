package api

import (
	"net/http"
	"reflect"
	"slices"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/term"
)

// Who owes by a term, and who may see what is owed.
var (
	debtors   = []account.Role{account.Operator, account.Officer}
	observers = []account.Role{account.Operator, account.Staff, account.Officer, account.Authority}
)

// termRoutes are those of terms and of the calendar they are counted by.
func termRoutes() []route {
	decreed := route{
		method: http.MethodPost, path: "/v1/calendar/decrees", tag: "Calendar", roles: admins, status: http.StatusCreated,
		summary: "Add a decree on the working calendar (JSON or YAML); open terms are computed anew", limit: 32 << 10, yaml: true,
		in: reflect.TypeFor[decreeRequest](), out: reflect.TypeFor[decreeAdded](),
		serve: func(c *call) (any, error) { return c.addDecree() },
	}
	return []route{
		get("/v1/terms", "Terms", "What is owed by when, due first first", observers, (*call).listTerms,
			append([]param{{"status", "open, done, cancelled"}, {"dueBefore", "RFC 3339: those that run and end before it"}, {"subject", "id"}, {"organization", "BIN"}}, page...)...),
		post("/v1/terms/{id}/done", "Terms", "What the term asks for was done", debtors, http.StatusOK, (*call).doneTerm),
		get("/v1/calendar", "Calendar", "The working days of a year", nil, (*call).showCalendar,
			param{"year", "2000 to 2099, this year if absent"}, param{"week", "5 or 6 days, 5 if absent"}),
		decreed,
		get("/v1/calendar/decrees", "Calendar", "The decrees that were added, oldest first", nil, (*call).listDecrees),
	}
}

// TermHead is a term as people and systems read it.
type TermHead struct {
	ID        ident.ID      `json:"id"`
	Key       string        `json:"key"`
	Text      string        `json:"text"` // what is owed
	Provision law.Provision `json:"provision"`
	Edition   string        `json:"edition"`
	Status    term.Status   `json:"status"`
	Overdue   bool          `json:"overdue"`
	Subject   ident.ID      `json:"subject,omitzero"`
	About     *aboutBody    `json:"about,omitempty"`
	Start     time.Time     `json:"start"`
	Due       *time.Time    `json:"due,omitempty"` // absent while it is paused
	Paused    bool          `json:"paused"`
	EndedAt   *time.Time    `json:"endedAt,omitempty"`
	Calendar  string        `json:"calendar"`  // version that it was computed by
	Certainty law.Certainty `json:"certainty"` // of the term and of the days it was counted by
	Entry     ident.ID      `json:"entry"`
	History   []term.Change `json:"history"`
}

type aboutBody struct {
	Kind string   `json:"kind"`
	ID   ident.ID `json:"id"`
}

func (c *call) toTerm(t *term.Term, o *party.Organization, cal *calendar.Calendar) TermHead {
	b := TermHead{
		ID: t.ID, Key: t.Key, Text: c.owed(t), Provision: t.Provision, Edition: t.Edition, Status: t.Status,
		Overdue: t.Overdue(c.Now()), Start: t.Start, Paused: !t.Paused.IsZero(), Calendar: t.CalendarVersion.String(),
		Certainty: cal.Certainty(t.Start, t.Due, t.Week), Entry: t.Entry, History: t.History,
	}
	if rule, ok := c.Terms.Rule(t.Edition, t.Key); ok {
		b.Certainty = calendar.Weaker(b.Certainty, rule.Certainty)
	}
	if !t.Subject.IsZero() {
		b.Subject = o.Outside(t.Subject)
	}
	if t.About != (term.About{}) {
		b.About = &aboutBody{t.About.Kind, t.About.ID}
	}
	if t.Paused.IsZero() {
		b.Due = &t.Due
	}
	if !t.Ended.IsZero() {
		b.EndedAt = &t.Ended
	}
	return b
}

// owed says what a term asks for.
func (c *call) owed(t *term.Term) string {
	if key := (law.Term{Key: t.Key}).TextKey(); locale.Has(key) {
		return locale.Text(c.lang, key)
	}
	return t.Key
}

func (c *call) listTerms() (*paged[TermHead], error) {
	o, f, err := c.termFilter()
	if err != nil {
		return nil, err
	}
	want := f.Limit
	f.Limit++
	list, err := c.Terms.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	cal, err := c.Terms.Calendars.Current(c.ctx())
	if err != nil {
		return nil, err
	}
	out := &paged[TermHead]{Items: []TermHead{}}
	for i := range list {
		if i == want {
			out.Next = list[i-1].ID.String()
			break
		}
		out.Items = append(out.Items, c.toTerm(&list[i], o, cal))
	}
	return out, c.looked(o, f.Subject, "terms")
}

var termStatuses = []term.Status{term.Open, term.Done, term.Cancelled}

func (c *call) termFilter() (*party.Organization, term.Filter, error) {
	q := c.r.URL.Query()
	o, err := c.observed(q.Get("organization"))
	if err != nil {
		return nil, term.Filter{}, err
	}
	f := term.Filter{Org: o.ID, Status: term.Status(q.Get("status"))}
	if f.Status != "" && !slices.Contains(termStatuses, f.Status) {
		return nil, f, fault.Bad("status", "bad-enum", "allowed", "open, done, cancelled")
	}
	if f.DueBefore, err = queryTime("dueBefore", q.Get("dueBefore")); err != nil {
		return nil, f, err
	}
	if v := q.Get("subject"); v != "" {
		id, err := ident.ParseID(v)
		if err != nil {
			return nil, f, under("subject", err)
		}
		f.Subject = o.Inside(id)
	}
	if f.Limit, f.After, err = c.cursor(); err != nil || f.After.IsZero() {
		return o, f, err
	}
	_, err = c.Terms.One(c.ctx(), o.ID, f.After)
	if fault.KindOf(err) == fault.NotFound {
		err = fault.Bad("after", "bad-id")
	}
	return o, f, err
}

func (c *call) doneTerm(*nothing) (*TermHead, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	t, err := c.Terms.One(c.ctx(), c.org.ID, id)
	if err == nil && t.EndsByAct() {
		err = fault.New(fault.Conflict, "term-ends-by-act")
	}
	if err == nil {
		t, err = c.Terms.Done(c.ctx(), c.org.ID, id, c.actor())
	}
	if err != nil {
		return nil, err
	}
	cal, err := c.Terms.Calendars.Current(c.ctx())
	if err != nil {
		return nil, err
	}
	b := c.toTerm(t, c.org, cal)
	return &b, nil
}
