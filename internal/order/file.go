package order

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"kelisim/internal/fault"
)

// File is a document that came with an order or an answer.
type File struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content []byte `json:"content"`
}

// Sum is the SHA-256 of the content, in hexadecimal.
func (f *File) Sum() string {
	sum := sha256.Sum256(f.Content)
	return hex.EncodeToString(sum[:])
}

const (
	// MaxFile bounds a document, in bytes.
	MaxFile = 5 << 20
	maxName = 120
)

// types are those of documents that people sign and scan.
var types = []string{"application/pdf", "image/jpeg", "image/png", "text/plain"}

// check refuses what is no document: its first bytes must be of the type that it
// says, so that nothing else is ever handed out under that name.
func (f *File) check(field string) error {
	sniffed, _, _ := strings.Cut(http.DetectContentType(f.Content), ";")
	switch {
	case len(f.Content) == 0:
		return fault.Bad(field+".content", "missing-field")
	case len(f.Content) > MaxFile:
		return fault.Bad(field+".content", "too-long", "max", MaxFile)
	case !slices.Contains(types, f.Type) || sniffed != f.Type:
		return fault.Bad(field+".type", "bad-enum", "allowed", strings.Join(types, ", "))
	case f.Name == "" || len(f.Name) > maxName || strings.ContainsFunc(f.Name, hostile) || strings.HasPrefix(f.Name, "."):
		return fault.Bad(field+".name", "file-name")
	}
	return nil
}

func hostile(r rune) bool {
	return r == '/' || r == '\\' || r == ':' || r == '"' || !unicode.IsPrint(r)
}
