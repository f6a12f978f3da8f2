package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/disclosure"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
	"kelisim/internal/register"
)

const (
	plantedMail  = "aisulu.tolegen@mail.example"
	plantedPhone = "+77015550142"
)

// codeIn is the end of the link in a letter.
func codeIn(t testing.TB, text string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, outbox.ConfirmPath)
	code, _, _ := strings.Cut(rest, "\n")
	if !ok || len(code) != 22 {
		t.Fatalf("no link in %q", text)
	}
	return code
}

// reach adds a contact of the person and confirms it by the link that came.
func (w *world) reach(t testing.TB, box *mailbox, lang locale.Lang, choices outbox.Choice) *outbox.Contact {
	t.Helper()
	c, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Email, plantedMail, choices, lang)
	if err != nil {
		t.Fatal(err)
	}
	w.round(t)
	all := box.all()
	got, err := w.Outbox.ConfirmContact(t.Context(), codeIn(t, all[len(all)-1].text))
	if err != nil || got.ID != c.ID || got.Status != outbox.Confirmed {
		t.Fatalf("%+v %v", got, err)
	}
	return got
}

// withMail runs a test with a mail server of its own.
func withMail(t *testing.T, test func(t *testing.T, w *world, box *mailbox)) {
	t.Helper()
	word := newMailbox(t).word() // only so that there is a channel; each engine has its own
	word.PrivateHooks = true
	each(t, word, func(t *testing.T, w *world) {
		box := newMailbox(t)
		w.deliverer.Mailer = box.mailer(t)
		test(t, w, box)
	})
}

// A contact is confirmed by the link that came to it, once and within a day; until
// then nothing else is sent there. The address is sealed.
func TestContactIsConfirmedByLink(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		c, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Email, " Aisulu.Tolegen@Mail.example", outbox.Usual, locale.KK)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(c.Sealed), "aisulu") {
			t.Error("the address lies open")
		}
		w.give(t)
		w.round(t)
		got := box.all()
		if len(got) != 1 || got[0].to != plantedMail || got[0].subject != locale.Text(locale.KK, "letter.contact.subject") {
			t.Fatalf("%+v", got)
		}
		contains(t, got[0].text, "https://kelisim.example/contact/")
		code := codeIn(t, got[0].text)
		if _, err := w.Outbox.ConfirmContact(t.Context(), code+"x"); !fault.Is(err, "contact-code") {
			t.Errorf("a code that is none: %v", err)
		}
		if _, err := w.Outbox.ConfirmOwn(t.Context(), ident.NewID(w.clock.Now()), c.ID, code); !fault.Is(err, "contact-unknown") {
			t.Errorf("somebody else's: %v", err)
		}
		if _, err := w.Outbox.ConfirmOwn(t.Context(), w.person(), c.ID, code); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Outbox.ConfirmContact(t.Context(), code); !fault.Is(err, "contact-code") {
			t.Errorf("twice: %v", err)
		}
		if _, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Email, plantedMail, outbox.Usual, locale.KK); !fault.Is(err, "contact-exists") {
			t.Errorf("the same once more: %v", err)
		}
		if _, err := w.Outbox.RemoveContact(t.Context(), w.person(), c.ID); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(time.Second)
		w.give(t)
		w.round(t)
		if n := len(box.all()); n != 1 {
			t.Errorf("%d letters: one was sent to an address that was not confirmed, or removed", n)
		}
		late, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Email, plantedMail, outbox.Usual, locale.KK)
		if err != nil {
			t.Fatal(err)
		}
		w.round(t)
		w.clock.Add(25 * time.Hour)
		code = codeIn(t, box.all()[1].text)
		if _, err := w.Outbox.ConfirmContact(t.Context(), code); !fault.Is(err, "contact-code") {
			t.Errorf("%s after a day: %v", late.ID, err)
		}
	})
}

// Nobody sends letters to strangers through us.
func TestContactsAreLimited(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, _ *mailbox) {
		add := func(value string) (*outbox.Contact, error) {
			return w.Outbox.AddContact(t.Context(), w.person(), ident.Email, value, outbox.Usual, locale.RU)
		}
		var last *outbox.Contact
		for i := range 5 {
			var err error
			if last, err = add(string(rune('a'+i)) + "@mail.example"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := add("f@mail.example"); !fault.Is(err, "contacts-too-many") {
			t.Errorf("a sixth: %v", err)
		}
		var err error
		for i := 0; err == nil && i < 20; i++ {
			if _, err = w.Outbox.RemoveContact(t.Context(), w.person(), last.ID); err == nil {
				last, err = add("g" + string(rune('a'+i)) + "@mail.example")
			}
		}
		if !fault.Is(err, "contacts-too-often") {
			t.Errorf("again and again: %v", err)
		}
	})
}

// Being asked for consent comes by letter, in the language of the contact, with
// the link and without the person.
//
// duty: L8-2.2.1
func TestRequestComesByLetter(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		for _, lang := range locale.All {
			w.clock.Add(time.Second)
			contact := w.reach(t, box, lang, outbox.Requests)
			r, _, err := w.Consents.Ask(t.Context(), w.operator, w.operator, &consent.NewRequest{
				Subject: w.subject, Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"payment"}}}, Message: "Құпия: Асыл", Actor: apptest.System,
			})
			if err != nil {
				t.Fatal(err)
			}
			w.round(t)
			all := box.all()
			got := all[len(all)-1]
			if got.subject != locale.Text(lang, "letter.request.subject", "org", w.operator.Register.Name.In(lang)) || got.to != plantedMail {
				t.Errorf("%s: %+v", lang, got)
			}
			contains(t, got.text, "https://kelisim.example/me/asked/"+r.ID.String())
			for _, part := range []string{"Асыл", apptest.IIN(1), w.subject.String(), w.person().String(), "payment"} {
				if strings.Contains(got.subject+got.text, part) {
					t.Errorf("%s: the letter tells %q", lang, part)
				}
			}
			if _, err := w.Consents.Cancel(t.Context(), r.ID, apptest.System); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Outbox.RemoveContact(t.Context(), w.person(), contact.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A person who named no contact here is asked at the address that the operator
// has; one who did is asked there, or not at all by letter.
func TestRequestComesToTheAddressOfTheOperator(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		ask := func(kind ident.Kind, value string) (*consent.Request, error) {
			r, _, err := w.Consents.Ask(t.Context(), w.operator, w.operator, &consent.NewRequest{
				Subject: w.subject, Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"payment"}}}, Actor: apptest.System,
				Contact: &outbox.Address{Kind: kind, Value: value},
			})
			return r, err
		}
		for _, bad := range []struct {
			kind               ident.Kind
			value, code, field string
		}{
			{"iin", apptest.IIN(1), "bad-enum", "contact.kind"},
			{ident.Email, "nobody", "email-form", "contact.value"},
			{ident.Phone, plantedPhone, "channel-absent", "contact.kind"},
		} {
			var f *fault.Error
			if _, err := ask(bad.kind, bad.value); !errors.As(err, &f) || f.Code != bad.code || f.Field != bad.field {
				t.Errorf("%s %s: %v", bad.kind, bad.value, err)
			}
		}
		for range 2 { // taken back and asked again: no second letter within the hour
			r, err := ask(ident.Email, plantedMail)
			if err != nil {
				t.Fatal(err)
			}
			w.round(t)
			if _, err := w.Consents.Cancel(t.Context(), r.ID, apptest.System); err != nil {
				t.Fatal(err)
			}
		}
		got := box.all()
		if len(got) != 1 || got[0].to != plantedMail {
			t.Fatalf("%+v", got)
		}
		for _, lang := range []locale.Lang{locale.KK, locale.RU} { // the operator told no language
			contains(t, got[0].text, locale.Text(lang, "letter.request", "org", w.operator.Register.Name.In(lang)))
		}
		contains(t, got[0].text, "https://kelisim.example/me/asked/")
		c, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Email, "own@mail.example", outbox.Changes, locale.RU)
		if err != nil {
			t.Fatal(err)
		}
		w.round(t)
		if _, err := w.Outbox.ConfirmContact(t.Context(), codeIn(t, box.all()[1].text)); err != nil {
			t.Fatal(c, err)
		}
		w.clock.Add(time.Hour)
		if _, err := ask(ident.Email, plantedMail); err != nil {
			t.Fatal(err)
		}
		w.round(t)
		if n := len(box.all()); n != 2 {
			t.Errorf("%d letters to who chose to have none of requests", n-2)
		}
	})
}

// pay collects a value and returns how to ask for it.
func (w *world) pay(t testing.TB) {
	t.Helper()
	w.give(t)
	_, err := w.Guard.Access(t.Context(), &gate.Ask{
		Request: gate.Request{Action: register.Collect, Purpose: "payment"}, Holder: w.operator, Asker: w.operator, Subject: w.subject,
		Actor: apptest.System, Values: map[string]json.RawMessage{"name": json.RawMessage(`"Асыл"`)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// access performs an action on the vault, or only decides on it.
func (w *world) access(t testing.TB, a register.Action, decide bool) *gate.Answer {
	t.Helper()
	ask := &gate.Ask{
		Request: gate.Request{Action: a, Purpose: "payment", Categories: []string{"name"}}, Holder: w.operator, Asker: w.operator, Subject: w.subject,
		Actor: apptest.System,
	}
	if a == register.Transfer {
		ask.Recipient = payerBIN
	}
	do := w.Guard.Access
	if decide {
		do = w.Guard.Decide
	}
	ans, err := do(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if !ans.Permit {
		t.Fatalf("%s: %v", a, ans.Codes())
	}
	return ans
}

// rows counts all that was ever to be told.
func rows(t testing.TB, a *app.App) (n int) {
	t.Helper()
	if err := apptest.Raw(t, a).QueryRowContext(t.Context(), `SELECT COUNT(*) FROM outbox`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A transfer, and whatever else the subject chose, is told by letter: once an hour
// of one sort. What was not chosen, and what nobody wants word of, leaves no row.
//
// duty: L8-2.2.2, L8-2.2.3
func TestAccessComesByLetter(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		w.pay(t)
		for _, decide := range []bool{true, false} {
			w.access(t, register.Transfer, decide)
			w.access(t, register.View, decide)
		}
		if n := rows(t, w.App); n != 0 {
			t.Fatalf("%d rows, and nobody wants word", n)
		}
		contact := w.reach(t, box, locale.RU, outbox.Transfers)
		before := rows(t, w.App)
		w.access(t, register.View, false)
		w.access(t, register.View, true)
		if n := rows(t, w.App); n != before {
			t.Fatalf("%d rows for what was not chosen", n-before)
		}
		first := w.access(t, register.Transfer, true)
		w.access(t, register.Transfer, false)
		w.access(t, register.Transfer, true)
		w.round(t)
		all := box.all()
		if len(all) != 2 || all[1].subject != locale.Text(locale.RU, "letter.transfer.subject") {
			t.Fatalf("%d letters", len(all))
		}
		contains(t, all[1].text, "https://kelisim.example/me/journal/"+first.ID.String())
		if strings.Contains(all[1].text, "Асыл") || strings.Contains(all[1].text, payerBIN) {
			t.Error("the letter tells more than it should: ", all[1].text)
		}
		w.clock.Add(time.Hour)
		if _, err := w.Outbox.ChooseNotices(t.Context(), w.person(), contact.ID, outbox.Transfers|outbox.Views); err != nil {
			t.Fatal(err)
		}
		w.access(t, register.Transfer, true)
		w.access(t, register.View, true)
		w.round(t)
		if n := len(box.all()); n != 4 {
			t.Errorf("%d letters in the next hour, want 2 more", n-2)
		}
		if _, err := w.Outbox.ChooseNotices(t.Context(), w.person(), contact.ID, 0); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(time.Hour)
		w.access(t, register.Transfer, true)
		if n := w.round(t); n != 0 {
			t.Errorf("%d tries, and nothing is chosen", n)
		}
		apptest.Clean(t, w.App)
	})
}

// Who asked for data on a ground that the Law has the subject told of is named.
//
// duty: L8-1.3
func TestInitiatorIsNamedByLetter(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		w.pay(t)
		w.reach(t, box, locale.RU, outbox.Transfers)
		ans, err := w.Guard.Decide(t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.View, Categories: []string{"name"}, Ground: "9(4)", Document: "№ 1"},
			Holder:  w.operator, Asker: w.operator, Subject: w.subject, Actor: apptest.System,
		})
		if err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		w.round(t)
		all := box.all()
		if len(all) != 2 || all[1].subject != locale.Text(locale.RU, "letter.initiator.subject") {
			t.Fatalf("%+v", all)
		}
		contains(t, all[1].text, w.operator.Register.Name.In(locale.RU))
	})
}

// untouched is a store that nobody may ask who wants word.
type untouched struct {
	outbox.Store
	t *testing.T
}

func (u untouched) Contacts(context.Context, ident.ID) ([]outbox.Contact, error) {
	u.t.Error("the store was asked who wants word")
	return nil, nil
}

func (u untouched) Webhooks(context.Context, ident.ID) ([]outbox.Webhook, error) {
	u.t.Error("the store was asked for webhooks")
	return nil, nil
}

// plain is a store of the gate on which a decision may land in no way but the
// fastest.
type plain struct {
	gate.Store
	t *testing.T
}

func (p plain) Note(context.Context, *journal.Record) (gate.Outcome, error) {
	p.t.Error("a decision landed as one of which somebody wants word")
	return gate.Outcome{}, nil
}

// A decision of which nobody wants word asks nobody, and lands as it did before
// there was an outbox, webhooks or not.
func TestDecisionWithoutWordPaysNothing(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, _ *mailbox) {
		w.pay(t)
		w.hook(t, w.payer, newReceiver(t, nil))
		w.hook(t, w.operator, newReceiver(t, nil))
		before := rows(t, w.App)
		w.Outbox.Store = untouched{w.Store, t}
		w.Guard.Store = plain{w.Store, t}
		for _, a := range []register.Action{register.View, register.Use, register.Transfer} {
			w.access(t, a, true)
			w.access(t, a, false)
		}
		if n := rows(t, w.App); n != before {
			t.Errorf("%d rows", n-before)
		}
	})
}

// That somebody was written to is forgotten after a while, what organizations were
// told is not.
func TestLettersAreForgotten(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		w.reach(t, box, locale.KK, outbox.Usual)
		w.hook(t, w.payer, newReceiver(t, nil))
		w.give(t)
		w.round(t)
		w.clock.Add(24 * time.Hour)
		if err := w.Store.ForgetLetters(t.Context(), w.clock.Now().Add(-25*time.Hour)); err != nil || rows(t, w.App) != 3 {
			t.Errorf("%d rows before their time: %v", rows(t, w.App), err)
		}
		if err := w.Store.ForgetLetters(t.Context(), w.clock.Now()); err != nil || rows(t, w.App) != 1 || len(w.all(t, w.payer)) != 1 {
			t.Errorf("%d rows after it: %v", rows(t, w.App), err)
		}
	})
}

// A letter does not tell what the subject is to be shown later.
func TestLetterKeepsBackWhatIsDeferred(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		w.pay(t)
		w.reach(t, box, locale.RU, outbox.Transfers)
		officer := func() account.Caller {
			return account.Caller{Token: ident.NewID(w.clock.Now()), Role: account.Officer, Org: w.operator.ID}
		}
		d, err := w.Deferrals.Request(t.Context(), officer(), disclosure.New{
			Subject: w.subject, Reference: "case 7", Provision: "9(1)", Document: "№ 1", Until: w.clock.Now().Add(30 * 24 * time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Deferrals.Approve(t.Context(), officer(), d.ID); err != nil {
			t.Fatal(err)
		}
		ask := &gate.Ask{
			Request: gate.Request{Action: register.Transfer, Purpose: "payment", Categories: []string{"name"}, Recipient: payerBIN},
			Holder:  w.operator, Asker: w.operator, Subject: w.subject, Actor: apptest.System, Reference: "case 7",
		}
		if ans, err := w.Guard.Decide(t.Context(), ask); err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		w.round(t)
		if n := len(box.all()); n != 1 {
			t.Errorf("%d letters, one of them of what is deferred", n-1)
		}
	})
}

// A mail server that will never take it ends the tries, one that is busy does not;
// neither the log nor the row repeats what the server says of whom.
func TestMailServerThatRefuses(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, box *mailbox) {
		busy := &smtp.SMTPError{Code: 451, Message: "busy with <" + plantedMail + ">"}
		unknown := &smtp.SMTPError{Code: 550, Message: "no mailbox <" + plantedMail + "> of Асыл"}
		answers := []error{busy, unknown}
		box.refuse = func(string) error {
			err := answers[0]
			answers = answers[1:]
			return err
		}
		c, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Email, plantedMail, outbox.Usual, locale.KK)
		if err != nil {
			t.Fatal(err)
		}
		find := func() outbox.Delivery {
			t.Helper()
			list, err := w.Store.Deliveries(t.Context(), outbox.Filter{Subject: w.person(), Limit: 10})
			if err != nil || len(list) != 1 || list[0].Target != c.ID {
				t.Fatal(list, err)
			}
			return list[0]
		}
		w.round(t)
		if d := find(); d.Status != outbox.Waiting || d.Problem != "not-sent" {
			t.Errorf("busy: %+v", d)
		}
		w.clock.Add(time.Hour)
		w.round(t)
		if d := find(); d.Status != outbox.Failed || d.Problem != "refused" {
			t.Errorf("refused: %+v", d)
		}
		for _, answer := range []error{busy, unknown} {
			box.refuse = func(string) error { return answer }
			err := w.deliverer.Mailer.Send(t.Context(), &outbox.Letter{ID: "1", To: plantedMail, Subject: "x", Text: "x"})
			if err == nil || strings.Contains(err.Error(), "aisulu") || strings.Contains(err.Error(), "Асыл") {
				t.Errorf("the error tells whom it was for: %v", err)
			}
		}
		if log := w.log.String(); strings.Contains(log, "aisulu") || strings.Contains(log, "Асыл") {
			t.Error("the log tells whom it was for: ", log)
		}
	})
}

// A mail server may want to know who sends.
func TestMailServerThatAsksWho(t *testing.T) {
	t.Parallel()
	box := newMailbox(t)
	box.users = map[string]string{"kelisim": "p@ss/word"}
	for address, ok := range map[string]bool{
		"smtp://kelisim:p%40ss%2Fword@" + box.address: true,
		"smtp://kelisim:wrong@" + box.address:         false,
		"smtp://" + box.address:                       false,
	} {
		m, err := outbox.NewSMTP(address, sender)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Send(t.Context(), &outbox.Letter{ID: "1", To: plantedMail, Subject: "Қазақша: әіңғүұқөһ", Text: "Мәтін"}); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "aisulu") {
			t.Errorf("the error tells whom it was for: %v", err)
		}
	}
	got := box.all()
	if len(got) != 1 || got[0].subject != "Қазақша: әіңғүұқөһ" || strings.TrimSpace(got[0].text) != "Мәтін" || got[0].id != "<1@consent.example>" {
		t.Errorf("%+v", got)
	}
	for _, address := range []string{"", "http://mail.example", "smtp://", "smtp://mail.example:x"} {
		if _, err := outbox.NewSMTP(address, sender); err == nil {
			t.Errorf("%q is taken for a mail server", address)
		}
	}
	if _, err := outbox.NewSMTP("smtp://mail.example", "nobody"); err == nil {
		t.Error("letters from nobody")
	}
}

// Short messages go through a gateway, called by its own pattern or by JSON, and
// name nobody and no code; or into a directory.
func TestShortMessages(t *testing.T) {
	t.Parallel()
	var asked []*http.Request
	var bodies []string
	status := 200
	gateway := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked, bodies = append(asked, r), append(bodies, string(b))
		rw.WriteHeader(status)
	}))
	t.Cleanup(gateway.Close)
	g := &outbox.Gateway{URL: gateway.URL + "/send?to={to}&text={text}&ref={id}", Authorization: "Key 1", Client: outbox.Client(true)}
	if err := g.Text(t.Context(), "7", plantedPhone, "Қазақша & т.б."); err != nil {
		t.Fatal(err)
	}
	if q := asked[0].URL.Query(); q.Get("to") != plantedPhone || q.Get("text") != "Қазақша & т.б." || q.Get("ref") != "7" || asked[0].Header.Get("Authorization") != "Key 1" {
		t.Errorf("called %s", asked[0].URL)
	}
	g.URL = gateway.URL + "/send"
	if err := g.Text(t.Context(), "8", plantedPhone, "x"); err != nil || bodies[1] != `{"id":"8","text":"x","to":"`+plantedPhone+`"}` {
		t.Errorf("%v, posted %q", err, bodies[1])
	}
	for _, s := range []int{400, 503} {
		status = s
		if err := g.Text(t.Context(), "9", plantedPhone, "x"); err == nil || strings.Contains(err.Error(), "5550142") {
			t.Errorf("%d: %v", s, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "sms")
	each(t, app.Word{SMSDir: dir}, func(t *testing.T, w *world) {
		dir := filepath.Join(t.TempDir(), "sms")
		w.deliverer.Texter = &outbox.Folder{Dir: dir}
		if _, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Phone, "8 701 555 01 42", outbox.Usual, locale.KK); err != nil {
			t.Fatal(err)
		}
		w.round(t)
		got := messages(t, dir)
		if len(got) != 1 || got[0].To != plantedPhone {
			t.Fatalf("%+v", got)
		}
		if _, err := w.Outbox.ConfirmContact(t.Context(), codeIn(t, got[0].Text+"\n")); err != nil {
			t.Fatal(err)
		}
		c := w.give(t)
		w.round(t)
		want := locale.Text(locale.KK, "sms.consent.given", "org", w.operator.Register.Name.In(locale.KK)) + " https://kelisim.example/me/consents/" + c.ID.String()
		if got = messages(t, dir); len(got) != 2 || got[0].Text != want && got[1].Text != want {
			t.Errorf("%+v, want %q", got, want)
		}
	})
}

type message struct{ To, Text string }

func messages(t testing.TB, dir string) (out []message) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var m message
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// Addresses, secrets and what is told lie nowhere open on the disk.
func TestNothingOpenOnDisk(t *testing.T) {
	t.Parallel()
	box := newMailbox(t)
	a, clock := apptest.SQLite(t)
	a.Outbox.Private, a.Outbox.Mail = true, true
	apptest.Apply(t, a, apptest.Bestam(t))
	w := populate(t, a, clock)
	w.deliverer.Mailer = box.mailer(t)
	x := newReceiver(t, nil)
	_, secret := w.hook(t, w.payer, x)
	w.reach(t, box, locale.KK, outbox.Usual)
	w.give(t)
	w.round(t)
	names, err := filepath.Glob(filepath.Join(a.Data, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"aisulu", x.Listener.Addr().String(), strings.TrimPrefix(secret, "whsec_"), codeIn(t, box.all()[0].text)} {
			if strings.Contains(string(b), part) {
				t.Errorf("%s holds %q", filepath.Base(name), part)
			}
		}
	}
}
