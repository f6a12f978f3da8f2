package web

import (
	"net/http"

	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/policy"
	"kelisim/internal/register"
)

// provisionPage is one provision with all that rests on it.
type provisionPage struct {
	rule
	Name     locale.String // of its article
	Up       []rule        // what it lies in, the article first
	Shown    *law.Edition
	Binding  *law.Edition
	About    law.About
	Within   []lawRow
	Editions []lawEdition // that have it
	heading  string
}

// lawEdition is a provision in one of the editions that have it.
type lawEdition struct {
	*law.Edition
	Link   string
	On     bool
	Change law.ChangeKind
}

// provision shows one provision. The address may name a duty too: it leads to
// where the duty stands.
func (p *Pages) provision(w http.ResponseWriter, v *visit) error {
	asked := v.PathValue("provision")
	edition, ok := p.edition(v)
	if !ok {
		return p.absent(w, v, asked, p.binding())
	}
	id := law.Find(asked)
	if string(id) != asked {
		return see(w, v, lawLink(id, v.URL.Query().Get("edition")))
	}
	about, ok := edition.About(id)
	if !ok {
		return p.absent(w, v, asked, edition)
	}
	b := provisionPage{
		rule: newRule(about.Rule, edition.ID), Name: about.Title, Shown: edition, Binding: p.binding(), About: about,
	}
	b.heading = locale.Text(v.Lang, b.textKey(), "number", b.Number)
	for _, r := range edition.Provisions() {
		if r.ID != id && id.Within(r.ID) {
			b.Up = append(b.Up, newRule(r, edition.ID))
		}
	}
	for _, r := range about.Within {
		b.Within = append(b.Within, newRow(edition, r))
	}
	for _, e := range law.Having(id) {
		b.Editions = append(b.Editions, lawEdition{e, lawLink(id, e.ID), e == edition, e.Change(id)})
	}
	return p.render(w, v, "provision", "", b)
}

func (b provisionPage) title() string { return b.heading }

// textKey is the key of what the provision is called.
func (r rule) textKey() string {
	if r.Policy {
		return "page.entry.policy"
	}
	return "page.entry.article"
}

// Called is textKey for templates.
func (r rule) Called() string { return r.textKey() }

// absentPage helps whoever asked for what an edition has not.
type absentPage struct {
	Editions []lawEdition // that have it; all, where it was the edition that is not
	Near     []rule       // what may have been meant, where no edition has it
	Shown    *law.Edition
}

// absent is the page for a provision, or an edition, that there is not. It says
// where else to look, and not what was asked: that may be anything.
func (p *Pages) absent(w http.ResponseWriter, v *visit, asked string, edition *law.Edition) error {
	b := absentPage{Shown: edition}
	id := law.Find(asked)
	for _, e := range law.Having(id) {
		b.Editions = append(b.Editions, lawEdition{Edition: e, Link: lawLink(id, e.ID)})
	}
	if b.Editions == nil && asked == "" {
		for _, e := range law.Editions() {
			b.Editions = append(b.Editions, lawEdition{Edition: e, Link: "/law?edition=" + e.ID})
		}
	}
	if b.Editions == nil {
		for _, r := range edition.Near(asked) {
			b.Near = append(b.Near, newRule(r, edition.ID))
		}
	}
	return p.write(w, v, http.StatusNotFound, "absent", "", b)
}

// period is a period of an edition in words.
func period(lang locale.Lang, p string) string {
	if parsed, ok := register.ParsePeriod(p); ok {
		return policy.Period(lang, parsed)
	}
	return p
}

// names are the texts of keys, one after the other.
func names(lang locale.Lang, prefix string, keys []string) string {
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = locale.Text(lang, prefix+key)
	}
	return list(texts)
}
