package represent

import (
	"context"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/verify"
)

// Whatever is wrong with a representation that somebody names, and whether there
// is one, the answer is the same.
var errUnknown = fault.New(fault.NotFound, "representation-unknown")

// Way is a representation that somebody acts by just now. A nil one is that of a
// person who acts for nobody else.
type Way struct {
	*Representation
	// Orgs are those whose part of the person's affairs is open; nil: all.
	Orgs []ident.ID
}

// Sees reports whether what is an organization's is open.
func (w *Way) Sees(org ident.ID) bool {
	return w == nil || w.Orgs == nil || slices.Contains(w.Orgs, org)
}

// May reports whether an act is within the scope.
func (w *Way) May(act Acts) bool { return w == nil || w.Acts&act == act }

// Limits are the organizations that lists are limited to, nil for all.
func (w *Way) Limits() []ident.ID {
	if w == nil {
		return nil
	}
	return w.Orgs
}

// Enter lets somebody act for another by a representation, for one call. The
// first time in a day is an entry in the journal of the person represented, and
// durable before anything is shown: what is only read leaves no other trace.
//
// The caller has to know who is asking; that the act is allowed when it lands
// is checked again by whoever lands it.
func (s *Representatives) Enter(ctx context.Context, representative, id ident.ID, act Acts) (*Way, error) {
	r, err := s.one(ctx, Filter{Representative: representative, ID: id})
	if err != nil {
		return nil, err
	}
	if err := s.holds(ctx, r); err != nil {
		return nil, err
	}
	if r.Acts&act != act {
		return nil, fault.New(fault.Forbidden, "representation-scope")
	}
	w := &Way{Representation: r}
	if len(r.Organizations) > 0 {
		if w.Orgs, err = s.orgs(ctx, r.Organizations); err != nil {
			return nil, err
		}
	}
	return w, s.look(ctx, r)
}

// orgs are the ids of organizations. One that is not here is left out, and none
// at all are not all.
func (s *Representatives) orgs(ctx context.Context, bins []string) ([]ident.ID, error) {
	out := []ident.ID{}
	for _, bin := range bins {
		o, err := s.Parties.Organization(ctx, bin)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, o.ID)
	}
	return out, nil
}

// holds checks that a representation is in force and both live.
func (s *Representatives) holds(ctx context.Context, r *Representation) error {
	if !r.activeAt(s.Now()) {
		return errUnknown
	}
	for _, who := range []ident.ID{r.Subject, r.Representative} {
		state, err := s.Store.SubjectState(ctx, who)
		if err != nil {
			return err
		}
		if state != party.Alive {
			return errUnknown
		}
	}
	return nil
}

// Check says whether whoever acts for a subject may do this with an
// organization, and by which representation. Those who land the act ask it
// after they read the subject's version: to revoke moves that version, so what
// lands under it was allowed when it landed.
func (s *Representatives) Check(ctx context.Context, subject ident.ID, o *party.Organization, by verify.Actor, act Acts) (*Representation, error) {
	r, err := s.Behind(ctx, subject, o, by)
	if err != nil {
		return nil, err
	}
	if err := s.holds(ctx, r); err != nil {
		return nil, err
	}
	if r.Acts&act != act || !r.covers(o) {
		return nil, fault.New(fault.Forbidden, "representation-scope")
	}
	return r, nil
}

// Between finds the representation by which one person may do something for another
// with an organization: the first of the acts that any of them allows. Where there
// are some and none goes so far, that is told; else there is none.
func (s *Representatives) Between(ctx context.Context, subject, representative ident.ID, o *party.Organization, acts ...Acts) (*Representation, error) {
	list, err := s.Store.Representations(ctx, Filter{Subject: subject, Representative: representative})
	if err != nil {
		return nil, err
	}
	missing := errUnknown
	for _, act := range acts {
		for i := range list {
			r := &list[i]
			if !r.covers(o) {
				continue
			}
			if err := s.holds(ctx, r); err == errUnknown { //nolint:errorlint // that very one
				continue
			} else if err != nil {
				return nil, err
			}
			if r.Acts&act == act {
				return r, nil
			}
			missing = fault.New(fault.Forbidden, "representation-scope")
		}
	}
	return nil, missing
}

// Behind is the representation that an actor in the journal of an organization
// stands for, in force or not.
func (s *Representatives) Behind(ctx context.Context, subject ident.ID, o *party.Organization, by verify.Actor) (*Representation, error) {
	outside, err := ident.ParseID(by.ID)
	if err != nil || by.Kind != ActorKind {
		return nil, errUnknown
	}
	return s.one(ctx, Filter{Subject: subject, ID: o.Inside(outside)})
}

// look journals the first look of the day.
func (s *Representatives) look(ctx context.Context, r *Representation) error {
	for range maxTries {
		now := s.Now()
		since := today(now)
		if !r.Looked.Before(since) {
			return nil
		}
		stale, err := s.markLook(ctx, r, now, since)
		if err != nil || !stale {
			return err
		}
		if r, err = s.one(ctx, Filter{Subject: r.Subject, ID: r.ID}); err != nil {
			return err
		}
		if err := s.holds(ctx, r); err != nil {
			return err
		}
	}
	return errContended
}

func (s *Representatives) markLook(ctx context.Context, r *Representation, now, since time.Time) (bool, error) {
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return false, err
	}
	version, jkey, err := s.open(ctx, r.Subject)
	if err != nil {
		return false, err
	}
	rec, err := s.event(org, r, &jkey, version, r.Actor(org), "representation.look", nil)
	if err != nil {
		return false, err
	}
	rec.Guard = journal.Guard{Subject: version} // no description bears on a look
	n := *r
	n.Looked = now
	return s.Store.MarkLook(ctx, &n, since, rec)
}
