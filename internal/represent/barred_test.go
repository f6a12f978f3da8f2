package represent_test

import (
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/verify"
)

func newConsent(subject ident.ID, by verify.Actor) *consent.New {
	return &consent.New{
		Subject: subject, Terms: consent.Terms{Purposes: []string{"inform"}}, Proof: consent.Proof{Channel: "paper"}, Actor: by, Recorder: apptest.System,
	}
}

// bench is everybody's consents and representations for one row of the table.
type bench struct {
	*world
	parent, attorney        *represent.Representation
	childs, siblings, elder *consent.Consent
	far                     *consent.Consent // the child's, with another organization
	asked                   *consent.Request
}

// barred is a row of what may not be done.
type barred struct {
	before func(*bench) // what goes before, nil for nothing
	try    func(*bench) error
	code   string
}

// What a representative may not do, tried at every service that acts. Whatever
// is wrong with the representation, the words are the same; nothing happens, and
// nothing is journaled as if it had.
func TestWhatARepresentativeMayNotDo(t *testing.T) {
	t.Parallel()
	enter := func(who int, r *represent.Representation, act represent.Acts) func(*bench) error {
		return func(b *bench) error {
			_, err := b.Represent.Enter(b.t.Context(), b.inside(who), r.ID, act)
			return err
		}
	}
	rows := map[string]barred{
		"enter by nobody's id": {
			try: func(b *bench) error {
				return enter(mother, &represent.Representation{ID: ident.NewID(b.Now())}, represent.Read)(b)
			}, code: "representation-unknown",
		},
		"enter by the id that an organization has": {
			try: func(b *bench) error {
				return enter(mother, &represent.Representation{ID: b.org.Outside(b.parent.ID)}, represent.Read)(b)
			}, code: "representation-unknown",
		},
		"enter by another's right":      {try: func(b *bench) error { return enter(stranger, b.parent, represent.Read)(b) }, code: "representation-unknown"},
		"the represented by that right": {try: func(b *bench) error { return enter(child, b.parent, represent.Read)(b) }, code: "representation-unknown"},
		"represent further": {
			before: func(b *bench) { b.attorneyOfMother() },
			try:    func(b *bench) error { return enter(stranger, b.parent, represent.Read)(b) }, code: "representation-unknown",
		},
		"enter beyond the scope":    {try: func(b *bench) error { return enter(mother, b.attorney, represent.Data)(b) }, code: "representation-scope"},
		"withdraw beyond the scope": {try: func(b *bench) error { return b.withdraw(b.elder, b.attorney.Actor(b.org)) }, code: "representation-scope"},
		"pause beyond the scope": {
			try: func(b *bench) error {
				_, err := b.Consents.Pause(b.t.Context(), b.elder.ID, b.attorney.Actor(b.org))
				return err
			}, code: "representation-scope",
		},
		"resume beyond the scope": {
			before: func(b *bench) {
				_, err := b.Consents.Pause(b.t.Context(), b.elder.ID, apptest.Person)
				b.must(err)
			},
			try: func(b *bench) error {
				_, err := b.Consents.Resume(b.t.Context(), b.elder.ID, b.attorney.Actor(b.org))
				return err
			}, code: "representation-scope",
		},
		"consent beyond the scope": {
			try: func(b *bench) error {
				_, err := b.Consents.Record(b.t.Context(), b.org, newConsent(b.id(elder), b.attorney.Actor(b.org)))
				return err
			}, code: "representation-scope",
		},
		"be shown a question beyond the scope": {
			before: func(b *bench) { b.asked = b.ask(b.org, elder) },
			try: func(b *bench) error {
				_, _, err := b.Consents.Show(b.t.Context(), b.asked.ID, locale.KK, b.attorney.Actor(b.org))
				return err
			}, code: "representation-scope",
		},
		"give beyond the scope": {
			before: func(b *bench) { b.asked = b.ask(b.org, elder) },
			try:    func(b *bench) error { return b.give(b.attorney.Actor(b.org)) }, code: "representation-scope",
		},
		"refuse beyond the scope": {
			before: func(b *bench) { b.asked = b.ask(b.org, elder) },
			try:    func(b *bench) error { return b.refuse(b.attorney.Actor(b.org)) }, code: "representation-scope",
		},
		"refuse with another organization": {
			before: func(b *bench) { b.asked = b.ask(b.other, child) },
			try:    func(b *bench) error { return b.refuse(b.parent.Actor(b.other)) }, code: "representation-scope",
		},
		"give for another child": {
			before: func(b *bench) { b.asked = b.ask(b.org, sibling) },
			try:    func(b *bench) error { return b.give(b.parent.Actor(b.org)) }, code: "representation-unknown",
		},
		"refuse after revocation": {
			before: func(b *bench) { b.asked = b.ask(b.org, child); b.revoke(b.parent) },
			try:    func(b *bench) error { return b.refuse(b.parent.Actor(b.org)) }, code: "representation-unknown",
		},
		"look beyond the scope": {
			try: func(b *bench) error {
				_, err := b.look(elder, b.org, b.attorney.Actor(b.org))
				return err
			}, code: "representation-scope",
		},
		"withdraw with another organization": {try: func(b *bench) error { return b.withdraw(b.far, b.parent.Actor(b.other)) }, code: "representation-scope"},
		"look with another organization": {
			try: func(b *bench) error {
				_, err := b.look(child, b.other, b.parent.Actor(b.other))
				return err
			}, code: "representation-scope",
		},
		"consent with another organization": {
			try: func(b *bench) error {
				_, err := b.Consents.Record(b.t.Context(), b.other, newConsent(b.of(b.other, child), b.parent.Actor(b.other)))
				return err
			}, code: "representation-scope",
		},
		"by the name that another organization has": {try: func(b *bench) error { return b.withdraw(b.childs, b.parent.Actor(b.other)) }, code: "representation-unknown"},
		"by no name":              {try: func(b *bench) error { return b.withdraw(b.childs, nobody) }, code: "representation-unknown"},
		"another child's consent": {try: func(b *bench) error { return b.withdraw(b.siblings, b.parent.Actor(b.org)) }, code: "representation-unknown"},
		"another child's data": {
			try: func(b *bench) error {
				_, err := b.look(sibling, b.org, b.parent.Actor(b.org))
				return err
			}, code: "representation-unknown",
		},
		"consent for another child": {
			try: func(b *bench) error {
				_, err := b.Consents.Record(b.t.Context(), b.org, newConsent(b.id(sibling), b.parent.Actor(b.org)))
				return err
			}, code: "representation-unknown",
		},
		"anything but to look": {
			try: func(b *bench) error {
				_, err := b.Guard.Access(b.t.Context(), &gate.Ask{
					Request: gate.Request{Action: register.Destroy}, Holder: b.org, Asker: b.org, Subject: b.id(child), Actor: b.parent.Actor(b.org),
				})
				return err
			}, code: "representation-unknown",
		},
		"after the term": {
			before: func(b *bench) { b.clock.Set(b.attorney.Until) },
			try:    func(b *bench) error { return enter(mother, b.attorney, represent.Read)(b) }, code: "representation-unknown",
		},
		"act after the age": {
			before: func(b *bench) { b.clock.Set(b.parent.Until) },
			try:    func(b *bench) error { return b.withdraw(b.childs, b.parent.Actor(b.org)) }, code: "representation-unknown",
		},
		"after revocation": {
			before: func(b *bench) { b.revoke(b.parent) },
			try:    func(b *bench) error { return enter(mother, b.parent, represent.Read)(b) }, code: "representation-unknown",
		},
		"act after revocation": {
			before: func(b *bench) { b.revoke(b.parent) },
			try:    func(b *bench) error { return b.withdraw(b.childs, b.parent.Actor(b.org)) }, code: "representation-unknown",
		},
		"look after revocation": {
			before: func(b *bench) { b.revoke(b.parent) },
			try: func(b *bench) error {
				_, err := b.look(child, b.org, b.parent.Actor(b.org))
				return err
			}, code: "representation-unknown",
		},
		"after the death of the represented": {
			before: func(b *bench) { b.kill(elder) },
			try:    func(b *bench) error { return enter(mother, b.attorney, represent.Read)(b) }, code: "representation-unknown",
		},
		"act after the death of the represented": {
			before: func(b *bench) { b.kill(child) },
			try:    func(b *bench) error { return b.withdraw(b.childs, b.parent.Actor(b.org)) }, code: "representation-unknown",
		},
		"after the death of the representative": {
			before: func(b *bench) { b.kill(mother) },
			try:    func(b *bench) error { return enter(mother, b.attorney, represent.Read)(b) }, code: "representation-unknown",
		},
		"act after the death of the representative": {
			before: func(b *bench) { b.kill(mother) },
			try: func(b *bench) error {
				_, err := b.look(child, b.org, b.parent.Actor(b.org))
				return err
			}, code: "representation-unknown",
		},
	}
	each(t, func(t *testing.T, w *world) {
		start := w.Now()
		for name, c := range rows {
			w.cast++
			w.clock.Set(start)
			c.run(t, w, name)
		}
	})
}

// run tries one row on people of its own.
func (c *barred) run(t *testing.T, w *world, name string) {
	t.Helper()
	w.everybody()
	b := &bench{world: w, parent: w.parent(child), attorney: w.attorney(represent.Read)}
	b.childs, b.siblings, b.elder, b.far = w.agreed(w.org, child), w.agreed(w.org, sibling), w.agreed(w.org, elder), w.agreed(w.other, child)
	if c.before != nil {
		c.before(b)
	}
	before := apptest.Clean(t, w.App)
	wantFault(t, name, c.try(b), "", c.code)
	if after := apptest.Clean(t, w.App); after != before {
		t.Errorf("%s: %d entries of what was refused", name, after-before)
	}
}

func (w *world) give(r *consent.Request, by verify.Actor) error {
	_, err := w.Consents.Give(w.t.Context(), r.ID, &consent.Choice{}, locale.KK, consent.Proof{Channel: consent.Cabinet}, nil, by)
	return err
}

func (b *bench) give(by verify.Actor) error { return b.world.give(b.asked, by) }

func (b *bench) refuse(by verify.Actor) error {
	_, err := b.Consents.Refuse(b.t.Context(), b.asked.ID, "", by)
	return err
}

func (b *bench) revoke(r *represent.Representation) {
	b.t.Helper()
	_, err := b.Represent.Revoke(b.t.Context(), b.org, b.org.Outside(r.ID), apptest.System)
	b.must(err)
}

// attorneyOfMother lets the stranger act for the mother.
func (b *bench) attorneyOfMother() {
	b.t.Helper()
	_, err := b.register(func(n *represent.New) {
		n.Subject, n.Representative, n.IIN, n.Kind, n.Acts, n.Until = b.id(mother), b.id(stranger), "", represent.Attorney, represent.AllActs, b.Now().AddDate(1, 0, 0)
	})
	b.must(err)
}

// What is within the scope goes through, so that the table above shows something.
func TestWhatARepresentativeMay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		r := w.parent(child)
		by := r.Actor(w.org)
		c := w.agreed(w.org, child)
		w.clock.Add(time.Second)
		if _, err := w.Represent.Enter(t.Context(), w.inside(mother), r.ID, represent.Read|represent.Data); err != nil {
			t.Error(err)
		}
		ans, err := w.look(child, w.org, by)
		if err != nil || !ans.Permit {
			t.Errorf("%+v (%v)", ans, err)
		}
		for _, step := range []func() (*consent.Consent, error){
			func() (*consent.Consent, error) { return w.Consents.Pause(t.Context(), c.ID, by) },
			func() (*consent.Consent, error) { return w.Consents.Resume(t.Context(), c.ID, by) },
			func() (*consent.Consent, error) {
				return w.Consents.Withdraw(t.Context(), c.ID, consent.AllScopes, "", by)
			},
		} {
			if _, err := step(); err != nil {
				t.Error(err)
			}
		}
		q := w.ask(w.org, child)
		if _, _, err := w.Consents.Show(t.Context(), q.ID, locale.KK, by); err != nil {
			t.Error(err)
		}
		if err := w.give(q, by); err != nil {
			t.Error(err)
		}
		for _, action := range []string{"consent.show", "consent.give", "consent.withdraw", "consent.resume", "consent.pause", "view"} {
			want := 1
			if action == "consent.give" {
				want = 2 // the first was the operator's to record
			}
			if list := w.entries(child, action); len(list) != want || list[0].Actor != by || list[0].Role != "child" {
				t.Errorf("%s is journaled as %+v", action, list)
			}
		}
	})
}
