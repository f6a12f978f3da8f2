package order

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/term"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Report is what whoever carries an order out says of it.
type Report struct {
	Values   map[string]json.RawMessage // of an order to clarify that brought none
	Answer   string                     // to an inquiry; why an integration is refused
	File     *File
	Decision Outcome // on an integration: agreed or refused
}

// Execute carries an order out. What was done of it before a failure is not done
// again: the order stays open until all of it is there.
func (s *Orders) Execute(ctx context.Context, by account.Caller, id ident.ID, in *Report) (*Order, error) {
	o, org, err := s.own(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if o.Status != Open {
		return nil, errMoved
	}
	if err := in.check(o, by); err != nil {
		return nil, err
	}
	if wait, err := s.second(ctx, o, org, actorOf(by)); wait || err != nil {
		return o, err
	}
	return o, s.carryOut(ctx, o, org, actorOf(by), in)
}

// second lets what destroys wait for a second person, where the organization wants
// two: the first call is noted, and the order stays open. Whoever confirmed it
// cannot be the second.
func (s *Orders) second(ctx context.Context, o *Order, org *party.Organization, by verify.Actor) (wait bool, err error) {
	if o.Kind != Destroy || org.Register == nil || !org.Register.Description.Organization.SecondPerson {
		return false, nil
	}
	me := by.Kind + " " + by.ID
	switch o.First {
	case "":
		o.First = me
		return true, s.move(ctx, o, org, &step{}, by, "order.confirm")
	case me:
		return false, fault.New(fault.Conflict, "order-second-person")
	}
	return false, nil
}

// check refuses what does not answer the order, and who cannot carry it out.
func (in *Report) check(o *Order, by account.Caller) error {
	switch {
	case by.Role == account.Examiner, o.Kind == Integration && by.Role != account.Authority:
		return fault.New(fault.Forbidden, "forbidden")
	case o.Kind == Integration && in.Decision != Agreed && in.Decision != Refused:
		return fault.Bad("decision", "bad-enum", "allowed", "agreed, refused")
	case o.Kind != Integration && in.Decision != "":
		return fault.Bad("decision", "order-no-decision")
	case in.Answer == "" && (in.Decision == Refused || o.Kind == Inquiry && in.File == nil):
		return fault.Bad("answer", "missing-field")
	case len(in.Answer) > maxDetails:
		return fault.Bad("answer", "too-long", "max", maxDetails)
	case len(in.Values) > 0 && o.Kind != Clarify:
		return fault.Bad("values", "values-unexpected")
	case o.Kind == Clarify && len(in.Values) == 0 && len(o.Values) == 0:
		return fault.Bad("values", "missing-field")
	case in.File == nil:
		return nil
	}
	return in.File.check("file")
}

// carryOut does what is ordered, and calls the order executed in one write with
// the end of its term. Each act finds it done where it was.
func (s *Orders) carryOut(ctx context.Context, o *Order, org *party.Organization, by verify.Actor, in *Report) (err error) {
	if o.Outcome, err = s.act(ctx, o, org, by, in); err != nil {
		return err
	}
	var suspend *bool
	if o.Kind == Suspend || o.Kind == Resume {
		stop := o.Kind == Suspend
		suspend = &stop
	}
	o.Status, o.Ended, o.Values = Executed, s.Now(), nil
	o.Answer, o.AnswerFile = in.Answer, in.File
	begun, err := s.looking(ctx, o)
	if err != nil {
		return err
	}
	return s.move(ctx, o, org, &step{suspend: suspend, begun: begun, ends: term.Done}, by, "order.execute")
}

// looking is the term of an examination that begins: who examines has until its
// date, and it is over then by itself.
func (s *Orders) looking(ctx context.Context, o *Order) (*term.Term, error) {
	now := s.Now()
	if !o.Examines(now) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	by, err := s.Parties.ByID(ctx, o.Issuer)
	if err != nil {
		return nil, err
	}
	return s.Terms.New(ctx, term.Of{
		Edition: by.Edition(now).ID, Key: ExaminationTerm, Org: by, About: term.About{Kind: term.OfExamination, ID: o.ID}, Start: now, Until: o.Until,
	})
}

// ExaminationTerm is the key of the term that an examination lasts.
const ExaminationTerm = "examination"

// act does what is ordered with the data, and says what came of it.
func (s *Orders) act(ctx context.Context, o *Order, org *party.Organization, by verify.Actor, in *Report) (Outcome, error) {
	switch o.Kind {
	case Clarify:
		if len(in.Values) > 0 { // said anew: what was done before is not it
			return s.clarify(ctx, o, org, by, in.Values, true)
		}
		return s.clarify(ctx, o, org, by, o.Values, false)
	case Block:
		return s.perform(ctx, o, org, &gate.Ask{Request: gate.Request{Action: register.Block}, Actor: by}, false)
	case Unblock:
		return s.perform(ctx, o, org, &gate.Ask{Request: gate.Request{Action: register.Unblock}, Actor: by}, false)
	case Destroy:
		return s.destroy(ctx, o, org, by)
	case Unpublish:
		return s.unpublish(ctx, o, org, by)
	case Inquiry:
		return Answered, nil
	case Examination:
		return Admitted, nil
	case Integration:
		return in.Decision, nil
	default:
		return Done, nil
	}
}

// destroy lifts a block first: it keeps data for the very question that this
// order has answered.
func (s *Orders) destroy(ctx context.Context, o *Order, org *party.Organization, by verify.Actor) (Outcome, error) {
	h, err := s.Parties.Store.Holding(ctx, o.Subject, org.ID)
	if err != nil {
		return "", err
	}
	if h.State == party.Blocked {
		if _, err := s.perform(ctx, o, org, &gate.Ask{Request: gate.Request{Action: register.Unblock}, Actor: by}, true); err != nil {
			return "", err
		}
	}
	return s.perform(ctx, o, org, &gate.Ask{
		Request: gate.Request{Action: register.Destroy, Categories: o.Categories}, Actor: by,
	}, false)
}

// clarify changes each value for the purpose that it is held for.
func (s *Orders) clarify(
	ctx context.Context, o *Order, org *party.Organization, by verify.Actor, values map[string]json.RawMessage, again bool,
) (Outcome, error) {
	held, err := s.Store.Values(ctx, o.Subject, org.ID)
	if err != nil {
		return "", err
	}
	latest := vault.Latest(held)
	byPurpose := map[string]map[string]json.RawMessage{}
	for c, v := range values {
		i := slices.IndexFunc(latest, func(h vault.Value) bool { return h.Category == c })
		if i < 0 {
			return "", fault.Bad("values."+safe(org, c), "value-absent")
		}
		p := latest[i].Purpose
		if byPurpose[p] == nil {
			byPurpose[p] = map[string]json.RawMessage{}
		}
		byPurpose[p][c] = v
	}
	for p, part := range byPurpose {
		out, err := s.perform(ctx, o, org, &gate.Ask{
			Request: gate.Request{Action: register.Change, Purpose: p}, Actor: by, Values: part, Correction: true,
		}, again)
		if err != nil || out != Done {
			return out, err
		}
	}
	return Done, nil
}

// safe keeps a name that the register does not know out of an error.
func safe(org *party.Organization, category string) string {
	if org.Register != nil {
		if _, ok := org.Register.Category(category); ok {
			return category
		}
	}
	return "?"
}

// perform takes one action through the gate, under the order's provision. One that
// landed before power failed is not taken again, unless again says so.
func (s *Orders) perform(ctx context.Context, o *Order, org *party.Organization, a *gate.Ask, again bool) (Outcome, error) {
	a.Holder, a.Asker, a.Subject, a.Reference = org, org, org.Outside(o.Subject), o.ID.String()
	if a.Action == register.Destroy || a.Action == register.Block || a.Action == register.Unblock {
		a.Ground, a.Document = o.Provision, o.Document
	}
	var entry ident.ID
	if !again {
		a.Still = func(ctx context.Context) (todo bool, err error) {
			entry, err = s.landed(ctx, o, org, a)
			return entry.IsZero(), err
		}
	}
	ans, err := s.Guard.Access(ctx, a)
	if errors.Is(err, gate.ErrDone) {
		if !slices.Contains(o.Entries, entry) {
			o.Entries = append(o.Entries, entry)
		}
		return Done, nil
	}
	if err != nil {
		return "", err
	}
	if ans.Permit {
		o.Entries = append(o.Entries, ans.ID)
		return Done, nil
	}
	if slices.Contains(ans.Codes(), law.DataDestroyed) {
		return NothingHeld, nil
	}
	refused := fault.New(fault.Denied, "order-barred")
	for _, c := range ans.Codes() {
		refused.Provisions = append(refused.Provisions, ans.ProvisionsOf(c)...)
	}
	return "", refused
}

// clockSlack is more than what clocks of two nodes, or of one before and after it
// was set back, differ by.
const clockSlack = time.Hour

// landed finds the act in the journal, where it stands under the number of the
// order if it was done: an act and its entry are one write. A block or its end
// that something else has undone since is to be done again.
func (s *Orders) landed(ctx context.Context, o *Order, org *party.Organization, a *gate.Ask) (ident.ID, error) {
	const chunk = 200
	f := journal.Filter{
		BySubject: true, Subject: o.Subject, Org: org.ID, Action: a.Action.String(), Since: ident.FirstID(o.Issued.Add(-clockSlack)), Limit: chunk,
	}
	for {
		rows, list, err := s.Journal.List(ctx, f)
		if err != nil {
			return ident.ID{}, err
		}
		for _, e := range list {
			if e.Reference == a.Reference && e.Decision == "permit" && e.Purpose == a.Purpose {
				return s.stands(ctx, o, a.Action, ident.ID(e.ID))
			}
		}
		if len(rows) < chunk {
			return ident.ID{}, nil
		}
		f.Before = rows[len(rows)-1].ID
	}
}

func (s *Orders) stands(ctx context.Context, o *Order, did register.Action, entry ident.ID) (ident.ID, error) {
	if did != register.Block && did != register.Unblock {
		return entry, nil
	}
	h, err := s.Parties.Store.Holding(ctx, o.Subject, o.Org)
	if err != nil || (h.State == party.Blocked) != (did == register.Block) {
		return ident.ID{}, err
	}
	return entry, nil
}

// service is who carries out what an operator did not.
var service = verify.Actor{Kind: "service", ID: "orders"}

// Enforce carries out by itself the orders that protect people and need nobody
// else, once their term is over and the operator has done nothing: to block, to
// unblock, to suspend, to resume. It returns how many. It looks at a page of what
// is overdue after another: neither what waits for a person nor what cannot be done
// may hide the rest.
func (s *Orders) Enforce(ctx context.Context, page int) (done int, err error) {
	f := term.Filter{Status: term.Open, DueBefore: s.Now(), About: "order", Limit: page}
	for {
		due, failed := s.Terms.List(ctx, f)
		if failed != nil {
			return done, errors.Join(err, failed)
		}
		for i := range due {
			did, failed := s.enforce(ctx, due[i].About.ID)
			if err = errors.Join(err, failed); did {
				done++
			}
		}
		if len(due) < page || ctx.Err() != nil {
			return done, err
		}
		f.After = due[len(due)-1].ID
	}
}

func (s *Orders) enforce(ctx context.Context, id ident.ID) (bool, error) {
	o, err := s.Store.Order(ctx, id)
	if err != nil {
		return false, err
	}
	if o.Status != Open || o.Kind != Block && o.Kind != Unblock && o.Kind != Suspend && o.Kind != Resume {
		return false, nil
	}
	org, err := s.Parties.ByID(ctx, o.Org)
	if err == nil {
		err = s.open(ctx, o)
	}
	if err == nil {
		err = s.carryOut(ctx, o, org, service, &Report{})
	}
	return err == nil, err
}
