package demo

import (
	"context"
	"fmt"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/register"
)

// paymentsLife is a client of the payment organization: known by a law, paying
// on consent, at home and abroad.
func (w *world) paymentsLife(t *tie, j time.Time) {
	app, processing := system("mobile-app"), system("processing")
	terms := []term{
		{purposes: []string{"identification"}}, // no consent: a law
		{purposes: []string{"payments"}, to: []string{recipient(t.org, "payments")}, channel: "otp", by: app},
	}
	offered, abroad := w.chance(55), w.chance(30)
	country := pick(w.Rand, []string{"TR", "UZ", "DE"})
	if abroad {
		terms = append(terms, term{
			purposes: []string{"remittances"}, to: []string{recipient(t.org, "remittances")}, countries: []string{country}, channel: "otp", by: app,
		})
	}
	if offered {
		g := term{purposes: []string{"offers"}, channel: "form", by: app}
		if w.chance(20) {
			g.days = 5 + w.IntN(20)
		}
		terms = append(terms, g)
	}
	w.opening(t, j, app, terms, map[string][]string{
		"identification": {"name", "iin", "birthdate", "document", "address"}, "payments": {"name", "iin", "phone", "bank-account"},
		"remittances": {"name", "document", "bank-account"}, "offers": {"name", "phone", "email"},
	})
	j = j.Add(30 * time.Minute)
	for range 1 + w.IntN(3) {
		when := w.after(j, w.any)
		t.will(when, deed{action: register.Use, purpose: "payments", data: []string{"name", "bank-account"}, by: processing})
		if w.chance(50) {
			t.will(when.Add(2*time.Second), deed{
				action: register.Transfer, purpose: "payments", data: []string{"name", "iin", "bank-account"}, by: processing, to: recipient(t.org, "payments"),
				ref: fmt.Sprintf("pay-%06d", w.IntN(1_000_000)),
			})
		}
	}
	if abroad {
		w.sends(t, j, country)
	}
	if w.chance(40) {
		t.will(w.after(j, w.office), deed{action: register.View, purpose: "identification", data: []string{"name", "iin", "document"}, by: staff("compliance-1")})
	}
	if offered {
		w.changes(t, "offers", j)
	}
	w.own(t, j)
	support := staff(fmt.Sprintf("support-%d", 1+w.IntN(3)))
	w.tries(t, j, []deed{
		{action: register.View, purpose: "offers", data: []string{"name", "bank-account"}, by: support},
		{action: register.Transfer, purpose: "payments", data: []string{"name", "phone"}, by: processing, to: w.clinic.BIN},
		{action: register.CrossBorder, purpose: "remittances", data: []string{"name"}, by: processing, to: recipient(t.org, "remittances"), country: "US"},
		{action: register.View, purpose: "payments", data: []string{"name", "bank-account"}, by: support, ref: "call"},
		{action: register.View, purpose: "payments", data: []string{"name", "bank-account"}, by: staff("compliance-1"), provision: "9(9-4)", document: "заявление № 11"},
		{action: register.View, purpose: "payments", data: []string{"name", "bank-account"}, by: support, provision: "9(9-4)"},
		{action: register.Use, purpose: "offers", data: []string{"name", "phone"}, by: system("call-centre")},
	})
	w.trouble(t, j, support)
}

// sends are transfers abroad, where the person agreed and where not.
func (w *world) sends(t *tie, j time.Time, country string) {
	d := deed{
		action: register.CrossBorder, purpose: "remittances", data: []string{"name", "bank-account"}, by: system("processing"),
		to: recipient(t.org, "remittances"), country: country,
	}
	for range 1 + w.IntN(3) {
		t.will(w.after(j, w.any), d)
	}
	if w.chance(25) {
		end := w.after(j, w.any)
		t.on(end, func(ctx context.Context, m *moment) error {
			return t.withdraw(ctx, m, "remittances", consent.CrossBorder, nil)
		})
		t.will(w.any(end.AddDate(0, 0, 1)), d)
	}
}
