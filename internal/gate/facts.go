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
	Over      []string           // categories whose term of storage has ended
	Collected []Collected        // what the data was collected for; only where a ground may ask
	Consents  []consent.Consent  // of the subject to that organization
	Bans      []Ban              // that the subject has set
	Countries party.Countries

	Request
	Asker          *register.Register // who asks: the same organization, or a third party
	AskerSuspended bool
	Undertaken     bool // an undertaking of the person who acts is on file
}

// Request is what somebody wants to do.
type Request struct {
	Base       string
	FromBase   string // where the data is taken from, if it is another base
	Action     register.Action
	Purpose    string
	Categories []string
	Ground     law.Provision // claimed instead of consent
	Document   string        // that shows the ground
	Dated      time.Time     // the document; for grounds that reach back from it
	Since      time.Time     // the oldest of what is asked for; zero: see Collected
	Crossing   law.Provision // claimed instead of consent to the crossing of the border
	Permission string        // the document that shows it
	Recipient  string        // BIN
	Country    string        // of the recipient; empty: Kazakhstan
	OwnData    bool          // the subject looks at own data
	Person     bool          // a person of the asker's staff acts, not a system
	Instead    bool          // a destruction is to leave depersonalised data where the register has it so
	HurtsOther bool          // publication would touch somebody else's lawful interests
}

// abroad reports whether the border is crossed.
func (r *Request) abroad() bool {
	return r.Country != "" && r.Country != register.Home || r.Action == register.CrossBorder
}

// Collected is what a value of a category was collected for, and when.
type Collected struct {
	Category string
	Purpose  string
	At       time.Time
}

// Ban is what the subject does not want done (policy 10.7). An empty list means
// all of its kind. It names ids of the register and no data.
type Ban struct {
	ID         ident.ID          `json:"id"`
	At         time.Time         `json:"at"`
	Lifted     time.Time         `json:"lifted,omitzero"` // kept, so that an earlier decision can be explained
	Actions    []register.Action `json:"actions,omitempty"`
	Categories []string          `json:"categories,omitempty"`
	Purposes   []string          `json:"purposes,omitempty"`
	Recipients []string          `json:"recipients,omitempty"`
}

// meet reports whether two lists have something in common.
func meet(a, b []string) bool {
	for _, v := range a {
		if contains(b, v) {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
