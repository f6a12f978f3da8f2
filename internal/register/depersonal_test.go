package register

import (
	"slices"
	"strings"
	"testing"

	"kelisim/internal/depersonal"
)

// Whatever the catalogue has, what says who somebody is can only be made coarse or
// dropped, and what is special is dropped.
//
// duty: L1.7
func TestNoIdentifierIsKept(t *testing.T) {
	t.Parallel()
	for _, c := range Catalogue() {
		methods := c.Methods()
		if methods[0] != depersonal.Drop {
			t.Errorf("%s is kept by default", c.ID)
		}
		keeps := slices.Contains(methods, depersonal.Keep)
		switch c.ID {
		case "education", "profession", "gender", "citizenship", "visit-data":
			if !keeps {
				t.Errorf("%s is never kept", c.ID)
			}
		default:
			if keeps || c.Class != Ordinary && len(methods) > 1 {
				t.Errorf("%s may be treated by %v", c.ID, methods)
			}
		}
	}
}

func TestDepersonaliseOfADescription(t *testing.T) {
	t.Parallel()
	const head = `
organization: {bin: "150940018738", name: {ru: A}, roles: [operator]}
bases: [{id: site, name: {ru: B}, country: KZ, holds: vault}]
purposes: [{id: stats, name: {ru: A}, base: site, categories: [visit-data, gender], actions: [collect, depersonalise], %s}]
`
	with := func(rule string) *Description { return mustParse(t, strings.Replace(head, "%s", rule, 1)) }
	plain := with("research: true")
	five := with(`depersonalise: {group: 5, columns: [{id: sex, category: gender, method: keep, values: [f, m]}]}, research: true`)
	none := with(`depersonalise: {columns: [{id: sex, category: gender, method: keep, values: [f, m]}]}, research: true`)
	nine := with(`depersonalise: {group: 9, columns: [{id: sex, category: gender, method: keep, values: [f, m]}]}, research: true`)
	if five.Hash() != none.Hash() || strings.Contains(string(five.Canonical()), "group") {
		t.Errorf("five goes without saying: %s", five.Canonical())
	}
	for _, d := range []*Description{plain, five, nine} {
		if again := mustParse(t, string(d.Canonical())); again.Hash() != d.Hash() {
			t.Errorf("another description when it is read again: %s", again.Canonical())
		}
	}
	if k := nine.Purposes[0].Depersonalise.K(); k != 9 || five.Purposes[0].Depersonalise.K() != depersonal.DefaultGroup {
		t.Errorf("groups of %d", k)
	}
	if d := Diff(plain, five); len(d) != 1 || d[0] != (Difference{Path: "purposes[stats].depersonalise", Kind: Added, Purpose: "stats"}) {
		t.Errorf("%+v", d)
	}
	if strings.Contains(string(plain.Canonical()), "depersonalise\":") {
		t.Errorf("a rule that nobody wrote: %s", plain.Canonical())
	}
}
