package notify

import (
	"strings"
	"time"

	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/verify"
)

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
		if s.Role != verify.RoleIncidental && (s.Decision == "deny" || s.ground() == "") {
			add("why", s.why())
		}
	}
	if s.Decision == "permit" || s.Ground != nil {
		add("ground", s.ground())
	}
	if s.Ground != nil {
		add("document", s.Ground.Document)
	}
	if strings.HasPrefix(s.Action, "representation.") {
		add("representation", s.Reference)
	} else {
		add("reference", s.Reference)
	}
	switch s.Action {
	case "representation.register":
		if s.Detail != "" {
			add("acts", s.acts())
		}
	case "consent.withdraw", "consent.narrow":
		if s.Detail != "" {
			add("scopes", s.scopes())
		}
	case "consent.hold", "consent.barred", "consent.appeal", "consent.uphold", "consent.lift", "consent.reply", "consent.review":
		add("obligation", s.Detail)
	case "subject.import":
		add("origin", s.Detail)
	case "kdp.ask", "kdp.token":
		add("services", strings.ReplaceAll(s.Detail, ";", ", "))
	}
	if s.ofTerm() {
		add("term", s.owed())
		add("was", s.day("was"))
		add("due", s.day("due"))
		add("calendar", s.told("calendar"))
	}
	add("until", s.until())
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
// operator can be asked; so does a representative.
func (s speaker) actor() string {
	who := s.named("notice.actor."+s.Actor.Kind, s.Actor.Kind)
	if s.Actor.Kind != "person" && s.Actor.Kind != "representative" || s.Actor.ID == "" {
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
