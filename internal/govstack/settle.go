package govstack

import (
	"context"
	"errors"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/verify"
)

// intent is what a record is to become.
type intent struct {
	id    string // wanted by the caller, for a new record
	optIn bool
	sig   *Signature // checked, nil for none
	at    time.Time  // of the signature
	thumb string
}

// settle brings the record of a person and an agreement's revision to what is
// wanted, and the consent behind it with it, in one write.
func (f *Face) settle(ctx context.Context, who *Who, m *matter, x *intent) (*Row, error) {
	for range maxTries {
		o, err := f.bring(ctx, who, m, x)
		if errors.Is(err, errContended) {
			continue
		}
		if !fault.Is(err, "govstack-exists") {
			return o, err
		}
		// Two at one moment: the other's record is there now. An id that is taken
		// is so at every try.
		if x.id != "" {
			return nil, err
		}
	}
	return nil, errContended
}

func (f *Face) bring(ctx context.Context, who *Who, m *matter, x *intent) (*Row, error) {
	list, err := f.Store.Objects(ctx, Filter{Org: who.Org.ID, Kind: KindRecord, Subject: m.person.Subject, Parent: m.person.ID, About: m.row.ID, All: true, Newest: true})
	if err != nil {
		return nil, err
	}
	var old *Row
	if len(list) > 0 {
		if old, err = f.usable(ctx, who, m, x, list); err != nil {
			return nil, err
		}
	}
	n, err := f.plan(ctx, who, m, x, old)
	if err != nil {
		return nil, err
	}
	if n.done {
		return old, nil
	}
	return n.row, f.land(ctx, who, m, x, n)
}

// usable is the present record of the revision, nil for none. A signature that is
// not newer than all that was recorded was used before.
func (f *Face) usable(ctx context.Context, who *Who, m *matter, x *intent, list []Row) (*Row, error) {
	var old *Row
	for i := range list {
		o := &list[i]
		if !o.Hidden && o.Revision.String() == m.revision.ID {
			old = o
		}
		if x.sig == nil {
			continue
		}
		var k kept
		if err := f.open(ctx, who.Org, o, &k); err != nil {
			return nil, err
		}
		if o == old && k.Signature != nil && k.Signature.Signature == x.sig.Signature && k.OptIn == x.optIn {
			continue // told twice
		}
		chain, err := f.chain(ctx, who.Org, o)
		if err != nil {
			return nil, err
		}
		if r := last(chain); r != nil {
			if at, err := time.Parse(time.RFC3339, r.Timestamp); err != nil || !x.at.After(at) {
				return nil, fault.Bad("signature.verificationPayload", "govstack-signature-old")
			}
		}
	}
	return old, nil
}

// step is a change of a record that is ready to land.
type step struct {
	done   bool // nothing to change
	row    *Row
	kept   kept
	number int       // of the revision
	rev    *Revision // nil until the consent is known
	before []Revision
	given  *consent.Consent // that is in force now
}

func (f *Face) plan(ctx context.Context, who *Who, m *matter, x *intent, old *Row) (*step, error) {
	n := &step{row: &Row{
		Subject: m.person.Subject, Org: who.Org.ID, ID: ident.NewID(f.Now()), Kind: KindRecord, Parent: m.person.ID, About: m.row.ID,
	}}
	var err error
	if n.row.Revision, err = ident.ParseID(m.revision.ID); err != nil {
		return nil, err
	}
	if old == nil {
		if x.id == "" {
			n.kept.ID = n.row.ID.String()
		} else {
			n.kept.ID = x.id
		}
		n.row.Sum = f.sum(who.Org.ID, KindRecord, n.kept.ID)
	} else {
		row := *old
		n.row = &row
		if err := f.open(ctx, who.Org, old, &n.kept); err != nil {
			return nil, err
		}
		if x.id != "" && x.id != n.kept.ID {
			return nil, &fault.Error{Kind: fault.Conflict, Code: "govstack-exists", Field: "consentRecord.id"}
		}
		if n.before, err = f.chain(ctx, who.Org, old); err != nil {
			return nil, err
		}
		if n.given, err = f.given(ctx, &n.kept); err != nil {
			return nil, err
		}
		again := x.sig != nil && n.kept.Signature != nil && n.kept.Signature.Signature == x.sig.Signature
		switch there := f.inForce(n.given) && x.optIn || n.given == nil && !x.optIn; {
		case there && (x.sig == nil || again):
			n.done = true
			return n, nil
		case again: // and what it gave was taken back since
			return nil, fault.Bad("signature.verificationPayload", "govstack-signature-old")
		}
	}
	n.number = len(n.before) + 1
	n.row.Version++
	n.kept.Agreement, n.kept.Revision, n.kept.Hash = m.agreement.ID, m.revision.ID, m.revision.SerializedHash
	n.kept.Individual, n.kept.OptIn, n.kept.State, n.kept.Signature = m.person.told.ID, x.optIn, Unsigned, nil
	n.kept.Delegate, n.kept.Right = "", ""
	if who.rep != nil {
		n.kept.Delegate, n.kept.Right = m.by, who.rep.Actor(who.Org).ID
	}
	return n, f.revised(m, x, n)
}

// revised makes the revision of a step, and puts the signature under it. A record
// signed from its draft is serialized as it was signed: without its id, at the
// moment of the draft.
func (f *Face) revised(m *matter, x *intent, n *step) error {
	id, at := n.kept.ID, f.Now()
	if x.sig != nil {
		id, at = x.id, x.at
	}
	var err error
	if n.rev, err = revise(f.Keys, f.Now(), n.kept.ID, m.snapshot(id, at), m.data(id, x.optIn), last(n.before)); err != nil {
		return err
	}
	if x.sig != nil {
		n.kept.sign(x.sig, n.rev, x.id == "")
	}
	return nil
}

// sign puts a checked signature under a revision.
func (k *kept) sign(sig *Signature, rev *Revision, without bool) {
	s := *sig
	if s.ID == "" {
		s.ID = "signature-" + rev.ID
	}
	if s.VerificationPayload == "" {
		s.VerificationPayload = rev.SerializedSnapshot
	}
	s.VerificationPayloadHash = Hash(s.VerificationPayload)
	s.SignedWithoutObjectReference, s.ObjectType, s.ObjectReference = without, "revision", rev.ID
	k.Signature, k.State = &s, Signed
}

// given is the consent behind a record, paused or not; nil where there is none any
// more. Where a later consent to the same took its place, that one.
func (f *Face) given(ctx context.Context, k *kept) (*consent.Consent, error) {
	if !k.OptIn || k.Consent.IsZero() {
		return nil, nil
	}
	c, err := f.Consents.Store.Consent(ctx, k.Consent)
	if err != nil {
		return nil, err
	}
	list := []consent.Consent{*c}
	if c.StatusAt(f.Now()) == consent.Superseded {
		if list, err = f.Consents.Store.Consents(ctx, consent.Filter{Subject: c.Subject, Org: c.Org, Purpose: c.Terms.Purposes[0]}); err != nil {
			return nil, err
		}
	}
	for i := range list {
		if s := list[i].StatusAt(f.Now()); s == consent.Active || s == consent.Paused {
			return &list[i], nil
		}
	}
	return nil, nil
}

// inForce reports whether data may be processed on a consent: not while it is
// paused.
func (f *Face) inForce(c *consent.Consent) bool {
	return c != nil && c.StatusAt(f.Now()) == consent.Active
}

// beside lands a record in the same write as the consent that it is of: without
// the one there is not the other, whenever power fails.
type beside struct {
	consent.Store
	face *Face
	seal func(ctx context.Context, c *consent.Consent) (*Row, *RevisionRow, error)
}

func (b *beside) InsertConsent(ctx context.Context, c *consent.Consent, t *consent.Text, superseded []*consent.Consent, r *journal.Record) (bool, error) {
	o, rev, err := b.seal(ctx, c)
	if err != nil {
		return false, err
	}
	return b.face.Store.GiveRecord(ctx, c, t, superseded, o, rev, r)
}

func (b *beside) UpdateConsent(ctx context.Context, c *consent.Consent, r *journal.Record) (bool, error) {
	o, rev, err := b.seal(ctx, c)
	if err != nil {
		return false, err
	}
	return b.face.Store.ChangeRecord(ctx, c, o, rev, r)
}

// land gives or takes back the consent by package consent, the record beside it. A
// no to what was never given is a refusal, and lands as one.
func (f *Face) land(ctx context.Context, who *Who, m *matter, x *intent, n *step) error {
	before := slices.Clone(n.kept.Consents)
	seal := func(ctx context.Context, c *consent.Consent) (*Row, *RevisionRow, error) {
		if c != nil && !slices.Contains(before, c.ID) {
			n.kept.Consents = append(before[:len(before):len(before)], c.ID)
		}
		if c != nil {
			n.kept.Consent = c.ID
		}
		return f.sealStep(ctx, who, n)
	}
	through := *f.Consents
	through.Store = &beside{f.Consents.Store, f, seal}
	switch {
	case x.optIn:
		in, err := f.newConsent(who, m, x, n)
		if err != nil {
			return err
		}
		_, err = through.Record(ctx, who.Org, in)
		return err
	case n.given != nil:
		_, err := through.Withdraw(ctx, n.given.ID, consent.AllScopes, "["+proofDocument(n)+toldBy(who)+"]", who.By)
		return err
	}
	o, rev, err := seal(ctx, nil)
	if err != nil {
		return err
	}
	rec, err := f.record(ctx, who, o, "consent.refuse", func(e *verify.Entry) {
		e.Digest = digest(n.rev)
		if p := bind(who.Org.Register, m.agreement); p != nil {
			e.Detail = p.ID
		}
	})
	if err != nil {
		return err
	}
	stale, err := f.Store.PutObject(ctx, o, rev, rec)
	if err == nil && stale {
		err = errContended
	}
	return err
}

// sealStep seals the row of a step and its revision, nil for none.
func (f *Face) sealStep(ctx context.Context, who *Who, n *step) (*Row, *RevisionRow, error) {
	if err := f.close(ctx, who.Org, n.row, &n.kept); err != nil {
		return nil, nil, err
	}
	if n.rev == nil {
		return n.row, nil, nil
	}
	rev, err := f.sealRevision(ctx, who.Org, n.row, n.number, n.rev)
	return n.row, rev, err
}

// toldBy names who told of what a representative did.
func toldBy(who *Who) string {
	if who.recorder.Kind == "" {
		return ""
	}
	return ", told by " + who.recorder.Kind + " " + who.recorder.ID
}

func proofDocument(n *step) string {
	return "GovStack consent record " + n.row.ID.String() + ", revision " + n.rev.SerializedHash
}

// newConsent is the consent of a record: to the purpose of the agreement, with
// what proves it.
func (f *Face) newConsent(who *Who, m *matter, x *intent, n *step) (*consent.New, error) {
	terms, err := f.terms(who.Org.Register, m.agreement)
	if err != nil {
		return nil, err
	}
	prof, err := f.Parties.Profile(who.Org, m.person.holding)
	if err != nil {
		return nil, err
	}
	in := &consent.New{
		Subject: who.Org.Outside(m.person.Subject), Terms: terms, Name: prof.Name, Actor: who.By, Recorder: who.recorder,
		Proof: consent.Proof{
			Channel: "api", Document: proofDocument(n),
			Other: map[string]string{"govstack.dataAgreement": m.agreement.ID, "govstack.dataAgreementRevisionHash": m.revision.SerializedHash},
		},
	}
	// A building block knows people by numbers: where no name was told, the
	// number by which the organization knows the person stands for it.
	if in.Name == "" {
		in.Name = m.person.told.ExternalID
	}
	if in.Name == "" {
		in.Name = m.person.told.ID
	}
	if who.By.Kind == "subject" || who.Way != nil {
		in.Proof.Channel, in.Proof.Standing = consent.Cabinet, consent.Confirmed
	}
	if x.sig != nil {
		in.Proof.Channel, in.Proof.Standing, in.Proof.Obtained = consent.Signed, consent.Confirmed, x.at
		if now := f.Now(); x.at.After(now) {
			in.Proof.Obtained = now
		}
		in.Proof.Other["govstack.key"] = x.thumb
	}
	return in, nil
}
