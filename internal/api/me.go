package api

import (
	"encoding/json"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/notify"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/verify"
)

type meBody struct {
	Name     string   `json:"name,omitempty"`
	Language string   `json:"language,omitempty"`
	Holders  int      `json:"holders"`
	Unread   int      `json:"unread"`
	State    []string `json:"organizations"`
}

func (c *call) me() (*meBody, error) {
	list, err := c.Parties.Store.Holders(c.ctx(), c.caller.Subject)
	if err != nil {
		return nil, err
	}
	out := &meBody{Holders: len(list), State: []string{}}
	for i := range list {
		o, err := c.Parties.ByID(c.ctx(), list[i].Org)
		if err != nil {
			return nil, err
		}
		out.State = append(out.State, o.BIN)
		if p, err := c.Parties.Profile(o, &list[i]); err == nil && p.Name != "" {
			out.Name, out.Language = p.Name, string(p.Language)
		}
	}
	read, err := c.Store.InboxRead(c.ctx(), c.caller.Subject)
	if err != nil {
		return nil, err
	}
	rows, err := c.Journal.Store.Entries(c.ctx(), journal.Filter{BySubject: true, Subject: c.caller.Subject, Since: read, Limit: 200})
	for i := range rows {
		if rows[i].ID != read {
			out.Unread++
		}
	}
	return out, err
}

func (c *call) myConsents() (*paged[summary], error) {
	return c.consentPage(consent.Filter{Subject: c.person(), Orgs: c.way.Limits()})
}

type holderBody struct {
	Organization string        `json:"organization"`
	Name         any           `json:"name"`
	State        string        `json:"state"`
	Since        time.Time     `json:"since"`
	Consents     []summary     `json:"consents"`
	Profile      party.Profile `json:"profile"`
}

// myHolders: who holds my consents (Art. 8-1(2)4).
func (c *call) myHolders() (*paged[holderBody], error) {
	list, err := c.Parties.Store.Holders(c.ctx(), c.person())
	if err != nil {
		return nil, err
	}
	out := &paged[holderBody]{Items: []holderBody{}}
	for i := range list {
		h := &list[i]
		if !c.way.Sees(h.Org) {
			continue
		}
		o, err := c.Parties.ByID(c.ctx(), h.Org)
		if err != nil {
			return nil, err
		}
		b := holderBody{Organization: o.BIN, State: h.State, Since: h.Since, Consents: []summary{}}
		if o.Register != nil {
			b.Name = o.Register.Name
		}
		if c.way.May(represent.Data) {
			if b.Profile, err = c.Parties.Profile(o, h); err != nil {
				return nil, err
			}
		}
		all, err := c.Consents.Store.Consents(c.ctx(), consent.Filter{Subject: h.Subject, Org: h.Org})
		if err != nil {
			return nil, err
		}
		for j := range all {
			if all[j].StatusAt(c.Now()) != consent.Active {
				continue
			}
			s, err := c.summarize(&all[j], true)
			if err != nil {
				return nil, err
			}
			b.Consents = append(b.Consents, s)
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

// ownEntries selects the entries of the person.
func (c *call) ownEntries() journal.Filter {
	return journal.Filter{BySubject: true, Subject: c.person(), Orgs: c.way.Limits()}
}

func (c *call) myJournal() (*paged[entryBody], error) {
	f := c.ownEntries()
	f.Action = c.r.URL.Query().Get("action")
	if bin := c.r.URL.Query().Get("organization"); bin != "" {
		o, err := c.Parties.Organization(c.ctx(), bin)
		if err != nil {
			return nil, under("organization", err)
		}
		f.Org = o.ID
	}
	return c.entryPage(f, true)
}

func (c *call) myReceipt() (*verify.Receipt, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return c.Journal.Receipt(c.ctx(), c.ownEntries(), id)
}

type dataBody struct {
	Organization string                     `json:"organization"`
	Entry        ident.ID                   `json:"entry"` // of this look
	Data         map[string]json.RawMessage `json:"data"`
}

// myData shows all that is held, free of charge; the look is journaled.
func (c *call) myData() (*paged[dataBody], error) {
	list, err := c.Parties.Store.Holders(c.ctx(), c.person())
	if err != nil {
		return nil, err
	}
	out := &paged[dataBody]{Items: []dataBody{}}
	for i := range list {
		if list[i].State == party.Destroyed || !c.way.Sees(list[i].Org) {
			continue
		}
		o, err := c.Parties.ByID(c.ctx(), list[i].Org)
		if err != nil {
			return nil, err
		}
		ans, err := c.Guard.OwnData(c.ctx(), c.person(), o.ID, c.acting(o))
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, dataBody{o.BIN, ans.ID, ans.Data})
	}
	return out, nil
}

type noticeBody struct {
	ID           ident.ID  `json:"id"`
	At           time.Time `json:"at"`
	Organization string    `json:"organization"`
	Title        string    `json:"title"`
	Text         string    `json:"text"`
	Provisions   []string  `json:"provisions"`
	Denied       bool      `json:"denied"`
	Read         bool      `json:"read"`
}

// myNotifications is the journal in words: an entry shows here the moment it
// has landed, because it is the entry (Art. 8-1(2)3, 8-2(2)2).
func (c *call) myNotifications() (*paged[noticeBody], error) {
	read, err := c.Store.InboxRead(c.ctx(), c.caller.Subject)
	if err != nil {
		return nil, err
	}
	f, limit, err := c.onPage(journal.Filter{BySubject: true, Subject: c.caller.Subject})
	if err != nil {
		return nil, err
	}
	rows, entries, err := c.Journal.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[noticeBody]{Items: []noticeBody{}}
	for i, e := range entries {
		if i == limit {
			out.Next = rows[i-1].ID.String()
			break
		}
		o, err := c.Parties.ByID(c.ctx(), rows[i].Org)
		if err != nil {
			return nil, err
		}
		m := notify.Words(c.lang, e.Entry, o.Register)
		out.Items = append(out.Items, noticeBody{
			ID: rows[i].ID, At: time.UnixMilli(e.At).UTC(), Organization: e.Organization, Title: m.Title, Text: m.Text,
			Provisions: m.Provisions, Denied: m.Denied, Read: string(rows[i].ID[:]) <= string(read[:]),
		})
	}
	return out, nil
}

type readRequest struct {
	Until ident.ID `json:"until"`
}

func (c *call) readNotifications(in *readRequest) (*nothing, error) {
	if in.Until.IsZero() {
		return nil, fault.Bad("until", "missing-field")
	}
	if in.Until.Time().After(c.Now().Add(time.Minute)) { // or all that is still to come would count as read
		return nil, fault.Bad("until", "time-future")
	}
	return &nothing{}, c.Store.MarkInbox(c.ctx(), c.caller.Subject, in.Until)
}
