package consent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Consent to public dissemination is a document apart (policy 5.10 to 5.15): it
// is to nothing but purposes that the description declares as public, the
// subject may set conditions and bans on what everybody may do with each kind of
// data, that there are such is published, and it ends the moment that is
// demanded, whatever stands in the way of other withdrawals.

// Condition is what the subject asks of everybody who meets the published data:
// a ban on doing more than reading it, or a condition in the subject's words.
type Condition struct {
	Category string `json:"category"`
	Ban      bool   `json:"ban,omitzero"`
}

// Said is a condition with its words, which may tell of the person and stay
// sealed with the proof.
type Said struct {
	Condition
	Text string `json:"condition,omitempty"`
}

const maxCondition = 500

// checkPublic keeps consent to dissemination apart from other consents.
func checkPublic(reg *register.Register, t *Terms) error {
	if !t.PublicSources {
		return nil
	}
	for i, id := range t.Purposes {
		if p := reg.Purpose(id); p != nil && !p.Public {
			e := fault.Bad(fmt.Sprintf("purposes[%d]", i), "dissemination-apart")
			e.Provisions = []string{"policy 5.11"}
			return e
		}
	}
	return nil
}

// setConditions puts the subject's conditions into a new consent: what is of the
// register into its terms, the words into its proof.
func (n *New) setConditions() error {
	n.Terms.Conditions, n.Proof.Conditions = nil, nil
	for i, c := range n.Conditions {
		field := fmt.Sprintf("conditions[%d]", i)
		text := strings.TrimSpace(c.Text)
		switch {
		case !n.Terms.PublicSources:
			return fault.Bad(field, "conditions-unpublished")
		case !slices.Contains(n.Terms.Categories, c.Category):
			return fault.Bad(field+".category", "not-in-consent")
		case slices.ContainsFunc(n.Terms.Conditions, func(x Condition) bool { return x.Category == c.Category }):
			return fault.Bad(field+".category", "condition-twice")
		case len(text) > maxCondition:
			return fault.Bad(field+".condition", "too-long", "max", maxCondition)
		case text == "" && !c.Ban:
			return fault.Bad(field+".condition", "missing-field")
		}
		n.Terms.Conditions = append(n.Terms.Conditions, c.Condition)
		if text != "" {
			if n.Proof.Conditions == nil {
				n.Proof.Conditions = map[string]string{}
			}
			n.Proof.Conditions[c.Category] = text
		}
	}
	return nil
}

// SaidOf lists the conditions of a consent with their words.
func (c *Consent) SaidOf(p *Proof) []Said {
	out := []Said{}
	for _, x := range c.Terms.Conditions {
		out = append(out, Said{x, p.Conditions[x.Category]})
	}
	return out
}

// disseminates reports whether a consent is to public dissemination and nothing
// besides.
func (s *Consents) disseminates(org *party.Organization, c *Consent) bool {
	t := c.Terms
	if !t.PublicSources || len(t.ThirdParties)+len(t.Countries) > 0 || org.Register == nil {
		return false
	}
	return !slices.ContainsFunc(t.Purposes, func(id string) bool { p := org.Register.Purpose(id); return p == nil || !p.Public })
}

// TermMaker makes the terms that an act begins, and finds those that run;
// *term.Terms is one.
type TermMaker interface {
	New(ctx context.Context, of term.Of) (*term.Term, error)
	Consider(ctx context.Context, key string, subject ident.ID, about term.About, since time.Time) (*term.Term, error)
	Catch(ctx context.Context, key string, subject ident.ID, about term.About, since time.Time) error
	Of(ctx context.Context, subject ident.ID, about term.About) (*term.Term, error)
	Cancel(ctx context.Context, org, id ident.ID, reason string, by verify.Actor) (*term.Term, error)
}

// ConditionsTerm is the key of the term in which conditions and bans are
// published.
const ConditionsTerm = "dissemination-conditions"

// publishing is the term that a consent begins: within it the operator publishes
// the conditions, or that there are none. Nil where nothing is disseminated.
func (s *Consents) publishing(ctx context.Context, org *party.Organization, c *Consent) (*term.Term, error) {
	if s.Terms == nil || !c.Terms.PublicSources {
		return nil, nil
	}
	return s.Terms.New(ctx, term.Of{
		Edition: org.Edition(c.Given).ID, Key: ConditionsTerm, Org: org, Subject: c.Subject, About: term.About{Kind: "consent", ID: c.ID}, Start: c.Given,
	})
}

// DisseminationStore is what dissemination needs of the store.
type DisseminationStore interface {
	// InsertDissemination is InsertConsent, or AnswerRequest where there is a
	// request, and lands the term with it.
	InsertDissemination(ctx context.Context, q *Request, c *Consent, t *Text, superseded []*Consent, due *term.Term, r *journal.Record) (stale bool, err error)
	// PublicTerms lists the terms of consents to dissemination that stand with an
	// organization, each once, max at most.
	PublicTerms(ctx context.Context, org ident.ID, max int) ([]Terms, error)
}

// Published is what an organization tells everybody of the conditions and bans
// on what it disseminates: by purpose and kind of data, whether there are any.
// It names nobody, quotes nobody and counts nobody.
type Published struct {
	Purpose    string
	Categories []PublishedCategory
}

// PublishedCategory is a kind of data that is disseminated for a purpose.
type PublishedCategory struct {
	ID         string
	Bans       bool // somebody has banned more than reading it
	Conditions bool // somebody has set a condition
}

// maxPublic is how many different terms are looked at.
const maxPublic = 10_000

// publishedFor is how long an answer to everybody is kept: anybody may ask, and
// the answer takes a look at every consent to dissemination. What changes here
// drops it; what another node changed shows that much later.
const publishedFor = time.Minute

// Publications are answers kept, by organization; nil keeps none.
type Publications struct {
	mu   sync.Mutex
	kept map[ident.ID]publication
}

type publication struct {
	at       time.Time
	register int
	list     []Published
}

func (p *Publications) get(org *party.Organization, now time.Time) ([]Published, bool) {
	if p == nil {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.kept[org.ID]
	return k.list, ok && k.register == org.Register.Version && now.Sub(k.at) < publishedFor
}

func (p *Publications) put(org *party.Organization, now time.Time, list []Published) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[ident.ID]publication{}
	}
	p.kept[org.ID] = publication{now, org.Register.Version, list}
}

func (p *Publications) drop(org ident.ID) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, org)
}

// Publish is what an organization publishes now.
func (s *Consents) Publish(ctx context.Context, org *party.Organization) ([]Published, error) {
	if org.Register == nil {
		return nil, nil
	}
	now := s.Now()
	if kept, ok := s.Published.get(org, now); ok {
		return kept, nil
	}
	list, err := s.Public.PublicTerms(ctx, org.ID, maxPublic)
	if err != nil {
		return nil, err
	}
	var out []Published
	for i := range org.Register.Description.Purposes {
		p := &org.Register.Description.Purposes[i]
		if !p.Public || !p.Basis.Consent() {
			continue
		}
		x := Published{Purpose: p.ID}
		for _, id := range p.Categories {
			x.Categories = append(x.Categories, published(list, p.ID, id))
		}
		out = append(out, x)
	}
	s.Published.put(org, now, out)
	return out, nil
}

func published(list []Terms, purpose, category string) PublishedCategory {
	x := PublishedCategory{ID: category}
	for i := range list {
		if !list[i].Covers(purpose) {
			continue
		}
		for _, c := range list[i].Conditions {
			if c.Category == category {
				x.Bans, x.Conditions = x.Bans || c.Ban, x.Conditions || !c.Ban
			}
		}
	}
	return x
}

// StopDissemination ends consent of a subject to public dissemination by an
// organization, on the subject's demand: of the kinds of data that the demand
// lists, of all where it lists none (policy 5.14). Where publication is one part
// of a consent, all of that part ends. Nothing bars it (policy 5.15). It returns
// what it changed.
func (s *Consents) StopDissemination(ctx context.Context, subject, org ident.ID, categories []string, reason string, by verify.Actor) ([]*Consent, error) {
	return s.StopGiven(ctx, subject, org, time.Time{}, categories, reason, by)
}

// StopGiven is StopDissemination of what was given until a moment; zero for all.
// Who goes on later with a demand that arrived then must not end what the subject
// has agreed to since.
func (s *Consents) StopGiven(ctx context.Context, subject, org ident.ID, until time.Time, categories []string, reason string, by verify.Actor) ([]*Consent, error) {
	list, err := s.Store.Consents(ctx, Filter{Subject: subject, Org: org, Standing: true, Now: s.Now()})
	if err != nil {
		return nil, err
	}
	o, err := s.Parties.ByID(ctx, org)
	if err != nil {
		return nil, err
	}
	if _, err := s.onBehalf(ctx, subject, o, by, represent.Withdraw); err != nil {
		return nil, err
	}
	var out []*Consent
	for i := range list {
		c := &list[i]
		named := slices.DeleteFunc(slices.Clone(c.Terms.Categories), func(id string) bool { return !slices.Contains(categories, id) })
		if c.Scopes&PublicSources == 0 || len(categories) > 0 && len(named) == 0 || !until.IsZero() && c.Given.After(until) {
			continue
		}
		part := Part{Scopes: PublicSources}
		switch alone := s.disseminates(o, c); {
		case alone && len(categories) > 0:
			part = Part{Categories: named}
		case alone:
			part.Scopes = AllScopes
		}
		n, err := s.WithdrawPart(ctx, c.ID, &Demand{Part: part, Reason: reason}, by)
		if fault.Is(err, "consent-not-active") || fault.Is(err, "scope-not-given") { // ended meanwhile
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, n)
	}
	return out, nil
}
