package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kelisim/internal/fault"
)

// Files of a backup, and of a data directory that one was put into.
const (
	manifestFile  = "manifest.json"
	destroyedFile = "destroyed"
	countFile     = "destroyed.count" // how many lines that has at least, signed
	// replayFile stands in a data directory from before a database is put back
	// until all destructions that came after it have been done again. Power may
	// fail anywhere between: while it is there, nothing is served.
	replayFile = "replay-needed"

	backupFormat = "kelisim-backup/1"
)

// Manifest says what a backup is made of. It is written last: without it a
// backup is not whole.
type Manifest struct {
	Format     string            `json:"format"`
	Version    string            `json:"version"` // of the program
	Made       time.Time         `json:"made"`
	Entries    int64             `json:"entries"`    // under the checkpoint
	Checkpoint string            `json:"checkpoint"` // the newest that the copy holds
	Files      map[string]string `json:"files"`      // name → SHA-256
}

// Backup copies the database, while others write, and the ledger of destructions
// into a new directory; the master key only where withKey says so, because whoever
// has both reads everything.
func (a *App) Backup(ctx context.Context, dir, version string, withKey bool) (*Manifest, error) {
	if err := emptyDir(dir); err != nil {
		return nil, err
	}
	if err := a.Store.Backup(ctx, filepath.Join(dir, databaseFile)); err != nil {
		return nil, err
	}
	names := []string{databaseFile}
	take := []string{countFile, destroyedFile} // in this order: a count must not be newer
	if withKey {
		take = append(take, masterFile)
	}
	for _, name := range take {
		err := copyFile(filepath.Join(a.Data, name), filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) && name != masterFile {
			continue // nothing was ever destroyed
		}
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	m := &Manifest{Format: backupFormat, Version: version, Made: a.Now().UTC(), Files: map[string]string{}}
	if err := m.checkpoint(ctx, a, dir); err != nil {
		return nil, err
	}
	for _, name := range names {
		sum, err := fileSum(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		m.Files[name] = sum
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return m, writeFile(filepath.Join(dir, manifestFile), append(text, '\n'))
}

// checkpoint reads the newest one of the copy, not of the database that goes on.
func (m *Manifest) checkpoint(ctx context.Context, a *App, dir string) (err error) {
	m.Checkpoint, m.Entries, err = a.Store.CopyCheckpoint(ctx, filepath.Join(dir, databaseFile))
	return err
}

// readBackup reads the manifest of a backup and checks each file by it.
func readBackup(dir string) (*Manifest, error) {
	unsound := func(name string, err error) error {
		return &fault.Error{Kind: fault.Invalid, Code: "backup-unsound", Args: []any{"file", name}, Err: err}
	}
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return nil, unsound(manifestFile, err)
	}
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil || m.Format != backupFormat || m.Files[databaseFile] == "" {
		return nil, unsound(manifestFile, err)
	}
	for name, want := range m.Files {
		if name != filepath.Base(name) {
			return nil, unsound(manifestFile, nil)
		}
		if got, err := fileSum(filepath.Join(dir, name)); err != nil || got != want {
			return nil, unsound(name, err)
		}
	}
	return m, nil
}

// emptyDir makes a directory, or refuses one that holds anything.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	list, err := os.ReadDir(dir)
	if err == nil && len(list) > 0 {
		err = fault.New(fault.Conflict, "backup-over")
	}
	return err
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// copyFile copies to a new file for the owner alone, durable on return.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

// writeFile writes a file whole or not at all.
func writeFile(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
