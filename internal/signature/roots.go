package signature

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"

	"kelisim/internal/fault"
)

// Certificates reads the certificates of authorities from a folder: files *.pem,
// *.crt, *.cer and *.der, DER or PEM, one or several in each. A file that is
// something else is an error that names it: a root that is silently missing would
// look like an unknown issuer.
//
// None are built in. Whose signatures are trusted is for whoever runs the
// installation to say, and to have compared with what the authority publishes.
func Certificates(folder string) ([]*x509.Certificate, error) {
	return certificates(folder, func(c *x509.Certificate) bool { return c.IsCA })
}

func anyCertificate(*x509.Certificate) bool { return true }

func certificates(folder string, fits func(*x509.Certificate) bool) ([]*x509.Certificate, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "signature-roots", err)
	}
	var all []*x509.Certificate
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".pem", ".crt", ".cer", ".der":
		default:
			continue
		}
		raw, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "signature-roots", err)
		}
		certs, ok := readCertificates(raw, fits)
		if !ok {
			return nil, fault.Bad(e.Name(), "signature-roots-file")
		}
		all = append(all, certs...)
	}
	return all, nil
}

func readCertificates(raw []byte, fits func(*x509.Certificate) bool) (all []*x509.Certificate, ok bool) {
	var der [][]byte
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, false
		}
		der = append(der, block.Bytes)
	}
	if der == nil && !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("-")) {
		der = [][]byte{raw}
	}
	for _, d := range der {
		c, err := x509.ParseCertificate(d)
		if err != nil || !fits(c) {
			return nil, false
		}
		all = append(all, c)
	}
	return all, len(all) > 0
}
