package signature_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/fault"
	. "kelisim/internal/signature"
	"kelisim/internal/signature/fetch"
	"kelisim/internal/signature/pkitest"
)

// simulated answers like an NCANode, with what a test makes of its answer.
type simulated struct {
	answer func(w http.ResponseWriter, r *http.Request)
	asked  atomic.Int32
	body   []byte
}

func (s *simulated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	s.body, _ = io.ReadAll(r.Body)
	if r.Method != http.MethodPost || r.URL.Path != "/cms/verify" || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.answer(w, r)
}

func newNCANode(t *testing.T) (*simulated, *NCANode) {
	t.Helper()
	s := &simulated{}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, &NCANode{Address: srv.URL + "/", Web: fetch.New(srv.Client().Transport), Timeout: time.Minute, Now: func() time.Time { return noon }}
}

// says is the shape of an answer, with %s for the list of certificates' name and %n
// for the serial number.
const says = `{"status":200,"message":"OK","valid":true,"signers":[{"%s":[{"valid":true,` +
	`"revocations":[{"revoked":false,"by":"OCSP","reason":"OK"}],"notBefore":"2024-02-04T12:00:00.000+00:00","notAfter":"2025-02-04T12:00:00.000+00:00",` +
	`"keyUsage":"SIGN","serialNumber":"%n","signAlg":"ECGOST3410-2015-512","keyUser":["INDIVIDUAL"],"subject":{"commonName":"X","iin":"1"},"issuer":{}}]}]}`

func TestNCANode(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	cms := sign(person).DER()
	good := strings.NewReplacer("%s", "certificates", "%n", person.SerialNumber.Text(16)).Replace(says)
	change := func(from, to string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			if !strings.Contains(good, from) {
				t.Errorf("no %s to change", from)
			}
			io.WriteString(w, strings.ReplaceAll(good, from, to))
		}
	}
	status := func(n int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(n)
			io.WriteString(w, body)
		}
	}
	const service = "signature-service"
	for _, tt := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request)
		code   string
	}{
		{"good", change("", ""), ""},
		{"good, as its description spells it", change(`"certificates"`, `"signers"`), ""},
		{"a number in capitals", change(person.SerialNumber.Text(16), strings.ToUpper(person.SerialNumber.Text(16))), ""},
		{"not valid", change(`"valid":true,"signers"`, `"valid":false,"signers"`), "signature-unconfirmed"},
		{"the certificate not valid", change(`[{"valid":true,`, `[{"valid":false,`), "signature-unconfirmed"},
		{"revoked", change(`"revoked":false`, `"revoked":true`), revoked},
		{"revoked, and valid all the same", change(`"revoked":false,"by":"OCSP"`, `"revoked":true,"by":"CRL"`), revoked},
		{"not asked", change(`{"revoked":false,"by":"OCSP","reason":"OK"}`, ""), unchecked},
		{"asked otherwise", change(`"by":"OCSP"`, `"by":"GUESS"`), unchecked},
		{"another certificate", change(person.SerialNumber.Text(16), "77"), service},
		{"no number", change(person.SerialNumber.Text(16), ""), service},
		{"a key for signing in", change(`"SIGN"`, `"AUTH"`), service},
		{"nobody", change(`"signers":[`, `"other":[`), service},
		{"a signer without a certificate", change(`"certificates"`, `"nothing"`), service},
		{"two signers", status(200, `{"valid":true,"signers":[{},{}]}`), service},
		{"empty", status(200, ""), service},
		{"null", status(200, "null"), service},
		{"garbage", status(200, "<html>СЕРІКОВА</html>"), service},
		{"another type", status(200, `{"valid":"СЕРІКОВА"}`), service},
		{"an error of its own", status(500, `{"status":500,"message":"СЕРІКОВА"}`), service},
		{"it finds the request bad", status(400, `{"status":400,"message":"СЕРІКОВА"}`), service},
		{"moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, service},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, service},
	} {
		s, n := newNCANode(t)
		s.answer = tt.answer
		got, err := n.Verify(t.Context(), cms, text)
		if tt.code == "" {
			if err != nil || got.IIN != a.iin || got.Revocation.By != ByNCANode || !got.StampedAt.IsZero() {
				t.Errorf("%s: %+v, %v", tt.name, got, err)
			}
			continue
		}
		wantCode(t, tt.name, got, err, tt.code)
		if tt.code == service && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", tt.name, fault.KindOf(err))
		}
		if strings.Contains(err.Error(), "СЕРІКОВА") || strings.Contains(err.Error(), a.iin) {
			t.Errorf("%s: the error carries what is private", tt.name)
		}
	}
}

// It is sent plain DER and the text, whatever the signature came in.
func TestNCANodeIsAsked(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	s, n := newNCANode(t)
	s.answer = func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.NewReplacer("%s", "certificates", "%n", person.SerialNumber.Text(16)).Replace(says))
	}
	if _, err := n.Verify(t.Context(), pkitest.Open(sign(person).DER()), text); err != nil {
		t.Fatal(err)
	}
	var got struct {
		CMS, Data       []byte
		RevocationCheck []string
	}
	if err := json.Unmarshal(s.body, &got); err != nil || !bytes.Equal(got.Data, text) || got.CMS[0] != 0x30 || got.CMS[1] == 0x80 ||
		len(got.RevocationCheck) != 1 || got.RevocationCheck[0] != "OCSP" {
		t.Errorf("it got %s, %v", s.body, err)
	}
}

// Bytes that are wrong are refused here, whatever NCANode would say to them.
func TestNCANodeIsNotAskedInVain(t *testing.T) {
	t.Parallel()
	f := newForger(t, "ECDSA")
	s, n := newNCANode(t)
	s.answer = func(http.ResponseWriter, *http.Request) { t.Error("asked") }
	passing := map[string]bool{"signed by a stranger": true} // whom to trust is for NCANode to say
	for _, fo := range forgeries {
		if passing[fo.name] {
			continue
		}
		got, err := n.Verify(t.Context(), fo.make(f), text)
		wantCode(t, fo.name, got, err, fo.codes...)
	}
	tmpl := f.authority.person()
	tmpl.NotBefore, tmpl.Until = noon.Add(-year), noon.Add(-day)
	got, err := n.Verify(t.Context(), sign(f.issue("somebody", tmpl)).DER(), text)
	wantCode(t, "expired", got, err, "signature-expired")
	if s.asked.Load() != 0 {
		t.Errorf("asked %d times", s.asked.Load())
	}
}

// One that does not answer is given up after the timeout.
func TestSlowNCANode(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	s, n := newNCANode(t)
	n.Timeout = 50 * time.Millisecond
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	s.answer = func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}
	got, err := n.Verify(t.Context(), sign(a.issue("somebody", a.person())).DER(), text)
	wantCode(t, "slow", got, err, "signature-service")
}
