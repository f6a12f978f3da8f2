package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/govstack"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
)

const objectColumns = `subject_id, org_id, id, kind, sum, version, hidden, parent, about, revision, mark, sealed`

func scanObject(rows *sql.Rows) (govstack.Row, error) {
	var o govstack.Row
	var hidden int64
	var parent, about, revision []byte
	err := rows.Scan(id{&o.Subject}, id{&o.Org}, id{&o.ID}, &o.Kind, hash{&o.Sum}, &o.Version, &hidden,
		&parent, &about, &revision, &o.Mark, &o.Sealed)
	o.Hidden = hidden != 0
	copy(o.Parent[:], parent)
	copy(o.About[:], about)
	copy(o.Revision[:], revision)
	return o, err
}

// optional is an id that may be absent.
func optional(v ident.ID) any {
	if v.IsZero() {
		return nil
	}
	return v[:]
}

// PutObject lands an object with its revision.
func (s *Store) PutObject(ctx context.Context, o *govstack.Row, rev *govstack.RevisionRow, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error { return putObject(ctx, q, o, rev) })
	return out.Stale, err
}

// PutWebhook lands a subscription with its revision, and the webhook of the outbox
// that it is; nil ends that one.
func (s *Store) PutWebhook(ctx context.Context, o *govstack.Row, rev *govstack.RevisionRow, hook *outbox.Webhook, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := putObject(ctx, q, o, rev); err != nil {
			return err
		}
		if hook != nil {
			return putWebhook(ctx, q, hook)
		}
		_, err := endWebhook(ctx, q, o.Org, o.ID)
		return err
	})
	return out.Stale, err
}

// GiveRecord lands a consent together with the record of it.
func (s *Store) GiveRecord(ctx context.Context, c *consent.Consent, t *consent.Text, superseded []*consent.Consent, o *govstack.Row, rev *govstack.RevisionRow, rec *journal.Record) (bool, error) {
	put, err := consentInsert(c, t, superseded, rec)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := put(ctx, q); err != nil {
			return err
		}
		return putObject(ctx, q, o, rev)
	})
	return out.Stale, err
}

// ChangeRecord lands the next version of a consent together with that of the
// record of it.
func (s *Store) ChangeRecord(ctx context.Context, c *consent.Consent, o *govstack.Row, rev *govstack.RevisionRow, rec *journal.Record) (bool, error) {
	put := consentUpdate(c, rec)
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := put(ctx, q); err != nil {
			return err
		}
		return putObject(ctx, q, o, rev)
	})
	return out.Stale, err
}

func putObject(ctx context.Context, q querier, o *govstack.Row, rev *govstack.RevisionRow) error {
	if err := keyIsOwn(ctx, q, o); err != nil {
		return err
	}
	hidden := 0
	if o.Hidden {
		hidden = 1
	}
	if o.Version == 1 {
		n, err := q.exec(ctx, `INSERT INTO govstack_object (`+objectColumns+`)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING`,
			o.Subject[:], o.Org[:], o.ID[:], string(o.Kind), o.Sum[:], o.Version, hidden,
			optional(o.Parent), optional(o.About), optional(o.Revision), o.Mark, o.Sealed)
		if err == nil && n != 1 {
			err = fault.New(fault.Conflict, "govstack-exists")
		}
		if err != nil {
			return err
		}
	} else {
		n, err := q.exec(ctx, `UPDATE govstack_object SET version = ?1, hidden = ?2, mark = ?3, sealed = ?4
			WHERE subject_id = ?5 AND org_id = ?6 AND id = ?7 AND version = ?8`,
			o.Version, hidden, o.Mark, o.Sealed, o.Subject[:], o.Org[:], o.ID[:], o.Version-1)
		if err == nil && n != 1 {
			err = errStale
		}
		if err != nil {
			return err
		}
	}
	if rev == nil {
		return nil
	}
	_, err := q.exec(ctx, `INSERT INTO govstack_revision (subject_id, org_id, object_id, number, id, sealed)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6)`, rev.Subject[:], rev.Org[:], rev.Object[:], rev.Number, rev.ID[:], rev.Sealed)
	return err
}

// keyIsOwn refuses a key by which another individual of the organization signs.
func keyIsOwn(ctx context.Context, q querier, o *govstack.Row) error {
	if o.Mark == nil {
		return nil
	}
	var n int
	err := q.row(ctx, `SELECT COUNT(*) FROM govstack_object WHERE org_id = ?1 AND mark = ?2 AND id <> ?3`,
		o.Org[:], o.Mark, o.ID[:]).Scan(&n)
	if err == nil && n > 0 {
		err = fault.New(fault.Conflict, "govstack-key-foreign")
	}
	return err
}

// Objects lists objects of an organization by a filter.
func (s *Store) Objects(ctx context.Context, f govstack.Filter) ([]govstack.Row, error) {
	where := []string{`org_id = ?1`, `kind = ?2`}
	if !f.All {
		where = append(where, `hidden = 0`)
	}
	args := []any{f.Org[:], string(f.Kind)}
	add := func(column string, arg []byte) {
		args = append(args, arg)
		where = append(where, column+` = ?`+strconv.Itoa(len(args)))
	}
	if f.Sum != nil {
		add("sum", f.Sum[:])
	}
	for _, x := range []struct {
		column string
		id     ident.ID
	}{{"id", f.ID}, {"subject_id", f.Subject}, {"parent", f.Parent}, {"about", f.About}} {
		if !x.id.IsZero() {
			add(x.column, x.id[:])
		}
	}
	tail := ` ORDER BY id`
	if f.Newest {
		tail += ` DESC`
	}
	if f.Limit > 0 {
		args = append(args, f.Limit, f.Offset)
		tail += ` LIMIT ?` + strconv.Itoa(len(args)-1) + ` OFFSET ?` + strconv.Itoa(len(args))
	}
	rows, err := s.read().query(ctx, `SELECT `+objectColumns+` FROM govstack_object WHERE `+strings.Join(where, " AND ")+tail, args...)
	return collect(rows, err, scanObject)
}

// Revisions lists the revisions of an object, the oldest first.
func (s *Store) Revisions(ctx context.Context, o *govstack.Row) ([]govstack.RevisionRow, error) {
	rows, err := s.read().query(ctx, `SELECT subject_id, org_id, object_id, number, id, sealed FROM govstack_revision
		WHERE subject_id = ?1 AND org_id = ?2 AND object_id = ?3 ORDER BY number`, o.Subject[:], o.Org[:], o.ID[:])
	return collect(rows, err, func(rows *sql.Rows) (govstack.RevisionRow, error) {
		var r govstack.RevisionRow
		return r, rows.Scan(id{&r.Subject}, id{&r.Org}, id{&r.Object}, &r.Number, id{&r.ID}, &r.Sealed)
	})
}
