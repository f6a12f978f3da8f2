package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/unicode/norm"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// table is a file of rows, whatever its format.
type table interface {
	// next returns the next row that is not blank, io.EOF after the last. A row
	// whose fault is set cannot be read; those after it can. Any other error
	// ends the reading.
	next() (row, error)
	// rows is about how many rows there are with the first, 0 where unknown.
	rows() int64
	close() error
}

// row is one row as it stands in the file.
type row struct {
	number int // its line in a CSV, its row in a sheet
	cells  []string
	fault  *fault.Error
}

func (r *row) blank() bool {
	for _, c := range r.cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// What a file may hold at most: more is a mistake or an attack, and a row is
// held in memory.
const (
	maxRow      = 1 << 20   // bytes of a row of a CSV
	maxWorkbook = 512 << 20 // bytes of an XLSX unpacked
)

var (
	zipMark = []byte("PK\x03\x04")
	oleMark = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
	// encryptedPart is the name of the stream that an encrypted workbook keeps
	// its contents in; one of an old XLS has other names.
	encryptedPart = []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
)

// open tells the format by the contents: a name can lie.
func open(file io.ReadSeeker, m *Map) (table, error) {
	head := make([]byte, 8)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Invalid, "file-unreadable", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fault.Wrap(fault.Invalid, "file-unreadable", err)
	}
	switch {
	case bytes.HasPrefix(head[:n], zipMark):
		return openXLSX(file, m)
	case bytes.Equal(head, oleMark):
		return nil, legacy(file)
	default:
		return openCSV(file, m)
	}
}

// legacy says which of the two old containers it is.
func legacy(file io.Reader) error {
	all, err := io.ReadAll(io.LimitReader(file, maxWorkbook))
	switch {
	case err != nil:
		return fault.Wrap(fault.Invalid, "file-unreadable", err)
	case bytes.Contains(all, encryptedPart):
		return fault.New(fault.Invalid, "file-encrypted")
	default:
		return fault.New(fault.Invalid, "file-format")
	}
}

// label is what of a column's name counts: not the case, nor how its words are
// spaced, nor line breaks.
func label(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(name)), " "))
}

// places finds the columns of the map in the first row.
func places(header []string, m *Map, rules ident.Rules) ([]int, error) {
	at := map[string][]int{}
	for i, name := range header {
		at[label(name)] = append(at[label(name)], i)
	}
	out := make([]int, len(m.Columns))
	var missing []string
	for i, c := range m.Columns {
		switch found := at[label(c.Column)]; len(found) {
		case 0:
			missing = append(missing, c.Column)
		case 1:
			out[i] = found[0]
		default:
			return nil, fault.New(fault.Invalid, "column-ambiguous", "column", c.Column)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	if looksLikeData(header, rules) { // and then it must not be shown
		return nil, fault.New(fault.Invalid, "file-without-header")
	}
	return nil, fault.New(fault.Invalid, "column-missing", "columns", quoted(missing), "there", quoted(header))
}

// looksLikeData reports whether a first row is already somebody's.
func looksLikeData(header []string, rules ident.Rules) bool {
	for _, cell := range header {
		for _, kind := range []ident.Kind{ident.IIN, ident.Phone, ident.Email} {
			if _, err := rules.Normalise(kind, cell); err == nil {
				return true
			}
		}
		digits := strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, cell)
		if len(digits) > 5 {
			return true
		}
	}
	return false
}

func quoted(names []string) string {
	var out []string
	for _, n := range names {
		if n = strings.Join(strings.Fields(n), " "); n != "" && len(out) < 40 {
			out = append(out, "«"+n[:min(len(n), 80)]+"»")
		}
	}
	return strings.ToValidUTF8(strings.Join(out, ", "), "…")
}
