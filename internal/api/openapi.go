package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// spec is the OpenAPI 3.1 description, made from the routes when it is first
// asked for.
type spec struct {
	api    *API
	routes []route

	once sync.Once
	doc  *huma.OpenAPI
	json []byte
	yaml []byte
	err  error
}

func (s *spec) make() {
	s.doc = s.build()
	if s.json, s.err = s.doc.MarshalJSON(); s.err == nil {
		s.yaml, s.err = s.doc.YAML()
	}
}

// schemaName keeps types of other packages apart from ours.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if pkg := path.Base(t.PkgPath()); pkg != "." && pkg != "api" {
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return name
}

var placeholder = regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`)

func (s *spec) build() *huma.OpenAPI {
	reg := huma.NewMapRegistry("#/components/schemas/", schemaName)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Kelisim", Version: s.api.Version,
			Description: "Consents, access decisions, sealed data and a journal that nobody can rewrite. " +
				"Errors are RFC 9457 problems in the language of Accept-Language (kk, ru, en). " +
				"Writes take an Idempotency-Key.",
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Components: &huma.Components{
			Schemas:         reg,
			SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}},
		},
	}
	if s.api.Public != "" {
		doc.Servers = []*huma.Server{{URL: s.api.Public}}
	}
	trouble := &huma.Response{
		Description: "A problem (RFC 9457)",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: reg.Schema(typeOf[problem](), true, "Problem")}},
	}
	for i := range s.routes {
		doc.AddOperation(s.operation(&s.routes[i], reg, trouble))
	}
	return doc
}

func (s *spec) operation(r *route, reg huma.Registry, trouble *huma.Response) *huma.Operation {
	op := &huma.Operation{
		OperationID: operationID(r), Method: r.method, Path: placeholder.ReplaceAllString(r.path, "{$1}"),
		Summary: r.summary, Tags: []string{r.tag}, Responses: map[string]*huma.Response{"default": trouble},
	}
	if r.roles != nil {
		var names []string
		for _, x := range r.roles {
			names = append(names, string(x))
		}
		op.Description = "Roles: " + strings.Join(names, ", ") + "."
		op.Security = []map[string][]string{{"token": {}}}
	}
	for _, m := range placeholder.FindAllStringSubmatch(r.path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	for _, q := range r.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: q.Name, In: "query", Description: q.Doc, Schema: &huma.Schema{Type: "string"}})
	}
	if r.in != nil {
		if r.roles != nil {
			op.Parameters = append(op.Parameters, &huma.Param{
				Name: "Idempotency-Key", In: "header", Description: "same key and body: same answer, for 24 hours", Schema: &huma.Schema{Type: "string"},
			})
		}
		body := &huma.MediaType{Schema: reg.Schema(r.in, true, operationID(r)+"Request")}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": body}}
		if r.yaml {
			op.RequestBody.Content["application/yaml"] = body
		}
	}
	ok := &huma.Response{Description: http.StatusText(r.status)}
	if r.out != typeOf[*raw]() {
		ok.Content = map[string]*huma.MediaType{"application/json": {Schema: reg.Schema(r.out, true, operationID(r)+"Answer")}}
	} else if t := answers[r.path]; t != nil {
		ok.Content = map[string]*huma.MediaType{"application/json": {Schema: reg.Schema(t, true, operationID(r)+"Answer")}}
	}
	for _, kind := range media[r.path] {
		if ok.Content == nil {
			ok.Content = map[string]*huma.MediaType{}
		}
		ok.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	op.Responses[strconv.Itoa(r.status)] = ok
	return op
}

// operationID is made of the method and path: getV1Consents.
func operationID(r *route) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(r.method))
	for _, part := range strings.FieldsFunc(r.path, func(c rune) bool { return strings.ContainsRune("/{}.-", c) }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

func (c *call) openapiJSON() (*raw, error) {
	c.spec.once.Do(c.spec.make)
	return &raw{"application/json", c.spec.json}, c.spec.err
}

func (c *call) openapiYAML() (*raw, error) {
	c.spec.once.Do(c.spec.make)
	return &raw{"application/yaml", c.spec.yaml}, c.spec.err
}

//go:embed docs.html
var docsHTML string

var docsPage = template.Must(template.New("docs").Parse(docsHTML))

// docs is the description as a page, without scripts.
func (c *call) docs() (*raw, error) {
	c.spec.once.Do(c.spec.make)
	type operation struct {
		Method, Path, Summary, Roles, ID string
		In, Out                          string
		Query                            []param
	}
	type group struct {
		Name       string
		Operations []operation
	}
	var groups []group
	for i := range c.spec.routes {
		r := &c.spec.routes[i]
		if len(groups) == 0 || groups[len(groups)-1].Name != r.tag {
			groups = append(groups, group{Name: r.tag})
		}
		o := operation{Method: r.method, Path: r.path, Summary: r.summary, ID: operationID(r), Query: r.query}
		for j, x := range r.roles {
			if j > 0 {
				o.Roles += ", "
			}
			o.Roles += string(x)
		}
		o.In, o.Out = shape(r.in), shape(r.out)
		if t := answers[r.path]; t != nil {
			o.Out = shape(t)
		}
		g := &groups[len(groups)-1]
		g.Operations = append(g.Operations, o)
	}
	var b bytes.Buffer
	err := docsPage.Execute(&b, map[string]any{"Groups": groups, "Version": c.Version})
	c.w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	return &raw{"text/html; charset=utf-8", b.Bytes()}, err
}
