package kdp

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kelisim/internal/fault"
)

// What is built in works as it is, but for what only a connection brings.
func TestStandard(t *testing.T) {
	t.Parallel()
	s := Standard()
	if err := s.check(); err != nil {
		t.Error(err)
	}
	if s.Form != FormSCB || s.Again.wait(0) != 30*time.Second || s.ExpiresIn.Longest != 5*365*24*time.Hour || len(s.SCB.Fields) != 10 {
		t.Errorf("%+v", s)
	}
	for _, status := range Statuses {
		if s.Words[string(status)] != status {
			t.Errorf("%s is not a word", status)
		}
	}
	// Every guess is marked as one.
	for _, key := range []string{"timeout:", "answer_within:", "again:", "life:", "language:"} {
		_, after, _ := strings.Cut(Defaults, key)
		if line, _, _ := strings.Cut(after, "\n"); key != "language:" && !strings.Contains(line, "[?]") {
			t.Errorf("%s is not marked as a guess: %s", key, line)
		}
	}
}

// files writes files into a folder of their own and returns the first.
func files(t *testing.T, text string, more map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range more {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "kdp.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file says only what differs.
func TestLoad(t *testing.T) {
	t.Parallel()
	id := identity(t)
	path := files(t, `
form: shep
timeout: 5s
shep: {url: "https://shep.example/sync", gateway: cert.pem}
words: {GRANTED: valid}
accounts:
  "150940018738": {sender: me, password_file: password, key: key.pem, certificate: cert.pem}
`, map[string]string{"password": "p a s s \n", "key.pem": id.keyPEM, "cert.pem": id.certPEM})
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Accounts["150940018738"]
	if s.Timeout != 5*time.Second || s.SHEP.ServiceID != "KDP_SERVICE" || s.SHEP.gateway == nil || s.SCB.Method == "" ||
		a.Password != "p a s s " || !a.Key.Equal(id.key) || s.Words["GRANTED"] != Valid {
		t.Errorf("%+v", s)
	}
	if _, ok := s.Client(time.Now).(*shep); !ok {
		t.Error("not the form that was named")
	}
	if s, err = Load(files(t, "", nil)); err != nil || s.Form != FormSCB {
		t.Error(err)
	}
}

// What cannot work is refused at the start, and by name.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	id, other := identity(t), identity(t)
	const account = "accounts: {\"1\": {password_file: password, key: key.pem, certificate: cert.pem}}\n"
	ec := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))
	for _, c := range []struct{ name, text, cert, key, want string }{
		{"a field nobody knows", "forms: scb", "", "", "forms"},
		{"a form nobody knows", "form: rest", "", "", "form"},
		{"no YAML", "form: [", "", "", ""},
		{"a list", "- 1", "", "", ""},
		{"a time without a unit", "timeout: 20", "", "", ""},
		{"no time", "timeout: 0s", "", "", "timeout"},
		{"an hour", "timeout: 1h", "", "", "timeout"},
		{"an answer of nothing", "max_answer: 0", "", "", "max_answer"},
		{"no hurry at all", "again: {first: 1ms, longest: 1s}", "", "", "again"},
		{"in the open", "scb: {url: \"http://scbws.mkb.kz/x\"}", "", "", "scb.url"},
		{"not on the web", "scb: {url: \"file:///etc\"}", "", "", "scb.url"},
		{"the gateway nowhere", "form: shep", "", "", "shep.url"},
		{"a status nobody knows", "words: {yes: granted}", "", "", "words.yes"},
		{"a field that is nothing", "scb: {fields: [{is: passport, element: x}]}", "", "", "scb.fields"},
		{"a field without an element", "shep: {fields: [{is: iin}]}", "", "", "shep.fields"},
		{"a name of a certificate nobody knows", "shep: {key_info: thumbprint}", "", "", "key_info"},
		{"a language of nobody", "language: de", "", "", "language"},
		{"no key for the gateway", "form: shep\nshep: {url: \"https://x.example\"}\naccounts: {\"1\": {}}", "", "", "accounts.1.key"},
		{"another's certificate", account, other.certPEM, id.keyPEM, "accounts.1.certificate"},
		{"a key that is none", account, id.certPEM, "x", "accounts.1.key"},
		{"a key of nothing", account, id.certPEM, ec, "accounts.1.key"},
		{"a certificate that is none", account, id.keyPEM, id.keyPEM, "accounts.1.certificate"},
		{"no gateway certificate", "shep: {gateway: absent.pem}", "", "", "absent.pem"},
		{"roots of nothing", "roots: password", "", "", "roots"},
	} {
		_, err := Load(files(t, c.text, map[string]string{"password": "p", "cert.pem": c.cert, "key.pem": c.key}))
		if !fault.Is(err, "kdp-settings") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); !fault.Is(err, "kdp-settings") {
		t.Error(err)
	}
}

// A secret that others can read is refused.
func TestSecretsOfOthers(t *testing.T) {
	t.Parallel()
	path := files(t, `accounts: {"1": {password_file: password}}`, map[string]string{"password": "p"})
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(filepath.Join(filepath.Dir(path), "password"), 0o640); err != nil { //nolint:gosec // that is the test
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Error(err)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	a := Again{First: 30 * time.Second, Longest: 15 * time.Minute}
	for tries, want := range map[int]time.Duration{0: 30 * time.Second, 1: time.Minute, 4: 8 * time.Minute, 5: 15 * time.Minute, 1 << 30: 15 * time.Minute} {
		if got := a.wait(tries); got != want {
			t.Errorf("%d: %s", tries, got)
		}
	}
}

// RSA keys come in two forms.
func TestPrivateKeyForms(t *testing.T) {
	t.Parallel()
	id := identity(t)
	der, err := x509.MarshalPKCS8PrivateKey(id.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{id.keyPEM, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))} {
		if k, err := privateKey([]byte(text)); err != nil || !k.Equal(id.key) {
			t.Error(err)
		}
	}
}
