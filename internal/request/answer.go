package request

import (
	"context"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// copyFor is how long a copy can be fetched after the answer: a safeguard of
// ours, not a term of the Law. Whoever needs it later asks again, free of charge.
const copyFor = 14 * 24 * time.Hour

// answer writes what the subject is told. In a preview nothing is done yet, and
// did is nil: then it says what the plan would do.
func (s *Requests) answer(ctx context.Context, org *party.Organization, r *Request, b *Body, p *Plan, did []Did) (*Answer, error) {
	now := s.Now()
	if p == nil {
		p = &Plan{}
	}
	a := &Answer{At: now, Outcome: Fulfilled, Language: b.Language, Provision: r.Right(org, b), Done: []Did{}, Kept: p.Kept}
	if a.Kept == nil {
		a.Kept = []Kept{}
	}
	if a.Done = append(a.Done, did...); did == nil {
		for _, x := range p.Acts {
			a.Done = append(a.Done, Did{What: x.Do, Categories: x.Categories, Purposes: x.Purposes, Consent: x.Consent})
		}
	}
	for i := range did {
		if did[i].ends() && !did[i].Entry.IsZero() {
			a.Act = &did[i].Entry
		}
	}
	switch r.Kind {
	case Confirm, Copy:
		var err error
		if a.Facts, err = s.facts(ctx, org, r, b.Language); err != nil {
			return nil, err
		}
		if r.Kind == Copy && a.Facts.Held {
			a.CopyUntil = now.Add(copyFor)
		}
	case PublicRemoval, StopDissemination:
		s.cost(org, r, b, a)
		var err error
		if a.Sources, _, err = s.removed(ctx, org, r, b); err != nil {
			return nil, err
		}
	case Block:
		yes := true
		a.Confirmed = &yes
	default:
	}
	a.Text = s.words(org, r, b, a)
	return a, nil
}

// words are the text of an answer: as somebody wrote it, else as it is drafted.
func (s *Requests) words(org *party.Organization, r *Request, b *Body, a *Answer) string {
	if b.Given != nil && strings.TrimSpace(b.Given.Answer) != "" {
		return strings.TrimSpace(b.Given.Answer)
	}
	l := a.Language
	data := a.data(org.Register, l)
	key := "answer." + string(r.Kind)
	switch {
	case (r.Kind == Confirm || r.Kind == Copy) && !a.Facts.Held:
		key = "answer.none"
	case data == "" && locale.Has(key+".none"):
		key += ".none"
	case r.Kind == Correct && a.did("destroy"):
		key += ".destroyed"
	case a.did(insteadDepersonalise):
		key = "answer.depersonalise"
	}
	parts := []string{locale.Text(l, key, "data", data, "until", locale.Date(l, a.CopyUntil), "purposes", a.purposes(l))}
	for _, k := range a.Kept {
		if k.Until.IsZero() {
			parts = append(parts, locale.Text(l, "answer.kept.public", "data", names(org.Register, l, k.Categories), "provision", string(k.Provision)))
			continue
		}
		parts = append(parts, locale.Text(l, "answer.kept", "data", names(org.Register, l, k.Categories), "provision", string(k.Provision), "until", locale.Date(l, k.Until)))
	}
	if x, ok := org.Edition(a.At).Ending(law.EndByDemand); ok && a.did(insteadDepersonalise) {
		parts = append(parts, locale.Text(l, "answer.instead", "provision", string(x.Instead)))
	}
	if len(a.Sources) > 0 {
		parts = append(parts, locale.Text(l, "answer.sources", "names", joined(a.sources())))
	}
	if a.Cost != "" {
		parts = append(parts, locale.Text(l, "answer.cost."+a.Cost))
	}
	if a.Disputed != "" && a.Cost != a.Disputed {
		parts = append(parts, locale.Text(l, "answer.cost.disputed"))
	}
	parts = append(parts, locale.Text(l, "answer.provision", "provision", string(a.Provision)), locale.Text(l, "answer.appeal"))
	return strings.Join(parts, " ")
}

func (d *Did) ends() bool { return d.What == insteadDestroy || d.What == insteadDepersonalise }

func (a *Answer) sources() []string {
	var out []string
	for _, s := range a.Sources {
		if !contains(out, s.Name) {
			out = append(out, s.Name)
		}
	}
	return out
}

func (a *Answer) did(what string) bool {
	for _, d := range a.Done {
		if d.What == what {
			return true
		}
	}
	return false
}

// data names what was done something with.
func (a *Answer) data(reg *register.Register, l locale.Lang) string {
	if a.Facts != nil {
		list := make([]string, len(a.Facts.Data))
		for i, d := range a.Facts.Data {
			list[i] = d.Category
		}
		return names(reg, l, list)
	}
	var list []string
	whole := false
	for _, d := range a.Done {
		if d.What == "ban" || d.What == "withdraw" && (a.did(insteadDestroy) || a.did(insteadDepersonalise)) {
			continue
		}
		whole = whole || d.ends() && len(d.Categories) == 0
		for _, c := range d.Categories {
			if !contains(list, c) {
				list = append(list, c)
			}
		}
	}
	if whole {
		return locale.Text(l, "answer.everything")
	}
	return names(reg, l, list)
}

func (a *Answer) purposes(locale.Lang) string {
	if a.Facts == nil {
		return ""
	}
	list := make([]string, len(a.Facts.Purposes))
	for i, p := range a.Facts.Purposes {
		list[i] = p.Name
	}
	return joined(list)
}

func names(reg *register.Register, l locale.Lang, categories []string) string {
	list := make([]string, len(categories))
	for i, c := range categories {
		list[i] = categoryName(reg, l, c)
	}
	return joined(list)
}

// joined parts names that have commas of their own by semicolons.
func joined(list []string) string {
	for _, x := range list {
		if strings.Contains(x, ",") {
			return strings.Join(list, "; ")
		}
	}
	return strings.Join(list, ", ")
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// refusal is an answer that says no.
func refusal(r *Request, b *Body, reasons string, at law.Provision, did []Did, now time.Time) *Answer {
	a := &Answer{
		At: now, Outcome: Refused, Language: b.Language, Provision: at, Reasons: reasons, Done: append([]Did{}, did...), Kept: []Kept{},
	}
	parts := []string{locale.Text(a.Language, "answer.refused", "provision", string(at)), reasons}
	if r.Kind == Block {
		no := false
		a.Confirmed = &no
		if len(did) > 0 {
			parts = append(parts, locale.Text(a.Language, "answer.lifted"))
		}
	}
	a.Text = strings.Join(append(parts, locale.Text(a.Language, "answer.appeal")), " ")
	return a
}

// facts are what Art. 24(1)1 lets a subject know of the data that is held. No
// value is opened for it.
func (s *Requests) facts(ctx context.Context, org *party.Organization, r *Request, l locale.Lang) (*Facts, error) {
	found, err := s.Base.Find(ctx, org, r.Subject)
	if err != nil {
		return nil, err
	}
	f := &Facts{Held: len(found.Held) > 0, State: found.State, Data: []Datum{}, Purposes: []PurposeFact{}}
	origin, err := s.origin(ctx, org, r, l)
	if err != nil {
		return nil, err
	}
	for _, h := range found.Held {
		f.Data = append(f.Data, Datum{
			Category: h.Category, Name: categoryName(org.Register, l, h.Category), Purpose: h.Purpose, Source: origin, Since: h.Since, Versions: h.Versions,
		})
	}
	if org.Register == nil {
		return f, nil
	}
	all, err := s.Store.Consents(ctx, consent.Filter{Subject: r.Subject, Org: org.ID})
	if err != nil {
		return nil, err
	}
	for i := range org.Register.Description.Purposes {
		if p, ok := s.purposeFact(org.Register.Purpose(org.Register.Description.Purposes[i].ID), found, all, l); ok {
			f.Purposes = append(f.Purposes, p)
		}
	}
	return f, nil
}

// purposeFact tells of a purpose that something of the subject is held for.
func (s *Requests) purposeFact(p *register.Entry, found *Found, all []consent.Consent, l locale.Lang) (PurposeFact, bool) {
	out := PurposeFact{
		ID: p.ID, Name: p.Name.In(l), Basis: law.Provision(p.Basis.Provision), Methods: []string{}, Categories: []string{},
		Storage: p.Retention.String(), Recipients: []string{},
	}
	agreed := false
	for i := range all {
		c := &all[i]
		if c.StatusAt(s.Now()) != consent.Active || !c.Terms.Covers(p.ID) {
			continue
		}
		agreed = true
		if !c.Until.IsZero() {
			out.Until = &c.Until
		}
		for _, bin := range c.Terms.ThirdParties {
			if x := p.Recipient(bin); x != nil && c.Scopes&consent.Transfer != 0 {
				out.Recipients = append(out.Recipients, x.Name.In(l)+" ("+bin+")")
			}
		}
	}
	for _, h := range found.Held {
		if _, needs := p.Category(h.Category); needs && (h.Purpose == p.ID || agreed || !p.Basis.Consent() && p.Fits(h.Purpose)) {
			out.Categories = append(out.Categories, h.Category)
		}
	}
	if !p.Basis.Consent() {
		for _, x := range p.Recipients {
			out.Recipients = append(out.Recipients, x.Name.In(l)+" ("+x.BIN+")")
		}
	}
	for _, a := range p.Actions {
		out.Methods = append(out.Methods, locale.Text(l, "action."+a.String()))
	}
	return out, len(out.Categories) > 0
}

// origin says in words where the data came from: from the subject, or from where
// the operator said when it brought it in.
func (s *Requests) origin(ctx context.Context, org *party.Organization, r *Request, l locale.Lang) (string, error) {
	_, list, err := s.Journal.List(ctx, journal.Filter{BySubject: true, Subject: r.Subject, Org: org.ID, Action: "subject.import", Limit: 1})
	if err != nil {
		return "", err
	}
	if len(list) > 0 && list[0].Detail != "" {
		return locale.Text(l, "answer.source.import", "origin", list[0].Detail), nil
	}
	return locale.Text(l, "answer.source.operator"), nil
}
