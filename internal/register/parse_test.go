package register

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

var update = flag.Bool("update", false, "write golden files")

var want = regexp.MustCompile(`^# want line (\d+): ([a-z-]+) ?(.*)\n`)

// Each bad description names in its first line what is wrong with it: exactly
// that one fault comes back, and it has a text in every language.
func TestBadDescriptions(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no bad descriptions", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m := want.FindSubmatch(data)
			if m == nil {
				t.Fatal("the first line does not say what is wrong")
			}
			line, _ := strconv.Atoi(string(m[1]))
			d, err := Parse(data, ident.Rules{})
			list := faults(t, err)
			if d != nil || len(list) != 1 {
				t.Fatalf("want one fault, got:\n%v", list)
			}
			got := list[0]
			if got.Line != line || got.Code != string(m[2]) || got.Field != string(m[3]) {
				t.Errorf("got line %d: %s %s", got.Line, got.Code, got.Field)
			}
			checkTexts(t, got)
		})
	}
}

func faults(t testing.TB, err error) fault.List {
	t.Helper()
	var list fault.List
	if err != nil && !errors.As(err, &list) {
		t.Fatalf("not a fault.List: %v", err)
	}
	return list
}

func checkTexts(t testing.TB, e *fault.Error) {
	t.Helper()
	for _, lang := range locale.All {
		text, hint := locale.Fault(lang, e)
		if strings.ContainsAny(text+hint, "⟦") {
			t.Errorf("%s of %s: %s %s", e.Code, lang, text, hint)
		}
	}
}

// All that is wrong is said at once, in the order of the lines.
func TestEveryFaultIsReported(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte(`
organization: {bin: "1", name: {ru: A}, roles: [boss], web: x}
bases: [{id: site, name: {ru: B}, country: KZ, holds: vault}]
purposes:
  - {id: a, name: {ru: A}, base: shop, categories: [health], actions: [look]}
`), ident.Rules{})
	var got []string
	for _, e := range faults(t, err) {
		got = append(got, fmt.Sprintf("%d %s", e.Line, e.Code))
	}
	want := []string{
		"2 bin-length", "2 not-one-of", "2 unknown-key",
		"5 action-unknown", "5 base-unknown", "5 special-on-consent",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// duty: P5.9
func TestSpecialDataNeedsAProvision(t *testing.T) {
	t.Parallel()
	const purpose = `
organization: {bin: "150940018738", name: {ru: A}, roles: [operator]}
bases: [{id: site, name: {ru: B}, country: KZ, holds: vault}]
purposes: [{id: a, name: {ru: A}, base: site, categories: [health], actions: [collect], basis: %s}]
`
	_, err := Parse(fmt.Appendf(nil, purpose, "consent"), ident.Rules{})
	if list := faults(t, err); len(list) != 1 || !cmp.Equal(list[0].Provisions, []string{"policy 5.9"}) {
		t.Errorf("on consent: %v", list)
	}
	if _, err := Parse(fmt.Appendf(nil, purpose, `{provision: "9(10)", document: "Law 1, article 2"}`), ident.Rules{}); err != nil {
		t.Errorf("on a provision: %v", err)
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	for source, near := range map[string]string{
		"organisation: {}": "organization",
		"organization: {}\npurposes: [{retension: P1Y}]":        "retention",
		"organization: {}\npurposes: [{crossBorder: [RU]}]":     "cross_border",
		"organization: {}\npurposes: [{actions: [diseminate]}]": "disseminate",
	} {
		_, err := Parse([]byte(source), ident.Rules{})
		found := false
		for _, e := range faults(t, err) {
			found = found || len(e.Args) > 0 && e.Args[len(e.Args)-1] == near
		}
		if !found {
			t.Errorf("%q: %s is not suggested in\n%v", source, near, err)
		}
	}
}

// What a person pasted into a description does not come back in an error.
func TestErrorsRepeatNoValues(t *testing.T) {
	t.Parallel()
	const secret = "900101300017"
	for _, source := range []string{
		secret + ": x",
		"organization: {" + secret,
		"organization: {bin: '" + secret + "9', name: " + secret + ", roles: " + secret + "}",
		"organization: {website: '" + secret + "', contact: {email: '" + secret + "'}, sector: '" + secret + "'}",
		"purposes: [{id: 'A" + secret + "', retention: '" + secret + "', cross_border: ['" + secret + "'], public: '" + secret + "', actions: ['" + secret + "']}]",
	} {
		_, err := Parse([]byte(source), ident.Rules{})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q gives %v", source, err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, tt := range map[string]struct{ source, code string }{
		"size":             {strings.Repeat("#", maxBytes+1), "description-too-large"},
		"purposes":         {"purposes:\n" + many(maxItems+1, "- {id: p%d}\n"), "too-many-items"},
		"purposes in JSON": {`{"purposes":[` + strings.Repeat(`{},`, maxItems) + `{}]}`, "too-many-items"},
		"keys":             {many(100_000, "k%d: 1\n"), "too-many-items"},
		"the same key":     {strings.Repeat("k: 1\n", 200_000), "too-many-items"},
		"text":             {"organization: {website: " + strings.Repeat("x", maxText+1) + "}", "too-long"},
		"brackets":         {strings.Repeat("[", 500_000), "too-deep"},
		"braces":           {strings.Repeat("{a: ", 200_000), "too-deep"},
		"JSON brackets":    {`{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}", "too-deep"},
		"dashes in a line": {strings.Repeat("- ", 500_000), "too-deep"},
		"keys ever deeper": {func() (s string) {
			for i := range 100 {
				s += strings.Repeat(" ", i) + "k:\n"
			}
			return
		}(), "too-deep"},
		"alias bomb": {"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "description-yaml-feature"},
		"unknown categories": {
			"categories:\n" + many(maxItems, "- {id: abcdefghij%d, name: {ru: a}}\n") + "purposes:\n" +
				many(150, "- {id: p%d, name: {ru: a}, base: a, actions: [use], categories: ["+many(maxItems, "x%d,")+"]}\n"), "category-unknown",
		},
		"not UTF-8":            {"organization: \xff", "not-utf8"},
		"not UTF-8 in JSON":    {"{\"organization\": \"\xff\"}", "not-utf8"},
		"nothing":              {"", "description-empty"},
		"comment":              {"# nothing", "description-empty"},
		"windows-1251":         {"organization: {name: {ru: \xcf\xf0\xe8}}", "not-utf8"},
		"byte order mark only": {"\ufeff", "description-empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.source), ident.Rules{})
			list := faults(t, err)
			if len(list) == 0 || !fault.Is(err, tt.code) && !hasCode(list, tt.code) {
				t.Errorf("want %s, got %.300v", tt.code, err)
			}
			for _, e := range list {
				checkTexts(t, e)
			}
		})
	}
}

func hasCode(list fault.List, code string) bool {
	for _, e := range list {
		if e.Code == code {
			return true
		}
	}
	return false
}

// JSON with the same keys is the same description.
func TestJSONIsTheSame(t *testing.T) {
	t.Parallel()
	d := bestam(t)
	back, err := Parse(d.Canonical(), ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, back); diff != "" {
		t.Error(diff)
	}
	for source, line := range map[string]int{
		"{\n\"organization\": {},\n\"organization\": {}}": 3,
		"{\n\"organization\": {\n\"bin\": 5}}":            3,
	} {
		_, err := Parse([]byte(source), ident.Rules{})
		found := false
		for _, e := range faults(t, err) {
			found = found || e.Line == line
		}
		if !found {
			t.Errorf("%s: no fault on line %d in\n%v", source, line, err)
		}
	}
}

// What means the same is the same: spelling, order in sets, aliases.
func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	const a = `
organization: {bin: "150940018738", name: {ru: A}, roles: [owner, operator], contact: {email: A@Example.KZ}}
bases: [{id: site, name: {ru: B}, country: kz, holds: vault, kind: non-state}]
purposes: [{id: a, name: {ru: A}, base: site, categories: [name], actions: [record, use, systematise], cross_border: [ru, DE], public: false, basis: consent}]
`
	const b = `{
"organization": {"roles": ["operator", "owner"], "name": {"ru": "A"}, "bin": "150940 018738", "contact": {"email": "a@example.kz"}, "sector": "private"},
"bases": [{"holds": "vault", "country": "KZ", "id": "site", "name": {"ru": " B "}}], "categories": [],
"purposes": [{"cross_border": ["DE", "RU"], "actions": ["accumulate", "extract"], "id": "a", "name": {"ru": "A"}, "base": "site", "categories": ["name"], "retention": "P0D"}]
}`
	var forms [2]*Description
	for i, source := range []string{a, b} {
		d, err := Parse([]byte(source), ident.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		forms[i] = d
	}
	if diff := cmp.Diff(string(forms[0].Canonical()), string(forms[1].Canonical())); diff != "" || forms[0].Hash() != forms[1].Hash() {
		t.Error(diff)
	}
}

// The week of five days is written by leaving it out, so that descriptions from
// before there was the key keep their hash.
func TestWeekInCanonicalForm(t *testing.T) {
	t.Parallel()
	of := func(week string) *Description {
		d, err := Parse([]byte(`organization: {bin: "150940018738", name: {ru: A}, roles: [operator]`+week+`}`), ident.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	none, five, six := of(""), of(", week: 5"), of(`, week: "6"`)
	if none.Organization.Week != 0 || five.Hash() != none.Hash() || bytes.Contains(none.Canonical(), []byte("week")) {
		t.Errorf("%s", five.Canonical())
	}
	if six.Organization.Week != 6 || !bytes.Contains(six.Canonical(), []byte(`"week":6`)) {
		t.Errorf("%s", six.Canonical())
	}
	if back, err := Parse(six.Canonical(), ident.Rules{}); err != nil || back.Organization.Week != 6 {
		t.Error(back, err)
	}
}

func TestCanonicalGolden(t *testing.T) {
	t.Parallel()
	const path = "testdata/bestam.golden.json"
	got := append(bestam(t).Canonical(), '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil { //nolint:gosec // a golden file is public
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the canonical form of stored descriptions changed: their hashes no longer agree\n%s", cmp.Diff(string(want), string(got)))
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, path := range append(files, "../../examples/bestam/operator.yaml", "testdata/bestam.golden.json") {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data, ident.Rules{AllowTest: true})
		if err != nil {
			if list := faults(t, err); d != nil || len(list) == 0 {
				t.Fatalf("%v with %v", d, err)
			}
			return
		}
		back, err := Parse(d.Canonical(), ident.Rules{AllowTest: true})
		if err != nil {
			t.Fatalf("the canonical form is refused: %v\n%s", err, d.Canonical())
		}
		if !bytes.Equal(back.Canonical(), d.Canonical()) || len(Diff(d, back)) > 0 {
			t.Fatalf("read back it is\n%s\nand was\n%s", back.Canonical(), d.Canonical())
		}
		Compile(d, 1)
		Warnings(d)
	})
}
