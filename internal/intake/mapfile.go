package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// Map says what the columns of a file mean, and what is recorded of everybody
// in it. Its form in YAML is public.
type Map struct {
	Sheet     string // of an XLSX; empty for the first
	Encoding  string // of a CSV: Auto, UTF8 or Windows1251
	Delimiter rune   // of a CSV; 0 to find out
	Origin    string // where the data came from
	Ground    verify.Ground
	Language  locale.Lang // in which the people are written to
	Channel   string      // by which consents were obtained, where no column says it
	Columns   []Column
}

// Column is one column of the file. Identifier says by what it finds the
// person, Category as what it is kept, Name that it is what the person is
// called; at least one of the three.
type Column struct {
	Column     string // its name in the first row
	Identifier ident.Kind
	Category   string
	Name       bool
	Consent    string // what it tells of a consent given before: ConsentDate …
	Optional   bool   // a row may leave it empty
}

// The encodings of a CSV. Auto is UTF-8 where the whole file is valid UTF-8,
// else windows-1251: what spreadsheets here write.
const (
	Auto        = "auto"
	UTF8        = "utf-8"
	Windows1251 = "windows-1251"
)

// collectedBefore is the ground of data collected before the Law took force.
const collectedBefore = "31(3)"

// word is a text of the file with the line it stands on.
type word struct {
	text string
	line int
}

func (w *word) UnmarshalYAML(n ast.Node) error {
	w.line = n.GetToken().Position.Line
	switch n := n.(type) {
	case *ast.StringNode:
		w.text = strings.TrimSpace(n.Value)
	case *ast.LiteralNode:
		w.text = strings.TrimSpace(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode: // a column may be called 2024
		w.text = n.GetToken().Value
	case *ast.NullNode:
	default:
		return &textError{w.line}
	}
	return nil
}

// textError is a list or a mapping where a text must stand.
type textError struct{ line int }

func (e *textError) Error() string { return "not a text" }

type mapFile struct {
	Sheet     word `yaml:"sheet"`
	Encoding  word `yaml:"encoding"`
	Delimiter word `yaml:"delimiter"`
	Origin    word `yaml:"origin"`
	Ground    struct {
		Provision word `yaml:"provision"`
		Document  word `yaml:"document"`
	} `yaml:"ground"`
	Language word         `yaml:"language"`
	Channel  word         `yaml:"channel"`
	Columns  []columnFile `yaml:"columns"`
}

type columnFile struct {
	Column     word `yaml:"column"`
	Identifier word `yaml:"identifier"`
	Category   word `yaml:"category"`
	Name       bool `yaml:"name"`
	Consent    word `yaml:"consent"`
	Optional   bool `yaml:"optional"`
}

var mapKeys = []string{
	"sheet", "encoding", "delimiter", "origin", "ground", "provision", "document", "language", "channel",
	"columns", "column", "identifier", "category", "name", "consent", "optional",
}

// What a map may hold at most.
const (
	maxMap     = 64 << 10
	maxColumns = 100
	maxText    = 400 // bytes of one text
)

// ParseMap reads a map file. What is wrong with it comes back as a
// [fault.List] with lines.
func ParseMap(data []byte) (*Map, error) {
	f, err := decodeMap(data)
	if err != nil {
		return nil, fault.List{err}
	}
	r := &mapReader{}
	m := &Map{
		Sheet:     r.short("sheet", f.Sheet),
		Encoding:  r.oneOf("encoding", f.Encoding, Auto, UTF8, Windows1251),
		Delimiter: r.delimiter(f.Delimiter),
		Origin:    r.required("origin", f.Origin),
		Ground:    verify.Ground{Provision: collectedBefore, Document: r.required("ground.document", f.Ground.Document)},
		Language:  locale.Lang(r.oneOf("language", f.Language, "", string(locale.KK), string(locale.RU), string(locale.EN))),
		Channel:   r.oneOf("channel", f.Channel, append([]string{""}, consent.Channels...)...),
		Columns:   r.columns(f.Columns),
	}
	r.consents(m)
	if p := r.short("ground.provision", f.Ground.Provision); p != "" {
		m.Ground.Provision = p
	}
	return m, r.faults.OrNil()
}

// decodeMap brings the first thing that is wrong with the form.
func decodeMap(data []byte) (f *mapFile, bad *fault.Error) {
	if len(data) > maxMap {
		return nil, fault.New(fault.TooLarge, "map-too-large", "kibibytes", maxMap>>10)
	}
	defer func() {
		if recover() != nil { // the parser is not ours
			f, bad = nil, fault.New(fault.Invalid, "map-syntax")
		}
	}()
	f = &mapFile{}
	err := yaml.UnmarshalWithOptions(data, f, yaml.Strict())
	if err == nil {
		return f, nil
	}
	return nil, mapError(err)
}

// mapError keeps the line of the parser's error and drops its text, which
// quotes the file.
func mapError(err error) *fault.Error {
	var text *textError
	if errors.As(err, &text) {
		return &fault.Error{Kind: fault.Invalid, Code: "not-a-text", Line: text.line}
	}
	var where yaml.Error
	if !errors.As(err, &where) || where.GetToken() == nil {
		return fault.New(fault.Invalid, "map-syntax")
	}
	line, key := where.GetToken().Position.Line, where.GetToken().Value
	var unknown *yaml.UnknownFieldError
	var typed *yaml.TypeError
	switch {
	case errors.As(err, &unknown):
		near := register.Nearest(key, mapKeys)
		if len(key) > 32 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_-") != "" {
			key = "…" // whatever somebody pasted
		}
		return &fault.Error{Kind: fault.Invalid, Code: "unknown-key", Line: line, Args: []any{"key", key, "near", near}}
	case strings.HasPrefix(where.GetMessage(), "mapping key"): // all that the parser tells of a second one
		return &fault.Error{Kind: fault.Invalid, Code: "map-key-twice", Line: line}
	case errors.As(err, &typed) && typed.DstType.String() == "bool":
		return &fault.Error{Kind: fault.Invalid, Code: "not-a-flag", Line: line}
	default:
		return &fault.Error{Kind: fault.Invalid, Code: "map-syntax", Line: line}
	}
}

// mapReader gathers what is wrong with the values.
type mapReader struct{ faults fault.List }

func (r *mapReader) fail(field string, line int, code string, args ...any) {
	r.faults = append(r.faults, &fault.Error{Kind: fault.Invalid, Code: code, Field: field, Line: line, Args: args})
}

func (r *mapReader) short(field string, w word) string {
	if len(w.text) > maxText {
		r.fail(field, w.line, "too-long", "max", maxText)
	}
	return w.text
}

func (r *mapReader) required(field string, w word) string {
	if w.text == "" {
		r.fail(field, w.line, "missing-key", "key", field)
	}
	return r.short(field, w)
}

// oneOf reads one of the allowed words; the first stands for nothing written.
func (r *mapReader) oneOf(field string, w word, allowed ...string) string {
	if w.text == "" {
		return allowed[0]
	}
	if !slices.Contains(allowed, w.text) {
		r.fail(field, w.line, "not-one-of", "allowed", strings.Trim(strings.Join(allowed, ", "), ", "))
	}
	return w.text
}

func (r *mapReader) delimiter(w word) rune {
	switch w.text {
	case "", Auto:
		return 0
	case ",":
		return ','
	case ";":
		return ';'
	case "tab":
		return '\t'
	}
	r.fail("delimiter", w.line, "not-one-of", "allowed", `auto, ",", ";", tab`)
	return 0
}

func (r *mapReader) columns(list []columnFile) []Column {
	if len(list) == 0 {
		r.fail("columns", 0, "missing-key", "key", "columns")
	}
	if len(list) > maxColumns {
		r.fail("columns", 0, "too-many-items", "max", maxColumns)
		return nil
	}
	out := make([]Column, len(list))
	names, categories, parts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	identifiers, named := 0, false
	for i := range list {
		c := &list[i]
		field, line := fmt.Sprintf("columns[%d]", i), max(c.Column.line, c.Identifier.line, c.Category.line)
		out[i] = Column{
			Column: r.required(field+".column", c.Column), Identifier: r.kind(field+".identifier", c.Identifier),
			Category: r.short(field+".category", c.Category), Name: c.Name, Optional: c.Optional,
			Consent: r.oneOf(field+".consent", c.Consent, append([]string{""}, consentParts...)...),
		}
		switch o := &out[i]; {
		case o.Identifier == "" && o.Category == "" && o.Consent == "" && !o.Name:
			r.fail(field, line, "column-useless")
		case names[label(o.Column)] || o.Category != "" && categories[o.Category] || o.Consent != "" && parts[o.Consent] || o.Name && named:
			r.fail(field, line, "column-twice")
		}
		names[label(out[i].Column)], categories[out[i].Category], parts[out[i].Consent] = true, true, true
		if named = named || c.Name; out[i].Identifier != "" {
			identifiers++
		}
	}
	switch {
	case identifiers > party.MaxIdentifiers:
		r.fail("columns", 0, "too-many-items", "max", party.MaxIdentifiers)
	case identifiers == 0 && len(list) > 0:
		r.fail("columns", 0, "map-without-identifier")
	}
	return out
}

// consents: a consent needs its date, and a way in which it was obtained.
func (r *mapReader) consents(m *Map) {
	has := func(part string) bool {
		return slices.ContainsFunc(m.Columns, func(c Column) bool { return c.Consent == part })
	}
	some := slices.ContainsFunc(m.Columns, func(c Column) bool { return c.Consent != "" })
	switch {
	case some && !has(ConsentDate):
		r.fail("columns", 0, "map-consent-date")
	case some && m.Channel == "" && !has(ConsentChannel):
		r.fail("channel", 0, "missing-key", "key", "channel")
	}
}

func (r *mapReader) kind(field string, w word) ident.Kind {
	return ident.Kind(r.oneOf(field, w, "", string(ident.IIN), string(ident.Phone), string(ident.Email),
		string(ident.Document), string(ident.External)))
}
