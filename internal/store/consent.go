package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
)

const consentColumns = `subject_id, id, org_id, version, status, scopes, given_at, valid_until, terms, history, language, text_hash, register, sealed`

func scanConsent(r *sql.Rows) (consent.Consent, error) {
	var c consent.Consent
	var given, until int64
	var terms, history string
	err := r.Scan(id{&c.Subject}, id{&c.ID}, id{&c.Org}, &c.Version, &c.Status, &c.Scopes, &given, &until,
		&terms, &history, &c.Language, &c.TextHash, &c.Register, &c.Sealed)
	if err != nil {
		return c, err
	}
	c.Given, c.Until = moment(given), moment(until)
	if c.Terms, err = internTerms([]byte(terms)); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(history), &c.History)
}

// interned holds the terms that many consents share, so that a million consents
// to the same form cost the memory of one. It is bounded and may be dropped at
// any time.
var interned struct {
	sync.RWMutex
	terms map[string]*consent.Terms
}

func internTerms(text []byte) (*consent.Terms, error) {
	interned.RLock()
	t := interned.terms[string(text)] // does not allocate
	interned.RUnlock()
	if t != nil {
		return t, nil
	}
	t = &consent.Terms{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, err
	}
	interned.Lock()
	defer interned.Unlock()
	if len(interned.terms) > 10_000 || interned.terms == nil {
		interned.terms = map[string]*consent.Terms{}
	}
	interned.terms[string(text)] = t
	return t, nil
}

// Facts reads what a decision on a subject of an organization rests on. The
// consents are lean: without history and proof.
func (s *Store) Facts(ctx context.Context, subject, org ident.ID) (*gate.Loaded, error) {
	return s.facts(ctx, subject, org)
}

// Consents lists consents of a subject, of an organization, or of both, newest
// first.
func (s *Store) Consents(ctx context.Context, f consent.Filter) ([]consent.Consent, error) {
	if f.Orgs != nil && len(f.Orgs) == 0 {
		return nil, nil
	}
	query, args := consentQuery(&f)
	rows, err := s.read().query(ctx, query, args...)
	list, err := collect(rows, err, scanConsent)
	if f.Purpose != "" {
		list = slices.DeleteFunc(list, func(c consent.Consent) bool { return !c.Terms.Covers(f.Purpose) })
	}
	return list, err
}

// consentQuery goes by the subject's own rows where a subject is named: a person
// has few, an organization millions.
func consentQuery(f *consent.Filter) (query string, args []any) {
	var where []string
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(cond, "?", "?"+strconv.Itoa(len(args))))
	}
	if !f.Subject.IsZero() {
		add(`subject_id = ?`, f.Subject[:])
	}
	// An expression, so that no planner takes the index over the organization
	// where there is a subject.
	org := `org_id`
	if !f.Subject.IsZero() {
		org = `COALESCE(org_id, subject_id)`
	}
	if !f.Org.IsZero() {
		add(org+` = ?`, f.Org[:])
	}
	if f.Orgs != nil {
		where = append(where, org+` IN (`+oneOf(&args, f.Orgs)+`)`)
	}
	if !f.After.IsZero() {
		add(`id < ?`, f.After[:])
	}
	switch f.Status {
	case "":
	case consent.Expired:
		add(`(status = 'expired' OR status IN ('active', 'paused') AND valid_until > 0 AND valid_until <= ?)`, millis(f.Now))
	case consent.Active, consent.Paused:
		add(`(valid_until = 0 OR valid_until > ?)`, millis(f.Now))
		add(`status = ?`, string(f.Status))
	default:
		add(`status = ?`, string(f.Status))
	}
	if f.Standing {
		where = append(where, `status IN ('active', 'paused')`)
	}
	if f.Purpose != "" {
		// The exact test is below. This one has to be as narrow, or a page would
		// come back short: purposes stand first in terms, and once.
		add(`terms LIKE ?`, `{"purposes":[%"`+f.Purpose+`"%],"categories":%`)
	}
	limit := ""
	if f.Limit > 0 {
		args = append(args, f.Limit)
		limit = ` LIMIT ?` + strconv.Itoa(len(args))
	}
	return `SELECT ` + consentColumns + ` FROM consent WHERE ` + strings.Join(where, " AND ") + ` ORDER BY id DESC` + limit, args
}

// oneOf adds ids to the arguments and returns the list of their places.
func oneOf(args *[]any, ids []ident.ID) string {
	list := make([]string, len(ids))
	for i := range ids {
		*args = append(*args, ids[i][:])
		list[i] = "?" + strconv.Itoa(len(*args))
	}
	return strings.Join(list, ", ")
}

// Consent returns one.
func (s *Store) Consent(ctx context.Context, c ident.ID) (*consent.Consent, error) {
	rows, err := s.read().query(ctx, `SELECT `+consentColumns+` FROM consent WHERE id = ?1`, c[:])
	list, err := collect(rows, err, scanConsent)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "consent-unknown")
	}
	return &list[0], nil
}

// InsertConsent lands a new consent with its text and what it supersedes.
func (s *Store) InsertConsent(ctx context.Context, c *consent.Consent, t *consent.Text, superseded []*consent.Consent, r *journal.Record) (bool, error) {
	put, err := consentInsert(c, t, superseded, r)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, r, put)
	return out.Stale, err
}

func putText(ctx context.Context, q querier, t *consent.Text) error {
	_, err := q.exec(ctx, `INSERT INTO consent_text (hash, language, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`,
		t.Hash, string(t.Language), t.Body)
	return err
}

// consentInsert is the statements of a new consent, for the write that it is
// part of.
func consentInsert(c *consent.Consent, t *consent.Text, superseded []*consent.Consent, r *journal.Record) (func(context.Context, querier) error, error) {
	terms, err := json.Marshal(c.Terms)
	if err != nil {
		return nil, err
	}
	history, err := json.Marshal(c.History)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, r); err != nil {
			return err
		}
		if err := putText(ctx, q, t); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO consent (`+consentColumns+`)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`,
			c.Subject[:], c.ID[:], c.Org[:], c.Version, string(c.Status), int64(c.Scopes), millis(c.Given), millis(c.Until),
			string(terms), string(history), c.Language, c.TextHash, c.Register, c.Sealed); err != nil {
			return err
		}
		for i, sealed := range c.Files {
			if _, err := q.exec(ctx, `INSERT INTO consent_file (subject_id, consent_id, number, sealed) VALUES (?1, ?2, ?3, ?4)`,
				c.Subject[:], c.ID[:], int64(i), sealed); err != nil {
				return err
			}
		}
		for _, old := range superseded {
			if err := updateConsent(ctx, q, old); err != nil {
				return err
			}
		}
		return lookSoon(ctx, q, c.Subject, c.Org, c.Until)
	}, nil
}

// UpdateConsent lands the next version of a consent.
func (s *Store) UpdateConsent(ctx context.Context, c *consent.Consent, r *journal.Record) (bool, error) {
	out, err := s.land(ctx, r, consentUpdate(c, r))
	return out.Stale, err
}

// consentUpdate is the statements of the next version of a consent, for the write
// that it is part of.
func consentUpdate(c *consent.Consent, r *journal.Record) func(context.Context, querier) error {
	return func(ctx context.Context, q querier) error {
		if err := bump(ctx, q, r); err != nil {
			return err
		}
		if err := updateConsent(ctx, q, c); err != nil {
			return err
		}
		if c.Status == consent.Withdrawn {
			if err := endKDPs(ctx, q, c); err != nil {
				return err
			}
		}
		return lookSoon(ctx, q, c.Subject, c.Org, c.History[len(c.History)-1].At)
	}
}

// NoteConsent lands an entry about a consent that changes nothing.
func (s *Store) NoteConsent(ctx context.Context, r *journal.Record) (bool, error) {
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error { return hold(ctx, q, r) })
	return out.Stale, err
}

// lookSoon lets retention look at a holding no later than at the moment; it
// works out the true term itself.
func lookSoon(ctx context.Context, q querier, subject, org ident.ID, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	_, err := q.exec(ctx, `UPDATE holding SET destroy_at = ?1
		WHERE subject_id = ?2 AND org_id = ?3 AND (destroy_at = 0 OR destroy_at > ?1)`, millis(at), subject[:], org[:])
	return err
}

// bump moves the subject's version, so that no decision taken on the facts
// before can land after.
func bump(ctx context.Context, q querier, r *journal.Record) error {
	n, err := q.exec(ctx, `UPDATE subject SET version = version + 1 WHERE id = ?1 AND version = ?2`, r.Subject[:], r.Guard.Subject)
	if err == nil && n != 1 {
		err = errStale
	}
	return err
}

// hold keeps the subject's version where it is until the operation is done, for
// a write that moves no fact but must not overtake what does.
func hold(ctx context.Context, q querier, r *journal.Record) error {
	n, err := q.exec(ctx, `UPDATE subject SET version = version WHERE id = ?1 AND version = ?2`, r.Subject[:], r.Guard.Subject)
	if err == nil && n != 1 {
		err = errStale
	}
	return err
}

func updateConsent(ctx context.Context, q querier, c *consent.Consent) error {
	history, err := json.Marshal(c.History)
	if err != nil {
		return err
	}
	terms, err := json.Marshal(c.Terms)
	if err != nil {
		return err
	}
	n, err := q.exec(ctx, `UPDATE consent SET version = ?1, status = ?2, scopes = ?3, history = ?4, sealed = ?5, valid_until = ?6, terms = ?7
		WHERE subject_id = ?8 AND id = ?9 AND version = ?10`,
		c.Version, string(c.Status), int64(c.Scopes), string(history), c.Sealed, millis(c.Until), string(terms),
		c.Subject[:], c.ID[:], c.Version-1)
	if err == nil && n != 1 {
		err = errStale
	}
	return err
}

// Text returns a text that was shown.
func (s *Store) Text(ctx context.Context, sum string) (*consent.Text, error) {
	t := &consent.Text{Hash: sum}
	var lang string
	err := s.read().row(ctx, `SELECT language, body FROM consent_text WHERE hash = ?1`, sum).Scan(&lang, &t.Body)
	t.Language = locale.Lang(lang)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "text-unknown")
	}
	return t, wrap(err)
}

// ConsentFiles returns the sealed files of a consent.
func (s *Store) ConsentFiles(ctx context.Context, subject, consent ident.ID) ([][]byte, error) {
	rows, err := s.read().query(ctx, `SELECT sealed FROM consent_file WHERE subject_id = ?1 AND consent_id = ?2 ORDER BY number`, subject[:], consent[:])
	return collect(rows, err, func(r *sql.Rows) ([]byte, error) {
		var b []byte
		return b, r.Scan(&b)
	})
}
