package law

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"kelisim/internal/locale"
)

func TestProvisionsStandAsInTheLaw(t *testing.T) {
	t.Parallel()
	want := []Provision{
		"1", "1(1)", "1(2)", "1(12)", "2", "8", "8(1)", "8(4)", "8(4)3", "8(4)8", "8-1", "8-1(1)", "8-1(2)1", "8-2",
		"9", "9(9)", "9(9-1)", "9(9-4)", "9(10)", "10", "25(2)1", "25(2)1-1", "25(2)2", "25(2)10", "27", "27-1(1)7-3", "28",
		"policy 1.2", "policy 3.1(2)", "policy 3.2(4)", "policy 5", "policy 5.9", "policy 5.11", "policy 10.3", "policy 10.10",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Provision.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, e := range Editions() {
		if !slices.IsSortedFunc(e.Provisions(), func(a, b Rule) int { return a.ID.Compare(b.ID) }) {
			t.Errorf("edition %s: provisions are out of order", e.ID)
		}
	}
}

func TestCompareIsAnOrder(t *testing.T) {
	t.Parallel()
	provision := rapid.Map(rapid.StringMatching(`(policy )?[0-9]{1,2}(-[1-3])?(\([0-9]{1,2}(-[1-3])?\)([0-9]{1,2}(-[1-3])?)?)?`),
		func(s string) Provision { return Provision(s) })
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := provision.Draw(t, "a"), provision.Draw(t, "b"), provision.Draw(t, "c")
		if a.Compare(b) != -b.Compare(a) || (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%s and %s compare as %d and %d", a, b, a.Compare(b), b.Compare(a))
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%s, %s, %s", a, b, c)
		}
		if !a.Within(a) || !a.Within(a.Article()) || a.Compare(a.Article()) < 0 {
			t.Fatalf("%s is not within itself and its article", a)
		}
	})
}

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p, q Provision
		want bool
	}{
		{"8(4)3", "8(4)", true},
		{"8(4)3", "8", true},
		{"8", "8(4)3", false},
		{"8-1(1)", "8", false},
		{"9(9-1)", "9(9)", false},
		{"policy 5.9", "5", false},
		{"policy 5.9", "policy 5", true},
	} {
		if got := c.p.Within(c.q); got != c.want {
			t.Errorf("%s within %s: %t", c.p, c.q, got)
		}
	}
}

func TestAtChoosesByTheDayOfTheEvent(t *testing.T) {
	t.Parallel()
	day := func(year int) time.Time { return time.Date(year, 2, 11, 0, 0, 0, 0, time.UTC) }
	all := []*Edition{{ID: "a", From: day(2023)}, {ID: "b", From: day(2024)}, {ID: "c", From: day(2026)}}
	for _, c := range []struct {
		when time.Time
		want string
	}{
		{day(2013), "a"}, // before all of them
		{day(2023), "a"},
		{day(2024).Add(-1), "a"},
		{day(2024), "b"},
		{day(2025), "b"},
		{day(2030), "c"},
	} {
		if got := at(all, c.when); got.ID != c.want {
			t.Errorf("%s: %s, want %s", c.when, got.ID, c.want)
		}
	}
}

func TestEditions(t *testing.T) {
	t.Parallel()
	first := Editions()[0]
	if got := At(first.From.AddDate(-1, 0, 0)); got != first {
		t.Errorf("what was before all editions is judged by %s", got.ID)
	}
	if want := "2023-04-19T00:00:00+06:00"; first.From.Format(time.RFC3339) != want {
		t.Errorf("the edition begins %s, want midnight in Almaty, %s", first.From.Format(time.RFC3339), want)
	}
	if e, ok := ByID("2023-04"); !ok || e != first {
		t.Error("2023-04 is not found")
	}
	if _, ok := ByID("1999-01"); ok {
		t.Error("an edition that does not exist is found")
	}
}

// Whatever an edition names by provision must be there to be read.
func TestEveryNamedProvisionExists(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for p, who := range namedBy(e) {
			if _, ok := e.Provision(p); !ok {
				t.Errorf("edition %s: %s names %s, which is missing", e.ID, who, p)
			}
		}
	}
}

func namedBy(e *Edition) map[Provision]string {
	named := map[Provision]string{}
	for _, r := range e.Provisions() {
		named[r.ID.Article()] = string(r.ID)
	}
	for _, g := range e.Grounds() {
		named[g.Provision] = "a ground"
	}
	for _, term := range e.Terms() {
		named[term.Provision] = "term " + term.Key
	}
	for _, r := range e.Reasons() {
		for _, p := range r.Provisions {
			named[p] = "reason " + r.TextKey
		}
	}
	for _, d := range Duties() {
		named[d.Provision] = "duty " + d.ID
	}
	return named
}

func TestEveryArticleIsThere(t *testing.T) {
	t.Parallel()
	articles := strings.Fields("1 2 3 4 5 6 7 8 8-1 8-2 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 23-1 24 25 26 27 27-1 28 29 30 31")
	var got []string
	for _, r := range Editions()[0].Provisions() {
		if r.ID == r.ID.Article() && !strings.HasPrefix(string(r.ID), policyPrefix) {
			got = append(got, string(r.ID))
		}
	}
	if !slices.Equal(got, articles) {
		t.Errorf("got %v", got)
	}
}

func TestNothingIsThereTwice(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		if len(e.rules) != len(e.rule) || len(e.grounds) != len(e.ground) || len(e.terms) != len(e.term) {
			t.Errorf("edition %s: %d rules at %d provisions, %d grounds at %d, %d terms under %d keys",
				e.ID, len(e.rules), len(e.rule), len(e.grounds), len(e.ground), len(e.terms), len(e.term))
		}
	}
}

func TestTextsAreInThreeLanguages(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		isTranslated(t, "name of "+e.ID, e.Name)
		isTranslated(t, "authority of "+e.ID, e.Authority)
		for _, r := range e.Provisions() {
			isTranslated(t, "title of "+string(r.ID), r.Title)
			isTranslated(t, "text of "+string(r.ID), r.Text)
			isTranslated(t, "source of "+string(r.ID), r.Source)
		}
		for _, term := range e.Terms() {
			isTranslated(t, "source of term "+term.Key, term.Source)
			isKey(t, term.TextKey())
		}
		for _, g := range e.Grounds() {
			isKey(t, g.TextKey())
		}
		for _, r := range e.Reasons() {
			isKey(t, r.TextKey)
			isKey(t, r.TextKey+".hint")
		}
	}
}

func isKey(t *testing.T, key string) {
	t.Helper()
	if !locale.Has(key) {
		t.Errorf("no text for %s", key)
		return
	}
	isTranslated(t, key, locale.String{KK: locale.Text(locale.KK, key), RU: locale.Text(locale.RU, key), EN: locale.Text(locale.EN, key)})
}

func isTranslated(t *testing.T, what string, s locale.String) {
	t.Helper()
	if s.KK == "" || s.RU == "" || s.EN == "" {
		t.Errorf("%s is not in three languages: %+v", what, s)
	}
	if s.KK == s.RU || s.RU == s.EN || s.KK == s.EN {
		t.Errorf("%s is the same in two languages: %+v", what, s)
	}
	if strings.ContainsAny(strings.ToLower(s.RU), "әғқңөұүһі") && !strings.Contains(s.RU, "НҚ") {
		t.Errorf("%s: the Russian text has Kazakh letters: %s", what, s.RU)
	}
	for _, word := range strings.FieldsFunc(s.KK+" "+s.RU, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if strings.ContainsFunc(word, isLatin) && !(strings.IndexFunc(word, isCyrillic) < 0) {
			t.Errorf("%s: %q mixes Latin and Cyrillic letters", what, word)
		}
	}
}

func isLatin(r rune) bool    { return unicode.Is(unicode.Latin, r) }
func isCyrillic(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }

// A certainty that is not of the act itself must say where it comes from.
func TestWhatIsNotPrimaryNamesItsSource(t *testing.T) {
	t.Parallel()
	marks := []Certainty{Primary, Secondary, Code, Verified, Memory, Unknown}
	for _, e := range Editions() {
		for _, r := range e.Provisions() {
			if !slices.Contains(marks, r.Certainty) {
				t.Errorf("%s: mark %q", r.ID, r.Certainty)
			}
		}
		for _, term := range e.Terms() {
			rule, _ := e.Provision(term.Provision)
			if !slices.Contains(marks, term.Certainty) || term.Certainty != Primary && term.Source == rule.Source {
				t.Errorf("term %s: mark %q, source %q", term.Key, term.Certainty, term.Source.EN)
			}
		}
	}
}

func TestBrokenEditionsDoNotLoad(t *testing.T) {
	t.Parallel()
	const same = "- provision: \"9(5)\"\n  document: true\n  not-for: [marketing]\n"
	for name, c := range map[string]struct{ file, old, new, says string }{
		"an unknown key":        {"2023-04/grounds.yaml", "sector:", "sektor:", "sektor"},
		"a date that is none":   {"2023-04/edition.yaml", "2023-04-19", "2023-04-31", "day out of range"},
		"a reason left out":     {"2023-04/reasons.yaml", "data-blocked:", "# data-blocked:", "reason data-blocked has no provisions"},
		"a reason of its own":   {"2023-04/reasons.yaml", "data-blocked:", "because: []\ndata-blocked:", "there is no reason because"},
		"a file that is absent": {"2023-04/terms.yaml", "", "", "terms.yaml"},
		"no rules":              {"2023-04/policy.txt", "", "", "policy.txt"},
		"a rule's unknown key":  {"2023-04/provisions.txt", "\nkk: ", "\nkz: ", "line 9: kz: there is no such key"},
		"a rule's key twice":    {"2023-04/provisions.txt", "\nkk: ", "\nen: a\nkk: ", "line 12: en: stands here twice"},
		"a line without a key":  {"2023-04/policy.txt", "id: policy 1", "policy 1", "line 4: no \"key: text\""},
		"a rule's bad date":     {"2023-04/provisions.txt", "id: 1\n", "id: 1\nto: soon\n", "line 6: to: parsing time"},
		"a rule twice":          {"2023-04/provisions.txt", "id: 1(2)\n", "id: 1(1)\n", "provision 1(1) stands here twice"},

		"over nothing":              {"2023-04/edition.yaml", "id: 2023-04\n", "id: 2023-04\nover: 2022-01\n", `it lies over "2022-01", which is not there`},
		"over another than before":  {"2024-07/edition.yaml", "over: 2024-02", "over: 2023-04", `the edition before it is "2024-02"`},
		"a second whole one":        {"2024-07/edition.yaml", "over: 2024-02\n", "", "2024-07"},
		"no later than before":      {"2024-02/edition.yaml", "2024-02-11", "2023-04-19", `it begins no later than "2023-04"`},
		"not how sure":              {"2024-02/edition.yaml", "certainty: P\n", "", "how sure it is"},
		"sure in a way of its own":  {"2024-02/edition.yaml", "certainty: P\n", "certainty: X\n", `there is no mark "X"`},
		"another's name":            {"2024-02/edition.yaml", "id: 2024-02", "id: 2024-03", `calls itself "2024-03"`},
		"a file of its own":         {"2024-02/ground.yaml", "", "[]", "no file of this name"},
		"the same ground again":     {"2024-02/grounds.yaml", "", same, "ground 9(5) is as it was"},
		"the same reason again":     {"2026-01/reasons.yaml", `, "8(7)"`, "", "consent-withdrawn is as it was"},
		"an unknown reason":         {"2026-01/reasons.yaml", "consent-withdrawn:", "because:", "there is no reason because"},
		"repeals what is not there": {"2024-07/terms.yaml", "amount: 1, unit: working-day", "repealed: true", "term breach-notice is repealed, and was not there"},
		"repeals and tells":         {"2024-02/provisions.txt", "id: 7(10)\n", "id: 7(10)\nrepealed: yes\n", "one of the two"},
		"repeals a little":          {"2024-02/provisions.txt", "id: 7(10)\n", "id: 7(10)\nrepealed: maybe\n", "only yes can stand here"},
		"repeals what is rested on": {"2024-02/provisions.txt", "id: 7(10)\n", "id: 9(5)\nrepealed: yes\n\nid: 7(10)\n", "a ground rests on 9(5), which is not there"},
		"a rule without an article": {"2024-02/provisions.txt", "id: 27-3\n", "id: 27-4(1)\n", "rests on 27-4, which is not there"},
		"two languages":             {"2024-02/provisions.txt", "\nen: A check", "\n# en: A check", "provision 27-3 is not told in every language"},
		"services of nothing":       {"2023-04/services.yaml", "", "", "services.yaml"},
		"a service of nowhere":      {"2023-04/services.yaml", "8-1(2)3", "8-9(2)3", "a service rests on 8-9(2)3, which is not there"},
		"a request of nowhere":      {"2023-04/requests.yaml", `right: "24(1)2"`, `right: "24(9)2"`, "rests on 24(9)2, which is not there"},
		"a request without a term":  {"2023-04/requests.yaml", "term: destroy-unconsented", "term: whenever", "has the term whenever, which is not there"},
		"an ending of nowhere":      {"2023-04/endings.yaml", `instead: "22(2)"`, `instead: "22(9)"`, "ending term rests on 22(9), which is not there"},
		"the same request again":    {"2026-01/requests.yaml", `{right: "8(7)", term: withdrawal-stop}`, `{right: "24(1)5", term: inform-subject}`, "request withdraw is as it was"},
		"a cost of nowhere":         {"2023-04/costs.yaml", `unlawful: {provision: "6"`, `unlawful: {provision: "66"`, "rests on 66, which is not there"},
		"a cost for anybody":        {"2023-04/costs.yaml", "bearer: operator}", "bearer: anybody}", "the cost of unlawful is borne by anybody"},
		"a class out of order":      {"2026-08/sizes.yaml", "up-to: 10000", "up-to: 600000", "size class medium is out of order"},
		"a class without an end":    {"2026-08/sizes.yaml", "{class: large}", "{class: large, up-to: 900000}", "size class large is out of order"},
		"a key of no overlay":       {"2026-08/sizes.yaml", "classes:", "sizes:", "sizes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := editionFiles(t)
			switch {
			case c.old != "":
				source := string(broken[c.file].Data)
				if !strings.Contains(source, c.old) {
					t.Fatalf("%s does not say %q", c.file, c.old)
				}
				broken[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(source, c.old, c.new, 1))}
			case c.new != "":
				broken[c.file] = &fstest.MapFile{Data: []byte(c.new)}
			default:
				delete(broken, c.file)
			}
			if _, err := load(broken, "."); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// editionFiles is a copy of every file of every edition.
func editionFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(files, "editions", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		source, err := files.ReadFile(name)
		all[strings.TrimPrefix(name, "editions/")] = &fstest.MapFile{Data: source}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTerms(t *testing.T) {
	t.Parallel()
	type span struct {
		provision Provision
		amount    int
		unit      Unit
		certainty Certainty
	}
	want := map[string]span{
		"public-removal":           {"6", 1, WorkingDay, Primary},
		"change":                   {"25(2)8", 1, WorkingDay, Primary},
		"block":                    {"25(2)8", 1, WorkingDay, Primary},
		"unblock":                  {"25(2)8", 1, WorkingDay, Primary},
		"destroy":                  {"25(2)8", 1, WorkingDay, Primary},
		"destroy-unconsented":      {"18(3-1)", 1, WorkingDay, Secondary},
		"initiator-notice":         {"8-1(3)", 0, WorkingDay, Primary},
		"transfer-notice":          {"19(1)", 10, WorkingDay, Primary},
		"inform-subject":           {"25(2)6", 3, WorkingDay, Secondary},
		"refuse-subject":           {"25(2)7", 3, WorkingDay, Secondary},
		"journal-retention":        {"22(1)5", 3, Year, Secondary},
		"authority-answer":         {"policy 3.2(4)", 30, CalendarDay, Primary},
		"dissemination-conditions": {"policy 5.13", 3, WorkingDay, Primary},
		"appeal-decision":          {"27-1(1)3", 15, WorkingDay, Secondary},
		"hold-decision":            {"27-1(1)3", 15, WorkingDay, Secondary},
		"examination":              {"22(1)4", 0, CalendarDay, Primary},
		"majority":                 {"8(1)", 18, Year, Memory},
		"power-of-attorney":        {"8(1)", 1, Year, Memory},
	}
	e, _ := ByID("2023-04")
	got := map[string]span{}
	for _, term := range e.Terms() {
		got[term.Key] = span{term.Provision, term.Amount, term.Unit, term.Certainty}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		loadEditions()
	}
}

func FuzzParseRules(f *testing.F) {
	for _, name := range []string{"provisions.txt", "policy.txt"} {
		source, err := files.ReadFile("editions/2023-04/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source))
	}
	for _, s := range []string{"", "\n\n", "# a\nid: 1\r\nkk: a: b\n\n\nid: 2", "id:1", "id: 1\nid: 2", "from: 2023-04-19\nto: never", "\xff: \x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		rules, err := parseRules(source)
		if n := strings.Count(source, "\n") + 1; len(rules) > n {
			t.Errorf("%d rules in %d lines", len(rules), n)
		}
		for _, r := range rules {
			if err == nil && r == (Rule{}) {
				t.Errorf("a rule of nothing in %q", source)
			}
		}
	})
}
