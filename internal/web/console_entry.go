package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/register"
	"kelisim/verify"
)

// consoleEntryPage is one entry whole.
type consoleEntryPage struct {
	line
	Facts   []fact
	Reasons []reason
	Rules   []rule
	Law     *law.Edition // that it was judged by
	Leaf    int64
	Sealed  bool
	Consent ident.ID // whose proof the officer may take; zero for none
	Bar     string   // the consent whose withdrawal the officer may bar; empty for none
}

// fact is one thing that an entry says.
type fact struct {
	Label, Value string
	Link         string // to more of the same, empty for none
	Code         bool   // an identifier
}

// reason is why a decision is what it is, with what would make a refusal a yes.
type reason struct {
	Text, Hint string
	Provisions []rule
}

func (p *Pages) consoleEntry(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	row, e, err := p.Office.One(v.Context(), ofDesk(v), id)
	if err != nil {
		return err
	}
	size, err := p.Journal.Size(v.Context())
	if err != nil {
		return err
	}
	reg, err := p.registerOf(v.Context(), v.Desk.Org, e.Register)
	if err != nil {
		return err
	}
	b := consoleEntryPage{
		line: newLine(v.Lang, e.Entry, reg), Facts: facts(v.Lang, e.Entry, reg),
		Leaf: row.Leaf, Sealed: row.Leaf >= 0 && row.Leaf < size,
	}
	if v.Desk.Role == account.Officer {
		b.Consent = ident.ID(e.Consent)
		if e.Action == "consent.give" {
			b.Bar = b.Consent.String()
		}
	}
	var ok bool
	if b.Law, ok = law.ByID(e.Edition); !ok { // of a program that knew more editions than this one
		b.Law = v.Desk.Org.Edition(b.At)
	}
	b.explain(v.Lang, e.Reasons)
	return p.render(w, v, "console-entry", "journal", &b)
}

func (b *consoleEntryPage) title() string { return b.Act }

func ofDesk(v *visit) journal.Filter { return journal.Filter{Org: v.Desk.Org.ID} }

// explain puts the reasons in words, and lists each provision behind them once.
func (b *consoleEntryPage) explain(lang locale.Lang, reasons []verify.Reason) {
	for _, x := range reasons {
		r := reason{Text: reasonText(lang, x.Code)}
		if key := "reason." + x.Code + ".hint"; b.Decision == "deny" && locale.Has(key) {
			r.Hint = locale.Text(lang, key)
		}
		for _, id := range x.Provisions {
			known, ok := b.Law.Provision(law.Provision(id))
			if !ok {
				continue
			}
			r.Provisions = append(r.Provisions, newRule(known, b.Law.ID))
			if !slices.ContainsFunc(b.Rules, func(have rule) bool { return have.id == known.ID }) {
				b.Rules = append(b.Rules, newRule(known, b.Law.ID))
			}
		}
		b.Reasons = append(b.Reasons, r)
	}
	slices.SortFunc(b.Rules, func(a, b rule) int { return a.id.Compare(b.id) })
}

// facts lists what an entry says, in the order in which people ask: when, who,
// what, for what, with what result.
func facts(lang locale.Lang, e *verify.Entry, reg *register.Register) []fact {
	all := make([]fact, 0, 16)
	add := func(name string, f fact) {
		if f.Value != "" {
			f.Label = locale.Text(lang, "page.console.fact."+name)
			all = append(all, f)
		}
	}
	text := func(name, value string) { add(name, fact{Value: value}) }
	text("when", locale.DateTime(lang, time.UnixMilli(e.At)))
	if e.Recorded != 0 {
		text("recorded", locale.DateTime(lang, time.UnixMilli(e.Recorded)))
	}
	text("who", who(lang, verify.Actor{Kind: e.Actor.Kind}))
	add("code", fact{Value: e.Actor.ID, Code: true})
	if !e.Subject.IsZero() {
		id := ident.ID(e.Subject).String()
		add("subject", fact{Value: id, Link: "/console/journal?subject=" + id, Code: true})
	}
	text("purpose", strings.Join(named(lang, reg, purposesOf(e), purposeName), "; "))
	text("data", list(named(lang, reg, e.Categories, categoryName)))
	text("base", baseName(lang, reg, e.Base))
	if e.Recipient != "" {
		text("recipient", recipientOf(lang, reg, e))
	}
	if e.Country != "" {
		text("country", notify.Country(lang, e.Country))
	}
	if e.Ground != nil {
		text("ground", groundName(lang, e.Ground.Provision))
		text("document", e.Ground.Document)
	}
	if !e.Consent.IsZero() {
		add("consent", fact{Value: ident.ID(e.Consent).String(), Code: true})
	}
	text("reference", e.Reference)
	switch e.Action {
	case "consent.withdraw", "consent.narrow":
		text("scopes", scopeNames(lang, reg, e))
	case "consent.hold", "consent.barred", "consent.appeal", "consent.uphold", "consent.lift", "consent.reply", "consent.review":
		text("obligation", e.Detail)
	case "subject.import":
		text("origin", e.Detail)
	}
	if e.Register > 0 {
		text("version", locale.Text(lang, "notice.version", "version", e.Register))
	}
	add("id", fact{Value: ident.ID(e.ID).String(), Code: true})
	return all
}

func baseName(lang locale.Lang, reg *register.Register, id string) string {
	if reg != nil && reg.Base(id) != nil {
		return reg.Base(id).Name.In(lang)
	}
	return id
}

func recipientOf(lang locale.Lang, reg *register.Register, e *verify.Entry) string {
	if reg == nil {
		return e.Recipient
	}
	name := recipientName(reg, lang, []string{e.Purpose}, e.Recipient)
	if name == e.Recipient {
		return name
	}
	return name + ", " + e.Recipient
}

func groundName(lang locale.Lang, provision string) string {
	name := locale.Text(lang, "page.entry.article", "number", provision)
	if key := (law.Ground{Provision: law.Provision(provision)}).TextKey(); locale.Has(key) {
		return name + ": " + locale.Text(lang, key)
	}
	return name
}

// scopeNames names what was taken out of a consent: scopes, and ids behind what
// they are.
func scopeNames(lang locale.Lang, reg *register.Register, e *verify.Entry) string {
	if e.Detail == "" {
		return ""
	}
	return list(each(strings.Split(e.Detail, ","), func(id string) string {
		if name := notify.Taken(lang, reg, id); name != "" {
			return name
		}
		return id
	}))
}

// consoleReceipt is the proof of an entry, to be checked by anybody, offline.
func (p *Pages) consoleReceipt(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	receipt, err := p.Office.Receipt(v.Context(), ofDesk(v), id)
	if err != nil {
		return err
	}
	return downloadReceipt(w, id, receipt)
}
