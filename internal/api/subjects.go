package api

import (
	"encoding/json"
	"fmt"
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

// identifier is of a person: a BIN is none.
func (b identifierBody) identifier() (party.Identifier, error) {
	switch k := ident.Kind(b.Kind); k {
	case ident.IIN, ident.Phone, ident.Email, ident.Document, ident.External:
		return party.Identifier{Kind: k, Value: b.Value}, nil
	default:
		return party.Identifier{}, fault.Bad("kind", "identifier-kind")
	}
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
	if len(in.Identifiers) > party.MaxIdentifiers {
		return nil, fault.Bad("identifiers", "too-many-items", "max", party.MaxIdentifiers)
	}
	for i, b := range in.Identifiers {
		id, err := b.identifier()
		if err != nil {
			return nil, under(fmt.Sprintf("identifiers[%d]", i), err)
		}
		n.Identifiers = append(n.Identifiers, id)
	}
	for name := range in.Contacts {
		if len(name) > maxName {
			return nil, fault.Bad("contacts", "too-long", "max", maxName)
		}
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
	by, err := in.identifier()
	if err != nil {
		return nil, err
	}
	id, err := c.Parties.Lookup(c.ctx(), c.org, by)
	if fault.KindOf(err) == fault.Invalid {
		err = under("value", err)
	}
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
