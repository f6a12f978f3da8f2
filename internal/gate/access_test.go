package gate_test

import (
	"encoding/json"
	"fmt"
	"maps"
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
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// desk is an operator at work with one subject.
type desk struct {
	*app.App
	t     *testing.T
	clock *apptest.Clock
	org   *party.Organization
	sub   ident.ID
}

func eachDesk(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		d := &desk{App: a, t: t, clock: clock, org: org, sub: apptest.Subject(t, a, org, 1)}
		test(t, d)
		if !t.Failed() {
			apptest.Clean(t, a)
		}
	})
}

// ask is about name and phone for contracts, unless changed.
func (d *desk) ask(action register.Action, change ...func(*gate.Ask)) *gate.Ask {
	a := &gate.Ask{
		Request: gate.Request{Action: action, Purpose: "contracts", Categories: []string{"name", "phone"}},
		Holder:  d.org, Asker: d.org, Subject: d.sub, Actor: apptest.System,
	}
	for _, c := range change {
		c(a)
	}
	return a
}

func categoriesOf(list ...string) func(*gate.Ask) { return func(a *gate.Ask) { a.Categories = list } }

func values(pairs ...string) func(*gate.Ask) {
	return func(a *gate.Ask) {
		a.Categories, a.Values = nil, map[string]json.RawMessage{}
		for i := 0; i < len(pairs); i += 2 {
			a.Values[pairs[i]] = json.RawMessage(pairs[i+1])
		}
	}
}

func (d *desk) access(a *gate.Ask) *gate.Answer {
	d.t.Helper()
	d.tick()
	ans, err := d.Guard.Access(d.t.Context(), a)
	if err != nil {
		d.t.Fatal(err)
	}
	return ans
}

func (d *desk) permitted(a *gate.Ask) *gate.Answer {
	d.t.Helper()
	ans := d.access(a)
	if !ans.Permit {
		d.t.Fatalf("%s is denied: %v", a.Action, ans.Codes())
	}
	return ans
}

func (d *desk) denied(a *gate.Ask, code string) {
	d.t.Helper()
	ans := d.access(a)
	if ans.Permit || ans.Codes()[0].String() != code {
		d.t.Fatalf("%s: permit %v for %v, want denied for %s", a.Action, ans.Permit, ans.Codes(), code)
	}
	if ans.Data != nil || ans.Destroyed != nil {
		d.t.Fatal("a refusal with data")
	}
}

// view is what can be seen, by category.
func (d *desk) view(change ...func(*gate.Ask)) string {
	d.t.Helper()
	ans := d.permitted(d.ask(register.View, change...))
	var out []string
	for _, c := range slices.Sorted(maps.Keys(ans.Data)) {
		out = append(out, c+"="+string(ans.Data[c]))
	}
	return strings.Join(out, " ")
}

// last is the newest entry of the subject, opened.
func (d *desk) last() *journal.Opened {
	d.t.Helper()
	_, list, err := d.Journal.List(d.t.Context(), journal.Filter{Org: d.org.ID, Limit: 1})
	if err != nil {
		d.t.Fatal(err)
	}
	return list[0]
}

// tick keeps entries in the order of time: their ids tell no less than a
// millisecond.
func (d *desk) tick() { d.clock.Add(time.Second) }

// duty: L1.12, P11
func TestDataComesInChangesAndIsSeen(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`, "phone", `"8 701 111 22 33"`)))
		if got := d.view(); got != `name="Асыл" phone="+77011112233"` {
			t.Fatal(got)
		}
		d.permitted(d.ask(register.Change, values("name", `"Асыл Т."`)))
		d.permitted(d.ask(register.Supplement, values("employer", `{"bin":"150940018738"}`)))
		if got := d.view(categoriesOf("employer", "iin", "name")); got != `employer={"bin":"150940018738"} name="Асыл Т."` {
			t.Fatal(got)
		}
		if got := d.view(categoriesOf("phone")); got != `phone="+77011112233"` {
			t.Fatal(got)
		}
		for name, c := range map[string]struct {
			ask         *gate.Ask
			field, code string
		}{
			"change what is not there":   {d.ask(register.Change, values("education", `"x"`)), "values.education", "value-absent"},
			"supplement what is there":   {d.ask(register.Supplement, values("name", `"x"`)), "values.name", "value-present"},
			"collect nothing":            {d.ask(register.Collect), "values", "missing-field"},
			"collect null":               {d.ask(register.Collect, values("name", " null ")), "values.name", "missing-field"},
			"a phone that is none":       {d.ask(register.Collect, values("phone", `"12"`)), "values.phone", "phone-length"},
			"a phone that is a number":   {d.ask(register.Collect, values("phone", `77011112233`)), "values.phone", "wrong-type"},
			"too much":                   {d.ask(register.Collect, values("name", `"`+strings.Repeat("a", 64<<10)+`"`)), "values.name", "too-long"},
			"a value that nobody asked":  {d.ask(register.Collect, values("name", `"x"`), categoriesOf("phone")), "values", "value-not-asked"},
			"a category without a value": {d.ask(register.Collect, values("name", `"x"`), categoriesOf("name", "phone")), "values.phone", "missing-field"},
			"values to look at":          {d.ask(register.View, values("name", `"x"`)), "values", "values-unexpected"},
			"look at nothing":            {d.ask(register.View, categoriesOf()), "categories", "missing-field"},
		} {
			_, err := d.Guard.Access(t.Context(), c.ask)
			var f *fault.Error
			if !fault.Is(err, c.code) || !asFault(err, &f) || f.Field != c.field || f.Kind != fault.Invalid {
				t.Errorf("%s: %v, want %s at %s", name, err, c.code, c.field)
			}
		}
	})
}

func asFault(err error, to **fault.Error) bool {
	f, ok := err.(*fault.Error) //nolint:errorlint // the very error is looked at
	*to = f
	return ok
}

// duty: L1.3
func TestBlockedDataRests(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`, "phone", `"87011112233"`)))
		d.permitted(d.ask(register.Block, categoriesOf()))
		d.denied(d.ask(register.View), "data-blocked")
		d.denied(d.ask(register.Change, values("name", `"x"`)), "data-blocked")
		d.denied(d.ask(register.Destroy, categoriesOf()), "data-blocked")
		d.permitted(d.ask(register.Unblock, categoriesOf()))
		if got := d.view(); got != `name="Асыл" phone="+77011112233"` {
			t.Fatal(got)
		}
	})
}

// duty: L18.1
func TestDestroyedDataIsGone(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		c := apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`, "phone", `"87011112233"`)))
		d.permitted(d.ask(register.Change, values("name", `"Асыл Т."`)))
		ans := d.permitted(d.ask(register.Destroy, categoriesOf("phone")))
		if a := ans.Destroyed; a == nil || a.Whole || a.Versions != 1 || !slices.Equal(a.Categories, []string{"phone"}) {
			t.Fatalf("act %+v", ans.Destroyed)
		}
		if got := d.view(); got != `name="Асыл Т."` {
			t.Fatal(got)
		}
		ans = d.permitted(d.ask(register.Destroy, categoriesOf()))
		if a := ans.Destroyed; a == nil || !a.Whole || a.Versions != 2 || a.Entry != ans.ID {
			t.Fatalf("act %+v", ans.Destroyed)
		}
		var act verify.Signed
		if err := json.Unmarshal(ans.Destroyed.Signed, &act); err != nil {
			t.Fatal(err)
		}
		if err := act.Check(d.Keys.JWKS); err != nil || act.Type != verify.TypeDestruction {
			t.Fatal(act.Type, err)
		}
		d.denied(d.ask(register.View), "data-destroyed")
		if own, err := d.Guard.OwnData(t.Context(), d.org.Inside(d.sub), d.org.ID, apptest.Person); err != nil || own.Permit {
			t.Fatal("own data of what is destroyed: ", err)
		}
		if got, err := d.Store.Consent(t.Context(), c.ID); err != nil || got.Status != consent.Ended {
			t.Fatal(got, err)
		}
		again := apptest.Subject(t, d.App, d.org, 1)
		if again != d.sub {
			t.Fatal("another id for the same person")
		}
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		if got := d.view(); got != "" {
			t.Fatal("came back: ", got)
		}
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`)))
	})
}

// duty: L25.2.9
func TestSubjectSeesOwnDataWhateverHolds(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		c := apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`)))
		if _, err := d.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		d.permitted(d.ask(register.Block, categoriesOf()))
		own, err := d.Guard.OwnData(t.Context(), d.org.Inside(d.sub), d.org.ID, apptest.Person)
		if err != nil || !own.Permit || string(own.Data["name"]) != `"Асыл"` {
			t.Fatal(own, err)
		}
	})
}

// A third party is the recipient of what it asks for, whatever it says.
//
// duty: L7.6
func TestThirdPartyIsTheRecipient(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		bank := apptest.Apply(t, d.App, bankOf("180340022918"))
		other := apptest.Apply(t, d.App, bankOf("140440000041"))
		c, err := d.Consents.Record(t.Context(), d.org, &consent.New{
			Subject: d.sub, Terms: consent.Terms{Purposes: []string{"payment"}, ThirdParties: []string{bank.BIN}},
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		})
		if err != nil {
			t.Fatal(err)
		}
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`), func(a *gate.Ask) { a.Purpose = "payment" }))
		from := func(asker *party.Organization) *gate.Ask {
			return d.ask(register.View, categoriesOf("name"), func(a *gate.Ask) {
				a.Purpose, a.Asker, a.Subject = "payment", asker, asker.Outside(d.org.Inside(d.sub))
			})
		}
		ans := d.permitted(from(bank))
		if e := d.last(); e.Recipient != bank.BIN || ans.Consent != c.ID || string(ans.Data["name"]) != `"Асыл"` {
			t.Fatalf("journaled as handed to %q", e.Recipient)
		}
		d.denied(from(other), "not-covered")
		posing := from(other)
		posing.Recipient = bank.BIN
		d.denied(posing, "not-covered")
	})
}

func bankOf(bin string) string {
	return fmt.Sprintf(`organization:
  bin: %q
  name: {kk: Банк, ru: Банк, en: Bank}
  roles: [third-party]
  sector: private
`, bin)
}

// Where a declared recipient sits abroad, the border is crossed, whether the
// caller says so or not.
//
// duty: L16.3.1
func TestDeclaredRecipientAbroadIsAbroad(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		text := strings.Replace(apptest.Bestam(t), "en: Example Payment Organization LLP\n        country: KZ", "en: Example Payment Organization LLP\n        country: DE", 1)
		d.org = apptest.Apply(t, d.App, text)
		if _, err := d.Consents.Record(t.Context(), d.org, &consent.New{
			Subject: d.sub, Terms: consent.Terms{Purposes: []string{"payment"}, ThirdParties: []string{"180340022918"}},
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		}); err != nil {
			t.Fatal(err)
		}
		for _, country := range []string{"", "KZ"} {
			d.denied(d.ask(register.Transfer, func(a *gate.Ask) { a.Purpose, a.Recipient, a.Country = "payment", "180340022918", country }), "not-covered")
			if e := d.last(); e.Country != "DE" {
				t.Fatalf("journaled as sent to %q", e.Country)
			}
		}
	})
}

// Every decision is an entry, permit and deny alike, that says what was asked
// and why it was answered so.
//
// duty: L5
func TestDecisionIsJournaled(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		c := apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		ask := d.ask(register.Use, func(a *gate.Ask) {
			a.Base, a.Reference, a.Actor = "site", "case 7", verify.Actor{Kind: "person", ID: "staff-3"}
		})
		d.tick()
		ans, err := d.Guard.Decide(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		e := d.last()
		if ident.ID(e.ID) != ans.ID || e.Decision != "permit" || ident.ID(e.Consent) != c.ID || e.Action != "use" || e.Purpose != "contracts" ||
			e.Base != "site" || e.Reference != "case 7" || e.Actor.ID != "staff-3" || e.Organization != d.org.BIN || ident.ID(e.Subject) != d.sub ||
			e.Edition != "2023-04" || e.Register != 1 || e.At != d.clock.Now().UnixMilli() || e.Reasons[0].Code != "consent" ||
			!slices.Equal(e.Reasons[0].Provisions, []string{"7(1)", "10(1)"}) {
			t.Fatalf("entry %+v", e.Entry)
		}
		d.tick()
		ask.Purpose = "fun"
		if _, err := d.Guard.Decide(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		if e := d.last(); e.Decision != "deny" || e.Purpose != "fun" || e.Reasons[0].Code != "purpose-undeclared" || !e.Consent.IsZero() {
			t.Fatalf("entry %+v", e.Entry)
		}
		_, err = d.Guard.Decide(t.Context(), &gate.Ask{Request: ask.Request, Holder: d.org, Asker: d.org, Subject: ident.NewID(d.clock.Now())})
		if !fault.Is(err, "subject-unknown") {
			t.Fatalf("a made-up subject: %v", err)
		}
	})
}

func TestBatchIsJournaledEachApart(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		asks := []*gate.Ask{d.ask(register.Use), d.ask(register.Use, func(a *gate.Ask) { a.Purpose = "news" }), d.ask(register.Use)}
		all, err := d.Guard.DecideAll(t.Context(), asks)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{true, false, true} {
			if all[i].Permit != want {
				t.Errorf("decision %d: permit %v", i, all[i].Permit)
			}
			p, err := all[i].Landed.Promise(d.Keys.Log)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(d.Keys.Checker); err != nil {
				t.Errorf("decision %d: %v", i, err)
			}
			if _, err := d.Store.Entry(t.Context(), journal.Filter{Org: d.org.ID}, all[i].ID); err != nil {
				t.Errorf("decision %d: %v", i, err)
			}
		}
		before := d.entries()
		asks[1].Subject = ident.NewID(d.clock.Now())
		if _, err := d.Guard.DecideAll(t.Context(), asks); !fault.Is(err, "subject-unknown") {
			t.Fatal(err)
		}
		if d.entries() != before {
			t.Error("part of a batch that failed landed")
		}
	})
}

func (d *desk) entries() int {
	d.t.Helper()
	rows, err := d.Store.Entries(d.t.Context(), journal.Filter{Org: d.org.ID, Limit: 10_000})
	if err != nil {
		d.t.Fatal(err)
	}
	return len(rows)
}

// What is cached is never decided on once it changed, whoever changed it.
func TestCachedFactsAreCheckedAtTheWrite(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		c := apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`)))
		d.view()
		b := apptest.Reopen(t, d.App) // another node
		if _, err := b.Consents.Pause(t.Context(), c.ID, apptest.Person); err != nil {
			t.Fatal(err)
		}
		d.denied(d.ask(register.View), "consent-paused")
		if _, err := b.Consents.Resume(t.Context(), c.ID, apptest.Person); err != nil {
			t.Fatal(err)
		}
		d.view()
		text := strings.Replace(apptest.Bestam(t), "categories: [name, iin, email, phone,", "categories: [name, iin, email,", 1)
		apptest.Apply(t, b, text) // the other node's operator needs the phone no more
		d.denied(d.ask(register.View), "category-excessive")
		if _, err := d.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		d.denied(d.ask(register.View, categoriesOf("name")), "consent-withdrawn")
	})
}
