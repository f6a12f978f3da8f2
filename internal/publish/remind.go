package publish

import (
	"context"

	"kelisim/internal/ident"
	"kelisim/internal/term"
)

// Reminder is that the term of a removal comes near its end, or has passed it.
type Reminder struct {
	Term  *term.Term // about the publication
	Stage term.Stage
}

// Key is the same for the same reminder: whoever sends it sends it once.
func (m *Reminder) Key() string {
	return "publication/" + m.Term.About.ID.String() + "/" + m.Term.ID.String() + "/" + m.Stage.String()
}

// Reminders are the removals that an organization owes and whose term is half over,
// ends today, or is over, those with the least time left first.
func (s *Publications) Reminders(ctx context.Context, org ident.ID, limit int) ([]Reminder, error) {
	list, err := s.Store.Terms(ctx, term.Filter{Org: org, Status: term.Open, About: "publication", Limit: limit})
	if err != nil {
		return nil, err
	}
	c, err := s.Terms.Calendars.Current(ctx)
	if err != nil {
		return nil, err
	}
	var out []Reminder
	for i := range list {
		if m := (Reminder{&list[i], list[i].Stage(c, s.Now())}); m.Stage != term.Calm {
			out = append(out, m)
		}
	}
	return out, nil
}
