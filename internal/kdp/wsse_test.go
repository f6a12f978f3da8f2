package kdp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"kelisim/internal/ident"
)

// pair is a key with a certificate of its own.
type pair struct {
	key             *rsa.PrivateKey
	cert            *x509.Certificate
	keyPEM, certPEM string
}

// identity makes a key that nobody else has.
func identity(t testing.TB) pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	p := pair{
		key:     key,
		keyPEM:  string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		certPEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return p
}

// gateway is an answer that xmlsec1 1.2.37 has signed: another reader's opinion of
// what the canonical form is. xmlsec1 has also verified what Sign writes.
func gateway(t testing.TB) (message []byte, cert *x509.Certificate) {
	t.Helper()
	message, err := os.ReadFile("testdata/gateway.xml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/gateway.pem")
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = certificate(text); err != nil {
		t.Fatal(err)
	}
	return message, cert
}

func verified(message string, cert *x509.Certificate) (*etree.Element, error) {
	root, err := parse([]byte(message))
	if err != nil {
		return nil, err
	}
	return Verify(root, cert)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	message, cert := gateway(t)
	body, err := verified(string(message), cert)
	if err != nil {
		t.Fatal(err)
	}
	s := Standard()
	a, err := s.answer(body, &s.SHEP.Answer)
	if err != nil || *a != (Answer{Status: Valid, Token: "token-ofxmlsec", PublicKey: "key<&>"}) {
		t.Errorf("%+v %v", a, err)
	}
}

// Whatever is done to a signed message, it counts no more, or what is read is what
// was signed.
func TestForgeries(t *testing.T) {
	t.Parallel()
	raw, cert := gateway(t)
	message := string(raw)
	body := regexp.MustCompile(`(?s)<SOAP-ENV:Body.*</SOAP-ENV:Body>`).FindString(message)
	forged := strings.Replace(body, "token-of", "forged", 1)
	security := regexp.MustCompile(`(?s)<wsse:Security.*</wsse:Security>`).FindString(message)
	signature := regexp.MustCompile(`(?s)<ds:Signature .*</ds:Signature>`).FindString(message)
	for _, c := range []struct{ name, from, to string }{
		{"another token", "token-of", "token-at"},
		{"another status", "valid</ns3:status>", "valid </ns3:status>"},
		{"another attribute", `a="1 &lt; 2"`, `a="1 &lt; 3"`},
		{"another namespace", `xmlns:ns3="http://service.2fa-chain.kz/ns/kdp"`, `xmlns:ns3="urn:x"`},
		{"another digest", "<ds:DigestValue>", "<ds:DigestValue>AAAA"},
		{"no digest", "DigestValue", "DigestValues"},
		{"a digest that is broken", "xmlenc#sha256", "xmlenc#ripemd160"},
		{"SHA-1", "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"},
		{"no algorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", ""},
		{"a key of letters", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"},
		{"another signature", "<ds:SignatureValue>", "<ds:SignatureValue>AAAA"},
		{"no base64", "<ds:SignatureValue>", "<ds:SignatureValue>*"},
		{"no signature", signature, ""},
		{"two signatures", signature, signature + signature},
		{"no security", security, ""},
		{"two securities", security, security + security},
		{"a foreign security", "oasis-200401-wss-wssecurity-secext-1.0.xsd", "x.xsd"},
		{"a signature of nothing", `URI="#id-7"`, `URI="#id-8"`},
		{"a signature of all", `URI="#id-7"`, `URI=""`},
		{"a body without a name", ` wsu:Id="id-7"`, ``},
		{"a body with two names", ` wsu:Id="id-7"`, ` wsu:Id="id-7" Id="id-8"`},
		{"another transform", `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">`, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">`},
		{"two transforms", "<ds:Transforms>", `<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`},
		{"a body that was moved aside", body, "<aside>" + body + "</aside>" + forged},
		{"a body before the true one", body, forged + body},
		{"a body after the true one", body, body + forged},
		{"a body in the header", "</SOAP-ENV:Header>" + "\n  " + body, body + "</SOAP-ENV:Header>" + forged},
		{"a body of another kind", "SOAP-ENV:Body", "ns3:Body"},
	} {
		changed := strings.ReplaceAll(message, c.from, c.to)
		if changed == message {
			t.Errorf("%s: nothing was changed", c.name)
		}
		if _, err := verified(changed, cert); err == nil {
			t.Errorf("%s: taken", c.name)
		}
	}
	// What the signature does not cover may change: nothing of it is read.
	for from, to := range map[string]string{"<!-- a remark -->": "", "<ds:KeyInfo/>": "<ds:KeyInfo><x/></ds:KeyInfo>"} {
		changed := strings.Replace(message, from, to, 1)
		if _, err := verified(changed, cert); err != nil || changed == message {
			t.Errorf("%s: %v", from, err)
		}
	}
	if _, err := verified(message, identity(t).cert); err == nil {
		t.Error("taken by another's key")
	}
}

// What Sign writes, Verify reads, in each form, whatever stands in it.
func TestSign(t *testing.T) {
	t.Parallel()
	id := identity(t)
	for _, attr := range []string{"wsu:Id", "Id"} {
		for _, info := range []string{keyIdentifier, x509Data} {
			s := Standard()
			s.SHEP.BodyID, s.SHEP.KeyInfo = attr, info
			c := &shep{set: s, now: time.Now}
			b, err := c.message(nasty(), &Account{Key: id.key, Cert: id.cert, Sender: "<me>", Password: "p]]>"})
			if err != nil {
				t.Fatal(err)
			}
			body, err := verified(string(b), id.cert)
			if err != nil {
				t.Fatalf("%s, %s: %v: %s", attr, info, err, b)
			}
			if got := body.FindElement("//company").Text(); got != "ТОО «A & B» <x> ]]>" {
				t.Errorf("%q", got)
			}
			if strings.Contains(string(b), "wsse:KeyIdentifier") != (info == keyIdentifier) {
				t.Errorf("%s: %s", info, b)
			}
		}
	}
}

func nasty() *Question {
	return &Question{Number: ident.NewID(time.Now()), IIN: "610813300007", Content: Content{
		Initiator: Initiator{Name: "ТОО «A & B» <x> ]]>\x00\r", BIN: "150940018738", Employee: "\"'\t"},
		Services:  []string{"a", "b"}, Data: []string{"line\nbreak", "𐍈"}, ValidFor: time.Hour, OmitSMS: true, Check: "Bio",
	}}
}
