package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// ahead is the example operator gone ahead to an edition.
func ahead(t *testing.T, edition string) string {
	t.Helper()
	return strings.Replace(apptest.Bestam(t), "organization:\n", "organization:\n  edition: "+edition+"\n", 1)
}

// lives has a person register, agree, be looked at and withdraw, and returns the
// refusal after it.
func lives(t *testing.T, a *app.App, org *party.Organization, n int) *gate.Answer {
	t.Helper()
	subject := apptest.Subject(t, a, org, n)
	c := apptest.Consent(t, a, org, subject, "contracts")
	ask := &gate.Ask{
		Request: gate.Request{Base: "site", Action: register.View, Purpose: "contracts", Categories: []string{"name"}},
		Holder:  org, Asker: org, Subject: subject, Actor: apptest.System,
	}
	if ans, err := a.Guard.Decide(t.Context(), ask); err != nil || !ans.Permit {
		t.Fatal(ans, err)
	}
	if _, err := a.Consents.Withdraw(t.Context(), c.ID, consent.Process, "", apptest.Person); err != nil {
		t.Fatal(err)
	}
	ans, err := a.Guard.Decide(t.Context(), ask)
	if err != nil || ans.Permit {
		t.Fatal(ans, err)
	}
	return ans
}

// editions are those that entries of an organization were judged by, by action.
func editions(t *testing.T, a *app.App, org *party.Organization, since ident.ID) map[string][]string {
	t.Helper()
	_, list, err := a.Journal.List(t.Context(), journal.Filter{Org: org.ID, Since: since, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string][]string{}
	for _, e := range list {
		by[e.Action] = append(by[e.Action], e.Edition)
	}
	return by
}

// Who chose no edition is judged by the installation's, whatever the date; who
// went ahead, by the chosen one in all that happens from then on.
func TestEditionThatJudges(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		clock.Set(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
		org := apptest.Org(t, a, "")
		if ans := lives(t, a, org, 1); ans.Edition.ID != "2023-04" || slices.Contains(ans.ProvisionsOf(law.ConsentWithdrawn), "8(7)") {
			t.Errorf("nobody chose an edition, and %s judges", ans.Edition.ID)
		}
		clock.Add(time.Hour)
		since := ident.FirstID(clock.Now())
		org = apptest.Apply(t, a, ahead(t, "2026-08"))
		if got := editions(t, a, org, since)["register.apply"]; !slices.Equal(got, []string{"2023-04"}) {
			t.Errorf("the choice itself is judged by %v", got)
		}
		clock.Add(time.Hour)
		since = ident.FirstID(clock.Now())
		if ans := lives(t, a, org, 2); ans.Edition.ID != "2026-08" || !slices.Contains(ans.ProvisionsOf(law.ConsentWithdrawn), "8(7)") {
			t.Errorf("the operator chose 2026-08, and %s judges", ans.Edition.ID)
		}
		got := editions(t, a, org, since)
		for _, action := range []string{"subject.register", "consent.give", "consent.withdraw", "view"} {
			if len(got[action]) == 0 {
				t.Errorf("no entry of %s among %v", action, got)
			}
		}
		for action, list := range got {
			if slices.ContainsFunc(list, func(id string) bool { return id != "2026-08" }) {
				t.Errorf("%s was judged by %v", action, list)
			}
		}
		apptest.Clean(t, a)
	})
}

// An installation that follows later editions judges by the date of the event.
func TestEditionOfTheInstallation(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	apptest.Apply(t, a, apptest.Bestam(t))
	a.Config.Law = law.Following{Newest: law.Latest}
	b := apptest.Reopen(t, a)
	org := apptest.Org(t, b, "")
	for date, want := range map[string]string{"2023-06-01": "2023-04", "2024-03-01": "2024-02", "2026-02-01": "2026-01", "2026-12-01": "2026-08"} {
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		if got := org.Edition(at); got.ID != want {
			t.Errorf("%s: %s, want %s", date, got.ID, want)
		}
	}
	clock.Set(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC))
	if ans := lives(t, b, org, 1); ans.Edition.ID != "2026-08" {
		t.Errorf("%s judges", ans.Edition.ID)
	}
}

func TestEditionOfAnOrganizationDoesNotAllocate(t *testing.T) {
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, ahead(t, "2026-08"))
	now, seen := clock.Now(), 0
	if n := testing.AllocsPerRun(100, func() { seen += len(org.Edition(now).ID) }); n != 0 || seen == 0 {
		t.Errorf("choosing an edition allocates %v times", n)
	}
}
