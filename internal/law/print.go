package law

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
	a, ok := e.About(Find(id))
	if !ok {
		return Absent(Find(id))
	}
	p.about(a)
	return p.write(w)
}

// PrintDuties writes every duty with its term in the edition and the tests that
// show it, and how many are still open.
func PrintDuties(w io.Writer, e *Edition, lang locale.Lang) error {
	p := page{lang: lang, edition: e}
	p.duties()
	return p.write(w)
}

// PrintEditions writes every edition with its day, the name of the authorised
// body, and what it changes in the one before; binding is the edition that
// judges what happens now.
func PrintEditions(w io.Writer, binding *Edition, lang locale.Lang) error {
	p := page{lang: lang}
	for i, e := range Editions() {
		if i > 0 {
			p.line("")
		}
		p.edition = e
		p.summary(e == binding)
	}
	p.line("\n%s", p.text("law.footer"))
	return p.write(w)
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
	p.line("%-16s %s", id, cut(p.marks(r.Certainty, p.edition.Change(r.ID))+text, width-17))
}

// marks stand before a text, where nothing cuts them off: how sure it is, where
// that is not the letter of the act, and what the edition did to it.
func (p *page) marks(c Certainty, kind ChangeKind) string {
	var marks []string
	if c != Primary {
		marks = append(marks, string(c))
	}
	if kind != "" {
		marks = append(marks, p.text("law.change."+string(kind)))
	}
	if marks == nil {
		return ""
	}
	return "[" + strings.Join(marks, ", ") + "] "
}

func (p *page) about(a About) {
	p.line("%s  %s\n", a.ID, a.Title.In(p.lang))
	p.row("", a.Text.In(p.lang))
	p.line("")
	p.origin("", a.Origin, a.To)
	if a.Change != "" {
		p.row("", p.text("law.change.in."+string(a.Change)))
	}
	if a.Was != nil {
		p.row("  "+p.text("law.was")+": ", a.Was.Text.In(p.lang))
	}
	if a.Ground != nil {
		p.ground(*a.Ground)
	}
	p.terms(a.Terms)
	p.sizes(a.Sizes)
	p.reasons(a.Reasons)
	p.dutiesOf(a.Duties)
	p.within(a.Within)
	p.line("\n%s", p.text("law.footer"))
}

// origin says where a fact comes from, how sure that is, and since when it holds.
func (p *page) origin(column string, o Origin, to time.Time) {
	text := fmt.Sprintf("%s: %s (%s). %s", p.text("law.source"), o.Source.In(p.lang), p.text("law.certainty."+string(o.Certainty)), p.inForce(o, to))
	p.row(column, text)
}

func (p *page) inForce(o Origin, to time.Time) string {
	from := locale.Date(p.lang, o.From)
	text := p.text("law.in-force", "from", from)
	if !to.IsZero() {
		text = p.text("law.in-force-until", "from", from, "to", locale.Date(p.lang, to))
	}
	text = strings.TrimSuffix(text, ".") + "."
	if o.Computed {
		text += " " + p.text("law.computed")
	}
	return text
}

func (p *page) ground(g Ground) {
	p.heading("law.heading.ground", p.text(g.TextKey()))
	p.row("  "+p.text("law.ground.who")+": ", p.openTo(g))
	if len(g.Actions) > 0 {
		p.row("  "+p.text("law.ground.actions")+": ", p.each("action.", g.Actions))
	}
	if g.ReachBack > 0 {
		p.row("  "+p.text("law.ground.reach-back")+": ", p.text("law.unit."+string(Year), "count", g.ReachBack))
	}
	for _, key := range g.Traits() {
		p.line("  %s", p.text(key))
	}
	if g.Certainty != Primary {
		p.origin("  ", g.Origin, time.Time{})
	}
	if d := g.Defer; d != nil {
		p.row("  ", p.text("law.ground.defer", "max", d.Max))
		p.row("    ", fmt.Sprintf("%s (%s)", d.Source.In(p.lang), p.text("law.certainty."+string(d.Certainty))))
	}
}

func (p *page) openTo(g Ground) string {
	keys := g.OpenToKeys()
	for i, key := range keys {
		keys[i] = p.text(key)
	}
	return strings.Join(keys, ", ")
}

func (p *page) each(prefix string, keys []string) string {
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = p.text(prefix + key)
	}
	return strings.Join(texts, ", ")
}

func (p *page) terms(terms []Term) {
	if len(terms) > 0 {
		p.heading("law.heading.terms")
	}
	for _, t := range terms {
		p.row(fmt.Sprintf("  %-14s ", t.Provision), p.text(t.TextKey())+": "+t.Span(p.lang))
		if t.Certainty != Primary {
			p.row(strings.Repeat(" ", 17), fmt.Sprintf("%s (%s)", t.Source.In(p.lang), p.text("law.certainty."+string(t.Certainty))))
		}
	}
}

func (p *page) sizes(classes []SizeClass) {
	if len(classes) == 0 {
		return
	}
	p.heading("law.heading.sizes")
	for _, s := range classes {
		p.line("  %-14s %s", p.text(s.TextKey()), s.Limit(p.lang))
	}
	if p.edition.RestrictedMovesUp() {
		p.row("  ", p.text("law.size.restricted"))
	}
}

func (p *page) reasons(reasons []Reason) {
	if len(reasons) > 0 {
		p.heading("law.heading.reasons")
	}
	for _, r := range reasons {
		p.line("  %-23s %s", r.Code, cut(p.text(r.TextKey), width-26))
	}
}

func (p *page) dutiesOf(duties []Duty) {
	if len(duties) > 0 {
		p.heading("law.heading.duties")
	}
	for _, d := range duties {
		p.row(fmt.Sprintf("  %-12s ", d.ID), d.Text.In(p.lang))
		p.row(strings.Repeat(" ", 15), cmp.Or(strings.Join(Shown(d.ID), ", "), p.text("law.open")))
	}
}

func (p *page) within(rules []Rule) {
	if len(rules) > 0 {
		p.heading("law.heading.within")
	}
	for _, r := range rules {
		p.oneLine(r)
	}
}

// summary is an edition in the list of all: its day, its names, and what it adds,
// amends and repeals, each with its mark.
func (p *page) summary(binding bool) {
	e := p.edition
	head := p.inForce(Origin{From: e.From, Computed: e.Computed}, time.Time{})
	if binding {
		head += " " + p.text("law.binding")
	}
	pad := strings.Repeat(" ", 10)
	p.row(fmt.Sprintf("%-10s", e.ID), head)
	p.row(pad, e.Name.In(p.lang))
	p.row(pad, e.Authority.In(p.lang))
	for _, kind := range []ChangeKind{Added, Amended, Repealed} {
		var list []string
		for _, c := range e.Changes() {
			if c.Of == OfProvision && c.Kind == kind {
				list = append(list, strings.TrimSpace(string(c.Provision)+" "+p.marks(c.Certainty, "")))
			}
		}
		if list != nil {
			p.row(pad+p.text("law.change."+string(kind))+": ", strings.Join(list, ", "))
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
			term = t.Span(p.lang)
		}
		tests := Shown(d.ID)
		state := p.text("law.open")
		if len(tests) > 0 {
			state, shown = strconv.Itoa(len(tests)), shown+1
		}
		p.line(dutyRow, d.ID, d.Provision, p.text("law.who."+d.Who), d.Area, term, state)
		p.row("  ", d.Text.In(p.lang))
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
