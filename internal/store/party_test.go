package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/seal"
	"kelisim/internal/vault"
)

func TestSecretsAreSetOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first := []seal.Secret{{Name: "a", Wrapped: []byte{1}}, {Name: "b", Wrapped: []byte{2}}}
		if err := w.InsertSecrets(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		wantFault(t, w.InsertSecrets(t.Context(), []seal.Secret{{Name: "c", Wrapped: []byte{3}}}), fault.Conflict, "already-initialised")
		if got := must(w.Secrets(t.Context()))(t); len(got) != 2 {
			t.Fatalf("%d secrets, want those set first", len(got))
		}
	})
}

func TestOrganizationIsThereWithItsEntryOrNotAtAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := must(w.OrgByBIN(t.Context(), "150940018738"))(t)
		if o.ID != w.org || o.Version != 1 || o.Current != 0 || o.Described != nil {
			t.Fatalf("read back %+v", o)
		}
		again := &party.OrgRow{ID: newID(), BIN: o.BIN, Version: 1, Wrapped: []byte("x"), Alias: []byte("x")}
		wantFault(t, w.InsertOrg(t.Context(), again, w.record(ident.ID{}, again.ID)), fault.Conflict, "organization-exists")
		if rows := must(w.Entries(t.Context(), journal.Filter{Org: again.ID, Limit: 10}))(t); len(rows) > 0 {
			t.Fatal("the entry of the refused one stayed")
		}
		_, err := w.OrgByID(t.Context(), again.ID)
		wantFault(t, err, fault.NotFound, "organization-unknown")
		w.newOrg("050140000017")
		all := must(w.Orgs(t.Context()))(t)
		if len(all) != 2 || all[0].BIN != "050140000017" {
			t.Fatalf("organizations are not listed by BIN: %d", len(all))
		}
	})
}

func TestVersionsOfDescription(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		apply := func(number int, approved time.Time) error {
			v := &party.Version{Number: number, Hash: fmt.Sprint(number), Applied: now, Approved: approved, Canonical: []byte{byte(number)}}
			return w.InsertVersion(t.Context(), w.org, v, w.record(ident.ID{}, w.org))
		}
		inForce := func(number int, version int64) {
			t.Helper()
			o := must(w.OrgByID(t.Context(), w.org))(t)
			if o.Current != number || o.Version != version || number > 0 && !slices.Equal(o.Described, []byte{byte(number)}) {
				t.Fatalf("version %d is in force under guard %d, want %d under %d", o.Current, o.Version, number, version)
			}
		}
		approve := func(number int) error {
			return w.ApproveVersion(t.Context(), w.org, number, now, w.record(ident.ID{}, w.org))
		}
		if err := apply(1, now); err != nil {
			t.Fatal(err)
		}
		inForce(1, 2)
		if err := apply(2, time.Time{}); err != nil {
			t.Fatal(err)
		}
		inForce(1, 2) // waits for the officer
		n := len(w.entries())
		wantFault(t, apply(2, now), fault.Conflict, "register-changed")
		if err := apply(3, time.Time{}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, approve(2), fault.Conflict, "version-not-pending") // a later one was applied
		inForce(1, 2)
		if err := approve(3); err != nil {
			t.Fatal(err)
		}
		inForce(3, 3)
		wantFault(t, approve(3), fault.Conflict, "version-not-pending")
		if got := len(w.entries()) - n; got != 2 {
			t.Errorf("%d entries for two changes: what was refused left one, or what was done none", got)
		}
		all := must(w.Versions(t.Context(), w.org))(t)
		if len(all) != 3 || all[0].Number != 3 || all[0].Approved != now || !all[1].Approved.IsZero() {
			t.Fatalf("versions %+v", all)
		}
	})
}

// Whose identifiers these are. a and b are organizations; the IIN and the
// document mean one person everywhere, the phone only within one organization.
func TestJoinFindsThePerson(t *testing.T) {
	t.Parallel()
	iin, iin2 := strong(ident.IIN, "1"), strong(ident.IIN, "2")
	doc, doc2 := strong(ident.Document, "1"), strong(ident.Document, "2")
	type step struct {
		org    string
		hashes []string
		want   string // name of the subject, "conflict"; a new name is a new subject
		known  bool
	}
	for name, steps := range map[string][]step{
		"the same again": {
			{"a", []string{"iin", "phone"}, "x", false},
			{"a", []string{"iin", "phone"}, "x", true},
			{"a", []string{"phone"}, "x", true},
			{"a", []string{"iin"}, "x", true},
		},
		"another organization knows one person by the IIN, not by the phone": {
			{"a", []string{"iin", "phone"}, "x", false}, {"b", []string{"iin"}, "x", false}, {"b", []string{"phone"}, "y", false},
		},
		"a phone that two people share is nobody's": {
			{"a", []string{"iin", "phone"}, "x", false},
			{"a", []string{"iin2", "phone"}, "y", false},
			{"a", []string{"phone"}, "conflict", false},
			{"a", []string{"iin", "phone"}, "x", true},
		},
		"who was known by the phone alone is found by it with an IIN too": {
			{"a", []string{"phone"}, "x", false}, {"a", []string{"iin", "phone"}, "x", true},
		},
		"and it does not matter whether another organization knows that IIN": {
			{"b", []string{"iin"}, "y", false}, {"a", []string{"phone"}, "x", false}, {"a", []string{"iin", "phone"}, "x", true},
		},
		"one call names two people of the organization": {
			{"a", []string{"iin"}, "x", false}, {"a", []string{"doc2"}, "y", false}, {"a", []string{"iin", "doc2"}, "conflict", false},
		},
		"two people of another organization: it must not show that it knows them": {
			{"b", []string{"iin"}, "x", false},
			{"b", []string{"doc2"}, "y", false},
			{"a", []string{"iin", "doc2"}, "x", false},
			{"a", []string{"doc2"}, "x", true},
			{"b", []string{"doc2"}, "y", true},
		},
		"two documents of two people elsewhere are a new person here, found again": {
			{"b", []string{"doc"}, "x", false},
			{"b", []string{"doc2"}, "y", false},
			{"a", []string{"doc", "doc2"}, "z", false},
			{"a", []string{"doc", "doc2"}, "z", true},
			{"b", []string{"doc"}, "x", true},
		},
		"a document that somebody with another IIN has is a slip of the pen": {
			{"b", []string{"iin", "doc"}, "x", false}, {"a", []string{"iin2", "doc"}, "y", false}, {"b", []string{"doc"}, "x", true},
		},
		"who was known by a document alone gets an IIN": {
			{"b", []string{"doc"}, "x", false}, {"a", []string{"iin", "doc"}, "x", false}, {"b", []string{"iin"}, "x", true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				orgs := map[string]ident.ID{"a": w.org, "b": w.newOrg("050140000017")}
				subjects := map[string]ident.ID{}
				for i, st := range steps {
					org := orgs[st.org]
					hashes := map[string]party.Hash{
						"iin": iin, "iin2": iin2, "doc": doc, "doc2": doc2,
						"phone": {Kind: ident.Phone, Scope: org, Sum: sum("phone" + st.org)},
					}
					var named []party.Hash
					for _, h := range st.hashes {
						named = append(named, hashes[h])
					}
					j, err := w.join(org, named...)
					if st.want == "conflict" {
						if fault.KindOf(err) != fault.Conflict {
							t.Fatalf("step %d: %v, want a conflict", i, err)
						}
						continue
					}
					if err != nil {
						t.Fatalf("step %d: %v", i, err)
					}
					was, seen := subjects[st.want]
					for other, id := range subjects {
						if id == j.Subject && other != st.want {
							t.Fatalf("step %d: taken for %s, want %s", i, other, st.want)
						}
					}
					if seen && was != j.Subject || j.Known != st.known {
						t.Fatalf("step %d: same %v, known %v", i, was == j.Subject, j.Known)
					}
					subjects[st.want] = j.Subject
				}
			})
		})
	}
}

func TestJoinWritesAllOrNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		reg := registration(w.org, strong(ident.IIN, "1"), w.weak("1"))
		n := len(w.entries())
		_, err := w.Join(t.Context(), reg, func(party.Joined) (*party.Holding, *journal.Record, error) { return nil, nil, errWanted })
		if err == nil {
			t.Fatal("an error inside was lost")
		}
		if _, _, err := w.SubjectVersion(t.Context(), reg.Subject); fault.KindOf(err) != fault.NotFound {
			t.Fatal("half a subject stayed: ", err)
		}
		j := must(w.Join(t.Context(), reg, w.finish(w.org)))(t)
		if j.Subject != reg.Subject || len(w.entries()) != n+1 {
			t.Fatal("not registered with one entry")
		}
		w.unchanged(j.Subject, func() {
			j := must(w.Join(t.Context(), reg, func(party.Joined) (*party.Holding, *journal.Record, error) {
				t.Error("finish is called for somebody known")
				return nil, nil, errWanted
			}))(t)
			if !j.Known || j.Tombstone {
				t.Errorf("joined %+v", j)
			}
		})
	})
}

// Fifty callers at one moment with the same identifiers are one person.
func TestJoinAtOneMomentMakesOneSubject(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const callers = 50
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			seen  = map[ident.ID]int{}
			fresh int
		)
		for range callers {
			wg.Go(func() {
				j, err := w.join(w.org, strong(ident.IIN, "1"), w.weak("1"))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				seen[j.Subject]++
				if !j.Known {
					fresh++
				}
			})
		}
		wg.Wait()
		if len(seen) != 1 || fresh != 1 {
			t.Fatalf("%d subjects, %d times new, want one", len(seen), fresh)
		}
	})
}

// As many different people at one moment do not stand in each other's way.
func TestJoinOfManyAtOneMoment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				for k := range 4 {
					if _, err := w.join(w.org, strong(ident.IIN, fmt.Sprint(i, k)), w.weak(fmt.Sprint(i, k))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := len(w.entries()); n != 64*4+1 {
			t.Fatalf("%d entries", n)
		}
	})
}

func TestJoinAllKeepsErrorsApart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.subject("1")
		must(w.join(w.org, strong(ident.Document, "2")))(t)
		regs := []*party.Registration{
			registration(w.org, strong(ident.IIN, "3")),
			registration(w.org, strong(ident.IIN, "1"), strong(ident.Document, "2")), // two people
			registration(w.org, strong(ident.IIN, "3")),                              // the first again
			registration(w.org, strong(ident.IIN, "4")),
		}
		var asked []int
		joined, refused, err := w.JoinAll(t.Context(), regs, func(i int, j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error) {
			asked = append(asked, i)
			values := []vault.Value{{Category: "name", Version: 1, Purpose: "news", At: now, Sealed: []byte("sealed")}}
			return holding(j.Subject, w.org), values, w.record(j.Subject, w.org), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range refused {
			if (e != nil) != (i == 1) {
				t.Errorf("row %d: %v", i, e)
			}
		}
		if joined[0].Known || !joined[2].Known || joined[2].Subject != joined[0].Subject {
			t.Errorf("the same person twice in one call: %+v", joined)
		}
		if !slices.Equal(asked, []int{0, 3}) {
			t.Errorf("rows %v were new", asked)
		}
		if got := must(w.Values(t.Context(), joined[3].Subject, w.org))(t); len(got) != 1 || got[0].Category != "name" {
			t.Errorf("values %+v", got)
		}
	})
}

// One write: an error in the last row takes back the first.
func TestJoinAllIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		regs := []*party.Registration{registration(w.org, strong(ident.IIN, "1")), registration(w.org, strong(ident.IIN, "2"))}
		for name, second := range map[string]func(*journal.Record) (*journal.Record, error){
			"an error":              func(*journal.Record) (*journal.Record, error) { return nil, errWanted },
			"a guard that is stale": func(r *journal.Record) (*journal.Record, error) { r.Guard.Org = 99; return r, nil },
		} {
			_, _, err := w.JoinAll(t.Context(), regs, func(i int, j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error) {
				r, err := w.record(j.Subject, w.org), error(nil)
				if i == 1 {
					r, err = second(r)
				}
				return holding(j.Subject, w.org), nil, r, err
			})
			if err == nil {
				t.Fatalf("%s was lost", name)
			}
			if _, _, err := w.SubjectVersion(t.Context(), regs[0].Subject); fault.KindOf(err) != fault.NotFound {
				t.Fatalf("%s: the first row stayed", name)
			}
		}
		// Who is not to be admitted leaves no trace.
		if _, _, err := w.JoinAll(t.Context(), regs[:1], func(int, party.Joined) (*party.Holding, []vault.Value, *journal.Record, error) {
			return nil, nil, nil, nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.SubjectVersion(t.Context(), regs[0].Subject); fault.KindOf(err) != fault.NotFound {
			t.Fatal("a subject without a holding and without an entry")
		}
	})
}

func TestSubjectByHashKnowsOnlyTheOrganizationsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		sub := w.subject("1")
		other := w.newOrg("050140000017")
		if found := must(w.SubjectByHash(t.Context(), w.org, strong(ident.IIN, "1")))(t); len(found) != 1 || found[0] != sub {
			t.Fatal("not found by the IIN")
		}
		if found := must(w.SubjectByHash(t.Context(), other, strong(ident.IIN, "1")))(t); len(found) != 0 {
			t.Fatal("an organization finds a person that only another one knows")
		}
		_, err := w.Holding(t.Context(), sub, other)
		wantFault(t, err, fault.NotFound, "subject-unknown")
		must(w.join(other, strong(ident.IIN, "1")))(t)
		if all := must(w.Holders(t.Context(), sub))(t); len(all) != 2 {
			t.Fatalf("%d holders, want both", len(all))
		}
	})
}

func TestJournalKeysAreEverySubjects(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.subject("1"), w.subject("2")
		var got []ident.ID
		if err := w.JournalKeys(t.Context(), func(s ident.ID, key []byte, _ int64) error {
			if string(key) != "journal key" {
				t.Errorf("key %q", key)
			}
			got = append(got, s)
			return nil
		}); err != nil || len(got) != 2 || !slices.Contains(got, a) || !slices.Contains(got, b) {
			t.Fatal(got, err)
		}
		if err := w.JournalKeys(t.Context(), func(ident.ID, []byte, int64) error { return errWanted }); err == nil {
			t.Fatal("an error of the caller was lost")
		}
		_, err := w.JournalKey(t.Context(), newID())
		wantFault(t, err, fault.NotFound, "subject-unknown")
	})
}
