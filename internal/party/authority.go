package party

import (
	"context"
	"slices"

	"kelisim/internal/register"
)

// Authority is the organization that considers here what subjects put before the
// authorised body: of those described as an authority the first by BIN. Nil where
// there is none: then nobody here owes a decision, and no term runs.
func (p *Parties) Authority(ctx context.Context) (*Organization, error) {
	rows, err := p.Store.Orgs(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		o, err := p.ByID(ctx, rows[i].ID)
		if err != nil {
			return nil, err
		}
		if o.Register != nil && slices.Contains(o.Register.Description.Organization.Roles, register.RoleAuthority) {
			return o, nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}
