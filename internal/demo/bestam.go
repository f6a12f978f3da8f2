package demo

import (
	"context"
	"fmt"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/register"
	"kelisim/verify"
)

// bestamLife is a client of the site.
func (w *world) bestamLife(t *tie, j time.Time) {
	site, manager := system("site-form"), staff(fmt.Sprintf("manager-%d", 1+w.IntN(4)))
	form := func(purpose string) term { return term{purposes: []string{purpose}, channel: "form", by: site} }
	terms := []term{form("services")}
	wants := map[string]bool{"news": w.chance(50), "payment": w.chance(40), "visit-statistics": w.chance(25)}
	if wants["news"] {
		g := form("news")
		if w.chance(15) {
			g.days = 3 + w.IntN(20)
		}
		terms = append(terms, g)
	}
	if wants["payment"] {
		g := form("payment")
		if w.chance(85) {
			g.to = []string{recipient(t.org, "payment")}
		}
		terms = append(terms, g)
	}
	if wants["visit-statistics"] {
		g := form("visit-statistics")
		g.days = 7 + w.IntN(60)
		terms = append(terms, g)
	}
	w.opening(t, j, site, terms, map[string][]string{
		"services": {"name", "email", "phone"}, "news": {"name", "email"}, "payment": {"name", "email", "phone"}, "visit-statistics": {"visit-data"},
	})
	j = j.Add(15 * time.Minute)
	for range w.IntN(3) {
		t.will(w.after(j, w.any), deed{action: register.Access, purpose: "services", data: []string{"name", "email"}, by: system("site")})
	}
	if wants["payment"] {
		w.pays(t, j)
	}
	if wants["visit-statistics"] {
		t.will(w.after(j, w.any), deed{action: register.Use, purpose: "visit-statistics", data: []string{"visit-data"}, by: system("analytics")})
	}
	if w.chance(40) {
		w.contract(t, w.after(j, w.office), manager)
	}
	if wants["news"] {
		w.changes(t, "news", j)
	}
	if w.chance(8) {
		again := form("services")
		t.on(w.after(j, w.any), func(ctx context.Context, m *moment) error { return t.agree(ctx, m, again) })
	}
	w.own(t, j)
	w.tries(t, j, []deed{
		{action: register.View, purpose: "news", data: []string{"name", "iin"}, by: manager},
		{action: register.Transfer, purpose: "news", data: []string{"email"}, by: system("crm"), to: recipient(t.org, "payment")},
		{action: register.Use, purpose: "profiling", data: []string{"name"}, by: system("analytics")},
		{action: register.View, purpose: "contracts", data: []string{"name", "health"}, by: manager},
		{action: register.View, purpose: "contracts", data: []string{"name", "iin"}, by: manager},
		{action: register.View, purpose: "contracts", data: []string{"iin"}, by: manager, provision: "9(1)", document: "запрос № 3"},
		{action: register.View, purpose: "contracts", data: []string{"iin", "phone"}, by: manager, provision: "9(5)"},
		{action: register.Use, purpose: "visit-statistics", data: []string{"email"}, by: system("analytics")},
		{action: register.Disseminate, purpose: "services", data: []string{"name"}, by: system("site")},
	})
	w.trouble(t, j, manager)
}

// pays hands payments on, and lets the payment organization ask by itself.
func (w *world) pays(t *tie, j time.Time) {
	to := recipient(t.org, "payment")
	for range 1 + w.IntN(3) {
		t.will(w.after(j, w.any), deed{
			action: register.Transfer, purpose: "payment", data: []string{"name", "phone"}, by: system("billing"), to: to, ref: fmt.Sprintf("inv-%05d", w.IntN(100_000)),
		})
	}
	if w.chance(30) {
		t.will(w.after(j, w.office), deed{
			action: register.Transfer, purpose: "payment", data: []string{"name", "email"}, by: system("reconciliation"), to: to, asker: w.payments,
		})
	}
	if w.chance(15) {
		t.on(w.after(j, w.any), func(ctx context.Context, m *moment) error {
			return t.withdraw(ctx, m, "payment", consent.Transfer, nil)
		})
	}
}

// contract is made by a manager on paper, with more data, and looked at since.
func (w *world) contract(t *tie, j time.Time, by verify.Actor) {
	g := term{purposes: []string{"contracts"}, channel: pick(w.Rand, []string{"paper", "otp"}), by: by}
	if w.chance(20) {
		g.days = 4 + w.IntN(12)
	}
	t.on(j, func(ctx context.Context, m *moment) error { return t.agree(ctx, m, g) })
	t.on(j.Add(2*time.Minute), func(ctx context.Context, m *moment) error {
		return t.collect(ctx, m, "contracts", by, "iin", "education", "profession", "employer")
	})
	j = j.Add(10 * time.Minute)
	for range 1 + w.IntN(4) {
		t.will(w.after(j, w.office), deed{action: register.View, purpose: "contracts", data: []string{"name", "iin", "employer"}, by: by})
	}
	if w.chance(35) {
		t.will(w.after(j, w.office), deed{action: register.Change, purpose: "contracts", data: []string{"employer"}, by: by})
	}
	if w.chance(50) {
		t.will(w.after(j, w.office), deed{action: register.Use, purpose: "contracts", data: []string{"name", "iin", "email"}, by: system("contracts")})
	}
}
