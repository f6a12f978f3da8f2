package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"kelisim/internal/fault"
	"kelisim/internal/seal"
)

// File is what is told of a file that proves a consent: the scan of a paper that
// was signed, the act about it, an electronic signature. Its content is kept
// sealed beside the consent, under the subject's journal key, so that it outlives
// the data (Art. 25(2)5); lists of consents do not carry it.
type File struct {
	Name   string `json:"name"`
	Type   string `json:"type"` // media type, by the content
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// NewFile is a file as it comes in.
type NewFile struct {
	Name    string
	Content []byte
}

// Limits of the files of one consent.
const (
	MaxFiles    = 4
	MaxFileSize = 3 << 20
	maxFileName = 120
)

// SignatureFile is the name of the electronic signature among the files, and its
// media type.
const (
	SignatureFile = "signature.p7s"
	signatureType = "application/pkcs7-signature"
)

// Signature is what was found of the electronic signature under the text of a
// consent. The signature itself, with the certificate, is [SignatureFile].
type Signature struct {
	Name         string     `json:"name"`
	Organization string     `json:"organization,omitempty"` // for which the signer holds the key
	BIN          string     `json:"bin,omitempty"`
	Roles        []string   `json:"roles,omitempty"`
	Serial       string     `json:"serial"` // of the certificate
	Algorithm    string     `json:"algorithm"`
	SignedAt     time.Time  `json:"signedAt"` // the signer's word
	StampedAt    *time.Time `json:"stampedAt,omitempty"`
	Revocation   string     `json:"revocation"` // how it was established that the certificate is not revoked
	CheckedAt    time.Time  `json:"checkedAt"`
}

// kinds of files that are taken, by how they begin: what a scanner makes. A file
// is what its content says, whatever it is called.
var fileKinds = []struct{ begins, kind string }{
	{"%PDF-", "application/pdf"}, {"\x89PNG\r\n\x1a\n", "image/png"}, {"\xff\xd8\xff", "image/jpeg"}, {"II*\x00", "image/tiff"}, {"MM\x00*", "image/tiff"},
}

// checkFiles checks files that prove a consent and tells of them.
func checkFiles(files []NewFile) ([]File, error) {
	if len(files) > MaxFiles {
		return nil, fault.Bad("evidence.files", "too-many-items", "max", MaxFiles)
	}
	out := make([]File, 0, len(files))
	for i, f := range files {
		field := fmt.Sprintf("evidence.files[%d]", i)
		switch {
		case f.Name == "":
			return nil, fault.Bad(field+".name", "missing-field")
		case len(f.Name) > maxFileName || !isFileName(f.Name):
			return nil, fault.Bad(field+".name", "evidence-file-name")
		case len(f.Content) == 0:
			return nil, fault.Bad(field+".content", "missing-field")
		case len(f.Content) > MaxFileSize:
			return nil, fault.Bad(field+".content", "evidence-file-size", "max", MaxFileSize>>20)
		}
		kind := ""
		for _, k := range fileKinds {
			if bytes.HasPrefix(f.Content, []byte(k.begins)) {
				kind = k.kind
			}
		}
		if kind == "" {
			return nil, fault.Bad(field+".content", "evidence-file-type")
		}
		out = append(out, describe(f.Name, kind, f.Content))
	}
	return out, nil
}

// isFileName refuses what would lead out of a folder or break a line.
func isFileName(s string) bool {
	if !utf8.ValidString(s) || s[0] == '.' {
		return false
	}
	for _, r := range s {
		if r == '/' || r == '\\' || r == ':' || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func describe(name, kind string, content []byte) File {
	sum := sha256.Sum256(content)
	return File{Name: name, Type: kind, Size: len(content), SHA256: hex.EncodeToString(sum[:])}
}

func filePlace(c *Consent, n int) []byte {
	return seal.Place("consent-file", c.Subject[:], c.Org[:], c.ID[:], seal.Uint(int64(n)))
}

// sealFiles seals the content of files for their consent.
func sealFiles(jkey *seal.Key, c *Consent, files []NewFile) {
	for i, f := range files {
		c.Files = append(c.Files, jkey.Seal(nil, f.Content, filePlace(c, i)))
	}
}
