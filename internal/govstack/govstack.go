// Package govstack is the face of GovStack's Consent Building Block 1.1 over
// Kelisim's core. It is no second core: an Individual is a subject, a
// ConsentRecord a consent, a DataAgreement a purpose of the register, a Policy the
// organization's policy; whatever is given or taken back goes through package
// consent and lands in the journal. Kept here is only what GovStack has and the
// core has not: ids of the caller's own, what was written in the members of its
// objects, chained revisions, and signatures under consent records.
//
// The members are those of the Building Block's OpenAPI document. Where its
// wording and its example clients differ, an answer has both: references nested
// and flat, say dataAgreement and dataAgreementId.
package govstack

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Policy governs data agreements of an organization.
type Policy struct {
	ID                      string `json:"id"`
	Name                    string `json:"name"`
	Version                 string `json:"version"`
	URL                     string `json:"url"`
	Jurisdiction            string `json:"jurisdiction,omitempty"`
	IndustrySector          string `json:"industrySector,omitempty"`
	DataRetentionPeriodDays *int   `json:"dataRetentionPeriodDays,omitempty"`
	GeographicRestriction   string `json:"geographicRestriction,omitempty"`
	StorageLocation         string `json:"storageLocation,omitempty"`
}

// Controller is who decides what the data is for.
type Controller struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Lifecycle says whether an agreement can be consented to.
type Lifecycle struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Attribute is one kind of data that an agreement is about.
type Attribute struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Sensitivity string `json:"sensitivity"`
	Category    string `json:"category"`
}

// Agreement specifies a single purpose that can be consented to.
type Agreement struct {
	ID               string      `json:"id"`
	Version          string      `json:"version"`
	Controller       *Controller `json:"controller,omitempty"`
	Policy           *Policy     `json:"policy,omitempty"`
	PolicyID         string      `json:"policyId,omitempty"`
	Purpose          string      `json:"purpose"`
	LawfulBasis      string      `json:"lawfulBasis"`
	DataUse          string      `json:"dataUse,omitempty"`
	DPIA             string      `json:"dpia"`
	Active           *bool       `json:"active,omitempty"`
	Forgettable      *bool       `json:"forgettable,omitempty"`
	Lifecycle        *Lifecycle  `json:"lifecycle,omitempty"`
	Attributes       []Attribute `json:"attributes,omitempty"`
	PurposeID        string      `json:"purposeId,omitempty"` // of the register, where it names one
	PolicyRevisionID string      `json:"policyRevisionId,omitempty"`
	RegisterVersion  int         `json:"registerVersion,omitzero"` // that was applied for it
}

// Individual shallowly models a person.
type Individual struct {
	ID                 string `json:"id"`
	ExternalID         string `json:"externalId,omitempty"`
	ExternalIDType     string `json:"externalIdType,omitempty"`
	IdentityProviderID string `json:"identityProviderId,omitempty"`
	// PublicKey is a JSON Web Key that the individual signs with. Without it the
	// first signature sets it.
	PublicKey string `json:"publicKey,omitempty"`
}

// Record expresses consent to a single data agreement.
type Record struct {
	ID                  string      `json:"id"`
	Agreement           *Agreement  `json:"dataAgreement,omitempty"`
	AgreementID         string      `json:"dataAgreementId,omitempty"`
	AgreementRevision   *Revision   `json:"dataAgreementRevision,omitempty"`
	AgreementRevisionID string      `json:"dataAgreementRevisionId,omitempty"`
	AgreementHash       string      `json:"dataAgreementRevisionHash"`
	Individual          *Individual `json:"individual,omitempty"`
	IndividualID        string      `json:"individualId,omitempty"`
	// DelegateID is the individual who acted for this one in the newest revision, and
	// RepresentationID by what right; both absent where nobody did.
	DelegateID       string     `json:"delegateId,omitempty"`
	RepresentationID string     `json:"representationId,omitempty"`
	OptIn            *bool      `json:"optIn,omitempty"`
	State            string     `json:"state"`
	Signature        *Signature `json:"signature,omitempty"`
	SignatureID      string     `json:"signatureId,omitempty"`
	ConsentID        string     `json:"consentId,omitempty"` // in Kelisim
}

// The states of a record.
const (
	Unsigned = "unsigned"
	Signed   = "signed"
)

// Revision is an object as it was at a moment.
type Revision struct {
	ID                       string      `json:"id"`
	SchemaName               string      `json:"schemaName"`
	ObjectID                 string      `json:"objectId"`
	SignedWithoutObjectID    bool        `json:"signedWithoutObjectId"`
	SerializedSnapshot       string      `json:"serializedSnapshot"`
	SerializedHash           string      `json:"serializedHash"`
	Timestamp                string      `json:"timestamp"`
	AuthorizedByIndividual   *Individual `json:"authorizedByIndividual,omitempty"`
	AuthorizedByIndividualID string      `json:"authorizedByIndividualId,omitempty"`
	AuthorizedByOther        string      `json:"authorizedByOther,omitempty"`
	Successor                *Revision   `json:"successor,omitempty"`
	SuccessorID              string      `json:"successorId,omitempty"`
	PredecessorHash          string      `json:"predecessorHash,omitempty"`
	PredecessorSignature     string      `json:"predecessorSignature,omitempty"`
	// Signature is the installation's, a compact JWS over a Link.
	Signature string `json:"signature,omitempty"`
}

// Signature is a person's signature under a record.
type Signature struct {
	ID                      string `json:"id"`
	Payload                 string `json:"payload"`
	Signature               string `json:"signature"`
	VerificationMethod      string `json:"verificationMethod"`
	VerificationPayload     string `json:"verificationPayload"`
	VerificationPayloadHash string `json:"verificationPayloadHash"`
	VerificationArtifact    string `json:"verificationArtifact,omitempty"`
	VerificationSignedBy    string `json:"verificationSignedBy"`
	VerificationSignedAs    string `json:"verificationSignedAs,omitempty"`
	VerificationJWSHeader   string `json:"verificationJwsHeader,omitempty"`
	Timestamp               string `json:"timestamp"`
	// SignedWithoutObjectReference: the object had no id yet when it was signed.
	SignedWithoutObjectReference bool   `json:"signedWithoutObjectReference"`
	ObjectType                   string `json:"objectType,omitempty"`
	ObjectReference              string `json:"objectReference"`
}

// Webhook is a subscription of events.
type Webhook struct {
	ID          string `json:"id"`
	PayloadURL  string `json:"payloadUrl"`
	ContentType string `json:"contentType"`
	Disabled    bool   `json:"disabled"`
	SecretKey   string `json:"secretKey"`
	// Events that are wanted, of those in Events; none: all. The document has a
	// model for it and no member; this is how clients name it.
	Events []string `json:"subscribedEvents,omitempty"`
}

// Face is the service.
type Face struct {
	Store    Store
	Parties  *party.Parties
	Consents *consent.Consents
	Outbox   *outbox.Outbox
	// Represent says who may act for whom.
	Represent *represent.Representatives
	Keys      *seal.Keyring
	Now       func() time.Time
}

// Who is on whose behalf a call is made.
type Who struct {
	Org    *party.Organization
	By     verify.Actor
	Lang   locale.Lang
	Public string // the address that others reach us by
	// Approves: the caller may put a version of the register in force.
	Approves bool
	// Delegate is the individual who acts for another, as the organization says;
	// Way is by what right the caller itself does.
	Delegate string
	Way      *represent.Representation
	// Of whoever acts for another, once that is looked up; see acting.
	rep      *represent.Representation
	recorder verify.Actor // who told of it
}

const maxTries = 8

var errContended = fault.New(fault.Unavailable, "contended")

// Limits of what is written, in bytes.
const (
	maxText      = 4000
	maxID        = 512
	maxSignature = 32 << 10
	maxArtifact  = 256 << 10 // a scan
	maxParts     = 200
)

// checkID refuses an id that no address could name.
func checkID(field, id string) error {
	if id == "" {
		return fault.Bad(field, "missing-field")
	}
	strange := func(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }
	if utf8.RuneCountInString(id) > 128 || strings.ContainsFunc(id, strange) || strings.TrimSpace(id) != id || strings.Trim(id, ".") == "" {
		return fault.Bad(field, "govstack-id")
	}
	return nil
}

// texts checks the lengths of what was written.
func texts(list map[string]string) error {
	for field, text := range list {
		if len(text) > maxText {
			return fault.Bad(field, "too-long", "max", maxText)
		}
	}
	return nil
}

func (f *Face) sum(org ident.ID, kind Kind, id string) [32]byte {
	return f.Keys.Index.Blind("govstack "+string(kind), org[:], id)
}

func place(o *Row) []byte { return seal.Place("govstack", o.Subject[:], o.Org[:], o.ID[:]) }

func revisionPlace(r *RevisionRow) []byte {
	return seal.Place("govstack-revision", r.Subject[:], r.Org[:], r.Object[:], seal.Uint(r.Number))
}

// key is what an object is sealed under: what an individual told dies with the
// data, a consent record outlives it as its proof does, the configuration is the
// organization's.
func (f *Face) key(ctx context.Context, org *party.Organization, o *Row) (seal.Key, error) {
	switch o.Kind {
	case KindRecord:
		return f.Parties.JournalKey(ctx, o.Subject)
	case KindIndividual:
		h, err := f.Parties.Store.Holding(ctx, o.Subject, o.Org)
		if err != nil {
			return seal.Key{}, err
		}
		if h.DataKey == nil {
			return seal.Key{}, fault.New(fault.NotFound, "govstack-unknown")
		}
		return org.Key.Unwrap(h.DataKey, party.DataPlace(o.Subject, o.Org))
	case KindPolicy, KindAgreement, KindWebhook:
	}
	return org.Key, nil
}

// open reads what is sealed of an object.
func (f *Face) open(ctx context.Context, org *party.Organization, o *Row, into any) error {
	k, err := f.key(ctx, org, o)
	if err != nil {
		return err
	}
	plain, err := k.Open(o.Sealed, place(o))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// close seals an object.
func (f *Face) close(ctx context.Context, org *party.Organization, o *Row, body any) error {
	k, err := f.key(ctx, org, o)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(body)
	if err != nil {
		return err
	}
	o.Sealed = k.Seal(nil, plain, place(o))
	return nil
}

// find returns the object that the outside knows by an id.
func (f *Face) find(ctx context.Context, org *party.Organization, kind Kind, field, id string) (*Row, error) {
	if err := checkID(field, id); err != nil {
		return nil, err
	}
	sum := f.sum(org.ID, kind, id)
	list, err := f.Store.Objects(ctx, Filter{Org: org.ID, Kind: kind, Sum: &sum})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: field}
	}
	return &list[0], nil
}

// record prepares the entry of what happens to an object.
func (f *Face) record(ctx context.Context, who *Who, o *Row, action string, fill func(*verify.Entry)) (*journal.Record, error) {
	now := f.Now()
	e := &verify.Entry{
		Organization: who.Org.BIN, Actor: who.By, Action: action, Reference: o.ID.String(), Edition: who.Org.Edition(now).ID,
	}
	if who.Org.Register != nil {
		e.Register = who.Org.Register.Version
	}
	if !o.Subject.IsZero() {
		e.Subject = verify.ID(who.Org.Outside(o.Subject))
	}
	if fill != nil {
		fill(e)
	}
	guard, err := f.allowed(ctx, who, o, e)
	if err != nil {
		return nil, err
	}
	key, err := f.Parties.JournalKey(ctx, o.Subject)
	if err != nil {
		return nil, err
	}
	rec, err := journal.Prepare(e, o.Subject, who.Org.ID, &key, now)
	if err == nil {
		rec.Guard = guard
	}
	return rec, err
}

// again does what another was faster with once more.
func again(do func() error) error {
	for range maxTries {
		if err := do(); !errors.Is(err, errContended) {
			return err
		}
	}
	return errContended
}
