package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/order"
)

// authority is who puts the orders.
func (w *world) authority() account.Caller {
	return account.Caller{Token: ident.NewID(w.Now()), Role: account.Authority, Org: w.shop.ID}
}

// order puts one to the operator, about the first person where it is about one,
// and returns its id.
func (w *world) order(kind order.Kind, c order.Content) string {
	w.t.Helper()
	in := &order.New{Organization: w.bestam.BIN, Kind: kind, Content: c}
	if kind != order.Inquiry && kind != order.Suspend {
		in.Subject = w.asel.bestam
	}
	w.now = w.now.Add(time.Second) // so that they have one order
	o, err := w.Orders.Issue(w.t.Context(), w.authority(), in)
	w.must(err)
	return o.ID.String()
}

// An officer sees what was ordered, what waits first, and carries it out with one
// button; staff see none of it.
func TestConsoleOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	block := w.order(order.Block, order.Content{Document: "акт 5", Details: "до проверки"})
	inquiry := w.order(order.Inquiry, order.Content{Document: "запрос 6", Details: "Какие меры приняты?"})
	clarify := w.order(order.Clarify, order.Content{Document: "акт 7"})
	for _, lang := range locale.All {
		b := w.seatedAt(lang, account.Officer, w.bestam)
		golden(t, "console-orders."+string(lang)+".html", normalise(b.want(http.StatusOK, "/console/orders")))
		golden(t, "console-order."+string(lang)+".html", normalise(b.want(http.StatusOK, "/console/orders/"+inquiry)))
	}
	staff := w.seatedAt(locale.RU, account.Staff, w.bestam)
	staff.want(http.StatusForbidden, "/console/orders")
	w.seatedAt(locale.RU, account.Officer, w.shop).want(http.StatusNotFound, "/console/orders/"+block)

	b := w.seatedAt(locale.RU, account.Officer, w.bestam)
	for _, id := range []string{clarify, block} {
		a := b.post("/console/orders/"+id+"/execute", url.Values{"category": {"name"}, "value": {"Әсел"}})
		if a.status != http.StatusSeeOther || !strings.HasSuffix(a.header.Get("Location"), "?done=executed") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if page := b.want(http.StatusOK, "/console/orders/"+block+"?done=executed"); !strings.Contains(page, "Предписание исполнено") || strings.Contains(page, "<button class=\"button\">") {
		t.Error(page)
	}
	if a := b.post("/console/orders/"+block+"/execute", nil); a.status != http.StatusConflict {
		t.Error(a.status)
	}
	if a := b.post("/console/orders/"+inquiry+"/execute", url.Values{}); a.status != http.StatusBadRequest {
		t.Error(a.status, a.body)
	}
}
