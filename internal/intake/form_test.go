package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

const goodMap = `# what the columns of the old register mean
sheet: Clients
encoding: auto
delimiter: ";"
origin: Old register
ground: {provision: "9(10)", document: A law}
language: kk
columns:
  - {column: ИИН, identifier: iin, category: iin}
  - column: 2024
    name: true
    optional: true
`

func TestParseMap(t *testing.T) {
	t.Parallel()
	m, err := ParseMap([]byte(goodMap))
	if err != nil {
		t.Fatal(err)
	}
	if m.Sheet != "Clients" || m.Delimiter != ';' || m.Encoding != Auto || m.Ground.Provision != "9(10)" || m.Language != locale.KK ||
		m.Columns[0] != (Column{Column: "ИИН", Identifier: ident.IIN, Category: "iin"}) ||
		m.Columns[1] != (Column{Column: "2024", Name: true, Optional: true}) {
		t.Errorf("%+v", m)
	}
	if m, err = ParseMap([]byte("origin: a\nground: {document: b}\ncolumns: [{column: c, identifier: phone}]")); err != nil || m.Ground.Provision != "31(3)" {
		t.Error(m, err)
	}
}

func TestMapErrors(t *testing.T) {
	t.Parallel()
	change := func(old, new string) string { return strings.Replace(goodMap, old, new, 1) }
	for name, c := range map[string]struct {
		text, code, says string
		line             int
	}{
		"unknown key":          {change("origin:", "orgin:"), "unknown-key", "«origin»", 5},
		"unknown key inside":   {change("document:", "docment:"), "unknown-key", "«document»", 6},
		"unknown key pasted":   {change("origin:", "Иванов Иван:"), "unknown-key", "«…»", 5},
		"key twice":            {change("sheet: Clients", "sheet: a\nsheet: b"), "map-key-twice", "", 3},
		"not YAML":             {"columns: [", "map-syntax", "", 1},
		"not a mapping":        {"just, a, table\n1,2,3", "map-syntax", "", 1},
		"a list for a text":    {change("Old register", "[a, b]"), "not-a-text", "", 5},
		"a text for a flag":    {change("name: true", "name: yes please"), "not-a-flag", "", 11},
		"no origin":            {change("origin: Old register", ""), "missing-key", "«origin»", 0},
		"no document":          {change(", document: A law", ""), "missing-key", "«ground.document»", 0},
		"encoding":             {change("encoding: auto", "encoding: cp866"), "not-one-of", "windows-1251", 3},
		"delimiter":            {change(`";"`, `"|"`), "not-one-of", "tab", 4},
		"language":             {change("language: kk", "language: kz"), "not-one-of", "kk, ru, en", 7},
		"kind of identifier":   {change("identifier: iin", "identifier: inn"), "not-one-of", "iin, phone", 9},
		"nothing to find by":   {change("identifier: iin, ", ""), "map-without-identifier", "", 0},
		"column without a use": {change("name: true", "name: false"), "column-useless", "", 10},
		"column twice":         {change("2024", " иин"), "column-twice", "", 10},
		"no columns":           {"origin: a\nground: {document: b}\ncolumns: []", "missing-key", "«columns»", 0},
		"too long":             {change("Old register", strings.Repeat("a", 500)), "too-long", "", 5},
		"too large":            {strings.Repeat("#", maxMap+1), "map-too-large", "64", 0},
		"empty":                {"", "missing-key", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseMap([]byte(c.text))
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatal("no error")
			}
			text, hint := locale.Fault(locale.RU, f)
			if f.Code != c.code || f.Line != c.line || !strings.Contains(text+hint, c.says) || strings.Contains(text+hint, "⟦") {
				t.Errorf("%v: %s %s", err, text, hint)
			}
		})
	}
}

// How a file is cut into pieces on its way does not matter.
func TestSurvey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "Қ", "\n", "€", "𐐀", "\xff", "\xd0", "\x00", "\ufeff"}), 0, 40).Draw(t, "words")
		text := []byte(strings.Join(words, ""))
		for _, cut := range []func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader,
		} {
			s, err := survey(cut(bytes.NewReader(text)))
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.Count(text, []byte("\n"))
			if len(text) > 0 && text[len(text)-1] != '\n' {
				lines++
			}
			badLine := 0
			if !utf8.Valid(text) {
				badLine = 1 + bytes.Count(validPrefix(text), []byte("\n"))
			}
			want := surveyed{int64(lines), badLine, bytes.HasPrefix(text, mark), bytes.IndexByte(text, 0) >= 0}
			if s != want {
				t.Fatalf("%q: %+v, want %+v", text, s, want)
			}
		}
	})
}

func FuzzParseMap(f *testing.F) {
	f.Add([]byte(goodMap))
	f.Add([]byte("columns: [*a, *a]\norigin: &a x"))
	f.Add([]byte("{}"))
	f.Add([]byte("? [a]\n: b"))
	f.Add([]byte("columns: {column: a}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseMap(data)
		if err == nil && (len(m.Columns) == 0 || m.Origin == "" || m.Ground.Document == "") {
			t.Fatalf("accepted: %+v", m)
		}
		var list fault.List
		if err != nil && (!errors.As(err, &list) || len(list) == 0) {
			t.Fatalf("not a list of faults: %v", err)
		}
	})
}

// Whatever is brought, the reading ends, rows come in order, and an error is one
// that can be told.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("a,b\n\"1\n2\",3\n"), byte(0))
	f.Add([]byte("\ufeffa;b\r\n\"x\"y;z\r\n;\r\n1;2;3"), byte(1))
	f.Add([]byte("\xc0\xcd;\"\n"), byte(2))
	f.Add([]byte("PK\x03\x04"), byte(0))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), byte(0))
	maps := []*Map{
		{Encoding: Auto, Columns: []Column{{Column: "a", Identifier: ident.External}}},
		{Encoding: UTF8, Delimiter: ';', Columns: []Column{{Column: "a", Identifier: ident.External}}},
		{Encoding: Windows1251, Delimiter: '\t', Columns: []Column{{Column: "a", Identifier: ident.External}}},
	}
	f.Fuzz(func(t *testing.T, data []byte, which byte) {
		m := maps[int(which)%len(maps)]
		tab, err := open(bytes.NewReader(data), m)
		last, n := 0, 0
		var r row
		for err == nil {
			if r, err = tab.next(); err != nil {
				break
			}
			if r.number <= last {
				t.Fatalf("row %d after row %d", r.number, last)
			}
			if last = r.number; n == 0 && r.fault == nil {
				_, _ = places(r.cells, m, ident.Rules{})
			}
			if n++; n > len(data)+1 {
				t.Fatal("more rows than bytes")
			}
		}
		var told *fault.Error
		if !errors.Is(err, io.EOF) && !errors.As(err, &told) {
			t.Fatalf("not a fault: %v", err)
		}
	})
}
