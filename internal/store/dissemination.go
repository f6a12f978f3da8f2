package store

import (
	"context"
	"database/sql"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/term"
)

// InsertDissemination lands a consent to dissemination with the term in which
// its conditions are to be published, and the answer that gave it.
func (s *Store) InsertDissemination(ctx context.Context, r *consent.Request, c *consent.Consent, t *consent.Text, superseded []*consent.Consent, due *term.Term, rec *journal.Record) (bool, error) {
	put, err := consentInsert(c, t, superseded, rec)
	if err != nil {
		return false, err
	}
	out, err := s.land(ctx, rec, func(ctx context.Context, q querier) error {
		if err := put(ctx, q); err != nil {
			return err
		}
		if err := insertTerm(ctx, q, due, rec); err != nil {
			return err
		}
		if r == nil {
			return nil
		}
		return updateRequest(ctx, q, r)
	})
	return out.Stale, err
}

// PublicTerms lists the terms of the consents to dissemination that stand.
func (s *Store) PublicTerms(ctx context.Context, org ident.ID, max int) ([]consent.Terms, error) {
	rows, err := s.read().query(ctx, `SELECT DISTINCT terms FROM consent
		WHERE org_id = ?1 AND status = 'active' AND scopes >= 8 LIMIT ?2`, org[:], max)
	return collect(rows, err, func(r *sql.Rows) (consent.Terms, error) {
		var text []byte
		if err := r.Scan(&text); err != nil {
			return consent.Terms{}, err
		}
		t, err := internTerms(text)
		if err != nil {
			return consent.Terms{}, err
		}
		return *t, nil
	})
}
