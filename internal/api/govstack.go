package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/govstack"
	"kelisim/internal/party"
)

// The face of GovStack's Consent Building Block: its operations under its own
// addresses, members and statuses, over the services that everything else here
// calls. It knows two statuses beside those of a token: 200, and 400 for whatever
// is wrong, an id that nobody has included.

// faceTag marks the routes of the face.
const faceTag = "GovStack"

// Who may call what: those who configure, systems that act for individuals, the
// individuals themselves.
var (
	configurers = []account.Role{account.Operator, account.Officer}
	individuals = []account.Role{account.Operator, account.Subject}
)

// faced makes a route of the face. In is what the body looks like, for the
// description; it is read by wrapped, not by the route.
func faced[In, Out any](method, path, summary string, roles []account.Role, fn func(c *call, who *govstack.Who) (Out, error), query ...param) route {
	r := route{
		method: method, path: "/govstack" + path, tag: faceTag, summary: summary, roles: roles, status: http.StatusOK,
		query: slices.Concat(query, whose(roles)), out: reflect.TypeFor[Out](),
		serve: func(c *call) (any, error) {
			who, err := c.who()
			if err != nil {
				return nil, err
			}
			return fn(c, who)
		},
	}
	if in := reflect.TypeFor[In](); in != reflect.TypeFor[nothing]() {
		r.in, r.limit = in, 1<<20
	}
	return r
}

// whose is how a caller of no organization, or of another, names the one meant.
func whose(roles []account.Role) []param {
	if slices.Contains(roles, account.Subject) {
		return []param{{"organization", "BIN, where a subject calls whom more than one organization knows"}}
	}
	if slices.Contains(roles, account.Authority) {
		return []param{{"organization", "BIN, where an authority or an examiner calls"}}
	}
	return nil
}

var (
	listed     = []param{{"offset", "index of the first, 0 if absent"}, {"limit", "how many, 1 to 1000, 100 if absent"}}
	revisionOf = param{"revisionId", "id of a revision: as the object was then"}
	drafted    = []param{{"individualId", "id of the individual"}, {"dataAgreementId", "id of the agreement"}, {"revisionId", "of the agreement: the current one"}}
	personal   = param{"individualId", "id of the individual; or the header X-ConsentIndividualId"}
	delegated  = param{"delegateId", "id of the individual who acts for that one, where an operator calls; or the header X-ConsentDelegateId"}
)

// who is on whose behalf the call is made.
func (c *call) who() (*govstack.Who, error) {
	w := &govstack.Who{Org: c.org, By: c.actor(), Lang: c.lang, Public: c.Public, Approves: c.caller.Role == account.Officer}
	var err error
	switch c.caller.Role {
	case account.Subject:
		if w.Org, err = c.knownBy(); err == nil && c.way != nil {
			w.Way, w.By = c.way.Representation, c.way.Actor(w.Org)
		}
	case account.Operator:
		w.Delegate, err = c.said("delegateId", "X-ConsentDelegateId")
	case account.Officer, account.Authority, account.Examiner:
		w.Org, err = c.observed(c.r.URL.Query().Get("organization"))
	}
	return w, err
}

// knownBy is the organization that a subject means: the only one that knows it, or
// the one named.
func (c *call) knownBy() (*party.Organization, error) {
	list, err := c.Parties.Store.Holders(c.ctx(), c.person())
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(h party.Holding) bool { return !c.way.Sees(h.Org) })
	bin := c.r.URL.Query().Get("organization")
	if bin == "" {
		if len(list) != 1 {
			return nil, fault.Bad("organization", "missing-field")
		}
		return c.Parties.ByID(c.ctx(), list[0].Org)
	}
	o, err := c.Parties.Organization(c.ctx(), bin)
	if err == nil && !slices.ContainsFunc(list, func(h party.Holding) bool { return h.Org == o.ID }) {
		err = fault.New(fault.NotFound, "organization-unknown")
	}
	if err != nil {
		return nil, under("organization", err)
	}
	return o, nil
}

// individual is whom the call is about, named by header or query; empty for none
// named. A subject names only itself.
func (c *call) individual(who *govstack.Who) (string, error) {
	id, err := c.said("individualId", "X-ConsentIndividualId", "X-ConsentBB-IndividualId")
	if err == nil && c.caller.Role == account.Subject && id != "" {
		return c.GovStack.IndividualOf(c.ctx(), who, c.person(), id)
	}
	return id, err
}

// said is an id that stands in the query or in a header: the same, where in both.
func (c *call) said(name string, headers ...string) (string, error) {
	id := c.r.URL.Query().Get(name)
	for _, h := range headers {
		v := c.r.Header.Get(h)
		if v != "" && id != "" && v != id {
			return "", fault.Bad(name, "govstack-other")
		}
		if v != "" {
			id = v
		}
	}
	return id, nil
}

// named is individual where one has to be: a subject who names none is the first
// that it is with the organization.
func (c *call) named(who *govstack.Who) (string, error) {
	id, err := c.individual(who)
	if err == nil && id == "" && c.caller.Role == account.Subject {
		return c.GovStack.IndividualOf(c.ctx(), who, c.person(), "")
	}
	if err == nil && id == "" {
		err = fault.Bad("individualId", "missing-field")
	}
	return id, err
}

// owner is whose records the call may touch.
func (c *call) owner(who *govstack.Who) (govstack.Holder, error) {
	id, err := c.individual(who)
	return govstack.Holder{Subject: c.person(), Individual: id}, err
}

// slice reads offset and limit.
func (c *call) slice() (offset, limit int, err error) {
	limit = 100
	for _, x := range []struct {
		name     string
		min, max int
		to       *int
	}{{"offset", 0, 1 << 30, &offset}, {"limit", 1, 1000, &limit}} {
		v := c.r.URL.Query().Get(x.name)
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < x.min || n > x.max {
			return 0, 0, fault.Bad(x.name, "out-of-range", "min", x.min, "max", x.max)
		}
		*x.to = n
	}
	return offset, limit, nil
}

// wrapped reads an object of the body: under its name, or bare, as some clients
// send it. Members that the face does not know are let pass.
func wrapped[T any](c *call, name string) (*T, error) {
	var members map[string]jsontext.Value
	if err := decode(c.body, &members); err != nil {
		return nil, err
	}
	body := c.body
	inner, ok := members[name]
	if ok = ok && inner.Kind() == '{'; ok {
		body = inner
	}
	into := new(T)
	if !ok && !slices.ContainsFunc(reflect.VisibleFields(reflect.TypeFor[T]()), func(f reflect.StructField) bool {
		member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return members[member] != nil
	}) {
		return nil, fault.Bad(name, "missing-field")
	}
	err := decode(body, into, json.RejectUnknownMembers(false))
	if err != nil && ok {
		err = under(name, err)
	}
	return into, err
}

// patterns are what the router knows an address by. Those of the face are taken
// with and without the slash at the end.
func patterns(address string) []string {
	if !strings.HasPrefix(address, "/govstack/") {
		return []string{address}
	}
	return []string{strings.TrimSuffix(address, "/"), address + "{$}"}
}

// emptyIDs lets an address whose id is empty be told that, as any other id that
// nobody has, and not that it does not exist.
func emptyIDs(addresses map[string]methods) {
	for address, m := range addresses {
		parent, ok := withoutID(address)
		if !ok {
			continue
		}
		if addresses[parent] == nil {
			addresses[parent] = methods{}
		}
		for method, h := range m {
			if addresses[parent][method] == nil {
				addresses[parent][method] = h
			}
		}
	}
}

// withoutID is the address of an object of the face whose id is empty.
func withoutID(address string) (string, bool) {
	if !strings.HasPrefix(address, "/govstack/") || !strings.HasSuffix(address, "}/") {
		return "", false
	}
	return address[:strings.LastIndex(address, "{")], true
}

// faceStatus is the status of a problem under the face.
func faceStatus(status int) int {
	switch status {
	case http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return http.StatusBadRequest
	}
	return status
}

// faceRoutes are the 42 operations in the order of the document.
func faceRoutes() []route {
	return slices.Concat(faceConfigRoutes(), faceServiceRoutes(), faceAuditRoutes())
}

// oneIndividual is the answer about an individual.
type oneIndividual struct {
	Individual *govstack.Individual `json:"individual"`
}

type individualList struct {
	Individuals []govstack.Individual `json:"individuals"`
}

func createIndividual(c *call, who *govstack.Who) (*oneIndividual, error) {
	in, err := wrapped[govstack.Individual](c, "individual")
	if err != nil {
		return nil, err
	}
	return &oneIndividual{in}, c.GovStack.CreateIndividual(c.ctx(), who, in)
}

func readIndividual(c *call, who *govstack.Who) (*oneIndividual, error) {
	in, err := c.GovStack.Individual(c.ctx(), who, c.r.PathValue("individualId"))
	return &oneIndividual{in}, err
}

func updateIndividual(c *call, who *govstack.Who) (*oneIndividual, error) {
	in, err := wrapped[govstack.Individual](c, "individual")
	if err != nil {
		return nil, err
	}
	id, err := c.pathOf("individualId")
	if err != nil {
		return nil, err
	}
	return &oneIndividual{in}, c.GovStack.UpdateIndividual(c.ctx(), who, id, in)
}

func listIndividuals(c *call, who *govstack.Who) (*individualList, error) {
	offset, limit, err := c.slice()
	if err != nil {
		return nil, err
	}
	list, err := c.GovStack.Individuals(c.ctx(), who, offset, limit)
	return &individualList{list}, err
}

// pathOf is an id of the address; an empty one is no id.
func (c *call) pathOf(name string) (string, error) {
	id := c.r.PathValue(name)
	if id == "" {
		return "", fault.Bad(name, "missing-field")
	}
	return id, nil
}
