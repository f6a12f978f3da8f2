// Package notify says to people what happened with their data. [Words] turns
// one entry of the journal into plain words in Kazakh, Russian or English: who
// did what, with which data, for what, on which basis, or why it was refused.
//
// It knows no channel and keeps nothing: pages, letters and the API show the
// same words.
package notify

import (
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"kelisim/internal/law"
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
	"block": "lock", "unblock": "unlock", "destroy": "bin",
	"consent.give": "check", "consent.resume": "check", "consent.supersede": "check",
	"consent.withdraw": "cross", "consent.pause": "pause",
	"subject.register": "person", "organization.create": "document",
	"register.apply": "document", "register.approve": "document",
}

// Words says what an entry tells. reg is the description that the operator had
// at that time; without it, ids stand where names would. An act that is not
// known here still gets a sentence, by its id.
func Words(lang locale.Lang, e *verify.Entry, reg *register.Register) Message {
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

// key finds the sentence: of the operator, or of the subject or the service
// where they say it in another way.
func (s speaker) key() string {
	key := "notice." + s.Action
	if own := key + "." + s.Actor.Kind; locale.Has(own) {
		return own
	}
	if locale.Has(key) {
		return key
	}
	return "notice.other"
}

func (s speaker) sentence() string {
	key := s.key()
	if s.Decision == "deny" {
		key += ".denied"
	}
	return s.text(key,
		"org", s.operator(), "data", s.data(), "purpose", s.purpose(), "basis", s.basis(), "why", s.why(),
		"recipient", s.recipient(), "country", s.country(), "part", s.part(),
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

func (s speaker) operator() string {
	if s.reg != nil {
		return s.reg.Name.In(s.lang)
	}
	return s.text("notice.part.org", "bin", s.Organization)
}

// maxNamed is how many kinds of data a sentence names before it counts the
// rest. The details name all.
const maxNamed = 4

func (s speaker) data() string {
	if len(s.Categories) == 0 {
		return ""
	}
	names := make([]string, len(s.Categories))
	for i, id := range s.Categories {
		names[i] = s.category(id, true)
	}
	if rest := len(names) - maxNamed; rest > 1 {
		names = names[:maxNamed]
		return " (" + s.text("notice.part.more", "list", strings.Join(names, separator(names)), "more", rest) + ")"
	}
	return " (" + s.join(names) + ")"
}

// category names a kind of data: as the operator does, or, inside a sentence
// and unless the operator has words of its own, by a shorter name.
func (s speaker) category(id string, short bool) string {
	name := s.named("category."+id, id)
	if s.reg != nil {
		if c, ok := s.reg.Category(id); ok && c.Name.In(s.lang) != name {
			return c.Name.In(s.lang)
		}
	}
	if short {
		return s.named("notice.category."+id, name)
	}
	return name
}

// join makes a list as people speak it. Names with commas inside are kept apart
// by semicolons, so that one does not run into the next.
func (s speaker) join(names []string) string {
	if sep := separator(names); sep != ", " {
		return strings.Join(names, sep)
	}
	return s.and(names)
}

func (s speaker) and(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return s.text("notice.part.and", "list", strings.Join(names[:last], ", "), "last", names[last])
}

func separator(names []string) string {
	if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, ",") }) {
		return "; "
	}
	return ", "
}

// purposes are the ids that an entry names: a consent may be to several.
func (s speaker) purposes() []string {
	switch {
	case s.Purpose != "":
		return []string{s.Purpose}
	case s.Action == "consent.give" && s.Detail != "":
		return strings.Split(s.Detail, ",")
	default:
		return nil
	}
}

func (s speaker) purpose() string {
	ids := s.purposes()
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = s.text("notice.part.quote", "name", s.purposeName(id))
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return " " + s.text("notice.part.purpose", "list", names[0])
	default:
		return " " + s.text("notice.part.purposes", "list", s.and(names))
	}
}

func (s speaker) purposeName(id string) string {
	if s.reg != nil {
		if p := s.reg.Purpose(id); p != nil {
			return p.Name.In(s.lang)
		}
	}
	return id
}

// basis is what a permit rests on. Duties of protection and the subject's own
// look need none.
func (s speaker) basis() string {
	if b := s.ground(); b != "" {
		return "; " + s.text("notice.part.basis", "basis", b)
	}
	return ""
}

func (s speaker) ground() string {
	switch {
	case s.Ground == nil && s.Consent.IsZero():
		return ""
	case s.Ground == nil:
		return s.text("notice.part.consent")
	}
	if key := (law.Ground{Provision: law.Provision(s.Ground.Provision)}).TextKey(); locale.Has(key) {
		return s.text("notice.part.ground", "provision", s.Ground.Provision, "ground", s.text(key))
	}
	return s.text("notice.part.provision", "provision", s.Ground.Provision)
}

// why joins the reasons, each once.
func (s speaker) why() string {
	var all []string
	for _, r := range s.Reasons {
		text := s.named("notice.reason."+r.Code, s.text("notice.reason.unknown"))
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return s.text("notice.reason.unknown")
	}
	return s.join(all)
}

func (s speaker) recipient() string {
	switch {
	case s.Recipient != "" && s.abroad():
		return " " + s.text("notice.part.recipient", "name", s.recipientName()+", "+Country(s.lang, s.Country))
	case s.Recipient != "":
		return " " + s.text("notice.part.recipient", "name", s.recipientName())
	case s.Action == register.Transfer.String():
		return " " + s.text("notice.part.recipient.any")
	default:
		return ""
	}
}

func (s speaker) abroad() bool { return s.Country != "" && s.Country != register.Home }

func (s speaker) recipientName() string {
	if s.reg != nil {
		if p := s.reg.Purpose(s.Purpose); p != nil && p.Recipient(s.Recipient) != nil {
			return p.Recipient(s.Recipient).Name.In(s.lang)
		}
	}
	return s.text("notice.part.recipient.bin", "bin", s.Recipient)
}

// country is where to; a recipient is told together with its country.
func (s speaker) country() string {
	switch {
	case s.abroad() && s.Recipient == "":
		return " " + s.text("notice.part.country", "name", Country(s.lang, s.Country))
	case s.abroad():
		return ""
	case s.Action == register.CrossBorder.String():
		return " " + s.text("notice.part.abroad")
	default:
		return ""
	}
}

// part is what an event itself says more: which scopes were withdrawn when not
// the whole consent was, where imported data came from.
func (s speaker) part() string {
	switch {
	case s.Detail == "":
		return ""
	case s.Action == "consent.withdraw":
		if slices.Contains(strings.Split(s.Detail, ","), "process") {
			return ""
		}
		return " " + s.text("notice.part.scopes", "list", s.scopes())
	case s.Action == "subject.import":
		return " " + s.text("notice.part.origin", "name", s.Detail)
	default:
		return ""
	}
}

func (s speaker) scopes() string {
	ids := strings.Split(s.Detail, ",")
	for i, id := range ids {
		ids[i] = s.named("scope."+id, id)
	}
	return s.join(ids)
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
	return all
}

// details lists what the entry says, in the order in which people ask: when,
// who, what, for what, with what result.
func (s speaker) details() []Detail {
	list := make([]Detail, 0, 12)
	add := func(name, value string) {
		if value != "" {
			list = append(list, Detail{s.text("notice.detail." + name), value})
		}
	}
	add("when", s.moment(s.At))
	if s.Recorded != 0 {
		add("recorded", s.moment(s.Recorded))
	}
	add("operator", s.operatorNamed())
	add("actor", s.actor())
	if s.Role != "" {
		add("role", s.named("notice.role."+s.Role, s.Role))
	}
	if locale.Has("action." + s.Action) {
		add("action", s.action())
	}
	add("purpose", s.each(s.purposes(), s.purposeName))
	add("data", s.each(s.Categories, func(id string) string { return s.category(id, false) }))
	if s.Recipient != "" {
		add("recipient", s.recipientName())
	}
	if s.Country != "" {
		add("country", Country(s.lang, s.Country))
	}
	add("base", s.base())
	if s.Decision != "" {
		add("decision", s.named("notice.decision."+s.Decision, s.Decision))
		if s.Decision == "deny" || s.ground() == "" {
			add("why", s.why())
		}
	}
	if s.Decision == "permit" || s.Ground != nil {
		add("ground", s.ground())
	}
	if s.Ground != nil {
		add("document", s.Ground.Document)
	}
	add("reference", s.Reference)
	switch s.Action {
	case "consent.withdraw":
		if s.Detail != "" {
			add("scopes", s.scopes())
		}
	case "subject.import":
		add("origin", s.Detail)
	}
	if s.Register > 0 {
		add("register", s.text("notice.version", "version", s.Register))
	}
	add("edition", s.edition())
	return list
}

func (s speaker) moment(ms int64) string { return locale.DateTime(s.lang, time.UnixMilli(ms)) }

func (s speaker) operatorNamed() string {
	if s.reg == nil {
		return s.text("notice.part.org", "bin", s.Organization)
	}
	return s.text("notice.operator", "name", s.reg.Name.In(s.lang), "bin", s.Organization)
}

// actor says who acted. A person of the staff stays behind a code, by which the
// operator can be asked.
func (s speaker) actor() string {
	who := s.named("notice.actor."+s.Actor.Kind, s.Actor.Kind)
	if s.Actor.Kind != "person" || s.Actor.ID == "" {
		return who
	}
	return s.text("notice.actor.coded", "actor", who, "code", s.Actor.ID)
}

func (s speaker) each(ids []string, name func(string) string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = name(id)
	}
	return strings.Join(names, separator(names))
}

func (s speaker) base() string {
	if s.reg != nil {
		if b := s.reg.Base(s.Base); b != nil {
			return b.Name.In(s.lang)
		}
	}
	return s.Base
}

func (s speaker) edition() string {
	if e, ok := law.ByID(s.Edition); ok {
		return e.Name.In(s.lang)
	}
	return s.Edition
}

// regions names countries; making the namers costs more than asking them.
var regions = sync.OnceValue(func() map[locale.Lang]display.Namer {
	m := map[locale.Lang]display.Namer{}
	for _, lang := range locale.All {
		m[lang] = display.Regions(language.Make(string(lang)))
	}
	return m
})

// Country is the name of a country by its ISO 3166-1 code, the code where there
// is no name.
func Country(lang locale.Lang, code string) string {
	region, err := language.ParseRegion(code)
	if names := regions()[lang]; err == nil && names != nil {
		if name := names.Name(region); name != "" {
			return name
		}
	}
	return code
}
