// Package signature checks electronic digital signatures of Kazakhstan under a
// text: a CMS made by NCALayer, eGov Mobile or another program with a key of the
// national certification authority, by RSA, ECDSA or GOST 34.10-2015.
//
// A signature that passes was made over exactly these bytes, with a key meant for
// signing, whose certificate leads to a root that the installation was given and
// was neither expired nor revoked at the moment that counts. Whatever cannot be
// established is a refusal, and so is an authority that cannot be reached.
//
// It keeps nothing, decides nothing about consents, and holds no private keys.
// What stands in a certificate is personal data: errors never carry it.
package signature

import (
	"context"
	"crypto/x509"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// Checker is what checks signatures: [Verifier] here, or [NCANode] beside.
type Checker interface {
	// Verify checks that cms (DER, base64 or PEM) is a signature under text by
	// exactly one signer. A fault.Unavailable means that nothing is known, and
	// the same call may succeed later; every other error is about the signature.
	Verify(ctx context.Context, cms, text []byte) (*Signer, error)
}

// Signer is who signed, by the certificate, and how that was established. It is
// personal data: it may not go into a log.
type Signer struct {
	IIN          string // of the person; empty in a certificate of an organization alone
	BIN          string // of the organization for which the person signs; may be empty
	Name         string // surname, given name and patronymic
	Organization string
	Roles        []Role
	Serial       string // of the certificate, hexadecimal
	Algorithm    string
	SignedAt     time.Time // as the signer's machine says
	StampedAt    time.Time // as a time-stamping authority says; zero without a stamp
	Revocation   Revoked
}

// Revoked says how it was established that the certificate was not revoked.
type Revoked struct {
	By string    // OCSP, CRL or ByNCANode
	As time.Time // moment of the answer or list; zero where it was not told
}

// Ways of [Revoked].
const (
	ByOCSP    = "ocsp"
	ByCRL     = "crl"
	ByNCANode = "ncanode"
)

// Of reports a fault if the signer is not the person with the IIN.
func (s *Signer) Of(iin string) error {
	if iin == "" || s.IIN != iin {
		return fault.New(fault.Forbidden, "signature-other-person")
	}
	return nil
}

// For reports a fault if the signer does not sign for the organization.
func (s *Signer) For(bin string) error {
	if bin == "" || s.BIN != bin {
		return fault.New(fault.Forbidden, "signature-other-organization")
	}
	return nil
}

// skew is by how much clocks may differ.
const skew = 10 * time.Minute

// Verifier checks signatures in the process. It may be used by many at once.
type Verifier struct {
	// Roots are trusted: see [Certificates]. Intermediates only help to find
	// the way to them, as the certificates inside a signature do.
	Roots, Intermediates []*x509.Certificate
	Revocation           *Revocation
	Now                  func() time.Time
	Rules                ident.Rules
}

// Verify implements [Checker].
//
// The moment that counts is that of the time stamp, if there is one. Without it
// the certificate is judged now: the time that the signer claims is the signer's
// word, and one with a stolen key of an expired certificate would claim a good one.
func (v *Verifier) Verify(ctx context.Context, cms, text []byte) (*Signer, error) {
	now := v.Now()
	data, who, err := open(cms, text, v.Rules)
	if err != nil {
		return nil, err
	}
	at := now
	if token, ok, err := data.signer.stamp(); err != nil {
		return nil, err
	} else if ok {
		if who.StampedAt, err = v.stamped(ctx, token, data.signer.signature, now); err != nil {
			return nil, err
		}
		at = who.StampedAt
	}
	if err := inTime(data.cert, who.SignedAt, at); err != nil {
		return nil, err
	}
	who.Revocation, err = v.trusted(ctx, data.cert, data.certs, at, now)
	if err != nil {
		return nil, err
	}
	return who, nil
}

// opened is a signature whose bytes are right. Whether its certificate may be
// trusted is still open.
type opened struct {
	*signedData
	cert *x509.Certificate
}

// open reads a signature and checks all that needs no authority: the text, the
// signature itself, what the key is for, who it says it belongs to.
func open(cms, text []byte, rules ident.Rules) (*opened, *Signer, error) {
	der, err := decode(cms)
	if err != nil {
		return nil, nil, err
	}
	data, err := parseSignedData(der)
	if err != nil {
		return nil, nil, err
	}
	cert, err := data.check(oidData, text)
	if err != nil {
		return nil, nil, err
	}
	if err := forSigning(cert); err != nil {
		return nil, nil, err
	}
	who, err := subject(cert, rules)
	if err != nil {
		return nil, nil, err
	}
	who.Algorithm = data.signer.algorithmName()
	if who.SignedAt, err = data.signer.signingTime(); err != nil {
		return nil, nil, err
	}
	return &opened{data, cert}, who, nil
}

// inTime checks the certificate's term at the moment that counts, and that the
// time which the signer claims is possible.
func inTime(cert *x509.Certificate, claimed, at time.Time) error {
	switch {
	case at.Before(cert.NotBefore):
		return bad("signature-early")
	case at.After(cert.NotAfter):
		return bad("signature-expired")
	case claimed.After(at.Add(skew)), claimed.Before(cert.NotBefore.Add(-skew)):
		return bad("signature-time")
	}
	return nil
}

// trusted finds the way to a root and checks that nothing on it is revoked.
func (v *Verifier) trusted(ctx context.Context, cert *x509.Certificate, beside []*x509.Certificate, at, now time.Time) (Revoked, error) {
	chain := v.chain(cert, beside, at)
	if chain == nil {
		return Revoked{}, bad("signature-unknown-issuer")
	}
	var own Revoked
	for i, c := range chain[:len(chain)-1] {
		how, err := v.Revocation.check(ctx, c, chain[i+1], at, now)
		if err != nil {
			return Revoked{}, err
		}
		if i == 0 {
			own = how
		}
	}
	return own, nil
}

// bad is a fault of the signature itself.
func bad(code string) *fault.Error { return fault.New(fault.Invalid, code) }
