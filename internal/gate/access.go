package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Access decides and, if permitted, performs the action on the vault. The
// change and its entry land together; data that is read was read under the same
// version that the entry landed under, so nothing blocked or destroyed meanwhile
// gets out. A refusal is journaled and returned as an Answer without data.
func (g *Guard) Access(ctx context.Context, a *Ask) (*Answer, error) {
	if err := g.checkValues(a); err != nil {
		return nil, err
	}
	if (reads(a.Action) && !a.OwnData || a.Action == register.Depersonalise) && len(a.Categories) == 0 {
		return nil, fault.Bad("categories", "missing-field")
	}
	for range maxTries {
		k, err := g.load(ctx, a)
		if err == nil {
			err = g.onBehalf(ctx, k)
		}
		if err == nil && a.Still != nil {
			err = still(ctx, a)
		}
		if err != nil {
			return nil, err
		}
		ans, rec, err := g.judge(ctx, k)
		if err != nil {
			return nil, err
		}
		out, err := g.perform(ctx, k, ans, rec)
		if err != nil {
			return nil, err
		}
		if !out.Stale {
			ans.Landed = out.Landed
			return ans, nil
		}
		if err := g.forget(ctx, a); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

func still(ctx context.Context, a *Ask) error {
	todo, err := a.Still(ctx)
	if err == nil && !todo {
		err = ErrDone
	}
	return err
}

func (g *Guard) perform(ctx context.Context, k known, ans *Answer, rec *journal.Record) (Outcome, error) {
	if ans.Permit {
		switch {
		case writes(k.Action):
			return g.write(ctx, k, rec)
		case k.Action == register.Block, k.Action == register.Unblock:
			return g.move(ctx, k, rec)
		case k.Action == register.Destroy:
			return g.destroy(ctx, k, ans, rec)
		case k.Action == register.Depersonalise:
			return g.depersonalise(ctx, k, ans, rec)
		case reads(k.Action):
			if err := g.read(ctx, k, ans); err != nil {
				return Outcome{}, err
			}
		}
	}
	if ans.terms() != nil || rec.Tell != nil {
		out, err := g.landOwed(ctx, owing(k, ans), rec)
		if err != nil || out.Stale {
			ans.Data = nil
		}
		return out, err
	}
	outs, err := g.Store.Record(ctx, []*journal.Record{rec})
	if err != nil || outs[0].Stale {
		ans.Data = nil
	}
	if err != nil {
		return Outcome{}, err
	}
	return outs[0], nil
}

// checkValues refuses values that cannot be meant: without the action that
// takes them, for a category not asked for, too long.
func (g *Guard) checkValues(a *Ask) error {
	if !writes(a.Action) {
		if len(a.Values) > 0 {
			return fault.Bad("values", "values-unexpected")
		}
		return nil
	}
	if len(a.Values) == 0 {
		return fault.Bad("values", "missing-field")
	}
	if len(a.Categories) == 0 {
		for c := range a.Values {
			a.Categories = append(a.Categories, c)
		}
		slices.Sort(a.Categories)
	}
	for c, raw := range a.Values {
		if !slices.Contains(a.Categories, c) {
			return fault.Bad("values", "value-not-asked")
		}
		if len(raw) > vault.MaxValue {
			return fault.Bad("values."+c, "too-long", "max", vault.MaxValue)
		}
		if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
			return fault.Bad("values."+c, "missing-field")
		}
		v, err := g.normal(c, raw)
		if err != nil {
			return err
		}
		a.Values[c] = v
	}
	for _, c := range a.Categories {
		if _, ok := a.Values[c]; !ok {
			return fault.Bad("values."+c, "missing-field")
		}
	}
	return nil
}

// normal checks and normalises values that have a known form.
func (g *Guard) normal(category string, raw json.RawMessage) (json.RawMessage, error) {
	kind := ident.Kind(category)
	if kind != ident.IIN && kind != ident.Phone && kind != ident.Email {
		return raw, nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil, fault.Bad("values."+category, "wrong-type", "want", "string")
	}
	v, err := g.Parties.Rules.Normalise(kind, s)
	if err != nil {
		return nil, under("values."+category, err)
	}
	return json.Marshal(v)
}

// write puts new versions: change needs a value to change, supplement needs
// that there is none, collect takes either.
func (g *Guard) write(ctx context.Context, k known, rec *journal.Record) (Outcome, error) {
	have, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return Outcome{}, err
	}
	latest := vault.Latest(have)
	ch := &vault.Change{Subject: k.subject, Org: k.Holder.ID, At: k.at}
	for _, c := range k.Categories {
		v := vault.Value{Category: c, Version: 1, Purpose: k.Purpose, At: k.at}
		i := slices.IndexFunc(latest, func(o vault.Value) bool { return o.Category == c })
		switch {
		case i < 0 && k.Action == register.Change:
			return Outcome{}, fault.Bad("values."+c, "value-absent")
		case i >= 0 && k.Action == register.Supplement:
			return Outcome{}, fault.Bad("values."+c, "value-present")
		case i >= 0:
			v.Version = latest[i].Version + 1
		}
		ch.Put = append(ch.Put, vault.Seal(&k.held.data, k.subject, k.Holder.ID, v, k.Values[c]))
	}
	consents, err := g.consents(ctx, k)
	if err != nil {
		return Outcome{}, err
	}
	_, next := vault.Retention(k.Holder.Register, append(latest, ch.Put...), consents, k.at)
	ch.DestroyAt = &next
	if k.Correction && k.Action == register.Change {
		if err := g.tellHolding(ctx, &k, register.Change, k.Categories, rec); err != nil {
			return Outcome{}, err
		}
	}
	return g.Store.Change(ctx, ch, rec)
}

// move blocks or unblocks (Art. 25(2)8).
func (g *Guard) move(ctx context.Context, k known, rec *journal.Record) (Outcome, error) {
	ch := &vault.Change{Subject: k.subject, Org: k.Holder.ID, At: k.at, State: party.Held}
	if k.Action == register.Block {
		ch.State = party.Blocked
	} else {
		ch.DestroyAt = &k.at // what became due meanwhile waited for this
	}
	if err := g.tellHolding(ctx, &k, k.Action, nil, rec); err != nil {
		return Outcome{}, err
	}
	return g.Store.Change(ctx, ch, rec)
}

// read opens the newest versions of what was asked for; nothing of a category
// that is not held.
func (g *Guard) read(ctx context.Context, k known, ans *Answer) error {
	all, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return err
	}
	ans.Data = make(map[string]json.RawMessage, len(k.Categories))
	latest := vault.Latest(all)
	for i := range latest {
		v := &latest[i]
		if !k.OwnData && !slices.Contains(k.Categories, v.Category) {
			continue
		}
		if ans.Data[v.Category], err = vault.Open(&k.held.data, k.subject, k.Holder.ID, v); err != nil {
			return err
		}
	}
	return nil
}

// destroy deletes the named categories, or everything with its key (Art. 18).
// Consents end with the whole.
func (g *Guard) destroy(ctx context.Context, k known, ans *Answer, rec *journal.Record) (Outcome, error) {
	why := string(k.Ground)
	if why == "" {
		why = ans.ProvisionsOf(law.Protective)[0]
	}
	if k.Instead {
		return g.destroyInstead(ctx, k, ans, why, rec)
	}
	ch, err := g.destruction(ctx, k, k.Categories, why, left{}, rec)
	if err != nil {
		return Outcome{}, err
	}
	ans.Destroyed = ch.Act
	return g.landDestruction(ctx, ch, rec)
}

// landDestruction lands a destruction and then has it noted outside the database.
// It is done by then, so a note that fails is no refusal: it is made up for later.
func (g *Guard) landDestruction(ctx context.Context, ch *vault.Change, rec *journal.Record) (Outcome, error) {
	out, err := g.Store.Change(ctx, ch, rec)
	if err == nil && !out.Stale && g.Destroyed != nil {
		g.Destroyed(ctx, ch.Act)
	}
	return out, err
}

// destruction puts together the destruction of the named categories, of everything
// where none are named, with what is left of it.
func (g *Guard) destruction(ctx context.Context, k known, drop []string, why string, l left, rec *journal.Record) (*vault.Change, error) {
	have, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return nil, err
	}
	act := &vault.Destruction{
		ID: rec.ID, Subject: k.subject, Org: k.Holder.ID, Provision: why, At: k.at, Entry: rec.ID,
		Method: "rows deleted", Depersonalised: l.taken,
	}
	ch := &vault.Change{Subject: k.subject, Org: k.Holder.ID, At: k.at, Act: act, Drop: drop, Depersonalised: l.rows}
	stays := 0
	for _, v := range have {
		if len(drop) > 0 && !slices.Contains(drop, v.Category) {
			stays++
			continue
		}
		act.Versions++
		if !slices.Contains(act.Categories, v.Category) {
			act.Categories = append(act.Categories, v.Category)
		}
	}
	if len(drop) == 0 || stays == 0 {
		act.Whole, ch.Destroy, ch.Drop = true, true, nil
		act.Method = "rows and data key deleted"
		if ch.Consents, err = g.endConsents(ctx, k, rec.ID); err != nil {
			return nil, err
		}
	}
	if len(l.taken) > 0 {
		act.Method = "depersonalised then " + act.Method
	}
	if act.Signed, err = g.certificate(k, act); err != nil {
		return nil, err
	}
	if err := g.tellHolding(ctx, &k, register.Destroy, act.Categories, rec); err != nil {
		return nil, err
	}
	return ch, g.tellConsents(ctx, &k, ch.Consents, rec)
}

// consents reads the consents whole, for what a decision does not look at.
func (g *Guard) consents(ctx context.Context, k known) ([]consent.Consent, error) {
	return g.Store.Consents(ctx, consent.Filter{Subject: k.subject, Org: k.Holder.ID})
}

func (g *Guard) endConsents(ctx context.Context, k known, entry ident.ID) ([]*consent.Consent, error) {
	all, err := g.consents(ctx, k)
	if err != nil {
		return nil, err
	}
	var out []*consent.Consent
	for i := range all {
		c := &all[i]
		if s := c.StatusAt(k.at); s != consent.Active && s != consent.Paused {
			continue
		}
		n, err := c.Move(consent.Ended, k.at, "service", entry)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// certificate signs the act of destruction.
func (g *Guard) certificate(k known, act *vault.Destruction) ([]byte, error) {
	doc, err := json.Marshal(&vault.Certificate{Destruction: act, Organization: k.Holder.BIN, Subject: k.Holder.Outside(k.subject)})
	if err != nil {
		return nil, err
	}
	return consent.Sign(g.Keys, verify.TypeDestruction, doc)
}

// Expire lets retention work on one holding: consents past their term are
// written down as expired, categories past theirs are destroyed, each journaled.
// It returns whether anything was due. Running it twice does nothing more.
func (g *Guard) Expire(ctx context.Context, subject, org ident.ID) (bool, error) {
	o, err := g.Parties.ByID(ctx, org)
	if err != nil {
		return false, err
	}
	a := &Ask{Holder: o, Asker: o, Subject: o.Outside(subject), Actor: verify.Actor{Kind: "service", ID: "retention"}}
	did := false
	for tries := 0; tries < maxTries; { // each step that lands leaves less to do
		g.Cache.drop(cacheKey{subject, org})
		k, err := g.load(ctx, a)
		if err != nil {
			return did, err
		}
		out, done, err := g.expireStep(ctx, k)
		switch {
		case err != nil || done:
			return did, err
		case out.Stale:
			tries++
			if err := g.forget(ctx, a); err != nil {
				return did, err
			}
		default:
			did = true
		}
	}
	return did, errContended
}

// expireStep does one due thing and reports when there is none left.
func (g *Guard) expireStep(ctx context.Context, k known) (Outcome, bool, error) {
	consents, err := g.consents(ctx, k)
	if err != nil {
		return Outcome{}, false, err
	}
	for i := range consents {
		c := &consents[i]
		if c.StatusAt(k.at) == consent.Expired && c.Status != consent.Expired {
			out, err := g.writeExpiry(ctx, k, c)
			return out, false, err
		}
	}
	if k.held.Holding.State == party.Destroyed || k.Holder.Register == nil {
		return Outcome{}, true, nil
	}
	values, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return Outcome{}, false, err
	}
	drop, next := vault.Retention(k.Holder.Register, values, consents, k.at)
	if len(drop) == 0 || k.held.Holding.State == party.Blocked {
		return g.reschedule(ctx, k, next)
	}
	k.Action, k.Categories = register.Destroy, drop
	over := Answer{Edition: k.Holder.Edition(k.at)}
	over.add(law.RetentionOver)
	why := over.ProvisionsOf(law.RetentionOver)
	l, err := g.leave(ctx, &k, values, drop, k.atEnd(law.EndOfTerm))
	if err != nil {
		return Outcome{}, false, err
	}
	action := register.Destroy
	if k.Instead = len(l.rows) > 0; k.Instead {
		action = register.Depersonalise
	}
	rec, err := g.event(k, action.String(), func(e *verify.Entry) {
		e.Categories = drop
		e.Reasons = over.reasons()
	})
	if err != nil {
		return Outcome{}, false, err
	}
	ch, err := g.destruction(ctx, k, drop, why[len(why)-1], l, rec)
	if err != nil {
		return Outcome{}, false, err
	}
	out, err := g.landDestruction(ctx, ch, rec)
	return out, false, err
}

// reschedule is the last step: nothing else is due.
func (g *Guard) reschedule(ctx context.Context, k known, next time.Time) (Outcome, bool, error) {
	if next.UnixMilli() == k.held.Holding.DestroyAt.UnixMilli() { // the store keeps no more than that
		return Outcome{}, true, nil
	}
	rec, err := g.event(k, "retention.schedule", func(*verify.Entry) {})
	if err != nil {
		return Outcome{}, false, err
	}
	out, err := g.Store.Change(ctx, &vault.Change{Subject: k.subject, Org: k.Holder.ID, At: k.at, DestroyAt: &next}, rec)
	return out, !out.Stale, err
}

func (g *Guard) writeExpiry(ctx context.Context, k known, c *consent.Consent) (Outcome, error) {
	rec, err := g.event(k, "consent.expire", func(e *verify.Entry) { e.Consent = verify.ID(c.ID) })
	if err != nil {
		return Outcome{}, err
	}
	n, err := c.Move(consent.Expired, k.at, "service", rec.ID)
	if err == nil {
		err = g.tellConsents(ctx, &k, []*consent.Consent{n}, rec)
	}
	if err != nil {
		return Outcome{}, err
	}
	return g.Store.Change(ctx, &vault.Change{Subject: k.subject, Org: k.Holder.ID, At: k.at, Consents: []*consent.Consent{n}}, rec)
}

// event prepares an entry of something that was not a decision.
func (g *Guard) event(k known, action string, fill func(*verify.Entry)) (*journal.Record, error) {
	e := &verify.Entry{
		Subject: verify.ID(k.Holder.Outside(k.subject)), Organization: k.Holder.BIN,
		Actor: k.Actor, Action: action,
	}
	fill(e)
	rec, err := journal.Prepare(e, k.subject, k.Holder.ID, &k.held.journal, k.at)
	if err != nil {
		return nil, err
	}
	rec.Guard = journal.Guard{Subject: k.held.Version, Org: k.Holder.Version}
	return rec, nil
}
