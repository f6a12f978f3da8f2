package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

const requestColumns = `subject_id, id, org_id, asker_id, version, status, ask, created_at, expires_at, ended_at, shown, consent_id, register, sealed`

func scanRequest(rows *sql.Rows) (consent.Request, error) {
	var r consent.Request
	var created, expires, ended int64
	var ask, shown string
	err := rows.Scan(id{&r.Subject}, id{&r.ID}, id{&r.Org}, id{&r.Asker}, &r.Version, &r.Status, &ask,
		&created, &expires, &ended, &shown, id{&r.Consent}, &r.Register, &r.Sealed)
	if err != nil {
		return r, err
	}
	r.Created, r.Expires, r.Ended = moment(created), moment(expires), moment(ended)
	if err := json.Unmarshal([]byte(ask), &r.Ask); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(shown), &r.Shown)
}

// InsertRequest lands a new question to a subject.
func (s *Store) InsertRequest(ctx context.Context, r *consent.Request, rec *journal.Record) (bool, error) {
	ask, err := json.Marshal(&r.Ask)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, rec); err != nil { // two equal questions at one moment: the second looks again
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO request (`+requestColumns+`)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`,
			r.Subject[:], r.ID[:], r.Org[:], r.Asker[:], r.Version, string(r.Status), string(ask),
			millis(r.Created), millis(r.Expires), millis(r.Ended), "[]", r.Consent[:], r.Register, r.Sealed)
		return err
	})
	return out.Stale, err
}

// UpdateRequest lands the next version of a question.
func (s *Store) UpdateRequest(ctx context.Context, r *consent.Request, t *consent.Text, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := hold(ctx, q, rec); err != nil { // a representative may answer, and be revoked just now
			return err
		}
		if t != nil {
			if err := putText(ctx, q, t); err != nil {
				return err
			}
		}
		return updateRequest(ctx, q, r)
	})
	return out.Stale, err
}

// AnswerRequest lands the answer and the consent that was given by it.
func (s *Store) AnswerRequest(ctx context.Context, r *consent.Request, c *consent.Consent, t *consent.Text, superseded []*consent.Consent, rec *journal.Record) (bool, error) {
	put, err := consentInsert(c, t, superseded, rec)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := put(ctx, q); err != nil {
			return err
		}
		return updateRequest(ctx, q, r)
	})
	return out.Stale, err
}

func updateRequest(ctx context.Context, q querier, r *consent.Request) error {
	ask, err := json.Marshal(&r.Ask)
	if err != nil {
		return err
	}
	shown, err := json.Marshal(r.Shown)
	if err != nil {
		return err
	}
	if r.Shown == nil {
		shown = []byte("[]")
	}
	n, err := q.exec(ctx, `UPDATE request SET version = ?1, status = ?2, ask = ?3, ended_at = ?4, shown = ?5, consent_id = ?6, sealed = ?7
		WHERE subject_id = ?8 AND id = ?9 AND version = ?10`,
		r.Version, string(r.Status), string(ask), millis(r.Ended), string(shown), r.Consent[:], r.Sealed, r.Subject[:], r.ID[:], r.Version-1)
	if err == nil && n != 1 {
		err = errStale
	}
	return err
}

// Request returns one.
func (s *Store) Request(ctx context.Context, request ident.ID) (*consent.Request, error) {
	rows, err := s.read().query(ctx, `SELECT `+requestColumns+` FROM request WHERE id = ?1`, request[:])
	list, err := collect(rows, err, scanRequest)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "request-unknown")
	}
	return &list[0], nil
}

// Requests lists questions, newest first.
func (s *Store) Requests(ctx context.Context, f consent.RequestFilter) ([]consent.Request, error) {
	var where []string
	var args []any
	add := func(column, op string, arg any) {
		args = append(args, arg)
		where = append(where, column+" "+op+" ?"+strconv.Itoa(len(args)))
	}
	asker := "asker_id"
	if !f.Subject.IsZero() { // by the subject's own rows: see consentQuery
		asker = "COALESCE(asker_id, subject_id)"
	}
	for _, x := range []struct {
		column string
		who    ident.ID
	}{{"subject_id", f.Subject}, {"org_id", f.Org}, {asker, f.Asker}} {
		if !x.who.IsZero() {
			add(x.column, "=", x.who[:])
		}
	}
	if f.Orgs != nil && len(f.Orgs) == 0 {
		return nil, nil
	}
	if f.Orgs != nil {
		where = append(where, `org_id IN (`+oneOf(&args, f.Orgs)+`)`)
	}
	if f.Status != "" {
		add("status", "=", string(f.Status))
	}
	if !f.After.IsZero() {
		add("id", "<", f.After[:])
	}
	if len(where) == 0 || f.Limit < 1 {
		return nil, nil // never all of everybody's
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+requestColumns+` FROM request WHERE `+strings.Join(where, " AND ")+
		` ORDER BY id DESC LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanRequest)
}

// DueRequests lists those that nobody answered in time.
func (s *Store) DueRequests(ctx context.Context, now time.Time, limit int) ([]consent.Request, error) {
	rows, err := s.read().query(ctx, `SELECT `+requestColumns+` FROM request
		WHERE status = 'pending' AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2`, millis(now), limit)
	return collect(rows, err, scanRequest)
}
