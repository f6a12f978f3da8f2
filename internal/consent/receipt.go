package consent

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Elements are what a consent says, as Art. 8(4) numbers it. A reader needs
// nothing else to know what was agreed to.
type Elements struct {
	Operator      Named    `json:"operator"`      // 1
	Subject       Named    `json:"subject"`       // 2
	Term          Term     `json:"term"`          // 3
	ThirdParties  []Named  `json:"thirdParties"`  // 4, empty: no transfer
	CrossBorder   []string `json:"crossBorder"`   // 5, countries, empty: none
	PublicSources bool     `json:"publicSources"` // 6
	Data          []Named  `json:"data"`          // 7
	Purposes      []Named  `json:"purposes"`
	Other         Other    `json:"other"` // 8
}

// Named is a thing with its id and its name in the language of the consent.
type Named struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// Term is from when until when; without until it lasts until the purposes are
// reached.
type Term struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty"`
}

// Other is what else the operator set.
type Other struct {
	Retention map[string]string `json:"retention"` // purpose → ISO 8601 period after the end
	Extra     map[string]string `json:"extra,omitempty"`
}

// Evidence is how the receipt of the consent is confirmed.
type Evidence struct {
	Channel  string      `json:"channel"`
	Obtained time.Time   `json:"obtained"`
	Document string      `json:"document,omitempty"`
	TextHash string      `json:"textHash,omitempty"` // of the text the operator showed, where it told us
	Language locale.Lang `json:"language"`
	Text     string      `json:"text"` // that is kept
	Kept     string      `json:"kept"` // its SHA-256
	// Representative gave it for the subject, absent where the subject did.
	Representative *Representative `json:"representative,omitempty"`
	// Signature is what was found of the electronic signature under the text.
	Signature *Signature `json:"signature,omitempty"`
	// Code is the one-time code that Kelisim sent and got back.
	Code *Code `json:"code,omitempty"`
	// Standing is whose word it is: Kelisim's that saw it, or the operator's.
	Standing Standing `json:"standing"`
	Files    []File   `json:"files,omitempty"` // kept sealed beside; the pack has them
}

// View is a consent as its parties see it.
type View struct {
	ID           ident.ID `json:"id"`
	Status       Status   `json:"status"`
	Scopes       []string `json:"scopes"` // what is left of it
	Subject      ident.ID `json:"subject,omitzero"`
	Organization string   `json:"organization"`
	Purposes     []string `json:"purposes"`
	Categories   []string `json:"categories"`
	Register     int      `json:"registerVersion"`
	Elements     Elements `json:"elements"`
	Evidence     Evidence `json:"evidence"`
	// Conditions are the subject's own on what is published; whoever publishes
	// shows them beside the data.
	Conditions []Said   `json:"conditions,omitempty"`
	History    []Change `json:"history"`
}

// View shows a consent whole: all eight elements, evidence, history. The
// subject's id is the one that the operator sees; for a subject it is left out.
func (s *Consents) View(ctx context.Context, c *Consent) (*View, error) {
	return s.ViewIn(ctx, c, locale.Lang(c.Language))
}

// ViewIn is View with the names of things in a language. The text stays in that in
// which it was shown.
func (s *Consents) ViewIn(ctx context.Context, c *Consent, lang locale.Lang) (*View, error) {
	org, err := s.Parties.ByID(ctx, c.Org)
	if err != nil {
		return nil, err
	}
	p, err := s.Proof(ctx, c)
	if err != nil {
		return nil, err
	}
	text, err := s.Store.Text(ctx, c.TextHash)
	if err != nil {
		return nil, err
	}
	reg, err := s.registerOf(ctx, org, c.Register) // what was agreed to, not what is declared today
	if fault.KindOf(err) == fault.NotFound && err != nil {
		reg, err = org.Register, nil
	}
	if err != nil {
		return nil, err
	}
	return &View{
		ID: c.ID, Status: c.StatusAt(s.Now()), Scopes: c.Scopes.Names(), Subject: org.Outside(c.Subject), Organization: org.BIN,
		Purposes: c.Terms.Purposes, Categories: c.Terms.Categories, Register: c.Register,
		Elements: elements(reg, c, p, lang),
		Evidence: Evidence{
			Channel: p.Channel, Obtained: p.Obtained, Document: p.Document, TextHash: p.TextHash,
			Language: text.Language, Text: text.Body, Kept: text.Hash, Representative: p.Representative,
			Signature: p.Signature, Code: p.Code, Standing: p.Standing, Files: p.Files,
		},
		History: c.History, Conditions: c.SaidOf(p),
	}, nil
}

func elements(reg *register.Register, c *Consent, p *Proof, lang locale.Lang) Elements {
	e := Elements{
		Operator: Named{reg.BIN, reg.Name.In(lang)}, Subject: Named{Name: p.Name},
		Term:         Term{From: c.Given},
		ThirdParties: []Named{}, CrossBorder: append([]string{}, c.Terms.Countries...), PublicSources: c.Terms.PublicSources,
		Other: Other{Retention: map[string]string{}, Extra: p.Other},
	}
	if !c.Until.IsZero() {
		e.Term.Until = &c.Until
	}
	for _, id := range c.Terms.Purposes {
		n := Named{id, id}
		if d := reg.Purpose(id); d != nil {
			n.Name = d.Name.In(lang)
			e.Other.Retention[id] = d.Retention.String()
		}
		e.Purposes = append(e.Purposes, n)
	}
	for _, id := range c.Terms.Categories {
		d, _ := reg.Category(id)
		e.Data = append(e.Data, Named{id, d.Name.In(lang)})
	}
	for i, name := range recipientNames(reg, c.Terms, lang) {
		e.ThirdParties = append(e.ThirdParties, Named{c.Terms.ThirdParties[i], name})
	}
	return e
}

// Receipt is the signed proof of a consent (Art. 25(2)5): a verify.Signed with a
// [Receipt].
func (s *Consents) Receipt(ctx context.Context, c *Consent) ([]byte, error) {
	v, err := s.View(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.SignReceipt(v)
}

// SignReceipt signs the receipt of a consent as a view shows it.
func (s *Consents) SignReceipt(v *View) ([]byte, error) {
	doc, err := json.Marshal(newReceipt(v, s.Keys.Log.Name(), s.Now().UTC()))
	if err != nil {
		return nil, err
	}
	return Sign(s.Keys, verify.TypeConsentReceipt, doc)
}

// Sign wraps a JSON document with its signature.
func Sign(keys *seal.Keyring, kind string, doc []byte) ([]byte, error) {
	jws, err := keys.JWS(doc)
	if err != nil {
		return nil, err
	}
	return json.Marshal(&verify.Signed{Type: kind, Document: doc, JWS: jws})
}

// Confirmation is a short-lived token that the consent is in force, for the
// operator or a third party that the consent names (Art. 10(4)). It says no more
// to a third party than the consent allows.
func (s *Consents) Confirmation(ctx context.Context, c *Consent, to *party.Organization) (string, error) {
	org, err := s.Parties.ByID(ctx, c.Org)
	if err != nil {
		return "", err
	}
	now := s.Now()
	if c.StatusAt(now) != Active {
		return "", fault.New(fault.Conflict, "consent-not-active")
	}
	if to.ID != org.ID && (c.Scopes&Transfer == 0 || !slices.Contains(c.Terms.ThirdParties, to.BIN)) {
		return "", fault.New(fault.NotFound, "consent-unknown")
	}
	until := now.Add(verify.MaxConfirmation)
	if !c.Until.IsZero() && c.Until.Before(until) {
		until = c.Until
	}
	claims := verify.Confirmation{
		Claims: jwt.Claims{
			Issuer: s.Keys.Log.Name(), Subject: to.Outside(c.Subject).String(), Audience: jwt.Audience{to.BIN},
			Expiry: jwt.NewNumericDate(until), IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ID: ident.NewID(now).String(),
		},
		Organization: org.BIN, Consent: c.ID.String(), Purposes: c.Terms.Purposes, Categories: c.Terms.Categories,
		Scopes: c.Scopes.Names(), ThirdParties: c.Terms.ThirdParties, Countries: c.Terms.Countries,
	}
	return jwt.Signed(s.Keys.Sign).Claims(&claims).Serialize()
}
