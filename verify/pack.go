package verify

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/mod/sumdb/note"
)

// Names in a pack. Texts and evidence stand in folders; a text is named by its
// hash.
const (
	PackReadme   = "README.txt"
	PackReceipt  = "receipt.json"
	PackTexts    = "texts"
	PackEvidence = "evidence"
	PackJournal  = "journal"
	PackLogKey   = "keys/log.txt"
	PackJWKS     = "keys/jwks.json"
)

// Keys are what an installation signs with, their public halves.
type Keys struct {
	Log  note.Verifier       // checkpoints and promises
	Sign *jose.JSONWebKeySet // documents
}

// Pack is what was found in a pack that holds.
type Pack struct {
	*Seal
	Entries  int // of the journal, each with its way to a checkpoint
	Evidence int // files
	Texts    int
}

// limits of a pack that is read: what is larger was not made by us.
const (
	maxPackFiles = 1000
	maxPackSize  = 64 << 20
)

// unzip reads the files of a ZIP.
func unzip(file []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(z.File) > maxPackFiles {
		return nil, ErrFormat
	}
	files, left := map[string][]byte{}, int64(maxPackSize)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, ErrFormat
		}
		b, err := io.ReadAll(io.LimitReader(r, left+1))
		if left -= int64(len(b)); err != nil || left < 0 {
			return nil, ErrFormat
		}
		if _, twice := files[f.Name]; twice || path.Clean(f.Name) != f.Name {
			return nil, ErrFormat
		}
		files[f.Name] = b
	}
	return files, nil
}

// PackKeys are the keys that lie in a pack itself, for whoever has no others: they
// have to be compared with the published ones.
func PackKeys(file []byte) (Keys, error) {
	files, err := unzip(file)
	if err != nil {
		return Keys{}, err
	}
	k := Keys{Sign: &jose.JSONWebKeySet{}}
	if err := json.Unmarshal(files[PackJWKS], k.Sign); err != nil {
		return k, ErrFormat
	}
	if k.Log, err = note.NewVerifier(strings.TrimSpace(string(files[PackLogKey]))); err != nil {
		return k, ErrFormat
	}
	return k, nil
}

// told is what a pack's receipt says of the files beside it.
type told struct {
	KZ struct {
		ID       string `json:"id"`
		Evidence struct {
			Kept  string `json:"kept"`
			Files []struct {
				Name   string `json:"name"`
				SHA256 string `json:"sha256"`
			} `json:"files"`
		} `json:"evidence"`
		History []struct {
			Entry string `json:"entry"`
		} `json:"history"`
	} `json:"kz"`
}

// CheckPack verifies a pack: its seal over all bytes, then each document in it on
// its own, and that all are about one consent.
func CheckPack(file []byte, keys Keys) (*Pack, error) {
	s, err := OpenSeal(file, keys.Sign)
	if err != nil {
		return nil, err
	}
	if s.Type != TypePack {
		return nil, ErrFormat
	}
	files, err := unzip(file)
	if err != nil {
		return nil, err
	}
	signed, err := OpenSigned(files[PackReceipt], keys.Sign)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", PackReceipt, err)
	}
	var t told
	if json.Unmarshal(signed.Document, &t) != nil || signed.Type != TypeConsentReceipt || t.KZ.ID != s.ID {
		return nil, fmt.Errorf("%s: %w", PackReceipt, errOther)
	}
	p := &Pack{Seal: s}
	for _, check := range []func(*Pack, map[string][]byte, *told, Keys) error{papers, texts, evidence, entries} {
		if err := check(p, files, &t, keys); err != nil {
			return nil, err
		}
	}
	return p, nil
}

var (
	errOther   = errors.New("it is about another consent")
	errMissing = errors.New("it is missing")
	errHash    = errors.New("its content is not what the receipt tells")
)

func papers(p *Pack, files map[string][]byte, _ *told, keys Keys) error {
	for name, b := range files {
		if path.Dir(name) != "." || path.Ext(name) != ".pdf" {
			continue
		}
		s, err := OpenSeal(b, keys.Sign)
		if err == nil && (s.Type != TypePaper || s.Of != TypeConsentReceipt || s.ID != p.ID) {
			err = errOther
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// texts are those that were shown; the one that the consent was given to is among
// them.
func texts(p *Pack, files map[string][]byte, t *told, _ Keys) error {
	kept := false
	for name, b := range files {
		if path.Dir(name) != PackTexts {
			continue
		}
		sum := hash(b)
		if begin, _, _ := strings.Cut(path.Base(name), "."); begin != sum {
			return fmt.Errorf("%s: %w", name, errHash)
		}
		kept = kept || sum == t.KZ.Evidence.Kept
		p.Texts++
	}
	if !kept {
		return fmt.Errorf("the text: %w", errMissing)
	}
	return nil
}

func evidence(p *Pack, files map[string][]byte, t *told, _ Keys) error {
	for _, f := range t.KZ.Evidence.Files {
		found := false
		for name, b := range files {
			found = found || path.Dir(name) == PackEvidence && hash(b) == f.SHA256
		}
		if !found {
			return fmt.Errorf("%s: %w", f.Name, errMissing)
		}
		p.Evidence++
	}
	return nil
}

// entries are receipts of the journal. Every step that the receipt tells of is
// proven by one.
func entries(p *Pack, files map[string][]byte, t *told, keys Keys) error {
	proven := map[string]bool{}
	for name, b := range files {
		if path.Dir(name) != PackJournal {
			continue
		}
		e, err := openEntry(b, keys.Log)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		proven[e.ID.String()] = e.Consent.String() == t.KZ.ID
		p.Entries++
	}
	for _, h := range t.KZ.History {
		if !proven[h.Entry] {
			return fmt.Errorf("entry %s of the journal: %w", h.Entry, errMissing)
		}
	}
	return nil
}

func openEntry(file []byte, key note.Verifier) (*Entry, error) {
	r, err := ReadReceipt(file)
	if err != nil {
		return nil, err
	}
	e, _, err := r.Check(key)
	return e, err
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
