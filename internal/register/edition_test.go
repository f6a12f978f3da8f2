package register

import (
	"fmt"
	"strings"
	"testing"

	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

const ahead = `
organization: {bin: "150940018738", name: {ru: A}, roles: [operator], %s}
bases: [{id: site, name: {ru: B}, country: KZ, holds: vault}]
purposes: [{id: pension, name: {ru: A}, base: site, categories: [name], actions: [collect], basis: {provision: "9(5-1)", document: D}}]
`

func TestEdition(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"edition: 2026-08", `edition: "2026-08"`} {
		d := mustParse(t, fmt.Sprintf(ahead, written))
		if d.Organization.Edition != "2026-08" || !strings.Contains(string(d.Canonical()), `"edition":"2026-08"`) {
			t.Errorf("%s: %s", written, d.Canonical())
		}
		again := mustParse(t, string(d.Canonical()))
		if again.Hash() != d.Hash() {
			t.Errorf("%s is another description when it is read again", written)
		}
		plain := mustParse(t, fmt.Sprintf(ahead, "sector: private"))
		if changes := Diff(plain, d); len(changes) != 1 || changes[0] != (Difference{Path: "organization.edition", Kind: Added}) {
			t.Errorf("%s: %+v", written, changes)
		}
		if strings.Contains(string(plain.Canonical()), "edition") {
			t.Errorf("an edition that nobody chose is kept: %s", plain.Canonical())
		}
	}
}

func TestUnknownEditionListsTheKnown(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"edition: 2025-01", "edition: latest"} {
		_, err := Parse(fmt.Appendf(nil, ahead, written), ident.Rules{})
		list := faults(t, err)
		if len(list) != 1 || list[0].Code != "edition-unknown" || list[0].Line != 2 {
			t.Fatalf("%s: %v", written, err)
		}
		if _, hint := locale.Fault(locale.EN, list[0]); !strings.Contains(hint, law.Known()) || strings.Contains(hint, "2025-01") {
			t.Errorf("%s: %s", written, hint)
		}
	}
}

// A ground that no edition followed by default has is a mistake more often than
// a plan; which edition judges decides.
func TestGroundOfALaterEditionIsWarnedOf(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"sector: private":  "2024-02",
		"edition: 2023-04": "2024-02",
		"edition: 2024-02": "",
		"edition: 2026-08": "",
	} {
		got := ""
		for _, w := range Warnings(mustParse(t, fmt.Sprintf(ahead, written))) {
			if w.Code != "ground-later" {
				continue
			}
			if checkTexts(t, w); w.Field != "purposes[0].basis.provision" {
				t.Errorf("%s: at %s", written, w.Field)
			}
			got = fmt.Sprint(w.Args[len(w.Args)-1])
		}
		if got != want {
			t.Errorf("%s: %q, want %q", written, got, want)
		}
	}
}
