package locale

import (
	"testing"
	"time"
)

func TestDays(t *testing.T) {
	t.Parallel()
	// A Sunday evening in UTC is Monday in Almaty.
	sunday := time.Date(2026, 11, 22, 20, 30, 0, 0, time.UTC)
	monday := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)
	if !Day(sunday).Equal(monday) || !Week(sunday).Equal(monday) || FormDay(sunday) != "2026-11-23" {
		t.Error(Day(sunday), Week(sunday), FormDay(sunday))
	}
	if got := Week(sunday.Add(-2 * time.Hour)); !got.Equal(monday.AddDate(0, 0, -7)) {
		t.Error("the week of a Sunday begins", got)
	}
	if got, ok := ParseDay("2026-11-23"); !ok || !got.Equal(monday) {
		t.Error(got, ok)
	}
	if !LastDay(monday).Equal(monday.Add(-time.Nanosecond)) || Date(EN, LastDay(monday)) != "22 November 2026" || Date(EN, LastDay(sunday)) != "23 November 2026" {
		t.Error(LastDay(monday), LastDay(sunday))
	}
	// Almaty was six hours ahead until 1 March 2024.
	if got, ok := ParseDay("2024-02-01"); !ok || !got.Equal(time.Date(2024, 1, 31, 18, 0, 0, 0, time.UTC)) {
		t.Error(got, ok)
	}
	for _, s := range []string{"", "2026-02-30", "23.11.2026", "2026-11-23T00:00", "0000-00-00"} {
		if got, ok := ParseDay(s); ok {
			t.Errorf("%q is %v", s, got)
		}
	}
}
