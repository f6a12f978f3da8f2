package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/order"
	"kelisim/internal/term"
)

const orderColumns = `subject_id, id, org_id, issuer_id, version, kind, source, status, provision, term_id, issued_at, until_at, ended_at, entries, sealed`

func scanOrder(rows *sql.Rows) (order.Order, error) {
	var o order.Order
	var issued, until, ended int64
	var entries string
	if err := rows.Scan(id{&o.Subject}, id{&o.ID}, id{&o.Org}, id{&o.Issuer}, &o.Version, &o.Kind, &o.Source, &o.Status, &o.Provision,
		id{&o.Term}, &issued, &until, &ended, &entries, &o.Sealed); err != nil {
		return o, err
	}
	o.Issued, o.Until, o.Ended = moment(issued), moment(until), moment(ended)
	return o, json.Unmarshal([]byte(entries), &o.Entries)
}

// InsertOrder lands an order with the term that it sets running.
func (s *Store) InsertOrder(ctx context.Context, o *order.Order, t *term.Term, r *journal.Record) error {
	entries, err := json.Marshal(o.Entries)
	if err != nil {
		return err
	}
	_, err = s.land(ctx, r, func(ctx context.Context, q querier) error {
		if t != nil {
			if err := insertTerm(ctx, q, t, r); err != nil {
				return err
			}
		}
		_, err := q.exec(ctx, `INSERT INTO orders (`+orderColumns+`) VALUES `+places(1, 15),
			o.Subject[:], o.ID[:], o.Org[:], o.Issuer[:], o.Version, string(o.Kind), string(o.Source), string(o.Status), string(o.Provision),
			o.Term[:], millis(o.Issued), millis(o.Until), millis(o.Ended), string(entries), o.Sealed)
		return err
	})
	return err
}

// MoveOrder lands the next version of an order.
func (s *Store) MoveOrder(ctx context.Context, o *order.Order, ended *term.Term, suspend *bool, begun *term.Term, r *journal.Record) (bool, error) {
	entries, err := json.Marshal(o.Entries)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE orders SET version = ?1, status = ?2, ended_at = ?3, entries = ?4, sealed = ?5
			WHERE subject_id = ?6 AND id = ?7 AND version = ?8`,
			o.Version, string(o.Status), millis(o.Ended), string(entries), o.Sealed, o.Subject[:], o.ID[:], o.Version-1)
		if err == nil && n != 1 {
			err = errStale
		}
		if err == nil && ended != nil {
			err = updateTerm(ctx, q, ended)
		}
		if err == nil && begun != nil {
			err = insertTerm(ctx, q, begun, r)
		}
		if err != nil || suspend == nil {
			return err
		}
		return setSuspended(ctx, q, o.Org, *suspend)
	})
	return out.Stale, err
}

// setSuspended moves the organization's version, so that no decision that was
// taken before lands after.
func setSuspended(ctx context.Context, q querier, org ident.ID, stop bool) error {
	v := 0
	if stop {
		v = 1
	}
	_, err := q.exec(ctx, `UPDATE organization SET suspended = ?1, version = version + 1 WHERE id = ?2`, v, org[:])
	return err
}

// Order returns one.
func (s *Store) Order(ctx context.Context, which ident.ID) (*order.Order, error) {
	rows, err := s.read().query(ctx, `SELECT `+orderColumns+` FROM orders WHERE id = ?1`, which[:])
	list, err := collect(rows, err, scanOrder)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "order-unknown")
	}
	return &list[0], nil
}

// Orders lists orders, newest first.
func (s *Store) Orders(ctx context.Context, f order.Filter) ([]order.Order, error) {
	query, args := orderQuery(&f)
	rows, err := s.read().query(ctx, query, args...)
	return collect(rows, err, scanOrder)
}

func orderQuery(f *order.Filter) (query string, args []any) {
	where := []string{`1 = 1`}
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, cond+strconv.Itoa(len(args)))
	}
	if !f.Org.IsZero() {
		add(`org_id = ?`, f.Org[:])
	}
	if !f.Issuer.IsZero() {
		add(`issuer_id = ?`, f.Issuer[:])
	}
	switch f.Status {
	case "":
	case order.Open: // spelled out, so that the index of open ones serves
		where = append(where, `status = 'open'`)
	default:
		add(`status = ?`, string(f.Status))
	}
	if f.Kind == order.Examination { // and that of examinations
		where = append(where, `kind = 'examination'`)
	} else if f.Kind != "" {
		add(`kind = ?`, string(f.Kind))
	}
	if !f.After.IsZero() {
		add(`id < ?`, f.After[:])
	}
	args = append(args, f.Limit)
	return `SELECT ` + orderColumns + ` FROM orders WHERE ` + strings.Join(where, ` AND `) +
		` ORDER BY id DESC LIMIT ?` + strconv.Itoa(len(args)), args
}
