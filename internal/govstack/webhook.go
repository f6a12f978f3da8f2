package govstack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/seal"
)

// A subscription is a webhook of the outbox with the id of its object: one
// mechanism, so that what lands is sent, repeated and given up as everywhere. The
// face adds how a subscription is written and read back, and the form that those
// who know GovStack expect an event in. The document names neither events nor a
// header for the signature; both are those of its reference implementation, which
// receivers were written for.

// Form names the form in which subscriptions want their events.
const Form = "govstack"

// The events that a subscription can be of.
const (
	allowed    = "consent.allowed"
	disallowed = "consent.disallowed"
	expired    = "consent.auto_expiry"
)

// Events are all of them.
var Events = []string{allowed, disallowed, expired}

// The types of content that a subscription can ask for.
const (
	asJSON  = "application/json"
	asForm  = "application/x-www-form-urlencoded" // the JSON as payload=…
	asCloud = "application/cloudevents+json"      // as any other webhook
)

var contentTypes = []string{asJSON, asForm, asCloud}

// Masked stands for the secret of a webhook, which is told once.
const Masked = "********"

func (w *Webhook) masked() *Webhook {
	m := *w
	m.SecretKey = Masked
	return &m
}

func (w *Webhook) check() error {
	members := map[string]string{"payloadUrl": w.PayloadURL, "contentType": w.ContentType, "secretKey": w.SecretKey}
	if err := required(members); err != nil {
		return err
	}
	if err := texts(members); err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(w.ContentType); err != nil || !slices.Contains(contentTypes, kind) {
		return fault.Bad("contentType", "bad-enum", "allowed", strings.Join(contentTypes, ", "))
	}
	if len(w.Events) > len(Events) {
		return fault.Bad("subscribedEvents", "too-many-items", "max", len(Events))
	}
	for _, e := range w.Events {
		if !slices.Contains(Events, e) {
			return fault.Bad("subscribedEvents", "bad-enum", "allowed", strings.Join(Events, ", "))
		}
	}
	return nil
}

// PutWebhook creates a webhook, for id empty, or changes one. Written back
// masked, its secret stays what it was. What waits for it goes to the new address.
func (f *Face) PutWebhook(ctx context.Context, who *Who, id string, w *Webhook) error {
	_, err := put(w, func(w *Webhook) (*Revision, error) { return nil, f.putWebhook(ctx, who, id, w) })
	return err
}

func (f *Face) putWebhook(ctx context.Context, who *Who, id string, w *Webhook) error {
	old, err := f.target(ctx, who, KindWebhook, "webhookId", id, &w.ID)
	if err != nil {
		return err
	}
	if err := w.check(); err != nil {
		return err
	}
	if w.SecretKey == Masked {
		var was Webhook
		if old == nil {
			return fault.Bad("secretKey", "missing-field")
		}
		if err := f.open(ctx, who.Org, old, &was); err != nil {
			return err
		}
		w.SecretKey = was.SecretKey
	}
	_, err = f.changeBy(ctx, who, old, KindWebhook, w.ID, w, w.masked(), false, func(ctx context.Context, o *Row, rev *RevisionRow, r *journal.Record) (bool, error) {
		hook, err := f.hook(ctx, who.Org, o.ID, w)
		if err != nil {
			return false, err
		}
		return f.Store.PutWebhook(ctx, o, rev, hook, r)
	})
	f.Outbox.Forget(who.Org.ID)
	return err
}

// hook is the webhook of the outbox that a subscription is; nil for one that is
// switched off. Its address is held to what every other's is.
func (f *Face) hook(ctx context.Context, org *party.Organization, id ident.ID, w *Webhook) (*outbox.Webhook, error) {
	end := &outbox.Endpoint{URL: w.PayloadURL, Secret: secretOf(w.SecretKey), Name: w.ID, ContentType: w.ContentType, SecretKey: w.SecretKey}
	hook := &outbox.Webhook{ID: id, Org: org.ID, Events: w.Events, Form: Form, Created: f.Now()}
	if w.Disabled {
		return nil, payloadURL(outbox.CheckURL(w.PayloadURL, f.Outbox.Private))
	}
	if err := payloadURL(f.Outbox.Ready(ctx, org, hook, end)); err != nil {
		return nil, err
	}
	return hook, nil
}

// payloadURL names the member of the document in a fault of an address.
func payloadURL(err error) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Field == "url" {
		named := *e
		named.Field = "payloadUrl"
		return &named
	}
	return err
}

// secretOf is the key of Standard Webhooks that a secret stands for: the key itself
// in the writing of that standard, or else the text.
func secretOf(text string) []byte {
	if s, ok := strings.CutPrefix(text, "whsec_"); ok {
		if b, err := base64.StdEncoding.DecodeString(s); err == nil && len(b) > 0 {
			return b
		}
	}
	return []byte(text)
}

// live are the ids of the webhooks that the outbox has. One that was ended there
// shows here as switched off.
func (f *Face) live(ctx context.Context, org ident.ID) (map[ident.ID]bool, error) {
	list, err := f.Outbox.Store.Webhooks(ctx, org)
	out := map[ident.ID]bool{}
	for i := range list {
		out[list[i].ID] = true
	}
	return out, err
}

// Webhook reads one, its secret masked.
func (f *Face) Webhook(ctx context.Context, who *Who, id, revision string) (*Webhook, error) {
	o, err := f.find(ctx, who.Org, KindWebhook, "webhookId", id)
	if err != nil {
		return nil, err
	}
	w := &Webhook{}
	if err := f.open(ctx, who.Org, o, w); err != nil {
		return nil, err
	}
	if revision == "" {
		live, err := f.live(ctx, who.Org.ID)
		w.Disabled = !live[o.ID]
		return w.masked(), err
	}
	list, err := f.chain(ctx, who.Org, o)
	if err != nil {
		return nil, err
	}
	_, err = asOf(list, revision, w)
	return w, err
}

// Webhooks lists them, secrets masked.
func (f *Face) Webhooks(ctx context.Context, who *Who, revision string) ([]Webhook, error) {
	rows, list, err := objects[Webhook](ctx, f, who, KindWebhook)
	if err != nil {
		return nil, err
	}
	if revision != "" {
		return ofRevision(ctx, f, who, rows, list, revision)
	}
	live, err := f.live(ctx, who.Org.ID)
	for i := range list {
		list[i].SecretKey, list[i].Disabled = Masked, !live[rows[i].ID]
	}
	return list, err
}

// DeleteWebhook ends a subscription; what waits for it is dropped.
func (f *Face) DeleteWebhook(ctx context.Context, who *Who, id string) error {
	return again(func() error { return f.deleteWebhook(ctx, who, id) })
}

func (f *Face) deleteWebhook(ctx context.Context, who *Who, id string) error {
	o, err := f.find(ctx, who.Org, KindWebhook, "webhookId", id)
	if err != nil {
		return err
	}
	w := &Webhook{}
	if err := f.open(ctx, who.Org, o, w); err != nil {
		return err
	}
	_, err = f.changeBy(ctx, who, o, KindWebhook, id, w, w.masked(), true, func(ctx context.Context, o *Row, rev *RevisionRow, r *journal.Record) (bool, error) {
		return f.Store.PutWebhook(ctx, o, rev, nil, r)
	})
	f.Outbox.Forget(who.Org.ID)
	return err
}

// Name is what GovStack calls an event: it knows of a consent whether it holds. A
// part that was taken back leaves it holding; one that another took the place of
// is told of as that other.
func (f *Face) Name(event, status string) string {
	switch event {
	case "consent.given", "consent.withdrawn", "consent.paused", "consent.resumed", "consent.ended":
		if status == string(consent.Active) {
			return allowed
		}
		return disallowed
	case "consent.expired":
		return expired
	}
	return ""
}

// Event is what a subscriber gets.
type Event struct {
	DeliveryID string    `json:"deliveryID"`
	WebhookID  string    `json:"webhookID"`
	Timestamp  string    `json:"timestamp"`
	Data       EventData `json:"data"`
	Type       string    `json:"type"`
}

// EventData names the record by the ids of whoever is told; a recipient of the
// data, who has no record, finds the consent and the person as it knows them.
type EventData struct {
	OrganisationID string   `json:"organisationId"` // BIN of the holder
	IndividualID   string   `json:"individualId,omitempty"`
	RecordID       string   `json:"consentRecordId,omitempty"`
	AgreementID    string   `json:"dataAgreementId,omitempty"`
	RevisionID     string   `json:"dataAgreementRevisionId,omitempty"`
	RevisionHash   string   `json:"dataAgreementRevisionHash,omitempty"`
	OptIn          bool     `json:"optIn"`
	Timestamp      string   `json:"timestamp"`
	Subject        ident.ID `json:"subject"`   // in Kelisim, as the one who is told knows the person
	ConsentID      ident.ID `json:"consentId"` // in Kelisim
	Purposes       []string `json:"purposes,omitempty"`
	Scopes         []string `json:"scopes,omitempty"` // what is left of the consent
	Version        int64    `json:"version"`          // of two events about one consent the greater is the later
}

// Write puts an event into the form of a subscription.
func (f *Face) Write(ctx context.Context, to *outbox.To, e *outbox.Happened) (*outbox.Message, error) {
	kind, _, err := mime.ParseMediaType(to.Endpoint.ContentType)
	if err != nil {
		return nil, err
	}
	m := &outbox.Message{ContentType: to.Endpoint.ContentType, Body: e.Cloud}
	if kind == asCloud {
		return m, nil
	}
	x := Event{
		DeliveryID: e.ID.String(), WebhookID: to.Endpoint.Name, Type: f.Name(e.Type, e.Data.Status), Timestamp: stamp(e.At),
		Data: EventData{
			OrganisationID: e.Data.Organization, OptIn: e.Data.Status == string(consent.Active), Timestamp: stamp(e.At),
			Subject: to.Org.Outside(e.Subject), Purposes: e.Data.Purposes, Scopes: e.Data.Scopes, Version: e.Data.Version,
		},
	}
	if e.Data.Consent != nil {
		x.Data.ConsentID = *e.Data.Consent
	}
	if err := f.locate(ctx, to.Org, e, &x.Data); err != nil {
		return nil, err
	}
	if m.Body, err = json.Marshal(&x); err != nil {
		return nil, err
	}
	// The signature is over the JSON, also where that is a field of a form.
	at := to.At.UTC().Format(time.RFC3339)
	m.Header = map[string]string{SignatureHeader: "t=" + at + ",sig=" + signEvent(to.Endpoint.SecretKey, at, m.Body)}
	if kind == asForm {
		m.Body = []byte(url.Values{"payload": {string(m.Body)}}.Encode())
	}
	return m, nil
}

// SignatureHeader is where receivers that were written for the reference
// implementation look for the signature, beside that of Standard Webhooks.
const SignatureHeader = "X-IGrant-Signature"

func signEvent(secret, at string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(at + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// locate names the individual and the record that an event is about, as they were
// when it happened: what came later must not change the body of a repeat.
func (f *Face) locate(ctx context.Context, org *party.Organization, e *outbox.Happened, into *EventData) error {
	if e.Data.Organization == org.BIN {
		k, err := f.recordOf(ctx, org, e)
		if err != nil {
			return err
		}
		if k != nil {
			into.IndividualID, into.RecordID = k.Individual, k.ID
			into.AgreementID, into.RevisionID, into.RevisionHash = k.Agreement, k.Revision, k.Hash
			return nil
		}
	}
	list, err := f.Store.Objects(ctx, Filter{Org: org.ID, Kind: KindIndividual, Subject: e.Subject, Limit: 1})
	if err != nil || len(list) == 0 || list[0].ID.Time().After(e.At) {
		return err
	}
	p, err := f.person(ctx, &Who{Org: org}, &list[0])
	if gone := err != nil && fault.KindOf(err) == fault.NotFound || errors.Is(err, seal.ErrOpen); gone {
		return nil // its data was destroyed
	}
	if err == nil {
		into.IndividualID = p.told.ID
	}
	return err
}

// recordOf is the record that a consent stands behind; else the newest one, of the
// time of the event, of an agreement about a purpose of the consent, for another
// consent may have taken the place of the one that the record was made with.
func (f *Face) recordOf(ctx context.Context, org *party.Organization, e *outbox.Happened) (*kept, error) {
	rows, err := f.Store.Objects(ctx, Filter{Org: org.ID, Kind: KindRecord, Subject: e.Subject, All: true, Newest: true})
	if err != nil {
		return nil, err
	}
	var similar *kept
	for i := range rows {
		k := &kept{}
		if err := f.open(ctx, org, &rows[i], k); err != nil {
			return nil, err
		}
		if e.Data.Consent != nil && (k.Consent == *e.Data.Consent || slices.Contains(k.Consents, *e.Data.Consent)) {
			return k, nil
		}
		if similar != nil || rows[i].ID.Time().After(e.At) {
			continue
		}
		_, list, err := f.agreementOf(ctx, &Who{Org: org}, &rows[i])
		if err != nil {
			return nil, err
		}
		a := &Agreement{}
		if _, err := asOf(list, k.Revision, a); err != nil {
			return nil, err
		}
		if p := bind(org.Register, a); p != nil && slices.Contains(e.Data.Purposes, p.ID) {
			similar = k
		}
	}
	return similar, nil
}
