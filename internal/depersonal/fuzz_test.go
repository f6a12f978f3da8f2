package depersonal

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// Whatever a value is, cells are short, and the same each time.
func FuzzMake(f *testing.F) {
	for _, v := range []string{`"1991-05-14"`, `{"a": 1}`, `12e99`, `"Алматы обл"`, `null`, `"\u0000"`, `[]`, `"+77011112233"`} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var columns []Column
		for _, m := range Methods() {
			columns = append(columns, Column{ID: string(m), Category: "x", Method: m, Values: []string{"one"}}, Column{ID: string(m) + "-a", Category: "x", Field: "a", Method: m, Values: []string{"one"}})
		}
		values := map[string]json.RawMessage{"x": raw}
		cells := Make(columns, values, now)
		for _, v := range cells {
			if utf8.RuneCountInString(v) > 40 {
				t.Errorf("%q", v)
			}
		}
		if Make(columns, values, now).Sum() != cells.Sum() {
			t.Error("made otherwise the second time")
		}
	})
}
