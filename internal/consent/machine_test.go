package consent_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/verify"
)

var update = flag.Bool("update", false, "write files made from others anew")

// The drawing in the documents is the tables.
func TestDrawing(t *testing.T) {
	t.Parallel()
	const file = "../../docs/consent.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for name, drawing := range map[string]string{
		"request": consent.RequestMachine.Draw(), "consent": consent.ConsentMachine.Draw(), "hold": consent.HoldMachine.Draw(),
	} {
		begin, end := "<!-- "+name+": made by go generate ./internal/consent -->\n", "<!-- /"+name+" -->"
		head, rest, ok := strings.Cut(got, begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no place for the life of a %s", file, name)
		}
		got = head + begin + "\n" + drawing + "\n" + end + tail
	}
	switch {
	case got == string(text):
	case *update:
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what the code does: run go generate ./internal/consent", file)
	}
}

// Each step rests on a provision that every edition has.
func TestMachineProvisions(t *testing.T) {
	t.Parallel()
	check := func(action, provision string) {
		for _, e := range law.Editions() {
			if _, ok := e.Provision(law.Provision(provision)); !ok {
				t.Errorf("%s rests on %s, which edition %s does not have", action, provision, e.ID)
			}
		}
	}
	for _, s := range consent.RequestMachine {
		check(s.Action, s.Provision)
	}
	for _, s := range consent.ConsentMachine {
		check(s.Action, s.Provision)
	}
	for _, s := range consent.HoldMachine {
		check(s.Action, s.Provision)
	}
}

// act is one thing that somebody tries to do with a consent.
type act struct {
	what   string
	by     string
	scopes consent.Scope
	part   consent.Part
	until  time.Time
}

// model is the life of a consent written down a second time, slowly and without
// the tables: sets, and a rule for each act.
type model struct {
	status               consent.Status
	until                time.Time
	scopes               map[string]bool
	purposes, data, bins map[string]bool
}

func set(list ...string) map[string]bool {
	m := map[string]bool{}
	for _, v := range list {
		m[v] = true
	}
	return m
}

func (m *model) clone() *model {
	n := *m
	for _, s := range []*map[string]bool{&n.scopes, &n.purposes, &n.data, &n.bins} {
		c := map[string]bool{}
		for k := range *s {
			c[k] = true
		}
		*s = c
	}
	return &n
}

func (m *model) at(now time.Time) consent.Status {
	if (m.status == "active" || m.status == "paused") && !m.until.IsZero() && !now.Before(m.until) {
		return "expired"
	}
	return m.status
}

// try does what is allowed and reports whether it was.
func (m *model) try(a act, now time.Time) bool {
	st := m.at(now)
	open := st == "active" || st == "paused"
	person := a.by == "subject" || a.by == "representative"
	switch a.what {
	case "pause":
		if !person || st != "active" {
			return false
		}
		m.status = "paused"
	case "resume":
		if !person || st != "paused" {
			return false
		}
		m.status = "active"
	case "withdraw":
		if !open || a.by == "authority" {
			return false
		}
		return m.take(a.scopes)
	case "narrow":
		return open && person && m.narrow(a)
	case "extend":
		if !open || !person || m.until.IsZero() || !a.until.After(m.until) {
			return false
		}
		m.until = a.until
	case "expire":
		if a.by != "service" || m.status != "active" && m.status != "paused" {
			return false
		}
		m.status = "expired"
	case "supersede", "end":
		if a.by != "service" || !open {
			return false
		}
		m.status = map[string]consent.Status{"supersede": "superseded", "end": "ended"}[a.what]
	}
	return true
}

func (m *model) take(scopes consent.Scope) bool {
	had := len(m.scopes)
	for _, s := range scopes.Names() {
		delete(m.scopes, s)
	}
	if len(m.scopes) == had {
		return false
	}
	if !m.scopes["process"] {
		m.status, m.scopes = "withdrawn", map[string]bool{}
	}
	return true
}

func (m *model) narrow(a act) bool {
	n := m.clone()
	for _, l := range []struct {
		gone []string
		of   map[string]bool
	}{{a.part.Purposes, n.purposes}, {a.part.Categories, n.data}, {a.part.ThirdParties, n.bins}} {
		for _, v := range l.gone {
			if !l.of[v] {
				return false
			}
		}
		for _, v := range l.gone {
			delete(l.of, v)
		}
	}
	for _, s := range a.part.Scopes.Names() {
		delete(n.scopes, s)
	}
	if len(n.bins) == 0 {
		delete(n.scopes, "transfer")
	}
	if len(n.purposes) == 0 || len(n.data) == 0 || !n.scopes["process"] {
		return false
	}
	same := len(n.purposes) == len(m.purposes) && len(n.data) == len(m.data) && len(n.bins) == len(m.bins) && len(n.scopes) == len(m.scopes)
	if same {
		return false
	}
	*m = *n
	return true
}

func (m *model) is(c *consent.Consent) bool {
	same := func(s map[string]bool, list []string) bool {
		for _, v := range list {
			if !s[v] {
				return false
			}
		}
		return len(s) == len(list)
	}
	return m.status == c.Status && m.until.Equal(c.Until) && same(m.scopes, c.Scopes.Names()) && same(m.purposes, c.Terms.Purposes) &&
		same(m.data, c.Terms.Categories) && same(m.bins, c.Terms.ThirdParties)
}

// do is what the package does with the act.
func do(c *consent.Consent, a act, now time.Time) (*consent.Consent, error) {
	entry := ident.NewID(now)
	switch a.what {
	case "pause":
		return c.Move(consent.Paused, now, a.by, entry)
	case "resume":
		return c.Move(consent.Active, now, a.by, entry)
	case "withdraw":
		return c.Withdraw(a.scopes, now, a.by, entry)
	case "narrow":
		return c.Narrow(&a.part, nil, now, a.by, entry)
	case "extend":
		return c.Extend(a.until, now, a.by, entry)
	case "expire":
		return c.Move(consent.Expired, now, a.by, entry)
	case "supersede":
		return c.Move(consent.Superseded, now, a.by, entry)
	default:
		return c.Move(consent.Ended, now, a.by, entry)
	}
}

func some(t *rapid.T, list []string, what string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(list), 0, 2, rapid.ID).Draw(t, what)
}

func drawAct(t *rapid.T, now time.Time) act {
	a := act{
		what: rapid.SampledFrom([]string{"pause", "resume", "withdraw", "narrow", "narrow", "extend", "expire", "supersede", "end"}).Draw(t, "what"),
		by:   rapid.SampledFrom([]string{"subject", "subject", "subject", "representative", "system", "person", "service", "authority"}).Draw(t, "by"),
	}
	if a.what == "expire" || a.what == "supersede" || a.what == "end" {
		a.by = rapid.SampledFrom([]string{"service", "subject", "system"}).Draw(t, "service")
	}
	switch a.what {
	case "withdraw":
		a.scopes = consent.Scope(rapid.IntRange(1, 15).Draw(t, "scopes"))
	case "narrow":
		a.part = consent.Part{
			Scopes: consent.Scope(rapid.SampledFrom([]int{0, 0, 2, 4, 8, 1}).Draw(t, "scopes")), Purposes: some(t, []string{"a", "b", "c", "x"}, "purposes"),
			Categories: some(t, []string{"k", "l", "m"}, "categories"), ThirdParties: some(t, []string{"1", "2"}, "recipients"),
		}
	case "extend":
		a.until = now.Add(time.Duration(rapid.IntRange(-5, 40).Draw(t, "days")) * 24 * time.Hour)
	}
	return a
}

// Over any history the machine and the model agree, what was can be told of each
// moment, nothing but the term ever widens, and what is over stays over.
func TestMachineAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := now
		var until time.Time
		if rapid.Bool().Draw(t, "dated") {
			until = now.Add(20 * 24 * time.Hour)
		}
		c := &consent.Consent{
			ID: ident.NewID(now), Version: 1, Status: consent.Active, Scopes: consent.Process | consent.Transfer, Given: now, Until: until,
			Terms:   &consent.Terms{Purposes: []string{"a", "b", "c"}, Categories: []string{"k", "l", "m"}, ThirdParties: []string{"1", "2"}},
			History: []consent.Change{{At: now, Status: consent.Active, By: "subject"}},
		}
		m := &model{consent.Active, until, set("process", "transfer"), set("a", "b", "c"), set("k", "l", "m"), set("1", "2")}
		type snapshot struct {
			at time.Time
			m  *model
		}
		past := []snapshot{{now, m.clone()}}
		for range rapid.IntRange(1, 12).Draw(t, "acts") {
			now = now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
			a := drawAct(t, now)
			before, over := *c, m.at(now)
			n, err := do(c, a, now)
			if want := m.try(a, now); want != (err == nil) {
				t.Fatalf("%+v on %s: %v, the model says %v", a, over, err, want)
			}
			if err != nil {
				if k := fault.KindOf(err); k != fault.Conflict && k != fault.Forbidden && k != fault.Invalid {
					t.Fatalf("%+v: %v", a, err)
				}
				continue
			}
			if c.Version != before.Version || len(c.History) != len(before.History) || c.Terms != before.Terms {
				t.Fatal("the consent before was changed")
			}
			if n.Version != c.Version+1 || !m.is(n) {
				t.Fatalf("%+v left %+v %+v, the model says %+v", a, n, n.Terms, m)
			}
			if over != consent.Active && over != consent.Paused && n.StatusAt(now) != over {
				t.Fatalf("%+v brought %s back", a, over)
			}
			c, past = n, append(past, snapshot{now, m.clone()})
		}
		for _, s := range past {
			if was, ok := c.At(s.at); !ok || !s.m.is(was) {
				t.Fatalf("at %s it was %+v %+v, the model says %+v", s.at, was, was.Terms, s.m)
			}
		}
	})
}

// The same through the service, on both databases, with what the journal and the
// store make of it.
func TestServiceAgreesWithModel(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		runs := 0
		rapid.Check(t, func(rt *rapid.T) {
			if runs++; runs > 15 {
				return
			}
			sub := apptest.Subject(t, a, org, runs)
			until := clock.Now().Add(20 * 24 * time.Hour)
			given, err := a.Consents.Record(t.Context(), org, newConsent(sub, func(n *consent.New) {
				n.Terms.Purposes, n.Terms.ThirdParties, n.Until = []string{"payment", "news", "inform"}, []string{"180340022918"}, until
			}))
			if err != nil {
				rt.Fatal(err)
			}
			m := &model{consent.Active, until, set("process", "transfer"), set("payment", "news", "inform"), set(given.Terms.Categories...), set("180340022918")}
			for range rapid.IntRange(1, 8).Draw(rt, "acts") {
				clock.Add(time.Duration(rapid.IntRange(1, 100).Draw(rt, "hours")) * time.Hour)
				x := act{what: rapid.SampledFrom([]string{"pause", "resume", "withdraw", "narrow", "extend"}).Draw(rt, "what"), by: "subject"}
				x.scopes = consent.Scope(rapid.SampledFrom([]int{2, 2, 4, 15}).Draw(rt, "scopes"))
				x.until = clock.Now().Add(time.Duration(rapid.IntRange(-5, 40).Draw(rt, "days")) * 24 * time.Hour)
				if x.what == "narrow" {
					x.part.ThirdParties = []string{"180340022918"}
				}
				was := m.clone()
				err := serve(t, a, given.ID, x)
				if want := m.try(x, clock.Now()); want != (err == nil) {
					rt.Fatalf("%+v: %v, the model says %v", x, err, want)
				}
				got, err := a.Store.Consent(t.Context(), given.ID)
				if err != nil {
					rt.Fatal(err)
				}
				if !m.is(got) {
					rt.Fatalf("%+v: stored %+v %+v, the model says %+v (was %+v)", x, got, got.Terms, m, was)
				}
			}
		})
		apptest.Clean(t, a)
	})
}

func serve(t *testing.T, a *app.App, id ident.ID, x act) (err error) {
	t.Helper()
	by := verify.Actor{Kind: x.by}
	switch x.what {
	case "pause":
		_, err = a.Consents.Pause(t.Context(), id, by)
	case "resume":
		_, err = a.Consents.Resume(t.Context(), id, by)
	case "withdraw":
		_, err = a.Consents.Withdraw(t.Context(), id, x.scopes, "", by)
	case "narrow":
		_, err = a.Consents.Narrow(t.Context(), id, &consent.Part{ThirdParties: []string{}}, by)
	default:
		_, err = a.Consents.Extend(t.Context(), id, x.until, by)
	}
	return err
}

// A question ends once, by whom it may be ended.
func TestRequestMachine(t *testing.T) {
	t.Parallel()
	ends := map[consent.RequestStatus]bool{}
	for _, s := range consent.RequestMachine {
		if s.To != "" && s.From != nil {
			ends[s.To] = true
			if !slices.Equal(s.From, []consent.RequestStatus{consent.Pending}) {
				t.Errorf("%s leads out of %v", s.Action, s.From)
			}
		}
	}
	if len(ends) != 4 {
		t.Errorf("ends: %v", ends)
	}
}
