package request_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/due"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/request"
	"kelisim/internal/term"
)

// A copy from the demand to what the subject reads: who sees it due, what is
// prepared, what is answered, and that it is the subject's own data alone.
//
// duty: L24.1.1, L25.2.6, L25.2.9
func TestCopy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who, other := w.person("contracts"), w.person("contracts")
		w.collect(who, "contracts", "name", "Асыл", "employer", "=cmd(1)")
		w.collect(other, "contracts", "name", "Басқа")
		due, err := w.Requests.Due(t.Context(), w.org, request.Copy, nil)
		if err != nil || due.Right != "24(1)1" || day(due.Term.Due) != "2023-11-28" || due.Term.Provision != "25(2)6" {
			t.Fatalf("%+v, %v", due, err)
		}
		r := w.ask(who, request.Copy, request.Details{})
		if !r.Term.Due.Equal(due.Term.Due) || r.Status != request.Open {
			t.Fatalf("%+v", r)
		}
		list, err := w.Requests.Store.Demands(t.Context(), request.Filter{Org: w.org.ID, Undone: true, Limit: 10})
		if err != nil || len(list) != 1 || list[0].ID != r.ID {
			t.Fatal(list, err)
		}
		p, err := w.Requests.Preview(t.Context(), w.org, r, nil)
		if err != nil || strings.Join(p.Plan.Found, " ") != "employer name" || len(p.Acts) != 0 || !strings.Contains(p.Answer.Text, "Копия ваших данных готова") || strings.Contains(p.Answer.Text, "..") {
			t.Fatalf("%+v %v", p, err)
		}
		w.fulfil(r, nil)
		got := w.stored(r.ID)
		b := w.body(r)
		if got.Status != request.Fulfilled || got.Term.Status != term.Done || b.Answer == nil || b.Answer.Facts.Purposes[0].ID != "ledger" {
			t.Fatalf("%+v %+v", got, b.Answer)
		}
		c, err := w.Requests.Fetch(t.Context(), got, apptest.Person)
		if err != nil || string(c.Data["name"]) != `"Асыл"` || len(c.Data) != 2 {
			t.Fatal(c, err)
		}
		table, err := c.CSV()
		if err != nil || !strings.Contains(string(table), "'=cmd(1)") || strings.Contains(string(table), "Басқа") {
			t.Errorf("%s %v", table, err)
		}
		if n := len(w.acts(who, "view")); n != 1 {
			t.Errorf("%d looks are in the journal", n)
		}
		w.clock.Add(15 * 24 * time.Hour)
		if _, err := w.Requests.Fetch(t.Context(), got, apptest.Person); !fault.Is(err, "request-copy-expired") {
			t.Error(err)
		}
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); !fault.Is(err, "request-closed") {
			t.Error("a second time: ", err)
		}
		if _, err := w.Requests.By(t.Context(), other, r.ID, nil); !fault.Is(err, "demand-unknown") {
			t.Error("another's: ", err)
		}
		apptest.Clean(t, w.App)
	})
}

// duty: L24.1.1
func TestConfirmation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("payment", "inform")
		w.collect(who, "payment", "name", "Асыл", "email", "a@example.kz")
		r := w.ask(who, request.Confirm, request.Details{})
		w.fulfil(r, nil)
		f := w.body(r).Answer.Facts
		if !f.Held || len(f.Data) != 2 || f.Data[0].Source == "" || len(f.Purposes) != 2 {
			t.Fatalf("%+v", f)
		}
		p := f.Purposes[1]
		if p.ID != "payment" || p.Storage != "P5Y" || len(p.Methods) == 0 || len(p.Categories) != 2 {
			t.Errorf("%+v", p)
		}
		if len(w.acts(who, "view")) != 0 {
			t.Error("a confirmation opened data")
		}
		nobody := w.person()
		r = w.ask(nobody, request.Confirm, request.Details{})
		w.fulfil(r, nil)
		if a := w.body(r).Answer; a.Facts.Held || !strings.Contains(a.Text, "не храним") {
			t.Errorf("%+v", a)
		}
	})
}

func raw(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }

// duty: L13, L24.1.2, L25.2.8a
func TestCorrectAndSupplement(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("contracts")
		w.collect(who, "contracts", "name", "Осыл")
		r := w.ask(who, request.Correct, request.Details{Values: map[string]json.RawMessage{"name": raw("Асыл")}})
		if day(r.Term.Due) != "2023-11-24" {
			t.Error(r.Term.Due)
		}
		w.fulfil(r, nil)
		if got := w.view(who, "contracts", "name"); string(got["name"]) != `"Асыл"` {
			t.Errorf("%s", got)
		}
		r = w.ask(who, request.Supplement, request.Details{Text: "диплом приложен"})
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); !fault.Is(err, "missing-field") {
			t.Error(err)
		}
		w.fulfil(r, &request.Fulfilment{Values: map[string]json.RawMessage{"education": raw("КазНУ")}})
		if got := w.view(who, "contracts", "education"); string(got["education"]) != `"КазНУ"` {
			t.Errorf("%s", got)
		}
		r = w.ask(who, request.Correct, request.Details{Categories: []string{"education"}, Text: "это не мой диплом"})
		w.fulfil(r, &request.Fulfilment{Instead: "destroy"})
		if w.held(who) != "name" || !strings.Contains(w.body(r).Answer.Text, "Исправить данные невозможно") {
			t.Error(w.held(who), w.body(r).Answer.Text)
		}
		// What the gate does not permit stays undone, and the demand open.
		none := w.person("contracts")
		w.collect(none, "contracts", "name", "Асыл")
		c, err := w.Store.Consents(t.Context(), consentsOf(none, w.org.ID))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Consents.Withdraw(t.Context(), c[0].ID, 15, "", apptest.Person); err != nil {
			t.Fatal(err)
		}
		r = w.ask(none, request.Correct, request.Details{Values: map[string]json.RawMessage{"name": raw("Есіл")}})
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); !fault.Is(err, "request-refused-by-gate") {
			t.Error(err)
		}
		if w.stored(r.ID).Status != request.Open {
			t.Error(w.stored(r.ID).Status)
		}
		apptest.Clean(t, w.App)
	})
}

// Data is blocked at once on word of a breach, stays so when it is confirmed and
// is free again when it is not.
//
// duty: L24.1.3, L25.2.8b, L25.2.8d
func TestBlock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("contracts")
		w.collect(who, "contracts", "name", "Асыл")
		if _, err := w.Requests.Receive(t.Context(), w.org, who, &request.New{Kind: request.Block, Actor: apptest.Person}); !fault.Is(err, "request-text") {
			t.Error(err)
		}
		r := w.ask(who, request.Block, request.Details{Text: "мои данные на чужом сайте"})
		if r.Status != request.Open || w.state(who) != "blocked" || w.view(who, "contracts", "name") != nil {
			t.Fatal(r.Status, w.state(who))
		}
		n, err := w.Requests.Refuse(t.Context(), w.org, r.ID, "утечки не было", "25(2)8", officer)
		if err != nil || n.Status != request.Refused || w.state(who) != "active" || *w.body(r).Answer.Confirmed {
			t.Fatal(n, err, w.state(who))
		}
		if n.Ended.After(r.Term.Due) || day(r.Term.Due) != "2023-11-24" || r.Term.Provision != "25(2)8" {
			t.Error(r.Term)
		}
		r = w.ask(who, request.Block, request.Details{Text: "и ещё раз"})
		w.fulfil(r, nil)
		if w.state(who) != "blocked" || len(w.acts(who, "block")) != 2 {
			t.Error(w.state(who), len(w.acts(who, "block")))
		}
		u := w.ask(who, request.Unblock, request.Details{})
		if u.Status != request.Open || day(u.Term.Due) != "2023-11-24" || u.Term.Key != "unblock" {
			t.Error(u)
		}
		w.fulfil(u, nil)
		if w.state(who) != "active" {
			t.Error(w.state(who))
		}
		apptest.Clean(t, w.App)
	})
}

// What a law keeps stays, for the purpose of that law alone; the rest is gone.
//
// duty: L24.1.4, L25.2.8c
func TestDestroyKeepsWhatALawKeeps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("contracts")
		w.collect(who, "contracts", "name", "Асыл", "iin", apptest.IIN(1), "employer", "Жер")
		r := w.ask(who, request.Destroy, request.Details{})
		p, err := w.Requests.Preview(t.Context(), w.org, r, nil)
		if err != nil || len(p.Kept) != 1 || strings.Join(p.Kept[0].Categories, " ") != "iin name" || p.Kept[0].Provision != "9(10)" {
			t.Fatalf("%+v %v", p, err)
		}
		w.fulfil(r, nil)
		if w.held(who) != "iin name" {
			t.Fatal(w.held(who))
		}
		if w.view(who, "contracts", "name") != nil || string(w.view(who, "ledger", "name")["name"]) != `"Асыл"` {
			t.Error("what is kept is open to the wrong purpose")
		}
		// A consent given anew does not open it either: it is locked.
		apptest.Consent(t, w.App, w.org, w.org.Outside(who), "contracts")
		if w.view(who, "contracts", "name") != nil {
			t.Error("the lock gave way to a new consent")
		}
		a := w.body(r).Answer
		if len(a.Kept) != 1 || a.Act == nil || !strings.Contains(a.Text, "9(10)") {
			t.Errorf("%+v", a)
		}
		apptest.Clean(t, w.App)
	})
}

// duty: L18.3-1
func TestDestroyWhole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("news")
		w.collect(who, "news", "email", "a@example.kz")
		r := w.ask(who, request.Destroy, request.Details{Cause: request.Unconsented})
		if r.Term.Key != "destroy-unconsented" || r.Term.Provision != "18(3-1)" || day(r.Term.Due) != "2023-11-24" {
			t.Fatalf("%+v", r.Term)
		}
		w.fulfil(r, nil)
		if w.state(who) != "destroyed" || w.held(who) != "" {
			t.Fatal(w.state(who))
		}
		acts, err := w.Store.Destructions(t.Context(), who, w.org.ID)
		if err != nil || len(acts) != 1 || !strings.Contains(string(acts[0]), `"provision":"18(3-1)"`) {
			t.Errorf("%s %v", acts, err)
		}
		if b := w.body(r); b.Answer.Language != "ru" || !strings.Contains(b.Answer.Text, "все данные") {
			t.Errorf("%+v", b.Answer)
		}
		apptest.Clean(t, w.App)
	})
}

// Data that was blocked is destroyed when the breach is established.
func TestDestroyBlocked(t *testing.T) {
	w := sqlite(t)
	who := w.person("news")
	w.collect(who, "news", "email", "a@example.kz")
	b := w.ask(who, request.Block, request.Details{Text: "утечка"})
	r := w.ask(who, request.Destroy, request.Details{})
	w.fulfil(r, nil)
	if w.state(who) != "destroyed" {
		t.Error(w.state(who))
	}
	if _, err := w.Requests.Refuse(t.Context(), w.org, b.ID, "данных больше нет", "25(2)8", officer); err != nil {
		t.Error(err)
	}
}

// What the gate does not let be done at once waits for somebody to say so.
func TestBlockOfNothing(t *testing.T) {
	w := sqlite(t)
	who := w.person("news")
	w.collect(who, "news", "email", "a@example.kz")
	w.fulfil(w.ask(who, request.Destroy, request.Details{}), nil)
	r := w.ask(who, request.Block, request.Details{Text: "утечка"})
	if r.Status != request.Open || len(w.acts(who, "request.halt")) != 1 {
		t.Error(r.Status)
	}
	c := w.fulfil(w.ask(who, request.Copy, request.Details{}), nil)
	if b := w.body(c); b.Answer.Facts.Held || !b.Answer.CopyUntil.IsZero() || !strings.Contains(b.Answer.Text, "не храним") {
		t.Errorf("%+v", b.Answer)
	}
}

// Where the organization wants two for it, one alone destroys nothing.
func TestSecondPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.org = apptest.Apply(t, w.App, describe(t, "sector: private", "sector: private\n  second_person: true"))
		who := w.person("news")
		w.collect(who, "news", "email", "a@example.kz")
		r := w.ask(who, request.Destroy, request.Details{})
		if n := w.fulfil(r, nil); n.Status != request.Approval || w.state(who) != "active" {
			t.Fatal(n.Status, w.state(who))
		}
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); !fault.Is(err, "request-second-person") {
			t.Error(err)
		}
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, apptest.System); !fault.Is(err, "request-second-person") {
			t.Error(err)
		}
		if n, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, second); err != nil || n.Status != request.Fulfilled || w.state(who) != "destroyed" {
			t.Error(n, err)
		}
		c := w.ask(w.person("news"), request.Copy, request.Details{})
		if n := w.fulfil(c, nil); n.Status != request.Fulfilled {
			t.Error("a copy needs no second person: ", n.Status)
		}
	})
}

// duty: L6.2, L6.3, P5.14
func TestPublic(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person()
		r := w.ask(who, request.PublicRemoval, request.Details{})
		if r.Term.Provision != "6" || day(r.Term.Due) != "2023-11-24" {
			t.Errorf("%+v", r.Term)
		}
		w.fulfil(r, nil)
		if a := w.body(r).Answer; a.Cost != "operator" || !strings.Contains(a.Text, "Расходы несёт оператор") {
			t.Errorf("%+v", a)
		}
		r = w.ask(who, request.PublicRemoval, request.Details{})
		w.fulfil(r, &request.Fulfilment{Cost: "court"})
		if a := w.body(r).Answer; a.Cost != "court" {
			t.Errorf("%+v", a)
		}
		if len(w.acts(who, "ban.set")) != 0 {
			t.Error("the demand has a way of its own beside the end of the consent")
		}
		// At any time, and at once: with the list of the data.
		if _, err := w.Requests.Receive(t.Context(), w.org, who, &request.New{Kind: request.StopDissemination, Actor: apptest.Person}); !fault.Is(err, "request-list") {
			t.Error(err)
		}
		r = w.ask(who, request.StopDissemination, request.Details{Categories: []string{"phone"}})
		if r.Status != request.Fulfilled {
			t.Error(r.Status)
		}
	})
}

func TestWithdrawAndUnsubscribe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("contracts")
		apptest.Consent(t, w.App, w.org, w.org.Outside(who), "inform", "news")
		r := w.ask(who, request.Unsubscribe, request.Details{})
		w.fulfil(r, nil)
		if len(w.acts(who, "consent.withdraw")) != 0 || len(w.acts(who, "ban.set")) != 1 {
			t.Error("a consent to more than advertising was withdrawn")
		}
		alone := w.person("news", "inform")
		apptest.Consent(t, w.App, w.org, w.org.Outside(alone), "news")
		w.fulfil(w.ask(alone, request.Unsubscribe, request.Details{}), nil)
		if len(w.acts(alone, "consent.withdraw")) != 1 {
			t.Error("a consent to advertising alone is in force")
		}
		r = w.ask(who, request.Withdraw, request.Details{})
		w.fulfil(r, nil)
		if n := len(w.acts(who, "consent.withdraw")); n != 2 {
			t.Error(n)
		}
		r = w.ask(who, request.Withdraw, request.Details{})
		w.fulfil(r, nil)
		if a := w.body(r).Answer; !strings.Contains(a.Text, "отзывать нечего") {
			t.Error(a.Text)
		}
	})
}

// A refusal has reasons and a provision of the edition, or it is none.
//
// duty: L25.2.7
func TestRefusal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("news")
		r := w.ask(who, request.Copy, request.Details{})
		for want, in := range map[string][2]string{
			"request-reasons": {" ", "25(2)7"}, "request-provision": {"тайна", ""}, "request-provision-unknown": {"тайна", "99(9)"},
			"too-long": {strings.Repeat("х", 3000), "25(2)7"},
		} {
			if _, err := w.Requests.Refuse(t.Context(), w.org, r.ID, in[0], in[1], officer); !fault.Is(err, want) {
				t.Errorf("%s: %v", want, err)
			}
		}
		if w.stored(r.ID).Status != request.Open {
			t.Fatal("a refusal that was none changed something")
		}
		n, err := w.Requests.Refuse(t.Context(), w.org, r.ID, "следствие идёт", "25(2)7", officer)
		if err != nil || n.Status != request.Refused || n.Term.Status != term.Done {
			t.Fatal(n, err)
		}
		a := w.body(r).Answer
		if a.Reasons != "следствие идёт" || a.Provision != "25(2)7" || !strings.Contains(a.Text, "обжаловать") || n.Ended.After(n.Term.Due) {
			t.Errorf("%+v", a)
		}
		if _, err := w.Requests.Refuse(t.Context(), w.org, r.ID, "ещё раз", "25(2)7", officer); !fault.Is(err, "request-closed") {
			t.Error(err)
		}
		if _, err := w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer); !fault.Is(err, "request-closed") {
			t.Error(err)
		}
	})
}

// duty: L25.3.3
func TestStagesAndAssignment(t *testing.T) {
	w := sqlite(t)
	who := w.person("news")
	r := w.ask(who, request.Copy, request.Details{}) // Thursday the 23rd, due on Tuesday the 28th
	for _, step := range []struct{ at, stage string }{
		{"2023-11-23 18:00", "calm"},
		{"2023-11-26 10:00", "half"},
		{"2023-11-28 00:01", "last-day"},
		{"2023-11-29 00:01", "late"},
		{"2023-11-30 00:01", "very-late"},
	} {
		w.clock.Set(almaty(t, step.at))
		list, err := w.Due.List(t.Context(), w.org.ID, due.Filter{Limit: 10})
		if err != nil || len(list) != 1 || list[0].Stage.String() != step.stage || list[0].About != (term.About{Kind: term.OfRequest, ID: r.ID}) {
			t.Errorf("%s: %+v, %v", step.at, list, err)
		}
	}
	if n, err := w.Store.OverdueDemands(t.Context(), w.Now()); n != 1 || err != nil {
		t.Error(n, err)
	}
	if _, err := w.Requests.Assign(t.Context(), w.org, r.ID, "Айгүл Сәрсенова", officer); !fault.Is(err, "request-assignee") {
		t.Error(err)
	}
	if n, err := w.Requests.Assign(t.Context(), w.org, r.ID, "clerk-7", officer); err != nil || n.Assignee != "clerk-7" {
		t.Error(n, err)
	}
	w.fulfil(r, nil)
	if n, err := w.Store.OverdueDemands(t.Context(), w.Now()); n != 0 || err != nil {
		t.Error(n, err)
	}
	if got := w.stored(r.ID); !got.Term.Ended.After(got.Term.Due) {
		t.Error("that it was late does not show")
	}
}

// Hostile names and too much are refused before anything lands.
func TestDocuments(t *testing.T) {
	w := sqlite(t)
	who := w.person("news")
	in := func(docs ...request.Document) error {
		_, err := w.Requests.Receive(t.Context(), w.org, who, &request.New{Kind: request.Copy, Documents: docs, Actor: apptest.Person})
		return err
	}
	for _, name := range []string{"", "../etc/passwd", ".htaccess", "a\x00b", "a\\b", "con:1", "\u202efdp.exe", " a", strings.Repeat("x", 300)} {
		if err := in(request.Document{Name: name, Content: []byte("x")}); !fault.Is(err, "request-document-name") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := in(request.Document{Name: "a.pdf", Content: make([]byte, request.MaxDocument+1)}); !fault.Is(err, "request-document-size") {
		t.Error(err)
	}
	if err := in(make([]request.Document, 9)...); !fault.Is(err, "too-many-items") {
		t.Error(err)
	}
	if len(w.acts(who, "request.receive")) != 0 {
		t.Fatal("a refused demand landed")
	}
	if err := in(request.Document{Name: "құжат №1.pdf", Content: []byte("%PDF secret")}); err != nil {
		t.Fatal(err)
	}
	list, err := w.Store.Demands(t.Context(), request.Filter{Subject: who, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := w.Requests.Document(t.Context(), &list[0], 0); err != nil || string(b) != "%PDF secret" {
		t.Errorf("%s %v", b, err)
	}
	if _, err := w.Requests.Document(t.Context(), &list[0], 1); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// Many at one moment: one of them does it, the others are told, and it is done
// once.
func TestOneOfManyFulfils(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		who := w.person("contracts")
		w.collect(who, "contracts", "name", "Осыл")
		r := w.ask(who, request.Correct, request.Details{Values: map[string]json.RawMessage{"name": raw("Асыл")}})
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				if i%2 == 0 {
					_, errs[i] = w.Requests.Fulfil(t.Context(), w.org, r.ID, nil, officer)
				} else {
					_, errs[i] = w.Requests.Refuse(t.Context(), w.org, r.ID, "нет", "25(2)7", second)
				}
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case fault.KindOf(err) != fault.Conflict:
				t.Error(err)
			}
		}
		got := w.stored(r.ID)
		want := map[request.Status]int{request.Fulfilled: 1, request.Refused: 0}[got.Status]
		if n := len(w.acts(who, "change")); done != 1 || n != want || len(w.acts(who, "request.answer"))+len(w.acts(who, "request.refuse")) != 1 {
			t.Errorf("%d succeeded, %d changes, %s", done, n, got.Status)
		}
		apptest.Clean(t, w.App)
	})
}

func TestNobodyFloods(t *testing.T) {
	w := sqlite(t)
	who := w.person()
	for range 100 {
		w.ask(who, request.Confirm, request.Details{})
	}
	if _, err := w.Requests.Receive(t.Context(), w.org, who, &request.New{Kind: request.Confirm, Actor: apptest.Person}); !fault.Is(err, "demands-too-many") {
		t.Error(err)
	}
	w.ask(w.person(), request.Confirm, request.Details{})
}

// Others' demands and people are told like none.
func TestForeign(t *testing.T) {
	w := sqlite(t)
	bin, _ := ident.MakeBIN(2016, 3, 7)
	second := apptest.Apply(t, w.App, strings.Replace(apptest.Bestam(t), apptest.BIN, bin, 1))
	who := w.person("news")
	r := w.ask(who, request.Copy, request.Details{})
	if _, err := w.Requests.Fulfil(t.Context(), second, r.ID, nil, officer); !fault.Is(err, "demand-unknown") {
		t.Error(err)
	}
	if _, err := w.Requests.Receive(t.Context(), second, who, &request.New{Kind: request.Copy, Actor: apptest.Person}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := request.ParseKind("sell"); !fault.Is(err, "bad-enum") {
		t.Error(err)
	}
}

// A group takes a minute at most: whoever sent it hears what was done, and the rest
// is as it was.
func TestAGroupEndsInTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var ids []ident.ID
		for range 3 {
			ids = append(ids, w.ask(w.person("contracts"), request.Confirm, request.Details{}).ID)
		}
		w.Requests.Now = func() time.Time { w.clock.Add(20 * time.Second); return w.clock.Now() }
		out := w.Requests.FulfilAll(t.Context(), w.org, ids, officer)
		if out[0].Err != nil || !fault.Is(out[2].Err, "group-later") || w.stored(ids[2]).Status != request.Open {
			t.Fatal(out[0].Err, out[2].Err)
		}
	})
}
