package store

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/disclosure"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

const deferralColumns = `subject_id, id, org_id, status, provision, until_at, requested_at, requested_by, decided_at, decided_by, lifted_at, lifted_by, sealed`

func scanDeferral(r *sql.Rows) (journal.Deferral, error) {
	var d journal.Deferral
	var until, requested, decided, lifted int64
	err := r.Scan(id{&d.Subject}, id{&d.ID}, id{&d.Org}, &d.Status, &d.Provision, &until,
		&requested, id{&d.Requested.By}, &decided, id{&d.Decided.By}, &lifted, id{&d.Lifted.By}, &d.Sealed)
	d.Until, d.Requested.At, d.Decided.At, d.Lifted.At = moment(until), moment(requested), moment(decided), moment(lifted)
	return d, err
}

// InsertDeferral lands a deferral that was asked for with its entry.
func (s *Store) InsertDeferral(ctx context.Context, d *journal.Deferral, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `INSERT INTO deferral (`+deferralColumns+`)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
			d.Subject[:], d.ID[:], d.Org[:], string(d.Status), d.Provision, millis(d.Until), millis(d.Requested.At), d.Requested.By[:],
			millis(d.Decided.At), d.Decided.By[:], millis(d.Lifted.At), d.Lifted.By[:], d.Sealed)
		return err
	})
	return err
}

// MoveDeferral lands the next status of a deferral with its entry. Of two moves
// at one moment one gets through.
func (s *Store) MoveDeferral(ctx context.Context, d *journal.Deferral, from journal.DeferralStatus, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE deferral SET status = ?1, decided_at = ?2, decided_by = ?3, lifted_at = ?4, lifted_by = ?5, sealed = ?6
			WHERE subject_id = ?7 AND id = ?8 AND status = ?9`,
			string(d.Status), millis(d.Decided.At), d.Decided.By[:], millis(d.Lifted.At), d.Lifted.By[:], d.Sealed,
			d.Subject[:], d.ID[:], string(from))
		if err == nil && n != 1 {
			err = fault.New(fault.Conflict, "deferral-moved")
		}
		return err
	})
	return err
}

// Deferral returns one, or a fault.NotFound.
func (s *Store) Deferral(ctx context.Context, deferral ident.ID) (*journal.Deferral, error) {
	rows, err := s.read().query(ctx, `SELECT `+deferralColumns+` FROM deferral WHERE id = ?1`, deferral[:])
	list, err := collect(rows, err, scanDeferral)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "deferral-unknown")
	}
	return &list[0], nil
}

// Deferrals lists those of an organization, newest first.
func (s *Store) Deferrals(ctx context.Context, f disclosure.Filter) ([]journal.Deferral, error) {
	where, args := `org_id = ?1`, []any{f.Org[:]}
	add := func(cond string, arg any) {
		args = append(args, arg)
		where += cond + strconv.Itoa(len(args))
	}
	if f.Status != "" {
		add(` AND status = ?`, string(f.Status))
	}
	if !f.After.IsZero() {
		add(` AND id < ?`, f.After[:])
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+deferralColumns+` FROM deferral WHERE `+where+
		` ORDER BY id DESC LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanDeferral)
}

// DeferralsOf lists all of a subject.
func (s *Store) DeferralsOf(ctx context.Context, subject ident.ID) ([]journal.Deferral, error) {
	rows, err := s.read().query(ctx, `SELECT `+deferralColumns+` FROM deferral WHERE subject_id = ?1`, subject[:])
	return collect(rows, err, scanDeferral)
}

// ConsentEntries lists the entries that the subject's consents name.
func (s *Store) ConsentEntries(ctx context.Context, subject ident.ID) ([]ident.ID, error) {
	all, err := s.Consents(ctx, consent.Filter{Subject: subject})
	var out []ident.ID
	for i := range all {
		for _, c := range all[i].History {
			out = append(out, c.Entry)
		}
	}
	return out, err
}

// TermEntries lists the subject's terms that an entry set running.
func (s *Store) TermEntries(ctx context.Context, subject ident.ID) ([]journal.TermEntry, error) {
	rows, err := s.read().query(ctx, `SELECT id, about_id FROM term WHERE subject_id = ?1 AND about_kind = 'entry'`, subject[:])
	return collect(rows, err, func(r *sql.Rows) (journal.TermEntry, error) {
		var t journal.TermEntry
		return t, r.Scan(id{&t.Term}, id{&t.Entry})
	})
}

// CountDeferrals counts by organization and ground at a moment.
func (s *Store) CountDeferrals(ctx context.Context, now time.Time) ([]disclosure.Count, error) {
	rows, err := s.read().query(ctx, `SELECT o.bin, d.provision,
			COUNT(CASE WHEN d.status = 'pending' AND d.until_at > ?1 THEN 1 END),
			COUNT(CASE WHEN d.status = 'approved' AND d.until_at > ?1 THEN 1 END),
			COUNT(CASE WHEN d.status = 'lifted' OR d.status = 'approved' AND d.until_at <= ?1 THEN 1 END),
			COUNT(CASE WHEN d.status = 'refused' OR d.status = 'pending' AND d.until_at <= ?1 THEN 1 END)
		FROM deferral d JOIN organization o ON o.id = d.org_id
		GROUP BY o.bin, d.provision ORDER BY o.bin, d.provision`, millis(now))
	return collect(rows, err, func(r *sql.Rows) (disclosure.Count, error) {
		var c disclosure.Count
		return c, r.Scan(&c.Organization, &c.Provision, &c.Pending, &c.Approved, &c.Ended, &c.Refused)
	})
}
