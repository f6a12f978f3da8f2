package api

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/term"
)

type calendarBody struct {
	Year        int            `json:"year"`
	Week        int            `json:"week"`
	Version     string         `json:"version"`
	Certainty   law.Certainty  `json:"certainty"` // of a day that is not listed; "?": nobody has decided on the year yet
	WorkingDays int            `json:"workingDays"`
	Months      []int          `json:"months"` // working days of each
	Days        []calendarDay  `json:"days"`   // those that the week alone does not explain
	Rules       []calendarRule `json:"rules"`
}

type calendarDay struct {
	Date      string        `json:"date"`
	Works     bool          `json:"works"`
	Kind      string        `json:"kind"` // holiday, rest, moved, given, taken
	Text      string        `json:"text"`
	Name      string        `json:"name,omitempty"`
	Source    string        `json:"source"`
	Certainty law.Certainty `json:"certainty"`
}

type calendarRule struct {
	Key       string        `json:"key"`
	Text      string        `json:"text"`
	Source    string        `json:"source"`
	Certainty law.Certainty `json:"certainty"`
}

// showCalendar is open to anyone: people reckon with it too.
func (c *call) showCalendar() (*calendarBody, error) {
	year, week, err := c.yearAndWeek()
	if err != nil {
		return nil, err
	}
	cal, err := c.Terms.Calendars.Current(c.ctx())
	if err != nil {
		return nil, err
	}
	b := &calendarBody{Year: year, Week: int(week), Version: cal.Version.String(), Certainty: cal.Known(year)}
	for _, n := range cal.Working(year, week) {
		b.Months = append(b.Months, n)
		b.WorkingDays += n
	}
	for _, d := range cal.Year(year, week) {
		b.Days = append(b.Days, calendarDay{
			Date: d.Day.String(), Works: d.Kind.Works(), Kind: d.Kind.String(), Text: locale.Text(c.lang, d.Kind.TextKey()),
			Name: d.Name.In(c.lang), Source: d.Source.In(c.lang), Certainty: d.Certainty,
		})
	}
	for _, r := range cal.Rules() {
		b.Rules = append(b.Rules, calendarRule{r.Key, locale.Text(c.lang, r.TextKey()), r.Source.In(c.lang), r.Certainty})
	}
	return b, nil
}

func (c *call) yearAndWeek() (year int, week calendar.Week, err error) {
	q := c.r.URL.Query()
	year, week = calendar.DayOf(c.Now()).Year(), calendar.FiveDays
	if v := q.Get("year"); v != "" {
		if year, err = strconv.Atoi(v); err != nil || !calendar.Covers(year) {
			return 0, 0, fault.Bad("year", "out-of-range")
		}
	}
	switch q.Get("week") {
	case "", "5":
	case "6":
		week = calendar.SixDays
	default:
		return 0, 0, fault.Bad("week", "bad-enum", "allowed", "5, 6")
	}
	return year, week, nil
}

// decreeRequest is the form of a decree; docs/calendar.md says what it means.
type decreeRequest struct {
	Year      int             `json:"year"`
	Source    locale.String   `json:"source"` // or one text for all languages
	Certainty law.Certainty   `json:"certainty"`
	Moves     []decreeMove    `json:"moves,omitempty"`
	Works     []string        `json:"works,omitempty"`
	Rests     []string        `json:"rests,omitempty"`
	KurbanAit string          `json:"kurban_ait,omitempty"`
	Holidays  []decreeHoliday `json:"holidays,omitempty"`
}

type decreeMove struct {
	Works string `json:"works"`
	Rests string `json:"rests"`
}

type decreeHoliday struct {
	ID        string        `json:"id"`
	Name      locale.String `json:"name"`
	Day       string        `json:"day"` // 03-15
	Days      int           `json:"days,omitempty"`
	From      string        `json:"from,omitempty"`
	To        string        `json:"to,omitempty"`
	Moves     *bool         `json:"moves,omitempty"`
	MovesFrom string        `json:"moves_from,omitempty"`
}

type decreeBody struct {
	Number    int64         `json:"number"`
	Year      int           `json:"year"`
	Source    string        `json:"source"`
	Certainty law.Certainty `json:"certainty"`
	AddedAt   time.Time     `json:"addedAt"`
	Digest    string        `json:"digest"` // SHA-256 of the document
	Entry     ident.ID      `json:"entry"`
	Document  string        `json:"document"`
}

func toDecree(lang locale.Lang, d *term.Decree) (decreeBody, error) {
	says, err := d.Read()
	if err != nil {
		return decreeBody{}, err
	}
	return decreeBody{
		Number: d.Number, Year: says.Year, Source: says.Source.In(lang), Certainty: says.Certainty,
		AddedAt: d.At, Digest: hex.EncodeToString(d.Digest[:]), Entry: d.Entry, Document: string(d.Document),
	}, nil
}

func (c *call) listDecrees() (*paged[decreeBody], error) {
	list, err := c.Terms.Calendars.Decrees(c.ctx())
	if err != nil {
		return nil, err
	}
	out := &paged[decreeBody]{Items: []decreeBody{}}
	for i := range list {
		b, err := toDecree(c.lang, &list[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, b)
	}
	return out, nil
}

type decreeAdded struct {
	Decree  decreeBody `json:"decree"`
	Changed bool       `json:"changed"` // false: the very document was in force already
	Version string     `json:"version"` // of the calendar
	// Recomputed and Moved count open terms; more says that there are others yet,
	// which are computed in the background.
	Recomputed int  `json:"recomputed"`
	Moved      int  `json:"moved"`
	More       bool `json:"more"`
}

// recomputeSteps is how much of computing open terms anew a call does itself.
const recomputeSteps = 10

// addDecree adds a decree and computes open terms anew. The decree is in force
// once it landed: what fails after that is the background's to go on with.
func (c *call) addDecree() (*decreeAdded, error) {
	added, err := c.Terms.Calendars.Add(c.ctx(), c.actor(), c.body)
	if err != nil {
		return nil, err
	}
	b := &decreeAdded{Changed: added.Changed, Version: added.Version.String()}
	if b.Decree, err = toDecree(c.lang, &added.Decree); err != nil {
		return nil, err
	}
	r, err := c.Terms.Recompute(context.WithoutCancel(c.ctx()), recomputeSteps)
	if err != nil {
		c.Log.LogAttrs(c.ctx(), slog.LevelError, "open terms could not be computed anew, will be tried again", slog.Any("error", err))
		r.Left = true
	}
	b.Recomputed, b.Moved, b.More = r.Seen, r.Moved, r.Left
	if !added.Changed {
		c.status = http.StatusOK
	}
	return b, nil
}
