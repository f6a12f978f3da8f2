package consent_test

import (
	"testing"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/register"
)

// Consent to data in state systems goes through the state service: confirmed by
// it, or given here where this installation is the state service. Other data has
// no such bond, whatever the installation is.
//
// duty: L8.1a, L8-1.2.1, L8-2.1, L8-2.2.1, L10.4
func TestStateDataGoesThroughTheStateService(t *testing.T) {
	t.Parallel()
	a, _ := apptest.SQLite(t)
	d := *apptest.Bestam(t)
	d.Bases = append([]register.Base{}, d.Bases...)
	state := d.Bases[0]
	state.ID, state.Kind = "state", register.State
	d.Bases = append(d.Bases, state)
	d.Purposes = append([]register.Purpose{}, d.Purposes...)
	held := d.Purposes[0]
	for _, p := range d.Purposes {
		if p.ID == "payment" {
			held = p
		}
	}
	held.ID, held.Base = "registry", "state"
	d.Purposes = append(d.Purposes, held)
	org := apptest.Apply(t, a, &d)
	sub := apptest.Subject(t, a, org, 1)
	record := func(purpose, channel, document string) error {
		_, err := a.Consents.Record(t.Context(), org, newConsent(sub, func(n *consent.New) {
			n.Terms.Purposes, n.Proof.Channel, n.Proof.Document = []string{purpose}, channel, document
		}))
		return err
	}
	if err := record("registry", "form", "бланк 7"); !fault.Is(err, "state-service-only") {
		t.Fatalf("past the state service: %v", err)
	}
	if err := record("registry", consent.StateService, ""); !fault.Is(err, "state-service-document") {
		t.Fatalf("without its number: %v", err)
	}
	for _, err := range []error{record("registry", consent.StateService, "KDP-1"), record("payment", "form", "")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	a.Consents.StateService = true
	if err := record("registry", "form", ""); err != nil {
		t.Fatalf("by the state service itself: %v", err)
	}
}
