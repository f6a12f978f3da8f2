package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/term"
)

// DecreeCount is how many decrees there are.
func (s *Store) DecreeCount(ctx context.Context) (int64, error) {
	var n int64
	err := s.read().row(ctx, `SELECT COALESCE(MAX(number), 0) FROM calendar_decree`).Scan(&n)
	return n, wrap(err)
}

// Decrees lists the decrees on the calendar, oldest first.
func (s *Store) Decrees(ctx context.Context) ([]term.Decree, error) {
	rows, err := s.read().query(ctx, `SELECT number, digest, at, entry, document FROM calendar_decree ORDER BY number`)
	return collect(rows, err, func(r *sql.Rows) (term.Decree, error) {
		var d term.Decree
		var at int64
		err := r.Scan(&d.Number, hash{&d.Digest}, &at, id{&d.Entry}, &d.Document)
		d.At = moment(at)
		return d, err
	})
}

// InsertDecree lands the next decree.
func (s *Store) InsertDecree(ctx context.Context, d *term.Decree, r *journal.Record) (bool, error) {
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `INSERT INTO calendar_decree (number, digest, at, entry, document) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (number) DO NOTHING`, d.Number, d.Digest[:], millis(d.At), d.Entry[:], d.Document)
		if err == nil && n != 1 {
			err = errStale
		}
		return err
	})
	return out.Stale, err
}

const termColumns = `subject_id, id, org_id, version, status, name, provision, edition, week, about_kind, about_id,
	started_at, due, paused_at, ended_at, calendar, entry, history`

// termColumnsTold are those of a term that is read: what was told of it is
// written by whoever tells.
const termColumnsTold = termColumns + `, told, told_due`

func scanTerm(r *sql.Rows) (term.Term, error) {
	var t term.Term
	var start, due, paused, ended, told int64
	var history []byte
	if err := r.Scan(id{&t.Subject}, id{&t.ID}, id{&t.Org}, &t.Version, &t.Status, &t.Key, &t.Provision, &t.Edition, &t.Week,
		&t.About.Kind, id{&t.About.ID}, &start, &due, &paused, &ended, &t.CalendarVersion, id{&t.Entry}, &history, &t.Told, &told); err != nil {
		return t, err
	}
	t.Start, t.Due, t.Paused, t.Ended = moment(start), moment(due), moment(paused), moment(ended)
	t.ToldDue = moment(told)
	return t, json.Unmarshal(history, &t.History)
}

// InsertTerm lands a term.
func (s *Store) InsertTerm(ctx context.Context, t *term.Term, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error { return insertTerm(ctx, q, t, r) })
	return err
}

// insertTerm is part of the write that the term begins with.
func insertTerm(ctx context.Context, q querier, t *term.Term, r *journal.Record) error {
	t.Entry = r.ID
	history, err := historyOf(t)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `INSERT INTO term (`+termColumns+`) VALUES `+places(1, 18),
		t.Subject[:], t.ID[:], t.Org[:], t.Version, string(t.Status), t.Key, string(t.Provision), t.Edition, int64(t.Week),
		t.About.Kind, t.About.ID[:], millis(t.Start), millis(t.Due), millis(t.Paused), millis(t.Ended),
		int64(t.CalendarVersion), t.Entry[:], history)
	return err
}

func historyOf(t *term.Term) (string, error) {
	if len(t.History) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(t.History)
	return string(b), err
}

// UpdateTerm lands the next version of a term.
func (s *Store) UpdateTerm(ctx context.Context, t *term.Term, r *journal.Record) (bool, error) {
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error { return updateTerm(ctx, q, t) })
	return out.Stale, err
}

func updateTerm(ctx context.Context, q querier, t *term.Term) error {
	history, err := historyOf(t)
	if err != nil {
		return err
	}
	n, err := q.exec(ctx, `UPDATE term SET version = ?1, status = ?2, due = ?3, paused_at = ?4, ended_at = ?5, calendar = ?6, history = ?7
		WHERE subject_id = ?8 AND id = ?9 AND version = ?10`,
		t.Version, string(t.Status), millis(t.Due), millis(t.Paused), millis(t.Ended), int64(t.CalendarVersion), history,
		t.Subject[:], t.ID[:], t.Version-1)
	if err == nil && n != 1 {
		err = errStale
	}
	if err != nil || t.About.Kind != "request" {
		return err
	}
	_, err = q.exec(ctx, `UPDATE demand SET due = ?1 WHERE subject_id = ?2 AND id = ?3 AND term_id = ?4 AND due <> ?1`,
		millis(t.Due), t.Subject[:], t.About.ID[:], t.ID[:]) // which stands in its row as well
	return err
}

// Term returns one.
func (s *Store) Term(ctx context.Context, t ident.ID) (*term.Term, error) {
	rows, err := s.read().query(ctx, `SELECT `+termColumnsTold+` FROM term WHERE id = ?1`, t[:])
	list, err := collect(rows, err, scanTerm)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "term-unknown")
	}
	return &list[0], nil
}

// Terms lists terms, what is due first.
func (s *Store) Terms(ctx context.Context, f term.Filter) ([]term.Term, error) {
	query, args := termQuery(&f)
	rows, err := s.read().query(ctx, query, args...)
	return collect(rows, err, scanTerm)
}

func termQuery(f *term.Filter) (query string, args []any) {
	where := []string{`1 = 1`}
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("?%d", len(args))))
	}
	if !f.Org.IsZero() {
		add(`org_id = ?`, f.Org[:])
	}
	if !f.Subject.IsZero() {
		add(`subject_id = ?`, f.Subject[:])
	}
	switch f.Status {
	case "":
	case term.Open: // spelled out, so that the index of open ones serves
		where = append(where, `status = 'open'`)
	default:
		add(`status = ?`, string(f.Status))
	}
	if !f.DueBefore.IsZero() {
		add(`due < ? AND paused_at = 0`, millis(f.DueBefore))
	}
	switch f.About {
	case "":
	case "order": // spelled out too
		where = append(where, `about_kind = 'order'`)
	default:
		add(`about_kind = ?`, f.About)
	}
	if !f.AboutID.IsZero() {
		add(`about_id = ?`, f.AboutID[:])
	}
	if !f.After.IsZero() {
		add(`(due, id) > (SELECT due, id FROM term WHERE id = ?)`, f.After[:])
	}
	limit := ""
	if f.Limit > 0 {
		args = append(args, f.Limit)
		limit = fmt.Sprintf(` LIMIT ?%d`, len(args))
	}
	return `SELECT ` + termColumnsTold + ` FROM term WHERE ` + strings.Join(where, ` AND `) + ` ORDER BY due, id` + limit, args
}

// OutdatedTerms lists open terms that an older calendar computed.
func (s *Store) OutdatedTerms(ctx context.Context, v calendar.Version, max int) ([]term.Term, error) {
	rows, err := s.read().query(ctx, `SELECT `+termColumnsTold+` FROM term
		WHERE status = 'open' AND calendar < ?1 ORDER BY calendar, subject_id, id LIMIT ?2`, int64(v), max)
	return collect(rows, err, scanTerm)
}

// LandCounts lands what computing anew came to.
func (s *Store) LandCounts(ctx context.Context, list []term.Count) (moved int, err error) {
	for i := range list {
		if r := list[i].Record; r != nil && len(r.Sealed) == 0 {
			return 0, fault.New(fault.Internal, "internal")
		}
	}
	_, err = s.write(ctx, nil, func(ctx context.Context, t tx) error {
		moved = 0
		for i := range list {
			did, err := landCount(ctx, t, &list[i])
			if err != nil {
				return err
			}
			if did {
				moved++
			}
		}
		return nil
	})
	return moved, err
}

// landCount writes one of a batch. A term that was changed meanwhile is passed
// over, with its entry: it keeps its older calendar and comes again.
func landCount(ctx context.Context, t tx, c *term.Count) (moved bool, err error) {
	if c.Record == nil {
		_, err := t.exec(ctx, `UPDATE term SET calendar = ?1 WHERE subject_id = ?2 AND id = ?3 AND version = ?4`,
			int64(c.Term.CalendarVersion), c.Term.Subject[:], c.Term.ID[:], c.Term.Version)
		return false, err
	}
	if err := updateTerm(ctx, t, c.Term); errors.Is(err, errStale) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, t.enter(ctx, c.Record)
}

// CountTerms counts open terms and those of them that have run out.
func (s *Store) CountTerms(ctx context.Context, now time.Time) (open, overdue int64, err error) {
	err = s.read().row(ctx, `SELECT COUNT(*), COUNT(CASE WHEN due < ?1 AND paused_at = 0 THEN 1 END)
		FROM term WHERE status = 'open'`, millis(now)).Scan(&open, &overdue)
	return open, overdue, wrap(err)
}
