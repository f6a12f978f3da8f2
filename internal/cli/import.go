package cli

import (
	"errors"
	"fmt"
	"os"

	"kelisim/internal/app"
	"kelisim/internal/intake"
	"kelisim/verify"
)

type importCommand struct {
	Org     string `help:"BIN of the organization." required:"" placeholder:"BIN"`
	Purpose string `help:"Purpose that the data is kept for." required:"" placeholder:"ID"`
	Map     string `help:"What each column is (YAML)." required:"" type:"existingfile" placeholder:"FILE.yaml"`
	Bad     string `help:"Where rows that did not pass go; beside the file if absent." placeholder:"FILE.csv"`
	File    string `arg:"" help:"CSV or XLSX." type:"existingfile"`
}

// Run brings people in. Run again, it adds nothing.
func (c *importCommand) Run(e *env) error {
	text, err := os.ReadFile(c.Map)
	if err != nil {
		return err
	}
	m, err := intake.ParseMap(text)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	if c.Bad == "" {
		c.Bad = c.File + ".bad.csv"
	}
	return e.with(func(a *app.App) error {
		org, err := a.Parties.Organization(e.ctx, c.Org)
		if err != nil {
			return err
		}
		bad := &intake.BadFile{Path: c.Bad}
		bar := progress(e.stderr, 1, "rows")
		r, err := intake.Run(e.ctx, &intake.Options{
			Store: a.Store, Parties: a.Parties, Consents: a.Consents, Org: org, Purpose: c.Purpose, Map: m, File: f, Bad: bad, Language: e.lang,
			By: verify.Actor{Kind: "bulk", ID: "import"},
			Progress: func(done, total int64) {
				if total > 0 {
					bar.ChangeMax64(max(total, done))
				}
				_ = bar.Set64(done)
			},
		})
		_ = bar.Finish()
		for _, line := range r.Summary(e.lang) {
			fmt.Fprintln(e.stdout, line)
		}
		if err = errors.Join(err, bad.Close()); err == nil && bad.Made() {
			fmt.Fprintln(e.stdout, c.Bad)
		}
		return err
	})
}
