package app

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/seal"
	"kelisim/internal/vault"
)

// Putting a copy back: what was destroyed after it was made is destroyed in it
// again before anybody is served, so that a tombstone outlives every backup.

// Restoring is what a restore is told.
type Restoring struct {
	From      string   // a backup; empty to go on with what was restored, or with a database put back by its own tools
	Key       string   // file of the master key, where neither the directory nor the backup has it
	Destroyed []string // ledgers to replay, beside the one in the directory
	// Lost: there is no whole ledger from after the backup, and the operator says
	// so. What was destroyed since then, and is not in it, is back.
	Lost bool
}

// Replayed is what a restore did.
type Replayed struct {
	Manifest *Manifest
	Acts     int // in the ledgers
	Known    int // that the database had
	Absent   int // of people whom the database does not know
	Done     int // done again
	// Uncounted are ledgers without their count: whether their end was cut off
	// nobody knows.
	Uncounted []string
}

// Restore puts a backup into a data directory without a database and replays the
// destructions that came after it. Between the two a file in the directory keeps
// the installation from being served; a fault.Conflict "destroyed-missing" or
// "destroyed-cut" leaves it there, and Restore without From goes on.
func Restore(ctx context.Context, c Config, r Restoring) (*Replayed, error) {
	c.defaults()
	own := &vault.Ledger{Path: filepath.Join(c.Data, destroyedFile)}
	_, err := os.Stat(own.Path)
	outside := err == nil || len(r.Destroyed) > 0
	_, err = os.Stat(filepath.Join(c.Data, masterFile))
	ownKey := err == nil
	done := &Replayed{}
	if r.From != "" {
		if done.Manifest, err = c.putBack(&r); err != nil {
			return nil, err
		}
	}
	a, err := Open(ctx, c)
	if err != nil {
		if r.From != "" { // the wrong key: leave nothing half-done
			err = errors.Join(err, c.takeBack(ownKey))
		}
		return nil, err
	}
	defer a.Close() //nolint:errcheck // all is durable
	if !outside && !r.Lost {
		return nil, fault.New(fault.Conflict, "destroyed-missing")
	}
	paths := append([]string{own.Path}, r.Destroyed...)
	if err := a.wholeLedgers(ctx, paths, &r, done); err != nil {
		return nil, err
	}
	if err := own.Mend(); err != nil {
		return nil, err
	}
	if r.From != "" {
		paths = append(paths, filepath.Join(r.From, destroyedFile))
	}
	if err := a.replay(ctx, paths, done); err != nil {
		return nil, err
	}
	if err := a.Sealer.All(ctx); err != nil {
		return nil, err
	}
	err = os.Remove(filepath.Join(c.Data, replayFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return done, err
}

// wholeLedgers refuses ledgers whose end was cut off, and those that are older than
// the database itself: they do not tell all that was destroyed since. Who has no
// others says so.
func (a *App) wholeLedgers(ctx context.Context, paths []string, r *Restoring, done *Replayed) error {
	told := map[ident.ID]bool{}
	most := 0
	for _, path := range paths {
		l := &vault.Ledger{Path: path}
		count, err := l.Whole(a.Keys.JWKS)
		if err != nil && !r.Lost && (count == nil || !fault.Is(err, "destroyed-cut")) {
			return err
		}
		lines, err := l.Lines()
		if err != nil {
			return err
		}
		if count != nil {
			most = max(most, count.Lines)
		} else if len(lines) > 0 {
			done.Uncounted = append(done.Uncounted, path)
		}
		for _, x := range lines {
			told[x.Act] = true
		}
	}
	if r.Lost { // from here on another count holds
		err := os.Remove(a.Ledger.CountFile())
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	}
	known, err := a.acts(ctx)
	if err != nil {
		return err
	}
	if len(told) < most { // one that was cut is made up for by another
		return fault.New(fault.Conflict, "destroyed-cut")
	}
	for act := range known {
		if !told[act] {
			return fault.New(fault.Conflict, "destroyed-cut")
		}
	}
	return nil
}

// putBack copies the files of a backup, the database last and by renaming: there
// is either none or the whole of it, and never one without the file that keeps it
// from being served.
func (c *Config) putBack(r *Restoring) (*Manifest, error) {
	if c.Database != "" {
		return nil, fault.New(fault.Conflict, "backup-own-tools")
	}
	m, err := readBackup(r.From)
	if err != nil {
		return nil, err
	}
	db := filepath.Join(c.Data, databaseFile)
	for _, end := range []string{"", "-wal", "-shm"} { // a log left there would be read into the copy
		if _, err := os.Lstat(db + end); !errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.Conflict, "restore-over", "file", databaseFile+end)
		}
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, err
	}
	if err := c.putKey(r, m); err != nil {
		return nil, err
	}
	note := "Restored from the backup of " + m.Made.Format(time.RFC3339) + ". Destructions since then are to be done again: kelisim restore --replay\n"
	if err := writeFile(filepath.Join(c.Data, replayFile), []byte(note)); err != nil {
		return nil, err
	}
	newer := filepath.Join(c.Data, checkpointFile)
	if err := os.Rename(newer, newer+".before-restore"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	_ = os.Remove(db + ".new") // of a restore that was cut short
	if err := copyFile(filepath.Join(r.From, databaseFile), db+".new"); err != nil {
		return nil, err
	}
	if err := os.Rename(db+".new", db); err != nil {
		return nil, err
	}
	return m, syncDir(c.Data)
}

func (c *Config) putKey(r *Restoring, m *Manifest) error {
	to, from := filepath.Join(c.Data, masterFile), r.Key
	if have, err := os.ReadFile(to); err == nil {
		if r.Key == "" {
			return nil
		}
		given, err := os.ReadFile(r.Key)
		if err == nil && !bytes.Equal(have, given) { // the same one: a restore was cut short
			err = fault.New(fault.Conflict, "restore-over", "file", masterFile)
		}
		return err
	}
	if from == "" && m.Files[masterFile] != "" {
		from = filepath.Join(r.From, masterFile)
	}
	if from == "" {
		return fault.New(fault.Conflict, "restore-no-key")
	}
	if _, err := seal.OpenFile(from); err != nil {
		return err
	}
	return copyFile(from, to)
}

// takeBack undoes putBack, but for what was in the directory before.
func (c *Config) takeBack(ownKey bool) error {
	db := filepath.Join(c.Data, databaseFile)
	gone := []string{db, db + "-wal", db + "-shm", filepath.Join(c.Data, replayFile)}
	if !ownKey {
		gone = append(gone, filepath.Join(c.Data, masterFile))
	}
	newest := filepath.Join(c.Data, checkpointFile)
	all := os.Rename(newest+".before-restore", newest)
	if errors.Is(all, fs.ErrNotExist) {
		all = nil
	}
	for _, f := range gone {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// replay does each destruction again that the ledgers tell of and the database
// does not know, and then keeps all of them in the directory's own ledger. All
// lines are verified before the first is carried out. Cut short, it goes on where
// it stopped: what was done is known then.
func (a *App) replay(ctx context.Context, paths []string, done *Replayed) error {
	var all []*vault.Certificate
	seen := map[ident.ID]bool{}
	for _, path := range paths {
		lines, err := (&vault.Ledger{Path: path}).Lines()
		if err != nil {
			return err
		}
		for _, l := range lines {
			act, err := a.verified(l)
			if err != nil {
				return err
			}
			if !seen[act.ID] {
				seen[act.ID] = true
				all = append(all, act)
			}
		}
	}
	known, err := a.acts(ctx)
	if err != nil {
		return err
	}
	a.Guard.Destroyed = nil // all lines are kept below, those of nobody here too
	for _, act := range all {
		if err := a.redo(ctx, act, known[act.ID], done); err != nil {
			return err
		}
	}
	return a.completeLedger(ctx, all...)
}

func (a *App) redo(ctx context.Context, act *vault.Certificate, known bool, done *Replayed) error {
	done.Acts++
	if known {
		done.Known++
		return nil
	}
	there, err := a.concerns(ctx, act)
	if err != nil || !there {
		done.Absent++
		return err
	}
	o, err := a.Parties.Organization(ctx, act.Organization)
	if err == nil {
		err = a.Guard.Redo(ctx, o, act)
	}
	if err == nil {
		done.Done++
	}
	return err
}

func (a *App) verified(l vault.Line) (*vault.Certificate, error) {
	act, err := vault.OpenCertificate(l.Signed, a.Keys.JWKS)
	if err != nil {
		err = &fault.Error{Kind: fault.Invalid, Code: "destroyed-unreadable", Line: l.Number, Err: err}
	}
	return act, err
}

// concerns reports whether the database knows whom an act speaks of. If not, the
// person or the organization came after the copy, and is not back with it.
func (a *App) concerns(ctx context.Context, act *vault.Certificate) (bool, error) {
	o, err := a.Parties.Organization(ctx, act.Organization)
	if err == nil {
		_, err = a.Store.Facts(ctx, o.Inside(act.Subject), o.ID)
	}
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// acts are the destructions that the database knows.
func (a *App) acts(ctx context.Context) (map[ident.ID]bool, error) {
	known := map[ident.ID]bool{}
	err := a.Store.Acts(ctx, func(act ident.ID, _ []byte) error {
		known[act] = true
		return nil
	})
	return known, err
}

// completeLedger adds what the database knows, or others told of, and the ledger
// does not.
func (a *App) completeLedger(ctx context.Context, told ...*vault.Certificate) error {
	lines, err := a.Ledger.Lines()
	if err != nil {
		return err
	}
	have := make(map[ident.ID]bool, len(lines))
	for _, l := range lines {
		have[l.Act] = true
	}
	var missing [][]byte
	for _, act := range told {
		if !have[act.ID] {
			have[act.ID] = true
			missing = append(missing, act.Signed)
		}
	}
	if err := a.Store.Acts(ctx, func(act ident.ID, signed []byte) error {
		if !have[act] {
			missing = append(missing, signed)
		}
		return nil
	}); err != nil {
		return err
	}
	if len(missing) == 0 {
		return a.Ledger.Recount()
	}
	return a.Ledger.Add(missing...)
}

// ReplayNeeded is a fault.Conflict "replay-needed" while a data directory holds a
// database that was put back and not yet told what was destroyed since.
func ReplayNeeded(dir string) error {
	_, err := os.Stat(filepath.Join(dir, replayFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return fault.New(fault.Conflict, "replay-needed")
}

// Settle makes the ledger and the database agree before anything is served. What
// only the database knows is added to the ledger: power failed between the two.
// What only the ledger knows means that the database was put back, by whatever
// tool: a fault.Conflict "replay-needed". What neither knows and was counted means
// that both were: a fault.Conflict "destroyed-cut".
func (a *App) Settle(ctx context.Context) error {
	if err := ReplayNeeded(a.Data); err != nil {
		return err
	}
	if err := a.Ledger.Mend(); err != nil {
		return err
	}
	lines, err := a.Ledger.Lines()
	if err != nil {
		return err
	}
	known, err := a.acts(ctx)
	if err != nil {
		return err
	}
	if err := a.allThere(ctx, lines, known); err != nil {
		return err
	}
	for _, l := range lines {
		if known[l.Act] {
			continue
		}
		act, err := a.verified(l)
		if err != nil {
			return err
		}
		if there, err := a.concerns(ctx, act); err != nil {
			return err
		} else if there {
			return fault.New(fault.Conflict, "replay-needed")
		}
	}
	return a.completeLedger(ctx)
}

// allThere compares ledger and database with what was counted. A ledger that was
// cut is whole again with what the database knows, or nobody knows what is missing.
func (a *App) allThere(ctx context.Context, lines []vault.Line, known map[ident.ID]bool) error {
	count, err := a.Ledger.Whole(a.Keys.JWKS)
	if err == nil || count == nil && !fault.Is(err, "destroyed-cut") {
		return err
	}
	all := len(known)
	for _, l := range lines {
		if !known[l.Act] {
			all++
		}
	}
	if count == nil || all < count.Lines {
		return err
	}
	a.Log.LogAttrs(ctx, slog.LevelWarn, "lines were missing in the file of what was destroyed, and are made up for from the database")
	return nil
}

// noteDestroyed adds a destruction to the ledger. It is done already: a ledger that
// cannot be written is tried again by CatchUp.
func (a *App) noteDestroyed(ctx context.Context, act *vault.Destruction) {
	if err := a.Ledger.Add(act.Signed); err != nil {
		a.behind.Store(true)
		a.Log.LogAttrs(ctx, slog.LevelError, "a destruction could not be noted beside the database, will be tried again", slog.Any("error", err))
	}
}

// CatchUp adds to the ledger what could not be added at once.
func (a *App) CatchUp(ctx context.Context) error {
	if !a.behind.Swap(false) {
		return nil
	}
	err := a.Ledger.Mend()
	if err == nil {
		err = a.completeLedger(ctx)
	}
	if err != nil {
		a.behind.Store(true)
	}
	return err
}
