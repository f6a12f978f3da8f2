package kdp

import "crypto/x509"

// TrustGateway makes only answers count that are signed by the key of the certificate.
func (s *Settings) TrustGateway(cert *x509.Certificate) { s.SHEP.gateway = cert }
