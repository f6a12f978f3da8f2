package law

import "strings"

// ReasonCode is why a decision is what it is. The zero code is none, so that an
// array of codes that is not full needs no length.
//
// The numbers live in memory only and may move between releases. What is kept
// and answered is the String.
type ReasonCode uint8

// The reasons of a refusal.
const (
	_ ReasonCode = iota
	NoConsent
	ConsentExpired
	ConsentWithdrawn
	ConsentPaused
	NotCovered // where none of the next says it better
	NotCoveredPurpose
	NotCoveredCategory
	NotCoveredRecipient
	NotCoveredCountry
	NotCoveredPublication
	NotCoveredBan    // the subject's own ban
	NotCoveredOthers // publication that hurts somebody else
	PurposeUndeclared
	PurposeNotInForce
	CategoryExcessive
	CategoryNotBusiness // beyond what a ground for business data opens
	ActionUndeclared
	SpecialCategory
	DataBlocked
	DataDestroyed
	SubjectDeceased
	RetentionOver
	GroundNotYours
	GroundTooFarBack
	GroundUndocumented
	BaseAbroad
	CountryUnprotected
	CountryForbidden
	NotDepersonalised
	NoUndertaking
	OrganizationSuspended
	ObligationsRefused // or not ensured
	IntegrationMissing
	IncompatiblePurpose
	IncompatibleBase

	// The reasons of a permit.

	ByConsent  // the subject's consent
	ByGround   // a ground without consent; the decision names the ground's own provision
	OwnData    // the subject looks at own data
	Protective // block, unblock or destroy, done because the Law makes it a duty

	reasonCount
)

// reasonNames are the codes with what a consent does not cover after the dot.
var reasonNames = [reasonCount]string{
	NoConsent:             "no-consent",
	ConsentExpired:        "consent-expired",
	ConsentWithdrawn:      "consent-withdrawn",
	ConsentPaused:         "consent-paused",
	NotCovered:            "not-covered",
	NotCoveredPurpose:     "not-covered.purpose",
	NotCoveredCategory:    "not-covered.category",
	NotCoveredRecipient:   "not-covered.recipient",
	NotCoveredCountry:     "not-covered.country",
	NotCoveredPublication: "not-covered.publication",
	NotCoveredBan:         "not-covered.ban",
	NotCoveredOthers:      "not-covered.others",
	PurposeUndeclared:     "purpose-undeclared",
	PurposeNotInForce:     "purpose-undeclared.time",
	CategoryExcessive:     "category-excessive",
	CategoryNotBusiness:   "category-excessive.business",
	ActionUndeclared:      "action-undeclared",
	SpecialCategory:       "special-category",
	DataBlocked:           "data-blocked",
	DataDestroyed:         "data-destroyed",
	SubjectDeceased:       "subject-deceased",
	RetentionOver:         "retention-over",
	GroundNotYours:        "ground-not-yours",
	GroundTooFarBack:      "ground-not-yours.reach",
	GroundUndocumented:    "ground-undocumented",
	BaseAbroad:            "base-abroad",
	CountryUnprotected:    "country-unprotected",
	CountryForbidden:      "country-forbidden",
	NotDepersonalised:     "not-depersonalised",
	NoUndertaking:         "no-undertaking",
	OrganizationSuspended: "organization-suspended",
	ObligationsRefused:    "organization-suspended.obligations",
	IntegrationMissing:    "organization-suspended.integration",
	IncompatiblePurpose:   "incompatible-purpose",
	IncompatibleBase:      "incompatible-purpose.base",
	ByConsent:             "consent",
	ByGround:              "ground",
	OwnData:               "own-data",
	Protective:            "protective",
}

// String is the public code, such as "not-covered"; empty for none.
func (c ReasonCode) String() string {
	code, _ := c.split()
	return code
}

// Permits reports whether c is a reason of a permit.
func (c ReasonCode) Permits() bool { return c >= ByConsent && c < reasonCount }

func (c ReasonCode) split() (code, variant string) {
	if c >= reasonCount {
		return "", ""
	}
	code, variant, _ = strings.Cut(reasonNames[c], ".")
	return code, variant
}

// Reason is what a decision with a code rests on.
type Reason struct {
	Code       ReasonCode
	Variant    string      // what a consent does not cover: "category"; mostly empty
	Provisions []Provision // not to be changed; for ByGround the decision names the ground's own
	TextKey    string      // of the text in package locale; with ".hint": what would make it a yes
}
