package govstack

import (
	"context"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/represent"
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
	Delegate   string     `json:"delegate,omitempty"`       // who acted for the individual in the newest revision
	Right      string     `json:"representation,omitempty"` // by which, as the organization knows it
	OptIn      bool       `json:"optIn"`
	Consent    ident.ID   `json:"consent,omitzero"`
	Consents   []ident.ID `json:"consents,omitempty"` // all that ever stood behind it
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
	// by is the individual who acts: the person, or a delegate; other is who does
	// where the organization knows it as no individual.
	by, other string
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
		AuthorizedByIndividual: m.by, AuthorizedByOther: m.other,
	}
}

// Draft shows the record that a consent would make, and what there would be to
// sign. Nothing is kept.
func (f *Face) Draft(ctx context.Context, who *Who, individual, agreement, revision string) (*Record, *Signature, error) {
	m, err := f.matter(ctx, who, individual, agreement, revision)
	if err != nil {
		return nil, nil, err
	}
	if who, err = f.acting(ctx, who, m, represent.Consent); err != nil {
		return nil, nil, err
	}
	if _, err := f.terms(who.Org.Register, m.agreement); err != nil {
		return nil, nil, err
	}
	text, err := m.snapshot("", f.Now()).text(m.data("", true))
	if err != nil {
		return nil, nil, err
	}
	as := &Signature{}
	if err := m.signedAs(as); err != nil {
		return nil, nil, err
	}
	sig, err := blank(text, f.Now(), "", as.VerificationSignedAs)
	if err != nil {
		return nil, nil, err
	}
	yes := true
	f.complete(who, m.agreement)
	return &Record{
		Agreement: m.agreement, AgreementID: m.agreement.ID, AgreementRevision: m.revision, AgreementRevisionID: m.revision.ID,
		AgreementHash: m.revision.SerializedHash, Individual: &Individual{ID: m.person.told.ID}, IndividualID: m.person.told.ID,
		OptIn: &yes, State: Unsigned,
	}, sig, nil
}

// Create opts in without a signature.
func (f *Face) Create(ctx context.Context, who *Who, individual, agreement, revision string) (*Record, *Revision, error) {
	m, err := f.matter(ctx, who, individual, agreement, revision)
	if err != nil {
		return nil, nil, err
	}
	if who, err = f.acting(ctx, who, m, represent.Consent); err != nil {
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
	if who, err = f.acting(ctx, who, m, acts(in.OptIn)...); err != nil {
		return nil, nil, err
	}
	st, thumb, err := sig.check()
	if err != nil {
		return nil, nil, err
	}
	if err := m.signedAs(sig); err != nil {
		return nil, nil, err
	}
	x := &intent{id: in.ID, optIn: in.OptIn == nil || *in.OptIn, sig: sig, at: st.at, thumb: thumb}
	want := m.data(in.ID, x.optIn)
	if !st.says(want.statement(m)) {
		return nil, nil, errPayload
	}
	if now := f.Now(); st.at.Before(now.Add(-freshness)) || st.at.After(now.Add(ahead)) {
		return nil, nil, fault.Bad("signature.verificationPayload", "govstack-signature-old")
	}
	if err := f.pin(ctx, who.ownName(), m.by, thumb, sig.VerificationSignedBy); err != nil {
		return nil, nil, err
	}
	o, err := f.settle(ctx, who, m, x)
	if err != nil {
		return nil, nil, err
	}
	return f.shown(ctx, who, o)
}

// acts are what somebody who acts for another needs, to say yes, and to say no:
// to take back what was given, or to refuse what was not.
func acts(optIn *bool) []represent.Acts {
	if optIn == nil || *optIn {
		return []represent.Acts{represent.Consent}
	}
	return []represent.Acts{represent.Withdraw, represent.Consent}
}

// refers reads what a record refers to, flat or nested, and refuses a record that
// is of somebody else.
func (in *Record) refers(individual *string) (agreement, revision string, err error) {
	nestedAgreement, nestedRevision, nestedPerson := "", "", ""
	if in.Agreement != nil {
		nestedAgreement = in.Agreement.ID
	}
	if in.AgreementRevision != nil {
		nestedRevision = in.AgreementRevision.ID
	}
	if in.Individual != nil {
		nestedPerson = in.Individual.ID
	}
	for _, x := range []struct {
		field, flat, nested string
		to                  *string
	}{
		{"dataAgreementId", in.AgreementID, nestedAgreement, &agreement},
		{"dataAgreementRevisionId", in.AgreementRevisionID, nestedRevision, &revision},
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

func (d *snapshotData) statement(m *matter) *statement {
	return &statement{
		object: d.ID, agreement: d.AgreementID, revision: d.AgreementRev, hash: d.AgreementHash, individual: d.IndividualID,
		by: m.by, other: m.other, optIn: d.OptIn,
	}
}

// Update opts a record in or out.
func (f *Face) Update(ctx context.Context, who *Who, h Holder, id string, in *Record) (r *Record, rev *Revision, err error) {
	err = again(func() error {
		r, rev, err = f.update(ctx, who, h, id, in)
		return err
	})
	return r, rev, err
}

func (f *Face) update(ctx context.Context, who *Who, h Holder, id string, in *Record) (*Record, *Revision, error) {
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
	if who, err = f.acting(ctx, who, &d.matter, acts(in.OptIn)...); err != nil {
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
	o, k, err := f.own(ctx, who, h, id)
	if err != nil {
		return nil, err
	}
	chain, err := f.chain(ctx, who.Org, o)
	if err != nil {
		return nil, err
	}
	rev, as := last(chain), &Signature{}
	if _, err := f.signing(ctx, who, k, rev, as); err != nil {
		return nil, err
	}
	return blank(rev.SerializedSnapshot, f.Now(), rev.ID, as.VerificationSignedAs)
}

// signing finds who signs a revision: whoever authorized it, and nobody else.
func (f *Face) signing(ctx context.Context, who *Who, k *kept, rev *Revision, sig *Signature) (*Who, error) {
	p, err := f.individual(ctx, who, k.Individual)
	if err != nil {
		return nil, err
	}
	m := &matter{person: p}
	if who, err = f.acting(ctx, who, m, represent.Consent); err != nil {
		return nil, err
	}
	if rev.AuthorizedByIndividualID != m.by {
		return nil, fault.Bad("signature.verificationSignedAs", "govstack-delegate")
	}
	return who, m.signedAs(sig)
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
		who, err := f.signing(ctx, who, k, rev, sig)
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
		if err := f.pin(ctx, who.ownName(), rev.AuthorizedByIndividualID, thumb, sig.VerificationSignedBy); err != nil {
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
	row, list, err := f.agreementOf(ctx, who, o)
	if err != nil {
		return nil, err
	}
	a := &Agreement{}
	rev, err := asOf(list, k.Revision, a)
	if err != nil {
		return nil, err
	}
	return &dated{matter{person: p, agreement: a, row: row, revision: rev}, rev.ID == last(list).ID}, nil
}

// agreementOf finds the agreement that a record is about, deleted or not, with its
// revisions.
func (f *Face) agreementOf(ctx context.Context, who *Who, o *Row) (*Row, []Revision, error) {
	rows, err := f.Store.Objects(ctx, Filter{Org: o.Org, Kind: KindAgreement, ID: o.About, All: true})
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, fault.New(fault.Internal, "internal")
	}
	list, err := f.chain(ctx, who.Org, &rows[0])
	return &rows[0], list, err
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
	if _, err := f.acting(ctx, who, &matter{person: p}, represent.Withdraw); err != nil {
		return err // also where there is nothing to take back
	}
	for i := range rows {
		id := rows[i].ID
		if err := again(func() error { return f.forget(ctx, who, p, id) }); err != nil {
			return err
		}
	}
	return nil
}

func (f *Face) forget(ctx context.Context, who *Who, p *person, id ident.ID) error {
	rows, err := f.Store.Objects(ctx, Filter{Org: who.Org.ID, Kind: KindRecord, Subject: p.Subject, ID: id})
	if err != nil || len(rows) == 0 {
		return err
	}
	o := &rows[0]
	var k kept
	if err := f.open(ctx, who.Org, o, &k); err != nil {
		return err
	}
	m, err := f.about(ctx, who, o, &k)
	if err != nil {
		return err
	}
	if who, err = f.acting(ctx, who, &m.matter, represent.Withdraw); err != nil {
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
