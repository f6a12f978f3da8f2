package govstack

import (
	"context"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

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
		if _, list, err = f.agreementOf(ctx, who, o); err != nil {
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
		ID: k.ID, Agreement: a, AgreementID: k.Agreement, AgreementRevision: rev, AgreementRevisionID: k.Revision, AgreementHash: k.Hash,
		Individual: &Individual{ID: k.Individual}, IndividualID: k.Individual, OptIn: &on, State: k.State, Signature: k.Signature,
	}
	r.DelegateID, r.RepresentationID = k.Delegate, k.Right
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
