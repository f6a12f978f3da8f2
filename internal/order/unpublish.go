package order

import (
	"context"

	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/verify"
)

// unpublish calls an order to take data out of public sources carried out once
// nothing is left there. Kelisim cannot reach into the sources: each publication
// is a task of the operator, with a term and a proof of its own.
func (s *Orders) unpublish(ctx context.Context, o *Order, org *party.Organization, by verify.Actor) (Outcome, error) {
	if err := s.demandRemoval(ctx, o, org, by); err != nil {
		return "", err
	}
	list, err := s.Publications.List(ctx, publish.Filter{Subject: o.Subject, Org: org.ID})
	if err != nil {
		return "", err
	}
	did := NothingHeld
	for i := range list {
		switch p := &list[i]; {
		case !p.Has(o.Categories) || p.Recorded.After(o.Issued): // agreed to, or due by a law, since
		case p.Status != publish.Removed:
			return "", fault.New(fault.Conflict, "publication-left")
		case p.Ended.After(o.Issued):
			did = Done
		}
	}
	return did, nil
}

// demandRemoval ends what was agreed to be public before the order and demands the
// removal of all that is public. It is begun when the order arrives, and again when
// it is carried out, where it finds done what was.
func (s *Orders) demandRemoval(ctx context.Context, o *Order, org *party.Organization, by verify.Actor) error {
	if _, err := s.Consents.StopGiven(ctx, o.Subject, org.ID, o.Issued, o.Categories, "", service); err != nil {
		return err
	}
	_, err := s.Publications.Remove(ctx, org, o.Subject, &publish.Demand{
		Categories: o.Categories, Cause: law.CostUnlawful, From: publish.FromOrder, Reference: o.ID.String(), Arrived: o.Issued, By: by,
		Grounds: true, Before: o.Issued,
	})
	return err
}

// Resume begins what an open order to unpublish asks for, where power failed between
// the order and its tasks. It finds done what was.
func (s *Orders) Resume(ctx context.Context, page int) error {
	f := Filter{Kind: Unpublish, Status: Open, Limit: page}
	for {
		list, err := s.Store.Orders(ctx, f)
		if err != nil {
			return err
		}
		for i := range list {
			org, err := s.Parties.ByID(ctx, list[i].Org)
			if err == nil {
				err = s.open(ctx, &list[i])
			}
			if err == nil {
				err = s.demandRemoval(ctx, &list[i], org, service)
			}
			if err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
		f.After = list[len(list)-1].ID
	}
}
