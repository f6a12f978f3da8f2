package outbox

import (
	"context"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/verify"
)

const maxTries = 8

// Acknowledge writes down that an organization knows what it was told. Saying so
// twice is no error and changes nothing.
func (o *Outbox) Acknowledge(ctx context.Context, org *party.Organization, id ident.ID, by verify.Actor) (*Delivery, error) {
	for range maxTries {
		d, err := o.own(ctx, org.ID, id)
		if err != nil || d.Status == Acknowledged {
			return d, err
		}
		if d.Tries == 0 { // nobody can know what was never sent
			return nil, fault.New(fault.NotFound, "delivery-unknown")
		}
		key, err := o.Parties.JournalKey(ctx, d.Subject)
		if err != nil {
			return nil, err
		}
		now := o.Now()
		e := &verify.Entry{
			Subject: verify.ID(org.Outside(d.Subject)), Organization: org.BIN, Actor: by, Action: "delivery.acknowledge",
			Detail: d.Event, Reference: d.ID.String(), Edition: org.Edition(now).ID,
		}
		if aboutConsent(d.Event) {
			e.Consent = verify.ID(d.About)
		}
		rec, err := journal.Prepare(e, d.Subject, org.ID, &key, now)
		if err != nil {
			return nil, err
		}
		d.Status, d.AckedAt, d.Problem = Acknowledged, now, ""
		if d.SentAt.IsZero() {
			d.SentAt = now
		}
		stale, err := o.Store.Acknowledge(ctx, d, rec)
		if err != nil || !stale {
			return d, err
		}
	}
	return nil, fault.New(fault.Unavailable, "contended")
}

func aboutConsent(event string) bool { return matches([]string{"consent.*"}, event) }

// Told is how far an organization has been told of a consent.
type Told struct {
	BIN    string
	Org    *party.Organization // nil: it is no organization here, and the holder has to tell it
	Event  string
	Status Status // empty: it has no webhook, and learns when it asks
	At     time.Time
	Late   bool
}

// ToldOf says of each who is party to a consent whether it confirmed the newest
// that happened to it: the holder first.
func (o *Outbox) ToldOf(ctx context.Context, subject, consent ident.ID, holder *party.Organization, others []string) ([]Told, error) {
	if o == nil {
		return nil, nil
	}
	orgs, err := o.receivers(ctx, &Event{Holder: holder, To: others})
	if err != nil {
		return nil, err
	}
	list, err := o.Store.Deliveries(ctx, Filter{Subject: subject, About: consent, Limit: 1000})
	if err != nil {
		return nil, err
	}
	now := o.Now()
	out := make([]Told, 0, len(orgs))
	for _, org := range orgs {
		t := Told{BIN: org.BIN, Org: org}
		newest := int64(-1)
		for i := range list {
			d := &list[i]
			if d.Org != org.ID || !d.toSystem() || d.Status == Dropped {
				continue
			}
			// Of one version it is enough that one of its systems knows.
			if d.Version > newest || d.Version == newest && rank(d.Status) > rank(t.Status) {
				newest = d.Version
				t.Event, t.Status, t.At, t.Late = d.Event, d.Status, d.when(), d.Late(now)
			}
		}
		out = append(out, t)
	}
	for _, bin := range others {
		if !slices.ContainsFunc(out, func(t Told) bool { return t.BIN == bin }) {
			out = append(out, Told{BIN: bin})
		}
	}
	return out, nil
}

func rank(s Status) int { return slices.Index([]Status{Failed, Waiting, Sent, Acknowledged}, s) }

// when is the moment that the status is of.
func (d *Delivery) when() time.Time {
	switch {
	case !d.AckedAt.IsZero():
		return d.AckedAt
	case !d.SentAt.IsZero():
		return d.SentAt
	default:
		return d.At
	}
}
