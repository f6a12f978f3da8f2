package fetch_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"kelisim/internal/signature"
	"kelisim/internal/signature/fetch"
)

var _ signature.Web = (*fetch.Client)(nil)

func serve(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestAsk(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
	})
	c := fetch.New(nil)
	status, got, err := c.Ask(t.Context(), address, "", nil)
	if err != nil || status != http.StatusTeapot || string(got) != "GET  " {
		t.Errorf("%d %q %v", status, got, err)
	}
	_, got, err = c.Ask(t.Context(), address, "application/ocsp-request", []byte("?"))
	if err != nil || string(got) != "POST application/ocsp-request ?" {
		t.Errorf("%q %v", got, err)
	}
}

func TestAskRefuses(t *testing.T) {
	t.Parallel()
	long := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 33 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	cut := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "half")
	})
	for name, address := range map[string]string{
		"an answer without end": long, "half an answer": cut, "nobody": "http://127.0.0.1:1/",
		"a file": "file:///etc/hosts", "no scheme": "//127.0.0.1/", "no host": "http:///x", "a directory": "ldap://127.0.0.1/", "junk": "://", "control": "http://a\x00b/",
	} {
		if status, _, err := fetch.New(nil).Ask(t.Context(), address, "", nil); err == nil {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// A redirect comes back as the answer that it is.
func TestAskFollowsNobody(t *testing.T) {
	t.Parallel()
	followed := false
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		followed = followed || r.URL.Path == "/other"
		http.Redirect(w, r, "/other", http.StatusFound)
	})
	status, _, err := fetch.New(nil).Ask(t.Context(), address, "", nil)
	if err != nil || status != http.StatusFound || followed {
		t.Errorf("%d, %v, followed %v", status, err, followed)
	}
}

func TestAskInTime(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	address := serve(t, func(http.ResponseWriter, *http.Request) { <-stop })
	t.Cleanup(func() { close(stop) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := fetch.New(nil).Ask(ctx, address, "", nil); err == nil {
		t.Error("it waited")
	}
}
