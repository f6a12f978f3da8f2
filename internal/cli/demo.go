package cli

import (
	"errors"
	"fmt"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/demo"
	"kelisim/internal/web"
)

type demoCommand struct {
	Listen string `help:"Address to listen on." env:"KELISIM_LISTEN" default:"127.0.0.1:8080"`
	Seed   uint64 `help:"Of the made-up people." default:"1"`
	KDP    string `name:"kdp" help:"Settings of the state service of control over access (YAML); a simulated one if absent." env:"KELISIM_KDP" placeholder:"FILE" type:"path"`
	NoWait bool   `help:"Fill the installation and print, but do not serve." hidden:""`

	wordFlags
}

// Run makes an installation with made-up life in it, once, and serves it.
func (c *demoCommand) Run(e *env) error {
	cfg := e.config()
	cfg.Database, cfg.Word = e.flags.Database, c.word()
	cfg.Database = e.flags.Database
	var err error
	if cfg.KDP, err = stateService(c.KDP); err != nil {
		return err
	}
	a, err := app.Open(e.ctx, cfg)
	if errors.Is(err, app.ErrNotInitialised) {
		a, err = app.Init(e.ctx, cfg)
	}
	if err != nil {
		return err
	}
	unlock, err := lock(e.flags.Data)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	defer unlock()
	start := e.now()
	r, err := demo.Fill(e.ctx, a, start, c.Seed)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if r.Filled {
		fmt.Fprintf(e.stderr, "a month of made-up life filled in in %s\n", time.Since(start).Round(100*time.Millisecond))
	}
	links, err := c.logins(e, a, r)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if c.NoWait {
		links("http://" + c.Listen)
		return a.Close()
	}
	stop := func() error { return nil }
	if c.KDP == "" {
		bins := make([]string, len(r.Organizations))
		for i, o := range r.Organizations {
			bins[i] = o.BIN
		}
		if stop, err = connect(e, a, bins); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	return errors.Join(serve(e, a, c.Listen, "", "", links), stop(), a.Close())
}

// logins makes fresh links and tokens and returns what prints them.
func (c *demoCommand) logins(e *env, a *app.App, r *demo.Result) (func(address string), error) {
	secrets := make([]string, len(r.Showcase))
	for i, p := range r.Showcase {
		var err error
		if secrets[i], err = a.Accounts.LoginLink(e.ctx, p.Subject, account.LoginLife); err != nil {
			return nil, err
		}
	}
	tokens := make([]string, len(r.Organizations))
	for i, o := range r.Organizations {
		var err error
		if tokens[i], err = a.Accounts.Issue(e.ctx, account.Token{Role: account.Operator, Org: o.ID, Expires: a.Now().Add(account.LoginLife)}, "demo"); err != nil {
			return nil, err
		}
	}
	desk := r.Organizations[0]
	officer, err := a.Accounts.ConsoleLink(e.ctx, account.Officer, desk.ID, "demo", account.LoginLife)
	if err != nil {
		return nil, err
	}
	inspector, err := a.Accounts.ConsoleLink(e.ctx, account.Authority, r.Authority.ID, "demo", account.LoginLife)
	if err != nil {
		return nil, err
	}
	admin, err := a.Accounts.Issue(e.ctx, account.Token{Role: account.Admin, Expires: a.Now().Add(account.LoginLife)}, "demo")
	return func(address string) {
		w := e.stdout
		fmt.Fprintf(w, "\nKelisim is up: %s\n\nThe cabinet of a made-up person (a link works once; run demo again for new ones):\n", address)
		for i, p := range r.Showcase {
			fmt.Fprintf(w, "  %s (%s)\n    %s/login/%s\n", p.Name, p.Language, address, secrets[i])
		}
		fmt.Fprintf(w, "\nThe console of an operator, for its officer:\n  %s\n    %s%s%s\n", desk.Name.In(e.lang), address, web.ConsoleLogin, officer)
		fmt.Fprintf(w, "\nThe console of the authorised body, which decides on appeals:\n  %s\n    %s%s%s\n", r.Authority.Name.In(e.lang), address, web.ConsoleLogin, inspector)
		fmt.Fprintln(w, "\nThe policies of the operators, and a token to call the API as their system, for a day:")
		for i, o := range r.Organizations {
			fmt.Fprintf(w, "  %s\n    %s/o/%s/policy\n    %s\n", o.Name.In(e.lang), address, o.BIN, tokens[i])
		}
		fmt.Fprintf(w, "\nThe administrator's token, for a day:\n    %s\n\nThe API: %s/docs   The log: %s/log/checkpoint\nCheck it: kelisim verify --data %s\nStop with Ctrl-C.\n",
			admin, address, address, e.flags.Data)
	}, err
}
