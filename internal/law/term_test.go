package law

import (
	"strings"
	"testing"
)

// A term may say how far it can be extended and whether it can be paused, and by
// which provisions.
func TestTermsThatBend(t *testing.T) {
	t.Parallel()
	files := editionFiles(t)
	const name = "2023-04/terms.yaml"
	source := string(files[name].Data)
	bent := strings.Replace(source, `change: {provision: "25(2)8", amount: 1, unit: working-day}`,
		`change: {provision: "25(2)8", amount: 1, unit: working-day, extendable: {amount: 15, unit: working-day, provision: "25(2)6"}, pausable: "25(2)7"}`, 1)
	if bent == source {
		t.Fatal("the term is written in another way now")
	}
	files[name].Data = []byte(bent)
	e, err := loadEdition(files, "2023-04", nil)
	if err != nil {
		t.Fatal(err)
	}
	term, _ := e.Term("change")
	if x := term.Extendable; x == nil || *x != (Extension{15, WorkingDay, "25(2)6"}) || term.Pausable != "25(2)7" {
		t.Errorf("%+v", term)
	}
	if other, _ := e.Term("block"); other.Extendable != nil || other.Pausable != "" {
		t.Errorf("a term bends only where its edition says so: %+v", other)
	}
}

func TestWhatBendsTermsExists(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for _, term := range e.Terms() {
			if x := term.Extendable; x != nil {
				if _, ok := e.Provision(x.Provision); !ok || x.Amount < 1 {
					t.Errorf("edition %s, term %s: extendable by %+v", e.ID, term.Key, *x)
				}
			}
			if _, ok := e.Provision(term.Pausable); term.Pausable != "" && !ok {
				t.Errorf("edition %s, term %s: pausable by %s, which is missing", e.ID, term.Key, term.Pausable)
			}
		}
	}
}
