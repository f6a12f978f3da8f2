package consent

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// RequestFilter selects requests; zero fields do not.
type RequestFilter struct {
	Subject ident.ID
	Org     ident.ID
	Orgs    []ident.ID // whose consent it would be; nil: any
	Asker   ident.ID
	Status  RequestStatus
	After   ident.ID // the last of the page before; newest come first
	Limit   int
}

// RequestStore keeps requests for consent.
type RequestStore interface {
	// InsertRequest lands a new request with its entry; stale reports that the
	// record's guard did not hold.
	InsertRequest(ctx context.Context, r *Request, rec *journal.Record) (stale bool, err error)
	// UpdateRequest lands the next version of a request, and the text that was
	// shown where there is one.
	UpdateRequest(ctx context.Context, r *Request, t *Text, rec *journal.Record) (stale bool, err error)
	// AnswerRequest lands the answer and the consent that was given by it, its
	// text and what it supersedes, all or nothing.
	AnswerRequest(ctx context.Context, r *Request, c *Consent, t *Text, superseded []*Consent, rec *journal.Record) (stale bool, err error)
	// Request returns a fault.NotFound when there is none.
	Request(ctx context.Context, id ident.ID) (*Request, error)
	Requests(ctx context.Context, f RequestFilter) ([]Request, error)
	// DueRequests lists pending ones whose term is over.
	DueRequests(ctx context.Context, now time.Time, limit int) ([]Request, error)
}

// NewRequest is a question as it is asked.
type NewRequest struct {
	Subject  ident.ID // as the asker knows it
	Ask      Asked
	Message  string
	Callback string
	Counter  bool // the subject stands before a clerk
	// Contact is where to tell a subject who named no contact here; nil for nowhere.
	Contact *outbox.Address
	Actor   verify.Actor
}

// How long a question waits for its answer, and how many may wait at once.
const (
	requestLife = 14 * 24 * time.Hour
	counterLife = 10 * time.Minute
	maxPending  = 50
	maxMessage  = 1000
	maxCallback = 500
	maxMissed   = 3
)

// Ask puts a question to a subject. An equal one that is open is returned as it
// is (created false). After a refusal the same is not asked again before the
// term that the description sets for it.
func (s *Consents) Ask(ctx context.Context, holder, asker *party.Organization, in *NewRequest) (r *Request, created bool, err error) {
	subject := asker.Inside(in.Subject)
	h, err := s.Parties.Store.Holding(ctx, subject, asker.ID)
	if err != nil {
		return nil, false, err
	}
	if h.State == party.Destroyed {
		return nil, false, fault.New(fault.Conflict, "subject-destroyed")
	}
	if in.Contact != nil {
		if in.Contact, err = s.reach(asker, h, in.Contact); err != nil {
			return nil, false, err
		}
	}
	for range maxTries {
		full := *in
		if err := s.completeAsk(holder, asker, &full); err != nil {
			return nil, false, err
		}
		// Before the look at what is open: an equal question that lands in between
		// moves the version.
		// Before the look at what is open: an equal question that lands after it
		// moves the version, and this one looks again.
		version, jkey, err := s.open(ctx, subject)
		if err != nil {
			return nil, false, err
		}
		open, err := s.asked(ctx, holder, asker, subject, &full)
		if err != nil || open != nil {
			return open, false, err
		}
		r, stale, err := s.put(ctx, holder, asker, subject, &full, version, &jkey)
		if err != nil || !stale {
			return r, true, err
		}
		if holder, err = s.Parties.Reload(ctx, holder.ID); err != nil {
			return nil, false, err
		}
	}
	return nil, false, errContended
}

// reach checks an address that the asker has, and finds the language to write in.
func (s *Consents) reach(asker *party.Organization, h *party.Holding, to *outbox.Address) (*outbox.Address, error) {
	if s.Outbox == nil {
		return nil, &fault.Error{Kind: fault.Conflict, Code: "channel-absent", Field: "contact.kind"}
	}
	out, err := s.Outbox.CheckAddress(to)
	var f *fault.Error
	if errors.As(err, &f) {
		return nil, f.At("contact")
	}
	if err != nil {
		return nil, err
	}
	prof, err := s.Parties.Profile(asker, h)
	out.Language = prof.Language
	return out, err
}

// completeAsk checks a question against the register of the organization whose
// consent it would be.
func (s *Consents) completeAsk(holder, asker *party.Organization, in *NewRequest) error {
	if holder.Register == nil {
		return fault.New(fault.Conflict, "register-absent")
	}
	if asker.ID != holder.ID && !slices.Contains(in.Ask.ThirdParties, asker.BIN) {
		in.Ask.ThirdParties = append(slices.Clip(in.Ask.ThirdParties), asker.BIN)
	}
	if err := checkTerms(holder.Register, &in.Ask.Terms); err != nil {
		return err
	}
	if i := outside(in.Ask.Optional, in.Ask.Categories); i >= 0 {
		return fault.Bad("optional", "category-not-needed")
	}
	in.Ask.Optional = sorted(in.Ask.Optional)
	if _, known := weights[in.Ask.Evidence]; !known {
		return fault.Bad("evidence", "bad-enum", "allowed", register.ByCode+", "+register.BySignature)
	}
	switch {
	case !in.Ask.Until.IsZero() && !in.Ask.Until.After(s.Now()):
		return fault.Bad("validUntil", "time-past")
	case len(in.Message) > maxMessage:
		return fault.Bad("message", "too-long", "max", maxMessage)
	case len(in.Callback) > maxCallback:
		return fault.Bad("callback", "too-long", "max", maxCallback)
	}
	if in.Callback == "" {
		return nil
	}
	if u, err := url.Parse(in.Callback); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return fault.Bad("callback", "callback-address")
	}
	if s.Outbox != nil && outbox.CheckURL(in.Callback, s.Outbox.Private) != nil { // who would be told that it cannot be called?
		return fault.Bad("callback", "callback-address")
	}
	return nil
}

// asked looks for an equal question that is open, and for a refusal that is too
// young.
func (s *Consents) asked(ctx context.Context, holder, asker *party.Organization, subject ident.ID, in *NewRequest) (*Request, error) {
	before, err := s.Requests.Requests(ctx, RequestFilter{Subject: subject, Org: holder.ID, Asker: asker.ID, Limit: 200})
	if err != nil {
		return nil, err
	}
	now, pending := s.Now(), 0
	for i := range before {
		r := &before[i]
		switch r.StatusAt(now) {
		case Pending:
			if pending++; r.Ask.Same(&in.Ask) && (r.Ask.Number != 0) == in.Counter {
				return r, nil
			}
		case Refused:
			if again := askAgain(holder.Register, r, in.Ask.Purposes); now.Before(again) {
				return nil, fault.New(fault.Conflict, "refused-recently", "date", again.UTC().Format(time.DateOnly))
			}
		case Given, ExpiredRequest, Cancelled:
		}
	}
	if pending >= maxPending {
		return nil, fault.New(fault.Conflict, "requests-too-many", "max", maxPending)
	}
	return nil, nil
}

// askAgain is from when on a refused purpose may be asked for again.
func askAgain(reg *register.Register, refused *Request, purposes []string) (at time.Time) {
	for _, id := range purposes {
		if p := reg.Purpose(id); p != nil && slices.Contains(refused.Ask.Purposes, id) {
			if t := p.AskAgain.Add(refused.Ended); t.After(at) {
				at = t
			}
		}
	}
	return at
}

func (s *Consents) put(ctx context.Context, holder, asker *party.Organization, subject ident.ID, in *NewRequest, version int64, jkey *seal.Key) (r *Request, stale bool, err error) {
	if err := RequestMachine.begin("consent.ask", in.Actor.Kind); err != nil {
		return nil, false, err
	}
	now := s.Now()
	r = &Request{
		ID: ident.NewID(now), Subject: subject, Org: holder.ID, Asker: asker.ID, Version: 1, Status: Pending, Ask: in.Ask,
		Created: now, Expires: now.Add(requestLife), Register: holder.Register.Version,
	}
	if in.Counter {
		r.Expires = now.Add(counterLife)
		if r.Ask.Number, r.Ask.Choices, err = numbers(); err != nil {
			return nil, false, err
		}
	}
	if r.Sealed, err = sealNote(jkey, r, &Note{Message: in.Message, Callback: in.Callback}); err != nil {
		return nil, false, err
	}
	rec, err := s.requestEvent(ctx, holder, r, jkey, version, in.Actor, "consent.ask", nil)
	if err != nil {
		return nil, false, err
	}
	r.Ask.Entry = rec.ID
	if err := s.tellAsked(ctx, r, holder, jkey, rec, in.Contact); err != nil {
		return nil, false, err
	}
	stale, err = s.Requests.InsertRequest(ctx, r, rec)
	return r, stale, err
}

// numbers draws the two digits that a clerk sees and those among which the
// subject finds them. They tie the person at the counter to the phone; nobody is
// asked to read a secret out.
func numbers() (int, []int, error) {
	var choices []int
	for len(choices) < 3 {
		n, err := rand.Int(rand.Reader, big.NewInt(90))
		if err != nil {
			return 0, nil, err
		}
		if v := int(n.Int64()) + 10; !slices.Contains(choices, v) {
			choices = append(choices, v)
		}
	}
	number := choices[0]
	slices.Sort(choices)
	return number, choices, nil
}

// RequestText is the text of a question in a language: the standard text of all
// that is asked, frozen by its hash when it is shown.
func (s *Consents) RequestText(reg *register.Register, r *Request, lang locale.Lang) *Text {
	return StandardText(reg, lang, &New{Terms: r.Ask.Terms, Until: r.Ask.Until})
}

// Show writes down that the text of a question was before the subject, once for
// each text, and returns the text.
func (s *Consents) Show(ctx context.Context, id ident.ID, lang locale.Lang, by verify.Actor) (*Request, *Text, error) {
	return s.show(ctx, id, lang, by, func(r *Request, holder *party.Organization) (*Text, error) {
		reg, err := s.registerOf(ctx, holder, r.Register)
		if err != nil {
			return nil, err
		}
		return s.RequestText(reg, r, lang), nil
	})
}

func (s *Consents) show(ctx context.Context, id ident.ID, lang locale.Lang, by verify.Actor, of func(*Request, *party.Organization) (*Text, error)) (*Request, *Text, error) {
	for range maxTries {
		r, holder, err := s.requested(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		text, err := of(r, holder)
		if err != nil {
			return nil, nil, err
		}
		if r.shown(text.Hash) || r.StatusAt(s.Now()) != Pending {
			return r, text, nil
		}
		if err := RequestMachine.next("consent.show", Pending, Pending, by.Kind, "request-answered"); err != nil {
			return nil, nil, err
		}
		version, jkey, err := s.open(ctx, r.Subject)
		if err != nil {
			return nil, nil, err
		}
		rec, err := s.requestEvent(ctx, holder, r, &jkey, version, by, "consent.show", text.sum())
		if err != nil {
			return nil, nil, err
		}
		n := *r
		n.Version++
		n.Shown = append(slices.Clip(r.Shown), Shown{At: s.Now(), Language: string(lang), TextHash: text.Hash, Entry: rec.ID})
		stale, err := s.Requests.UpdateRequest(ctx, &n, text, rec)
		if err != nil || !stale {
			return &n, text, err
		}
	}
	return nil, nil, errContended
}

func (s *Consents) requested(ctx context.Context, id ident.ID) (*Request, *party.Organization, error) {
	r, err := s.Requests.Request(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	o, err := s.Parties.ByID(ctx, r.Org)
	return r, o, err
}

// registerOf is the description that a question was put by.
func (s *Consents) registerOf(ctx context.Context, o *party.Organization, version int) (*register.Register, error) {
	if o.Register != nil && o.Register.Version == version {
		return o.Register, nil
	}
	versions, err := s.Parties.Store.Versions(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(versions, func(v party.Version) bool { return v.Number == version })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "version-unknown")
	}
	d, err := register.Parse(versions[i].Canonical, s.Parties.Rules)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "internal", err)
	}
	r := register.Compile(d, version)
	return r, party.RememberAll(r, versions)
}

// Note opens what is sealed of a request.
func (s *Consents) Note(ctx context.Context, r *Request) (*Note, error) {
	_, jkey, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	return openNote(&jkey, r)
}

func notePlace(r *Request) []byte { return seal.Place("request", r.Subject[:], r.Org[:], r.ID[:]) }

func sealNote(jkey *seal.Key, r *Request, n *Note) ([]byte, error) {
	b, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	return jkey.Seal(nil, b, notePlace(r)), nil
}

func openNote(jkey *seal.Key, r *Request) (*Note, error) {
	b, err := jkey.Open(r.Sealed, notePlace(r))
	if err != nil {
		return nil, err
	}
	var n Note
	return &n, json.Unmarshal(b, &n)
}

// dropCode forgets the code of a question that is answered: it confirms nothing
// twice.
func (r *Request) dropCode(jkey *seal.Key) error {
	note, err := openNote(jkey, r)
	if err != nil || note.Code == nil {
		return err
	}
	note.Code = nil
	r.Sealed, err = sealNote(jkey, r, note)
	return err
}

func (s *Consents) requestEvent(ctx context.Context, org *party.Organization, r *Request, jkey *seal.Key, version int64, by verify.Actor, action string, digest []byte) (*journal.Record, error) {
	// Whoever sees and answers a question for the subject has to be one who may
	// consent for it.
	rep, err := s.onBehalf(ctx, r.Subject, org, by, represent.Consent)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(r.Subject)), Organization: org.BIN, Actor: by, Action: action, Role: rep.Role(),
		Categories: r.Ask.Categories, Detail: strings.Join(r.Ask.Purposes, ","), Reference: r.ID.String(),
		Edition: org.Edition(now).ID, Register: r.Register, Digest: digest,
	}
	if r.Asker != r.Org {
		third, err := s.Parties.ByID(ctx, r.Asker)
		if err != nil {
			return nil, err
		}
		e.Recipient = third.BIN
	}
	rec, err := journal.Prepare(e, r.Subject, org.ID, jkey, now)
	if err != nil {
		return nil, err
	}
	rec.Guard = journal.Guard{Subject: version, Org: org.Version}
	return rec, nil
}
