package consent_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/verify"
)

var officer = verify.Actor{Kind: "person", ID: "9"}

func held(until time.Time, scopes consent.Scope, purposes ...string) *consent.NewHold {
	return &consent.NewHold{
		HoldNote: consent.HoldNote{Obligation: "рассрочка", Document: "договор 7"}, Until: until, Scopes: scopes, Purposes: purposes, Actor: officer,
	}
}

// A hold bars what it names and nothing else, until its date.
//
// duty: L8.2
func TestHoldBarsWhatItNames(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		until := clock.Now().AddDate(0, 1, 0)
		const bank = "180340022918"
		for name, c := range map[string]struct {
			hold *consent.NewHold
			part consent.Part
			at   time.Time
			bars bool
		}{
			"whole by all":                 {held(until, 0), consent.Part{Scopes: consent.AllScopes}, time.Time{}, true},
			"nothing named is the whole":   {held(until, 0), consent.Part{}, time.Time{}, true},
			"a scope by all":               {held(until, 0), consent.Part{Scopes: consent.Transfer}, time.Time{}, true},
			"a scope by another":           {held(until, consent.Process), consent.Part{Scopes: consent.Transfer}, time.Time{}, false},
			"the recipient by transfer":    {held(until, consent.Transfer), consent.Part{ThirdParties: []string{bank}}, time.Time{}, true},
			"the recipient by processing":  {held(until, consent.Process), consent.Part{ThirdParties: []string{bank}}, time.Time{}, false},
			"a purpose by all":             {held(until, consent.Process), consent.Part{Purposes: []string{"news"}}, time.Time{}, true},
			"a purpose by itself":          {held(until, consent.Process, "news"), consent.Part{Purposes: []string{"news"}}, time.Time{}, true},
			"a purpose by another":         {held(until, consent.Process, "payment"), consent.Part{Purposes: []string{"news"}}, time.Time{}, false},
			"whole by a purpose":           {held(until, consent.Process, "payment"), consent.Part{Scopes: consent.AllScopes}, time.Time{}, true},
			"data by all":                  {held(until, consent.Process), consent.Part{Categories: []string{"phone"}}, time.Time{}, true},
			"both purposes by one of them": {held(until, consent.Process, "payment"), consent.Part{Purposes: []string{"news", "payment"}}, time.Time{}, true},
			"the last moment":              {held(until, 0), consent.Part{Scopes: consent.AllScopes}, until.Add(-time.Millisecond), true},
			"past its date":                {held(until, 0), consent.Part{Scopes: consent.AllScopes}, until, false},
		} {
			begin := clock.Now()
			given, err := a.Consents.Record(t.Context(), org, newConsent(sub, func(n *consent.New) {
				n.Terms.Purposes, n.Terms.ThirdParties = []string{"payment", "news"}, []string{bank}
			}))
			must(t, err)
			h, err := a.Consents.SetHold(t.Context(), given.ID, c.hold)
			must(t, err)
			if !c.at.IsZero() {
				clock.Set(c.at)
			}
			_, err = a.Consents.WithdrawPart(t.Context(), given.ID, &consent.Demand{Part: c.part}, apptest.Person)
			var b *consent.BarredError
			switch {
			case c.bars && (!errors.As(err, &b) || b.Hold.ID != h.ID || b.Note.Obligation != "рассрочка" || !fault.Is(err, "withdrawal-barred")):
				t.Errorf("%s: %v, want a refusal", name, err)
			case !c.bars && err != nil:
				t.Errorf("%s: %v", name, err)
			}
			got, err := a.Consents.HoldStore.Hold(t.Context(), h.ID)
			if err != nil || got.Demanded.IsZero() == c.bars {
				t.Errorf("%s: demanded at %s (%v)", name, got.Demanded, err)
			}
			clock.Set(begin.Add(time.Second))
		}
		apptest.Clean(t, a)
	})
}

// At one moment a withdrawal and a hold: one of them gets through, and the other
// is told so.
func TestHoldAndWithdrawalAtOneMoment(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		for i := range 10 {
			given := apptest.Consent(t, a, org, apptest.Subject(t, a, org, i+1), "payment")
			var wg sync.WaitGroup
			var errHold, errWithdraw error
			wg.Go(func() { _, errHold = a.Consents.SetHold(t.Context(), given.ID, held(clock.Now().AddDate(1, 0, 0), 0)) })
			wg.Go(func() {
				_, errWithdraw = a.Consents.Withdraw(t.Context(), given.ID, consent.AllScopes, "", apptest.Person)
			})
			wg.Wait()
			c, err := a.Store.Consent(t.Context(), given.ID)
			must(t, err)
			switch {
			case errHold == nil && fault.Is(errWithdraw, "withdrawal-barred") && c.Status == consent.Active:
			case errWithdraw == nil && fault.Is(errHold, "consent-not-active") && c.Status == consent.Withdrawn:
			default:
				t.Errorf("hold %v, withdrawal %v, consent %s", errHold, errWithdraw, c.Status)
			}
		}
		apptest.Clean(t, a)
	})
}

// Another node put a new description in force, and this one does not know yet:
// holds, appeals and refusals go through all the same.
func TestHoldsUnderANewDescription(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		given := apptest.Consent(t, a, org, apptest.Subject(t, a, org, 1), "payment")
		other := apptest.Reopen(t, a)
		change := func(name string) {
			clock.Add(time.Second)
			apptest.Apply(t, other, strings.Replace(apptest.Bestam(t), "  - id: news ", "  - id: "+name+" ", 1))
		}
		change("tidings")
		h, err := a.Consents.SetHold(t.Context(), given.ID, held(clock.Now().AddDate(0, 1, 0), 0))
		must(t, err)
		change("notes")
		if _, err := a.Consents.Withdraw(t.Context(), given.ID, consent.AllScopes, "", apptest.Person); !fault.Is(err, "withdrawal-barred") {
			t.Fatal("the refusal: ", err)
		}
		change("tidings")
		_, err = a.Consents.AppealHold(t.Context(), h.ID, "paid", apptest.Person)
		must(t, err)
		change("notes")
		_, err = a.Consents.DecideHold(t.Context(), h.ID, true, "paid", verify.Actor{Kind: "authority"})
		must(t, err)
	})
}
