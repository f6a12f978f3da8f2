package kdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Filter selects requests; zero fields do not. The newest come first.
type Filter struct {
	Subject ident.ID
	Org     ident.ID   // that asked
	Orgs    []ident.ID // one of these; nil: any
	After   ident.ID   // the last of the page before
	Limit   int
}

// Store keeps requests. A withdrawal of the consent to a purpose makes those for it
// invalid, empties their Secret, and sets Next: the service may have to be told. It is
// all in the write of the withdrawal.
type Store interface {
	// InsertKDP lands a request with its entry. It moves the subject's version, so
	// that of two equal ones at one moment the second looks again: stale.
	InsertKDP(ctx context.Context, r *Request, rec *journal.Record) (stale bool, err error)
	// EndKDP lands the next version of a request: its answer, or its end.
	EndKDP(ctx context.Context, r *Request, rec *journal.Record) (stale bool, err error)
	// UseKDP lands the entry of a use of the token, if the record's guard and the
	// request's version still hold.
	UseKDP(ctx context.Context, r *Request, rec *journal.Record) (stale bool, err error)
	// PutOffKDP writes down when to look at a request again, and why. It moves no
	// fact, so it has no entry; where the request has moved on it does nothing.
	PutOffKDP(ctx context.Context, r *Request) error
	// KDP returns a fault.NotFound when there is none.
	KDP(ctx context.Context, id ident.ID) (*Request, error)
	KDPs(ctx context.Context, f Filter) ([]Request, error)
	// DueKDPs lists those whose Next has come.
	DueKDPs(ctx context.Context, now time.Time, limit int) ([]Request, error)
	// Note lands an entry and nothing else.
	Note(ctx context.Context, r *journal.Record) (gate.Outcome, error)
	// SubjectVersion is the version that guards a subject's facts, and the wrapped
	// journal key.
	SubjectVersion(ctx context.Context, subject ident.ID) (version int64, journalKey []byte, err error)
}

// Requests is the service.
type Requests struct {
	Store    Store
	Parties  *party.Parties
	Guard    *gate.Guard
	Settings *Settings // nil: this installation is not connected to the state service
	Client   Client    // nil as well
	Now      func() time.Time
	Log      *slog.Logger
}

// New is a request as an organization puts it.
type New struct {
	Subject     ident.ID // as the organization knows it
	IIN         string   // must be the subject's; kept only as long as it is asked about
	Purpose     string
	Services    []string
	Data        []string
	ValidFor    string // ISO 8601
	OmitSMS     bool
	Check       string // how the person was checked
	Responsible string
	Employee    string
}

const (
	maxTries    = 8
	maxServices = 20
	maxData     = 50
	maxText     = 200
	maxOpen     = 50
)

var (
	errContended = fault.New(fault.Unavailable, "contended")
	errOff       = fault.New(fault.Conflict, "kdp-off")
	errUnknown   = fault.New(fault.NotFound, "kdp-unknown")
	errGone      = fault.New(fault.Conflict, "subject-destroyed")

	serviceKey = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
)

// Ask puts a question to the state service. An equal one that is open is returned
// as it is (created false). The request is there, and journaled, before the service
// is asked: what it answers at once is in the result, the rest comes later.
func (s *Requests) Ask(ctx context.Context, org *party.Organization, by verify.Actor, in *New) (r *Request, created bool, err error) {
	if s.Client == nil {
		return nil, false, errOff
	}
	if _, ok := s.Settings.Accounts[org.BIN]; !ok {
		return nil, false, fault.New(fault.Conflict, "kdp-account")
	}
	for range maxTries {
		n, err := s.complete(org, in)
		if err != nil {
			return nil, false, err
		}
		iin, err := s.own(ctx, org, in)
		if err != nil {
			return nil, false, err
		}
		r, stale, err := s.once(ctx, org, by, n, iin)
		switch {
		case err != nil:
			return nil, false, err
		case r != nil:
			return r, false, nil
		case !stale:
			r, err = s.again(ctx, org, n)
			return r, true, err
		}
		if org, err = s.Parties.Reload(ctx, org.ID); err != nil {
			return nil, false, err
		}
	}
	return nil, false, errContended
}

// once lands a request, unless there is an equal one, which is returned. stale means
// that what it was checked against has changed meanwhile.
func (s *Requests) once(ctx context.Context, org *party.Organization, by verify.Actor, n *Request, iin string) (equal *Request, stale bool, err error) {
	version, wrapped, err := s.Store.SubjectVersion(ctx, n.Subject)
	if err != nil {
		return nil, false, err
	}
	key, err := s.key(ctx, org, n.Subject)
	if err != nil {
		return nil, false, err
	}
	if equal, err = s.equal(ctx, n, &key); err != nil || equal != nil {
		return equal, false, err
	}
	now := s.Now()
	n.ID, n.Created, n.Next = ident.NewID(now), now, now.Add(s.Settings.Again.First)
	if err := n.seal(&key, &secrets{IIN: iin}); err != nil {
		return nil, false, err
	}
	rec, err := s.entry(org, n, by, "kdp.ask", wrapped, func(e *verify.Entry) { e.Detail = strings.Join(n.Services, ";") })
	if err != nil {
		return nil, false, err
	}
	rec.Guard = journal.Guard{Subject: version, Org: org.Version}
	stale, err = s.Store.InsertKDP(ctx, n, rec)
	return nil, stale, err
}

// complete checks what can be checked without the store.
func (s *Requests) complete(org *party.Organization, in *New) (*Request, error) {
	if org.Suspended {
		return nil, fault.New(fault.Denied, "kdp-suspended")
	}
	if err := s.purpose(org, in.Purpose); err != nil {
		return nil, err
	}
	services, err := s.services(in.Services)
	if err != nil {
		return nil, err
	}
	if len(in.Data) > maxData {
		return nil, fault.Bad("data", "too-many-items", "max", maxData)
	}
	for field, text := range map[string]string{"responsible": in.Responsible, "employee": in.Employee} {
		if len(text) > maxText {
			return nil, fault.Bad(field, "too-long", "max", maxText)
		}
	}
	for i, d := range in.Data {
		if len(d) > maxText {
			return nil, fault.Bad(fmt.Sprintf("data[%d]", i), "too-long", "max", maxText)
		}
	}
	now := s.Now()
	period, ok := register.ParsePeriod(in.ValidFor)
	term := period.Add(now).Sub(now)
	switch {
	case in.ValidFor == "":
		return nil, fault.Bad("validFor", "missing-field")
	case !ok || term <= 0 || term > s.Settings.ExpiresIn.Longest:
		return nil, fault.Bad("validFor", "kdp-valid-for", "days", int(s.Settings.ExpiresIn.Longest.Hours()/24))
	}
	if err := s.proof(in); err != nil {
		return nil, err
	}
	r := &Request{
		Subject: org.Inside(in.Subject), Org: org.ID, Version: 1, Status: Pending, Purpose: in.Purpose,
		Content: Content{Services: services, Data: slices.Clone(in.Data), ValidFor: term, OmitSMS: in.OmitSMS, Check: in.Check},
	}
	slices.Sort(r.Data)
	r.Initiator = Initiator{
		Name: org.Register.Name.In(s.Settings.Language), BIN: org.BIN,
		Responsible: orElse(in.Responsible, s.Settings.Responsible), Employee: orElse(in.Employee, s.Settings.Employee),
	}
	return r, nil
}

func orElse(s, standard string) string {
	if s = strings.TrimSpace(s); s == "" {
		return standard
	}
	return s
}

// purpose is declared, and rests on consent: where the Law needs none, nobody is
// asked.
func (s *Requests) purpose(org *party.Organization, id string) error {
	if org.Register == nil {
		return fault.New(fault.Conflict, "register-absent")
	}
	if id == "" {
		return fault.Bad("purpose", "missing-field")
	}
	p := org.Register.Purpose(id)
	if p == nil {
		return fault.Bad("purpose", "purpose-unknown")
	}
	if !p.Basis.Consent() {
		return fault.Bad("purpose", "purpose-without-consent")
	}
	if !p.Allows(register.Collect) {
		return fault.Bad("purpose", "kdp-collect")
	}
	return nil
}

func (s *Requests) services(list []string) ([]string, error) {
	if len(list) == 0 {
		return nil, fault.Bad("services", "missing-field")
	}
	if len(list) > maxServices {
		return nil, fault.Bad("services", "too-many-items", "max", maxServices)
	}
	for i, name := range list {
		if !serviceKey.MatchString(name) {
			return nil, fault.Bad(fmt.Sprintf("services[%d]", i), "kdp-service")
		}
	}
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out), nil
}

// proof is there where the person gets no message: somebody else has checked that
// it is this person who agrees.
func (s *Requests) proof(in *New) error {
	switch {
	case in.OmitSMS && in.Check == "":
		return fault.Bad("proof.check", "kdp-proof")
	case in.Check != "" && !slices.Contains(s.Settings.SHEP.Checks, in.Check):
		return fault.Bad("proof.check", "bad-enum", "allowed", strings.Join(s.Settings.SHEP.Checks, ", "))
	}
	return nil
}

// own checks that the IIN is of the subject, by the blind index: another's would
// ask, and later open, another person's data. Whether it is anybody's is not told.
func (s *Requests) own(ctx context.Context, org *party.Organization, in *New) (string, error) {
	if in.IIN == "" {
		return "", fault.Bad("iin", "missing-field")
	}
	iin, err := s.Parties.Rules.Normalise(ident.IIN, in.IIN)
	if err != nil {
		return "", at("iin", err)
	}
	if _, err := s.Parties.Store.Holding(ctx, org.Inside(in.Subject), org.ID); err != nil {
		return "", at("subject", err)
	}
	id, err := s.Parties.Lookup(ctx, org, party.Identifier{Kind: ident.IIN, Value: iin})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return "", err
	}
	if err != nil || id != in.Subject {
		return "", fault.Bad("iin", "kdp-iin")
	}
	return iin, nil
}

func at(field string, err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}

// equal finds an open request that asks the same.
func (s *Requests) equal(ctx context.Context, n *Request, key *seal.Key) (*Request, error) {
	list, err := s.Store.KDPs(ctx, Filter{Subject: n.Subject, Org: n.Org, Limit: 200})
	if err != nil {
		return nil, err
	}
	now, open := s.Now(), 0
	for i := range list {
		r := &list[i]
		if !r.open(now) || r.unseal(key) != nil { // sealed before the data was destroyed, and registered anew
			continue
		}
		if r.same(n) {
			return r, nil
		}
		open++
	}
	if open >= maxOpen {
		return nil, fault.New(fault.Conflict, "requests-too-many", "max", maxOpen)
	}
	return nil, nil
}

// again asks what became of a pending request, and writes the answer down. Where
// none came it stays pending.
func (s *Requests) again(ctx context.Context, org *party.Organization, r *Request) (*Request, error) {
	now := s.Now()
	key, err := s.key(ctx, org, r.Subject)
	var hidden secrets
	if err == nil {
		err = r.unseal(&key)
	}
	if err == nil {
		err = r.reveal(&key, &hidden)
	}
	switch {
	case errors.Is(err, errGone) || errors.Is(err, seal.ErrOpen):
		// The data was destroyed, and what the service has to be asked with as well.
		return s.end(ctx, org, r, nil, "kdp.end", &Answer{Status: Invalid})
	case err != nil:
		return nil, err
	case !now.Before(r.Created.Add(s.Settings.AnswerWithin)):
		return s.end(ctx, org, r, &key, "kdp.end", &Answer{Status: Timeout})
	}
	q := &Question{Number: r.ID, IIN: hidden.IIN, Content: r.Content}
	call := s.Client.Status
	if r.Tries == 0 {
		call = s.Client.Ask
	}
	a, err := call(ctx, q)
	// The person may have answered: that is written down whether the caller waits or
	// not.
	ctx = context.WithoutCancel(ctx)
	if err == nil && a.Status != Pending {
		return s.end(ctx, org, r, &key, "kdp.answer", a)
	}
	n := *r
	n.Trouble = ""
	if err != nil && !errors.As(err, &n.Trouble) {
		n.Trouble = NoAnswer
	}
	n.Asked, n.Tries, n.Next = now, r.Tries+1, now.Add(s.Settings.Again.wait(r.Tries))
	return &n, s.Store.PutOffKDP(ctx, &n)
}

// end writes down what came of a request: the answer of the service, or that it ended
// without one. Whoever is faster has it: the other finds
// what was written.
func (s *Requests) end(ctx context.Context, org *party.Organization, r *Request, key *seal.Key, action string, a *Answer) (*Request, error) {
	_, wrapped, err := s.Store.SubjectVersion(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	n := *r
	n.Version++
	n.Status, n.Ended, n.Asked, n.Next, n.Trouble = a.Status, now, now, time.Time{}, ""
	n.Message = a.Message
	if key != nil {
		var hidden secrets
		if a.Status == Valid {
			hidden = secrets{Token: a.Token, PublicKey: a.PublicKey}
			// From the asking on: whenever the service begins to count, this is not late.
			n.Expires = r.Created.Add(r.ValidFor)
			n.Next = n.Expires
		}
		if err := n.seal(key, &hidden); err != nil {
			return nil, err
		}
	}
	if a.Status != Valid {
		n.Secret = nil
	}
	rec, err := s.entry(org, &n, verify.Actor{Kind: "service", ID: "kdp"}, action, wrapped, func(e *verify.Entry) {
		e.Detail = string(a.Status)
		if a.Status == Valid {
			e.Digest = sum(a.Token)
		}
	})
	if err != nil {
		return nil, err
	}
	stale, err := s.Store.EndKDP(ctx, &n, rec)
	if err != nil || !stale {
		return &n, err
	}
	return s.opened(ctx, org, r.ID)
}

// entry prepares the entry of something that was done with a request.
func (s *Requests) entry(org *party.Organization, r *Request, by verify.Actor, action string, wrapped []byte, fill func(*verify.Entry)) (*journal.Record, error) {
	jkey, err := party.OpenJournalKey(s.Parties.Keys, r.Subject, wrapped)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(r.Subject)), Organization: org.BIN, Actor: by, Action: action,
		Purpose: r.Purpose, Reference: r.ID.String(), Edition: org.Edition(now).ID,
	}
	if org.Register != nil {
		e.Register = org.Register.Version
	}
	fill(e)
	return journal.Prepare(e, r.Subject, org.ID, &jkey, now)
}

// key is that of the data of a subject at an organization.
func (s *Requests) key(ctx context.Context, org *party.Organization, subject ident.ID) (seal.Key, error) {
	h, err := s.Parties.Store.Holding(ctx, subject, org.ID)
	if err != nil {
		return seal.Key{}, err
	}
	if h.State == party.Destroyed || h.DataKey == nil {
		return seal.Key{}, errGone
	}
	return org.Key.Unwrap(h.DataKey, party.DataPlace(subject, org.ID))
}

func (r *Request) place(part string) []byte {
	return seal.Place("kdp-"+part, r.Subject[:], r.Org[:], r.ID[:])
}

func (r *Request) seal(key *seal.Key, hidden *secrets) error {
	content, err := json.Marshal(&r.Content)
	if err != nil {
		return err
	}
	secret, err := json.Marshal(hidden)
	if err != nil {
		return err
	}
	r.Sealed, r.Secret = key.Seal(nil, content, r.place("request")), key.Seal(nil, secret, r.place("secret"))
	return nil
}

func (r *Request) unseal(key *seal.Key) error {
	b, err := key.Open(r.Sealed, r.place("request"))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, &r.Content)
}

func (r *Request) reveal(key *seal.Key, into *secrets) error {
	b, err := key.Open(r.Secret, r.place("secret"))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// opened reads a request with what is sealed of it. Of one whose data was destroyed
// the bare rest is left.
func (s *Requests) opened(ctx context.Context, org *party.Organization, id ident.ID) (*Request, error) {
	r, err := s.Store.KDP(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Org != org.ID {
		return nil, errUnknown // another's is told like none
	}
	return r, s.unsealed(ctx, org, r)
}

func (s *Requests) unsealed(ctx context.Context, org *party.Organization, r *Request) error {
	key, err := s.key(ctx, org, r.Subject)
	if err == nil {
		err = r.unseal(&key)
	}
	if errors.Is(err, errGone) || errors.Is(err, seal.ErrOpen) {
		return nil
	}
	return err
}

// atOnce is how soon after a try a look may ask again.
const atOnce = 2 * time.Second

// One returns a request; of a pending one it asks what became of it.
func (s *Requests) One(ctx context.Context, org *party.Organization, id ident.ID) (*Request, error) {
	r, err := s.opened(ctx, org, id)
	if err != nil || s.Client == nil || r.Status != Pending || s.Now().Before(r.Asked.Add(atOnce)) {
		return r, err
	}
	return s.again(ctx, org, r)
}

// List lists requests of an organization, newest first, as they were found last.
func (s *Requests) List(ctx context.Context, org *party.Organization, f Filter) ([]Request, error) {
	f.Org = org.ID
	if !f.Subject.IsZero() {
		f.Subject = org.Inside(f.Subject)
	}
	list, err := s.Store.KDPs(ctx, f)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := s.unsealed(ctx, org, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}
