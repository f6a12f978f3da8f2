package term

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/calendar"
	"kelisim/internal/law"
)

// decreed is the calendar with some days of rest moved, as decrees move them.
func decreed(t *rapid.T, c *calendar.Calendar) *calendar.Calendar {
	for range rapid.IntRange(0, 6).Draw(t, "decrees") {
		day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3*365).Draw(t, "day"))
		what := rapid.SampledFrom([]string{"rests", "works"}).Draw(t, "what")
		d, err := calendar.ParseDecree(fmt.Appendf(nil, "year: %d\nsource: announcement\ncertainty: P\n%s: [%s]\n", day.Year(), what, day.Format(time.DateOnly)))
		if err != nil {
			t.Fatal(err)
		}
		if next, err := c.With(*d); err == nil { // one that changes nothing is refused
			c = next
		}
	}
	return c
}

// works asks the calendar of one day alone.
func works(c *calendar.Calendar, d calendar.Day, w calendar.Week) bool {
	return c.WorkingDays((d-1).End(), d.End(), w) == 1
}

// slow counts a term day by day, as a clerk with a pencil: each working day that
// the term did not stand still on is struck off, until none is left. Terms in
// calendar days run on over everything, and end with the next day that works.
func slow(c *calendar.Calendar, t *Term, rule law.Term) calendar.Day {
	if rule.Unit == law.WorkingDay {
		left := rule.Amount
		still := map[calendar.Day]bool{}
		var since calendar.Day
		for _, h := range t.History {
			switch h.What {
			case Extended:
				left += h.Amount
			case PausedAt:
				since = calendar.DayOf(h.At)
			case Resumed:
				for d := since; d < calendar.DayOf(h.At); d++ {
					still[d] = true
				}
			}
		}
		d := calendar.DayOf(t.Start)
		for left > 0 {
			if d++; works(c, d, t.Week) && !still[d] {
				left--
			}
		}
		return d
	}
	end := calendar.DayOf(t.Start)
	run := func(days int) {
		for range days {
			end++
		}
		for days > 0 && !works(c, end, t.Week) {
			end++
		}
	}
	run(rule.Amount)
	var since calendar.Day
	for _, h := range t.History {
		switch h.What {
		case Extended:
			run(h.Amount)
		case PausedAt:
			since = calendar.DayOf(h.At)
		case Resumed:
			run(int(calendar.DayOf(h.At) - since))
		}
	}
	return end
}

// Whatever is done to a term, and however days of rest are moved, before it, while
// it stands still and after, it ends on the day that a slow count gives.
//
// duty: L25.2.8a, L25.2.8d
func TestTermsEndWhereASlowCountSays(t *testing.T) {
	t.Parallel()
	base := calendar.Base()
	rapid.Check(t, func(t *rapid.T) {
		c := decreed(t, base)
		rule := law.Term{
			Amount: rapid.IntRange(1, 40).Draw(t, "amount"), Unit: rapid.SampledFrom([]law.Unit{law.WorkingDay, law.CalendarDay}).Draw(t, "unit"),
		}
		x := &Term{
			Status: Open, Week: rapid.SampledFrom([]calendar.Week{calendar.FiveDays, calendar.SixDays}).Draw(t, "week"),
			Start: time.Date(2024, 1, 3, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 2*365*24*60).Draw(t, "start")) * time.Minute),
		}
		x.Due = x.count(c, rule)
		now := x.Start
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 5*24*60).Draw(t, "later")) * time.Minute)
			if x.Overdue(now) {
				break
			}
			switch rapid.SampledFrom([]string{Extended, PausedAt, Resumed}).Draw(t, "what") {
			case Extended:
				x = x.next(Change{At: now, What: Extended, Amount: rapid.IntRange(1, 20).Draw(t, "more"), Unit: rule.Unit})
			case PausedAt:
				if x.Paused.IsZero() {
					x = x.next(Change{At: now, What: PausedAt})
					x.Paused = now
				}
			case Resumed:
				if !x.Paused.IsZero() {
					x = x.next(Change{At: now, What: Resumed})
					x.Paused = time.Time{}
				}
			}
			x.Due = x.count(c, rule)
			if got, want := calendar.DayOf(x.Due), slow(c, x, rule); got != want {
				t.Fatalf("ends %s, a slow count says %s: %+v", got, want, x)
			}
			if !x.Paused.IsZero() && x.Stage(c, now, 1) != Calm {
				t.Fatal("a term that stands still comes near nothing")
			}
		}
	})
}

// Over any course of looks, moved ends and sleep, half of a term is told of once at
// most, each stage of one end once at most, the head never before the officer, and
// what is late is told of when somebody looks.
func TestStagesAreToldOnce(t *testing.T) {
	t.Parallel()
	base := calendar.Base()
	rapid.Check(t, func(t *rapid.T) {
		rule := law.Term{Amount: rapid.IntRange(1, 20).Draw(t, "amount"), Unit: law.WorkingDay}
		x := &Term{Status: Open, Week: calendar.FiveDays, Start: time.Date(2024, 6, 3, 5, 0, 0, 0, time.UTC)}
		x.Due = x.count(base, rule)
		now := x.Start
		type said struct {
			stage Stage
			end   int // the first that it has, the second …
		}
		end, ends := 0, 0
		told := said{} // the end that was told of last
		seen, halves := map[said]bool{}, 0
		for range rapid.IntRange(1, 40).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(1, 3*24*60).Draw(t, "later")) * time.Minute)
			if rapid.IntRange(0, 9).Draw(t, "decree") == 0 { // the end moves
				was := x.Due
				x.Due = (calendar.DayOf(x.Due) + calendar.Day(rapid.IntRange(-2, 3).Draw(t, "moved"))).End()
				switch {
				case x.Due.Equal(was):
				case x.Due.Equal(x.ToldDue): // back, with nothing told of another between
					end = told.end
				default:
					ends++
					end = ends
				}
			}
			at := x.Stage(base, now, 1)
			for _, s := range x.Untold(at) {
				if seen[said{s, end}] {
					t.Fatalf("%s of one end told twice", s)
				}
				seen[said{s, end}] = true
				if s == Half {
					halves++
				}
				if s == VeryLate && !seen[said{Late, end}] {
					t.Fatal("the head before the officer")
				}
				x.Told, x.ToldDue, told = s, x.Due, said{s, end}
			}
			if halves > 1 {
				t.Fatal("half was told of twice")
			}
			if at >= LastDay && !seen[said{at, end}] {
				t.Fatalf("%s and nobody was told", at)
			}
		}
	})
}
