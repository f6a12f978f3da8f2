package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

type object = map[string]any

// The description holds together: every route and parameter is in it, every
// reference leads somewhere, and what needs a token says so.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	w := bare(t)
	var doc object
	if err := json.Unmarshal(w.do(t, "", "GET", "/openapi.json", "").want(t, 200).body, &doc); err != nil {
		t.Fatal(err)
	}
	sameInYAML(t, w, doc)
	info, _ := doc["info"].(object)
	if v, _ := doc["openapi"].(string); !strings.HasPrefix(v, "3.1.") || info["title"] == "" || info["version"] != "test" {
		t.Error(doc["openapi"], info)
	}
	walk(doc, "#", func(at string, o object) {
		if ref, ok := o["$ref"].(string); ok && resolve(doc, ref) == nil {
			t.Errorf("%s: %s leads nowhere", at, ref)
		}
		checkSchema(t, at, o)
	})
	ids := map[string]bool{}
	paths, _ := doc["paths"].(object)
	routes := w.api.routes()
	for i := range routes {
		r := &routes[i]
		item, _ := paths[placeholder.ReplaceAllString(r.path, "{$1}")].(object)
		op, ok := item[strings.ToLower(r.method)].(object)
		if !ok {
			t.Errorf("%s %s is not described", r.method, r.path)
			continue
		}
		checkOperation(t, r, op)
		id, _ := op["operationId"].(string)
		if id == "" || ids[id] {
			t.Errorf("operation id %q is empty or not its own", id)
		}
		ids[id] = true
	}
	if len(ids) != count(paths) {
		t.Errorf("%d operations described, %d routes", count(paths), len(ids))
	}
}

func count(paths object) int {
	n := 0
	for _, item := range paths {
		o, _ := item.(object)
		n += len(o)
	}
	return n
}

// checkOperation: parameters of the path are declared, success and problems
// described, and who needs a token is told.
func checkOperation(t *testing.T, r *route, op object) {
	t.Helper()
	name := r.method + " " + r.path
	declared := map[string][]string{}
	params, _ := op["parameters"].([]any)
	for _, p := range params {
		o, _ := p.(object)
		in, _ := o["in"].(string)
		n, _ := o["name"].(string)
		declared[in] = append(declared[in], n)
		if o["schema"] == nil || in == "path" && o["required"] != true {
			t.Errorf("%s: parameter %s: %v", name, n, o)
		}
	}
	var inPath, inQuery []string
	for _, m := range placeholder.FindAllStringSubmatch(r.path, -1) {
		inPath = append(inPath, m[1])
	}
	for _, q := range r.query {
		inQuery = append(inQuery, q.Name)
	}
	if !slices.Equal(declared["path"], inPath) || !slices.Equal(declared["query"], inQuery) {
		t.Errorf("%s: declared %v, want %v and %v", name, declared, inPath, inQuery)
	}
	responses, _ := op["responses"].(object)
	for status, v := range responses {
		if o, _ := v.(object); o["description"] == "" || o["description"] == nil {
			t.Errorf("%s: answer %s has no description", name, status)
		}
	}
	if responses[fmt.Sprint(r.status)] == nil || responses["default"] == nil {
		t.Errorf("%s: answers %v", name, responses)
	}
	if (op["security"] != nil) != (r.roles != nil) || (op["requestBody"] != nil) != (r.in != nil) {
		t.Errorf("%s: security %v, body %v", name, op["security"], op["requestBody"] != nil)
	}
}

// checkSchema: a type of JSON Schema, and nothing required that is not there.
func checkSchema(t *testing.T, at string, o object) {
	t.Helper()
	kind, isSchema := o["type"].(string)
	if isSchema && strings.Contains(at, "/schema") && !slices.Contains([]string{"string", "number", "integer", "boolean", "array", "object", "null"}, kind) {
		t.Errorf("%s: type %q", at, kind)
	}
	properties, ok := o["properties"].(object)
	required, _ := o["required"].([]any)
	for _, name := range required {
		if n, _ := name.(string); ok && properties[n] == nil {
			t.Errorf("%s requires %v, which it does not have", at, name)
		}
	}
}

func walk(v any, at string, visit func(at string, o object)) {
	switch x := v.(type) {
	case object:
		visit(at, x)
		for k, child := range x {
			walk(child, at+"/"+k, visit)
		}
	case []any:
		for i, child := range x {
			walk(child, fmt.Sprintf("%s/%d", at, i), visit)
		}
	}
}

func resolve(doc object, ref string) any {
	var at any = doc
	for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		o, _ := at.(object)
		at = o[step]
	}
	return at
}

// sameInYAML compares the two forms of the description.
func sameInYAML(t *testing.T, w *world, j any) {
	t.Helper()
	var y any
	a := w.do(t, "", "GET", "/openapi.yaml", "").want(t, 200)
	if err := yaml.Unmarshal(a.body, &y); err != nil || a.header.Get("Content-Type") != "application/yaml" {
		t.Fatal(a.header, err)
	}
	back, err := json.Marshal(y)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(back, &y); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(j, y) {
		t.Error("the YAML says something else than the JSON")
	}
}

var (
	reference = regexp.MustCompile(`(?i)(src|href|action|srcset|data)\s*=\s*["']?([^"'\s>]*)`)
	loading   = regexp.MustCompile(`(?i)<script|<iframe|<link|@import|url\(|https?:`)
)

// The page to read stands on its own: it loads nothing and leads to nothing
// outside itself.
func TestDocs(t *testing.T) {
	t.Parallel()
	w := bare(t)
	a := w.do(t, "", "GET", "/docs", "").want(t, 200)
	page := string(a.body)
	for _, m := range reference.FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[2], "#") && !strings.HasPrefix(m[2], "/") || strings.HasPrefix(m[2], "//") {
			t.Errorf("the page leads to %s", m[0])
		}
	}
	if m := loading.FindString(page); m != "" {
		t.Errorf("the page has %s", m)
	}
	if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Error(csp)
	}
	routes := w.api.routes()
	for i := range routes {
		if !strings.Contains(page, routes[i].path) {
			t.Errorf("the page has no %s", routes[i].path)
		}
	}
}
