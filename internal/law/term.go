package law

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
	Origin
}

// TextKey is the key of what the term is for in package locale.
func (t Term) TextKey() string { return "term." + t.Key }
