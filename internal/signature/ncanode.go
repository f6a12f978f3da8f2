package signature

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// NCANode checks signatures with the program of that name, version 3, that runs
// beside: it has the library of the national authority, its roots and its lists.
//
// It is asked only whether the certificate may be trusted. The bytes of the
// signature, the text under it, the purpose of the key and the name in the
// certificate are checked here first, by the same code that [Verifier] uses:
// NCANode passes over the text where the CMS has one of its own, takes any number
// of signers, and finds nothing wrong with a CMS without a certificate. Stamps it
// does not check, so here they count for nothing and the certificate is judged
// now.
type NCANode struct {
	Address string // such as http://127.0.0.1:14579
	Web     Web
	Timeout time.Duration // 10 seconds where it is 0
	Now     func() time.Time
	Rules   ident.Rules
}

type ncanodeRequest struct {
	CMS             []byte   `json:"cms"`
	Data            []byte   `json:"data"`
	RevocationCheck []string `json:"revocationCheck"`
}

type ncanodeAnswer struct {
	Valid   bool `json:"valid"`
	Signers []struct {
		Certificates []ncanodeCertificate `json:"certificates"`
		Signers      []ncanodeCertificate `json:"signers"` // as its description says
	} `json:"signers"`
}

type ncanodeCertificate struct {
	Valid        bool   `json:"valid"`
	SerialNumber string `json:"serialNumber"`
	KeyUsage     string `json:"keyUsage"`
	Revocations  []struct {
		Revoked bool   `json:"revoked"`
		By      string `json:"by"`
	} `json:"revocations"`
}

// Verify implements [Checker].
func (n *NCANode) Verify(ctx context.Context, cms, text []byte) (*Signer, error) {
	data, who, err := open(cms, text, n.Rules)
	if err != nil {
		return nil, err
	}
	if err := inTime(data.cert, who.SignedAt, n.Now()); err != nil {
		return nil, err
	}
	c, err := n.ask(ctx, cms, text)
	if err != nil {
		return nil, err
	}
	serial, ok := new(big.Int).SetString(c.SerialNumber, 16)
	if !ok || serial.Cmp(data.cert.SerialNumber) != 0 || c.KeyUsage != "SIGN" {
		return nil, unexpected(errors.New("ncanode: it speaks of another certificate"))
	}
	who.Revocation.By = ByNCANode
	return who, nil
}

// ask returns the one certificate that the program finds good.
func (n *NCANode) ask(ctx context.Context, cms, text []byte) (*ncanodeCertificate, error) {
	der, err := decode(cms)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(ncanodeRequest{der, text, []string{"OCSP"}})
	if err != nil {
		return nil, err
	}
	r := Revocation{Web: n.Web, Timeout: n.Timeout}
	got, err := r.ask(ctx, strings.TrimSuffix(n.Address, "/")+"/cms/verify", "application/json", body)
	if err != nil {
		return nil, unexpected(err)
	}
	var a ncanodeAnswer
	if err := json.Unmarshal(got, &a); err != nil {
		return nil, unexpected(errors.New("ncanode: the answer cannot be read")) // it may quote the certificate
	}
	return a.good()
}

func unexpected(err error) error { return fault.Wrap(fault.Unavailable, "signature-service", err) }

func (a *ncanodeAnswer) good() (*ncanodeCertificate, error) {
	if len(a.Signers) != 1 {
		return nil, unexpected(errors.New("ncanode: not one signer"))
	}
	certs := append(a.Signers[0].Certificates, a.Signers[0].Signers...)
	if len(certs) != 1 {
		return nil, unexpected(errors.New("ncanode: not one certificate"))
	}
	c := &certs[0]
	asked := false
	for _, r := range c.Revocations {
		if r.Revoked {
			return nil, bad("signature-revoked")
		}
		asked = asked || r.By == "OCSP"
	}
	switch {
	case !asked:
		return nil, fault.New(fault.Unavailable, "signature-revocation-unchecked")
	case !a.Valid || !c.Valid: // it does not say why
		return nil, bad("signature-unconfirmed")
	}
	return c, nil
}
