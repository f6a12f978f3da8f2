package cli

import (
	"bytes"
	"fmt"
	"os"

	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/policy"
	"kelisim/internal/register"
)

type lawCommand struct {
	Edition string `help:"Edition of the Law." placeholder:"2023-04"`
	ID      string `arg:"" optional:"" help:"A provision, such as 9(4), or: duties."`
}

// Run prints the Law as data.
func (c *lawCommand) Run(e *env) error {
	ed := law.At(e.now())
	if c.Edition != "" {
		var ok bool
		if ed, ok = law.ByID(c.Edition); !ok {
			return fmt.Errorf("there is no edition %q; there are: %s", c.Edition, editions())
		}
	}
	if c.ID == "duties" {
		return law.PrintDuties(e.stdout, ed, e.lang)
	}
	return law.Print(e.stdout, ed, e.lang, c.ID)
}

func editions() string {
	var b bytes.Buffer
	for i, ed := range law.Editions() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(ed.ID)
	}
	return b.String()
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
		return policy.Render(e.stdout, d, 1, e.lang, law.At(e.now()))
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
		return policy.Render(e.stdout, o.Register.Description, o.Register.Version, e.lang, law.At(e.now()))
	})
}
