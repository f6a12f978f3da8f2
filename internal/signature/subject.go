package signature

import (
	"crypto/x509"
	"fmt"
	"strings"

	"kelisim/internal/ident"
)

// Role is what the authority says of the holder of a certificate, in its extended
// key usage.
type Role string

// The roles of 1.2.398.3.3.4.
const (
	Person       Role = "person"
	Organization Role = "organization"
	Head         Role = "head"      // first head of the organization
	Signatory    Role = "signatory" // has the right to sign
	Treasurer    Role = "treasurer" // has the right to sign financial documents
	Personnel    Role = "personnel" // of the personnel department
	Employee     Role = "employee"
	Identified   Role = "identified" // how the person was identified is told by the others
	ByCentre     Role = "identified-in-centre"
	Remotely     Role = "identified-remotely"
	ByDigitalID  Role = "identified-by-digital-id"
)

var roles = map[string]Role{
	"1.2.398.3.3.4.1.1":   Person,
	"1.2.398.3.3.4.1.2":   Organization,
	"1.2.398.3.3.4.1.2.1": Head,
	"1.2.398.3.3.4.1.2.2": Signatory,
	"1.2.398.3.3.4.1.2.3": Treasurer,
	"1.2.398.3.3.4.1.2.4": Personnel,
	"1.2.398.3.3.4.1.2.5": Employee,
	"1.2.398.3.3.4.3":     Identified,
	"1.2.398.3.3.4.3.1":   ByCentre,
	"1.2.398.3.3.4.3.2":   Remotely,
	"1.2.398.3.3.4.3.2.1": ByDigitalID,
}

// subject reads whose certificate it is: serialNumber is IIN and twelve digits,
// or BIN and twelve digits where no person stands behind it; OU is BIN and
// twelve digits; the given name is the patronymic, for CN has the other two.
func subject(c *x509.Certificate, rules ident.Rules) (*Signer, error) {
	parts, ok := names(c)
	if !ok {
		return nil, bad("signature-subject")
	}
	s := &Signer{
		Name:         strings.TrimSpace(parts[oidCommonName] + " " + parts[oidGivenName]),
		Organization: parts[oidOrganization],
		Serial:       fmt.Sprintf("%x", c.SerialNumber),
	}
	var bin string
	switch serial := parts[oidSerialNumber]; {
	case strings.HasPrefix(serial, "IIN"):
		s.IIN, ok = number(rules.Normalise(ident.IIN, serial[3:]))
	case strings.HasPrefix(serial, "BIN"):
		bin, ok = number(rules.NormaliseOrg(serial[3:]))
	default:
		ok = false
	}
	if unit := parts[oidUnit]; ok && strings.HasPrefix(unit, "BIN") {
		s.BIN, ok = number(rules.NormaliseOrg(unit[3:]))
	}
	if !ok || bin != "" && s.BIN != "" && bin != s.BIN {
		return nil, bad("signature-subject")
	}
	if s.BIN == "" {
		s.BIN = bin
	}
	for _, oid := range c.UnknownExtKeyUsage {
		if r, ok := roles[oid.String()]; ok {
			s.Roles = append(s.Roles, r)
		}
	}
	return s, nil
}

func number(n string, err error) (string, bool) { return n, err == nil }

// Parts of a name that we read.
const (
	oidCommonName   = "2.5.4.3"
	oidSerialNumber = "2.5.4.5"
	oidOrganization = "2.5.4.10"
	oidUnit         = "2.5.4.11"
	oidGivenName    = "2.5.4.42"
)

// names returns those parts of the subject's name. One that comes twice is refused:
// which of them counts would depend on who reads. Of units, only the one with a
// number is read.
func names(c *x509.Certificate) (map[string]string, bool) {
	parts := map[string]string{}
	for _, n := range c.Subject.Names {
		oid := n.Type.String()
		value, ok := n.Value.(string)
		switch oid {
		case oidCommonName, oidSerialNumber, oidOrganization, oidGivenName:
		case oidUnit:
			if !strings.HasPrefix(value, "BIN") {
				continue
			}
		default:
			continue
		}
		if _, twice := parts[oid]; twice || !ok {
			return nil, false
		}
		parts[oid] = value
	}
	return parts, true
}
