package consent_test

import (
	"errors"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
)

// Whose word a proof is: Kelisim's where it saw it, the operator's where it was told,
// and nobody's where a signature of the past is spoken of and not shown.
//
// duty: L25.2.5, L31.3
func TestStanding(t *testing.T) {
	t.Parallel()
	eachAsker(t, func(t *testing.T, d *asker) {
		record := func(p consent.Proof) (*consent.Consent, error) {
			d.clock.Add(time.Second)
			return d.Consents.Record(t.Context(), d.org, newConsent(d.sub, func(n *consent.New) { n.Proof = p }))
		}
		standing := func(c *consent.Consent, err error) consent.Standing {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			v, err := d.Consents.View(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			return v.Evidence.Standing
		}
		for _, channel := range []string{"form", "paper", "email", consent.OneTime, "api"} {
			if s := standing(record(consent.Proof{Channel: channel})); s != consent.Stated {
				t.Errorf("%s, of an operator: %s", channel, s)
			}
		}
		var f *fault.Error
		if _, err := record(consent.Proof{Channel: consent.Signed}); !errors.As(err, &f) || f.Code != "signature-missing" || f.Field != "evidence.signature" {
			t.Errorf("a signature that was not shown: %v", err)
		}
		if _, err := record(consent.Proof{Channel: consent.Cabinet}); !errors.As(err, &f) || f.Code != "bad-enum" || f.Field != "evidence.channel" {
			t.Errorf("the cabinet, stated by an operator: %v", err)
		}

		r := d.asked(nil)
		d.show(r.ID, "ru")
		if s := standing(d.give(r.ID, consent.Choice{})); s != consent.Confirmed {
			t.Errorf("given here: %s", s)
		}

		before := newConsent(apptest.Subject(t, d.App, d.org, 2), func(n *consent.New) {
			n.Proof = consent.Proof{Channel: consent.Signed, Document: "ЭЦП, договор 7", Obtained: d.clock.Now().AddDate(-3, 0, 0)}
		})
		if ok, err := d.Consents.RecordEarlier(t.Context(), d.org, before); err != nil || !ok {
			t.Fatal(ok, err)
		}
		list, err := d.Store.Consents(t.Context(), consent.Filter{Subject: d.org.Inside(before.Subject)})
		if err != nil || len(list) != 1 {
			t.Fatal(len(list), err)
		}
		if s := standing(&list[0], nil); s != consent.Unproven {
			t.Errorf("a signature of the past: %s", s)
		}
	})
}

func TestCodeRules(t *testing.T) {
	t.Parallel()
	if err := consent.StandardCodes.Check(); err != nil {
		t.Error(err)
	}
	for _, r := range []consent.CodeRules{
		{}, {24 * time.Hour, 5, 5}, {time.Second, 5, 5}, {time.Minute, 1000, 5}, {time.Minute, 0, 5}, {time.Minute, 5, 1000}, {time.Minute, 5, -1},
	} {
		if err := r.Check(); err == nil {
			t.Errorf("%+v passes", r)
		}
	}
}
