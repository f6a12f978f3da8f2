package request_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/request"
	"kelisim/internal/term"
	"kelisim/verify"
)

var errPower = fault.Wrap(fault.Unavailable, "unavailable", errors.New("power failed"))

// power fails at a write, before it reached the disk or after; from then on
// nothing works until the installation is opened again. It is of one goroutine.
type power struct {
	writes int // done so far
	at     int // the write at which it fails; 0 for never
	after  bool
	off    bool
}

// write runs a write under the power.
func write[T any](p *power, do func() (T, error)) (out T, err error) {
	if p.off {
		return out, errPower
	}
	p.writes++
	if p.off = p.writes == p.at; p.off && !p.after {
		return out, errPower
	}
	if out, err = do(); p.off {
		err = errPower
	}
	return out, err
}

// wired is the service of an installation, every write of it under the power.
func wired(a *app.App, p *power) *request.Requests {
	r := a.Requests
	return &request.Requests{
		Store: &dyingStore{r.Store, p}, Guard: &dyingGuard{r.Guard, p}, Consents: &dyingConsents{r.Consents, p},
		Parties: r.Parties, Terms: r.Terms, Journal: r.Journal, Represent: r.Represent, Keys: r.Keys, Base: r.Base, Now: r.Now,
		Publications: &dyingPublications{r.Publications, p},
	}
}

type dyingStore struct {
	request.Store
	*power
}

func (d *dyingStore) InsertDemand(ctx context.Context, r *request.Request, docs []request.Document, rec *journal.Record) (bool, error) {
	return write(d.power, func() (bool, error) { return d.Store.InsertDemand(ctx, r, docs, rec) })
}

func (d *dyingStore) UpdateDemand(ctx context.Context, r *request.Request, moved, begun *term.Term, rec *journal.Record) (bool, error) {
	return write(d.power, func() (bool, error) { return d.Store.UpdateDemand(ctx, r, moved, begun, rec) })
}

type dyingGuard struct {
	request.Guard
	*power
}

func (d *dyingGuard) Access(ctx context.Context, a *gate.Ask) (*gate.Answer, error) {
	return write(d.power, func() (*gate.Answer, error) { return d.Guard.Access(ctx, a) })
}

func (d *dyingGuard) SetBan(ctx context.Context, o *party.Organization, subject ident.ID, by verify.Actor, b gate.Ban) (*gate.Ban, error) {
	return write(d.power, func() (*gate.Ban, error) { return d.Guard.SetBan(ctx, o, subject, by, b) })
}

type dyingPublications struct {
	request.Publications
	*power
}

func (d *dyingPublications) RemoveOne(ctx context.Context, org *party.Organization, id ident.ID, x *publish.Demand) (*publish.Publication, error) {
	return write(d.power, func() (*publish.Publication, error) { return d.Publications.RemoveOne(ctx, org, id, x) })
}

type dyingConsents struct {
	request.Consents
	*power
}

func (d *dyingConsents) Withdraw(ctx context.Context, id ident.ID, scopes consent.Scope, reason string, by verify.Actor) (*consent.Consent, error) {
	return write(d.power, func() (*consent.Consent, error) { return d.Consents.Withdraw(ctx, id, scopes, reason, by) })
}

func (d *dyingConsents) StopDissemination(ctx context.Context, subject, org ident.ID, categories []string, reason string, by verify.Actor) ([]*consent.Consent, error) {
	return write(d.power, func() ([]*consent.Consent, error) {
		return d.Consents.StopDissemination(ctx, subject, org, categories, reason, by)
	})
}

// scenario is a demand of somebody of whom much is held, and what has to stand in
// the journal when it is done: each exactly once.
type scenario struct {
	kind    request.Kind
	details request.Details
	want    map[string]int
	refuse  bool
	public  bool // their name is public in two sources
}

var scenarios = []scenario{
	{kind: request.Copy, want: map[string]int{}},
	{
		kind:    request.Correct,
		details: request.Details{Values: map[string]json.RawMessage{"name": raw("Асыл"), "email": raw("b@example.kz"), "employer": raw("Жер")}},
		want:    map[string]int{"change": 2},
	},
	{kind: request.Supplement, details: request.Details{Values: map[string]json.RawMessage{"education": raw("КазНУ")}}, want: map[string]int{"supplement": 1}},
	{kind: request.Block, details: request.Details{Text: "утечка"}, want: map[string]int{"block": 1}},
	{kind: request.Block, details: request.Details{Text: "утечка"}, want: map[string]int{"block": 1, "unblock": 1}, refuse: true},
	{kind: request.Destroy, want: map[string]int{"destroy": 1, "consent.withdraw": 2, "ban.set": 1}},
	{kind: request.Destroy, details: request.Details{Categories: []string{"email"}}, want: map[string]int{"destroy": 1}},
	{kind: request.Withdraw, want: map[string]int{"consent.withdraw": 2}},
	{kind: request.Unsubscribe, want: map[string]int{"consent.withdraw": 1}},
	{kind: request.StopDissemination, details: request.Details{Categories: []string{"name"}}, public: true, want: map[string]int{"consent.withdraw": 1, "publication.demand": 2, "publication.remove": 2}},
}

// Power fails at every write there is, before it and after it, and each time the
// installation is opened again and goes on: the demand is answered, and nothing
// was lost or done twice.
func TestPowerFailsBetweenSteps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, s := range scenarios {
			for _, after := range []bool{false, true} {
				for at := 1; w.survive(s, at, after); at++ {
					if testing.Short() && at > 3 {
						break
					}
				}
			}
		}
		apptest.Clean(t, w.App)
	})
}

// survive plays a scenario through with one failure, and reports whether there
// was a write left for it.
func (w *world) survive(s scenario, at int, after bool) bool {
	w.t.Helper()
	who := w.person("contracts")
	apptest.Consent(w.t, w.App, w.org, w.org.Outside(who), "news")
	w.collect(who, "contracts", "name", "Осыл", "iin", apptest.IIN(w.people), "employer", "Жыр")
	w.collect(who, "news", "email", "a@example.kz")
	if s.public {
		w.publish(who)
	}
	p := &power{at: at, after: after}
	name := fmt.Sprintf("%s, write %d, after %t", s.kind, at, after)
	r, err := wired(w.App, p).Receive(w.t.Context(), w.org, who, &request.New{Kind: s.kind, Details: s.details, Language: "ru", Actor: apptest.Person})
	if err == nil {
		err = w.finish(wired(w.App, p), r, s)
	}
	if err != nil && !p.off {
		w.t.Fatalf("%s: %v", name, err)
	}
	if p.off {
		w.reopen()
		w.clock.Add(2 * time.Minute)
		w.goOn(who, s, name)
	}
	w.judge(who, s, name)
	return p.off
}

func (w *world) finish(q *request.Requests, r *request.Request, s scenario) error {
	if r.Status.Closed() {
		return nil
	}
	if s.public {
		w.takeOut(r.Subject)
	}
	var err error
	if s.refuse {
		_, err = q.Refuse(w.t.Context(), w.org, r.ID, "не подтвердилось", "25(2)8", officer)
	} else {
		_, err = q.Fulfil(w.t.Context(), w.org, r.ID, nil, officer)
	}
	return err
}

// reopen starts the installation anew; what it had in memory is lost.
func (w *world) reopen() {
	w.t.Helper()
	if err := w.Close(); err != nil {
		w.t.Fatal(err)
	}
	t, ok := w.t.(*testing.T)
	if !ok {
		w.t.Fatal("not a test")
	}
	w.App = apptest.Reopen(t, w.App)
	w.org = apptest.Org(t, w.App, "")
}

// goOn does what happens by itself after a start, and then what people do: the
// subject asks again if nothing came of it, and the officer confirms.
func (w *world) goOn(who ident.ID, s scenario, name string) {
	w.t.Helper()
	left, err := w.Store.Unfinished(w.t.Context(), w.Now(), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range left {
		if _, err := w.Requests.Resume(w.t.Context(), left[i].ID); err != nil {
			w.t.Fatalf("%s: %v", name, err)
		}
	}
	list, err := w.Store.Demands(w.t.Context(), request.Filter{Subject: who, Limit: 10})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(list) == 0 {
		list = []request.Request{*w.ask(who, s.kind, s.details)}
	}
	if err := w.finish(w.Requests, &list[0], s); err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
}

// judge looks at what stands in the journal.
func (w *world) judge(who ident.ID, s scenario, name string) {
	w.t.Helper()
	count := map[string]int{}
	for _, e := range w.acts(who, "") {
		if e.Decision != "deny" {
			count[e.Action]++
		}
	}
	for _, action := range []string{"change", "supplement", "block", "unblock", "destroy", "consent.withdraw", "ban.set", "publication.demand", "publication.remove"} {
		if count[action] != s.want[action] {
			w.t.Errorf("%s: %d times %s, want %d", name, count[action], action, s.want[action])
		}
	}
	if count["request.receive"] != 1 || count["request.answer"]+count["request.refuse"] != 1 {
		w.t.Errorf("%s: received %d times, answered %d times", name, count["request.receive"], count["request.answer"]+count["request.refuse"])
	}
	list, err := w.Store.Demands(w.t.Context(), request.Filter{Subject: who, Limit: 10})
	if err != nil || len(list) != 1 || !list[0].Status.Closed() || list[0].Term.Status != term.Done {
		w.t.Errorf("%s: %+v %v", name, list, err)
	}
}
