package law

import "slices"

// Sector is who stands behind an organization. Empty is either.
type Sector string

// The sectors.
const (
	State   Sector = "state"
	Private Sector = "private"
)

// Ground is a lawful way to handle data without the subject's consent.
type Ground struct {
	Provision Provision `yaml:"provision"`
	// Sector and Kinds say whose ground it is, and stand only where the Law
	// says so. Kinds are of organizations ("court", "statistics", "media"): one
	// of them must be a kind of the one that acts or, in a transfer, of the one
	// that receives, for an operator answers a court on the court's ground.
	Sector Sector   `yaml:"sector"`
	Kinds  []string `yaml:"kinds"`
	// Actions are all that the ground allows; empty is every action.
	Actions []string `yaml:"actions"`
	// Document: the ground counts only with a document that shows it.
	Document bool `yaml:"document"`
	// TellsInitiator: the subject learns who asked for access, Art. 8-1(3).
	TellsInitiator bool `yaml:"tells-initiator"`
	// IntegrationExempt: a system that touches state systems on this ground need
	// not join the state service, Art. 8-1(1).
	IntegrationExempt bool `yaml:"integration-exempt"`
	// Depersonalise: the data must be depersonalised.
	Depersonalise bool `yaml:"depersonalise"`
	// CrossBorder: the ground only stands in for consent to a transfer to a
	// country that does not protect, Art. 16(3). The transfer itself needs its
	// consent or ground too.
	CrossBorder bool `yaml:"cross-border"`
	// ReachBack is how many years before the date of its document the ground
	// reaches; such a ground counts only with that date. Zero: not bounded.
	ReachBack int `yaml:"reach-back"`
	// Link: the document is a link to the source, Art. 7(5).
	Link bool `yaml:"link"`
	// Business: only data of entrepreneurs that concerns their business.
	Business bool `yaml:"business"`
	// Outside: not a ground under the Law but a matter that lies outside its
	// force, Art. 3(3). A base of the register is marked so.
	Outside bool `yaml:"outside"`
	// OverBans: in the interest of the state or the public, so that a ban which
	// the subject has set does not stop it, policy 10.7.
	OverBans bool `yaml:"over-bans"`
	// NotFor are traits of purposes that the ground never carries: "marketing".
	NotFor []string `yaml:"not-for"`
	// Defer: what is done on the ground may be shown to the subject later; nil
	// where it may not.
	Defer *Deferral `yaml:"defer"`

	Origin `yaml:"-"`
}

// OpenTo reports whether an organization of the sector, with the kinds, has
// this ground.
func (g Ground) OpenTo(sector Sector, kinds []string) bool {
	if g.Sector != "" && g.Sector != sector {
		return false
	}
	if len(g.Kinds) == 0 {
		return true
	}
	return slices.ContainsFunc(kinds, func(k string) bool { return slices.Contains(g.Kinds, k) })
}

// Allows reports whether the ground allows the action.
func (g Ground) Allows(action string) bool {
	return len(g.Actions) == 0 || slices.Contains(g.Actions, action)
}

// OpenToKeys are the keys of texts that say whose ground it is.
func (g Ground) OpenToKeys() []string {
	switch {
	case len(g.Kinds) > 0:
		keys := make([]string, len(g.Kinds))
		for i, k := range g.Kinds {
			keys[i] = "law.kind." + k
		}
		return keys
	case g.Sector != "":
		return []string{"law.ground.sector." + string(g.Sector)}
	default:
		return []string{"law.ground.anyone"}
	}
}

// Traits are the keys of texts that say what goes with the ground.
func (g Ground) Traits() []string {
	var keys []string
	for _, trait := range []struct {
		set bool
		key string
	}{
		{g.Document, "law.ground.document"},
		{g.Depersonalise, "law.ground.depersonalise"},
		{g.TellsInitiator, "law.ground.tells-initiator"},
		{g.IntegrationExempt, "law.ground.integration-exempt"},
		{g.CrossBorder, "law.ground.cross-border"},
		{g.Link, "law.ground.link"},
		{g.Business, "law.ground.business"},
		{g.Outside, "law.ground.outside"},
		{g.OverBans, "law.ground.over-bans"},
		{slices.Contains(g.NotFor, "marketing"), "law.ground.not-for-marketing"},
	} {
		if trait.set {
			keys = append(keys, trait.key)
		}
	}
	return keys
}

// TextKey is the key of the short name of g in package locale.
func (g Ground) TextKey() string { return "ground." + string(g.Provision) }
