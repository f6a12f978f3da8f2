package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/party"
	"kelisim/internal/policy"
	"kelisim/internal/register"
)

// held is what bars a withdrawal, as the subject reads it.
type held struct {
	ID     ident.ID
	Status consent.HoldStatus
	Until  time.Time
	Set    time.Time
	What   []string // that cannot be taken back; empty: all but publication
	// Demanded: a withdrawal was refused for it, so that an appeal carries one on.
	Demanded bool
	At       time.Time // of the appeal, zero for none
	Moved    time.Time // into the status
	consent.HoldNote
	Due time.Time // of the decision on its appeal; zero where no term runs
}

// Bars reports whether it stands against a withdrawal now.
func (h held) Bars() bool { return h.Status != consent.HoldLifted && h.Status != consent.HoldOver }

// Open reports whether it can be appealed.
func (h held) Open() bool { return h.Status == consent.HoldActive }

func (p *Pages) heldOf(v *visit, c *consent.Consent, reg *register.Register) ([]held, error) {
	list, err := p.Consents.HoldsOf(v.Context(), c.ID)
	if err != nil {
		return nil, err
	}
	var out []held
	for i := range list {
		n, err := p.Consents.HoldNote(v.Context(), &list[i])
		if err != nil {
			return nil, err
		}
		h := held{ID: list[i].ID, Status: list[i].StatusAt(p.Now()), Until: list[i].Until, Set: list[i].Set, HoldNote: *n}
		h.What, h.Demanded, h.At, h.Moved = whatHeld(v, &list[i], reg), !list[i].Demanded.IsZero(), list[i].Appealed, list[i].Moved
		owed, err := p.Consents.DueOf(v.Context(), &list[i])
		if err != nil {
			return nil, err
		}
		if owed != nil {
			h.Due = owed.Due
		}
		out = append(out, h)
	}
	slices.SortStableFunc(out, func(x, y held) int { // what still bars first
		switch {
		case x.Bars() == y.Bars():
			return 0
		case x.Bars():
			return -1
		}
		return 1
	})
	return out, nil
}

// whatHeld is what a hold bars, in words; empty for all that one may bar.
func whatHeld(v *visit, h *consent.Hold, reg *register.Register) []string {
	if reg == nil { // ids stand where names would
		reg = &register.Register{}
	}
	var out []string
	if h.Scopes != consent.Holdable {
		out = each(h.Scopes.Names(), func(s string) string { return locale.Text(v.Lang, "scope."+s) })
	}
	for _, id := range h.Purposes {
		out = append(out, locale.Text(v.Lang, "page.part.purpose", "name", purposeName(reg, v.Lang, id)))
	}
	return out
}

// ownHold is a hold on a consent of the subject. One on another consent is not told
// from one that does not exist.
func (p *Pages) ownHold(v *visit) (*consent.Consent, *consent.Hold, error) {
	c, err := p.own(v)
	if err != nil {
		return nil, nil, err
	}
	id, err := ident.ParseID(v.PathValue("hold"))
	if err != nil {
		return nil, nil, errAbsent
	}
	h, err := p.Store.Hold(v.Context(), id)
	if err == nil && h.Consent != c.ID {
		err = errAbsent
	}
	return c, h, err
}

func (p *Pages) holdFile(w http.ResponseWriter, v *visit) error {
	_, h, err := p.ownHold(v)
	if err != nil {
		return err
	}
	return p.sendHoldFile(w, v, h)
}

func (p *Pages) appealHold(w http.ResponseWriter, v *visit) error {
	c, h, err := p.ownHold(v)
	if err != nil {
		return err
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	if _, err := p.Consents.AppealHold(v.Context(), h.ID, v.PostFormValue("reason"), by); err != nil {
		return err
	}
	return see(w, v, v.to("/me/consents/"+c.ID.String(), "done", "appealed"))
}

// refusedHeld leads a withdrawal that something bars back to the page that names
// it.
func (p *Pages) refusedHeld(w http.ResponseWriter, v *visit, c *consent.Consent, err error) error {
	var b *consent.BarredError
	if errors.As(err, &b) {
		return see(w, v, v.to("/me/consents/"+c.ID.String(), "barred", b.Hold.ID.String()))
	}
	return err
}

// narrow keeps what is left ticked.
func (p *Pages) narrow(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	if err := v.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "bad-request")
	}
	form := v.PostForm
	stay := &consent.Part{
		Purposes: chosen(form["purpose"]), Categories: chosen(form["data"]), ThirdParties: chosen(form["recipient"]), Countries: chosen(form["country"]),
		Scopes: c.Scopes,
	}
	if c.Scopes&consent.Transfer == 0 { // taken back already, and not in the form
		stay.ThirdParties = nil
	}
	if c.Scopes&consent.CrossBorder == 0 {
		stay.Countries = nil
	}
	if form.Get("public") == "" {
		stay.Scopes &^= consent.PublicSources
	}
	if stay.Until, err = endOfDay(form.Get("until")); err != nil {
		return err
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	if _, err := p.Consents.Narrow(v.Context(), c.ID, stay, by); err != nil {
		return p.refusedHeld(w, v, c, err)
	}
	p.settle(v, c.Org)
	return see(w, v, v.to("/me/consents/"+c.ID.String(), "done", "narrowed"))
}

func (p *Pages) extend(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	until, err := endOfDay(v.PostFormValue("until"))
	if err != nil {
		return err
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	if _, err := p.Consents.Extend(v.Context(), c.ID, until, by); err != nil {
		return err
	}
	return see(w, v, v.to("/me/consents/"+c.ID.String(), "done", "extended"))
}

// endOfDay is when a day of a form is over, zero for none.
func endOfDay(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, s, locale.Zone())
	if err != nil {
		return day, fault.Bad("until", "bad-date")
	}
	return day.AddDate(0, 0, 1), nil
}

// part is a choice of what to take back: its value in the form and its words.
type part struct{ Value, Text string }

// partsOf are the parts of a consent that can be taken back apart from the whole.
func partsOf(v *visit, c *consent.Consent, reg *register.Register) []part {
	if c.Scopes&consent.Process == 0 {
		return nil
	}
	var out []part
	add := func(value, key string, args ...any) {
		out = append(out, part{value, locale.Text(v.Lang, key, args...)})
	}
	for _, scope := range (c.Scopes &^ consent.Process).Names() {
		add(scope, "page.withdraw.only."+scope)
	}
	for _, x := range []struct {
		what string
		ids  []string
		open bool
		name func(id string) string
	}{
		{"purpose", c.Terms.Purposes, true, func(id string) string { return purposeName(reg, v.Lang, id) }},
		{"recipient", c.Terms.ThirdParties, c.Scopes&consent.Transfer != 0, func(bin string) string { return recipientName(reg, v.Lang, c.Terms.Purposes, bin) }},
		{"country", c.Terms.Countries, c.Scopes&consent.CrossBorder != 0, func(code string) string { return notify.Country(v.Lang, code) }},
	} {
		for _, id := range x.ids {
			if x.open && len(x.ids) > 1 { // one alone is the scope, or the whole
				add(x.what+":"+id, "page.withdraw.only."+x.what, "name", x.name(id))
			}
		}
	}
	return out
}

// chosenPart reads a choice of partsOf.
func chosenPart(value string) (consent.Part, error) {
	var p consent.Part
	what, id, single := strings.Cut(value, ":")
	switch {
	case value == "":
		return p, errChoice
	case value == "process":
		p.Scopes = consent.AllScopes
	case !single:
		scopes, err := consent.ParseScopes([]string{value})
		if err != nil {
			return p, errChoice
		}
		p.Scopes = scopes
	case what == "purpose":
		p.Purposes = []string{id}
	case what == "recipient":
		p.ThirdParties = []string{id}
	case what == "country":
		p.Countries = []string{id}
	default:
		return p, errChoice
	}
	return p, nil
}

// goes is a purpose that no withdrawal stops.
type goes struct{ Purpose, Provision, Document string }

func byLawOf(v *visit, c *consent.Consent, o *party.Organization) []goes {
	var out []goes
	for _, g := range c.ByLaw(o.Register) {
		out = append(out, goes{purposeName(o.Register, v.Lang, g.Purpose), g.Provision, g.Document})
	}
	return out
}

// after is what a withdrawal stopped and what goes on by law, for who comes back to
// see it.
type after struct {
	Stopped []string // empty: the whole
	Kept    []kept
	ByLaw   []goes
}

// afterOf names what was taken out as it was called when it was given, and what goes
// on as the description in force has it.
func afterOf(v *visit, c *consent.Consent, now, given *register.Register) *after {
	e := c.Newest(now)
	if e == nil {
		return nil
	}
	out := &after{Stopped: partNames(v, &e.Part, slices.Concat(c.Terms.Purposes, e.Purposes), given)}
	for _, g := range e.GoesOn {
		if g.Retention == "" {
			out.ByLaw = append(out.ByLaw, goes{purposeName(now, v.Lang, g.Purpose), g.Provision, g.Document})
		} else if p := now.Purpose(g.Purpose); p != nil {
			out.Kept = append(out.Kept, kept{p.Name.In(v.Lang), policy.Period(v.Lang, p.Retention)})
		}
	}
	return out
}

// terms are what a narrowing form offers.
type ticks struct {
	Purposes, Data, Recipients, Countries []option
	Public                                bool
}

func ticksOf(v *visit, c *consent.Consent, reg *register.Register) ticks {
	t := ticks{
		Purposes: options(c.Terms.Purposes, func(id string) string { return purposeName(reg, v.Lang, id) }),
		Data:     options(c.Terms.Categories, func(id string) string { return categoryName(reg, v.Lang, id) }),
		Public:   c.Scopes&consent.PublicSources != 0,
	}
	if c.Scopes&consent.Transfer != 0 {
		t.Recipients = options(c.Terms.ThirdParties, func(bin string) string { return recipientName(reg, v.Lang, c.Terms.Purposes, bin) })
	}
	if c.Scopes&consent.CrossBorder != 0 {
		t.Countries = options(c.Terms.Countries, func(code string) string { return notify.Country(v.Lang, code) })
	}
	return t
}

// Any reports whether there is anything to take out but the whole.
func (t ticks) Any() bool {
	return len(t.Purposes) > 1 || len(t.Data) > 1 || len(t.Recipients)+len(t.Countries) > 0 || t.Public
}

var doneThings = []string{"withdrawn", "part", "paused", "resumed", "narrowed", "extended", "appealed"}

func doneOf(v *visit) string {
	if done := v.URL.Query().Get("done"); slices.Contains(doneThings, done) {
		return done
	}
	return ""
}
