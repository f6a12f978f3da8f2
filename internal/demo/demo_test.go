package demo_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/examples"
	"kelisim/internal/app"
	"kelisim/internal/consent"
	"kelisim/internal/demo"
	"kelisim/internal/depersonal"
	"kelisim/internal/due"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/order"
	"kelisim/internal/register"
	"kelisim/internal/request"
	"kelisim/verify"
)

var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func fresh(t testing.TB) *app.App {
	t.Helper()
	a, err := app.Init(context.Background(), app.Config{Data: t.TempDir(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// all reads the whole journal.
func all(t testing.TB, a *app.App, orgs []demo.Organization) []*journal.Opened {
	t.Helper()
	var out []*journal.Opened
	for _, o := range orgs {
		_, list, err := a.Journal.List(context.Background(), journal.Filter{Org: o.ID, Limit: 100_000})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, list...)
	}
	return out
}

// A month of everything that can happen is there, sealed step by step.
//
// duty: P7.3
func TestFill(t *testing.T) {
	t.Parallel()
	a := fresh(t)
	r, err := demo.Fill(t.Context(), a, now, 1)
	if err != nil || !r.Filled {
		t.Fatal(err, r)
	}
	entries := all(t, a, r.Organizations)
	if n := len(entries); n < 4000 || n > 7000 {
		t.Errorf("%d entries", n)
	}
	t.Run("journal", func(t *testing.T) { checkJournal(t, entries) })
	t.Run("consents", func(t *testing.T) { checkConsents(t, a, r) })
	t.Run("rights", func(t *testing.T) { checkRights(t, a, r) })
	t.Run("depersonalised", func(t *testing.T) { checkDepersonalised(t, a, r) })
	t.Run("showcase", func(t *testing.T) { checkShowcase(t, a, r) })
	t.Run("log", func(t *testing.T) {
		rep, err := a.Audit(t.Context(), nil)
		if err != nil || len(rep.Findings) > 0 || rep.Unsealed > 0 {
			t.Fatal(err, rep)
		}
		if points, err := a.Store.Checkpoints(t.Context()); err != nil || len(points) < 100 {
			t.Error(err, len(points), "checkpoints")
		}
	})
	t.Run("again", func(t *testing.T) {
		again, err := demo.Fill(t.Context(), a, now.Add(time.Hour), 2)
		if err != nil || again.Filled || !slices.Equal(again.Showcase, r.Showcase) || !slices.Equal(again.Organizations, r.Organizations) {
			t.Error(err, again)
		}
		if n := len(all(t, a, r.Organizations)); n != len(entries) {
			t.Errorf("a second run made %d entries of %d", n, len(entries))
		}
	})
	t.Run("the same seed", func(t *testing.T) {
		b := fresh(t)
		r, err := demo.Fill(t.Context(), b, now, 1)
		if err != nil {
			t.Fatal(err)
		}
		if x, y := tale(entries), tale(all(t, b, r.Organizations)); !slices.Equal(x, y) {
			t.Errorf("%d and %d lines differ", len(x), len(y))
		}
	})
}

// tale is what happened, in order, without the ids that are by chance.
func tale(entries []*journal.Opened) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		who, reference, detail := e.Actor, e.Reference, e.Detail
		if who.Kind == "representative" {
			who.ID = ""
		}
		if strings.HasPrefix(e.Action, "representation.") {
			reference = ""
		}
		if strings.HasPrefix(e.Action, "term.") { // which names the term
			detail = ""
		}
		detail, _, _ = strings.Cut(detail, " appeal=")
		if len(reference) >= 36 { // the number of a demand or an order
			reference = ""
		}
		out[i] = fmt.Sprint(e.At, e.Organization, who, e.Action, e.Purpose, e.Categories, e.Decision, e.Reasons, e.Recipient, e.Country, detail, reference)
	}
	slices.Sort(out)
	return out
}

func checkJournal(t *testing.T, entries []*journal.Opened) {
	seen := map[string]int{}
	office, staff := 0, 0
	for _, e := range entries {
		at := time.UnixMilli(e.At)
		if at.After(now) || at.Before(now.AddDate(0, 0, -33)) {
			t.Errorf("%s at %s", e.Action, at)
		}
		seen[e.Action+" "+e.Decision]++
		seen["by "+e.Actor.Kind]++
		for _, x := range e.Reasons {
			seen[e.Decision+" as "+x.Code]++
		}
		if e.Recipient != "" && e.Recipient != e.Organization {
			seen["to others"]++
		}
		if e.Actor.Kind == "person" {
			staff++
			local := at.In(time.FixedZone("Almaty", 5*3600))
			if local.Weekday() != time.Sunday && local.Weekday() != time.Saturday && 8 <= local.Hour() && local.Hour() < 20 {
				office++
			}
		}
	}
	for _, want := range []string{
		"subject.register ", "subject.import permit", "consent.give ", "consent.withdraw ", "consent.pause ", "consent.resume ", "consent.expire ",
		"collect permit", "view permit", "view deny", "use permit", "use deny", "change permit", "access permit", "transfer permit", "transfer deny",
		"crossBorder permit", "crossBorder deny", "disseminate permit", "block permit", "unblock permit", "destroy permit", "depersonalise permit",
		"by person", "by system", "by subject", "by bulk", "by service", "by representative", "to others",
		"representation.register ", "representation.look ",
		"permit as consent", "permit as ground", "permit as own-data", "permit as protective",
		"deny as no-consent", "deny as consent-withdrawn", "deny as consent-expired", "deny as consent-paused", "deny as not-covered",
		"deny as purpose-undeclared", "deny as category-excessive", "deny as action-undeclared", "deny as special-category",
		"deny as data-blocked", "deny as data-destroyed", "deny as ground-not-yours", "deny as ground-undocumented",
		"deny as country-unprotected", "deny as not-depersonalised",
	} {
		if seen[want] == 0 {
			t.Errorf("nothing of %q", want)
		}
	}
	if 100*office < 95*staff {
		t.Errorf("%d of %d acts of staff in working hours", office, staff)
	}
}

// checkDepersonalised looks for groups that are given out by now, at the operator
// whose policy says that statistics are depersonalised.
func checkDepersonalised(t *testing.T, a *app.App, r *demo.Result) {
	o, err := a.Parties.ByID(t.Context(), r.Organizations[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	all, err := a.Store.Depersonalised(t.Context(), o.ID, "visit-statistics")
	if err != nil {
		t.Fatal(err)
	}
	if out := depersonal.Release(all, depersonal.DefaultGroup, now); len(out.Groups) < 2 || out.Records < 20 {
		t.Errorf("%+v of %+v", out, all)
	}
}

func checkConsents(t *testing.T, a *app.App, r *demo.Result) {
	seen := map[string]int{}
	for _, o := range r.Organizations {
		list, err := a.Store.Consents(t.Context(), consent.Filter{Org: o.ID})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			c := &list[i]
			seen[string(c.StatusAt(now))]++
			if last := c.History[len(c.History)-1]; c.Status == consent.Active && len(last.Scopes) > 0 {
				seen["without "+last.Scopes[0]]++
			}
		}
	}
	for _, s := range consent.Statuses {
		if seen[string(s)] == 0 {
			t.Errorf("no consent is %s", s)
		}
	}
	for _, s := range []string{"transfer", "crossBorder", "publicSources"} {
		if seen["without "+s] == 0 {
			t.Errorf("nobody took %s back alone", s)
		}
	}
}

// checkRights looks for demands in every state that lasts, and for what waits of
// an authority, at the operator whose console the demo opens.
func checkRights(t *testing.T, a *app.App, r *demo.Result) {
	desk := r.Organizations[0]
	list, err := a.Requests.Store.Demands(t.Context(), request.Filter{Org: desk.ID, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	seen, by := map[string]int{}, map[ident.ID]int{}
	for i := range list {
		d := &list[i]
		seen[string(d.Status)]++
		seen[string(d.Kind)+" "+string(d.Status)]++
		by[d.Subject]++
	}
	reminders, err := a.Due.List(t.Context(), desk.ID, due.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range reminders {
		seen[m.Stage.String()]++
	}
	t.Log(seen)
	for _, want := range []string{
		"open", "approval", "fulfilled", "refused", "copy fulfilled", "complaint fulfilled", "destroy refused", "destroy approval",
		"correct open", "block open", "destroy fulfilled", "very-late",
	} {
		if seen[want] == 0 {
			t.Errorf("no demand is %s", want)
		}
	}
	for _, p := range r.Showcase {
		if by[p.Subject] < 2 {
			t.Errorf("%s demanded %d times", p.Name, by[p.Subject])
		}
	}
	appeals, err := a.Requests.Store.Appeals(t.Context(), request.AppealFilter{Org: desk.ID, Status: request.Lodged, Limit: 10})
	if err != nil || len(appeals) != 1 {
		t.Error(len(appeals), "appeals", err)
	}
	orders, err := a.Orders.List(t.Context(), order.Filter{Org: desk.ID, Status: order.Open, Limit: 10})
	if err != nil || len(orders) != 1 {
		t.Error(len(orders), "orders", err)
	}
}

func checkShowcase(t *testing.T, a *app.App, r *demo.Result) {
	languages := map[string]bool{}
	for _, p := range r.Showcase {
		languages[string(p.Language)] = true
		mine, err := a.Journal.ForSubject(t.Context(), p.Subject)
		if err != nil {
			t.Fatal(err)
		}
		list, err := mine.List(t.Context(), journal.Filter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) < 60 || now.Sub(time.UnixMilli(list[0].At)) > 2*time.Hour {
			t.Errorf("%s: %d entries, the last at %s", p.Name, len(list), time.UnixMilli(list[0].At))
		}
		holders, err := a.Store.Holders(t.Context(), p.Subject)
		if err != nil || len(holders) != 3 {
			t.Error(p.Name, len(holders), "holders", err)
		}
		consents, err := a.Store.Consents(t.Context(), consent.Filter{Subject: p.Subject})
		states := map[consent.Status]bool{}
		for i := range consents {
			states[consents[i].StatusAt(now)] = true
		}
		if err != nil || len(states) < 4 {
			t.Error(p.Name, states, err)
		}
	}
	if len(languages) != 3 {
		t.Error(languages)
	}
}

// Made-up people do not get into an installation that somebody uses.
func TestInUse(t *testing.T) {
	t.Parallel()
	a := fresh(t)
	text, err := fs.ReadFile(examples.Files, "bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := register.Parse(text, ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Parties.Apply(t.Context(), verify.Actor{Kind: "person"}, d, true); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Fill(t.Context(), a, now, 1); !fault.Is(err, "demo-in-use") {
		t.Error(err)
	}
}

// A demo that was cut short is not taken for one.
func TestCutShort(t *testing.T) {
	t.Parallel()
	a := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	a.Sealer.Published = func(string) {
		if points, err := a.Store.Checkpoints(ctx); err != nil || len(points) == 20 {
			cancel()
		}
	}
	if _, err := demo.Fill(ctx, a, now, 1); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := demo.Fill(t.Context(), a, now, 1); !fault.Is(err, "demo-unfinished") {
		t.Error(err)
	}
}

// Descriptions that people copy from have nothing that the gate would refuse.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(examples.Files, "*/operator.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(err, files)
	}
	for _, name := range files {
		text, err := fs.ReadFile(examples.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := register.Parse(text, ident.Rules{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range register.Warnings(d) {
			t.Errorf("%s: %v", name, w)
		}
	}
}
