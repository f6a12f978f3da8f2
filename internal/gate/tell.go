package gate

import (
	"context"
	"slices"

	"kelisim/internal/consent"
	"kelisim/internal/journal"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/internal/vault"
)

// landOwed lands a decision with the terms that it sets running, or with nothing
// but word of it.
func (g *Guard) landOwed(ctx context.Context, c *vault.Change, rec *journal.Record) (Outcome, error) {
	if len(c.Terms) == 0 {
		return g.Store.Note(ctx, rec)
	}
	return g.Store.Change(ctx, c, rec)
}

// sorts are the choices that permitted acts fall under.
var sorts = map[register.Action]struct {
	choice outbox.Choice
	event  string
}{
	register.Transfer: {outbox.Transfers, "transfer"}, register.CrossBorder: {outbox.Transfers, "transfer"},
	register.Disseminate: {outbox.Transfers, "transfer"},
	register.Change:      {outbox.Edits, "change"}, register.Supplement: {outbox.Edits, "change"},
	register.Block: {outbox.Edits, "block"}, register.Unblock: {outbox.Edits, "unblock"}, register.Destroy: {outbox.Edits, "destroy"},
	register.View: {outbox.Views, "view"}, register.Access: {outbox.Views, "view"}, register.Use: {outbox.Views, "view"},
}

// tellDecision adds letters to a permit that the subject wants word of, and that
// the service of Art. 8-1 or 8-2 tells of; or that somebody asked for on a ground
// (Art. 8-1(3)). Who looks at the own data knows it.
func (g *Guard) tellDecision(ctx context.Context, k *known, ans *Answer, rec *journal.Record) error {
	if !ans.Permit || k.OwnData || k.Role != "" {
		return nil
	}
	sort, by := sorts[k.Action], k.Holder
	third := k.Recipient != ""
	if k.Instead {
		sort.event = "depersonalise"
	}
	switch {
	case ans.Owed&TellInitiator != 0: // then the letter says who that was
		sort.choice, sort.event, by = outbox.Transfers, "initiator", k.Asker
	case third || ans.Owed&TellTransfer != 0:
		sort.choice, sort.event = outbox.Transfers, "transfer"
	}
	if k.held.Notices&sort.choice == 0 {
		return nil
	}
	_, told := ans.Edition.Services().Notice(k.inState(), k.Action.String(), third)
	if !told && ans.Owed&TellInitiator == 0 {
		return nil
	}
	return g.letter(ctx, k, sort.choice, sort.event, by, rec)
}

// inState reports whether the data is in a state system.
func (k *known) inState() bool {
	if k.Holder.Register == nil {
		return false
	}
	base := k.Holder.Register.Base(k.Base)
	if p := k.Holder.Register.Purpose(k.Purpose); base == nil && p != nil {
		base = p.In
	}
	return base != nil && base.Kind == register.State
}

func (g *Guard) letter(ctx context.Context, k *known, kind outbox.Choice, event string, by *party.Organization, rec *journal.Record) error {
	return g.Outbox.TellSubject(ctx, rec, &outbox.News{
		Kind: kind, Event: event, Subject: k.subject, By: by, About: rec.ID, Path: "/me/journal/" + rec.ID.String(), Key: &k.held.journal,
	})
}

// holdingEvents are what a change of a holding is to those who have the data too.
var holdingEvents = map[register.Action]string{
	register.Block: "data.blocked", register.Unblock: "data.unblocked", register.Destroy: "data.destroyed", register.Change: "data.corrected",
}

// tellHolding adds word of a correction, a block or a destruction for the holder,
// everyone whom a consent ever named as a recipient and everyone who was given the
// data on another ground: they may have it still. A correction concerns those alone
// whose consent is to what was corrected. No word has a value in it.
func (g *Guard) tellHolding(ctx context.Context, k *known, a register.Action, categories []string, rec *journal.Record) error {
	if g.Outbox == nil {
		return nil
	}
	to := slices.Clone(k.Given)
	for i := range k.held.Consents {
		if a == register.Change && !overlap(k.held.Consents[i].Terms.Categories, categories) {
			continue
		}
		for _, bin := range k.held.Consents[i].Terms.ThirdParties {
			if !slices.Contains(to, bin) {
				to = append(to, bin)
			}
		}
	}
	err := g.Outbox.Tell(ctx, rec, &outbox.Event{
		Type: holdingEvents[a], Subject: k.subject, Holder: k.Holder, To: to, Data: outbox.Data{Categories: categories},
	})
	// By a decision the subject was told already, in judge.
	if err != nil || k.held.Notices&outbox.Edits == 0 || k.Actor.ID != "retention" {
		return err
	}
	event := sorts[a].event
	if k.Instead {
		event = "depersonalise"
	}
	return g.letter(ctx, k, outbox.Edits, event, k.Holder, rec)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(c string) bool { return slices.Contains(b, c) })
}

// tellConsents adds word of consents that ended by themselves or with the data.
func (g *Guard) tellConsents(ctx context.Context, k *known, list []*consent.Consent, rec *journal.Record) error {
	var key *seal.Key // in a night a hundred thousand expire: those of whom nobody wants word cost no look
	if k.held.Notices&outbox.Changes != 0 {
		key = &k.held.journal
	}
	for _, c := range list {
		if err := consent.Tell(ctx, g.Outbox, c, k.Holder, key, rec); err != nil {
			return err
		}
	}
	return nil
}
