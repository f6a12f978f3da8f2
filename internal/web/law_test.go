package web

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

var lawHref = regexp.MustCompile(`href="(/law[^"]*)"`)

// lawLinks are the links of a page into the Law.
func lawLinks(body string) []string {
	var all []string
	for _, m := range lawHref.FindAllStringSubmatch(body, -1) {
		all = append(all, html.UnescapeString(m[1]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Every provision of every edition has a page that says what it says, where that
// is from and how sure it is, and every link there leads to another.
func TestEveryProvisionHasAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor(locale.RU)
	led, seen := map[string]bool{}, map[string]bool{}
	for _, e := range law.Editions() {
		list := b.want(http.StatusOK, "/law?edition="+e.ID)
		for _, link := range lawLinks(list) {
			led[link] = true
		}
		for _, r := range e.Provisions() {
			if e.Over() != nil && !e.Changed(r.ID) { // its page is that of the edition before
				continue
			}
			link := lawLink(r.ID, e.ID)
			seen[link] = true
			body := b.want(http.StatusOK, link)
			text := html.UnescapeString(stripped(body))
			for _, says := range []string{r.Text.RU, r.Title.RU, r.Source.RU, locale.Text(locale.RU, "law.certainty."+string(r.Certainty)), locale.Date(locale.RU, r.From)} {
				if !strings.Contains(text, says) {
					t.Errorf("%s does not say %q", link, says)
				}
			}
			if computed := strings.Contains(text, locale.Date(locale.RU, r.From)+" ("+locale.Text(locale.RU, "page.law.computed")+")"); r.Computed && !computed {
				t.Errorf("%s does not say that its day was worked out", link)
			}
			for _, next := range lawLinks(body) {
				led[next] = true
			}
		}
	}
	for link := range led {
		if !seen[link] {
			b.want(http.StatusOK, link)
		}
	}
	if len(led) < 400 {
		t.Errorf("only %d links were found", len(led))
	}
}

var tag = regexp.MustCompile(`<[^>]*>`)

func stripped(body string) string { return tag.ReplaceAllString(body, "") }

func TestLawPageOfAnEdition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor(locale.EN)
	first := b.want(http.StatusOK, "/law")
	if !strings.Contains(first, `<option value="2023-04" selected>`) || strings.Contains(first, `role="note"`) || strings.Contains(first, "What this edition changes") {
		t.Error("without a choice the edition that binds is not shown as such")
	}
	later := b.want(http.StatusOK, "/law?edition=2026-08")
	for _, says := range []string{`<option value="2026-08" selected>`, "judged by the edition 2023-04", "What this edition changes", `<a href="/law/10-1?edition=2026-08">10-1</a>`} {
		if !strings.Contains(later, says) {
			t.Errorf("the page of 2026-08 does not say %q", says)
		}
	}
	w.Parties.Law = law.Following{Newest: law.Latest}
	if body := b.want(http.StatusOK, "/law"); !strings.Contains(body, `<option value="2026-08" selected>`) || strings.Contains(body, `role="note"`) {
		t.Error("an installation that follows the latest edition shows another")
	}
	w.applyText(strings.Replace(bestamText(t), "sector: private", "sector: private\n  week: 6", 1))
	officer := w.seatedAt(locale.EN, account.Officer, w.bestam)
	if a := officer.post("/console/explain", url.Values{"case": {example}}); !strings.Contains(a.body, "edition of August 2026") {
		t.Errorf("a case is judged by another edition than events are:\n%s", stripped(a.body))
	}
}

func TestProvisionPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor(locale.EN)
	for path, says := range map[string][]string{
		"/law/9(9-4)":                {"Article 9(9-4)", "anyone", "3 years", "A document is needed."},
		"/law/9(1)":                  {"shown to the subject later: 1 year at most", "Code of Criminal Procedure", "to be checked"},
		"/law/9%289-1%29":            {"state revenue bodies", "collection, accumulation"},
		"/law/policy%205.9":          {"Policy, 5.9", "special-category"},
		"/law/25(2)6":                {"3 working days", "order 395/НҚ of 21 October 2020", "from secondary sources"},
		"/law/18?edition=2026-08":    {"What it said before", "changed", "25 August 2026 (day worked out)"},
		"/law/25-1?edition=2026-08":  {"up to 10,000 people", "500,000 people and more", "one class higher", "new"},
		"/law/9(2-1)?edition=latest": nil,
	} {
		if says == nil {
			b.want(http.StatusNotFound, path)
			continue
		}
		body := b.want(http.StatusOK, path)
		for _, s := range says {
			if !strings.Contains(body, s) {
				t.Errorf("%s does not say %q", path, s)
			}
		}
		if strings.Contains(body, "_test.go") || strings.Contains(body, ".Test") {
			t.Errorf("%s tells of tests", path)
		}
	}
}

func TestAskingForWhatIsNotInTheLaw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.visitor(locale.EN)
	if a := b.get("/law/L8.2?edition=2024-02"); a.status != http.StatusSeeOther || a.header.Get("Location") != "/law/8%282%29?edition=2024-02" {
		t.Errorf("a duty: %d to %s", a.status, a.header.Get("Location"))
	}
	for path, says := range map[string][]string{
		"/law/10-1":             {"Look in these editions", "/law/10-1?edition=2026-08"},
		"/law/9.4":              {"Perhaps you mean", "/law/9%284%29?edition=2023-04"},
		"/law/9(99)":            {"Perhaps you mean", "/law/9?edition=2023-04"},
		"/law/%3Cb%3E":          {"such as 8(4)3", "/law?edition=2023-04"},
		"/law/%D1%81%D1%82":     {"All articles"},
		"/law/900101300017":     {"All articles"},
		"/law?edition=2025-01":  {"/law?edition=2023-04", "/law?edition=2026-08"},
		"/law/8?edition=1' or":  {"All articles"},
		"/law/8?edition=%00%FF": {"All articles"},
	} {
		body := b.want(http.StatusNotFound, strings.ReplaceAll(path, " ", "%20"))
		for _, s := range says {
			if !strings.Contains(body, s) {
				t.Errorf("%s does not say %q", path, s)
			}
		}
		if strings.Contains(body, "900101300017") || strings.Contains(body, "<b>") {
			t.Errorf("%s repeats what was asked", path)
		}
	}
}

// What other pages say of the Law leads to where it is explained, in the edition
// that they speak of.
func TestPagesLeadToTheLaw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.KK, w.asel)
	for path, want := range map[string][]string{
		"/me/journal/" + w.denied(w.asel).String(): {"/law/14?edition=2023-04", "/law/7%288%29?edition=2023-04"},
		"/me/consents/" + w.delivery.ID.String():   {"/law/12%282%29?edition=2023-04", "/law/18%281%29?edition=2023-04", "/law/8%282%29?edition=2023-04"},
		"/me/data":                                 {"/law/24%281%291?edition=2023-04", "/law/25%282%299?edition=2023-04"},
		bestamPolicy:                               {"/law/7%289%29?edition=2023-04", "/law/24%281%295?edition=2023-04", "/law/25%282%298?edition=2023-04", "/law/30?edition=2023-04"},
		"/":                                        {"/law"},
	} {
		links := lawLinks(b.want(http.StatusOK, path))
		for _, link := range want {
			if !slices.Contains(links, link) {
				t.Errorf("%s does not lead to %s: %v", path, link, links)
			}
		}
		for _, link := range links {
			b.want(http.StatusOK, link)
		}
	}
	ahead := strings.Replace(bestamText(t), "organization:\n", "organization:\n  edition: 2026-08\n", 1)
	w.applyText(ahead)
	if links := lawLinks(b.want(http.StatusOK, bestamPolicy)); !slices.Contains(links, "/law/18?edition=2026-08") {
		t.Errorf("the policy of who went ahead leads to %v", links)
	}
	denied := fault.New(fault.Denied, "withdrawal-barred")
	denied.Provisions = []string{"8(2)"}
	if got := string(norms(locale.EN, denied.Provisions)); got != `Provisions of the Law: <a href="/law/8%282%29">8(2)</a>.` {
		t.Errorf("the provisions of an error: %s", got)
	}
}

func TestLinked(t *testing.T) {
	t.Parallel()
	e := law.Editions()[0]
	for text, want := range map[string]string{
		"(Law, 8(2)).":          `(Law, <a href="/law/8%282%29?edition=2023-04">8(2)</a>).`,
		"9(9-1) & 27-1(1)7-3":   `<a href="/law/9%289-1%29?edition=2023-04">9(9-1)</a> &amp; <a href="/law/27-1%281%297-3?edition=2023-04">27-1(1)7-3</a>`,
		"<i>8(701)</i> 14 2024": `&lt;i&gt;8(701)&lt;/i&gt; 14 2024`,
		"":                      "",
	} {
		if got := string(linked(text, e)); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func bestamText(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("../../examples/bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}
