package request

import (
	"context"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/verify"
)

// Refuse answers a demand with a refusal: never without reasons and a provision
// of the edition that judges (Art. 25(2)7). A block that was made on word of a
// breach is lifted first, since the breach is not confirmed (Art. 25(2)8).
func (s *Requests) Refuse(ctx context.Context, org *party.Organization, id ident.ID, reasons, provision string, by verify.Actor) (*Request, error) {
	reasons = strings.TrimSpace(reasons)
	switch {
	case reasons == "":
		return nil, fault.Bad("reasons", "request-reasons")
	case len(reasons) > maxText:
		return nil, fault.Bad("reasons", "too-long", "max", maxText)
	case provision == "":
		return nil, fault.Bad("provision", "request-provision")
	}
	r, err := s.Of(ctx, org, id)
	if err != nil {
		return nil, err
	}
	e, ok := law.ByID(r.Term.Edition)
	if !ok {
		e = org.Edition(s.Now())
	}
	if _, ok := e.Provision(law.Provision(provision)); !ok {
		return nil, fault.Bad("provision", "request-provision-unknown", "edition", e.ID)
	}
	no := &No{Reasons: reasons, Provision: law.Provision(provision)}
	n, err := s.change(ctx, org, id, func(r *Request) (*move, error) {
		if err := refusable(r); err != nil {
			return nil, err
		}
		if _, made := r.last(immediate); made && r.Kind == Block {
			return s.toLift(no, by), nil
		}
		return s.toRefuse(r, no, nil, by), nil
	})
	if err != nil || n.Status != Working {
		return n, err
	}
	return s.run(ctx, org, n, by)
}

// No is a refusal that somebody gave.
type No struct {
	Reasons   string        `json:"reasons"`
	Provision law.Provision `json:"provision"`
}

// toRefuse is the answer that says no.
func (s *Requests) toRefuse(r *Request, no *No, did []Did, by verify.Actor) *move {
	return &move{
		what: Declined, by: by, close: true,
		next: func(n *Request, b *Body) error {
			b.No = nil
			b.Answer = refusal(r, b, no.Reasons, no.Provision, did, s.Now())
			n.Status, n.Until, n.Ended = Refused, time.Time{}, s.Now()
			return nil
		},
		fill: func(e *verify.Entry) {
			e.Reasons = []verify.Reason{{Code: "refused", Provisions: []string{string(no.Provision)}}}
		},
	}
}

// toLift says that the block will be lifted and then refused: from here on nobody
// else confirms it, and after a crash it is gone on with.
func (s *Requests) toLift(no *No, by verify.Actor) *move {
	return &move{what: Begun, by: by, next: func(n *Request, b *Body) error {
		b.No = no
		n.Status, n.Until = Working, s.Now().Add(claim)
		return nil
	}}
}

func refusable(r *Request) error {
	switch r.Status {
	case Open, Approval:
		return nil
	case Working:
		return errWorking
	default:
		return errClosed
	}
}

// lift takes a block back that this demand made, unless another still wants it.
// It is done under a number of its own, so after a crash it is not done twice.
func (s *Requests) lift(ctx context.Context, org *party.Organization, r *Request, by verify.Actor) ([]Did, error) {
	ref := reference(r, -1)
	landed, err := s.landed(ctx, org, r)
	if err != nil {
		return nil, err
	}
	if entry := landed[ref]; !entry.IsZero() {
		return []Did{{What: "unblock", Entry: entry}}, nil
	}
	found, err := s.Base.Find(ctx, org, r.Subject)
	if err != nil || found.State != party.Blocked {
		return nil, err
	}
	wanted, err := s.wantedBlocked(ctx, org, r)
	if err != nil || wanted {
		return nil, err
	}
	entry, err := s.act(ctx, org, r, &Body{}, &Act{Do: "unblock"}, ref, by)
	if err != nil {
		return nil, err
	}
	return []Did{{What: "unblock", Entry: entry}}, nil
}

// wantedBlocked reports whether another demand keeps the data blocked.
func (s *Requests) wantedBlocked(ctx context.Context, org *party.Organization, r *Request) (bool, error) {
	others, err := s.Store.Demands(ctx, Filter{Subject: r.Subject, Org: org.ID, Limit: 1000})
	if err != nil {
		return false, err
	}
	since := lastUnblock(others)
	for i := range others {
		if o := &others[i]; o.ID != r.ID && o.Kind == Block && o.Status != Refused && o.Created.After(since) {
			return true, nil
		}
	}
	return false, nil
}

// lastUnblock is when a block was last lifted on demand: what was blocked before
// is not blocked by that any more.
func lastUnblock(list []Request) (at time.Time) {
	for i := range list {
		if r := &list[i]; r.Kind == Unblock && r.Status == Fulfilled && r.Ended.After(at) {
			at = r.Ended
		}
	}
	return at
}

// Extend makes the term of a demand longer, as far as its edition lets it, with a
// reason that the subject reads.
func (s *Requests) Extend(ctx context.Context, org *party.Organization, id ident.ID, amount int, reason string, by verify.Actor) (*Request, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return nil, fault.Bad("reason", "request-reasons")
	case len(reason) > maxText:
		return nil, fault.Bad("reason", "too-long", "max", maxText)
	}
	return s.change(ctx, org, id, func(r *Request) (*move, error) {
		if r.Status.Closed() {
			return nil, errClosed
		}
		t, err := s.Terms.Longer(ctx, &r.Term, amount, "request")
		if err != nil {
			return nil, err
		}
		return &move{
			what: Extended, by: by, moved: t,
			next: func(_ *Request, b *Body) error {
				b.Notes = append(b.Notes, Note{s.Now(), Extended, reason})
				return nil
			},
		}, nil
	})
}

// maxAssignee is the longest pseudonym of a colleague.
const maxAssignee = 64

// Assign hands a demand over to a colleague, named by a pseudonym.
func (s *Requests) Assign(ctx context.Context, org *party.Organization, id ident.ID, to string, by verify.Actor) (*Request, error) {
	strange := func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	if len(to) > maxAssignee || strings.ContainsFunc(to, strange) {
		return nil, fault.Bad("to", "request-assignee")
	}
	return s.change(ctx, org, id, func(r *Request) (*move, error) {
		if r.Status.Closed() {
			return nil, errClosed
		}
		return &move{what: Assigned, by: by, next: func(n *Request, _ *Body) error {
			n.Assignee = to
			return nil
		}}, nil
	})
}
