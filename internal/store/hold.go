package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/term"
)

const holdColumns = `subject_id, id, org_id, consent_id, version, status, bars, purposes, set_at, until_at, demanded_at, moved_at, sealed, appealed_at`

func scanHold(r *sql.Rows) (consent.Hold, error) {
	var h consent.Hold
	var set, until, demanded, moved, appealed int64
	var purposes string
	err := r.Scan(id{&h.Subject}, id{&h.ID}, id{&h.Org}, id{&h.Consent}, &h.Version, &h.Status, &h.Scopes, &purposes,
		&set, &until, &demanded, &moved, &h.Sealed, &appealed)
	if err != nil {
		return h, err
	}
	h.Set, h.Until, h.Demanded, h.Moved, h.Appealed = moment(set), moment(until), moment(demanded), moment(moved), moment(appealed)
	return h, json.Unmarshal([]byte(purposes), &h.Purposes)
}

// InsertHold lands a hold with its document.
func (s *Store) InsertHold(ctx context.Context, h *consent.Hold, file []byte, r *journal.Record) (bool, error) {
	purposes, err := json.Marshal(h.Purposes)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, r); err != nil { // a withdrawal under way looks again
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO hold (`+holdColumns+`) VALUES `+places(1, 14),
			h.Subject[:], h.ID[:], h.Org[:], h.Consent[:], h.Version, string(h.Status), int64(h.Scopes), string(purposes),
			millis(h.Set), millis(h.Until), millis(h.Demanded), millis(h.Moved), h.Sealed, millis(h.Appealed)); err != nil || file == nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO hold_file (subject_id, hold_id, sealed) VALUES `+places(1, 3), h.Subject[:], h.ID[:], file)
		return err
	})
	return out.Stale, err
}

// UpdateHold lands the next version of a hold and the withdrawal that it lets
// through, both or neither: the first moves the subject's version to the one that
// the second is guarded by.
func (s *Store) UpdateHold(ctx context.Context, h *consent.Hold, begun, ended *term.Term, r *journal.Record, let *consent.Let) (bool, error) {
	if len(r.Sealed) == 0 || let != nil && len(let.Record.Sealed) == 0 {
		return false, fault.New(fault.Internal, "internal")
	}
	_, err := s.write(ctx, nil, func(ctx context.Context, t tx) error {
		if err := t.enter(ctx, r); err != nil {
			return err
		}
		if err := bump(ctx, t, r); err != nil {
			return err
		}
		if begun != nil {
			if err := insertTerm(ctx, t, begun, r); err != nil {
				return err
			}
		}
		if ended != nil {
			if err := updateTerm(ctx, t, ended); err != nil {
				return err
			}
		}
		n, err := t.exec(ctx, `UPDATE hold SET version = ?1, status = ?2, demanded_at = ?3, moved_at = ?4, sealed = ?5, appealed_at = ?6
			WHERE subject_id = ?7 AND id = ?8 AND version = ?9`,
			h.Version, string(h.Status), millis(h.Demanded), millis(h.Moved), h.Sealed, millis(h.Appealed), h.Subject[:], h.ID[:], h.Version-1)
		if err == nil && n != 1 {
			err = errStale
		}
		if err != nil || let == nil {
			return err
		}
		if err := t.enter(ctx, let.Record); err != nil {
			return err
		}
		return consentUpdate(let.Consent, let.Record)(ctx, t)
	})
	if errors.Is(err, errStale) {
		return true, nil
	}
	return false, err
}

// HoldFile returns the sealed document of a hold.
func (s *Store) HoldFile(ctx context.Context, subject, hold ident.ID) ([]byte, error) {
	var sealed []byte
	err := s.read().row(ctx, `SELECT sealed FROM hold_file WHERE subject_id = ?1 AND hold_id = ?2`, subject[:], hold[:]).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "hold-file-absent")
	}
	return sealed, wrap(err)
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
	if f.Appealed {
		where = append(where, `appealed_at > 0`)
	}
	if len(where) == 0 {
		where = []string{`1 = 1`}
	}
	order := `id DESC`
	if f.Oldest {
		order = `appealed_at, id`
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+holdColumns+` FROM hold WHERE `+strings.Join(where, " AND ")+
		` ORDER BY `+order+` LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanHold)
}
