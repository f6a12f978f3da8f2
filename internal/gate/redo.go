package gate

import (
	"context"

	"kelisim/internal/depersonal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Redo destroys again what an act says was destroyed, on a database that was put
// back to before it (Art. 1(6)): the data must not come back with an old copy. The
// same act is kept, so doing it twice does nothing; the entry is a new one and
// names the act. The caller has verified the act, knows that the database does not
// have it, and lets nobody else in meanwhile.
//
// Nothing is weighed here: that was done when the act was made. Nobody is told
// either, for they were told then.
func (g *Guard) Redo(ctx context.Context, o *party.Organization, act *vault.Certificate) error {
	a := &Ask{Holder: o, Asker: o, Subject: act.Subject, Actor: verify.Actor{Kind: "service", ID: "restore"}}
	a.Action = register.Destroy
	for range maxTries {
		g.Cache.drop(cacheKey{o.Inside(act.Subject), o.ID})
		k, err := g.load(ctx, a)
		if err != nil {
			return err
		}
		out, err := g.redo(ctx, k, act)
		if err != nil || !out.Stale {
			g.Cache.drop(cacheKey{k.subject, o.ID})
			return err
		}
		if err := g.forget(ctx, a); err != nil {
			return err
		}
	}
	return errContended
}

func (g *Guard) redo(ctx context.Context, k known, act *vault.Certificate) (Outcome, error) {
	rec, err := g.event(k, "destroy.replay", func(e *verify.Entry) {
		e.Categories, e.Reference = act.Categories, act.ID.String()
	})
	if err != nil {
		return Outcome{}, err
	}
	done := *act.Destruction
	done.Subject, done.Org = k.subject, k.Holder.ID
	ch := &vault.Change{Subject: k.subject, Org: k.Holder.ID, At: act.At, Act: &done, Drop: act.Categories}
	if ch.Depersonalised, err = g.takeAgain(ctx, k, act); err != nil {
		return Outcome{}, err
	}
	if act.Whole {
		ch.Destroy, ch.Drop = true, nil
		if ch.Consents, err = g.endConsents(ctx, k, rec.ID); err != nil {
			return Outcome{}, err
		}
	}
	return g.landDestruction(ctx, ch, rec)
}

// takeAgain counts in once more what the act says was taken over: what was counted
// then is not in the copy, and the data is.
func (g *Guard) takeAgain(ctx context.Context, k known, act *vault.Certificate) ([]depersonal.Row, error) {
	if len(act.Depersonalised) == 0 || k.held.Holding.State == party.Destroyed {
		return nil, nil
	}
	have, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return nil, err
	}
	k.at = act.At
	var l left
	for i := range act.Depersonalised {
		if err := g.take(&k, vault.Latest(have), &act.Depersonalised[i], &l); err != nil {
			return nil, err
		}
	}
	return l.rows, g.again(ctx, &k, &l)
}
