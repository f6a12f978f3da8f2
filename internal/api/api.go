// Package api is the HTTP interface: it decodes, calls a service and encodes.
// Every rule stands in the services; routes.go lists every route with who may
// call it. Errors are RFC 9457 problems in the caller's language.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/disclosure"
	"kelisim/internal/due"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/govstack"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/kdp"
	"kelisim/internal/locale"
	"kelisim/internal/order"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/proof"
	"kelisim/internal/publish"
	"kelisim/internal/represent"
	"kelisim/internal/request"
	"kelisim/internal/seal"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Store is what the API needs of the store beyond the services.
type Store interface {
	// Reserve takes an idempotency key, or returns what is kept for it.
	Reserve(ctx context.Context, caller ident.ID, key, body [32]byte, now time.Time) (*account.Kept, error)
	// Keep keeps the answer; a status of 0 gives the key back.
	Keep(ctx context.Context, caller ident.ID, key [32]byte, k *account.Kept) error
	InboxRead(ctx context.Context, subject ident.ID) (ident.ID, error)
	MarkInbox(ctx context.Context, subject, until ident.ID) error
	Destructions(ctx context.Context, subject, org ident.ID) ([]rawJSON, error)
	LogSize(ctx context.Context) (int64, error)
}

// API serves the routes.
type API struct {
	Store    Store
	Accounts *account.Accounts
	Parties  *party.Parties
	Consents *consent.Consents
	Guard    *gate.Guard
	Terms    *term.Terms
	Due      *due.Due
	Journal  *journal.Reader
	// Outbox is what others are told.
	Outbox *outbox.Outbox
	// Deferrals is what subjects are shown later.
	Deferrals *disclosure.Deferrals
	Proofs    *proof.Proofs
	Keys      *seal.Keyring
	Now       func() time.Time
	Log       *slog.Logger
	// Public is the address that others reach us by.
	Public  string
	Version string
	// Ready reports why the service cannot serve now; nil when it can.
	Ready func(ctx context.Context) error
	// Represent is who may act for whom.
	Represent *represent.Representatives
	// Orders is what others order of an organization.
	Orders *order.Orders
	// Requests is what subjects demand.
	Requests *request.Requests
	// Publications is what is public, and where.
	Publications *publish.Publications
	// GovStack is the face of GovStack's Consent Building Block.
	GovStack *govstack.Face
	// StateService asks the state service of control over access.
	StateService *kdp.Requests

	metrics *metricSet
	spec    *spec
}

// call is one request on its way.
type call struct {
	*API
	r      *http.Request
	w      http.ResponseWriter
	lang   locale.Lang
	caller account.Caller
	org    *party.Organization // of the caller, nil for none
	way    *represent.Way      // by which a subject acts for another, nil for none
	body   []byte
	status int  // of the answer; 0 for the route's own
	faced  bool // the route is one of GovStack's
}

func (c *call) ctx() context.Context { return c.r.Context() }

// actor is how the caller stands in the journal: a pseudonym, never a name. One
// who acts for another stands by the name that the organization has, see acting;
// without it no service takes the act.
func (c *call) actor() verify.Actor {
	switch c.caller.Role {
	case account.Subject:
		if c.way != nil {
			return verify.Actor{Kind: represent.ActorKind}
		}
		return verify.Actor{Kind: "subject"}
	case account.Staff, account.Officer:
		return verify.Actor{Kind: "person", ID: c.caller.Token.String()}
	default:
		return verify.Actor{Kind: "system", ID: c.caller.Token.String()}
	}
}

// authenticate finds who calls and whether the route is theirs. What is wrong
// with a token, and whether what it asks for exists, never shows.
func (c *call) authenticate(roles []account.Role) error {
	if roles == nil {
		return nil
	}
	scheme, text, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && (!c.faced || !strings.EqualFold(scheme, "ApiKey")) { // GovStack's clients say so
		return fault.New(fault.Unauthenticated, "unauthenticated")
	}
	var err error
	if c.caller, err = c.Accounts.Check(c.ctx(), text); err != nil {
		return err
	}
	allowed := false
	for _, r := range roles {
		allowed = allowed || r == c.caller.Role
	}
	if !allowed {
		return fault.New(fault.Forbidden, "forbidden")
	}
	if !c.caller.Org.IsZero() {
		c.org, err = c.Parties.ByID(c.ctx(), c.caller.Org)
	}
	return err
}

// subject is the internal id of a subject that the caller's organization names.
func (c *call) inside(id ident.ID) ident.ID {
	if c.org == nil {
		return ident.ID{}
	}
	return c.org.Inside(id)
}
