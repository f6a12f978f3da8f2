package register

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
)

// Parse reads a description in YAML or JSON. All that is wrong with it comes
// back at once as a [fault.List], each with its line and the path of its value;
// there is no description then. Identifiers come out normalised, sets sorted
// and aliases of actions under their own names, so that [Description.Canonical]
// does not depend on how a thing was spelled.
//
// It never fails on what is lawful only in doubt: that is for [Warnings] to say
// and for the gate to refuse.
func Parse(data []byte, rules ident.Rules) (*Description, error) {
	root, err := readTree(data)
	if err != nil {
		return nil, fault.List{err}
	}
	r := &reader{rules: rules, lines: map[string]int{}}
	t := r.table("", root)
	d := readDescription(t)
	t.close()
	r.check(d)
	slices.SortStableFunc(r.faults, func(a, b *fault.Error) int { return cmp.Compare(a.Line, b.Line) })
	if err := r.faults.OrNil(); err != nil {
		return nil, err
	}
	return d, nil
}

func readDescription(t *table) *Description {
	t.require("organization")
	return &Description{
		Organization: one(t, "organization", readOrganization),
		Bases:        each(t, "bases", readBase),
		Categories:   each(t, "categories", readCategory),
		Purposes:     each(t, "purposes", readPurpose),
		Policy:       one(t, "policy", readPolicy),
		Mail:         one(t, "mail", readMail),
	}
}

func readOrganization(t *table) Organization {
	t.require("bin", "name", "roles")
	return Organization{
		BIN:    t.bin("bin"),
		Name:   t.name("name"),
		Roles:  t.set("roles", RoleOwner, RoleOperator, RoleThirdParty, RoleAuthority, RoleTechnicalService),
		Sector: t.oneOf("sector", Private, State),
		Kinds:  t.set("kinds", kinds()...),

		Obligations:  omit(t.oneOf("obligations", Accepted, Refused, Unable), Accepted),
		Undertakings: t.flag("undertakings"),
		SecondPerson: t.flag("second_person"),
		Edition:      t.edition("edition"),

		Contact: one(t, "contact", readContact),
		Officer: one(t, "officer", func(t *table) Officer {
			return Officer{Name: t.text("name"), Email: t.email("email")}
		}),
		Website: parsed(t, "website", "website-form", website),
		Week:    t.week("week"),
	}
}

// omit leaves out of a description what goes without saying, so that it reads
// the same with and without.
func omit(word, silent string) string {
	if word == silent {
		return ""
	}
	return word
}

// week reads five days or six; five is what nothing written means.
func (t *table) week(key string) int {
	if t.oneOf(key, "5", "6") == "6" {
		return 6
	}
	return 0
}

// edition reads the id of an edition of the Law.
func (t *table) edition(key string) string {
	id := t.text(key)
	if _, ok := law.ByID(id); id != "" && !ok {
		t.r.fail(t.at(key), "edition-unknown", "known", law.Known())
	}
	return id
}

// kinds are the kinds of organizations that some rule of some edition names.
func kinds() []string {
	var all []string
	for _, e := range law.Editions() {
		for _, g := range e.Grounds() {
			all = append(all, g.Kinds...)
		}
		for _, t := range e.Terms() {
			all = append(all, t.Exempt.Kinds...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func website(s string) (string, bool) {
	u, err := url.Parse(s)
	return s, err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func readContact(t *table) Contact {
	return Contact{Email: t.email("email"), Phone: t.text("phone"), Address: t.place("address")}
}

func readBase(t *table) Base {
	t.require("id", "name", "country", "holds")
	return Base{
		ID:       t.id(),
		Name:     t.name("name"),
		Kind:     t.oneOf("kind", NonState, State),
		Country:  t.country("country"),
		Location: t.place("location"),
		Holds:    t.oneOf("holds", Vault, External, Paper),

		TouchesState: t.flag("touches_state"),
		Integration:  t.text("integration"),
		Outside:      one(t, "outside", readOutside),
	}
}

func readCategory(t *table) Category {
	t.require("id", "name")
	return Category{
		ID:     t.id(),
		Name:   t.name("name"),
		Access: t.oneOf("access", Restricted, Public),
		Class:  t.oneOf("class", Ordinary, Special, Biometric),

		Business: t.flag("business"),
	}
}

func readPurpose(t *table) Purpose {
	t.require("id", "name", "base", "categories", "actions")
	return Purpose{
		ID:          t.id(),
		Name:        t.name("name"),
		Base:        t.text("base"),
		Categories:  t.ids("categories"),
		Actions:     t.actions("actions"),
		Retention:   parsed(t, "retention", "period-form", ParsePeriod),
		Recipients:  each(t, "recipients", readRecipient),
		CrossBorder: t.countries("cross_border"),
		Public:      t.flag("public"),
		Research:    t.flag("research"),
		Marketing:   t.flag("marketing"),
		Basis:       t.basis("basis"),

		NotifyTransfer: t.flag("notify_transfer"),
		Compatible:     t.ids("compatible"),
		Depersonalise:  one(t, "depersonalise", readDepersonalise),
		AskAgain:       parsed(t, "ask_again", "period-form", ParsePeriod),
		Evidence:       omit(t.oneOf("evidence", AnyEvidence, ByCode, BySignature), AnyEvidence),
		From:           parsed(t, "from", "date-form", ParseDate),
		Until:          parsed(t, "until", "date-form", ParseDate),
	}
}

func readRecipient(t *table) Recipient {
	t.require("bin", "name", "country")
	return Recipient{BIN: t.bin("bin"), Name: t.name("name"), Country: t.country("country"), Kinds: t.set("kinds", kinds()...)}
}

func readPolicy(t *table) Policy {
	return Policy{
		Published: t.flag("published"),
		Address: parsed(t, "address", "address-form", func(s string) (string, bool) {
			return s, strings.HasPrefix(s, "/") && !strings.ContainsAny(s, " \t\n?#")
		}),
		Effective: parsed(t, "effective", "date-form", ParseDate),
	}
}

func readMail(t *table) Mail {
	return Mail{Inbox: t.email("inbox"), Subjects: one(t, "subjects", readSubjects)}
}

func readSubjects(t *table) map[string]string {
	lines := map[string]string{}
	for _, demand := range []string{MailWithdraw, MailCorrect, MailUnsubscribe} {
		if s := t.text(demand); s != "" {
			lines[demand] = s
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return lines
}

// set reads a list of allowed words, in the order in which they are allowed.
func (t *table) set(key string, allowed ...string) []string {
	var found []string
	t.words(key, func(path, word string) {
		t.r.member(path, word, allowed)
		found = append(found, word)
	})
	slices.SortFunc(found, func(a, b string) int {
		return cmp.Compare(slices.Index(allowed, a), slices.Index(allowed, b))
	})
	return found
}

func (t *table) ids(key string) []string {
	var found []string
	t.words(key, func(path, word string) {
		if !isID(word) {
			t.r.fail(path, "id-form")
		}
		found = append(found, word)
	})
	return found
}

// actions reads a set: policies have several words for some actions, so a
// second mention is no mistake.
func (t *table) actions(key string) []Action {
	var found Actions
	t.words(key, func(path, word string) {
		var a Action
		if err := a.UnmarshalText([]byte(word)); err != nil {
			t.r.refuse(path, err)
		}
		found |= ActionSet(a)
	})
	return found.List()
}

func (t *table) countries(key string) []string {
	var found []string
	t.words(key, func(path, word string) {
		code, err := ident.Country(word)
		switch {
		case err != nil:
			t.r.refuse(path, err)
		case code == Home:
			t.r.fail(path, "country-home")
		}
		found = append(found, code)
	})
	slices.Sort(found)
	return slices.Compact(found)
}

// basis reads the word consent, or a provision that some edition of the Law has
// as a ground with the document that the ground asks for.
func (t *table) basis(key string) Basis {
	if m, ok := t.members[key]; ok && m.value.kind == mapping {
		return one(t, key, readGround)
	}
	t.oneOf(key, "consent")
	return Basis{}
}

func readGround(t *table) Basis {
	return t.ground(func(g law.Ground) bool { return !g.CrossBorder && !g.Outside })
}

// readOutside reads what puts a base outside the force of the Law, and the
// document that shows it.
func readOutside(t *table) Basis { return t.ground(func(g law.Ground) bool { return g.Outside }) }

func (t *table) ground(fits func(law.Ground) bool) Basis {
	t.require("provision")
	b := Basis{Provision: t.text("provision"), Document: t.text("document")}
	if b.Provision == "" {
		return b
	}
	ground, ok := knownGround(law.Provision(b.Provision))
	switch {
	case !ok || !fits(ground):
		t.r.fail(t.at("provision"), "ground-unknown")
	case ground.Document:
		t.require("document")
	}
	return b
}

// knownGround looks in every edition, the newest first: a description outlives
// the edition it was written under, and the gate looks in that of the day.
func knownGround(p law.Provision) (law.Ground, bool) {
	for _, e := range slices.Backward(law.Editions()) {
		if g, ok := e.Ground(p); ok {
			return g, true
		}
	}
	return law.Ground{}, false
}
