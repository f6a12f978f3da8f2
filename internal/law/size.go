package law

import "kelisim/internal/locale"

// SizeClass is one class of those who hold personal data, by how many people's
// data it is (Art. 25-1, in the editions that have it).
type SizeClass struct {
	Class     string    `yaml:"class"` // "small"
	UpTo      int       `yaml:"up-to"` // subjects at most; 0 for the class without a limit
	AtLeast   int       `yaml:"-"`     // subjects; one more than the class below
	Provision Provision `yaml:"-"`
	Origin    `yaml:"-"`
}

// TextKey is the key of the name of the class in package locale.
func (s SizeClass) TextKey() string { return "law.size." + s.Class }

// Limit says how many people's data the class is for.
func (s SizeClass) Limit(lang locale.Lang) string {
	if s.UpTo == 0 {
		return locale.Text(lang, "law.size.from", "count", s.AtLeast, "number", locale.Number(lang, s.AtLeast))
	}
	return locale.Text(lang, "law.size.up-to", "count", s.UpTo, "number", locale.Number(lang, s.UpTo))
}

// Sizes is the table of classes, the smallest first; empty in an edition that
// has none. It is not to be changed.
func (e *Edition) Sizes() []SizeClass { return e.sizes }

// RestrictedMovesUp reports whether data of restricted access puts its holder
// one class higher.
func (e *Edition) RestrictedMovesUp() bool { return e.restrictedMovesUp }

// SizeOf is the class of a holder of so many people's data; false in an edition
// that has no classes.
func (e *Edition) SizeOf(subjects int, restricted bool) (SizeClass, bool) {
	for i, s := range e.sizes {
		if s.UpTo != 0 && subjects > s.UpTo {
			continue
		}
		if restricted && e.restrictedMovesUp && i+1 < len(e.sizes) {
			s = e.sizes[i+1]
		}
		return s, true
	}
	return SizeClass{}, false
}
