package depersonal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/ident"
)

// Method is how a value is treated.
type Method string

// The methods. There is no other, and none keeps a text that somebody wrote.
const (
	Drop      Method = "drop"       // nothing is taken over
	Year      Method = "year"       // of a date, the year
	Decade    Method = "decade"     // of a date, the decade
	AgeBand   Method = "age-band"   // of a date of birth, the age in steps of ten years
	Region    Method = "region"     // of an address, the region or the city of its rank
	Band      Method = "band"       // of a number, the span it lies in: 1, 2 or 5 times a power of ten
	SexDecade Method = "sex-decade" // of an IIN, the sex and the decade of birth
	Keep      Method = "keep"       // one of the values that the rule lists, as it is
)

// Methods lists them, the default first.
func Methods() []Method {
	return []Method{Drop, Year, Decade, AgeBand, Region, Band, SexDecade, Keep}
}

// Other stands for a value that is none of those listed.
const Other = "other"

// of treats a value; empty where it is none that the method understands.
func (m Method) of(v string, values []string, at time.Time) string {
	if v = strings.TrimSpace(v); v == "" {
		return ""
	}
	switch m {
	case Year:
		return span(v, func(d time.Time) string { return strconv.Itoa(d.Year()) })
	case Decade:
		return span(v, decade)
	case AgeBand:
		return span(v, func(d time.Time) string { return ageBand(d, at) })
	case Region:
		return region(v)
	case Band:
		return band(v)
	case SexDecade:
		return sexDecade(v)
	case Keep:
		if slices.Contains(values, v) {
			return v
		}
		return Other
	default:
		return ""
	}
}

// span reads a date as people and machines write one.
func span(v string, of func(time.Time) string) string {
	for _, form := range []string{time.DateOnly, time.RFC3339, "02.01.2006"} {
		if d, err := time.Parse(form, v); err == nil && d.Year() >= 1800 {
			return of(d)
		}
	}
	return ""
}

func decade(d time.Time) string { return fmt.Sprintf("%ds", d.Year()/10*10) }

func ageBand(born, at time.Time) string {
	age := at.Year() - born.Year()
	if at.Before(born.AddDate(age, 0, 0)) {
		age--
	}
	switch {
	case age < 0:
		return ""
	case age >= 90: // few are older, and each of them is somebody
		return "90+"
	}
	return fmt.Sprintf("%d-%d", age/10*10, age/10*10+9)
}

// band is the span of a number between 1, 2 and 5 times powers of ten.
func band(v string) string {
	whole, _, _ := strings.Cut(strings.NewReplacer(" ", "", "\u00a0", "", ",", ".").Replace(v), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	switch {
	case err != nil || n < 0 || n > 1e15:
		return ""
	case n == 0:
		return "0"
	}
	low := int64(1)
	for step := 0; ; step++ {
		next := low * 2
		if step%3 == 1 { // 2 → 5
			next = low / 2 * 5
		}
		if n < next {
			return fmt.Sprintf("%d-%d", low, next-1)
		}
		low = next
	}
}

func sexDecade(v string) string {
	iin, err := ident.Rules{}.Normalise(ident.IIN, v)
	if err != nil {
		return ""
	}
	born, ok := ident.BirthDate(iin)
	male, known := ident.Sex(iin)
	if !ok || !known {
		return ""
	}
	sex := "female"
	if male {
		sex = "male"
	}
	return sex + ", " + decade(born)
}
