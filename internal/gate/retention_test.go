package gate_test

import (
	"slices"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

func (d *desk) holding() *party.Holding {
	d.t.Helper()
	h, err := d.Store.Holding(d.t.Context(), d.org.Inside(d.sub), d.org.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return h
}

// expire does what is due and checks that nothing is left to do after it.
func (d *desk) expire() (did bool) {
	d.t.Helper()
	inside := d.org.Inside(d.sub)
	did, err := d.Guard.Expire(d.t.Context(), inside, d.org.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	n := d.entries()
	if again, err := d.Guard.Expire(d.t.Context(), inside, d.org.ID); err != nil || again || d.entries() != n {
		d.t.Fatalf("done once more at the same moment: %v, %d more entries, %v", again, d.entries()-n, err)
	}
	return did
}

// stored lists the categories that have rows.
func (d *desk) stored() (out []string) {
	d.t.Helper()
	all, err := d.Store.Values(d.t.Context(), d.org.Inside(d.sub), d.org.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, v := range all {
		if !slices.Contains(out, v.Category) {
			out = append(out, v.Category)
		}
	}
	return out
}

func (d *desk) holds(want ...string) {
	d.t.Helper()
	if got := d.stored(); !slices.Equal(got, want) {
		d.t.Fatalf("holds %v at %s, want %v", got, d.clock.Now().Format(time.RFC3339), want)
	}
}

const day = 24 * time.Hour

// Data is destroyed by itself when the retention after the consent's end is
// over, each category by the longest need for it.
//
// duty: L12.2a, L18.1
func TestRetentionDestroysByItself(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.clock.Add(123456 * time.Nanosecond) // real clocks do not stop at milliseconds
		news := apptest.Consent(t, d.App, d.org, d.sub, "news")
		contracts := apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`, "phone", `"87011112233"`)))
		d.permitted(d.ask(register.Collect, values("email", `"a@example.kz"`), func(a *gate.Ask) { a.Purpose = "news" }))
		if at := d.holding().DestroyAt; !at.IsZero() {
			t.Fatalf("looked at %s, though both consents are open", at)
		}
		withdraw := func(c *consent.Consent) time.Time {
			t.Helper()
			d.clock.Add(day + time.Microsecond)
			if _, err := d.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
				t.Fatal(err)
			}
			d.expire()
			return d.clock.Now()
		}
		end := withdraw(contracts)
		d.holds("email", "name", "phone")
		d.clock.Set(end.AddDate(3, 0, 0).Add(-time.Millisecond))
		d.expire()
		d.holds("email", "name", "phone")
		d.clock.Set(end.AddDate(3, 0, 0).Add(time.Millisecond))
		if !d.expire() {
			t.Fatal("nothing was due")
		}
		d.holds("email", "name") // the news still need them
		end = withdraw(news)
		if at, want := d.holding().DestroyAt, end.AddDate(0, 0, 30); at.Sub(want).Abs() > time.Millisecond {
			t.Fatalf("looks again at %s, want %s", at, want)
		}
		d.clock.Set(end.AddDate(0, 0, 30).Add(time.Second))
		d.expire()
		d.holds()
		if h := d.holding(); h.State != party.Destroyed || h.DataKey != nil || !h.DestroyAt.IsZero() {
			t.Fatalf("left over: %+v", h)
		}
		acts, err := d.Store.Destructions(t.Context(), d.org.Inside(d.sub), d.org.ID)
		if err != nil || len(acts) != 2 {
			t.Fatal(len(acts), err)
		}
		if e := d.last(); e.Actor.Kind != "service" || e.Reasons[0].Code != "retention-over" {
			t.Fatalf("entry %+v", e.Entry)
		}
	})
}

// A consent past its term is written down as expired; retention starts there.
//
// duty: L8.4.3
func TestExpiredConsentIsWrittenDown(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		until := d.clock.Now().Add(10 * day)
		var given []*consent.Consent
		for _, purposes := range [][]string{ // as many as it takes to need more tries than a contended write has
			{"news", "inform"},
			{"news", "services"},
			{"news", "payment"},
			{"news", "contracts"},
			{"inform", "services"},
			{"news"},
			{"inform"},
			{"services"},
			{"payment"},
			{"contracts"},
		} {
			c, err := d.Consents.Record(t.Context(), d.org, &consent.New{
				Subject: d.sub, Terms: consent.Terms{Purposes: purposes}, Until: until,
				Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
			})
			if err != nil {
				t.Fatal(err)
			}
			given = append(given, c)
		}
		d.permitted(d.ask(register.Collect, values("email", `"a@example.kz"`), func(a *gate.Ask) { a.Purpose = "news" }))
		d.clock.Set(until.Add(-time.Millisecond))
		if d.expire() {
			t.Fatal("something was due before its time")
		}
		d.clock.Set(until)
		due, err := d.Store.DueHoldings(t.Context(), d.clock.Now(), 10)
		if err != nil || len(due) != 1 {
			t.Fatal(due, err)
		}
		if !d.expire() {
			t.Fatal("nothing was due")
		}
		for i, c := range given {
			if got, err := d.Store.Consent(t.Context(), c.ID); err != nil || got.Status != consent.Expired {
				t.Errorf("consent %d: %s (%v)", i, got.Status, err)
			}
		}
		d.holds("email")
		d.clock.Set(until.AddDate(5, 0, 0))
		d.expire()
		d.holds()
	})
}

// What became due while the data was blocked is destroyed once it is not.
func TestRetentionWaitsForTheBlockToBeLifted(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		c := apptest.Consent(t, d.App, d.org, d.sub, "news")
		d.permitted(d.ask(register.Collect, values("email", `"a@example.kz"`), func(a *gate.Ask) { a.Purpose = "news" }))
		if _, err := d.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		d.permitted(d.ask(register.Block, categoriesOf()))
		d.clock.Add(60 * day)
		d.expire()
		d.holds("email")
		d.permitted(d.ask(register.Unblock, categoriesOf()))
		due, err := d.Store.DueHoldings(t.Context(), d.clock.Now(), 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("%d holdings are due after the block, want this one (%v)", len(due), err)
		}
		d.expire()
		d.holds()
	})
}

// Data taken on a claimed ground has no consent that could end: it is kept for
// the retention of its purpose from its collection.
func TestRetentionOfDataOnAGround(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.permitted(d.ask(register.Collect, values("phone", `"87011112233"`), func(a *gate.Ask) { a.Ground, a.Document = "31(3)", "реестр" }))
		at := d.clock.Now()
		c := apptest.Consent(t, d.App, d.org, d.sub, "news")
		d.clock.Add(day)
		if _, err := d.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		d.expire()
		d.holds("phone")
		d.clock.Set(at.AddDate(3, 0, 0).Add(time.Second))
		due, err := d.Store.DueHoldings(t.Context(), d.clock.Now(), 10)
		if err != nil || len(due) != 1 {
			t.Fatal(due, err)
		}
		d.expire()
		d.holds()
	})
}

// When an organization's relation with a person ends for a purpose, its storage
// term begins; data without one is destroyed at once. A consent that goes on for
// something else is not cut.
//
// duty: L18.2
func TestTheEndOfARelationStartsRetention(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		apptest.Consent(t, d.App, d.org, d.sub, "news", "inform")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`, "phone", `"87011112233"`)))
		end := func(purposes ...string) (*party.Holding, error) {
			d.tick()
			return d.Guard.EndRelation(t.Context(), d.org, d.org.Inside(d.sub), apptest.System, purposes, "act No 7")
		}
		n := d.entries()
		for _, bad := range []struct {
			purposes []string
			code     string
		}{{nil, "missing-field"}, {[]string{"nothing"}, "purpose-unknown"}, {[]string{"news"}, "relation-wider"}} {
			if _, err := end(bad.purposes...); !fault.Is(err, bad.code) || d.entries() != n {
				t.Fatalf("%v: %v", bad.purposes, err)
			}
		}
		h, err := end("contracts")
		if err != nil || h.State != party.Held {
			t.Fatal(h, err)
		}
		ended := d.clock.Now()
		d.denied(d.ask(register.View, func(a *gate.Ask) { a.Categories = []string{"phone"} }), "not-covered")
		d.holds("name", "phone")
		d.clock.Set(ended.AddDate(3, 0, 0).Add(-time.Second))
		d.expire()
		d.holds("name", "phone")
		d.clock.Set(ended.AddDate(3, 0, 0).Add(time.Second))
		d.expire()
		d.holds("name") // the other consent goes on
		if _, err := end("news", "inform"); err != nil {
			t.Fatal(err)
		}
		d.clock.Add(366 * day)
		d.expire()
		d.holds()
	})
}
