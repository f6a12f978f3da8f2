package account_test

import (
	"crypto/sha256"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/seal"
)

func TestTokenOpensWhatItWasIssuedFor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		until := clock.Now().Add(time.Hour)
		text, err := a.Accounts.Issue(t.Context(), account.Token{Role: account.Operator, Org: org.ID, Expires: until}, "site")
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []*app.App{a, apptest.Reopen(t, a)} {
			c, err := x.Accounts.Check(t.Context(), text)
			if err != nil || c.Role != account.Operator || c.Org != org.ID || !c.Subject.IsZero() || c.Token.IsZero() {
				t.Fatalf("%+v: %v", c, err)
			}
		}
		clock.Set(until)
		if _, err := a.Accounts.Check(t.Context(), text); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("after its end: %v", err)
		}
	})
}

// Whatever is wrong with a token, the answer is the same.
func TestWrongTokensAreAlike(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	good, err := a.Accounts.Issue(t.Context(), account.Token{Role: account.Admin}, "")
	if err != nil {
		t.Fatal(err)
	}
	over, err := a.Accounts.Issue(t.Context(), account.Token{Role: account.Operator, Org: org.ID, Expires: clock.Now().Add(time.Second)}, "")
	if err != nil {
		t.Fatal(err)
	}
	link, err := a.Accounts.LoginLink(t.Context(), ident.NewID(clock.Now()), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	clock.Add(time.Minute)
	want := ""
	for name, text := range map[string]string{
		"none": "", "another": good[:len(good)-1] + "x", "of another kind": "Basic " + good, "over": over,
		"a login link is no session": link, "endless": good + strings.Repeat("a", 1<<20), "prefix": "kls_",
	} {
		_, err := a.Accounts.Check(t.Context(), text)
		if fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		} else if want == "" {
			want = err.Error()
		} else if err.Error() != want {
			t.Errorf("%s: %q, others get %q", name, err, want)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org, sub := ident.NewID(clock.Now()), ident.NewID(clock.Now())
	for name, c := range map[string]struct {
		token account.Token
		label string
		code  string
	}{
		"operator of nobody":     {account.Token{Role: account.Operator}, "", "role-organization"},
		"admin of one":           {account.Token{Role: account.Admin, Org: org}, "", "role-organization"},
		"nobody's session":       {account.Token{Role: account.Subject}, "", "role-subject"},
		"an operator who is one": {account.Token{Role: account.Operator, Org: org, Subject: sub}, "", "role-subject"},
		"over already":           {account.Token{Role: account.Admin, Expires: clock.Now()}, "", "time-past"},
		"a long label":           {account.Token{Role: account.Admin}, strings.Repeat("x", 201), "too-long"},
	} {
		if _, err := a.Accounts.Issue(t.Context(), c.token, c.label); !fault.Is(err, c.code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	for _, role := range []string{"", "root", "login", "Admin"} {
		if _, err := account.ParseRole(role); !fault.Is(err, "bad-enum") {
			t.Errorf("%q is a role: %v", role, err)
		}
	}
}

// A link opens one session, however many follow it at one moment.
func TestLoginLinkWorksOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		sub := ident.NewID(clock.Now())
		link, err := a.Accounts.LoginLink(t.Context(), sub, account.LoginLife)
		if err != nil {
			t.Fatal(err)
		}
		other := apptest.Reopen(t, a)
		var sessions atomic.Pointer[string]
		var opened atomic.Int32
		var wg sync.WaitGroup
		for i := range 16 {
			node := a
			if i%2 == 1 {
				node = other
			}
			wg.Go(func() {
				session, err := node.Accounts.Login(t.Context(), link)
				switch {
				case err == nil:
					opened.Add(1)
					sessions.Store(&session)
				case fault.KindOf(err) != fault.Unauthenticated:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := opened.Load(); n != 1 {
			t.Fatalf("one link opened %d sessions", n)
		}
		session := *sessions.Load()
		if c, err := a.Accounts.Check(t.Context(), session); err != nil || c.Role != account.Subject || c.Subject != sub {
			t.Fatalf("%+v: %v", c, err)
		}
		if err := a.Accounts.Logout(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Accounts.Check(t.Context(), session); fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("after the logout: %v", err)
		}
		late, err := a.Accounts.LoginLink(t.Context(), sub, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		clock.Add(time.Minute)
		if _, err := a.Accounts.Login(t.Context(), late); fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("a link that is over: %v", err)
		}
	})
}

// A token that was taken back on another node works for seconds at most.
func TestTakenBackElsewhere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		text, err := a.Accounts.Issue(t.Context(), account.Token{Role: account.Admin}, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Accounts.Check(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		if err := apptest.Reopen(t, a).Accounts.Logout(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		clock.Add(3 * time.Second)
		if _, err := a.Accounts.Check(t.Context(), text); fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("still works: %v", err)
		}
	})
}

// A link of the staff or the officer opens one session of that role and
// organization, for eight hours, under the label of the link.
func TestConsoleLink(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		for _, role := range []account.Role{account.Staff, account.Officer, account.Authority} {
			link, err := a.Accounts.ConsoleLink(t.Context(), role, org.ID, "Айгүл, compliance", account.LoginLife)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Accounts.Check(t.Context(), link); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("a link of %s is a token: %v", role, err)
			}
			session, err := a.Accounts.LoginConsole(t.Context(), link)
			if err != nil {
				t.Fatal(err)
			}
			c, err := a.Accounts.Check(t.Context(), session)
			if err != nil || c.Role != role || c.Org != org.ID || !c.Subject.IsZero() {
				t.Errorf("%+v: %v", c, err)
			}
			kept, err := a.Store.TokenByHash(t.Context(), sha256.Sum256([]byte(session)))
			if err != nil {
				t.Fatal(err)
			}
			if label, err := a.Keys.Label.Open(kept.Label, seal.Place("token", kept.ID[:])); err != nil || string(label) != "Айгүл, compliance" {
				t.Errorf("the session is labelled %q: %v", label, err)
			}
			if _, err := apptest.Reopen(t, a).Accounts.LoginConsole(t.Context(), link); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("a link of %s worked twice: %v", role, err)
			}
			clock.Add(8*time.Hour - time.Second)
			if _, err := a.Accounts.Check(t.Context(), session); err != nil {
				t.Errorf("a session of %s ended early: %v", role, err)
			}
			clock.Add(time.Second)
			if _, err := a.Accounts.Check(t.Context(), session); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("a session of %s lasts: %v", role, err)
			}
		}
		for _, role := range []account.Role{account.Admin, account.Operator, account.Subject, account.Examiner, "login", "king", ""} {
			if _, err := a.Accounts.ConsoleLink(t.Context(), role, org.ID, "", time.Hour); !fault.Is(err, "bad-enum") {
				t.Errorf("a link for %q: %v", role, err)
			}
		}
		if _, err := a.Accounts.ConsoleLink(t.Context(), account.Officer, ident.ID{}, "", time.Hour); !fault.Is(err, "role-organization") {
			t.Errorf("an officer of nobody: %v", err)
		}
	})
}

// A link tried at the wrong door opens nothing there and is not spent.
func TestLinksOpenTheirOwnDoor(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	subject, err := a.Accounts.LoginLink(t.Context(), ident.NewID(clock.Now()), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	officer, err := a.Accounts.ConsoleLink(t.Context(), account.Officer, org.ID, "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.Accounts.Issue(t.Context(), account.Token{Role: account.Officer, Org: org.ID}, "")
	if err != nil {
		t.Fatal(err)
	}
	for what, try := range map[string]func() (string, error){
		"a subject's link at the console":  func() (string, error) { return a.Accounts.LoginConsole(t.Context(), subject) },
		"an officer's link at the cabinet": func() (string, error) { return a.Accounts.Login(t.Context(), officer) },
		"a token at the console":           func() (string, error) { return a.Accounts.LoginConsole(t.Context(), token) },
		"a token at the cabinet":           func() (string, error) { return a.Accounts.Login(t.Context(), token) },
	} {
		if got, err := try(); got != "" || fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := a.Accounts.Login(t.Context(), subject); err != nil {
		t.Error("the subject's link was spent:", err)
	}
	if _, err := a.Accounts.LoginConsole(t.Context(), officer); err != nil {
		t.Error("the officer's link was spent:", err)
	}
}
