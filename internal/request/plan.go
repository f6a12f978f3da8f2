package request

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/publish"
	"kelisim/internal/register"
	"kelisim/internal/vault"
)

// Base is where data of subjects lies: the vault. Systems of the operator's own
// come behind the same question.
type Base interface {
	// Find says what is held of a subject, without a value of it.
	Find(ctx context.Context, org *party.Organization, subject ident.ID) (*Found, error)
}

// Found is what is held of a subject.
type Found struct {
	State string // active, blocked, destroyed
	Held  []Held
}

// Held is one category that is held.
type Held struct {
	Category string
	Purpose  string    // that the newest version was collected for
	At       time.Time // when that was
	Since    time.Time // when the first was
	Versions int
}

// Vault is the base that is here.
type Vault struct {
	Store interface {
		Values(ctx context.Context, subject, org ident.ID) ([]vault.Value, error)
	}
	Parties *party.Parties
}

// Find counts what is in the vault. The values stay sealed.
func (v *Vault) Find(ctx context.Context, org *party.Organization, subject ident.ID) (*Found, error) {
	h, err := v.Parties.Store.Holding(ctx, subject, org.ID)
	if err != nil {
		return nil, err
	}
	all, err := v.Store.Values(ctx, subject, org.ID)
	if err != nil {
		return nil, err
	}
	out := &Found{State: h.State}
	for _, x := range vault.Latest(all) {
		held := Held{Category: x.Category, Purpose: x.Purpose, At: x.At, Since: x.At}
		for i := range all {
			if all[i].Category == x.Category {
				held.Versions++
				if all[i].At.Before(held.Since) {
					held.Since = all[i].At
				}
			}
		}
		out.Held = append(out.Held, held)
	}
	return out, nil
}

func (f *Found) held(category string) (Held, bool) {
	i := slices.IndexFunc(f.Held, func(h Held) bool { return h.Category == category })
	if i < 0 {
		return Held{}, false
	}
	return f.Held[i], true
}

func (f *Found) categories() []string {
	out := make([]string, len(f.Held))
	for i, h := range f.Held {
		out[i] = h.Category
	}
	return out
}

// Plan is what is going to be done: it is made anew for each preview, and kept
// as it was confirmed.
type Plan struct {
	Found       []string `json:"found"`              // categories
	State       string   `json:"state"`              // of the holding
	Acts        []Act    `json:"acts"`               // in this order
	Kept        []Kept   `json:"kept"`               // what has to stay
	Destroys    bool     `json:"destroys,omitempty"` // something that does not come back
	Lacking     []string `json:"lacking,omitempty"`  // codes of what has to be said before it can be done
	Leaves      bool     `json:"leaves,omitempty"`   // a destruction could leave depersonalised data instead
	consents    []consent.Consent
	foundDetail *Found
}

// Act is one thing to do.
type Act struct {
	Do          string            `json:"do"` // change, supplement, block, unblock, destroy, depersonalise, withdraw, ban, stop, remove
	Purpose     string            `json:"purpose,omitempty"`
	Categories  []string          `json:"categories,omitempty"`
	Provision   law.Provision     `json:"provision,omitempty"` // of a destruction
	Consent     ident.ID          `json:"consent,omitzero"`
	Scopes      []string          `json:"scopes,omitempty"`
	Publication ident.ID          `json:"publication,omitzero"`
	Actions     []register.Action `json:"actions,omitempty"`  // of a ban
	Purposes    []string          `json:"purposes,omitempty"` // of a ban
}

// Fulfilment is what the staff says when it confirms.
type Fulfilment struct {
	Values map[string]json.RawMessage `json:"values,omitempty"` // correct, supplement: read from the documents
	// Instead destroys what cannot be corrected (Art. 25(2)8), or depersonalises what
	// was to be destroyed, where the purpose and the edition let it.
	Instead string `json:"instead,omitempty"` // destroy, depersonalise
	// Answer is written in place of the one that was drafted.
	Answer string `json:"answer,omitempty"`
	Cost   string `json:"cost,omitempty"` // public-removal: operator, court
}

// Instead of a correction that is impossible, and of a destruction.
const (
	insteadDestroy       = "destroy"
	insteadDepersonalise = "depersonalise"
)

// instead is what may be done in place of a demand.
var instead = map[Kind]string{Correct: insteadDestroy, Destroy: insteadDepersonalise}

// Who bears the cost of a removal from public sources (Art. 6).
const (
	costOperator = "operator"
	costCourt    = "court" // it is disputed after a withdrawal: the court decides
)

func (f *Fulfilment) check(k Kind, reg *register.Register) error {
	switch {
	case len(f.Answer) > maxText:
		return fault.Bad("answer", "too-long", "max", maxText)
	case f.Instead != "" && f.Instead != instead[k]:
		return fault.Bad("instead", "bad-enum", "allowed", cmp.Or(instead[k], "–"))
	case f.Cost != "" && (k != PublicRemoval || f.Cost != costOperator && f.Cost != costCourt):
		return fault.Bad("cost", "bad-enum", "allowed", costOperator+", "+costCourt)
	case len(f.Values) > 0 && k != Correct && k != Supplement:
		return fault.Bad("values", "values-unexpected")
	case len(f.Values) > maxList:
		return fault.Bad("values", "too-many-items", "max", maxList)
	}
	for c := range f.Values {
		if _, ok := reg.Category(c); !ok {
			return fault.Bad("values", "category-absent")
		}
	}
	return nil
}

// plan finds what is held and works out what has to be done. It writes nothing.
func (s *Requests) plan(ctx context.Context, org *party.Organization, r *Request, b *Body, in *Fulfilment) (*Plan, error) {
	confirmed := in != nil
	if in == nil {
		in = &Fulfilment{}
	}
	found, err := s.Base.Find(ctx, org, r.Subject)
	if err != nil {
		return nil, err
	}
	all, err := s.Store.Consents(ctx, consent.Filter{Subject: r.Subject, Org: org.ID})
	if err != nil {
		return nil, err
	}
	p := &Plan{Found: found.categories(), State: found.State, Acts: []Act{}, Kept: []Kept{}, foundDetail: found, consents: all}
	var public []publish.Publication
	if ofPublic(r.Kind) {
		if public, err = s.Publications.List(ctx, publish.Filter{Subject: r.Subject, Org: org.ID}); err != nil {
			return nil, err
		}
	}
	w := planner{Plan: p, reg: org.Register, now: s.Now(), created: r.Created, b: b, in: in, right: r.Right(org, b), edition: org.Edition(s.Now()), public: public, confirmed: confirmed}
	w.make(r.Kind)
	return p, nil
}

// Right is the provision that the demand rests on, in the edition of its term.
func (r *Request) Right(org *party.Organization, b *Body) law.Provision {
	e, ok := law.ByID(r.Term.Edition)
	if !ok {
		e = org.Edition(r.Created)
	}
	x, _ := e.Request(b.key(r.Kind))
	return x.Right
}

// planner works out the acts of one demand.
type planner struct {
	*Plan
	reg     *register.Register
	now     time.Time
	created time.Time // of the demand
	b       *Body
	in      *Fulfilment
	right   law.Provision
	edition *law.Edition
	public  []publish.Publication
	// confirmed: somebody of the staff has judged the demand.
	confirmed bool
}

func (w *planner) make(k Kind) {
	switch k {
	case Confirm, Copy:
	case Complaint:
		if w.in.Answer == "" {
			w.Lacking = append(w.Lacking, "answer")
		}
	case Correct:
		if w.in.Instead == insteadDestroy {
			w.destroy(w.mended())
			return
		}
		w.mend("change", register.Change)
	case Supplement:
		w.mend("supplement", register.Supplement)
	case Block:
		w.Acts = append(w.Acts, Act{Do: "block"})
	case Unblock:
		w.Acts = append(w.Acts, Act{Do: "unblock"})
	case Destroy:
		w.destroy(w.b.Details.Categories)
	case Withdraw:
		w.withdraw()
	case PublicRemoval, StopDissemination:
		w.unpublish(k)
	case Unsubscribe:
		w.unsubscribe()
	}
}

// values are how the data should be: as the staff read it from the documents,
// else as the subject wrote.
func (w *planner) values() map[string]json.RawMessage { return values(w.b, w.in) }

func values(b *Body, in *Fulfilment) map[string]json.RawMessage {
	if in != nil && len(in.Values) > 0 {
		return in.Values
	}
	return b.Details.Values
}

// mended are the categories to be corrected.
func (w *planner) mended() []string {
	out := slices.Clone(w.b.Details.Categories)
	for c := range w.values() {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// mend changes or supplements, each category for a purpose that may.
func (w *planner) mend(do string, action register.Action) {
	vals := w.values()
	if len(vals) == 0 {
		w.Lacking = append(w.Lacking, "values")
		return
	}
	byPurpose := map[string][]string{}
	var order []string
	for _, c := range w.mended() {
		if _, ok := vals[c]; !ok {
			continue
		}
		if h, held := w.foundDetail.held(c); held && do == "supplement" && !h.Since.Before(w.created) {
			continue // it was, before something else stood in the way
		}
		p := w.purposeFor(c, action)
		if byPurpose[p] == nil {
			order = append(order, p)
		}
		byPurpose[p] = append(byPurpose[p], c)
	}
	slices.Sort(order)
	for _, p := range order {
		w.Acts = append(w.Acts, Act{Do: do, Purpose: p, Categories: byPurpose[p]})
	}
}

// purposeFor picks the purpose that a category is mended for: the one it was
// collected for, else another that may; where none may, the gate says why.
func (w *planner) purposeFor(category string, action register.Action) string {
	h, _ := w.foundDetail.held(category)
	first := ""
	for i := range w.reg.Description.Purposes {
		id := w.reg.Description.Purposes[i].ID
		p := w.reg.Purpose(id)
		if _, needs := p.Category(category); !needs || !p.Allows(action) || !p.InForce(w.now) || !w.based(p, category) {
			continue
		}
		if id == h.Purpose {
			return id
		}
		if first == "" {
			first = id
		}
	}
	if first == "" {
		return h.Purpose
	}
	return first
}

// based reports whether a purpose rests on a ground, or a consent in force.
func (w *planner) based(p *register.Entry, category string) bool {
	return !p.Basis.Consent() || slices.ContainsFunc(w.consents, func(c consent.Consent) bool {
		return c.StatusAt(w.now) == consent.Active && c.Terms.Covers(p.ID) && slices.Contains(c.Terms.Categories, category)
	})
}

// destroy leaves what a law keeps, readable for the purposes of that law alone,
// and destroys the rest. No categories are all.
func (w *planner) destroy(categories []string) {
	if w.State == "destroyed" {
		return
	}
	var drop, kept []string
	for _, h := range w.foundDetail.Held {
		if len(categories) > 0 && !slices.Contains(categories, h.Category) {
			continue
		}
		if k, ok := w.keeper(h); ok {
			w.keep(k, h)
			kept = append(kept, h.Category)
		} else {
			drop = append(drop, h.Category)
			w.Leaves = w.Leaves || w.leaves(h)
		}
	}
	do := insteadDestroy
	if w.in.Instead == insteadDepersonalise {
		do = insteadDepersonalise
	}
	if w.State == "blocked" { // blocked data is not destroyed as it is: see Art. 1(3)
		w.Acts = append(w.Acts, Act{Do: "unblock"})
	}
	switch {
	case len(kept) == 0 && len(categories) == 0:
		w.Acts = append(w.Acts, Act{Do: do, Provision: w.right})
		w.Destroys = true
		return
	case len(drop) > 0:
		w.Acts = append(w.Acts, Act{Do: do, Categories: drop, Provision: w.right})
		w.Destroys = true
	}
	if len(categories) == 0 { // with all of it the consents end by themselves
		w.take(nil, w.open(consent.AllScopes, func(*consent.Consent) bool { return true }))
	}
	if len(kept) > 0 {
		w.lock(kept)
	}
}

// leaves reports whether a demand to destroy may leave something of a category,
// tied to nobody. What was collected without consent leaves nothing.
func (w *planner) leaves(h Held) bool {
	x, ok := w.edition.Ending(law.EndByDemand)
	p := w.reg.Purpose(h.Purpose)
	return ok && p != nil && (p.Research || !x.Research) && len(p.Depersonalise.Take([]string{h.Category})) > 0 && w.b.Details.Cause != Unconsented
}

// keeper is the purpose that a law keeps a category for the longest.
func (w *planner) keeper(h Held) (out Kept, ok bool) {
	for i := range w.reg.Description.Purposes {
		p := w.reg.Purpose(w.reg.Description.Purposes[i].ID)
		if _, needs := p.Category(h.Category); !needs || p.Basis.Consent() || !p.InForce(w.now) || !p.Fits(h.Purpose) || !w.grounded(p) {
			continue
		}
		if until := p.Retention.Add(h.At); until.After(w.now) && until.After(out.Until) {
			out, ok = Kept{Provision: law.Provision(p.Basis.Provision), Purpose: p.ID, Until: until}, true
		}
	}
	return out, ok
}

// grounded reports whether the ground of a purpose is one that the organization
// has.
func (w *planner) grounded(p *register.Entry) bool {
	g, ok := w.edition.Ground(law.Provision(p.Basis.Provision))
	o := &w.reg.Description.Organization
	return ok && g.OpenTo(law.Sector(o.Sector), o.Kinds)
}

func (w *planner) keep(k Kept, h Held) {
	for i := range w.Kept {
		if w.Kept[i].Purpose == k.Purpose && w.Kept[i].Until.Equal(k.Until) {
			w.Kept[i].Categories = append(w.Kept[i].Categories, h.Category)
			return
		}
	}
	k.Categories = []string{h.Category}
	w.Kept = append(w.Kept, k)
}

// lock forbids what is kept to every purpose but those that keep it.
func (w *planner) lock(kept []string) {
	var others []string
	for i := range w.reg.Description.Purposes {
		p := &w.reg.Description.Purposes[i]
		keeps := slices.ContainsFunc(w.Kept, func(k Kept) bool { return k.Purpose == p.ID })
		if !keeps && slices.ContainsFunc(p.Categories, func(c string) bool { return slices.Contains(kept, c) }) {
			others = append(others, p.ID)
		}
	}
	if len(others) > 0 {
		w.Acts = append(w.Acts, Act{Do: "ban", Categories: kept, Purposes: others})
	}
}

// open lists the consents of which something is left to take back.
func (w *planner) open(scopes consent.Scope, want func(c *consent.Consent) bool) []*consent.Consent {
	var out []*consent.Consent
	for i := range w.consents {
		c := &w.consents[i]
		if s := c.StatusAt(w.now); (s == consent.Active || s == consent.Paused) && c.Scopes&scopes != 0 && want(c) {
			out = append(out, c)
		}
	}
	return out
}

func (w *planner) take(scopes []string, list []*consent.Consent) {
	for _, c := range list {
		w.Acts = append(w.Acts, Act{Do: "withdraw", Consent: c.ID, Scopes: scopes, Categories: c.Terms.Categories, Purposes: c.Terms.Purposes})
	}
}

func (w *planner) withdraw() {
	d := &w.b.Details
	scopes, err := consent.ParseScopes(d.Scopes)
	if err != nil {
		scopes = consent.AllScopes
	}
	w.take(d.Scopes, w.open(scopes, func(c *consent.Consent) bool {
		if !d.Consent.IsZero() {
			return c.ID == d.Consent
		}
		return len(d.Categories) == 0 || slices.ContainsFunc(d.Categories, func(x string) bool { return slices.Contains(c.Terms.Categories, x) })
	}))
}

// unsubscribe takes back what was agreed for advertising alone; where a consent
// is to more than that, the rest of it stays and the advertising is forbidden.
func (w *planner) unsubscribe() {
	var marketing []string
	for i := range w.reg.Description.Purposes {
		if p := &w.reg.Description.Purposes[i]; p.Marketing {
			marketing = append(marketing, p.ID)
		}
	}
	if len(marketing) == 0 {
		return
	}
	is := func(id string) bool { return slices.Contains(marketing, id) }
	other := func(id string) bool { return !is(id) }
	w.take(nil, w.open(consent.AllScopes, func(c *consent.Consent) bool { return !slices.ContainsFunc(c.Terms.Purposes, other) }))
	mixed := w.open(consent.AllScopes, func(c *consent.Consent) bool {
		return slices.ContainsFunc(c.Terms.Purposes, is) && slices.ContainsFunc(c.Terms.Purposes, other)
	})
	if len(mixed) > 0 {
		w.Acts = append(w.Acts, Act{Do: "ban", Purposes: marketing})
	}
}

// sameBan reports whether a ban in force is the one that an act sets.
func (a *Act) sameBan(b *gate.Ban) bool {
	return slices.Equal(a.Actions, b.Actions) && slices.Equal(a.Categories, b.Categories) && slices.Equal(a.Purposes, b.Purposes) &&
		len(b.Recipients) == 0
}
