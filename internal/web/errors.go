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
	Me         bool
}

// fail shows an error: what is wrong and the way out, nothing of the inside.
func (p *Pages) fail(w http.ResponseWriter, v *visit, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.Wrap(fault.Internal, "internal", err)
	}
	b := problem{Status: statuses[f.Kind], Provisions: f.Provisions, Me: !v.Me.IsZero()}
	b.Text, b.Hint = inWords(v.Lang, f)
	if (f.Kind == fault.Internal || f.Kind == fault.Unavailable) && !errors.Is(err, context.Canceled) {
		b.Failure = ident.NewID(p.Now()).String()
		// The pattern, not the address: an address may be a login link.
		p.Log.LogAttrs(v.Context(), slog.LevelError, "a page failed", slog.String("route", v.Pattern),
			slog.String("failure", b.Failure), slog.String("code", f.Code), slog.Any("cause", f.Err))
	}
	p.renderStatus(w, v, b.Status, "problem", "", b)
}

// inWords prefers what is said to people here over the texts of the API, which
// speak of tokens and headers.
func inWords(lang locale.Lang, f *fault.Error) (text, hint string) {
	key := ""
	switch {
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
