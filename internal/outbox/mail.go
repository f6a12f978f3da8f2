package outbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// Letter is what a person reads.
type Letter struct {
	ID      string // the same however often it is sent
	To      string
	Subject string
	Text    string
}

// Mailer sends letters. An error says nothing of the address: it ends in a log.
type Mailer interface {
	// Send returns once the server took the letter. errRefused: it never will;
	// errDown: it takes none now.
	Send(ctx context.Context, l *Letter) error
}

var (
	// errRefused is a refusal that no repeat changes.
	errRefused = errors.New("refused for good")
	// errDown is a server that nothing goes by now.
	errDown = errors.New("cannot be reached")
)

// SMTP sends letters by a mail server.
type SMTP struct {
	// Roots are whose certificates the server may have; nil: those that the system
	// trusts.
	Roots *x509.CertPool

	host, user, password string
	port                 int
	tls                  bool // from the first byte
	local                bool
	from, domain         string
}

// NewSMTP reads smtp://user:password@host:port (STARTTLS) or smtps://… (TLS from
// the first byte). Only to this machine a letter may go unencrypted.
func NewSMTP(address, from string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("the mail server is not written as smtp://user:password@host:port")
	}
	s := &SMTP{host: u.Hostname(), tls: u.Scheme == "smtps", local: loopback(u.Hostname()), from: from, port: 587}
	if s.tls {
		s.port = 465
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil {
			return nil, errors.New("the port of the mail server is no number")
		}
	}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	m := mail.NewMsg()
	if err := m.From(from); err != nil {
		return nil, errors.New("letters need an address that they come from: --mail-from name@example.kz")
	}
	if sender, err := m.GetSender(false); err == nil {
		s.domain = domainOf(strings.Trim(sender, "<>"))
	}
	return s, nil
}

func domainOf(address string) string {
	_, domain, ok := strings.Cut(address, "@")
	if !ok {
		return "localhost"
	}
	return domain
}

func (s *SMTP) client() (*mail.Client, error) {
	policy := mail.TLSMandatory
	if s.local {
		policy = mail.TLSOpportunistic
	}
	trust := &tls.Config{ServerName: s.host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	opts := []mail.Option{mail.WithPort(s.port), mail.WithTLSPolicy(policy), mail.WithTLSConfig(trust), mail.WithTimeout(callTime), mail.WithHELO(s.domain)}
	if s.tls {
		opts = append(opts, mail.WithSSL())
	}
	if s.user != "" {
		auth := mail.SMTPAuthAutoDiscover
		if s.local { // in the clear it goes to this machine alone
			auth = mail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, mail.WithSMTPAuth(auth), mail.WithUsername(s.user), mail.WithPassword(s.password))
	}
	return mail.NewClient(s.host, opts...)
}

// Send implements Mailer.
func (s *SMTP) Send(ctx context.Context, l *Letter) error {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(m.From(s.from), m.To(l.To)); err != nil {
		return errRefused
	}
	m.SetMessageIDWithValue(l.ID + "@" + s.domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // no out-of-office answers
	m.Subject(l.Subject)
	m.SetBodyString(mail.TypeTextPlain, l.Text)
	c, err := s.client()
	if err != nil {
		return errors.New("the mail client cannot be made")
	}
	if err := c.DialAndSendWithContext(ctx, m); err != nil {
		return withoutAddress(err)
	}
	return nil
}

// withoutAddress keeps of a server's answer its number: the rest repeats whom
// the letter was for.
func withoutAddress(err error) error {
	var f *mail.SendError
	if !errors.As(err, &f) {
		return fmt.Errorf("the mail server %w", errDown)
	}
	if code := f.ErrorCode(); code >= 500 {
		return fmt.Errorf("smtp %d: %w", code, errRefused)
	}
	return fmt.Errorf("smtp %d", f.ErrorCode())
}
