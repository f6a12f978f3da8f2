package web

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// lawPage is an edition of the Law, article by article.
type lawPage struct {
	Shown    *law.Edition
	Binding  *law.Edition // that judges here today, unless an organization goes ahead
	Editions []*law.Edition
	Articles []lawRow
	Policy   []lawRow // what an operator has promised, and no law for others
	Changes  []lawChange
}

// lawRow is a rule in a list of them.
type lawRow struct {
	rule
	Name      locale.String
	Certainty law.Certainty
	Change    law.ChangeKind
}

// lawChange is what an edition does in one way to the one before it.
type lawChange struct {
	Kind  law.ChangeKind
	Rules []rule
}

// law shows an edition: the one that the address names, else the one that binds.
func (p *Pages) law(w http.ResponseWriter, v *visit) error {
	b := lawPage{Binding: p.binding(), Editions: law.Editions()}
	var ok bool
	if b.Shown, ok = p.edition(v); !ok {
		return p.absent(w, v, "", b.Binding)
	}
	for _, r := range b.Shown.Provisions() {
		switch row := newRow(b.Shown, r); {
		case r.ID != r.ID.Article():
		case row.Policy:
			b.Policy = append(b.Policy, row)
		default:
			b.Articles = append(b.Articles, row)
		}
	}
	b.Changes = changesOf(b.Shown)
	return p.render(w, v, "law", "", b)
}

// binding is the edition that what happens now is judged by.
func (p *Pages) binding() *law.Edition { return p.Parties.Law.At(p.Now(), "") }

// edition is the one that the address names, false for one that is none.
func (p *Pages) edition(v *visit) (*law.Edition, bool) {
	id := v.URL.Query().Get("edition")
	if id == "" {
		return p.binding(), true
	}
	return law.ByID(id)
}

// Whole reports whether the row is an article, which has a name.
func (r lawRow) Whole() bool { return r.id == r.id.Article() }

func newRow(e *law.Edition, r law.Rule) lawRow {
	return lawRow{newRule(r, e.ID), r.Title, r.Certainty, e.Change(r.ID)}
}

// changesOf lists the provisions that an edition changes. One that it repeals is
// to be read in the edition before.
func changesOf(e *law.Edition) []lawChange {
	var all []lawChange
	for _, kind := range []law.ChangeKind{law.Added, law.Amended, law.Repealed} {
		c := lawChange{Kind: kind}
		for _, x := range e.Changes() {
			in := e
			if kind == law.Repealed {
				in = e.Over()
			}
			if r, ok := in.Provision(x.Provision); ok && x.Of == law.OfProvision && x.Kind == kind {
				c.Rules = append(c.Rules, newRule(r, in.ID))
			}
		}
		if c.Rules != nil {
			all = append(all, c)
		}
	}
	return all
}

// rule is a provision with what it says, in words that explain it, and where all
// about it stands.
type rule struct {
	id     law.Provision
	Number string
	Policy bool // of the operator's policy and not of the Law
	Text   locale.String
	Link   string
}

func newRule(r law.Rule, edition string) rule {
	number, policy := strings.CutPrefix(string(r.ID), "policy ")
	return rule{r.ID, number, policy, r.Text, lawLink(r.ID, edition)}
}

// lawLink is the address of the page of a provision. Without an edition it shows
// the one that binds.
func lawLink(p law.Provision, edition string) string {
	link := "/law/" + url.PathEscape(string(p))
	if edition != "" {
		link += "?edition=" + url.QueryEscape(edition)
	}
	return link
}

// cited is a provision inside a text of ours: an article with what lies in it.
var cited = regexp.MustCompile(`\d+(?:-\d+)?(?:\(\d+(?:-\d+)?\)(?:\d+(?:-\d+)?)?)+`)

// linked is a text in which every provision leads to its page.
func linked(text string, e *law.Edition) template.HTML {
	text = cited.ReplaceAllStringFunc(template.HTMLEscapeString(text), func(id string) string {
		if _, ok := e.Provision(law.Provision(id)); !ok {
			return id
		}
		return anchor(law.Provision(id), e.ID)
	})
	return template.HTML(text) //nolint:gosec // escaped above; the links are ours
}

// norms lists the provisions behind an error, each with a link to its page.
func norms(lang locale.Lang, provisions []string) template.HTML {
	text := locale.Text(lang, "page.problem.provisions", "list", string(rules(provisions)))
	return template.HTML(text) //nolint:gosec // a text of ours with links made by anchor, which escapes
}

// rules are links to provisions in a row.
func rules(provisions []string) template.HTML {
	links := make([]string, len(provisions))
	for i, p := range provisions {
		links[i] = anchor(law.Provision(p), "")
	}
	return template.HTML(strings.Join(links, ", ")) //nolint:gosec // made by anchor, which escapes
}

func anchor(p law.Provision, edition string) string {
	return `<a href="` + template.HTMLEscapeString(lawLink(p, edition)) + `">` + template.HTMLEscapeString(string(p)) + `</a>`
}

// since says from which day something holds, and whether that day was read or
// worked out.
func since(lang locale.Lang, from time.Time, computed bool) string {
	text := locale.Date(lang, from)
	if computed {
		text += " (" + locale.Text(lang, "page.law.computed") + ")"
	}
	return text
}
