package web

import (
	"net/url"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/represent"
	"kelisim/verify"
)

var errBarred = fault.New(fault.Forbidden, "representation-barred")

// behalf is by what right somebody is in the cabinet of another.
type behalf struct {
	*represent.Way
	Name string // of that other; empty where the operator that registered it told none
}

// MayData is for templates.
func (b *behalf) MayData() bool { return b.May(represent.Data) }

// MayRequest is for templates.
func (b *behalf) MayRequest() bool { return b.May(represent.Request) }

// enter takes a visit into the cabinet of whom ?for= names, where the page is
// for that and the right is there. Otherwise the visit stays the person's own,
// and ends.
func (p *Pages) enter(v *visit, act represent.Acts) error {
	named, given := v.URL.Query()["for"]
	if !given {
		return nil
	}
	if act == 0 {
		return errBarred
	}
	id, err := ident.ParseID(named[0])
	if err != nil || len(named) > 1 {
		return errAbsent
	}
	way, err := p.Represent.Enter(v.Context(), v.Me, id, act)
	if err != nil {
		return err
	}
	name, err := p.Represent.Name(v.Context(), way.Representation, way.Subject)
	if err != nil {
		return err
	}
	v.behalf, v.Me = &behalf{way, name}, way.Subject
	return nil
}

// way is by what right the visit is where it is; nil: it is the person's own.
func (v *visit) way() *represent.Way {
	if v.behalf == nil {
		return nil
	}
	return v.behalf.Way
}

// by is the representation as addresses name it, empty for none.
func (v *visit) by() string {
	if v.behalf == nil {
		return ""
	}
	return v.behalf.ID.String()
}

// For is the query that keeps a link in the cabinet that the visit is in.
func (v *visit) For() string {
	if v.behalf == nil {
		return ""
	}
	return "?for=" + v.by()
}

// to is an address in the cabinet that the visit is in, with a query.
func (v *visit) to(path, name, value string) string { //nolint:unparam // reads as the address that it makes
	q := url.Values{name: {value}}
	if v.behalf != nil {
		q.Set("for", v.by())
	}
	return path + "?" + q.Encode()
}

// nameRepresentative says which of one's representatives an entry is about: in
// the entry itself stands only what the organization calls the representation.
func (p *Pages) nameRepresentative(v *visit, e *verify.Entry, b *entryPage) error {
	by := e.Actor
	if strings.HasPrefix(e.Action, "representation.") {
		by = verify.Actor{Kind: represent.ActorKind, ID: e.Reference}
	}
	if by.Kind != represent.ActorKind {
		return nil
	}
	o, err := p.Parties.Organization(v.Context(), e.Organization)
	if err != nil {
		return err
	}
	r, err := p.Represent.Behind(v.Context(), v.Me, o, by)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil
	}
	if err != nil {
		return err
	}
	name, err := p.Represent.Name(v.Context(), r, r.Representative)
	if name != "" {
		b.Details = append(b.Details, notify.Detail{Label: locale.Text(v.Lang, "page.entry.representative"), Value: name})
	}
	return err
}

// self is the subject acting in the cabinet.
var self = verify.Actor{Kind: "subject"}

// acting is who acts in the journal of an organization: the subject, or whoever
// acts for it, never one in the name of the other.
func (p *Pages) acting(v *visit, org ident.ID) (verify.Actor, error) {
	if v.behalf == nil {
		return self, nil
	}
	o, err := p.Parties.ByID(v.Context(), org)
	if err != nil {
		return verify.Actor{}, err
	}
	return v.behalf.Actor(o), nil
}
