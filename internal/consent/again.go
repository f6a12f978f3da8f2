package consent

import (
	"context"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// When a description widens a purpose, what was given before does not cover the
// new: the terms tell of data, recipients, countries and publication, the
// description of then tells of actions. So subjects are asked again, each for
// what it gave and what is new, and see which is which.

// AskRun is the asking again after a version of a description, as far as it has
// come: After is the last consent that was looked at.
type AskRun struct {
	Org     ident.ID
	Version int
	After   ident.ID
	Started time.Time
	Ended   time.Time // zero while there is more
	Seen    int       // consents looked at
	Asked   int       // questions put
	Skipped int       // not asked: refused lately, destroyed, too many questions open
}

// AskRunStore keeps how far the asking has come. It is a bookmark: each question
// lands with its own entry.
type AskRunStore interface {
	// StartAskRun begins a run, from the start where an earlier one has ended; one
	// that is under way goes on.
	StartAskRun(ctx context.Context, r *AskRun) error
	// SaveAskRun writes down how far a run has come.
	SaveAskRun(ctx context.Context, r *AskRun) error
	// AskRun returns a fault.NotFound when there is none.
	AskRun(ctx context.Context, org ident.ID, version int) (*AskRun, error)
	// OpenAskRuns lists those that have not ended.
	OpenAskRuns(ctx context.Context) ([]AskRun, error)
}

// ByRegister is who asks when a description has widened.
var ByRegister = verify.Actor{Kind: string(ByService), ID: "register"}

// StartAsking begins to ask everybody whose consents the version in force has
// outgrown.
func (s *Consents) StartAsking(ctx context.Context, org *party.Organization, version int) (*AskRun, error) {
	if org.Register == nil || org.Register.Version != version {
		return nil, fault.New(fault.Conflict, "version-not-in-force")
	}
	if err := s.AskRuns.StartAskRun(ctx, &AskRun{Org: org.ID, Version: version, Started: s.Now()}); err != nil {
		return nil, err
	}
	return s.AskRuns.AskRun(ctx, org.ID, version)
}

// AskByItself begins to ask where a version has come into force since the last
// look and widens what was there before it.
func (s *Consents) AskByItself(ctx context.Context, org *party.Organization) error {
	if org.Register == nil {
		return nil
	}
	_, err := s.AskRuns.AskRun(ctx, org.ID, org.Register.Version)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return err
	}
	run := &AskRun{Org: org.ID, Version: org.Register.Version, Started: s.Now()}
	wider, err := s.widened(ctx, org)
	if err != nil {
		return err
	}
	if err := s.AskRuns.StartAskRun(ctx, run); err != nil || wider {
		return err
	}
	run.Ended = run.Started
	return s.AskRuns.SaveAskRun(ctx, run)
}

// widened reports whether the description in force lets more be done than some
// version before it.
func (s *Consents) widened(ctx context.Context, org *party.Organization) (bool, error) {
	versions, err := s.Parties.Store.Versions(ctx, org.ID)
	if err != nil {
		return false, err
	}
	for i := range versions {
		v := &versions[i]
		if v.Number == org.Register.Version || v.Approved.IsZero() {
			continue
		}
		old, err := register.Parse(v.Canonical, s.Parties.Rules)
		if err != nil {
			return false, fault.Wrap(fault.Internal, "internal", err)
		}
		if slices.ContainsFunc(register.Diff(old, org.Register.Description), func(d register.Difference) bool { return d.Widens }) {
			return true, nil
		}
	}
	return false, nil
}

// askBatch is how many consents are looked at between two bookmarks. Cut short,
// a run looks at no more than that again, and an open question is not put twice.
const askBatch = 200

// StepAsking goes on with a run by one batch. A version that is in force no more
// ends it: the next one has a run of its own.
func (s *Consents) StepAsking(ctx context.Context, run *AskRun) error {
	org, err := s.Parties.ByID(ctx, run.Org)
	if err != nil {
		return err
	}
	if org.Register == nil || org.Register.Version != run.Version {
		run.Ended = s.Now()
		return s.AskRuns.SaveAskRun(ctx, run)
	}
	list, err := s.Store.Consents(ctx, Filter{Org: org.ID, Standing: true, After: run.After, Limit: askBatch, Now: s.Now()})
	if err != nil {
		return err
	}
	registers := map[int]*register.Register{}
	for i := range list {
		c := &list[i]
		if err := s.askOne(ctx, org, c, registers, run); err != nil {
			return err
		}
		run.After = c.ID
		run.Seen++
	}
	if len(list) < askBatch {
		run.Ended = s.Now()
	}
	return s.AskRuns.SaveAskRun(ctx, run)
}

func (s *Consents) askOne(ctx context.Context, org *party.Organization, c *Consent, registers map[int]*register.Register, run *AskRun) error {
	now := s.Now()
	if st := c.StatusAt(now); st != Active && st != Paused || c.Register == run.Version {
		return nil
	}
	was := registers[c.Register]
	if was == nil {
		var err error
		if was, err = s.registerOf(ctx, org, c.Register); err != nil {
			return err
		}
		registers[c.Register] = was
	}
	ask, wider := c.again(was, org.Register)
	if !wider {
		return nil
	}
	_, created, err := s.Ask(ctx, org, org, &NewRequest{Subject: org.Outside(c.Subject), Ask: ask, Actor: ByRegister})
	switch k := fault.KindOf(err); {
	case err == nil && created:
		run.Asked++
	case err == nil:
	case k == fault.Conflict || k == fault.NotFound || k == fault.Invalid:
		run.Skipped++
	default:
		return err
	}
	return nil
}

// again is the question that a consent has to be asked anew: all that it is to
// and what the description has added since to the same purposes. It reports
// whether that is anything.
func (c *Consent) again(was, is *register.Register) (Asked, bool) {
	a := Asked{Terms: Terms{Categories: slices.Clone(c.Terms.Categories)}, Until: c.Until, Replaces: c.ID}
	t := &a.Terms
	t.PublicSources = c.Scopes&PublicSources != 0
	if c.Scopes&Transfer != 0 {
		t.ThirdParties = slices.Clone(c.Terms.ThirdParties)
	}
	if c.Scopes&CrossBorder != 0 {
		t.Countries = slices.Clone(c.Terms.Countries)
	}
	wider := false
	for _, id := range c.Terms.Purposes {
		p, old := is.Purpose(id), was.Purpose(id)
		if p == nil || old == nil || !p.Basis.Consent() {
			continue
		}
		t.Purposes = append(t.Purposes, id)
		for _, x := range []struct {
			to      *[]string
			is, was []string
		}{
			{&t.Categories, p.Categories, old.Categories}, {&t.ThirdParties, bins(p), bins(old)}, {&t.Countries, p.CrossBorder, old.CrossBorder},
		} {
			fresh := missing(missing(x.is, x.was), *x.to)
			wider = wider || len(fresh) > 0
			*x.to = append(*x.to, fresh...)
		}
		if p.Public && !old.Public && !t.PublicSources {
			t.PublicSources, wider = true, true
		}
		actions, more := p.GrownSince(c.Register)
		wider = wider || more || len(actions) > 0
	}
	t.prune(is)
	for _, l := range t.of() {
		*l = sorted(*l)
	}
	return a, wider && len(t.Purposes) > 0
}

func bins(p *register.Entry) []string {
	out := make([]string, len(p.Recipients))
	for i := range p.Recipients {
		out[i] = p.Recipients[i].BIN
	}
	return out
}

// Difference is what a question asks for beyond a consent that stands.
type Difference struct {
	Consent ident.ID // that stands
	Part             // what is new; Scopes has PublicSources where publication is
	Actions []NewAction
	Renamed []string // purposes that go by another name than then
	More    bool     // a purpose became marketing, or takes data that is not depersonalised
}

// NewAction is something that the operator wants to do for a purpose besides.
type NewAction struct {
	Purpose string
	Action  register.Action
}

// Empty reports whether nothing is new.
func (d *Difference) Empty() bool {
	return d == nil || d.empty() && len(d.Actions) == 0 && len(d.Renamed) == 0 && !d.More
}

// Difference compares a question with the consent that it would take the place
// of: the one it is asked again for, else the newest to one of its purposes. Nil
// where there is none.
func (s *Consents) Difference(ctx context.Context, r *Request) (*Difference, error) {
	c, err := s.standing(ctx, r)
	if err != nil || c == nil {
		return nil, err
	}
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return nil, err
	}
	is, err := s.registerOf(ctx, org, r.Register)
	if err != nil {
		return nil, err
	}
	was, err := s.registerOf(ctx, org, c.Register)
	if err != nil {
		return nil, err
	}
	d := &Difference{Consent: c.ID}
	asks, has := r.Ask.of(), c.Terms.of()
	for i, l := range d.lists() {
		*l.list = missing(*asks[i], *has[i])
	}
	if r.Ask.PublicSources && c.Scopes&PublicSources == 0 {
		d.Scopes |= PublicSources
	}
	for _, id := range r.Ask.Purposes {
		p, old := is.Purpose(id), was.Purpose(id)
		if p == nil || old == nil || !c.Terms.Covers(id) {
			continue
		}
		if p.Name != old.Name {
			d.Renamed = append(d.Renamed, id)
		}
		actions, more := p.GrownSince(c.Register)
		d.More = d.More || more
		for _, a := range actions {
			d.Actions = append(d.Actions, NewAction{id, a})
		}
	}
	return d, nil
}

// standing is the consent that a question is compared with.
func (s *Consents) standing(ctx context.Context, r *Request) (*Consent, error) {
	if id := r.Ask.Replaces; !id.IsZero() {
		c, err := s.Store.Consent(ctx, id)
		if err == nil && c.Subject != r.Subject {
			err = fault.New(fault.NotFound, "consent-unknown")
		}
		return c, err
	}
	list, err := s.Store.Consents(ctx, Filter{Subject: r.Subject, Org: r.Org, Standing: true, Now: s.Now(), Limit: 200})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if slices.ContainsFunc(r.Ask.Purposes, list[i].Terms.Covers) {
			return &list[i], nil
		}
	}
	return nil, nil
}
