package law

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"kelisim/internal/fault"
	"kelisim/internal/locale"
)

// width is how many characters a line of the command line may have.
const width = 100

// Print writes the edition for a person: every provision, a line each, where id
// is empty; else the one at id (of a provision, or of a duty that stands in it)
// with what rests on it and on what lies within it. The fault is of kind
// NotFound where there is no such id.
func Print(w io.Writer, e *Edition, lang locale.Lang, id string) error {
	p := page{lang: lang, edition: e}
	if id == "" {
		p.list()
		return p.write(w)
	}
	rule, ok := e.lookUp(id)
	if !ok {
		return fault.New(fault.NotFound, "provision-unknown")
	}
	p.rule(rule)
	return p.write(w)
}

// PrintDuties writes every duty with its term in the edition and the tests that
// show it, and how many are still open.
func PrintDuties(w io.Writer, e *Edition, lang locale.Lang) error {
	p := page{lang: lang, edition: e}
	p.duties()
	return p.write(w)
}

func (e *Edition) lookUp(id string) (Rule, bool) {
	id = strings.TrimSpace(id)
	if i := slices.IndexFunc(Duties(), func(d Duty) bool { return d.ID == id }); i >= 0 {
		id = string(Duties()[i].Provision)
	}
	return e.Provision(Provision(id))
}

// page is text on its way to a person, in one language.
type page struct {
	strings.Builder
	lang    locale.Lang
	edition *Edition
}

func (p *page) write(w io.Writer) error {
	_, err := io.WriteString(w, p.String())
	return err
}

func (p *page) text(key string, args ...any) string { return locale.Text(p.lang, key, args...) }

func (p *page) line(format string, args ...any) {
	p.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (p *page) list() {
	p.line("%s\n", p.edition.Name.In(p.lang))
	for _, r := range p.edition.Provisions() {
		p.oneLine(r)
	}
	p.line("\n%s", p.text("law.footer"))
}

// oneLine is a rule cut to a line. An article begins with its name, and what
// lies within it stands further in.
func (p *page) oneLine(r Rule) {
	id, text := "  "+string(r.ID), r.Text.In(p.lang)
	if r.ID == r.ID.Article() {
		id, text = string(r.ID), r.Title.In(p.lang)+". "+text
	}
	p.line("%-16s %s", id, cut(text+mark(r.Certainty), width-17))
}

func (p *page) rule(r Rule) {
	p.line("%s  %s\n", r.ID, r.Title.In(p.lang))
	p.row("", r.Text.In(p.lang))
	p.line("")
	p.row("", fmt.Sprintf("%s: %s (%s). %s.", p.text("law.source"), r.Source.In(p.lang), p.text("law.certainty."+string(r.Certainty)), p.inForce(r)))
	p.ground(r.ID)
	p.terms(r.ID)
	p.reasons(r.ID)
	p.dutiesWithin(r.ID)
	p.within(r.ID)
	p.line("\n%s", p.text("law.footer"))
}

func (p *page) inForce(r Rule) string {
	from := locale.Date(p.lang, r.From)
	if r.To.IsZero() {
		return strings.TrimSuffix(p.text("law.in-force", "from", from), ".")
	}
	return strings.TrimSuffix(p.text("law.in-force-until", "from", from, "to", locale.Date(p.lang, r.To)), ".")
}

func (p *page) ground(id Provision) {
	g, ok := p.edition.Ground(id)
	if !ok {
		return
	}
	p.heading("law.heading.ground", p.text(g.TextKey()))
	p.row("  "+p.text("law.ground.who")+": ", p.openTo(g))
	if len(g.Actions) > 0 {
		p.row("  "+p.text("law.ground.actions")+": ", p.each("action.", g.Actions))
	}
	if g.ReachBack > 0 {
		p.row("  "+p.text("law.ground.reach-back")+": ", p.text("law.unit."+string(Year), "count", g.ReachBack))
	}
	for _, trait := range []struct {
		set bool
		key string
	}{
		{g.Document, "law.ground.document"},
		{g.Depersonalise, "law.ground.depersonalise"},
		{g.TellsInitiator, "law.ground.tells-initiator"},
		{g.IntegrationExempt, "law.ground.integration-exempt"},
		{g.CrossBorder, "law.ground.cross-border"},
		{g.Link, "law.ground.link"},
		{g.Business, "law.ground.business"},
		{g.Outside, "law.ground.outside"},
		{g.OverBans, "law.ground.over-bans"},
		{slices.Contains(g.NotFor, "marketing"), "law.ground.not-for-marketing"},
	} {
		if trait.set {
			p.line("  %s", p.text(trait.key))
		}
	}
}

func (p *page) openTo(g Ground) string {
	switch {
	case len(g.Kinds) > 0:
		return p.each("law.kind.", g.Kinds)
	case g.Sector != "":
		return p.text("law.ground.sector." + string(g.Sector))
	default:
		return p.text("law.ground.anyone")
	}
}

func (p *page) each(prefix string, keys []string) string {
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = p.text(prefix + key)
	}
	return strings.Join(texts, ", ")
}

func (p *page) terms(id Provision) {
	head := sync.OnceFunc(func() { p.heading("law.heading.terms") })
	for _, t := range p.edition.Terms() {
		if t.Provision.Within(id) {
			head()
			p.line("  %-14s %s", t.Provision, p.text(t.TextKey())+": "+p.amount(t))
			if t.Certainty != Primary {
				p.row(strings.Repeat(" ", 17), fmt.Sprintf("%s (%s)", t.Source.In(p.lang), p.text("law.certainty."+string(t.Certainty))))
			}
		}
	}
}

func (p *page) amount(t Term) string { return p.text("law.unit."+string(t.Unit), "count", t.Amount) }

func (p *page) reasons(id Provision) {
	head := sync.OnceFunc(func() { p.heading("law.heading.reasons") })
	for _, r := range p.edition.Reasons() {
		if slices.ContainsFunc(r.Provisions, func(q Provision) bool { return q.Within(id) }) {
			head()
			p.line("  %-23s %s", r.Code, cut(p.text(r.TextKey), width-26))
		}
	}
}

func (p *page) dutiesWithin(id Provision) {
	head := sync.OnceFunc(func() { p.heading("law.heading.duties") })
	for _, d := range Duties() {
		if d.Provision.Within(id) {
			head()
			p.row(fmt.Sprintf("  %-12s ", d.ID), d.Text)
			p.row(strings.Repeat(" ", 15), cmp.Or(strings.Join(Shown(d.ID), ", "), p.text("law.open")))
		}
	}
}

func (p *page) within(id Provision) {
	head := sync.OnceFunc(func() { p.heading("law.heading.within") })
	for _, r := range p.edition.Provisions() {
		if r.ID != id && r.ID.Within(id) {
			head()
			p.oneLine(r)
		}
	}
}

const dutyRow = "%-11s %-14s %-14s %-10s %-19s %s"

func (p *page) duties() {
	p.line(dutyRow, p.text("law.column.duty"), p.text("law.column.provision"), p.text("law.column.who"),
		p.text("law.column.area"), p.text("law.column.term"), p.text("law.column.tests"))
	shown := 0
	for _, d := range Duties() {
		term := ""
		if t, ok := p.edition.Term(d.Term); ok {
			term = p.amount(t)
		}
		tests := Shown(d.ID)
		state := p.text("law.open")
		if len(tests) > 0 {
			state, shown = strconv.Itoa(len(tests)), shown+1
		}
		p.line(dutyRow, d.ID, d.Provision, p.text("law.who."+d.Who), d.Area, term, state)
		p.row("  ", d.Text)
		if len(tests) > 0 {
			p.row("    ", strings.Join(tests, ", "))
		}
	}
	p.line("")
	p.row("", p.text("law.summary", "duties", len(Duties()), "shown", shown, "open", len(Duties())-shown))
}

func (p *page) heading(key string, more ...string) {
	p.line("\n%s", strings.Join(append([]string{p.text(key)}, more...), ": "))
}

// row writes a first column and a text that keeps clear of it on every line.
func (p *page) row(column, text string) {
	taken := utf8.RuneCountInString(column)
	for _, line := range wrap(text, width-taken) {
		p.line("%s%s", column, line)
		column = strings.Repeat(" ", taken)
	}
}

func wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if line != "" && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if line != "" {
			line, length = line+" ", length+1
		}
		line, length = line+word, length+n
	}
	return append(lines, line)
}

// cut shortens text to a line, between words.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return strings.TrimRight(wrap(text, width-1)[0], ",;:.–- ") + "…"
}

func mark(c Certainty) string {
	if c == Primary {
		return ""
	}
	return " [" + string(c) + "]"
}
