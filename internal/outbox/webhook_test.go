package outbox_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
	"kelisim/internal/register"
)

// The whole way: a withdrawal is told to the holder and to the recipient, each
// under its own id of the person, signed; both acknowledge, in the two ways there
// are, and the subject sees it.
func TestWithdrawalArrives(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		theirs, ours := newReceiver(t, nil), newReceiver(t, status(200, `{"acknowledged":true}`))
		_, secret := w.hook(t, w.payer, theirs)
		w.hook(t, w.operator, ours, "consent.*")
		c := w.give(t)
		if got := w.told(t, c, w.payer); got.Status != outbox.Waiting || got.Event != "consent.given" {
			t.Fatalf("before anything was sent: %+v", got)
		}
		w.round(t)
		w.clock.Add(time.Second)
		w.withdraw(t, c)
		if n := w.round(t); n != 2 {
			t.Fatalf("%d tries", n)
		}
		got := theirs.calls()
		if len(got) != 2 || len(ours.calls()) != 2 {
			t.Fatalf("%d and %d calls", len(got), len(ours.calls()))
		}
		genuine(t, secret, &got[1])
		e := got[1].event(t)
		if e.SpecVersion != "1.0" || e.Type != "kz.kelisim.consent.withdrawn" || e.ID != got[1].id() || e.Subject != w.payer.Outside(w.person()).String() ||
			e.Source != "/v1/organizations/"+w.operator.BIN || !e.Time.Equal(w.clock.Now()) {
			t.Errorf("event %+v", e)
		}
		if e.Data["consent"] != c.ID.String() || e.Data["status"] != "withdrawn" || e.Data["organization"] != w.operator.BIN || e.Data["version"] != 2.0 {
			t.Errorf("data %v", e.Data)
		}
		if strings.Contains(string(got[1].body), w.subject.String()) || strings.Contains(string(got[1].body), w.person().String()) {
			t.Error("the payer is told somebody else's id of the person")
		}
		if x := w.told(t, c, w.operator); x.Status != outbox.Acknowledged || x.Event != "consent.withdrawn" {
			t.Errorf("the operator answered that it knows: %+v", x)
		}
		if x := w.told(t, c, w.payer); x.Status != outbox.Sent {
			t.Errorf("the payer said nothing: %+v", x)
		}
		w.clock.Add(time.Minute)
		id, err := ident.ParseID(got[1].id())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // saying it twice is no error
			if d, err := w.Outbox.Acknowledge(t.Context(), w.payer, id, apptest.System); err != nil || d.Status != outbox.Acknowledged {
				t.Fatalf("%+v %v", d, err)
			}
		}
		if x := w.told(t, c, w.payer); x.Status != outbox.Acknowledged || !x.At.Equal(w.clock.Now()) {
			t.Errorf("acknowledged, and shown as %+v", x)
		}
		if _, err := w.Outbox.Acknowledge(t.Context(), w.operator, id, apptest.System); !fault.Is(err, "delivery-unknown") {
			t.Errorf("another acknowledges for the payer: %v", err)
		}
		mine, err := w.Journal.ForSubject(t.Context(), w.person())
		if err != nil {
			t.Fatal(err)
		}
		acks, err := mine.List(t.Context(), journal.Filter{Action: "delivery.acknowledge", Limit: 10})
		if err != nil || len(acks) != 3 { // the operator's two, the payer's one
			t.Errorf("%d acknowledgements in the journal: %v", len(acks), err)
		}
		if w.round(t) != 0 {
			t.Error("sent once more")
		}
		apptest.Clean(t, w.App)
	})
}

// Each thing that can happen to a consent, to what is held and to a request is
// told to whom it concerns.
func TestEveryChangeIsTold(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		x := newReceiver(t, nil)
		w.hook(t, w.payer, x)
		now := func() { w.clock.Add(time.Second) }
		do := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			now()
		}
		first := w.give(t)
		now()
		second := w.give(t) // takes the place of the first
		now()
		_, err := w.Consents.Pause(t.Context(), second.ID, apptest.Person)
		do("pause", err)
		_, err = w.Consents.Resume(t.Context(), second.ID, apptest.Person)
		do("resume", err)
		access := func(a register.Action) {
			t.Helper()
			ask := &gate.Ask{
				Request: gate.Request{Action: a, Purpose: "payment", Ground: "24(1)4", Document: "№ 1"}, Holder: w.operator, Asker: w.operator,
				Subject: w.subject, Actor: apptest.System,
			}
			if a == register.Block || a == register.Unblock {
				ask.Ground = "24(1)3"
			}
			ans, err := w.Guard.Access(t.Context(), ask)
			if err == nil && !ans.Permit {
				t.Fatalf("%s: %v", a, ans.Codes())
			}
			do(a.String(), err)
		}
		access(register.Block)
		access(register.Unblock)
		third := w.give(t)
		now()
		_, err = w.Consents.Withdraw(t.Context(), third.ID, consent.Transfer, "", apptest.Person)
		do("withdraw the transfer", err)
		access(register.Destroy)
		var events []string
		for _, d := range w.all(t, w.payer) {
			events = append(events, d.Event)
		}
		want := []string{
			"consent.given", "consent.given", "consent.superseded", "consent.paused", "consent.resumed", "data.blocked", "data.unblocked",
			"consent.given", "consent.superseded", "consent.withdrawn", "consent.ended", "data.destroyed",
		}
		slices.Sort(events)
		slices.Sort(want)
		if !slices.Equal(events, want) {
			t.Errorf("told  %v\nwant  %v", events, want)
		}
		_ = first
		apptest.Clean(t, w.App)
	})
}

// A consent that runs out is told as any other end.
func TestExpiryIsTold(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		x := newReceiver(t, nil)
		w.hook(t, w.payer, x, "consent.expired")
		c, err := w.Consents.Record(t.Context(), w.operator, &consent.New{
			Subject: w.subject, Terms: consent.Terms{Purposes: []string{"payment"}, ThirdParties: []string{payerBIN}},
			Until: w.clock.Now().Add(time.Hour), Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Add(2 * time.Hour)
		if did, err := w.Guard.Expire(t.Context(), w.person(), w.operator.ID); err != nil || !did {
			t.Fatal(did, err)
		}
		w.round(t)
		got := x.calls()
		if len(got) != 1 || got[0].event(t).Data["consent"] != c.ID.String() || got[0].event(t).Data["status"] != "expired" {
			t.Fatalf("%d calls", len(got))
		}
	})
}

// What became of a request goes to who asked: by webhook, and to the callback
// under a secret that only the asker can read.
func TestOutcomeGoesToTheCallback(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		hook, back := newReceiver(t, nil), newReceiver(t, nil)
		w.hook(t, w.operator, hook, "request.*")
		ask := func(purpose string) *consent.Request {
			t.Helper()
			r, _, err := w.Consents.Ask(t.Context(), w.operator, w.operator, &consent.NewRequest{
				Subject: w.subject, Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{purpose}}}, Callback: back.URL + "/outcome?x=1", Actor: apptest.System,
			})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		refused, given, late := ask("payment"), ask("news"), ask("inform")
		if _, err := w.Consents.Refuse(t.Context(), refused.ID, "secret reason", apptest.Person); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Consents.Show(t.Context(), given.ID, "kk", apptest.Person); err != nil {
			t.Fatal(err)
		}
		c, err := w.Consents.Give(t.Context(), given.ID, &consent.Choice{}, "kk", consent.Proof{Channel: consent.Cabinet}, nil, apptest.Person)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Add(20 * 24 * time.Hour)
		if err := w.Consents.Unanswered(t.Context(), late.ID); err != nil {
			t.Fatal(err)
		}
		w.round(t)
		outcomes := map[string]string{}
		for _, x := range back.calls() {
			genuine(t, outbox.SecretText(outbox.CallbackSecret(w.operator)), &x)
			e := x.event(t)
			outcomes[e.Data["request"].(string)] = e.Type //nolint:forcetypeassert // a test
			if e.Type == "kz.kelisim.request.given" && e.Data["consent"] != c.ID.String() {
				t.Errorf("given %v", e.Data)
			}
			if strings.Contains(string(x.body), "secret") {
				t.Error("the reason is the subject's own")
			}
		}
		want := map[string]string{
			refused.ID.String(): "kz.kelisim.request.refused", given.ID.String(): "kz.kelisim.request.given", late.ID.String(): "kz.kelisim.request.expired",
		}
		if len(outcomes) != 3 || len(hook.calls()) != 3 {
			t.Errorf("%v by callback, %d by webhook", outcomes, len(hook.calls()))
		}
		for id, typ := range want {
			if outcomes[id] != typ {
				t.Errorf("%s: %q, want %q", id, outcomes[id], typ)
			}
		}
	})
}

// Addresses that word must not go to are refused where they are registered.
func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://receiver.example/x":                            "webhook-https",
		"ftp://receiver.example/x":                             "webhook-https",
		"https://127.0.0.1/x":                                  "webhook-private",
		"https://localhost/x":                                  "webhook-private",
		"http://127.0.0.1:8080/x":                              "webhook-https",
		"https://10.1.2.3/x":                                   "webhook-private",
		"https://[::1]/x":                                      "webhook-private",
		"https://[::ffff:10.1.2.3]/x":                          "webhook-private",
		"https://[64:ff9b::a01:203]/x":                         "webhook-private",
		"https://169.254.169.254/latest":                       "webhook-private",
		"https://100.64.1.1/":                                  "webhook-private",
		"https://0.0.0.0/":                                     "webhook-private",
		"https://user:pw@receiver.example":                     "webhook-address",
		"https://":                                             "webhook-address",
		"receiver.example":                                     "webhook-address",
		"https://receiver.example/#x":                          "webhook-address",
		"https://receiver.example/":                            "",
		"https://8.8.8.8/":                                     "",
		"https://receiver.example/" + strings.Repeat("x", 500): "too-long",
	} {
		err := outbox.CheckURL(address, false)
		if want == "" && err != nil || want != "" && !fault.Is(err, want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	if err := outbox.CheckURL("http://127.0.0.1:1/", true); err != nil {
		t.Error(err)
	}
	if err := outbox.CheckURL("http://10.1.2.3/", true); !fault.Is(err, "webhook-https") {
		t.Errorf("unencrypted over a network: %v", err)
	}
}

// A name may resolve to another address than when it was registered: the address
// is looked at in the moment of the call.
func TestClientRefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	x := newReceiver(t, nil)
	if _, err := outbox.Client(false).Get(strings.Replace(x.URL, "127.0.0.1", "localhost", 1)); err == nil || len(x.calls()) > 0 {
		t.Errorf("this machine was called (%v)", err)
	}
	res, err := outbox.Client(true).Get(x.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
}

// Secrets and addresses are sealed; a removed webhook is called no more.
func TestWebhookKeptSealedAndRemoved(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		x := newReceiver(t, nil)
		h, _ := w.hook(t, w.payer, x)
		if strings.Contains(string(h.Sealed), x.URL) {
			t.Error("the address lies open")
		}
		c := w.give(t)
		d := w.all(t, w.payer)[0]
		if strings.Contains(string(d.Sealed), c.ID.String()) || json.Valid(d.Sealed) {
			t.Error("what is told lies open")
		}
		if err := w.Outbox.RemoveWebhook(t.Context(), w.operator, h.ID, apptest.System); !fault.Is(err, "webhook-unknown") {
			t.Errorf("another's webhook: %v", err)
		}
		if err := w.Outbox.RemoveWebhook(t.Context(), w.payer, h.ID, apptest.System); err != nil {
			t.Fatal(err)
		}
		w.withdraw(t, c)
		if n := w.round(t); n != 0 || len(x.calls()) > 0 {
			t.Errorf("%d tries, %d calls", n, len(x.calls()))
		}
		if got := w.all(t, w.payer); len(got) != 1 || got[0].Status != outbox.Dropped {
			t.Errorf("%+v", got)
		}
		if x := w.told(t, c, w.payer); x.Status != "" {
			t.Errorf("not connected any more, and shown as %+v", x)
		}
		for _, events := range [][]string{{"consent.eaten"}, {""}, {"x*"}} {
			if _, _, err := w.Outbox.AddWebhook(t.Context(), w.payer, x.URL, events, apptest.System); !fault.Is(err, "event-unknown") {
				t.Errorf("%v: %v", events, err)
			}
		}
	})
}
