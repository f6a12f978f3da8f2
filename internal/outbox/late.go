package outbox

import (
	"context"
	"log/slog"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

// The officer of the holder is told that somebody does not acknowledge, and once
// more when as much time again has gone by: on the console, by the metric, and by
// letter where there is a mail server and an address. After that it stays on the
// console until it is acknowledged.
const maxEscalated = 2

func (d *Deliverer) escalate(ctx context.Context) error {
	now := d.Now()
	late, err := d.Store.Overdue(ctx, now, batch)
	if err != nil {
		return err
	}
	for i := range late {
		x := &late[i]
		x.Escalated++
		next := time.Time{}
		if x.Escalated < maxEscalated {
			receiver, err := d.Parties.ByID(ctx, x.Org)
			if err != nil {
				return err
			}
			if next, err = d.AckBy(ctx, receiver, now); err != nil {
				return err
			}
		}
		letters, err := d.lateLetters(ctx, x, now)
		if err != nil {
			return err
		}
		if err := d.Store.Escalate(ctx, x, next, letters); err != nil {
			return err
		}
	}
	if len(late) > 0 {
		d.Log.LogAttrs(ctx, slog.LevelWarn, "deliveries were not acknowledged in time: GET /v1/webhooks/deliveries, or the console", slog.Int("count", len(late)))
	}
	return nil
}

// lateLetters go to the officer of the holder, and to that of who is late.
func (d *Deliverer) lateLetters(ctx context.Context, x *Delivery, now time.Time) (out []*journal.Tell, err error) {
	if !d.Mail {
		return nil, nil
	}
	receiver, err := d.Parties.ByID(ctx, x.Org)
	if err != nil {
		return nil, err
	}
	to := []ident.ID{x.Holder}
	if x.Org != x.Holder {
		to = append(to, x.Org)
	}
	for _, id := range to {
		org, err := d.Parties.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		if officerOf(org.Register) == "" {
			continue
		}
		t := &journal.Tell{
			ID: ident.NewID(now), Org: id, Holder: x.Holder, Channel: Mail, Event: "late", About: x.ID, At: now, Due: now,
		}
		if err := sealParcel(&org.Key, t, &parcel{BIN: receiver.BIN, Count: x.Escalated}); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
