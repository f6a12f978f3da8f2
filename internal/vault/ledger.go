package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/go-jose/go-jose/v4"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/verify"
)

// Certificate is what the act of a destruction says when it is signed: the act
// with the organization, and the person by the id that the organization knows.
// That id leads to nobody without the organization's key.
type Certificate struct {
	*Destruction

	Organization string   `json:"organization"`
	Subject      ident.ID `json:"subject"`
}

// OpenCertificate reads a signed act; false keys or a changed byte are an error.
func OpenCertificate(signed []byte, keys *jose.JSONWebKeySet) (*Certificate, error) {
	s, err := verify.OpenSigned(signed, keys)
	if err != nil {
		return nil, err
	}
	c := &Certificate{Destruction: &Destruction{}}
	if err := json.Unmarshal(s.Document, c); err != nil || s.Type != verify.TypeDestruction {
		return nil, verify.ErrFormat
	}
	c.Signed = signed
	return c, nil
}

// Ledger is a file of the signed acts of destruction, a line each, that stands
// beside the database and outlives it: a database that is put back to an earlier
// state learns from it what was destroyed since. It only grows.
//
// The database is right and the file follows it: an act is added after its
// destruction is durable. If power fails between, or the disk is full, the line
// is missing until the next start compares the two and adds it.
//
// Each line is signed by itself, so nothing in it can be changed; that its end was
// cut off no line tells. So a second file beside it holds a signed [Count].
type Ledger struct {
	Path string
	// Sign signs the count; where it is nil none is kept.
	Sign func(document []byte) ([]byte, error)

	mu   sync.Mutex
	read tally // of the file so far
}

// Count says how many lines a ledger has at least, and what they are. It is written
// after them: a ledger may hold more, and never less.
type Count struct {
	Type  string `json:"type"`
	Lines int    `json:"lines"`
	Sum   string `json:"sum"` // each line hashed with the sum before it
}

// TypeLedger is the type of a signed count.
const TypeLedger = "kelisim-ledger/1"

// tally is the sum of the lines of a file up to a place.
type tally struct {
	size  int64
	lines int
	sum   [sha256.Size]byte
}

func (t *tally) add(line []byte) {
	h := sha256.New()
	h.Write(t.sum[:])
	h.Write(line)
	h.Sum(t.sum[:0])
	t.lines, t.size = t.lines+1, t.size+int64(len(line))+1
}

// Line is an act in the ledger, not verified.
type Line struct {
	Number int
	Act    ident.ID
	Signed []byte
}

// Add appends acts, durable on return.
func (l *Ledger) Add(signed ...[]byte) (err error) {
	if len(signed) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.Path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text := append(bytes.Join(signed, []byte("\n")), '\n')
	if _, err := f.Write(text); err != nil { // in one piece: a command may write beside a server
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return l.count()
}

// CountFile is the file of the count.
func (l *Ledger) CountFile() string { return l.Path + ".count" }

// Recount counts what is in the ledger, durable on return.
func (l *Ledger) Recount() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count()
}

// count reads what came to the file, from others too, and signs the count. It is
// never lowered: what is missing then is what it is kept for.
func (l *Ledger) count() error {
	if l.Sign == nil {
		return nil
	}
	if err := l.readOn(); err != nil {
		return err
	}
	if have, _ := l.counted(nil); have != nil && have.Lines > l.read.lines {
		return nil
	}
	doc, err := json.Marshal(&Count{TypeLedger, l.read.lines, hex.EncodeToString(l.read.sum[:])})
	if err != nil {
		return err
	}
	signed, err := l.Sign(doc)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.CountFile()+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(signed, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), l.CountFile()) // lost with the power, the one before it stands, and is true
}

// readOn sums up the lines that were not read yet; all of them where the file
// became shorter.
func (l *Ledger) readOn() error {
	f, err := os.Open(l.Path)
	if errors.Is(err, fs.ErrNotExist) {
		l.read = tally{}
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	if at, err := f.Stat(); err != nil {
		return err
	} else if at.Size() < l.read.size {
		l.read = tally{}
	}
	if _, err := f.Seek(l.read.size, io.SeekStart); err != nil {
		return err
	}
	b, err := io.ReadAll(f)
	for line := range bytes.Lines(b) {
		if text, whole := bytes.CutSuffix(line, []byte("\n")); whole {
			l.read.add(text)
		}
	}
	return err
}

// counted reads the count; nil where there is none, an error where it cannot be
// read. Without keys it is not verified.
func (l *Ledger) counted(keys *jose.JSONWebKeySet) (*Count, error) {
	text, err := os.ReadFile(l.CountFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, err
	}
	var s verify.Signed
	c := &Count{}
	if err := errors.Join(json.Unmarshal(text, &s), json.Unmarshal(s.Document, c)); err != nil || s.Type != TypeLedger {
		return nil, verify.ErrFormat
	}
	if keys == nil {
		return c, nil
	}
	return c, s.Check(keys)
}

// Whole compares a ledger with its count. A fault.Conflict "destroyed-cut" means
// that lines are missing, at the end or between; the count says how many there
// were. It is nil where there is none, and then nobody knows.
func (l *Ledger) Whole(keys *jose.JSONWebKeySet) (*Count, error) {
	c, err := l.counted(keys)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Conflict, Code: "destroyed-cut", Err: err}
	}
	if c == nil {
		return nil, nil //nolint:nilnil // none is an answer
	}
	b, err := os.ReadFile(l.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	var t tally
	for line := range bytes.Lines(b) {
		if text, whole := bytes.CutSuffix(line, []byte("\n")); whole && t.lines < c.Lines {
			t.add(text)
		}
	}
	if t.lines != c.Lines || hex.EncodeToString(t.sum[:]) != c.Sum {
		return c, fault.New(fault.Conflict, "destroyed-cut")
	}
	return c, nil
}

// Mend cuts off a last line that power or a full disk broke off. Nothing is lost:
// that act is in the database, or was never done.
func (l *Ledger) Mend() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, err := os.ReadFile(l.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (len(b) == 0 || b[len(b)-1] == '\n') {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Truncate(l.Path, int64(bytes.LastIndexByte(b, '\n')+1))
}

// Lines reads the ledger; none where there is no file. A last line that was
// broken off is left out, any other that cannot be read is an error: nobody knows
// what it would destroy.
func (l *Ledger) Lines() ([]Line, error) {
	f, err := os.Open(l.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	var out []Line
	for n := 1; len(b) > 0; n++ {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			break
		}
		var doc struct {
			Document struct {
				ID ident.ID `json:"id"`
			} `json:"document"`
		}
		if err := json.Unmarshal(text, &doc); err != nil || doc.Document.ID.IsZero() {
			return nil, &fault.Error{Kind: fault.Invalid, Code: "destroyed-unreadable", Line: n}
		}
		out = append(out, Line{n, doc.Document.ID, text})
		b = rest
	}
	return out, nil
}
