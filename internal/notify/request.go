package notify

import (
	"strings"

	"kelisim/internal/locale"
)

// requestPart names what a subject demanded, in quotes of the language; nothing
// where the entry is of something else.
func (s speaker) requestPart() string {
	key := "request.kind." + s.told("kind")
	if !strings.HasPrefix(s.Action, "request.") || !locale.Has(key) {
		return ""
	}
	return " " + s.text("notice.part.request", "what", s.text(key))
}
