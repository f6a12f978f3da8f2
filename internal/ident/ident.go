// Package ident reads what people and systems call a person or an organization
// by: IIN, BIN, phone, e-mail, the number of a document, an id of another
// system. It checks a value, brings it to the one form that is stored, hashed
// and compared, and masks it for a screen.
//
// It looks nothing up: a number that passes here is well formed, and may belong
// to nobody. It is pure, and its errors never carry the value, which is
// personal data.
package ident

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kelisim/internal/fault"
)

// Kind is what sort of identifier a value is.
type Kind string

// The kinds, as the API spells them.
const (
	IIN      Kind = "iin"      // individual identification number, 12 digits
	BIN      Kind = "bin"      // business identification number, 12 digits
	Phone    Kind = "phone"    // E.164
	Email    Kind = "email"    // address alone, no display name
	Document Kind = "document" // number of an identity document
	External Kind = "external" // id in a system of the operator
)

// Rules say how strict to be.
type Rules struct {
	// AllowTest takes any 12 digits for an IIN or a BIN. The test certificates
	// of the national certification authority carry IIN 123456789011, which
	// has neither a date nor a check digit. Never on where real people are.
	AllowTest bool
}

// maxInput bounds the bytes of a value before any work is done on it: longer
// than every canonical form in every spelling.
const maxInput = 1024

// Normalise returns the canonical form of a value. Normalising that again
// changes nothing. A value that cannot be read gives an Invalid [fault.Error]
// without a field: the caller knows where the value stood.
func (r Rules) Normalise(kind Kind, value string) (string, error) {
	switch kind {
	case IIN:
		return r.iin(value)
	case BIN:
		return r.bin(value)
	case Phone:
		return phone(value)
	case Email:
		return email(value)
	case Document:
		return document(value)
	case External:
		return external(value)
	default:
		return "", fault.New(fault.Invalid, "identifier-kind")
	}
}

// NormaliseOrg returns the canonical number of an organization: a BIN, or the
// IIN of a sole trader who has none. The fifth digit tells them apart: in an
// IIN it begins the day of birth and is 3 at most, in a BIN it is 4, 5 or 6.
func (r Rules) NormaliseOrg(value string) (string, error) {
	if n := dropSpaces(value); len(n) == 12 && '0' <= n[4] && n[4] <= '3' {
		return r.iin(n)
	}
	return r.bin(value)
}

// document keeps letters of any script, because foreign documents have them.
// Cyrillic and Latin letters of one shape stay different letters.
func document(value string) (string, error) {
	if len(value) > maxInput {
		return "", fault.New(fault.Invalid, "document-length")
	}
	upper := norm.NFC.String(strings.ToUpper(norm.NFC.String(dropSeparators(value))))
	for _, r := range upper {
		if r == utf8.RuneError || !unicode.IsLetter(r) && !isDigit(r) {
			return "", fault.New(fault.Invalid, "document-character")
		}
	}
	if n := utf8.RuneCountInString(upper); n < 4 || n > 32 {
		return "", fault.New(fault.Invalid, "document-length")
	}
	return upper, nil
}

// external keeps the case: two ids of another system may differ in it alone.
func external(value string) (string, error) {
	if len(value) > maxInput {
		return "", fault.New(fault.Invalid, "external-length")
	}
	id := norm.NFC.String(strings.TrimSpace(value))
	if id == "" {
		return "", fault.New(fault.Invalid, "external-empty")
	}
	for _, r := range id {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return "", fault.New(fault.Invalid, "external-character")
		}
	}
	if utf8.RuneCountInString(id) > 128 {
		return "", fault.New(fault.Invalid, "external-length")
	}
	return id, nil
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func drop(value string, unwanted func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, value)
}

func dropSpaces(value string) string { return drop(value, unicode.IsSpace) }

// dropSeparators drops spaces and dashes of every kind.
func dropSeparators(value string) string {
	return drop(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) })
}
