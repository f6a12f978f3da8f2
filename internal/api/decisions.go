package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	v2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
	"kelisim/verify"
)

type groundBody struct {
	Provision string `json:"provision"`
	Document  string `json:"document,omitempty"`
	// Date is that of the document, and Since how old the oldest of the data is:
	// a ground may reach back only so far from its document.
	Date  string `json:"date,omitempty"`
	Since string `json:"since,omitempty"`
}

type actorBody struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"` // a pseudonym, never a name
}

type decisionRequest struct {
	Subject      ident.ID    `json:"subject"`
	Organization string      `json:"organization,omitempty"` // BIN of the holder, for a third party
	Base         string      `json:"base,omitempty"`
	FromBase     string      `json:"fromBase,omitempty"` // where the data is taken from, if it is another
	Action       string      `json:"action"`
	Purpose      string      `json:"purpose,omitempty"`
	Categories   []string    `json:"categories,omitempty"`
	Ground       *groundBody `json:"ground,omitempty"`
	// CrossBorderGround stands in for consent to the crossing of the border alone,
	// Art. 16(3).
	CrossBorderGround *groundBody `json:"crossBorderGround,omitempty"`
	// AffectsOthers: publication would touch somebody else's lawful interests.
	AffectsOthers bool   `json:"affectsOthers,omitempty"`
	Recipient     string `json:"recipient,omitempty"`
	Country       string `json:"country,omitempty"`
	Reference     string `json:"reference,omitempty"`
	// Role of the subject in the event: primary, or incidental beside another.
	Role  string     `json:"role,omitempty"`
	Actor *actorBody `json:"actor,omitempty"`
}

type accessRequest struct {
	decisionRequest
	Values map[string]json.RawMessage `json:"values,omitempty"`
}

type decisionReason struct {
	Provision  string   `json:"provision"`
	Provisions []string `json:"provisions"`
	Code       string   `json:"code"`
	Text       string   `json:"text"`
	Hint       string   `json:"hint,omitempty"`
}

type obligation struct {
	Kind      string    `json:"kind"`
	Provision string    `json:"provision"`
	Due       time.Time `json:"due"`
}

type receiptBody struct {
	Leaf    string         `json:"leaf"`
	Promise verify.Promise `json:"promise"`
}

type decisionBody struct {
	ID          ident.ID                   `json:"id"`
	Decision    string                     `json:"decision"`
	Reasons     []decisionReason           `json:"reasons"`
	Obligations []obligation               `json:"obligations"`
	Consent     ident.ID                   `json:"consent,omitzero"`
	Receipt     receiptBody                `json:"receipt"`
	Data        map[string]json.RawMessage `json:"data,omitempty"`
	Destruction *vault.Destruction         `json:"destruction,omitempty"`
}

// ask checks the form of a request and finds who holds the data.
func (c *call) ask(in *decisionRequest) (*gate.Ask, error) {
	action, ok := register.ParseAction(in.Action)
	switch {
	case in.Subject.IsZero():
		return nil, fault.Bad("subject", "missing-field")
	case in.Action == "":
		return nil, fault.Bad("action", "missing-field")
	case !ok:
		return nil, fault.Bad("action", "bad-enum", "allowed", actionNames)
	case len(in.Categories) > maxList:
		return nil, fault.Bad("categories", "too-many-items", "max", maxList)
	}
	for name, s := range map[string]string{"purpose": in.Purpose, "base": in.Base, "fromBase": in.FromBase} {
		if !plainID(s) {
			return nil, fault.Bad(name, "bad-name")
		}
	}
	for i, s := range in.Categories {
		if !plainID(s) {
			return nil, fault.Bad(fmt.Sprintf("categories[%d]", i), "bad-name")
		}
	}
	if len(in.Reference) > 200 {
		return nil, fault.Bad("reference", "too-long", "max", 200)
	}
	a := &gate.Ask{
		Request: gate.Request{
			Base: in.Base, FromBase: in.FromBase, Action: action, Purpose: in.Purpose, Categories: in.Categories,
			Recipient: in.Recipient, HurtsOther: in.AffectsOthers,
		},
		Holder: c.org, Asker: c.org, Subject: in.Subject, Actor: c.actor(), Reference: in.Reference,
	}
	switch in.Role {
	case "", "primary":
	case verify.RoleIncidental:
		a.Role = in.Role
	default:
		return nil, fault.Bad("role", "bad-enum", "allowed", "primary, incidental")
	}
	if err := c.onward(in, a); err != nil {
		return nil, err
	}
	return a, c.third(in, a)
}

var actionNames = func() string {
	s := ""
	for i, a := range register.AllActions() {
		if i > 0 {
			s += ", "
		}
		s += a.String()
	}
	return s
}()

// onward fills recipient, country, ground and actor.
func (c *call) onward(in *decisionRequest, a *gate.Ask) error {
	if in.Recipient != "" {
		v, err := c.Parties.Rules.NormaliseOrg(in.Recipient)
		if err != nil {
			return under("recipient", err)
		}
		a.Recipient = v
	}
	if in.Country != "" {
		v, err := ident.Country(in.Country)
		if err != nil {
			return under("country", err)
		}
		a.Country = v
	}
	if err := in.grounds(a); err != nil {
		return err
	}
	if in.Actor == nil {
		return nil
	}
	switch in.Actor.Kind {
	case "person", "system", "subject", "bulk":
	default:
		return fault.Bad("actor.kind", "bad-enum", "allowed", "person, system, subject, bulk")
	}
	if len(in.Actor.ID) > 100 {
		return fault.Bad("actor.id", "too-long", "max", 100)
	}
	a.Actor = verify.Actor{Kind: in.Actor.Kind, ID: in.Actor.ID}
	return nil
}

// grounds reads what is claimed instead of consent.
func (in *decisionRequest) grounds(a *gate.Ask) (err error) {
	if g := in.CrossBorderGround; g != nil {
		if err := g.check("crossBorderGround"); err != nil {
			return err
		}
		a.Crossing, a.Permission = law.Provision(g.Provision), g.Document
	}
	g := in.Ground
	if g == nil {
		return nil
	}
	if err := g.check("ground"); err != nil {
		return err
	}
	a.Ground, a.Document = law.Provision(g.Provision), g.Document
	if a.Dated, err = day("ground.date", g.Date); err != nil {
		return err
	}
	a.Since, err = day("ground.since", g.Since)
	return err
}

func (g *groundBody) check(field string) error {
	if g.Provision == "" {
		return fault.Bad(field+".provision", "missing-field")
	}
	if len(g.Provision) > 40 || len(g.Document) > 500 {
		return fault.Bad(field, "too-long", "max", 500)
	}
	return nil
}

// day reads a date of Kazakhstan, or a moment; nothing where there is none.
func day(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, locale.Zone()); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fault.Bad(field, "bad-date")
	}
	return t, nil
}

// third: who asks for another's data names the holder and is the recipient.
func (c *call) third(in *decisionRequest, a *gate.Ask) error {
	if c.caller.Role != account.ThirdParty {
		if in.Organization != "" && in.Organization != c.org.BIN {
			return &fault.Error{Kind: fault.Forbidden, Code: "forbidden", Field: "organization"}
		}
		return nil
	}
	if in.Organization == "" {
		return fault.Bad("organization", "missing-field")
	}
	bin, err := c.Parties.Rules.NormaliseOrg(in.Organization)
	if err != nil {
		return under("organization", err)
	}
	h, err := c.Parties.Organization(c.ctx(), bin)
	if err != nil {
		return under("organization", err)
	}
	a.Holder, a.Recipient = h, c.org.BIN
	switch a.Action {
	case register.View, register.Use, register.Access, register.Transfer:
		return nil
	}
	return fault.Bad("action", "third-party-action")
}

func (c *call) decide(in *decisionRequest) (*raw, error) {
	a, err := c.ask(in)
	if err != nil {
		return nil, err
	}
	ans, err := c.Guard.Decide(c.ctx(), a)
	if err != nil {
		return nil, err
	}
	b, err := c.appendDecision(make([]byte, 0, 1536), ans)
	return &raw{"application/json", b}, err
}

type batchRequest struct {
	Decisions batch[decisionRequest] `json:"decisions"`
}

// MaxBatch is how many decisions one call may ask for.
const MaxBatch = 1000

// batch is read only as far as it may be long: a list of a million empty items
// is a small body and a large list.
type batch[T any] []T

// UnmarshalJSONFrom stops at the first item too many.
func (l *batch[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '[' {
		return v2.UnmarshalDecode(d, (*[]T)(l)) // says what is wrong with it
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if len(*l) == MaxBatch {
			return fault.New(fault.Invalid, "too-many-items", "max", MaxBatch)
		}
		*l = append(*l, *new(T))
		if err := v2.UnmarshalDecode(d, &(*l)[len(*l)-1]); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (c *call) decideBatch(in *batchRequest) (*raw, error) {
	if len(in.Decisions) == 0 {
		return nil, fault.Bad("decisions", "missing-field")
	}
	asks := make([]*gate.Ask, len(in.Decisions))
	for i := range in.Decisions {
		a, err := c.ask(&in.Decisions[i])
		if err != nil {
			return nil, under(fmt.Sprintf("decisions[%d]", i), err)
		}
		asks[i] = a
	}
	answers, err := c.Guard.DecideAll(c.ctx(), asks)
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, 1024*len(answers)), `{"items":[`...)
	for i, ans := range answers {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = c.appendDecision(b, ans); err != nil {
			return nil, err
		}
	}
	return &raw{"application/json", append(b, "]}"...)}, nil
}

func (c *call) access(in *accessRequest) (*decisionBody, error) {
	a, err := c.ask(&in.decisionRequest)
	if err != nil {
		return nil, err
	}
	for category := range in.Values {
		if !plainID(category) {
			return nil, fault.Bad("values", "bad-name")
		}
	}
	a.Values = in.Values
	ans, err := c.Guard.Access(c.ctx(), a)
	if err != nil {
		return nil, unnamed(a.Holder, err)
	}
	b, err := c.decisionBody(ans)
	if err != nil {
		return nil, err
	}
	if !ans.Permit {
		return nil, c.denied(b)
	}
	return b, nil
}

// unnamed keeps out of an error the name of a category that the organization
// does not have: a caller may have written data in its place.
func unnamed(o *party.Organization, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	category, ok := strings.CutPrefix(f.Field, "values.")
	if !ok {
		return err
	}
	if o.Register != nil {
		if _, known := o.Register.Category(category); known {
			return err
		}
	}
	shown := *f
	shown.Field = "values"
	return &shown
}

// unchanging reports whether a request to the vault leaves it as it is: to
// repeat it is to decide anew, not to show old data once more.
func unchanging(body []byte) bool {
	var in struct {
		Action string `json:"action"`
	}
	if json.Unmarshal(body, &in) != nil {
		return false
	}
	a, ok := register.ParseAction(in.Action)
	switch a {
	case register.Collect, register.Accumulate, register.Change, register.Supplement, register.Block, register.Unblock, register.Destroy, register.Depersonalise:
		return false
	default:
		return ok
	}
}

// denied is a refusal of the gate as a problem: it was journaled.
func (c *call) denied(b *decisionBody) error {
	return &problem{
		Type: "about:blank", Status: http.StatusForbidden, Code: "denied", Title: locale.Text(c.lang, "error.denied"),
		Decision: b.Decision, Reasons: b.Reasons, ID: b.ID.String(), Receipt: b.Receipt,
	}
}

func (c *call) decisionBody(ans *gate.Answer) (*decisionBody, error) {
	p, err := ans.Landed.Promise(c.Keys.Log)
	if err != nil {
		return nil, err
	}
	b := &decisionBody{
		ID: ans.ID, Decision: "deny", Reasons: c.reasons(ans), Obligations: []obligation{}, Consent: ans.Consent,
		Receipt: receiptBody{Leaf: base64.StdEncoding.EncodeToString(p.Leaf[:]), Promise: p}, Data: ans.Data, Destruction: ans.Destroyed,
	}
	if ans.Permit {
		b.Decision = "permit"
	}
	for _, o := range ans.Owes {
		b.Obligations = append(b.Obligations, obligation{o.Kind, string(o.Provision), o.Due.UTC()})
	}
	return b, nil
}

func (c *call) reasons(ans *gate.Answer) []decisionReason {
	out := make([]decisionReason, 0, len(ans.Codes()))
	for _, code := range ans.Codes() {
		r := ans.Edition.Reason(code)
		x := decisionReason{Code: code.String(), Provisions: ans.ProvisionsOf(code), Text: locale.Text(c.lang, r.TextKey)}
		if len(x.Provisions) > 0 {
			x.Provision = x.Provisions[0]
		}
		if !code.Permits() {
			x.Hint = locale.Text(c.lang, r.TextKey+".hint")
		}
		out = append(out, x)
	}
	return out
}

// appendDecision writes a decision without data: the hottest answer there is,
// so it is put together by hand. Only ids, codes and our own texts are in it.
func (c *call) appendDecision(b []byte, ans *gate.Answer) ([]byte, error) {
	b = append(b, `{"id":"`...)
	b = ans.ID.AppendTo(b)
	if ans.Permit {
		b = append(b, `","decision":"permit",`...)
	} else {
		b = append(b, `","decision":"deny",`...)
	}
	return c.appendGrounds(b, ans)
}

// appendGrounds ends the object of a decision with what it rests on and what
// proves it.
func (c *call) appendGrounds(b []byte, ans *gate.Answer) ([]byte, error) {
	p, err := ans.Landed.Promise(c.Keys.Log)
	if err != nil {
		return nil, err
	}
	b = append(b, `"reasons":[`...)
	for i, code := range ans.Codes() {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.appendReason(b, ans, code)
	}
	b = append(b, `],"obligations":[`...)
	for i, o := range ans.Owes {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"kind":%q,"provision":%q,"due":%q}`, o.Kind, o.Provision, o.Due.UTC().Format(time.RFC3339))
	}
	b = append(b, ']')
	if !ans.Consent.IsZero() {
		b = append(b, `,"consent":"`...)
		b = append(ans.Consent.AppendTo(b), '"')
	}
	b = append(b, `,"receipt":{"leaf":"`...)
	b = base64.StdEncoding.AppendEncode(b, p.Leaf[:])
	b = append(b, `","promise":{"index":`...)
	b = fmt.Append(b, p.Index)
	b = append(b, `,"proof":[`...)
	for i, h := range p.Proof {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, h[:])
		b = append(b, '"')
	}
	b = append(b, `],"note":`...)
	b = appendText(b, p.Note)
	return append(b, "}}}"...), nil
}

func (c *call) appendReason(b []byte, ans *gate.Answer, code law.ReasonCode) []byte {
	r := ans.Edition.Reason(code)
	ps := ans.ProvisionsOf(code)
	b = append(b, `{"provision":`...)
	if len(ps) > 0 {
		b = appendText(b, ps[0])
	} else {
		b = append(b, `""`...)
	}
	b = append(b, `,"provisions":[`...)
	for i, p := range ps {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, p)
	}
	b = append(b, `],"code":`...)
	b = appendText(b, code.String())
	b = append(b, `,"text":`...)
	b = appendText(b, locale.Text(c.lang, r.TextKey))
	if !code.Permits() {
		b = append(b, `,"hint":`...)
		b = appendText(b, locale.Text(c.lang, r.TextKey+".hint"))
	}
	return append(b, '}')
}

// appendText quotes s as JSON; our texts rarely need an escape.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch ch := s[i]; {
		case ch == '"' || ch == '\\':
			b = append(b, '\\', ch)
		case ch == '\n':
			b = append(b, '\\', 'n')
		case ch < 0x20:
			b = fmt.Appendf(b, `\u%04x`, ch)
		default:
			b = append(b, ch)
		}
	}
	return append(b, '"')
}
