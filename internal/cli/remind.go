package cli

import (
	"context"
	"log/slog"

	"kelisim/internal/app"
)

// remind begins the terms that should run, ends those that are over by themselves,
// and lets letters be written of
// all that comes near its end or has passed it. Each is made once, however often
// this runs.
func remind(ctx context.Context, a *app.App) {
	fail := func(err error) {
		if err != nil && ctx.Err() == nil {
			a.Log.LogAttrs(ctx, slog.LevelError, "reminders could not be made, will be tried again", slog.Any("error", err))
		}
	}
	fail(a.Requests.CatchAppeals(ctx))
	fail(a.Consents.CatchAppeals(ctx))
	_, err := a.Due.Close(ctx)
	fail(err)
	fail(a.Due.Remind(ctx))
}
