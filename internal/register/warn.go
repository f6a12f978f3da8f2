package register

import (
	"fmt"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/law"
)

// Warnings names what a description may say and a lawyer, or the gate, will not
// let pass. It is empty for one that has nothing of that.
func Warnings(d *Description) fault.List {
	var list fault.List
	warn := func(field, code string, provision string, args ...any) {
		e := fault.Bad(field, code, args...)
		e.Provisions = []string{provision}
		list = append(list, e)
	}
	if o := d.Organization; o.Officer == (Officer{}) && !slices.Contains(o.Kinds, "court") {
		warn("organization.officer", "officer-missing", "25(2)10")
	}
	if d.Organization.Obligations != "" {
		warn("organization.obligations", "obligations-refused", "10(1)")
	}
	for i, b := range d.Bases {
		if b.Country != Home {
			warn(fmt.Sprintf("bases[%d].country", i), "base-abroad", "12(2)", "id", b.ID, "country", b.Country)
		}
		if b.TouchesState && b.Integration == "" {
			warn(fmt.Sprintf("bases[%d].integration", i), "integration-missing", "8-1(1)", "id", b.ID)
		}
	}
	for i := range d.Purposes {
		path := fmt.Sprintf("purposes[%d]", i)
		warnPurpose(path, &d.Purposes[i], warn)
		for k, to := range d.Purposes[i].Recipients {
			if to.BIN == d.Organization.BIN { // whom a consent would name as somebody else
				warn(fmt.Sprintf("%s.recipients[%d].bin", path, k), "recipient-itself", "1(17)", "id", d.Purposes[i].ID)
			}
		}
		if since := later(d, &d.Purposes[i]); since != "" {
			warn(path+".basis.provision", "ground-later", d.Purposes[i].Basis.Provision,
				"id", d.Purposes[i].ID, "provision", d.Purposes[i].Basis.Provision, "edition", since)
		}
	}
	if len(d.Purposes) > 0 && !d.Policy.Published {
		warn("policy.published", "policy-unpublished", "25(2)1-1")
	}
	return list
}

// later is the first edition that has the ground of a purpose, where the one that
// judges the organization by its own choice, or by nobody's, has not.
func later(d *Description, p *Purpose) string {
	ground := law.Provision(p.Basis.Provision)
	if _, ok := (law.Following{}).At(time.Time{}, d.Organization.Edition).Ground(ground); ok || p.Basis.Consent() {
		return ""
	}
	for _, e := range law.Editions() {
		if _, ok := e.Ground(ground); ok {
			return e.ID
		}
	}
	return ""
}

// warnPurpose reports what a purpose names and has no action for, or the other
// way about: the gate denies such a transfer whatever the subject consented to.
func warnPurpose(path string, p *Purpose, warn func(field, code, provision string, args ...any)) {
	actions := ActionSet(p.Actions...)
	for i, to := range p.Recipients {
		if to.Country != Home && !slices.Contains(p.CrossBorder, to.Country) {
			warn(fmt.Sprintf("%s.recipients[%d].country", path, i), "recipient-abroad", "8(4)5", "id", p.ID, "country", to.Country)
		}
	}
	if len(p.Recipients) > 0 && !actions.Has(Transfer) {
		warn(path+".recipients", "recipients-without-transfer", "8(4)4", "id", p.ID)
	}
	if len(p.CrossBorder) > 0 && !actions.Has(CrossBorder) {
		warn(path+".cross_border", "countries-without-transfer", "8(4)5", "id", p.ID)
	}
	if p.Public != actions.Has(Disseminate) {
		warn(path+".public", "public-without-dissemination", "8(4)6", "id", p.ID)
	}
	if p.Research && !actions.Has(Depersonalise) {
		warn(path+".research", "research-without-depersonalisation", "17(1)", "id", p.ID)
	}
}
