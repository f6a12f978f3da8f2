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
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/web"
	"kelisim/verify"
)

type serveCommand struct {
	Listen    string `help:"Address to listen on." env:"KELISIM_LISTEN" default:"127.0.0.1:8080"`
	PublicURL string `name:"public-url" help:"Address that others reach us by." env:"KELISIM_PUBLIC_URL" placeholder:"URL"`
	AskByHand bool   `name:"ask-by-hand" help:"Ask subjects again only when an officer says so, not by itself when a description widens a purpose." env:"KELISIM_ASK_BY_HAND"`
	KDP       string `name:"kdp" help:"Settings of the state service of control over access (YAML); kelisim kdp settings prints the standard ones." env:"KELISIM_KDP" placeholder:"FILE" type:"path"`
	CacheSize int    `help:"For how many subjects facts are kept in memory, about 600 bytes each." env:"KELISIM_CACHE_SIZE" default:"500000"`

	wordFlags
	signatureFlags
	codeFlags
}

// codeFlags are how one-time codes are used.
type codeFlags struct {
	CodeLife   time.Duration `help:"For how long a one-time code is good." env:"KELISIM_CODE_LIFE" default:"10m"`
	CodeTries  int           `help:"After how many wrong ones a one-time code is good no more." env:"KELISIM_CODE_TRIES" default:"5"`
	CodeHourly int           `help:"How many one-time codes are sent to one person within an hour." env:"KELISIM_CODE_HOURLY" default:"5"`
}

func (f *codeFlags) codes() consent.CodeRules {
	return consent.CodeRules{Life: f.CodeLife, Tries: f.CodeTries, Hourly: f.CodeHourly}
}

// wordFlags are how people and other systems are told.
type wordFlags struct {
	SMTP            string `name:"smtp" help:"Mail server for letters to subjects and officers: smtp://user:password@host:port or smtps://…; no letters if absent." env:"KELISIM_SMTP" placeholder:"URL"`
	MailFrom        string `help:"Whom letters come from." env:"KELISIM_MAIL_FROM" placeholder:"ADDRESS"`
	SMSURL          string `name:"sms-url" help:"Gateway of short messages: an address with {to}, {text} and {id} to call, or one that JSON is posted to." env:"KELISIM_SMS_URL" placeholder:"URL"`
	SMSKey          string `name:"sms-key" help:"Authorization header for the gateway." env:"KELISIM_SMS_KEY" placeholder:"TEXT"`
	SMSDir          string `name:"sms-dir" help:"Directory that short messages are written to instead, a file each." env:"KELISIM_SMS_DIR" placeholder:"DIR"`
	WebhookPrivate  bool   `help:"Let webhooks go to private addresses, and unencrypted to this machine. Not in production." env:"KELISIM_WEBHOOK_PRIVATE"`
	AcknowledgeDays int    `help:"Working days in which a receiver has to acknowledge what it was told." env:"KELISIM_ACKNOWLEDGE_DAYS" default:"1"`
	HeadDays        int    `help:"Working days after the end of a term in which the officer alone is told that it has run out; then the head is." env:"KELISIM_HEAD_DAYS" default:"1"`
}

func (f *wordFlags) word() app.Word {
	return app.Word{
		SMTP: f.SMTP, MailFrom: f.MailFrom, SMSURL: f.SMSURL, SMSKey: f.SMSKey, SMSDir: f.SMSDir,
		PrivateHooks: f.WebhookPrivate, AckDays: f.AcknowledgeDays, HeadDays: f.HeadDays,
	}
}

// Run serves until it is told to stop, then ends what is under way and seals.
func (c *serveCommand) Run(e *env) error {
	cfg := e.config()
	cfg.CacheSize, cfg.AskByHand = c.CacheSize, c.AskByHand
	cfg.Word, cfg.Signature, cfg.Codes = c.word(), c.config(), c.codes()
	var err error
	if cfg.KDP, err = stateService(c.KDP); err != nil {
		return err
	}
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
	if err := a.Settle(e.ctx); err != nil {
		return err
	}
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
	startJobs(work, a, public, &jobs)
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
		Store: a.Store, Accounts: a.Accounts, Parties: a.Parties, Represent: a.Represent, Requests: a.Requests, Consents: a.Consents, Guard: a.Guard, Terms: a.Terms, Due: a.Due, Orders: a.Orders, StateService: a.StateService, Journal: a.Journal,
		Deferrals: a.Deferrals, Outbox: a.Outbox, Publications: a.Publications, GovStack: a.GovStack, Proofs: a.Proofs, Keys: a.Keys, Now: a.Now, Log: e.log, Public: public, Version: Version,
		Ready: func(ctx context.Context) error {
			_, err := a.Store.LogSize(ctx)
			return err
		},
	}).Routes(mux)
	pages := &web.Pages{
		Store: a.Store, Accounts: a.Accounts, Parties: a.Parties, Represent: a.Represent, Consents: a.Consents, Guard: a.Guard, Journal: a.Journal, Office: a.Journal,
		Outbox: a.Outbox, Requests: a.Store, Rights: a.Requests, Publications: a.Publications, Orders: a.Orders, Terms: a.Terms, Due: a.Due, Forms: a.Forms, StateService: a.StateService,
		Proofs: a.Proofs, Keys: verify.Keys{Log: a.Keys.Checker, Sign: a.Keys.JWKS}, NCALayer: ncalayer, Now: a.Now, Log: e.log, PublicURL: public,
	}
	pages.Routes(mux)
	mux.Handle("/", pages.NotFound())
	return mux
}
