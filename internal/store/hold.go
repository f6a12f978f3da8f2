package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

const holdColumns = `subject_id, id, org_id, consent_id, version, status, bars, purposes, set_at, until_at, demanded_at, moved_at, sealed`

func scanHold(r *sql.Rows) (consent.Hold, error) {
	var h consent.Hold
	var set, until, demanded, moved int64
	var purposes string
	err := r.Scan(id{&h.Subject}, id{&h.ID}, id{&h.Org}, id{&h.Consent}, &h.Version, &h.Status, &h.Scopes, &purposes,
		&set, &until, &demanded, &moved, &h.Sealed)
	if err != nil {
		return h, err
	}
	h.Set, h.Until, h.Demanded, h.Moved = moment(set), moment(until), moment(demanded), moment(moved)
	return h, json.Unmarshal([]byte(purposes), &h.Purposes)
}

// InsertHold lands a hold.
func (s *Store) InsertHold(ctx context.Context, h *consent.Hold, r *journal.Record) (bool, error) {
	purposes, err := json.Marshal(h.Purposes)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, r); err != nil { // a withdrawal under way looks again
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO hold (`+holdColumns+`) VALUES `+places(1, 13),
			h.Subject[:], h.ID[:], h.Org[:], h.Consent[:], h.Version, string(h.Status), int64(h.Scopes), string(purposes),
			millis(h.Set), millis(h.Until), millis(h.Demanded), millis(h.Moved), h.Sealed)
		return err
	})
	return out.Stale, err
}

// UpdateHold lands the next version of a hold.
func (s *Store) UpdateHold(ctx context.Context, h *consent.Hold, r *journal.Record) (bool, error) {
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, r); err != nil {
			return err
		}
		n, err := q.exec(ctx, `UPDATE hold SET version = ?1, status = ?2, demanded_at = ?3, moved_at = ?4, sealed = ?5
			WHERE subject_id = ?6 AND id = ?7 AND version = ?8`,
			h.Version, string(h.Status), millis(h.Demanded), millis(h.Moved), h.Sealed, h.Subject[:], h.ID[:], h.Version-1)
		if err == nil && n != 1 {
			err = errStale
		}
		return err
	})
	return out.Stale, err
}

// Hold returns one.
func (s *Store) Hold(ctx context.Context, hold ident.ID) (*consent.Hold, error) {
	rows, err := s.read().query(ctx, `SELECT `+holdColumns+` FROM hold WHERE id = ?1`, hold[:])
	list, err := collect(rows, err, scanHold)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "hold-unknown")
	}
	return &list[0], nil
}

// Holds lists holds, newest first.
func (s *Store) Holds(ctx context.Context, f consent.HoldFilter) ([]consent.Hold, error) {
	var where []string
	var args []any
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, cond+strconv.Itoa(len(args)))
	}
	if !f.Subject.IsZero() {
		add(`subject_id = ?`, f.Subject[:])
	}
	if !f.Consent.IsZero() {
		add(`consent_id = ?`, f.Consent[:])
	}
	if !f.Org.IsZero() {
		add(`org_id = ?`, f.Org[:])
	}
	if len(where) == 0 && !f.All || f.Limit < 1 {
		return nil, nil // everybody's only for who says so
	}
	if f.Status == consent.HoldAppealed { // spelled out, so that its index serves
		where = append(where, `status = 'appealed'`)
	} else if f.Status != "" {
		add(`status = ?`, string(f.Status))
	}
	if !f.After.IsZero() {
		add(`id < ?`, f.After[:])
	}
	if len(where) == 0 {
		where = []string{`1 = 1`}
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+holdColumns+` FROM hold WHERE `+strings.Join(where, " AND ")+
		` ORDER BY id DESC LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanHold)
}
