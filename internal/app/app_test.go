package app_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// The main job, thin: describe, register, consent, collect, view, withdraw,
// denied, verify.
func TestMainJob(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)
	a, err := app.Init(ctx, app.Config{Data: t.TempDir(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	text, err := os.ReadFile("../../examples/bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := register.Parse(text, a.Parties.Rules)
	if err != nil {
		t.Fatal(err)
	}
	system := verify.Actor{Kind: "system", ID: "test"}
	if _, err := a.Parties.Apply(ctx, system, d, true); err != nil {
		t.Fatal(err)
	}
	org, err := a.Parties.Organization(ctx, d.Organization.BIN)
	if err != nil {
		t.Fatal(err)
	}
	sub, created, err := a.Parties.Register(ctx, org, system, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.IIN, Value: "900101300017"}, {Kind: ident.Phone, Value: "8 701 111 22 33"}},
		Profile:     party.Profile{Name: "Асель Қайратқызы", Language: "kk"},
	})
	if err != nil || !created {
		t.Fatal(created, err)
	}
	again, created, err := a.Parties.Register(ctx, org, system, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.Phone, Value: "+77011112233"}},
	})
	if err != nil || created || again != sub {
		t.Fatal("a second registration is not the same subject", created, err)
	}
	c, err := a.Consents.Record(ctx, org, &consent.New{
		Subject: sub, Terms: consent.Terms{Purposes: []string{"contracts"}}, Proof: consent.Proof{Channel: "form"}, Actor: system,
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(action register.Action, values map[string]json.RawMessage) *gate.Answer {
		t.Helper()
		ans, err := a.Guard.Access(ctx, &gate.Ask{
			Request: gate.Request{Action: action, Purpose: "contracts", Categories: []string{"name", "phone"}},
			Holder:  org, Asker: org, Subject: sub, Actor: system, Values: values,
		})
		if err != nil {
			t.Fatal(err)
		}
		return ans
	}
	if ans := ask(register.Collect, map[string]json.RawMessage{"name": []byte(`"Асель"`), "phone": []byte(`"87011112233"`)}); !ans.Permit {
		t.Fatal(ans.Codes())
	}
	ans := ask(register.View, nil)
	if !ans.Permit || string(ans.Data["phone"]) != `"+77011112233"` {
		t.Fatal(ans.Codes(), ans.Data)
	}
	p, err := ans.Landed.Promise(a.Keys.Log)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(a.Keys.Checker); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Consents.Withdraw(ctx, c.ID, consent.AllScopes, "enough", verify.Actor{Kind: "subject"}); err != nil {
		t.Fatal(err)
	}
	if ans := ask(register.View, nil); ans.Permit || ans.Data != nil {
		t.Fatal("permitted after the withdrawal")
	} else if ans.Codes()[0].String() != "consent-withdrawn" {
		t.Fatal(ans.Codes())
	}
	if _, err := a.Sealer.Step(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := a.Audit(ctx, nil)
	if err != nil || len(r.Findings) > 0 {
		t.Fatal(err, r)
	}
	t.Log(r.Entries, r.Size)
	rec, err := a.Journal.Receipt(ctx, journalOf(org), ans.ID)
	if err != nil {
		t.Fatal(err)
	}
	if e, _, err := rec.Check(a.Keys.Checker); err != nil || e.Decision != "permit" {
		t.Fatal(e, err)
	}
}

func journalOf(o *party.Organization) journal.Filter { return journal.Filter{Org: o.ID} }
