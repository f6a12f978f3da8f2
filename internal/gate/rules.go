package gate

import (
	"slices"
	"time"

	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// scope: a base that the register marks as outside the force of the Law is not
// judged by it, once its ground is one that the organization has (Art. 3(3)).
func (h *hearing) scope() bool {
	if h.base == nil || h.base.Outside.Consent() { // the zero value: nothing marked
		return false
	}
	if h.Holding == party.Destroyed {
		h.d.add(law.DataDestroyed)
		return true
	}
	at := law.Provision(h.base.Outside.Provision)
	g, ok := h.Edition.Ground(at)
	if !ok || !g.Outside || !open(&g, h.Register) {
		h.d.add(law.GroundNotYours)
		return true
	}
	h.d.Ground = at
	h.d.add(law.ByGround)
	return true
}

// ownData: the subject sees what is held, free of charge, whatever else holds
// (Art. 24(1)1, 25(2)9); nothing is left to see once it is destroyed.
func (h *hearing) ownData() bool {
	if !h.OwnData {
		return false
	}
	if h.Holding == party.Destroyed {
		h.d.add(law.DataDestroyed)
		return true
	}
	h.d.add(law.OwnData)
	return true
}

// obligations: whoever does not take on what the Law asks, or cannot ensure it,
// gets no access (Art. 10(1)); an organization without a description has
// declared nothing. To block, to lift a block and to destroy stay its duties while
// it is suspended: what is lifted then serves for nothing but to be destroyed.
func (h *hearing) obligations() bool {
	if h.Register != nil && (h.Action == register.Block || h.Action == register.Unblock || h.Action == register.Destroy) {
		return false
	}
	if h.Suspended || h.AskerSuspended || h.Register == nil {
		h.d.add(law.OrganizationSuspended)
		return true
	}
	if h.Register.Description.Organization.Obligations != "" ||
		h.Asker != nil && h.Asker.Description.Organization.Obligations != "" {
		h.d.add(law.ObligationsRefused)
		return true
	}
	return false
}

// integration: a base that exchanges data with state systems is integrated with
// the state service, unless it is used on a ground that is exempt (Art. 8-1(1)).
func (h *hearing) integration() {
	if h.base == nil || !h.base.TouchesState || h.base.Integration != "" {
		return
	}
	at := h.ground
	if at == "" && h.purpose != nil {
		at = law.Provision(h.purpose.Basis.Provision)
	}
	if g, ok := h.Edition.Ground(at); !ok || !g.IntegrationExempt {
		h.d.add(law.IntegrationMissing)
	}
}

// holding: destroyed data is gone (Art. 1(6)); blocked data is only stored, until
// the block is lifted (Art. 1(3)).
func (h *hearing) holding() {
	switch h.Holding {
	case party.Destroyed:
		h.d.add(law.DataDestroyed)
	case party.Blocked:
		if h.Action != register.Unblock && h.Action != register.Block && h.Action != register.Store {
			h.d.add(law.DataBlocked)
		}
	}
}

// protective actions are duties of the operator: they need neither purpose nor
// consent (Art. 18, 25(2)8), and a missing integration is no excuse.
func (h *hearing) protective() bool {
	if h.Action != register.Block && h.Action != register.Unblock && h.Action != register.Destroy {
		return false
	}
	if h.Holding != party.Destroyed && (h.Holding != party.Blocked || h.Action != register.Destroy) {
		h.d.n = 0
		h.d.add(law.Protective)
	}
	return true
}

// retention: when the term of storage has ended the data is only destroyed
// (Art. 12(2), 18(1)). To collect anew begins a term.
func (h *hearing) retention() {
	if len(h.Over) == 0 || h.Action == register.Collect || h.Action == register.Accumulate {
		return
	}
	if len(h.Categories) == 0 || meet(h.Over, h.Categories) {
		h.d.add(law.RetentionOver)
	}
}

// death: for the data of a dead or missing person consent no longer answers, nor
// what the operator declared; a law must, and be named (Art. 7(2)).
func (h *hearing) death() {
	if h.Subject == party.Alive {
		return
	}
	if g, ok := h.Edition.Ground(h.ground); !ok || !g.Document {
		h.d.add(law.SubjectDeceased)
	}
}

// declared: only for purposes that were declared before and are in force
// (Art. 7(8), 14). A claimed ground may stand without a purpose of the register.
func (h *hearing) declared() {
	p := h.purpose
	switch {
	case p == nil && (h.Purpose != "" || h.ground == ""):
		h.d.add(law.PurposeUndeclared)
	case h.base == nil && h.Base != "":
		h.d.add(law.PurposeUndeclared)
	case p != nil && h.Base != "" && h.Base != p.Base:
		h.d.add(law.PurposeUndeclared)
	case p != nil && !p.InForce(h.Now):
		h.d.add(law.PurposeNotInForce)
	}
}

// action: only by declared actions (Art. 14); a claimed ground brings its own.
func (h *hearing) action() {
	if p := h.purpose; p != nil && !p.Allows(h.Action) && h.ground == "" {
		h.d.add(law.ActionUndeclared)
	}
}

// amount: nothing beyond what the purpose needs (Art. 7(9), 12(1)).
func (h *hearing) amount() {
	if h.purpose == nil {
		return
	}
	for _, id := range h.Categories {
		if _, needed := h.purpose.Category(id); !needed {
			h.d.add(law.CategoryExcessive)
			return
		}
	}
}

// special categories and biometrics only where the register has them on a ground
// (policy 5.9).
func (h *hearing) special() {
	for _, id := range h.Categories {
		c, _ := h.Register.Category(id)
		if c.Class != register.Special && c.Class != register.Biometric {
			continue
		}
		onGround := h.ground != "" && h.Register.OnGround(id)
		if h.purpose != nil {
			_, needed := h.purpose.Category(id)
			onGround = needed && (h.ground != "" || !h.purpose.Basis.Consent())
		}
		if !onGround {
			h.d.add(law.SpecialCategory)
			return
		}
	}
}

// merging: data of one base goes to a purpose of another only where all that it
// is held for there goes with that purpose (policy 6.3).
func (h *hearing) merging() {
	if h.FromBase == "" || h.purpose == nil || h.FromBase == h.purpose.Base {
		return
	}
	if h.Register.Base(h.FromBase) == nil || !h.Register.Merges(h.FromBase, h.Categories, h.purpose) {
		h.d.add(law.IncompatibleBase)
	}
}

// location: the base lies in Kazakhstan (Art. 12(2)).
func (h *hearing) location() {
	if h.base != nil && h.base.Country != register.Home {
		h.d.add(law.BaseAbroad)
	}
}

// undertaking: a person of the staff learns restricted data only under an
// undertaking of confidentiality (Art. 11(2)).
func (h *hearing) undertaking() {
	if !h.Person || h.Undertaken || h.Asker == nil || !h.Asker.Description.Organization.Undertakings {
		return
	}
	for _, id := range h.Categories {
		if c, known := h.Register.Category(id); !known || c.Access != register.Public {
			h.d.add(law.NoUndertaking)
			return
		}
	}
	if len(h.Categories) == 0 {
		h.d.add(law.NoUndertaking)
	}
}

// research gets only depersonalised data (Art. 17(1)).
func (h *hearing) research() {
	if h.purpose == nil || !h.purpose.Research || h.Action == register.Depersonalise {
		return
	}
	for _, id := range h.Categories {
		if c, _ := h.purpose.Category(id); !c.Depersonalised() {
			h.d.add(law.NotDepersonalised)
			return
		}
	}
}

// compatibility: what was collected for one purpose serves another only with a
// consent to that one, or where the two go together (Art. 7(8)). Grounds that
// were claimed are the Law's own exceptions.
func (h *hearing) compatibility() {
	if h.purpose == nil || h.ground != "" || h.purpose.Basis.Consent() {
		return
	}
	for i := range h.Collected {
		c := &h.Collected[i]
		if c.Purpose != "" && contains(h.Categories, c.Category) && !h.purpose.Fits(c.Purpose) {
			h.d.add(law.IncompatiblePurpose)
			return
		}
	}
}

// dissemination: not where it touches somebody else's lawful interests
// (Art. 15(1)).
func (h *hearing) dissemination() {
	if h.Action == register.Disseminate && h.HurtsOther {
		h.d.add(law.NotCoveredOthers)
	}
}

// ban: what the subject has forbidden is not done, but in the interest of the
// state or the public (policy 10.7).
func (h *hearing) ban() {
	if len(h.Bans) == 0 {
		return
	}
	if g, ok := h.Edition.Ground(h.d.Ground); ok && g.OverBans {
		return
	}
	for i := range h.Bans {
		if b := &h.Bans[i]; b.holds(h.Now) && b.forbids(&h.Request) {
			h.d.add(law.NotCoveredBan)
			return
		}
	}
}

func (b *Ban) holds(now time.Time) bool {
	return !now.Before(b.At) && (b.Lifted.IsZero() || now.Before(b.Lifted))
}

func (b *Ban) forbids(r *Request) bool {
	return (len(b.Actions) == 0 || slices.Contains(b.Actions, r.Action)) &&
		(len(b.Categories) == 0 || meet(b.Categories, r.Categories)) &&
		(len(b.Purposes) == 0 || contains(b.Purposes, r.Purpose)) &&
		(len(b.Recipients) == 0 || contains(b.Recipients, r.Recipient))
}
