package represent

import (
	"time"

	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// Majority is the moment at which somebody born on a day comes of age: the
// beginning of the birthday in Almaty. Whoever was born on 29 February does so
// on 1 March of a year without one.
func Majority(e *law.Edition, born time.Time) time.Time {
	return later(born, years(e, "majority"))
}

// years are those of a term; none where the edition has no such term, so that
// what would rest on it is over at once.
func years(e *law.Edition, key string) int {
	t, _ := e.Term(key)
	if t.Unit != law.Year {
		return 0
	}
	return t.Amount
}

// later is the beginning, in Almaty, of the same day some years on.
func later(day time.Time, years int) time.Time {
	y, m, d := day.Date()
	return time.Date(y+years, m, d, 0, 0, 0, 0, locale.Zone()).UTC()
}

// today is the beginning of the day in Almaty.
func today(now time.Time) time.Time { return later(now.In(locale.Zone()), 0) }
