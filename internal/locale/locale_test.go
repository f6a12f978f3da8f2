package locale

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"kelisim/internal/fault"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header string
		want   Lang
	}{
		{"kk-KZ,kk;q=0.9,ru;q=0.8,en;q=0.7", KK},
		{"ru-RU,ru;q=0.9,en-US;q=0.8", RU},
		{"en-GB", EN},
		{"en;q=0.3, kk;q=0.7", KK},
		{"de-DE, ru;q=0.5", RU},
		{"ja", KK}, // nothing suits: the fallback
		{"en;q=0, ru;q=0.1", RU},
		{"", KK},
		{"*", KK},
		{"?!;q=x", KK},
	} {
		if got := Match(tt.header, KK); got != tt.want {
			t.Errorf("Match(%q) = %s, want %s", tt.header, got, tt.want)
		}
	}
}

func TestStringIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s    String
		lang Lang
		want string
	}{
		{String{"а", "б", "c"}, KK, "а"},
		{String{"а", "б", "c"}, RU, "б"},
		{String{"а", "б", "c"}, EN, "c"},
		{String{"а", "б", ""}, EN, "б"},
		{String{"а", "", ""}, EN, "а"},
		{String{"", "", "c"}, KK, "c"},
		{String{"а", "б", "c"}, "fr", "б"},
		{String{}, EN, ""},
	} {
		if got := tt.s.In(tt.lang); got != tt.want {
			t.Errorf("%+v in %s = %q, want %q", tt.s, tt.lang, got, tt.want)
		}
	}
}

func TestStringIsReadFromDescriptions(t *testing.T) {
	t.Parallel()
	want := String{KK: "атау", RU: "имя"}
	var y, j String
	if err := yaml.Unmarshal([]byte("{kk: атау, ru: имя}"), &y); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"kk":"атау","ru":"имя"}`), &j); err != nil {
		t.Fatal(err)
	}
	if y != want || j != want {
		t.Errorf("yaml %+v, json %+v, want %+v", y, j, want)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	november := time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)
	for lang, want := range map[Lang]string{
		KK: "2026 жылғы 23 қараша, 18:00",
		RU: "23 ноября 2026 г., 18:00",
		EN: "23 November 2026, 18:00",
	} {
		if got := DateTime(lang, november); got != want {
			t.Errorf("DateTime(%s) = %q, want %q", lang, got, want)
		}
	}
	// An evening in UTC is the next day in Almaty.
	if got := Date(RU, time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC)); got != "1 января 2027 г." {
		t.Error(got)
	}
	// Almaty was six hours ahead until 1 March 2024.
	if got := Time(KK, time.Date(2024, 2, 1, 12, 5, 0, 0, time.UTC)); got != "18:05" {
		t.Error(got)
	}
}

// sample is a catalogue of its own, so that the tests of filling do not hang on
// the wording of the real texts.
func sample(t *testing.T) *catalogue {
	c, err := load(fstest.MapFS{
		"texts/a.ru.yaml": {Data: []byte("days: {one: '{{.count}} день', few: '{{.count}} дня', many: '{{.count}} дней', other: '{{.count}} дня'}\nhello: Привет, {{.name}}\n")},
		"texts/a.kk.yaml": {Data: []byte("days: {one: '{{.count}} күн', other: '{{.count}} күн'}\nhello: Сәлем, {{.name}}\n")},
		"texts/a.en.yaml": {Data: []byte("days: {one: '{{.count}} day', other: '{{.count}} days'}\nhello: Hello, {{.name}}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFill(t *testing.T) {
	t.Parallel()
	c := sample(t)
	for _, tt := range []struct {
		lang  Lang
		count any
		want  string
	}{
		{RU, 1, "1 день"},
		{RU, 3, "3 дня"},
		{RU, 11, "11 дней"},
		{RU, uint8(21), "21 день"},
		{RU, int64(25), "25 дней"},
		{RU, "1.5", "1.5 дня"},
		{KK, 1, "1 күн"},
		{KK, 5, "5 күн"},
		{EN, 1, "1 day"},
		{EN, 0, "0 days"},
		{EN, "many", "⟦days⟧"},
	} {
		if got := c.fill(tt.lang, "days", true, []any{"count", tt.count}); got != tt.want {
			t.Errorf("%s %v: %q, want %q", tt.lang, tt.count, got, tt.want)
		}
	}
	if got := c.fill(KK, "hello", false, []any{"name", "Айгүл"}); got != "Сәлем, Айгүл" {
		t.Error(got)
	}
	for _, args := range [][]any{nil, {"nmae", "Айгүл"}, {"name"}} {
		if got := c.fill(KK, "hello", false, args); got != "⟦hello⟧" {
			t.Errorf("args %v: %q: an unfilled place must not look like a text", args, got)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	if got := Text(RU, "action.view"); got != "просмотр" {
		t.Error(got)
	}
	if got := Text("fr", "action.view", "idle", 1); got != "просмотр" {
		t.Error(got)
	}
	if got := Text(EN, "no.such.key"); got != "⟦no.such.key⟧" || Has("no.such.key") || !Has("action.view") {
		t.Error(got)
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	text, hint := Fault(EN, fault.Wrap(fault.Conflict, "conflict", errors.New("row 7 is gone")))
	want := [2]string{Text(EN, "error.conflict"), Text(EN, "error.conflict.hint")}
	if diff := cmp.Diff(want, [2]string{text, hint}); diff != "" {
		t.Error(diff)
	}
	if _, hint := Fault(EN, fault.Bad("name", "too-deep")); hint != "" {
		t.Errorf("hint %q where there is none", hint)
	}
}

// Reasons of a decision are texts without places: they must not cost the hot
// path anything.
func TestTextAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Text(KK, "action.view") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkText(b *testing.B) {
	for b.Loop() {
		Text(KK, "action.view")
	}
}

func TestLoadNamesBrokenFiles(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"texts/a.fr.yaml":  "a: b",
		"texts/a.yaml":     "a: b",
		"texts/a.ru.yaml":  "a: b\na: c",
		"texts/b.ru.yaml":  "a: [b]",
		"texts/c.ru.yaml":  "a: 5",
		"texts/d.ru.yaml":  "a: {one: 1}",
		"texts/e.ru.yaml":  ": : :",
		"texts/fr.ru.yaml": "a",
	} {
		if _, err := load(fstest.MapFS{name: {Data: []byte(source)}}); err == nil {
			t.Errorf("%s with %q was read without an error", name, source)
		}
	}
	twice := fstest.MapFS{
		"texts/a.ru.yaml": {Data: []byte("key: раз")},
		"texts/b.ru.yaml": {Data: []byte("key: два")},
	}
	if _, err := load(twice); err == nil {
		t.Error("one key in two files was read without an error")
	}
}
