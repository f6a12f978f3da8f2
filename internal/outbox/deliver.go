package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/verify"
)

// Deliverer sends what is due. One runs at a time (a lease elsewhere); if two
// did, each try is claimed by one. Killed at any moment it loses nothing: what it
// did not note is due again, and goes out under the same id.
type Deliverer struct {
	*Outbox
	HTTP   *http.Client
	Mailer Mailer // nil for none
	Texter Texter
	// Public is the address that links in letters begin with.
	Public string
	// Visible reports whether a subject may see an entry now. A letter must not
	// tell what the inbox keeps back.
	Visible func(ctx context.Context, subject, entry ident.ID) (bool, error)
	Log     *slog.Logger
	// Every is how often it looks for what is due.
	Every time.Duration

	mu    sync.Mutex
	lanes map[lane]rest
}

// lane is what is down or slow together: the address of one receiver, or the mail
// server that all letters go by.
type lane struct {
	channel string
	to      ident.ID
}

func (d *Delivery) lane() lane {
	if d.toSystem() {
		return lane{d.Channel, d.Target}
	}
	return lane{channel: d.Channel}
}

// rest is how a lane stands, in memory alone: after a restart each is tried once.
type rest struct {
	until time.Time // down: not before
	fails int       // how often in a row
	full  bool      // it had its share: others go first, once
}

const (
	// A dozen tries and two, the later ones hours apart: about a day. Then it is
	// given up, for everyone to see, until somebody asks for it again.
	maxSends    = 14
	firstPause  = 10 * time.Second
	longestRest = 6 * time.Hour
	// What waited for so long for a receiver that is down is given up with it.
	longestWait = 3 * 24 * time.Hour
	// batch is how many are looked at together, callers how many are called at
	// once; share and perLane are what one lane may take of a round.
	batch   = 200
	callers = 8
	share   = 50
	perLane = 15 * time.Second
	// maxReceipt is how much of an answer is read.
	maxReceipt = 4 << 10
)

// Run sends until ctx ends.
func (d *Deliverer) Run(ctx context.Context) {
	tick := time.NewTicker(d.Every)
	defer tick.Stop()
	for {
		for {
			n, err := d.Round(ctx)
			if err != nil && ctx.Err() == nil {
				d.Log.LogAttrs(ctx, slog.LevelError, "the outbox could not be worked on, will be tried again", slog.Any("error", err))
			}
			if err != nil || n == 0 {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round makes one try of what is due. It returns how many tries it made.
func (d *Deliverer) Round(ctx context.Context) (int, error) {
	var errs []error
	due, err := d.Store.DueDeliveries(ctx, d.Now(), d.resting(), batch)
	if err != nil {
		return 0, err
	}
	by := map[lane][]*Delivery{}
	for i := range due {
		l := due[i].lane()
		by[l] = append(by[l], &due[i])
	}
	var work sync.WaitGroup
	var mu sync.Mutex
	tries := 0
	slots := make(chan struct{}, callers)
	for l, list := range by {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			n, err := d.serve(ctx, l, list)
			mu.Lock()
			defer mu.Unlock()
			tries += n
			errs = append(errs, err)
		})
	}
	work.Wait()
	return tries, errors.Join(errs...)
}

// resting are the lanes that are down, and for this once those that had their
// share: a receiver that is slow, or far behind, starves nobody.
func (d *Deliverer) resting() (out Resting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now()
	for l, r := range d.lanes {
		if r.full || now.Before(r.until) {
			if l.to.IsZero() {
				out.Channels = append(out.Channels, l.channel)
			} else {
				out.Targets = append(out.Targets, l.to)
			}
		}
		if r.full = false; r.fails == 0 {
			delete(d.lanes, l)
		} else {
			d.lanes[l] = r
		}
	}
	return out
}

// note keeps how a lane stands after a round.
func (d *Deliverer) note(l lane, change func(*rest)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lanes == nil {
		d.lanes = map[lane]rest{}
	}
	r := d.lanes[l]
	change(&r)
	d.lanes[l] = r
}

// serve sends what is due by one lane, in order, until one fails because the lane
// is down: then all of it rests, so that a receiver that is down costs one call and
// not a thousand.
func (d *Deliverer) serve(ctx context.Context, l lane, list []*Delivery) (tries int, err error) {
	begin := d.Now()
	for i, x := range list {
		if ctx.Err() != nil {
			return tries, ctx.Err()
		}
		if i == share || d.Now().Sub(begin) > perLane {
			d.note(l, func(r *rest) { r.full = true })
			return tries, nil
		}
		next := d.after(pause(x.Tries + 1))
		mine, err := d.Store.Claim(ctx, x, next)
		if err != nil {
			return tries, err
		}
		if !mine {
			continue
		}
		tries++
		down := d.try(ctx, x)
		// Noted even when we are told to stop: it was sent.
		if err := d.Store.Settle(context.WithoutCancel(ctx), x); err != nil {
			return tries, err
		}
		if down {
			return tries, d.isDown(ctx, l, x)
		}
		d.note(l, func(r *rest) { r.fails, r.until = 0, time.Time{} })
	}
	return tries, nil
}

// isDown lets a lane rest, longer with each time in a row, and gives up what waited
// for it too long.
func (d *Deliverer) isDown(ctx context.Context, l lane, x *Delivery) error {
	d.note(l, func(r *rest) {
		if r.fails++; r.fails > x.Tries {
			r.until = d.after(pause(r.fails))
		} else {
			r.until = x.Due
		}
	})
	if l.to.IsZero() {
		return nil
	}
	return d.Store.GiveUp(ctx, l.to, d.Now().Add(-longestWait), x.Problem)
}

// after is a moment from now as the store keeps it.
func (d *Deliverer) after(p time.Duration) time.Time {
	return d.Now().Add(p).Truncate(time.Millisecond)
}

// pause is how long to wait after a try: twice as long each time, a quarter more
// or less by chance, so that a receiver that comes back is not overrun.
func pause(tries int) time.Duration {
	p := longestRest
	if tries < 13 {
		p = min(firstPause<<(tries-1), longestRest)
	}
	return p*3/4 + rand.N(p/2) //nolint:gosec // nobody gains by guessing it
}

// try sends once and sets what became of it. down reports that the receiver
// cannot be reached at all now.
func (d *Deliverer) try(ctx context.Context, x *Delivery) (down bool) {
	var out outcome
	switch x.Channel {
	case Hook, Callback:
		out = d.call(ctx, x)
	default:
		out = d.write(ctx, x)
	}
	now := d.Now()
	x.Problem = out.problem
	switch {
	case out.dropped:
		x.Status = Dropped
	case out.problem == "":
		x.SentAt = now
		if x.Status == Waiting {
			x.Status = Sent
		}
	case out.final || x.Tries >= maxSends:
		x.Status = Failed
		d.Log.LogAttrs(ctx, slog.LevelError, "a delivery was given up", slog.String("delivery", x.ID.String()), slog.String("channel", x.Channel),
			slog.String("event", x.Event), slog.Int("tries", x.Tries), slog.String("problem", out.problem))
	case out.after > 0:
		x.Due = d.after(max(min(out.after, longestRest), firstPause))
	}
	return out.down
}

// outcome is how a try ended.
type outcome struct {
	problem string        // a code; empty: it was taken
	final   bool          // no repeat changes it
	dropped bool          // there is nobody to tell any more
	after   time.Duration // the receiver said when to come again
	down    bool          // the next one would fare no better
}

// call posts an event. The body is the same in each try; the signature is over
// the moment as well.
func (d *Deliverer) call(ctx context.Context, x *Delivery) outcome {
	org, err := d.Parties.ByID(ctx, x.Org)
	if err != nil {
		return outcome{problem: "internal"}
	}
	p, err := openParcel(&org.Key, &x.Tell)
	if err != nil {
		return outcome{problem: "internal", final: true}
	}
	to := &To{Org: org, Endpoint: &Endpoint{URL: p.URL}, At: d.Now()}
	if x.Channel == Callback {
		to.Endpoint.Secret = CallbackSecret(org)
	} else if out, ok := d.aim(ctx, x, to); !ok {
		return out
	}
	if CheckURL(to.Endpoint.URL, d.Private) != nil { // it may have been allowed once
		return outcome{problem: "address-refused", final: true}
	}
	m, err := d.message(ctx, to, &x.Tell, p.Body)
	if err != nil {
		return outcome{problem: "internal"}
	}
	out, acknowledged := d.post(ctx, x.ID.String(), to, m)
	if acknowledged {
		got, err := d.Acknowledge(ctx, org, x.ID, verify.Actor{Kind: "system", ID: x.ID.String()})
		if err != nil { // it was taken; that it was acknowledged can be said again
			d.Log.LogAttrs(ctx, slog.LevelError, "an acknowledgement could not be written down", slog.Any("error", err))
		} else {
			x.Status, x.AckedAt, x.SentAt = got.Status, got.AckedAt, got.SentAt
		}
	}
	return out
}

// aim finds the webhook that a delivery is to go to; it may be gone.
func (d *Deliverer) aim(ctx context.Context, x *Delivery, to *To) (outcome, bool) {
	hooks, err := d.Store.Webhooks(ctx, x.Org)
	if err != nil {
		return outcome{problem: "internal"}, false
	}
	for i := range hooks {
		if hooks[i].ID != x.Target {
			continue
		}
		to.Webhook = &hooks[i]
		if to.Endpoint, err = d.Endpoint(to.Org, to.Webhook); err != nil {
			return outcome{problem: "internal", final: true}, false
		}
		return outcome{}, true
	}
	return outcome{dropped: true}, false
}

func (d *Deliverer) post(ctx context.Context, id string, to *To, m *Message) (outcome, bool) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint.URL, bytes.NewReader(m.Body))
	if err != nil {
		return outcome{problem: "address-refused", final: true}, false
	}
	h := r.Header
	for name, value := range m.Header {
		h.Set(name, value)
	}
	h.Set("Content-Type", m.ContentType)
	h.Set("User-Agent", "kelisim")
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", strconv.FormatInt(to.At.Unix(), 10))
	h.Set("Webhook-Signature", Sign(to.Endpoint.Secret, id, to.At, m.Body))
	res, err := d.HTTP.Do(r)
	if err != nil {
		return outcome{problem: problemOf(err), down: true}, false
	}
	defer res.Body.Close() //nolint:errcheck // read, not written
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxReceipt))
	switch {
	case res.StatusCode/100 == 3:
		return outcome{problem: "redirect", down: true}, false
	case res.StatusCode == http.StatusGone: // by Standard Webhooks: do not call again
		return outcome{problem: "status-410", final: true}, false
	case res.StatusCode/100 != 2:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // a date is rare: then the usual pause
		return outcome{problem: "status-" + strconv.Itoa(res.StatusCode), after: time.Duration(seconds) * time.Second, down: true}, false
	case err != nil:
		return outcome{}, false
	}
	return outcome{}, confirms(answer, id)
}

// confirms reports whether an answer says that the receiver knows: true and
// nothing else, and of no other delivery.
func confirms(answer []byte, id string) bool {
	var said struct {
		Acknowledged bool    `json:"acknowledged"`
		ID           *string `json:"id"`
	}
	return json.Unmarshal(answer, &said) == nil && said.Acknowledged && (said.ID == nil || *said.ID == id)
}

// problemOf turns an error into a code: its text may have the address in it.
func problemOf(err error) string {
	var slow net.Error
	switch {
	case errors.Is(err, errPrivate):
		return "address-refused"
	case errors.As(err, &slow) && slow.Timeout():
		return "timeout"
	default:
		return "unreachable"
	}
}

// write sends a letter or a message to a person.
func (d *Deliverer) write(ctx context.Context, x *Delivery) outcome {
	key, err := d.key(ctx, &x.Tell)
	if err != nil {
		return outcome{problem: "internal"}
	}
	if x.Event == CodeEvent && len(x.Sealed) == 0 { // asked for again after it was given up
		return outcome{dropped: true}
	}
	p, err := openParcel(&key, &x.Tell)
	if err != nil {
		return outcome{problem: "internal", final: true}
	}
	if !p.Until.IsZero() && !d.Now().Before(p.Until) {
		return outcome{dropped: true, problem: "late"}
	}
	if p.To != nil && x.Subject.IsZero() { // see LetterTo
		return d.send(ctx, x, p.To, p)
	}
	if x.Subject.IsZero() {
		return d.writeOfficer(ctx, x, p)
	}
	to, out := d.addressee(ctx, x, p)
	if to == nil {
		return out
	}
	if !x.Entry.IsZero() && d.Visible != nil {
		seen, err := d.Visible(ctx, x.Subject, x.Entry)
		if err != nil {
			return outcome{problem: "internal"}
		}
		if !seen {
			return outcome{dropped: true}
		}
	}
	return d.send(ctx, x, to, p)
}

// addressee is where a letter goes, nil for nowhere.
func (d *Deliverer) addressee(ctx context.Context, x *Delivery, p *parcel) (*Address, outcome) {
	if p.To != nil {
		return p.To, outcome{}
	}
	contacts, err := d.Store.Contacts(ctx, x.Subject)
	if err != nil {
		return nil, outcome{problem: "internal"}
	}
	for i := range contacts {
		c := &contacts[i]
		if c.ID != x.Target || c.Status == Removed || c.Status == Pending && x.Event != "contact" {
			continue
		}
		address, err := d.Address(ctx, c)
		if err != nil {
			return nil, outcome{problem: "internal", final: true}
		}
		return &Address{c.Kind, address, c.Language}, outcome{}
	}
	return nil, outcome{dropped: true}
}

func sendProblem(err error) outcome {
	switch {
	case err == nil:
		return outcome{}
	case errors.Is(err, errRefused):
		return outcome{problem: "refused", final: true}
	default:
		return outcome{problem: "not-sent", down: errors.Is(err, errDown)}
	}
}

// isUnknown reports a fault.NotFound.
func isUnknown(err error) bool { return err != nil && fault.KindOf(err) == fault.NotFound }
