package law

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"kelisim/internal/locale"
)

// The break-down of both documents that the duties come from lies beside the
// project. Ids, places and terms are its facts; the words are ours.
func TestDutiesAreThoseOfTheDocuments(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../shared/law/duties.tsv")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("../shared/law/duties.tsv is not beside the project: nothing to compare with")
	}
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := rows(string(source), 6)[1:], Duties()
	if len(theirs) != len(ours) {
		t.Fatalf("%d duties, want %d", len(ours), len(theirs))
	}
	for i, f := range theirs {
		d := ours[i]
		if want := (Duty{ID: f[0], Provision: Provision(f[1]), Who: f[2], Area: f[5], Term: d.Term, Text: d.Text}); d != want {
			t.Errorf("got %+v, want %+v", d, want)
		}
		if strings.EqualFold(d.Text.EN, f[3]) {
			t.Errorf("%s: copied words", d.ID)
		}
		if got := deadline(d); got != f[4] && (f[4] != "term" || got == "-") {
			t.Errorf("%s: term %s, want %s", d.ID, got, f[4])
		}
	}
}

func deadline(d Duty) string {
	if d.Term == "" {
		return "-"
	}
	term, _ := Editions()[0].Term(d.Term)
	days := map[Unit]string{WorkingDay: "working days", CalendarDay: "days"}[term.Unit]
	if term.Amount == 1 {
		days = strings.TrimSuffix(days, "s")
	}
	return fmt.Sprint(term.Amount, " ", days)
}

func TestDuties(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range Duties() {
		if seen[d.ID] || d.Area == "" {
			t.Errorf("%s is there twice or says too little: %+v", d.ID, d)
		}
		seen[d.ID] = true
		isTranslated(t, d.ID, d.Text)
		if !locale.Has("law.who." + d.Who) {
			t.Errorf("%s: no text for who %q", d.ID, d.Who)
		}
		for _, e := range Editions() {
			if _, ok := e.Term(d.Term); !ok && d.Term != "" {
				t.Errorf("%s: edition %s has no term %q", d.ID, e.ID, d.Term)
			}
		}
	}
	if n := strings.Count(dutiesTSV, "\n") - 1; n != len(Duties()) {
		t.Errorf("%d of %d lines are duties", len(Duties()), n)
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	if tests := Shown("L5"); !slices.Contains(tests, "law.TestEveryReasonRestsOnAProvision") {
		t.Errorf("L5 is shown by %v", tests)
	}
	if tests := Shown("L99"); len(tests) != 0 {
		t.Errorf("L99 is shown by %v", tests)
	}
}
