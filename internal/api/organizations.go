package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// organizationBody stands for a description, whose form is documented apart.
type organizationBody map[string]any

type appliedBody struct {
	BIN     string           `json:"bin"`
	Version int              `json:"version"`
	Hash    string           `json:"hash"`
	Status  string           `json:"status"` // in-force, pending
	Created bool             `json:"created"`
	Changed bool             `json:"changed"`
	Changes []differenceBody `json:"changes"`
}

type differenceBody struct {
	Path   string `json:"path"`
	Kind   string `json:"kind"`
	Widens bool   `json:"widens"`
}

func (c *call) putOrganization() (*appliedBody, error) {
	d, err := register.Parse(c.body, c.Parties.Rules)
	if err != nil {
		return nil, err
	}
	if d.Organization.BIN != c.r.PathValue("bin") {
		return nil, fault.Bad("organization.bin", "bin-differs")
	}
	if err := c.governs(d.Organization.BIN); err != nil {
		return nil, err
	}
	if err := c.mayClaim(d); err != nil {
		return nil, err
	}
	out, err := c.Parties.Apply(c.ctx(), c.actor(), d, c.r.URL.Query().Get("approve") == "true")
	if err != nil {
		return nil, err
	}
	if out.Created {
		c.status = http.StatusCreated
	}
	b := &appliedBody{
		BIN: d.Organization.BIN, Version: out.Number, Hash: out.Hash, Status: statusOf(out.Approved), Created: out.Created,
		Changed: out.Changed, Changes: []differenceBody{},
	}
	for _, x := range out.Changes {
		b.Changes = append(b.Changes, differenceBody{x.Path, string(x.Kind), x.Widens})
	}
	return b, nil
}

func statusOf(approved time.Time) string {
	if approved.IsZero() {
		return "pending"
	}
	return "in-force"
}

// governs: the administrator all organizations, an officer the own one.
func (c *call) governs(bin string) error {
	if c.caller.Role == account.Admin || c.org != nil && c.org.BIN == bin {
		return nil
	}
	return fault.New(fault.Forbidden, "forbidden")
}

// mayClaim: that an organization is of the state, an authority, or of a kind that
// opens grounds of Art. 9, is for the administrator to say. One that said it of
// itself would open other people's data to itself.
func (c *call) mayClaim(d *register.Description) error {
	if c.caller.Role == account.Admin {
		return nil
	}
	var had register.Organization
	if c.org != nil && c.org.Register != nil {
		had = c.org.Register.Description.Organization
	}
	claims := func(field string) error {
		return &fault.Error{Kind: fault.Forbidden, Code: "role-claimed", Field: "organization." + field}
	}
	for _, r := range []string{register.RoleAuthority, register.RoleTechnicalService} {
		if slices.Contains(d.Organization.Roles, r) && !slices.Contains(had.Roles, r) {
			return claims("roles")
		}
	}
	for _, k := range d.Organization.Kinds {
		if !slices.Contains(had.Kinds, k) {
			return claims("kinds")
		}
	}
	if d.Organization.Sector == register.State && had.Sector != register.State {
		return claims("sector")
	}
	return nil
}

func (c *call) governed() (*party.Organization, error) {
	bin := c.r.PathValue("bin")
	if err := c.governs(bin); err != nil {
		return nil, err
	}
	return c.Parties.Organization(c.ctx(), bin)
}

func (c *call) getOrganization() (*raw, error) {
	o, err := c.governed()
	if err != nil {
		return nil, err
	}
	if o.Register == nil {
		return nil, fault.New(fault.Conflict, "register-absent")
	}
	return &raw{"application/json", o.Register.Description.Canonical()}, nil
}

type versionBody struct {
	Version  int             `json:"version"`
	Hash     string          `json:"hash"`
	Status   string          `json:"status"`
	Applied  time.Time       `json:"appliedAt"`
	Approved *time.Time      `json:"approvedAt,omitempty"`
	Current  bool            `json:"current"`
	Content  json.RawMessage `json:"description"`
}

func (c *call) listVersions() (*paged[versionBody], error) {
	o, err := c.governed()
	if err != nil {
		return nil, err
	}
	list, err := c.Parties.Store.Versions(c.ctx(), o.ID)
	if err != nil {
		return nil, err
	}
	out := &paged[versionBody]{Items: []versionBody{}}
	for i := range list {
		v := &list[i]
		b := versionBody{Version: v.Number, Hash: v.Hash, Status: statusOf(v.Approved), Applied: v.Applied, Content: bytes.Clone(v.Canonical)}
		if !v.Approved.IsZero() {
			b.Approved = &v.Approved
		}
		b.Current = o.Register != nil && o.Register.Version == v.Number
		out.Items = append(out.Items, b)
	}
	return out, nil
}

type nothing struct{}

func (c *call) approveVersion(*nothing) (*appliedBody, error) {
	o, err := c.governed()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(c.r.PathValue("n"))
	if err != nil {
		return nil, fault.Bad("n", "wrong-type", "want", "number")
	}
	if o.Register == nil || o.Register.Version != n {
		if err := c.Parties.Approve(c.ctx(), c.actor(), o.ID, n); err != nil {
			return nil, err
		}
	}
	return &appliedBody{BIN: o.BIN, Version: n, Status: "in-force", Changes: []differenceBody{}}, nil
}

type tokenRequest struct {
	Role      string    `json:"role"`
	Label     string    `json:"label,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// Subject is the id that the organization knows, for a token of role subject.
	Subject ident.ID `json:"subject,omitzero"`
}

type tokenBody struct {
	Token string `json:"token"`
}

func (c *call) issueToken(in *tokenRequest) (*tokenBody, error) {
	o, err := c.governed()
	if err != nil {
		return nil, err
	}
	role, err := account.ParseRole(in.Role)
	if err != nil {
		return nil, err
	}
	if (role == account.Subject) == in.Subject.IsZero() {
		return nil, fault.Bad("subject", "role-subject")
	}
	t := account.Token{Role: role, Expires: in.ExpiresAt}
	switch {
	case role.NeedsOrg():
		t.Org = o.ID
	case role == account.Subject:
		t.Subject = o.Inside(in.Subject)
		if _, err := c.Parties.Store.Holding(c.ctx(), t.Subject, o.ID); err != nil {
			return nil, under("subject", err)
		}
	}
	text, err := c.Accounts.Issue(c.ctx(), t, in.Label)
	return &tokenBody{text}, err
}

func under(name string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.At(name)
	}
	return err
}
