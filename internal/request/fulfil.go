package request

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// claim is how long whoever works on a demand is left alone. Its own acts take
// moments; after a crash another goes on when it is over.
const claim = time.Minute

// Preview is what is found, what would be done, what has to stay, and the answer
// as it is drafted, in the subject's language.
type Preview struct {
	*Plan
	Found  *Found
	Second bool // a second person has to agree
	Answer *Answer
}

// Preview works out what fulfilling a demand would do. It writes nothing.
func (s *Requests) Preview(ctx context.Context, org *party.Organization, r *Request, in *Fulfilment) (*Preview, error) {
	b, err := s.Body(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, org, r, b, in)
	if err != nil {
		return nil, err
	}
	b.Given = in
	a, err := s.answer(ctx, org, r, b, p, nil)
	if err != nil {
		return nil, err
	}
	return &Preview{Plan: p, Found: p.foundDetail, Second: p.Destroys && secondPerson(org), Answer: a}, nil
}

func secondPerson(org *party.Organization) bool {
	return org.Register != nil && org.Register.Description.Organization.SecondPerson
}

// Fulfil does what a demand asks for and answers it. Where that destroys and the
// organization wants two people for it, the first call asks for the second. One
// that was begun and left, by a crash, is gone on with.
func (s *Requests) Fulfil(ctx context.Context, org *party.Organization, id ident.ID, in *Fulfilment, by verify.Actor) (*Request, error) {
	r, err := s.change(ctx, org, id, func(r *Request) (*move, error) {
		switch r.Status {
		case Open:
			return s.toBegin(ctx, org, r, in, by)
		case Approval:
			return s.toApprove(r, by)
		case Working:
			return s.toResume(r, by)
		default:
			return nil, errClosed
		}
	})
	if err != nil || r.Status != Working {
		return r, err
	}
	return s.run(ctx, org, r, by)
}

var (
	errClosed  = fault.New(fault.Conflict, "request-closed")
	errWorking = fault.New(fault.Conflict, "request-working")
)

func (s *Requests) toBegin(ctx context.Context, org *party.Organization, r *Request, in *Fulfilment, by verify.Actor) (*move, error) {
	if in == nil {
		in = &Fulfilment{}
	}
	if org.Register == nil {
		return nil, fault.New(fault.Conflict, "register-absent")
	}
	if err := in.check(r.Kind, org.Register); err != nil {
		return nil, err
	}
	b, err := s.Body(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, org, r, b, in)
	if err != nil {
		return nil, err
	}
	if len(p.Lacking) > 0 {
		return nil, fault.Bad(p.Lacking[0], "missing-field")
	}
	if in.Instead == insteadDepersonalise && !p.Leaves {
		return nil, fault.New(fault.Conflict, "depersonal-nothing")
	}
	return &move{
		what: Begun, by: by,
		next: func(n *Request, b *Body) error {
			b.Plan, b.Given = p, in
			if n.Status, n.Until = Working, s.Now().Add(claim); p.Destroys && secondPerson(org) {
				n.Status, n.Until = Approval, time.Time{}
			}
			return nil
		},
		fill: func(e *verify.Entry) {
			e.Categories = p.Found
			e.Detail = fmt.Sprintf("kind=%s found=%d acts=%d kept=%d", r.Kind, len(p.Found), len(p.Acts), len(p.Kept))
		},
	}, nil
}

// toApprove is the second person's agreement to what the first confirmed: the
// plan stays as both have seen it.
func (s *Requests) toApprove(r *Request, by verify.Actor) (*move, error) {
	first, _ := r.last(Begun)
	if first.By == by.Kind+" "+by.ID || by.Kind != "person" {
		return nil, fault.New(fault.Conflict, "request-second-person")
	}
	return &move{what: Approved, by: by, next: func(n *Request, _ *Body) error {
		n.Status, n.Until = Working, s.Now().Add(claim)
		return nil
	}}, nil
}

func (s *Requests) toResume(r *Request, by verify.Actor) (*move, error) {
	if s.Now().Before(r.Until) {
		return nil, errWorking
	}
	return &move{what: Resumed, by: by, next: func(n *Request, _ *Body) error {
		n.Until = s.Now().Add(claim)
		return nil
	}}, nil
}

// Resume goes on with what was begun and left.
func (s *Requests) Resume(ctx context.Context, id ident.ID) (*Request, error) {
	r, err := s.Store.Demand(ctx, id)
	if err != nil {
		return nil, err
	}
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return nil, err
	}
	by := verify.Actor{Kind: "service", ID: "request"}
	r, err = s.change(ctx, org, id, func(r *Request) (*move, error) {
		if r.Status != Working {
			return nil, errClosed
		}
		return s.toResume(r, by)
	})
	if err != nil {
		return nil, err
	}
	return s.run(ctx, org, r, by)
}

// run does the acts that have not landed yet, checks that all is so, and
// answers. It may be cut short anywhere: whoever comes next does the rest.
func (s *Requests) run(ctx context.Context, org *party.Organization, r *Request, by verify.Actor) (*Request, error) {
	b, err := s.Body(ctx, r)
	if err != nil {
		return nil, err
	}
	if b.No != nil {
		did, err := s.lift(ctx, org, r, by)
		if err != nil {
			return s.halted(ctx, org, r, by, err)
		}
		return s.land(ctx, org, r, s.toRefuse(r, b.No, did, by))
	}
	did, err := s.do(ctx, org, r, b, by)
	if err != nil {
		return s.halted(ctx, org, r, by, err)
	}
	wait, err := s.waits(ctx, org, r, b)
	if err == nil && !wait {
		err = s.isSo(ctx, org, r, b)
	}
	if err != nil {
		return s.halted(ctx, org, r, by, err)
	}
	if wait { // in force; the rest is for somebody to say, or to do
		return s.land(ctx, org, r, &move{what: immediate, by: by, next: func(n *Request, _ *Body) error {
			n.Status, n.Until = Open, time.Time{}
			return nil
		}})
	}
	if r, err = s.land(ctx, org, r, &move{what: Checked, by: by, fill: func(e *verify.Entry) {
		e.Detail = fmt.Sprintf("kind=%s acts=%d", r.Kind, len(did))
	}}); err != nil {
		return nil, err
	}
	a, err := s.answer(ctx, org, r, b, b.Plan, did)
	if err != nil {
		return nil, err
	}
	return s.land(ctx, org, r, &move{
		what: Answered, by: by, close: true,
		next: func(n *Request, b *Body) error {
			b.Answer = a
			n.Status, n.Until, n.Ended = Fulfilled, time.Time{}, s.Now()
			return nil
		},
	})
}

// land is step for whoever holds the claim: if another moved the demand, that
// other works on it. Where only its term moved, with the calendar, it is tried
// again.
func (s *Requests) land(ctx context.Context, org *party.Organization, r *Request, m *move) (*Request, error) {
	for range maxTries {
		n, stale, err := s.step(ctx, org, r, m)
		if err != nil || !stale {
			return n, err
		}
		now, err := s.Of(ctx, org, r.ID)
		if err != nil {
			return nil, err
		}
		if now.Version != r.Version {
			return nil, errWorking
		}
		r, m.moved = now, nil
	}
	return nil, errContended
}

// halted opens a demand again that cannot be done so: the gate refuses, or there
// is no such value. What is only out of order for a while is tried again.
func (s *Requests) halted(ctx context.Context, org *party.Organization, r *Request, by verify.Actor, why error) (*Request, error) {
	switch fault.KindOf(why) {
	case fault.Invalid, fault.Denied, fault.Conflict, fault.NotFound, fault.Forbidden:
	default:
		return nil, why
	}
	_, err := s.land(ctx, org, r, &move{
		what: Halted, by: by,
		next: func(n *Request, b *Body) error {
			b.Plan, b.Given, b.No = nil, nil, nil
			n.Status, n.Until = Open, time.Time{}
			return nil
		},
		fill: func(e *verify.Entry) {
			var f *fault.Error
			if errors.As(why, &f) {
				e.Detail += " code=" + f.Code
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return nil, why
}

// do carries out the acts of the plan, each once.
func (s *Requests) do(ctx context.Context, org *party.Organization, r *Request, b *Body, by verify.Actor) ([]Did, error) {
	if b.Plan == nil {
		return b.Stopped, nil
	}
	var landed map[string]ident.ID
	if !r.fresh() {
		var err error
		if landed, err = s.landed(ctx, org, r); err != nil {
			return nil, err
		}
	}
	did := slices.Clone(b.Stopped)
	for i := range b.Plan.Acts {
		a := &b.Plan.Acts[i]
		d := Did{What: a.Do, Categories: a.Categories, Purposes: a.Purposes, Consent: a.Consent}
		ref := reference(r, i)
		if d.Entry = landed[ref]; d.Entry.IsZero() {
			var err error
			if d.Entry, err = s.act(ctx, org, r, b, a, ref, by); err != nil {
				return nil, err
			}
		}
		did = append(did, d)
	}
	return did, nil
}

// reference is the number that an act of a demand stands under in the journal.
// A demand that was halted, or that an appeal opened again, numbers anew.
func reference(r *Request, i int) string {
	round := 0
	for _, st := range r.Steps {
		if st.What == Halted || st.What == Decided {
			round++
		}
	}
	return fmt.Sprintf("%s/%d.%d", r.ID, round, i+1)
}

// landed finds the acts of a demand that stand in the journal already, by their
// reference: an act and its entry land together, so what is there was done. None
// of them is older than the step that the work began with; what clocks differ by,
// of two nodes or of one that was set back, is little beside clockSlack.
func (s *Requests) landed(ctx context.Context, org *party.Organization, r *Request) (map[string]ident.ID, error) {
	const chunk = 200
	out := map[string]ident.ID{}
	f := journal.Filter{BySubject: true, Subject: r.Subject, Org: org.ID, Since: ident.FirstID(r.begun().Add(-clockSlack)), Limit: chunk}
	for {
		rows, list, err := s.Journal.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if o.Reference != "" && o.Decision == "permit" {
				out[o.Reference] = ident.ID(o.ID)
			}
		}
		if len(rows) < chunk {
			return out, nil
		}
		f.Before = rows[len(rows)-1].ID
	}
}

const clockSlack = time.Hour

// fresh reports whether the work begins now: whoever landed this step has done
// nothing since, and nobody else may. What takes effect at once may have before.
func (r *Request) fresh() bool {
	n := len(r.Steps) - 1
	if n < 0 || r.Steps[n].What != Begun && r.Steps[n].What != Approved {
		return false
	}
	return !slices.ContainsFunc(r.Steps, func(st Step) bool { return st.What == immediate })
}

// begun is the moment before which no act of the present round can have landed:
// what takes effect at once does so from the arrival on, all else once somebody
// began it.
func (r *Request) begun() time.Time {
	at, first := r.Created, true
	for i := range r.Steps {
		switch r.Steps[i].What {
		case Halted, Decided: // a new round, see reference
			at, first = r.Steps[i].At, true
		case immediate:
			first = false
		case Begun:
			if first {
				at, first = r.Steps[i].At, false
			}
		}
	}
	return at
}

var actions = map[string]register.Action{
	"change": register.Change, "supplement": register.Supplement, "block": register.Block, "unblock": register.Unblock, "destroy": register.Destroy, "depersonalise": register.Destroy,
}

// act carries out one act and returns the entry that it landed with.
func (s *Requests) act(ctx context.Context, org *party.Organization, r *Request, b *Body, a *Act, ref string, by verify.Actor) (ident.ID, error) {
	switch a.Do {
	case "withdraw":
		return s.takeBack(ctx, a, by)
	case "ban":
		return ident.ID{}, s.forbid(ctx, org, r, a, by)
	case "stop":
		_, err := s.Consents.StopGiven(ctx, r.Subject, org.ID, r.Created, a.Categories, "", by)
		return ident.ID{}, err
	case "remove":
		return s.remove(ctx, org, r, b, a, by)
	}
	ask := &gate.Ask{
		Request: gate.Request{Action: actions[a.Do], Purpose: a.Purpose, Categories: a.Categories},
		Holder:  org, Asker: org, Subject: org.Outside(r.Subject), Actor: by, Reference: ref,
	}
	if a.ends() {
		ask.Ground, ask.Document = a.Provision, "request "+r.ID.String()
		ask.Instead = a.Do == insteadDepersonalise
	}
	if a.Do == "change" || a.Do == "supplement" {
		ask.Values = map[string]json.RawMessage{}
		for _, c := range a.Categories {
			ask.Values[c] = values(b, b.Given)[c]
		}
	}
	ask.Correction = a.Do == "change"
	var err error
	if ask.Given, err = s.given(ctx, org, r, a); err != nil {
		return ident.ID{}, err
	}
	ans, err := s.Guard.Access(ctx, ask)
	if err != nil {
		return ident.ID{}, err
	}
	if !ans.Permit {
		return ident.ID{}, refused(ans)
	}
	return ans.ID, nil
}

// ends reports whether nothing of the data that an act names is the subject's after it.
func (a *Act) ends() bool { return a.Do == insteadDestroy || a.Do == insteadDepersonalise }

// refused is a refusal of the gate, with the provisions that it rests on.
func refused(ans *gate.Answer) error {
	err := fault.New(fault.Conflict, "request-refused-by-gate")
	for _, c := range ans.Codes() {
		for _, p := range ans.ProvisionsOf(c) {
			if !slices.Contains(err.Provisions, p) {
				err.Provisions = append(err.Provisions, p)
			}
		}
	}
	return err
}

// takeBack withdraws; what was withdrawn before is.
func (s *Requests) takeBack(ctx context.Context, a *Act, by verify.Actor) (ident.ID, error) {
	scopes, err := consent.ParseScopes(a.Scopes)
	if err != nil {
		return ident.ID{}, err
	}
	c, err := s.Consents.Withdraw(ctx, a.Consent, scopes, "", by)
	if fault.Is(err, "consent-not-active") || fault.Is(err, "scope-not-given") {
		return ident.ID{}, nil
	}
	if err != nil {
		return ident.ID{}, err
	}
	return c.History[len(c.History)-1].Entry, nil
}

// forbid puts down a ban; one that is there already is not doubled.
func (s *Requests) forbid(ctx context.Context, org *party.Organization, r *Request, a *Act, by verify.Actor) error {
	have, err := s.Guard.Bans(ctx, org, r.Subject)
	if err != nil {
		return err
	}
	for i := range have {
		if a.sameBan(&have[i]) {
			return nil
		}
	}
	_, err = s.Guard.SetBan(ctx, org, r.Subject, by, gate.Ban{Actions: a.Actions, Categories: a.Categories, Purposes: a.Purposes})
	return err
}

// isSo looks whether what was done is so.
func (s *Requests) isSo(ctx context.Context, org *party.Organization, r *Request, b *Body) error {
	if ofPublic(r.Kind) {
		_, left, err := s.removed(ctx, org, r, b)
		if err == nil && left > 0 {
			err = fault.New(fault.Conflict, "publication-left", "count", left)
		}
		return err
	}
	if b.Plan == nil || len(b.Plan.Acts) == 0 {
		return nil
	}
	found, err := s.Base.Find(ctx, org, r.Subject)
	if err != nil {
		return err
	}
	last := b.Plan.Acts[len(b.Plan.Acts)-1].Do
	for i := range b.Plan.Acts {
		switch a := &b.Plan.Acts[i]; {
		case a.Do == "block" && found.State != party.Blocked,
			a.Do == "unblock" && last == "unblock" && found.State == party.Blocked,
			a.ends() && len(a.Categories) == 0 && found.State != party.Destroyed,
			a.ends() && slices.ContainsFunc(a.Categories, func(c string) bool { _, there := found.held(c); return there }),
			a.Do == "change" && slices.ContainsFunc(a.Categories, func(c string) bool { h, there := found.held(c); return !there || h.At.Before(r.Created) }):
			return fault.New(fault.Conflict, "request-not-so")
		}
	}
	return nil
}

// Result is what became of one demand of a group.
type Result struct {
	ID      ident.ID
	Request *Request
	Err     error
}

// MaxGroup is how many demands one act may fulfil.
const MaxGroup = 1000

// groupTime is how long one act takes at most: on a machine so busy that it takes
// longer, whoever waits for the answer would not hear it.
const groupTime = time.Minute

var errLater = fault.New(fault.Unavailable, "group-later")

// FulfilAll confirms a group of demands with one act. Each is fulfilled and
// journaled apart, and none waits for another that cannot be. They are worked on one
// after another: several at a time would be done sooner, at the cost of the decisions
// that the operator's systems wait for meanwhile. What was not come to in time is
// left as it was, with a fault.Unavailable.
func (s *Requests) FulfilAll(ctx context.Context, org *party.Organization, ids []ident.ID, by verify.Actor) []Result {
	out, seen := make([]Result, 0, len(ids)), make(map[ident.ID]bool, len(ids))
	until := s.Now().Add(groupTime)
	for _, id := range ids {
		x := Result{ID: id}
		switch {
		case seen[id]:
			x.Err = errClosed
		case s.Now().After(until):
			x.Err = errLater
		default:
			x.Request, x.Err = s.Fulfil(ctx, org, id, nil, by)
		}
		seen[id] = true
		out = append(out, x)
	}
	return out
}
