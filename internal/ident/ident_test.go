package ident_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kelisim/internal/fault"
	. "kelisim/internal/ident"
	"kelisim/internal/locale"
)

// cases: want is the canonical form, or the code of the fault after "!".
// All numbers are made up.
var cases = []struct {
	kind     Kind
	in, want string
}{
	{IIN, "900101300017", "900101300017"},
	{IIN, "900101300811", "900101300811"}, // check digit of the second pass
	{IIN, " 900101\u00a0300 017\n", "900101300017"},
	{IIN, "900101300018", "!iin-check"},
	{IIN, "900101300801", "!iin-never-issued"},
	{IIN, "901301300017", "!iin-date"}, // month 13
	{IIN, "900230300017", "!iin-date"}, // 30 February
	{IIN, "900101700017", "!iin-date"}, // no such century
	{IIN, "900101900017", "!iin-date"},
	{IIN, "000229300012", "!iin-date"}, // 1900 was no leap year
	{IIN, "123456789011", "!iin-date"}, // of the test certificates
	{IIN, "90010130001", "!iin-length"},
	{IIN, "9001013000177", "!iin-length"},
	{IIN, "", "!iin-length"},
	{IIN, "90010130001O", "!iin-digit"},
	{IIN, "٩00101300017", "!iin-digit"}, // a digit, but not one of ours
	{IIN, strings.Repeat("1", 2000), "!iin-length"},

	{BIN, "260140000016", "!bin-check"},
	{BIN, "26 01 40 00001 5", "260140000015"},
	{BIN, "261340000017", "!bin-date"},
	{BIN, "260040000017", "!bin-date"},
	{BIN, "260130000017", "!bin-type"},
	{BIN, "900101300017", "!bin-type"},
	{BIN, "26014000001", "!bin-length"},
	{BIN, "26014000001x", "!bin-digit"},
	{BIN, strings.Repeat(" ", 2000), "!bin-length"},

	{Phone, "8 (700) 000-00-01", "+77000000001"},
	{Phone, "+7 700 000 00 01", "+77000000001"},
	{Phone, "7 700 000 00 01", "+77000000001"},
	{Phone, "700 000 00 01", "+77000000001"},
	{Phone, "+7 (7172) 00–00–01", "+77172000001"}, // a city, with en dashes
	{Phone, "8.727.000.00.01", "+77270000001"},
	{Phone, "+996 555 000001", "+996555000001"},
	{Phone, "+79000000001", "+79000000001"},
	{Phone, "89000000001", "!phone-country"},
	{Phone, "996555000001", "!phone-country"},
	{Phone, "+0700000001", "!phone-country"},
	{Phone, "+8 700 000 00 01", "!phone-country"}, // 8 is a trunk prefix, not a country
	{Phone, "8 700 000 00 0", "!phone-length"},
	{Phone, "+7 700 000 00 011", "!phone-length"},
	{Phone, "112", "!phone-length"},
	{Phone, "", "!phone-length"},
	{Phone, "+1234567890123456", "!phone-length"},
	{Phone, strings.Repeat(" ", 2000), "!phone-length"},
	{Phone, "8 700 KELISIM", "!phone-character"},
	{Phone, "8+7000000001", "!phone-character"},

	{Email, " Aigul.S+shop@Example.KZ ", "aigul.s+shop@example.kz"},
	{Email, "info@почта.қаз", "info@xn--80a1acny.xn--80ao21a"},
	{Email, "info@xn--80a1acny.xn--80ao21a", "info@xn--80a1acny.xn--80ao21a"},
	{Email, "Aigul <aigul@example.kz>", "!email-form"},
	{Email, "aigul", "!email-form"},
	{Email, "@example.kz", "!email-form"},
	{Email, "aigul@", "!email-form"},
	{Email, "a@example.kz,b@example.kz", "!email-form"},
	{Email, "aigul..s@example.kz", "!email-form"},
	{Email, ".aigul@example.kz", "!email-form"},
	{Email, "аigul@example.kz", "!email-character"}, // the first letter is Cyrillic
	{Email, "aigul\x00@example.kz", "!email-character"},
	{Email, "a@b@example.kz", "!email-domain"},
	{Email, "aigul@localhost", "!email-domain"},
	{Email, "aigul@[127.0.0.1]", "!email-domain"},
	{Email, "aigul@127.0.0.1", "!email-domain"},
	{Email, "aigul@-example.kz", "!email-domain"},
	{Email, "aigul@exa_mple.kz", "!email-domain"},
	{Email, "aigul@example.kz.", "!email-domain"},
	{Email, "aigul@\xdb.kz", "!email-domain"}, // the library makes a name of that
	{Email, strings.Repeat("a", 65) + "@example.kz", "!email-length"},
	{Email, strings.Repeat("a", 2000) + "@example.kz", "!email-length"},

	{Document, "n 0000-0001", "N00000001"},
	{Document, "аб000001", "АБ000001"},
	{Document, "№ 00000001", "!document-character"},
	{Document, "N0000/0001", "!document-character"},
	{Document, "N\xff0001", "!document-character"},
	{Document, "N01", "!document-length"},
	{Document, strings.Repeat("1", 33), "!document-length"},
	{Document, strings.Repeat(" ", 2000), "!document-length"},

	{External, " client/42 ", "client/42"},
	{External, "Client 42", "Client 42"},
	{External, "и\u0306", "й"}, // composed
	{External, strings.Repeat("й", 128), strings.Repeat("й", 128)},
	{External, strings.Repeat("й", 129), "!external-length"},
	{External, strings.Repeat("й", 2000), "!external-length"},
	{External, " \t", "!external-empty"},
	{External, "a\nb", "!external-character"},
	{External, "a\u200bb", "!external-character"}, // a space without width
	{External, "a\u202eb", "!external-character"}, // turns the writing round
	{External, "a\xff", "!external-character"},

	{"passport", "N00000001", "!identifier-kind"},
	{"", "", "!identifier-kind"},
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, tt := range cases {
		got, err := Rules{}.Normalise(tt.kind, tt.in)
		if got := outcome(t, got, err); got != tt.want {
			t.Errorf("%s %.60q: %q, want %q", tt.kind, tt.in, got, tt.want)
		}
	}
}

// outcome is the value, or "!" and the code of an Invalid fault that people can
// read in their language.
func outcome(t *testing.T, value string, err error) string {
	t.Helper()
	if err == nil {
		return value
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid {
		t.Fatalf("%v: not an Invalid fault", err)
	}
	if value != "" {
		t.Errorf("%v: a value came with the error", f)
	}
	if !locale.Has("error." + f.Code) {
		t.Errorf("%s has no text", f.Code)
	}
	return "!" + f.Code
}

func TestErrorsDoNotCarryTheValue(t *testing.T) {
	t.Parallel()
	for _, tt := range cases {
		if _, err := (Rules{}).Normalise(tt.kind, tt.in); err != nil && len(tt.in) > 3 && strings.Contains(err.Error(), tt.in) {
			t.Errorf("the error of a %s repeats what was typed", tt.kind)
		}
	}
}

func TestTestNumbersNeedTheRule(t *testing.T) {
	t.Parallel()
	for kind, number := range map[Kind]string{IIN: "123456789011", BIN: "123456789021"} {
		if _, err := (Rules{}).Normalise(kind, number); err == nil {
			t.Errorf("%s of the test certificates passes without AllowTest", kind)
		}
		if got, err := (Rules{AllowTest: true}).Normalise(kind, number); err != nil || got != number {
			t.Errorf("%s of the test certificates: %q, %v", kind, got, err)
		}
		if _, err := (Rules{AllowTest: true}).Normalise(kind, number[1:]); err == nil {
			t.Errorf("AllowTest lets a %s of 11 digits through", kind)
		}
	}
}

func TestNormaliseOrg(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"260140000015", "260140000015"},
		{"900101 300017", "900101300017"}, // a sole trader
		{"900131400017", "900131400017"},  // born on a 31st
		{"900101300018", "!iin-check"},
		{"260140000016", "!bin-check"},
		{"260170000017", "!bin-type"},
		{"", "!bin-length"},
	} {
		got, err := Rules{}.NormaliseOrg(tt.in)
		if got := outcome(t, got, err); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind     Kind
		in, want string
	}{
		{IIN, "900101300017", "90••••••••17"},
		{Phone, "+77000000078", "+770••••••78"},
		{Phone, "+12345678", "•••••••••"},
		{Email, "aigul@example.kz", "a•••@example.kz"},
		{Email, "ai@example.kz", "•••@example.kz"},
		{Email, "aigul", "•••••"},
		{Document, "N00000001", "N••••••01"},
		{External, "клиент42", "к•••••42"},
		{External, "42", "••"},
		{"other", "secret", "••••••"},
		{IIN, "", ""},
	} {
		if got := Mask(tt.kind, tt.in); got != tt.want {
			t.Errorf("Mask(%s, %q) = %q, want %q", tt.kind, tt.in, got, tt.want)
		}
	}
}

func TestCountry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"KZ", "KZ"},
		{" kz ", "KZ"},
		{"AD", "AD"},
		{"ZW", "ZW"},
		{"UK", "!country-unknown"},
		{"EU", "!country-unknown"},
		{"SU", "!country-unknown"},
		{"XK", "!country-unknown"},
		{"ZZ", "!country-unknown"},
		{"DA", "!country-unknown"},
		{"KAZ", "!country-unknown"},
		{"K", "!country-unknown"},
		{"", "!country-unknown"},
		{"398", "!country-unknown"},
		{"D ", "!country-unknown"},
	} {
		got, err := Country(tt.in)
		if got := outcome(t, got, err); got != tt.want {
			t.Errorf("Country(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	n := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if _, err := Country(string([]rune{a, b})); err == nil {
				n++
			}
		}
	}
	if n != 249 {
		t.Errorf("%d countries, ISO 3166-1 has 249", n)
	}
}

// The many spellings of one phone are one phone.
func TestSpellingsOfAPhoneAreOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`7[0-9]{9}`).Draw(t, "digits")
		prefix := rapid.SampledFrom([]string{"8", "+7", "7", ""}).Draw(t, "prefix")
		typed := prefix
		for _, d := range digits {
			typed += rapid.SampledFrom([]string{"", "", " ", "-", "(", ")", "\u00a0"}).Draw(t, "between") + string(d)
		}
		if got, err := (Rules{}).Normalise(Phone, typed); err != nil || got != "+7"+digits {
			t.Fatalf("%q: %q, %v", typed, got, err)
		}
	})
}

// A mask shows at most half and keeps the length, but for an e-mail's name.
func TestMaskHides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]Kind{IIN, BIN, Phone, Document, External, "?"}).Draw(t, "kind")
		value := []rune(rapid.StringMatching(`[a-z0-9+]{0,20}`).Draw(t, "value"))
		masked := []rune(Mask(kind, string(value)))
		if hidden := strings.Count(string(masked), "•"); len(masked) != len(value) || 2*hidden < len(value) {
			t.Fatalf("%q is masked as %q", string(value), string(masked))
		}
	})
}

func fuzzKind(f *testing.F, kind Kind) {
	for _, c := range cases {
		if c.kind == kind {
			f.Add(c.in, false)
		}
	}
	f.Add("123456789011", true)
	f.Fuzz(func(t *testing.T, value string, allowTest bool) {
		r := Rules{AllowTest: allowTest}
		once, err := r.Normalise(kind, value)
		if outcome(t, once, err); err != nil {
			return
		}
		if once == "" {
			t.Fatalf("%q became nothing", value)
		}
		if twice, err := r.Normalise(kind, once); err != nil || twice != once {
			t.Errorf("%q → %q → %q, %v: normalising again must change nothing", value, once, twice, err)
		}
		Mask(kind, value)
	})
}

func FuzzIIN(f *testing.F)      { fuzzKind(f, IIN) }
func FuzzBIN(f *testing.F)      { fuzzKind(f, BIN) }
func FuzzPhone(f *testing.F)    { fuzzKind(f, Phone) }
func FuzzEmail(f *testing.F)    { fuzzKind(f, Email) }
func FuzzDocument(f *testing.F) { fuzzKind(f, Document) }
func FuzzExternal(f *testing.F) { fuzzKind(f, External) }
