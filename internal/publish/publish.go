// Package publish is the register of public sources: which data of whom was made
// public, where, since when, on which ground and by whom, and how it came out of
// there again (Art. 6, policy 5.10 to 5.15).
//
//	Publish ─▶ public ─ Demand ─▶ removing ─ Done ─▶ removed
//	              └───────────────── Done ───────────────┘
//
// To publish is an act that the gate decides: what it refuses is not written down
// as published. A demand concerns kinds of data; where it is about a part of a
// publication, that part becomes a publication of its own, so that each has one
// term and one end. What is demanded has a term of the edition that begins with
// the demand, in one write, and ends with the proof of the removal, in one write.
//
// The address of a source may tell of a person, as a profile on a site or a name
// in a query does: it lies, with all else that somebody typed, sealed under the
// subject's journal key, and is in no index, log or public page. It has to outlive
// the data in the vault: what is public is still to be taken away then.
package publish

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Kind is what sort of source it is. Art. 6 names biographical directories, phone
// and address books, public electronic resources and mass media, and leaves the
// list open.
type Kind string

// The kinds.
const (
	Site          Kind = "site"
	SocialNetwork Kind = "social-network"
	OpenData      Kind = "open-data" // put out for others to work with
	Directory     Kind = "directory"
	PhoneBook     Kind = "phone-book"
	AddressBook   Kind = "address-book"
	MassMedia     Kind = "mass-media"
	Other         Kind = "other"
)

// Kinds are all of them, in the order in which they are offered.
var Kinds = []Kind{Site, SocialNetwork, OpenData, Directory, PhoneBook, AddressBook, MassMedia, Other}

// online kinds have an address that a browser opens.
func (k Kind) online() bool { return k == Site || k == SocialNetwork || k == OpenData }

// Status is where a publication stands.
type Status string

// The statuses.
const (
	Public   Status = "public"
	Removing Status = "removing" // its removal was demanded
	Removed  Status = "removed"
)

// Statuses are all of them.
var Statuses = []Status{Public, Removing, Removed}

// Publication is some data of a subject in one source.
type Publication struct {
	ID         ident.ID
	Subject    ident.ID // internal
	Org        ident.ID
	Version    int64
	Status     Status
	Kind       Kind
	Purpose    string
	Categories []string
	// Consent that it rests on, or Ground: one of the two.
	Consent  ident.ID
	Ground   law.Provision
	Since    time.Time // when the data became public
	Recorded time.Time
	Demanded time.Time // when its removal was; zero for never
	Ended    time.Time // removed; zero before
	Term     ident.ID  // of the removal; zero where none runs
	Sealed   []byte    // Content under the subject's journal key
}

// Content is what is said of a publication. It may tell of the person.
type Content struct {
	Source   Source       `json:"source"`
	By       verify.Actor `json:"by"`
	Document string       `json:"document,omitempty"` // of the ground
	Entries  []ident.ID   `json:"entries"`            // of the journal, oldest first
	Removal  *Removal     `json:"removal,omitempty"`
}

// Source is where the data is public.
type Source struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// Removal is why and how data is taken out of a source.
type Removal struct {
	Cause     string       `json:"cause"`               // law.CostUnlawful, law.CostWithdrawn
	From      string       `json:"from"`                // whose demand it is: one of Origins
	Reference string       `json:"reference,omitempty"` // id of the demand or the order
	Bearer    string       `json:"bearer"`              // of the cost, of law.Bearers
	Provision string       `json:"provision"`           // that says so
	Disputed  string       `json:"disputed,omitempty"`  // who decides where the parties do not agree
	Judgment  string       `json:"judgment,omitempty"`  // the act of a court that said who bears the cost
	By        verify.Actor `json:"by,omitzero"`         // who took it out
	At        time.Time    `json:"at,omitzero"`
	How       string       `json:"how,omitempty"`
	Document  string       `json:"document,omitempty"` // that shows it
}

// Whose demand a removal is.
const (
	FromSubject  = "subject"  // a demand, see package request
	FromOrder    = "order"    // of a court or a state body
	FromConsent  = "consent"  // the consent that it rested on is no more
	FromOperator = "operator" // of its own will
)

// Limits of what is typed.
const (
	maxName     = 200
	maxAddress  = 500
	maxHow      = 1000
	maxDocument = 500
	maxList     = 50
)

// check refuses a source that nobody could find, or that would do harm as a link.
func (s *Source) check(k Kind) error {
	s.Name, s.Address = strings.TrimSpace(s.Name), strings.TrimSpace(s.Address)
	switch {
	case !slices.Contains(Kinds, k):
		return fault.Bad("source.kind", "bad-enum", "allowed", names(Kinds))
	case s.Name == "":
		return fault.Bad("source.name", "missing-field")
	case len(s.Name) > maxName:
		return fault.Bad("source.name", "too-long", "max", maxName)
	case !plain(s.Name):
		return fault.Bad("source.name", "publication-characters")
	case s.Address == "":
		return fault.Bad("source.address", "missing-field")
	case len(s.Address) > maxAddress:
		return fault.Bad("source.address", "too-long", "max", maxAddress)
	case !plain(s.Address):
		return fault.Bad("source.address", "publication-characters")
	case k.online() && !isLink(s.Address):
		return fault.Bad("source.address", "publication-address")
	}
	return nil
}

// Link is the address of a source where it can be opened, else empty.
func (s *Source) Link() string {
	if isLink(s.Address) {
		return s.Address
	}
	return ""
}

// isLink takes what a browser opens as a page of another site, and no address
// with a password in it.
func isLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

// plain refuses what breaks a line, is not seen or turns the rest round.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	})
}

// same reports whether two addresses lead to one place: the host and the scheme of
// a link have no case, and a slash at the end changes nothing.
func same(a, b string) bool { return canonical(a) == canonical(b) }

func canonical(s string) string {
	if !isLink(s) {
		return strings.ToLower(strings.Join(strings.Fields(s), " "))
	}
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	u.Scheme, u.Host, u.Fragment = "https", strings.ToLower(u.Host), ""
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u.String()
}

func names[S ~string](all []S) string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

// ParseStatus reads the name of a status; empty is none.
func ParseStatus(s string) (Status, error) {
	if s == "" || slices.Contains(Statuses, Status(s)) {
		return Status(s), nil
	}
	return "", fault.Bad("status", "bad-enum", "allowed", names(Statuses))
}

// Has reports whether a publication has something of the categories; none are
// all.
func (p *Publication) Has(categories []string) bool {
	return len(categories) == 0 || slices.ContainsFunc(p.Categories, func(c string) bool { return slices.Contains(categories, c) })
}

// split parts what of the categories is demanded from what stays.
func (p *Publication) split(categories []string) (gone, stay []string) {
	for _, c := range p.Categories {
		if len(categories) == 0 || slices.Contains(categories, c) {
			gone = append(gone, c)
		} else {
			stay = append(stay, c)
		}
	}
	return gone, stay
}

func place(p *Publication) []byte { return seal.Place("publication", p.Subject[:], p.Org[:], p.ID[:]) }

func (p *Publication) seal(key *seal.Key, c *Content) error {
	b, err := json.Marshal(c)
	if err == nil {
		p.Sealed = key.Seal(nil, b, place(p))
	}
	return err
}

func (p *Publication) open(key *seal.Key) (*Content, error) {
	b, err := key.Open(p.Sealed, place(p))
	if err != nil {
		return nil, err
	}
	var c Content
	return &c, json.Unmarshal(b, &c)
}
