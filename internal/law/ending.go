package law

import (
	"maps"
	"slices"

	"kelisim/internal/locale"
)

// What brings data to its end.
const (
	EndOfTerm    = "term"    // of storage
	EndByDemand  = "demand"  // of the subject
	EndByPurpose = "purpose" // depersonalised for it, before the end
)

// Ending lets data end depersonalised instead of destroyed.
type Ending struct {
	Cause   string    `yaml:"-"`
	Ends    Provision `yaml:"ends"`    // by which the data ends
	Instead Provision `yaml:"instead"` // that lets it be depersonalised
	// Research: for purposes of research alone.
	Research bool `yaml:"research"`
	Origin   `yaml:"-"`
}

type endingEntry struct {
	Ending    `yaml:",inline"`
	Repealed  bool          `yaml:"repealed"`
	Certainty Certainty     `yaml:"certainty"`
	Source    locale.String `yaml:"source"`
}

// Ending is what lets data that ends by a cause be depersonalised; false where it
// is to be destroyed.
func (e *Edition) Ending(cause string) (Ending, bool) {
	i := slices.IndexFunc(e.endings, func(x Ending) bool { return x.Cause == cause })
	if i < 0 {
		return Ending{}, false
	}
	return e.endings[i], true
}

// Endings is all that lets data end depersonalised.
func (e *Edition) Endings() []Ending { return e.endings }

func (l *layer) layEndings(e, below *Edition) error {
	var says []said[Ending]
	for _, cause := range slices.Sorted(maps.Keys(l.endings)) {
		entry := l.endings[cause]
		x := entry.Ending
		x.Cause = cause
		x.Origin = l.origin(x.Instead, Origin{Source: entry.Source, Certainty: entry.Certainty})
		says = append(says, said[Ending]{x, cause, x.Instead, x.Certainty, entry.Repealed})
	}
	all, err := lay(e, OfEnding, below.endings, says, func(x Ending) string { return x.Cause }, func(was, is Ending) bool {
		was.Origin = is.Origin
		return was == is
	})
	e.endings = all
	return err
}
