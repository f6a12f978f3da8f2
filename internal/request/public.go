package request

import (
	"cmp"
	"context"
	"slices"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/verify"
)

// A demand about public sources has two halves. That nothing more is published is
// in force before the demand is even written down: the consent ends first, so that
// there is no moment between its receipt and its effect in which a decision could
// permit (policy 5.15). If power fails between the two, the consent is ended and
// the person, who was told nothing, sends the demand again.
//
// Taking the data out of the sources is work of the operator: each publication is
// a task with a term and a proof of its own, begun when the demand arrives, and the
// demand is answered when none of them is left.

// ofPublic reports whether a demand is about public sources.
func ofPublic(k Kind) bool { return k == PublicRemoval || k == StopDissemination }

// cause is why the data goes: what nobody says otherwise was made public
// unlawfully (Art. 6), or is not to be any longer.
func (b *Body) cause(k Kind) string {
	if k == StopDissemination {
		return law.CostWithdrawn
	}
	return cmp.Or(b.Details.Cause, law.CostUnlawful)
}

// checkCause refuses a cause that the edition does not know.
func checkCause(in *New, e *law.Edition) error {
	if in.Kind != PublicRemoval || in.Details.Cause == "" {
		return nil
	}
	if _, ok := e.Cost(in.Details.Cause); !ok {
		return fault.Bad("details.cause", "bad-enum", "allowed", publish.Causes(e))
	}
	return nil
}

// stop ends consent to publication as a demand arrives, in the name of who demands.
func (s *Requests) stop(ctx context.Context, org *party.Organization, subject ident.ID, in *New) ([]Did, error) {
	if _, err := s.onBehalf(ctx, subject, org, in.Actor); err != nil { // whether who demands may, before anything is done
		return nil, err
	}
	list, err := s.Consents.StopDissemination(ctx, subject, org.ID, in.Details.Categories, "", in.Actor)
	return stopped(list), err
}

func stopped(list []*consent.Consent) []Did {
	var out []Did
	for _, c := range list {
		out = append(out, Did{What: "stop", Categories: c.Terms.Categories, Purposes: c.Terms.Purposes, Consent: c.ID, Entry: c.History[len(c.History)-1].Entry})
	}
	return out
}

// unpublish takes out of public sources what was there when the demand arrived.
// What rests on a provision and on no consent waits for somebody to say whether the
// demand is right, and stays where the subject does not call it unlawful.
func (w *planner) unpublish(k Kind) {
	d := &w.b.Details
	if len(w.open(consent.PublicSources, func(c *consent.Consent) bool {
		return !c.Given.After(w.created) && (len(d.Categories) == 0 || slices.ContainsFunc(d.Categories, func(x string) bool { return slices.Contains(c.Terms.Categories, x) }))
	})) > 0 {
		w.Acts = append(w.Acts, Act{Do: "stop", Categories: d.Categories})
	}
	for i := range w.public {
		p := &w.public[i]
		switch {
		case !p.Has(d.Categories), p.Recorded.After(w.created), p.Status == publish.Removed && p.Ended.Before(w.created):
		case p.Ground != "" && w.b.cause(k) != law.CostUnlawful:
			w.Kept = append(w.Kept, Kept{Categories: p.Categories, Provision: p.Ground, Purpose: p.Purpose})
		case p.Ground != "" && !w.confirmed:
		default:
			w.Acts = append(w.Acts, Act{Do: "remove", Publication: p.ID, Purpose: p.Purpose, Categories: p.Categories})
		}
	}
}

// remove demands the removal of one publication; what is being removed, or was, is
// not demanded again.
func (s *Requests) remove(ctx context.Context, org *party.Organization, r *Request, b *Body, a *Act, by verify.Actor) (ident.ID, error) {
	_, err := s.Publications.RemoveOne(ctx, org, a.Publication, &publish.Demand{
		Categories: b.Details.Categories, Cause: b.cause(r.Kind), From: publish.FromSubject, Reference: r.ID.String(), Arrived: r.Created, By: by,
	})
	if err != nil && fault.KindOf(err) != fault.Conflict {
		return ident.ID{}, err
	}
	return ident.ID{}, nil
}

// removed looks at each publication of a plan: all of what was demanded of it has
// to be out of its source. A part that was split off is a publication of its own.
func (s *Requests) removed(ctx context.Context, org *party.Organization, r *Request, b *Body) (sources []Source, left int, err error) {
	list, err := s.Publications.List(ctx, publish.Filter{Subject: r.Subject, Org: org.ID})
	if err != nil {
		return nil, 0, err
	}
	for i := range list {
		p := &list[i]
		if !p.Has(b.Details.Categories) || p.Recorded.After(r.Created) || b.keeps(p) {
			continue
		}
		if p.Status != publish.Removed {
			left++
			continue
		}
		if p.Ended.Before(r.Created) {
			continue
		}
		c, err := s.Publications.Content(ctx, p)
		if err != nil {
			return nil, 0, err
		}
		sources = append(sources, Source{p.ID, c.Source.Name, p.Categories, c.Removal.At})
	}
	return sources, left, nil
}

// keeps reports whether a publication stays by the provision that it rests on.
func (b *Body) keeps(p *publish.Publication) bool {
	return p.Ground != "" && b.Plan != nil && slices.ContainsFunc(b.Plan.Kept, func(k Kept) bool { return k.Provision == p.Ground && k.Purpose == p.Purpose })
}

// waits reports whether what took effect at once is still to be judged or done by
// somebody: a block is confirmed or lifted, and data leaves public sources by the
// operator's hands. Where nothing is known to be public, a demand to stop is done;
// one to remove is not, for somebody has to look.
func (s *Requests) waits(ctx context.Context, org *party.Organization, r *Request, b *Body) (bool, error) {
	if b.Given != nil {
		return false, nil
	}
	if r.Kind != StopDissemination {
		return r.Kind == Block || r.Kind == PublicRemoval, nil
	}
	_, left, err := s.removed(ctx, org, r, b)
	return left > 0, err
}

// cost says in an answer who bears the cost of a removal.
func (s *Requests) cost(org *party.Organization, r *Request, b *Body, a *Answer) {
	e, ok := law.ByID(r.Term.Edition)
	if !ok {
		e = org.Edition(r.Created)
	}
	c, ok := e.Cost(b.cause(r.Kind))
	if !ok {
		return
	}
	a.Cost, a.CostBy, a.Disputed = c.Bearer, c.Provision, c.Disputed
	if b.Given != nil && b.Given.Cost != "" {
		a.Cost = b.Given.Cost
	}
}
