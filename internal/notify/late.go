package notify

import (
	"time"

	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// Late says that an entry was shown later than it happened, until when it was
// not, and on which ground. The ground is empty where it is another person's
// matter.
func Late(lang locale.Lang, until time.Time, provision string) string {
	date := locale.DateTime(lang, until)
	if provision == "" {
		return locale.Text(lang, "notice.late", "date", date)
	}
	return locale.Text(lang, "notice.late.ground", "date", date, "ground", ground(lang, provision))
}

// ground is the name of a provision that stands in for consent.
func ground(lang locale.Lang, provision string) string {
	if key := (law.Ground{Provision: law.Provision(provision)}).TextKey(); locale.Has(key) {
		return locale.Text(lang, "notice.part.ground", "provision", provision, "ground", locale.Text(lang, key))
	}
	return locale.Text(lang, "notice.part.provision", "provision", provision)
}
