package register

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kelisim/internal/ident"
)

const plain = `
organization: {bin: "150940018738", name: {ru: A}, roles: [operator]}
bases: [{id: site, name: {ru: B}, country: KZ, holds: vault}]
purposes:
  - id: a
    name: {ru: A}
    base: site
    categories: [name, email]
    actions: [collect, transfer]
    retention: P1Y
    recipients: [{bin: "180340022918", name: {ru: C}, country: KZ}]
    research: true
policy: {published: true}
`

// duty: L7.8, L14
func TestDiff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ from, to, want string }{
		"nothing":              {"", "", ""},
		"category added":       {"[name, email]", "[name, email, phone]", "added purposes[a].categories[phone] widens"},
		"category removed":     {"[name, email]", "[name]", "removed purposes[a].categories[email]"},
		"category replaced":    {"[name, email]", "[name, iin]", "removed purposes[a].categories[email]; added purposes[a].categories[iin] widens"},
		"order of categories":  {"[name, email]", "[email, name]", "changed purposes[a].categories"},
		"order of actions":     {"[collect, transfer]", "[transfer, collect]", ""},
		"action added":         {"[collect, transfer]", "[collect, transfer, view]", "added purposes[a].actions[view] widens"},
		"duty spelled out":     {"[collect, transfer]", "[collect, transfer, destroy]", "added purposes[a].actions[destroy]"},
		"retention longer":     {"P1Y", "P13M", "changed purposes[a].retention widens"},
		"retention shorter":    {"P1Y", "P11M", "changed purposes[a].retention"},
		"retention dropped":    {"    retention: P1Y\n", "", "removed purposes[a].retention"},
		"recipient added":      {"country: KZ}]\n    research", "country: KZ}, {bin: \"150940018738\", name: {ru: D}, country: KZ}]\n    research", "added purposes[a].recipients[150940018738] widens"},
		"recipient renamed":    {"{ru: C}", "{ru: D}", "changed purposes[a].recipients[180340022918].name.ru"},
		"recipient moved":      {"{ru: C}, country: KZ", "{ru: C}, country: RU", "changed purposes[a].recipients[180340022918].country widens"},
		"country added":        {"research: true", "research: true\n    cross_border: [RU]", "added purposes[a].cross_border[RU] widens"},
		"public":               {"research: true", "research: true\n    public: true", "added purposes[a].public widens"},
		"marketing":            {"research: true", "research: true\n    marketing: true", "added purposes[a].marketing widens"},
		"no research any more": {"research: true", "research: false", "removed purposes[a].research widens"},
		"basis":                {"research: true", "research: true\n    basis: {provision: \"9(10)\", document: D}", "changed purposes[a].basis"},
		"new purpose":          {"purposes:", "purposes:\n  - {id: b, name: {ru: B}, base: site, categories: [iin], actions: [collect]}", "added purposes[b]"},
		"policy gone":          {"policy: {published: true}", "", "removed policy"},
		"week of six days":     {"roles: [operator]", "roles: [operator], week: 6", "added organization.week"},
		"week of five days":    {"roles: [operator]", "roles: [operator], week: 5", ""},
		"base moved":           {"country: KZ, holds", "country: RU, holds", "changed bases[site].country"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(plain, tt.from) {
				t.Fatalf("%q is not in the description", tt.from)
			}
			old, next := mustParse(t, plain), mustParse(t, strings.Replace(plain, tt.from, tt.to, 1))
			if diff := cmp.Diff(tt.want, show(Diff(old, next))); diff != "" {
				t.Error(diff)
			}
			if same := old.Hash() == next.Hash(); same != (tt.want == "") {
				t.Errorf("the hashes are equal: %v", same)
			}
		})
	}
}

func TestDiffWithNothing(t *testing.T) {
	t.Parallel()
	d := mustParse(t, plain)
	const want = "added bases[site]; added organization; added policy; added purposes[a]"
	if got := show(Diff(nil, d)); got != want {
		t.Error(got)
	}
	if got := show(Diff(d, nil)); got != strings.ReplaceAll(want, "added", "removed") {
		t.Error(got)
	}
}

func mustParse(t *testing.T, source string) *Description {
	t.Helper()
	d, err := Parse([]byte(source), ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func show(list []Difference) string {
	var parts []string
	for _, d := range list {
		s := fmt.Sprintf("%s %s", d.Kind, d.Path)
		if d.Widens {
			s += " widens"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}
