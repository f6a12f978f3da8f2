package paper

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func sheet() *Sheet {
	return &Sheet{
		Lang: "kk", Title: "Дербес деректерді өңдеуге келісім", Under: "№ 7, 2026 жылғы 23 қараша", Created: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
		Code: &Code{Link: "https://kelisim.example/verify/7-00", Caption: "Тексеру"}, Foot: "Келісім 7",
		Parts: []Part{
			{Heading: "Мазмұны", Rows: []Row{{"Субъект", "Әсел Ғұмарқызы Қыдырәлі-Іңкәрбек"}, {"Екі жол", "бірінші\nекінші"}, {"Бос", ""}}, Note: "ескертпе"},
			{Heading: "Тарихы", Table: &Table{Heads: []string{"Қашан", "Не"}, Shares: []float64{1, 2}, Lines: [][]string{{"1 қараша", "берілді"}, {"2 қараша", "қайтарылды"}}}},
			{Text: "Мәтін, ұзын емес: «тырнақша» – 100 ₸.\n\nЕкінші абзац."},
		},
		Files: []File{{"a.json", "x", []byte(`{"a":1}`)}},
	}
}

// The same sheet is the same bytes: what is kept of one can be compared.
func TestSameSheetSameBytes(t *testing.T) {
	t.Parallel()
	first, err := sheet().PDF()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := sheet().PDF()
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("drawn anew it differs (%v)", err)
		}
	}
	other := sheet()
	other.Parts[0].Rows[0].Value += "а"
	if b, err := other.PDF(); err != nil || bytes.Equal(first, b) {
		t.Errorf("another text, the same bytes (%v)", err)
	}
}

// tool runs a program of poppler over a document.
func tool(t *testing.T, name string, file []byte, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("there is no %s (Debian: apt-get install poppler-utils)", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(in, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = in
		}
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// What a reader takes out is what was put in: every letter of Kazakh, in order, and
// the file.
func TestTextComesOut(t *testing.T) {
	t.Parallel()
	s := sheet()
	const letters = "АаӘәБбВвГгҒғДдЕеЁёЖжЗзИиЙйКкҚқЛлМмНнҢңОоӨөПпРрСсТтУуҰұҮүФфХхҺһЦцЧчШшЩщ ЪъЫыІіЬьЭэЮюЯя"
	s.Parts[2].Text += "\n" + letters + "\nThe quick brown fox № 1 ₸"
	b, err := s.PDF()
	if err != nil {
		t.Fatal(err)
	}
	got := tool(t, "pdftotext", b, "-raw", "FILE", "-")
	for _, want := range []string{
		"Дербес деректерді өңдеуге келісім", "Әсел Ғұмарқызы Қыдырәлі-Іңкәрбек", "бірінші\nекінші", "1 қараша берілді", "«тырнақша» – 100 ₸",
		strings.ReplaceAll(letters, " ", "\n"), "The quick brown fox № 1 ₸", "1 / 1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if list := tool(t, "pdfdetach", b, "-list", "FILE"); !strings.Contains(list, "a.json") {
		t.Errorf("the file inside: %s", list)
	}
}

// Whatever people write is drawn: other scripts and signs show that something stood
// there, long words break, long rows go on, and nothing passes for the number of
// pages.
func TestAnyText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("өте ұзын мәтін ", 2000)
	for name, value := range map[string]string{
		"empty": "", "long": long, "one word": strings.Repeat("ұ", 5000), "lines": strings.Repeat("а\n", 500), "other script": "山田太郎 😀 \U0010ffff",
		"controls": "a\x00b\x07c\r\nd\te\u202ef", "not UTF-8": "\xff\xfe", "decomposed": "и\u0306", "pages": "{nb} {pages} \ue000", "strange ends": "\n\n\n",
		"marks of PDF": "(a) \\ <</x>> endstream endobj %%EOF",
	} {
		s := sheet()
		s.Title, s.Foot = "x "+value[:min(len(value), 300)], value
		s.Parts[0].Rows[0].Value = value
		s.Parts[1].Table.Lines[0][1] = value
		s.Parts[2].Text = value
		b, err := s.PDF()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := tool(t, "pdftotext", b, "-raw", "FILE", "-")
		if name == "other script" && !strings.Contains(got, "\ufffd") {
			t.Errorf("%s: nothing shows that it is missing", name)
		}
		if name == "long" && strings.Count(got, "ұзын") < 3*2000-10 {
			t.Errorf("%s: %d of it", name, strings.Count(got, "ұзын"))
		}
		if name == "decomposed" && !strings.Contains(got, "й") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestNoCode(t *testing.T) {
	t.Parallel()
	s := sheet()
	s.Code = nil
	if _, err := s.PDF(); err != nil {
		t.Error(err)
	}
	s.Code = &Code{Link: strings.Repeat("x", 10_000)}
	if _, err := s.PDF(); err == nil {
		t.Error("a code that cannot be")
	}
}

func FuzzPDF(f *testing.F) {
	f.Add("Әсел", "ұзын мәтін")
	f.Add("\U0001f600\x00", strings.Repeat("a", 300))
	f.Fuzz(func(t *testing.T, label, text string) {
		s := sheet()
		s.Title, s.Parts[0].Rows[0].Label, s.Parts[0].Rows[0].Value, s.Parts[2].Text = label, label, text, text
		if _, err := s.PDF(); err != nil {
			t.Fatal(err)
		}
	})
}
