package register

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kelisim/internal/ident"
)

func parseFile(t testing.TB, path string) *Description {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(data, ident.Rules{})
	if err != nil {
		t.Fatalf("%s:\n%v", path, err)
	}
	return d
}

func bestam(t testing.TB) *Description { return parseFile(t, "../../examples/bestam/operator.yaml") }

// The example says all that its operator's policy says.
// duty: P5, P7.1, P11, L12.2
func TestBestam(t *testing.T) {
	t.Parallel()
	d := bestam(t)
	if list := Warnings(d); len(list) > 0 {
		t.Errorf("warnings:\n%v", list)
	}
	r := Compile(d, 1)
	for id, categories := range map[string][]string{
		"inform":           {"name", "email"},
		"services":         {"name", "email", "phone"},
		"payment":          {"name", "email", "phone"},
		"contracts":        {"name", "iin", "email", "phone", "education", "profession", "employer"},
		"news":             {"name", "email"},
		"visit-statistics": {"visit-data"},
	} {
		p := r.Purpose(id)
		if p == nil {
			t.Fatalf("no purpose %s", id)
		}
		if !slices.Equal(p.Categories, categories) || !p.Basis.Consent() || p.Retention == (Period{}) || p.In.Country != Home {
			t.Errorf("%s: %+v", id, p.Purpose)
		}
	}
	if !r.Purpose("news").Marketing || !r.Purpose("visit-statistics").Research {
		t.Error("news is marketing and visit statistics are research")
	}
	var all Actions
	for _, p := range d.Purposes {
		all |= ActionSet(p.Actions...)
	}
	for _, name := range []string{
		"collect", "record", "systematise", "accumulate", "store", "clarify", "extract",
		"use", "transfer", "depersonalise", "block", "delete", "destroy",
	} {
		if a, ok := ParseAction(name); !ok || !all.Has(a) {
			t.Errorf("the policy's action %s is in no purpose", name)
		}
	}
	for demand, line := range map[string]string{
		MailWithdraw:    "Отзыв согласия на обработку персональных данных",
		MailCorrect:     "Актуализация персональных данных",
		MailUnsubscribe: "Отказ от уведомлений о новых продуктах и услугах и специальных предложениях",
	} {
		if d.Mail.Subjects[demand] != line {
			t.Errorf("subject line of %s: %q", demand, d.Mail.Subjects[demand])
		}
	}
}

// Every duty is allowed in every purpose; nothing else that was not declared is.
// duty: L1.12, L7.9
func TestCompile(t *testing.T) {
	t.Parallel()
	d := bestam(t)
	r := Compile(d, 7)
	if r.Version != 7 || r.BIN != d.Organization.BIN || r.Name != d.Organization.Name || r.Description != d {
		t.Errorf("%+v", r)
	}
	p := r.Purpose("payment")
	for _, a := range AllActions() {
		declared := slices.Contains(p.Actions, a)
		duty := a == Store || a == Block || a == Unblock || a == Destroy
		if p.Allows(a) != (declared || duty) {
			t.Errorf("%s: allowed %v", a, p.Allows(a))
		}
	}
	if p.Allows(0) || p.Allows(200) {
		t.Error("what is no action is allowed")
	}
	if _, ok := p.Category("iin"); ok {
		t.Error("the purpose covers a category that it does not need")
	}
	if c, ok := p.Category("phone"); !ok || c.ID != "phone" || c.Access != Restricted {
		t.Errorf("phone: %+v %v", c, ok)
	}
	if to := p.Recipient("180340022918"); to == nil || to.Country != Home || p.Recipient("150940018738") != nil {
		t.Error("recipients")
	}
	if p.SendsTo("RU") || p.SendsTo(Home) {
		t.Error("a country that was not declared")
	}
	if r.Purpose("resale") != nil || r.Base("shop") != nil || r.Base("site") != p.In {
		t.Error("look-ups")
	}
	own, _ := r.Category("employer")
	builtin, _ := r.Category("health")
	if _, ok := r.Category("shoe-size"); ok || own.Name.RU != "наименование, юридический адрес и БИН работодателя" || builtin.Class != Special {
		t.Errorf("categories: %+v, %+v", own, builtin)
	}
}

// A decision makes several look-ups; they are not to feed the collector.
func TestLookUpsAllocateNothing(t *testing.T) {
	r := Compile(bestam(t), 1)
	allocs := testing.AllocsPerRun(100, func() {
		p := r.Purpose("contracts")
		_, _ = p.Category("iin")
		_ = p.Allows(View) && p.SendsTo("RU")
		_ = p.Recipient("180340022918")
		_ = r.Base(p.Base)
		_, _ = r.Category("email")
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// duty: L1.1, L6.1
func TestCatalogue(t *testing.T) {
	t.Parallel()
	for _, c := range Catalogue() {
		if !isID(c.ID) || c.Name.KK == "" || strings.Contains(c.Name.KK+c.Name.RU+c.Name.EN, "⟦") || c.Access != Restricted {
			t.Errorf("%+v", c)
		}
		biometric := strings.HasPrefix(c.ID, "biometric-")
		if biometric != (c.Class == Biometric) {
			t.Errorf("%s is %s", c.ID, c.Class)
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	for _, a := range AllActions() {
		if got, ok := ParseAction(a.String()); !ok || got != a {
			t.Errorf("%s reads as %s", a, got)
		}
	}
	for alias, want := range map[string]Action{
		"record": Accumulate, "systematise": Accumulate, "clarify": Change, "extract": Use, "delete": Destroy,
	} {
		if got, ok := ParseAction(alias); !ok || got != want {
			t.Errorf("%s reads as %s", alias, got)
		}
	}
	if a, ok := ParseAction("none"); ok || a != 0 || Action(99).String() != "none" {
		t.Error("none is an action")
	}
	set := ActionSet(View, Access, Collect)
	if got := set.List(); !slices.Equal(got, []Action{Collect, View, Access}) || set.String() != "collect,view,access" {
		t.Errorf("%v", got)
	}
}

// duty: L1.17, L12.2, L25.2.10
func TestWarnings(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(`
organization: {bin: "150940018738", name: {ru: A}, roles: [operator]}
bases: [{id: cloud, name: {ru: B}, country: DE, holds: external}]
purposes:
  - id: a
    name: {ru: A}
    base: cloud
    categories: [name]
    actions: [collect, disseminate]
    recipients: [{bin: "180340022918", name: {ru: C}, country: RU}, {bin: "150940018738", name: {ru: A}, country: KZ}]
    cross_border: [DE]
    research: true
`), ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range Warnings(d) {
		got = append(got, w.Field+" "+w.Code+" "+strings.Join(w.Provisions, ","))
		checkTexts(t, w)
	}
	want := []string{
		"organization.officer officer-missing 25(2)10",
		"bases[0].country base-abroad 12(2)",
		"purposes[0].recipients[0].country recipient-abroad 8(4)5",
		"purposes[0].recipients recipients-without-transfer 8(4)4",
		"purposes[0].cross_border countries-without-transfer 8(4)5",
		"purposes[0].public public-without-dissemination 8(4)6",
		"purposes[0].research research-without-depersonalisation 17(1)",
		"purposes[0].recipients[1].bin recipient-itself 1(17)",
		"policy.published policy-unpublished 25(2)1-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
