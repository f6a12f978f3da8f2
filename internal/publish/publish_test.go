package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/order"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/register"
	"kelisim/internal/request"
	"kelisim/internal/term"
	"kelisim/verify"
)

var officer = verify.Actor{Kind: "person", ID: "17"}

// world is an installation with the example operator, which may make the data of
// one purpose public, and people who agreed to that.
type world struct {
	*app.App
	t      testing.TB
	clock  *apptest.Clock
	org    *party.Organization
	people int
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		clock.Add(time.Second)
		test(t, &world{App: a, t: t, clock: clock, org: apptest.Apply(t, a, public(t))})
	})
}

// public is the example's description with a purpose that is public.
func public(t testing.TB) string {
	text := apptest.Bestam(t)
	at := strings.Index(text, "  - id: services")
	rest := strings.Replace(text[at:], "view, access,", "view, access, disseminate,", 1)
	return text[:at] + strings.Replace(rest, "    retention: P1Y\n", "    retention: P1Y\n    public: true\n", 1)
}

// person is somebody new, as the operator knows them.
func (w *world) person() ident.ID {
	w.people++
	return apptest.Subject(w.t, w.App, w.org, w.people)
}

// agreed is a consent to dissemination.
func (w *world) agreed(who ident.ID, said ...consent.Said) *consent.Consent {
	w.t.Helper()
	c, err := w.Consents.Record(w.t.Context(), w.org, &consent.New{
		Subject: who, Terms: consent.Terms{Purposes: []string{"services"}, PublicSources: true}, Conditions: said,
		Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func site(who ident.ID, address string, categories ...string) *publish.New {
	return &publish.New{
		Subject: who, Purpose: "services", Categories: categories, Kind: publish.Site,
		Source: publish.Source{Name: "Notice board", Address: address}, Actor: officer,
	}
}

// published records a publication that has to be permitted.
func (w *world) published(in *publish.New) *publish.Publication {
	w.t.Helper()
	p, ans, err := w.Publications.Publish(w.t.Context(), w.org, in)
	if err != nil || !ans.Permit {
		w.t.Fatal(ans, err)
	}
	return p
}

func (w *world) stored(id ident.ID) *publish.Publication {
	w.t.Helper()
	p, err := w.Publications.Of(w.t.Context(), w.org, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) content(id ident.ID) *publish.Content {
	w.t.Helper()
	c, err := w.Publications.Content(w.t.Context(), w.stored(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) term(id ident.ID) *term.Term {
	w.t.Helper()
	t, err := w.Store.Term(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) removed(id ident.ID) *publish.Publication {
	w.t.Helper()
	p, err := w.Publications.Done(w.t.Context(), w.org, id, &publish.Report{How: "deleted by the editors", Document: "letter 5", Actor: officer})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// acts are the entries of a person by action.
func (w *world) acts(who ident.ID, action string) []*journal.Opened {
	w.t.Helper()
	_, list, err := w.Journal.List(w.t.Context(), journal.Filter{BySubject: true, Subject: w.org.Inside(who), Org: w.org.ID, Action: action, Limit: 10000})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// ask decides on a publication without recording one.
func (w *world) ask(ctx context.Context, who ident.ID, categories ...string) (*gate.Answer, error) {
	return w.Guard.Decide(ctx, &gate.Ask{
		Request: gate.Request{Action: register.Disseminate, Purpose: "services", Categories: categories},
		Holder:  w.org, Asker: w.org, Subject: who, Actor: apptest.System,
	})
}

func (w *world) demand(who ident.ID, k request.Kind, d request.Details) *request.Request {
	w.t.Helper()
	r, err := w.Requests.Receive(w.t.Context(), w.org, w.org.Inside(who), &request.New{Kind: k, Details: d, Language: "en", Actor: apptest.Person})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) answer(r *request.Request) *request.Answer {
	w.t.Helper()
	n, err := w.Requests.Of(w.t.Context(), w.org, r.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := w.Requests.Body(w.t.Context(), n)
	if err != nil || b.Answer == nil {
		w.t.Fatal(n.Status, err)
	}
	return b.Answer
}

func day(t time.Time) string {
	return t.In(time.FixedZone("Almaty", 5*3600)).Format(time.DateOnly)
}

// A publication is recorded where the gate permits it, and only there; the term to
// publish the conditions is met with the first.
//
// duty: P5.11, P5.13, L6.1
func TestPublish(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who, none := w.person(), w.person()
		c := w.agreed(who, consent.Said{Condition: consent.Condition{Category: "phone", Ban: true}}, consent.Said{Condition: consent.Condition{Category: "name"}, Text: "only with a link"})
		if owed, err := w.Publications.Owed(t.Context(), w.org.ID, 10); err != nil || len(owed) != 1 || owed[0].About.ID != c.ID || day(owed[0].Due) != "2023-11-28" {
			t.Fatalf("%+v %v", owed, err)
		}
		p := w.published(site(who, "https://board.example/asel?phone=7011234567", "name", "phone"))
		if p.Status != publish.Public || p.Consent != c.ID || p.Ground != "" {
			t.Errorf("%+v", p)
		}
		if owed, err := w.Publications.Owed(t.Context(), w.org.ID, 10); err != nil || len(owed) != 0 {
			t.Error("the conditions stand on the page of the publication, and are still owed: ", owed, err)
		}
		if list := w.acts(who, "disseminate"); len(list) != 1 || list[0].Decision != "permit" || list[0].Reference != p.ID.String() || ident.ID(list[0].Consent) != c.ID {
			t.Errorf("%+v", list)
		}
		told, err := w.Publications.Conditions(t.Context(), w.org, publish.Token(w.org, p))
		if err != nil || fmt.Sprint(told.Categories) != "[{name false only with a link} {phone true }]" {
			t.Errorf("%+v %v", told, err)
		}
		if _, err := w.Publications.Conditions(t.Context(), w.org, p.ID); !fault.Is(err, "publication-unknown") {
			t.Error("the page is found by another number: ", err)
		}
		// Nobody agreed, or not to that.
		for who, categories := range map[ident.ID]string{none: "name", who: "iin"} {
			p, ans, err := w.Publications.Publish(t.Context(), w.org, site(who, "https://board.example/2", categories))
			if err != nil || p != nil || ans.Permit {
				t.Error(p, ans, err)
			}
		}
		if list := w.acts(none, "disseminate"); len(list) != 1 || list[0].Decision != "deny" {
			t.Error("a refusal is not in the journal: ", list)
		}
		// A ban stands.
		if _, err := w.Guard.SetBan(t.Context(), w.org, w.org.Inside(who), apptest.Person, gate.Ban{Actions: []register.Action{register.Disseminate}}); err != nil {
			t.Fatal(err)
		}
		if p, ans, err := w.Publications.Publish(t.Context(), w.org, site(who, "https://board.example/3", "name")); err != nil || p != nil || ans.Permit {
			t.Error(p, ans, err)
		}
		// A ground of the Law goes over it.
		in := site(who, "https://gov.example/list", "name")
		in.Ground, in.Document = "9(7)", "law on elections"
		if p := w.published(in); p.Ground != "9(7)" || !p.Consent.IsZero() {
			t.Errorf("%+v", p)
		}
		apptest.Clean(t, w.App)
	})
}

// What a person typed, and the address above all, is nowhere in the clear.
func TestAddressIsSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		w.agreed(who)
		p := w.published(site(who, "https://board.example/planted?iin=900101300017", "name"))
		if bytes.Contains(p.Sealed, []byte("planted")) || bytes.Contains(p.Sealed, []byte("board")) {
			t.Error("the row has the address")
		}
		if w.content(p.ID).Source.Address != "https://board.example/planted?iin=900101300017" {
			t.Error(w.content(p.ID))
		}
	})
}

// duty: L6.1
func TestBadPublications(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who, stranger := w.person(), ident.NewID(w.clock.Now())
		w.agreed(who, consent.Said{Condition: consent.Condition{Category: "phone", Ban: true}})
		w.published(site(who, "https://Board.example/asel/", "name"))
		for name, bad := range map[string]struct {
			change func(*publish.New)
			code   string
		}{
			"somebody unknown":       {func(n *publish.New) { n.Subject = stranger }, "subject-unknown"},
			"no purpose":             {func(n *publish.New) { n.Purpose = "" }, "missing-field"},
			"no data":                {func(n *publish.New) { n.Categories = nil }, "missing-field"},
			"unknown data":           {func(n *publish.New) { n.Categories = []string{"shoe-size"} }, "category-absent"},
			"an unknown source":      {func(n *publish.New) { n.Kind = "tavern" }, "bad-enum"},
			"no name":                {func(n *publish.New) { n.Source.Name = " " }, "missing-field"},
			"a long name":            {func(n *publish.New) { n.Source.Name = strings.Repeat("x", 201) }, "too-long"},
			"no address":             {func(n *publish.New) { n.Source.Address = "" }, "missing-field"},
			"a script":               {func(n *publish.New) { n.Source.Address = "javascript:alert(1)" }, "publication-address"},
			"a password":             {func(n *publish.New) { n.Source.Address = "https://me:secret@board.example/" }, "publication-address"},
			"a page of no site":      {func(n *publish.New) { n.Source.Address = "page 12" }, "publication-address"},
			"a line break":           {func(n *publish.New) { n.Source.Address = "https://board.example/\nX: y" }, "publication-characters"},
			"what turns a line":      {func(n *publish.New) { n.Source.Name = "board\u202egnp" }, "publication-characters"},
			"a broken letter":        {func(n *publish.New) { n.Source.Name = "b\xff" }, "publication-characters"},
			"in the future":          {func(n *publish.New) { n.Since = w.clock.Now().Add(time.Hour) }, "time-future"},
			"a document of nothing":  {func(n *publish.New) { n.Document = "law" }, "publication-document"},
			"the same again":         {func(n *publish.New) { n.Source.Address = "https://board.example/asel#top" }, "publication-known"},
			"open data under a ban":  {func(n *publish.New) { n.Kind, n.Categories = publish.OpenData, []string{"phone"} }, "publication-ban"},
			"a phone book's address": {func(n *publish.New) { n.Kind, n.Source.Address = publish.PhoneBook, "" }, "missing-field"},
		} {
			in := site(who, "https://board.example/other", "name")
			bad.change(in)
			if p, _, err := w.Publications.Publish(t.Context(), w.org, in); !fault.Is(err, bad.code) || p != nil {
				t.Errorf("%s: %v %v", name, p, err)
			}
		}
		if list, err := w.Publications.List(t.Context(), publish.Filter{Org: w.org.ID}); err != nil || len(list) != 1 {
			t.Error(len(list), err)
		}
		in := site(who, "page 12, third column", "name")
		in.Kind = publish.PhoneBook
		w.published(in)
	})
}

// Of many that record one publication at a moment one does.
func TestOneOfTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		w.agreed(who)
		var recorded, known atomic.Int64
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				_, _, err := w.Publications.Publish(t.Context(), w.org, site(who, "https://board.example/", "name"))
				switch {
				case err == nil:
					recorded.Add(1)
				case fault.Is(err, "publication-known"):
					known.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if recorded.Load() != 1 || known.Load() != 5 {
			t.Error(recorded.Load(), known.Load())
		}
	})
}

// A demand of the subject makes a task of each publication, with one working day
// and a proof; the demand is answered when none is left.
//
// duty: L6.2, L6.3, P5.14, P5.15, L24.1.6
func TestRemovalOnDemand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		c := w.agreed(who)
		a := w.published(site(who, "https://board.example/a", "name", "phone"))
		b := w.published(site(who, "https://board.example/b", "email"))
		due, err := w.Requests.Due(t.Context(), w.org, request.PublicRemoval, nil)
		if err != nil || due.Cost == nil || due.Cost.Bearer != "operator" || due.Cost.Disputed != "" || due.Cost.Provision != "6" {
			t.Errorf("the cost is not told before: %+v %v", due, err)
		}
		if due, err = w.Requests.Due(t.Context(), w.org, request.StopDissemination, nil); err != nil || due.Cost.Disputed != "court" {
			t.Errorf("%+v %v", due.Cost, err)
		}
		w.clock.Add(time.Hour)
		r := w.demand(who, request.PublicRemoval, request.Details{})
		if r.Status != request.Open || day(r.Term.Due) != "2023-11-24" {
			t.Error(r.Status, r.Term.Due)
		}
		if now, err := w.Store.Consent(t.Context(), c.ID); err != nil || now.Status != consent.Withdrawn {
			t.Error("the consent goes on: ", now.Status, err)
		}
		for _, p := range []*publish.Publication{a, b} {
			n := w.stored(p.ID)
			if x := w.term(n.Term); n.Status != publish.Removing || x.Provision != "6" || day(x.Due) != "2023-11-24" || x.Status != term.Open {
				t.Errorf("%+v %+v", n, x)
			}
			if m := w.content(p.ID).Removal; m.Cause != law.CostUnlawful || m.Bearer != "operator" || m.Reference != r.ID.String() || m.From != publish.FromSubject {
				t.Errorf("%+v", m)
			}
		}
		_, err = w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer)
		if !fault.Is(err, "publication-left") {
			t.Error("answered with two publications left: ", err)
		}
		w.clock.Add(48 * time.Hour)
		w.removed(a.ID)
		if _, err = w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); !fault.Is(err, "publication-left") {
			t.Error(err)
		}
		if over, err := w.Terms.Overdue(t.Context(), w.org.ID, 10); err != nil || len(over) != 2 { // the demand and the publication that is left
			t.Error(len(over), err)
		}
		w.removed(b.ID)
		if x := w.term(w.stored(b.ID).Term); x.Status != term.Done || !x.Ended.After(x.Due) {
			t.Errorf("the delay does not show: %+v", x)
		}
		n, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer)
		if err != nil || n.Status != request.Fulfilled {
			t.Fatal(n, err)
		}
		if ans := w.answer(r); len(ans.Sources) != 2 || ans.Cost != "operator" || !strings.Contains(ans.Text, "Notice board") || !strings.Contains(ans.Text, "The operator bears the cost") {
			t.Errorf("%+v", ans)
		}
		if len(w.acts(who, "publication.demand")) != 2 || len(w.acts(who, "publication.remove")) != 2 || len(w.acts(who, "consent.withdraw")) != 1 {
			t.Error("the subject is not told of each source, or of one twice")
		}
		if _, err := w.Publications.Conditions(t.Context(), w.org, publish.Token(w.org, a)); !fault.Is(err, "publication-unknown") {
			t.Error(err)
		}
		// A second removal, and what is no removal.
		if _, err := w.Publications.Done(t.Context(), w.org, a.ID, &publish.Report{How: "x", Document: "y", Actor: officer}); !fault.Is(err, "publication-removed") {
			t.Error(err)
		}
		for _, in := range []publish.Report{{Document: "y"}, {How: "x"}, {How: "x", Document: "y", At: w.clock.Now().Add(time.Hour)}, {How: strings.Repeat("x", 1001), Document: "y"}} {
			if _, err := w.Publications.Done(t.Context(), w.org, a.ID, &in); fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
		}
		// A court shifts the cost.
		if _, err := w.Publications.Judge(t.Context(), w.org, a.ID, "court", "case 7", officer); !fault.Is(err, "bad-enum") {
			t.Error(err)
		}
		if _, err := w.Publications.Judge(t.Context(), w.org, a.ID, "subject", "case 7", officer); err != nil {
			t.Error(err)
		}
		if m := w.content(a.ID).Removal; m.Bearer != "subject" || m.Judgment != "case 7" || len(w.content(a.ID).Entries) != 4 {
			t.Errorf("%+v", w.content(a.ID))
		}
		// A consent given since is nobody's to end with an old demand.
		w.clock.Add(time.Hour)
		w.agreed(who)
		w.published(site(who, "https://board.example/a", "name"))
		if n, err := w.Publications.Settle(t.Context(), w.org, w.org.Inside(who)); n != 0 || err != nil {
			t.Error(n, err)
		}
		apptest.Clean(t, w.App)
	})
}

// A demand to stop names its data: the rest stays public, and a consent that is
// left goes on.
//
// duty: P5.14, P5.15
func TestStopOfSome(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		w.agreed(who)
		p := w.published(site(who, "https://board.example/a", "name", "phone"))
		r := w.demand(who, request.StopDissemination, request.Details{Categories: []string{"phone"}})
		if r.Status != request.Open {
			t.Error("answered while a phone number is public: ", r.Status)
		}
		if n := w.stored(p.ID); n.Status != publish.Public || fmt.Sprint(n.Categories) != "[name]" {
			t.Errorf("%+v", n)
		}
		list, err := w.Publications.List(t.Context(), publish.Filter{Subject: w.org.Inside(who), Org: w.org.ID, Status: publish.Removing})
		if err != nil || len(list) != 1 || fmt.Sprint(list[0].Categories) != "[phone]" || w.content(list[0].ID).Source.Address != "https://board.example/a" {
			t.Fatalf("%+v %v", list, err)
		}
		for category, permit := range map[string]bool{"phone": false, "name": true} {
			if ans, err := w.ask(t.Context(), who, category); err != nil || ans.Permit != permit {
				t.Error(category, ans, err)
			}
		}
		w.removed(list[0].ID)
		if n, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); err != nil || n.Status != request.Fulfilled {
			t.Error(n, err)
		}
		if ans := w.answer(r); ans.Cost != "operator" || ans.Disputed != "court" || !strings.Contains(ans.Text, "the court decides") {
			t.Errorf("%+v", ans)
		}
		// Nothing more is public of that: it is answered at once.
		if r := w.demand(who, request.StopDissemination, request.Details{Categories: []string{"email"}}); r.Status != request.Fulfilled {
			t.Error(r.Status)
		}
		apptest.Clean(t, w.App)
	})
}

// What a provision of the Law has published stays, and the answer says so; where
// the subject calls it unlawful, somebody has to judge.
//
// duty: L6.2
func TestRemovalOfWhatALawHasPublished(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		in := site(who, "https://gov.example/list", "name")
		in.Ground, in.Document = "9(7)", "law on elections"
		p := w.published(in)
		r := w.demand(who, request.StopDissemination, request.Details{Categories: []string{"name"}})
		if ans := w.answer(r); len(ans.Kept) != 1 || ans.Kept[0].Provision != "9(7)" || !strings.Contains(ans.Text, "9(7)") {
			t.Errorf("%+v", ans)
		}
		r = w.demand(who, request.PublicRemoval, request.Details{Cause: law.CostUnlawful})
		if r.Status != request.Open || w.stored(p.ID).Status != publish.Public {
			t.Error("taken out before anybody judged: ", r.Status)
		}
		// The officer finds the subject right: the task begins.
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); !fault.Is(err, "publication-left") || w.stored(p.ID).Status != publish.Removing {
			t.Error(err, w.stored(p.ID).Status)
		}
		w.removed(p.ID)
		if n, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); err != nil || n.Status != request.Fulfilled {
			t.Error(n, err)
		}
		if _, err := w.Requests.Receive(t.Context(), w.org, w.org.Inside(who), &request.New{Kind: request.PublicRemoval, Details: request.Details{Cause: "whim"}, Actor: apptest.Person}); !fault.Is(err, "bad-enum") {
			t.Error(err)
		}
	})
}

// A consent that ends by another way leaves nothing public: the work that runs by
// itself demands the removal, from the moment of the end on.
//
// duty: P5.15
func TestSettle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		withdrawn, expired, superseded, stays := w.person(), w.person(), w.person(), w.person()
		var all []*publish.Publication
		c := w.agreed(withdrawn)
		until, err := w.Consents.Record(t.Context(), w.org, &consent.New{
			Subject: expired, Terms: consent.Terms{Purposes: []string{"services"}, PublicSources: true}, Until: w.clock.Now().Add(time.Hour),
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		})
		if err != nil {
			t.Fatal(until, err)
		}
		w.agreed(superseded)
		w.agreed(stays)
		for _, who := range []ident.ID{withdrawn, expired, superseded, stays} {
			all = append(all, w.published(site(who, "https://board.example/", "name")))
		}
		w.clock.Add(time.Minute)
		w.agreed(superseded)
		if _, err := w.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		ended := w.clock.Now()
		w.clock.Add(2 * time.Hour)
		if n, err := w.Publications.SettleAll(t.Context(), 1); n != 2 || err != nil {
			t.Error(n, err)
		}
		for i, want := range []publish.Status{publish.Removing, publish.Removing, publish.Public, publish.Public} {
			if got := w.stored(all[i].ID).Status; got != want {
				t.Errorf("%d: %s, want %s", i, got, want)
			}
		}
		if x := w.term(w.stored(all[0].ID).Term); !x.Start.Equal(ended.Truncate(time.Millisecond)) {
			t.Error("the term begins late: ", x.Start, ended)
		}
		if n, err := w.Publications.SettleAll(t.Context(), 1); n != 0 || err != nil {
			t.Error("demanded again: ", n, err)
		}
		apptest.Clean(t, w.App)
	})
}

// From the receipt of a demand on no decision permits, whatever runs meanwhile: no
// permit stands in the journal after the end of the consent, and none is given to
// who asks once the demand is written down.
//
// duty: P5.15
func TestNothingIsPermittedOnceTheDemandArrived(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 3 {
			w.race()
		}
	})
}

func (w *world) race() {
	t, who := w.t, w.person()
	w.agreed(who)
	var arrived, stop atomic.Bool
	var all sync.WaitGroup
	started := make(chan struct{}, 4)
	for range 4 {
		all.Go(func() {
			for n := 0; !stop.Load(); n++ {
				late := arrived.Load()
				ans, err := w.ask(t.Context(), who, "name")
				if err != nil {
					t.Error(err)
					return
				}
				if late && ans.Permit {
					t.Error("permitted after the demand had arrived")
				}
				if n == 0 {
					started <- struct{}{}
				}
			}
		})
	}
	for range 4 {
		<-started
	}
	r, err := w.Requests.Receive(t.Context(), w.org, w.org.Inside(who), &request.New{
		Kind: request.StopDissemination, Details: request.Details{Categories: []string{"name", "phone"}}, Actor: apptest.Person,
	})
	arrived.Store(true)
	if err != nil {
		t.Error(err)
	}
	for range 4 { // each has to ask once more
		ans, err := w.ask(t.Context(), who, "name")
		if err != nil || ans.Permit {
			t.Error(ans, err)
		}
	}
	stop.Store(true)
	all.Wait()
	w.inOrder(who, r)
}

// inOrder looks at the order of the journal: after the entry that ended the consent
// stands no permit, and the demand stands after it. On PostgreSQL entries of one
// millisecond are numbered as they come, so that there their order tells nothing.
func (w *world) inOrder(who ident.ID, r *request.Request) {
	w.t.Helper()
	apptest.Clean(w.t, w.App)
	if w.Database != "" {
		return
	}
	rows, list, err := w.Journal.List(w.t.Context(), journal.Filter{BySubject: true, Subject: w.org.Inside(who), Org: w.org.ID, Limit: 10000})
	if err != nil {
		w.t.Fatal(err)
	}
	ended, received := int64(-1), int64(-1)
	for i, e := range list {
		switch e.Action {
		case "consent.withdraw":
			ended = rows[i].Leaf
		case "request.receive":
			received = rows[i].Leaf
		}
	}
	if ended < 0 || received <= ended || r == nil {
		w.t.Error("the consent ended after the demand was written down: ", ended, received)
	}
	for i, e := range list {
		if e.Action == "disseminate" && e.Decision == "permit" && rows[i].Leaf > ended {
			w.t.Error("a permit stands after the end of the consent")
		}
	}
}

// duty: P5.13
func TestConditionsArePublished(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		c := w.agreed(who)
		other := apptest.Consent(t, w.App, w.org, who, "news")
		n, err := w.Publications.PublishConditions(t.Context(), w.org, c.ID, officer)
		if err != nil || n.Status != term.Done || n.Provision != "policy 5.13" || len(w.acts(who, "publication.conditions")) != 1 {
			t.Error(n, err)
		}
		for _, id := range []ident.ID{c.ID, other.ID} {
			if _, err := w.Publications.PublishConditions(t.Context(), w.org, id, officer); !fault.Is(err, "conditions-published") {
				t.Error(err)
			}
		}
		if _, err := w.Publications.PublishConditions(t.Context(), w.org, ident.NewID(w.clock.Now()), officer); !fault.Is(err, "consent-unknown") {
			t.Error(err)
		}
		apptest.Clean(t, w.App)
	})
}

// An order to unpublish ends the consent and makes the tasks when it arrives, and is
// carried out when nothing is left.
//
// duty: L6.2, L6.3
func TestOrderToUnpublish(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		c := w.agreed(who)
		p := w.published(site(who, "https://board.example/a", "name"))
		in := site(who, "https://gov.example/list", "email")
		in.Ground, in.Document = "9(7)", "law on elections"
		byLaw := w.published(in)
		by := account.Caller{Token: ident.NewID(w.clock.Now()), Role: account.Officer, Org: w.org.ID}
		put := func(source order.Source, categories ...string) *order.Order {
			o, err := w.Orders.Issue(t.Context(), by, &order.New{
				Kind: order.Unpublish, Source: source, Subject: who, Content: order.Content{Document: "case 12", Categories: categories},
			})
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		o := put(order.Court)
		if x := w.term(o.Term); x.Provision != "6" || day(x.Due) != "2023-11-24" {
			t.Errorf("%+v", x)
		}
		if now, err := w.Store.Consent(t.Context(), c.ID); err != nil || now.Status != consent.Withdrawn {
			t.Error(now.Status, err)
		}
		for _, x := range []*publish.Publication{p, byLaw} {
			if m := w.content(x.ID).Removal; m == nil || m.From != publish.FromOrder || m.Cause != law.CostUnlawful || m.Reference != o.ID.String() {
				t.Errorf("%+v", m)
			}
		}
		if _, err := w.Orders.Execute(t.Context(), by, o.ID, &order.Report{}); !fault.Is(err, "publication-left") {
			t.Error(err)
		}
		w.clock.Add(time.Hour)
		w.removed(p.ID)
		w.removed(byLaw.ID)
		if n, err := w.Orders.Execute(t.Context(), by, o.ID, &order.Report{}); err != nil || n.Status != order.Executed || n.Outcome != order.Done {
			t.Error(n, err)
		}
		w.clock.Add(time.Hour)
		o = put(order.AuthorisedBody, "phone")
		if n, err := w.Orders.Execute(t.Context(), by, o.ID, &order.Report{}); err != nil || n.Outcome != order.NothingHeld {
			t.Error(n, err)
		}
		apptest.Clean(t, w.App)
	})
}

// An order that was written down as power failed is begun by the work that runs by
// itself, with the term from the order on.
func TestOrderToUnpublishIsResumed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		w.agreed(who)
		p := w.published(site(who, "https://board.example/a", "name"))
		consents := w.Orders.Consents
		w.Orders.Consents = dark{consents}
		o, err := w.Orders.Issue(t.Context(), account.Caller{Token: ident.NewID(w.clock.Now()), Role: account.Officer, Org: w.org.ID}, &order.New{
			Kind: order.Unpublish, Source: order.Court, Subject: who, Content: order.Content{Document: "case 12"},
		})
		if err != nil || w.stored(p.ID).Status != publish.Public {
			t.Fatal(o, err)
		}
		w.Orders.Consents = consents
		w.clock.Add(time.Hour)
		for range 2 {
			if err := w.Orders.Resume(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		n := w.stored(p.ID)
		if n.Status != publish.Removing || !w.term(n.Term).Start.Equal(o.Issued.Truncate(time.Millisecond)) || len(w.acts(who, "publication.demand")) != 1 {
			t.Errorf("%+v", n)
		}
	})
}

// dark is where the power has failed.
type dark struct{ order.Consents }

func (dark) StopGiven(context.Context, ident.ID, ident.ID, time.Time, []string, string, verify.Actor) ([]*consent.Consent, error) {
	return nil, fault.New(fault.Unavailable, "unavailable")
}

// Whoever was handed the data has word that it has to leave public sources, and
// that it did.
//
// duty: L6.2
func TestRecipientsAreTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const payer = "180340022918"
		other := apptest.Apply(t, w.App, strings.Replace(apptest.Bestam(t), apptest.BIN, payer, 1))
		stranger := apptest.Apply(t, w.App, strings.Replace(apptest.Bestam(t), apptest.BIN, "090640031710", 1))
		for _, o := range []*party.Organization{w.org, other, stranger} {
			if _, _, err := w.Outbox.AddWebhook(t.Context(), o, "https://hooks.example.com/kelisim", []string{"publication.*"}, apptest.System); err != nil {
				t.Fatal(err)
			}
		}
		who := w.person()
		w.agreed(who)
		ans, err := w.Guard.Decide(t.Context(), &gate.Ask{
			Request: gate.Request{Action: register.Transfer, Categories: []string{"name"}, Ground: "9(8)", Document: "law", Recipient: payer},
			Holder:  w.org, Asker: w.org, Subject: who, Actor: apptest.System,
		})
		if err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		p := w.published(site(who, "https://board.example/a", "name"))
		if _, err := w.Publications.RemoveOne(t.Context(), w.org, p.ID, &publish.Demand{Cause: law.CostWithdrawn, From: publish.FromOperator, By: officer}); err != nil {
			t.Fatal(err)
		}
		w.removed(p.ID)
		for o, want := range map[*party.Organization]int{w.org: 2, other: 2, stranger: 0} {
			list, err := w.Outbox.List(t.Context(), outbox.Filter{Org: o.ID, Limit: 10})
			if err != nil || len(list) != want {
				t.Errorf("%s: %d, %v", o.BIN, len(list), err)
			}
			for i := range list {
				if list[i].About != p.ID || !strings.HasPrefix(list[i].Event, "publication.") {
					t.Errorf("%+v", list[i])
				}
			}
		}
	})
}

// Power that fails at a write leaves a publication as it was, with nothing of its
// entry or its term.
func TestPowerFails(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		w.agreed(who)
		whole := w.Publications.Store
		p := w.published(site(who, "https://board.example/a", "name", "phone"))
		terms := func() int {
			list, err := w.Store.Terms(t.Context(), term.Filter{Org: w.org.ID})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		for name, do := range map[string]func() error{
			"publish": func() error {
				_, _, err := w.Publications.Publish(t.Context(), w.org, site(who, "https://board.example/b", "name"))
				return err
			},
			"demand": func() error {
				_, err := w.Publications.RemoveOne(t.Context(), w.org, p.ID, &publish.Demand{Categories: []string{"phone"}, Cause: law.CostWithdrawn, From: publish.FromOperator, By: officer})
				return err
			},
			"remove": func() error {
				_, err := w.Publications.Done(t.Context(), w.org, p.ID, &publish.Report{How: "deleted", Document: "act", Actor: officer})
				return err
			},
		} {
			before, entries := terms(), len(w.acts(who, ""))
			w.Publications.Store = &dead{whole, p}
			if err := do(); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
			w.Publications.Store = whole
			list, err := w.Publications.List(t.Context(), publish.Filter{Org: w.org.ID})
			if err != nil || len(list) != 1 || list[0].Version != 1 || list[0].Status != publish.Public || terms() != before || len(w.acts(who, "")) != entries {
				t.Errorf("%s: something was left: %+v %v", name, list, err)
			}
		}
		// And the calls succeed later.
		if _, err := w.Publications.RemoveOne(t.Context(), w.org, p.ID, &publish.Demand{Cause: law.CostWithdrawn, From: publish.FromOperator, By: officer}); err != nil {
			t.Error(err)
		}
		w.removed(p.ID)
		apptest.Clean(t, w.App)
	})
}

// dead is a store that fails at the last statement of each write, with all others
// done: it puts a publication where one is.
type dead struct {
	publish.Store
	taken *publish.Publication
}

func (d *dead) InsertPublication(ctx context.Context, p *publish.Publication, met *term.Term, r *journal.Record) (bool, error) {
	p.ID = d.taken.ID
	return d.Store.InsertPublication(ctx, p, met, r)
}

func (d *dead) UpdatePublication(ctx context.Context, p, _ *publish.Publication, begun, met *term.Term, r *journal.Record) (bool, error) {
	return d.Store.UpdatePublication(ctx, p, d.taken, begun, met, r)
}
