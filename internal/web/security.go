package web

import (
	"net/http"
	"net/url"
	"strings"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// csp lets a page load our own styles, fonts and pictures, send forms to us, and
// nothing else. There are no scripts but on the page that signs, see signingCSP.
const csp = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// signingCSP is csp of the page that signs: our own script, and connections to
// NCALayer and to nothing else. An address that is not one of a WebSocket gets no
// script at all.
func signingCSP(ncalayer string) (string, bool) {
	u, err := url.Parse(ncalayer)
	if err != nil || u.Scheme != "wss" && u.Scheme != "ws" || u.Host == "" || strings.ContainsAny(u.Host, "; ,'*") {
		return csp, false
	}
	return csp + "; script-src 'self'; connect-src " + u.Scheme + "://" + u.Host, true
}

// secure sets the headers of a page. Private pages stay in no cache. The
// address of a page goes to no other host, because it may be a login link; to
// our own it may, because without it browsers send "Origin: null" with a form,
// which is then refused where they do not send Sec-Fetch-Site.
func secure(h http.Header, private bool) {
	h.Set("Content-Security-Policy", csp)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	if private {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Vary", "Cookie, Accept-Language")
}

const sessionCookie = "kelisim_session"

func (p *Pages) setSession(w http.ResponseWriter, token string) {
	c := p.cookie(sessionCookie, token, int(account.SessionLife.Seconds()))
	c.HttpOnly = true
	http.SetCookie(w, c)
}

func (p *Pages) dropSession(w http.ResponseWriter) {
	c := p.cookie(sessionCookie, "", -1)
	c.HttpOnly = true
	http.SetCookie(w, c)
}

func (p *Pages) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: strings.HasPrefix(p.PublicURL, "https:"), SameSite: http.SameSiteLaxMode,
	}
}

// session returns the subject who is signed in, zero for nobody. A token of
// another role opens no cabinet.
func (p *Pages) session(r *http.Request) (ident.ID, error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ident.ID{}, nil
	}
	caller, err := p.Accounts.Check(r.Context(), c.Value)
	switch {
	case fault.KindOf(err) == fault.Unauthenticated && err != nil:
		return ident.ID{}, nil
	case err != nil:
		return ident.ID{}, err
	case caller.Role != account.Subject:
		return ident.ID{}, nil
	}
	return caller.Subject, nil
}
