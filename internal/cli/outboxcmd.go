package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
)

type outboxCommand struct {
	Retry bool `help:"Let all that was given up be tried again."`
	Limit int  `help:"How much of what was given up to list, newest first." default:"50"`
}

// Run tells how the outbox stands. It names neither a person nor an address: who
// was to be told stands by the BIN, or as "subject".
func (c *outboxCommand) Run(e *env) error {
	return e.with(func(a *app.App) error {
		if c.Retry {
			n, err := a.Store.Retry(e.ctx, ident.ID{}, ident.ID{})
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%d to be tried again\n", n)
		}
		f, err := a.Outbox.Figures(e.ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%d waiting, %d given up, %d not acknowledged in time\n", f.Waiting, f.Failed, f.Late)
		list, err := a.Outbox.List(e.ctx, outbox.Filter{Status: outbox.Failed, Limit: c.Limit})
		if err != nil || len(list) == 0 {
			return err
		}
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		for i := range list {
			d := &list[i]
			who := "subject"
			if !d.Org.IsZero() {
				o, err := a.Parties.ByID(e.ctx, d.Org)
				if err != nil {
					return err
				}
				who = o.BIN
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d tries\t%s\n", d.At.Format(time.RFC3339), d.ID, who, d.Channel, d.Event, d.Tries, d.Problem)
		}
		return w.Flush()
	})
}
