package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
)

// todayPage is what there is at the desk when the day begins and as it goes.
type todayPage struct {
	Now              time.Time
	Tally            *journal.Tally
	Partly           bool // there were too many to count all
	Bars             []bar
	Denied           []line
	Day              string // for the journal's filter
	Given, Withdrawn int
	Log              logState
	Late             []overdue
	Due              dueToday
	Appeals          int // against holds, that wait for the officer's word
}

// Decisions is how many were taken.
func (b *todayPage) Decisions() int { return b.Tally.Permits + b.Tally.Denials }

// logState is how far the sealing of the log has come.
type logState struct {
	Size  int64
	State string // sealed, waiting, stopped; empty before the first entry
	Since time.Time
}

func (p *Pages) today(w http.ResponseWriter, v *visit) error {
	if v.Desk.Role == account.Authority {
		return see(w, v, "/console/appeals")
	}
	now := p.Now()
	day := locale.Day(now)
	b := todayPage{Now: now, Day: locale.FormDay(now)}
	var err error
	if b.Tally, err = p.counter.Count(v.Context(), p.Office, v.Desk.Org.ID, day, now); err != nil {
		return err
	}
	b.Partly, b.Bars = b.Tally.From.After(day), bars(&b.Tally.Hours)
	if b.Denied, err = p.told(v, b.Tally.Denied); err != nil {
		return err
	}
	if b.Given, b.Withdrawn, err = p.Store.ConsentActs(v.Context(), v.Desk.Org.ID, locale.Week(now)); err != nil {
		return err
	}
	if b.Due, err = p.dueToday(v); err != nil {
		return err
	}
	if v.Desk.Role == account.Officer {
		if b.Appeals, err = p.appealsWaiting(v); err != nil {
			return err
		}
	}
	if b.Log, err = p.logState(v.Context(), v.Desk, now); err != nil {
		return err
	}
	if b.Late, err = p.overdues(v); err != nil {
		return err
	}
	return p.render(w, v, "console-today", "today", &b)
}

// stopped is how long an entry may wait for its seal: it takes a second.
const stopped = time.Minute

// logState looks at the newest entry of the organization: if that one waits too
// long, sealing stands still.
func (p *Pages) logState(ctx context.Context, d *desk, now time.Time) (logState, error) {
	var s logState
	var err error
	if s.Size, err = p.Journal.Size(ctx); err != nil {
		return s, err
	}
	rows, err := p.Office.Store.Entries(ctx, journal.Filter{Org: d.Org.ID, Limit: 1})
	if err != nil || len(rows) == 0 {
		return s, err
	}
	s.Since = rows[0].ID.Time()
	switch {
	case rows[0].Leaf >= 0 && rows[0].Leaf < s.Size:
		s.State = "sealed"
	case now.Sub(s.Since) < stopped:
		s.State = "waiting"
	default:
		s.State = "stopped"
	}
	return s, nil
}

// bar is an hour of the chart, in its own units: a field of 240 by 60, ten wide
// each.
type bar struct {
	Hour, X              int
	Permits, Denials     int
	PermitTop, PermitHit int // top and height of what was permitted, which stands below
	DenyTop, DenyHit     int
}

const chartHeight = 60

// bars draws the hours to the scale of the fullest. What there is at all can be
// seen.
func bars(hours *[24]journal.Hour) []bar {
	most := 0
	for _, h := range hours {
		most = max(most, h.Permits+h.Denials)
	}
	var out []bar
	for i, h := range hours {
		if h == (journal.Hour{}) {
			continue
		}
		b := bar{Hour: i, X: 10*i + 1, Permits: h.Permits, Denials: h.Denials, PermitHit: scaled(h.Permits, most), DenyHit: scaled(h.Denials, most)}
		if over := b.PermitHit + b.DenyHit - chartHeight; over > 0 { // both were rounded up
			if b.PermitHit > b.DenyHit {
				b.PermitHit -= over
			} else {
				b.DenyHit -= over
			}
		}
		b.PermitTop = chartHeight - b.PermitHit
		b.DenyTop = b.PermitTop - b.DenyHit
		out = append(out, b)
	}
	return slices.Clip(out)
}

func scaled(n, most int) int {
	if n == 0 {
		return 0
	}
	return max(2, n*chartHeight/most)
}
