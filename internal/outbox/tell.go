package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/seal"
)

// Event is something that organizations are told of.
type Event struct {
	Type    string
	Subject ident.ID // internal
	Holder  *party.Organization
	// To are the BINs of those told beside the holder. Who is no organization here
	// cannot be told.
	To []string
	// Asked: it answers a request, so that only who asked is told, there and at
	// the callback. It needs no acknowledgement.
	Asked    *party.Organization
	Callback string
	// Unasked: nobody has to say that they know.
	Unasked bool
	Data    Data
}

// Data is what an event says. It names ids of the register and no values.
type Data struct {
	Organization string     `json:"organization"` // BIN of the holder
	Consent      *ident.ID  `json:"consent,omitempty"`
	Request      *ident.ID  `json:"request,omitempty"`
	Hold         *ident.ID  `json:"hold,omitempty"`
	Publication  *ident.ID  `json:"publication,omitempty"`
	Status       string     `json:"status,omitempty"`
	Scopes       []string   `json:"scopes,omitempty"`    // what is left of the consent
	Withdrawn    []string   `json:"withdrawn,omitempty"` // taken back by this step
	Purposes     []string   `json:"purposes,omitempty"`
	Categories   []string   `json:"categories,omitempty"`
	ValidUntil   *time.Time `json:"validUntil,omitempty"`
	// Version of the consent or the request: of two events about one, the one with
	// the greater is the later, in whatever order they arrive.
	Version int64    `json:"version,omitempty"`
	Entry   ident.ID `json:"entry"` // in the journal
}

// about is what the event concerns.
func (e *Event) about() ident.ID {
	switch {
	case e.Data.Hold != nil:
		return *e.Data.Hold
	case e.Data.Request != nil:
		return *e.Data.Request
	case e.Data.Publication != nil:
		return *e.Data.Publication
	case e.Data.Consent != nil:
		return *e.Data.Consent
	default:
		return ident.ID{}
	}
}

// Tell adds word of an event to the record that it lands with, for each webhook
// of those who are to be told. It writes nothing, and where nobody wants word
// nothing is added. On nil there is no outbox.
func (o *Outbox) Tell(ctx context.Context, rec *journal.Record, e *Event) error {
	if o == nil {
		return nil
	}
	receivers, err := o.receivers(ctx, e)
	if err != nil {
		return err
	}
	for _, org := range receivers {
		hooks, err := o.webhooks(ctx, org.ID)
		if err != nil {
			return err
		}
		for i := range hooks {
			if !o.wants(&hooks[i], e) {
				continue
			}
			if err := o.push(ctx, rec, e, org, &hooks[i], ""); err != nil {
				return err
			}
		}
	}
	if e.Asked != nil && e.Callback != "" {
		return o.push(ctx, rec, e, e.Asked, nil, e.Callback)
	}
	return nil
}

// receivers are the holder and the others that are organizations here, each once.
func (o *Outbox) receivers(ctx context.Context, e *Event) ([]*party.Organization, error) {
	if e.Asked != nil {
		return []*party.Organization{e.Asked}, nil
	}
	out := []*party.Organization{e.Holder}
	for _, bin := range e.To {
		org, err := o.Parties.Organization(ctx, bin)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, org) {
			out = append(out, org)
		}
	}
	return out, nil
}

// parcel is what is sealed of a row.
type parcel struct {
	URL    string          `json:"url,omitempty"` // of a callback
	Body   json.RawMessage `json:"body,omitempty"`
	Secret string          `json:"secret,omitempty"` // of the link that confirms a contact
	Path   string          `json:"path,omitempty"`   // of the page that a letter leads to
	BIN    string          `json:"bin,omitempty"`    // of who it is about
	To     *Address        `json:"to,omitempty"`     // of a letter to no contact of the subject's
	Count  int             `json:"count,omitempty"`
	Remind *remindWords    `json:"remind,omitempty"` // of a letter about a term
	Code   string          `json:"code,omitempty"`   // see CodeEvent
	Until  time.Time       `json:"until,omitzero"`   // it is not sent later
}

func (o *Outbox) push(ctx context.Context, rec *journal.Record, e *Event, org *party.Organization, hook *Webhook, callback string) error {
	now := o.Now()
	t := &journal.Tell{
		ID: ident.NewID(now), Subject: e.Subject, Org: org.ID, Holder: e.Holder.ID, Channel: Callback,
		Event: e.Type, About: e.about(), Version: e.Data.Version, Entry: rec.ID, At: now, Due: now,
	}
	if hook != nil {
		t.Channel, t.Target = Hook, hook.ID
	} else { // an id by which what goes to one address is known, and not the address
		sum := org.Key.Blind("callback", org.ID[:], callback)
		copy(t.Target[:], sum[:])
	}
	if e.Asked == nil && !e.Unasked && o.AckBy != nil && formOf(hook) == "" {
		var err error
		if t.Term, err = o.AckBy(ctx, org, now); err != nil {
			return err
		}
	}
	data := e.Data
	data.Entry, data.Organization = rec.ID, e.Holder.BIN
	body, err := cloudEvent(t, org.Outside(e.Subject), &data)
	if err != nil {
		return err
	}
	if err := sealParcel(&org.Key, t, &parcel{URL: callback, Body: body}); err != nil {
		return err
	}
	rec.Tell = append(rec.Tell, t)
	return nil
}

func sealParcel(key *seal.Key, t *journal.Tell, p *parcel) error {
	b, err := json.Marshal(p) //nolint:gosec // it is sealed
	if err == nil {
		t.Sealed = key.Seal(nil, b, place(t))
	}
	return err
}

func openParcel(key *seal.Key, t *journal.Tell) (*parcel, error) {
	b, err := key.Open(t.Sealed, place(t))
	if err != nil {
		return nil, err
	}
	var p parcel
	return &p, json.Unmarshal(b, &p)
}

// News is something that a subject is told of by letter.
type News struct {
	Kind    Choice // which of the choices it falls under, one bit
	Event   string // names the text: "request", "consent.withdrawn", "transfer" …
	Subject ident.ID
	By      *party.Organization // who did it
	About   ident.ID
	Path    string // of the page that shows it
	Key     *seal.Key
	// To is where to write to a subject who named no contact here: an address that
	// an operator has. Nobody has shown that it is the subject's, so the letter says
	// no more than any other, and what it links to asks who one is.
	To *Address
}

// Address is one that an operator has of a subject.
type Address struct {
	Kind     ident.Kind  `json:"kind"`
	Value    string      `json:"value"` // normalised
	Language locale.Lang `json:"language,omitempty"`
}

// CheckAddress normalises an address and refuses one to which there is no way.
func (o *Outbox) CheckAddress(a *Address) (*Address, error) {
	if a.Kind != ident.Email && a.Kind != ident.Phone {
		return nil, fault.Bad("kind", "bad-enum", "allowed", "email, phone")
	}
	v, err := o.Parties.Rules.Normalise(a.Kind, a.Value)
	if err != nil {
		return nil, at("value", err)
	}
	if !o.reaches(a.Kind) {
		return nil, &fault.Error{Kind: fault.Conflict, Code: "channel-absent", Field: "kind"}
	}
	return &Address{a.Kind, v, a.Language}, nil
}

// TellSubject adds letters to a record: one for each confirmed contact by which
// the subject wants word of such news. What machines do again and again is told
// once an hour at most; the journal has it all.
func (o *Outbox) TellSubject(ctx context.Context, rec *journal.Record, n *News) error {
	if o == nil || !o.Mail && !o.SMS {
		return nil
	}
	contacts, err := o.Store.Contacts(ctx, n.Subject)
	if err != nil {
		return err
	}
	now, own := o.Now(), false
	for i := range contacts {
		c := &contacts[i]
		own = own || c.Status == Confirmed
		if c.Status != Confirmed || c.Choices&n.Kind == 0 || !o.reaches(c.Kind) {
			continue
		}
		t := &journal.Tell{
			ID: ident.NewID(now), Subject: n.Subject, Holder: n.By.ID, Channel: channelOf(c.Kind), Target: c.ID,
			Event: n.Event, About: n.About, Entry: rec.ID, At: now, Due: now,
		}
		if n.Kind&often != 0 {
			t.ID = hourly(t, now)
		}
		if err := sealParcel(n.Key, t, &parcel{BIN: n.By.BIN, Path: n.Path}); err != nil {
			return err
		}
		rec.Tell = append(rec.Tell, t)
	}
	if n.To == nil || own { // what the subject set here goes before what an operator has
		return nil
	}
	t := &journal.Tell{
		Subject: n.Subject, Holder: n.By.ID, Channel: channelOf(n.To.Kind), Event: n.Event, About: n.About, Entry: rec.ID, At: now, Due: now,
	}
	t.ID = hourly(t, now) // to ask, take back and ask again sends no second letter
	rec.Tell = append(rec.Tell, t)
	return sealParcel(n.Key, t, &parcel{BIN: n.By.BIN, Path: n.Path, To: n.To})
}

// TellOfficer adds a letter to the officer of an organization to a record. Without
// a mail server or an address there is none: the console shows the same.
func (o *Outbox) TellOfficer(rec *journal.Record, org *party.Organization, event string, about ident.ID, path string) error {
	if o == nil || !o.Mail || officerOf(org.Register) == "" {
		return nil
	}
	now := o.Now()
	t := &journal.Tell{ID: ident.NewID(now), Org: org.ID, Holder: org.ID, Channel: Mail, Event: event, About: about, Entry: rec.ID, At: now, Due: now}
	rec.Tell = append(rec.Tell, t)
	return sealParcel(&org.Key, t, &parcel{BIN: org.BIN, Path: path})
}

// hourly is an id that all word of one sort within an hour has: the store keeps
// the first and passes over the others.
func hourly(t *journal.Tell, now time.Time) (id ident.ID) {
	sum := sha256.Sum256(slices.Concat(t.Target[:], t.Holder[:], []byte(t.Event)))
	first := ident.FirstID(now.Truncate(time.Hour))
	copy(id[:], first[:6])
	copy(id[6:], sum[:])
	return id
}
