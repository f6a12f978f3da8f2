package law

import (
	"slices"

	"kelisim/internal/locale"
)

// Unit is what a term is counted in.
type Unit string

// The units. Working days are those of the calendar of Kazakhstan.
const (
	WorkingDay  Unit = "working-day"
	CalendarDay Unit = "calendar-day"
	Month       Unit = "month"
	Year        Unit = "year"
)

// Term is how long something may or must take.
type Term struct {
	Key       string // "public-removal"
	Provision Provision
	Amount    int
	Unit      Unit
	// Exempt are those towards whom the term does not run.
	Exempt Exempt
	// Extendable is by how much more it may be extended, nil for not at all.
	Extendable *Extension
	// Pausable is the provision that lets it stand still, empty for none.
	Pausable Provision
	// Owes is who has to do it within the term; empty: the operator.
	Owes string
	// Limit: it bounds something, and nobody has to do anything within it.
	Limit bool
	// Dated: it ends on a date that is named where it begins, and is not counted.
	Dated bool

	Origin
}

// Extension is what a provision adds to a term.
type Extension struct {
	Amount    int       `yaml:"amount"`
	Unit      Unit      `yaml:"unit"`
	Provision Provision `yaml:"provision"`
}

// Exempt are organizations that a rule leaves out, and the provision that does.
type Exempt struct {
	Provision Provision `yaml:"provision"`
	Sector    Sector    `yaml:"sector"`
	Kinds     []string  `yaml:"kinds"`
}

// Covers reports whether an organization of the sector, with the kinds, is left
// out.
func (e Exempt) Covers(sector Sector, kinds []string) bool {
	if e.Sector != "" && e.Sector == sector {
		return true
	}
	return slices.ContainsFunc(kinds, func(k string) bool { return slices.Contains(e.Kinds, k) })
}

// Span is how long that is, in words: "10 working days", "at once".
func (t Term) Span(lang locale.Lang) string {
	if t.Dated {
		return locale.Text(lang, "law.unit.dated")
	}
	if t.Amount == 0 {
		return locale.Text(lang, "law.unit.at-once")
	}
	return locale.Text(lang, "law.unit."+string(t.Unit), "count", t.Amount)
}

// TextKey is the key of what the term is for in package locale.
func (t Term) TextKey() string { return "term." + t.Key }
