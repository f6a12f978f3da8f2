package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// given is a consent of a subject, ready to be inserted.
func (w *world) given(subject ident.ID, at time.Time, purposes ...string) *consent.Consent {
	return &consent.Consent{
		ID: ident.NewID(at), Subject: subject, Org: w.org, Version: 1, Status: consent.Active, Scopes: consent.Process, Given: at,
		Terms: &consent.Terms{Purposes: purposes, Categories: []string{"name"}}, Language: "kk", TextHash: "hash", Register: 1,
		History: []consent.Change{{At: at, Status: consent.Active, By: "operator", Entry: newID()}}, Sealed: []byte("proof"),
	}
}

var text = &consent.Text{Hash: "hash", Language: "kk", Body: "text"}

func (w *world) insert(c *consent.Consent, superseded ...*consent.Consent) {
	w.t.Helper()
	if stale, err := w.InsertConsent(w.t.Context(), c, text, superseded, w.guarded(c.Subject)); err != nil || stale {
		w.t.Fatal(stale, err)
	}
}

func TestConsentIsReadBackAsGiven(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		c := w.given(w.subject("1"), now, "news", "contracts")
		c.Until = now.Add(time.Hour)
		c.Scopes = consent.AllScopes
		w.insert(c)
		got := must(w.Consent(t.Context(), c.ID))(t)
		if d := cmp.Diff(c, got); d != "" {
			t.Fatal("read back otherwise (-was +is):\n", d)
		}
		if txt := must(w.Text(t.Context(), "hash"))(t); txt.Body != text.Body || txt.Language != "kk" {
			t.Fatalf("text %+v", txt)
		}
		_, err := w.Text(t.Context(), "other")
		wantFault(t, err, fault.NotFound, "text-unknown")
		_, err = w.Consent(t.Context(), newID())
		wantFault(t, err, fault.NotFound, "consent-unknown")
		if h := must(w.Holding(t.Context(), c.Subject, w.org))(t); h.DestroyAt != c.Until {
			t.Fatalf("retention looks at %s, not at the end of the consent", h.DestroyAt)
		}
	})
}

// Whatever moves a consent moves the subject's version with it, and does
// nothing at all where the version has moved before.
func TestConsentsChangeUnderTheirGuard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		c := w.given(sub, now, "news")
		before := w.version(sub)
		w.insert(c)
		if v := w.version(sub); v != before+1 {
			t.Fatalf("a consent moved the version from %d to %d", before, v)
		}
		withdrawn, err := c.Withdraw(consent.AllScopes, now, "subject", newID())
		if err != nil {
			t.Fatal(err)
		}
		w.unchanged(sub, func() {
			old := w.guarded(sub)
			old.Guard.Subject--
			if stale := must(w.UpdateConsent(t.Context(), withdrawn, old))(t); !stale {
				t.Error("withdrawn on facts that were old")
			}
			if stale := must(w.InsertConsent(t.Context(), w.given(sub, now, "news"), text, nil, old))(t); !stale {
				t.Error("given on facts that were old")
			}
			org := w.guarded(sub)
			org.Guard.Org = 7
			if stale := must(w.UpdateConsent(t.Context(), withdrawn, org))(t); !stale {
				t.Error("withdrawn under a description that was old")
			}
			skipped := *withdrawn
			skipped.Version++
			if stale := must(w.UpdateConsent(t.Context(), &skipped, w.guarded(sub)))(t); !stale {
				t.Error("a version of the consent was skipped")
			}
		})
		if stale := must(w.UpdateConsent(t.Context(), withdrawn, w.guarded(sub)))(t); stale {
			t.Fatal("not withdrawn on facts that hold")
		}
		if got := must(w.Consent(t.Context(), c.ID))(t); got.Status != consent.Withdrawn || got.Scopes != 0 || len(got.History) != 2 {
			t.Fatalf("withdrawn to %+v", got)
		}
	})
}

func TestConsentLandsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		c := w.given(sub, now, "news")
		w.insert(c)
		w.unchanged(sub, func() {
			if _, err := w.InsertConsent(t.Context(), c, text, nil, w.guarded(sub)); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("the same id twice: %v", err)
			}
			// What it supersedes was changed meanwhile: nothing of it stays.
			next := w.given(sub, now, "news")
			gone := *c
			gone.Version = 7
			if stale := must(w.InsertConsent(t.Context(), next, text, []*consent.Consent{&gone}, w.guarded(sub)))(t); !stale {
				t.Error("superseded what is not there")
			}
			if _, err := w.Consent(t.Context(), next.ID); fault.KindOf(err) != fault.NotFound {
				t.Error("half of it stayed: ", err)
			}
			if _, err := w.InsertConsent(t.Context(), next, text, nil, nil); fault.KindOf(err) != fault.Internal {
				t.Errorf("a consent without an entry: %v", err)
			}
		})
	})
}

func TestConsentsFilter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.subject("1"), w.subject("2")
		at := func(n int) time.Time { return now.Add(time.Duration(n) * time.Second) }
		names := map[ident.ID]string{}
		give := func(name string, subject ident.ID, n int, change func(*consent.Consent), purposes ...string) {
			c := w.given(subject, at(n), purposes...)
			if change != nil {
				change(c)
			}
			names[c.ID] = name
			w.insert(c)
		}
		status := func(s consent.Status) func(*consent.Consent) { return func(c *consent.Consent) { c.Status = s } }
		until := func(s consent.Status, t time.Time) func(*consent.Consent) {
			return func(c *consent.Consent) { c.Status, c.Until = s, t }
		}
		give("open", a, 1, nil, "news")
		give("paused", a, 2, status(consent.Paused), "news", "contracts")
		give("withdrawn", a, 3, status(consent.Withdrawn), "contracts")
		give("over", a, 4, until(consent.Active, at(50)), "contracts")
		give("written", a, 5, until(consent.Expired, at(50)), "contracts")
		give("running", a, 6, until(consent.Active, at(500)), "name") // a purpose that is called as a category is
		give("others", b, 7, nil, "news")
		for name, c := range map[string]struct {
			f    consent.Filter
			want []string
		}{
			"of a subject":          {consent.Filter{Subject: a}, []string{"running", "written", "over", "withdrawn", "paused", "open"}},
			"of the organization":   {consent.Filter{Org: w.org}, []string{"others", "running", "written", "over", "withdrawn", "paused", "open"}},
			"of nobody":             {consent.Filter{Subject: newID()}, nil},
			"elsewhere":             {consent.Filter{Subject: a, Org: newID()}, nil},
			"active":                {consent.Filter{Subject: a, Status: consent.Active}, []string{"running", "open"}},
			"paused":                {consent.Filter{Subject: a, Status: consent.Paused}, []string{"paused"}},
			"expired":               {consent.Filter{Subject: a, Status: consent.Expired}, []string{"written", "over"}},
			"withdrawn":             {consent.Filter{Subject: a, Status: consent.Withdrawn}, []string{"withdrawn"}},
			"to a purpose":          {consent.Filter{Subject: a, Purpose: "news"}, []string{"paused", "open"}},
			"not by a category":     {consent.Filter{Org: w.org, Purpose: "name"}, []string{"running"}},
			"not by a pattern":      {consent.Filter{Org: w.org, Purpose: "n%"}, nil},
			"not by a part":         {consent.Filter{Org: w.org, Purpose: "new"}, nil},
			"active to a purpose":   {consent.Filter{Subject: a, Status: consent.Active, Purpose: "news"}, []string{"open"}},
			"the newest two":        {consent.Filter{Subject: a, Limit: 2}, []string{"running", "written"}},
			"one to a purpose":      {consent.Filter{Org: w.org, Purpose: "contracts", Limit: 1}, []string{"written"}},
			"a page is full of it":  {consent.Filter{Org: w.org, Purpose: "name", Limit: 1}, []string{"running"}},
			"of nothing in general": {consent.Filter{}, nil},
		} {
			c.f.Now = at(100)
			got, err := w.Consents(t.Context(), c.f)
			if err != nil && name != "of nothing in general" {
				t.Errorf("%s: %v", name, err)
			}
			var list []string
			for i := range got {
				list = append(list, names[got[i].ID])
			}
			if !slices.Equal(list, c.want) {
				t.Errorf("%s: %v, want %v", name, list, c.want)
			}
		}
		var all []string
		page := consent.Filter{Org: w.org, Now: at(100), Limit: 3}
		for {
			got := must(w.Consents(t.Context(), page))(t)
			if len(got) == 0 {
				break
			}
			for i := range got {
				all = append(all, names[got[i].ID])
				page.After = got[i].ID
			}
		}
		if want := []string{"others", "running", "written", "over", "withdrawn", "paused", "open"}; !slices.Equal(all, want) {
			t.Errorf("page by page %v, want %v", all, want)
		}
	})
}

// The facts of a decision are those of one organization, under one version.
func TestFacts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		w.insert(w.given(sub, now, "news"))
		other := w.newOrg("050140000017")
		_, err := w.Facts(t.Context(), sub, other)
		wantFault(t, err, fault.NotFound, "subject-unknown")
		_, err = w.Facts(t.Context(), newID(), w.org)
		wantFault(t, err, fault.NotFound, "subject-unknown")
		l := must(w.Facts(t.Context(), sub, w.org))(t)
		if l.Version != w.version(sub) || l.State != "alive" || l.Holding.State != "active" || len(l.Consents) != 1 ||
			string(l.JournalKey) != "journal key" || string(l.Holding.DataKey) != "data key" {
			t.Fatalf("facts %+v", l)
		}
		must(w.join(other, strong(ident.IIN, "1")))(t)
		if l := must(w.Facts(t.Context(), sub, other))(t); len(l.Consents) != 0 {
			t.Fatal("consents to another organization are among the facts")
		}
	})
}
