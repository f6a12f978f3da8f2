// Package outbox tells people and other systems what happened, reliably. What is
// to be told is a row that lands in one write with the entry it tells of
// (journal.Tell); [Deliverer] sends what is due, again and again until it got
// through or has to be given up.
//
//	act ─▶ Tell ─ store, one write ─▶ waiting ─ Deliverer ─▶ sent ─▶ acknowledged
//	                                     └─▶ failed (given up) · dropped (nobody to tell any more)
//
// Organizations are told by webhook, signed, and acknowledge that they know;
// subjects by e-mail or SMS, to addresses they confirmed, of what they chose. It
// is at least once, never exactly once: a repeat has the same id. The inbox is
// not here: it is the journal itself, and needs no sending.
package outbox

import (
	"context"
	"strings"
	"sync"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/seal"
)

// The ways that word takes.
const (
	Hook     = "webhook"
	Callback = "callback" // to the address of one request for consent
	Mail     = "email"
	SMS      = "sms"
)

// Status is where a delivery stands.
type Status string

// The statuses of a delivery.
const (
	Waiting      Status = "waiting"
	Sent         Status = "sent"         // taken by the other side, not confirmed
	Acknowledged Status = "acknowledged" // the other side said that it knows
	Failed       Status = "failed"       // given up
	Dropped      Status = "dropped"      // the address is gone, or the subject may not see it yet
)

// Statuses are all of them.
var Statuses = []Status{Waiting, Sent, Acknowledged, Failed, Dropped}

// Delivery is word on its way, with what became of it.
type Delivery struct {
	journal.Tell
	Status    Status
	Tries     int
	SentAt    time.Time
	AckedAt   time.Time
	Escalated int // the stage of its term that officers were told of last: see package due
	// Problem is the code of what went wrong last: never a word of the other side.
	Problem string
}

// Late reports whether it should have been acknowledged by now.
func (d *Delivery) Late(now time.Time) bool {
	return !d.Term.IsZero() && d.AckedAt.IsZero() && d.Status != Dropped && now.After(d.Term)
}

// Filter selects deliveries, newest first; zero fields do not.
type Filter struct {
	Subject ident.ID // with About
	About   ident.ID
	Org     ident.ID // that was told
	Holder  ident.ID // whose entries they tell of
	Status  Status
	LateAt  time.Time // late at that moment
	After   ident.ID  // the last of the page before
	Limit   int
}

// Resting is what is not to be sent now, however due it is.
type Resting struct {
	Targets  []ident.ID
	Channels []string
}

// Figures are what a metric shows.
type Figures struct{ Waiting, Failed, Late int64 }

// Store keeps what is to be told. What the deliverer notes of its work has no
// entry of its own: the entry is there, and an acknowledgement gets one.
type Store interface {
	// InsertWebhook and DeleteWebhook land with their entry; a fault.NotFound
	// where there is none to delete. What waits for a deleted one is dropped.
	InsertWebhook(ctx context.Context, w *Webhook, r *journal.Record) error
	DeleteWebhook(ctx context.Context, org, id ident.ID, r *journal.Record) error
	// Webhooks lists those of an organization, oldest first.
	Webhooks(ctx context.Context, org ident.ID) ([]Webhook, error)

	// Delivery returns a fault.NotFound when there is none.
	Delivery(ctx context.Context, id ident.ID) (*Delivery, error)
	Deliveries(ctx context.Context, f Filter) ([]Delivery, error)
	// DueDeliveries lists those to send now, the longest due first, without those
	// whose lane rests.
	DueDeliveries(ctx context.Context, now time.Time, rest Resting, limit int) ([]Delivery, error)
	// Claim counts a try and sets when the next one is, before it is made: power
	// that fails in between costs a repeat and never the word. false: another
	// node was faster.
	Claim(ctx context.Context, d *Delivery, next time.Time) (bool, error)
	// Settle notes what became of a try. It never takes an acknowledgement back. Of
	// a code that waits no more it forgets what is sealed.
	Settle(ctx context.Context, d *Delivery) error
	// GiveUp fails what waits for an address since before a moment, a few at a time,
	// so that it holds no decision up.
	GiveUp(ctx context.Context, target ident.ID, before time.Time, problem string) error
	// Acknowledge lands that the receiver knows; stale: it had said so before.
	Acknowledge(ctx context.Context, d *Delivery, r *journal.Record) (stale bool, err error)
	// Retry lets failed ones be sent again at once: one, or all with a zero id. It
	// returns how many.
	Retry(ctx context.Context, org, id ident.ID) (int64, error)
	CountDeliveries(ctx context.Context, now time.Time) (Figures, error)
	// CountLetters counts letters of an event that were made for a subject since a
	// moment, whatever became of them.
	CountLetters(ctx context.Context, subject ident.ID, event string, since time.Time) (int, error)

	// PutContact lands a contact with the letter that confirms it, and what the
	// subject wants word of over all contacts; it moves the subject's version, so
	// that no decision goes on with the facts before.
	PutContact(ctx context.Context, c *Contact, letter *journal.Tell) error
	// Contacts lists those of a subject, the removed ones included, oldest first.
	Contacts(ctx context.Context, subject ident.ID) ([]Contact, error)
	// ContactByCode finds the one that a link confirms, or a fault.NotFound.
	ContactByCode(ctx context.Context, hash [32]byte) (*Contact, error)
}

// Outbox makes ready what is to be told, and keeps who is to be told and where.
type Outbox struct {
	Store   Store
	Parties *party.Parties
	Keys    *seal.Keyring
	Now     func() time.Time
	// AckBy is by when a receiver has to acknowledge what it is told now. The Law
	// sets no such term, so it is the installation's.
	AckBy func(ctx context.Context, receiver *party.Organization, at time.Time) (time.Time, error)
	// Mail and SMS: there is such a channel. Without one subjects have the inbox.
	Mail, SMS bool
	// Private lets webhooks go to private addresses and, unencrypted, to this
	// machine. Off in production: an organization that may register an address
	// would reach what only we can.
	Private bool
	// Forms are those beside CloudEvents in which a webhook can want its events, by
	// name.
	Forms map[string]Form

	mu    sync.Mutex
	hooks map[ident.ID]hooked

	counted time.Time
	figures Figures
}

// hooked is what is remembered of an organization's webhooks.
type hooked struct {
	at   time.Time
	list []Webhook
}

// hooksFor bounds how long this node goes on without a webhook that another
// node registered: an act in those seconds is not told there.
const hooksFor = 2 * time.Second

// webhooks of an organization, seconds old at most: a night in which a hundred
// thousand consents expire asks for the same again and again.
func (o *Outbox) webhooks(ctx context.Context, org ident.ID) ([]Webhook, error) {
	now := o.Now()
	o.mu.Lock()
	h, ok := o.hooks[org]
	o.mu.Unlock()
	if age := now.Sub(h.at); ok && age >= 0 && age < hooksFor {
		return h.list, nil
	}
	list, err := o.Store.Webhooks(ctx, org)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hooks == nil || len(o.hooks) > 10_000 {
		o.hooks = map[ident.ID]hooked{}
	}
	o.hooks[org] = hooked{now, list}
	return list, nil
}

// Forget lets the webhooks of an organization be read anew: one has changed.
func (o *Outbox) Forget(org ident.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.hooks, org)
}

// figuresTime is how long figures are good for: whoever asks for metrics must
// not make the database count again and again.
const figuresTime = 15 * time.Second

// Figures counts, seconds ago at most.
func (o *Outbox) Figures(ctx context.Context) (Figures, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.Now()
	if age := now.Sub(o.counted); !o.counted.IsZero() && age >= 0 && age < figuresTime {
		return o.figures, nil
	}
	f, err := o.Store.CountDeliveries(ctx, now)
	if err != nil {
		return f, err
	}
	o.figures, o.counted = f, now
	return f, nil
}

// List returns deliveries of an organization, newest first.
func (o *Outbox) List(ctx context.Context, f Filter) ([]Delivery, error) {
	return o.Store.Deliveries(ctx, f)
}

// Retry lets a delivery of an organization that was given up wait again.
func (o *Outbox) Retry(ctx context.Context, org, id ident.ID) (*Delivery, error) {
	n, err := o.Store.Retry(ctx, org, id)
	if err != nil {
		return nil, err
	}
	d, err := o.own(ctx, org, id)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "delivery-not-failed")
	}
	return d, err
}

// own is a delivery to an organization; another's is told like none.
func (o *Outbox) own(ctx context.Context, org, id ident.ID) (*Delivery, error) {
	d, err := o.Store.Delivery(ctx, id)
	if err == nil && (d.Org != org || !d.toSystem()) {
		err = fault.New(fault.NotFound, "delivery-unknown")
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Delivery) toSystem() bool { return d.Channel == Hook || d.Channel == Callback }

// place binds what is sealed to its row.
func place(t *journal.Tell) []byte { return seal.Place("outbox", t.Subject[:], t.ID[:]) }

// key is that of who is told.
func (o *Outbox) key(ctx context.Context, t *journal.Tell) (seal.Key, error) {
	if t.Org.IsZero() {
		return o.Parties.JournalKey(ctx, t.Subject)
	}
	org, err := o.Parties.ByID(ctx, t.Org)
	if err != nil {
		return seal.Key{}, err
	}
	return org.Key, nil
}

// matches reports whether an event is among those that a list names: "*", a name,
// or the beginning of one as in "consent.*".
func matches(list []string, event string) bool {
	for _, p := range list {
		if before, ok := strings.CutSuffix(p, "*"); p == event || ok && strings.HasPrefix(event, before) {
			return true
		}
	}
	return len(list) == 0
}
