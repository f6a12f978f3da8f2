package proof

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"kelisim/internal/locale"
	"kelisim/internal/paper"
	"kelisim/internal/policy"
	"kelisim/internal/register"
	"kelisim/internal/request"
)

// CopyPDF is the copy of a subject's data on paper (Art. 25(2)9), in the language of
// the subject, with the same copy for programs inside. It is made when it is fetched
// and kept nowhere.
func CopyPDF(f *request.File) ([]byte, error) {
	inside, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, err
	}
	lang := f.Language
	t := text(lang)
	sheet := &paper.Sheet{
		Lang: string(lang), Title: t("copy.title"), Under: t("copy.under", "id", f.Request, "date", locale.DateTime(lang, f.At)), Created: f.At,
		Foot: t("copy.foot", "id", f.Request),
		Parts: []paper.Part{
			{Rows: []paper.Row{
				{Label: t("copy.operator"), Value: t("proof.bin", "name", f.Name, "bin", f.Organization)},
				{Label: t("copy.right"), Value: t("copy.right.text")},
				{Label: t("copy.entry"), Value: f.Entry.String()},
			}, Note: t("copy.note")},
			{Heading: t("copy.data"), Table: copyTable(f)},
		},
		Files: []paper.File{{Name: "copy.json", About: "application/json", Content: inside}},
	}
	for i := range f.Facts.Purposes {
		sheet.Parts = append(sheet.Parts, copyPurpose(f, &f.Facts.Purposes[i]))
	}
	return sheet.PDF()
}

// copyTable has a line for each category: its value, where it came from, since when.
func copyTable(f *request.File) *paper.Table {
	t := text(f.Language)
	out := &paper.Table{
		Heads: []string{t("copy.category"), t("copy.value"), t("copy.source"), t("copy.since")}, Shares: []float64{3, 5, 4, 3},
	}
	for _, id := range slices.Sorted(maps.Keys(f.Data)) {
		line := []string{id, request.Plain(f.Data[id]), "", ""}
		for _, d := range f.Facts.Data {
			if d.Category == id {
				line[0], line[2], line[3] = d.Name, d.Source, locale.Date(f.Language, d.Since)
			}
		}
		out.Lines = append(out.Lines, line)
	}
	if len(out.Lines) == 0 {
		out.Lines = [][]string{{t("proof.none"), "", "", ""}}
	}
	return out
}

// copyPurpose is what the data is processed for, how, how long, and who gets it.
func copyPurpose(f *request.File, p *request.PurposeFact) paper.Part {
	t := text(f.Language)
	basis, until := t("copy.consent"), t("copy.until.purpose")
	if p.Basis != "" {
		basis = t("page.entry.article", "number", p.Basis)
	}
	if p.Until != nil {
		until = locale.DateTime(f.Language, *p.Until)
	}
	storage := ""
	if d, ok := register.ParsePeriod(p.Storage); ok {
		storage = policy.Period(f.Language, d)
	}
	if storage == "" {
		storage = t("copy.storage.none")
	}
	names := make([]string, len(p.Categories))
	for i, c := range p.Categories {
		names[i] = c
		for _, d := range f.Facts.Data {
			if d.Category == c {
				names[i] = d.Name
			}
		}
	}
	return paper.Part{Heading: t("copy.purpose", "name", p.Name), Rows: []paper.Row{
		{Label: t("copy.purpose.data"), Value: strings.Join(names, "\n")},
		{Label: t("copy.purpose.basis"), Value: basis},
		{Label: t("copy.purpose.methods"), Value: strings.Join(p.Methods, ", ")},
		{Label: t("copy.purpose.until"), Value: until},
		{Label: t("copy.purpose.storage"), Value: storage},
		{Label: t("copy.purpose.recipients"), Value: orNone(t, p.Recipients, "\n")},
	}}
}
