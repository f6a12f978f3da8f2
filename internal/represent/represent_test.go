package represent_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// A parent is registered by the child's number or by the day of birth that the
// document says, and the entry in the child's journal tells of it.
func TestRegister(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("0a", 32)
	for name, change := range map[string]func(*represent.New){
		"by IIN":       nil,
		"by the birth": func(n *represent.New) { n.IIN, n.Born = "", born },
		"by both":      func(n *represent.New) { n.Born = born },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				r, err := w.register(func(n *represent.New) {
					n.Document.Digest = "sha256:" + digest
					if change != nil {
						change(n)
					}
				})
				w.must(err)
				if want := time.Date(2030, 5, 13, 19, 0, 0, 0, time.UTC); !r.Until.Equal(want) {
					t.Errorf("until %s, want midnight in Almaty on the 18th birthday, %s", r.Until, want)
				}
				if r.Acts != represent.AllActs || !slices.Equal(r.Organizations, []string{w.org.BIN}) {
					t.Errorf("%+v", r)
				}
				list, err := w.Represent.Of(t.Context(), w.inside(child))
				if err != nil || len(list) != 1 || !list[0].Until.Equal(r.Until) || list[0].Representative != w.inside(mother) {
					t.Fatalf("stored %+v (%v)", list, err)
				}
				basis, err := w.Represent.Basis(t.Context(), &list[0])
				if err != nil || basis.Document.Number != "No. 417" || basis.By != apptest.System || bytes.Contains(list[0].Sealed, []byte("417")) {
					t.Errorf("basis %+v (%v)", basis, err)
				}
				e := w.entries(child, "representation.register")[0]
				if e.Role != "child" || e.Actor != apptest.System || e.Reference != w.org.Outside(r.ID).String() ||
					e.Detail != "read,consent,withdraw,request,data" || hex.EncodeToString(e.Digest) != digest {
					t.Errorf("entry %+v", e.Entry)
				}
				if len(w.entries(mother, "representation.register")) > 0 {
					t.Error("the entry is in the journal of another person")
				}
				apptest.Clean(t, w.App)
			})
		})
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		attorney := func(n *represent.New) {
			n.Subject, n.IIN, n.Kind, n.Acts, n.Until = w.id(elder), "", represent.Attorney, represent.Read, w.clock.Now().AddDate(0, 1, 0)
		}
		w.everybody()
		w.kill(stranger)
		before := apptest.Clean(t, w.App)
		for name, c := range map[string]struct {
			change      func(*represent.New)
			field, code string
		}{
			"of no kind":            {func(n *represent.New) { n.Kind = "friend" }, "kind", "bad-enum"},
			"of oneself":            {func(n *represent.New) { n.Representative = n.Subject }, "representative", "representation-self"},
			"of nobody":             {func(n *represent.New) { n.Subject = ident.NewID(w.Now()) }, "subject", "subject-unknown"},
			"by nobody":             {func(n *represent.New) { n.Representative = ident.NewID(w.Now()) }, "representative", "subject-unknown"},
			"of a dead one":         {func(n *represent.New) { n.Subject = w.id(stranger) }, "subject", "representation-dead"},
			"by a dead one":         {func(n *represent.New) { n.Representative = w.id(stranger) }, "representative", "representation-dead"},
			"of an adult":           {func(n *represent.New) { n.Subject, n.IIN = w.id(elder), w.iin(elder) }, "", "representation-age"},
			"by another's number":   {func(n *represent.New) { n.IIN = w.iin(sibling) }, "iin", "representation-iin"},
			"by a number of nobody": {func(n *represent.New) { n.IIN = apptest.IIN(77) }, "iin", "representation-iin"},
			"by no number":          {func(n *represent.New) { n.IIN = "1" }, "iin", "iin-length"},
			"by another's birth":    {func(n *represent.New) { n.Born = born.AddDate(0, 0, 1) }, "birthdate", "representation-iin"},
			"without a birth":       {func(n *represent.New) { n.IIN = "" }, "birthdate", "representation-birth"},
			"of the unborn":         {func(n *represent.New) { n.IIN, n.Born = "", w.Now().AddDate(0, 0, 2) }, "birthdate", "time-future"},
			"over already":          {func(n *represent.New) { n.Until = w.Now() }, "until", "time-past"},
			"power for nothing":     {func(n *represent.New) { attorney(n); n.Acts = 0 }, "acts", "missing-field"},
			"power without a term":  {func(n *represent.New) { attorney(n); n.Until = time.Time{} }, "until", "representation-term"},
			"power of a year ago": {func(n *represent.New) {
				attorney(n)
				n.Until, n.Document.Issued = time.Time{}, w.Now().AddDate(-1, 0, -1)
			}, "until", "time-past"},
			"with others":              {func(n *represent.New) { n.Organizations = []string{second} }, "organizations", "representation-reach"},
			"with others too":          {func(n *represent.New) { n.Organizations = []string{apptest.BIN, second} }, "organizations", "representation-reach"},
			"with no organization":     {func(n *represent.New) { n.Organizations = []string{apptest.BIN, "12"} }, "organizations[1]", "bin-length"},
			"with very many":           {func(n *represent.New) { n.Organizations = make([]string, 101) }, "organizations", "too-many-items"},
			"without a document":       {func(n *represent.New) { n.Document.Kind = " " }, "document.kind", "missing-field"},
			"document of tomorrow":     {func(n *represent.New) { n.Document.Issued = w.Now().AddDate(0, 0, 1) }, "document.issued", "time-future"},
			"document with a long one": {func(n *represent.New) { n.Document.Number = strings.Repeat("1", 401) }, "document.number", "too-long"},
			"document with a bad sum":  {func(n *represent.New) { n.Document.Digest = "12" }, "document.digest", "text-hash"},
		} {
			_, err := w.register(c.change)
			wantFault(t, name, err, c.field, c.code)
		}
		if list, err := w.Represent.Of(t.Context(), w.inside(child)); err != nil || len(list) > 0 {
			t.Errorf("%d stayed (%v)", len(list), err)
		}
		if after := apptest.Clean(t, w.App); after != before {
			t.Errorf("%d entries of what was refused", after-before)
		}
	})
}

// kill writes down that a person died, as an organ of the state will.
func (w *world) kill(n int) {
	w.t.Helper()
	id := w.inside(n)
	_, err := apptest.Raw(w.t, w.App).ExecContext(w.t.Context(),
		`UPDATE subject SET state = '`+party.Deceased+`', version = version + 1 WHERE id = `+apptest.Bytes(w.App, id[:]))
	w.must(err)
}

// A power of attorney that names no term holds a year from the day it was
// issued; one with a term, until that.
func TestTermOfAPower(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		issued := time.Date(2023, 3, 1, 0, 0, 0, 0, time.UTC)
		r, err := w.register(func(n *represent.New) {
			n.Subject, n.IIN, n.Kind, n.Acts = w.id(elder), "", represent.Attorney, represent.Read
			n.Document.Issued = issued
		})
		w.must(err)
		if want := time.Date(2024, 2, 29, 19, 0, 0, 0, time.UTC); !r.Until.Equal(want) { // the zone moved that very night
			t.Errorf("until %s, want %s", r.Until, want)
		}
		if until := w.clock.Now().AddDate(1, 0, 0); !w.attorneyOf(stranger).Until.Equal(until) {
			t.Errorf("not until %s", until)
		}
	})
}

func (w *world) attorneyOf(by int) *represent.Representation {
	w.t.Helper()
	r, err := w.register(func(n *represent.New) {
		n.Subject, n.Representative, n.IIN, n.Kind, n.Acts, n.Until = w.id(elder), w.id(by), "", represent.Attorney, represent.AllActs, w.clock.Now().AddDate(1, 0, 0)
	})
	w.must(err)
	return r
}

func TestMajority(t *testing.T) {
	t.Parallel()
	e, _ := law.ByID("2023-04")
	for birth, want := range map[string]string{
		"2005-11-24": "2023-11-23T18:00:00Z", // six hours ahead until March 2024
		"2006-03-01": "2024-02-29T19:00:00Z",
		"2006-02-28": "2024-02-27T18:00:00Z",
		"2008-02-29": "2026-02-28T19:00:00Z", // on 1 March: 2026 has no such day
		"2008-12-31": "2026-12-30T19:00:00Z",
		"2010-01-01": "2027-12-31T19:00:00Z",
	} {
		day, err := time.Parse(time.DateOnly, birth)
		if err != nil {
			t.Fatal(err)
		}
		if got := represent.Majority(e, day).UTC().Format(time.RFC3339); got != want {
			t.Errorf("born %s: of age %s, want %s", birth, got, want)
		}
	}
	if got := represent.Majority(&law.Edition{}, born); !got.Before(born.AddDate(0, 0, 1)) {
		t.Errorf("an edition that does not know the age lets parents act until %s", got)
	}
}

// A parent acts until the very moment at which the child comes of age in Almaty,
// and not a moment longer, whether or not that was written down.
func TestEndsByAge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		r := w.parent(child)
		c := w.agreed(w.org, child)
		by := r.Actor(w.org)
		enter := func() error {
			_, err := w.Represent.Enter(t.Context(), w.inside(mother), r.ID, represent.Read)
			return err
		}
		w.clock.Set(r.Until.Add(-time.Millisecond))
		w.must(enter())
		w.must(w.withdraw(c, by))
		if err := w.Represent.Expire(t.Context(), r); err != nil || len(w.entries(child, "representation.end")) > 0 {
			t.Fatal("ended before its time", err)
		}
		w.clock.Set(r.Until)
		wantFault(t, "to enter", enter(), "", "representation-unknown")
		wantFault(t, "to withdraw", w.withdraw(c, by), "", "representation-unknown")
		if list, err := w.Represent.By(t.Context(), w.inside(mother)); err != nil || len(list) > 0 {
			t.Errorf("still represents %d (%v)", len(list), err)
		}
		due, err := w.Store.DueRepresentations(t.Context(), w.Now(), 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("%d due (%v)", len(due), err)
		}
		for range 2 {
			w.must(w.Represent.Expire(t.Context(), &due[0]))
		}
		if list := w.entries(child, "representation.end"); len(list) != 1 || list[0].Actor.Kind != "service" || list[0].Role != "child" {
			t.Errorf("%d entries of the end: %+v", len(list), list)
		}
		if due, err := w.Store.DueRepresentations(t.Context(), w.Now(), 10); err != nil || len(due) > 0 {
			t.Errorf("%d still due (%v)", len(due), err)
		}
		if _, err := w.Represent.RevokeOwn(t.Context(), r.Subject, r.ID); !fault.Is(err, "representation-by-age") {
			t.Error(err)
		}
		apptest.Clean(t, w.App)
	})
}

// One organization registers one representative once, however many ask at one
// moment; after the end it may again.
func TestRegisteredOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.id(child)
		w.id(mother)
		var all sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 8 {
			all.Go(func() {
				_, err := w.register(nil)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else if !fault.Is(err, "representation-exists") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if list, err := w.Represent.Of(t.Context(), w.inside(child)); err != nil || made != 1 || len(list) != 1 {
			t.Fatalf("%d made, %d there (%v)", made, len(list), err)
		}
		list, err := w.Represent.Registered(t.Context(), w.org, w.id(child))
		w.must(err)
		_, err = w.Represent.Revoke(t.Context(), w.org, w.org.Outside(list[0].ID), apptest.System)
		w.must(err)
		_, err = w.register(nil)
		w.must(err)
		apptest.Clean(t, w.App)
	})
}

// Whoever registered it takes it back, and so does the adult who gave the power;
// nobody else, and only once.
func TestRevoke(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		r := w.attorney(represent.AllActs)
		outside := w.org.Outside(r.ID)
		for name, try := range map[string]func() error{
			"another organization": func() error {
				_, err := w.Represent.Revoke(t.Context(), w.other, outside, apptest.System)
				return err
			},
			"another organization, by the id inside": func() error {
				_, err := w.Represent.Revoke(t.Context(), w.other, w.other.Outside(r.ID), apptest.System)
				return err
			},
			"the representative": func() error {
				_, err := w.Represent.RevokeOwn(t.Context(), w.inside(mother), r.ID)
				return err
			},
			"a stranger": func() error {
				_, err := w.Represent.RevokeOwn(t.Context(), w.inside(stranger), r.ID)
				return err
			},
		} {
			wantFault(t, name, try(), "", "representation-unknown")
		}
		if _, err := w.Represent.RevokeOwn(t.Context(), w.inside(elder), r.ID); err != nil {
			t.Fatal(err)
		}
		e := w.entries(elder, "representation.revoke")
		if len(e) != 1 || e[0].Actor != apptest.Person || e[0].Role != "principal" || e[0].Reference != outside.String() {
			t.Errorf("%+v", e)
		}
		_, err := w.Represent.RevokeOwn(t.Context(), w.inside(elder), r.ID)
		wantFault(t, "twice", err, "", "representation-over")
		_, err = w.Represent.Revoke(t.Context(), w.org, outside, apptest.System)
		wantFault(t, "by the organization after", err, "", "representation-over")

		p := w.parent(child)
		_, err = w.Represent.RevokeOwn(t.Context(), w.inside(child), p.ID)
		wantFault(t, "by the child", err, "", "representation-by-age")
		_, err = w.Represent.Revoke(t.Context(), w.org, w.org.Outside(p.ID), apptest.System)
		w.must(err)
		apptest.Clean(t, w.App)
	})
}

// An organization vouches before itself alone; an authority before those it
// names, or all.
func TestReach(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		body := w.authority()
		own, far := w.agreed(w.org, child), w.agreed(w.other, child)
		r := w.parent(child)
		way, err := w.Represent.Enter(t.Context(), w.inside(mother), r.ID, represent.Read)
		if err != nil || !way.Sees(w.org.ID) || way.Sees(w.other.ID) {
			t.Fatalf("%+v (%v)", way, err)
		}
		w.must(w.withdraw(own, r.Actor(w.org)))
		wantFault(t, "with another", w.withdraw(far, r.Actor(w.other)), "", "representation-scope")

		absent, _ := ident.MakeBIN(1999, time.May, 1)
		for name, c := range map[string]struct {
			bins []string
			far  bool
		}{"all": {nil, true}, "one": {[]string{second}, true}, "one that is not here": {[]string{absent}, false}} {
			n := &represent.New{
				Subject: w.of(body, child), Representative: w.of(body, mother), Kind: represent.Parent, Born: born, Organizations: c.bins,
				Document: represent.Document{Kind: "birth certificate"}, Actor: apptest.System,
			}
			r, err := w.Represent.Register(t.Context(), body, n)
			w.must(err)
			way, err := w.Represent.Enter(t.Context(), w.inside(mother), r.ID, represent.Read)
			if err != nil || way.Sees(w.other.ID) != c.far || way.Sees(w.org.ID) != (c.bins == nil) || len(c.bins) > 0 && way.Limits() == nil {
				t.Errorf("%s: %+v (%v)", name, way, err)
			}
			if err := w.withdraw(far, r.Actor(w.other)); (err == nil) != c.far {
				t.Errorf("%s: %v", name, err)
			}
			_, err = w.Represent.Revoke(t.Context(), body, body.Outside(r.ID), apptest.System)
			w.must(err)
		}
	})
}

// The first look of a day in Almaty is an entry; others of that day are not.
func TestLooksAreJournaledOnceADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		r := w.parent(child)
		looks := func(want int) {
			t.Helper()
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if _, err := w.Represent.Enter(t.Context(), w.inside(mother), r.ID, represent.Read); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if list := w.entries(child, "representation.look"); len(list) != want || list[0].Actor != r.Actor(w.org) || list[0].Role != "child" {
				t.Fatalf("%d entries, want %d", len(list), want)
			}
		}
		looks(1)
		w.clock.Set(time.Date(2023, 11, 23, 17, 59, 59, 0, time.UTC))
		looks(1)
		w.clock.Add(time.Second) // midnight in Almaty
		looks(2)
		apptest.Clean(t, w.App)
	})
}

// Two organizations see two names of one representative.
func TestNamesInTheJournalArePairwise(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		body := w.authority()
		r, err := w.Represent.Register(t.Context(), body, &represent.New{
			Subject: w.of(body, child), Representative: w.of(body, mother), Kind: represent.Parent, Born: born,
			Document: represent.Document{Kind: "birth certificate"}, Actor: apptest.System,
		})
		w.must(err)
		seen := map[string]bool{r.ID.String(): true}
		for _, o := range []*party.Organization{w.org, w.other} {
			c := w.agreed(o, child)
			w.clock.Add(time.Second)
			if _, err := w.Consents.Pause(t.Context(), c.ID, r.Actor(o)); err != nil {
				t.Fatal(err)
			}
			e := w.entries(child, "consent.pause")[0]
			if e.Actor.Kind != represent.ActorKind || seen[e.Actor.ID] {
				t.Errorf("%s sees %+v", o.BIN, e.Actor)
			}
			seen[e.Actor.ID] = true
		}
	})
}

// A consent that a representative gave is one that data may be processed on; it
// says who gave it in its proof and receipt, and names the subject as the one
// whose consent it is.
//
// duty: L7.1, L8.1, L25.2.5
func TestConsentByARepresentative(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		r := w.parent(child)
		processed := func() bool {
			ans, err := w.Guard.Decide(t.Context(), &gate.Ask{
				Request: gate.Request{Action: register.Collect, Purpose: "inform", Categories: []string{"email"}},
				Holder:  w.org, Asker: w.org, Subject: w.id(child), Actor: apptest.System,
			})
			w.must(err)
			return ans.Permit
		}
		if processed() {
			t.Error("permitted without a consent")
		}
		c, err := w.Consents.Record(t.Context(), w.org, newConsent(w.id(child), r.Actor(w.org)))
		w.must(err)
		if !processed() {
			t.Error("not permitted on the consent of the parent")
		}
		v, err := w.Consents.View(t.Context(), c)
		w.must(err)
		rep := v.Evidence.Representative
		if rep == nil || rep.Kind != represent.Parent || rep.Name != "Асыл 1" || rep.ID != w.org.Outside(r.ID) || rep.Recorder != "system test" {
			t.Errorf("the proof says %+v", rep)
		}
		if v.Elements.Subject.Name != "Асыл 2" || v.History[0].By != represent.ActorKind {
			t.Errorf("%+v %+v", v.Elements.Subject, v.History)
		}
		file, err := w.Consents.Receipt(t.Context(), c)
		if err != nil || !bytes.Contains(file, []byte(`"representative":{"id":"`+w.org.Outside(r.ID).String()+`","kind":"parent","name":"Асыл 1"`)) {
			t.Errorf("the receipt: %s (%v)", file, err)
		}
		if e := w.entries(child, "consent.give")[0]; e.Actor != r.Actor(w.org) || e.Role != "child" {
			t.Errorf("entry %+v", e.Entry)
		}
		if _, err := w.Consents.Withdraw(t.Context(), c.ID, 1, "", r.Actor(w.org)); err != nil {
			t.Fatal(err)
		}
		if processed() {
			t.Error("permitted after the parent withdrew")
		}
		c, err = w.Store.Consent(t.Context(), c.ID)
		w.must(err)
		file, err = w.Consents.Receipt(t.Context(), c)
		if err != nil || !bytes.Contains(file, []byte(`"status":"withdrawn","scopes":["process"],"by":"representative"`)) {
			t.Errorf("the receipt of what was withdrawn: %s (%v)", file, err)
		}
		own := w.agreed(w.org, sibling)
		if v, err := w.Consents.View(t.Context(), own); err != nil || v.Evidence.Representative != nil {
			t.Errorf("own consent: %+v (%v)", v.Evidence.Representative, err)
		}
		apptest.Clean(t, w.App)
	})
}

var nobody = verify.Actor{Kind: represent.ActorKind}
