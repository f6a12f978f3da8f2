package signature

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// list is a revocation list, reduced to what is asked of it: lists of a whole
// country are long.
type list struct {
	term
	issuer, tbs, signature []byte
	algorithm              string
	scope                  scope
	revoked                map[string]time.Time // by serial number
	// checked is the key that signed it, once that is known; not again each time.
	checked []byte
	file    os.FileInfo // of a file in the folder
}

// scope is which certificates a list speaks of (IssuingDistributionPoint).
type scope struct{ users, authorities bool }

func (s scope) includes(c *x509.Certificate) bool {
	return !(s.users && c.IsCA || s.authorities && !c.IsCA)
}

// parseList reads a full list of its own issuer; nil for others, such as a delta.
func parseList(raw []byte) *list {
	if block, _ := pem.Decode(raw); block != nil {
		raw = block.Bytes
	}
	l, err := x509.ParseRevocationList(raw)
	if err != nil || l.NextUpdate.IsZero() {
		return nil
	}
	out := &list{
		term: term{l.ThisUpdate, l.NextUpdate}, issuer: l.RawIssuer, tbs: l.RawTBSRevocationList,
		signature: l.Signature, algorithm: algorithmOf(l.Raw), revoked: map[string]time.Time{},
	}
	for _, e := range l.Extensions {
		ok := !e.Critical
		if e.Id.String() == "2.5.29.28" {
			out.scope, ok = readScope(e.Value)
		}
		if !ok {
			return nil
		}
	}
	for _, e := range l.RevokedCertificateEntries {
		for _, x := range e.Extensions {
			if x.Critical { // such as one that says the certificate is of another issuer
				return nil
			}
		}
		out.revoked[string(e.SerialNumber.Bytes())] = e.RevocationTime
	}
	return out
}

// readScope reads an IssuingDistributionPoint. It refuses lists of some reasons
// only, of attribute certificates, and of other issuers.
func readScope(value []byte) (s scope, ok bool) {
	in := cryptobyte.String(value)
	var all cryptobyte.String
	if !in.ReadASN1(&all, asn1.SEQUENCE) || !in.Empty() || !all.SkipOptionalASN1(part(0)) {
		return s, false
	}
	flag := func(n uint8, to *bool) bool {
		var v cryptobyte.String
		var there bool
		if !all.ReadOptionalASN1(&v, &there, field(n)) {
			return false
		}
		*to = there && !bytes.Equal(v, []byte{0})
		return true
	}
	var indirect, attributes bool
	ok = flag(1, &s.users) && flag(2, &s.authorities) && !all.PeekASN1Tag(field(3)) &&
		flag(4, &indirect) && flag(5, &attributes) && all.Empty()
	return s, ok && !indirect && !attributes
}

// says returns what the list says of a certificate; ok is false where it may not
// be relied on for it.
func (l *list) says(c, issuer *x509.Certificate, at, now time.Time) (answer, bool) {
	if l == nil || !bytes.Equal(l.issuer, c.RawIssuer) || !l.scope.includes(c) || !l.covers(c, at, now) || !l.by(issuer) {
		return answer{}, false
	}
	since, revoked := l.revoked[string(c.SerialNumber.Bytes())]
	return answer{revoked: revoked, since: since, term: l.term}, true
}

// by reports whether the issuer signed the list.
func (l *list) by(issuer *x509.Certificate) bool {
	if bytes.Equal(l.checked, issuer.RawSubjectPublicKeyInfo) {
		return true
	}
	if issuer.KeyUsage&x509.KeyUsageCRLSign == 0 || !signedBy(issuer, l.algorithm, l.tbs, l.signature) {
		return false
	}
	l.checked = issuer.RawSubjectPublicKeyInfo
	l.tbs = nil // it is long
	return true
}

// searchLists looks at the lists at hand, then into the folder, then at the
// addresses that the certificate names.
func (r *Revocation) searchLists(ctx context.Context, c, issuer *x509.Certificate, at, now time.Time) (answer, error) {
	r.mu.Lock()
	a, ok := r.atHand(c, issuer, at, now)
	r.mu.Unlock()
	if ok {
		return a, nil
	}
	err := errUnknown
	for _, address := range c.CRLDistributionPoints[:min(len(c.CRLDistributionPoints), 2)] {
		var raw []byte
		if raw, err = r.ask(ctx, address, "", nil); err != nil { // without the lock: it may take long
			continue
		}
		err = errUnknown
		l := parseList(raw)
		if a, ok := l.says(c, issuer, at, now); ok {
			r.keep(address, raw, l)
			return a, nil
		}
	}
	return answer{}, err
}

// atHand asks what is known, and reads what of the folder is new. Of several lists
// the newest that speaks counts.
func (r *Revocation) atHand(c, issuer *x509.Certificate, at, now time.Time) (best answer, found bool) {
	r.read()
	for _, l := range r.known {
		if a, ok := l.says(c, issuer, at, now); ok && (!found || a.thisUpdate.After(best.thisUpdate)) {
			best, found = a, true
		}
	}
	return best, found
}

// read brings known up to date. A file that cannot be read is passed over: then
// there is one list less, and what it would have shown stays unknown.
func (r *Revocation) read() {
	if r.known == nil {
		r.known = map[string]*list{}
		for i, raw := range r.Lists {
			if l := parseList(raw); l != nil {
				r.known[fmt.Sprint("list ", i)] = l
			}
		}
	}
	if r.Folder == "" {
		return
	}
	names, _ := filepath.Glob(filepath.Join(r.Folder, "*.crl"))
	for _, name := range names {
		info, err := os.Stat(name)
		if old := r.known[name]; err != nil || old != nil && old.file != nil &&
			old.file.Size() == info.Size() && old.file.ModTime().Equal(info.ModTime()) {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		l := parseList(raw)
		if l == nil {
			l = &list{} // nobody's: not to be read at every question
		}
		l.file = info
		r.known[name] = l
	}
}

// keep remembers a list that was fetched and checked. In the folder it replaces the
// one of the same address in one step; if that fails it is only fetched again.
func (r *Revocation) keep(address string, raw []byte, l *list) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Folder == "" {
		r.known[address] = l
		return
	}
	name := filepath.Join(r.Folder, hex.EncodeToString(sha256.sum([]byte(address))[:16])+".crl")
	part, err := os.CreateTemp(r.Folder, "*.part")
	if err != nil {
		r.known[address] = l
		return
	}
	defer os.Remove(part.Name()) //nolint:errcheck // gone already where all went well
	_, err = part.Write(raw)
	if closeErr := part.Close(); err != nil || closeErr != nil || os.Rename(part.Name(), name) != nil {
		r.known[address] = l
		return
	}
	if l.file, err = os.Stat(name); err == nil {
		r.known[name] = l
	}
}
