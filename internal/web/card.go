package web

import (
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/represent"
)

// card is a consent as its subject reads it: who, for what, which data, until
// when, and the three things that are said even where the answer is no.
type card struct {
	ID         ident.ID
	Operator   locale.String
	BIN        string
	Status     consent.Status
	Purposes   []string
	Data       []string
	Given      time.Time
	Until      time.Time // zero: until the purposes are reached
	Ended      time.Time // zero: not
	Recipients []string
	Countries  []string
	Public     bool
	// What was agreed to and taken back since.
	TransferTaken, AbroadTaken, PublicTaken bool
	// For keeps links in the cabinet that the reader is in; MayWithdraw is false
	// for who acts for another without that scope.
	For         string
	MayWithdraw bool
}

func newCard(v *visit, c *consent.Consent, o *party.Organization, reg *register.Register, now time.Time) card {
	k := card{
		ID: c.ID, For: v.For(), MayWithdraw: v.way().May(represent.Withdraw), BIN: o.BIN, Status: c.StatusAt(now), Given: c.Given, Until: c.Until, Ended: c.EndedAt(now),
		Purposes: c.Terms.Purposes, Data: c.Terms.Categories, Recipients: c.Terms.ThirdParties,
		Countries: c.Terms.Countries, Public: c.Terms.PublicSources,
	}
	if k.open() {
		k.TransferTaken = c.Scopes&consent.Transfer == 0
		k.AbroadTaken = c.Scopes&consent.CrossBorder == 0
		k.PublicTaken = c.Scopes&consent.PublicSources == 0
	}
	if reg == nil {
		k.Operator = locale.String{RU: o.BIN}
		return k
	}
	k.Operator = reg.Name
	k.Purposes = each(c.Terms.Purposes, func(id string) string { return purposeName(reg, v.Lang, id) })
	k.Data = each(c.Terms.Categories, func(id string) string { return categoryName(reg, v.Lang, id) })
	k.Recipients = each(c.Terms.ThirdParties, func(bin string) string { return recipientName(reg, v.Lang, c.Terms.Purposes, bin) })
	return k
}

// open reports whether the consent still can be taken back.
func (k card) open() bool { return k.Status == consent.Active || k.Status == consent.Paused }

// Open is open for templates.
func (k card) Open() bool { return k.open() }

func each(ids []string, name func(string) string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = name(id)
	}
	return names
}

func purposeName(reg *register.Register, lang locale.Lang, id string) string {
	if p := reg.Purpose(id); p != nil {
		return p.Name.In(lang)
	}
	return id
}

func categoryName(reg *register.Register, lang locale.Lang, id string) string {
	if c, ok := reg.Category(id); ok {
		return c.Name.In(lang)
	}
	return id
}

func recipientName(reg *register.Register, lang locale.Lang, purposes []string, bin string) string {
	for _, id := range purposes {
		if p := reg.Purpose(id); p != nil && p.Recipient(bin) != nil {
			return p.Recipient(bin).Name.In(lang)
		}
	}
	return bin
}

// cards are all consents of the subject, newest first.
func (p *Pages) cards(v *visit) ([]card, error) {
	now := p.Now()
	all, err := p.Store.Consents(v.Context(), consent.Filter{Subject: v.Me, Orgs: v.way().Limits(), Now: now})
	if err != nil {
		return nil, err
	}
	out := make([]card, len(all))
	for i := range all {
		c := &all[i]
		o, err := p.Parties.ByID(v.Context(), c.Org)
		if err != nil {
			return nil, err
		}
		reg, err := p.registerOf(v.Context(), o, c.Register)
		if err != nil {
			return nil, err
		}
		out[i] = newCard(v, c, o, reg, now)
	}
	return out, nil
}
