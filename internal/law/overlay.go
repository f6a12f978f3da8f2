package law

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"kelisim/internal/locale"
)

// ChangeKind is what an edition did to something of the edition before it.
type ChangeKind string

// The kinds of changes.
const (
	Added    ChangeKind = "added"
	Amended  ChangeKind = "amended"
	Repealed ChangeKind = "repealed"
)

// Part is what of an edition a change is of.
type Part string

// The parts of an edition.
const (
	OfProvision Part = "provision"
	OfGround    Part = "ground"
	OfTerm      Part = "term"
	OfReason    Part = "reason"
	OfSizes     Part = "sizes"
	OfServices  Part = "services"
	OfOrders    Part = "orders"
	OfRequest   Part = "request"
	OfEnding    Part = "ending"
	OfCost      Part = "cost"
)

// Change is one thing that an edition says otherwise than the one before it.
type Change struct {
	Kind      ChangeKind
	Of        Part
	Key       string    // of a term or a reason; the provision of everything else
	Provision Provision // where it stands
	Certainty Certainty
}

// Over is the edition that e lies over; nil for the first.
func (e *Edition) Over() *Edition { return e.before }

// Changes is all that e says otherwise than the edition before it; empty for the
// first. It is not to be changed.
func (e *Edition) Changes() []Change { return e.changes }

// Change is what e did to a provision: its rule, or the ground, the term or the
// table that stands there. It is empty where e left all of that as it was.
func (e *Edition) Change(p Provision) ChangeKind {
	var kind ChangeKind
	for _, c := range e.changes {
		switch {
		case c.Provision != p || c.Of == OfReason:
		case c.Of == OfProvision:
			return c.Kind
		default:
			kind = Amended
		}
	}
	return kind
}

// Changed reports whether e changes a provision.
func (e *Edition) Changed(p Provision) bool { return e.Change(p) != "" }

// over lays what a folder says over the edition before; nil where it is the first.
func (l *layer) over(before *Edition) (*Edition, error) {
	if err := l.fits(before); err != nil {
		return nil, err
	}
	e := &Edition{ID: l.ID, From: l.from, Computed: l.header.Computed, Name: l.Name, Authority: l.Authority, before: before}
	below := &Edition{}
	if before != nil {
		below = before
		e.Authority = cmp.Or(l.Authority, before.Authority)
		e.sizes, e.restrictedMovesUp = before.sizes, before.restrictedMovesUp
		e.services = before.services
	}
	for _, lay := range []func(e, below *Edition) error{l.layRules, l.layGrounds, l.layTerms, l.layReasons, l.laySizes, l.layServices, l.layOrders, l.layRequests, l.layEndings, l.layCosts} {
		if err := lay(e, below); err != nil {
			return nil, err
		}
	}
	return e, e.whole()
}

// fits reports whether the layer can lie over the edition.
func (l *layer) fits(before *Edition) error {
	switch {
	case before == nil && l.Over != "":
		return fmt.Errorf("it lies over %q, which is not there", l.Over)
	case before == nil:
		return nil
	case l.Over != before.ID:
		return fmt.Errorf("it lies over %q, and the edition before it is %q", l.Over, before.ID)
	case !l.from.After(before.From):
		return fmt.Errorf("it begins no later than %q", before.ID)
	case l.Certainty == "":
		return errors.New("it does not say how sure it is")
	}
	return nil
}

// said is one entry of a layer.
type said[V any] struct {
	value    V
	key      string
	at       Provision
	sure     Certainty
	repealed bool
}

// lay puts entries over a list of the edition before and notes in e what that
// changes. An entry that changes nothing is a mistake: a later edition says only
// what is different.
func lay[V any](e *Edition, of Part, below []V, says []said[V], key func(V) string, same func(was, is V) bool) ([]V, error) {
	all, seen := slices.Clone(below), map[string]bool{}
	for _, s := range says {
		i := slices.IndexFunc(all, func(v V) bool { return key(v) == s.key })
		change := Change{Kind: Amended, Of: of, Key: s.key, Provision: s.at, Certainty: s.sure}
		switch {
		case seen[s.key]:
			return nil, fmt.Errorf("%s %s stands here twice", of, s.key)
		case i < 0 && s.repealed:
			return nil, fmt.Errorf("%s %s is repealed, and was not there", of, s.key)
		case i < 0:
			change.Kind = Added
			all = append(all, s.value)
		case s.repealed:
			change.Kind = Repealed
			all = slices.Delete(all, i, i+1)
		case same(all[i], s.value):
			return nil, fmt.Errorf("%s %s is as it was", of, s.key)
		default:
			all[i] = s.value
		}
		seen[s.key] = true
		if e.before != nil {
			e.changes = append(e.changes, change)
		}
	}
	return all, nil
}

func (l *layer) layRules(e, below *Edition) error {
	says := make([]said[Rule], len(l.rules))
	for i, r := range l.rules {
		if told := r.Text != (locale.String{}); told == r.repealed {
			return fmt.Errorf("provision %s must have a text or be repealed, one of the two", r.ID)
		}
		if was, ok := below.Provision(r.ID); ok {
			r.Title = cmp.Or(r.Title, was.Title)
		}
		says[i] = said[Rule]{r, string(r.ID), r.ID, r.Certainty, r.repealed}
	}
	all, err := lay(e, OfProvision, below.rules, says, func(r Rule) string { return string(r.ID) }, func(was, is Rule) bool {
		return was.Text == is.Text && was.Title == is.Title
	})
	if err != nil {
		return err
	}
	e.rules = all
	e.rule = inOrder(e.rules, func(r Rule) Provision { return r.ID }, func(r Rule) Provision { return r.ID })
	for i := range e.rules { // what lies in an article bears its name
		article, _ := e.Provision(e.rules[i].ID.Article())
		e.rules[i].Title = article.Title
	}
	return nil
}

func (l *layer) layGrounds(e, below *Edition) error {
	says := make([]said[Ground], len(l.grounds))
	for i, entry := range l.grounds {
		g := entry.Ground
		g.Origin = l.origin(g.Provision, Origin{Source: entry.Source, Certainty: entry.Certainty})
		says[i] = said[Ground]{g, string(g.Provision), g.Provision, g.Certainty, entry.Repealed}
	}
	at := func(g Ground) Provision { return g.Provision }
	all, err := lay(e, OfGround, below.grounds, says, func(g Ground) string { return string(g.Provision) }, func(was, is Ground) bool {
		was.Origin = is.Origin
		return reflect.DeepEqual(was, is)
	})
	e.grounds = all
	e.ground = inOrder(e.grounds, at, at)
	return err
}

func (l *layer) layTerms(e, below *Edition) error {
	var says []said[Term]
	for _, key := range slices.Sorted(maps.Keys(l.terms)) {
		entry := l.terms[key]
		t := Term{Key: key, Provision: entry.Provision, Amount: entry.Amount, Unit: entry.Unit, Exempt: entry.Exempt, Extendable: entry.Extendable, Pausable: entry.Pausable, Owes: entry.Owes, Limit: entry.Limit, Dated: entry.Dated}
		if was, ok := below.Term(key); ok {
			t.Provision = cmp.Or(t.Provision, was.Provision)
		}
		t.Origin = l.origin(t.Provision, Origin{Source: entry.Source, Certainty: entry.Certainty})
		says = append(says, said[Term]{t, key, t.Provision, t.Certainty, entry.Repealed})
	}
	all, err := lay(e, OfTerm, below.terms, says, func(t Term) string { return t.Key }, func(was, is Term) bool {
		was.Origin = is.Origin
		return reflect.DeepEqual(was, is)
	})
	e.terms = all
	e.term = inOrder(e.terms, func(t Term) Provision { return t.Provision }, func(t Term) string { return t.Key })
	return err
}

// layReasons: the codes are the program's, so each has its provisions in every
// edition and none can be repealed.
func (l *layer) layReasons(e, below *Edition) error {
	e.reasons = below.reasons
	var says []said[Reason]
	for code := NoConsent; code < reasonCount; code++ {
		name := reasonNames[code]
		rests, ok := l.reasons[name]
		if !ok && e.before == nil {
			return fmt.Errorf("reason %s has no provisions", name)
		}
		if !ok {
			continue
		}
		delete(l.reasons, name)
		_, variant := code.split()
		r := Reason{Code: code, Variant: variant, Provisions: rests, TextKey: "reason." + name}
		o := l.origin(rests[0], Origin{})
		says = append(says, said[Reason]{r, r.TextKey, rests[0], o.Certainty, false})
		e.reasons[code] = r
	}
	for name := range l.reasons {
		return fmt.Errorf("there is no reason %s", name)
	}
	_, err := lay(e, OfReason, below.reasons[:], says, func(r Reason) string { return r.TextKey }, func(was, is Reason) bool {
		return slices.Equal(was.Provisions, is.Provisions)
	})
	return err
}

func (l *layer) laySizes(e, below *Edition) error {
	if l.sizes.Classes == nil {
		return nil
	}
	table := slices.Clone(l.sizes.Classes)
	o := l.origin(l.sizes.Provision, Origin{})
	for i := range table {
		table[i].Provision, table[i].Origin = l.sizes.Provision, o
		if last := i == len(table)-1; last != (table[i].UpTo == 0) || i > 0 && !last && table[i].UpTo <= table[i-1].UpTo {
			return fmt.Errorf("size class %s is out of order", table[i].Class)
		}
		if i > 0 {
			table[i].AtLeast = table[i-1].UpTo + 1
		}
	}
	if reflect.DeepEqual(below.sizes, table) && below.restrictedMovesUp == l.sizes.RestrictedMovesUp {
		return errors.New("the size classes are as they were")
	}
	kind := Amended
	if below.sizes == nil {
		kind = Added
	}
	e.sizes, e.restrictedMovesUp = table, l.sizes.RestrictedMovesUp
	e.changes = append(e.changes, Change{Kind: kind, Of: OfSizes, Key: string(l.sizes.Provision), Provision: l.sizes.Provision, Certainty: o.Certainty})
	return nil
}

// layServices: what the services of control over access tell by themselves.
func (l *layer) layServices(e, below *Edition) error {
	said := !reflect.DeepEqual(l.services, Services{})
	switch {
	case !said && e.before == nil:
		return errors.New("it does not say what the services tell")
	case !said:
		return nil
	case reflect.DeepEqual(l.services, below.services):
		return errors.New("the services are as they were")
	}
	e.services = l.services
	if at := l.services.State.Notice; e.before != nil {
		e.changes = append(e.changes, Change{Kind: Amended, Of: OfServices, Key: string(at), Provision: at, Certainty: l.origin(at, Origin{}).Certainty})
	}
	return nil
}

// whole reports what is missing from an edition that is put together: a rule
// whose text is not in every language, a mark that is none, and a provision
// that something rests on and that is not there.
func (e *Edition) whole() error {
	marks := []Certainty{Primary, Secondary, Code, Verified, Memory, Unknown}
	sure := func(what string, c Certainty) error {
		if !slices.Contains(marks, c) {
			return fmt.Errorf("%s: there is no mark %q", what, c)
		}
		return nil
	}
	there := func(what string, p Provision) error {
		if _, ok := e.rule[p]; !ok {
			return fmt.Errorf("%s rests on %s, which is not there", what, p)
		}
		return nil
	}
	var errs []error
	for _, r := range e.rules {
		if r.Text.KK == "" || r.Text.RU == "" || r.Text.EN == "" {
			errs = append(errs, fmt.Errorf("provision %s is not told in every language", r.ID))
		}
		errs = append(errs, sure("provision "+string(r.ID), r.Certainty), there("provision "+string(r.ID), r.ID.Article()))
	}
	for _, g := range e.grounds {
		errs = append(errs, sure("ground "+string(g.Provision), g.Certainty), there("a ground", g.Provision))
	}
	for _, t := range e.terms {
		errs = append(errs, sure("term "+t.Key, t.Certainty), there("term "+t.Key, t.Provision))
	}
	for _, r := range e.Reasons() {
		for _, p := range r.Provisions {
			errs = append(errs, there(r.TextKey, p))
		}
	}
	for _, s := range []Service{e.services.State, e.services.NonState} {
		errs = append(errs, there("a service", s.Notice), there("a service", s.Consent))
	}
	for _, o := range e.orders {
		errs = append(errs, there("order "+o.Kind, o.Provision), sure("order "+o.Kind, e.Sure(o)))
		if o.Certainty != "" && o.Certainty != Primary && o.Basis == (locale.String{}) {
			errs = append(errs, fmt.Errorf("order %s of %s is not sure, and does not say why", o.Kind, o.Source))
		}
		if _, ok := e.Term(o.Term); o.Term != "" && !ok {
			errs = append(errs, fmt.Errorf("order %s runs by the term %q, which is not there", o.Kind, o.Term))
		}
	}
	for _, r := range e.requests {
		errs = append(errs, there("request "+r.Kind, r.Right))
		if _, ok := e.Term(r.Term); !ok {
			errs = append(errs, fmt.Errorf("request %s has the term %s, which is not there", r.Kind, r.Term))
		}
	}
	for _, x := range e.endings {
		errs = append(errs, sure("ending "+x.Cause, x.Certainty), there("ending "+x.Cause, x.Ends), there("ending "+x.Cause, x.Instead))
	}
	for _, c := range e.costs {
		errs = append(errs, there("the cost of "+c.Cause, c.Provision), c.known())
	}
	for _, s := range e.sizes {
		errs = append(errs, there("size class "+s.Class, s.Provision))
	}
	return errors.Join(errs...)
}

// inOrder puts all in the order of the Law and returns the place of each key.
func inOrder[V any, K comparable](all []V, at func(V) Provision, key func(V) K) map[K]int {
	slices.SortStableFunc(all, func(a, b V) int { return at(a).Compare(at(b)) })
	places := make(map[K]int, len(all))
	for i, v := range all {
		places[key(v)] = i
	}
	return places
}
