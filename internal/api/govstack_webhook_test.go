package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/govstack"
	"kelisim/internal/outbox"
)

// subscriber is a receiver that was written for GovStack: it checks the signature
// of each call, by both headers, and keeps the events.
type subscriber struct {
	*httptest.Server
	secret string
	answer func(n int, w http.ResponseWriter, r *http.Request)

	mu     sync.Mutex
	bodies []string
	ids    []string
	events []govstack.Event
}

const subscriberSecret = "a secret of the subscriber, long enough"

func newSubscriber(t testing.TB, answer func(n int, w http.ResponseWriter, r *http.Request)) *subscriber {
	t.Helper()
	s := &subscriber{secret: subscriberSecret, answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		n := s.take(t, r.Header, body)
		if s.answer != nil {
			s.answer(n, w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *subscriber) take(t testing.TB, h http.Header, body []byte) int {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	hook, err := standardwebhooks.NewWebhookRaw([]byte(s.secret))
	if err != nil {
		t.Error(err)
	} else if err := hook.VerifyIgnoringTimestamp(body, h); err != nil {
		t.Errorf("not signed by Standard Webhooks: %v", err)
	}
	payload := body
	if h.Get("Content-Type") == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		payload = []byte(form.Get("payload"))
	}
	at, sig, ok := strings.Cut(strings.TrimPrefix(h.Get(govstack.SignatureHeader), "t="), ",sig=")
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte(at + "." + string(payload)))
	if want := hex.EncodeToString(mac.Sum(nil)); !ok || sig != want {
		t.Errorf("signed %q, want %s", h.Get(govstack.SignatureHeader), want)
	}
	if _, err := time.Parse(time.RFC3339, at); err != nil {
		t.Error(err)
	}
	var e govstack.Event
	if err := json.Unmarshal(payload, &e); err != nil {
		t.Error(err)
	}
	if e.DeliveryID != h.Get("Webhook-Id") {
		t.Errorf("delivery %q under the id %q", e.DeliveryID, h.Get("Webhook-Id"))
	}
	s.bodies, s.ids, s.events = append(s.bodies, string(body)), append(s.ids, h.Get("Webhook-Id")), append(s.events, e)
	return len(s.events)
}

// got are the events so far.
func (s *subscriber) got() []govstack.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]govstack.Event(nil), s.events...)
}

// types of the events so far.
func (s *subscriber) types() string {
	var out []string
	for _, e := range s.got() {
		out = append(out, strings.TrimPrefix(e.Type, "consent."))
	}
	return strings.Join(out, " ")
}

// eachHooked runs a test on each engine where webhooks may go to this machine.
func eachHooked(t *testing.T, test func(t *testing.T, b *block)) {
	t.Helper()
	apptest.EachTold(t, app.Word{PrivateHooks: true}, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		test(t, blockOf(t, populate(t, a, clock)))
	})
}

func subscription(id, address, more string) string {
	return `{"webhook":{"id":"` + id + `","payloadUrl":"` + address + `","contentType":"application/json","disabled":false,"secretKey":"` + subscriberSecret + `"` + more + `}}`
}

// tell sends what is due until nothing is.
func (b *block) tell(t testing.TB) (tries int) {
	t.Helper()
	d := b.Deliverer(b.api.Public)
	for {
		n, err := d.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return tries
		}
		tries += n
	}
}

const byAgreement = "/service/individual/record/data-agreement/a-1?individualId=i-1"

// A subscription made by the building block's interface is told what happens to a
// consent, wherever it happens, in the words of that interface.
func TestGovStackWebhookTells(t *testing.T) {
	t.Parallel()
	eachHooked(t, func(t *testing.T, b *block) {
		x := newSubscriber(t, nil)
		b.ask(t, "operator", "POST", "/config/webhook/", subscription("hook/1 №", x.URL, "")).want(t, 200)
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		made := b.ask(t, "operator", "POST", byAgreement, "").want(t, 200)
		record, consent := made.str(t, "consentRecord", "id"), made.str(t, "consentRecord", "consentId")
		b.tell(t)
		if len(x.got()) != 1 {
			t.Fatalf("got %+v", x.got())
		}
		e := x.got()[0]
		want := govstack.EventData{
			OrganisationID: apptest.BIN, IndividualID: "i-1", RecordID: record, AgreementID: "a-1",
			RevisionID: made.str(t, "consentRecord", "dataAgreementRevisionId"), RevisionHash: made.str(t, "consentRecord", "dataAgreementRevisionHash"),
			OptIn: true,
		}
		got := govstack.EventData{
			OrganisationID: e.Data.OrganisationID, IndividualID: e.Data.IndividualID, RecordID: e.Data.RecordID, AgreementID: e.Data.AgreementID,
			RevisionID: e.Data.RevisionID, RevisionHash: e.Data.RevisionHash, OptIn: e.Data.OptIn,
		}
		if e.Type != "consent.allowed" || e.WebhookID != "hook/1 №" || text(t, got) != text(t, want) || e.Data.ConsentID.String() != consent || e.Data.Subject.String() != b.names["subject"] {
			t.Errorf("told %+v", e)
		}
		// In the cabinet, and by the core's own interface.
		for _, act := range []string{"pause", "resume", "withdraw"} {
			b.clock.Add(time.Second)
			b.do(t, "subject", "POST", "/v1/consents/"+consent+"/"+act, `{}`).want(t, 200)
			b.tell(t)
		}
		b.ask(t, "operator", "PUT", paired+record, `{"optIn":true}`).want(t, 200)
		b.tell(t)
		b.clock.Add(time.Minute)
		b.give(t, "news", "") // takes the place of the one that the record was made with
		b.tell(t)
		b.ask(t, "operator", "PUT", paired+record, `{"optIn":false}`).want(t, 200)
		b.tell(t)
		if types := x.types(); types != "allowed disallowed allowed disallowed allowed allowed disallowed" {
			t.Errorf("told %s", types)
		}
		for _, e := range x.got() {
			if e.Data.RecordID != record || e.Data.IndividualID != "i-1" || e.Data.OptIn != (e.Type == "consent.allowed") {
				t.Errorf("about %+v", e)
			}
		}
		clean(t, "events", strings.Join(x.bodies, "\n"))
		// It is one of the outbox's webhooks, and its deliveries stand there.
		l := b.do(t, "operator", "GET", "/v1/webhooks", "").want(t, 200)
		if l.str(t, "items", 0, "form") != "govstack" || l.str(t, "items", 0, "url") != x.URL {
			t.Errorf("%s", l.body)
		}
		if l := b.do(t, "operator", "GET", "/v1/webhooks/deliveries", "").want(t, 200).items(t); len(l) != 7 {
			t.Errorf("%d deliveries", len(l))
		}
		b.audited(t, record, 3)
	})
}

// What another organization of the consent subscribed to is told by its own ids.
func TestGovStackWebhookOfARecipient(t *testing.T) {
	t.Parallel()
	eachHooked(t, func(t *testing.T, b *block) {
		mine, theirs := newSubscriber(t, nil), newSubscriber(t, nil)
		b.ask(t, "operator", "POST", "/config/webhook/", subscription("w", mine.URL, "")).want(t, 200)
		b.ask(t, "other-operator", "POST", "/config/webhook/", subscription("w", theirs.URL, "")).want(t, 200) // the id is free there
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		b.clock.Add(time.Second)
		b.give(t, "news", "")
		b.tell(t)
		if len(theirs.got()) != 0 {
			t.Errorf("a stranger was told %+v", theirs.got())
		}
		// Of a consent without a record the person is named, and no record.
		if l := mine.got(); len(l) != 1 || l[0].Data.IndividualID != "i-1" || l[0].Data.RecordID != "" {
			t.Errorf("told %+v", l)
		}
	})
}

// Reading back, changing and ending a subscription keeps to the document, and
// changes what is sent.
func TestGovStackWebhookIsChanged(t *testing.T) {
	t.Parallel()
	eachHooked(t, func(t *testing.T, b *block) {
		first, second := newSubscriber(t, nil), newSubscriber(t, nil)
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", "")
		made := b.ask(t, "operator", "POST", "/config/webhook/", subscription("w", first.URL, "")).want(t, 200)
		if made.str(t, "webhook", "secretKey") != subscriberSecret || made.at(t, "webhook", "disabled") != false {
			t.Errorf("%s", made.body)
		}
		flip := func(on bool) {
			t.Helper()
			if on {
				b.ask(t, "operator", "POST", byAgreement, "").want(t, 200)
				return
			}
			id := b.ask(t, "operator", "GET", byAgreement, "").want(t, 200).str(t, "consentRecord", "id")
			b.ask(t, "operator", "PUT", paired+id, `{"optIn":false}`).want(t, 200)
		}
		flip(true)
		// What waits goes where it is wanted now. The secret, written back masked, stays.
		moved := strings.Replace(subscription("w", second.URL, `,"subscribedEvents":["consent.disallowed"]`), subscriberSecret, govstack.Masked, 1)
		b.ask(t, "operator", "PUT", "/config/webhook/w/", moved).want(t, 200)
		b.tell(t)
		flip(false)
		b.tell(t)
		flip(true)
		b.tell(t)
		if first.types() != "" || second.types() != "allowed disallowed" {
			t.Errorf("told %q and %q", first.types(), second.types())
		}
		read := b.ask(t, "operator", "GET", "/config/webhook/w/", "").want(t, 200)
		if read.str(t, "webhook", "payloadUrl") != second.URL || read.str(t, "webhook", "secretKey") != govstack.Masked || read.str(t, "webhook", "subscribedEvents", 0) != "consent.disallowed" {
			t.Errorf("%s", read.body)
		}
		// Switched off, what waits is dropped; on again, what comes then is told.
		flip(false)
		off := strings.Replace(subscription("w", second.URL, ""), `"disabled":false`, `"disabled":true`, 1)
		b.ask(t, "operator", "PUT", "/config/webhook/w/", off).want(t, 200)
		b.tell(t)
		if got := b.ask(t, "operator", "GET", "/config/webhooks/", "").want(t, 200); got.at(t, "webhooks", 0, "disabled") != true {
			t.Errorf("%s", got.body)
		}
		flip(true)
		b.tell(t)
		if second.types() != "allowed disallowed" {
			t.Errorf("switched off, and told %q", second.types())
		}
		b.ask(t, "operator", "PUT", "/config/webhook/w/", subscription("w", second.URL, "")).want(t, 200)
		flip(false)
		b.tell(t)
		if second.types() != "allowed disallowed disallowed" {
			t.Errorf("switched on, and told %q", second.types())
		}
		// Ended on the other side, it shows as switched off here; ended here, it is gone
		// there.
		id := b.do(t, "operator", "GET", "/v1/webhooks", "").want(t, 200).str(t, "items", 0, "id")
		b.do(t, "officer", "DELETE", "/v1/webhooks/"+id, "").want(t, 200)
		if got := b.ask(t, "operator", "GET", "/config/webhook/w/", "").want(t, 200); got.at(t, "webhook", "disabled") != true {
			t.Errorf("%s", got.body)
		}
		b.ask(t, "operator", "PUT", "/config/webhook/w/", subscription("w", second.URL, "")).want(t, 200)
		flip(true)
		b.ask(t, "operator", "DELETE", "/config/webhook/w/", "").want(t, 200)
		b.tell(t)
		if second.types() != "allowed disallowed disallowed" {
			t.Errorf("ended, and told %q", second.types())
		}
		if l := b.do(t, "operator", "GET", "/v1/webhooks", "").want(t, 200).items(t); len(l) != 0 {
			t.Errorf("%v", l)
		}
		for _, body := range []string{
			strings.Replace(subscription("x", first.URL, ""), "application/json", "text/plain", 1),
			strings.Replace(subscription("x", first.URL, ""), "application/json", "application/xml", 1),
			subscription("x", first.URL, `,"subscribedEvents":["consent.everything"]`),
			subscription("x", "ftp://x.example/", ""), subscription("x", "http://x.example/", ""), subscription("x", "https://u:p@x.example/", ""),
			subscription("x", "https://x.example/#y", ""), subscription("x", "/just/a/path", ""),
			strings.Replace(subscription("x", first.URL, ""), subscriberSecret, govstack.Masked, 1),
			strings.Replace(subscription("x", first.URL, ""), subscriberSecret, " ", 1),
		} {
			b.ask(t, "operator", "POST", "/config/webhook/", body).want(t, 400)
		}
		if l := b.ask(t, "operator", "GET", "/config/webhooks/", "").want(t, 200); l.at(t, "webhooks", 0) != nil {
			t.Errorf("something stayed: %s", l.body)
		}
		if b.Database == "" {
			b.onDisk(t, subscriberSecret, second.URL)
		}
	})
}

// A subscription goes to no private address, at registration or later.
func TestGovStackWebhookStaysOutside(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		for _, address := range []string{
			"http://127.0.0.1:9/", "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "http://x.example/",
		} {
			b.ask(t, "operator", "POST", "/config/webhook/", subscription("", address, "")).want(t, 400)
			b.ask(t, "operator", "POST", "/config/webhook/", strings.Replace(subscription("", address, ""), `"disabled":false`, `"disabled":true`, 1)).want(t, 400)
		}
		for i := range 25 {
			want := 200
			if i >= 20 {
				want = 400 // as many as others may have
			}
			b.ask(t, "operator", "POST", "/config/webhook/", subscription("", "https://x.example/", "")).want(t, want)
		}
	})
}

// Receivers that fail, delay, repeat themselves and lie.
func TestGovStackWebhookReceivers(t *testing.T) {
	t.Parallel()
	refusing := func(status int) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	saying := func(body string) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	for name, c := range map[string]struct {
		answer func(int, http.ResponseWriter, *http.Request)
		status outbox.Status
	}{
		"takes it": {nil, outbox.Sent},
		"fails":    {refusing(http.StatusInternalServerError), outbox.Waiting},
		"is gone":  {refusing(http.StatusGone), outbox.Failed},
		"delays": {func(_ int, _ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, outbox.Waiting},
		"hangs up": {func(int, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, outbox.Waiting},
		"sends on": {func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusTemporaryRedirect)
		}, outbox.Waiting},
		"lies of another": {saying(`{"acknowledged":true,"id":"0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8e57"}`), outbox.Sent},
		"talks nonsense":  {saying("acknowledged: true"), outbox.Sent},
		"acknowledges":    {saying(`{"acknowledged":true}`), outbox.Acknowledged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachHooked(t, func(t *testing.T, b *block) {
				x := newSubscriber(t, c.answer)
				b.agree(t, "a-1", "news")
				b.know(t, "i-1", "")
				b.ask(t, "operator", "POST", "/config/webhook/", subscription("w", x.URL, "")).want(t, 200)
				b.ask(t, "operator", "POST", byAgreement, "").want(t, 200)
				d := b.Deliverer(b.api.Public)
				if name == "delays" {
					d.HTTP.Timeout = time.Second
				}
				if _, err := d.Round(t.Context()); err != nil {
					t.Fatal(err)
				}
				list, err := b.Store.Deliveries(t.Context(), outbox.Filter{Org: apptest.Org(t, b.App, "").ID, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				if len(list) != 1 || list[0].Status != c.status || !list[0].Term.IsZero() {
					t.Errorf("%+v", list)
				}
				// Nobody is late who was never told that there is something to say.
				b.clock.Add(30 * 24 * time.Hour)
				if f, err := b.Outbox.Figures(t.Context()); err != nil || f.Late != 0 {
					t.Errorf("%+v %v", f, err)
				}
			})
		})
	}
}

// A repeat has the id and the body of the first call, whatever happened to the
// record since.
func TestGovStackWebhookRepeats(t *testing.T) {
	t.Parallel()
	eachHooked(t, func(t *testing.T, b *block) {
		x := newSubscriber(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 4 {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		b.agree(t, "a-1", "news")
		b.ask(t, "operator", "POST", "/config/webhook/", strings.Replace(subscription("w", x.URL, `,"subscribedEvents":["consent.allowed"]`), "application/json", "application/x-www-form-urlencoded", 1)).want(t, 200)
		// Told of before there is an individual, a record, or either is changed.
		b.give(t, "news", "")
		d := b.Deliverer(b.api.Public)
		next := func() {
			t.Helper()
			if n, err := d.Round(t.Context()); err != nil || n != 1 {
				t.Fatal(n, err)
			}
			b.clock.Add(time.Hour)
		}
		next()
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		next()
		b.ask(t, "operator", "PUT", "/service/individual/i-1", `{"individual":{"id":"i-1","identityProviderId":"y"}}`).want(t, 200)
		next()
		next()
		for i := range x.bodies {
			if x.ids[i] != x.ids[0] || x.bodies[i] != x.bodies[0] {
				t.Errorf("call %d differs:\n%s\n%s", i, x.bodies[i], x.bodies[0])
			}
		}
		if len(x.bodies) != 4 {
			t.Errorf("%d calls", len(x.bodies))
		}
	})
}

// A subscriber that wants CloudEvents gets what every other webhook gets.
func TestGovStackWebhookAsCloudEvent(t *testing.T) {
	t.Parallel()
	eachHooked(t, func(t *testing.T, b *block) {
		var body []byte
		x := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			hook, err := standardwebhooks.NewWebhook("whsec_a2VsaXNpbS1rZWxpc2lt")
			if err == nil {
				body, err = io.ReadAll(r.Body)
			}
			if err == nil {
				err = hook.VerifyIgnoringTimestamp(body, r.Header)
			}
			if err != nil {
				t.Error(err)
			}
		}))
		defer x.Close()
		sub := strings.NewReplacer("application/json", "application/cloudevents+json", subscriberSecret, "whsec_a2VsaXNpbS1rZWxpc2lt").Replace(subscription("w", x.URL, ""))
		b.ask(t, "operator", "POST", "/config/webhook/", sub).want(t, 200)
		b.give(t, "news", "")
		b.tell(t)
		if !strings.Contains(string(body), `"type":"kz.kelisim.consent.given"`) {
			t.Errorf("%s", body)
		}
	})
}
