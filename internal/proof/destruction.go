package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"kelisim/internal/depersonal"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/paper"
	"kelisim/internal/party"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Act reads a signed act of destruction.
func Act(file []byte) (*vault.Destruction, error) {
	var s verify.Signed
	var d vault.Destruction
	if err := json.Unmarshal(file, &s); err != nil || s.Type != verify.TypeDestruction {
		return nil, fmt.Errorf("act of destruction: %w", verify.ErrFormat)
	}
	if err := json.Unmarshal(s.Document, &d); err != nil {
		return nil, fmt.Errorf("act of destruction: %w", verify.ErrFormat)
	}
	return &d, nil
}

// DestructionPDF is an act of destruction on paper, with the signed one inside,
// sealed whole. The subject stands there by the operator's own number: the name is
// destroyed.
func (p *Proofs) DestructionPDF(ctx context.Context, o *party.Organization, subject ident.ID, act []byte, j Journal, at Place, lang locale.Lang) ([]byte, error) {
	d, err := Act(act)
	if err != nil {
		return nil, err
	}
	link, err := at.link(ctx, j, d.Entry)
	if err != nil {
		return nil, err
	}
	sheet := p.destructionSheet(o, subject, d, link, lang)
	sheet.Files = []paper.File{{Name: "act.json", About: verify.TypeDestruction, Content: act}}
	file, err := sheet.PDF()
	if err != nil {
		return nil, err
	}
	return p.seal(file, verify.TypeDestruction, d.ID)
}

func (p *Proofs) destructionSheet(o *party.Organization, subject ident.ID, d *vault.Destruction, link string, lang locale.Lang) *paper.Sheet {
	t, issuer := text(lang), p.Keys.Log.Name()
	operator := o.BIN
	category := func(id string) string { return id }
	if o.Register != nil {
		operator = t("proof.bin", "name", o.Register.Name.In(lang), "bin", o.BIN)
		category = func(id string) string {
			if c, ok := o.Register.Category(id); ok {
				return c.Name.In(lang)
			}
			return id // no longer declared
		}
	}
	extent := "proof.destruction.part"
	if d.Whole {
		extent = "proof.destruction.whole"
	}
	method := "proof.destruction.method." + strings.ReplaceAll(d.Method, " ", "-")
	if locale.Has(method) {
		method = t(method)
	} else {
		method = d.Method
	}
	title, at, what := "proof.destruction.title", "proof.destruction.at", "proof.destruction.what"
	if len(d.Depersonalised) > 0 {
		title, at, what = "proof.depersonal.title", "proof.depersonal.at", "proof.depersonal.what"
	}
	sheet := &paper.Sheet{
		Lang: string(lang), Title: t(title), Under: t("proof.under", "id", d.ID, "date", locale.DateTime(lang, d.At)), Created: d.At,
		Code: &paper.Code{Link: link, Caption: t("proof.code")},
		Foot: t("proof.foot.destruction", "id", d.ID, "issuer", issuer),
		Parts: []paper.Part{
			{Rows: []paper.Row{
				{Label: t("proof.destruction.operator"), Value: operator},
				{Label: t("proof.destruction.subject"), Value: t("proof.destruction.subject.text", "id", subject)},
				{Label: t(at), Value: locale.DateTime(lang, d.At)},
				{Label: t("proof.destruction.provision"), Value: t("page.entry.article", "number", d.Provision)},
			}},
			{Heading: t(what), Rows: []paper.Row{
				{Label: t("proof.destruction.data"), Value: orNone(t, names(d.Categories, category), "\n")},
				{Label: t("proof.destruction.versions"), Value: strconv.Itoa(d.Versions)},
				{Label: t("proof.destruction.extent"), Value: t(extent)},
				{Label: t("proof.destruction.method"), Value: method},
				{Label: t("proof.destruction.entry"), Value: d.Entry.String()},
			}},
			{Heading: t("proof.check"), Text: t("proof.check.text", "issuer", issuer, "link", page(link))},
		},
	}
	for _, taken := range d.Depersonalised {
		sheet.Parts[1].Rows = append(sheet.Parts[1].Rows, paper.Row{Label: t("proof.depersonal.taken"), Value: takenOver(o, &taken, category, t, lang)})
	}
	return sheet
}

// takenOver says what was left of a purpose's data, and how it was made.
func takenOver(o *party.Organization, taken *depersonal.Taken, category func(string) string, t func(string, ...any) string, lang locale.Lang) string {
	purpose := taken.Purpose
	if o.Register != nil {
		if p := o.Register.Purpose(purpose); p != nil {
			purpose = p.Name.In(lang)
		}
	}
	lines := []string{t("proof.depersonal.purpose", "purpose", purpose) + ":"}
	for i := range taken.Columns {
		c := &taken.Columns[i]
		name := category(c.Category)
		if c.Field != "" {
			name += " (" + c.Field + ")"
		}
		lines = append(lines, name+" – "+t("depersonal.method."+string(c.Method)))
	}
	return strings.Join(lines, "\n")
}
