package register

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"kelisim/internal/depersonal"
	"kelisim/internal/ident"
)

// Bounds of what is taken over of a person: who has many columns is alone in them,
// and a long list of values is a list of people.
const (
	maxColumns   = 10
	maxKept      = 50
	maxKeptChars = 32
	maxGroup     = 1000
)

// treats are the methods that a built-in category may have beside being dropped.
// What is not here and is ordinary may have any but that for an IIN.
var treats = map[string][]depersonal.Method{
	string(ident.IIN): {depersonal.SexDecade},
	"birthdate":       {depersonal.Year, depersonal.Decade, depersonal.AgeBand},
	"address":         {depersonal.Region},
	"employer":        {depersonal.Region},
	"salary":          {depersonal.Band},

	"name": nil, "photo": nil, "family": nil, "bank-account": nil,
	string(ident.Email): nil, string(ident.Phone): nil, string(ident.Document): nil, string(ident.BIN): nil, string(ident.External): nil,
}

// Methods are how data of a category may be treated when it is depersonalised.
// What says who somebody is, and what is nobody's business, is only dropped.
func (c Category) Methods() []depersonal.Method {
	out := []depersonal.Method{depersonal.Drop}
	only, named := treats[c.ID]
	switch {
	case c.Class != Ordinary:
		return out
	case named:
		return append(out, only...)
	}
	return append(out, depersonal.Year, depersonal.Decade, depersonal.Region, depersonal.Band, depersonal.Keep)
}

func readDepersonalise(t *table) depersonal.Rule {
	t.require("columns")
	rule := depersonal.Rule{
		Group: parsed(t, "group", "depersonal-group", func(s string) (int, bool) {
			n, err := strconv.Atoi(s)
			return n, err == nil && n >= depersonal.LeastGroup && n <= maxGroup
		}),
		Columns: each(t, "columns", readColumn),
	}
	if rule.Group == depersonal.DefaultGroup { // goes without saying
		rule.Group = 0
	}
	if len(rule.Columns) > maxColumns {
		t.r.fail(t.at("columns"), "too-many-items", "max", maxColumns)
	}
	return rule
}

func readColumn(t *table) depersonal.Column {
	t.require("id", "category", "method")
	names := make([]string, 0, len(depersonal.Methods()))
	for _, m := range depersonal.Methods() {
		names = append(names, string(m))
	}
	c := depersonal.Column{
		ID: t.id(), Category: t.text("category"), Method: depersonal.Method(t.oneOf("method", names...)),
		Field: parsed(t, "field", "depersonal-field", func(s string) (string, bool) {
			return s, len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && c != '_' })
		}),
	}
	t.words("values", func(path, word string) {
		if !keepable(word) {
			t.r.fail(path, "depersonal-value", "max", maxKeptChars)
		}
		c.Values = append(c.Values, word)
	})
	if keeps := c.Method == depersonal.Keep; keeps != (len(c.Values) > 0) || len(c.Values) > maxKept {
		t.r.fail(t.at("values"), "depersonal-values", "max", maxKept)
	}
	return c
}

// keepable reports whether a value may be kept as it is: a word or two, and nothing
// that a number or an address of a person could be, nor what a spreadsheet runs.
func keepable(word string) bool {
	digits := 0
	for _, c := range word {
		switch {
		case unicode.IsDigit(c):
			if digits++; digits > 4 {
				return false
			}
		case unicode.IsLetter(c) || strings.ContainsRune(" -+/().,«»", c):
		default:
			return false
		}
	}
	return word != "" && utf8.RuneCountInString(word) <= maxKeptChars && !strings.ContainsRune("-+", []rune(word)[0])
}

// checkDepersonalise refuses what would keep an identifier, and columns of data
// that the purpose has not.
func (r *reader) checkDepersonalise(path string, p *Purpose, known map[string]Category) {
	if p.Depersonalise.IsZero() {
		return
	}
	path += ".depersonalise"
	if !slices.Contains(p.Actions, Depersonalise) {
		r.fail(path, "depersonal-action", "id", p.ID).Provisions = []string{"17(1)"}
	}
	r.unique(path+".columns", len(p.Depersonalise.Columns), func(i int) string { return p.Depersonalise.Columns[i].ID })
	for i, col := range p.Depersonalise.Columns {
		at := fmt.Sprintf("%s.columns[%d]", path, i)
		if !slices.Contains(p.Categories, col.Category) {
			r.fail(at+".category", "depersonal-category", "known", strings.Join(p.Categories, ", "))
			continue
		}
		c, ok := known[col.Category]
		if allowed := c.Methods(); ok && slices.Contains(depersonal.Methods(), col.Method) && !slices.Contains(allowed, col.Method) {
			r.fail(at+".method", "depersonal-identifier", "id", c.ID, "allowed", joined(allowed)).Provisions = []string{"1(7)"}
		}
	}
}

func joined(methods []depersonal.Method) string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = string(m)
	}
	return strings.Join(names, ", ")
}
