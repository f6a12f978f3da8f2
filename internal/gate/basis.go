package gate

import (
	"kelisim/internal/consent"
	"kelisim/internal/law"
	"kelisim/internal/register"
)

// border: nothing goes where a law forbids it (Art. 16(4)). A ground of
// Art. 16(3) opens the border without consent to the crossing; the transfer
// itself needs its basis all the same.
func (h *hearing) border() {
	if !h.abroad() {
		return
	}
	if h.Countries.Forbids(h.Country, h.Categories, h.Now) {
		h.d.add(law.CountryForbidden)
	}
	if h.crossing == "" {
		return
	}
	g, ok := h.Edition.Ground(h.crossing)
	switch {
	case !ok || !g.CrossBorder || !g.Allows(h.Action.String()):
		h.d.add(law.GroundNotYours)
	case g.Document && h.crossingPaper == "":
		h.d.add(law.GroundUndocumented)
	default:
		h.crossed = true
	}
}

// unprotected: to a state that does not ensure protection nothing goes but on a
// ground of Art. 16(3).
func (h *hearing) unprotected() bool {
	return h.abroad() && !h.crossed && !h.Countries.Protects(h.Country, h.Now)
}

// basis: consent, or a ground without it (Art. 7(1), 9).
func (h *hearing) basis() {
	switch p := h.purpose; {
	case h.ground != "":
		h.onGround(h.ground, h.groundPaper)
	case p == nil:
	case !p.Basis.Consent():
		h.onGround(law.Provision(p.Basis.Provision), p.Basis.Document)
	default:
		h.onConsent()
	}
}

// onGround: open to this organization, for this action and purpose, with its
// document, and no further than it reaches.
func (h *hearing) onGround(at law.Provision, document string) {
	g, ok := h.Edition.Ground(at)
	switch {
	case !ok || g.CrossBorder || g.Outside || !h.hasGround(&g) || !g.Allows(h.Action.String()):
		h.d.add(law.GroundNotYours)
	case h.purpose != nil && h.purpose.Marketing && contains(g.NotFor, "marketing"):
		h.d.add(law.GroundNotYours)
	case g.Document && document == "" || g.Link && !isLink(document):
		h.d.add(law.GroundUndocumented)
	case g.Depersonalise && h.Action != register.Depersonalise:
		h.d.add(law.NotDepersonalised)
	case g.Business && !h.business():
		h.d.add(law.CategoryNotBusiness)
	case g.ReachBack > 0 && !h.reaches(g.ReachBack):
	case h.unprotected():
		h.d.add(law.CountryUnprotected)
	default:
		h.d.Ground = at
		h.d.add(law.ByGround)
	}
}

// hasGround: a ground is the asker's, or, in a transfer, the operator's who
// answers on it.
func (h *hearing) hasGround(g *law.Ground) bool {
	return open(g, h.Asker) || h.Recipient != "" && open(g, h.Register)
}

func open(g *law.Ground, r *register.Register) bool {
	if r == nil {
		return false
	}
	o := &r.Description.Organization
	return g.OpenTo(law.Sector(o.Sector), o.Kinds)
}

// isLink: a source that others can follow, not a remark that there is one.
func isLink(s string) bool {
	for _, scheme := range [...]string{"https://", "http://"} {
		if len(s) > len(scheme) && s[:len(scheme)] == scheme {
			return true
		}
	}
	return false
}

// business: all that is asked for concerns the entrepreneur's business
// (Art. 9(9-3)).
func (h *hearing) business() bool {
	for _, id := range h.Categories {
		if c, _ := h.Register.Category(id); !c.Business {
			return false
		}
	}
	return true
}

// reaches: the ground counts from the date of its document back for so many
// years (Art. 9(9-4)). How old the data is must be known: from what was
// collected here, or as the asker states.
func (h *hearing) reaches(years int) bool {
	oldest := h.Since
	for i := range h.Collected {
		if c := &h.Collected[i]; contains(h.Categories, c.Category) && (oldest.IsZero() || c.At.Before(oldest)) {
			oldest = c.At
		}
	}
	if h.Dated.IsZero() || h.Dated.After(h.Now) || oldest.IsZero() && reads(h.Action) {
		h.d.add(law.GroundUndocumented)
		return false
	}
	if !oldest.IsZero() && oldest.Before(h.Dated.AddDate(-years, 0, 0)) {
		h.d.add(law.GroundTooFarBack)
		return false
	}
	return true
}

// recipient: each third party is named before (Art. 7(6), 8(4)4); a ground that
// was claimed names its own.
func (h *hearing) recipient() {
	if h.ground == "" && h.purpose != nil && h.Recipient != "" && h.purpose.Recipient(h.Recipient) == nil {
		h.d.add(law.NotCoveredRecipient)
	}
}

// onConsent finds a consent that covers the request whole; failing that, the
// reason why the nearest one does not.
func (h *hearing) onConsent() {
	best, at := law.NoConsent, -1
	for i := range h.Consents {
		c := &h.Consents[i]
		why := h.covers(c)
		if why == law.ByConsent {
			h.d.Consent = c.ID
			h.d.add(law.ByConsent)
			return
		}
		if r := rank(why); r > at {
			best, at = why, r
		}
	}
	h.d.add(best)
	if best == law.NotCoveredCountry && h.unprotected() {
		h.d.add(law.CountryUnprotected)
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
func (h *hearing) covers(c *consent.Consent) law.ReasonCode {
	forPurpose := c.Terms.Covers(h.Purpose)
	switch c.StatusAt(h.Now) {
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
	for _, id := range h.Categories {
		if !contains(c.Terms.Categories, id) {
			return law.NotCoveredCategory
		}
	}
	if h.purpose != nil && h.purpose.Grown(c.Register, h.Action) { // the subject was shown a narrower purpose
		return law.NotCoveredPurpose
	}
	return h.onward(c)
}

func only(ok bool, c law.ReasonCode) law.ReasonCode {
	if ok {
		return c
	}
	return law.NoConsent
}

// onward: transfer, cross-border transfer and publication each need to be
// agreed to (Art. 7(3), 7(6), 16(3)1), and each can have been taken back.
func (h *hearing) onward(c *consent.Consent) law.ReasonCode {
	t := c.Terms
	if h.Recipient != "" || h.Action == register.Transfer {
		if c.Scopes&consent.Transfer == 0 || !contains(t.ThirdParties, h.Recipient) {
			return law.NotCoveredRecipient
		}
	}
	if h.abroad() && !h.crossed {
		if c.Scopes&consent.CrossBorder == 0 || !contains(t.Countries, h.Country) {
			return law.NotCoveredCountry
		}
	}
	if h.Action == register.Disseminate && (c.Scopes&consent.PublicSources == 0 || !t.PublicSources) {
		return law.NotCoveredPublication
	}
	return law.ByConsent
}

// owe finds what a permit obliges to.
func (h *hearing) owe() {
	if g, ok := h.Edition.Ground(h.d.Ground); ok && g.TellsInitiator {
		h.d.Owed |= TellInitiator
	}
	if h.purpose == nil || !h.purpose.NotifyTransfer || h.Recipient == "" || h.purpose.Research {
		return
	}
	if t, ok := h.Edition.Term(TransferNotice); ok && !h.exempt(&t.Exempt) {
		h.d.Owed |= TellTransfer
	}
}

// TransferNotice is the key of the term in which a transfer is told.
const TransferNotice = "transfer-notice"

// exempt: recipients of which the subject need not be told (Art. 19(2)).
func (h *hearing) exempt(e *law.Exempt) bool {
	if h.Asker != nil && h.Asker != h.Register {
		o := &h.Asker.Description.Organization
		return e.Covers(law.Sector(o.Sector), o.Kinds)
	}
	r := h.purpose.Recipient(h.Recipient)
	return r != nil && e.Covers("", r.Kinds)
}
