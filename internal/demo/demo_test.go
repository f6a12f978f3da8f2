package demo_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"time"

	"kelisim/examples"
	"kelisim/internal/app"
	"kelisim/internal/consent"
	"kelisim/internal/demo"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/register"
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

func TestFill(t *testing.T) {
	t.Parallel()
	a := fresh(t)
	began := time.Now()
	r, err := demo.Fill(t.Context(), a, now, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("filled in", time.Since(began))
	entries := all(t, a, r.Organizations)
	by := map[string]int{}
	for _, e := range entries {
		by[e.Action+" "+e.Decision]++
		for _, x := range e.Reasons {
			if e.Decision == "deny" {
				by["deny "+x.Code]++
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(by)) {
		t.Log(k, by[k])
	}
	t.Log(len(entries))
	for _, o := range r.Organizations {
		cs, err := a.Store.Consents(t.Context(), consent.Filter{Org: o.ID})
		if err != nil {
			t.Fatal(err)
		}
		st := map[consent.Status]int{}
		for _, c := range cs {
			st[c.StatusAt(now)]++
		}
		t.Log(o.Name.RU, len(cs), st)
	}
	for _, p := range r.Showcase {
		_, list, err := a.Journal.List(t.Context(), journal.Filter{BySubject: true, Subject: p.Subject, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(p.Name, len(list))
		if p.Language == "kk" {
			for _, e := range slices.Backward(list) {
				var codes []string
				for _, x := range e.Reasons { codes = append(codes, x.Code) }
				t.Log(time.UnixMilli(e.At).In(time.FixedZone("", 5*3600)).Format("01-02 Mon 15:04"), e.Organization, e.Actor, e.Action, e.Purpose, e.Categories, e.Decision, codes, e.Recipient, e.Country, e.Detail, e.Leaf)
			}
		}
	}
	rep, err := a.Audit(t.Context(), nil)
	if err != nil || len(rep.Findings) > 0 {
		t.Fatal(err, rep)
	}
	t.Log(fmt.Sprintf("%+v", rep))
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
