package cli

import (
	"fmt"
	"path/filepath"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/fault"
)

type backupCommand struct {
	To      string `help:"New or empty directory for the backup." required:"" placeholder:"DIR" type:"path"`
	WithKey bool   `help:"Put the master key beside the database. Whoever has such a backup reads everything."`
}

// Run makes a backup, while the server runs.
func (c *backupCommand) Run(e *env) error {
	return e.with(func(a *app.App) error {
		m, err := a.Backup(e.ctx, c.To, Version, c.WithKey)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "backup of %d sealed entries in %s\n", m.Entries, c.To)
		if c.WithKey {
			fmt.Fprintln(e.stderr, "the master key is in it: whoever has this backup reads everything")
		} else {
			fmt.Fprintf(e.stderr, "the master key is not in it: keep %s/master.key apart, without it the backup cannot be read\n", e.flags.Data)
		}
		return nil
	})
}

type restoreCommand struct {
	From          string   `help:"A backup made by kelisim backup." placeholder:"DIR" type:"existingdir"`
	Key           string   `help:"The master key, where neither the data directory nor the backup has it." placeholder:"FILE" type:"existingfile"`
	Replay        bool     `help:"Nothing to put back: only destroy again, as after a restore by PostgreSQL's own tools."`
	Destroyed     []string `help:"File of what was destroyed since, from an old data directory; that of the data directory itself is used anyway." placeholder:"FILE" type:"existingfile" sep:"none"`
	DestroyedLost bool     `help:"There is no such file any more. What was destroyed since the backup is back then."`
}

// Run puts a backup back and replays what was destroyed since.
func (c *restoreCommand) Run(e *env) error {
	if (c.From == "") != c.Replay {
		return fault.New(fault.Conflict, "restore-nothing")
	}
	if c.From == "" {
		unlock, err := lock(e.flags.Data)
		if err != nil {
			return err
		}
		defer unlock()
	}
	done, err := app.Restore(e.ctx, e.config(), app.Restoring{From: c.From, Key: c.Key, Destroyed: c.Destroyed, Lost: c.DestroyedLost})
	if err != nil {
		return err
	}
	for _, path := range done.Uncounted {
		fmt.Fprintf(e.stderr, "%s has no %s.count beside it: if its end was cut off, nobody would notice\n", path, filepath.Base(path))
	}
	if m := done.Manifest; m != nil {
		fmt.Fprintf(e.stdout, "restored to %s: %d sealed entries\n", m.Made.Format(time.RFC3339), m.Entries)
	}
	fmt.Fprintf(e.stdout, "destructions: %d told of, %d known, %d done again, %d of people who are not in the copy\n", done.Acts, done.Known, done.Done, done.Absent)
	return nil
}
