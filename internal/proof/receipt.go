package proof

import (
	"context"
	"maps"
	"slices"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/paper"
	"kelisim/internal/policy"
	"kelisim/internal/register"
	"kelisim/verify"
)

// shown is a consent for a party: what its receipt and papers are made of.
type shown struct {
	*consent.Consent
	strip func(*consent.View) // takes out what is not for the party; may be nil
}

// Receipt is the signed receipt. strip takes out what is not for the party; nil
// for nothing.
func (p *Proofs) Receipt(ctx context.Context, c *consent.Consent, strip func(*consent.View)) ([]byte, error) {
	v, err := p.view(ctx, shown{c, strip}, locale.Lang(c.Language))
	if err != nil {
		return nil, err
	}
	return p.Consents.SignReceipt(v)
}

// ReceiptPDF is the receipt on paper, with the signed one inside, sealed whole.
func (p *Proofs) ReceiptPDF(ctx context.Context, c *consent.Consent, strip func(*consent.View), j Journal, at Place, lang locale.Lang) ([]byte, error) {
	x := shown{c, strip}
	receipt, err := p.Receipt(ctx, c, strip)
	if err != nil {
		return nil, err
	}
	link, err := at.link(ctx, j, c.History[0].Entry)
	if err != nil {
		return nil, err
	}
	return p.receiptPDF(ctx, x, receipt, link, lang)
}

func (p *Proofs) receiptPDF(ctx context.Context, x shown, receipt []byte, link string, lang locale.Lang) ([]byte, error) {
	v, err := p.view(ctx, x, lang)
	if err != nil {
		return nil, err
	}
	sheet := p.receiptSheet(v, link, lang)
	sheet.Files = []paper.File{{Name: "receipt.json", About: verify.TypeConsentReceipt, Content: receipt}}
	file, err := sheet.PDF()
	if err != nil {
		return nil, err
	}
	return p.seal(file, verify.TypeConsentReceipt, x.ID)
}

func (p *Proofs) view(ctx context.Context, x shown, lang locale.Lang) (*consent.View, error) {
	v, err := p.Consents.ViewIn(ctx, x.Consent, lang)
	if err == nil && x.strip != nil {
		x.strip(v)
	}
	return v, err
}

func (p *Proofs) receiptSheet(v *consent.View, link string, lang locale.Lang) *paper.Sheet {
	t, now, issuer := text(lang), p.Now(), p.Keys.Log.Name()
	return &paper.Sheet{
		Lang: string(lang), Title: t("proof.consent.title"), Under: t("proof.under", "id", v.ID, "date", locale.DateTime(lang, now)), Created: now,
		Code: &paper.Code{Link: link, Caption: t("proof.code")},
		Foot: t("proof.foot.consent", "id", v.ID, "issuer", issuer),
		Parts: []paper.Part{
			{Heading: t("proof.state"), Rows: []paper.Row{
				{Label: t("proof.status"), Value: t("status." + string(v.Status))},
				{Label: t("proof.scopes"), Value: orNone(t, names(v.Scopes, func(s string) string { return t("scope." + s) }), ", ")},
			}},
			{Heading: t("proof.elements"), Rows: elements(&v.Elements, lang), Note: t("proof.elements.note")},
			{Heading: t("proof.evidence"), Rows: evidence(v, lang)},
			{Heading: t("proof.text"), Text: v.Evidence.Text, Note: t("proof.text.note", "hash", v.Evidence.Kept)},
			{Heading: t("proof.history"), Table: history(v.History, lang)},
			{Heading: t("proof.check"), Text: t("proof.check.text", "issuer", issuer, "link", page(link))},
		},
	}
}

// page is the page that checks files, without a mark.
func page(link string) string {
	if i := strings.LastIndex(link, "/verify"); i >= 0 {
		return link[:i] + "/verify"
	}
	return link
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = name(x)
	}
	return out
}

func orNone(t func(string, ...any) string, list []string, between string) string {
	if len(list) == 0 {
		return t("proof.none")
	}
	return strings.Join(list, between)
}

func named(n consent.Named) string { return n.Name }

// elements are the rows of Art. 8(4), in its order. Each stands there even where it
// says no.
func elements(e *consent.Elements, lang locale.Lang) []paper.Row {
	t := text(lang)
	term := t("proof.term.open", "from", locale.DateTime(lang, e.Term.From))
	if e.Term.Until != nil {
		term = t("proof.term", "from", locale.DateTime(lang, e.Term.From), "until", locale.DateTime(lang, *e.Term.Until))
	}
	public := "proof.none"
	if e.PublicSources {
		public = "proof.some"
	}
	return []paper.Row{
		{Label: t("proof.element.operator"), Value: t("proof.bin", "name", e.Operator.Name, "bin", e.Operator.ID)},
		{Label: t("proof.element.subject"), Value: e.Subject.Name},
		{Label: t("proof.element.term"), Value: term},
		{Label: t("proof.element.third-parties"), Value: orNone(t, names(e.ThirdParties, named), "\n")},
		{Label: t("proof.element.cross-border"), Value: orNone(t, names(e.CrossBorder, func(c string) string { return notify.Country(lang, c) }), "\n")},
		{Label: t("proof.element.public"), Value: t(public)},
		{Label: t("proof.element.data"), Value: orNone(t, names(e.Data, named), "\n")},
		{Label: t("proof.element.purposes"), Value: orNone(t, names(e.Purposes, named), "\n")},
		{Label: t("proof.element.other"), Value: orNone(t, other(e, lang), "\n")},
	}
}

// other is for how long data stays, and what the operator set besides.
func other(e *consent.Elements, lang locale.Lang) []string {
	var out []string
	t := text(lang)
	for _, n := range e.Purposes {
		iso, known := e.Other.Retention[n.ID]
		if !known {
			continue
		}
		period := ""
		if d, ok := register.ParsePeriod(iso); ok {
			period = policy.Period(lang, d)
		}
		if period == "" {
			out = append(out, t("proof.kept.none", "purpose", n.Name))
			continue
		}
		out = append(out, t("proof.kept", "purpose", n.Name, "period", period))
	}
	for _, k := range slices.Sorted(maps.Keys(e.Other.Extra)) {
		out = append(out, k+": "+e.Other.Extra[k])
	}
	return out
}

func evidence(v *consent.View, lang locale.Lang) []paper.Row {
	t, e := text(lang), &v.Evidence
	rows := []paper.Row{
		{Label: t("proof.channel"), Value: t("page.channel." + e.Channel)},
		{Label: t("proof.obtained"), Value: locale.DateTime(lang, e.Obtained)},
	}
	rows = append(rows, paper.Row{Label: t("proof.standing"), Value: t("standing." + string(e.Standing))})
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, paper.Row{Label: t(label), Value: value})
		}
	}
	if r := e.Representative; r != nil {
		kind := t("representation.kind." + string(r.Kind))
		if r.Name != "" {
			kind = r.Name + ", " + kind
		}
		add("proof.representative", kind)
	}
	add("proof.document", e.Document)
	if s := e.Signature; s != nil {
		add("proof.signer", s.Name)
		organization := s.Organization
		if s.BIN != "" {
			organization = t("proof.bin", "name", organization, "bin", s.BIN)
		}
		add("proof.signer.organization", organization)
		add("proof.signer.roles", strings.Join(names(s.Roles, func(r string) string { return t("proof.role." + r) }), "\n"))
		add("proof.signer.serial", s.Serial)
		add("proof.signer.algorithm", s.Algorithm)
		add("proof.signed-at", locale.DateTime(lang, s.SignedAt))
		if s.StampedAt != nil {
			add("proof.stamped-at", locale.DateTime(lang, *s.StampedAt))
		}
		add("proof.checked", t("proof.checked.text", "date", locale.DateTime(lang, s.CheckedAt), "by", authority(s.Revocation)))
	}
	if c := e.Code; c != nil {
		add("proof.code-sent", t("proof.code.text", "to", c.Masked, "sent", locale.DateTime(lang, c.SentAt), "confirmed", locale.DateTime(lang, c.ConfirmedAt)))
		add("proof.code-choice", c.Choice)
	}
	add("proof.files", strings.Join(names(e.Files, func(f consent.File) string {
		return t("proof.file", "name", f.Name, "type", f.Type, "hash", f.SHA256)
	}), "\n"))
	return rows
}

// authority is who said that a certificate is not revoked, as people write it.
func authority(by string) string {
	if by == "ncanode" {
		return "NCANode"
	}
	return strings.ToUpper(by)
}

func history(list []consent.Change, lang locale.Lang) *paper.Table {
	t := text(lang)
	out := &paper.Table{
		Heads:  []string{t("proof.history.when"), t("proof.history.what"), t("proof.history.who"), t("proof.history.entry")},
		Shares: []float64{41, 43, 27, 59},
	}
	for i, h := range list {
		what := string(h.Status)
		switch {
		case i == 0:
			what = "given"
		case len(h.Scopes) > 0 && h.Status != consent.Withdrawn:
			what = "partly"
		case h.Status == consent.Active:
			what = "resumed"
		}
		said := t("page.history." + what)
		if what == "partly" {
			said += ": " + strings.Join(names(h.Scopes, func(s string) string { return t("scope." + s) }), ", ")
		}
		out.Lines = append(out.Lines, []string{locale.DateTime(lang, h.At), said, t("proof.by." + h.By), h.Entry.String()})
	}
	return out
}
