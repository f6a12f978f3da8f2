// Package notify says to people what happened with their data. [Words] turns
// one entry of the journal into plain words in Kazakh, Russian or English: who
// did what, with which data, for what, on which basis, or why it was refused.
//
// It knows no channel and keeps nothing: pages, letters and the API show the
// same words.
package notify

import (
	"maps"
	"slices"

	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/verify"
)

// Message is an entry in the words of one language. All of it is text, none of
// it markup.
type Message struct {
	Title      string
	Text       string   // one or two sentences, said to the subject
	Provisions []string // of the Law behind the decision, each once
	Denied     bool     // somebody tried and got nothing
	Icon       string   // what sort of act it was: "view", "transfer", "denied" …
	Details    []Detail // everything the entry says, by name
}

// Detail is one fact of an entry with its name.
type Detail struct{ Label, Value string }

// icons are what an act looks like. They name every act that the journal knows.
var icons = map[string]string{
	"collect": "in", "accumulate": "in", "supplement": "in", "subject.import": "in",
	"store": "clock", "retention.schedule": "clock", "consent.expire": "clock",
	"view": "view", "access": "view", "use": "use", "change": "change", "depersonalise": "mask",
	"transfer": "out", "crossBorder": "globe", "disseminate": "globe",
	"block": "lock", "unblock": "unlock", "destroy": "bin", "destroy.replay": "bin", "relation.end": "clock", "depersonalised.read": "view",
	"consent.ask": "bell", "consent.show": "view", "consent.refuse": "cross", "consent.cancel": "cross",
	"consent.unanswered": "clock", "consent.code": "key", "consent.code-wrong": "denied", "consent.mismatch": "denied", "consent.prove": "seal",
	"consent.give": "check", "consent.resume": "check", "consent.supersede": "check",
	"consent.withdraw": "cross", "consent.pause": "pause", "consent.narrow": "change", "consent.extend": "clock",
	"consent.hold": "lock", "consent.barred": "denied", "consent.appeal": "document", "consent.uphold": "lock", "consent.lift": "unlock",
	"consent.reply": "document", "consent.review": "view",
	"subject.state": "person", "ban.set": "lock", "ban.lift": "unlock", "undertaking.file": "document",
	"country.set": "globe", "country.end": "globe",
	"subject.register": "person", "organization.create": "document",
	"register.apply": "document", "register.approve": "document",
	"calendar.decree": "document",
	"term.start":      "clock", "term.recompute": "clock", "term.extend": "clock",
	"term.done": "check", "term.cancel": "cross", "term.pause": "pause", "term.resume": "clock",
	"request.receive": "document", "request.begin": "document", "request.at-once": "check", "request.approve": "check", "request.resume": "clock",
	"request.halt": "pause", "request.check": "check", "request.answer": "check", "request.refuse": "cross", "request.extend": "clock",
	"request.assign": "person", "request.appeal": "document", "request.decide": "check", "request.look": "view",
	"disclosure.defer": "clock", "disclosure.approve": "clock", "disclosure.refuse": "cross", "disclosure.lift": "view",
	"order.issue": "document", "order.confirm": "check", "order.execute": "check", "order.cancel": "cross", "oversight.look": "view",
	"delivery.acknowledge": "check", "webhook.add": "bell", "webhook.remove": "bell",
	"publication.demand": "bell", "publication.remove": "cross", "publication.cost": "document", "publication.conditions": "globe",
	"kdp.ask": "bell", "kdp.answer": "document", "kdp.end": "clock", "kdp.token": "out", "kdp.history": "view", "kdp.withdraw": "out",
	"representation.register": "person", "representation.revoke": "cross", "representation.end": "clock", "representation.look": "view",
	"govstack.config": "document", "govstack.individual": "person", "govstack.sign": "check", "govstack.forget": "cross",
}

// Acts lists every act that the journal knows, by id.
func Acts() []string { return slices.Sorted(maps.Keys(icons)) }

// Words says what an entry tells. reg is the description that the operator had
// at that time; without it, ids stand where names would. An act that is not
// known here still gets a sentence, by its id. Where the subject only stood
// beside another, the words are general ones: a relative must not learn of a
// notary's act.
func Words(lang locale.Lang, e *verify.Entry, reg *register.Register) Message {
	if e.Role == verify.RoleIncidental {
		e = e.General()
	}
	s := speaker{lang, e, reg}
	m := Message{
		Denied: e.Decision == "deny", Icon: icons[e.Action],
		Text: s.sentence(), Title: s.title(), Provisions: s.provisions(), Details: s.details(),
	}
	if m.Denied {
		m.Icon = "denied"
	} else if m.Icon == "" {
		m.Icon = "document"
	}
	return m
}

// speaker has all that a sentence is made of.
type speaker struct {
	lang locale.Lang
	*verify.Entry
	reg *register.Register
}

func (s speaker) text(key string, args ...any) string { return locale.Text(s.lang, key, args...) }

// key finds the sentence: of the subject, a representative or the service where
// they say it in another way, else of the operator, else the one for any act.
func (s speaker) key() string {
	end := ""
	if s.Decision == "deny" {
		end = ".denied"
	}
	act := "notice." + s.Action
	if s.Role == verify.RoleIncidental {
		return "notice.incidental" + end
	}
	for _, key := range [...]string{act + "." + s.Actor.Kind + end, act + end} {
		if locale.Has(key) {
			return key
		}
	}
	return "notice.other" + end
}

func (s speaker) sentence() string {
	return s.text(s.key(),
		"org", s.operator(), "data", s.data(), "purpose", s.purpose(), "basis", s.basis(), "why", s.why(),
		"recipient", s.recipient(), "country", s.country(), "part", s.part(), "as", s.as(), "demand", s.requestPart(),
		"version", s.Register, "action", s.action(),
	)
}

func (s speaker) title() string {
	if s.Decision == "deny" {
		return s.text("notice.denied.title", "action", s.action())
	}
	key := "notice." + s.Action + ".title"
	if !locale.Has(key) {
		key = "notice.other.title"
	}
	return s.text(key)
}

// action is the name of the act, its id where it has none.
func (s speaker) action() string { return s.named("action."+s.Action, s.Action) }

// named is a text where there is one, else the id.
func (s speaker) named(key, id string) string {
	if locale.Has(key) {
		return s.text(key)
	}
	return id
}

func (s speaker) provisions() []string {
	var all []string
	for _, r := range s.Reasons {
		for _, p := range r.Provisions {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	if t, ok := s.term(); ok {
		all = append(all, string(t.Provision))
	}
	return all
}
