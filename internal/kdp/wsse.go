package kdp

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"hash"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// The signature over the body of a message, as WS-Security puts it into the header:
// XML signature, exclusive canonical form, RSA with SHA-256. A library makes
// signatures and canonical forms; what a signature must cover is checked here, for
// the whole art of forging one is to let the reader read something else than what was
// signed.

const (
	wsseNS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	wsuNS  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

	base64Binary = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
	x509v3       = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"

	excC14N   = string(dsig.CanonicalXML10ExclusiveAlgorithmId)
	rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	rsaSHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	sha256URI = "http://www.w3.org/2001/04/xmlenc#sha256"
	sha512URI = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// bodyID names the body within its message; there is nothing else to name.
const bodyID = "body"

// Sign puts a signature over the body into the header. idAttr is the attribute that
// names the body, keyInfo how the certificate is given.
func Sign(header, body *etree.Element, key *rsa.PrivateKey, cert *x509.Certificate, idAttr, keyInfo string) error {
	if idAttr == "wsu:Id" {
		body.CreateAttr("xmlns:wsu", wsuNS)
	}
	body.CreateAttr(idAttr, bodyID)
	ctx, err := dsig.NewSigningContext(key, [][]byte{cert.Raw})
	if err != nil {
		return err
	}
	ctx.IdAttribute, ctx.Canonicalizer = idAttr, dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	alone, err := detached(body)
	if err != nil {
		return err
	}
	sig, err := ctx.ConstructSignature(alone, false)
	if err != nil {
		return err
	}
	if keyInfo == keyIdentifier {
		identify(child(sig, "KeyInfo"), cert)
	}
	security := header.CreateElement("wsse:Security")
	security.CreateAttr("xmlns:wsse", wsseNS)
	security.CreateAttr("soap:mustUnderstand", "1")
	security.AddChild(sig)
	return nil
}

// identify gives the certificate as a reference to a security token. It is not part
// of what is signed.
func identify(info *etree.Element, cert *x509.Certificate) {
	for _, c := range info.ChildElements() {
		info.RemoveChild(c)
	}
	id := info.CreateElement("wsse:SecurityTokenReference").CreateElement("wsse:KeyIdentifier")
	id.CreateAttr("EncodingType", base64Binary)
	id.CreateAttr("ValueType", x509v3)
	id.SetText(base64.StdEncoding.EncodeToString(cert.Raw))
}

// detached is a copy of an element that has all namespaces that are in scope with it.
func detached(e *etree.Element) (*etree.Element, error) {
	scope, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	return etreeutils.NSDetatch(scope, e)
}

var errSignature = errors.New("kdp: the body is not signed by whom it has to be")

// Verify checks that the body of a message is signed by the key of the certificate,
// which is known beforehand: what the message says of keys counts for nothing. It
// returns the body read anew from the very bytes that were signed.
func Verify(root *etree.Element, cert *x509.Certificate) (*etree.Element, error) {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	header, body := only(root, soapNS, "Header"), only(root, soapNS, "Body")
	sig := only(only(header, wsseNS, "Security"), dsig.Namespace, "Signature")
	info := only(sig, dsig.Namespace, "SignedInfo")
	if !ok || body == nil || info == nil {
		return nil, errSignature
	}
	ref, err := reference(info, body)
	if err != nil {
		return nil, err
	}
	signed, err := canonical(body, only(only(ref, dsig.Namespace, "Transforms"), dsig.Namespace, "Transform"))
	if err != nil {
		return nil, err
	}
	if !digestHolds(ref, signed) || !signatureHolds(sig, info, key) {
		return nil, errSignature
	}
	return parse(signed)
}

// reference is the one that names the body by its id.
func reference(info, body *etree.Element) (*etree.Element, error) {
	id := ""
	for _, a := range body.Attr {
		if a.Key != "Id" || a.Space != "" && a.NamespaceURI() != wsuNS {
			continue
		}
		if id != "" {
			return nil, errSignature
		}
		id = a.Value
	}
	var found *etree.Element
	for _, r := range info.ChildElements() {
		if r.Tag != "Reference" || r.NamespaceURI() != dsig.Namespace || r.SelectAttrValue("URI", "") != "#"+id {
			continue
		}
		if found != nil {
			return nil, errSignature
		}
		found = r
	}
	if id == "" || found == nil {
		return nil, errSignature
	}
	return found, nil
}

// canonical is the exclusive canonical form of an element, as the transform asks; any
// other is refused.
func canonical(e, transform *etree.Element) ([]byte, error) {
	if transform == nil || transform.SelectAttrValue("Algorithm", "") != excC14N {
		return nil, errSignature
	}
	prefixes := ""
	if list := only(transform, excC14N, "InclusiveNamespaces"); list != nil {
		prefixes = list.SelectAttrValue("PrefixList", "")
	}
	alone, err := detached(e)
	if err != nil {
		return nil, errSignature
	}
	b, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(alone)
	if err != nil {
		return nil, errSignature
	}
	return b, nil
}

func digestHolds(ref *etree.Element, signed []byte) bool {
	var h hash.Hash
	switch algorithm(ref, "DigestMethod") {
	case sha256URI:
		h = sha256.New()
	case sha512URI:
		h = sha512.New()
	default:
		return false
	}
	h.Write(signed)
	want, err := base64.StdEncoding.DecodeString(unspaced(text(ref, "DigestValue")))
	return err == nil && bytes.Equal(h.Sum(nil), want)
}

func signatureHolds(sig, info *etree.Element, key *rsa.PublicKey) bool {
	b, err := canonical(info, only(info, dsig.Namespace, "CanonicalizationMethod"))
	if err != nil {
		return false
	}
	value, err := base64.StdEncoding.DecodeString(unspaced(text(sig, "SignatureValue")))
	if err != nil {
		return false
	}
	switch algorithm(info, "SignatureMethod") {
	case rsaSHA256:
		sum := sha256.Sum256(b)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], value) == nil
	case rsaSHA512:
		sum := sha512.Sum512(b)
		return rsa.VerifyPKCS1v15(key, crypto.SHA512, sum[:], value) == nil
	default:
		return false
	}
}

func algorithm(e *etree.Element, method string) string {
	m := only(e, dsig.Namespace, method)
	if m == nil {
		return ""
	}
	return m.SelectAttrValue("Algorithm", "")
}

// only is the one child of a name; nil where there is none, or more.
func only(e *etree.Element, space, name string) *etree.Element {
	if e == nil {
		return nil
	}
	if c := child(e, name); c != nil && c.NamespaceURI() == space {
		return c
	}
	return nil
}
