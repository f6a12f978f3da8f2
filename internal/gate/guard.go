package gate

import (
	"context"
	"encoding/json"
	"errors"
	"time"
	"unique"

	"kelisim/internal/consent"
	"kelisim/internal/depersonal"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// Loaded is what the store knows of a subject and an organization, read under
// one version of the subject.
type Loaded struct {
	Version    int64
	State      string
	JournalKey []byte // wrapped
	Holding    party.Holding
	Consents   []consent.Consent // lean: without history and proof
	Bans       []Ban
	// Notices is what the subject wants word of outside; mostly nothing.
	Notices outbox.Choice
}

// Outcome of landing one record: where it landed, or that its guard no longer
// held and nothing was written.
type Outcome struct {
	journal.Landed
	Stale bool
}

// Store is what the gate needs of the store.
type Store interface {
	// Facts reads the version first: what was read after it can only be newer,
	// and then the guard of the write fails. A fault.NotFound when the
	// organization does not know the subject.
	Facts(ctx context.Context, subject, org ident.ID) (*Loaded, error)
	// Record lands entries, each under its own guard. Those not stale are
	// durable on return.
	Record(ctx context.Context, recs []*journal.Record) ([]Outcome, error)
	// Note lands one entry of which somebody is to have word, with that word.
	Note(ctx context.Context, r *journal.Record) (Outcome, error)
	// Change lands a change of a holding with its entry, all or nothing; stale
	// when the guard did not hold.
	Change(ctx context.Context, c *vault.Change, r *journal.Record) (Outcome, error)
	// Consents reads consents whole.
	Consents(ctx context.Context, f consent.Filter) ([]consent.Consent, error)
	// Values reads all versions of all categories.
	Values(ctx context.Context, subject, org ident.ID) ([]vault.Value, error)
	// Destructions returns the signed acts of destruction of a holding.
	Destructions(ctx context.Context, subject, org ident.ID) ([][]byte, error)
	// Depersonalised returns the depersonalised data of a purpose, small groups too.
	Depersonalised(ctx context.Context, org ident.ID, purpose string) ([]depersonal.Group, error)
}

// Guard stands before the data.
type Guard struct {
	Store   Store
	Parties *party.Parties
	Terms   Terms
	Keys    *seal.Keyring
	Now     func() time.Time
	Cache   *Cache
	// Represent is asked when somebody looks for the subject.
	Represent *represent.Representatives
	// Outbox takes word of what is done; nil for none.
	Outbox *outbox.Outbox
	// Destroyed is told of each destruction that landed, to note it outside the
	// database; nil for nobody.
	Destroyed func(ctx context.Context, act *vault.Destruction)
}

// Ask is a request of a caller, as it arrived.
type Ask struct {
	Request
	Holder    *party.Organization // that holds the base
	Asker     *party.Organization // that asks: the holder, or a third party
	Subject   ident.ID            // as the asker knows it
	Actor     verify.Actor
	Reference string
	// Role is that of the subject in the event: verify.RoleIncidental, what the
	// subject is to who acts for it, or empty.
	Role   string
	Values map[string]json.RawMessage
	// Correction: the change puts right what was wrong, on a demand or an order, so
	// that those who have the data are told. What changes in life is told to nobody.
	Correction bool
	// Given are the BINs of those who were given the data, by the journal. They are
	// told of a correction, a block and a destruction beside those whom consents name.
	Given []string
	// Still reports whether the act is still to be done, for who does it once however
	// often it is tried. It is asked under the version of the subject that the act then
	// lands under, so that of two at once one finds what the other has done. Nil: always.
	Still func(context.Context) (bool, error)
}

// ErrDone is what Access returns where the act is not to be done any more.
var ErrDone = errors.New("the act is not to be done any more")

// Answer is a decision that landed.
type Answer struct {
	Decision
	ID        ident.ID // of the journal entry
	Edition   *law.Edition
	Landed    journal.Landed
	Owes      []Obligation
	Data      map[string]json.RawMessage
	Destroyed *vault.Destruction
}

// maxTries bounds how often a decision is taken anew because the facts changed
// under it. Each try means that somebody else's write succeeded.
const maxTries = 8

var errContended = fault.New(fault.Unavailable, "contended")

// known are the facts of one ask, loaded.
type known struct {
	*Ask
	subject ident.ID
	held    *held
	at      time.Time
	// What only some decisions ask for.
	collected []Collected
	over      []string
}

// Decide decides without touching data and journals the decision: permit and
// deny alike.
func (g *Guard) Decide(ctx context.Context, a *Ask) (*Answer, error) {
	out, err := g.DecideAll(ctx, []*Ask{a})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// DecideAll decides each of a batch and journals each apart; they become
// durable together. An unknown subject fails the batch before anything lands.
func (g *Guard) DecideAll(ctx context.Context, asks []*Ask) ([]*Answer, error) {
	answers := make([]*Answer, len(asks))
	open := make([]int, len(asks))
	for i := range open {
		open[i] = i
	}
	recs := make([]*journal.Record, 0, len(asks))
	alone := make([]int, 0, len(asks)) // those of recs; most write nothing but their entry
	var owed []owes
	for range maxTries {
		recs, alone, owed = recs[:0], alone[:0], owed[:0]
		for _, i := range open {
			k, err := g.load(ctx, asks[i])
			if err != nil {
				return nil, err
			}
			ans, rec, err := g.judge(ctx, k)
			if err != nil {
				return nil, err
			}
			answers[i] = ans
			if ans.terms() != nil || rec.Tell != nil {
				owed = append(owed, owes{i, owing(k, ans), rec})
				continue
			}
			recs, alone = append(recs, rec), append(alone, i)
		}
		again, err := g.land(ctx, answers, recs, alone, owed)
		if err != nil {
			return nil, err
		}
		if open = again; len(open) == 0 {
			return answers, nil
		}
		for _, i := range open {
			if err := g.forget(ctx, asks[i]); err != nil {
				return nil, err
			}
		}
	}
	return nil, errContended
}

// owes is a decision of a batch that sets a term running, or that the subject is
// to have word of: it lands with it.
type owes struct {
	i      int
	change *vault.Change
	record *journal.Record
}

// land writes a batch down and returns which of it found its facts changed.
func (g *Guard) land(ctx context.Context, answers []*Answer, recs []*journal.Record, alone []int, owed []owes) (stale []int, err error) {
	if len(recs) > 0 {
		outs, err := g.Store.Record(ctx, recs)
		if err != nil {
			return nil, err
		}
		for j, i := range alone {
			if answers[i].Landed = outs[j].Landed; outs[j].Stale {
				stale = append(stale, i)
			}
		}
	}
	for _, o := range owed {
		out, err := g.landOwed(ctx, o.change, o.record)
		if err != nil {
			return nil, err
		}
		if answers[o.i].Landed = out.Landed; out.Stale {
			stale = append(stale, o.i)
		}
	}
	return stale, nil
}

// onward says where the data goes, whether the caller did or not: who asks for
// another's data is its recipient, and a declared recipient sits where the
// register says.
func (a *Ask) onward() {
	if a.Asker.ID != a.Holder.ID {
		a.Recipient = a.Asker.BIN
	}
	if a.Recipient == "" || a.Country != "" && a.Country != register.Home || a.Holder.Register == nil {
		return
	}
	if p := a.Holder.Register.Purpose(a.Purpose); p != nil {
		if r := p.Recipient(a.Recipient); r != nil && r.Country != register.Home {
			a.Country = r.Country
		}
	}
}

// load brings the facts of an ask, from the cache or the store.
func (g *Guard) load(ctx context.Context, a *Ask) (known, error) {
	a.onward()
	subject := a.Asker.Inside(a.Subject)
	k := known{Ask: a, subject: subject, at: g.Now()}
	key := cacheKey{subject, a.Holder.ID}
	if k.held = g.Cache.get(key); k.held != nil {
		return k, g.loadMore(ctx, &k)
	}
	l, err := g.Store.Facts(ctx, subject, a.Holder.ID)
	if err != nil {
		return k, err
	}
	if k.held, err = g.open(l, a.Holder); err != nil {
		return k, err
	}
	g.Cache.put(key, k.held)
	return k, g.loadMore(ctx, &k)
}

// open makes facts ready to be kept: the keys opened, and as few objects as can
// be, for with a million subjects in memory the collector looks at each.
func (g *Guard) open(l *Loaded, holder *party.Organization) (h *held, err error) {
	h = &held{Loaded: *l}
	subject, org := l.Holding.Subject, l.Holding.Org
	if h.journal, err = party.OpenJournalKey(g.Keys, subject, l.JournalKey); err != nil {
		return nil, err
	}
	if l.Holding.DataKey != nil {
		if h.data, err = holder.Key.Unwrap(l.Holding.DataKey, party.DataPlace(subject, org)); err != nil {
			return nil, err
		}
	}
	h.JournalKey, h.Holding.DataKey = nil, nil
	h.State, h.Holding.State = unique.Make(h.State).Value(), unique.Make(h.Holding.State).Value()
	for i := range h.Consents {
		c := &h.Consents[i]
		c.Status = unique.Make(c.Status).Value()
	}
	return h, nil
}

// loadMore brings what only some decisions ask for: what the data was collected
// for, where a ground is the basis, and what is past its term of storage, from
// the moment on at which the first of it is due.
func (g *Guard) loadMore(ctx context.Context, k *known) error {
	due := k.held.Holding.DestroyAt
	over := !due.IsZero() && !k.at.Before(due)
	if !over && !k.onGround() || k.Holder.Register == nil {
		return nil
	}
	values, err := g.Store.Values(ctx, k.subject, k.Holder.ID)
	if err != nil {
		return err
	}
	for _, v := range vault.Latest(values) {
		k.collected = append(k.collected, Collected{v.Category, v.Purpose, v.At})
	}
	if !over {
		return nil
	}
	consents, err := g.consents(ctx, *k)
	if err != nil {
		return err
	}
	k.over, _ = vault.Retention(k.Holder.Register, values, consents, k.at)
	return nil
}

// onGround reports whether the request rests on a ground and not on consent.
func (a *Ask) onGround() bool {
	if a.Ground != "" || a.Holder.Register == nil {
		return a.Ground != ""
	}
	p := a.Holder.Register.Purpose(a.Purpose)
	return p != nil && !p.Basis.Consent()
}

// forget drops what was cached of an ask, after a write found it stale.
func (g *Guard) forget(ctx context.Context, a *Ask) error {
	g.Cache.drop(cacheKey{a.Asker.Inside(a.Subject), a.Holder.ID})
	same := a.Asker == a.Holder
	o, err := g.Parties.Reload(ctx, a.Holder.ID)
	if err != nil {
		return err
	}
	a.Holder = o
	if same {
		a.Asker = o
	}
	return nil
}

// judge decides and prepares the entry that tells of it.
func (g *Guard) judge(ctx context.Context, k known) (*Answer, *journal.Record, error) {
	ed := k.Holder.Edition(k.at)
	f := Facts{
		Now: k.at, Edition: ed,
		Register: k.Holder.Register, Suspended: k.Holder.Suspended,
		Subject: k.held.State, Holding: k.held.Holding.State, Over: k.over, Collected: k.collected,
		Consents: k.held.Consents, Bans: k.held.Bans, Countries: g.Parties.Countries(),
		Request: k.Request, Asker: k.Ask.Asker.Register, AskerSuspended: k.Ask.Asker.Suspended,
	}
	f.Person = k.Actor.Kind == "person"
	f.Undertaken = f.Person && g.Parties.Undertaken(k.Ask.Asker, k.Actor.ID, k.at)
	ans := &Answer{Decision: Decide(&f), Edition: ed}
	rec, err := g.record(k, ans)
	if err != nil {
		return nil, nil, err
	}
	ans.ID = rec.ID
	if ans.Owed != 0 {
		ans.Owes, err = g.obligations(ctx, k, ans)
	}
	if k.held.Notices != 0 && err == nil { // all that a decision pays where nobody wants word
		err = g.tellDecision(ctx, &k, ans, rec)
	}
	return ans, rec, err
}

func (g *Guard) record(k known, ans *Answer) (*journal.Record, error) {
	e := &verify.Entry{
		Subject: verify.ID(k.Holder.Outside(k.subject)), Organization: k.Holder.BIN,
		Base: k.Base, Actor: k.Actor, Action: k.Action.String(), Purpose: k.Purpose, Categories: k.Categories,
		Decision: "deny", Reasons: ans.reasons(), Consent: verify.ID(ans.Consent),
		Recipient: k.Recipient, Country: k.Country, Reference: k.Reference, Role: k.Role, Edition: ans.Edition.ID,
		Detail: k.Request.beside(),
	}
	if k.Instead {
		e.Action = register.Depersonalise.String()
	}
	if k.Holder.Register != nil {
		e.Register = k.Holder.Register.Version
	}
	if ans.Permit {
		e.Decision = "permit"
	}
	if k.Ground != "" {
		e.Ground = &verify.Ground{Provision: string(k.Ground), Document: k.Document}
	} else if ans.Ground != "" {
		e.Ground = &verify.Ground{Provision: string(ans.Ground)}
	}
	rec, err := journal.Prepare(e, k.subject, k.Holder.ID, &k.held.journal, k.at)
	if err != nil {
		return nil, err
	}
	rec.Guard = journal.Guard{Subject: k.held.Version, Org: k.Holder.Version}
	return rec, nil
}

func (a *Answer) reasons() []verify.Reason {
	out := make([]verify.Reason, 0, a.n)
	for _, c := range a.Codes() {
		out = append(out, verify.Reason{Code: c.String(), Provisions: a.ProvisionsOf(c)})
	}
	return out
}

// ProvisionsOf are the provisions that a reason of this decision rests on.
func (a *Answer) ProvisionsOf(c law.ReasonCode) []string {
	if c == law.ByGround {
		return []string{string(a.Ground)}
	}
	ps := a.Edition.Reason(c).Provisions
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = string(p)
	}
	return out
}

// reads reports whether the action hands data out.
func reads(a register.Action) bool {
	switch a {
	case register.View, register.Use, register.Access, register.Transfer, register.Disseminate, register.CrossBorder:
		return true
	default:
		return false
	}
}

// writes reports whether the action takes values in.
func writes(a register.Action) bool {
	switch a {
	case register.Collect, register.Accumulate, register.Change, register.Supplement:
		return true
	default:
		return false
	}
}

// Under decides an ask and, where it is permitted, lets land write an entry of its
// own in the place of the decision's, under the guard of the facts it was decided on.
// stale means that the guard did not hold: it is decided anew. A refusal is journaled
// like any other.
func (g *Guard) Under(ctx context.Context, a *Ask, land func(*Answer, journal.Guard) (stale bool, err error)) (*Answer, error) {
	for range maxTries {
		k, err := g.load(ctx, a)
		if err != nil {
			return nil, err
		}
		ans, rec, err := g.judge(ctx, k)
		if err != nil {
			return nil, err
		}
		var stale bool
		if ans.Permit {
			stale, err = land(ans, rec.Guard)
		} else {
			stale, err = g.refuse(ctx, ans, rec)
		}
		if err != nil || !stale {
			return ans, err
		}
		if err := g.forget(ctx, a); err != nil {
			return nil, err
		}
	}
	return nil, errContended
}

func (g *Guard) refuse(ctx context.Context, ans *Answer, rec *journal.Record) (stale bool, err error) {
	outs, err := g.Store.Record(ctx, []*journal.Record{rec})
	if err != nil {
		return false, err
	}
	ans.Landed = outs[0].Landed
	return outs[0].Stale, nil
}
