package demo

import (
	"context"

	"kelisim/internal/consent"
	"kelisim/internal/locale"
)

// asks puts a question that nobody has answered yet: it waits in the cabinet, and at
// the console of who asks.
func (t *tie) asks(ctx context.Context, m *moment) error {
	_, _, err := m.consents.Ask(ctx, t.org, t.org, &consent.NewRequest{
		Subject: t.id, Actor: staff("manager-2"),
		Ask: consent.Asked{
			Terms:    consent.Terms{Purposes: []string{"inform", "payment"}, ThirdParties: []string{recipient(t.org, "payment")}},
			Optional: []string{"phone"}, Until: m.now.AddDate(1, 0, 0),
		},
		Message: map[locale.Lang]string{
			locale.KK: "Шарт бойынша төлем мерзімі жақындағанда хабарлап тұрайық па?",
			locale.RU: "Напоминать ли вам, когда подходит срок оплаты по договору?",
			locale.EN: "Shall we remind you when a payment under the contract is due?",
		}[t.p.language],
	})
	return pass(err)
}

// holds names what stands against taking the consent to a contract back (Art. 8(2)).
func (t *tie) holds(ctx context.Context, m *moment) error {
	_, err := m.consents.SetHold(ctx, t.consents["contracts"], &consent.NewHold{
		HoldNote: consent.HoldNote{
			Obligation: map[locale.Lang]string{
				locale.KK: "Шарт бойынша қызмет әлі көрсетіліп жатыр",
				locale.RU: "Услуги по договору ещё оказываются",
				locale.EN: "Services under the contract are still being rendered",
			}[t.p.language],
			Document: "№ 4100",
		},
		Until: m.now.AddDate(0, 3, 0), Actor: staff("officer"),
	})
	return pass(err)
}
