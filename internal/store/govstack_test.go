package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/govstack"
	"kelisim/internal/ident"
)

func (w *world) object(subject ident.ID, kind govstack.Kind, id string) *govstack.Row {
	return &govstack.Row{
		Subject: subject, Org: w.org, ID: newID(), Kind: kind, Sum: sum(id), Version: 1, Sealed: []byte("sealed"),
	}
}

func revision(o *govstack.Row, n int64) *govstack.RevisionRow {
	return &govstack.RevisionRow{Subject: o.Subject, Org: o.Org, Object: o.ID, Number: n, ID: newID(), Sealed: []byte("sealed")}
}

// put lands an object, and its revision by its version.
func (w *world) put(o *govstack.Row) (bool, error) {
	w.t.Helper()
	return w.PutObject(w.t.Context(), o, revision(o, o.Version), w.record(o.Subject, w.org))
}

func TestObjectsOfGovStack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.object(ident.ID{}, govstack.KindPolicy, "p")
		must(w.put(p))(t)
		next := *p
		next.Version, next.Sealed = 2, []byte("changed")
		if stale := must(w.put(&next))(t); stale {
			t.Fatal("stale")
		}
		list := must(w.Objects(t.Context(), govstack.Filter{Org: w.org, Kind: govstack.KindPolicy}))(t)
		if len(list) != 1 || cmp.Diff(next, list[0]) != "" {
			t.Fatalf("%+v", list)
		}
		if l := must(w.Revisions(t.Context(), p))(t); len(l) != 2 || l[0].Number != 1 || l[1].Number != 2 {
			t.Errorf("%+v", l)
		}
		entries := len(w.entries())
		// Of two that change one version, the second is told so, and leaves nothing.
		if stale := must(w.put(&next))(t); !stale {
			t.Error("the second change of one version landed")
		}
		// An id is taken once in an organization, and free in another and for another kind.
		_, err := w.put(w.object(ident.ID{}, govstack.KindPolicy, "p"))
		wantFault(t, err, fault.Conflict, "govstack-exists")
		if n := len(w.entries()); n != entries {
			t.Errorf("%d entries of what did not land", n-entries)
		}
		must(w.put(w.object(ident.ID{}, govstack.KindWebhook, "p")))(t)
		foreign := w.object(ident.ID{}, govstack.KindPolicy, "p")
		foreign.Org = w.newOrg("140440000041")
		must(w.PutObject(t.Context(), foreign, nil, w.record(ident.ID{}, foreign.Org)))(t)
		// Out of sight, its revisions stay, and the id is free.
		gone := next
		gone.Version, gone.Hidden = 3, true
		must(w.put(&gone))(t)
		again := w.object(ident.ID{}, govstack.KindPolicy, "p")
		must(w.put(again))(t)
		for all, n := range map[bool]int{false: 1, true: 2} {
			if l := must(w.Objects(t.Context(), govstack.Filter{Org: w.org, Kind: govstack.KindPolicy, All: all}))(t); len(l) != n {
				t.Errorf("all %v: %d", all, len(l))
			}
		}
		if _, err := w.PutObject(t.Context(), again, nil, nil); fault.KindOf(err) != fault.Internal {
			t.Errorf("landed without an entry: %v", err)
		}
	})
}

func TestRecordsOfGovStack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub, other := w.subject("1"), w.subject("2")
		key := []byte("key")
		i := w.object(sub, govstack.KindIndividual, "i")
		i.Mark = key
		must(w.put(i))(t)
		// A key is one individual's.
		j := w.object(other, govstack.KindIndividual, "j")
		j.Mark = key
		_, err := w.put(j)
		wantFault(t, err, fault.Conflict, "govstack-key-foreign")

		about, rev := newID(), newID()
		record := func(id string) *govstack.Row {
			o := w.object(sub, govstack.KindRecord, id)
			o.Parent, o.About, o.Revision = i.ID, about, rev
			return o
		}
		c, r := w.given(sub, now, "news"), record("r")
		// The consent and the record land together, or neither.
		late := w.guarded(sub)
		late.Guard.Subject++
		w.unchanged(sub, func() {
			if stale := must(w.GiveRecord(t.Context(), c, text, nil, r, revision(r, 1), late))(t); !stale {
				t.Error("landed on facts that had moved")
			}
		})
		if stale := must(w.GiveRecord(t.Context(), c, text, nil, r, revision(r, 1), w.guarded(sub)))(t); stale {
			t.Fatal("stale")
		}
		w.unchanged(sub, func() {
			_, err := w.GiveRecord(t.Context(), w.given(sub, now, "news"), text, nil, record("another"), nil, w.guarded(sub))
			wantFault(t, err, fault.Conflict, "govstack-exists")
		})
		next, ended := *r, *c
		next.Version = 3 // not the next
		ended.Version, ended.Status = 2, consent.Withdrawn
		ended.History = append(ended.History, consent.Change{At: now.Add(time.Hour), Status: consent.Withdrawn})
		w.unchanged(sub, func() {
			if stale := must(w.ChangeRecord(t.Context(), &ended, &next, nil, w.guarded(sub)))(t); !stale {
				t.Error("a consent ended without its record")
			}
		})
		next.Version = 2
		must(w.ChangeRecord(t.Context(), &ended, &next, revision(&next, 2), w.guarded(sub)))(t)
		if got := must(w.Consent(t.Context(), c.ID))(t); got.Status != consent.Withdrawn {
			t.Error(got.Status)
		}
		for name, f := range map[string]govstack.Filter{
			"id": {ID: r.ID}, "sum": {Sum: &r.Sum}, "individual": {Subject: sub, Parent: i.ID}, "agreement": {About: about}, "page": {Limit: 1},
		} {
			f.Org, f.Kind = w.org, govstack.KindRecord
			if l := must(w.Objects(t.Context(), f))(t); len(l) != 1 || cmp.Diff(next, l[0]) != "" {
				t.Errorf("by %s: %+v", name, l)
			}
		}
		if l := must(w.Objects(t.Context(), govstack.Filter{Org: w.org, Kind: govstack.KindRecord, Offset: 1, Limit: 1}))(t); len(l) != 0 {
			t.Errorf("%+v", l)
		}
	})
}
