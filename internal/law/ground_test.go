package law

import (
	"slices"
	"testing"

	"kelisim/internal/locale"
)

func TestGroundsAreThoseOfTheLaw(t *testing.T) {
	t.Parallel()
	e, _ := ByID("2023-04")
	var all, tells, exempt, depersonalised, abroad []Provision
	for _, g := range e.Grounds() {
		all = append(all, g.Provision)
		for _, c := range []struct {
			set  bool
			list *[]Provision
		}{{g.TellsInitiator, &tells}, {g.IntegrationExempt, &exempt}, {g.Depersonalise, &depersonalised}, {g.CrossBorder, &abroad}} {
			if c.set {
				*c.list = append(*c.list, g.Provision)
			}
		}
	}
	for name, c := range map[string]struct{ got, want []Provision }{
		"all": {all, []Provision{
			"3(3)1", "3(3)2", "3(3)3", "3(3)4", "7(4)", "7(5)", "9(1)", "9(2)", "9(3)", "9(4)", "9(5)", "9(6)", "9(7)", "9(8)", "9(9)",
			"9(9-1)", "9(9-2)", "9(9-3)", "9(9-4)", "9(10)", "16(3)2", "16(3)3", "16(3)4", "31(3)",
		}},
		"the initiator is told, 8-1(3)": {tells, []Provision{"9(4)", "9(6)", "9(8)", "9(9-3)"}},
		"no integration, 8-1(1)":        {exempt, []Provision{"9(1)", "9(2)", "9(9)", "9(9-2)"}},
		"depersonalised, 9(3)":          {depersonalised, []Provision{"9(3)"}},
		"abroad, 16(3)":                 {abroad, []Provision{"16(3)2", "16(3)3", "16(3)4"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if g, _ := e.Ground("9(9-4)"); g.ReachBack != 3 {
		t.Errorf("bankruptcy reaches back %d years", g.ReachBack)
	}
	if _, ok := e.Ground("8(2)"); ok {
		t.Error("8(2) is no ground")
	}
}

func TestGroundIsOpenTo(t *testing.T) {
	t.Parallel()
	e, _ := ByID("2023-04")
	for _, c := range []struct {
		ground Provision
		sector Sector
		kinds  []string
		want   bool
	}{
		{"9(1)", State, []string{"court"}, true},
		{"9(1)", Private, []string{"enforcement"}, true}, // a private bailiff
		{"9(1)", State, []string{"media"}, false},
		{"9(1)", Private, nil, false},
		{"9(2)", State, []string{"bureau", "statistics"}, true},
		{"9(2)", Private, []string{"statistics"}, false},
		{"9(3)", State, nil, true},
		{"9(3)", Private, nil, false},
		{"9(9)", State, []string{"state-revenue"}, false},
		{"9(9-3)", Private, nil, true},
		{"9(10)", State, nil, true},
	} {
		g, _ := e.Ground(c.ground)
		if got := g.OpenTo(c.sector, c.kinds); got != c.want {
			t.Errorf("%s for %s %v: %t", c.ground, c.sector, c.kinds, got)
		}
	}
}

func TestGroundAllows(t *testing.T) {
	t.Parallel()
	e, _ := ByID("2023-04")
	for _, c := range []struct {
		ground Provision
		action string
		want   bool
	}{
		{"9(1)", "view", true},
		{"9(7)", "disseminate", true},
		{"9(7)", "view", false},
		{"9(9-2)", "transfer", true},
		{"9(9-2)", "use", false},
	} {
		g, _ := e.Ground(c.ground)
		if got := g.Allows(c.action); got != c.want {
			t.Errorf("%s allows %s: %t", c.ground, c.action, got)
		}
	}
}

// A misspelt action or kind would close a ground without a word.
func TestGroundsNameKnownActionsAndKinds(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for _, g := range e.Grounds() {
			for _, a := range g.Actions {
				if !locale.Has("action." + a) {
					t.Errorf("%s: action %q", g.Provision, a)
				}
			}
			for _, k := range g.Kinds {
				isKey(t, "law.kind."+k)
			}
			if g.Sector != "" && g.Sector != State && g.Sector != Private {
				t.Errorf("%s: sector %q", g.Provision, g.Sector)
			}
		}
	}
}

// Where the Law says that the subject is told who asked, nothing is told later;
// what may be is marked as what it is: not of this Law.
func TestGroundsThatMayBeShownLater(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		var later []Provision
		for _, g := range e.Grounds() {
			d := g.Defer
			if d == nil {
				continue
			}
			later = append(later, g.Provision)
			if g.TellsInitiator {
				t.Errorf("%s: the subject must be told who asked, 8-1(3)", g.Provision)
			}
			if !g.Document || d.Certainty == "" || d.Certainty == Primary || d.Source.KK == "" || d.Source.RU == "" || d.Source.EN == "" {
				t.Errorf("%s: %+v", g.Provision, d)
			}
			isKey(t, "law.certainty."+string(d.Certainty))
		}
		if want := []Provision{"9(1)", "9(9)", "9(10)"}; e.ID == "2023-04" && !slices.Equal(later, want) {
			t.Errorf("%v, want %v", later, want)
		}
	}
}
