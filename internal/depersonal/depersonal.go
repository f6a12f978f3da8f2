// Package depersonal makes data that cannot be tied to anybody out of data that
// can (Art. 1(7)): by columns that the operator declared, each with a method that
// makes a value coarse, or keeps it where it is one of a short list. What no column
// takes is dropped.
//
// A person becomes cells, and cells become a count: who has the same cells is the
// same group, so there is no row of anybody, no order in which people came and no
// time but the month. What a group says is given out once it is large: see
// [Release]. The package is pure; that the person's own data is destroyed with it
// is the vault's to do.
package depersonal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"kelisim/internal/locale"
)

// Rule is how data of a purpose is depersonalised at its end; the zero value means
// that it is destroyed.
type Rule struct {
	// Group is the smallest number of people of whom something is given out; zero
	// for [DefaultGroup].
	Group   int      `json:"group,omitempty"`
	Columns []Column `json:"columns,omitempty"`
}

// IsZero reports whether there is no rule.
func (r Rule) IsZero() bool { return r.Group == 0 && len(r.Columns) == 0 }

// DefaultGroup and LeastGroup: five is what statistics and medicine take as the
// smallest cell that is published; below three a group is a person and a
// neighbour. No provision says so: see docs/depersonalising.md.
const (
	DefaultGroup = 5
	LeastGroup   = 3
)

// K is the smallest group that is given out.
func (r Rule) K() int {
	if r.Group == 0 {
		return DefaultGroup
	}
	return r.Group
}

// Column is what is taken over of a category of data, and how.
type Column struct {
	ID       string `json:"id"`
	Category string `json:"category"`
	Field    string `json:"field,omitempty"` // of a value that is an object
	Method   Method `json:"method"`
	// Values are those that are kept as they are; any other is "other".
	Values []string `json:"values,omitempty"`
}

// Cells are what is left of a person: by column, those that say something.
type Cells map[string]string

// Make makes the cells of a person of values by category.
func Make(columns []Column, values map[string]json.RawMessage, at time.Time) Cells {
	cells := Cells{}
	for i := range columns {
		c := &columns[i]
		if v := c.Method.of(scalar(values[c.Category], c.Field), c.Values, at); v != "" {
			cells[c.ID] = v
		}
	}
	return cells
}

// scalar is a value, or a field of it, as text; empty where it is something else.
func scalar(raw json.RawMessage, field string) string {
	if field != "" {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return ""
		}
		raw = members[field]
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null" {
		return ""
	}
	var text string
	if raw[0] == '"' {
		if json.Unmarshal(raw, &text) != nil {
			return ""
		}
		return text
	}
	return string(raw) // a number, true or false
}

// Row is what one person adds to the depersonalised data of a purpose.
type Row struct {
	// Again: the person is in the data of the purpose already, and makes no group
	// larger to hide in.
	Again   bool
	Purpose string
	Month   string // "2023-11"
	Cells   Cells
}

// Month is all that is kept of a moment.
func Month(at time.Time) string { return at.In(locale.Zone()).Format("2006-01") }

// Text is the one form of cells, and Sum the name of a group: the store orders
// groups by it, so that no order says who came first.
func (c Cells) Text() []byte {
	text, err := json.Marshal(c) // keys are sorted
	if err != nil {
		return nil // texts always encode
	}
	return text
}

// Sum names the cells.
func (c Cells) Sum() [32]byte { return sha256.Sum256(c.Text()) }

// Taken is what of one purpose was taken over, as the certificate says it and a
// restore does it again. It has no value.
type Taken struct {
	Purpose string   `json:"purpose"`
	Columns []Column `json:"columns"`
}

// Take lists the columns of a rule that look at the categories.
func (r Rule) Take(categories []string) []Column {
	var out []Column
	for _, c := range r.Columns {
		if c.Method != Drop && slices.Contains(categories, c.Category) {
			out = append(out, c)
		}
	}
	return out
}
