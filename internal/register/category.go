package register

import (
	"slices"
	"sync"

	"kelisim/internal/locale"
)

// How a category of data may be reached (Art. 6).
const (
	Restricted = "restricted"
	Public     = "public"
)

// The classes of data. Special data and biometric data are not processed on
// consent alone.
const (
	Ordinary  = "ordinary"
	Special   = "special"
	Biometric = "biometric"
)

// Category is a kind of personal data with one meaning for everybody.
type Category struct {
	ID     string        `json:"id"`
	Name   locale.String `json:"name"`
	Access string        `json:"access"`
	Class  string        `json:"class"`
	// Business: data of an entrepreneur that concerns the business alone.
	Business bool `json:"business,omitempty"`
}

type builtinCategory struct{ id, class string }

// The built-in categories. All are of restricted access: what a subject or a
// law has opened to everybody, a catalogue cannot know, so operators declare it.
var builtin = []builtinCategory{
	{"name", Ordinary},
	{"iin", Ordinary},
	{"email", Ordinary},
	{"phone", Ordinary},
	{"address", Ordinary},
	{"birthdate", Ordinary},
	{"document", Ordinary},
	{"employer", Ordinary},
	{"education", Ordinary},
	{"profession", Ordinary},
	{"photo", Ordinary},
	{"gender", Ordinary},
	{"citizenship", Ordinary},
	{"bank-account", Ordinary},
	{"salary", Ordinary},
	{"family", Ordinary},
	{"visit-data", Ordinary}, // depersonalised: what visitors do on a site
	{"health", Special},
	{"race", Special},
	{"nationality", Special},
	{"politics", Special},
	{"religion", Special},
	{"philosophy", Special},
	{"intimate-life", Special},
	{"biometric-face", Biometric},
	{"biometric-fingerprint", Biometric},
}

// catalogue is the built-in categories with their names.
var catalogue = sync.OnceValue(func() []Category {
	list := make([]Category, len(builtin))
	for i, c := range builtin {
		key := "category." + c.id
		name := locale.String{
			KK: locale.Text(locale.KK, key),
			RU: locale.Text(locale.RU, key),
			EN: locale.Text(locale.EN, key),
		}
		list[i] = Category{ID: c.id, Name: name, Access: Restricted, Class: c.class}
	}
	return list
})

// Catalogue lists the built-in categories: ordinary, special, biometric.
func Catalogue() []Category { return slices.Clone(catalogue()) }

// index is the catalogue with the organization's own categories over it.
func (d *Description) index() map[string]Category {
	byID := make(map[string]Category, len(builtin)+len(d.Categories))
	for _, list := range [][]Category{catalogue(), d.Categories} {
		for _, c := range list {
			byID[c.ID] = c
		}
	}
	return byID
}

// Depersonalised reports whether data of the category does not say whose it is
// (Art. 1(7)), so that research may have it (Art. 17(1)).
func (c Category) Depersonalised() bool { return c.ID == "visit-data" }
