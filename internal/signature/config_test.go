package signature_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	. "kelisim/internal/signature"
	"kelisim/internal/signature/fetch"
	"kelisim/internal/signature/pkitest"
)

func clock() time.Time { return noon }

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func inPEM(certs ...*pkitest.Cert) (out []byte) {
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// An installation as it is configured, with servers on the loopback: what the
// folders hold is trusted, and lists come from where the certificates say.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	var w *web
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.revocationServer(rw, r)
	}))
	t.Cleanup(srv.Close)
	a.ca = pkitest.Issue(a.root, pkitest.ECDSA(), &pkitest.Template{
		Subject: pkitest.Name{{"2.5.4.3", "ҰЛТТЫҚ ОРТАЛЫҚ"}}, NotBefore: noon.Add(-day), Until: noon.Add(day),
		CA: true, Usage: pkitest.CertSign | pkitest.CRLSign, CRL: srv.URL + "/root.crl",
	})
	a.responder = a.issue("OCSP", &pkitest.Template{Purposes: []string{pkitest.ForResponses}, Usage: pkitest.DigitalSignature})
	w = newWeb(a)
	tmpl := a.person()
	tmpl.OCSP, tmpl.CRL = srv.URL+"/ocsp", srv.URL+"/nca.crl"
	cms := sign(a.issue("somebody", tmpl)).DER()

	dir := t.TempDir()
	cfg := Config{Roots: filepath.Join(dir, "roots"), Intermediates: filepath.Join(dir, "between"), Lists: filepath.Join(dir, "lists")}
	write(t, filepath.Join(cfg.Roots, "root.cer"), a.root.Raw)
	write(t, filepath.Join(cfg.Roots, "README.txt"), []byte("where they come from"))
	write(t, filepath.Join(cfg.Intermediates, "nca.PEM"), inPEM(a.ca, newAuthority(t, "GOST").ca))
	write(t, filepath.Join(cfg.Lists, "note"), nil)
	check := func(what string, want string, code ...string) {
		t.Helper()
		c, err := cfg.Checker(fetch.New(nil), clock, ident.Rules{})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got, err := c.Verify(t.Context(), cms, text)
		if len(code) > 0 {
			wantCode(t, what, got, err, code...)
		} else if err != nil || got.Revocation.By != want {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	check("with a responder", ByOCSP)
	w.down[ocspAddress] = true
	check("with a list", ByCRL)
	w.down[crlAddress], w.down[rootList] = true, true
	check("with the lists kept", ByCRL)
	cfg.Lists = ""
	check("with nothing", "", unchecked)
	w.down[ocspAddress], w.down[crlAddress], w.down[rootList] = false, false, false
	check("with everything again", ByOCSP)
	cfg.Intermediates = ""
	check("without what is between", "", "signature-unknown-issuer")
}

// revocationServer maps the paths of a server to the addresses of web.
func (w *web) revocationServer(rw http.ResponseWriter, r *http.Request) {
	address := map[string]string{"/ocsp": ocspAddress, "/nca.crl": crlAddress, "/root.crl": rootList}[r.URL.Path]
	body, err := io.ReadAll(r.Body)
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	status, answer, err := w.Ask(context.WithoutCancel(r.Context()), address, "", body)
	if err != nil {
		status = http.StatusBadGateway
	}
	rw.WriteHeader(status)
	rw.Write(answer)
}

func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "ECDSA")
	person := a.issue("somebody", a.person())
	dir := t.TempDir()
	folder := func(name, file string, b []byte) string {
		write(t, filepath.Join(dir, name, file), b)
		return filepath.Join(dir, name)
	}
	good := folder("good", "root.crt", a.root.Raw)
	for name, tt := range map[string]struct {
		cfg  Config
		code string
	}{
		"no folder":                 {Config{}, "signature-roots"},
		"a folder that is not":      {Config{Roots: filepath.Join(dir, "nowhere")}, "signature-roots"},
		"an empty folder":           {Config{Roots: folder("empty", "note.txt", nil)}, "signature-roots"},
		"junk":                      {Config{Roots: folder("junk", "root.cer", []byte("junk"))}, "signature-roots-file"},
		"an empty file":             {Config{Roots: folder("void", "root.cer", nil)}, "signature-roots-file"},
		"a person":                  {Config{Roots: folder("person", "me.der", person.Raw)}, "signature-roots-file"},
		"a key":                     {Config{Roots: folder("key", "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"}))}, "signature-roots-file"},
		"a broken PEM":              {Config{Roots: folder("pem", "x.pem", []byte("-----BEGIN CERTIFICATE-----\n"))}, "signature-roots-file"},
		"junk between":              {Config{Roots: good, Intermediates: folder("mid", "x.cer", []byte("junk"))}, "signature-roots-file"},
		"junk for a responder":      {Config{Roots: good, Responders: folder("resp", "x.cer", []byte("junk"))}, "signature-roots-file"},
		"NCANode without a network": {Config{NCANode: "http://127.0.0.1:14579"}, "signature-offline"},
	} {
		c, err := tt.cfg.Checker(nil, clock, ident.Rules{})
		var f *fault.Error
		if c != nil || !errors.As(err, &f) || f.Code != tt.code || !locale.Has("error."+f.Code) || !locale.Has("error."+f.Code+".hint") {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
	}
	cfg := Config{Roots: good, Responders: folder("responder", "ocsp.cer", a.responder.Raw)}
	if c, err := cfg.Checker(nil, clock, ident.Rules{}); err != nil {
		t.Error(err)
	} else if v, ok := c.(*Verifier); !ok || len(v.Revocation.Responders) != 1 || len(v.Roots) != 1 {
		t.Errorf("%+v", c)
	}
	cfg = Config{NCANode: "http://127.0.0.1:14579"}
	if c, err := cfg.Checker(fetch.New(nil), clock, ident.Rules{}); err != nil {
		t.Error(err)
	} else if _, ok := c.(*NCANode); !ok {
		t.Errorf("%T", c)
	}
}

// Codes reach fault through a short function, which the test of the texts does not
// look into, so they are read here.
func TestEveryCodeHasATextAndAWayOut(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(signature-[a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
			found[m[1]] = true
		}
	}
	if len(found) < 20 {
		t.Errorf("found only %d", len(found))
	}
	for code := range found {
		if !locale.Has("error."+code) || !locale.Has("error."+code+".hint") {
			t.Errorf("%s has no text or no hint", code)
		}
	}
}
