package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/kdp"
	"kelisim/internal/kdp/kdpsim"
)

type kdpCommand struct {
	Settings kdpSettings `cmd:"" help:"Print the settings of the state service, with where each is known from."`
	Simulate kdpSimulate `cmd:"" help:"Play the state service, in both forms, to try an integration against."`
}

type kdpSettings struct{}

// Run prints the standard settings: a file to begin with.
func (*kdpSettings) Run(e *env) error {
	_, err := fmt.Fprint(e.stdout, kdp.Defaults)
	return err
}

type kdpSimulate struct {
	Listen   string   `help:"Address to listen on." default:"127.0.0.1:8079"`
	Org      []string `help:"BIN of an organization that may ask; user, user_id and sender of its account are the BIN." placeholder:"BIN" required:""`
	Password string   `help:"Password of every account." default:"simulated"`
}

// Run plays the state service until it is told to stop.
func (c *kdpSimulate) Run(e *env) error {
	sim, err := kdpsim.New(c.Password, e.now)
	if err != nil {
		return err
	}
	for _, bin := range c.Org {
		sim.Organizations[bin] = kdpsim.Organization{User: bin, UserID: bin, Sender: bin}
	}
	address, stop, err := simulate(e, sim, c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "scb.url: %s%s\nshep.url: %s%s\n", address, kdpsim.PathSCB, address, kdpsim.PathSHEP)
	fmt.Fprint(e.stderr, "How people answer goes by the eleventh digit of the IIN; see docs/kdp.md. Stop with Ctrl-C.\n")
	<-e.ctx.Done()
	return stop()
}

// simulate serves a simulated state service until stop is called.
func simulate(e *env, sim *kdpsim.Service, listen string) (address string, stop func() error, err error) {
	l, err := (&net.ListenConfig{}).Listen(e.ctx, "tcp", listen)
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, MaxHeaderBytes: 32 << 10}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	return "http://" + l.Addr().String(), func() error {
		err := errors.Join(srv.Close(), <-failed)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		return err
	}, nil
}

// stateService reads the settings of a file; none without one.
func stateService(path string) (*kdp.Settings, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // not connected is no error
	}
	return kdp.Load(path)
}

// connect lets the operators of a demo ask a simulated state service.
func connect(e *env, a *app.App, bins []string) (stop func() error, err error) {
	sim, err := kdpsim.New("simulated", e.now)
	if err != nil {
		return nil, err
	}
	sim.Delay = 3 * time.Second
	address, stop, err := simulate(e, sim, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	// Over the gateway, for only there it is known how a person's history is asked for.
	// The simulated one signs with the pair that the organizations have: to make more
	// takes a while.
	set := kdp.Standard()
	set.Form, set.SHEP.URL, set.SHEP.History.On = kdp.FormSHEP, address+kdpsim.PathSHEP, true
	for _, bin := range bins {
		sim.Organizations[bin] = kdpsim.Organization{User: bin, UserID: bin, Sender: bin, Cert: sim.Cert}
		set.Accounts[bin] = kdp.Account{Sender: bin, Password: sim.Password, Key: sim.Key, Cert: sim.Cert}
	}
	a.StateService.Settings, a.StateService.Client = set, set.Client(a.Now)
	return stop, nil
}

// askService asks the state service what became of what is pending.
func askService(ctx context.Context, a *app.App) {
	if err := a.StateService.Work(ctx, 200); err != nil && ctx.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, "questions to the state service could not be looked at", slog.Any("error", err))
	}
}
