package store

import (
	"context"
	"errors"

	"github.com/ncruces/go-sqlite3"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/vault"
)

// hotReads are the statements on the way of a decision on SQLite, past
// database/sql. The reads run on the writer's connection between two groups:
// what they see is committed.
type hotReads struct {
	facts, consents, values *sqlite3.Stmt
	begin, next, commit     *sqlite3.Stmt
	subject, org, tail      *sqlite3.Stmt
}

// all are the statements by their text.
func (h *hotReads) all() map[string]**sqlite3.Stmt {
	return map[string]**sqlite3.Stmt{
		factsQuery: &h.facts, leanConsents: &h.consents, valuesQuery: &h.values,
		"BEGIN IMMEDIATE": &h.begin, "COMMIT": &h.commit,
		"SELECT version, head FROM subject WHERE id = ?1": &h.subject, "SELECT version, head FROM organization WHERE id = ?1": &h.org,
		"SELECT leaf, subject_id, org_id FROM entry WHERE leaf >= ?1 ORDER BY leaf": &h.tail,
		// Not before the end of the log, should somebody have cut entries off: what
		// takes the place of a sealed one would never be sealed.
		"SELECT MAX(COALESCE((SELECT MAX(leaf) + 1 FROM entry), 0), (SELECT size FROM log WHERE id = 1))": &h.next,
	}
}

// step runs a statement that returns nothing.
func step(st *sqlite3.Stmt) error {
	st.Step()
	return errors.Join(st.Err(), st.Reset())
}

// readOp is a read that waits for its turn.
type readOp struct {
	run  func() error
	err  error
	done chan struct{}
}

func (r *readOp) serve() {
	r.err = r.run()
	close(r.done)
}

const (
	factsQuery = `SELECT s.version, s.state, s.journal_key, h.state, h.since, h.destroy_at, k.wrapped, h.person, h.bans, s.notices
		FROM subject s JOIN holding h ON h.subject_id = s.id AND h.org_id = ?2
		LEFT JOIN data_key k ON k.subject_id = s.id AND k.org_id = ?2
		WHERE s.id = ?1`
	// leanConsents leaves out what a decision does not look at, and goes by the
	// subject's rows: see consentQuery.
	leanConsents = `SELECT id, status, scopes, given_at, valid_until, terms, register FROM consent
		WHERE subject_id = ?1 AND COALESCE(org_id, subject_id) = ?2 ORDER BY id DESC`
	valuesQuery = `SELECT category, version, purpose, at, sealed FROM value
		WHERE subject_id = ?1 AND org_id = ?2 ORDER BY category, version`
)

func (h *hotReads) prepare(c *sqlite3.Conn) (err error) {
	for query, st := range h.all() {
		var e error
		*st, _, e = c.PrepareFlags(query, sqlite3.PREPARE_PERSISTENT)
		err = errors.Join(err, e)
	}
	return err
}

func (h *hotReads) close() (err error) {
	for _, st := range h.all() {
		err = errors.Join(err, (*st).Close())
	}
	return err
}

// between runs a read on the writer's connection.
func (s *sqlite) between(ctx context.Context, run func() error) error {
	r := &readOp{run: run, done: make(chan struct{})}
	select {
	case s.reads <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return errClosed
	}
	select {
	case <-r.done:
		return r.err
	case <-s.done:
		return errClosed
	}
}

// refuseReads answers what waits when the store closes.
func (s *sqlite) refuseReads() {
	for {
		select {
		case r := <-s.reads:
			r.err = errClosed
			close(r.done)
		default:
			return
		}
	}
}

func bindPair(st *sqlite3.Stmt, subject, org ident.ID) error {
	return errors.Join(st.BindBlob(1, subject[:]), st.BindBlob(2, org[:]))
}

func (s *sqlite) facts(ctx context.Context, subject, org ident.ID) (*gate.Loaded, error) {
	l := &gate.Loaded{Holding: party.Holding{Subject: subject, Org: org}}
	err := s.between(ctx, func() error { return s.hot.load(l, subject, org) })
	return l, wrap(err)
}

func (h *hotReads) load(l *gate.Loaded, subject, org ident.ID) error {
	st := h.facts
	if err := bindPair(st, subject, org); err != nil {
		return err
	}
	if !st.Step() {
		return errors.Join(st.Err(), st.Reset(), fault.New(fault.NotFound, "subject-unknown"))
	}
	l.Version, l.State = st.ColumnInt64(0), st.ColumnText(1)
	l.JournalKey = st.ColumnBlob(2, nil)
	l.Holding.State, l.Holding.Since, l.Holding.DestroyAt = st.ColumnText(3), moment(st.ColumnInt64(4)), moment(st.ColumnInt64(5))
	if st.ColumnType(6) != sqlite3.NULL {
		l.Holding.DataKey = st.ColumnBlob(6, nil)
	}
	bans, err := gate.ReadBans(st.ColumnRawText(8))
	l.Bans = bans
	l.Told(st.ColumnText(7))
	l.Notices = outbox.Choice(st.ColumnInt64(9)) //nolint:gosec // written from one
	if err := errors.Join(err, st.Err(), st.Reset()); err != nil {
		return err
	}
	return h.loadConsents(l, subject, org)
}

func (h *hotReads) loadConsents(l *gate.Loaded, subject, org ident.ID) error {
	st := h.consents
	if err := bindPair(st, subject, org); err != nil {
		return err
	}
	for st.Step() {
		c := consent.Consent{
			Subject: subject, Org: org, Status: consent.Status(st.ColumnText(1)), Scopes: consent.Scope(st.ColumnInt(2)), //nolint:gosec // four bits
			Given: moment(st.ColumnInt64(3)), Until: moment(st.ColumnInt64(4)), Register: st.ColumnInt(6),
		}
		copy(c.ID[:], st.ColumnRawBlob(0))
		var err error
		if c.Terms, err = internTerms(st.ColumnRawText(5)); err != nil {
			return errors.Join(err, st.Reset())
		}
		l.Consents = append(l.Consents, c)
	}
	return errors.Join(st.Err(), st.Reset())
}

func (s *sqlite) values(ctx context.Context, subject, org ident.ID) (out []vault.Value, err error) {
	err = s.between(ctx, func() error {
		st := s.hot.values
		if err := bindPair(st, subject, org); err != nil {
			return err
		}
		for st.Step() {
			out = append(out, vault.Value{
				Category: st.ColumnText(0), Version: st.ColumnInt64(1), Purpose: st.ColumnText(2), At: moment(st.ColumnInt64(3)),
				Sealed: st.ColumnBlob(4, nil),
			})
		}
		return errors.Join(st.Err(), st.Reset())
	})
	return out, wrap(err)
}
