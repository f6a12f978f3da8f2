package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/register"
	"kelisim/internal/web"
	"kelisim/verify"
)

type initCommand struct{}

// Run makes an installation. The token is the only thing on stdout, so that a
// script can keep it.
func (c *initCommand) Run(e *env) error {
	a, err := app.Init(e.ctx, e.config())
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // all is durable
	token, err := a.Accounts.Issue(e.ctx, account.Token{Role: account.Admin}, "first administrator")
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "installation made in %s\nback up %s/master.key apart from the database: without it nothing can be read\nthe administrator's token, shown this once:\n", e.flags.Data, e.flags.Data)
	fmt.Fprintln(e.stdout, token)
	return nil
}

type applyCommand struct {
	Approve bool     `help:"Put the descriptions in force at once: counts as the officer's approval."`
	Files   []string `arg:"" name:"file" help:"Descriptions (YAML or JSON)." type:"existingfile"`
}

// Run applies descriptions. All are checked before any is applied.
func (c *applyCommand) Run(e *env) error {
	list := make([]*register.Description, len(c.Files))
	for i, name := range c.Files {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if list[i], err = register.Parse(b, ident.Rules{AllowTest: e.flags.TestNumbers}); err != nil {
			fmt.Fprintf(e.stderr, "%s: not applied\n", name)
			return err
		}
		for _, w := range register.Warnings(list[i]) {
			e.explainOne(w)
		}
	}
	return e.with(func(a *app.App) error {
		for _, d := range list {
			out, err := a.Parties.Apply(e.ctx, verify.Actor{Kind: "service", ID: "command line"}, d, c.Approve)
			if err != nil {
				return err
			}
			state := "in force"
			if out.Approved.IsZero() {
				state = "waits for approval: apply it with --approve, or POST …/versions/" + fmt.Sprint(out.Number) + "/approve"
			}
			if !out.Changed {
				state += ", nothing changed"
			}
			fmt.Fprintf(e.stdout, "%s version %d %s\n", d.Organization.BIN, out.Number, state)
			for _, x := range out.Changes {
				mark := " "
				if x.Widens {
					mark = "!"
				}
				fmt.Fprintf(e.stdout, "  %s %s %s\n", mark, x.Kind, x.Path)
			}
		}
		return nil
	})
}

type tokenCommand struct {
	Org     string        `help:"BIN of the organization." placeholder:"BIN"`
	Role    string        `help:"admin, operator, staff, officer, third-party, authority, examiner, subject." required:""`
	Subject string        `help:"For role subject: the id that the organization knows." placeholder:"ID"`
	Label   string        `help:"What it is for."`
	Expires time.Duration `help:"How long it works; for ever if absent." placeholder:"720h"`
}

// Run issues a token.
func (c *tokenCommand) Run(e *env) error {
	role, err := account.ParseRole(c.Role)
	if err != nil {
		return err
	}
	return e.with(func(a *app.App) error {
		t := account.Token{Role: role}
		if c.Expires < 0 {
			return fault.Bad("expires", "time-past")
		}
		if c.Expires > 0 {
			t.Expires = e.now().Add(c.Expires)
		}
		if role.NeedsOrg() || role == account.Subject {
			if c.Org == "" {
				return fault.Bad("org", "missing-field")
			}
			o, err := a.Parties.Organization(e.ctx, c.Org)
			if err != nil {
				return err
			}
			if role.NeedsOrg() {
				t.Org = o.ID
			} else {
				id, err := ident.ParseID(c.Subject)
				if err != nil {
					return err
				}
				t.Subject = o.Inside(id)
				if _, err := a.Store.Holding(e.ctx, t.Subject, o.ID); err != nil {
					return err
				}
			}
		}
		text, err := a.Accounts.Issue(e.ctx, t, c.Label)
		if err == nil {
			fmt.Fprintln(e.stdout, text)
		}
		return err
	})
}

type loginCommand struct {
	Org       string `help:"BIN of the organization." required:"" placeholder:"BIN"`
	Role      string `help:"officer or staff; authority for a person of the authorised body." required:""`
	Label     string `help:"Whom it is for; kept sealed."`
	PublicURL string `name:"public-url" help:"Address that others reach us by; without it the path alone is printed." env:"KELISIM_PUBLIC_URL" placeholder:"URL"`
}

// Run makes a link that opens the console once. The link is the only thing on
// stdout, so that a script can send it.
func (c *loginCommand) Run(e *env) error {
	return e.with(func(a *app.App) error {
		o, err := a.Parties.Organization(e.ctx, c.Org)
		if err != nil {
			return err
		}
		secret, err := a.Accounts.ConsoleLink(e.ctx, account.Role(c.Role), o.ID, c.Label, account.LoginLife)
		if err == nil {
			fmt.Fprintln(e.stdout, strings.TrimSuffix(c.PublicURL, "/")+web.ConsoleLogin+secret)
		}
		return err
	})
}

type versionCommand struct{}

// Run prints the version.
func (c *versionCommand) Run(e *env) error {
	fmt.Fprintln(e.stdout, "kelisim", Version)
	return nil
}
