// Package form is consent on an operator's own site: a hosted page for each
// purpose that rests on consent, which takes what the purpose needs and nothing
// else, with every box unticked and marketing apart (policy 4.1(3), 7.2).
//
//	fill in ─▶ letter to the address ─▶ open the link and say yes ─▶ subject, consent and data
//	                └─▶ nobody says yes for a day: forgotten
//
// Until the person has said yes from the address that was typed, nobody knows
// that it is theirs: so nothing of it is data of a subject yet. It rests sealed
// under the operator's key, is shown to nobody, and is deleted after a day.
package form

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Email is the category that a form cannot do without: its letter goes there.
const Email = "email"

const (
	// life is how long a form waits for its confirmation.
	life = 24 * time.Hour
	// perAddress is how many may wait for one address, so that nobody is sent
	// letters without end through us.
	perAddress = 3
	maxValue   = 500
)

// Submission is a form that was filled in and waits to be confirmed.
type Submission struct {
	ID       ident.ID
	Org      ident.ID
	Created  time.Time
	Until    time.Time
	CodeHash [32]byte // of the secret in the link
	Address  [32]byte // blind index of the e-mail address
	Sealed   []byte   // Content, under the organization's key
}

// Content is what was filled in.
type Content struct {
	Language  locale.Lang       `json:"language"`
	Purpose   string            `json:"purpose"`
	Register  int               `json:"register"` // version that the text was made of
	Values    map[string]string `json:"values"`
	Text      string            `json:"text"` // the very text that was shown
	Terms     consent.Terms     `json:"terms"`
	Marketing string            `json:"marketing,omitempty"` // a purpose of its own, where its box was ticked
	News      string            `json:"news,omitempty"`      // and its text
}

// Store keeps forms. They are no acts on anybody's data yet, so they land without
// an entry; what comes of a confirmed one lands with its own.
type Store interface {
	// InsertForm lands a form with the letter that confirms it.
	InsertForm(ctx context.Context, f *Submission, letter *journal.Tell) error
	// FormByCode returns a fault.NotFound when there is none.
	FormByCode(ctx context.Context, hash [32]byte) (*Submission, error)
	// CountForms counts those that wait for an address.
	CountForms(ctx context.Context, address [32]byte, now time.Time) (int, error)
	// DeleteForm forgets one; ForgetForms those that nobody confirmed in time.
	DeleteForm(ctx context.Context, id ident.ID) error
	ForgetForms(ctx context.Context, now time.Time) error
}

// Letters makes a letter ready that leads to a page by a secret.
type Letters interface {
	// LetterTo returns nil where there is no channel for letters.
	LetterTo(org *party.Organization, lang locale.Lang, event, address, path string) (*journal.Tell, error)
}

// Forms is the service.
type Forms struct {
	Store    Store
	Parties  *party.Parties
	Consents *consent.Consents
	Guard    *gate.Guard
	Letters  Letters
	Keys     *seal.Keyring
	Now      func() time.Time
}

// Blank is a form as it is shown.
type Blank struct {
	Org        *party.Organization
	Purpose    *register.Entry
	Marketing  *register.Entry // nil for none
	Fields     []register.Category
	Recipients []register.Recipient
	Countries  []string
	Text       *consent.Text // all of it, before anything is left out
	News       *consent.Text
}

// Blank is the form of a purpose, with the marketing one whose box stands apart,
// if any.
func (s *Forms) Blank(ctx context.Context, bin, purpose, marketing string, lang locale.Lang) (*Blank, error) {
	org, err := s.Parties.Organization(ctx, bin)
	if err != nil {
		return nil, err
	}
	reg := org.Register
	if reg == nil {
		return nil, errAbsent
	}
	p := reg.Purpose(purpose)
	if p == nil || !p.Basis.Consent() || p.Public || p.Marketing || p.Evidence != "" || !p.InForce(s.Now()) || !p.Allows(register.Collect) || !slices.Contains(p.Categories, Email) {
		return nil, errAbsent
	}
	b := &Blank{Org: org, Purpose: p, Recipients: p.Recipients, Countries: p.CrossBorder}
	if marketing != "" {
		if b.Marketing = reg.Purpose(marketing); b.Marketing == nil || !b.Marketing.Marketing || b.Marketing.Evidence != "" || !b.Marketing.Basis.Consent() {
			return nil, errAbsent
		}
		b.News = text(reg, lang, termsOf(b.Marketing))
	}
	for _, id := range p.Categories {
		c, _ := reg.Category(id)
		b.Fields = append(b.Fields, c)
	}
	b.Text = text(reg, lang, termsOf(p))
	return b, nil
}

var errAbsent = fault.New(fault.NotFound, "form-absent")

// termsOf is all that a purpose can be consented to.
func termsOf(p *register.Entry) consent.Terms {
	t := consent.Terms{Purposes: []string{p.ID}, Categories: p.Categories, Countries: p.CrossBorder}
	for _, r := range p.Recipients {
		t.ThirdParties = append(t.ThirdParties, r.BIN)
	}
	return t
}

func text(reg *register.Register, lang locale.Lang, t consent.Terms) *consent.Text {
	return consent.StandardText(reg, lang, &consent.New{Terms: t, Language: lang})
}

// Filled is what a person typed and ticked.
type Filled struct {
	Language   locale.Lang
	Values     map[string]string
	Agree      bool
	Recipients []string
	Countries  []string
	Marketing  bool
}

// Submit takes a form in and sends the letter that confirms it. Every error names
// the field; nothing is kept then.
func (s *Forms) Submit(ctx context.Context, b *Blank, in *Filled) error {
	values, err := s.check(b, in)
	if err != nil {
		return err
	}
	c := &Content{Language: in.Language, Purpose: b.Purpose.ID, Register: b.Org.Register.Version, Values: values}
	c.Terms = termsOf(b.Purpose)
	c.Terms.ThirdParties, c.Terms.Countries = among(c.Terms.ThirdParties, in.Recipients), among(c.Terms.Countries, in.Countries)
	c.Text = text(b.Org.Register, in.Language, c.Terms).Body
	if in.Marketing && b.Marketing != nil {
		c.Marketing, c.News = b.Marketing.ID, text(b.Org.Register, in.Language, newsTerms(b, values)).Body
	}
	now := s.Now()
	address := s.Keys.Index.Blind("form", b.Org.ID[:], values[Email])
	n, err := s.Store.CountForms(ctx, address, now)
	if err != nil {
		return err
	}
	if n >= perAddress {
		return &fault.Error{Kind: fault.Conflict, Code: "form-too-many", Field: Email}
	}
	secret := make([]byte, 16)
	rand.Read(secret) //nolint:errcheck // since Go 1.24 it never fails: the program stops instead
	code := base64.RawURLEncoding.EncodeToString(secret)
	f := &Submission{
		ID: ident.NewID(now), Org: b.Org.ID, Created: now, Until: now.Add(life), CodeHash: sha256.Sum256([]byte(code)), Address: address,
	}
	letter, err := s.Letters.LetterTo(b.Org, in.Language, "form", values[Email], ConfirmPath+code)
	if err != nil {
		return err
	}
	if letter == nil {
		return fault.New(fault.Conflict, "channel-absent")
	}
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f.Sealed = b.Org.Key.Seal(nil, body, place(f))
	return s.Store.InsertForm(ctx, f, letter)
}

// ConfirmPath is the page that a letter leads to.
const ConfirmPath = "/form/"

func place(f *Submission) []byte { return seal.Place("form", f.Org[:], f.ID[:]) }

// newsTerms are those of the marketing purpose, for what was filled in: it adds no
// field of its own.
func newsTerms(b *Blank, values map[string]string) consent.Terms {
	t := consent.Terms{Purposes: []string{b.Marketing.ID}}
	for _, id := range b.Marketing.Categories {
		if values[id] != "" {
			t.Categories = append(t.Categories, id)
		}
	}
	return t
}

// among keeps of what there is what was chosen.
func among(all, chosen []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(v string) bool { return !slices.Contains(chosen, v) })
}

// check normalises what was typed. Nothing that the purpose does not need is
// taken, and nothing that it needs is left out (Art. 7(9)).
func (s *Forms) check(b *Blank, in *Filled) (map[string]string, error) {
	out := map[string]string{}
	for _, c := range b.Fields {
		v := strings.TrimSpace(in.Values[c.ID])
		switch {
		case v == "":
			return nil, fault.Bad(c.ID, "missing-field")
		case len(v) > maxValue:
			return nil, fault.Bad(c.ID, "too-long", "max", maxValue)
		}
		if kind := ident.Kind(c.ID); kind == ident.IIN || kind == ident.Phone || kind == ident.Email {
			var err error
			if v, err = s.Parties.Rules.Normalise(kind, v); err != nil {
				return nil, at(c.ID, err)
			}
		}
		out[c.ID] = v
	}
	if !in.Agree {
		return nil, fault.Bad("agree", "form-agree")
	}
	return out, nil
}

func at(field string, err error) error {
	if e, ok := err.(*fault.Error); ok { //nolint:errorlint // never wrapped where it is made
		return e.At(field)
	}
	return err
}

// Given is what came of a confirmed form.
type Given struct {
	Org       *party.Organization
	Consent   *consent.Consent
	Marketing *consent.Consent // nil where its box was not ticked
}

// Confirm makes subject, consents and data of a form. If power fails on the way,
// the link still works and what is there is found again: the same subject, and a
// consent that takes the place of the one before.
func (s *Forms) Confirm(ctx context.Context, code string) (*Given, error) {
	f, err := s.Store.FormByCode(ctx, sha256.Sum256([]byte(code)))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if err != nil || !s.Now().Before(f.Until) {
		return nil, fault.Bad("code", "form-code")
	}
	org, err := s.Parties.ByID(ctx, f.Org)
	if err != nil {
		return nil, err
	}
	body, err := org.Key.Open(f.Sealed, place(f))
	var c Content
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err != nil {
		return nil, err
	}
	g, err := s.take(ctx, org, f, &c)
	if err != nil {
		return nil, err
	}
	return g, s.Store.DeleteForm(ctx, f.ID)
}

// person is who acts: whoever reads the letters of the address.
var person = verify.Actor{Kind: "subject"}

func (s *Forms) take(ctx context.Context, org *party.Organization, f *Submission, c *Content) (*Given, error) {
	// Known by the address alone: that the other numbers are theirs nobody has
	// shown yet.
	subject, _, err := s.Parties.Register(ctx, org, person, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.Email, Value: c.Values[Email]}},
		Profile:     party.Profile{Name: c.Values["name"], Language: c.Language},
	})
	if err != nil {
		return nil, err
	}
	g := &Given{Org: org}
	record := func(t consent.Terms, text string) (*consent.Consent, error) {
		return s.Consents.Record(ctx, org, &consent.New{
			Subject: subject, Terms: t, Language: c.Language, Name: c.Values["name"], Text: text, Register: c.Register, Actor: person,
			Proof: consent.Proof{Channel: "form", Standing: consent.Confirmed, Document: "form " + f.ID.String(), Obtained: f.Created, Other: map[string]string{
				"filledIn": f.Created.UTC().Format(time.RFC3339), "confirmed": s.Now().UTC().Format(time.RFC3339), "confirmedBy": "link in a letter to the address",
			}},
		})
	}
	if g.Consent, err = record(c.Terms, c.Text); err != nil {
		return nil, err
	}
	values := map[string]json.RawMessage{}
	for id, v := range c.Values {
		if values[id], err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	ans, err := s.Guard.Access(ctx, &gate.Ask{
		Request: gate.Request{Action: register.Collect, Purpose: c.Purpose, Categories: c.Terms.Categories},
		Holder:  org, Asker: org, Subject: subject, Actor: person, Values: values, Reference: f.ID.String(),
	})
	if err != nil {
		return nil, err
	}
	if !ans.Permit {
		denied := fault.New(fault.Denied, "form-denied")
		for _, r := range ans.Codes() {
			denied.Provisions = append(denied.Provisions, ans.ProvisionsOf(r)...)
		}
		return nil, denied
	}
	if c.Marketing == "" {
		return g, nil
	}
	t := consent.Terms{Purposes: []string{c.Marketing}}
	if p := org.Register.Purpose(c.Marketing); p != nil {
		t.Categories = slices.DeleteFunc(slices.Clone(p.Categories), func(id string) bool { return c.Values[id] == "" })
	}
	g.Marketing, err = record(t, c.News)
	return g, err
}
