package locale

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"
)

// forms are the plural forms of a text; one without a number has only other.
type forms map[string]string

// readForms reads the embedded files once more, without the library that
// renders them, which passes over forms it does not know.
func readForms(t *testing.T) map[Lang]map[string]forms {
	t.Helper()
	all := map[Lang]map[string]forms{KK: {}, RU: {}, EN: {}}
	names, err := fs.Glob(files, "texts/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no texts: %v", err)
	}
	for _, name := range names {
		source, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var entries map[string]any
		if err := yaml.Unmarshal(source, &entries); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lang := Lang(strings.Split(name, ".")[1])
		for key, value := range entries {
			all[lang][key] = asForms(value)
		}
	}
	return all
}

func asForms(value any) forms {
	plural, ok := value.(map[string]any)
	if !ok {
		text, _ := value.(string)
		return forms{"other": text}
	}
	f := forms{}
	for name, text := range plural {
		f[name], _ = text.(string)
	}
	return f
}

func TestTextsLoad(t *testing.T) {
	t.Parallel()
	if errTexts != nil {
		t.Error(errTexts)
	}
}

func TestEveryKeyHasThreeLanguages(t *testing.T) {
	t.Parallel()
	all := readForms(t)
	for _, a := range All {
		for _, b := range All {
			for key := range all[a] {
				if _, ok := all[b][key]; !ok {
					t.Errorf("%s: in %s and not in %s", key, a, b)
				}
			}
		}
	}
}

func TestNoTextIsEmpty(t *testing.T) {
	t.Parallel()
	for lang, byKey := range readForms(t) {
		for key, f := range byKey {
			for form, text := range f {
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s, %s, %s: empty", lang, key, form)
				}
			}
		}
	}
}

func TestPluralForms(t *testing.T) {
	t.Parallel()
	all := readForms(t)
	want := map[Lang][]string{
		KK: {"one", "other"},
		RU: {"few", "many", "one", "other"},
		EN: {"one", "other"},
	}
	for key := range all[RU] {
		plural := slices.ContainsFunc(All[:], func(l Lang) bool { return len(all[l][key]) > 1 })
		if !plural {
			continue
		}
		for _, lang := range All {
			if got := slices.Sorted(maps.Keys(all[lang][key])); !slices.Equal(got, want[lang]) {
				t.Errorf("%s: %s has forms %v, want %v", key, lang, got, want[lang])
			}
		}
	}
}

var place = regexp.MustCompile(`\{\{\s*(.*?)\s*\}\}`)

func places(f forms) []string {
	set := map[string]bool{}
	for _, text := range f {
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			set[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func TestPlacesAgreeAcrossLanguages(t *testing.T) {
	t.Parallel()
	all := readForms(t)
	for key, ru := range all[RU] {
		for _, lang := range []Lang{KK, EN} {
			if a, b := places(ru), places(all[lang][key]); !slices.Equal(a, b) {
				t.Errorf("%s: ru has %v, %s has %v", key, a, lang, b)
			}
		}
	}
}

// Every text must come out whole when its places are filled: this finds broken
// templates, and counts that no form answers.
func TestEveryTextRenders(t *testing.T) {
	t.Parallel()
	all := readForms(t)
	for _, lang := range All {
		for key, f := range all[lang] {
			for _, count := range []int{0, 1, 2, 5, 21} {
				args := []any{"count", count}
				for _, p := range places(f) {
					if name := strings.TrimPrefix(p, "."); name != "count" {
						args = append(args, name, "x")
					}
				}
				if got := Text(lang, key, args...); strings.ContainsAny(got, "⟦{}") {
					t.Errorf("%s, %s, count %d: %q", lang, key, count, got)
				}
			}
		}
	}
}

// words of a text, without its places.
func words(text string) []string {
	return strings.FieldsFunc(place.ReplaceAllString(text, " "), func(r rune) bool { return !unicode.IsLetter(r) })
}

func hasScript(word string, script *unicode.RangeTable) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) })
}

// A Latin "i" inside a Kazakh word looks right and cannot be searched for or
// read aloud.
func TestScriptsAreNotMixedInAWord(t *testing.T) {
	t.Parallel()
	for lang, byKey := range readForms(t) {
		for key, f := range byKey {
			for _, text := range f {
				for _, word := range words(text) {
					if hasScript(word, unicode.Latin) && hasScript(word, unicode.Cyrillic) {
						t.Errorf("%s, %s: %q mixes Latin and Cyrillic letters", lang, key, word)
					}
				}
			}
		}
	}
}

// Texts that landed in the file of another language. Names of languages are
// written in themselves everywhere.
func TestTextsAreInTheirLanguage(t *testing.T) {
	t.Parallel()
	foreign := map[Lang]func(word string) bool{
		KK: func(string) bool { return false },
		RU: func(word string) bool { return strings.ContainsAny(strings.ToLower(word), "әғқңөұүһі") },
		EN: func(word string) bool { return hasScript(word, unicode.Cyrillic) },
	}
	for lang, byKey := range readForms(t) {
		for key, f := range byKey {
			if strings.HasPrefix(key, "language.") {
				continue
			}
			for _, text := range f {
				if i := slices.IndexFunc(words(text), foreign[lang]); i >= 0 {
					t.Errorf("%s, %s: %q is of another language", lang, key, words(text)[i])
				}
			}
		}
	}
}
