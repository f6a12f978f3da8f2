package gate

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/register"
)

// Step is what one rule did with a request, for a person who asks why.
type Step struct {
	Rule   Rule
	Said   Said
	Codes  []law.ReasonCode // that the rule gave
	Looked []Look           // the facts that it looked at
}

// Said is how a rule ended.
type Said string

// What a rule can say.
const (
	Passed   Said = "passed"  // nothing to object
	Refused  Said = "refused" // it speaks against
	Permits  Said = "permits" // the request rests on it
	NotAsked Said = "not-asked"
)

// Look is one fact that a rule looked at. Name is the key of its text; Value is
// an id, a date or a code, or the key of a text where Word is set.
type Look struct {
	Name  string
	Value string
	Word  bool
}

// Explain tells what each rule looked at and said. The decision is that of
// Decide: the rules are the same.
func Explain(f *Facts) ([]Step, Decision) {
	h := hear(f)
	var all Decision
	steps := make([]Step, 0, ruleCount)
	for r, ended := Rule(0), false; r < ruleCount; r++ {
		if ended {
			steps = append(steps, Step{Rule: r, Said: NotAsked})
			continue
		}
		h.d = Decision{Consent: all.Consent, Ground: all.Ground} // what this rule says, apart
		ended = h.judge(r)
		if r == RuleProtective && h.d.n > 0 {
			all.n = 0 // a duty stands above what was said before
		}
		s := Step{Rule: r, Said: Passed, Codes: slices.Clone(h.d.Codes()), Looked: h.looked(r)}
		for _, c := range s.Codes {
			if s.Said = Refused; c.Permits() {
				s.Said = Permits
			}
			all.add(c)
		}
		all.Consent, all.Ground = h.d.Consent, h.d.Ground
		steps = append(steps, s)
	}
	h.d = all
	return steps, h.verdict()
}

// Provisions are those that a rule can rest on in an edition, each once, in the
// order of its reasons.
func (r Rule) Provisions(ed *law.Edition) []law.Provision {
	var all []law.Provision
	for _, c := range ruleCodes[r] {
		for _, p := range ed.Reason(c).Provisions {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// Codes are the reasons that the rule can give.
func (r Rule) Codes() []law.ReasonCode { return ruleCodes[r] }

// TextKey is the key of what the rule asks, in package locale.
func (r Rule) TextKey() string { return "rule." + ruleNames[r] }

// Rules are all rules in the order in which they are asked.
func Rules() []Rule {
	all := make([]Rule, ruleCount)
	for r := range ruleCount {
		all[r] = r
	}
	return all
}

var ruleNames = [ruleCount]string{
	RuleScope: "scope", RuleOwnData: "own-data", RuleObligations: "obligations", RuleIntegration: "integration",
	RuleHolding: "holding", RuleProtective: "protective", RuleRetention: "retention", RuleDeath: "death",
	RulePurpose: "purpose", RuleAction: "action", RuleAmount: "amount", RuleSpecial: "special", RuleMerging: "merging",
	RuleLocation: "location", RuleUndertaking: "undertaking", RuleResearch: "research", RuleCrossing: "crossing",
	RuleBasis: "basis", RuleRecipient: "recipient", RuleCompatibility: "compatibility",
	RuleDissemination: "dissemination", RuleBan: "ban",
}

// ruleCodes are the reasons that each rule can give; a test compares them with
// what the rules do.
var ruleCodes = [ruleCount][]law.ReasonCode{
	RuleScope:       {law.ByGround, law.GroundNotYours, law.DataDestroyed},
	RuleOwnData:     {law.OwnData, law.DataDestroyed},
	RuleObligations: {law.ObligationsRefused, law.OrganizationSuspended},
	RuleIntegration: {law.IntegrationMissing},
	RuleHolding:     {law.DataBlocked, law.DataDestroyed},
	RuleProtective:  {law.Protective},
	RuleRetention:   {law.RetentionOver},
	RuleDeath:       {law.SubjectDeceased},
	RulePurpose:     {law.PurposeUndeclared, law.PurposeNotInForce},
	RuleAction:      {law.ActionUndeclared},
	RuleAmount:      {law.CategoryExcessive},
	RuleSpecial:     {law.SpecialCategory},
	RuleMerging:     {law.IncompatibleBase},
	RuleLocation:    {law.BaseAbroad},
	RuleUndertaking: {law.NoUndertaking},
	RuleResearch:    {law.NotDepersonalised},
	RuleCrossing:    {law.CountryForbidden, law.GroundNotYours, law.GroundUndocumented},
	RuleBasis: {
		law.ByConsent, law.ByGround, law.NoConsent, law.ConsentExpired, law.ConsentWithdrawn, law.ConsentPaused,
		law.NotCoveredPurpose, law.NotCoveredCategory, law.NotCoveredRecipient, law.NotCoveredCountry, law.NotCoveredPublication,
		law.GroundNotYours, law.GroundTooFarBack, law.GroundUndocumented, law.NotDepersonalised, law.CategoryNotBusiness, law.CountryUnprotected,
	},
	RuleRecipient:     {law.NotCoveredRecipient},
	RuleCompatibility: {law.IncompatiblePurpose},
	RuleDissemination: {law.NotCoveredOthers},
	RuleBan:           {law.NotCoveredBan},
}

// looked lists the facts that a rule asks for, as they are.
func (h *hearing) looked(r Rule) []Look {
	var l looks
	switch r {
	case RuleScope:
		l.id("base", h.baseID())
		if h.base != nil {
			l.id("outside", h.base.Outside.Provision)
		}
	case RuleOwnData:
		l.yes("own-data", h.OwnData)
	case RuleObligations:
		l.yes("described", h.Register != nil)
		l.yes("suspended", h.Suspended || h.AskerSuspended)
		if h.Register != nil {
			l.word("obligations", "value.obligations."+orElse(h.Register.Description.Organization.Obligations, register.Accepted))
		}
	case RuleIntegration:
		if h.base != nil {
			l.yes("touches-state", h.base.TouchesState)
			l.id("integration", h.base.Integration)
		}
	case RuleHolding:
		l.word("holding", "value.holding."+h.Holding)
	case RuleProtective, RuleAction:
		l.word("action", "action."+h.Action.String())
	case RuleRetention:
		l.ids("over", h.Over)
	case RuleDeath:
		l.word("subject", "value.subject."+h.Subject)
	case RulePurpose:
		l.id("purpose", h.Purpose)
		l.yes("declared", h.purpose != nil)
		l.id("base", h.baseID())
		if h.purpose != nil {
			l.yes("in-force", h.purpose.InForce(h.Now))
		}
	default:
		h.lookedFurther(r, &l)
	}
	return l
}

func (h *hearing) lookedFurther(r Rule, l *looks) {
	switch r {
	case RuleAmount:
		l.ids("categories", h.Categories)
		if h.purpose != nil {
			l.ids("needed", h.purpose.Categories)
		}
	case RuleSpecial:
		for _, id := range h.Categories {
			if c, known := h.Register.Category(id); known && c.Class != register.Ordinary {
				l.word("class", "class."+c.Class)
			}
		}
	case RuleMerging:
		l.id("from-base", h.FromBase)
	case RuleLocation:
		if h.base != nil {
			l.id("base-country", h.base.Country)
		}
	case RuleUndertaking:
		l.yes("person", h.Person)
		if h.Asker != nil {
			l.yes("undertakings-here", h.Asker.Description.Organization.Undertakings)
		}
		l.yes("undertaken", h.Undertaken)
	case RuleResearch:
		l.yes("research", h.purpose != nil && h.purpose.Research)
	case RuleCrossing:
		l.id("country", h.Country)
		l.id("crossing", string(h.crossing))
		if h.abroad() {
			l.yes("protects", h.Countries.Protects(h.Country, h.Now))
			l.yes("forbidden", h.Countries.Forbids(h.Country, h.Categories, h.Now))
		}
	case RuleBasis:
		h.lookedAtBasis(l)
	case RuleRecipient:
		l.id("recipient", h.Recipient)
		if h.purpose != nil && h.Recipient != "" {
			l.yes("named", h.purpose.Recipient(h.Recipient) != nil)
		}
	case RuleCompatibility:
		for _, c := range h.Collected {
			l.id("collected-for", c.Category+": "+c.Purpose)
		}
	case RuleDissemination:
		l.yes("hurts-others", h.HurtsOther)
	case RuleBan:
		l.id("bans", strconv.Itoa(len(h.Bans)))
	}
}

func (h *hearing) lookedAtBasis(l *looks) {
	at, paper := h.ground, h.groundPaper
	if at == "" && h.purpose != nil {
		at, paper = law.Provision(h.purpose.Basis.Provision), h.purpose.Basis.Document
	}
	if at != "" {
		l.id("ground", string(at))
		l.yes("document", paper != "")
		if g, ok := h.Edition.Ground(at); ok {
			l.yes("ground-open", h.hasGround(&g))
			l.yes("ground-action", g.Allows(h.Action.String()))
		}
		if !h.Dated.IsZero() {
			l.id("dated", h.Dated.Format(time.DateOnly))
		}
		return
	}
	if len(h.Consents) == 0 {
		l.word("consents", "value.none")
	}
	for i := range h.Consents {
		c := &h.Consents[i]
		l.id("consent", consentName(c.ID))
		l.word("consent-says", h.Edition.Reason(h.covers(c)).TextKey)
	}
}

func (h *hearing) baseID() string {
	if h.base != nil {
		return h.base.ID
	}
	return h.Base
}

// looks is a list of facts on its way; what is empty was not there to look at.
type looks []Look

func (l *looks) id(name, value string) {
	if value != "" {
		*l = append(*l, Look{Name: "fact." + name, Value: value})
	}
}

func (l *looks) ids(name string, values []string) { l.id(name, strings.Join(values, ", ")) }

func (l *looks) word(name, key string) {
	*l = append(*l, Look{Name: "fact." + name, Value: key, Word: true})
}

func (l *looks) yes(name string, is bool) {
	if is {
		l.word(name, "value.yes")
		return
	}
	l.word(name, "value.no")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// consentName is the id of a consent, or the name that a case gave it.
func consentName(id ident.ID) string {
	if id[6]>>4 == 7 { // a UUIDv7
		return id.String()
	}
	return CaseConsentName(id)
}
