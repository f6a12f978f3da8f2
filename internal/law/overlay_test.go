package law

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"kelisim/internal/locale"
)

// Two editions that follow each other differ where the later one says so, and
// nowhere else.
func TestEditionsDifferOnlyWhereTheOverlaySays(t *testing.T) {
	t.Parallel()
	for _, e := range Editions()[1:] {
		was := e.Over()
		differ(t, e, OfProvision, rulesOf(was), rulesOf(e))
		differ(t, e, OfGround, keyed(was.Grounds(), func(g Ground) string { return string(g.Provision) }), keyed(e.Grounds(), func(g Ground) string { return string(g.Provision) }))
		differ(t, e, OfTerm, keyed(was.Terms(), func(t Term) string { return t.Key }), keyed(e.Terms(), func(t Term) string { return t.Key }))
		differ(t, e, OfReason, keyed(was.Reasons(), func(r Reason) string { return r.TextKey }), keyed(e.Reasons(), func(r Reason) string { return r.TextKey }))
		differ(t, e, OfRequest, keyed(was.Requests(), func(r Request) string { return r.Kind }), keyed(e.Requests(), func(r Request) string { return r.Kind }))
		differ(t, e, OfEnding, keyed(was.Endings(), func(x Ending) string { return x.Cause }), keyed(e.Endings(), func(x Ending) string { return x.Cause }))
		differ(t, e, OfCost, keyed(was.Costs(), func(c Cost) string { return c.Cause }), keyed(e.Costs(), func(c Cost) string { return c.Cause }))
		if services := slices.ContainsFunc(e.Changes(), func(c Change) bool { return c.Of == OfServices }); services == reflect.DeepEqual(was.Services(), e.Services()) {
			t.Errorf("edition %s: says that the services change: %t", e.ID, services)
		}
		if sizes := slices.ContainsFunc(e.Changes(), func(c Change) bool { return c.Of == OfSizes }); sizes == reflect.DeepEqual(was.Sizes(), e.Sizes()) {
			t.Errorf("edition %s: says that its size classes change: %t", e.ID, sizes)
		}
	}
	if first := Editions()[0]; first.Over() != nil || len(first.Changes()) > 0 || first.Changed("8") {
		t.Error("the first edition changes something")
	}
}

func keyed[V any](all []V, key func(V) string) map[string]any {
	m := map[string]any{}
	for _, v := range all {
		m[key(v)] = v
	}
	return m
}

// rulesOf are the rules of an edition. The name of an article is its own and not
// of what lies in it.
func rulesOf(e *Edition) map[string]any {
	return keyed(slices.Collect(func(yield func(Rule) bool) {
		for _, r := range e.Provisions() {
			if r.ID != r.ID.Article() {
				r.Title = locale.String{}
			}
			if !yield(r) {
				return
			}
		}
	}), func(r Rule) string { return string(r.ID) })
}

func differ(t *testing.T, e *Edition, of Part, was, is map[string]any) {
	t.Helper()
	want := map[string]ChangeKind{}
	for key, v := range is {
		switch before, ok := was[key]; {
		case !ok:
			want[key] = Added
		case !reflect.DeepEqual(before, v):
			want[key] = Amended
		}
	}
	for key := range was {
		if _, ok := is[key]; !ok {
			want[key] = Repealed
		}
	}
	got := map[string]ChangeKind{}
	for _, c := range e.Changes() {
		if c.Of != of {
			continue
		}
		got[c.Key] = c.Kind
		if c.Of != OfReason && !e.Changed(c.Provision) {
			t.Errorf("edition %s does not say that %s is changed", e.ID, c.Provision)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("edition %s, %s: says %v, differs in %v", e.ID, of, got, want)
	}
}

// What an edition says it changes is what its files say.
func TestChangesAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`(?m)^id: (.+)$`)
	for _, e := range Editions()[1:] {
		source, err := files.ReadFile("editions/" + e.ID + "/provisions.txt")
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, m := range id.FindAllStringSubmatch(string(source), -1) {
			want = append(want, m[1])
		}
		for _, c := range e.Changes() {
			if c.Of == OfProvision {
				got = append(got, c.Key)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("edition %s: says it changes %v, its file %v", e.ID, got, want)
		}
	}
}

func TestRepealed(t *testing.T) {
	t.Parallel()
	all := editionFiles(t)
	for name := range all {
		if !strings.HasPrefix(name, "2023-04/") {
			delete(all, name)
		}
	}
	add := func(name, text string) { all["2024-01/"+name] = &fstest.MapFile{Data: []byte(text)} }
	add("edition.yaml", "id: 2024-01\nover: 2023-04\nfrom: 2024-01-01\ncertainty: M\n")
	add("provisions.txt", "id: 9(8)\nrepealed: yes\n\nid: 19(1)\ncertainty: V\nkk: а\nru: б\nen: c\n")
	add("grounds.yaml", "- {provision: \"9(8)\", repealed: true}\n")
	add("terms.yaml", "transfer-notice: {repealed: true}\nblock: {amount: 2, unit: working-day}\n")
	add("services.yaml", "state: {notice: \"8-1(2)3\", actions: [view], consent: \"8-1(2)1\"}\nnon-state: {notice: \"8-2(2)2\", consent: \"8-2(2)1\"}\n")
	editions, err := load(all, ".")
	if err != nil {
		t.Fatal(err)
	}
	e := editions[1]
	if got := e.Services().State.Actions; len(got) != 1 || len(editions[0].Services().State.Actions) != 7 || !e.Changed("8-1(2)3") {
		t.Errorf("the state service tells of %v", got)
	}
	if _, ok := e.Provision("9(8)"); ok || e.Change("9(8)") != Repealed {
		t.Errorf("9(8) is there: %t, %s", ok, e.Change("9(8)"))
	}
	if _, ok := e.Ground("9(8)"); ok {
		t.Error("a repealed ground is there")
	}
	if _, ok := e.Term("transfer-notice"); ok {
		t.Error("a repealed term is there")
	}
	if g, ok := e.Ground("9(9)"); !ok || g.Provision != "9(9)" {
		t.Error("the ground after a repealed one is not found")
	}
	if block, _ := e.Term("block"); block.Amount != 2 || block.Provision != "25(2)8" || block.Certainty != Memory {
		t.Errorf("a term that says only what is new: %+v", block)
	}
	if rule, _ := e.Provision("19(1)"); rule.Certainty != Verified || rule.Title.EN != "Notice of a transfer" {
		t.Errorf("an amended rule: %+v", rule)
	}
	if got := e.Change("25(2)8"); got != Amended { // by its term alone
		t.Errorf("25(2)8 is %q", got)
	}
	if e.Authority != editions[0].Authority {
		t.Error("the authorised body is lost")
	}
	if was, _ := editions[0].Ground("9(8)"); was.Provision != "9(8)" {
		t.Error("the edition before has changed too")
	}
}

// What is not the letter of the Law says so wherever it is printed, and a day
// that was worked out does too.
func TestEveryDoubtfulFactShowsItsMark(t *testing.T) {
	t.Parallel()
	doubtful := 0
	for _, e := range Editions() {
		for _, lang := range locale.All {
			list := printed(t, e, lang, "")
			for _, r := range e.Provisions() {
				line := regexp.MustCompile(`(?m)^ *` + regexp.QuoteMeta(string(r.ID)) + ` .*$`).FindString(list)
				if marked := strings.Contains(line, "["+string(r.Certainty)); marked != (r.Certainty != Primary) {
					t.Errorf("%s, %s: %s in the list: %q", e.ID, lang, r.Certainty, line)
				}
				if e.Over() != nil && !e.Changed(r.ID) { // told in the edition before
					continue
				}
				page := strings.Join(strings.Fields(printed(t, e, lang, string(r.ID))), " ")
				if says := locale.Text(lang, "law.computed"); r.Computed != strings.Contains(page, says) {
					t.Errorf("%s, %s, %s: computed %t is not told:\n%s", e.ID, lang, r.ID, r.Computed, page)
				}
				if says := "(" + locale.Text(lang, "law.certainty."+string(r.Certainty)) + ")"; !strings.Contains(page, says) {
					t.Errorf("%s, %s, %s does not say %q:\n%s", e.ID, lang, r.ID, says, page)
				}
				if r.Certainty != Primary {
					doubtful++
				}
			}
			for _, term := range e.Terms() {
				page := strings.Join(strings.Fields(printed(t, e, lang, string(term.Provision))), " ")
				if says := term.Source.In(lang) + " (" + locale.Text(lang, "law.certainty."+string(term.Certainty)) + ")"; term.Certainty != Primary && !strings.Contains(page, says) {
					t.Errorf("%s, %s, term %s does not say %q:\n%s", e.ID, lang, term.Key, says, page)
				}
			}
		}
	}
	if doubtful == 0 {
		t.Error("nothing is in doubt")
	}
}

func printed(t *testing.T, e *Edition, lang locale.Lang, id string) string {
	t.Helper()
	var b strings.Builder
	if err := Print(&b, e, lang, id); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every fact names its source, how sure it is, and since when it holds, which is
// not after the edition that carries it unless its own file says so.
func TestEveryFactHasAnOrigin(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		check := func(what string, o Origin) {
			isTranslated(t, "source of "+what, o.Source)
			if o.From.IsZero() || o.Certainty == "" {
				t.Errorf("edition %s: %s has no day or no mark: %+v", e.ID, what, o)
			}
		}
		for _, r := range e.Provisions() {
			check(string(r.ID), r.Origin)
		}
		for _, g := range e.Grounds() {
			check("ground "+string(g.Provision), g.Origin)
			if g.From.After(e.From) { // a decision asks for no day within an edition
				t.Errorf("edition %s opens the ground %s before its day", e.ID, g.Provision)
			}
		}
		for _, term := range e.Terms() {
			check("term "+term.Key, term.Origin)
		}
		for _, x := range e.Endings() {
			check("ending "+x.Cause, x.Origin)
		}
		for _, s := range e.Sizes() {
			check("size class "+s.Class, s.Origin)
			isKey(t, s.TextKey())
		}
	}
}

func TestLaterEditions(t *testing.T) {
	t.Parallel()
	type span struct {
		provision Provision
		amount    int
		from      string
	}
	for _, c := range []struct {
		edition, term string
		want          span
	}{
		{"2024-07", "breach-notice", span{"25(2)8", 1, "2024-07-01"}},
		{"2026-01", "withdrawal-stop", span{"8(7)", 15, "2026-01-18"}},
		{"2026-01", "objection-answer", span{"19-1", 3, "2026-01-18"}},
		{"2026-08", "objection-answer", span{"19-1", 3, "2026-01-18"}},
		{"2026-08", "block", span{"25(2)8", 1, "2023-04-19"}},
	} {
		e, _ := ByID(c.edition)
		term, ok := e.Term(c.term)
		if got := (span{term.Provision, term.Amount, term.From.Format("2006-01-02")}); !ok || got != c.want || term.Unit != WorkingDay || term.Certainty != Primary {
			t.Errorf("%s, %s: %+v", c.edition, c.term, term)
		}
		if _, ok := e.Over().Term(c.term); ok && c.edition != "2026-08" {
			t.Errorf("%s is there before %s", c.term, c.edition)
		}
	}
	for _, c := range []struct {
		ground Provision
		since  string
	}{{"9(5-1)", "2024-02"}, {"9(2-1)", "2026-01"}} {
		for _, e := range Editions() {
			g, ok := e.Ground(c.ground)
			if ok != (e.ID >= c.since) || ok && (len(g.Kinds) == 0 || !g.Document) {
				t.Errorf("%s in %s: %t, %+v", c.ground, e.ID, ok, g)
			}
		}
	}
	latest := Editions()[len(Editions())-1]
	if _, ok := latest.Ground("9(9-5)"); ok {
		t.Error("a ground of which nobody knows the terms is open")
	}
	if rests := latest.Reason(ConsentWithdrawn).Provisions; !slices.Contains(rests, "8(7)") {
		t.Errorf("a withdrawal rests on %v", rests)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	e, _ := ByID("2026-08")
	for _, c := range []struct {
		subjects   int
		restricted bool
		want       string
	}{
		{0, false, "small"},
		{10_000, false, "small"},
		{10_001, false, "medium"},
		{499_999, false, "medium"},
		{500_000, false, "large"},
		{9_000_000, false, "large"},
		{10_000, true, "medium"},
		{10_001, true, "large"},
		{500_000, true, "large"},
	} {
		if got, ok := e.SizeOf(c.subjects, c.restricted); !ok || got.Class != c.want {
			t.Errorf("%d subjects, restricted %t: %s, want %s", c.subjects, c.restricted, got.Class, c.want)
		}
	}
	if got, ok := e.Over().SizeOf(1, false); ok {
		t.Errorf("an edition without classes has %+v", got)
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	e, _ := ByID("2026-08")
	a, ok := e.About("25-1")
	if !ok || a.Change != Added || a.Was != nil || len(a.Sizes) != 3 {
		t.Errorf("25-1: %+v", a)
	}
	a, _ = e.About("18")
	if a.Change != Amended || a.Was == nil || !strings.Contains(a.Was.Text.EN, "locked away") || len(a.Within) != 4 || len(a.Reasons) == 0 || len(a.Duties) == 0 {
		t.Errorf("18: %+v", a)
	}
	a, _ = e.About("9(2-1)")
	if a.Change != "" || a.Ground == nil || a.Ground.Kinds[0] != "military-registration" {
		t.Errorf("9(2-1): %+v", a)
	}
	if _, ok := e.About("99"); ok {
		t.Error("there is a provision 99")
	}
	if got := Find(" L8.2 "); got != "8(2)" {
		t.Errorf("the duty L8.2 stands in %s", got)
	}
	if got := Having("10-1"); len(got) != 1 || got[0] != e {
		t.Errorf("10-1 is in %d editions", len(got))
	}
	if len(Having("8")) != len(Editions()) || len(Having("99")) != 0 {
		t.Error("editions that have a provision are not found")
	}
}

func TestNear(t *testing.T) {
	t.Parallel()
	e := Editions()[0]
	for asked, want := range map[string]string{
		"9.4": "9(4)", "25-2-8": "25(2)8", "9 (9-1)": "9(9-1)", "8.1": "8(1) 8-1", "9(99)": "9", "10-1": "10(1)", "policy-5-9": "policy 5.9",
		"policy 5.99": "policy 5", "99": "", "": "", "<b>": "",
	} {
		var got []string
		for _, r := range e.Near(asked) {
			got = append(got, string(r.ID))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: near are %v, want %s", asked, got, want)
		}
	}
}
