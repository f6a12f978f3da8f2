package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/register"
)

// The same decisions as a Policy Decision Point of the OpenID AuthZEN
// Authorization API 1.0. Its words are not ours: a subject there is who accesses
// (our actor), the resource is the person's data (our subject).

// principal is who accesses.
type principal struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"` // a pseudonym, never a name
	Properties map[string]any `json:"properties,omitempty"`
}

// resource is the data of a person, whom the caller knows by this id.
type resource struct {
	Type       string             `json:"type"`
	ID         ident.ID           `json:"id"`
	Properties resourceProperties `json:"properties,omitzero"`
}

type resourceProperties struct {
	Organization string   `json:"organization,omitempty"` // BIN of the holder, for a third party
	Base         string   `json:"base,omitempty"`
	Categories   []string `json:"categories,omitempty"`
	_            struct{} `additionalProperties:"true"`
}

type deed struct {
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties,omitempty"`
}

type circumstances struct {
	Purpose   string      `json:"purpose,omitempty"`
	Ground    *groundBody `json:"ground,omitempty"`
	Recipient string      `json:"recipient,omitempty"`
	Country   string      `json:"country,omitempty"`
	Reference string      `json:"reference,omitempty"`
	_         struct{}    `additionalProperties:"true"`
}

// evaluation is one question. Pointers, because a batch fills in what is absent.
type evaluation struct {
	Subject  *principal     `json:"subject,omitempty"`
	Resource *resource      `json:"resource,omitempty"`
	Action   *deed          `json:"action,omitempty"`
	Context  *circumstances `json:"context,omitempty"`
	_        struct{}       `additionalProperties:"true"`
}

type evaluationsRequest struct {
	evaluation
	Evaluations batch[evaluation] `json:"evaluations,omitempty"`
	Options     evaluationOptions `json:"options,omitzero"`
	_           struct{}          `additionalProperties:"true"`
}

type evaluationOptions struct {
	Semantic string   `json:"evaluations_semantic,omitempty"`
	_        struct{} `additionalProperties:"true"`
}

// evaluationBody and evaluationsBody are answers, for the description: those
// that go out are put together by hand.
type evaluationBody struct {
	Decision bool            `json:"decision"`
	Context  evaluationProof `json:"context"`
}

type evaluationProof struct {
	ID          ident.ID         `json:"id,omitzero"` // of the journal entry
	Reasons     []decisionReason `json:"reasons,omitempty"`
	Obligations []obligation     `json:"obligations,omitempty"`
	Consent     ident.ID         `json:"consent,omitzero"`
	Receipt     *receiptBody     `json:"receipt,omitempty"`
	Error       *evaluationError `json:"error,omitempty"` // in a batch: nothing could be decided, so no
}

type evaluationError struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type evaluationsBody struct {
	Evaluations []evaluationBody `json:"evaluations,omitempty"`
	Decision    *bool            `json:"decision,omitempty"` // these two where no batch was asked for
	Context     *evaluationProof `json:"context,omitempty"`
}

// personalData is the type of the only resource there is.
const personalData = "personal-data"

// principals are the types of those who access, by our kinds of actors.
var principals = map[string]string{"person": "person", "user": "person", "system": "system", "bulk": "bulk", "subject": "subject"}

const principalNames = "person, user, system, bulk, subject"

// asked makes a route of AuthZEN: it ignores names that it does not know, as
// "Transport" of the specification says, where all else here refuses them.
func asked[In any](path, summary string, fn func(c *call, in *In) (*raw, error)) route {
	r := post(path, "AuthZEN", summary, askers, http.StatusOK, fn)
	r.serve = func(c *call) (any, error) {
		in := new(In)
		if err := decode(c.body, in, json.RejectUnknownMembers(false)); err != nil {
			return nil, err
		}
		return fn(c, in)
	}
	return r
}

func (c *call) evaluate(in *evaluation) (*raw, error) {
	a, err := c.question(in)
	if err != nil {
		return nil, err
	}
	ans, err := c.Guard.Decide(c.ctx(), a)
	if err != nil {
		return nil, err
	}
	b, err := c.appendEvaluation(make([]byte, 0, 1536), ans)
	return &raw{"application/json", b}, err
}

func (c *call) evaluateAll(in *evaluationsRequest) (*raw, error) {
	last, err := in.Options.last()
	if err != nil {
		return nil, err
	}
	if len(in.Evaluations) == 0 {
		return c.evaluate(&in.evaluation)
	}
	asks := make([]*gate.Ask, len(in.Evaluations))
	for i := range in.Evaluations {
		a, err := c.question(in.Evaluations[i].or(&in.evaluation))
		if err != nil {
			return nil, under(fmt.Sprintf("evaluations[%d]", i), err)
		}
		asks[i] = a
	}
	b := append(make([]byte, 0, 1024*len(asks)), `{"evaluations":[`...)
	if last == nil {
		b, err = c.executeAll(b, asks)
	} else {
		b, err = c.oneByOne(b, asks, last)
	}
	return &raw{"application/json", append(b, "]}"...)}, err
}

// last tells after which answer to stop; nil for never.
func (o *evaluationOptions) last() (func(permit bool) bool, error) {
	switch o.Semantic {
	case "", "execute_all":
		return nil, nil //nolint:nilnil // never is an answer
	case "deny_on_first_deny":
		return func(permit bool) bool { return !permit }, nil
	case "permit_on_first_permit":
		return func(permit bool) bool { return permit }, nil
	}
	return nil, fault.Bad("options.evaluations_semantic", "bad-enum", "allowed", "execute_all, deny_on_first_deny, permit_on_first_permit")
}

// executeAll decides all at once. One person whom nobody knows would fail all of
// them; then each is asked apart.
func (c *call) executeAll(b []byte, asks []*gate.Ask) ([]byte, error) {
	answers, err := c.Guard.DecideAll(c.ctx(), asks)
	if fault.Is(err, "subject-unknown") {
		return c.oneByOne(b, asks, func(bool) bool { return false })
	}
	if err != nil {
		return nil, err
	}
	for i, ans := range answers {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = c.appendEvaluation(b, ans); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// oneByOne decides in order and no further than last says: what was not asked is
// not journaled. Nothing is decided about a person whom nobody knows: that is a
// no with its error inside, and nothing to journal.
func (c *call) oneByOne(b []byte, asks []*gate.Ask, last func(permit bool) bool) ([]byte, error) {
	for i, a := range asks {
		if i > 0 {
			b = append(b, ',')
		}
		ans, err := c.Guard.Decide(c.ctx(), a)
		permit := false
		switch {
		case fault.Is(err, "subject-unknown"):
			b, err = c.appendUnknown(b, err)
		case err == nil:
			permit = ans.Permit
			b, err = c.appendEvaluation(b, ans)
		}
		if err != nil {
			return nil, err
		}
		if last(permit) {
			break
		}
	}
	return b, nil
}

// or fills in what is absent from the defaults of a batch, each part whole.
func (e *evaluation) or(d *evaluation) *evaluation {
	if e.Subject == nil {
		e.Subject = d.Subject
	}
	if e.Resource == nil {
		e.Resource = d.Resource
	}
	if e.Action == nil {
		e.Action = d.Action
	}
	if e.Context == nil {
		e.Context = d.Context
	}
	return e
}

// question turns an evaluation into ours.
func (c *call) question(e *evaluation) (*gate.Ask, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	in := &decisionRequest{
		Subject: e.Resource.ID, Action: e.Action.Name,
		Organization: e.Resource.Properties.Organization, Base: e.Resource.Properties.Base, Categories: e.Resource.Properties.Categories,
		Actor: &actorBody{principals[e.Subject.Type], e.Subject.ID},
	}
	if x := e.Context; x != nil {
		in.Purpose, in.Ground, in.Recipient, in.Country, in.Reference = x.Purpose, x.Ground, x.Recipient, x.Country, x.Reference
	}
	a, err := c.ask(in)
	if err != nil {
		return nil, inTheirWords(err)
	}
	if len(a.Categories) == 0 && !register.Duties.Has(a.Action) {
		// A misspelt name is ignored here: it must not make the question smaller.
		return nil, fault.Bad("resource.properties.categories", "missing-field")
	}
	return a, nil
}

// check looks for what the specification requires.
func (e *evaluation) check() error {
	switch {
	case e.Subject == nil:
		return fault.Bad("subject", "missing-field")
	case e.Resource == nil:
		return fault.Bad("resource", "missing-field")
	case e.Action == nil:
		return fault.Bad("action", "missing-field")
	case e.Subject.Type == "":
		return fault.Bad("subject.type", "missing-field")
	case principals[e.Subject.Type] == "":
		return fault.Bad("subject.type", "bad-enum", "allowed", principalNames)
	case e.Subject.ID == "":
		return fault.Bad("subject.id", "missing-field")
	case e.Resource.Type == "":
		return fault.Bad("resource.type", "missing-field")
	case e.Resource.Type != personalData:
		return fault.Bad("resource.type", "bad-enum", "allowed", personalData)
	}
	return nil
}

// theirs is where our fields stand in an evaluation.
var theirs = [...]struct{ ours, theirs string }{
	{"subject", "resource.id"},
	{"action", "action.name"},
	{"actor.id", "subject.id"},
	{"organization", "resource.properties.organization"},
	{"base", "resource.properties.base"},
	{"categories", "resource.properties.categories"},
	{"purpose", "context.purpose"},
	{"ground", "context.ground"},
	{"recipient", "context.recipient"},
	{"country", "context.country"},
	{"reference", "context.reference"},
}

// inTheirWords names the field as the caller wrote it.
func inTheirWords(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	for _, x := range theirs {
		rest, ok := strings.CutPrefix(f.Field, x.ours)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			shown := *f
			shown.Field = x.theirs + rest
			return &shown
		}
	}
	return err
}

func (c *call) appendEvaluation(b []byte, ans *gate.Answer) ([]byte, error) {
	if ans.Permit {
		b = append(b, `{"decision":true,"context":{"id":"`...)
	} else {
		b = append(b, `{"decision":false,"context":{"id":"`...)
	}
	b = append(ans.ID.AppendTo(b), `",`...)
	b, err := c.appendGrounds(b, ans)
	return append(b, '}'), err
}

func (c *call) appendUnknown(b []byte, err error) ([]byte, error) {
	p := c.toProblem(err)
	e, err := json.Marshal(evaluationError{p.Status, p.Code, p.Title})
	return slices.Concat(b, []byte(`{"decision":false,"context":{"error":`), e, []byte("}}")), err
}

// pdpBody says where this Policy Decision Point is reached and what it can do.
type pdpBody struct {
	Point       string `json:"policy_decision_point"`
	Evaluation  string `json:"access_evaluation_endpoint"`
	Evaluations string `json:"access_evaluations_endpoint"`
}

func (c *call) authzenConfiguration() (*pdpBody, error) {
	at := strings.TrimSuffix(c.Public, "/")
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	return &pdpBody{at, at + "/access/v1/evaluation", at + "/access/v1/evaluations"}, nil
}
