package calendar

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// What a decree may hold at most.
const (
	maxDecree = 32 << 10
	maxItems  = 100
	maxText   = 400 // characters of one text
)

// ParseDecree reads a decree from YAML or JSON. All that is wrong with its form
// comes back as a fault.List with lines; whether it fits the calendar is for
// [Calendar.With] to say.
func ParseDecree(data []byte) (*Decree, error) {
	f := &decreeFile{}
	if err := decode(data, f); err != nil {
		return nil, fault.List{err}
	}
	r := &reader{lines: map[string]int{}}
	d := r.decree(f)
	if r.faults == nil && d.empty() {
		r.fail("", 0, "decree-empty")
	}
	slices.SortStableFunc(r.faults, func(a, b *fault.Error) int { return cmp.Compare(a.Line, b.Line) })
	if err := r.faults.OrNil(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Decree) empty() bool {
	return len(d.Moves)+len(d.Works)+len(d.Rests)+len(d.Holidays) == 0 && d.KurbanAit == 0
}

// The files, as they are written.
type (
	decreeFile struct {
		Year      word          `yaml:"year"`
		Source    text          `yaml:"source"`
		Certainty word          `yaml:"certainty"`
		Moves     []moveFile    `yaml:"moves"`
		Works     []word        `yaml:"works"`
		Rests     []word        `yaml:"rests"`
		KurbanAit word          `yaml:"kurban_ait"`
		Holidays  []holidayFile `yaml:"holidays"`
	}
	moveFile struct {
		Works word `yaml:"works"`
		Rests word `yaml:"rests"`
	}
	holidayFile struct {
		ID        word `yaml:"id"`
		Name      text `yaml:"name"`
		Day       word `yaml:"day"`
		Days      word `yaml:"days"`
		From      word `yaml:"from"`
		To        word `yaml:"to"`
		Moves     word `yaml:"moves"`
		MovesFrom word `yaml:"moves_from"`
		Certainty word `yaml:"certainty"`
		Source    text `yaml:"source"`
	}
	baseFile struct {
		Revision int                   `yaml:"revision"`
		Years    map[int]law.Certainty `yaml:"years"`
		Rules    map[string]struct {
			Certainty law.Certainty `yaml:"certainty"`
			Source    locale.String `yaml:"source"`
		} `yaml:"rules"`
		Holidays []holidayFile `yaml:"holidays"`
		Doubts   []struct {
			Day       word          `yaml:"day"`
			Certainty law.Certainty `yaml:"certainty"`
		} `yaml:"doubts"`
		Decrees []decreeFile `yaml:"decrees"`
	}
)

// keys are all that a decree may have, for the hint at one that it may not.
const keys = "year, source, certainty, moves, works, rests, kurban_ait, holidays, id, name, day, days, from, to, moves_from"

// word is a scalar with the line it stands on, as it was written.
type word struct {
	text string
	line int
}

// UnmarshalYAML takes any scalar: a date, a number and a word are all texts here.
func (w *word) UnmarshalYAML(n ast.Node) error {
	w.line = n.GetToken().Position.Line
	switch n := n.(type) {
	case *ast.StringNode:
		w.text = strings.TrimSpace(n.Value)
	case *ast.LiteralNode:
		w.text = strings.TrimSpace(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		w.text = n.GetToken().Value
	case *ast.NullNode:
	default:
		return &formError{w.line, "not-a-text"}
	}
	return nil
}

// text is one text for every language, or one in each of some.
type text struct {
	locale.String
	line int
}

// UnmarshalYAML takes a scalar, or a mapping of languages.
func (t *text) UnmarshalYAML(n ast.Node) error {
	t.line = n.GetToken().Position.Line
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		var w word
		err := w.UnmarshalYAML(n)
		t.String = locale.String{KK: w.text, RU: w.text, EN: w.text}
		return err
	}
	for _, p := range pairs {
		into := map[string]*string{"kk": &t.KK, "ru": &t.RU, "en": &t.EN}[p.Key.GetToken().Value]
		if into == nil {
			return &formError{p.Key.GetToken().Position.Line, "decree-language"}
		}
		var w word
		if err := w.UnmarshalYAML(p.Value); err != nil {
			return err
		}
		*into = w.text
	}
	return nil
}

// formError is a value of the wrong form.
type formError struct {
	line int
	code string
}

func (e *formError) Error() string { return e.code }

// decode brings the first thing that is wrong with the form of a file.
func decode(data []byte, into any) (bad *fault.Error) {
	if len(data) > maxDecree {
		return fault.New(fault.TooLarge, "decree-too-large", "kibibytes", maxDecree>>10)
	}
	if !utf8.Valid(data) {
		return fault.New(fault.Invalid, "not-utf8")
	}
	defer func() {
		if recover() != nil { // the parser is not ours
			bad = fault.New(fault.Invalid, "decree-syntax")
		}
	}()
	if err := yaml.UnmarshalWithOptions(data, into, yaml.Strict()); err != nil {
		return decodeError(err)
	}
	return nil
}

// decodeError keeps the line of the parser's error and drops its text, which
// quotes the file.
func decodeError(err error) *fault.Error {
	var form *formError
	if errors.As(err, &form) {
		return &fault.Error{Kind: fault.Invalid, Code: form.code, Line: form.line}
	}
	var where yaml.Error
	if !errors.As(err, &where) || where.GetToken() == nil {
		return fault.New(fault.Invalid, "decree-syntax")
	}
	line, key := where.GetToken().Position.Line, where.GetToken().Value
	var unknown *yaml.UnknownFieldError
	switch {
	case errors.As(err, &unknown):
		if len(key) > 32 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_-") != "" {
			key = "…" // whatever somebody pasted
		}
		return &fault.Error{Kind: fault.Invalid, Code: "decree-key", Line: line, Args: []any{"key", key, "allowed", keys}}
	case strings.HasPrefix(where.GetMessage(), "mapping key"): // all that the parser tells of a second one
		return &fault.Error{Kind: fault.Invalid, Code: "decree-key-twice", Line: line}
	default:
		return &fault.Error{Kind: fault.Invalid, Code: "decree-syntax", Line: line}
	}
}

// reader gathers what is wrong with the values and where each stood.
type reader struct {
	lines  map[string]int
	faults fault.List
}

func (r *reader) fail(field string, line int, code string, args ...any) {
	r.faults = append(r.faults, &fault.Error{Kind: fault.Invalid, Code: code, Field: field, Line: line, Args: args})
}

func (r *reader) decree(f *decreeFile) *Decree {
	d := &Decree{lines: r.lines}
	d.Year = r.number("year", f.Year, first.Year(), past.Year()-1)
	d.Source = r.required("source", f.Source)
	d.Certainty = r.mark("certainty", f.Certainty)
	d.kurban = Fact{Name: kurbanAit, Source: d.Source, Certainty: d.Certainty}
	for i, m := range limited(r, "moves", f.Moves) {
		at := fmt.Sprintf("moves[%d].", i)
		d.Moves = append(d.Moves, Move{Works: r.day(at+"works", m.Works), Rests: r.day(at+"rests", m.Rests)})
	}
	d.Works, d.Rests = r.days("works", f.Works), r.days("rests", f.Rests)
	if f.KurbanAit.text != "" {
		d.KurbanAit = r.day("kurban_ait", f.KurbanAit)
	}
	for i := range limited(r, "holidays", f.Holidays) {
		h := r.holiday(fmt.Sprintf("holidays[%d].", i), &f.Holidays[i], d.Fact)
		if slices.ContainsFunc(d.Holidays, func(o Holiday) bool { return o.ID == h.ID }) {
			r.fail(fmt.Sprintf("holidays[%d].id", i), f.Holidays[i].ID.line, "duplicate-item")
		}
		d.Holidays = append(d.Holidays, h)
	}
	return d
}

func limited[T any](r *reader, field string, list []T) []T {
	if len(list) > maxItems {
		r.fail(field, 0, "too-many-items", "max", maxItems)
		return nil
	}
	return list
}

// holiday reads one; from says where it is known from, unless it does itself.
func (r *reader) holiday(at string, f *holidayFile, from Fact) Holiday {
	h := Holiday{Fact: from, ID: f.ID.text, Days: 1, Moves: true}
	if f.Source.String != (locale.String{}) {
		h.Source = r.required(at+"source", f.Source)
	}
	if f.Certainty.text != "" {
		h.Certainty = r.mark(at+"certainty", f.Certainty)
	}
	if h.ID == "" || len(h.ID) > 64 || strings.Trim(h.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		r.fail(at+"id", f.ID.line, "id-form")
	}
	h.Name = r.required(at+"name", f.Name)
	t, err := time.Parse("2006-01-02", "2001-"+f.Day.text) // no leap year: a holiday is there every year
	if h.Month, h.Day = t.Month(), t.Day(); err != nil {
		r.fail(at+"day", f.Day.line, "decree-day-form")
	}
	if f.Days.text != "" {
		h.Days = r.number(at+"days", f.Days, 1, 10)
	}
	for _, bound := range []struct {
		key string
		w   word
		to  *Day
	}{{"from", f.From, &h.From}, {"to", f.To, &h.To}, {"moves_from", f.MovesFrom, &h.MovesFrom}} {
		if bound.w.text != "" {
			*bound.to = r.day(at+bound.key, bound.w)
		}
	}
	if h.To != 0 && h.To < h.From {
		r.fail(at+"to", f.To.line, "decree-to-before-from")
	}
	if f.Moves.text != "" && f.Moves.text != "true" && f.Moves.text != "false" {
		r.fail(at+"moves", f.Moves.line, "not-a-flag")
	}
	h.Moves = f.Moves.text != "false"
	return h
}

func (r *reader) days(field string, list []word) (days []Day) {
	for i, w := range limited(r, field, list) {
		days = append(days, r.day(fmt.Sprintf("%s[%d]", field, i), w))
	}
	return days
}

func (r *reader) day(field string, w word) Day {
	r.lines[field] = w.line
	d, ok := ParseDay(w.text)
	if !ok || d < first || d >= past {
		r.fail(field, w.line, "date-form")
		return first
	}
	return d
}

func (r *reader) number(field string, w word, low, high int) int {
	n, err := strconv.Atoi(w.text)
	if w.text == "" {
		r.fail(field, w.line, "missing-key", "key", field)
	} else if err != nil || n < low || n > high {
		r.fail(field, w.line, "decree-number", "low", strconv.Itoa(low), "high", strconv.Itoa(high))
	}
	return n
}

func (r *reader) mark(field string, w word) law.Certainty {
	allowed := []string{"P", "V", "C", "S", "M"}
	switch {
	case w.text == "":
		r.fail(field, w.line, "missing-key", "key", field)
	case !slices.Contains(allowed, w.text):
		r.fail(field, w.line, "not-one-of", "allowed", strings.Join(allowed, ", "))
	}
	return law.Certainty(w.text)
}

func (r *reader) required(field string, t text) locale.String {
	if t.String == (locale.String{}) {
		r.fail(field, t.line, "missing-key", "key", field)
	}
	for _, s := range []string{t.KK, t.RU, t.EN} {
		if utf8.RuneCountInString(s) > maxText {
			r.fail(field, t.line, "too-long", "max", maxText)
		}
		if strings.ContainsFunc(s, unicode.IsControl) {
			r.fail(field, t.line, "control-character")
		}
	}
	return t.String
}

//go:embed calendar.yaml
var baseYAML []byte

// loadBase reads the embedded calendar. Its holidays stand under every decree.
func loadBase() (*Calendar, error) {
	var f baseFile
	if err := decode(baseYAML, &f); err != nil {
		return nil, fmt.Errorf("calendar.yaml: %w", err)
	}
	r := &reader{lines: map[string]int{}}
	c := &Calendar{Version: Version(f.Revision) * perRevision, years: f.Years, rules: map[string]Rule{}}
	for key, rule := range f.Rules {
		c.rules[key] = Rule{key, Fact{Source: rule.Source, Certainty: rule.Certainty}}
	}
	for _, d := range f.Doubts {
		c.doubts = append(c.doubts, doubt{r.day("doubts", d.Day), d.Certainty})
	}
	var lasting Decree
	for i := range f.Holidays {
		lasting.Holidays = append(lasting.Holidays, r.holiday("holidays.", &f.Holidays[i], Fact{}))
	}
	c.decrees = []Decree{lasting}
	for i := range f.Decrees {
		c.decrees = append(c.decrees, *r.decree(&f.Decrees[i]))
	}
	if err := r.faults.OrNil(); err != nil {
		return nil, fmt.Errorf("calendar.yaml: %w", err)
	}
	c.settle()
	return c, nil
}
