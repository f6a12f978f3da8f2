package govstack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/seal"
)

// Names of the schemas of objects, as revisions carry them.
var schemaNames = map[Kind]string{
	KindPolicy: "Policy", KindAgreement: "DataAgreement", KindWebhook: "Webhook", KindIndividual: "Individual", KindRecord: "ConsentRecord",
}

// Snapshot is what a revision serializes.
type Snapshot struct {
	SchemaName             string          `json:"schemaName"`
	ObjectID               string          `json:"objectId"`
	SignedWithoutObjectID  bool            `json:"signedWithoutObjectId"`
	Timestamp              string          `json:"timestamp"`
	AuthorizedByIndividual string          `json:"authorizedByIndividual,omitempty"`
	AuthorizedByOther      string          `json:"authorizedByOther,omitempty"`
	ObjectData             json.RawMessage `json:"objectData"`
}

// Link is what the installation signs of a revision: which object it is of, what
// it says by hash, and what it follows. So a revision can be taken out of a chain,
// put in or moved only with the key.
type Link struct {
	ID              string `json:"id"`
	SchemaName      string `json:"schemaName"`
	ObjectID        string `json:"objectId"`
	SerializedHash  string `json:"serializedHash"`
	PredecessorHash string `json:"predecessorHash,omitempty"`
	Timestamp       string `json:"timestamp"`
}

func (r *Revision) link() *Link {
	return &Link{r.ID, r.SchemaName, r.ObjectID, r.SerializedHash, r.PredecessorHash, r.Timestamp}
}

// Hash is the hash of a snapshot: SHA-256, for what the document names (SHA-1)
// can be forged.
func Hash(snapshot string) string {
	sum := sha256.Sum256([]byte(snapshot))
	return hex.EncodeToString(sum[:])
}

// stamp is a time as it is written, to the millisecond.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// digest is the hash of a revision as the journal keeps it.
func digest(r *Revision) []byte {
	b, _ := hex.DecodeString(r.SerializedHash) // made by Hash
	return b
}

// text serializes.
func (s *Snapshot) text(data any) (string, error) {
	var err error
	if s.ObjectData, err = json.Marshal(data); err != nil {
		return "", err
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// revise makes the next revision of an object, after the last one (nil for none).
func revise(keys *seal.Keyring, now time.Time, objectID string, s *Snapshot, data any, last *Revision) (*Revision, error) {
	text, err := s.text(data)
	if err != nil {
		return nil, err
	}
	r := &Revision{
		ID: ident.NewID(now).String(), SchemaName: s.SchemaName, ObjectID: objectID, SignedWithoutObjectID: s.SignedWithoutObjectID,
		SerializedSnapshot: text, SerializedHash: Hash(text), Timestamp: s.Timestamp,
		AuthorizedByIndividualID: s.AuthorizedByIndividual, AuthorizedByOther: s.AuthorizedByOther,
	}
	if last != nil {
		r.PredecessorHash, r.PredecessorSignature = last.SerializedHash, last.Signature
	}
	payload, err := json.Marshal(r.link())
	if err != nil {
		return nil, err
	}
	sig, err := keys.Sign.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("sign a revision: %w", err)
	}
	r.Signature, err = sig.CompactSerialize()
	return r, err
}

var (
	errForged = errors.New("the revision is not what the installation signed")
	errChain  = errors.New("the revisions do not follow each other")
)

// CheckChain checks revisions of one object, the oldest first, against the public
// keys of the installation: what each says, that the installation signed it, and
// that none is missing between the first and the last.
func CheckChain(list []Revision, keys *jose.JSONWebKeySet) error {
	for i := range list {
		r := &list[i]
		if Hash(r.SerializedSnapshot) != r.SerializedHash {
			return fmt.Errorf("revision %d: %w", i, errForged)
		}
		sig, err := jose.ParseSignedCompact(r.Signature, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			return fmt.Errorf("revision %d: %w", i, err)
		}
		payload, err := sig.Verify(keys)
		if err != nil {
			return fmt.Errorf("revision %d: %w", i, err)
		}
		want, err := json.Marshal(r.link())
		if err != nil {
			return err
		}
		if !bytes.Equal(payload, want) {
			return fmt.Errorf("revision %d: %w", i, errForged)
		}
		before, signature := "", ""
		if i > 0 {
			before, signature = list[i-1].SerializedHash, list[i-1].Signature
		}
		if i > 0 && (r.PredecessorHash != before || r.PredecessorSignature != signature || r.ObjectID != list[0].ObjectID) {
			return fmt.Errorf("revision %d: %w", i, errChain)
		}
	}
	return nil
}

// chain reads the revisions of an object, the oldest first, each with the one
// that followed.
func (f *Face) chain(ctx context.Context, org *party.Organization, o *Row) ([]Revision, error) {
	rows, err := f.Store.Revisions(ctx, o)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	key, err := f.revisionKey(ctx, org, o.Subject)
	if err != nil {
		return nil, err
	}
	out := make([]Revision, len(rows))
	for i := range rows {
		plain, err := key.Open(rows[i].Sealed, revisionPlace(&rows[i]))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(plain, &out[i]); err != nil {
			return nil, err
		}
		if out[i].AuthorizedByIndividualID != "" {
			out[i].AuthorizedByIndividual = &Individual{ID: out[i].AuthorizedByIndividualID}
		}
	}
	for i := range out[:len(out)-1] {
		next := out[i+1]
		next.Successor = nil
		out[i].Successor, out[i].SuccessorID = &next, next.ID
	}
	return out, nil
}

// last is the newest revision, nil for none.
func last(list []Revision) *Revision {
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

// revisionKey is what revisions are sealed under: those of a consent record
// outlive the data, as the proof of the consent does.
func (f *Face) revisionKey(ctx context.Context, org *party.Organization, subject ident.ID) (seal.Key, error) {
	if subject.IsZero() {
		return org.Key, nil
	}
	return f.Parties.JournalKey(ctx, subject)
}

// sealRevision makes the row of a revision of an object.
func (f *Face) sealRevision(ctx context.Context, org *party.Organization, o *Row, number int, r *Revision) (*RevisionRow, error) {
	key, err := f.revisionKey(ctx, org, o.Subject)
	if err != nil {
		return nil, err
	}
	id, err := ident.ParseID(r.ID)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	row := &RevisionRow{Subject: o.Subject, Org: o.Org, Object: o.ID, Number: int64(number), ID: id}
	row.Sealed = key.Seal(nil, plain, revisionPlace(row))
	return row, nil
}
