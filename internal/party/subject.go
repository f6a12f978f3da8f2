package party

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// The states of a subject (Art. 7(2)).
const (
	Alive        = "alive"
	Deceased     = "deceased"
	Missing      = "missing"       // so found by a court
	DeclaredDead = "declared-dead" // so declared by a court
)

// States are all of them.
var States = []string{Alive, Deceased, Missing, DeclaredDead}

// The states of what one organization holds of a subject.
const (
	Held      = "active"
	Blocked   = "blocked"
	Destroyed = "destroyed" // a tombstone: rows and key are gone
)

// Identifier is one by which a person is known.
type Identifier struct {
	Kind  ident.Kind
	Value string
}

// Profile is what an organization told of a subject besides identifiers. It is
// sealed under the data key of the two.
type Profile struct {
	Name     string            `json:"name,omitempty"`
	Language locale.Lang       `json:"language,omitempty"`
	Contacts map[string]string `json:"contacts,omitempty"`
}

// Hash is the blind index of an identifier. IIN and document mean one person
// everywhere; phone, e-mail and external number only within the organization
// that gave them: a phone passes from hand to hand, and taking it for the
// person would open one's data to another.
type Hash struct {
	Kind  ident.Kind
	Scope ident.ID // zero: everywhere
	Sum   [32]byte
}

// Strong reports whether the identifier means one person everywhere.
func (h Hash) Strong() bool { return h.Scope.IsZero() }

// Registration is a new subject of an organization, ready to land.
type Registration struct {
	Org        ident.ID
	Subject    ident.ID // id of a new person, used only if none of the hashes is known
	JournalKey []byte   // of that new person
	Hashes     []Hash
	At         time.Time
}

// Joined is what the store found or made of a registration, inside its write.
type Joined struct {
	Subject    ident.ID
	JournalKey []byte
	Known      bool // the organization knows the person already
	Tombstone  bool // and had destroyed what it held
}

// SubjectStore keeps subjects.
type SubjectStore interface {
	// Join finds the person of the hashes or makes one, and calls finish inside
	// the same write for what is to land with it: the data key and profile,
	// sealed for the subject that was found, and the entry. When Known and no
	// tombstone, nothing is written and finish is not called. Two calls at one
	// moment with the same identifiers get one subject. A fault.Conflict
	// "identifiers-differ" means that they belong to different records of this
	// organization.
	Join(ctx context.Context, reg *Registration, finish func(Joined) (*Holding, *journal.Record, error)) (Joined, error)
	// SubjectByHash returns the subjects of an organization by one hash.
	SubjectByHash(ctx context.Context, org ident.ID, h Hash) ([]ident.ID, error)
	// Holding returns what an organization holds of a subject, or a
	// fault.NotFound.
	Holding(ctx context.Context, subject, org ident.ID) (*Holding, error)
	// Holders lists the holdings of a subject.
	Holders(ctx context.Context, subject ident.ID) ([]Holding, error)
	// JournalKey returns the subject's wrapped journal key, or a fault.NotFound.
	JournalKey(ctx context.Context, subject ident.ID) ([]byte, error)
}

// Holding is the tie between an organization and a subject.
type Holding struct {
	Subject   ident.ID
	Org       ident.ID
	State     string
	Since     time.Time // of the state
	Created   time.Time
	Profile   []byte // sealed; nil once destroyed
	DataKey   []byte // under the organization's key; nil once destroyed
	DestroyAt time.Time
}

// NewSubject is what an organization tells of a person.
type NewSubject struct {
	Identifiers []Identifier
	Profile     Profile
	// Origin and Ground are recorded for data collected before (Art. 31(3)).
	Origin string
	Ground *verify.Ground
}

// MaxIdentifiers is how many identifiers one call may name.
const MaxIdentifiers = 16

// Hashes normalises identifiers and turns them into blind indexes. Errors name
// the place in the list, never a value.
func (p *Parties) Hashes(org *Organization, list []Identifier) ([]Hash, error) {
	if len(list) == 0 {
		return nil, fault.Bad("identifiers", "missing-field")
	}
	if len(list) > MaxIdentifiers {
		return nil, fault.Bad("identifiers", "too-many-items", "max", MaxIdentifiers)
	}
	out := make([]Hash, 0, len(list))
	for i, id := range list {
		v, err := p.Rules.Normalise(id.Kind, id.Value)
		if err != nil {
			return nil, at(err, "identifiers", i)
		}
		out = append(out, p.hash(org, id.Kind, v))
	}
	return out, nil
}

func (p *Parties) hash(org *Organization, kind ident.Kind, normal string) Hash {
	h := Hash{Kind: kind, Scope: org.ID}
	if kind == ident.IIN || kind == ident.Document {
		h.Scope = ident.ID{}
	}
	h.Sum = p.Keys.Index.Blind(string(kind), h.Scope[:], normal)
	return h
}

// Register makes a subject known to an organization, or finds the one it knows
// by these identifiers. The id is the organization's own; created says whether
// it was new to it. Whether anyone else knows the person never shows.
func (p *Parties) Register(ctx context.Context, org *Organization, by verify.Actor, in NewSubject) (id ident.ID, created bool, err error) {
	now := p.Now()
	reg, err := p.Registration(org, &in, now)
	if err != nil {
		return ident.ID{}, false, err
	}
	action := "subject.register"
	if in.Origin != "" {
		action = "subject.import"
	}
	j, err := p.Store.Join(ctx, reg, func(j Joined) (*Holding, *journal.Record, error) {
		a, err := p.Admit(org, &in, j, &verify.Entry{Actor: by, Action: action}, now)
		if err != nil {
			return nil, nil, err
		}
		return a.Holding, a.Record, nil
	})
	if err != nil {
		return ident.ID{}, false, err
	}
	return org.Outside(j.Subject), !j.Known, nil
}

// Registration makes a person ready to join an organization: the blind indexes,
// and an id with its journal key for the case that nobody is known by them. It
// asks no store, so many can be made ready at once.
func (p *Parties) Registration(org *Organization, in *NewSubject, now time.Time) (*Registration, error) {
	hashes, err := p.Hashes(org, in.Identifiers)
	if err != nil {
		return nil, err
	}
	if err := checkProfile(&in.Profile); err != nil {
		return nil, err
	}
	r := &Registration{Org: org.ID, Subject: ident.NewID(now), Hashes: hashes, At: now}
	r.JournalKey = p.Keys.Journal.Wrap(seal.NewKey(), journalPlace(r.Subject))
	return r, nil
}

// Admission is what lands with a subject that is new to an organization.
type Admission struct {
	Holding *Holding
	Data    seal.Key // the holding's data key, opened
	Record  *journal.Record
}

// Admit seals what lands with a subject that is new to the organization. The
// entry says who did it and what; whose it is, the origin and the ground are filled in.
func (p *Parties) Admit(org *Organization, in *NewSubject, j Joined, e *verify.Entry, now time.Time) (*Admission, error) {
	jkey, err := p.openJournalKey(j.Subject, j.JournalKey)
	if err != nil {
		return nil, err
	}
	a := &Admission{Data: seal.NewKey()}
	a.Holding = &Holding{
		Subject: j.Subject, Org: org.ID, State: Held, Since: now, Created: now,
		DataKey: org.Key.Wrap(a.Data, DataPlace(j.Subject, org.ID)),
	}
	if a.Holding.Profile, err = sealProfile(&a.Data, j.Subject, org.ID, &in.Profile); err != nil {
		return nil, err
	}
	e.Subject, e.Organization = verify.ID(org.Outside(j.Subject)), org.BIN
	e.Ground, e.Detail, e.Edition = in.Ground, in.Origin, org.Edition(now).ID
	a.Record, err = journal.Prepare(e, j.Subject, org.ID, &jkey, now)
	return a, err
}

// Lookup finds a subject of the organization by one identifier.
func (p *Parties) Lookup(ctx context.Context, org *Organization, id Identifier) (ident.ID, error) {
	v, err := p.Rules.Normalise(id.Kind, id.Value)
	if err != nil {
		return ident.ID{}, err
	}
	found, err := p.Store.SubjectByHash(ctx, org.ID, p.hash(org, id.Kind, v))
	if err != nil {
		return ident.ID{}, err
	}
	switch len(found) {
	case 0:
		return ident.ID{}, fault.New(fault.NotFound, "subject-unknown")
	case 1:
		return org.Outside(found[0]), nil
	default:
		return ident.ID{}, fault.New(fault.Conflict, "identifier-shared")
	}
}

// Profile opens what an organization told of a subject; empty once destroyed.
func (p *Parties) Profile(org *Organization, h *Holding) (Profile, error) {
	var out Profile
	if h.Profile == nil || h.DataKey == nil {
		return out, nil
	}
	key, err := org.Key.Unwrap(h.DataKey, DataPlace(h.Subject, org.ID))
	if err != nil {
		return out, err
	}
	plain, err := key.Open(h.Profile, seal.Place("profile", h.Subject[:], org.ID[:]))
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(plain, &out)
}

// JournalKey opens the journal key of a subject; the system's own for none.
func (p *Parties) JournalKey(ctx context.Context, subject ident.ID) (seal.Key, error) {
	if subject.IsZero() {
		return p.Keys.Journal, nil
	}
	wrapped, err := p.Store.JournalKey(ctx, subject)
	if err != nil {
		return seal.Key{}, err
	}
	return p.openJournalKey(subject, wrapped)
}

func (p *Parties) openJournalKey(subject ident.ID, wrapped []byte) (seal.Key, error) {
	return OpenJournalKey(p.Keys, subject, wrapped)
}

// OpenJournalKey unwraps the journal key of a subject.
func OpenJournalKey(keys *seal.Keyring, subject ident.ID, wrapped []byte) (seal.Key, error) {
	return keys.Journal.Unwrap(wrapped, journalPlace(subject))
}

func journalPlace(subject ident.ID) []byte { return seal.Place("journal-key", subject[:]) }

// DataPlace is where the data key of a subject and organization belongs.
func DataPlace(subject, org ident.ID) []byte { return seal.Place("data-key", subject[:], org[:]) }

func sealProfile(key *seal.Key, subject, org ident.ID, prof *Profile) ([]byte, error) {
	b, err := json.Marshal(prof)
	if err != nil {
		return nil, err
	}
	return key.Seal(nil, b, seal.Place("profile", subject[:], org[:])), nil
}

func checkProfile(p *Profile) error {
	if len(p.Name) > 400 {
		return fault.Bad("name", "too-long", "max", 400)
	}
	if len(p.Contacts) > 16 {
		return fault.Bad("contacts", "too-many-items", "max", 16)
	}
	for _, v := range p.Contacts {
		if len(v) > 400 {
			return fault.Bad("contacts", "too-long", "max", 400)
		}
	}
	switch p.Language {
	case "", locale.KK, locale.RU, locale.EN:
		return nil
	}
	return fault.Bad("language", "bad-enum", "allowed", "kk, ru, en")
}

// at puts a fault under an element of a list.
func at(err error, field string, i int) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	return e.At(fmt.Sprintf("%s[%d].value", field, i))
}

// Known reports a fault.NotFound unless an identifier is that of a subject whom
// the organization knows. An identifier that cannot be one is nobody's.
func (p *Parties) Known(ctx context.Context, org *Organization, subject ident.ID, kind ident.Kind, value string) error {
	v, err := p.Rules.Normalise(kind, value)
	if err != nil {
		return fault.New(fault.NotFound, "subject-unknown")
	}
	found, err := p.Store.SubjectByHash(ctx, org.ID, p.hash(org, kind, v))
	if err != nil {
		return err
	}
	if !slices.Contains(found, subject) {
		return fault.New(fault.NotFound, "subject-unknown")
	}
	return nil
}
