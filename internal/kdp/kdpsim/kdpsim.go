// Package kdpsim plays the state service of control over access to personal data, in
// both forms in which package kdp asks it: for tests, and for the demo. It knows
// people who say yes, no, or nothing, and checks what the real one would: accounts,
// signatures, proofs, numbers that came before. It is an http.Handler of its own and
// no part of the API.
package kdpsim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Person is how somebody answers.
type Person string

// The people.
const (
	AtOnce   Person = "at-once"   // yes, to the first question
	Yes      Person = "yes"       // yes, once it is asked again
	No       Person = "no"        // no, once it is asked again
	Never    Person = "never"     // pending for ever
	Late     Person = "late"      // the service stops waiting
	Nobody   Person = "nobody"    // the service does not know the number
	Broken   Person = "broken"    // the service answers with an error
	Fault    Person = "fault"     // with a fault of SOAP
	Down     Person = "down"      // with 503
	Slow     Person = "slow"      // yes, after Delay
	Garbage  Person = "garbage"   // something that is no answer
	Bomb     Person = "bomb"      // entities that would fill the memory
	Huge     Person = "huge"      // more than anybody reads
	Redirect Person = "redirect"  // go and ask there
	Forged   Person = "forged"    // yes, signed by another (SHEP)
	Moved    Person = "moved"     // yes, with a signature over another body (SHEP)
	Tokens   Person = "tokenless" // valid, and no token
	Babel    Person = "babel"     // a status that nobody has heard of
)

// Service is the simulated one.
type Service struct {
	// Password of every account; a wrong one is refused.
	Password string
	// Organizations are those that may ask, by BIN. Cert is whose signature counts
	// (SHEP); nil: none is asked for.
	Organizations map[string]Organization
	// Withdrawals is the service of the gateway that is told of withdrawals; none is
	// known, so that of a test.
	Withdrawals string
	Delay       time.Duration // of those who are slow
	Now         func() time.Time

	// Key and Cert sign the answers of the gateway, and the tokens.
	Key  *rsa.PrivateKey
	Cert *x509.Certificate

	mu      sync.Mutex
	people  map[string]Person
	asked   map[string]int // by what tokens are looked up by
	numbers map[string]bool
	log     []Asked
	told    []Asked
	other   *rsa.PrivateKey // of a stranger
}

// Organization is one that may ask.
type Organization struct {
	User, UserID, Sender string
	Cert                 *x509.Certificate
}

// Asked is a question that was taken.
type Asked struct {
	Form     string
	Fields   map[string]string // by element
	Order    []string          // the elements as they came
	Message  string            // messageId
	Service  string            // of the gateway
	Returned string            // the status that was answered
	At       time.Time
}

// New returns a service with a fresh key.
func New(password string, now func() time.Time) (*Service, error) {
	s := &Service{Password: password}
	var err error
	if s.Key, s.Cert, err = KeyPair("gateway", now()); err != nil {
		return nil, err
	}
	s.other, _, err = KeyPair("stranger", now())
	return s.Anew(now), err
}

// Anew returns a service with the same keys and password that knows nobody yet.
func (s *Service) Anew(now func() time.Time) *Service {
	return &Service{
		Password: s.Password, Organizations: map[string]Organization{}, Now: now, Key: s.Key, Cert: s.Cert, other: s.other,
		people: map[string]Person{}, asked: map[string]int{}, numbers: map[string]bool{},
	}
}

// KeyPair makes an RSA key with a certificate of its own.
func KeyPair(name string, now time.Time) (*rsa.PrivateKey, *x509.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return key, cert, err
}

// Add says how somebody answers.
func (s *Service) Add(iin string, p Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[iin] = p
}

// Asked lists the questions that were taken, oldest first.
func (s *Service) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Asked(nil), s.log...)
}

// byNumber is how somebody answers of whom nothing was said: by the eleventh digit.
var byNumber = [10]Person{AtOnce, Yes, Yes, Yes, Yes, Yes, No, Never, Nobody, Slow}

func (s *Service) person(iin string) Person {
	if p, ok := s.people[iin]; ok {
		return p
	}
	if len(iin) != 12 || iin[10] < '0' || iin[10] > '9' {
		return Nobody
	}
	return byNumber[iin[10]-'0']
}

// answers is how somebody answers.
func (s *Service) answers(iin string) Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.person(iin)
}

// withdrawn keeps that it was told of a withdrawal.
func (s *Service) withdrawn(a Asked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.At = s.Now()
	s.told = append(s.told, a)
}

// Told lists the withdrawals that it was told of.
func (s *Service) Told() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Asked(nil), s.told...)
}

// reply is what the service says to a question.
type reply struct {
	person            Person
	status            string
	token, key, words string
}

// take counts a question and finds the answer. A token is one for a subject, service,
// initiator and department.
func (s *Service) take(a Asked, iin, bin, department, services string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	about := iin + "|" + bin + "|" + department + "|" + services
	s.asked[about]++
	r := reply{person: s.person(iin), status: "pending"}
	again := s.asked[about] > 1
	switch r.person {
	case AtOnce, Slow, Forged, Moved, Tokens, Redirect:
		r.status = "valid"
	case Yes:
		if again {
			r.status = "valid"
		}
	case No:
		if again {
			r.status = "invalid"
		}
	case Late:
		if again {
			r.status = "timeout"
		}
	case Nobody:
		r.status = "not_found"
	case Broken:
		r.status, r.words = "error", "internal error of the service"
	case Babel:
		r.status = "тілегің орындалды"
	}
	a.Returned, a.At = r.status, s.Now()
	s.log = append(s.log, a)
	if r.status == "valid" && r.person != Tokens {
		r.token, r.key = s.token(iin, bin, services)
	}
	return r
}

// token is what a state system takes for the person's consent, and the key that it is
// checked by. Real ones come with white space in them.
func (s *Service) token(iin, bin, services string) (token, key string) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: s.Key}, nil)
	if err == nil {
		token, err = jwt.Signed(signer).Claims(map[string]any{"uin": iin, "bin": bin, "access": services, "iat": s.Now().Unix()}).Serialize()
	}
	der, errKey := x509.MarshalPKIXPublicKey(&s.Key.PublicKey)
	if err != nil || errKey != nil {
		return "", ""
	}
	return token[:20] + "\n  " + token[20:], "\n" + base64.StdEncoding.EncodeToString(der) + "\n"
}

// Opens plays a state system that is shown a token: whether it is of the person, for
// the organization and the service.
func (s *Service) Opens(token, iin, bin, services string) bool {
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return false
	}
	var claims struct {
		UIN    string `json:"uin"`
		BIN    string `json:"bin"`
		Access string `json:"access"`
	}
	return t.Claims(&s.Key.PublicKey, &claims) == nil && claims.UIN == iin && claims.BIN == bin && claims.Access == services
}

// The addresses.
const (
	PathSCB  = "/gbdServices/PersonalDataAccessControlImplService"
	PathSHEP = "/bip-sync-wss-gost/"
)

// ServeHTTP answers in the form of the address.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodPost:
		http.Error(w, "POST", http.StatusMethodNotAllowed)
	case r.URL.Path == PathSCB:
		s.scb(w, r)
	case r.URL.Path == PathSHEP:
		s.shep(w, r)
	default:
		http.NotFound(w, r)
	}
}

// misbehave answers for those who answer with something else than an answer.
func (s *Service) misbehave(w http.ResponseWriter, r *http.Request, p Person) bool {
	switch p {
	case Down:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case Slow:
		select {
		case <-time.After(s.Delay):
		case <-r.Context().Done():
		}
		return false
	case Garbage:
		fmt.Fprint(w, "<html><body>200 OK<br></body></html>")
	case Bomb:
		fmt.Fprint(w, bomb)
	case Huge:
		fmt.Fprint(w, `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>`)
		for range 1 << 12 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				break
			}
		}
	case Redirect:
		if r.URL.RawQuery != "" { // whoever follows is told yes
			return false
		}
		http.Redirect(w, r, r.URL.Path+"?there", http.StatusTemporaryRedirect) //nolint:gosec // what a service that lies may do
	case Fault:
		fault(w, "the service is out of order")
	default:
		return false
	}
	return true
}

const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><return>
<status>&c;</status></return></soap:Body></soap:Envelope>`

func fault(w http.ResponseWriter, words string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>`+
		`<faultcode>soap:Server</faultcode><faultstring>%s</faultstring></soap:Fault></soap:Body></soap:Envelope>`, words)
}
