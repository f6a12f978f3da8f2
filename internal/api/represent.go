package api

import (
	"fmt"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// represent lets a subject act for another by the representation that ?for=
// names. What is wrong with it, and whether there is one, never shows.
func (c *call) represent(r *route) error {
	if c.caller.Role != account.Subject {
		return nil
	}
	named, given := c.r.URL.Query()["for"]
	if !given {
		return nil
	}
	if r.behalf == 0 {
		return fault.New(fault.Forbidden, "representation-barred")
	}
	id, err := ident.ParseID(named[0])
	if err != nil || len(named) > 1 {
		return fault.New(fault.NotFound, "representation-unknown")
	}
	c.way, err = c.Represent.Enter(c.ctx(), c.caller.Subject, id, r.behalf)
	return err
}

// person is whose affairs a subject's call is about: the subject's own, or those
// of whom it acts for.
func (c *call) person() ident.ID {
	if c.way != nil {
		return c.way.Subject
	}
	return c.caller.Subject
}

// acting is how the caller stands in the journal of an organization.
func (c *call) acting(o *party.Organization) verify.Actor {
	if c.way != nil {
		return c.way.Actor(o)
	}
	return c.actor()
}

func (c *call) actingWith(org ident.ID) (verify.Actor, error) {
	if c.way == nil {
		return c.actor(), nil
	}
	o, err := c.Parties.ByID(c.ctx(), org)
	if err != nil {
		return verify.Actor{}, err
	}
	return c.way.Actor(o), nil
}

// ownNames names representations in an entry as the person's own list of
// representatives does; the entry itself has the name that the organization has.
func (c *call) ownNames(e *entryBody, org ident.ID) error {
	names := []*string{}
	if e.Actor.Kind == represent.ActorKind {
		names = append(names, &e.Actor.ID)
	}
	if strings.HasPrefix(e.Action, "representation.") {
		names = append(names, &e.Reference)
	}
	for _, name := range names {
		o, err := c.Parties.ByID(c.ctx(), org)
		if err != nil {
			return err
		}
		if outside, err := ident.ParseID(*name); err == nil {
			*name = o.Inside(outside).String()
		}
	}
	return nil
}

type documentBody struct {
	Kind   string `json:"kind"`
	Number string `json:"number,omitempty"`
	Issued string `json:"issued,omitempty"` // 2026-01-31
	Digest string `json:"digest,omitempty"` // SHA-256, hex
}

func (d *documentBody) document() (represent.Document, error) {
	issued, err := date("document.issued", d.Issued)
	return represent.Document{Kind: d.Kind, Number: d.Number, Issued: issued, Digest: d.Digest}, err
}

// date is a day as people write it in a document: it has no zone.
func date(field, s string) (time.Time, error) {
	t, err := day(field, s)
	if err != nil || t.IsZero() {
		return t, err
	}
	y, m, d := t.In(locale.Zone()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), nil
}

type representativeRequest struct {
	Subject        ident.ID     `json:"subject"`
	Representative ident.ID     `json:"representative"`
	Kind           string       `json:"kind"`                    // parent, guardian, attorney
	Acts           []string     `json:"acts,omitempty"`          // read, consent, withdraw, request, data
	Organizations  []string     `json:"organizations,omitempty"` // BINs
	IIN            string       `json:"iin,omitempty"`           // of the child
	Birthdate      string       `json:"birthdate,omitempty"`     // of the child, 2026-01-31
	Until          time.Time    `json:"until,omitzero"`
	Document       documentBody `json:"document"`
}

// representationBody is a representation as one of those it concerns sees it.
type representationBody struct {
	ID             ident.ID         `json:"id"`
	Subject        ident.ID         `json:"subject,omitzero"` // to the organization
	Representative ident.ID         `json:"representative,omitzero"`
	Organization   string           `json:"organization"`   // that registered it
	Name           string           `json:"name,omitempty"` // of the other person, as that organization told
	Kind           represent.Kind   `json:"kind"`
	Acts           []string         `json:"acts"`
	Organizations  []string         `json:"organizations"` // it is good with; none: all
	From           time.Time        `json:"from"`
	Until          time.Time        `json:"until"`
	Status         represent.Status `json:"status"`
	Since          time.Time        `json:"since"` // of the status
	Document       *documentBody    `json:"document,omitempty"`
}

func (c *call) registerRepresentative(in *representativeRequest) (*representationBody, error) {
	switch {
	case in.Subject.IsZero():
		return nil, fault.Bad("subject", "missing-field")
	case in.Representative.IsZero():
		return nil, fault.Bad("representative", "missing-field")
	}
	acts, err := represent.ParseActs(in.Acts)
	if err != nil {
		return nil, err
	}
	n := &represent.New{
		Subject: in.Subject, Representative: in.Representative, Kind: represent.Kind(in.Kind), Acts: acts,
		Organizations: in.Organizations, IIN: in.IIN, Until: in.Until, Actor: c.actor(),
	}
	if n.Born, err = date("birthdate", in.Birthdate); err != nil {
		return nil, err
	}
	if n.Document, err = in.Document.document(); err != nil {
		return nil, err
	}
	r, err := c.Represent.Register(c.ctx(), c.org, n)
	if err != nil {
		return nil, err
	}
	return c.forOrganization(r)
}

func (c *call) listRepresentatives() (*paged[*representationBody], error) {
	id, err := ident.ParseID(c.r.URL.Query().Get("subject"))
	if err != nil {
		return nil, under("subject", err)
	}
	list, err := c.Represent.Registered(c.ctx(), c.org, id)
	if err != nil {
		return nil, err
	}
	return bodies(list, c.forOrganization)
}

func (c *call) revokeRepresentative(*nothing) (*representationBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Represent.Revoke(c.ctx(), c.org, id, c.actor())
	if err != nil {
		return nil, err
	}
	return c.forOrganization(r)
}

func (c *call) myRepresented() (*paged[*representationBody], error) {
	list, err := c.Represent.By(c.ctx(), c.caller.Subject)
	if err != nil {
		return nil, err
	}
	return bodies(list, func(r *represent.Representation) (*representationBody, error) { return c.forPerson(r, r.Subject) })
}

func (c *call) myRepresentatives() (*paged[*representationBody], error) {
	list, err := c.Represent.Of(c.ctx(), c.caller.Subject)
	if err != nil {
		return nil, err
	}
	return bodies(list, c.forRepresented)
}

func (c *call) revokeMyRepresentative(*nothing) (*representationBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	r, err := c.Represent.RevokeOwn(c.ctx(), c.caller.Subject, id)
	if err != nil {
		return nil, err
	}
	return c.forRepresented(r)
}

func bodies(list []represent.Representation, body func(*represent.Representation) (*representationBody, error)) (*paged[*representationBody], error) {
	out := &paged[*representationBody]{Items: []*representationBody{}}
	for i := range list {
		b, err := body(&list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

// forOrganization shows an organization what it registered itself, with ids of
// its own.
func (c *call) forOrganization(r *represent.Representation) (*representationBody, error) {
	b, err := c.representation(r)
	if err != nil {
		return nil, err
	}
	b.ID, b.Subject, b.Representative = c.org.Outside(r.ID), c.org.Outside(r.Subject), c.org.Outside(r.Representative)
	return b, c.addDocument(b, r)
}

// forRepresented shows a person who may act for it, and what that rests on.
func (c *call) forRepresented(r *represent.Representation) (*representationBody, error) {
	b, err := c.forPerson(r, r.Representative)
	if err != nil {
		return nil, err
	}
	return b, c.addDocument(b, r)
}

// forPerson shows one of the two the representation with the name of the other.
func (c *call) forPerson(r *represent.Representation, other ident.ID) (*representationBody, error) {
	b, err := c.representation(r)
	if err != nil {
		return nil, err
	}
	b.Name, err = c.Represent.Name(c.ctx(), r, other)
	return b, err
}

func (c *call) representation(r *represent.Representation) (*representationBody, error) {
	o, err := c.Parties.ByID(c.ctx(), r.Org)
	if err != nil {
		return nil, err
	}
	status, since := r.StatusAt(c.Now())
	return &representationBody{
		ID: r.ID, Organization: o.BIN, Kind: r.Kind, Acts: r.Acts.Names(), Organizations: append([]string{}, r.Organizations...),
		From: r.From, Until: r.Until, Status: status, Since: since,
	}, nil
}

func (c *call) addDocument(b *representationBody, r *represent.Representation) error {
	basis, err := c.Represent.Basis(c.ctx(), r)
	if err != nil {
		return fmt.Errorf("open the basis of a representation: %w", err)
	}
	d := basis.Document
	b.Document = &documentBody{Kind: d.Kind, Number: d.Number, Digest: d.Digest}
	if !d.Issued.IsZero() {
		b.Document.Issued = d.Issued.Format(time.DateOnly)
	}
	return nil
}
