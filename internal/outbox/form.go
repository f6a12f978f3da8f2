package outbox

import (
	"context"
	"encoding/json"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
)

// Form is another shape than that of CloudEvents in which a webhook wants its
// events, because its receiver was written for another interface. All the rest is
// the same: the event lands with its entry, is repeated, given up and signed by
// Standard Webhooks as any other, and the body as a CloudEvent is what is kept.
//
// Who speaks such a form knows of no acknowledgement, so none is waited for; said
// all the same, it is written down.
type Form interface {
	// Name is what the form calls an event after which a consent has a status; empty:
	// it has no word for it, and nobody is told in this form.
	Name(event, status string) string
	// Write puts an event into the form. The same event is written with the same
	// body each time, whatever happened since.
	Write(ctx context.Context, to *To, e *Happened) (*Message, error)
}

// To is where a message goes.
type To struct {
	Org      *party.Organization // that is told
	Webhook  *Webhook
	Endpoint *Endpoint
	At       time.Time // of sending
}

// Happened is an event as it was kept.
type Happened struct {
	ID      ident.ID // of the delivery
	Type    string
	Subject ident.ID // internal
	At      time.Time
	Data    Data
	Cloud   json.RawMessage // the same as a CloudEvent
}

// Message is what is posted.
type Message struct {
	ContentType string
	Body        []byte
	Header      map[string]string // beside those of Standard Webhooks
}

// cloudEvents is the type of content of a CloudEvent.
const cloudEvents = "application/cloudevents+json"

// wants reports whether a webhook is to be told of an event.
func (o *Outbox) wants(w *Webhook, e *Event) bool {
	if w.Form == "" {
		return matches(w.Events, e.Type)
	}
	form := o.Forms[w.Form]
	if form == nil {
		return false
	}
	name := form.Name(e.Type, e.Data.Status)
	return name != "" && matches(w.Events, name)
}

// message is what a delivery posts: the CloudEvent, or what its form makes of it.
func (o *Outbox) message(ctx context.Context, to *To, t *journal.Tell, cloud json.RawMessage) (*Message, error) {
	form := o.Forms[formOf(to.Webhook)]
	if form == nil {
		return &Message{ContentType: cloudEvents, Body: cloud}, nil
	}
	h := &Happened{ID: t.ID, Type: t.Event, Subject: t.Subject, At: t.At, Cloud: cloud}
	var kept struct {
		Data *Data `json:"data"`
	}
	kept.Data = &h.Data
	if err := json.Unmarshal(cloud, &kept); err != nil {
		return nil, err
	}
	return form.Write(ctx, to, h)
}

func formOf(w *Webhook) string {
	if w == nil {
		return ""
	}
	return w.Form
}
