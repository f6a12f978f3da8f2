package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
)

// putTells inserts what somebody is to have word of, in the write of its entry.
// An id that is there already is word that was said within the hour.
func putTells(ctx context.Context, q querier, tells []*journal.Tell) error {
	for _, t := range tells {
		if t.Replaces {
			if _, err := q.exec(ctx, `UPDATE outbox SET status = 'dropped', sealed = ?1
				WHERE subject_id = ?2 AND about = ?3 AND event = ?4 AND status = 'waiting'`, []byte{}, t.Subject[:], t.About[:], t.Event); err != nil {
				return err
			}
		}
		if _, err := q.exec(ctx, `INSERT INTO outbox (subject_id, id, org_id, holder_id, channel, target, event, about, version, entry,
				status, created_at, due_at, term_at, escalate_at, sealed)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting', ?11, ?12, ?13, ?13, ?14) ON CONFLICT (subject_id, id) DO NOTHING`,
			t.Subject[:], t.ID[:], t.Org[:], t.Holder[:], t.Channel, t.Target[:], t.Event, t.About[:], t.Version, t.Entry[:],
			millis(t.At), millis(t.Due), millis(t.Term), t.Sealed); err != nil {
			return err
		}
	}
	return nil
}

const deliveryColumns = `subject_id, id, org_id, holder_id, channel, target, event, about, version, entry, status, tries,
	created_at, due_at, sent_at, acked_at, term_at, escalated, problem, sealed`

func scanDelivery(rows *sql.Rows) (outbox.Delivery, error) {
	var d outbox.Delivery
	var at, due, sent, acked, end int64
	err := rows.Scan(id{&d.Subject}, id{&d.ID}, id{&d.Org}, id{&d.Holder}, &d.Channel, id{&d.Target}, &d.Event, id{&d.About}, &d.Version, id{&d.Entry},
		&d.Status, &d.Tries, &at, &due, &sent, &acked, &end, &d.Escalated, &d.Problem, &d.Sealed)
	d.At, d.Due, d.SentAt, d.AckedAt, d.Term = moment(at), moment(due), moment(sent), moment(acked), moment(end)
	return d, err
}

// Delivery returns one.
func (s *Store) Delivery(ctx context.Context, delivery ident.ID) (*outbox.Delivery, error) {
	rows, err := s.read().query(ctx, `SELECT `+deliveryColumns+` FROM outbox WHERE id = ?1`, delivery[:])
	list, err := collect(rows, err, scanDelivery)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "delivery-unknown")
	}
	return &list[0], nil
}

// Deliveries lists deliveries, newest first; a filter of nothing finds nothing.
func (s *Store) Deliveries(ctx context.Context, f outbox.Filter) ([]outbox.Delivery, error) {
	var where []string
	var args []any
	add := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(cond, "?", "?"+strconv.Itoa(len(args))))
	}
	for _, x := range []struct {
		cond string
		id   ident.ID
	}{{"subject_id = ?", f.Subject}, {"about = ?", f.About}, {"org_id = ?", f.Org}, {"holder_id = ?", f.Holder}} {
		if !x.id.IsZero() {
			add(x.cond, x.id[:])
		}
	}
	if len(where) == 0 && f.Status == "" || f.Limit < 1 {
		return nil, nil
	}
	if !f.Org.IsZero() || !f.Holder.IsZero() {
		where = append(where, `channel IN ('webhook', 'callback')`)
	}
	if f.Status == outbox.Failed { // spelled out, so that its index serves
		where = append(where, `status = 'failed'`)
	} else if f.Status != "" {
		add(`status = ?`, string(f.Status))
	}
	if !f.LateAt.IsZero() {
		add(`term_at > 0 AND acked_at = 0 AND status <> 'dropped' AND term_at < ?`, millis(f.LateAt))
	}
	if !f.After.IsZero() {
		add(`id < ?`, f.After[:])
	}
	args = append(args, f.Limit)
	rows, err := s.read().query(ctx, `SELECT `+deliveryColumns+` FROM outbox WHERE `+strings.Join(where, " AND ")+
		` ORDER BY id DESC LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanDelivery)
}

// DueDeliveries lists those to send now. What somebody asked for again goes even
// where the lane rests.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, rest outbox.Resting, limit int) ([]outbox.Delivery, error) {
	args := []any{millis(now)}
	var but []string
	if len(rest.Targets) > 0 {
		but = append(but, `target NOT IN (`+oneOf(&args, rest.Targets)+`)`)
	}
	for _, c := range rest.Channels {
		args = append(args, c)
		but = append(but, `channel <> ?`+strconv.Itoa(len(args)))
	}
	where := `status = 'waiting' AND due_at <= ?1`
	if len(but) > 0 {
		where += ` AND (due_at = ` + askedAgain + ` OR ` + strings.Join(but, ` AND `) + `)`
	}
	args = append(args, limit)
	rows, err := s.read().query(ctx, `SELECT `+deliveryColumns+` FROM outbox WHERE `+where+` ORDER BY due_at, id LIMIT ?`+strconv.Itoa(len(args)), args...)
	return collect(rows, err, scanDelivery)
}

// askedAgain is the moment at which what somebody asked for again is due: before
// all else.
const askedAgain = "1"

// note is a write that an entry was made for before: it tells how far the
// sending of it has come.
func (s *Store) note(ctx context.Context, query string, args ...any) (n int64, err error) {
	_, err = s.write(ctx, nil, func(ctx context.Context, q tx) error {
		var err error
		n, err = q.exec(ctx, query, args...)
		return err
	})
	return n, err
}

// Claim counts a try before it is made.
func (s *Store) Claim(ctx context.Context, d *outbox.Delivery, next time.Time) (bool, error) {
	n, err := s.note(ctx, `UPDATE outbox SET tries = tries + 1, due_at = ?1
		WHERE subject_id = ?2 AND id = ?3 AND tries = ?4 AND status = 'waiting'`, millis(next), d.Subject[:], d.ID[:], d.Tries)
	if err != nil || n != 1 {
		return false, err
	}
	d.Tries, d.Due = d.Tries+1, next
	return true, nil
}

// Settle notes what became of a try. An acknowledgement that came while the call
// was under way stays. A code that is on its way, given up or dropped is kept
// nowhere any more but by its keyed hash.
func (s *Store) Settle(ctx context.Context, d *outbox.Delivery) error {
	const settle = `UPDATE outbox SET status = ?1, due_at = ?2, sent_at = ?3, problem = ?4`
	args := []any{string(d.Status), millis(d.Due), millis(d.SentAt), d.Problem, d.Subject[:], d.ID[:]}
	const which = ` WHERE subject_id = ?5 AND id = ?6 AND status = 'waiting'`
	var err error
	if d.Event == outbox.CodeEvent && d.Status != outbox.Waiting {
		_, err = s.note(ctx, settle+`, sealed = ?7`+which, append(args, []byte{})...)
	} else {
		_, err = s.note(ctx, settle+which, args...)
	}
	return err
}

// giveUpChunk bounds how long the giving up of many holds others up.
const giveUpChunk = 500

// GiveUp fails what waits for an address since before a moment.
func (s *Store) GiveUp(ctx context.Context, target ident.ID, before time.Time, problem string) error {
	for {
		n, err := s.note(ctx, `UPDATE outbox SET status = 'failed', problem = ?1 WHERE (subject_id, id) IN
			(SELECT subject_id, id FROM outbox WHERE status = 'waiting' AND target = ?2 AND created_at < ?3 ORDER BY created_at LIMIT ?4)`,
			problem, target[:], millis(before), giveUpChunk)
		if err != nil || n < giveUpChunk {
			return err
		}
	}
}

// Acknowledge lands that the receiver knows.
func (s *Store) Acknowledge(ctx context.Context, d *outbox.Delivery, r *journal.Record) (bool, error) {
	out, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE outbox SET status = 'acknowledged', acked_at = ?1, sent_at = ?2, escalate_at = 0, problem = ''
			WHERE subject_id = ?3 AND id = ?4 AND acked_at = 0`, millis(d.AckedAt), millis(d.SentAt), d.Subject[:], d.ID[:])
		if err == nil && n != 1 {
			err = errStale
		}
		return err
	})
	return out.Stale, err
}

// Retry lets what was given up wait again.
func (s *Store) Retry(ctx context.Context, org, delivery ident.ID) (int64, error) {
	const again = `UPDATE outbox SET status = 'waiting', tries = 0, due_at = ` + askedAgain + ` WHERE status = 'failed'`
	if delivery.IsZero() {
		return s.note(ctx, again)
	}
	return s.note(ctx, again+` AND id = ?1 AND org_id = ?2`, delivery[:], org[:])
}

// ForgetLetters deletes letters and messages that are done with and were made
// before a moment. What organizations were told stays: it shows who knew what.
func (s *Store) ForgetLetters(ctx context.Context, before time.Time) error {
	first := ident.FirstID(before)
	_, err := s.note(ctx, `DELETE FROM outbox WHERE status IN ('sent', 'dropped') AND channel IN ('email', 'sms') AND id < ?1`, first[:])
	return err
}

// CountDeliveries counts what waits, what was given up and what is late.
func (s *Store) CountDeliveries(ctx context.Context, now time.Time) (f outbox.Figures, err error) {
	err = s.read().row(ctx, `SELECT (SELECT COUNT(*) FROM outbox WHERE status = 'waiting'), (SELECT COUNT(*) FROM outbox WHERE status = 'failed'),
		(SELECT COUNT(*) FROM outbox WHERE term_at > 0 AND acked_at = 0 AND term_at < ?1 AND status <> 'dropped')`, millis(now)).
		Scan(&f.Waiting, &f.Failed, &f.Late)
	return f, wrap(err)
}

// CountLetters counts letters of an event to a subject.
func (s *Store) CountLetters(ctx context.Context, subject ident.ID, event string, since time.Time) (n int, err error) {
	first := ident.FirstID(since)
	err = s.read().row(ctx, `SELECT COUNT(*) FROM outbox WHERE subject_id = ?1 AND id >= ?2 AND event = ?3`, subject[:], first[:], event).Scan(&n)
	return n, wrap(err)
}

// InsertWebhook lands where an organization wants word.
func (s *Store) InsertWebhook(ctx context.Context, w *outbox.Webhook, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		return putWebhook(ctx, q, w)
	})
	return err
}

// putWebhook writes a webhook, a new one or in the place of what it was.
func putWebhook(ctx context.Context, q querier, w *outbox.Webhook) error {
	_, err := q.exec(ctx, `INSERT INTO webhook (org_id, id, events, form, created_at, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (org_id, id) DO UPDATE SET events = excluded.events, form = excluded.form, sealed = excluded.sealed`,
		w.Org[:], w.ID[:], strings.Join(w.Events, " "), w.Form, millis(w.Created), w.Sealed)
	return err
}

// endWebhook deletes a webhook, and drops what waits for it. It says how many there
// were.
func endWebhook(ctx context.Context, q querier, org, hook ident.ID) (int64, error) {
	n, err := q.exec(ctx, `DELETE FROM webhook WHERE org_id = ?1 AND id = ?2`, org[:], hook[:])
	if err != nil || n == 0 {
		return n, err
	}
	_, err = q.exec(ctx, `UPDATE outbox SET status = 'dropped', escalate_at = 0
		WHERE org_id = ?1 AND target = ?2 AND status = 'waiting'`, org[:], hook[:])
	return n, err
}

// DeleteWebhook lands that an organization wants no more word there.
func (s *Store) DeleteWebhook(ctx context.Context, org, hook ident.ID, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := endWebhook(ctx, q, org, hook)
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "webhook-unknown")
		}
		return err
	})
	return err
}

// Webhooks lists those of an organization.
func (s *Store) Webhooks(ctx context.Context, org ident.ID) ([]outbox.Webhook, error) {
	rows, err := s.read().query(ctx, `SELECT id, events, form, created_at, sealed FROM webhook WHERE org_id = ?1 ORDER BY id`, org[:])
	return collect(rows, err, func(r *sql.Rows) (outbox.Webhook, error) {
		w := outbox.Webhook{Org: org}
		var events string
		var created int64
		err := r.Scan(id{&w.ID}, &events, &w.Form, &created, &w.Sealed)
		w.Events, w.Created = strings.Fields(events), moment(created)
		return w, err
	})
}

const contactColumns = `subject_id, id, kind, status, language, choices, created_at, confirmed_at, code_hash, code_until, sealed`

func scanContact(rows *sql.Rows) (outbox.Contact, error) {
	var c outbox.Contact
	var created, confirmed, until int64
	var kind, lang string
	err := rows.Scan(id{&c.Subject}, id{&c.ID}, &kind, &c.Status, &lang, &c.Choices, &created, &confirmed, hash{&c.CodeHash}, &until, &c.Sealed)
	c.Kind, c.Language = ident.Kind(kind), locale.Lang(lang)
	c.Created, c.Confirmed, c.CodeUntil = moment(created), moment(confirmed), moment(until)
	return c, err
}

// PutContact keeps a contact. It is a setting of the subject's own and no act on
// anybody's data, so it has no entry: an entry would stand in the journal of some
// operator, whom it does not concern.
func (s *Store) PutContact(ctx context.Context, c *outbox.Contact, letter *journal.Tell) error {
	_, err := s.write(ctx, nil, func(ctx context.Context, q tx) error {
		if _, err := q.exec(ctx, `INSERT INTO contact (`+contactColumns+`) VALUES `+places(1, 11)+`
			ON CONFLICT (subject_id, id) DO UPDATE SET status = excluded.status, choices = excluded.choices,
				confirmed_at = excluded.confirmed_at, code_hash = excluded.code_hash, sealed = excluded.sealed`,
			c.Subject[:], c.ID[:], string(c.Kind), c.Status, string(c.Language), int64(c.Choices), millis(c.Created), millis(c.Confirmed),
			c.CodeHash[:], millis(c.CodeUntil), c.Sealed); err != nil {
			return err
		}
		if c.Status == outbox.Removed {
			if _, err := q.exec(ctx, `UPDATE outbox SET status = 'dropped', sealed = ?1 WHERE subject_id = ?2 AND target = ?3 AND status = 'waiting'`,
				[]byte{}, c.Subject[:], c.ID[:]); err != nil {
				return err
			}
		}
		if letter != nil {
			return putTells(ctx, q, []*journal.Tell{letter}) // nothing is sent there yet but this
		}
		return wantsWord(ctx, q, c.Subject)
	})
	return err
}

// wantsWord sums up what a subject wants word of, under the subject's version.
func wantsWord(ctx context.Context, q querier, subject ident.ID) error {
	rows, err := q.query(ctx, `SELECT choices FROM contact WHERE subject_id = ?1 AND status = 'confirmed'`, subject[:])
	list, err := collect(rows, err, func(r *sql.Rows) (v int64, err error) { return v, r.Scan(&v) })
	if err != nil {
		return err
	}
	var all int64
	for _, v := range list {
		all |= v
	}
	_, err = q.exec(ctx, `UPDATE subject SET notices = ?1, version = version + 1 WHERE id = ?2 AND notices <> ?1`, all, subject[:])
	return err
}

// Contacts lists those of a subject.
func (s *Store) Contacts(ctx context.Context, subject ident.ID) ([]outbox.Contact, error) {
	rows, err := s.read().query(ctx, `SELECT `+contactColumns+` FROM contact WHERE subject_id = ?1 ORDER BY id`, subject[:])
	return collect(rows, err, scanContact)
}

// ContactByCode finds the one that a link confirms.
func (s *Store) ContactByCode(ctx context.Context, sum [32]byte) (*outbox.Contact, error) {
	rows, err := s.read().query(ctx, `SELECT `+contactColumns+` FROM contact WHERE code_hash = ?1 AND status = 'pending'`, sum[:])
	list, err := collect(rows, err, scanContact)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "contact-unknown")
	}
	return &list[0], nil
}
