package register

import (
	"encoding/json"

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
	// Edition is the edition of the Law that the organization goes ahead to,
	// before the installation follows it; empty for the installation's.
	Edition string  `json:"edition,omitempty"`
	Contact Contact `json:"contact,omitzero"`
	Officer Officer `json:"officer,omitzero"`
	Website string  `json:"website,omitempty"`
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
	Basis       Basis         `json:"basis"`
}

// Recipient is a third party that data is handed to.
type Recipient struct {
	BIN     string        `json:"bin"`
	Name    locale.String `json:"name"`
	Country string        `json:"country"`
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
