// Package fault is the one kind of error that crosses packages: it says what
// sort of thing went wrong, under a stable code that the texts in kk, ru and en
// are keyed by, and names the field and the way out. It never carries a value
// that a person typed: an error ends in logs and answers, and values here are
// personal data. What caused it inside is kept apart, for the log of a
// developer, and no answer shows it.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind sorts errors by what the caller can do about them. One switch at the
// edge (api, web, cli) turns a kind into an answer.
type Kind uint8

const (
	// Internal is our own failure. Nothing of it is shown but a code to quote.
	Internal Kind = iota
	// Invalid is input that can be corrected: Field names where.
	Invalid
	// Unauthenticated is a missing, unknown or expired token.
	Unauthenticated
	// Forbidden is a known caller without the right.
	Forbidden
	// NotFound is also the answer for what exists but is not the caller's.
	NotFound
	// Conflict is a state that does not allow this now.
	Conflict
	// Denied is a refusal by the Law: it carries provisions.
	Denied
	// TooLarge is a body, list or file over its limit.
	TooLarge
	// Unsupported is a content type we do not read.
	Unsupported
	// Unavailable is a store that cannot take a write now (full disk, lost
	// connection): nothing was done, the same call may succeed later.
	Unavailable
)

// Error is an error with a kind and a code. Args fill the text of the code and
// must be safe to show: numbers, ids of purposes, provisions; never a value
// that belongs to a person.
type Error struct {
	Kind  Kind
	Code  string // key of the text: error.<code> and, where there is one, error.<code>.hint
	Field string // path in the input, such as "purposes[0].categories[2]"
	Line  int    // line in a file, 0 where there is none
	Args  []any  // name, value, name, value …
	// Provisions of the Law behind the refusal, such as "8(2)".
	Provisions []string
	Err        error // the cause: for the developer's log, never for an answer
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Code)
	for i := 0; i+1 < len(e.Args); i += 2 {
		fmt.Fprintf(&b, " %v=%v", e.Args[i], e.Args[i+1])
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// At returns a copy of e with its field put under prefix, so that a check of a
// part can be reused for the whole.
func (e *Error) At(prefix string) *Error {
	c := *e
	switch {
	case c.Field == "":
		c.Field = prefix
	case strings.HasPrefix(c.Field, "["):
		c.Field = prefix + c.Field
	default:
		c.Field = prefix + "." + c.Field
	}
	return &c
}

// New returns an error of the kind. args are name, value pairs for the text.
func New(k Kind, code string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Args: args}
}

// Bad returns an Invalid error at a field.
func Bad(field, code string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: code, Field: field, Args: args}
}

// Wrap returns an error of the kind with a cause that is not shown.
func Wrap(k Kind, code string, err error) *Error {
	return &Error{Kind: k, Code: code, Err: err}
}

// KindOf returns the kind of err, Internal where it has none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault with the code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// List is several errors of one input, shown together so that a person mends
// them in one go.
type List []*Error

func (l List) Error() string {
	s := make([]string, len(l))
	for i, e := range l {
		s[i] = e.Error()
	}
	return strings.Join(s, "\n")
}

// Unwrap lets errors.As find the first.
func (l List) Unwrap() []error {
	s := make([]error, len(l))
	for i, e := range l {
		s[i] = e
	}
	return s
}

// OrNil returns nil for an empty list, which an error variable needs.
func (l List) OrNil() error {
	if len(l) == 0 {
		return nil
	}
	return l
}
