package govstack

import (
	"context"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
)

// Kind is what an object is.
type Kind string

// The kinds of objects.
const (
	KindPolicy     Kind = "policy"
	KindAgreement  Kind = "agreement"
	KindWebhook    Kind = "webhook"
	KindIndividual Kind = "individual"
	KindRecord     Kind = "record"
)

// Row is an object as the store keeps it.
type Row struct {
	Subject ident.ID // internal; zero for the configuration
	Org     ident.ID
	ID      ident.ID // sorts by time
	Kind    Kind
	Sum     [32]byte // of the id that the outside knows the object by
	Version int64
	Hidden  bool // deleted: kept for its revisions
	// Of a consent record: its individual, the agreement, and the revision of it
	// that was consented to. An individual has at most one record of a revision.
	Parent, About, Revision ident.ID
	Mark                    []byte // of an individual's key, nil before the first signature
	Sealed                  []byte
}

// RevisionRow is a revision as the store keeps it.
type RevisionRow struct {
	Subject, Org, Object ident.ID
	Number               int64
	ID                   ident.ID
	Sealed               []byte
}

// Filter selects objects that are not hidden; zero fields do not. The oldest
// come first, so that pages by offset hold still.
type Filter struct {
	Org           ident.ID
	Kind          Kind
	Sum           *[32]byte
	ID, Subject   ident.ID
	Parent, About ident.ID
	All           bool // hidden ones too
	Newest        bool // newest first
	Offset, Limit int
}

// Store keeps objects and revisions.
type Store interface {
	// PutObject lands an object with its revision, nil for none, and its entry:
	// a new one where its version is 1, else the next version of one. stale
	// reports that another was there first. A fault.Conflict "govstack-exists"
	// means that the id, or the record of the individual, is taken; one of
	// "govstack-key-foreign" that the key is another's.
	PutObject(ctx context.Context, o *Row, rev *RevisionRow, r *journal.Record) (stale bool, err error)
	// PutWebhook is PutObject of a subscription together with the webhook of the
	// outbox that it is: it takes the place of the one with its id. With nil that one
	// ends, and what waits for it is dropped.
	PutWebhook(ctx context.Context, o *Row, rev *RevisionRow, hook *outbox.Webhook, r *journal.Record) (stale bool, err error)
	// GiveRecord is consent.Store.InsertConsent with the record of it in the same
	// write.
	GiveRecord(ctx context.Context, c *consent.Consent, t *consent.Text, superseded []*consent.Consent, o *Row, rev *RevisionRow, r *journal.Record) (stale bool, err error)
	// ChangeRecord is consent.Store.UpdateConsent with the record of it.
	ChangeRecord(ctx context.Context, c *consent.Consent, o *Row, rev *RevisionRow, r *journal.Record) (stale bool, err error)
	Objects(ctx context.Context, f Filter) ([]Row, error)
	// Revisions lists those of an object, the oldest first.
	Revisions(ctx context.Context, o *Row) ([]RevisionRow, error)
}
