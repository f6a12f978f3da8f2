package api

import (
	"net/http"
	"reflect"
	"slices"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
)

// hooked are who may register where their organization is told.
var hooked = []account.Role{account.Operator, account.ThirdParty, account.Officer}

func webhookRoutes() []route {
	remove := route{
		method: http.MethodDelete, path: "/v1/webhooks/{id}", tag: "Webhooks", roles: hooked, status: http.StatusOK,
		summary: "End a webhook; what waits for it is dropped", out: reflect.TypeFor[*nothing](),
		serve: func(c *call) (any, error) { return c.removeWebhook() },
	}
	return []route{
		post("/v1/webhooks", "Webhooks", "Register where your organization is told of changes; the secret is shown this once", hooked, http.StatusCreated, (*call).addWebhook),
		get("/v1/webhooks", "Webhooks", "Your webhooks", hooked, (*call).listWebhooks),
		remove,
		get("/v1/webhooks/deliveries", "Webhooks", "What your organization was told, newest first", hooked, (*call).listDeliveries,
			append([]param{{"status", "waiting, sent, acknowledged, failed, dropped"}}, page...)...),
		post("/v1/webhooks/deliveries/{id}/ack", "Webhooks", "Say that your organization knows what it was told", hooked, http.StatusOK, (*call).acknowledge),
		post("/v1/webhooks/deliveries/{id}/retry", "Webhooks", "Have sent again what was given up", hooked, http.StatusOK, (*call).retryDelivery),
	}
}

type webhookRequest struct {
	URL    string   `json:"url"`
	Events []string `json:"events,omitempty"` // all, if absent; "consent.*" for all of a kind
}

type webhookBody struct {
	ID        ident.ID  `json:"id"`
	URL       string    `json:"url"`
	Events    []string  `json:"events"`
	Form      string    `json:"form,omitempty"` // govstack: made by that interface, and told in its form
	CreatedAt time.Time `json:"createdAt"`
	Secret    string    `json:"secret,omitempty"` // that signs; shown when it is made
}

func (c *call) addWebhook(in *webhookRequest) (*webhookBody, error) {
	if in.URL == "" {
		return nil, fault.Bad("url", "missing-field")
	}
	w, end, err := c.Outbox.AddWebhook(c.ctx(), c.org, in.URL, in.Events, c.actor())
	if err != nil {
		return nil, err
	}
	b := toWebhook(w, end)
	b.Secret = outbox.SecretText(end.Secret)
	return &b, nil
}

func toWebhook(w *outbox.Webhook, end *outbox.Endpoint) webhookBody {
	return webhookBody{ID: w.ID, URL: end.URL, Events: append([]string{}, w.Events...), Form: w.Form, CreatedAt: w.Created}
}

type webhooksBody struct {
	Items []webhookBody `json:"items"`
	// CallbackSecret signs what goes to the callback of a request for consent.
	CallbackSecret string `json:"callbackSecret"`
}

func (c *call) listWebhooks() (*webhooksBody, error) {
	list, err := c.Outbox.Store.Webhooks(c.ctx(), c.org.ID)
	if err != nil {
		return nil, err
	}
	out := &webhooksBody{Items: []webhookBody{}, CallbackSecret: outbox.SecretText(outbox.CallbackSecret(c.org))}
	for i := range list {
		end, err := c.Outbox.Endpoint(c.org, &list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, toWebhook(&list[i], end))
	}
	return out, nil
}

func (c *call) removeWebhook() (*nothing, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return &nothing{}, c.Outbox.RemoveWebhook(c.ctx(), c.org, id, c.actor())
}

// deliveryBody is one thing that an organization was told.
type deliveryBody struct {
	ID             ident.ID      `json:"id"`
	Webhook        ident.ID      `json:"webhook,omitzero"` // none: the callback of a request
	Event          string        `json:"event"`
	Subject        ident.ID      `json:"subject"`
	Status         outbox.Status `json:"status"`
	Tries          int           `json:"tries"`
	Problem        string        `json:"problem,omitempty"` // of the newest try
	CreatedAt      time.Time     `json:"createdAt"`
	NextTryAt      *time.Time    `json:"nextTryAt,omitempty"`
	SentAt         *time.Time    `json:"sentAt,omitempty"`
	AcknowledgedAt *time.Time    `json:"acknowledgedAt,omitempty"`
	AcknowledgeBy  *time.Time    `json:"acknowledgeBy,omitempty"` // none: it need not be
	Late           bool          `json:"late"`
}

func (c *call) toDelivery(d *outbox.Delivery) deliveryBody {
	b := deliveryBody{
		ID: d.ID, Event: d.Event, Subject: c.org.Outside(d.Subject), Status: d.Status, Tries: d.Tries, Problem: d.Problem,
		CreatedAt: d.At, Late: d.Late(c.Now()), SentAt: orNil(d.SentAt), AcknowledgedAt: orNil(d.AckedAt), AcknowledgeBy: orNil(d.Term),
	}
	if d.Status == outbox.Waiting {
		b.NextTryAt = &d.Due
	}
	if d.Channel == outbox.Hook {
		b.Webhook = d.Target
	}
	return b
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (c *call) listDeliveries() (*paged[deliveryBody], error) {
	limit, after, err := c.cursor()
	if err != nil {
		return nil, err
	}
	f := outbox.Filter{Org: c.org.ID, Status: outbox.Status(c.r.URL.Query().Get("status")), After: after, Limit: limit + 1}
	if f.Status != "" && !slices.Contains(outbox.Statuses, f.Status) {
		return nil, fault.Bad("status", "bad-enum", "allowed", "waiting, sent, acknowledged, failed, dropped")
	}
	list, err := c.Outbox.List(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[deliveryBody]{Items: []deliveryBody{}}
	for i := range list {
		if i == limit {
			out.Next = list[i-1].ID.String()
			break
		}
		out.Items = append(out.Items, c.toDelivery(&list[i]))
	}
	return out, nil
}

func (c *call) acknowledge(*nothing) (*deliveryBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	d, err := c.Outbox.Acknowledge(c.ctx(), c.org, id, c.actor())
	if err != nil {
		return nil, err
	}
	b := c.toDelivery(d)
	return &b, nil
}

func (c *call) retryDelivery(*nothing) (*deliveryBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	d, err := c.Outbox.Retry(c.ctx(), c.org.ID, id)
	if err != nil {
		return nil, err
	}
	b := c.toDelivery(d)
	return &b, nil
}

// deliveredBody is how far a party to a consent has been told of it.
type deliveredBody struct {
	Organization string        `json:"organization"`
	Event        string        `json:"event,omitempty"`
	Status       outbox.Status `json:"status,omitempty"` // absent: it is not connected here
	At           *time.Time    `json:"at,omitempty"`
	Late         bool          `json:"late"`
}
