package api

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/represent"
	"kelisim/internal/seal"
)

type rawJSON = []byte

// route is one endpoint: what it is, who may call it, what goes in and out.
type route struct {
	method, path string
	summary      string
	tag          string
	roles        []account.Role // nil: anyone
	status       int            // of success
	limit        int64          // of the body, bytes
	query        []param
	in, out      reflect.Type
	yaml         bool           // takes YAML too
	behalf       represent.Acts // what somebody who acts for a subject needs; none: only the subject
	// reads reports whether a call changes nothing: then it is carried out each
	// time, whatever its idempotency key. Nil: every call with a body changes.
	reads func(body []byte) bool
	serve func(c *call) (any, error)
}

type param struct{ Name, Doc string }

// raw is an answer that is not JSON, or JSON that is made already.
type raw struct {
	kind string
	body []byte
}

// paged is a list with the cursor of the next page.
type paged[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// get makes a route that takes no body.
func get[Out any](path, tag, summary string, roles []account.Role, fn func(c *call) (Out, error), query ...param) route {
	return route{
		method: http.MethodGet, path: path, tag: tag, summary: summary, roles: roles, status: http.StatusOK, query: query,
		out: reflect.TypeFor[Out](), serve: func(c *call) (any, error) { return fn(c) },
	}
}

// post makes a route that takes a JSON body.
func post[In, Out any](path, tag, summary string, roles []account.Role, status int, fn func(c *call, in *In) (Out, error)) route {
	return route{
		method: http.MethodPost, path: path, tag: tag, summary: summary, roles: roles, status: status, limit: 1 << 20,
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		serve: func(c *call) (any, error) {
			in := new(In)
			if err := decode(c.body, in); err != nil {
				return nil, err
			}
			return fn(c, in)
		},
	}
}

// Handler serves every route, and nothing else.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	a.Routes(mux)
	mux.HandleFunc("/", a.absent)
	return mux
}

// Routes adds every route to a mux. What is wrong with an address or a method
// is told as a problem, wherever the address can only be ours.
func (a *API) Routes(mux *http.ServeMux) {
	a.metrics = newMetrics()
	routes := a.routes()
	a.spec = &spec{api: a, routes: routes}
	addresses := map[string]methods{}
	for i := range routes {
		r := &routes[i]
		seen := a.metrics.route(r.method + " " + r.path)
		if addresses[r.path] == nil {
			addresses[r.path] = methods{}
		}
		addresses[r.path][r.method] = func(w http.ResponseWriter, req *http.Request) {
			start := a.Now()
			status := a.handle(r, w, req)
			seen(status, a.Now().Sub(start))
		}
	}
	parts := map[string]methods{} // of a consent
	emptyIDs(addresses)
	for address, m := range addresses {
		if part, ok := strings.CutPrefix(address, consentPrefix); ok && !strings.Contains(part, "/") {
			parts[part] = m
			continue
		}
		for _, p := range patterns(address) {
			mux.HandleFunc(p, func(w http.ResponseWriter, req *http.Request) { a.dispatch(m, w, req) })
		}
	}
	mux.HandleFunc(consentPrefix+"{part}", func(w http.ResponseWriter, req *http.Request) {
		a.dispatch(parts[req.PathValue("part")], w, req)
	})
	for _, prefix := range []string{"/v1/", "/log/", "/access/", "/govstack/"} {
		mux.HandleFunc(prefix, a.absent)
	}
}

// consentPrefix begins the addresses of parts of a consent. They go by one
// pattern: the router holds /v1/consents/requests/{id} and
// /v1/consents/{id}/receipt for ambiguous.
const consentPrefix = "/v1/consents/{id}/"

// methods are what an address answers to.
type methods map[string]http.HandlerFunc

func (a *API) dispatch(m methods, w http.ResponseWriter, req *http.Request) {
	method := req.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	switch h := m[method]; {
	case m == nil:
		a.absent(w, req)
	case h == nil:
		allow := slices.Sorted(maps.Keys(m))
		if m[http.MethodGet] != nil {
			allow = append(allow, http.MethodHead)
		}
		w.Header().Set("Allow", strings.Join(allow, ", "))
		a.call(w, req).wrongMethod()
	default:
		req.Pattern = method + " " + req.Pattern // for the log, as the router writes it
		h(w, req)
	}
}

func (a *API) absent(w http.ResponseWriter, req *http.Request) {
	a.call(w, req).problem(fault.New(fault.NotFound, "not-found"))
}

func (a *API) call(w http.ResponseWriter, r *http.Request) *call {
	lang := locale.EN
	if h := r.Header.Get("Accept-Language"); h != "" {
		lang = locale.Match(h, locale.EN)
	}
	if id := r.Header["X-Request-Id"]; id != nil && strings.HasPrefix(r.URL.Path, "/access/") {
		w.Header()["X-Request-Id"] = id[:1] // AuthZEN: the same in every answer, errors included
	}
	return &call{API: a, r: r, w: w, lang: lang}
}

// handle runs one call and returns the status it was answered with.
func (a *API) handle(r *route, w http.ResponseWriter, req *http.Request) (status int) {
	c := a.call(w, req)
	c.faced = r.tag == faceTag
	defer func() {
		if v := recover(); v != nil { // a fault of ours: refuse, and say where
			a.Log.LogAttrs(c.ctx(), slog.LevelError, "panic", slog.String("route", req.Pattern), slog.String("stack", string(debug.Stack())))
			status = c.problem(fault.New(fault.Internal, "internal"))
		}
	}()
	if err := c.authenticate(r.roles); err != nil {
		return c.problem(err)
	}
	if !isText(req.URL) {
		return c.problem(fault.New(fault.Invalid, "bad-request"))
	}
	if err := c.represent(r); err != nil {
		return c.problem(err)
	}
	if r.in != nil {
		if err := c.read(r); err != nil {
			return c.problem(err)
		}
	}
	if key := req.Header.Get("Idempotency-Key"); key != "" && r.in != nil && r.roles != nil && (r.reads == nil || !r.reads(c.body)) {
		return c.once(r, key)
	}
	return c.answer(r, func() (any, error) { return r.serve(c) })
}

// isText reports whether an address is made of characters: what it names goes
// into questions to the database, which takes no zero byte and no broken UTF-8.
func isText(u *url.URL) bool {
	query, err := url.QueryUnescape(u.RawQuery)
	return err == nil && utf8.ValidString(u.Path) && utf8.ValidString(query) && !strings.Contains(u.Path+query, "\x00")
}

// answer writes what serve returns.
func (c *call) answer(r *route, serve func() (any, error)) int {
	out, err := serve()
	if err != nil {
		return c.problem(err)
	}
	kind, body, err := encode(out)
	if err != nil {
		return c.problem(err)
	}
	if c.status == 0 {
		c.status = r.status
	}
	c.write(kind, body)
	return c.status
}

func (c *call) write(kind string, body []byte) {
	h := c.w.Header()
	h["Content-Type"] = []string{kind}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-store"}
	}
	c.w.WriteHeader(c.status)
	c.w.Write(body)
}

func encode(out any) (kind string, body []byte, err error) {
	if v, ok := out.(*raw); ok {
		return v.kind, v.body, nil
	}
	body, err = json.Marshal(out, json.DefaultOptionsV2())
	return "application/json", body, err
}

// read takes the body in, within its limit and of a type that is read.
func (c *call) read(r *route) error {
	given := c.r.Header.Get("Content-Type")
	if given == "" && c.r.ContentLength == 0 { // nothing sent: nothing said
		c.body = []byte("{}")
		return nil
	}
	kind, _, err := mime.ParseMediaType(given)
	yaml := r.yaml && (kind == "application/yaml" || kind == "application/x-yaml" || kind == "text/yaml")
	if err != nil || kind != "application/json" && !yaml {
		return fault.New(fault.Unsupported, "unsupported-media")
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, r.limit))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "too-large", "max", r.limit)
	}
	if err != nil {
		return fault.New(fault.Invalid, "bad-request")
	}
	c.body = b
	return nil
}

// decode reads JSON strictly: no unknown names (unless opts let them pass), no
// name twice, valid UTF-8, no deep nesting. Errors name the field, never its
// value.
func decode(b []byte, into any, opts ...json.Options) error {
	if !utf8.Valid(b) {
		return fault.New(fault.Invalid, "not-utf8")
	}
	if tooDeep(b) {
		return fault.New(fault.Invalid, "too-deep")
	}
	err := json.Unmarshal(b, into, append([]json.Options{json.RejectUnknownMembers(true)}, opts...)...)
	if err == nil {
		return nil
	}
	var own *fault.Error
	var sem *json.SemanticError
	var syn *jsontext.SyntacticError
	switch {
	case errors.As(err, &own):
		if errors.As(err, &sem) {
			return own.At(field(sem.JSONPointer))
		}
		return own
	case errors.As(err, &sem) && errors.Is(err, json.ErrUnknownName):
		return fault.Bad(field(sem.JSONPointer), "unknown-field")
	case errors.As(err, &sem):
		return fault.Bad(field(sem.JSONPointer), "wrong-type", "want", wanted(sem.GoType))
	case errors.As(err, &syn) && errors.Is(err, jsontext.ErrDuplicateName):
		return fault.Bad(field(syn.JSONPointer), "duplicate-field")
	default:
		return fault.New(fault.Invalid, "bad-json")
	}
}

// maxDepth is how deep a body may nest: deeper than any value is worth keeping.
// What is taken in has to fit into the answers that show it.
const maxDepth = 64

func tooDeep(b []byte) bool {
	if bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) <= maxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(b) && depth <= maxDepth; i++ {
		switch ch := b[i]; {
		case quoted && ch == '\\':
			i++
		case ch == '"':
			quoted = !quoted
		case quoted:
		case ch == '[' || ch == '{':
			depth++
		case ch == ']' || ch == '}':
			depth--
		}
	}
	return depth > maxDepth
}

// field turns a JSON pointer into the path that people write: a.b[0].
func field(p jsontext.Pointer) string {
	var b strings.Builder
	for t := range p.Tokens() {
		if _, err := strconv.Atoi(t); err == nil && len(t) <= 6 { // longer is no index: somebody's number
			b.WriteString("[" + t + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(safeName(t))
	}
	return b.String()
}

// safeName drops what is no name of ours: a caller may have written data there.
func safeName(s string) string {
	strange := func(r rune) bool { return r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
	if len(s) > 40 || strings.ContainsFunc(s, strange) {
		return "?"
	}
	return s
}

func wanted(t reflect.Type) string {
	if t == nil {
		return "value"
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return "RFC 3339 time"
	case reflect.TypeFor[ident.ID]():
		return "id"
	case reflect.TypeFor[[]byte]():
		return "base64"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Map, reflect.Struct, reflect.Pointer:
		return "object"
	default:
		return "number"
	}
}

// once answers a call with an idempotency key: the first time it is carried
// out, later the same answer is given.
func (c *call) once(r *route, key string) int {
	if len(key) > 255 {
		return c.problem(fault.Bad("Idempotency-Key", "too-long", "max", 255))
	}
	sum := sha256.Sum256([]byte(key))
	body := sha256.Sum256(append([]byte(r.method+" "+c.r.URL.RequestURI()+"\n"), c.body...))
	kept, err := c.Store.Reserve(c.ctx(), c.caller.Token, sum, body, c.Now())
	switch {
	case err != nil:
		return c.problem(err)
	case kept == nil:
		return c.first(r, sum)
	case kept.Body != body:
		return c.problem(fault.New(fault.Conflict, "idempotency-conflict"))
	case kept.Status == 0:
		return c.problem(fault.New(fault.Conflict, "idempotency-unfinished"))
	}
	answer, err := c.Keys.Label.Open(kept.Answer, c.keptPlace(sum))
	if err != nil {
		return c.problem(err)
	}
	c.status = kept.Status
	c.w.Header().Set("Idempotent-Replayed", "true")
	c.write(kept.Headers, answer)
	return c.status
}

// keptPlace binds a kept answer to its caller and key. It is kept sealed: the
// answer may be the text of a token.
func (c *call) keptPlace(key [32]byte) []byte {
	return seal.Place("idempotency", c.caller.Token[:], key[:])
}

// first carries the call out and keeps its answer. If power fails in between,
// the key stays reserved and a repeat is told that the outcome is unknown: it
// is never carried out twice. A call that failed on our side gives the key back.
func (c *call) first(r *route, key [32]byte) int {
	var kind string
	var body []byte
	out, err := r.serve(c)
	if err == nil {
		if c.status == 0 {
			c.status = r.status
		}
		kind, body, err = encode(out)
	}
	if err != nil {
		kind, body = "application/problem+json", c.problemBody(err)
	}
	k := &account.Kept{Status: c.status, Headers: kind, Answer: c.Keys.Label.Seal(nil, body, c.keptPlace(key))}
	if c.status >= 500 {
		k.Status = 0
	}
	if err := c.Store.Keep(c.ctx(), c.caller.Token, key, k); err != nil {
		c.Log.LogAttrs(c.ctx(), slog.LevelError, "an answer could not be kept for a repeat", slog.Any("error", err))
	}
	c.write(kind, body)
	return c.status
}
