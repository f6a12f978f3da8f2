// Package policy writes an operator's policy of processing personal data
// (Art. 25(2)1-1) from the description that decisions enforce: what is promised
// here and what is done cannot drift apart.
//
// Every sentence is ours or the operator's own name for a thing; grounds, terms
// and provisions come from the edition of the Law. Where the policy is
// published and which version is in force is not known here.
package policy

import (
	"embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"kelisim/internal/depersonal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/register"
)

//go:embed policy.html
var files embed.FS

var page = template.Must(template.ParseFS(files, "policy.html"))

// Render writes the policy as an HTML fragment: one article with its own h1,
// sections with ids that begin with "policy-", no styles and no scripts. d is
// what [register.Parse] returned, version the one it is kept under, edition the
// one in force when the policy takes effect. link is where a provision is
// explained; nil for a page that stands where nothing explains it. An error is of
// w alone.
func Render(w io.Writer, d *register.Description, version int, lang locale.Lang, edition *law.Edition, link func(law.Provision) string) error {
	v := &view{
		Description: d, Version: version, Lang: lang, Edition: edition, link: link,
		register: register.Compile(d, version),
		regions:  display.Regions(language.Make(string(lang))),
	}
	return page.Execute(w, v)
}

// Period says a period in words, such as "3 years" or "1 year 6 months"; it is
// empty for no time at all.
func Period(lang locale.Lang, p register.Period) string {
	var parts []string
	for _, unit := range []struct {
		n    int
		name law.Unit
	}{{p.Years, law.Year}, {p.Months, law.Month}, {p.Days, law.CalendarDay}} {
		if unit.n > 0 {
			parts = append(parts, amount(lang, unit.n, unit.name))
		}
	}
	return strings.Join(parts, " ")
}

func amount(lang locale.Lang, n int, unit law.Unit) string {
	return locale.Text(lang, "law.unit."+string(unit), "count", n)
}

// view is what the template asks: facts of the description in the reader's
// language.
type view struct {
	*register.Description
	Version  int
	Lang     locale.Lang
	Edition  *law.Edition
	link     func(law.Provision) string
	register *register.Register
	regions  display.Namer
}

// T is a text of the reader's language.
func (v *view) T(key string, args ...any) string { return locale.Text(v.Lang, key, args...) }

// In is what the operator wrote, in the reader's language.
func (v *view) In(s locale.String) string { return s.In(v.Lang) }

// Country is the name of a country, its code where the language has none.
func (v *view) Country(code string) string {
	if region, err := language.ParseRegion(code); err == nil && v.regions != nil {
		if name := v.regions.Name(region); name != "" {
			return name
		}
	}
	return code
}

// Countries names countries, one after the other.
func (v *view) Countries(codes []string) string {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = v.Country(code)
	}
	return strings.Join(names, ", ")
}

// Period is a length of time in words.
func (v *view) Period(p register.Period) string { return Period(v.Lang, p) }

// Effective is the day from which the policy is in force.
func (v *view) Effective() string {
	if v.Policy.Effective == (register.Date{}) {
		return ""
	}
	return locale.Date(v.Lang, v.Policy.Effective.In(time.UTC)) // still that day in Almaty
}

// Address is where the policy stands on the operator's site.
func (v *view) Address() string {
	return strings.TrimSuffix(v.Organization.Website, "/") + v.Policy.Address
}

// Cite names provisions, those of them that the edition has.
func (v *view) Cite(provisions ...law.Provision) template.HTML {
	var known []string
	for _, p := range provisions {
		if _, ok := v.Edition.Provision(p); ok {
			known = append(known, string(v.Place(p)))
		}
	}
	if len(known) == 0 {
		return ""
	}
	text := locale.Text(v.Lang, "policy.cite", "provisions", strings.Join(known, ", "))
	return template.HTML(text) //nolint:gosec // a text of ours with what Place escaped
}

// Place names one provision and leads to where it is explained.
func (v *view) Place(p law.Provision) template.HTML {
	text := template.HTMLEscapeString(string(p))
	if v.link != nil {
		text = `<a href="` + template.HTMLEscapeString(v.link(p)) + `">` + text + `</a>`
	}
	return template.HTML(text) //nolint:gosec // escaped above
}

// ground is what makes a purpose lawful.
type ground struct {
	Text     string
	Cite     template.HTML
	Document string
}

// Ground says what makes a purpose lawful.
func (v *view) Ground(b register.Basis) ground {
	if b.Consent() {
		return ground{Text: v.T("policy.ground.consent"), Cite: v.Cite(v.Edition.Reason(law.ByConsent).Provisions...)}
	}
	p := law.Provision(b.Provision)
	return ground{v.T(law.Ground{Provision: p}.TextKey()), v.Cite(p), b.Document}
}

// Term is a term of the edition in words, with the provision it comes from;
// empty where the edition has none by that key.
func (v *view) Term(key string) string {
	t, ok := v.Edition.Term(key)
	if !ok {
		return ""
	}
	return t.Span(v.Lang)
}

// Actions names what may be done for a purpose: what was declared, and the
// duties that need no declaring.
func (v *view) Actions(purpose string) string {
	var names []string
	for _, a := range v.register.Purpose(purpose).Allowed.List() {
		names = append(names, v.T("action."+a.String()))
	}
	return strings.Join(names, ", ")
}

// Category is a category of data by id.
func (v *view) Category(id string) register.Category {
	c, _ := v.register.Category(id)
	return c
}

// Categories names the data of a purpose.
func (v *view) Categories(p register.Purpose) string {
	names := make([]string, len(p.Categories))
	for i, id := range p.Categories {
		names[i] = v.Category(id).Name.In(v.Lang)
	}
	return strings.Join(names, "; ")
}

// Leaves says what is left, tied to nobody, when data of a purpose ends; empty where
// all of it is destroyed.
func (v *view) Leaves(p register.Purpose) string {
	var list []string
	for _, c := range p.Depersonalise.Columns {
		name := v.Category(c.Category).Name.In(v.Lang)
		if c.Field != "" {
			name += " (" + c.Field + ")"
		}
		how := v.T("depersonal.method." + string(c.Method))
		if c.Method == depersonal.Keep {
			how = v.T("depersonal.keep.list", "list", strings.Join(c.Values, ", "))
		}
		list = append(list, name+" – "+how)
	}
	return strings.Join(list, "; ")
}

// use is a category of data with the purposes that need it.
type use struct {
	register.Category
	Purposes []string
}

// Data lists the categories that some purpose needs, as they first come up.
func (v *view) Data() []use {
	var all []use
	for _, p := range v.Description.Purposes {
		for _, id := range p.Categories {
			i := slices.IndexFunc(all, func(u use) bool { return u.ID == id })
			if i < 0 {
				i = len(all)
				all = append(all, use{Category: v.Category(id)})
			}
			all[i].Purposes = append(all[i].Purposes, p.Name.In(v.Lang))
		}
	}
	return all
}

// Uses reports whether some purpose needs a category of data.
func (v *view) Uses(id string) bool {
	return slices.ContainsFunc(v.Data(), func(u use) bool { return u.ID == id })
}

// Voluntary reports whether every purpose rests on consent.
func (v *view) Voluntary() bool {
	return len(v.purposes(func(p register.Purpose) bool { return !p.Basis.Consent() })) == 0
}

// Sensitive lists the special and the biometric data that some purpose needs.
func (v *view) Sensitive() []use {
	return slices.DeleteFunc(v.Data(), func(u use) bool { return u.Class == register.Ordinary })
}

// handover is a third party with the purposes it gets data for.
type handover struct {
	register.Recipient
	Purposes []string
}

// Recipients lists the third parties of all purposes.
func (v *view) Recipients() []handover {
	var all []handover
	for _, p := range v.Description.Purposes {
		for _, to := range p.Recipients {
			i := slices.IndexFunc(all, func(h handover) bool { return h.BIN == to.BIN })
			if i < 0 {
				i = len(all)
				all = append(all, handover{Recipient: to})
			}
			all[i].Purposes = append(all[i].Purposes, p.Name.In(v.Lang))
		}
	}
	return all
}

// Abroad lists the purposes that hand data to other countries.
func (v *view) Abroad() []register.Purpose {
	return v.purposes(func(p register.Purpose) bool { return len(p.CrossBorder) > 0 })
}

// Published lists the purposes that make data public.
func (v *view) Published() []register.Purpose {
	return v.purposes(func(p register.Purpose) bool { return p.Public })
}

func (v *view) purposes(keep func(register.Purpose) bool) (kept []register.Purpose) {
	for _, p := range v.Description.Purposes {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// Holds reports whether some base keeps data that way.
func (v *view) Holds(how string) bool {
	return slices.ContainsFunc(v.Bases, func(b register.Base) bool { return b.Holds == how })
}

// right is what a subject may ask, with where the Law says so.
type right struct {
	Text      string
	Provision law.Provision
}

// rightsOf is the part of the Law that lists the rights of the subject.
const rightsOf law.Provision = "24(1)"

// Rights are those of the edition, in our words where we have them, else in
// those of the edition.
func (v *view) Rights() []right {
	var all []right
	for _, rule := range v.Edition.Provisions() {
		if rule.ID == rightsOf || !rule.ID.Within(rightsOf) {
			continue
		}
		text := v.In(rule.Text)
		if key := "policy.right." + string(rule.ID); locale.Has(key) {
			text = v.T(key)
		}
		all = append(all, right{text, rule.ID})
	}
	return all
}

// deadline is a term that the operator must keep.
type deadline struct {
	What, Amount string
	Provision    law.Provision
	Source       string
}

// Deadlines are the terms of the edition that something must be done in. What an
// operator promised in a policy of its own binds that operator alone, so it is
// not here.
func (v *view) Deadlines() []deadline {
	var all []deadline
	for _, t := range v.Edition.Terms() {
		if t.Limit || t.Owes != "" || strings.HasPrefix(string(t.Provision), "policy ") {
			continue
		}
		d := deadline{v.T(t.TextKey()), t.Span(v.Lang), t.Provision, ""}
		if t.Certainty != law.Primary {
			d.Source = v.In(t.Source)
		}
		all = append(all, d)
	}
	return all
}

// demand is a letter that a subject can write.
type demand struct{ What, Subject string }

// Demands are the letters for which the operator set a subject line.
func (v *view) Demands() []demand {
	var all []demand
	for _, key := range []string{register.MailWithdraw, register.MailCorrect, register.MailUnsubscribe} {
		if line := v.Mail.Subjects[key]; line != "" {
			all = append(all, demand{v.T("policy.demand." + key), line})
		}
	}
	return all
}

// Phone is the number as a link needs it: without what people put between the
// digits.
func (v *view) Phone() string {
	return strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, v.Organization.Contact.Phone)
}
