package demo

import (
	"context"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/register"
)

// star is the life of somebody in the showcase: with all three operators, with
// consents in every state, and with something that happened in the last hours.
// The three differ in what they took back.
func (w *world) star(i int, p *person) {
	bestam, clinic, pay := w.tie(p, w.bestam), w.tie(p, w.clinic), w.tie(p, w.payments)
	w.starAtBestam(i, bestam)
	w.starAtClinic(i, clinic)
	w.starAtPayments(i, pay)
	for _, t := range p.ties {
		t.on(w.now.Add(-time.Duration(40+w.IntN(20))*time.Minute), t.look)
	}
}

func (w *world) starAtBestam(i int, t *tie) {
	site, manager := system("site-form"), staff("manager-2")
	form := func(purpose string, days int) term {
		return term{purposes: []string{purpose}, channel: "form", by: site, days: days}
	}
	w.opening(t, w.ago(30, 19, 12), site, []term{form("services", 0), form("news", 0), form("visit-statistics", 14)}, map[string][]string{
		"services": {"name", "email", "phone"}, "visit-statistics": {"visit-data"},
	})
	w.contract(t, w.worked(28, 11, 5), manager)
	for _, d := range []int{27, 24, 17, 10, 3} {
		t.will(w.ago(d, 20, 3*d), deed{action: register.Access, purpose: "services", data: []string{"name", "email"}, by: system("site")})
	}
	t.on(w.ago(25, 18, 40), func(ctx context.Context, m *moment) error {
		g := form("payment", 0)
		g.to = []string{recipient(t.org, "payment")}
		return t.agree(ctx, m, g)
	})
	for _, d := range []int{25, 16, 9, 1} {
		t.will(w.ago(d, 18, 45), deed{action: register.Transfer, purpose: "payment", data: []string{"name", "phone"}, by: system("billing"), to: recipient(t.org, "payment")})
	}
	t.will(w.ago(14, 11, 20), deed{
		action: register.Transfer, purpose: "payment", data: []string{"name", "email"}, by: system("reconciliation"), to: recipient(t.org, "payment"), asker: w.payments,
	})
	t.on(w.ago(15, 21, 30), func(ctx context.Context, m *moment) error { return t.agree(ctx, m, form("services", 0)) })
	t.will(w.ago(18, 3, 30), deed{action: register.Depersonalise, purpose: "visit-statistics", data: []string{"visit-data"}, by: system("analytics")})
	t.will(w.worked(8, 15, 10), deed{action: register.View, purpose: "news", data: []string{"name", "iin"}, by: manager})
	t.will(w.ago(4, 16, 25), deed{action: register.Use, purpose: "visit-statistics", data: []string{"visit-data"}, by: system("analytics")})
	w.listed(i, t)
	t.on(w.now.Add(-3*time.Hour), t.asks)
	switch i {
	case 0:
		t.on(w.ago(12, 22, 5), func(ctx context.Context, m *moment) error { return t.withdraw(ctx, m, "news", consent.AllScopes, whys) })
	case 1:
		t.on(w.worked(7, 10, 20), t.holds)
		t.on(w.ago(12, 22, 5), func(ctx context.Context, m *moment) error { return t.pause(ctx, m, "news") })
		t.on(w.ago(2, 20, 15), func(ctx context.Context, m *moment) error {
			return t.withdraw(ctx, m, "payment", consent.Transfer, nil)
		})
	default:
		t.on(w.ago(6, 22, 5), func(ctx context.Context, m *moment) error {
			return t.withdraw(ctx, m, "contracts", consent.AllScopes, whys)
		})
		t.will(w.worked(5, 10, 30), deed{action: register.View, purpose: "contracts", data: []string{"name", "iin"}, by: manager})
	}
	t.will(w.now.Add(-95*time.Minute), deed{action: register.Access, purpose: "services", data: []string{"name", "phone"}, by: system("site")})
}

func (w *world) starAtClinic(i int, t *tie) {
	registry, doctor := staff("registry-1"), staff("doctor-07")
	w.opening(t, w.worked(29, 9, 20), registry, []term{
		{purposes: []string{"treatment"}},
		{purposes: []string{"appointments"}, channel: "otp", by: registry, days: 180},
		{purposes: []string{"insurance"}, to: []string{recipient(t.org, "insurance")}, channel: "paper", by: registry},
	}, map[string][]string{
		"treatment": {"name", "iin", "birthdate", "phone", "address"}, "appointments": {"email"}, "insurance": {"policy-number"},
	})
	t.on(w.worked(29, 9, 45), func(ctx context.Context, m *moment) error { return t.collect(ctx, m, "treatment", doctor, "health") })
	for _, d := range []int{29, 22, 13, 6} {
		w.visit(t, w.worked(d, 10, 2*d), doctor, d < 29)
	}
	t.will(w.worked(22, 17, 0), deed{action: register.Transfer, purpose: "insurance", data: []string{"name", "policy-number"}, by: system("billing"), to: recipient(t.org, "insurance")})
	t.will(w.worked(11, 14, 40), deed{action: register.View, purpose: "appointments", data: []string{"name", "health"}, by: staff("marketing-1")})
	if i == 0 {
		w.review(t, w.ago(20, 21, 0), true)
	}
	t.will(w.worked(3, 11, 15), deed{action: register.Block, by: registry, ref: "check"})
	t.will(w.worked(3, 15, 30), deed{action: register.View, purpose: "treatment", data: []string{"name", "health"}, by: doctor})
	t.will(w.worked(2, 10, 10), deed{action: register.Unblock, by: registry, ref: "check"})
	last := w.now.Add(-2 * time.Hour).In(w.zone)
	if last.Hour() < 9 || last.Hour() > 18 {
		last = w.worked(1, 16, 40)
	}
	t.will(last, deed{action: register.View, purpose: "treatment", data: []string{"name", "birthdate", "health"}, by: doctor})
}

func (w *world) starAtPayments(i int, t *tie) {
	app, processing := system("mobile-app"), system("processing")
	country := []string{"UZ", "DE", "TR"}[i]
	w.opening(t, w.ago(27, 13, 30), app, []term{
		{purposes: []string{"identification"}},
		{purposes: []string{"payments"}, to: []string{recipient(t.org, "payments")}, channel: "otp", by: app},
		{purposes: []string{"remittances"}, to: []string{recipient(t.org, "remittances")}, countries: []string{country}, channel: "otp", by: app},
		{purposes: []string{"offers"}, channel: "form", by: app},
	}, map[string][]string{
		"identification": {"name", "iin", "birthdate", "document", "address"}, "payments": {"phone", "bank-account"}, "offers": {"email"},
	})
	for _, d := range []int{26, 23, 19, 15, 12, 8, 5, 1} {
		t.will(w.ago(d, 12, 5+d), deed{action: register.Use, purpose: "payments", data: []string{"name", "bank-account"}, by: processing})
	}
	abroad := deed{
		action: register.CrossBorder, purpose: "remittances", data: []string{"name", "bank-account"}, by: processing, to: recipient(t.org, "remittances"), country: country,
	}
	t.will(w.ago(21, 19, 50), abroad)
	t.will(w.worked(18, 10, 15), deed{action: register.View, purpose: "identification", data: []string{"name", "iin", "document"}, by: staff("compliance-1")})
	if i == 2 {
		t.on(w.ago(10, 23, 10), func(ctx context.Context, m *moment) error {
			return t.withdraw(ctx, m, "remittances", consent.CrossBorder, nil)
		})
	}
	t.will(w.ago(7, 19, 55), abroad)
	t.on(w.ago(4, 21, 45), func(ctx context.Context, m *moment) error { return t.pause(ctx, m, "offers") })
	t.will(w.now.Add(-70*time.Minute), deed{action: register.Use, purpose: "payments", data: []string{"name", "bank-account"}, by: processing})
}
