package consent_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
)

// counter is one subject and the operator who asks.
type asker struct {
	*app.App
	t     *testing.T
	clock *apptest.Clock
	org   *party.Organization
	sub   ident.ID
}

func eachAsker(t *testing.T, test func(t *testing.T, d *asker)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		test(t, &asker{a, t, clock, org, apptest.Subject(t, a, org, 1)})
		if !t.Failed() {
			apptest.Clean(t, a)
		}
	})
}

func (d *asker) ask(change func(*consent.NewRequest)) (*consent.Request, bool, error) {
	d.clock.Add(time.Millisecond)
	in := &consent.NewRequest{
		Subject: d.sub, Message: "для договора 7", Actor: apptest.System,
		Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"payment"}}},
	}
	if change != nil {
		change(in)
	}
	return d.Consents.Ask(d.t.Context(), d.org, d.org, in)
}

func (d *asker) asked(change func(*consent.NewRequest)) *consent.Request {
	d.t.Helper()
	r, created, err := d.ask(change)
	if err != nil || !created {
		d.t.Fatalf("created %v: %v", created, err)
	}
	return r
}

func (d *asker) show(id ident.ID, lang locale.Lang) *consent.Text {
	d.t.Helper()
	d.clock.Add(time.Millisecond)
	_, text, err := d.Consents.Show(d.t.Context(), id, lang, apptest.Person)
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

func (d *asker) give(id ident.ID, c consent.Choice) (*consent.Consent, error) {
	d.clock.Add(time.Millisecond)
	return d.Consents.Give(d.t.Context(), id, &c, locale.KK, consent.Proof{Channel: consent.Cabinet}, nil, apptest.Person)
}

func (d *asker) status(id ident.ID) consent.RequestStatus {
	d.t.Helper()
	r, err := d.Store.Request(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return r.StatusAt(d.clock.Now())
}

// A question is shown before it is answered; the consent that follows holds what
// was chosen, and the request knows both what was shown and what was given.
//
// duty: L8-1.2.1, L8-2.2.1, L24.1.6
func TestAskedShownGiven(t *testing.T) {
	t.Parallel()
	eachAsker(t, func(t *testing.T, d *asker) {
		r := d.asked(func(n *consent.NewRequest) { n.Ask.Optional = []string{"phone"} })
		if _, err := d.give(r.ID, consent.Choice{}); !fault.Is(err, "request-not-shown") {
			t.Fatalf("given before it was shown: %v", err)
		}
		text := d.show(r.ID, locale.KK)
		d.show(r.ID, locale.KK)
		other := d.show(r.ID, locale.RU)
		c, err := d.give(r.ID, consent.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(c.Terms.Categories, "phone") || !slices.Contains(c.Terms.Categories, "name") {
			t.Errorf("given %v: what is optional was not ticked", c.Terms.Categories)
		}
		got, err := d.Store.Request(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != consent.Given || got.Consent != c.ID || len(got.Shown) != 2 || got.Shown[0].TextHash != text.Hash || got.Shown[1].TextHash != other.Hash {
			t.Errorf("the request says %+v", got)
		}
		if c.TextHash == text.Hash {
			t.Error("what was given is less than what was shown, and has its text")
		}
		for _, hash := range []string{text.Hash, other.Hash, c.TextHash} {
			if kept, err := d.Store.Text(t.Context(), hash); err != nil || kept.Hash != hash {
				t.Errorf("text %s: %v", hash, err)
			}
		}
		if _, err := d.give(r.ID, consent.Choice{}); !fault.Is(err, "request-answered") {
			t.Errorf("given twice: %v", err)
		}
		p, err := d.Consents.Proof(t.Context(), c)
		if err != nil || p.Channel != consent.Cabinet {
			t.Errorf("proof %+v: %v", p, err)
		}
	})
}

// An equal open question is the same one; two at one moment are one.
func TestEqualQuestionsAreOne(t *testing.T) {
	t.Parallel()
	eachAsker(t, func(t *testing.T, d *asker) {
		var mu sync.Mutex
		ids := map[ident.ID]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				r, _, err := d.ask(nil)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
				ids[r.ID] = true
			})
		}
		wg.Wait()
		if len(ids) != 1 {
			t.Errorf("%d requests for one question", len(ids))
		}
		if _, created, err := d.ask(func(n *consent.NewRequest) { n.Ask.Terms.Purposes = []string{"news"} }); err != nil || !created {
			t.Errorf("another question: %v %v", created, err)
		}
	})
}

// A refusal is kept with its reason sealed, and the same is not asked again
// before the term that the description sets.
//
// duty: L8-1.2.1
func TestRefusalIsRespected(t *testing.T) {
	t.Parallel()
	eachAsker(t, func(t *testing.T, d *asker) {
		desc := *d.org.Register.Description
		desc.Purposes = slices.Clone(desc.Purposes)
		for i := range desc.Purposes {
			if desc.Purposes[i].ID == "payment" {
				desc.Purposes[i].AskAgain.Days = 30
			}
		}
		if _, err := d.Parties.Apply(t.Context(), apptest.System, &desc, true); err != nil {
			t.Fatal(err)
		}
		d.org = apptest.Org(t, d.App, "")
		r := d.asked(nil)
		if _, err := d.Consents.Refuse(t.Context(), r.ID, "не хочу", apptest.Person); err != nil {
			t.Fatal(err)
		}
		got, err := d.Store.Request(t.Context(), r.ID)
		if err != nil || got.Status != consent.Refused {
			t.Fatalf("%+v: %v", got, err)
		}
		if note, err := d.Consents.Note(t.Context(), got); err != nil || note.Reason != "не хочу" || note.Message != "для договора 7" {
			t.Errorf("note %+v: %v", note, err)
		}
		d.clock.Add(29 * 24 * time.Hour)
		if _, _, err := d.ask(nil); !fault.Is(err, "refused-recently") {
			t.Errorf("asked again after 29 days: %v", err)
		}
		if _, _, err := d.ask(func(n *consent.NewRequest) { n.Ask.Terms.Purposes = []string{"news"} }); err != nil {
			t.Errorf("asked for something else: %v", err)
		}
		d.clock.Add(24 * time.Hour)
		if _, created, err := d.ask(nil); err != nil || !created {
			t.Errorf("asked again after 30 days: %v", err)
		}
	})
}

// Who does not answer has not given; who asked may take the question back.
func TestUnansweredAndCancelled(t *testing.T) {
	t.Parallel()
	eachAsker(t, func(t *testing.T, d *asker) {
		r := d.asked(nil)
		d.show(r.ID, locale.KK)
		d.clock.Set(r.Expires)
		if s := d.status(r.ID); s != consent.ExpiredRequest {
			t.Fatalf("at the end of its term it is %s", s)
		}
		if _, err := d.give(r.ID, consent.Choice{}); !fault.Is(err, "request-answered") {
			t.Errorf("given too late: %v", err)
		}
		due, err := d.Store.DueRequests(t.Context(), d.clock.Now(), 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("%d due: %v", len(due), err)
		}
		if err := d.Consents.Unanswered(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		if due, err := d.Store.DueRequests(t.Context(), d.clock.Now(), 10); err != nil || len(due) != 0 {
			t.Errorf("%d still due: %v", len(due), err)
		}
		r = d.asked(nil)
		if _, err := d.Consents.Cancel(t.Context(), r.ID, apptest.System); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Consents.Refuse(t.Context(), r.ID, "", apptest.Person); !fault.Is(err, "request-answered") {
			t.Errorf("refused what was taken back: %v", err)
		}
	})
}

// At a counter the subject finds the clerk's number; three misses end it.
func TestNumberAtTheCounter(t *testing.T) {
	t.Parallel()
	eachAsker(t, func(t *testing.T, d *asker) {
		r := d.asked(func(n *consent.NewRequest) { n.Counter = true })
		if len(r.Ask.Choices) != 3 || !slices.Contains(r.Ask.Choices, r.Ask.Number) || r.Expires.Sub(r.Created) > 15*time.Minute {
			t.Fatalf("%+v", r.Ask)
		}
		if err := d.Consents.Choose(t.Context(), r.ID, r.Ask.Number, apptest.Person); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := d.Consents.Choose(t.Context(), r.ID, 7, apptest.Person); !fault.Is(err, "number-wrong") {
				t.Fatalf("miss %d: %v", i, err)
			}
		}
		if s := d.status(r.ID); s != consent.Cancelled {
			t.Errorf("after three misses it is %s", s)
		}
	})
}

// What is given never exceeds what was asked, keeps what the chosen purposes
// need, and is refused with its field where it would not.
func TestNarrowingNeverWidens(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	d := &asker{a, t, clock, org, apptest.Subject(t, a, org, 1)}
	all := []string{"payment", "news", "contracts"}
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(list []string, name string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(list), 0, 3, rapid.ID).Draw(rt, name)
		}
		purposes := append(pick(all, "asked"), "payment")
		r, _, err := d.ask(func(n *consent.NewRequest) { n.Ask.Terms.Purposes = purposes })
		if err != nil {
			rt.Fatal(err)
		}
		d.show(r.ID, locale.KK)
		choice := consent.Choice{Purposes: pick(all, "chosen"), Categories: pick([]string{"name", "phone", "email", "iin", "shoes"}, "data")}
		c, err := d.give(r.ID, choice)
		if err == nil {
			for _, id := range c.Terms.Purposes {
				if !slices.Contains(r.Ask.Purposes, id) {
					rt.Fatalf("given %s, which was not asked", id)
				}
			}
			for _, id := range c.Terms.Categories {
				if !slices.Contains(r.Ask.Categories, id) {
					rt.Fatalf("given %s, which was not asked", id)
				}
			}
			return
		}
		if k := fault.KindOf(err); k != fault.Invalid {
			rt.Fatalf("%v", err)
		}
		if d.status(r.ID) != consent.Pending {
			rt.Fatal("a bad choice ended the request")
		}
		if _, err := d.Consents.Cancel(context.Background(), r.ID, apptest.System); err != nil {
			rt.Fatal(err)
		}
	})
}
