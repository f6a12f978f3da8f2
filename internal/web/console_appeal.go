package web

import (
	"net/http"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/request"
	"kelisim/internal/term"
	"kelisim/verify"
)

// The authorised body's room at the console: what subjects put before it, in the
// order of time. A list names nobody and tells nothing of what was said; opening an
// appeal does, and each look is journaled first, where the subject sees it.

// plea is an appeal in the list.
type plea struct {
	Kind     string // holds, requests: the path
	ID       ident.ID
	Operator locale.String
	BIN      string
	About    string // what was refused
	At       time.Time
	Due      time.Time // of the decision; zero where no term runs
	Ended    time.Time
	Status   string // of the text that says it
}

type appealsPage struct {
	Waiting, Past []plea
	Now           time.Time
}

// Late reports whether the term of a decision is over.
func (b *appealsPage) Late(due time.Time) bool { return !due.IsZero() && due.Before(b.Now) }

// dueOf is the end of a term that may not run; zero then.
func dueOf(t *term.Term, err error) (time.Time, error) {
	if err != nil || t == nil {
		return time.Time{}, err
	}
	return t.Due, nil
}

// Days is how long an appeal has waited, in whole days.
func (b *appealsPage) Days(at time.Time) int { return int(b.Now.Sub(at).Hours() / 24) }

func (p *Pages) appeals(w http.ResponseWriter, v *visit) error {
	b := &appealsPage{Now: p.Now()}
	if err := p.holdAppeals(v, b); err != nil {
		return err
	}
	if err := p.requestAppeals(v, b); err != nil {
		return err
	}
	slices.SortStableFunc(b.Waiting, func(x, y plea) int { return x.At.Compare(y.At) })
	slices.SortStableFunc(b.Past, func(x, y plea) int { return y.Ended.Compare(x.Ended) })
	return p.render(w, v, "console-appeals", "appeals", b)
}

func (p *Pages) holdAppeals(v *visit, b *appealsPage) error {
	waiting, err := p.Store.Holds(v.Context(), consent.HoldFilter{All: true, Status: consent.HoldAppealed, Appealed: true, Oldest: true, Limit: maxShown})
	if err != nil {
		return err
	}
	recent, err := p.Store.Holds(v.Context(), consent.HoldFilter{All: true, Appealed: true, Limit: maxShown})
	if err != nil {
		return err
	}
	recent = slices.DeleteFunc(recent, func(h consent.Hold) bool { return h.Status == consent.HoldAppealed })
	for _, h := range slices.Concat(waiting, recent) {
		o, err := p.Parties.ByID(v.Context(), h.Org)
		if err != nil {
			return err
		}
		st := h.StatusAt(p.Now())
		x := plea{
			Kind: "holds", ID: h.ID, Operator: nameOf(o), BIN: o.BIN, At: h.Appealed, Ended: h.Moved,
			About: locale.Text(v.Lang, "page.appeals.withdrawal"), Status: "page.hold.status." + string(st),
		}
		if st == consent.HoldAppealed {
			if x.Due, err = dueOf(p.Consents.DueOf(v.Context(), &h)); err != nil {
				return err
			}
			b.Waiting = append(b.Waiting, x)
			continue
		}
		if st == consent.HoldOver {
			x.Ended = h.Until
		}
		b.Past = append(b.Past, x)
	}
	return nil
}

func (p *Pages) requestAppeals(v *visit, b *appealsPage) error {
	for _, status := range request.AppealStatuses {
		list, err := p.Rights.Store.Appeals(v.Context(), request.AppealFilter{Status: status, Limit: maxShown})
		if err != nil {
			return err
		}
		for i := range list {
			a := &list[i]
			o, err := p.Parties.ByID(v.Context(), a.Org)
			if err != nil {
				return err
			}
			r, err := p.Rights.Of(v.Context(), o, a.Demand)
			if err != nil {
				return err
			}
			x := plea{
				Kind: "requests", ID: a.ID, Operator: nameOf(o), BIN: o.BIN, At: a.Created, Ended: a.Ended,
				About: locale.Text(v.Lang, "request.kind."+string(r.Kind)), Status: "appeal.status." + string(status),
			}
			if status == request.Lodged {
				if x.Due, err = dueOf(p.Rights.DueOf(v.Context(), a)); err != nil {
					return err
				}
				b.Waiting = append(b.Waiting, x)
			} else {
				b.Past = append(b.Past, x)
			}
		}
	}
	return nil
}

// inspector is how the authorised body stands in the journal.
func (v *visit) inspector() verify.Actor {
	return verify.Actor{Kind: "authority", ID: v.Desk.Token.String()}
}

// reviewed is an appealed hold, after the look was written down.
func (p *Pages) reviewed(v *visit) (*consent.Hold, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	return p.Consents.ReviewHold(v.Context(), id, v.inspector())
}

func (p *Pages) holdAppeal(w http.ResponseWriter, v *visit) error {
	h, err := p.reviewed(v)
	if err != nil {
		return err
	}
	o, err := p.Parties.ByID(v.Context(), h.Org)
	if err != nil {
		return err
	}
	b, err := p.holdPage(v, h, o)
	if err != nil {
		return err
	}
	return p.render(w, v, "console-appeal", "appeals", b)
}

func (p *Pages) holdAppealFile(w http.ResponseWriter, v *visit) error {
	h, err := p.reviewed(v)
	if err != nil {
		return err
	}
	return p.sendHoldFile(w, v, h)
}

func (p *Pages) decideHold(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	decision := v.PostFormValue("decision")
	if decision != "lift" && decision != "uphold" {
		return fault.Bad("decision", "decision-choice")
	}
	if _, err := p.Consents.DecideHold(v.Context(), id, decision == "lift", v.PostFormValue("reason"), v.inspector()); err != nil {
		return err
	}
	return see(w, v, "/console/appeals/holds/"+id.String()+"?done=decided")
}

// requestAppealPage is an appeal about a demand: what was demanded, what the answer
// was, what the subject says.
type requestAppealPage struct {
	demand
	Appeal  *request.Appeal
	Plea    *request.Plea
	Body    *request.Body
	Right   law.Provision
	BIN     string
	Whom    ident.ID
	Asked   []valueRow
	Done    bool
	Decide  time.Time     // by when it is decided; zero where no term runs
	Default law.Provision // the form of a decision begins with it
}

func (p *Pages) requestAppeal(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	a, plea, r, body, err := p.Rights.Look(v.Context(), v.Desk.Caller, id)
	if err != nil {
		return err
	}
	o, err := p.Parties.ByID(v.Context(), r.Org)
	if err != nil {
		return err
	}
	b := &requestAppealPage{
		Appeal: a, Plea: plea, Body: body, Right: r.Right(o, body), BIN: o.BIN, Whom: o.Outside(r.Subject),
		Done: v.URL.Query().Get("done") == "decided",
	}
	b.Default = b.Right
	if b.Decide, err = dueOf(p.Rights.DueOf(v.Context(), a)); err != nil {
		return err
	}
	if b.demand, err = p.toDemand(v, r); err != nil {
		return err
	}
	for id, raw := range body.Details.Values {
		b.Asked = append(b.Asked, valueRow{dataName(o.Register, v.Lang, id), inText(raw)})
	}
	slices.SortFunc(b.Asked, func(x, y valueRow) int { return slices.Compare([]string{x.Name}, []string{y.Name}) })
	return p.render(w, v, "console-appeal-request", "appeals", b)
}

func (p *Pages) requestAppealDocument(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	_, _, r, _, err := p.Rights.Look(v.Context(), v.Desk.Caller, id)
	if err != nil {
		return err
	}
	return p.attached(w, v, r)
}

func (p *Pages) decideRequest(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	to := request.AppealStatus(v.PostFormValue("decision"))
	if to != request.Upheld && to != request.Dismissed {
		return fault.Bad("decision", "decision-choice")
	}
	if _, err := p.Rights.Decide(v.Context(), v.Desk.Caller, id, to, v.PostFormValue("reasons"), v.PostFormValue("provision")); err != nil {
		return err
	}
	return see(w, v, "/console/appeals/requests/"+id.String()+"?done=decided")
}
