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
	e, _ := ByID("2023-04")
	all := map[string]string{}
	ids := []string{""}
	for _, r := range e.Provisions() {
		ids = append(ids, string(r.ID))
	}
	for _, id := range ids {
		var b strings.Builder
		if err := Print(&b, e, lang, id); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		all[id] = b.String()
	}
	var b strings.Builder
	if err := PrintDuties(&b, e, lang); err != nil {
		t.Fatal(err)
	}
	all["duties"] = b.String()
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

func TestPrintUnknown(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := Print(&b, Editions()[0], locale.EN, "8(99)")
	if !fault.Is(err, "provision-unknown") || fault.KindOf(err) != fault.NotFound || b.Len() > 0 {
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
	if Print(full{}, Editions()[0], locale.EN, "8") == nil || PrintDuties(full{}, Editions()[0], locale.EN) == nil {
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
