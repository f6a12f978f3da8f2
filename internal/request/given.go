package request

import (
	"context"
	"slices"

	"kelisim/internal/journal"
	"kelisim/internal/party"
)

// given finds in the journal who was handed the data that an act of a demand
// concerns, whatever the ground: those whom a consent names the gate knows itself.
// Word to them lands with the act, so that it is lost with it or not at all.
func (s *Requests) given(ctx context.Context, org *party.Organization, r *Request, a *Act) ([]string, error) {
	switch a.Do {
	case "change", "block", "unblock", "destroy", "depersonalise":
	default:
		return nil, nil // nobody has what is new
	}
	const chunk = 200
	var out []string
	f := journal.Filter{BySubject: true, Subject: r.Subject, Org: org.ID, Limit: chunk}
	for {
		rows, list, err := s.Journal.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if o.Decision == "permit" && o.Recipient != "" && o.Recipient != org.BIN && concerns(o.Categories, a.Categories) &&
				!slices.Contains(out, o.Recipient) {
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
