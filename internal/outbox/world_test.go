package outbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
)

// payerBIN is the organization that the example operator names as a recipient.
const payerBIN = "180340022918"

// receiver is another system: a real server that answers as the test says.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []call
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

// call is what arrived.
type call struct {
	header http.Header
	body   []byte
}

func (c *call) id() string { return c.header.Get("Webhook-Id") }

// event is the body as a receiver reads it.
type event struct {
	SpecVersion, ID, Source, Type, Subject string
	Time                                   time.Time
	Data                                   map[string]any
}

func (c *call) event(t testing.TB) (e event) {
	t.Helper()
	if err := json.Unmarshal(c.body, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// newReceiver takes everything unless answer says otherwise; n counts from one.
func newReceiver(t testing.TB, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	x := &receiver{answer: answer}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		x.mu.Lock()
		x.got = append(x.got, call{r.Header, body})
		n := len(x.got)
		x.mu.Unlock()
		if x.answer != nil {
			x.answer(n, w, r)
		}
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *receiver) calls() []call {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]call(nil), x.got...)
}

// status answers with a status and a body.
func status(code int, body string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// lines is a log that is written to from many sides.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is the example operator, the payer and a person whom both know.
type world struct {
	*app.App
	clock           *apptest.Clock
	operator, payer *party.Organization
	subject         ident.ID // as the operator knows the person
	deliverer       *outbox.Deliverer
	log             *lines
}

var local = app.Word{PrivateHooks: true}

func each(t *testing.T, w app.Word, test func(t *testing.T, w *world)) {
	t.Helper()
	apptest.EachTold(t, w, func(t *testing.T, a *app.App, clock *apptest.Clock) { test(t, populate(t, a, clock)) })
}

func populate(t testing.TB, a *app.App, clock *apptest.Clock) *world {
	t.Helper()
	w := &world{App: a, clock: clock, operator: apptest.Org(t, a, ""), log: &lines{}}
	w.payer = apptest.Apply(t, a, "organization: {bin: '"+payerBIN+"', name: {ru: Плательщик}, roles: [third-party]}")
	w.subject = apptest.Subject(t, a, w.operator, 1)
	w.deliverer = a.Deliverer("https://kelisim.example")
	w.deliverer.Log = slog.New(slog.NewJSONHandler(w.log, nil))
	return w
}

func (w *world) person() ident.ID { return w.operator.Inside(w.subject) }

// hook registers a receiver for an organization and returns its secret.
func (w *world) hook(t testing.TB, org *party.Organization, x *receiver, events ...string) (*outbox.Webhook, string) {
	t.Helper()
	h, end, err := w.Outbox.AddWebhook(t.Context(), org, x.URL, events, apptest.System)
	if err != nil {
		t.Fatal(err)
	}
	return h, outbox.SecretText(end.Secret)
}

// give records a consent that names the payer.
func (w *world) give(t testing.TB) *consent.Consent {
	t.Helper()
	c, err := w.Consents.Record(t.Context(), w.operator, &consent.New{
		Subject: w.subject, Terms: consent.Terms{Purposes: []string{"payment"}, ThirdParties: []string{payerBIN}},
		Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) withdraw(t testing.TB, c *consent.Consent) {
	t.Helper()
	if _, err := w.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
		t.Fatal(err)
	}
}

// round sends what is due.
func (w *world) round(t testing.TB) int {
	t.Helper()
	n, err := w.deliverer.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// all lists the deliveries to an organization, oldest first.
func (w *world) all(t testing.TB, org *party.Organization) []outbox.Delivery {
	t.Helper()
	list, err := w.Store.Deliveries(t.Context(), outbox.Filter{Org: org.ID, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// told says how far an organization has been told of a consent.
func (w *world) told(t testing.TB, c *consent.Consent, org *party.Organization) outbox.Told {
	t.Helper()
	list, err := w.Outbox.ToldOf(t.Context(), w.person(), c.ID, w.operator, c.Terms.ThirdParties)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.BIN == org.BIN {
			return x
		}
	}
	t.Fatalf("nothing is said of %s", org.BIN)
	return outbox.Told{}
}

// genuine checks a call as a receiver does, with the library of Standard Webhooks.
func genuine(t testing.TB, secret string, c *call) {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := wh.VerifyIgnoringTimestamp(c.body, c.header); err != nil {
		t.Errorf("the signature does not hold: %v", err)
	}
	if err := wh.VerifyIgnoringTimestamp(append(c.body, ' '), c.header); err == nil {
		t.Error("the signature holds over another body")
	}
	other := c.header.Clone()
	other.Set("Webhook-Timestamp", "1")
	if err := wh.VerifyIgnoringTimestamp(c.body, other); err == nil {
		t.Error("the signature holds at another moment")
	}
}

func contains(t testing.TB, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not in %q", part, text)
	}
}
