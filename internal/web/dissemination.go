package web

import (
	"net/http"

	"kelisim/internal/consent"
	"kelisim/internal/locale"
	"kelisim/internal/register"
)

// disseminationPage tells everybody whether there are conditions and bans on
// what an operator publishes (policy 5.13). Whose they are and what they say
// would tell of people, so neither stands here.
type disseminationPage struct {
	Operator locale.String
	BIN      string
	Purposes []publicPurpose
	Within   string // the term of the edition that binds the operator
}

type publicPurpose struct {
	Name string
	Data []publicData
}

type publicData struct {
	Name             string
	Bans, Conditions bool
}

func (p *Pages) dissemination(w http.ResponseWriter, v *visit) error {
	o, err := p.Parties.Organization(v.Context(), v.PathValue("bin"))
	if err != nil {
		return err
	}
	if o.Register == nil {
		return errAbsent
	}
	list, err := p.Consents.Publish(v.Context(), o)
	if err != nil {
		return err
	}
	b := disseminationPage{Operator: nameOf(o), BIN: o.BIN}
	if t, ok := o.Edition(p.Now()).Term(consent.ConditionsTerm); ok {
		b.Within = t.Span(v.Lang)
	}
	for _, x := range list {
		purpose := publicPurpose{Name: purposeName(o.Register, v.Lang, x.Purpose)}
		for _, c := range x.Categories {
			purpose.Data = append(purpose.Data, publicData{categoryName(o.Register, v.Lang, c.ID), c.Bans, c.Conditions})
		}
		b.Purposes = append(b.Purposes, purpose)
	}
	return p.render(w, v, "dissemination", "", b)
}

// conditionsOf are the conditions of a consent as its subject reads them.
func conditionsOf(v *visit, c *consent.Consent, proof *consent.Proof, reg *register.Register) []said {
	var out []said
	for _, x := range c.SaidOf(proof) {
		out = append(out, said{categoryName(reg, v.Lang, x.Category), x.Ban, x.Text})
	}
	return out
}

// said is a condition on published data with its words.
type said struct {
	Name string
	Ban  bool
	Text string
}

// conditionsIn reads the conditions that a form sets.
func conditionsIn(r *http.Request, categories []string) []consent.Said {
	var out []consent.Said
	for _, id := range categories {
		c := consent.Said{Condition: consent.Condition{Category: id, Ban: r.PostForm.Get("ban:"+id) != ""}, Text: r.PostForm.Get("condition:" + id)}
		if c.Ban || c.Text != "" {
			out = append(out, c)
		}
	}
	return out
}
