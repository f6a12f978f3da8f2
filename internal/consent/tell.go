package consent

import (
	"context"

	"kelisim/internal/journal"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/seal"
)

// Tell adds word of the newest step in a consent's life to the record that it
// lands with: for its holder, for every recipient that it names, and for the
// subject who wants word. A step of another is word of it too: whoever holds the
// subject's session must not do anything in silence. Without the subject's key no
// letter is made.
func Tell(ctx context.Context, o *outbox.Outbox, c *Consent, holder *party.Organization, jkey *seal.Key, rec *journal.Record) error {
	if o == nil {
		return nil
	}
	last := c.History[len(c.History)-1]
	id := c.ID
	e := &outbox.Event{
		Type: "consent." + c.newest(), Subject: c.Subject, Holder: holder, To: c.Terms.ThirdParties,
		Data: outbox.Data{
			Consent: &id, Status: string(c.Status), Scopes: c.Scopes.Names(), Withdrawn: last.Scopes, Purposes: c.Terms.Purposes,
			Categories: c.Terms.Categories, Version: c.Version,
		},
	}
	if !c.Until.IsZero() {
		until := c.Until.UTC()
		e.Data.ValidUntil = &until
	}
	if err := o.Tell(ctx, rec, e); err != nil || jkey == nil {
		return err
	}
	return o.TellSubject(ctx, rec, &outbox.News{
		Kind: outbox.Changes, Event: e.Type, Subject: c.Subject, By: holder, About: c.ID, Path: "/me/consents/" + c.ID.String(), Key: jkey,
	})
}

// newest names the newest step.
func (c *Consent) newest() string {
	last := c.History[len(c.History)-1]
	switch {
	case len(c.History) == 1:
		return "given"
	case last.Status == Withdrawn || len(last.Scopes) > 0:
		return "withdrawn"
	case last.Status == Active:
		return "resumed"
	default:
		return string(last.Status) // paused, expired, superseded, ended
	}
}

// tellHold adds word of a hold's new status to the record: for the operator that
// set it, for its officer, and for the subject. They need not say that they know.
func (s *Consents) tellHold(ctx context.Context, h *Hold, org *party.Organization, jkey *seal.Key, rec *journal.Record) error {
	if s.Outbox == nil {
		return nil
	}
	what := string(h.Status)
	if h.Status == HoldActive {
		what = "set"
	}
	id, of, until := h.ID, h.Consent, h.Until.UTC()
	if err := s.Outbox.Tell(ctx, rec, &outbox.Event{
		Type: "hold." + what, Subject: h.Subject, Holder: org, Unasked: true,
		Data: outbox.Data{Hold: &id, Consent: &of, Status: string(h.Status), Scopes: h.Scopes.Names(), Purposes: h.Purposes, ValidUntil: &until, Version: h.Version},
	}); err != nil {
		return err
	}
	if h.Status != HoldActive { // the officer's own deed
		if err := s.Outbox.TellOfficer(rec, org, "hold."+what, h.ID, "/console/holds/"+h.ID.String()); err != nil {
			return err
		}
	}
	if h.Status == HoldAppealed { // the subject's own deed
		return nil
	}
	return s.Outbox.TellSubject(ctx, rec, &outbox.News{
		Kind: outbox.Changes, Event: "hold." + what, Subject: h.Subject, By: org, About: h.ID, Path: "/me/consents/" + h.Consent.String(), Key: jkey,
	})
}

// tellAsked adds word of a question to the record: the question for the subject,
// the answer for who asked.
func (s *Consents) tellAsked(ctx context.Context, r *Request, holder *party.Organization, jkey *seal.Key, rec *journal.Record, to *outbox.Address) error {
	if s.Outbox == nil {
		return nil
	}
	asker, err := s.Parties.ByID(ctx, r.Asker)
	if err != nil {
		return err
	}
	if r.Status == Pending {
		return s.Outbox.TellSubject(ctx, rec, &outbox.News{
			Kind: outbox.Requests, Event: "request", Subject: r.Subject, By: asker, About: r.ID, Path: "/me/asked/" + r.ID.String(), Key: jkey,
			To: to,
		})
	}
	note, err := openNote(jkey, r)
	if err != nil {
		return err
	}
	id := r.ID
	e := &outbox.Event{
		Type: "request." + string(r.Status), Subject: r.Subject, Holder: holder, Asked: asker, Callback: note.Callback,
		Data: outbox.Data{Request: &id, Status: string(r.Status), Version: r.Version},
	}
	if !r.Consent.IsZero() {
		given := r.Consent
		e.Data.Consent = &given
	}
	return s.Outbox.Tell(ctx, rec, e)
}
