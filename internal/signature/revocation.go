package signature

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"time"

	"kelisim/internal/fault"
)

// Web asks what authorities publish. Package fetch has one over HTTP.
type Web interface {
	// Ask gets the body at an address, or posts one there where body is not
	// nil. The address comes from the configuration or from a certificate that
	// a trusted authority signed. An error says that no answer came in time,
	// or none of a size that may be read.
	Ask(ctx context.Context, address, contentType string, body []byte) (status int, answer []byte, err error)
}

// Revocation finds out whether certificates are revoked: from a responder (OCSP)
// first, then from a list (CRL) that is at hand, in a folder, or published. Both
// are checked like certificates are. It may be used by many at once.
//
// What cannot be found out is a fault.Unavailable: nobody knows, so nobody may rely
// on it. A nil Revocation finds out nothing.
type Revocation struct {
	// Web is nil where the installation may not reach the network: lists must
	// then be put into the folder, and renewed there.
	Web Web
	// OCSP takes the place of the responder's address in certificates.
	OCSP string
	// Responders may answer for certificates that they did not issue. Without
	// them only the issuer may, and whom it made its responder.
	Responders []*x509.Certificate
	// Lists are revocation lists at hand, DER.
	Lists [][]byte
	// Folder has more of them, as files named *.crl, DER or PEM. What was
	// fetched is kept there too, and outlives a restart.
	Folder string
	// Timeout is for one question. 10 seconds where it is 0.
	Timeout time.Duration

	mu    sync.Mutex
	known map[string]*list // by the address, or the name of a file
}

// errUnknown is the want of an answer, of which the caller makes a fault.
var errUnknown = errors.New("signature: no answer that could be relied on")

// check reports how it was established that a certificate, of this issuer, was
// not revoked at the moment.
func (r *Revocation) check(ctx context.Context, c, issuer *x509.Certificate, at, now time.Time) (Revoked, error) {
	if r == nil {
		return Revoked{}, fault.New(fault.Unavailable, "signature-revocation-unchecked")
	}
	a, err := r.askResponders(ctx, c, issuer, at, now)
	by := ByOCSP
	if err != nil {
		var listErr error
		if a, listErr = r.searchLists(ctx, c, issuer, at, now); listErr != nil {
			return Revoked{}, fault.Wrap(fault.Unavailable, "signature-revocation-unchecked", errors.Join(err, listErr))
		}
		by = ByCRL
	}
	switch {
	case a.unknown:
		return Revoked{}, fault.New(fault.Unavailable, "signature-revocation-unchecked")
	case a.revoked && (!a.since.After(at) || a.since.After(now)):
		return Revoked{}, bad("signature-revoked")
	}
	return Revoked{by, a.thisUpdate}, nil
}

// answer is what a responder or a list says of one certificate.
type answer struct {
	unknown, revoked bool
	since            time.Time // of the revocation
	term
}

// term is for how long an answer or a list speaks.
type term struct{ thisUpdate, nextUpdate time.Time }

// covers reports whether what was said in the term may be relied on for the
// moment. A certificate that has expired since is forgotten by its authority, so
// only what was said in its lifetime counts.
func (t term) covers(c *x509.Certificate, at, now time.Time) bool {
	next := t.nextUpdate
	if next.IsZero() {
		next = t.thisUpdate // as good as at once
	}
	return !t.thisUpdate.After(now.Add(skew)) && !t.thisUpdate.After(c.NotAfter) && !next.Before(at.Add(-skew))
}

// ask bounds the time of one question.
func (r *Revocation) ask(ctx context.Context, address, contentType string, body []byte) ([]byte, error) {
	if r.Web == nil {
		return nil, errUnknown
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	status, got, err := r.Web.Ask(ctx, address, contentType, body)
	if err != nil {
		return nil, err
	}
	if status != 200 {
		return nil, errUnknown
	}
	return got, nil
}
