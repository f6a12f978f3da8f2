package represent_test

import (
	"testing"

	"pgregory.net/rapid"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// Whoever acts, in whatever order, each act is journaled as that person's: what
// a representative did never stands as the subject's own, nor the other way
// round.
func TestNoActOnBehalfIsTheSubjectsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		rapid.Check(t, func(rt *rapid.T) {
			w.cast++
			w.acts(rt)
		})
		apptest.Clean(t, w.App)
	})
}

// acts lets a child, its parent and somebody who may only read act by chance,
// and compares the journal with who did what.
func (w *world) acts(rt *rapid.T) {
	w.everybody()
	parent := w.parent(child)
	reader, err := w.register(func(n *represent.New) {
		n.Representative, n.Kind, n.Acts = w.id(stranger), represent.Guardian, represent.Read
	})
	w.must(err)
	who := []verify.Actor{apptest.Person, parent.Actor(w.org), reader.Actor(w.org)}
	c := w.agreed(w.org, child)
	did := map[verify.Actor]map[string]int{}
	for _, a := range who {
		did[a] = map[string]int{}
	}
	for range rapid.IntRange(1, 8).Draw(rt, "acts") {
		by := rapid.SampledFrom(who).Draw(rt, "who")
		action := rapid.SampledFrom([]string{"view", "consent.pause", "consent.resume", "consent.withdraw", "consent.give"}).Draw(rt, "action")
		err := w.act(c, action, by)
		switch {
		case err == nil:
			did[by][action]++
		case by == who[2] && !fault.Is(err, "representation-scope"), by != who[2] && !fault.Is(err, "consent-not-active"):
			rt.Fatalf("%s by %s: %v", action, by.Kind, err)
		}
	}
	for _, e := range w.entries(child, "") {
		if e.Actor.Kind != "subject" && e.Actor.Kind != represent.ActorKind {
			continue
		}
		if did[e.Actor][e.Action]--; did[e.Actor][e.Action] < 0 {
			rt.Fatalf("%s stands as an act of %+v", e.Action, e.Actor)
		}
		if want := map[bool]string{true: "child"}[e.Actor.Kind == represent.ActorKind]; e.Role != want {
			rt.Fatalf("%s by %s: the subject is %q in it", e.Action, e.Actor.Kind, e.Role)
		}
	}
	for by, list := range did {
		for action, n := range list {
			if n != 0 {
				rt.Fatalf("%d of %s by %+v are missing", n, action, by)
			}
		}
	}
}

func (w *world) act(c *consent.Consent, action string, by verify.Actor) (err error) {
	ctx, id := w.t.Context(), c.ID
	switch action {
	case "view":
		_, err = w.look(child, w.org, by)
	case "consent.pause":
		_, err = w.Consents.Pause(ctx, id, by)
	case "consent.resume":
		_, err = w.Consents.Resume(ctx, id, by)
	case "consent.withdraw":
		_, err = w.Consents.Withdraw(ctx, id, consent.AllScopes, "", by)
	case "consent.give":
		_, err = w.Consents.Record(ctx, w.org, newConsent(w.id(child), by))
	}
	return err
}
