package api

import (
	"net/http"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

type stateRequest struct {
	State    string `json:"state"` // alive, deceased, missing, declared-dead
	Document string `json:"document"`
}

// setPerson: the organization was told that the person is dead or missing, or
// that it was not so (Art. 7(2)).
func (c *call) setPerson(in *stateRequest) (*stateRequest, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return in, c.Guard.SetPerson(c.ctx(), c.org, c.inside(id), c.actor(), in.State, in.Document)
}

type banRequest struct {
	Organization string   `json:"organization,omitempty"` // BIN; for the subject's own call
	Document     string   `json:"document,omitempty"`     // the subject's written demand; for the operator's
	Actions      []string `json:"actions,omitempty"`
	Categories   []string `json:"categories,omitempty"`
	Purposes     []string `json:"purposes,omitempty"`
	Recipients   []string `json:"recipients,omitempty"`
}

type banBody struct {
	ID           ident.ID  `json:"id"`
	Organization string    `json:"organization"`
	At           time.Time `json:"at"`
	Actions      []string  `json:"actions"`
	Categories   []string  `json:"categories"`
	Purposes     []string  `json:"purposes"`
	Recipients   []string  `json:"recipients"`
}

func toBan(bin string, b *gate.Ban) banBody {
	out := banBody{ID: b.ID, Organization: bin, At: b.At, Actions: []string{}, Categories: b.Categories, Purposes: b.Purposes, Recipients: b.Recipients}
	for _, a := range b.Actions {
		out.Actions = append(out.Actions, a.String())
	}
	return out
}

func (in *banRequest) ban(rules ident.Rules) (gate.Ban, error) {
	b := gate.Ban{Categories: in.Categories, Purposes: in.Purposes}
	for field, n := range map[string]int{
		"actions": len(in.Actions), "categories": len(in.Categories), "purposes": len(in.Purposes), "recipients": len(in.Recipients),
	} {
		if n > maxList {
			return b, fault.Bad(field, "too-many-items", "max", maxList)
		}
	}
	for _, name := range in.Actions {
		a, ok := register.ParseAction(name)
		if !ok {
			return b, fault.Bad("actions", "bad-enum", "allowed", actionNames)
		}
		b.Actions = append(b.Actions, a)
	}
	for _, bin := range in.Recipients {
		v, err := rules.NormaliseOrg(bin)
		if err != nil {
			return b, under("recipients", err)
		}
		b.Recipients = append(b.Recipients, v)
	}
	return b, nil
}

// banMine is the subject's own ban (policy 10.7).
func (c *call) banMine(in *banRequest) (*banBody, error) {
	if in.Organization == "" {
		return nil, fault.Bad("organization", "missing-field")
	}
	o, err := c.holder(in.Organization)
	if err != nil {
		return nil, err
	}
	return c.setBan(o, c.caller.Subject, in)
}

// holder is an organization that knows the subject who calls, and of which the
// subject may know that; of others nothing is said, not even whether they exist.
func (c *call) holder(bin string) (*party.Organization, error) {
	o, err := c.Parties.Organization(c.ctx(), bin)
	if err == nil {
		_, err = c.Parties.Store.Holding(c.ctx(), c.caller.Subject, o.ID)
	}
	if err == nil {
		err = c.known(o.ID)
	}
	if fault.KindOf(err) == fault.NotFound {
		err = &fault.Error{Kind: fault.NotFound, Code: "organization-unknown", Field: "organization"}
	}
	return o, err
}

// banFor puts down a ban that the subject demanded of the operator in writing.
func (c *call) banFor(in *banRequest) (*banBody, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	if in.Document == "" {
		return nil, fault.Bad("document", "missing-field")
	}
	return c.setBan(c.org, c.inside(id), in)
}

func (c *call) setBan(o *party.Organization, subject ident.ID, in *banRequest) (*banBody, error) {
	b, err := in.ban(c.Parties.Rules)
	if err != nil {
		return nil, err
	}
	made, err := c.Guard.SetBan(c.ctx(), o, subject, c.actor(), b)
	if err != nil {
		return nil, err
	}
	out := toBan(o.BIN, made)
	return &out, nil
}

func (c *call) myBans() (*paged[banBody], error) {
	mine, err := c.mayRead()
	if err != nil {
		return nil, err
	}
	list, err := c.holders(mine)
	if err != nil {
		return nil, err
	}
	out := &paged[banBody]{Items: []banBody{}}
	for i := range list {
		o, err := c.Parties.ByID(c.ctx(), list[i].Org)
		if err != nil {
			return nil, err
		}
		bans, err := c.Guard.Bans(c.ctx(), o, c.caller.Subject)
		if err != nil {
			return nil, err
		}
		for j := range bans {
			out.Items = append(out.Items, toBan(o.BIN, &bans[j]))
		}
	}
	return out, nil
}

type liftRequest struct {
	Organization string `json:"organization"`
}

func (c *call) liftBan(in *liftRequest) (*nothing, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	o, err := c.holder(in.Organization)
	if err != nil {
		return nil, err
	}
	return &nothing{}, c.Guard.LiftBan(c.ctx(), o, c.caller.Subject, c.actor(), id)
}

type undertakingBody struct {
	Actor    string    `json:"actor"` // the pseudonym that stands in actor.id of decisions
	Document string    `json:"document"`
	Signed   time.Time `json:"signedAt,omitzero"`
	Until    time.Time `json:"until,omitzero"`
}

// fileUndertaking: who learns restricted data has promised to keep it to
// themselves (Art. 11(2)).
func (c *call) fileUndertaking(in *undertakingBody) (*undertakingBody, error) {
	err := c.Parties.File(c.ctx(), c.org, c.actor(), party.NewUndertaking{Actor: in.Actor, Document: in.Document, Signed: in.Signed, Until: in.Until})
	return in, err
}

func (c *call) listUndertakings() (*paged[undertakingBody], error) {
	list, err := c.Parties.Undertakings(c.ctx(), c.org)
	if err != nil {
		return nil, err
	}
	out := &paged[undertakingBody]{Items: []undertakingBody{}}
	for _, u := range list {
		out.Items = append(out.Items, undertakingBody(u))
	}
	return out, nil
}

type countryBody struct {
	ID         ident.ID  `json:"id,omitzero"`
	Country    string    `json:"country"`
	Protects   bool      `json:"protects,omitempty"`
	Forbidden  bool      `json:"forbidden,omitempty"`
	Categories []string  `json:"categories,omitempty"`
	From       time.Time `json:"from,omitzero"`
	Until      time.Time `json:"until,omitzero"`
	Document   string    `json:"document"`
}

func toCountry(c *party.Country) countryBody {
	return countryBody{
		ID: c.ID, Country: c.Code, Protects: c.Protects, Forbidden: c.Forbidden, Categories: c.Categories,
		From: c.From, Until: c.Until, Document: c.Document,
	}
}

// setCountry: the administrator says, with a document, that a state ensures
// protection (Art. 16(2)) or that a law forbids a transfer (Art. 16(4)).
func (c *call) setCountry(in *countryBody) (*countryBody, error) {
	if !in.ID.IsZero() {
		return nil, fault.Bad("id", "unknown-field")
	}
	made, err := c.Parties.SetCountry(c.ctx(), c.administrator(), party.NewCountry{
		Code: in.Country, Protects: in.Protects, Forbidden: in.Forbidden, Categories: in.Categories,
		From: in.From, Until: in.Until, Document: in.Document,
	})
	if err != nil {
		return nil, err
	}
	out := toCountry(made)
	return &out, nil
}

func (c *call) endCountry(*nothing) (*nothing, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	return &nothing{}, c.Parties.EndCountry(c.ctx(), c.administrator(), id)
}

func (c *call) administrator() verify.Actor {
	return verify.Actor{Kind: "person", ID: c.caller.Token.String()}
}

func (c *call) listCountries() (*paged[countryBody], error) {
	list, err := c.Parties.Store.Countries(c.ctx())
	if err != nil {
		return nil, err
	}
	out := &paged[countryBody]{Items: []countryBody{}}
	for i := range list {
		out.Items = append(out.Items, toCountry(&list[i]))
	}
	return out, nil
}

// limitRoutes are what bounds decisions beside register and consents.
func limitRoutes() []route {
	return []route{
		post("/v1/subjects/{id}/state", "Subjects", "What you were told of the person: alive, deceased, missing", people, http.StatusOK, (*call).setPerson),
		post("/v1/subjects/{id}/relation-end", "Subjects", "The relation with the person has ended for purposes", people, http.StatusOK, (*call).endRelation),
		post("/v1/subjects/{id}/bans", "Subjects", "A ban that the subject demanded in writing", people, http.StatusCreated, (*call).banFor),
		get("/v1/me/bans", "Me", "What I have forbidden, by organization", subjects, (*call).myBans),
		post("/v1/me/bans", "Me", "Forbid an organization something", subjects, http.StatusCreated, (*call).banMine),
		post("/v1/me/bans/{id}/lift", "Me", "Take a ban back", subjects, http.StatusOK, (*call).liftBan),
		get("/v1/undertakings", "Organizations", "Undertakings of confidentiality on file", people, (*call).listUndertakings),
		post("/v1/undertakings", "Organizations", "Put an undertaking on file", people, http.StatusCreated, (*call).fileUndertaking),
		get("/v1/countries", "Organizations", "What holds of foreign states (Art. 16)", nil, (*call).listCountries),
		post("/v1/countries", "Organizations", "Say that a state protects, or that a transfer is forbidden", admins, http.StatusCreated, (*call).setCountry),
		post("/v1/countries/{id}/end", "Organizations", "End an entry about a state", admins, http.StatusOK, (*call).endCountry),
	}
}
