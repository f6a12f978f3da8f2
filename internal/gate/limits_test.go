package gate_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/term"
	"kelisim/verify"
)

var subject = verify.Actor{Kind: "subject"}

// A ban of the subject holds from the next decision on, shows in the journal,
// and ends when it is lifted.
func TestBanHoldsUntilLifted(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		inside := d.org.Inside(d.sub)
		d.permitted(d.ask(register.Use))
		d.tick()
		b, err := d.Guard.SetBan(t.Context(), d.org, inside, subject, gate.Ban{Actions: []register.Action{register.Use}, Categories: []string{"phone"}})
		if err != nil {
			t.Fatal(err)
		}
		if e := d.last(); e.Action != "ban.set" || e.Detail != "use" || e.Actor.Kind != "subject" {
			t.Fatalf("the journal says %+v", e.Entry)
		}
		d.denied(d.ask(register.Use), "not-covered")
		d.permitted(d.ask(register.Use, categoriesOf("name")))
		d.permitted(d.ask(register.View))
		if list, err := d.Guard.Bans(t.Context(), d.org, inside); err != nil || len(list) != 1 || list[0].ID != b.ID {
			t.Fatalf("bans %+v: %v", list, err)
		}
		d.tick()
		if err := d.Guard.LiftBan(t.Context(), d.org, inside, subject, b.ID); err != nil {
			t.Fatal(err)
		}
		d.permitted(d.ask(register.Use))
		if err := d.Guard.LiftBan(t.Context(), d.org, inside, subject, b.ID); !fault.Is(err, "ban-unknown") {
			t.Fatalf("lifted twice: %v", err)
		}
	})
}

// What names nothing of the register is refused, and so is a ban on a duty.
func TestBanNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		for code, b := range map[string]gate.Ban{
			"ban-duty":        {Actions: []register.Action{register.Block}},
			"category-absent": {Categories: []string{"shoes"}},
			"purpose-unknown": {Purposes: []string{"fun"}},
		} {
			if _, err := d.Guard.SetBan(t.Context(), d.org, d.org.Inside(d.sub), subject, b); !fault.Is(err, code) {
				t.Errorf("%+v: %v, want %s", b, err, code)
			}
		}
	})
}

// What one organization was told of a person counts for it alone. Whoever is
// found again goes on where the consents stood; those of the dead have ended.
//
// duty: L7.2
func TestPersonsStateCountsWhereItWasTold(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		given := apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.View))
		inside := d.org.Inside(d.sub)
		if err := d.Guard.SetPerson(t.Context(), d.org, inside, apptest.System, party.Missing, ""); !fault.Is(err, "missing-field") {
			t.Fatalf("without a document: %v", err)
		}
		for _, state := range []string{party.Missing, party.DeclaredDead, party.Alive, party.Deceased} {
			if err := d.Guard.SetPerson(t.Context(), d.org, inside, apptest.System, state, "решение 7"); err != nil {
				t.Fatal(err)
			}
			if state == party.Alive {
				d.permitted(d.ask(register.View))
				continue
			}
			d.denied(d.ask(register.View), "subject-deceased")
			d.permitted(d.ask(register.View, func(a *gate.Ask) { a.Ground, a.Document = "9(10)", "закон о наследстве" }))
		}
		if err := d.Guard.SetPerson(t.Context(), d.org, inside, apptest.System, party.Alive, "отмена решения"); err != nil {
			t.Fatal(err)
		}
		d.denied(d.ask(register.View), "no-consent")
		if c, err := d.Store.Consent(t.Context(), given.ID); err != nil || c.Status != consent.Ended {
			t.Fatalf("the consent is %s (%v)", c.Status, err)
		}
	})
}

// Undertakings on file open restricted data to a person of the staff, from the
// next decision on, until they end.
//
// duty: L11.2
func TestUndertakingOpens(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		desc := *d.org.Register.Description
		desc.Organization.Undertakings = true
		if _, err := d.Parties.Apply(t.Context(), apptest.System, &desc, true); err != nil {
			t.Fatal(err)
		}
		d.org = apptest.Org(t, d.App, "")
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		clerk := func(a *gate.Ask) { a.Actor = verify.Actor{Kind: "person", ID: "clerk-7"} }
		d.denied(d.ask(register.View, clerk), "no-undertaking")
		d.permitted(d.ask(register.View))
		until := d.clock.Now().Add(time.Hour)
		if err := d.Parties.File(t.Context(), d.org, apptest.System, party.NewUndertaking{Actor: "clerk-7", Document: "обязательство 7", Until: until}); err != nil {
			t.Fatal(err)
		}
		d.permitted(d.ask(register.View, clerk))
		d.denied(d.ask(register.View, func(a *gate.Ask) { a.Actor = verify.Actor{Kind: "person", ID: "clerk-8"} }), "no-undertaking")
		d.clock.Add(time.Hour)
		d.denied(d.ask(register.View, clerk), "no-undertaking")
		list, err := d.Parties.Undertakings(t.Context(), d.org)
		if err != nil || len(list) != 1 || list[0].Actor != "clerk-7" || list[0].Document != "обязательство 7" {
			t.Fatalf("on file: %+v (%v)", list, err)
		}
	})
}

// What the administrator sets about a foreign state counts from the next
// decision on, with its dates.
//
// duty: L16.2, L16.4
func TestCountriesAreDated(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		court := func(a *gate.Ask) {
			a.Purpose, a.Categories = "", []string{"name"}
			a.Ground, a.Document, a.Recipient, a.Country = "9(10)", "закон", "140440000041", "DE"
		}
		d.denied(d.ask(register.Transfer, court), "country-unprotected")
		admin := verify.Actor{Kind: "person", ID: "admin"}
		c, err := d.Parties.SetCountry(t.Context(), admin, party.NewCountry{Code: "de", Protects: true, Document: "перечень 1"})
		if err != nil {
			t.Fatal(err)
		}
		d.permitted(d.ask(register.Transfer, court))
		if _, err := d.Parties.SetCountry(t.Context(), admin, party.NewCountry{
			Code: "DE", Forbidden: true, Categories: []string{"name"}, From: d.clock.Now().Add(time.Hour), Document: "закон 2",
		}); err != nil {
			t.Fatal(err)
		}
		d.permitted(d.ask(register.Transfer, court))
		d.clock.Add(time.Hour)
		d.denied(d.ask(register.Transfer, court), "country-forbidden")
		if err := d.Parties.EndCountry(t.Context(), admin, c.ID); err != nil {
			t.Fatal(err)
		}
		d.tick()
		ans := d.access(d.ask(register.Transfer, court))
		if len(ans.Codes()) != 2 {
			t.Fatalf("after both: %v", ans.Codes())
		}
		for code, bad := range map[string]party.NewCountry{
			"country-home":   {Code: "KZ", Protects: true, Document: "x"},
			"country-either": {Code: "US", Document: "x"},
			"missing-field":  {Code: "US", Protects: true},
		} {
			if _, err := d.Parties.SetCountry(t.Context(), admin, bad); !fault.Is(err, code) {
				t.Errorf("%+v: %v, want %s", bad, err, code)
			}
		}
	})
}

// Data past its term of storage is refused from that moment on, before anybody
// destroys it.
//
// duty: L12.2a
func TestRetentionOverIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.permitted(d.ask(register.Collect, values("name", `"A"`, "phone", `"+77011112233"`)))
		all, err := d.Store.Consents(t.Context(), consent.Filter{Subject: d.org.Inside(d.sub), Org: d.org.ID})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Consents.Withdraw(t.Context(), all[0].ID, consent.AllScopes, "", subject); err != nil {
			t.Fatal(err)
		}
		d.expire()
		law := func(a *gate.Ask) { a.Ground, a.Document = "9(10)", "закон" }
		d.permitted(d.ask(register.View, law))
		d.clock.Add(20 * 366 * 24 * time.Hour)
		d.denied(d.ask(register.View, law), "retention-over")
		d.permitted(d.ask(register.Destroy))
	})
}

// Whatever was decided is replayed as it was, though everything has changed
// since: consents, blocks, bans, the person, the description.
func TestReplayAgreesWithTheJournal(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		inside := d.org.Inside(d.sub)
		var ids []ident.ID
		note := func(a *gate.Ask) { ids = append(ids, d.access(a).ID) }
		court := func(a *gate.Ask) { a.Ground, a.Document, a.Reference = "9(10)", "закон", "дело 1" }
		note(d.ask(register.View))
		d.tick()
		apptest.Consent(t, d.App, d.org, d.sub, "contracts")
		d.tick()
		note(d.ask(register.Collect, values("name", `"A"`)))
		note(d.ask(register.View))
		note(d.ask(register.View, court))
		note(d.ask(register.View, func(a *gate.Ask) { a.Purpose = "news" }))
		note(d.ask(register.View, func(a *gate.Ask) { a.FromBase = "attic" }))
		note(d.ask(register.View, categoriesOf("name", "salary")))
		must(t, d.step(func(ctx context.Context) error {
			_, err := d.Guard.SetBan(ctx, d.org, inside, subject, gate.Ban{Categories: []string{"name"}})
			return err
		}))
		note(d.ask(register.View))
		bans, err := d.Guard.Bans(t.Context(), d.org, inside)
		must(t, err)
		must(t, d.step(func(ctx context.Context) error { return d.Guard.LiftBan(ctx, d.org, inside, subject, bans[0].ID) }))
		note(d.ask(register.View))
		note(d.ask(register.Block))
		note(d.ask(register.View))
		note(d.ask(register.Unblock))
		note(d.ask(register.View))
		must(t, d.step(func(ctx context.Context) error {
			return d.Guard.SetPerson(ctx, d.org, inside, apptest.System, party.Missing, "решение")
		}))
		note(d.ask(register.View))
		must(t, d.step(func(ctx context.Context) error {
			return d.Guard.SetPerson(ctx, d.org, inside, apptest.System, party.Alive, "отмена")
		}))
		all, err := d.Store.Consents(t.Context(), consent.Filter{Subject: inside, Org: d.org.ID})
		must(t, err)
		must(t, d.step(func(ctx context.Context) error {
			_, err := d.Consents.Pause(ctx, all[0].ID, subject)
			return err
		}))
		note(d.ask(register.View))
		must(t, d.step(func(ctx context.Context) error {
			_, err := d.Consents.Withdraw(ctx, all[0].ID, consent.AllScopes, "", subject)
			return err
		}))
		note(d.ask(register.View))
		note(d.ask(register.Destroy))
		note(d.ask(register.View))
		for i, id := range ids {
			r, err := d.Guard.Replay(t.Context(), d.Journal, d.org, id)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Agrees {
				got := gate.Decide(r.Facts)
				t.Errorf("decision %d: the journal says %s %v, the replay %v", i, r.Entry.Decision, r.Entry.Reasons, got.Codes())
			}
		}
		if _, err := d.Guard.Replay(t.Context(), d.Journal, d.org, ident.NewID(d.Now())); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an entry that is not there: %v", err)
		}
	})
}

func (d *desk) step(do func(context.Context) error) error {
	d.tick()
	err := do(d.t.Context())
	d.tick()
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A transfer that the terms with the subject say will be told sets the term of
// Art. 19(1) running: ten working days, which land with the entry.
//
// duty: L19.1
func TestTransferIsToldInItsTerm(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		desc := *d.org.Register.Description
		desc.Purposes = slices.Clone(desc.Purposes)
		for i := range desc.Purposes {
			desc.Purposes[i].NotifyTransfer = true
		}
		if _, err := d.Parties.Apply(t.Context(), apptest.System, &desc, true); err != nil {
			t.Fatal(err)
		}
		d.org = apptest.Org(t, d.App, "")
		bank := d.org.Register.Purpose("payment").Recipients[0].BIN
		if _, err := d.Consents.Record(t.Context(), d.org, &consent.New{
			Subject: d.sub, Terms: consent.Terms{Purposes: []string{"payment"}, ThirdParties: []string{bank}},
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		}); err != nil {
			t.Fatal(err)
		}
		transfer := func() *gate.Ask {
			return d.ask(register.Transfer, func(a *gate.Ask) { a.Purpose, a.Categories, a.Recipient = "payment", []string{"name"}, bank })
		}
		d.tick()
		ans, err := d.Guard.Decide(t.Context(), transfer())
		if err != nil || !ans.Permit || len(ans.Owes) != 1 || ans.Owes[0].Provision != "19(1)" {
			t.Fatalf("%+v: %v", ans, err)
		}
		// Asked on Thursday 23 November 2023: ten working days end on 7 December.
		if day := ans.Owes[0].Due.In(locale.Zone()).Format(time.DateOnly); day != "2023-12-07" {
			t.Errorf("due on %s", day)
		}
		open, err := d.Terms.List(t.Context(), term.Filter{Org: d.org.ID, Status: term.Open, Limit: 10})
		if err != nil || len(open) != 1 || open[0].About.ID != ans.ID || open[0].Key != gate.TransferNotice {
			t.Fatalf("open terms %+v: %v", open, err)
		}
		if _, err := d.Guard.DecideAll(t.Context(), []*gate.Ask{transfer(), d.ask(register.View), transfer()}); err != nil {
			t.Fatal(err)
		}
		if open, err = d.Terms.List(t.Context(), term.Filter{Org: d.org.ID, Status: term.Open, Limit: 10}); err != nil || len(open) != 3 {
			t.Errorf("%d open terms after a batch with two more: %v", len(open), err)
		}
	})
}
