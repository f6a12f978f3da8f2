package web

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/policy"
	"kelisim/internal/register"
)

// policyPage is an operator's policy in one of its versions.
type policyPage struct {
	BIN      string
	Operator locale.String
	Policy   template.HTML // of package policy, which escapes what operators wrote
	Number   int
	Versions []policyVersion // newest first
	Past     bool            // this is not the one in force
}

type policyVersion struct {
	Number   int
	Approved time.Time
}

// published is an approved version that the operator made public.
type published struct {
	number   int
	approved time.Time
	register *register.Register
}

// policy shows the version in force, or the one that the address names.
func (p *Pages) policy(w http.ResponseWriter, v *visit) error {
	o, err := p.Parties.Organization(v.Context(), v.PathValue("bin"))
	if err != nil {
		return err
	}
	current, all, err := p.publishedOf(v, o)
	if err != nil {
		return err
	}
	wanted := v.PathValue("version")
	if wanted == "" {
		wanted = strconv.Itoa(current)
	}
	for _, x := range all {
		if strconv.Itoa(x.number) == wanted {
			return p.showPolicy(w, v, policyPage{BIN: o.BIN, Past: x.number != current}, all, x)
		}
	}
	return errAbsent
}

// publishedOf lists the public versions, newest first, and the number of the
// version in force: the newest approved one, whether public or not.
func (p *Pages) publishedOf(v *visit, o *party.Organization) (current int, list []published, err error) {
	all, err := p.Store.Versions(v.Context(), o.ID)
	if err != nil {
		return 0, nil, err
	}
	for i := range all {
		if all[i].Approved.IsZero() {
			continue
		}
		current = max(current, all[i].Number)
		reg, err := p.registerOf(v.Context(), o, all[i].Number)
		if err != nil {
			return 0, nil, err
		}
		if reg != nil && reg.Description.Policy.Published {
			list = append(list, published{all[i].Number, all[i].Approved, reg})
		}
	}
	return current, list, nil
}

func (p *Pages) showPolicy(w http.ResponseWriter, v *visit, b policyPage, all []published, x published) error {
	b.Operator, b.Number = x.register.Name, x.number
	for _, y := range all {
		b.Versions = append(b.Versions, policyVersion{y.number, y.approved})
	}
	edition := p.Parties.Law.At(x.inForce(), x.register.Description.Organization.Edition)
	var text bytes.Buffer
	if err := policy.Render(&text, x.register.Description, x.number, v.Lang, edition, func(at law.Provision) string {
		return lawLink(at, edition.ID)
	}); err != nil {
		return err
	}
	// On a phone the wide tables scroll, so keys must reach them. Those with a
	// caption are the wide ones; what operators wrote has no tags.
	reachable := strings.ReplaceAll(text.String(), "<table>", `<table tabindex="0">`)
	b.Policy = template.HTML(reachable) //nolint:gosec // made by a template that escapes
	return p.render(w, v, "policy", "", b)
}

// inForce is when a version took effect: on the day that it names, else when it
// was approved.
func (x published) inForce() time.Time {
	if d := x.register.Description.Policy.Effective; d != (register.Date{}) {
		return d.In(time.UTC)
	}
	return x.approved
}
