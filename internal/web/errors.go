package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

// What only pages have to say.
var (
	errSignIn      = fault.New(fault.Unauthenticated, "unauthenticated")
	errAbsent      = fault.New(fault.NotFound, "not-found")
	errLink        = fault.New(fault.Unauthenticated, "link-spent")
	errCrossOrigin = fault.New(fault.Forbidden, "cross-origin")
	errAnswer      = fault.New(fault.Invalid, "answer-choice")
	errRole        = fault.New(fault.Forbidden, "forbidden")
	errChoice      = fault.New(fault.Invalid, "scope-choice")
)

// statuses is what a kind of error answers with.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Denied:          http.StatusForbidden,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// problem is the page of an error.
type problem struct {
	Status     int
	Text, Hint string
	Provisions []string
	Failure    string // to quote to the administrator
	Home       string // where to go from here: me, console, start
}

// fail shows an error: what is wrong and the way out, nothing of the inside.
func (p *Pages) fail(w http.ResponseWriter, v *visit, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.Wrap(fault.Internal, "internal", err)
	}
	b := problem{Status: statuses[f.Kind], Provisions: f.Provisions, Home: home(v, f)}
	b.Text, b.Hint = inWords(v, f)
	if (f.Kind == fault.Internal || f.Kind == fault.Unavailable) && !errors.Is(err, context.Canceled) {
		b.Failure = ident.NewID(p.Now()).String()
		// The pattern, not the address: an address may be a login link.
		p.Log.LogAttrs(v.Context(), slog.LevelError, "a page failed", slog.String("route", v.Pattern),
			slog.String("failure", b.Failure), slog.String("code", f.Code), slog.Any("cause", f.Err))
	}
	p.renderStatus(w, v, b.Status, "problem", "", b)
}

// home is where the page of an error leads. To the console also for who is not
// signed in there: a browser that comes from another site brings no session
// along, and the next step from our own page does.
func home(v *visit, f *fault.Error) string {
	switch {
	case v.Desk != nil || atConsole(v) && f.Code == errSignIn.Code:
		return "console"
	case !v.Me.IsZero():
		return "me"
	default:
		return "start"
	}
}

// inWords prefers what is said to people here over the texts of the API, which
// speak of tokens and headers.
func inWords(v *visit, f *fault.Error) (text, hint string) {
	lang := v.Lang
	var key string
	switch {
	case atConsole(v) && locale.Has("page.console.error."+f.Code):
		key = "page.console.error." + f.Code
	case f.Kind == fault.NotFound:
		key = "page.error.not-found"
	case locale.Has("page.error." + f.Code):
		key = "page.error." + f.Code
	case !locale.Has("error." + f.Code):
		key = "page.error.other"
	default:
		return locale.Fault(lang, f)
	}
	text = locale.Text(lang, key)
	if key += ".hint"; locale.Has(key) {
		hint = locale.Text(lang, key)
	}
	return text, hint
}
