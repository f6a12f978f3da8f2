package consent_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/verify"
)

func newConsent(subject ident.ID, change func(*consent.New)) *consent.New {
	in := &consent.New{
		Subject: subject, Terms: consent.Terms{Purposes: []string{"payment"}}, Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
	}
	if change != nil {
		change(in)
	}
	return in
}

// What a consent cannot be is refused at its field, and leaves no trace.
func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	sub := apptest.Subject(t, a, org, 1)
	nameless, _, err := a.Parties.Register(t.Context(), org, apptest.System, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.External, Value: "7"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change      func(*consent.New)
		field, code string
	}{
		"no purpose":             {func(n *consent.New) { n.Terms.Purposes = nil }, "purposes", "missing-field"},
		"unknown purpose":        {func(n *consent.New) { n.Terms.Purposes = []string{"payment", "fun"} }, "purposes[1]", "purpose-unknown"},
		"category not needed":    {func(n *consent.New) { n.Terms.Categories = []string{"name", "iin"} }, "categories[1]", "category-not-needed"},
		"recipient not declared": {func(n *consent.New) { n.Terms.ThirdParties = []string{"140440000041"} }, "thirdParties[0]", "recipient-undeclared"},
		"country not declared":   {func(n *consent.New) { n.Terms.Countries = []string{"DE"} }, "countries[0]", "country-undeclared"},
		"publication undeclared": {func(n *consent.New) { n.Terms.PublicSources = true }, "publicSources", "publication-undeclared"},
		"over before it began":   {func(n *consent.New) { n.Until = clock.Now() }, "validUntil", "time-past"},
		"no channel":             {func(n *consent.New) { n.Proof.Channel = "" }, "evidence.channel", "bad-enum"},
		"obtained tomorrow":      {func(n *consent.New) { n.Proof.Obtained = clock.Now().Add(time.Hour) }, "evidence.obtained", "time-future"},
		"a hash that is none":    {func(n *consent.New) { n.Proof.TextHash = "sha256:12" }, "evidence.textHash", "text-hash"},
		"of nobody by name":      {func(n *consent.New) { n.Subject = nameless }, "name", "consent-name"},
		"of nobody":              {func(n *consent.New) { n.Subject = ident.NewID(clock.Now()) }, "", "subject-unknown"},
	} {
		_, err := a.Consents.Record(t.Context(), org, newConsent(sub, c.change))
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != c.code || f.Field != c.field {
			t.Errorf("%s: %v, want %s at %s", name, err, c.code, c.field)
		}
	}
	if all, err := a.Store.Consents(t.Context(), consent.Filter{Org: org.ID}); err != nil || len(all) > 0 {
		t.Errorf("%d consents stayed (%v)", len(all), err)
	}
}

// All eight elements of Art. 8(4) are in the receipt, in the language of the
// consent, and its signature holds.
//
// duty: L8.1, L8.4.1, L8.4.2, L8.4.3, L8.4.4, L8.4.5, L8.4.6, L8.4.7, L8.4.8, L25.2.5
func TestConsentHasAllElements(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		for _, lang := range locale.All {
			until := clock.Now().AddDate(1, 0, 0)
			c, err := a.Consents.Record(t.Context(), org, newConsent(sub, func(n *consent.New) {
				n.Language, n.Until, n.Name = lang, until, "Асыл Тест"
				n.Terms.ThirdParties, n.Terms.Categories = []string{"180340022918"}, []string{"phone", "name"}
				n.Proof = consent.Proof{Channel: "paper", Document: "№ 7", Other: map[string]string{"city": "Алматы"}}
			}))
			if err != nil {
				t.Fatal(err)
			}
			v, err := a.Consents.View(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			e := v.Elements
			if e.Operator.ID != org.BIN || e.Operator.Name != org.Register.Name.In(lang) || e.Subject.Name != "Асыл Тест" ||
				e.Term.From != c.Given || !e.Term.Until.Equal(until) || len(e.ThirdParties) != 1 || len(e.CrossBorder) != 0 || e.PublicSources ||
				len(e.Data) != 2 || e.Data[0].ID != "name" || e.Purposes[0].Name != org.Register.Purpose("payment").Name.In(lang) ||
				e.Other.Retention["payment"] != "P5Y" || e.Other.Extra["city"] != "Алматы" {
				t.Errorf("%s: elements %+v", lang, e)
			}
			for _, part := range []string{org.BIN, org.Register.Name.In(lang), e.Purposes[0].Name, e.Data[0].Name, e.ThirdParties[0].Name, locale.Date(lang, until)} {
				if !strings.Contains(v.Evidence.Text, part) {
					t.Errorf("%s: the text shown does not say %q", lang, part)
				}
			}
			if strings.Contains(v.Evidence.Text, "Асыл") {
				t.Errorf("%s: the text kept for everybody names somebody", lang)
			}
			file, err := a.Consents.Receipt(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			var signed verify.Signed
			if err := json.Unmarshal(file, &signed); err != nil {
				t.Fatal(err)
			}
			if err := signed.Check(a.Keys.JWKS); err != nil || signed.Type != verify.TypeConsentReceipt {
				t.Errorf("%s: %s %v", lang, signed.Type, err)
			}
			signed.Document = json.RawMessage(strings.Replace(string(signed.Document), "№ 7", "№ 8", 1))
			if signed.Check(a.Keys.JWKS) == nil {
				t.Errorf("%s: another document passes for the signed one", lang)
			}
		}
	})
}

// A consent to what another was to already takes its place.
func TestConsentSupersedes(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		var all []*consent.Consent
		for _, purposes := range [][]string{{"news"}, {"news", "inform"}, {"payment"}, {"inform", "news", "services"}} {
			clock.Add(time.Second)
			all = append(all, apptest.Consent(t, a, org, sub, purposes...))
		}
		for i, want := range []consent.Status{consent.Superseded, consent.Superseded, consent.Active, consent.Active} {
			c, err := a.Store.Consent(t.Context(), all[i].ID)
			if err != nil || c.Status != want {
				t.Errorf("consent %d is %s, want %s (%v)", i, c.Status, want, err)
			}
		}
		apptest.Clean(t, a)
	})
}

// Each step leaves its entry, with who did it; reasons stay sealed.
//
// duty: L24.1.5
func TestWithdrawnPausedResumed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		given, err := a.Consents.Record(t.Context(), org, newConsent(sub, func(n *consent.New) { n.Terms.ThirdParties = []string{"180340022918"} }))
		if err != nil {
			t.Fatal(err)
		}
		step := func(action, detail string, do func() (*consent.Consent, error)) *consent.Consent {
			t.Helper()
			clock.Add(time.Second)
			c, err := do()
			if err != nil {
				t.Fatalf("%s: %v", action, err)
			}
			stored, err := a.Store.Consent(t.Context(), c.ID)
			if err != nil || stored.Version != c.Version || stored.Status != c.Status {
				t.Fatalf("%s: stored %+v, answered %+v", action, stored, c)
			}
			_, list, err := a.Journal.List(t.Context(), journal.Filter{Org: org.ID, Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			e := list[0]
			if e.Action != action || e.Detail != detail || e.Actor != apptest.Person || ident.ID(e.Consent) != c.ID ||
				ident.ID(e.ID) != c.History[len(c.History)-1].Entry {
				t.Fatalf("%s: entry %+v", action, e.Entry)
			}
			return c
		}
		step("consent.pause", "", func() (*consent.Consent, error) { return a.Consents.Pause(t.Context(), given.ID, apptest.Person) })
		step("consent.resume", "", func() (*consent.Consent, error) { return a.Consents.Resume(t.Context(), given.ID, apptest.Person) })
		c := step("consent.withdraw", "transfer", func() (*consent.Consent, error) {
			return a.Consents.Withdraw(t.Context(), given.ID, consent.Transfer, "too many calls", apptest.Person)
		})
		if c.Status != consent.Active || c.Scopes != consent.Process {
			t.Fatalf("left with %s %v", c.Status, c.Scopes.Names())
		}
		c = step("consent.withdraw", "process", func() (*consent.Consent, error) {
			return a.Consents.Withdraw(t.Context(), given.ID, consent.AllScopes, "enough", apptest.Person)
		})
		p, err := a.Consents.Proof(t.Context(), c)
		if err != nil || !slices.Equal(p.Reasons, []string{"too many calls", "enough"}) || p.Channel != "form" {
			t.Fatalf("proof %+v: %v", p, err)
		}
		if _, err := a.Consents.Withdraw(t.Context(), given.ID, consent.AllScopes, "", apptest.Person); !fault.Is(err, "consent-not-active") {
			t.Fatalf("withdrawn twice: %v", err)
		}
		if _, err := a.Consents.Withdraw(t.Context(), given.ID, consent.AllScopes, strings.Repeat("x", 2001), apptest.Person); !fault.Is(err, "too-long") {
			t.Fatal(err)
		}
		apptest.Clean(t, a)
	})
}

// Another node put a new description in force, and this one does not know yet:
// a withdrawal goes through, and a consent is checked against what is in force.
func TestAnotherNodeChangedTheRegister(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		org := apptest.Org(t, a, "")
		sub := apptest.Subject(t, a, org, 1)
		c := apptest.Consent(t, a, org, sub, "news")
		other := apptest.Reopen(t, a)
		apptest.Apply(t, other, strings.Replace(apptest.Bestam(t), "  - id: news ", "  - id: tidings ", 1))
		if _, err := a.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal("the withdrawal: ", err)
		}
		apptest.Apply(t, other, apptest.Bestam(t))
		apptest.Apply(t, other, strings.Replace(apptest.Bestam(t), "  - id: news ", "  - id: tidings ", 1))
		_, err := a.Consents.Record(t.Context(), apptest.Org(t, a, ""), newConsent(sub, func(n *consent.New) { n.Terms.Purposes = []string{"news"} }))
		if !fault.Is(err, "purpose-unknown") {
			t.Fatalf("consent to a purpose that is in force no more: %v", err)
		}
	})
}

// A confirmation tells a third party that is named in the consent, for a
// quarter of an hour at most, and nobody else anything.
//
// duty: L10.4
func TestConfirmation(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	bank := apptest.Apply(t, a, strings.NewReplacer("150940018738", "180340022918", "180340022918", "140440000041").Replace(apptest.Bestam(t)))
	other := apptest.Apply(t, a, strings.Replace(apptest.Bestam(t), "150940018738", "140440000041", 1))
	sub := apptest.Subject(t, a, org, 1)
	c, err := a.Consents.Record(t.Context(), org, newConsent(sub, func(n *consent.New) {
		n.Terms.ThirdParties, n.Until = []string{bank.BIN}, clock.Now().Add(20*time.Minute)
	}))
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.Consents.Confirmation(t.Context(), c, bank)
	if err != nil {
		t.Fatal(err)
	}
	got, err := verify.OpenConfirmation(token, a.Keys.JWKS, clock.Now())
	if err != nil || got.Organization != org.BIN || !slices.Equal(got.Purposes, []string{"payment"}) || got.Consent != c.ID.String() {
		t.Fatalf("%+v: %v", got, err)
	}
	if got.Claims.Subject == sub.String() {
		t.Error("the bank sees the operator's id of the subject")
	}
	if _, err := verify.OpenConfirmation(token, a.Keys.JWKS, clock.Now().Add(17*time.Minute)); err == nil {
		t.Error("it outlives a quarter of an hour")
	}
	clock.Add(10 * time.Minute)
	token, err = a.Consents.Confirmation(t.Context(), c, bank)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.OpenConfirmation(token, a.Keys.JWKS, clock.Now().Add(12*time.Minute)); err == nil {
		t.Error("it outlives its consent")
	}
	if _, err := a.Consents.Confirmation(t.Context(), c, other); !fault.Is(err, "consent-unknown") {
		t.Errorf("a third party that is not named: %v", err)
	}
	w, err := a.Consents.Withdraw(t.Context(), c.ID, consent.Transfer, "", apptest.Person)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Consents.Confirmation(t.Context(), w, bank); !fault.Is(err, "consent-unknown") {
		t.Errorf("after the transfer was withdrawn: %v", err)
	}
	clock.Add(10 * time.Minute)
	if _, err := a.Consents.Confirmation(t.Context(), w, org); !fault.Is(err, "consent-not-active") {
		t.Errorf("past its term: %v", err)
	}
}

// A consent from before the organization came here is written down with its
// evidence, once, and never against what is known since.
//
// duty: L25.2.5
func TestRecordEarlier(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	sub := apptest.Subject(t, a, org, 1)
	day := func(n int) time.Time { return clock.Now().AddDate(0, 0, n).Truncate(24 * time.Hour) }
	bring := func(purpose, document string, on time.Time) bool {
		t.Helper()
		clock.Add(time.Second)
		made, err := a.Consents.RecordEarlier(t.Context(), org, newConsent(sub, func(n *consent.New) {
			n.Terms.Purposes, n.Proof = []string{purpose}, consent.Proof{Channel: "paper", Document: document, Obtained: on}
		}))
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	given := day(-900)
	if !bring("payment", "form 1", given) || bring("payment", "form 1", given) {
		t.Fatal("not once")
	}
	list, err := a.Store.Consents(t.Context(), consent.Filter{Subject: org.Inside(sub), Purpose: "payment"})
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	if p, err := a.Consents.Proof(t.Context(), &list[0]); err != nil || p.Document != "form 1" || p.Channel != "paper" || !p.Obtained.Equal(given) {
		t.Fatalf("%+v %v", p, err)
	}
	if bring("payment", "form 0", day(-1000)) {
		t.Error("an older one took the place of a later one")
	}
	if !bring("payment", "form 2", day(-800)) {
		t.Error("a later one was left out")
	}
	if bring("payment", "form 1", given) {
		t.Error("a superseded one came back")
	}
	list, err = a.Store.Consents(t.Context(), consent.Filter{Subject: org.Inside(sub), Purpose: "payment", Status: consent.Active, Now: clock.Now()})
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	if _, err := a.Consents.Withdraw(t.Context(), list[0].ID, consent.AllScopes, "", apptest.Person); err != nil {
		t.Fatal(err)
	}
	if bring("payment", "form 2", day(-800)) || bring("payment", "form 3", day(-10)) {
		t.Error("an old file brought back what was withdrawn")
	}
	if !bring("news", "form 4", day(-10)) {
		t.Error("a consent to another purpose was left out")
	}
}
