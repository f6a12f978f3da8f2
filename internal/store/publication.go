package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/publish"
	"kelisim/internal/term"
)

const publicationColumns = `subject_id, id, org_id, version, status, kind, purpose, categories, consent_id, ground,
	since_at, recorded_at, demanded_at, ended_at, term_id, sealed`

func scanPublication(r *sql.Rows) (publish.Publication, error) {
	var p publish.Publication
	var since, recorded, demanded, ended int64
	var categories string
	err := r.Scan(id{&p.Subject}, id{&p.ID}, id{&p.Org}, &p.Version, &p.Status, &p.Kind, &p.Purpose, &categories, id{&p.Consent}, &p.Ground,
		&since, &recorded, &demanded, &ended, id{&p.Term}, &p.Sealed)
	if err != nil {
		return p, err
	}
	p.Since, p.Recorded, p.Demanded, p.Ended = moment(since), moment(recorded), moment(demanded), moment(ended)
	return p, json.Unmarshal([]byte(categories), &p.Categories)
}

func insertPublication(ctx context.Context, q querier, p *publish.Publication) error {
	categories, err := json.Marshal(p.Categories)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `INSERT INTO publication (`+publicationColumns+`) VALUES `+places(1, 16),
		p.Subject[:], p.ID[:], p.Org[:], p.Version, string(p.Status), string(p.Kind), p.Purpose, string(categories), p.Consent[:], string(p.Ground),
		millis(p.Since), millis(p.Recorded), millis(p.Demanded), millis(p.Ended), p.Term[:], p.Sealed)
	return err
}

// InsertPublication lands a publication under the facts that it was decided on.
func (s *Store) InsertPublication(ctx context.Context, p *publish.Publication, met *term.Term, r *journal.Record) (bool, error) {
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, r); err != nil { // of two the same at once the second looks again
			return err
		}
		if met != nil {
			if err := updateTerm(ctx, q, met); err != nil {
				return err
			}
		}
		return insertPublication(ctx, q, p)
	})
	return out.Stale, err
}

// UpdatePublication lands the next version of a publication and what moves with it.
func (s *Store) UpdatePublication(ctx context.Context, p, split *publish.Publication, begun, met *term.Term, r *journal.Record) (bool, error) {
	categories, err := json.Marshal(p.Categories)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE publication SET version = ?1, status = ?2, categories = ?3, demanded_at = ?4, ended_at = ?5, term_id = ?6, sealed = ?7
			WHERE subject_id = ?8 AND id = ?9 AND version = ?10`,
			p.Version, string(p.Status), string(categories), millis(p.Demanded), millis(p.Ended), p.Term[:], p.Sealed, p.Subject[:], p.ID[:], p.Version-1)
		if err == nil && n != 1 {
			err = errStale
		}
		if err == nil && split != nil {
			err = insertPublication(ctx, q, split)
		}
		if err == nil && begun != nil {
			err = insertTerm(ctx, q, begun, r)
		}
		if err == nil && met != nil {
			err = updateTerm(ctx, q, met)
		}
		return err
	})
	return out.Stale, err
}

// Publication returns one.
func (s *Store) Publication(ctx context.Context, publication ident.ID) (*publish.Publication, error) {
	rows, err := s.read().query(ctx, `SELECT `+publicationColumns+` FROM publication WHERE id = ?1`, publication[:])
	list, err := collect(rows, err, scanPublication)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "publication-unknown")
	}
	return &list[0], nil
}

// Publications lists publications of a subject, of an organization, or of both,
// newest first.
func (s *Store) Publications(ctx context.Context, f publish.Filter) ([]publish.Publication, error) {
	var where []string
	var args []any
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, cond+strconv.Itoa(len(args)))
	}
	if !f.Subject.IsZero() {
		add(`subject_id = ?`, f.Subject[:])
	}
	if !f.Org.IsZero() {
		add(`org_id = ?`, f.Org[:])
	}
	if len(where) == 0 || f.Limit < 1 || f.Orgs != nil && len(f.Orgs) == 0 {
		return nil, nil // never all of everybody's
	}
	if f.Orgs != nil {
		where = append(where, `org_id IN (`+oneOf(&args, f.Orgs)+`)`)
	}
	if f.Status != "" {
		add(`status = ?`, string(f.Status))
	}
	if f.Standing {
		where = append(where, `ended_at = 0`)
	}
	if !f.After.IsZero() {
		add(`id < ?`, f.After[:])
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+publicationColumns+` FROM publication WHERE `+strings.Join(where, ` AND `)+
		` ORDER BY id DESC LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanPublication)
}

// Unfounded lists what is public on a consent that is over, or from which a step
// took something after the publication was recorded.
func (s *Store) Unfounded(ctx context.Context, now time.Time, after ident.ID, limit int) ([]publish.Publication, error) {
	rows, err := s.read().query(ctx, `SELECT `+prefixed("p.", publicationColumns)+` FROM publication p
		JOIN consent c ON c.subject_id = p.subject_id AND c.id = p.consent_id
		WHERE p.status = 'public' AND p.id > ?1 AND (c.status NOT IN ('active', 'paused') OR c.scopes < 8 OR c.version > 1
			OR c.valid_until > 0 AND c.valid_until <= ?2)
		ORDER BY p.id LIMIT ?3`, after[:], millis(now), limit)
	return collect(rows, err, scanPublication)
}

// prefixed puts a table's name before each column of a list.
func prefixed(table, columns string) string {
	list := strings.Split(columns, ",")
	for i, c := range list {
		list[i] = table + strings.TrimSpace(c)
	}
	return strings.Join(list, ", ")
}
