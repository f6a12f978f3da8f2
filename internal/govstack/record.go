package govstack

import (
	"context"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/verify"
)

// kept is what is sealed of a consent record. Whether it is opted in now is the
// consent's to say: a withdrawal made anywhere else shows here at once.
type kept struct {
	ID         string     `json:"id"`
	Agreement  string     `json:"agreement"`
	Revision   string     `json:"revision"` // of the agreement
	Hash       string     `json:"hash"`
	Individual string     `json:"individual"`
	OptIn      bool       `json:"optIn"`
	Consent    ident.ID   `json:"consent,omitzero"`
	State      string     `json:"state"`
	Signature  *Signature `json:"signature,omitempty"`
}

// snapshotData is what of a record its revisions hold. The state is not part: it
// is set after the fact, by the signature under the revision.
type snapshotData struct {
	ID            string `json:"id"`
	AgreementID   string `json:"dataAgreementId"`
	AgreementRev  string `json:"dataAgreementRevisionId"`
	AgreementHash string `json:"dataAgreementRevisionHash"`
	IndividualID  string `json:"individualId"`
	OptIn         bool   `json:"optIn"`
	State         string `json:"state"`
}

// matter is who consents to what.
type matter struct {
	person    *person
	agreement *Agreement
	row       *Row // of the agreement
	revision  *Revision
}

// matter finds them. Only the current revision of an agreement can be consented
// to: nobody agrees to a text that is no longer offered.
func (f *Face) matter(ctx context.Context, who *Who, individual, agreement, revision string) (*matter, error) {
	m := &matter{}
	var err error
	if m.person, err = f.individual(ctx, who, individual); err != nil {
		return nil, err
	}
	var list []Revision
	if m.agreement, m.row, list, err = f.agreement(ctx, who, agreement); err != nil {
		return nil, err
	}
	m.revision = last(list)
	if revision == "" || revision == m.revision.ID {
		return m, nil
	}
	if _, err := asOf(list, revision, &Agreement{}); err != nil {
		return nil, err
	}
	return nil, fault.Bad("revisionId", "govstack-outdated")
}

func (m *matter) data(id string, optIn bool) *snapshotData {
	return &snapshotData{
		ID: id, AgreementID: m.agreement.ID, AgreementRev: m.revision.ID, AgreementHash: m.revision.SerializedHash,
		IndividualID: m.person.told.ID, OptIn: optIn, State: Unsigned,
	}
}

func (m *matter) snapshot(id string, at time.Time) *Snapshot {
	return &Snapshot{
		SchemaName: schemaNames[KindRecord], ObjectID: id, SignedWithoutObjectID: id == "", Timestamp: stamp(at),
		AuthorizedByIndividual: m.person.told.ID,
	}
}

// Draft shows the record that a consent would make, and what there would be to
// sign. Nothing is kept.
func (f *Face) Draft(ctx context.Context, who *Who, individual, agreement, revision string) (*Record, *Signature, error) {
	m, err := f.matter(ctx, who, individual, agreement, revision)
	if err != nil {
		return nil, nil, err
	}
	if _, err := f.terms(who.Org.Register, m.agreement); err != nil {
		return nil, nil, err
	}
	text, err := m.snapshot("", f.Now()).text(m.data("", true))
	if err != nil {
		return nil, nil, err
	}
	sig, err := blank(text, f.Now(), "")
	if err != nil {
		return nil, nil, err
	}
	yes := true
	f.complete(who, m.agreement)
	return &Record{
		Agreement: m.agreement, AgreementID: m.agreement.ID, AgreementRev: m.revision, AgreementRevI: m.revision.ID,
		AgreementHash: m.revision.SerializedHash, Individual: &Individual{ID: m.person.told.ID}, IndividualID: m.person.told.ID,
		OptIn: &yes, State: Unsigned,
	}, sig, nil
}

// intent is what a record is to become.
type intent struct {
	id    string // wanted by the caller, for a new record
	optIn bool
	sig   *Signature // checked, nil for none
	at    time.Time  // of the signature
	thumb string
}

// Create opts in without a signature.
func (f *Face) Create(ctx context.Context, who *Who, individual, agreement, revision string) (*Record, *Revision, error) {
	m, err := f.matter(ctx, who, individual, agreement, revision)
	if err != nil {
		return nil, nil, err
	}
	o, err := f.settle(ctx, who, m, &intent{optIn: true})
	if err != nil {
		return nil, nil, err
	}
	return f.shown(ctx, who, o)
}

// freshness is how old a signed draft may be, and ahead how far its clock.
const (
	freshness = 24 * time.Hour
	ahead     = 5 * time.Minute
)

// CreateSigned lands a record with the signature that was made from its draft.
// What was signed has to be the record: made for another one, by another's key, or
// used before, it is refused.
func (f *Face) CreateSigned(ctx context.Context, who *Who, h Holder, in *Record, sig *Signature) (*Record, *Revision, error) {
	agreement, revision, err := in.refers(&h.Individual)
	if err != nil {
		return nil, nil, err
	}
	m, err := f.matter(ctx, who, h.Individual, agreement, revision)
	if err != nil {
		return nil, nil, err
	}
	if !h.Subject.IsZero() && m.person.Subject != h.Subject {
		return nil, nil, &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: "individualId"}
	}
	if in.AgreementHash != "" && in.AgreementHash != m.revision.SerializedHash {
		return nil, nil, fault.Bad("consentRecord.dataAgreementRevisionHash", "govstack-other")
	}
	if in.ID != "" {
		if err := checkID("consentRecord.id", in.ID); err != nil {
			return nil, nil, err
		}
	}
	st, thumb, err := sig.check()
	if err != nil {
		return nil, nil, err
	}
	x := &intent{id: in.ID, optIn: in.OptIn == nil || *in.OptIn, sig: sig, at: st.at, thumb: thumb}
	want := m.data(in.ID, x.optIn)
	if !st.says(want.statement()) {
		return nil, nil, errPayload
	}
	if now := f.Now(); st.at.Before(now.Add(-freshness)) || st.at.After(now.Add(ahead)) {
		return nil, nil, fault.Bad("signature.verificationPayload", "govstack-signature-old")
	}
	if err := f.pin(ctx, who, m.person.told.ID, thumb, sig.VerificationSignedBy); err != nil {
		return nil, nil, err
	}
	o, err := f.settle(ctx, who, m, x)
	if err != nil {
		return nil, nil, err
	}
	return f.shown(ctx, who, o)
}

// refers reads what a record refers to, flat or nested, and refuses a record that
// is of somebody else.
func (in *Record) refers(individual *string) (agreement, revision string, err error) {
	nestedAgreement, nestedRevision, nestedPerson := "", "", ""
	if in.Agreement != nil {
		nestedAgreement = in.Agreement.ID
	}
	if in.AgreementRev != nil {
		nestedRevision = in.AgreementRev.ID
	}
	if in.Individual != nil {
		nestedPerson = in.Individual.ID
	}
	for _, x := range []struct {
		field, flat, nested string
		to                  *string
	}{
		{"dataAgreementId", in.AgreementID, nestedAgreement, &agreement},
		{"dataAgreementRevisionId", in.AgreementRevI, nestedRevision, &revision},
		{"individualId", in.IndividualID, nestedPerson, individual},
	} {
		for _, v := range []string{x.flat, x.nested} {
			if v != "" && *x.to != "" && v != *x.to {
				return "", "", fault.Bad("consentRecord."+x.field, "govstack-other")
			}
			if v != "" {
				*x.to = v
			}
		}
	}
	return agreement, revision, nil
}

func (d *snapshotData) statement() *statement {
	return &statement{object: d.ID, agreement: d.AgreementID, revision: d.AgreementRev, hash: d.AgreementHash, individual: d.IndividualID, optIn: d.OptIn}
}

// settle brings the record of a person and an agreement's revision to what is
// wanted, and the consent behind it with it, in one write.
func (f *Face) settle(ctx context.Context, who *Who, m *matter, x *intent) (*Row, error) {
	for range maxTries {
		o, err := f.bring(ctx, who, m, x)
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
	seal := func(ctx context.Context, c *consent.Consent) (*Row, *RevisionRow, error) {
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
		_, err := through.Withdraw(ctx, n.given.ID, consent.AllScopes, "["+proofDocument(n)+"]", who.By)
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
		Subject: who.Org.Outside(m.person.Subject), Terms: terms, Name: prof.Name, Actor: who.By,
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
	if who.By.Kind == "subject" {
		in.Proof.Channel = consent.Cabinet
	}
	if x.sig != nil {
		in.Proof.Channel, in.Proof.Obtained = "signature", x.at
		if now := f.Now(); x.at.After(now) {
			in.Proof.Obtained = now
		}
		in.Proof.Other["govstack.key"] = x.thumb
	}
	return in, nil
}

// Holder names whose records a call may touch; empty for all of the organization.
type Holder struct {
	Subject    ident.ID // of a subject who calls
	Individual string
}

// own finds a record of the holder's.
func (f *Face) own(ctx context.Context, who *Who, h Holder, id string) (*Row, *kept, error) {
	o, err := f.find(ctx, who.Org, KindRecord, "consentRecordId", id)
	if err != nil {
		return nil, nil, err
	}
	k := &kept{}
	if err := f.open(ctx, who.Org, o, k); err != nil {
		return nil, nil, err
	}
	if !h.Subject.IsZero() && o.Subject != h.Subject || h.Individual != "" && k.Individual != h.Individual {
		return nil, nil, &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: "consentRecordId"}
	}
	return o, k, nil
}

// Update opts a record in or out.
func (f *Face) Update(ctx context.Context, who *Who, h Holder, id string, in *Record) (*Record, *Revision, error) {
	o, k, err := f.own(ctx, who, h, id)
	if err != nil {
		return nil, nil, err
	}
	if in.OptIn == nil {
		return nil, nil, fault.Bad("consentRecord.optIn", "missing-field")
	}
	person := k.Individual
	agreement, revision, err := in.refers(&person)
	if err != nil {
		return nil, nil, err
	}
	if agreement != "" && agreement != k.Agreement || in.ID != "" && in.ID != id || revision != "" && revision != k.Revision ||
		in.AgreementHash != "" && in.AgreementHash != k.Hash {
		return nil, nil, fault.Bad("consentRecord", "govstack-other")
	}
	d, err := f.about(ctx, who, o, k)
	if err != nil {
		return nil, nil, err
	}
	n, err := f.plan(ctx, who, &d.matter, &intent{optIn: *in.OptIn}, o)
	if err != nil {
		return nil, nil, err
	}
	if !n.done {
		if *in.OptIn && d.row.Hidden {
			return nil, nil, fault.Bad("dataAgreementId", "govstack-inactive")
		}
		if *in.OptIn && !d.current {
			return nil, nil, fault.Bad("revisionId", "govstack-outdated")
		}
		if err := f.land(ctx, who, &d.matter, &intent{optIn: *in.OptIn}, n); err != nil {
			return nil, nil, err
		}
	}
	return f.shown(ctx, who, n.row)
}

// Blank is a signature that is still to be made under a record.
func (f *Face) Blank(ctx context.Context, who *Who, h Holder, id string) (*Signature, error) {
	o, _, err := f.own(ctx, who, h, id)
	if err != nil {
		return nil, err
	}
	chain, err := f.chain(ctx, who.Org, o)
	if err != nil {
		return nil, err
	}
	rev := last(chain)
	return blank(rev.SerializedSnapshot, f.Now(), rev.ID)
}

// Sign puts a signature under the newest revision of a record: what was signed has
// to be that revision, by the key of its individual.
func (f *Face) Sign(ctx context.Context, who *Who, h Holder, id string, sig *Signature) (*Record, *Revision, error) {
	for range maxTries {
		o, k, err := f.own(ctx, who, h, id)
		if err != nil {
			return nil, nil, err
		}
		chain, err := f.chain(ctx, who.Org, o)
		if err != nil {
			return nil, nil, err
		}
		rev := last(chain)
		st, thumb, err := sig.check()
		if err != nil {
			return nil, nil, err
		}
		want, err := readStatement([]byte(rev.SerializedSnapshot))
		if err != nil {
			return nil, nil, err
		}
		if !st.says(want) || !st.at.Equal(want.at) {
			return nil, nil, errPayload
		}
		if sig.ObjectReference != "" && sig.ObjectReference != rev.ID {
			return nil, nil, fault.Bad("signature.objectReference", "govstack-other")
		}
		if err := f.pin(ctx, who, k.Individual, thumb, sig.VerificationSignedBy); err != nil {
			return nil, nil, err
		}
		if k.Signature != nil && k.Signature.Signature == sig.Signature {
			return f.shown(ctx, who, o)
		}
		k.sign(sig, rev, rev.SignedWithoutObjectID)
		next := *o
		next.Version++
		row, _, err := f.sealStep(ctx, who, &step{row: &next, kept: *k})
		if err != nil {
			return nil, nil, err
		}
		rec, err := f.record(ctx, who, row, "govstack.sign", func(e *verify.Entry) { e.Consent, e.Digest = verify.ID(k.Consent), digest(rev) })
		if err != nil {
			return nil, nil, err
		}
		stale, err := f.Store.PutObject(ctx, row, nil, rec)
		if err != nil {
			return nil, nil, err
		}
		if !stale {
			return f.shown(ctx, who, row)
		}
	}
	return nil, nil, errContended
}

// dated is the matter of a record, and whether its agreement is still what it was.
type dated struct {
	matter
	current bool
}

// about finds the matter of a record as it stands: the agreement as it was
// consented to, deleted or not.
func (f *Face) about(ctx context.Context, who *Who, o *Row, k *kept) (*dated, error) {
	p, err := f.individual(ctx, who, k.Individual)
	if err != nil {
		return nil, err
	}
	a, row, list, err := f.agreementOf(ctx, who, o)
	if err != nil {
		return nil, err
	}
	rev, err := asOf(list, k.Revision, a)
	if err != nil {
		return nil, err
	}
	return &dated{matter{p, a, row, rev}, rev.ID == last(list).ID}, nil
}

// agreementOf reads the agreement that a record is about.
func (f *Face) agreementOf(ctx context.Context, who *Who, o *Row) (*Agreement, *Row, []Revision, error) {
	rows, err := f.Store.Objects(ctx, Filter{Org: o.Org, Kind: KindAgreement, ID: o.About, All: true})
	if err != nil {
		return nil, nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, nil, fault.New(fault.Internal, "internal")
	}
	list, err := f.chain(ctx, who.Org, &rows[0])
	if err != nil {
		return nil, nil, nil, err
	}
	return &Agreement{}, &rows[0], list, nil
}

// DeleteAll takes back every consent of an individual, and hides the records that
// need not be kept: those of agreements that say so. The others stay, opted out,
// for the operator has to be able to show them (Art. 25(2)5). Each lands by
// itself; if power fails between, the same call goes on.
func (f *Face) DeleteAll(ctx context.Context, who *Who, individual string) error {
	p, err := f.individual(ctx, who, individual)
	if err != nil {
		return err
	}
	rows, err := f.Store.Objects(ctx, Filter{Org: who.Org.ID, Kind: KindRecord, Subject: p.Subject, Parent: p.ID})
	if err != nil {
		return err
	}
	for i := range rows {
		if err := f.forget(ctx, who, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *Face) forget(ctx context.Context, who *Who, o *Row) error {
	var k kept
	if err := f.open(ctx, who.Org, o, &k); err != nil {
		return err
	}
	m, err := f.about(ctx, who, o, &k)
	if err != nil {
		return err
	}
	hide := m.agreement.Forgettable != nil && *m.agreement.Forgettable
	n, err := f.plan(ctx, who, &m.matter, &intent{}, o)
	if err != nil || n.done && !hide {
		return err
	}
	if n.done { // opted out already: only out of sight
		n.row.Version++
	}
	n.row.Hidden = hide
	if !n.done {
		return f.land(ctx, who, &m.matter, &intent{}, n)
	}
	row, _, err := f.sealStep(ctx, who, n)
	if err != nil {
		return err
	}
	rec, err := f.record(ctx, who, row, "govstack.forget", nil)
	if err != nil {
		return err
	}
	stale, err := f.Store.PutObject(ctx, row, nil, rec)
	if err == nil && stale {
		err = errContended
	}
	return err
}

// Records selects records.
type Records struct {
	Holder
	Agreement     string
	Offset, Limit int
	Newest        bool
}

// Records lists them.
func (f *Face) Records(ctx context.Context, who *Who, q Records) ([]Record, error) {
	rows, err := f.recordRows(ctx, who, q)
	if err != nil {
		return nil, err
	}
	seen := map[ident.ID][]Revision{}
	out := []Record{}
	for i := range rows {
		r, _, err := f.show(ctx, who, &rows[i], seen)
		if err != nil {
			return nil, err
		}
		out = append(out, *r)
	}
	return out, nil
}

func (f *Face) recordRows(ctx context.Context, who *Who, q Records) ([]Row, error) {
	x := Filter{Org: who.Org.ID, Kind: KindRecord, Offset: q.Offset, Limit: q.Limit, Newest: q.Newest, Subject: q.Subject}
	if q.Individual != "" {
		p, err := f.individual(ctx, who, q.Individual)
		if err != nil {
			return nil, err
		}
		x.Subject, x.Parent = p.Subject, p.ID
	}
	if q.Agreement != "" {
		a, err := f.find(ctx, who.Org, KindAgreement, "dataAgreementId", q.Agreement)
		if err != nil {
			return nil, err
		}
		x.About = a.ID
	}
	return f.Store.Objects(ctx, x)
}

// Current is the newest record of an individual and an agreement.
func (f *Face) Current(ctx context.Context, who *Who, q Records) (*Record, *Revision, error) {
	q.Limit, q.Newest = 1, true
	rows, err := f.recordRows(ctx, who, q)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: "dataAgreementId"}
	}
	return f.shown(ctx, who, &rows[0])
}

// Record reads one.
func (f *Face) Record(ctx context.Context, who *Who, h Holder, id string) (*Record, *Revision, error) {
	o, _, err := f.own(ctx, who, h, id)
	if err != nil {
		return nil, nil, err
	}
	return f.shown(ctx, who, o)
}

func (f *Face) shown(ctx context.Context, who *Who, o *Row) (*Record, *Revision, error) {
	r, chain, err := f.show(ctx, who, o, map[ident.ID][]Revision{})
	if err != nil {
		return nil, nil, err
	}
	return r, last(chain), nil
}

// show brings a record into the form of the document. The chains of agreements
// that were read are kept for the next of a list.
func (f *Face) show(ctx context.Context, who *Who, o *Row, seen map[ident.ID][]Revision) (*Record, []Revision, error) {
	var k kept
	if err := f.open(ctx, who.Org, o, &k); err != nil {
		return nil, nil, err
	}
	list, ok := seen[o.About]
	if !ok {
		var err error
		if _, _, list, err = f.agreementOf(ctx, who, o); err != nil {
			return nil, nil, err
		}
		seen[o.About] = list
	}
	a := &Agreement{}
	rev, err := asOf(list, k.Revision, a)
	if err != nil {
		return nil, nil, err
	}
	c, err := f.given(ctx, &k)
	if err != nil {
		return nil, nil, err
	}
	chain, err := f.chain(ctx, who.Org, o)
	if err != nil {
		return nil, nil, err
	}
	on := f.inForce(c)
	r := &Record{
		ID: k.ID, Agreement: a, AgreementID: k.Agreement, AgreementRev: rev, AgreementRevI: k.Revision, AgreementHash: k.Hash,
		Individual: &Individual{ID: k.Individual}, IndividualID: k.Individual, OptIn: &on, State: k.State, Signature: k.Signature,
	}
	if !k.Consent.IsZero() {
		r.ConsentID = k.Consent.String()
	}
	if k.Signature != nil {
		r.SignatureID = k.Signature.ID
	}
	return r, chain, nil
}

// Revisions lists the revisions of a record, the oldest first.
func (f *Face) Revisions(ctx context.Context, who *Who, id string) ([]Revision, error) {
	o, _, err := f.own(ctx, who, Holder{}, id)
	if err != nil {
		return nil, err
	}
	return f.chain(ctx, who.Org, o)
}
