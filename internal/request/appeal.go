package request

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
	"kelisim/internal/term"
	"kelisim/verify"
)

// AppealStatus is where an appeal stands.
type AppealStatus string

// The statuses.
const (
	Lodged    AppealStatus = "lodged"
	Upheld    AppealStatus = "upheld" // the demand is open again, with a new term
	Dismissed AppealStatus = "dismissed"
)

// AppealStatuses are all of them.
var AppealStatuses = []AppealStatus{Lodged, Upheld, Dismissed}

// Appeal is what a subject puts before the authorised body about a demand that
// was refused, answered wrongly or not at all (Art. 27-1(1)3, 30).
type Appeal struct {
	ID      ident.ID
	Subject ident.ID
	Org     ident.ID
	Demand  ident.ID
	Version int64
	Status  AppealStatus
	Created time.Time
	Ended   time.Time
	Sealed  []byte // Plea under the subject's journal key
}

// Plea is what an appeal says, and what was decided.
type Plea struct {
	Text      string        `json:"text"`
	By        verify.Actor  `json:"by"`
	Reasons   string        `json:"reasons,omitempty"` // of the decision
	Provision law.Provision `json:"provision,omitempty"`
}

// AppealTerm is the key of the term in which an appeal is decided.
const AppealTerm = "appeal-decision"

func (a *Appeal) about() term.About { return term.About{Kind: term.OfAppeal, ID: a.ID} }

// AppealFilter selects appeals, oldest first.
type AppealFilter struct {
	Subject ident.ID
	Demand  ident.ID
	Org     ident.ID
	Status  AppealStatus
	After   ident.ID
	Limit   int
}

// Appeal lodges an appeal: against an answer, or because none came in term. There
// is one at a time.
func (s *Requests) Appeal(ctx context.Context, r *Request, text string, by verify.Actor) (*Appeal, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, fault.Bad("text", "missing-field")
	case len(text) > maxText:
		return nil, fault.Bad("text", "too-long", "max", maxText)
	}
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return nil, err
	}
	for range maxTries {
		version, key, err := s.open(ctx, r.Subject)
		if err != nil {
			return nil, err
		}
		if by.Kind == represent.ActorKind {
			if _, err := s.onBehalf(ctx, r.Subject, org, by); err != nil {
				return nil, err
			}
		}
		if r, err = s.Of(ctx, org, r.ID); err != nil {
			return nil, err
		}
		if err := s.appealable(ctx, r); err != nil {
			return nil, err
		}
		now := s.Now()
		a := &Appeal{ID: ident.NewID(now), Subject: r.Subject, Org: r.Org, Demand: r.ID, Version: 1, Status: Lodged, Created: now}
		if err := sealPlea(&key, a, &Plea{Text: text, By: by}); err != nil {
			return nil, err
		}
		n, rec, err := s.prepare(org, r, &key, &move{what: Appealed, by: by, fill: func(e *verify.Entry) { e.Detail += " appeal=" + a.ID.String() }})
		if err != nil {
			return nil, err
		}
		rec.Guard.Subject = version
		t, err := s.Terms.Consider(ctx, AppealTerm, a.Subject, a.about(), now)
		if err != nil {
			return nil, err
		}
		stale, err := s.Store.InsertAppeal(ctx, a, n, t, rec)
		if err != nil || !stale {
			return a, err
		}
	}
	return nil, errContended
}

func (s *Requests) appealable(ctx context.Context, r *Request) error {
	if !r.Status.Closed() && !r.Term.Overdue(s.Now()) {
		return fault.New(fault.Conflict, "appeal-early")
	}
	list, err := s.Store.Appeals(ctx, AppealFilter{Subject: r.Subject, Demand: r.ID, Limit: 100})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(list, func(a Appeal) bool {
		return a.Status == Lodged || a.Status == Dismissed && !r.Ended.IsZero() && !a.Created.Before(r.Ended)
	}); i >= 0 {
		return fault.New(fault.Conflict, "appeal-lodged")
	}
	return nil
}

// Decide is the authorised body's decision. Upheld, the demand is open again, and
// a new term begins with the decision.
func (s *Requests) Decide(ctx context.Context, by account.Caller, id ident.ID, to AppealStatus, reasons, provision string) (*Appeal, error) {
	reasons = strings.TrimSpace(reasons)
	switch {
	case to != Upheld && to != Dismissed:
		return nil, fault.Bad("decision", "bad-enum", "allowed", "upheld, dismissed")
	case reasons == "":
		return nil, fault.Bad("reasons", "request-reasons")
	case len(reasons) > maxText:
		return nil, fault.Bad("reasons", "too-long", "max", maxText)
	}
	actor := authority(by)
	for range maxTries {
		a, org, r, err := s.appealed(ctx, id)
		if err != nil {
			return nil, err
		}
		if a.Status != Lodged {
			return nil, fault.New(fault.Conflict, "appeal-decided")
		}
		e := org.Edition(s.Now())
		if _, ok := e.Provision(law.Provision(provision)); provision != "" && !ok {
			return nil, fault.Bad("provision", "request-provision-unknown", "edition", e.ID)
		}
		n, stale, err := s.decide(ctx, org, a, r, actor, to, reasons, law.Provision(provision))
		if err != nil || !stale {
			return n, err
		}
	}
	return nil, errContended
}

func authority(by account.Caller) verify.Actor {
	return verify.Actor{Kind: "authority", ID: by.Token.String()}
}

func (s *Requests) appealed(ctx context.Context, id ident.ID) (*Appeal, *party.Organization, *Request, error) {
	a, err := s.Store.Appeal(ctx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	org, err := s.Parties.ByID(ctx, a.Org)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := s.Of(ctx, org, a.Demand)
	return a, org, r, err
}

func (s *Requests) decide(ctx context.Context, org *party.Organization, a *Appeal, r *Request, by verify.Actor, to AppealStatus, reasons string, at law.Provision) (*Appeal, bool, error) {
	_, key, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, false, err
	}
	plea, err := openPlea(&key, a)
	if err != nil {
		return nil, false, err
	}
	now := s.Now()
	c := *a
	n := &c
	n.Version++
	n.Status, n.Ended = to, now
	plea.Reasons, plea.Provision = reasons, at
	if err := sealPlea(&key, n, plea); err != nil {
		return nil, false, err
	}
	m := &move{what: Decided, by: by, fill: func(e *verify.Entry) {
		e.Detail += " appeal=" + a.ID.String() + " decision=" + string(to)
		if at != "" {
			e.Reasons = []verify.Reason{{Code: string(to), Provisions: []string{string(at)}}}
		}
	}}
	if to == Upheld && r.Status.Closed() {
		if m.begun, err = s.again(ctx, org, r); err != nil {
			return nil, false, err
		}
		m.next = func(d *Request, b *Body) error {
			if b.Answer != nil {
				b.Before = append(b.Before, *b.Answer)
			}
			b.Answer, b.Plan, b.Given, b.No = nil, nil, nil, nil
			d.Status, d.Ended, d.Until = Open, time.Time{}, time.Time{}
			return nil
		}
	}
	d, rec, err := s.prepare(org, r, &key, m)
	if err != nil {
		return nil, false, err
	}
	owed, err := s.Terms.Of(ctx, a.Subject, a.about())
	if err == nil && owed != nil {
		owed, err = owed.Close(term.Done, "", rec.ID, now)
	}
	if err != nil {
		return nil, false, err
	}
	stale, err := s.Store.UpdateAppeal(ctx, n, d, m.begun, owed, rec)
	return n, stale, err
}

// DueOf is by when an appeal has to be decided; nil where no term runs.
func (s *Requests) DueOf(ctx context.Context, a *Appeal) (*term.Term, error) {
	if a.Status != Lodged {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return s.Terms.Of(ctx, a.Subject, a.about())
}

// CatchAppeals lets a term run for each appeal that waits without one.
func (s *Requests) CatchAppeals(ctx context.Context) error {
	f := AppealFilter{Status: Lodged, Limit: 200}
	for {
		list, err := s.Store.Appeals(ctx, f)
		if err != nil {
			return err
		}
		for i := range list {
			if err := s.Terms.Catch(ctx, AppealTerm, list[i].Subject, list[i].about(), list[i].Created); err != nil {
				return err
			}
		}
		if len(list) < f.Limit {
			return nil
		}
		f.After = list[len(list)-1].ID
	}
}

// again is the term of a demand that an appeal opened again.
func (s *Requests) again(ctx context.Context, org *party.Organization, r *Request) (*term.Term, error) {
	b, err := s.Body(ctx, r)
	if err != nil {
		return nil, err
	}
	due, err := s.Due(ctx, org, r.Kind, &b.Details)
	if err != nil {
		return nil, err
	}
	t := due.Term
	t.Subject, t.About = r.Subject, term.About{Kind: "request", ID: r.ID}
	return t, nil
}

// Look opens an appeal for the authorised body. Its looks are journaled like
// anybody's, before anything is shown (Art. 27-1(2)).
func (s *Requests) Look(ctx context.Context, by account.Caller, id ident.ID) (*Appeal, *Plea, *Request, *Body, error) {
	for range maxTries {
		a, org, r, err := s.appealed(ctx, id)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		n, stale, err := s.step(ctx, org, r, &move{what: LookedAt, by: authority(by)})
		if err != nil {
			return nil, nil, nil, nil, err
		}
		if stale {
			continue
		}
		plea, err := s.Plea(ctx, a)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		b, err := s.Body(ctx, n)
		return a, plea, n, b, err
	}
	return nil, nil, nil, nil, errContended
}

// Plea opens what an appeal says.
func (s *Requests) Plea(ctx context.Context, a *Appeal) (*Plea, error) {
	_, key, err := s.open(ctx, a.Subject)
	if err != nil {
		return nil, err
	}
	return openPlea(&key, a)
}

func pleaPlace(a *Appeal) []byte { return seal.Place("appeal", a.Subject[:], a.Org[:], a.ID[:]) }

func sealPlea(key *seal.Key, a *Appeal, p *Plea) error {
	plain, err := json.Marshal(p)
	if err == nil {
		a.Sealed = key.Seal(nil, plain, pleaPlace(a))
	}
	return err
}

func openPlea(key *seal.Key, a *Appeal) (*Plea, error) {
	plain, err := key.Open(a.Sealed, pleaPlace(a))
	if err != nil {
		return nil, err
	}
	p := &Plea{}
	return p, json.Unmarshal(plain, p)
}
