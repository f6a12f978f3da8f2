package api

import (
	"net/http"
	"reflect"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
)

// contactRoutes are where a subject wants word. Nobody sets that for another.
func contactRoutes() []route {
	remove := route{
		method: http.MethodDelete, path: "/v1/me/contacts/{id}", tag: "Me", roles: subjects, status: http.StatusOK,
		summary: "Forget an address", out: reflect.TypeFor[*contactBody](),
		serve: func(c *call) (any, error) { return c.removeContact() },
	}
	return []route{
		get("/v1/me/contacts", "Me", "Where I am told of what happens, besides the inbox", subjects, (*call).myContacts),
		post("/v1/me/contacts", "Me", "Add an address; a link that confirms it is sent there", subjects, http.StatusCreated, (*call).addContact),
		post("/v1/me/contacts/{id}/confirm", "Me", "Confirm an address by the end of the link", subjects, http.StatusOK, (*call).confirmContact),
		post("/v1/me/contacts/{id}/choices", "Me", "Set what I want to be told there", subjects, http.StatusOK, (*call).chooseNotices),
		remove,
	}
}

type contactRequest struct {
	Kind    ident.Kind `json:"kind"` // email, phone
	Value   string     `json:"value"`
	Choices []string   `json:"choices,omitempty"` // requests, consents, transfers, changes, views; all but views, if absent
}

type contactBody struct {
	ID          ident.ID   `json:"id"`
	Kind        ident.Kind `json:"kind"`
	Value       string     `json:"value,omitempty"`
	Status      string     `json:"status"` // pending, confirmed, removed
	Choices     []string   `json:"choices"`
	CreatedAt   time.Time  `json:"createdAt"`
	ConfirmedAt *time.Time `json:"confirmedAt,omitempty"`
}

func (c *call) toContact(x *outbox.Contact) (*contactBody, error) {
	b := &contactBody{ID: x.ID, Kind: x.Kind, Status: x.Status, Choices: x.Choices.Names(), CreatedAt: x.Created, ConfirmedAt: orNil(x.Confirmed)}
	if x.Status == outbox.Removed {
		return b, nil
	}
	var err error
	b.Value, err = c.Outbox.Address(c.ctx(), x)
	return b, err
}

func (c *call) contact(x *outbox.Contact, err error) (*contactBody, error) {
	if err != nil {
		return nil, err
	}
	return c.toContact(x)
}

func (c *call) myContacts() (*paged[contactBody], error) {
	list, err := c.Outbox.Contacts(c.ctx(), c.caller.Subject)
	if err != nil {
		return nil, err
	}
	out := &paged[contactBody]{Items: []contactBody{}}
	for i := range list {
		b, err := c.toContact(&list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, *b)
	}
	return out, nil
}

func (c *call) addContact(in *contactRequest) (*contactBody, error) {
	choices := outbox.Usual
	if in.Choices != nil {
		var err error
		if choices, err = outbox.ParseChoices(in.Choices); err != nil {
			return nil, err
		}
	}
	return c.contact(c.Outbox.AddContact(c.ctx(), c.caller.Subject, in.Kind, in.Value, choices, c.lang))
}

type codeRequest struct {
	Code string `json:"code"`
}

func (c *call) confirmContact(in *codeRequest) (*contactBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.contact(c.Outbox.ConfirmOwn(c.ctx(), c.caller.Subject, id, in.Code))
}

type choicesRequest struct {
	Choices []string `json:"choices"`
}

func (c *call) chooseNotices(in *choicesRequest) (*contactBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	if in.Choices == nil {
		return nil, fault.Bad("choices", "missing-field")
	}
	choices, err := outbox.ParseChoices(in.Choices)
	if err != nil {
		return nil, err
	}
	return c.contact(c.Outbox.ChooseNotices(c.ctx(), c.caller.Subject, id, choices))
}

func (c *call) removeContact() (*contactBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.contact(c.Outbox.RemoveContact(c.ctx(), c.caller.Subject, id))
}
