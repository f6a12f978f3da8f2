// Package locale is what Kelisim says to people, in Kazakh, Russian and
// English. The texts lie beside the code in texts/<area>.<lang>.yaml, one area
// a subject, and are embedded: a new area is a new file and nothing else.
//
// It knows no domain. It does not decide who speaks which language; it only
// reads what a browser prefers ([Match]) and what a caller says. It does not
// translate what operators wrote: their own words are a [String], in as many of
// the three languages as they gave.
//
// A key that has no text shows as ⟦key⟧, never as an empty place, and the tests
// of this package find it before a person does: they read every Go file and
// template of the module for the keys it uses.
package locale

import (
	"golang.org/x/text/language"
)

// Lang is a language that Kelisim speaks.
type Lang string

// The languages, by their ISO 639-1 codes.
const (
	KK Lang = "kk"
	RU Lang = "ru"
	EN Lang = "en"
)

// All lists the languages in the order in which pages offer them.
var All = [...]Lang{KK, RU, EN}

// index is the place of l in All. Russian stands for a language we do not
// speak, as it does in [String.In].
func (l Lang) index() int {
	switch l {
	case KK:
		return 0
	case EN:
		return 2
	default:
		return 1
	}
}

var matcher = language.NewMatcher([]language.Tag{language.Kazakh, language.Russian, language.English})

// Match returns the language that suits an Accept-Language header best, and
// fallback where nothing suits or the header cannot be read.
func Match(acceptLanguage string, fallback Lang) Lang {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return fallback
	}
	_, i, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return fallback
	}
	return All[i]
}

// String is a text that an operator wrote, in one to three languages.
type String struct {
	KK string `json:"kk,omitempty" yaml:"kk,omitempty"`
	RU string `json:"ru,omitempty" yaml:"ru,omitempty"`
	EN string `json:"en,omitempty" yaml:"en,omitempty"`
}

// In returns the text in lang. Where it was not given: the Russian one, else
// the Kazakh, else the English, so that there is nothing to read only where
// nothing was written.
func (s String) In(lang Lang) string {
	own := [...]string{s.KK, s.RU, s.EN}[lang.index()]
	for _, text := range [...]string{own, s.RU, s.KK} {
		if text != "" {
			return text
		}
	}
	return s.EN
}
