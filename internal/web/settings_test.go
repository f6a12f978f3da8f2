package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
)

// postbox keeps what would go to a mail server; the real one is called in the
// tests of the outbox itself.
type postbox []outbox.Letter

func (l *postbox) Send(_ context.Context, x *outbox.Letter) error {
	*l = append(*l, *x)
	return nil
}

// deliver sends what is due and returns the letters.
func (w *world) deliver() postbox {
	w.t.Helper()
	var out postbox
	d := w.Deliverer("https://kelisim.example")
	d.Mailer = &out
	_, err := d.Round(w.t.Context())
	w.must(err)
	return out
}

// The page of notices, with an address that waits and without a channel.
func TestSettingsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if body := w.signedIn(locale.EN, w.asel).want(http.StatusOK, "/me/settings"); strings.Contains(body, `name="value"`) {
		t.Error("an address is asked for, and there is no channel")
	}
	w.Outbox.Mail, w.Outbox.SMS = true, true
	_, err := w.Outbox.AddContact(t.Context(), w.asel.inside, ident.Email, "asel@mail.example", outbox.Usual, locale.KK)
	w.must(err)
	for _, lang := range locale.All {
		golden(t, "settings."+string(lang)+".html", normalise(w.signedIn(lang, w.asel).want(http.StatusOK, "/me/settings")))
		golden(t, "contact."+string(lang)+".html", normalise(w.visitor(lang).want(http.StatusOK, "/contact/x")))
	}
	if body := w.signedIn(locale.KK, w.daniyar).want(http.StatusOK, "/me/settings"); strings.Contains(body, "asel") {
		t.Error("another person's address shows")
	}
}

// An address is added, confirmed by a button behind the link, chosen for, and
// removed. To look at the link confirms nothing: programs do that too.
func TestContactOnThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Outbox.Mail = true
	b := w.signedIn(locale.KK, w.asel)
	if a := b.post("/me/settings", url.Values{"kind": {"email"}, "value": {"nobody"}}); a.status != http.StatusBadRequest || strings.Contains(a.body, "nobody") {
		t.Errorf("an address that is none: %d", a.status)
	}
	if a := b.post("/me/settings", url.Values{"kind": {"email"}, "value": {"asel@mail.example"}, "choice": {"requests", "views"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", a.status, a.body)
	}
	sent := w.deliver()
	if len(sent) != 1 {
		t.Fatalf("%d letters", len(sent))
	}
	_, code, _ := strings.Cut(sent[0].Text, outbox.ConfirmPath)
	code, _, _ = strings.Cut(code, "\n")
	find := func() *outbox.Contact {
		t.Helper()
		list, err := w.Outbox.Contacts(t.Context(), w.asel.inside)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return &list[0]
	}
	stranger := w.visitor(locale.RU)
	stranger.want(http.StatusOK, "/contact/"+code)
	if c := find(); c.Status != outbox.Pending {
		t.Error("looking at the link confirmed the address")
	}
	if a := stranger.post("/contact/"+code, nil); a.status != http.StatusOK || !strings.Contains(a.body, locale.Text(locale.RU, "page.contact.done")) {
		t.Errorf("%d", a.status)
	}
	if a := stranger.post("/contact/"+code, nil); a.status != http.StatusBadRequest || strings.Contains(a.body, code) {
		t.Errorf("twice: %d", a.status)
	}
	c := find()
	if c.Status != outbox.Confirmed || c.Choices != outbox.Requests|outbox.Views {
		t.Errorf("%+v", c)
	}
	for _, other := range []string{"", "/remove"} {
		if a := w.signedIn(locale.KK, w.daniyar).post("/me/settings/"+c.ID.String()+other, nil); a.status != http.StatusNotFound {
			t.Errorf("another person, %s: %d", other, a.status)
		}
	}
	if a := b.post("/me/settings/"+c.ID.String(), url.Values{"choice": {"consents"}}); a.status != http.StatusSeeOther || find().Choices != outbox.Changes {
		t.Errorf("%d", a.status)
	}
	if a := b.post("/me/settings/"+c.ID.String()+"/remove", nil); a.status != http.StatusSeeOther {
		t.Errorf("%d", a.status)
	}
	if list, err := w.Outbox.Contacts(t.Context(), w.asel.inside); err != nil || len(list) > 0 {
		t.Error("it is still there", err)
	}
}

// The page of a consent says who has confirmed that they know; the console who is
// late with it.
func TestWhoConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, err := w.Outbox.AddWebhook(t.Context(), w.shop, "https://receiver.example/", nil, apptest.System)
	w.must(err)
	_, err = w.Consents.Withdraw(t.Context(), w.delivery.ID, consent.Transfer, "", apptest.Person)
	w.must(err)
	path := "/me/consents/" + w.delivery.ID.String()
	shows := func(state string) {
		t.Helper()
		for _, lang := range locale.All {
			if body := w.signedIn(lang, w.asel).want(http.StatusOK, path); !strings.Contains(body, locale.Text(lang, "page.told."+state)) {
				t.Errorf("%s: the page does not show %s", lang, state)
			}
		}
	}
	shows("waiting")
	list, err := w.Outbox.List(t.Context(), outbox.Filter{Org: w.shop.ID, Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	d := &list[0]
	_, err = w.Store.Claim(t.Context(), d, w.now.Add(time.Hour))
	w.must(err)
	w.later(4 * 24 * time.Hour)
	shows("late")
	console := func() string {
		t.Helper()
		b := w.visitor(locale.RU)
		link, err := w.Accounts.ConsoleLink(t.Context(), account.Officer, w.shop.ID, "", time.Hour)
		w.must(err)
		if a := b.post(ConsoleLogin+link, nil); a.status != http.StatusSeeOther {
			t.Fatal(a.status)
		}
		return b.want(http.StatusOK, "/console")
	}
	if body := console(); !strings.Contains(body, locale.Text(locale.RU, "page.console.late")) || !strings.Contains(body, locale.Text(locale.RU, "event.consent.withdrawn")) {
		t.Error("the console does not show who is late")
	} else if f := faults(t, body); len(f) > 0 {
		t.Error(f)
	}
	_, err = w.Outbox.Acknowledge(t.Context(), w.shop, d.ID, apptest.System)
	w.must(err)
	shows("acknowledged")
	if strings.Contains(console(), locale.Text(locale.RU, "page.console.late")) {
		t.Error("late after it was acknowledged")
	}
}
