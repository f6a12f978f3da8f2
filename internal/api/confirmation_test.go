package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/verify"
)

// A confirmation is for the operator and for a third party that the consent
// names, each under its own id of the person; it holds by the published keys
// for a quarter of an hour at most.
//
// duty: L10.4
func TestConfirmation(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"],"categories":["name","phone"]`)
		for _, c := range []struct{ as, subject, audience string }{{"operator", "subject", "bin"}, {"third-party", "payerSubject", "payer"}} {
			got := w.confirmed(t, c.as)
			if got.Subject != w.names[c.subject] || !got.Audience.Contains(w.names[c.audience]) || got.Organization != w.names["bin"] || got.Consent != w.names["consent"] {
				t.Errorf("%s: %+v", c.as, got)
			}
			if !slices.Equal(got.Purposes, []string{"payment"}) || !slices.Equal(got.Scopes, []string{"process", "transfer"}) || !slices.Equal(got.Categories, []string{"name", "phone"}) {
				t.Errorf("%s: %+v", c.as, got)
			}
			if life := got.Expiry.Time().Sub(w.Now()); life <= 0 || life > 15*time.Minute {
				t.Errorf("%s: lives %s", c.as, life)
			}
		}
	})
}

// confirmed asks for a confirmation and opens it as its receiver does.
func (w *world) confirmed(t *testing.T, as string) *verify.Confirmation {
	t.Helper()
	a := w.do(t, as, "GET", "/v1/consents/$consent/confirmation", "").want(t, 200)
	if kind := a.header.Get("Content-Type"); kind != "application/jwt" {
		t.Error(kind)
	}
	keys := jwks(t, w)
	c, err := verify.OpenConfirmation(string(a.body), keys, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.OpenConfirmation(string(a.body), keys, c.Expiry.Time().Add(2*time.Minute)); err == nil {
		t.Error("a confirmation holds for ever")
	}
	head, rest, _ := strings.Cut(string(a.body), ".")
	if _, err := verify.OpenConfirmation(head+"."+strings.Replace(rest, rest[:4], "eyJ4", 1), keys, w.Now()); err == nil {
		t.Error("a confirmation holds with another text")
	}
	return c
}

// A consent that is not in force, or not to this, is confirmed to nobody.
func TestNoConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	confirm := func(name, as string, status int, code string) {
		t.Helper()
		s := scenario{name: name, as: as, method: "GET", url: "/v1/consents/$consent/confirmation", wantStatus: status, wantContains: []string{code}}
		s.run(t, w)
	}
	const named = `,"thirdParties":["$payer"]`
	w.names["consent"] = w.give(t, "payment")
	confirm("not named", "third-party", 404, "consent-unknown")
	confirm("of another", "other-operator", 404, "consent-unknown")
	w.names["old"], w.names["consent"] = w.names["consent"], w.give(t, "payment", named)
	confirm("named", "third-party", 200, "")

	w.do(t, "subject", "POST", "/v1/consents/$consent/pause", "").want(t, 200)
	confirm("paused", "operator", 409, "consent-not-active")
	confirm("paused", "third-party", 409, "consent-not-active")
	w.do(t, "subject", "POST", "/v1/consents/$consent/resume", "").want(t, 200)
	confirm("resumed", "third-party", 200, "")

	w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{"scopes":["transfer"]}`).want(t, 200)
	confirm("transfer withdrawn", "third-party", 404, "consent-unknown")
	confirm("processing is not", "operator", 200, "")
	if got := w.confirmed(t, "operator"); !slices.Equal(got.Scopes, []string{"process"}) {
		t.Error(got.Scopes)
	}
	w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", "").want(t, 200)
	confirm("withdrawn", "operator", 409, "consent-not-active")

	w.names["consent"] = w.names["old"]
	confirm("superseded", "operator", 409, "consent-not-active")

	w.names["consent"] = w.give(t, "payment", named, `,"validUntil":"2023-11-23T09:05:00Z"`)
	if got := w.confirmed(t, "third-party"); got.Expiry.Time().Sub(w.Now()) != 5*time.Minute {
		t.Error("outlives the consent: ", got.Expiry.Time())
	}
	w.clock.Add(5 * time.Minute)
	confirm("expired", "operator", 409, "consent-not-active")
	confirm("expired", "third-party", 409, "consent-not-active")
}
