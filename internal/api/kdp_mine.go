package api

import (
	"net/http"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/kdp"
	"kelisim/internal/represent"
)

// myKDPRoutes are what the state service has to do with a person, for the person.
func myKDPRoutes() []route {
	return []route{
		get("/v1/me/kdp/requests", "Me", "What organizations asked the state service about me", subjects, (*call).myKDP).onBehalf(represent.Read),
		// An answer is kept nowhere, not for a repeat either.
		post("/v1/me/kdp/history", "Me", "What the state service itself keeps of me in a period; kept nowhere here", subjects, http.StatusOK, (*call).historyKDP).
			reading(func([]byte) bool { return true }),
	}
}

// myKDPBody is a question about the one who reads it.
type myKDPBody struct {
	ID           ident.ID   `json:"id"`
	Organization string     `json:"organization"`
	Status       kdp.Status `json:"status"`
	Purpose      string     `json:"purpose"`
	Services     []string   `json:"services"` // empty once the data is destroyed
	Data         []string   `json:"data"`
	CreatedAt    time.Time  `json:"createdAt"`
	AnsweredAt   *time.Time `json:"answeredAt,omitempty"`
	ExpiresAt    *time.Time `json:"expiresAt,omitempty"`
}

func (c *call) myKDP() (*paged[myKDPBody], error) {
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	list, err := c.StateService.Of(c.ctx(), mine, c.person(), c.way.Limits())
	if err != nil {
		return nil, err
	}
	out := &paged[myKDPBody]{Items: []myKDPBody{}}
	for i := range list {
		r := &list[i]
		org, err := c.Parties.ByID(c.ctx(), r.Org)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, myKDPBody{
			ID: r.ID, Organization: org.BIN, Status: r.StatusAt(c.Now()), Purpose: r.Purpose, Services: append([]string{}, r.Services...),
			Data: append([]string{}, r.Data...), CreatedAt: r.Created, AnsweredAt: orNil(r.Ended), ExpiresAt: orNil(r.Expires),
		})
	}
	return out, nil
}

type historyRequest struct {
	Organization string    `json:"organization"` // BIN: through whose account it is asked
	IIN          string    `json:"iin"`          // the own
	From         time.Time `json:"from"`
	To           time.Time `json:"to"`
}

type historyBody struct {
	Organization string    `json:"organization"`
	From         time.Time `json:"from"`
	To           time.Time `json:"to"`
	Text         string    `json:"text"` // as the state service wrote it; empty: it keeps nothing
}

func (c *call) historyKDP(in *historyRequest) (*historyBody, error) {
	if in.Organization == "" {
		return nil, fault.Bad("organization", "missing-field")
	}
	org, err := c.Parties.Organization(c.ctx(), in.Organization)
	if err != nil {
		return nil, under("organization", err)
	}
	h, err := c.StateService.History(c.ctx(), org, c.actor(), &kdp.NewHistory{Subject: c.caller.Subject, IIN: in.IIN, From: in.From, To: in.To})
	if err != nil {
		return nil, err
	}
	return &historyBody{org.BIN, h.From, h.To, h.Text}, nil
}
