package disclosure_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/disclosure"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/term"
	"kelisim/verify"
)

// desk is two operators who know one person, and the people of the first.
type desk struct {
	*app.App
	t          testing.TB
	clock      *apptest.Clock
	org, other *party.Organization
	subject    ident.ID // inside
	ann, ben   account.Caller
	court      account.Caller // of the other organization
}

func newDesk(t testing.TB, a *app.App, clock *apptest.Clock, person int) *desk {
	t.Helper()
	d := &desk{App: a, t: t, clock: clock, org: apptest.Org(t, a, "")}
	bin, ok := ident.MakeBIN(2016, 3, 7)
	if !ok {
		t.Fatal("no BIN")
	}
	d.other = apptest.Apply(t, a, strings.Replace(apptest.Bestam(t), apptest.BIN, bin, 1))
	d.subject = d.org.Inside(apptest.Subject(t, a, d.org, person))
	clock.Add(time.Second)
	apptest.Subject(t, a, d.other, person)
	d.ann, d.ben = officer(d, d.org), officer(d, d.org)
	d.court = officer(d, d.other)
	d.court.Role = account.Authority
	clock.Add(time.Second)
	return d
}

func officer(d *desk, o *party.Organization) account.Caller {
	return account.Caller{Token: ident.NewID(d.clock.Now()), Role: account.Officer, Org: o.ID}
}

func eachDesk(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) { test(t, newDesk(t, a, clock, 1)) })
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// act is one entry of an operator about the person.
func (d *desk) act(o *party.Organization, reference string, change ...func(*gate.Ask)) ident.ID {
	d.t.Helper()
	a := &gate.Ask{
		Request: gate.Request{Action: register.View, Purpose: "contracts", Categories: []string{"name"}},
		Holder:  o, Asker: o, Subject: o.Outside(d.subject), Actor: verify.Actor{Kind: "person", ID: "7"}, Reference: reference,
	}
	for _, c := range change {
		c(a)
	}
	ans, err := d.Guard.Decide(d.t.Context(), a)
	d.must(err)
	d.clock.Add(time.Second)
	return ans.ID
}

func (d *desk) request(reference string, until time.Duration) *journal.Deferral {
	d.t.Helper()
	x, err := d.Deferrals.Request(d.t.Context(), d.ann, d.wanted(reference, until))
	d.must(err)
	d.clock.Add(time.Second)
	return x
}

func (d *desk) wanted(reference string, until time.Duration) disclosure.New {
	return disclosure.New{
		Subject: d.org.Outside(d.subject), Reference: reference, Provision: "9(1)", Document: "order 17", Until: d.clock.Now().Add(until),
	}
}

// deferred is a request with its approval.
func (d *desk) deferred(reference string, until time.Duration) *journal.Deferral {
	d.t.Helper()
	x, err := d.Deferrals.Approve(d.t.Context(), d.ben, d.request(reference, until).ID)
	d.must(err)
	d.clock.Add(time.Second)
	return x
}

func (d *desk) view() *journal.View {
	d.t.Helper()
	v, err := d.Journal.ForSubject(d.t.Context(), d.subject)
	d.must(err)
	return v
}

// seen walks what the person sees, by pages of a size.
func (d *desk) seen(size int) []ident.ID {
	d.t.Helper()
	var out []ident.ID
	v := d.view()
	for f := (journal.Filter{Limit: size}); ; f.Before = out[len(out)-1] {
		list, err := v.List(d.t.Context(), f)
		d.must(err)
		for i := range list {
			out = append(out, ident.ID(list[i].ID))
		}
		if len(list) < size {
			return out
		}
	}
}

func (d *desk) sees(id ident.ID) bool {
	d.t.Helper()
	_, err := d.view().One(d.t.Context(), id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		d.t.Fatal(err)
	}
	return err == nil
}

// What is deferred is hidden before its date and shown at it, with nobody doing
// anything; what is of another case, another operator or nobody's approval shows
// all the while.
//
// duty: L8-2.2.2
func TestHiddenThenShown(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		before := d.act(d.org, "A")
		asked := d.request("A", 48*time.Hour)
		if !d.sees(before) {
			t.Error("a request hides something")
		}
		_, err := d.Deferrals.Approve(t.Context(), d.ben, asked.ID)
		d.must(err)
		d.clock.Add(time.Second)
		after, others, none, theirs := d.act(d.org, "A"), d.act(d.org, "B"), d.act(d.org, ""), d.act(d.other, "A")
		for name, c := range map[string]struct {
			id   ident.ID
			want bool
		}{"before": {before, false}, "after": {after, false}, "another case": {others, true}, "no case": {none, true}, "another operator": {theirs, true}} {
			if d.sees(c.id) != c.want {
				t.Errorf("%s: seen %t", name, !c.want)
			}
		}
		d.clock.Set(asked.Until.Add(-time.Millisecond))
		if d.sees(after) {
			t.Error("shown before its date")
		}
		d.clock.Set(asked.Until)
		s, err := d.view().One(t.Context(), after)
		d.must(err)
		if s.Deferred == nil || !s.Deferred.Until.Equal(asked.Until) || s.Deferred.Provision != "9(1)" || s.Deferred.Hidden {
			t.Errorf("it is not told that it was shown later: %+v", s.Deferred)
		}
		d.clock.Add(time.Second)
		later := d.act(d.org, "A")
		if s, err = d.view().One(t.Context(), later); err != nil || s.Deferred != nil {
			t.Error("what happened after the date is told as shown later", err)
		}
		apptest.Clean(t, d.App)
	})
}

// Who asks does not approve, and nobody from outside does; one person is enough
// to refuse and to lift, and the authorised body lifts anybody's.
func TestSecondPerson(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		x := d.request("A", time.Hour)
		id := d.act(d.org, "A")
		stranger, clerk := officer(d, d.other), officer(d, d.org)
		clerk.Role = account.Staff
		admin := account.Caller{Token: ident.NewID(d.clock.Now()), Role: account.Admin}
		for name, c := range map[string]struct {
			by   account.Caller
			code string
		}{
			"who asked": {d.ann, "deferral-second-person"}, "another organization's officer": {stranger, "deferral-unknown"},
			"another organization's authority": {d.court, "deferral-unknown"}, "a clerk": {clerk, "forbidden"}, "the administrator": {admin, "forbidden"},
		} {
			if _, err := d.Deferrals.Approve(t.Context(), c.by, x.ID); !fault.Is(err, c.code) {
				t.Errorf("%s approved: %v", name, err)
			}
		}
		if !d.sees(id) {
			t.Fatal("hidden without an approval")
		}
		_, err := d.Deferrals.Approve(t.Context(), d.ben, x.ID)
		d.must(err)
		if d.sees(id) {
			t.Fatal("shown in spite of the approval")
		}
		for name, by := range map[string]account.Caller{"a stranger": stranger, "a clerk": clerk} {
			if _, err := d.Deferrals.Lift(t.Context(), by, x.ID); err == nil {
				t.Errorf("%s lifted it", name)
			}
		}
		d.clock.Add(time.Second)
		_, err = d.Deferrals.Lift(t.Context(), d.court, x.ID)
		d.must(err)
		if !d.sees(id) {
			t.Error("hidden after it was lifted")
		}
		for _, by := range []account.Caller{d.ann, d.court} {
			y := d.deferred("A", time.Hour)
			_, err := d.Deferrals.Lift(t.Context(), by, y.ID)
			d.must(err)
		}
		_, err = d.Deferrals.Refuse(t.Context(), d.ann, d.request("A", time.Hour).ID)
		d.must(err)
		if !d.sees(id) {
			t.Error("a refused request hides something")
		}
	})
}

// A deferral is decided once, also of two who decide at one moment; none comes
// into force after its date.
func TestDecidedOnce(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		x := d.request("A", time.Hour)
		done := make(chan error, 8)
		for i := range cap(done) {
			go func() {
				var err error
				if i%2 == 0 {
					_, err = d.Deferrals.Approve(t.Context(), d.ben, x.ID)
				} else {
					_, err = d.Deferrals.Refuse(t.Context(), d.ann, x.ID)
				}
				done <- err
			}()
		}
		won := 0
		for range cap(done) {
			if err := <-done; err == nil {
				won++
			} else if !fault.Is(err, "deferral-moved") {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("decided %d times", won)
		}
		y := d.request("B", time.Hour)
		if _, err := d.Deferrals.Lift(t.Context(), d.ann, y.ID); !fault.Is(err, "deferral-moved") {
			t.Error("lifted before it was approved", err)
		}
		z := d.deferred("C", time.Hour)
		d.clock.Add(time.Hour)
		if _, err := d.Deferrals.Approve(t.Context(), d.ben, y.ID); !fault.Is(err, "deferral-over") {
			t.Error("approved after its date", err)
		}
		if _, err := d.Deferrals.Lift(t.Context(), d.ann, z.ID); !fault.Is(err, "deferral-over") {
			t.Error("lifted after its date", err)
		}
		apptest.Clean(t, d.App)
	})
}

// Only what an edition lets be shown later is, and no longer than it says.
func TestGroundsAndTerms(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	apptest.Apply(t, a, apptest.Bestam(t))
	d := newDesk(t, a, clock, 1)
	edition := law.At(clock.Now())
	for _, g := range edition.Grounds() {
		in := d.wanted("A", time.Hour)
		in.Provision = string(g.Provision)
		_, err := d.Deferrals.Request(t.Context(), d.ann, in)
		if g.Defer == nil && !fault.Is(err, "deferral-ground") {
			t.Errorf("%s: %v", g.Provision, err)
		}
		if g.Defer == nil {
			continue
		}
		longest, ok := register.ParsePeriod(g.Defer.Max)
		if err != nil || !ok {
			t.Errorf("%s: %v, %s", g.Provision, err, g.Defer.Max)
		}
		in.Until = longest.Add(clock.Now())
		_, err = d.Deferrals.Request(t.Context(), d.ann, in)
		d.must(err)
		in.Until = in.Until.Add(time.Second)
		if _, err := d.Deferrals.Request(t.Context(), d.ann, in); !fault.Is(err, "deferral-too-long") {
			t.Errorf("%s: %v", g.Provision, err)
		}
	}
	for field, spoil := range map[string]func(*disclosure.New){
		"subject": func(in *disclosure.New) { in.Subject = ident.ID{} }, "provision": func(in *disclosure.New) { in.Provision = "" },
		"document": func(in *disclosure.New) { in.Document = " " }, "until": func(in *disclosure.New) { in.Until = clock.Now() },
		"reference": func(in *disclosure.New) { in.Reference = strings.Repeat("x", 201) },
	} {
		in := d.wanted("A", time.Hour)
		spoil(&in)
		_, err := d.Deferrals.Request(t.Context(), d.ann, in)
		if !strings.HasPrefix(fmt.Sprint(err), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	in := d.wanted("A", time.Hour)
	in.Subject = ident.NewID(clock.Now())
	if _, err := d.Deferrals.Request(t.Context(), d.ann, in); !fault.Is(err, "subject-unknown") {
		t.Error(err)
	}
}

// Each thing done with a deferral is an entry of its own, about the person, with
// ground, document, case and date; until it is over the person sees none of them,
// whatever became of it.
func TestDeferralIsJournaled(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		x := d.deferred("A", time.Hour)
		refused := d.request("R", time.Hour)
		_, err := d.Deferrals.Refuse(t.Context(), d.ben, refused.ID)
		d.must(err)
		d.clock.Add(time.Second)
		pending := d.request("P", time.Hour)
		want := []string{"defer P", "refuse R", "defer R", "approve A", "defer A"}
		if got := d.told(t); !slices.Equal(got, want) {
			t.Errorf("journaled %v, want %v", got, want)
		}
		if got := d.seenActs(); len(got) > 0 {
			t.Errorf("the person is warned by %v", got)
		}
		d.clock.Add(time.Second)
		_, err = d.Deferrals.Lift(t.Context(), d.ben, x.ID)
		d.must(err)
		if got, want := d.seenActs(), []string{"disclosure.lift", "disclosure.approve", "disclosure.defer"}; !slices.Equal(got, want) {
			t.Errorf("seen after it was lifted: %v, want %v", got, want)
		}
		d.clock.Set(pending.Until)
		if got := d.seenActs(); len(got) != 6 {
			t.Errorf("seen at the end: %v", got)
		}
		apptest.Clean(t, d.App)
	})
}

// told are the acts on deferrals, newest first, with their cases.
func (d *desk) told(t *testing.T) (out []string) {
	t.Helper()
	_, list, err := d.Journal.List(t.Context(), journal.Filter{Org: d.org.ID, Limit: 100})
	d.must(err)
	for _, e := range list {
		act, ok := strings.CutPrefix(e.Action, "disclosure.")
		if !ok {
			continue
		}
		out = append(out, act+" "+e.Reference)
		if e.Ground == nil || e.Ground.Provision != "9(1)" || e.Ground.Document != "order 17" || e.Actor.Kind != "person" ||
			ident.ID(e.Subject) != d.org.Outside(d.subject) || !strings.Contains(e.Detail, " 20") {
			t.Errorf("%+v", e.Entry)
		}
	}
	return out
}

func (d *desk) seenActs() (out []string) {
	d.t.Helper()
	list, err := d.view().List(d.t.Context(), journal.Filter{Limit: 100})
	d.must(err)
	for i := range list {
		if strings.HasPrefix(list[i].Action, "disclosure.") {
			out = append(out, list[i].Action)
		}
	}
	return out
}

// With all that an operator does deferred, the person does not see that it has
// anything to do with them, unless they know from a consent of theirs, which is
// then whole, with each entry of its life.
func TestWholeOperator(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.act(d.org, "")
		holders := func() (out []string) {
			t.Helper()
			list, err := disclosure.Holders(t.Context(), d.Store, d.subject, d.view())
			d.must(err)
			for i := range list {
				o, err := d.Parties.ByID(t.Context(), list[i].Org)
				d.must(err)
				out = append(out, o.BIN)
			}
			slices.Sort(out)
			return out
		}
		both := []string{d.org.BIN, d.other.BIN}
		slices.Sort(both)
		if got := holders(); !slices.Equal(got, both) {
			t.Fatal(got)
		}
		x := d.deferred("", time.Hour)
		if got := holders(); !slices.Equal(got, []string{d.other.BIN}) {
			t.Errorf("%v hold something", got)
		}
		list, err := d.view().List(t.Context(), journal.Filter{Org: d.org.ID, Limit: 9})
		d.must(err)
		if len(list) > 0 {
			t.Errorf("%d entries are seen", len(list))
		}
		c := apptest.Consent(t, d.App, d.org, d.org.Outside(d.subject), "news")
		d.clock.Add(time.Second)
		_, err = d.Consents.Withdraw(t.Context(), c.ID, consent.Process, "", apptest.Person)
		d.must(err)
		d.clock.Add(time.Second)
		_, err = d.Guard.OwnData(t.Context(), d.subject, d.org.ID, apptest.Person)
		d.must(err)
		hidden := d.act(d.org, "")
		if got := holders(); !slices.Equal(got, both) {
			t.Errorf("%v hold something, with a consent there", got)
		}
		list, err = d.view().List(t.Context(), journal.Filter{Org: d.org.ID, Limit: 9})
		d.must(err)
		var acts []string
		for i := range list {
			acts = append(acts, list[i].Action)
		}
		if want := []string{"view", "consent.withdraw", "consent.give"}; !slices.Equal(acts, want) || d.sees(hidden) {
			t.Errorf("%v are seen, want %v", acts, want)
		}
		d.clock.Set(x.Until)
		if !d.sees(hidden) || len(holders()) != 2 {
			t.Error("not all is shown at the date")
		}
	})
}

// News are what could not be seen when reading last: also what was deferred then.
func TestNews(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		x := d.deferred("A", time.Hour)
		hidden, last := d.act(d.org, "A"), d.act(d.org, "B")
		news := func(read ident.ID) (out []ident.ID) {
			t.Helper()
			list, err := d.view().News(t.Context(), read, 100)
			d.must(err)
			for i := range list {
				out = append(out, ident.ID(list[i].ID))
			}
			return out
		}
		if got := news(last); len(got) > 0 {
			t.Errorf("news of what was read: %v", got)
		}
		d.clock.Set(x.Until.Add(time.Second))
		got := news(last)
		if len(got) != 3 || got[0] != hidden { // the act, the approval, the request
			t.Errorf("%d news at the date", len(got))
		}
		until, err := d.view().ReadUntil(t.Context(), hidden)
		d.must(err)
		if got := news(until); len(got) > 0 {
			t.Errorf("%d are news after they were read", len(got))
		}
		next := d.act(d.org, "A")
		if got := news(until); !slices.Equal(got, []ident.ID{next}) {
			t.Errorf("%v, want %v", got, next)
		}
	})
}

// What becomes of a term that a deferred act set running is told when the act is:
// that a transfer is to be told of by a day tells of the transfer.
func TestTermOfADeferredAct(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		desc := *d.org.Register.Description
		desc.Purposes = slices.Clone(desc.Purposes)
		for i := range desc.Purposes {
			desc.Purposes[i].NotifyTransfer = true
		}
		_, err := d.Parties.Apply(t.Context(), apptest.System, &desc, true)
		d.must(err)
		d.org = apptest.Org(t, d.App, "")
		bank := d.org.Register.Purpose("payment").Recipients[0].BIN
		_, err = d.Consents.Record(t.Context(), d.org, &consent.New{
			Subject: d.org.Outside(d.subject), Terms: consent.Terms{Purposes: []string{"payment"}, ThirdParties: []string{bank}},
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		})
		d.must(err)
		d.clock.Add(time.Second)
		x := d.deferred("A", time.Hour)
		transfer := func(reference string) ident.ID {
			return d.act(d.org, reference, func(a *gate.Ask) { a.Action, a.Purpose, a.Recipient = register.Transfer, "payment", bank })
		}
		hidden, shown := transfer("A"), transfer("B")
		open, err := d.Terms.List(t.Context(), term.Filter{Org: d.org.ID, Status: term.Open, Limit: 10})
		d.must(err)
		if len(open) != 2 {
			t.Fatalf("%d terms are running", len(open))
		}
		for i := range open {
			_, err := d.Terms.Done(t.Context(), d.org.ID, open[i].ID, apptest.System)
			d.must(err)
			d.clock.Add(time.Second)
		}
		told := func() (n int) {
			list, err := d.view().List(t.Context(), journal.Filter{Limit: 100})
			d.must(err)
			for i := range list {
				if list[i].Action == "term.done" {
					n++
				}
			}
			return n
		}
		if d.sees(hidden) || !d.sees(shown) || told() != 1 {
			t.Errorf("%d ends of terms are told, want that of the transfer that is shown", told())
		}
		d.clock.Set(x.Until)
		if !d.sees(hidden) || told() != 2 {
			t.Errorf("%d ends of terms are told at the date", told())
		}
	})
}

// Whoever has the disk cannot hide entries by a row: what it says is sealed.
func TestChangedRowDoesNotHold(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.act(d.org, "A")
		x := d.request("A", time.Hour)
		db := apptest.Raw(t, d.App)
		for _, change := range []string{
			"status = 'approved'", "until_at = until_at + 1", "provision = '9(9)'", "decided_at = 5", "org_id = " + apptest.Bytes(d.App, d.other.ID[:]),
		} {
			column, _, _ := strings.Cut(change, " ")
			if _, err := db.ExecContext(t.Context(), "CREATE TABLE kept AS SELECT * FROM deferral"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), "UPDATE deferral SET "+change); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Journal.ForSubject(t.Context(), d.subject); err == nil {
				t.Errorf("%s: taken as it stands", change)
			}
			for _, q := range []string{"UPDATE deferral SET " + column + " = (SELECT " + column + " FROM kept)", "DROP TABLE kept"} {
				if _, err := db.ExecContext(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, err := d.Deferrals.Approve(t.Context(), d.ben, x.ID)
		d.must(err)
	})
}

// A journal is not read for its subject past the one place that hides.
func TestNoOtherWay(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	apptest.Apply(t, a, apptest.Bestam(t))
	d := newDesk(t, a, clock, 1)
	id := d.act(d.org, "A")
	f := journal.Filter{BySubject: true, Subject: d.subject, Limit: 9}
	if _, list, err := d.Journal.List(t.Context(), f); err == nil {
		t.Errorf("read %d entries", len(list))
	}
	if _, _, err := d.Journal.One(t.Context(), f, id); err == nil {
		t.Error("read one")
	}
	if _, err := d.Journal.Receipt(t.Context(), f, id); err == nil {
		t.Error("proved one")
	}
}

// Whatever deferrals there are and whatever became of them: what the subject
// sees at a moment is every entry but those covered by an approved deferral that
// is not over, and those that tell of a deferral that is not over. By pages of
// any size each is there once, and none of the others is there by its id.
func TestSeenIsAllMinusDeferred(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		person := 1
		rapid.Check(t, func(rt *rapid.T) {
			person++
			d := newDesk(t, a, clock, person)
			made := map[string]*journal.Deferral{}
			for range rapid.IntRange(1, 14).Draw(rt, "steps") {
				d.anything(rt, made)
				clock.Add(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
			}
			d.compare(rt, made)
			clock.Add(100 * time.Hour)
			d.compare(rt, made)
		})
	})
}

// anything does one thing.
func (d *desk) anything(rt *rapid.T, made map[string]*journal.Deferral) {
	reference := rapid.SampledFrom([]string{"", "A", "B"})
	org := d.org
	if rapid.IntRange(0, 3).Draw(rt, "whose") == 0 {
		org = d.other
	}
	kinds := []string{"person", "system", "bulk", "subject", "service"}
	ids := make([]string, 0, len(made))
	for id := range made {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	what := rapid.SampledFrom([]string{"act", "act", "act", "consent", "request", "request", "approve", "approve", "refuse", "lift"}).Draw(rt, "what")
	switch {
	case what == "act":
		kind := rapid.SampledFrom(kinds).Draw(rt, "actor")
		d.act(org, reference.Draw(rt, "reference"), func(a *gate.Ask) { a.Actor.Kind = kind })
	case what == "consent":
		apptest.Consent(d.t, d.App, org, org.Outside(d.subject), "news")
	case what == "request":
		x := d.request(reference.Draw(rt, "reference"), time.Duration(rapid.IntRange(1, 10).Draw(rt, "hours"))*time.Hour)
		made[x.ID.String()] = x
	case len(ids) > 0:
		id := made[rapid.SampledFrom(ids).Draw(rt, "which")].ID
		move := map[string]func() (*journal.Deferral, error){
			"approve": func() (*journal.Deferral, error) { return d.Deferrals.Approve(d.t.Context(), d.ben, id) },
			"refuse":  func() (*journal.Deferral, error) { return d.Deferrals.Refuse(d.t.Context(), d.ben, id) },
			"lift":    func() (*journal.Deferral, error) { return d.Deferrals.Lift(d.t.Context(), d.ben, id) },
		}[what]
		x, err := move()
		if err == nil {
			made[id.String()] = x
		} else if fault.KindOf(err) != fault.Conflict {
			rt.Fatal(err)
		}
	}
}

// compare holds what the subject sees against what the journal has and the
// deferrals say.
func (d *desk) compare(rt *rapid.T, made map[string]*journal.Deferral) {
	var want []ident.ID
	for _, o := range []*party.Organization{d.org, d.other} {
		_, all, err := d.Journal.List(d.t.Context(), journal.Filter{Org: o.ID, BySubject: true, Subject: d.subject, Limit: 500})
		d.must(err)
		for _, e := range all {
			hidden := o == d.org && d.hidden(e, made)
			if d.sees(ident.ID(e.ID)) == hidden {
				rt.Fatalf("%s %q of %s: hidden %t, want %t", e.Action, e.Reference, o.BIN, !hidden, hidden)
			}
			if !hidden {
				want = append(want, ident.ID(e.ID))
			}
		}
	}
	slices.SortFunc(want, func(a, b ident.ID) int { return bytes.Compare(b[:], a[:]) })
	got := d.seen(rapid.IntRange(1, 7).Draw(rt, "page"))
	if !slices.Equal(got, want) {
		rt.Fatalf("seen %v\nwant %v", got, want)
	}
}

func (d *desk) hidden(e *journal.Opened, made map[string]*journal.Deferral) bool {
	if e.Actor.Kind == "subject" || strings.HasPrefix(e.Action, "consent.") {
		return false
	}
	for id, x := range made {
		if x.Status == journal.Lifted || !d.clock.Now().Before(x.Until) {
			continue
		}
		if x.Status == journal.Approved && (x.Reference == "" || x.Reference == e.Reference) {
			return true
		}
		if strings.HasPrefix(e.Action, "disclosure.") && strings.Contains(e.Detail, id) {
			return true
		}
	}
	return false
}
