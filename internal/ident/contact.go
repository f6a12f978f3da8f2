package ident

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"kelisim/internal/fault"
)

// phone returns E.164. A number without a plus is one of Kazakhstan: 8 7…, 7 7…
// or the ten digits alone. That it can be reached is not known.
func phone(value string) (string, error) {
	if len(value) > maxInput {
		return "", fault.New(fault.Invalid, "phone-length")
	}
	n := drop(value, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune("().", r)
	})
	n, abroad := strings.CutPrefix(n, "+")
	if strings.ContainsFunc(n, func(r rune) bool { return !isDigit(r) }) {
		return "", fault.New(fault.Invalid, "phone-character")
	}
	if len(n) < 7 || len(n) > 15 {
		return "", fault.New(fault.Invalid, "phone-length")
	}
	if abroad {
		return international(n)
	}
	return domestic(n)
}

// international takes the digits after a plus. The trunk prefix 8 written after
// a plus is a common slip: eleven digits from 87 are nobody's number.
func international(n string) (string, error) {
	switch {
	case n[0] == '0', len(n) == 11 && strings.HasPrefix(n, "87"):
		return "", fault.New(fault.Invalid, "phone-country")
	case n[0] == '7' && len(n) != 11:
		return "", fault.New(fault.Invalid, "phone-length")
	default:
		return "+" + n, nil
	}
}

func domestic(n string) (string, error) {
	switch {
	case len(n) == 11 && (strings.HasPrefix(n, "87") || strings.HasPrefix(n, "77")):
		return "+7" + n[1:], nil
	case len(n) == 10 && n[0] == '7':
		return "+7" + n, nil
	case n[0] == '7', strings.HasPrefix(n, "87"):
		return "", fault.New(fault.Invalid, "phone-length")
	default:
		return "", fault.New(fault.Invalid, "phone-country")
	}
}

// domains maps names as browsers do (Unicode, case) and holds DNS to its limits.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(),
	idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// email returns the address in lower case with an ASCII domain. Servers may
// tell apart the case of what stands before @; none that people use does, and
// one person must not become two by a capital letter.
func email(value string) (string, error) {
	if len(value) > maxInput {
		return "", fault.New(fault.Invalid, "email-length")
	}
	address := strings.TrimSpace(value)
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" || domain == "" || strings.ContainsAny(address, `<>",;: `) {
		return "", fault.New(fault.Invalid, "email-form")
	}
	if err := checkLocal(local); err != nil {
		return "", err
	}
	ascii, err := domains.ToASCII(domain)
	if err != nil || !utf8.ValidString(domain) || !publicName(ascii) {
		return "", fault.New(fault.Invalid, "email-domain")
	}
	if len(local) > 64 || len(local)+1+len(ascii) > 254 {
		return "", fault.New(fault.Invalid, "email-length")
	}
	return strings.ToLower(local) + "@" + ascii, nil
}

// checkLocal takes an RFC 5321 dot-string. Letters beyond ASCII are refused:
// hardly a server here delivers to them, and most are a keyboard layout that
// was not switched.
func checkLocal(local string) error {
	for _, atom := range strings.Split(local, ".") {
		if atom == "" {
			return fault.New(fault.Invalid, "email-form")
		}
		if strings.ContainsFunc(atom, func(r rune) bool { return !isAtomChar(r) }) {
			return fault.New(fault.Invalid, "email-character")
		}
	}
	return nil
}

func isAtomChar(r rune) bool {
	return isDigit(r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

// publicName refuses names without a dot and addresses in digits.
func publicName(domain string) bool {
	dot := strings.LastIndexByte(domain, '.')
	return dot > 0 && strings.ContainsFunc(domain[dot+1:], func(r rune) bool { return !isDigit(r) })
}
