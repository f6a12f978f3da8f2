package law

import (
	"testing"
	"time"

	"kelisim/internal/fault"
)

func TestFollowing(t *testing.T) {
	t.Parallel()
	day := func(date string) time.Time {
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		return at.Add(12 * time.Hour)
	}
	for _, c := range []struct{ newest, when, ahead, want string }{
		{"", "2013-11-25", "", "2023-04"}, // before all of them
		{"", "2026-12-01", "", "2023-04"}, // nothing was chosen
		{"2023-04", "2026-12-01", "", "2023-04"},
		{"2024-07", "2024-03-01", "", "2024-02"}, // of those followed, the date picks
		{"2024-07", "2024-07-01", "", "2024-07"},
		{"2024-07", "2026-12-01", "", "2024-07"},
		{"latest", "2023-12-01", "", "2023-04"},
		{"latest", "2026-08-01", "", "2026-07"},
		{"latest", "2026-12-01", "", "2026-08"},
		{"", "2023-12-01", "2026-08", "2026-08"}, // ahead of the date and of the installation
		{"", "2026-12-01", "2024-02", "2024-02"},
		{"latest", "2026-12-01", "2024-02", "2026-08"}, // behind them counts for nothing
		{"latest", "2024-03-01", "2024-02", "2024-02"},
		{"latest", "2026-12-01", "2023-04", "2026-08"},
	} {
		f, err := Follow(c.newest)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.At(day(c.when), c.ahead); got.ID != c.want {
			t.Errorf("following %q, %s, ahead %q: %s, want %s", c.newest, c.when, c.ahead, got.ID, c.want)
		}
	}
}

func TestFollowUnknown(t *testing.T) {
	t.Parallel()
	if f, err := Follow("2025-01"); !fault.Is(err, "edition-unknown") || fault.KindOf(err) != fault.Invalid || f != (Following{}) {
		t.Errorf("%v, %v", f, err)
	}
	if _, ok := ByID(Default); !ok {
		t.Errorf("the default edition %s is not there", Default)
	}
}

func TestFollowingDoesNotAllocate(t *testing.T) {
	f, when := Following{Latest}, time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	var seen int
	if n := testing.AllocsPerRun(100, func() { seen += len(f.At(when, "2026-01").ID) }); n != 0 || seen == 0 {
		t.Errorf("choosing an edition allocates %v times", n)
	}
}
