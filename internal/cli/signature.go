package cli

import "kelisim/internal/signature"

// signatureFlags say whose electronic signatures a server takes. With neither roots
// nor an NCANode it takes none, and no page offers to sign.
type signatureFlags struct {
	SignatureRoots         string `help:"Folder of the certificates whose electronic signatures are trusted; with neither this nor --ncanode none are." env:"KELISIM_SIGNATURE_ROOTS" placeholder:"DIR"`
	SignatureIntermediates string `help:"Folder of the certificates between, which NCALayer does not send." env:"KELISIM_SIGNATURE_INTERMEDIATES" placeholder:"DIR"`
	SignatureLists         string `help:"Folder of revocation lists; what is fetched is kept there." env:"KELISIM_SIGNATURE_LISTS" placeholder:"DIR"`
	SignatureResponders    string `help:"Folder of certificates that may answer for all authorities." env:"KELISIM_SIGNATURE_RESPONDERS" placeholder:"DIR"`
	SignatureOCSP          string `name:"signature-ocsp" help:"Responder to ask instead of the one that a certificate names." env:"KELISIM_SIGNATURE_OCSP" placeholder:"URL"`
	NCANode                string `name:"ncanode" help:"NCANode that checks certificates instead of us." env:"KELISIM_NCANODE" placeholder:"URL"`
	NCALayer               string `name:"ncalayer" help:"Address of NCALayer as browsers reach it on their own machine." env:"KELISIM_NCALAYER" default:"wss://127.0.0.1:13579" placeholder:"URL"`
}

func (f *signatureFlags) config() signature.Config {
	return signature.Config{
		Roots: f.SignatureRoots, Intermediates: f.SignatureIntermediates, Lists: f.SignatureLists,
		Responders: f.SignatureResponders, OCSP: f.SignatureOCSP, NCANode: f.NCANode,
	}
}
