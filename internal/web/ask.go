package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// askPage is a question on one screen: who asks, what exactly, why, until when,
// and the three things that are said even where the answer is no.
type askPage struct {
	For        string
	ID         ident.ID
	Status     consent.RequestStatus
	Operator   locale.String
	BIN        string
	Asker      locale.String // where somebody else asks
	Message    string
	Purposes   []option
	Required   []option // data that the purposes cannot do without
	Optional   []option
	Recipients []option
	Countries  []option
	Public     bool
	Until      time.Time // zero: until the purposes are reached
	Expires    time.Time
	Ended      time.Time
	Consent    ident.ID
	Numbers    []int // one of which the clerk sees
	Text       *consent.Text
	Before     ident.ID // the consent that stands, where more is asked for than it gives
	Actions    []string // that the operator wants to do besides
	Renamed    []string
	More       bool
	NewPublic  bool
	Signs      bool   // an electronic signature can be given
	Codes      bool   // and a one-time code
	Least      string // the least evidence that is demanded: otp, signature
}

// option is something that can be taken out; New was not agreed to before.
type option struct {
	ID, Name string
	New      bool
}

// question is a request put to the subject. Another person's is not told from
// one that does not exist.
func (p *Pages) question(v *visit) (*consent.Request, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	r, err := p.Requests.Request(v.Context(), id)
	if err != nil {
		return nil, err
	}
	if r.Subject != v.Me || !v.way().Sees(r.Org) {
		return nil, errAbsent
	}
	return r, nil
}

func (p *Pages) ask(w http.ResponseWriter, v *visit) error {
	r, err := p.question(v)
	if err != nil {
		return err
	}
	by, err := p.acting(v, r.Org)
	if err != nil {
		return err
	}
	r, text, err := p.Consents.Show(v.Context(), r.ID, v.Lang, by)
	if err != nil {
		return err
	}
	o, err := p.Parties.ByID(v.Context(), r.Org)
	if err != nil {
		return err
	}
	reg, err := p.registerOf(v.Context(), o, r.Register)
	if err != nil {
		return err
	}
	note, err := p.Consents.Note(v.Context(), r)
	if err != nil {
		return err
	}
	b := newAskPage(v, r, o, reg, p.Now())
	b.Text, b.Message, b.Signs = text, note.Message, p.NCALayer != ""
	b.Least = consent.Least(reg, r.Ask.Purposes, r.Ask.Evidence)
	b.Codes = (p.Outbox.Mail || p.Outbox.SMS) && b.Least != register.BySignature
	if r.Asker != r.Org {
		third, err := p.Parties.ByID(v.Context(), r.Asker)
		if err != nil {
			return err
		}
		b.Asker = nameOf(third)
	}
	d, err := p.Consents.Difference(v.Context(), r)
	if err != nil {
		return err
	}
	b.mark(v, d, reg)
	return p.render(w, v, "ask", "home", b)
}

// mark marks what is new beside the consent that stands.
func (b *askPage) mark(v *visit, d *consent.Difference, reg *register.Register) {
	if d.Empty() || b.Status != consent.Pending {
		return
	}
	b.Before, b.More, b.NewPublic = d.Consent, d.More, d.Scopes&consent.PublicSources != 0
	for _, x := range []struct {
		list []option
		new  []string
	}{{b.Purposes, d.Purposes}, {b.Required, d.Categories}, {b.Optional, d.Categories}, {b.Recipients, d.ThirdParties}, {b.Countries, d.Countries}} {
		for i := range x.list {
			x.list[i].New = slices.Contains(x.new, x.list[i].ID)
		}
	}
	for _, a := range d.Actions {
		b.Actions = append(b.Actions, locale.Text(v.Lang, "page.ask.action",
			"action", locale.Text(v.Lang, "action."+a.Action.String()), "name", purposeName(reg, v.Lang, a.Purpose)))
	}
	for _, id := range d.Renamed {
		b.Renamed = append(b.Renamed, locale.Text(v.Lang, "page.ask.renamed", "name", purposeName(reg, v.Lang, id)))
	}
}

func newAskPage(v *visit, r *consent.Request, o *party.Organization, reg *register.Register, now time.Time) askPage {
	a := &r.Ask
	b := askPage{
		For: v.For(), ID: r.ID, Status: r.StatusAt(now), Operator: nameOf(o), BIN: o.BIN, Until: a.Until, Expires: r.Expires, Ended: r.Ended,
		Consent: r.Consent, Numbers: a.Choices, Public: a.PublicSources,
		Purposes:   options(a.Purposes, func(id string) string { return purposeName(reg, v.Lang, id) }),
		Recipients: options(a.ThirdParties, func(bin string) string { return recipientName(reg, v.Lang, a.Purposes, bin) }),
		Countries:  options(a.Countries, func(code string) string { return code }),
	}
	for _, id := range a.Categories {
		if name := categoryName(reg, v.Lang, id); slices.Contains(a.Optional, id) {
			b.Optional = append(b.Optional, option{ID: id, Name: name})
		} else {
			b.Required = append(b.Required, option{ID: id, Name: name})
		}
	}
	return b
}

func options(ids []string, name func(string) string) []option {
	out := make([]option, len(ids))
	for i, id := range ids {
		out[i] = option{ID: id, Name: name(id)}
	}
	return out
}

func nameOf(o *party.Organization) locale.String {
	if o.Register == nil {
		return locale.String{KK: o.BIN, RU: o.BIN, EN: o.BIN}
	}
	return o.Register.Name
}

// answer gives, as much as the subject left in, or refuses.
func (p *Pages) answer(w http.ResponseWriter, v *visit) error {
	r, err := p.question(v)
	if err != nil {
		return err
	}
	if err := v.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "bad-request")
	}
	by, err := p.acting(v, r.Org)
	if err != nil {
		return err
	}
	switch v.PostFormValue("answer") {
	case "refuse":
		_, err = p.Consents.Refuse(v.Context(), r.ID, v.PostFormValue("reason"), by)
	case "give":
		if err = p.give(v, r, by); err != nil {
			if shown, again := p.mistyped(w, v, r, by, err); shown {
				return again
			}
			var wrong *fault.Error
			if v.PostForm.Has("signature") && errors.As(err, &wrong) && strings.HasPrefix(wrong.Code, "signature-") {
				return p.toSign(w, v, r, languageIn(v, v.Lang), wrong)
			}
		}
	default:
		err = errAnswer
	}
	if err != nil {
		return err
	}
	return see(w, v, "/me/asked/"+r.ID.String()+v.For())
}

func (p *Pages) give(v *visit, r *consent.Request, by verify.Actor) error {
	number, _ := strconv.Atoi(v.PostFormValue("number")) // none chosen is a wrong one
	if err := p.Consents.Choose(v.Context(), r.ID, number, by); err != nil {
		return err
	}
	c, err := leftTicked(v, r)
	if err != nil {
		return err
	}
	lang := v.Lang
	if n := len(r.Shown); n > 0 {
		lang = locale.Lang(r.Shown[n-1].Language)
	}
	switch lang := languageIn(v, lang); {
	case v.PostForm.Has("code"):
		_, err = p.Consents.GiveByCode(v.Context(), r.ID, c, lang, v.PostFormValue("code"), by)
	case v.PostForm.Has("signature"):
		_, err = p.Consents.Give(v.Context(), r.ID, c, lang, consent.Proof{Channel: consent.Signed}, []byte(v.PostFormValue("signature")), by)
	default:
		_, err = p.Consents.Give(v.Context(), r.ID, c, lang, consent.Proof{Channel: consent.Cabinet}, nil, by)
	}
	return err
}

// leftTicked is what the subject left ticked.
func leftTicked(v *visit, r *consent.Request) (*consent.Choice, error) {
	form := v.PostForm
	public := form.Get("public") != ""
	c := &consent.Choice{
		Purposes: chosen(form["purpose"]), ThirdParties: chosen(form["recipient"]), Countries: chosen(form["country"]), PublicSources: &public,
		Fit: true,
	}
	for _, id := range r.Ask.Categories {
		if !slices.Contains(r.Ask.Optional, id) || slices.Contains(form["data"], id) {
			c.Categories = append(c.Categories, id)
		}
	}
	if public {
		c.Conditions = conditionsIn(v.Request, c.Categories)
	}
	var err error
	if c.Until, err = endOfDay(form.Get("until")); err != nil {
		return nil, err
	}
	return c, nil
}

// chosen is a list that may be empty: nothing ticked is nothing, not everything.
func chosen(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// waiting is a question on the first page.
type waiting struct {
	ID       ident.ID
	Operator locale.String
	Purposes []string
	Expires  time.Time
}

// waitingFor lists the questions that the subject has not answered, to those who
// may answer.
func (p *Pages) waitingFor(v *visit) ([]waiting, error) {
	if !v.way().May(represent.Consent) {
		return nil, nil
	}
	list, err := p.Requests.Requests(v.Context(), consent.RequestFilter{Subject: v.Me, Orgs: v.way().Limits(), Status: consent.Pending, Limit: 50})
	if err != nil {
		return nil, err
	}
	var out []waiting
	for i := range list {
		r := &list[i]
		if r.StatusAt(p.Now()) != consent.Pending {
			continue
		}
		o, err := p.Parties.ByID(v.Context(), r.Org)
		if err != nil {
			return nil, err
		}
		x := waiting{ID: r.ID, Operator: nameOf(o), Expires: r.Expires, Purposes: r.Ask.Purposes}
		if o.Register != nil {
			x.Purposes = each(r.Ask.Purposes, func(id string) string { return purposeName(o.Register, v.Lang, id) })
		}
		out = append(out, x)
	}
	return out, nil
}
