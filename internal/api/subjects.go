package api

import (
	"encoding/json"
	"net/http"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
)

type identifierBody struct {
	Kind  string `json:"kind"` // iin, phone, email, document, external
	Value string `json:"value"`
}

func (b identifierBody) identifier() party.Identifier {
	return party.Identifier{Kind: ident.Kind(b.Kind), Value: b.Value}
}

type subjectRequest struct {
	Identifiers []identifierBody  `json:"identifiers"`
	Name        string            `json:"name,omitempty"`
	Language    string            `json:"language,omitempty"`
	Contacts    map[string]string `json:"contacts,omitempty"`
}

type idBody struct {
	ID ident.ID `json:"id"`
}

func (c *call) registerSubject(in *subjectRequest) (*idBody, error) {
	n := party.NewSubject{Profile: party.Profile{Name: in.Name, Language: locale.Lang(in.Language), Contacts: in.Contacts}}
	for _, i := range in.Identifiers {
		n.Identifiers = append(n.Identifiers, i.identifier())
	}
	id, created, err := c.Parties.Register(c.ctx(), c.org, c.actor(), n)
	if err != nil {
		return nil, err
	}
	if !created {
		c.status = http.StatusOK
	}
	return &idBody{id}, nil
}

func (c *call) lookupSubject(in *identifierBody) (*idBody, error) {
	id, err := c.Parties.Lookup(c.ctx(), c.org, in.identifier())
	if err != nil {
		return nil, err
	}
	return &idBody{id}, nil
}

func (c *call) listDestructions() (*paged[json.RawMessage], error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	list, err := c.Store.Destructions(c.ctx(), c.inside(id), c.org.ID)
	if err != nil {
		return nil, err
	}
	out := &paged[json.RawMessage]{Items: []json.RawMessage{}}
	for _, b := range list {
		out.Items = append(out.Items, b)
	}
	return out, nil
}

func (c *call) pathID() (ident.ID, error) {
	id, err := ident.ParseID(c.r.PathValue("id"))
	if err != nil {
		return id, fault.New(fault.NotFound, "not-found")
	}
	return id, nil
}
