package law

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"kelisim/internal/fault"
	"kelisim/internal/locale"
)

// everything prints all there is in a language.
func everything(t *testing.T, lang locale.Lang) map[string]string {
	t.Helper()
	all := map[string]string{}
	var b strings.Builder
	for _, e := range Editions() {
		all[e.ID] = printed(t, e, lang, "")
		for _, r := range e.Provisions() {
			if e.Over() == nil || e.Changed(r.ID) {
				all[e.ID+" "+string(r.ID)] = printed(t, e, lang, string(r.ID))
			}
		}
		if err := PrintDuties(&b, e, lang); err != nil {
			t.Fatal(err)
		}
	}
	all["duties"] = b.String()
	b.Reset()
	if err := PrintEditions(&b, Editions()[0], lang); err != nil {
		t.Fatal(err)
	}
	all["editions"] = b.String()
	return all
}

func TestPrintFitsATerminal(t *testing.T) {
	t.Parallel()
	for _, lang := range locale.All {
		for id, text := range everything(t, lang) {
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if n := utf8.RuneCountInString(line); n > width && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%s, %q: %d characters: %s", lang, id, n, line)
				}
				if strings.HasSuffix(line, " ") || strings.ContainsAny(line, "⟦\t") {
					t.Errorf("%s, %q: %q", lang, id, line)
				}
			}
		}
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang locale.Lang
		id   string
		says []string
	}{
		{locale.EN, "", []string{"edition of April 2023", "8-1              The state service.", "  9(10)          Other cases"}},
		{locale.RU, "", []string{"8-1              Государственный сервис.", "пересказ"}},
		{locale.EN, "25(2)6", []string{"answer the subject about own data: 3 working days", "order 395/НҚ of 21 October 2020", "from secondary sources", "L25.2.6"}},
		{locale.KK, "9(2)", []string{"Келісімсіз негіз ретінде", "Құжат керек."}},
		{locale.EN, "9(9-4)", []string{"anyone", "3 years"}},
		{locale.EN, "9(1)", []string{"shown to the subject later: P1Y at most", "Art. 201", "to be checked"}},
		{locale.EN, "9(3)", []string{"state organizations", "must be depersonalised"}},
		{locale.EN, "8(4)", []string{"8(4)3", "L8.4.8", "consent-expired", "not-covered"}},
		{locale.EN, "L8.2", []string{"8(2)  Giving and withdrawing consent"}}, // by the id of a duty
		{locale.EN, " policy 5.9 ", []string{"special-category", "P5.9"}},
	} {
		e, _ := ByID("2023-04")
		var b strings.Builder
		if err := Print(&b, e, c.lang, c.id); err != nil {
			t.Errorf("%s: %v", c.id, err)
		}
		for _, s := range c.says {
			if !strings.Contains(b.String(), s) {
				t.Errorf("%s %q does not say %q:\n%s", c.lang, c.id, s, b.String())
			}
		}
	}
}

func TestPrintLaterEditions(t *testing.T) {
	t.Parallel()
	e, _ := ByID("2026-08")
	for id, says := range map[string][]string{
		"":       {"10-1             [S, new] Notice of processing.", "  9(9-5)         [?] One more", "18               [S, changed] Destruction."},
		"18":     {"Changed in this edition.", "  Before: Lists when data must be destroyed. The Digital Code", "The day is worked out, not confirmed."},
		"25-1":   {"New in this edition.", "small          up to 10,000 people", "large          500,000 people and more", "one class higher"},
		"9(2-1)": {"Open to: bodies of military registration", "from 14 September 2025. The day is worked out"},
	} {
		page := printed(t, e, locale.EN, id)
		for _, s := range says {
			if !strings.Contains(page, s) {
				t.Errorf("%q does not say %q:\n%s", id, s, page)
			}
		}
	}
}

func TestPrintEditions(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := PrintEditions(&b, Editions()[0], locale.EN); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"2023-04   Applied from 19 April 2023. Binding here now.\n", "2024-07   Applied from 1 July 2024.\n",
		"changed: 25(2)8, 27, 27-1 [S]\n", "new: 10-1 [S], 25-1 [S]\n",
		"2026-08   Applied from 25 August 2026. The day is worked out, not confirmed.\n",
		"          Ministry of Artificial Intelligence and Digital Development of the Republic of Kazakhstan\n",
	} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("no %q in\n%s", s, b.String())
		}
	}
	if n := strings.Count(b.String(), "Binding here now"); n != 1 {
		t.Errorf("%d editions bind", n)
	}
}

func TestPrintUnknown(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := Print(&b, Editions()[0], locale.EN, "8(99)")
	if !fault.Is(err, "provision-unknown") || fault.KindOf(err) != fault.NotFound || b.Len() > 0 {
		t.Errorf("%v, %q", err, b.String())
	}
	err = Print(&b, Editions()[0], locale.EN, "19-1")
	if !fault.Is(err, "provision-elsewhere") || !strings.Contains(err.Error(), "editions=2026-01, 2026-07, 2026-08") || b.Len() > 0 {
		t.Errorf("%v, %q", err, b.String())
	}
}

func TestPrintDutiesCountsTheOpen(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := PrintDuties(&b, Editions()[0], locale.EN); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"L24.1.2     24(1)2         subject        request    1 working day       ", "Duties: 148. Shown by tests: "} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("no %q in\n%s", s, b.String())
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestPrintReportsAFailedWrite(t *testing.T) {
	t.Parallel()
	first := Editions()[0]
	if Print(full{}, first, locale.EN, "8") == nil || PrintDuties(full{}, first, locale.EN) == nil || PrintEditions(full{}, first, locale.EN) == nil {
		t.Error("a failed write is not reported")
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	got := strings.Join(wrap("келісім беру және қайтарып алу", 12), "|")
	if want := "келісім беру|және|қайтарып алу"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := cut("one, two, three", 10); got != "one, two…" {
		t.Errorf("cut: %q", got)
	}
}
