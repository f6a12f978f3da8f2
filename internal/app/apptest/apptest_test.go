package apptest_test

import (
	"testing"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/gate"
	"kelisim/internal/register"
)

func TestEach(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		apptest.Consent(t, a, org, sub, "news")
		ans, err := a.Guard.Decide(t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.Use, Purpose: "news", Categories: []string{"email"}},
			Holder:  org, Asker: org, Subject: sub, Actor: apptest.System,
		})
		if err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		if n := apptest.Clean(t, a); n != 5 {
			t.Fatalf("%d leaves, want 5", n)
		}
	})
}
