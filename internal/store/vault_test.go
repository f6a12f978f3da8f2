package store_test

import (
	"testing"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/term"
	"kelisim/internal/vault"
)

func value(category string, version int64) vault.Value {
	return vault.Value{Category: category, Version: version, Purpose: "news", At: now, Sealed: []byte(category)}
}

// change carries out what must succeed.
func (w *world) change(c *vault.Change) {
	w.t.Helper()
	if out, err := w.Change(w.t.Context(), c, w.guarded(c.Subject)); err != nil || out.Stale {
		w.t.Fatal(out.Stale, err)
	}
}

func (w *world) held(subject ident.ID) (values []string, h *party.Holding) {
	w.t.Helper()
	for _, v := range must(w.Values(w.t.Context(), subject, w.org))(w.t) {
		values = append(values, v.Category+" "+string(rune('0'+v.Version)))
	}
	return values, must(w.Holding(w.t.Context(), subject, w.org))(w.t)
}

func TestChangePutsAndDropsValues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub, other := w.subject("1"), w.subject("2")
		w.change(&vault.Change{Subject: other, Org: w.org, At: now, Put: []vault.Value{value("phone", 1)}})
		at := now.Add(time.Hour)
		w.change(&vault.Change{
			Subject: sub, Org: w.org, At: now, DestroyAt: &at,
			Put: []vault.Value{value("name", 1), value("phone", 1), value("phone", 2)},
		})
		if values, h := w.held(sub); len(values) != 3 || h.DestroyAt != at {
			t.Fatal(values, h.DestroyAt)
		}
		never := time.Time{}
		w.change(&vault.Change{Subject: sub, Org: w.org, At: now, Drop: []string{"phone"}, DestroyAt: &never})
		if values, h := w.held(sub); len(values) != 1 || values[0] != "name 1" || !h.DestroyAt.IsZero() {
			t.Fatal(values, h.DestroyAt)
		}
		w.change(&vault.Change{Subject: sub, Org: w.org, At: at, State: party.Blocked})
		if _, h := w.held(sub); h.State != party.Blocked || h.Since != at || h.DataKey == nil {
			t.Fatalf("blocked to %+v", h)
		}
		if values, h := w.held(other); len(values) != 1 || h.State != party.Held {
			t.Fatal("somebody else's data was touched")
		}
	})
}

func TestChangeLandsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		c := w.given(sub, now, "news")
		w.insert(c)
		w.change(&vault.Change{Subject: sub, Org: w.org, At: now, Put: []vault.Value{value("name", 1)}})
		w.unchanged(sub, func() {
			twice := &vault.Change{Subject: sub, Org: w.org, At: now, Drop: []string{"name"}, Put: []vault.Value{value("phone", 1), value("name", 1)}}
			if _, err := w.Change(t.Context(), twice, w.guarded(sub)); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("a version put twice: %v", err)
			}
			gone := *c
			gone.Version = 7
			out := must(w.Change(t.Context(), &vault.Change{
				Subject: sub, Org: w.org, At: now, Destroy: true, Consents: []*consent.Consent{&gone},
			}, w.guarded(sub)))(t)
			if !out.Stale {
				t.Error("ended a consent that had changed")
			}
			old := w.guarded(sub)
			old.Guard.Subject--
			if out := must(w.Change(t.Context(), &vault.Change{Subject: sub, Org: w.org, At: now, Destroy: true}, old))(t); !out.Stale {
				t.Error("destroyed on facts that were old")
			}
			if _, err := w.Change(t.Context(), &vault.Change{Subject: sub, Org: w.org, Destroy: true}, nil); fault.KindOf(err) != fault.Internal {
				t.Errorf("a change without an entry: %v", err)
			}
			empty := w.guarded(sub)
			empty.Sealed = nil
			if _, err := w.Change(t.Context(), &vault.Change{Subject: sub, Org: w.org, Destroy: true}, empty); fault.KindOf(err) != fault.Internal {
				t.Errorf("a change with an empty entry: %v", err)
			}
		})
		if values, h := w.held(sub); len(values) != 1 || h.State != party.Held || h.DataKey == nil {
			t.Error("something of it stayed: ", values, h)
		}
	})
}

// Rows and key are gone; the tombstone and the act stay; a new registration
// opens the holding again, with nothing of what was.
//
// duty: L18.1
func TestDestroyedIsGoneButTheTombstone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		c := w.given(sub, now, "news")
		w.insert(c)
		at := now.Add(time.Hour)
		w.change(&vault.Change{Subject: sub, Org: w.org, At: now, Put: []vault.Value{value("name", 1)}, DestroyAt: &at})
		ended, err := c.Move(consent.Ended, at, "service", newID())
		if err != nil {
			t.Fatal(err)
		}
		act := &vault.Destruction{ID: newID(), Subject: sub, Org: w.org, At: at, Signed: []byte("act")}
		w.change(&vault.Change{Subject: sub, Org: w.org, At: at, Destroy: true, Act: act, Consents: []*consent.Consent{ended}})
		values, h := w.held(sub)
		if len(values) > 0 || h.State != party.Destroyed || h.DataKey != nil || h.Profile != nil || !h.DestroyAt.IsZero() || h.Since != at {
			t.Fatalf("left over: %v %+v", values, h)
		}
		if acts := must(w.Destructions(t.Context(), sub, w.org))(t); len(acts) != 1 || string(acts[0]) != "act" {
			t.Fatalf("acts %s", acts)
		}
		if got := must(w.Consent(t.Context(), c.ID))(t); got.Status != consent.Ended {
			t.Fatalf("the consent is %s", got.Status)
		}
		j := must(w.join(w.org, strong(ident.IIN, "1")))(t)
		if !j.Known || !j.Tombstone || j.Subject != sub {
			t.Fatalf("registered again as %+v", j)
		}
		if values, h := w.held(sub); len(values) > 0 || h.State != party.Held || h.DataKey == nil {
			t.Fatalf("opened again with %v %+v", values, h)
		}
	})
}

func TestDueHoldings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		at := func(h int) time.Time { return now.Add(time.Duration(h) * time.Hour) }
		var subs []ident.ID
		for i, due := range []time.Time{at(3), at(1), {}, at(2)} {
			sub := w.subject(string(rune('1' + i)))
			w.change(&vault.Change{Subject: sub, Org: w.org, At: now, DestroyAt: &due})
			subs = append(subs, sub)
		}
		list := must(w.DueHoldings(t.Context(), at(2), 10))(t)
		if len(list) != 2 || list[0].Subject != subs[1] || list[1].Subject != subs[3] {
			t.Fatalf("%d due", len(list))
		}
		if list := must(w.DueHoldings(t.Context(), at(9), 2))(t); len(list) != 2 {
			t.Fatalf("%d due, want two at most", len(list))
		}
	})
}

func TestInboxBookmark(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		if got := must(w.InboxRead(t.Context(), sub))(t); !got.IsZero() {
			t.Fatal("read before anything was")
		}
		for range 2 {
			until := newID()
			if err := w.MarkInbox(t.Context(), sub, until); err != nil {
				t.Fatal(err)
			}
			if got := must(w.InboxRead(t.Context(), sub))(t); got != until {
				t.Fatal("the bookmark is elsewhere")
			}
		}
	})
}

// What a change obliges to begins with it, or not at all.
func TestChangeLandsItsTerms(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		owed := func() *term.Term {
			return &term.Term{
				ID: newID(), Subject: sub, Org: w.org, Version: 1, Status: term.Open, Key: "transfer-notice", Provision: "19(1)", Edition: "2023-04",
				Week: 5, About: term.About{Kind: "decision", ID: newID()}, Start: now, Due: now.Add(time.Hour), CalendarVersion: 1,
			}
		}
		first := owed()
		r := w.guarded(sub)
		if out, err := w.Change(t.Context(), &vault.Change{Subject: sub, Org: w.org, At: now, Terms: []*term.Term{first, owed()}}, r); err != nil || out.Stale {
			t.Fatal(out, err)
		}
		got := must(w.Term(t.Context(), first.ID))(t)
		if got.Entry != r.ID || got.Due != first.Due || got.About != first.About || got.Subject != sub {
			t.Errorf("landed as %+v", got)
		}
		w.unchanged(sub, func() {
			stale := w.guarded(sub)
			stale.Guard.Subject += 5
			late := owed()
			if out, err := w.Change(t.Context(), &vault.Change{Subject: sub, Org: w.org, At: now, Terms: []*term.Term{late}}, stale); err != nil || !out.Stale {
				t.Error(out, err)
			}
			if _, err := w.Term(t.Context(), late.ID); fault.KindOf(err) != fault.NotFound {
				t.Error("a term landed without its change: ", err)
			}
			if _, err := w.Change(t.Context(), &vault.Change{Subject: sub, Org: w.org, At: now, Terms: []*term.Term{late, late}}, w.guarded(sub)); err == nil {
				t.Error("one term landed twice")
			}
			if err := w.InsertTerm(t.Context(), late, &journal.Record{}); err == nil {
				t.Error("a term landed without an entry")
			}
		})
		if list := must(w.Terms(t.Context(), term.Filter{Org: w.org}))(t); len(list) != 2 {
			t.Errorf("%d terms", len(list))
		}
	})
}
