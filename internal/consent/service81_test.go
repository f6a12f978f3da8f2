package consent_test

import (
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
)

// Consent to data in state systems goes through the state service: confirmed by
// it, or given here where this installation is the state service. Other data has
// no such bond, whatever the installation is.
//
// duty: L8.1a, L8-1.2.1, L8-2.1, L8-2.2.1, L10.4
func TestStateDataGoesThroughTheStateService(t *testing.T) {
	t.Parallel()
	a, _ := apptest.SQLite(t)
	org := apptest.Apply(t, a, strings.NewReplacer(
		"\nbases:\n", "\nbases:\n  - {id: state, name: {en: Registry}, kind: state, country: KZ, holds: vault}\n",
		"\npurposes:\n", "\npurposes:\n  - {id: registry, name: {en: Registry}, base: state, categories: [name], actions: [collect, view]}\n",
	).Replace(apptest.Bestam(t)))
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
