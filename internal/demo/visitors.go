package demo

import (
	"context"
	"encoding/json"
	"fmt"

	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// visitors are people of whom the site knows a cookie and what they call themselves. They agreed
// to statistics the day before all begins, in a month that is over by now, and their
// visits were depersonalised the same day: that is what the console counts.
const visitors = 54

// visitors lets them come and go.
func (w *world) visitors(ctx context.Context, m *moment) error {
	for i := range visitors {
		id, _, err := m.parties.Register(ctx, w.bestam, system("site"), party.NewSubject{
			Identifiers: []party.Identifier{{Kind: "external", Value: fmt.Sprintf("cookie-%04d", 1000+7*i)}},
			Profile:     party.Profile{Name: fmt.Sprintf("Қонақ %d", 1+i)},
		})
		if err != nil {
			return err
		}
		if _, err := m.consents.Record(ctx, w.bestam, &consent.New{
			Subject: id, Actor: system("site"), Proof: consent.Proof{Channel: "form"}, Terms: consent.Terms{Purposes: []string{"visit-statistics"}},
		}); err != nil {
			return err
		}
		for _, action := range []register.Action{register.Collect, register.Depersonalise} {
			a := &gate.Ask{
				Holder: w.bestam, Asker: w.bestam, Subject: id, Actor: system("analytics"),
				Request: gate.Request{Base: "site", Action: action, Purpose: "visit-statistics", Categories: []string{"visit-data"}},
			}
			if action == register.Collect {
				a.Values = map[string]json.RawMessage{"visit-data": visitOf(uint32(i), 3+i/18)} //nolint:gosec // it is small
			}
			if _, err := m.guard.Access(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// visitOf is what a visitor did on the site, as its counter writes it.
func visitOf(bits uint32, pages int) json.RawMessage {
	sections := []string{"catalogue", "catalogue", "catalogue", "contracts", "contracts", "help"}
	devices := []string{"phone", "phone", "computer"}
	return fmt.Appendf(nil, `{"visitor":"%08x","section":%q,"device":%q,"pages":%d}`, bits, sections[bits%6], devices[bits/6%3], pages)
}
