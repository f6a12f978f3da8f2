package govstack

import (
	"context"
	"errors"

	"kelisim/internal/fault"
	"kelisim/internal/journal"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// A delegate, as the document calls one, is a representative: registered with the
// organization by package represent, and allowed what was registered. An operator
// names the individual who acts; whoever calls with a token of its own acts by what
// it says there. Either way the revision says who authorized it, the signature is
// the delegate's own, and the journal has the delegate and what the subject is to
// it.

// What the relation of a signature to the individual is called.
const (
	asIndividual = "individual"
	asDelegate   = "delegate"
)

// acting finds who does what is done to a record, and by what right where it is not
// the individual: the first of the acts that the representation allows. That it
// still holds when the act lands is checked there.
func (f *Face) acting(ctx context.Context, who *Who, m *matter, acts ...represent.Acts) (*Who, error) {
	m.by = m.person.told.ID
	out := *who
	switch {
	case who.Way != nil:
		if who.Way.Subject != m.person.Subject {
			return nil, &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: "individualId"}
		}
		out.rep = who.Way
		id, err := f.IndividualOf(ctx, who, who.Way.Representative, "")
		if err != nil && !fault.Is(err, "govstack-unknown") {
			return nil, err
		}
		if m.by = id; id == "" { // the organization knows the delegate as no individual
			m.other = represent.ActorKind + " " + who.Way.Actor(who.Org).ID
		}
		return &out, nil
	case who.Delegate == "":
		return who, nil
	}
	d, err := f.find(ctx, who.Org, KindIndividual, "delegateId", who.Delegate)
	if err != nil {
		return nil, err
	}
	if out.rep, err = f.Represent.Between(ctx, m.person.Subject, d.Subject, who.Org, acts...); err != nil {
		return nil, at("delegateId", err)
	}
	m.by = who.Delegate
	out.recorder, out.By = who.By, out.rep.Actor(who.Org)
	return &out, nil
}

// at names the member in a fault of what it names.
func at(field string, err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}

// ownName is who, where something is done to the delegate's own object.
func (w *Who) ownName() *Who {
	if w.rep == nil {
		return w
	}
	out := *w
	out.rep, out.Way, out.Delegate = nil, nil, ""
	out.By = verify.Actor{Kind: "subject"}
	if w.recorder.Kind != "" {
		out.By = w.recorder
	}
	return &out
}

// needs is what a representative needs for what lands past package consent, which
// asks for the rest.
var needs = map[string]represent.Acts{
	"consent.refuse": represent.Consent, "govstack.sign": represent.Consent, "govstack.forget": represent.Withdraw,
}

// allowed checks, for whoever acts for another, that it may, after the version was
// read that a revocation moves; and says in the entry what the subject is to it.
func (f *Face) allowed(ctx context.Context, who *Who, o *Row, e *verify.Entry) (journal.Guard, error) {
	if who.rep == nil {
		return journal.Guard{}, nil
	}
	version, _, err := f.Consents.Store.SubjectVersion(ctx, o.Subject)
	if err != nil {
		return journal.Guard{}, err
	}
	rep, err := f.Represent.Check(ctx, o.Subject, who.Org, who.By, needs[e.Action])
	if err != nil {
		return journal.Guard{}, err
	}
	e.Role = rep.Role()
	return journal.Guard{Subject: version}, nil
}

// signedAs refuses a signature that says it is somebody else's than whose it is, and
// fills in what it leaves out.
func (m *matter) signedAs(sig *Signature) error {
	want := asIndividual
	if m.by != m.person.told.ID {
		want = asDelegate
	}
	if m.by == "" || sig.VerificationSignedAs != "" && sig.VerificationSignedAs != want {
		return fault.Bad("signature.verificationSignedAs", "govstack-delegate")
	}
	sig.VerificationSignedAs = want
	return nil
}
