package register

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"

	"kelisim/internal/fault"
)

// What a description may hold at most. A real one of a thousand purposes is
// half of it; the rest is an attack or a mistake.
const (
	maxBytes = 1 << 20
	maxDepth = 16
	maxKeys  = 100  // in one mapping
	maxItems = 1000 // in one list
)

// A node is a value of a description with its line, whatever the notation. A
// scalar keeps its characters as they were written: a BIN that begins with a
// zero is no number.
type node struct {
	kind    nodeKind
	line    int
	text    string
	quoted  bool // a text even where it looks like true, null or a number
	items   []*node
	members []member
}

type nodeKind uint8

const (
	scalar nodeKind = iota
	list
	mapping
)

type member struct {
	key   string
	line  int
	value *node
}

// isNull reports whether nothing was written.
func (n *node) isNull() bool {
	return n.kind == scalar && !n.quoted && (n.text == "" || n.text == "~" || n.text == "null")
}

// isEmpty reports whether nothing stands where something must.
func (n *node) isEmpty() bool { return n.isNull() || n.kind == list && len(n.items) == 0 }

// readTree reads YAML or JSON. JSON is read apart, although YAML contains it:
// the escapes of its strings differ.
func readTree(data []byte) (*node, *fault.Error) {
	if len(data) > maxBytes {
		return nil, fault.New(fault.TooLarge, "description-too-large", "mebibytes", maxBytes>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if i := invalidUTF8(data); i >= 0 {
		return nil, atLine(1+bytes.Count(data[:i], []byte("\n")), fault.New(fault.Invalid, "not-utf8"))
	}
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(data) {
		return readJSON(data)
	}
	return readYAML(string(data))
}

// invalidUTF8 is the place of the first byte that is not UTF-8, -1 for none.
func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func atLine(line int, e *fault.Error) *fault.Error {
	e.Line = line
	return e
}

// jsonReader builds nodes from the tokens of a valid document, which, unlike
// values, keep keys that are written twice and tell their place.
type jsonReader struct {
	data   []byte
	tokens *json.Decoder
	read   int64 // bytes that line counts
	line   int
}

func readJSON(data []byte) (*node, *fault.Error) {
	r := &jsonReader{data: data, tokens: json.NewDecoder(bytes.NewReader(data)), line: 1}
	r.tokens.UseNumber()
	return r.value(0)
}

// next is the next token and its line. A token does not span lines.
func (r *jsonReader) next() (json.Token, int, *fault.Error) {
	token, err := r.tokens.Token()
	end := r.tokens.InputOffset()
	r.line += bytes.Count(r.data[r.read:end], []byte("\n"))
	r.read = end
	if err != nil && err != io.EOF {
		return nil, 0, atLine(r.line, fault.New(fault.Invalid, "description-syntax"))
	}
	return token, r.line, nil
}

func (r *jsonReader) value(depth int) (*node, *fault.Error) {
	token, line, err := r.next()
	if err != nil {
		return nil, err
	}
	n := &node{line: line}
	switch token := token.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return nil, atLine(line, fault.New(fault.Invalid, "too-deep"))
		}
		return r.contents(n, token, depth+1)
	case string:
		n.text, n.quoted = token, true
	case json.Number:
		n.text = token.String()
	case bool:
		n.text = "false"
		if token {
			n.text = "true"
		}
	}
	return n, nil
}

func (r *jsonReader) contents(n *node, open json.Delim, depth int) (*node, *fault.Error) {
	n.kind = list
	if open == '{' {
		n.kind = mapping
	}
	for r.tokens.More() {
		var key member
		if n.kind == mapping {
			token, line, err := r.next()
			if err != nil {
				return nil, err
			}
			key.key, _ = token.(string)
			key.line = line
		}
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		if key.value = value; n.kind == mapping {
			n.members = append(n.members, key)
		} else {
			n.items = append(n.items, value)
		}
	}
	_, _, err := r.next() // the closing bracket
	return n, err
}
