package cli

import (
	"fmt"
	"os"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/proof"
	"kelisim/verify"
)

type proveCommand struct {
	Consent   string `arg:"" help:"Id of the consent."`
	Out       string `short:"o" name:"out" help:"File to write; CONSENT.zip if absent." placeholder:"FILE"`
	PublicURL string `name:"public-url" help:"Address that others reach the installation by, for the codes on paper." env:"KELISIM_PUBLIC_URL" placeholder:"URL"`
}

// Run writes the pack of one consent. Whoever can run it has the keys of the
// installation, so it asks nobody whose the consent is.
func (c *proveCommand) Run(e *env) error {
	id, err := ident.ParseID(c.Consent)
	if err != nil {
		return fault.New(fault.NotFound, "consent-unknown")
	}
	return e.with(func(a *app.App) error {
		if err := a.Sealer.All(e.ctx); err != nil && !fault.Is(err, "log-moved") {
			return err
		}
		start := time.Now()
		x, err := a.Consents.Store.Consent(e.ctx, id)
		if err != nil {
			return err
		}
		j := proof.Office{Reader: a.Journal, Filter: journal.Filter{Org: x.Org}}
		file, err := a.Proofs.Pack(e.ctx, x, j, proof.Place(c.PublicURL), verify.Actor{Kind: "service", ID: "prove"})
		if err != nil {
			return err
		}
		name := c.Out
		if name == "" {
			name = id.String() + ".zip"
		}
		if err := os.WriteFile(name, file, 0o600); err != nil {
			return err
		}
		fmt.Fprintf(e.stderr, "%s: %d bytes in %s; check it with: kelisim verify %s\n", name, len(file), time.Since(start).Round(time.Millisecond), name)
		return nil
	})
}
