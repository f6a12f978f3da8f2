package cli

import (
	"os"

	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/policy"
	"kelisim/internal/register"
)

type lawCommand struct {
	ID string `arg:"" optional:"" help:"A provision, such as 9(4), or: duties, editions, orders."`
}

// Run prints the Law as data: the edition that --edition names, else the one
// that binds here today.
func (c *lawCommand) Run(e *env) error {
	binding := e.law.At(e.now(), "")
	shown := binding
	if newest := e.law.Newest; newest == law.Latest {
		shown = law.Editions()[len(law.Editions())-1]
	} else if ed, ok := law.ByID(newest); ok {
		shown = ed
	}
	switch c.ID {
	case "duties":
		return law.PrintDuties(e.stdout, shown, e.lang)
	case "editions":
		return law.PrintEditions(e.stdout, binding, e.lang)
	case "orders":
		return law.PrintOrders(e.stdout, shown, e.lang)
	default:
		return law.Print(e.stdout, shown, e.lang, c.ID)
	}
}

type policyCommand struct {
	Render policyRender `cmd:"" help:"Print the policy as HTML."`
}

type policyRender struct {
	Org  string `help:"BIN of the organization." placeholder:"BIN" xor:"from"`
	File string `help:"A description that is not applied." type:"existingfile" xor:"from"`
}

// Run renders the policy of an organization or of a file.
func (c *policyRender) Run(e *env) error {
	if c.File != "" {
		b, err := os.ReadFile(c.File)
		if err != nil {
			return err
		}
		d, err := register.Parse(b, ident.Rules{AllowTest: e.flags.TestNumbers})
		if err != nil {
			return err
		}
		return policy.Render(e.stdout, d, 1, e.lang, e.law.At(e.now(), d.Organization.Edition), nil)
	}
	if c.Org == "" {
		return fault.Bad("org", "missing-field")
	}
	return e.with(func(a *app.App) error {
		o, err := a.Parties.Organization(e.ctx, c.Org)
		if err != nil {
			return err
		}
		if o.Register == nil {
			return fault.New(fault.Conflict, "register-absent")
		}
		return policy.Render(e.stdout, o.Register.Description, o.Register.Version, e.lang, o.Edition(e.now()), nil)
	})
}
