package api

import (
	"bytes"
	"encoding/json"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/disclosure"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/notify"
	"kelisim/internal/party"
	"kelisim/internal/register"
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

// mayRead is the journal as the caller may see it. A subject reads it in no other
// way.
func (c *call) mayRead() (*journal.View, error) {
	return c.Journal.ForSubject(c.ctx(), c.person(), c.way.Limits()...)
}

// holders are those who the caller may know to hold something.
func (c *call) holders(mine *journal.View) ([]party.Holding, error) {
	return disclosure.Holders(c.ctx(), c.Parties.Store, c.person(), mine)
}

// known refuses an organization of which the caller may not know.
func (c *call) known(org ident.ID) error {
	mine, err := c.mayRead()
	if err != nil {
		return err
	}
	if ok, err := mine.Knows(c.ctx(), org); err != nil || ok {
		return err
	}
	return fault.New(fault.NotFound, "organization-unknown")
}

// unreadMost is how many entries are counted as not read yet.
const unreadMost = 200

func (c *call) me() (*meBody, error) {
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	list, err := c.holders(mine)
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
	news, err := mine.News(c.ctx(), read, unreadMost)
	out.Unread = len(news)
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
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	list, err := c.holders(mine)
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

func (c *call) myJournal() (*paged[entryBody], error) {
	f := journal.Filter{Action: c.r.URL.Query().Get("action")}
	if bin := c.r.URL.Query().Get("organization"); bin != "" {
		o, err := c.Parties.Organization(c.ctx(), bin)
		if err != nil {
			return nil, under("organization", err)
		}
		f.Org = o.ID
	}
	if err := c.period(&f); err != nil {
		return nil, err
	}
	mine, f, limit, err := c.myPage(f)
	if err != nil {
		return nil, err
	}
	if grouped := c.r.URL.Query().Get("grouped"); grouped == "true" {
		return c.myLines(mine, f, limit)
	} else if grouped != "" && grouped != "false" {
		return nil, fault.Bad("grouped", "bad-enum", "allowed", "true, false")
	}
	list, err := mine.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[entryBody]{Items: []entryBody{}}
	for i := range list {
		if i == limit {
			out.Next = ident.ID(list[i-1].ID).String()
			break
		}
		e := toEntry(list[i].Entry, list[i].Leaf, list[i].Deferred)
		if err := c.ownNames(&e, list[i].Org); err != nil {
			return nil, err
		}
		out.Items = append(out.Items, e)
	}
	return out, nil
}

// myLines is a page of the journal in which what machines did again and again in
// one day stands as one item.
func (c *call) myLines(mine *journal.View, f journal.Filter, limit int) (*paged[entryBody], error) {
	lines, next, err := disclosure.Page(c.ctx(), mine, f, limit, func(*journal.Shown) bool { return true })
	if err != nil {
		return nil, err
	}
	out := &paged[entryBody]{Items: []entryBody{}}
	for i := range lines {
		e := toLine(&lines[i])
		if err := c.ownNames(&e, lines[i].Org); err != nil {
			return nil, err
		}
		out.Items = append(out.Items, e)
	}
	if !next.IsZero() {
		out.Next = next.String()
	}
	return out, nil
}

// myPage is the journal of the caller, and the page of it that is asked for.
func (c *call) myPage(f journal.Filter) (*journal.View, journal.Filter, int, error) {
	mine, err := c.mayRead()
	if err != nil {
		return nil, f, 0, err
	}
	f, limit, err := c.onPage(f, func(id ident.ID) error {
		_, err := mine.One(c.ctx(), id)
		return err
	})
	return mine, f, limit, err
}

// myEntry finds the entry of the path in the journal of the caller.
func (c *call) myEntry() (*entryBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	s, err := mine.One(c.ctx(), id)
	if err != nil {
		return nil, err
	}
	e := toEntry(s.Entry, s.Leaf, s.Deferred)
	return &e, c.ownNames(&e, s.Org)
}

func (c *call) myReceipt() (*verify.Receipt, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	return mine.Receipt(c.ctx(), id)
}

type dataBody struct {
	Organization string                     `json:"organization"`
	Entry        ident.ID                   `json:"entry"` // of this look
	Data         map[string]json.RawMessage `json:"data"`
}

// myData shows all that is held, free of charge; the look is journaled.
func (c *call) myData() (*paged[dataBody], error) {
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	list, err := c.holders(mine)
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
	Late         string    `json:"late,omitempty"` // that it was shown later, and why
	Provisions   []string  `json:"provisions"`
	// Notice is the provision by which the service of Art. 8-1 or 8-2 tells of it;
	// absent where it tells more than it has to.
	Notice string `json:"notice,omitempty"`
	Denied bool   `json:"denied"`
	Read   bool   `json:"read"`
}

// myNotifications is the journal in words: an entry shows here the moment it
// has landed, because it is the entry (Art. 8-1(2)3, 8-2(2)2).
func (c *call) myNotifications() (*paged[noticeBody], error) {
	read, err := c.Store.InboxRead(c.ctx(), c.caller.Subject)
	if err != nil {
		return nil, err
	}
	mine, f, limit, err := c.myPage(journal.Filter{})
	if err != nil {
		return nil, err
	}
	list, err := mine.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[noticeBody]{Items: []noticeBody{}}
	for i := range list {
		if i == limit {
			out.Next = ident.ID(list[i-1].ID).String()
			break
		}
		n, err := c.notice(&list[i], read)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, n)
	}
	return out, nil
}

func (c *call) notice(s *journal.Shown, read ident.ID) (noticeBody, error) {
	o, err := c.Parties.ByID(c.ctx(), s.Org)
	if err != nil {
		return noticeBody{}, err
	}
	m, from := notify.Words(c.lang, s.Entry, o.Register), s.Since()
	n := noticeBody{
		ID: ident.ID(s.ID), At: time.UnixMilli(s.At).UTC(), Organization: s.Organization, Title: m.Title, Text: m.Text,
		Provisions: m.Provisions, Denied: m.Denied, Read: bytes.Compare(from[:], read[:]) <= 0,
	}
	if at, ok := noticeBy(o, s.Entry, n.At); ok {
		n.Notice = string(at)
	}
	if s.Deferred != nil {
		n.Late = notify.Late(c.lang, s.Deferred.Until, s.Deferred.Provision)
	}
	return n, nil
}

// noticeBy is the provision by which the subject is told of an entry: that of the
// state service for data in state systems, else of the non-state service.
func noticeBy(o *party.Organization, e *verify.Entry, at time.Time) (law.Provision, bool) {
	state := false
	if o.Register != nil {
		base := o.Register.Base(e.Base)
		if p := o.Register.Purpose(e.Purpose); base == nil && p != nil {
			base = p.In
		}
		state = base != nil && base.Kind == register.State
	}
	return o.Edition(at).Services().Notice(state, e.Action, e.Recipient != "")
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
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	until, err := mine.ReadUntil(c.ctx(), in.Until)
	if err != nil {
		return nil, err
	}
	return &nothing{}, c.Store.MarkInbox(c.ctx(), c.caller.Subject, until)
}
