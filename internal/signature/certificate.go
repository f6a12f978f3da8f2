package signature

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"time"
)

// The check of a chain is our own, because crypto/x509 reads certificates of GOST
// and cannot check their signatures. It is the part of RFC 5280 that a national
// hierarchy of two or three levels uses; what it does not understand and must,
// it refuses.

// understood are the extensions that may be marked critical.
var understood = []string{
	"2.5.29.15", // key usage
	"2.5.29.19", // basic constraints
	"2.5.29.37", // extended key usage
	"2.5.29.32", // policies: shown by the authority, demanded by nobody here
	"2.5.29.17", // other names of the subject
}

func understandable(c *x509.Certificate) bool {
	return c.Version == 3 && !slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool {
		return e.Critical && !slices.Contains(understood, e.Id.String())
	})
}

// forSigning refuses a certificate that is not for signing documents. A key for
// signing in would be lent to any site that asks for a signature.
func forSigning(c *x509.Certificate) error {
	const both = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	switch {
	case slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth):
		return bad("signature-authentication-key")
	case c.IsCA, c.KeyUsage&both != both, !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection), !understandable(c):
		return bad("signature-usage")
	}
	return nil
}

// maxTries bounds the work on certificates that somebody sent.
const (
	maxTries = 64
	maxChain = 6
)

// chain returns the way from a certificate to a root, both included; nil if there
// is none in which each is valid at the moment.
func (v *Verifier) chain(c *x509.Certificate, beside []*x509.Certificate, at time.Time) []*x509.Certificate {
	s := search{roots: v.Roots, between: slices.Concat(v.Intermediates, beside), at: at, tries: maxTries}
	return s.climb([]*x509.Certificate{c})
}

type search struct {
	roots, between []*x509.Certificate
	at             time.Time
	tries          int
}

func (s *search) climb(way []*x509.Certificate) []*x509.Certificate {
	for _, root := range s.roots {
		if s.issued(root, way) {
			return append(way, root)
		}
	}
	if len(way) == maxChain {
		return nil
	}
	for _, c := range s.between {
		if slices.ContainsFunc(way, c.Equal) || !s.issued(c, way) {
			continue
		}
		if found := s.climb(append(slices.Clone(way), c)); found != nil {
			return found
		}
	}
	return nil
}

// issued reports whether parent is an authority that issued the last on the way,
// and may stand that far above the first.
func (s *search) issued(parent *x509.Certificate, way []*x509.Certificate) bool {
	child := way[len(way)-1]
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) || !s.authority(parent, len(way)-1) || s.tries == 0 {
		return false
	}
	s.tries--
	return issuedBy(child, parent)
}

// authority reports whether c may issue certificates at the moment, with so many
// authorities below it.
func (s *search) authority(c *x509.Certificate, below int) bool {
	limited := c.MaxPathLen > 0 || c.MaxPathLenZero
	return c.BasicConstraintsValid && c.IsCA && c.KeyUsage&x509.KeyUsageCertSign != 0 &&
		(!limited || below <= c.MaxPathLen) && understandable(c) && validAt(c, s.at)
}

func validAt(c *x509.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// issuedBy checks the signature alone.
func issuedBy(child, parent *x509.Certificate) bool {
	return signedBy(parent, algorithmOf(child.Raw), child.RawTBSCertificate, child.Signature)
}
