package law

import (
	"fmt"
	"io"

	"kelisim/internal/locale"
)

// PrintOrders writes who may order what of an operator, on which provision and
// within which term, and what a subject may demand, by the edition; and what of
// that is not the letter of the act, how sure it is and what it rests on.
func PrintOrders(w io.Writer, e *Edition, lang locale.Lang) error {
	p := page{lang: lang, edition: e}
	p.line("%s\n", e.Name.In(lang))
	p.line("%s", p.text("law.orders.orders"))
	last := ""
	for _, o := range e.Orders() {
		if o.Kind != last {
			p.line("\n%s", p.text("order.kind."+o.Kind))
		}
		last = o.Kind
		p.order(o)
	}
	p.line("\n%s\n", p.text("law.orders.requests"))
	for _, r := range e.Requests() {
		p.demand(r)
	}
	p.line("\n%s", p.text("law.footer"))
	return p.write(w)
}

const orderRow = "  %-44s %-13s %s"

func (p *page) order(o OrderRule) {
	by := p.text("law.who.operator")
	if o.Source != "operator" {
		by = p.text("order.source." + o.Source)
	}
	p.line(orderRow, by, o.Provision, p.spanOf(o.Term))
	if sure := p.edition.Sure(o); sure != Primary {
		text := p.text("law.certainty." + string(sure))
		if basis := o.Basis.In(p.lang); basis != "" {
			text = fmt.Sprintf("%s (%s)", basis, text)
		}
		p.row("      ["+string(sure)+"] ", text)
	}
}

func (p *page) demand(r Request) {
	kind := "request.kind." + r.Kind
	if !locale.Has(kind) {
		kind = "term." + r.Kind
	}
	p.line(orderRow, p.text(kind), r.Right, p.spanOf(r.Term))
	if t, ok := p.edition.Term(r.Term); ok && t.Certainty != Primary {
		p.row("      ["+string(t.Certainty)+"] ", fmt.Sprintf("%s (%s)", t.Source.In(p.lang), p.text("law.certainty."+string(t.Certainty))))
	}
}

// spanOf is how long a term is, and the provision that sets it.
func (p *page) spanOf(key string) string {
	t, ok := p.edition.Term(key)
	if !ok {
		return p.text("law.orders.no-term")
	}
	return fmt.Sprintf("%s, %s", t.Span(p.lang), t.Provision)
}
