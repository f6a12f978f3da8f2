package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/request"
	"kelisim/internal/term"
)

// demandColumns are a demand with the term that it is due in.
const demandColumns = `d.subject_id, d.id, d.org_id, d.version, d.kind, d.status, d.created_at, d.ended_at, d.until_at, d.assignee, d.steps, d.sealed,
	t.id, t.version, t.status, t.name, t.provision, t.edition, t.week, t.about_kind, t.about_id, t.started_at, t.due, t.paused_at, t.ended_at, t.calendar, t.entry, t.history`

const fromDemand = ` FROM demand d JOIN term t ON t.subject_id = d.subject_id AND t.id = d.term_id `

func scanDemand(r *sql.Rows) (request.Request, error) {
	var d request.Request
	var created, ended, until, start, due, paused, over int64
	var steps, history []byte
	t := &d.Term
	err := r.Scan(id{&d.Subject}, id{&d.ID}, id{&d.Org}, &d.Version, &d.Kind, &d.Status, &created, &ended, &until, &d.Assignee, &steps, &d.Sealed,
		id{&t.ID}, &t.Version, &t.Status, &t.Key, &t.Provision, &t.Edition, &t.Week, &t.About.Kind, id{&t.About.ID},
		&start, &due, &paused, &over, &t.CalendarVersion, id{&t.Entry}, &history)
	if err != nil {
		return d, err
	}
	d.Created, d.Ended, d.Until = moment(created), moment(ended), moment(until)
	t.Subject, t.Org, t.Start, t.Due, t.Paused, t.Ended = d.Subject, d.Org, moment(start), moment(due), moment(paused), moment(over)
	return d, errors.Join(json.Unmarshal(steps, &d.Steps), json.Unmarshal(history, &t.History))
}

// InsertDemand lands a demand with its term and documents.
func (s *Store) InsertDemand(ctx context.Context, d *request.Request, docs []request.Document, rec *journal.Record) (bool, error) {
	steps, err := json.Marshal(d.Steps)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := hold(ctx, q, rec); err != nil { // a representative may ask, and be revoked just now
			return err
		}
		if err := insertTerm(ctx, q, &d.Term, rec); err != nil {
			return err
		}
		_, err := q.exec(ctx, `INSERT INTO demand (subject_id, id, org_id, version, kind, status, term_id, created_at, ended_at, until_at, assignee, steps, sealed, due)
			VALUES `+places(1, 14), d.Subject[:], d.ID[:], d.Org[:], d.Version, string(d.Kind), string(d.Status), d.Term.ID[:],
			millis(d.Created), millis(d.Ended), millis(d.Until), d.Assignee, string(steps), d.Sealed, millis(d.Term.Due))
		for i := 0; i < len(docs) && err == nil; i++ {
			_, err = q.exec(ctx, `INSERT INTO demand_document (subject_id, demand_id, number, sealed) VALUES (?1, ?2, ?3, ?4)`,
				d.Subject[:], d.ID[:], i, docs[i].Content)
		}
		return err
	})
	return out.Stale, err
}

// UpdateDemand lands the next version of a demand and what moves with it.
func (s *Store) UpdateDemand(ctx context.Context, d *request.Request, moved, begun *term.Term, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error { return updateDemand(ctx, q, d, moved, begun, rec) })
	return out.Stale, err
}

func updateDemand(ctx context.Context, q querier, d *request.Request, moved, begun *term.Term, rec *journal.Record) error {
	steps, err := json.Marshal(d.Steps)
	if err != nil {
		return err
	}
	if moved != nil {
		if err := updateTerm(ctx, q, moved); err != nil {
			return err
		}
	}
	if begun != nil {
		if err := insertTerm(ctx, q, begun, rec); err != nil {
			return err
		}
	}
	n, err := q.exec(ctx, `UPDATE demand SET version = ?1, status = ?2, term_id = ?3, ended_at = ?4, until_at = ?5, assignee = ?6, steps = ?7, sealed = ?8, due = ?9
		WHERE subject_id = ?10 AND id = ?11 AND version = ?12`,
		d.Version, string(d.Status), d.Term.ID[:], millis(d.Ended), millis(d.Until), d.Assignee, string(steps), d.Sealed, millis(d.Term.Due),
		d.Subject[:], d.ID[:], d.Version-1)
	if err == nil && n != 1 {
		err = errStale
	}
	return err
}

// Demand returns one.
func (s *Store) Demand(ctx context.Context, demand ident.ID) (*request.Request, error) {
	rows, err := s.read().query(ctx, `SELECT `+demandColumns+fromDemand+`WHERE d.id = ?1`, demand[:])
	list, err := collect(rows, err, scanDemand)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "demand-unknown")
	}
	return &list[0], nil
}

// Demands lists demands: a subject's newest first, else what is due first.
func (s *Store) Demands(ctx context.Context, f request.Filter) ([]request.Request, error) {
	query, args := demandQuery(&f)
	if query == "" {
		return nil, nil // never all of everybody's
	}
	rows, err := s.read().query(ctx, query, args...)
	return collect(rows, err, scanDemand)
}

func demandQuery(f *request.Filter) (query string, args []any) {
	var where []string
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("?%d", len(args))))
	}
	org := `d.org_id`
	if !f.Subject.IsZero() { // by the subject's own rows: see consentQuery
		add(`d.subject_id = ?`, f.Subject[:])
		org = `COALESCE(d.org_id, d.subject_id)`
	}
	if !f.Org.IsZero() {
		add(org+` = ?`, f.Org[:])
	}
	if len(where) == 0 || f.Limit < 1 || f.Orgs != nil && len(f.Orgs) == 0 {
		return "", nil
	}
	if f.Orgs != nil {
		where = append(where, org+` IN (`+oneOf(&args, f.Orgs)+`)`)
	}
	if f.Status != "" {
		add(`d.status = ?`, string(f.Status))
	}
	if f.Undone || f.Status != "" && !f.Status.Closed() { // spelled out, so that the index of open ones serves
		where = append(where, `d.ended_at = 0`)
	}
	if !f.DueBefore.IsZero() {
		add(`d.due < ? AND t.paused_at = 0 AND d.ended_at = 0`, millis(f.DueBefore))
	}
	order := `d.due, d.id`
	switch {
	case !f.Subject.IsZero() && f.Org.IsZero():
		order = `d.id DESC`
		if !f.After.IsZero() {
			add(`d.id < ?`, f.After[:])
		}
	case !f.After.IsZero():
		add(`(d.due, d.id) > (SELECT x.due, x.id FROM demand x WHERE x.id = ?)`, f.After[:])
	}
	args = append(args, f.Limit)
	return `SELECT ` + demandColumns + fromDemand + `WHERE ` + strings.Join(where, ` AND `) +
		` ORDER BY ` + order + fmt.Sprintf(` LIMIT ?%d`, len(args)), args
}

// DemandDocument returns one document, sealed.
func (s *Store) DemandDocument(ctx context.Context, subject, demand ident.ID, number int) ([]byte, error) {
	var b []byte
	err := s.read().row(ctx, `SELECT sealed FROM demand_document WHERE subject_id = ?1 AND demand_id = ?2 AND number = ?3`,
		subject[:], demand[:], number).Scan(&b)
	return b, none(err, "not-found")
}

// Unfinished lists demands that were begun and left.
func (s *Store) Unfinished(ctx context.Context, now time.Time, limit int) ([]request.Request, error) {
	rows, err := s.read().query(ctx, `SELECT `+demandColumns+fromDemand+`WHERE d.status = 'working' AND d.until_at <= ?1
		ORDER BY d.until_at LIMIT ?2`, millis(now), limit)
	return collect(rows, err, scanDemand)
}

// OverdueDemands counts those that should have been answered.
func (s *Store) OverdueDemands(ctx context.Context, now time.Time) (int64, error) {
	var n int64
	err := s.read().row(ctx, `SELECT COUNT(*)`+fromDemand+`WHERE d.ended_at = 0 AND d.due < ?1 AND t.paused_at = 0`, millis(now)).Scan(&n)
	return n, wrap(err)
}

const appealColumns = `subject_id, id, org_id, demand_id, version, status, created_at, ended_at, sealed`

func scanAppeal(r *sql.Rows) (request.Appeal, error) {
	var a request.Appeal
	var created, ended int64
	err := r.Scan(id{&a.Subject}, id{&a.ID}, id{&a.Org}, id{&a.Demand}, &a.Version, &a.Status, &created, &ended, &a.Sealed)
	a.Created, a.Ended = moment(created), moment(ended)
	return a, err
}

// InsertAppeal lands an appeal with the demand that it is about.
func (s *Store) InsertAppeal(ctx context.Context, a *request.Appeal, d *request.Request, t *term.Term, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := hold(ctx, q, rec); err != nil {
			return err
		}
		if err := updateDemand(ctx, q, d, nil, nil, rec); err != nil {
			return err
		}
		if t != nil {
			if err := insertTerm(ctx, q, t, rec); err != nil {
				return err
			}
		}
		_, err := q.exec(ctx, `INSERT INTO appeal (`+appealColumns+`) VALUES `+places(1, 9),
			a.Subject[:], a.ID[:], a.Org[:], a.Demand[:], a.Version, string(a.Status), millis(a.Created), millis(a.Ended), a.Sealed)
		return err
	})
	return out.Stale, err
}

// UpdateAppeal lands the decision on an appeal.
func (s *Store) UpdateAppeal(ctx context.Context, a *request.Appeal, d *request.Request, begun, ended *term.Term, rec *journal.Record) (bool, error) {
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE appeal SET version = ?1, status = ?2, ended_at = ?3, sealed = ?4
			WHERE subject_id = ?5 AND id = ?6 AND version = ?7`,
			a.Version, string(a.Status), millis(a.Ended), a.Sealed, a.Subject[:], a.ID[:], a.Version-1)
		if err == nil && n != 1 {
			err = errStale
		}
		if err != nil {
			return err
		}
		if ended != nil {
			if err := updateTerm(ctx, q, ended); err != nil {
				return err
			}
		}
		return updateDemand(ctx, q, d, nil, begun, rec)
	})
	return out.Stale, err
}

// Appeal returns one.
func (s *Store) Appeal(ctx context.Context, appeal ident.ID) (*request.Appeal, error) {
	rows, err := s.read().query(ctx, `SELECT `+appealColumns+` FROM appeal WHERE id = ?1`, appeal[:])
	list, err := collect(rows, err, scanAppeal)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "appeal-unknown")
	}
	return &list[0], nil
}

// Appeals lists appeals, oldest first.
func (s *Store) Appeals(ctx context.Context, f request.AppealFilter) ([]request.Appeal, error) {
	where, args := []string{`1 = 1`}, []any{}
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(cond+" ?%d", len(args)))
	}
	for _, x := range []struct {
		cond string
		id   ident.ID
	}{{`subject_id =`, f.Subject}, {`demand_id =`, f.Demand}, {`org_id =`, f.Org}, {`id >`, f.After}} {
		if !x.id.IsZero() {
			add(x.cond, x.id[:])
		}
	}
	if f.Status != "" {
		add(`status =`, string(f.Status))
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+appealColumns+` FROM appeal WHERE `+strings.Join(where, ` AND `)+
		fmt.Sprintf(` ORDER BY id LIMIT ?%d`, len(args)), args...)
	return collect(rows, err, scanAppeal)
}
