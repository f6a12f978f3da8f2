package calendar

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

const decree = `# What the Government decided for 2027.
year: 2027
source: {kk: 512 қаулы, ru: постановление 512, en: decree 512}
certainty: P
moves:
  - {works: 2027-07-03, rests: 2027-07-05}
works: [2027-12-26]
rests: [2027-12-31]
kurban_ait: 2027-05-17
holidays:
  - id: data-day
    name: Data Day
    day: 04-28
    from: 2027-01-01
    to: 2028-12-31
  - {id: womens-day, name: {kk: а, ru: б, en: c}, day: 03-08, days: 2, moves: false}
`

func parse(t testing.TB, text string) *Decree {
	t.Helper()
	d, err := ParseDecree([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecree(t *testing.T) {
	t.Parallel()
	c, err := Base().With(*parse(t, decree))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		day       string
		five, six Kind
	}{
		{"2027-07-03", Taken, Plain},
		{"2027-07-05", Given, Plain},
		{"2027-12-26", Taken, Taken}, // a Sunday
		{"2027-12-31", Given, Given},
		{"2027-05-16", Weekend, Weekend}, // Kurban Ait by the base
		{"2027-05-17", Rest, Rest},
		{"2027-04-28", Public, Public},
		{"2028-04-28", Public, Public},
		{"2029-04-28", Weekend, Plain}, // over
		{"2026-04-28", Plain, Plain},   // not yet
		{"2027-03-09", Rest, Rest},
		{"2026-03-08", Rest, Rest}, // the newest word on a holiday replaces the one before
		{"2026-03-09", Rest, Rest},
		{"2026-03-10", Plain, Plain}, // and this one does not move
	} {
		x := c.lay(day(t, tt.day), day(t, tt.day)+1)[0]
		if x[0].kind != tt.five || x[1].kind != tt.six {
			t.Errorf("%s is %s and %s, want %s and %s", tt.day, x[0].kind, x[1].kind, tt.five, tt.six)
		}
	}
	if c.Version.String() != "1.1" || Base().Version.String() != "1.0" {
		t.Error(c.Version, Base().Version)
	}
	if Base().IsWorking(at(t, "2027-04-28"), FiveDays) == c.IsWorking(at(t, "2027-04-28"), FiveDays) {
		t.Error("a decree must change the calendar that it is put on, and no other")
	}
	if got := c.Certainty(at(t, "2027-07-02"), at(t, "2027-07-03"), FiveDays); got != law.Primary {
		t.Errorf("a day of the decree is as sure as the decree: %s", got)
	}
}

// The newest word counts: a date of Kurban Ait is announced and changed, a
// transfer is taken back.
func TestLaterDecreesHaveTheLastWord(t *testing.T) {
	t.Parallel()
	first := parse(t, decree)
	second := parse(t, "{year: 2027, source: changed, certainty: P, kurban_ait: 2027-05-18, works: [2027-07-05], rests: [2027-07-03]}")
	c, err := Base().With(*first, *second)
	if err != nil {
		t.Fatal(err)
	}
	for day, works := range map[string]bool{"2027-05-17": true, "2027-05-18": false, "2027-07-05": true, "2027-07-03": false} {
		if c.IsWorking(at(t, day), FiveDays) != works {
			t.Errorf("%s: works %v", day, !works)
		}
	}
	if c.Version.Decree() != 2 {
		t.Error(c.Version)
	}
}

// A year beyond the base is confirmed once somebody has said when its Kurban Ait is.
func TestDecreeOfAnotherYear(t *testing.T) {
	t.Parallel()
	part, err := Base().With(*parse(t, "{year: 2028, source: s, certainty: P, moves: [{works: 2028-09-02, rests: 2028-09-04}]}"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := part.With(*parse(t, "{year: 2028, source: s, certainty: S, kurban_ait: 2028-05-05}"))
	if err != nil {
		t.Fatal(err)
	}
	from, to := at(t, "2028-02-01"), at(t, "2028-02-02")
	if part.Certainty(from, to, FiveDays) != law.Unknown || whole.Certainty(from, to, FiveDays) != law.Secondary {
		t.Error(part.Certainty(from, to, FiveDays), whole.Certainty(from, to, FiveDays))
	}
}

// Kurban Ait follows the moon: a date that is not sure makes the days beside it
// unsure too.
func TestMoonIsUnsure(t *testing.T) {
	t.Parallel()
	c, err := Base().With(*parse(t, "{year: 2026, source: s, certainty: M, kurban_ait: 2026-05-28}"))
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]law.Certainty{"2026-05-26": law.Secondary, "2026-05-27": law.Memory, "2026-05-28": law.Memory} {
		if got := c.Certainty(at(t, "2026-05-25"), at(t, to), FiveDays); got != want {
			t.Errorf("up to %s: %s, want %s", to, got, want)
		}
	}
	if got := c.Certainty(at(t, "2026-05-28"), at(t, "2026-05-29"), FiveDays); got != law.Memory {
		t.Errorf("the day after: %s", got)
	}
	if got := c.Certainty(at(t, "2026-05-29"), at(t, "2026-06-01"), FiveDays); got != law.Secondary {
		t.Errorf("later: %s", got)
	}
}

func TestReplayTakesWhatTheBaseKnows(t *testing.T) {
	t.Parallel()
	known := parse(t, "{year: 2026, source: s, certainty: S, works: [2026-03-10], kurban_ait: 2026-05-27}")
	if _, err := Base().With(*known); !fault.Is(err, "decree-works-already") {
		t.Error(err)
	}
	if c := Base().Replay(*known); c.Version.Decree() != 1 || !c.IsWorking(at(t, "2026-03-10"), FiveDays) {
		t.Error("a decree that was accepted once must not stop the program")
	}
}

func TestBadDecrees(t *testing.T) {
	t.Parallel()
	head := "year: 2027\nsource: s\ncertainty: P\n"
	for _, tt := range []struct {
		name, text, field, code string
		line                    int
	}{
		{"a wrong date", head + "works: [2027-02-30]\n", "works[0]", "date-form", 4},
		{"no date", head + "rests:\n  - soon\n", "rests[0]", "date-form", 5},
		{"a date of no calendar", head + "rests: [3027-01-01]\n", "rests[0]", "date-form", 4},
		{"an empty date", head + "moves:\n  - works: 2027-07-03\n", "moves[0].rests", "date-form", 0},
		{"another year", head + "kurban_ait: 2026-05-17\n", "kurban_ait", "decree-other-year", 4},
		{"another year's move", head + "moves:\n  - {works: 2027-07-03, rests: 2028-07-05}\n", "moves[0].rests", "decree-other-year", 5},
		{"one day twice", head + "works: [2027-07-03]\nrests: [2027-07-03]\n", "rests[0]", "decree-day-twice", 5},
		{"works already", head + "works:\n  - 2027-07-03\n  - 2027-07-05\n", "works[1]", "decree-works-already", 6},
		{"rests already", head + "rests: [2027-07-04]\n", "rests[0]", "decree-rests-already", 4},
		{"a holiday that works", head + "works: [2027-03-08]\n", "works[0]", "decree-works-holiday", 4},
		{"7 January works", head + "moves: [{works: 2027-01-07, rests: 2027-01-08}]\n", "moves[0].works", "decree-works-holiday", 4},
		{"an unknown key", head + "works: [2027-07-03]\nrest: [2027-07-05]\n", "", "decree-key", 5},
		{"an unknown key of a move", head + "moves:\n  - {work: 2027-07-03, rests: 2027-07-05}\n", "", "decree-key", 5},
		{"an unknown language", "year: 2027\nsource:\n  kk: а\n  de: b\ncertainty: P\n", "", "decree-language", 4},
		{"a key twice", head + "works: [2027-07-03]\nworks: [2027-07-10]\n", "", "decree-key-twice", 5},
		{"no year", "source: s\ncertainty: P\nworks: [2027-07-03]\n", "year", "missing-key", 0},
		{"a year of no calendar", "year: 27\nsource: s\ncertainty: P\nworks: [2027-07-03]\n", "year", "decree-number", 1},
		{"no source", "year: 2027\ncertainty: P\nworks: [2027-07-03]\n", "source", "missing-key", 0},
		{"no certainty", "year: 2027\nsource: s\nworks: [2027-07-03]\n", "certainty", "missing-key", 0},
		{"a mark that is none", "year: 2027\nsource: s\ncertainty: sure\nworks: [2027-07-03]\n", "certainty", "not-one-of", 3},
		{"nothing said", head, "", "decree-empty", 0},
		{"nothing at all", "", "year", "missing-key", 0},
		{"a list", "- 2027\n", "", "decree-syntax", 1},
		{"a mapping for a date", head + "works: [{a: b}]\n", "", "not-a-text", 4},
		{"a text for a list", head + "works: 2027-07-03\n", "", "decree-syntax", 4},
		{"broken", head + "works: [2027-07-03\n", "", "decree-syntax", 4},
		{"not text", "year: \xff", "", "not-utf8", 0},
		{"a holiday without a name", head + "holidays: [{id: x, day: 04-28}]\n", "holidays[0].name", "missing-key", 0},
		{"a holiday without an id", head + "holidays: [{name: x, day: 04-28}]\n", "holidays[0].id", "id-form", 0},
		{"a holiday on no day", head + "holidays: [{id: x, name: x, day: 02-29}]\n", "holidays[0].day", "decree-day-form", 4},
		{"a holiday of too many days", head + "holidays: [{id: x, name: x, day: 02-28, days: 11}]\n", "holidays[0].days", "decree-number", 4},
		{"a holiday that ends before it begins", head + "holidays: [{id: x, name: x, day: 02-28, from: 2028-01-01, to: 2027-01-01}]\n", "holidays[0].to", "decree-to-before-from", 4},
		{"a holiday with a flag that is none", head + "holidays: [{id: x, name: x, day: 02-28, moves: often}]\n", "holidays[0].moves", "not-a-flag", 4},
		{"a holiday twice", head + "holidays:\n  - {id: x, name: x, day: 02-28}\n  - {id: x, name: x, day: 02-27}\n", "holidays[1].id", "duplicate-item", 6},
		{"a control character", "year: 2027\nsource: \"a\\u0007\"\ncertainty: P\nworks: [2027-07-03]\n", "source", "control-character", 2},
		{"a long text", "year: 2027\nsource: " + strings.Repeat("x", 401) + "\ncertainty: P\nworks: [2027-07-03]\n", "source", "too-long", 2},
		{"too much of it", head + "works: [" + strings.Repeat("2027-07-03,", 101) + "]\n", "works", "too-many-items", 0},
		{"far too much of it", head + strings.Repeat("# x\n", 9000), "", "decree-too-large", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseDecree([]byte(tt.text))
			if err == nil {
				_, err = Base().With(*d)
			}
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != tt.code || f.Field != tt.field || f.Line != tt.line {
				t.Fatalf("%v, want %s at %q, line %d", err, tt.code, tt.field, tt.line)
			}
			for _, lang := range locale.All {
				if text, _ := locale.Fault(lang, f); strings.ContainsAny(text, "⟦{}") {
					t.Errorf("%s: %s", lang, text)
				}
			}
		})
	}
}

// All that is wrong is said at once, in the order of the lines, and never what
// was written there.
func TestBadDecreeSaysAllOfIt(t *testing.T) {
	t.Parallel()
	_, err := ParseDecree([]byte("year: 1900\nworks: [Асыл]\nrests: [2027-13-01]\n"))
	var list fault.List
	if !errors.As(err, &list) || len(list) != 5 {
		t.Fatal(err)
	}
	for i := 1; i < len(list); i++ {
		if list[i].Line < list[i-1].Line {
			t.Error("not in the order of lines: ", err)
		}
	}
	if strings.Contains(err.Error(), "Асыл") || strings.Contains(err.Error(), "13-01") {
		t.Error("it repeats what was written: ", err)
	}
	_, err = ParseDecree([]byte("900101300017: x\n"))
	if strings.Contains(err.Error(), "900101300017") {
		t.Error("it repeats a key that is none: ", err)
	}
}

// JSON is read too, as the API takes it.
func TestDecreeInJSON(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"year":2027,"source":{"ru":"а \"б\" \u0432"},"certainty":"P","moves":[{"works":"2027-07-03","rests":"2027-07-05"}],"holidays":[{"id":"x","name":"x","day":"02-28","moves":false}]}`)
	if d.Source.RU != `а "б" в` || len(d.Moves) != 1 || d.Holidays[0].Moves {
		t.Errorf("%+v", d)
	}
}

// Whatever is sent, the parser comes back with a decree or with faults that have
// texts; a decree that fits leaves a calendar that is whole.
func FuzzParseDecree(f *testing.F) {
	f.Add([]byte(decree))
	f.Add(baseYAML)
	for _, s := range []string{
		"", "{}", "year: 2027", "year: [", "works: &a [*a]", "a: &x {b: *x}", "? a\n: b", "---\n---\n", "year: !!int 2027", "year: ~\nsource: |\n  a\n  b\n",
		"{year: 2028, source: s, certainty: P, works: [2028-01-08], rests: [2028-01-10], holidays: [{id: a, name: a, day: 12-31, days: 10}]}",
		"{year: 2000, source: s, certainty: M, kurban_ait: 2000-01-01}", "{year: 2099, source: s, certainty: M, rests: [2099-12-31]}",
		"<<: {year: 2027}", "source: {kk: [a]}", "source: {[a]: b}", "moves: [[]]", "holidays: [~]", "\xff", "year: 2027\r\nyear: 2028",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDecree(data)
		if err == nil {
			var c *Calendar
			if c, err = Base().With(*d); err == nil {
				from := dayOf(d.Year, 1, 1).End()
				if end := c.Due(from, 20, law.WorkingDay, FiveDays); !c.IsWorking(end, FiveDays) || !end.After(from) {
					t.Errorf("20 working days from %s end %s", from, end)
				}
			}
		}
		var list fault.List
		if err != nil && (!errors.As(err, &list) || len(list) == 0) {
			t.Fatalf("%T: %v", err, err)
		}
		for _, e := range list {
			if text, hint := locale.Fault(locale.RU, e); e.Kind != fault.Invalid && e.Kind != fault.TooLarge || strings.Contains(fmt.Sprint(text, hint), "⟦") {
				t.Errorf("%v: %s %s", e, text, hint)
			}
		}
	})
}
