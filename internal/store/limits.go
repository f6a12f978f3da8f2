package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
)

// PutUndertaking files an undertaking of somebody of the staff.
func (s *Store) PutUndertaking(ctx context.Context, org ident.ID, u *party.Undertaking, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO undertaking (org_id, sum, sealed, signed, until_at) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (org_id, sum) DO UPDATE SET sealed = excluded.sealed, signed = excluded.signed, until_at = excluded.until_at`,
			org[:], u.Sum[:], u.Sealed, millis(u.Signed), millis(u.Until)); err != nil {
			return err
		}
		_, err := q.exec(ctx, `UPDATE organization SET version = version + 1 WHERE id = ?1`, org[:])
		return err
	})
	return err
}

// Undertakings lists what an organization has on file.
func (s *Store) Undertakings(ctx context.Context, org ident.ID) ([]party.Undertaking, error) {
	rows, err := s.read().query(ctx, `SELECT sum, sealed, signed, until_at FROM undertaking WHERE org_id = ?1 ORDER BY signed, sum`, org[:])
	return collect(rows, err, func(r *sql.Rows) (party.Undertaking, error) {
		var u party.Undertaking
		var signed, until int64
		err := r.Scan(hash{&u.Sum}, &u.Sealed, &signed, &until)
		u.Signed, u.Until = moment(signed), moment(until)
		return u, err
	})
}

// PutCountry lands what holds of a state from now on.
func (s *Store) PutCountry(ctx context.Context, c *party.Country, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO country (code, id, protects, categories, from_at, until_at, document)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
			c.Code, c.ID[:], flag(c.Protects), strings.Join(c.Categories, ","), millis(c.From), millis(c.Until), c.Document); err != nil {
			return err
		}
		return moveAll(ctx, q)
	})
	return err
}

// EndCountry ends an entry about a state.
func (s *Store) EndCountry(ctx context.Context, entry ident.ID, at time.Time, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE country SET until_at = ?1 WHERE id = ?2 AND (until_at = 0 OR until_at > ?1)`, millis(at), entry[:])
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "country-entry-unknown")
		}
		if err != nil {
			return err
		}
		return moveAll(ctx, q)
	})
	return err
}

// moveAll makes every decision under way load its facts anew.
func moveAll(ctx context.Context, q querier) error {
	_, err := q.exec(ctx, `UPDATE organization SET version = version + 1`)
	return err
}

// Countries lists what was set about foreign states.
func (s *Store) Countries(ctx context.Context) ([]party.Country, error) {
	rows, err := s.read().query(ctx, `SELECT code, id, protects, categories, from_at, until_at, document FROM country ORDER BY code, from_at, id`)
	return collect(rows, err, func(r *sql.Rows) (party.Country, error) {
		var c party.Country
		var categories string
		var from, until int64
		err := r.Scan(&c.Code, id{&c.ID}, &c.Protects, &categories, &from, &until, &c.Document)
		c.Forbidden, c.From, c.Until = !c.Protects, moment(from), moment(until)
		if categories != "" {
			c.Categories = strings.Split(categories, ",")
		}
		return c, err
	})
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}
