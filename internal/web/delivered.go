package web

import (
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// confirmed is how far a party to a consent has been told of it.
type confirmed struct {
	Name  string
	State string // acknowledged, sent, waiting, failed; none: not connected; outside: not here
	At    time.Time
	Late  bool
}

// confirmations says of each party to a consent whether it knows the newest.
func (p *Pages) confirmations(v *visit, c *consent.Consent, holder *party.Organization, reg *register.Register) ([]confirmed, error) {
	told, err := p.Outbox.ToldOf(v.Context(), c.Subject, c.ID, holder, c.Terms.ThirdParties)
	if err != nil {
		return nil, err
	}
	var out []confirmed
	for _, t := range told {
		x := confirmed{State: string(t.Status), At: t.At, Late: t.Late}
		switch {
		case t.Org == nil:
			x.Name, x.State = recipientName(reg, v.Lang, c.Terms.Purposes, t.BIN), "outside"
		case x.State == "":
			x.Name, x.State = nameOf(t.Org).In(v.Lang), "none"
		default:
			x.Name = nameOf(t.Org).In(v.Lang)
		}
		out = append(out, x)
	}
	return out, nil
}

// overdue is something that an organization was told and has not acknowledged.
type overdue struct {
	Name    locale.String
	Event   string
	At, Due time.Time
	Again   bool // the officer was reminded more than once
}

// overdueMost is how many stand on the page of the day.
const overdueMost = 20

// overdues are what entries of the desk's organization were not acknowledged for.
func (p *Pages) overdues(v *visit) ([]overdue, error) {
	if p.Outbox == nil {
		return nil, nil
	}
	list, err := p.Outbox.List(v.Context(), outbox.Filter{Holder: v.Desk.Org.ID, LateAt: p.Now(), Limit: overdueMost})
	if err != nil {
		return nil, err
	}
	var out []overdue
	for i := range list {
		o, err := p.Parties.ByID(v.Context(), list[i].Org)
		if err != nil {
			return nil, err
		}
		out = append(out, overdue{nameOf(o), list[i].Event, list[i].At, list[i].Term, list[i].Escalated > 1})
	}
	return out, nil
}
