package law

import (
	"slices"
	"testing"
)

// The codes are promised to others: none may vanish or change its spelling.
func TestReasonCodes(t *testing.T) {
	t.Parallel()
	want := []string{
		"no-consent", "consent-expired", "consent-withdrawn", "consent-paused", "not-covered", "purpose-undeclared",
		"category-excessive", "action-undeclared", "special-category", "data-blocked", "data-destroyed",
		"subject-deceased", "retention-over", "ground-not-yours", "ground-undocumented", "base-abroad",
		"country-unprotected", "country-forbidden", "not-depersonalised", "no-undertaking", "organization-suspended",
		"incompatible-purpose", "consent", "ground", "own-data", "protective",
	}
	var got []string
	for _, r := range Editions()[0].Reasons() {
		got = append(got, r.Code.String())
	}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, none := range []ReasonCode{0, reasonCount, 255} {
		if none.String() != "" || none.Permits() || Editions()[0].Reason(none).Code != 0 {
			t.Errorf("code %d has a reason", none)
		}
	}
}

// duty: L5
func TestEveryReasonRestsOnAProvision(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for code := NoConsent; code < reasonCount; code++ {
			r := e.Reason(code)
			if r.Code != code || len(r.Provisions) == 0 {
				t.Errorf("edition %s: %s is %+v", e.ID, code, r)
			}
			if permit := slices.Contains([]string{"consent", "ground", "own-data", "protective"}, code.String()); permit != code.Permits() {
				t.Errorf("%s permits: %t", code, code.Permits())
			}
		}
	}
}

func TestReasonSaysWhatIsNotCovered(t *testing.T) {
	t.Parallel()
	e, _ := ByID("2023-04")
	for code, want := range map[ReasonCode]Reason{
		NotCovered:            {Variant: "", Provisions: []Provision{"10(1)", "8(4)"}, TextKey: "reason.not-covered"},
		NotCoveredPurpose:     {Variant: "purpose", Provisions: []Provision{"14", "7(8)"}, TextKey: "reason.not-covered.purpose"},
		NotCoveredCategory:    {Variant: "category", Provisions: []Provision{"8(4)7", "10(1)"}, TextKey: "reason.not-covered.category"},
		NotCoveredRecipient:   {Variant: "recipient", Provisions: []Provision{"7(6)", "8(4)4"}, TextKey: "reason.not-covered.recipient"},
		NotCoveredCountry:     {Variant: "country", Provisions: []Provision{"16(3)1", "8(4)5"}, TextKey: "reason.not-covered.country"},
		NotCoveredPublication: {Variant: "publication", Provisions: []Provision{"7(3)", "8(4)6", "15(2)"}, TextKey: "reason.not-covered.publication"},
	} {
		got := e.Reason(code)
		if got.Variant != want.Variant || got.TextKey != want.TextKey || !slices.Equal(got.Provisions, want.Provisions) || code.String() != "not-covered" {
			t.Errorf("%s: %+v, want %+v", code, got, want)
		}
	}
}

func TestDecisionsDoNotAllocate(t *testing.T) {
	e := At(Editions()[0].From)
	kinds := []string{"state-body", "court"}
	var seen int
	if n := testing.AllocsPerRun(100, func() {
		for code := NoConsent; code < reasonCount; code++ {
			r := e.Reason(code)
			seen += len(r.Provisions) + len(r.TextKey) + len(code.String())
		}
	}); n != 0 {
		t.Errorf("reasons allocate %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if g, ok := At(e.From).Ground("9(1)"); ok && g.OpenTo(State, kinds) && g.Allows("view") {
			seen++
		}
	}); n != 0 {
		t.Errorf("a ground allocates %v times", n)
	}
	if seen == 0 {
		t.Error("nothing was asked")
	}
}
