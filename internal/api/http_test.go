package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

// A path that is known refuses other methods, one that is not known is absent,
// and both are told as problems.
func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	w := bare(t)
	w.names["bin"], w.names["stranger"], w.names["iin"] = apptest.BIN, ident.NewID(w.Now()).String(), plantedIIN
	routes := w.api.routes()
	allowed := map[string][]string{}
	for i := range routes {
		allowed[routes[i].path] = append(allowed[routes[i].path], routes[i].method)
		if parent, ok := withoutID(routes[i].path); ok && !slices.Contains(allowed[parent], routes[i].method) {
			allowed[parent] = append(allowed[parent], routes[i].method)
		}
	}
	for path, have := range allowed {
		url := strings.NewReplacer("{bin}", "$bin", "{id}", "$stranger", "{n}", "1", "{path...}", "0/000", "{provision}", "8%282%29").Replace(path)
		slices.Sort(have)
		have = slices.Compact(have)
		if slices.Contains(have, "GET") {
			have = append(have, "HEAD")
		}
		slices.Sort(have)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			if slices.Contains(have, method) {
				continue
			}
			s := scenario{name: method + " " + path, as: "admin", method: method, url: url, wantStatus: 405, wantContains: []string{"method-not-allowed"}}
			a := s.run(t, w)
			if allow := slices.Sorted(strings.SplitSeq(a.header.Get("Allow"), ", ")); !slices.Equal(allow, have) {
				t.Errorf("%s: Allow %v, want %v", s.name, allow, have)
			}
		}
	}
	for _, path := range []string{"/", "/v1/", "/v1/nothing", "/v2/subjects", "/v1/consents/", "/v1/consents/$stranger/", "/v1/me/passwords", "/log/x", "/healthz/x", "/$iin"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			s := scenario{name: method + " " + path, as: "admin", method: method, url: path, wantStatus: 404, wantContains: []string{`"not-found"`}}
			s.run(t, w)
		}
	}
}

// HEAD answers as GET does, without the body.
func TestHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grow(t, 3)
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	call := func(method, path, as string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.tokens[as])
		res, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res
	}
	for path, as := range map[string]string{
		"/v1/consents": "operator", "/v1/me": "subject", "/v1/journal": "officer", "/log/checkpoint": "", "/log/tile/0/000.p/1": "", "/healthz": "",
		"/openapi.json": "", "/docs": "", "/v1/consents/x": "operator", "/v1/me/consents": "operator",
	} {
		get, head := call("GET", path, as), call("HEAD", path, as)
		if get.StatusCode != head.StatusCode || get.ContentLength != head.ContentLength || head.ContentLength < 0 {
			t.Errorf("%s: GET %d of %d bytes, HEAD %d of %d", path, get.StatusCode, get.ContentLength, head.StatusCode, head.ContentLength)
		}
	}
}

// faulty is a store that fails as it is told to.
type faulty struct {
	Store
	fail func() error
}

func (s faulty) MarkInbox(context.Context, ident.ID, ident.ID) error { return s.fail() }

func (s faulty) Reserve(context.Context, ident.ID, [32]byte, [32]byte, time.Time) (*account.Kept, error) {
	return nil, s.fail()
}

// What fails on our side is told as that, with a number to quote, and the log
// has the number: nothing of the caller's in either.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, code, logged string
		status             int
		fail               func() error
	}{
		{"panic", "internal", `"msg":"panic"`, 500, func() error { panic(planted + plantedIIN) }},
		{"unknown error", "internal", "a broken disk", 500, func() error { return errors.New("a broken disk") }},
		{"unavailable", "unavailable", "no space", 503, func() error { return fault.Wrap(fault.Unavailable, "unavailable", errors.New("no space")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.api.Store = faulty{w.api.Store, c.fail}
			for _, headers := range [][]string{nil, {keyed, plantedIIN}} {
				a := w.fail(t, "subject", "POST", "/v1/me/notifications/read", `{"until":"$stranger"}`, headers...)
				if a.status != c.status || a.str(t, "code") != c.code || a.str(t, "title") != locale.Text(locale.EN, "error."+c.code) {
					t.Errorf("%d %s", a.status, a.body)
				}
				if id := a.str(t, "id"); !strings.Contains(w.log.String(), id) {
					t.Errorf("the log does not have %s:\n%s", id, w.log)
				}
			}
			if log := w.log.String(); !strings.Contains(log, c.logged) || !strings.Contains(log, "POST /v1/me/notifications/read") {
				t.Errorf("%s", log)
			}
			clean(t, "log", w.log.String())
			w.do(t, "subject", "GET", "/v1/me", "").want(t, 200) // others are still served
		})
	}
}

// A service that cannot serve says so and keeps the reason to itself.
func TestNotReady(t *testing.T) {
	t.Parallel()
	w := bare(t)
	w.api.Ready = func(context.Context) error { return errors.New("disk of " + planted) }
	a := w.fail(t, "", "GET", "/readyz", "")
	if a.status != 503 || strings.Contains(string(a.body), "disk") {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.do(t, "", "GET", "/healthz", "").want(t, 200)
}
