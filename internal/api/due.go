package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"kelisim/internal/account"
	"kelisim/internal/due"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/term"
)

// Who sees what the own organization owes, and who may bend a term of it.
var (
	owing   = []account.Role{account.Operator, account.Staff, account.Officer, account.Authority, account.Examiner}
	bending = []account.Role{account.Operator, account.Officer, account.Authority}
)

// dueRoutes are what is due, of every kind, and how a term is made longer.
func dueRoutes() []route {
	return []route{
		get("/v1/due", "Terms", "All that is due by the own organization, of every kind, what has the least time left first", owing, (*call).listDue,
			param{"overdue", "true: only what has run out"}, param{"organization", "BIN, for the authorised body"},
			param{"after", "next of the page before"}, param{"limit", "1 to 200, 50 if absent"}),
		post("/v1/terms/{id}/extend", "Terms", "Extend a term of one's own, where the edition lets it, with a reason", bending, http.StatusOK, (*call).extendTerm),
		post("/v1/terms/{id}/pause", "Terms", "Let a term stand still, where the edition lets it, with a reason", bending, http.StatusOK, (*call).pauseTerm),
		post("/v1/terms/{id}/resume", "Terms", "Let it run again; the days between do not count", bending, http.StatusOK, (*call).resumeTerm),
	}
}

// dueItem is something owed with how near its end is.
type dueItem struct {
	TermHead
	Stage string `json:"stage"` // calm, half, last-day, late, very-late
	What  string `json:"what"`  // what to do, without what somebody demands
}

// dueList is a page of what is due, with how much there is of each kind.
type dueList struct {
	Items  []dueItem  `json:"items"`
	Next   string     `json:"next,omitempty"`
	Counts []dueCount `json:"counts"`
}

type dueCount struct {
	Kind    string `json:"kind"`
	Open    int64  `json:"open"`
	Today   int64  `json:"today"`
	Overdue int64  `json:"overdue"`
}

func (c *call) listDue() (*dueList, error) {
	q := c.r.URL.Query()
	o := c.org
	var err error
	if bin := q.Get("organization"); bin != "" {
		if o, err = c.observed(bin); err != nil {
			return nil, err
		}
	}
	f := due.Filter{}
	switch v := q.Get("overdue"); v {
	case "", "false":
	case "true":
		f.Overdue = true
	default:
		return nil, fault.Bad("overdue", "bad-enum", "allowed", "true, false")
	}
	if s := q.Get("after"); s != "" {
		if f.After, err = due.ParsePlace(s); err != nil {
			return nil, err
		}
	}
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	f.Limit = limit + 1
	list, err := c.Due.List(c.ctx(), o.ID, f)
	if err != nil {
		return nil, err
	}
	cal, err := c.Terms.Calendars.Current(c.ctx())
	if err != nil {
		return nil, err
	}
	out := &dueList{Items: []dueItem{}, Counts: []dueCount{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].After().String()
			break
		}
		x := &list[i]
		out.Items = append(out.Items, dueItem{c.toTerm(&x.Term, o, cal), x.Stage.String(), c.whatIsDue(x)})
	}
	counts, err := c.Due.Owed(c.ctx(), o.ID)
	if err != nil {
		return nil, err
	}
	for _, n := range counts {
		out.Counts = append(out.Counts, dueCount(n))
	}
	if o.ID == c.caller.Org { // one's own work is no oversight
		return out, nil
	}
	return out, c.looked(o, ident.ID{}, "due")
}

// whatIsDue names what is owed; a kind without a name of its own has the common one.
func (c *call) whatIsDue(x *due.Item) string {
	if key := "due.kind." + x.About.Kind; locale.Has(key) {
		return locale.Text(c.lang, key)
	}
	return locale.Text(c.lang, "due.kind")
}

type extendTermIn struct {
	Amount int    `json:"amount"` // in the unit of what the edition adds
	Reason string `json:"reason"` // a key, such as facts-to-establish: never a text about a person
}

type pauseTermIn struct {
	Reason string `json:"reason"`
}

func (c *call) extendTerm(in *extendTermIn) (*TermHead, error) {
	return c.bend(func(ctx context.Context, t *term.Term) (*term.Term, error) {
		return c.Terms.Extend(ctx, t.Org, t.ID, in.Amount, in.Reason, c.actor())
	})
}

func (c *call) pauseTerm(in *pauseTermIn) (*TermHead, error) {
	return c.bend(func(ctx context.Context, t *term.Term) (*term.Term, error) {
		return c.Terms.Pause(ctx, t.Org, t.ID, in.Reason, c.actor())
	})
}

func (c *call) resumeTerm(*nothing) (*TermHead, error) {
	return c.bend(func(ctx context.Context, t *term.Term) (*term.Term, error) {
		return c.Terms.Resume(ctx, t.Org, t.ID, c.actor())
	})
}

// bend changes a term of the caller's own organization. That of a request is bent
// with the request, so that the subject reads the reason.
func (c *call) bend(change func(context.Context, *term.Term) (*term.Term, error)) (*TermHead, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	t, err := c.Terms.One(c.ctx(), c.org.ID, id)
	if err != nil {
		return nil, err
	}
	if t.About.Kind == term.OfRequest {
		return nil, fault.New(fault.Conflict, "term-of-request")
	}
	if t, err = change(c.ctx(), t); err != nil {
		return nil, err
	}
	cal, err := c.Terms.Calendars.Current(c.ctx())
	if err != nil {
		return nil, err
	}
	b := c.toTerm(t, c.org, cal)
	return &b, nil
}

// dueMetrics writes how much is owed here by kind: no organization, no person.
func (c *call) dueMetrics() {
	list, err := c.Due.Counts(c.ctx())
	if err != nil {
		return
	}
	seen := map[string]due.Count{}
	for _, n := range list {
		seen[n.Kind] = n
	}
	for _, kind := range c.metrics.kinds(list) {
		n := seen[kind] // nothing where there is none any more
		for state, v := range map[string]int64{"open": n.Open, "today": n.Today, "overdue": n.Overdue} {
			c.metrics.set.GetOrCreateGauge(fmt.Sprintf("kelisim_due{kind=%q,state=%q}", kind, state), nil).Set(float64(v))
		}
	}
}

// kinds are those that were ever counted: a gauge of what is done with falls to
// nothing, and does not stay where it was.
func (m *metricSet) kinds(list []due.Count) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range list {
		if !slices.Contains(m.counted, n.Kind) {
			m.counted = append(m.counted, n.Kind)
		}
	}
	return slices.Clone(m.counted)
}
