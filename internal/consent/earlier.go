package consent

import (
	"context"
	"slices"

	"kelisim/internal/ident"
	"kelisim/internal/party"
)

// RecordEarlier writes down a consent that was obtained before the organization
// came here, with its evidence, unless that would undo what is known: the same
// evidence is there already, a later consent to the same stands, or the subject
// has withdrawn since. So a file of them can be brought in again, and an old one
// brings nothing back. A signature of which it tells without showing it is kept as
// what was said of it, unproven. It reports whether the consent was written down.
func (s *Consents) RecordEarlier(ctx context.Context, org *party.Organization, in *New) (bool, error) {
	known, err := s.overtaken(ctx, org.Inside(in.Subject), org.ID, in)
	if err != nil || known {
		return false, err
	}
	n := *in
	n.Earlier = true
	_, err = s.Record(ctx, org, &n)
	return err == nil, err
}

func (s *Consents) overtaken(ctx context.Context, subject, org ident.ID, in *New) (bool, error) {
	list, err := s.Store.Consents(ctx, Filter{Subject: subject, Org: org, Now: s.Now()})
	if err != nil || len(list) == 0 {
		return false, err
	}
	_, jkey, err := s.open(ctx, subject)
	if err != nil {
		return false, err
	}
	for i := range list {
		c := &list[i]
		t, _ := c.Original()
		if !slices.ContainsFunc(in.Terms.Purposes, t.Covers) {
			continue
		}
		p, err := openProof(&jkey, c)
		if err != nil {
			return false, err
		}
		same := p.Obtained.Equal(in.Proof.Obtained) && p.Channel == in.Proof.Channel && p.Document == in.Proof.Document
		st := c.StatusAt(s.Now())
		stands := (st == Active || st == Paused) && !p.Obtained.Before(in.Proof.Obtained)
		takenBack := slices.ContainsFunc(c.History, func(step Change) bool {
			return len(step.Scopes) > 0 && step.At.After(in.Proof.Obtained)
		})
		if same || stands || takenBack {
			return true, nil
		}
	}
	return false, nil
}
