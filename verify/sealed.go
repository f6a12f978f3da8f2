package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Types of files that are sealed whole.
const (
	TypePaper = "kelisim-paper/1" // a PDF
	TypePack  = "kelisim-pack/1"  // a ZIP: everything that proves one consent
)

// Seal is what is signed of a file that is sealed whole: a PDF or a ZIP that any
// reader opens, with a signature over all its bytes where readers of the format
// pass over it. A PDF has it as a comment in the last line, a ZIP as its comment.
// Not one byte of the file is outside: what a person sees on the page is what was
// signed.
type Seal struct {
	Type   string    `json:"type"`
	Of     string    `json:"of"` // type of the document that the file shows
	ID     string    `json:"id"` // of the consent, or of the act of destruction
	Issued time.Time `json:"issued"`
	SHA256 string    `json:"sha256"` // of the bytes before the signature, hex
}

const (
	pdfMagic = "%PDF-"
	zipMagic = "PK\x03\x04"
	pdfMark  = "\n%" + TypePaper + " "
	zipMark  = TypePack + " "
	// maxLine is how long the line of a PDF's seal may be. Readers look for the
	// end of a PDF in its last kilobyte, and have to find it before the line.
	maxLine = 900
	// zipComment is the length of a ZIP's comment. It is fixed because it stands
	// in the bytes that are signed; the rest of it is spaces.
	zipComment = 1024
	zipEnd     = "PK\x05\x06"
	zipEndSize = 22
)

// IsSealed reports whether a file is of a format that is sealed whole, IsPack
// whether of that of a pack.
func IsSealed(file []byte) bool { return isPDF(file) || IsPack(file) }

// IsPack reports whether a file is a ZIP.
func IsPack(file []byte) bool { return bytes.HasPrefix(file, []byte(zipMagic)) }

func isPDF(file []byte) bool { return bytes.HasPrefix(file, []byte(pdfMagic)) }

// errUnsealed is returned for a PDF or ZIP without a seal at its end: one that was
// never sealed, or was saved again by a program that changed it.
var errUnsealed = errors.New("there is no seal at the end of the file: it is not ours, or a program saved it anew")

// SealFile seals a PDF or a ZIP without a comment. sign returns a compact JWS.
func SealFile(file []byte, s Seal, sign func([]byte) (string, error)) ([]byte, error) {
	out := bytes.Clone(file)
	s.Type = TypePaper
	if IsPack(out) {
		s.Type = TypePack
		n := len(out) - zipEndSize
		if n < 0 || string(out[n:n+4]) != zipEnd || binary.LittleEndian.Uint16(out[n+20:]) != 0 {
			return nil, ErrFormat
		}
		binary.LittleEndian.PutUint16(out[n+20:], zipComment)
	} else if !isPDF(out) {
		return nil, ErrFormat
	}
	sum := sha256.Sum256(out)
	s.SHA256 = hex.EncodeToString(sum[:])
	text, err := json.Marshal(&s)
	if err != nil {
		return nil, err
	}
	jws, err := sign(text)
	if err != nil {
		return nil, err
	}
	mark, most := pdfMark+jws+"\n", maxLine
	if s.Type == TypePack {
		mark, most = zipMark+jws, zipComment
	}
	if len(mark) > most {
		return nil, fmt.Errorf("the seal is %d bytes long: %w", len(mark), ErrFormat)
	}
	if s.Type == TypePack {
		mark += strings.Repeat(" ", zipComment-len(mark))
	}
	return append(out, mark...), nil
}

// OpenSeal verifies the seal of a PDF or ZIP by the keys of
// /.well-known/jwks.json: no byte of the file was changed, added or taken away.
func OpenSeal(file []byte, keys *jose.JSONWebKeySet) (*Seal, error) {
	body, jws, kind, err := cutSeal(file)
	if err != nil {
		return nil, err
	}
	payload, err := openJWS(jws, keys)
	if err != nil {
		return nil, err
	}
	var s Seal
	if err := strict(payload, &s); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if s.Type != kind || s.SHA256 != hex.EncodeToString(sum[:]) {
		return nil, ErrSignature
	}
	return &s, nil
}

// cutSeal parts what is signed from the signature.
func cutSeal(file []byte) (body []byte, jws, kind string, err error) {
	switch {
	case isPDF(file):
		i := bytes.LastIndex(file, []byte(pdfMark))
		if i < 0 || len(file)-i > maxLine || file[len(file)-1] != '\n' {
			return nil, "", "", errUnsealed
		}
		return file[:i], string(file[i+len(pdfMark) : len(file)-1]), TypePaper, nil
	case IsPack(file):
		i := len(file) - zipComment
		if i < zipEndSize || !bytes.HasPrefix(file[i:], []byte(zipMark)) {
			return nil, "", "", errUnsealed
		}
		return file[:i], strings.TrimRight(string(file[i+len(zipMark):]), " "), TypePack, nil
	}
	return nil, "", "", ErrFormat
}
