package consent_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
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

var body = verify.Actor{Kind: "authority", ID: "1"}

// A decision for the subject does what was demanded, as far as the consent still has
// it and no other hold bars it: in one write, so that no power cut can part them.
//
// duty: L8.2
func TestLiftedAppealCarriesTheWithdrawalOut(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		until := clock.Now().AddDate(0, 6, 0)
		const bank = "180340022918"
		for _, c := range []struct {
			name    string
			demands []consent.Part
			also    *consent.NewHold // another hold that stands
			before  func(id ident.ID)
			by      verify.Actor
			appeal  bool
			status  consent.Status
			left    []string
		}{
			{name: "whole", demands: []consent.Part{{}}, by: body, appeal: true, status: consent.Withdrawn},
			{name: "by the operator itself", demands: []consent.Part{{}}, by: officer, appeal: true, status: consent.Withdrawn},
			{name: "without an appeal", demands: []consent.Part{{}}, by: officer, status: consent.Active, left: []string{"news", "payment"}},
			{name: "nothing was demanded", by: body, appeal: true, status: consent.Active, left: []string{"news", "payment"}},
			{name: "a purpose", demands: []consent.Part{{Purposes: []string{"news"}}}, by: body, appeal: true, status: consent.Active, left: []string{"payment"}},
			{name: "one purpose and the other", demands: []consent.Part{{Purposes: []string{"news"}}, {Purposes: []string{"payment"}}}, by: body, appeal: true, status: consent.Withdrawn},
			{name: "twice the same", demands: []consent.Part{{Purposes: []string{"news"}}, {Purposes: []string{"news"}}}, by: body, appeal: true, status: consent.Active, left: []string{"payment"}},
			{name: "another bars it too", demands: []consent.Part{{}}, also: held(until, 0), by: body, appeal: true, status: consent.Active, left: []string{"news", "payment"}},
			{name: "another bars something else", demands: []consent.Part{{Purposes: []string{"news"}}}, also: held(until, consent.Process, "payment"), by: body, appeal: true, status: consent.Active, left: []string{"payment"}},
			{name: "a sooner end", demands: []consent.Part{{Until: clock.Now().AddDate(0, 1, 0)}}, by: body, appeal: true, status: consent.Active, left: []string{"news", "payment"}},
			{name: "a sooner end that is past", demands: []consent.Part{{Until: clock.Now().Add(time.Hour)}}, before: func(ident.ID) { clock.Add(2 * time.Hour) }, by: body, appeal: true, status: consent.Withdrawn},
		} {
			given, err := a.Consents.Record(t.Context(), org, newConsent(sub, func(n *consent.New) {
				n.Terms.Purposes, n.Terms.ThirdParties = []string{"payment", "news"}, []string{bank}
			}))
			must(t, err)
			h, err := a.Consents.SetHold(t.Context(), given.ID, held(until, consent.Process))
			must(t, err)
			clock.Add(time.Second)
			for _, p := range c.demands {
				if _, err := a.Consents.WithdrawPart(t.Context(), given.ID, &consent.Demand{Part: p, Reason: "paid"}, apptest.Person); !fault.Is(err, "withdrawal-barred") {
					t.Fatalf("%s: %v", c.name, err)
				}
			}
			if c.also != nil {
				c.also.Actor = officer
				clock.Add(-time.Second) // named before the demand
				_, err := a.Consents.SetHold(t.Context(), given.ID, c.also)
				must(t, err)
				clock.Add(time.Second)
			}
			if c.appeal {
				_, err = a.Consents.AppealHold(t.Context(), h.ID, "", apptest.Person)
				must(t, err)
			}
			if c.before != nil {
				c.before(given.ID)
			}
			clock.Add(time.Second)
			if c.by == body {
				_, err = a.Consents.DecideHold(t.Context(), h.ID, true, "paid", c.by)
			} else {
				_, err = a.Consents.LiftHold(t.Context(), h.ID, "paid", c.by)
			}
			must(t, err)
			got, err := a.Store.Consent(t.Context(), given.ID)
			must(t, err)
			left := got.Terms.Purposes
			if got.Status == consent.Withdrawn {
				left = nil
			}
			if got.Status != c.status || !slices.Equal(left, c.left) {
				t.Errorf("%s: %s with %v, want %s with %v", c.name, got.Status, left, c.status, c.left)
			}
			if c.name == "a sooner end" && !got.Until.Equal(c.demands[0].Until) {
				t.Errorf("it ends %s", got.Until)
			}
			if got.Status == consent.Withdrawn && c.name == "whole" {
				p, err := a.Consents.Proof(t.Context(), got)
				if err != nil || !slices.Contains(p.Reasons, "paid") {
					t.Errorf("the subject's reason is gone: %v %v", p, err)
				}
			}
		}
		apptest.Clean(t, a)
	})
}

// The document of a hold is kept sealed, and comes back as it was.
func TestHoldDocument(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		given := apptest.Consent(t, a, org, apptest.Subject(t, a, org, 1), "payment")
		in := held(clock.Now().AddDate(0, 1, 0), 0)
		in.Scan = &consent.NewFile{Name: "Келісімшарт 7.pdf", Content: []byte("%PDF-1.7 x")}
		h, err := a.Consents.SetHold(t.Context(), given.ID, in)
		must(t, err)
		f, content, err := a.Consents.HoldFile(t.Context(), h)
		if err != nil || f.Name != "Келісімшарт 7.pdf" || f.Type != "application/pdf" || string(content) != "%PDF-1.7 x" {
			t.Errorf("%+v %q %v", f, content, err)
		}
		sealed, err := a.Store.HoldFile(t.Context(), h.Subject, h.ID)
		if err != nil || strings.Contains(string(sealed), "PDF") {
			t.Errorf("kept in the clear: %v", err)
		}
		none, err := a.Consents.SetHold(t.Context(), given.ID, held(clock.Now().AddDate(0, 1, 0), 0))
		must(t, err)
		if _, _, err := a.Consents.HoldFile(t.Context(), none); !fault.Is(err, "hold-file-absent") {
			t.Errorf("none was given: %v", err)
		}
		if _, err := a.Store.HoldFile(t.Context(), h.Subject, none.ID); !fault.Is(err, "hold-file-absent") {
			t.Errorf("none was given: %v", err)
		}
		apptest.Clean(t, a)
	})
}

// The authorised body sees what waits longest first, and opens nothing that nobody
// appealed; each opening is an entry.
//
// duty: L27-1.3, L27-1.conf
func TestAppealsInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		var ids []ident.ID
		for i := range 3 {
			given := apptest.Consent(t, a, org, apptest.Subject(t, a, org, i+1), "payment")
			clock.Add(time.Second)
			h, err := a.Consents.SetHold(t.Context(), given.ID, held(clock.Now().AddDate(0, 1, 0), 0))
			must(t, err)
			ids = append(ids, h.ID)
		}
		if _, err := a.Consents.ReviewHold(t.Context(), ids[0], body); !fault.Is(err, "hold-unknown") {
			t.Errorf("opened before an appeal: %v", err)
		}
		for _, i := range []int{2, 0} {
			clock.Add(time.Minute)
			_, err := a.Consents.AppealHold(t.Context(), ids[i], "paid", apptest.Person)
			must(t, err)
		}
		list, err := a.Store.Holds(t.Context(), consent.HoldFilter{All: true, Status: consent.HoldAppealed, Appealed: true, Oldest: true, Limit: 10})
		if err != nil || len(list) != 2 || list[0].ID != ids[2] || list[1].ID != ids[0] {
			t.Fatalf("%v %v", list, err)
		}
		before, err := a.Store.Entries(t.Context(), journal.Filter{Org: org.ID, Limit: 100})
		must(t, err)
		h, err := a.Consents.ReviewHold(t.Context(), ids[0], body)
		must(t, err)
		after, err := a.Store.Entries(t.Context(), journal.Filter{Org: org.ID, Limit: 100})
		if err != nil || len(after) != len(before)+1 || h.Status != consent.HoldAppealed {
			t.Errorf("%d entries after %d (%v), %s", len(after), len(before), err, h.Status)
		}
		if _, err := a.Consents.ReviewHold(t.Context(), ids[0], officer); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("reviewed by the operator: %v", err)
		}
		if _, err := a.Consents.ReplyHold(t.Context(), ids[1], "x", officer); !fault.Is(err, "hold-moved") {
			t.Errorf("an answer to no appeal: %v", err)
		}
		clock.Set(h.Until.Add(time.Hour))
		if h, err = a.Consents.ReviewHold(t.Context(), ids[0], body); err != nil || h.Status != consent.HoldAppealed || h.StatusAt(clock.Now()) != consent.HoldOver {
			t.Errorf("past its date: %+v %v", h, err)
		}
		apptest.Clean(t, a)
	})
}

// Both sides hear of what becomes of a hold: the officer by letter, the subject who
// confirmed an address too. What one did oneself one is not told of.
func TestHoldsAreTold(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	a.Outbox.Mail = true
	org := apptest.Apply(t, a, apptest.Bestam(t))
	sub := apptest.Subject(t, a, org, 1)
	given := apptest.Consent(t, a, org, sub, "payment")
	h, err := a.Consents.SetHold(t.Context(), given.ID, held(clock.Now().AddDate(0, 1, 0), 0))
	must(t, err)
	_, err = a.Consents.AppealHold(t.Context(), h.ID, "", apptest.Person)
	must(t, err)
	_, err = a.Consents.DecideHold(t.Context(), h.ID, false, "it is open", body)
	must(t, err)
	list, err := a.Store.Deliveries(t.Context(), outbox.Filter{About: h.ID, Limit: 10})
	must(t, err)
	var told []string
	for _, d := range list {
		told = append(told, d.Channel+" "+d.Event)
	}
	slices.Sort(told)
	if want := []string{"email hold.appealed", "email hold.upheld"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	for _, event := range []string{"set", "appealed", "upheld", "lifted"} {
		keys := []string{"event.hold." + event}
		if event != "appealed" {
			keys = append(keys, "letter.hold."+event, "letter.hold."+event+".subject", "sms.hold."+event)
		}
		if event != "set" {
			keys = append(keys, "letter.office.hold."+event, "letter.office.hold."+event+".subject")
		}
		for _, key := range keys {
			if !locale.Has(key) {
				t.Errorf("no text %s", key)
			}
		}
	}
}
