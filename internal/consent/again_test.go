package consent_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// wider is the example's description with more for the purpose of payment: an
// action and a kind of data.
func wider(t *testing.T) string {
	t.Helper()
	text := apptest.Bestam(t)
	at := strings.Index(text, "  - id: payment")
	if at < 0 {
		t.Fatal("the example has no payment")
	}
	rest := text[at:]
	rest = strings.Replace(rest, "categories: [name, email, phone]", "categories: [name, email, phone, iin]", 1)
	rest = strings.Replace(rest, "use, view, transfer,", "use, view, supplement, transfer,", 1)
	if rest == text[at:] {
		t.Fatal("nothing was widened")
	}
	return text[:at] + rest
}

func permits(t *testing.T, a *app.App, org *party.Organization, sub ident.ID, action register.Action, category string) bool {
	t.Helper()
	ans, err := a.Guard.Decide(t.Context(), &gate.Ask{
		Request: gate.Request{Action: action, Purpose: "payment", Categories: []string{category}},
		Holder:  org, Asker: org, Subject: sub, Actor: apptest.System,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !ans.Permit && !slices.ContainsFunc(ans.Codes(), func(c law.ReasonCode) bool { return strings.HasPrefix(c.String(), "not-covered") }) {
		t.Fatalf("%s of %s: %v", action, category, ans.Codes())
	}
	return ans.Permit
}

// A description that widens a purpose is not covered by what was given before:
// the gate refuses the new, the subjects are asked again and see what is new, and
// what they then give takes the place of the old.
func TestAskedAgainWhenWider(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		var subs []ident.ID
		var old []*consent.Consent
		for i := range 3 {
			subs = append(subs, apptest.Subject(t, a, org, i+1))
			clock.Add(time.Second)
			old = append(old, apptest.Consent(t, a, org, subs[i], "payment"))
		}
		untouched := apptest.Consent(t, a, org, subs[0], "news")
		if _, err := a.Consents.Withdraw(t.Context(), old[2].ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		must(t, a.Consents.AskByItself(t.Context(), org))
		if runs := steps(t, a); len(runs) > 0 {
			t.Fatalf("asked after the first version: %+v", runs)
		}
		clock.Add(time.Hour)
		org = apptest.Apply(t, a, wider(t))
		for action, want := range map[register.Action]bool{register.Use: true, register.Supplement: false} {
			if got := permits(t, a, org, subs[0], action, "name"); got != want {
				t.Errorf("%s before asking again: %v", action, got)
			}
		}
		if permits(t, a, org, subs[0], register.Use, "iin") {
			t.Error("data that nobody agreed to")
		}

		must(t, a.Consents.AskByItself(t.Context(), org))
		runs := steps(t, a)
		if len(runs) != 1 || runs[0].Asked != 2 || runs[0].Skipped != 0 || runs[0].Seen != 3 || runs[0].Version != 2 {
			t.Fatalf("asked %+v", runs)
		}
		must(t, a.Consents.AskByItself(t.Context(), org))
		if runs := steps(t, a); len(runs) > 0 {
			t.Fatal("asked by itself twice")
		}
		if run, err := a.Consents.StartAsking(t.Context(), org, 2); err != nil || !run.Ended.IsZero() {
			t.Fatal(run, err)
		}
		if runs := steps(t, a); len(runs) != 1 || runs[0].Asked != 0 { // as after a crash: nobody twice
			t.Fatalf("again %+v", runs)
		}
		if _, err := a.Consents.StartAsking(t.Context(), org, 1); !fault.Is(err, "version-not-in-force") {
			t.Fatal(err)
		}

		list, err := a.Store.Requests(t.Context(), consent.RequestFilter{Subject: org.Inside(subs[0]), Limit: 10})
		if err != nil || len(list) != 1 || list[0].Ask.Replaces != old[0].ID || !slices.Equal(list[0].Ask.Purposes, []string{"payment"}) {
			t.Fatalf("%+v %v", list, err)
		}
		d, err := a.Consents.Difference(t.Context(), &list[0])
		if err != nil || !slices.Equal(d.Categories, []string{"iin"}) || len(d.Purposes)+len(d.ThirdParties)+len(d.Countries) > 0 ||
			len(d.Actions) != 1 || d.Actions[0] != (consent.NewAction{Purpose: "payment", Action: register.Supplement}) {
			t.Fatalf("difference %+v: %v", d, err)
		}
		if _, _, err := a.Consents.Show(t.Context(), list[0].ID, locale.RU, apptest.Person); err != nil {
			t.Fatal(err)
		}
		given, err := a.Consents.Give(t.Context(), list[0].ID, &consent.Choice{}, locale.RU, consent.Proof{Channel: consent.Cabinet}, nil, apptest.Person)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := a.Store.Consent(t.Context(), old[0].ID); err != nil || c.Status != consent.Superseded || given.Register != 2 {
			t.Fatalf("the old one is %s, the new one of version %d", c.Status, given.Register)
		}
		if c, err := a.Store.Consent(t.Context(), untouched.ID); err != nil || c.Status != consent.Active {
			t.Fatal("a consent to another purpose is", c.Status)
		}
		if !permits(t, a, org, subs[0], register.Supplement, "iin") || permits(t, a, org, subs[1], register.Supplement, "name") {
			t.Error("what was given anew is not permitted, or what was not given is")
		}

		clock.Add(time.Hour)
		org = apptest.Apply(t, a, apptest.Bestam(t)) // narrower again: nobody has to be asked
		must(t, a.Consents.AskByItself(t.Context(), org))
		for _, r := range steps(t, a) {
			if r.Asked > 0 {
				t.Errorf("asked for less: %+v", r)
			}
		}
		if !permits(t, a, org, subs[0], register.Use, "name") || !permits(t, a, org, subs[1], register.Use, "name") {
			t.Error("a narrower description needs no new consent")
		}
		apptest.Clean(t, a)
	})
}

// steps takes all open runs to their end and returns them.
func steps(t *testing.T, a *app.App) []consent.AskRun {
	t.Helper()
	runs, err := a.Store.OpenAskRuns(t.Context())
	must(t, err)
	for i := range runs {
		for runs[i].Ended.IsZero() {
			must(t, a.Consents.StepAsking(t.Context(), &runs[i]))
		}
	}
	return runs
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A question that was put by an older description gives a consent of that one:
// what the description has added meanwhile was not shown.
func TestGivenByWhatWasShown(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	d := &asker{a, t, clock, org, apptest.Subject(t, a, org, 1)}
	r, _, err := d.ask(nil)
	must(t, err)
	org = apptest.Apply(t, a, wider(t))
	d.show(r.ID, locale.KK)
	c, err := d.give(r.ID, consent.Choice{})
	must(t, err)
	if c.Register != 1 || permits(t, a, org, d.sub, register.Supplement, "name") {
		t.Errorf("given under version %d", c.Register)
	}
}
