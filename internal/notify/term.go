package notify

import (
	"strings"
	"time"

	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// ofTerm reports whether the act is something that happened to a term. Its
// detail is a list of name=value, apart by spaces: see package term.
func (s speaker) ofTerm() bool { return strings.HasPrefix(s.Action, "term.") }

// told is what the detail says under a name.
func (s speaker) told(name string) string {
	for part := range strings.FieldsSeq(s.Detail) {
		if value, ok := strings.CutPrefix(part, name+"="); ok {
			return value
		}
	}
	return ""
}

// term is the one that the entry is about, in its edition of the Law.
func (s speaker) term() (law.Term, bool) {
	if !s.ofTerm() {
		return law.Term{}, false
	}
	e, ok := law.ByID(s.Edition)
	if !ok {
		return law.Term{}, false
	}
	return e.Term(s.told("key"))
}

// owed says what the term asks for; nothing where nobody knows.
func (s speaker) owed() string {
	t, ok := s.term()
	if !ok || !locale.Has(t.TextKey()) {
		return ""
	}
	return s.text(t.TextKey())
}

// day is a day that the detail names. Its noon is on that day wherever one
// reads the clock.
func (s speaker) day(name string) string {
	t, err := time.Parse(time.DateOnly, s.told(name))
	if err != nil {
		return ""
	}
	return locale.Date(s.lang, t.Add(12*time.Hour))
}

// termPart is what is owed and by which day, and by which it was before.
func (s speaker) termPart() string {
	what, due, was := s.owed(), s.day("due"), s.day("was")
	switch {
	case what == "" || due == "":
		return ""
	case was == "":
		return " " + s.text("notice.part.term", "what", what, "due", due)
	default:
		return " " + s.text("notice.part.term.moved", "what", what, "due", due, "was", was)
	}
}
