package gate_test

import (
	"maps"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/depersonal"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
)

// visit is what a visitor did on a site.
const visit = `{"section": "catalogue", "device": "phone", "pages": 12, "visitor": "8c1f77aa"}`

// groups is the depersonalised data as the store has it, small groups too.
func (d *desk) groups(purpose string) []depersonal.Group {
	d.t.Helper()
	all, err := d.Store.Depersonalised(d.t.Context(), d.org.ID, purpose)
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

// counted checks that one person was counted in with these cells.
func (d *desk) counted(purpose, month string, want depersonal.Cells) {
	d.t.Helper()
	all := d.groups(purpose)
	if len(all) != 1 || all[0].People != 1 || all[0].Month != month || !maps.Equal(all[0].Cells, want) {
		d.t.Fatalf("%s: counted in as %+v", purpose, all)
	}
}

// act is the newest act of destruction.
func (d *desk) act() *vault.Certificate {
	d.t.Helper()
	acts, err := d.Store.Destructions(d.t.Context(), d.org.Inside(d.sub), d.org.ID)
	if err != nil || len(acts) == 0 {
		d.t.Fatal(len(acts), err)
	}
	c, err := vault.OpenCertificate(acts[len(acts)-1], d.Keys.JWKS)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func (d *desk) visits() *consent.Consent {
	d.t.Helper()
	c := apptest.Consent(d.t, d.App, d.org, d.sub, "visit-statistics")
	d.permitted(d.ask(register.Collect, values("visit-data", visit), func(a *gate.Ask) { a.Purpose = "visit-statistics" }))
	return c
}

var phoneVisit = depersonal.Cells{"section": "catalogue", "device": "phone", "pages": "10-19"}

// When the storage term ends, what the purpose declares is counted in and the rest
// destroyed with its key, in one act.
//
// duty: P6.7, L1.7, P7.3, L18.1
func TestTheEndOfATermDepersonalises(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		c := d.visits()
		if _, err := d.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		d.clock.Add(364 * day)
		d.expire()
		d.holds("visit-data")
		if len(d.groups("visit-statistics")) > 0 {
			t.Fatal("counted in before the term is over")
		}
		d.clock.Add(3 * day)
		if !d.expire() {
			t.Fatal("nothing was due")
		}
		d.holds()
		d.counted("visit-statistics", depersonal.Month(d.clock.Now()), phoneVisit)
		act := d.act()
		if !act.Whole || act.Provision != "18(1)" || act.Method != "depersonalised then rows and data key deleted" ||
			len(act.Depersonalised) != 1 || act.Depersonalised[0].Purpose != "visit-statistics" || len(act.Depersonalised[0].Columns) != 3 {
			t.Fatalf("%+v", act.Destruction)
		}
		e := d.last()
		if e.Action != "depersonalise" || e.Decision != "" || e.Actor.Kind != "service" || e.Reasons[0].Code != "retention-over" || e.Categories[0] != "visit-data" {
			t.Fatalf("%+v", e.Entry)
		}
		h, err := d.Store.Holding(t.Context(), d.org.Inside(d.sub), d.org.ID)
		if err != nil || h.State != party.Destroyed || h.DataKey != nil {
			t.Fatalf("%+v %v", h, err)
		}
		if d.expire() {
			t.Fatal("there was more to do")
		}
		d.counted("visit-statistics", depersonal.Month(d.clock.Now()), phoneVisit)
	})
}

// Of the end of a relation too; what no column takes is destroyed without a trace.
//
// duty: L18.2, P6.7
func TestTheEndOfARelationDepersonalises(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`, "iin", `"`+apptest.IIN(1)+`"`, "phone", `"87011112233"`)))
		if _, err := d.Guard.EndRelation(t.Context(), d.org, d.org.Inside(d.sub), apptest.System, []string{"contracts"}, "act No 7"); err != nil {
			t.Fatal(err)
		}
		d.clock.Set(d.clock.Now().AddDate(3, 0, 1))
		d.expire()
		d.holds()
		d.counted("contracts", "2026-11", depersonal.Cells{"born": "female, 1950s"})
		if act := d.act(); len(act.Categories) != 3 || len(act.Depersonalised[0].Columns) != 1 {
			t.Fatalf("%+v", act.Destruction)
		}
	})
}

// What leaves nothing is destroyed as before, and says so.
func TestWithoutARuleDataIsDestroyed(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(d *desk){
		"no rule": func(d *desk) {
			c := apptest.Consent(d.t, d.App, d.org, d.sub, "news")
			d.permitted(d.ask(register.Collect, values("email", `"a@example.kz"`), func(a *gate.Ask) { a.Purpose = "news" }))
			d.withdraw(c)
		},
		"no column says anything": func(d *desk) {
			c := apptest.Consent(d.t, d.App, d.org, d.sub, "visit-statistics")
			d.permitted(d.ask(register.Collect, values("visit-data", `"12 pages"`), func(a *gate.Ask) { a.Purpose = "visit-statistics" }))
			d.withdraw(c)
		},
		"the subject forbids it": func(d *desk) {
			c := d.visits()
			if _, err := d.Guard.SetBan(d.t.Context(), d.org, d.org.Inside(d.sub), apptest.Person, gate.Ban{Actions: []register.Action{register.Depersonalise}}); err != nil {
				d.t.Fatal(err)
			}
			d.withdraw(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachDesk(t, func(t *testing.T, d *desk) {
				before(d)
				d.clock.Add(400 * day)
				d.expire()
				d.holds()
				if e, act := d.last(), d.act(); e.Action != "destroy" || len(act.Depersonalised) > 0 || act.Method != "rows and data key deleted" {
					t.Fatalf("%s, %+v", e.Action, act.Destruction)
				}
				if len(d.groups("visit-statistics")) > 0 {
					t.Fatal("something is left")
				}
			})
		})
	}
}

func (d *desk) withdraw(c *consent.Consent) {
	d.t.Helper()
	if _, err := d.Consents.Withdraw(d.t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
		d.t.Fatal(err)
	}
}

// While data is blocked it is not depersonalised (Art. 1(3)).
//
// duty: L1.3
func TestBlockedDataIsNotDepersonalised(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		c := d.visits()
		d.permitted(d.ask(register.Block, categoriesOf()))
		d.denied(d.visitAsk(register.Depersonalise), "data-blocked")
		d.withdraw(c)
		d.clock.Add(400 * day)
		d.expire()
		d.holds("visit-data")
		if len(d.groups("visit-statistics")) > 0 {
			t.Fatal("counted in while it was blocked")
		}
		d.permitted(d.ask(register.Unblock, categoriesOf()))
		d.expire()
		d.counted("visit-statistics", depersonal.Month(d.clock.Now()), phoneVisit)
	})
}

func (d *desk) visitAsk(action register.Action) *gate.Ask {
	return d.ask(action, categoriesOf("visit-data"), func(a *gate.Ask) { a.Purpose = "visit-statistics" })
}

// The act by itself: the gate decides by consent, the data goes, and what has no
// rule, or would leave nothing, stays as it was.
//
// duty: L17.1, L17.2, L1.12
func TestDepersonalise(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.denied(d.visitAsk(register.Depersonalise), "no-consent")
		d.visits()
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"Асыл"`)))
		d.denied(d.ask(register.Depersonalise, categoriesOf("name"), func(a *gate.Ask) { a.Purpose = "news" }), "action-undeclared")
		n := d.entries()
		for code, a := range map[string]*gate.Ask{
			"depersonal-nothing": d.ask(register.Depersonalise, categoriesOf("name")),
			"missing-field":      d.ask(register.Depersonalise, categoriesOf()),
		} {
			if _, err := d.Guard.Access(t.Context(), a); !fault.Is(err, code) || d.entries() != n {
				t.Fatalf("want %s, got %v", code, err)
			}
		}
		d.holds("name", "visit-data")
		ans := d.permitted(d.visitAsk(register.Depersonalise))
		d.holds("name")
		d.counted("visit-statistics", depersonal.Month(d.clock.Now()), phoneVisit)
		if ans.Destroyed == nil || ans.Destroyed.Whole || ans.Destroyed.Provision != "17(1)" || ans.Destroyed.Method != "depersonalised then rows deleted" {
			t.Fatalf("%+v", ans.Destroyed)
		}
		if e := d.last(); e.Action != "depersonalise" || e.Decision != "permit" {
			t.Fatalf("%+v", e.Entry)
		}
	})
}

// Who comes again adds a record and nobody to hide among.
//
// duty: L1.7
func TestWhoComesAgainCountsOnce(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		for range 3 { // all of it is destroyed each time, and the consent ends with it
			d.visits()
			d.permitted(d.visitAsk(register.Depersonalise))
			d.sub = apptest.Subject(t, d.App, d.org, 1)
		}
		all := d.groups("visit-statistics")
		if len(all) != 1 || all[0].Records != 3 || all[0].People != 1 {
			t.Fatalf("%+v", all)
		}
	})
}

// A subject's demand to destroy leaves depersonalised data only where that is asked
// for, the purpose is research and the edition lets it; what was decided is a
// destruction, and can be explained as one.
//
// duty: P6.7, L17.1
func TestDemandMayLeaveDepersonalisedData(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.visits()
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("iin", `"`+apptest.IIN(1)+`"`)))
		demand := func(categories ...string) *gate.Ask {
			return d.ask(register.Destroy, categoriesOf(categories...), func(a *gate.Ask) {
				a.Purpose, a.Ground, a.Document, a.Instead = "", law.Provision("24(1)4"), "request 1", true
			})
		}
		if _, err := d.Guard.Access(t.Context(), demand("iin")); !fault.Is(err, "depersonal-nothing") {
			t.Fatalf("contracts are no research: %v", err)
		}
		d.holds("iin", "visit-data")
		ans := d.permitted(demand("visit-data"))
		d.holds("iin")
		d.counted("visit-statistics", depersonal.Month(d.clock.Now()), phoneVisit)
		if ans.Destroyed.Provision != "24(1)4" {
			t.Fatalf("%+v", ans.Destroyed)
		}
		e := d.last()
		if e.Action != "depersonalise" || e.Decision != "permit" {
			t.Fatalf("%+v", e.Entry)
		}
		r, err := d.Guard.Replay(t.Context(), d.Journal, d.org, ans.ID)
		if err != nil || !r.Agrees || r.Facts.Action != register.Destroy {
			t.Fatalf("%+v %v", r, err)
		}
	})
}

// Reading what is depersonalised needs no consent and leaves an entry; a small
// group, and the month that is not over, are not given out.
//
// duty: L17.1, L1.7
func TestStatistics(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.clock.Set(time.Date(2023, 11, 27, 6, 0, 0, 0, time.UTC))
		for n := 2; n <= 7; n++ {
			d.sub = apptest.Subject(t, d.App, d.org, n)
			apptest.Consent(t, d.App, d.org, d.sub, "visit-statistics")
			v := visit
			if n == 7 {
				v = `{"section": "help", "device": "tablet", "pages": 100}`
			}
			d.permitted(d.ask(register.Collect, values("visit-data", v), func(a *gate.Ask) { a.Purpose = "visit-statistics" }))
			d.permitted(d.visitAsk(register.Depersonalise))
		}
		read := func() *depersonal.Released {
			t.Helper()
			n := d.entries()
			r, entry, err := d.Guard.Statistics(t.Context(), d.org, "visit-statistics", apptest.System)
			if err != nil || d.entries() != n+1 {
				t.Fatal(err)
			}
			_, e, err := d.Journal.One(t.Context(), journal.Filter{Org: d.org.ID}, entry)
			if err != nil || e.Action != "depersonalised.read" || e.Purpose != "visit-statistics" || e.Ground.Provision != "17(1)" || !e.Subject.IsZero() {
				t.Fatalf("%+v %v", e, err)
			}
			return r
		}
		if r := read(); len(r.Groups) > 0 || r.Withheld != 6 {
			t.Fatalf("before the month is over: %+v", r)
		}
		d.clock.Set(time.Date(2023, 12, 1, 6, 0, 0, 0, time.UTC))
		if r := read(); len(r.Groups) != 1 || r.Groups[0].Records != 5 || !maps.Equal(r.Groups[0].Cells, phoneVisit) || r.Withheld != 1 || r.Until != "2023-11" {
			t.Fatalf("%+v", r)
		}
		by := account.Caller{Token: ident.NewID(d.clock.Now()), Role: account.Authority, Org: d.org.ID}
		o, err := d.Orders.Issue(t.Context(), by, &order.New{Organization: d.org.BIN, Kind: order.Suspend, Content: order.Content{Document: "акт 1"}})
		if err == nil {
			_, err = d.Orders.Execute(t.Context(), by, o.ID, &order.Report{})
		}
		if err != nil {
			t.Fatal(err)
		}
		stale := d.org
		d.org = apptest.Org(t, d.App, "")
		for _, o := range []*party.Organization{d.org, stale} { // what another node had in memory before
			d.tick()
			if _, _, err := d.Guard.Statistics(t.Context(), o, "visit-statistics", apptest.System); !fault.Is(err, "depersonal-denied") {
				t.Fatal(err)
			}
			if e := d.last(); e.Action != "depersonalised.read" || e.Decision != "deny" || e.Reasons[0].Code != "organization-suspended" {
				t.Fatalf("%+v", e.Entry)
			}
		}
		if _, _, err := d.Guard.Statistics(t.Context(), d.org, "nothing", apptest.System); !fault.Is(err, "purpose-unknown") {
			t.Fatal(err)
		}
	})
}
