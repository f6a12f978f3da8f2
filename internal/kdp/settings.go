package kdp

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"kelisim/internal/fault"
	"kelisim/internal/locale"
)

// Defaults is the file of settings that holds where another says nothing, with
// where each is known from.
//
//go:embed settings.yaml
var Defaults string

// Settings are all details of the service that could be otherwise. What each is
// stands in settings.yaml.
type Settings struct {
	Form           string             `yaml:"form"`
	Timeout        time.Duration      `yaml:"timeout"`
	MaxAnswer      int64              `yaml:"max_answer"`
	Roots          string             `yaml:"roots"`
	Again          Again              `yaml:"again"`
	AnswerWithin   time.Duration      `yaml:"answer_within"`
	TellWithdrawal bool               `yaml:"tell_withdrawal"`
	ExpiresIn      ExpiresIn          `yaml:"expires_in"`
	Words          map[string]Status  `yaml:"words"`
	Responsible    string             `yaml:"responsible"`
	Employee       string             `yaml:"employee"`
	Language       locale.Lang        `yaml:"language"`
	SCB            SCB                `yaml:"scb"`
	SHEP           SHEP               `yaml:"shep"`
	Accounts       map[string]Account `yaml:"accounts"`

	roots *x509.CertPool
}

// Again is when to ask once more: after First, then twice as long each time, up to
// Longest.
type Again struct {
	First   time.Duration `yaml:"first"`
	Longest time.Duration `yaml:"longest"`
}

// ExpiresIn is how a term is told.
type ExpiresIn struct {
	Unit    time.Duration `yaml:"unit"`
	Longest time.Duration `yaml:"longest"`
}

// SCB is the form of the state credit bureau.
type SCB struct {
	URL         string  `yaml:"url"`
	Namespace   string  `yaml:"namespace"`
	Method      string  `yaml:"method"`
	UserElement string  `yaml:"user_element"`
	Action      string  `yaml:"action"`
	ContentType string  `yaml:"content_type"`
	Number      string  `yaml:"number"`
	Between     string  `yaml:"between"`
	Fields      []Field `yaml:"fields"`
	Answer      Places  `yaml:"answer"`
	Withdraw    Call    `yaml:"withdraw"`
}

// Call is a call of the credit bureau beside the one that is known.
type Call struct {
	Name   string  `yaml:"name"`
	Fields []Field `yaml:"fields"`
}

// Kind is a service of the gateway, and what is asked of it.
type Kind struct {
	ServiceID string `yaml:"service_id"`
	Payload   string `yaml:"payload"`
	Qualified bool   `yaml:"qualified"`
	Type      string `yaml:"type"`
}

// Keeping is how the gateway is asked what is kept of a person.
type Keeping struct {
	On      bool `yaml:"on"`
	Kind    `yaml:",inline"`
	Time    string        `yaml:"time"`
	Longest time.Duration `yaml:"longest"`
	Fields  []Field       `yaml:"fields"`
	Answer  struct {
		In   []string `yaml:"in"`
		IIN  string   `yaml:"iin"`
		Text string   `yaml:"text"`
	} `yaml:"answer"`
}

// Withdrawal is how the gateway is told that a consent was taken back.
type Withdrawal struct {
	Kind   `yaml:",inline"`
	Fields []Field `yaml:"fields"`
}

// SHEP is the form of the gateway of e-government.
type SHEP struct {
	URL         string     `yaml:"url"`
	Namespace   string     `yaml:"namespace"`
	Message     string     `yaml:"message"`
	Payload     string     `yaml:"payload"`
	Qualified   bool       `yaml:"qualified"`
	Type        string     `yaml:"type"`
	ServiceID   string     `yaml:"service_id"`
	ContentType string     `yaml:"content_type"`
	Action      string     `yaml:"action"`
	Between     string     `yaml:"between"`
	BodyID      string     `yaml:"body_id"`
	KeyInfo     string     `yaml:"key_info"`
	Gateway     string     `yaml:"gateway"`
	Fields      []Field    `yaml:"fields"`
	OVT         OVT        `yaml:"ovt"`
	Checks      []string   `yaml:"checks"`
	Answer      Places     `yaml:"answer"`
	History     Keeping    `yaml:"history"`
	Withdraw    Withdrawal `yaml:"withdraw"`

	gateway *x509.Certificate
}

// Field is one field of a question: what it is, and the element it goes into.
type Field struct {
	Is      string `yaml:"is"`
	Element string `yaml:"element"`
}

// Places are where an answer has what.
type Places struct {
	In        []string `yaml:"in"`
	Status    string   `yaml:"status"`
	Code      string   `yaml:"code"`
	PublicKey string   `yaml:"public_key"`
	Message   string   `yaml:"message"`
}

// OVT names the claims of the proof that a person was checked.
type OVT struct {
	BIN   string        `yaml:"bin"`
	Check string        `yaml:"check"`
	Life  time.Duration `yaml:"life"`
}

// Account is how one organization is known to the service.
type Account struct {
	User         string `yaml:"user"`
	UserID       string `yaml:"user_id"`
	Sender       string `yaml:"sender"`
	PasswordFile string `yaml:"password_file"`
	KeyFile      string `yaml:"key"`
	CertFile     string `yaml:"certificate"`

	Password string            `yaml:"-"`
	Key      *rsa.PrivateKey   `yaml:"-"`
	Cert     *x509.Certificate `yaml:"-"`
}

// The forms.
const (
	FormSCB  = "scb"
	FormSHEP = "shep"
)

// How the certificate is named in a signature.
const (
	keyIdentifier = "key-identifier"
	x509Data      = "x509-data"
)

// Standard are the settings of settings.yaml.
func Standard() *Settings {
	s := &Settings{}
	if err := decode([]byte(Defaults), s); err != nil {
		panic(err) // it is built in: a wrong one fails every test
	}
	return s
}

// Load reads a file of settings over the standard ones, and the secrets that it
// names.
func Load(path string) (*Settings, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "kdp-settings", err)
	}
	s := Standard()
	if err := decode(text, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, "kdp-settings", err)
	}
	if err := errors.Join(s.secrets(filepath.Dir(path)), s.check()); err != nil {
		return nil, fault.Wrap(fault.Invalid, "kdp-settings", err)
	}
	return s, nil
}

func decode(text []byte, into *Settings) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(into)
}

// secrets reads what stands in files of its own.
func (s *Settings) secrets(dir string) error {
	at := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	if s.Roots != "" {
		text, err := os.ReadFile(at(s.Roots))
		if err != nil {
			return err
		}
		s.roots = x509.NewCertPool()
		if !s.roots.AppendCertsFromPEM(text) {
			return fmt.Errorf("roots: %w", errPEM)
		}
	}
	if s.SHEP.Gateway != "" {
		text, err := os.ReadFile(at(s.SHEP.Gateway))
		if err != nil {
			return err
		}
		if s.SHEP.gateway, err = certificate(text); err != nil {
			return fmt.Errorf("shep.gateway: %w", err)
		}
	}
	for bin, a := range s.Accounts {
		if a.PasswordFile != "" {
			text, err := secretFile(at(a.PasswordFile))
			if err != nil {
				return err
			}
			a.Password = strings.TrimRight(string(text), "\r\n")
		}
		if a.KeyFile != "" {
			text, err := secretFile(at(a.KeyFile))
			if err != nil {
				return err
			}
			if a.Key, err = privateKey(text); err != nil {
				return fmt.Errorf("accounts.%s.key: %w", bin, err)
			}
		}
		if a.CertFile != "" {
			text, err := os.ReadFile(at(a.CertFile))
			if err != nil {
				return err
			}
			if a.Cert, err = certificate(text); err != nil {
				return fmt.Errorf("accounts.%s.certificate: %w", bin, err)
			}
		}
		s.Accounts[bin] = a
	}
	return nil
}

// secretFile reads a file that nobody else may read.
func secretFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others can read it (chmod 600)", filepath.Base(path))
	}
	return os.ReadFile(path)
}

var errPEM = errors.New("not PEM of the kind that is wanted")

func certificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errPEM
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if _, ok := c.PublicKey.(*rsa.PublicKey); !ok {
		return nil, errors.New("not a certificate of an RSA key")
	}
	return c, nil
}

func privateKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errPEM
	}
	if block.Type == "RSA PRIVATE KEY" {
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	r, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return r, nil
}

// known are what a field may be.
var known = []string{"number", "iin", "company", "bin", "responsible", "employee", "services", "data", "expires-in", "omit-sms", "ovt"}

// check refuses settings that cannot work, so that they are found at the start and
// not by the first person who is asked.
func (s *Settings) check() error {
	var errs []error
	bad := func(name string, ok bool) {
		if !ok {
			errs = append(errs, errors.New(name+": not a value that works"))
		}
	}
	bad("form", s.Form == FormSCB || s.Form == FormSHEP)
	bad("timeout", s.Timeout > 0 && s.Timeout <= time.Minute)
	bad("max_answer", s.MaxAnswer > 0)
	bad("again", s.Again.First >= time.Second && s.Again.Longest >= s.Again.First)
	bad("answer_within", s.AnswerWithin > 0)
	bad("expires_in", s.ExpiresIn.Unit > 0 && s.ExpiresIn.Longest >= s.ExpiresIn.Unit)
	bad("scb.number", s.SCB.Number == "uuid" || s.SCB.Number == "digits")
	bad("shep.key_info", s.SHEP.KeyInfo == keyIdentifier || s.SHEP.KeyInfo == x509Data)
	bad("shep.body_id", s.SHEP.BodyID == "wsu:Id" || s.SHEP.BodyID == "Id")
	bad("language", slices.Contains(locale.All[:], s.Language))
	for word, status := range s.Words {
		bad("words."+word, slices.Contains(Statuses, status))
	}
	for name, fields := range map[string][]Field{"scb.fields": s.SCB.Fields, "shep.fields": s.SHEP.Fields} {
		for _, f := range fields {
			bad(name, slices.Contains(known, f.Is) && f.Element != "")
		}
	}
	h := &s.SHEP.History
	bad("shep.history", !h.On || s.Form == FormSHEP && h.ServiceID != "" && h.Type != "" && h.Time != "" && h.Longest > 0 && h.Answer.Text != "" && h.Answer.IIN != "")
	for _, f := range h.Fields {
		bad("shep.history.fields", slices.Contains([]string{"iin", "from", "to"}, f.Is) && f.Element != "")
	}
	for name, fields := range map[string][]Field{"scb.withdraw.fields": s.SCB.Withdraw.Fields, "shep.withdraw.fields": s.SHEP.Withdraw.Fields} {
		for _, f := range fields { // the IIN is erased by then
			bad(name, slices.Contains(known, f.Is) && f.Is != "iin" && f.Is != "ovt" && f.Element != "")
		}
	}
	bad("tell_withdrawal", !s.TellWithdrawal || s.Form == FormSCB && s.SCB.Withdraw.Name != "" && len(s.SCB.Withdraw.Fields) > 0 ||
		s.Form == FormSHEP && s.SHEP.Withdraw.ServiceID != "" && s.SHEP.Withdraw.Type != "" && len(s.SHEP.Withdraw.Fields) > 0)
	url := map[string]string{FormSCB: s.SCB.URL, FormSHEP: s.SHEP.URL}[s.Form]
	bad(s.Form+".url", strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://127.0.0.1:") || strings.HasPrefix(url, "http://localhost:"))
	for bin, a := range s.Accounts {
		bad("accounts."+bin+".key", s.Form != FormSHEP || a.Key != nil && a.Cert != nil)
		bad("accounts."+bin+".certificate", a.Key == nil || a.Cert == nil || a.Key.PublicKey.Equal(a.Cert.PublicKey))
	}
	return errors.Join(errs...)
}

// Client is the form that the settings name.
func (s *Settings) Client(now func() time.Time) Client {
	w := newWire(s)
	if s.Form == FormSHEP {
		return &shep{wire: w, set: s, now: now}
	}
	return &scb{wire: w, set: s}
}

// wait is how long to wait before the next try.
func (a Again) wait(tries int) time.Duration {
	d := a.First
	for range tries {
		if d >= a.Longest {
			break
		}
		d *= 2
	}
	return min(d, a.Longest)
}
