package api

import (
	"bytes"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/disclosure"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/verify"
)

// entryBody is an entry as people and systems read it.
type entryBody struct {
	ID           ident.ID      `json:"id"`
	At           time.Time     `json:"at"`
	Organization string        `json:"organization"`
	Subject      ident.ID      `json:"subject,omitzero"`
	Base         string        `json:"base,omitempty"`
	Actor        actorBody     `json:"actor"`
	Action       string        `json:"action"`
	Purpose      string        `json:"purpose,omitempty"`
	Categories   []string      `json:"categories"`
	Decision     string        `json:"decision,omitempty"`
	Reasons      []entryReason `json:"reasons"`
	Ground       *groundBody   `json:"ground,omitempty"`
	Consent      ident.ID      `json:"consent,omitzero"`
	Recipient    string        `json:"recipient,omitempty"`
	Country      string        `json:"country,omitempty"`
	Reference    string        `json:"reference,omitempty"`
	Role         string        `json:"role,omitempty"` // of the subject: incidental; child, ward, principal where another acted
	Edition      string        `json:"edition,omitempty"`
	Register     int           `json:"registerVersion,omitzero"`
	Detail       string        `json:"detail,omitempty"`
	Leaf         *int64        `json:"leaf,omitempty"` // number in the sealed log, absent until then
	Deferred     *deferredBody `json:"deferred,omitempty"`
	Group        *groupBody    `json:"group,omitempty"`
}

type entryReason struct {
	Code       string   `json:"code"`
	Provisions []string `json:"provisions"`
}

// deferredBody says that the subject was, or will be, shown the entry later.
type deferredBody struct {
	Until     time.Time `json:"until"`
	Provision string    `json:"provision,omitempty"`
	Hidden    bool      `json:"hidden,omitzero"` // still
}

// groupBody says of how many acts an entry is the newest, and their time.
type groupBody struct {
	Count int       `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

func toEntry(o *verify.Entry, leaf int64, late *journal.Deferred) entryBody {
	e := entryBody{
		ID: ident.ID(o.ID), At: time.UnixMilli(o.At).UTC(), Organization: o.Organization, Base: o.Base,
		Actor: actorBody{o.Actor.Kind, o.Actor.ID}, Action: o.Action, Purpose: o.Purpose, Categories: o.Categories,
		Decision: o.Decision, Consent: ident.ID(o.Consent), Recipient: o.Recipient, Country: o.Country,
		Reference: o.Reference, Role: o.Role, Edition: o.Edition, Register: o.Register, Detail: o.Detail,
	}
	for _, r := range o.Reasons {
		e.Reasons = append(e.Reasons, entryReason(r))
	}
	if o.Ground != nil {
		e.Ground = &groundBody{Provision: o.Ground.Provision, Document: o.Ground.Document}
	}
	if leaf >= 0 {
		e.Leaf = &leaf
	}
	if late != nil {
		e.Deferred = &deferredBody{late.Until, late.Provision, late.Hidden}
	}
	return e
}

func toLine(l *disclosure.Line) entryBody {
	e := toEntry(l.Whole(), l.Leaf, l.Deferred)
	if n := l.Count(); n > 1 {
		e.Group = &groupBody{n, l.First(), l.Last()}
	}
	return e
}

func (c *call) entryPage(f journal.Filter) (*paged[entryBody], error) {
	f, limit, err := c.onPage(f, func(id ident.ID) error {
		_, err := c.Journal.Store.Entry(c.ctx(), f, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, entries, err := c.Journal.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	marks, err := c.Journal.Marks(c.ctx(), rows, entries)
	if err != nil {
		return nil, err
	}
	out := &paged[entryBody]{Items: []entryBody{}}
	for i := range rows {
		if i == limit {
			out.Next = rows[i-1].ID.String()
			break
		}
		e := toEntry(entries[i].Entry, rows[i].Leaf, marks[i])
		e.Subject = ident.ID(entries[i].Subject)
		out.Items = append(out.Items, e)
	}
	return out, nil
}

// onPage narrows a filter to the page that is asked for, and to one entry more:
// whether there is one tells whether there is a next page. A cursor is an entry
// of the list, which find looks for, and does not reach past a bound that the
// filter has.
func (c *call) onPage(f journal.Filter, find func(id ident.ID) error) (journal.Filter, int, error) {
	limit, after, err := c.cursor()
	if err != nil {
		return f, 0, err
	}
	f.Limit = limit + 1
	if after.IsZero() {
		return f, limit, nil
	}
	err = find(after)
	if fault.KindOf(err) == fault.NotFound {
		err = fault.Bad("after", "bad-id")
	}
	if f.Before.IsZero() || bytes.Compare(after[:], f.Before[:]) < 0 {
		f.Before = after
	}
	return f, limit, err
}

func (c *call) listJournal() (*paged[entryBody], error) {
	q := c.r.URL.Query()
	o, err := c.observed(q.Get("organization"))
	if err != nil {
		return nil, err
	}
	f := journal.Filter{Org: o.ID, Action: q.Get("action")}
	if v := q.Get("subject"); v != "" {
		id, err := ident.ParseID(v)
		if err != nil {
			return nil, under("subject", err)
		}
		f.BySubject, f.Subject = true, o.Inside(id)
	}
	if err := c.period(&f); err != nil {
		return nil, err
	}
	out, err := c.entryPage(f)
	if err != nil {
		return nil, err
	}
	return out, c.looked(o, f.Subject, "journal")
}

// period bounds a filter by the times that the query names.
func (c *call) period(f *journal.Filter) error {
	q := c.r.URL.Query()
	from, err := queryTime("from", q.Get("from"))
	if err != nil {
		return err
	}
	if !from.IsZero() {
		f.Since = ident.FirstID(from)
	}
	to, err := queryTime("to", q.Get("to"))
	if err != nil {
		return err
	}
	if !to.IsZero() {
		f.Before = ident.FirstID(to)
	}
	return nil
}

func queryTime(name, v string) (time.Time, error) {
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return t, fault.Bad(name, "bad-time")
	}
	return t, nil
}

// observed is the organization whose journal is asked for: the own one, or for
// those who oversee, the one they name.
func (c *call) observed(bin string) (*party.Organization, error) {
	oversees := c.caller.Role == account.Authority || c.caller.Role == account.Examiner
	switch {
	case bin == "" && oversees:
		return nil, fault.Bad("organization", "missing-field")
	case bin == "" || bin == c.org.BIN:
		return c.org, nil
	case oversees:
		o, err := c.Parties.Organization(c.ctx(), bin)
		if err == nil {
			err = c.Orders.MayLook(c.ctx(), c.caller, o)
		}
		if err != nil {
			return nil, under("organization", err)
		}
		return o, nil
	default:
		return nil, &fault.Error{Kind: fault.Forbidden, Code: "forbidden", Field: "organization"}
	}
}

func (c *call) journalReceipt() (*verify.Receipt, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	o, err := c.observed(c.r.URL.Query().Get("organization"))
	if err != nil {
		return nil, err
	}
	r, err := c.Journal.Receipt(c.ctx(), journal.Filter{Org: o.ID}, id)
	if err != nil {
		return nil, err
	}
	return r, c.looked(o, ident.ID{}, "receipt")
}
