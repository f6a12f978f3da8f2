package consent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// coded is a person with a phone that a code can be sent to.
type coded struct {
	*asker
	dir    string // where short messages go
	post   *outbox.Deliverer
	log    strings.Builder
	phone  ident.ID // the contact
	number string
}

func eachCoded(t *testing.T, test func(t *testing.T, d *coded)) {
	t.Helper()
	dir := t.TempDir()
	apptest.EachTold(t, app.Word{SMSDir: dir}, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		d := &coded{asker: &asker{a, t, clock, org, apptest.Subject(t, a, org, 1)}, dir: dir}
		d.deliver()
		d.phone = d.contact(d.person(), "+77015550142").ID
		test(t, d)
		if !t.Failed() {
			apptest.Clean(t, d.App)
		}
	})
}

func (d *coded) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// deliver makes the deliverer of the installation as it is open now. Its log has no
// time in it: the digits of one may look like a code.
func (d *coded) deliver() {
	d.post = d.Deliverer("https://kelisim.example")
	d.post.Log = slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func (d *coded) person() ident.ID { return d.org.Inside(d.sub) }

// contact adds a phone of somebody and opens the link that came.
func (d *coded) contact(who ident.ID, number string) *outbox.Contact {
	d.t.Helper()
	c, err := d.Outbox.AddContact(d.t.Context(), who, ident.Phone, number, 0, locale.RU)
	d.must(err)
	_, link, ok := strings.Cut(d.message(who, "contact"), outbox.ConfirmPath)
	if !ok {
		d.t.Fatal("no link came")
	}
	_, err = d.Outbox.ConfirmContact(d.t.Context(), link)
	d.must(err)
	return c
}

// message sends what is due and returns the newest message of an event to somebody;
// empty where none came.
func (d *coded) message(who ident.ID, event string) string {
	d.t.Helper()
	_, err := d.post.Round(d.t.Context())
	d.must(err)
	list, err := d.Store.Deliveries(d.t.Context(), outbox.Filter{Subject: who, Limit: 100})
	d.must(err)
	for i := range list {
		if list[i].Event != event || list[i].Status != outbox.Sent {
			continue
		}
		b, err := os.ReadFile(filepath.Join(d.dir, list[i].ID.String()+".json"))
		d.must(err)
		var m struct{ Text string }
		d.must(json.Unmarshal(b, &m))
		return m.Text
	}
	return ""
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// all is the whole of what is asked, news what is left after a choice.
var (
	all      = consent.Choice{}
	toNobody = consent.Choice{ThirdParties: []string{}}
)

// question asks and shows the texts of both choices.
func (d *coded) question(change func(*consent.NewRequest)) *consent.Request {
	d.t.Helper()
	r := d.asked(func(n *consent.NewRequest) {
		n.Ask.ThirdParties = []string{"180340022918"}
		if change != nil {
			change(n)
		}
	})
	for _, c := range []consent.Choice{all, toNobody} {
		d.clock.Add(time.Millisecond)
		_, err := d.Consents.Draft(d.t.Context(), r.ID, &c, locale.RU, apptest.Person)
		d.must(err)
	}
	return r
}

func (d *coded) send(r *consent.Request, c consent.Choice, to ident.ID) (*consent.SentCode, error) {
	d.clock.Add(time.Millisecond)
	return d.Consents.SendCode(d.t.Context(), r.ID, &c, to, locale.RU, apptest.Person)
}

// code sends a code and reads it out of the message.
func (d *coded) code(r *consent.Request, c consent.Choice) string {
	d.t.Helper()
	_, err := d.send(r, c, d.phone)
	d.must(err)
	return d.read(d.person())
}

func (d *coded) read(who ident.ID) string {
	d.t.Helper()
	code := sixDigits.FindString(d.message(who, outbox.CodeEvent))
	if code == "" {
		d.t.Fatal("no code came")
	}
	return code
}

func (d *coded) typed(r *consent.Request, c consent.Choice, code string) (*consent.Consent, error) {
	d.clock.Add(time.Millisecond)
	return d.Consents.GiveByCode(d.t.Context(), r.ID, &c, locale.RU, code, apptest.Person)
}

// wrong is another code.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func want(t *testing.T, what, code string, err error) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

// A choice is confirmed by the code that came to the person's own phone: the proof
// says where it went, when, and what it was for, and is Kelisim's own word. The code
// is then nowhere.
//
// duty: L8.1, L25.2.5
func TestCodeConfirms(t *testing.T) {
	t.Parallel()
	eachCoded(t, func(t *testing.T, d *coded) {
		r := d.question(nil)
		sent, err := d.send(r, toNobody, d.phone)
		d.must(err)
		if again, err := d.send(r, toNobody, d.phone); err != nil || again.Entry != sent.Entry {
			t.Errorf("a page loaded anew: %+v, %v", again, err)
		}
		text := d.message(d.person(), outbox.CodeEvent)
		code := sixDigits.FindString(text)
		words, link, _ := strings.Cut(text, "https://")
		if code == "" || !strings.Contains(words, "Bestam") || !strings.Contains(words, "Никому не называйте") || strings.Contains(link, code) ||
			link != "kelisim.example/me/asked/"+r.ID.String() {
			t.Errorf("the message says %q", text)
		}
		d.clock.Add(time.Minute)
		c, err := d.typed(r, toNobody, code[:3]+" "+code[3:])
		d.must(err)
		v, err := d.Consents.View(t.Context(), c)
		d.must(err)
		e := v.Evidence
		if e.Channel != consent.OneTime || e.Standing != consent.Confirmed || e.Code == nil || e.Code.Contact != ident.Phone || e.Code.Masked != "+770••••••42" ||
			e.Code.TextHash != c.TextHash || e.Code.Entry != sent.Entry || !e.Code.SentAt.Equal(sent.SentAt) ||
			!e.Code.ConfirmedAt.Equal(d.clock.Now()) || e.Code.Choice != sent.Choice || len(c.Terms.ThirdParties) != 0 {
			t.Errorf("proof %+v of %+v", e.Code, e)
		}
		receipt, err := d.Consents.Receipt(t.Context(), c)
		d.must(err)
		if _, err := verify.OpenSigned(receipt, d.Keys.JWKS); err != nil || !strings.Contains(string(receipt), "+770••••••42") {
			t.Errorf("receipt: %v", err)
		}
		d.nowhere(r, code)
		if _, err := d.typed(r, toNobody, code); !fault.Is(err, "request-answered") {
			t.Errorf("typed in twice: %v", err)
		}
	})
}

// nowhere looks for a code in what is kept after it was sent and used: the letter,
// the journal, the log, the question.
func (d *coded) nowhere(r *consent.Request, code string) {
	d.t.Helper()
	list, err := d.Store.Deliveries(d.t.Context(), outbox.Filter{Subject: d.person(), About: r.ID, Limit: 100})
	d.must(err)
	for i := range list {
		if list[i].Event == outbox.CodeEvent && len(list[i].Sealed) > 0 {
			d.t.Errorf("a letter that is %s keeps its code", list[i].Status)
		}
	}
	_, opened, err := d.Journal.List(d.t.Context(), journal.Filter{Org: d.org.ID, Limit: 200})
	d.must(err)
	acts := []string{}
	for _, o := range opened {
		e := o.Entry
		acts = append(acts, e.Action)
		if strings.Contains(strings.Join([]string{e.Detail, e.Reference, e.Role, e.Country, e.Actor.ID, e.Recipient}, " "), code) {
			d.t.Errorf("%s tells the code", e.Action)
		}
	}
	if !slices.Contains(acts, "consent.code") {
		d.t.Errorf("no entry that a code was sent: %v", acts)
	}
	if strings.Contains(d.log.String(), code) {
		d.t.Errorf("the log tells the code: %s", d.log.String())
	}
	r, err = d.Store.Request(d.t.Context(), r.ID)
	d.must(err)
	note, err := d.Consents.Note(d.t.Context(), r)
	d.must(err)
	if b, err := json.Marshal(note); err != nil || strings.Contains(string(b), `"`+code+`"`) {
		d.t.Errorf("the question keeps the code (%v)", err)
	}
	if r.Status == consent.Given && note.Code != nil {
		d.t.Error("the question is answered and keeps the hash")
	}
}

// What confirms nothing, each on a question of its own.
func TestCodeRefused(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		try  func(d *coded, r *consent.Request) error
		want string
	}{
		"no code was sent":  {func(d *coded, r *consent.Request) error { return second(d.typed(r, all, "123456")) }, "code-absent"},
		"not six digits":    {func(d *coded, r *consent.Request) error { return second(d.typed(r, all, "12345")) }, "code-form"},
		"letters":           {func(d *coded, r *consent.Request) error { return second(d.typed(r, all, "12345a")) }, "code-form"},
		"digits of another": {func(d *coded, r *consent.Request) error { return second(d.typed(r, all, "١٢٣")) }, "code-form"},
		"a wrong code": {func(d *coded, r *consent.Request) error {
			return second(d.typed(r, all, wrong(d.code(r, all))))
		}, "code-wrong"},
		"the right one after too many wrong ones": {func(d *coded, r *consent.Request) error {
			code := d.code(r, all)
			for n := range 5 {
				_, err := d.typed(r, all, wrong(code))
				want(d.t, "a wrong one", []string{"code-wrong", "code-wrong", "code-wrong", "code-wrong", "code-spent"}[n], err)
			}
			return second(d.typed(r, all, code))
		}, "code-spent"},
		"a late code": {func(d *coded, r *consent.Request) error {
			code := d.code(r, all)
			d.clock.Add(10 * time.Minute)
			return second(d.typed(r, all, code))
		}, "code-late"},
		"a code of another choice": {func(d *coded, r *consent.Request) error {
			return second(d.typed(r, toNobody, d.code(r, all)))
		}, "code-other-choice"},
		"a code of another question": {func(d *coded, r *consent.Request) error {
			other := d.question(func(n *consent.NewRequest) { n.Ask.Until = d.clock.Now().Add(240 * time.Hour) })
			code, mine := d.code(other, all), d.code(r, all)
			if code == mine { // one in a million
				code = wrong(mine)
			}
			return second(d.typed(r, all, code))
		}, "code-wrong"},
		"a former code": {func(d *coded, r *consent.Request) error {
			code := d.code(r, all)
			d.clock.Add(time.Minute)
			if next := d.code(r, all); next == code {
				code = wrong(code)
			}
			return second(d.typed(r, all, code))
		}, "code-wrong"},
		"the address was removed since": {func(d *coded, r *consent.Request) error {
			code := d.code(r, all)
			_, err := d.Outbox.RemoveContact(d.t.Context(), d.person(), d.phone)
			d.must(err)
			return second(d.typed(r, all, code))
		}, "code-contact"},
		"the address was removed and added again": {func(d *coded, r *consent.Request) error {
			code := d.code(r, all)
			_, err := d.Outbox.RemoveContact(d.t.Context(), d.person(), d.phone)
			d.must(err)
			d.contact(d.person(), d.number)
			return second(d.typed(r, all, code))
		}, "code-contact"},
		"to an address that is not confirmed": {func(d *coded, r *consent.Request) error {
			c, err := d.Outbox.AddContact(d.t.Context(), d.person(), ident.Phone, "+77015550143", 0, locale.RU)
			d.must(err)
			return second(d.send(r, all, c.ID))
		}, "contact-unconfirmed"},
		"to another person's address": {func(d *coded, r *consent.Request) error {
			other := d.org.Inside(apptest.Subject(d.t, d.App, d.org, 2))
			return second(d.send(r, all, d.contact(other, "+77015550144").ID))
		}, "contact-unknown"},
		"of a text that was not shown": {func(d *coded, r *consent.Request) error {
			return second(d.Consents.SendCode(d.t.Context(), r.ID, &all, d.phone, locale.EN, apptest.Person))
		}, "request-not-shown"},
		"in another language than it was read": {func(d *coded, r *consent.Request) error {
			return second(d.Consents.GiveByCode(d.t.Context(), r.ID, &all, locale.KK, d.code(r, all), apptest.Person))
		}, "code-other-choice"},
		"of more than was asked": {func(d *coded, r *consent.Request) error {
			return second(d.send(r, consent.Choice{Purposes: []string{"contracts"}}, d.phone))
		}, "not-asked"},
		"to a question that was refused": {func(d *coded, r *consent.Request) error {
			code := d.code(r, all)
			_, err := d.Consents.Refuse(d.t.Context(), r.ID, "", apptest.Person)
			d.must(err)
			want(d.t, "another code", "request-answered", second(d.send(r, all, d.phone)))
			return second(d.typed(r, all, code))
		}, "request-answered"},
		"a sixth code within the hour": {func(d *coded, r *consent.Request) error {
			for range 5 {
				d.code(r, all)
				d.clock.Add(2 * time.Minute)
			}
			err := second(d.send(r, all, d.phone))
			d.clock.Add(time.Hour)
			want(d.t, "an hour later", "", second(d.send(r, all, d.phone)))
			return err
		}, "codes-too-often"},
		"by an operator": {func(d *coded, r *consent.Request) error {
			return second(d.Consents.SendCode(d.t.Context(), r.ID, &all, d.phone, locale.RU, apptest.System))
		}, "forbidden"},
	}
	eachCoded(t, func(t *testing.T, d *coded) {
		for i, name := range slices.Sorted(maps.Keys(rows)) {
			row := rows[name]
			d.sub = apptest.Subject(t, d.App, d.org, 10+i)
			d.number = fmt.Sprintf("+7702555%04d", i)
			d.phone = d.contact(d.person(), d.number).ID
			r := d.question(nil)
			want(t, name, row.want, row.try(d, r))
			if s := d.status(r.ID); s == consent.Given {
				t.Errorf("%s: it was given", name)
			}
			if list, err := d.Store.Consents(t.Context(), consent.Filter{Subject: d.person()}); err != nil || len(list) > 0 {
				t.Errorf("%s: %d consents, %v", name, len(list), err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A parent who answers for a child gets the code at the own address, and not the
// child's; the code is the parent's alone.
func TestCodeOfARepresentative(t *testing.T) {
	t.Parallel()
	eachCoded(t, func(t *testing.T, d *coded) {
		born := time.Date(2012, 5, 14, 0, 0, 0, 0, time.UTC)
		iin, ok := ident.MakeIIN(born, false, 40)
		if !ok {
			t.Fatal("no number of a child")
		}
		child, _, err := d.Parties.Register(t.Context(), d.org, apptest.System, party.NewSubject{
			Identifiers: []party.Identifier{{Kind: ident.IIN, Value: iin}}, Profile: party.Profile{Name: "Бала"},
		})
		d.must(err)
		way, err := d.Represent.Register(t.Context(), d.org, &represent.New{
			Subject: child, Representative: d.sub, Kind: represent.Parent, IIN: iin,
			Document: represent.Document{Kind: "birth certificate", Number: "No. 417"}, Actor: apptest.System,
		})
		d.must(err)
		mother := represent.Actor(d.org.Outside(way.ID))
		r := d.asked(func(n *consent.NewRequest) { n.Subject = child })
		_, err = d.Consents.Draft(t.Context(), r.ID, &all, locale.RU, mother)
		d.must(err)
		if list, err := d.Consents.CodeContacts(t.Context(), r, mother); err != nil || len(list) != 1 || list[0].ID != d.phone {
			t.Errorf("a code can go to %+v, %v", list, err)
		}
		kid := d.contact(d.org.Inside(child), "+77015550145").ID
		_, err = d.Consents.SendCode(t.Context(), r.ID, &all, kid, locale.RU, mother)
		want(t, "to the child's own address", "contact-unknown", err)
		_, err = d.Consents.SendCode(t.Context(), r.ID, &all, d.phone, locale.RU, mother)
		d.must(err)
		code := d.read(d.person())
		_, err = d.Consents.GiveByCode(t.Context(), r.ID, &all, locale.RU, code, apptest.Person)
		want(t, "by the child", "code-absent", err)
		c, err := d.Consents.GiveByCode(t.Context(), r.ID, &all, locale.RU, code, mother)
		d.must(err)
		p, err := d.Consents.Proof(t.Context(), c)
		d.must(err)
		if p.Code == nil || p.Representative == nil || p.Code.Masked != "+770••••••42" {
			t.Errorf("proof %+v", p)
		}
	})
}

// Two pages of one question: the code of the one confirms nothing on the other, and
// typed in on many at once it gives one consent.
func TestCodeOnTwoPages(t *testing.T) {
	t.Parallel()
	eachCoded(t, func(t *testing.T, d *coded) {
		r := d.question(nil)
		first := d.code(r, all)
		other := d.code(r, toNobody)
		if first != other {
			_, err := d.typed(r, all, first)
			want(t, "the page before", "code-other-choice", err)
		}
		var given, done sync.Map
		var work sync.WaitGroup
		for n := range 8 {
			work.Go(func() {
				c, err := d.Consents.GiveByCode(t.Context(), r.ID, &toNobody, locale.RU, other, apptest.Person)
				if err == nil {
					given.Store(c.ID, true)
				} else if !fault.Is(err, "request-answered") && fault.KindOf(err) != fault.Unavailable {
					done.Store(n, err)
				}
			})
		}
		work.Wait()
		n := 0
		given.Range(func(_, _ any) bool { n++; return true })
		done.Range(func(_, err any) bool { t.Error(err); return true })
		if list, err := d.Store.Consents(t.Context(), consent.Filter{Subject: d.person()}); err != nil || n != 1 || len(list) != 1 {
			t.Errorf("%d of %d consents, %v", n, len(list), err)
		}
	})
}

// Guesses all at once are counted one by one: no more than so many are judged.
func TestCodeGuessedAtOnce(t *testing.T) {
	t.Parallel()
	eachCoded(t, func(t *testing.T, d *coded) {
		r := d.question(nil)
		code := d.code(r, all)
		var judged sync.Map
		var work sync.WaitGroup
		for n := range 12 {
			work.Go(func() {
				_, err := d.Consents.GiveByCode(t.Context(), r.ID, &all, locale.RU, wrong(code), apptest.Person)
				var f *fault.Error
				if errors.As(err, &f) && (f.Code == "code-wrong") {
					judged.Store(n, true)
				}
			})
		}
		work.Wait()
		n := 0
		judged.Range(func(_, _ any) bool { n++; return true })
		if n > 4 {
			t.Errorf("%d guesses were told wrong with more to come", n)
		}
		for range 5 { // those that were turned away unjudged
			_, _ = d.typed(r, all, wrong(code))
		}
		_, err := d.typed(r, all, code)
		want(t, "the right one after them", "code-spent", err)
	})
}

// A code is good after the installation was opened anew; the tries count on.
func TestCodeSurvivesARestart(t *testing.T) {
	t.Parallel()
	eachCoded(t, func(t *testing.T, d *coded) {
		r := d.question(nil)
		code := d.code(r, all)
		_, err := d.typed(r, all, wrong(code))
		want(t, "a wrong one", "code-wrong", err)
		d.App = apptest.Reopen(t, d.App)
		for range 3 {
			_, err = d.typed(r, all, wrong(code))
			want(t, "a wrong one", "code-wrong", err)
		}
		_, err = d.typed(r, all, code)
		d.must(err)
	})
}

var errPower = fault.Wrap(fault.Unavailable, "unavailable", errors.New("power failed"))

// power fails at the one write there is, before it reached the disk or after.
type power struct {
	consent.RequestStore
	after, off bool
}

func (p *power) write(do func() (bool, error)) (bool, error) {
	if p.off {
		return false, errPower
	}
	if p.off = true; p.after {
		if _, err := do(); err != nil {
			return false, err
		}
	}
	return false, errPower
}

func (p *power) UpdateRequest(ctx context.Context, r *consent.Request, t *consent.Text, rec *journal.Record) (bool, error) {
	return p.write(func() (bool, error) { return p.RequestStore.UpdateRequest(ctx, r, t, rec) })
}

func (p *power) AnswerRequest(ctx context.Context, r *consent.Request, c *consent.Consent, t *consent.Text, old []*consent.Consent, rec *journal.Record) (bool, error) {
	return p.write(func() (bool, error) { return p.RequestStore.AnswerRequest(ctx, r, c, t, old, rec) })
}

// Power fails at each write, before it and after: a code was sent or it was not, a
// wrong one was counted or it was not judged, a consent was given with its proof or
// not at all.
func TestCodeWhenPowerFails(t *testing.T) {
	t.Parallel()
	eachCoded(t, func(t *testing.T, d *coded) {
		day := 0
		for _, after := range []bool{false, true} {
			dying := func() *consent.Consents {
				c := *d.Consents
				c.Requests = &power{RequestStore: d.Store, after: after}
				return &c
			}
			next := func() *consent.Request { // every question is another one
				day++
				d.clock.Add(2 * time.Hour)
				return d.question(func(n *consent.NewRequest) { n.Ask.Until = d.clock.Now().AddDate(0, day, 0) })
			}
			unavailable := func(what string, err error) {
				t.Helper()
				if fault.KindOf(err) != fault.Unavailable {
					t.Errorf("%s, after %t: %v", what, after, err)
				}
			}

			r := next()
			_, err := dying().SendCode(t.Context(), r.ID, &all, d.phone, locale.RU, apptest.Person)
			unavailable("sending", err)
			n, err := d.Outbox.CountCodes(t.Context(), d.person(), d.clock.Now().Add(-time.Minute))
			d.must(err)
			if (n == 1) != after {
				t.Errorf("sending, after %t: %d letters", after, n)
			}
			code := d.code(r, all) // the same once more, or the first
			if n, err := d.Outbox.CountCodes(t.Context(), d.person(), d.clock.Now().Add(-time.Minute)); err != nil || n != 1 {
				t.Errorf("sent again, after %t: %d letters, %v", after, n, err)
			}

			_, err = dying().GiveByCode(t.Context(), r.ID, &all, locale.RU, wrong(code), apptest.Person)
			unavailable("a wrong one", err)
			note, err := d.Consents.Note(t.Context(), d.again(r))
			d.must(err)
			if (note.Code.Tries == 1) != after {
				t.Errorf("a wrong one, after %t: counted %d", after, note.Code.Tries)
			}

			_, err = dying().GiveByCode(t.Context(), r.ID, &all, locale.RU, code, apptest.Person)
			unavailable("giving", err)
			if got := d.again(r); (got.Status == consent.Given) != after || got.Consent.IsZero() == after {
				t.Errorf("giving, after %t: %s", after, got.Status)
			}
			c, err := d.typed(r, all, code)
			if after {
				want(t, "given before", "request-answered", err)
				c, err = d.Store.Consent(t.Context(), d.again(r).Consent)
			}
			d.must(err)
			if p, err := d.Consents.Proof(t.Context(), c); err != nil || p.Code == nil {
				t.Errorf("after %t: a consent without its proof, %v", after, err)
			}
		}
	})
}

func (d *coded) again(r *consent.Request) *consent.Request {
	d.t.Helper()
	got, err := d.Store.Request(d.t.Context(), r.ID)
	d.must(err)
	return got
}
