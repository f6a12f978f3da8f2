package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

// problem is an RFC 9457 answer.
type problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail,omitempty"`
	Code   string    `json:"code"`
	Field  string    `json:"field,omitempty"`
	Line   int       `json:"line,omitzero"`
	Hint   string    `json:"hint,omitempty"`
	Errors []subPart `json:"errors,omitempty"`
	// Provisions of the Law behind the refusal.
	Provisions []string `json:"provisions,omitempty"`
	// Decision and Reasons stand in a refusal by the gate.
	Decision string           `json:"decision,omitempty"`
	ID       string           `json:"id,omitempty"`
	Reasons  []decisionReason `json:"reasons,omitempty"`
	Receipt  any              `json:"receipt,omitempty"`
	// What stands against a withdrawal (Art. 8(2)): the provision that it would
	// contradict, the obligation that is outstanding, and the hold to appeal.
	Provision  string     `json:"provision,omitempty"`
	Obligation string     `json:"obligation,omitempty"`
	Document   string     `json:"document,omitempty"`
	Hold       string     `json:"hold,omitempty"`
	Until      *time.Time `json:"until,omitempty"`
}

type subPart struct {
	Field  string `json:"field,omitempty"`
	Line   int    `json:"line,omitzero"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

// statuses is the one place where a kind of error becomes a status.
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

// problem answers with an error and returns the status.
func (c *call) problem(err error) int {
	body := c.problemBody(err)
	if c.status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", "Bearer")
	}
	c.write("application/problem+json", body)
	return c.status
}

// wrongMethod is an answer of HTTP alone: no service knows methods.
func (c *call) wrongMethod() {
	const key = "error.method-not-allowed"
	c.problem(&problem{
		Type: "about:blank", Status: http.StatusMethodNotAllowed, Code: "method-not-allowed",
		Title: locale.Text(c.lang, key), Hint: locale.Text(c.lang, key+".hint"),
	})
}

func (c *call) problemBody(err error) []byte {
	p := c.toProblem(err)
	c.status = p.Status
	body, mErr := json.Marshal(p)
	if mErr != nil {
		c.Log.LogAttrs(c.ctx(), slog.LevelError, "a problem could not be encoded", slog.Any("error", mErr))
	}
	return body
}

func (c *call) toProblem(err error) *problem {
	var given *problem
	if errors.As(err, &given) {
		return given
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		if errors.Is(err, context.Canceled) {
			f = fault.New(fault.Unavailable, "unavailable")
		} else {
			f = fault.Wrap(fault.Internal, "internal", err)
		}
	}
	p := &problem{
		Type: "about:blank", Status: statuses[f.Kind], Code: f.Code, Field: f.Field, Line: f.Line, Provisions: f.Provisions,
	}
	if c.faced {
		p.Status = faceStatus(p.Status)
	}
	p.Title, p.Hint = locale.Fault(c.lang, f)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		c.logFailure(p, f)
	}
	var list fault.List
	if errors.As(err, &list) && len(list) > 1 {
		for _, e := range list {
			s := subPart{Field: e.Field, Line: e.Line, Code: e.Code}
			s.Detail, s.Hint = locale.Fault(c.lang, e)
			p.Errors = append(p.Errors, s)
		}
	}
	return p
}

// logFailure gives the caller a number to quote and the log the cause. A cause
// is the database's or a key's: values never get into those errors.
func (c *call) logFailure(p *problem, f *fault.Error) {
	p.ID = ident.NewID(c.Now()).String()
	c.Log.LogAttrs(c.ctx(), slog.LevelError, "a call failed",
		slog.String("route", c.r.Pattern), slog.String("failure", p.ID), slog.String("code", f.Code), slog.Any("cause", f.Err))
}

func (p *problem) Error() string { return p.Code }
