package outbox_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kelisim/internal/outbox"
)

// block is a piece of code of the page on webhooks.
func block(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```" + language + " verify\n(.*?)```").FindSubmatch(page)
	if m == nil {
		t.Fatalf("the page shows no check in %s", language)
	}
	return string(m[1])
}

// signed is a call as it goes out, and ways to forge it.
var (
	secret    = []byte("0123456789abcdef0123456789abcdef")
	body      = []byte(`{"specversion":"1.0","type":"kz.kelisim.consent.withdrawn"}`)
	moment    = time.Unix(1700730000, 0)
	genuineC  = map[string]string{"ID": "0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8e57", "TIMESTAMP": "1700730000", "SECRET": outbox.SecretText(secret), "BODY": string(body)}
	forgeries = []map[string]string{
		{"ID": "0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8e58"},
		{"TIMESTAMP": "1700730001"},
		{"BODY": `{"specversion":"1.0"}`},
		{"SECRET": outbox.SecretText([]byte("another secret of the same size!"))},
		{"SIGNATURE": "v1,"},
		{"SIGNATURE": ""},
	}
)

// with is the genuine call with something changed.
func with(change map[string]string) map[string]string {
	out := map[string]string{"SIGNATURE": outbox.Sign(secret, genuineC["ID"], moment, body)}
	for _, m := range []map[string]string{genuineC, change} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// The check with openssl that the page shows works as it stands there, and takes
// nothing forged for genuine.
func TestPageChecksWithOpenSSL(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no openssl")
	}
	script := block(t, "sh")
	run := func(call map[string]string) string {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "body.json"), []byte(call["BODY"]), 0o600); err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), "sh", "-c", script) //nolint:gosec // our own page
		c.Dir, c.Env = dir, os.Environ()
		for k, v := range call {
			c.Env = append(c.Env, k+"="+v)
		}
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if got := run(with(nil)); got != "genuine" {
		t.Errorf("genuine, and told %q", got)
	}
	for _, f := range forgeries {
		if got := run(with(f)); got != "FORGED" {
			t.Errorf("%v: told %q", f, got)
		}
	}
}

// So does the one in Go.
func TestPageChecksInGo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles a program")
	}
	calls := []map[string]string{with(nil)}
	for _, f := range forgeries {
		calls = append(calls, with(f))
	}
	b, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	var calls []map[string]string
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		panic(err)
	}
	for _, c := range calls {
		h := http.Header{}
		h.Set("webhook-id", c["ID"])
		h.Set("webhook-timestamp", c["TIMESTAMP"])
		h.Set("webhook-signature", c["SIGNATURE"])
		fmt.Println(genuine(c["SECRET"], h, []byte(c["BODY"]), time.Unix(1700730060, 0)))
	}
	h := http.Header{"Webhook-Id": {calls[0]["ID"]}, "Webhook-Timestamp": {calls[0]["TIMESTAMP"]}, "Webhook-Signature": {calls[0]["SIGNATURE"]}}
	fmt.Println(genuine(calls[0]["SECRET"], h, []byte(calls[0]["BODY"]), time.Unix(1700731000, 0)))
}

` + block(t, "go")
	for name, text := range map[string]string{"main.go": program, "go.mod": "module receiver\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), "go", "run", ".")
	c.Dir, c.Stdin = dir, strings.NewReader(string(b))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := "true\n" + strings.Repeat("false\n", len(forgeries)+1) // the last is old
	if string(out) != want {
		t.Errorf("told\n%swant\n%s", out, want)
	}
}
