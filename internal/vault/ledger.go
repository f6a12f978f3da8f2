package vault

import (
	"bytes"
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
type Ledger struct {
	Path string

	mu sync.Mutex
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
	return f.Sync()
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
