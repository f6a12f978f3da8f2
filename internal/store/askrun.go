package store

import (
	"context"
	"database/sql"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

const askRunColumns = `org_id, version, after_id, started_at, ended_at, seen, asked, skipped`

func scanAskRun(r *sql.Rows) (consent.AskRun, error) {
	var a consent.AskRun
	var started, ended int64
	err := r.Scan(id{&a.Org}, &a.Version, id{&a.After}, &started, &ended, &a.Seen, &a.Asked, &a.Skipped)
	a.Started, a.Ended = moment(started), moment(ended)
	return a, err
}

// StartAskRun begins a run, or begins one that has ended anew. What it does is
// journaled question by question; this is where it goes on after a crash.
func (s *Store) StartAskRun(ctx context.Context, r *consent.AskRun) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		_, err := q.exec(ctx, `INSERT INTO ask_run (`+askRunColumns+`) VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0)
			ON CONFLICT (org_id, version) DO UPDATE SET after_id = excluded.after_id, started_at = excluded.started_at,
				ended_at = 0, seen = 0, asked = 0, skipped = 0
			WHERE ask_run.ended_at > 0`, r.Org[:], r.Version, r.After[:], millis(r.Started))
		return err
	})
	return err
}

// SaveAskRun writes down how far a run has come.
func (s *Store) SaveAskRun(ctx context.Context, r *consent.AskRun) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		_, err := q.exec(ctx, `UPDATE ask_run SET after_id = ?1, ended_at = ?2, seen = ?3, asked = ?4, skipped = ?5
			WHERE org_id = ?6 AND version = ?7`, r.After[:], millis(r.Ended), r.Seen, r.Asked, r.Skipped, r.Org[:], r.Version)
		return err
	})
	return err
}

// AskRun returns one.
func (s *Store) AskRun(ctx context.Context, org ident.ID, version int) (*consent.AskRun, error) {
	rows, err := s.read().query(ctx, `SELECT `+askRunColumns+` FROM ask_run WHERE org_id = ?1 AND version = ?2`, org[:], version)
	list, err := collect(rows, err, scanAskRun)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "ask-run-unknown")
	}
	return &list[0], nil
}

// OpenAskRuns lists those that have not ended.
func (s *Store) OpenAskRuns(ctx context.Context) ([]consent.AskRun, error) {
	rows, err := s.read().query(ctx, `SELECT `+askRunColumns+` FROM ask_run WHERE ended_at = 0 ORDER BY started_at, org_id`)
	return collect(rows, err, scanAskRun)
}
