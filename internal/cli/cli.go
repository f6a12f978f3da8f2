// Package cli is the command line: it reads flags and variables, puts the
// services together and runs one command. Only this package sees everything.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// Version is set by the build.
var Version = "dev"

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it failed, or what was checked is wrong
	exitUsage  = 2
)

// commands are the flags and commands; the tags are the manual.
type commands struct {
	Data        string `help:"Directory of keys and, on SQLite, of the database." env:"KELISIM_DATA" default:"./kelisim-data" placeholder:"DIR"`
	Database    string `help:"postgres:// address; SQLite inside the data directory if absent." env:"KELISIM_DATABASE" placeholder:"URL"`
	Edition     string `help:"Newest edition of the Law that binds here, or latest; 2023-04 if absent. For law: the edition to show." env:"KELISIM_EDITION" placeholder:"ID"`
	Lang        string `help:"Language of messages: kk, ru, en." env:"KELISIM_LANG" placeholder:"LANG"`
	TestNumbers bool   `help:"Accept identifiers with wrong check digits, as test certificates carry. Never in production." env:"KELISIM_TEST_NUMBERS"`

	Services []string `help:"Services of control over access that this installation is: state (Art. 8-1), non-state (Art. 8-2), or both." env:"KELISIM_SERVICES" default:"non-state" enum:"state,non-state"`

	Init    initCommand    `cmd:"" help:"Make keys, database and the first administrator; prints the administrator's token once."`
	Apply   applyCommand   `cmd:"" help:"Register or update organizations from their descriptions (YAML)."`
	Token   tokenCommand   `cmd:"" help:"Issue a token; prints it alone on stdout."`
	Login   loginCommand   `cmd:"" help:"Make a link that opens the console of an organization once; prints it alone on stdout."`
	Serve   serveCommand   `cmd:"" help:"Serve the API and the pages."`
	Demo    demoCommand    `cmd:"" help:"Everything with an example operator and made-up subjects; prints links and logins."`
	Verify  verifyCommand  `cmd:"" help:"Check the sealed log, receipts and confirmations; exit 1 and a list when something is wrong."`
	Prove   proveCommand   `cmd:"" help:"All the proof of one consent in one file, to be checked anywhere."`
	Law     lawCommand     `cmd:"" help:"Provisions, grounds, duties and terms of an edition of the Law; all duties, all editions."`
	Explain explainCommand `cmd:"" help:"Why a decision was taken, rule by rule: one of the journal, or a case written down."`
	Policy  policyCommand  `cmd:"" help:"The operator's policy."`
	Import  importCommand  `cmd:"" help:"Bring in people collected before, from CSV or XLSX (Art. 31(3))."`
	Backup  backupCommand  `cmd:"" help:"Copy the database of a running installation, on SQLite, and what was destroyed."`
	Restore restoreCommand `cmd:"" help:"Put a backup back, and destroy again what was destroyed since."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Bench   benchCommand   `cmd:"" help:"Measure decisions, reads and the log on this machine."`

	Outbox outboxCommand `cmd:"" help:"What others are to be told: how much waits, and what was given up."`
	KDP    kdpCommand    `cmd:"" name:"kdp" help:"The state service of control over access to personal data."`

	Calendar calendarCommand `cmd:"" help:"The working calendar that terms are counted by."`
}

// env is what a command runs with.
type env struct {
	ctx    context.Context //nolint:containedctx // lives as long as the command
	flags  *commands
	stdout io.Writer
	stderr io.Writer
	lang   locale.Lang
	law    law.Following
	now    func() time.Time
	log    *slog.Logger
}

// Main runs a command and returns the exit code.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var flags commands
	code := -1
	p, err := kong.New(&flags, kong.Name("kelisim"),
		kong.Description("Personal data under the control of the person it belongs to."),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(stderr, "kelisim:", err)
		return exitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := p.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		fmt.Fprintln(stderr, "kelisim:", err)
		fmt.Fprintln(stderr, "hint: kelisim --help")
		return exitUsage
	}
	e := &env{
		ctx: ctx, flags: &flags, stdout: stdout, stderr: stderr, lang: language(flags.Lang),
		now: time.Now, log: slog.New(slog.NewTextHandler(stderr, nil)),
	}
	if e.law, err = law.Follow(flags.Edition); err != nil {
		e.explain(err)
		return exitFailed
	}
	if err := k.Run(e); err != nil {
		e.explain(err)
		if errors.Is(err, errUsage) {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}

var (
	errUsage  = errors.New("usage")
	errSilent = errors.New("told already")
)

// language of messages: the flag, else the locale of the terminal, else English.
func language(flag string) locale.Lang {
	for _, v := range []string{flag, os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")} {
		switch l := locale.Lang(strings.ToLower(v[:min(2, len(v))])); l {
		case locale.KK, locale.RU, locale.EN:
			return l
		}
	}
	return locale.EN
}

// explain tells what failed and what to do next.
func (e *env) explain(err error) {
	if errors.Is(err, errSilent) {
		return
	}
	var list fault.List
	var one *fault.Error
	switch {
	case errors.As(err, &list):
		for _, f := range list {
			e.explainOne(f)
		}
	case errors.As(err, &one):
		e.explainOne(one)
	default:
		fmt.Fprintln(e.stderr, "kelisim:", err)
	}
}

func (e *env) explainOne(f *fault.Error) {
	text, hint := locale.Fault(e.lang, f)
	where := ""
	if f.Line > 0 {
		where = fmt.Sprintf("line %d: ", f.Line)
	}
	if f.Field != "" {
		where += f.Field + ": "
	}
	fmt.Fprintf(e.stderr, "kelisim: %s%s\n", where, text)
	if f.Err != nil {
		fmt.Fprintf(e.stderr, "  cause: %v\n", f.Err)
	}
	if hint != "" {
		fmt.Fprintf(e.stderr, "  hint: %s\n", hint)
	}
}

func (e *env) config() app.Config {
	return app.Config{
		Data: e.flags.Data, Database: e.flags.Database, TestNumbers: e.flags.TestNumbers, Services: e.flags.Services, Law: e.law,
		Now: e.now, Log: e.log,
	}
}

func (e *env) open() (*app.App, error) { return app.Open(e.ctx, e.config()) }

// with opens the installation for fn and closes it after. What fn wrote is
// sealed before, unless a server does that.
func (e *env) with(fn func(*app.App) error) error {
	if err := app.ReplayNeeded(e.flags.Data); err != nil {
		return err
	}
	a, err := e.open()
	if err != nil {
		return err
	}
	err = fn(a)
	if err == nil {
		err = a.Sealer.All(e.ctx)
		if fault.Is(err, "log-moved") { // a server beside us was faster
			err = nil
		}
	}
	return errors.Join(err, a.Close())
}
