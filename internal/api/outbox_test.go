package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
)

// letters keeps what would go to a mail server; the real one is called in the
// tests of the outbox itself.
type letters []outbox.Letter

func (l *letters) Send(_ context.Context, x *outbox.Letter) error {
	*l = append(*l, *x)
	return nil
}

// nobody is a network without receivers.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("nobody") }

// deliver sends what is due and returns the letters.
func (w *world) deliver(t testing.TB) letters {
	t.Helper()
	var out letters
	d := w.Deliverer(w.api.Public)
	d.Mailer, d.HTTP = &out, &http.Client{Transport: nobody{}}
	if _, err := d.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out
}

// reach adds a contact of the person and returns its id and the code of its link.
func (w *world) reach(t testing.TB, kind, value string) (id, code string) {
	t.Helper()
	for _, x := range w.contacts(t) {
		w.do(t, "subject", "DELETE", "/v1/me/contacts/"+x, "").want(t, 200)
	}
	id = w.do(t, "subject", "POST", "/v1/me/contacts", `{"kind":"`+kind+`","value":"`+value+`"}`).want(t, 201).str(t, "id")
	for _, l := range w.deliver(t) {
		if _, rest, ok := strings.Cut(l.Text, outbox.ConfirmPath); ok && l.To == value {
			code, _, _ = strings.Cut(rest, "\n")
		}
	}
	return id, code
}

func (w *world) contacts(t testing.TB) (ids []string) {
	t.Helper()
	var b struct{ Items []struct{ ID string } }
	if err := json.Unmarshal(w.do(t, "subject", "GET", "/v1/me/contacts", "").want(t, 200).body, &b); err != nil {
		t.Fatal(err)
	}
	for _, x := range b.Items {
		ids = append(ids, x.ID)
	}
	return ids
}

// told registers a webhook of a role's organization and, with a status, brings a
// delivery to it to that status.
func (w *world) told(t testing.TB, role string, status outbox.Status) (webhook, delivery string) {
	t.Helper()
	org := apptest.Org(t, w.App, "")
	if role == "third-party" {
		org = apptest.Org(t, w.App, payer)
	}
	webhook = w.do(t, role, "POST", "/v1/webhooks", `{"url":"https://receiver.example/"}`).want(t, 201).str(t, "id")
	if status == "" {
		return webhook, webhook
	}
	hook, err := ident.ParseID(webhook)
	if err != nil {
		t.Fatal(err)
	}
	w.give(t, "payment", `,"thirdParties":["$payer"]`)
	list, err := w.Outbox.List(t.Context(), outbox.Filter{Org: org.ID, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		d := &list[i]
		if d.Target != hook {
			continue
		}
		if ok, err := w.Store.Claim(t.Context(), d, w.Now().Add(time.Hour)); err != nil || !ok {
			t.Fatal(ok, err)
		}
		d.Status = status
		if err := w.Store.Settle(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		return webhook, d.ID.String()
	}
	t.Fatal("nothing is to be told")
	return "", ""
}

// An organization sees its own deliveries and acknowledges them; what it has
// acknowledged shows with the consent, to the person and to the holder.
func TestAcknowledgementIsShown(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.do(t, "third-party", "POST", "/v1/webhooks", `{"url":"https://receiver.example/","events":["consent.*"]}`).want(t, 201)
		w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"]`)
		mine := func(as string) string {
			return string(w.do(t, as, "GET", "/v1/consents/$consent", "").want(t, 200).body)
		}
		payerSays := `{"organization":"` + payer + `","event":"consent.given","status":"waiting"`
		if b := mine("subject"); !strings.Contains(b, payerSays) || !strings.Contains(b, `{"organization":"`+apptest.BIN+`","late":false}`) {
			t.Errorf("deliveries: %s", b)
		}
		if b := mine("operator"); !strings.Contains(b, payerSays) {
			t.Errorf("the holder does not see it: %s", b)
		}
		if b := mine("third-party"); strings.Contains(b, "deliveries") {
			t.Errorf("a third party sees who else was told: %s", b)
		}
		w.clock.Add(time.Second)
		w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{}`).want(t, 200)
		var list struct {
			Items []struct{ ID, Event, Status, Subject string }
		}
		if err := json.Unmarshal(w.do(t, "third-party", "GET", "/v1/webhooks/deliveries?status=waiting", "").want(t, 200).body, &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Items) != 2 || list.Items[0].Event != "consent.withdrawn" || list.Items[0].Subject != w.names["payerSubject"] {
			t.Fatalf("%+v", list.Items)
		}
		w.names["delivery"] = list.Items[0].ID
		w.do(t, "third-party", "POST", "/v1/webhooks/deliveries/$delivery/ack", "").want(t, 404) // it was not sent yet
		id, err := ident.ParseID(list.Items[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.Store.Delivery(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Store.Claim(t.Context(), d, w.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.do(t, "operator", "POST", "/v1/webhooks/deliveries/$delivery/ack", "").want(t, 404)
		w.do(t, "third-party", "POST", "/v1/webhooks/deliveries/$delivery/ack", "").want(t, 200)
		w.do(t, "third-party", "POST", "/v1/webhooks/deliveries/$delivery/ack", "").want(t, 200)
		w.do(t, "third-party", "POST", "/v1/webhooks/deliveries/$delivery/retry", "").want(t, 409)
		if b := mine("subject"); !strings.Contains(b, `{"organization":"`+payer+`","event":"consent.withdrawn","status":"acknowledged"`) {
			t.Errorf("acknowledged, and not shown: %s", b)
		}
		w.clock.Add(time.Minute)
		if b := string(w.do(t, "", "GET", "/metrics", "").want(t, 200).body); !strings.Contains(b, "kelisim_outbox_waiting 1") || !strings.Contains(b, "kelisim_outbox_late 0") {
			t.Error("the metric does not show what waits")
		}
	})
}

// Bad input is refused at its field, and leaves nothing.
func TestBadContactsAndWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, s := range []scenario{
		{name: "no address", as: "operator", method: "POST", url: "/v1/webhooks", body: `{}`, wantStatus: 400, wantContains: []string{`"field":"url"`}},
		{name: "unencrypted", as: "operator", method: "POST", url: "/v1/webhooks", body: `{"url":"http://receiver.example/"}`, wantStatus: 400, wantContains: []string{"webhook-https"}},
		{name: "this machine", as: "operator", method: "POST", url: "/v1/webhooks", body: `{"url":"https://127.0.0.1/"}`, wantStatus: 400, wantContains: []string{"webhook-private"}},
		{name: "no event", as: "operator", method: "POST", url: "/v1/webhooks", body: `{"url":"https://receiver.example/","events":["$name"]}`, wantStatus: 400, wantContains: []string{"event-unknown"}},
		{name: "unknown webhook", as: "operator", method: "DELETE", url: "/v1/webhooks/$stranger", wantStatus: 404, wantContains: []string{"webhook-unknown"}},
		{name: "no id", as: "operator", method: "DELETE", url: "/v1/webhooks/x", wantStatus: 404},
		{name: "wrong status", as: "operator", method: "GET", url: "/v1/webhooks/deliveries?status=$iin", wantStatus: 400, wantContains: []string{"bad-enum"}},
		{name: "unknown delivery", as: "operator", method: "POST", url: "/v1/webhooks/deliveries/$stranger/ack", body: `{}`, wantStatus: 404, wantContains: []string{"delivery-unknown"}},
		{name: "kind", as: "subject", method: "POST", url: "/v1/me/contacts", body: `{"kind":"iin","value":"$iin"}`, wantStatus: 400, wantContains: []string{`"field":"kind"`}},
		{name: "value", as: "subject", method: "POST", url: "/v1/me/contacts", body: `{"kind":"email","value":"$name"}`, wantStatus: 400, wantContains: []string{`"field":"value"`}},
		{name: "no such channel", as: "subject", method: "POST", url: "/v1/me/contacts", body: `{"kind":"phone","value":"$phone"}`, wantStatus: 409, wantContains: []string{"channel-absent"}},
		{name: "choice", as: "subject", method: "POST", url: "/v1/me/contacts", body: `{"kind":"email","value":"a@b.kz","choices":["$iin"]}`, wantStatus: 400, wantContains: []string{`"field":"choices"`}},
		{name: "unknown contact", as: "subject", method: "DELETE", url: "/v1/me/contacts/$stranger", wantStatus: 404, wantContains: []string{"contact-unknown"}},
		{name: "no choices", as: "subject", method: "POST", url: "/v1/me/contacts/$stranger/choices", body: `{}`, wantStatus: 400, wantContains: []string{"missing-field"}},
	} {
		s.run(t, w)
	}
	if got := w.contacts(t); len(got) > 0 {
		t.Errorf("%d contacts stayed", len(got))
	}
	id, code := w.reach(t, "email", "me@mail.example")
	w.names["id"] = id
	w.do(t, "subject", "POST", "/v1/me/contacts", `{"kind":"email","value":"ME@mail.example"}`).want(t, 409)
	w.do(t, "subject", "POST", "/v1/me/contacts/$id/confirm", `{"code":"x"}`).want(t, 400)
	w.do(t, "subject", "POST", "/v1/me/contacts/$id/confirm", `{"code":"`+code+`"}`).want(t, 200)
	w.do(t, "subject", "POST", "/v1/me/contacts/$id/confirm", `{"code":"`+code+`"}`).want(t, 400) // once
}
