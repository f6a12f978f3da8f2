// Package gate is the only way to a subject's data. Decide is the Law as a pure
// function: facts in, a decision with its provisions out. Guard loads the
// facts, decides, lands the journal entry under the condition that the facts
// still hold, and only then acts and answers. An error anywhere is a refusal.
package gate

import (
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// Facts are all that a decision may rest on.
type Facts struct {
	Now     time.Time
	Edition *law.Edition

	Register  *register.Register // of the organization that holds the data
	Suspended bool               // that organization
	Subject   string             // party.Alive …
	Holding   string             // party.Held …
	DestroyAt time.Time          // when retention ends; zero: not set
	Consents  []consent.Consent  // of the subject to that organization
	Countries Countries

	Request
	Asker *register.Register // who asks: the same organization, or a third party
}

// Request is what somebody wants to do.
type Request struct {
	Base       string
	Action     register.Action
	Purpose    string
	Categories []string
	Ground     law.Provision // claimed instead of consent
	Document   string        // that shows the ground
	Recipient  string        // BIN
	Country    string        // of the recipient; empty: Kazakhstan
	OwnData    bool          // the subject looks at own data
}

// Countries is what the administrator set about foreign states (Art. 16). None
// is assumed to protect.
type Countries struct {
	Protecting map[string]bool
	Forbidden  map[string]bool
}

// Decision is the outcome with every reason that spoke. It is a value without
// pointers into the heap, so that deciding allocates nothing.
type Decision struct {
	Permit  bool
	Consent ident.ID      // that permits
	Ground  law.Provision // that permits
	codes   [8]law.ReasonCode
	n       int
}

// Codes lists the reasons, the weightiest first.
func (d *Decision) Codes() []law.ReasonCode { return d.codes[:d.n] }

// add notes a reason, once.
func (d *Decision) add(c law.ReasonCode) {
	for _, have := range d.codes[:d.n] {
		if have == c {
			return
		}
	}
	if d.n < len(d.codes) {
		d.codes[d.n] = c
		d.n++
	}
}

// Decide judges one request. It reads as the Law does: who may act at all, whose
// data it is and in what state, for what, how much, where to, and on what basis.
// A refusal carries every reason that spoke; a permit the one it rests on.
func Decide(f *Facts) Decision {
	var d Decision
	if f.OwnData {
		return ownData(f)
	}
	if f.Suspended || f.Register == nil { // Art. 10(1), 20
		d.add(law.OrganizationSuspended)
		return d
	}
	state(f, &d)
	if protective(f.Action) {
		if d.n == 0 {
			d.Permit = true
			d.add(law.Protective)
		}
		return d
	}
	if f.Subject != party.Alive { // Art. 7(2)
		d.add(law.SubjectDeceased)
	}
	p := f.Register.Purpose(f.Purpose)
	declared(f, p, &d)
	amount(f, p, &d)
	location(f, p, &d)
	research(f, p, &d)
	basis(f, p, &d)
	d.Permit = d.n == 1 && d.codes[0].Permits()
	if !d.Permit {
		d.refuse()
	}
	return d
}

// refuse drops what would have permitted: a refusal names only what speaks
// against.
func (d *Decision) refuse() {
	kept := 0
	for _, c := range d.codes[:d.n] {
		if !c.Permits() {
			d.codes[kept] = c
			kept++
		}
	}
	d.n, d.Consent, d.Ground = kept, ident.ID{}, ""
}

// ownData: the subject sees what is held, free of charge, whatever else holds
// (Art. 24(1)1, 25(2)9); nothing is left to see once it is destroyed.
func ownData(f *Facts) Decision {
	var d Decision
	if f.Holding == party.Destroyed {
		d.add(law.DataDestroyed)
		return d
	}
	d.Permit = true
	d.add(law.OwnData)
	return d
}

// protective actions are duties of the operator: they need neither purpose nor
// consent (Art. 18, 25(2)8).
func protective(a register.Action) bool {
	return a == register.Block || a == register.Unblock || a == register.Destroy
}

// state: destroyed data is gone (Art. 1(6)); blocked data is only stored, until
// the block is lifted (Art. 1(3)).
func state(f *Facts, d *Decision) {
	switch f.Holding {
	case party.Destroyed:
		d.add(law.DataDestroyed)
	case party.Blocked:
		if f.Action != register.Unblock && f.Action != register.Block && f.Action != register.Store {
			d.add(law.DataBlocked)
		}
	}
}

// declared: only for purposes and by actions that were declared before
// (Art. 7(8), 14). A claimed ground may stand without a purpose of the register.
func declared(f *Facts, p *register.Entry, d *Decision) {
	switch {
	case p == nil && (f.Purpose != "" || f.Ground == ""):
		d.add(law.PurposeUndeclared)
	case p != nil && f.Base != "" && f.Base != p.Base:
		d.add(law.PurposeUndeclared)
	case p != nil && !p.Allows(f.Action) && f.Ground == "":
		d.add(law.ActionUndeclared)
	}
}

// amount: nothing beyond what the purpose needs (Art. 7(9), 12(1)), and special
// categories only where the purpose declares them on a ground (policy 5.9).
func amount(f *Facts, p *register.Entry, d *Decision) {
	excessive, special := false, false
	for _, id := range f.Categories {
		c, known := register.Category{}, false
		if p != nil {
			c, known = p.Category(id)
		}
		if !known {
			excessive = excessive || p != nil
			c, _ = f.Register.Category(id)
		}
		if c.Class == register.Special || c.Class == register.Biometric {
			special = special || !known || p.Basis.Consent()
		}
	}
	if excessive {
		d.add(law.CategoryExcessive)
	}
	if special {
		d.add(law.SpecialCategory)
	}
}

// location: the base lies in Kazakhstan (Art. 12(2)); a transfer abroad goes
// nowhere that is forbidden (Art. 16(4)).
func location(f *Facts, p *register.Entry, d *Decision) {
	base := f.Register.Base(f.Base)
	if base == nil && p != nil {
		base = p.In
	}
	if base == nil && f.Base != "" {
		d.add(law.PurposeUndeclared)
	}
	if base != nil && base.Country != register.Home {
		d.add(law.BaseAbroad)
	}
	if f.abroad() && f.Countries.Forbidden[f.Country] {
		d.add(law.CountryForbidden)
	}
}

func (r *Request) abroad() bool { return r.Country != "" && r.Country != register.Home }

// research gets only depersonalised data (Art. 17(1)).
func research(f *Facts, p *register.Entry, d *Decision) {
	if p == nil || !p.Research || f.Action == register.Depersonalise {
		return
	}
	for _, id := range f.Categories {
		if c, _ := p.Category(id); !c.Depersonalised() {
			d.add(law.NotDepersonalised)
			return
		}
	}
}

// basis: consent, or a ground without it (Art. 7(1), 9).
func basis(f *Facts, p *register.Entry, d *Decision) {
	switch {
	case f.Ground != "":
		ground(f, f.Ground, f.Document, d)
	case p == nil:
	case !p.Basis.Consent():
		ground(f, law.Provision(p.Basis.Provision), p.Basis.Document, d)
		recipients(f, p, d)
		if f.abroad() && !f.Countries.Protecting[f.Country] {
			d.add(law.CountryUnprotected)
		}
	default:
		byConsent(f, p, d)
	}
}

// ground: open to this organization, for this action, with its document. The
// grounds of Art. 16(3) stand in for consent to the crossing of the border
// alone and permit nothing by themselves.
func ground(f *Facts, at law.Provision, document string, d *Decision) {
	g, ok := f.Edition.Ground(at)
	if !ok || g.CrossBorder || !(open(g, f.Asker) || f.Recipient != "" && open(g, f.Register)) || !g.Allows(f.Action.String()) {
		d.add(law.GroundNotYours)
		return
	}
	if g.Document && document == "" {
		d.add(law.GroundUndocumented)
		return
	}
	if g.Depersonalise && f.Action != register.Depersonalise {
		d.add(law.NotDepersonalised)
		return
	}
	if f.Ground != "" && f.abroad() && !f.Countries.Protecting[f.Country] {
		d.add(law.CountryUnprotected)
		return
	}
	d.Ground = at
	d.add(law.ByGround)
}

func open(g law.Ground, r *register.Register) bool {
	if r == nil {
		return false
	}
	o := &r.Description.Organization
	return g.OpenTo(law.Sector(o.Sector), o.Kinds)
}

// recipients: each third party is named before (Art. 7(6), 8(4)4).
func recipients(f *Facts, p *register.Entry, d *Decision) {
	if f.Recipient != "" && p.Recipient(f.Recipient) == nil {
		d.add(law.NotCoveredRecipient)
	}
}

// byConsent finds a consent that covers the request whole; failing that, the
// reason why the nearest one does not.
func byConsent(f *Facts, p *register.Entry, d *Decision) {
	recipients(f, p, d)
	best, at := law.NoConsent, -1
	for i := range f.Consents {
		c := &f.Consents[i]
		why := covers(f, c)
		if why == law.ByConsent {
			d.Consent = c.ID
			d.add(law.ByConsent)
			return
		}
		if r := rank(why); r > at {
			best, at = why, r
		}
	}
	d.add(best)
	if best == law.NotCoveredCountry && !f.Countries.Protecting[f.Country] {
		d.add(law.CountryUnprotected)
	}
}

// rank orders the reasons why consents fall short: what is nearest to a yes is
// told. No two are alike, so the order of consents does not matter.
func rank(c law.ReasonCode) int {
	switch c {
	case law.NotCoveredPublication:
		return 8
	case law.NotCoveredCountry:
		return 7
	case law.NotCoveredRecipient:
		return 6
	case law.NotCoveredCategory:
		return 5
	case law.ConsentPaused:
		return 4
	case law.ConsentWithdrawn:
		return 3
	case law.ConsentExpired:
		return 2
	case law.NotCoveredPurpose:
		return 1
	default:
		return 0
	}
}

// covers says whether one consent permits the request, or the first reason why
// not.
func covers(f *Facts, c *consent.Consent) law.ReasonCode {
	forPurpose := c.Terms.Covers(f.Purpose)
	switch c.StatusAt(f.Now) {
	case consent.Active:
	case consent.Paused:
		return only(forPurpose, law.ConsentPaused)
	case consent.Withdrawn:
		return only(forPurpose, law.ConsentWithdrawn)
	case consent.Expired:
		return only(forPurpose, law.ConsentExpired)
	default:
		return law.NoConsent
	}
	if !forPurpose {
		return law.NotCoveredPurpose
	}
	if c.Scopes&consent.Process == 0 {
		return law.ConsentWithdrawn
	}
	for _, id := range f.Categories {
		if !contains(c.Terms.Categories, id) {
			return law.NotCoveredCategory
		}
	}
	return onward(f, c)
}

func only(ok bool, c law.ReasonCode) law.ReasonCode {
	if ok {
		return c
	}
	return law.NoConsent
}

// onward: transfer, cross-border transfer and publication each need to be
// agreed to (Art. 7(3), 7(6), 16(3)1), and each can have been taken back.
func onward(f *Facts, c *consent.Consent) law.ReasonCode {
	t := c.Terms
	if f.Recipient != "" || f.Action == register.Transfer {
		if c.Scopes&consent.Transfer == 0 || !contains(t.ThirdParties, f.Recipient) {
			return law.NotCoveredRecipient
		}
	}
	if f.abroad() || f.Action == register.CrossBorder {
		if c.Scopes&consent.CrossBorder == 0 || !contains(t.Countries, f.Country) {
			return law.NotCoveredCountry
		}
	}
	if f.Action == register.Disseminate && (c.Scopes&consent.PublicSources == 0 || !t.PublicSources) {
		return law.NotCoveredPublication
	}
	return law.ByConsent
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
