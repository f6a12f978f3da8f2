package law

import "kelisim/internal/locale"

// Deferral is the room that a ground leaves to show the subject later what was
// done on it: to whom and by whose rule. Law 94-V itself speaks of none; it only
// takes grounds on which the subject must be told, Art. 8-1(3), out of question.
type Deferral struct {
	Max       string        `yaml:"max"` // the longest, as a period of ISO 8601 ("P1Y"); two people may then do it again
	Certainty Certainty     `yaml:"certainty"`
	Source    locale.String `yaml:"source"`
}
