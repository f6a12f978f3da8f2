package journal_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/seal"
	"kelisim/verify"
)

func prepared(t testing.TB, key *seal.Key, e *verify.Entry, now time.Time) journal.Row {
	t.Helper()
	r, err := journal.Prepare(e, ident.NewID(start), ident.NewID(start), key, now)
	if err != nil {
		t.Fatal(err)
	}
	return journal.Row{Leaf: 3, Subject: r.Subject, Org: r.Org, ID: r.ID, Action: r.Action, Sealed: r.Sealed, Commitment: r.Commitment}
}

func TestEntryIsOpenedAsPrepared(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	e := &verify.Entry{Organization: "150940018738", Actor: verify.Actor{Kind: "system"}, Action: "view", Purpose: "news", Categories: []string{"email"}}
	row := prepared(t, &key, e, start)
	if bytes.Contains(row.Sealed, []byte("email")) {
		t.Fatal("the entry can be read")
	}
	o, err := row.Open(&key)
	if err != nil {
		t.Fatal(err)
	}
	if ident.ID(o.ID) != row.ID || o.At != start.UnixMilli() || o.Recorded != 0 || o.Purpose != "news" || o.Leaf != 3 {
		t.Fatalf("opened %+v", o.Entry)
	}
	if verify.Commit(o.Salt, o.Bytes) != row.Commitment {
		t.Fatal("the salt does not open the commitment")
	}
	again := prepared(t, &key, e, start)
	if again.Commitment == row.Commitment {
		t.Fatal("two entries with the same text have one leaf")
	}
}

// What happened before it was recorded keeps both times.
func TestEntryOfThePastKeepsBothTimes(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	row := prepared(t, &key, &verify.Entry{Action: "consent.give", At: start.Add(-time.Hour).UnixMilli()}, start)
	o, err := row.Open(&key)
	if err != nil || o.At != start.Add(-time.Hour).UnixMilli() || o.Recorded != start.UnixMilli() {
		t.Fatalf("%+v: %v", o, err)
	}
}

// A row with anything changed, or in another's place, does not open.
func TestChangedRowDoesNotOpen(t *testing.T) {
	t.Parallel()
	key, other := seal.NewKey(), seal.NewKey()
	rapid.Check(t, func(t *rapid.T) {
		r, err := journal.Prepare(&verify.Entry{Action: "view", Purpose: "news"}, ident.NewID(start), ident.NewID(start), &key, start)
		if err != nil {
			t.Fatal(err)
		}
		row := journal.Row{Subject: r.Subject, Org: r.Org, ID: r.ID, Action: r.Action, Sealed: r.Sealed, Commitment: r.Commitment}
		if _, err := row.Open(&key); err != nil {
			t.Fatal(err)
		}
		flip := func(b []byte) {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		k := &key
		switch what := rapid.SampledFrom([]string{"sealed", "commitment", "subject", "id", "action", "key", "cut", "gone"}).Draw(t, "what"); what {
		case "sealed":
			row.Sealed = slices.Clone(row.Sealed)
			flip(row.Sealed)
		case "commitment":
			flip(row.Commitment[:])
		case "subject":
			flip(row.Subject[:])
		case "id":
			flip(row.ID[:])
		case "action":
			row.Action = "use"
		case "key":
			k = &other
		case "cut":
			row.Sealed = row.Sealed[:rapid.IntRange(0, len(row.Sealed)-1).Draw(t, "left")]
		case "gone":
			row.Sealed = nil
		}
		if _, err := row.Open(k); err == nil {
			t.Fatal("opens")
		}
	})
}
