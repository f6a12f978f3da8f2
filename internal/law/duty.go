package law

import (
	_ "embed"
	"strings"
	"sync"

	"kelisim/internal/locale"
)

// Duty is one thing that the Law, or the operator's policy, demands of somebody
// and that this program has to carry.
type Duty struct {
	ID        string    // "L8.2" of the Law, "P5.9" of the policy
	Provision Provision // where it stands
	Who       string    // whose duty or right it is: "operator", "subject", "gate" …
	Area      string    // the part of the program that carries it
	Term      string    // key of an edition's term; empty for none
	Text      locale.String
}

//go:embed duties.tsv
var dutiesTSV string

//go:generate go run ./gen

//go:embed shown.tsv
var shownTSV string

var duties = sync.OnceValue(func() []Duty {
	var all []Duty
	for _, f := range rows(dutiesTSV, 8)[1:] {
		all = append(all, Duty{
			ID: f[0], Provision: Provision(f[1]), Who: f[2], Area: f[3], Term: strings.TrimPrefix(f[4], "-"),
			Text: locale.String{EN: f[5], RU: f[6], KK: f[7]},
		})
	}
	return all
})

var shown = sync.OnceValue(func() map[string][]string {
	byDuty := map[string][]string{}
	for _, f := range rows(shownTSV, 2) {
		byDuty[f[0]] = append(byDuty[f[0]], f[1])
	}
	return byDuty
})

// Duties returns every duty in the order of the Law, the policy last. The slice
// is not to be changed.
func Duties() []Duty { return duties() }

// Shown returns the tests that show a duty, as "package.TestName"; none for a
// duty that is still open. The slice is not to be changed.
func Shown(id string) []string { return shown()[id] }

// rows splits tab-separated lines and passes over what has not n fields.
func rows(tsv string, n int) [][]string {
	var all [][]string
	for line := range strings.Lines(tsv) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == n {
			all = append(all, f)
		}
	}
	return all
}
