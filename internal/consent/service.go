package consent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	"kelisim/internal/signature"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Filter selects consents; zero fields do not.
type Filter struct {
	Subject ident.ID
	Org     ident.ID
	Orgs    []ident.ID // only to these organizations; nil: to all
	Status  Status
	Purpose string
	// Standing selects what is active or paused, whatever its term.
	Standing bool
	After    ident.ID // the last of the page before; newest come first
	Limit    int
	Now      time.Time
}

// Store keeps consents.
type Store interface {
	// InsertConsent lands a consent, the text that was shown and the consents it
	// supersedes with the entry, under the record's guard; stale reports that
	// the guard did not hold.
	InsertConsent(ctx context.Context, c *Consent, t *Text, superseded []*Consent, r *journal.Record) (stale bool, err error)
	// UpdateConsent lands the next version of a consent with its entry. A later
	// decision of anyone sees it: on return nothing can be permitted on the
	// version before.
	UpdateConsent(ctx context.Context, c *Consent, r *journal.Record) (stale bool, err error)
	// NoteConsent lands an entry about a consent that changes nothing, under the
	// record's guard.
	NoteConsent(ctx context.Context, r *journal.Record) (stale bool, err error)
	// Consent returns a fault.NotFound when there is none.
	Consent(ctx context.Context, id ident.ID) (*Consent, error)
	Consents(ctx context.Context, f Filter) ([]Consent, error)
	// Text returns a text by its hash, or a fault.NotFound.
	Text(ctx context.Context, hash string) (*Text, error)
	// ConsentFiles are the sealed files of a consent, in their order.
	ConsentFiles(ctx context.Context, subject, id ident.ID) ([][]byte, error)
	// SubjectVersion is the version that guards a subject's facts, and the
	// wrapped journal key.
	SubjectVersion(ctx context.Context, subject ident.ID) (version int64, journalKey []byte, err error)
}

// Text is a text that was shown to a subject, kept by its hash.
type Text struct {
	Hash     string // SHA-256, hex
	Language locale.Lang
	Body     string
}

// Consents is the service.
type Consents struct {
	Store    Store
	Requests RequestStore
	// HoldStore keeps what stands against a withdrawal; nil for no holds.
	HoldStore HoldStore
	AskRuns   AskRunStore
	// Public keeps consents to dissemination, Terms makes the term that one
	// begins; nil where nothing is owed, as in a test.
	Public DisseminationStore
	Terms  TermMaker
	// Published keeps what everybody is told for a while.
	Published *Publications
	Parties   *party.Parties
	Keys      *seal.Keyring
	Now       func() time.Time
	// StateService: consents that are recorded here were given through the state
	// service, because this is it (Art. 8-1).
	StateService bool
	// Represent is asked when somebody acts for the subject.
	Represent *represent.Representatives
	// Outbox takes word of what happens to consents; nil for none.
	Outbox *outbox.Outbox
	// Codes are the rules of one-time codes.
	Codes CodeRules
	// Signatures checks electronic signatures; nil: they are not offered here.
	Signatures signature.Checker
}

// New is a consent already obtained, as the operator records it.
type New struct {
	Subject  ident.ID // as the organization knows it
	Terms    Terms
	Until    time.Time
	Language locale.Lang
	Name     string // of the subject; from the profile where empty
	Proof    Proof
	Text     string // the very text shown, where it was not the standard one
	Files    []NewFile
	CMS      []byte // an electronic signature under the text; nil for none
	Actor    verify.Actor
	// Recorder is who wrote it down, where a representative gave it.
	Recorder verify.Actor
	// Register is the version of the description that the subject was shown; the
	// one in force where it is zero.
	Register int
	// Conditions are the subject's own on dissemination.
	Conditions []Said
	// Earlier: obtained before the organization came here, by the rules of then.
	Earlier bool
	// Least is the least evidence that the question demands, beside what the
	// description does: register.ByCode, register.BySignature; empty for any.
	Least string
}

const maxTries = 8

var errContended = fault.New(fault.Unavailable, "contended")

// Record writes down a consent that was obtained, with its proof. Consents to
// nothing but the same purposes are superseded.
func (s *Consents) Record(ctx context.Context, org *party.Organization, in *New) (*Consent, error) {
	subject := org.Inside(in.Subject)
	h, err := s.Parties.Store.Holding(ctx, subject, org.ID)
	if err != nil {
		return nil, err
	}
	for range maxTries {
		full := *in
		if err := s.complete(org, h, &full); err != nil {
			return nil, err
		}
		c, stale, err := s.insert(ctx, org, subject, &full)
		if err != nil || !stale {
			return c, err
		}
		if org, err = s.Parties.Reload(ctx, org.ID); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

// complete checks a new consent against the register and fills what follows
// from it, so that all eight elements of Art. 8(4) are there.
func (s *Consents) complete(org *party.Organization, h *party.Holding, in *New) error {
	reg := org.Register
	if reg == nil {
		return fault.New(fault.Conflict, "register-absent")
	}
	if err := checkTerms(reg, &in.Terms); err != nil {
		return err
	}
	if err := in.setConditions(); err != nil {
		return err
	}
	now := s.Now()
	if !in.Until.IsZero() && !in.Until.After(now) {
		return fault.Bad("validUntil", "time-past")
	}
	p := &in.Proof
	if channels := in.stateable(); !slices.Contains(channels, p.Channel) {
		return fault.Bad("evidence.channel", "bad-enum", "allowed", strings.Join(channels, ", "))
	}
	if err := in.setStanding(); err != nil {
		return err
	}
	if err := in.enough(reg); err != nil {
		return err
	}
	if err := s.throughStateService(reg, in); err != nil {
		return err
	}
	if p.Obtained.IsZero() {
		p.Obtained = now
	}
	if p.Obtained.After(now.Add(time.Minute)) {
		return fault.Bad("evidence.obtained", "time-future")
	}
	if p.TextHash != "" && !isHash(p.TextHash) {
		return fault.Bad("evidence.textHash", "text-hash")
	}
	var err error
	if p.Files, err = checkFiles(in.Files); err != nil {
		return err
	}
	prof, err := s.Parties.Profile(org, h)
	if err != nil {
		return err
	}
	if p.Name = in.Name; p.Name == "" {
		p.Name = prof.Name
	}
	if p.Name == "" {
		return fault.Bad("name", "consent-name")
	}
	if in.Language == "" {
		in.Language = prof.Language
	}
	if in.Language == "" {
		in.Language = locale.KK
	}
	return nil
}

// throughStateService refuses a consent to data in state systems that did not go
// through the state service (Art. 8(1)): it is confirmed by what that service
// issued.
func (s *Consents) throughStateService(reg *register.Register, in *New) error {
	if in.Proof.Channel == StateService && in.Proof.Document == "" {
		return fault.Bad("evidence.document", "state-service-document")
	}
	if s.StateService || in.Proof.Channel == StateService {
		return nil
	}
	for _, id := range in.Terms.Purposes {
		if p := reg.Purpose(id); p != nil && p.In != nil && p.In.Kind == register.State {
			e := fault.Bad("evidence.channel", "state-service-only")
			e.Provisions = []string{"8(1)"}
			return e
		}
	}
	return nil
}

func checkTerms(reg *register.Register, t *Terms) error {
	if len(t.Purposes) == 0 {
		return fault.Bad("purposes", "missing-field")
	}
	allowed := map[string]bool{}
	var recipients, countries []string
	public := false
	for i, id := range t.Purposes {
		p := reg.Purpose(id)
		if p == nil {
			return fault.Bad(fmt.Sprintf("purposes[%d]", i), "purpose-unknown")
		}
		if !p.Basis.Consent() {
			return fault.Bad(fmt.Sprintf("purposes[%d]", i), "purpose-without-consent")
		}
		for _, c := range p.Categories {
			allowed[c] = true
		}
		for _, r := range p.Recipients {
			recipients = append(recipients, r.BIN)
		}
		countries = append(countries, p.CrossBorder...)
		public = public || p.Public
	}
	if len(t.Categories) == 0 {
		for c := range allowed {
			t.Categories = append(t.Categories, c)
		}
	}
	for i, c := range t.Categories {
		if !allowed[c] {
			return fault.Bad(fmt.Sprintf("categories[%d]", i), "category-not-needed")
		}
	}
	if i := outside(t.ThirdParties, recipients); i >= 0 {
		return fault.Bad(fmt.Sprintf("thirdParties[%d]", i), "recipient-undeclared")
	}
	if i := outside(t.Countries, countries); i >= 0 {
		return fault.Bad(fmt.Sprintf("countries[%d]", i), "country-undeclared")
	}
	if t.PublicSources && !public {
		return fault.Bad("publicSources", "publication-undeclared")
	}
	if err := checkPublic(reg, t); err != nil {
		return err
	}
	for _, l := range []*[]string{&t.Purposes, &t.Categories, &t.ThirdParties, &t.Countries} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	return nil
}

func outside(list, allowed []string) int {
	return slices.IndexFunc(list, func(v string) bool { return !slices.Contains(allowed, v) })
}

func isHash(s string) bool {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "sha256:"))
	return err == nil && len(b) == sha256.Size
}

func (s *Consents) insert(ctx context.Context, org *party.Organization, subject ident.ID, in *New) (*Consent, bool, error) {
	n, err := s.prepare(ctx, org, subject, in)
	if err != nil {
		return nil, false, err
	}
	stale, err := s.land(ctx, n, nil)
	return n.consent, stale, err
}

// landing is a consent ready to land with its text, what it supersedes, and the
// entry that tells of it.
type landing struct {
	consent    *Consent
	text       *Text
	superseded []*Consent
	record     *journal.Record
	due        *term.Term // to publish conditions; mostly nil
}

// land lands a consent, and the answer that gave it where there was a question.
func (s *Consents) land(ctx context.Context, n *landing, q *Request) (stale bool, err error) {
	if n.consent.Terms.PublicSources || len(n.superseded) > 0 {
		defer s.Published.drop(n.consent.Org)
	}
	switch {
	case n.due != nil:
		return s.Public.InsertDissemination(ctx, q, n.consent, n.text, n.superseded, n.due, n.record)
	case q != nil:
		return s.Requests.AnswerRequest(ctx, q, n.consent, n.text, n.superseded, n.record)
	default:
		return s.Store.InsertConsent(ctx, n.consent, n.text, n.superseded, n.record)
	}
}

func (s *Consents) prepare(ctx context.Context, org *party.Organization, subject ident.ID, in *New) (*landing, error) {
	if err := ConsentMachine.begin("consent.give", in.Actor.Kind); err != nil {
		return nil, err
	}
	version, jkey, err := s.open(ctx, subject)
	if err != nil {
		return nil, err
	}
	rep, err := s.onBehalf(ctx, subject, org, in.Actor, represent.Consent)
	if err != nil {
		return nil, err
	}
	if in.Proof.Representative, err = s.named(ctx, org, rep, in); err != nil {
		return nil, err
	}
	before, err := s.Store.Consents(ctx, Filter{Subject: subject, Org: org.ID})
	if err != nil {
		return nil, err
	}
	now := s.Now()
	text := textOf(org.Register, in)
	files := in.Files
	if in.CMS != nil {
		if in.Proof.Signature, err = s.signed(ctx, org, subject, rep, in.CMS, []byte(text.Body)); err != nil {
			return nil, err
		}
		cms, _ := signature.Bare(in.CMS) // it was read just now
		in.Proof.Files = append(slices.Clip(in.Proof.Files), describe(SignatureFile, signatureType, cms))
		files = append(slices.Clip(files), NewFile{SignatureFile, cms})
	}
	c := &Consent{
		ID: ident.NewID(now), Subject: subject, Org: org.ID, Version: 1, Status: Active, Scopes: granted(&in.Terms),
		Given: now, Until: in.Until, Terms: &in.Terms, Language: string(in.Language), TextHash: text.Hash,
		Register: org.Register.Version,
	}
	if in.Register != 0 {
		c.Register = in.Register
	}
	rec, err := s.event(org, c, &jkey, version, in.Actor, "consent.give", func(e *verify.Entry) {
		e.At, e.Digest = in.Proof.Obtained.UnixMilli(), text.sum()
		e.Categories, e.Detail, e.Role = in.Terms.Categories, strings.Join(in.Terms.Purposes, ","), rep.Role()
	})
	if err != nil {
		return nil, err
	}
	c.History = []Change{{At: now, Status: Active, By: in.Actor.Kind, Entry: rec.ID}}
	if c.Sealed, err = sealProof(&jkey, c, &in.Proof); err != nil {
		return nil, err
	}
	sealFiles(&jkey, c, files)
	old, err := supersede(before, c, now, rec.ID)
	for _, x := range append([]*Consent{c}, old...) {
		if err == nil {
			err = Tell(ctx, s.Outbox, x, org, &jkey, rec)
		}
	}
	if err != nil {
		return nil, err
	}
	due, err := s.publishing(ctx, org, c)
	return &landing{c, text, old, rec, due}, err
}

// granted are the scopes that terms open.
func granted(t *Terms) Scope {
	s := Process
	if len(t.ThirdParties) > 0 {
		s |= Transfer
	}
	if len(t.Countries) > 0 {
		s |= CrossBorder
	}
	if t.PublicSources {
		s |= PublicSources
	}
	return s
}

func supersede(before []Consent, c *Consent, now time.Time, entry ident.ID) ([]*Consent, error) {
	var out []*Consent
	for i := range before {
		b := &before[i]
		st := b.StatusAt(now)
		if st != Active && st != Paused || outside(b.Terms.Purposes, c.Terms.Purposes) >= 0 {
			continue
		}
		n, err := b.Move(Superseded, now, "service", entry)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// Withdraw takes scopes of a consent back, for its subject or on the subject's
// written demand. When it returns, no decision can be permitted on what was
// taken back.
func (s *Consents) Withdraw(ctx context.Context, id ident.ID, scopes Scope, reason string, by verify.Actor) (*Consent, error) {
	return s.WithdrawPart(ctx, id, &Demand{Part: Part{Scopes: scopes}, Reason: reason}, by)
}

// Pause and Resume stop and restart a consent without ending it. What cannot be
// withdrawn for an obligation cannot be paused either.
func (s *Consents) Pause(ctx context.Context, id ident.ID, by verify.Actor) (*Consent, error) {
	arrived := s.Now()
	c, err := s.move(ctx, id, by, represent.Withdraw, Paused, "consent.pause")
	return c, s.refused(ctx, err, &HeldDemand{At: arrived}, by)
}

// Resume ends a pause; for another only who may consent.
func (s *Consents) Resume(ctx context.Context, id ident.ID, by verify.Actor) (*Consent, error) {
	return s.move(ctx, id, by, represent.Consent, Active, "consent.resume")
}

func (s *Consents) move(ctx context.Context, id ident.ID, by verify.Actor, act represent.Acts, to Status, action string) (*Consent, error) {
	arrived := s.Now()
	return s.change(ctx, id, by, act, action, func(c *Consent, _ *verify.Entry, entry ident.ID) (*Consent, error) {
		n, err := c.Move(to, s.Now(), by.Kind, entry)
		if err == nil && to == Paused {
			err = s.refuseHeld(ctx, c, &Part{Scopes: Process}, arrived)
		}
		return n, err
	}, "")
}

type step func(c *Consent, e *verify.Entry, entry ident.ID) (*Consent, error)

// change moves a consent under compare-and-swap. act is what a representative
// has to be allowed for it.
func (s *Consents) change(ctx context.Context, id ident.ID, by verify.Actor, act represent.Acts, action string, next step, reason string) (*Consent, error) {
	for range maxTries {
		c, err := s.Store.Consent(ctx, id)
		if err != nil {
			return nil, err
		}
		org, err := s.Parties.ByID(ctx, c.Org)
		if err != nil {
			return nil, err
		}
		version, jkey, err := s.open(ctx, c.Subject)
		if err != nil {
			return nil, err
		}
		rep, err := s.onBehalf(ctx, c.Subject, org, by, act)
		if err != nil {
			return nil, err
		}
		probe, err := next(c, nil, ident.ID{})
		if err != nil {
			return nil, err
		}
		rec, err := s.event(org, c, &jkey, version, by, action, func(e *verify.Entry) {
			e.Categories, e.Role = c.Terms.Categories, rep.Role()
			e.Detail = strings.Join(probe.lastNames(), ",")
		})
		if err != nil {
			return nil, err
		}
		n, err := next(c, nil, rec.ID)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			if n.Sealed, err = s.addReason(&jkey, c, reason); err != nil {
				return nil, err
			}
		}
		if err := Tell(ctx, s.Outbox, n, org, &jkey, rec); err != nil {
			return nil, err
		}
		stale, err := s.Store.UpdateConsent(ctx, n, rec)
		if n.Terms.PublicSources {
			s.Published.drop(n.Org)
		}
		if err != nil || !stale {
			return n, err
		}
		if _, err := s.Parties.Reload(ctx, c.Org); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

func (s *Consents) addReason(jkey *seal.Key, c *Consent, reason string) ([]byte, error) {
	p, err := openProof(jkey, c)
	if err != nil {
		return nil, err
	}
	p.Reasons = append(p.Reasons, reason)
	return sealProof(jkey, c, p)
}

func (s *Consents) open(ctx context.Context, subject ident.ID) (int64, seal.Key, error) {
	version, wrapped, err := s.Store.SubjectVersion(ctx, subject)
	if err != nil {
		return 0, seal.Key{}, err
	}
	k, err := party.OpenJournalKey(s.Keys, subject, wrapped)
	return version, k, err
}

func (s *Consents) event(org *party.Organization, c *Consent, jkey *seal.Key, version int64, by verify.Actor, action string, fill func(*verify.Entry)) (*journal.Record, error) {
	now := s.Now()
	e := &verify.Entry{
		Subject: verify.ID(org.Outside(c.Subject)), Organization: org.BIN, Actor: by, Action: action,
		Consent: verify.ID(c.ID), Edition: org.Edition(now).ID,
	}
	if org.Register != nil {
		e.Register = org.Register.Version
	}
	fill(e)
	rec, err := journal.Prepare(e, c.Subject, org.ID, jkey, now)
	if err != nil {
		return nil, err
	}
	rec.Guard = journal.Guard{Subject: version, Org: org.Version}
	return rec, nil
}

// Proof opens the proof of a consent.
func (s *Consents) Proof(ctx context.Context, c *Consent) (*Proof, error) {
	_, jkey, err := s.open(ctx, c.Subject)
	if err != nil {
		return nil, err
	}
	p, err := openProof(&jkey, c)
	if err == nil {
		p.Standing = p.standing(c)
	}
	return p, err
}

func proofPlace(c *Consent) []byte { return seal.Place("consent", c.Subject[:], c.Org[:], c.ID[:]) }

func sealProof(jkey *seal.Key, c *Consent, p *Proof) ([]byte, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return jkey.Seal(nil, b, proofPlace(c)), nil
}

func openProof(jkey *seal.Key, c *Consent) (*Proof, error) {
	b, err := jkey.Open(c.Sealed, proofPlace(c))
	if err != nil {
		return nil, err
	}
	var p Proof
	return &p, errors.Join(json.Unmarshal(b, &p))
}
