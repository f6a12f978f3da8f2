package ident

import "strings"

const dot = "•"

// Mask returns a normalised value with most of it hidden, enough for its owner
// to know it again: "90••••••••17", "+770••••••78", "a•••@example.kz". It hides
// a short value, or one of an unknown kind, whole.
func Mask(kind Kind, value string) string {
	switch kind {
	case IIN, BIN:
		return hide(value, 2, 2)
	case Phone:
		return hide(value, 4, 2)
	case Email:
		return maskEmail(value)
	case Document, External:
		return hide(value, 1, 2)
	default:
		return hide(value, 0, 0)
	}
}

// hide shows the first and last characters only where they are at most half of
// all.
func hide(value string, head, tail int) string {
	r := []rune(value)
	if 2*(head+tail) > len(r) {
		head, tail = 0, 0
	}
	hidden := strings.Repeat(dot, len(r)-head-tail)
	return string(r[:head]) + hidden + string(r[len(r)-tail:])
}

// maskEmail also hides how long the hidden part is.
func maskEmail(value string) string {
	local, domain, ok := strings.Cut(value, "@")
	if !ok {
		return hide(value, 0, 0)
	}
	first := ""
	if len(local) > 2 && local[0] < 0x80 {
		first = local[:1]
	}
	return first + strings.Repeat(dot, 3) + "@" + domain
}
