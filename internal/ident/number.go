package ident

import (
	"fmt"
	"strings"
	"time"

	"kelisim/internal/fault"
)

// The two passes of weights over the first eleven digits. Weight 11 is nothing
// modulo 11, so a slip in the last digit of the serial (first pass) or in the
// ninth digit (second pass) goes unseen: a number that passes is not proof.
var (
	firstPass  = [11]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	secondPass = [11]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}
)

// checkDigit returns the twelfth digit of an IIN or BIN for its first eleven.
// Where both passes give 10 the number is never issued.
func checkDigit(stem string) (digit byte, ok bool) {
	for _, weights := range [...][11]int{firstPass, secondPass} {
		sum := 0
		for i, w := range weights {
			sum += w * int(stem[i]-'0')
		}
		if rest := sum % 11; rest < 10 {
			return byte('0' + rest), true
		}
	}
	return 0, false
}

// iin checks the date before the check digit: it tells a person more.
func (r Rules) iin(value string) (string, error) {
	n, err := twelveDigits(IIN, value)
	if err != nil || r.AllowTest {
		return n, err
	}
	if !realBirth(n) {
		return "", fault.New(fault.Invalid, "iin-date")
	}
	return checked(IIN, n)
}

func (r Rules) bin(value string) (string, error) {
	n, err := twelveDigits(BIN, value)
	if err != nil || r.AllowTest {
		return n, err
	}
	if month := n[2:4]; month < "01" || month > "12" {
		return "", fault.New(fault.Invalid, "bin-date")
	}
	if n[4] < '4' || n[4] > '6' {
		return "", fault.New(fault.Invalid, "bin-type")
	}
	return checked(BIN, n)
}

// twelveDigits drops spaces, which numbers copied from papers have.
func twelveDigits(kind Kind, value string) (string, error) {
	if len(value) > maxInput {
		return "", fault.New(fault.Invalid, string(kind)+"-length")
	}
	n := dropSpaces(value)
	if strings.ContainsFunc(n, func(r rune) bool { return !isDigit(r) }) {
		return "", fault.New(fault.Invalid, string(kind)+"-digit")
	}
	if len(n) != 12 {
		return "", fault.New(fault.Invalid, string(kind)+"-length")
	}
	return n, nil
}

// checked returns n where its check digit is right.
func checked(kind Kind, n string) (string, error) {
	switch digit, ok := checkDigit(n); {
	case !ok:
		return "", fault.New(fault.Invalid, string(kind)+"-never-issued")
	case digit != n[11]:
		return "", fault.New(fault.Invalid, string(kind)+"-check")
	default:
		return n, nil
	}
}

// realBirth reports whether the first seven digits hold a day that existed.
// Whether it has come yet is not asked: there is no clock here. The century of
// a foreigner (seventh digit 0) is not known, so either may have had the day.
func realBirth(n string) bool {
	if n[6] == '0' {
		_, old := birthIn(1900, n)
		_, young := birthIn(2000, n)
		return old || young
	}
	_, ok := BirthDate(n)
	return ok
}

func birthIn(century int, n string) (time.Time, bool) {
	day, err := time.Parse("20060102", fmt.Sprintf("%02d%s", century/100, n[:6]))
	return day, err == nil
}

// BirthDate returns the day of birth, midnight UTC, of a normalised IIN; false
// where the number does not tell it: foreigners' (no century) and test numbers.
func BirthDate(iin string) (time.Time, bool) {
	if len(iin) != 12 || iin[6] < '1' || iin[6] > '6' {
		return time.Time{}, false
	}
	return birthIn(1800+100*int(iin[6]-'1')/2, iin)
}

// Sex returns whether a normalised IIN is a man's; known is false where the
// number does not tell.
func Sex(iin string) (male, known bool) {
	if _, known = BirthDate(iin); !known {
		return false, false
	}
	return iin[6]%2 == 1, true
}

// MakeIIN makes up an IIN for examples and tests, serial 0 to 9999. It is false
// where no check digit fits (the next serial may do) or the arguments are out
// of range. The number may be somebody's: do not write to anyone by it.
func MakeIIN(birth time.Time, male bool, serial int) (string, bool) {
	century := birth.Year()/100 - 18
	if century < 0 || century > 2 || serial < 0 || serial > 9999 {
		return "", false
	}
	seventh := 2*century + 2
	if male {
		seventh--
	}
	return withCheckDigit(fmt.Sprintf("%s%d%04d", birth.Format("060102"), seventh, serial))
}

// MakeBIN makes up the BIN of the head office of a resident legal entity
// registered in that year (1900 to 2099) and month, serial 0 to 99999; false
// as in [MakeIIN].
func MakeBIN(year int, month time.Month, serial int) (string, bool) {
	if year < 1900 || year > 2099 || month < 1 || month > 12 || serial < 0 || serial > 99999 {
		return "", false
	}
	return withCheckDigit(fmt.Sprintf("%02d%02d40%05d", year%100, month, serial))
}

func withCheckDigit(stem string) (string, bool) {
	digit, ok := checkDigit(stem)
	if !ok {
		return "", false
	}
	return stem + string(digit), true
}
