package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/party"
	"kelisim/internal/policy"
	"kelisim/internal/register"
)

// registerPage is what the organization declared, and its versions.
type registerPage struct {
	*register.Description        // in force; nil before the first approval
	InForce               int    // its version
	Purposes              []aim  // for which data is handled
	Data                  []need // the data that they need
	Recipients            []handed
	Versions              []version // newest first
	Done                  bool      // one was just approved
}

// aim is a purpose in words.
type aim struct {
	ID, Name, Base, Term, Ground         string
	Data, Actions, Recipients, Countries []string
	Marks                                []string // what more is true of it
	Leaves                               bool     // depersonalised data, when its data ends
}

// need is a category of data with the purposes that need it.
type need struct {
	register.Category
	Purposes []string
}

// handed is a third party with the purposes that it gets data for.
type handed struct {
	register.Recipient
	Purposes []string
}

// version is a description as it was applied.
type version struct {
	*party.Version
	Current bool
	Pending bool // it waits for the officer, and is the newest
	Against int  // which version its changes are told against, 0 for none
	Changes []change
}

func (p *Pages) register(w http.ResponseWriter, v *visit) error {
	o, err := p.Parties.Reload(v.Context(), v.Desk.Org.ID) // another node may have approved one
	if err != nil {
		return err
	}
	b := registerPage{Done: v.URL.Query().Get("done") == "approved"}
	if o.Register != nil {
		b.describe(v.Lang, o.Register)
	}
	if b.Versions, err = p.versions(v, o); err != nil {
		return err
	}
	return p.render(w, v, "console-register", "register", &b)
}

func (b *registerPage) describe(lang locale.Lang, reg *register.Register) {
	b.Description, b.InForce = reg.Description, reg.Version
	for i := range reg.Description.Purposes {
		p := &reg.Description.Purposes[i]
		b.Purposes = append(b.Purposes, newAim(lang, reg, p))
		name := p.Name.In(lang)
		for _, id := range p.Categories {
			at := slices.IndexFunc(b.Data, func(n need) bool { return n.ID == id })
			if at < 0 {
				at = len(b.Data)
				c, _ := reg.Category(id)
				b.Data = append(b.Data, need{Category: c})
			}
			b.Data[at].Purposes = append(b.Data[at].Purposes, name)
		}
		for _, r := range p.Recipients {
			at := slices.IndexFunc(b.Recipients, func(h handed) bool { return h.BIN == r.BIN && h.Country == r.Country })
			if at < 0 {
				at = len(b.Recipients)
				b.Recipients = append(b.Recipients, handed{Recipient: r})
			}
			b.Recipients[at].Purposes = append(b.Recipients[at].Purposes, name)
		}
	}
}

func newAim(lang locale.Lang, reg *register.Register, p *register.Purpose) aim {
	a := aim{
		ID: p.ID, Name: p.Name.In(lang), Base: baseName(lang, reg, p.Base),
		Data:      each(p.Categories, func(id string) string { return categoryName(reg, lang, id) }),
		Countries: each(p.CrossBorder, func(code string) string { return notify.Country(lang, code) }),
		Term:      locale.Text(lang, "policy.purpose.term.none"),
		Ground:    locale.Text(lang, "page.console.register.consent"),
		Leaves:    !p.Depersonalise.IsZero(),
	}
	for _, act := range p.Actions {
		a.Actions = append(a.Actions, locale.Text(lang, "action."+act.String()))
	}
	for _, r := range p.Recipients {
		a.Recipients = append(a.Recipients, r.Name.In(lang))
	}
	if period := policy.Period(lang, p.Retention); period != "" {
		a.Term = locale.Text(lang, "policy.purpose.term.after", "period", period)
	}
	if !p.Basis.Consent() {
		a.Ground = strings.TrimSuffix(groundName(lang, p.Basis.Provision)+" – "+p.Basis.Document, " – ")
	}
	for mark, on := range map[string]bool{"public": p.Public, "research": p.Research, "marketing": p.Marketing} {
		if on {
			a.Marks = append(a.Marks, locale.Text(lang, "page.console.register."+mark))
		}
	}
	slices.Sort(a.Marks)
	return a
}

// versions tells what each changed: a version that was in force or was passed
// over in the one before it, the one that waits in the one in force.
func (p *Pages) versions(v *visit, o *party.Organization) ([]version, error) {
	all, err := p.Store.Versions(v.Context(), o.ID)
	if err != nil {
		return nil, err
	}
	out := make([]version, len(all))
	for i := range all {
		this := version{Version: &all[i], Current: o.Register != nil && o.Register.Version == all[i].Number, Pending: i == 0 && all[i].Approved.IsZero()}
		var old *register.Register
		switch {
		case this.Pending:
			old = o.Register
		case i+1 < len(all):
			if old, err = p.compiled(o, &all[i+1]); err != nil {
				return nil, err
			}
		}
		if old != nil {
			next, err := p.compiled(o, &all[i])
			if err != nil {
				return nil, err
			}
			this.Against, this.Changes = old.Version, changes(v.Lang, old, next)
		}
		out[i] = this
	}
	return out, nil
}

// approve puts a version in force (Art. 25(2)1). The number is that of the page
// that the officer read: what was applied meanwhile has another.
func (p *Pages) approve(w http.ResponseWriter, v *visit) error {
	n, err := strconv.Atoi(v.PathValue("number"))
	if err != nil {
		return errAbsent
	}
	if err := p.Parties.Approve(v.Context(), v.Desk.actor(), v.Desk.Org.ID, n); err != nil {
		return err
	}
	return see(w, v, "/console/register?done=approved")
}
