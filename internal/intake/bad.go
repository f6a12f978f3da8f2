package intake

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strconv"

	"kelisim/internal/fault"
	"kelisim/internal/locale"
)

// badRows writes the rows that did not pass, as they stood in the file, so that
// they can be mended there and brought in from it.
type badRows struct {
	to     io.Writer
	lang   locale.Lang
	header []string
	comma  rune
	begun  bool
}

// write takes the rows of a batch and hands out those with a fault.
func (b *badRows) write(rows []row) error {
	if b.to == nil {
		return nil
	}
	out := csv.NewWriter(b.to)
	out.Comma = b.comma
	for i := range rows {
		if rows[i].fault == nil {
			continue
		}
		if !b.begun {
			b.begun = true
			if _, err := b.to.Write(mark); err != nil { // spreadsheets need it to see UTF-8
				return fmt.Errorf("write the rows that did not pass: %w", err)
			}
			if err := out.Write(b.line(b.header, locale.Text(b.lang, "intake.bad.row"), locale.Text(b.lang, "intake.bad.reason"))); err != nil {
				return fmt.Errorf("write the rows that did not pass: %w", err)
			}
		}
		if err := out.Write(b.line(rows[i].cells, strconv.Itoa(rows[i].number), b.reason(rows[i].fault))); err != nil {
			return fmt.Errorf("write the rows that did not pass: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write the rows that did not pass: %w", err)
	}
	return nil
}

// line puts number and reason behind the columns of the header; cells that the
// header has no column for come last.
func (b *badRows) line(cells []string, number, reason string) []string {
	w := len(b.header)
	out := make([]string, w, w+2)
	copy(out, cells)
	out = append(out, number, reason)
	return append(out, cells[min(w, len(cells)):]...)
}

// reason says in words what is wrong and what to do.
func (b *badRows) reason(f *fault.Error) string {
	text, hint := locale.Fault(b.lang, f)
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	if hint != "" {
		text += " " + hint
	}
	return text
}

// BadFile is a file for the rows that did not pass. It holds personal data, so
// only its owner may read it. It is made with the first row: no bad rows, no
// file.
type BadFile struct {
	Path string
	file *os.File
}

// Write makes the file the first time. One of that name is written over.
func (f *BadFile) Write(p []byte) (int, error) {
	if f.file == nil {
		file, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return 0, err
		}
		f.file = file
		if err := file.Chmod(0o600); err != nil { // it may have been there, open to others
			return 0, err
		}
	}
	return f.file.Write(p)
}

// Made reports whether there was anything to write.
func (f *BadFile) Made() bool { return f.file != nil }

// Close closes the file, if there is one.
func (f *BadFile) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// Summary says in words what became of the rows, a line each.
func (r Result) Summary(lang locale.Lang) []string {
	out := []string{locale.Text(lang, "intake.summary", "count", r.Rows)}
	for _, part := range []struct {
		key string
		n   int64
	}{
		{"intake.summary.added", r.Added},
		{"intake.summary.consents", r.Consents},
		{"intake.summary.known", r.Known},
		{"intake.summary.repeated", r.Repeated},
		{"intake.summary.destroyed", r.Destroyed},
		{"intake.summary.bad", r.Bad},
	} {
		if part.n > 0 {
			out = append(out, locale.Text(lang, part.key, "count", part.n))
		}
	}
	return out
}
