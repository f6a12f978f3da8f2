package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Orders is what the pages do with orders.
type Orders interface {
	// One and Execute check whose the order is.
	One(ctx context.Context, by account.Caller, id ident.ID) (*order.Order, *party.Organization, error)
	Execute(ctx context.Context, by account.Caller, id ident.ID, in *order.Report) (*order.Order, error)
	List(ctx context.Context, f order.Filter) ([]order.Order, error)
}

// Terms is when what is owed is due.
type Terms interface {
	One(ctx context.Context, org, id ident.ID) (*term.Term, error)
	Done(ctx context.Context, org, id ident.ID, by verify.Actor) (*term.Term, error)
}

// mandate is an order as the officer reads it.
type mandate struct {
	*order.Order
	Due     time.Time // zero where no term runs
	Late    bool
	Whom    ident.ID // as the organization knows the person
	Data    []string // names of the categories
	Norms   []string
	Waiting bool // for the officer
}

// ordersPage is what was ordered: what waits first, by the time left.
type ordersPage struct{ Open, Past []mandate }

// maxOrders is how many the page lists.
const maxOrders = 200

func (p *Pages) orders(w http.ResponseWriter, v *visit) error {
	list, err := p.Orders.List(v.Context(), order.Filter{Org: v.Desk.Org.ID, Limit: maxOrders})
	if err != nil {
		return err
	}
	var b ordersPage
	for i := range list {
		d, err := p.mandate(v, &list[i])
		if err != nil {
			return err
		}
		if d.Status == order.Open {
			b.Open = append(b.Open, d)
		} else {
			b.Past = append(b.Past, d)
		}
	}
	byTimeLeft(b.Open)
	return p.render(w, v, "console-orders", "orders", &b)
}

func (p *Pages) mandate(v *visit, o *order.Order) (mandate, error) {
	d := mandate{Order: o, Norms: []string{string(o.Provision)}, Waiting: o.Status == order.Open && o.Kind != order.Integration}
	if !o.Subject.IsZero() {
		d.Whom = v.Desk.Org.Outside(o.Subject)
	}
	if reg := v.Desk.Org.Register; reg != nil {
		d.Data = each(o.Categories, func(id string) string { return categoryName(reg, v.Lang, id) })
	}
	if o.Term.IsZero() {
		return d, nil
	}
	t, err := p.Terms.One(v.Context(), o.Org, o.Term)
	if err != nil {
		return d, err
	}
	d.Due, d.Late = t.Due, t.Overdue(p.Now())
	return d, nil
}

// orderPage is one order with what the officer can do.
type orderPage struct {
	mandate
	Done  bool                // it was just carried out
	Mine  bool                // the first of two confirmed it here: another has to
	Known []register.Category // which value is to be clarified
}

func (p *Pages) order(w http.ResponseWriter, v *visit) error {
	o, err := p.ordered(v)
	if err != nil {
		return err
	}
	d, err := p.mandate(v, o)
	if err != nil {
		return err
	}
	b := &orderPage{mandate: d, Done: v.URL.Query().Get("done") == "executed" && o.Status != order.Open}
	b.Mine = o.Status == order.Open && o.First == "person "+v.Desk.Token.String()
	if reg := v.Desk.Org.Register; reg != nil {
		b.Known = needed(reg)
	}
	return p.render(w, v, "console-order", "orders", b)
}

// needed are the categories that some purpose needs.
func needed(reg *register.Register) (list []register.Category) {
	for i := range reg.Description.Purposes {
		for _, id := range reg.Description.Purposes[i].Categories {
			c, _ := reg.Category(id)
			if !slices.ContainsFunc(list, func(o register.Category) bool { return o.ID == c.ID }) {
				list = append(list, c)
			}
		}
	}
	return list
}

func (p *Pages) ordered(v *visit) (*order.Order, error) {
	id, err := ident.ParseID(v.PathValue("id"))
	if err != nil {
		return nil, errAbsent
	}
	o, _, err := p.Orders.One(v.Context(), v.Desk.Caller, id)
	if fault.KindOf(err) == fault.NotFound {
		err = errAbsent
	}
	return o, err
}

// orderFile hands out the document of an order.
func (p *Pages) orderFile(w http.ResponseWriter, v *visit) error {
	o, err := p.ordered(v)
	if err != nil {
		return err
	}
	if o.File == nil {
		return errAbsent
	}
	w.Header().Set("Content-Type", o.File.Type)
	w.Header().Set("Content-Disposition", "attachment")
	_, err = w.Write(o.File.Content)
	return err
}

// executeOrder carries an order out.
func (p *Pages) executeOrder(w http.ResponseWriter, v *visit) error {
	o, err := p.ordered(v)
	if err != nil {
		return err
	}
	in := &order.Report{}
	if o.Kind == order.Inquiry {
		if in, err = answerTo(v); err != nil {
			return err
		}
	}
	if o.Kind == order.Clarify && len(o.Values) == 0 {
		in.Values = map[string]json.RawMessage{}
		name := strings.TrimSpace(v.FormValue("category"))
		if in.Values[name], err = json.Marshal(v.FormValue("value")); err != nil {
			return err
		}
	}
	if _, err := p.Orders.Execute(v.Context(), v.Desk.Caller, o.ID, in); err != nil {
		return err
	}
	return see(w, v, "/console/orders/"+o.ID.String()+"?done=executed")
}

// answerTo reads the answer to an inquiry: words, a document, or both.
func answerTo(v *visit) (*order.Report, error) {
	if err := v.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, fault.New(fault.TooLarge, "too-large")
	}
	in := &order.Report{Answer: strings.TrimSpace(v.FormValue("answer"))}
	f, head, err := v.FormFile("file")
	if err != nil {
		return in, nil //nolint:nilerr // none was given
	}
	defer f.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(f)
	if err != nil {
		return nil, fault.New(fault.TooLarge, "too-large")
	}
	kind, _, _ := strings.Cut(http.DetectContentType(body), ";")
	in.File = &order.File{Name: head.Filename, Type: kind, Content: body}
	return in, nil
}

// byTimeLeft puts what is due first first; what has no term last.
func byTimeLeft(list []mandate) {
	slices.SortStableFunc(list, func(a, b mandate) int {
		switch {
		case a.Due.IsZero() || b.Due.IsZero():
			return b.Due.Compare(a.Due)
		default:
			return a.Due.Compare(b.Due)
		}
	})
}
