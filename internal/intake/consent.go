package intake

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
)

// Consents that people gave before come in with them: each row says when, how
// and by which document. They land after the people of their batch; run again
// after it was cut short, what is missing is added and nothing twice.

// Consents writes earlier consents down; *consent.Consents is one.
type Consents interface {
	RecordEarlier(ctx context.Context, org *party.Organization, in *consent.New) (recorded bool, err error)
}

// What a column tells of a consent.
const (
	ConsentDate     = "date"     // on which it was obtained; without it there is none
	ConsentChannel  = "channel"  // how, as POST /v1/consents names it
	ConsentDocument = "document" // that shows it
	ConsentUntil    = "until"    // the last day
)

var consentParts = []string{ConsentDate, ConsentChannel, ConsentDocument, ConsentUntil}

// agreed is the consent of a row.
type agreed struct {
	date, until       time.Time
	channel, document string
}

// agree reads one cell of a row into its consent.
func (q *person) agree(part, cell, channel string) *fault.Error {
	if q.consent == nil {
		q.consent = &agreed{channel: channel}
	}
	a := q.consent
	switch part {
	case ConsentDate, ConsentUntil:
		day, ok := dayOf(cell)
		switch {
		case !ok:
			return fault.New(fault.Invalid, "cell-no-date")
		case part == ConsentUntil:
			a.until = day.AddDate(0, 0, 1)
		case day.After(q.at):
			return fault.New(fault.Invalid, "time-future")
		default:
			a.date = day
		}
		if !a.until.IsZero() && !a.until.After(q.at) {
			return fault.New(fault.Invalid, "time-past")
		}
	case ConsentChannel:
		if !slices.Contains(consent.Channels, cell) {
			return fault.New(fault.Invalid, "bad-enum", "allowed", strings.Join(consent.Channels, ", "))
		}
		a.channel = cell
	case ConsentDocument:
		if len(cell) > maxText {
			return fault.New(fault.Invalid, "too-long", "max", maxText)
		}
		a.document = cell
	}
	return nil
}

// dayOf reads a day as people and spreadsheets here write it.
func dayOf(cell string) (time.Time, bool) {
	for _, form := range []string{time.DateOnly, "02.01.2006", "2006-01-02 15:04:05", time.RFC3339} {
		if t, err := time.ParseInLocation(form, cell, locale.Zone()); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// consentWorkers write consents down at one time: their writes go into one group.
const consentWorkers = 4

// agreeAll writes down the consents of people who have landed.
func (r *run) agreeAll(ctx context.Context, rows []*row, people []*person, subjects []ident.ID) error {
	if r.Consents == nil {
		return nil
	}
	org := r.plan.Load().org
	made := make([]bool, len(rows))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(consentWorkers)
	for i, p := range people {
		if p.consent == nil || p.consent.date.IsZero() || rows[i].fault != nil || subjects[i].IsZero() {
			continue
		}
		group.Go(func() error {
			ok, err := r.Consents.RecordEarlier(ctx, org, r.consentOf(p, org.Outside(subjects[i])))
			switch fault.KindOf(err) {
			case fault.Invalid, fault.Conflict, fault.Denied:
				errors.As(err, &rows[i].fault)
				return nil
			}
			made[i] = ok
			return err
		})
	}
	err := group.Wait()
	for _, ok := range made {
		if ok {
			r.result.Consents++
		}
	}
	return err
}

func (r *run) consentOf(p *person, subject ident.ID) *consent.New {
	return &consent.New{
		Subject: subject, Until: p.consent.until, Language: p.in.Profile.Language, Name: p.in.Profile.Name, Actor: r.By,
		Terms: consent.Terms{Purposes: []string{r.Purpose}},
		Proof: consent.Proof{
			Channel: p.consent.channel, Document: p.consent.document, Obtained: p.consent.date, Other: map[string]string{"origin": r.Map.Origin},
		},
	}
}
