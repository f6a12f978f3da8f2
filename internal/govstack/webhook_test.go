package govstack

import (
	"encoding/base64"
	"testing"

	"kelisim/internal/outbox"
)

// What a subscriber is told follows from whether the consent still holds, and every
// event of the core is either told of or left to another.
func TestNamesOfEvents(t *testing.T) {
	t.Parallel()
	told := map[[2]string]string{
		{"consent.given", "active"}: allowed, {"consent.resumed", "active"}: allowed, {"consent.withdrawn", "withdrawn"}: disallowed,
		{"consent.withdrawn", "active"}: allowed, // a part of it
		{"consent.withdrawn", "paused"}: disallowed, {"consent.paused", "paused"}: disallowed, {"consent.ended", "ended"}: disallowed,
		{"consent.expired", "expired"}: expired,
	}
	f := &Face{}
	seen := map[string]bool{}
	for e, want := range told {
		seen[e[0]] = true
		if got := f.Name(e[0], e[1]); got != want {
			t.Errorf("%v is %q, want %q", e, got, want)
		}
	}
	for _, e := range outbox.Events {
		if got := f.Name(e, "active"); !seen[e] && got != "" {
			t.Errorf("%s is %s", e, got)
		}
	}
}

// A secret is the key in the writing of Standard Webhooks, or its own text.
func TestSecretOf(t *testing.T) {
	t.Parallel()
	key := "a key of the standard"
	for text, want := range map[string]string{
		"plain": "plain", "whsec_" + base64.StdEncoding.EncodeToString([]byte(key)): key, "whsec_": "whsec_", "whsec_no base64": "whsec_no base64", "": "",
	} {
		if got := string(secretOf(text)); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}
