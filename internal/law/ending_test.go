package law

import "testing"

// What may end depersonalised says on which provision, and how sure that is; a
// court's decision and data collected without consent are not among it.
//
// duty: P6.7, L17.1
func TestEndings(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for cause, want := range map[string]Ending{
			EndOfTerm:    {Ends: "18(1)", Instead: "22(2)", Origin: Origin{Certainty: Secondary}},
			EndByDemand:  {Ends: "24(1)4", Instead: "17(1)", Research: true, Origin: Origin{Certainty: Secondary}},
			EndByPurpose: {Ends: "17(1)", Instead: "17(1)", Origin: Origin{Certainty: Primary}},
		} {
			x, ok := e.Ending(cause)
			if !ok || x.Ends != want.Ends || x.Instead != want.Instead || x.Research != want.Research || x.Certainty != want.Certainty || x.Source.EN == "" {
				t.Errorf("edition %s, %s: %+v", e.ID, cause, x)
			}
		}
		if _, ok := e.Ending("court"); ok || len(e.Endings()) != 3 {
			t.Errorf("edition %s: more ends so than should", e.ID)
		}
	}
}
