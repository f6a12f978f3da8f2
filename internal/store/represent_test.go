package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/represent"
)

func (w *world) representation(subject, by ident.ID, orgs ...string) *represent.Representation {
	return &represent.Representation{
		ID: newID(), Subject: subject, Representative: by, Org: w.org, Kind: represent.Attorney, Acts: represent.Read | represent.Data,
		Organizations: orgs, From: now, Until: now.Add(time.Hour), Status: represent.Active, Since: now, Sealed: []byte("sealed"),
	}
}

func (w *world) represented(r *represent.Representation) {
	w.t.Helper()
	if stale, err := w.InsertRepresentation(w.t.Context(), r, w.guarded(r.Subject)); err != nil || stale {
		w.t.Fatal(stale, err)
	}
}

func TestRepresentationIsReadBackAsGiven(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		subject, by := w.subject("1"), w.subject("2")
		first, second := w.representation(subject, by, "150940018738", "140440000041"), w.representation(subject, by)
		second.ID = ident.NewID(now.Add(time.Second))
		w.represented(first)
		w.represented(second)
		for name, f := range map[string]represent.Filter{
			"subject": {Subject: subject}, "representative": {Representative: by}, "organization": {Org: w.org},
			"all": {Subject: subject, Representative: by, Org: w.org},
		} {
			list := must(w.Representations(t.Context(), f))(t)
			if len(list) != 2 || list[0].ID != second.ID || len(list[0].Organizations) != 0 {
				t.Fatalf("by %s: %+v", name, list)
			}
			if d := cmp.Diff(*first, list[1]); d != "" {
				t.Fatalf("by %s, read back otherwise (-was +is):\n%s", name, d)
			}
		}
		for name, f := range map[string]represent.Filter{
			"nothing": {}, "another subject": {Subject: by}, "another's id": {Representative: subject, ID: first.ID}, "no organization": {Org: newID()},
		} {
			if list := must(w.Representations(t.Context(), f))(t); len(list) > 0 {
				t.Errorf("by %s: %d", name, len(list))
			}
		}
		if state := must(w.SubjectState(t.Context(), subject))(t); state != party.Alive {
			t.Error(state)
		}
		_, err := w.SubjectState(t.Context(), newID())
		wantFault(t, err, fault.NotFound, "subject-unknown")
	})
}

// What makes or ends a representation moves the version of who is represented,
// and does nothing where that moved before.
func TestRepresentationsChangeUnderTheirGuard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		subject, by := w.subject("1"), w.subject("2")
		r := w.representation(subject, by)
		before := w.version(subject)
		w.represented(r)
		if v := w.version(subject); v != before+1 {
			t.Fatalf("the version moved from %d to %d", before, v)
		}
		end := *r
		end.Status, end.Since = represent.Revoked, now.Add(time.Minute)
		looked := *r
		looked.Looked = now
		w.unchanged(subject, func() {
			old := func() *journal.Record {
				rec := w.guarded(subject)
				rec.Guard.Subject--
				return rec
			}
			again := w.representation(subject, by)
			for name, stale := range map[string]bool{
				"made":   must(w.InsertRepresentation(t.Context(), again, old()))(t),
				"ended":  must(w.EndRepresentation(t.Context(), &end, old()))(t),
				"looked": must(w.MarkLook(t.Context(), &looked, now.Add(-time.Hour), old()))(t),
			} {
				if !stale {
					t.Errorf("%s on facts that were old", name)
				}
			}
			for name, err := range map[string]error{
				"made":   only(w.InsertRepresentation(t.Context(), again, nil)),
				"ended":  only(w.EndRepresentation(t.Context(), &end, &journal.Record{})),
				"looked": only(w.MarkLook(t.Context(), &looked, now, nil)),
			} {
				if fault.KindOf(err) != fault.Internal || err == nil {
					t.Errorf("%s without an entry: %v", name, err)
				}
			}
		})
		if stale := must(w.MarkLook(t.Context(), &looked, now.Add(-time.Hour), w.guarded(subject)))(t); stale {
			t.Error("the first look is stale")
		}
		if v := w.version(subject); v != before+1 {
			t.Error("a look moves the version, so that decisions have to be taken anew")
		}
		w.unchanged(subject, func() {
			if stale := must(w.MarkLook(t.Context(), &looked, now, w.guarded(subject)))(t); !stale {
				t.Error("the second look of a day landed")
			}
		})
		if stale := must(w.EndRepresentation(t.Context(), &end, w.guarded(subject)))(t); stale {
			t.Fatal("not ended on facts that hold")
		}
		w.unchanged(subject, func() {
			if stale := must(w.EndRepresentation(t.Context(), &end, w.guarded(subject)))(t); !stale {
				t.Error("ended twice")
			}
			if stale := must(w.MarkLook(t.Context(), &looked, now.Add(time.Hour), w.guarded(subject)))(t); !stale {
				t.Error("a look by what is revoked landed")
			}
		})
		if got := must(w.Representations(t.Context(), represent.Filter{Subject: subject}))(t)[0]; got.Status != represent.Revoked || !got.Since.Equal(end.Since) || !got.Looked.Equal(now) {
			t.Errorf("%+v", got)
		}
	})
}

func only(_ bool, err error) error { return err }

func TestDueRepresentations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		subject, by := w.subject("1"), w.subject("2")
		var ids []ident.ID
		for i := range 3 {
			r := w.representation(subject, by)
			r.Until = now.Add(time.Duration(i) * time.Minute)
			w.represented(r)
			ids = append(ids, r.ID)
		}
		gone := w.representation(subject, by)
		gone.Until, gone.Status = now, represent.Revoked
		w.represented(gone)
		due := func(at time.Time, max int) (out []ident.ID) {
			for _, r := range must(w.DueRepresentations(t.Context(), at, max))(t) {
				out = append(out, r.ID)
			}
			return out
		}
		if got := due(now.Add(time.Minute), 10); !slices.Equal(got, ids[:2]) {
			t.Errorf("due %v, want %v", got, ids[:2])
		}
		if got := due(now.Add(time.Hour), 1); !slices.Equal(got, ids[:1]) {
			t.Errorf("due at most one: %v", got)
		}
		if got := due(now.Add(-time.Millisecond), 10); len(got) > 0 {
			t.Errorf("due too early: %v", got)
		}
	})
}

// Lists of a person that are limited to some organizations, page by page.
func TestListsOfSomeOrganizations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		subject := w.subject("1")
		orgs := []ident.ID{w.org, w.newOrg("140440000041"), w.newOrg("160340000048")}
		var entries, consents []ident.ID // those of the first and the last
		for i := range 9 {
			org := orgs[i%3]
			rec := w.record(subject, org)
			rec.ID, rec.Guard.Subject = ident.NewID(now.Add(time.Duration(i+1)*time.Second)), w.version(subject)
			c := w.given(subject, now.Add(time.Duration(i+1)*time.Second), "news")
			c.Org = org
			if stale := must(w.InsertConsent(t.Context(), c, text, nil, rec))(t); stale {
				t.Fatal("stale")
			}
			if i%3 != 1 {
				entries, consents = append(entries, rec.ID), append(consents, c.ID)
			}
		}
		slices.Reverse(entries)
		slices.Reverse(consents)
		some := []ident.ID{orgs[0], orgs[2]}
		f := journal.Filter{BySubject: true, Subject: subject, Orgs: some, Action: "test", Limit: 4}
		var got []ident.ID
		for range 2 {
			for _, r := range must(w.Entries(t.Context(), f))(t) {
				got, f.Before = append(got, r.ID), r.ID
			}
		}
		if !slices.Equal(got[:6], entries) {
			t.Errorf("entries %v, want %v", got, entries)
		}
		cf := consent.Filter{Subject: subject, Orgs: some, Status: consent.Active, Purpose: "news", Now: now, Limit: 4}
		got = nil
		for range 2 {
			for _, c := range must(w.Consents(t.Context(), cf))(t) {
				got, cf.After = append(got, c.ID), c.ID
			}
		}
		if !slices.Equal(got, consents) {
			t.Errorf("consents %v, want %v", got, consents)
		}
		f.Orgs = orgs[1:2]
		_, err := w.Entry(t.Context(), f, entries[0])
		wantFault(t, err, fault.NotFound, "entry-unknown")
		f.Orgs = nil
		if _, err := w.Entry(t.Context(), f, entries[0]); err != nil {
			t.Error(err)
		}
		none := []ident.ID{}
		if list := must(w.Entries(t.Context(), journal.Filter{BySubject: true, Subject: subject, Orgs: none, Limit: 9}))(t); len(list) > 0 {
			t.Errorf("%d entries of no organization", len(list))
		}
		if list := must(w.Consents(t.Context(), consent.Filter{Subject: subject, Orgs: none}))(t); len(list) > 0 {
			t.Errorf("%d consents to no organization", len(list))
		}
	})
}
