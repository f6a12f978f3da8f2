package outbox_test

import (
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"kelisim/internal/app"
	"kelisim/internal/outbox"
)

const sender = "Kelisim <kelisim@consent.example>"

// mailbox is a mail server on this machine.
type mailbox struct {
	t       testing.TB
	address string
	mu      sync.Mutex
	letters []letter
	refuse  func(to string) error
	users   map[string]string // nil: nobody need sign in
}

// letter is what arrived.
type letter struct{ from, to, subject, id, text string }

func newMailbox(t testing.TB) *mailbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &mailbox{t: t, address: l.Addr().String()}
	s := smtp.NewServer(b)
	s.AllowInsecureAuth = true
	s.Domain = "mail.example"
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // where the server had not begun to serve yet
		<-done
	})
	return b
}

func (b *mailbox) word() app.Word {
	return app.Word{SMTP: "smtp://" + b.address, MailFrom: sender}
}

func (b *mailbox) mailer(t testing.TB) outbox.Mailer {
	t.Helper()
	m, err := outbox.NewSMTP("smtp://"+b.address, sender)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (b *mailbox) all() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]letter(nil), b.letters...)
}

// NewSession is one connection.
func (b *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{box: b}, nil }

type session struct {
	box    *mailbox
	signed bool
	now    letter
}

func (s *session) AuthMechanisms() []string {
	if s.box.users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.box.users[user] != password || password == "" {
			return errors.New("no such user")
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Reset()        { s.now = letter{} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.box.users != nil && !s.signed {
		return smtp.ErrAuthRequired
	}
	s.now.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.refuse != nil {
		if err := s.box.refuse(to); err != nil {
			return err
		}
	}
	s.now.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body := m.Body
	if strings.EqualFold(m.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(m.Body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.now.text, s.now.id = strings.ReplaceAll(string(text), "\r\n", "\n"), m.Header.Get("Message-Id")
	if s.now.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.letters = append(s.box.letters, s.now)
	return nil
}
