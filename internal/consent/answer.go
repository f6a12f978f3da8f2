package consent

import (
	"context"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/verify"
)

// What becomes of a question: it is given, refused, taken back, or left without an
// answer. See ask.go for how it is put.

// Give answers yes, to all or to less than was asked. The consent and the answer
// land together. cms is an electronic signature under the text of exactly what is
// given, which [Consents.Draft] returns; nil for none.
func (s *Consents) Give(ctx context.Context, id ident.ID, choice *Choice, lang locale.Lang, proof Proof, cms []byte, by verify.Actor) (*Consent, error) {
	return s.giveBy(ctx, id, choice, lang, proof, cms, func(r *Request, _ *party.Organization, a *answer) (bool, error) {
		if cms != nil && !r.shown(a.text.Hash) { // nobody signs what was not before them
			return false, fault.New(fault.Conflict, "request-not-shown")
		}
		return false, nil
	}, by)
}

// giveBy gives what confirm has found to be confirmed. It is asked anew with each
// version of the question; stale: the question moved on.
func (s *Consents) giveBy(ctx context.Context, id ident.ID, choice *Choice, lang locale.Lang, proof Proof, cms []byte,
	confirm func(r *Request, holder *party.Organization, a *answer) (stale bool, err error), by verify.Actor,
) (*Consent, error) {
	for range maxTries {
		r, holder, err := s.requested(ctx, id)
		if err != nil {
			return nil, err
		}
		if len(r.Shown) == 0 {
			return nil, fault.New(fault.Conflict, "request-not-shown")
		}
		next, err := r.move(Given, by.Kind, s.Now())
		if err != nil {
			return nil, err
		}
		a, err := s.draft(ctx, holder, r, choice, lang, proof, cms, by)
		if err != nil {
			return nil, err
		}
		stale, err := confirm(r, holder, a)
		if err != nil {
			return nil, err
		}
		var c *Consent
		if !stale {
			if c, stale, err = s.give(ctx, holder, r.Subject, a.full, next); err != nil || !stale {
				return c, err
			}
		}
		if _, err := s.Parties.Reload(ctx, holder.ID); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

// chosen is the consent that a choice would be, without its proof.
func (s *Consents) chosen(holder *party.Organization, r *Request, choice *Choice, lang locale.Lang) (*New, error) {
	terms, until, err := r.Ask.narrow(choice, holder.Register, s.Now())
	if err != nil {
		return nil, err
	}
	return &New{
		Subject: holder.Outside(r.Subject), Terms: terms, Until: until, Language: lang, Register: r.Register, Conditions: choice.Conditions,
		Least: r.Ask.Evidence,
	}, nil
}

// Draft is the text of exactly what a choice would give, to be read and signed.
// That it was shown is written down.
func (s *Consents) Draft(ctx context.Context, id ident.ID, choice *Choice, lang locale.Lang, by verify.Actor) (*Text, error) {
	_, text, err := s.show(ctx, id, lang, by, func(r *Request, holder *party.Organization) (*Text, error) {
		if _, err := r.move(Given, by.Kind, s.Now()); err != nil {
			return nil, err
		}
		n, err := s.chosen(holder, r, choice, lang)
		if err != nil {
			return nil, err
		}
		if err := checkTerms(holder.Register, &n.Terms); err != nil {
			return nil, err
		}
		if err := n.setConditions(); err != nil { // they stand in the text
			return nil, err
		}
		return textOf(holder.Register, n), nil
	})
	return text, err
}

func (s *Consents) give(ctx context.Context, org *party.Organization, subject ident.ID, in *New, r *Request) (*Consent, bool, error) {
	n, err := s.prepare(ctx, org, subject, in)
	if err != nil {
		return nil, false, err
	}
	r.Consent = n.consent.ID
	_, jkey, err := s.open(ctx, subject)
	if err == nil {
		err = r.dropCode(&jkey)
	}
	if err == nil {
		err = s.tellAsked(ctx, r, org, &jkey, n.record, nil)
	}
	if err != nil {
		return nil, false, err
	}
	stale, err := s.land(ctx, n, r)
	return n.consent, stale, err
}

// AskedBy is the question that a consent answers; nil where nobody asked.
func (s *Consents) AskedBy(ctx context.Context, c *Consent) (*Request, error) {
	f := RequestFilter{Subject: c.Subject, Org: c.Org, Status: Given, Limit: 200}
	for {
		list, err := s.Requests.Requests(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].Consent == c.ID {
				return &list[i], nil
			}
		}
		if len(list) < f.Limit {
			return nil, nil //nolint:nilnil // nobody asked
		}
		f.After = list[len(list)-1].ID
	}
}

// Refuse answers no. It is kept, and nobody asks again at once.
func (s *Consents) Refuse(ctx context.Context, id ident.ID, reason string, by verify.Actor) (*Request, error) {
	if len(reason) > 2000 {
		return nil, fault.Bad("reason", "too-long", "max", 2000)
	}
	return s.end(ctx, id, Refused, "consent.refuse", reason, by)
}

// Cancel takes a question back, for who asked.
func (s *Consents) Cancel(ctx context.Context, id ident.ID, by verify.Actor) (*Request, error) {
	return s.end(ctx, id, Cancelled, "consent.cancel", "", by)
}

// Unanswered writes down that nobody answered in time.
func (s *Consents) Unanswered(ctx context.Context, id ident.ID) error {
	_, err := s.end(ctx, id, ExpiredRequest, "consent.unanswered", "", verify.Actor{Kind: "service", ID: "requests"})
	return err
}

// Choose is the subject's pick of the number that the clerk sees. A wrong one is
// counted; after the third the question is taken back, for somebody else may be
// asking.
func (s *Consents) Choose(ctx context.Context, id ident.ID, number int, by verify.Actor) error {
	for range maxTries {
		r, holder, err := s.requested(ctx, id)
		if err != nil {
			return err
		}
		if r.Ask.Number == 0 || number == r.Ask.Number {
			return nil
		}
		if r.Ask.Missed+1 >= maxMissed {
			_, err := s.Cancel(ctx, id, by)
			if err == nil {
				err = fault.Bad("number", "number-wrong")
			}
			return err
		}
		if err := RequestMachine.next("consent.mismatch", r.StatusAt(s.Now()), Pending, by.Kind, "request-answered"); err != nil {
			return err
		}
		version, jkey, err := s.open(ctx, r.Subject)
		if err != nil {
			return err
		}
		rec, err := s.requestEvent(ctx, holder, r, &jkey, version, by, "consent.mismatch", nil)
		if err != nil {
			return err
		}
		n := *r
		n.Version++
		n.Ask.Missed++
		stale, err := s.Requests.UpdateRequest(ctx, &n, nil, rec)
		if err != nil {
			return err
		}
		if !stale {
			return fault.Bad("number", "number-wrong")
		}
	}
	return errContended
}

func (s *Consents) end(ctx context.Context, id ident.ID, to RequestStatus, action, reason string, by verify.Actor) (*Request, error) {
	for range maxTries {
		r, holder, err := s.requested(ctx, id)
		if err != nil {
			return nil, err
		}
		n, err := r.move(to, by.Kind, s.Now())
		if err != nil {
			return nil, err
		}
		version, jkey, err := s.open(ctx, r.Subject)
		if err != nil {
			return nil, err
		}
		if err := n.dropCode(&jkey); err != nil {
			return nil, err
		}
		if reason != "" {
			note, err := openNote(&jkey, n)
			if err != nil {
				return nil, err
			}
			note.Reason = reason
			if n.Sealed, err = sealNote(&jkey, n, note); err != nil {
				return nil, err
			}
		}
		rec, err := s.requestEvent(ctx, holder, n, &jkey, version, by, action, nil)
		if err != nil {
			return nil, err
		}
		if err := s.tellAsked(ctx, n, holder, &jkey, rec, nil); err != nil {
			return nil, err
		}
		stale, err := s.Requests.UpdateRequest(ctx, n, nil, rec)
		if err != nil || !stale {
			return n, err
		}
	}
	return nil, errContended
}
