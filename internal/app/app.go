// Package app puts the services together: one straight way from a data
// directory to everything that serves it. The command line, the tests and the
// demo all start here, so what is tested is what runs.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/disclosure"
	"kelisim/internal/due"
	"kelisim/internal/fault"
	"kelisim/internal/form"
	"kelisim/internal/gate"
	"kelisim/internal/govstack"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/kdp"
	"kelisim/internal/law"
	"kelisim/internal/order"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/proof"
	"kelisim/internal/publish"
	"kelisim/internal/represent"
	"kelisim/internal/request"
	"kelisim/internal/seal"
	"kelisim/internal/signature"
	"kelisim/internal/signature/fetch"
	"kelisim/internal/store"
	"kelisim/internal/term"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Config is everything that an installation is set up by.
type Config struct {
	// Data is the directory of keys and, on SQLite, of the database.
	Data string
	// Database is a postgres:// address; empty for SQLite in Data.
	Database string
	// TestNumbers accepts identifiers with wrong check digits, as test
	// certificates carry. Never in production.
	TestNumbers bool
	// Services are those of Art. 8-1 and 8-2 that this installation is: "state",
	// "non-state" or both; non-state where nothing is said.
	Services []string
	// CacheSize is for how many subjects facts are kept in memory.
	CacheSize int
	// SealEvery is the longest time an entry waits for its checkpoint.
	SealEvery time.Duration
	// AskByHand: subjects are asked again only when an officer says so, not by
	// itself when a version in force widens a purpose.
	AskByHand bool
	// Word is how people and other systems are told.
	Word Word
	// KDP is how the state service of control over access is asked; nil: it is not.
	KDP *kdp.Settings
	// Law says which editions of the Law bind here; law.Default if it says nothing.
	Law law.Following
	// Signature is how electronic signatures are checked. With neither roots nor
	// an NCANode they are not offered.
	Signature signature.Config
	// Codes are the rules of one-time codes; consent.StandardCodes where a figure is
	// zero.
	Codes consent.CodeRules

	Now func() time.Time
	Log *slog.Logger
}

// Files of a data directory.
const (
	masterFile     = "master.key"
	databaseFile   = "kelisim.db"
	checkpointFile = "checkpoint" // the newest, outside the database: verify compares
)

// App is an open installation.
type App struct {
	Config
	Node     ident.ID // of this process, for leases
	Store    *store.Store
	Keys     *seal.Keyring
	Accounts *account.Accounts
	Parties  *party.Parties
	Consents *consent.Consents
	Guard    *gate.Guard
	Terms    *term.Terms
	Journal  *journal.Reader
	Sealer   *journal.Sealer
	// Deferrals is what subjects are shown later.
	Deferrals *disclosure.Deferrals
	// Represent is who may act for whom.
	Represent *represent.Representatives
	// Orders is what others order of an organization.
	Orders *order.Orders
	// Requests is what subjects demand.
	Requests *request.Requests
	// Publications is what is public, and where.
	Publications *publish.Publications
	// Outbox is what others are to be told.
	Outbox *outbox.Outbox
	// Due is what is owed by when, and reminds of it.
	Due *due.Due
	// Forms is consent on the sites of operators.
	Forms *form.Forms

	// Ledger is what was destroyed, beside the database.
	Ledger *vault.Ledger
	behind atomic.Bool // the ledger

	mailer outbox.Mailer
	texter outbox.Texter
	// GovStack is the face of GovStack's Consent Building Block.
	GovStack *govstack.Face
	// StateService asks the state service of control over access.
	StateService *kdp.Requests
	// Proofs makes receipts on paper and packs of proof.
	Proofs *proof.Proofs
}

func (c *Config) defaults() {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one place where the real clock comes in
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.CacheSize == 0 {
		c.CacheSize = 500_000
	}
	if c.SealEvery == 0 {
		c.SealEvery = 500 * time.Millisecond
	}
	c.Codes.Life = cmp.Or(c.Codes.Life, consent.StandardCodes.Life)
	c.Codes.Tries = cmp.Or(c.Codes.Tries, consent.StandardCodes.Tries)
	c.Codes.Hourly = cmp.Or(c.Codes.Hourly, consent.StandardCodes.Hourly)
	if c.Word.AckDays == 0 {
		c.Word.AckDays = 1
	}
	if c.Word.HeadDays == 0 {
		c.Word.HeadDays = 1
	}
}

// Init makes the keys and the database of a new installation. It refuses one
// that exists; run after it was cut short, it goes on where it stopped.
func Init(ctx context.Context, c Config) (*App, error) {
	c.defaults()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	master, err := seal.OpenFile(filepath.Join(c.Data, masterFile))
	if errors.Is(err, fs.ErrNotExist) {
		master, err = seal.CreateFile(filepath.Join(c.Data, masterFile))
	}
	if err != nil {
		return nil, err
	}
	st, err := c.openStore(ctx)
	if err != nil {
		return nil, err
	}
	secrets, err := seal.NewSecrets(master)
	if err == nil {
		err = st.InsertSecrets(ctx, secrets)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return c.wire(ctx, st, master)
}

// ErrNotInitialised is returned for a directory that init never saw.
var ErrNotInitialised = errors.New("there is no installation here: run kelisim init first")

// Open opens an installation.
func Open(ctx context.Context, c Config) (*App, error) {
	c.defaults()
	master, err := seal.OpenFile(filepath.Join(c.Data, masterFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotInitialised
	}
	if err != nil {
		return nil, err
	}
	st, err := c.openStore(ctx)
	if err != nil {
		return nil, err
	}
	return c.wire(ctx, st, master)
}

func (c *Config) openStore(ctx context.Context) (*store.Store, error) {
	if c.Database != "" {
		return store.OpenPostgres(ctx, c.Database)
	}
	return store.OpenSQLite(ctx, filepath.Join(c.Data, databaseFile))
}

func (c *Config) wire(ctx context.Context, st *store.Store, master seal.Master) (*App, error) {
	secrets, err := st.Secrets(ctx)
	if err == nil && len(secrets) == 0 {
		err = ErrNotInitialised
	}
	var keys *seal.Keyring
	if err == nil {
		keys, err = seal.OpenKeyring(master, secrets)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	a := &App{Config: *c, Node: ident.NewID(c.Now()), Store: st, Keys: keys}
	if err := errors.Join(c.Codes.Check(), c.Word.open(a)); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	a.Accounts = &account.Accounts{Store: st, Keys: keys, Now: c.Now}
	a.Parties = &party.Parties{Store: st, Keys: keys, Now: c.Now, Rules: ident.Rules{AllowTest: c.TestNumbers}, Law: c.Law}
	a.Represent = &represent.Representatives{Store: st, Parties: a.Parties, Keys: keys, Now: c.Now}
	a.Outbox = &outbox.Outbox{
		Store: st, Parties: a.Parties, Keys: keys, Now: c.Now, AckBy: a.ackBy,
		Mail: a.mailer != nil, SMS: a.texter != nil, Private: c.Word.PrivateHooks,
	}
	signatures, err := c.checker(a.Parties.Rules)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	a.Consents = &consent.Consents{
		Store: st, Requests: st, Parties: a.Parties, Keys: keys, Now: c.Now, StateService: slices.Contains(c.Services, "state"),
		Represent: a.Represent, HoldStore: st, AskRuns: st, Outbox: a.Outbox, Public: st, Signatures: signatures, Codes: c.Codes, Published: &consent.Publications{},
	}
	a.Terms = &term.Terms{
		Store: st, Parties: a.Parties, Now: c.Now, Rule: term.ByEdition, HeadAfter: c.Word.HeadDays,
		Calendars: &term.Calendars{Store: st, Keys: keys, Now: c.Now, Law: c.Law},
	}
	a.Consents.Terms = a.Terms
	a.Due = &due.Due{Store: st, Terms: a.Terms, Outbox: a.Outbox, Parties: a.Parties, Now: c.Now}
	a.Guard = &gate.Guard{
		Store: st, Parties: a.Parties, Represent: a.Represent, Terms: a.Terms, Keys: keys, Now: c.Now, Cache: gate.NewCache(c.CacheSize),
		Outbox: a.Outbox, Destroyed: a.noteDestroyed,
	}
	a.Ledger = &vault.Ledger{Path: filepath.Join(c.Data, destroyedFile), Sign: func(doc []byte) ([]byte, error) {
		return consent.Sign(keys, vault.TypeLedger, doc)
	}}
	a.Forms = &form.Forms{Store: st, Parties: a.Parties, Consents: a.Consents, Guard: a.Guard, Letters: a.Outbox, Keys: keys, Now: c.Now}
	a.StateService = &kdp.Requests{Store: st, Parties: a.Parties, Guard: a.Guard, Now: c.Now, Log: c.Log}
	if c.KDP != nil {
		a.StateService.Settings, a.StateService.Client = c.KDP, c.KDP.Client(c.Now)
	}
	a.Journal = &journal.Reader{Store: st, Keys: keys, KeyOf: a.Parties.JournalKey, Now: c.Now}
	a.Publications = &publish.Publications{
		Store: st, Parties: a.Parties, Guard: a.Guard, Consents: a.Consents, Terms: a.Terms, Journal: a.Journal, Outbox: a.Outbox, Now: c.Now,
	}
	a.Orders = &order.Orders{
		Store: st, Parties: a.Parties, Guard: a.Guard, Terms: a.Terms, Journal: a.Journal, Consents: a.Consents, Publications: a.Publications, Now: c.Now,
	}
	a.Requests = &request.Requests{
		Store: st, Parties: a.Parties, Guard: a.Guard, Consents: a.Consents, Terms: a.Terms, Journal: a.Journal, Represent: a.Represent, Publications: a.Publications,
		Keys: keys, Base: &request.Vault{Store: st, Parties: a.Parties}, Now: c.Now,
	}
	a.Proofs = &proof.Proofs{Consents: a.Consents, Parties: a.Parties, Keys: keys, Now: c.Now}
	a.Deferrals = &disclosure.Deferrals{Store: st, Parties: a.Parties, Now: c.Now}
	a.GovStack = &govstack.Face{Store: st, Parties: a.Parties, Consents: a.Consents, Outbox: a.Outbox, Represent: a.Represent, Keys: keys, Now: c.Now}
	a.Outbox.Forms = map[string]outbox.Form{govstack.Form: a.GovStack}
	a.Sealer = &journal.Sealer{Store: st, Keys: keys, Now: c.Now, Log: c.Log, Every: c.SealEvery, Published: a.keepCheckpoint}
	return a, nil
}

func (c *Config) checker(rules ident.Rules) (signature.Checker, error) {
	if c.Signature.Roots == "" && c.Signature.NCANode == "" {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return c.Signature.Checker(fetch.New(nil), c.Now, rules)
}

// Close closes the store; what was answered is durable already.
func (a *App) Close() error { return a.Store.Close() }

// keepCheckpoint writes the newest checkpoint beside the database, so that a
// database put back to an earlier state is noticed. Losing the file loses that
// check and nothing else, so a failure is only logged.
//
// A larger one is never replaced: it proves that the database was put back, and
// verify goes on to say so.
func (a *App) keepCheckpoint(note string) {
	path := filepath.Join(a.Data, checkpointFile)
	next, err := verify.OpenCheckpoint(note, a.Keys.Checker)
	if old, readErr := os.ReadFile(path); err == nil && readErr == nil {
		if kept, err := verify.OpenCheckpoint(string(old), a.Keys.Checker); err == nil && kept.Size > next.Size {
			a.Log.LogAttrs(context.Background(), slog.LevelError, "the log is shorter than a checkpoint it signed: the database was put back to an earlier state; run kelisim verify")
			return
		}
	}
	if err == nil {
		err = os.WriteFile(path+".new", []byte(note), 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		a.Log.LogAttrs(context.Background(), slog.LevelError, "the checkpoint could not be kept beside the database", slog.Any("error", err))
	}
}

// Audit checks the whole log of the installation.
func (a *App) Audit(ctx context.Context, progress func(int64)) (*journal.Report, error) {
	outside, err := os.ReadFile(filepath.Join(a.Data, checkpointFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Internal, "internal", err)
	}
	orgs, err := a.Store.Orgs(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[ident.ID]string, len(orgs))
	for i := range orgs {
		names[orgs[i].ID] = orgs[i].BIN
	}
	audit := &journal.Audit{
		Store: a.Store, Keys: a.Keys, Orgs: names, Outside: string(outside), Progress: progress,
		OpenKey: func(subject ident.ID, wrapped []byte) (seal.Key, error) {
			return party.OpenJournalKey(a.Keys, subject, wrapped)
		},
	}
	return audit.Run(ctx)
}
