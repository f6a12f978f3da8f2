package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"kelisim/internal/depersonal"
	"kelisim/internal/ident"
)

// addRows counts people in. It is part of the write that destroys what the cells
// were made of.
func addRows(ctx context.Context, q querier, org ident.ID, rows []depersonal.Row) error {
	for _, r := range rows {
		sum, person := r.Cells.Sum(), 1
		if r.Again {
			person = 0
		}
		if _, err := q.exec(ctx, `INSERT INTO depersonalised (org_id, purpose, month, sum, cells, records, people) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)
			ON CONFLICT (org_id, purpose, month, sum) DO UPDATE
			SET records = depersonalised.records + 1, people = depersonalised.people + excluded.people`,
			org[:], r.Purpose, r.Month, sum[:], string(r.Cells.Text()), person); err != nil {
			return err
		}
	}
	return nil
}

// Depersonalised reads the depersonalised data of a purpose, small groups too: it
// is for [depersonal.Release] to say what of it is given out.
func (s *Store) Depersonalised(ctx context.Context, org ident.ID, purpose string) ([]depersonal.Group, error) {
	rows, err := s.read().query(ctx, `SELECT month, cells, records, people FROM depersonalised WHERE org_id = ?1 AND purpose = ?2`, org[:], purpose)
	return collect(rows, err, func(r *sql.Rows) (depersonal.Group, error) {
		var g depersonal.Group
		var cells string
		if err := r.Scan(&g.Month, &cells, &g.Records, &g.People); err != nil {
			return g, err
		}
		return g, json.Unmarshal([]byte(cells), &g.Cells)
	})
}
