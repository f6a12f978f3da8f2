package locale

import (
	"strconv"
	"time"
	_ "time/tzdata" // a static binary in an empty container has no zone database
)

// almaty is the zone in which people here read a clock. The machine's zone
// database comes before the embedded one, so an offset that changes again
// (as in 2024) needs an update of the system and no release of ours.
var almaty = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		return time.FixedZone("+05", 5*60*60)
	}
	return zone
}()

// The names of months as they stand inside a date.
var months = [len(All)][12]string{
	{"қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым", "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан"},
	{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
	{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Zone is that zone: days and terms are counted in it.
func Zone() *time.Location { return almaty }

// Date writes the day of t in Almaty as people do: "2026 жылғы 23 қараша",
// "23 ноября 2026 г.", "23 November 2026".
func Date(lang Lang, t time.Time) string {
	y, m, d := t.In(almaty).Date()
	year, day, month := strconv.Itoa(y), strconv.Itoa(d), months[lang.index()][m-1]
	switch lang {
	case KK:
		return year + " жылғы " + day + " " + month
	case EN:
		return day + " " + month + " " + year
	default:
		return day + " " + month + " " + year + " г."
	}
}

// DateTime writes the day and the minute of t in Almaty: "23 November 2026, 18:00".
func DateTime(lang Lang, t time.Time) string { return Date(lang, t) + ", " + Time(lang, t) }

// Time writes the minute of t in Almaty on the 24-hour clock, which all three
// languages use here: "18:00".
func Time(_ Lang, t time.Time) string { return t.In(almaty).Format("15:04") }
