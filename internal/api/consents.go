package api

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/represent"
)

type evidenceBody struct {
	Channel  string    `json:"channel"`
	TextHash string    `json:"textHash,omitempty"`
	Text     string    `json:"text,omitempty"` // the very text shown, where it was not ours
	Language string    `json:"language,omitempty"`
	Document string    `json:"document,omitempty"`
	Obtained time.Time `json:"obtainedAt,omitzero"`
}

// recordedEvidence is how a consent is confirmed: with the papers, scanned, and an
// electronic signature under the text, where there are any.
type recordedEvidence struct {
	evidenceBody
	Files     []fileBody `json:"files,omitempty"`
	Signature []byte     `json:"signature,omitempty"` // CMS
}

type fileBody struct {
	Name    string `json:"name"`
	Content []byte `json:"content"`
}

func (e *recordedEvidence) files() []consent.NewFile {
	var out []consent.NewFile
	for _, f := range e.Files {
		out = append(out, consent.NewFile{Name: f.Name, Content: f.Content})
	}
	return out
}

type consentRequest struct {
	Subject       ident.ID          `json:"subject"`
	Organization  string            `json:"organization,omitempty"` // the caller's own, if named
	Purposes      []string          `json:"purposes"`
	Categories    []string          `json:"categories,omitempty"` // all that the purposes need, if absent
	ThirdParties  []string          `json:"thirdParties,omitempty"`
	Countries     []string          `json:"countries,omitempty"`
	PublicSources bool              `json:"publicSources,omitempty"`
	ValidUntil    time.Time         `json:"validUntil,omitzero"`
	Name          string            `json:"name,omitempty"`
	Message       string            `json:"message,omitempty"`
	Other         map[string]string `json:"other,omitempty"`
	Conditions    []conditionBody   `json:"conditions,omitempty"` // the subject's own, on what is published
	Evidence      recordedEvidence  `json:"evidence"`
	// Representative gave it for the subject.
	Representative *idBody `json:"representative,omitempty"`
}

type consentCreated struct {
	ID     ident.ID       `json:"id"`
	Status consent.Status `json:"status"`
}

// limits of lists, and of texts in bytes.
const (
	maxList  = 200
	maxName  = 400
	maxNote  = 2000
	maxText  = 64 << 10
	maxOther = 32
)

func (c *call) recordConsent(in *consentRequest) (*consentCreated, error) {
	if in.Organization != "" && in.Organization != c.org.BIN {
		return nil, &fault.Error{Kind: fault.Forbidden, Code: "forbidden", Field: "organization"}
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	other := in.Other
	if in.Message != "" {
		if other == nil {
			other = map[string]string{}
		}
		other["message"] = in.Message
	}
	n := &consent.New{
		Subject: in.Subject, Until: in.ValidUntil, Language: locale.Lang(in.Evidence.Language), Name: in.Name,
		Text: in.Evidence.Text, Actor: c.actor(), Conditions: toConditions(in.Conditions),
		Files: in.Evidence.files(), CMS: in.Evidence.Signature,
		Terms: consent.Terms{
			Purposes: in.Purposes, Categories: in.Categories, ThirdParties: in.ThirdParties, Countries: in.Countries, PublicSources: in.PublicSources,
		},
		Proof: consent.Proof{
			Channel: in.Evidence.Channel, TextHash: in.Evidence.TextHash, Document: in.Evidence.Document, Obtained: in.Evidence.Obtained, Other: other,
		},
	}
	if in.Representative != nil {
		n.Recorder, n.Actor = n.Actor, represent.Actor(in.Representative.ID)
	}
	got, err := c.Consents.Record(c.ctx(), c.org, n)
	if in.Evidence.Signature != nil {
		err = underSignature(err)
	}
	if fault.Is(err, "representation-unknown") || fault.Is(err, "representation-scope") {
		err = under("representative.id", err)
	}
	if err != nil {
		return nil, err
	}
	return &consentCreated{got.ID, got.Status}, nil
}

// underSignature names the field where the signature is at fault.
func underSignature(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || !strings.HasPrefix(f.Code, "signature-") && f.Field != "signature" {
		return err
	}
	c := *f
	c.Field = "evidence.signature"
	return &c
}

func (in *consentRequest) check() error {
	for name, l := range map[string][]string{"purposes": in.Purposes, "categories": in.Categories, "thirdParties": in.ThirdParties, "countries": in.Countries} {
		if len(l) > maxList {
			return fault.Bad(name, "too-many-items", "max", maxList)
		}
	}
	if len(in.Conditions) > maxList {
		return fault.Bad("conditions", "too-many-items", "max", maxList)
	}
	if in.Subject.IsZero() {
		return fault.Bad("subject", "missing-field")
	}
	if in.Representative != nil && in.Representative.ID.IsZero() {
		return fault.Bad("representative.id", "missing-field")
	}
	if in.Evidence.Signature != nil && in.Evidence.Channel != consent.Signed {
		return fault.Bad("evidence.channel", "bad-enum", "allowed", consent.Signed)
	}
	if err := in.checkTexts(); err != nil {
		return err
	}
	switch locale.Lang(in.Evidence.Language) {
	case "", locale.KK, locale.RU, locale.EN:
		return nil
	}
	return fault.Bad("evidence.language", "bad-enum", "allowed", "kk, ru, en")
}

func (in *consentRequest) checkTexts() error {
	for _, x := range []struct {
		field, text string
		max         int
	}{
		{"name", in.Name, maxName},
		{"message", in.Message, maxNote},
		{"evidence.document", in.Evidence.Document, maxNote},
		{"evidence.text", in.Evidence.Text, maxText},
	} {
		if len(x.text) > x.max {
			return fault.Bad(x.field, "too-long", "max", x.max)
		}
	}
	if strings.Contains(in.Evidence.Text, "\x00") { // kept as it is, and no database keeps that
		return fault.Bad("evidence.text", "bad-request")
	}
	if len(in.Other) > maxOther {
		return fault.Bad("other", "too-many-items", "max", maxOther)
	}
	for name, text := range in.Other {
		if len(name) > maxName || len(text) > maxNote {
			return fault.Bad("other", "too-long", "max", maxNote)
		}
	}
	return nil
}

// summary is a consent in a list.
type summary struct {
	ID            ident.ID         `json:"id"`
	Subject       ident.ID         `json:"subject,omitzero"`
	Organization  string           `json:"organization"`
	Status        consent.Status   `json:"status"`
	Scopes        []string         `json:"scopes"`
	Purposes      []string         `json:"purposes"`
	Categories    []string         `json:"categories"`
	ThirdParties  []string         `json:"thirdParties"`
	Countries     []string         `json:"countries"`
	PublicSources bool             `json:"publicSources"`
	GivenAt       time.Time        `json:"givenAt"`
	ValidUntil    *time.Time       `json:"validUntil,omitempty"`
	History       []consent.Change `json:"history"`
	// Stops and GoesOn stand in the answer to a withdrawal or a narrowing.
	Stops  *stopsBody   `json:"stops,omitempty"`
	GoesOn []goesOnBody `json:"goesOn,omitempty"`
}

func (c *call) summarize(x *consent.Consent, forSubject bool) (summary, error) {
	o, err := c.Parties.ByID(c.ctx(), x.Org)
	if err != nil {
		return summary{}, err
	}
	s := summary{
		ID: x.ID, Organization: o.BIN, Status: x.StatusAt(c.Now()), Scopes: x.Scopes.Names(),
		Purposes: x.Terms.Purposes, Categories: x.Terms.Categories, ThirdParties: x.Terms.ThirdParties, Countries: x.Terms.Countries,
		PublicSources: x.Terms.PublicSources, GivenAt: x.Given, History: x.History,
	}
	if !forSubject {
		s.Subject = o.Outside(x.Subject)
	}
	if !x.Until.IsZero() {
		s.ValidUntil = &x.Until
	}
	return s, nil
}

func (c *call) listConsents() (*paged[summary], error) {
	q := c.r.URL.Query()
	f := consent.Filter{Org: c.org.ID, Purpose: q.Get("purpose")}
	if v := q.Get("subject"); v != "" {
		id, err := ident.ParseID(v)
		if err != nil {
			return nil, under("subject", err)
		}
		f.Subject = c.inside(id)
	}
	return c.consentPage(f)
}

func (c *call) consentPage(f consent.Filter) (*paged[summary], error) {
	q := c.r.URL.Query()
	var err error
	if f.Limit, f.After, err = c.cursor(); err != nil {
		return nil, err
	}
	if v := q.Get("status"); v != "" {
		if f.Status = consent.Status(v); !slices.Contains(consent.Statuses, f.Status) {
			return nil, fault.Bad("status", "bad-enum", "allowed", "active, paused, withdrawn, expired, superseded, ended")
		}
	}
	if f.Purpose != "" && !plainID(f.Purpose) {
		return nil, fault.Bad("purpose", "purpose-unknown")
	}
	want := f.Limit
	f.Now, f.Limit = c.Now(), want+1
	list, err := c.Consents.Store.Consents(c.ctx(), f)
	if err != nil {
		return nil, err
	}
	out := &paged[summary]{Items: []summary{}}
	for i := range list {
		if i == want {
			out.Next = list[i-1].ID.String()
			break
		}
		s, err := c.summarize(&list[i], c.caller.Role == account.Subject)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, s)
	}
	return out, nil
}

// plainID reports whether s has the form of a register's id.
func plainID(s string) bool {
	for _, r := range s {
		if r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return len(s) <= 64
}

// cursor reads limit and after.
func (c *call) cursor() (int, ident.ID, error) {
	limit, err := c.limit()
	if err != nil {
		return 0, ident.ID{}, err
	}
	var after ident.ID
	if v := c.r.URL.Query().Get("after"); v != "" {
		var err error
		if after, err = ident.ParseID(v); err != nil {
			return 0, after, under("after", err)
		}
	}
	return limit, after, nil
}

// limit is how many items a page is to have.
func (c *call) limit() (int, error) {
	v := c.r.URL.Query().Get("limit")
	if v == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 200 {
		return 0, fault.Bad("limit", "out-of-range", "min", 1, "max", 200)
	}
	return n, nil
}

// consent finds the consent of the path, if the caller is a party to it.
func (c *call) consent() (*consent.Consent, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	x, err := c.Consents.Store.Consent(c.ctx(), id)
	if err != nil {
		return nil, err
	}
	switch {
	case c.caller.Role == account.Subject && x.Subject == c.person() && c.way.Sees(x.Org):
	case c.org != nil && x.Org == c.org.ID && c.caller.Role != account.ThirdParty:
	case c.org != nil && slices.Contains(x.Terms.ThirdParties, c.org.BIN) && x.Scopes&consent.Transfer != 0:
	default:
		return nil, fault.New(fault.NotFound, "consent-unknown")
	}
	return x, nil
}

func (c *call) view(ctx context.Context, x *consent.Consent) (*consent.View, error) {
	v, err := c.Consents.View(ctx, x)
	if err != nil {
		return nil, err
	}
	switch {
	case c.caller.Role == account.Subject:
		v.Subject = ident.ID{}
	case c.org.ID != x.Org:
		c.forThird(x)(v)
	}
	return v, nil
}

// consentBody is a consent whole, with who confirmed that they know of the newest
// that happened to it. A third party sees no other's.
type consentBody struct {
	*consent.View
	Deliveries []deliveredBody `json:"deliveries,omitempty"`
}

func (c *call) getConsent() (*consentBody, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	v, err := c.view(c.ctx(), x)
	if err != nil {
		return nil, err
	}
	b := &consentBody{View: v}
	if c.org != nil && c.org.ID != x.Org {
		return b, nil
	}
	holder, err := c.Parties.ByID(c.ctx(), x.Org)
	if err != nil {
		return nil, err
	}
	told, err := c.Outbox.ToldOf(c.ctx(), x.Subject, x.ID, holder, x.Terms.ThirdParties)
	for _, t := range told {
		b.Deliveries = append(b.Deliveries, deliveredBody{t.BIN, t.Event, t.Status, orNil(t.At), t.Late})
	}
	return b, err
}

// forThird leaves of a consent what a third party may have: it knows the subject by
// its own id, and not how the operator proved it.
func (c *call) forThird(x *consent.Consent) func(*consent.View) {
	if c.org == nil || c.org.ID == x.Org {
		return nil
	}
	return func(v *consent.View) {
		v.Subject = c.org.Outside(x.Subject)
		v.Evidence.Document, v.Evidence.Representative, v.Evidence.Signature, v.Evidence.Code, v.Evidence.Files = "", nil, nil, nil, nil
	}
}

type withdrawRequest struct {
	Scopes       []string      `json:"scopes,omitempty"`
	Purposes     []string      `json:"purposes,omitempty"`     // these alone
	ThirdParties []string      `json:"thirdParties,omitempty"` // these alone, by BIN
	Countries    []string      `json:"countries,omitempty"`    // these alone
	Reason       string        `json:"reason,omitempty"`
	Evidence     *evidenceBody `json:"evidence,omitempty"`
}

// part is what the demand names; the whole consent where it names nothing.
func (in *withdrawRequest) part() (p consent.Part, err error) {
	for name, l := range map[string][]string{"purposes": in.Purposes, "thirdParties": in.ThirdParties, "countries": in.Countries} {
		if len(l) > maxList {
			return p, fault.Bad(name, "too-many-items", "max", maxList)
		}
	}
	p = consent.Part{Purposes: in.Purposes, ThirdParties: in.ThirdParties, Countries: in.Countries}
	if len(in.Scopes) > 0 || len(in.Purposes)+len(in.ThirdParties)+len(in.Countries) == 0 {
		p.Scopes, err = consent.ParseScopes(in.Scopes)
	}
	return p, err
}

func (c *call) withdrawConsent(in *withdrawRequest) (*summary, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	// An organization withdraws only on the subject's written demand.
	if c.caller.Role != account.Subject && (in.Evidence == nil || in.Evidence.Document == "") {
		return nil, fault.Bad("evidence.document", "demand-absent")
	}
	if in.Evidence != nil && len(in.Evidence.Document) > maxNote/2 {
		return nil, fault.Bad("evidence.document", "too-long", "max", maxNote/2)
	}
	part, err := in.part()
	if err != nil {
		return nil, err
	}
	d := &consent.Demand{Part: part, Reason: in.Reason}
	if in.Evidence != nil && in.Evidence.Document != "" {
		d.Reason += " [" + in.Evidence.Document + "]"
		d.Arrived = in.Evidence.Obtained
	}
	by, err := c.actingWith(x.Org)
	if err != nil {
		return nil, err
	}
	n, err := c.Consents.WithdrawPart(c.ctx(), x.ID, d, by)
	if err != nil {
		return nil, c.barred(err)
	}
	c.settle(x.Subject, x.Org)
	return c.withdrawn(x, n)
}

func (c *call) changed(x *consent.Consent, err error) (*summary, error) {
	if err != nil {
		return nil, err
	}
	s, err := c.summarize(x, c.caller.Role == account.Subject)
	return &s, err
}

func (c *call) pauseConsent(*nothing) (*summary, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(x.Org)
	if err != nil {
		return nil, err
	}
	n, err := c.Consents.Pause(c.ctx(), x.ID, by)
	return c.changed(n, c.barred(err))
}

func (c *call) resumeConsent(*nothing) (*summary, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(x.Org)
	if err != nil {
		return nil, err
	}
	return c.changed(c.Consents.Resume(c.ctx(), x.ID, by))
}

func (c *call) consentConfirmation() (*raw, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	t, err := c.Consents.Confirmation(c.ctx(), x, c.org)
	if err != nil {
		return nil, err
	}
	return &raw{"application/jwt", []byte(t)}, nil
}
