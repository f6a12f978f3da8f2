package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kelisim/internal/due"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
	"kelisim/internal/term"
)

// nearly is before the end of a term its last day can begin, at the earliest: a
// day, and what a change of the clock may add.
const nearly = 26 * time.Hour

// RemindableTerms lists more than need be told of, and none fewer: when half of a
// term is over only its history can tell, and time that it stood still makes that
// later.
func (s *Store) RemindableTerms(ctx context.Context, now time.Time, after due.Place, max int) ([]term.Term, error) {
	rows, err := s.read().query(ctx, `SELECT `+termColumnsTold+` FROM term
		WHERE status = 'open' AND paused_at = 0 AND (org_id, due, id) > (?1, ?2, ?3)
			AND (told = 0 AND started_at + due <= ?4 OR due <= ?5 AND NOT (told = ?6 AND told_due = due))
		ORDER BY org_id, due, id LIMIT ?7`,
		after.Org[:], millis(after.Due), after.ID[:], 2*millis(now), millis(now.Add(nearly)), int64(term.VeryLate), max)
	return collect(rows, err, scanTerm)
}

// unacknowledged are deliveries to systems that have a term.
const unacknowledged = `term_at > 0 AND acked_at = 0 AND status <> 'dropped'`

// RemindableDeliveries is RemindableTerms of word on its way.
func (s *Store) RemindableDeliveries(ctx context.Context, now time.Time, after due.Place, max int) ([]outbox.Delivery, error) {
	rows, err := s.read().query(ctx, `SELECT `+deliveryColumns+` FROM outbox
		WHERE `+unacknowledged+` AND escalated < ?1 AND (org_id, term_at, id) > (?2, ?3, ?4)
			AND (escalated = 0 AND created_at + term_at <= ?5 OR term_at <= ?6)
		ORDER BY org_id, term_at, id LIMIT ?7`,
		int64(term.VeryLate), after.Org[:], millis(after.Due), after.ID[:], 2*millis(now), millis(now.Add(nearly)), max)
	return collect(rows, err, scanDelivery)
}

// Tell notes what was told, with the letters. What was told of by another
// meanwhile, or ended, or moved, is told of by nobody now: all of the write is
// thought over the next time.
func (s *Store) Tell(ctx context.Context, marks []due.Mark, letters []*journal.Tell) (bool, error) {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		for i := range marks {
			m := &marks[i]
			query := `UPDATE term SET told = ?1, told_due = ?2 WHERE subject_id = ?3 AND id = ?4 AND told = ?5 AND due = ?2 AND status = 'open' AND paused_at = 0`
			if m.Delivery {
				query = `UPDATE outbox SET escalated = ?1 WHERE subject_id = ?3 AND id = ?4 AND escalated = ?5 AND term_at = ?2 AND acked_at = 0`
			}
			n, err := q.exec(ctx, query, int64(m.Told), millis(m.Due), m.Subject[:], m.ID[:], int64(m.Was))
			if err == nil && n != 1 {
				err = errStale
			}
			if err != nil {
				return err
			}
		}
		return putTells(ctx, q, letters)
	})
	if errors.Is(err, errStale) {
		return true, nil
	}
	return false, err
}

// owed are the conditions of what an organization owes, and their arguments.
func owed(org ident.ID, before time.Time, after due.Place, dueColumn string) (string, []any) {
	where, args := []string{`org_id = ?1`}, []any{org[:]}
	if !before.IsZero() {
		args = append(args, millis(before))
		where = append(where, fmt.Sprintf(`%s < ?%d`, dueColumn, len(args)))
	}
	if !after.ID.IsZero() {
		args = append(args, millis(after.Due), after.ID[:])
		where = append(where, fmt.Sprintf(`(%s, id) > (?%d, ?%d)`, dueColumn, len(args)-1, len(args)))
	}
	return strings.Join(where, ` AND `), args
}

// OwedTerms lists open terms of an organization.
func (s *Store) OwedTerms(ctx context.Context, org ident.ID, before time.Time, after due.Place, max int) ([]term.Term, error) {
	where, args := owed(org, before, after, "due")
	if !before.IsZero() {
		where += ` AND paused_at = 0`
	}
	args = append(args, max)
	rows, err := s.read().query(ctx, `SELECT `+termColumnsTold+` FROM term WHERE status = 'open' AND `+where+
		fmt.Sprintf(` ORDER BY due, id LIMIT ?%d`, len(args)), args...)
	return collect(rows, err, scanTerm)
}

// OwedDeliveries lists what an organization has to acknowledge.
func (s *Store) OwedDeliveries(ctx context.Context, org ident.ID, before time.Time, after due.Place, max int) ([]outbox.Delivery, error) {
	where, args := owed(org, before, after, "term_at")
	args = append(args, max)
	rows, err := s.read().query(ctx, `SELECT `+deliveryColumns+` FROM outbox WHERE `+unacknowledged+` AND `+where+
		fmt.Sprintf(` ORDER BY term_at, id LIMIT ?%d`, len(args)), args...)
	return collect(rows, err, scanDelivery)
}

// CountOwed counts what is owed by kind. What stands still is open, and neither
// due today nor late; nor is what is over by itself.
func (s *Store) CountOwed(ctx context.Context, org ident.ID, now, tonight time.Time) ([]due.Count, error) {
	const by = `COUNT(*), COUNT(CASE WHEN %[1]s >= ?1 AND %[1]s <= ?2 AND %[2]s = 0 THEN 1 END), COUNT(CASE WHEN %[1]s < ?1 AND %[2]s = 0 THEN 1 END)`
	args, own := []any{millis(now), millis(tonight)}, ""
	if !org.IsZero() {
		args, own = append(args, org[:]), ` AND org_id = ?3`
	}
	rows, err := s.read().query(ctx, `SELECT about_kind, `+fmt.Sprintf(by, "due", "paused_at")+` FROM term WHERE status = 'open'`+own+` GROUP BY about_kind`, args...)
	list, err := collect(rows, err, scanOwed)
	if err != nil {
		return nil, err
	}
	rows, err = s.read().query(ctx, `SELECT '`+term.OfDelivery+`', `+fmt.Sprintf(by, "term_at", "0")+` FROM outbox WHERE `+unacknowledged+own, args...)
	words, err := collect(rows, err, scanOwed)
	list = slices.DeleteFunc(append(list, words...), func(c due.Count) bool { return c.Open == 0 })
	slices.SortFunc(list, func(a, b due.Count) int { return strings.Compare(a.Kind, b.Kind) })
	return list, err
}

func scanOwed(r *sql.Rows) (c due.Count, err error) {
	return c, r.Scan(&c.Kind, &c.Open, &c.Today, &c.Overdue)
}
