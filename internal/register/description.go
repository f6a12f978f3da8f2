package register

import (
	"encoding/json"

	"kelisim/internal/depersonal"
	"kelisim/internal/locale"
)

// Description is what one organization declares about itself: which systems
// hold personal data, which data it needs, for which purposes, and what it does
// with it. Its form in YAML and JSON is public (the keys are those of the json
// tags). What Parse returns is checked and in canonical order; it is not
// changed afterwards.
type Description struct {
	Organization Organization `json:"organization"`
	Bases        []Base       `json:"bases,omitempty"`
	Categories   []Category   `json:"categories,omitempty"`
	Purposes     []Purpose    `json:"purposes,omitempty"`
	Policy       Policy       `json:"policy,omitzero"`
	Mail         Mail         `json:"mail,omitzero"`
}

// The roles of an organization.
const (
	RoleOwner            = "owner"
	RoleOperator         = "operator"
	RoleThirdParty       = "third-party"
	RoleAuthority        = "authority"
	RoleTechnicalService = "technical-service"
)

// Why an organization does not answer for its obligations.
const (
	Accepted = "accepted"
	Refused  = "refused"
	Unable   = "unable"
)

// The sectors of an organization, and the kinds of a base. Data in state
// systems goes through the state service (Art. 8-1).
const (
	Private  = "private"
	NonState = "non-state"
	State    = "state"
)

// Organization is who declares.
type Organization struct {
	BIN    string        `json:"bin"`
	Name   locale.String `json:"name"`
	Roles  []string      `json:"roles"`
	Sector string        `json:"sector"` // private or state
	// Kinds are what grounds of the Law are open to: court, statistics, media
	// and so on. Mostly none.
	Kinds []string `json:"kinds,omitempty"`
	// Obligations: refused or unable where the organization does not take on, or
	// cannot ensure, what the Law asks of it; access is then denied (Art. 10(1)).
	Obligations string `json:"obligations,omitempty"`
	// Undertakings: those of the staff are on file here, and a person of the
	// organization sees restricted data only under one (Art. 11(2)). Otherwise
	// the organization keeps them elsewhere and answers for that itself.
	Undertakings bool `json:"undertakings,omitempty"`
	// SecondPerson: what a demand of a subject destroys, two people of the
	// organization agree to.
	SecondPerson bool `json:"second_person,omitempty"`
	// Edition is the edition of the Law that the organization goes ahead to,
	// before the installation follows it; empty for the installation's.
	Edition string `json:"edition,omitempty"`

	Contact Contact `json:"contact,omitzero"`
	Officer Officer `json:"officer,omitzero"`
	Website string  `json:"website,omitempty"`
	// Week is how many days of a week are worked where that is not five: terms in
	// working days are counted by it.
	Week int `json:"week,omitempty"`
}

// Contact is where subjects reach the organization.
type Contact struct {
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Address Place  `json:"address,omitzero"`
}

// Officer is the person responsible for organising processing (Art. 25(2)10).
type Officer struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Place is an address. Written as one plain text, it is the same in every
// language.
type Place struct{ locale.String }

// Where the data of a base lies.
const (
	Vault    = "vault"    // with Kelisim, sealed
	External = "external" // in a system of the organization's own
	Paper    = "paper"
)

// Base is a system that holds personal data (Art. 1(8)).
type Base struct {
	ID       string        `json:"id"`
	Name     locale.String `json:"name"`
	Kind     string        `json:"kind"`    // non-state or state
	Country  string        `json:"country"` // ISO 3166-1 alpha-2
	Location Place         `json:"location,omitzero"`
	Holds    string        `json:"holds"` // vault, external or paper
	// TouchesState: the base exchanges data with state systems, and has to be
	// integrated with the state service (Art. 8-1(1)); Integration is the
	// document that shows it is.
	TouchesState bool   `json:"touches_state,omitempty"`
	Integration  string `json:"integration,omitempty"`
	// Outside: what the base holds lies outside the force of the Law (Art. 3(3)).
	Outside Basis `json:"outside,omitzero"`
}

// Home is the country where bases lie (Art. 12(2)) and the one that a transfer
// leaves to be cross-border (Art. 16(1)).
const Home = "KZ"

// Purpose is a concrete use that data is collected for (Art. 7(8), 14) with
// everything that may be done for it: what is not here is not allowed.
type Purpose struct {
	ID          string        `json:"id"`
	Name        locale.String `json:"name"`
	Base        string        `json:"base"`
	Categories  []string      `json:"categories"` // necessary and sufficient (Art. 25(2)1)
	Actions     []Action      `json:"actions"`
	Retention   Period        `json:"retention,omitzero"` // after the purpose is reached or the consent ends
	Recipients  []Recipient   `json:"recipients,omitempty"`
	CrossBorder []string      `json:"cross_border,omitempty"`
	Public      bool          `json:"public,omitempty"`
	Research    bool          `json:"research,omitempty"`
	Marketing   bool          `json:"marketing,omitempty"`
	// NotifyTransfer: the terms with the subject provide that a transfer to a
	// third party is told (Art. 19(1)).
	NotifyTransfer bool `json:"notify_transfer,omitempty"`
	// Compatible are other purposes: what was collected for them may be used for
	// this one too where it needs no consent, and bases of such purposes may be
	// brought together (Art. 7(8), policy 6.3).
	Compatible []string `json:"compatible,omitempty"`
	// Depersonalise is what is taken over, tied to nobody, when data of the purpose
	// ends; without it all is destroyed (policy 6.7).
	Depersonalise depersonal.Rule `json:"depersonalise,omitzero"`
	// AskAgain is how long a subject who refused is not asked again.
	AskAgain Period `json:"ask_again,omitzero"`
	// Evidence is the least that confirms a consent to the purpose: ByCode or
	// BySignature; empty for any.
	Evidence string `json:"evidence,omitempty"`
	// From and Until bound the days on which the purpose is in force.
	From  Date  `json:"from,omitzero"`
	Until Date  `json:"until,omitzero"`
	Basis Basis `json:"basis"`
}

// What a purpose may demand as evidence of a consent, the lesser first.
const (
	AnyEvidence = "any"
	ByCode      = "otp"       // a one-time code to a confirmed address, or more
	BySignature = "signature" // an electronic signature
)

// Recipient is a third party that data is handed to.
type Recipient struct {
	BIN     string        `json:"bin"`
	Name    locale.String `json:"name"`
	Country string        `json:"country"`
	// Kinds, where the recipient is a notary, an advocate and so on: transfers to
	// some kinds need not be told (Art. 19(2)).
	Kinds []string `json:"kinds,omitempty"`
}

// Basis is what makes a purpose lawful: the subject's consent, which is the
// zero value, or a provision of the Law with the document that shows it applies.
type Basis struct {
	Provision string `json:"provision"`
	Document  string `json:"document,omitempty"`
}

// Consent reports whether the purpose rests on the subject's consent.
func (b Basis) Consent() bool { return b == Basis{} }

// MarshalJSON writes "consent" or the provision with its document.
func (b Basis) MarshalJSON() ([]byte, error) {
	if b.Consent() {
		return []byte(`"consent"`), nil
	}
	type plain Basis
	return json.Marshal(plain(b))
}

// Policy is how the operator's policy is published (Art. 25(2)1-1).
type Policy struct {
	Published bool   `json:"published,omitempty"`
	Address   string `json:"address,omitempty"` // path on the operator's site
	Effective Date   `json:"effective,omitzero"`
}

// The demands that a letter with a set subject line makes.
const (
	MailWithdraw    = "withdraw"
	MailCorrect     = "correct"
	MailUnsubscribe = "unsubscribe"
)

// Mail is the channel for subjects who write letters: the box, and the subject
// line of each demand.
type Mail struct {
	Inbox    string            `json:"inbox,omitempty"`
	Subjects map[string]string `json:"subjects,omitempty"`
}
