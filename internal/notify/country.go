package notify

import (
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"kelisim/internal/locale"
)

// regions names countries; making the namers costs more than asking them.
var regions = sync.OnceValue(func() map[locale.Lang]display.Namer {
	m := map[locale.Lang]display.Namer{}
	for _, lang := range locale.All {
		m[lang] = display.Regions(language.Make(string(lang)))
	}
	return m
})

// Country is the name of a country by its ISO 3166-1 code, the code where there
// is no name.
func Country(lang locale.Lang, code string) string {
	region, err := language.ParseRegion(code)
	if names := regions()[lang]; err == nil && names != nil {
		if name := names.Name(region); name != "" {
			return name
		}
	}
	return code
}
