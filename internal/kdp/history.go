package kdp

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/verify"
)

// What the state service has to say of a person stands in two places: the questions
// that organizations put to it from here, which Kelisim keeps, and what the service
// itself keeps of everybody's. The second is asked for by the person alone, in the
// name of an organization that has an account: shown to that organization, it would
// tell one what the others did. So it goes to the person, is kept nowhere, and the
// journal says that it was asked for.

// Mine are the questions about a person that a page of them has.
const Mine = 200

// Of lists the newest questions about a person that organizations put: of those
// organizations, nil for all; and without those of which the journal does not tell
// the person yet.
func (s *Requests) Of(ctx context.Context, seen *journal.View, subject ident.ID, orgs []ident.ID) ([]Request, error) {
	list, err := s.Store.KDPs(ctx, Filter{Subject: subject, Orgs: orgs, Limit: Mine})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r Request) bool { return !seen.Shows(r.Org, "kdp.ask", r.ID.String(), r.ID) })
	for i := range list {
		org, err := s.Parties.ByID(ctx, list[i].Org)
		if err != nil {
			return nil, err
		}
		if err := s.unsealed(ctx, org, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// NewHistory is a look at what the service keeps.
type NewHistory struct {
	Subject  ident.ID // internal
	IIN      string   // of that subject; kept nowhere
	From, To time.Time
}

// History is what the service told.
type History struct {
	From, To time.Time
	Text     string // as it came; empty: nothing is kept
}

// Keeps reports whether the service can be asked what it keeps of people, and by
// which of the organizations.
func (s *Requests) Keeps(org *party.Organization) bool {
	if s.Client == nil || !s.Settings.SHEP.History.On || org.Suspended {
		return false
	}
	_, ok := s.Settings.Accounts[org.BIN]
	return ok
}

// History asks the service what it keeps of a person in a period. The look is in the
// journal before the service is asked; by has to be the person.
func (s *Requests) History(ctx context.Context, org *party.Organization, by verify.Actor, in *NewHistory) (*History, error) {
	if s.Client == nil {
		return nil, errOff
	}
	if !s.Settings.SHEP.History.On {
		return nil, fault.New(fault.Conflict, "kdp-history-off")
	}
	if !s.Keeps(org) {
		return nil, fault.New(fault.Conflict, "kdp-account")
	}
	if by.Kind != "subject" {
		return nil, fault.New(fault.Forbidden, "forbidden")
	}
	if err := s.period(in); err != nil {
		return nil, err
	}
	outside := org.Outside(in.Subject)
	iin, err := s.own(ctx, org, &New{Subject: outside, IIN: in.IIN})
	if err != nil {
		return nil, err
	}
	_, wrapped, err := s.Store.SubjectVersion(ctx, in.Subject)
	if err != nil {
		return nil, err
	}
	rec, err := s.entry(org, &Request{ID: ident.NewID(s.Now()), Subject: in.Subject}, by, "kdp.history", wrapped, func(*verify.Entry) {})
	if err != nil {
		return nil, err
	}
	if out, err := s.Store.Note(ctx, rec); err != nil {
		return nil, err
	} else if out.Stale {
		return nil, errContended
	}
	text, err := s.Client.History(ctx, &Period{BIN: org.BIN, IIN: iin, From: in.From, To: in.To})
	var trouble Trouble
	if errors.As(err, &trouble) {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "the state service did not tell what it keeps", slog.String("trouble", string(trouble)))
		return nil, fault.New(fault.Unavailable, "kdp-silent")
	}
	if err != nil {
		return nil, err
	}
	return &History{in.From, in.To, text}, nil
}

func (s *Requests) period(in *NewHistory) error {
	longest := s.Settings.SHEP.History.Longest
	switch {
	case in.From.IsZero():
		return fault.Bad("from", "missing-field")
	case in.To.IsZero():
		return fault.Bad("to", "missing-field")
	case in.From.Year() < 1990 || in.To.After(s.Now().Add(24*time.Hour)):
		return fault.Bad("to", "kdp-period", "days", int(longest.Hours()/24))
	case !in.From.Before(in.To) || in.To.Sub(in.From) > longest:
		return fault.Bad("from", "kdp-period", "days", int(longest.Hours()/24))
	}
	return nil
}
