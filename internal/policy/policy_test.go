package policy

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/register"
)

var update = flag.Bool("update", false, "write golden files")

func parse(t *testing.T, source []byte) *register.Description {
	t.Helper()
	d, err := register.Parse(source, ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func bestam(t *testing.T) *register.Description {
	t.Helper()
	source, err := os.ReadFile("../../examples/bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, source)
}

// full has all that bestam has not, and none of what it has.
const full = `
organization: {bin: "150940018738", name: {ru: "<b>Клиника</b>"}, roles: [operator]}
bases:
  - {id: cards, name: {ru: Картотека}, country: KZ, holds: paper, location: Астана}
purposes:
  - id: treatment
    name: {ru: Лечение}
    base: cards
    categories: [name, health]
    actions: [collect, use, transfer, crossBorder, disseminate]
    recipients:
      - {bin: "180340022918", name: {ru: Лаборатория}, country: DE}
    cross_border: [DE, TR]
    public: true
    basis: {provision: "9(10)", document: "закон № 1, статья 2"}
  - id: billing
    name: {ru: Расчёты}
    base: cards
    categories: [name]
    actions: [collect, transfer]
    recipients:
      - {bin: "180340022918", name: {ru: Лаборатория}, country: DE}
`

func edition(t *testing.T) *law.Edition {
	t.Helper()
	e, ok := law.ByID("2023-04")
	if !ok {
		t.Fatal("no edition 2023-04")
	}
	return e
}

func render(t *testing.T, d *register.Description, lang locale.Lang) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, d, 3, lang, edition(t), nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// duty: L25.2.1-1, P13.2
func TestGolden(t *testing.T) {
	t.Parallel()
	d := bestam(t)
	for _, lang := range locale.All {
		path := "testdata/bestam." + string(lang) + ".html"
		got := render(t, d, lang)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // a golden file is public
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
	}
}

// What the description declares stands in the policy, and what it does not
// declare is said to be absent.
// duty: P1.2, L1.2, L6.1, L8.4.4, L8.4.5, L8.4.6, L24.1.1
func TestEverythingDeclaredIsThere(t *testing.T) {
	t.Parallel()
	site, clinic := render(t, bestam(t), locale.RU), render(t, parse(t, []byte(full)), locale.RU)
	for _, tt := range []struct{ page, has string }{
		{site, "150940018738"},
		{site, "Айгүл Сәрсенова"},
		{site, "ко всему, что мы можем узнать о посетителях сайта https://"},
		{site, "ограниченный"},
		{site, "3 года после того, как цель достигнута или согласие прекратилось"},
		{site, "30 календарных дней"},
		{site, "ТОО «Примерная платёжная организация»"},
		{site, locale.Text(locale.RU, "policy.abroad.none")},
		{site, locale.Text(locale.RU, "policy.public.none")},
		{site, locale.Text(locale.RU, "policy.sensitive.none")},
		{site, locale.Text(locale.RU, "policy.purpose.marketing")},
		{site, locale.Text(locale.RU, "policy.purpose.research")},
		{site, "Отзыв согласия на обработку персональных данных"},
		{site, "mailto:sale@gos24.kz?subject=%d0%9e%d1%82%d0%b7%d1%8b%d0%b2%20"},
		{site, "https://casinomontana.kz/politics"},
		{site, "1 января 2026"},
		{site, "10 рабочих дней"},
		{clinic, "&lt;b&gt;Клиника&lt;/b&gt;"},
		{clinic, "состояние здоровья: особые данные"},
		{clinic, "Лечение: Германия, Турция"},
		{clinic, "<td>180340022918</td><td>Германия</td><td>Лечение; Расчёты</td>"},
		{clinic, "иной закон (Закон, 9(10)): закон № 1, статья 2"},
		{clinic, locale.Text(locale.RU, "policy.purpose.term.none")},
		{clinic, locale.Text(locale.RU, "policy.purpose.public")},
		{clinic, locale.Text(locale.RU, "policy.sources.paper")},
		{clinic, "Картотека: Казахстан, Астана"},
	} {
		if !strings.Contains(tt.page, tt.has) {
			t.Errorf("%q is not there", tt.has)
		}
	}
	for _, tt := range []struct{ page, not string }{
		{site, "состояние здоровья"},
		{clinic, "mailto:"},
		{clinic, "о посетителях"}, // it has no site
		{clinic, locale.Text(locale.RU, "policy.sources.self")},
		{clinic, locale.Text(locale.RU, "policy.abroad.none")},
		{clinic, locale.Text(locale.RU, "policy.protection.encryption")},
	} {
		if strings.Contains(tt.page, tt.not) {
			t.Errorf("%q is there", tt.not)
		}
	}
}

// The duties of storing, blocking and destroying bind whatever was declared, so
// the policy names them as the gate allows them.
func TestActionsAreThoseOfTheGate(t *testing.T) {
	t.Parallel()
	d := parse(t, []byte(full))
	page := render(t, d, locale.EN)
	const want = "collection, storage, use, transfer to third parties, dissemination, cross-border transfer, blocking, lifting the block, destruction"
	if !strings.Contains(page, want) {
		t.Error(page)
	}
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang   locale.Lang
		period register.Period
		want   string
	}{
		{locale.RU, register.Period{Years: 1}, "1 год"},
		{locale.RU, register.Period{Years: 3}, "3 года"},
		{locale.RU, register.Period{Years: 5}, "5 лет"},
		{locale.RU, register.Period{Years: 1, Months: 6}, "1 год 6 месяцев"},
		{locale.KK, register.Period{Years: 3}, "3 жыл"},
		{locale.EN, register.Period{Years: 1}, "1 year"},
		{locale.EN, register.Period{Years: 3}, "3 years"},
		{locale.EN, register.Period{}, ""},
	} {
		if got := Period(tt.lang, tt.period); got != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.period, tt.lang, got, tt.want)
		}
	}
}

// Every provision that the template cites is in every edition: one that an
// edition drops would vanish from the page without a word.
func TestCitedProvisionsExist(t *testing.T) {
	t.Parallel()
	source, err := files.ReadFile("policy.html")
	if err != nil {
		t.Fatal(err)
	}
	cites := 0
	for _, action := range strings.Split(string(source), ".Cite ")[1:] {
		action, _, _ = strings.Cut(action, "}}")
		for _, p := range strings.Fields(action) {
			cites++
			for _, e := range law.Editions() {
				if _, ok := e.Provision(law.Provision(strings.Trim(p, `"`))); !ok {
					t.Errorf("edition %s has no provision %s", e.ID, p)
				}
			}
		}
	}
	if cites == 0 {
		t.Error("no citation found")
	}
}

func TestFragmentIsSoundHTML(t *testing.T) {
	t.Parallel()
	for _, d := range []*register.Description{bestam(t), parse(t, []byte(full)), parse(t, []byte(
		`organization: {bin: "150940018738", name: {kk: А}, roles: [third-party]}`))} {
		for _, lang := range locale.All {
			page := render(t, d, lang)
			if i := strings.Index(page, "⟦"); i >= 0 {
				t.Errorf("%s: a text is missing: %.60s", lang, page[i:])
			}
			checkHTML(t, page)
		}
	}
}

var void = []string{"br", "hr", "img", "input", "meta", "link"}

// checkHTML finds tags left open, headings that skip a level, header cells
// without a scope, ids given twice or pointed to and absent, and anything that
// a page with a strict content policy would drop.
func checkHTML(t *testing.T, page string) {
	t.Helper()
	var open []string
	ids, pointed := map[string]bool{}, map[string]bool{}
	level := 0
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("left open: %v", open)
			}
			for id := range pointed {
				if !ids[id] {
					t.Errorf("nothing has the id %s", id)
				}
			}
			return
		case html.StartTagToken:
			token := z.Token()
			attr := map[string]string{}
			for _, a := range token.Attr {
				attr[a.Key] = a.Val
			}
			if !slices.Contains(void, token.Data) {
				open = append(open, token.Data)
			}
			if n := strings.Index("h1h2h3h4", token.Data); n >= 0 && len(token.Data) == 2 && token.Data[0] == 'h' {
				if next := n/2 + 1; next > level+1 {
					t.Errorf("h%d after h%d", next, level)
				}
				level = n/2 + 1
				if attr["id"] == "" {
					t.Errorf("a %s without an id", token.Data)
				}
			}
			if token.Data == "th" && attr["scope"] == "" {
				t.Error("a th without a scope")
			}
			if token.Data == "script" || token.Data == "style" || attr["style"] != "" {
				t.Errorf("%s is not allowed here", token)
			}
			if id := attr["id"]; id != "" {
				if ids[id] {
					t.Errorf("the id %s stands twice", id)
				}
				ids[id] = true
			}
			if id := attr["aria-labelledby"]; id != "" {
				pointed[id] = true
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestErrorOfTheWriter(t *testing.T) {
	t.Parallel()
	if err := Render(broken{}, bestam(t), 1, locale.KK, edition(t), nil); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}
