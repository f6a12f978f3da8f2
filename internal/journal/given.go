package journal

import (
	"context"
	"slices"

	"kelisim/internal/ident"
)

// Given lists the BINs of those whom an organization handed data of a subject to,
// on whatever ground: any of the categories, or anything where none are named. The
// organization itself is among them where it named itself as a recipient.
func (r *Reader) Given(ctx context.Context, subject, org ident.ID, categories []string) ([]string, error) {
	const chunk = 200
	var out []string
	f := Filter{BySubject: true, Subject: subject, Org: org, Limit: chunk}
	for {
		rows, list, err := r.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if o.Decision == "permit" && o.Recipient != "" && concerns(o.Categories, categories) && !slices.Contains(out, o.Recipient) {
				out = append(out, o.Recipient)
			}
		}
		if len(rows) < chunk {
			return out, nil
		}
		f.Before = rows[len(rows)-1].ID
	}
}

// concerns reports whether one of what was handed over is among the categories; no
// categories are all.
func concerns(handed, categories []string) bool {
	return len(categories) == 0 || slices.ContainsFunc(handed, func(c string) bool { return slices.Contains(categories, c) })
}
