package order_test

import (
	"encoding/json"
	"strings"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/term"
)

// Where an organization wants two people for what destroys, an order to destroy
// waits for the second, and the second is another. Its term runs on meanwhile; cut
// short at any point, nothing is destroyed by one and nothing twice.
//
// duty: L18.3
func TestSecondPerson(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		org := apptest.Apply(t, a, strings.Replace(apptest.Bestam(t), "sector: private", "sector: private\n  second_person: true", 1))
		body := account.Caller{Token: ident.NewID(a.Now()), Role: account.Authority, Org: org.ID}
		first := account.Caller{Token: ident.NewID(a.Now()), Role: account.Officer, Org: org.ID}
		second := account.Caller{Token: ident.NewID(a.Now()), Role: account.Officer, Org: org.ID}
		sub := apptest.Subject(t, a, org, 1)
		apptest.Consent(t, a, org, sub, "payment")
		if ans, err := a.Guard.Access(t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.Collect, Purpose: "payment"}, Holder: org, Asker: org, Subject: sub, Actor: apptest.System,
			Values: map[string]json.RawMessage{"name": json.RawMessage(`"Асыл"`)},
		}); err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		put := func(kind order.Kind) *order.Order {
			t.Helper()
			o, err := a.Orders.Issue(t.Context(), body, &order.New{Organization: org.BIN, Kind: kind, Subject: sub, Content: order.Content{Document: "1"}})
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		held := func() string {
			t.Helper()
			h, err := a.Parties.Store.Holding(t.Context(), org.Inside(sub), org.ID)
			if err != nil {
				t.Fatal(err)
			}
			return h.State
		}
		// What destroys nothing needs one.
		if o, err := a.Orders.Execute(t.Context(), first, put(order.Block).ID, &order.Report{}); err != nil || o.Status != order.Executed {
			t.Fatal(o, err)
		}
		o := put(order.Destroy)
		whole := a.Orders.Store
		a.Orders.Store = &broken{Store: whole, before: true}
		if _, err := a.Orders.Execute(t.Context(), first, o.ID, &order.Report{}); err == nil {
			t.Error("the power did not fail")
		}
		a.Orders.Store = whole
		got, err := a.Orders.Execute(t.Context(), first, o.ID, &order.Report{})
		if err != nil || got.Status != order.Open || got.First == "" || held() == party.Destroyed {
			t.Fatalf("%+v %v", got, err)
		}
		if _, err := a.Orders.Execute(t.Context(), first, o.ID, &order.Report{}); !fault.Is(err, "order-second-person") {
			t.Error(err)
		}
		if x, err := a.Terms.One(t.Context(), org.ID, o.Term); err != nil || x.Status != term.Open {
			t.Error(x, err)
		}
		if n, err := a.Orders.Enforce(t.Context(), 10); n != 0 || err != nil || held() == party.Destroyed {
			t.Error("carried out by itself: ", n, err)
		}
		a.Orders.Store = &broken{Store: whole, before: true}
		if _, err := a.Orders.Execute(t.Context(), second, o.ID, &order.Report{}); err == nil {
			t.Error("the power did not fail")
		}
		a.Orders.Store = whole
		got, err = a.Orders.Execute(t.Context(), second, o.ID, &order.Report{})
		if err != nil || got.Status != order.Executed || held() != party.Destroyed {
			t.Fatalf("%+v %v", got, err)
		}
		if x, err := a.Terms.One(t.Context(), org.ID, o.Term); err != nil || x.Status != term.Done {
			t.Error(x, err)
		}
		apptest.Clean(t, a)
	})
}
