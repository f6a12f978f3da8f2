package consent

import (
	"context"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/term"
	"kelisim/verify"
)

// HoldTerm is the key of the term in which the appeal of a hold is decided.
const HoldTerm = "hold-decision"

func (h *Hold) about() term.About { return term.About{Kind: term.OfHold, ID: h.ID} }

// considered is the term that a step of a hold begins or ends: it runs while the
// appeal waits for the authorised body. Where the operator lifts the hold, nothing
// is left to decide.
func (s *Consents) considered(ctx context.Context, was, is *Hold, by verify.Actor, entry ident.ID) (begun, ended *term.Term, err error) {
	before, after := was.Status == HoldAppealed, is.Status == HoldAppealed
	switch {
	case s.Terms == nil || before == after:
		return nil, nil, nil
	case after:
		begun, err = s.Terms.Consider(ctx, HoldTerm, is.Subject, is.about(), is.Moved)
		return begun, nil, err
	}
	t, err := s.Terms.Of(ctx, is.Subject, is.about())
	if err != nil || t == nil {
		return nil, nil, err
	}
	to, reason := term.Done, ""
	if Who(by.Kind) != ByAuthority {
		to, reason = term.Cancelled, "lifted"
	}
	ended, err = t.Close(to, reason, entry, is.Moved)
	return nil, ended, err
}

// DueOf is by when the appeal of a hold has to be decided; nil where no term runs.
func (s *Consents) DueOf(ctx context.Context, h *Hold) (*term.Term, error) {
	if s.Terms == nil || h.Status != HoldAppealed {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return s.Terms.Of(ctx, h.Subject, h.about())
}

// CatchAppeals lets a term run for each appeal that waits without one, and ends
// those of holds that are over: there is nothing left to decide.
func (s *Consents) CatchAppeals(ctx context.Context) error {
	f := HoldFilter{All: true, Status: HoldAppealed, Limit: 200}
	for {
		list, err := s.HoldStore.Holds(ctx, f)
		if err != nil {
			return err
		}
		for i := range list {
			if err := s.catch(ctx, &list[i]); err != nil {
				return err
			}
		}
		if len(list) < f.Limit {
			return nil
		}
		f.After = list[len(list)-1].ID
	}
}

func (s *Consents) catch(ctx context.Context, h *Hold) error {
	if h.inForce(s.Now()) {
		return s.Terms.Catch(ctx, HoldTerm, h.Subject, h.about(), h.Moved)
	}
	t, err := s.Terms.Of(ctx, h.Subject, h.about())
	if err != nil || t == nil {
		return err
	}
	if _, err = s.Terms.Cancel(ctx, t.Org, t.ID, "hold-over", verify.Actor{Kind: "service", ID: "terms"}); fault.KindOf(err) == fault.Conflict {
		return nil // ended just now
	}
	return err
}
