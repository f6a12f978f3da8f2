package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/request"
)

// dueList is what subjects wait for, in the order of the time that is left.
type dueList struct {
	Now     time.Time
	Items   []demand
	Late    int
	More    bool
	Plain   bool          // some can be confirmed together
	Results []groupResult // of a group that was just confirmed
}

// groupResult is what became of one request of a group.
type groupResult struct {
	ID   ident.ID
	Text string // why not; empty where it was fulfilled
}

// Plain reports whether a request can be confirmed together with others: there
// is nothing to read or to decide about it.
func (d *demand) Plain() bool {
	switch d.Kind {
	case request.Confirm, request.Copy, request.Withdraw, request.Unsubscribe, request.Unblock:
		return d.Status == request.Open
	default:
		return false
	}
}

func (p *Pages) consoleRequests(w http.ResponseWriter, v *visit) error { return p.dueList(w, v, nil) }

func (p *Pages) dueList(w http.ResponseWriter, v *visit, results []groupResult) error {
	list, err := p.Rights.Store.Demands(v.Context(), request.Filter{Org: v.Desk.Org.ID, Undone: true, Limit: maxShown + 1})
	if err != nil {
		return err
	}
	b := dueList{Now: p.Now(), More: len(list) > maxShown, Results: results}
	for i := range list[:min(len(list), maxShown)] {
		d, err := p.toDemand(v, &list[i])
		if err != nil {
			return err
		}
		if d.Overdue() {
			b.Late++
		}
		b.Plain = b.Plain || d.Plain()
		b.Items = append(b.Items, d)
	}
	return p.render(w, v, "console-requests", "requests", &b)
}

// workPage is one request with all that is prepared for it.
type workPage struct {
	demand
	Body    *request.Body
	Right   law.Provision
	Subject ident.ID
	Preview *request.Preview // nil once it is answered
	Acts    []workAct
	Kept    []workKept
	Found   []string
	Asked   []valueRow // how the subject wants it
	Values  []option   // categories that the staff may fill in
	Refusal law.Provision
	Done    string
	Mine    bool // the first person's confirmation was given here: another has to agree
}

type workAct struct{ Do, Data, Purposes string }

type workKept struct {
	Data      string
	Provision law.Provision
	Until     time.Time
}

type valueRow struct{ Name, Value string }

func (p *Pages) ourRequest(v *visit) (*request.Request, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	return p.Rights.Of(v.Context(), v.Desk.Org, id)
}

func (p *Pages) consoleRequest(w http.ResponseWriter, v *visit) error {
	r, err := p.ourRequest(v)
	if err != nil {
		return err
	}
	o := v.Desk.Org
	b := workPage{Subject: o.Outside(r.Subject), Done: v.URL.Query().Get("done"), Refusal: refusalProvision(r)}
	if b.demand, err = p.toDemand(v, r); err != nil {
		return err
	}
	if b.Body, err = p.Rights.Body(v.Context(), r); err != nil {
		return err
	}
	b.Right = r.Right(o, b.Body)
	for id, raw := range b.Body.Details.Values {
		b.Asked = append(b.Asked, valueRow{dataName(o.Register, v.Lang, id), inText(raw)})
	}
	slices.SortFunc(b.Asked, func(x, y valueRow) int { return slices.Compare([]string{x.Name}, []string{y.Name}) })
	if r.Kind == request.Correct || r.Kind == request.Supplement {
		b.Values = ownCategories(o, v.Lang)
	}
	if !r.Status.Closed() && o.Register != nil {
		if b.Preview, err = p.Rights.Preview(v.Context(), o, r, nil); err != nil {
			return err
		}
		b.prepare(v)
	}
	return p.render(w, v, "console-request", "requests", &b)
}

// refusalProvision is the one that the form of a refusal begins with.
func refusalProvision(r *request.Request) law.Provision {
	if e, ok := law.ByID(r.Term.Edition); ok {
		if t, ok := e.Term("refuse-subject"); ok && r.Kind != request.Block {
			return t.Provision
		}
	}
	return r.Term.Provision
}

func (b *workPage) prepare(v *visit) {
	reg := v.Desk.Org.Register
	name := func(id string) string { return dataName(reg, v.Lang, id) }
	b.Found = each(b.Preview.Plan.Found, name)
	for _, a := range b.Preview.Acts {
		b.Acts = append(b.Acts, workAct{a.Do, list(each(a.Categories, name)), list(each(a.Purposes, func(id string) string { return purposeName(reg, v.Lang, id) }))})
	}
	for _, k := range b.Preview.Kept {
		b.Kept = append(b.Kept, workKept{list(each(k.Categories, name)), k.Provision, k.Until})
	}
	for _, s := range b.Steps {
		if s.What == request.Begun {
			b.Mine = b.Status == request.Approval && s.By == "person "+v.Desk.Token.String()
		}
	}
}

// fulfilRequest is the one button: it does what was shown and sends the answer.
func (p *Pages) fulfilRequest(w http.ResponseWriter, v *visit) error {
	r, err := p.ourRequest(v)
	if err != nil {
		return err
	}
	in := &request.Fulfilment{Instead: v.PostFormValue("instead"), Cost: v.PostFormValue("cost")}
	if answer := v.PostFormValue("answer"); answer != "" && answer != v.PostFormValue("drafted") {
		in.Answer = answer
	}
	if value := v.PostFormValue("value"); value != "" {
		raw, err := json.Marshal(value)
		if err != nil {
			return fault.New(fault.Invalid, "bad-request")
		}
		in.Values = map[string]json.RawMessage{v.PostFormValue("category"): raw}
	}
	n, err := p.Rights.Fulfil(v.Context(), v.Desk.Org, r.ID, in, v.Desk.actor())
	if err != nil {
		return err
	}
	done := "fulfilled"
	if n.Status == request.Approval {
		done = "approval"
	}
	return see(w, v, "/console/requests/"+r.ID.String()+"?done="+done)
}

func (p *Pages) refuseRequest(w http.ResponseWriter, v *visit) error {
	r, err := p.ourRequest(v)
	if err != nil {
		return err
	}
	if _, err := p.Rights.Refuse(v.Context(), v.Desk.Org, r.ID, v.PostFormValue("reasons"), v.PostFormValue("provision"), v.Desk.actor()); err != nil {
		return err
	}
	return see(w, v, "/console/requests/"+r.ID.String()+"?done=refused")
}

func (p *Pages) assignRequest(w http.ResponseWriter, v *visit) error {
	r, err := p.ourRequest(v)
	if err != nil {
		return err
	}
	if _, err := p.Rights.Assign(v.Context(), v.Desk.Org, r.ID, v.PostFormValue("to"), v.Desk.actor()); err != nil {
		return err
	}
	return see(w, v, "/console/requests/"+r.ID.String()+"?done=assigned")
}

// fulfilGroup confirms several at once, each journaled apart.
func (p *Pages) fulfilGroup(w http.ResponseWriter, v *visit) error {
	if err := v.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "bad-request")
	}
	var ids []ident.ID
	for _, s := range v.PostForm["id"] {
		id, err := ident.ParseID(s)
		if err != nil {
			return errAbsent
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 || len(ids) > maxShown {
		return fault.New(fault.Invalid, "request-group")
	}
	results := []groupResult{}
	for _, x := range p.Rights.FulfilAll(v.Context(), v.Desk.Org, ids, v.Desk.actor()) {
		g := groupResult{ID: x.ID}
		if x.Err != nil {
			var f *fault.Error
			if !errors.As(x.Err, &f) {
				return x.Err
			}
			g.Text, _ = inWords(v, f)
		}
		results = append(results, g)
	}
	return p.dueList(w, v, results)
}

func (p *Pages) consoleDocument(w http.ResponseWriter, v *visit) error {
	r, err := p.ourRequest(v)
	if err != nil {
		return err
	}
	return p.attached(w, v, r)
}

func (p *Pages) myDocument(w http.ResponseWriter, v *visit) error {
	r, err := p.ownRequest(v)
	if err != nil {
		return err
	}
	return p.attached(w, v, r)
}
