package consent_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

var now = time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)

func given(status consent.Status, scopes consent.Scope, until time.Time) *consent.Consent {
	return &consent.Consent{
		ID: ident.NewID(now), Version: 3, Status: status, Scopes: scopes, Until: until, Terms: &consent.Terms{Purposes: []string{"news"}},
		History: []consent.Change{{At: now.Add(-time.Hour), Status: consent.Active, By: "operator"}},
	}
}

// Which status leads to which, and that nothing leads back from an end.
func TestMoves(t *testing.T) {
	t.Parallel()
	may := map[consent.Status][]consent.Status{
		consent.Active: {consent.Paused, consent.Expired, consent.Superseded, consent.Ended},
		consent.Paused: {consent.Active, consent.Expired, consent.Superseded, consent.Ended},
	}
	for _, from := range consent.Statuses {
		for _, to := range consent.Statuses {
			c := given(from, consent.Process, time.Time{})
			by := "service"
			if to == consent.Active || to == consent.Paused {
				by = "subject"
			}
			n, err := c.Move(to, now, by, ident.ID{})
			if want := slices.Contains(may[from], to); want != (err == nil) {
				t.Errorf("from %s to %s: %v", from, to, err)
			} else if want && (n.Status != to || n.Version != 4 || n.History[1].Status != to) {
				t.Errorf("from %s to %s: %+v", from, to, n)
			}
			if err != nil && !fault.Is(err, "consent-not-active") {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
			if c.Status != from || c.Version != 3 || len(c.History) != 1 {
				t.Fatal("the consent before was changed")
			}
		}
	}
}

func TestPastItsTermItIsExpired(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status consent.Status
		until  time.Time
		want   consent.Status
	}{
		{consent.Active, time.Time{}, consent.Active},
		{consent.Active, now.Add(time.Nanosecond), consent.Active},
		{consent.Active, now, consent.Expired},
		{consent.Paused, now, consent.Expired},
		{consent.Withdrawn, now, consent.Withdrawn},
		{consent.Superseded, now, consent.Superseded},
	} {
		x := given(c.status, consent.Process, c.until)
		if got := x.StatusAt(now); got != c.want {
			t.Errorf("%s until %s is %s, want %s", c.status, c.until, got, c.want)
		}
		open := x.EndedAt(now).IsZero()
		if want := c.want == consent.Active || c.want == consent.Paused; open != want {
			t.Errorf("%s until %s ended at %s", c.status, c.until, x.EndedAt(now))
		}
		if c.want == consent.Expired {
			if _, err := x.Withdraw(consent.AllScopes, now, "subject", ident.ID{}); err == nil {
				t.Error("withdrew what is over")
			}
			if _, err := x.Move(consent.Active, now, "subject", ident.ID{}); err == nil {
				t.Error("resumed what is over")
			}
		}
	}
}

// Withdrawing takes away what it names and nothing comes back; without process
// nothing is left of the whole.
//
// duty: L24.1.5
func TestWithdrawNeverWidens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scopes := consent.Scope(rapid.IntRange(1, 15).Draw(t, "scopes"))
		c := given(rapid.SampledFrom(consent.Statuses).Draw(t, "status"), scopes, time.Time{})
		taken := consent.Scope(rapid.IntRange(1, 15).Draw(t, "taken"))
		n, err := c.Withdraw(taken, now, "subject", ident.NewID(now))
		active := c.Status == consent.Active || c.Status == consent.Paused
		switch {
		case !active:
			if !fault.Is(err, "consent-not-active") {
				t.Fatalf("withdrew what is %s: %v", c.Status, err)
			}
			return
		case scopes&taken == 0:
			if !fault.Is(err, "scope-not-given") {
				t.Fatalf("withdrew what was not given: %v", err)
			}
			return
		case err != nil:
			t.Fatal(err)
		}
		if n.Scopes&^c.Scopes != 0 || n.Scopes&taken != 0 {
			t.Fatalf("left with %v of %v after %v", n.Scopes.Names(), c.Scopes.Names(), taken.Names())
		}
		if taken&consent.Process != 0 && (n.Scopes != 0 || n.Status != consent.Withdrawn) {
			t.Fatalf("still %s with %v", n.Status, n.Scopes.Names())
		}
		if taken&consent.Process == 0 && n.Status != c.Status {
			t.Fatalf("became %s by losing %v", n.Status, taken.Names())
		}
		last := n.History[len(n.History)-1]
		if len(n.History) != 2 || len(c.History) != 1 || last.At != now || !slices.Equal(last.Scopes, (c.Scopes&^n.Scopes).Names()) {
			t.Fatalf("history %+v", n.History)
		}
	})
}

func TestScopesAreReadBackAsWritten(t *testing.T) {
	t.Parallel()
	for s := consent.Scope(1); s <= consent.AllScopes; s++ {
		if got, err := consent.ParseScopes(s.Names()); err != nil || got != s {
			t.Errorf("%v read as %v: %v", s.Names(), got.Names(), err)
		}
	}
	if got, err := consent.ParseScopes(nil); err != nil || got != consent.AllScopes {
		t.Errorf("no names are %v: %v", got.Names(), err)
	}
	if _, err := consent.ParseScopes([]string{"process", "everything"}); !fault.Is(err, "bad-enum") {
		t.Error(err)
	}
}
