package gate

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// Case is a hypothetical request written for people: the facts that matter, and
// what is expected to follow. testdata/*.yaml are such cases, for a lawyer to
// review, and "kelisim explain" takes any other.
type Case struct {
	Name    string    `yaml:"name"`
	At      time.Time `yaml:"at"`      // when it is asked
	Edition string    `yaml:"edition"` // of the Law; the one of that day where absent

	Holding     string          `yaml:"holding"` // active, blocked, destroyed
	Subject     string          `yaml:"subject"` // alive, deceased, missing, declared-dead
	Suspended   bool            `yaml:"suspended"`
	Undescribed bool            `yaml:"undescribed"` // the holder has no description in force
	Operator    *CaseAsker      `yaml:"operator"`    // what is otherwise with the holder
	Asker       *CaseAsker      `yaml:"asker"`       // the holder where absent
	Protecting  []string        `yaml:"protecting"`
	Forbidden   []string        `yaml:"forbidden"` // "DE", or "DE:health" for a category
	Consents    []CaseConsent   `yaml:"consents"`
	Over        []string        `yaml:"over"`
	Collected   []CaseCollected `yaml:"collected"`
	Bans        []CaseBan       `yaml:"bans"`
	Undertaken  bool            `yaml:"undertaken"`
	Ask         CaseAsk         `yaml:"ask"`

	Permit     []string        `yaml:"permit"` // codes, with what is not covered after a dot
	Deny       []string        `yaml:"deny"`
	Consent    string          `yaml:"consent"` // that permits
	Ground     law.Provision   `yaml:"ground"`  // that permits
	Provisions []law.Provision `yaml:"provisions"`
	Owes       []string        `yaml:"owes"`
}

// CaseAsker is who asks, or what is special about who holds.
type CaseAsker struct {
	BIN          string   `yaml:"bin"`
	Sector       string   `yaml:"sector"`
	Kinds        []string `yaml:"kinds"`
	Obligations  string   `yaml:"obligations"`
	Undertakings bool     `yaml:"undertakings"`
	Suspended    bool     `yaml:"suspended"`
}

// CaseConsent is a consent; its id is a name of up to 16 letters.
type CaseConsent struct {
	ID         string         `yaml:"id"`
	Purposes   []string       `yaml:"purposes"`
	Categories []string       `yaml:"categories"`
	Recipients []string       `yaml:"recipients"`
	Countries  []string       `yaml:"countries"`
	Public     bool           `yaml:"public"`
	Status     consent.Status `yaml:"status"` // active where it is left out
	Scopes     *[]string      `yaml:"scopes"` // all that the terms open, where it is left out
	Until      time.Time      `yaml:"until"`
}

// CaseCollected is what the data was collected for.
type CaseCollected struct {
	Category string    `yaml:"category"`
	Purpose  string    `yaml:"purpose"`
	At       time.Time `yaml:"at"`
}

// CaseBan is a ban that the subject has set.
type CaseBan struct {
	Actions    []register.Action `yaml:"actions"`
	Categories []string          `yaml:"categories"`
	Purposes   []string          `yaml:"purposes"`
	Recipients []string          `yaml:"recipients"`
	Lifted     time.Time         `yaml:"lifted"`
}

// CaseAsk is what somebody wants to do.
type CaseAsk struct {
	Action     string        `yaml:"action"`
	Purpose    string        `yaml:"purpose"`
	Base       string        `yaml:"base"`
	FromBase   string        `yaml:"from_base"`
	Categories []string      `yaml:"categories"`
	Ground     law.Provision `yaml:"ground"`
	Document   string        `yaml:"document"`
	Dated      time.Time     `yaml:"dated"`
	Since      time.Time     `yaml:"since"`
	Crossing   law.Provision `yaml:"crossing"`
	Permission string        `yaml:"permission"`
	Recipient  string        `yaml:"recipient"`
	Country    string        `yaml:"country"`
	Own        bool          `yaml:"own"`
	Person     bool          `yaml:"person"`
	HurtsOther bool          `yaml:"hurts_other"`
}

// ReadCases reads one case or a list of them, strictly.
func ReadCases(text []byte) ([]Case, error) {
	var list []Case
	var err error
	if body := bytes.TrimLeft(withoutComments(text), " \t\r\n"); bytes.HasPrefix(body, []byte("-")) || bytes.HasPrefix(body, []byte("[")) {
		err = yaml.UnmarshalWithOptions(text, &list, yaml.Strict())
	} else {
		list = make([]Case, 1)
		err = yaml.UnmarshalWithOptions(text, &list[0], yaml.Strict())
	}
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "case-syntax", err)
	}
	return list, nil
}

func withoutComments(text []byte) []byte {
	for {
		trimmed := bytes.TrimLeft(text, " \t\r\n")
		if !bytes.HasPrefix(trimmed, []byte("#")) {
			return trimmed
		}
		_, text, _ = bytes.Cut(trimmed, []byte("\n"))
	}
}

// Facts are the facts of the case for the organization of a register, asked at
// a moment where the case names none.
func (c *Case) Facts(holder *register.Register, now time.Time) (*Facts, error) {
	if !c.At.IsZero() {
		now = c.At
	}
	f := &Facts{
		Now: now, Edition: law.Following{}.At(now, ahead(holder)), Register: c.Operator.over(holder), Suspended: c.Suspended, Subject: c.Subject, Holding: c.Holding,
		Over: c.Over, Undertaken: c.Undertaken, Countries: c.countries(), Request: c.Ask.request(),
	}
	if c.Edition != "" {
		ed, ok := law.ByID(c.Edition)
		if !ok {
			return nil, fault.Bad("edition", "edition-absent")
		}
		f.Edition = ed
	}
	if f.Subject == "" {
		f.Subject = party.Alive
	}
	if f.Holding == "" {
		f.Holding = party.Held
	}
	if f.Asker = f.Register; c.Asker != nil {
		f.Asker, f.AskerSuspended = c.Asker.over(nil), c.Asker.Suspended
	}
	if c.Undescribed {
		f.Register = nil
	}
	var ok bool
	if f.Action, ok = register.ParseAction(c.Ask.Action); !ok {
		return nil, fault.Bad("ask.action", "action-unknown", "near", register.Nearest(c.Ask.Action, actionNames()))
	}
	for _, x := range c.Collected {
		f.Collected = append(f.Collected, Collected(x))
	}
	for _, b := range c.Bans {
		f.Bans = append(f.Bans, Ban{Lifted: b.Lifted, Actions: b.Actions, Categories: b.Categories, Purposes: b.Purposes, Recipients: b.Recipients})
	}
	for i := range c.Consents {
		x, err := c.Consents[i].consent(now)
		if err != nil {
			return nil, under(fmt.Sprintf("consents[%d]", i), err)
		}
		f.Consents = append(f.Consents, x)
	}
	return f, nil
}

// ahead is the edition that a description goes ahead to.
func ahead(r *register.Register) string {
	if r == nil {
		return ""
	}
	return r.Description.Organization.Edition
}

func actionNames() []string {
	var names []string
	for _, a := range register.AllActions() {
		names = append(names, a.String())
	}
	return names
}

func (a *CaseAsk) request() Request {
	return Request{
		Base: a.Base, FromBase: a.FromBase, Purpose: a.Purpose, Categories: a.Categories, Ground: a.Ground, Document: a.Document,
		Dated: a.Dated, Since: a.Since, Crossing: a.Crossing, Permission: a.Permission, Recipient: a.Recipient, Country: a.Country,
		OwnData: a.Own, Person: a.Person, HurtsOther: a.HurtsOther,
	}
}

// over is the register of an organization that differs from another in what a
// case says of it.
func (a *CaseAsker) over(r *register.Register) *register.Register {
	if a == nil {
		return r
	}
	d, version := register.Description{}, 1
	if r != nil {
		d, version = *r.Description, r.Version
	}
	o := &d.Organization
	if a.BIN != "" {
		o.BIN = a.BIN
	}
	if a.Sector != "" {
		o.Sector = a.Sector
	}
	if a.Kinds != nil {
		o.Kinds = a.Kinds
	}
	o.Obligations, o.Undertakings = a.Obligations, a.Undertakings
	return register.Compile(&d, version)
}

func (c *Case) countries() party.Countries {
	l := party.Countries{}
	for _, code := range c.Protecting {
		l[code] = append(l[code], party.Country{Code: code, Protects: true})
	}
	for _, entry := range c.Forbidden {
		code, category, some := strings.Cut(entry, ":")
		x := party.Country{Code: code, Forbidden: true}
		if some {
			x.Categories = []string{category}
		}
		l[code] = append(l[code], x)
	}
	return l
}

func (x *CaseConsent) consent(now time.Time) (consent.Consent, error) {
	c := consent.Consent{
		Version: 1, Status: x.Status, Scopes: consent.Process, Given: now.Add(-time.Hour), Until: x.Until,
		Terms: &consent.Terms{
			Purposes: x.Purposes, Categories: x.Categories, ThirdParties: x.Recipients, Countries: x.Countries, PublicSources: x.Public,
		},
	}
	copy(c.ID[:], x.ID)
	for scope, open := range map[consent.Scope]bool{
		consent.Transfer: x.Recipients != nil, consent.CrossBorder: x.Countries != nil, consent.PublicSources: x.Public,
	} {
		if open {
			c.Scopes |= scope
		}
	}
	if x.Scopes != nil {
		c.Scopes = 0
		if len(*x.Scopes) > 0 {
			var err error
			if c.Scopes, err = consent.ParseScopes(*x.Scopes); err != nil {
				return c, err
			}
		}
	}
	if c.Status == "" {
		c.Status = consent.Active
	}
	return c, nil
}

// CaseConsentName is the name that a case gave to a consent.
func CaseConsentName(id ident.ID) string {
	if id.IsZero() {
		return ""
	}
	return strings.TrimRight(string(id[:]), "\x00")
}

// CodeName is a code with what is not covered after a dot, as cases write it.
func CodeName(ed *law.Edition, c law.ReasonCode) string {
	if v := ed.Reason(c).Variant; v != "" {
		return c.String() + "." + v
	}
	return c.String()
}

// Differs says how a decision is not what the case expects; empty where it is,
// or where nothing is expected.
func (c *Case) Differs(ed *law.Edition, d *Decision) string {
	if c.Permit == nil && c.Deny == nil {
		return ""
	}
	var codes []string
	for _, code := range d.Codes() {
		codes = append(codes, CodeName(ed, code))
	}
	outcome := func(permit bool, codes []string, consent string, ground law.Provision, owes []string) string {
		word := "deny"
		if permit {
			word = "permit"
		}
		return strings.TrimSpace(fmt.Sprint(word, " ", codes, " ", consent, " ", ground, " ", owes))
	}
	got := outcome(d.Permit, codes, CaseConsentName(d.Consent), d.Ground, d.Owed.Names())
	want := outcome(c.Permit != nil, append(append([]string{}, c.Permit...), c.Deny...), c.Consent, c.Ground, append([]string{}, c.Owes...))
	if got != want {
		return fmt.Sprintf("got %s, want %s", got, want)
	}
	if len(c.Provisions) == 0 {
		return ""
	}
	rests := ed.Reason(d.Codes()[0]).Provisions
	if d.Codes()[0] == law.ByGround {
		rests = []law.Provision{d.Ground}
	}
	if fmt.Sprint(rests) != fmt.Sprint(c.Provisions) {
		return fmt.Sprintf("rests on %v, want %v", rests, c.Provisions)
	}
	return ""
}
