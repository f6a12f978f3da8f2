package gate

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"kelisim/internal/depersonal"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// left is what stays of data that is destroyed: what each purpose counts in, and
// how it was made, for the certificate. The zero value is nothing.
type left struct {
	rows  []depersonal.Row
	taken []depersonal.Taken
}

// rule finds the purpose whose rule a value is depersonalised by, nil for none.
type rule func(v *vault.Value) *register.Entry

// atEnd is the rule where data ends by a cause: that of the purpose it was collected
// for, where the edition lets it, and the subject has not forbidden it.
func (k *known) atEnd(cause string) rule {
	x, ok := k.Holder.Edition(k.at).Ending(cause)
	return func(v *vault.Value) *register.Entry {
		p := k.Holder.Register.Purpose(v.Purpose)
		if !ok || p == nil || x.Research && !p.Research || k.forbidden(p.ID, v.Category) {
			return nil
		}
		return p
	}
}

func (k *known) forbidden(purpose, category string) bool {
	r := Request{Action: register.Depersonalise, Purpose: purpose, Categories: []string{category}}
	return slices.ContainsFunc(k.held.Bans, func(b Ban) bool { return b.holds(k.at) && b.forbids(&r) })
}

// leave makes what is left of the categories, of everything where none are named.
// Values are opened here and go nowhere but into cells.
func (g *Guard) leave(ctx context.Context, k *known, have []vault.Value, categories []string, of rule) (left, error) {
	var out left
	byPurpose := map[string][]vault.Value{}
	for _, v := range vault.Latest(have) {
		if len(categories) > 0 && !slices.Contains(categories, v.Category) {
			continue
		}
		if p := of(&v); p != nil && !p.Depersonalise.IsZero() {
			byPurpose[p.ID] = append(byPurpose[p.ID], v)
		}
	}
	for i := range k.Holder.Register.Description.Purposes { // in their order
		p := &k.Holder.Register.Description.Purposes[i]
		values := byPurpose[p.ID]
		names := make([]string, len(values))
		for j := range values {
			names[j] = values[j].Category
		}
		t := depersonal.Taken{Purpose: p.ID, Columns: p.Depersonalise.Take(names)}
		if err := g.take(k, values, &t, &out); err != nil {
			return left{}, err
		}
	}
	return out, g.again(ctx, k, &out)
}

// again marks what the person is in already, by the certificates: who comes back
// every day must not look like a crowd.
func (g *Guard) again(ctx context.Context, k *known, l *left) error {
	if len(l.rows) == 0 {
		return nil
	}
	acts, err := g.Store.Destructions(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return err
	}
	for _, file := range acts {
		var s verify.Signed
		var act vault.Destruction
		if err := errors.Join(json.Unmarshal(file, &s), json.Unmarshal(s.Document, &act)); err != nil {
			return err
		}
		for i := range l.rows {
			l.rows[i].Again = l.rows[i].Again || slices.ContainsFunc(act.Depersonalised, func(t depersonal.Taken) bool { return t.Purpose == l.rows[i].Purpose })
		}
	}
	return nil
}

// take adds what the columns make of values; nothing where no cell says anything.
func (g *Guard) take(k *known, values []vault.Value, t *depersonal.Taken, out *left) error {
	plain := map[string]json.RawMessage{}
	for i := range values {
		v := &values[i]
		if !slices.ContainsFunc(t.Columns, func(c depersonal.Column) bool { return c.Category == v.Category }) {
			continue
		}
		raw, err := vault.Open(&k.held.data, k.subject, k.Holder.ID, v)
		if err != nil {
			return err
		}
		plain[v.Category] = raw
	}
	if cells := depersonal.Make(t.Columns, plain, k.at); len(cells) > 0 {
		out.rows = append(out.rows, depersonal.Row{Purpose: t.Purpose, Month: depersonal.Month(k.at), Cells: cells})
		out.taken = append(out.taken, *t)
	}
	return nil
}

// depersonalise is the act by itself, for a purpose that declares how (Art. 17(1)):
// what its columns take is counted in, and the data goes as if destroyed.
func (g *Guard) depersonalise(ctx context.Context, k known, ans *Answer, rec *journal.Record) (Outcome, error) {
	p := k.Holder.Register.Purpose(k.Purpose)
	if p == nil || p.Depersonalise.IsZero() {
		return Outcome{}, fault.New(fault.Conflict, "depersonal-undeclared")
	}
	have, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return Outcome{}, err
	}
	l, err := g.leave(ctx, &k, have, k.Categories, func(*vault.Value) *register.Entry { return p })
	if err != nil {
		return Outcome{}, err
	}
	x, _ := ans.Edition.Ending(law.EndByPurpose)
	return g.landLeft(ctx, k, ans, k.Categories, string(x.Ends), l, rec)
}

// landLeft lands a destruction that leaves something, which it has to.
func (g *Guard) landLeft(ctx context.Context, k known, ans *Answer, categories []string, why string, l left, rec *journal.Record) (Outcome, error) {
	if len(l.rows) == 0 {
		return Outcome{}, fault.New(fault.Conflict, "depersonal-nothing")
	}
	ch, err := g.destruction(ctx, k, categories, why, l, rec)
	if err != nil {
		return Outcome{}, err
	}
	ans.Destroyed = ch.Act
	return g.landDestruction(ctx, ch, rec)
}

// destroyInstead is a destruction that a subject asked for and that leaves
// depersonalised data.
func (g *Guard) destroyInstead(ctx context.Context, k known, ans *Answer, why string, rec *journal.Record) (Outcome, error) {
	have, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return Outcome{}, err
	}
	l, err := g.leave(ctx, &k, have, k.Categories, k.atEnd(law.EndByDemand))
	if err != nil {
		return Outcome{}, err
	}
	return g.landLeft(ctx, k, ans, k.Categories, why, l, rec)
}

// Statistics reads the depersonalised data of a purpose: what may be given out of
// it. No consent is asked for, since it is nobody's (Art. 17(1)); whoever reads
// stands in the journal before the answer is given.
func (g *Guard) Statistics(ctx context.Context, o *party.Organization, purpose string, by verify.Actor) (*depersonal.Released, ident.ID, error) {
	for range maxTries {
		if o.Register == nil {
			return nil, ident.ID{}, fault.New(fault.Conflict, "register-absent")
		}
		p := o.Register.Purpose(purpose)
		if p == nil {
			return nil, ident.ID{}, fault.Bad("purpose", "purpose-unknown")
		}
		now := g.Now()
		all, err := g.Store.Depersonalised(ctx, o.ID, purpose)
		if err != nil {
			return nil, ident.ID{}, err
		}
		ed := o.Edition(now)
		x, ok := ed.Ending(law.EndByPurpose)
		e := &verify.Entry{
			Organization: o.BIN, Actor: by, Action: "depersonalised.read", Purpose: purpose, Register: o.Register.Version, Edition: ed.ID,
		}
		denied := !ok || o.Suspended || o.Register.Description.Organization.Obligations != ""
		if denied {
			no := Answer{Edition: ed}
			no.add(law.OrganizationSuspended)
			e.Decision, e.Reasons = "deny", no.reasons()
		} else {
			e.Ground = &verify.Ground{Provision: string(x.Instead)}
		}
		rec, err := journal.Prepare(e, ident.ID{}, o.ID, &g.Keys.Journal, now)
		if err != nil {
			return nil, ident.ID{}, err
		}
		rec.Guard = journal.Guard{Org: o.Version}
		out, err := g.Store.Note(ctx, rec)
		switch {
		case err != nil:
			return nil, ident.ID{}, err
		case out.Stale:
			if o, err = g.Parties.Reload(ctx, o.ID); err != nil {
				return nil, ident.ID{}, err
			}
		case denied:
			refusal := fault.New(fault.Denied, "depersonal-denied")
			refusal.Provisions = e.Reasons[0].Provisions
			return nil, ident.ID{}, refusal
		default:
			return depersonal.Release(all, p.Depersonalise.K(), now), rec.ID, nil
		}
	}
	return nil, ident.ID{}, errContended
}
