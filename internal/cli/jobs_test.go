package cli

import (
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/journal"
	"kelisim/internal/represent"
)

// What is over by its term is written down by the work that runs by itself, once.
func TestTheEndOfARepresentationIsWrittenDown(t *testing.T) {
	t.Parallel()
	a, clock := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	r, err := a.Represent.Register(t.Context(), org, &represent.New{
		Subject: apptest.Subject(t, a, org, 1), Representative: apptest.Subject(t, a, org, 2), Kind: represent.Attorney, Acts: represent.Read,
		Until: clock.Now().Add(time.Hour), Document: represent.Document{Kind: "power of attorney"}, Actor: apptest.System,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		later time.Duration
		want  int
	}{{0, 0}, {time.Hour, 1}, {time.Hour, 1}} {
		clock.Add(c.later)
		tend(t.Context(), a)
		mine, err := a.Journal.ForSubject(t.Context(), r.Subject)
		if err != nil {
			t.Fatal(err)
		}
		list, err := mine.List(t.Context(), journal.Filter{Action: "representation.end", Limit: 9})
		if err != nil || len(list) != c.want {
			t.Fatalf("%d entries of the end, want %d (%v)", len(list), c.want, err)
		}
	}
	apptest.Clean(t, a)
}
