package api

import (
	"net/http"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/kdp"
	"kelisim/internal/party"
)

// kdpRoutes are questions to the state service of control over access (KDP).
func kdpRoutes() []route {
	return []route{
		post("/v1/kdp/requests", "State service", "Ask the state service for a person's consent", people, http.StatusCreated, (*call).askKDP),
		get("/v1/kdp/requests", "State service", "What was asked of it", people, (*call).listKDP, append([]param{{"subject", "id"}}, page...)...),
		get("/v1/kdp/requests/{id}", "State service", "What became of a question; of a pending one the service is asked", people, (*call).getKDP),
		// A token is never kept for a repeat: each time is judged and journaled.
		post("/v1/kdp/requests/{id}/token", "State service", "The token for the next call of a state system", systems, http.StatusOK, (*call).tokenKDP).
			reading(func([]byte) bool { return true }),
	}
}

type kdpRequest struct {
	Subject     ident.ID  `json:"subject"`
	IIN         string    `json:"iin"` // the subject's own
	Purpose     string    `json:"purpose"`
	Services    []string  `json:"services"`       // keys that the token is for
	Data        []string  `json:"data,omitempty"` // as the person is told
	ValidFor    string    `json:"validFor"`       // ISO 8601: P30D, P1Y
	OmitSMS     bool      `json:"omitSms,omitempty"`
	Proof       *kdpProof `json:"proof,omitempty"`       // where the person gets no message
	Responsible string    `json:"responsible,omitempty"` // unit or person at the organization
	Employee    string    `json:"employee,omitempty"`
}

type kdpProof struct {
	Check string `json:"check"` // how the person was checked: Bio
}

type kdpBody struct {
	ID          ident.ID    `json:"id"`
	Subject     ident.ID    `json:"subject"`
	Status      kdp.Status  `json:"status"` // pending, valid, invalid, timeout, not_found, error
	Purpose     string      `json:"purpose"`
	Services    []string    `json:"services"` // empty once the data is destroyed
	Data        []string    `json:"data"`
	Responsible string      `json:"responsible,omitempty"`
	CreatedAt   time.Time   `json:"createdAt"`
	AnsweredAt  *time.Time  `json:"answeredAt,omitempty"`
	ExpiresAt   *time.Time  `json:"expiresAt,omitempty"` // of the token
	Message     string      `json:"message,omitempty"`   // of the state service
	Trouble     kdp.Trouble `json:"trouble,omitempty"`   // why there is no answer yet: no-answer, refused, fault, garbled, unsigned
}

func (c *call) toKDP(r *kdp.Request, o *party.Organization) *kdpBody {
	b := &kdpBody{
		ID: r.ID, Subject: o.Outside(r.Subject), Status: r.StatusAt(c.Now()), Purpose: r.Purpose, Services: r.Services, Data: r.Data,
		Responsible: r.Initiator.Responsible, CreatedAt: r.Created, Message: r.Message, Trouble: r.Trouble,
	}
	if b.Services == nil {
		b.Services = []string{}
	}
	if b.Data == nil {
		b.Data = []string{}
	}
	if !r.Ended.IsZero() {
		b.AnsweredAt = &r.Ended
	}
	if !r.Expires.IsZero() {
		b.ExpiresAt = &r.Expires
	}
	return b
}

func (c *call) askKDP(in *kdpRequest) (*kdpBody, error) {
	if in.Subject.IsZero() {
		return nil, fault.Bad("subject", "missing-field")
	}
	n := &kdp.New{
		Subject: in.Subject, IIN: in.IIN, Purpose: in.Purpose, Services: in.Services, Data: in.Data, ValidFor: in.ValidFor,
		OmitSMS: in.OmitSMS, Responsible: in.Responsible, Employee: in.Employee,
	}
	if in.Proof != nil {
		n.Check = in.Proof.Check
	}
	r, created, err := c.StateService.Ask(c.ctx(), c.org, c.actor(), n)
	if err != nil {
		return nil, err
	}
	if !created {
		c.status = http.StatusOK
	}
	return c.toKDP(r, c.org), nil
}

func (c *call) getKDP() (*kdpBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.StateService.One(c.ctx(), c.org, id)
	if err != nil {
		return nil, err
	}
	return c.toKDP(r, c.org), nil
}

func (c *call) listKDP() (*paged[*kdpBody], error) {
	f := kdp.Filter{}
	if v := c.r.URL.Query().Get("subject"); v != "" {
		var err error
		if f.Subject, err = ident.ParseID(v); err != nil {
			return nil, under("subject", err)
		}
	}
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	f.Limit, f.After = limit+1, after
	list, err := c.StateService.List(c.ctx(), c.org, f)
	if err != nil {
		return nil, err
	}
	out := &paged[*kdpBody]{Items: []*kdpBody{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].ID.String()
			break
		}
		out.Items = append(out.Items, c.toKDP(&list[i], c.org))
	}
	return out, nil
}

type kdpToken struct {
	KDPToken  string    `json:"kdpToken"`
	PublicKey string    `json:"publicKey"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func (c *call) tokenKDP(*nothing) (*kdpToken, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	t, refused, err := c.StateService.Use(c.ctx(), c.org, id, c.actor())
	if err != nil {
		return nil, err
	}
	if refused != nil {
		b, err := c.decisionBody(refused)
		if err != nil {
			return nil, err
		}
		return nil, c.denied(b)
	}
	return &kdpToken{t.Token, t.PublicKey, t.Expires}, nil
}
