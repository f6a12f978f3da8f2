package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"kelisim/internal/api"
	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/web"
	"kelisim/verify"
)

type serveCommand struct {
	Listen    string `help:"Address to listen on." env:"KELISIM_LISTEN" default:"127.0.0.1:8080"`
	PublicURL string `name:"public-url" help:"Address that others reach us by." env:"KELISIM_PUBLIC_URL" placeholder:"URL"`
	signatureFlags
	CacheSize int `help:"For how many subjects facts are kept in memory, about 600 bytes each." env:"KELISIM_CACHE_SIZE" default:"500000"`
}

// Run serves until it is told to stop, then ends what is under way and seals.
func (c *serveCommand) Run(e *env) error {
	cfg := e.config()
	cfg.CacheSize, cfg.Signature = c.CacheSize, c.config()
	unlock, err := lock(e.flags.Data)
	if err != nil {
		return err
	}
	defer unlock()
	a, err := app.Open(e.ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(serve(e, a, c.Listen, c.PublicURL, c.NCALayer, func(address string) {
		fmt.Fprintf(e.stderr, "serving on %s\n", address)
	}), a.Close())
}

// lock keeps a second server off the directory. The kernel drops it when the
// process ends, however it ends.
func lock(dir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil, app.ErrNotInitialised
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fault.New(fault.Conflict, "serving-already"), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// serve runs the HTTP server and the background work until ctx ends.
func serve(e *env, a *app.App, listen, public, ncalayer string, ready func(address string)) error {
	l, err := (&net.ListenConfig{}).Listen(e.ctx, "tcp", listen)
	if err != nil {
		return err
	}
	address := "http://" + l.Addr().String()
	if public == "" {
		public = address
	}
	srv := &http.Server{
		Handler: handler(e, a, public, ncalayer), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(e.ctx))
	var jobs sync.WaitGroup
	startJobs(work, a, &jobs)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	ready(address)
	select {
	case err = <-failed:
	case <-e.ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), 20*time.Second)
		err = srv.Shutdown(grace)
		cancel()
	}
	stopWork()
	jobs.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

func handler(e *env, a *app.App, public, ncalayer string) http.Handler {
	if a.Consents.Signatures == nil {
		ncalayer = "" // nobody is asked for what is not taken
	}
	mux := http.NewServeMux()
	(&api.API{
		Store: a.Store, Accounts: a.Accounts, Parties: a.Parties, Represent: a.Represent, Consents: a.Consents, Guard: a.Guard, Terms: a.Terms, Journal: a.Journal,
		Deferrals: a.Deferrals, Proofs: a.Proofs, Keys: a.Keys, Now: a.Now, Log: e.log, Public: public, Version: Version,
		Ready: func(ctx context.Context) error {
			_, err := a.Store.LogSize(ctx)
			return err
		},
	}).Routes(mux)
	(&web.Pages{
		Store: a.Store, Accounts: a.Accounts, Parties: a.Parties, Represent: a.Represent, Consents: a.Consents, Guard: a.Guard, Journal: a.Journal, Office: a.Journal,
		Requests: a.Store, Proofs: a.Proofs, Keys: verify.Keys{Log: a.Keys.Checker, Sign: a.Keys.JWKS}, NCALayer: ncalayer, Now: a.Now, Log: e.log, PublicURL: public,
	}).Routes(mux)
	return mux
}
