package register

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

// maxFaults bounds the answer to a file that is wrong all over.
const maxFaults = 100

// reader gathers all that is wrong with a description, so that a person mends
// it in one go, and remembers where each value stood.
type reader struct {
	rules  ident.Rules
	lines  map[string]int // by path
	faults fault.List
}

func (r *reader) fail(path, code string, args ...any) *fault.Error {
	return r.add(path, r.line(path), fault.New(fault.Invalid, code, args...))
}

// line is where the value at a path stood, or what it would stand in.
func (r *reader) line(path string) int {
	for {
		if line, ok := r.lines[path]; ok || path == "" {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// full reports whether there is enough to mend: looking for what a word may
// have meant costs too much to do for nobody.
func (r *reader) full() bool { return len(r.faults) >= maxFaults }

func (r *reader) add(path string, line int, e *fault.Error) *fault.Error {
	e.Field, e.Line = path, line
	if !r.full() {
		r.faults = append(r.faults, e)
	}
	return e
}

// table is a mapping that is being read. It knows which keys it was asked for:
// a key left over is unknown, and the nearest of those asked for is what its
// author may have meant.
type table struct {
	r       *reader
	path    string
	line    int
	wrong   bool // not a mapping at all, which is said already
	members map[string]member
	order   []string
	asked   []string
}

func (r *reader) table(path string, n *node) *table {
	t := &table{r: r, path: path, line: n.line, members: map[string]member{}}
	r.lines[path] = n.line
	if n.kind != mapping {
		r.fail(path, "not-a-mapping")
		t.wrong = true
		return t
	}
	for _, m := range n.members {
		if first, twice := t.members[m.key]; twice {
			r.add(t.at(m.key), m.line, fault.New(fault.Invalid, "duplicate-key", "line", first.line))
			continue
		}
		t.members[m.key] = m
		t.order = append(t.order, m.key)
		r.lines[t.at(m.key)] = m.line
	}
	return t
}

// at is the path of a member. A key that does not look like one is not
// repeated: it may be anything a person pasted.
func (t *table) at(key string) string {
	if !looksLikeKey(key) {
		return t.path
	}
	if t.path == "" {
		return key
	}
	return t.path + "." + key
}

func looksLikeKey(key string) bool {
	return key != "" && len(key) <= 32 && strings.Trim(strings.ToLower(key), "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// close reports the keys that nobody asked for.
func (t *table) close() {
	for _, key := range t.order {
		if slices.Contains(t.asked, key) || t.r.full() {
			continue
		}
		shown := "…"
		if looksLikeKey(key) {
			shown = key
		}
		t.r.add(t.at(key), t.members[key].line,
			fault.New(fault.Invalid, "unknown-key", "key", shown, "near", Nearest(key, t.asked)))
	}
}

// get is the value of a key, nil where there is none.
func (t *table) get(key string) *node {
	t.asked = append(t.asked, key)
	m, ok := t.members[key]
	if !ok || m.value.isNull() {
		return nil
	}
	return m.value
}

// require reports which of the keys have no value.
func (t *table) require(keys ...string) {
	for _, key := range keys {
		if m, ok := t.members[key]; !t.wrong && (!ok || m.value.isEmpty()) {
			t.r.add(t.at(key), t.line, fault.New(fault.Invalid, "missing-key", "key", key))
		}
	}
}

// one reads a member that is a mapping; what is absent is the zero value.
func one[T any](t *table, key string, read func(*table) T) (value T) {
	n := t.get(key)
	if n == nil {
		return value
	}
	inner := t.r.table(t.at(key), n)
	defer inner.close()
	return read(inner)
}

// each reads a member that is a list of mappings.
func each[T any](t *table, key string, read func(*table) T) (values []T) {
	for i, n := range t.list(key) {
		inner := t.r.table(fmt.Sprintf("%s[%d]", t.at(key), i), n)
		values = append(values, read(inner))
		inner.close()
	}
	return values
}

func (t *table) list(key string) []*node {
	n := t.get(key)
	switch {
	case n == nil:
		return nil
	case n.kind != list:
		t.r.fail(t.at(key), "not-a-list")
		return nil
	case len(n.items) > maxItems:
		t.r.fail(t.at(key), "too-many-items", "max", maxItems)
		return nil
	}
	return n.items
}

// words reads a list of texts and hands each to read with its path. A word that
// stands there twice is said to.
func (t *table) words(key string, read func(path, word string)) {
	seen := map[string]bool{}
	for i, n := range t.list(key) {
		path := fmt.Sprintf("%s[%d]", t.at(key), i)
		t.r.lines[path] = n.line
		word, ok := t.r.text(path, n)
		switch {
		case !ok:
		case seen[word]:
			t.r.fail(path, "duplicate-item")
		default:
			seen[word] = true
			read(path, word)
		}
	}
}

// maxText bounds one text, in characters.
const maxText = 1000

// text is a scalar without space around it; false where it is not fit to show.
func (r *reader) text(path string, n *node) (string, bool) {
	if n.kind != scalar || n.isNull() {
		r.fail(path, "not-a-text")
		return "", false
	}
	s := strings.TrimSpace(n.text)
	if utf8.RuneCountInString(s) > maxText {
		r.fail(path, "too-long", "max", maxText)
		return "", false
	}
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
		r.fail(path, "control-character")
		return "", false
	}
	return s, true
}

func (t *table) text(key string) string {
	n := t.get(key)
	if n == nil {
		return ""
	}
	s, ok := t.r.text(t.at(key), n)
	if ok && s == "" {
		t.r.fail(t.at(key), "empty-text")
	}
	return s
}

// parsed reads a text into a value of its own form and reports code where it
// has another.
func parsed[T any](t *table, key, code string, parse func(string) (T, bool)) (value T) {
	s := t.text(key)
	if s == "" {
		return value
	}
	value, ok := parse(s)
	if !ok {
		t.r.fail(t.at(key), code)
	}
	return value
}

// normalised reads an identifier by its own package and keeps its errors.
func (t *table) normalised(key string, normalise func(string) (string, error)) string {
	s := t.text(key)
	if s == "" {
		return ""
	}
	value, err := normalise(s)
	if err != nil {
		t.r.refuse(t.at(key), err)
	}
	return value
}

// refuse reports an error of another package at a path.
func (r *reader) refuse(path string, err error) {
	if e, ok := err.(*fault.Error); ok { //nolint:errorlint // these packages return it bare
		c := *e
		r.add(path, r.line(path), &c)
		return
	}
	r.fail(path, "description-syntax")
}

func (t *table) email(key string) string {
	return t.normalised(key, func(s string) (string, error) { return t.r.rules.Normalise(ident.Email, s) })
}

func (t *table) bin(key string) string { return t.normalised(key, t.r.rules.NormaliseOrg) }

func (t *table) country(key string) string { return t.normalised(key, ident.Country) }

// oneOf reads one of the allowed words; the first stands for nothing written.
func (t *table) oneOf(key string, allowed ...string) string {
	s := t.text(key)
	if s == "" {
		return allowed[0]
	}
	t.r.member(t.at(key), s, allowed)
	return s
}

// member reports a word that is not one of the allowed.
func (r *reader) member(path, word string, allowed []string) {
	if !slices.Contains(allowed, word) {
		r.fail(path, "not-one-of", "allowed", strings.Join(allowed, ", "))
	}
}

func (t *table) flag(key string) bool {
	n := t.get(key)
	if n == nil {
		return false
	}
	if n.kind != scalar || n.quoted || n.text != "true" && n.text != "false" {
		t.r.fail(t.at(key), "not-a-flag")
	}
	return n.text == "true"
}

// id reads the name that other parts of a description refer to.
func (t *table) id() string {
	s := t.text("id")
	if s != "" && !isID(s) {
		t.r.fail(t.at("id"), "id-form")
	}
	return s
}

func isID(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// name reads a text in up to three languages, at least one.
func (t *table) name(key string) locale.String {
	return one(t, key, readString)
}

func readString(t *table) locale.String {
	if t.get("kk") == nil && t.get("ru") == nil && t.get("en") == nil && !t.wrong {
		t.r.fail(t.path, "empty-name")
	}
	return locale.String{KK: t.text("kk"), RU: t.text("ru"), EN: t.text("en")}
}

// place reads an address: one text for every language, or a name.
func (t *table) place(key string) Place {
	if m, ok := t.members[key]; ok && m.value.kind == scalar {
		s := t.text(key)
		return Place{locale.String{KK: s, RU: s, EN: s}}
	}
	return Place{t.name(key)}
}
