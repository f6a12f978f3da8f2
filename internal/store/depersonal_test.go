package store_test

import (
	"maps"
	"testing"

	"kelisim/internal/consent"
	"kelisim/internal/depersonal"
	"kelisim/internal/vault"
)

func (w *world) counted(purpose string) (people int, all []depersonal.Group) {
	w.t.Helper()
	all = must(w.Depersonalised(w.t.Context(), w.org, purpose))(w.t)
	for _, g := range all {
		people += g.People
	}
	return people, all
}

// Who has the same cells in the same month of the same purpose is one group, and
// nothing is kept of who they are.
//
// duty: L1.7
func TestDepersonalisedAreCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		row := func(purpose, month, born string) depersonal.Row {
			return depersonal.Row{Purpose: purpose, Month: month, Cells: depersonal.Cells{"born": born, "sex": "female"}}
		}
		for i, rows := range [][]depersonal.Row{
			{row("news", "2023-11", "1990s")},
			{row("news", "2023-11", "1990s"), row("contracts", "2023-11", "1990s")},
			{row("news", "2023-12", "1990s")},
			{row("news", "2023-11", "1980s"), {Again: true, Purpose: "news", Month: "2023-11", Cells: depersonal.Cells{"born": "1980s", "sex": "female"}}},
		} {
			sub := w.subject(string(rune('1' + i)))
			w.change(&vault.Change{Subject: sub, Org: w.org, At: now, Destroy: true, Depersonalised: rows})
		}
		people, all := w.counted("news")
		if people != 4 || len(all) != 3 {
			t.Fatalf("%+v", all)
		}
		for _, g := range all {
			want := 1
			if g.Month == "2023-11" && g.Cells["born"] == "1990s" {
				want = 2
			}
			records := want
			if g.Cells["born"] == "1980s" {
				records++
			}
			if g.People != want || g.Records != records || !maps.Equal(g.Cells, depersonal.Cells{"born": g.Cells["born"], "sex": "female"}) {
				t.Errorf("%+v", g)
			}
		}
		if people, _ := w.counted("contracts"); people != 1 {
			t.Errorf("%d for contracts", people)
		}
		if all := must(w.Depersonalised(t.Context(), newID(), "news"))(t); len(all) > 0 {
			t.Error("another organization sees them")
		}
	})
}

// Whatever of the write fails, nobody is counted in, and the data is there.
func TestDepersonalisationLandsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		c := w.given(sub, now, "news")
		w.insert(c)
		old := &vault.Destruction{ID: newID(), Subject: sub, Org: w.org, At: now, Signed: []byte("act")}
		w.change(&vault.Change{Subject: sub, Org: w.org, At: now, Put: []vault.Value{value("name", 1)}, Act: old})
		gone := *c
		gone.Version = 7
		w.unchanged(sub, func() {
			for name, ch := range map[string]*vault.Change{
				"the value is there":   {Put: []vault.Value{value("name", 1)}},
				"the consent is stale": {Consents: []*consent.Consent{&gone}},
				"the act is there":     {Act: old},
			} {
				ch.Subject, ch.Org, ch.At, ch.Destroy = sub, w.org, now, true
				ch.Depersonalised = append(ch.Depersonalised, depersonal.Row{Purpose: "news", Month: "2023-11", Cells: depersonal.Cells{"a": "b"}})
				if out, err := w.Change(t.Context(), ch, w.guarded(sub)); err == nil && !out.Stale {
					t.Errorf("%s: it landed", name)
				}
			}
			stale := w.guarded(sub)
			stale.Guard.Subject += 3
			ch := &vault.Change{Subject: sub, Org: w.org, At: now, Destroy: true, Depersonalised: []depersonal.Row{{Purpose: "news", Month: "2023-11", Cells: depersonal.Cells{"a": "b"}}}}
			if out, err := w.Change(t.Context(), ch, stale); err != nil || !out.Stale {
				t.Errorf("on old facts: %v %v", out, err)
			}
			if _, err := w.Change(t.Context(), ch, nil); err == nil {
				t.Error("without an entry")
			}
		})
		if people, _ := w.counted("news"); people != 0 {
			t.Errorf("%d are counted in", people)
		}
		if values, h := w.held(sub); len(values) != 1 || h.DataKey == nil {
			t.Error("something is gone: ", values, h)
		}
	})
}
