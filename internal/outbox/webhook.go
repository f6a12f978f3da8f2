package outbox

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Events are what organizations are told of.
var Events = []string{
	"consent.given", "consent.withdrawn", "consent.paused", "consent.resumed", "consent.expired", "consent.superseded", "consent.ended",
	"data.corrected", "data.blocked", "data.unblocked", "data.destroyed",
	"publication.demanded", "publication.removed",
	"request.given", "request.refused", "request.expired", "request.cancelled",
}

// Webhook is where an organization wants word.
type Webhook struct {
	ID      ident.ID
	Org     ident.ID
	Events  []string // none: all
	Form    string   // in which it wants its events; empty: CloudEvents
	Created time.Time
	Sealed  []byte // Endpoint under the organization's key
}

// Endpoint is the address of a webhook and the secret that signs.
type Endpoint struct {
	URL    string `json:"url"`
	Secret []byte `json:"secret"`
	// Of a webhook in another form: the name by which its owner knows it, the type
	// of content that it asked for, and its secret as it was written.
	Name        string `json:"name,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	SecretKey   string `json:"secretKey,omitempty"`
}

// secretPrefix begins the text of a secret, as Standard Webhooks has it.
const secretPrefix = "whsec_"

// SecretText is a secret as its owner reads it.
func SecretText(secret []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

const (
	maxURL   = 500
	maxHooks = 20
)

// AddWebhook registers where an organization wants word. The secret is told this
// once.
func (o *Outbox) AddWebhook(ctx context.Context, org *party.Organization, address string, events []string, by verify.Actor) (*Webhook, *Endpoint, error) {
	for _, e := range events {
		if !slices.ContainsFunc(Events, func(known string) bool { return e != "" && matches([]string{e}, known) }) {
			return nil, nil, fault.Bad("events", "event-unknown", "allowed", strings.Join(Events, ", "))
		}
	}
	if len(events) > len(Events) {
		return nil, nil, fault.Bad("events", "too-many-items", "max", len(Events))
	}
	now := o.Now()
	w := &Webhook{ID: ident.NewID(now), Org: org.ID, Events: events, Created: now}
	e := &Endpoint{URL: address, Secret: make([]byte, 32)}
	rand.Read(e.Secret) //nolint:errcheck // since Go 1.24 it never fails: the program stops instead
	if err := o.Ready(ctx, org, w, e); err != nil {
		return nil, nil, err
	}
	rec, err := o.record(org, w.ID, by, "webhook.add")
	if err != nil {
		return nil, nil, err
	}
	if err := o.Store.InsertWebhook(ctx, w, rec); err != nil {
		return nil, nil, err
	}
	o.Forget(org.ID)
	return w, e, nil
}

// Ready checks that a webhook can be registered, and seals where it goes. It lands
// nothing: a face that keeps subscriptions of its own lands it with those, and says
// Forget after.
func (o *Outbox) Ready(ctx context.Context, org *party.Organization, w *Webhook, e *Endpoint) error {
	if err := CheckURL(e.URL, o.Private); err != nil {
		return err
	}
	have, err := o.Store.Webhooks(ctx, org.ID)
	if err != nil {
		return err
	}
	if len(have) >= maxHooks && !slices.ContainsFunc(have, func(x Webhook) bool { return x.ID == w.ID }) {
		return fault.New(fault.Conflict, "webhooks-too-many", "max", maxHooks)
	}
	b, err := json.Marshal(e) //nolint:gosec // it is sealed
	if err == nil {
		w.Sealed = org.Key.Seal(nil, b, hookPlace(w))
	}
	return err
}

// RemoveWebhook ends it. What still waits for it is dropped.
func (o *Outbox) RemoveWebhook(ctx context.Context, org *party.Organization, id ident.ID, by verify.Actor) error {
	rec, err := o.record(org, id, by, "webhook.remove")
	if err != nil {
		return err
	}
	defer o.Forget(org.ID)
	return o.Store.DeleteWebhook(ctx, org.ID, id, rec)
}

// record prepares an entry that concerns no person.
func (o *Outbox) record(org *party.Organization, id ident.ID, by verify.Actor, action string) (*journal.Record, error) {
	now := o.Now()
	e := &verify.Entry{Organization: org.BIN, Actor: by, Action: action, Reference: id.String(), Edition: org.Edition(now).ID}
	return journal.Prepare(e, ident.ID{}, org.ID, &o.Keys.Journal, now)
}

func hookPlace(w *Webhook) []byte { return seal.Place("webhook", w.Org[:], w.ID[:]) }

// Endpoint opens the address and the secret of a webhook.
func (o *Outbox) Endpoint(org *party.Organization, w *Webhook) (*Endpoint, error) {
	b, err := org.Key.Open(w.Sealed, hookPlace(w))
	if err != nil {
		return nil, err
	}
	var e Endpoint
	return &e, json.Unmarshal(b, &e)
}

// CallbackSecret signs what goes to the callback of a request for consent, which
// is no webhook and has no secret of its own. It follows from the organization's
// key, so that it need not be kept.
func CallbackSecret(org *party.Organization) []byte {
	sum := org.Key.Blind("callback-secret", org.ID[:], "")
	return sum[:]
}

// CheckURL refuses an address that word cannot go to: https only, and where
// private ones are allowed also http to this machine. What a name resolves to is
// looked at when it is called; it may be another tomorrow.
func CheckURL(address string, private bool) error {
	if len(address) > maxURL {
		return fault.Bad("url", "too-long", "max", maxURL)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fault.Bad("url", "webhook-address")
	}
	local := loopback(u.Hostname())
	switch {
	case u.Scheme == "http" && !(local && private), u.Scheme != "http" && u.Scheme != "https":
		return fault.Bad("url", "webhook-https")
	case private:
		return nil
	}
	if ip, err := netip.ParseAddr(u.Hostname()); local || err == nil && !public(ip) {
		return fault.Bad("url", "webhook-private")
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
