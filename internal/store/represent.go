package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/represent"
)

const representationColumns = `subject_id, id, representative, org_id, kind, acts, organizations, from_at, until_at, status, since, looked_at, sealed`

func scanRepresentation(rows *sql.Rows) (represent.Representation, error) {
	var r represent.Representation
	var from, until, since, looked int64
	var orgs string
	err := rows.Scan(id{&r.Subject}, id{&r.ID}, id{&r.Representative}, id{&r.Org}, &r.Kind, &r.Acts, &orgs, &from, &until, &r.Status, &since, &looked, &r.Sealed)
	r.Organizations = strings.Fields(orgs)
	r.From, r.Until, r.Since, r.Looked = moment(from), moment(until), moment(since), moment(looked)
	return r, err
}

// InsertRepresentation lands a new representation.
func (s *Store) InsertRepresentation(ctx context.Context, r *represent.Representation, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, rec); err != nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO representation (`+representationColumns+`)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
			r.Subject[:], r.ID[:], r.Representative[:], r.Org[:], string(r.Kind), int64(r.Acts), strings.Join(r.Organizations, " "),
			millis(r.From), millis(r.Until), string(r.Status), millis(r.Since), millis(r.Looked), r.Sealed)
		return err
	})
	return out.Stale, err
}

// EndRepresentation lands the last status of a representation.
func (s *Store) EndRepresentation(ctx context.Context, r *represent.Representation, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, rec); err != nil {
			return err
		}
		n, err := q.exec(ctx, `UPDATE representation SET status = ?1, since = ?2
			WHERE subject_id = ?3 AND id = ?4 AND status = 'active'`, string(r.Status), millis(r.Since), r.Subject[:], r.ID[:])
		if err == nil && n != 1 {
			err = errStale
		}
		return err
	})
	return out.Stale, err
}

// MarkLook lands the first look of a representative since a moment.
func (s *Store) MarkLook(ctx context.Context, r *represent.Representation, since time.Time, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE representation SET looked_at = ?1
			WHERE subject_id = ?2 AND id = ?3 AND status = 'active' AND looked_at < ?4`,
			millis(r.Looked), r.Subject[:], r.ID[:], millis(since))
		if err == nil && n != 1 {
			err = errStale
		}
		return err
	})
	return out.Stale, err
}

// Representations lists them, newest first; a filter of nothing finds nothing.
func (s *Store) Representations(ctx context.Context, f represent.Filter) ([]represent.Representation, error) {
	var where []string
	var args []any
	for _, x := range []struct {
		column string
		id     ident.ID
	}{{"subject_id", f.Subject}, {"representative", f.Representative}, {"org_id", f.Org}, {"id", f.ID}} {
		if !x.id.IsZero() {
			args = append(args, x.id[:])
			where = append(where, x.column+` = ?`+strconv.Itoa(len(args)))
		}
	}
	if len(where) == 0 {
		return nil, nil
	}
	rows, err := s.read().query(ctx, `SELECT `+representationColumns+` FROM representation
		WHERE `+strings.Join(where, " AND ")+` ORDER BY id DESC`, args...)
	return collect(rows, err, scanRepresentation)
}

// DueRepresentations lists active ones that are past their term, at most max.
func (s *Store) DueRepresentations(ctx context.Context, now time.Time, max int) ([]represent.Representation, error) {
	rows, err := s.read().query(ctx, `SELECT `+representationColumns+` FROM representation
		WHERE status = 'active' AND until_at <= ?1 ORDER BY until_at LIMIT ?2`, millis(now), max)
	return collect(rows, err, scanRepresentation)
}

// SubjectState says whether a person lives.
func (s *Store) SubjectState(ctx context.Context, subject ident.ID) (string, error) {
	var state string
	err := s.read().row(ctx, `SELECT state FROM subject WHERE id = ?1`, subject[:]).Scan(&state)
	return state, none(err, "subject-unknown")
}
