package signature

import (
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// Config says how an installation checks signatures: here, by the certificates of a
// folder, or with NCANode beside.
type Config struct {
	// Roots is the folder of the certificates that are trusted: see [Certificates].
	Roots string
	// Intermediates is the folder of those between, where signatures do not
	// bring them: those of NCALayer bring the signer's alone. Optional.
	Intermediates string
	// Lists is the folder of revocation lists. Optional; with it, lists are not
	// fetched again after a restart, and may come from elsewhere.
	Lists string
	// Responders is the folder of certificates whose keys may answer for all
	// authorities. Optional: see [Revocation].
	Responders string
	// OCSP is the responder to ask in place of the one that a certificate names.
	OCSP string
	// NCANode is the address of an NCANode that checks instead: see [NCANode].
	NCANode string
	// Timeout is for one question to an authority. 10 seconds where it is 0.
	Timeout time.Duration
}

// Checker returns what checks signatures by the configuration. web may be nil where
// the installation may not reach the network.
func (c *Config) Checker(web Web, now func() time.Time, rules ident.Rules) (Checker, error) {
	if c.NCANode != "" {
		if web == nil {
			return nil, fault.New(fault.Invalid, "signature-offline")
		}
		return &NCANode{Address: c.NCANode, Web: web, Timeout: c.Timeout, Now: now, Rules: rules}, nil
	}
	roots, err := Certificates(c.Roots)
	if err != nil {
		return nil, err
	}
	if len(roots) == 0 {
		return nil, fault.New(fault.Invalid, "signature-roots")
	}
	v := &Verifier{Roots: roots, Now: now, Rules: rules}
	v.Revocation = &Revocation{Web: web, OCSP: c.OCSP, Folder: c.Lists, Timeout: c.Timeout}
	if c.Intermediates != "" {
		if v.Intermediates, err = Certificates(c.Intermediates); err != nil {
			return nil, err
		}
	}
	if c.Responders != "" {
		if v.Revocation.Responders, err = certificates(c.Responders, anyCertificate); err != nil {
			return nil, err
		}
	}
	return v, nil
}
