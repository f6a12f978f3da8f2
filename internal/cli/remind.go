package cli

import (
	"context"
	"log/slog"

	"kelisim/internal/app"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
	"kelisim/internal/term"
)

// remindMost is of how many demands to one organization it is reminded at most,
// those with the least time left first: more letters would be read by nobody, and
// the console shows all.
const remindMost = 10_000

// remind writes to officers whose demands and removals come near the end of their term or have
// passed it, and to the heads of those that passed it by a working day. Each letter
// is made once, however often this runs.
func remind(ctx context.Context, a *app.App) {
	if !a.Outbox.Mail {
		return // the console shows it
	}
	fail := func(err error) {
		if ctx.Err() == nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "reminders could not be made, will be tried again", slog.Any("error", err))
		}
	}
	orgs, err := a.Store.Orgs(ctx)
	if err != nil {
		fail(err)
		return
	}
	for i := range orgs {
		if err := remindOf(ctx, a, orgs[i].ID); err != nil {
			fail(err) // the others are reminded even so
		}
	}
}

func remindOf(ctx context.Context, a *app.App, id ident.ID) error {
	org, err := a.Parties.ByID(ctx, id)
	if err != nil {
		return err
	}
	list, err := a.Requests.Reminders(ctx, org.ID, remindMost)
	if err != nil {
		return err
	}
	var out []outbox.Reminder
	for _, m := range list {
		stage := m.Stage
		for _, m.Stage = range append(skipped(stage), stage) {
			out = append(out, outbox.Reminder{
				Key: m.Key(), About: m.Request.ID, Stage: m.Stage.String(), Due: m.Request.Term.Due,
				Path: "/console/requests/" + m.Request.ID.String(), Head: m.Stage == term.VeryLate,
			})
		}
	}
	removals, err := a.Publications.Reminders(ctx, org.ID, remindMost)
	if err != nil {
		return err
	}
	for _, m := range removals {
		stage := m.Stage
		for _, m.Stage = range append(skipped(stage), stage) {
			out = append(out, outbox.Reminder{
				Key: m.Key(), About: m.Term.About.ID, Stage: "publication." + m.Stage.String(), Due: m.Term.Due,
				Path: "/console/publications/" + m.Term.About.ID.String(), Head: m.Stage == term.VeryLate,
			})
		}
	}
	return a.Outbox.Remind(ctx, org, out)
}

// skipped are stages that a server which was down may have slept through and that
// others have to know of: the head is not told before the officer.
func skipped(s term.Stage) []term.Stage {
	if s == term.VeryLate {
		return []term.Stage{term.Late}
	}
	return nil
}
