package notify

import (
	"slices"
	"strings"
	"time"

	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/verify"
)

// The parts of a sentence. Each is empty or begins with what sets it apart from
// the words before it, so that a sentence can name them all and read well
// whichever are there.

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
	case (s.Action == "consent.give" || s.Action == "consent.ask" || s.Action == "consent.refuse" || s.Action == "relation.end") && s.Detail != "":
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
	return ground(s.lang, s.Ground.Provision)
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
// the whole consent was, where imported data came from, until when entries are
// not shown.
func (s speaker) part() string {
	switch {
	case s.Detail == "":
		return ""
	case s.ofHold():
		return " " + s.text("notice.part.obligation", "text", s.Detail)
	case s.Action == "consent.narrow":
		return " " + s.text("notice.part.scopes.gone", "list", s.scopes())
	case s.Action == "consent.withdraw":
		if slices.Contains(strings.Split(s.Detail, ","), "process") {
			return ""
		}
		return " " + s.text("notice.part.scopes", "list", s.scopes())
	case s.Action == "kdp.answer" || s.Action == "kdp.end":
		return ": " + s.named("kdp.status."+s.Detail, s.Detail)
	case s.Action == "subject.state":
		return s.named("notice.part.person."+s.Detail, s.Detail)
	case s.Action == "subject.import":
		return " " + s.text("notice.part.origin", "name", s.Detail)
	case s.ofTerm():
		return s.termPart()
	case s.until() != "":
		return " " + s.text("notice.part.until", "date", s.until())
	case s.Action == "representation.register":
		return "; " + s.text("notice.part.acts", "list", s.acts())
	default:
		return ""
	}
}

// until is the date of a deferral that the entry tells of.
func (s speaker) until() string {
	_, date, _ := strings.Cut(s.Detail, " ")
	t, err := time.Parse(time.RFC3339, date)
	if err != nil || !strings.HasPrefix(s.Action, "disclosure.") {
		return ""
	}
	return locale.DateTime(s.lang, t)
}

// as says what makes somebody the subject's representative, by what the subject
// is in the event.
func (s speaker) as() string {
	if key := "notice.as." + s.Role; s.Role != "" && locale.Has(key) {
		return " (" + s.text(key) + ")"
	}
	return ""
}

// acts are what a representative may do.
func (s speaker) acts() string {
	ids := strings.Split(s.Detail, ",")
	for i, id := range ids {
		ids[i] = s.named("representation.act."+id, id)
	}
	return s.join(ids)
}

func (s speaker) scopes() string {
	ids := strings.Split(s.Detail, ",")
	for i, id := range ids {
		ids[i] = s.taken(id)
	}
	return s.join(ids)
}

// Taken names what was taken out of a consent as its entry writes it: a scope, or
// an id behind what it is.
func Taken(lang locale.Lang, reg *register.Register, id string) string {
	return speaker{lang, &verify.Entry{}, reg}.taken(id)
}

// taken names what was taken out of a consent: a scope, or an id behind what it
// is.
func (s speaker) taken(id string) string {
	what, id, single := strings.Cut(id, ":")
	if !single {
		return s.named("scope."+what, what)
	}
	name := id
	switch what {
	case "purpose":
		name = s.purposeName(id)
	case "category":
		name = s.category(id, true)
	case "country":
		name = Country(s.lang, id)
	case "recipient":
		name = s.anyRecipient(id)
	}
	return s.text("page.part."+what, "name", name)
}

// anyRecipient is a recipient's name by whichever purpose names it.
func (s speaker) anyRecipient(bin string) string {
	if s.reg != nil {
		for i := range s.reg.Description.Purposes {
			if p := s.reg.Purpose(s.reg.Description.Purposes[i].ID); p != nil && p.Recipient(bin) != nil {
				return p.Recipient(bin).Name.In(s.lang)
			}
		}
	}
	return s.text("notice.part.recipient.bin", "bin", bin)
}

// ofHold reports whether the entry tells of what bars a withdrawal; Detail says
// what that is.
func (s speaker) ofHold() bool {
	switch s.Action {
	case "consent.hold", "consent.barred", "consent.appeal", "consent.uphold", "consent.lift", "consent.reply", "consent.review":
		return true
	}
	return false
}
