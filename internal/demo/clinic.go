package demo

import (
	"context"
	"fmt"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/register"
	"kelisim/verify"
)

// clinicLife is a patient: treated on a law, reminded and insured on consent.
func (w *world) clinicLife(t *tie, j time.Time, known bool) {
	registry, doctor := staff("registry-1"), staff(fmt.Sprintf("doctor-%02d", 1+w.IntN(12)))
	if known {
		t.held = []string{"iin", "name", "phone", "address"}
	}
	terms := []term{{purposes: []string{"treatment"}}} // no consent: a law
	reminded, insured, public := w.chance(65), w.chance(30), w.chance(10)
	if reminded {
		terms = append(terms, term{purposes: []string{"appointments"}, channel: "otp", by: registry, days: 180})
	}
	if insured {
		terms = append(terms, term{purposes: []string{"insurance"}, to: []string{recipient(t.org, "insurance")}, channel: "paper", by: registry})
	}
	w.opening(t, j, registry, terms, map[string][]string{
		"treatment": {"name", "iin", "birthdate", "phone", "address"}, "appointments": {"name", "phone", "email"}, "insurance": {"name", "iin", "policy-number"},
	})
	j = j.Add(20 * time.Minute)
	t.on(j, func(ctx context.Context, m *moment) error { return t.collect(ctx, m, "treatment", doctor, "health") })
	for range 1 + w.IntN(3) {
		when := w.after(j, w.office)
		w.visit(t, when, doctor, reminded && when.AddDate(0, 0, -1).After(j))
	}
	if insured {
		t.will(w.after(j, w.office), deed{
			action: register.Transfer, purpose: "insurance", data: []string{"name", "policy-number"}, by: system("billing"), to: recipient(t.org, "insurance"),
		})
		if w.chance(20) {
			t.on(w.after(j, w.any), func(ctx context.Context, m *moment) error {
				return t.withdraw(ctx, m, "insurance", consent.Transfer, nil)
			})
		}
	}
	if public {
		w.review(t, w.after(j, w.any), false)
	}
	if reminded {
		w.changes(t, "appointments", j)
	}
	w.own(t, j)
	w.tries(t, j, []deed{
		{action: register.View, purpose: "appointments", data: []string{"name", "health"}, by: staff("marketing-1")},
		{action: register.View, purpose: "insurance", data: []string{"name", "policy-number"}, by: registry},
		{action: register.Disseminate, purpose: "reviews", data: []string{"name"}, by: system("site")},
		{action: register.Transfer, purpose: "treatment", data: []string{"name", "health"}, by: system("personnel"), to: w.bestam.BIN, asker: w.bestam},
		{action: register.View, purpose: "treatment", data: []string{"name"}, by: staff("press-1"), provision: "9(6)"},
		{action: register.Use, purpose: "research", data: []string{"health"}, by: staff("marketing-1")},
	})
	w.trouble(t, j, registry)
}

// visit is an appointment: a reminder the day before, the doctor, sometimes the
// laboratory.
func (w *world) visit(t *tie, when time.Time, doctor verify.Actor, reminded bool) {
	if reminded {
		t.will(when.AddDate(0, 0, -1), deed{action: register.Use, purpose: "appointments", data: []string{"name", "phone"}, by: system("reminder")})
	}
	t.will(when, deed{action: register.View, purpose: "treatment", data: []string{"name", "birthdate", "health"}, by: doctor})
	if w.chance(50) {
		t.will(when.Add(12*time.Minute), deed{action: register.Change, purpose: "treatment", data: []string{"health"}, by: doctor})
	}
	if w.chance(30) {
		t.will(when.Add(25*time.Minute), deed{
			action: register.Transfer, purpose: "treatment", data: []string{"name", "birthdate"}, by: system("laboratory"), to: recipient(t.org, "treatment"),
			ref: fmt.Sprintf("lab-%05d", w.IntN(100_000)),
		})
	}
}
