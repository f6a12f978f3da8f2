package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"kelisim/internal/fault"
)

// csvTable reads a CSV.
type csvTable struct {
	limit *limited
	csv   *csv.Reader
	lines int64 // in the file
	last  int   // line of the row read last
}

func openCSV(file io.ReadSeeker, m *Map) (table, error) {
	s, err := survey(file)
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, "file-unreadable", err)
	case s.binary:
		return nil, fault.New(fault.Invalid, "file-format")
	case s.badLine > 0 && (m.Encoding == UTF8 || m.Encoding == Auto && s.marked):
		return nil, &fault.Error{Kind: fault.Invalid, Code: "not-utf8", Line: s.badLine}
	}
	encoding := m.Encoding
	if encoding == Auto && s.badLine > 0 {
		encoding = Windows1251
	}
	comma := m.Delimiter
	if comma == 0 {
		if comma, err = sniff(file, encoding, m); err != nil {
			return nil, err
		}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fault.Wrap(fault.Invalid, "file-unreadable", err)
	}
	t := readCSV(decoded(file, encoding), comma)
	t.lines = s.lines
	return t, nil
}

func readCSV(text io.Reader, comma rune) *csvTable {
	t := &csvTable{limit: &limited{r: text}}
	t.csv = csv.NewReader(t.limit)
	t.csv.Comma, t.csv.FieldsPerRecord = comma, -1
	return t
}

var mark = []byte("\ufeff")

// decoded is the text without a byte order mark.
func decoded(file io.Reader, encoding string) io.Reader {
	if encoding == Windows1251 {
		return charmap.Windows1251.NewDecoder().Reader(file)
	}
	b := bufio.NewReaderSize(file, 64<<10)
	if head, err := b.Peek(len(mark)); err == nil && bytes.Equal(head, mark) {
		_, _ = b.Discard(len(mark)) // what was peeked is there
	}
	return b
}

// surveyed is what one look through the whole file tells.
type surveyed struct {
	lines   int64
	badLine int  // the first that is not UTF-8, 0 for none
	marked  bool // begins with the byte order mark of UTF-8
	binary  bool // holds a zero byte: no text of these encodings does
}

func survey(file io.Reader) (s surveyed, err error) {
	buf := make([]byte, 64<<10)
	kept := 0 // bytes of a letter that the last piece cut
	var head []byte
	last := byte('\n')
	for {
		n, err := file.Read(buf[kept:])
		piece := buf[:kept+n]
		head = append(head, buf[kept:][:min(n, len(mark)-len(head))]...)
		kept = s.take(piece, errors.Is(err, io.EOF))
		if len(piece) > 0 {
			last = piece[len(piece)-1]
		}
		copy(buf, piece[len(piece)-kept:])
		if errors.Is(err, io.EOF) {
			if last != '\n' {
				s.lines++
			}
			s.marked = bytes.Equal(head, mark)
			return s, nil
		}
		if err != nil {
			return s, err
		}
	}
}

// take looks at a piece and returns how many bytes at its end are a letter that
// goes on in the next.
func (s *surveyed) take(piece []byte, end bool) int {
	s.binary = s.binary || bytes.IndexByte(piece, 0) >= 0
	whole := piece
	if !end {
		for cut := 1; cut < utf8.UTFMax && cut <= len(piece); cut++ {
			if utf8.RuneStart(piece[len(piece)-cut]) {
				if !utf8.FullRune(piece[len(piece)-cut:]) {
					whole = piece[:len(piece)-cut]
				}
				break
			}
		}
	}
	if s.badLine == 0 && !utf8.Valid(whole) {
		s.badLine = int(s.lines) + 1 + bytes.Count(validPrefix(whole), []byte("\n"))
	}
	s.lines += int64(bytes.Count(whole, []byte("\n")))
	return len(piece) - len(whole)
}

func validPrefix(b []byte) []byte {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return b[:i]
		}
		i += size
	}
	return b
}

// sniff finds the delimiter by which the first row has most of the map's
// columns, and of those the one that makes most cells.
func sniff(file io.ReadSeeker, encoding string, m *Map) (rune, error) {
	wanted := map[string]bool{}
	for _, c := range m.Columns {
		wanted[label(c.Column)] = true
	}
	best, most := ',', -1
	for _, comma := range ",;\t" {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return 0, fault.Wrap(fault.Invalid, "file-unreadable", err)
		}
		first, err := readCSV(decoded(file, encoding), comma).next()
		if err != nil {
			continue // told when the file is read
		}
		score := len(first.cells)
		for _, cell := range first.cells {
			if wanted[label(cell)] {
				score += maxRow
			}
		}
		if score > most {
			best, most = comma, score
		}
	}
	return best, nil
}

func (t *csvTable) rows() int64 { return t.lines }

func (t *csvTable) close() error { return nil }

func (t *csvTable) next() (row, error) {
	for {
		t.limit.taken = 0
		cells, err := t.csv.Read()
		r := row{cells: cells}
		var syntax *csv.ParseError
		switch {
		case errors.Is(err, errRowTooLong):
			return r, &fault.Error{Kind: fault.TooLarge, Code: "row-too-long", Line: t.last + 1, Args: []any{"kibibytes", maxRow >> 10}}
		case errors.As(err, &syntax):
			t.last = syntax.Line
			r.number, r.fault = syntax.StartLine, fault.New(fault.Invalid, "row-quotes")
			return r, nil
		case errors.Is(err, io.EOF):
			return r, io.EOF
		case err != nil:
			return r, fault.Wrap(fault.Invalid, "file-unreadable", err)
		}
		r.number, _ = t.csv.FieldPos(0)
		t.last = r.number
		if !r.blank() {
			return r, nil
		}
	}
}

// limited ends a row that never does: a quote left open would take the rest of
// the file into one cell.
type limited struct {
	r     io.Reader
	taken int
}

var errRowTooLong = errors.New("row too long")

func (l *limited) Read(p []byte) (int, error) {
	if l.taken > maxRow {
		return 0, errRowTooLong
	}
	n, err := l.r.Read(p)
	l.taken += n
	return n, err
}
