package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/term"
	"kelisim/verify"
)

type calendarCommand struct {
	Show calendarShow `cmd:"" default:"withargs" help:"The days of a year that the week alone does not explain, with their sources."`
	Add  calendarAdd  `cmd:"" help:"Add a decree (YAML): moved days of rest, Kurban Ait, holidays. Open terms are computed anew."`
	List calendarList `cmd:"" help:"The decrees that were added."`
	Days calendarDays `cmd:"" help:"When a term of N working days from a day ends."`
}

type calendarShow struct {
	Year int `arg:"" optional:"" help:"The year; this one if absent."`
	Week int `help:"Days in a working week: 5 or 6." enum:"5,6" default:"5"`
}

// Run prints a year.
func (c *calendarShow) Run(e *env) error {
	return e.with(func(a *app.App) error {
		cal, err := a.Terms.Calendars.Current(e.ctx)
		if err != nil {
			return err
		}
		year, week := c.Year, calendar.Week(c.Week)
		if year == 0 {
			year = calendar.DayOf(e.now()).Year()
		}
		if !calendar.Covers(year) {
			return fault.Bad("year", "out-of-range")
		}
		e.say("calendar.heading", "year", year, "week", c.Week, "version", cal.Version, "certainty", e.certainty(cal.Known(year)))
		if cal.Known(year) == law.Unknown {
			e.say("calendar.unconfirmed")
		}
		for _, d := range cal.Year(year, week) {
			fmt.Fprintf(e.stdout, "  %s\n", e.dayOff(cal, d))
		}
		e.months(cal.Working(year, week))
		e.say("calendar.rules")
		for _, r := range cal.Rules() {
			fmt.Fprintf(e.stdout, "  %s %s (%s)\n", locale.Text(e.lang, r.TextKey()), r.Source.In(e.lang), e.certainty(r.Certainty))
		}
		return nil
	})
}

// say prints a text in the language of the terminal.
func (e *env) say(key string, args ...any) { fmt.Fprintln(e.stdout, locale.Text(e.lang, key, args...)) }

func (e *env) certainty(c law.Certainty) string {
	return locale.Text(e.lang, "law.certainty."+string(c))
}

// dayOff is a day with what it is and where that is known from; how sure it is
// is said where it is another than of the year.
func (e *env) dayOff(cal *calendar.Calendar, d calendar.Info) string {
	text := d.Day.String() + "  " + locale.Text(e.lang, d.Kind.TextKey())
	if name := d.Name.In(e.lang); name != "" {
		text += ": " + name
	}
	source := d.Source.In(e.lang)
	if d.Certainty != cal.Known(d.Day.Year()) {
		source += ", " + e.certainty(d.Certainty)
	}
	return fmt.Sprintf("%s (%s)", text, source)
}

func (e *env) months(working [12]int) {
	list, sum := make([]string, len(working)), 0
	for i, n := range working {
		list[i] = strconv.Itoa(n)
		sum += n
	}
	e.say("calendar.months", "list", strings.Join(list, " "), "count", sum)
}

type calendarAdd struct {
	File string `arg:"" help:"The decree; docs/calendar.md says how to write it." type:"existingfile"`
}

// Run adds a decree and computes all open terms anew. Stopped in between, it
// leaves the rest to the server, or to the next run: adding the same file again
// goes on.
func (c *calendarAdd) Run(e *env) error {
	document, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return e.with(func(a *app.App) error {
		added, err := a.Terms.Calendars.Add(e.ctx, verify.Actor{Kind: "service", ID: "command line"}, document)
		if err != nil {
			return err
		}
		if added.Changed {
			e.say("calendar.added", "number", added.Number, "version", added.Version)
		} else {
			e.say("calendar.added.before", "number", added.Number)
		}
		r, err := a.Terms.Recompute(e.ctx, 0)
		if r.Seen > 0 {
			e.say("calendar.recomputed", "count", r.Seen, "changed", r.Moved)
		}
		return err
	})
}

type calendarList struct{}

// Run lists the decrees.
func (c *calendarList) Run(e *env) error {
	return e.with(func(a *app.App) error {
		list, err := a.Terms.Calendars.Decrees(e.ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			e.say("calendar.decrees.none")
		}
		for i := range list {
			if err := e.decree(&list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *env) decree(d *term.Decree) error {
	says, err := d.Read()
	if err == nil {
		e.say("calendar.decree", "number", d.Number, "at", locale.Date(e.lang, d.At), "year", says.Year,
			"source", says.Source.In(e.lang), "certainty", e.certainty(says.Certainty))
	}
	return err
}

type calendarDays struct {
	From   string `arg:"" help:"The day of the event: 2023-11-24, or a moment in RFC 3339."`
	Amount int    `arg:"" name:"n" help:"How many."`
	Week   int    `help:"Days in a working week: 5 or 6." enum:"5,6" default:"5"`
	Unit   string `help:"What is counted: working-day, calendar-day, month, year." enum:"working-day,calendar-day,month,year" default:"working-day"`
}

// Run reckons a term.
func (c *calendarDays) Run(e *env) error {
	from, err := c.start()
	if err != nil {
		return err
	}
	if c.Amount < 0 || c.Amount > 10_000 {
		return fault.Bad("n", "out-of-range")
	}
	return e.with(func(a *app.App) error {
		cal, err := a.Terms.Calendars.Current(e.ctx)
		if err != nil {
			return err
		}
		week, unit := calendar.Week(c.Week), law.Unit(c.Unit)
		r := cal.Reckon(from, c.Amount, unit, week)
		e.say("calendar.due", "amount", locale.Text(e.lang, "law.unit."+c.Unit, "count", c.Amount),
			"from", calendar.DayOf(from), "due", locale.DateTime(e.lang, r.Due)+" ("+e.certainty(r.Certainty)+")")
		if r.Moved {
			e.say("calendar.due.moved")
		}
		if unit == law.WorkingDay {
			e.passed(cal, from, r.Due, week)
		}
		return nil
	})
}

func (c *calendarDays) start() (time.Time, error) {
	if d, ok := calendar.ParseDay(c.From); ok {
		return d.End(), nil
	}
	t, err := time.Parse(time.RFC3339, c.From)
	if err != nil {
		return t, fault.Bad("from", "date-form")
	}
	return t, nil
}

// passed lists the days off between, but for weekends.
func (e *env) passed(cal *calendar.Calendar, from, to time.Time, week calendar.Week) {
	first, last := calendar.DayOf(from), calendar.DayOf(to)
	said := false
	for y := first.Year(); y <= last.Year(); y++ {
		for _, d := range cal.Year(y, week) {
			if d.Day <= first || d.Day > last || d.Kind.Works() {
				continue
			}
			if !said {
				e.say("calendar.passed")
				said = true
			}
			fmt.Fprintf(e.stdout, "  %s\n", e.dayOff(cal, d))
		}
	}
}
