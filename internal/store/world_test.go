package store_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/store"
	"kelisim/internal/store/storetest"
	"kelisim/verify"
)

var (
	now       = time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)
	errWanted = errors.New("wanted by the test")

	signer, checker = logKey()
)

func logKey() (note.Signer, note.Verifier) {
	private, public, err := note.GenerateKey(rand.Reader, "kelisim/test")
	if err != nil {
		panic(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		panic(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		panic(err)
	}
	return s, v
}

// world is a database with one organization. What the store is not to look into
// is any bytes.
type world struct {
	*store.Store
	t   *testing.T
	org ident.ID
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := &world{Store: open(), t: t}
		w.org = w.newOrg("150940018738")
		test(t, w)
	})
}

func newID() ident.ID { return ident.NewID(now) }

func sum(s string) (out [32]byte) { copy(out[:], s); return out }

// must fails the test on an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantFault checks that an error has the kind and code.
func wantFault(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if fault.KindOf(err) != kind || !fault.Is(err, code) {
		t.Fatalf("error %v, want kind %d, code %s", err, kind, code)
	}
}

func (w *world) newOrg(bin string) ident.ID {
	w.t.Helper()
	o := &party.OrgRow{ID: newID(), BIN: bin, Version: 1, Wrapped: []byte("key"), Alias: []byte("alias")}
	if err := w.InsertOrg(w.t.Context(), o, w.record(ident.ID{}, o.ID)); err != nil {
		w.t.Fatal(err)
	}
	return o.ID
}

// record is an entry without a guard.
func (w *world) record(subject, org ident.ID) *journal.Record {
	r := &journal.Record{Subject: subject, Org: org, ID: newID(), Action: "test", Sealed: []byte("sealed")}
	rand.Read(r.Commitment[:])
	return r
}

// guarded is an entry on the facts as they are now.
func (w *world) guarded(subject ident.ID) *journal.Record {
	w.t.Helper()
	r := w.record(subject, w.org)
	r.Guard.Subject = w.version(subject)
	return r
}

func (w *world) version(subject ident.ID) int64 {
	w.t.Helper()
	v, _, err := w.SubjectVersion(w.t.Context(), subject)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func registration(org ident.ID, hashes ...party.Hash) *party.Registration {
	return &party.Registration{Org: org, Subject: newID(), JournalKey: []byte("journal key"), Hashes: hashes, At: now}
}

// join registers with an organization whoever has the identifiers.
func (w *world) join(org ident.ID, hashes ...party.Hash) (party.Joined, error) {
	return w.Join(w.t.Context(), registration(org, hashes...), w.finish(org))
}

func (w *world) finish(org ident.ID) func(party.Joined) (*party.Holding, *journal.Record, error) {
	return func(j party.Joined) (*party.Holding, *journal.Record, error) {
		return holding(j.Subject, org), w.record(j.Subject, org), nil
	}
}

func holding(subject, org ident.ID) *party.Holding {
	return &party.Holding{
		Subject: subject, Org: org, State: party.Held, Since: now, Created: now, Profile: []byte("profile"), DataKey: []byte("data key"),
	}
}

// subject is a new person of the world's organization.
func (w *world) subject(iin string) ident.ID {
	w.t.Helper()
	return must(w.join(w.org, strong(ident.IIN, iin)))(w.t).Subject
}

func strong(kind ident.Kind, value string) party.Hash {
	return party.Hash{Kind: kind, Sum: sum(string(kind) + value)}
}

func (w *world) weak(value string) party.Hash {
	return party.Hash{Kind: ident.Phone, Scope: w.org, Sum: sum("phone" + value)}
}

// entries lists those of the organization, in no order that tells anything.
func (w *world) entries() []ident.ID {
	w.t.Helper()
	var out []ident.ID
	for _, r := range must(w.Entries(w.t.Context(), journal.Filter{Org: w.org, Limit: 1000}))(w.t) {
		out = append(out, r.ID)
	}
	return out
}

// unchanged runs what must leave no trace: no entry, no new version.
func (w *world) unchanged(subject ident.ID, do func()) {
	w.t.Helper()
	version, entries := w.version(subject), len(w.entries())
	do()
	if v := w.version(subject); v != version {
		w.t.Errorf("the subject's version moved from %d to %d", version, v)
	}
	if n := len(w.entries()); n != entries {
		w.t.Errorf("%d entries stayed of what failed", n-entries)
	}
}

// extension is one step of the log over the leaves.
func (w *world) extension(size int64, leaves []journal.Leaf) *journal.Extension {
	return &journal.Extension{
		From: size, Leaves: leaves, Size: size + int64(len(leaves)), Note: "checkpoint", At: now,
		Tiles: []journal.Tile{{Level: 0, N: 0, Data: make([]byte, 32*len(leaves))}},
	}
}

func commitments(leaves []journal.Leaf) (out []verify.Commitment) {
	for i := range leaves {
		out = append(out, leaves[i].Commitment)
	}
	return out
}
